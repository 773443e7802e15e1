/* The causes of a gradient, and what the net keeps of each input, at lags that no sequence has. */
#include <math.h>

#include "executions.h"
#include "gradient/causes.h"
#include "gradient/input_lags.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

static struct rg_device *device;

/* What is not there has no value: of lags that no sequence reaches, none is 0. */
START_TEST(lags_without_sequences_have_no_causes) {
    enum { STEPS = 12, LONGEST = 6 };
    const struct rg_exercise_form form = {.sizes = {3, STEPS, 2, 3, 1, RG_LOSS_MSE, true},
                                          .net = {.cell = _i == 0 ? RG_CELL_RNN : RG_CELL_LSTM}};
    struct rg_exercise *e = NULL;
    struct rg_data_source *source = NULL;
    struct rg_engine *engine = NULL;
    struct rg_all_causes *all = NULL;
    test_case_form(&form);
    expect_ok(rg_exercise_create(&form, &e), "exercise");
    rg_exercise_fill(e, 3);
    for (int32_t i = 0; i < 3; i++) {
        e->data.lengths[i] = LONGEST - i;
    }
    const struct rg_engine_options with = rg_exercise_options(e);
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    expect_ok(rg_data_source_create(device, &e->data, 3, 1, false, &source), "source");
    expect_ok(rg_engine_create(device, e->model, &with, &engine), "engine");
    const struct rg_cause_options asked = {.rows = 3, .threads = 1};
    expect_ok(rg_causes_measure(engine, &source->source, 0, &asked, &all), "causes");
    const struct rg_causes *const causes = rg_causes_of(all, 0, 0);
    ck_assert_uint_eq(causes->last, LONGEST - 1);
    for (size_t lag = 0; lag < STEPS; lag++) {
        const double values[] = {causes->slope[lag], causes->saturated[lag], causes->forget[lag],
                                 causes->log10_largest[lag], causes->log10_smallest[lag]};
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            ck_assert_msg(lag < LONGEST ? isfinite(values[i]) : isnan(values[i]), "lag %zu, value %zu: %g", lag, i,
                          values[i]);
        }
        ck_assert((causes->reached[lag] > 0.0) == (lag < LONGEST));
    }
    ck_assert(causes->slope[LONGEST - 1] > 0.0);
    struct rg_input_lags inputs;
    const struct rg_input_options options = {.rows = 3, .threads = 1};
    expect_ok(rg_input_lags_measure(engine, &source->source, 0, &options, &inputs), "input lags");
    ck_assert_int_eq(inputs.lack, RG_INPUT_WHOLE);
    for (size_t i = 0; i < STEPS * RG_INPUT_KINDS; i++) {
        const struct rg_input_norms *const of = &inputs.of[i / STEPS];
        const size_t lag = i % STEPS;
        const double sum = of->log10_rms[lag] + of->log10_median[lag] + of->rms[lag] + of->median[lag];
        ck_assert_msg(lag < LONGEST ? isfinite(sum) : isnan(sum), "lag %zu: %g", lag, sum);
    }
    rg_input_lags_release(&inputs);
    rg_causes_destroy(all);
    rg_engine_destroy(engine);
    rg_data_source_destroy(source);
    rg_exercise_destroy(e);
}
END_TEST

static void open_device(void) {
    device = open_execution(0);
}

static void close_device(void) {
    rg_device_destroy(device);
}

TEST_MAIN("missing lags") {
    TCase *const lags = add_tests(suite, "lags");
    tcase_add_unchecked_fixture(lags, open_device, close_device);
    tcase_add_loop_test(lags, lags_without_sequences_have_no_causes, 0, 2);
}
