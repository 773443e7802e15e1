/* A card that is not there, as a device: buffers take no memory and launches are counted instead of computed. So the
 * real planner and the real engine choose chunks, tiles and groups for it. */
#ifndef RG_PLANNED_H
#define RG_PLANNED_H

#include "bench/plan_cost.h"

/* One kernel of an update, all its launches together. */
struct rg_planned_kernel {
    size_t launches;
    size_t groups, items; /* of the launch with the most groups; items of a group */
    size_t local_bytes;
    double busy_rows; /* average, by time */
    size_t registers;
    double flops, bytes, estimated;
    double seconds[RG_N_PLAN_BOUNDS];
};

struct rg_planned {
    struct rg_device base;
    const struct rg_card *card;
    struct rg_planned_kernel kernels[RG_N_KERNELS];
    enum rg_kernel order[RG_N_KERNELS]; /* as they were launched first */
    size_t n_kernels;
};

/* The device; it lives in *planned and needs no destroying. */
void rg_planned_open(const struct rg_card *card, struct rg_planned *planned);

/* Seconds of all kernels. */
double rg_planned_seconds(const struct rg_planned *planned);

/* What holds a kernel back: the largest of its seconds. */
enum rg_plan_bound rg_planned_bound(const struct rg_planned_kernel *kernel);

#endif
