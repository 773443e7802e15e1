/* The kernels of one layer: see layer.h. */
#include "train/layer.h"

enum { GROUPS_A_UNIT = 4, BLOCK_ROWS = 8, LEAST_LOCAL = 4 };

static const struct sweep_kernels {
    enum rg_kernel forward, reverse;
} sweeps[RG_N_CELLS] =
    {
        [RG_CELL_RNN] = {RG_K_rg_rnn_forward, RG_K_rg_rnn_reverse},
        [RG_CELL_LSTM] = {RG_K_rg_lstm_forward, RG_K_rg_lstm_reverse},
        [RG_CELL_GRU] = {RG_K_rg_gru_forward, RG_K_rg_gru_reverse},
},
  learned_sweeps[RG_N_CELLS] = {
      [RG_CELL_RNN] = {RG_K_rg_rnn_learned_forward, RG_K_rg_rnn_learned_reverse},
      [RG_CELL_LSTM] = {RG_K_rg_lstm_learned_forward, RG_K_rg_lstm_learned_reverse},
      [RG_CELL_GRU] = {RG_K_rg_gru_learned_forward, RG_K_rg_gru_learned_reverse},
};

static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}
static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

static const struct sweep_kernels *kernels_of(const struct rg_engine *e) {
    return (rg_plan_learned(&e->plan) ? learned_sweeps : sweeps) + e->model->shape.cell;
}

static bool adds_skip(const struct rg_plan *p) {
    return p->skip > 0 && p->skip_kind == RG_SKIP_ADD;
}

size_t rg_engine_groups(const struct rg_engine *e, size_t n, size_t per_group) {
    const size_t most = (size_t)e->device->info.units * 4, need = divide_up(n, per_group);
    return need < most ? (need ? need : 1) : most;
}

static size_t offset_of(const struct rg_engine *e, size_t layer, size_t direction, enum rg_role role) {
    return e->model->parameters[rg_model_parameter(e->model, layer, direction, role)].offset;
}

/* Units of a panel of the forward sweep: the gru and the lstm have one vector a gate. */
static size_t forward_panel(const struct rg_engine *e) {
    const size_t panel = rg_device_panel(e->device);
    return e->plan.gates == 1 ? panel : panel / (size_t)e->device->info.nv;
}

/* A matrix [G*H][columns] for the forward sweep. */
static struct rg_pack_job forward_job(const struct rg_engine *e, size_t source, size_t target, size_t columns) {
    const struct rg_plan *const p = &e->plan;
    const size_t width = forward_panel(e);
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
                                .panels = (rg_u32)(p->h_stride / width),
                                .width = (rg_u32)width,
                                .tf32 = 1};
}

/* The same matrix transposed, for what runs backward; `tf32`: in a sweep. */
static struct rg_pack_job reverse_job(const struct rg_engine *e, size_t source, size_t target, size_t columns,
                                      bool tf32) {
    const struct rg_plan *const p = &e->plan;
    const size_t width = rg_device_panel(e->device);
    return (struct rg_pack_job){.source = source,
                                .source2 = RG_NO_SOURCE,
                                .target = target,
                                .stride_k = columns,
                                .stride_u = 1,
                                .depth = (rg_u32)(p->gates * p->hidden),
                                .gates = 1,
                                .all_gates = 1,
                                .units = (rg_u32)columns,
                                .panels = (rg_u32)divide_up(columns, width),
                                .width = (rg_u32)width,
                                .tf32 = tf32};
}

/* `gates` sums of a bias, from `first` on, out of one bias or two. */
static struct rg_pack_job bias_job(const struct rg_engine *e, size_t target, size_t first, size_t gates, size_t source,
                                   size_t source2) {
    const size_t width = forward_panel(e);
    return (struct rg_pack_job){.source = source,
                                .source2 = source2,
                                .target = target,
                                .stride_g = e->plan.hidden,
                                .stride_u = 1,
                                .depth = 1,
                                .gates = (rg_u32)gates,
                                .all_gates = (rg_u32)(e->plan.gates == 1 ? 1 : e->plan.deltas),
                                .first_gate = (rg_u32)first,
                                .units = (rg_u32)e->plan.hidden,
                                .panels = (rg_u32)(e->plan.h_stride / width),
                                .width = (rg_u32)width};
}

/* `units` numbers as they stand. */
static struct rg_pack_job vector_job(const struct rg_engine *e, size_t source, size_t target, size_t units) {
    const size_t width = rg_device_panel(e->device);
    return (struct rg_pack_job){.source = source,
                                .source2 = RG_NO_SOURCE,
                                .target = target,
                                .stride_u = 1,
                                .depth = 1,
                                .gates = 1,
                                .all_gates = 1,
                                .units = (rg_u32)units,
                                .panels = (rg_u32)divide_up(units, width),
                                .width = (rg_u32)width};
}

size_t rg_layer_pack_jobs(const struct rg_engine *e, size_t layer, size_t direction,
                          struct rg_pack_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_plan_direction *const to = &p->layer[layer].directions[direction];
    const size_t ih = offset_of(e, layer, direction, RG_ROLE_WEIGHT_IH);
    const size_t hh = offset_of(e, layer, direction, RG_ROLE_WEIGHT_HH);
    const size_t b_ih = offset_of(e, layer, direction, RG_ROLE_BIAS_IH);
    const size_t b_hh = offset_of(e, layer, direction, RG_ROLE_BIAS_HH);
    const bool apart = p->deltas > p->gates; /* the last gate's biases are not summed */
    const size_t together = p->gates - (apart ? 1 : 0);
    size_t n = 0;
    jobs[n++] = forward_job(e, ih, to->ih, p->layer[layer].inputs);
    jobs[n++] = forward_job(e, hh, to->hh, p->hidden);
    jobs[n++] = reverse_job(e, hh, to->hh_reverse, p->hidden, true);
    jobs[n++] = bias_job(e, to->bias, 0, together, b_ih, b_hh);
    if (apart) {
        const size_t last = together * p->hidden;
        jobs[n++] = bias_job(e, to->bias, together, 1, b_ih + last, RG_NO_SOURCE);
        jobs[n++] = bias_job(e, to->bias, together + 1, 1, b_hh + last, RG_NO_SOURCE);
    }
    if (adds_skip(p)) {
        const size_t sh = offset_of(e, layer, direction, RG_ROLE_WEIGHT_SH);
        jobs[n++] = forward_job(e, sh, to->sh, p->hidden);
        jobs[n++] = reverse_job(e, sh, to->sh_reverse, p->hidden, true);
    }
    if (rg_plan_learned(p)) {
        const struct rg_pack_job gate =
            vector_job(e, offset_of(e, layer, direction, RG_ROLE_WEIGHT_UH), to->gate, p->hidden);
        jobs[n++] = gate;
        jobs[n++] = vector_job(e, offset_of(e, layer, direction, RG_ROLE_BIAS_UH), to->gate + p->h_stride, 1);
    }
    if (layer > 0 || p->words) {
        jobs[n++] = reverse_job(e, ih, to->ih_reverse, p->layer[layer].inputs, false);
    }
    return n;
}

/* Steps [begin, end) as the direction's sweep counts them. */
static struct rg_span orders(const struct rg_plan *p, size_t direction, struct rg_span span) {
    return direction == 1 ? (struct rg_span){p->steps - span.end, p->steps - span.begin} : span;
}

static struct rg_sweep_args sweep_args(const struct rg_engine *e, size_t layer, size_t direction, struct rg_span span,
                                       size_t rows, bool ragged, bool reverse) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_plan_direction *const from = &p->layer[layer].directions[direction];
    const double budget = e->options.skip_budget / (double)p->batch;
    const struct rg_span order = orders(p, direction, span);
    return (struct rg_sweep_args){
        .rows = rows,
        .steps = p->steps,
        .from = order.begin,
        .to = order.end,
        .base = e->base,
        .initial_at = p->room,
        .w_input = from->ih,
        .w_hidden = reverse ? from->hh_reverse : from->hh,
        .w_skip = reverse ? from->sh_reverse : from->sh,
        .bias = from->bias,
        .skip = p->skip,
        .w_gate = from->gate,
        .inputs = (rg_u32)p->layer[layer].inputs,
        .x_stride = (rg_u32)p->layer[layer].x_stride,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .out_stride = (rg_u32)p->out_stride,
        .d_stride = (rg_u32)p->d_stride,
        .out_column = (rg_u32)(direction * p->hidden),
        .tile = (rg_u32)p->tile,
        .activation = (rg_u32)e->model->shape.activation,
        .ragged = ragged,
        .backward = direction == 1,
        .initial = p->initial,
        .skip_kind = p->skip == 0                      ? RG_SKIP_NONE
                     : p->skip_kind == RG_SKIP_DILATED ? RG_SKIP_IS_DILATED
                     : p->skip_kind == RG_SKIP_LEARNED ? RG_SKIP_IS_LEARNED
                                                       : RG_SKIP_IS_ADD,
        .budget = (float)budget,
        .budget_rest = (float)(budget - (double)(float)budget),
    };
}

/* Of a sweep that keeps rows `width` wide, 0 for none. */
static size_t sweep_local_bytes(const struct rg_engine *e, size_t width) {
    const size_t sums = rg_plan_learned(&e->plan) ? (size_t)e->device->info.cols : 0; /* of each row's items */
    const size_t states =
        width ? RG_TILE_NUMBERS(rg_device_items(e->device), e->plan.tile, width, (size_t)e->device->info.vec) : 0;
    return most(2 * states + sums * e->plan.tile, LEAST_LOCAL) * e->plan.real_bytes;
}

/* A sweep over its steps at once, or step by step where the units of a step are shared out. */
static rg_status launch_sweep(struct rg_engine *e, struct rg_launch launch, struct rg_sweep_args args, bool reverse) {
    const struct rg_plan *const p = &e->plan;
    const rg_u64 from = args.from, to = args.to, each = p->sharers > 1 ? 1 : to - from;
    launch.args = &args;
    launch.groups[0] = divide_up((size_t)args.rows, p->tile);
    launch.groups[1] = p->sharers;
    for (rg_u64 done = 0; done < to - from; done += each) {
        args.from = reverse ? to - done - each : from + done;
        args.to = args.from + each;
        RG_TRY(rg_device_launch(e->device, &launch));
    }
    return RG_OK;
}

/* What a layer reads: x, or the states below it. */
static struct rg_buffer *inputs_of(const struct rg_engine *e, size_t layer) {
    return layer == 0 ? e->x : e->dropped[layer - 1] ? e->dropped[layer - 1] : e->out[layer - 1];
}

/* The direction's saved values; cells without any get a buffer that is not read. */
static struct rg_buffer *saved_of(const struct rg_engine *e, size_t layer, size_t direction) {
    return e->saved[layer][direction] ? e->saved[layer][direction] : e->unused;
}

rg_status rg_layer_forward(struct rg_engine *e, size_t layer, size_t direction, size_t rows, bool ragged) {
    return launch_sweep(
        e,
        (struct rg_launch){.kernel = kernels_of(e)->forward,
                           .buffers = {inputs_of(e, layer), e->packed, e->out[layer], saved_of(e, layer, direction),
                                       e->begin, e->gate[layer][direction]},
                           .local_bytes = sweep_local_bytes(e, e->plan.h_stride)},
        sweep_args(e, layer, direction, e->window, rows, ragged, false), false);
}

static size_t window_rows(const struct rg_engine *e, size_t rows) {
    return (e->window.end - e->window.begin) * rows;
}

rg_status rg_layer_dropout(struct rg_engine *e, size_t layer, struct rg_buffer *from, struct rg_buffer *to,
                           uint64_t update, size_t first_row, size_t rows) {
    const struct rg_dropout_args args = {.rows = rows,
                                         .first_row = first_row,
                                         .from = e->window.begin,
                                         .to = e->window.end,
                                         .base = e->base,
                                         .update = update,
                                         .seed_low = (rg_u32)e->options.seed,
                                         .seed_high = (rg_u32)(e->options.seed >> 32),
                                         .layer = (rg_u32)layer,
                                         .stride = (rg_u32)e->plan.out_stride,
                                         .probability = (float)e->options.dropout};
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_dropout,
                                                .buffers = {from, to},
                                                .args = &args,
                                                .groups = {rg_engine_groups(e, window_rows(e, rows), 64), 1}});
}

/* What the cell saves that is the next step's past, as in kernels/cells/: lstm's c. */
enum { SAVED_C = 4 };

/* One of a direction's two initial states, `buffer` or zeros, to element `target` of rows of `to`. */
static rg_status launch_initial(struct rg_engine *e, const struct rg_layer_states *states, struct rg_buffer *buffer,
                                struct rg_buffer *to, struct rg_initial_args args) {
    args.at = e->plan.room;
    args.hidden = (rg_u32)e->plan.hidden;
    args.h_stride = (rg_u32)e->plan.h_stride;
    args.source *= states->n * e->plan.hidden;
    args.absent = buffer == NULL;
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_initial,
                                                .buffers = {buffer ? buffer : e->unused, states->index, e->begin, to},
                                                .args = &args,
                                                .groups = {rg_engine_groups(e, args.rows, 64), 1}});
}

rg_status rg_layer_initial(struct rg_engine *e, size_t layer, const struct rg_layer_states *states, size_t first_row,
                           size_t rows) {
    const struct rg_plan *const p = &e->plan;
    for (size_t d = 0; d < p->directions; d++) { /* in this order, as the forward sweeps */
        struct rg_initial_args args = {.rows = rows,
                                       .first_row = first_row,
                                       .source = layer * p->directions + d,
                                       .target = d * p->hidden,
                                       .stride = (rg_u32)p->out_stride,
                                       .backward = d == 1};
        RG_TRY(launch_initial(e, states, states->h_0, e->out[layer], args));
        if (e->model->shape.cell == RG_CELL_LSTM) {
            args.target = SAVED_C * p->h_stride;
            args.stride = (rg_u32)p->d_stride;
            RG_TRY(launch_initial(e, states, states->c_0, e->saved[layer][d], args));
        }
    }
    return RG_OK;
}

rg_status rg_layer_initial_gradient(struct rg_engine *e, size_t layer, size_t direction, struct rg_buffer *dout,
                                    bool every_step, size_t first_row, size_t rows) {
    static const rg_u32 carries[RG_N_CELLS] = {
        [RG_CELL_RNN] = RG_CARRIES_NOTHING, [RG_CELL_LSTM] = RG_CARRIES_CELL, [RG_CELL_GRU] = RG_CARRIES_STATE};
    const struct rg_plan *const p = &e->plan;
    const struct rg_plan_direction *const from = &p->layer[layer].directions[direction];
    if (!e->dh_0) {
        return RG_OK;
    }
    const struct rg_initial_gradient_args args = {
        .rows = rows,
        .steps = p->steps,
        .from = e->window.begin,
        .to = e->window.end,
        .base = e->base,
        .dh_row = every_step ? p->steps - 1 - e->base : 0,
        .target = ((layer * p->directions + direction) * p->batch + first_row) * p->h_stride,
        .w_hidden = from->hh_reverse,
        .w_skip = from->sh_reverse,
        .own = p->skip > 0 && p->skip_kind == RG_SKIP_DILATED ? p->skip : 1,
        .skip = adds_skip(p) ? p->skip : 0,
        .gates = (rg_u32)p->gates,
        .deltas = (rg_u32)p->deltas,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .out_stride = (rg_u32)p->out_stride,
        .column = (rg_u32)(direction * p->hidden),
        .d_stride = (rg_u32)p->d_stride,
        .backward = direction == 1,
        .carries = carries[e->model->shape.cell],
    };
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_initial_gradient,
                                                           .buffers = {rg_engine_deltas(e, layer, direction), e->packed,
                                                                       dout, e->carry, e->begin, e->dh_0, e->dc_0},
                                                           .args = &args,
                                                           .groups = {rg_engine_groups(e, rows, BLOCK_ROWS), 1}});
}

rg_status rg_layer_reverse(struct rg_engine *e, size_t layer, size_t direction, struct rg_span span,
                           struct rg_buffer *dout, bool every_step, size_t rows, bool ragged) {
    struct rg_sweep_args args = sweep_args(e, layer, direction, span, rows, ragged, true);
    const bool local = RG_DELTAS_ARE_LOCAL(rg_device_items(e->device), e->plan.gates);
    args.every_step = every_step;
    return launch_sweep(
        e,
        (struct rg_launch){.kernel = kernels_of(e)->reverse,
                           .buffers = {e->out[layer], saved_of(e, layer, direction), e->packed, dout,
                                       rg_engine_deltas(e, layer, direction), e->carry, e->begin,
                                       e->gate[layer][direction]},
                           .local_bytes = sweep_local_bytes(e, local ? e->plan.gates * e->plan.h_stride : 0)},
        args, true);
}

rg_status rg_layer_input_gradient(struct rg_engine *e, size_t layer, size_t rows, struct rg_buffer *dx) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_input_gradient_args args = {
        .first = (e->window.begin - e->base) * rows,
        .rows = window_rows(e, rows),
        .w_reverse = {p->layer[layer].directions[0].ih_reverse, p->layer[layer].directions[1].ih_reverse},
        .directions = (rg_u32)p->directions,
        .gates = (rg_u32)p->gates,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .d_stride = (rg_u32)p->d_stride,
        .out_stride = (rg_u32)(layer > 0 ? p->out_stride : p->dx_stride),
        .panels = (rg_u32)divide_up(p->layer[layer].inputs, rg_device_panel(e->device)),
        .tile = 64,
    };
    return rg_device_launch(
        e->device, &(struct rg_launch){.kernel = RG_K_rg_input_gradient,
                                       .buffers = {rg_engine_deltas(e, layer, 0),
                                                   rg_engine_deltas(e, layer, p->directions - 1), e->packed, dx},
                                       .args = &args,
                                       .groups = {divide_up(args.rows, args.tile), 1}});
}

static struct rg_embed_args embed_args(const struct rg_engine *e, size_t rows) {
    const struct rg_plan *const p = &e->plan;
    return (struct rg_embed_args){.rows = rows,
                                  .steps = p->steps,
                                  .from = e->window.begin,
                                  .to = e->window.end,
                                  .base = e->base,
                                  .segments = p->sum_segments,
                                  .run = p->run,
                                  .table = e->model->parameters[rg_model_embed(e->model)].offset,
                                  .words = (rg_u32)p->words,
                                  .width = (rg_u32)p->inputs,
                                  .block = (rg_u32)p->block};
}

rg_status rg_layer_embed(struct rg_engine *e, size_t rows) {
    struct rg_embed_args args = embed_args(e, rows);
    args.stride = (rg_u32)e->plan.layer[0].x_stride;
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_embed,
                                                .buffers = {e->words, e->weights, e->x},
                                                .args = &args,
                                                .groups = {rg_engine_groups(e, window_rows(e, rows), 64), 1}});
}

rg_status rg_layer_embed_gradient(struct rg_engine *e, size_t rows, bool accumulate) {
    struct rg_embed_args args = embed_args(e, rows);
    args.stride = (rg_u32)e->plan.dx_stride;
    args.accumulate = accumulate;
    RG_TRY(rg_layer_input_gradient(e, 0, rows, e->dx));
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_embed_gradient,
                                                           .buffers = {e->words, e->dx, e->gradients},
                                                           .args = &args,
                                                           .groups = {rg_engine_groups(e, e->plan.words, 1), 1}});
}

rg_status rg_layer_gradient(struct rg_engine *e, size_t layer, size_t direction, size_t rows,
                            const struct rg_layer_parts *parts) {
    const struct rg_plan *const p = &e->plan;
    const bool apart = p->deltas > p->gates, dilated = p->skip > 0 && p->skip_kind == RG_SKIP_DILATED;
    const size_t panels = p->d_width / rg_device_panel(e->device),
                 across = divide_up(GROUPS_A_UNIT * (size_t)e->device->info.units, parts->n);
    const rg_u32 input_gap = apart ? (rg_u32)p->deltas - 1 : RG_NO_GATE;  /* W_ih has no part in the last delta, */
    const rg_u32 hidden_gap = apart ? (rg_u32)p->deltas - 2 : RG_NO_GATE; /* and W_hh none in the one before */
    const struct rg_gradient_source states = {.offset = direction * p->hidden,
                                              .shift = dilated ? p->skip : 1,
                                              .later = direction == 1,
                                              .buffer = RG_FROM_STATES,
                                              .depth = (rg_u32)p->hidden,
                                              .stride = (rg_u32)p->out_stride,
                                              .skip_gate = hidden_gap,
                                              .initial = p->initial};
    struct rg_weight_gradient_args args = {
        .rows = rows,
        .steps = p->steps,
        .begin = parts->span.begin,
        .end = parts->span.end,
        .base = e->base,
        .initial_at = p->room,
        .run = p->run,
        .rising = direction == 1,
        .segment_stride = rg_plan_term(p, layer),
        .partial = p->layer[layer].directions[direction].partial + parts->first * rg_plan_term(p, layer),
        .n_segments = (rg_u32)parts->n,
        .n = (rg_u32)p->d_width,
        .d_stride = (rg_u32)p->d_stride,
        .gate_width = (rg_u32)p->h_stride,
        .accumulate = parts->accumulate,
        .block = (rg_u32)p->block,
        .n_sources = 2,
        .parts = (rg_u32)most(1, least(divide_up(across, panels), p->hidden / BLOCK_ROWS)),
        .sources = {states,
                    {.buffer = RG_FROM_INPUTS,
                     .depth = (rg_u32)p->layer[layer].inputs,
                     .stride = (rg_u32)p->layer[layer].x_stride,
                     .skip_gate = input_gap,
                     .sums = 1}},
    };
    if (adds_skip(p)) {
        args.sources[2] = states;
        args.sources[2].shift = p->skip;
        args.sources[2].skip_gate = input_gap;
        args.n_sources = 3;
    }
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_weight_gradient,
                                                .buffers = {e->out[layer], inputs_of(e, layer),
                                                            rg_engine_deltas(e, layer, direction), e->partial},
                                                .args = &args,
                                                .groups = {parts->n, least(across, panels * args.parts)}});
}

rg_status rg_layer_gate_gradient(struct rg_engine *e, size_t layer, size_t direction, size_t rows,
                                 const struct rg_layer_parts *parts) {
    const struct rg_plan *const p = &e->plan;
    if (!rg_plan_learned(p)) {
        return RG_OK;
    }
    const bool reads_c = e->model->shape.cell == RG_CELL_LSTM;
    const struct rg_gate_gradient_args args = {
        .rows = rows,
        .begin = parts->span.begin,
        .end = parts->span.end,
        .base = e->base,
        .run = p->run,
        .rising = direction == 1,
        .offset = reads_c ? SAVED_C * p->h_stride : direction * p->hidden,
        .stride = reads_c ? p->d_stride : p->out_stride,
        .partial = p->layer[layer].directions[direction].gate_partial + parts->first * (p->h_stride + 1),
        .width = (rg_u32)p->h_stride,
        .block = (rg_u32)p->block,
        .accumulate = parts->accumulate,
    };
    struct rg_buffer *const states = reads_c ? e->saved[layer][direction] : e->out[layer];
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_gate_gradient,
                                                           .buffers = {states, e->gate[layer][direction], e->partial},
                                                           .args = &args,
                                                           .groups = {parts->n, 1}});
}

size_t rg_layer_reduce_jobs(const struct rg_engine *e, size_t layer, size_t direction,
                            struct rg_reduce_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &e->plan;
    const size_t inputs = p->layer[layer].inputs, last = (p->gates - 1) * p->h_stride;
    const size_t last_hidden = (p->deltas - 1) * p->h_stride; /* where W_hh finds the delta of its last gate */
    const struct rg_reduce_job job = {.source = p->layer[layer].directions[direction].partial,
                                      .segment_stride = rg_plan_term(p, layer),
                                      .n_segments = (rg_u32)p->sum_segments,
                                      .gates = (rg_u32)p->gates,
                                      .units = (rg_u32)p->hidden,
                                      .stride = (rg_u32)p->h_stride,
                                      .n = (rg_u32)p->d_width};
    const struct {
        size_t columns, k0, last;
    } where[] = {
        [RG_ROLE_WEIGHT_IH] = {inputs, p->hidden, last},
        [RG_ROLE_WEIGHT_HH] = {p->hidden, 0, last_hidden},
        [RG_ROLE_BIAS_IH] = {1, p->hidden + inputs, last},
        [RG_ROLE_BIAS_HH] = {1, p->hidden + inputs, last_hidden},
        [RG_ROLE_WEIGHT_SH] = {p->hidden, p->hidden + inputs + 1, last},
    };
    size_t n = adds_skip(p) ? RG_ROLE_WEIGHT_SH + 1 : RG_ROLE_WEIGHT_SH;
    for (size_t role = 0; role < n; role++) {
        jobs[role] = job;
        jobs[role].target = offset_of(e, layer, direction, (enum rg_role)role);
        jobs[role].columns = (rg_u32)where[role].columns;
        jobs[role].k0 = (rg_u32)where[role].k0;
        jobs[role].last_place = (rg_u32)where[role].last;
    }
    for (size_t role = RG_ROLE_WEIGHT_UH; rg_plan_learned(p) && role <= RG_ROLE_BIAS_UH; role++) {
        const bool bias = role == RG_ROLE_BIAS_UH;
        jobs[n++] = (struct rg_reduce_job){.target = offset_of(e, layer, direction, (enum rg_role)role),
                                           .source = p->layer[layer].directions[direction].gate_partial,
                                           .segment_stride = p->h_stride + 1,
                                           .n_segments = (rg_u32)p->sum_segments,
                                           .gates = 1,
                                           .units = 1,
                                           .n = 1,
                                           .columns = bias ? 1 : (rg_u32)p->hidden,
                                           .k0 = bias ? (rg_u32)p->h_stride : 0};
    }
    return n;
}
