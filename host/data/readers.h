/* What the readers of data sets share: opening, building and checking a struct rg_dataset. Internal to host/data. */
#ifndef RG_DATA_READERS_H
#define RG_DATA_READERS_H

#include <stdbool.h>
#include <stddef.h>

#include "data/csv_rows.h"
#include "rnn_gpu/dataset.h"

/* Open a regular file for reading and tell its size; "-" is all of stdin, kept in memory. The caller closes *fd.
 * RG_BAD_FILE with path and reason. */
rg_status rg_data_open(const char *path, int *fd, size_t *bytes);

/* What messages call the file: its path, or "stdin" for "-". */
const char *rg_data_name(const char *path);

/* Whether the file's name ends so, in capitals or not. */
bool rg_name_ends_with(const char *path, const char *ending);

/* *out = an empty data set that knows its path. */
rg_status rg_dataset_create(const char *path, struct rg_dataset **out);

/* *out = one block of `count` string pointers and room for `bytes` characters right behind them, at
 * (char *)(*out + count). Freeing the block frees the strings. */
rg_status rg_strings_create(char ***out, size_t count, size_t bytes, const char *what);

/* Refuse sequences so uneven that padding [N][n_steps] would hold more than 64 times the `steps_in_file` that the file
 * gave, or more steps than int32 counts. */
rg_status rg_dataset_check_padding(const struct rg_dataset *dataset, size_t steps_in_file);

/* Room for the [N][n_targets] numbers of y or, if `options` ask for doubles, of y_double. */
rg_status rg_dataset_create_targets(const struct rg_dataset_options *options, struct rg_dataset *dataset);

/* What an unknown word of a text is read as, where the vocabulary has it. */
#define RG_UNKNOWN_WORD "<unk>"

/* The readers, one a format; `options` are not NULL; `dataset` is empty but for its path and is filled, or left
 * half-built on failure. */
rg_status rg_read_csv_text(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *dataset);
rg_status rg_read_csv_numeric(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *dataset);
/* IDX images, and the labels in the file beside it whose name has `labels` for `images` and `idx1` for `idx3`. */
rg_status rg_dataset_read_idx_pair(const char *images, struct rg_dataset **out);
/* Whether the name is that of IDX images. */
bool rg_is_idx_file(const char *path);
/* Plain text, in sequences of options->steps tokens. */
rg_status rg_read_text(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset);
rg_status rg_read_npz(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset);

#endif
