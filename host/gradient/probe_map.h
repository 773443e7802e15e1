/* Where the losses of several steps send their gradient: norms of delta by step of the loss and step of the state, of
 * every layer and direction, from one walk back in time (gradient/sweeps.h). Row p is what a profile with that one step
 * for its probe has in delta.log10_norm, over these sequences. */
#ifndef RG_PROBE_MAP_H
#define RG_PROBE_MAP_H

#include "engine/engine.h"
#include "gradient/watch.h"

enum { RG_MOST_PROBES = 256 };

/* The steps of --probe-times: numbers and ranges, such as "4,8-10,20". */
struct rg_probe_list {
    size_t n;
    size_t steps[RG_MOST_PROBES]; /* ascending, from 1 */
};

/* RG_USAGE for what is no such list, has steps beyond `steps`, or of a net whose steps have no loss each. */
rg_status rg_probe_list_read(const char *text, const struct rg_shape *shape, size_t steps, struct rg_probe_list *list);

struct rg_probe_map {
    struct rg_probe_list probes; /* n = 0: not measured */
    size_t steps, rows;          /* T; sequences, the first ones */
    size_t layers, directions;
    double *log10_norm; /* [L*D][n][T]: over the sequences, of delta_t, t from the first step on; -INFINITY: none */
};

struct rg_probe_map_options {
    size_t rows; /* sequences that there are */
    int threads;
    struct rg_watch watch;
};

/* Of update `update`, with the engine's present weights. Ended by the watch: n = 0. RG_NO_MEMORY. */
rg_status rg_probe_map_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                               const struct rg_probe_list *list, const struct rg_probe_map_options *options,
                               struct rg_probe_map *map);
void rg_probe_map_release(struct rg_probe_map *map); /* zeroed allowed */

#endif
