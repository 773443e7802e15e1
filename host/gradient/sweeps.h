/* Many reverse sweeps side by side, through all layers. Each sequence is swept several times, each time from another
 * gradient at the head's input. So derivatives of several outputs, and losses at several steps, need only one walk back
 * in time. Norms are kept with separate mantissa and exponent (gradient/adjoint.h). */
#ifndef RG_SWEEPS_H
#define RG_SWEEPS_H

#include "engine/engine.h"
#include "gradient/watch.h"

struct rg_sweeps {
    struct rg_engine *engine; /* engine and source are borrowed */
    struct rg_batch_source *source;
    uint64_t update;
    size_t first, rows; /* sequences of the batch, which must fit a chunk */
    size_t each;        /* sweeps of a sequence; sweep i of sequence r is row r * each + i below */
    /* [each] the step at which a sweep begins, from 0, in descending order. Ignored by readouts other than `last`. */
    const size_t *begin;
    const double *start; /* [rows*each][D*H], the start of each sweep; NULL: the gradient of its step's loss */
    int threads;
    struct rg_watch watch;
    double *delta_log10; /* out [L*D][T][rows*each], log10 ||delta_t|| by step; NULL: not wanted */
    double *input_log10; /* out [T][rows*each], log10 of the gradient's norm at the net's inputs; or NULL */
    bool *live;          /* out [T][rows], the sequence has the step; or NULL */
    bool ended;          /* out: the watch ended the sweeps; the other results then mean nothing */
};

/* Bytes for `rows` sequences. */
double rg_sweeps_bytes(const struct rg_plan *plan, size_t rows, size_t each);
/* Number of multiplications. */
double rg_sweeps_work(const struct rg_plan *plan, size_t rows, size_t each);

/* Run the sweeps. A step that a sequence does not have, or that no gradient reaches, has -INFINITY. RG_NO_MEMORY. */
rg_status rg_sweeps_run(struct rg_sweeps *sweeps);

#endif
