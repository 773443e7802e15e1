/* Throughput of whole updates: see bench.h. */
#include "bench/bench.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/sizes.h"
#include "base/sort.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"

enum { PEAK_RUNS = 5, PHASE_UPDATES = 3, MAX_UPDATES = 200 };
static const double MIN_SECONDS = 0.02, LONG_UPDATE = 0.2, TIMING_SECONDS = 0.002;
static const double ENOUGH_SECONDS = 0.02; /* of the peak kernel, so that the clock and the launch do not matter */

/* Work-groups of the peak kernel, which occupy the whole device. */
static size_t peak_groups(const struct rg_device *device) {
    return (size_t)device->info.units * (device->info.is_gpu ? 64 : 4);
}

/* Seconds of a launch of the peak kernel: the shortest of several. */
static rg_status time_peak(struct rg_device *device, struct rg_buffer *out, uint64_t rounds, int runs,
                           double *seconds) {
    const struct rg_peak_args args = {.rounds = rounds};
    const struct rg_launch launch = {
        .kernel = RG_K_rg_peak, .buffers = {out}, .args = &args, .groups = {peak_groups(device), 1}};
    *seconds = INFINITY;
    for (int i = 0; i < runs; i++) {
        const double begin = rg_seconds();
        RG_TRY(rg_device_launch(device, &launch));
        RG_TRY(rg_device_finish(device));
        *seconds = fmin(*seconds, rg_seconds() - begin);
    }
    return RG_OK;
}

rg_status rg_bench_peak(struct rg_device *device, double *gflops) {
    const size_t lanes = peak_groups(device) * rg_device_items(device) * (size_t)device->info.vec;
    struct rg_buffer *out = NULL;
    RG_TRY(rg_reals_create(device, lanes, "the peak's result", &out));
    uint64_t rounds = 64; /* a small GPU is not held for long */
    double seconds = 0.0;
    rg_status status = time_peak(device, out, rounds, 1, &seconds); /* a driver may compile the kernel now */
    for (int i = 0; status == RG_OK && i < 24; i++) {
        status = time_peak(device, out, rounds, 2, &seconds); /* one may be held up by other work */
        if (seconds >= ENOUGH_SECONDS) {
            break;
        }
        rounds *= 2;
    }
    if (status == RG_OK) {
        status = time_peak(device, out, rounds, PEAK_RUNS, &seconds);
    }
    *gflops = 2.0 * RG_PEAK_CHAINS * (double)rounds * (double)lanes / seconds / 1e9;
    rg_buffer_destroy(device, out);
    return status;
}

/* Inputs stay as they were written: the bench times the update, not the making of data. */
static rg_status fill_nothing(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows) {
    (void)self, (void)net, (void)update, (void)first_row, (void)rows;
    return RG_OK;
}

void rg_bench_noise(float *values, size_t n) {
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
}

static rg_status write_noise(struct rg_device *device, struct rg_buffer *buffer, size_t n) {
    float *values = NULL;
    RG_TRY(rg_alloc(&values, n, sizeof *values, "bench inputs"));
    rg_bench_noise(values, n);
    const rg_status status = rg_reals_write_floats(device, buffer, 0, values, n);
    rg_free(values);
    return status;
}

/* Noise, or classes in turn. */
static rg_status write_targets(struct rg_engine *engine, const struct rg_bench_case *c) {
    const size_t n = engine->net.plan.chunk * engine->net.plan.target_alloc_steps;
    float *classes = NULL;
    if (c->outputs <= 1) {
        return write_noise(engine->net.device, engine->net.buffers.y, n);
    }
    RG_TRY(rg_alloc(&classes, n, sizeof *classes, "bench targets"));
    for (size_t i = 0; i < n; i++) {
        classes[i] = (float)(i % c->outputs);
    }
    const rg_status status = rg_reals_write_floats(engine->net.device, engine->net.buffers.y, 0, classes, n);
    rg_free(classes);
    return status;
}

static rg_status one_update(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update) {
    RG_TRY(rg_engine_gradient(engine, source, update));
    RG_TRY(rg_engine_norm(engine, update));
    return rg_engine_step(engine, 1e-3);
}

double rg_bench_flops(const struct rg_bench_case *c) {
    const double gh = (double)rg_cell_gates(c->cell) * (double)c->hidden, bt = (double)c->batch * (double)c->steps;
    const double head = c->outputs > 1 ? 6.0 * (double)c->hidden * (double)c->outputs : 0.0;
    return (6.0 * gh * (double)(c->hidden + c->input) - 2.0 * gh * (double)c->input) * bt +
           head * (double)c->batch * (c->target == RG_TARGET_STEPS ? (double)c->steps : 1.0);
}

double rg_bench_unused_flops(const struct rg_bench_case *c) {
    return 6.0 * (double)rg_cell_gates(c->cell) * (double)c->hidden * (double)c->hidden * (double)c->batch;
}

rg_status rg_bench_raise_peak(struct rg_device *device, const struct rg_bench_case *c,
                              const struct rg_bench_result *result, double *gflops) {
    const double flops = rg_bench_flops(c) - rg_bench_unused_flops(c);
    double again = 0.0;
    const bool was_left_out = result->update <= 0.0, has_other_peak = device->info.tf32 != RG_TF32_NONE;
    if (was_left_out || has_other_peak || flops <= result->update * *gflops * 1e9) {
        return RG_OK;
    }
    RG_TRY(rg_bench_peak(device, &again));
    if (again > *gflops) {
        rg_log("the FMA peak of %s is %.0f GFLOP/s: other work held up its first measurement", device->info.backend,
               again);
        *gflops = again;
    }
    return RG_OK;
}

struct rg_shape rg_bench_shape(const struct rg_bench_case *c) {
    return (struct rg_shape){.cell = c->cell,
                             .activation = c->activation,
                             .inputs = c->input,
                             .hidden = c->hidden,
                             .outputs = rg_max(c->outputs, 1),
                             .loss = c->outputs > 1 ? RG_LOSS_CE : RG_LOSS_MSE,
                             .target = c->target,
                             .layers = 1};
}

static struct rg_plan_options plan_options(const struct rg_bench_case *c) {
    return (struct rg_plan_options){
        .batch = c->batch, .steps = c->steps, .n_targets = 1, .training = true, .memory = c->memory};
}

rg_status rg_bench_whole_bytes(const struct rg_device *device, const struct rg_bench_case *c, uint64_t *bytes) {
    const struct rg_shape shape = rg_bench_shape(c);
    const struct rg_plan_options options = plan_options(c);
    struct rg_plan plan;
    *bytes = 0;
    RG_TRY(rg_plan_check(device, &shape, &options, &plan));
    *bytes = plan.fixed_bytes + plan.row_bytes * c->batch;
    return RG_OK;
}

bool rg_bench_enough(const struct rg_bench_case *c, size_t n, double spent) {
    const bool late = c->patience > 0.0 && spent > c->patience;
    return n > 0 && (late || (n >= c->repeats && (spent >= MIN_SECONDS || n >= MAX_UPDATES)));
}

size_t rg_bench_together(double seconds) {
    const double n = TIMING_SECONDS / seconds;
    return n < 1.0 ? 1 : n < MAX_UPDATES ? (size_t)n : MAX_UPDATES;
}

static rg_status time_phases(struct rg_engine *engine, struct rg_batch_source *source, struct rg_bench_result *result) {
    const uint64_t updates = result->update > LONG_UPDATE ? 1 : PHASE_UPDATES;
    rg_status status = RG_OK;
    engine->net.phases = result->phases;
    for (uint64_t i = 0; status == RG_OK && i < updates; i++) {
        status = one_update(engine, source, i);
    }
    engine->net.phases = NULL;
    for (size_t i = 0; i < RG_N_PHASES; i++) {
        result->phases[i] /= (double)updates;
    }
    return status;
}

/* Queue n updates, and wait for them: seconds of each. */
static rg_status time_some(struct rg_engine *engine, struct rg_batch_source *source, size_t n, double *seconds) {
    const double begin = rg_seconds();
    for (size_t i = 0; i < n; i++) {
        RG_TRY(one_update(engine, source, i));
    }
    RG_TRY(rg_device_finish(engine->net.device));
    *seconds = (rg_seconds() - begin) / (double)n;
    return RG_OK;
}

static rg_status time_updates(struct rg_engine *engine, const struct rg_bench_case *c, double *seconds,
                              struct rg_bench_result *result) {
    struct rg_batch_source source = {.fill = fill_nothing, .labelled = true};
    double each = 0.0;
    RG_TRY(time_some(engine, &source, 1, &each)); /* builds kernels, and learns how many steps a launch may have */
    const size_t before = engine->net.device->launches;
    RG_TRY(time_some(engine, &source, 1, &each));
    result->launches = engine->net.device->launches - before;
    const size_t together = rg_bench_together(each);
    size_t n = 0;
    if (together == 1) {
        seconds[n++] = each;
    }
    for (double spent = each; !rg_bench_enough(c, n, spent); n++) {
        RG_TRY(time_some(engine, &source, together, &seconds[n]));
        spent += seconds[n] * (double)together;
    }
    rg_sort(seconds, n);
    result->updates = n * together;
    result->update = seconds[n / 2];
    result->fastest = seconds[0];
    result->slowest = seconds[n - 1];
    return time_phases(engine, &source, result);
}

static struct rg_engine_options engine_options(const struct rg_bench_case *c) {
    return (struct rg_engine_options){.plan = plan_options(c),
                                      .loss = rg_bench_shape(c).loss,
                                      .optimizer = {.kind = RG_OPT_ADAM, .clip_norm = 1.0, .max_skips = 1}};
}

rg_status rg_bench_queue(struct rg_device *device, const struct rg_bench_case *c, struct rg_plan *plan) {
    const struct rg_shape shape = rg_bench_shape(c);
    const struct rg_engine_options options = engine_options(c);
    struct rg_batch_source source = {.fill = fill_nothing, .labelled = true};
    struct rg_model *model = NULL;
    struct rg_engine *engine = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_plan_check(device, &shape, &options.plan, plan));
    RG_TRY_GOTO(rg_model_create(&shape, &model));
    RG_TRY_GOTO(rg_engine_create(device, model, &options, &engine));
    RG_TRY_GOTO(one_update(engine, &source, 0));
cleanup:
    rg_engine_destroy(engine);
    rg_model_destroy(model);
    return status;
}

rg_status rg_bench_run(struct rg_device *device, const struct rg_bench_case *c, struct rg_bench_result *result) {
    memset(result, 0, sizeof *result);
    const struct rg_shape shape = rg_bench_shape(c);
    const struct rg_engine_options options = engine_options(c);
    struct rg_model *model = NULL;
    struct rg_engine *engine = NULL;
    double *seconds = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_plan_check(device, &shape, &options.plan, &result->plan));
    RG_TRY_GOTO(rg_model_create(&shape, &model));
    RG_TRY_GOTO(rg_model_initialise(model, &(struct rg_init_options){.forget_bias = NAN}, 1));
    device->peak_bytes = device->used_bytes;
    RG_TRY_GOTO(rg_engine_create(device, model, &options, &engine));
    RG_TRY_GOTO(
        write_noise(device, engine->net.buffers.x,
                    engine->net.plan.alloc_steps * engine->net.plan.chunk * engine->net.plan.layer[0].x_stride));
    RG_TRY_GOTO(write_targets(engine, c));
    RG_TRY_GOTO(rg_alloc(&seconds, rg_max(c->repeats, MAX_UPDATES), sizeof *seconds, "timings"));
    RG_TRY_GOTO(time_updates(engine, c, seconds, result));
    result->gflops = rg_bench_flops(c) / result->update / 1e9;
    result->memory_bytes = device->peak_bytes;
    result->plan = engine->net.plan;
    result->library = engine->net.library;
cleanup:
    rg_free(seconds);
    rg_engine_destroy(engine);
    rg_model_destroy(model);
    return status;
}
