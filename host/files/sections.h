/* A file of named sections with checksums: what a checkpoint is made of.
 *
 *     bytes           hold
 *     0 … 7           the magic number RG_SECTIONS_MAGIC
 *     8 … 11          the format, 1
 *     12 … 15         n, the number of sections
 *     16 … 23         the size of the file
 *     24 … 27         CRC-32 of everything before the first section, computed with zeros in this place
 *     28 … 31         zeros
 *     32 … 32 + 64 n  a row for each section: its name [40], filled up with zeros; where it begins, a multiple of 64;
 *                     its size; its CRC-32; four zeros
 *
 * The sections follow in the order of their rows, with zeros between them. Numbers are little-endian. Every bit of the
 * file is therefore under a checksum or has to be zero, and a file that is cut short does not have its size. */
#ifndef RNN_GPU_FILES_SECTIONS_H
#define RNN_GPU_FILES_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

#define RG_SECTIONS_MAGIC "\x89RGckpt\n"
enum { RG_SECTIONS_FORMAT = 1, RG_SECTIONS_MOST = 64, RG_SECTION_NAME = 40, RG_NUMBERS_MOST = 128 };

struct rg_section {
    char name[RG_SECTION_NAME];
    void *data; /* aligned to 64 bytes; NULL if there are no bytes */
    size_t bytes;
};

/* A number by its name; they are all in the section "numbers". */
struct rg_number {
    char name[RG_SECTION_NAME - 1];
    char kind; /* 'u': a whole number, 'd': a double */
    uint64_t bits;
};

/* Sections that are being gathered, or that were read. */
struct rg_sections {
    const char *path; /* for messages; borrowed */
    size_t n, n_numbers;
    struct rg_section items[RG_SECTIONS_MOST];
    struct rg_number numbers[RG_NUMBERS_MOST];
    void *file;      /* the file's bytes, if these sections were read: what the items point into */
    bool is_foreign; /* of another format */
};

/* No sections yet. RG_NO_MEMORY. */
rg_status rg_sections_create(struct rg_sections **out);
void rg_sections_destroy(struct rg_sections *sections); /* NULL allowed */

/* Add a section of zeros, which the caller fills in: *out = its memory, which belongs to the list. RG_NO_MEMORY. */
rg_status rg_sections_add(struct rg_sections *sections, const char *name, size_t bytes, void *out);
rg_status rg_sections_add_text(struct rg_sections *sections, const char *name, const char *text);

/* Add a number; the name is new. */
void rg_sections_put(struct rg_sections *sections, const char *name, uint64_t value);
void rg_sections_put_real(struct rg_sections *sections, const char *name, double value);

/* The section, or NULL. */
const struct rg_section *rg_sections_find(const struct rg_sections *sections, const char *name);

/* *out = the data of a section that has to be there with just so many bytes. RG_BAD_FILE. */
rg_status rg_sections_get(const struct rg_sections *sections, const char *name, size_t bytes, const void **out);

/* *out = the text of a section, ended by NUL. RG_BAD_FILE if it is missing or no text of rg_sections_add_text. */
rg_status rg_sections_get_text(const struct rg_sections *sections, const char *name, char **out);

/* A number that has to be there. RG_BAD_FILE if it is missing, of the other kind, or above `most`. */
rg_status rg_sections_number(const struct rg_sections *sections, const char *name, uint64_t most, uint64_t *out);
rg_status rg_sections_real(const struct rg_sections *sections, const char *name, double *out);

/* Write the file beside its place, sync it, rename it, and sync the folder. RG_NOT_SAVED. */
rg_status rg_sections_write(const struct rg_sections *sections, const char *path);

/* Read and check a whole file. RG_BAD_FILE names the damaged section, or the header; memory stays below twice the file
 * plus 1 MiB. `path` is borrowed. *foreign: its header is whole, and of a format that this version does not know. */
rg_status rg_sections_read(const char *path, struct rg_sections **out, bool *foreign);

#endif
