/* The order of the self-test. */
#include "verify/selftest/selftest.h"

#include <math.h>

#include "base/stop.h"
#include "verify/selftest/cases.h"
#include "verify/selftest/checks.h"

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

/* A wide head has kernels of its own, the same for every cell: one cell is enough for few checks. */
static bool takes_wide(const struct rg_selftest_scope *scope, enum rg_cell cell) {
    return scope->full || (scope->cell == RG_N_CELLS ? cell == RG_CELL_RNN : scope->wide);
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
    if (one->sizes.outputs >= RG_WIDE_OUTPUTS && !takes_wide(scope, one->net.cell)) {
        return RG_OK;
    }
    if (words && !takes_all(scope) && !scope->embedded) {
        return RG_OK;
    }
    if (!takes_all(scope)) {
        mine.optimizer = scope->optimizer == RG_OPT_ADAMW      ? RG_OPT_ADAM
                         : scope->optimizer == RG_OPT_NESTEROV ? RG_OPT_MOMENTUM
                                                               : scope->optimizer;
    }
    return rg_check_updates(checks, device, &mine, initial, words);
}

/* Check single kernels. */
static rg_status check_kernels(struct rg_checks *checks, struct rg_device *device,
                               const struct rg_selftest_scope *scope) {
    const bool all = takes_all(scope);
    RG_TRY(rg_check_layout(checks, device));
    /* a GPU's driver has compiled that kernel with the others of its program; PoCL would do it here */
    RG_TRY(rg_check_specials(checks, device, all || device->info.is_gpu, all || !scope->wide));
    RG_TRY(all ? rg_check_peak(checks, device) : RG_OK);
    RG_TRY(all || scope->marks ? rg_check_marks(checks, device) : RG_OK);
    RG_TRY(all || scope->symbols ? rg_check_symbols(checks, device) : RG_OK);
    return rg_check_gather(checks, device);
}

/* Check the terms of a lag profile, then dropout. A full self-test does so for all nets, a quick one for one net each.
 */
static rg_status check_terms_and_dropout(struct rg_checks *checks, struct rg_device *device,
                                         const struct rg_selftest_scope *scope) {
    const enum rg_cell dropped = scope->cell == RG_N_CELLS ? RG_CELL_GRU : scope->cell;
    bool done = false;
    for (size_t i = 0; i < rg_n_selftest_step_terms; i++) {
        if (scope->full || (!done && in_scope(scope, &rg_selftest_step_terms[i].net))) {
            RG_TRY(rg_check_step_terms(checks, device, &rg_selftest_step_terms[i]));
            done = true;
        }
    }
    for (enum rg_cell cell = 0; cell < RG_N_CELLS; cell++) {
        if (scope->full || (cell == dropped && (takes_all(scope) || scope->stacked))) {
            RG_TRY(rg_check_dropout(checks, device, cell));
        }
    }
    return RG_OK;
}

/* Check whole updates. */
static rg_status check_cases(struct rg_checks *checks, struct rg_device *device,
                             const struct rg_selftest_scope *scope) {
    for (size_t i = 0; i < rg_n_selftest_cases; i++) {
        RG_TRY(check_updates(checks, device, scope, &rg_selftest_cases[i], false, 0));
    }
    for (size_t i = 0; (takes_all(scope) || scope->initial) && i < rg_n_selftest_initial_cases; i++) {
        RG_TRY(check_updates(checks, device, scope, &rg_selftest_initial_cases[i], true, 0));
    }
    for (size_t i = 0; i < rg_n_selftest_embedded_cases; i++) {
        const struct rg_update_case *const one = &rg_selftest_embedded_cases[i];
        RG_TRY(check_updates(checks, device, scope, one, false, one->sizes.steps));
    }
    return RG_OK;
}

rg_status rg_selftest_run(struct rg_device *device, const struct rg_selftest_scope *scope, rg_selftest_report *report,
                          void *context) {
    struct rg_checks checks = {.report = report, .context = context, .updates = scope->updates};
    if (scope->full) {
        RG_TRY(rg_check_reference(&checks));
        RG_TRY(rg_stop_check());
    }
    RG_TRY(check_kernels(&checks, device, scope));
    RG_TRY(check_terms_and_dropout(&checks, device, scope));
    RG_TRY(check_cases(&checks, device, scope));
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
