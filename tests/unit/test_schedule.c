/* Learning rates against torch.optim.lr_scheduler (tests/fixtures/pytorch/make_optimizer_fixtures.py), and warm-up. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/tensors.h"
#include "suite.h"
#include "train/schedule.h"

enum { MAX_VALUES = 128 };

static const struct {
    const char *name;
    struct rg_schedule_options options;
} cases[] = {
    {"constant", {RG_SCHEDULE_CONSTANT, 0, 0.0}},
    {"step-7", {RG_SCHEDULE_STEP, 7, 0.5}},
    {"step-1", {RG_SCHEDULE_STEP, 1, 0.9}},
    {"exponential", {RG_SCHEDULE_EXPONENTIAL, 0, 0.97}},
    {"cosine-1", {RG_SCHEDULE_COSINE, 0, 0.0}},
    {"cosine-53", {RG_SCHEDULE_COSINE, 0, 0.0}},
    {"linear-1", {RG_SCHEDULE_LINEAR, 0, 0.0}},
    {"linear-40", {RG_SCHEDULE_LINEAR, 0, 0.0}},
    {"one-cycle-1", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"one-cycle-2", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"one-cycle-3", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"one-cycle-4", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"one-cycle-10", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"one-cycle-67", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"one-cycle-100", {RG_SCHEDULE_ONE_CYCLE, 0, 0.0}},
    {"plateau-3", {RG_SCHEDULE_PLATEAU, 3, 0.5}},
    {"plateau-0", {RG_SCHEDULE_PLATEAU, 0, 0.2}},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static struct rg_tensors *fixture;

static void open_fixture(void) {
    ck_assert_msg(rg_tensors_read(RG_SOURCE_DIR "/tests/fixtures/pytorch/optimizers.safetensors", &fixture) == RG_OK,
                  "%s", rg_error_message());
}

static void close_fixture(void) {
    rg_tensors_destroy(fixture);
    fixture = NULL;
}

/* The number of elements of the tensor prefix + name, which go to out [MAX_VALUES]. */
static size_t read_fixture(const char *prefix, const char *name, double *out) {
    char whole[128];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const struct rg_tensor *tensor = rg_tensors_find(fixture, whole);
    ck_assert_msg(tensor != NULL, "the fixture lacks %s", whole);
    const size_t count = rg_tensor_elements(tensor);
    ck_assert_uint_le(count, MAX_VALUES);
    rg_tensor_to_double(tensor, out);
    return count;
}

/* Rounding differs where PyTorch goes from rate to rate; near the end of a cosine what is left of lr is its rounding.
 */
START_TEST(rates_are_those_of_pytorch) {
    double wanted[MAX_VALUES], losses[MAX_VALUES];
    const struct rg_schedule_options *const options = &cases[_i].options;
    const size_t n_updates = read_fixture("schedule.", cases[_i].name, wanted) - 1;
    (void)read_fixture("losses", "", losses);
    struct rg_plateau plateau = rg_plateau_start(wanted[0]);
    for (size_t u = 0; u < n_updates; u++) {
        const double lr = rg_schedule_lr(options, 0, u, n_updates, plateau.lr), right = wanted[u + 1];
        ck_assert_msg(fabs(lr - right) <= 1e-12 * right + 1e-15 * wanted[0], "%s: update %zu has rate %.17g, not %.17g",
                      cases[_i].name, u, lr, right);
        if (options->kind == RG_SCHEDULE_PLATEAU) {
            rg_plateau_observe(&plateau, options, losses[u], 1);
        }
    }
}
END_TEST

/* The first update already moves, update `warmup` is the first at the full rate. */
START_TEST(warm_up_multiplies_every_schedule) {
    double wanted[MAX_VALUES];
    const struct rg_schedule_options *const options = &cases[_i].options;
    const size_t n_updates = read_fixture("schedule.", cases[_i].name, wanted) - 1;
    static const size_t warmups[] = {0, 1, 2, 5, 1000};
    for (size_t w = 0; w < sizeof warmups / sizeof *warmups; w++) {
        for (size_t u = 0; u < n_updates; u++) {
            const double factor = u + 1 < warmups[w] ? (double)(u + 1) / (double)warmups[w] : 1.0;
            const double whole = rg_schedule_lr(options, 0, u, n_updates, 0.3);
            const double lr = rg_schedule_lr(options, warmups[w], u, n_updates, 0.3);
            ck_assert_msg(fabs(lr - whole * factor) <= 1e-15 * whole, "%s, warm-up %zu: update %zu has rate %.17g",
                          cases[_i].name, warmups[w], u, lr);
        }
    }
}
END_TEST

/* Runs without updates, beyond their end, or far out; a step of 0 updates. */
START_TEST(edges_are_defined) {
    const struct rg_schedule_options *const options = &cases[_i].options;
    ck_assert(isfinite(rg_schedule_lr(options, 0, 0, 0, 0.1)));
    const double far = rg_schedule_lr(options, 3, (uint64_t)1 << 40, 50, 0.1);
    ck_assert_msg(far >= 0.0 && far <= 0.1, "%s: rate %g", cases[_i].name, far);
    const double last = rg_schedule_lr(options, 0, 50, 50, 0.1), next = rg_schedule_lr(options, 0, 51, 50, 0.1);
    ck_assert(next <= last);
    const struct rg_schedule_options zero = {.kind = RG_SCHEDULE_STEP, .every = 0, .gamma = 0.5};
    ck_assert_double_eq(rg_schedule_lr(&zero, 0, 2, 10, 0.1), 0.1 * 0.25);
}
END_TEST

TEST_MAIN("schedule") {
    TCase *const schedule = add_tests(suite, "schedule");
    tcase_add_unchecked_fixture(schedule, open_fixture, close_fixture);
    tcase_add_loop_test(schedule, rates_are_those_of_pytorch, 0, N_CASES);
    tcase_add_loop_test(schedule, warm_up_multiplies_every_schedule, 0, N_CASES);
    tcase_add_loop_test(schedule, edges_are_defined, 0, N_CASES);
}
