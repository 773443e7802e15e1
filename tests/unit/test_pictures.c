/* The figures, tables and pages of made-up runs against stored ones, tests/expected/: every number and place in them
 * follows from the histories made here. Whether pictures say what they should is in test_svg.c. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "cli/report/comparison_figures.h"
#include "cli/report/figure_table.h"
#include "cli/report/figures.h"
#include "cli/report/input_text.h"
#include "cli/report/markup.h"
#include "cli/report/picture.h"
#include "cli/report/sweep_figures.h"
#include "expected.h"
#include "suite.h"
#include "train/loss_mean.h"

/* Made-up numbers in 0 … 1, the same for every run of the test. */
static double number(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / 16777216.0;
}

static void add_plot(struct text *text, const struct rg_plot *plot, double width, double height) {
    struct rg_markup out = {.status = RG_OK};
    if (rg_plot_is_empty(plot)) {
        text_add(text, "(empty)\n");
        return;
    }
    rg_picture_add_plot(&out, plot, width, height);
    ck_assert_int_eq(out.status, RG_OK);
    text_add(text, "%.*s", (int)out.text.length, out.text.bytes);
    rg_markup_destroy(&out);
}

/* ---- One run ---- */

static const struct made_history {
    const char *name;
    size_t steps, matrices, samples;
    uint64_t updates, validations;
    double factor; /* of the loss from the first to the last update */
    double baseline, clip_norm;
} histories[] = {
    {"short", 5, 2, 3, 9, 1, 0.5, 0.3, 0.0},
    {"falls far", 12, 6, 7, 31, 4, 0.001, 0.3, 2.0},
    {"long", 1300, 4, 20, 2500, 0, 1.0, NAN, 1.0},
};

static struct rg_history *history_of(const struct made_history *m) {
    static const char *const names[] = {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.weight_hh_l0.gate_i",
                                        "rnn.weight_hh_l1", "rnn.weight_ih_l1", "rnn.weight_hh_l1.gate_f"};
    static const size_t layers[] = {0, 0, 0, 1, 1, 1};
    static double norm[6][1300], share[6][1300], cosine[6][1300];
    struct rg_history_matrix matrices[6];
    struct rg_lag_values values[6];
    struct rg_history *h = NULL;
    uint64_t state = m->steps;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    for (size_t i = 0; i < m->matrices; i++) {
        matrices[i] = (struct rg_history_matrix){.layer = layers[i]};
        (void)snprintf(matrices[i].name, sizeof matrices[i].name, "%s", names[i]);
        values[i] = (struct rg_lag_values){norm[i], share[i], cosine[i]};
    }
    ck_assert_int_eq(rg_history_set_matrices(h, m->steps, matrices, m->matrices), RG_OK);
    for (uint64_t u = 1; u <= m->updates; u++) {
        const double noise = 0.5 + number(&state);
        rg_history_add_update(h, &(struct rg_update){.update = u,
                                                     .loss = pow(m->factor, (double)u / (double)m->updates) * noise,
                                                     .grad_norm = 3.0 * noise,
                                                     .clipped = u % 3 == 0,
                                                     .skipped = u % 7 == 0,
                                                     .lr = 0.1});
    }
    for (uint64_t v = 1; v <= m->validations; v++) {
        rg_history_add_validation(h, v * m->updates / m->validations, 0.4 / (double)v, 0.25 * (double)v);
    }
    for (size_t s = 0; s < m->samples; s++) {
        for (size_t i = 0; i < m->matrices; i++) {
            for (size_t lag = 0; lag < m->steps; lag++) {
                norm[i][lag] =
                    -0.1 * (double)(i + 1) * (double)lag * 12.0 / (double)m->steps + number(&state) + 0.2 * (double)s;
                share[i][lag] = (number(&state) - 0.3) / (double)m->steps;
                cosine[i][lag] = 2.0 * number(&state) - 1.0;
            }
        }
        norm[0][m->steps - 1] = -INFINITY;
        ck_assert_int_eq(rg_history_add_lags(h, 1 + s * (m->updates - 1) / m->samples, values), RG_OK);
    }
    for (int cause = 0; cause < RG_N_CAUSES && m->steps > 5; cause++) {
        for (size_t lag = 0; lag < m->steps; lag++) {
            norm[0][lag] = number(&state) + cause;
        }
        ck_assert_int_eq(rg_history_set_cause(h, (enum rg_cause)cause, norm[0], m->steps), RG_OK);
    }
    return h;
}

START_TEST(figures_of_a_run) {
    struct text text = {NULL, 0, 0};
    const size_t n = sizeof histories / sizeof *histories;
    for (size_t i = 0; i < n; i++) {
        struct rg_history *const h = history_of(&histories[i]);
        struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
        ck_assert_int_eq(rg_figures_draw(RG_FIGURES_TRAIN,
                                         &(struct rg_figure_source){.history = h,
                                                                    .baseline = histories[i].baseline,
                                                                    .clip_norm = histories[i].clip_norm},
                                         plots),
                         RG_OK);
        for (size_t p = 0; p < RG_TRAIN_FIGURES - 1; p++) { /* the last one, depth, needs profiles */
            /* curves of the long run are many points, its map and its ticks are what matters */
            text_add(&text, "%s, figure %zu, long share %.9g\n", histories[i].name, p,
                     rg_history_long_share(h, h->sample.n - 1, rg_history_main_matrix(h)));
            if (i < 2 || plots[p].heat.rows > 0) {
                add_plot(&text, &plots[p], 420.0 + 60.0 * (double)i, 300.0);
            } else {
                text_add(&text, "%s; %s %.9g to %.9g; %s; %zu series\n", plots[p].title, plots[p].x.label,
                         plots[p].x.low, plots[p].x.high, plots[p].y.label, plots[p].n_series);
            }
        }
        rg_figures_clear(plots, RG_TRAIN_FIGURES);
        rg_history_destroy(h);
    }
    check_expected("figures-run.txt", text.bytes);
    free(text.bytes);
}
END_TEST

/* Each curve has a name, a style and a point for each lag: the root mean square and the median, of dh_T/dx_t and of
 * dz_T/dx_t. */
START_TEST(norms_of_the_inputs) {
    enum { LAGS = 3 };
    static const char *const curves[] = {"dh_T/dx_t, median", "dh_T/dx_t, root mean square",
                                         "dz_T/dx_t, median, estimated", "dz_T/dx_t, root mean square, estimated"};
    double log10_norms[][LAGS] = {{0.5, -1.25, -INFINITY}, {0.75, -1.0, -7.5}, {1.5, 0.25, -2.0}, {2.0, 0.5, -1.5}};
    struct rg_input_lags lags = {.lack = RG_INPUT_WHOLE, .steps = LAGS, .lags = LAGS, .rows = 2};
    struct rg_plot plot = {.n_series = 0};
    for (int kind = 0; kind < RG_INPUT_KINDS; kind++) {
        lags.of[kind].exact = kind == RG_INPUT_STATE;
        lags.of[kind].log10_median = log10_norms[2 * kind];
        lags.of[kind].log10_rms = log10_norms[2 * kind + 1];
    }
    ck_assert_int_eq(rg_figure_inputs(&lags, &plot), RG_OK);
    ck_assert_uint_eq(plot.n_series, 4);
    ck_assert(plot.x.scale == RG_LINEAR && plot.x.whole && plot.y.scale == RG_LOG10);
    for (size_t s = 0; s < plot.n_series; s++) {
        const struct rg_series *const curve = &plot.series[s];
        ck_assert_str_eq(curve->name, curves[s]);
        ck_assert_int_eq(curve->style, s % 2 ? RG_STYLE_DASHED : RG_STYLE_LINE);
        ck_assert_uint_eq(curve->n, LAGS);
        for (size_t lag = 0; lag < LAGS; lag++) {
            ck_assert(curve->x[lag] == (double)lag && curve->y[lag] == log10_norms[s][lag]);
        }
    }
    rg_plot_clear(&plot);
    lags.lack = RG_INPUT_INTERRUPTED;
    ck_assert_int_eq(rg_figure_inputs(&lags, &plot), RG_OK);
    ck_assert(rg_plot_is_empty(&plot));
}
END_TEST

/* ---- Many runs ---- */

/* A run whose loss goes from 1 to `last` of the baseline. */
static struct rg_summary summary_of(uint64_t seed, size_t steps, double last, enum rg_reason reason) {
    struct rg_summary s;
    uint64_t state = seed;
    struct rg_loss_mean mean;
    double last_loss = NAN;
    ck_assert_int_eq(rg_loss_mean_create(&mean, 40), RG_OK);
    rg_summary_init(&s, 40);
    s.task = "adding";
    s.baseline = 1.0 / 6.0;
    s.loss_kind = RG_LOSS_MSE;
    s.batch = 8;
    s.steps = steps;
    for (uint64_t u = 1; u <= (reason == RG_REASON_DONE ? 40u : 25u); u++) {
        const double loss = s.baseline * pow(last, (double)u / 40.0) * (0.9 + 0.2 * number(&state));
        rg_summary_add(&s, &(struct rg_update){.update = u, .loss = loss});
        rg_loss_mean_add(&mean, loss);
        last_loss = loss;
    }
    double median;
    ck_assert_int_eq(rg_loss_mean_median(&mean, &median), RG_OK);
    rg_summary_end(&s, &(struct rg_training){.reason = reason,
                                             .loss = rg_loss_mean_value(&mean),
                                             .median_loss = median,
                                             .last_loss = last_loss,
                                             .updates = reason == RG_REASON_DONE ? 40 : 25,
                                             .clipped = seed % 11,
                                             .skipped = seed % 3,
                                             .seconds = 1.5,
                                             .sequences_per_s = 1000.0 * (double)seed});
    rg_loss_mean_release(&mean);
    s.loss =
        reason == RG_REASON_DONE ? s.baseline * last : (double)NAN; /* what a summary makes of the updates is not */
    s.best_loss = 0.875 * s.baseline * last;                        /* what is tested here */
    if (reason == RG_REASON_DONE) {
        s.measured = true;
        s.verdict = (const enum rg_verdict_word[]){RG_STABLE, RG_VANISHING, RG_EXPLODING}[seed % 3];
        s.factor = 0.9 + 0.01 * (double)(seed % 7);
        s.horizon = 2 + seed % 5;
        s.long_share = seed % 5 ? 0.01 * (double)(seed % 5) : -0.00001;
        s.lag_steps = steps;
        s.n_lags = steps;
        for (size_t lag = 0; lag < steps; lag++) {
            s.lag_norm[lag] = pow(s.factor, (double)lag) * (0.5 + number(&state));
            s.lag_share[lag] = 1.0 / (double)steps;
        }
    }
    return s;
}

static void add_table(struct text *text, const struct rg_table *t) {
    text_add(text, "%s\n", t->title);
    for (size_t c = 0; c < t->n_columns; c++) {
        text_add(text, "%s%s", c ? " | " : "", t->heads[c]);
    }
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
        text_add(text, "%s%s", i % t->n_columns ? " | " : "\n", t->cells[i]);
    }
    text_add(text, "\n");
}

static void add_figures(struct text *text, struct rg_plot *plots, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!rg_plot_is_empty(&plots[i])) {
            text_add(text, "figure %zu%s\n", i, plots[i].small ? ", small" : "");
            add_plot(text, &plots[i], 400.0, 270.0);
        }
        rg_plot_clear(&plots[i]);
    }
}

START_TEST(a_comparison) {
    static const struct {
        const char *remedy, *with;
        double last;
        enum rg_reason reason;
        bool done;
    } made[] = {{"tanh", "plain", 0.9, RG_REASON_DONE, true},  {"tanh", "clip", 0.5, RG_REASON_DONE, true},
                {"lstm", "plain", 0.01, RG_REASON_DONE, true}, {"lstm", "rate", 50.0, RG_REASON_DIVERGED, true},
                {"skip", "clip", 0.2, RG_REASON_DONE, true},   {"gru", "plain", 0.1, RG_REASON_DONE, false}};
    enum { N = sizeof made / sizeof *made };
    struct text text = {NULL, 0, 0};
    struct rg_comparison_row rows[N];
    struct rg_summary runs[N][3];
    static const size_t steps[] = {12, 40};
    for (size_t k = 0; k < 2; k++) {
        struct rg_plot plots[RG_COMPARISON_FIGURES] = {{.n_series = 0}};
        struct rg_own_table table = {.pointers = NULL};
        size_t order[N], n = 0;
        for (size_t i = 0; i < N; i++) {
            rows[i] = (struct rg_comparison_row){.remedy = made[i].remedy,
                                                 .with = made[i].with,
                                                 .config.training.lr = 0.001 * (double)(i + 1),
                                                 .n_runs = made[i].done ? 1 + i % 3 : 0,
                                                 .runs = runs[i]};
            for (size_t r = 0; r < rows[i].n_runs; r++) {
                runs[i][r] = summary_of(i + 3 + 20 * r, steps[k], made[i].last, made[i].reason);
            }
            ck_assert_int_eq(rg_comparison_end_row(&rows[i]), RG_OK);
        }
        struct rg_comparison comparison = {.n_rows = N, .rows = rows};
        ck_assert_int_eq(rg_comparison_rank(&comparison, order, &n), RG_OK);
        ck_assert_int_eq(rg_comparison_table(&comparison, order, n, &table), RG_OK);
        add_table(&text, &table.table);
        rg_table_release(&table);
        ck_assert_int_eq(rg_figures_draw(RG_FIGURES_COMPARE,
                                         &(struct rg_figure_source){.comparison = &comparison, .order = order, .n = n},
                                         plots),
                         RG_OK);
        add_figures(&text, plots, RG_COMPARISON_FIGURES);
    }
    check_expected("figures-compare.txt", text.bytes);
    free(text.bytes);
}
END_TEST

static void add_sweep(struct text *text, const char *name, const struct rg_sweep_view *view) {
    static struct rg_plot plots[RG_SCAN_FIGURES];
    struct rg_own_table table = {.pointers = NULL}, reach = {.pointers = NULL};
    text_add(text, "== %s\n", name);
    ck_assert_int_eq(rg_sweep_table(view, &table), RG_OK);
    add_table(text, &table.table);
    rg_table_release(&table);
    ck_assert_int_eq(rg_sweep_reach(view, &reach), RG_OK);
    if (reach.pointers) {
        add_table(text, &reach.table);
    }
    rg_table_release(&reach);
    ck_assert_int_eq(rg_figures_draw(RG_FIGURES_SWEEP, &(struct rg_figure_source){.sweep = view}, plots), RG_OK);
    add_figures(text, plots, RG_SCAN_FIGURES);
}

START_TEST(sweeps) {
    static char *cells[] = {"rnn", "gru"}, *steps[] = {"5", "100", "20"}, *seeds[] = {"1", "2", "3"},
                *rates[] = {"0.1"}, *inits[] = {"he", "xavier"};
    static const struct rg_sweep_axis by_steps[] = {{"cell", 2, cells}, {"steps", 3, steps}, {"seed", 3, seeds}},
                                      by_name[] = {{"lr", 1, rates}, {"init", 2, inits}};
    static struct rg_summary summaries[18];
    const struct rg_summary *runs[18];
    struct text text = {NULL, 0, 0};
    for (size_t i = 0; i < 18; i++) {
        summaries[i] = summary_of(i + 1, 12, i % 4 == 0 ? 0.01 : 0.6, i == 7 ? RG_REASON_DIVERGED : RG_REASON_DONE);
        runs[i] = i == 4 || i > 14 ? NULL : &summaries[i];
    }
    add_sweep(&text, "by steps, over seeds", &(struct rg_sweep_view){by_steps, 3, true, runs, RG_OVER_SEEDS});
    add_sweep(&text, "by names", &(struct rg_sweep_view){by_name, 2, false, runs, RG_OVER_SEEDS});
    static char *more[] = {"rnn", "irnn", "lstm", "gru"}, *some_rates[] = {"0.001", "0.01"};
    static const struct rg_sweep_axis by_rate[] = {{"cell", 4, more}, {"lr", 2, some_rates}};
    add_sweep(&text, "four lines", &(struct rg_sweep_view){by_rate, 2, false, runs, RG_OVER_SEEDS});
    check_expected("figures-sweep.txt", text.bytes);
    free(text.bytes);
}
END_TEST

/* ---- Places in a picture ---- */

/* A canvas that notes where a title stands. */
struct title_canvas {
    struct rg_canvas canvas;
    const char *title;
    double x[4], y[4];
    size_t n;
};

static void no_line(struct rg_canvas *c, const struct rg_stroke *stroke, const double *points, size_t n) {
    (void)c, (void)stroke, (void)points, (void)n;
}

static void no_tint(struct rg_canvas *c, int ink, const double *points, size_t n) {
    (void)c, (void)ink, (void)points, (void)n;
}

static void no_box(struct rg_canvas *c, const struct rg_box *box, int ink) {
    (void)c, (void)box, (void)ink;
}

static void no_cells(struct rg_canvas *c, const struct rg_cells *cells) {
    (void)c, (void)cells;
}

static void note_title(struct rg_canvas *c, const struct rg_label *label, const char *text) {
    struct title_canvas *const t = (struct title_canvas *)(void *)c;
    if (strcmp(text, t->title) == 0) {
        ck_assert_uint_lt(t->n, 4);
        t->x[t->n] = label->x;
        t->y[t->n++] = label->y;
    }
}

/* Plots fill rows of `columns` plots; one that is empty takes no place. */
START_TEST(plots_in_rows) {
    static const double a[] = {0.0, 1.0}, b[] = {2.0, 3.0};
    struct rg_plot plots[5] = {{.n_series = 0}};
    for (size_t i = 0; i < 5; i++) {
        struct rg_series *series = NULL;
        (void)snprintf(plots[i].title, sizeof plots[i].title, "A title");
        if (i != 1) {
            ck_assert_int_eq(rg_plot_add(&plots[i], "s", RG_STYLE_LINE, 0, 2, &series), RG_OK);
            memcpy(series->x, a, sizeof a);
            memcpy(series->y, b, sizeof b);
        }
    }
    const struct rg_picture picture = {
        .title = "P", .plots = plots, .n_plots = 5, .columns = 2, .width = 300, .height = 200};
    struct title_canvas t = {.canvas = {no_line, no_line, no_tint, no_box, note_title, no_cells, RG_OK},
                             .title = "A title"};
    double width = 0.0, height = 0.0;
    ck_assert_uint_eq(rg_picture_size(&picture, &width, &height), 4);
    ck_assert_double_eq(width, 24.0 + 2 * 324.0);
    ck_assert_double_eq(height, 24.0 + 30.0 + 2 * 224.0);
    rg_picture_draw(&picture, &t.canvas);
    ck_assert_uint_eq(t.n, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_double_eq_tol(t.x[i] - t.x[0], i % 2 == 1 ? 324.0 : 0.0, 1e-9);
        ck_assert_double_eq_tol(t.y[i] - t.y[0], i >= 2 ? 224.0 : 0.0, 1e-9);
    }
    rg_figures_clear(plots, 5);
}
END_TEST

/* A canvas that keeps every bold text and its place. Only titles are bold. */
struct lines_canvas {
    struct rg_canvas canvas;
    struct text bold;
    double first; /* y of the first one */
};

static void note_bold(struct rg_canvas *c, const struct rg_label *label, const char *text) {
    struct lines_canvas *const l = (struct lines_canvas *)(void *)c;
    if (label->bold) {
        l->first = l->bold.length ? l->first : label->y;
        text_add(&l->bold, "%s%g:%s", l->bold.length ? "|" : "", (label->y - l->first) / (1.25 * label->size), text);
    }
}

/* A title takes as many lines as its words need. A word that is wider than the plot has a line of its own. */
START_TEST(titles_are_wrapped) {
    static const struct {
        const char *title, *lines;
    } cases[] = {
        {"A title", "0:A title"},
        {"", ""},
        {"words  of a title that needs three lines, because it is long, longer than a title should be",
         "0:words  of a title that needs three|1:lines, because it is long, longer|2:than a title should be"},
        {"a wordwordwordwordwordwordwordwordwordwordwordword b c",
         "0:a|1:wordwordwordwordwordwordwordwordwordwordwordword|2:b c"},
        {"wordwordwordwordwordwordwordwordwordwordwordword a",
         "0:wordwordwordwordwordwordwordwordwordwordwordword|1:a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lines_canvas l = {.canvas = {no_line, no_line, no_tint, no_box, note_bold, no_cells, RG_OK}};
        struct rg_plot plot = {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)};
        struct rg_series *series = NULL;
        (void)snprintf(plot.title, sizeof plot.title, "%s", cases[i].title);
        ck_assert_int_eq(rg_plot_add(&plot, "s", RG_STYLE_LINE, 0, 2, &series), RG_OK);
        series->x[1] = series->y[1] = 1.0;
        text_add(&l.bold, "%s", "");
        rg_plot_draw(&plot, &l.canvas, &(struct rg_box){10.0, 20.0, 300.0, 200.0});
        ck_assert_int_eq(l.canvas.status, RG_OK);
        ck_assert_str_eq(l.bold.bytes, cases[i].lines);
        free(l.bold.bytes);
        rg_figures_clear(&plot, 1);
    }
}
END_TEST

/* ---- A page ---- */

START_TEST(a_page) {
    static const char *const heads[] = {"name", "number"}, *const cells[] = {"<a>", "1", "b & c", "2.5"};
    static const struct rg_table tables[] = {
        {.title = "A table of 2 rows", .n_rows = 2, .n_columns = 2, .heads = heads, .cells = cells}};
    static const struct rg_fact facts[] = {{"task", "adding"}, {"loss", "0.25 < 1"}};
    static char *arguments[] = {"rnn-gpu", "train", "--out", "it's a folder", "--lr=0.5"};
    struct rg_config config = rg_config_default();
    config.arguments = arguments;
    config.n_arguments = 5;
    config.training.lr = 0.5;
    struct rg_history *const h = history_of(&histories[0]);
    struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
    ck_assert_int_eq(rg_figures_draw(RG_FIGURES_TRAIN,
                                     &(struct rg_figure_source){.history = h, .baseline = 0.3, .clip_norm = 1.0},
                                     plots),
                     RG_OK);
    plots[1].small = true;
    const struct rg_config *const ran = &config;
    struct rg_settings settings;
    ck_assert_int_eq(rg_settings_create("train", ran, &ran, 1, &settings), RG_OK);
    const struct rg_report report = {.title = "A page & its title",
                                     .verdict = "STABLE: it \"learns\".",
                                     .command = "./rnn-gpu --lr <1>",
                                     .advice = "Why & how.",
                                     .made = "today & here",
                                     .config = &config,
                                     .settings = &settings,
                                     .facts = facts,
                                     .n_facts = 2,
                                     .tables = tables,
                                     .n_tables = 1,
                                     .plots = plots,
                                     .n_plots = 2};
    ck_assert_int_eq(rg_report_write(&report, "test_pictures.html"), RG_OK);
    rg_settings_release(&settings);
    char *const html = text_of_file("test_pictures.html");
    (void)unlink("test_pictures.html");
    ck_assert_ptr_nonnull(strstr(html, "<dt>lr</dt><dd class=\"set\">0.5</dd>"));
    ck_assert_ptr_nonnull(strstr(html, "<dt>batch</dt><dd>"));
    /* all options are listed, and a new one is no reason to store the page again; nor is a new version */
    char *const begin = strstr(html, "<h2>Options</h2>"), *const end = strstr(begin, "</dl>");
    memmove(begin, end, strlen(end) + 1);
    char *const version = strstr(html, "rnn-gpu " RG_VERSION);
    ck_assert_ptr_nonnull(version);
    memset(version + strlen("rnn-gpu "), '0', strlen(RG_VERSION));
    check_expected("page.html", html);
    free(html);
    rg_figures_clear(plots, RG_TRAIN_FIGURES);
    rg_history_destroy(h);
}
END_TEST

/* A page without room for its figures says which they are, and where to find them. */
START_TEST(figures_that_are_left_out_are_named) {
    enum { N = 40, POINTS = 4000 };
    char *arguments[] = {"rnn-gpu"};
    struct rg_config config = rg_config_default();
    config.arguments = arguments;
    config.n_arguments = 1;
    const struct rg_settings settings = {.n = 0};
    static struct rg_plot plots[N];
    for (size_t i = 0; i < N; i++) {
        struct rg_series *series = NULL;
        (void)snprintf(plots[i].title, sizeof plots[i].title, "figure <%zu>", i);
        plots[i].x = rg_axis_of("x", RG_LINEAR);
        plots[i].y = rg_axis_of("y", RG_LINEAR);
        ck_assert_int_eq(rg_plot_add(&plots[i], "", RG_STYLE_LINE, 0, POINTS, &series), RG_OK);
        for (size_t p = 0; p < POINTS; p++) {
            series->x[p] = (double)p;
            series->y[p] = (double)(p * 7919 % 4001);
        }
    }
    const struct rg_report report = {
        .title = "t", .verdict = "v", .config = &config, .settings = &settings, .plots = plots, .n_plots = N};
    ck_assert_int_eq(rg_report_write(&report, "test_pictures.html"), RG_OK);
    char *const html = text_of_file("test_pictures.html");
    (void)unlink("test_pictures.html");
    size_t shown = 0;
    for (const char *at = html; (at = strstr(at, "<svg")) != NULL; at++) {
        shown++;
    }
    ck_assert_uint_gt(shown, 0);
    ck_assert_uint_lt(shown, N);
    char start[80], last[80];
    (void)snprintf(start, sizeof start, "Left out, to keep this file below 500 kB: %zu figures (", N - shown);
    ck_assert_ptr_nonnull(strstr(html, start));
    (void)snprintf(last, sizeof last, "; figure &lt;%d&gt;). The file of --plot has all of them.", N - 1);
    ck_assert_ptr_nonnull(strstr(html, last));
    free(html);
    rg_figures_clear(plots, N);
}
END_TEST

TEST_MAIN("pictures") {
    TCase *const tests = add_tests(suite, "pictures");
    tcase_add_test(tests, figures_of_a_run);
    tcase_add_test(tests, norms_of_the_inputs);
    tcase_add_test(tests, a_comparison);
    tcase_add_test(tests, sweeps);
    tcase_add_test(tests, plots_in_rows);
    tcase_add_test(tests, titles_are_wrapped);
    tcase_add_test(tests, a_page);
    tcase_add_test(tests, figures_that_are_left_out_are_named);
}
