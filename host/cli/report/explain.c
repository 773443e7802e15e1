/* Explaining a verdict: see explain.h. */
#include "cli/report/explain.h"

#include <math.h>
#include <stdio.h>

#include "cli/report/chance.h"
#include "cli/report/cut_text.h"
#include "cli/report/spectrum_text.h"
#include "cli/report/step_text.h"
#include "cli/report/time_text.h"
#include "files/json_lines.h"

/* Print the sequences behind a figure of the products. */
static void print_sequences(const struct rg_causes *c) {
    (void)printf("%s %zu sequence%s", c->sequences > 1 ? "median of" : "of", c->sequences,
                 c->sequences == 1 ? "" : "s");
    if ((double)c->sequences < c->reached[0]) {
        (void)printf(" of %.0f, which reach so far", c->reached[0]);
    }
    if (c->dead > 0) {
        (void)printf(", %zu of them dead", c->dead);
    }
}

static void print_products(const struct rg_causes *c) {
    char a[32], b[32];
    if (c->last == 0) {
        return;
    }
    const bool some = c->directions < c->state;
    (void)rg_explain_power(c->log10_largest[c->last], b);
    (void)printf("Jacobian product over %zu step%s: ", c->last, c->last == 1 ? "" : "s");
    if (some) {
        (void)printf("largest singular value at least %s\n  (%zu of %zu directions; ", b, c->directions, c->state);
    } else {
        (void)printf("singular values from %s to %s\n  (", rg_explain_power(c->log10_smallest[c->last], a), b);
    }
    print_sequences(c);
    (void)puts(")");
}

static void print_exponents(const struct rg_causes *c) {
    if (c->last > 0 && c->n_exponents > 0 && isfinite(c->exponents[0])) {
        (void)printf("  finite-time Lyapunov exponents over %zu step%s, with the transient:\n   ", c->last,
                     c->last == 1 ? "" : "s");
        for (size_t i = 0; i < c->n_exponents && i < 5; i++) {
            (void)printf(" %.3f", c->exponents[i]);
        }
        (void)puts(c->n_exponents > 5 ? " ..." : "");
        const double largest = c->log10_largest[c->last] * log(10.0) / (double)c->last;
        if (largest > c->exponents[0] + 5e-4) { /* QR orders the directions only in the long run */
            (void)printf("    by QR, of volumes; ln of the largest singular value is %.3f a step\n", largest);
        }
    }
    rg_spectrum_text_print(&c->spectrum, c->directions);
}

/* Print the decay that theory predicts, where it applies. */
static void print_expected(const struct rg_causes *c) {
    const struct {
        const char *name;
        double value;
    } items[] = {{"mean field", c->mean_field},
                 {"normal W_hh", c->normal},
                 {"at most", c->bound},
                 {"mean ln of the forget gate", c->mean_log_forget}};
    bool any = false;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        if (isfinite(items[i].value)) {
            (void)printf("%s%s %.3f", any ? ", " : "  expectation: ", items[i].name, items[i].value);
            any = true;
        }
    }
    (void)fputs(any ? "\n" : "", stdout);
}

static void print_decay(const struct rg_verdict *v) {
    if (isnan(v->decay)) {
        (void)puts("decay not measurable");
        return;
    }
    (void)printf("decay %.4f a step (slope of ln |delta| over all lags)", v->decay);
    if (isfinite(v->half_life)) {
        (void)printf("; half-life %.3g steps", v->half_life);
    }
    (void)putchar('\n');
}

static void print_matrix(const char *name, double sigma, double radius) {
    (void)printf("  %s: largest singular value %.4g", name, sigma);
    if (!isnan(radius)) {
        (void)printf(", spectral radius %.4g", radius);
    }
    (void)putchar('\n');
}

static void print_activations(const struct rg_diagnosis *d) {
    const struct rg_causes *const c = d->cause;
    char place[48];
    (void)printf("why");
    if (d->profiles->layers * d->profiles->directions > 1) {
        (void)printf(", in %s", rg_explain_place(c->layer, c->direction, place));
    }
    if (isnan(c->mean_slope)) {
        (void)puts(": not measured");
        return;
    }
    const bool several = d->profiles->layers * d->profiles->directions > 1; /* the line then has less room */
    (void)printf(several ? ": mean slope of activations %.3g, %.3g %% saturated\n"
                         : ": mean slope of the activations %.3g, %.3g %% of them saturated\n",
                 c->mean_slope, 100.0 * c->mean_saturated);
    print_matrix("W_hh", c->sigma_hh, c->radius);
    if (!isnan(c->sigma_sh)) {
        print_matrix("W_sh, of the skip", c->sigma_sh, c->radius_sh);
    }
}

static void print_noise(const struct rg_lag_profile *p) {
    if (isnan(p->noise)) {
        return;
    }
    (void)printf("gradient noise over %zu sequences: variance %.3g of the square\n", p->rows, p->noise);
    const double scale = rg_lag_noise_scale(p);
    if (isnan(scale)) {
        (void)printf("  that is %.3g times the norm of the gradient: its shares by lag mean little\n", sqrt(p->noise));
    } else {
        (void)printf("  a batch of %.3g has as much noise as gradient (simple noise scale)\n", scale);
    }
}

void rg_explain_print(const struct rg_diagnosis *d, bool all) {
    if (d->cause) {
        print_activations(d);
        print_products(d->cause);
    }
    if (!all) {
        (void)puts("  with -v also: decay, expectation, Lyapunov exponents, truncation, steps, noise");
        return;
    }
    if (d->cause) {
        print_exponents(d->cause);
    }
    print_decay(&d->verdict);
    if (d->cause) {
        print_expected(d->cause);
        rg_time_text_print(&d->cause->times);
    }
    rg_chance_print(d->profile);
    print_noise(d->profile);
    rg_cut_print(d->profile);
    rg_step_text_print(d);
}

static const char *direction_name(size_t direction) {
    return direction ? "reverse" : "forward";
}

static json_t *exponents(const struct rg_causes *c) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_exponents; i++) {
        rg_json_append(&list, rg_json_measured(c->exponents[i]));
    }
    return list;
}

/* The numbers of the verdict. */
static json_t *verdict_json(const struct rg_lag_profile *p, const struct rg_verdict *v) {
    json_t *all = rg_json_pack(
        "{s:I, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:o, s:o}", "layer", (json_int_t)p->layer,
        "direction", direction_name(p->direction), "decay", rg_json_measured(v->decay), "factor",
        rg_json_measured(v->factor), "reach", rg_json_measured(v->reach), "log10_reach",
        rg_json_measured(v->log10_reach), "reach_lag", (json_int_t)v->last, "reach_sequences", (json_int_t)v->sequences,
        "dead_sequences", (json_int_t)v->dead, "half_life", rg_json_measured(v->half_life), "sensitivity",
        rg_json_measured(v->sensitivity), "sequences", (json_int_t)p->rows, "lags_measured", (json_int_t)p->lags,
        "gradient_noise", rg_json_measured(p->noise), "noise_scale", rg_json_measured(rg_lag_noise_scale(p)));
    rg_chance_add(&all, p);
    return all;
}

json_t *rg_explain_json(const struct rg_lag_profile *p, const struct rg_causes *c, const struct rg_verdict *v) {
    const size_t last = c->last;
    const bool products = last > 0, whole = c->directions == c->state;
    json_t *all = verdict_json(p, v);
    json_t *const causes = rg_json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "slope",
        rg_json_measured(c->mean_slope), "saturated", rg_json_measured(c->mean_saturated), "sigma_max",
        rg_json_measured(c->sigma_hh), "spectral_radius", rg_json_measured(c->radius), "sigma_max_skip",
        rg_json_measured(c->sigma_sh), "spectral_radius_skip", rg_json_measured(c->radius_sh), "log10_largest",
        rg_json_measured(products ? c->log10_largest[last] : NAN), "log10_smallest",
        rg_json_measured(products && whole ? c->log10_smallest[last] : NAN), "directions", (json_int_t)c->directions,
        "state", (json_int_t)c->state, "product_steps", (json_int_t)last, "product_sequences", (json_int_t)c->sequences,
        "product_dead", (json_int_t)c->dead, "lyapunov", exponents(c), "expected", rg_json_measured(c->mean_field),
        "expected_normal", rg_json_measured(c->normal), "expected_most", rg_json_measured(c->bound), "mean_log_forget",
        rg_json_measured(c->mean_log_forget));
    rg_json_merge(&all, causes);
    rg_json_set(&all, "time_constants", rg_time_text_json(&c->times));
    rg_spectrum_text_add(&all, &c->spectrum);
    rg_json_set(&all, "truncation", rg_cut_json(p));
    return all;
}

json_t *rg_explain_layers_json(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all) {
    json_t *list = json_array();
    for (size_t i = 0; i < all->layers * all->directions; i++) {
        const struct rg_causes *const c = &all->items[i];
        const struct rg_lag_profile *const p = &profiles->items[i];
        const bool has_verdict = p->lags > 0 && p->has_past;
        struct rg_verdict v;
        rg_verdict_on(p, c, &v);
        json_t *item = rg_explain_json(p, c, &v);
        rg_json_set(&item, "verdict", has_verdict ? json_string(rg_verdict_names[v.word]) : json_null());
        rg_json_set(&item, "horizon", p->lags > 0 ? json_integer((json_int_t)v.horizon) : json_null());
        rg_json_append(&list, item);
    }
    return list;
}

/* ---- Table ---- */

enum { VERDICT_COLUMN = 1, SKIP_COLUMN = 13, COLUMNS = 15 }; /* only a net with W_sh has columns from SKIP_COLUMN on */

static void fill_row(struct rg_own_table *t, size_t row, const struct rg_lag_profiles *profiles,
                     const struct rg_causes *c) {
    const struct rg_lag_profile *const p = &profiles->items[row];
    struct rg_verdict v;
    char a[32], b[32];
    rg_verdict_on(p, c, &v);
    const bool products = c->last > 0, whole = c->directions == c->state;
    rg_table_set(t, row, 0, "%zu%s", c->layer, c->direction ? ", reverse" : "");
    rg_table_set(t, row, VERDICT_COLUMN, "%s",
                 p->lags == 0  ? "not measured"
                 : p->has_past ? rg_verdict_names[v.word]
                               : "one step");
    rg_table_set(t, row, 2, "%s", p->lags ? rg_explain_power(v.log10_reach, a) : "–");
    rg_table_number(t, row, 3, 4, v.factor);
    rg_table_number(t, row, 4, 4, p->lags ? (double)v.horizon : NAN);
    rg_table_number(t, row, 5, 3, c->mean_slope);
    rg_table_number(t, row, 6, 3, c->mean_saturated);
    rg_table_number(t, row, 7, 4, c->sigma_hh);
    rg_table_number(t, row, 8, 4, c->radius);
    rg_table_set(t, row, 9, "%s", products && whole ? rg_explain_power(c->log10_smallest[c->last], a) : "–");
    rg_table_set(t, row, 10, "%s%s", products && !whole ? "at least " : "",
                 products ? rg_explain_power(c->log10_largest[c->last], b) : "–");
    rg_table_number(t, row, 11, 3, c->n_exponents ? c->exponents[0] : NAN);
    rg_table_number(t, row, 12, 3, c->times.n ? c->times.quantiles[RG_TAU_MEDIAN] : NAN);
    if (t->table.n_columns > SKIP_COLUMN) {
        rg_table_number(t, row, SKIP_COLUMN, 4, c->sigma_sh);
        rg_table_number(t, row, SKIP_COLUMN + 1, 4, c->radius_sh);
    }
}

rg_status rg_explain_table(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all,
                           struct rg_own_table *table) {
    static const char *const heads[COLUMNS] = {"layer",         "gradient",       "reach",       "factor",
                                               "horizon",       "slope",          "saturated",   "sigma_max",
                                               "radius",        "product min",    "product max", "finite-time Lyapunov",
                                               "time constant", "W_sh sigma_max", "W_sh radius"};
    const size_t n = all->layers * all->directions;
    bool skips = false;
    for (size_t i = 0; i < n; i++) {
        skips = skips || !isnan(all->items[i].sigma_sh);
    }
    RG_TRY(rg_table_create(table, "What happens to the gradient, and why", heads, skips ? COLUMNS : SKIP_COLUMN, n));
    table->table.place = RG_TABLE_REASON;
    table->table.verdict_column = VERDICT_COLUMN;
    for (size_t i = 0; i < n; i++) {
        fill_row(table, i, profiles, &all->items[i]);
    }
    return RG_OK;
}

rg_status rg_history_add_causes(struct rg_history *h, const struct rg_causes *c) {
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SIGMA_MAX, c->log10_largest, c->steps));
    if (c->directions == c->state) { /* with fewer directions it is not that of the product */
        RG_TRY(rg_history_set_cause(h, RG_CAUSE_SIGMA_MIN, c->log10_smallest, c->steps));
    }
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SATURATED, c->saturated, c->steps));
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SLOPE, c->slope, c->steps));
    return isnan(c->mean_log_forget) ? RG_OK : rg_history_set_cause(h, RG_CAUSE_FORGET, c->forget, c->steps);
}
