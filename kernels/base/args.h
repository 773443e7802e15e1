/* Arguments of the kernels: plain structs passed by value. Host and OpenCL C share this text.
 *
 * Letters: B rows of the chunk, T steps, F inputs, H hidden units, G gates, O outputs, D directions.
 *
 * Tensors on the device are row-major; time is the outermost dimension. Rows are padded:
 *   Fp = F rounded up to a multiple of RG_INPUT_PAD; the padding holds zeros
 *   Op = O rounded up to a multiple of NR = RG_NV * RG_COLS * RG_VEC, the width of a panel
 *   Hp = H rounded up to a multiple of NR too. With RG_IS_ROOMY it is a multiple of RG_VEC, and at least NR: panels are
 *        two vectors wide, and if Hp has an odd number of vectors, the last panel is three vectors wide.
 * A row of states holds the D directions of a layer side by side: direction d begins at column d*H, and the row is D*Hp
 * long plus some padding. A row of deltas is deltas*Hp long plus the same padding.
 *
 * A chunk's buffers hold all T steps, or one segment of them and a halo: the steps on both sides that the segment looks
 * back to. `base`, modulo 2^64, is the first step in the buffers.
 *
 * Where a file gives h_0 (and c_0), buffers of states and saved values have two steps after the last. Step `initial_at`
 * holds what each sequence starts from, or zeros if it starts later than the chunk. The next step holds it for every
 * sequence.
 *
 * Sizes are in elements unless a comment says otherwise. 64-bit members come first, and there are no holes, not even at
 * the end, so every compiler lays the structs out alike: some drivers take a struct without the padding at its end. */
#ifndef RG_ARGS_H
#define RG_ARGS_H

#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
typedef ulong rg_u64;
typedef uint rg_u32;
#else
#include <stdint.h>
typedef uint64_t rg_u64;
typedef uint32_t rg_u32;
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded" /* a hole in a struct */
#endif

#define RG_INPUT_PAD 4

/* Does an item have 32 registers for vectors of 64 bytes? Then blocks of five rows and panels of three vectors fit. */
#define RG_IS_ROOMY(items, nv, bytes) ((items) == 1 && (nv) == 2 && (bytes) == 64)

/* Rows of a register block (block.cl). A GPU's blocks are smaller, so that a multiprocessor has registers for a second
 * work-group. With tensor cores (mma.cl) the items of a warp compute one block together. */
#define RG_CPU_BLOCK_ROWS 8
#define RG_GPU_BLOCK_ROWS 4
#define RG_WARP_ROWS 16

/* The scans in a cell's program: one of these two, or 0 for both. */
#define RG_FORWARD_PART 1
#define RG_REVERSE_PART 2

/* The layout of a tile: `tile` rows of `width` numbers, for a work-group of `items` items. RG_TILE_LINE is the distance
 * from one line to the next, RG_TILE_NUMBERS the size of the whole tile, both in numbers. A GPU has a tile in local
 * memory, and a line holds four columns of all rows (RG_LOCAL_AT in common.cl). A processor has a tile in its caches,
 * and a line is a row. A line is an odd number of vectors (on a GPU: of fours) long. With lengths of powers of two all
 * lines would begin at the same cache set or bank. */
#define RG_ODD_LINE(width, vec) ((((width) / (vec) + 1) | 1) * (vec)) /* of a width of whole vectors */
#define RG_TILE_LINE(items, tile, width, vec) ((items) == 1 ? RG_ODD_LINE(width, vec) : 4 * ((tile) + 1))
#define RG_TILE_NUMBERS(items, tile, width, vec) \
    ((items) == 1 ? (tile)*RG_ODD_LINE(width, vec) : (width) * ((tile) + 1))
/* Whether a scan keeps in local memory what the next step multiplies: the states, and in reverse the deltas. A
 * processor has them in its caches anyway, and reads them where they are stored. On a GPU the deltas of several gates
 * are too wide. */
#define RG_STATES_ARE_LOCAL(items) ((items) > 1)
#define RG_DELTAS_ARE_LOCAL(items, gates) ((items) > 1 && (gates) == 1)
#define RG_MAX_JOBS 10 /* most jobs of one launch that packs weights or sums slices */

/* How many terms k of a sum over k an item of a GPU takes at once, if it has `vectors` vectors of weights for each k.
 * With an odd number, such as the gru's 3, there is less work for each k, so it takes more of them. */
#define RG_K_AT_ONCE(vectors) ((vectors) % 2 ? 8 : 4)

/* Kinds of skip, for skip_kind. */
#define RG_SKIP_NONE 0
#define RG_SKIP_IS_ADD 1
#define RG_SKIP_IS_DILATED 2
#define RG_SKIP_IS_LEARNED 3

/* Forward and reverse scan of one direction of one layer. A is the number of sums that a unit makes from its inputs:
 * one for each of the G gates, and in the gru one more, because it keeps the two halves of n apart.
 * kernels/cells/cells.h says how many values a unit saves and how many deltas it makes. */
struct rg_scan_args {
    rg_u64 rows;       /* B */
    rg_u64 steps;      /* T */
    rg_u64 from, to;   /* half-open range of steps this launch computes, in processing order */
    rg_u64 first_row;  /* first row of the launch's first tile */
    rg_u64 base;       /* first step in the buffers */
    rg_u64 initial_at; /* step of the initial states, counted from base */
    rg_u64 w_input;    /* packed W_ih [panels][inputs][G][width]: offset into the packed weights */
    rg_u64 w_hidden;   /* packed W_hh [panels][H][G][width]; for the reverse scan [panels][G*H][NR] */
    rg_u64 w_skip;     /* packed W_sh, in the same layouts */
    rg_u64 bias;       /* packed biases [panels][A][width] */
    rg_u64 skip;       /* d of h_{t-d} */
    rg_u64 w_gate;     /* learned skip: packed W_uh [Hp], then b_uh */
    rg_u32 inputs;     /* F, or D*H of the layer below */
    rg_u32 x_stride;
    rg_u32 hidden;             /* H */
    rg_u32 h_stride;           /* Hp */
    rg_u32 out_stride;         /* row of the layer's states: D*Hp and some padding */
    rg_u32 d_stride;           /* row of deltas and of saved values: max(deltas, saved)*Hp plus padding */
    rg_u32 initial;            /* 1: sequences start from the states at initial_at */
    float budget, budget_rest; /* their sum, --skip-budget / batch, is added to dL/du of every update gate */
    rg_u32 out_column;         /* first column of this direction in a row of states */
    rg_u32 tile;               /* sequences of a work-group */
    rg_u32 activation;         /* enum rg_activation */
    rg_u32 ragged;             /* 1: `begin` holds the first step of each sequence */
    rg_u32 backward;           /* 1: this direction goes from the last step to the first */
    rg_u32 skip_kind;          /* RG_SKIP_NONE … */
    rg_u32 every_step;         /* 1: dh is [T][B][out_stride]; 0: [B][out_stride], for the last step alone */
};

/* Copy a matrix from the weight arena into panels: packed[p][k][first_gate + g][u] =
 * weights[source + k*stride_k + g*stride_g + (p*width+u)*stride_u], plus the same at source2 if that is not
 * RG_NO_SOURCE; 0 for units past `units`. The last panel also has the units that are too few for another one. */
#define RG_NO_SOURCE (~(rg_u64)0)
struct rg_pack_job {
    rg_u64 source, source2;
    rg_u64 target; /* offset into the packed weights */
    rg_u64 stride_k, stride_g, stride_u;
    rg_u32 depth;      /* K */
    rg_u32 gates;      /* copied by this job */
    rg_u32 all_gates;  /* in a panel */
    rg_u32 first_gate; /* place of this job's first gate in the panel */
    rg_u32 units;
    rg_u32 padded; /* units of all panels */
    rg_u32 width;  /* units of a panel */
    rg_u32 tf32;   /* 1: round to TF32 in a program that multiplies in TF32 (RG_TF32) */
};
struct rg_pack_args {
    struct rg_pack_job jobs[RG_MAX_JOBS];
};

/* to[target + i] = from[source + i] for i < n, a multiple of RG_VEC. */
struct rg_copy_args {
    rg_u64 source, target, n;
};

/* Output layer, loss, and the gradient at the states, for the last step or for every step of one chunk. */
struct rg_head_args {
    rg_u64 rows;        /* B */
    rg_u64 first_row;   /* first row of this chunk in the batch, for row_loss */
    rg_u64 first_step;  /* first step with an output: T-1, or 0 */
    rg_u64 from, to;    /* half-open range of steps */
    rg_u64 begin, end;  /* half-open range of the rows of each step */
    rg_u64 base;        /* first step in the states' buffer */
    rg_u64 target_base; /* first step in the buffers of outputs, targets and gradients */
    rg_u64 w_forward;   /* packed W_o [panels(O)][D*H][NR] */
    rg_u64 w_reverse;   /* packed W_o^T [panels(D*H)][O][NR] */
    rg_u64 bias;        /* packed b_o [panels(O)][NR] */
    rg_u64 terms;       /* number of terms in the mean over the whole batch */
    rg_u32 hidden;      /* D*H */
    rg_u32 h_stride;    /* D*Hp */
    rg_u32 outputs, o_stride;
    rg_u32 n_targets; /* columns of y: O for mse and bce, 1 for ce; with `weighted` one more */
    rg_u32 loss;      /* RG_LOSS_MSE, RG_LOSS_BCE or RG_LOSS_CE; RG_LOSS_AUTO: compute outputs only */
    rg_u32 tile;
    float scale;      /* loss_scale / terms; in double precision the device divides */
    float scale_rest; /* `weighted`: scale + scale_rest is loss_scale / (sum of the weights), in double precision too */
    float loss_scale; /* a power of two; other than 1 only for samples of the lag profile */
    rg_u32 recomputed; /* 1: these steps are computed a second time and already count in row_loss */
    rg_u32 weighted;   /* 1: the last column of y is the row's weight in the mean */
};

/* Readouts that depend on more than the output of the last step (enum rg_readout): final, mean, max. See readout.cl. */
struct rg_readout_args {
    rg_u64 rows, steps;
    rg_u64 from, to, base; /* half-open range of steps; first step in the states' buffer */
    rg_u32 hidden, width;  /* H, D*H */
    rg_u32 stride;         /* D*Hp and some padding */
    rg_u32 kind;           /* RG_READ_… */
    rg_u32 ragged;         /* 1: `begin` says where each sequence starts */
    rg_u32 unused;
};

/* out [rows][panels*NR] = a [rows][depth] times packed panels [panels][depth][NR]. */
struct rg_product_args {
    rg_u64 rows;
    rg_u64 a;   /* offset of a's first row */
    rg_u64 out; /* offset of out's first row */
    rg_u64 w;   /* offset into the packed weights */
    rg_u32 depth, a_stride, out_stride, panels;
    rg_u32 tile; /* rows of a work-group */
    rg_u32 unused;
};

/* Gradient at the inputs of a layer, which are the states of the layer below: dx = sum of delta W_ih over directions
 * and gates. */
struct rg_input_gradient_args {
    rg_u64 first, rows;  /* first row (t, b), and how many */
    rg_u64 w_reverse[2]; /* packed W_ih [panels(D*H)][G*H][NR] of each direction */
    rg_u32 directions;
    rg_u32 gates, hidden, h_stride; /* of the layer itself: gate g of unit j has delta column g*h_stride + j */
    rg_u32 d_stride;
    rg_u32 out_stride; /* D*Hp */
    rg_u32 panels;     /* of D*H columns */
    rg_u32 tile;
};

/* Weight gradient of a layer: partial[s][k][n] (+)= sum of a[row][k] * d[row][n] over the rows (t, b) of slice s, a
 * range of whole steps.
 *
 * The rows k come from several sources, one after the other: the states `shift` steps earlier (zero before the first
 * step), and the inputs. After a source with `sums` comes one more row: the sum of d itself, for the bias.
 *
 * The order of the sum is fixed. It goes from one block of `block` sequences to the next. Inside a block it goes from
 * one run of `accum_steps` steps to the next, in the order of the reverse scan: from the slice's end backwards, or with
 * `rising` from its beginning. Inside a run it goes from the first step to the last. So the result does not depend on
 * how a batch is cut into chunks of whole blocks, nor on how many blocks or runs a launch takes. */
#define RG_BATCH_BLOCK 128 /* largest block, in sequences */
#define RG_MAX_SOURCES 3
#define RG_FROM_STATES 0
#define RG_FROM_INPUTS 1
#define RG_NO_GATE (~(rg_u32)0)
struct rg_gradient_source {
    rg_u64 offset;    /* first element of the source in a row of step 0 */
    rg_u64 shift;     /* steps between d and the source; `later`: the source comes after d, else before it */
    rg_u32 later;     /* 1: the backward direction */
    rg_u32 buffer;    /* RG_FROM_… */
    rg_u32 depth;     /* columns of the source, which are rows of partial */
    rg_u32 stride;    /* of a row */
    rg_u32 skip_gate; /* gate whose columns of d have no product with this source, or RG_NO_GATE */
    rg_u32 sums;      /* 1: one more row of partial holds the sum of d */
    rg_u32 initial;   /* 1: the state before the first step is at initial_at */
    rg_u32 unused;
};
/* On a GPU without tensor cores, item rows take blocks of so many rows k out of one list over all sources and panels.
 * RG_OUTER_BLOCKS is the number of blocks of a source in a panel. In a gate without a product with the source, a panel
 * has one block for the sum of d. */
#define RG_OUTER_ROWS 4
#define RG_OUTER_BLOCKS(depth, sums) (((depth) + (sums) + RG_OUTER_ROWS - 1) / RG_OUTER_ROWS)
struct rg_weight_gradient_args {
    rg_u64 rows;             /* B */
    rg_u64 steps;            /* T */
    rg_u64 begin, end;       /* half-open range of steps */
    rg_u64 first_row;        /* rows [first_row, end_row) of a step: */
    rg_u64 end_row;          /* whole blocks, and the last one */
    rg_u64 base, initial_at; /* see struct rg_scan_args */
    rg_u64 accum_steps;
    rg_u64 slice_stride; /* elements between two slices of `partial` */
    rg_u64 partial;      /* offset */
    rg_u32 n_slices;
    rg_u32 n, d_stride; /* n is a multiple of NR */
    rg_u32 gate_width;  /* columns of a gate in d */
    rg_u32 accumulate;  /* 0: partial is overwritten; 1: added to */
    rg_u32 block;
    rg_u32 n_sources;
    /* Without a list of blocks of rows k (`blocks` is 0): the number of parts into which work-groups divide the rows k
     * of a panel. With a list: the number of parts of a slice, each with a partial sum of its own. Part i then sums the
     * blocks of sequences i, i + parts, i + 2 parts, …, counted from the first one of the sum. */
    rg_u32 parts;
    rg_u32 rising;
    rg_u32 first_block; /* number of the chunk's first block of sequences */
    rg_u32 blocks;      /* in the list */
    rg_u32 unused;
    struct rg_gradient_source sources[RG_MAX_SOURCES];
};

/* Values that the update gate of a learned skip keeps for every step, [T][B][RG_GATE_VALUES]; see learned_gate.cl. */
#define RG_GATE_RAW 0     /* u~_t; the gate opens, u_t = 1, if it is above 1/2; negative before a sequence's start */
#define RG_GATE_CHANCE 1  /* sigmoid of the logit: u~_{t+1} after an open gate, else its growth */
#define RG_GATE_D_RAW 2   /* dL/du~_t */
#define RG_GATE_D_LOGIT 3 /* dL/d(W_uh s_t + b_uh) */
#define RG_GATE_VALUES 4

/* Gradient of W_uh and b_uh: partial[s][j] (+)= sum of dL/d(W_uh s_t + b_uh) s_t[j] over slice s, and at j = width
 * that of b_uh. The order is that of rg_weight_gradient. */
struct rg_gate_gradient_args {
    rg_u64 rows;                          /* B */
    rg_u64 begin, end, base, accum_steps; /* as in struct rg_weight_gradient_args */
    rg_u64 offset;                        /* offset of s_t in its row of `states` */
    rg_u64 stride;                        /* length of that row */
    rg_u64 partial;                       /* offset */
    rg_u32 width;                         /* Hp */
    rg_u32 block;
    rg_u32 accumulate;
    rg_u32 rising;
};

/* Sum the slices in order into the parameter arena:
 * gradients[target + j*columns + k] = sum over s of partial[source + s*slice_stride + (k0+k)*n + place(g) + u],
 * j = g*units + u, place(g) = g*stride, except for the last gate, which is at last_place. */
struct rg_reduce_job {
    rg_u64 target;
    rg_u64 source;
    rg_u64 slice_stride;
    rg_u32 n_slices;
    rg_u32 gates, units, stride, n;
    rg_u32 columns, k0;
    rg_u32 last_place;
};
struct rg_reduce_args {
    struct rg_reduce_job jobs[RG_MAX_JOBS];
};

/* A number of the kernels' precision in a layout that is independent of the precision: the sum of the parts times
 * 2^exponent. */
struct rg_exact {
    float parts[3]; /* in descending order; a float needs only the first */
    int exponent;
};

/* Global norm and loss. Stage one leaves one struct rg_norm_partial (norm.cl), which has this many numbers, for each
 * work-group; stage two combines them in order. */
#define RG_NORM_PARTIAL 5
struct rg_norm_args {
    rg_u64 n;    /* elements of the gradient arena */
    rg_u64 rows; /* numbers in row_loss; the loss is their sum */
    rg_u32 n_partials;
    float clip_norm;            /* largest norm allowed; 0: no clipping */
    float clip_value;           /* largest |g| allowed; 0: no clipping. At most one of the two is set */
    float log_beta1, log_beta2; /* adam: natural logarithms of beta1 and beta2 */
    rg_u32 slot;                /* place of this update in the history */
    rg_u32 max_skips;           /* updates skipped in a row after which the run stops */
    rg_u32 unused;
};

/* State of a run on the device. Optimiser kernels read it; the host does not need it inside an update. */
struct rg_control {
    struct rg_exact coefficient; /* the gradient is multiplied by min(1, C/(norm + 1e-6)) */
    float correction1;           /* adam: 1 - beta1^steps */
    float correction2;           /* adam: 1 - beta2^steps */
    rg_u32 skip;                 /* 1: loss or gradient not finite, this update changes nothing */
    rg_u32 steps;                /* updates applied */
    rg_u32 skipped;              /* updates skipped */
    rg_u32 skipped_row;          /* updates skipped in a row up to now */
    rg_u32 clipped;              /* updates whose norm, or largest |g|, exceeded C */
    rg_u32 stopped;              /* 1: too many updates were skipped in a row; all later ones are skipped */
    rg_u32 unused;
};
struct rg_record {
    struct rg_exact loss;
    struct rg_exact norm; /* before clipping */
    rg_u32 clipped, skipped;
};

/* Optimisers; the symbols are those in optimizer.cl. */
struct rg_optimizer_args {
    rg_u64 first, n; /* elements [first, first + n) of the arena, both multiples of RG_VEC */
    float lr;
    float momentum;
    float beta1, rest1; /* decay rate of m, and 1 - beta1, each rounded */
    float beta2, rest2; /* decay rate of v, and 1 - beta2 */
    float epsilon;
    float decay;  /* weight decay: decay*w is added to the gradient */
    float shrink; /* adamw: shrink*w is subtracted from w; lr * decay */
    float clip;   /* largest |g|; larger ones are clipped */
    rg_u32 nesterov;
    rg_u32 unused;
};

/* Kernels that fill a chunk. An item fills RG_FILL_STEPS consecutive steps of a sequence from its own counters. */
#define RG_FILL_STEPS 64

/* Generate a chunk of a synthetic task; kernels/data/tasks.h lists the tasks. */
struct rg_task_args {
    rg_u64 rows, first_row;
    rg_u64 steps;          /* of a sequence */
    rg_u64 from, to, base; /* half-open range of steps; first step in the buffers of x and y */
    rg_u64 update;         /* number of the update, modulo 2^32: part of the random numbers' counter */
    rg_u32 seed_low, seed_high;
    rg_u32 task; /* RG_TASK_... of data/tasks.h */
    rg_u32 x_stride;
};

/* Gathering tokens for an embedding: x [T][B] is 1 + the token, and 0 before a sequence's start. */
#define RG_DATA_WORD 3

/* Copy the sequences index[first_row …] of a data set on the device into a chunk. */
struct rg_gather_args {
    rg_u64 rows, first_row, steps;
    rg_u64 from, to, base; /* as in struct rg_task_args */
    rg_u64 data_steps;     /* steps of a sequence in the data set */
    rg_u32 inputs, x_stride;
    rg_u32 kind;      /* enum rg_input_kind, or RG_DATA_WORD */
    rg_u32 n_targets; /* targets of a step with every_step, else targets of a sequence */
    rg_u32 ragged, labelled;
    rg_u32 every_step; /* 1: the data set has targets for every step */
    rg_u32 pad_left;   /* 1: all sequences of the data set end at the last step, as in the chunk */
};

/* Copy h_0 or c_0 [L*D][N][H] of a data set into steps `at` and `at`+1 of a chunk's states or saved values, for one
 * direction of one layer. Each row of length `stride` gets `hidden` numbers from `column` on, and zeros up to h_stride
 * columns. rg_final copies step `at` back. */
struct rg_initial_args {
    rg_u64 rows, first_row, at;
    rg_u64 source; /* first element in the data set */
    rg_u64 target; /* first element in a row of the target */
    rg_u32 stride; /* of a row */
    rg_u32 hidden, h_stride;
    rg_u32 backward; /* 1: every sequence starts at the scan's first step */
    rg_u32 absent;   /* 1: write zeros and read nothing */
    rg_u32 unused;
};

/* Gradient at h_0 and c_0 of one direction of one layer, from the deltas of the first steps and the values that the
 * cell carries back. dL/dh_0 = W_hh^T delta_1. A skip of kind add adds W_sh^T delta_d; with a dilated skip delta_d
 * replaces delta_1. */
struct rg_initial_gradient_args {
    rg_u64 rows, steps;
    rg_u64 begin, end;       /* half-open range of rows */
    rg_u64 from, to, base;   /* sequences whose delta_1 is in this half-open range of steps; base as in rg_scan_args */
    rg_u64 dh_row;           /* row of the last step in dh */
    rg_u64 target;           /* offset of the chunk's rows of Hp in both results */
    rg_u64 w_hidden, w_skip; /* packed for the reverse scan */
    rg_u64 back, skip;       /* steps from a state to its use through W_hh and through W_sh; 0: no W_sh */
    rg_u32 gates, deltas;    /* from the cell's row of cells/cells.h */
    rg_u32 hidden, h_stride; /* H, Hp */
    rg_u32 out_stride, column; /* row length and first column of dh, as in rg_scan_args */
    rg_u32 d_stride;
    rg_u32 backward;
    rg_u32 carries; /* RG_CARRIES_... of cells/cells.h */
    rg_u32 unused;
};

/* Embedding: copy rows of the table [V][E] into x, and sum dL/dx of each word into the table's gradient. words [T][B]
 * as for RG_DATA_WORD. The sum takes the steps in the order of a weight gradient, the last slice first; with
 * accum_steps = T it goes from the first step to the last. */
struct rg_embed_args {
    rg_u64 rows, steps;
    rg_u64 from, to, base;      /* half-open range of steps; first step in the buffers */
    rg_u64 slices, accum_steps; /* as for the weight gradient */
    rg_u64 table;               /* first element of the table in weights and gradients */
    rg_u32 words;               /* V */
    rg_u32 width;               /* E */
    rg_u32 stride;              /* of a row of x or dx */
    rg_u32 block;
    rg_u32 accumulate;     /* 1: added to the gradients */
    rg_u32 ranges;         /* of tokens, in the order of the sums: each is sorted by itself */
    rg_u32 shares;         /* of the words */
    rg_u32 first;          /* range or share of the launch's first group */
    rg_u32 part, part_end; /* half-open range of the parts of a share's tokens that this launch sums, of `parts` */
    rg_u32 parts;
    rg_u32 unused;
};

/* Copy step t of every sequence, counted from its own start: see align.cl. */
struct rg_align_args {
    rg_u64 rows, steps, t;
    rg_u64 base, initial_at; /* see struct rg_scan_args */
    rg_u32 stride;
    rg_u32 initial; /* 1: the buffer holds initial states after the last step */
};

/* The gradient by time lag: see lag.cl. */
#define RG_LAG_PARTS 3
struct rg_lag_args {
    rg_u64 terms;  /* offset of the first term */
    rg_u64 stride; /* elements of a term: its rows have deltas*Hp each */
    rg_u64 out;    /* element of the first result */
    rg_u32 n_terms, n_parts;
    rg_u32 hidden, h_stride, deltas;
    rg_u32 first[RG_LAG_PARTS], depth[RG_LAG_PARTS]; /* first row and number of rows of each matrix in a term */
    rg_u32 unused;
};
struct rg_lag_part {
    float largest; /* largest |element| of the term, at least 1e-37 */
    float squares; /* sum of (element / largest)^2 */
    float product; /* sum of element / largest * element of the total */
    rg_u32 unused;
};

/* Dropout of a layer's states, in place or into another buffer. */
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

/* Measure the device: every item does `rounds` rounds of RG_PEAK_CHAINS independent fused multiply-adds. */
#define RG_PEAK_CHAINS 16
struct rg_peak_args {
    rg_u64 rounds;
};
struct rg_triad_args {
    rg_u64 n; /* a multiple of RG_VEC */
};

/* Fill a part of a buffer with zeros. In bytes. */
struct rg_fill_args {
    rg_u64 at, bytes;
};

/* Apply an activation to n numbers. */
struct rg_activation_args {
    rg_u64 n;          /* a multiple of RG_VEC */
    rg_u32 activation; /* enum rg_activation */
    rg_u32 unused;
};
/* softplus(20). Up to x = 20 softplus is ln(1 + e^x); above, as in PyTorch, it is x, with slope 1. */
#define RG_SOFTPLUS_LINEAR 20.000000002061153

/* Whose sizes the self-test compares, see layout.cl. */
#define RG_LAYOUT_STRUCTS(X)   \
    X(rg_scan_args)            \
    X(rg_pack_args)            \
    X(rg_head_args)            \
    X(rg_weight_gradient_args) \
    X(rg_reduce_args)          \
    X(rg_optimizer_args) X(rg_norm_args) X(rg_control) X(rg_record) X(rg_gather_args) X(rg_initial_gradient_args)

/* Many launches at once: see replicas.cl. Row r of the table begins at byte first + r*stride. It first holds, in bytes,
 * the start of each of launch r's buffers in the buffer that all launches share, and then the arguments of launch r. */
#define RG_NO_BUFFER (~(rg_u64)0)
struct rg_replicas_args {
    rg_u64 first, stride;
};

#if !defined(__OPENCL_VERSION__) && !defined(__OPENCL_C_VERSION__)
#pragma GCC diagnostic pop
#endif

#endif
