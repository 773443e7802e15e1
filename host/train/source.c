/* Where batches come from: see source.h. */
#include "train/source.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/permutation.h"
#include "rnn_gpu/memory.h"
#include "engine/layer.h"
#include "model/cells.h"

enum { PIECE = 4096 /* numbers that are converted at a time on their way to the device */ };

rg_status rg_problem_data(const struct rg_dataset *data, const struct rg_target_options *options,
                          struct rg_problem *problem) {
    memset(problem, 0, sizeof *problem);
    const char *slash = strrchr(data->path, '/');
    problem->name = slash ? slash + 1 : data->path;
    problem->inputs = data->n_features;
    problem->steps = problem->data_steps = data->n_steps;
    problem->n_sequences = data->n_sequences;
    problem->data = data;
    problem->target = options->target;
    problem->loss = options->loss == RG_LOSS_AUTO ? RG_LOSS_MSE : options->loss;
    problem->outputs = problem->n_targets = 1;
    problem->baseline = NAN;
    if (!rg_dataset_is_labelled(data)) {
        return RG_OK;
    }
    const rg_status status = rg_targets_decide(data, options, &problem->targets, &problem->loss);
    if (status != RG_OK && options->lenient) {
        problem->targets = (struct rg_targets){.data = NULL};
        return RG_OK;
    }
    RG_TRY(status);
    const struct rg_targets *const targets = &problem->targets;
    problem->n_targets = targets->numbers;
    if (data->level && problem->loss == RG_LOSS_CE) { /* any token may come next, also one that never does here */
        problem->targets.n_classes = data->n_features;
    }
    problem->outputs = problem->loss == RG_LOSS_CE && targets->n_classes ? targets->n_classes : targets->numbers;
    return options->lenient ? RG_OK : rg_targets_baseline(targets, problem->loss, &problem->baseline);
}

rg_status rg_data_check_states(const struct rg_dataset *data, const struct rg_shape *shape) {
    const size_t places = shape->layers * rg_shape_directions(shape);
    if (data->c_0 && !rg_cell_has_c(shape->cell)) {
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

size_t rg_fill_groups(const struct rg_net *net, size_t rows) {
    const struct rg_span w = net->segment;
    const size_t runs = rows * ((w.end + RG_FILL_STEPS - 1) / RG_FILL_STEPS - w.begin / RG_FILL_STEPS);
    const size_t groups = (runs + 31) / 32, max = (size_t)net->device->info.units * 4;
    return groups < max ? groups : max;
}

/* The order of an epoch: a pure function of (seed, epoch). */
static void shuffle_order(struct rg_data_source *s, uint64_t epoch) {
    const size_t n = s->data->n_sequences;
    if (s->shuffle) {
        rg_permute(s->order, n, s->seed, epoch, RG_ORDER_EPOCH);
    }
    for (size_t i = 0; !s->shuffle && i < n; i++) {
        s->order[i] = (uint32_t)i;
    }
    s->order_epoch = epoch;
}

/* Which sequences update `update` takes, written to the device once an update, and how many targets they have. */
static rg_status choose_rows(struct rg_data_source *s, uint64_t update, bool every_step) {
    const uint64_t n = s->data->n_sequences;
    s->has_chosen = true;
    s->chosen = update;
    s->source.terms = 0;
    s->source.weight = 0.0;
    for (size_t i = 0; i < s->batch; i++) {
        const uint64_t at = update * s->batch + i, epoch = at / n;
        if (epoch != s->order_epoch) {
            shuffle_order(s, epoch);
        }
        s->rows[i] = s->order[at % n];
        s->source.terms += s->counts                        ? s->counts[s->rows[i]]
                           : every_step && s->data->lengths ? (size_t)s->data->lengths[s->rows[i]]
                                                            : 0;
        s->source.weight += s->weights ? s->weights[s->rows[i]] : 0.0;
    }
    return rg_buffer_write(s->device, s->index, 0, s->rows, s->batch * sizeof *s->rows);
}

/* What the sequences of an update start from. */
static struct rg_layer_states states_of(const struct rg_data_source *s, const struct rg_net *net, uint64_t update) {
    const size_t n = s->data->n_sequences;
    if (!s->places) {
        return (struct rg_layer_states){.h_0 = s->h_0, .c_0 = s->c_0, .index = s->index, .n = n};
    }
    const bool first = update % (n / s->data->streams) == 0;
    return (struct rg_layer_states){.h_0 = first ? NULL : net->buffers.carried_h,
                                    .c_0 = first ? NULL : net->buffers.carried_c,
                                    .index = s->places,
                                    .n = s->batch,
                                    .part = update % 2};
}

static rg_status keep_states(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows) {
    (void)self;
    for (size_t l = 0; l < net->plan.layers; l++) {
        RG_TRY(rg_layer_final(net, l, (update + 1) % 2, first_row, rows));
    }
    return RG_OK;
}

static rg_status fill_data(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows) {
    struct rg_data_source *s = self;
    const struct rg_dataset *data = s->data;
    const bool every_step = net->model->shape.target == RG_TARGET_STEPS;
    if (!s->has_chosen || s->chosen != update) {
        RG_TRY(choose_rows(s, update, every_step));
    }
    const size_t n_targets = s->numbers ? s->numbers : every_step ? data->n_targets / data->n_steps : data->n_targets;
    const bool labelled = s->source.labelled && n_targets > 0;
    const bool words = net->buffers.words != NULL;
    struct rg_buffer *const x = words ? net->buffers.words : net->buffers.x;
    const size_t inputs = words ? 1 : data->n_features, x_stride = words ? 1 : rg_input_stride(inputs);
    assert(net->plan.steps >= data->n_steps &&
           x->bytes >= rows * net->plan.alloc_steps * x_stride * net->plan.real_bytes);
    assert(!labelled ||
           net->buffers.y->bytes >= rows * n_targets * net->plan.target_alloc_steps * net->plan.real_bytes);
    const struct rg_gather_args args = {.rows = rows,
                                        .first_row = first_row,
                                        .steps = net->plan.steps,
                                        .from = net->segment.begin,
                                        .to = net->segment.end,
                                        .base = net->base,
                                        .data_steps = data->n_steps,
                                        .inputs = (rg_u32)inputs,
                                        .x_stride = (rg_u32)x_stride,
                                        .kind = words ? RG_DATA_WORD : (rg_u32)data->kind,
                                        .n_targets = (rg_u32)n_targets,
                                        .ragged = data->lengths != NULL,
                                        .labelled = labelled,
                                        .every_step = every_step,
                                        .pad_left = data->pad_left};
    RG_TRY(rg_device_launch(net->device, &(struct rg_launch){.kernel = RG_K_rg_gather,
                                                             .buffers = {s->x, s->y, s->lengths, s->index, x,
                                                                         net->buffers.y, net->buffers.begin},
                                                             .args = &args,
                                                             .groups = {rg_fill_groups(net, rows), 1}}));
    const struct rg_layer_states states = states_of(s, net, update);
    for (size_t l = 0; net->plan.initial && l < net->plan.layers; l++) {
        RG_TRY(rg_layer_initial(net, l, &states, first_row, rows));
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
        return steps * sizeof *data->x_token; /* the kernels read words as 32 bits */
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

/* A buffer of numbers of the device's kind, filled in pieces by `give`. */
static rg_status upload_reals(struct rg_device *device, const struct rg_dataset *data, size_t n,
                              void (*give)(const struct rg_dataset *data, size_t first, size_t n, double *out),
                              struct rg_buffer **out) {
    double piece[PIECE];
    RG_TRY(rg_reals_create(device, n, "the data set", out));
    for (size_t first = 0; first < n; first += PIECE) {
        const size_t length = n - first < PIECE ? n - first : PIECE;
        give(data, first, length, piece);
        RG_TRY(rg_reals_write(device, *out, first, piece, length));
    }
    return RG_OK;
}

static rg_status upload_tokens(struct rg_device *device, const struct rg_dataset *data, struct rg_buffer **out) {
    const size_t n = data->n_sequences * data->n_steps;
    int32_t piece[PIECE];
    RG_TRY(upload(device, data->x_token, n * sizeof *piece, out));
    for (size_t first = 0; !data->x_token && first < n; first += PIECE) {
        const size_t length = n - first < PIECE ? n - first : PIECE;
        for (size_t i = 0; i < length; i++) {
            piece[i] = rg_dataset_token(data, first + i);
        }
        RG_TRY(rg_buffer_write(device, *out, first * sizeof *piece, piece, length * sizeof *piece));
    }
    return RG_OK;
}

static rg_status upload_inputs(struct rg_device *device, const struct rg_dataset *data, struct rg_buffer **out) {
    const size_t n = data->n_sequences * data->n_steps * data->n_features;
    switch (data->kind) {
    case RG_INPUT_BYTE:
        return upload(device, data->x_byte, n, out);
    case RG_INPUT_TOKEN:
        return upload_tokens(device, data, out);
    case RG_INPUT_FLOAT:
        break;
    }
    if (data->x_float) {
        RG_TRY(rg_reals_create(device, n, "the data set", out));
        return rg_reals_write_floats(device, *out, 0, data->x_float, n);
    }
    return upload_reals(device, data, n, rg_dataset_numbers, out);
}

static void give_targets(const struct rg_dataset *data, size_t first, size_t n, double *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = rg_dataset_target(data, first + i);
    }
}

/* The rows of y that count, as the loss takes them, each with its weight; the others NaN. What lies in the padding is
 * not read. */
static rg_status upload_rows(struct rg_data_source *s, const struct rg_targets *t) {
    const struct rg_dataset *const data = s->data;
    const size_t rows = t->target == RG_TARGET_STEPS ? data->n_steps : 1;
    const size_t numbers = t->numbers + (t->weights ? 1 : 0), each = rows * numbers;
    double *values = NULL;
    rg_status status = RG_OK;
    s->numbers = numbers;
    RG_TRY(rg_reals_create(s->device, data->n_sequences * each, "the data set", &s->y));
    if (t->n_left_out) {
        RG_TRY(rg_alloc(&s->counts, data->n_sequences, sizeof *s->counts, "the targets that count"));
    }
    if (t->weights) {
        RG_TRY(rg_alloc(&s->weights, data->n_sequences, sizeof *s->weights, "the weights of the targets"));
    }
    const size_t together = each < PIECE ? PIECE / each : 1;
    RG_TRY(rg_alloc(&values, together * each, sizeof *values, "the targets of some sequences"));
    for (size_t n = 0, first = 0; status == RG_OK && n < data->n_sequences; n++) {
        const size_t valid = rg_targets_rows(t, n), padding = data->pad_left ? rows - valid : 0;
        for (size_t row = 0; row < valid; row++) {
            double *const out = values + (n - first) * each + (padding + row) * numbers;
            const bool valid_row = rg_targets_row(t, n, row, out);
            if (s->weights) {
                out[t->numbers] = valid_row ? t->weights[(size_t)out[0]] : 0.0;
                s->weights[n] += out[t->numbers];
            }
            if (s->counts) {
                s->counts[n] += valid_row;
            }
        }
        if (n + 1 - first == together || n + 1 == data->n_sequences) {
            status = rg_reals_write(s->device, s->y, first * each, values, (n + 1 - first) * each);
            first = n + 1;
        }
    }
    rg_free(values);
    return status;
}

/* Targets as they are in the file, or where some do not count or are one-hot, row by row. */
static rg_status upload_targets(struct rg_data_source *s, const struct rg_targets *t) {
    const struct rg_dataset *const data = s->data;
    const size_t n = data->n_sequences * data->n_targets;
    if (t && (t->n_left_out || t->numbers < t->width || t->weights)) {
        return upload_rows(s, t);
    }
    if (data->y || !rg_dataset_is_labelled(data)) {
        RG_TRY(rg_reals_create(s->device, data->y ? n : 0, "the data set", &s->y));
        return data->y ? rg_reals_write_floats(s->device, s->y, 0, data->y, n) : RG_OK;
    }
    return upload_reals(s->device, data, n, give_targets, &s->y);
}

static rg_status upload_states(struct rg_data_source *s, const double *states, struct rg_buffer **out) {
    const size_t n = s->data->n_states * s->data->n_sequences * s->data->state_width;
    if (!states) {
        return RG_OK;
    }
    RG_TRY(rg_reals_create(s->device, n, "the data set", out));
    return rg_reals_write(s->device, *out, 0, states, n);
}

/* Places of the streams, which are the rows of every batch. */
static rg_status create_places(struct rg_data_source *s) {
    if (s->data->streams == 0) {
        return RG_OK;
    }
    assert(s->batch == s->data->streams && !s->shuffle);
    for (size_t i = 0; i < s->batch; i++) {
        s->rows[i] = (uint32_t)i;
    }
    s->source.keep = keep_states;
    RG_TRY(rg_buffer_create(s->device, s->batch * sizeof *s->rows, "the places of the streams", &s->places));
    return rg_buffer_write(s->device, s->places, 0, s->rows, s->batch * sizeof *s->rows);
}

static rg_status create_source(struct rg_data_source *s, const struct rg_targets *targets) {
    struct rg_device *const device = s->device;
    const struct rg_dataset *const data = s->data;
    RG_TRY(upload_inputs(device, data, &s->x));
    RG_TRY(upload_targets(s, targets));
    RG_TRY(upload(device, data->lengths, data->lengths ? data->n_sequences * sizeof(int32_t) : 0, &s->lengths));
    RG_TRY(upload_states(s, data->h_0, &s->h_0));
    RG_TRY(upload_states(s, data->c_0, &s->c_0));
    RG_TRY(rg_buffer_create(device, s->batch * sizeof(uint32_t), "the batch's index", &s->index));
    RG_TRY(rg_alloc(&s->rows, s->batch, sizeof *s->rows, "the batch's index"));
    RG_TRY(rg_alloc(&s->order, data->n_sequences, sizeof *s->order, "the order of an epoch"));
    shuffle_order(s, 0);
    return create_places(s);
}

static rg_status open_source(struct rg_device *device, const struct rg_dataset *data, const struct rg_targets *targets,
                             const struct rg_data_source *options, struct rg_data_source **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the data set"));
    struct rg_data_source *const s = *out;
    *s = *options;
    s->device = device;
    s->data = data;
    s->shuffle = s->shuffle && data->streams == 0;
    s->source = (struct rg_source){
        .fill = fill_data, .self = s, .labelled = !targets || targets->data, .ragged = data->lengths != NULL};
    s->source.labelled = s->source.labelled && rg_dataset_is_labelled(data);
    s->source.weighted = targets && targets->weights;
    const rg_status status = create_source(s, targets);
    if (status != RG_OK) {
        rg_data_source_destroy(s);
        *out = NULL;
    }
    return status;
}

rg_status rg_data_source_create(struct rg_device *device, const struct rg_dataset *data, size_t batch, uint64_t seed,
                                bool shuffle, struct rg_data_source **out) {
    const struct rg_data_source options = {.batch = batch, .seed = seed, .shuffle = shuffle};
    return open_source(device, data, NULL, &options, out);
}

rg_status rg_data_source_of(struct rg_device *device, const struct rg_problem *problem, size_t batch, uint64_t seed,
                            bool shuffle, struct rg_data_source **out) {
    const struct rg_data_source options = {.batch = batch, .seed = seed, .shuffle = shuffle};
    return open_source(device, problem->data, &problem->targets, &options, out);
}

void rg_data_source_destroy(struct rg_data_source *s) {
    if (s) {
        rg_buffer_destroy(s->device, s->x);
        rg_buffer_destroy(s->device, s->y);
        rg_buffer_destroy(s->device, s->lengths);
        rg_buffer_destroy(s->device, s->h_0);
        rg_buffer_destroy(s->device, s->c_0);
        rg_buffer_destroy(s->device, s->places);
        rg_buffer_destroy(s->device, s->index);
        rg_free(s->counts);
        rg_free(s->weights);
        rg_free(s->rows);
        rg_free(s->order);
        rg_free(s);
    }
}
