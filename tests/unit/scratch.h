/* A folder of a test's own, under TMPDIR or /tmp. */
#ifndef RNN_GPU_TESTS_SCRATCH_H
#define RNN_GPU_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

/* Make the folder and put its path into `folder`; `bytes` is that array's size. */
static inline void make_scratch_folder(char *folder, size_t bytes) {
    const char *const root = getenv("TMPDIR");
    const int length = snprintf(folder, bytes, "%s/rnn-gpu-test-XXXXXX", root ? root : "/tmp");
    ck_assert_msg(length > 0 && (size_t)length < bytes, "TMPDIR is too long");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

#endif
