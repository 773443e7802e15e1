/* The gradient of a batch, shard by shard: each shard's gradient is computed by itself, and they are added up along a
 * fixed tree (ranks/tree.h). So the sum has the same bits whichever rank computes a shard. */
#ifndef RG_SHARDS_H
#define RG_SHARDS_H

#include "engine/net.h"

struct rg_shards;

enum { RG_FOLLOW_BYTES = 256 }; /* that rg_shards_follow can move at least */

/* For a net with more than one shard, and at least as many as ranks; its device and plan exist. */
rg_status rg_shards_create(struct rg_net *net, struct rg_shards **out);
void rg_shards_destroy(struct rg_shards *shards); /* NULL allowed */

/* Compute this rank's shards, exchange sums and losses with the other ranks, and leave gradient and losses of the whole
 * batch on the device. The weights are packed. Waits. */
rg_status rg_shards_gradient(struct rg_shards *shards, struct rg_net *net, struct rg_batch_source *source,
                             uint64_t update);

/* For ranks whose devices differ (net->options.mixed): replace `bytes` bytes of a buffer, from `at` on, by those of
 * rank 0. At most RG_FOLLOW_BYTES, or the bytes of the gradient if these are more. Waits. */
rg_status rg_shards_follow(struct rg_shards *shards, struct rg_net *net, struct rg_buffer *buffer, size_t at,
                           size_t bytes);

#endif
