/* The commands by name: see commands.h. */
#include "cli/commands/commands.h"

#include <string.h>

rg_status rg_command_run(const char *name, const struct rg_config *config) {
    static const struct {
        const char *name;
        rg_status (*run)(const struct rg_config *config);
    } commands[] = {
        {"train", rg_command_train},     {"grad", rg_command_grad},       {"predict", rg_command_predict},
        {"compare", rg_command_compare}, {"sweep", rg_command_sweep},     {"probe", rg_command_probe},
        {"bench", rg_command_bench},     {"devices", rg_command_devices}, {"selftest", rg_command_selftest},
        {"export", rg_command_export},   {"eval", rg_command_eval},       {"import", rg_command_import},
        {"inspect", rg_command_inspect}, {"verify", rg_command_verify},   {"runs", rg_command_runs},
        {"sample", rg_command_sample},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return commands[i].run(config);
        }
    }
    return rg_fail(RG_ERROR, "command %s is not part of this program", name);
}
