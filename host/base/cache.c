/* See cache.h. */
#include "base/cache.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char cache_folder[RG_CACHE_PATH]; /* "": nothing is kept */

rg_status rg_cache_set_folder(const char *folder) {
    if (folder && (*folder != '/' || strlen(folder) >= sizeof cache_folder)) {
        return rg_fail(RG_USAGE, "%.200s: the folder of kept files takes an absolute path of less than %d bytes",
                       folder, RG_CACHE_PATH);
    }
    (void)snprintf(cache_folder, sizeof cache_folder, "%s", folder ? folder : "");
    return RG_OK;
}

rg_status rg_cache_path(const char *name, char path[RG_CACHE_PATH]) {
    path[0] = '\0';
    if (!cache_folder[0]) {
        return rg_fail(RG_NOT_SAVED, "no folder for %s: set XDG_CACHE_HOME or HOME", name);
    }
    if (snprintf(path, RG_CACHE_PATH, "%s/%s", cache_folder, name) >= RG_CACHE_PATH) {
        path[0] = '\0';
        return rg_fail(RG_NOT_SAVED, "the path of %s in %.200s is too long", name, cache_folder);
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
