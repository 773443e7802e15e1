/* Numbers about a lag profile against values worked out by hand: slopes, intervals, the decay, and the factors by which
 * an optimiser scales its gradient. tests/kernels/test_statistics.c has whole profiles. */
#define _GNU_SOURCE
#include <math.h>

#include "failing_memory.h"
#include "gradient/statistics.h"
#include "gradient/step_rule.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const double LN10 = 2.302585092994046;

static void expect_near(double found, double expected, const char *what) {
    ck_assert_msg(isnan(expected) ? isnan(found) : fabs(found - expected) <= 1e-12 * (1.0 + fabs(expected)),
                  "%s: %.15g, expected %.15g", what, found, expected);
}

/* ---- Slopes ---- */

START_TEST(slopes) {
    static const struct {
        const char *name;
        double y[6];
        size_t lags, stride;
        double slope; /* of log10 */
    } cases[] = {{"no lag", {0}, 0, 1, NAN},
                 {"one lag", {3}, 1, 1, NAN},
                 {"two lags", {0, -1}, 2, 1, -1},
                 {"a line", {1, 1.5, 2, 2.5}, 4, 1, 0.5},
                 {"no line", {0, 2, 1, 1}, 4, 1, 0.2},
                 {"less lags than numbers", {0, 1, 2, 9}, 3, 1, 1},
                 {"every second", {0, 9, 2, 9, 4, 9}, 6, 2, 1},
                 {"every second, of which two are below the end", {0, 9, 2, 9, 9}, 4, 2, 1},
                 {"zeros left out", {0, -INFINITY, 2, 3}, 4, 1, 1},
                 {"missing left out", {NAN, 1, NAN, 3}, 4, 1, 1},
                 {"only one is finite", {NAN, 1, INFINITY}, 3, 1, NAN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        expect_near(rg_slope_of(cases[i].y, cases[i].lags, cases[i].stride), cases[i].slope * LN10, cases[i].name);
    }
}
END_TEST

/* ---- Intervals ---- */

START_TEST(intervals) {
    static const struct {
        size_t missing, n_micro;
        double low, high;
    } cases[] = {{0, 6, 2, 997},    {0, 7, 4, 995},     {0, 8, 5, 994},     {100, 6, 102, 997},
                 {99, 7, 102, 996}, {100, 8, 105, 994}, {101, 8, NAN, NAN}, {1000, 6, NAN, NAN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double values[RG_DRAWS];
        test_case("%zu missing, %zu micro-batches", cases[i].missing, cases[i].n_micro);
        for (size_t k = 0; k < RG_DRAWS; k++) { /* in no order: 7 and 1000 have no common factor */
            const size_t value = k * 7 % RG_DRAWS;
            values[k] = value < cases[i].missing ? NAN : (double)value;
        }
        const struct rg_interval found = rg_interval_of(values, cases[i].n_micro);
        expect_near(found.low, cases[i].low, "low");
        expect_near(found.high, cases[i].high, "high");
    }
}
END_TEST

START_TEST(draws) {
    for (size_t n = RG_MIN_MICRO; n <= RG_MICRO_BATCHES; n++) {
        static double weights[RG_DRAWS][RG_MICRO_BATCHES];
        double drawn[RG_MICRO_BATCHES] = {0.0};
        memset(weights, 1, sizeof weights);
        rg_draw_weights(n, weights);
        for (size_t i = 0; i < RG_DRAWS; i++) {
            double sum = 0.0;
            for (size_t b = 0; b < RG_MICRO_BATCHES; b++) {
                sum += weights[i][b];
                drawn[b] += weights[i][b];
            }
            ck_assert_double_eq(sum, (double)n);
        }
        for (size_t b = 0; b < RG_MICRO_BATCHES; b++) { /* 1000 are expected, and a standard deviation is below 30 */
            ck_assert(b < n ? fabs(drawn[b] - RG_DRAWS) < 150.0 : drawn[b] == 0.0);
        }
    }
}
END_TEST

START_TEST(noise) {
    const struct rg_matrix_statistics m = {.chance = {RG_CHANCE, 0.0501, NAN, 0.0}};
    ck_assert(!rg_is_noise(&m, 0) && rg_is_noise(&m, 1) && !rg_is_noise(&m, 2) && !rg_is_noise(&m, 3));
}
END_TEST

/* ---- The decay ---- */

enum { ROWS = 13, MAX_LAGS = 70 };

/* ||delta|| of sequence r at a lag, and its log10. Sequence 3 has steps at even lags alone; lag 4 has none at all. */
static double delta_of(size_t lag, size_t r) {
    if (lag == 4 || (r == 3 && lag % 2 == 1)) {
        return NAN;
    }
    return pow(10.0, -0.05 * (double)(lag * (r % 5)) - 0.3 * (double)r);
}

/* The interval from its definition: of each draw the slope over lags 0, stride …, without what sequences that end took
 */
static struct rg_interval decay_of(size_t n_micro, size_t lags, size_t stride) {
    static double weights[RG_DRAWS][RG_MICRO_BATCHES], values[RG_DRAWS];
    rg_draw_weights(n_micro, weights);
    for (size_t i = 0; i < RG_DRAWS; i++) {
        double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, ended = 0.0;
        for (size_t lag = 0; lag < lags; lag += stride) {
            double square = 0.0, stay = 0.0;
            for (size_t r = 0; r < ROWS; r++) {
                size_t b = 0;
                while (r >= (b + 1) * ROWS / n_micro) {
                    b++;
                }
                const double of_r = isnan(delta_of(lag, r)) ? 0.0 : weights[i][b] * pow(delta_of(lag, r), 2.0);
                square += of_r;
                stay += lag + stride < lags && isnan(delta_of(lag + stride, r)) ? 0.0 : of_r;
            }
            if (square > 0.0) {
                const double v = 0.5 * log(square) + ended, at = (double)lag;
                n += 1.0, x += at, y += v, xx += at * at, xy += at * v;
            }
            ended += stay > 0.0 ? 0.5 * log(square / stay) : 0.0;
        }
        values[i] = (n * xy - x * y) / (n * xx - x * x);
    }
    return rg_interval_of(values, n_micro);
}

START_TEST(decays) {
    static const struct {
        size_t n_micro, lags, stride;
    } cases[] = {{6, 3, 1}, {7, 12, 1}, {8, 64, 1}, {6, 65, 2}, {8, MAX_LAGS, 2}};
    static double logs[MAX_LAGS * ROWS];
    for (size_t i = 0; i < MAX_LAGS * ROWS; i++) {
        logs[i] = log10(delta_of(i / ROWS, i % ROWS));
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct rg_micro micro = {.n = cases[i].n_micro};
        const struct rg_interval expected = decay_of(micro.n, cases[i].lags, cases[i].stride);
        const double middle = 0.5 * (expected.low + expected.high);
        struct rg_interval found;
        test_case("%zu lags, %zu micro-batches", cases[i].lags, micro.n);
        ck_assert_double_lt(expected.low, expected.high);
        ck_assert_int_eq(rg_decay_interval(&micro, logs, ROWS, cases[i].lags, middle, &found), RG_OK);
        ck_assert(fabs(found.low - expected.low) < 1e-9 && fabs(found.high - expected.high) < 1e-9);
        /* it holds the decay of all sequences */
        ck_assert_int_eq(rg_decay_interval(&micro, logs, ROWS, cases[i].lags, -50.0, &found), RG_OK);
        ck_assert(found.low == -50.0 && fabs(found.high - expected.high) < 1e-9);
        ck_assert_int_eq(rg_decay_interval(&micro, logs, ROWS, cases[i].lags, 50.0, &found), RG_OK);
        ck_assert(fabs(found.low - expected.low) < 1e-9 && found.high == 50.0);
        ck_assert_int_eq(rg_decay_interval(&micro, logs, ROWS, cases[i].lags, NAN, &found), RG_OK);
        ck_assert(isnan(found.low) && isnan(found.high));
        ck_assert_int_eq(rg_decay_interval(&micro, logs, ROWS, 1, 0.0, &found), RG_OK);
        ck_assert(isnan(found.low) && isnan(found.high));
    }
}
END_TEST

/* ---- The optimiser's factors ---- */

enum { WEIGHTS = 3 };

static const struct {
    enum rg_optimizer kind;
    double clip_value;
    bool linear;
    double factors[WEIGHTS]; /* unless it is linear */
} rules[] = {
    {RG_OPT_SGD, 0.0, true, {0}},
    {RG_OPT_SGD, 2.0, false, {1.0, 0.5, 1.0}},
    {RG_OPT_MOMENTUM, 0.0, true, {0}},
    {RG_OPT_MOMENTUM, 1.0, false, {1.0, 0.25, 0.5}},
    {RG_OPT_NESTEROV, 0.0, true, {0}},
    {RG_OPT_NESTEROV, 8.0, false, {1.0, 1.0, 1.0}},
    {RG_OPT_RMSPROP, 0.0, false, {1 / 1.5, 1 / 4.5, 2.0}},
    {RG_OPT_ADAGRAD, 0.0, false, {1 / 1.5, 1 / 4.5, 2.0}},
    {RG_OPT_ADAGRAD, 2.0, false, {1 / 1.5, 0.5 / 4.5, 2.0}},
    {RG_OPT_ADAM, 0.0, false, {1 / 4.5, 1 / 6.5, 2.0}},
    {RG_OPT_ADAM, 1.0, false, {1 / 4.5, 0.25 / 6.5, 1.0}},
    {RG_OPT_ADAMW, 0.0, false, {1 / 4.5, 1 / 6.5, 2.0}},
};

static struct rg_engine engine;
static struct rg_optimizer_state optimizer;

static void start_engine(void) {
    static const double first[WEIGHTS] = {1, 16, 0}, second[WEIGHTS] = {4, 9, 0}, gradients[WEIGHTS] = {1, -4, 2};
    struct rg_device *device = NULL;
    ck_assert_int_eq(rg_native_open(&(struct rg_device_options){.threads = 1}, &device), RG_OK);
    optimizer = (struct rg_optimizer_state){.device = device, .n = WEIGHTS, .epsilon = 0.5};
    engine = (struct rg_engine){.net = {.device = device}, .optimizer = &optimizer};
    ck_assert_int_eq(rg_reals_create(device, WEIGHTS, "first", &optimizer.first), RG_OK);
    ck_assert_int_eq(rg_reals_create(device, WEIGHTS, "second", &optimizer.second), RG_OK);
    ck_assert_int_eq(rg_reals_create(device, WEIGHTS, "gradients", &engine.net.buffers.gradients), RG_OK);
    ck_assert_int_eq(rg_buffer_create(device, sizeof(struct rg_control), "control", &engine.net.buffers.control),
                     RG_OK);
    ck_assert_int_eq(rg_reals_write(device, optimizer.first, 0, first, WEIGHTS), RG_OK);
    ck_assert_int_eq(rg_reals_write(device, optimizer.second, 0, second, WEIGHTS), RG_OK);
    ck_assert_int_eq(rg_reals_write(device, engine.net.buffers.gradients, 0, gradients, WEIGHTS), RG_OK);
}

static void end_engine(void) {
    struct rg_device *const device = engine.net.device;
    rg_buffer_destroy(device, optimizer.first);
    rg_buffer_destroy(device, optimizer.second);
    rg_buffer_destroy(device, engine.net.buffers.gradients);
    rg_buffer_destroy(device, engine.net.buffers.control);
    rg_device_destroy(device);
}

static void set_steps(unsigned steps) {
    const struct rg_control control = {.steps = steps, .correction1 = 0.125F, .correction2 = 0.25F};
    ck_assert_int_eq(rg_buffer_write(engine.net.device, engine.net.buffers.control, 0, &control, sizeof control),
                     RG_OK);
}

START_TEST(factors) {
    start_engine();
    for (size_t i = 0; i < COUNT(rules); i++) {
        double *found = NULL;
        test_case("rule %zu", i);
        optimizer.options = (struct rg_optimizer_options){.kind = rules[i].kind, .clip_value = rules[i].clip_value};
        ck_assert(rg_step_is_linear(&optimizer.options) == rules[i].linear);
        set_steps(0);
        ck_assert_int_eq(rg_step_factors(&engine, &found), RG_OK);
        ck_assert_ptr_null(found);
        set_steps(1);
        ck_assert_int_eq(rg_step_factors(&engine, &found), RG_OK);
        ck_assert((found == NULL) == rules[i].linear);
        for (size_t k = 0; found && k < WEIGHTS; k++) {
            expect_near(found[k], rules[i].factors[k], "factor");
        }
        rg_free(found);
    }
    /* a failure to read is not lost: more weights than the buffers have, a control block that is no such */
    optimizer.n = WEIGHTS + 1;
    for (size_t i = 0; i < COUNT(rules); i++) {
        double *found = NULL;
        test_case("rule %zu without its numbers", i);
        optimizer.options = (struct rg_optimizer_options){.kind = rules[i].kind, .clip_value = rules[i].clip_value};
        ck_assert_int_eq(rg_step_factors(&engine, &found), rules[i].linear ? RG_OK : RG_ERROR);
        ck_assert_ptr_null(found);
    }
    struct rg_buffer *const control = engine.net.buffers.control;
    double *found = NULL;
    engine.net.buffers.control = optimizer.first;
    ck_assert_int_eq(rg_step_factors(&engine, &found), RG_ERROR);
    engine.net.buffers.control = control;
    end_engine();
}
END_TEST

/* ---- Memory ---- */

static rg_status decay_without_memory(void) {
    static const double logs[2 * RG_MIN_MICRO] = {0.0};
    const struct rg_micro micro = {.n = RG_MIN_MICRO};
    struct rg_interval found;
    return rg_decay_interval(&micro, logs, RG_MIN_MICRO, 2, 0.0, &found);
}

static rg_status factors_without_memory(void) {
    double *found = NULL;
    const rg_status status = rg_step_factors(&engine, &found);
    ck_assert((status == RG_OK) == (found != NULL));
    rg_free(found);
    return status;
}

START_TEST(no_memory) {
    each_fails("the interval of the decay", decay_without_memory, 6);
    start_engine();
    optimizer.options.kind = RG_OPT_ADAM;
    set_steps(1);
    each_fails("an optimiser's factors", factors_without_memory, 2);
    end_engine();
}
END_TEST

/* What the sequences that end take from the norm: those of norms 3 and 4 of 3, 4 and 12 leave 12 of 13. */
START_TEST(ended_sequences) {
    const double now[] = {log10(3.0), log10(4.0), NAN, log10(12.0)}, same[] = {1.0, -INFINITY, NAN, 0.0};
    const double fewer[] = {NAN, NAN, NAN, 2.0}, none[] = {NAN, NAN, NAN, NAN};
    const double dead[] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, y[] = {0.0, 1.0, 1.0}, more[] = {0.0, 0.0, 1.0};
    ck_assert_double_eq(rg_ended_log10(now, same, 4), 0.0);
    ck_assert_double_eq_tol(rg_ended_log10(now, fewer, 4), log10(13.0 / 12.0), 1e-15);
    ck_assert_double_eq(rg_ended_log10(now, none, 4), 0.0);
    ck_assert_double_eq(rg_ended_log10(dead, fewer, 4), 0.0);
    ck_assert_double_eq_tol(rg_slope_of_sum(y, more, 3, 1), log(10.0), 1e-14);
}
END_TEST

TEST_MAIN("lag_numbers") {
    TCase *const tests = add_tests(suite, "lag_numbers");
    tcase_add_test(tests, slopes);
    tcase_add_test(tests, intervals);
    tcase_add_test(tests, draws);
    tcase_add_test(tests, noise);
    tcase_add_test(tests, decays);
    tcase_add_test(tests, factors);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, ended_sequences);
}
