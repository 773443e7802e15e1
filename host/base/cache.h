/* Files that are kept between runs, such as tunings: in the folder rnn-gpu of XDG_CACHE_HOME, or else of HOME/.cache.
 */
#ifndef RG_CACHE_H
#define RG_CACHE_H

#include "rnn_gpu/status.h"

enum { RG_CACHE_PATH = 4096 };

/* Path of the file `name`. RG_NOT_SAVED: neither variable holds an absolute path, or the path is too long. */
rg_status rg_cache_path(const char *name, char path[RG_CACHE_PATH]);

/* Make the missing folders above a path. A folder that cannot be made shows when the file is written. */
void rg_cache_make_folders(char *path);

#endif
