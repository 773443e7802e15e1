/* The lag profile as tensors: see lag_tensors.h. */
#include "gradient/lag_tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/cells.h"
#include "rnn_gpu/memory.h"

/* The parts of a tensor's name; an empty one is "". */
struct name {
    const char *first, *middle, *last;
};

/* Add a tensor [n]. */
static void add(struct rg_lag_tensors *list, struct name name, const double *values, size_t n) {
    char *const whole = list->names[list->count];
    (void)snprintf(whole, sizeof list->names[0], "%s%s%s", name.first, name.middle, name.last);
    list->items[list->count++] = (struct rg_tensor){
        .name = whole, .dtype = RG_F64, .n_dims = 1, .shape = {n}, .data = values, .data_bytes = n * sizeof *values};
}

/* Add a tensor [rows][columns]. */
static void add_matrix(struct rg_lag_tensors *list, struct name name, const double *values, size_t rows,
                       size_t columns) {
    add(list, name, values, rows * columns);
    struct rg_tensor *const t = &list->items[list->count - 1];
    t->n_dims = 2;
    t->shape[0] = rows;
    t->shape[1] = columns;
}

static void add_terms(struct rg_lag_tensors *list, const struct rg_lag_terms *terms, const char *name,
                      const char *suffix, size_t steps) {
    add(list, (struct name){"lag.norm.", name, suffix}, terms->norm, steps);
    add(list, (struct name){"lag.share.", name, suffix}, terms->share, steps);
    add(list, (struct name){"lag.cosine.", name, suffix}, terms->cosine, steps);
    add(list, (struct name){"lag.log10_norm.", name, suffix}, terms->log10_norm, steps);
    add(list, (struct name){"lag.error.", name, suffix}, terms->error, steps);
    add(list, (struct name){"lag.cut_cosine.", name, suffix}, terms->cut_cosine, steps);
}

/* Convert logarithms of quantiles to norms [RG_N_QUANTILES][T]; 0 where no sequence has the lag. */
static double *powers(double *const logs[RG_N_QUANTILES], size_t steps, double **at) {
    double *const out = *at;
    for (size_t q = 0; q < RG_N_QUANTILES; q++) {
        for (size_t lag = 0; lag < steps; lag++) {
            out[q * steps + lag] = isnan(logs[q][lag]) ? 0.0 : pow(10.0, logs[q][lag]);
        }
    }
    *at += RG_N_QUANTILES * steps;
    return out;
}

/* Name suffix of a direction: "" for layer 0 forward, else such as ".l1" or ".l0_reverse". */
static void name_direction(size_t layer, size_t direction, char suffix[32]) {
    suffix[0] = '\0';
    if (layer > 0 || direction > 0) {
        (void)snprintf(suffix, 32, ".l%zu%s", layer, direction ? "_reverse" : "");
    }
}

static void add_causes(struct rg_lag_tensors *list, const struct rg_causes *c) {
    char suffix[32];
    name_direction(c->layer, c->direction, suffix);
    add(list, (struct name){"cause.slope", "", suffix}, c->slope, c->steps);
    add(list, (struct name){"cause.saturated", "", suffix}, c->saturated, c->steps);
    if (!isnan(c->mean_log_forget)) {
        add(list, (struct name){"cause.forget", "", suffix}, c->forget, c->steps);
    }
    if (c->times.n > 0) {
        add(list, (struct name){"cause.time_constants", "", suffix}, c->times.values, c->times.n);
    }
    add(list, (struct name){"cause.log10_sigma_max", "", suffix}, c->log10_largest, c->steps);
    if (c->directions == c->state) { /* with fewer directions the smallest value is not that of the product */
        add(list, (struct name){"cause.log10_sigma_min", "", suffix}, c->log10_smallest, c->steps);
    }
    add(list, (struct name){"cause.sequences", "", suffix}, c->reached, c->steps);
    if (c->spectrum.n > 0) {
        add(list, (struct name){"cause.log10_singular", "", suffix}, c->spectrum.log10_singular, c->spectrum.n);
        if (!isnan(c->spectrum.log10_condition)) {
            add(list, (struct name){"cause.log10_condition", "", suffix}, &c->spectrum.log10_condition, 1);
        }
    } else if (c->spectrum.power.iterations > 0) {
        add(list, (struct name){"cause.log10_sigma_power", "", suffix}, &c->spectrum.power.log10_largest, 1);
    }
    if (c->n_exponents > 0) {
        add(list, (struct name){"cause.lyapunov", "", suffix}, c->exponents, c->n_exponents);
    }
}

static void add_profile(struct rg_lag_tensors *list, const struct rg_lag_profile *p, const struct rg_model *model,
                        double **at) {
    char suffix[32] = "";
    for (size_t m = 0; m < p->n_matrices; m++) {
        const char *const name = model->parameters[p->matrices[m].parameter].name;
        add_terms(list, &p->matrices[m], name, "", p->steps);
        for (size_t g = 0; p->n_gates > 1 && g < p->n_gates; g++) {
            (void)snprintf(suffix, sizeof suffix, ".gate_%c", rg_cells[model->shape.cell].letters[g]);
            add_terms(list, &p->gates[m][g], name, suffix, p->steps);
        }
    }
    name_direction(p->layer, p->direction, suffix);
    add(list, (struct name){"delta.norm", "", suffix}, p->delta_norm, p->steps);
    add(list, (struct name){"delta.log10_norm", "", suffix}, p->delta_log10, p->steps);
    add_matrix(list, (struct name){"delta.quantiles", "", suffix}, powers(p->delta_quantiles, p->steps, at),
               RG_N_QUANTILES, p->steps);
    add_matrix(list, (struct name){"delta.term_quantiles", "", suffix}, powers(p->term_quantiles, p->steps, at),
               RG_N_QUANTILES, p->steps);
}

/* Add the statistics by range of lags, if there are any. `ranges` [2][RG_MAX_RANGES] receives the first and last lags.
 */
static void add_ranges(struct rg_lag_tensors *list, const struct rg_lag_profile *p, const struct rg_model *model,
                       double (*ranges)[RG_MAX_RANGES]) {
    const struct rg_lag_statistics *const s = &p->statistics;
    const size_t n = s->n_ranges;
    char suffix[32];
    if (s->lack != RG_STATISTICS_WHOLE) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        ranges[0][i] = (double)s->ranges[i].first;
        ranges[1][i] = (double)s->ranges[i].last;
    }
    name_direction(p->layer, p->direction, suffix);
    add(list, (struct name){"range.from", "", suffix}, ranges[0], n);
    add(list, (struct name){"range.to", "", suffix}, ranges[1], n);
    for (size_t m = 0; m < p->n_matrices; m++) {
        const struct rg_matrix_statistics *const of = &p->matrix_statistics[m];
        const char *const name = model->parameters[p->matrices[m].parameter].name;
        add_matrix(list, (struct name){"range.share.", name, ""}, &of->share[0].low, n, 2);
        add(list, (struct name){"range.snr.", name, ""}, of->snr, n);
        add(list, (struct name){"range.chance.", name, ""}, of->chance, n);
    }
}

rg_status rg_lag_tensors_create(const struct rg_lag_profiles *profiles, const struct rg_all_causes *causes,
                                const struct rg_model *model, struct rg_lag_tensors *list) {
    const size_t n = profiles->layers * profiles->directions;
    const size_t each = RG_LAG_TENSORS;
    *list = (struct rg_lag_tensors){0};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&list->items, n * each, sizeof *list->items, "the lag profile"));
    RG_TRY_GOTO(rg_alloc(&list->names, n * each, sizeof *list->names, "the lag profile"));
    RG_TRY_GOTO(
        rg_alloc(&list->numbers, n * 2 * RG_N_QUANTILES, profiles->items[0].steps * sizeof(double), "the lag profile"));
    RG_TRY_GOTO(rg_alloc(&list->ranges, n, sizeof *list->ranges, "the lag profile"));
    double *at = list->numbers;
    for (size_t i = 0; i < n; i++) {
        add_profile(list, &profiles->items[i], model, &at);
        add_causes(list, &causes->items[i]);
        add_ranges(list, &profiles->items[i], model, list->ranges[i]);
    }
    return RG_OK;
cleanup:
    rg_lag_tensors_release(list);
    return status;
}

void rg_lag_tensors_release(struct rg_lag_tensors *list) {
    rg_free(list->items);
    rg_free(list->names);
    rg_free(list->numbers);
    rg_free(list->ranges);
    *list = (struct rg_lag_tensors){0};
}
