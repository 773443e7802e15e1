/* Sizes of a run on a device: padded strides, how the batch is cut into chunks, where things lie. Plain numbers,
 * computed once, before any memory is taken. */
#ifndef RG_PLAN_H
#define RG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"
#include "rnn_gpu/model.h"

struct rg_plan_options {
    size_t batch;        /* B; sequences of an update */
    size_t steps;        /* T */
    size_t n_targets;    /* numbers of y per sequence */
    bool training;       /* false: outputs only, nothing for gradients is allocated */
    uint64_t memory;     /* bytes allowed on the device; 0: what it has */
    uint64_t data_bytes; /* of a data set that lies on the device beside this */
};

struct rg_plan {
    size_t batch, steps;
    size_t inputs, hidden, outputs, gates, n_targets;
    size_t x_stride, h_stride, d_stride, o_stride; /* Fp, Hp, G*Hp, Op */
    size_t chunk;                                  /* sequences that are in memory at once */
    size_t tile;                                   /* sequences of a work-group in a sweep */
    /* packed weights: offsets and the whole size, in elements */
    size_t pack_ih, pack_hh, pack_hh_reverse, pack_bias, pack_head, pack_head_reverse, pack_head_bias, packed;
    /* partial sums of the weight gradients, in elements; the head's follow the layer's */
    size_t segments, layer_partial, head_partial, partial;
    size_t norm_groups;
    uint64_t fixed_bytes, row_bytes; /* memory that does not, and that does grow with the chunk */
    uint64_t total_bytes;
};

/* Work the sizes out. RG_NO_MEMORY says need, limit and what would fit. */
rg_status rg_plan_make(const struct rg_device *device, const struct rg_model *model,
                       const struct rg_plan_options *options, struct rg_plan *plan);

/* Would a model of this shape fit? The same, before the model's own memory is taken. */
rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options);

#endif
