/* `rnn-gpu bench`: the time of whole updates, with OpenCL, with the CPU fallback, and with peers. */
#define _GNU_SOURCE
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/counted.h"
#include "base/guard.h"
#include "base/stop.h"
#include "bench/blas_step.h"
#include "bench/cases.h"
#include "bench/plan_report.h"
#include "bench/report.h"
#include "bench/tune.h"
#include "cli/commands/commands.h"
#include "cli/commands/outputs.h"
#include "cli/live.h"
#include "cli/report/look.h"
#include "plan/tuning.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/device_setup.h"

static const double NOTE_SECONDS = 10.0;
static const uint64_t PEER_BYTES = (uint64_t)8 << 30;

/* Everything that a benchmark owns. */
struct bench {
    struct rg_bench_report report;
    struct rg_bench_earlier earlier;
    struct rg_blas blas;
    double begin, last_note; /* by rg_seconds: of the first case, and of the last note of progress */
};

/* "case 3 of 30: lstm …" on stderr: one line rewritten on a terminal, else a line now and then. `what` is the device or
 * peer that is being timed; NULL takes the line away. */
static void show_progress(struct bench *b, size_t at, const char *what) {
    const struct rg_bench_report *const r = &b->report;
    const bool live = rg_live_is_on(r->config);
    if (r->config->output.quiet || r->n_rows < 2 || (!what && !live)) {
        return;
    }
    if (!what) {
        rg_live_clear();
        return;
    }
    const struct rg_bench_case *const c = &r->rows[at].c;
    if (live) {
        char line[200];
        (void)snprintf(line, sizeof line, "case %zu of %zu: %s, batch %zu, steps %zu, hidden %zu: %s", at + 1,
                       r->n_rows, rg_cell_names[c->cell], c->batch, c->steps, c->hidden, what);
        rg_live_show(line);
    } else if (rg_seconds() - b->last_note > NOTE_SECONDS) {
        b->last_note = rg_seconds();
        rg_log("case %zu of %zu, %.0f s", at + 1, r->n_rows, b->last_note - b->begin);
    }
}

static rg_status open_device(struct rg_bench_report *r, const char *spec) {
    struct rg_device_options options = {.threads = r->config->machine.threads,
                                        .is_double = rg_config_is_double(r->config),
                                        .tf32 = rg_setup_tf32(r->config),
                                        .launch_seconds = r->config->machine.launch_seconds,
                                        .of_environment = r->config->machine.device_of_environment};
    const size_t i = r->n_devices;
    if (i == RG_BENCH_DEVICES) {
        return rg_fail(RG_USAGE, "--device lists more than %d devices", RG_BENCH_DEVICES);
    }
    RG_TRY(rg_setup_shape(r->config, &options.shape));
    RG_TRY(rg_device_open(spec, &options, &r->devices[i]));
    r->n_devices++;
    if (!r->config->bench.tune) {
        rg_tuning_load(&r->devices[i]->info);
        RG_TRY(rg_setup_library(r->config, r->devices[i]));
    }
    return rg_bench_peak(r->devices[i], &r->peaks[i]);
}

/* Open the devices of --device, a list separated by commas. auto means the best OpenCL device and the native device,
 * but not the native one with TF32, which it does not have. */
static rg_status open_devices(struct rg_bench_report *r) {
    if (strcmp(r->config->machine.device, "auto") == 0) {
        RG_TRY(open_device(r, "auto"));
        const struct rg_device_info *const info = &r->devices[0]->info;
        return strcmp(info->backend, "native") == 0 || info->tf32 ? RG_OK : open_device(r, "cpu");
    }
    char *list = NULL, *rest = NULL;
    RG_TRY(rg_copy_string(&list, r->config->machine.device));
    rg_status status = RG_OK;
    for (char *spec = strtok_r(list, ",", &rest); spec && status == RG_OK; spec = strtok_r(NULL, ",", &rest)) {
        status = open_device(r, spec);
    }
    rg_free(list);
    return status == RG_OK && r->n_devices == 0 ? rg_fail(RG_USAGE, "--device names no device") : status;
}

/* Open the available peers. Each missing one gets a line. */
static void open_peers(struct bench *b) {
    struct rg_bench_report *const r = &b->report;
    struct rg_device_info processor;
    rg_native_describe(&(struct rg_device_options){.threads = r->config->machine.threads}, &processor);
    r->threads = processor.units;
    const bool is_double = rg_config_is_double(r->config);
    const bool is_tf32 = r->config->machine.math == RG_MATH_TF32;
    if ((r->config->bench.peers || r->config->bench.roofline) && (is_double || is_tf32)) {
        rg_log("peers and SGEMM compute in float: they are left out of %s",
               is_double ? "--precision double" : "--math tf32");
        return;
    }
    if (r->config->bench.peers || r->config->bench.roofline) {
        if (rg_blas_open(r->threads, &b->blas) == RG_OK) {
            r->blas = &b->blas;
        } else {
            rg_log("%s", rg_error_message());
        }
    }
    if (r->config->bench.peers && rg_pytorch_start(r->threads, PEER_BYTES, &r->pytorch) != RG_OK) {
        rg_log("%s", rg_error_message());
    }
}

/* Close the lines. Returns the benchmark's failure, else the first failure of a line. */
static rg_status close_lines(struct rg_bench_report *r, rg_status status) {
    const rg_status ends[] = {rg_json_lines_close(&r->lines), rg_json_lines_status(&r->out)};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        status = status == RG_OK ? ends[i] : status;
    }
    return status;
}

static rg_status make_rows(struct bench *b) {
    struct rg_bench_report *const r = &b->report;
    struct rg_bench_case *cases = NULL;
    size_t n = 0;
    RG_TRY(rg_bench_cases(r->config, r->devices[0], &b->earlier, &cases, &n));
    const rg_status status = rg_alloc(&r->rows, n, sizeof *r->rows, "results");
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        r->rows[i].c = cases[i];
    }
    r->n_rows = status == RG_OK ? n : 0;
    rg_free(cases);
    return status;
}

/* All executions on a processor share its peak: the highest that the native device or an OpenCL device reaches.
 * Devices that use different numbers of threads do not share a peak. */
static void share_peaks(struct rg_bench_report *r) {
    double highest[RG_BENCH_DEVICES] = {0.0};
    for (size_t i = 0; i < r->n_devices; i++) {
        const struct rg_device_info *const own = &r->devices[i]->info;
        highest[i] = r->peaks[i];
        for (size_t k = 0; k < r->n_devices && !own->is_gpu; k++) {
            const struct rg_device_info *const other = &r->devices[k]->info;
            const bool same = !other->is_gpu && other->units == own->units;
            highest[i] = same && r->peaks[k] > highest[i] ? r->peaks[k] : highest[i];
        }
    }
    for (size_t i = 0; i < r->n_devices; i++) {
        r->peaks[i] = r->ceilings[i].fma_gflops = highest[i];
    }
}

/* In a grid, a case that does not fit a device is left out, with a line that says why. */
static rg_status run_devices(struct bench *b, size_t at) {
    struct rg_bench_report *const r = &b->report;
    struct rg_bench_row *const row = &r->rows[at];
    for (size_t i = 0; i < r->n_devices; i++) {
        const struct rg_device_info *const info = &r->devices[i]->info;
        show_progress(b, at, info->backend);
        const rg_status status = rg_bench_run(r->devices[i], &row->c, &row->results[i]);
        if (status == RG_NO_MEMORY && r->n_rows > 1) {
            show_progress(b, at, NULL);
            rg_log("%s", rg_error_message());
            row->results[i].update = 0.0;
        } else if (status != RG_OK) {
            return status;
        }
        row->earlier[i] = rg_bench_earlier_update(&b->earlier, &row->c, info->backend[0] == 'n');
    }
    for (size_t i = 0; i < r->n_devices; i++) {
        RG_TRY(rg_bench_raise_peak(r->devices[i], &row->c, &row->results[i], &r->peaks[i]));
    }
    share_peaks(r);
    return RG_OK;
}

static rg_status run_peers(struct bench *b, size_t at) {
    struct rg_bench_report *const r = &b->report;
    struct rg_bench_row *const row = &r->rows[at];
    /* the peers compute a single output at the last step */
    if (row->c.outputs > 1 || row->c.target == RG_TARGET_STEPS) {
        return RG_OK;
    }
    if (r->pytorch) {
        show_progress(b, at, "PyTorch");
        if (rg_pytorch_time(r->pytorch, &row->c, &row->pytorch) != RG_OK) {
            show_progress(b, at, NULL);
            rg_log("%s", rg_error_message());
            rg_pytorch_stop(r->pytorch);
            r->pytorch = NULL;
        }
    }
    if (r->config->bench.peers && r->blas && row->c.activation == RG_ACT_TANH) {
        show_progress(b, at, "BLAS");
        RG_TRY(rg_blas_step_time(r->blas, r->threads, &row->c, PEER_BYTES, &row->blas));
    }
    return RG_OK;
}

/* --tune: tune the devices one after the other. */
static rg_status tune(struct rg_bench_report *r) {
    RG_TRY(open_devices(r));
    for (size_t i = 0; i < r->n_devices; i++) {
        struct rg_device_info *const info = &r->devices[i]->info;
        char path[RG_CACHE_PATH];
        double gain = 1.0;
        RG_TRY(rg_tuning_path(info, path));
        rg_log("tuning %s, %s", info->backend, info->name);
        RG_TRY(rg_bench_tune(r->devices[i], r->config->bench.repeats, &gain));
        RG_TRY(rg_tuning_save(info));
        rg_bench_report_tuning(r, i, gain, path);
    }
    return RG_OK;
}

/* A file of --out that is replaced must be one that bench wrote: lines of JSON. A link loses only its name. */
static rg_status refuse_other_file(const char *path) {
    struct stat info;
    FILE *const file = path && lstat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "re") : NULL;
    const int first = file ? fgetc(file) : EOF;
    if (file) {
        (void)fclose(file);
    }
    return first == EOF || first == '{'
               ? RG_OK
               : rg_fail(RG_USAGE, "--out %s: this file holds no results of bench; give another name", path);
}

static rg_status bench(struct bench *b) {
    struct rg_bench_report *const r = &b->report;
    if (r->config->bench.tune) {
        return tune(r);
    }
    if (r->config->bench.earlier) {
        RG_TRY(rg_bench_earlier_read(r->config->bench.earlier, r->config->machine.precision, r->config->machine.math,
                                     &b->earlier));
    }
    RG_TRY(open_devices(r));
    share_peaks(r);
    RG_TRY(make_rows(b));
    rg_outputs_tell_replaced(r->config);
    RG_TRY(r->config->output.out ? rg_json_lines_open(&r->lines, r->config->output.out) : RG_OK);
    open_peers(b);
    rg_stop_answer("leaving out the case that is being timed");
    for (size_t i = 0; r->config->bench.roofline && i < r->n_devices; i++) {
        RG_TRY(rg_ceilings_measure(r->devices[i], r->peaks[i], r->blas, &r->ceilings[i]));
    }
    b->begin = b->last_note = rg_seconds();
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    rg_bench_report_heading(r);
    size_t done = 0;
    for (; done < r->n_rows && !rg_stop_requested(); done++) {
        rg_status status = run_devices(b, done);
        status = status == RG_OK ? run_peers(b, done) : status;
        if (rg_stop_is(status)) {
            break;
        }
        RG_TRY(status);
        show_progress(b, done, NULL);
        rg_bench_report_row(r, &r->rows[done]);
        if (r->out.status != RG_OK || ferror(stdout)) {
            rg_stop_no_reader();
        }
    }
    rg_bench_report_summary(r);
    if (done < r->n_rows) {
        char part[RG_PART_BYTES];
        rg_log("interrupted; %s done", rg_counted_part(done, r->n_rows, "case", part));
        return rg_stop_status();
    }
    return RG_OK;
}

rg_status rg_command_bench(const struct rg_config *config) {
    struct bench b = {.report = {.config = config}};
    rg_log_quiet(config->output.quiet);
    RG_TRY(refuse_other_file(config->output.out));
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    if (config->bench.plan) {
        return rg_bench_plan(config);
    }
    if (config->output.json) {
        b.report.out = rg_json_lines_stdout();
    }
    const rg_status status = close_lines(&b.report, bench(&b));
    if (status == RG_OK && !config->output.json) {
        const struct rg_look look = rg_look_of(config);
        rg_outputs_print(config, RG_OUT_FILE, rg_look_text(&look));
    }
    rg_pytorch_stop(b.report.pytorch);
    for (size_t i = 0; i < b.report.n_devices; i++) {
        rg_device_destroy(b.report.devices[i]);
    }
    rg_bench_earlier_free(&b.earlier);
    rg_free(b.report.rows);
    return status;
}
