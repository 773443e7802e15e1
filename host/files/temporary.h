/* Temporary files: a file is written under such a name in its folder, and then renamed.
 *
 * The name, .rnn-gpu-PID-N.tmp, says which process made it. While that process lives, it holds a lock (flock) on the
 * file: one that can be locked was left behind by a process that was killed. */
#ifndef RNN_GPU_FILES_TEMPORARY_H
#define RNN_GPU_FILES_TEMPORARY_H

enum { RG_TEMPORARY_NAME = 48 };

struct rg_temporary {
    int folder;                   /* open while the file is there; borrowed */
    int lock;                     /* a second descriptor of the file, which holds the lock until its rename; -1: none */
    char name[RG_TEMPORARY_NAME]; /* in the folder; "" when there is none */
};

/* Make one in an open folder: a descriptor for writing, or -1 with errno. First removes those that dead processes left
 * in the folder. */
int rg_temporary_create(struct rg_temporary *temporary, int folder);

/* It has its final name now (`renamed`), or is not wanted: it is removed. Nothing to do where there is none. */
void rg_temporary_end(struct rg_temporary *temporary, int renamed);

/* Remove all that this process has. For a signal handler that ends the process. */
void rg_temporaries_remove(void);

#endif
