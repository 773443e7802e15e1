/* The table and its summary: see report.h; the JSON lines are in report_json.c. */
#include "bench/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "bench/report_json.h"
#include "rnn_gpu/memory.h"

enum { LINE_BYTES = 256, PAIR = 2 };

/* A line of the table being put together. */
struct line {
    char text[LINE_BYTES];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int more = vsnprintf(line->text + line->length, LINE_BYTES - line->length, format, list);
    va_end(list);
    line->length += more > 0 ? (size_t)more : 0;
    line->length = line->length < LINE_BYTES ? line->length : LINE_BYTES - 1;
}

static void print_line(struct line *line) {
    while (line->length > 0 && line->text[line->length - 1] == ' ') {
        line->text[--line->length] = '\0';
    }
    (void)puts(line->text);
    line->length = 0;
}

/* 0.0444 as "44.4 ms": three digits and a unit. */
static const char *short_seconds(double seconds, char out[16]) {
    const double scale = seconds < 1e-3 ? 1e6 : seconds < 1.0 ? 1e3 : 1.0, value = seconds * scale;
    (void)snprintf(out, 16, "%.*f %s",
                   value < 10.0    ? 2
                   : value < 100.0 ? 1
                                   : 0,
                   value,
                   scale > 1e3   ? "us"
                   : scale > 1.0 ? "ms"
                                 : "s");
    return out;
}

/* Choose the columns. The share of the peak is left out if a comparison and peers need the room. */
static bool shows_gflops(const struct rg_bench_report *r) {
    return !r->config->bench.earlier && !r->config->bench.peers;
}
static bool shows_peak(const struct rg_bench_report *r) {
    return !r->config->bench.earlier || !r->config->bench.peers;
}

static void print_device(const struct rg_bench_report *r, size_t i) {
    const struct rg_device_info *const info = &r->devices[i]->info;
    (void)printf("%-7s %.40s, %d %s%s, FMA peak %.0f GFLOP/s\n", info->backend, info->name, info->units,
                 info->backend[0] == 'n' ? "threads" : "units", rg_device_math(info), r->peaks[i]);
    if (r->config->output.verbose && info->build_seconds > 0.0) {
        (void)printf("        kernels built in %.2f s\n", info->build_seconds);
    }
    if (r->config->bench.roofline) {
        const struct rg_ceilings *const c = &r->ceilings[i];
        (void)printf("  product %.0f GFLOP/s", c->product_gflops);
        if (c->sgemm_gflops > 0.0) {
            (void)printf(" (BLAS %.0f)", c->sgemm_gflops);
        }
        (void)printf(", memory %.0f GB/s, tanh %.1f G/s, launch %.1f us\n", c->bandwidth / 1e9, c->tanh_rate / 1e9,
                     c->launch * 1e6);
    }
}

static void table_heading(const struct rg_bench_report *r) {
    struct line line = {.length = 0};
    for (size_t first = 0; first < r->n_devices; first += PAIR) {
        add(&line, "%-4s %6s %6s %6s", first ? "" : "cell", first ? "" : "batch", first ? "" : "steps",
            first ? "" : "hidden");
        for (size_t i = first; i < r->n_devices && i < first + PAIR; i++) {
            add(&line, " %9s", r->devices[i]->info.backend);
            if (shows_gflops(r)) {
                add(&line, " %7s", "GFLOP/s");
            }
            if (shows_peak(r)) {
                add(&line, " %5s", "peak");
            }
            if (r->config->bench.earlier) {
                add(&line, " %6s", "faster");
            }
        }
        if (first == 0 && r->config->bench.peers) {
            add(&line, " %8s %6s %6s", "PyTorch", "", "BLAS");
        }
        print_line(&line);
    }
}

void rg_bench_report_heading(struct rg_bench_report *r) {
    rg_bench_json_heading(r);
    if (r->config->output.json) {
        return;
    }
    for (size_t i = 0; i < r->n_devices; i++) {
        print_device(r, i);
    }
    if (r->pytorch) {
        (void)printf("PyTorch %s, the whole batch or its best chunks\n", rg_pytorch_version(r->pytorch));
    }
    if (r->blas && r->config->bench.peers) {
        (void)printf("BLAS    %s, step by step\n", r->blas->name);
    }
    if (r->config->bench.peers) {
        (void)printf("ratios  a peer's time over that of %s\n", r->devices[0]->info.backend);
    }
    (void)printf("times   of an update%s%s\n", shows_peak(r) ? "; peak: its share of the FMA peak" : "",
                 r->config->bench.earlier ? "; faster: than before" : "");
    table_heading(r);
    (void)fflush(stdout);
}

static void add_device(const struct rg_bench_report *r, const struct rg_bench_row *row, size_t i, struct line *line) {
    const struct rg_bench_result *const result = &row->results[i];
    char text[16];
    if (result->update <= 0.0) {
        add(line, " %9s", "-");
        if (shows_gflops(r)) {
            add(line, " %7s", "");
        }
        if (shows_peak(r)) {
            add(line, " %5s", "");
        }
        if (r->config->bench.earlier) {
            add(line, " %6s", "");
        }
        return;
    }
    add(line, " %9s", short_seconds(result->update, text));
    if (shows_gflops(r)) {
        add(line, " %7.1f", result->gflops);
    }
    if (shows_peak(r)) {
        add(line, " %3.0f %%", 100.0 * result->gflops / r->peaks[i]);
    }
    if (r->config->bench.earlier) {
        (void)snprintf(text, sizeof text, row->earlier[i] > 0.0 ? "%.2fx" : "new", row->earlier[i] / result->update);
        add(line, " %6s", text);
    }
}

/* A peer's time divided by that of the first device; 0 if one of them is missing. */
static double ratio_to(const struct rg_bench_row *row, double peer, size_t device) {
    return row->results[device].update > 0.0 ? peer / row->results[device].update : 0.0;
}

static void add_peers(const struct rg_bench_row *row, struct line *line) {
    const double pytorch = ratio_to(row, row->pytorch.best, 0), blas = ratio_to(row, row->blas, 0);
    char time[16] = "-", text[16];
    if (row->pytorch.best > 0.0) {
        (void)short_seconds(row->pytorch.best, time);
    }
    add(line, " %8s", time);
    (void)snprintf(text, sizeof text, pytorch > 0.0 ? "%.1fx" : " ", pytorch);
    add(line, " %6s", text);
    (void)snprintf(text, sizeof text, blas > 0.0 ? "%.1fx" : "-", blas);
    add(line, " %6s", text);
}

static void print_plan(const struct rg_bench_report *r, const struct rg_bench_row *row, size_t i) {
    const struct rg_bench_result *const b = &row->results[i];
    const struct rg_plan *const p = &b->plan;
    const char *const indent = "        ";
    const struct rg_device_info *const info = &r->devices[i]->info;
    char times[80] = "", shared[48] = "";
    if (p->accum_steps < p->steps) {
        (void)snprintf(times, sizeof times, ", runs of %zu steps", p->accum_steps);
    }
    if (p->n_segments > 1) {
        const size_t end = strlen(times);
        (void)snprintf(times + end, sizeof times - end, ", checkpoints every %zu", p->segment_steps);
    }
    if (p->groups_per_tile > 1) {
        (void)snprintf(shared, sizeof shared, " shared by %zu groups", p->groups_per_tile);
    }
    (void)printf("  %s: chunk %zu, tile %zu%s, block %zu, slices %zu%s%s; %zu launches, %.1f MiB%s%s\n", info->backend,
                 p->chunk, p->tile, shared, p->block, p->sum_slices, times,
                 info->chunk_bytes || info->tile ? ", tuned" : "", b->launches, (double)b->memory_bytes / 1048576.0,
                 b->library ? ", " : "", b->library ? info->library : "");
    static const char *const names[RG_N_PHASES] = {"data", "pack", "forward", "head", "reverse", "weight gradient",
                                                   "clip", "Adam"};
    struct line line = {.length = 0};
    for (size_t phase = 0; phase < RG_N_PHASES; phase++) {
        char text[16];
        add(&line, "%s%s %s", line.length ? ", " : indent, names[phase], short_seconds(b->phases[phase], text));
        if (phase == RG_PHASE_HEAD) {
            add(&line, ",");
            print_line(&line);
        }
    }
    print_line(&line);
    (void)printf("%sfastest %.3g s, slowest %.3g s of %zu updates\n", indent, b->fastest, b->slowest, b->updates);
}

static void print_bounds(const struct rg_bench_report *r, const struct rg_bench_row *row, size_t i) {
    const struct rg_bench_result *const b = &row->results[i];
    const struct rg_bounds bounds = rg_bounds_of(&r->ceilings[i], &r->devices[i]->info, &row->c, b);
    struct line line = {.length = 0};
    add(&line, "  %s: at least", r->devices[i]->info.backend);
    for (enum rg_bound k = 0; k < RG_N_BOUNDS; k++) {
        char text[16];
        add(&line, "%s %s %s", k ? "," : "", rg_bound_names[k], short_seconds(bounds.seconds[k], text));
    }
    print_line(&line);
    (void)printf("        %s binds, at %.0f %% of its ceiling\n", rg_bound_names[bounds.binding],
                 100.0 * bounds.seconds[bounds.binding] / b->update);
}

static void print_row(const struct rg_bench_report *r, const struct rg_bench_row *row) {
    struct line line = {.length = 0};
    for (size_t first = 0; first < r->n_devices; first += PAIR) {
        if (first == 0) {
            add(&line, "%-4s %6zu %6zu %6zu", rg_cell_names[row->c.cell], row->c.batch, row->c.steps, row->c.hidden);
        } else {
            add(&line, "%25s", "");
        }
        for (size_t i = first; i < r->n_devices && i < first + PAIR; i++) {
            add_device(r, row, i, &line);
        }
        if (first == 0 && r->config->bench.peers) {
            add_peers(row, &line);
        }
        print_line(&line);
    }
    for (size_t i = 0; i < r->n_devices; i++) {
        if (r->config->output.verbose && row->results[i].update > 0.0) {
            print_plan(r, row, i);
        }
        if (r->config->bench.roofline && row->results[i].update > 0.0) {
            print_bounds(r, row, i);
        }
    }
    (void)fflush(stdout);
}

void rg_bench_report_row(struct rg_bench_report *r, const struct rg_bench_row *row) {
    rg_bench_json_row(r, row);
    if (!r->config->output.json) {
        print_row(r, row);
    }
}

/* "what: median 3.1x, least 1.1x (…), most 6.0x" of the ratios above 0; prints nothing if there are none. */
static void summarise(const struct rg_bench_report *r, const char *what, const double *ratios) {
    double *sorted = NULL;
    size_t n = 0, min = 0;
    if (rg_alloc(&sorted, r->n_rows, sizeof *sorted, "ratios") != RG_OK) {
        return;
    }
    for (size_t i = 0; i < r->n_rows; i++) {
        if (ratios[i] > 0.0) {
            min = n == 0 || ratios[i] < ratios[min] ? i : min;
            sorted[n++] = ratios[i];
        }
    }
    if (n > 0) {
        const struct rg_bench_case *const c = &r->rows[min].c;
        rg_sort(sorted, n);
        (void)printf("%s: median %.2fx, most %.2fx,\n    least %.2fx (%s, batch %zu, steps %zu, hidden %zu)\n", what,
                     sorted[n / 2], sorted[n - 1], sorted[0], rg_cell_names[c->cell], c->batch, c->steps, c->hidden);
    }
    rg_free(sorted);
}

void rg_bench_report_summary(const struct rg_bench_report *r) {
    double *ratios = NULL;
    if (r->config->output.json || r->n_rows < 2 || rg_alloc(&ratios, r->n_rows, sizeof *ratios, "ratios") != RG_OK) {
        return;
    }
    (void)putchar('\n');
    for (size_t d = 0; d < r->n_devices; d++) {
        const char *const name = r->devices[d]->info.backend;
        char what[64];
        for (size_t i = 0; d > 0 && i < r->n_rows; i++) {
            ratios[i] = ratio_to(&r->rows[i], r->rows[i].results[0].update, d);
        }
        if (d > 0) {
            (void)snprintf(what, sizeof what, "%s against %s", name, r->devices[0]->info.backend);
            summarise(r, what, ratios);
        }
        for (size_t i = 0; i < r->n_rows; i++) {
            ratios[i] = ratio_to(&r->rows[i], r->rows[i].pytorch.best, d);
        }
        (void)snprintf(what, sizeof what, "%s against PyTorch", name);
        summarise(r, what, ratios);
        for (size_t i = 0; i < r->n_rows; i++) {
            ratios[i] = ratio_to(&r->rows[i], r->rows[i].blas, d);
        }
        (void)snprintf(what, sizeof what, "%s against BLAS step by step", name);
        summarise(r, what, ratios);
        for (size_t i = 0; i < r->n_rows; i++) {
            ratios[i] = ratio_to(&r->rows[i], r->rows[i].earlier[d], d);
        }
        (void)snprintf(what, sizeof what, "%s against the earlier results", name);
        summarise(r, what, ratios);
    }
    rg_free(ratios);
}

void rg_bench_report_tuning(struct rg_bench_report *r, size_t i, double gain, const char *path) {
    const struct rg_device_info *const info = &r->devices[i]->info;
    if (r->config->output.json) {
        rg_bench_json_tuning(r, info, gain, path);
        return;
    }
    char chunk[32] = "the plan's own", tile[32] = "the plan's own";
    if (info->chunk_bytes) {
        (void)snprintf(chunk, sizeof chunk, "%.1f MiB", (double)info->chunk_bytes / 1048576.0);
    }
    if (info->tile) {
        (void)snprintf(tile, sizeof tile, "%zu", info->tile);
    }
    (void)printf("%-7s %.40s: chunk %s, tile %s; %.2fx as fast\n        wide products: %s; kept in %s\n", info->backend,
                 info->name, chunk, tile, gain, info->library_wins > 0 ? info->library : "own kernels", path);
}
