/* The directory of a zip archive, checked before libzip reads it, and where the data of its members are. */
#ifndef RNN_GPU_FILES_ZIP_DIRECTORY_H
#define RNN_GPU_FILES_ZIP_DIRECTORY_H

#include <stdint.h>

#include "files/files.h"

/* A central directory as described by an end record. */
struct rg_zip_directory {
    uint64_t members;
    uint64_t offset;
    uint64_t bytes;
    uint64_t end; /* offset of the end record; the directory must end before it */
};

/* Check that every directory which libzip may find has as many entries as it says, and no more than the limit. *last =
 * the last of them, without members if there is none. RG_BAD_FILE, RG_NO_MEMORY. */
rg_status rg_zip_check(const struct rg_source *source, struct rg_zip_directory *last);

/* A stored member, as libzip describes it. */
struct rg_zip_member {
    const char *name;
    uint64_t bytes;
    uint32_t crc;
};

/* *offset = where the member's data begin in the file; 0 if the directory has no such member, or its header is not
 * where the directory says: then only libzip can tell what is wrong. RG_BAD_FILE if the file cannot be read. */
rg_status rg_zip_place(const struct rg_source *source, const struct rg_zip_directory *directory,
                       const struct rg_zip_member *wanted, size_t *offset);

#endif
