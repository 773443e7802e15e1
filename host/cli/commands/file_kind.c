/* Kinds of files: see file_kind.h. */
#include "cli/commands/file_kind.h"

#include <string.h>

#include "base/sizes.h"
#include "files/files.h"
#include "files/sections.h"

/* Do the first `bytes` bytes of a file begin with the `n` bytes of `with`? */
static bool begins(const unsigned char *head, size_t bytes, const char *with, size_t n) {
    return bytes >= n && memcmp(head, with, n) == 0;
}

rg_status rg_file_kind_of(const char *path, enum rg_file_kind *kind) {
    struct rg_source source;
    unsigned char head[16] = {0};
    RG_TRY(rg_source_open(&source, path));
    const size_t n = rg_min(source.bytes, sizeof head);
    const rg_status status = rg_source_read_at(&source, 0, head, n);
    rg_source_close(&source);
    RG_TRY(status);
    /* a safetensors file begins with the length of its header in 8 bytes; the header is a JSON object */
    *kind = begins(head, n, RG_SECTIONS_MAGIC, 8)  ? RG_FILE_CHECKPOINT
            : begins(head, n, "PK\003\004", 4)     ? RG_FILE_NPZ
            : begins(head, n, "PK\005\006", 4)     ? RG_FILE_NPZ /* an archive without members */
            : begins(head, n, "\223NUMPY", 6)      ? RG_FILE_NPY
            : n > 8 && begins(head + 8, 1, "{", 1) ? RG_FILE_SAFETENSORS
                                                   : RG_FILE_OTHER;
    return RG_OK;
}
