/* What a device can do at most: see ceilings.h. */
#include "bench/ceilings.h"

#include <string.h>

#include "base/clock.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

enum { RUNS = 5, LAUNCHES = 200, SGEMM = 1024 };
static const size_t TRIAD_BYTES = (size_t)64 << 20;
static const uint64_t MIN_ROUNDS = 32, MAX_ROUNDS = 2048;
static const double ENOUGH_SECONDS = 0.01;

const char *const rg_bound_names[RG_N_BOUNDS] = {"compute", "memory", "tanh", "launch"};

/* The best of several runs of a launch, the first left out. */
static rg_status time_launch(struct rg_device *device, const struct rg_launch *launch, double *seconds) {
    *seconds = 1e9;
    for (int i = 0; i <= RUNS; i++) {
        const double begin = rg_seconds();
        RG_TRY(rg_device_launch(device, launch));
        RG_TRY(rg_device_finish(device));
        const double spent = rg_seconds() - begin;
        *seconds = i > 0 && spent < *seconds ? spent : *seconds;
    }
    return RG_OK;
}

static size_t groups_of(const struct rg_device *device) {
    return (size_t)device->info.units * (device->info.is_gpu ? 64 : 4);
}

/* A buffer of zeros, which are as good as other numbers here. */
static rg_status zeros(struct rg_device *device, size_t elements, struct rg_buffer **out) {
    RG_TRY(rg_reals_create(device, elements, "arrays of the ceilings", out));
    return rg_buffer_zero(device, *out);
}

static rg_status measure_bandwidth(struct rg_device *device, double *bandwidth) {
    const size_t unit = (size_t)device->info.vec;
    const size_t max = TRIAD_BYTES < device->info.max_buffer_bytes ? TRIAD_BYTES : device->info.max_buffer_bytes;
    const struct rg_triad_args args = {.n = max / device->info.real_bytes / unit * unit};
    struct rg_buffer *arrays[3] = {NULL};
    double seconds = 0.0;
    rg_status status = RG_OK;
    for (int i = 0; status == RG_OK && i < 3; i++) {
        status = zeros(device, args.n, &arrays[i]);
    }
    if (status == RG_OK) {
        status = time_launch(device,
                             &(struct rg_launch){.kernel = RG_K_rg_triad,
                                                 .buffers = {arrays[0], arrays[1], arrays[2]},
                                                 .args = &args,
                                                 .groups = {groups_of(device), 1}},
                             &seconds);
    }
    *bandwidth = 3.0 * (double)args.n * (double)device->info.real_bytes / seconds;
    for (int i = 0; i < 3; i++) {
        rg_buffer_destroy(device, arrays[i]);
    }
    return status;
}

static rg_status measure_tanh(struct rg_device *device, double *rate) {
    const size_t groups = groups_of(device), lanes = groups * rg_device_items(device) * (size_t)device->info.vec;
    struct rg_peak_args args = {.rounds = MIN_ROUNDS / 2};
    struct rg_buffer *out = NULL;
    double seconds = 0.0;
    RG_TRY(zeros(device, lanes, &out));
    rg_status status = RG_OK;
    while (status == RG_OK && args.rounds < MAX_ROUNDS && seconds < ENOUGH_SECONDS) {
        args.rounds *= 2;
        status = time_launch(
            device,
            &(struct rg_launch){.kernel = RG_K_rg_tanh_peak, .buffers = {out}, .args = &args, .groups = {groups, 1}},
            &seconds);
    }
    *rate = RG_PEAK_CHAINS * (double)args.rounds * (double)lanes / seconds;
    rg_buffer_destroy(device, out);
    return status;
}

static rg_status measure_launch(struct rg_device *device, double *launch) {
    const struct rg_peak_args args = {.rounds = 0};
    struct rg_buffer *out = NULL;
    RG_TRY(zeros(device, groups_of(device) * rg_device_items(device) * (size_t)device->info.vec, &out));
    const struct rg_launch nothing = {
        .kernel = RG_K_rg_peak, .buffers = {out}, .args = &args, .groups = {(size_t)device->info.units, 1}};
    rg_status status = RG_OK;
    double best = 1e9;
    for (int run = 0; status == RG_OK && run < RUNS; run++) {
        const double begin = rg_seconds();
        for (int i = 0; status == RG_OK && i < LAUNCHES; i++) {
            status = rg_device_launch(device, &nothing);
        }
        status = status == RG_OK ? rg_device_finish(device) : status;
        const double spent = rg_seconds() - begin;
        best = spent < best ? spent : best;
    }
    *launch = best / LAUNCHES;
    rg_buffer_destroy(device, out);
    return status;
}

/* The weight gradient of an update is a plain product, [512][2048] times [2048][514]. */
static rg_status measure_product(struct rg_device *device, double *gflops) {
    const struct rg_bench_case c = {.cell = RG_CELL_RNN, .batch = 64, .steps = 32, .hidden = 512, .input = 2};
    struct rg_bench_result result;
    RG_TRY(rg_bench_run(device, &c, &result));
    *gflops = 2.0 * (double)c.hidden * (double)(c.hidden + c.input) * (double)c.batch * (double)c.steps /
              result.phases[RG_PHASE_WEIGHT_GRADIENT] / 1e9;
    return RG_OK;
}

static rg_status measure_sgemm(const struct rg_blas *blas, double *gflops) {
    const size_t n = (size_t)SGEMM * SGEMM;
    float *matrices = NULL;
    RG_TRY(rg_alloc(&matrices, 3 * n, sizeof *matrices, "matrices of the ceilings"));
    double best = 1e9;
    for (int i = 0; i < RUNS; i++) {
        const double begin = rg_seconds();
        blas->sgemm(RG_CBLAS_ROW_MAJOR, RG_CBLAS_NO_TRANS, RG_CBLAS_NO_TRANS, SGEMM, SGEMM, SGEMM, 1.0f, matrices,
                    SGEMM, matrices + n, SGEMM, 0.0f, matrices + 2 * n, SGEMM);
        const double spent = rg_seconds() - begin;
        best = spent < best ? spent : best;
    }
    *gflops = 2.0 * SGEMM * (double)n / best / 1e9;
    rg_free(matrices);
    return RG_OK;
}

rg_status rg_ceilings_measure(struct rg_device *device, double fma_gflops, const struct rg_blas *blas,
                              struct rg_ceilings *out) {
    *out = (struct rg_ceilings){.fma_gflops = fma_gflops};
    RG_TRY(measure_product(device, &out->product_gflops));
    RG_TRY(measure_bandwidth(device, &out->bandwidth));
    RG_TRY(measure_tanh(device, &out->tanh_rate));
    RG_TRY(measure_launch(device, &out->launch));
    return blas && !device->info.is_gpu ? measure_sgemm(blas, &out->sgemm_gflops) : RG_OK;
}

struct rg_bounds rg_bounds_of(const struct rg_ceilings *ceilings, const struct rg_device_info *info,
                              const struct rg_bench_case *c, const struct rg_bench_result *result) {
    const struct rg_plan *const p = &result->plan;
    const double steps = (double)c->batch * (double)c->steps, hidden = (double)c->hidden;
    const double h = hidden, saved = (double)p->saved * h, deltas = (double)p->deltas * h, x = (double)c->input;
    /* forward: x read, h and saved written; reverse: h and saved read, deltas written; gradient: h, x, deltas read */
    const double numbers = 2.0 * x + 3.0 * h + 2.0 * saved + 2.0 * deltas;
    const bool cached = p->row_bytes * p->chunk <= info->cache_bytes;
    struct rg_bounds b = {
        .seconds = {
            [RG_BOUND_COMPUTE] = (rg_bench_flops(c) - rg_bench_unused_flops(c)) / (ceilings->fma_gflops * 1e9),
            [RG_BOUND_MEMORY] = (cached ? x : numbers) * steps * (double)info->real_bytes / ceilings->bandwidth,
            [RG_BOUND_TANH] = (double)rg_cells[c->cell].evaluations * h * steps / ceilings->tanh_rate,
            [RG_BOUND_LAUNCH] = (double)result->launches * ceilings->launch,
        }};
    for (enum rg_bound i = 0; i < RG_N_BOUNDS; i++) {
        b.binding = b.seconds[i] > b.seconds[b.binding] ? i : b.binding;
    }
    return b;
}
