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

static void print_products(const struct rg_lag_profile *p, const struct rg_causes *c) {
    char a[32], b[32];
    const size_t last = p->probe - 1;
    if (c->directions == 0 || last == 0) {
        return;
    }
    (void)printf("Jacobian product over %zu steps: singular values from %s to %s", last,
                 rg_explain_power(c->log10_smallest[last], a), rg_explain_power(c->log10_largest[last], b));
    if (c->directions < c->state) {
        (void)printf("\n  (of %zu of %zu directions)", c->directions, c->state);
    }
    if (c->n_exponents > 0 && !isnan(c->exponents[0])) {
        (void)printf("\n  Lyapunov exponents");
        for (size_t i = 0; i < c->n_exponents && i < 5; i++) {
            (void)printf(" %.3f", c->exponents[i]);
        }
        (void)printf("%s", c->n_exponents > 5 ? " …" : "");
    }
    (void)putchar('\n');
}

void rg_explain_print(const struct rg_lag_profile *p, const struct rg_causes *c, const struct rg_judgement *j) {
    (void)printf("why: mean slope of the activations %.3g, %.3g %% of them saturated\n", c->mean_slope,
                 100.0 * c->mean_saturated);
    (void)printf("  W_hh: largest singular value %.4g", c->sigma_hh);
    if (!isnan(c->radius)) {
        (void)printf(", spectral radius %.4g", c->radius);
    }
    (void)putchar('\n');
    print_products(p, c);
    if (isnan(j->decay)) {
        (void)printf("decay not measurable");
    } else {
        (void)printf("decay measured %.4f a step (ln)", log(j->decay));
    }
    if (!isnan(c->bound) && !isnan(c->normal)) {
        (void)printf("; expected: mean field %.3f,\n  normal W_hh %.3f, at most %.3f", c->mean_field, c->normal,
                     c->bound);
    } else if (!isnan(c->mean_log_forget)) {
        (void)printf("; mean ln of the forget gate %.3f", c->mean_log_forget);
    }
    if (isfinite(j->half_life)) {
        (void)printf("; half-life %.3g steps", j->half_life);
    }
    (void)putchar('\n');
    if (!isnan(p->noise)) {
        (void)printf("gradient noise over %zu sequences: variance %.3g of the square\n", p->rows, p->noise);
    }
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
    const size_t last = p->probe - 1;
    const bool products = c->directions > 0 && last > 0;
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

rg_status rg_history_add_causes(struct rg_history *h, const struct rg_causes *c) {
    if (c->directions > 0) {
        RG_TRY(rg_history_set_cause(h, RG_CAUSE_SIGMA_MAX, c->log10_largest, c->steps));
        RG_TRY(rg_history_set_cause(h, RG_CAUSE_SIGMA_MIN, c->log10_smallest, c->steps));
    }
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SATURATED, c->saturated, c->steps));
    RG_TRY(rg_history_set_cause(h, RG_CAUSE_SLOPE, c->slope, c->steps));
    return isnan(c->mean_log_forget) ? RG_OK : rg_history_set_cause(h, RG_CAUSE_FORGET, c->forget, c->steps);
}
