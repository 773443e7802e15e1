/* What `rnn-gpu bench` shows: a table of 80 columns on stdout or JSON lines, and the same lines into a file. */
#ifndef RG_BENCH_REPORT_H
#define RG_BENCH_REPORT_H

#include "bench/bench.h"
#include "bench/blas.h"
#include "bench/ceilings.h"
#include "bench/pytorch.h"
#include "files/json_lines.h"

enum { RG_BENCH_DEVICES = 8 };

/* A case and its figures; seconds of 0 are not measured. */
struct rg_bench_row {
    struct rg_bench_case c;
    struct rg_bench_result results[RG_BENCH_DEVICES]; /* update 0: the case did not fit */
    double earlier[RG_BENCH_DEVICES];                 /* update of --compare */
    struct rg_pytorch_times pytorch;
    double blas;
};

struct rg_bench_report {
    const struct rg_config *config;
    struct rg_device *devices[RG_BENCH_DEVICES];
    size_t n_devices;
    double peaks[RG_BENCH_DEVICES]; /* FMA, GFLOP/s; of a processor the highest of its devices */
    struct rg_ceilings ceilings[RG_BENCH_DEVICES];
    struct rg_pytorch *pytorch; /* NULL: not asked for, or not there */
    struct rg_blas *blas;       /* likewise */
    int threads;                /* of the peers */
    struct rg_bench_row *rows;
    size_t n_rows;
    struct rg_json_lines lines, out; /* of --out, of stdout with --json */
};

/* The heading of a file: the command, the machine and the version; then the devices and, with --roofline, their
 * ceilings; and the heading of the table. */
void rg_bench_report_heading(struct rg_bench_report *report);

/* A row of the table, or its JSON lines. */
void rg_bench_report_row(struct rg_bench_report *report, const struct rg_bench_row *row);

/* After the table of more than one case: medians and extremes of the ratios. */
void rg_bench_report_summary(const struct rg_bench_report *report);

/* What tuning device `i` gave, and the file that keeps it. */
void rg_bench_report_tuning(struct rg_bench_report *report, size_t i, double gain, const char *path);

#endif
