/* Why a verdict is what it is: see explain.h. */
#include "report/explain.h"

#include <math.h>
#include <stdio.h>

#include "report/json_lines.h"

const char *rg_explain_power(double log10_value, char out[32]) {
    /* What two digits would round to 10 belongs to the next power. */
    const double whole = floor(log10_value + (1.0 - log10(9.95)));
    if (!isfinite(log10_value)) {
        (void)snprintf(out, 32, "%s", log10_value < 0.0 ? "0" : "inf");
    } else {
        (void)snprintf(out, 32, "%.2ge%+03.0f", pow(10.0, log10_value - whole), whole);
    }
    return out;
}

/* The judgement of one direction of one layer. */
static struct rg_judgement judge(const struct rg_lag_profile *p, const struct rg_causes *c) {
    struct rg_judgement j;
    rg_lag_judge(p, &j);
    rg_judge_products(c, &j);
    return j;
}

static void print_products(const struct rg_causes *c) {
    char a[32], b[32];
    if (c->last == 0) {
        return;
    }
    (void)printf("Jacobian product over %zu steps: singular values from %s to %s", c->last,
                 rg_explain_power(c->log10_smallest[c->last], a), rg_explain_power(c->log10_largest[c->last], b));
    if (c->directions < c->state) {
        (void)printf("\n  (of %zu of %zu directions)", c->directions, c->state);
    }
    if (c->n_exponents > 0 && isfinite(c->exponents[0])) {
        (void)printf("\n  Lyapunov exponents");
        for (size_t i = 0; i < c->n_exponents && i < 5; i++) {
            (void)printf(" %.3f", c->exponents[i]);
        }
        (void)printf("%s", c->n_exponents > 5 ? " ..." : "");
    }
    (void)putchar('\n');
}

static void print_decay(const struct rg_causes *c, const struct rg_judgement *j) {
    if (isnan(j->decay)) {
        (void)printf("decay not measurable");
    } else {
        (void)printf("decay measured %.4f a step (ln)", log(j->decay));
    }
    if (!isnan(c->bound) && !isnan(c->normal)) {
        (void)printf("; expected: mean field %.3f,\n  normal W_hh %.3f, at most %.3f", c->mean_field, c->normal,
                     c->bound);
    } else if (!isnan(c->mean_log_forget)) {
        (void)printf(";\n  mean ln of the forget gate %.3f", c->mean_log_forget);
    }
    if (isfinite(j->half_life)) {
        (void)printf("; half-life %.3g steps", j->half_life);
    }
    (void)putchar('\n');
}

/* Where the largest singular value of the product is furthest from 1. */
static const struct rg_causes *worst_of(const struct rg_all_causes *all) {
    const struct rg_causes *worst = rg_causes_of(all, all->layers - 1, 0);
    for (size_t i = all->layers * all->directions; i-- > 0;) {
        const struct rg_causes *const c = &all->items[i];
        if (c->steps && fabs(c->log10_largest[c->last]) > fabs(worst->log10_largest[worst->last])) {
            worst = c;
        }
    }
    return worst;
}

void rg_explain_print(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all,
                      const struct rg_judgement *last) {
    const struct rg_causes *const c = worst_of(all);
    const struct rg_lag_profile *const p = rg_lag_profile_of(profiles, c->layer, c->direction);
    const bool is_last = c->layer + 1 == all->layers && c->direction == 0;
    const struct rg_judgement j = is_last ? *last : judge(p, c);
    (void)printf("why");
    if (all->layers * all->directions > 1) {
        (void)printf(", in layer %zu%s, where the product goes furthest", c->layer, c->direction ? ", reverse" : "");
    }
    (void)printf(": mean slope of%sthe activations %.3g, %.3g %% of them saturated\n",
                 all->layers * all->directions > 1 ? "\n  " : " ", c->mean_slope, 100.0 * c->mean_saturated);
    (void)printf("  W_hh: largest singular value %.4g", c->sigma_hh);
    if (!isnan(c->radius)) {
        (void)printf(", spectral radius %.4g", c->radius);
    }
    (void)putchar('\n');
    print_products(c);
    print_decay(c, &j);
    if (!isnan(p->noise)) {
        (void)printf("gradient noise over %zu sequences: variance %.3g of the square\n", p->rows, p->noise);
    }
}

/* The last layer's second direction has its first step alone below the head, and no verdict. */
static bool has_past(const struct rg_lag_profile *p, const struct rg_all_causes *all) {
    return p->direction == 0 || p->layer + 1 < all->layers;
}

static const char *direction_name(const struct rg_causes *c) {
    return c->direction ? "reverse" : "forward";
}

static json_t *number(double value) {
    return isnan(value) ? json_null() : rg_json_real(value);
}

static json_t *exponents(const struct rg_causes *c) {
    json_t *const list = json_array();
    for (size_t i = 0; i < c->n_exponents; i++) {
        (void)json_array_append_new(list, number(c->exponents[i]));
    }
    return list;
}

json_t *rg_explain_json(const struct rg_lag_profile *p, const struct rg_causes *c, const struct rg_judgement *j) {
    const size_t last = c->last;
    const bool products = last > 0;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
                     "slope", number(c->mean_slope), "saturated", number(c->mean_saturated), "sigma_max",
                     number(c->sigma_hh), "spectral_radius", number(c->radius), "log10_largest",
                     number(products ? c->log10_largest[last] : NAN), "log10_smallest",
                     number(products ? c->log10_smallest[last] : NAN), "directions", (json_int_t)c->directions, "state",
                     (json_int_t)c->state, "lyapunov", exponents(c), "decay_log", number(log(j->decay)), "expected",
                     number(c->mean_field), "expected_normal", number(c->normal), "expected_most", number(c->bound),
                     "mean_log_forget", number(c->mean_log_forget), "half_life", number(j->half_life), "log10_reach",
                     number(j->log10_reach), "sensitivity", number(j->sensitivity), "gradient_noise", number(p->noise),
                     "sequences", (json_int_t)p->rows);
}

json_t *rg_explain_layers_json(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all) {
    json_t *const list = json_array();
    for (size_t i = 0; i < all->layers * all->directions; i++) {
        const struct rg_causes *const c = &all->items[i];
        const struct rg_lag_profile *const p = rg_lag_profile_of(profiles, c->layer, c->direction);
        const struct rg_judgement j = judge(p, c);
        json_t *const item =
            json_pack("{s:I, s:s, s:o, s:o, s:I}", "layer", (json_int_t)c->layer, "direction", direction_name(c),
                      "verdict", has_past(p, all) ? json_string(rg_verdict_names[j.verdict]) : json_null(), "decay",
                      number(j.decay), "horizon", (json_int_t)p->matrices[RG_LAG_HH].horizon);
        json_t *const causes = rg_explain_json(p, c, &j);
        (void)json_object_update(item, causes);
        json_decref(causes);
        (void)json_array_append_new(list, item);
    }
    return list;
}

/* ---- As a table ---- */

static void fill_row(struct rg_own_table *t, size_t row, const struct rg_lag_profile *p, const struct rg_causes *c,
                     const struct rg_all_causes *all) {
    const struct rg_judgement j = judge(p, c);
    char power[32];
    rg_table_set(t, row, 0, "%zu%s", c->layer, c->direction ? ", reverse" : "");
    rg_table_set(t, row, 1, "%s", has_past(p, all) ? rg_verdict_names[j.verdict] : "one step");
    rg_table_number(t, row, 2, 4, j.decay);
    rg_table_set(t, row, 3, "%zu", p->matrices[RG_LAG_HH].horizon);
    rg_table_number(t, row, 4, 3, c->mean_slope);
    rg_table_set(t, row, 5, "%.3g %%", 100.0 * c->mean_saturated);
    rg_table_number(t, row, 6, 4, c->sigma_hh);
    rg_table_number(t, row, 7, 4, c->radius);
    rg_table_set(t, row, 8, "%s", c->last ? rg_explain_power(c->log10_smallest[c->last], power) : "–");
    rg_table_set(t, row, 9, "%s", c->last ? rg_explain_power(c->log10_largest[c->last], power) : "–");
    rg_table_number(t, row, 10, 3, c->n_exponents ? c->exponents[0] : NAN);
}

rg_status rg_explain_table(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all,
                           struct rg_own_table *table) {
    static const char *const heads[] = {"layer",     "gradient", "factor",      "horizon", "slope",   "saturated",
                                        "sigma_max", "radius",   "product min", "max",     "Lyapunov"};
    const size_t n = all->layers * all->directions;
    RG_TRY(rg_table_create(table, "What happens to the gradient, and why", heads, sizeof heads / sizeof *heads, n));
    for (size_t i = 0; i < n; i++) {
        const struct rg_causes *const c = &all->items[i];
        fill_row(table, i, rg_lag_profile_of(profiles, c->layer, c->direction), c, all);
    }
    return RG_OK;
}

rg_status rg_history_add_causes(struct rg_history *h, const struct rg_causes *c) {
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SIGMA_MAX, c->log10_largest, c->steps));
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SIGMA_MIN, c->log10_smallest, c->steps));
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SATURATED, c->saturated, c->steps));
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SLOPE, c->slope, c->steps));
    return isnan(c->mean_log_forget) ? RG_OK : rg_history_set_cause(h, RG_CAUSE_FORGET, c->forget, c->steps);
}
