/* `rnn-gpu selftest`: every kernel against the float64 reference on one device, a line a check. */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/setup.h"
#include "report/json_lines.h"
#include "selftest/selftest.h"

struct account {
    bool json;
    size_t checks, failed;
};

static void report(void *context, const struct rg_selftest_check *check) {
    struct account *const account = context;
    account->checks++;
    account->failed += check->passed ? 0 : 1;
    if (account->json) {
        rg_json_print(json_pack("{s:s, s:s, s:o, s:o, s:b}", "event", "check", "name", check->name, "error",
                                rg_json_real(check->error), "tolerance", rg_json_real(check->tolerance), "passed",
                                check->passed));
    } else {
        (void)printf("%-6s %8.2g of %8.2g  %s\n", check->passed ? "ok" : "FAILED", check->error, check->tolerance,
                     check->name);
    }
    (void)fflush(stdout);
}

rg_status rg_command_selftest(const struct rg_config *config) {
    struct rg_device *device = NULL;
    struct account account = {.json = config->json};
    RG_TRY(rg_setup_device(config, &device));
    const struct rg_device_info info = device->info;
    const rg_status status = rg_selftest_run(device, true, report, &account);
    rg_device_destroy(device);
    if (status != RG_OK && status != RG_CHECK_FAILED) {
        return status;
    }
    if (config->json) {
        rg_json_print(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "event", "end", "device", info.name, "backend",
                                info.backend, "version", info.version, "checks", (json_int_t)account.checks, "failed",
                                (json_int_t)account.failed));
    } else {
        (void)printf("%zu checks, %zu failed on %s (%s, %s)\n", account.checks, account.failed, info.name, info.backend,
                     info.version);
    }
    return status;
}
