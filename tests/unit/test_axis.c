/* Axes: ranges and ticks at the two sides of every rule, stored in tests/expected/axes.txt. */
#include <math.h>

#include "cli/report/plot.h"
#include "expected.h"
#include "suite.h"

static const double ranges[][2] = {
    {0.0, 1.0},        {0.5, 1.0},        {0.499, 1.0},   {-1.0, 0.0},  {-0.3, 0.24},   {1.0, 1.0},
    {1.0, 1.0 + 1e-9}, {1.0, 1.0 + 3e-9}, {0.0, 0.0},     {3.0, 1.0},   {NAN, 1.0},     {0.0, INFINITY},
    {-2.0, -2.0},      {0.0, 999999.0},   {0.0, 1e6},     {0.0, 1e-3},  {0.0, 9.99e-4}, {10.0, 10.9},
    {0.0, 2.0},        {0.0, 2.5},        {0.0, 5.0},     {0.0, 5.01},  {-5.0, 6.0},    {-4.0, -1.0},
    {0.0, 0.99},       {0.0, 3.0},        {0.0, 3.01},    {-31.0, 0.5}, {-400.0, 2.0},  {1.0, 10.0},
    {0.0, 99.0},       {0.0, 999.0},      {0.0, 12345.0}, {20.0, 50.0}, {2.0, 200.0},   {7.0, 8.0}};

static void add_ticks(struct text *all, const struct rg_axis *axis) {
    static const size_t wanted[] = {2, 4, 6, RG_MAX_TICKS};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct rg_ticks ticks;
        rg_axis_ticks(axis, wanted[i], &ticks);
        text_add(all, "  %zu:", wanted[i]);
        for (size_t t = 0; t < ticks.n; t++) {
            text_add(all, " %s=%.9g", ticks.text[t], ticks.at[t]);
        }
        text_add(all, "\n");
    }
}

START_TEST(ranges_and_ticks) {
    static const char *const names[] = {[RG_LINEAR] = "linear", [RG_LOG10] = "log10", [RG_LAGS] = "lags"};
    struct text all = {NULL, 0, 0};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        for (int scale = RG_LINEAR; scale <= RG_LAGS; scale++) {
            if (scale == RG_LAGS && ranges[i][0] < 0.0) {
                continue;
            }
            for (int fixed = 0; fixed < 4; fixed++) { /* nothing, the low end, the high end, whole numbers */
                struct rg_axis axis = rg_axis_of("a", (enum rg_scale)scale);
                axis.low = fixed == 1 ? 0.0 : axis.low;
                axis.high = fixed == 2 ? 100.0 : axis.high;
                axis.whole = fixed == 3;
                rg_axis_settle(&axis, ranges[i][0], ranges[i][1]);
                text_add(&all, "%s %.9g %.9g, %d: %.9g to %.9g, 1 at %.6g\n", names[scale], ranges[i][0], ranges[i][1],
                         fixed, axis.low, axis.high, rg_axis_place(&axis, 1.0));
                if (fixed == 0 || fixed == 3) {
                    add_ticks(&all, &axis);
                }
            }
        }
    }
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) { /* not settled: their very ends */
        struct rg_axis axis = rg_axis_of("a", RG_LOG10);
        axis.low = ranges[i][0];
        axis.high = ranges[i][1];
        if (isfinite(axis.low) && isfinite(axis.high) && axis.low < axis.high) {
            text_add(&all, "exactly log10 %.9g to %.9g\n", axis.low, axis.high);
            add_ticks(&all, &axis);
            axis.scale = RG_LINEAR;
            text_add(&all, "exactly linear\n");
            add_ticks(&all, &axis);
        }
    }
    check_expected("axes.txt", all.bytes);
    free(all.bytes);
}
END_TEST

START_TEST(its_own_ticks) {
    struct rg_axis axis = rg_axis_of("a", RG_LOG10);
    struct rg_ticks ticks;
    axis.low = 0.0;
    axis.high = 1.0;
    axis.own.n = 1;
    axis.own.at[0] = 0.25;
    (void)snprintf(axis.own.text[0], RG_TICK_TEXT, "mine");
    rg_axis_ticks(&axis, 6, &ticks);
    ck_assert(ticks.n == 1 && ticks.at[0] == 0.25);
    ck_assert_str_eq(ticks.text[0], "mine");
}
END_TEST

TEST_MAIN("axis") {
    TCase *const tests = add_tests(suite, "axis");
    tcase_add_test(tests, ranges_and_ticks);
    tcase_add_test(tests, its_own_ticks);
}
