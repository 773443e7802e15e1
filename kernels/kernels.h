/* The kernels: one line each, read by both devices.
 *
 * X(name, buffers, argument struct, local): a kernel takes its buffers, then its argument struct by value, then, if
 * local is 1, a pointer to local memory whose size the launch gives. */
#ifndef RG_KERNELS_H
#define RG_KERNELS_H

#include "args.h"

/* All but those that follow. */
#define RG_SHARED_KERNELS(X)                               \
    X(rg_pack, 2, rg_pack_args, 0)                         \
    X(rg_copy, 2, rg_copy_args, 0)                         \
    X(rg_head, 7, rg_head_args, 0)                         \
    X(rg_weight_gradient, 4, rg_weight_gradient_args, 0)   \
    X(rg_input_gradient, 4, rg_input_gradient_args, 0)     \
    X(rg_dropout, 2, rg_dropout_args, 0)                   \
    X(rg_reduce_gradient, 2, rg_reduce_args, 0)            \
    X(rg_norm_partials, 3, rg_norm_args, 1)                \
    X(rg_norm_total, 3, rg_norm_args, 0)                   \
    X(rg_sgd, 3, rg_optimizer_args, 0)                     \
    X(rg_momentum, 4, rg_optimizer_args, 0)                \
    X(rg_rmsprop, 5, rg_optimizer_args, 0)                 \
    X(rg_adam, 5, rg_optimizer_args, 0)                    \
    X(rg_adagrad, 4, rg_optimizer_args, 0)                 \
    X(rg_task_marked, 2, rg_task_args, 0)                  \
    X(rg_task_symbols, 2, rg_task_args, 0)                 \
    X(rg_gather, 7, rg_gather_args, 0)                     \
    X(rg_initial, 4, rg_initial_args, 0)                   \
    X(rg_initial_gradient, 7, rg_initial_gradient_args, 0) \
    X(rg_embed, 3, rg_embed_args, 0)                       \
    X(rg_embed_gradient, 3, rg_embed_args, 0)              \
    X(rg_lag_total, 2, rg_lag_args, 0)                     \
    X(rg_lag, 3, rg_lag_args, 1)                           \
    X(rg_peak, 1, rg_peak_args, 0)                         \
    X(rg_tanh_peak, 1, rg_peak_args, 0)                    \
    X(rg_triad, 3, rg_triad_args, 0)

/* Heads of many outputs. */
#define RG_WIDE_KERNELS(X)               \
    X(rg_product, 3, rg_product_args, 0) \
    X(rg_wide_loss, 5, rg_head_args, 1)

/* The sweeps of a cell; those of a learned skip are in a program of their own (learned.cl), which is made when it is
 * first needed. */
#define RG_SWEEP_KERNELS(X, cell)               \
    X(rg_##cell##_forward, 5, rg_sweep_args, 1) \
    X(rg_##cell##_reverse, 7, rg_sweep_args, 1)
#define RG_LEARNED_SWEEP_KERNELS(X, cell)               \
    X(rg_##cell##_learned_forward, 6, rg_sweep_args, 1) \
    X(rg_##cell##_learned_reverse, 8, rg_sweep_args, 1)

#define RG_KERNELS(X)         \
    RG_SHARED_KERNELS(X)      \
    RG_WIDE_KERNELS(X)        \
    RG_SWEEP_KERNELS(X, rnn)  \
    RG_SWEEP_KERNELS(X, lstm) \
    RG_SWEEP_KERNELS(X, gru)

#define RG_LEARNED_KERNELS(X)         \
    RG_LEARNED_SWEEP_KERNELS(X, rnn)  \
    RG_LEARNED_SWEEP_KERNELS(X, lstm) \
    RG_LEARNED_SWEEP_KERNELS(X, gru)  \
    X(rg_gate_gradient, 3, rg_gate_gradient_args, 0)

enum rg_kernel {
#define RG_KERNEL_ENUM(name, buffers, args, local) RG_K_##name,
    RG_KERNELS(RG_KERNEL_ENUM) RG_LEARNED_KERNELS(RG_KERNEL_ENUM)
#undef RG_KERNEL_ENUM
        RG_N_KERNELS,
    RG_FIRST_LEARNED = RG_K_rg_rnn_learned_forward
};

enum { RG_MAX_BUFFERS = 8 };

#endif
