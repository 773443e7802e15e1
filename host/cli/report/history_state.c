/* The record of a run in a checkpoint: see history_state.h. */
#include "cli/report/history_state.h"

#include <string.h>

#include "rnn_gpu/memory.h"

/* ---- Gathering ---- */

/* Add a section with a copy of `bytes` bytes. */
static rg_status add_copy(struct rg_sections *s, const char *name, const void *from, size_t bytes) {
    void *to = NULL;
    RG_TRY(rg_sections_add(s, name, bytes, &to));
    if (bytes > 0) {
        memcpy(to, from, bytes);
    }
    return RG_OK;
}

/* Number of floats in a lag profile. */
static size_t numbers_of(const struct rg_history *h) {
    return h->n_matrices * RG_LAG_QUANTITIES * h->n_columns;
}

/* Add the updates and the floats of the lag profiles as two sections. */
static rg_status gather_samples(const struct rg_history *h, struct rg_sections *s) {
    const size_t n = h->sample.n, each = numbers_of(h);
    uint64_t *updates = NULL;
    float *numbers = NULL;
    RG_TRY(add_copy(s, "history.matrices", h->matrices, h->n_matrices * sizeof *h->matrices));
    RG_TRY(rg_sections_add(s, "history.sample_updates", n * sizeof *updates, &updates));
    RG_TRY(rg_sections_add(s, "history.samples", n * each * sizeof *numbers, &numbers));
    for (size_t i = 0; i < n; i++) {
        updates[i] = h->samples[i].update;
        memcpy(numbers + i * each, h->samples[i].numbers, each * sizeof *numbers);
    }
    return RG_OK;
}

rg_status rg_history_gather(const struct rg_history *h, struct rg_sections *s) {
    RG_TRY(add_copy(s, "history.points", h->points, h->n_points * sizeof *h->points));
    RG_TRY(add_copy(s, "history.validations", h->validations, h->validation.n * sizeof *h->validations));
    rg_sections_put(s, "history.points", h->n_points);
    rg_sections_put(s, "history.point_updates", h->point_updates);
    rg_sections_put(s, "history.validations", h->validation.n);
    rg_sections_put(s, "history.validations_seen", h->validation.seen);
    rg_sections_put(s, "history.validations_stride", h->validation.stride);
    rg_sections_put(s, "history.matrices", h->n_matrices);
    rg_sections_put(s, "history.steps", h->steps);
    rg_sections_put(s, "history.samples", h->sample.n);
    rg_sections_put(s, "history.samples_seen", h->sample.seen);
    rg_sections_put(s, "history.samples_stride", h->sample.stride);
    return h->n_matrices > 0 ? gather_samples(h, s) : RG_OK;
}

/* ---- Restoring ---- */

/* Read a whole number that fits a size_t. */
static rg_status get_size(const struct rg_sections *s, const char *name, uint64_t max, size_t *out) {
    uint64_t value = 0;
    RG_TRY(rg_sections_number(s, name, max, &value));
    *out = (size_t)value;
    return RG_OK;
}

static rg_status get_copy(const struct rg_sections *s, const char *name, void *to, size_t bytes) {
    const void *from = NULL;
    RG_TRY(rg_sections_get(s, name, bytes, &from));
    if (bytes > 0) {
        memcpy(to, from, bytes);
    }
    return RG_OK;
}

/* Read the state of a list. names[0] … are the names of its numbers: items kept, items seen, stride. */
static rg_status get_thinned(const struct rg_sections *s, const char *const names[3], struct rg_thinned *t) {
    RG_TRY(get_size(s, names[0], t->limit, &t->n));
    RG_TRY(rg_sections_number(s, names[1], UINT64_MAX, &t->seen));
    RG_TRY(rg_sections_number(s, names[2], UINT64_MAX, &t->stride));
    if (t->stride == 0 || t->seen < t->n) {
        return rg_fail(RG_BAD_FILE, "%s: the number '%s' is impossible", s->path, names[2]);
    }
    return RG_OK;
}

static rg_status restore_matrices(struct rg_history *h, const struct rg_sections *s, size_t n) {
    struct rg_history_matrix *matrices = NULL;
    size_t steps = 0;
    RG_TRY(get_size(s, "history.steps", (uint64_t)1 << 40, &steps));
    RG_TRY(rg_alloc(&matrices, n, sizeof *matrices, "the history's matrices"));
    rg_status status = get_copy(s, "history.matrices", matrices, n * sizeof *matrices);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        if (memchr(matrices[i].name, 0, sizeof matrices[i].name) == NULL || steps == 0) {
            status = rg_fail(RG_BAD_FILE, "%s: the section 'history.matrices' does not name matrices", s->path);
        }
    }
    status = status == RG_OK ? rg_history_set_matrices(h, steps, matrices, n) : status;
    rg_free(matrices);
    return status;
}

static rg_status restore_samples(struct rg_history *h, const struct rg_sections *s) {
    static const char *const names[] = {"history.samples", "history.samples_seen", "history.samples_stride"};
    const void *updates = NULL, *numbers = NULL;
    const size_t each = numbers_of(h);
    struct rg_thinned kept = h->sample;
    RG_TRY(get_thinned(s, names, &kept));
    RG_TRY(rg_sections_get(s, "history.sample_updates", kept.n * sizeof(uint64_t), &updates));
    RG_TRY(rg_sections_get(s, "history.samples", kept.n * each * sizeof(float), &numbers));
    for (size_t i = 0; i < kept.n; i++) {
        RG_TRY(rg_alloc(&h->samples[i].numbers, each, sizeof(float), "a lag profile"));
        h->samples[i].update = ((const uint64_t *)updates)[i];
        memcpy(h->samples[i].numbers, (const float *)numbers + i * each, each * sizeof(float));
    }
    h->sample = kept;
    return RG_OK;
}

rg_status rg_history_restore(struct rg_history *h, const struct rg_sections *s) {
    static const char *const names[] = {"history.validations", "history.validations_seen",
                                        "history.validations_stride"};
    size_t n_matrices = 0;
    RG_TRY(get_size(s, "history.points", RG_KEPT_UPDATES, &h->n_points));
    RG_TRY(rg_sections_number(s, "history.point_updates", UINT64_MAX / 2, &h->point_updates));
    RG_TRY(get_copy(s, "history.points", h->points, h->n_points * sizeof *h->points));
    RG_TRY(get_thinned(s, names, &h->validation));
    RG_TRY(get_copy(s, "history.validations", h->validations, h->validation.n * sizeof *h->validations));
    RG_TRY(get_size(s, "history.matrices", RG_MAX_PARAMETERS * 4, &n_matrices));
    if (n_matrices == 0) {
        return RG_OK;
    }
    RG_TRY(restore_matrices(h, s, n_matrices));
    return restore_samples(h, s);
}
