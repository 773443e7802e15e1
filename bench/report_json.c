/* The JSON lines of the benchmark: see report_json.h. */
#include "bench/report_json.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "files/json_lines.h"
#include "files/shell_text.h"
#include "model/cells.h"

static void set_count(json_t **object, const char *key, size_t value) {
    rg_json_set(object, key, json_integer((json_int_t)value));
}

/* Print a line where lines go, and release it. */
static void emit(struct rg_bench_report *r, json_t *line) {
    rg_json_lines_write(&r->lines, json_incref(line));
    rg_json_lines_write(&r->out, line);
}

/* The command as it was given. NULL without memory. */
static json_t *command_json(const struct rg_config *c) {
    struct rg_text text = {.bytes = NULL};
    rg_status status = rg_text_add_string(&text, "rnn-gpu");
    status = status == RG_OK ? rg_shell_text_add(&text, c->n_arguments, c->arguments) : status;
    status = status == RG_OK ? rg_text_add(&text, "", 1) : status;
    json_t *const line = status == RG_OK ? rg_json_text(text.bytes) : NULL;
    rg_text_destroy(&text);
    return line;
}

static void machine_text(char *out, size_t bytes) {
    struct utsname system;
    struct rg_device_info info;
    rg_native_describe(&(struct rg_device_options){0}, &info);
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    (void)snprintf(out, bytes, "%d x %s, %s, %.0f GiB, %s", info.units, info.name, info.version,
                   (double)pages * (double)page / 1073741824.0, uname(&system) == 0 ? system.sysname : "?");
}

static void file_heading(struct rg_bench_report *r) {
    char machine[512];
    machine_text(machine, sizeof machine);
    rg_json_lines_write(&r->lines, rg_json_pack("{s:{s:o, s:s, s:s}}", "bench", "command", command_json(r->config),
                                                "version", RG_VERSION, "machine", machine));
}

void rg_bench_json_heading(struct rg_bench_report *r) {
    if (r->lines.file.path) {
        file_heading(r);
    }
    for (size_t i = 0; r->config->bench.roofline && i < r->n_devices; i++) {
        const struct rg_ceilings *const c = &r->ceilings[i];
        emit(r,
             rg_json_pack("{s:{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f}}", "roofline", "device",
                          r->devices[i]->info.name, "backend", r->devices[i]->info.backend, "fma_gflops", c->fma_gflops,
                          "product_gflops", c->product_gflops, "sgemm_gflops", c->sgemm_gflops, "bandwidth_gb_s",
                          c->bandwidth / 1e9, "tanh_g_s", c->tanh_rate / 1e9, "launch_s", c->launch));
    }
}

static void set_case(json_t **line, const struct rg_bench_case *c) {
    rg_json_set(line, "cell", json_string(rg_cell_names[c->cell]));
    if (!rg_cell_is_gated(c->cell)) {
        rg_json_set(line, "activation", json_string(rg_activation_names[c->activation]));
    }
    set_count(line, "batch", c->batch);
    set_count(line, "steps", c->steps);
    set_count(line, "hidden", c->hidden);
    set_count(line, "input", c->input);
    set_count(line, "outputs", c->outputs);
    rg_json_set(line, "target", json_string(rg_target_names[c->target]));
}

static void set_times(json_t **line, const struct rg_bench_result *b) {
    const double *const p = b->phases;
    rg_json_set(line, "update_s", rg_json_real(b->update));
    rg_json_set(line, "fastest_s", rg_json_real(b->fastest));
    rg_json_set(line, "slowest_s", rg_json_real(b->slowest));
    set_count(line, "updates", b->updates);
    rg_json_set(line, "forward_s", rg_json_real(p[RG_PHASE_FORWARD]));
    rg_json_set(line, "backward_s", rg_json_real(p[RG_PHASE_REVERSE]));
    rg_json_set(line, "weight_gradient_s", rg_json_real(p[RG_PHASE_WEIGHT_GRADIENT]));
    rg_json_set(line, "clip_s", rg_json_real(p[RG_PHASE_CLIP]));
    rg_json_set(line, "optimizer_s", rg_json_real(p[RG_PHASE_OPTIMIZER]));
    rg_json_set(line, "pack_s", rg_json_real(p[RG_PHASE_PACK]));
    rg_json_set(line, "head_s", rg_json_real(p[RG_PHASE_HEAD]));
    rg_json_set(line, "other_s", rg_json_real(p[RG_PHASE_PACK] + p[RG_PHASE_HEAD] + p[RG_PHASE_DATA]));
}

static void set_bounds(json_t **line, const struct rg_bench_report *r, const struct rg_bench_row *row, size_t i) {
    const struct rg_bounds b = rg_bounds_of(&r->ceilings[i], &r->devices[i]->info, &row->c, &row->results[i]);
    rg_json_set(line, "bound", json_string(rg_bound_names[b.binding]));
    rg_json_set(line, "fraction_of_bound", rg_json_real(b.seconds[b.binding] / row->results[i].update));
    for (enum rg_bound k = 0; k < RG_N_BOUNDS; k++) {
        char key[32];
        (void)snprintf(key, sizeof key, "%s_bound_s", rg_bound_names[k]);
        rg_json_set(line, key, rg_json_real(b.seconds[k]));
    }
}

static void device_line(struct rg_bench_report *r, const struct rg_bench_row *row, size_t i) {
    const struct rg_bench_result *const b = &row->results[i];
    const struct rg_device_info *const info = &r->devices[i]->info;
    json_t *line = rg_json_pack("{s:s, s:s}", "device", info->name, "backend", info->backend);
    rg_json_set(&line, "precision", json_string(rg_precision_names[r->config->machine.precision]));
    rg_json_set(&line, "math", json_string(rg_math_names[r->config->machine.math]));
    set_case(&line, &row->c);
    set_times(&line, b);
    rg_json_set(&line, "gflops", rg_json_real(b->gflops));
    rg_json_set(&line, "fma_peak_gflops", rg_json_real(r->peaks[i]));
    rg_json_set(&line, "fraction_of_peak", rg_json_real(b->gflops / r->peaks[i]));
    rg_json_set(&line, "build_s", rg_json_real(info->build_seconds));
    set_count(&line, "memory_bytes", b->memory_bytes);
    set_count(&line, "chunk", b->plan.chunk);
    set_count(&line, "tile", b->plan.tile);
    set_count(&line, "groups_per_tile", b->plan.groups_per_tile);
    set_count(&line, "block", b->plan.block);
    set_count(&line, "slices", b->plan.sum_slices);
    set_count(&line, "accum_steps", b->plan.accum_steps);
    set_count(&line, "segment_steps", b->plan.segment_steps);
    set_count(&line, "launches", b->launches);
    if (r->config->bench.roofline) {
        set_bounds(&line, r, row, i);
    }
    if (row->earlier[i] > 0.0) {
        rg_json_set(&line, "earlier_update_s", rg_json_real(row->earlier[i]));
        rg_json_set(&line, "speedup", rg_json_real(row->earlier[i] / b->update));
    }
    emit(r, line);
}

static void pytorch_line(struct rg_bench_report *r, const struct rg_bench_row *row) {
    const struct rg_pytorch_times *const t = &row->pytorch;
    const double flops = rg_bench_flops(&row->c) / 1e9;
    json_t *line = rg_json_pack("{s:s, s:s, s:i}", "peer", "pytorch", "version", rg_pytorch_version(r->pytorch),
                                "threads", r->threads);
    set_case(&line, &row->c);
    rg_json_set(&line, "whole_s", t->whole > 0.0 ? rg_json_real(t->whole) : json_null());
    rg_json_set(&line, "whole_gflops", t->whole > 0.0 ? rg_json_real(flops / t->whole) : json_null());
    rg_json_set(&line, "best_s", rg_json_real(t->best));
    rg_json_set(&line, "best_gflops", rg_json_real(flops / t->best));
    set_count(&line, "best_chunk", t->best_chunk);
    emit(r, line);
}

static void blas_line(struct rg_bench_report *r, const struct rg_bench_row *row) {
    json_t *line = rg_json_pack("{s:s, s:s, s:i}", "peer", "cblas", "version", r->blas->name, "threads", r->threads);
    set_case(&line, &row->c);
    rg_json_set(&line, "update_s", rg_json_real(row->blas));
    rg_json_set(&line, "gflops", rg_json_real(rg_bench_flops(&row->c) / row->blas / 1e9));
    emit(r, line);
}

void rg_bench_json_row(struct rg_bench_report *r, const struct rg_bench_row *row) {
    for (size_t i = 0; i < r->n_devices; i++) {
        if (row->results[i].update > 0.0) {
            device_line(r, row, i);
        }
    }
    if (row->pytorch.best > 0.0) {
        pytorch_line(r, row);
    }
    if (row->blas > 0.0) {
        blas_line(r, row);
    }
}

void rg_bench_json_tuning(struct rg_bench_report *r, const struct rg_device_info *info, double gain, const char *path) {
    rg_json_lines_write(&r->out, rg_json_pack("{s:{s:s, s:s, s:I, s:I, s:b, s:f, s:o}}", "tuning", "device", info->name,
                                              "backend", info->backend, "chunk_bytes", (json_int_t)info->chunk_bytes,
                                              "tile", (json_int_t)info->tile, "library_wins", info->library_wins > 0,
                                              "gain", gain, "file", rg_json_text(path)));
}
