/* What the net keeps of each input, as text: see input_text.h. */
#include "cli/report/input_text.h"

#include <math.h>
#include <stdio.h>

#include "cli/report/explain.h"
#include "files/json_lines.h"
#include "gradient/statistics.h"

static const char *const names[RG_INPUT_KINDS] = {"dh_T/dx_t", "dz_T/dx_t"};
static const char *const keys[RG_INPUT_KINDS] = {"state", "output"};

/* The furthest lag at which a sequence has a step. */
static size_t furthest(const struct rg_input_lags *lags) {
    size_t lag = lags->lags;
    while (lag > 1 && lags->sequences[lag - 1] == 0.0) {
        lag--;
    }
    return lag - 1;
}

/* The factor per step: e^slope of the medians. */
static double factor_of(const struct rg_input_lags *lags, int kind) {
    return exp(rg_slope_of(lags->of[kind].log10_median, furthest(lags) + 1, 1));
}

void rg_input_text_print(const struct rg_input_lags *lags) {
    char a[32], b[32];
    if (lags->lack == RG_INPUT_OVERFLOW) {
        (void)puts("without the loss: dh_T/dx_t is not known, since states are not finite");
    }
    if (lags->lack == RG_INPUT_LARGE) {
        (void)puts("without the loss: the net is too large for dh_T/dx_t to be measured");
    }
    if (lags->lack != RG_INPUT_WHOLE) {
        return;
    }
    const size_t far = furthest(lags);
    (void)printf("without the loss, %s %zu sequence%s:\n", lags->rows > 1 ? "median of" : "of", lags->rows,
                 lags->rows == 1 ? "" : "s");
    for (int kind = 0; kind < RG_INPUT_KINDS; kind++) {
        const struct rg_input_norms *const norms = &lags->of[kind];
        const double factor = factor_of(lags, kind);
        (void)printf("  |%s| %s%s at lag 0", names[kind], norms->exact ? "" : "about ",
                     rg_explain_power(norms->log10_median[0], a));
        if (far > 0) {
            (void)printf(", %s at lag %zu", rg_explain_power(norms->log10_median[far], b), far);
        }
        if (isfinite(factor)) {
            (void)printf("; times %.4g a step", factor);
        }
        (void)putchar('\n');
    }
}

static void append_largest(json_t **list, const double *values, struct rg_lag_range range) {
    double largest = NAN; /* where no sequence has a step */
    for (size_t lag = range.first; lag <= range.last; lag++) {
        largest = fmax(largest, values[lag]);
    }
    rg_json_append(list, rg_json_real(largest));
}

json_t *rg_input_text_json(const struct rg_input_lags *lags) {
    struct rg_lag_columns columns;
    if (lags->lack != RG_INPUT_WHOLE) {
        return json_null();
    }
    if (rg_lag_columns_create(lags->lags, &columns) != RG_OK) {
        return NULL;
    }
    json_t *all = rg_json_pack("{s:I}", "sequences", (json_int_t)lags->rows);
    rg_lag_columns_add(&all, &columns);
    for (int kind = 0; kind < RG_INPUT_KINDS; kind++) {
        const struct rg_input_norms *const norms = &lags->of[kind];
        const double factor = factor_of(lags, kind);
        json_t *rms = json_array(), *median = json_array();
        for (size_t i = 0; i < columns.n; i++) {
            append_largest(&rms, norms->log10_rms, columns.ranges[i]);
            append_largest(&median, norms->log10_median, columns.ranges[i]);
        }
        rg_json_set(&all, keys[kind],
                    rg_json_pack("{s:I, s:b, s:o, s:o, s:o}", "vectors", (json_int_t)norms->vectors, "exact",
                                 norms->exact, "factor", rg_json_measured(factor), "log10_rms", rms, "log10_median",
                                 median));
    }
    rg_lag_columns_release(&columns);
    return all;
}

rg_status rg_figure_inputs(const struct rg_input_lags *lags, struct rg_plot *plot) {
    if (lags->lack != RG_INPUT_WHOLE) {
        return RG_OK;
    }
    (void)snprintf(plot->title, sizeof plot->title, "What the net keeps of each input, without the loss");
    plot->x = rg_axis_of("lag: steps back from the output", RG_LINEAR);
    plot->y = rg_axis_of("norm of the derivative by x_t", RG_LOG10);
    plot->x.whole = true;
    for (int i = 0; i < 2 * RG_INPUT_KINDS; i++) {
        const struct rg_input_norms *const norms = &lags->of[i / 2];
        struct rg_series *s = NULL;
        char name[RG_PLOT_TEXT];
        (void)snprintf(name, sizeof name, "%s, %s%s", names[i / 2], i % 2 ? "root mean square" : "median",
                       norms->exact ? "" : ", estimated");
        RG_TRY(rg_plot_add(plot, name, i % 2 ? RG_STYLE_DASHED : RG_STYLE_LINE, i / 2, lags->lags, &s));
        for (size_t lag = 0; lag < lags->lags; lag++) {
            s->x[lag] = (double)lag;
            s->y[lag] = i % 2 ? norms->log10_rms[lag] : norms->log10_median[lag];
        }
    }
    return RG_OK;
}
