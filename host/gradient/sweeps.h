/* Many reverse sweeps side by side, through all layers: each sequence is swept several times, from gradients of its own
 * at what the head reads. So derivatives of several outputs, and losses at several steps, take one walk back in time.
 * Norms keep mantissa and exponent apart (gradient/adjoint.h). */
#ifndef RG_SWEEPS_H
#define RG_SWEEPS_H

#include "engine/engine.h"
#include "gradient/watch.h"

struct rg_sweeps {
    struct rg_engine *engine; /* these two are borrowed */
    struct rg_source *source;
    uint64_t update;
    size_t first, rows;  /* sequences of the batch, which must fit a chunk */
    size_t each;         /* sweeps of a sequence; sweep i of sequence r is row r * each + i below */
    const size_t *begin; /* [each] the step at which a sweep begins, from 0, in descending order. Readouts other than
                            `last`: of no matter */
    const double *start; /* [rows*each][D*H], what each begins with; NULL: the gradient of its step's loss */
    int threads;
    struct rg_watch watch;
    double *delta_log10; /* out [L*D][T][rows*each], log10 ||delta_t|| by step; NULL: not wanted */
    double *input_log10; /* out [T][rows*each], log10 of the gradient's norm at the net's inputs; or NULL */
    bool *live;          /* out [T][rows], whether a sequence has the step; or NULL */
    bool ended;          /* out: by the watch; the rest then says nothing */
};

/* Bytes for so many sequences. */
double rg_sweeps_bytes(const struct rg_plan *plan, size_t rows, size_t each);
/* Multiplications. */
double rg_sweeps_work(const struct rg_plan *plan, size_t rows, size_t each);

/* A step that a sequence does not have, or that no gradient comes to, has -INFINITY. RG_NO_MEMORY. */
rg_status rg_sweeps_run(struct rg_sweeps *sweeps);

#endif
