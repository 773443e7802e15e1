/* Where batches come from: see source.h. */
#include "train/source.h"

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"
#include "train/layer.h"

/* Rows of y: a sequence each, or its valid steps. */
struct target_rows {
    const struct rg_dataset *data;
    enum rg_target target;
    size_t n_targets; /* numbers of a row */
};

static size_t rows_of(const struct target_rows *r, size_t sequence) {
    if (r->target == RG_TARGET_LAST) {
        return 1;
    }
    return r->data->lengths ? (size_t)r->data->lengths[sequence] : r->data->n_steps;
}

static const float *row_at(const struct target_rows *r, size_t sequence, size_t row) {
    const bool behind = r->target == RG_TARGET_STEPS && r->data->pad_left;
    const size_t padding = behind ? r->data->n_steps - rows_of(r, sequence) : 0;
    return r->data->y + sequence * r->data->n_targets + (padding + row) * r->n_targets;
}

static const float LARGEST_CLASS = 16777215.0f; /* whole numbers beyond are not all floats */

/* 1 + the largest label if every row is one whole number from 0 on, else 0. */
static size_t count_classes(const struct target_rows *r) {
    float largest = -1.0f;
    for (size_t n = 0; r->n_targets == 1 && n < r->data->n_sequences; n++) {
        for (size_t i = 0; i < rows_of(r, n); i++) {
            const float label = *row_at(r, n, i);
            if (!(label >= 0.0f && label <= LARGEST_CLASS) || label != truncf(label)) {
                return 0;
            }
            largest = label > largest ? label : largest;
        }
    }
    return (size_t)(largest + 1.0f);
}

/* The entropy of the labels. */
static rg_status label_entropy(const struct target_rows *r, size_t classes, double *entropy) {
    size_t *counts = NULL, total = 0;
    RG_TRY(rg_alloc(&counts, classes, sizeof *counts, "counts of classes"));
    for (size_t n = 0; n < r->data->n_sequences; n++) {
        for (size_t i = 0; i < rows_of(r, n); i++) {
            counts[(size_t)*row_at(r, n, i)]++;
            total++;
        }
    }
    *entropy = total ? 0.0 : NAN;
    for (size_t c = 0; c < classes; c++) {
        const double share = (double)counts[c] / (double)total;
        *entropy -= counts[c] ? share * log(share) : 0.0;
    }
    rg_free(counts);
    return RG_OK;
}

/* The mean over outputs of the entropy (bce) or the variance (mse) of the targets. */
static double constant_loss(const struct target_rows *r, enum rg_loss loss) {
    double total = 0.0;
    for (size_t o = 0; o < r->n_targets; o++) {
        double sum = 0.0, squares = 0.0, count = 0.0;
        for (size_t n = 0; n < r->data->n_sequences; n++) {
            for (size_t i = 0; i < rows_of(r, n); i++) {
                const double y = (double)row_at(r, n, i)[o];
                sum += y;
                squares += y * y;
                count += 1.0;
            }
        }
        const double mean = sum / count;
        const double entropy = mean > 0.0 && mean < 1.0 ? -mean * log(mean) - (1.0 - mean) * log(1.0 - mean) : 0.0;
        total += count == 0.0 ? NAN : loss == RG_LOSS_BCE ? entropy : squares / count - mean * mean;
    }
    return total / (double)r->n_targets;
}

/* What a reader takes for the padding of targets for every step may be a target of the last. */
static rg_status check_last(const struct rg_dataset *data) {
    for (size_t i = 0; data->y && i < data->n_sequences * data->n_targets; i++) {
        if (!isfinite(data->y[i])) {
            return rg_fail(RG_BAD_FILE, "%s: sequence %zu has target %g; with --target last all of them count",
                           data->path, i / data->n_targets + 1, (double)data->y[i]);
        }
    }
    return RG_OK;
}

/* bce needs targets from 0 to 1. */
static rg_status check_chances(const struct target_rows *r) {
    for (size_t n = 0; n < r->data->n_sequences; n++) {
        for (size_t i = 0; i < rows_of(r, n) * r->n_targets; i++) {
            const float y = row_at(r, n, 0)[i];
            if (!(y >= 0.0f && y <= 1.0f)) {
                return rg_fail(RG_BAD_FILE, "%s: sequence %zu has target %g; --loss bce needs targets from 0 to 1",
                               r->data->path, n + 1, (double)y);
            }
        }
    }
    return RG_OK;
}

/* The numbers of y of a row, if y is as `target` says. */
static rg_status split_targets(const struct rg_dataset *data, enum rg_target target, size_t *n_targets) {
    *n_targets = data->y ? data->n_targets : 1;
    if (!data->y || target == RG_TARGET_LAST) {
        return check_last(data);
    }
    if (data->n_targets % data->n_steps != 0) {
        return rg_fail(RG_BAD_FILE,
                       "%s: y has %zu numbers a sequence; --target steps needs them for each of the %zu steps, "
                       "[sequences,steps] or [sequences,steps,outputs]",
                       data->path, data->n_targets, data->n_steps);
    }
    *n_targets = data->n_targets / data->n_steps;
    return RG_OK;
}

rg_status rg_problem_data(const struct rg_dataset *data, enum rg_loss loss, enum rg_target target,
                          struct rg_problem *problem) {
    memset(problem, 0, sizeof *problem);
    const char *slash = strrchr(data->path, '/');
    (void)snprintf(problem->name, sizeof problem->name, "%.60s", slash ? slash + 1 : data->path);
    struct target_rows rows = {.data = data, .target = target};
    RG_TRY(split_targets(data, target, &rows.n_targets));
    const size_t classes = data->y ? count_classes(&rows) : 0;
    if (loss == RG_LOSS_AUTO) {
        loss = classes == 0 ? RG_LOSS_MSE : classes > 2 ? RG_LOSS_CE : RG_LOSS_BCE;
    }
    problem->inputs = data->n_features;
    problem->steps = problem->data_steps = data->n_steps;
    problem->n_sequences = data->n_sequences;
    problem->data = data;
    problem->target = target;
    problem->n_targets = rows.n_targets;
    problem->loss = loss;
    problem->outputs = loss == RG_LOSS_CE && classes ? classes : rows.n_targets;
    problem->baseline = NAN;
    if (!data->y) {
        return RG_OK;
    }
    if (loss == RG_LOSS_CE) {
        if (!classes) {
            return rg_fail(RG_BAD_FILE, "%s: --loss ce needs one label a %s, a whole number from 0 on", data->path,
                           target == RG_TARGET_STEPS ? "step" : "sequence");
        }
        return label_entropy(&rows, classes, &problem->baseline);
    }
    if (loss == RG_LOSS_BCE) {
        RG_TRY(check_chances(&rows));
    }
    problem->baseline = constant_loss(&rows, loss);
    return RG_OK;
}

rg_status rg_data_check_states(const struct rg_dataset *data, const struct rg_shape *shape) {
    const size_t places = shape->layers * rg_shape_directions(shape);
    if (data->c_0 && shape->cell != RG_CELL_LSTM) {
        return rg_fail(RG_BAD_FILE, "%s: tensor `c_0` belongs to a cell lstm; the model's is %s", data->path,
                       rg_cell_names[shape->cell]);
    }
    if (data->n_states > 0 && (data->n_states != places || data->state_width != shape->hidden)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `%s` is [%zu,%zu,%zu]; [%zu,%zu,%zu] was expected: layers times directions, "
                       "sequences, hidden units of the model",
                       data->path, data->h_0 ? "h_0" : "c_0", data->n_states, data->n_sequences, data->state_width,
                       places, data->n_sequences, shape->hidden);
    }
    return RG_OK;
}

size_t rg_input_stride(size_t inputs) {
    return (inputs + RG_INPUT_PAD - 1) / RG_INPUT_PAD * RG_INPUT_PAD;
}

size_t rg_fill_groups(const struct rg_engine *e, size_t rows) {
    const struct rg_span w = e->window;
    const size_t runs = rows * ((w.end + RG_FILL_STEPS - 1) / RG_FILL_STEPS - w.begin / RG_FILL_STEPS);
    const size_t groups = (runs + 31) / 32, most = (size_t)e->device->info.units * 4;
    return groups < most ? groups : most;
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

/* Which sequences update `update` takes, written to the device once an update, and how many targets they have. */
static rg_status choose_rows(struct rg_data_source *s, uint64_t update, bool every_step) {
    const uint64_t n = s->data->n_sequences;
    s->has_chosen = true;
    s->chosen = update;
    s->source.terms = 0;
    for (size_t i = 0; i < s->batch; i++) {
        const uint64_t at = update * s->batch + i, epoch = at / n;
        if (epoch != s->order_epoch) {
            shuffle_order(s, epoch);
        }
        s->rows[i] = s->order[at % n];
        s->source.terms += every_step && s->data->lengths ? (size_t)s->data->lengths[s->rows[i]] : 0;
    }
    return rg_buffer_write(s->device, s->index, 0, s->rows, s->batch * sizeof *s->rows);
}

static rg_status fill_data(void *self, struct rg_engine *e, uint64_t update, size_t first_row, size_t rows) {
    struct rg_data_source *s = self;
    const struct rg_dataset *data = s->data;
    const bool every_step = e->model->shape.target == RG_TARGET_STEPS;
    if (first_row == 0 && (!s->has_chosen || s->chosen != update)) {
        RG_TRY(choose_rows(s, update, every_step));
    }
    const size_t n_targets = every_step ? data->n_targets / data->n_steps : data->n_targets;
    const bool labelled = data->y != NULL && n_targets > 0;
    const bool words = e->words != NULL;
    struct rg_buffer *const x = words ? e->words : e->x;
    const size_t inputs = words ? 1 : data->n_features, x_stride = words ? 1 : rg_input_stride(inputs);
    assert(e->plan.steps >= data->n_steps && x->bytes >= rows * e->plan.room * x_stride * e->plan.real_bytes);
    assert(!labelled || e->y->bytes >= rows * n_targets * e->plan.target_room * e->plan.real_bytes);
    const struct rg_gather_args args = {.rows = rows,
                                        .first_row = first_row,
                                        .steps = e->plan.steps,
                                        .from = e->window.begin,
                                        .to = e->window.end,
                                        .base = e->base,
                                        .data_steps = data->n_steps,
                                        .inputs = (rg_u32)inputs,
                                        .x_stride = (rg_u32)x_stride,
                                        .kind = words ? RG_DATA_WORD : (rg_u32)data->kind,
                                        .n_targets = (rg_u32)n_targets,
                                        .ragged = data->lengths != NULL,
                                        .labelled = labelled,
                                        .every_step = every_step,
                                        .pad_left = data->pad_left};
    RG_TRY(rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_gather,
                                                .buffers = {s->x, s->y, s->lengths, s->index, x, e->y, e->begin},
                                                .args = &args,
                                                .groups = {rg_fill_groups(e, rows), 1}}));
    const struct rg_layer_states states = {s->h_0, s->c_0, s->index, data->n_sequences};
    for (size_t l = 0; e->plan.initial && l < e->plan.layers; l++) {
        RG_TRY(rg_layer_initial(e, l, &states, first_row, rows));
    }
    return RG_OK;
}

/* Bytes of the data set's inputs on the device. */
static size_t input_bytes(const struct rg_device *device, const struct rg_dataset *data) {
    const size_t steps = data->n_sequences * data->n_steps;
    switch (data->kind) {
    case RG_INPUT_BYTE:
        return steps * data->n_features;
    case RG_INPUT_TOKEN:
        return steps * sizeof *data->x_token;
    default:
        return steps * data->n_features * device->info.real_bytes;
    }
}

uint64_t rg_data_source_bytes(const struct rg_device *device, const struct rg_dataset *data, size_t batch) {
    const size_t initial = ((data->h_0 ? 1U : 0U) + (data->c_0 ? 1U : 0U)) * data->n_states * data->state_width;
    return input_bytes(device, data) + data->n_sequences * (data->n_targets + initial) * device->info.real_bytes +
           data->n_sequences * sizeof *data->lengths + batch * sizeof(uint32_t);
}

/* *out = a device copy of `bytes` bytes, or a small buffer if there are none. */
static rg_status upload(struct rg_device *device, const void *from, size_t bytes, struct rg_buffer **out) {
    RG_TRY(rg_buffer_create(device, bytes, "the data set", out));
    return from ? rg_buffer_write(device, *out, 0, from, bytes) : RG_OK;
}

/* The same of n numbers, which are in one of two arrays, or in none. */
static rg_status upload_reals(struct rg_device *device, const float *floats, const double *doubles, size_t n,
                              struct rg_buffer **out) {
    RG_TRY(rg_reals_create(device, floats || doubles ? n : 0, "the data set", out));
    return doubles  ? rg_reals_write(device, *out, 0, doubles, n)
           : floats ? rg_reals_write_floats(device, *out, 0, floats, n)
                    : RG_OK;
}

static rg_status upload_inputs(struct rg_device *device, const struct rg_dataset *data, struct rg_buffer **out) {
    if (data->kind == RG_INPUT_FLOAT) {
        const size_t n = data->n_sequences * data->n_steps * data->n_features;
        return upload_reals(device, data->x_float, data->x_double, n, out);
    }
    const void *const values = data->kind == RG_INPUT_BYTE ? (const void *)data->x_byte : data->x_token;
    return upload(device, values, input_bytes(device, data), out);
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
    RG_TRY_GOTO(upload_inputs(device, data, &s->x));
    RG_TRY_GOTO(upload_reals(device, data->y, data->y_double, data->n_sequences * data->n_targets, &s->y));
    RG_TRY_GOTO(upload(device, data->lengths, data->lengths ? data->n_sequences * sizeof(int32_t) : 0, &s->lengths));
    const size_t states = data->n_states * data->n_sequences * data->state_width;
    if (data->h_0) {
        RG_TRY_GOTO(upload_reals(device, NULL, data->h_0, states, &s->h_0));
    }
    if (data->c_0) {
        RG_TRY_GOTO(upload_reals(device, NULL, data->c_0, states, &s->c_0));
    }
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
        rg_buffer_destroy(s->device, s->h_0);
        rg_buffer_destroy(s->device, s->c_0);
        rg_buffer_destroy(s->device, s->index);
        rg_free(s->rows);
        rg_free(s->order);
        rg_free(s);
    }
}
