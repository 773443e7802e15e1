/* The quick self-test as a program of its own, for a checker of kernels to run: `oclgrind_kernels [VEC NV COLS ROWS
 * [tf32]]`, the shape of a work-group (default: the device's own), with products in TF32 as tensor cores make them.
 * Exit status 0 if every check passes. */
#include <stdio.h>
#include <stdlib.h>

#include "selftest/selftest.h"

static void report(void *context, const struct rg_selftest_check *check) {
    (void)context;
    (void)printf("%-6s %8.2g of %8.2g  %s\n", check->passed ? "ok" : "FAILED", check->error, check->tolerance,
                 check->name);
}

int main(int argc, char **argv) {
    struct rg_device_options options = {.threads = 0};
    struct rg_device *device = NULL;
    if (argc == 6) {
        options.tf32 = RG_TF32_EMULATED;
    }
    if (argc >= 5) {
        options.shape = (struct rg_device_shape){atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), atoi(argv[4])};
    }
    rg_status status = rg_device_open("opencl", &options, &device);
    if (status == RG_OK) {
        (void)printf("%s\n", device->info.name);
        status =
            rg_selftest_run(device, &(struct rg_selftest_scope){.cell = RG_N_CELLS, .learned = true}, report, NULL);
        rg_device_destroy(device);
    }
    if (status != RG_OK) {
        (void)fprintf(stderr, "%s\n", rg_error_message());
    }
    return status == RG_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
