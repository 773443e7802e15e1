/* Files that are kept between runs, such as tunings, in a folder that the caller of the library names. */
#ifndef RG_CACHE_H
#define RG_CACHE_H

#include "rnn_gpu/status.h"

enum { RG_CACHE_PATH = 4096 };

/* Set the folder for the whole process, before any device is opened. NULL, as at the start: nothing is kept. RG_USAGE:
 * the path is not absolute, or too long. */
rg_status rg_cache_set_folder(const char *folder);

/* Path of the file `name`. RG_NOT_SAVED: no folder is set, or the path is too long. */
rg_status rg_cache_path(const char *name, char path[RG_CACHE_PATH]);

/* Make the missing folders above a path. Failures are not reported: writing the file then fails. */
void rg_cache_make_folders(char *path);

#endif
