/* The shape of work-groups on a GPU: which tile a scan takes, how many item rows a group has, and how many rows of
 * sequences a block. On an H100 a group of 32 item rows with blocks of 4 would leave most item rows of a small net
 * idle.
 *
 * No result depends on it: an element of a product has one accumulator and sums over k in order, whatever block it is
 * computed in. */
#ifndef RG_GROUPS_H
#define RG_GROUPS_H

#include "plan/plan.h"

/* Whether a device's work-groups take different shapes: a GPU's do, except with tensor cores, whose blocks are a
 * warp's.
 */
bool rg_groups_vary(const struct rg_device_info *info);

/* Set plan->tile of a device with several item rows, from the rows of a launch and from `fit`, the most sequences that
 * local memory holds. */
void rg_groups_tile(struct rg_plan *plan, const struct rg_device_info *info, size_t fit);

/* Set plan->forward and plan->reverse for the plan's tile and the groups that share it. Under a learned skip they stay
 * the device's. */
void rg_groups_shape(struct rg_plan *plan, const struct rg_device_info *info);

/* Item rows for a list of so many blocks, of all partial sums: half of the device's. A multiprocessor holds two groups
 * of the device's size only if the kernel has at most 128 registers, and not every compiler keeps to that
 * (bench/plan_cost.c has the number). Fewer if a unit had only a few groups, since the last ones to start leave most
 * units idle. The device's where shapes do not vary. */
int rg_groups_list_rows(const struct rg_device_info *info, size_t blocks);

/* Whether weight gradients take blocks out of a list (kernels/scan/weight_gradient.cl), and how many it has with the
 * sources of `args`. */
bool rg_groups_list(const struct rg_device_info *info);
size_t rg_groups_blocks(const struct rg_weight_gradient_args *args, size_t panel);

#endif
