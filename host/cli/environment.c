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

enum { MAX_DRIVER_SECONDS = 99999 };

/* The seconds of RNN_GPU_DRIVER_SECONDS; 0: it is not set, -1: it is not such a number. */
static long driver_seconds(const char *text) {
    char *end = NULL;
    if (!text || text[0] == '\0') {
        return 0;
    }
    const long seconds = strtol(text, &end, 10);
    return *end == '\0' && seconds >= 1 && seconds <= MAX_DRIVER_SECONDS ? seconds : -1;
}

void rg_environment_guard(struct rg_guard_options *options) {
    options->driver_seconds = driver_seconds(getenv("RNN_GPU_DRIVER_SECONDS"));
    options->died = getenv(RG_GUARD_VARIABLE);
}

/* RNN_GPU_LAUNCH_SECONDS, for config->machine.launch_seconds. */
static rg_status limit_launches(struct rg_config *config) {
    const char *const limit = getenv("RNN_GPU_LAUNCH_SECONDS");
    char *end = NULL;
    if (!limit || limit[0] == '\0') {
        return RG_OK;
    }
    const double seconds = strtod(limit, &end);
    if (end == limit || *end || !(seconds >= 0.0 && seconds <= 1e6)) {
        return rg_fail(RG_USAGE, "RNN_GPU_LAUNCH_SECONDS=%.80s: give seconds, 0 for no limit", limit);
    }
    config->machine.launch_seconds = seconds > 0.0 ? seconds : INFINITY;
    return RG_OK;
}

rg_status rg_environment_options(struct rg_config *config) {
    const char *const device = getenv("RNN_GPU_DEVICE"), *const patience = getenv("RNN_GPU_DRIVER_SECONDS");
    if (device && device[0] != '\0' && !rg_config_gives(config, "device")) {
        config->machine.device = device;
        config->machine.device_of_environment = true;
    }
    if (driver_seconds(patience) < 0) {
        return rg_fail(RG_USAGE, "RNN_GPU_DRIVER_SECONDS=%.80s: give whole seconds, 1 to %d", patience,
                       MAX_DRIVER_SECONDS);
    }
    return limit_launches(config);
}
