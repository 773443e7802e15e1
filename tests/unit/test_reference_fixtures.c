/* The float64 reference against what PyTorch and ONNX computed: every file of tests/fixtures. A file's config says what
 * its model is (README.md there). */
#include <dirent.h>
#include <jansson.h>

#include "reference_problem.h"
#include "rnn_gpu/tensors.h"

enum { N_UPDATES = 5, MAX_FIXTURES = 256 };

static const char *const cell_names[] = {"rnn", "lstm", "gru", NULL};
static const char *const activation_names[] = {"tanh",     "relu",     "leaky_relu", "elu",    "sigmoid",
                                               "softsign", "softplus", "hardtanh",   "linear", NULL};
static const char *const skip_kind_names[] = {"add", "dilated", "learned", NULL};
static const char *const target_names[] = {"last", "steps", NULL};
static const char *const readout_names[] = {"last", "final", "mean", "max", NULL};
static const char *const loss_names[] = {"mse", "bce", "ce", NULL};

/* File names, without their ends, in order. */
static char pytorch_files[MAX_FIXTURES][128], onnx_files[MAX_FIXTURES][128];
static size_t n_pytorch, n_onnx;

struct fixture {
    struct rg_tensors *tensors;
    struct problem problem;
    double tolerance;
    const char *file;
    double *h_0, *c_0; /* [L D][N][H], or NULL */
    int32_t *words;    /* [N][T], or NULL */
};

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

/* The names in a folder of tests/fixtures, as "FOLDER/NAME" without their ends. The number of them. */
static size_t list_source(const char *source, char files[MAX_FIXTURES][128]) {
    char path[4096];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/tests/fixtures/%s", RG_SOURCE_DIR, source);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder)) {
        const char *name = entry->d_name, *end = strstr(name, ".safetensors");
        if (end && strcmp(name, "optimizers.safetensors") != 0 && n < MAX_FIXTURES) {
            snprintf(files[n++], 128, "%s/%.*s", source, (int)(end - name), name);
        }
    }
    if (folder) {
        closedir(folder);
    }
    qsort(files, n, sizeof *files, by_name);
    return n;
}

static void list_fixtures(void) {
    n_pytorch = list_source("pytorch", pytorch_files);
    n_onnx = list_source("onnx", onnx_files);
}

/* ---- Reading ---- */

static size_t config_name(const json_t *config, const char *key, const char *const *names) {
    const char *value = json_string_value(json_object_get(config, key));
    size_t i = 0;

    ck_assert_msg(value != NULL, "the config has no %s", key);
    while (names[i] && strcmp(names[i], value) != 0) {
        i++;
    }
    ck_assert_msg(names[i] != NULL, "%s %s is not known", key, value);
    return i;
}

static size_t config_size(const json_t *config, const char *key) {
    const json_t *value = json_object_get(config, key);

    ck_assert_msg(json_is_integer(value), "the config has no %s", key);
    return (size_t)json_integer_value(value);
}

static struct ref_model form_of(const struct rg_tensors *tensors, enum ref_loss *loss) {
    json_t *config = tensors->config ? json_loads(tensors->config, 0, NULL) : NULL;

    ck_assert_msg(config != NULL, "the fixture has no config");
    const struct ref_model form = {
        .cell = (enum ref_cell)config_name(config, "cell", cell_names),
        .activation = (enum ref_activation)config_name(config, "activation", activation_names),
        .inputs = config_size(config, "inputs"),
        .hidden = config_size(config, "hidden"),
        .outputs = config_size(config, "outputs"),
        .layers = config_size(config, "layers"),
        .bidirectional = json_is_true(json_object_get(config, "bidirectional")),
        .skip = config_size(config, "skip"),
        .skip_kind = (enum ref_skip_kind)config_name(config, "skip_kind", skip_kind_names),
        .skip_budget = json_number_value(json_object_get(config, "skip_budget")),
        .target = (enum ref_target)config_name(config, "target", target_names),
        .readout =
            (enum ref_readout)(json_object_get(config, "readout") ? config_name(config, "readout", readout_names) : 0),
        .words = (size_t)json_integer_value(json_object_get(config, "words"))}; /* or 0 */
    *loss = (enum ref_loss)config_name(config, "loss", loss_names);
    json_decref(config);
    return form;
}

static const struct rg_tensor *find(const struct fixture *fixture, const char *prefix, const char *name) {
    char full[128];

    snprintf(full, sizeof(full), "%s%s", prefix, name);
    const struct rg_tensor *tensor = rg_tensors_find(fixture->tensors, full);
    ck_assert_msg(tensor != NULL, "%s has no tensor %s", fixture->file, full);
    return tensor;
}

static void read_into(const struct fixture *fixture, const char *name, double *values, size_t count) {
    const struct rg_tensor *tensor = find(fixture, "", name);

    ck_assert_msg(rg_tensor_elements(tensor) == count, "%s: %s has %zu elements, not %zu", fixture->file, name,
                  rg_tensor_elements(tensor), count);
    rg_tensor_to_double(tensor, values);
}

static double read_number(const struct fixture *fixture, const char *name) {
    double value = 0.0;

    read_into(fixture, name, &value, 1);
    return value;
}

/* A new array. */
static int32_t *read_whole(const struct fixture *fixture, const char *name, size_t n) {
    double *values = numbers(n);
    int32_t *whole = calloc(n, sizeof(*whole));

    ck_assert_ptr_nonnull(whole);
    read_into(fixture, name, values, n);
    for (size_t i = 0; i < n; i++) {
        whole[i] = (int32_t)values[i];
    }
    free(values);
    return whole;
}

/* [L D][N][H], or NULL if sequences start from zeros. */
static double *read_states(const struct fixture *fixture, const char *name) {
    const struct rg_tensor *tensor = rg_tensors_find(fixture->tensors, name);
    double *values = tensor ? numbers(rg_tensor_elements(tensor)) : NULL;

    if (values) {
        read_into(fixture, name, values,
                  fixture->problem.result->n_traces * fixture->problem.batch.n_sequences *
                      fixture->problem.model->hidden);
    }
    return values;
}

static struct fixture read_fixture(const char *file, double tolerance) {
    struct fixture fixture = {.tolerance = tolerance, .file = file};
    struct ref_batch batch = {.loss = REF_LOSS_MSE};
    char path[4096];

    snprintf(path, sizeof(path), "%s/tests/fixtures/%s.safetensors", RG_SOURCE_DIR, file);
    ck_assert_msg(rg_tensors_read(path, &fixture.tensors) == RG_OK, "%s", rg_error_message());
    const struct ref_model form = form_of(fixture.tensors, &batch.loss);
    const struct rg_tensor *x = find(&fixture, "", "x");
    ck_assert_uint_eq(x->n_dims, form.words > 0 ? 2 : 3);
    batch.n_sequences = x->shape[0];
    batch.n_steps = x->shape[1];
    fixture.problem = problem_of(&form, batch, rg_tensors_find(fixture.tensors, "lengths") != NULL);

    const struct problem *problem = &fixture.problem;
    const size_t per_row = batch.loss == REF_LOSS_CE ? 1 : form.outputs;
    for (size_t p = 0; p < problem->model->n_parameters; p++) {
        read_into(&fixture, ref_parameter_name(problem->model, p), problem->model->values[p],
                  ref_parameter_elements(problem->model, p));
    }
    if (form.words > 0) {
        fixture.problem.batch.words = fixture.words = read_whole(&fixture, "x", batch.n_sequences * batch.n_steps);
    } else {
        read_into(&fixture, "x", problem->x, batch.n_sequences * batch.n_steps * form.inputs);
    }
    read_into(&fixture, "y", problem->y, target_rows(&form, &batch) * per_row);
    if (problem->lengths) {
        free(problem->lengths);
        fixture.problem.lengths = read_whole(&fixture, "lengths", batch.n_sequences);
        fixture.problem.batch.lengths = fixture.problem.lengths;
    }
    fixture.problem.batch.h_0 = fixture.h_0 = read_states(&fixture, "h_0");
    fixture.problem.batch.c_0 = fixture.c_0 = read_states(&fixture, "c_0");
    return fixture;
}

static void fixture_free(struct fixture *fixture) {
    problem_free(&fixture->problem);
    free(fixture->h_0);
    free(fixture->c_0);
    free(fixture->words);
    rg_tensors_destroy(fixture->tensors);
}

/* ---- Comparing ---- */

/* Fails unless `values` are the tensor prefix + name to the fixture's tolerance. */
static void expect_tensor(const struct fixture *fixture, const char *prefix, const char *name, const double *values,
                          size_t count) {
    const struct rg_tensor *tensor = find(fixture, prefix, name);
    double *expected = numbers(rg_tensor_elements(tensor));
    char what[300];

    snprintf(what, sizeof(what), "%s: %s%s", fixture->file, prefix, name);
    ck_assert_msg(rg_tensor_elements(tensor) == count, "%s: %zu elements, not %zu", what, rg_tensor_elements(tensor),
                  count);
    rg_tensor_to_double(tensor, expected);
    expect_close(values, expected, count, fixture->tolerance, what);
    free(expected);
}

static void expect_output(const struct fixture *fixture) {
    const struct problem *problem = &fixture->problem;

    expect_tensor(fixture, "", "output", problem->result->output,
                  target_rows(problem->model, &problem->batch) * problem->model->outputs);
}

/* Deltas and lag terms of every layer and direction. */
static void expect_lags(const struct fixture *fixture) {
    const struct ref_model *model = fixture->problem.model;
    const size_t n_steps = fixture->problem.batch.n_steps, directions = ref_directions(model);

    for (size_t i = 0; i < fixture->problem.result->n_traces; i++) {
        const struct ref_trace *trace = &fixture->problem.result->traces[i];
        const size_t first = ref_parameter_at(model, i / directions, i % directions, REF_ROLE_WEIGHT_IH);

        expect_tensor(fixture, "delta.norm", strstr(ref_parameter_name(model, first), "_l"), trace->delta_norm,
                      n_steps);
        for (enum ref_role role = 0; role < REF_N_ROLES; role++) {
            if (!trace->lags[role].norm) {
                continue;
            }
            const char *name = ref_parameter_name(model, first + role);

            expect_tensor(fixture, "lag.norm.", name, trace->lags[role].norm, n_steps);
            expect_tensor(fixture, "lag.share.", name, trace->lags[role].share, n_steps);
            expect_tensor(fixture, "lag.cosine.", name, trace->lags[role].cosine, n_steps);
        }
    }
}

/* dL/dh_0 and dL/dc_0, which the traces have at index 0. */
static void expect_initial_gradients(const struct fixture *fixture) {
    const struct ref_result *result = fixture->problem.result;
    const size_t n = fixture->problem.batch.n_sequences * fixture->problem.model->hidden;
    double *values = numbers(result->n_traces * n);

    for (size_t i = 0; i < result->n_traces; i++) {
        memcpy(values + i * n, result->traces[i].d_state, n * sizeof(*values));
    }
    expect_tensor(fixture, "grad.", "h_0", values, result->n_traces * n);
    for (size_t i = 0; i < result->n_traces; i++) {
        memcpy(values + i * n, result->traces[i].d_cell, n * sizeof(*values));
    }
    if (fixture->c_0) {
        expect_tensor(fixture, "grad.", "c_0", values, result->n_traces * n);
    }
    free(values);
}

START_TEST(gradients_match_pytorch) {
    test_case("%s", pytorch_files[_i]);
    struct fixture fixture = read_fixture(pytorch_files[_i], 1e-12);
    const struct problem *problem = &fixture.problem;

    loss_at(problem);
    expect_tensor(&fixture, "", "loss", &problem->result->loss, 1);
    expect_output(&fixture);
    for (size_t p = 0; p < problem->model->n_parameters; p++) {
        expect_tensor(&fixture, "grad.", ref_parameter_name(problem->model, p), problem->result->gradient[p],
                      ref_parameter_elements(problem->model, p));
    }
    if (fixture.h_0) {
        expect_initial_gradients(&fixture);
    }
    expect_tensor(&fixture, "", "grad_norm", &problem->result->grad_norm, 1);
    if (problem->model->target == REF_TARGET_LAST) {
        expect_lags(&fixture);
    }
    fixture_free(&fixture);
}
END_TEST

/* ONNX's node tests hold float32. */
START_TEST(states_match_onnx) {
    test_case("%s", onnx_files[_i]);
    struct fixture fixture = read_fixture(onnx_files[_i], 3e-7);

    loss_at(&fixture.problem);
    expect_output(&fixture);
    fixture_free(&fixture);
}
END_TEST

/* ---- Updates ---- */

/* Gradients at the present weights, clipped; whether clipping changed them. */
static bool clipped_gradients(const struct problem *problem, double clip_norm) {
    loss_at(problem);
    const double coefficient = ref_clip_coefficient(problem->result->grad_norm, clip_norm);

    for (size_t p = 0; p < problem->model->n_parameters; p++) {
        for (size_t i = 0; i < ref_parameter_elements(problem->model, p); i++) {
            problem->result->gradient[p][i] *= coefficient;
        }
    }
    return coefficient < 1.0;
}

static void expect_weights(const struct fixture *fixture, const char *prefix) {
    const struct ref_model *model = fixture->problem.model;

    for (size_t p = 0; p < model->n_parameters; p++) {
        expect_tensor(fixture, prefix, ref_parameter_name(model, p), model->values[p],
                      ref_parameter_elements(model, p));
    }
}

static void check_sgd(const char *file) {
    struct fixture fixture = read_fixture(file, 1e-12);
    const struct ref_model *model = fixture.problem.model;
    const double clip_norm = read_number(&fixture, "clip_norm"), lr = read_number(&fixture, "sgd_lr");

    for (size_t update = 0; update < N_UPDATES; update++) {
        clipped_gradients(&fixture.problem, clip_norm);
        for (size_t p = 0; p < model->n_parameters; p++) {
            ref_sgd(model->values[p], fixture.problem.result->gradient[p], ref_parameter_elements(model, p), lr);
        }
    }
    expect_weights(&fixture, "after_sgd.");
    fixture_free(&fixture);
}

static void check_adam(const char *file) {
    struct fixture fixture = read_fixture(file, 1e-12);
    const struct ref_model *model = fixture.problem.model;
    const double clip_norm = read_number(&fixture, "clip_norm"), lr = read_number(&fixture, "adam_lr");
    struct ref_moments moments[REF_MAX_PARAMETERS];

    for (size_t p = 0; p < model->n_parameters; p++) {
        moments[p].mean = numbers(ref_parameter_elements(model, p));
        moments[p].square = numbers(ref_parameter_elements(model, p));
    }
    for (size_t update = 1; update <= N_UPDATES; update++) {
        clipped_gradients(&fixture.problem, clip_norm);
        for (size_t p = 0; p < model->n_parameters; p++) {
            moments[p].update = update;
            ref_adam(model->values[p], fixture.problem.result->gradient[p], ref_parameter_elements(model, p), lr,
                     &moments[p]);
        }
    }
    expect_weights(&fixture, "after.");
    for (size_t p = 0; p < model->n_parameters; p++) {
        free(moments[p].mean);
        free(moments[p].square);
    }
    fixture_free(&fixture);
}

/* Some fixtures clip and some do not: otherwise a wrong coefficient would not show. */
START_TEST(updates_match_pytorch) {
    size_t n_updated = 0, n_clipped = 0;

    for (size_t i = 0; i < n_pytorch; i++) {
        struct fixture fixture = read_fixture(pytorch_files[i], 1e-12);

        if (rg_tensors_find(fixture.tensors, "clip_norm")) {
            n_updated++;
            n_clipped += clipped_gradients(&fixture.problem, read_number(&fixture, "clip_norm"));
            check_sgd(pytorch_files[i]);
            check_adam(pytorch_files[i]);
        }
        fixture_free(&fixture);
    }
    ck_assert_uint_gt(n_clipped, 0);
    ck_assert_uint_lt(n_clipped, n_updated);
    ck_assert_double_eq(ref_clip_coefficient(3.0, 1.5), 1.5 / 3.000001);
    ck_assert_double_eq(ref_clip_coefficient(1.0, 1.5), 1.0);
    ck_assert_double_eq(ref_clip_coefficient(0.0, 1.5), 1.0);
}
END_TEST

/* No file is missing: every cell with 1 to 3 layers, each way, head, with and without lengths; with each kind of skip;
 * and every activation. */
START_TEST(fixtures_cover_every_cell) {
    size_t stacks[REF_N_CELLS][4][2][2][2] = {0}, skips[REF_N_CELLS][3] = {0}, activations[REF_N_ACTIVATIONS] = {0};
    size_t n_stacks = 0;

    for (size_t i = 0; i < n_pytorch; i++) {
        struct fixture fixture = read_fixture(pytorch_files[i], 1e-12);
        const struct ref_model *m = fixture.problem.model;

        ck_assert_uint_lt(m->layers, 4);
        activations[m->activation]++;
        if (m->skip > 0) {
            skips[m->cell][m->skip_kind]++;
        } else if (stacks[m->cell][m->layers][m->bidirectional][m->target][fixture.problem.lengths != NULL]++ == 0) {
            n_stacks++;
        }
        fixture_free(&fixture);
    }
    ck_assert_uint_eq(n_stacks, (size_t)REF_N_CELLS * 3 * 2 * 2 * 2);
    for (size_t i = 0; i < REF_N_CELLS * 3; i++) {
        ck_assert_uint_ge(skips[i / 3][i % 3], 6);
    }
    for (size_t i = 0; i < REF_N_ACTIVATIONS; i++) {
        ck_assert_uint_gt(activations[i], 0);
    }
    ck_assert_uint_eq(n_onnx, 11);
}
END_TEST

TEST_MAIN("reference_fixtures") {
    TCase *const pytorch = add_tests(suite, "pytorch"), *const onnx = add_tests(suite, "onnx");
    list_fixtures();
    tcase_add_test(pytorch, fixtures_cover_every_cell);
    tcase_add_loop_test(pytorch, gradients_match_pytorch, 0, (int)n_pytorch);
    tcase_add_test(pytorch, updates_match_pytorch);
    tcase_add_loop_test(onnx, states_match_onnx, 0, (int)n_onnx);
}
