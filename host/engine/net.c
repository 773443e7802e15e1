/* The network on a device: see net.h. */
#include "engine/net.h"

#include "base/clock.h"

bool rg_net_trains(const struct rg_net *net, size_t offset) {
    const struct rg_model *const m = net->model;
    size_t i = 0;
    while (i + 1 < m->n_parameters && m->parameters[i].offset < offset) {
        i++;
    }
    return !m->parameters[i].frozen;
}

struct rg_buffer *rg_net_deltas(const struct rg_net *net, size_t layer, size_t direction) {
    return net->buffers.saved[layer][direction] ? net->buffers.saved[layer][direction] : net->buffers.d[direction];
}

size_t rg_net_segment_rows(const struct rg_net *net) {
    return (net->segment.end - net->segment.begin) * net->chunk.rows;
}

struct rg_buffer *rg_net_or_unused(const struct rg_net *net, struct rg_buffer *buffer) {
    return buffer ? buffer : net->buffers.unused;
}

rg_status rg_net_lap(struct rg_net *net, double *since, size_t phase) {
    if (net->phases) {
        RG_TRY(rg_device_finish(net->device));
        const double t = rg_seconds();
        net->phases[phase] += t - *since;
        *since = t;
    }
    return RG_OK;
}
