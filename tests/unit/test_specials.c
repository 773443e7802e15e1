/* The self-test's check of special numbers sees each fault of a device: a native device in double precision of which
 * one number that is read back is another one. */
#include <math.h>
#include <string.h>

#include "device/device.h"
#include "suite.h"
#include "verify/selftest/checks.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The check reads values and slopes of each activation, then the control block of each norm, then the losses and the
 * gradient of each output. */
enum { SPECIALS = 20, NORMS = 18, ROWS = 8 }; /* nine norms, each of one group and of two */

static struct rg_device *device;
static const struct rg_device_ops *native;
static struct rg_device_ops ops;

/* The read that is changed, at which number, and to what. `numbers` are those that were read there. */
static struct {
    size_t read, at, n_reads;
    double to;
    double numbers[64];
} fault;

static rg_status changed_read(struct rg_device *d, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    const rg_status status = native->read(d, to, from, offset, bytes);
    if (fault.n_reads++ == fault.read) {
        double *const numbers = to;
        ck_assert(fault.at * sizeof *numbers < bytes && bytes <= sizeof fault.numbers);
        memcpy(fault.numbers, to, bytes);
        numbers[fault.at] = fault.to;
    }
    return status;
}

static void begin(void) {
    ck_assert_int_eq(rg_device_open("cpu", &(struct rg_device_options){.threads = 1, .is_double = true}, &device),
                     RG_OK);
    native = device->ops;
    ops = *native;
    ops.read = changed_read;
    device->ops = &ops;
}

static void end(void) {
    device->ops = native;
    rg_device_destroy(device);
}

/* The checks that failed, one bit each, in order. */
static void note(void *context, const struct rg_selftest_check *check) {
    struct {
        size_t n;
        uint64_t failed;
    } *const noted = context;
    noted->failed |= check->passed ? 0 : UINT64_C(1) << noted->n;
    noted->n++;
}

/* Change number `at` of a read to `to`. The checks that fail. */
static uint64_t with_fault(size_t read, size_t at, double to, size_t n_checks) {
    struct {
        size_t n;
        uint64_t failed;
    } noted = {0, 0};
    struct rg_checks checks = {.report = note, .context = &noted};
    fault.read = read;
    fault.at = at;
    fault.to = to;
    fault.n_reads = 0;
    ck_assert_int_eq(rg_check_specials(&checks, device, true, true), RG_OK);
    ck_assert_uint_eq(noted.n, n_checks);
    return noted.failed;
}

enum { N_CHECKS = 2 * RG_N_ACTIVATIONS + 2 };

static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

START_TEST(nothing_fails_without_a_fault) {
    ck_assert_uint_eq(with_fault(SIZE_MAX, 0, 0.0, N_CHECKS), 0);
    ck_assert_uint_eq(fault.n_reads, 2 * RG_N_ACTIVATIONS + NORMS + 1 + ROWS);
}
END_TEST

/* Is no slope asked for? Not at NaN, nor at zeros and subnormal numbers where the device takes the latter as zeros. */
static bool is_free(size_t at) {
    return at == 0 || (device->info.subnormals_are_zero && at >= 3 && at <= 6);
}

/* Another value or slope of an activation fails that check, and the next one alone beside it: slopes follow from the
 * values. */
START_TEST(activations) {
    const size_t activation = (size_t)_i;
    test_case("%s", rg_activation_names[activation]);
    for (size_t slopes = 0; slopes < 2; slopes++) {
        const uint64_t own = UINT64_C(1) << (2 * activation + slopes), allowed = slopes ? own : own | own << 1;
        for (size_t at = 0; at < SPECIALS; at++) {
            (void)with_fault(2 * activation + slopes, at, 0.0, N_CHECKS);
            const double right = fault.numbers[at];
            const double more = right * (1.0 + 1e-13) + (fabs(right) < 1.0 ? copysign(1e-13, right) : 0.0);
            const double wrong[] = {NAN, INFINITY, -INFINITY, more};
            for (size_t k = 0; k < COUNT(wrong); k++) {
                const bool is_right = same(wrong[k], right) || (slopes && is_free(at));
                const uint64_t failed = with_fault(2 * activation + slopes, at, wrong[k], N_CHECKS);
                ck_assert_msg((failed & own) == (is_right ? 0 : own) && (failed & ~allowed) == 0,
                              "%s %zu is %g in place of %g: checks %llx", slopes ? "slope" : "value", at, wrong[k],
                              right, (unsigned long long)failed);
            }
            const double close = isinf(right) ? right : nextafter(right, 0.0); /* the last place is free */
            ck_assert_uint_eq(with_fault(2 * activation + slopes, at, close, N_CHECKS) & own, 0);
        }
    }
}
END_TEST

/* The losses of the eight outputs, each read with its count; and their gradients, each a read of its own. */
START_TEST(losses) {
    const size_t first = 2 * RG_N_ACTIVATIONS + NORMS;
    const uint64_t own = UINT64_C(1) << (N_CHECKS - 1);
    for (size_t row = 0; row < ROWS; row++) {
        (void)with_fault(first, 2 * row, 0.0, N_CHECKS);
        const double loss = fault.numbers[2 * row], wrong[] = {NAN, INFINITY, 0.5, 3.0};
        for (size_t k = 0; k < COUNT(wrong); k++) {
            ck_assert_uint_eq(with_fault(first, 2 * row, wrong[k], N_CHECKS), same(wrong[k], loss) ? 0 : own);
        }
        (void)with_fault(first + 1 + row, 0, 0.0, N_CHECKS);
        const double gradient = fault.numbers[0];
        const bool masked = row == 5 || row == 6;
        ck_assert_uint_eq(with_fault(first + 1 + row, 0, NAN, N_CHECKS), isfinite(gradient) ? own : 0);
        ck_assert_uint_eq(with_fault(first + 1 + row, 0, 1.0, N_CHECKS), isfinite(gradient) && !masked ? 0 : own);
    }
}
END_TEST

/* The block of the norm says whether the update is skipped. */
START_TEST(norms) {
    const uint64_t own = UINT64_C(1) << (N_CHECKS - 2);
    for (size_t i = 0; i < NORMS; i++) {
        struct rg_control control;
        const size_t read = 2 * RG_N_ACTIVATIONS + i, at = offsetof(struct rg_control, skip) / sizeof(double);
        (void)with_fault(read, at, 0.0, N_CHECKS);
        memcpy(&control, fault.numbers, sizeof control);
        ck_assert_int_eq(control.skip != 0, i >= 6);
        control.skip = !control.skip;
        memcpy(fault.numbers, &control, sizeof control);
        ck_assert_uint_eq(with_fault(read, at, fault.numbers[at], N_CHECKS), own);
    }
}
END_TEST

TEST_MAIN("specials") {
    TCase *const tests = add_tests(suite, "specials");
    tcase_add_unchecked_fixture(tests, begin, end);
    tcase_add_test(tests, nothing_fails_without_a_fault);
    tcase_add_loop_test(tests, activations, 0, RG_N_ACTIVATIONS);
    tcase_add_test(tests, losses);
    tcase_add_test(tests, norms);
}
