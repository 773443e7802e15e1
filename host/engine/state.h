/* What one update leaves on the device for the next: the weights, the optimiser's states, the control block, and with
 * plan.stateful the states of the net. All else there is made anew in every update. */
#ifndef RG_ENGINE_STATE_H
#define RG_ENGINE_STATE_H

#include "engine/engine.h"

enum { RG_ENGINE_PARTS = 6 };

struct rg_engine_part {
    const char *name; /* "weights", "optimizer.first", "optimizer.second", "control", "carried.h", "carried.c" */
    struct rg_buffer *buffer; /* in the device's precision */
    size_t bytes;
};

/* The parts of a training engine; returns how many there are. The sizes depend on model, optimiser and precision, not
 * on the device. */
size_t rg_engine_parts(const struct rg_engine *engine, struct rg_engine_part parts[RG_ENGINE_PARTS]);

/* Bytes of a part from the device, or to it, with nothing queued. */
rg_status rg_engine_part_read(struct rg_engine *engine, const struct rg_engine_part *part, void *to);
rg_status rg_engine_part_write(struct rg_engine *engine, const struct rg_engine_part *part, const void *from);

/* Whether the bytes of a part of numbers are all finite; true for the control block. */
bool rg_engine_part_is_finite(const struct rg_engine *engine, const struct rg_engine_part *part, const void *bytes);

#endif
