/* `rnn-gpu bench`: whole updates timed, OpenCL beside the CPU fallback. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "commands/commands.h"
#include "report/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { MAX_BENCH_DEVICES = 8 };

/* The standard grid: batch, steps, hidden. */
static const size_t GRID[][3] = {{1, 100, 128},   {32, 100, 64},    {32, 100, 128},  {256, 100, 128},  {256, 1000, 128},
                                 {4096, 100, 64}, {4096, 100, 128}, {4096, 10, 256}, {1024, 100, 256}, {256, 100, 512}};

struct bench {
    const struct rg_config *config;
    struct rg_device *devices[MAX_BENCH_DEVICES];
    double peaks[MAX_BENCH_DEVICES];
    size_t n_devices;
};

static rg_status open_device(struct bench *b, const char *spec) {
    const struct rg_device_options options = {.threads = b->config->threads};
    if (b->n_devices == MAX_BENCH_DEVICES) {
        return rg_fail(RG_USAGE, "--device lists more than %d devices", MAX_BENCH_DEVICES);
    }
    RG_TRY(rg_device_open(spec, &options, &b->devices[b->n_devices]));
    b->n_devices++;
    return rg_bench_peak(b->devices[b->n_devices - 1], &b->peaks[b->n_devices - 1]);
}

/* --device lists devices with commas between them; auto means the best OpenCL device and the native one. */
static rg_status open_devices(struct bench *b) {
    if (strcmp(b->config->device, "auto") == 0) {
        RG_TRY(open_device(b, "auto"));
        return strcmp(b->devices[0]->info.backend, "native") == 0 ? RG_OK : open_device(b, "cpu");
    }
    char *list = NULL, *rest = NULL;
    RG_TRY(rg_copy_string(&list, b->config->device));
    rg_status status = RG_OK;
    for (char *spec = strtok_r(list, ",", &rest); spec && status == RG_OK; spec = strtok_r(NULL, ",", &rest)) {
        status = open_device(b, spec);
    }
    rg_free(list);
    return status == RG_OK && b->n_devices == 0 ? rg_fail(RG_USAGE, "--device names no device") : status;
}

static void print_json(const struct rg_bench_case *c, const struct rg_device *device, double peak,
                       const struct rg_bench_result *r) {
    rg_json_print(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, "
                            "s:f, s:f, s:f, s:I, s:I}",
                            "device", device->info.name, "backend", device->info.backend, "cell",
                            rg_cell_names[c->cell], "batch", (json_int_t)c->batch, "steps", (json_int_t)c->steps,
                            "hidden", (json_int_t)c->hidden, "input", (json_int_t)c->input, "update_s", r->update,
                            "fastest_s", r->fastest, "slowest_s", r->slowest, "forward_s", r->forward, "backward_s",
                            r->reverse, "weight_gradient_s", r->weight_gradient, "clip_s", r->clip, "optimizer_s",
                            r->optimizer, "other_s", r->other, "gflops", r->gflops, "fma_peak_gflops", peak,
                            "fraction_of_peak", r->gflops / peak, "build_s", device->info.build_seconds, "memory_bytes",
                            (json_int_t)r->memory_bytes, "chunk", (json_int_t)r->chunk));
}

static void print_heading(const struct bench *b) {
    for (size_t i = 0; i < b->n_devices; i++) {
        const struct rg_device_info *const info = &b->devices[i]->info;
        (void)printf("%-7s %s, %d %s, FMA peak %.0f GFLOP/s, kernels built in %.2f s\n", info->backend, info->name,
                     info->units, info->backend[0] == 'n' ? "threads" : "units", b->peaks[i], info->build_seconds);
    }
    (void)printf("%21s  %-7s %10s %12s %8s %6s\n", "batch  steps hidden", "backend", "update", "sequences/s", "GFLOP/s",
                 "peak");
}

static void print_line(const struct rg_bench_case *c, const struct rg_device *device, double peak,
                       const struct rg_bench_result *r) {
    (void)printf("%8zu %5zu %6zu  %-7s %7.2f ms %12.0f %8.1f %4.0f %%\n", c->batch, c->steps, c->hidden,
                 device->info.backend, r->update * 1e3, (double)c->batch / r->update, r->gflops,
                 100.0 * r->gflops / peak);
    (void)fflush(stdout);
}

static rg_status run_case(const struct bench *b, const struct rg_bench_case *c) {
    for (size_t i = 0; i < b->n_devices; i++) {
        struct rg_bench_result result;
        RG_TRY(rg_bench_run(b->devices[i], c, &result));
        if (b->config->json) {
            print_json(c, b->devices[i], b->peaks[i], &result);
        } else {
            print_line(c, b->devices[i], b->peaks[i], &result);
        }
    }
    return RG_OK;
}

static rg_status bench(struct bench *b) {
    const struct rg_config *const config = b->config;
    struct rg_bench_case c = {.cell = config->cell,
                              .batch = config->batch,
                              .steps = config->steps,
                              .hidden = config->hidden,
                              .input = config->input,
                              .repeats = config->repeats,
                              .memory = config->memory};
    RG_TRY(open_devices(b));
    if (!config->json) {
        print_heading(b);
    }
    if (config->sizes_given || config->batch_given) {
        return run_case(b, &c);
    }
    for (size_t i = 0; i < sizeof GRID / sizeof *GRID; i++) {
        c.batch = GRID[i][0];
        c.steps = GRID[i][1];
        c.hidden = GRID[i][2];
        RG_TRY(run_case(b, &c));
    }
    return RG_OK;
}

rg_status rg_command_bench(const struct rg_config *config) {
    struct bench b = {.config = config};
    rg_log_quiet(config->quiet);
    const rg_status status = bench(&b);
    for (size_t i = 0; i < b.n_devices; i++) {
        rg_device_destroy(b.devices[i]);
    }
    return status;
}
