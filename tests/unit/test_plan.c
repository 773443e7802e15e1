/* The plan: of a GPU, which no test machine has, what a sweep takes of a work-group's local memory; how memory cuts
 * time. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "train/plan.h"

enum { LOCAL_BYTES = 48 << 10 }; /* what NVIDIA's OpenCL gives a group */

static struct rg_device a_gpu(void) {
    const struct rg_device_shape shape = RG_GPU_SHAPE;
    return (struct rg_device){.info = {.name = "a GPU",
                                       .is_gpu = true,
                                       .units = 132,
                                       .memory_bytes = (uint64_t)64 << 30,
                                       .max_buffer_bytes = (uint64_t)16 << 30,
                                       .max_local_bytes = LOCAL_BYTES,
                                       .real_bytes = sizeof(float),
                                       .vec = shape.vec,
                                       .nv = shape.nv,
                                       .cols = shape.cols,
                                       .rows = shape.rows}};
}

/* _i: cell, and behind the last one again with TF32. */
START_TEST(sweeps_fit_local_memory) {
    static const size_t hidden[] = {64, 128, 256}, batches[] = {1, 1024, 4096};
    /* one block; groups for the 132 units; as many rows as fit, up to four item rows' */
    static const size_t tiles[2][3][3] = {{{4, 8, 32}, {4, 8, 32}, {4, 8, 20}}, {{4, 8, 32}, {4, 8, 32}, {4, 8, 16}}};
    const int cell = _i % RG_N_CELLS, tf32 = _i / RG_N_CELLS;
    struct rg_device device = a_gpu();
    device.info.tf32 = tf32 ? RG_TF32_TENSOR_CORES : RG_TF32_NONE;
    for (size_t h = 0; h < 3; h++) {
        for (size_t b = 0; b < 3; b++) {
            const struct rg_shape shape = {.cell = (enum rg_cell)cell,
                                           .inputs = 2,
                                           .hidden = hidden[h],
                                           .outputs = 1,
                                           .loss = RG_LOSS_MSE,
                                           .layers = 1};
            struct rg_model *model = NULL;
            struct rg_plan plan;
            ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
            ck_assert_msg(rg_plan_make(&device, model,
                                       &(struct rg_plan_options){
                                           .batch = batches[b], .steps = 100, .n_targets = 1, .training = true},
                                       &plan) == RG_OK,
                          "%s", rg_error_message());
            const size_t states = RG_TILE_NUMBERS((size_t)256, plan.tile, plan.h_stride, (size_t)device.info.vec);
            ck_assert_uint_eq(rg_device_items(&device), 256);
            ck_assert_uint_le(2 * states * sizeof(float), LOCAL_BYTES);
            if (plan.sharers == 1) { /* the units of a step are not shared out */
                ck_assert_uint_eq(plan.tile, tiles[tf32][h][b]);
            }
            rg_model_destroy(model);
        }
    }
}
END_TEST

enum { MIB = 1 << 20 };

static struct rg_device a_processor(void) {
    return (struct rg_device){.info = {.name = "a processor",
                                       .units = 2,
                                       .memory_bytes = (uint64_t)64 << 30,
                                       .max_buffer_bytes = (uint64_t)64 << 30,
                                       .max_local_bytes = MIB,
                                       .cache_bytes = 32 * MIB,
                                       .real_bytes = sizeof(float),
                                       .vec = 16,
                                       .nv = 2,
                                       .cols = 1,
                                       .rows = 1}};
}

static rg_status plan_of(const struct rg_device *device, size_t batch, size_t steps, uint64_t memory,
                         struct rg_plan *plan) {
    const struct rg_shape shape = {
        .cell = RG_CELL_LSTM, .inputs = 2, .hidden = 128, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1, .skip = 3};
    struct rg_model *model = NULL;
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    const rg_status status = rg_plan_make(
        device, model,
        &(struct rg_plan_options){.batch = batch, .steps = steps, .n_targets = 1, .training = true, .memory = memory},
        plan);
    rg_model_destroy(model);
    return status;
}

/* Windows are whole runs, follow each other, and leave out no step; so do runs, either way. */
static void check_cuts(const struct rg_plan *p) {
    size_t windows = 0;
    for (size_t end = p->steps; end > 0;) {
        const struct rg_span window = rg_plan_window_before(p, end);
        ck_assert_uint_eq(window.end, end);
        ck_assert(window.begin < end && end - window.begin <= p->window);
        for (size_t at = end; at > window.begin;) {
            const struct rg_span run = rg_plan_run_before(p, at), same = rg_plan_run_after(p, run.begin);
            const size_t segment = rg_plan_segment(p, run.begin);
            ck_assert(run.begin < at && at - run.begin <= p->run && run.begin >= window.begin);
            ck_assert(same.begin == run.begin && same.end == run.end);
            ck_assert(p->run == p->steps || segment == rg_plan_segment(p, run.end - 1));
            ck_assert_uint_le(rg_plan_segment_span(p, segment).begin, run.begin);
            at = run.begin;
        }
        end = window.begin;
        windows++;
    }
    ck_assert_uint_eq(windows, p->windows);
}

/* What decides the order of sums is the same for every limit that holds a block. */
START_TEST(memory_cuts_time_before_a_block) {
    static const size_t limits[] = {0, 512, 256, 128, 64, 48};
    static const size_t steps[] = {1000, 9973, 20011};
    const struct rg_device device = a_processor();
    for (size_t i = 0; i < 3; i++) {
        struct rg_plan whole, cut;
        ck_assert_int_eq(plan_of(&device, 64, steps[i], 0, &whole), RG_OK);
        ck_assert_uint_eq(whole.windows, 1);
        ck_assert_uint_lt(whole.run, steps[i]);
        check_cuts(&whole);
        for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
            ck_assert_int_eq(plan_of(&device, 64, steps[i], limits[k] * MIB, &cut), RG_OK);
            ck_assert(limits[k] == 0 || cut.total_bytes <= limits[k] * MIB);
            ck_assert(cut.run == whole.run && cut.block == whole.block && cut.sum_segments == whole.sum_segments);
            ck_assert_uint_eq(cut.chunk % cut.block, 0);
            check_cuts(&cut);
        }
        ck_assert(cut.windows > 1 && cut.lead == 3 && cut.room == cut.window + 6);
    }
}
END_TEST

START_TEST(a_short_sequence_is_one_run) {
    const struct rg_device device = a_processor();
    struct rg_plan plan;
    ck_assert_int_eq(plan_of(&device, 4096, 100, 0, &plan), RG_OK);
    ck_assert(plan.run == 100 && plan.window == 100 && plan.windows == 1 && !plan.by_runs);
    check_cuts(&plan);
}
END_TEST

/* A refusal names steps that fit, and one more than which do not. */
START_TEST(a_refusal_names_what_fits) {
    const struct rg_device device = a_processor();
    struct rg_plan plan;
    ck_assert_int_eq(plan_of(&device, 1, 4000000, 24 * MIB, &plan), RG_NO_MEMORY);
    const char *const at = strstr(rg_error_message(), "at most --steps ");
    ck_assert_msg(at != NULL, "%s", rg_error_message());
    const size_t fits = (size_t)strtoull(at + strlen("at most --steps "), NULL, 10);
    ck_assert_msg(fits > 50000, "%s", rg_error_message());
    ck_assert_int_eq(plan_of(&device, 1, fits, 24 * MIB, &plan), RG_OK);
    ck_assert_int_eq(plan_of(&device, 1, fits + 1, 24 * MIB, &plan), RG_NO_MEMORY);
}
END_TEST

int main(void) {
    Suite *const suite = suite_create("plan");
    TCase *const tests = tcase_create("plan");
    SRunner *const runner = srunner_create(suite);
    tcase_add_loop_test(tests, sweeps_fit_local_memory, 0, 2 * RG_N_CELLS);
    tcase_add_test(tests, memory_cuts_time_before_a_block);
    tcase_add_test(tests, a_short_sequence_is_one_run);
    tcase_add_test(tests, a_refusal_names_what_fits);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
