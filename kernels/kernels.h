/* The kernels, one line each. Both devices read this list.
 *
 * X(name, buffers, argument struct, local): a kernel takes its buffers, then its argument struct by value, then, if
 * local is 1, a pointer to local memory whose size the launch gives. */
#ifndef RG_KERNELS_H
#define RG_KERNELS_H

#include "base/args.h"
#include "cells/cells.h"

/* Also a program of its own, for groups of another shape. */
#define RG_GRADIENT_KERNELS(X) X(rg_weight_gradient, 4, rg_weight_gradient_args, 0)

/* Everything except scans and heads of many outputs. */
#define RG_SHARED_KERNELS(X)                               \
    X(rg_pack, 2, rg_pack_args, 0)                         \
    X(rg_copy, 2, rg_copy_args, 0)                         \
    X(rg_head, 7, rg_head_args, 0)                         \
    X(rg_readout, 4, rg_readout_args, 0)                   \
    X(rg_readout_gradient, 4, rg_readout_args, 0)          \
    RG_GRADIENT_KERNELS(X)                                 \
    X(rg_input_gradient, 4, rg_input_gradient_args, 0)     \
    X(rg_dropout, 2, rg_dropout_args, 0)                   \
    X(rg_reduce_gradient, 2, rg_reduce_args, 0)            \
    X(rg_norm_partials, 5, rg_norm_args, 1)                \
    X(rg_norm_total, 3, rg_norm_args, 0)                   \
    X(rg_sgd, 3, rg_optimizer_args, 0)                     \
    X(rg_momentum, 4, rg_optimizer_args, 0)                \
    X(rg_rmsprop, 5, rg_optimizer_args, 0)                 \
    X(rg_adam, 5, rg_optimizer_args, 0)                    \
    X(rg_adagrad, 4, rg_optimizer_args, 0)                 \
    X(rg_task_marked, 2, rg_task_args, 0)                  \
    X(rg_task_symbols, 2, rg_task_args, 0)                 \
    X(rg_gather, 7, rg_gather_args, 0)                     \
    X(rg_fill, 1, rg_fill_args, 0)                         \
    X(rg_initial, 4, rg_initial_args, 0)                   \
    X(rg_final, 2, rg_initial_args, 0)                     \
    X(rg_initial_gradient, 7, rg_initial_gradient_args, 0) \
    X(rg_embed, 3, rg_embed_args, 0)                       \
    X(rg_embed_count, 2, rg_embed_args, 0)                 \
    X(rg_embed_order, 3, rg_embed_args, 0)                 \
    X(rg_embed_gradient, 5, rg_embed_args, 0)              \
    X(rg_align, 3, rg_align_args, 0)                       \
    X(rg_lag_total, 2, rg_lag_args, 0)                     \
    X(rg_lag, 3, rg_lag_args, 1)                           \
    X(rg_peak, 1, rg_peak_args, 0)                         \
    X(rg_tanh_peak, 1, rg_peak_args, 0)                    \
    X(rg_triad, 3, rg_triad_args, 0)                       \
    X(rg_activation_values, 3, rg_activation_args, 0)      \
    X(rg_layout, 1, rg_weight_gradient_args, 0)

/* Heads of many outputs. */
#define RG_WIDE_KERNELS(X)               \
    X(rg_product, 3, rg_product_args, 0) \
    X(rg_wide_loss, 5, rg_head_args, 1)

/* The scans of a cell, and its scans with an update gate. A program may have only one of them (RG_SCAN_PART). */
#define RG_FORWARD_KERNEL(X, cell) X(rg_##cell##_forward, 5, rg_scan_args, 1)
#define RG_REVERSE_KERNEL(X, cell) X(rg_##cell##_reverse, 7, rg_scan_args, 1)
#if defined RG_SCAN_PART && RG_SCAN_PART == 1
#define RG_SCAN_KERNELS(X, cell) RG_FORWARD_KERNEL(X, cell)
#elif defined RG_SCAN_PART && RG_SCAN_PART == 2
#define RG_SCAN_KERNELS(X, cell) RG_REVERSE_KERNEL(X, cell)
#else
#define RG_SCAN_KERNELS(X, cell) RG_FORWARD_KERNEL(X, cell) RG_REVERSE_KERNEL(X, cell)
#endif
#define RG_LEARNED_SWEEP_KERNELS(X, cell)              \
    X(rg_##cell##_learned_forward, 6, rg_scan_args, 1) \
    X(rg_##cell##_learned_reverse, 8, rg_scan_args, 1)

/* RG_SCAN_KERNELS for a row of cells/cells.h. */
#define RG_SCANS_OF_ROW(X, cell, ...) RG_SCAN_KERNELS(X, cell)
#define RG_LEARNED_SWEEPS_OF_ROW(X, cell, ...) RG_LEARNED_SWEEP_KERNELS(X, cell)

#define RG_KERNELS(X)    \
    RG_SHARED_KERNELS(X) \
    RG_WIDE_KERNELS(X)   \
    RG_CELLS(RG_SCANS_OF_ROW, X)

#define RG_LEARNED_KERNELS(X)             \
    RG_CELLS(RG_LEARNED_SWEEPS_OF_ROW, X) \
    X(rg_gate_gradient, 3, rg_gate_gradient_args, 0)

#define RG_KERNEL_ENUM(name, buffers, args, local) RG_K_##name,
enum rg_kernel {
    RG_KERNELS(RG_KERNEL_ENUM) RG_FIRST_LEARNED,
    RG_LAST_PLAIN = RG_FIRST_LEARNED - 1,
    RG_LEARNED_KERNELS(RG_KERNEL_ENUM) RG_N_KERNELS
};
#undef RG_KERNEL_ENUM

enum { RG_MAX_BUFFERS = 8 };

#endif
