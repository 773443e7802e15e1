/* The engine: see engine.h. */
#include "train/engine.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "rnn_gpu/memory.h"
#include "train/chunk.h"
#include "train/head.h"
#include "train/layer.h"
#include "train/library.h"

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

/* A buffer of `elements` numbers. */
static rg_status reals(struct rg_engine *e, size_t elements, const char *what, struct rg_buffer **out) {
    return rg_reals_create(e->device, elements, what, out);
}

static rg_status create_layer_buffers(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t rows = p->room * p->chunk, states = p->state_steps * p->chunk;
    for (size_t l = 0; l < p->layers; l++) {
        RG_TRY(reals(e, states * p->out_stride, "the states", &e->out[l]));
        if (e->options.plan.dropout && l + 1 < p->layers) {
            RG_TRY(reals(e, rows * p->out_stride, "the states after dropout", &e->dropped[l]));
        }
        for (size_t d = 0; p->saved && d < p->directions; d++) {
            RG_TRY(reals(e, states * p->d_stride, "the gates", &e->saved[l][d]));
        }
        for (size_t d = 0; rg_plan_learned(p) && d < p->directions; d++) {
            RG_TRY(reals(e, p->steps * p->chunk * RG_GATE_VALUES, "the update gates", &e->gate[l][d]));
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
    return reals(e, rg_plan_carry(p) * p->chunk, "what the cells carry back", &e->carry);
}

/* What stays of every window at its borders. */
static rg_status create_marks(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t rows = p->lead * p->chunk;
    for (size_t i = 0; p->lead && i < p->layers * p->directions; i++) {
        struct rg_marks *const m = &e->marks[i / p->directions][i % p->directions];
        RG_TRY(reals(e, p->windows * rows * p->out_stride, "states between windows", &m->states));
        if (p->keeps_saved) {
            RG_TRY(reals(e, p->windows * rows * p->d_stride, "gates between windows", &m->saved));
        }
        if (e->options.plan.training) {
            RG_TRY(reals(e, p->delta_marks * rows * p->d_stride, "state gradients between windows", &m->deltas));
            RG_TRY(
                reals(e, p->delta_marks * rg_plan_carry(p) * p->chunk, "what is carried between windows", &m->carry));
        }
    }
    return RG_OK;
}

static rg_status create_windows(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    RG_TRY(rg_alloc(&e->windows, p->windows, sizeof *e->windows, "windows"));
    size_t end = p->steps;
    for (size_t i = p->windows; i-- > 0;) {
        e->windows[i] = rg_plan_window_before(p, end);
        end = e->windows[i].begin;
    }
    e->window = e->windows[0];
    e->base = e->window.begin - p->lead;
    return create_marks(e);
}

static rg_status create_buffers(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const size_t arena = e->model->arena, targets = p->target_room * p->chunk;
    RG_TRY(reals(e, arena, "the weights", &e->weights));
    RG_TRY(reals(e, p->packed, "the packed weights", &e->packed));
    RG_TRY(reals(e, p->room * p->chunk * p->layer[0].x_stride, "the inputs", &e->x));
    if (p->words) {
        RG_TRY(reals(e, p->room * p->chunk, "the words", &e->words));
    }
    RG_TRY(rg_buffer_create(e->device, p->chunk * sizeof(rg_u32), "starts of sequences", &e->begin));
    RG_TRY(create_windows(e));
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
    e->probe = RG_NO_PROBE;
    e->options.plan.dropout = options->plan.training && options->dropout > 0.0;
    RG_TRY_GOTO(rg_plan_make(device, model, &e->options.plan, &e->plan));
    RG_TRY_GOTO(create_buffers(e));
    RG_TRY_GOTO(rg_engine_set_weights(e, model));
    RG_TRY_GOTO(rg_library_check(e));
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
    for (size_t i = 0; i < RG_MAX_LAYERS * 2; i++) {
        struct rg_marks *const m = &e->marks[i / 2][i % 2];
        rg_buffer_destroy(e->device, m->states);
        rg_buffer_destroy(e->device, m->saved);
        rg_buffer_destroy(e->device, m->deltas);
        rg_buffer_destroy(e->device, m->carry);
    }
    rg_free(e->windows);
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
    const struct rg_model *const m = e->model;
    const size_t n = m->arena, rows = e->plan.batch;
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
    for (size_t k = 0; status == RG_OK && k < m->n_parameters; k++) {
        if (m->parameters[k].absent) {
            memset(values + m->parameters[k].offset, 0, rg_parameter_elements(&m->parameters[k]) * sizeof *values);
        }
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

static rg_status launch_pack(struct rg_engine *e, const struct rg_pack_args *args, size_t n) {
    size_t work = 1;
    for (size_t i = 0; i < n; i++) {
        const struct rg_pack_job *const job = &args->jobs[i];
        const size_t own = (size_t)job->depth * job->gates * job->panels * job->width;
        work = own > work ? own : work;
    }
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_pack,
                                                           .buffers = {e->weights, e->packed},
                                                           .args = args,
                                                           .groups = {n, rg_engine_groups(e, work, 16384)}});
}

/* Layers and head in as few launches as their jobs fit into. */
rg_status rg_engine_pack(struct rg_engine *e) {
    const size_t sweeps = e->plan.layers * e->plan.directions;
    struct rg_pack_args args = {.jobs = {{.source = 0}}}; /* all of it: equal arguments are equal bytes */
    double since = rg_seconds();
    size_t n = 0;
    for (size_t i = 0; i <= sweeps; i++) {
        struct rg_pack_job jobs[RG_MAX_JOBS];
        const size_t more = i < sweeps ? rg_layer_pack_jobs(e, i / e->plan.directions, i % e->plan.directions, jobs)
                                       : rg_head_pack_jobs(e, jobs);
        if (n + more > RG_MAX_JOBS) {
            RG_TRY(launch_pack(e, &args, n));
            memset(&args, 0, sizeof args);
            n = 0;
        }
        memcpy(args.jobs + n, jobs, more * sizeof *jobs);
        n += more;
    }
    RG_TRY(launch_pack(e, &args, n));
    return rg_engine_lap(e, &since, RG_PHASE_PACK);
}

static rg_status launch_reduce(struct rg_engine *e, const struct rg_reduce_args *args, size_t n) {
    size_t work = 1;
    for (size_t i = 0; i < n; i++) {
        const struct rg_reduce_job *const job = &args->jobs[i];
        const size_t own = (size_t)job->gates * job->units * job->columns;
        work = own > work ? own : work;
    }
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_reduce_gradient,
                                                           .buffers = {e->partial, e->gradients},
                                                           .args = args,
                                                           .groups = {n, rg_engine_groups(e, work, 2048)}});
}

/* The segments' sums into the arena, likewise. */
static rg_status reduce(struct rg_engine *e) {
    const size_t sweeps = e->plan.layers * e->plan.directions;
    struct rg_reduce_args args = {.jobs = {{.target = 0}}};
    size_t n = 0;
    for (size_t i = 0; i <= sweeps; i++) {
        struct rg_reduce_job jobs[RG_MAX_JOBS];
        const size_t more = i < sweeps ? rg_layer_reduce_jobs(e, i / e->plan.directions, i % e->plan.directions, jobs)
                                       : rg_head_reduce_jobs(e, jobs);
        if (n + more > RG_MAX_JOBS) {
            RG_TRY(launch_reduce(e, &args, n));
            memset(&args, 0, sizeof args);
            n = 0;
        }
        memcpy(args.jobs + n, jobs, more * sizeof *jobs);
        n += more;
    }
    return launch_reduce(e, &args, n);
}

rg_status rg_engine_chunk(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t first_row, size_t rows,
                          size_t layer) {
    RG_TRY(rg_chunk_forward(e, source, update, first_row, rows, e->options.loss, NULL));
    return rg_chunk_reverse(e, layer);
}

rg_status rg_engine_step_terms(struct rg_engine *e, size_t layer, size_t direction, size_t rows, size_t begin,
                               size_t end) {
    return rg_layer_gradient(e, layer, direction, rows, &(struct rg_layer_parts){{begin, end}, 0, end - begin, false});
}

rg_status rg_engine_sample(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t rows, size_t probe,
                           int exponent, const struct rg_engine_visit *visit) {
    RG_TRY(rg_engine_pack(e));
    e->loss_scale = ldexp(1.0, exponent);
    e->probe = probe;
    rg_status status = rg_chunk_forward(e, source, update, 0, rows, e->options.loss, NULL);
    if (status == RG_OK) {
        status = rg_chunk_sample(e, visit);
    }
    e->loss_scale = 1.0;
    e->probe = RG_NO_PROBE;
    return status;
}

static struct rg_lag_args lag_args(const struct rg_engine *e, size_t layer, size_t direction) {
    const struct rg_plan *const p = &e->plan;
    const bool adds = p->skip > 0 && p->skip_kind == RG_SKIP_ADD;
    const rg_u32 hidden = (rg_u32)p->hidden, inputs = (rg_u32)p->layer[layer].inputs;
    return (struct rg_lag_args){.terms = p->layer[layer].directions[direction].partial,
                                .stride = rg_plan_term(p, layer),
                                .n_terms = (rg_u32)p->sum_segments,
                                .n_parts = adds ? 3 : 2,
                                .hidden = hidden,
                                .h_stride = (rg_u32)p->h_stride,
                                .deltas = (rg_u32)p->deltas,
                                .first = {0, hidden, hidden + inputs + 1},
                                .depth = {hidden, inputs, hidden}};
}

rg_status rg_engine_lag_total(struct rg_engine *e, size_t layer, size_t direction, struct rg_buffer *total) {
    const struct rg_lag_args args = lag_args(e, layer, direction);
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_lag_total,
                                                           .buffers = {e->partial, total},
                                                           .args = &args,
                                                           .groups = {rg_engine_groups(e, args.stride, 2048), 1}});
}

rg_status rg_engine_lag_parts(struct rg_engine *e, size_t layer, size_t direction, size_t rows, struct rg_buffer *total,
                              struct rg_buffer *parts, size_t out) {
    const struct rg_plan *const p = &e->plan;
    struct rg_lag_args args = lag_args(e, layer, direction);
    for (size_t t = e->window.begin; t < e->window.end; t += p->segments) {
        const size_t left = e->window.end - t, n = left < p->segments ? left : p->segments;
        const struct rg_layer_parts terms = {{t, t + n}, 0, n, false};
        args.n_terms = (rg_u32)n;
        args.out = out + t * args.n_parts;
        RG_TRY(rg_layer_gradient(e, layer, direction, rows, &terms));
        RG_TRY(rg_device_launch(
            e->device, &(struct rg_launch){.kernel = RG_K_rg_lag,
                                           .buffers = {e->partial, total, parts},
                                           .args = &args,
                                           .groups = {args.n_terms, args.n_parts},
                                           .local_bytes = rg_device_items(e->device) * sizeof(struct rg_lag_part)}));
    }
    return RG_OK;
}

rg_status rg_engine_forward(struct rg_engine *e, struct rg_source *source, uint64_t update, size_t rows,
                            double *outputs) {
    const size_t each = e->plan.target_steps * e->plan.outputs;
    RG_TRY(rg_engine_pack(e));
    for (size_t first = 0; first < rows; first += e->plan.chunk) {
        const size_t n = rows - first < e->plan.chunk ? rows - first : e->plan.chunk;
        RG_TRY(rg_chunk_forward(e, source, update, first, n, RG_LOSS_AUTO, outputs + first * each));
    }
    return RG_OK;
}

rg_status rg_engine_gradient(struct rg_engine *e, struct rg_source *source, uint64_t update) {
    const struct rg_plan *const p = &e->plan;
    RG_TRY(rg_engine_pack(e));
    for (size_t first = 0; first < p->batch; first += p->chunk) {
        const size_t rows = p->batch - first < p->chunk ? p->batch - first : p->chunk;
        RG_TRY(rg_chunk_forward(e, source, update, first, rows, e->options.loss, NULL));
        RG_TRY(rg_chunk_gradient(e));
    }
    double since = rg_seconds();
    RG_TRY(reduce(e));
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
