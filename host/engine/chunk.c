/* A chunk of the batch: see chunk.h. */
#include "engine/chunk.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/sizes.h"
#include "base/stop.h"
#include "engine/head.h"
#include "engine/layer.h"
#include "engine/library.h"
#include "engine/readout.h"
#include "rnn_gpu/memory.h"

static const double PACE_SECONDS = 0.05; /* of queued work; then the host waits for it */

/* Wait now and then until the device is done, so that a signal finds only about PACE_SECONDS of work queued. The time
 * since the last wait tells how many segments take that long. Two cases need no wait here. If the batch is one segment,
 * the training waits when it reads the losses. If the net has no control block, it only computes outputs, and the host
 * waits for those of each chunk. */
static rg_status keep_pace(struct rg_net *net) {
    struct rg_pace *const pace = &net->pace;
    struct rg_control control;
    const bool one_segment = net->plan.n_segments == 1 && net->plan.chunk >= net->plan.batch,
               reads_outputs = !net->buffers.control;
    if (one_segment || reads_outputs || pace->queued++ < pace->ahead) {
        return RG_OK;
    }
    /* a read waits; rg_device_finish would also separate the replicas that run in step on one device */
    RG_TRY(rg_buffer_read(net->device, &control, net->buffers.control, 0, sizeof control));
    const double now = rg_seconds(), each = (now - pace->since) / (double)pace->queued;
    *pace = (struct rg_pace){.ahead = (size_t)fmin(PACE_SECONDS / fmax(each, 1e-9), 1e6), .since = now};
    return RG_OK;
}

/* Begin with a segment, unless the work is to stop. */
static rg_status enter(struct rg_net *net, size_t segment) {
    RG_TRY(keep_pace(net));
    RG_TRY(net->uncut ? RG_OK : rg_stop_check());
    net->chunk.at = segment;
    net->segment = net->segments[segment];
    net->base = net->segment.begin - net->plan.halo;
    net->chunk.forward = false;
    return RG_OK;
}

/* The border at which a direction's forward scan enters the segment, or with `out` leaves it. The reverse scan enters
 * where the forward scan leaves. Border i lies between segments i and i+1; the ends of the sequence have NO_BORDER. */
enum { NO_BORDER = -1 };
static ptrdiff_t border(const struct rg_net *net, size_t direction, bool out) {
    const bool at_end = out == (direction == 0);
    const size_t i = net->chunk.at;
    if (at_end) {
        return i + 1 < net->plan.n_segments ? (ptrdiff_t)i : NO_BORDER;
    }
    return i > 0 ? (ptrdiff_t)i - 1 : NO_BORDER;
}

/* Queue a direction's forward scan of the segment. With `keep`, keep the states at its end for the next segment. */
static rg_status scan(struct rg_net *net, size_t layer, size_t direction, bool keep) {
    const ptrdiff_t in = border(net, direction, false), out = border(net, direction, true);
    if (in >= 0) {
        RG_TRY(rg_layer_recall_states(net, layer, direction, (size_t)in));
    }
    RG_TRY(rg_layer_forward(net, layer, direction));
    return keep && out >= 0 ? rg_layer_keep_states(net, layer, direction, (size_t)out) : RG_OK;
}

/* Queue the inputs and targets of the steps in net->segment. */
static rg_status make_data(struct rg_net *net, void *self) {
    const struct rg_chunk *const c = &net->chunk;
    (void)self;
    RG_TRY(c->source->fill(c->source->self, net, c->update, c->first_row, c->rows));
    return net->buffers.words ? rg_layer_embed(net) : RG_OK;
}

/* Dropout of a layer's states. */
struct dropout {
    size_t layer;
    struct rg_buffer *from, *to;
};

static rg_status drop_out(struct rg_net *net, void *self) {
    const struct dropout *const d = self;
    return rg_layer_dropout(net, d->layer, d->from, d->to);
}

static rg_status read_out(struct rg_net *net, void *self) {
    (void)self;
    return rg_readout_forward(net);
}

/* Queue the inputs of a segment, and the states of its first `layers` layers. */
static rg_status make_segment(struct rg_net *net, size_t segment, size_t layers, bool keep) {
    double since = rg_seconds();
    RG_TRY(enter(net, segment));
    RG_TRY(rg_in_steps(net, RG_WORK_DATA, 0, make_data, NULL));
    RG_TRY(rg_net_lap(net, &since, RG_PHASE_DATA));
    for (size_t l = 0; l < layers; l++) {
        for (size_t d = 0; d < net->plan.directions; d++) {
            RG_TRY(scan(net, l, d, keep));
        }
        if (net->buffers.dropped[l]) {
            struct dropout dropout = {l, net->buffers.out[l], net->buffers.dropped[l]};
            RG_TRY(rg_in_steps(net, RG_WORK_DROPOUT, l, drop_out, &dropout));
        }
    }
    return rg_net_lap(net, &since, RG_PHASE_FORWARD);
}

/* Queue readout, head and loss of the segment. `again`: it was done before. A readout of all steps keeps what the head
 * reads, and its gradient, until the next chunk, so it is not done again. */
static rg_status make_head(struct rg_net *net, bool again) {
    double since = rg_seconds();
    if (!again || !net->buffers.read) {
        RG_TRY(rg_in_steps(net, RG_WORK_READOUT, 0, read_out, NULL));
        RG_TRY(rg_head_forward(net, net->chunk.loss, again));
    }
    net->chunk.forward = true;
    return rg_net_lap(net, &since, RG_PHASE_HEAD);
}

/* Repeat a segment's forward pass, unless it is still in memory. */
static rg_status remake(struct rg_net *net, size_t segment) {
    if (net->chunk.forward && net->chunk.at == segment) {
        return RG_OK;
    }
    RG_TRY(make_segment(net, segment, net->plan.layers, false));
    return make_head(net, true);
}

/* A read waits for the device, which takes far longer than the transfer of a small step. One read therefore takes as
 * many steps as have READ_NUMBERS numbers. */
enum { READ_NUMBERS = 1 << 17 };

/* Outputs of the segment, if it has any, into [rows][T'][O]. */
static rg_status read_outputs(struct rg_net *net, double *outputs) {
    const struct rg_plan *const p = &net->plan;
    const size_t rows = net->chunk.rows, before = p->steps - p->target_steps;
    const size_t begin = rg_max(net->segment.begin, before);
    const size_t base = p->target_steps > 1 ? net->base : begin, n = rows * p->o_stride;
    const size_t fitting = READ_NUMBERS / n, steps = net->segment.end > begin ? net->segment.end - begin : 0;
    const size_t max = fitting < 1 ? 1 : rg_min(fitting, steps);
    double *padded = NULL;
    RG_TRY(rg_alloc(&padded, max * n, sizeof *padded, "outputs"));
    rg_status status = RG_OK;
    for (size_t t = begin; status == RG_OK && t < net->segment.end; t += max) {
        const size_t here = rg_min(net->segment.end - t, max);
        status = rg_reals_read(net->device, padded, net->buffers.z, (t - base) * n, here * n);
        for (size_t row = 0; status == RG_OK && row < here * rows; row++) {
            const size_t step = t + row / rows, i = row % rows;
            memcpy(outputs + (i * p->target_steps + step - before) * p->outputs, padded + row * p->o_stride,
                   p->outputs * sizeof *outputs);
        }
    }
    rg_free(padded);
    return status;
}

/* Do the scans of all layers and directions take a segment together, one segment after another? */
static bool take_segments_together(const struct rg_plan *p) {
    return p->directions == 1 || p->n_segments == 1;
}

/* Keep the states at the borders of all segments. The directions go opposite ways, so each scan of each layer goes
 * through all segments by itself. */
static rg_status keep_borders(struct rg_net *net) {
    const size_t n = net->plan.n_segments;
    for (size_t l = 0; l < net->plan.layers; l++) {
        for (size_t d = 0; d < net->plan.directions; d++) {
            for (size_t i = 0; i < n; i++) {
                RG_TRY(make_segment(net, d == 1 ? n - 1 - i : i, l, false));
                RG_TRY(scan(net, l, d, true));
            }
        }
    }
    return RG_OK;
}

rg_status rg_chunk_forward(struct rg_net *net, const struct rg_chunk *chunk, double *outputs) {
    const struct rg_plan *const p = &net->plan;
    struct rg_batch_source *const source = chunk->source;
    const bool together = take_segments_together(p);
    net->chunk = *chunk;
    if (!together) {
        RG_TRY(keep_borders(net));
    }
    /* the last segment alone, if the borders are known and no earlier step has an output */
    const size_t first = together || net->buffers.read || p->target_steps > 1 ? 0 : p->n_segments - 1;
    for (size_t i = first; i < p->n_segments; i++) {
        RG_TRY(make_segment(net, i, p->layers, together));
        RG_TRY(make_head(net, false));
        if (outputs) {
            RG_TRY(read_outputs(net, outputs));
        }
    }
    return source->keep ? source->keep(source->self, net, chunk->update, chunk->first_row, chunk->rows) : RG_OK;
}

rg_status rg_chunk_hold(struct rg_net *net, size_t t) {
    size_t segment = net->chunk.at;
    while (t < net->segments[segment].begin) {
        segment--;
    }
    while (t >= net->segments[segment].end) {
        segment++;
    }
    return remake(net, segment);
}

/* Queue the weight gradient of one direction for the steps `span`. With plan.accum_in_turns `span` is one run, which is
 * a part of one slice. Otherwise it is the whole sequence, and each slice has its part of it. */
static rg_status add_gradient(struct rg_net *net, size_t layer, size_t direction, struct rg_span span) {
    const struct rg_plan *const p = &net->plan;
    const size_t slice = rg_plan_slice(p, span.begin);
    const struct rg_span all = rg_plan_slice_span(p, slice);
    const bool later = net->chunk.first_row > net->chunk.sum_row,
               begun = direction == 1 ? span.begin != all.begin : span.end != all.end;
    const struct rg_layer_parts run = {.span = span, .first = slice, .n = 1, .accumulate = later || begun};
    const struct rg_layer_parts whole = {.span = span, .n = p->sum_slices, .accumulate = later};
    RG_TRY(rg_layer_gradient(net, layer, direction, p->accum_in_turns ? &run : &whole));
    return rg_layer_gate_gradient(net, layer, direction, p->accum_in_turns ? &run : &whole);
}

/* What a reverse pass over a segment does besides the reverse scans. */
struct reverse_pass {
    size_t until;                        /* the last layer that it comes to */
    bool gradients;                      /* add to the weight gradients */
    bool keep;                           /* keep the deltas at the segment's border for the next segment */
    const struct rg_engine_visit *visit; /* `layer` of it is called after each layer's scans; NULL: nothing is */
};

/* Queue a direction's reverse scan of the segment. With plan.accum_in_turns the scan is cut into runs of accum_steps
 * steps, and the weight gradient of each run follows it at once, while its results are in the cache. */
static rg_status reverse_runs(struct rg_net *net, size_t layer, size_t direction, struct rg_buffer *dout,
                              bool gradients) {
    const struct rg_plan *const p = &net->plan;
    const bool rising = direction == 1;
    const struct rg_span w = net->segment;
    double since = rg_seconds();
    for (size_t at = rising ? w.begin : w.end; at != (rising ? w.end : w.begin);) {
        const struct rg_span run = !p->accum_in_turns ? w
                                   : rising           ? rg_plan_accum_after(p, at)
                                                      : rg_plan_accum_before(p, at);
        at = rising ? run.end : run.begin;
        RG_TRY(rg_layer_reverse(net, layer, direction, run, dout));
        RG_TRY(rg_net_lap(net, &since, RG_PHASE_REVERSE));
        if (gradients) {
            RG_TRY(add_gradient(net, layer, direction, run));
            RG_TRY(rg_net_lap(net, &since, RG_PHASE_WEIGHT_GRADIENT));
        }
    }
    return gradients ? rg_layer_initial_gradient(net, layer, direction, dout) : RG_OK;
}

/* Queue a direction's reverse scan of the segment. It starts from the deltas at the border that the scan of the
 * neighbouring segment kept. */
static rg_status reverse(struct rg_net *net, size_t layer, size_t direction, struct rg_buffer *dout,
                         const struct reverse_pass *pass) {
    const ptrdiff_t in = border(net, direction, true), out = border(net, direction, false);
    const size_t borders = net->plan.delta_borders;
    net->chunk.forward = false;
    if (in >= 0) {
        RG_TRY(rg_layer_recall_deltas(net, layer, direction, (size_t)in % borders));
    }
    RG_TRY(reverse_runs(net, layer, direction, dout, pass->gradients));
    return pass->keep && out >= 0 ? rg_layer_keep_deltas(net, layer, direction, (size_t)out % borders) : RG_OK;
}

/* The gradient at a layer's inputs. */
struct inputs {
    size_t layer;
    struct rg_buffer *dx;
};

static rg_status queue_inputs(struct rg_net *net, void *self, struct rg_span steps, struct rg_span rows) {
    const struct inputs *const i = self;
    const size_t first = (net->segment.begin - net->base + steps.begin) * net->chunk.rows;
    const size_t last = (net->segment.begin - net->base + steps.end - 1) * net->chunk.rows;
    const struct rg_span at = {first + rows.begin, last + rows.end};
    return net->library && i->layer > 0 ? rg_library_inputs(net, i->layer, at, i->dx)
                                        : rg_layer_input_gradient(net, i->layer, at, i->dx);
}

static rg_status inputs_gradient(struct rg_net *net, size_t layer, struct rg_buffer *dx) {
    struct inputs inputs = {layer, dx};
    const struct rg_area area = {RG_WORK_INPUTS, layer, net->segment.end - net->segment.begin, net->chunk.rows,
                                 net->plan.block};
    return rg_in_area(net, &area, queue_inputs, &inputs);
}

/* Queue the gradient at the states of the layer below. Both directions' deltas must be in memory. */
static rg_status send_down(struct rg_net *net, size_t layer, struct rg_buffer **dout) {
    double since = rg_seconds();
    *dout = net->buffers.dout[layer % 2];
    RG_TRY(inputs_gradient(net, layer, *dout));
    if (net->buffers.dropped[layer - 1]) {
        struct dropout dropout = {layer - 1, *dout, *dout};
        RG_TRY(rg_in_steps(net, RG_WORK_DROPOUT, layer - 1, drop_out, &dropout));
    }
    return rg_net_lap(net, &since, RG_PHASE_REVERSE);
}

/* Reverse scans of the segment in memory, from the last layer down, both directions. *dout = dL/dout of the layer at
 * which it stops. */
static rg_status reverse_segment(struct rg_net *net, const struct reverse_pass *pass, struct rg_buffer **dout) {
    RG_TRY(rg_readout_reverse(net, dout));
    for (size_t l = net->plan.layers; l-- > pass->until;) {
        for (size_t d = 0; d < net->plan.directions; d++) {
            RG_TRY(reverse(net, l, d, *dout, pass));
        }
        if (pass->visit) {
            RG_TRY(pass->visit->layer(pass->visit->self, l));
        }
        if (l > pass->until) {
            RG_TRY(send_down(net, l, dout));
        }
    }
    return RG_OK;
}

/* Queue the weight gradient of the head. */
static rg_status head_gradient(struct rg_net *net) {
    double since = rg_seconds();
    RG_TRY(rg_head_gradient(net));
    return rg_net_lap(net, &since, RG_PHASE_WEIGHT_GRADIENT);
}

static bool has_embed_gradient(const struct rg_net *net) {
    return net->buffers.words && rg_net_trains(net, net->model->parameters[rg_model_embed(net->model)].offset);
}

/* Queue the gradient of the embedding table, if that is trained. */
static rg_status embed_gradient(struct rg_net *net) {
    double since = rg_seconds();
    if (has_embed_gradient(net)) {
        RG_TRY(inputs_gradient(net, 0, net->buffers.dx));
        RG_TRY(rg_layer_embed_gradient(net, net->chunk.first_row > net->chunk.sum_row ||
                                                net->chunk.at + 1 < net->plan.n_segments));
    }
    return rg_net_lap(net, &since, RG_PHASE_WEIGHT_GRADIENT);
}

/* Queue the reverse scan of one direction of one layer through all segments. */
static rg_status reverse_apart(struct rg_net *net, size_t layer, size_t direction) {
    const size_t n = net->plan.n_segments;
    const bool top = layer + 1 == net->plan.layers;
    const struct reverse_pass above = {.until = layer + 1}, own = {.gradients = true, .keep = true};
    struct rg_buffer *dout = NULL;
    for (size_t i = 0; i < n; i++) {
        RG_TRY(remake(net, direction == 1 ? i : n - 1 - i));
        if (top && direction == 0) {
            RG_TRY(head_gradient(net));
        }
        RG_TRY(reverse_segment(net, &above, &dout));
        if (!top) {
            RG_TRY(send_down(net, layer + 1, &dout));
        }
        RG_TRY(reverse(net, layer, direction, dout, &own));
    }
    return RG_OK;
}

rg_status rg_chunk_gradient(struct rg_net *net) {
    const struct rg_plan *const p = &net->plan;
    struct rg_buffer *dout = NULL;
    if (take_segments_together(p)) {
        for (size_t i = p->n_segments; i-- > 0;) {
            RG_TRY(remake(net, i));
            RG_TRY(reverse_segment(net, &(struct reverse_pass){.gradients = true, .keep = true}, &dout));
            RG_TRY(embed_gradient(net));
            RG_TRY(head_gradient(net));
        }
        return RG_OK;
    }
    for (size_t l = p->layers; l-- > 0;) {
        RG_TRY(reverse_apart(net, l, 0));
        RG_TRY(reverse_apart(net, l, 1));
    }
    for (size_t i = has_embed_gradient(net) ? p->n_segments : 0; i-- > 0;) {
        RG_TRY(remake(net, i));
        RG_TRY(reverse_segment(net, &(struct reverse_pass){.until = 0}, &dout));
        RG_TRY(embed_gradient(net));
    }
    return RG_OK;
}

rg_status rg_chunk_reverse(struct rg_net *net, size_t until) {
    struct rg_buffer *dout = NULL;
    return reverse_segment(net, &(struct reverse_pass){.until = until}, &dout);
}

struct visiting {
    struct rg_net *net;
    const struct rg_engine_visit *visit;
};

/* Visit a layer as soon as its deltas are in memory: first its sums, then its steps. */
static rg_status visit_at_once(void *self, size_t layer) {
    const struct visiting *const v = self;
    for (size_t d = 0; d < v->net->plan.directions; d++) {
        const struct rg_layer_parts all = {.span = v->net->segment, .n = v->net->plan.sum_slices};
        RG_TRY(rg_layer_gradient(v->net, layer, d, &all));
    }
    RG_TRY(v->visit->total(v->visit->self, layer));
    return v->visit->layer(v->visit->self, layer);
}

rg_status rg_chunk_sample(struct rg_net *net, const struct rg_engine_visit *visit) {
    const struct rg_plan *const p = &net->plan;
    struct rg_buffer *dout = NULL;
    if (p->n_segments == 1) {
        struct visiting v = {net, visit};
        const struct rg_engine_visit at_once = {.layer = visit_at_once, .self = &v};
        return reverse_segment(net, &(struct reverse_pass){.visit = &at_once}, &dout);
    }
    RG_TRY(rg_chunk_gradient(net));
    for (size_t l = 0; l < p->layers; l++) {
        RG_TRY(visit->total(visit->self, l));
    }
    for (size_t i = p->n_segments; i-- > 0;) {
        RG_TRY(remake(net, i));
        RG_TRY(reverse_segment(net, &(struct reverse_pass){.keep = take_segments_together(p), .visit = visit}, &dout));
    }
    return RG_OK;
}
