/* The self-test's table of cases, and the account of its checks. */
#include "selftest/selftest.h"

#include <math.h>
#include <stdio.h>

#include "selftest/checks.h"

#define MSE RG_LOSS_MSE
#define BCE RG_LOSS_BCE
#define CE RG_LOSS_CE
#define ADAM RG_OPT_ADAM
#define SGD RG_OPT_SGD

/* Sizes on and beside the widths of vectors, panels, blocks and tiles, and primes; every such B, T and H meets several
 * of the others. Clipping bites in some cases and not in others. */
static const struct rg_update_case cases[] = {
    /*  B    T    F   H    O  loss ragged */
    {{1, 1, 1, 1, 1, MSE, false}, ADAM, 1.0, false},     {{1, 2, 2, 31, 1, MSE, false}, SGD, 0.0, false},
    {{7, 1, 3, 33, 2, BCE, false}, ADAM, 0.0, false},    {{31, 33, 2, 7, 3, CE, true}, ADAM, 0.1, false},
    {{32, 7, 1, 63, 1, MSE, false}, SGD, 1.0, false},    {{33, 31, 5, 32, 2, BCE, true}, SGD, 0.0, false},
    {{63, 2, 2, 65, 1, MSE, false}, ADAM, 1.0, false},   {{64, 65, 3, 31, 4, CE, true}, SGD, 1e-3, false},
    {{65, 63, 1, 1, 1, BCE, false}, ADAM, 0.0, false},   {{97, 32, 2, 33, 1, MSE, true}, ADAM, 100.0, false},
    {{127, 7, 4, 64, 17, CE, false}, ADAM, 0.0, false},  {{257, 31, 2, 31, 1, MSE, false}, SGD, 0.5, false},
    {{129, 97, 1, 7, 1, MSE, true}, ADAM, 0.0, false},   {{2, 257, 2, 63, 1, BCE, false}, ADAM, 0.01, false},
    {{1, 127, 2, 97, 1, MSE, false}, ADAM, 1.0, false},  {{31, 64, 7, 127, 1, BCE, false}, ADAM, 0.0, false},
    {{7, 97, 2, 257, 33, MSE, true}, ADAM, 1.0, false},  {{257, 1, 33, 63, 65, CE, false}, SGD, 0.0, false},
    {{33, 127, 1, 65, 1, MSE, false}, ADAM, 0.0, false}, {{3, 7, 63, 32, 31, MSE, false}, SGD, 0.0, false},
    {{13, 5, 3, 17, 3, CE, true}, ADAM, 0.1, true},      {{9, 3, 2, 33, 1, MSE, false}, SGD, 1.0, true},
    {{5, 4, 1, 5, 2, BCE, false}, ADAM, 0.0, true},
};

double rg_tolerance_forward(const struct rg_exercise_sizes *s) {
    return 4.0 * ceil(log2(3.0 * (double)s->steps)) * RG_EPS;
}

double rg_tolerance_backward(const struct rg_exercise_sizes *s) {
    const double across = (double)(s->hidden > s->batch ? s->hidden : s->batch);
    return 8.0 * ceil(log2(3.0 * across * (double)s->steps)) * RG_EPS;
}

void rg_checks_add(struct rg_checks *checks, const char *subject, const char *quantity, double error,
                   double tolerance) {
    char name[160];
    (void)snprintf(name, sizeof name, "%s: %s", subject, quantity);
    const struct rg_selftest_check check = {name, error, tolerance, error <= tolerance};
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

rg_status rg_selftest_run(struct rg_device *device, bool full, rg_selftest_report *report, void *context) {
    struct rg_checks checks = {.report = report, .context = context};
    if (full) {
        RG_TRY(rg_check_reference(&checks));
    }
    RG_TRY(rg_check_peak(&checks, device));
    RG_TRY(rg_check_adding(&checks, device));
    RG_TRY(rg_check_gather(&checks, device));
    RG_TRY(rg_check_step_terms(&checks, device));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (full || cases[i].quick) {
            RG_TRY(rg_check_updates(&checks, device, &cases[i]));
        }
    }
    if (checks.failed == 0) {
        return RG_OK;
    }
    return rg_fail(RG_CHECK_FAILED,
                   "self-test of %s: %zu of %zu checks failed, the worst %s (error %.3g, at most %.3g allowed); "
                   "use --device cpu and report the device and its driver, %s",
                   device->info.name, checks.failed, checks.count, checks.worst, checks.worst_error,
                   checks.worst_tolerance, device->info.version);
}

rg_status rg_selftest_quick(struct rg_device *device) {
    return rg_selftest_run(device, false, NULL, NULL);
}
