/* A folder into which only one process at a time writes results. The folder's file `lock` names the process. It is
 * locked (flock) while the process works, so a process that was killed leaves no lock. */
#ifndef RNN_GPU_FILES_LOCK_H
#define RNN_GPU_FILES_LOCK_H

#include "rnn_gpu/status.h"

#define RG_LOCK_NAME "lock"

struct rg_lock {
    int file;   /* -1: no lock is held */
    int folder; /* the locked folder itself, whatever has its name now; -1: none */
    char path[4096 + 8];
};

/* A lock that is not held. */
#define RG_LOCK_NONE ((struct rg_lock){.file = -1, .folder = -1})

/* Take the lock of a folder, whose path may have at most 4,096 bytes. RG_NOT_SAVED if another process has it, with that
 * process's number, host and start time; or if the file is not one of rnn-gpu's or cannot be created. */
rg_status rg_lock_take(struct rg_lock *lock, const char *folder);

/* RG_NOT_SAVED if the folder of that name is not the locked one any more, because someone deleted it or made it anew,
 * or if another process locked it since. RG_OK if no lock is held. Call it before a file in the folder is replaced. */
rg_status rg_lock_check(const struct rg_lock *lock);

/* Release the lock and remove the file, unless it is another process's by now. No effect if no lock is held. */
void rg_lock_release(struct rg_lock *lock);

#endif
