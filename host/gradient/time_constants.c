/* Time constants of units: see time_constants.h. */
#include "gradient/time_constants.h"

#include <math.h>
#include <string.h>

#include "base/sort.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

rg_status rg_time_constants_begin(const struct rg_cell_facts *f, struct rg_time_constants *c, struct rg_time_sums *s) {
    const struct rg_cell_row *const cell = &rg_cells[f->cell];
    *s = (struct rg_time_sums){.gate = cell->forget, .back = f->back};
    *c = (struct rg_time_constants){.n = 0};
    if (cell->forget == RG_NO_SUCH_GATE) {
        return RG_OK;
    }
    c->gate = cell->letters[cell->forget];
    RG_TRY(rg_alloc(&c->values, f->hidden, sizeof *c->values, "time constants"));
    s->to = c;
    return RG_OK;
}

void rg_time_constants_add(struct rg_time_sums *s, const double *saved, size_t hidden) {
    for (size_t j = 0; s->to && j < hidden; j++) {
        s->to->values[j] += log(saved[s->gate * hidden + j]);
    }
    s->steps++;
}

static rg_status note_quantiles(struct rg_time_constants *c) {
    static const double ranks[RG_TAU_QUANTILES] = {
        [RG_TAU_MIN] = 0.0, [RG_TAU_P10] = 0.1, [RG_TAU_MEDIAN] = 0.5, [RG_TAU_P90] = 0.9, [RG_TAU_MAX] = 1.0};
    double *sorted = NULL;
    RG_TRY(rg_alloc(&sorted, c->n, sizeof *sorted, "time constants"));
    memcpy(sorted, c->values, c->n * sizeof *sorted);
    rg_sort(sorted, c->n);
    for (size_t q = 0; q < RG_TAU_QUANTILES; q++) {
        c->quantiles[q] = sorted[rg_sorted_rank(ranks[q], c->n)];
    }
    rg_free(sorted);
    return RG_OK;
}

rg_status rg_time_constants_end(struct rg_time_sums *s, size_t hidden) {
    struct rg_time_constants *const c = s->to;
    if (!c || s->steps == 0) {
        return RG_OK;
    }
    for (size_t j = 0; j < hidden; j++) {
        const double mean = c->values[j] / (double)s->steps;
        if (isnan(mean)) {
            return RG_OK;
        }
        c->values[j] = mean < 0.0 ? -(double)s->back / mean : INFINITY;
        c->endless += isinf(c->values[j]) ? 1 : 0;
    }
    c->n = hidden;
    return note_quantiles(c);
}

void rg_time_constants_release(struct rg_time_constants *c) {
    rg_free(c->values);
    *c = (struct rg_time_constants){.n = 0};
}
