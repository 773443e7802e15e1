/* The sequences of a synthetic task as a data set: see task_data.h. */
#include "train/task_data.h"

#include "base/sizes.h"
#include "base/stop.h"
#include "device/device.h"
#include "rnn_gpu/memory.h"

enum { PIECE = 1 << 22 /* numbers of x that are made at a time, unless one sequence has more */ };

/* Sequences on their way from the device to the data set. */
struct transfer {
    struct rg_device *device;
    struct rg_buffer *x, *y;
    double *numbers; /* what is read back: of x or of y */
    size_t rows;     /* sequences at a time */
};

static size_t target_steps(const struct rg_problem *problem) {
    return problem->target == RG_TARGET_STEPS ? problem->data_steps : 1;
}

/* x or y of the data set, [N][steps][width], and rows of the device, `stride` numbers long. */
struct numbers {
    size_t steps, width, stride;
    float *floats;
    double *doubles; /* instead of floats, or NULL */
};

/* Copy what was read back, [steps][rows][stride], to sequences first … first + rows of the data set. */
static void put(const struct transfer *t, size_t first, size_t rows, const struct numbers *to) {
    for (size_t i = 0; i < rows * to->steps; i++) {
        const size_t row = i / to->steps, step = i % to->steps;
        const double *const from = t->numbers + (step * rows + row) * to->stride;
        const size_t at = (first * to->steps + i) * to->width;
        for (size_t k = 0; k < to->width; k++) {
            if (to->doubles) {
                to->doubles[at + k] = from[k];
            } else {
                to->floats[at + k] = (float)from[k];
            }
        }
    }
}

/* Sequences first … first + rows. */
static rg_status make_rows(const struct rg_task_sequences *s, const struct transfer *t, size_t first, size_t rows,
                           struct rg_dataset *data) {
    const struct rg_problem *const p = s->problem;
    const struct numbers x = {p->data_steps, p->inputs, rg_input_stride(p->inputs), data->x_float, data->x_double};
    const struct numbers y = {target_steps(p), 1, 1, data->y, data->y_double};
    const struct rg_task_batch batch = {.problem = p,
                                        .seed = s->seed,
                                        .first_row = first,
                                        .rows = rows,
                                        .to = p->data_steps,
                                        .groups = (size_t)t->device->info.units,
                                        .x = t->x,
                                        .y = t->y};
    RG_TRY(rg_task_make(t->device, &batch));
    RG_TRY(rg_reals_read(t->device, t->numbers, t->x, 0, rows * x.steps * x.stride));
    put(t, first, rows, &x);
    RG_TRY(rg_reals_read(t->device, t->numbers, t->y, 0, rows * y.steps));
    put(t, first, rows, &y);
    return RG_OK;
}

static rg_status create(const struct rg_task_sequences *s, struct rg_dataset **out) {
    const struct rg_problem *const p = s->problem;
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the task's sequences"));
    struct rg_dataset *const data = *out;
    data->kind = RG_INPUT_FLOAT;
    data->n_sequences = s->n;
    data->n_steps = p->data_steps;
    data->n_features = p->inputs;
    data->n_targets = target_steps(p);
    data->label_kind = p->loss == RG_LOSS_MSE ? RG_LABELS_VALUES : RG_LABELS_CLASSES;
    RG_TRY(rg_copy_string(&data->path, p->name));
    const size_t row = p->data_steps * p->inputs;
    if (s->doubles) {
        RG_TRY(rg_alloc(&data->x_double, s->n, row * sizeof *data->x_double, "the task's sequences"));
        return rg_alloc(&data->y_double, s->n, data->n_targets * sizeof *data->y_double, "the task's targets");
    }
    RG_TRY(rg_alloc(&data->x_float, s->n, row * sizeof *data->x_float, "the task's sequences"));
    return rg_alloc(&data->y, s->n, data->n_targets * sizeof *data->y, "the task's targets");
}

static rg_status open_transfer(const struct rg_task_sequences *s, struct transfer *t) {
    const struct rg_device_options options = {.threads = s->threads, .is_double = s->doubles};
    const size_t row = s->problem->data_steps * rg_input_stride(s->problem->inputs);
    t->rows = row < PIECE ? PIECE / row : 1;
    t->rows = rg_min(t->rows, s->n);
    RG_TRY(rg_native_open(&options, &t->device));
    RG_TRY(rg_reals_create(t->device, t->rows * row, "the task's sequences", &t->x));
    RG_TRY(rg_reals_create(t->device, t->rows * target_steps(s->problem), "the task's targets", &t->y));
    return rg_alloc(&t->numbers, t->rows, row * sizeof *t->numbers, "the task's sequences");
}

rg_status rg_task_data(const struct rg_task_sequences *s, struct rg_dataset **out) {
    struct transfer t = {.rows = 0};
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY_GOTO(open_transfer(s, &t));
    RG_TRY_GOTO(create(s, out));
    for (size_t first = 0; first < s->n; first += t.rows) {
        const size_t left = s->n - first;
        RG_TRY_GOTO(rg_stop_check());
        RG_TRY_GOTO(make_rows(s, &t, first, rg_min(left, t.rows), *out));
    }
cleanup:
    rg_free(t.numbers);
    if (t.device) {
        rg_buffer_destroy(t.device, t.x);
        rg_buffer_destroy(t.device, t.y);
        rg_device_destroy(t.device);
    }
    if (status != RG_OK) {
        rg_dataset_destroy(*out);
        *out = NULL;
    }
    return status;
}
