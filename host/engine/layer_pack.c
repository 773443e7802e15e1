/* Packing the weights of a layer: see layer.h. */
#include "engine/jobs.h"
#include "engine/layer.h"

/* Units of a panel of the forward scan. A panel of the gru and the lstm has one vector for each gate. */
static size_t forward_panel(const struct rg_net *net) {
    const size_t panel = rg_device_panel(net->device);
    return net->plan.gates == 1 ? panel : panel / (size_t)net->device->info.nv;
}

/* A matrix [G*H][columns] for the forward scan. */
static struct rg_pack_job forward_job(const struct rg_net *net, size_t source, size_t target, size_t columns) {
    const struct rg_plan *const p = &net->plan;
    const size_t width = forward_panel(net);
    return (struct rg_pack_job){.source = source,
                                .source2 = RG_NO_SOURCE,
                                .target = target,
                                .stride_k = 1,
                                .stride_g = p->hidden * columns,
                                .stride_u = columns,
                                .depth = (rg_u32)columns,
                                .gates = (rg_u32)p->gates,
                                .all_gates = (rg_u32)p->gates,
                                .units = (rg_u32)p->hidden,
                                .padded = (rg_u32)p->h_stride,
                                .width = (rg_u32)width,
                                .tf32 = 1};
}

/* The same matrix transposed, for what runs backward. `scan`: for a scan, which has H columns. */
static struct rg_pack_job reverse_job(const struct rg_net *net, size_t source, size_t target, size_t columns,
                                      bool scan) {
    const struct rg_plan *const p = &net->plan;
    struct rg_pack_job job = rg_pack_matrix_job(
        net, &(struct rg_pack_matrix){.source = source,
                                      .target = target,
                                      .rows = p->gates * p->hidden,
                                      .columns = columns,
                                      .padded = scan ? p->h_stride : rg_round_up(columns, rg_device_panel(net->device)),
                                      .transposed = true});
    job.tf32 = scan;
    return job;
}

/* Jobs for `gates` sums of biases, from gate `first` on. A sum has one bias or two. */
static struct rg_pack_job bias_job(const struct rg_net *net, size_t target, size_t first, size_t gates, size_t source,
                                   size_t source2) {
    const size_t width = forward_panel(net);
    return (struct rg_pack_job){.source = source,
                                .source2 = source2,
                                .target = target,
                                .stride_g = net->plan.hidden,
                                .stride_u = 1,
                                .depth = 1,
                                .gates = (rg_u32)gates,
                                .all_gates = (rg_u32)(net->plan.gates == 1 ? 1 : net->plan.deltas),
                                .first_gate = (rg_u32)first,
                                .units = (rg_u32)net->plan.hidden,
                                .padded = (rg_u32)net->plan.h_stride,
                                .width = (rg_u32)width};
}

/* `units` numbers as they stand, and zeros up to `padded`. */
static struct rg_pack_job vector_job(const struct rg_net *net, size_t source, size_t target, size_t units,
                                     size_t padded) {
    return rg_pack_matrix_job(
        net,
        &(struct rg_pack_matrix){.source = source, .target = target, .rows = units, .columns = 1, .padded = padded});
}

size_t rg_layer_pack_jobs(const struct rg_net *net, size_t layer, size_t direction,
                          struct rg_pack_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_plan_direction *const to = &p->layer[layer].directions[direction];
    const size_t ih = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_IH);
    const size_t hh = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_HH);
    const size_t b_ih = rg_layer_offset(net, layer, direction, RG_ROLE_BIAS_IH);
    const size_t b_hh = rg_layer_offset(net, layer, direction, RG_ROLE_BIAS_HH);
    const bool apart = p->deltas > p->gates; /* the last gate's biases are not summed */
    const size_t together = p->gates - (apart ? 1 : 0);
    size_t n = 0;
    jobs[n++] = forward_job(net, ih, to->ih, p->layer[layer].inputs);
    jobs[n++] = forward_job(net, hh, to->hh, p->hidden);
    jobs[n++] = reverse_job(net, hh, to->hh_reverse, p->hidden, true);
    jobs[n++] = bias_job(net, to->bias, 0, together, b_ih, b_hh);
    if (apart) {
        const size_t last = together * p->hidden;
        jobs[n++] = bias_job(net, to->bias, together, 1, b_ih + last, RG_NO_SOURCE);
        jobs[n++] = bias_job(net, to->bias, together + 1, 1, b_hh + last, RG_NO_SOURCE);
    }
    if (rg_plan_has_skip(p, RG_SKIP_ADD)) {
        const size_t sh = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_SH);
        jobs[n++] = forward_job(net, sh, to->sh, p->hidden);
        jobs[n++] = reverse_job(net, sh, to->sh_reverse, p->hidden, true);
    }
    if (rg_plan_learned(p)) {
        const size_t uh = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_UH);
        const size_t b_uh = rg_layer_offset(net, layer, direction, RG_ROLE_BIAS_UH);
        jobs[n++] = vector_job(net, uh, to->gate, p->hidden, p->h_stride);
        jobs[n++] = vector_job(net, b_uh, to->gate + p->h_stride, 1, rg_device_panel(net->device));
    }
    if (layer > 0 || p->words) {
        jobs[n++] = reverse_job(net, ih, to->ih_reverse, p->layer[layer].inputs, false);
    }
    return n;
}
