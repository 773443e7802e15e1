/* Reporting the bias of truncated BPTT: see cut_text.h. */
#include "cli/report/cut_text.h"

#include <math.h>
#include <stdio.h>

#include "files/json_lines.h"

enum { COLUMNS = 8 /* columns of a row of the table */ };

/* An error below this is rounding. */
static const double NOTHING = 1e-12;

size_t rg_cut_steps(size_t lags, size_t steps[RG_MAX_CUTS]) {
    size_t n = 0;
    for (size_t k = 1; k < lags && n + 1 < RG_MAX_CUTS; k *= 2) {
        steps[n++] = k;
    }
    steps[n++] = lags;
    return n;
}

static bool has_gradient(const struct rg_lag_profile *p) {
    const double total = p->matrices[RG_LAG_HH].total;
    return total > 0.0 && isfinite(total);
}

void rg_cut_print(const struct rg_lag_profile *p) {
    const struct rg_lag_terms *const hh = &p->matrices[RG_LAG_HH];
    size_t steps[RG_MAX_CUTS];
    if (!has_gradient(p)) {
        (void)puts("W_hh has no gradient that truncated BPTT could cut");
        return;
    }
    if (p->lags < 2) {
        (void)puts("truncated BPTT cannot cut a gradient of one step");
        return;
    }
    char loss[48] = "";
    if (p->one_of_losses) {
        (void)snprintf(loss, sizeof loss, " (loss of step %zu)", p->probe);
    }
    (void)printf("what truncated BPTT over K steps loses of W_hh's gradient%s:\n", loss);
    const size_t n = rg_cut_steps(p->lags, steps);
    for (size_t first = 0; first < n; first += COLUMNS) {
        const size_t end = n - first < COLUMNS ? n : first + COLUMNS;
        (void)printf("%16s", "K");
        for (size_t i = first; i < end; i++) {
            (void)printf(" %7zu", steps[i]);
        }
        (void)printf("\n%16s", "relative error");
        for (size_t i = first; i < end; i++) {
            const double error = hh->error[steps[i] - 1];
            (void)printf(" %7.2g", error < NOTHING ? 0.0 : error);
        }
        (void)printf("\n%16s", "cosine to whole");
        for (size_t i = first; i < end; i++) {
            (void)printf(" %7.3f", hh->cut_cosine[steps[i] - 1]);
        }
        (void)putchar('\n');
    }
}

json_t *rg_cut_json(const struct rg_lag_profile *p) {
    const struct rg_lag_terms *const hh = &p->matrices[RG_LAG_HH];
    size_t steps[RG_MAX_CUTS];
    if (p->lags == 0 || !has_gradient(p)) {
        return json_null();
    }
    json_t *columns[] = {json_array(), json_array(), json_array()};
    const size_t n = rg_cut_steps(p->lags, steps);
    for (size_t i = 0; i < n; i++) {
        rg_json_append(&columns[0], json_integer((json_int_t)steps[i]));
        rg_json_append(&columns[1], rg_json_real(hh->error[steps[i] - 1]));
        rg_json_append(&columns[2], rg_json_real(hh->cut_cosine[steps[i] - 1]));
    }
    return rg_json_pack("{s:o, s:o, s:o}", "steps", columns[0], "error", columns[1], "cosine", columns[2]);
}
