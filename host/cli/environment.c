/* See environment.h. */
#include "cli/environment.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cache.h"

void rg_environment_cache(void) {
    const char *const cache = getenv("XDG_CACHE_HOME"), *const home = getenv("HOME");
    const bool has_cache = cache && *cache == '/';
    char folder[RG_CACHE_PATH];
    const int length = snprintf(folder, sizeof folder, "%s%s/rnn-gpu",
                                has_cache ? cache
                                : home    ? home
                                          : "",
                                has_cache ? "" : "/.cache");
    const bool known = (has_cache || (home && *home == '/')) && (size_t)length < sizeof folder;
    (void)rg_cache_set_folder(known ? folder : NULL); /* a path that is too long keeps nothing either */
}

void rg_environment_guard(struct rg_guard_options *options) {
    const char *const seconds = getenv("RNN_GPU_DRIVER_SECONDS");
    options->driver_seconds = seconds ? strtol(seconds, NULL, 10) : 0;
    options->died = getenv(RG_GUARD_VARIABLE);
}

rg_status rg_environment_options(struct rg_config *config) {
    const char *const device = getenv("RNN_GPU_DEVICE"), *const limit = getenv("RNN_GPU_LAUNCH_SECONDS");
    char *end = NULL;
    if (device && device[0] != '\0' && !rg_config_gives(config, "device")) {
        config->machine.device = device;
        config->machine.device_of_environment = true;
    }
    if (!limit || limit[0] == '\0') {
        return RG_OK;
    }
    const double seconds = strtod(limit, &end);
    if (end == limit || *end || !(seconds >= 0.0 && seconds <= 1e6)) {
        return rg_fail(RG_USAGE, "RNN_GPU_LAUNCH_SECONDS=%s: give seconds, 0 for no limit", limit);
    }
    config->machine.launch_seconds = seconds > 0.0 ? seconds : INFINITY;
    return RG_OK;
}
