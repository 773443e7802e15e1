/* Reporting singular values: see spectrum_text.h. */
#include "cli/report/spectrum_text.h"

#include <math.h>
#include <stdio.h>

#include "cli/report/explain.h"
#include "files/json_lines.h"

/* A quantile by nearest rank. */
static double quantile(const struct rg_spectrum *s, double part) {
    const size_t rank = (size_t)ceil(part * (double)s->n);
    return s->log10_singular[s->n - (rank ? rank : 1)];
}

static void print_whole(const struct rg_spectrum *s, bool alone) {
    char a[32], b[32], c[32];
    const double *const values = s->log10_singular;
    if (s->zeros == s->n) {
        (void)printf("  all %zu singular values are 0: there is no condition number\n", s->n);
        return;
    }
    if (alone) {
        (void)printf("  one sequence in all %zu directions: singular values from %s to %s\n", s->n,
                     rg_explain_power(values[s->n - 1], a), rg_explain_power(values[0], b));
    }
    (void)printf("  all %zu: 10 %% %s, median %s, 90 %% %s; condition number ", s->n,
                 rg_explain_power(quantile(s, 0.1), a), rg_explain_power(quantile(s, 0.5), b),
                 rg_explain_power(quantile(s, 0.9), c));
    (void)puts(rg_explain_power(s->log10_condition, a));
    if (s->zeros > 0) {
        (void)printf("  %zu of them %s 0\n", s->zeros, s->zeros == 1 ? "is" : "are");
    }
}

void rg_spectrum_text_print(const struct rg_spectrum *s, size_t followed) {
    char a[32];
    if (s->n > 0) {
        print_whole(s, s->n > followed);
    } else if (s->power.iterations > 0) {
        (void)printf("  one sequence by power iteration, %zu times: largest singular value %s%s\n", s->power.iterations,
                     s->power.converged ? "" : "at least ", rg_explain_power(s->power.log10_largest, a));
    }
}

void rg_spectrum_text_add(json_t **object, const struct rg_spectrum *s) {
    const bool whole = s->n > 0, powered = s->power.iterations > 0;
    json_t *values = whole ? json_array() : json_null();
    for (size_t i = 0; i < s->n; i++) {
        rg_json_append(&values, rg_json_real(s->log10_singular[i]));
    }
    json_t *const all =
        rg_json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "log10_singular", values, "log10_condition",
                     rg_json_measured(whole ? s->log10_condition : NAN), "log10_sigma_max",
                     rg_json_measured(whole     ? s->log10_singular[0]
                                      : powered ? s->power.log10_largest
                                                : NAN),
                     "spectrum_steps", (json_int_t)s->steps, "spectrum_sequences", (json_int_t)s->sequences,
                     "sigma_max_iterations", powered ? json_integer((json_int_t)s->power.iterations) : json_null(),
                     "sigma_max_converged", powered ? json_boolean(s->power.converged) : json_null());
    rg_json_merge(object, all);
}
