/* Many small trainings at once, each with the bits that it has alone on the same device. On the processor: as many as
 * there are processors, each by one thread on a native device of its own. On an OpenCL device: those of the same sizes
 * go in step, and what they launch is launched for all of them at once (device/team.h). */
#ifndef RG_REPLICAS_H
#define RG_REPLICAS_H

#include "train/run.h"
#include "train/summary.h"

struct rg_replica {
    struct rg_config config;
    const char *model; /* file for the trained weights, borrowed; NULL: they are not kept */
    const char *best;  /* likewise for those with the lowest validation loss */
    bool done;         /* the summary is filled in; set before, the run is not trained */
    struct rg_summary summary;
};

struct rg_replicas {
    size_t n;
    struct rg_replica *items;       /* [n] */
    const struct rg_config *config; /* device, threads and memory of all together */
    bool on_processor;              /* set before the first call of on_run: they are trained on the native device */
    /* Called once, before the first run, with the device; or NULL. */
    void (*on_device)(void *self, const struct rg_device_info *info);
    /* Called with one run after the other in the order of `items`, never by two threads at once; `finished` runs of n
     * have ended until now. */
    void (*on_run)(void *self, size_t run, size_t finished);
    /* Called as soon as a run has been trained, whatever came before it, never by two threads at once; or NULL. */
    rg_status (*on_trained)(void *self, size_t run);
    void *self;
    /* Test the device that the runs share before the first of them, for models with a learned skip if `learned`. */
    rg_status (*test_device)(struct rg_device *device, bool learned);
};

/* Train them all. A run that diverges is done; the first failure ends the others and is returned. The processor is the
 * device unless a GPU is there or another one is named. */
rg_status rg_replicas_run(struct rg_replicas *replicas);

#endif
