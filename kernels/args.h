/* Arguments of the kernels: plain structs passed by value, the same text for the host and for OpenCL C.
 *
 * Letters: B rows of the chunk, T steps, F inputs, H hidden units, G gates, O outputs. A tensor on the device is
 * row-major with time outermost; its rows are padded:
 *   Fp = F + 1 rounded up to RG_INPUT_PAD; column F holds ones (the bias of the weight gradient), the rest zeros
 *   Hp, Op = H, O rounded up to the panel width NR = RG_NV * RG_COLS * RG_VEC
 * Sizes in elements unless named otherwise. 64-bit members come first so that every compiler lays them out alike. */
#ifndef RG_ARGS_H
#define RG_ARGS_H

#ifdef __OPENCL_VERSION__
typedef ulong rg_u64;
typedef uint rg_u32;
#else
#include <stdint.h>
typedef uint64_t rg_u64;
typedef uint32_t rg_u32;
#endif

#define RG_INPUT_PAD 4

/* Row stride of a state in local memory: off the powers of two, whose rows would fall on the same cache sets. */
#define RG_LOCAL_STRIDE(stride, vec) ((stride) + (vec))
#define RG_MAX_JOBS 8

/* Forward and reverse sweep of one layer over all steps. */
struct rg_sweep_args {
    rg_u64 rows;       /* B */
    rg_u64 steps;      /* T */
    rg_u64 w_input;    /* packed W_ih [panels][F][G][NR]: offset into the packed weights */
    rg_u64 w_hidden;   /* packed W_hh [panels][H][G][NR]; for the reverse sweep [panels][G*H][NR] */
    rg_u64 bias;       /* packed b_ih + b_hh [panels][G][NR] */
    rg_u32 inputs;     /* F */
    rg_u32 x_stride;   /* Fp */
    rg_u32 hidden;     /* H */
    rg_u32 h_stride;   /* Hp */
    rg_u32 tile;       /* rows of a work-group */
    rg_u32 activation; /* enum rg_activation */
    rg_u32 ragged;     /* 1: `begin` says where each sequence starts */
    rg_u32 unused;
};

/* Copy a matrix out of the weight arena into panels: packed[p][k][g][u] =
 * weights[source + k*stride_k + g*stride_g + (p*NR+u)*stride_u], plus the same at source2 if that is not RG_NO_SOURCE;
 * 0 for units past `units`. */
#define RG_NO_SOURCE (~(rg_u64)0)
struct rg_pack_job {
    rg_u64 source, source2;
    rg_u64 target; /* offset into the packed weights */
    rg_u64 stride_k, stride_g, stride_u;
    rg_u32 depth; /* K */
    rg_u32 gates; /* G */
    rg_u32 units;
    rg_u32 panels;
};
struct rg_pack_args {
    struct rg_pack_job jobs[RG_MAX_JOBS];
};

/* Output layer, loss and the gradient at the last state, for one chunk. */
struct rg_head_args {
    rg_u64 rows;      /* B */
    rg_u64 first_row; /* of this chunk within the batch, for outputs, targets and row losses */
    rg_u64 h_offset;  /* elements of h before its last step */
    rg_u64 w_forward; /* packed W_o [panels(O)][H][NR] */
    rg_u64 w_reverse; /* packed W_o^T [panels(H)][O][NR] */
    rg_u64 bias;      /* packed b_o [panels(O)][NR] */
    rg_u32 hidden, h_stride;
    rg_u32 outputs, o_stride;
    rg_u32 n_targets; /* columns of y: O for mse and bce, 1 for ce */
    rg_u32 loss;      /* RG_LOSS_MSE, RG_LOSS_BCE or RG_LOSS_CE; RG_LOSS_AUTO: outputs only */
    rg_u32 tile;
    float scale; /* 1/B, or 1/(B*O), over the whole batch */
};

/* Weight gradient of one matrix product out = A W: partial[s][k][n] (+)= sum of a[row][k] * d[row][n] over the rows
 * (t, b) of segment s, which is a run of whole steps. k runs over `depth` columns of `a`, read `shift` steps earlier
 * (h_{t-1}, zero before the first step), then over `inputs` columns of `x`. The sum goes through blocks of
 * RG_BATCH_BLOCK sequences in order, each from its first step to its last, so it does not depend on how a batch is cut
 * into chunks of whole blocks. */
#define RG_BATCH_BLOCK 128
struct rg_weight_gradient_args {
    rg_u64 rows;           /* B */
    rg_u64 begin, end;     /* steps that take part */
    rg_u64 shift;          /* 1 for the recurrent layer, 0 for the head */
    rg_u64 segment_stride; /* elements of `partial` from one segment to the next */
    rg_u64 partial;        /* offset */
    rg_u64 a_offset;       /* elements of `a` before step 0 */
    rg_u32 n_segments;
    rg_u32 depth, a_stride;
    rg_u32 inputs, x_stride;
    rg_u32 n, d_stride; /* n is a multiple of NR */
    rg_u32 accumulate;  /* 0: partial is overwritten; 1: added to */
};

/* Sum the segments in order and put them where the parameter arena has them:
 * gradients[target + j*columns + k] = sum over s of partial[source + s*segment_stride + (k0+k)*n + g*stride + u],
 * j = g*units + u. */
struct rg_reduce_job {
    rg_u64 target;
    rg_u64 source;
    rg_u64 segment_stride;
    rg_u32 n_segments;
    rg_u32 gates, units, stride, n;
    rg_u32 columns, k0;
    rg_u32 unused;
};
struct rg_reduce_args {
    struct rg_reduce_job jobs[RG_MAX_JOBS];
};

/* Global norm and loss. Stage one leaves one rg_norm_partial a group; stage two combines them in order. */
struct rg_norm_partial {
    float scale;   /* largest |g| of the group */
    float squares; /* sum of (g/scale)^2 */
    float loss;
    float unused;
};
struct rg_norm_args {
    rg_u64 n;    /* elements of the gradient arena */
    rg_u64 rows; /* of row_loss */
    rg_u32 n_partials;
    float clip;                 /* largest norm allowed; 0: no clipping */
    float log_beta1, log_beta2; /* adam: natural logarithms of the decay rates */
    rg_u32 slot;                /* where in the history this update goes */
    rg_u32 max_skips;           /* so many skipped in a row stop the run */
};

/* What the device knows about the run; read by the optimiser kernels, never needed by the host inside an update. */
struct rg_control {
    float coefficient;  /* the gradient is multiplied by it: min(1, C/(norm + 1e-6)) */
    float correction1;  /* adam: 1 - beta1^steps */
    float correction2;  /* adam: 1 - beta2^steps */
    rg_u32 skip;        /* 1: loss or gradient not finite, this update changes nothing */
    rg_u32 steps;       /* updates applied */
    rg_u32 skipped;     /* updates skipped */
    rg_u32 skipped_row; /* of these, in a row up to now */
    rg_u32 clipped;     /* updates whose norm was above C */
    rg_u32 stopped;     /* 1: too many skipped in a row; every later update is skipped */
    rg_u32 unused;
};
struct rg_record {
    float loss;
    float norm; /* before clipping */
    rg_u32 clipped, skipped;
};

struct rg_optimizer_args {
    rg_u64 n; /* elements of the arena, a multiple of RG_VEC */
    float lr;
    float beta1, rest1; /* adam: decay rates, and 1 minus each, rounded apart */
    float beta2, rest2;
    float epsilon;
};

/* Make a chunk of a synthetic task. */
struct rg_task_args {
    rg_u64 rows, first_row, steps;
    rg_u64 update; /* number of the update: the counter of the random numbers */
    rg_u32 seed_low, seed_high;
    rg_u32 x_stride;
    rg_u32 unused;
};

/* Copy the sequences index[first_row …] of a data set on the device into a chunk. */
struct rg_gather_args {
    rg_u64 rows, first_row, steps;
    rg_u64 data_steps; /* steps a sequence has in the data set */
    rg_u32 inputs, x_stride;
    rg_u32 kind; /* enum rg_input_kind */
    rg_u32 n_targets;
    rg_u32 ragged, labelled;
};

/* Measure the device: `rounds` rounds of RG_PEAK_CHAINS independent fused multiply-adds an item. */
#define RG_PEAK_CHAINS 16
struct rg_peak_args {
    rg_u64 rounds;
};

#endif
