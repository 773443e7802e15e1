/* Sizes of a run on a device: padded strides, how the batch is cut into chunks, where things lie. Plain numbers,
 * computed once, before any memory is taken. */
#ifndef RG_PLAN_H
#define RG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"
#include "rnn_gpu/model.h"

/* Outputs from which a head is wide: products and loss are kernels of their own, see wide_head.h. */
enum { RG_WIDE_OUTPUTS = 256 };

struct rg_plan_options {
    size_t batch;          /* B; sequences of an update */
    size_t steps;          /* T */
    size_t n_targets;      /* numbers of y per sequence, or per step where every step has a target */
    bool training;         /* false: outputs only, nothing for gradients is allocated */
    bool dropout;          /* between layers */
    bool initial;          /* sequences start from given states */
    bool initial_gradient; /* the gradient there is wanted; with training */
    uint64_t memory;       /* bytes allowed on the device; 0: what it has */
    uint64_t data_bytes;   /* of a data set that lies on the device beside this */
    size_t run, window;    /* for tests: steps of a run, and most of a window; 0: the plan decides */
};

/* Offsets of a direction's packed weights, see kernels/args.h, and of its partial sums, in elements. */
struct rg_plan_direction {
    size_t ih, hh, sh, bias, hh_reverse, sh_reverse, ih_reverse, gate;
    size_t partial, gate_partial;
};

struct rg_plan_layer {
    size_t inputs;       /* F, or D*H of the layer below */
    size_t x_stride;     /* Fp, or D*Hp */
    size_t partial_rows; /* of its weight gradient: H + inputs + 1 (+ H with skip) */
    struct rg_plan_direction directions[2];
};

struct rg_plan {
    size_t batch, steps, target_steps; /* T' = 1, or T where every step has an output */
    size_t real_bytes;                 /* of a number on the device */
    size_t inputs, hidden, outputs, n_targets;
    size_t words;     /* V of the embedding table, 0: none */
    size_t dx_stride; /* of dL/dx below it: E rounded up */
    size_t layers, directions;
    size_t gates, saved, deltas; /* of the cell, see kernels/cells/, and of a learned skip */
    size_t skip;                 /* d, 0 for none */
    enum rg_skip_kind skip_kind;
    bool initial;
    size_t run;     /* steps whose weight gradient is added up while the sweep's results are in the cache; T: all */
    size_t window;  /* most steps in memory at once: T, or whole runs, each window made once more in the reverse pass */
    size_t windows; /* that T makes */
    bool by_runs;   /* reverse sweep and weight gradient take turns, run by run */
    size_t delta_marks; /* windows at whose borders the deltas are kept at one time: the last, or with two directions
                           all */
    bool keeps_saved;   /* a step looks back at saved values, not at states alone */
    size_t lead; /* steps kept on both sides of a window, which its first and last one look back to; 0 if it is T */
    size_t room; /* steps of the buffers: window + 2*lead, and in those of states the initial ones behind them */
    size_t target_room;        /* of those of targets and outputs: 1, or room */
    size_t state_steps;        /* room, or room+2 with initial states, see kernels/args.h */
    size_t carried;            /* values that a reverse sweep carries from step to step for a unit */
    size_t h_stride, o_stride; /* Hp, Op */
    size_t d_width;            /* deltas*Hp */
    size_t out_stride;         /* D*Hp and some padding: rows a power of two apart would fall on the same cache sets */
    size_t d_stride;           /* row of saved values, which the deltas overwrite, and the same padding */
    size_t block;              /* sequences that a weight gradient sums at a time, see kernels/args.h */
    size_t chunk;              /* sequences that are in memory at once: whole blocks where memory allows */
    size_t tile;               /* sequences of a work-group in a sweep */
    size_t sharers;            /* work-groups that share the units of a tile; if above 1, a launch does one step */
    struct rg_plan_layer layer[RG_MAX_LAYERS];
    size_t pack_head, pack_head_reverse, pack_head_bias, packed; /* offsets, and all packed weights, in elements */
    size_t segments;     /* runs of steps whose weight gradients have room side by side */
    size_t sum_segments; /* of them, those an update sums apart: a function of the sizes and the device class alone */
    size_t head_partial, head_partial_at, partial; /* size, offset, all partial sums */
    bool wide_head;
    size_t norm_groups;
    uint64_t fixed_bytes, row_bytes; /* memory that does not, and that does grow with the chunk, for a window of T */
    uint64_t step_bytes;             /* of a sequence's row_bytes, for one step */
    uint64_t total_bytes;
};

/* Work the sizes out. RG_NO_MEMORY says need, limit and what would fit. */
rg_status rg_plan_make(const struct rg_device *device, const struct rg_model *model,
                       const struct rg_plan_options *options, struct rg_plan *plan);

/* Would a model of this shape fit? The same, before the model's own memory is taken. */
rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options, struct rg_plan *plan);

/* Elements of a direction's term of the weight gradient: [partial_rows][deltas*Hp]. */
size_t rg_plan_term(const struct rg_plan *plan, size_t layer);

/* Elements that a reverse sweep of a sequence carries from step to step. */
size_t rg_plan_carry(const struct rg_plan *plan);

/* Does an update gate decide which steps to skip? */
bool rg_plan_learned(const struct rg_plan *plan);

/* Steps [begin, end). */
struct rg_span {
    size_t begin, end;
};
/* The segment of the weight gradient that step t belongs to. */
size_t rg_plan_segment(const struct rg_plan *plan, size_t t);
struct rg_span rg_plan_segment_span(const struct rg_plan *plan, size_t segment);
/* The run of steps that ends, or begins, there: both cut each segment at whole runs from its end. */
struct rg_span rg_plan_run_before(const struct rg_plan *plan, size_t end);
struct rg_span rg_plan_run_after(const struct rg_plan *plan, size_t begin);
/* The window of whole runs that ends there. */
struct rg_span rg_plan_window_before(const struct rg_plan *plan, size_t end);

#endif
