/* Arguments of the kernels: plain structs passed by value, the same text for the host and for OpenCL C.
 *
 * Letters: B rows of the chunk, T steps, F inputs, H hidden units, G gates, O outputs. A tensor on the device is
 * row-major with time outermost; its rows are padded:
 *   Fp = F rounded up to RG_INPUT_PAD, the padding holds zeros
 *   Hp, Op = H, O rounded up to the panel width NR = RG_NV * RG_COLS * RG_VEC
 * The states of a layer's D directions lie side by side, direction d from column d*H on, in rows of D*Hp and
 * some padding; so do the deltas, in rows of deltas*Hp and the same padding.
 * Where a file gives h_0 (and c_0), states and saved values have two steps behind the last: step `initial_at` holds
 * what a sequence starts from, zeros where it begins later than the chunk; the step after it the same of every
 * sequence. The buffers of a chunk hold all T steps or a window of them, with some steps on both sides that the
 * window's first step looks back to; `base`, modulo 2^64, is the step that they begin with. Sizes in elements unless
 * named otherwise. 64-bit members come first so that every compiler lays them out alike. */
#ifndef RG_ARGS_H
#define RG_ARGS_H

#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
typedef ulong rg_u64;
typedef uint rg_u32;
#else
#include <stdint.h>
typedef uint64_t rg_u64;
typedef uint32_t rg_u32;
#endif

#define RG_INPUT_PAD 4

/* A tile of rows `width` wide in local memory (RG_LOCAL_AT in common.cl), of one item a group or of many: its line,
 * and its size. The lines are off the powers of two, which would fall on the same cache sets or banks. */
#define RG_TILE_LINE(items, tile, width, vec) ((items) == 1 ? (width) + (vec) : 4 * ((tile) + 1))
#define RG_TILE_NUMBERS(items, tile, width, vec) ((items) == 1 ? (tile) * ((width) + (vec)) : (width) * ((tile) + 1))
/* The deltas of several gates are too wide for that on a GPU, which reads them where they are stored. */
#define RG_DELTAS_ARE_LOCAL(items, gates) ((items) == 1 || (gates) == 1)
#define RG_MAX_JOBS 10

/* Forward and reverse sweep of one direction of one layer. G gates have A pre-activations (the gru keeps the two halves
 * of n apart), S values are saved per unit and D deltas made; see the cells. */
#define RG_SKIP_NONE 0
#define RG_SKIP_IS_ADD 1
#define RG_SKIP_IS_DILATED 2
#define RG_SKIP_IS_LEARNED 3
struct rg_sweep_args {
    rg_u64 rows;       /* B */
    rg_u64 steps;      /* T */
    rg_u64 from, to;   /* of the sweep's steps, counted as they come, this launch makes these */
    rg_u64 base;       /* the step that the buffers begin with */
    rg_u64 initial_at; /* the step behind it where the initial states stand */
    rg_u64 w_input;    /* packed W_ih [panels][inputs][G][width]: offset into the packed weights */
    rg_u64 w_hidden;   /* packed W_hh [panels][H][G][width]; for the reverse sweep [panels][G*H][NR] */
    rg_u64 w_skip;     /* packed W_sh, in the same two forms */
    rg_u64 bias;       /* packed biases [panels][A][width] */
    rg_u64 skip;       /* d of h_{t-d} */
    rg_u64 w_gate;     /* packed W_uh [Hp], then b_uh; of a learned skip */
    rg_u32 inputs;     /* F, or D*H of the layer below */
    rg_u32 x_stride;
    rg_u32 hidden;     /* H */
    rg_u32 h_stride;   /* Hp */
    rg_u32 out_stride; /* row of the layer's states: D*Hp and some padding */
    rg_u32 d_stride; /* row of the deltas, and of the saved values: the larger number of them times Hp, some padding */
    rg_u32 initial;  /* 1: sequences start from the states at initial_at */
    float budget, budget_rest; /* their sum is added to the slope of every update gate: --skip-budget over the batch */
    rg_u32 out_column;         /* where this direction's states begin in it */
    rg_u32 tile;               /* rows of a work-group */
    rg_u32 activation;         /* enum rg_activation */
    rg_u32 ragged;             /* 1: `begin` says where each sequence starts */
    rg_u32 backward;           /* 1: this direction runs from the last step to the first */
    rg_u32 skip_kind;          /* RG_SKIP_NONE … */
    rg_u32 every_step;         /* 1: dh is [T][B][out_stride]; 0: [B][out_stride], for the last step alone */
};

/* Copy a matrix out of the weight arena into panels: packed[p][k][first_gate + g][u] =
 * weights[source + k*stride_k + g*stride_g + (p*width+u)*stride_u], plus the same at source2 if that is not
 * RG_NO_SOURCE; 0 for units past `units`. */
#define RG_NO_SOURCE (~(rg_u64)0)
struct rg_pack_job {
    rg_u64 source, source2;
    rg_u64 target; /* offset into the packed weights */
    rg_u64 stride_k, stride_g, stride_u;
    rg_u32 depth;      /* K */
    rg_u32 gates;      /* of this job */
    rg_u32 all_gates;  /* of the panel */
    rg_u32 first_gate; /* of this job in the panel */
    rg_u32 units;
    rg_u32 panels;
    rg_u32 width; /* of a panel */
    rg_u32 tf32;  /* 1: rounded for a product that is in TF32 where the program has such (RG_TF32) */
};
struct rg_pack_args {
    struct rg_pack_job jobs[RG_MAX_JOBS];
};

/* to[target + i] = from[source + i] for i < n, a multiple of RG_VEC. */
struct rg_copy_args {
    rg_u64 source, target, n;
};

/* Output layer, loss and the gradient at the states, for one chunk, on the last step or on every step. */
struct rg_head_args {
    rg_u64 rows;        /* B */
    rg_u64 first_row;   /* of this chunk within the batch, for row_loss */
    rg_u64 first_step;  /* the first step that has an output: T-1, or 0 */
    rg_u64 from, to;    /* steps to do */
    rg_u64 base;        /* the step that the states begin with */
    rg_u64 target_base; /* and that outputs, targets and gradients begin with */
    rg_u64 w_forward;   /* packed W_o [panels(O)][D*H][NR] */
    rg_u64 w_reverse;   /* packed W_o^T [panels(D*H)][O][NR] */
    rg_u64 bias;        /* packed b_o [panels(O)][NR] */
    rg_u64 terms;       /* in the mean, over the whole batch */
    rg_u32 hidden;      /* D*H */
    rg_u32 h_stride;    /* D*Hp */
    rg_u32 outputs, o_stride;
    rg_u32 n_targets; /* columns of y: O for mse and bce, 1 for ce */
    rg_u32 loss;      /* RG_LOSS_MSE, RG_LOSS_BCE or RG_LOSS_CE; RG_LOSS_AUTO: outputs only */
    rg_u32 tile;
    float scale;      /* loss_scale / terms; what a double takes is divided on the device */
    float loss_scale; /* a power of two, 1 but for samples of the lag profile */
    rg_u32 again;     /* 1: row_loss has these steps already */
};

/* out [rows][panels*NR] = a [rows][depth] times packed panels [panels][depth][NR]. */
struct rg_product_args {
    rg_u64 rows;
    rg_u64 a;   /* offset of its first row */
    rg_u64 out; /* the same of out */
    rg_u64 w;   /* offset into the packed weights */
    rg_u32 depth, a_stride, out_stride, panels;
    rg_u32 tile; /* rows of a work-group */
    rg_u32 unused;
};

/* Gradient at the inputs of a layer, which are the states of the layer below: dx = sum over directions and gates of
 * delta W_ih. */
struct rg_input_gradient_args {
    rg_u64 first, rows;  /* rows (t, b) to do */
    rg_u64 w_reverse[2]; /* packed W_ih [panels(D*H)][G*H][NR] of each direction */
    rg_u32 directions;
    rg_u32 gates, hidden, h_stride; /* of the layer above: delta columns g*h_stride + j */
    rg_u32 d_stride;
    rg_u32 out_stride; /* D*Hp */
    rg_u32 panels;     /* of D*H columns */
    rg_u32 tile;
};

/* Weight gradient of a layer: partial[s][k][n] (+)= sum of a[row][k] * d[row][n] over the rows (t, b) of segment s, a
 * run of whole steps. Its rows k come from several sources one after the other: the states `shift` steps earlier (zero
 * before the first step), the inputs, and behind a source with `sums` the sum of d itself, for the bias. The sum goes
 * through blocks of `block` sequences in order; in each, through runs of `run` steps as a reverse sweep comes by them:
 * counted from the segment's end, the last first, or (`rising`) from its begin; in a run, from the first step to the
 * last. So it does not depend on how a batch is cut into chunks of whole blocks, nor on how many runs a launch takes.
 */
#define RG_BATCH_BLOCK 128 /* the largest block */
#define RG_MAX_SOURCES 3
#define RG_FROM_STATES 0
#define RG_FROM_INPUTS 1
#define RG_NO_GATE (~(rg_u32)0)
struct rg_gradient_source {
    rg_u64 offset;    /* elements of the buffer before step 0 */
    rg_u64 shift;     /* steps; added to the time if `later`, else subtracted */
    rg_u32 later;     /* 1 for the direction that runs backward */
    rg_u32 buffer;    /* RG_FROM_… */
    rg_u32 depth;     /* columns taken, and rows of partial made */
    rg_u32 stride;    /* of a row */
    rg_u32 skip_gate; /* a column group of d that has no term in this source, or RG_NO_GATE */
    rg_u32 sums;      /* 1: one more row of partial, the sum of d */
    rg_u32 initial;   /* 1: the step before the first is at initial_at of the buffer */
    rg_u32 unused;
};
struct rg_weight_gradient_args {
    rg_u64 rows;             /* B */
    rg_u64 steps;            /* T */
    rg_u64 begin, end;       /* steps that take part */
    rg_u64 base, initial_at; /* see struct rg_sweep_args */
    rg_u64 run;
    rg_u64 segment_stride; /* elements of `partial` from one segment to the next */
    rg_u64 partial;        /* offset */
    rg_u32 n_segments;
    rg_u32 n, d_stride; /* n is a multiple of NR */
    rg_u32 gate_width;  /* columns of a gate in d */
    rg_u32 accumulate;  /* 0: partial is overwritten; 1: added to */
    rg_u32 block;
    rg_u32 n_sources;
    rg_u32 parts; /* of the rows k of a panel, for different groups */
    rg_u32 rising, unused;
    struct rg_gradient_source sources[RG_MAX_SOURCES];
};

/* What the update gate of a learned skip keeps of a step of a sequence, [T][B][RG_GATE_VALUES]; see learned_gate.cl. */
#define RG_GATE_RAW 0     /* u~_t, from which u_t = 1 if above 1/2; negative before a sequence's start */
#define RG_GATE_CHANCE 1  /* what u~_{t+1} is or grows by */
#define RG_GATE_D_RAW 2   /* dL/du~_t */
#define RG_GATE_D_LOGIT 3 /* dL/d(W_uh s_t + b_uh) */
#define RG_GATE_VALUES 4

/* Gradient of W_uh and b_uh: partial[s][j] (+)= sum of dL/d(W_uh s_t + b_uh) s_t[j] over segment s, and at j = width
 * that of b_uh, in the order of rg_weight_gradient. */
struct rg_gate_gradient_args {
    rg_u64 rows;                  /* B */
    rg_u64 begin, end, base, run; /* as there */
    rg_u64 offset;                /* of s_t in its row of `states` */
    rg_u64 stride;                /* of that row */
    rg_u64 partial;               /* offset */
    rg_u32 width;                 /* Hp */
    rg_u32 block;
    rg_u32 accumulate;
    rg_u32 rising;
};

/* Sum the segments in order and put them where the parameter arena has them:
 * gradients[target + j*columns + k] = sum over s of partial[source + s*segment_stride + (k0+k)*n + place(g) + u],
 * j = g*units + u, place(g) = g*stride, but for the last gate last_place. */
struct rg_reduce_job {
    rg_u64 target;
    rg_u64 source;
    rg_u64 segment_stride;
    rg_u32 n_segments;
    rg_u32 gates, units, stride, n;
    rg_u32 columns, k0;
    rg_u32 last_place;
};
struct rg_reduce_args {
    struct rg_reduce_job jobs[RG_MAX_JOBS];
};

/* Global norm and loss. Stage one leaves one rg_norm_partial a group; stage two combines them in order. They are floats
 * in double precision too: they clip and are shown, and no gradient is made of them. */
struct rg_norm_partial {
    float scale;   /* largest |g| of the group, as squares is divided by it */
    float squares; /* sum of (g/scale)^2 */
    float loss;
    float largest; /* |g|, to the bit */
};
struct rg_norm_args {
    rg_u64 n;    /* elements of the gradient arena */
    rg_u64 rows; /* of row_loss */
    rg_u32 n_partials;
    float clip_norm;            /* largest norm allowed; 0: no clipping */
    float clip_value;           /* largest |g| allowed; 0: no clipping. At most one of the two is set */
    float log_beta1, log_beta2; /* adam: natural logarithms of the decay rates */
    rg_u32 slot;                /* where in the history this update goes */
    rg_u32 max_skips;           /* so many skipped in a row stop the run */
    rg_u32 unused;
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
    rg_u32 clipped;     /* updates whose norm, or largest |g|, was above C */
    rg_u32 stopped;     /* 1: too many skipped in a row; every later update is skipped */
    rg_u32 unused;
};
struct rg_record {
    float loss;
    float norm; /* before clipping */
    rg_u32 clipped, skipped;
};

/* Optimisers; the symbols are those of optimizer.cl. */
struct rg_optimizer_args {
    rg_u64 n; /* elements of the arena, a multiple of RG_VEC */
    float lr;
    float momentum;
    float beta1, rest1; /* decay rate of m, and 1 minus it, rounded apart */
    float beta2, rest2; /* of v */
    float epsilon;
    float decay;  /* times w, added to the gradient */
    float shrink; /* times w, taken from w: adamw's lr * decay */
    float clip;   /* largest |g| used */
    rg_u32 nesterov;
    rg_u32 unused;
};

/* Fill a chunk: an item makes runs of RG_FILL_STEPS steps of a sequence, each from its own counters. */
#define RG_FILL_STEPS 64

/* Make a chunk of a synthetic task; host/train/tasks.h defines each. */
#define RG_TASK_ADDING 0
#define RG_TASK_MULTIPLICATION 1
#define RG_TASK_DELAYED_XOR 2
#define RG_TASK_COPY 3
#define RG_TASK_MEMORISATION 4
#define RG_TASK_TEMPORAL_ORDER 5
#define RG_TASK_TEMPORAL_ORDER_3BIT 6
#define RG_TASK_PERMUTATION 7
#define RG_TASK_DELAYED_RECALL 8
struct rg_task_args {
    rg_u64 rows, first_row;
    rg_u64 steps;          /* of a sequence */
    rg_u64 from, to, base; /* steps to make, and the one that x and y begin with */
    rg_u64 update;         /* number of the update: the counter of the random numbers, modulo 2^32 */
    rg_u32 seed_low, seed_high;
    rg_u32 task; /* RG_TASK_… */
    rg_u32 x_stride;
};

/* The gather of tokens for an embedding: x [T][B] is 1 + the token, and 0 before a sequence's start. */
#define RG_DATA_WORD 3

/* Copy the sequences index[first_row …] of a data set on the device into a chunk. */
struct rg_gather_args {
    rg_u64 rows, first_row, steps;
    rg_u64 from, to, base; /* as above */
    rg_u64 data_steps;     /* steps a sequence has in the data set */
    rg_u32 inputs, x_stride;
    rg_u32 kind;      /* enum rg_input_kind, or RG_DATA_WORD */
    rg_u32 n_targets; /* of a step if every_step, else of a sequence */
    rg_u32 ragged, labelled;
    rg_u32 every_step; /* 1: the data set has targets for every step */
    rg_u32 pad_left;   /* 1: in the data set, too, sequences end together */
};

/* h_0 or c_0 [L*D][N][H] of a data set into steps `at` and `at`+1 of a chunk's states or saved values, for one
 * direction of one layer: `hidden` columns from `column` of rows `stride` long, and zeros up to h_stride columns. */
struct rg_initial_args {
    rg_u64 rows, first_row, at;
    rg_u64 source; /* first element in the data set; with `absent` nothing is read */
    rg_u64 target; /* element of a row where they go */
    rg_u32 stride; /* of a row */
    rg_u32 hidden, h_stride;
    rg_u32 backward; /* 1: every sequence begins at the sweep's first step */
    rg_u32 absent;   /* 1: zeros */
    rg_u32 unused;
};

/* Gradient at h_0 and c_0 of one direction of one layer, from the deltas of the first steps and what the cell carries
 * back: dL/dh_0 = W_hh^T delta_1, with W_sh^T delta_d for a skip of kind add; d takes the place of 1 for dilated. */
#define RG_CARRIES_NOTHING 0
#define RG_CARRIES_STATE 1 /* into dL/dh_0: gru */
#define RG_CARRIES_CELL 2  /* it is dL/dc_0: lstm */
struct rg_initial_gradient_args {
    rg_u64 rows, steps;
    rg_u64 from, to, base;     /* of the sequences whose delta_1 is of these steps; see struct rg_sweep_args */
    rg_u64 dh_row;             /* of the last step in dh */
    rg_u64 target;             /* offset of the chunk's rows of Hp in both results */
    rg_u64 w_hidden, w_skip;   /* packed for the reverse sweep */
    rg_u64 own, skip;          /* steps from a state to the step that uses it, through W_hh and W_sh; 0: no W_sh */
    rg_u32 gates, deltas;      /* of the cell */
    rg_u32 hidden, h_stride;   /* H, Hp */
    rg_u32 out_stride, column; /* of dh, see struct rg_sweep_args */
    rg_u32 d_stride;
    rg_u32 backward;
    rg_u32 carries; /* RG_CARRIES_… */
    rg_u32 unused;
};

/* Rows of the embedding table into x, and the sum of dL/dx over the steps of each word back: words [T][B] as above,
 * table [V][E] in the weights and in the gradients. The sum goes through the steps as those of a weight gradient do,
 * the last segment first; with a run of T steps, from the first step to the last. */
struct rg_embed_args {
    rg_u64 rows, steps;
    rg_u64 from, to, base; /* steps to do, and the one that the buffers begin with */
    rg_u64 segments, run;  /* as those of the weight gradient */
    rg_u64 table;          /* its first element */
    rg_u32 words;          /* V */
    rg_u32 width;          /* E */
    rg_u32 stride;         /* of a row of x or dx */
    rg_u32 block;
    rg_u32 accumulate; /* 1: added to the gradients */
    rg_u32 unused;
};

/* The gradient by time lag, see lag.cl. */
#define RG_LAG_PARTS 3
struct rg_lag_args {
    rg_u64 terms;  /* offset of the first term */
    rg_u64 stride; /* elements of a term: rows of deltas*Hp */
    rg_u64 out;    /* where the first part goes */
    rg_u32 n_terms, n_parts;
    rg_u32 hidden, h_stride, deltas;
    rg_u32 first[RG_LAG_PARTS], depth[RG_LAG_PARTS]; /* rows of a matrix in a term */
    rg_u32 unused;
};
struct rg_lag_part {
    float largest; /* |element| of the term, at least 1e-37 */
    float squares; /* sum of (element / largest)^2 */
    float product; /* sum of element / largest times the total's */
    rg_u32 unused;
};

/* Dropout of a layer's states, in or out of place. */
struct rg_dropout_args {
    rg_u64 rows, first_row;
    rg_u64 from, to, base;
    rg_u64 update;
    rg_u32 seed_low, seed_high;
    rg_u32 layer;
    rg_u32 stride; /* D*Hp */
    float probability;
    rg_u32 unused;
};

/* Measure the device: `rounds` rounds of RG_PEAK_CHAINS independent fused multiply-adds an item. */
#define RG_PEAK_CHAINS 16
struct rg_peak_args {
    rg_u64 rounds;
};
struct rg_triad_args {
    rg_u64 n; /* a multiple of RG_VEC */
};

/* Many launches at once, see replicas.cl: row r of the table begins at byte first + r*stride. It holds where each
 * buffer of launch r begins in the launches' common one, in bytes, and behind them its arguments. */
#define RG_NO_BUFFER (~(rg_u64)0)
struct rg_replicas_args {
    rg_u64 first, stride;
};

#endif
