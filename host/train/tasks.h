/* The synthetic tasks: sequences without end, made on the device from the seed, the same on every device.
 *
 * T is --steps. A baseline is the loss of the best answer that knows the step but has not seen the sequence. One-hot
 * symbols are numbered from 0; a symbol, bit or place is drawn with equal chances, a value from [0, 1). Fractions of T
 * are cut off.
 *
 * Marked values: x = (value, mark). One mark stands in [0, T/2), one in [T/2, T); the target is told at the last step.
 * With T = 1 there is one mark, and the target is its value.
 *
 * adding: the sum of the marked values; mse, baseline 1/6 (T = 1: 1/12). Experiment 4 of Hochreiter and Schmidhuber
 *     1997, with the values and marks of Arjovsky, Shah, Bengio 2016.
 * multiplication: their product; mse, baseline 7/144 (T = 1: 1/12). Experiment 5, with the same values and marks.
 * delayed-xor: values are bits, the target is their parity; bce, baseline ln 2. The form of adding, by this project.
 *
 * Recall: T + 20 steps, a class to be told at every step; ce over all of them.
 *
 * copy: 10 of 8 symbols (1 … 8), T-1 blanks (0), a delimiter (9), 10 blanks; the answer is T+10 blanks (0), then the
 *     symbols in order. 10 inputs; 9 classes, for the delimiter is never an answer. Baseline 10 ln 8 / (T+20).
 *     Arjovsky, Shah, Bengio 2016.
 * memorisation: 10 of 5 symbols (0 … 4), T blanks (5), a trigger (6), 9 blanks; the answer is T+10 blanks (5), then
 *     the symbols in order, the first of them with the trigger. 7 inputs, 6 classes. Baseline 10 ln 5 / (T+20).
 *     Pascanu, Mikolov, Bengio 2013, as in their code.
 *
 * A class to be told at the last step; ce.
 *
 * temporal-order: 6 symbols: A (0) or B (1) at one place of [T/10, 2T/10) and at one of [5T/10, 6T/10), a distractor
 *     (2 … 5) at every other step; the class is first + 2 second. 4 classes, baseline ln 4. T from 2 on; a window
 *     begins at its fraction of T and is T/10 steps wide, at least one. Experiment 6 of Hochreiter and Schmidhuber
 *     1997, with the windows of the code of Pascanu, Mikolov, Bengio 2013.
 * temporal-order-3bit: the same with three places, in windows that begin at T/10, 3T/10 and 6T/10; the class is
 *     first + 2 second + 4 third. 8 classes, baseline ln 8. T from 4 on.
 * permutation: 100 symbols: the first is 0 or 1, the others 2 … 99; the class is the first symbol, which would come
 *     again after the last. 100 classes, of which two occur: baseline ln 2. Experiment 2 of Hochreiter and Schmidhuber
 *     1997, as in the code of Pascanu, Mikolov, Bengio 2013.
 * delayed-recall: one of 8 symbols (0 … 7) stands T/2 steps before the last step, blanks (8) at every other; the class
 *     is the symbol. 9 inputs, 8 classes, baseline ln 8. By this project: the lag that the gradient has to reach is
 *     known, and no distractor disturbs it. */
#ifndef RG_TASKS_H
#define RG_TASKS_H

#include "train/source.h"

/* The problem `name` (as above) with T = steps. RG_USAGE for an unknown name, and for a T that is too small, which
 * names the smallest. */
rg_status rg_problem_task(const char *name, size_t steps, struct rg_problem *problem);

/* Which part of a batch is made where: sequences first_row … first_row + rows of update `update`, of them the steps
 * [from, to). */
struct rg_task_batch {
    const struct rg_problem *problem;
    uint64_t seed, update;
    size_t first_row, rows;
    size_t from, to;
    size_t base;         /* the step that stands first in x, and in y where every step has a target */
    size_t groups;       /* work-groups of the launch */
    struct rg_buffer *x; /* [to - base][rows][rg_input_stride(F)] */
    struct rg_buffer *y; /* [rows], or [to - base][rows] where every step has a target */
};
rg_status rg_task_make(struct rg_device *device, const struct rg_task_batch *batch);

/* A batch of a task: sequence b of update u depends on (seed, u modulo 2^32, b) alone. */
struct rg_task_source {
    struct rg_batch_source source;
    struct rg_problem problem;
    uint64_t seed;
};
/* `problem` comes from rg_problem_task and is copied; the engine has its data_steps, inputs and target. */
void rg_task_source_init(struct rg_task_source *task, const struct rg_problem *problem, uint64_t seed);

#endif
