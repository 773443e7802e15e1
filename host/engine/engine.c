/* The engine: see engine.h. */
#include "engine/engine.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/sizes.h"
#include "engine/chunk.h"
#include "engine/head.h"
#include "engine/jobs.h"
#include "engine/layer.h"
#include "engine/library.h"
#include "engine/rows.h"
#include "engine/rungs.h"
#include "engine/shards.h"
#include "model/cells.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

static rg_status create_segments(struct rg_engine *e) {
    const struct rg_plan *const p = &e->net.plan;
    RG_TRY(rg_alloc(&e->net.segments, p->n_segments, sizeof *e->net.segments, "segments"));
    size_t end = p->steps;
    for (size_t i = p->n_segments; i-- > 0;) {
        e->net.segments[i] = rg_plan_segment_before(p, end);
        end = e->net.segments[i].begin;
    }
    e->net.segment = e->net.segments[0];
    e->net.base = e->net.segment.begin - p->halo;
    return RG_OK;
}

static rg_status create_buffers(struct rg_engine *e) {
    RG_TRY(create_segments(e));
    RG_TRY(rg_plan_buffers_create(e->net.device, &e->net.plan, &e->net.buffers));
    RG_TRY(e->net.buffers.carried_h ? rg_buffer_zero(e->net.device, e->net.buffers.carried_h) : RG_OK);
    RG_TRY(e->net.buffers.carried_c ? rg_buffer_zero(e->net.device, e->net.buffers.carried_c) : RG_OK);
    if (!e->net.plan.training) {
        return RG_OK;
    }
    RG_TRY(rg_buffer_zero(e->net.device, e->net.buffers.gradients)); /* the gaps of the arena stay zero */
    RG_TRY(rg_buffer_zero(e->net.device, e->net.buffers.control));
    RG_TRY(e->net.plan.shards > 1 ? rg_shards_create(&e->net, &e->shards) : RG_OK);
    return rg_optimizer_create(e->net.device, &e->net.options.optimizer, e->net.plan.arena, &e->optimizer);
}

/* Plan, memory and weights. */
static rg_status create(struct rg_device *device, const struct rg_model *model, const struct rg_engine_options *options,
                        uint64_t memory, struct rg_engine *e) {
    e->net.device = device;
    e->net.model = model;
    e->net.options = *options;
    e->net.loss_scale = 1.0;
    e->net.probe = RG_NO_PROBE;
    e->net.options.plan.dropout = options->plan.training && options->dropout > 0.0;
    e->net.options.plan.memory = memory;
    RG_TRY(rg_rungs_plan(device, model, &e->net.options.plan, &e->net.plan));
    RG_TRY(create_buffers(e));
    RG_TRY(rg_engine_set_weights(e, model));
    return rg_library_check(&e->net);
}

/* A driver may have less memory than it says. The plan is then made again with half of what it needed, three times. */
rg_status rg_engine_create(struct rg_device *device, const struct rg_model *model,
                           const struct rg_engine_options *options, struct rg_engine **out) {
    enum { HALVINGS = 3 };
    static const double MIB = 1048576.0;
    uint64_t memory = options->plan.memory, first = 0;
    rg_status status = RG_OK;
    *out = NULL;
    for (int halvings = 0; halvings <= HALVINGS; halvings++) {
        struct rg_engine *e = NULL;
        RG_TRY(rg_alloc(&e, 1, sizeof *e, "the engine"));
        device->is_starved = false;
        status = create(device, model, options, memory, e);
        const uint64_t needed = e->net.plan.total_bytes;
        if (status == RG_OK) {
            *out = e;
            return RG_OK;
        }
        rg_engine_destroy(e);
        if (!device->is_starved || options->fixed) {
            break;
        }
        first = first ? first : needed;
        memory = needed / 2;
        if (halvings < HALVINGS) {
            rg_log("%s has no memory for a plan of %.1f MiB; trying one of at most %.1f MiB", device->info.name,
                   (double)needed / MIB, (double)memory / MIB);
            RG_TRY(rg_device_renew(device));
        }
    }
    return first == 0 || status != RG_NO_MEMORY
               ? status
               : rg_fail(RG_NO_MEMORY, "%s had no memory for a plan of %.1f MiB, nor for smaller ones: %s",
                         device->info.name, (double)first / MIB, rg_error_message());
}

void rg_engine_destroy(struct rg_engine *e) {
    if (!e) {
        return;
    }
    rg_plan_buffers_destroy(e->net.device, &e->net.buffers);
    rg_free(e->net.segments);
    rg_optimizer_destroy(e->optimizer);
    rg_shards_destroy(e->shards);
    rg_free(e);
}

rg_status rg_engine_set_weights(struct rg_engine *e, const struct rg_model *model) {
    return model->exact ? rg_reals_write(e->net.device, e->net.buffers.weights, 0, model->exact, model->arena)
                        : rg_reals_write_floats(e->net.device, e->net.buffers.weights, 0, model->weights, model->arena);
}

static rg_status read_weights(struct rg_engine *e, struct rg_model *model, bool only_finite, bool *finite) {
    double *values = NULL;
    RG_TRY(rg_alloc(&values, model->arena, sizeof *values, "the weights"));
    const rg_status status = rg_reals_read(e->net.device, values, e->net.buffers.weights, 0, model->arena);
    *finite = true;
    for (size_t i = 0; i < model->arena; i++) {
        *finite = *finite && isfinite(values[i]);
    }
    for (size_t i = 0; status == RG_OK && (*finite || !only_finite) && i < model->arena; i++) {
        if (model->exact) {
            model->exact[i] = values[i];
        } else {
            model->weights[i] = (float)values[i];
        }
    }
    rg_free(values);
    return status;
}

rg_status rg_engine_get_weights(struct rg_engine *e, struct rg_model *model) {
    bool finite = true;
    return read_weights(e, model, false, &finite);
}

rg_status rg_engine_get_finite_weights(struct rg_engine *e, struct rg_model *model, bool *finite) {
    return read_weights(e, model, true, finite);
}

rg_status rg_engine_get_gradients(struct rg_engine *e, double *gradients) {
    return rg_reals_read(e->net.device, gradients, e->net.buffers.gradients, 0, e->net.model->arena);
}

rg_status rg_engine_totals(struct rg_engine *e, double *loss, double *norm) {
    const struct rg_model *const m = e->net.model;
    const size_t n = m->arena, losses = 2 * e->net.plan.batch;
    double *values = NULL, largest = 0.0, squares = 0.0;
    RG_TRY(rg_alloc(&values, rg_max(n, losses), sizeof *values, "the gradients"));
    rg_status status = rg_reals_read(e->net.device, values, e->net.buffers.row_loss, 0, losses);
    *loss = 0.0;
    for (size_t i = 0; status == RG_OK && i < losses; i++) {
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
    const struct rg_plan *const p = &e->net.plan;
    const size_t rows = p->layers * p->directions * p->batch;
    double *padded = NULL;
    RG_TRY(rg_alloc(&padded, rows * p->h_stride, sizeof *padded, "gradients of the initial states"));
    const rg_status status = rg_reals_read(e->net.device, padded, from, 0, rows * p->h_stride);
    for (size_t i = 0; status == RG_OK && i < rows; i++) {
        memcpy(states + i * p->hidden, padded + i * p->h_stride, p->hidden * sizeof *states);
    }
    rg_free(padded);
    return status;
}

rg_status rg_engine_get_initial_gradients(struct rg_engine *e, double *dh_0, double *dc_0) {
    RG_TRY(read_states(e, e->net.buffers.dh_0, dh_0));
    return rg_cell_has_c(e->net.model->shape.cell) ? read_states(e, e->net.buffers.dc_0, dc_0) : RG_OK;
}

/* Layers and head in as few launches as their jobs fit into. */
rg_status rg_engine_pack(struct rg_engine *e) {
    struct rg_net *const net = &e->net;
    const size_t directions = net->plan.directions, scans = net->plan.layers * directions;
    struct rg_pack_job jobs[RG_MAX_JOBS];
    struct rg_jobs waiting = {.kernel = RG_K_rg_pack,
                              .from = net->buffers.weights,
                              .to = net->buffers.packed,
                              .job_bytes = sizeof *jobs,
                              .per_group = 16384};
    double since = rg_seconds();
    for (size_t i = 0; i <= scans; i++) {
        const size_t n =
            i < scans ? rg_layer_pack_jobs(net, i / directions, i % directions, jobs) : rg_head_pack_jobs(net, jobs);
        for (size_t k = 0; k < n; k++) {
            const size_t work = (size_t)jobs[k].depth * jobs[k].gates * jobs[k].padded;
            RG_TRY(rg_jobs_add(net, &waiting, &jobs[k], work));
        }
    }
    RG_TRY(rg_jobs_launch(net, &waiting));
    return rg_net_lap(net, &since, RG_PHASE_PACK);
}

rg_status rg_engine_chunk(struct rg_engine *e, struct rg_chunk chunk, size_t layer) {
    chunk.loss = e->net.options.loss;
    RG_TRY(rg_chunk_forward(&e->net, &chunk, NULL));
    return rg_chunk_reverse(&e->net, layer);
}

rg_status rg_engine_step_terms(struct rg_engine *e, size_t layer, size_t direction, struct rg_span steps) {
    const struct rg_layer_parts terms = {.span = steps, .n = steps.end - steps.begin};
    return rg_layer_gradient(&e->net, layer, direction, &terms);
}

rg_status rg_engine_forward(struct rg_engine *e, struct rg_batch_source *source, uint64_t update, size_t rows,
                            double *outputs) {
    const size_t each = e->net.plan.target_steps * e->net.plan.outputs;
    RG_TRY(rg_engine_pack(e));
    for (size_t first = 0; first < rows; first += e->net.plan.chunk) {
        const size_t n = rg_min(rows - first, e->net.plan.chunk);
        const struct rg_chunk chunk = {
            .source = source, .update = update, .first_row = first, .rows = n, .loss = RG_LOSS_AUTO};
        RG_TRY(rg_chunk_forward(&e->net, &chunk, outputs + first * each));
    }
    return RG_OK;
}

rg_status rg_engine_gradient(struct rg_engine *e, struct rg_batch_source *source, uint64_t update) {
    RG_TRY(rg_engine_pack(e));
    return e->shards ? rg_shards_gradient(e->shards, &e->net, source, update)
                     : rg_rows_gradient(&e->net, source, update, (struct rg_span){0, e->net.plan.batch});
}

/* Where the ranks' devices differ, so would loss, norm and what follows from them: all take those of rank 0. */
static rg_status follow_norm(struct rg_engine *e, uint64_t slot) {
    _Static_assert(sizeof(struct rg_control) <= RG_FOLLOW_BYTES && sizeof(struct rg_record) <= RG_FOLLOW_BYTES, "");
    if (!e->net.options.mixed) {
        return RG_OK;
    }
    RG_TRY(rg_shards_follow(e->shards, &e->net, e->net.buffers.control, 0, sizeof(struct rg_control)));
    return rg_shards_follow(e->shards, &e->net, e->net.buffers.history, slot * sizeof(struct rg_record),
                            sizeof(struct rg_record));
}

rg_status rg_engine_norm(struct rg_engine *e, uint64_t update) {
    const struct rg_norm_buffers buffers = {.gradients = e->net.buffers.gradients,
                                            .row_loss = e->net.buffers.row_loss,
                                            .norms = e->net.buffers.norms,
                                            .control = e->net.buffers.control,
                                            .history = e->net.buffers.history,
                                            .n_losses = 2 * e->net.plan.batch,
                                            .n_groups = e->net.plan.norm_groups};
    double since = rg_seconds();
    RG_TRY(rg_optimizer_norm(e->optimizer, &buffers, update % RG_HISTORY));
    RG_TRY(follow_norm(e, update % RG_HISTORY));
    return rg_net_lap(&e->net, &since, RG_PHASE_CLIP);
}

/* The next range of the arena whose parameters are all trained, from parameter *i on, which is left behind it; false if
 * there is none. */
static bool next_trained(const struct rg_model *m, size_t *i, struct rg_optimizer_range *range) {
    while (*i < m->n_parameters && m->parameters[*i].frozen) {
        (*i)++;
    }
    range->begin = *i < m->n_parameters ? m->parameters[*i].offset : m->arena;
    while (*i < m->n_parameters && !m->parameters[*i].frozen) {
        (*i)++;
    }
    range->end = *i < m->n_parameters ? m->parameters[*i].offset : m->arena;
    return range->begin < range->end;
}

rg_status rg_engine_step(struct rg_engine *e, double lr) {
    double since = rg_seconds();
    struct rg_optimizer_range range = {
        .weights = e->net.buffers.weights, .gradients = e->net.buffers.gradients, .control = e->net.buffers.control};
    for (size_t i = 0; next_trained(e->net.model, &i, &range);) {
        RG_TRY(rg_optimizer_step(e->optimizer, &range, lr));
    }
    if (e->net.options.mixed) {
        RG_TRY(rg_shards_follow(e->shards, &e->net, e->net.buffers.weights, 0,
                                e->net.plan.arena * e->net.plan.real_bytes));
    }
    return rg_net_lap(&e->net, &since, RG_PHASE_OPTIMIZER);
}

double rg_exact_read(struct rg_exact exact) {
    return ldexp((double)exact.parts[0] + (double)exact.parts[1] + (double)exact.parts[2], exact.exponent);
}

rg_status rg_engine_control(struct rg_engine *e, struct rg_control *control) {
    return rg_buffer_read(e->net.device, control, e->net.buffers.control, 0, sizeof *control);
}

rg_status rg_engine_history(struct rg_engine *e, struct rg_record history[RG_HISTORY]) {
    return rg_buffer_read(e->net.device, history, e->net.buffers.history, 0, RG_HISTORY * sizeof *history);
}
