/* Results of an earlier benchmark, from the JSON lines that `bench --out` and `bench --json` write. */
#ifndef RG_BENCH_EARLIER_H
#define RG_BENCH_EARLIER_H

#include "bench/case.h"

struct rg_bench_earlier_result {
    struct rg_bench_case c; /* its sizes */
    bool native;
    double update; /* seconds */
};

struct rg_bench_earlier {
    struct rg_bench_earlier_result *results; /* NULL if there are none */
    size_t count;
    enum rg_precision precision; /* of all of them */
    enum rg_math math;
};

/* Read a file's results in that precision and with that math. Lines that are objects without "update_s" (the heading,
 * ceilings), peers, and other results are passed over. RG_BAD_FILE
 * names the line: no JSON object, a size or time out of range, longer than 8 KiB, or no result at all. */
rg_status rg_bench_earlier_read(const char *path, enum rg_precision precision, enum rg_math math,
                                struct rg_bench_earlier *out);
void rg_bench_earlier_free(struct rg_bench_earlier *earlier);

/* Seconds of an update of these sizes on the same kind of device, or 0. */
double rg_bench_earlier_update(const struct rg_bench_earlier *earlier, const struct rg_bench_case *c, bool native);

/* Have two cases the same cell, batch, steps, hidden and input? */
bool rg_bench_same_sizes(const struct rg_bench_case *a, const struct rg_bench_case *b);

#endif
