/* The synthetic tasks, one row each; host/train/tasks.h defines them. The kernels read the numbers RG_TASK_..., the
 * host the rows.
 *
 * X(NAME, name, inputs, outputs, kernel, loss, extra, min, baseline):
 *
 *   NAME      RG_TASK_NAME is its number
 *   name      the value of --task
 *   inputs    F
 *   outputs   O; classes if loss is CE
 *   kernel    rg_task_marked or rg_task_symbols, which generates the sequences
 *   loss      RG_LOSS_...
 *   extra     steps of a sequence beyond --steps; if above 0, every step has a target
 *   min       the smallest --steps
 *   baseline  function of host/train/tasks.c: the loss of the best answer that does not see the sequence */
#ifndef RG_TASK_TABLE_H
#define RG_TASK_TABLE_H

/* clang-format off */
#define RG_TASKS(X)                                                                                     \
    X(ADDING,              "adding",              2,   1,   rg_task_marked,  MSE, 0,  1, adding)        \
    X(MULTIPLICATION,      "multiplication",      2,   1,   rg_task_marked,  MSE, 0,  1, multiplication)\
    X(DELAYED_XOR,         "delayed-xor",         2,   1,   rg_task_marked,  BCE, 0,  1, one_bit)       \
    X(COPY,                "copy",                10,  9,   rg_task_symbols, CE,  20, 1, copy)          \
    X(MEMORISATION,        "memorisation",        7,   6,   rg_task_symbols, CE,  20, 1, memorisation)  \
    X(TEMPORAL_ORDER,      "temporal-order",      6,   4,   rg_task_symbols, CE,  0,  2, two_bits)      \
    X(TEMPORAL_ORDER_3BIT, "temporal-order-3bit", 6,   8,   rg_task_symbols, CE,  0,  4, three_bits)    \
    X(PERMUTATION,         "permutation",         100, 100, rg_task_symbols, CE,  0,  1, one_bit)       \
    X(DELAYED_RECALL,      "delayed-recall",      9,   8,   rg_task_symbols, CE,  0,  1, three_bits)
/* clang-format on */

#define RG_TASK_NUMBER(NAME, ...) RG_TASK_##NAME,
enum { RG_TASKS(RG_TASK_NUMBER) RG_N_TASKS };

#endif
