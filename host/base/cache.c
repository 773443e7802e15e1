/* See cache.h. */
#include "base/cache.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

rg_status rg_cache_path(const char *name, char path[RG_CACHE_PATH]) {
    const char *const cache = getenv("XDG_CACHE_HOME"), *const home = getenv("HOME");
    const bool has_cache = cache && *cache == '/';
    path[0] = '\0';
    if (!has_cache && !(home && *home == '/')) {
        return rg_fail(RG_NOT_SAVED, "no folder for %s: set XDG_CACHE_HOME or HOME", name);
    }
    if (snprintf(path, RG_CACHE_PATH, "%s%s/rnn-gpu/%s", has_cache ? cache : home, has_cache ? "" : "/.cache", name) >=
        RG_CACHE_PATH) {
        path[0] = '\0';
        return rg_fail(RG_NOT_SAVED, "the path of %s in %s is too long", name, has_cache ? "XDG_CACHE_HOME" : "HOME");
    }
    return RG_OK;
}

void rg_cache_make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}
