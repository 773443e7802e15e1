/* A file's fingerprint tells whether the file is still the one that was read. */
#ifndef RNN_GPU_FILES_FINGERPRINT_H
#define RNN_GPU_FILES_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

struct rg_fingerprint {
    uint64_t bytes;
    uint32_t crc; /* CRC-32 of all bytes */
};

/* Take the fingerprint of a regular file, block by block. RG_BAD_FILE if it cannot be read. */
rg_status rg_fingerprint_take(const char *path, struct rg_fingerprint *out);

bool rg_fingerprint_equal(const struct rg_fingerprint *a, const struct rg_fingerprint *b);

#endif
