/* The order of the self-test, and the account of its checks. */
#include "verify/selftest/selftest.h"

#include <math.h>
#include <stdio.h>

#include "base/stop.h"
#include "verify/selftest/cases.h"
#include "verify/selftest/checks.h"

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

/* Every kernel, be it with all checks or a few. */
static bool takes_all(const struct rg_selftest_scope *scope) {
    return scope->full || scope->cell == RG_N_CELLS;
}

static bool in_scope(const struct rg_selftest_scope *scope, const struct rg_exercise_net *net) {
    const bool learned = net->skip > 0 && net->skip_kind == RG_SKIP_LEARNED;
    const bool stacked = net->layers > 1;
    const bool reads = net->readout == RG_READOUT_LAST || net->readout == scope->readout;
    return scope->full || ((takes_all(scope) || (net->cell == scope->cell && reads && (!stacked || scope->stacked))) &&
                           (!learned || scope->learned));
}

static rg_status check_updates(struct rg_checks *checks, struct rg_device *device,
                               const struct rg_selftest_scope *scope, const struct rg_update_case *one, bool initial,
                               size_t words) {
    struct rg_update_case mine = *one;
    RG_TRY(rg_stop_check());
    /* Where two steps nearly tie, TF32's rounding moves the largest value to the other step, and the gradient goes with
     * it: no bound holds. Readouts are always computed in float, so devices in float check this one. */
    if (device->info.tf32 && one->net.readout == RG_READOUT_MAX) {
        return RG_OK;
    }
    if (!scope->full && (!one->quick || !in_scope(scope, &one->net))) {
        return RG_OK;
    }
    if (!takes_all(scope) && ((one->sizes.outputs >= RG_WIDE_OUTPUTS && !scope->wide) || (words && !scope->embedded))) {
        return RG_OK;
    }
    if (!takes_all(scope)) {
        mine.optimizer = scope->optimizer == RG_OPT_ADAMW      ? RG_OPT_ADAM
                         : scope->optimizer == RG_OPT_NESTEROV ? RG_OPT_MOMENTUM
                                                               : scope->optimizer;
    }
    return rg_check_updates(checks, device, &mine, initial, words);
}

rg_status rg_selftest_run(struct rg_device *device, const struct rg_selftest_scope *scope, rg_selftest_report *report,
                          void *context) {
    const enum rg_cell dropped = scope->cell == RG_N_CELLS ? RG_CELL_GRU : scope->cell;
    struct rg_checks checks = {.report = report, .context = context};
    if (scope->full) {
        RG_TRY(rg_check_reference(&checks));
        RG_TRY(rg_stop_check());
    }
    if (takes_all(scope)) {
        RG_TRY(rg_check_peak(&checks, device));
    }
    if (takes_all(scope) || scope->marks) {
        RG_TRY(rg_check_marks(&checks, device));
    }
    if (takes_all(scope) || scope->symbols) {
        RG_TRY(rg_check_symbols(&checks, device));
    }
    RG_TRY(rg_check_gather(&checks, device));
    bool terms = false; /* one is enough for the few */
    for (size_t i = 0; i < rg_n_selftest_step_terms; i++) {
        if (scope->full || (!terms && in_scope(scope, &rg_selftest_step_terms[i].net))) {
            RG_TRY(rg_check_step_terms(&checks, device, &rg_selftest_step_terms[i]));
            terms = true;
        }
    }
    for (enum rg_cell cell = 0; cell < RG_N_CELLS; cell++) {
        if (scope->full || (cell == dropped && (takes_all(scope) || scope->stacked))) {
            RG_TRY(rg_check_dropout(&checks, device, cell));
        }
    }
    for (size_t i = 0; i < rg_n_selftest_cases; i++) {
        RG_TRY(check_updates(&checks, device, scope, &rg_selftest_cases[i], false, 0));
    }
    for (size_t i = 0; (takes_all(scope) || scope->initial) && i < rg_n_selftest_initial_cases; i++) {
        RG_TRY(check_updates(&checks, device, scope, &rg_selftest_initial_cases[i], true, 0));
    }
    for (size_t i = 0; i < rg_n_selftest_embedded_cases; i++) {
        RG_TRY(check_updates(&checks, device, scope, &rg_selftest_embedded_cases[i], false,
                             rg_selftest_embedded_cases[i].sizes.steps));
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

rg_status rg_selftest_quick(struct rg_device *device, const struct rg_selftest_scope *scope) {
    return rg_selftest_run(device, scope, NULL, NULL);
}
