/* Names of files in the folder of --out. */
#ifndef RG_OUT_NAME_H
#define RG_OUT_NAME_H

#include <stdio.h>

#include "rnn_gpu/status.h"

enum { RG_OUT_PATH = 4096 };

/* *path = FOLDER/file. RG_USAGE if it is too long; `option`, without dashes, gives the folder. */
static inline rg_status rg_out_name(const char *option, const char *folder, const char *file, char path[RG_OUT_PATH]) {
    return snprintf(path, RG_OUT_PATH, "%s/%s", folder, file) < RG_OUT_PATH
               ? RG_OK
               : rg_fail(RG_USAGE, "--%s: DIR/%s is longer than %d bytes", option, file, RG_OUT_PATH - 1);
}

#endif
