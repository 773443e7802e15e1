/* Wide products by OpenBLAS and CLBlast: updates against the reference, and a library that is wrong is not used. */
#include "engine/engine.h"
#include "executions.h"
#include "rnn_gpu/log.h"
#include "verify/selftest/checks.h"

static const struct execution with_library[] = {
    {"native", "cpu", {.threads = 2}},
    {"native, double", "cpu", {.is_double = true}},
#ifdef RG_OPENCL
    {"opencl", "opencl", {0}},
    {"opencl, double, GPU shape 2 x 1, 8 x 4", "opencl", {.is_double = true, .shape = {2, 1, 8, 4}}},
#endif
};
enum { N_WITH_LIBRARY = sizeof with_library / sizeof *with_library };

static void expect_passed(void *context, const struct rg_selftest_check *check) {
    const struct execution *const execution = context;
    ck_assert_msg(check->passed, "%s: %s: error %.3g, at most %.3g", execution->name, check->name, check->error,
                  check->tolerance);
}

static bool scales, fails;
static size_t n_products, n_failed;
static rg_status (*true_product)(struct rg_device *device, const struct rg_wide_product *product);

static rg_status counted_product(struct rg_device *device, const struct rg_wide_product *product) {
    const rg_status status = true_product(device, product);
    n_products++;
    n_failed += status != RG_OK;
    return status;
}

/* Wide heads on the last step and on every step, layers with gates side by side and apart, both directions. */
START_TEST(updates_agree) {
    static const struct rg_update_case cases[] = {
        {{33, 3, 3, 32, 261, RG_LOSS_CE, true}, {.cell = RG_CELL_RNN}, RG_OPT_SGD, 0.0, false},
        {{7, 5, 2, 17, 300, RG_LOSS_MSE, true},
         {.cell = RG_CELL_RNN, .target = RG_TARGET_STEPS, .bidirectional = true},
         RG_OPT_SGD,
         0.0,
         false},
        {{9, 4, 2, 64, 2, RG_LOSS_CE, true}, {.cell = RG_CELL_GRU, .layers = 2}, RG_OPT_SGD, 0.0, false},
        {{9, 4, 2, 17, 2, RG_LOSS_CE, true},
         {.cell = RG_CELL_LSTM, .layers = 3, .bidirectional = true},
         RG_OPT_SGD,
         0.0,
         false},
    };
    struct execution execution = with_library[_i];
    struct rg_device *device = case_runs(!execution.options.shape.vec) ? open_one(&execution) : NULL;
    struct rg_checks checks = {.report = expect_passed, .context = &execution};
    if (device) {
        expect_ok(rg_device_use_library(device), execution.name);
        ck_assert_str_ne(device->info.library, "");
        struct rg_device_ops ops = *device->ops;
        true_product = ops.product;
        ops.product = counted_product;
        device->ops = &ops;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            n_products = n_failed = 0;
            expect_ok(rg_check_updates(&checks, device, &cases[i], false, 0), execution.name);
            /* the check of the library alone takes one product a layer or two of a head: here are more, and none fails
             */
            ck_assert_msg(n_products >= 4 && n_failed == 0, "%s, case %zu: %zu products, %zu failed", execution.name, i,
                          n_products, n_failed);
        }
        rg_device_destroy(device);
    }
}
END_TEST

/* The product, 1 % too large, or none. */
static rg_status false_product(struct rg_device *device, const struct rg_wide_product *product) {
    RG_TRY(true_product(device, product));
    double last = 0.0;
    const size_t at = product->c_at + (product->m - 1) * product->c_stride + product->n - 1;
    if (scales) {
        RG_TRY(rg_reals_read(device, &last, product->c, at, 1));
        last *= 1.01;
        RG_TRY(rg_reals_write(device, product->c, at, &last, 1));
    }
    return fails ? rg_fail(RG_ERROR, "the library failed") : RG_OK;
}

START_TEST(a_wrong_library_is_not_used) {
    if (!case_runs(true)) {
        return;
    }
    const struct rg_shape shape = {
        .cell = RG_CELL_RNN, .inputs = 2, .hidden = 9, .outputs = 300, .layers = 1, .loss = RG_LOSS_CE};
    const struct rg_engine_options options = {.plan = {.batch = 5, .steps = 3, .n_targets = 1, .training = true},
                                              .loss = RG_LOSS_CE};
    struct execution execution = with_library[0];
    struct rg_device *device = open_one(&execution);
    struct rg_model *model = NULL;
    ck_assert_ptr_nonnull(device);
    rg_log_quiet(1);
    expect_ok(rg_model_create(&shape, &model), "model");
    expect_ok(rg_model_initialise(model, &(struct rg_init_options){0}, 1), "weights");
    struct rg_device_ops ops = *device->ops;
    true_product = ops.product;
    ops.product = false_product;
    device->ops = &ops;
    for (int i = 0; i < 4; i++) {
        struct rg_engine *engine = NULL;
        if (i == 1) {
            expect_ok(rg_device_use_library(device), "library");
        }
        scales = i == 2;
        fails = i == 3;
        expect_ok(rg_engine_create(device, model, &options, &engine), "engine");
        ck_assert_msg(engine->net.library == (i == 1), "%d", i);
        rg_engine_destroy(engine);
    }
    rg_model_destroy(model);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("library") {
    TCase *const tests = add_tests(suite, "library");
    tcase_add_loop_test(tests, updates_agree, 0, N_WITH_LIBRARY);
    tcase_add_test(tests, a_wrong_library_is_not_used);
}
