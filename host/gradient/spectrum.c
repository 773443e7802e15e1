/* Singular values of a Jacobian product: see spectrum.h. */
#include "gradient/spectrum.h"

#include <math.h>

#include "base/sizes.h"
#include "base/sort.h"
#include "rnn_gpu/memory.h"

rg_status rg_spectrum_begin(const struct rg_cell_facts *f, const struct rg_spectrum_limits *limits, size_t row,
                            size_t furthest, size_t directions, struct rg_spectrum_walk *w) {
    const size_t state = rg_products_state(f);
    const double work = 4.0 * (double)furthest * (double)state * (double)state * (double)rg_products_width(f);
    *w = (struct rg_spectrum_walk){.row = row};
    if (state == directions || furthest == 0) {
        return RG_OK;
    }
    if (work <= limits->whole_work) {
        return rg_products_create(f, 1, state, true, &w->whole);
    }
    return f->learned || rg_chain_bytes(f, furthest) > limits->bytes ? RG_OK : rg_chain_create(f, furthest, &w->chain);
}

void rg_spectrum_step(struct rg_spectrum_walk *w, struct rg_pool *pool, const struct rg_step_states *states,
                      size_t order, bool moves) {
    const struct rg_product_move move = {.row = w->row, .moves = moves};
    if (w->whole.sequences > 0) {
        rg_products_step(&w->whole, pool, states, order, &move);
    }
    if (w->chain.factors && moves && w->chain.steps < w->chain.max) {
        rg_chain_add(&w->chain, states, w->row);
    }
}

/* Medians over the sequences of the singular values, in order of their size. `all` is [sequences][n]. */
static void note_medians(const struct rg_products *p, const double *all, double *column, struct rg_spectrum *out) {
    for (size_t i = 0; i < out->n; i++) {
        size_t n = 0;
        for (size_t s = 0; s < p->sequences; s++) {
            if (p->graded[s].steps == out->steps) {
                column[n++] = all[s * out->n + i];
            }
        }
        rg_sort_falling(column, n);
        out->log10_singular[i] = rg_sorted_median(column, n);
        out->zeros += out->log10_singular[i] == -INFINITY;
    }
    const double max = out->log10_singular[0], min = out->log10_singular[out->n - 1];
    out->log10_condition = max == -INFINITY ? (double)NAN : max - min;
}

static rg_status note_products(struct rg_products *p, struct rg_spectrum *out) {
    double *all = NULL;
    rg_status status = RG_OK;
    for (size_t s = 0; s < p->sequences; s++) {
        out->steps = rg_max(p->graded[s].steps, out->steps);
    }
    if (out->steps == 0) {
        return RG_OK;
    }
    RG_TRY_GOTO(rg_alloc(&all, p->sequences * p->k + p->sequences, sizeof *all, "singular values"));
    RG_TRY_GOTO(rg_alloc(&out->log10_singular, p->k, sizeof *out->log10_singular, "singular values"));
    for (size_t s = 0; s < p->sequences; s++) {
        if (p->graded[s].steps == out->steps) {
            rg_graded_singular(&p->graded[s], all + s * p->k);
            out->sequences++;
        }
    }
    out->n = p->k;
    note_medians(p, all, all + p->sequences * p->k, out);
cleanup:
    rg_free(all);
    return status;
}

rg_status rg_spectrum_end(struct rg_spectrum_walk *w, const struct rg_spectrum_limits *limits,
                          struct rg_products *followed, struct rg_spectrum *out) {
    *out = (struct rg_spectrum){.log10_condition = NAN};
    if (w->chain.factors) {
        out->steps = w->chain.steps;
        out->sequences = 1;
        return w->chain.steps > 0 ? rg_chain_largest(&w->chain, limits->power_work, &out->power) : RG_OK;
    }
    struct rg_products *const p = w->whole.sequences > 0 ? &w->whole : followed;
    return p->graded ? note_products(p, out) : RG_OK;
}

void rg_spectrum_walk_release(struct rg_spectrum_walk *w) {
    rg_products_release(&w->whole);
    rg_chain_release(&w->chain);
}

void rg_spectrum_release(struct rg_spectrum *s) {
    rg_free(s->log10_singular);
    *s = (struct rg_spectrum){.n = 0};
}
