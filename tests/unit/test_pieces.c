/* Bounded launches (engine/pieces.c) on a made-up device with a clock of its own: which units are queued, when the host
 * waits, flushes and sleeps, and what is learned from the times. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/stop.h"
#include "engine/net.h"
#include "expected.h"
#include "suite.h"

/* Times are multiples of a power of two, so that sums of them are exact. SHORT is a little less than a millisecond. */
static const double LIMIT = 0.125, SHORT = 0x1p-10;

static struct text calls;       /* since the last expect_calls */
static double now;              /* the time */
static double queued;           /* seconds of the work that the device has not done yet */
static double each;             /* seconds that a unit takes */
static double builds;           /* seconds for which the next launch builds a kernel first */
static size_t n_calls, failing; /* this one fails, from 1; 0: none */

static struct rg_device device;
static struct rg_net net;

/* In place of those of the library and of the system. */
double rg_seconds(void) {
    return now;
}

int nanosleep(const struct timespec *time, struct timespec *left) {
    (void)left;
    text_add(&calls, "sleep %.4g, ", (double)time->tv_sec + 1e-9 * (double)time->tv_nsec);
    return 0;
}

static rg_status called(void) {
    return ++n_calls == failing ? rg_fail(RG_NO_DEVICE, "the made-up device fails") : RG_OK;
}

static rg_status made_finish(struct rg_device *self) {
    (void)self;
    text_add(&calls, "wait, ");
    now += queued;
    queued = 0.0;
    return called();
}

static rg_status made_flush(struct rg_device *self) {
    (void)self;
    text_add(&calls, "flush, ");
    return called();
}

static const struct rg_device_ops made_ops = {.finish = made_finish, .flush = made_flush};

static void work(size_t units) {
    now += builds;
    device.info.build_seconds += builds;
    builds = 0.0;
    queued += each * (double)units;
}

static rg_status queue_units(struct rg_net *self, void *of, size_t done, size_t n) {
    ck_assert(self == &net && of == &calls);
    text_add(&calls, "%zu+%zu, ", done, n);
    work(n);
    return called();
}

static rg_status queue_area(struct rg_net *self, void *of, struct rg_span steps, struct rg_span rows) {
    ck_assert(self == &net && of == &calls);
    text_add(&calls, "%zu-%zu of %zu-%zu, ", steps.begin, steps.end, rows.begin, rows.end);
    work((steps.end - steps.begin) * (rows.end - rows.begin));
    return called();
}

static rg_status queue_steps(struct rg_net *self, void *of) {
    ck_assert(self == &net && of == &calls);
    text_add(&calls, "%zu-%zu, ", self->segment.begin, self->segment.end);
    work(self->segment.end - self->segment.begin);
    return called();
}

/* A device whose launches may take so long, of which nothing is known, and units that take `seconds`. */
static void begin(double limit, double seconds) {
    device = (struct rg_device){.ops = &made_ops, .info = {.launch_seconds = limit, .units = 1}};
    net = (struct rg_net){.device = &device, .chunk.rows = 5};
    now = queued = builds = 0.0;
    n_calls = failing = 0;
    each = seconds;
}

static void end(void) {
    free(calls.bytes);
    calls = (struct text){NULL, 0, 0};
}

static void expect_calls(const char *wanted) {
    ck_assert_str_eq(calls.bytes ? calls.bytes : "", wanted);
    end();
}

static rg_status queue(size_t units, size_t together) {
    const struct rg_cut cut = {RG_WORK_REVERSE, 2, units, together};
    return rg_in_pieces(&net, &cut, queue_units, &calls);
}

static void expect_queue(size_t units, size_t together, const char *wanted) {
    ck_assert_int_eq(queue(units, together), RG_OK);
    expect_calls(wanted);
}

static void expect_rate(size_t room, size_t timed, double of_unit) {
    const struct rg_rate *const rate = &net.pieces.rates[RG_WORK_REVERSE][2];
    ck_assert_uint_eq(rate->room, room);
    ck_assert_uint_eq(rate->timed, timed);
    ck_assert_double_eq(rate->each, of_unit);
}

static void expect_queued(double seconds) {
    ck_assert_double_eq(net.pieces.queued, seconds);
}

START_TEST(without_a_limit) {
    begin(0.0, 1.0);
    expect_queue(1000, 4, "0+1000, ");
    expect_rate(0, 0, 0.0);
    begin(-1.0, 1.0);
    expect_queue(7, 1, "0+7, ");
    begin(0.0, 1.0);
    failing = 1;
    ck_assert_int_eq(queue(3, 1), RG_NO_DEVICE);
}
END_TEST

/* One unit, then at most 8 times as many, then what fits into the limit. A launch of as many as there are needs no
 * wait any more, up to a quarter of a second of work; more than a millisecond of it is sent to the device. */
START_TEST(launches_grow) {
    begin(LIMIT, SHORT);
    expect_queue(5, 1, "wait, 0+1, wait, wait, 1+4, wait, ");
    expect_rate(32, 4, SHORT);
    expect_queue(200, 1, "wait, 0+32, wait, wait, 32+128, wait, wait, 160+40, wait, ");
    expect_rate(128, 128, SHORT);
    expect_queued(0.0);
    expect_queue(128, 1, "0+128, flush, ");
    expect_queue(1, 1, "0+1, ");
    expect_queued(129 * SHORT);
    expect_queue(2, 1, "0+2, flush, ");
    expect_queue(125, 1, "0+125, flush, ");
    expect_queued(0.25);
    expect_queue(1, 1, "0+1, wait, ");
    expect_queued(0.0);
    expect_queue(129, 1, "wait, 0+128, wait, wait, 128+1, wait, ");
    expect_rate(128, 128, SHORT);
    begin(LIMIT, 0.001);
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_queue(1, 1, "0+1, ");
}
END_TEST

/* Kinds of work and layers are timed by themselves. */
START_TEST(each_kind_and_layer) {
    begin(LIMIT, SHORT);
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_queue(1, 1, "0+1, ");
    const struct rg_cut layer = {RG_WORK_REVERSE, 1, 1, 1}, kind = {RG_WORK_FORWARD, 2, 1, 1};
    ck_assert_int_eq(rg_in_pieces(&net, &layer, queue_units, &calls), RG_OK);
    expect_calls("wait, 0+1, wait, ");
    ck_assert_int_eq(rg_in_pieces(&net, &kind, queue_units, &calls), RG_OK);
    expect_calls("wait, 0+1, wait, ");
}
END_TEST

/* What was known of fewer sequences is forgotten. */
START_TEST(more_rows) {
    begin(LIMIT, SHORT);
    expect_queue(9, 1, "wait, 0+1, wait, wait, 1+8, wait, ");
    net.chunk.rows = 4;
    expect_queue(8, 1, "0+8, flush, ");
    net.chunk.rows = 6;
    expect_queue(2, 1, "wait, 0+1, wait, wait, 1+1, wait, ");
    expect_rate(8, 1, SHORT);
    ck_assert_uint_eq(net.pieces.rates[RG_WORK_REVERSE][2].rows, 6);
}
END_TEST

/* A unit that takes too long is still a launch; more than one only once it takes less. */
START_TEST(units_that_take_too_long) {
    begin(LIMIT, 0.25);
    expect_queue(3, 1, "wait, 0+1, wait, wait, 1+1, wait, wait, 2+1, wait, ");
    expect_rate(1, 0, 0.25);
    each = LIMIT; /* just within it */
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_rate(1, 1, LIMIT);
    each = LIMIT / 2;
    expect_queue(2, 1, "wait, 0+1, wait, wait, 1+1, wait, ");
    expect_rate(2, 1, LIMIT / 2);
    expect_queue(2, 1, "wait, 0+2, wait, ");
    expect_rate(2, 2, LIMIT / 2);
    each = 0.25; /* it became slower */
    expect_queue(5, 1, "wait, 0+2, wait, wait, 2+1, wait, wait, 3+1, wait, wait, 4+1, wait, ");
    expect_rate(1, 2, 0.25);
}
END_TEST

/* A rest of fewer than half the units that fit does not say that fewer fit, unless it takes too long. */
START_TEST(short_rests) {
    struct rg_rate *const rate = &net.pieces.rates[RG_WORK_REVERSE][2];
    begin(1.0, 0.125);
    expect_queue(9, 1, "wait, 0+1, wait, wait, 1+8, wait, ");
    expect_rate(8, 8, 0.125);
    each = 0.25;
    expect_queue(11, 1, "wait, 0+8, wait, wait, 8+3, wait, ");
    expect_rate(4, 8, 0.25);
    each = 0.5;
    rate->timed = 0;
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_rate(4, 1, 0.25);
    expect_queue(2, 1, "wait, 0+2, wait, ");
    expect_rate(2, 2, 0.5);
    each = 0.234375; /* 4.3 of them */
    *rate = (struct rg_rate){.rows = 5, .room = 4, .each = 0.25};
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_rate(4, 1, 0.25);
    *rate = (struct rg_rate){.rows = 5, .room = 4, .each = 0.25};
    each = 1.0;
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_rate(4, 1, 0.25);
    each = 1.25;
    rate->timed = 0;
    expect_queue(1, 1, "wait, 0+1, wait, ");
    expect_rate(1, 0, 1.25);
}
END_TEST

/* A short rest that was fast says that more fit. */
START_TEST(fast_rests) {
    begin(1.0, 0.125);
    expect_queue(9, 1, "wait, 0+1, wait, wait, 1+8, wait, ");
    each = 0.0625;
    net.pieces.rates[RG_WORK_REVERSE][2].timed = 0;
    expect_queue(2, 1, "wait, 0+2, wait, ");
    expect_rate(16, 2, 0.0625);
    each = 0.0; /* less than the clock tells: 8 times as many */
    net.pieces.rates[RG_WORK_REVERSE][2].timed = 0;
    expect_queue(7, 1, "wait, 0+7, wait, ");
    expect_rate(56, 7, 0.0);
}
END_TEST

/* The time of building a kernel is no time of the work. */
START_TEST(kernels_are_built) {
    begin(LIMIT, SHORT);
    builds = 30.0;
    expect_queue(9, 1, "wait, 0+1, wait, wait, 1+8, wait, ");
    expect_rate(64, 8, SHORT);
}
END_TEST

/* Steps of four parts: a launch has part of one or whole ones. */
START_TEST(parts_that_go_together) {
    begin(LIMIT, LIMIT / 2);
    expect_queue(9, 4,
                 "wait, 0+1, wait, wait, 1+2, wait, wait, 3+1, wait, wait, 4+2, wait, wait, 6+2, wait, wait, 8+1, "
                 "wait, ");
    begin(LIMIT, 5.0 / 256); /* 6.4 of them are within the limit */
    expect_queue(24, 4,
                 "wait, 0+1, wait, wait, 1+3, wait, wait, 4+4, wait, wait, 8+4, wait, wait, 12+4, wait, wait, "
                 "16+4, wait, wait, 20+4, wait, ");
    expect_rate(6, 4, 5.0 / 256);
    begin(LIMIT, SHORT);
    expect_queue(30, 4, "wait, 0+1, wait, wait, 1+3, wait, wait, 4+24, wait, wait, 28+2, wait, ");
}
END_TEST

/* A GPU's driver may keep a processor busy while the host waits, so the host sleeps for what is known of the work. */
START_TEST(waits_sleep_on_a_gpu) {
    begin(LIMIT, LIMIT / 16);
    device.info.is_gpu = true;
    expect_queue(9, 1, "wait, 0+1, wait, wait, 1+8, flush, sleep 0.05625, wait, ");
    expect_queue(8, 1, "0+8, flush, ");
    expect_queue(9, 1, "flush, sleep 0.05625, wait, 0+9, flush, sleep 0.06328, wait, ");
}
END_TEST

/* Each wait asks whether the program is to stop, unless other ranks wait for this one. */
START_TEST(stopped) {
    atomic_bool stop = true;
    begin(LIMIT, LIMIT);
    const atomic_bool *const before = rg_stop_watch(&stop);
    ck_assert_int_eq(queue(2, 1), RG_INTERRUPTED);
    expect_calls("wait, ");
    net.uncut = true;
    expect_queue(2, 1, "wait, 0+1, wait, wait, 1+1, wait, ");
    expect_queue(1, 1, "0+1, flush, ");
    expect_queue(1, 1, "0+1, flush, ");
    net.uncut = false;
    ck_assert_int_eq(queue(1, 1), RG_INTERRUPTED);
    expect_calls("0+1, flush, wait, ");
    expect_queued(0.0);
    (void)rg_stop_watch(before);
}
END_TEST

/* Every call that fails ends it, and its status is returned. */
START_TEST(failures) {
    static const char *const wanted[] = {"wait, ", "wait, 0+1, ", "wait, 0+1, wait, "};
    for (size_t i = 0; i < 3; i++) {
        begin(LIMIT, LIMIT);
        failing = i + 1;
        ck_assert_int_eq(queue(2, 1), RG_NO_DEVICE);
        expect_calls(wanted[i]);
        expect_rate(1, 0, 0.0);
    }
    static const char *const uncut[] = {"0+1, ", "0+1, flush, ", "0+1, flush, wait, "};
    for (size_t i = 0; i < 3; i++) {
        begin(LIMIT, LIMIT);
        expect_queue(1, 1, "wait, 0+1, wait, ");
        net.pieces.queued = 0.2;
        n_calls = 0;
        failing = i + 1;
        ck_assert_int_eq(queue(1, 1), RG_NO_DEVICE);
        expect_calls(uncut[i]);
    }
    begin(LIMIT, LIMIT);
    device.info.is_gpu = true;
    net.pieces.queued = 0.125;
    failing = 1;
    ck_assert_int_eq(queue(1, 1), RG_NO_DEVICE);
    expect_calls("flush, ");
}
END_TEST

static void expect_area(size_t steps, size_t rows, size_t grain, int units, const char *wanted) {
    const struct rg_area area = {RG_WORK_REVERSE, 2, steps, rows, grain};
    device.info.units = units;
    ck_assert_int_eq(rg_in_area(&net, &area, queue_area, &calls), RG_OK);
    expect_calls(wanted);
}

/* 21 rows in grains of 4 are 6 grains: three parts of two grains for two compute units, of which the last has 5 rows.
 */
START_TEST(areas) {
    begin(0.0, 0.0);
    expect_area(2, 21, 4, 2, "0-2 of 0-21, ");
    begin(LIMIT, LIMIT / 8);
    expect_area(2, 21, 4, 2,
                "wait, 0-1 of 0-8, wait, wait, 0-1 of 8-16, wait, wait, 0-1 of 16-21, wait, wait, 1-2 of 0-8, wait, "
                "wait, 1-2 of 8-16, wait, wait, 1-2 of 16-21, wait, ");
    begin(LIMIT, SHORT / 8);
    expect_area(4, 21, 4, 2, "wait, 0-1 of 0-8, wait, wait, 0-1 of 8-21, wait, wait, 1-4 of 0-21, wait, ");
    expect_area(3, 21, 4, 2, "0-3 of 0-21, flush, ");
    begin(LIMIT, SHORT / 8);
    expect_area(2, 8, 4, 2, "wait, 0-1 of 0-8, wait, wait, 1-2 of 0-8, wait, "); /* as many grains as units: a part */
    begin(LIMIT, SHORT / 8);
    expect_area(2, 5, 8, 2, "wait, 0-1 of 0-5, wait, wait, 1-2 of 0-5, wait, "); /* fewer */
    begin(LIMIT, SHORT / 8);
    failing = 2;
    const struct rg_area area = {RG_WORK_REVERSE, 2, 2, 8, 4};
    ck_assert_int_eq(rg_in_area(&net, &area, queue_area, &calls), RG_NO_DEVICE);
}
END_TEST

/* Steps of a segment that does not begin at 0; it is what it was afterwards. */
START_TEST(steps) {
    begin(LIMIT, LIMIT / 8);
    net.segment = (struct rg_span){7, 12};
    ck_assert_int_eq(rg_in_steps(&net, RG_WORK_REVERSE, 2, queue_steps, &calls), RG_OK);
    expect_calls("wait, 7-8, wait, wait, 8-12, wait, ");
    expect_rate(8, 4, LIMIT / 8);
    ck_assert(net.segment.begin == 7 && net.segment.end == 12);
    failing = n_calls + 2;
    ck_assert_int_eq(rg_in_steps(&net, RG_WORK_REVERSE, 2, queue_steps, &calls), RG_NO_DEVICE);
    ck_assert(net.segment.begin == 7 && net.segment.end == 12);
}
END_TEST

TEST_MAIN("pieces") {
    TCase *const tests = add_tests(suite, "pieces");
    tcase_add_checked_fixture(tests, NULL, end);
    tcase_add_test(tests, without_a_limit);
    tcase_add_test(tests, launches_grow);
    tcase_add_test(tests, each_kind_and_layer);
    tcase_add_test(tests, more_rows);
    tcase_add_test(tests, units_that_take_too_long);
    tcase_add_test(tests, short_rests);
    tcase_add_test(tests, fast_rests);
    tcase_add_test(tests, kernels_are_built);
    tcase_add_test(tests, parts_that_go_together);
    tcase_add_test(tests, waits_sleep_on_a_gpu);
    tcase_add_test(tests, stopped);
    tcase_add_test(tests, failures);
    tcase_add_test(tests, areas);
    tcase_add_test(tests, steps);
}
