/* Axes, plots and the files they end in: round ticks inside the range, bounded size, foreign text made harmless. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/report/figure_table.h"
#include "cli/report/figures.h"
#include "cli/report/html.h"
#include "cli/report/picture.h"
#include "cli/report/spark.h"
#include "cli/report/svg.h"
#include "gradient/profile.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

/* ---- Axes ---- */

static struct rg_ticks ticks_of(enum rg_scale scale, double low, double high) {
    struct rg_axis axis = rg_axis_of("a", scale);
    struct rg_ticks ticks;
    axis.low = low;
    axis.high = high;
    rg_axis_ticks(&axis, 6, &ticks);
    for (size_t i = 0; i < ticks.n; i++) {
        const double place = rg_axis_place(&axis, ticks.at[i]);
        ck_assert(place > -1e-6 && place < 1.0 + 1e-6);
        ck_assert(i == 0 || ticks.at[i] > ticks.at[i - 1]);
    }
    return ticks;
}

static void check_texts(struct rg_ticks ticks, const char *expected) {
    char all[RG_MAX_TICKS * (RG_TICK_TEXT + 1) + 1] = "";
    for (size_t i = 0; i < ticks.n; i++) {
        strcat(all, i ? " " : "");
        strcat(all, ticks.text[i]);
    }
    ck_assert_str_eq(all, expected);
}

START_TEST(ticks_are_round) {
    check_texts(ticks_of(RG_LINEAR, 0.0, 1.0), "0.0 0.2 0.4 0.6 0.8 1.0");
    check_texts(ticks_of(RG_LINEAR, -0.3, 0.24), "-0.2 0.0 0.2");
    check_texts(ticks_of(RG_LINEAR, 0.0, 2e6), "0 5e+05 1e+06 1.5e+06 2e+06");
    check_texts(ticks_of(RG_LINEAR, 1.0, 200.0), "50 100 150 200");
    check_texts(ticks_of(RG_LOG10, -31.0, 0.5), "1e-30 1e-20 1e-10 1");
    check_texts(ticks_of(RG_LOG10, -2.1, 0.2), "0.01 0.02 0.05 0.1 0.2 0.5 1");
    check_texts(ticks_of(RG_LOG10, log10(0.155), log10(0.21)), "0.16 0.18 0.20");
    check_texts(ticks_of(RG_LOG10, -400.0, -300.0), "1e-400 1e-380 1e-360 1e-340 1e-320 1e-300");
    check_texts(ticks_of(RG_LAGS, 0.0, 99.0), "0 1 2 5 10 20 50");
    check_texts(ticks_of(RG_LAGS, 0.0, 9999.0), "0 1 10 100 1000");
}
END_TEST

START_TEST(wide_ranges_are_logarithmic) {
    static const struct {
        double low, high;
        enum rg_scale scale;
    } cases[] = {{0.25, 5.0, RG_LINEAR}, {0.25, 5.01, RG_LOG10}, {0.0, 1.0, RG_LINEAR},
                 {1e-9, 1.0, RG_LOG10},  {-1.0, 1.0, RG_LINEAR}, {INFINITY, -INFINITY, RG_LINEAR}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq((int)rg_scale_of(cases[i].low, cases[i].high), (int)cases[i].scale);
    }
}
END_TEST

START_TEST(whole_numbers_have_whole_ticks) {
    struct rg_axis axis = rg_axis_of("lag", RG_LINEAR);
    struct rg_ticks ticks;
    axis.low = 0.0;
    axis.high = 2.0;
    axis.whole = true;
    rg_axis_ticks(&axis, 8, &ticks);
    check_texts(ticks, "0 1 2");
}
END_TEST

START_TEST(every_range_becomes_an_axis) {
    static const double ranges[][2] = {{0.0, 0.0},       {1.0, 1.0},       {-3.0, -3.0},       {1e-320, 1e-320},
                                       {INFINITY, -1.0}, {NAN, NAN},       {-1e300, 1e300},    {0.0, 1e-300},
                                       {5.0, 5.0000001}, {1e15, 1e15 + 1}, {-400.0, -399.999}, {0.1, 0.3}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        for (int scale = RG_LINEAR; scale <= RG_LAGS; scale++) {
            struct rg_axis axis = rg_axis_of("a", (enum rg_scale)scale);
            struct rg_ticks ticks;
            if (scale == RG_LAGS && ranges[i][0] < 0.0) {
                continue;
            }
            rg_axis_settle(&axis, ranges[i][0], ranges[i][1]);
            ck_assert(isfinite(axis.low) && isfinite(axis.high) && axis.low < axis.high);
            rg_axis_ticks(&axis, 6, &ticks);
            ck_assert_uint_le(ticks.n, RG_MAX_TICKS);
        }
    }
}
END_TEST

/* ---- Text ---- */

static void check_escaped(const char *text, size_t limit, const char *expected) {
    struct rg_markup out = {.status = RG_OK};
    rg_markup_escaped(&out, text, limit);
    rg_markup_add(&out, "%c", '\0');
    ck_assert_int_eq(out.status, RG_OK);
    ck_assert_str_eq(out.text.bytes, expected);
    rg_markup_destroy(&out);
}

START_TEST(foreign_text_is_escaped) {
    check_escaped("a<b>&\"c'", 100, "a&lt;b&gt;&amp;&quot;c&#39;");
    check_escaped("</script><script>", 100, "&lt;/script&gt;&lt;script&gt;");
    check_escaped("x\x01\x1By\xFFz\xC0\x80", 100, "x\xEF\xBF\xBD\xEF\xBF\xBDy\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD");
    check_escaped("caf\xC3\xA9", 100, "caf\xC3\xA9");
    check_escaped("caf\xC3\xA9s", 4, "caf …");
    check_escaped("", 4, "");
}
END_TEST

START_TEST(long_lines_are_kept) {
    struct rg_markup out = {.status = RG_OK};
    rg_markup_add(&out, "%05000d|%s", 7, "end");
    ck_assert_uint_eq(out.text.length, 5004);
    ck_assert_int_eq(memcmp(out.text.bytes + 4999, "7|end", 5), 0);
    rg_markup_cut(&out, 10);
    ck_assert_uint_eq(out.text.length, 10);
    rg_markup_destroy(&out);
}
END_TEST

/* ---- Pictures ---- */

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(rg_alloc(&bytes, 2000000, 1, "file"), RG_OK);
    *length = fread(bytes, 1, 1999999, file);
    ck_assert(feof(file) && !ferror(file));
    fclose(file);
    return bytes;
}

static size_t count(const char *text, const char *what) {
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text++) {
        n++;
    }
    return n;
}

/* As many points, samples and matrices as a history keeps, and noise in them, which no run of cells shortens. */
static struct rg_history *noisy_history(size_t steps, size_t n_matrices, size_t n_samples) {
    enum { MAX_MATRICES = 20 };
    struct rg_history *h = NULL;
    struct rg_history_matrix matrices[MAX_MATRICES];
    struct rg_lag_values values[MAX_MATRICES];
    double *numbers = NULL;
    uint64_t random = 1;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_alloc(&numbers, steps, sizeof *numbers, "noise"), RG_OK);
    for (size_t m = 0; m < n_matrices; m++) {
        matrices[m] = (struct rg_history_matrix){.layer = 0};
        snprintf(matrices[m].name, sizeof matrices[m].name, "rnn.weight_%s_l%zu%s", m % 2 ? "ih" : "hh", m / 2,
                 m > 0 && m % 2 == 0 ? ".gate_i" : "");
        values[m] = (struct rg_lag_values){numbers, numbers, numbers};
    }
    ck_assert_int_eq(rg_history_set_matrices(h, steps, matrices, n_matrices), RG_OK);
    for (uint64_t u = 1; u <= 4095; u++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const double noise = (double)(random >> 11) / 9007199254740992.0;
        rg_history_add_update(h, &(struct rg_update){.update = u,
                                                     .loss = u % 100 ? noise : NAN,
                                                     .grad_norm = exp(20.0 * noise),
                                                     .clipped = u % 3 == 0,
                                                     .skipped = u % 100 == 0,
                                                     .lr = 0.1});
    }
    for (uint64_t s = 0; s < n_samples; s++) {
        for (size_t i = 0; i < steps; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            numbers[i] = (double)(random >> 11) / 4503599627370496.0 - 1.0;
        }
        ck_assert_int_eq(rg_history_add_lags(h, s, values), RG_OK);
    }
    for (int cause = 0; cause < RG_N_CAUSES; cause++) {
        ck_assert_int_eq(rg_history_set_cause(h, (enum rg_cause)cause, numbers, steps), RG_OK);
    }
    rg_history_add_validation(h, 3, 0.5, 0.5);
    rg_free(numbers);
    return h;
}

static struct rg_config config_of(char **arguments, int n) {
    struct rg_config config = rg_config_default();
    config.arguments = arguments;
    config.n_arguments = n;
    return config;
}

START_TEST(a_report_is_never_large) {
    static const size_t cases[][3] = {{1, 1, 1}, {7, 2, 3}, {512, 20, 256}, {3000, 20, 300}};
    char quotes[20001];
    memset(quotes, '\'', sizeof quotes - 1);
    quotes[sizeof quotes - 1] = '\0';
    char *arguments[] = {"rnn-gpu", quotes, "--out", "a b<i>"};
    struct rg_config config = config_of(arguments, 4);
    config.output.out = quotes;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_history *h = noisy_history(cases[i][0], cases[i][1], cases[i][2]);
        struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
        ck_assert_int_eq(rg_figures_draw(RG_FIGURES_TRAIN,
                                         &(struct rg_figure_source){.history = h, .baseline = 0.1, .clip_norm = 1.0},
                                         plots),
                         RG_OK);
        static const char *const heads[] = {"<a>", "b"};
        static const char *cells[2 * 30000];
        for (size_t c = 0; c < 2 * 30000; c++) {
            cells[c] = "<cell>&";
        }
        const struct rg_table table = {
            .title = "a table", .n_rows = 30000, .n_columns = 2, .heads = heads, .cells = cells};
        const struct rg_fact facts[1] = {{"name", "<value>"}};
        const struct rg_settings settings = {.n = 0};
        const struct rg_report report = {.title = "t<i>&",
                                         .verdict = "\"v\"",
                                         .config = &config,
                                         .settings = &settings,
                                         .facts = facts,
                                         .n_facts = 1,
                                         .tables = &table,
                                         .n_tables = 1,
                                         .plots = plots,
                                         .n_plots = RG_TRAIN_FIGURES};
        ck_assert_int_eq(rg_report_write(&report, "test_plot.html"), RG_OK);
        size_t length = 0;
        char *html = read_file("test_plot.html", &length);
        ck_assert_uint_lt(length, RG_REPORT_BYTES);
        ck_assert_uint_eq(count(html, "<i>"), 0);
        ck_assert_uint_eq(count(html, "<cell>"), 0);
        ck_assert_uint_eq(count(html, "</html>"), 1);
        ck_assert_uint_eq(count(html, "<svg"), count(html, "</svg>"));
        ck_assert_ptr_nonnull(strstr(html, "Left out"));
        ck_assert_ptr_nonnull(strstr(html, "of 30000 rows.</p>"));
        ck_assert_ptr_null(strstr(html, "nan"));
        rg_free(html);
        rg_figures_clear(plots, RG_TRAIN_FIGURES);
        rg_history_destroy(h);
    }
    unlink("test_plot.html");
}
END_TEST

/* A page of one table and facts, as text; NULL if it cannot be written. */
static char *page_of(const struct rg_table *table, const struct rg_fact *facts, size_t n_facts) {
    char *arguments[] = {"rnn-gpu"};
    const struct rg_config config = config_of(arguments, 1);
    const struct rg_settings settings = {.n = 0};
    const struct rg_report report = {.title = "t",
                                     .config = &config,
                                     .settings = &settings,
                                     .facts = facts,
                                     .n_facts = n_facts,
                                     .tables = table,
                                     .n_tables = table ? 1 : 0};
    size_t length = 0;
    (void)unlink("test_plot.html");
    const rg_status status = rg_report_write(&report, "test_plot.html");
    char *const html = status == RG_OK ? read_file("test_plot.html", &length) : NULL;
    ck_assert_int_eq(status == RG_OK ? RG_OK : RG_NOT_SAVED, status);
    ck_assert_int_eq(unlink("test_plot.html") == 0, status == RG_OK);
    return html;
}

/* Once a row does not fit, no later one follows, however short it is. */
START_TEST(the_last_rows_are_left_out) {
    enum { ROWS = 1000, LONG = 900 };
    static const char *const heads[] = {"a"};
    static char cells[ROWS][2001];
    const char *pointers[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        const size_t length = i % 2 ? 1 : LONG;
        (void)memset(cells[i], 'x', length);
        (void)snprintf(cells[i] + length, sizeof cells[i] - length, "_%zu_", i);
        pointers[i] = cells[i];
    }
    const struct rg_table table = {.title = "t", .n_rows = ROWS, .n_columns = 1, .heads = heads, .cells = pointers};
    char *const html = page_of(&table, NULL, 0), text[80];
    size_t shown = 0;
    for (size_t i = 0; i < ROWS; i++) {
        (void)snprintf(text, sizeof text, "_%zu_", i);
        const bool is_shown = strstr(html, text) != NULL;
        ck_assert_msg(!is_shown || shown == i, "row %zu is shown, and an earlier one is not", i);
        shown += is_shown;
    }
    ck_assert_uint_gt(shown, 100);
    ck_assert_uint_lt(shown, ROWS);
    (void)snprintf(text, sizeof text, "small: the last %zu of %d rows.", (size_t)ROWS - shown, ROWS);
    ck_assert_ptr_nonnull(strstr(html, text));
    rg_free(html);
}
END_TEST

START_TEST(only_a_column_of_verdicts_is_coloured) {
    static const char *const heads[] = {"class", "gradient"}, *const cells[] = {"STABLE", "FADING", "MIXED", "-"};
    struct rg_table table = {.title = "t", .n_rows = 2, .n_columns = 2, .heads = heads, .cells = cells};
    char *html = page_of(&table, NULL, 0);
    ck_assert_uint_eq(count(html, "<td class="), 0);
    rg_free(html);
    table.verdict_column = 1;
    html = page_of(&table, NULL, 0);
    ck_assert_uint_eq(count(html, "<td class="), 1);
    ck_assert_ptr_nonnull(strstr(html, "<td>STABLE</td><td class=\"word fading\">FADING</td>"));
    rg_free(html);
}
END_TEST

START_TEST(nothing_empty_and_nothing_too_large) {
    enum { FACTS = 3000 };
    static struct rg_fact facts[FACTS];
    char *html = page_of(NULL, NULL, 0);
    ck_assert_ptr_null(strstr(html, "<h2>Result</h2>"));
    ck_assert_ptr_null(strstr(html, "<div class=\"figures"));
    rg_free(html);
    for (size_t i = 0; i < FACTS; i++) {
        (void)memset(facts[i].value, '"', sizeof facts[i].value - 1);
    }
    html = page_of(NULL, facts, 10);
    ck_assert_ptr_nonnull(strstr(html, "<h2>Result</h2>"));
    rg_free(html);
    ck_assert_ptr_null(page_of(NULL, facts, FACTS)); /* no file is written */
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "the page would have"));
}
END_TEST

START_TEST(a_full_run_fits_without_leaving_out) {
    char *arguments[] = {"rnn-gpu"};
    const struct rg_config config = config_of(arguments, 1);
    struct rg_history *h = noisy_history(512, 20, 256);
    struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
    rg_history_add_validation(h, 4000, 0.5, 0.5);
    rg_history_add_validation(h, 5000, 0.4, 0.6);
    ck_assert_int_eq(rg_figures_draw(RG_FIGURES_TRAIN,
                                     &(struct rg_figure_source){.history = h, .baseline = 0.1, .clip_norm = 1.0},
                                     plots),
                     RG_OK);
    const struct rg_settings settings = {.n = 0};
    const struct rg_report report = {
        .title = "t", .config = &config, .settings = &settings, .plots = plots, .n_plots = RG_TRAIN_FIGURES};
    ck_assert_int_eq(rg_report_write(&report, "test_plot.html"), RG_OK);
    size_t length = 0;
    char *html = read_file("test_plot.html", &length);
    ck_assert_ptr_null(strstr(html, "Left out"));
    ck_assert_uint_eq(count(html, "<svg"), RG_TRAIN_FIGURES - 1);
    ck_assert_uint_eq(count(html, "http"),
                      RG_TRAIN_FIGURES - 1); /* the name spaces of SVG alone; depth needs profiles */
    ck_assert_ptr_null(strstr(html, "<script"));
    rg_free(html);
    rg_figures_clear(plots, RG_TRAIN_FIGURES);
    rg_history_destroy(h);
    unlink("test_plot.html");
}
END_TEST

START_TEST(a_history_without_anything_draws_nothing) {
    struct rg_history *h = NULL;
    struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_figures_draw(RG_FIGURES_TRAIN,
                                     &(struct rg_figure_source){.history = h, .baseline = NAN, .clip_norm = 0.0},
                                     plots),
                     RG_OK);
    for (size_t i = 0; i < RG_TRAIN_FIGURES; i++) {
        ck_assert(rg_plot_is_empty(&plots[i]));
    }
    rg_history_destroy(h);
}
END_TEST

START_TEST(pictures_have_their_formats) {
    struct rg_history *h = noisy_history(300, 2, 10);
    struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
    size_t length = 0;
    ck_assert_int_eq(rg_figures_draw(RG_FIGURES_TRAIN,
                                     &(struct rg_figure_source){.history = h, .baseline = 0.1, .clip_norm = 1.0},
                                     plots),
                     RG_OK);
    const struct rg_picture picture = {
        .title = "<title>", .plots = plots, .n_plots = RG_TRAIN_FIGURES, .columns = 2, .theme = RG_THEME_AUTO};
    const struct rg_picture dark = {
        .title = "<title>", .plots = plots, .n_plots = RG_TRAIN_FIGURES, .columns = 2, .theme = RG_THEME_DARK};
    ck_assert_int_eq(rg_picture_check("a.svg"), RG_OK);
    ck_assert_int_eq(rg_picture_write(&picture, "test_plot.svg"), RG_OK);
    char *svg = read_file("test_plot.svg", &length);
    ck_assert_int_eq(memcmp(svg, "<svg xmlns=", 11), 0);
    ck_assert_uint_eq(count(svg, "prefers-color-scheme"), 1);
    ck_assert_ptr_nonnull(strstr(svg, "&lt;title&gt;"));
    rg_free(svg);
    ck_assert_int_eq(rg_picture_write(&dark, "test_plot.svg"), RG_OK);
    svg = read_file("test_plot.svg", &length);
    char paper[32];
    snprintf(paper, sizeof paper, ".f0{fill:#%06x}", (unsigned)rg_ink_color(RG_INK_PAPER, true));
    ck_assert(count(svg, "prefers-color-scheme") == 0 && count(svg, paper) == 1);
    rg_free(svg);
    unlink("test_plot.svg");
    if (rg_cairo_is_built()) {
        ck_assert_int_eq(rg_picture_check("a.PNG"), RG_OK);
        ck_assert_int_eq(rg_picture_write(&picture, "test_plot.png"), RG_OK);
        char *png = read_file("test_plot.png", &length);
        ck_assert_int_eq(memcmp(png, "\x89PNG\r\n\x1A\n", 8), 0);
        rg_free(png);
        unlink("test_plot.png");
        ck_assert_int_eq(rg_picture_check("a.pdf"), RG_OK);
        ck_assert_int_eq(rg_picture_write(&picture, "test_plot.pdf"), RG_OK);
        char *pdf = read_file("test_plot.pdf", &length);
        ck_assert_int_eq(memcmp(pdf, "%PDF-1.", 7), 0);
        rg_free(pdf);
        unlink("test_plot.pdf");
    }
    struct rg_picture single = picture;
    single.figure = "lags";
    single.width = 700.0;
    single.height = 400.0;
    ck_assert_int_eq(rg_picture_write(&single, "test_plot.svg"), RG_OK);
    svg = read_file("test_plot.svg", &length);
    ck_assert(strstr(svg, "viewBox=\"0 0 716 416\"") && count(svg, "class=\"f1 b\"") == 1);
    ck_assert_ptr_nonnull(strstr(svg, "Norm of the gradient&#39;s terms by lag"));
    rg_free(svg);
    unlink("test_plot.svg");
    single.figure = "lag";
    ck_assert_int_eq(rg_picture_write(&single, "test_plot.svg"), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "it has: loss, norm, lags, cumulative, shares"));
    ck_assert_int_eq(rg_picture_check("a.jpg"), RG_USAGE);
    ck_assert_int_eq(rg_picture_check(".svg"), RG_USAGE);
    ck_assert_int_eq(rg_picture_write(&picture, "no/such/folder.svg"), RG_NOT_SAVED);
    rg_figures_clear(plots, RG_TRAIN_FIGURES);
    rg_history_destroy(h);
}
END_TEST

/* ---- Figures ---- */

START_TEST(the_fit_finds_the_decay) {
    const struct rg_history_matrix matrices[3] = {
        {"rnn.weight_ih_l1", 1, 0}, {"rnn.weight_hh_l0", 0, 0}, {"rnn.weight_hh_l1", 1, 0}};
    struct rg_history *h = NULL;
    double norm[1200], share[1200] = {1.0}, cosine[1200] = {0.0}, slope = 0.0, start = 0.0;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_history_set_matrices(h, 1200, matrices, 3), RG_OK);
    ck_assert_uint_eq(rg_history_main_matrix(h), 2);
    for (size_t i = 0; i < 1200; i++) {
        norm[i] = i < 1000 ? 1.5 + log10(0.25) * (double)i : -INFINITY;
    }
    const struct rg_lag_values v = {norm, share, cosine};
    ck_assert_int_eq(rg_history_add_lags(h, 1, (const struct rg_lag_values[]){v, v, v}), RG_OK);
    rg_history_fit_decay(h, 2, &slope, &start);
    ck_assert_double_eq_tol(pow(10.0, slope), 0.25, 1e-6);
    ck_assert_double_eq_tol(start, 1.5, 1e-4);
    norm[0] = norm[1] = 0.0;
    for (size_t i = 2; i < 1200; i++) {
        norm[i] = -INFINITY;
    }
    ck_assert_int_eq(rg_history_add_lags(h, 2, (const struct rg_lag_values[]){v, v, v}), RG_OK);
    rg_history_fit_decay(h, 2, &slope, &start);
    ck_assert(isnan(slope)); /* two columns are too little to fit */
    rg_history_destroy(h);
}
END_TEST

START_TEST(a_cause_that_is_nowhere_finite_is_not_drawn) {
    const double none[3] = {-INFINITY, NAN, -INFINITY}, some[3] = {-INFINITY, 0.5, NAN};
    struct rg_plot plot = {.n_series = 0};
    struct rg_history *h = NULL;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_history_set_cause(h, RG_CAUSE_SATURATED, none, 3), RG_OK);
    ck_assert_int_eq(rg_figure_activations(h, &plot), RG_OK);
    ck_assert(rg_plot_is_empty(&plot));
    ck_assert_int_eq(rg_history_set_cause(h, RG_CAUSE_SLOPE, some, 3), RG_OK);
    ck_assert_int_eq(rg_figure_activations(h, &plot), RG_OK);
    ck_assert_uint_eq(plot.n_series, 1);
    rg_plot_clear(&plot);
    rg_history_destroy(h);
}
END_TEST

START_TEST(a_map_shows_each_sample_and_lag) {
    struct rg_plot plot = {.n_series = 0};
    struct rg_history *h = noisy_history(40, 2, 16);
    ck_assert_int_eq(rg_figure_share_map(h, &plot), RG_OK);
    ck_assert_uint_eq(plot.heat.rows, 40);
    ck_assert_uint_eq(plot.heat.columns, 16);
    for (size_t r = 0; r < 40; r++) {
        for (size_t c = 0; c < 16; c++) {
            ck_assert_double_eq(plot.heat.values[r * 16 + c], (double)rg_history_lags(h, c, 0, RG_LAG_SHARE)[r]);
        }
    }
    rg_plot_clear(&plot);
    rg_history_destroy(h);
    h = noisy_history(1000, 2, 200);
    ck_assert_int_eq(rg_figure_norm_map(h, &plot), RG_OK);
    ck_assert_uint_le(plot.heat.rows * plot.heat.columns, 64 * 80);
    for (size_t i = 0; i < plot.heat.rows * plot.heat.columns; i++) {
        ck_assert(isfinite(plot.heat.values[i]));
    }
    rg_plot_clear(&plot);
    rg_history_destroy(h);
}
END_TEST

/* ---- Lines of text ---- */

static void check_spark(struct rg_spark spark, const char *expected) {
    char line[3 * RG_SPARK_COLUMNS + 1];
    rg_spark_line(&spark, line);
    ck_assert_str_eq(line, expected);
}

START_TEST(sparklines) {
    const double up[8] = {0, 1, 2, 3, 4, 5, 6, 7}, gaps[4] = {NAN, 1.0, INFINITY, 2.0}, flat[3] = {5, 5, 5};
    check_spark((struct rg_spark){.values = up, .n = 8, .columns = 8}, ".:-=+*#@");
    check_spark((struct rg_spark){.values = up, .n = 8, .columns = 8, .unicode = true}, "▁▂▃▄▅▆▇█");
    check_spark((struct rg_spark){.values = up, .n = 8, .columns = 4, .unicode = true, .heat = true}, "░▒▓█");
    check_spark((struct rg_spark){.values = up, .n = 8, .columns = 2}, ".@");
    check_spark((struct rg_spark){.values = up, .n = 2, .columns = 6}, "...@@@");
    check_spark((struct rg_spark){.values = gaps, .n = 4, .columns = 4}, " . @");
    check_spark((struct rg_spark){.values = flat, .n = 3, .columns = 3}, "...");
    check_spark((struct rg_spark){.values = flat, .n = 3, .columns = 3, .heat = true}, "@@@");
    check_spark((struct rg_spark){.values = up, .n = 8, .columns = 8, .heat = true, .blank_zero = true}, " :-=+*#@");
    const double spike[4] = {3, 3, 4, 0};
    check_spark((struct rg_spark){.values = spike, .n = 4, .columns = 2, .largest = true}, ".@");
    check_spark((struct rg_spark){.values = spike, .n = 4, .columns = 2}, "@.");
    check_spark((struct rg_spark){.values = spike, .n = 4, .columns = 1, .unicode = true}, "▁");
}
END_TEST

/* Two layers, the first at the bottom; no colour where there is no gradient or none was measured. */
START_TEST(depth_by_time) {
    enum { LAGS = 200 };
    double below[LAGS], above[LAGS];
    for (size_t lag = 0; lag < LAGS; lag++) {
        below[lag] = -(double)lag;
        above[lag] = lag < 100 ? -2.0 * (double)lag : -INFINITY;
    }
    struct rg_lag_profile items[] = {{.probe = LAGS, .lags = 150, .delta_log10 = below},
                                     {.probe = LAGS, .lags = LAGS, .delta_log10 = above}};
    const struct rg_lag_profiles profiles = {.layers = 2, .directions = 1, .items = items};
    struct rg_plot plot = {.n_series = 0};
    ck_assert_int_eq(rg_figure_depth(&profiles, true, &plot), RG_OK);
    const size_t columns = plot.heat.columns;
    ck_assert_uint_eq(plot.heat.rows, 2);
    ck_assert_uint_eq(columns, 80);
    ck_assert_double_eq(plot.x.high, LAGS);
    ck_assert_uint_eq(plot.y.own.n, 2); /* a tick in the middle of each layer's row */
    for (size_t layer = 0; layer < 2; layer++) {
        ck_assert_double_eq(plot.y.own.at[layer], (double)layer + 0.5);
        ck_assert_str_eq(plot.y.own.text[layer], layer ? "1" : "0");
    }
    for (size_t c = 0; c < columns; c++) { /* the largest of a cell's lags is its first */
        const double first = (double)(c * LAGS / columns);
        ck_assert(first < 150.0 ? plot.heat.values[c] == -first : isnan(plot.heat.values[c]));
        ck_assert(first < 100.0 ? plot.heat.values[columns + c] == -2.0 * first : isnan(plot.heat.values[columns + c]));
    }
    rg_plot_clear(&plot);
}
END_TEST

TEST_MAIN("plot") {
    TCase *const tests = add_tests(suite, "plot");
    tcase_add_test(tests, ticks_are_round);
    tcase_add_test(tests, wide_ranges_are_logarithmic);
    tcase_add_test(tests, whole_numbers_have_whole_ticks);
    tcase_add_test(tests, every_range_becomes_an_axis);
    tcase_add_test(tests, foreign_text_is_escaped);
    tcase_add_test(tests, long_lines_are_kept);
    tcase_add_test(tests, a_report_is_never_large);
    tcase_add_test(tests, a_full_run_fits_without_leaving_out);
    tcase_add_test(tests, the_last_rows_are_left_out);
    tcase_add_test(tests, only_a_column_of_verdicts_is_coloured);
    tcase_add_test(tests, nothing_empty_and_nothing_too_large);
    tcase_add_test(tests, a_history_without_anything_draws_nothing);
    tcase_add_test(tests, pictures_have_their_formats);
    tcase_add_test(tests, the_fit_finds_the_decay);
    tcase_add_test(tests, a_cause_that_is_nowhere_finite_is_not_drawn);
    tcase_add_test(tests, a_map_shows_each_sample_and_lag);
    tcase_add_test(tests, sparklines);
    tcase_add_test(tests, depth_by_time);
}
