/* Scalars for TensorBoard: an event file of TFRecords, written as the run goes. Format:
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

/* A new event file in `folder`, which is made if it is not there. RG_NOT_SAVED. */
rg_status rg_tensorboard_create(const char *folder, struct rg_tensorboard **out);

/* Go on with an event file, cut off behind `bytes` bytes; a new one in `folder` if it is not there or is shorter. */
rg_status rg_tensorboard_resume(const char *folder, const char *name, uint64_t bytes, struct rg_tensorboard **out);

/* Everything to the disk; *name = the file's in the folder, valid as long as it is open, *bytes = how long it is. */
rg_status rg_tensorboard_sync(struct rg_tensorboard *tensorboard, const char **name, uint64_t *bytes);

/* At most 16 scalars of one step, stamped with the present time. An error is kept until rg_tensorboard_close. */
void rg_tensorboard_add(struct rg_tensorboard *tensorboard, uint64_t step, const struct rg_scalar *scalars, size_t n);

/* A histogram: `weights` [n] between `limits` [n + 1], which rise; n at most RG_BUCKETS. As rg_tensorboard_add. */
enum { RG_BUCKETS = 60 };
void rg_tensorboard_add_histogram(struct rg_tensorboard *tensorboard, uint64_t step, const char *tag,
                                  const double *limits, const double *weights, size_t n);

/* RG_NOT_SAVED if anything could not be written. Frees it; NULL allowed. */
rg_status rg_tensorboard_close(struct rg_tensorboard *tensorboard);

/* CRC-32C (Castagnoli, RFC 3720), and as TFRecords mask it. */
uint32_t rg_crc32c(const void *bytes, size_t length);
uint32_t rg_crc32c_masked(const void *bytes, size_t length);

#endif
