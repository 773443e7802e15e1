/* Pictures read back: the points of curves, the cells of heat maps and the ticks of axes, as a reader would find them
 * in the SVG, against the numbers they were made from. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef RG_CAIRO
#include <cairo.h>
#endif

#include "cli/report/markup.h"
#include "cli/report/picture.h"
#include "suite.h"

enum { WIDTH = 560, HEIGHT = 340, MAX_POINTS = 64, MAX_CELLS = 64 };

static char *drawn(const struct rg_plot *plot) {
    struct rg_markup out = {.status = RG_OK};
    rg_picture_add_plot(&out, plot, WIDTH, HEIGHT);
    rg_markup_add(&out, "%c", '\0');
    ck_assert_int_eq(out.status, RG_OK);
    char *const svg = strdup(out.text.bytes);
    rg_markup_destroy(&out);
    return svg;
}

/* ---- What a reader sees ---- */

/* Ticks of one axis: the places of its grid lines, in pixels, and the numbers written beside them. */
struct ticks {
    size_t n;
    double pixel[RG_MAX_TICKS], value[RG_MAX_TICKS];
};

/* A grid line goes down for the x axis and across for the y axis; the text that follows it is its number. */
static struct ticks read_ticks(const char *svg, bool of_x) {
    struct ticks ticks = {.n = 0};
    for (const char *at = svg; (at = strstr(at, "<path class=\"s3\"")) != NULL; at++) {
        long x = 0, y = 0, dx = 0, dy = 0;
        ck_assert_int_eq(sscanf(strstr(at, " d=\"M") + 5, "%ld %ldl%ld %ld", &x, &y, &dx, &dy), 4);
        ck_assert((dx == 0) != (dy == 0));
        if ((dx == 0) == of_x) {
            const char *const text = strchr(strstr(at, "<text"), '>') + 1;
            ticks.pixel[ticks.n] = 0.1 * (double)(of_x ? x : y);
            ticks.value[ticks.n++] = strtod(text, NULL);
        }
    }
    return ticks;
}

static double scaled(enum rg_scale scale, double value) {
    return scale == RG_LOG10 ? log10(value) : scale == RG_LAGS ? log1p(value) : value;
}

/* The pixel of a value, by the line through the outermost ticks. */
static double pixel_of(const struct ticks *t, enum rg_scale scale, double value) {
    const double a = scaled(scale, t->value[0]), b = scaled(scale, t->value[t->n - 1]);
    const double part = (scaled(scale, value) - a) / (b - a);
    return t->pixel[0] + part * (t->pixel[t->n - 1] - t->pixel[0]);
}

/* All ticks lie on that line: the axis has the scale that it is read with. */
static void check_scale(const struct ticks *t, enum rg_scale scale) {
    ck_assert_uint_ge(t->n, 3);
    for (size_t i = 0; i < t->n; i++) {
        ck_assert_double_eq_tol(pixel_of(t, scale, t->value[i]), t->pixel[i], 0.3);
    }
}

/* Points of the n-th path of a class, in pixels. */
static size_t read_path(const char *svg, const char *class, size_t n, double points[][2]) {
    char head[64];
    (void)snprintf(head, sizeof head, "<path class=\"%s\"", class);
    const char *at = svg - 1;
    for (size_t i = 0; i <= n; i++) {
        at = strstr(at + 1, head);
        ck_assert_msg(at != NULL, "no path %zu of class %s", n, class);
    }
    at = strstr(at, " d=\"M") + 5;
    char *end = NULL;
    double x = strtod(at, &end), y = strtod(end, &end);
    size_t count = 0;
    points[count][0] = 0.1 * x;
    points[count++][1] = 0.1 * y;
    ck_assert_int_eq(*end++, 'l');
    while (*end != '"') {
        x += strtod(end, &end);
        y += strtod(end, &end);
        ck_assert_uint_lt(count, MAX_POINTS);
        points[count][0] = 0.1 * x;
        points[count++][1] = 0.1 * y;
    }
    return count;
}

/* A group of cells: its box in pixels, and the ink of every cell, -1 where none is drawn. */
struct cells {
    double x, y, width, height; /* of a cell: width and height */
    int ink[MAX_CELLS][MAX_CELLS];
    size_t rows, columns; /* the extent of what is drawn */
};

static void read_cells(const char *svg, size_t n, struct cells *cells) {
    const char *at = svg - 1;
    for (size_t i = 0; i <= n; i++) {
        ck_assert_ptr_nonnull(at = strstr(at + 1, "<g class=\"c\""));
    }
    memset(cells->ink, 0xFF, sizeof cells->ink);
    cells->rows = cells->columns = 0;
    ck_assert_int_eq(sscanf(at, "<g class=\"c\" transform=\"translate(%lf %lf) scale(%lf %lf)\">", &cells->x, &cells->y,
                            &cells->width, &cells->height),
                     4);
    const char *const stop = strstr(at, "</g>");
    while ((at = strstr(at, "<path class=\"f")) != NULL && at < stop) {
        const int ink = atoi(at + 14);
        for (at = strstr(at, "d=\"") + 3; *at == 'M';) {
            size_t c = 0, r = 0, across = 0, back = 0;
            ck_assert_int_eq(sscanf(at, "M%zu %zuh%zuv1h-%zuz", &c, &r, &across, &back), 4);
            ck_assert_uint_eq(across, back);
            for (size_t i = 0; i < across; i++) {
                ck_assert_int_eq(cells->ink[r][c + i], -1); /* no cell twice */
                cells->ink[r][c + i] = ink;
            }
            cells->rows = r + 1 > cells->rows ? r + 1 : cells->rows;
            cells->columns = c + across > cells->columns ? c + across : cells->columns;
            at = strchr(at, 'z') + 1;
        }
    }
}

static size_t count(const char *text, const char *what) {
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text++) {
        n++;
    }
    return n;
}

/* ---- Curves ---- */

static void add_points(struct rg_plot *plot, enum rg_style style, int color, const double *x, const double *y,
                       size_t n) {
    struct rg_series *s = NULL;
    ck_assert_int_eq(rg_plot_add(plot, "", style, color, n, &s), RG_OK);
    memcpy(s->x, x, n * sizeof *x);
    memcpy(s->y, y, n * sizeof *y);
}

START_TEST(points_stand_where_the_axes_say) {
    static const enum rg_scale scales[] = {RG_LINEAR, RG_LOG10, RG_LAGS};
    static const double x[6] = {0.0, 1.0, 3.0, 10.0, 40.0, 90.0}, y[6] = {0.002, 0.5, 7.0, 0.09, 30.0, 900.0};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 2; j++) {
            struct rg_plot plot = {.x = rg_axis_of("x", scales[i]), .y = rg_axis_of("y", scales[j])};
            double across[6], up[6], points[MAX_POINTS][2];
            for (size_t k = 0; k < 6; k++) {
                across[k] = scales[i] == RG_LOG10 ? log10(x[k] + 1.0) : x[k];
                up[k] = scales[j] == RG_LOG10 ? log10(y[k]) : y[k];
            }
            add_points(&plot, RG_STYLE_LINE, 2, across, up, 6);
            char *const svg = drawn(&plot);
            const struct ticks of_x = read_ticks(svg, true), of_y = read_ticks(svg, false);
            check_scale(&of_x, scales[i]);
            check_scale(&of_y, scales[j]);
            ck_assert_uint_eq(read_path(svg, "s6", 0, points), 6);
            for (size_t k = 0; k < 6; k++) {
                ck_assert_double_eq_tol(points[k][0], pixel_of(&of_x, scales[i], x[k] + (i == 1)), 0.3);
                ck_assert_double_eq_tol(points[k][1], pixel_of(&of_y, scales[j], y[k]), 0.3);
                ck_assert(points[k][0] > 0.0 && points[k][0] < WIDTH && points[k][1] > 0.0 && points[k][1] < HEIGHT);
            }
            ck_assert_double_gt(points[5][0], points[0][0]); /* to the right and up, which is down in pixels */
            ck_assert_double_lt(points[5][1], points[0][1]);
            free(svg);
            rg_plot_clear(&plot);
        }
    }
}
END_TEST

START_TEST(a_line_is_interrupted_where_a_value_is_missing) {
    static const double x[7] = {0, 1, 2, 3, 4, 5, 6}, y[7] = {1, 2, NAN, 3, INFINITY, 4, 5};
    struct rg_plot plot = {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)};
    double points[MAX_POINTS][2];
    add_points(&plot, RG_STYLE_DASHED, 0, x, y, 7);
    char *const svg = drawn(&plot);
    const struct ticks of_x = read_ticks(svg, true), of_y = read_ticks(svg, false);
    ck_assert_uint_eq(count(svg, "<path class=\"s4\""), 3);
    ck_assert_uint_eq(count(svg, "stroke-dasharray"), 3);
    ck_assert_uint_eq(read_path(svg, "s4", 0, points), 2);
    ck_assert_double_eq_tol(points[1][0], pixel_of(&of_x, RG_LINEAR, 1.0), 0.3);
    ck_assert_double_eq_tol(points[1][1], pixel_of(&of_y, RG_LINEAR, 2.0), 0.3);
    ck_assert_uint_eq(read_path(svg, "s4", 1, points), 2); /* one point alone: a short stroke around it */
    ck_assert_double_eq_tol(0.5 * (points[0][0] + points[1][0]), pixel_of(&of_x, RG_LINEAR, 3.0), 0.3);
    ck_assert_double_eq_tol(points[1][0] - points[0][0], 4.0, 0.11);
    ck_assert_double_eq_tol(points[0][1], pixel_of(&of_y, RG_LINEAR, 3.0), 0.3);
    ck_assert_double_eq_tol(points[1][1], points[0][1], 1e-9);
    ck_assert_uint_eq(read_path(svg, "s4", 2, points), 2);
    ck_assert_double_eq_tol(points[0][0], pixel_of(&of_x, RG_LINEAR, 5.0), 0.3);
    ck_assert_double_eq_tol(points[1][1], pixel_of(&of_y, RG_LINEAR, 5.0), 0.3);
    free(svg);
    rg_plot_clear(&plot);
}
END_TEST

START_TEST(levels_dots_and_rugs_stand_in_the_plot) {
    static const double x[3] = {0, 5, 10}, y[3] = {0, 2, 4}, rug[3] = {0.0, 0.5, 1.0};
    struct rg_plot plot = {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)};
    double points[MAX_POINTS][2];
    add_points(&plot, RG_STYLE_DOTS, 0, x, y, 3);
    add_points(&plot, RG_STYLE_RUG, 1, x, rug, 3);
    ck_assert_int_eq(rg_plot_add_level(&plot, "three", 2, 3.0), RG_OK);
    char *const svg = drawn(&plot);
    const struct ticks of_x = read_ticks(svg, true), of_y = read_ticks(svg, false);
    /* the key of the level in the legend comes first */
    ck_assert_uint_eq(read_path(svg, "s6", 1, points), 2);
    ck_assert_double_eq_tol(points[0][1], pixel_of(&of_y, RG_LINEAR, 3.0), 0.3);
    ck_assert_double_eq_tol(points[1][1], points[0][1], 1e-9);
    ck_assert_double_le(points[0][0], pixel_of(&of_x, RG_LINEAR, 0.0));
    ck_assert_double_ge(points[1][0], pixel_of(&of_x, RG_LINEAR, 10.0));
    const char *at = strstr(svg, "<path class=\"s4\"");
    at = strstr(at, " d=\"") + 4;
    for (size_t i = 0; i < 3; i++) {
        long left = 0, height = 0, across = 0, up = 0;
        ck_assert_int_eq(sscanf(at, "M%ld %ldl%ld %ld", &left, &height, &across, &up), 4);
        ck_assert_double_eq_tol(0.1 * (double)left + 0.05 * (double)across, pixel_of(&of_x, RG_LINEAR, x[i]), 0.3);
        ck_assert_double_eq_tol(0.1 * (double)height, pixel_of(&of_y, RG_LINEAR, y[i]), 0.3);
        ck_assert(across == 40 && up == 0);
        at = strchr(at + 1, i < 2 ? 'M' : '"');
    }
    long first[4], second[4];
    at = strstr(strstr(svg, "<path class=\"s5\""), " d=\"") + 4; /* of height 0 there is none */
    ck_assert_int_eq(sscanf(at, "M%ld %ldl%ld %ldM%ld %ldl%ld %ld", &first[0], &first[1], &first[2], &first[3],
                            &second[0], &second[1], &second[2], &second[3]),
                     8);
    ck_assert_double_eq_tol(0.1 * (double)first[0], pixel_of(&of_x, RG_LINEAR, 5.0), 0.3);
    ck_assert_double_eq_tol(0.1 * (double)second[0], pixel_of(&of_x, RG_LINEAR, 10.0), 0.3);
    ck_assert(first[2] == 0 && second[2] == 0 && first[3] * 2 == second[3] && first[1] == second[1] && first[3] > 0);
    free(svg);
    rg_plot_clear(&plot);
}
END_TEST

START_TEST(the_legend_names_every_series_in_its_color) {
    static const double x[2] = {0, 1};
    struct rg_plot plot = {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)};
    for (int i = 0; i < RG_PLOT_SERIES - 1; i++) {
        struct rg_series *s = NULL;
        char name[RG_PLOT_TEXT];
        (void)snprintf(name, sizeof name, "series number %d", i);
        ck_assert_int_eq(rg_plot_add(&plot, name, RG_STYLE_LINE, i, 2, &s), RG_OK);
        memcpy(s->x, x, sizeof x);
    }
    char *const svg = drawn(&plot);
    double last_x = 0.0, last_y = 0.0;
    for (int i = 0; i < RG_PLOT_SERIES - 1; i++) {
        char name[64], class[8];
        double key[MAX_POINTS][2], text_x = 0.0, text_y = 0.0;
        (void)snprintf(name, sizeof name, ">series number %d<", i);
        (void)snprintf(class, sizeof class, "s%d", RG_INK_SERIES + i % RG_N_SERIES_INKS);
        const char *text = strstr(svg, name);
        ck_assert_ptr_nonnull(text);
        while (strncmp(text, "<text", 5) != 0) {
            text--;
        }
        ck_assert_int_eq(sscanf(strstr(text, " x="), " x=\"%lf\" y=\"%lf\"", &text_x, &text_y), 2);
        ck_assert_uint_eq(read_path(svg, class, (size_t)i / RG_N_SERIES_INKS, key), 2);
        ck_assert(key[1][0] > key[0][0] && text_x > key[1][0] && text_x < WIDTH);
        ck_assert(key[0][1] < text_y && key[0][1] > text_y - 12.5);
        ck_assert(text_y > last_y || (text_y >= last_y && text_x > last_x + 60.0)); /* no name on another */
        last_x = text_x;
        last_y = text_y;
    }
    free(svg);
    rg_plot_clear(&plot);
}
END_TEST

/* ---- Heat maps ---- */

enum { ROWS = 3, COLUMNS = 5 };

static void set_heat(struct rg_plot *plot, const double *values) {
    ck_assert_int_eq(rg_plot_set_heat(plot, ROWS, COLUMNS), RG_OK);
    memcpy(plot->heat.values, values, ROWS * COLUMNS * sizeof *values);
    plot->x.low = plot->y.low = 0.0;
    plot->x.high = COLUMNS;
    plot->y.high = ROWS;
}

START_TEST(every_cell_has_the_color_of_its_value) {
    /* row 0 at the bottom */
    static const double values[ROWS * COLUMNS] = {-9.0, -8.0, -7.0, -6.0, -5.0, -4.0, -3.0, NAN,
                                                  -1.0, 0.0,  1.0,  -9.0, 3.0,  4.0,  5.0};
    struct rg_plot plot = {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)};
    static struct cells map, bar;
    plot.heat.scale = rg_axis_of("", RG_LOG10);
    set_heat(&plot, values);
    char *const svg = drawn(&plot);
    const struct ticks of_x = read_ticks(svg, true), of_y = read_ticks(svg, false);
    read_cells(svg, 0, &map);
    read_cells(svg, 1, &bar);
    ck_assert(map.rows == ROWS && map.columns == COLUMNS);
    ck_assert_double_eq_tol(map.x, pixel_of(&of_x, RG_LINEAR, 0.0), 0.2);
    ck_assert_double_eq_tol(map.x + map.width * COLUMNS, pixel_of(&of_x, RG_LINEAR, COLUMNS), 0.2);
    ck_assert_double_eq_tol(map.y, pixel_of(&of_y, RG_LINEAR, ROWS), 0.2);
    ck_assert_double_eq_tol(map.y + map.height * ROWS, pixel_of(&of_y, RG_LINEAR, 0.0), 0.2);
    const double low = -9.0 - 0.03 * 14.0, high = 5.0 + 0.03 * 14.0;
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            const double value = values[(ROWS - 1 - r) * COLUMNS + c];
            const int level = (int)((value - low) / (high - low) * RG_HEAT_LEVELS);
            ck_assert_int_eq(map.ink[r][c], isnan(value) ? -1 : RG_INK_HEAT + level);
        }
    }
    /* the bar: all colours, the largest on top, beside the map and as high */
    ck_assert(bar.rows == RG_HEAT_LEVELS && bar.columns == 1);
    for (size_t r = 0; r < bar.rows; r++) {
        ck_assert_int_eq(bar.ink[r][0], RG_INK_HEAT + RG_HEAT_LEVELS - 1 - (int)r);
    }
    ck_assert_double_gt(bar.x, map.x + map.width * COLUMNS);
    ck_assert_double_eq_tol(bar.y, map.y, 0.06);
    ck_assert_double_eq_tol(bar.height * RG_HEAT_LEVELS, map.height * ROWS, 0.06);
    free(svg);
    rg_plot_clear(&plot);
}
END_TEST

START_TEST(signed_cells_are_logarithmic_on_both_sides) {
    static const double values[ROWS * COLUMNS] = {-1.0, -0.01, 0.0,  0.01, 1.0,   -7.0, -1e-4, 1e-5,
                                                  1e-4, 7.0,   -0.1, 0.1,  0.001, NAN,  -0.001};
    static const int expected[ROWS * COLUMNS] = {0, 8, 16, 24, 32, 0, 16, 16, 16, 32, 4, 28, 20, -1, 12};
    struct rg_plot plot = {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)};
    static struct cells map, bar;
    plot.heat.is_signed = true;
    plot.heat.decades = 4.0;
    set_heat(&plot, values);
    char *const svg = drawn(&plot);
    read_cells(svg, 0, &map);
    read_cells(svg, 1, &bar);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            const int level = expected[(ROWS - 1 - r) * COLUMNS + c];
            ck_assert_int_eq(map.ink[r][c], level < 0 ? -1 : RG_INK_SIGNED + level);
        }
    }
    ck_assert(bar.rows == RG_SIGNED_LEVELS && bar.ink[0][0] == RG_INK_SIGNED + RG_SIGNED_LEVELS - 1 &&
              bar.ink[bar.rows - 1][0] == RG_INK_SIGNED);
    /* beside the bar, from the bottom up */
    static const char *const texts[] = {">-1<", ">-0.01<", ">0<", ">0.01<", ">1<"};
    const char *const beside = strstr(strstr(svg, "<g class=\"c\"") + 1, "<g class=\"c\"");
    for (size_t i = 0; i < 5; i++) {
        const char *text = strstr(beside, texts[i]);
        ck_assert_ptr_nonnull(text);
        while (strncmp(text, " y=", 3) != 0) {
            text--;
        }
        const double y = strtod(text + 4, NULL) - 4.0;
        ck_assert_double_eq_tol(y, bar.y + bar.height * RG_SIGNED_LEVELS * (1.0 - 0.25 * (double)i), 0.2);
    }
    free(svg);
    rg_plot_clear(&plot);
}
END_TEST

START_TEST(scales_end_in_their_colors) {
    for (int dark = 0; dark < 2; dark++) {
        const uint32_t paper = rg_ink_color(RG_INK_PAPER, dark);
        ck_assert_uint_eq(rg_ink_color(RG_INK_HEAT, dark), 0x440154);
        ck_assert_uint_eq(rg_ink_color(RG_INK_HEAT + RG_HEAT_LEVELS - 1, dark), 0xFDE725);
        ck_assert_uint_eq(rg_ink_color(RG_INK_SIGNED, dark), dark ? 0x7CC4FF : 0x0B5FA5);
        ck_assert_uint_eq(rg_ink_color(RG_INK_SIGNED + RG_SIGNED_LEVELS / 2, dark), paper);
        ck_assert_uint_eq(rg_ink_color(RG_INK_SIGNED + RG_SIGNED_LEVELS - 1, dark), dark ? 0xFFB561 : 0xB35806);
        for (int ink = 0; ink < RG_N_INKS; ink++) {
            const bool middle = ink == RG_INK_SIGNED + RG_SIGNED_LEVELS / 2;
            ck_assert((rg_ink_color(ink, dark) == paper) == (ink == RG_INK_PAPER || middle));
            ck_assert(ink == 0 || rg_ink_color(ink, dark) != rg_ink_color(ink - 1, dark));
        }
        /* between the nine colours of viridis, each channel by itself */
        ck_assert_uint_eq(rg_ink_color(RG_INK_HEAT + 6, dark), 0x404184);
        ck_assert_uint_eq(rg_ink_color(RG_INK_HEAT + 31 - 6, dark), 0x82D24B);
    }
}
END_TEST

START_TEST(the_style_knows_every_ink) {
    struct rg_markup out = {.status = RG_OK};
    static const struct rg_plot none = {.n_series = 0};
    const struct rg_picture picture = {
        .title = "t", .plots = &none, .n_plots = 1, .columns = 2, .theme = RG_THEME_LIGHT};
    ck_assert_int_eq(rg_picture_write(&picture, "test_svg.svg"), RG_OK);
    FILE *const file = fopen("test_svg.svg", "rb");
    static char text[100000];
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    remove("test_svg.svg");
    for (int ink = 0; ink < RG_N_INKS; ink++) {
        char rule[64];
        (void)snprintf(rule, sizeof rule, ".f%d{fill:#%06x}", ink, (unsigned)rg_ink_color(ink, false));
        ck_assert_msg(strstr(text, rule) != NULL, "no %s", rule);
        (void)snprintf(rule, sizeof rule, ".s%d{stroke:#%06x}", ink, (unsigned)rg_ink_color(ink, false));
        ck_assert_msg((strstr(text, rule) != NULL) == (ink < RG_INK_HEAT), "%s", rule);
    }
    rg_markup_destroy(&out);
}
END_TEST

#ifdef RG_CAIRO
/* 0xRRGGBB at a place of the picture, whose pixels are halves of the SVG's. */
static uint32_t pixel(cairo_surface_t *image, double x, double y) {
    const unsigned char *const row =
        cairo_image_surface_get_data(image) + (size_t)(2.0 * y) * (size_t)cairo_image_surface_get_stride(image);
    uint32_t color = 0;
    memcpy(&color, row + 4 * (size_t)(2.0 * x), sizeof color);
    return color & 0xFFFFFF;
}

/* Whether the color is within a pixel of the place. */
static bool is_near(cairo_surface_t *image, double x, double y, uint32_t color) {
    for (int i = 0; i < 25; i++) {
        if (pixel(image, x + 0.5 * (i % 5 - 2), y + 0.5 * (i / 5 - 2)) == color) {
            return true;
        }
    }
    return false;
}

/* The PNG shows what the SVG says: cells in their colors, lines, dots and texts at their places. */
START_TEST(the_png_is_the_svg) {
    static const double heat[ROWS * COLUMNS] = {1, 2, 3, 4, 5, 6, 7, NAN, 9, 10, 11, 12, 13, 14, 15};
    static const double x[3] = {0.0, 4.0, 5.0}, y[3] = {0.5, 2.5, 1.0};
    for (int dark = 0; dark < 2; dark++) {
        struct rg_plot plots[2] = {{.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)},
                                   {.x = rg_axis_of("x", RG_LINEAR), .y = rg_axis_of("y", RG_LINEAR)}};
        const struct rg_picture picture = {.title = "title",
                                           .plots = plots,
                                           .n_plots = 2,
                                           .columns = 2,
                                           .theme = dark ? RG_THEME_DARK : RG_THEME_LIGHT};
        static struct cells map;
        static char svg[200000];
        double points[MAX_POINTS][2];
        long width = 0, height = 0;
        plots[0].heat.scale = rg_axis_of("", RG_LINEAR);
        set_heat(&plots[0], heat);
        add_points(&plots[1], RG_STYLE_LINE, 1, x, y, 3);
        add_points(&plots[1], RG_STYLE_DOTS, 2, x, x, 3);
        ck_assert_int_eq(rg_picture_write(&picture, "test_svg.svg"), RG_OK);
        ck_assert_int_eq(rg_picture_write(&picture, "test_svg.png"), RG_OK);
        FILE *const file = fopen("test_svg.svg", "rb");
        svg[fread(svg, 1, sizeof svg - 1, file)] = '\0';
        fclose(file);
        cairo_surface_t *const image = cairo_image_surface_create_from_png("test_svg.png");
        ck_assert_int_eq(cairo_surface_status(image), CAIRO_STATUS_SUCCESS);
        cairo_surface_flush(image);
        ck_assert_int_eq(sscanf(strstr(svg, "viewBox="), "viewBox=\"0 0 %ld %ld\"", &width, &height), 2);
        ck_assert(cairo_image_surface_get_width(image) == 2 * width &&
                  cairo_image_surface_get_height(image) == 2 * height);
        const uint32_t paper = rg_ink_color(RG_INK_PAPER, dark);
        ck_assert(pixel(image, 1, 1) == paper && pixel(image, (double)width - 2, (double)height - 2) == paper);
        read_cells(svg, 0, &map);
        for (size_t r = 0; r < ROWS; r++) {
            for (size_t c = 0; c < COLUMNS; c++) {
                const uint32_t found =
                    pixel(image, map.x + ((double)c + 0.37) * map.width, map.y + ((double)r + 0.37) * map.height);
                ck_assert_uint_eq(found, map.ink[r][c] < 0 ? paper : rg_ink_color(map.ink[r][c], dark));
            }
        }
        ck_assert_uint_eq(read_path(svg, "s5", 0, points), 3);
        for (size_t i = 0; i + 1 < 3; i++) { /* a third of the way, off the grid */
            ck_assert(is_near(image, points[i][0] + 0.33 * (points[i + 1][0] - points[i][0]),
                              points[i][1] + 0.33 * (points[i + 1][1] - points[i][1]),
                              rg_ink_color(RG_INK_SERIES + 1, dark)));
        }
        const char *at = strstr(strstr(svg, "<path class=\"s6\""), " d=\"") + 4;
        for (size_t i = 0; i < 3; i++) {
            long left = 0, up = 0;
            ck_assert_int_eq(sscanf(at, "M%ld %ld", &left, &up), 2);
            ck_assert(
                is_near(image, 0.1 * (double)left + 2.0, 0.1 * (double)up, rg_ink_color(RG_INK_SERIES + 2, dark)));
            at = strchr(at + 1, i < 2 ? 'M' : '"');
        }
        /* the title is bold text near its place */
        size_t ink = 0;
        for (size_t i = 48; i < 120; i++) {
            ink += pixel(image, 0.5 * (double)i, 35.0) != paper;
        }
        ck_assert(ink > 10 && ink < 70);
        cairo_surface_destroy(image);
        remove("test_svg.svg");
        remove("test_svg.png");
        rg_plot_clear(&plots[0]);
        rg_plot_clear(&plots[1]);
    }
}
END_TEST
#endif

TEST_MAIN("svg") {
    TCase *const tests = add_tests(suite, "svg");
    tcase_add_test(tests, points_stand_where_the_axes_say);
    tcase_add_test(tests, a_line_is_interrupted_where_a_value_is_missing);
    tcase_add_test(tests, levels_dots_and_rugs_stand_in_the_plot);
    tcase_add_test(tests, the_legend_names_every_series_in_its_color);
    tcase_add_test(tests, every_cell_has_the_color_of_its_value);
    tcase_add_test(tests, signed_cells_are_logarithmic_on_both_sides);
    tcase_add_test(tests, scales_end_in_their_colors);
    tcase_add_test(tests, the_style_knows_every_ink);
#ifdef RG_CAIRO
    tcase_add_test(tests, the_png_is_the_svg);
#endif
}
