/* Scalars for TensorBoard: an event file of TFRecords, written during the run. Format:
 * tensorflow/core/util/event.proto, framework/summary.proto, lib/io/record_writer.h. */
#ifndef RG_REPORT_TENSORBOARD_H
#define RG_REPORT_TENSORBOARD_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

struct rg_scalar {
    const char *tag;
    double value;
};

struct rg_tensorboard;

/* Create an event file in `folder`, and the folder if necessary. RG_NOT_SAVED. */
rg_status rg_tensorboard_create(const char *folder, struct rg_tensorboard **out);

/* Continue an event file, truncated to `bytes` bytes. If it is missing or shorter, create a new one in `folder`. */
rg_status rg_tensorboard_resume(const char *folder, const char *name, uint64_t bytes, struct rg_tensorboard **out);

/* Sync everything to the disk. *name = the file's name in the folder, valid while it is open; *bytes = its length. */
rg_status rg_tensorboard_sync(struct rg_tensorboard *tensorboard, const char **name, uint64_t *bytes);

/* Add at most 16 scalars of one step, with the present time. rg_tensorboard_close reports errors. */
void rg_tensorboard_add(struct rg_tensorboard *tensorboard, uint64_t step, const struct rg_scalar *scalars, size_t n);

/* Add a histogram: `weights` [n] between rising `limits` [n + 1], n at most RG_BUCKETS. rg_tensorboard_close reports
 * errors. */
enum { RG_BUCKETS = 60 };
void rg_tensorboard_add_histogram(struct rg_tensorboard *tensorboard, uint64_t step, const char *tag,
                                  const double *limits, const double *weights, size_t n);

/* RG_NOT_SAVED if anything could not be written. Frees it. NULL allowed. */
rg_status rg_tensorboard_close(struct rg_tensorboard *tensorboard);

/* CRC-32C (Castagnoli, RFC 3720), and in the masked form of TFRecords. */
uint32_t rg_crc32c(const void *bytes, size_t length);
uint32_t rg_crc32c_masked(const void *bytes, size_t length);

#endif
