/* Losses over seeds: quartiles, and whether one set of seeds is better than another. */
#ifndef RG_SPREAD_H
#define RG_SPREAD_H

#include "train/summary.h"

/* Median and quartiles of the losses by which runs are ranked (rg_summary_ranked), by linear interpolation as numpy's
 * default. NAN without a run that is done. */
struct rg_spread {
    size_t runs, learned;
    double q1, median, q3;
};

/* The median and quartiles of values [n], which are sorted. */
void rg_spread_quartiles(double *values, size_t n, struct rg_spread *spread);

/* Of runs [n]; NULL: not done. RG_NO_MEMORY. */
rg_status rg_spread_of(const struct rg_summary *const *runs, size_t n, struct rg_spread *spread);

/* Position in runs [n], none of them NULL, of the one whose ranked loss is the middle one; of two the lower. */
size_t rg_spread_middle(const struct rg_summary *const *runs, size_t n);

/* Runs that differ in the seed alone, and where they stand among others. */
struct rg_spread_group {
    const struct rg_summary **runs; /* [n], borrowed; NULL: not done */
    size_t n;
    struct rg_spread spread; /* of them */
    size_t rank;             /* from 1; 0: no run is done */
    bool tied;               /* with the group above or below */
};

/* Fill in spread, rank and tied of `groups` [n], the lowest median first, groups that diverged last. A group has the
 * rank of the one above it if the two are too close to call: with seeds drawn again from each (bootstrap, Efron 1979;
 * RG_SPREAD_DRAWS times, by a fixed generator), the median of neither is the lower one in at least RG_SPREAD_SURE of
 * the draws. With one run each they are close only if equal. `order` [n] gets the positions of the ranked groups,
 * *ranked how many these are. RG_NO_MEMORY. */
enum { RG_SPREAD_DRAWS = 2000 };
#define RG_SPREAD_SURE 0.9
rg_status rg_spread_rank(struct rg_spread_group *groups, size_t n, size_t *order, size_t *ranked);

#endif
