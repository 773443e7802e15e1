/* Wide products by OpenBLAS and CLBlast: updates against the reference, and a library that is wrong is not used. */
#include <pthread.h>

#include "device/native/openblas.h"
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
    /* products that only check the library: one or two of a head; of a layer above the first one for each direction and
     * each gate that lies apart, and one more where it adds */
    static const size_t n_checks[] = {2, 2, 1, 30};
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
            ck_assert_msg(n_products > n_checks[i] && n_failed == 0, "%s, case %zu: %zu products, %zu failed",
                          execution.name, i, n_products, n_failed);
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

/* Wrong products of the gradient between layers, by what they have that the first product of all has not. */
enum wrong { ADDING, OTHER_GATE, OTHER_DIRECTION, N_WRONG };
static const char *const wrong_names[] = {"a product that adds", "another gate", "the other direction"};
static enum wrong wrong;
static struct rg_wide_product first_product;

static rg_status sometimes_false_product(struct rg_device *device, const struct rg_wide_product *product) {
    first_product = n_products++ == 0 ? *product : first_product;
    const bool differs[] = {product->add, product->a_at != first_product.a_at, product->a != first_product.a};
    if (!differs[wrong]) {
        return true_product(device, product);
    }
    scales = true;
    return false_product(device, product);
}

/* The check of a library covers each direction, each gate, and the products that add. */
START_TEST(a_library_wrong_in_part_is_not_used) {
    if (!case_runs(true)) {
        return;
    }
    const struct rg_shape shape = {.cell = RG_CELL_LSTM,
                                   .inputs = 2,
                                   .hidden = 17,
                                   .outputs = 1,
                                   .layers = 2,
                                   .bidirectional = true,
                                   .loss = RG_LOSS_MSE};
    const struct rg_engine_options options = {.plan = {.batch = 5, .steps = 3, .n_targets = 1, .training = true},
                                              .loss = RG_LOSS_MSE};
    struct execution execution = with_library[0];
    struct rg_device *device = open_one(&execution);
    struct rg_model *model = NULL;
    struct rg_engine *engine = NULL;
    ck_assert_ptr_nonnull(device);
    test_case("%s", wrong_names[_i]);
    rg_log_quiet(1);
    fails = false;
    wrong = (enum wrong)_i;
    n_products = 0;
    expect_ok(rg_model_create(&shape, &model), "model");
    expect_ok(rg_model_initialise(model, &(struct rg_init_options){0}, 1), "weights");
    expect_ok(rg_device_use_library(device), "library");
    struct rg_device_ops ops = *device->ops;
    true_product = ops.product;
    ops.product = sometimes_false_product;
    device->ops = &ops;
    expect_ok(rg_engine_create(device, model, &options, &engine), "engine");
    ck_assert(!engine->net.library);
    rg_engine_destroy(engine);
    rg_model_destroy(model);
    rg_device_destroy(device);
}
END_TEST

/* ---- The number of threads of OpenBLAS, which is one for the whole process ---- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int threads, threads_in_late;
    bool early_has_begun, late_has_begun, early_has_ended;
} made_up = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .threads = 3};

static int made_get_threads(void) {
    (void)pthread_mutex_lock(&made_up.mutex);
    const int threads = made_up.threads;
    (void)pthread_mutex_unlock(&made_up.mutex);
    return threads;
}

static void made_set_threads(int threads) {
    (void)pthread_mutex_lock(&made_up.mutex);
    made_up.threads = threads;
    (void)pthread_mutex_unlock(&made_up.mutex);
}

static void note(bool *event) {
    (void)pthread_mutex_lock(&made_up.mutex);
    *event = true;
    (void)pthread_cond_broadcast(&made_up.changed);
    (void)pthread_mutex_unlock(&made_up.mutex);
}

static void await(const bool *event) {
    (void)pthread_mutex_lock(&made_up.mutex);
    while (!*event) {
        (void)pthread_cond_wait(&made_up.changed, &made_up.mutex);
    }
    (void)pthread_mutex_unlock(&made_up.mutex);
}

/* The early product has one row, the late one two. The late one begins within the early one and ends after it. */
static void made_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                       const float *b, int ldb, float beta, float *c, int ldc) {
    (void)order, (void)trans_a, (void)trans_b, (void)n, (void)k, (void)alpha, (void)a, (void)lda;
    (void)b, (void)ldb, (void)beta, (void)c, (void)ldc;
    if (m == 1) {
        note(&made_up.early_has_begun);
        await(&made_up.late_has_begun);
    } else {
        note(&made_up.late_has_begun);
        await(&made_up.early_has_ended);
        made_up.threads_in_late = made_get_threads();
    }
}

static const struct rg_openblas made_library = {
    .sgemm = made_sgemm, .get_threads = made_get_threads, .set_threads = made_set_threads};

static void multiply_rows(size_t rows) {
    static float numbers[4];
    const struct rg_wide_product product = {
        .a_stride = 1, .b_stride = 1, .c_stride = 1, .m = rows, .n = 1, .k = 1, .step = rows, .block = rows};
    const struct rg_openblas_operands operands = {numbers, numbers, numbers, false};
    struct rg_pool *pool = NULL;
    expect_ok(rg_pool_create(1, &pool), "pool");
    rg_openblas_product(&made_library, pool, &product, &operands);
    rg_pool_destroy(pool);
}

static void *multiply_early(void *unused) {
    (void)unused;
    multiply_rows(1);
    note(&made_up.early_has_ended);
    return NULL;
}

START_TEST(products_at_the_same_time_have_one_thread) {
    pthread_t early;
    if (!case_runs(true)) {
        return;
    }
    ck_assert_int_eq(pthread_create(&early, NULL, multiply_early, NULL), 0);
    await(&made_up.early_has_begun);
    multiply_rows(2);
    ck_assert_int_eq(pthread_join(early, NULL), 0);
    ck_assert_int_eq(made_up.threads_in_late, 1);
    ck_assert_int_eq(made_get_threads(), 3);
}
END_TEST

TEST_MAIN("library") {
    TCase *const tests = add_tests(suite, "library");
    tcase_add_loop_test(tests, updates_agree, 0, N_WITH_LIBRARY);
    tcase_add_test(tests, a_wrong_library_is_not_used);
    tcase_add_loop_test(tests, a_library_wrong_in_part_is_not_used, 0, N_WRONG);
    tcase_add_test(tests, products_at_the_same_time_have_one_thread);
}
