/* How a batch is shared out: see setup.h. */
#include "base/sizes.h"
#include "ranks/ranks.h"
#include "train/setup.h"
#include "train/trainer.h"

/* Shards of a batch under mpirun: 64 sequences each, but at least 8 shards where there are as many sequences. They
 * depend on the batch alone, so that any number of ranks gives the same bits. */
static size_t usual_shards(size_t batch) {
    enum { SHARD_ROWS = 64, MIN_SHARDS = 8, MAX_SHARDS = 4096 };
    const size_t min = rg_min(batch, MIN_SHARDS), by_rows = batch / SHARD_ROWS;
    return by_rows < min ? min : rg_min(by_rows, MAX_SHARDS);
}

rg_status rg_setup_shards(struct rg_config *c) {
    const struct rg_ranks *const ranks = c->machine.ranks;
    const size_t batch = rg_update_sequences(c);
    if (ranks && rg_ranks_several(ranks) && batch < ranks->n) {
        return rg_fail(RG_USAGE,
                       "--batch %zu is smaller than the %zu ranks of mpirun: each needs a sequence; start at "
                       "most %zu",
                       batch, ranks->n, batch);
    }
    if (c->machine.shards > batch) {
        return rg_fail(RG_USAGE, "--shards %zu of a batch of %zu sequences: at most %zu", c->machine.shards, batch,
                       batch);
    }
    if (c->training.tbptt > 0 && (rg_ranks_several(ranks) || c->machine.shards > 1)) {
        return rg_fail(RG_USAGE, "--tbptt carries the state of every sequence to the next update, which ranks of "
                                 "mpirun and --shards do not do; leave one of them out");
    }
    const size_t shards = c->machine.shards                 ? c->machine.shards
                          : ranks && c->training.tbptt == 0 ? usual_shards(batch)
                                                            : 1;
    if (ranks && rg_ranks_several(ranks) && shards < ranks->n) {
        return rg_fail(RG_USAGE,
                       "%zu ranks share %zu shard%s of the batch; give --shards %zu or more, or start fewer ranks",
                       ranks->n, shards, shards == 1 ? "" : "s", ranks->n);
    }
    c->machine.shards = shards;
    return RG_OK;
}
