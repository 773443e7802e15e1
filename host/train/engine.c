/* The engine: see engine.h. */
#include "train/engine.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "rnn_gpu/memory.h"
#include "train/layer.h"

double rg_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

rg_status rg_engine_lap(struct rg_engine *e, double *since, size_t phase) {
    if (e->phases) {
        RG_TRY(rg_device_finish(e->device));
        const double t = rg_seconds();
        e->phases[phase] += t - *since;
        *since = t;
    }
    return RG_OK;
}

static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}

/* A buffer of `elements` numbers. */
static rg_status reals(struct rg_engine *e, size_t elements, const char *what, struct rg_buffer **out) {
    return rg_reals_create(e->device, elements, what, out);
}

static rg_status create_layer_buffers(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t rows = p->steps * p->chunk, states = p->state_steps * p->chunk;
    for (size_t l = 0; l < p->layers; l++) {
        RG_TRY(reals(e, states * p->out_stride, "the states", &e->out[l]));
        if (e->options.plan.dropout && l + 1 < p->layers) {
            RG_TRY(reals(e, rows * p->out_stride, "the states after dropout", &e->dropped[l]));
        }
        for (size_t d = 0; p->saved && d < p->directions; d++) {
            RG_TRY(reals(e, states * p->d_stride, "the gates", &e->saved[l][d]));
        }
        for (size_t d = 0; rg_plan_learned(p) && d < p->directions; d++) {
            RG_TRY(reals(e, rows * RG_GATE_VALUES, "the update gates", &e->gate[l][d]));
        }
    }
    if (!e->options.plan.training) {
        return RG_OK;
    }
    for (size_t d = 0; !p->saved && d < p->directions; d++) {
        RG_TRY(reals(e, rows * p->d_stride, "the state gradients", &e->d[d]));
    }
    for (size_t i = 0; p->layers > 1 && i < 2; i++) {
        RG_TRY(reals(e, rows * p->out_stride, "the gradients between layers", &e->dout[i]));
    }
    if (p->words) {
        RG_TRY(reals(e, rows * p->dx_stride, "the gradients of the inputs", &e->dx));
    }
    if (e->options.plan.initial_gradient) {
        const size_t initial = p->layers * p->directions * p->batch * p->h_stride;
        RG_TRY(reals(e, initial, "the gradients of h_0", &e->dh_0));
        RG_TRY(reals(e, initial, "the gradients of c_0", &e->dc_0));
    }
    return reals(e, p->carried * (p->skip ? p->skip : 1) * p->chunk * p->h_stride, "what the cells carry back",
                 &e->carry);
}

static rg_status create_buffers(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t arena = e->model->arena, targets = p->target_steps * p->chunk;
    RG_TRY(reals(e, arena, "the weights", &e->weights));
    RG_TRY(reals(e, p->packed, "the packed weights", &e->packed));
    RG_TRY(reals(e, p->steps * p->chunk * p->layer[0].x_stride, "the inputs", &e->x));
    if (p->words) {
        RG_TRY(reals(e, p->steps * p->chunk, "the words", &e->words));
    }
    RG_TRY(rg_buffer_create(e->device, p->chunk * sizeof(rg_u32), "starts of sequences", &e->begin));
    RG_TRY(create_layer_buffers(e));
    RG_TRY(reals(e, targets * p->n_targets, "the targets", &e->y));
    RG_TRY(reals(e, targets * p->o_stride, "the outputs", &e->z));
    RG_TRY(reals(e, 1, "a placeholder", &e->unused));
    if (!e->options.plan.training) {
        return RG_OK;
    }
    RG_TRY(reals(e, arena, "the gradients", &e->gradients));
    RG_TRY(rg_buffer_zero(e->device, e->gradients)); /* the gaps of the arena stay zero */
    RG_TRY(reals(e, p->partial, "partial gradients", &e->partial));
    RG_TRY(reals(e, targets * p->out_stride, "the gradients below the head", &e->dhead));
    RG_TRY(reals(e, targets * p->o_stride, "the output gradients", &e->dz));
    RG_TRY(reals(e, p->batch, "the losses", &e->row_loss));
    RG_TRY(rg_buffer_create(e->device, p->norm_groups * sizeof(struct rg_norm_partial), "partial norms", &e->norms));
    RG_TRY(rg_buffer_create(e->device, sizeof(struct rg_control), "the control block", &e->control));
    RG_TRY(rg_buffer_zero(e->device, e->control));
    RG_TRY(rg_buffer_create(e->device, RG_HISTORY * sizeof(struct rg_record), "the history", &e->history));
    return rg_optimizer_create(e->device, &e->options.optimizer, arena, &e->optimizer);
}

rg_status rg_engine_create(struct rg_device *device, const struct rg_model *model,
                           const struct rg_engine_options *options, struct rg_engine **out) {
    *out = NULL;
    struct rg_engine *e = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&e, 1, sizeof *e, "the engine"));
    e->device = device;
    e->model = model;
    e->options = *options;
    e->loss_scale = 1.0;
    e->options.plan.dropout = options->plan.training && options->dropout > 0.0;
    RG_TRY_GOTO(rg_plan_make(device, model, &e->options.plan, &e->plan));
    RG_TRY_GOTO(create_buffers(e));
    RG_TRY_GOTO(rg_engine_set_weights(e, model));
    *out = e;
    return RG_OK;
fail:
    rg_engine_destroy(e);
    return status;
}

void rg_engine_destroy(struct rg_engine *e) {
    if (!e) {
        return;
    }
    struct rg_buffer *const buffers[] = {e->weights, e->gradients, e->packed,  e->partial, e->x,        e->begin,
                                         e->d[0],    e->d[1],      e->dout[0], e->dout[1], e->dhead,    e->carry,
                                         e->dz,      e->y,         e->z,       e->unused,  e->row_loss, e->norms,
                                         e->control, e->history,   e->dh_0,    e->dc_0,    e->words,    e->dx};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        rg_buffer_destroy(e->device, buffers[i]);
    }
    for (size_t l = 0; l < RG_MAX_LAYERS; l++) {
        rg_buffer_destroy(e->device, e->out[l]);
        rg_buffer_destroy(e->device, e->dropped[l]);
        rg_buffer_destroy(e->device, e->saved[l][0]);
        rg_buffer_destroy(e->device, e->saved[l][1]);
        rg_buffer_destroy(e->device, e->gate[l][0]);
        rg_buffer_destroy(e->device, e->gate[l][1]);
    }
    rg_optimizer_destroy(e->optimizer);
    rg_free(e);
}

rg_status rg_engine_set_weights(struct rg_engine *e, const struct rg_model *model) {
    return model->exact ? rg_reals_write(e->device, e->weights, 0, model->exact, model->arena)
                        : rg_reals_write_floats(e->device, e->weights, 0, model->weights, model->arena);
}

rg_status rg_engine_get_weights(struct rg_engine *e, struct rg_model *model) {
    double *values = NULL;
    RG_TRY(rg_alloc(&values, model->arena, sizeof *values, "the weights"));
    const rg_status status = rg_reals_read(e->device, values, e->weights, 0, model->arena);
    for (size_t i = 0; status == RG_OK && i < model->arena; i++) {
        if (model->exact) {
            model->exact[i] = values[i];
        } else {
            model->weights[i] = (float)values[i];
        }
    }
    rg_free(values);
    return status;
}

rg_status rg_engine_get_gradients(struct rg_engine *e, double *gradients) {
    return rg_reals_read(e->device, gradients, e->gradients, 0, e->model->arena);
}

rg_status rg_engine_totals(struct rg_engine *e, double *loss, double *norm) {
    const size_t n = e->model->arena, rows = e->plan.batch;
    double *values = NULL, largest = 0.0, squares = 0.0;
    RG_TRY(rg_alloc(&values, n > rows ? n : rows, sizeof *values, "the gradients"));
    rg_status status = rg_reals_read(e->device, values, e->row_loss, 0, rows);
    *loss = 0.0;
    for (size_t i = 0; status == RG_OK && i < rows; i++) {
        *loss += values[i];
    }
    if (status == RG_OK) {
        status = rg_engine_get_gradients(e, values);
    }
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        largest = fmax(largest, fabs(values[i]));
    }
    for (size_t i = 0; status == RG_OK && i < n; i++) { /* scaled: squares neither overflow nor underflow */
        squares += largest > 0.0 ? values[i] / largest * (values[i] / largest) : values[i];
    }
    *norm = largest > 0.0 ? largest * sqrt(squares) : squares;
    rg_free(values);
    return status;
}

/* [L*D][batch][Hp] without the padding. */
static rg_status read_states(struct rg_engine *e, struct rg_buffer *from, double *states) {
    const struct rg_plan *const p = &e->plan;
    const size_t rows = p->layers * p->directions * p->batch;
    double *padded = NULL;
    RG_TRY(rg_alloc(&padded, rows * p->h_stride, sizeof *padded, "gradients of the initial states"));
    const rg_status status = rg_reals_read(e->device, padded, from, 0, rows * p->h_stride);
    for (size_t i = 0; status == RG_OK && i < rows; i++) {
        memcpy(states + i * p->hidden, padded + i * p->h_stride, p->hidden * sizeof *states);
    }
    rg_free(padded);
    return status;
}

rg_status rg_engine_get_initial_gradients(struct rg_engine *e, double *dh_0, double *dc_0) {
    RG_TRY(read_states(e, e->dh_0, dh_0));
    return e->model->shape.cell == RG_CELL_LSTM ? read_states(e, e->dc_0, dc_0) : RG_OK;
}

struct rg_buffer *rg_engine_deltas(const struct rg_engine *e, size_t layer, size_t direction) {
    return e->saved[layer][direction] ? e->saved[layer][direction] : e->d[direction];
}

static size_t head_offset(const struct rg_engine *e, bool bias) {
    return e->model->parameters[bias ? rg_model_head_bias(e->model) : rg_model_head_weight(e->model)].offset;
}

static rg_status pack_head(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t panel = rg_device_panel(e->device), states = p->directions * p->hidden;
    const size_t weight = head_offset(e, false);
    const rg_u32 width = (rg_u32)panel, o_panels = (rg_u32)(p->o_stride / panel);
    const struct rg_pack_args args = {.jobs = {
                                          {.source = weight,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_head,
                                           .stride_k = 1,
                                           .stride_u = states,
                                           .depth = (rg_u32)states,
                                           .gates = 1,
                                           .all_gates = 1,
                                           .units = (rg_u32)p->outputs,
                                           .panels = o_panels,
                                           .width = width},
                                          {.source = weight,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_head_reverse,
                                           .stride_k = states,
                                           .stride_u = 1,
                                           .depth = (rg_u32)p->outputs,
                                           .gates = 1,
                                           .all_gates = 1,
                                           .units = (rg_u32)states,
                                           .panels = (rg_u32)divide_up(states, panel),
                                           .width = width},
                                          {.source = head_offset(e, true),
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_head_bias,
                                           .stride_u = 1,
                                           .depth = 1,
                                           .gates = 1,
                                           .all_gates = 1,
                                           .units = (rg_u32)p->outputs,
                                           .panels = o_panels,
                                           .width = width},
                                      }};
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_pack,
                                                .buffers = {e->weights, e->packed},
                                                .args = &args,
                                                .groups = {3, rg_engine_groups(e, states * p->o_stride, 16384)}});
}

rg_status rg_engine_pack(struct rg_engine *e) {
    double since = rg_seconds();
    for (size_t l = 0; l < e->plan.layers; l++) {
        RG_TRY(rg_layer_pack(e, l));
    }
    RG_TRY(pack_head(e));
    return rg_engine_lap(e, &since, RG_PHASE_PACK);
}

static rg_status launch_head(struct rg_engine *e, size_t first_row, size_t rows, enum rg_loss loss, size_t terms) {
    const struct rg_plan *const p = &e->plan;
    const double mean_over =
        (double)(terms ? terms : p->batch * p->target_steps) * (loss == RG_LOSS_CE ? 1.0 : (double)p->outputs);
    const struct rg_head_args args = {
        .rows = rows,
        .first_row = first_row,
        .first_step = p->steps - p->target_steps,
        .steps = p->steps,
        .terms = (rg_u64)mean_over,
        .w_forward = p->pack_head,
        .w_reverse = p->pack_head_reverse,
        .bias = p->pack_head_bias,
        .hidden = (rg_u32)(p->directions * p->hidden),
        .h_stride = (rg_u32)p->out_stride,
        .outputs = (rg_u32)p->outputs,
        .o_stride = (rg_u32)p->o_stride,
        .n_targets = (rg_u32)p->n_targets,
        .loss = (rg_u32)loss,
        .tile = (rg_u32)p->tile,
        .scale = (float)(e->loss_scale / mean_over),
        .loss_scale = (float)e->loss_scale,
    };
    struct rg_buffer *const top = e->out[p->layers - 1];
    return rg_device_launch(
        e->device,
        &(struct rg_launch){.kernel = RG_K_rg_head,
                            .buffers = {top, e->packed, e->y, e->z, e->dz ? e->dz : e->unused,
                                        e->dhead ? e->dhead : e->unused, e->row_loss ? e->row_loss : e->unused},
                            .args = &args,
                            .groups = {divide_up(rows, p->tile), 1}});
}

/* Fill, forward sweeps and head of a chunk; loss AUTO for the outputs alone. */
static rg_status forward_chunk(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t first_row,
                               size_t rows, enum rg_loss loss) {
    double since = rg_seconds();
    RG_TRY(source->fill(source->self, e, update, first_row, rows));
    if (e->words) {
        RG_TRY(rg_layer_embed(e, rows));
    }
    RG_TRY(rg_engine_lap(e, &since, RG_PHASE_DATA));
    for (size_t l = 0; l < e->plan.layers; l++) {
        RG_TRY(rg_layer_forward(e, l, rows, source->ragged));
        if (e->dropped[l]) {
            RG_TRY(rg_layer_dropout(e, l, e->out[l], e->dropped[l], update, first_row, rows));
        }
    }
    RG_TRY(rg_engine_lap(e, &since, RG_PHASE_FORWARD));
    RG_TRY(launch_head(e, first_row, rows, loss, source->terms));
    return rg_engine_lap(e, &since, RG_PHASE_HEAD);
}

/* Reverse sweeps from the last layer down to `until`; with `gradients` the partial sums of their weight gradients; with
 * `visit` not NULL its call after each. */
static rg_status reverse_chunk(struct rg_engine *e, const struct rg_source *source, uint64_t update, size_t first_row,
                               size_t rows, size_t until, bool gradients, const struct rg_engine_visit *visit) {
    const struct rg_plan *const p = &e->plan;
    struct rg_buffer *dout = e->dhead;
    double since = rg_seconds();
    for (size_t l = p->layers; l-- > until;) {
        const bool every_step = l + 1 < p->layers || p->target_steps > 1;
        RG_TRY(rg_layer_reverse(e, l, dout, every_step, first_row, rows, source->ragged));
        RG_TRY(rg_engine_lap(e, &since, RG_PHASE_REVERSE));
        for (size_t d = 0; gradients && d < p->directions; d++) {
            RG_TRY(rg_layer_gradient(e, l, d, rows, 0, p->steps, p->sum_segments, first_row > 0));
            RG_TRY(rg_layer_gate_gradient(e, l, d, rows, first_row > 0));
        }
        RG_TRY(rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT));
        if (visit) {
            RG_TRY(visit->layer(visit->self, l));
        }
        if (l > until) {
            dout = e->dout[l % 2];
            RG_TRY(rg_layer_input_gradient(e, l, rows, dout));
            if (e->dropped[l - 1]) {
                RG_TRY(rg_layer_dropout(e, l - 1, dout, dout, update, first_row, rows));
            }
            RG_TRY(rg_engine_lap(e, &since, RG_PHASE_REVERSE));
        }
    }
    if (gradients && e->words) {
        RG_TRY(rg_layer_embed_gradient(e, rows, first_row > 0));
        return rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT);
    }
    return RG_OK;
}

rg_status rg_engine_chunk(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t first_row, size_t rows,
                          size_t layer) {
    RG_TRY(forward_chunk(e, source, update, first_row, rows, e->options.loss));
    return reverse_chunk(e, source, update, first_row, rows, layer, false, NULL);
}

rg_status rg_engine_step_terms(struct rg_engine *e, size_t layer, size_t direction, size_t rows, size_t begin,
                               size_t end) {
    return rg_layer_gradient(e, layer, direction, rows, begin, end, end - begin, false);
}

/* Of dL/dout of the last layer, keep step `probe` alone. */
static rg_status isolate_step(struct rg_engine *e, size_t rows, size_t probe) {
    const size_t n = rows * e->plan.out_stride;
    double *step = NULL;
    RG_TRY(rg_alloc(&step, n, sizeof *step, "the gradients below the head"));
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_reals_read(e->device, step, e->dhead, probe * n, n));
    RG_TRY_GOTO(rg_buffer_zero(e->device, e->dhead));
    RG_TRY_GOTO(rg_reals_write(e->device, e->dhead, probe * n, step, n));
fail:
    rg_free(step);
    return status;
}

rg_status rg_engine_sample(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t rows, size_t probe,
                           int exponent, const struct rg_engine_visit *visit) {
    RG_TRY(rg_engine_pack(e));
    e->loss_scale = ldexp(1.0, exponent);
    const rg_status status = forward_chunk(e, source, update, 0, rows, e->options.loss);
    e->loss_scale = 1.0;
    RG_TRY(status);
    if (e->plan.target_steps > 1) {
        RG_TRY(isolate_step(e, rows, probe));
    }
    return reverse_chunk(e, source, update, 0, rows, 0, false, visit);
}

rg_status rg_engine_lag_parts(struct rg_engine *e, size_t layer, size_t direction, size_t rows, struct rg_buffer *total,
                              struct rg_buffer *parts, size_t out) {
    const struct rg_plan *const p = &e->plan;
    const bool adds = p->skip > 0 && p->skip_kind == RG_SKIP_ADD;
    const rg_u32 hidden = (rg_u32)p->hidden, inputs = (rg_u32)p->layer[layer].inputs;
    struct rg_lag_args args = {.terms = p->layer[layer].directions[direction].partial,
                               .stride = rg_plan_term(p, layer),
                               .out = out,
                               .n_terms = (rg_u32)p->sum_segments,
                               .n_parts = adds ? 3 : 2,
                               .hidden = hidden,
                               .h_stride = (rg_u32)p->h_stride,
                               .deltas = (rg_u32)p->deltas,
                               .first = {0, hidden, hidden + inputs + 1},
                               .depth = {hidden, inputs, hidden}};
    RG_TRY(rg_layer_gradient(e, layer, direction, rows, 0, p->steps, p->sum_segments, false));
    RG_TRY(rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_lag_total,
                                                           .buffers = {e->partial, total},
                                                           .args = &args,
                                                           .groups = {rg_engine_groups(e, args.stride, 2048), 1}}));
    for (size_t t = 0; t < p->steps; t += p->segments) {
        args.n_terms = (rg_u32)(p->steps - t < p->segments ? p->steps - t : p->segments);
        args.out = out + t * args.n_parts;
        RG_TRY(rg_layer_gradient(e, layer, direction, rows, t, t + args.n_terms, args.n_terms, false));
        RG_TRY(rg_device_launch(
            e->device, &(struct rg_launch){.kernel = RG_K_rg_lag,
                                           .buffers = {e->partial, total, parts},
                                           .args = &args,
                                           .groups = {args.n_terms, args.n_parts},
                                           .local_bytes = rg_device_items(e->device) * sizeof(struct rg_lag_part)}));
    }
    return RG_OK;
}

/* Segments of the head's weight gradient. */
static size_t head_segments(const struct rg_plan *p) {
    return p->sum_segments < p->target_steps ? p->sum_segments : p->target_steps;
}

static rg_status launch_head_gradient(struct rg_engine *e, size_t rows, bool accumulate) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_weight_gradient_args args = {
        .rows = rows,
        .steps = p->target_steps,
        .end = p->target_steps,
        .segment_stride = p->head_partial,
        .partial = p->head_partial_at,
        .n_segments = (rg_u32)head_segments(p),
        .n = (rg_u32)p->o_stride,
        .d_stride = (rg_u32)p->o_stride,
        .gate_width = (rg_u32)p->o_stride,
        .accumulate = accumulate,
        .block = (rg_u32)p->block,
        .n_sources = 1,
        .parts = 1,
        .sources = {{.offset = (p->steps - p->target_steps) * rows * p->out_stride,
                     .buffer = RG_FROM_STATES,
                     .depth = (rg_u32)(p->directions * p->hidden),
                     .stride = (rg_u32)p->out_stride,
                     .skip_gate = RG_NO_GATE,
                     .sums = 1}},
    };
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_weight_gradient,
                                                .buffers = {e->out[p->layers - 1], e->x, e->dz, e->partial},
                                                .args = &args,
                                                .groups = {args.n_segments, p->o_stride / rg_device_panel(e->device)}});
}

static rg_status reduce_head(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t states = p->directions * p->hidden;
    const struct rg_reduce_job job = {.target = head_offset(e, false),
                                      .source = p->head_partial_at,
                                      .segment_stride = p->head_partial,
                                      .n_segments = (rg_u32)head_segments(p),
                                      .gates = 1,
                                      .units = (rg_u32)p->outputs,
                                      .n = (rg_u32)p->o_stride,
                                      .columns = (rg_u32)states};
    struct rg_reduce_args args = {.jobs = {job, job}};
    args.jobs[1].target = head_offset(e, true);
    args.jobs[1].columns = 1;
    args.jobs[1].k0 = (rg_u32)states;
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_reduce_gradient,
                                                .buffers = {e->partial, e->gradients},
                                                .args = &args,
                                                .groups = {2, rg_engine_groups(e, states * p->outputs, 2048)}});
}

/* Outputs of a chunk [T'][rows][Op] into [rows][T'][O]. */
static rg_status read_outputs(struct rg_engine *e, size_t rows, double *outputs) {
    const struct rg_plan *const p = &e->plan;
    double *padded = NULL;
    RG_TRY(rg_alloc(&padded, p->target_steps * rows * p->o_stride, sizeof *padded, "outputs"));
    const rg_status status = rg_reals_read(e->device, padded, e->z, 0, p->target_steps * rows * p->o_stride);
    for (size_t t = 0; status == RG_OK && t < p->target_steps; t++) {
        for (size_t i = 0; i < rows; i++) {
            memcpy(outputs + (i * p->target_steps + t) * p->outputs, padded + (t * rows + i) * p->o_stride,
                   p->outputs * sizeof *outputs);
        }
    }
    rg_free(padded);
    return status;
}

rg_status rg_engine_forward(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t rows,
                            double *outputs) {
    const size_t each = e->plan.target_steps * e->plan.outputs;
    RG_TRY(rg_engine_pack(e));
    for (size_t first = 0; first < rows; first += e->plan.chunk) {
        const size_t n = rows - first < e->plan.chunk ? rows - first : e->plan.chunk;
        RG_TRY(forward_chunk(e, source, update, first, n, RG_LOSS_AUTO));
        RG_TRY(read_outputs(e, n, outputs + first * each));
    }
    return RG_OK;
}

rg_status rg_engine_gradient(struct rg_engine *e, struct rg_source *source, uint64_t update) {
    const struct rg_plan *const p = &e->plan;
    RG_TRY(rg_engine_pack(e));
    for (size_t first = 0; first < p->batch; first += p->chunk) {
        const size_t rows = p->batch - first < p->chunk ? p->batch - first : p->chunk;
        RG_TRY(forward_chunk(e, source, update, first, rows, e->options.loss));
        RG_TRY(reverse_chunk(e, source, update, first, rows, 0, true, NULL));
        double since = rg_seconds();
        RG_TRY(launch_head_gradient(e, rows, first > 0));
        RG_TRY(rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT));
    }
    double since = rg_seconds();
    for (size_t l = 0; l < p->layers; l++) {
        for (size_t d = 0; d < p->directions; d++) {
            RG_TRY(rg_layer_reduce(e, l, d));
        }
    }
    RG_TRY(reduce_head(e));
    return rg_engine_lap(e, &since, RG_PHASE_WEIGHT_GRADIENT);
}

rg_status rg_engine_norm(struct rg_engine *e, uint64_t update) {
    const struct rg_norm_buffers buffers = {.gradients = e->gradients,
                                            .row_loss = e->row_loss,
                                            .norms = e->norms,
                                            .control = e->control,
                                            .history = e->history,
                                            .n_rows = e->plan.batch,
                                            .n_groups = e->plan.norm_groups};
    double since = rg_seconds();
    RG_TRY(rg_optimizer_norm(e->optimizer, &buffers, update % RG_HISTORY));
    return rg_engine_lap(e, &since, RG_PHASE_CLIP);
}

rg_status rg_engine_step(struct rg_engine *e, double lr) {
    double since = rg_seconds();
    RG_TRY(rg_optimizer_step(e->optimizer, e->weights, e->gradients, e->control, lr));
    return rg_engine_lap(e, &since, RG_PHASE_OPTIMIZER);
}

rg_status rg_engine_control(struct rg_engine *e, struct rg_control *control) {
    return rg_buffer_read(e->device, control, e->control, 0, sizeof *control);
}

rg_status rg_engine_history(struct rg_engine *e, struct rg_record history[RG_HISTORY]) {
    return rg_buffer_read(e->device, history, e->history, 0, RG_HISTORY * sizeof *history);
}
