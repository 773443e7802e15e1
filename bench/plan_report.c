/* The plan of a card on stdout: see plan_report.h. */
#include "bench/plan_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cases.h"
#include "bench/planned.h"
#include "files/json_lines.h"
#include "rnn_gpu/memory.h"

static const size_t SHORTENED = 3; /* of a kernel's name, "rg_" */

/* What the report is about. */
struct plan_report {
    const struct rg_card *card;
    const struct rg_planned *planned;
    struct rg_bench_case c;
    struct rg_plan plan;
    double estimated; /* seconds of an update */
    double fraction;  /* of the card's peak */
    /* the same with scans of whole sequences, and with a launch for each step, whose groups share the units; NAN where
     * the batch fills the card without sharing */
    double in_scans, in_steps;
};

/* A plan measures nothing and has numbers for floats alone. */
static rg_status check_options(const struct rg_config *config) {
    const struct {
        bool given;
        const char *option;
    } refused[] = {
        {config->bench.tune, "--tune"},
        {config->bench.peers, "--peers"},
        {config->bench.roofline, "--roofline"},
        {config->bench.earlier != NULL, "--compare"},
        {config->bench.grid != RG_GRID_AUTO, "--grid"},
        {config->output.out != NULL, "--out"},
        {rg_config_gives(config, "device"), "--device"},
        {config->machine.shape != NULL, "--shape"},
        {rg_config_is_double(config), "--precision double"},
        {config->machine.math == RG_MATH_TF32, "--math tf32"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (refused[i].given) {
            return rg_fail(RG_USAGE, "--plan estimates an update in floats and times nothing; leave out %s",
                           refused[i].option);
        }
    }
    return RG_OK;
}

static const char *kernel_name(enum rg_kernel kernel) {
    return rg_kernel_signatures[kernel].name + SHORTENED;
}

static void kernel_line(const struct plan_report *r, enum rg_kernel kernel) {
    const struct rg_planned_kernel *const k = &r->planned->kernels[kernel];
    char groups[32];
    (void)snprintf(groups, sizeof groups, "%zux%zu", k->groups, k->items);
    (void)printf("%-15s %4zu %9s %4.0f %% %4zu %5.1f %6.0f %6.2f %8.*f  %s\n", kernel_name(kernel), k->launches, groups,
                 100.0 * k->busy_rows, k->registers, (double)k->local_bytes / 1024.0, k->bytes / 1e6, k->flops / 1e9,
                 k->estimated < 1.0 ? 3 : 0, k->estimated * 1e3, rg_plan_bound_names[rg_planned_bound(k)]);
}

static void print_table(const struct plan_report *r) {
    (void)printf("%s: %d units, %.3g TFLOP/s, %.0f GB/s, %zu KiB local\n", r->card->title, r->card->units,
                 r->card->peak / 1e12, r->card->bandwidth / 1e9, r->card->local_bytes >> 10);
    (void)printf("numbers: %s\n", r->card->source);
    (void)printf("%s, batch %zu, steps %zu, hidden %zu: chunk %zu, tile %zu, slices %zu\n\n", rg_cell_names[r->c.cell],
                 r->c.batch, r->c.steps, r->c.hidden, r->plan.chunk, r->plan.tile, r->plan.sum_slices);
    (void)printf("%-15s %4s %9s %6s %4s %5s %6s %6s %8s  %s\n", "kernel", "runs", "groups x", "busy", "regi", "local",
                 "memory", "work", "time", "bound");
    (void)printf("%-15s %4s %9s %6s %4s %5s %6s %6s %8s\n", "", "", "items", "rows", "ster", "KiB", "MB", "GFLOP",
                 "ms");
    for (size_t i = 0; i < r->planned->n_kernels; i++) {
        kernel_line(r, r->planned->order[i]);
    }
    (void)puts("\nruns: launches in an update; busy rows: the share of item rows that have work;\n"
               "register, local: of an item, of a group; bound: what limits the kernel");
    (void)printf("\nestimated %.3f ms an update, %.1f %% of the peak; not measured\n", r->estimated * 1e3,
                 100.0 * r->fraction);
    if (!isnan(r->in_steps)) {
        (void)printf("few sequences: %.3f ms with scans, %.3f ms with a launch for each step\n", r->in_scans * 1e3,
                     r->in_steps * 1e3);
    }
}

static json_t *kernel_json(const struct plan_report *r, enum rg_kernel kernel) {
    const struct rg_planned_kernel *const k = &r->planned->kernels[kernel];
    return rg_json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:I, s:I, s:f, s:f, s:f, s:s}", "card", r->card->name,
                        "cell", rg_cell_names[r->c.cell], "kernel", rg_kernel_signatures[kernel].name, "launches",
                        (json_int_t)k->launches, "groups", (json_int_t)k->groups, "items", (json_int_t)k->items,
                        "busy_rows", k->busy_rows, "registers", (json_int_t)k->registers, "local_bytes",
                        (json_int_t)k->local_bytes, "bytes", k->bytes, "flops", k->flops, "estimated_s", k->estimated,
                        "bound", rg_plan_bound_names[rg_planned_bound(k)]);
}

static json_t *number_or_null(double number) {
    return isnan(number) ? json_null() : json_real(number);
}

static rg_status print_json(const struct plan_report *r) {
    for (size_t i = 0; i < r->planned->n_kernels; i++) {
        RG_TRY(rg_json_print(kernel_json(r, r->planned->order[i])));
    }
    return rg_json_print(rg_json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:f}", "card", r->card->name, "cell",
        rg_cell_names[r->c.cell], "batch", (json_int_t)r->c.batch, "steps", (json_int_t)r->c.steps, "hidden",
        (json_int_t)r->c.hidden, "input", (json_int_t)r->c.input, "units", (json_int_t)r->card->units, "estimated_s",
        r->estimated, "fraction_of_peak", r->fraction, "in_scans_s", number_or_null(r->in_scans), "in_steps_s",
        number_or_null(r->in_steps), "peak_gflops", r->card->peak / 1e9));
}

/* Plan where units are shared from so many bytes of W_hh on; 0: as the device says. */
static rg_status estimate(struct rg_planned *planned, uint64_t shared_bytes, struct plan_report *r, double *seconds) {
    rg_planned_open(r->card, planned);
    planned->base.info.shared_step_bytes = shared_bytes ? shared_bytes : planned->base.info.shared_step_bytes;
    RG_TRY(rg_bench_queue(&planned->base, &r->c, &r->plan));
    *seconds = rg_planned_seconds(planned);
    return RG_OK;
}

static rg_status plan_and_print(const struct rg_config *config, struct rg_planned *planned, struct plan_report *r) {
    RG_TRY(estimate(planned, UINT64_MAX, r, &r->in_scans));
    RG_TRY(estimate(planned, 1, r, &r->in_steps));
    if (r->plan.groups_per_tile == 1) {
        r->in_scans = r->in_steps = NAN;
    }
    RG_TRY(estimate(planned, 0, r, &r->estimated));
    r->fraction = rg_bench_flops(&r->c) / r->estimated / r->card->peak;
    if (config->output.json) {
        return print_json(r);
    }
    print_table(r);
    return RG_OK;
}

rg_status rg_bench_plan(const struct rg_config *config) {
    struct rg_planned *planned = NULL;
    struct plan_report report = {.c = rg_bench_case_of(config)};
    RG_TRY(rg_card_find(config->bench.plan, &report.card));
    RG_TRY(check_options(config));
    RG_TRY(rg_alloc(&planned, 1, sizeof *planned, "the plan of a card"));
    report.planned = planned;
    const rg_status status = plan_and_print(config, planned, &report);
    rg_free(planned);
    return status;
}
