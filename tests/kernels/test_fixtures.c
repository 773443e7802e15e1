/* What PyTorch computed (tests/fixtures), on the device: outputs, loss, gradients and five updates, to float accuracy.
 */
#include <dirent.h>
#include <math.h>
#include <string.h>

#include "executions.h"
#include "rnn_gpu/tensors.h"
#include "selftest/checks.h"
#include "train/source.h"

enum { N_UPDATES = 5 };

static const struct fixture {
    const char *file;
    enum rg_loss loss;
} fixtures[] = {
    {"rnn_mse_1x1x1x1x1", RG_LOSS_MSE},
    {"rnn_mse_7x5x3x4x2", RG_LOSS_MSE},
    {"rnn_bce_7x5x3x4x2_lengths", RG_LOSS_BCE},
    {"rnn_ce_33x31x2x65x3", RG_LOSS_CE},
    {"rnn_ce_13x11x5x9x7_lengths", RG_LOSS_CE},
    {"rnn_mse_3x100x2x17x1", RG_LOSS_MSE},
    {"rnn_bce_3x100x2x17x1_lengths", RG_LOSS_BCE},
};
enum { N_FIXTURES = sizeof fixtures / sizeof *fixtures };

/* A fixture on a device. */
struct subject {
    const struct fixture *fixture;
    const char *execution;
    struct rg_tensors *tensors;
    struct rg_exercise *exercise;
    float *arena;
    double *values, *wanted; /* [arena] */
};

static const struct rg_tensor *find(const struct subject *s, const char *prefix, const char *name) {
    char whole[128];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const struct rg_tensor *tensor = rg_tensors_find(s->tensors, whole);
    ck_assert_msg(tensor != NULL, "%s lacks %s", s->fixture->file, whole);
    return tensor;
}

static double number(const struct subject *s, const char *name) {
    double value = 0.0;
    rg_tensor_to_double(find(s, "", name), &value);
    return value;
}

static struct subject load(const struct fixture *fixture, const char *execution) {
    struct subject s = {.fixture = fixture, .execution = execution};
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/fixtures/%s.safetensors", RG_SOURCE_DIR, fixture->file);
    expect_ok(rg_tensors_read(path, &s.tensors), path);
    const struct rg_tensor *x = find(&s, "", "x"), *lengths = rg_tensors_find(s.tensors, "lengths");
    const struct rg_exercise_sizes sizes = {x->shape[0],
                                            x->shape[1],
                                            x->shape[2],
                                            find(&s, "", "rnn.weight_hh_l0")->shape[0],
                                            find(&s, "", "head.weight")->shape[0],
                                            fixture->loss,
                                            lengths != NULL};
    expect_ok(rg_exercise_create(&sizes, &s.exercise), fixture->file);
    rg_tensor_to_float(x, s.exercise->data.x_float);
    rg_tensor_to_float(find(&s, "", "y"), s.exercise->data.y);
    for (size_t b = 0; lengths && b < sizes.batch; b++) {
        double *const all = numbers(sizes.batch, sizeof *all);
        rg_tensor_to_double(lengths, all);
        s.exercise->data.lengths[b] = (int32_t)all[b];
        free(all);
    }
    struct rg_model *const model = s.exercise->model;
    for (size_t p = 0; p < model->n_parameters; p++) {
        rg_tensor_to_float(find(&s, "", model->parameters[p].name), rg_model_values(model, p));
    }
    s.arena = numbers(model->arena, sizeof *s.arena);
    s.values = numbers(model->arena, sizeof *s.values);
    s.wanted = numbers(model->arena, sizeof *s.wanted);
    return s;
}

static void unload(struct subject *s) {
    rg_tensors_destroy(s->tensors);
    rg_exercise_destroy(s->exercise);
    free(s->arena);
    free(s->values);
    free(s->wanted);
}

/* Every parameter of s->arena against the tensors of that prefix. */
static void expect_parameters(const struct subject *s, const char *prefix, double tolerance) {
    const struct rg_model *model = s->exercise->model;
    for (size_t p = 0; p < model->n_parameters; p++) {
        const size_t n = rg_parameter_elements(&model->parameters[p]);
        const struct rg_tensor *tensor = find(s, prefix, model->parameters[p].name);
        ck_assert_uint_eq(rg_tensor_elements(tensor), n);
        rg_tensor_to_double(tensor, s->wanted);
        rg_exercise_parameter(s->exercise, s->arena, p, s->values);
        const double error = rg_exercise_distance(s->values, s->wanted, n), size = ref_norm(s->wanted, n);
        ck_assert_msg(error <= tolerance * size, "%s on %s: %s%s: error %.3g, at most %.3g", s->fixture->file,
                      s->execution, prefix, model->parameters[p].name, error / size, tolerance);
    }
}

static void expect_first_pass(struct subject *s, struct rg_engine *engine) {
    const struct rg_exercise_sizes *sizes = &s->exercise->sizes;
    const size_t n = sizes->batch * sizes->outputs;
    float *const outputs = numbers(n, sizeof *outputs);
    double *const values = numbers(2 * n, sizeof *values);
    struct rg_record history[RG_HISTORY];
    expect_ok(rg_engine_outputs(engine, sizes->batch, outputs), "outputs");
    for (size_t i = 0; i < n; i++) {
        values[i] = (double)outputs[i];
    }
    rg_tensor_to_double(find(s, "", "output"), values + n);
    /* inputs and weights rounded to float shift everything by some eps already */
    const double forward = 2.0 * rg_tolerance_forward(sizes), backward = rg_tolerance_backward(sizes);
    ck_assert_double_le(rg_exercise_distance(values, values + n, n), forward * ref_norm(values + n, n));
    expect_ok(rg_engine_history(engine, history), "history");
    ck_assert_double_le(fabs((double)history[0].loss - number(s, "loss")), 2.0 * forward * number(s, "loss"));
    ck_assert_double_le(fabs((double)history[0].norm - number(s, "grad_norm")), backward * number(s, "grad_norm"));
    expect_ok(rg_engine_get_gradients(engine, s->arena), "gradients");
    expect_parameters(s, "grad.", backward);
    free(outputs);
    free(values);
}

static void expect_training(struct subject *s, struct rg_device *device, enum rg_optimizer optimizer) {
    struct rg_engine_options options = rg_exercise_options(s->exercise);
    options.optimizer = optimizer;
    options.clip_norm = number(s, "clip_norm");
    const bool adam = optimizer == RG_OPT_ADAM;
    const double lr = number(s, adam ? "adam_lr" : "sgd_lr");
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    expect_ok(rg_engine_create(device, s->exercise->model, &options, &engine), "engine");
    expect_ok(rg_data_source_create(device, &s->exercise->data, s->exercise->sizes.batch, 1, false, &source), "data");
    for (uint64_t update = 0; update < N_UPDATES; update++) {
        expect_ok(rg_engine_gradient(engine, &source->source, update), "gradient");
        expect_ok(rg_engine_norm(engine, update), "norm");
        expect_ok(rg_engine_step(engine, lr), "step");
        if (update == 0) {
            expect_first_pass(s, engine);
        }
    }
    expect_ok(rg_engine_get_weights(engine, s->arena), "weights");
    /* Adam divides small gradients by their own size, and with that enlarges their errors. */
    const double factor = adam ? 4.0 : 1.0;
    expect_parameters(s, adam ? "after." : "after_sgd.", factor * rg_tolerance_backward(&s->exercise->sizes));
    rg_data_source_destroy(source);
    rg_engine_destroy(engine);
}

START_TEST(device_matches_pytorch) {
    const int execution = kinds[_i / N_FIXTURES];
    struct rg_device *device = open_execution(execution);
    if (device) {
        struct subject s = load(&fixtures[_i % N_FIXTURES], executions[execution].name);
        expect_training(&s, device, RG_OPT_ADAM);
        expect_training(&s, device, RG_OPT_SGD);
        unload(&s);
        rg_device_destroy(device);
    }
}
END_TEST

/* A fixture that is added is tested too. */
START_TEST(no_fixture_is_left_out) {
    size_t n = 0;
    DIR *folder = opendir(RG_SOURCE_DIR "/tests/fixtures");
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        n += strstr(entry->d_name, ".safetensors") ? 1 : 0;
    }
    (void)closedir(folder);
    ck_assert_uint_eq(n, N_FIXTURES);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fixtures");
    TCase *pytorch = tcase_create("pytorch");
    tcase_add_test(pytorch, no_fixture_is_left_out);
    tcase_add_loop_test(pytorch, device_matches_pytorch, 0, N_KINDS * N_FIXTURES);
    suite_add_tcase(suite, pytorch);
    return run_suite(suite);
}
