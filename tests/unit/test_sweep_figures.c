/* A sweep's tables and figures from made-up runs: medians, what was learned, which option lies along the axis. */
#include <math.h>
#include <stdlib.h>

#include "cli/report/figure_table.h"
#include "cli/report/figures.h"
#include "suite.h"

enum { STEPS = 3, SEEDS = 3, RUNS = 2 * STEPS * SEEDS };

static char *cells[] = {"rnn", "gru"}, *steps[] = {"5", "100", "20"}, *seeds[] = {"1", "2", "3"};
static const struct rg_sweep_axis axes[] = {{"cell", 2, cells}, {"steps", STEPS, steps}, {"seed", SEEDS, seeds}};
static const double losses[RUNS] = {.001, .002, .1, .1, .1, .2,  .001, .003, .1,     /* rnn: 5, 100, 20 steps */
                                    .001, .001, .1, .1, .1, NAN, .1,   .002, .0001}; /* gru */

static struct rg_summary summaries[RUNS];
static const struct rg_summary *runs[RUNS];

static struct rg_sweep_view view_of(size_t n_runs) {
    for (size_t i = 0; i < RUNS; i++) {
        rg_summary_init(&summaries[i], 4);
        summaries[i].loss_kind = RG_LOSS_MSE;
        summaries[i].baseline = 1.0 / 6.0;
        summaries[i].loss = summaries[i].median_loss = losses[i];
        rg_summary_add(&summaries[i], &(struct rg_update){.update = 1, .loss = 0.5});
        runs[i] = i < n_runs ? &summaries[i] : NULL;
    }
    return (struct rg_sweep_view){axes, 3, true, runs, RG_OVER_SEEDS};
}

START_TEST(spreads) {
    const struct rg_sweep_view view = view_of(RUNS);
    struct rg_spread s;
    ck_assert(rg_spread_of(view.runs, 3, &s) == RG_OK);
    ck_assert_uint_eq(s.runs, 3);
    ck_assert_uint_eq(s.learned, 2);
    ck_assert_double_eq_tol(s.q1, 0.0015, 1e-12);
    ck_assert_double_eq_tol(s.median, 0.002, 1e-12);
    ck_assert_double_eq_tol(s.q3, 0.051, 1e-12);
    ck_assert(rg_spread_of(view.runs + 12, 3, &s) == RG_OK); /* one diverged */
    ck_assert(isinf(s.q3) && s.runs == 3 && fabs(s.median - 0.1) < 1e-12);
    ck_assert(rg_spread_of(view_of(0).runs, 3, &s) == RG_OK);
    ck_assert(s.runs == 0 && isnan(s.median));
}
END_TEST

START_TEST(figures) {
    struct rg_plot *const plots = calloc(RG_SCAN_FIGURES, sizeof *plots);
    const struct rg_sweep_view view = view_of(RUNS);
    ck_assert(rg_figures_draw(RG_FIGURES_SWEEP, &(struct rg_figure_source){.sweep = &view}, plots) == RG_OK);
    ck_assert_str_eq(plots[0].title, "Median loss over the seeds by steps");
    ck_assert_uint_eq(plots[0].n_series, 5); /* quartiles of both cells, their medians, baseline */
    ck_assert(plots[0].series[1].style == RG_STYLE_BAND && plots[0].series[1].color == plots[0].series[3].color);
    ck_assert_double_eq_tol(plots[0].series[1].x[2], plots[0].series[1].x[5], 1e-12);
    ck_assert_double_eq_tol(plots[0].series[1].y[2], log10(0.00105), 1e-12);
    ck_assert_double_eq_tol(plots[0].series[1].y[5], log10(0.051), 1e-12);
    ck_assert_str_eq(plots[0].series[3].name, "gru");
    ck_assert_double_eq_tol(plots[0].series[2].x[1], 2.0, 1e-12); /* log10 100 */
    ck_assert_double_eq_tol(plots[0].series[3].y[2], log10(0.002), 1e-12);
    ck_assert_uint_eq(plots[0].x.own.n, 3);
    ck_assert_str_eq(plots[0].x.own.text[2], "20");
    ck_assert_double_eq_tol(plots[1].series[0].y[0], 200.0 / 3.0, 1e-9);
    ck_assert_str_eq(plots[2].title, "rnn");
    ck_assert_uint_eq(plots[2].n_series, 4); /* quartiles, median, runs, baseline */
    ck_assert(rg_plot_is_empty(&plots[4]));
    const struct rg_plot *const curve = &plots[2 + RG_SCAN_SMALL + 4];
    ck_assert_str_eq(curve->title, "gru, steps 100");
    ck_assert(curve->series[0].style == RG_STYLE_BAND);
    ck_assert_double_eq_tol(curve->series[1].y[0], 0.5, 1e-12);
    for (size_t i = 0; i < RG_SCAN_FIGURES; i++) {
        rg_plot_clear(&plots[i]);
    }
    free(plots);
}
END_TEST

/* A loss far above the baseline does not stretch the axis: it ends at ten baselines. */
START_TEST(a_far_loss) {
    struct rg_plot *const plots = calloc(RG_SCAN_FIGURES, sizeof *plots);
    const struct rg_sweep_view view = view_of(RUNS);
    summaries[5].loss = 1000.0;
    ck_assert(rg_figures_draw(RG_FIGURES_SWEEP, &(struct rg_figure_source){.sweep = &view}, plots) == RG_OK);
    ck_assert(plots[0].y.scale == RG_LOG10);
    ck_assert_double_eq_tol(plots[0].y.low, log10(0.0001), 1e-12);
    ck_assert_double_eq_tol(plots[0].y.high, log10(10.0 / 6.0), 1e-12);
    rg_figures_clear(plots, RG_SCAN_FIGURES);
    free(plots);
}
END_TEST

START_TEST(tables) {
    struct rg_own_table table = {.pointers = NULL};
    struct rg_sweep_view view = view_of(4);
    ck_assert(rg_sweep_reach(&view, &table) == RG_OK);
    ck_assert_uint_eq(table.table.n_rows, 2);
    ck_assert_str_eq(table.table.cells[1], "at least 5 (4 of 9 runs)"); /* of 100 steps one run is there */
    ck_assert_str_eq(table.table.cells[3], "not known (0 of 9 runs)");
    rg_table_release(&table);
    view = view_of(RUNS);
    ck_assert(rg_sweep_reach(&view, &table) == RG_OK);
    ck_assert_str_eq(table.table.cells[1], "20");
    ck_assert_str_eq(table.table.cells[3], "20");
    rg_table_release(&table);
    ck_assert(rg_sweep_table(&view, &table) == RG_OK);
    ck_assert_uint_eq(table.table.n_rows, 6);
    ck_assert_uint_eq(table.table.n_columns, 9);
    ck_assert_str_eq(table.table.heads[1], "steps");
    ck_assert_str_eq(table.table.cells[9 + 4], "0.1");
    ck_assert_str_eq(table.table.cells[9 + 6], "0 of 3");
    rg_table_release(&table);
    view = (struct rg_sweep_view){axes, 1, false, runs, RG_OVER_SEEDS};
    ck_assert(rg_sweep_reach(&view, &table) == RG_OK);
    ck_assert_ptr_null(table.pointers);
}
END_TEST

/* With validation data, figures and table have the lowest loss of the validations. */
START_TEST(held_out_data) {
    struct rg_plot *const plots = calloc(RG_SCAN_FIGURES, sizeof *plots);
    struct rg_own_table table = {.pointers = NULL};
    const struct rg_sweep_view view = view_of(RUNS);
    for (size_t i = 0; i < RUNS; i++) {
        summaries[i].held_out = 5;
        summaries[i].val_loss = 9.0;
        summaries[i].val_best_loss = 0.5 + 0.25 * (double)(i % SEEDS);
    }
    ck_assert(rg_figures_draw(RG_FIGURES_SWEEP, &(struct rg_figure_source){.sweep = &view}, plots) == RG_OK);
    ck_assert_str_eq(plots[0].title, "Median best held-out loss over the seeds by steps");
    ck_assert_str_eq(plots[0].y.label, "best held-out loss: median, and quartiles as a band");
    ck_assert_double_eq_tol(plots[0].series[3].y[2], plots[0].y.scale == RG_LOG10 ? log10(0.75) : 0.75, 1e-12);
    ck_assert_str_eq(plots[2].y.label, "best held-out loss");
    ck_assert_double_eq_tol(plots[2].series[2].y[2], plots[2].y.scale == RG_LOG10 ? 0.0 : 1.0, 1e-12);
    ck_assert(rg_sweep_table(&view, &table) == RG_OK);
    ck_assert_str_eq(table.table.heads[4], "median held-out loss");
    ck_assert_str_eq(table.table.cells[4], "0.75");
    ck_assert_str_eq(table.table.cells[5], "0.875");
    rg_table_release(&table);
    rg_figures_clear(plots, RG_SCAN_FIGURES);
    free(plots);
}
END_TEST

TEST_MAIN("sweep_figures") {
    TCase *const tests = add_tests(suite, "sweep_figures");
    tcase_add_test(tests, spreads);
    tcase_add_test(tests, figures);
    tcase_add_test(tests, a_far_loss);
    tcase_add_test(tests, tables);
    tcase_add_test(tests, held_out_data);
}
