/* A folder that one process at a time writes results into: its file `lock` says which, and is locked (flock) while that
 * process works, so that a process that was killed leaves no lock. */
#ifndef RNN_GPU_FILES_LOCK_H
#define RNN_GPU_FILES_LOCK_H

#include "rnn_gpu/status.h"

#define RG_LOCK_NAME "lock"

struct rg_lock {
    int file; /* -1: none is held */
    char path[4096 + 8];
};

/* Take the lock of a folder whose path is at most 4,096 bytes long. RG_NOT_SAVED if another process has it, with its
 * number, host and since when; or if the file is somebody else's, or cannot be made. */
rg_status rg_lock_take(struct rg_lock *lock, const char *folder);

/* Give it back, and remove the file. Nothing to do where none is held. */
void rg_lock_release(struct rg_lock *lock);

#endif
