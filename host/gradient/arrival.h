/* What a head that reads all steps (plan.readout) sends back to each step's output of the last layer, for the sequences
 * of a chunk. It is worked out from the gradient at what the head read, which is one row a sequence. */
#ifndef RG_ARRIVAL_H
#define RG_ARRIVAL_H

#include "engine/engine.h"

struct rg_arrival {
    double *row; /* [chunk][plan.out_stride], dL/d of what the head read; NULL where it reads the last step alone */
    uint32_t *winner; /* [chunk][plan.out_stride], of `max` the step that was the largest; else NULL */
};

rg_status rg_arrival_create(const struct rg_engine *engine, struct rg_arrival *arrival);
void rg_arrival_release(struct rg_arrival *arrival);

/* Read those of the chunk of `rows` sequences that the engine went forward through last. */
rg_status rg_arrival_read(struct rg_engine *engine, size_t rows, struct rg_arrival *arrival);

/* out [H] = dL/dh of sequence `row` at step t, which it has, in one direction; `begin`: its first step. */
void rg_arrival_at(const struct rg_arrival *arrival, const struct rg_plan *plan, size_t direction, size_t row,
                   size_t begin, size_t t, double *out);

#endif
