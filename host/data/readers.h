/* What the readers of data sets share: opening, building and checking a struct rg_dataset. Internal to host/data. */
#ifndef RG_DATA_READERS_H
#define RG_DATA_READERS_H

#include <stdbool.h>
#include <stddef.h>

#include "csv_rows.h"
#include "rnn_gpu/dataset.h"

/* Open a regular file for reading and tell its size; the caller closes *fd. RG_BAD_FILE with path and reason. */
rg_status rg_data_open(const char *path, int *fd, size_t *bytes);

/* *out = an empty data set that knows its path. */
rg_status rg_dataset_create(const char *path, struct rg_dataset **out);

/* *out = one block of `count` string pointers and room for `bytes` characters right behind them, at
 * (char *)(*out + count). Freeing the block frees the strings. */
rg_status rg_strings_create(char ***out, size_t count, size_t bytes, const char *what);

/* Refuse sequences so uneven that padding [N][n_steps] would hold more than 64 times the `steps_in_file` that the file
 * gave, or more steps than int32 counts. */
rg_status rg_dataset_check_padding(const struct rg_dataset *dataset, size_t steps_in_file);

/* Room for the [N][n_targets] numbers of y, and of y_double if `options` (may be NULL) ask for doubles. */
rg_status rg_dataset_create_targets(const struct rg_dataset_options *options, struct rg_dataset *dataset);

/* Set n_classes from y and n_targets. Labels above 2^24, where float leaves whole numbers out, are no classes. */
void rg_dataset_count_classes(struct rg_dataset *dataset);

/* The readers, one a format; `dataset` is empty but for its path and is filled, or left half-built on failure. */
rg_status rg_read_csv_text(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *dataset);
rg_status rg_read_csv_numeric(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *dataset);
rg_status rg_read_npz(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset);

#endif
