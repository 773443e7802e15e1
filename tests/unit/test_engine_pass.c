/* A pass of the engine in chunks of sequences, segments and runs of steps, and shards, on the native device in double
 * precision: the outputs, loss and gradient are the reference's, and a failure of any call of the device is returned.
 */
#include <string.h>

#include "base/stop.h"
#include "measured_net.h"

/* Nets that look back, and on, in every way. */
static const struct rg_exercise_form forms[] = {
    {.sizes = {.batch = 5, .steps = 11, .inputs = 3, .hidden = 3, .outputs = 2, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .target = RG_TARGET_STEPS},
     .initial = true},
    {.sizes = {.batch = 3, .steps = 11, .inputs = 2, .hidden = 5, .outputs = 3, .loss = RG_LOSS_CE},
     .net = {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true, .skip = 3, .target = RG_TARGET_STEPS},
     .words = 7},
    {.sizes = {.batch = 4, .steps = 11, .inputs = 2, .hidden = 3, .outputs = 3, .loss = RG_LOSS_CE},
     .net = {.cell = RG_CELL_RNN, .layers = 2},
     .words = 5},
    {.sizes = {.batch = 5, .steps = 13, .inputs = 3, .hidden = 3, .outputs = 1, .loss = RG_LOSS_BCE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .layers = 3, .skip = 2},
     .initial = true},
    {.sizes = {.batch = 5, .steps = 13, .inputs = 3, .hidden = 3, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_RNN, .layers = 2, .skip = 5, .skip_kind = RG_SKIP_DILATED},
     .initial = true},
    {.sizes = {.batch = 5, .steps = 11, .inputs = 3, .hidden = 3, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .layers = 2, .skip = 1, .skip_kind = RG_SKIP_LEARNED}},
    {.sizes = {.batch = 5, .steps = 11, .inputs = 3, .hidden = 3, .outputs = 2, .loss = RG_LOSS_BCE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .readout = RG_READOUT_MEAN, .bidirectional = true}},
    {.sizes = {.batch = 3, .steps = 11, .inputs = 2, .hidden = 3, .outputs = 300, .loss = RG_LOSS_CE},
     .net = {.cell = RG_CELL_RNN, .readout = RG_READOUT_FINAL, .bidirectional = true}},
    /* several blocks of sequences; several slices of time */
    {.sizes = {.batch = 140, .steps = 11, .inputs = 2, .hidden = 2, .outputs = 2, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_RNN, .target = RG_TARGET_STEPS}},
    {.sizes = {.batch = 13, .steps = 47, .inputs = 2, .hidden = 2, .outputs = 2, .loss = RG_LOSS_MSE},
     .net = {.cell = RG_CELL_RNN, .target = RG_TARGET_STEPS}},
};

/* How the work is cut. */
static const struct cut {
    const char *name;
    size_t max_rows, run, segment, shards;
    double limit; /* seconds of a launch; 0: none */
} cuts[] = {{"whole", 0, 0, 0, 0, 0.0},
            {"runs of 1", 0, 1, 0, 0, 0.0},
            {"runs of 4", 0, 4, 0, 0, 0.0},
            {"segments of 5", 0, 1, 5, 0, 0.0},
            {"segments of 6", 0, 3, 6, 0, 0.0},
            {"two rows", 2, 0, 0, 0, 0.0},
            {"two rows, runs", 2, 3, 0, 0, 0.0},
            {"two rows, segments", 2, 2, 4, 0, 0.0},
            {"shards", 0, 0, 0, 3, 0.0},
            {"shards of rows, segments", 1, 2, 4, 2, 0.0},
            {"short launches", 0, 0, 0, 0, 1e-12},
            {"short launches, two rows, segments", 2, 2, 4, 0, 1e-12}};

/* ---- Calls of the device, of which one fails ---- */

static const struct rg_device_ops *native;
static struct rg_device_ops ops;
static size_t n_calls, failing; /* this one fails, from 1; 0: none */

static rg_status called(void) {
    return ++n_calls == failing ? rg_fail(RG_NO_DEVICE, "the device fails") : RG_OK;
}

static rg_status counted_write(struct rg_device *d, struct rg_buffer *to, size_t at, const void *from, size_t bytes) {
    RG_TRY(called());
    return native->write(d, to, at, from, bytes);
}

static rg_status counted_read(struct rg_device *d, void *to, struct rg_buffer *from, size_t at, size_t bytes) {
    RG_TRY(called());
    return native->read(d, to, from, at, bytes);
}

static rg_status counted_zero(struct rg_device *d, struct rg_buffer *buffer, size_t bytes) {
    RG_TRY(called());
    return native->zero(d, buffer, bytes);
}

static rg_status counted_launch(struct rg_device *d, const struct rg_launch *launches, size_t n) {
    RG_TRY(called());
    return native->launch(d, launches, n);
}

static rg_status counted_finish(struct rg_device *d) {
    RG_TRY(called());
    return native->finish(d);
}

static void begin(void) {
    open_device();
    device->info.units = 1; /* a launch that is too long is cut into tiles of rows too */
    native = device->ops;
    ops = *native;
    ops.write = counted_write;
    ops.read = counted_read;
    ops.zero = counted_zero;
    ops.launch = counted_launch;
    ops.finish = counted_finish;
    device->ops = &ops;
}

static void end(void) {
    device->ops = native;
    close_device();
}

/* ---- Passes ---- */

static struct net cut_net(const struct rg_exercise_form *form, const struct cut *cut) {
    struct net net = {NULL, NULL, NULL};
    device->info.launch_seconds = cut->limit;
    expect_ok(rg_exercise_create(form, &net.exercise));
    rg_exercise_fill(net.exercise, 7);
    struct rg_engine_options options = rg_exercise_options(net.exercise);
    options.plan.max_rows = cut->max_rows;
    options.plan.accum_steps = cut->run;
    options.plan.segment_steps = cut->segment;
    options.plan.shards = cut->shards;
    expect_ok(rg_data_source_create(device, &net.exercise->data, form->sizes.batch, 1, false, &net.source));
    expect_ok(rg_engine_create(device, net.exercise->model, &options, &net.engine));
    ref_gradient(net.exercise->reference, &net.exercise->batch, net.exercise->result);
    return net;
}

static void expect_near(const double *found, const double *wanted, size_t n, const char *what) {
    const double error = rg_exercise_distance(found, wanted, n), size = ref_norm(wanted, n);
    ck_assert_msg(error <= 1e-12 * size, "%s: error %g of %g", what, error, size);
}

static void expect_pass(struct net *net) {
    const struct rg_exercise *const e = net->exercise;
    const size_t n = e->sizes.batch * e->target_steps * e->sizes.outputs, arena = e->model->arena;
    double *const gradients = calloc(arena, sizeof(double)), *const values = calloc(arena, sizeof(double)),
                  *const outputs = calloc(n, sizeof(double)), *const aligned = calloc(n, sizeof(double));
    double loss = 0.0, norm = 0.0;
    expect_ok(rg_engine_gradient(net->engine, &net->source->source, 0));
    expect_ok(rg_engine_totals(net->engine, &loss, &norm));
    expect_near(&loss, &e->result->loss, 1, "loss");
    expect_ok(rg_engine_get_gradients(net->engine, gradients));
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        rg_exercise_parameter(e, gradients, p, values);
        expect_near(values, e->result->gradient[p], rg_parameter_elements(&e->model->parameters[p]),
                    e->model->parameters[p].name);
    }
    expect_ok(rg_engine_forward(net->engine, &net->source->source, 0, e->sizes.batch, outputs));
    rg_exercise_outputs(e, outputs, aligned);
    expect_near(aligned, e->result->output, n, "outputs");
    free(gradients);
    free(values);
    free(outputs);
    free(aligned);
}

START_TEST(passes_are_those_of_the_reference) {
    const struct rg_exercise_form *const form = &forms[(size_t)_i / COUNT(cuts)];
    const struct cut *const cut = &cuts[(size_t)_i % COUNT(cuts)];
    char name[160];
    rg_exercise_name(form, name, sizeof name);
    test_case("%s, %s", name, cut->name);
    struct net net = cut_net(form, cut);
    const struct rg_plan *const p = &net.engine->net.plan;
    ck_assert(cut->segment == 0 || p->n_segments > 1);
    ck_assert(cut->max_rows == 0 || p->chunk == cut->max_rows);
    expect_pass(&net);
    expect_pass(&net); /* once more: nothing remains of the first */
    net_destroy(&net);
}
END_TEST

/* Many calls are alike: of those that come often, take some. */
static size_t next_of(size_t i, size_t n) {
    enum { SAMPLE = 60 };
    return i + n / SAMPLE + 1;
}

START_TEST(each_call_may_fail) {
    const struct rg_exercise_form *const form = &forms[(size_t)_i / COUNT(cuts)];
    const struct cut *const cut = &cuts[(size_t)_i % COUNT(cuts)];
    char name[160];
    rg_exercise_name(form, name, sizeof name);
    test_case("%s, %s", name, cut->name);
    struct net net = cut_net(form, cut);
    struct rg_batch_source *const source = &net.source->source;
    expect_ok(rg_engine_gradient(net.engine, source, 0)); /* this one also sends the data */
    n_calls = failing = 0;
    expect_ok(rg_engine_gradient(net.engine, source, 0));
    const size_t n = n_calls;
    ck_assert_uint_gt(n, 4);
    for (size_t i = 1; i <= n; i = next_of(i, n)) {
        n_calls = 0;
        failing = i;
        const rg_status status = rg_engine_gradient(net.engine, source, 0);
        if (status == RG_OK && n_calls < i && i > n / 2) {
            break; /* launches are cut by the time that they take, and a slow moment had made more of them */
        }
        ck_assert_msg(status == RG_NO_DEVICE, "call %zu of %zu", i, n);
        ck_assert_uint_eq(n_calls, i);
    }
    failing = 0;
    net_destroy(&net);
}
END_TEST

/* Dropout of a unit depends on its place alone: the gradient is the same in whatever pieces it is computed. */
START_TEST(dropout_in_pieces) {
    static const size_t with_layers[] = {1, 2, 3, 4, 5};
    for (size_t k = 0; k < COUNT(with_layers); k++) {
        double *gradients[COUNT(cuts)];
        for (size_t c = 0; c < COUNT(cuts); c++) {
            struct net net = cut_net(&forms[with_layers[k]], &cuts[c]);
            struct rg_engine_options options = net.engine->net.options;
            rg_engine_destroy(net.engine);
            options.dropout = 0.4;
            expect_ok(rg_engine_create(device, net.exercise->model, &options, &net.engine));
            const size_t arena = net.exercise->model->arena;
            ck_assert_ptr_nonnull(gradients[c] = calloc(arena, sizeof(double)));
            expect_ok(rg_engine_gradient(net.engine, &net.source->source, 3));
            expect_ok(rg_engine_get_gradients(net.engine, gradients[c]));
            expect_near(gradients[c], gradients[0], arena, cuts[c].name);
            const struct rg_parameter *const first = &net.exercise->model->parameters[0];
            double *const plain = net.exercise->result->gradient[0];
            ck_assert_double_gt(rg_exercise_distance(gradients[c] + first->offset, plain, rg_parameter_elements(first)),
                                0.0);
            net_destroy(&net);
        }
        for (size_t c = 0; c < COUNT(cuts); c++) {
            free(gradients[c]);
        }
    }
}
END_TEST

/* Where the work is to stop, a chunk does not begin with its next segment; with `uncut` it goes on. */
START_TEST(stopped) {
    const atomic_bool stop = true;
    struct net net = cut_net(&forms[2], &cuts[3]);
    const atomic_bool *const before = rg_stop_watch(&stop);
    ck_assert_int_eq(rg_engine_gradient(net.engine, &net.source->source, 0), RG_INTERRUPTED);
    net.engine->net.uncut = true;
    expect_ok(rg_engine_gradient(net.engine, &net.source->source, 0));
    (void)rg_stop_watch(before);
    net_destroy(&net);
}
END_TEST

/* A wait after each phase: the phases have all of the time. */
START_TEST(phases_take_time) {
    struct net net = cut_net(&forms[2], &cuts[3]);
    double phases[RG_N_PHASES] = {0.0};
    net.engine->net.phases = phases;
    expect_ok(rg_engine_gradient(net.engine, &net.source->source, 0));
    for (size_t i = 0; i < RG_N_PHASES; i++) {
        ck_assert_msg((phases[i] > 0.0) == (i < RG_PHASE_CLIP), "phase %zu: %g s", i, phases[i]);
    }
    net.engine->net.phases = NULL;
    net_destroy(&net);
}
END_TEST

TEST_MAIN("engine_pass") {
    TCase *const tests = add_tests(suite, "engine_pass");
    tcase_add_unchecked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, passes_are_those_of_the_reference, 0, COUNT(forms) * COUNT(cuts));
    tcase_add_loop_test(tests, each_call_may_fail, 0, COUNT(forms) * COUNT(cuts));
    tcase_add_test(tests, dropout_in_pieces);
    tcase_add_test(tests, stopped);
    tcase_add_test(tests, phases_take_time);
}
