/* The account of the self-test's checks, and their tolerances: see checks.h. */
#include "verify/selftest/checks.h"

#include <math.h>
#include <stdio.h>

double rg_device_eps(const struct rg_device *device) {
    return device->info.real_bytes == sizeof(double) ? 0x1p-52 : RG_FLOAT_EPS;
}

/* TF32 rounds factors to 2^-11, so a product is off by up to twice that, however many products are added up. An output
 * depends on one product for each layer, a gradient on those of both passes and one more. The tolerance is twice that,
 * for the steps. */
static const double TF32_ROUNDING = 0x1p-11;

double rg_tolerance_forward(const struct rg_device *device, const struct rg_exercise_form *f) {
    const double gates = (double)rg_cell_gates(f->net.cell), layers = f->net.layers ? (double)f->net.layers : 1.0;
    return device->info.tf32
               ? 2.0 * layers * TF32_ROUNDING
               : 4.0 * ceil(log2((2.0 * gates + 1.0) * (double)f->sizes.steps * layers)) * rg_device_eps(device);
}

double rg_tolerance_backward(const struct rg_device *device, const struct rg_exercise_form *f) {
    const double gates = (double)rg_cell_gates(f->net.cell), layers = f->net.layers ? (double)f->net.layers : 1.0;
    const double across = fmax(gates * (double)f->sizes.hidden, (double)f->sizes.batch);
    return device->info.tf32 ? 2.0 * 2.0 * (2.0 * layers + 1.0) * TF32_ROUNDING
                             : 8.0 * ceil(log2((2.0 * gates + 1.0) * across * (double)f->sizes.steps * layers)) *
                                   rg_device_eps(device);
}

bool rg_keep_larger(double *worst, double error) {
    if (isnan(*worst) || !(isnan(error) || error > *worst)) {
        return false;
    }
    *worst = error;
    return true;
}

void rg_checks_add(struct rg_checks *checks, const char *subject, const char *quantity, double error,
                   double tolerance) {
    char name[256];
    (void)snprintf(name, sizeof name, "%s: %s", subject, quantity);
    const struct rg_selftest_check check = {subject, quantity, name, error, tolerance, error <= tolerance};
    checks->count++;
    if (!check.passed) {
        const double ratio = isnan(error) || tolerance == 0.0 ? INFINITY : error / tolerance;
        if (checks->failed == 0 || ratio > checks->worst_ratio) {
            (void)snprintf(checks->worst, sizeof checks->worst, "%s", name);
            checks->worst_ratio = ratio;
            checks->worst_error = error;
            checks->worst_tolerance = tolerance;
        }
        checks->failed++;
    }
    if (checks->report) {
        checks->report(checks->context, &check);
    }
}
