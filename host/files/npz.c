/* Reader of NumPy's npz format: a zip archive whose members are npy files, stored or deflated.
 *
 * A small archive may hold large tensors (deflate reaches 1,032 : 1), so their size cannot be limited to twice the
 * file. These rules protect against zip bombs instead. An archive has at most 1,024 members. Their compressed sizes sum
 * to no more than the file. A stored member is as large as its bytes. A deflated member may declare at most 1,032 times
 * its bytes, and memory for it is allocated only after a first pass has found all declared bytes with the right
 * checksum. So memory never exceeds what the archive really contains. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "base/sizes.h"
#include "files/files.h"
#include "files/zip_directory.h"
#include "rnn_gpu/memory.h"

enum {
    DEFLATE_RATIO = 1032, /* 258 bytes from two bits */
    LABEL_BYTES = 512
};

/* ---- Members ---- */

struct archive {
    const struct rg_source *file;
    struct rg_zip_directory directory;
    zip_t *zip;
    const char *const *names; /* names of the members to read, NULL-ended; NULL: all */
    struct rg_tensors *list;
    uint64_t compressed; /* sum of the compressed sizes so far */
};

/* libzip reports many failed allocations as a damaged archive. errno, set to 0 before each call, tells them apart. */
static rg_status zip_failure(const char *label, zip_error_t *error) {
    const int code = zip_error_code_zip(error);
    if (errno == ENOMEM || code == ZIP_ER_MEMORY ||
        (code == ZIP_ER_ZLIB && zip_error_code_system(error) == Z_MEM_ERROR)) {
        return rg_fail(RG_NO_MEMORY, "%s: no memory to unpack it; free memory or use a smaller file", label);
    }
    return rg_fail(RG_BAD_FILE, "%s: %s; the archive is damaged", label, zip_error_strerror(error));
}

static rg_status open_archive(struct archive *archive) {
    int code = 0;
    const int fd = fcntl(archive->file->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", archive->file->label, strerror(errno));
    }
    errno = 0;
    archive->zip = zip_fdopen(fd, ZIP_CHECKCONS, &code);
    if (archive->zip != NULL) {
        return RG_OK;
    }
    const int reason = errno;
    close(fd);
    errno = reason;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const rg_status status = zip_failure(archive->file->label, &error);
    zip_error_fini(&error);
    return status;
}

static rg_status member_read(struct rg_source *source, void *out, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        errno = 0;
        const zip_int64_t n = zip_fread(source->zip_member, (char *)out + done, bytes - done);
        if (n < 0) {
            return zip_failure(source->label, zip_file_get_error(source->zip_member));
        }
        if (n == 0) {
            return rg_fail(RG_BAD_FILE, "%s: ends after %zu bytes, %zu are announced", source->label,
                           source->position + done, source->bytes);
        }
        done += (size_t)n;
    }
    return RG_OK;
}

/* Check that no bytes are left. libzip compares the checksum when it reaches the end. */
static rg_status member_end(struct rg_source *source) {
    char byte;
    errno = 0;
    const zip_int64_t n = zip_fread(source->zip_member, &byte, 1);
    if (n < 0) {
        return zip_failure(source->label, zip_file_get_error(source->zip_member));
    }
    return n == 0 ? RG_OK
                  : rg_fail(RG_BAD_FILE, "%s: is longer than the announced %zu bytes", source->label, source->bytes);
}

static rg_status member_open(const struct archive *archive, size_t index, struct rg_source *source) {
    source->position = 0;
    errno = 0;
    source->zip_member = zip_fopen_index(archive->zip, index, 0);
    return source->zip_member != NULL ? RG_OK : zip_failure(source->label, zip_get_error(archive->zip));
}

/* The first pass over a deflated member: reads all its bytes and the checksum without allocating memory. */
static rg_status member_verify(const struct archive *archive, size_t index, struct rg_source *source) {
    char scratch[1 << 14];
    RG_TRY(member_open(archive, index, source));
    rg_status status = RG_OK;
    while (status == RG_OK && source->position < source->bytes) {
        const size_t left = source->bytes - source->position;
        status = rg_source_read(source, scratch, rg_min(left, sizeof scratch));
    }
    if (status == RG_OK) {
        status = member_end(source);
    }
    zip_fclose(source->zip_member);
    return status;
}

/* Check the rules for the directory's entry. */
static rg_status check_entry(struct archive *archive, const zip_stat_t *entry, const char *label) {
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((entry->valid & wanted) != wanted || entry->encryption_method != ZIP_EM_NONE) {
        return rg_fail(RG_BAD_FILE, "%s: encrypted or incomplete member; save it with numpy.savez", label);
    }
    if (entry->comp_method != ZIP_CM_STORE && entry->comp_method != ZIP_CM_DEFLATE) {
        return rg_fail(RG_BAD_FILE, "%s: compression method %d is not supported; save it with numpy.savez", label,
                       entry->comp_method);
    }
    if (entry->comp_size > archive->file->bytes - archive->compressed) {
        return rg_fail(RG_BAD_FILE, "%s: the members' compressed sizes add up to more than the file", label);
    }
    archive->compressed += entry->comp_size;
    if (entry->comp_method == ZIP_CM_STORE ? entry->size != entry->comp_size
                                           : entry->size / DEFLATE_RATIO > entry->comp_size) {
        return rg_fail(RG_BAD_FILE, "%s: announces %ju bytes, which its %ju bytes in the file cannot hold", label,
                       (uintmax_t)entry->size, (uintmax_t)entry->comp_size);
    }
    return RG_OK;
}

/* The tensor's name is the member's name without .npy. */
static rg_status name_member(const struct archive *archive, size_t index) {
    errno = 0;
    const char *member = zip_get_name(archive->zip, index, ZIP_FL_ENC_GUESS);
    static const char ending[] = ".npy";
    if (member == NULL) {
        return zip_failure(archive->file->label, zip_get_error(archive->zip));
    }
    const size_t length = strlen(member);
    if (length < sizeof ending || strcmp(member + length - (sizeof ending - 1), ending) != 0) {
        return rg_fail(RG_BAD_FILE, "%s: member '%.80s' is not called NAME.npy; is this an npz file?",
                       archive->file->label, member);
    }
    char *name = NULL;
    RG_TRY(rg_tensors_hold(archive->list, length, "name of a tensor", &name));
    memcpy(name, member, length - (sizeof ending - 1));
    archive->list->items[index].name = name;
    return RG_OK;
}

static rg_status name_members(const struct archive *archive) {
    const size_t count = archive->list->count;
    const char **names = NULL;
    for (size_t i = 0; i < count; i++) {
        RG_TRY(name_member(archive, i));
    }
    RG_TRY(rg_alloc(&names, count, sizeof *names, "names of tensors"));
    for (size_t i = 0; i < count; i++) {
        names[i] = archive->list->items[i].name;
    }
    const char *twice = rg_find_duplicate(names, count);
    rg_free(names);
    return twice == NULL ? RG_OK
                         : rg_fail(RG_BAD_FILE, "%s: duplicate member '%.80s.npy'", archive->file->label, twice);
}

static bool is_wanted(const struct archive *archive, const char *name) {
    const char *const *wanted = archive->names;
    while (wanted != NULL && *wanted != NULL && strcmp(*wanted, name) != 0) {
        wanted++;
    }
    return wanted == NULL || *wanted != NULL;
}

/* A stored member is read from the file itself: libzip would copy its bytes twice more. */
static rg_status stored_read(struct rg_source *source, void *out, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        const size_t n = rg_min(bytes - done, RG_SOURCE_BLOCK);
        unsigned char *const block = (unsigned char *)out + done;
        RG_TRY(rg_source_read_at(source, source->base + source->position + done, block, n));
        source->crc = (uint32_t)crc32_z(source->crc, block, n);
        source->found = source->found || (source->look && !rg_floats_are_finite(block, n / sizeof(float)));
        done += n;
    }
    return RG_OK;
}

/* Where the data of a stored member are in the file; 0 if libzip must read them. */
static rg_status find_stored(const struct archive *archive, size_t index, const zip_stat_t *entry, size_t *offset) {
    const char *const name = zip_get_name(archive->zip, index, ZIP_FL_ENC_RAW);
    *offset = 0;
    if (name == NULL || entry->comp_method != ZIP_CM_STORE || (entry->valid & ZIP_STAT_CRC) == 0) {
        return RG_OK;
    }
    const struct rg_zip_member member = {.name = name, .bytes = entry->size, .crc = entry->crc};
    return rg_zip_place(archive->file, &archive->directory, &member, offset);
}

static rg_status read_stored(const struct archive *archive, size_t index, const zip_stat_t *entry,
                             struct rg_source *source) {
    RG_TRY(rg_npy_read(source, archive->list, &archive->list->items[index]));
    return source->crc == entry->crc ? RG_OK
                                     : rg_fail(RG_BAD_FILE, "%s: CRC error; the archive is damaged", source->label);
}

static rg_status read_member(struct archive *archive, size_t index) {
    struct rg_tensor *item = &archive->list->items[index];
    zip_stat_t entry;
    errno = 0;
    if (zip_stat_index(archive->zip, index, 0, &entry) != 0) {
        return zip_failure(archive->file->label, zip_get_error(archive->zip));
    }
    char label[LABEL_BYTES];
    snprintf(label, sizeof label, "%.400s(%.80s.npy)", archive->file->label, item->name);
    RG_TRY(check_entry(archive, &entry, label));
    if (!is_wanted(archive, item->name)) {
        return RG_OK;
    }
    struct rg_source source = {.label = label, .bytes = entry.size, .read = member_read, .fd = -1};
    RG_TRY(find_stored(archive, index, &entry, &source.base));
    if (source.base > 0) {
        source.fd = archive->file->fd;
        source.read = stored_read;
        source.looks = true;
        return read_stored(archive, index, &entry, &source);
    }
    if (entry.comp_method == ZIP_CM_DEFLATE) {
        RG_TRY(member_verify(archive, index, &source));
    }
    RG_TRY(member_open(archive, index, &source));
    rg_status status = rg_npy_read(&source, archive->list, item);
    if (status == RG_OK) {
        status = member_end(&source);
    }
    zip_fclose(source.zip_member);
    return status;
}

rg_status rg_npz_read(struct rg_source *source, const struct rg_tensors_reading *how, bool others,
                      struct rg_tensors **out) {
    struct archive archive = {.file = source, .names = how->names};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_zip_check(source, &archive.directory));
    RG_TRY_GOTO(open_archive(&archive));
    const size_t count = (size_t)zip_get_num_entries(archive.zip, 0);
    RG_TRY_GOTO(rg_tensors_create(&archive.list, count));
    archive.list->separate = true;
    archive.list->stay = how->stay;
    RG_TRY_GOTO(rg_tensors_hold(archive.list, count * sizeof *archive.list->offsets, "offsets of tensors",
                                &archive.list->offsets));
    RG_TRY_GOTO(
        rg_tensors_hold(archive.list, count * sizeof *archive.list->finite, "kinds of tensors", &archive.list->finite));
    RG_TRY_GOTO(others ? rg_tensors_hold_types(archive.list) : RG_OK);
    RG_TRY_GOTO(name_members(&archive));
    for (size_t i = 0; i < count; i++) {
        RG_TRY_GOTO(read_member(&archive, i));
    }
    zip_discard(archive.zip);
    *out = archive.list;
    return RG_OK;
cleanup:
    if (archive.zip != NULL) {
        zip_discard(archive.zip);
    }
    rg_tensors_destroy(archive.list);
    return status;
}
