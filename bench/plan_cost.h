/* What a launch asks of a card: how many of its items have work, its arithmetic and traffic, and an estimate of its
 * time. */
#ifndef RG_PLAN_COST_H
#define RG_PLAN_COST_H

#include "bench/cards.h"
#include "device/device.h"

/* What holds a kernel back. */
enum rg_plan_bound {
    RG_PLAN_COMPUTE, /* multiply-adds, at the rate of the sub-groups that are there */
    RG_PLAN_LATENCY, /* waiting for loads and barriers: too few sub-groups to hide them */
    RG_PLAN_CACHE,   /* traffic to the shared cache */
    RG_PLAN_MEMORY,
    RG_PLAN_LAUNCH, /* the time between kernels */
    RG_N_PLAN_BOUNDS
};
extern const char *const rg_plan_bound_names[RG_N_PLAN_BOUNDS];

struct rg_plan_cost {
    double busy_rows;    /* share of the item rows that have work, over all passes of a group */
    size_t registers;    /* of an item, as the compiler of the card's kind assigns them */
    double flops, bytes; /* bytes to and from memory */
    double seconds[RG_N_PLAN_BOUNDS];
    double estimated; /* seconds, with the launch */
    enum rg_plan_bound bound;
};

/* `device` is the card as the planner sees it. The estimate of a launch of products:
 *
 *   a group does `rounds` rounds, each ended by a barrier; in a round its busiest item row takes `runs` runs of four
 *   or eight k (RG_K_AT_ONCE), one after the other, such as 4 rows * 8 columns * 4 k = 128 multiply-adds an item;
 *   a sub-group alone needs `issue` = 128 sub_group / lanes / 0.83 cycles for these (0.83: the part of multiply-adds
 *   in the compiled loops) and then waits for its loads; n sub-groups on a scheduler take max(n issue, issue + wait).
 *
 * It holds groups * rounds * runs of these, spread over the units, plus the barriers, against the traffic to the shared
 * cache and to memory; the largest of the three counts. It is made to compare plans, and may be off by half. */
void rg_plan_cost(const struct rg_card *card, const struct rg_device *device, const struct rg_launch *launch,
                  struct rg_plan_cost *out);

#endif
