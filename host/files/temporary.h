/* Temporary files. A file is written under such a name in its folder and then renamed.
 *
 * The name, .rnn-gpu-PID-N.tmp, contains the process that created it. While that process lives, it holds a lock (flock)
 * on the file. So a file that can be locked was left by a process that was killed. */
#ifndef RNN_GPU_FILES_TEMPORARY_H
#define RNN_GPU_FILES_TEMPORARY_H

enum { RG_TEMPORARY_NAME = 48 };

struct rg_temporary {
    int folder; /* open while the file exists; borrowed */
    /* a second descriptor of the file, which holds the lock until the rename; -1: none */
    int lock;
    char name[RG_TEMPORARY_NAME]; /* in the folder; "" if there is no file */
};

/* Create a temporary file in an open folder. Returns a descriptor for writing, or -1 with errno. First removes files
 * that dead processes left in the folder. */
int rg_temporary_create(struct rg_temporary *temporary, int folder);

/* Call it when the file has its final name (`renamed`) or is not wanted, and is then removed. No effect if there is no
 * file. */
void rg_temporary_end(struct rg_temporary *temporary, int renamed);

/* Remove all temporary files of this process. For a signal handler that ends the process. */
void rg_temporaries_remove(void);

#endif
