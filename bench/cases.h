/* Which sizes a benchmark runs. */
#ifndef RG_BENCH_CASES_H
#define RG_BENCH_CASES_H

#include "bench/bench.h"
#include "bench/earlier.h"

/* The one case of the options' sizes. */
struct rg_bench_case rg_bench_case_of(const struct rg_config *config);

/* *out = the cases that the options ask for, in the order of the table; free with rg_free. `device` decides what fits
 * into the 8 GiB of the full grid; `earlier` are the results compared with. */
rg_status rg_bench_cases(const struct rg_config *config, const struct rg_device *device,
                         const struct rg_bench_earlier *earlier, struct rg_bench_case **out, size_t *count);

#endif
