/* The engine: see engine.h. */
#include "train/engine.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "rnn_gpu/memory.h"

static const double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8; /* of Adam, PyTorch's defaults */

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* When measuring: wait, and add the time since *since to *phase. */
static rg_status lap(struct rg_engine *e, double *since, double *phase) {
    if (e->phases) {
        RG_TRY(rg_device_finish(e->device));
        const double t = now();
        *phase += t - *since;
        *since = t;
    }
    return RG_OK;
}

static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}

/* Groups for an elementwise kernel over n items of work. */
static size_t groups_for(const struct rg_engine *e, size_t n, size_t per_group) {
    const size_t most = (size_t)e->device->info.units * 4, need = divide_up(n, per_group);
    return need < most ? (need ? need : 1) : most;
}

static rg_status create_buffers(struct rg_engine *e) {
    const struct rg_plan *p = &e->plan;
    const size_t real = sizeof(float), arena = e->model->arena;
    const bool training = e->options.plan.training;
    const struct {
        struct rg_buffer **buffer;
        size_t bytes;
        const char *what;
        bool training;
    } wanted[] = {
        {&e->weights, arena * real, "the weights", false},
        {&e->gradients, arena * real, "the gradients", true},
        {&e->first, arena * real, "Adam's first moments", true},
        {&e->second, arena * real, "Adam's second moments", true},
        {&e->packed, p->packed * real, "the packed weights", false},
        {&e->partial, p->partial * real, "partial gradients", true},
        {&e->x, p->steps * p->chunk * p->x_stride * real, "the inputs", false},
        {&e->begin, p->chunk * sizeof(rg_u32), "starts of sequences", false},
        {&e->h, p->steps * p->chunk * p->h_stride * real, "the states", false},
        {&e->d, p->steps * p->chunk * p->d_stride * real, "the state gradients", true},
        {&e->dh, p->chunk * p->h_stride * real, "the last state's gradient", false},
        {&e->dz, p->chunk * p->o_stride * real, "the output gradients", false},
        {&e->y, p->batch * p->n_targets * real, "the targets", false},
        {&e->z, p->batch * p->o_stride * real, "the outputs", false},
        {&e->row_loss, p->batch * real, "the losses", false},
        {&e->ones, RG_INPUT_PAD * real, "ones", false},
        {&e->norms, p->norm_groups * sizeof(struct rg_norm_partial), "partial norms", true},
        {&e->control, sizeof(struct rg_control), "the control block", false},
        {&e->history, RG_HISTORY * sizeof(struct rg_record), "the history", false},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (training || !wanted[i].training) {
            RG_TRY(rg_buffer_create(e->device, wanted[i].bytes, wanted[i].what, wanted[i].buffer));
        }
    }
    if (training) {
        RG_TRY(rg_buffer_zero(e->device, e->gradients)); /* the gaps of the arena stay zero */
        RG_TRY(rg_buffer_zero(e->device, e->first));
        RG_TRY(rg_buffer_zero(e->device, e->second));
    }
    const float ones[RG_INPUT_PAD] = {1.0f, 1.0f, 1.0f, 1.0f};
    RG_TRY(rg_buffer_write(e->device, e->ones, 0, ones, sizeof ones));
    return rg_buffer_zero(e->device, e->control);
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
    RG_TRY_GOTO(rg_plan_make(device, model, &options->plan, &e->plan));
    RG_TRY_GOTO(create_buffers(e));
    RG_TRY_GOTO(rg_engine_set_weights(e, model->weights));
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
    struct rg_buffer *const buffers[] = {e->weights, e->gradients, e->first,    e->second,  e->packed, e->partial, e->x,
                                         e->begin,   e->h,         e->d,        e->dh,      e->dz,     e->y,       e->z,
                                         e->ones,    e->norms,     e->row_loss, e->control, e->history};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        rg_buffer_destroy(e->device, buffers[i]);
    }
    rg_free(e);
}

rg_status rg_engine_set_weights(struct rg_engine *e, const float *weights) {
    return rg_buffer_write(e->device, e->weights, 0, weights, e->model->arena * sizeof(float));
}

rg_status rg_engine_get_weights(struct rg_engine *e, float *weights) {
    return rg_buffer_read(e->device, weights, e->weights, 0, e->model->arena * sizeof(float));
}

rg_status rg_engine_get_gradients(struct rg_engine *e, float *gradients) {
    return rg_buffer_read(e->device, gradients, e->gradients, 0, e->model->arena * sizeof(float));
}

rg_status rg_engine_pack(struct rg_engine *e) {
    const struct rg_plan *p = &e->plan;
    const struct rg_parameter *const w = e->model->parameters;
    const size_t panel = rg_device_panel(e->device);
    const rg_u32 gates = (rg_u32)p->gates, hidden = (rg_u32)p->hidden, inputs = (rg_u32)p->inputs,
                 outputs = (rg_u32)p->outputs;
    const rg_u32 h_panels = (rg_u32)(p->h_stride / panel), o_panels = (rg_u32)(p->o_stride / panel);
    const struct rg_pack_args args = {.jobs = {
                                          {.source = w[RG_P_WEIGHT_IH].offset,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_ih,
                                           .stride_k = 1,
                                           .stride_g = p->hidden * p->inputs,
                                           .stride_u = p->inputs,
                                           .depth = inputs,
                                           .gates = gates,
                                           .units = hidden,
                                           .panels = h_panels},
                                          {.source = w[RG_P_WEIGHT_HH].offset,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_hh,
                                           .stride_k = 1,
                                           .stride_g = p->hidden * p->hidden,
                                           .stride_u = p->hidden,
                                           .depth = hidden,
                                           .gates = gates,
                                           .units = hidden,
                                           .panels = h_panels},
                                          {.source = w[RG_P_WEIGHT_HH].offset,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_hh_reverse,
                                           .stride_k = p->hidden,
                                           .stride_u = 1,
                                           .depth = gates * hidden,
                                           .gates = 1,
                                           .units = hidden,
                                           .panels = h_panels},
                                          {.source = w[RG_P_BIAS_IH].offset,
                                           .source2 = w[RG_P_BIAS_HH].offset,
                                           .target = p->pack_bias,
                                           .stride_g = p->hidden,
                                           .stride_u = 1,
                                           .depth = 1,
                                           .gates = gates,
                                           .units = hidden,
                                           .panels = h_panels},
                                          {.source = w[RG_P_HEAD_WEIGHT].offset,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_head,
                                           .stride_k = 1,
                                           .stride_u = p->hidden,
                                           .depth = hidden,
                                           .gates = 1,
                                           .units = outputs,
                                           .panels = o_panels},
                                          {.source = w[RG_P_HEAD_WEIGHT].offset,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_head_reverse,
                                           .stride_k = p->hidden,
                                           .stride_u = 1,
                                           .depth = outputs,
                                           .gates = 1,
                                           .units = hidden,
                                           .panels = h_panels},
                                          {.source = w[RG_P_HEAD_BIAS].offset,
                                           .source2 = RG_NO_SOURCE,
                                           .target = p->pack_head_bias,
                                           .stride_u = 1,
                                           .depth = 1,
                                           .gates = 1,
                                           .units = outputs,
                                           .panels = o_panels},
                                      }};
    double since = now();
    RG_TRY(
        rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_pack,
                                                        .buffers = {e->weights, e->packed},
                                                        .args = &args,
                                                        .groups = {groups_for(e, p->hidden * p->h_stride, 16384), 7}}));
    return lap(e, &since, e->phases ? &e->phases->pack : NULL);
}

static struct rg_sweep_args sweep_args(const struct rg_engine *e, size_t rows, bool ragged, bool reverse) {
    const struct rg_plan *p = &e->plan;
    return (struct rg_sweep_args){
        .rows = rows,
        .steps = p->steps,
        .w_input = p->pack_ih,
        .w_hidden = reverse ? p->pack_hh_reverse : p->pack_hh,
        .bias = p->pack_bias,
        .inputs = (rg_u32)p->inputs,
        .x_stride = (rg_u32)p->x_stride,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .tile = (rg_u32)p->tile,
        .activation = (rg_u32)e->model->shape.activation,
        .ragged = ragged,
    };
}

static size_t sweep_local_bytes(const struct rg_engine *e) {
    const struct rg_plan *p = &e->plan;
    return 2 * p->tile * RG_LOCAL_STRIDE(p->d_stride, (size_t)e->device->info.vec) * sizeof(float);
}

static rg_status launch_head(struct rg_engine *e, size_t first_row, size_t rows, enum rg_loss loss) {
    const struct rg_plan *p = &e->plan;
    const double terms = (double)p->batch * (loss == RG_LOSS_CE ? 1.0 : (double)p->outputs);
    const struct rg_head_args args = {
        .rows = rows,
        .first_row = first_row,
        .h_offset = (p->steps - 1) * rows * p->h_stride,
        .w_forward = p->pack_head,
        .w_reverse = p->pack_head_reverse,
        .bias = p->pack_head_bias,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .outputs = (rg_u32)p->outputs,
        .o_stride = (rg_u32)p->o_stride,
        .n_targets = (rg_u32)p->n_targets,
        .loss = (rg_u32)loss,
        .tile = (rg_u32)p->tile,
        .scale = (float)(1.0 / terms),
    };
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_head,
                                                .buffers = {e->h, e->packed, e->y, e->z, e->dz, e->dh, e->row_loss},
                                                .args = &args,
                                                .groups = {divide_up(rows, p->tile), 1}});
}

/* Fill, forward sweep and head of a chunk; loss AUTO for the outputs alone. */
static rg_status forward_chunk(struct rg_engine *e, const struct rg_source *source, uint64_t update, size_t first_row,
                               size_t rows, enum rg_loss loss) {
    struct rg_phases unused;
    struct rg_phases *const phases = e->phases ? e->phases : &unused;
    double since = now();
    RG_TRY(source->fill(source->self, e, update, first_row, rows));
    RG_TRY(lap(e, &since, &phases->data));
    const struct rg_sweep_args args = sweep_args(e, rows, source->ragged, false);
    RG_TRY(rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_rnn_forward,
                                                           .buffers = {e->x, e->packed, e->packed, e->h, e->begin},
                                                           .args = &args,
                                                           .groups = {divide_up(rows, e->plan.tile), 1},
                                                           .local_bytes = sweep_local_bytes(e)}));
    RG_TRY(lap(e, &since, &phases->forward));
    RG_TRY(launch_head(e, first_row, rows, loss));
    return lap(e, &since, &phases->head);
}

rg_status rg_engine_chunk(struct rg_engine *e, const struct rg_source *source, uint64_t update, size_t first_row,
                          size_t rows) {
    RG_TRY(forward_chunk(e, source, update, first_row, rows, e->options.loss));
    double since = now();
    const struct rg_sweep_args args = sweep_args(e, rows, source->ragged, true);
    RG_TRY(rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_rnn_reverse,
                                                           .buffers = {e->h, e->packed, e->dh, e->d, e->begin},
                                                           .args = &args,
                                                           .groups = {divide_up(rows, e->plan.tile), 1},
                                                           .local_bytes = sweep_local_bytes(e)}));
    return lap(e, &since, e->phases ? &e->phases->reverse : NULL);
}

/* The layer's weight gradient over steps [begin, end) in `segments` runs. */
static rg_status launch_layer_gradient(struct rg_engine *e, size_t rows, size_t begin, size_t end, size_t segments,
                                       bool accumulate) {
    const struct rg_plan *p = &e->plan;
    const struct rg_weight_gradient_args args = {
        .rows = rows,
        .begin = begin,
        .end = end,
        .shift = 1,
        .segment_stride = p->layer_partial,
        .n_segments = (rg_u32)segments,
        .depth = (rg_u32)p->hidden,
        .a_stride = (rg_u32)p->h_stride,
        .inputs = (rg_u32)p->x_stride,
        .x_stride = (rg_u32)p->x_stride,
        .n = (rg_u32)p->d_stride,
        .d_stride = (rg_u32)p->d_stride,
        .accumulate = accumulate,
    };
    const size_t panels = p->d_stride / rg_device_panel(e->device), across = divide_up(32, segments);
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_weight_gradient,
                                                           .buffers = {e->h, e->x, e->d, e->partial},
                                                           .args = &args,
                                                           .groups = {segments, across < panels ? across : panels}});
}

rg_status rg_engine_step_terms(struct rg_engine *e, size_t rows, size_t begin, size_t end, bool accumulate) {
    return launch_layer_gradient(e, rows, begin, end, end - begin, accumulate);
}

static rg_status launch_head_gradient(struct rg_engine *e, size_t rows, bool accumulate) {
    const struct rg_plan *p = &e->plan;
    const struct rg_weight_gradient_args args = {
        .rows = rows,
        .end = 1,
        .segment_stride = p->head_partial,
        .partial = p->segments * p->layer_partial,
        .a_offset = (p->steps - 1) * rows * p->h_stride,
        .n_segments = 1,
        .depth = (rg_u32)p->hidden,
        .a_stride = (rg_u32)p->h_stride,
        .inputs = 1,
        .n = (rg_u32)p->o_stride,
        .d_stride = (rg_u32)p->o_stride,
        .accumulate = accumulate,
    };
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_weight_gradient,
                                                           .buffers = {e->h, e->ones, e->dz, e->partial},
                                                           .args = &args,
                                                           .groups = {1, p->o_stride / rg_device_panel(e->device)}});
}

/* Partial sums into the gradient arena. */
static rg_status launch_reduce(struct rg_engine *e) {
    const struct rg_plan *p = &e->plan;
    const struct rg_parameter *const w = e->model->parameters;
    const struct rg_reduce_job layer = {.segment_stride = p->layer_partial,
                                        .n_segments = (rg_u32)p->segments,
                                        .gates = (rg_u32)p->gates,
                                        .units = (rg_u32)p->hidden,
                                        .stride = (rg_u32)p->h_stride,
                                        .n = (rg_u32)p->d_stride};
    const struct rg_reduce_job head = {.source = p->segments * p->layer_partial,
                                       .n_segments = 1,
                                       .gates = 1,
                                       .units = (rg_u32)p->outputs,
                                       .n = (rg_u32)p->o_stride};
    struct rg_reduce_args args = {.jobs = {layer, layer, layer, layer, head, head}};
    const struct {
        size_t columns, k0;
    } where[RG_P_COUNT] = {
        [RG_P_WEIGHT_IH] = {p->inputs, p->hidden},   [RG_P_WEIGHT_HH] = {p->hidden, 0},
        [RG_P_BIAS_IH] = {1, p->hidden + p->inputs}, [RG_P_BIAS_HH] = {1, p->hidden + p->inputs},
        [RG_P_HEAD_WEIGHT] = {p->hidden, 0},         [RG_P_HEAD_BIAS] = {1, p->hidden},
    };
    for (size_t i = 0; i < RG_P_COUNT; i++) {
        args.jobs[i].target = w[i].offset;
        args.jobs[i].columns = (rg_u32)where[i].columns;
        args.jobs[i].k0 = (rg_u32)where[i].k0;
    }
    return rg_device_launch(
        e->device, &(struct rg_launch){.kernel = RG_K_rg_reduce_gradient,
                                       .buffers = {e->partial, e->gradients},
                                       .args = &args,
                                       .groups = {groups_for(e, p->gates * p->hidden * p->hidden, 2048), RG_P_COUNT}});
}

rg_status rg_engine_forward(struct rg_engine *e, const struct rg_source *source, uint64_t update, size_t rows) {
    RG_TRY(rg_engine_pack(e));
    for (size_t first = 0; first < rows; first += e->plan.chunk) {
        const size_t n = rows - first < e->plan.chunk ? rows - first : e->plan.chunk;
        RG_TRY(forward_chunk(e, source, update, first, n, RG_LOSS_AUTO));
    }
    return RG_OK;
}

rg_status rg_engine_gradient(struct rg_engine *e, const struct rg_source *source, uint64_t update) {
    const struct rg_plan *p = &e->plan;
    RG_TRY(rg_engine_pack(e));
    double since = now();
    for (size_t first = 0; first < p->batch; first += p->chunk) {
        const size_t rows = p->batch - first < p->chunk ? p->batch - first : p->chunk;
        RG_TRY(rg_engine_chunk(e, source, update, first, rows));
        since = now();
        RG_TRY(launch_layer_gradient(e, rows, 0, p->steps, p->segments, first > 0));
        RG_TRY(launch_head_gradient(e, rows, first > 0));
        RG_TRY(lap(e, &since, e->phases ? &e->phases->weight_gradient : NULL));
    }
    RG_TRY(launch_reduce(e));
    return lap(e, &since, e->phases ? &e->phases->weight_gradient : NULL);
}

rg_status rg_engine_norm(struct rg_engine *e, uint64_t update) {
    const struct rg_plan *p = &e->plan;
    const struct rg_norm_args args = {
        .n = e->model->arena,
        .rows = p->batch,
        .n_partials = (rg_u32)p->norm_groups,
        .clip = (float)e->options.clip_norm,
        .log_beta1 = (float)log(BETA1),
        .log_beta2 = (float)log(BETA2),
        .slot = (rg_u32)(update % RG_HISTORY),
        .max_skips = e->options.max_skips,
    };
    double since = now();
    RG_TRY(rg_device_launch(
        e->device, &(struct rg_launch){.kernel = RG_K_rg_norm_partials,
                                       .buffers = {e->gradients, e->row_loss, e->norms},
                                       .args = &args,
                                       .groups = {p->norm_groups, 1},
                                       .local_bytes = rg_device_items(e->device) * sizeof(struct rg_norm_partial)}));
    RG_TRY(rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_norm_total,
                                                           .buffers = {e->norms, e->control, e->history},
                                                           .args = &args,
                                                           .groups = {1, 1}}));
    return lap(e, &since, e->phases ? &e->phases->clip : NULL);
}

rg_status rg_engine_step(struct rg_engine *e, double lr) {
    const struct rg_optimizer_args args = {.n = e->model->arena,
                                           .lr = (float)lr,
                                           .beta1 = (float)BETA1,
                                           .rest1 = (float)(1.0 - BETA1),
                                           .beta2 = (float)BETA2,
                                           .rest2 = (float)(1.0 - BETA2),
                                           .epsilon = (float)EPSILON};
    const size_t groups = groups_for(e, e->model->arena, 16384);
    const struct rg_launch sgd = {
        .kernel = RG_K_rg_sgd, .buffers = {e->weights, e->gradients, e->control}, .args = &args, .groups = {groups, 1}};
    const struct rg_launch adam = {.kernel = RG_K_rg_adam,
                                   .buffers = {e->weights, e->gradients, e->first, e->second, e->control},
                                   .args = &args,
                                   .groups = {groups, 1}};
    double since = now();
    RG_TRY(rg_device_launch(e->device, e->options.optimizer == RG_OPT_ADAM ? &adam : &sgd));
    return lap(e, &since, e->phases ? &e->phases->optimizer : NULL);
}

rg_status rg_engine_outputs(struct rg_engine *e, size_t rows, float *outputs) {
    const struct rg_plan *p = &e->plan;
    float *padded = NULL;
    RG_TRY(rg_alloc(&padded, rows * p->o_stride, sizeof *padded, "outputs"));
    const rg_status status = rg_buffer_read(e->device, padded, e->z, 0, rows * p->o_stride * sizeof *padded);
    for (size_t i = 0; status == RG_OK && i < rows; i++) {
        memcpy(outputs + i * p->outputs, padded + i * p->o_stride, p->outputs * sizeof *outputs);
    }
    rg_free(padded);
    return status;
}

rg_status rg_engine_control(struct rg_engine *e, struct rg_control *control) {
    return rg_buffer_read(e->device, control, e->control, 0, sizeof *control);
}

rg_status rg_engine_history(struct rg_engine *e, struct rg_record history[RG_HISTORY]) {
    return rg_buffer_read(e->device, history, e->history, 0, RG_HISTORY * sizeof *history);
}
