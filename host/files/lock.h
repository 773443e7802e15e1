/* A folder into which only one process at a time writes results. The folder's file `lock` names the process. It is
 * locked (flock) while the process works, so a process that was killed leaves no lock. */
#ifndef RNN_GPU_FILES_LOCK_H
#define RNN_GPU_FILES_LOCK_H

#include "rnn_gpu/status.h"

#define RG_LOCK_NAME "lock"

struct rg_lock {
    int file; /* -1: no lock is held */
    char path[4096 + 8];
};

/* Take the lock of a folder, whose path may have at most 4,096 bytes. RG_NOT_SAVED if another process has it, with that
 * process's number, host and start time; or if the file is not one of rnn-gpu's or cannot be created. */
rg_status rg_lock_take(struct rg_lock *lock, const char *folder);

/* Release the lock and remove the file. No effect if no lock is held. */
void rg_lock_release(struct rg_lock *lock);

#endif
