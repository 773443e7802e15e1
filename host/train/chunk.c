/* A chunk of the batch: see chunk.h. */
#include "train/chunk.h"

#include <string.h>

#include "rnn_gpu/memory.h"
#include "train/head.h"
#include "train/layer.h"
#include "train/library.h"

static void enter(struct rg_engine *e, size_t window) {
    e->chunk.at = window;
    e->window = e->windows[window];
    e->base = e->window.begin - e->plan.lead;
    e->chunk.forward = false;
}

/* The border of the window that a direction's forward sweep comes in by (`out`: goes out by), which the reverse sweep
 * goes out by; RG_NO_MARK at an end of the sequence. Border i is that of windows i and i+1. */
enum { RG_NO_MARK = -1 };
static ptrdiff_t border(const struct rg_engine *e, size_t direction, bool out) {
    const bool at_end = out == (direction == 0);
    const size_t i = e->chunk.at;
    return at_end ? (i + 1 < e->plan.windows ? (ptrdiff_t)i : RG_NO_MARK) : (ptrdiff_t)i - 1;
}

/* A direction's forward sweep of the window; `keep` the states for the next one. */
static rg_status sweep(struct rg_engine *e, size_t layer, size_t direction, bool keep) {
    const ptrdiff_t in = border(e, direction, false), out = border(e, direction, true);
    const size_t rows = e->chunk.rows;
    if (in >= 0) {
        RG_TRY(rg_layer_recall_states(e, layer, direction, (size_t)in, rows));
    }
    RG_TRY(rg_layer_forward(e, layer, direction, rows, e->chunk.source->ragged));
    return keep && out >= 0 ? rg_layer_keep_states(e, layer, direction, (size_t)out, rows) : RG_OK;
}

/* Inputs and states of the first `layers` layers in a window. */
static rg_status make_window(struct rg_engine *e, size_t window, size_t layers, bool keep) {
    const struct rg_chunk *const c = &e->chunk;
    double since = rg_seconds();
    enter(e, window);
    RG_TRY(c->source->fill(c->source->self, e, c->update, c->first_row, c->rows));
    if (e->words) {
        RG_TRY(rg_layer_embed(e, c->rows));
    }
    RG_TRY(rg_engine_lap(e, &since, RG_PHASE_DATA));
    for (size_t l = 0; l < layers; l++) {
        for (size_t d = 0; d < e->plan.directions; d++) {
            RG_TRY(sweep(e, l, d, keep));
        }
        if (e->dropped[l]) {
            RG_TRY(rg_layer_dropout(e, l, e->out[l], e->dropped[l], c->update, c->first_row, c->rows));
        }
    }
    return rg_engine_lap(e, &since, RG_PHASE_FORWARD);
}

static rg_status make_head(struct rg_engine *e, bool again) {
    double since = rg_seconds();
    RG_TRY(rg_head_forward(e, e->chunk.loss, again));
    e->chunk.forward = true;
    return rg_engine_lap(e, &since, RG_PHASE_HEAD);
}

/* The whole of a window's forward pass once more, unless it is still there. */
static rg_status remake(struct rg_engine *e, size_t window) {
    if (e->chunk.forward && e->chunk.at == window) {
        return RG_OK;
    }
    RG_TRY(make_window(e, window, e->plan.layers, false));
    return make_head(e, true);
}

/* Outputs of the window, if it has any, into [rows][T'][O]. */
static rg_status read_outputs(struct rg_engine *e, double *outputs) {
    const struct rg_plan *const p = &e->plan;
    const size_t rows = e->chunk.rows, before = p->steps - p->target_steps;
    const size_t begin = e->window.begin > before ? e->window.begin : before;
    const size_t base = p->target_steps > 1 ? e->base : begin, n = rows * p->o_stride;
    double *padded = NULL;
    RG_TRY(rg_alloc(&padded, n, sizeof *padded, "outputs"));
    rg_status status = RG_OK;
    for (size_t t = begin; status == RG_OK && t < e->window.end; t++) {
        status = rg_reals_read(e->device, padded, e->z, (t - base) * n, n);
        for (size_t i = 0; status == RG_OK && i < rows; i++) {
            memcpy(outputs + (i * p->target_steps + t - before) * p->outputs, padded + i * p->o_stride,
                   p->outputs * sizeof *outputs);
        }
    }
    rg_free(padded);
    return status;
}

/* Can all sweeps of a window follow each other at once? */
static bool is_fused(const struct rg_plan *p) {
    return p->directions == 1 || p->windows == 1;
}

/* The states at the borders of all windows, where the directions go different ways. */
static rg_status keep_borders(struct rg_engine *e) {
    const size_t n = e->plan.windows;
    for (size_t l = 0; l < e->plan.layers; l++) {
        for (size_t d = 0; d < e->plan.directions; d++) {
            for (size_t i = 0; i < n; i++) {
                RG_TRY(make_window(e, d == 1 ? n - 1 - i : i, l, false));
                RG_TRY(sweep(e, l, d, true));
            }
        }
    }
    return RG_OK;
}

rg_status rg_chunk_forward(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t first_row,
                           size_t rows, enum rg_loss loss, double *outputs) {
    const struct rg_plan *const p = &e->plan;
    const bool fused = is_fused(p);
    e->chunk =
        (struct rg_chunk){.source = source, .update = update, .first_row = first_row, .rows = rows, .loss = loss};
    if (!fused) {
        RG_TRY(keep_borders(e));
    }
    for (size_t i = fused || p->target_steps > 1 ? 0 : p->windows - 1; i < p->windows; i++) {
        RG_TRY(make_window(e, i, p->layers, fused));
        RG_TRY(make_head(e, false));
        if (outputs) {
            RG_TRY(read_outputs(e, outputs));
        }
    }
    return RG_OK;
}

rg_status rg_chunk_hold(struct rg_engine *e, size_t t) {
    size_t window = e->chunk.at;
    while (t < e->windows[window].begin) {
        window--;
    }
    while (t >= e->windows[window].end) {
        window++;
    }
    return remake(e, window);
}

/* Weight gradients of one direction's steps `span`, a run of a segment or, whole, all segments. */
static rg_status add_gradient(struct rg_engine *e, size_t layer, size_t direction, struct rg_span span) {
    const struct rg_plan *const p = &e->plan;
    const size_t segment = rg_plan_segment(p, span.begin), rows = e->chunk.rows;
    const struct rg_span all = rg_plan_segment_span(p, segment);
    const bool later = e->chunk.first_row > 0, begun = direction == 1 ? span.begin != all.begin : span.end != all.end;
    const struct rg_layer_parts run = {span, segment, 1, later || begun}, whole = {span, 0, p->sum_segments, later};
    RG_TRY(rg_layer_gradient(e, layer, direction, rows, p->by_runs ? &run : &whole));
    return rg_layer_gate_gradient(e, layer, direction, rows, p->by_runs ? &run : &whole);
}

/* A direction's reverse sweep of the window, run by run where that helps, with each its weight gradient. */
static rg_status reverse_runs(struct rg_engine *e, size_t layer, size_t direction, struct rg_buffer *dout,
                              bool gradients) {
    const struct rg_plan *const p = &e->plan;
    const bool every_step = layer + 1 < p->layers || p->target_steps > 1, rising = direction == 1;
    const struct rg_span w = e->window;
    double since = rg_seconds();
    for (size_t at = rising ? w.begin : w.end; at != (rising ? w.end : w.begin);) {
        const struct rg_span run = !p->by_runs ? w : rising ? rg_plan_run_after(p, at) : rg_plan_run_before(p, at);
        at = rising ? run.end : run.begin;
        RG_TRY(rg_layer_reverse(e, layer, direction, run, dout, every_step, e->chunk.rows, e->chunk.source->ragged));
        RG_TRY(rg_engine_lap(e, &since, RG_PHASE_REVERSE));
        if (gradients) {
            RG_TRY(add_gradient(e, layer, direction, run));
            RG_TRY(rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT));
        }
    }
    return gradients
               ? rg_layer_initial_gradient(e, layer, direction, dout, every_step, e->chunk.first_row, e->chunk.rows)
               : RG_OK;
}

/* The same with what the sweep of the window before left, and `keep` leaving it for the next. */
static rg_status reverse(struct rg_engine *e, size_t layer, size_t direction, struct rg_buffer *dout, bool gradients,
                         bool keep) {
    const ptrdiff_t in = border(e, direction, true), out = border(e, direction, false);
    const size_t marks = e->plan.delta_marks, rows = e->chunk.rows;
    e->chunk.forward = false;
    if (in >= 0) {
        RG_TRY(rg_layer_recall_deltas(e, layer, direction, (size_t)in % marks, rows));
    }
    RG_TRY(reverse_runs(e, layer, direction, dout, gradients));
    return keep && out >= 0 ? rg_layer_keep_deltas(e, layer, direction, (size_t)out % marks, rows) : RG_OK;
}

/* The gradient at the states of the layer below, when both directions' deltas are there. */
static rg_status send_down(struct rg_engine *e, size_t layer, struct rg_buffer **dout) {
    const struct rg_chunk *const c = &e->chunk;
    double since = rg_seconds();
    *dout = e->dout[layer % 2];
    RG_TRY(e->library ? rg_library_inputs(e, layer, c->rows, *dout)
                      : rg_layer_input_gradient(e, layer, c->rows, *dout));
    if (e->dropped[layer - 1]) {
        RG_TRY(rg_layer_dropout(e, layer - 1, *dout, *dout, c->update, c->first_row, c->rows));
    }
    return rg_engine_lap(e, &since, RG_PHASE_REVERSE);
}

/* Reverse sweeps of the window in memory, from the last layer down to `until`, both directions. */
static rg_status reverse_window(struct rg_engine *e, size_t until, bool gradients, bool keep,
                                const struct rg_engine_visit *visit, struct rg_buffer **dout) {
    *dout = e->dhead;
    for (size_t l = e->plan.layers; l-- > until;) {
        for (size_t d = 0; d < e->plan.directions; d++) {
            RG_TRY(reverse(e, l, d, *dout, gradients, keep));
        }
        if (visit) {
            RG_TRY(visit->layer(visit->self, l));
        }
        if (l > until) {
            RG_TRY(send_down(e, l, dout));
        }
    }
    return RG_OK;
}

/* The gradients at both ends of the net, head and embedding. */
static rg_status head_gradient(struct rg_engine *e) {
    double since = rg_seconds();
    RG_TRY(rg_head_gradient(e));
    return rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT);
}

static rg_status embed_gradient(struct rg_engine *e) {
    double since = rg_seconds();
    if (e->words) {
        RG_TRY(rg_layer_embed_gradient(e, e->chunk.rows, e->chunk.first_row > 0 || e->chunk.at + 1 < e->plan.windows));
    }
    return rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT);
}

/* One direction of one layer through all windows, where the directions go different ways. */
static rg_status reverse_apart(struct rg_engine *e, size_t layer, size_t direction) {
    const size_t n = e->plan.windows;
    const bool top = layer + 1 == e->plan.layers;
    struct rg_buffer *dout = NULL;
    for (size_t i = 0; i < n; i++) {
        RG_TRY(remake(e, direction == 1 ? i : n - 1 - i));
        if (top && direction == 0) {
            RG_TRY(head_gradient(e));
        }
        RG_TRY(reverse_window(e, layer + 1, false, false, NULL, &dout));
        if (!top) {
            RG_TRY(send_down(e, layer + 1, &dout));
        }
        RG_TRY(reverse(e, layer, direction, dout, true, true));
    }
    return RG_OK;
}

rg_status rg_chunk_gradient(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    struct rg_buffer *dout = NULL;
    for (size_t i = p->windows; is_fused(p) && i-- > 0;) {
        RG_TRY(remake(e, i));
        RG_TRY(reverse_window(e, 0, true, true, NULL, &dout));
        RG_TRY(embed_gradient(e));
        RG_TRY(head_gradient(e));
    }
    for (size_t l = is_fused(p) ? 0 : p->layers; l-- > 0;) {
        RG_TRY(reverse_apart(e, l, 0));
        RG_TRY(reverse_apart(e, l, 1));
    }
    for (size_t i = is_fused(p) || !e->words ? 0 : p->windows; i-- > 0;) {
        RG_TRY(remake(e, i));
        RG_TRY(reverse_window(e, 0, false, false, NULL, &dout));
        RG_TRY(embed_gradient(e));
    }
    return RG_OK;
}

rg_status rg_chunk_reverse(struct rg_engine *e, size_t until) {
    struct rg_buffer *dout = NULL;
    return reverse_window(e, until, false, false, NULL, &dout);
}

struct visiting {
    struct rg_engine *engine;
    const struct rg_engine_visit *visit;
};

/* A layer's sums as soon as its deltas are there, then its steps. */
static rg_status visit_at_once(void *self, size_t layer) {
    const struct visiting *const v = self;
    for (size_t d = 0; d < v->engine->plan.directions; d++) {
        const struct rg_layer_parts all = {v->engine->window, 0, v->engine->plan.sum_segments, false};
        RG_TRY(rg_layer_gradient(v->engine, layer, d, v->engine->chunk.rows, &all));
    }
    RG_TRY(v->visit->total(v->visit->self, layer));
    return v->visit->layer(v->visit->self, layer);
}

rg_status rg_chunk_sample(struct rg_engine *e, const struct rg_engine_visit *visit) {
    const struct rg_plan *const p = &e->plan;
    struct rg_buffer *dout = NULL;
    if (p->windows == 1) {
        struct visiting v = {e, visit};
        return reverse_window(e, 0, false, false, &(struct rg_engine_visit){.layer = visit_at_once, .self = &v}, &dout);
    }
    RG_TRY(rg_chunk_gradient(e));
    for (size_t l = 0; l < p->layers; l++) {
        RG_TRY(visit->total(visit->self, l));
    }
    for (size_t i = p->windows; i-- > 0;) {
        RG_TRY(remake(e, i));
        RG_TRY(reverse_window(e, 0, false, is_fused(p), visit, &dout));
    }
    return RG_OK;
}
