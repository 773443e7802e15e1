/* Where batches come from: see source.h. */
#include "train/source.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"

void rg_problem_adding(size_t steps, struct rg_problem *problem) {
    *problem = (struct rg_problem){.name = "adding",
                                   .inputs = 2,
                                   .steps = steps,
                                   .outputs = 1,
                                   .n_targets = 1,
                                   .loss = RG_LOSS_MSE,
                                   .baseline = steps > 1 ? 1.0 / 6.0 : 1.0 / 12.0}; /* variances of a sum of uniforms */
}

/* The loss of the best constant answer: the entropy of the labels, or the variance of the targets. */
static double constant_loss(const struct rg_dataset *data, enum rg_loss loss, size_t outputs) {
    const size_t n = data->n_sequences;
    double total = 0.0;
    if (loss == RG_LOSS_CE) {
        for (size_t c = 0; c < outputs; c++) {
            size_t count = 0;
            for (size_t i = 0; i < n; i++) {
                count += (size_t)data->y[i] == c;
            }
            const double share = (double)count / (double)n;
            total -= count ? share * log(share) : 0.0;
        }
        return total;
    }
    for (size_t o = 0; o < outputs; o++) {
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double y = data->y[i * outputs + o];
            sum += y;
            squares += y * y;
        }
        const double mean = sum / (double)n;
        const double entropy = mean > 0.0 && mean < 1.0 ? -mean * log(mean) - (1.0 - mean) * log(1.0 - mean) : 0.0;
        total += loss == RG_LOSS_BCE ? entropy : squares / (double)n - mean * mean;
    }
    return total / (double)outputs;
}

rg_status rg_problem_data(const struct rg_dataset *data, enum rg_loss loss, struct rg_problem *problem) {
    memset(problem, 0, sizeof *problem);
    const char *slash = strrchr(data->path, '/');
    (void)snprintf(problem->name, sizeof problem->name, "%.60s", slash ? slash + 1 : data->path);
    problem->inputs = data->n_features;
    problem->steps = data->n_steps;
    problem->n_sequences = data->n_sequences;
    problem->data = data;
    problem->baseline = NAN;
    const bool classes = data->n_classes > 0 && data->n_targets == 1;
    if (loss == RG_LOSS_AUTO) {
        loss = !classes ? RG_LOSS_MSE : data->n_classes > 2 ? RG_LOSS_CE : RG_LOSS_BCE;
    }
    problem->loss = loss;
    problem->n_targets = data->y ? data->n_targets : 1;
    problem->outputs = loss == RG_LOSS_CE && data->n_classes ? data->n_classes : problem->n_targets;
    if (!data->y) {
        return RG_OK;
    }
    if (loss == RG_LOSS_CE && !classes) {
        return rg_fail(RG_BAD_FILE, "%s: --loss ce needs one label a sequence, a whole number from 0 on", data->path);
    }
    for (size_t i = 0; loss == RG_LOSS_BCE && i < data->n_sequences * data->n_targets; i++) {
        if (!(data->y[i] >= 0.0f && data->y[i] <= 1.0f)) {
            return rg_fail(RG_BAD_FILE, "%s: sequence %zu has target %g; --loss bce needs targets from 0 to 1",
                           data->path, i / data->n_targets + 1, (double)data->y[i]);
        }
    }
    problem->baseline = constant_loss(data, loss, problem->outputs);
    return RG_OK;
}

static rg_status fill_adding(void *self, struct rg_engine *e, uint64_t update, size_t first_row, size_t rows) {
    const struct rg_task_source *task = self;
    const struct rg_task_args args = {.rows = rows,
                                      .first_row = first_row,
                                      .steps = e->plan.steps,
                                      .update = update,
                                      .seed_low = (rg_u32)task->seed,
                                      .seed_high = (rg_u32)(task->seed >> 32),
                                      .x_stride = (rg_u32)e->plan.x_stride};
    const size_t groups = (rows + 31) / 32, most = (size_t)e->device->info.units * 4;
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_task_adding,
                                                           .buffers = {e->x, e->y},
                                                           .args = &args,
                                                           .groups = {groups < most ? groups : most, 1}});
}

void rg_task_source_init(struct rg_task_source *task, uint64_t seed) {
    *task = (struct rg_task_source){.source = {.fill = fill_adding, .self = task, .labelled = true}, .seed = seed};
}

/* A shuffle that is a pure function of (seed, epoch): Fisher and Yates with a counter's numbers. */
static void shuffle_order(struct rg_data_source *s, uint64_t epoch) {
    const size_t n = s->data->n_sequences;
    for (size_t i = 0; i < n; i++) {
        s->order[i] = (uint32_t)i;
    }
    for (size_t i = n; s->shuffle && i-- > 1;) {
        const philox4x32_ctr_t counter = {{(uint32_t)i, (uint32_t)epoch, (uint32_t)(epoch >> 32), 0x5A1FFE2u}};
        const philox4x32_key_t key = {{(uint32_t)s->seed, (uint32_t)(s->seed >> 32)}};
        const philox4x32_ctr_t r = philox4x32(counter, key);
        const size_t j = (size_t)(((uint64_t)r.v[0] * (i + 1)) >> 32);
        const uint32_t swap = s->order[i];
        s->order[i] = s->order[j];
        s->order[j] = swap;
    }
    s->order_epoch = epoch;
}

/* Which sequences update `update` takes, written to the device once an update. */
static rg_status choose_rows(struct rg_data_source *s, uint64_t update) {
    const uint64_t n = s->data->n_sequences;
    for (size_t i = 0; i < s->batch; i++) {
        const uint64_t at = update * s->batch + i, epoch = at / n;
        if (epoch != s->order_epoch) {
            shuffle_order(s, epoch);
        }
        s->rows[i] = s->order[at % n];
    }
    return rg_buffer_write(s->device, s->index, 0, s->rows, s->batch * sizeof *s->rows);
}

static rg_status fill_data(void *self, struct rg_engine *e, uint64_t update, size_t first_row, size_t rows) {
    struct rg_data_source *s = self;
    const struct rg_dataset *data = s->data;
    if (first_row == 0) {
        RG_TRY(choose_rows(s, update));
    }
    const struct rg_gather_args args = {.rows = rows,
                                        .first_row = first_row,
                                        .steps = e->plan.steps,
                                        .data_steps = data->n_steps,
                                        .inputs = (rg_u32)e->plan.inputs,
                                        .x_stride = (rg_u32)e->plan.x_stride,
                                        .kind = (rg_u32)data->kind,
                                        .n_targets = (rg_u32)data->n_targets,
                                        .ragged = data->lengths != NULL,
                                        .labelled = data->y != NULL};
    const size_t groups = (rows + 31) / 32, most = (size_t)s->device->info.units * 4;
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_gather,
                                                .buffers = {s->x, s->y, s->lengths, s->index, e->x, e->y, e->begin},
                                                .args = &args,
                                                .groups = {groups < most ? groups : most, 1}});
}

/* The data set's inputs and their bytes. */
static const void *input_values(const struct rg_dataset *data, size_t *bytes) {
    const size_t steps = data->n_sequences * data->n_steps;
    switch (data->kind) {
    case RG_INPUT_BYTE:
        *bytes = steps * data->n_features;
        return data->x_byte;
    case RG_INPUT_TOKEN:
        *bytes = steps * sizeof *data->x_token;
        return data->x_token;
    default:
        *bytes = steps * data->n_features * sizeof *data->x_float;
        return data->x_float;
    }
}

uint64_t rg_data_source_bytes(const struct rg_dataset *data, size_t batch) {
    size_t bytes = 0;
    (void)input_values(data, &bytes);
    return bytes + data->n_sequences * (data->n_targets + 1) * sizeof(float) + batch * sizeof(uint32_t);
}

/* *out = a device copy of `bytes` bytes, or a small buffer if there are none. */
static rg_status upload(struct rg_device *device, const void *from, size_t bytes, struct rg_buffer **out) {
    RG_TRY(rg_buffer_create(device, bytes, "the data set", out));
    return from ? rg_buffer_write(device, *out, 0, from, bytes) : RG_OK;
}

rg_status rg_data_source_create(struct rg_device *device, const struct rg_dataset *data, size_t batch, uint64_t seed,
                                bool shuffle, struct rg_data_source **out) {
    *out = NULL;
    struct rg_data_source *s = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&s, 1, sizeof *s, "the data set"));
    s->source =
        (struct rg_source){.fill = fill_data, .self = s, .labelled = data->y != NULL, .ragged = data->lengths != NULL};
    s->device = device;
    s->data = data;
    s->seed = seed;
    s->batch = batch;
    s->shuffle = shuffle;
    size_t bytes = 0;
    const void *values = input_values(data, &bytes);
    RG_TRY_GOTO(upload(device, values, bytes, &s->x));
    RG_TRY_GOTO(upload(device, data->y, data->y ? data->n_sequences * data->n_targets * sizeof(float) : 0, &s->y));
    RG_TRY_GOTO(upload(device, data->lengths, data->lengths ? data->n_sequences * sizeof(int32_t) : 0, &s->lengths));
    RG_TRY_GOTO(rg_buffer_create(device, batch * sizeof(uint32_t), "the batch's index", &s->index));
    RG_TRY_GOTO(rg_alloc(&s->rows, batch, sizeof *s->rows, "the batch's index"));
    RG_TRY_GOTO(rg_alloc(&s->order, data->n_sequences, sizeof *s->order, "the order of an epoch"));
    shuffle_order(s, 0);
    *out = s;
    return RG_OK;
fail:
    rg_data_source_destroy(s);
    return status;
}

void rg_data_source_destroy(struct rg_data_source *s) {
    if (s) {
        rg_buffer_destroy(s->device, s->x);
        rg_buffer_destroy(s->device, s->y);
        rg_buffer_destroy(s->device, s->lengths);
        rg_buffer_destroy(s->device, s->index);
        rg_free(s->rows);
        rg_free(s->order);
        rg_free(s);
    }
}
