/* What updates promise beyond their values: the same bits for any thread count, chunk and neighbour, agreement between
 * executions over many updates, and no change at all where loss or gradient is not finite. */
#include <math.h>
#include <string.h>

#include "executions.h"
#include "kernels/base/args.h"
#include "train/tasks.h"
#include "verify/selftest/checks.h"

static const double LR = 0.003;

/* Nets that between them have every kernel of a scan. */
static const struct rg_exercise_net nets[] = {
    {.cell = RG_CELL_RNN},
    {.cell = RG_CELL_LSTM, .layers = 2, .bidirectional = true, .skip = 2},
    {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true, .skip = 3, .skip_kind = RG_SKIP_DILATED},
    {.cell = RG_CELL_LSTM, .layers = 2, .bidirectional = true, .skip = 1, .skip_kind = RG_SKIP_LEARNED},
};
/* The last one makes decisions, which rounding turns in the end: it is left out where executions are compared. */
enum { N_NETS = sizeof nets / sizeof *nets, N_SMOOTH = N_NETS - 1 };

/* A model with fixed random weights. */
static struct rg_exercise *exercise_of(struct rg_exercise_sizes sizes, struct rg_exercise_net net) {
    struct rg_exercise *e = NULL;
    const struct rg_exercise_form form = {sizes, net, false, 0};
    test_case_form(&form);
    expect_ok(rg_exercise_create(&form, &e), "exercise");
    rg_exercise_fill(e, 11);
    return e;
}

static struct rg_exercise *exercise(struct rg_exercise_sizes sizes) {
    return exercise_of(sizes, nets[0]);
}

/* Arenas after some updates. */
struct state {
    double *weights, *gradients, *first, *second; /* [arena] */
    struct rg_control control;
};

static struct state read_state(struct rg_engine *engine) {
    const size_t n = engine->net.model->arena;
    struct state s = {numbers(n, sizeof(double)),
                      numbers(n, sizeof(double)),
                      numbers(n, sizeof(double)),
                      numbers(n, sizeof(double)),
                      {.steps = 0}};
    expect_ok(rg_reals_read(engine->net.device, s.weights, engine->net.buffers.weights, 0, n), "weights");
    expect_ok(rg_engine_get_gradients(engine, s.gradients), "gradients");
    struct rg_buffer *const first = engine->optimizer->first, *const second = engine->optimizer->second;
    if (first) {
        expect_ok(rg_reals_read(engine->net.device, s.first, first, 0, n), "first state");
    }
    if (second) {
        expect_ok(rg_reals_read(engine->net.device, s.second, second, 0, n), "second state");
    }
    expect_ok(rg_engine_control(engine, &s.control), "control");
    return s;
}

static void free_state(struct state *s) {
    free(s->weights);
    free(s->gradients);
    free(s->first);
    free(s->second);
}

static void expect_same(const struct state *a, const struct state *b, size_t arena, const char *what) {
    ck_assert_msg(memcmp(a->gradients, b->gradients, arena * sizeof(double)) == 0, "gradients differ: %s", what);
    ck_assert_msg(memcmp(a->weights, b->weights, arena * sizeof(double)) == 0, "weights differ: %s", what);
    ck_assert_msg(memcmp(a->second, b->second, arena * sizeof(double)) == 0, "moments differ: %s", what);
    const struct rg_control *const ca = &a->control, *const cb = &b->control;
    ck_assert_msg(ca->steps == cb->steps && ca->skipped == cb->skipped && ca->clipped == cb->clipped &&
                      rg_exact_read(ca->coefficient) == rg_exact_read(cb->coefficient) &&
                      ca->correction2 == cb->correction2,
                  "control blocks differ: %s", what);
}

static void update(struct rg_engine *engine, struct rg_batch_source *source, uint64_t number) {
    expect_ok(rg_engine_gradient(engine, source, number), "gradient");
    expect_ok(rg_engine_norm(engine, number), "norm");
    expect_ok(rg_engine_step(engine, LR), "step");
}

static struct rg_engine *engine_for(struct rg_device *device, const struct rg_exercise *e, enum rg_optimizer optimizer,
                                    double clip_norm) {
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    options.optimizer.kind = optimizer;
    options.optimizer.clip_norm = clip_norm;
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    return engine;
}

/* Updates of the adding task on the exercise's model (F = 2, O = 1), Adam, clipped; *plan, if not null, gets the
 * plan under `memory` bytes. */
static struct state train_adding(struct rg_device *device, const struct rg_exercise *e, size_t n_updates,
                                 uint64_t memory, struct rg_plan *plan) {
    struct rg_engine_options options = rg_exercise_options(e);
    options.optimizer.kind = RG_OPT_ADAM;
    options.optimizer.clip_norm = 1.0;
    options.plan.memory = memory;
    struct rg_engine *engine = NULL;
    struct rg_problem problem;
    struct rg_task_source task;
    expect_ok(rg_problem_task("adding", e->sizes.steps, &problem), "task");
    rg_task_source_init(&task, &problem, 42);
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    for (size_t i = 0; i < n_updates; i++) {
        update(engine, &task.source, i);
    }
    struct state state = read_state(engine);
    if (plan) {
        *plan = engine->net.plan;
    }
    rg_engine_destroy(engine);
    return state;
}

START_TEST(executions_agree_after_fifty_updates) {
    const struct rg_exercise_form form = {{64, 20, 2, 33, 1, RG_LOSS_MSE, false}, nets[_i], false, 0};
    struct rg_exercise *e = exercise_of(form.sizes, form.net);
    const size_t arena = e->model->arena;
    struct state native = {.weights = NULL};
    double *const a = numbers(2 * arena, sizeof *a);
    for (int k = 0; k < N_KINDS; k++) {
        /* the native device in both parts: the others are compared with it */
        struct rg_device *device = k == 0 ? open_execution(kinds[k]) : open_kind(k);
        if (!device) {
            continue;
        }
        struct state state = train_adding(device, e, 50, 0, NULL);
        ck_assert_uint_eq(state.control.steps, 50);
        if (!native.weights) {
            native = state;
        } else {
            for (size_t i = 0; i < arena; i++) {
                a[i] = state.weights[i];
                a[arena + i] = native.weights[i];
            }
            const double error = rg_exercise_distance(a, a + arena, arena) / ref_norm(a + arena, arena);
            ck_assert_msg(error <= 50.0 * rg_tolerance_backward(device, &form), "%s: weights are off native's by %.3g",
                          executions[kinds[k]].name, error);
            free_state(&state);
        }
        rg_device_destroy(device);
    }
    free_state(&native);
    free(a);
    rg_exercise_destroy(e);
}
END_TEST

/* NaN in all that an update writes before it reads. */
static void poison(struct rg_engine *e) {
    struct rg_buffer *buffers[2 * RG_MAX_LAYERS * 2 + 20] = {
        e->net.buffers.x,       e->net.buffers.begin,   e->net.buffers.d[0],     e->net.buffers.d[1],
        e->net.buffers.dout[0], e->net.buffers.dout[1], e->net.buffers.dhead,    e->net.buffers.carry,
        e->net.buffers.dz,      e->net.buffers.y,       e->net.buffers.z,        e->net.buffers.packed,
        e->net.buffers.norms,   e->net.buffers.history, e->net.buffers.row_loss, e->net.buffers.partial};
    size_t n = 16;
    for (size_t l = 0; l < e->net.plan.layers; l++) {
        buffers[n++] = e->net.buffers.out[l];
        buffers[n++] = e->net.buffers.dropped[l];
        buffers[n++] = e->net.buffers.saved[l][0];
        buffers[n++] = e->net.buffers.saved[l][1];
    }
    for (size_t i = 0; i < n; i++) {
        if (buffers[i]) {
            void *const bits = numbers(buffers[i]->bytes, 1);
            memset(bits, 0xff, buffers[i]->bytes);
            expect_ok(rg_buffer_write(e->net.device, buffers[i], 0, bits, buffers[i]->bytes), "poison");
            free(bits);
        }
    }
}

/* Memory that holds NaN at first changes no bit: nothing is read before it was written. */
START_TEST(memory_is_written_before_it_is_read) {
    /* of the GPUs' shapes the first part has the smallest, with the net of the fewest kernels */
    const int execution = _i / N_NETS;
    const bool is_gpu = executions[execution].options.shape.vec > 0;
    const bool sampled = is_gpu ? execution == SMALL_GPU_SHAPE && _i % N_NETS == 0 : is_kind(execution);
    struct rg_device *device = case_runs(sampled) ? open_execution(execution) : NULL;
    if (!device) {
        return;
    }
    struct rg_exercise *e =
        exercise_of((struct rg_exercise_sizes){150, 12, 3, 37, 5, RG_LOSS_CE, true}, nets[_i % N_NETS]);
    struct state states[2];
    for (int poisoned = 0; poisoned < 2; poisoned++) {
        struct rg_engine *engine = engine_for(device, e, RG_OPT_ADAM, 0.1);
        struct rg_data_source *source = NULL;
        expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &source), "data");
        if (poisoned) {
            poison(engine);
        }
        update(engine, &source->source, 0);
        update(engine, &source->source, 1);
        states[poisoned] = read_state(engine);
        ck_assert_uint_eq(states[poisoned].control.steps, 2);
        rg_data_source_destroy(source);
        rg_engine_destroy(engine);
    }
    expect_same(&states[0], &states[1], e->model->arena, executions[_i / N_NETS].name);
    free_state(&states[0]);
    free_state(&states[1]);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* The first part of memory_is_written_before_it_is_read repeats the bits of a GPU's shape. */
START_TEST(runs_repeat_bit_for_bit) {
    const bool sampled = is_kind(_i) && executions[_i].options.shape.vec == 0;
    struct rg_device *device = case_runs(sampled) ? open_execution(_i) : NULL;
    if (device) {
        struct rg_exercise *e = exercise((struct rg_exercise_sizes){150, 12, 2, 65, 1, RG_LOSS_MSE, false});
        struct state one = train_adding(device, e, 10, 0, NULL), two = train_adding(device, e, 10, 0, NULL);
        expect_same(&one, &two, e->model->arena, executions[_i].name);
        free_state(&one);
        free_state(&two);
        rg_exercise_destroy(e);
        rg_device_destroy(device);
    }
}
END_TEST

START_TEST(threads_change_no_bit) {
    if (!case_runs(true)) {
        return;
    }
    struct rg_exercise *e = exercise_of((struct rg_exercise_sizes){150, 12, 2, 65, 1, RG_LOSS_MSE, false}, nets[_i]);
    struct state one = {.weights = NULL};
    for (int threads = 1; threads <= 5; threads++) {
        struct rg_device *device = NULL;
        expect_ok(rg_device_open("cpu", &(struct rg_device_options){.threads = threads}, &device), "native");
        struct state state = train_adding(device, e, 2, 0, NULL);
        if (threads == 1) {
            one = state;
        } else {
            char what[32];
            (void)snprintf(what, sizeof what, "%d threads", threads);
            expect_same(&one, &state, e->model->arena, what);
            free_state(&state);
        }
        rg_device_destroy(device);
    }
    free_state(&one);
    rg_exercise_destroy(e);
}
END_TEST

/* Memory for so many sequences at once. */
static uint64_t memory_for(const struct rg_device *device, const struct rg_exercise *e, size_t rows) {
    const struct rg_engine_options options = rg_exercise_options(e);
    struct rg_plan plan;
    expect_ok(rg_plan_make(device, e->model, &options.plan, &plan), "plan");
    return plan.fixed_bytes + plan.row_bytes * rows;
}

START_TEST(chunks_change_no_bit) {
    struct rg_device *device = open_kind(_i / N_NETS);
    if (!device) {
        return;
    }
    static const size_t rows[] = {130, 299, 300};
    struct rg_exercise *e =
        exercise_of((struct rg_exercise_sizes){300, 9, 2, 33, 1, RG_LOSS_MSE, false}, nets[_i % N_NETS]);
    struct state whole = train_adding(device, e, 5, 0, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rg_plan plan;
        struct state cut = train_adding(device, e, 5, memory_for(device, e, rows[i]), &plan);
        ck_assert_uint_le(plan.chunk, rows[i]);
        ck_assert(plan.chunk == 300 || plan.chunk % plan.block == 0);
        expect_same(&whole, &cut, e->model->arena, "chunks of whole blocks");
        free_state(&cut);
    }
    free_state(&whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Nor does what `bench --tune` chooses. */
START_TEST(tuning_changes_no_bit) {
    struct rg_device *device = open_kind(_i / N_NETS);
    if (!device) {
        return;
    }
    struct rg_exercise *e =
        exercise_of((struct rg_exercise_sizes){300, 9, 2, 33, 1, RG_LOSS_MSE, false}, nets[_i % N_NETS]);
    struct state whole = train_adding(device, e, 5, 0, NULL);
    for (size_t tile = 8; tile <= 64; tile += 28) {
        struct rg_plan plan;
        device->info.chunk_bytes = 65536;
        device->info.tile = tile / 8 * 8;
        struct state tuned = train_adding(device, e, 5, 0, &plan);
        ck_assert(plan.chunk < 300 && plan.chunk % plan.block == 0 && plan.tile <= tile);
        expect_same(&whole, &tuned, e->model->arena, "tuned");
        free_state(&tuned);
    }
    free_state(&whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Nor does a launch a step, whose groups share the units. */
START_TEST(sharing_units_changes_no_bit) {
    struct rg_device *device = open_kind(_i / N_SMOOTH);
    if (!device) {
        return;
    }
    struct rg_exercise *e =
        exercise_of((struct rg_exercise_sizes){5, 9, 2, 161, 1, RG_LOSS_MSE, false}, nets[_i % N_SMOOTH]);
    struct rg_plan plan;
    device->info.shared_step_bytes = UINT32_MAX;
    struct state whole = train_adding(device, e, 5, 0, &plan);
    ck_assert_uint_eq(plan.groups_per_tile, 1);
    for (int units = 2; units <= 4; units++) {
        device->info.units = units;
        device->info.shared_step_bytes = 1;
        struct state shared = train_adding(device, e, 5, 0, &plan);
        ck_assert_uint_ge(plan.groups_per_tile, (size_t)units);
        expect_same(&whole, &shared, e->model->arena, "shared units");
        free_state(&shared);
    }
    free_state(&whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Chunks below a block still give the gradient, if not its bits. */
START_TEST(small_chunks_agree) {
    struct rg_device *device = open_kind(_i / N_NETS);
    if (!device) {
        return;
    }
    const struct rg_exercise_form form = {{300, 9, 2, 33, 1, RG_LOSS_MSE, false}, nets[_i % N_NETS], false, 0};
    struct rg_exercise *e = exercise_of(form.sizes, form.net);
    const size_t arena = e->model->arena;
    double *const values = numbers(2 * arena, sizeof *values);
    struct state whole = train_adding(device, e, 1, 0, NULL);
    for (size_t rows = 1; rows < 100; rows += 46) {
        struct rg_plan plan;
        struct state cut = train_adding(device, e, 1, memory_for(device, e, rows), &plan);
        ck_assert_uint_le(plan.chunk, rows);
        for (size_t i = 0; i < arena; i++) {
            values[i] = cut.gradients[i];
            values[arena + i] = whole.gradients[i];
        }
        ck_assert_double_le(rg_exercise_distance(values, values + arena, arena),
                            rg_tolerance_backward(device, &form) * ref_norm(values + arena, arena));
        free_state(&cut);
    }
    free_state(&whole);
    free(values);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Outputs of the exercise's data, `batch` sequences at a time. */
static void outputs(struct rg_device *device, const struct rg_exercise *e, size_t batch, double *out) {
    const size_t n = e->sizes.batch;
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    options.plan.batch = batch;
    options.plan.training = false;
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_ok(rg_data_source_create(device, &e->data, batch, 1, false, &source), "data");
    for (size_t first = 0; first < n; first += batch) {
        const size_t rows = n - first < batch ? n - first : batch;
        expect_ok(rg_engine_forward(engine, &source->source, first / batch, rows, out + first * e->sizes.outputs),
                  "forward");
    }
    rg_data_source_destroy(source);
    rg_engine_destroy(engine);
}

START_TEST(a_batch_equals_one_by_one) {
    const int ragged = _i % 2, net = _i / 2 % N_NETS, kind = _i / 2 / N_NETS;
    struct rg_device *device = open_kind(kind);
    if (!device) {
        return;
    }
    static const size_t batches[] = {1, 5, 13, 44};
    struct rg_exercise *e = exercise_of((struct rg_exercise_sizes){45, 11, 3, 35, 4, RG_LOSS_CE, ragged}, nets[net]);
    const size_t n = e->sizes.batch * e->sizes.outputs;
    double *const all = numbers(n, sizeof *all), *const some = numbers(n, sizeof *some);
    outputs(device, e, e->sizes.batch, all);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        memset(some, 0, n * sizeof *some);
        outputs(device, e, batches[i], some);
        ck_assert_msg(memcmp(all, some, n * sizeof *all) == 0, "%s: outputs of batches of %zu differ",
                      executions[kinds[kind]].name, batches[i]);
    }
    free(all);
    free(some);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* What may not be finite, and how it gets into an exercise. */
static void spoil(struct rg_exercise *e, int where, float with) {
    switch (where) {
    case 0:
        rg_model_values(e->model, rg_model_parameter(e->model, 0, 0, RG_ROLE_WEIGHT_HH))[3] = with;
        break;
    case 1:
        rg_model_values(e->model, rg_model_head_bias(e->model))[0] = with;
        break;
    case 2:
        e->data.y[7] = isnan(with) ? INFINITY : with; /* NaN would mean that there is no target */
        break;
    default:
        e->data.x_float[5] = with;
    }
}

/* One good update, two with something spoiled, one good: the spoiled ones leave every bit, and are counted. */
static void check_skipping(struct rg_device *device, enum rg_optimizer optimizer, int where, float with) {
    const struct rg_exercise_sizes sizes = {9, 3, 2, 17, 1, RG_LOSS_MSE, false};
    struct rg_exercise *good = exercise(sizes), *bad = exercise(sizes);
    struct rg_data_source *good_source = NULL, *bad_source = NULL;
    spoil(bad, where, with);
    struct rg_engine *engine = engine_for(device, good, optimizer, 1.0);
    expect_ok(rg_data_source_create(device, &good->data, sizes.batch, 1, false, &good_source), "data");
    expect_ok(rg_data_source_create(device, &bad->data, sizes.batch, 1, false, &bad_source), "data");
    update(engine, &good_source->source, 0);
    struct state trained = read_state(engine);
    if (where < 2) { /* spoiled weights replace the trained ones */
        expect_ok(rg_engine_set_weights(engine, bad->model), "weights");
    }
    struct state before = read_state(engine);
    update(engine, &bad_source->source, 1);
    update(engine, &bad_source->source, 2);
    struct state after = read_state(engine);
    const size_t bytes = good->model->arena * sizeof(double);
    ck_assert_int_eq(memcmp(before.weights, after.weights, bytes), 0);
    ck_assert_int_eq(memcmp(before.first, after.first, bytes), 0);
    ck_assert_int_eq(memcmp(before.second, after.second, bytes), 0);
    ck_assert_uint_eq(after.control.skip, 1);
    ck_assert_uint_eq(after.control.steps, 1);
    ck_assert_uint_eq(after.control.skipped, 2);
    ck_assert_uint_eq(after.control.skipped_row, 2);
    expect_ok(rg_reals_write(device, engine->net.buffers.weights, 0, trained.weights, good->model->arena), "weights");
    update(engine, &good_source->source, 3);
    struct rg_record history[RG_HISTORY];
    struct rg_control control;
    expect_ok(rg_engine_history(engine, history), "history");
    expect_ok(rg_engine_control(engine, &control), "control");
    const rg_u32 skipped[] = {0, 1, 1, 0};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_msg(history[i].skipped == skipped[i], "update %zu: skipped %u, spoiled part %d with %g", i,
                      history[i].skipped, where, (double)with);
    }
    ck_assert_uint_eq(control.skip, 0);
    ck_assert_uint_eq(control.steps, 2);
    ck_assert_uint_eq(control.skipped, 2);
    ck_assert_uint_eq(control.skipped_row, 0);
    free_state(&trained);
    free_state(&before);
    free_state(&after);
    rg_engine_destroy(engine);
    rg_data_source_destroy(good_source);
    rg_data_source_destroy(bad_source);
    rg_exercise_destroy(good);
    rg_exercise_destroy(bad);
}

START_TEST(updates_that_are_not_finite_change_nothing) {
    struct rg_device *device = open_kind(_i);
    if (device) {
        for (int where = 0; where < 4; where++) {
            check_skipping(device, RG_OPT_ADAM, where, NAN);
            check_skipping(device, RG_OPT_SGD, where, NAN);
        }
        check_skipping(device, RG_OPT_ADAM, 1, INFINITY);
        check_skipping(device, RG_OPT_SGD, 2, INFINITY);
        check_skipping(device, RG_OPT_ADAM, 2, -INFINITY);
        rg_device_destroy(device);
    }
}
END_TEST

/* After max_skips skipped updates in a row a good one changes nothing either. */
START_TEST(too_many_skips_stop) {
    struct rg_device *device = open_kind(_i);
    if (!device) {
        return;
    }
    struct rg_exercise *e = exercise((struct rg_exercise_sizes){9, 3, 2, 17, 1, RG_LOSS_MSE, false});
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *good = NULL, *bad = NULL;
    options.optimizer.max_skips = 2;
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &good), "data");
    spoil(e, 3, NAN);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &bad), "data");
    struct rg_data_source *const order[] = {bad, good, bad, bad, good};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct state before = read_state(engine);
        update(engine, &order[i]->source, i);
        struct state after = read_state(engine);
        const bool same = memcmp(before.weights, after.weights, e->model->arena * sizeof(double)) == 0;
        ck_assert_msg(same == (i != 1), "update %zu", i);
        ck_assert_uint_eq(after.control.stopped, i >= 3 ? 1 : 0);
        ck_assert_uint_eq(after.control.steps, i >= 1 ? 1 : 0);
        free_state(&before);
        free_state(&after);
    }
    rg_engine_destroy(engine);
    rg_data_source_destroy(good);
    rg_data_source_destroy(bad);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Targets and weights that make gradients whose squares no float holds: the norm is right, and SGD's step has length
 * lr C. */
START_TEST(exploding_gradients_are_clipped) {
    struct rg_device *device = open_kind(_i);
    if (!device) {
        return;
    }
    const struct rg_exercise_form form = {{9, 6, 2, 17, 1, RG_LOSS_MSE, false}, nets[0], false, 0};
    const struct rg_exercise_sizes sizes = form.sizes;
    struct rg_exercise *e = exercise(sizes);
    for (size_t i = 0; i < sizes.batch; i++) {
        e->data.y[i] *= 1e17f;
    }
    for (size_t i = 0; i < sizes.hidden; i++) {
        rg_model_values(e->model, rg_model_head_weight(e->model))[i] *= 1e10f;
    }
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    ref_gradient(e->reference, &e->batch, e->result);
    ck_assert_double_gt(e->result->grad_norm, 1e25);
    struct rg_engine *engine = engine_for(device, e, RG_OPT_SGD, 0.5);
    struct rg_data_source *source = NULL;
    expect_ok(rg_data_source_create(device, &e->data, sizes.batch, 1, false, &source), "data");
    update(engine, &source->source, 0);
    struct rg_record history[RG_HISTORY];
    expect_ok(rg_engine_history(engine, history), "history");
    ck_assert_double_le(fabs(rg_exact_read(history[0].norm) / e->result->grad_norm - 1.0),
                        rg_tolerance_backward(device, &form));
    ck_assert_uint_eq(history[0].clipped, 1);
    ck_assert_uint_eq(history[0].skipped, 0);
    struct state state = read_state(engine);
    double squares = 0.0;
    for (size_t p = 0; p < rg_model_head_weight(e->model);
         p++) { /* the head's weights are too large to show the step */
        const struct rg_parameter *parameter = &e->model->parameters[p];
        for (size_t i = 0; i < rg_parameter_elements(parameter); i++) {
            const double change = (double)state.weights[parameter->offset + i] - e->reference->values[p][i];
            squares += change * change;
        }
    }
    double part = 0.0;
    for (size_t p = 0; p < rg_model_head_weight(e->model); p++) {
        part = hypot(part, ref_norm(e->result->gradient[p], rg_parameter_elements(&e->model->parameters[p])));
    }
    ck_assert_double_eq_tol(sqrt(squares) / (LR * 0.5 * part / e->result->grad_norm), 1.0, 1e-3);
    free_state(&state);
    rg_data_source_destroy(source);
    rg_engine_destroy(engine);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("update") {
    TCase *const agreement = add_tests(suite, "agreement"), *const nonfinite = add_tests(suite, "non-finite");
    /* a single one has none to agree with */
    tcase_add_loop_test(agreement, executions_agree_after_fifty_updates, 0, N_KINDS > 1 ? N_SMOOTH : 0);
    tcase_add_loop_test(agreement, runs_repeat_bit_for_bit, 0, N_EXECUTIONS);
    tcase_add_loop_test(agreement, memory_is_written_before_it_is_read, 0, N_EXECUTIONS * N_NETS);
    tcase_add_loop_test(agreement, threads_change_no_bit, 0, N_NETS);
    tcase_add_loop_test(agreement, chunks_change_no_bit, 0, N_KINDS * N_NETS);
    tcase_add_loop_test(agreement, sharing_units_changes_no_bit, 0, N_KINDS * N_SMOOTH);
    tcase_add_loop_test(agreement, tuning_changes_no_bit, 0, N_KINDS * N_NETS);
    tcase_add_loop_test(agreement, small_chunks_agree, 0, N_KINDS * N_NETS);
    tcase_add_loop_test(agreement, a_batch_equals_one_by_one, 0, 2 * N_KINDS * N_NETS);
    tcase_add_loop_test(nonfinite, updates_that_are_not_finite_change_nothing, 0, N_KINDS);
    tcase_add_loop_test(nonfinite, too_many_skips_stop, 0, N_KINDS);
    tcase_add_loop_test(nonfinite, exploding_gradients_are_clipped, 0, N_KINDS);
}
