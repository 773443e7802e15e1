/* Where a part of a summary's losses stands on an axis of updates. */
#ifndef RG_REPORT_PART_END_H
#define RG_REPORT_PART_END_H

#include <math.h>

#include "train/summary.h"

/* The last update of part `part`, from 1, as a history has it for a mean of several updates. Of a part that ended early
 * it is the last update that was made. */
static inline uint64_t rg_part_end(const struct rg_summary *s, size_t part) {
    const double end = ceil((double)(part + 1) * (double)s->planned / (double)s->n_parts);
    return end < (double)s->updates ? (uint64_t)end : s->updates;
}

#endif
