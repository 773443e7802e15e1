/* Writer of npz files: stored members, written from front to back.
 *
 * Every record carries its zip64 form, so one layout serves all sizes (PKWARE's APPNOTE 4.3 to 4.5):
 *
 *     member      local header, name, zip64 field (both sizes), npy header, data
 *     directory   for each member: central header, name, zip64 field (both sizes, offset)
 *     end         zip64 end record, its locator, end record */
#define _GNU_SOURCE
#include <string.h>
#include <zlib.h>

#include "base/sizes.h"
#include "base/stop.h"
#include "files/files.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

enum {
    VERSION = 45, /* zip64 */
    UTF8_NAMES = 1 << 11,
    NO_DATE = 0x21, /* 1 January 1980, so that equal tensors give equal files */
    NAME_MAX_BYTES = 65000,
    PIECE = 1 << 24 /* bytes of data that are written at once */
};
#define ALL_ONES32 0xFFFFFFFFu /* "look into the zip64 field" */

/* The directory's data of a member. */
struct member {
    uint64_t offset;
    uint64_t bytes;
    uint32_t crc;
};

struct archive {
    struct rg_writer file;
    struct rg_text record; /* the record under construction */
    struct member *members;
    uint64_t position;
};

static rg_status put(struct archive *archive, uint64_t value, size_t bytes) {
    char little[8];
    for (size_t i = 0; i < bytes; i++) {
        little[i] = (char)(unsigned char)(value >> 8 * i & 0xFF);
    }
    return rg_text_add(&archive->record, little, bytes);
}

/* The fields of a record in order: pairs of value and size, ended by size 0. */
struct field {
    uint64_t value;
    size_t bytes;
};

static rg_status put_fields(struct archive *archive, const struct field *fields) {
    for (; fields->bytes > 0; fields++) {
        RG_TRY(put(archive, fields->value, fields->bytes));
    }
    return RG_OK;
}

static rg_status put_name(struct archive *archive, const char *name) {
    RG_TRY(rg_text_add_string(&archive->record, name));
    return rg_text_add_string(&archive->record, ".npy");
}

static rg_status append(struct archive *archive, const void *data, size_t bytes) {
    RG_TRY(rg_writer_append(&archive->file, data, bytes));
    archive->position += bytes;
    return RG_OK;
}

/* In pieces, so that a signal is answered soon. */
static rg_status append_data(struct archive *archive, const char *data, size_t bytes) {
    for (size_t done = 0, n; done < bytes; done += n) {
        n = rg_min(bytes - done, PIECE);
        RG_TRY(rg_stop_check());
        RG_TRY(append(archive, data + done, n));
    }
    return RG_OK;
}

static rg_status flush(struct archive *archive) {
    RG_TRY(append(archive, archive->record.bytes, archive->record.length));
    archive->record.length = 0;
    return RG_OK;
}

static rg_status write_member(struct archive *archive, const struct rg_tensor *item, struct member *member) {
    char header[RG_NPY_HEADER_MAX];
    size_t header_bytes = 0;
    RG_TRY(rg_npy_header(archive->file.path, item, header, &header_bytes));
    const uLong crc = crc32_z(0, (const Bytef *)header, header_bytes);
    member->crc = (uint32_t)(item->data_bytes > 0 ? crc32_z(crc, item->data, item->data_bytes) : crc);
    member->bytes = header_bytes + item->data_bytes;
    member->offset = archive->position;
    const struct field fields[] = {
        {0x04034b50, 4},
        {VERSION, 2}, /* needed to read */
        {UTF8_NAMES, 2},
        {0, 2}, /* stored */
        {0, 2}, /* time */
        {NO_DATE, 2},
        {member->crc, 4},
        {ALL_ONES32, 4}, /* compressed size */
        {ALL_ONES32, 4}, /* size */
        {strlen(item->name) + 4, 2},
        {20, 2}, /* bytes of the zip64 field */
        {0, 0},
    };
    const struct field sizes[] = {{1, 2}, {16, 2}, {member->bytes, 8}, {member->bytes, 8}, {0, 0}};
    RG_TRY(put_fields(archive, fields));
    RG_TRY(put_name(archive, item->name));
    RG_TRY(put_fields(archive, sizes));
    RG_TRY(flush(archive));
    RG_TRY(append(archive, header, header_bytes));
    return append_data(archive, item->data, item->data_bytes);
}

static rg_status write_entry(struct archive *archive, const struct rg_tensor *item, const struct member *member) {
    const struct field fields[] = {
        {0x02014b50, 4},
        {VERSION, 2}, /* made by */
        {VERSION, 2}, /* needed to read */
        {UTF8_NAMES, 2},
        {0, 2}, /* stored */
        {0, 2}, /* time */
        {NO_DATE, 2},
        {member->crc, 4},
        {ALL_ONES32, 4}, /* compressed size */
        {ALL_ONES32, 4}, /* size */
        {strlen(item->name) + 4, 2},
        {28, 2},         /* bytes of the zip64 field */
        {0, 2},          /* bytes of the comment */
        {0, 2},          /* disk */
        {0, 2},          /* attributes */
        {0, 4},          /* attributes of the system */
        {ALL_ONES32, 4}, /* offset of the local header */
        {0, 0},
    };
    const struct field sizes[] = {{1, 2}, {24, 2}, {member->bytes, 8}, {member->bytes, 8}, {member->offset, 8}, {0, 0}};
    RG_TRY(put_fields(archive, fields));
    RG_TRY(put_name(archive, item->name));
    RG_TRY(put_fields(archive, sizes));
    return flush(archive);
}

static rg_status write_end(struct archive *archive, size_t count, uint64_t directory) {
    const uint64_t end = archive->position;
    const struct field fields[] = {
        {0x06064b50, 4}, /* zip64 end record */
        {44, 8},         /* bytes that follow */
        {VERSION, 2},    /* made by */
        {VERSION, 2},    /* needed to read */
        {0, 4},          /* disk */
        {0, 4},          /* disk of the directory */
        {count, 8},      /* on this disk */
        {count, 8},      {end - directory, 8},
        {directory, 8},  {0x07064b50, 4}, /* its locator */
        {0, 4},                           /* disk */
        {end, 8},        {1, 4},          /* disks */
        {0x06054b50, 4},                  /* end record */
        {0, 4},                           /* disks */
        {count, 2},                       /* on this disk */
        {count, 2},      {ALL_ONES32, 4}, /* bytes of the directory */
        {ALL_ONES32, 4},                  /* its offset */
        {0, 2},                           /* bytes of the comment */
        {0, 0},
    };
    /* NumPy recognises an archive without members by its first bytes, which must then be those of the plain end record.
     */
    const struct field nothing[] = {{0x06054b50, 4}, {0, 8}, {0, 8}, {0, 2}, {0, 0}};
    RG_TRY(put_fields(archive, count > 0 ? fields : nothing));
    return flush(archive);
}

static rg_status write_archive(struct archive *archive, const struct rg_tensor *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        RG_TRY(write_member(archive, &items[i], &archive->members[i]));
    }
    const uint64_t directory = archive->position;
    for (size_t i = 0; i < count; i++) {
        RG_TRY(write_entry(archive, &items[i], &archive->members[i]));
    }
    RG_TRY(write_end(archive, count, directory));
    return rg_writer_commit(&archive->file);
}

rg_status rg_npz_write(const char *path, const struct rg_tensor *items, size_t count) {
    struct archive archive = {.file = {.fd = -1, .folder = -1}};
    rg_status status = RG_OK;
    RG_TRY(rg_tensors_check_output(path, items, count));
    if (count > RG_NPZ_MEMBERS_MAX) {
        return rg_fail(RG_NOT_SAVED,
                       "%s: cannot be saved: %zu tensors are more than the %d allowed in npz; choose "
                       "safetensors",
                       path, count, RG_NPZ_MEMBERS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(items[i].name) > NAME_MAX_BYTES) {
            return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: the name '%.40s...' is too long for npz", path,
                           items[i].name);
        }
    }
    RG_TRY_GOTO(rg_alloc(&archive.members, count, sizeof *archive.members, "members of an npz file"));
    RG_TRY_GOTO(rg_writer_open(&archive.file, path));
    RG_TRY_GOTO(write_archive(&archive, items, count));
cleanup:
    if (status != RG_OK) {
        rg_writer_abandon(&archive.file);
    }
    rg_text_destroy(&archive.record);
    rg_free(archive.members);
    return status;
}
