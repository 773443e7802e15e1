/* Where batches come from: see source.h. */
#include "train/source.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/permutation.h"
#include "base/sizes.h"
#include "engine/layer.h"
#include "rnn_gpu/memory.h"

enum { PIECE = 4096 /* numbers that are converted at a time on their way to the device */ };
/* Divisors of the memory. Data that take more than 1/RESIDENT_PART of it, or more than a buffer may hold, are staged. A
 * batch of staged data that is only read (scored, predicted) takes at most 1/BATCH_PART. */
enum { RESIDENT_PART = 2, BATCH_PART = 32 };

size_t rg_input_stride(size_t inputs) {
    return rg_round_up(inputs, RG_INPUT_PAD);
}

size_t rg_fill_groups(const struct rg_net *net, size_t rows) {
    const struct rg_span w = net->segment;
    const size_t runs = rows * ((w.end + RG_FILL_STEPS - 1) / RG_FILL_STEPS - w.begin / RG_FILL_STEPS);
    const size_t groups = (runs + 31) / 32, max = (size_t)net->device->info.units * 4;
    return rg_min(groups, max);
}

static bool is_double(const struct rg_device *device) {
    return device->info.real_bytes == sizeof(double);
}

/* Inputs of a sequence: its words, or its numbers. */
static size_t sequence_inputs(const struct rg_dataset *data) {
    return data->n_steps * (data->kind == RG_INPUT_TOKEN ? 1 : data->n_features);
}

/* Bytes of an input on the device. */
static size_t input_size(const struct rg_device *device, const struct rg_dataset *data) {
    switch (data->kind) {
    case RG_INPUT_BYTE:
        return sizeof *data->x_byte;
    case RG_INPUT_TOKEN:
        return sizeof *data->x_token; /* the kernels read words as 32 bits */
    default:
        return device->info.real_bytes;
    }
}

/* Bytes of the inputs of `n` sequences on the device. */
static size_t input_bytes(const struct rg_device *device, const struct rg_dataset *data, size_t n) {
    return n * sequence_inputs(data) * input_size(device, data);
}

/* Read inputs [first, first + n) as the device has them. */
static rg_status read_inputs(const struct rg_device *device, const struct rg_dataset *data, size_t first, size_t n,
                             void *out) {
    switch (data->kind) {
    case RG_INPUT_BYTE:
        return rg_dataset_bytes(data, first, n, out);
    case RG_INPUT_TOKEN:
        return rg_dataset_tokens(data, first, n, out);
    default:
        return is_double(device) ? rg_dataset_numbers(data, first, n, out) : rg_dataset_floats(data, first, n, out);
    }
}

/* All inputs, if they are in memory as the device has them; else NULL. */
static const void *inputs_in_memory(const struct rg_device *device, const struct rg_dataset *data) {
    switch (data->kind) {
    case RG_INPUT_BYTE:
        return data->x_byte;
    case RG_INPUT_TOKEN:
        return data->x_token;
    default:
        return is_double(device) ? (const void *)data->x_double : data->x_float;
    }
}

/* Numbers of a sequence's targets on the device. */
static size_t target_numbers(const struct rg_data_source *s) {
    return s->numbers ? s->numbers * (s->targets.target == RG_TARGET_STEPS ? s->data->n_steps : 1) : s->data->n_targets;
}

/* Write the targets of sequence `n` in the form that the loss reads, to out [target_numbers]. A row that does not count
 * becomes NaN, with a weight of 0. The padding of `out` keeps its old values, because nothing reads it. */
static void give_rows(const struct rg_data_source *s, size_t n, double *out) {
    const struct rg_targets *const t = &s->targets;
    const size_t valid = rg_targets_rows(t, n);
    const size_t rows = t->target == RG_TARGET_STEPS ? s->data->n_steps : 1;
    double *to = out + (s->data->pad_left ? rows - valid : 0) * s->numbers;
    for (size_t row = 0; row < valid; row++, to += s->numbers) {
        const bool counts = rg_targets_row(t, n, row, to);
        if (t->weights) {
            to[t->numbers] = counts ? t->weights[(size_t)to[0]] : 0.0;
        }
    }
}

/* ---- Sequences of an update, one after the other ---- */

/* Copy sequence `n` to place `place` of the update. */
static rg_status stage_sequence(const struct rg_data_source *s, size_t n, size_t place) {
    const struct rg_dataset *const data = s->data;
    const size_t inputs = sequence_inputs(data), targets = target_numbers(s);
    char *const stage = s->stage;
    RG_TRY(read_inputs(s->device, data, n * inputs, inputs, stage + input_bytes(s->device, data, place)));
    if (s->numbers) {
        give_rows(s, n, s->stage_y + place * targets);
    } else {
        for (size_t i = 0; i < targets; i++) {
            s->stage_y[place * targets + i] = rg_dataset_target(data, n * targets + i);
        }
    }
    if (s->stage_lengths) {
        s->stage_lengths[place] = data->lengths[n];
    }
    return RG_OK;
}

/* Have the system read what the next update needs from a file, while the device works on this one. An update that
 * begins a new epoch waits: its order is not known yet. */
static void expect_next(const struct rg_data_source *s) {
    const uint64_t n = s->data->n_sequences, first = (s->chosen + 1) * s->batch;
    for (uint64_t at = first; at < first + s->batch && at / n == s->order_epoch; at++) {
        rg_dataset_expect(s->data, s->order[at % n]);
    }
}

/* Copy the sequences in s->rows to the device. The host gathers them while the device works on the previous update. */
static rg_status stage(const struct rg_data_source *s) {
    const struct rg_dataset *const data = s->data;
    for (size_t i = 0; i < s->batch; i++) {
        RG_TRY(stage_sequence(s, s->rows[i], i));
    }
    RG_TRY(rg_dataset_check_file(data));
    rg_dataset_tell_file(data);
    expect_next(s);
    RG_TRY(rg_buffer_write(s->device, s->x, 0, s->stage, input_bytes(s->device, data, s->batch)));
    if (target_numbers(s) > 0) {
        RG_TRY(rg_reals_write(s->device, s->y, 0, s->stage_y, s->batch * target_numbers(s)));
    }
    return s->stage_lengths
               ? rg_buffer_write(s->device, s->lengths, 0, s->stage_lengths, s->batch * sizeof *s->stage_lengths)
               : RG_OK;
}

/* ---- Updates ---- */

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

void rg_data_source_shuffle(struct rg_data_source *s, uint64_t seed) {
    s->shuffle = s->data->streams == 0;
    s->seed = seed;
    s->has_chosen = false;
    shuffle_order(s, 0);
}

/* Choose the sequences of update `update`, add up their targets, and send their index to the device; if the data are
 * staged, send the sequences too. The first chunk of an update calls it. */
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
    RG_TRY(rg_buffer_write(s->device, s->index, 0, s->rows, s->batch * sizeof *s->rows));
    return s->staged ? stage(s) : RG_OK;
}

/* The states from which the sequences of an update start. */
static struct rg_layer_states states_of(const struct rg_data_source *s, const struct rg_net *net, uint64_t update) {
    const size_t n = s->data->n_sequences;
    if (s->data->streams == 0) {
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

/* Numbers of a row of targets in y of the engine: of a sequence, or of a step. */
static size_t row_numbers(const struct rg_data_source *s, bool every_step) {
    if (s->numbers) {
        return s->numbers;
    }
    return every_step ? s->data->n_targets / s->data->n_steps : s->data->n_targets;
}

/* Have the device copy the inputs and targets of a chunk, whose index it has, to the engine's buffers. */
static rg_status gather(const struct rg_data_source *s, struct rg_net *net, size_t first_row, size_t rows) {
    const struct rg_dataset *const data = s->data;
    const struct rg_plan *const plan = &net->plan;
    const bool every_step = net->model->shape.target == RG_TARGET_STEPS, words = net->buffers.words != NULL;
    const size_t inputs = words ? 1 : data->n_features, x_stride = words ? 1 : rg_input_stride(inputs);
    const size_t n_targets = row_numbers(s, every_step);
    const bool labelled = s->source.labelled && n_targets > 0;
    struct rg_buffer *const x = words ? net->buffers.words : net->buffers.x, *const y = net->buffers.y;
    assert(plan->steps >= data->n_steps && x->bytes >= rows * plan->alloc_steps * x_stride * plan->real_bytes);
    assert(!labelled || y->bytes >= rows * n_targets * plan->target_alloc_steps * plan->real_bytes);
    const struct rg_gather_args args = {.rows = rows,
                                        .first_row = first_row,
                                        .steps = plan->steps,
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
    struct rg_buffer *const index = s->staged ? s->places : s->index;
    const struct rg_launch launch = {.kernel = RG_K_rg_gather,
                                     .buffers = {s->x, s->y, s->lengths, index, x, y, net->buffers.begin},
                                     .args = &args,
                                     .groups = {rg_fill_groups(net, rows), 1}};
    return rg_device_launch(net->device, &launch);
}

static rg_status fill_data(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows) {
    struct rg_data_source *s = self;
    if (!s->has_chosen || s->chosen != update) {
        RG_TRY(choose_rows(s, update, net->model->shape.target == RG_TARGET_STEPS));
    }
    RG_TRY(gather(s, net, first_row, rows));
    const struct rg_layer_states states = states_of(s, net, update);
    for (size_t l = 0; net->plan.initial && l < net->plan.layers; l++) {
        RG_TRY(rg_layer_initial(net, l, &states, first_row, rows));
    }
    return RG_OK;
}

/* Bytes of `n` sequences with their targets. */
static uint64_t sequence_bytes(const struct rg_device *device, const struct rg_dataset *data, size_t n) {
    return input_bytes(device, data, n) + n * (data->n_targets * device->info.real_bytes + sizeof *data->lengths);
}

/* What a run may use of the device, as its plan has it: --memory, else the budget. */
static uint64_t memory_of(const struct rg_device *device, uint64_t memory) {
    const uint64_t limit = memory > 0 ? memory : rg_device_budget(&device->info);
    return limit < device->info.memory_bytes ? limit : device->info.memory_bytes;
}

static bool is_staged(const struct rg_device *device, const struct rg_dataset *data, size_t batch, uint64_t memory) {
    const bool fits = sequence_bytes(device, data, data->n_sequences) <= memory_of(device, memory) / RESIDENT_PART &&
                      input_bytes(device, data, data->n_sequences) <= device->info.max_buffer_bytes;
    return !fits && batch < data->n_sequences;
}

size_t rg_data_source_batch(const struct rg_device *device, const struct rg_dataset *data, size_t max,
                            uint64_t memory) {
    const size_t batch = rg_min(data->n_sequences, max);
    const uint64_t room = memory_of(device, memory) / BATCH_PART / sequence_bytes(device, data, 1);
    const size_t fitting = room < 1 ? 1 : room < batch ? (size_t)room : batch;
    return is_staged(device, data, fitting, memory) ? fitting : batch;
}

size_t rg_data_source_sequences(const struct rg_device *device, const struct rg_dataset *data, size_t batch,
                                uint64_t memory) {
    return is_staged(device, data, batch, memory) ? batch : data->n_sequences;
}

uint64_t rg_data_source_bytes(const struct rg_device *device, const struct rg_dataset *data, size_t batch,
                              uint64_t memory) {
    const size_t initial = ((data->h_0 ? 1U : 0U) + (data->c_0 ? 1U : 0U)) * data->n_states * data->state_width;
    const bool staged = is_staged(device, data, batch, memory);
    return sequence_bytes(device, data, staged ? batch : data->n_sequences) +
           data->n_sequences * initial * device->info.real_bytes + (staged ? 2 : 1) * batch * sizeof(uint32_t);
}

/* Upload all inputs, in pieces where they are in a file or in another form. */
static rg_status upload_inputs(struct rg_data_source *s) {
    const struct rg_dataset *const data = s->data;
    const void *const all = inputs_in_memory(s->device, data);
    const size_t n = data->n_sequences * sequence_inputs(data), size = input_size(s->device, data);
    double piece[PIECE]; /* or as many smaller inputs */
    RG_TRY(rg_buffer_create(s->device, n * size, "the data set", &s->x));
    if (all) {
        return rg_buffer_write(s->device, s->x, 0, all, n * size);
    }
    for (size_t first = 0; first < n; first += PIECE) {
        const size_t length = rg_min(n - first, PIECE);
        RG_TRY(read_inputs(s->device, data, first, length, piece));
        RG_TRY(rg_buffer_write(s->device, s->x, first * size, piece, length * size));
    }
    return RG_OK;
}

static rg_status upload_lengths(struct rg_data_source *s) {
    const size_t bytes = s->data->lengths ? s->data->n_sequences * sizeof *s->data->lengths : 0;
    RG_TRY(rg_buffer_create(s->device, bytes, "the data set", &s->lengths));
    return bytes > 0 ? rg_buffer_write(s->device, s->lengths, 0, s->data->lengths, bytes) : RG_OK;
}

/* Add the rows of sequence `n` that count to s->counts, and their weights to s->weights. `values` [target_numbers] are
 * those of give_rows. */
static void add_up(struct rg_data_source *s, size_t n, const double *values) {
    const struct rg_targets *const t = &s->targets;
    const size_t valid = rg_targets_rows(t, n);
    const size_t rows = t->target == RG_TARGET_STEPS ? s->data->n_steps : 1;
    const double *from = values + (s->data->pad_left ? rows - valid : 0) * s->numbers;
    for (size_t row = 0; row < valid; row++, from += s->numbers) {
        if (s->weights) {
            s->weights[n] += from[t->numbers];
        }
        if (s->counts) {
            s->counts[n] += isnan(from[0]) ? 0 : 1;
        }
    }
}

/* Upload the rows of y, each with its weight. If the data are staged, only count the rows and add up their weights. */
static rg_status upload_rows(struct rg_data_source *s) {
    const struct rg_dataset *const data = s->data;
    const struct rg_targets *const t = &s->targets;
    double *values = NULL;
    rg_status status = RG_OK;
    s->numbers = t->numbers + (t->weights ? 1 : 0);
    const size_t each = target_numbers(s);
    RG_TRY(s->staged ? RG_OK : rg_reals_create(s->device, data->n_sequences * each, "the data set", &s->y));
    if (t->n_left_out) {
        RG_TRY(rg_alloc(&s->counts, data->n_sequences, sizeof *s->counts, "the targets that count"));
    }
    if (t->weights) {
        RG_TRY(rg_alloc(&s->weights, data->n_sequences, sizeof *s->weights, "the weights of the targets"));
    }
    const size_t together = each < PIECE ? PIECE / each : 1;
    RG_TRY(rg_alloc(&values, together * each, sizeof *values, "the targets of some sequences"));
    for (size_t n = 0, first = 0; status == RG_OK && n < data->n_sequences; n++) {
        give_rows(s, n, values + (n - first) * each);
        add_up(s, n, values + (n - first) * each);
        if (n + 1 - first == together || n + 1 == data->n_sequences) {
            status = s->staged ? RG_OK : rg_reals_write(s->device, s->y, first * each, values, (n + 1 - first) * each);
            first = n + 1;
        }
    }
    rg_free(values);
    return status;
}

/* Upload the targets: row by row if some do not count, are one-hot or have weights, else as they are in the file. */
static rg_status upload_targets(struct rg_data_source *s) {
    const struct rg_dataset *const data = s->data;
    const struct rg_targets *const t = &s->targets;
    if (t->data && (t->n_left_out || t->numbers < t->width || t->weights)) {
        return upload_rows(s);
    }
    if (s->staged) {
        return RG_OK;
    }
    const size_t n = rg_dataset_is_labelled(data) ? data->n_sequences * data->n_targets : 0;
    RG_TRY(rg_reals_create(s->device, n, "the data set", &s->y));
    if (data->y) {
        return rg_reals_write_floats(s->device, s->y, 0, data->y, n);
    }
    double piece[PIECE];
    for (size_t first = 0; first < n; first += PIECE) {
        const size_t length = rg_min(n - first, PIECE);
        for (size_t i = 0; i < length; i++) {
            piece[i] = rg_dataset_target(data, first + i);
        }
        RG_TRY(rg_reals_write(s->device, s->y, first, piece, length));
    }
    return RG_OK;
}

static rg_status upload_states(struct rg_data_source *s, const double *states, struct rg_buffer **out) {
    const size_t n = s->data->n_states * s->data->n_sequences * s->data->state_width;
    if (!states) {
        return RG_OK;
    }
    RG_TRY(rg_reals_create(s->device, n, "the data set", out));
    return rg_reals_write(s->device, *out, 0, states, n);
}

/* For streams and staged data, create s->places = 0, 1, 2 …: row i of a batch is stream i, or the i-th staged sequence.
 * Streams also keep their states from one update to the next. */
static rg_status create_places(struct rg_data_source *s) {
    if (s->data->streams == 0 && !s->staged) {
        return RG_OK;
    }
    assert(s->data->streams == 0 || (s->batch == s->data->streams && !s->shuffle));
    for (size_t i = 0; i < s->batch; i++) {
        s->rows[i] = (uint32_t)i;
    }
    s->source.keep = s->data->streams > 0 ? keep_states : NULL;
    RG_TRY(rg_buffer_create(s->device, s->batch * sizeof *s->rows, "the places of the streams", &s->places));
    return rg_buffer_write(s->device, s->places, 0, s->rows, s->batch * sizeof *s->rows);
}

/* Room for the sequences of an update, here and on the device. */
static rg_status create_stage(struct rg_data_source *s) {
    struct rg_device *const device = s->device;
    const struct rg_dataset *const data = s->data;
    const size_t bytes = input_bytes(device, data, s->batch);
    RG_TRY(rg_buffer_create(device, bytes, "the sequences of an update", &s->x));
    RG_TRY(rg_reals_create(device, s->batch * target_numbers(s), "the sequences of an update", &s->y));
    RG_TRY(rg_buffer_create(device, data->lengths ? s->batch * sizeof(int32_t) : 0, "the sequences of an update",
                            &s->lengths));
    RG_TRY(rg_alloc(&s->stage, bytes, 1, "the sequences of an update"));
    RG_TRY(rg_alloc(&s->stage_y, s->batch * target_numbers(s), sizeof *s->stage_y, "the sequences of an update"));
    return data->lengths ? rg_alloc(&s->stage_lengths, s->batch, sizeof *s->stage_lengths, "the sequences of an update")
                         : RG_OK;
}

static rg_status create_source(struct rg_data_source *s) {
    struct rg_device *const device = s->device;
    const struct rg_dataset *const data = s->data;
    RG_TRY(upload_targets(s));
    if (s->staged) {
        RG_TRY(create_stage(s));
    } else {
        RG_TRY(upload_inputs(s));
        RG_TRY(upload_lengths(s));
    }
    RG_TRY(upload_states(s, data->h_0, &s->h_0));
    RG_TRY(upload_states(s, data->c_0, &s->c_0));
    RG_TRY(rg_buffer_create(device, s->batch * sizeof(uint32_t), "the batch's index", &s->index));
    RG_TRY(rg_alloc(&s->rows, s->batch, sizeof *s->rows, "the batch's index"));
    RG_TRY(rg_alloc(&s->order, data->n_sequences, sizeof *s->order, "the order of an epoch"));
    shuffle_order(s, 0);
    RG_TRY(rg_dataset_check_file(data));
    return create_places(s);
}

static rg_status open_source(struct rg_device *device, const struct rg_dataset *data, const struct rg_targets *targets,
                             const struct rg_data_source *options, struct rg_data_source **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the data set"));
    struct rg_data_source *const s = *out;
    *s = *options;
    s->device = device;
    s->data = data;
    s->targets = targets ? *targets : (struct rg_targets){.data = NULL};
    s->staged = is_staged(device, data, s->batch, s->memory);
    s->shuffle = s->shuffle && data->streams == 0;
    s->source = (struct rg_batch_source){.fill = fill_data,
                                         .self = s,
                                         .labelled = (!targets || targets->data) && rg_dataset_is_labelled(data),
                                         .ragged = data->lengths != NULL,
                                         .weighted = targets && targets->weights};
    const rg_status status = create_source(s);
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

rg_status rg_data_source_of(struct rg_device *device, const struct rg_problem *problem,
                            const struct rg_source_options *o, struct rg_data_source **out) {
    const struct rg_data_source options = {
        .batch = o->batch, .seed = o->seed, .shuffle = o->shuffle, .memory = o->memory};
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
        rg_free(s->stage);
        rg_free(s->stage_y);
        rg_free(s->stage_lengths);
        rg_free(s->counts);
        rg_free(s->weights);
        rg_free(s->rows);
        rg_free(s->order);
        rg_free(s);
    }
}
