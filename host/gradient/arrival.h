/* The gradient that a head which reads all steps (plan.readout) sends to each step of the last layer's output, for the
 * sequences of a chunk. It is computed from the gradient at the head's input, one row a sequence. */
#ifndef RG_ARRIVAL_H
#define RG_ARRIVAL_H

#include "engine/engine.h"

struct rg_arrival {
    /* [chunk][plan.out_stride], gradient at the head's input; NULL where the head reads the last step alone */
    double *row;
    uint32_t *winner; /* [chunk][plan.out_stride], for `max`: the step with the largest value; else NULL */
};

rg_status rg_arrival_create(const struct rg_engine *engine, struct rg_arrival *arrival);
void rg_arrival_release(struct rg_arrival *arrival);

/* Read the gradients of a chunk of `rows` sequences. The engine's last forward pass must have been that chunk. */
rg_status rg_arrival_read(struct rg_engine *engine, size_t rows, struct rg_arrival *arrival);

/* Share of a unit's gradient that step t receives; `at` is the unit's place in `row`. */
double rg_arrival_part(const struct rg_arrival *arrival, const struct rg_plan *plan, size_t direction, size_t at,
                       size_t begin, size_t t);

/* Step t of a sequence in one direction. The sequence is row `row` of the chunk and begins at step `begin`. */
struct rg_arrival_step {
    size_t direction, row, begin, t;
};

/* out [H] = dL/dh at that step. */
void rg_arrival_at(const struct rg_arrival *arrival, const struct rg_plan *plan, struct rg_arrival_step step,
                   double *out);

#endif
