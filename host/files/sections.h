/* A file of named sections with checksums: the format of checkpoints.
 *
 *     bytes           contents
 *     0 … 7           the magic number RG_SECTIONS_MAGIC
 *     8 … 11          the format, 1
 *     12 … 15         n, the number of sections
 *     16 … 23         the size of the file
 *     24 … 27         CRC-32 of everything before the first section, computed with zeros here
 *     28 … 31         zeros
 *     32 … 32 + 64 n  a row for each section: its name [40], padded with zeros; its offset, a multiple of 64; its size;
 *                     its CRC-32; four zeros
 *
 * The sections follow in the order of their rows, with zeros between them. Numbers are little-endian. So every bit of
 * the file is under a checksum or must be zero, and a truncated file does not have its size. */
#ifndef RNN_GPU_FILES_SECTIONS_H
#define RNN_GPU_FILES_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

#define RG_SECTIONS_MAGIC "\x89RGckpt\n"
enum { RG_SECTIONS_FORMAT = 1, RG_SECTIONS_MAX = 64, RG_SECTION_NAME = 40, RG_NUMBERS_MAX = 128 };

struct rg_section {
    char name[RG_SECTION_NAME];
    void *data; /* aligned to 64 bytes; NULL if there are no bytes */
    size_t bytes;
};

/* A named number. All numbers are in the section "numbers". */
struct rg_number {
    char name[RG_SECTION_NAME - 1];
    char kind; /* 'u': a whole number, 'd': a double */
    uint64_t bits;
};

/* Sections that are being built, or that were read. */
struct rg_sections {
    const char *path; /* for messages; borrowed */
    size_t n, n_numbers;
    struct rg_section items[RG_SECTIONS_MAX];
    struct rg_number numbers[RG_NUMBERS_MAX];
    void *file;      /* if the sections were read: the file's bytes, which the items point into */
    bool is_foreign; /* the file has another format */
};

/* No sections yet. RG_NO_MEMORY. */
rg_status rg_sections_create(struct rg_sections **out);
void rg_sections_destroy(struct rg_sections *sections); /* NULL allowed */

/* Add a zeroed section, which the caller fills in. *out = its memory, which belongs to the list. RG_NO_MEMORY. */
rg_status rg_sections_add(struct rg_sections *sections, const char *name, size_t bytes, void *out);
rg_status rg_sections_add_text(struct rg_sections *sections, const char *name, const char *text);

/* Add a number. The name must be new. */
void rg_sections_put(struct rg_sections *sections, const char *name, uint64_t value);
void rg_sections_put_real(struct rg_sections *sections, const char *name, double value);

/* The section, or NULL. */
const struct rg_section *rg_sections_find(const struct rg_sections *sections, const char *name);

/* *out = the data of a section, which must exist with exactly `bytes` bytes. RG_BAD_FILE. */
rg_status rg_sections_get(const struct rg_sections *sections, const char *name, size_t bytes, const void **out);

/* *out = the text of a section, NUL-terminated. RG_BAD_FILE if it is missing or was not written by
 * rg_sections_add_text. */
rg_status rg_sections_get_text(const struct rg_sections *sections, const char *name, char **out);

/* A number, which must exist. RG_BAD_FILE if it is missing, of the other kind, or above `max`. */
rg_status rg_sections_number(const struct rg_sections *sections, const char *name, uint64_t max, uint64_t *out);
rg_status rg_sections_real(const struct rg_sections *sections, const char *name, double *out);

/* Write the file under a temporary name, sync it, rename it, and sync the folder. RG_NOT_SAVED. */
rg_status rg_sections_write(const struct rg_sections *sections, const char *path);

/* Read and check a whole file. RG_BAD_FILE names the damaged section or the header. Memory stays below twice the file
 * plus 1 MiB. `path` is borrowed. *foreign: the header is intact, but its format is unknown to this version. */
rg_status rg_sections_read(const char *path, struct rg_sections **out, bool *foreign);

#endif
