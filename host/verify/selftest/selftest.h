/* The self-test: every kernel on a device against the float64 reference. */
#ifndef RG_SELFTEST_H
#define RG_SELFTEST_H

#include <stdbool.h>

#include "device/device.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/model.h"

struct rg_selftest_check {
    const char *subject;  /* the net, or the kernel, and its sizes */
    const char *quantity; /* what of it was compared */
    const char *name;     /* both */
    double error;         /* relative, of the worst tensor; NaN counts as failed */
    double tolerance;     /* the largest error that passes */
    bool passed;
};

/* Called once a check, in order; `context` is the caller's. */
typedef void rg_selftest_report(void *context, const struct rg_selftest_check *check);

/* What to run: all checks (seconds), or a few that launch the kernels of a run (a fraction of a second): an OpenCL
 * device compiles each kernel when it is first launched, so no others are. */
struct rg_selftest_scope {
    bool full;
    enum rg_cell cell; /* of the few; RG_N_CELLS: every one, and all that follows but learned skips */
    bool learned;
    bool stacked;                /* several layers, and dropout between them */
    bool embedded;               /* words through a table */
    bool wide;                   /* many outputs */
    bool marks, symbols;         /* tasks of numbers with marks; of symbols */
    bool initial;                /* sequences that start from given states */
    enum rg_readout readout;     /* LAST: no other is needed */
    enum rg_optimizer optimizer; /* whose kernel updates */
    size_t updates;              /* of each training problem; 0: three */
};

/* Run the checks. `report` may be NULL. RG_CHECK_FAILED with the worst check's name if any fails.
 *
 * Errors are relative in the L2 norm of a tensor. Their tolerances grow with the logarithm of the number of additions
 * behind a value, as in oneDNN's rnn tests: 4 ceil(log2((2G+1) T L)) eps for outputs, 8 ceil(log2((2G+1) max(GH,B)
 * T L)) eps for gradients, eps = 2^-23, or 2^-52 in double precision. With products in TF32 they are 2 L u and
 * 4 (2L+1) u, u = 2^-11. The optimiser is held to what it makes of the device's own gradient, update by update, so that
 * rounding in the gradient does not blur it. */
rg_status rg_selftest_run(struct rg_device *device, const struct rg_selftest_scope *scope, rg_selftest_report *report,
                          void *context);

/* The quick self-test, without a report: what a run makes before its first update. */
rg_status rg_selftest_quick(struct rg_device *device, const struct rg_selftest_scope *scope);

#endif
