/* Throughput of whole updates: see bench.h. */
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "train/engine.h"

enum { PEAK_RUNS = 5, PHASE_UPDATES = 3 };

/* Seconds of one launch of the peak kernel. */
static rg_status time_peak(struct rg_device *device, struct rg_buffer *out, size_t groups, uint64_t rounds,
                           double *seconds) {
    const struct rg_peak_args args = {.rounds = rounds};
    const double begin = rg_seconds();
    RG_TRY(rg_device_launch(
        device, &(struct rg_launch){.kernel = RG_K_rg_peak, .buffers = {out}, .args = &args, .groups = {groups, 1}}));
    RG_TRY(rg_device_finish(device));
    *seconds = rg_seconds() - begin;
    return RG_OK;
}

rg_status rg_bench_peak(struct rg_device *device, double *gflops) {
    const size_t groups = (size_t)device->info.units * (device->info.is_gpu ? 64 : 4);
    const size_t lanes = groups * rg_device_items(device) * (size_t)device->info.vec;
    struct rg_buffer *out = NULL;
    RG_TRY(rg_buffer_create(device, lanes * sizeof(float), "the peak's result", &out));
    uint64_t rounds = 4096;
    double seconds = 0.0;
    rg_status status = time_peak(device, out, groups, rounds, &seconds);
    for (int i = 0; status == RG_OK && seconds < 0.04 && i < 24; i++) { /* long enough for the clock and the launch */
        rounds *= 2;
        status = time_peak(device, out, groups, rounds, &seconds);
    }
    double best = seconds;
    for (int i = 0; status == RG_OK && i < PEAK_RUNS; i++) {
        status = time_peak(device, out, groups, rounds, &seconds);
        best = seconds < best ? seconds : best;
    }
    *gflops = 2.0 * RG_PEAK_CHAINS * (double)rounds * (double)lanes / best / 1e9;
    rg_buffer_destroy(device, out);
    return status;
}

/* Inputs stay as they were written: the bench times the update, not the making of data. */
static rg_status fill_nothing(void *self, struct rg_engine *engine, uint64_t update, size_t first_row, size_t rows) {
    (void)self, (void)engine, (void)update, (void)first_row, (void)rows;
    return RG_OK;
}

static rg_status write_noise(struct rg_device *device, struct rg_buffer *buffer, size_t n) {
    float *values = NULL;
    RG_TRY(rg_alloc(&values, n, sizeof *values, "bench inputs"));
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
    const rg_status status = rg_buffer_write(device, buffer, 0, values, n * sizeof *values);
    rg_free(values);
    return status;
}

static rg_status one_update(struct rg_engine *engine, struct rg_source *source, uint64_t update) {
    RG_TRY(rg_engine_gradient(engine, source, update));
    RG_TRY(rg_engine_norm(engine, update));
    return rg_engine_step(engine, 1e-3);
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static rg_status time_updates(struct rg_engine *engine, const struct rg_bench_case *c, double *seconds,
                              struct rg_bench_result *result) {
    struct rg_source source = {.fill = fill_nothing, .labelled = true};
    RG_TRY(one_update(engine, &source, 0));
    RG_TRY(rg_device_finish(engine->device));
    for (size_t i = 0; i < c->repeats; i++) {
        const double begin = rg_seconds();
        RG_TRY(one_update(engine, &source, i + 1));
        RG_TRY(rg_device_finish(engine->device));
        seconds[i] = rg_seconds() - begin;
    }
    qsort(seconds, c->repeats, sizeof *seconds, by_size);
    result->update = seconds[c->repeats / 2];
    result->fastest = seconds[0];
    result->slowest = seconds[c->repeats - 1];
    double phases[RG_N_PHASES] = {0};
    engine->phases = phases;
    for (uint64_t i = 0; i < PHASE_UPDATES; i++) {
        RG_TRY(one_update(engine, &source, i));
    }
    engine->phases = NULL;
    result->forward = phases[RG_PHASE_FORWARD] / PHASE_UPDATES;
    result->reverse = phases[RG_PHASE_REVERSE] / PHASE_UPDATES;
    result->weight_gradient = phases[RG_PHASE_WEIGHT_GRADIENT] / PHASE_UPDATES;
    result->clip = phases[RG_PHASE_CLIP] / PHASE_UPDATES;
    result->optimizer = phases[RG_PHASE_OPTIMIZER] / PHASE_UPDATES;
    result->other = (phases[RG_PHASE_PACK] + phases[RG_PHASE_HEAD] + phases[RG_PHASE_DATA]) / PHASE_UPDATES;
    return RG_OK;
}

rg_status rg_bench_run(struct rg_device *device, const struct rg_bench_case *c, struct rg_bench_result *result) {
    memset(result, 0, sizeof *result);
    const struct rg_shape shape = {
        .cell = c->cell, .inputs = c->input, .hidden = c->hidden, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1};
    const struct rg_engine_options options = {
        .plan = {.batch = c->batch, .steps = c->steps, .n_targets = 1, .training = true, .memory = c->memory},
        .loss = RG_LOSS_MSE,
        .optimizer = {.kind = RG_OPT_ADAM, .clip_norm = 1.0, .max_skips = 1}};
    struct rg_model *model = NULL;
    struct rg_engine *engine = NULL;
    double *seconds = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_plan_check(device, &shape, &options.plan));
    RG_TRY_GOTO(rg_model_create(&shape, &model));
    RG_TRY_GOTO(rg_model_initialise(model, &(struct rg_init_options){.forget_bias = NAN}, 1));
    device->peak_bytes = device->used_bytes;
    RG_TRY_GOTO(rg_engine_create(device, model, &options, &engine));
    RG_TRY_GOTO(write_noise(device, engine->x, c->steps * engine->plan.chunk * engine->plan.layer[0].x_stride));
    RG_TRY_GOTO(write_noise(device, engine->y, engine->plan.chunk));
    RG_TRY_GOTO(rg_alloc(&seconds, c->repeats, sizeof *seconds, "timings"));
    RG_TRY_GOTO(time_updates(engine, c, seconds, result));
    const double gh = (double)rg_cell_gates(c->cell) * (double)c->hidden, bt = (double)c->batch * (double)c->steps;
    result->gflops =
        (6.0 * gh * (double)(c->hidden + c->input) - 2.0 * gh * (double)c->input) * bt / result->update / 1e9;
    result->memory_bytes = device->peak_bytes;
    result->chunk = engine->plan.chunk;
fail:
    rg_free(seconds);
    rg_engine_destroy(engine);
    rg_model_destroy(model);
    return status;
}
