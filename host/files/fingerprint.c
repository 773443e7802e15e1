/* Fingerprints of files: see fingerprint.h. */
#include "files/fingerprint.h"

#include <zlib.h>

#include "base/sizes.h"
#include "files/files.h"
#include "rnn_gpu/memory.h"

enum { BLOCK = 1 << 18 };

static rg_status read_all(struct rg_source *source, unsigned char *block, struct rg_fingerprint *out) {
    unsigned long crc = crc32_z(0, NULL, 0);
    while (source->position < source->bytes) {
        const size_t left = source->bytes - source->position, n = rg_min(left, BLOCK);
        RG_TRY(rg_source_read(source, block, n));
        crc = crc32_z(crc, block, n);
    }
    *out = (struct rg_fingerprint){source->bytes, (uint32_t)crc};
    return RG_OK;
}

rg_status rg_fingerprint_take(const char *path, struct rg_fingerprint *out) {
    struct rg_source source;
    unsigned char *block = NULL;
    *out = (struct rg_fingerprint){0, 0};
    RG_TRY(rg_source_open(&source, path));
    rg_status status = rg_alloc(&block, BLOCK, 1, "a block of a file");
    status = status == RG_OK ? read_all(&source, block, out) : status;
    rg_free(block);
    rg_source_close(&source);
    return status;
}

bool rg_fingerprint_equal(const struct rg_fingerprint *a, const struct rg_fingerprint *b) {
    return a->bytes == b->bytes && a->crc == b->crc;
}
