/* The gradients of losses at several steps: norms of delta by step of the loss and step of the state, for every layer
 * and direction, from one walk back in time (gradient/sweeps.h). Row p equals delta.log10_norm of a profile that is
 * probed at the p-th step, over the same sequences. */
#ifndef RG_PROBE_MAP_H
#define RG_PROBE_MAP_H

#include "engine/engine.h"
#include "gradient/watch.h"

enum { RG_MAX_PROBES = 256 };

/* The steps of --probe-times: numbers and ranges, such as "4,8-10,20". */
struct rg_probe_list {
    size_t n;
    size_t steps[RG_MAX_PROBES]; /* ascending, from 1 */
};

/* Read a list. RG_USAGE if it is malformed or has steps beyond `steps`, or if the net does not have a loss at every
 * step. */
rg_status rg_probe_list_read(const char *text, const struct rg_shape *shape, size_t steps, struct rg_probe_list *list);

struct rg_probe_map {
    struct rg_probe_list probes; /* n = 0: not measured */
    size_t steps, rows;          /* T; number of sequences, the first ones of the batch */
    size_t layers, directions;
    /* [L*D][n][T]: norm over the sequences of delta_t, by step t from the first on; -INFINITY: none */
    double *log10_norm;
};

struct rg_probe_map_options {
    size_t rows; /* number of sequences */
    int threads;
    struct rg_watch watch;
};

/* Measure update `update` with the engine's present weights. If the watch ends it, n is 0. RG_NO_MEMORY. */
rg_status rg_probe_map_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                               const struct rg_probe_list *list, const struct rg_probe_map_options *options,
                               struct rg_probe_map *map);
void rg_probe_map_release(struct rg_probe_map *map); /* zeroed allowed */

#endif
