/* The plan for a GPU, which no test machine has: what a sweep takes of a work-group's local memory. */
#include <check.h>
#include <stdlib.h>

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

START_TEST(sweeps_fit_local_memory) {
    static const size_t hidden[] = {64, 128, 256}, batches[] = {1, 32, 4096};
    const struct rg_device device = a_gpu();
    for (size_t h = 0; h < 3; h++) {
        for (size_t b = 0; b < 3; b++) {
            const struct rg_shape shape = {.cell = (enum rg_cell)_i,
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
            const size_t row = RG_LOCAL_STRIDE(plan.gates * plan.h_stride, (size_t)device.info.vec);
            ck_assert_uint_ge(plan.tile, 1);
            ck_assert_uint_le(2 * plan.tile * row * sizeof(float), LOCAL_BYTES);
            rg_model_destroy(model);
        }
    }
}
END_TEST

int main(void) {
    Suite *const suite = suite_create("plan");
    TCase *const tests = tcase_create("plan");
    SRunner *const runner = srunner_create(suite);
    tcase_add_loop_test(tests, sweeps_fit_local_memory, 0, RG_N_CELLS);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
