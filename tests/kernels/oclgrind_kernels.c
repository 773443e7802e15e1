/* The quick self-test as a program of its own, for a checker of kernels to run: `oclgrind_kernels [VEC NV COLS ROWS
 * [tf32]]`, the shape of a work-group (default: the device's own), with products in TF32 as tensor cores make them;
 * `oclgrind_kernels few`: the kernels of one cell. Exit status 0 if every check passes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/selftest/selftest.h"

static void report(void *context, const struct rg_selftest_check *check) {
    (void)context;
    (void)printf("%-6s %8.2g of %8.2g  %s\n", check->passed ? "ok" : "FAILED", check->error, check->tolerance,
                 check->name);
}

/* One update of each net: the next ones launch the same kernels. With TF32 a net of each way that scans have products:
 * deltas in local memory or global, three numbers or four. */
static rg_status run_all(struct rg_device *device, bool few) {
    static const struct rg_selftest_scope all = {.cell = RG_N_CELLS, .learned = true, .updates = 1},
                                          one = {.cell = RG_CELL_RNN, .optimizer = RG_OPT_ADAM, .updates = 1},
                                          tf32[] = {{.cell = RG_CELL_RNN, .optimizer = RG_OPT_SGD, .updates = 1},
                                                    {.cell = RG_CELL_GRU, .optimizer = RG_OPT_SGD, .updates = 1}};
    const size_t n = device->info.tf32 ? sizeof tf32 / sizeof *tf32 : 1;
    for (size_t i = 0; i < n; i++) {
        RG_TRY(rg_selftest_run(device, device->info.tf32 ? &tf32[i] : few ? &one : &all, report, NULL));
    }
    return RG_OK;
}

int main(int argc, char **argv) {
    struct rg_device_options options = {.launch_seconds = INFINITY}; /* a limit would cut scans into single steps */
    struct rg_device *device = NULL;
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* for somebody who watches which check takes long */
    if (argc == 6) {
        options.tf32 = RG_TF32_EMULATED;
    }
    if (argc >= 5) {
        options.shape = (struct rg_device_shape){atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), atoi(argv[4])};
    }
    rg_status status = rg_device_open("opencl", &options, &device);
    if (status == RG_OK) {
        (void)printf("%s\n", device->info.name);
        status = run_all(device, argc == 2 && strcmp(argv[1], "few") == 0);
        rg_device_destroy(device);
    }
    if (status != RG_OK) {
        (void)fprintf(stderr, "%s\n", rg_error_message());
    }
    return status == RG_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
