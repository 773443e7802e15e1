/* The shapes of work-groups that a plan chooses for GPUs: whatever tile, item rows and rows of a block it takes,
 * outputs and gradient have the same bits, and they are right. */
#include <string.h>

#include "executions.h"
#include "plan/groups.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

static const struct rg_exercise_form forms[] = {
    {.sizes = {.batch = 70, .steps = 7, .inputs = 2, .hidden = 70, .outputs = 1, .loss = RG_LOSS_MSE},
     .net = {.cell = RG_CELL_RNN}},
    {.sizes = {.batch = 37, .steps = 5, .inputs = 3, .hidden = 33, .outputs = 2, .loss = RG_LOSS_CE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .target = RG_TARGET_STEPS, .skip = 2},
     .initial = true},
    {.sizes = {.batch = 41, .steps = 6, .inputs = 4, .hidden = 65, .outputs = 1, .loss = RG_LOSS_MSE},
     .net = {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true}},
    {.sizes = {.batch = 3, .steps = 9, .inputs = 5, .hidden = 20, .outputs = 1, .loss = RG_LOSS_BCE, .ragged = true},
     .net = {.cell = RG_CELL_LSTM, .skip = 3, .skip_kind = RG_SKIP_DILATED}},
};
enum { N_FORMS = sizeof forms / sizeof *forms };

/* Units of made-up GPUs, of which each gets other tiles; 0: a processor in the GPU's shape. */
static const int units[] = {1, 3, 12, 132};
enum { N_UNITS = sizeof units / sizeof *units };

struct pass {
    double *gradients, *outputs;
    size_t n_outputs;
    struct rg_plan plan;
};

static struct pass pass_of(struct rg_device *device, struct rg_exercise *e, size_t max_rows) {
    struct rg_engine_options options = rg_exercise_options(e);
    struct rg_engine *engine = NULL;
    struct rg_data_source *source = NULL;
    struct pass p = {.n_outputs = e->sizes.batch * e->target_steps * e->sizes.outputs};
    options.plan.max_rows = max_rows;
    p.gradients = numbers(e->model->arena, sizeof(double));
    p.outputs = numbers(p.n_outputs, sizeof(double));
    expect_ok(rg_engine_create(device, e->model, &options, &engine), "engine");
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &source), "data");
    expect_ok(rg_engine_gradient(engine, &source->source, 0), "gradient");
    expect_ok(rg_engine_get_gradients(engine, p.gradients), "gradients");
    expect_ok(rg_engine_forward(engine, &source->source, 0, e->sizes.batch, p.outputs), "outputs");
    p.plan = engine->net.plan;
    rg_data_source_destroy(source);
    rg_engine_destroy(engine);
    return p;
}

static void free_pass(struct pass *p) {
    free(p->gradients);
    free(p->outputs);
}

/* The device as a GPU of so many units; 0: as the processor that it is. */
static void be(struct rg_device *device, int gpu_units) {
    device->info.is_gpu = gpu_units > 0;
    device->info.units = gpu_units > 0 ? gpu_units : 2;
}

/* The second part of the test has the shape of a GPU; the first part has the smallest shape with barriers, which
 * compiles sooner. */
static struct execution gpu_shape(void) {
    const struct execution whole = {"opencl, the GPU shape", "opencl", {.shape = RG_GPU_SHAPE}};
    const struct execution small = {"opencl, GPU shape 2 x 1, 8 x 4", "opencl", {.shape = {2, 1, 8, 4}}};
    return case_runs(true) ? small : whole;
}

START_TEST(shapes_change_no_bit) {
    const struct rg_exercise_form *const form = &forms[_i % N_FORMS];
    const struct execution in_shape = gpu_shape();
    const bool first_part = case_runs(true);
    struct rg_device *const device = !first_part || form->net.cell == RG_CELL_RNN ? open_one(&in_shape) : NULL;
    struct rg_exercise *e = NULL;
    bool tiles[65] = {false};
    if (!device) {
        return;
    }
    test_case_form(form);
    device->info.launch_seconds = 0.0; /* nothing is cut, and nobody sleeps while the driver compiles */
    expect_ok(rg_exercise_create(form, &e), "exercise");
    rg_exercise_fill(e, 5);
    be(device, 0);
    struct pass plain = pass_of(device, e, 0), first = {.gradients = NULL};
    ck_assert_int_eq(plain.plan.forward.item_rows, 0);
    for (size_t i = 0; i < N_UNITS; i += first_part ? N_UNITS - 1 : 1) { /* each compiles anew */
        be(device, units[i]);
        struct pass p = pass_of(device, e, 0);
        ck_assert_int_gt(p.plan.forward.item_rows, 0);
        ck_assert_msg(memcmp(plain.outputs, p.outputs, p.n_outputs * sizeof(double)) == 0, "outputs, %d units",
                      units[i]);
        /* a GPU sums other slices than a processor, but the same ones whatever its units */
        const double error = rg_exercise_distance(plain.gradients, p.gradients, e->model->arena);
        ck_assert_double_le(error, rg_tolerance_backward(device, form) * ref_norm(plain.gradients, e->model->arena));
        if (i > 0) {
            ck_assert_msg(memcmp(first.gradients, p.gradients, e->model->arena * sizeof(double)) == 0,
                          "gradient, %d units", units[i]);
            free_pass(&p);
        } else {
            first = p;
        }
        tiles[p.plan.tile] = true;
    }
    ck_assert_msg(tiles[1], "no tile of one sequence");
    free_pass(&first);
    free_pass(&plain);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

/* On a GPU the head's gradient at one step is summed in parts of the batch. The parts, and so the bits, depend neither
 * on how much memory there is nor on how launches are cut. */
START_TEST(parts_of_a_batch_are_fixed) {
    static const struct rg_exercise_form form = {
        .sizes = {.batch = 600, .steps = 2, .inputs = 2, .hidden = 9, .outputs = 3, .loss = RG_LOSS_CE},
        .net = {.cell = RG_CELL_RNN}};
    static const size_t max_rows[] = {0, 128, 256};
    const struct execution in_shape = gpu_shape();
    struct rg_device *const device = open_one(&in_shape);
    struct rg_exercise *e = NULL;
    struct pass first = {.gradients = NULL};
    if (!device) {
        return;
    }
    be(device, 3);
    expect_ok(rg_exercise_create(&form, &e), "exercise");
    rg_exercise_fill(e, 5);
    for (size_t i = 0; i < 2 * sizeof max_rows / sizeof *max_rows; i++) {
        test_case("at most %zu rows, cut %zu", max_rows[i / 2], i % 2);
        device->info.launch_seconds = i % 2 ? 1e-12 : 0.0;
        struct pass p = pass_of(device, e, max_rows[i / 2]);
        ck_assert_uint_eq(p.plan.head_parts, 5);
        ck_assert_uint_eq(p.plan.chunk, max_rows[i / 2] ? max_rows[i / 2] : 600);
        if (i > 0) {
            ck_assert(memcmp(first.gradients, p.gradients, e->model->arena * sizeof(double)) == 0);
            free_pass(&p);
        } else {
            first = p;
        }
    }
    free_pass(&first);
    rg_exercise_destroy(e);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("groups") {
    TCase *const tests = add_tests(suite, "groups");
    tcase_add_loop_test(tests, shapes_change_no_bit, 0, N_FORMS);
    tcase_add_test(tests, parts_of_a_batch_are_fixed);
}
