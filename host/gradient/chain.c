/* Power iteration on a product of Jacobians: see chain.h. */
#include "gradient/chain.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/cell_steps.h"
#include "gradient/dense.h"
#include "gradient/scaled.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

enum { MIN_ITERATIONS = 2, MAX_ITERATIONS = 1000 };
static const double SETTLED = 1e-9; /* largest relative change of the last iteration */

static size_t numbers(const struct rg_cell_facts *f) {
    return 2 * (f->deltas + 1) * f->hidden;
}

double rg_chain_bytes(const struct rg_cell_facts *f, size_t steps) {
    return (double)steps * (double)(numbers(f) * sizeof(double));
}

rg_status rg_chain_create(const struct rg_cell_facts *f, size_t max, struct rg_chain *c) {
    *c = (struct rg_chain){
        .facts = f, .max = max, .h_blocks = rg_max(f->back, f->skip), .c_blocks = rg_cell_has_c(f->cell) ? f->back : 0};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&c->factors, max, numbers(f) * sizeof *c->factors, "factors of Jacobians"));
    RG_TRY_GOTO(rg_alloc(&c->dh, f->hidden, sizeof *c->dh, "factors of Jacobians"));
    return RG_OK;
cleanup:
    rg_chain_release(c);
    return status;
}

void rg_chain_release(struct rg_chain *c) {
    rg_free(c->factors);
    rg_free(c->dh);
    *c = (struct rg_chain){.factors = NULL};
}

/* The factors of a step are the results of the cell's reverse step for inputs of ones. */
void rg_chain_add(struct rg_chain *c, const struct rg_step_states *s, size_t row) {
    const struct rg_cell_facts *const f = c->facts;
    const size_t n = f->hidden;
    double *delta = c->factors + c->steps++ * numbers(f);
    for (int of_carry = 0; of_carry < 2; of_carry++, delta += (f->deltas + 1) * n) {
        double *const carry = delta + f->deltas * n;
        for (size_t j = 0; j < n; j++) {
            c->dh[j] = of_carry ? 0.0 : 1.0;
            carry[j] = of_carry ? 1.0 : 0.0;
        }
        rg_cell_reverse(f->cell, f->activation,
                        &(struct rg_unit_step){.h = s->h + row * n,
                                               .past = s->past + row * n,
                                               .saved = s->saved + row * f->saved * n,
                                               .past_saved = s->past_saved + row * f->saved * n,
                                               .dh = c->dh,
                                               .carry = carry,
                                               .delta = delta,
                                               .hidden = n});
    }
}

/* The vectors at the loss (place 0), one step back (1) and so on: h and c, multiplied by 2^exponent. */
struct vectors {
    const struct rg_chain *chain;
    double *h, *c;  /* [steps + h_blocks][H], [steps + c_blocks][H] */
    double *deltas; /* [deltas][H] */
    int64_t exponent;
};

/* y += a x, unit by unit. */
static void add_units(double *y, const double *a, const double *x, size_t n) {
    for (size_t j = 0; j < n; j++) {
        y[j] += a[j] * x[j];
    }
}

/* y += W x, or with `transposed` W^T x; W is [H][H]. */
static void add_product(double *y, const double *w, const double *x, size_t n, bool transposed) {
    if (transposed) {
        rg_dense_add(&(struct rg_product){.c = y,
                                          .a = x,
                                          .b = w,
                                          .rows = 1,
                                          .columns = n,
                                          .depth = n,
                                          .c_row = n,
                                          .a_row = n,
                                          .a_depth = 1,
                                          .b_row = n});
        return;
    }
    for (size_t i = 0; i < n; i++) {
        y[i] += rg_dense_dot(w + i * n, x, n);
    }
}

static void scale(double *v, size_t n, int by) {
    for (size_t i = 0; i < n; i++) {
        v[i] = ldexp(v[i], by);
    }
}

/* Multiply the state at `place` by the power of two that brings its largest number near 1. */
static void normalise(struct vectors *v, size_t place) {
    const struct rg_chain *const chain = v->chain;
    const size_t n = chain->facts->hidden, in_h = chain->h_blocks * n, in_c = chain->c_blocks * n;
    double *const h = v->h + place * n, *const c = v->c + place * n;
    const double largest = fmax(rg_dense_largest(h, in_h), rg_dense_largest(c, in_c));
    if (largest > 0.0 && isfinite(largest)) {
        const int by = ilogb(largest);
        scale(h, in_h, -by);
        scale(c, in_c, -by);
        v->exponent += by;
    }
}

/* Multiply by J^T: from the state at the loss, in place 0, to the state at the earliest step. */
static void go_back(struct vectors *v) {
    const struct rg_chain *const chain = v->chain;
    const struct rg_cell_facts *const f = chain->facts;
    const size_t n = f->hidden, has_c = chain->c_blocks;
    memset(v->h + n, 0, (chain->steps + chain->h_blocks - 1) * n * sizeof *v->h);
    memset(v->c + n, 0, has_c ? (chain->steps + has_c - 1) * n * sizeof *v->c : 0);
    for (size_t p = 0; p < chain->steps; p++) {
        const double *const of_h = chain->factors + p * numbers(f), *const of_c = of_h + (f->deltas + 1) * n;
        const double *const dh = v->h + p * n, *const dc = v->c + p * n;
        double *const carried = has_c ? v->c + (p + f->back) * n : v->h + (p + f->back) * n;
        memset(v->deltas, 0, f->deltas * n * sizeof *v->deltas);
        for (size_t q = 0; q <= f->deltas; q++) {
            double *const to = q < f->deltas ? v->deltas + q * n : carried;
            add_units(to, of_h + q * n, dh, n);
            if (has_c) {
                add_units(to, of_c + q * n, dc, n);
            }
        }
        for (size_t g = 0; g < f->gates; g++) {
            const double *const delta = v->deltas + rg_cell_hidden_delta(f, g) * n;
            add_product(v->h + (p + f->back) * n, f->w_hh + g * n * n, delta, n, true);
            if (f->skip) {
                add_product(v->h + (p + f->skip) * n, f->w_sh + g * n * n, v->deltas + g * n, n, true);
            }
        }
        normalise(v, p + 1);
    }
}

/* Multiply by J: from the state at the earliest step, in the last places, to the state at the loss. */
static void go_forth(struct vectors *v) {
    const struct rg_chain *const chain = v->chain;
    const struct rg_cell_facts *const f = chain->facts;
    const size_t n = f->hidden, has_c = chain->c_blocks;
    for (size_t p = chain->steps; p-- > 0;) {
        const double *const of_h = chain->factors + p * numbers(f), *const of_c = of_h + (f->deltas + 1) * n;
        const double *const before = v->h + (p + f->back) * n;
        double *const h = v->h + p * n, *const c = v->c + p * n;
        memset(v->deltas, 0, f->deltas * n * sizeof *v->deltas);
        for (size_t g = 0; g < f->gates; g++) {
            add_product(v->deltas + rg_cell_hidden_delta(f, g) * n, f->w_hh + g * n * n, before, n, false);
            if (f->skip) {
                add_product(v->deltas + g * n, f->w_sh + g * n * n, v->h + (p + f->skip) * n, n, false);
            }
        }
        memset(h, 0, n * sizeof *h);
        if (has_c) {
            memset(c, 0, n * sizeof *c);
        }
        for (size_t q = 0; q <= f->deltas; q++) {
            const double *const from = q < f->deltas ? v->deltas + q * n : has_c ? v->c + (p + f->back) * n : before;
            add_units(h, of_h + q * n, from, n);
            if (has_c) {
                add_units(c, of_c + q * n, from, n);
            }
        }
        normalise(v, p);
    }
}

/* Divide the state that begins at `place` by its norm: h_blocks blocks of h and c_blocks blocks of c. Returns log10 of
 * the norm, which counts v->exponent too, and sets that to 0. */
static double unit(struct vectors *v, size_t place, size_t h_blocks, size_t c_blocks) {
    const size_t n = v->chain->facts->hidden;
    double *const h = v->h + place * n, *const c = v->c + place * n;
    const double size = hypot(rg_dense_norm(h, h_blocks * n), c_blocks ? rg_dense_norm(c, c_blocks * n) : 0.0);
    const double log10_size = rg_scaled_log10(size, v->exponent);
    for (size_t j = 0; size > 0.0 && j < h_blocks * n; j++) {
        h[j] /= size;
    }
    for (size_t j = 0; size > 0.0 && j < c_blocks * n; j++) {
        c[j] /= size;
    }
    v->exponent = 0;
    return log10_size;
}

/* Power iteration. For |v| = 1, |J v| is at most the largest singular value of J. Each iteration brings it closer,
 * until it changes by no more than SETTLED, or until the next iteration would exceed `work` multiplications. */
static void iterate(struct vectors *v, double work, struct rg_chain_result *r) {
    const struct rg_chain *const chain = v->chain;
    const struct rg_cell_facts *const f = chain->facts;
    const size_t n = f->hidden, at_loss = chain->c_blocks ? 1 : 0; /* blocks of c in the state at the loss */
    const double each = 2.0 * (double)(chain->steps * f->gates * n * n) * (f->skip ? 2.0 : 1.0);
    for (size_t j = 0; j < n; j++) {
        v->h[j] = 1.0 + 0.5 * sin(1.0 + 2.7 * (double)j);
        if (at_loss) {
            v->c[j] = 1.0 + 0.5 * sin(2.0 + 2.3 * (double)j);
        }
    }
    (void)unit(v, 0, 1, at_loss);
    *r = (struct rg_chain_result){.log10_largest = -INFINITY};
    while (!r->converged && r->iterations < MAX_ITERATIONS &&
           (r->iterations < MIN_ITERATIONS || (double)(r->iterations + 1) * each <= work)) {
        const double before = r->log10_largest;
        go_back(v);
        (void)unit(v, chain->steps, chain->h_blocks, chain->c_blocks);
        go_forth(v);
        r->log10_largest = unit(v, 0, 1, at_loss);
        r->iterations++;
        r->converged = r->log10_largest == -INFINITY || r->log10_largest - before <= SETTLED / log(10.0);
    }
}

rg_status rg_chain_largest(const struct rg_chain *chain, double work, struct rg_chain_result *result) {
    const struct rg_cell_facts *const f = chain->facts;
    const size_t row = f->hidden * sizeof(double);
    struct vectors v = {.chain = chain};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&v.h, chain->steps + chain->h_blocks, row, "power iteration"));
    RG_TRY_GOTO(rg_alloc(&v.c, chain->steps + chain->c_blocks + 1, row, "power iteration"));
    RG_TRY_GOTO(rg_alloc(&v.deltas, f->deltas, row, "power iteration"));
    iterate(&v, work, result);
cleanup:
    rg_free(v.h);
    rg_free(v.c);
    rg_free(v.deltas);
    return status;
}
