/* Reporting how much of a lag profile is chance: see chance.h. */
#include "cli/report/chance.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "files/json_lines.h"

bool rg_chance_known(const struct rg_lag_profile *p) {
    return p->statistics.lack == RG_STATISTICS_WHOLE;
}

size_t rg_chance_noise_from(const struct rg_lag_profile *p) {
    size_t from = SIZE_MAX;
    for (size_t i = rg_chance_known(p) ? p->statistics.n_ranges : 0; i-- > 0;) {
        if (rg_is_noise(&p->matrix_statistics[RG_LAG_HH], i)) {
            from = p->statistics.ranges[i].first;
        } else if (!isnan(p->matrix_statistics[RG_LAG_HH].chance[i])) { /* signal, and not just a missing gradient */
            break;
        }
    }
    return from;
}

size_t rg_chance_noise(const struct rg_lag_profile *p, struct rg_lag_range noise[RG_MAX_RANGES]) {
    const struct rg_matrix_statistics *const m = &p->matrix_statistics[RG_LAG_HH];
    const size_t n_ranges = rg_chance_known(p) ? p->statistics.n_ranges : 0;
    size_t n = 0;
    bool goes_on = false, any_signal = false; /* is there only noise, or nothing, since the last range of `noise`? */
    for (size_t i = 0; i < n_ranges; i++) {
        const bool is_noise = rg_is_noise(m, i), is_signal = !is_noise && !isnan(m->chance[i]);
        if (is_noise && goes_on) {
            noise[n - 1].last = p->statistics.ranges[i].last;
        } else if (is_noise) {
            noise[n++] = p->statistics.ranges[i];
        }
        goes_on = (goes_on || is_noise) && !is_signal;
        any_signal = any_signal || is_signal;
    }
    if (n > 0 && goes_on) { /* no gradient comes from further back */
        noise[n - 1].last = p->statistics.ranges[n_ranges - 1].last;
    }
    if (n > 0 && !any_signal) {
        noise[0].first = 0;
    }
    return n;
}

const char *rg_chance_groups(const struct rg_lag_profile *p, char out[64]) {
    const size_t groups = p->statistics.groups, min = p->rows / groups, max = (p->rows + groups - 1) / groups;
    if (max == 1) {
        (void)snprintf(out, 64, "%zu sequences", groups);
    } else if (min == max) {
        (void)snprintf(out, 64, "%zu groups of %zu sequences", groups, max);
    } else {
        (void)snprintf(out, 64, "%zu groups of %zu or %zu sequences", groups, min, max);
    }
    return out;
}

/* The reason why there are no statistics. */
static const char *reason_of(const struct rg_lag_profile *p, char out[64]) {
    switch (p->statistics.lack) {
    case RG_STATISTICS_FEW:
        (void)snprintf(out, 64, "%zu sequence%s, and %d are needed", p->rows, p->rows == 1 ? "" : "s", RG_MIN_MICRO);
        break;
    case RG_STATISTICS_LARGE:
        (void)snprintf(out, 64, "the matrices are too large for them");
        break;
    case RG_STATISTICS_NO_GRADIENT:
        (void)snprintf(out, 64, "weight_hh's gradient is 0 or not finite");
        break;
    case RG_STATISTICS_INTERRUPTED:
    case RG_STATISTICS_WHOLE:
    default:
        (void)snprintf(out, 64, "the measurement ended before");
        break;
    }
    return out;
}

void rg_chance_print(const struct rg_lag_profile *p) {
    const struct rg_lag_statistics *const s = &p->statistics;
    const struct rg_interval *const horizon = &p->matrix_statistics[RG_LAG_HH].horizon;
    char text[64];
    if (!rg_chance_known(p)) {
        (void)printf("no intervals: %s\n", reason_of(p, text));
        return;
    }
    (void)printf("95 %% intervals by bootstrap over %s:\n ", rg_chance_groups(p, text));
    if (!isnan(s->decay.low)) {
        (void)printf(" decay %.4f to %.4f;", s->decay.low, s->decay.high);
    }
    (void)printf(" horizon %.0f to %.0f steps; shares as above\n", horizon->low, horizon->high);
}

void rg_chance_add(json_t **object, const struct rg_lag_profile *p) {
    const bool known = rg_chance_known(p);
    const size_t noise_from = rg_chance_noise_from(p);
    const struct rg_interval none = {NAN, NAN}, *const decay = known ? &p->statistics.decay : &none;
    const struct rg_interval *const horizon = known ? &p->matrix_statistics[RG_LAG_HH].horizon : &none;
    json_t *const all =
        rg_json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "groups",
                     known ? json_integer((json_int_t)p->statistics.groups) : json_null(), "decay_low",
                     rg_json_measured(decay->low), "decay_high", rg_json_measured(decay->high), "horizon_low",
                     rg_json_measured(horizon->low), "horizon_high", rg_json_measured(horizon->high), "noise_from",
                     noise_from == SIZE_MAX ? json_null() : json_integer((json_int_t)noise_from));
    rg_json_merge(object, all);
}

json_t *rg_chance_json(const struct rg_lag_profile *p, size_t matrix) {
    const struct rg_matrix_statistics *const m = &p->matrix_statistics[matrix];
    if (!rg_chance_known(p)) {
        return json_null();
    }
    json_t *columns[] = {json_array(), json_array(), json_array(), json_array(),
                         json_array(), json_array(), json_array()};
    for (size_t i = 0; i < p->statistics.n_ranges; i++) {
        rg_json_append(&columns[0], json_integer((json_int_t)p->statistics.ranges[i].first));
        rg_json_append(&columns[1], json_integer((json_int_t)p->statistics.ranges[i].last));
        rg_json_append(&columns[2], rg_json_measured(m->share[i].low));
        rg_json_append(&columns[3], rg_json_measured(m->share[i].high));
        rg_json_append(&columns[4], rg_json_measured(m->snr[i]));
        rg_json_append(&columns[5], rg_json_measured(m->chance[i]));
        rg_json_append(&columns[6], json_boolean(rg_is_noise(m, i)));
    }
    return rg_json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "from", columns[0], "to", columns[1], "share_low",
                        columns[2], "share_high", columns[3], "signal_to_noise", columns[4], "chance", columns[5],
                        "noise", columns[6]);
}

/* ---- Table ---- */

static void fill_row(struct rg_own_table *t, size_t row, const struct rg_lag_profile *p, size_t matrix, size_t range) {
    const struct rg_matrix_statistics *const m = &p->matrix_statistics[matrix];
    const struct rg_lag_terms *const terms = &p->matrices[matrix];
    const struct rg_lag_range lags = p->statistics.ranges[range];
    double share = 0.0;
    for (size_t lag = lags.first; lag <= lags.last; lag++) {
        share += terms->share[lag];
    }
    rg_table_set(t, row, 1, lags.first == lags.last ? "%zu" : "%zu to %zu", lags.first, lags.last);
    rg_table_set(t, row, 2, "%.3g %%", 100.0 * share);
    if (isnan(m->share[range].low)) {
        rg_table_set(t, row, 3, "–");
    } else {
        rg_table_set(t, row, 3, "%.3g to %.3g %%", 100.0 * m->share[range].low, 100.0 * m->share[range].high);
    }
    rg_table_number(t, row, 4, 3, m->snr[range]);
    rg_table_number(t, row, 5, 2, m->chance[range]);
    rg_table_set(t, row, 6, "%s", isnan(m->chance[range]) ? "no gradient" : rg_is_noise(m, range) ? "noise" : "signal");
}

rg_status rg_chance_table(const struct rg_lag_profile *p, const struct rg_model *model, struct rg_own_table *table) {
    static const char *const heads[] = {"matrix", "lags", "share", "95 % interval", "signal to noise", "chance", ""};
    const bool known = rg_chance_known(p);
    const size_t ranges = p->statistics.n_ranges, n = known ? p->n_matrices * ranges : 1;
    char reason[64];
    RG_TRY(rg_table_create(table, "Signal or noise: the shares by range of lags, over groups of sequences", heads,
                           sizeof heads / sizeof *heads, n));
    table->table.place = RG_TABLE_DETAIL;
    if (!known) {
        rg_table_set(table, 0, 0, "not known");
        rg_table_set(table, 0, 1, "%s", reason_of(p, reason));
        return RG_OK;
    }
    for (size_t m = 0; m < p->n_matrices; m++) {
        for (size_t i = 0; i < ranges; i++) {
            rg_table_set(table, m * ranges + i, 0, "%s", model->parameters[p->matrices[m].parameter].name);
            fill_row(table, m * ranges + i, p, m, i);
        }
    }
    return RG_OK;
}
