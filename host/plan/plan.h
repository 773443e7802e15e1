/* The plan: all sizes of a run on a device. Padded strides, chunks of the batch, segments of time, offsets. Plain
 * numbers, computed once, before any memory is allocated. */
#ifndef RG_PLAN_H
#define RG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sizes.h"
#include "device/device.h"
#include "rnn_gpu/model.h"

/* From this number of outputs on, separate kernels compute the head's products and loss, see wide_head.h. */
enum { RG_WIDE_OUTPUTS = 256 };

/* A row of data has fewer numbers than this. The kernels' arguments hold a row's length in 32 bits. */
enum { RG_MAX_WIDTH = 1 << 24 };

/* Rows (t, b) of a slice of time, at least, on a CPU: then its partial sums cost little beside the products. */
enum { RG_SLICE_ROWS = 256 };

struct rg_plan_options {
    size_t batch;          /* B; sequences of an update */
    size_t shards;         /* parts of the batch, each with its own sum of gradients; 0 and 1: the whole batch */
    size_t steps;          /* T */
    size_t n_targets;      /* numbers of y for a sequence, or for a step where every step has a target */
    bool training;         /* false: outputs only, no memory for gradients */
    bool dropout;          /* between layers */
    bool initial;          /* sequences start from given states */
    bool stateful;         /* sequences start where the previous update ended; with initial */
    bool initial_gradient; /* compute dL/dh_0 and dL/dc_0; with training */
    uint64_t memory;       /* bytes allowed on the device; 0: all it has */
    uint64_t data_bytes;   /* of a data set on the same device */
    size_t max_rows;       /* sequences that may be in memory at once; 0: no limit but memory */
    size_t accum_steps, segment_steps; /* for tests; 0: the plan decides */
};

/* Offsets, in elements, of a direction's packed weights (kernels/base/args.h) and of its partial sums. */
struct rg_plan_direction {
    size_t ih, hh, sh, bias, hh_reverse, sh_reverse, ih_reverse, gate;
    size_t partial, gate_partial;
};

struct rg_plan_layer {
    size_t inputs;       /* F, or D*H of the layer below */
    size_t x_stride;     /* Fp, or D*Hp */
    size_t partial_rows; /* rows of its weight gradient: H + inputs + 1 (+ H with skip) */
    struct rg_plan_direction directions[2];
};

/* Item rows of a work-group and rows of its blocks, see struct rg_launch; 0: the device's. */
struct rg_plan_group {
    int item_rows, block_rows;
};

/* Steps, or rows, [begin, end). */
struct rg_span {
    size_t begin, end;
};

/* Cut `whole` into `parts` nearly equal parts (base/sizes.h). Returns parts [first, first + n). */
static inline struct rg_span rg_span_share(struct rg_span whole, size_t parts, size_t first, size_t n) {
    const size_t all = whole.end - whole.begin;
    return (struct rg_span){whole.begin + rg_part_begin(all, parts, first),
                            whole.begin + rg_part_begin(all, parts, first + n)};
}

struct rg_plan {
    size_t batch, steps, target_steps; /* T' = 1, or T where every step has an output */
    size_t shards, shard;              /* parts of the batch with their own sums of gradients; rows of the largest */
    size_t real_bytes;                 /* bytes of a number on the device */
    size_t inputs, hidden, outputs, n_targets;
    size_t words; /* V of the embedding table, 0: none */
    size_t word_shares,
        word_ranges;  /* for its gradient: groups that share the table, and that share a segment's words */
    size_t dx_stride; /* row of dL/dx below the embedding: E rounded up */
    size_t layers, directions;
    enum rg_readout readout;     /* FINAL with one direction is LAST */
    size_t gates, saved, deltas; /* of the cell (kernels/cells/cells.h), with what a learned skip adds */
    size_t skip;                 /* d, 0 for none */
    enum rg_skip_kind skip_kind;
    size_t arena;                                                /* elements of the parameters */
    bool training, dropout, initial, stateful, initial_gradient; /* see struct rg_plan_options */
    size_t accum_steps;   /* steps of a run: their weight gradient is added while they are in cache; T: all */
    bool accum_in_turns;  /* reverse scan and weight gradient take turns, accum_steps at a time */
    size_t segment_steps; /* most steps in memory at once: T, or a multiple of accum_steps */
    size_t n_segments;    /* number of segments covering T; the reverse pass recomputes each of them */
    size_t delta_borders; /* borders whose deltas are kept at the same time: 1, or all with two directions */
    bool keeps_saved;     /* a step needs the previous step's saved values, not only its states */
    size_t halo;          /* steps kept on each side of a segment, which its first and last steps look back to; 0 if one
                             segment covers T */
    size_t alloc_steps;   /* time steps allocated per buffer: segment_steps + 2*halo */
    size_t target_alloc_steps; /* the same for targets and outputs: 1, or alloc_steps */
    size_t state_steps; /* the same for states: alloc_steps, and two more for initial states (kernels/base/args.h) */
    size_t carried;     /* values a unit of the reverse scan carries from step to step */
    size_t h_stride, o_stride; /* Hp, Op */
    size_t d_width;            /* deltas*Hp */
    size_t out_stride; /* row of states: D*Hp plus padding, an odd number of vectors, because rows a power of two apart
                          would fall on the same cache sets */
    size_t d_stride;   /* row of saved values, which the deltas overwrite: with the same padding */
    size_t block;      /* sequences a weight gradient sums at a time, see kernels/base/args.h */
    size_t chunk;      /* sequences in memory at once: whole blocks where memory allows */
    size_t tile;       /* sequences of a work-group in a scan */
    struct rg_plan_group forward, reverse; /* shape of the scans' work-groups */
    size_t groups_per_tile; /* work-groups that share the units of a tile; above 1, a launch computes one step */
    struct rg_plan_layer layer[RG_MAX_LAYERS];
    size_t pack_head, pack_head_reverse, pack_head_bias,
        packed;        /* offsets and length of the packed weights, in elements */
    size_t slices;     /* partial sums of the weight gradient for which there is memory */
    size_t sum_slices; /* slices of time, each with its own sum; depends only on sizes and device class */
    size_t head_parts; /* parts of a slice, each with its own sum of the head's gradient; above 1 only with one slice */
    size_t head_partial, head_partial_at,
        partial; /* size and offset of the head's partial sums; length of all partial sums */
    bool wide_head;
    size_t norm_groups;
    uint64_t fixed_bytes, row_bytes; /* bytes independent of the chunk; bytes of a sequence, all T steps in memory */
    uint64_t step_bytes;             /* part of row_bytes that one step needs */
    uint64_t total_bytes;
};

/* Make the plan. RG_NO_MEMORY says need, limit, and what would fit. */
rg_status rg_plan_make(const struct rg_device *device, const struct rg_model *model,
                       const struct rg_plan_options *options, struct rg_plan *plan);

/* The same for a model of this shape, before the model's own memory is allocated. */
rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options, struct rg_plan *plan);

/* Rows [begin, end) of a shard of the batch. */
struct rg_span rg_plan_shard(const struct rg_plan *plan, size_t shard);

/* Numbers that rows of states end with, at least. Dropout takes four units at a time. */
size_t rg_plan_line_pad(const struct rg_device_info *info);

/* "--batch 8", or what to call the sequences of an update of several batches, for messages. Returns `text`. */
enum { RG_BATCH_TEXT = 80 };
const char *rg_plan_batch_text(const struct rg_plan_options *options, uint64_t batch, char text[RG_BATCH_TEXT]);

/* Elements of a direction's term of the weight gradient: [partial_rows][deltas*Hp]. */
size_t rg_plan_term(const struct rg_plan *plan, size_t layer);

/* Elements that the reverse scan of one sequence carries from step to step. */
size_t rg_plan_carry(const struct rg_plan *plan);

/* Has the model skip connections of this kind? */
static inline bool rg_plan_has_skip(const struct rg_plan *plan, enum rg_skip_kind kind) {
    return plan->skip > 0 && plan->skip_kind == kind;
}

/* Whether an update gate decides which steps to skip. */
static inline bool rg_plan_learned(const struct rg_plan *plan) {
    return rg_plan_has_skip(plan, RG_SKIP_LEARNED);
}

/* Sequences that a scan launches at once. A chunk may hold more, for the lag profile. */
static inline size_t rg_plan_launched_rows(const struct rg_plan *plan) {
    return rg_min(plan->chunk, plan->shard);
}

/* The slice of the weight gradient that step t belongs to. */
size_t rg_plan_slice(const struct rg_plan *plan, size_t t);
struct rg_span rg_plan_slice_span(const struct rg_plan *plan, size_t slice);
/* The run of accum_steps steps that ends at `end`, or that begins at `begin`. Each slice is cut into runs from its end,
 * so its first run may be shorter. */
struct rg_span rg_plan_accum_before(const struct rg_plan *plan, size_t end);
struct rg_span rg_plan_accum_after(const struct rg_plan *plan, size_t begin);
/* The segment that ends at `end`. */
struct rg_span rg_plan_segment_before(const struct rg_plan *plan, size_t end);

#endif
