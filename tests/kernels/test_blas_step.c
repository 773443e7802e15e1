/* The peer on a BLAS library computes the same update as the product, so that its time is that of the same work. */
#include <math.h>
#include <string.h>

#include "bench/blas_step.h"
#include "executions.h"

enum { BATCH = 5, STEPS = 7, INPUTS = 3, HIDDEN = 9 };

static struct rg_blas the_blas(void) {
    struct rg_blas blas;
    ck_assert_msg(rg_blas_open(2, &blas) == RG_OK, "%s", rg_error_message());
    return blas;
}

static struct rg_model *the_model(const struct rg_bench_case *c) {
    const struct rg_shape shape = rg_bench_shape(c);
    struct rg_model *model = NULL;
    expect_ok(rg_model_create(&shape, &model), "model");
    expect_ok(rg_model_initialise(model, &(struct rg_init_options){.forget_bias = NAN}, 3), "weights");
    return model;
}

/* The peer's x [T][B][F] and y [B] into the engine's padded rows. */
static rg_status fill(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows) {
    struct rg_blas_step *const step = self;
    const size_t stride = net->plan.layer[0].x_stride;
    (void)update;
    ck_assert_uint_eq(first_row, 0);
    float *const x = numbers(STEPS * rows * stride, sizeof *x);
    for (size_t row = 0; row < STEPS * rows; row++) {
        memcpy(x + row * stride, rg_blas_step_x(step) + row * INPUTS, INPUTS * sizeof *x);
    }
    expect_ok(rg_buffer_write(net->device, net->buffers.x, 0, x, STEPS * rows * stride * sizeof *x), "x");
    free(x);
    return rg_buffer_write(net->device, net->buffers.y, 0, rg_blas_step_y(step), rows * sizeof(float));
}

static void expect_near(const struct rg_model *model, const float *got, const double *wanted, const char *what) {
    for (size_t p = 0; p < model->n_parameters; p++) {
        const struct rg_parameter *const parameter = &model->parameters[p];
        double largest = 0.0, worst = 0.0;
        for (size_t i = parameter->offset; i < parameter->offset + rg_parameter_elements(parameter); i++) {
            largest = fmax(largest, fabs(wanted[i]));
            worst = fmax(worst, fabs((double)got[i] - wanted[i]));
        }
        ck_assert_msg(largest > 0.0 && worst <= 1e-4 * largest, "%s: %s of %s differs by %g of %g",
                      rg_cell_names[model->shape.cell], what, parameter->name, worst, largest);
    }
}

START_TEST(same_update) {
    const struct rg_bench_case c = {
        .cell = (enum rg_cell)_i, .batch = BATCH, .steps = STEPS, .hidden = HIDDEN, .input = INPUTS};
    const struct rg_blas blas = the_blas();
    struct rg_model *const model = the_model(&c);
    struct rg_device *device = NULL;
    struct rg_engine *engine = NULL;
    struct rg_blas_step *step = NULL;
    const float *gradients = NULL;
    expect_ok(rg_device_open("cpu", &(struct rg_device_options){.threads = 2}, &device), "device");
    expect_ok(rg_blas_step_create(&blas, 2, model, BATCH, STEPS, &step), "peer");
    rg_bench_noise(rg_blas_step_x(step), BATCH * STEPS * INPUTS);
    rg_bench_noise(rg_blas_step_y(step), BATCH);
    const struct rg_engine_options options = {
        .plan = {.batch = BATCH, .steps = STEPS, .n_targets = 1, .training = true},
        .loss = RG_LOSS_MSE,
        .optimizer = {.kind = RG_OPT_ADAM, .clip_norm = 1.0, .max_skips = 1}};
    expect_ok(rg_engine_create(device, model, &options, &engine), "engine");
    struct rg_batch_source source = {.fill = fill, .self = step, .labelled = true};
    double *const ours = numbers(model->arena, sizeof *ours);
    struct rg_record *const history = numbers(RG_HISTORY, sizeof *history);
    for (uint64_t update = 0; update < 3; update++) {
        expect_ok(rg_engine_gradient(engine, &source, update), "gradient");
        expect_ok(rg_engine_norm(engine, update), "norm");
        expect_ok(rg_engine_step(engine, 1e-3), "step");
        expect_ok(rg_engine_get_gradients(engine, ours), "gradients");
        expect_ok(rg_engine_history(engine, history), "history");
        const double loss = rg_blas_step_gradient(step, &gradients);
        ck_assert_double_eq_tol(loss, rg_exact_read(history[update].loss), 1e-5);
        expect_near(model, gradients, ours, "gradient");
        rg_blas_step_update(step);
    }
    free(history);
    free(ours);
    rg_engine_destroy(engine);
    rg_blas_step_destroy(step);
    rg_device_destroy(device);
    rg_model_destroy(model);
}
END_TEST

START_TEST(sizes) {
    const struct rg_blas blas = the_blas();
    const struct rg_bench_case c = {
        .cell = RG_CELL_GRU, .batch = 3, .steps = 2, .hidden = 4, .input = 1, .repeats = 2, .patience = 1.0};
    struct rg_bench_case large = c;
    double seconds = -1.0;
    expect_ok(rg_blas_step_time(&blas, 1, &c, (uint64_t)1 << 20, &seconds), "time");
    ck_assert(seconds > 0.0 && seconds < 10.0);
    expect_ok(rg_blas_step_time(&blas, 1, &c, 100, &seconds), "no memory");
    ck_assert(seconds == 0.0);
    large.batch = large.steps = 65536;
    expect_ok(rg_blas_step_time(&blas, 1, &large, UINT64_MAX, &seconds), "more rows than BLAS can count");
    ck_assert(seconds == 0.0);
}
END_TEST

TEST_MAIN("blas_step") {
    TCase *const tests = add_tests(suite, "blas_step");
    tcase_add_loop_test(tests, same_update, 0, RG_N_CELLS);
    tcase_add_test(tests, sizes);
}
