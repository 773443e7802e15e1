/* The directory of a zip archive: see zip_directory.h. */
#include "files/zip_directory.h"

#include <string.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

enum {
    END_BYTES = 22,     /* end of central directory without its comment */
    LOCATOR_BYTES = 20, /* zip64 locator, directly before it */
    END64_BYTES = 56,
    ENTRY_BYTES = 46, /* directory entry without name, extra fields and comment */
    LOCAL_BYTES = 30, /* header of a member without name and extra fields */
    TAIL_BYTES = END_BYTES + LOCATOR_BYTES + 65535,
    EXTRA_MAX = 65535,
    STORED = 0
};

static uint64_t little_endian(const unsigned char *bytes, size_t count) {
    uint64_t value = 0;
    while (count-- > 0) {
        value = value << 8 | bytes[count];
    }
    return value;
}

/* Read the end record at `at` of the tail, or its zip64 version if a locator precedes it. */
static rg_status read_end(const struct rg_source *source, const unsigned char *tail, size_t at, size_t tail_offset,
                          struct rg_zip_directory *directory) {
    const unsigned char *end = tail + at;
    *directory = (struct rg_zip_directory){.members = little_endian(end + 10, 2),
                                           .bytes = little_endian(end + 12, 4),
                                           .offset = little_endian(end + 16, 4),
                                           .end = tail_offset + at};
    if (at < LOCATOR_BYTES || memcmp(end - LOCATOR_BYTES, "PK\6\7", 4) != 0) {
        return RG_OK;
    }
    unsigned char end64[END64_BYTES];
    const uint64_t offset = little_endian(end - LOCATOR_BYTES + 8, 8);
    if (source->bytes < sizeof end64 || offset > source->bytes - sizeof end64) {
        return rg_fail(RG_BAD_FILE, "%s: the zip64 end record lies outside the file", source->label);
    }
    RG_TRY(rg_source_read_at(source, (size_t)offset, end64, sizeof end64));
    *directory = (struct rg_zip_directory){.members = little_endian(end64 + 32, 8),
                                           .bytes = little_endian(end64 + 40, 8),
                                           .offset = little_endian(end64 + 48, 8),
                                           .end = offset};
    return RG_OK;
}

/* Check that the directory has as many entries as the end record says, and no more than the limit. */
static rg_status walk_directory(const struct rg_source *source, const struct rg_zip_directory *directory) {
    if (directory->members > RG_NPZ_MEMBERS_MAX) {
        return rg_fail(RG_BAD_FILE, "%s: announces %ju members, more than the limit of %d", source->label,
                       (uintmax_t)directory->members, RG_NPZ_MEMBERS_MAX);
    }
    uint64_t left = directory->bytes;
    size_t offset = (size_t)directory->offset;
    uint64_t members = 0;
    while (left > 0 && members < directory->members) {
        unsigned char entry[ENTRY_BYTES];
        if (left < sizeof entry) {
            break;
        }
        RG_TRY(rg_source_read_at(source, offset, entry, sizeof entry));
        const uint64_t bytes =
            ENTRY_BYTES + little_endian(entry + 28, 2) + little_endian(entry + 30, 2) + little_endian(entry + 32, 2);
        if (memcmp(entry, "PK\1\2", 4) != 0 || bytes > left) {
            break;
        }
        left -= bytes;
        offset += (size_t)bytes;
        members++;
    }
    if (left > 0 || members < directory->members) {
        return rg_fail(RG_BAD_FILE, "%s: byte %zu: the directory does not hold the %ju members that it announces",
                       source->label, offset, (uintmax_t)directory->members);
    }
    return RG_OK;
}

/* libzip has three weaknesses. It allocates 300 bytes for each member before the caller can check any. It allocates
 * memory for 65,535 more if a directory is longer than announced. It is slow for names that are chosen to collide. So
 * every place that libzip may take for an end record is checked here first. */
rg_status rg_zip_check(const struct rg_source *source, struct rg_zip_directory *last) {
    const size_t length = rg_min(source->bytes, TAIL_BYTES);
    const size_t tail_offset = source->bytes - length;
    unsigned char *tail = NULL;
    rg_status status = RG_OK;
    *last = (struct rg_zip_directory){.members = 0};
    RG_TRY(rg_alloc(&tail, length, 1, "end of an npz file"));
    RG_TRY_GOTO(rg_source_read_at(source, tail_offset, tail, length));
    for (size_t at = 0; at + END_BYTES <= length; at++) {
        struct rg_zip_directory directory;
        if (memcmp(tail + at, "PK\5\6", 4) != 0) {
            continue;
        }
        RG_TRY_GOTO(read_end(source, tail, at, tail_offset, &directory));
        /* Other places are chance bytes of the data, which libzip skips. */
        if (directory.bytes <= directory.end && directory.offset <= directory.end - directory.bytes) {
            RG_TRY_GOTO(walk_directory(source, &directory));
            *last = directory;
        }
    }
cleanup:
    rg_free(tail);
    return status;
}

/* ---- Places of members ---- */

/* The zip64 extra field has those of size, compressed size and offset whose place in the entry is all ones. */
static uint64_t wide_offset(const unsigned char *entry, const unsigned char *extra, size_t bytes) {
    const uint64_t offset = little_endian(entry + 42, 4);
    size_t before = 0;
    before += little_endian(entry + 24, 4) == UINT32_MAX ? 8 : 0;
    before += little_endian(entry + 20, 4) == UINT32_MAX ? 8 : 0;
    for (size_t at = 0; offset == UINT32_MAX && at + 4 <= bytes;) {
        const size_t length = (size_t)little_endian(extra + at + 2, 2);
        if (little_endian(extra + at, 2) == 1 && before + 8 <= length && at + 4 + length <= bytes) {
            return little_endian(extra + at + 4 + before, 8);
        }
        at += 4 + length;
    }
    return offset;
}

/* The first byte of the member's data, after the header at `at`; 0 if there is no such header in the file. */
static rg_status skip_header(const struct rg_source *source, uint64_t at, uint64_t bytes, size_t *out) {
    unsigned char local[LOCAL_BYTES];
    *out = 0;
    if (at > source->bytes || source->bytes - at < sizeof local) {
        return RG_OK;
    }
    RG_TRY(rg_source_read_at(source, (size_t)at, local, sizeof local));
    const uint64_t first = at + LOCAL_BYTES + little_endian(local + 26, 2) + little_endian(local + 28, 2);
    if (memcmp(local, "PK\3\4", 4) == 0 && first <= source->bytes && bytes <= source->bytes - first) {
        *out = (size_t)first;
    }
    return RG_OK;
}

rg_status rg_zip_place(const struct rg_source *source, const struct rg_zip_directory *directory,
                       const struct rg_zip_member *wanted, size_t *offset) {
    unsigned char *extra = NULL;
    size_t at = (size_t)directory->offset;
    rg_status status = RG_OK;
    *offset = 0;
    RG_TRY(rg_alloc(&extra, (size_t)2 * EXTRA_MAX, 1, "an entry of an npz file"));
    for (uint64_t i = 0; i < directory->members && *offset == 0; i++) {
        unsigned char entry[ENTRY_BYTES];
        RG_TRY_GOTO(rg_source_read_at(source, at, entry, sizeof entry));
        const size_t name = (size_t)little_endian(entry + 28, 2), more = (size_t)little_endian(entry + 30, 2);
        if (name == strlen(wanted->name) && little_endian(entry + 10, 2) == STORED &&
            little_endian(entry + 16, 4) == wanted->crc) {
            RG_TRY_GOTO(rg_source_read_at(source, at + ENTRY_BYTES, extra, name + more));
            if (memcmp(extra, wanted->name, name) == 0) {
                RG_TRY_GOTO(skip_header(source, wide_offset(entry, extra + name, more), wanted->bytes, offset));
            }
        }
        at += ENTRY_BYTES + name + more + (size_t)little_endian(entry + 32, 2);
    }
cleanup:
    rg_free(extra);
    return status;
}
