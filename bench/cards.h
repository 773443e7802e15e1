/* GPUs by their numbers alone, for `bench --plan`: what the planner asks of a device, and what an estimate of its time
 * needs. Nothing here was measured by this project. */
#ifndef RG_CARDS_H
#define RG_CARDS_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

/* A unit is what OpenCL calls a compute unit, where a work-group runs: a multiprocessor, CU, WGP, Xe-core, sub-slice
 * or core. It has `schedulers` parts, each of which starts one instruction of a sub-group at a time on `lanes` lanes.
 */
struct rg_card {
    const char *name, *title;
    const char *registers_of; /* the compiler's target whose register counts stand for this card's: "sm_90", "gfx90a" */
    int units;
    int schedulers, lanes;
    int sub_group;          /* items that go in step */
    size_t local_bytes;     /* local memory of a work-group, as OpenCL reports it */
    size_t unit_local;      /* local memory of a unit */
    size_t registers;       /* 32-bit registers of a unit */
    size_t unit_items;      /* most items on a unit */
    uint64_t memory;        /* bytes */
    double bandwidth;       /* of memory, bytes a second */
    double peak;            /* float multiply-adds, FLOP/s */
    size_t near_bytes;      /* first-level cache of a unit */
    double near, far;       /* cycles until a load from the first-level cache, or from the one that all units share */
    double cache_bandwidth; /* of the shared cache, bytes a second */
    double launch;          /* seconds from one kernel of a queue to the next */
    const char *source;     /* of the numbers up to `peak` */
};

extern const struct rg_card rg_cards[];
extern const size_t rg_n_cards;

/* The card of that name, in any case of letters. RG_USAGE lists the names. */
rg_status rg_card_find(const char *name, const struct rg_card **out);

#endif
