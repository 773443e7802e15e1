/* Lag profiles of a run for its history: see run_figures.h. */
#include "cli/report/run_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/cells.h"
#include "rnn_gpu/memory.h"

enum { MAX_TERMS = RG_LAG_MATRICES + 4 }; /* matrices of a profile, and gates of one matrix */

/* List the terms of a profile: whole matrices, then the gates of W_hh if there are several. Returns their number. */
static size_t list_terms(const struct rg_lag_profile *p, const struct rg_lag_terms *terms[MAX_TERMS]) {
    size_t n = 0;
    for (size_t m = 0; m < p->n_matrices; m++) {
        terms[n++] = &p->matrices[m];
    }
    for (size_t g = 0; p->n_gates > 1 && g < p->n_gates; g++) {
        terms[n++] = &p->gates[RG_LAG_HH][g];
    }
    return n;
}

static void name_gate(const struct rg_model *model, size_t gate, struct rg_history_matrix *matrix) {
    const size_t length = strlen(matrix->name);
    (void)snprintf(matrix->name + length, sizeof matrix->name - length, ".gate_%c",
                   rg_cells[model->shape.cell].letters[gate]);
}

static void name_matrix(const struct rg_model *model, const struct rg_lag_profile *p, const struct rg_lag_terms *terms,
                        struct rg_history_matrix *matrix) {
    const bool whole = terms >= p->matrices && terms < p->matrices + RG_LAG_MATRICES;
    *matrix = (struct rg_history_matrix){.layer = p->layer, .direction = p->direction};
    (void)snprintf(matrix->name, sizeof matrix->name, "%.48s", model->parameters[terms->parameter].name);
    if (!whole) {
        name_gate(model, (size_t)(terms - p->gates[RG_LAG_HH]), matrix);
    }
}

/* The values of one of the history's matrices. */
static struct rg_lag_values values_of(const char *name, const struct rg_history_matrix *matrices,
                                      const struct rg_lag_values *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(matrices[i].name, name) == 0) {
            return values[i];
        }
    }
    return (struct rg_lag_values){NULL, NULL, NULL};
}

static rg_status add_named(struct rg_history *h, uint64_t update, const struct rg_history_matrix *matrices,
                           const struct rg_lag_values *values, size_t n) {
    struct rg_lag_values *all = NULL;
    RG_TRY(rg_alloc(&all, h->n_matrices, sizeof *all, "the lag profiles"));
    for (size_t m = 0; m < h->n_matrices; m++) {
        all[m] = values_of(h->matrices[m].name, matrices, values, n);
    }
    const rg_status status = rg_history_add_lags(h, update, all);
    rg_free(all);
    return status;
}

rg_status rg_history_add_profiles(struct rg_history *h, const struct rg_model *model, uint64_t update,
                                  const struct rg_lag_profiles *profiles) {
    const size_t n_profiles = profiles->layers * profiles->directions;
    struct rg_history_matrix *matrices = NULL;
    struct rg_lag_values *values = NULL;
    rg_status status = RG_OK;
    size_t n = 0;
    RG_TRY_GOTO(rg_alloc(&matrices, n_profiles * MAX_TERMS, sizeof *matrices, "the history's matrices"));
    RG_TRY_GOTO(rg_alloc(&values, n_profiles * MAX_TERMS, sizeof *values, "the lag profiles"));
    for (size_t i = 0; i < n_profiles; i++) {
        const struct rg_lag_terms *terms[MAX_TERMS];
        const size_t n_terms = list_terms(&profiles->items[i], terms);
        for (size_t t = 0; t < n_terms; t++, n++) {
            name_matrix(model, &profiles->items[i], terms[t], &matrices[n]);
            values[n] = (struct rg_lag_values){terms[t]->log10_norm, terms[t]->share, terms[t]->cosine};
        }
    }
    if (h->n_matrices == 0) {
        RG_TRY_GOTO(rg_history_set_matrices(h, profiles->items[0].steps, matrices, n));
    }
    RG_TRY_GOTO(add_named(h, update, matrices, values, n));
cleanup:
    rg_free(values);
    rg_free(matrices);
    return status;
}

/* List matrices and values of a sample in the order of rg_history_add_profiles. A gate has the values `empty`. */
static size_t list_sample(const struct rg_model *model, const struct rg_lag_sampler *s,
                          const struct rg_lag_values *empty, struct rg_history_matrix *matrices,
                          struct rg_lag_values *values) {
    const size_t gates = rg_cell_gates(model->shape.cell);
    size_t n = 0;
    for (size_t i = 0; i < s->n_sampled; i++) {
        const struct rg_sampled *const m = &s->sampled[i];
        matrices[n] = (struct rg_history_matrix){.layer = m->layer, .direction = m->direction};
        (void)snprintf(matrices[n].name, sizeof matrices[n].name, "%.48s", model->parameters[m->parameter].name);
        values[n++] = rg_sampled_has_lags(m) ? (struct rg_lag_values){m->log10_norm, m->share, m->cosine}
                                             : (struct rg_lag_values){NULL, NULL, NULL};
        for (size_t g = 0; (i + 1) % s->each == 0 && gates > 1 && g < gates; g++, n++) {
            matrices[n] = matrices[n - g - s->each];
            name_gate(model, g, &matrices[n]);
            values[n] = *empty;
        }
    }
    return n;
}

rg_status rg_history_add_sample(struct rg_history *h, const struct rg_model *model, uint64_t update,
                                const struct rg_lag_sampler *s) {
    const size_t max = s->n_sampled / s->each * MAX_TERMS;
    struct rg_history_matrix *matrices = NULL;
    struct rg_lag_values *values = NULL;
    double *zeros = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&matrices, max, sizeof *matrices, "the history's matrices"));
    RG_TRY_GOTO(rg_alloc(&values, max, sizeof *values, "the lag profiles"));
    RG_TRY_GOTO(rg_alloc(&zeros, 2 * s->steps, sizeof *zeros, "the lag profiles"));
    for (size_t lag = 0; lag < s->steps; lag++) {
        zeros[s->steps + lag] = -INFINITY;
    }
    const struct rg_lag_values empty = {zeros + s->steps, zeros, zeros};
    const size_t n = list_sample(model, s, &empty, matrices, values);
    if (h->n_matrices == 0) {
        RG_TRY_GOTO(rg_history_set_matrices(h, s->steps, matrices, n));
    }
    RG_TRY_GOTO(rg_history_add_lags(h, update, values));
cleanup:
    rg_free(zeros);
    rg_free(values);
    rg_free(matrices);
    return status;
}
