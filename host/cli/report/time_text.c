/* Reporting time constants: see time_text.h. */
#include "cli/report/time_text.h"

#include <stdio.h>

#include "files/json_lines.h"

void rg_time_text_print(const struct rg_time_constants *c) {
    const double *const q = c->quantiles;
    if (c->n == 0) {
        return;
    }
    (void)printf("time constants, -1 / mean ln %c (%c multiplies the previous state), in steps:\n", c->gate, c->gate);
    (void)printf("  of %zu unit%s: min %.3g, 10 %% %.3g, median %.3g, 90 %% %.3g, max %.3g\n", c->n,
                 c->n == 1 ? "" : "s", q[RG_TAU_MIN], q[RG_TAU_P10], q[RG_TAU_MEDIAN], q[RG_TAU_P90], q[RG_TAU_MAX]);
    if (c->endless > 0) {
        (void)printf("  inf: the gate of %zu of them was 1 at every step\n", c->endless);
    }
}

json_t *rg_time_text_json(const struct rg_time_constants *c) {
    static const char *const names[RG_TAU_QUANTILES] = {"min", "p10", "median", "p90", "max"};
    if (c->n == 0) {
        return json_null();
    }
    const char gate[] = {c->gate, '\0'};
    json_t *all = rg_json_pack("{s:s}", "gate", gate), *values = json_array();
    for (size_t i = 0; i < RG_TAU_QUANTILES; i++) {
        rg_json_set(&all, names[i], rg_json_real(c->quantiles[i]));
    }
    for (size_t i = 0; i < c->n; i++) {
        rg_json_append(&values, rg_json_real(c->values[i]));
    }
    rg_json_set(&all, "endless", json_integer((json_int_t)c->endless));
    rg_json_set(&all, "values", values);
    return all;
}
