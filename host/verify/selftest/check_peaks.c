/* Checks that the kernels which measure a device's peak do the work that they count. */
#include <math.h>

#include "rnn_gpu/memory.h"
#include "verify/selftest/checks.h"

enum { GROUPS = 3, ROUNDS = 100, TRIAD_VECTORS = 41 };

/* Largest relative difference of n numbers from `wanted`. */
static double worst_of(const double *values, size_t n, double wanted) {
    double worst = 0.0;
    for (size_t i = 0; i < n; i++) {
        (void)rg_keep_larger(&worst, fabs(values[i] - wanted) / wanted);
    }
    return worst;
}

/* Every lane of a kernel whose chains start at 1, 2, … and end with the sum `wanted`. */
static rg_status check_chains(struct rg_device *device, enum rg_kernel kernel, double wanted, double *worst) {
    const struct rg_peak_args args = {.rounds = ROUNDS};
    const size_t n = GROUPS * rg_device_items(device) * (size_t)device->info.vec;
    struct rg_buffer *out = NULL;
    double *values = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&values, n, sizeof *values, "the self-test"));
    RG_TRY_GOTO(rg_reals_create(device, n, "the self-test", &out));
    RG_TRY_GOTO(rg_buffer_zero(device, out));
    RG_TRY_GOTO(rg_device_launch(
        device, &(struct rg_launch){.kernel = kernel, .buffers = {out}, .args = &args, .groups = {GROUPS, 1}}));
    RG_TRY_GOTO(rg_reals_read(device, values, out, 0, n));
    *worst = worst_of(values, n, wanted);
cleanup:
    rg_free(values);
    rg_buffer_destroy(device, out);
    return status;
}

/* a = b + 3 c with b = 1, c = i. */
static rg_status check_triad(struct rg_device *device, double *worst) {
    const struct rg_triad_args args = {.n = (size_t)TRIAD_VECTORS * (size_t)device->info.vec};
    struct rg_buffer *arrays[3] = {NULL};
    double *values = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&values, args.n, sizeof *values, "the self-test"));
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < args.n; i++) {
            values[i] = k == 2 ? (double)i : (double)k;
        }
        RG_TRY_GOTO(rg_reals_create(device, args.n, "the self-test", &arrays[k]));
        RG_TRY_GOTO(rg_reals_write(device, arrays[k], 0, values, args.n));
    }
    RG_TRY_GOTO(rg_device_launch(device, &(struct rg_launch){.kernel = RG_K_rg_triad,
                                                             .buffers = {arrays[0], arrays[1], arrays[2]},
                                                             .args = &args,
                                                             .groups = {GROUPS, 1}}));
    RG_TRY_GOTO(rg_reals_read(device, values, arrays[0], 0, args.n));
    *worst = 0.0;
    for (size_t i = 0; i < args.n; i++) {
        (void)rg_keep_larger(worst, worst_of(values + i, 1, 1.0 + 3.0 * (double)i));
    }
cleanup:
    rg_free(values);
    for (size_t k = 0; k < 3; k++) {
        rg_buffer_destroy(device, arrays[k]);
    }
    return status;
}

rg_status rg_check_peak(struct rg_checks *checks, struct rg_device *device) {
    const double a = device->info.real_bytes == sizeof(double) ? 0.999 : (double)0.999f;
    double products = 0.0, tangents = 0.0, worst = 0.0;
    for (int i = 0; i < RG_PEAK_CHAINS; i++) { /* x -> 0.999 x + 0.001 draws x towards 1 */
        products += 1.0 + (double)i * pow(a, ROUNDS);
        double x = 1.0 + (double)i;
        for (int round = 0; round < ROUNDS; round++) {
            x = tanh(x);
        }
        tangents += x;
    }
    RG_TRY(check_chains(device, RG_K_rg_peak, products, &worst));
    rg_checks_add(checks, "peak measurement", "chains of products and sums", worst, ROUNDS * rg_device_eps(device));
    RG_TRY(check_chains(device, RG_K_rg_tanh_peak, tangents, &worst));
    rg_checks_add(checks, "peak measurement", "chains of hyperbolic tangents", worst, ROUNDS * rg_device_eps(device));
    RG_TRY(check_triad(device, &worst));
    rg_checks_add(checks, "peak measurement", "a = b + 3 c", worst, 0.0);
    return RG_OK;
}
