/* The JSON lines of the benchmark: see report_json.h. */
#include "bench/report_json.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report/json_lines.h"

static void set(json_t *object, const char *key, json_t *value) {
    (void)json_object_set_new(object, key, value);
}

static void set_count(json_t *object, const char *key, size_t value) {
    set(object, key, json_integer((json_int_t)value));
}

/* Print a line where lines go, and release it. */
static void emit(const struct rg_bench_report *r, json_t *line) {
    if (line && r->lines) {
        (void)json_dumpf(line, r->lines, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
        (void)fputc('\n', r->lines);
        (void)fflush(r->lines);
    }
    if (r->config->json) {
        rg_json_print(line);
    } else {
        json_decref(line);
    }
}

/* The command again, from what it was understood as. */
static void command_text(const struct rg_config *c, char *out, size_t bytes) {
    const bool sizes = c->sizes_given || c->steps_given || c->batch_given;
    char sizes_text[192] = "", cell[24] = "";
    if (sizes) {
        (void)snprintf(sizes_text, sizeof sizes_text,
                       " --batch %zu --steps %zu --hidden %zu --input %zu --outputs %zu --target %s", c->batch,
                       c->steps, c->hidden, c->input, c->outputs, rg_target_names[c->target]);
    }
    if (c->cell_given || sizes) {
        (void)snprintf(cell, sizeof cell, " --cell %s", rg_cell_names[c->cell]);
    }
    (void)snprintf(out, bytes, "rnn-gpu bench%s%s%s%s --repeats %zu%s%s", cell, sizes_text,
                   c->grid == RG_GRID_FULL ? " --grid full" : "", c->math == RG_MATH_TF32 ? " --math tf32" : "",
                   c->repeats, c->peers ? " --peers" : "", c->roofline ? " --roofline" : "");
}

static void machine_text(char *out, size_t bytes) {
    struct utsname system;
    struct rg_device_info info;
    rg_native_describe(&(struct rg_device_options){0}, &info);
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    (void)snprintf(out, bytes, "%d x %s, %s, %.0f GiB, %s", info.units, info.name, info.version,
                   (double)pages * (double)page / 1073741824.0, uname(&system) == 0 ? system.sysname : "?");
}

static void file_heading(const struct rg_bench_report *r) {
    char command[256], machine[512];
    command_text(r->config, command, sizeof command);
    machine_text(machine, sizeof machine);
    json_t *const line =
        json_pack("{s:{s:s, s:s, s:s}}", "bench", "command", command, "version", RG_VERSION, "machine", machine);
    if (line) {
        (void)json_dumpf(line, r->lines, JSON_COMPACT | JSON_PRESERVE_ORDER);
        (void)fputc('\n', r->lines);
    }
    json_decref(line);
}

void rg_bench_json_heading(const struct rg_bench_report *r) {
    if (r->lines) {
        file_heading(r);
    }
    for (size_t i = 0; r->config->roofline && i < r->n_devices; i++) {
        const struct rg_ceilings *const c = &r->ceilings[i];
        emit(r, json_pack("{s:{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f}}", "roofline", "device",
                          r->devices[i]->info.name, "backend", r->devices[i]->info.backend, "fma_gflops", c->fma_gflops,
                          "product_gflops", c->product_gflops, "sgemm_gflops", c->sgemm_gflops, "bandwidth_gb_s",
                          c->bandwidth / 1e9, "tanh_g_s", c->tanh_rate / 1e9, "launch_s", c->launch));
    }
}

static void set_case(json_t *line, const struct rg_bench_case *c) {
    set(line, "cell", json_string(rg_cell_names[c->cell]));
    if (c->cell == RG_CELL_RNN) {
        set(line, "activation", json_string(rg_activation_names[c->activation]));
    }
    set_count(line, "batch", c->batch);
    set_count(line, "steps", c->steps);
    set_count(line, "hidden", c->hidden);
    set_count(line, "input", c->input);
    set_count(line, "outputs", c->outputs);
    set(line, "target", json_string(rg_target_names[c->target]));
}

static void set_times(json_t *line, const struct rg_bench_result *b) {
    const double *const p = b->phases;
    set(line, "update_s", json_real(b->update));
    set(line, "fastest_s", json_real(b->fastest));
    set(line, "slowest_s", json_real(b->slowest));
    set_count(line, "updates", b->updates);
    set(line, "forward_s", json_real(p[RG_PHASE_FORWARD]));
    set(line, "backward_s", json_real(p[RG_PHASE_REVERSE]));
    set(line, "weight_gradient_s", json_real(p[RG_PHASE_WEIGHT_GRADIENT]));
    set(line, "clip_s", json_real(p[RG_PHASE_CLIP]));
    set(line, "optimizer_s", json_real(p[RG_PHASE_OPTIMIZER]));
    set(line, "pack_s", json_real(p[RG_PHASE_PACK]));
    set(line, "head_s", json_real(p[RG_PHASE_HEAD]));
    set(line, "other_s", json_real(p[RG_PHASE_PACK] + p[RG_PHASE_HEAD] + p[RG_PHASE_DATA]));
}

static void set_bounds(json_t *line, const struct rg_bench_report *r, const struct rg_bench_row *row, size_t i) {
    const struct rg_bounds b = rg_bounds_of(&r->ceilings[i], &r->devices[i]->info, &row->c, &row->results[i]);
    set(line, "bound", json_string(rg_bound_names[b.binding]));
    set(line, "fraction_of_bound", json_real(b.seconds[b.binding] / row->results[i].update));
    for (enum rg_bound k = 0; k < RG_N_BOUNDS; k++) {
        char key[32];
        (void)snprintf(key, sizeof key, "%s_bound_s", rg_bound_names[k]);
        set(line, key, json_real(b.seconds[k]));
    }
}

static void device_line(const struct rg_bench_report *r, const struct rg_bench_row *row, size_t i) {
    const struct rg_bench_result *const b = &row->results[i];
    const struct rg_device_info *const info = &r->devices[i]->info;
    json_t *const line = json_pack("{s:s, s:s}", "device", info->name, "backend", info->backend);
    if (!line) {
        return;
    }
    set(line, "precision", json_string(rg_precision_names[r->config->precision]));
    set(line, "math", json_string(rg_math_names[r->config->math]));
    set_case(line, &row->c);
    set_times(line, b);
    set(line, "gflops", json_real(b->gflops));
    set(line, "fma_peak_gflops", json_real(r->peaks[i]));
    set(line, "fraction_of_peak", json_real(b->gflops / r->peaks[i]));
    set(line, "build_s", json_real(info->build_seconds));
    set_count(line, "memory_bytes", b->memory_bytes);
    set_count(line, "chunk", b->plan.chunk);
    set_count(line, "tile", b->plan.tile);
    set_count(line, "sharers", b->plan.sharers);
    set_count(line, "block", b->plan.block);
    set_count(line, "segments", b->plan.sum_segments);
    set_count(line, "run", b->plan.run);
    set_count(line, "window", b->plan.window);
    set_count(line, "launches", b->launches);
    if (r->config->roofline) {
        set_bounds(line, r, row, i);
    }
    if (row->earlier[i] > 0.0) {
        set(line, "earlier_update_s", json_real(row->earlier[i]));
        set(line, "speedup", json_real(row->earlier[i] / b->update));
    }
    emit(r, line);
}

static void pytorch_line(const struct rg_bench_report *r, const struct rg_bench_row *row) {
    const struct rg_pytorch_times *const t = &row->pytorch;
    const double flops = rg_bench_flops(&row->c) / 1e9;
    json_t *const line = json_pack("{s:s, s:s, s:i}", "peer", "pytorch", "version", rg_pytorch_version(r->pytorch),
                                   "threads", r->threads);
    if (!line) {
        return;
    }
    set_case(line, &row->c);
    set(line, "whole_s", t->whole > 0.0 ? json_real(t->whole) : json_null());
    set(line, "whole_gflops", t->whole > 0.0 ? json_real(flops / t->whole) : json_null());
    set(line, "best_s", json_real(t->best));
    set(line, "best_gflops", json_real(flops / t->best));
    set_count(line, "best_chunk", t->best_chunk);
    emit(r, line);
}

static void blas_line(const struct rg_bench_report *r, const struct rg_bench_row *row) {
    json_t *const line = json_pack("{s:s, s:s, s:i}", "peer", "cblas", "version", r->blas->name, "threads", r->threads);
    if (!line) {
        return;
    }
    set_case(line, &row->c);
    set(line, "update_s", json_real(row->blas));
    set(line, "gflops", json_real(rg_bench_flops(&row->c) / row->blas / 1e9));
    emit(r, line);
}

void rg_bench_json_row(const struct rg_bench_report *r, const struct rg_bench_row *row) {
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

void rg_bench_json_tuning(const struct rg_device_info *info, double gain, const char *path) {
    rg_json_print(json_pack("{s:{s:s, s:s, s:I, s:I, s:b, s:f, s:o}}", "tuning", "device", info->name, "backend",
                            info->backend, "chunk_bytes", (json_int_t)info->chunk_bytes, "tile", (json_int_t)info->tile,
                            "library_wins", info->library_wins > 0, "gain", gain, "file", rg_json_text(path)));
}
