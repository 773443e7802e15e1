/* Declarations that the readers of data sets share: opening, building and checking a struct rg_dataset. Internal to
 * host/data. */
#ifndef RG_DATA_READERS_H
#define RG_DATA_READERS_H

#include <stdbool.h>
#include <stddef.h>

#include "data/csv_rows.h"
#include "rnn_gpu/dataset.h"

/* Open a regular file for reading and return its size. "-" means all of stdin, kept in memory. The caller closes *fd.
 * RG_BAD_FILE with path and reason. */
rg_status rg_data_open(const char *path, int *fd, size_t *bytes);

/* The file's name in messages: its path, or "stdin" for "-". */
const char *rg_data_name(const char *path);

/* Whether the file's name ends so, in capitals or not. */
bool rg_name_ends_with(const char *path, const char *ending);

/* *out = an empty data set with that path. */
rg_status rg_dataset_create(const char *path, struct rg_dataset **out);

/* *out = one block of `count` string pointers, followed by `bytes` characters at (char *)(*out + count). Freeing the
 * block frees the strings. */
rg_status rg_strings_create(char ***out, size_t count, size_t bytes, const char *what);

/* Refuse sequences of very different lengths: the padded [N][n_steps] may hold at most 64 times the `steps_in_file` of
 * the file, and no more steps than an int32 counts. */
rg_status rg_dataset_check_padding(const struct rg_dataset *dataset, size_t steps_in_file);

/* Allocate the [N][n_targets] numbers of y or, if `options` ask for doubles, of y_double. */
rg_status rg_dataset_create_targets(const struct rg_dataset_options *options, struct rg_dataset *dataset);

/* Convert elements of any type to doubles: elements first to first + n - 1, or element `i`. */
void rg_raw_numbers(const void *values, enum rg_dtype type, size_t first, size_t n, double *out);
double rg_raw_number(const void *values, enum rg_dtype type, size_t i);

/* Elements of a step of x. */
size_t rg_dataset_width(const struct rg_dataset *dataset);

/* Read inputs and targets that stay in their file into memory, so that they can be changed or rearranged. Does nothing
 * if they are in memory. RG_NO_MEMORY; RG_BAD_FILE. */
rg_status rg_dataset_load(struct rg_dataset *dataset);

/* Let x, or y, stay in the file: [N] blocks of `block` numbers one after the other. The data set takes over `numbers`,
 * also on failure. RG_NO_MEMORY. */
rg_status rg_dataset_leave(struct rg_dataset *dataset, struct rg_in_file *what, struct rg_stored *numbers,
                           size_t block);

/* The word that replaces unknown words of a text, if the vocabulary has it. */
#define RG_UNKNOWN_WORD "<unk>"

/* The readers, one for each format. `options` is not NULL. `dataset` is empty except for its path; it is filled, or
 * left half-built on failure. */
rg_status rg_read_csv_text(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *dataset);
rg_status rg_read_csv_numeric(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *dataset);
/* Read IDX images and their labels. The labels' file has the images' name with `labels` for `images` and `idx1` for
 * `idx3`. */
rg_status rg_dataset_read_idx_pair(const char *images, uint64_t memory, struct rg_dataset **out);
/* Is it the name of a file of IDX images? */
bool rg_is_idx_file(const char *path);
/* Plain text, in sequences of options->steps tokens. */
rg_status rg_read_text(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset);
rg_status rg_read_npz(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset);

#endif
