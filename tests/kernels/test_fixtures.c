/* What PyTorch and ONNX computed in float64 (tests/fixtures), on the device, to the accuracy of its precision or TF32:
 * outputs; of PyTorch also loss, gradients, the lag profile of every layer and direction, and five updates where a
 * fixture has them. */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "executions.h"
#include "gradient/profile.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

enum { N_UPDATES = 5, MAX_FIXTURES = 256 };
enum { GPU_SAMPLE = 8 }; /* in the shape of a GPU, which is slow on a CPU, one fixture of so many */

static char files[MAX_FIXTURES][128]; /* "pytorch/…" or "onnx/…", without their ends, in order */
static int n_files;
enum { N_DEVICES = N_KINDS + N_DOUBLES + 1 };
static struct rg_device *devices[N_DEVICES];

static const struct execution *execution_of(int device) {
    return device < N_KINDS               ? &executions[kinds[device]]
           : device < N_KINDS + N_DOUBLES ? &doubles[device - N_KINDS]
                                          : &in_tf32;
}

/* A fixture on a device. */
struct subject {
    const char *file, *execution;
    struct rg_device *device;
    struct rg_tensors *tensors;
    struct rg_exercise_form form;
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    double *arena;
    double *values, *wanted; /* room for any tensor */
};

static const struct rg_tensor *find(const struct subject *s, const char *prefix, const char *name) {
    char whole[128];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const struct rg_tensor *tensor = rg_tensors_find(s->tensors, whole);
    ck_assert_msg(tensor != NULL, "%s lacks %s", s->file, whole);
    return tensor;
}

static double number(const struct subject *s, const char *name) {
    double value = 0.0;
    rg_tensor_to_double(find(s, "", name), &value);
    return value;
}

static unsigned named(const json_t *config, const char *key, const char *const *names) {
    const char *const value = json_string_value(json_object_get(config, key));
    ck_assert_msg(value != NULL, "the config has no %s", key);
    unsigned i = 0;
    while (names[i] && strcmp(names[i], value) != 0) {
        i++;
    }
    ck_assert_msg(names[i] != NULL, "%s %s is not known", key, value);
    return i;
}

static size_t counted(const json_t *config, const char *key) {
    return (size_t)json_integer_value(json_object_get(config, key));
}

static struct rg_exercise_form form_of(const struct subject *s, double *skip_budget) {
    const struct rg_tensor *const x = find(s, "", "x");
    json_t *const config = json_loads(s->tensors->config, 0, NULL);
    ck_assert_msg(config != NULL, "%s has no config", s->file);
    const struct rg_exercise_form form = {
        .sizes = {.batch = x->shape[0],
                  .steps = x->shape[1],
                  .inputs = counted(config, "inputs"),
                  .hidden = counted(config, "hidden"),
                  .outputs = counted(config, "outputs"),
                  .loss = (enum rg_loss)named(config, "loss", rg_loss_names),
                  .ragged = rg_tensors_find(s->tensors, "lengths") != NULL},
        .net = {.cell = (enum rg_cell)named(config, "cell", rg_cell_names),
                .activation = (enum rg_activation)named(config, "activation", rg_activation_names),
                .target = (enum rg_target)named(config, "target", rg_target_names),
                .readout = json_object_get(config, "readout")
                               ? (enum rg_readout)named(config, "readout", rg_readout_names)
                               : RG_READOUT_LAST,
                .layers = counted(config, "layers"),
                .bidirectional = json_is_true(json_object_get(config, "bidirectional")),
                .skip = counted(config, "skip"),
                .skip_kind = (enum rg_skip_kind)named(config, "skip_kind", rg_skip_kind_names)},
        .initial = rg_tensors_find(s->tensors, "h_0") != NULL,
        .words = counted(config, "words")}; /* 0 if there is none */
    *skip_budget = json_number_value(json_object_get(config, "skip_budget"));
    json_decref(config);
    return form;
}

/* The same numbers, not rounded, in the place of those. */
static void load_doubles(struct subject *s) {
    struct rg_exercise *const e = s->exercise;
    const struct rg_tensor *const x = find(s, "", "x"), *const y = find(s, "", "y");
    if (!s->form.words) {
        expect_ok(rg_alloc(&e->data.x_double, rg_tensor_elements(x), sizeof(double), "x"), "x");
        rg_tensor_to_double(x, e->data.x_double);
        rg_free(e->data.x_float);
        e->data.x_float = NULL;
    }
    expect_ok(rg_alloc(&e->data.y_double, rg_tensor_elements(y), sizeof(double), "y"), "y");
    rg_tensor_to_double(y, e->data.y_double);
    rg_free(e->data.y);
    e->data.y = NULL;
    expect_ok(rg_model_widen(e->model), "model");
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        const struct rg_parameter *const parameter = &e->model->parameters[p];
        rg_tensor_to_double(find(s, "", parameter->name), e->model->exact + parameter->offset);
    }
}

static void load_numbers(struct subject *s) {
    struct rg_exercise *const e = s->exercise;
    const struct rg_tensor *const x = find(s, "", "x");
    if (s->form.words) {
        rg_tensor_to_double(x, s->values);
    } else {
        rg_tensor_to_float(x, e->data.x_float);
    }
    for (size_t i = 0; s->form.words && i < rg_tensor_elements(x); i++) {
        e->data.x_token[i] = (int32_t)s->values[i];
    }
    rg_tensor_to_float(find(s, "", "y"), e->data.y);
    if (e->data.lengths) {
        rg_tensor_to_double(find(s, "", "lengths"), s->values);
    }
    for (size_t b = 0; e->data.lengths && b < e->sizes.batch; b++) {
        e->data.lengths[b] = (int32_t)s->values[b];
    }
    if (e->data.h_0) {
        rg_tensor_to_double(find(s, "", "h_0"), e->data.h_0);
    }
    if (e->data.c_0) {
        rg_tensor_to_double(find(s, "", "c_0"), e->data.c_0);
    }
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        const struct rg_tensor *const tensor = find(s, "", e->model->parameters[p].name);
        ck_assert_uint_eq(rg_tensor_elements(tensor), rg_parameter_elements(&e->model->parameters[p]));
        rg_tensor_to_float(tensor, rg_model_values(e->model, p));
    }
}

static struct subject load(int kind, const char *file) {
    struct subject s = {.file = file, .execution = execution_of(kind)->name, .device = devices[kind]};
    char path[512];
    test_case("%s: %s", s.execution, file);
    (void)snprintf(path, sizeof path, "%s/tests/fixtures/%s.safetensors", RG_SOURCE_DIR, file);
    expect_ok(rg_tensors_read(path, &s.tensors), path);
    size_t max = 0;
    for (size_t i = 0; i < s.tensors->count; i++) {
        const size_t n = rg_tensor_elements(&s.tensors->items[i]);
        max = n > max ? n : max;
    }
    double skip_budget = 0.0;
    s.form = form_of(&s, &skip_budget);
    expect_ok(rg_exercise_create(&s.form, &s.exercise), file);
    s.exercise->skip_budget = skip_budget;
    s.arena = numbers(s.exercise->model->arena, sizeof *s.arena);
    s.values = numbers(max, sizeof *s.values);
    s.wanted = numbers(max, sizeof *s.wanted);
    load_numbers(&s);
    if (s.device->info.real_bytes == sizeof(double)) {
        load_doubles(&s);
    }
    expect_ok(rg_data_source_create(s.device, &s.exercise->data, s.form.sizes.batch, 1, false, &s.source), file);
    return s;
}

static void unload(struct subject *s) {
    rg_data_source_destroy(s->source);
    rg_tensors_destroy(s->tensors);
    rg_exercise_destroy(s->exercise);
    free(s->arena);
    free(s->values);
    free(s->wanted);
}

static struct rg_engine *engine_of(const struct subject *s, enum rg_optimizer kind, double clip_norm) {
    struct rg_engine_options options = rg_exercise_options(s->exercise);
    struct rg_engine *engine = NULL;
    options.optimizer.kind = kind;
    options.optimizer.clip_norm = clip_norm;
    expect_ok(rg_engine_create(s->device, s->exercise->model, &options, &engine), s->file);
    return engine;
}

/* `n` numbers against a tensor, relative to the norm of the tensor. */
static void expect_tensor(const struct subject *s, const char *prefix, const char *name, const double *values, size_t n,
                          double tolerance) {
    const struct rg_tensor *tensor = find(s, prefix, name);
    ck_assert_uint_eq(rg_tensor_elements(tensor), n);
    rg_tensor_to_double(tensor, s->wanted);
    const double error = rg_exercise_distance(values, s->wanted, n), size = ref_norm(s->wanted, n);
    ck_assert_msg(error <= tolerance * size, "%s on %s: %s%s: error %.3g, at most %.3g", s->file, s->execution, prefix,
                  name, error / size, tolerance);
}

/* Every parameter of s->arena against the tensors of that prefix. */
static void expect_parameters(const struct subject *s, const char *prefix, double tolerance) {
    const struct rg_model *model = s->exercise->model;
    for (size_t p = 0; p < model->n_parameters; p++) {
        const size_t n = rg_parameter_elements(&model->parameters[p]);
        rg_exercise_parameter(s->exercise, s->arena, p, s->values);
        expect_tensor(s, prefix, model->parameters[p].name, s->values, n, tolerance);
    }
}

static bool is_onnx(const struct subject *s) {
    return strncmp(s->file, "onnx/", 5) == 0;
}

static void expect_number(const struct subject *s, const char *name, double value, double tolerance) {
    const double wanted = number(s, name);
    ck_assert_msg(fabs(value - wanted) <= tolerance * wanted, "%s on %s: %s %.17g, wanted %.17g", s->file, s->execution,
                  name, value, wanted);
}

static void expect_outputs(struct subject *s, struct rg_engine *engine) {
    const struct rg_exercise *const e = s->exercise;
    const size_t n = e->sizes.batch * e->target_steps * e->sizes.outputs;
    double *const outputs = numbers(n, sizeof *outputs);
    expect_ok(rg_engine_forward(engine, &s->source->source, 0, e->sizes.batch, outputs), "forward");
    rg_exercise_outputs(e, outputs, s->values);
    /* inputs and weights rounded to float shift everything by some eps already; ONNX computed in float */
    const double tolerance = 2.0 * rg_tolerance_forward(s->device, &s->form);
    expect_tensor(s, "", "output", s->values, n, is_onnx(s) ? fmax(tolerance, 8.0 * RG_FLOAT_EPS) : tolerance);
    free(outputs);
}

static void expect_initial_gradients(struct subject *s, struct rg_engine *engine, double tolerance) {
    const struct rg_dataset *const data = &s->exercise->data;
    const size_t n = data->n_states * data->n_sequences * data->state_width;
    double *const states = numbers(2 * n, sizeof *states);
    expect_ok(rg_engine_get_initial_gradients(engine, states, states + n), "gradients of h_0");
    for (size_t k = 0; k < (data->c_0 ? 2 : 1); k++) {
        for (size_t i = 0; i < n; i++) {
            s->values[i] = states[k * n + i];
        }
        expect_tensor(s, "grad.", k ? "c_0" : "h_0", s->values, n, tolerance);
    }
    free(states);
}

/* Terms of a small net's gradient may cancel, and so be larger than their sum, whose error TF32 makes of theirs. */
static const double TF32_CANCELS = 1.5;

static void expect_first_pass(struct subject *s, struct rg_engine *engine) {
    const double forward = 2.0 * rg_tolerance_forward(s->device, &s->form),
                 backward = (s->device->info.tf32 ? TF32_CANCELS : 1.0) * rg_tolerance_backward(s->device, &s->form);
    struct rg_record history[RG_HISTORY];
    double loss = 0.0, norm = 0.0;
    expect_ok(rg_engine_gradient(engine, &s->source->source, 0), "gradient");
    expect_ok(rg_engine_norm(engine, 0), "norm");
    expect_ok(rg_engine_history(engine, history), "history");
    expect_number(s, "loss", rg_exact_read(history[0].loss), 2.0 * forward + 8.0 * RG_FLOAT_EPS);
    expect_number(s, "grad_norm", rg_exact_read(history[0].norm), backward + 8.0 * RG_FLOAT_EPS);
    expect_ok(rg_engine_totals(engine, &loss, &norm), "totals");
    expect_number(s, "loss", loss, 2.0 * forward);
    expect_number(s, "grad_norm", norm, backward);
    expect_ok(rg_engine_get_gradients(engine, s->arena), "gradients");
    expect_parameters(s, "grad.", backward);
    if (s->form.initial) {
        expect_initial_gradients(s, engine, backward);
    }
}

/* One matrix: norms, and shares and cosines times what they are relative to. */
static void expect_terms(struct subject *s, const struct rg_lag_terms *terms, size_t steps) {
    const char *const name = s->exercise->model->parameters[terms->parameter].name;
    const double tolerance = 2.0 * rg_tolerance_backward(s->device, &s->form);
    double *const norm = numbers(3 * steps, sizeof *norm), *const cosine = norm + steps, *const share = cosine + steps;
    expect_tensor(s, "lag.norm.", name, terms->norm, steps, tolerance);
    rg_tensor_to_double(find(s, "lag.norm.", name), norm);
    rg_tensor_to_double(find(s, "lag.cosine.", name), cosine);
    rg_tensor_to_double(find(s, "lag.share.", name), share);
    const double size = ref_norm(norm, steps);
    for (size_t lag = 0; lag < steps; lag++) {
        ck_assert_msg(fabs(terms->cosine[lag] - cosine[lag]) * norm[lag] <= 4.0 * tolerance * size &&
                          fabs(terms->share[lag] - share[lag]) * terms->total <= 4.0 * tolerance * size,
                      "%s on %s: %s at lag %zu: cosine %.9g and %.9g, share %.9g and %.9g", s->file, s->execution, name,
                      lag, terms->cosine[lag], cosine[lag], terms->share[lag], share[lag]);
    }
    free(norm);
}

static void expect_lags(struct subject *s, struct rg_engine *engine) {
    const struct rg_model *const model = s->exercise->model;
    const size_t steps = s->form.sizes.steps, directions = rg_shape_directions(&model->shape);
    struct rg_lag_profiles *profiles = NULL;
    const struct rg_lag_options options = {.rows = s->form.sizes.batch};
    expect_ok(rg_lag_measure(engine, &s->source->source, 0, &options, &profiles), "lag profile");
    for (size_t i = 0; i < model->shape.layers * directions; i++) {
        const size_t layer = i / directions, direction = i % directions;
        const struct rg_lag_profile *const profile = rg_lag_profile_of(profiles, layer, direction);
        const size_t first = rg_model_parameter(model, layer, direction, RG_ROLE_WEIGHT_IH);
        expect_tensor(s, "delta.norm", strstr(model->parameters[first].name, "_l"), profile->delta_norm, steps,
                      2.0 * rg_tolerance_backward(s->device, &s->form));
        const bool add = s->form.net.skip > 0 && s->form.net.skip_kind == RG_SKIP_ADD;
        ck_assert_uint_eq(profile->n_matrices, add ? 3 : 2);
        for (size_t m = 0; m < profile->n_matrices; m++) {
            expect_terms(s, &profile->matrices[m], steps);
        }
    }
    if (rg_tensors_find(s->tensors, "used")) {
        ck_assert_double_eq_tol(rg_lag_used(profiles), number(s, "used"), 1e-12);
    } else {
        ck_assert(isnan(rg_lag_used(profiles)));
    }
    rg_lag_profiles_destroy(profiles);
}

static void expect_training(struct subject *s, enum rg_optimizer optimizer) {
    const bool adam = optimizer == RG_OPT_ADAM;
    const double lr = number(s, adam ? "adam_lr" : "sgd_lr");
    struct rg_engine *const engine = engine_of(s, optimizer, number(s, "clip_norm"));
    for (uint64_t update = 0; update < N_UPDATES; update++) {
        expect_ok(rg_engine_gradient(engine, &s->source->source, update), "gradient");
        expect_ok(rg_engine_norm(engine, update), "norm");
        expect_ok(rg_engine_step(engine, lr), "step");
    }
    expect_ok(rg_reals_read(s->device, s->arena, engine->net.buffers.weights, 0, engine->net.model->arena), "weights");
    /* Adam divides small gradients by their own size, and with that enlarges their errors. The rates are floats. */
    const double tolerance = fmax(rg_tolerance_backward(s->device, &s->form), 8.0 * RG_FLOAT_EPS);
    expect_parameters(s, adam ? "after." : "after_sgd.", (adam ? 4.0 : 1.0) * tolerance);
    rg_engine_destroy(engine);
}

START_TEST(device_matches_fixtures) {
    const int kind = _i / n_files, file = _i % n_files;
    const struct rg_device_options *const options = &execution_of(kind)->options;
    const bool gpu = options->shape.vec > 0, opencl = execution_of(kind)->spec[0] == 'o';
    const bool sampled = !opencl || (!gpu && !options->is_double && file % 5 == 0);
    if (!devices[kind] || (gpu && file % GPU_SAMPLE != 0) || !case_runs(sampled)) {
        return;
    }
    struct subject s = load(kind, files[file]);
    struct rg_engine *const engine = engine_of(&s, RG_OPT_SGD, 0.0);
    expect_outputs(&s, engine);
    if (!is_onnx(&s)) {
        expect_first_pass(&s, engine);
        if (s.form.net.target == RG_TARGET_LAST) {
            expect_lags(&s, engine);
        }
    }
    rg_engine_destroy(engine);
    if (rg_tensors_find(s.tensors, "clip_norm")) {
        expect_training(&s, RG_OPT_ADAM);
        expect_training(&s, RG_OPT_SGD);
    }
    unload(&s);
}
END_TEST

/* Every model's file is there. */
START_TEST(fixtures_are_found) {
    ck_assert_int_eq(n_files, 207);
}
END_TEST

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

/* Add the fixtures of one source. */
static void list_source(const char *source) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/fixtures/%s", RG_SOURCE_DIR, source);
    DIR *const folder = opendir(path);
    for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder)) {
        const char *const end = strstr(entry->d_name, ".safetensors");
        if (end && strcmp(entry->d_name, "optimizers.safetensors") != 0 && n_files < MAX_FIXTURES) {
            (void)snprintf(files[n_files++], sizeof files[0], "%s/%.*s", source, (int)(end - entry->d_name),
                           entry->d_name);
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
}

static void list_fixtures(void) {
    list_source("pytorch");
    list_source("onnx");
    qsort(files, (size_t)n_files, sizeof files[0], by_name);
}

static void open_devices(void) {
    for (int kind = 0; kind < N_DEVICES; kind++) {
        devices[kind] = open_one(execution_of(kind));
    }
}

static void close_devices(void) {
    for (int kind = 0; kind < N_DEVICES; kind++) {
        rg_device_destroy(devices[kind]);
    }
}

TEST_MAIN("fixtures") {
    TCase *const fixtures = add_tests(suite, "fixtures");
    list_fixtures();
    tcase_add_unchecked_fixture(fixtures, open_devices, close_devices);
    tcase_add_test(fixtures, fixtures_are_found);
    tcase_add_loop_test(fixtures, device_matches_fixtures, 0, N_DEVICES * n_files);
}
