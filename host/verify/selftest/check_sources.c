/* What fills batches: two tasks against Random123 on the host, data sets of every kind against a copy on the
 * host; and the kernel that measures the peak against its own arithmetic. */
#include <Random123/philox.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"
#include "train/tasks.h"
#include "verify/selftest/checks.h"

/* An engine whose only use is to be filled by `source`: chunk [rows] of a batch, read back to the host. */
struct filled {
    struct rg_model *model;
    struct rg_engine *engine;
    double *x;       /* [T][chunk][Fp] */
    double *y;       /* [T'][chunk][n_targets] */
    uint32_t *begin; /* [chunk] */
};

static void release(struct filled *f) {
    rg_engine_destroy(f->engine);
    rg_model_destroy(f->model);
    rg_free(f->x);
    rg_free(f->y);
    rg_free(f->begin);
}

/* Make an engine with the sizes of the shape, which is completed, and memory for what a source fills. */
static rg_status prepare(struct filled *f, struct rg_device *device, struct rg_shape shape, size_t batch,
                         size_t steps) {
    shape.hidden = shape.layers = 1;
    shape.loss = RG_LOSS_MSE;
    const struct rg_engine_options options = {
        .fixed = true,
        .plan = {.batch = batch, .steps = steps, .n_targets = shape.outputs, .training = false},
        .loss = RG_LOSS_MSE};
    RG_TRY(rg_model_create(&shape, &f->model));
    RG_TRY(rg_whole_engine_create(device, f->model, &options, &f->engine));
    const struct rg_plan *p = &f->engine->net.plan;
    RG_TRY(rg_alloc(&f->x, p->steps * p->chunk * p->layer[0].x_stride, sizeof *f->x, "the self-test"));
    RG_TRY(rg_alloc(&f->y, p->target_steps * p->chunk * p->n_targets, sizeof *f->y, "the self-test"));
    return rg_alloc(&f->begin, p->chunk, sizeof *f->begin, "the self-test");
}

static rg_status fill(struct filled *f, struct rg_batch_source *source, uint64_t update, size_t first, size_t rows) {
    const struct rg_engine *e = f->engine;
    const struct rg_plan *p = &e->net.plan;
    RG_TRY(source->fill(source->self, &f->engine->net, update, first, rows));
    RG_TRY(rg_reals_read(e->net.device, f->x, e->net.buffers.x, 0, p->steps * rows * p->layer[0].x_stride));
    RG_TRY(rg_reals_read(e->net.device, f->y, e->net.buffers.y, 0, p->target_steps * rows * p->n_targets));
    return rg_buffer_read(e->net.device, f->begin, e->net.buffers.begin, 0, rows * sizeof *f->begin);
}

static philox4x32_ctr_t philox(uint32_t index, size_t row, uint64_t update, uint32_t stream, uint64_t seed) {
    const philox4x32_ctr_t counter = {{index, (uint32_t)row, (uint32_t)update, stream}};
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    return philox4x32(counter, key);
}

static bool is_double(const struct filled *f) {
    return f->engine->net.plan.real_bytes == sizeof(double);
}

/* The same bits. */
static bool same(double a, double b) {
    uint64_t bits_a = 0, bits_b = 0;
    memcpy(&bits_a, &a, sizeof bits_a);
    memcpy(&bits_b, &b, sizeof bits_b);
    return bits_a == bits_b;
}

/* Count the numbers of sequence first + b that differ from the adding task's definition. */
static size_t adding_errors(const struct filled *f, size_t rows, size_t first, size_t b, uint64_t update,
                            uint64_t seed) {
    const size_t steps = f->engine->net.plan.steps, middle = steps / 2, row = first + b;
    const philox4x32_ctr_t marks = philox(0, row, update, 1, seed);
    const size_t one = middle ? (size_t)(((uint64_t)marks.v[0] * middle) >> 32) : steps;
    const size_t two = middle + (size_t)(((uint64_t)marks.v[1] * (steps - middle)) >> 32);
    size_t errors = 0;
    double sum = 0.0;
    for (size_t t = 0; t < steps; t++) {
        const double *const x = f->x + (t * rows + b) * f->engine->net.plan.layer[0].x_stride;
        const uint32_t number = philox((uint32_t)(t / 4), row, update, 0, seed).v[t % 4];
        const double value = (double)(number >> 8) / 16777216.0, mark = t == one || t == two ? 1.0 : 0.0;
        sum += mark > 0.0 ? value : 0.0;
        const double wanted[] = {value, mark, 0.0, 0.0};
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            errors += same(x[i], wanted[i]) ? 0 : 1;
        }
    }
    return errors + (same(f->y[b], is_double(f) ? sum : (double)(float)sum) ? 0 : 1);
}

/* The same for copy: 10 symbols, blanks, a delimiter before the last 10 steps, and the symbols to be told in these. */
static size_t copy_errors(const struct filled *f, size_t rows, size_t first, size_t b, uint64_t update, uint64_t seed) {
    const size_t steps = f->engine->net.plan.steps, stride = f->engine->net.plan.layer[0].x_stride;
    size_t errors = 0;
    for (size_t t = 0; t < steps; t++) {
        const size_t k = t < 10 ? t : t - (steps - 10); /* the symbol shown, or to be told */
        const uint32_t number = philox((uint32_t)(k / 4), first + b, update, 2, seed).v[k % 4];
        const size_t kept = 1 + (size_t)(((uint64_t)number * 8) >> 32);
        const size_t shown = t < 10 ? kept : t + 11 == steps ? 9 : 0, told = t + 10 < steps ? 0 : kept;
        for (size_t i = 0; i < stride; i++) {
            errors += same(f->x[(t * rows + b) * stride + i], i == shown ? 1.0 : 0.0) ? 0 : 1;
        }
        errors += same(f->y[t * rows + b], (double)told) ? 0 : 1;
    }
    return errors;
}

static rg_status check_task(struct rg_checks *checks, struct rg_device *device, const char *name, size_t steps) {
    enum { BATCH = 70, FIRST = 33 };
    const uint64_t seed = 0x123456789abcdefu, update = 77;
    struct rg_problem problem;
    struct rg_task_source task;
    struct filled f = {.engine = NULL};
    rg_status status = RG_OK;
    size_t errors = 0;
    RG_TRY_GOTO(rg_problem_task(name, steps, &problem));
    rg_task_source_init(&task, &problem, seed);
    const struct rg_shape shape = {.inputs = problem.inputs, .outputs = 1, .target = problem.target};
    RG_TRY_GOTO(prepare(&f, device, shape, BATCH, problem.data_steps));
    const bool copy = problem.target == RG_TARGET_STEPS;
    for (size_t part = 0; part < 2; part++) {
        const size_t first = part ? FIRST : 0, rows = part ? BATCH - FIRST : FIRST;
        RG_TRY_GOTO(fill(&f, &task.source, update, first, rows));
        for (size_t b = 0; b < rows; b++) {
            errors +=
                copy ? copy_errors(&f, rows, first, b, update, seed) : adding_errors(&f, rows, first, b, update, seed);
        }
    }
    char subject[48];
    (void)snprintf(subject, sizeof subject, "task %s T=%zu", name, steps);
    rg_checks_add(checks, subject, "numbers that differ", (double)errors, 0.0);
cleanup:
    release(&f);
    return status;
}

rg_status rg_check_marks(struct rg_checks *checks, struct rg_device *device) {
    RG_TRY(check_task(checks, device, "adding", 1));
    RG_TRY(check_task(checks, device, "adding", 2));
    return check_task(checks, device, "adding", 31);
}

rg_status rg_check_symbols(struct rg_checks *checks, struct rg_device *device) {
    return check_task(checks, device, "copy", 17);
}

enum { N = 11, STEPS = 5, FEATURES = 6, TARGETS = 2, BATCH = 7 };

/* Step t of sequence n, feature i, as the data set has it. */
static double feature(const struct rg_dataset *data, size_t n, size_t t, size_t i, bool in_double) {
    const size_t step = n * data->n_steps + t;
    switch (data->kind) {
    case RG_INPUT_BYTE:
        return in_double ? data->x_byte[step * data->n_features + i] / 255.0
                         : (double)((float)data->x_byte[step * data->n_features + i] / 255.0f);
    case RG_INPUT_TOKEN:
        return data->x_token[step] == (int32_t)i ? 1.0 : 0.0;
    default:
        return (double)data->x_float[step * data->n_features + i];
    }
}

/* The largest error of row b of a batch, which is sequence n. OpenCL allows a quotient an error of 2.5 units in the
 * last place; everything else must be exact. */
static double gather_error(const struct filled *f, const struct rg_dataset *data, size_t b, size_t n) {
    const struct rg_plan *p = &f->engine->net.plan;
    const size_t length = data->lengths ? (size_t)data->lengths[n] : data->n_steps, start = p->steps - length;
    double worst = data->lengths && f->begin[b] != start ? INFINITY : 0.0;
    for (size_t t = 0; t < p->steps; t++) {
        for (size_t i = 0; i < p->layer[0].x_stride; i++) {
            double wanted = 0.0;
            if (i < p->inputs && t >= start) {
                wanted = feature(data, n, t - start, i, is_double(f));
            }
            const double got = f->x[(t * BATCH + b) * p->layer[0].x_stride + i];
            (void)rg_keep_larger(&worst, got == wanted ? 0.0 : fabs(got - wanted) / fabs(wanted));
        }
    }
    const size_t n_targets = data->n_targets / p->target_steps;
    for (size_t t = p->target_steps > 1 ? 0 : p->steps - 1; t < p->steps; t++) {
        const size_t row = p->target_steps > 1 ? t : 0;
        for (size_t i = 0; i < n_targets; i++) {
            const double got = f->y[(row * BATCH + b) * n_targets + i];
            const size_t from = p->target_steps > 1 ? t - start : 0;
            const bool masked = p->target_steps > 1 && t < start;
            const bool right =
                masked ? isnan(got) : same(got, (double)data->y[n * data->n_targets + from * n_targets + i]);
            worst = right ? worst : INFINITY;
        }
    }
    return worst;
}

static rg_status check_gather(struct rg_checks *checks, struct rg_device *device, const struct rg_dataset *data,
                              enum rg_target target, const char *subject) {
    struct rg_data_source *source = NULL;
    struct filled f = {.engine = NULL};
    rg_status status = RG_OK;
    double worst = 0.0;
    const struct rg_shape shape = {.inputs = data->n_features,
                                   .outputs = data->n_targets / (target == RG_TARGET_STEPS ? data->n_steps : 1),
                                   .target = target};
    RG_TRY_GOTO(prepare(&f, device, shape, BATCH, data->n_steps));
    RG_TRY_GOTO(rg_data_source_create(device, data, BATCH, 9, true, &source));
    for (uint64_t update = 0; update < 3; update++) { /* the second batch reaches into the second epoch */
        RG_TRY_GOTO(fill(&f, &source->source, update, 0, BATCH));
        for (size_t b = 0; b < BATCH; b++) {
            (void)rg_keep_larger(&worst, gather_error(&f, data, b, source->rows[b]));
        }
    }
    rg_checks_add(checks, subject, "a batch", worst, data->kind == RG_INPUT_BYTE ? 2.5 * rg_device_eps(device) : 0.0);
cleanup:
    rg_data_source_destroy(source);
    release(&f);
    return status;
}

rg_status rg_check_gather(struct rg_checks *checks, struct rg_device *device) {
    float x_float[N * STEPS * FEATURES], y[N * STEPS * TARGETS];
    uint8_t x_byte[N * STEPS * FEATURES];
    int32_t x_token[N * STEPS], lengths[N];
    uint64_t state = 3;
    for (size_t i = 0; i < N * STEPS * FEATURES; i++) {
        x_float[i] = (float)rg_exercise_random(&state, 10.0);
        x_byte[i] = (uint8_t)(i * 37 % 256);
    }
    for (size_t i = 0; i < N * STEPS; i++) {
        x_token[i] = (int32_t)(i * 5 % FEATURES);
    }
    for (size_t i = 0; i < N; i++) {
        lengths[i] = (int32_t)(i % (STEPS + 1));
    }
    for (size_t i = 0; i < N * STEPS * TARGETS; i++) {
        y[i] = (i % 2 ? -0.5f : 1.0f) * (float)i;
    }
    struct rg_dataset data = {.path = (char[]){"self-test"},
                              .n_sequences = N,
                              .n_steps = STEPS,
                              .n_features = FEATURES,
                              .kind = RG_INPUT_FLOAT,
                              .x_float = x_float,
                              .y = y,
                              .n_targets = TARGETS};
    RG_TRY(check_gather(checks, device, &data, RG_TARGET_LAST, "float data"));
    data.lengths = lengths;
    RG_TRY(check_gather(checks, device, &data, RG_TARGET_LAST, "ragged float data"));
    data.n_targets = STEPS * TARGETS;
    RG_TRY(check_gather(checks, device, &data, RG_TARGET_STEPS, "ragged data with targets for every step"));
    data.n_targets = TARGETS;
    data.x_float = NULL;
    data.x_token = x_token;
    data.kind = RG_INPUT_TOKEN;
    RG_TRY(check_gather(checks, device, &data, RG_TARGET_LAST, "ragged token data"));
    data.x_token = NULL;
    data.x_byte = x_byte;
    data.kind = RG_INPUT_BYTE;
    data.lengths = NULL;
    return check_gather(checks, device, &data, RG_TARGET_LAST, "byte data");
}
