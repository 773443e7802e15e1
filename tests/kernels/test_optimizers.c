/* Optimisers and clipping on the device, on given gradients, against what torch.optim made of them in float64
 * (tests/fixtures/pytorch/make_optimizer_fixtures.py). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/optimizer.h"
#include "executions.h"
#include "rnn_gpu/tensors.h"

enum { N = 112, N_UPDATES = 20, N_ROWS = 5, N_GROUPS = 3 };

static const struct {
    const char *name;
    enum rg_optimizer kind;
    bool has_constants; /* that are not PyTorch's defaults */
} cases[] = {
    {"sgd", RG_OPT_SGD, false},
    {"sgd-decay", RG_OPT_SGD, false},
    {"sgd-norm", RG_OPT_SGD, false},
    {"sgd-value", RG_OPT_SGD, false},
    {"momentum", RG_OPT_MOMENTUM, false},
    {"momentum-decay-norm", RG_OPT_MOMENTUM, false},
    {"momentum-value", RG_OPT_MOMENTUM, false},
    {"nesterov", RG_OPT_NESTEROV, false},
    {"nesterov-decay-norm", RG_OPT_NESTEROV, false},
    {"nesterov-value", RG_OPT_NESTEROV, false},
    {"rmsprop", RG_OPT_RMSPROP, false},
    {"rmsprop-momentum", RG_OPT_RMSPROP, false},
    {"rmsprop-momentum-decay-norm", RG_OPT_RMSPROP, false},
    {"rmsprop-value", RG_OPT_RMSPROP, false},
    {"adam", RG_OPT_ADAM, false},
    {"adam-decay-norm", RG_OPT_ADAM, false},
    {"adam-value", RG_OPT_ADAM, false},
    {"adamw", RG_OPT_ADAMW, false},
    {"adamw-decay", RG_OPT_ADAMW, false},
    {"adamw-decay-norm", RG_OPT_ADAMW, false},
    {"adamw-value", RG_OPT_ADAMW, false},
    {"adagrad", RG_OPT_ADAGRAD, false},
    {"adagrad-decay-norm", RG_OPT_ADAGRAD, false},
    {"adagrad-value", RG_OPT_ADAGRAD, false},
    {"rmsprop-constants", RG_OPT_RMSPROP, true},
    {"adam-constants", RG_OPT_ADAM, true},
    {"adam-without-mean", RG_OPT_ADAM, true},
    {"adamw-constants", RG_OPT_ADAMW, true},
    {"adagrad-constants", RG_OPT_ADAGRAD, true},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static struct rg_tensors *fixture;

static void open_fixture(void) {
    expect_ok(rg_tensors_read(RG_SOURCE_DIR "/tests/fixtures/pytorch/optimizers.safetensors", &fixture), "fixture");
}

static void close_fixture(void) {
    rg_tensors_destroy(fixture);
    fixture = NULL;
}

/* out [count] = the tensor prefix + name. */
static void read_fixture(const char *prefix, const char *name, double *out, size_t count) {
    char whole[128];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const struct rg_tensor *tensor = rg_tensors_find(fixture, whole);
    ck_assert_msg(tensor != NULL, "the fixture lacks %s", whole);
    ck_assert_uint_eq(rg_tensor_elements(tensor), count);
    rg_tensor_to_double(tensor, out);
}

/* An optimiser with its buffers. Element i of the fixture lies at i * spread of the arena, zeros between. */
struct bench {
    struct rg_device *device;
    struct rg_optimizer_state *optimizer;
    struct rg_buffer *weights;
    struct rg_norm_buffers norm;
    size_t spread, n;
    size_t begin, end; /* elements that are updated */
    float *scratch;    /* [n] */
};

static struct bench open_bench(struct rg_device *device, const struct rg_optimizer_options *options, size_t spread) {
    struct bench b = {.device = device, .spread = spread, .n = N * spread, .end = N * spread};
    b.norm.n_losses = N_ROWS;
    b.norm.n_groups = N_GROUPS;
    const size_t arena = b.n * sizeof(float);
    b.scratch = numbers(b.n, sizeof(float));
    expect_ok(rg_optimizer_create(device, options, b.n, &b.optimizer), "optimiser");
    expect_ok(rg_buffer_create(device, arena, "weights", &b.weights), "weights");
    expect_ok(rg_buffer_create(device, arena, "gradients", &b.norm.gradients), "gradients");
    expect_ok(rg_buffer_create(device, N_ROWS * sizeof(float), "losses", &b.norm.row_loss), "losses");
    expect_ok(rg_buffer_create(device, N_GROUPS * RG_NORM_PARTIAL * device->info.real_bytes, "norms", &b.norm.norms),
              "norms");
    expect_ok(rg_buffer_create(device, sizeof(struct rg_control), "control", &b.norm.control), "control");
    expect_ok(rg_buffer_create(device, N_UPDATES * sizeof(struct rg_record), "history", &b.norm.history), "history");
    expect_ok(rg_buffer_zero(device, b.norm.control), "control");
    const float losses[N_ROWS] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f};
    expect_ok(rg_buffer_write(device, b.norm.row_loss, 0, losses, sizeof losses), "losses");
    return b;
}

static void close_bench(struct bench *b) {
    struct rg_buffer *const buffers[] = {b->weights,    b->norm.gradients, b->norm.row_loss,
                                         b->norm.norms, b->norm.control,   b->norm.history};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        rg_buffer_destroy(b->device, buffers[i]);
    }
    rg_optimizer_destroy(b->optimizer);
    free(b->scratch);
}

static void put(struct bench *b, struct rg_buffer *to, const double *values) {
    memset(b->scratch, 0, b->n * sizeof(float));
    for (size_t i = 0; i < N; i++) {
        b->scratch[i * b->spread] = (float)values[i];
    }
    expect_ok(rg_buffer_write(b->device, to, 0, b->scratch, b->n * sizeof(float)), "write");
}

/* The elements; what lies between them must be zero. */
static void get(struct bench *b, struct rg_buffer *from, double *values) {
    expect_ok(rg_buffer_read(b->device, b->scratch, from, 0, b->n * sizeof(float)), "read");
    for (size_t i = 0; i < b->n; i++) {
        if (i % b->spread == 0) {
            values[i / b->spread] = (double)b->scratch[i];
        } else {
            ck_assert_msg(b->scratch[i] == 0.0f, "element %zu, a gap, is %g", i, (double)b->scratch[i]);
        }
    }
}

static struct rg_record update(struct bench *b, const double *gradients, double lr, size_t slot) {
    struct rg_record record;
    put(b, b->norm.gradients, gradients);
    expect_ok(rg_optimizer_norm(b->optimizer, &b->norm, slot), "norm");
    const struct rg_optimizer_range range = {b->weights, b->norm.gradients, b->norm.control, b->begin, b->end};
    expect_ok(rg_optimizer_step(b->optimizer, &range, lr), "step");
    expect_ok(rg_buffer_read(b->device, &record, b->norm.history, slot * sizeof record, sizeof record), "history");
    return record;
}

static double norm_of(const double *a) {
    double norm = 0.0;
    for (size_t i = 0; i < N; i++) {
        norm = hypot(norm, a[i]);
    }
    return norm;
}

/* The weights are rounded once an update, which is half a unit in the last place of them; a change consists of a few
 * rounded operations and its own size. */
static void expect_weights(struct bench *b, const char *name, const char *execution) {
    double weights[N], wanted[N], path;
    get(b, b->weights, weights);
    read_fixture("after.", name, wanted, N);
    read_fixture("path.", name, &path, 1);
    const double allowed = (double)FLT_EPSILON * (0.5 * N_UPDATES * norm_of(wanted) + 16.0 * path);
    for (size_t i = 0; i < N; i++) {
        weights[i] -= wanted[i];
    }
    const double error = norm_of(weights);
    ck_assert_msg(error <= allowed, "%s on %s: weights off by %g, allowed is %g", name, execution, error, allowed);
}

static void run_case(struct rg_device *device, size_t c, size_t spread, const char *execution) {
    const char *const name = cases[c].name;
    double settings[4], start[N], gradients[N_UPDATES * N], lr[N_UPDATES], norms[N_UPDATES], clipped[N_UPDATES];
    read_fixture("settings.", name, settings, 4);
    read_fixture("weights", "", start, N);
    read_fixture("gradients", "", gradients, (size_t)N_UPDATES * N);
    read_fixture("lr", "", lr, N_UPDATES);
    read_fixture("norm", "", norms, N_UPDATES);
    read_fixture("clipped.", name, clipped, N_UPDATES);
    double constants[3] = {0.0};
    if (cases[c].has_constants) {
        read_fixture("constants.", name, constants, 3);
    }
    const struct rg_optimizer_options options = {.kind = cases[c].kind,
                                                 .momentum = settings[0],
                                                 .has_constants = cases[c].has_constants,
                                                 .beta1 = constants[0],
                                                 .beta2 = constants[1],
                                                 .epsilon = constants[2],
                                                 .weight_decay = settings[1],
                                                 .clip_norm = settings[2],
                                                 .clip_value = settings[3],
                                                 .max_skips = 10};
    struct bench b = open_bench(device, &options, spread);
    put(&b, b.weights, start);
    unsigned n_clipped = 0;
    for (size_t i = 0; i < N_UPDATES; i++) {
        const struct rg_record record = update(&b, gradients + i * N, lr[i], i);
        ck_assert_double_eq_tol(rg_exact_read(record.norm), norms[i], norms[i] * 4.0 * (double)FLT_EPSILON);
        ck_assert_double_eq(rg_exact_read(record.loss), 15.0);
        ck_assert_msg(record.clipped == (unsigned)clipped[i], "%s on %s: update %zu clips: %u", name, execution, i,
                      record.clipped);
        n_clipped += record.clipped;
    }
    struct rg_control control;
    expect_ok(rg_buffer_read(device, &control, b.norm.control, 0, sizeof control), "control");
    ck_assert_uint_eq(control.steps, N_UPDATES);
    ck_assert_uint_eq(control.clipped, n_clipped);
    expect_weights(&b, name, execution);
    close_bench(&b);
}

START_TEST(optimisers_are_those_of_pytorch) {
    static const size_t spreads[] = {1, 701};
    struct rg_device *const device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    open_fixture();
    for (size_t c = 0; c < N_CASES; c++) {
        for (size_t s = 0; s < 2; s++) {
            run_case(device, c, spreads[s], executions[kinds[_i]].name);
        }
    }
    close_fixture();
    rg_device_destroy(device);
}
END_TEST

/* Weights and both states after updates on made-up gradients, of which the ones in `bad` hold a NaN. */
struct outcome {
    double weights[N], first[N], second[N];
    struct rg_control control;
};

static void train(struct rg_device *device, enum rg_optimizer kind, const bool *bad, size_t count,
                  struct outcome *out) {
    const struct rg_optimizer_options options = {
        .kind = kind, .momentum = 0.9, .weight_decay = 0.01, .clip_norm = 1.0, .max_skips = 10};
    struct bench b = open_bench(device, &options, 1);
    double values[N];
    for (size_t i = 0; i < N; i++) {
        values[i] = cos((double)i);
    }
    put(&b, b.weights, values);
    for (size_t n = 0, good = 0; n < count; n++) {
        for (size_t i = 0; i < N; i++) {
            values[i] = sin((double)(good * N + i + 1));
        }
        good += bad[n] ? 0 : 1;
        values[17] = bad[n] ? (double)NAN : values[17];
        ck_assert_uint_eq(update(&b, values, 0.01, n).skipped, bad[n]);
    }
    memset(out, 0, sizeof *out);
    get(&b, b.weights, out->weights);
    if (b.optimizer->first) {
        get(&b, b.optimizer->first, out->first);
    }
    if (b.optimizer->second) {
        get(&b, b.optimizer->second, out->second);
    }
    expect_ok(rg_buffer_read(device, &out->control, b.norm.control, 0, sizeof out->control), "control");
    close_bench(&b);
}

static bool equal(const double *a, const double *b) {
    size_t n = 0;
    while (n < N && a[n] == b[n]) {
        n++;
    }
    return n == N;
}

START_TEST(a_skipped_update_changes_nothing) {
    static const bool good[] = {false, false, false, false},
                      bad[] = {true, false, true, true, false, false, true, false};
    struct rg_device *const device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    for (int kind = 0; kind < RG_N_OPTIMIZERS; kind++) {
        struct outcome without, with;
        train(device, (enum rg_optimizer)kind, good, sizeof good, &without);
        train(device, (enum rg_optimizer)kind, bad, sizeof bad, &with);
        ck_assert_msg(equal(with.weights, without.weights), "kind %d: weights", kind);
        ck_assert_msg(equal(with.first, without.first), "kind %d: first state", kind);
        ck_assert_msg(equal(with.second, without.second), "kind %d: second state", kind);
        ck_assert_uint_eq(with.control.steps, 4);
        ck_assert_uint_eq(with.control.skipped, 4);
    }
    rg_device_destroy(device);
}
END_TEST

/* One large element, wherever it stands: it alone is cut, and `clipped` says so exactly when it is above C. */
START_TEST(values_are_clipped_to_the_bit) {
    struct rg_device *const device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    static const double limits[] = {0.749f, 1e-30f, 3e20f}; /* in float, 1/(1/0.749) is above 0.749 */
    static const size_t places[] = {0, 1, 15, 16, 63, 64, 100, N - 1};
    for (size_t l = 0; l < sizeof limits / sizeof *limits; l++) {
        const struct rg_optimizer_options options = {.clip_value = limits[l], .max_skips = 10};
        const double above = (double)nextafterf((float)limits[l], INFINITY);
        const double tried[] = {limits[l], -limits[l], above, -above, limits[l] * 1e3};
        for (size_t i = 0; i < sizeof places / sizeof *places * 5; i++) {
            double gradients[N] = {0}, weights[N] = {0};
            const double g = tried[i % 5];
            gradients[places[i / 5]] = g;
            gradients[50] = limits[l] / 2.0;
            struct bench b = open_bench(device, &options, 1);
            put(&b, b.weights, weights);
            ck_assert_uint_eq(update(&b, gradients, 1.0, 0).clipped, fabs(g) > limits[l]);
            get(&b, b.weights, weights);
            ck_assert_double_eq(weights[places[i / 5]], -copysign(limits[l], g));
            ck_assert_double_eq(weights[50], -gradients[50]);
            close_bench(&b);
        }
    }
    rg_device_destroy(device);
}
END_TEST

/* A range of the arena has the bits of a whole update, in weights and states, and the rest stays as it was. */
START_TEST(a_range_is_updated_alone) {
    enum { BEGIN = 32, END = 96 };
    struct rg_device *const device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    for (int kind = 0; kind < RG_N_OPTIMIZERS; kind++) {
        const struct rg_optimizer_options options = {
            .kind = (enum rg_optimizer)kind, .momentum = 0.9, .weight_decay = 0.01, .clip_norm = 1.0, .max_skips = 10};
        double start[N], gradients[N], weights[2][N], states[2][2][N] = {{{0.0}}};
        for (size_t i = 0; i < N; i++) {
            start[i] = (double)(float)cos((double)i);
            gradients[i] = sin((double)i + 1.0);
        }
        for (size_t part = 0; part < 2; part++) {
            struct bench b = open_bench(device, &options, 1);
            b.begin = part ? BEGIN : b.begin;
            b.end = part ? END : b.end;
            put(&b, b.weights, start);
            for (size_t n = 0; n < 3; n++) {
                (void)update(&b, gradients, 0.01, n);
            }
            get(&b, b.weights, weights[part]);
            struct rg_buffer *const kept[] = {b.optimizer->first, b.optimizer->second};
            for (size_t s = 0; s < 2; s++) {
                if (kept[s]) {
                    get(&b, kept[s], states[part][s]);
                }
            }
            close_bench(&b);
        }
        for (size_t i = 0; i < N; i++) {
            const bool inside = i >= BEGIN && i < END;
            ck_assert_msg(weights[1][i] == (inside ? weights[0][i] : start[i]), "kind %d: weight %zu", kind, i);
            ck_assert_msg(weights[0][i] != start[i], "kind %d: weight %zu does not move", kind, i);
            for (size_t s = 0; s < 2; s++) {
                ck_assert_msg(states[1][s][i] == (inside ? states[0][s][i] : 0.0), "kind %d: state %zu, %zu", kind, s,
                              i);
            }
        }
    }
    rg_device_destroy(device);
}
END_TEST

START_TEST(settings_are_checked_and_states_counted) {
    struct rg_device *const device = open_execution(0);
    const struct rg_optimizer_options both = {.clip_norm = 1.0, .clip_value = 1.0};
    struct rg_optimizer_state *optimizer = NULL;
    ck_assert_int_eq(rg_optimizer_create(device, &both, N, &optimizer), RG_USAGE);
    ck_assert_ptr_null(optimizer);
    rg_optimizer_destroy(NULL);
    static const size_t states[RG_N_OPTIMIZERS] = {0, 1, 1, 2, 2, 2, 1};
    for (int kind = 0; kind < RG_N_OPTIMIZERS; kind++) {
        const struct rg_optimizer_options options = {.kind = (enum rg_optimizer)kind, .momentum = 0.9};
        const size_t before = device->used_bytes;
        ck_assert_uint_eq(rg_optimizer_n_states(options.kind, options.momentum), states[kind]);
        expect_ok(rg_optimizer_create(device, &options, N, &optimizer), "optimiser");
        ck_assert_uint_eq(device->used_bytes - before, states[kind] * N * sizeof(float));
        rg_optimizer_destroy(optimizer);
        ck_assert_uint_eq(device->used_bytes, before);
    }
    ck_assert_uint_eq(rg_optimizer_n_states(RG_OPT_RMSPROP, 0.0), 1);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("optimizers") {
    TCase *const optimizers = add_tests(suite, "optimizers");
    tcase_add_loop_test(optimizers, optimisers_are_those_of_pytorch, 0, N_KINDS);
    tcase_add_loop_test(optimizers, a_skipped_update_changes_nothing, 0, N_KINDS);
    tcase_add_loop_test(optimizers, values_are_clipped_to_the_bit, 0, N_KINDS);
    tcase_add_loop_test(optimizers, a_range_is_updated_alone, 0, N_KINDS);
    tcase_add_test(optimizers, settings_are_checked_and_states_counted);
}
