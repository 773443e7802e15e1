/* Runs and windows of time: the gradient has the same bits however many steps are in memory at once, and that in runs
 * is the gradient. */
#include <string.h>

#include "executions.h"
#include "gradient/sample.h"
#include "selftest/checks.h"
#include "selftest/exercise.h"
#include "train/source.h"

/* Nets that between them look back, and on, in every way; odd sizes. */
static const struct rg_exercise_form forms[] = {
    {{5, 23, 3, 17, 2, RG_LOSS_MSE, false}, {.cell = RG_CELL_RNN}, false, 0},
    {{5, 23, 3, 17, 2, RG_LOSS_MSE, true}, {.cell = RG_CELL_LSTM, .target = RG_TARGET_STEPS}, true, 0},
    {{3, 29, 2, 33, 3, RG_LOSS_CE, false}, {.cell = RG_CELL_GRU, .layers = 2, .target = RG_TARGET_STEPS}, true, 7},
    {{5, 23, 3, 17, 1, RG_LOSS_BCE, true}, {.cell = RG_CELL_LSTM, .layers = 3, .skip = 2}, true, 0},
    {{9, 31, 3, 17, 1, RG_LOSS_MSE, true},
     {.cell = RG_CELL_RNN, .layers = 2, .skip = 5, .skip_kind = RG_SKIP_DILATED},
     true,
     0},
    {{5, 23, 3, 17, 1, RG_LOSS_MSE, true},
     {.cell = RG_CELL_GRU, .layers = 2, .skip = 1, .skip_kind = RG_SKIP_LEARNED},
     true,
     0},
    {{5, 23, 3, 17, 1, RG_LOSS_MSE, false},
     {.cell = RG_CELL_LSTM, .skip = 1, .skip_kind = RG_SKIP_LEARNED, .target = RG_TARGET_STEPS},
     false,
     0},
    {{5, 19, 3, 17, 1, RG_LOSS_MSE, true}, {.cell = RG_CELL_LSTM, .bidirectional = true}, true, 0},
    {{5, 23, 3, 17, 3, RG_LOSS_CE, true},
     {.cell = RG_CELL_GRU, .layers = 3, .bidirectional = true, .skip = 3, .target = RG_TARGET_STEPS},
     true,
     5},
    {{2, 37, 3, 17, 1, RG_LOSS_MSE, true},
     {.cell = RG_CELL_RNN, .layers = 2, .bidirectional = true, .skip = 4, .skip_kind = RG_SKIP_DILATED},
     false,
     0},
};
enum { N_FORMS = sizeof forms / sizeof *forms };

/* What a pass leaves. */
struct pass {
    double *gradients, *outputs, *dh_0, *dc_0;
    double loss;
    size_t n_outputs, n_states;
    struct rg_plan plan;
};

static struct pass pass_of(struct rg_device *device, struct rg_exercise *e, size_t run, size_t window) {
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    struct pass p = {.n_outputs = e->sizes.batch * e->target_steps * e->sizes.outputs};
    options.plan.run = run;
    options.plan.window = window;
    options.dropout = e->model->shape.layers > 1 ? 0.25 : 0.0;
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &source), "data");
    p.plan = engine->plan;
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
static double *sample_of(struct rg_device *device, struct rg_exercise *e, size_t probe, size_t window, size_t *count) {
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    struct rg_lag_sampler *s = NULL;
    options.plan.run = 3;
    options.plan.window = window;
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
    struct rg_device *device = open_execution(kinds[_i / N_FORMS]);
    if (!device) {
        return;
    }
    const struct rg_exercise_form *const form = &forms[_i % N_FORMS];
    struct rg_exercise *e = NULL;
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 11);
    const size_t probe = form->net.target == RG_TARGET_STEPS && !form->net.bidirectional ? 15 : 0;
    size_t n = 0;
    double *const whole = sample_of(device, e, probe, 0, &n);
    ck_assert_double_gt(whole[0], -300.0);
    for (size_t window = 5; window < 14; window += 4) {
        double *const cut = sample_of(device, e, probe, window, &n);
        ck_assert_msg(memcmp(whole, cut, n * sizeof *cut) == 0, "windows of %zu", window);
        free(cut);
    }
    free(whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

START_TEST(windows_change_no_bit) {
    static const size_t windows[] = {1, 4, 7, 18};
    struct rg_device *device = open_execution(kinds[_i / N_FORMS]);
    if (!device) {
        return;
    }
    struct rg_exercise *e = NULL;
    char name[200], what[300];
    rg_exercise_name(&forms[_i % N_FORMS], name, sizeof name);
    expect_ok(rg_exercise_create(&forms[_i % N_FORMS], &e), "exercise");
    rg_exercise_fill(e, 11);
    for (size_t run = 1; run < 8; run += 3) {
        struct pass whole = pass_of(device, e, run, 0);
        ck_assert_uint_eq(whole.plan.windows, 1);
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
            struct pass cut = pass_of(device, e, run, windows[i]);
            ck_assert_uint_gt(cut.plan.windows, 1);
            (void)snprintf(what, sizeof what, "%s: %s, runs of %zu, windows of %zu",
                           executions[kinds[_i / N_FORMS]].name, name, run, windows[i]);
            expect_same(&whole, &cut, e->model->arena, what);
            free_pass(&cut);
        }
        free_pass(&whole);
    }
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* Runs sum in another order: the same gradient but for rounding. */
START_TEST(runs_agree) {
    struct rg_device *device = open_execution(kinds[_i / N_FORMS]);
    if (!device) {
        return;
    }
    struct rg_exercise *e = NULL;
    const struct rg_exercise_form *const form = &forms[_i % N_FORMS];
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 11);
    struct pass whole = pass_of(device, e, 0, 0);
    ck_assert_uint_eq(whole.plan.run, whole.plan.steps);
    for (size_t run = 1; run < 8; run += 3) {
        struct pass cut = pass_of(device, e, run, 0);
        ck_assert(cut.plan.by_runs == !device->info.is_gpu);
        const double error = rg_exercise_distance(whole.gradients, cut.gradients, e->model->arena);
        ck_assert_double_le(error, rg_tolerance_backward(device, form) * ref_norm(whole.gradients, e->model->arena));
        free_pass(&cut);
    }
    free_pass(&whole);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("windows");
    TCase *tests = tcase_create("windows");
    tcase_set_timeout(tests, 600);
    tcase_add_loop_test(tests, windows_change_no_bit, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(tests, samples_are_those_of_the_whole, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(tests, runs_agree, 0, N_KINDS * N_FORMS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
