/* `rnn-gpu selftest`: compare every kernel with the float64 reference on one device. It prints one line for each
 * subject, or with --json one for each check. */
#include "verify/selftest/selftest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/guard.h"
#include "cli/commands/commands.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "files/json_lines.h"
#include "train/device_setup.h"

struct account {
    bool json;
    size_t width;
    struct rg_json_lines lines; /* with json */
    size_t checks, failed;
    /* the present subject, and its check that is closest to its tolerance or furthest beyond it */
    char subject[160], quantity[96];
    double error, tolerance;
    bool passed;
};

/* Print a line for a subject, with its worst check. */
static void print_subject(const struct account *a) {
    if (a->subject[0]) {
        rg_lines_format(stdout, a->width, 28, "%-6s %8.2g of %8.2g  %s: %s", a->passed ? "ok" : "FAILED", a->error,
                        a->tolerance, a->subject, a->quantity);
        (void)fflush(stdout);
    }
}

/* Is it worse? NaN is worst. */
static bool is_worse(const struct rg_selftest_check *check, const struct account *than) {
    return !isnan(than->error) && !(check->error * than->tolerance <= than->error * check->tolerance);
}

static void note(struct account *a, const struct rg_selftest_check *check) {
    const bool other = strcmp(a->subject, check->subject) != 0;
    if (other) {
        print_subject(a);
        (void)snprintf(a->subject, sizeof a->subject, "%s", check->subject);
        a->passed = true;
    }
    if (other || is_worse(check, a)) {
        (void)snprintf(a->quantity, sizeof a->quantity, "%s", check->quantity);
        a->error = check->error;
        a->tolerance = check->tolerance;
    }
    a->passed = a->passed && check->passed;
}

static void report(void *context, const struct rg_selftest_check *check) {
    struct account *const account = context;
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    account->checks++;
    account->failed += check->passed ? 0 : 1;
    if (!account->json) {
        note(account, check);
        return;
    }
    rg_json_lines_write(&account->lines, rg_json_pack("{s:s, s:s, s:o, s:o, s:b}", "event", "check", "name",
                                                      check->name, "error", rg_json_real(check->error), "tolerance",
                                                      rg_json_real(check->tolerance), "passed", check->passed));
}

rg_status rg_command_selftest(const struct rg_config *config) {
    struct rg_device *device = NULL;
    const struct rg_look look = rg_look_of(config);
    struct account account = {
        .json = config->output.json, .width = rg_look_text(&look), .lines = rg_json_lines_stdout()};
    RG_TRY(rg_setup_device(config, &device));
    const struct rg_device_info info = device->info;
    const rg_status status = rg_selftest_run(device, &(struct rg_selftest_scope){.full = true}, report, &account);
    rg_device_destroy(device);
    if (status != RG_OK && status != RG_CHECK_FAILED) {
        return status;
    }
    if (config->output.json) {
        rg_json_lines_write(&account.lines,
                            rg_json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "event", "end", "device", info.name,
                                         "backend", info.backend, "version", info.version, "math",
                                         rg_math_names[config->machine.math], "checks", (json_int_t)account.checks,
                                         "failed", (json_int_t)account.failed));
    } else {
        print_subject(&account);
        rg_lines_format(stdout, account.width, 2, "%zu checks, %zu failed on %s (%s, %s)%s", account.checks,
                        account.failed, info.name, info.backend, info.version, rg_device_math(&info));
    }
    const rg_status written = rg_json_lines_status(&account.lines);
    return written != RG_OK ? written : status;
}
