/* Products in TF32 (kernels/base/mma.cl): where every operand is one of TF32's numbers and every sum is exact, the bits
 * are those of floats; weights and inputs with more digits are rounded to nearest; devices without tensor cores refuse.
 * Its accuracy on other numbers is checked by test_selftest.c and test_fixtures.c. */
#include <math.h>
#include <string.h>

#include "executions.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

static struct rg_device *tf32, *floats; /* NULL without OpenCL */

static void open_devices(void) {
    const struct execution same_shape = {"opencl, the GPU shape", "opencl", {.shape = RG_GPU_SHAPE}};
    tf32 = open_one(&in_tf32);
    floats = open_one(&same_shape);
}

static void close_devices(void) {
    rg_device_destroy(tf32);
    rg_device_destroy(floats);
}

/* -1, 0 or 1, one in `rarity` not 0: sums over many units then keep few digits. */
static float small(uint64_t *seed, double rarity) {
    const double u = rg_exercise_random(seed, rarity);
    return u > 1.0 || u < -1.0 ? 0.0F : u > 0.0 ? 1.0F : -1.0F;
}

/* Small whole numbers; a matrix has about three in a row. Targets make every slope of the loss a power of two at most
 * eleven digits long. */
static void fill(struct rg_exercise *e, uint64_t seed) {
    for (size_t i = 0; i < e->sizes.batch * e->sizes.steps * e->sizes.inputs; i++) {
        e->data.x_float[i] = 2.0F * small(&seed, 2.0);
    }
    for (size_t i = 0; i < e->sizes.batch * e->target_steps * e->sizes.outputs; i++) {
        e->data.y[i] = small(&seed, 2.0);
    }
    for (size_t b = 0; e->data.lengths && b < e->sizes.batch; b++) {
        e->data.lengths[b] = (int32_t)((b * 7 + 1) % (e->sizes.steps + 1));
    }
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        const struct rg_parameter *const parameter = &e->model->parameters[p];
        const double rarity = parameter->columns > 3 ? (double)parameter->columns / 3.0 : 1.0;
        for (size_t i = 0; i < rg_parameter_elements(parameter); i++) {
            rg_model_values(e->model, p)[i] = small(&seed, rarity);
        }
    }
}

/* Outputs, then gradients, of one pass. */
static double *pass(struct rg_device *device, struct rg_exercise *e, size_t *n) {
    const struct rg_engine_options options = rg_exercise_options(e);
    const size_t outputs = e->sizes.batch * e->target_steps * e->sizes.outputs;
    struct rg_data_source *source = NULL;
    struct rg_engine *engine = NULL;
    *n = outputs + e->model->arena;
    double *const values = numbers(*n, sizeof *values);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &source), "source");
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_ok(rg_engine_forward(engine, &source->source, 0, e->sizes.batch, values), "outputs");
    expect_ok(rg_engine_gradient(engine, &source->source, 0), "gradient");
    expect_ok(rg_engine_get_gradients(engine, values + outputs), "gradients");
    rg_engine_destroy(engine);
    rg_data_source_destroy(source);
    return values;
}

/* And at least `min` of them are not 0. */
static void expect_same_bits(const struct rg_exercise_form *form, const double *wanted, const double *got, size_t n,
                             size_t min) {
    char name[160];
    size_t count = 0;
    rg_exercise_name(form, name, sizeof name);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(wanted[i] == got[i], "%s: number %zu of %zu is %.9g, not %.9g", name, i, n, got[i], wanted[i]);
        count += wanted[i] != 0.0;
    }
    ck_assert_msg(count >= min, "%s: only %zu of %zu numbers are not 0", name, count, n);
}

#define LINEAR(...) \
    { .cell = RG_CELL_RNN, .activation = RG_ACT_LINEAR, __VA_ARGS__ }

START_TEST(exact_sums_are_those_of_floats) {
    static const struct rg_exercise_form forms[] = {
        {{1, 3, 1, 1, 1, RG_LOSS_MSE, false}, LINEAR(.layers = 1), false, 0},
        {{32, 3, 3, 31, 1, RG_LOSS_MSE, false}, LINEAR(.layers = 1), false, 0},
        {{16, 3, 9, 33, 2, RG_LOSS_MSE, true}, LINEAR(.layers = 1), false, 0},
        {{64, 3, 17, 65, 1, RG_LOSS_MSE, false}, LINEAR(.bidirectional = true), false, 0},
        {{4, 3, 5, 97, 1, RG_LOSS_MSE, false}, LINEAR(.skip = 2), false, 0},
        {{8, 4, 2, 130, 1, RG_LOSS_MSE, false}, LINEAR(.skip = 2, .skip_kind = RG_SKIP_DILATED), false, 0},
        {{2, 3, 3, 40, 1, RG_LOSS_MSE, false}, LINEAR(.layers = 2), false, 0},
    };
    for (size_t i = 0; tf32 && i < sizeof forms / sizeof *forms; i++) {
        struct rg_exercise *e = NULL;
        size_t n = 0;
        expect_ok(rg_exercise_create(&forms[i], &e), "exercise");
        fill(e, 11 + i);
        double *const wanted = pass(floats, e, &n), *const got = pass(tf32, e, &n);
        expect_same_bits(&forms[i], wanted, got, n, e->model->n_weights / 200);
        free(wanted);
        free(got);
        rg_exercise_destroy(e);
    }
}
END_TEST

/* One step, so that what is rounded is known: inputs, and weights as they are packed. Biases and the head are not. */
START_TEST(operands_are_rounded_to_nearest) {
    static const struct rg_exercise_form form = {{32, 1, 9, 33, 1, RG_LOSS_MSE, false}, LINEAR(.layers = 1), false, 0};
    static const struct {
        float digits, rounded;                           /* factors of what fill() makes */
    } factors[] = {{1.0F + 0x1p-11F, 1.0F + 0x1p-10F},   /* a half, away from zero */
                   {1.0F + 0x1p-11F - 0x1p-23F, 1.0F},   /* less than a half */
                   {1.0F + 0x1.8p-10F, 1.0F + 0x1p-9F},  /* a half, to an even one */
                   {1.0F + 0x1.8p-11F, 1.0F + 0x1p-10F}, /* more than a half */
                   {2.0F - 0x1p-20F, 2.0F}};             /* over to the next power of two */
    for (size_t i = 0; tf32 && i < sizeof factors / sizeof *factors; i++) {
        double *outputs[2] = {NULL, NULL};
        size_t n = 0;
        for (int rounded = 0; rounded < 2; rounded++) {
            struct rg_exercise *e = NULL;
            expect_ok(rg_exercise_create(&form, &e), "exercise");
            fill(e, 5);
            const float factor = rounded ? factors[i].rounded : factors[i].digits;
            const size_t w = rg_model_parameter(e->model, 0, 0, RG_ROLE_WEIGHT_IH);
            const size_t bias = rg_model_parameter(e->model, 0, 0, RG_ROLE_BIAS_IH);
            for (size_t k = 0; k < rg_parameter_elements(&e->model->parameters[w]); k++) {
                rg_model_values(e->model, w)[k] *= factor;
            }
            for (size_t k = 0; k < form.sizes.batch * form.sizes.inputs; k++) {
                e->data.x_float[k] *= factor;
            }
            for (size_t k = 0; k < form.sizes.hidden; k++) {
                rg_model_values(e->model, bias)[k] = 1.0F + 0x1p-13F;
            }
            outputs[rounded] = pass(rounded ? floats : tf32, e, &n);
            rg_exercise_destroy(e);
        }
        expect_same_bits(&form, outputs[1], outputs[0], form.sizes.batch * form.sizes.outputs, form.sizes.batch / 2);
        free(outputs[0]);
        free(outputs[1]);
    }
}
END_TEST

/* A weight that is not a number does not get lost in rounding, whatever its bits. */
START_TEST(not_a_number_stays) {
    static const struct rg_exercise_form form = {{5, 3, 2, 9, 1, RG_LOSS_MSE, false}, {.cell = RG_CELL_RNN}, false, 0};
    static const uint32_t bits[] = {0x7fffffff, 0xffffffff, 0x7fc00000};
    for (size_t i = 0; tf32 && i < sizeof bits / sizeof *bits; i++) {
        struct rg_exercise *e = NULL;
        size_t n = 0;
        expect_ok(rg_exercise_create(&form, &e), "exercise");
        rg_exercise_fill(e, 3);
        const size_t w = rg_model_parameter(e->model, 0, 0, RG_ROLE_WEIGHT_HH);
        for (size_t k = 0; k < rg_parameter_elements(&e->model->parameters[w]); k++) {
            memcpy(rg_model_values(e->model, w) + k, &bits[i], sizeof bits[i]);
        }
        double *const values = pass(tf32, e, &n);
        ck_assert_msg(isnan(values[0]), "weights 0x%08x give %.9g", bits[i], values[0]);
        free(values);
        rg_exercise_destroy(e);
    }
}
END_TEST

START_TEST(others_refuse) {
    static const char *const specs[] = {"cpu", "opencl"};
    const struct rg_device_options options = {.tf32 = RG_TF32_TENSOR_CORES};
    for (size_t i = 0; i < (tf32 ? 2 : 1); i++) {
        struct rg_device *device = NULL;
        ck_assert_int_eq(rg_device_open(specs[i], &options, &device), RG_NO_DEVICE);
        ck_assert_ptr_nonnull(strstr(rg_error_message(), "--math tf32 needs an NVIDIA GPU of compute capability 8.0"));
        ck_assert_ptr_null(device);
    }
}
END_TEST

TEST_MAIN("tf32") {
    TCase *const products = add_tests(suite, "products");
    tcase_add_unchecked_fixture(products, open_devices, close_devices);
    tcase_add_test(products, exact_sums_are_those_of_floats);
    tcase_add_test(products, operands_are_rounded_to_nearest);
    tcase_add_test(products, not_a_number_stays);
    tcase_add_test(products, others_refuse);
}
