/* What one update leaves for the next: see state.h. */
#include "engine/state.h"

#include <math.h>

size_t rg_engine_parts(const struct rg_engine *e, struct rg_engine_part parts[RG_ENGINE_PARTS]) {
    const struct rg_plan *const p = &e->net.plan;
    const size_t bytes = e->net.model->arena * p->real_bytes;
    const size_t carried = 2 * p->layers * p->directions * p->batch * p->hidden * p->real_bytes;
    const struct rg_engine_part all[RG_ENGINE_PARTS] = {
        {"weights", e->net.buffers.weights, bytes},
        {"optimizer.first", e->optimizer->first, bytes},
        {"optimizer.second", e->optimizer->second, bytes},
        {"control", e->net.buffers.control, sizeof(struct rg_control)},
        {"carried.h", e->net.buffers.carried_h, carried},
        {"carried.c", e->net.buffers.carried_c, carried},
    };
    size_t n = 0;
    for (size_t i = 0; i < RG_ENGINE_PARTS; i++) {
        if (all[i].buffer) {
            parts[n++] = all[i];
        }
    }
    return n;
}

rg_status rg_engine_part_read(struct rg_engine *e, const struct rg_engine_part *part, void *to) {
    return rg_buffer_read(e->net.device, to, part->buffer, 0, part->bytes);
}

rg_status rg_engine_part_write(struct rg_engine *e, const struct rg_engine_part *part, const void *from) {
    return rg_buffer_write(e->net.device, part->buffer, 0, from, part->bytes);
}

bool rg_engine_part_is_finite(const struct rg_engine *e, const struct rg_engine_part *part, const void *bytes) {
    const size_t n = part->buffer == e->net.buffers.control ? 0 : part->bytes / e->net.plan.real_bytes;
    for (size_t i = 0; i < n; i++) {
        const bool finite = e->net.plan.real_bytes == sizeof(double) ? isfinite(((const double *)bytes)[i])
                                                                     : isfinite(((const float *)bytes)[i]);
        if (!finite) {
            return false;
        }
    }
    return true;
}
