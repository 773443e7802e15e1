/* Reporting the lags in the optimiser's step: see step_text.h. */
#include "cli/report/step_text.h"

#include <math.h>
#include <stdio.h>

#include "cli/report/explain.h"
#include "files/json_lines.h"
#include "gradient/ranges.h"

/* A matrix's shares [T] of the step. With a linear optimiser they are the shares of the gradient. */
static const double *shares_of(const struct rg_diagnosis *d, const struct rg_lag_terms *terms) {
    return d->linear ? terms->share : terms->step_share;
}

/* log10 of the ratio of the norm at a lag to the norm of the whole step. */
static double log10_part(const struct rg_diagnosis *d, const struct rg_lag_terms *terms, size_t lag) {
    return d->linear ? terms->log10_norm[lag] - log10(terms->total) : terms->step_log10[lag];
}

static bool is_known(const struct rg_diagnosis *d) {
    const double total = d->profile ? d->profile->matrices[RG_LAG_HH].total : 0.0;
    return d->stepped && total > 0.0 && isfinite(total);
}

/* The sum over lags [first, end) in percent. */
static double percent(const double *shares, size_t first, size_t end) {
    double sum = 0.0;
    for (size_t lag = first; lag < end; lag++) {
        sum += shares[lag];
    }
    return 100.0 * sum;
}

/* The same with two decimals, without the sign of a zero; "<0.005" for what they would make a zero. */
static const char *decimals(const double *shares, size_t first, size_t end, char out[32]) {
    const double sum = percent(shares, first, end);
    if (sum != 0.0 && fabs(sum) < 0.005) {
        (void)snprintf(out, 32, "<0.005");
    } else {
        (void)snprintf(out, 32, "%.2f", sum == 0.0 ? 0.0 : sum);
    }
    return out;
}

void rg_step_text_print(const struct rg_diagnosis *d) {
    const char *const name = rg_optimizer_names[d->optimizer];
    char step[32], whole[32];
    if (d->asked_step && !d->stepped) {
        (void)printf("no update was made: a step of %s cannot be split by lag\n", name);
    }
    if (!is_known(d)) {
        return;
    }
    const struct rg_lag_terms *const hh = &d->profile->matrices[RG_LAG_HH];
    const size_t lags = d->profile->lags, half = (lags + 1) / 2;
    if (hh->frozen) {
        (void)printf("a step of %s leaves W_hh as it is: it is frozen\n", name);
        return;
    }
    if (d->linear) {
        (void)printf("a step of %s is linear in the gradient: its lags have the same shares\n", name);
        return;
    }
    (void)printf("in a step of %s, its factor for each weight held as it is, W_hh's lags have\n", name);
    (void)printf("  0: %s %% (of the gradient %s %%)", decimals(hh->step_share, 0, 1, step),
                 decimals(hh->share, 0, 1, whole));
    if (half < lags) {
        (void)printf("; %zu to %zu: %s %% (%s %%)", half, lags - 1, decimals(hh->step_share, half, lags, step),
                     decimals(hh->share, half, lags, whole));
    }
    (void)putchar('\n');
}

/* Add the matrices of one direction that are not frozen. Without memory *list becomes NULL. */
static void add_matrices(json_t **list, const struct rg_diagnosis *d, const struct rg_lag_profile *p,
                         const struct rg_model *model) {
    struct rg_lag_columns columns;
    if (rg_lag_columns_create(p->lags, &columns) != RG_OK) {
        json_decref(*list);
        *list = NULL;
        return;
    }
    for (size_t m = 0; m < p->n_matrices; m++) {
        const struct rg_lag_terms *const t = &p->matrices[m];
        if (t->frozen) {
            continue;
        }
        json_t *item =
            rg_json_pack("{s:s, s:I}", "matrix", model->parameters[t->parameter].name, "layer", (json_int_t)p->layer);
        json_t *shares = json_array(), *norms = json_array();
        const bool some = t->total > 0.0 && isfinite(t->total);
        for (size_t i = 0; i < columns.n; i++) {
            double share = 0.0, norm = -INFINITY;
            for (size_t lag = columns.ranges[i].first; some && lag <= columns.ranges[i].last; lag++) {
                share += shares_of(d, t)[lag];
                norm = fmax(norm, log10_part(d, t, lag));
            }
            rg_json_append(&shares, rg_json_real(share));
            rg_json_append(&norms, rg_json_real(norm));
        }
        rg_lag_columns_add(&item, &columns);
        rg_json_set(&item, "share", shares);
        rg_json_set(&item, "log10_norm", norms);
        rg_json_append(list, item);
    }
    rg_lag_columns_release(&columns);
}

json_t *rg_step_text_json(const struct rg_diagnosis *d, const struct rg_model *model) {
    if (!is_known(d)) {
        return json_null();
    }
    json_t *list = json_array();
    for (size_t i = 0; i < d->profiles->layers * d->profiles->directions; i++) {
        add_matrices(&list, d, &d->profiles->items[i], model);
    }
    return rg_json_pack("{s:s, s:b, s:o}", "optimizer", rg_optimizer_names[d->optimizer], "linear", d->linear, "lags",
                        list);
}

/* ---- Table ---- */

rg_status rg_step_table(const struct rg_diagnosis *d, const struct rg_model *model, struct rg_own_table *table) {
    static const char *const heads[] = {"matrix", "lags", "share of the gradient", "share of the step"};
    const struct rg_lag_profile *const p = d->profile;
    struct rg_lag_range ranges[RG_MAX_RANGES];
    const struct rg_lag_terms *moving[RG_LAG_MATRICES];
    size_t n_moving = 0;
    for (size_t m = 0; m < p->n_matrices; m++) {
        if (!p->matrices[m].frozen) {
            moving[n_moving++] = &p->matrices[m];
        }
    }
    const bool known = is_known(d) && n_moving > 0;
    const size_t n = known ? rg_lag_ranges(p->lags, ranges) : 0;
    RG_TRY(rg_table_create(table, "The lags in the optimiser's step, its factor for each weight held as it is", heads,
                           sizeof heads / sizeof *heads, known ? n * n_moving : 1));
    table->table.place = RG_TABLE_DETAIL;
    if (!known) {
        rg_table_set(table, 0, 0, "not known");
        rg_table_set(table, 0, 1, n_moving > 0 ? "no update, or no gradient" : "all are frozen");
        return RG_OK;
    }
    for (size_t row = 0; row < n * n_moving; row++) {
        const struct rg_lag_terms *const t = moving[row / n];
        const struct rg_lag_range range = ranges[row % n];
        rg_table_set(table, row, 0, "%s", model->parameters[t->parameter].name);
        rg_table_set(table, row, 1, range.first == range.last ? "%zu" : "%zu to %zu", range.first, range.last);
        rg_table_set(table, row, 2, "%.3g %%", percent(t->share, range.first, range.last + 1));
        rg_table_set(table, row, 3, "%.3g %%", percent(shares_of(d, t), range.first, range.last + 1));
    }
    return RG_OK;
}
