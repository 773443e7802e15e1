/* Runs and segments of time: the gradient has the same bits however many steps are in memory at once and wherever
 * launches are cut, and that in runs is the gradient. */
#include <string.h>

#include "executions.h"
#include "gradient/sample.h"
#include "train/source.h"
#include "verify/selftest/checks.h"
#include "verify/selftest/exercise.h"

/* Nets that between them look back, and on, in every way; odd sizes. */
static const struct rg_exercise_form forms[] = {
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 2, .loss = RG_LOSS_MSE},
     .net = {.cell = RG_CELL_RNN}},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 2, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .target = RG_TARGET_STEPS},
     .initial = true},
    {.sizes = {.batch = 3, .steps = 29, .inputs = 2, .hidden = 33, .outputs = 3, .loss = RG_LOSS_CE},
     .net = {.cell = RG_CELL_GRU, .layers = 2, .target = RG_TARGET_STEPS},
     .initial = true,
     .words = 7},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_BCE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .layers = 3, .skip = 2},
     .initial = true},
    {.sizes = {.batch = 9, .steps = 31, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_RNN, .layers = 2, .skip = 5, .skip_kind = RG_SKIP_DILATED},
     .initial = true},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .layers = 2, .skip = 1, .skip_kind = RG_SKIP_LEARNED},
     .initial = true},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE},
     .net = {.cell = RG_CELL_LSTM, .skip = 1, .skip_kind = RG_SKIP_LEARNED, .target = RG_TARGET_STEPS}},
    {.sizes = {.batch = 5, .steps = 19, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .bidirectional = true},
     .initial = true},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 3, .loss = RG_LOSS_CE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .layers = 3, .bidirectional = true, .skip = 3, .target = RG_TARGET_STEPS},
     .initial = true,
     .words = 5},
    {.sizes = {.batch = 2, .steps = 37, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_RNN, .layers = 2, .bidirectional = true, .skip = 4, .skip_kind = RG_SKIP_DILATED}},
    {.sizes = {.batch = 5, .steps = 19, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .readout = RG_READOUT_FINAL, .bidirectional = true},
     .initial = true},
    {.sizes = {.batch = 3, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 3, .loss = RG_LOSS_CE},
     .net = {.cell = RG_CELL_RNN, .readout = RG_READOUT_FINAL, .layers = 2, .bidirectional = true, .skip = 3}},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 17, .outputs = 2, .loss = RG_LOSS_BCE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .readout = RG_READOUT_MEAN},
     .initial = true},
    {.sizes = {.batch = 3, .steps = 19, .inputs = 2, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_RNN, .readout = RG_READOUT_MEAN, .layers = 2, .bidirectional = true}},
    {.sizes = {.batch = 5, .steps = 23, .inputs = 3, .hidden = 33, .outputs = 2, .loss = RG_LOSS_BCE, .ragged = true},
     .net = {.cell = RG_CELL_RNN, .readout = RG_READOUT_MAX},
     .initial = true},
    {.sizes = {.batch = 3, .steps = 19, .inputs = 2, .hidden = 17, .outputs = 300, .loss = RG_LOSS_CE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .readout = RG_READOUT_MAX, .layers = 2, .bidirectional = true, .skip = 2}},
    /* several blocks of sequences; many outputs at every step */
    {.sizes = {.batch = 270, .steps = 19, .inputs = 3, .hidden = 17, .outputs = 1, .loss = RG_LOSS_MSE, .ragged = true},
     .net = {.cell = RG_CELL_GRU, .layers = 2},
     .initial = true},
    {.sizes = {.batch = 131, .steps = 19, .inputs = 2, .hidden = 9, .outputs = 300, .loss = RG_LOSS_CE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .target = RG_TARGET_STEPS},
     .words = 6},
    /* several slices of time, whose sums the head keeps apart */
    {.sizes = {.batch = 13, .steps = 47, .inputs = 2, .hidden = 9, .outputs = 2, .loss = RG_LOSS_MSE},
     .net = {.cell = RG_CELL_RNN, .target = RG_TARGET_STEPS}},
};
enum { N_FORMS = sizeof forms / sizeof *forms };

/* Case `i`: every form on every kind of device. NULL where the device is not there, and in the other part of the test.
 * The first part has few forms in the small shape of a GPU, the second every form in the other. */
static struct rg_device *open_case(int i, const struct rg_exercise_form **form) {
    const int kind = i / N_FORMS, every = kind == 0 ? 1 : kind_is_gpu(kind) ? 9 : 4;
    const bool is_gpu = kind_is_gpu(kind), is_small = is_gpu && case_runs(true);
    if (!case_runs(i % N_FORMS % every == every / 2 && (!is_gpu || is_small))) {
        return NULL;
    }
    *form = &forms[i % N_FORMS];
    test_case_form(*form);
    return open_execution(is_small ? SMALL_GPU_SHAPE : kinds[kind]);
}

/* What a pass leaves. */
struct pass {
    double *gradients, *outputs, *dh_0, *dc_0;
    double loss;
    size_t n_outputs, n_states;
    struct rg_plan plan;
};

/* The engine's buffers take the memory that the plan counted, but for optimiser states that its rule does not have. */
static void expect_planned_bytes(const struct rg_engine *engine, size_t before) {
    const struct rg_plan *const p = &engine->net.plan;
    const uint64_t used = engine->net.device->used_bytes - before, state = p->arena * p->real_bytes;
    const uint64_t missing = (engine->optimizer->first ? 0 : state) + (engine->optimizer->second ? 0 : state);
    ck_assert_msg(used + missing == p->total_bytes, "%llu bytes in buffers, the plan says %llu",
                  (unsigned long long)(used + missing), (unsigned long long)p->total_bytes);
}

static struct pass pass_of(struct rg_device *device, struct rg_exercise *e, size_t run, size_t segment) {
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    struct pass p = {.n_outputs = e->sizes.batch * e->target_steps * e->sizes.outputs};
    options.plan.accum_steps = run;
    options.plan.segment_steps = segment;
    options.dropout = e->model->shape.layers > 1 ? 0.25 : 0.0;
    const size_t before = device->used_bytes;
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_planned_bytes(engine, before);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &source), "data");
    p.plan = engine->net.plan;
    p.gradients = numbers(e->model->arena, sizeof(double));
    p.outputs = numbers(p.n_outputs, sizeof(double));
    p.n_states = p.plan.initial ? p.plan.layers * p.plan.directions * e->sizes.batch * p.plan.hidden : 0;
    p.dh_0 = numbers(p.n_states, sizeof(double));
    p.dc_0 = numbers(p.n_states, sizeof(double));
    expect_ok(rg_engine_gradient(engine, &source->source, 0), "gradient");
    expect_ok(rg_engine_get_gradients(engine, p.gradients), "gradients");
    double norm = 0.0;
    expect_ok(rg_engine_totals(engine, &p.loss, &norm), "loss");
    if (p.n_states) {
        expect_ok(rg_engine_get_initial_gradients(engine, p.dh_0, p.dc_0), "initial gradients");
    }
    expect_ok(rg_engine_forward(engine, &source->source, 0, e->sizes.batch, p.outputs), "outputs");
    rg_data_source_destroy(source);
    rg_engine_destroy(engine);
    return p;
}

static void free_pass(struct pass *p) {
    free(p->gradients);
    free(p->outputs);
    free(p->dh_0);
    free(p->dc_0);
}

static void expect_same(const struct pass *a, const struct pass *b, size_t arena, const char *what) {
    ck_assert_msg(a->loss == b->loss, "%s: loss %.9g, not %.9g", what, b->loss, a->loss);
    ck_assert_msg(memcmp(a->outputs, b->outputs, a->n_outputs * sizeof(double)) == 0, "%s: outputs", what);
    ck_assert_msg(memcmp(a->dh_0, b->dh_0, a->n_states * sizeof(double)) == 0, "%s: dL/dh_0", what);
    ck_assert_msg(memcmp(a->dc_0, b->dc_0, a->n_states * sizeof(double)) == 0, "%s: dL/dc_0", what);
    for (size_t i = 0; i < arena; i++) {
        ck_assert_msg(a->gradients[i] == b->gradients[i], "%s: gradient %zu of %zu is %.9g, not %.9g", what, i, arena,
                      b->gradients[i], a->gradients[i]);
    }
}

/* Samples of the lag profile at step `probe`, 0: the last: [sampled][T] norms, shares and cosines. */
static double *sample_of(struct rg_device *device, struct rg_exercise *e, size_t probe, size_t segment, size_t *count) {
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    struct rg_lag_sampler *s = NULL;
    options.plan.accum_steps = 3;
    options.plan.segment_steps = segment;
    options.plan.initial_gradient = false;
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &source), "data");
    expect_ok(rg_lag_sampler_create(engine, &source->source, probe, &s), "sampler");
    expect_ok(rg_lag_sampler_measure(s, 0), "sample");
    *count = s->n_sampled * 3 * s->steps;
    double *const numbers_read = numbers(*count, sizeof(double));
    memcpy(numbers_read, s->numbers, *count * sizeof(double));
    rg_lag_sampler_destroy(s);
    rg_data_source_destroy(source);
    rg_engine_destroy(engine);
    return numbers_read;
}

START_TEST(samples_are_those_of_the_whole) {
    const struct rg_exercise_form *form = NULL;
    struct rg_device *const device = open_case(_i, &form);
    if (!device) {
        return;
    }
    struct rg_exercise *e = NULL;
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 11);
    const size_t probe = form->net.target == RG_TARGET_STEPS && !form->net.bidirectional ? 15 : 0;
    size_t n = 0;
    double *const whole = sample_of(device, e, probe, 0, &n);
    ck_assert_double_gt(whole[0], -300.0);
    for (size_t segment = 5; segment < 14; segment += 4) {
        double *const cut = sample_of(device, e, probe, segment, &n);
        ck_assert_msg(memcmp(whole, cut, n * sizeof *cut) == 0, "segments of %zu", segment);
        free(cut);
    }
    free(whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

START_TEST(segments_change_no_bit) {
    static const size_t segments[] = {1, 4, 7, 18};
    const struct rg_exercise_form *form = NULL;
    struct rg_device *const device = open_case(_i, &form);
    if (!device) {
        return;
    }
    struct rg_exercise *e = NULL;
    char what[80];
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 11);
    for (size_t run = 1; run < 8; run += 3) {
        struct pass whole = pass_of(device, e, run, 0);
        ck_assert_uint_eq(whole.plan.n_segments, 1);
        for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
            struct pass cut = pass_of(device, e, run, segments[i]);
            ck_assert_uint_gt(cut.plan.n_segments, 1);
            (void)snprintf(what, sizeof what, "runs of %zu, segments of %zu", run, segments[i]);
            expect_same(&whole, &cut, e->model->arena, what);
            free_pass(&cut);
        }
        free_pass(&whole);
    }
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* The limit on a launch's time leaves one unit of work a launch, or some, and changes no bit. Of a device that has one
 * compute unit a step is cut at each tile of sequences. */
START_TEST(bounded_launches_change_no_bit) {
    static const double limits[] = {1e-12, 1e-5, 3e-4};
    const struct rg_exercise_form *form = NULL;
    struct rg_device *const device = open_case(_i, &form);
    if (!device) {
        return;
    }
    struct rg_exercise *e = NULL;
    char what[80];
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 11);
    for (size_t run = 0; run < 5; run += 4) {
        device->info.launch_seconds = 0.0;
        const size_t before = device->launches;
        struct pass whole = pass_of(device, e, run, 0);
        const size_t launches = device->launches - before;
        const int units = device->info.units;
        device->info.units = 1;
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            device->info.launch_seconds = limits[i];
            const size_t then = device->launches;
            struct pass cut = pass_of(device, e, run, 0);
            const size_t tiles = rg_divide_up(cut.plan.chunk, cut.plan.tile), scans = 3 * cut.plan.layers;
            const size_t least = scans * cut.plan.steps * tiles;
            ck_assert_msg(i > 0 || device->launches - then > least, "%zu launches, %zu without a limit, not %zu",
                          device->launches - then, launches, least);
            (void)snprintf(what, sizeof what, "runs of %zu, launches of %g s", run, limits[i]);
            expect_same(&whole, &cut, e->model->arena, what);
            free_pass(&cut);
        }
        device->info.units = units;
        free_pass(&whole);
    }
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Runs sum in another order: the same gradient but for rounding. */
START_TEST(runs_agree) {
    const struct rg_exercise_form *form = NULL;
    struct rg_device *const device = open_case(_i, &form);
    if (!device) {
        return;
    }
    struct rg_exercise *e = NULL;
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 11);
    struct pass whole = pass_of(device, e, 0, 0);
    ck_assert_uint_eq(whole.plan.accum_steps, whole.plan.steps);
    for (size_t run = 1; run < 8; run += 3) {
        struct pass cut = pass_of(device, e, run, 0);
        ck_assert(cut.plan.accum_in_turns == (!device->info.is_gpu && cut.plan.chunk <= cut.plan.block));
        const double error = rg_exercise_distance(whole.gradients, cut.gradients, e->model->arena);
        ck_assert_double_le(error, rg_tolerance_backward(device, form) * ref_norm(whole.gradients, e->model->arena));
        free_pass(&cut);
    }
    free_pass(&whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("segments") {
    TCase *const tests = add_tests(suite, "segments");
    tcase_add_loop_test(tests, segments_change_no_bit, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(tests, bounded_launches_change_no_bit, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(tests, samples_are_those_of_the_whole, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(tests, runs_agree, 0, N_KINDS * N_FORMS);
}
