/* The JSON lines of `rnn-gpu bench`: to stdout with --json, into the file of --out; see report.h. */
#ifndef RG_BENCH_REPORT_JSON_H
#define RG_BENCH_REPORT_JSON_H

#include "bench/report.h"

/* Into the file alone: {"bench":{command, version, machine}}. With --roofline to both: {"roofline":…} of each device.
 */
void rg_bench_json_heading(struct rg_bench_report *report);

/* A line for each device, and for each peer with the key "peer". */
void rg_bench_json_row(struct rg_bench_report *report, const struct rg_bench_row *row);

/* A line for what tuning a device gave. */
void rg_bench_json_tuning(struct rg_bench_report *report, const struct rg_device_info *info, double gain,
                          const char *path);

#endif
