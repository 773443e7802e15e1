/* Products of Jacobians: see products.h. */
#include "gradient/products.h"

#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

size_t rg_products_state(const struct rg_cell_facts *f) {
    return rg_cells[f->cell].states * f->hidden;
}

static size_t h_blocks(const struct rg_cell_facts *f) {
    return rg_max(f->back, f->skip);
}

static size_t c_blocks(const struct rg_cell_facts *f) {
    return rg_cell_has_c(f->cell) ? f->back : 0;
}

size_t rg_products_width(const struct rg_cell_facts *f) {
    return (h_blocks(f) + c_blocks(f)) * f->hidden + (f->learned ? 1 : 0);
}

/* The first directions, orthonormal and in the state at the loss: the axes if there is one direction per dimension,
 * else pseudo-random ones. */
static void begin(struct rg_products *p) {
    const size_t hidden = p->facts.hidden, n = rg_products_state(&p->facts), each = p->k * p->width;
    for (size_t i = 0; i < p->k; i++) {
        for (size_t j = 0; j < n; j++) {
            const double x = sin(12.9898 * (double)(i * n + j + 1)) * 43758.5453;
            const size_t at = j < hidden ? j : p->h_blocks * hidden + j - hidden;
            p->vectors[i * p->width + at] = p->k == n ? (double)(i == j) : x - floor(x) - 0.5;
        }
    }
    rg_orthonormalise(p->vectors, p->k, p->width, p->r);
    for (size_t s = 1; s < p->sequences; s++) {
        memcpy(p->vectors + s * each, p->vectors, each * sizeof *p->vectors);
    }
}

rg_status rg_products_create(const struct rg_cell_facts *facts, size_t sequences, size_t k, bool whole,
                             struct rg_products *p) {
    *p = (struct rg_products){.facts = *facts,
                              .sequences = sequences,
                              .k = k,
                              .h_blocks = h_blocks(facts),
                              .c_blocks = c_blocks(facts),
                              .back = facts->back,
                              .skip = facts->skip,
                              .width = rg_products_width(facts)};
    p->facts.back = 1;
    p->facts.skip = 0;
    p->facts.budget = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_adjoint_create(&p->facts, sequences * k, &p->adjoint));
    RG_TRY_GOTO(rg_alloc(&p->vectors, sequences * k, p->width * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&p->r, sequences * k, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&p->largest, 2 * sequences, sizeof(double), "Jacobian products"));
    p->smallest = p->largest + sequences;
    if (p->skip) {
        RG_TRY_GOTO(rg_alloc(&p->far, sequences * k, p->facts.hidden * sizeof(double), "Jacobian products"));
    }
    if (!whole) {
        RG_TRY_GOTO(rg_alloc(&p->triangles, sequences, sizeof *p->triangles, "Jacobian products"));
    }
    if (k == rg_products_state(facts)) {
        RG_TRY_GOTO(rg_alloc(&p->graded, sequences, sizeof *p->graded, "Jacobian products"));
    }
    for (size_t s = 0; s < sequences; s++) {
        RG_TRY_GOTO(p->triangles ? rg_triangles_create(k, &p->triangles[s]) : RG_OK);
        RG_TRY_GOTO(p->graded ? rg_graded_create(k, &p->graded[s]) : RG_OK);
    }
    begin(p);
    return RG_OK;
cleanup:
    rg_products_release(p);
    return status;
}

void rg_products_release(struct rg_products *p) {
    for (size_t s = 0; p->triangles && s < p->sequences; s++) {
        rg_triangles_release(&p->triangles[s]);
    }
    for (size_t s = 0; p->graded && s < p->sequences; s++) {
        rg_graded_release(&p->graded[s]);
    }
    rg_adjoint_release(&p->adjoint);
    rg_free(p->triangles);
    rg_free(p->graded);
    rg_free(p->largest);
    rg_free(p->vectors);
    rg_free(p->far);
    rg_free(p->r);
    *p = (struct rg_products){.sequences = 0};
}

/* Hand a row's direction to the reverse scan: its parts at h_t and c_t, and at the gate of step t + 1. */
static void put(struct rg_products *p, size_t row) {
    const size_t hidden = p->facts.hidden, bytes = hidden * sizeof(double);
    const double *const v = p->vectors + row * p->width;
    p->adjoint.exponent[row] = 0;
    memcpy(p->adjoint.dh + row * hidden, v, bytes);
    memset(p->adjoint.carry + row * hidden, 0, bytes);
    if (p->c_blocks) {
        memcpy(p->adjoint.carry + row * hidden, v + p->h_blocks * hidden, bytes);
    }
    if (p->facts.learned) {
        memset(p->adjoint.copied + row * hidden, 0, bytes);
        p->adjoint.d_gate[row] = v[p->width - 1];
    }
}

/* Drop the first of `n` blocks, move the others forward and append an empty block. */
static void shift(double *blocks, size_t n, size_t hidden) {
    memmove(blocks, blocks + hidden, (n - 1) * hidden * sizeof *blocks);
    memset(blocks + (n - 1) * hidden, 0, hidden * sizeof *blocks);
}

static void add(double *to, const double *from, size_t n, double factor) {
    for (size_t j = 0; j < n; j++) {
        to[j] += from[j] * factor;
    }
}

/* Fetch the row's direction from the reverse scan: what step t sent to h_{t-back}, h_{t-d}, c_{t-back} and the gate of
 * step t. */
static void take(struct rg_products *p, size_t row) {
    const size_t hidden = p->facts.hidden;
    const double factor = ldexp(1.0, (int)p->adjoint.exponent[row]);
    double *const h = p->vectors + row * p->width, *const c = h + p->h_blocks * hidden;
    double *const back = h + (p->back - 1) * hidden;
    shift(h, p->h_blocks, hidden);
    add(back, p->adjoint.dh + row * hidden, hidden, factor);
    if (p->skip) {
        add(h + (p->skip - 1) * hidden, p->far + row * hidden, hidden, factor);
    }
    if (p->c_blocks) {
        shift(c, p->c_blocks, hidden);
        add(c + (p->c_blocks - 1) * hidden, p->adjoint.carry + row * hidden, hidden, factor);
    } else {
        add(back, p->adjoint.carry + row * hidden, hidden, factor);
    }
    if (p->facts.learned) {
        add(back, p->adjoint.copied + row * hidden, hidden, factor);
        h[p->width - 1] = p->adjoint.d_gate[row] * factor;
    }
}

/* One step of every sequence. */
struct step {
    struct rg_products *products;
    const struct rg_step_states *states;
    size_t order;
    const struct rg_product_move *moves;
};

static void move(const struct step *s, size_t sequence) {
    struct rg_products *const p = s->products;
    const size_t k = p->k, first = sequence * k, hidden = p->facts.hidden;
    double *const r = p->r + first * k;
    for (size_t i = 0; i < k; i++) {
        put(p, first + i);
        rg_adjoint_finish(&p->adjoint, s->order, first + i, s->states, s->moves[sequence].row, true);
    }
    rg_adjoint_begin(&p->adjoint, (struct rg_adjoint_rows){s->order - 1, first, k});
    if (p->skip) {
        memset(p->far + first * hidden, 0, k * hidden * sizeof *p->far);
        rg_adjoint_pass(&p->adjoint, (struct rg_adjoint_rows){s->order, first, k}, true, p->far + first * hidden);
    }
    for (size_t i = 0; i < k; i++) {
        take(p, first + i);
    }
    rg_orthonormalise(p->vectors + first * p->width, k, p->width, r);
    if (p->triangles) {
        rg_triangles_multiply(&p->triangles[sequence], r);
    }
    if (p->graded) {
        rg_graded_multiply(&p->graded[sequence], r);
    }
}

static void do_sequence(void *context, size_t sequence, int thread) {
    const struct step *const s = context;
    struct rg_products *const p = s->products;
    (void)thread;
    if (s->moves[sequence].moves) {
        move(s, sequence);
    }
    if (s->moves[sequence].measured) {
        rg_triangles_singular(&p->triangles[sequence], &p->largest[sequence], &p->smallest[sequence]);
    }
}

void rg_products_step(struct rg_products *products, struct rg_pool *pool, const struct rg_step_states *states,
                      size_t order, const struct rg_product_move *moves) {
    struct step step = {products, states, order, moves};
    rg_pool_run(pool, products->sequences, do_sequence, &step);
}
