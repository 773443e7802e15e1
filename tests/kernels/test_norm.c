/* Global norm, clipping and the record of an update, on gradients made by hand: known answers, magnitudes whose squares
 * no float holds, and numbers that are not finite, wherever they stand. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "executions.h"
#include "kernels/base/args.h"
#include "verify/selftest/exercise.h"

/* An engine on a device, whose gradient arena and losses are written from here. H = 257 gives several groups of the
 * norm. */
struct bench {
    struct rg_device *device;
    struct rg_exercise *exercise;
    struct rg_engine *engine;
    size_t arena, rows;
    float *gradients, *losses;
};

static struct bench open_bench(struct rg_device *device, size_t hidden, double clip_norm) {
    struct bench b = {.device = device, .rows = 300};
    const struct rg_exercise_form form = {.sizes = {b.rows, 1, 1, hidden, 1, RG_LOSS_MSE, false}};
    expect_ok(rg_exercise_create(&form, &b.exercise), "exercise");
    struct rg_engine_options options = rg_exercise_options(b.exercise);
    options.optimizer.clip_norm = clip_norm;
    expect_ok(rg_engine_create(b.device, b.exercise->model, &options, &b.engine), "engine");
    b.arena = b.exercise->model->arena;
    b.gradients = numbers(b.arena, sizeof(float));
    b.losses = numbers(2 * b.rows, sizeof(float));
    return b;
}

static void close_bench(struct bench *b) {
    rg_engine_destroy(b->engine);
    rg_exercise_destroy(b->exercise);
    free(b->gradients);
    free(b->losses);
}

/* The record and the control block that the gradients and losses give. */
static struct rg_record norm_of(const struct bench *b, struct rg_control *control) {
    struct rg_record history[RG_HISTORY];
    struct rg_engine *e = b->engine;
    expect_ok(rg_buffer_write(b->device, e->net.buffers.gradients, 0, b->gradients, b->arena * sizeof(float)),
              "gradients");
    expect_ok(rg_buffer_write(b->device, e->net.buffers.row_loss, 0, b->losses, 2 * b->rows * sizeof(float)), "losses");
    expect_ok(rg_buffer_zero(b->device, e->net.buffers.control), "control");
    expect_ok(rg_engine_norm(e, 5), "norm");
    expect_ok(rg_engine_history(e, history), "history");
    expect_ok(rg_engine_control(e, control), "control");
    return history[5];
}

static void fill(float *to, size_t n, float with) {
    for (size_t i = 0; i < n; i++) {
        to[i] = with;
    }
}

/* 3, 4 and 12 far apart give 13; a norm at C or just below it is left alone. */
START_TEST(known_norms_are_clipped_as_pytorch_clips) {
    struct rg_device *device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    static const double clips[] = {0.0, 6.5, 13.0, 13.00001, 20.0, 1e-3};
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        struct bench b = open_bench(device, 257, clips[i]);
        ck_assert_uint_gt(b.engine->net.plan.norm_groups, 1);
        b.gradients[0] = 3.0f;
        b.gradients[b.arena / 2] = -4.0f;
        b.gradients[b.arena - 1] = 12.0f;
        fill(b.losses, b.rows, 0.25f);
        struct rg_control control;
        const struct rg_record record = norm_of(&b, &control);
        ck_assert_double_eq_tol(rg_exact_read(record.norm), 13.0, 13.0 * 4.0 * (double)FLT_EPSILON);
        ck_assert_double_eq(rg_exact_read(record.loss), 75.0);
        const double wanted = clips[i] > 0.0 ? fmin(1.0, clips[i] / (13.0 + 1e-6)) : 1.0;
        ck_assert_double_eq_tol(rg_exact_read(control.coefficient), wanted, wanted * 4.0 * (double)FLT_EPSILON);
        if (fabs(clips[i] - 13.0) > 1e-4) { /* else a unit in the last place decides */
            ck_assert_uint_eq(control.clipped, wanted < 1.0 ? 1 : 0);
            ck_assert_uint_eq(record.clipped, wanted < 1.0 ? 1 : 0);
        }
        ck_assert_uint_eq(control.steps, 1);
        close_bench(&b);
    }
    rg_device_destroy(device);
}
END_TEST

/* C / (norm + 1e-6), which shows where the norm is itself about 1e-6: 1e-6 / 14e-6. */
START_TEST(small_norms_meet_the_epsilon) {
    struct rg_device *device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    struct bench b = open_bench(device, 5, 1e-6);
    b.gradients[2] = 5e-6f;
    b.gradients[b.arena - 3] = 12e-6f;
    struct rg_control control;
    ck_assert_uint_eq(norm_of(&b, &control).clipped, 1);
    ck_assert_double_eq_tol(rg_exact_read(control.coefficient), 1.0 / 14.0, 4.0 * (double)FLT_EPSILON);
    close_bench(&b);
    rg_device_destroy(device);
}
END_TEST

/* If each of n gradients is v, the norm is v sqrt(n). If v is subnormal, each may be rounded to the next number, or to
 * zero where the device takes subnormal numbers as zeros. */
START_TEST(norms_of_any_magnitude_are_right) {
    struct rg_device *device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    static const float magnitudes[] = {1e20f, 1e30f, 1e35f, 1.0f, 1e-20f, 1e-30f, 1e-36f, 1e-38f, 1e-40f, 1e-44f, 0.0f};
    static const size_t hidden[] = {5, 257};
    for (size_t h = 0; h < 2; h++) {
        struct bench b = open_bench(device, hidden[h], 0.5);
        for (size_t i = 0; i < sizeof magnitudes / sizeof *magnitudes; i++) {
            struct rg_control control;
            fill(b.gradients, b.arena, magnitudes[i]);
            const struct rg_record record = norm_of(&b, &control);
            const double wanted = (double)magnitudes[i] * sqrt((double)b.arena);
            const double spacing = device->info.subnormals_are_zero ? (double)FLT_MIN : 4.0 * 0x1p-149;
            const double allowed = wanted * 16.0 * (double)FLT_EPSILON + spacing * sqrt((double)b.arena);
            ck_assert_msg(fabs(rg_exact_read(record.norm) - wanted) <= allowed,
                          "%s: norm of %zu times %g is %g, not %g", executions[kinds[_i]].name, b.arena,
                          (double)magnitudes[i], rg_exact_read(record.norm), wanted);
            ck_assert_uint_eq(record.skipped, 0);
            const double coefficient = fmin(1.0, 0.5 / (wanted + 1e-6));
            ck_assert_double_eq_tol(rg_exact_read(control.coefficient), coefficient, coefficient * 1e-5 + spacing);
        }
        close_bench(&b);
    }
    rg_device_destroy(device);
}
END_TEST

/* Very different magnitudes, and norms that no float holds. */
START_TEST(mixed_and_overflowing_norms) {
    struct rg_device *device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    struct bench b = open_bench(device, 257, 1.0);
    struct rg_control control;
    for (size_t i = 0; i < b.arena; i++) {
        b.gradients[i] = i % 3 ? 1e-30f : 1e-20f;
    }
    b.gradients[b.arena / 3] = -2e25f;
    struct rg_record record = norm_of(&b, &control);
    ck_assert_double_eq_tol(rg_exact_read(record.norm), 2e25, 2e25 * 4.0 * (double)FLT_EPSILON);
    ck_assert_uint_eq(record.skipped, 0);
    fill(b.gradients, b.arena, 0.0f);
    b.gradients[b.arena - 2] = -1.5e38f;
    b.gradients[17] = 2e38f;
    record = norm_of(&b, &control);
    ck_assert_double_eq_tol(rg_exact_read(record.norm), 2.5e38, 2.5e38 * 4.0 * (double)FLT_EPSILON);
    ck_assert_uint_eq(record.skipped, 0);
    fill(b.gradients, b.arena, 3e38f);
    record = norm_of(&b, &control);
    ck_assert_msg(isinf(rg_exact_read(record.norm)), "%g", rg_exact_read(record.norm));
    ck_assert_uint_eq(record.skipped, 1);
    ck_assert_uint_eq(control.steps, 0);
    close_bench(&b);
    rg_device_destroy(device);
}
END_TEST

/* One number that is not finite, at any place and beside any other, skips the update. */
START_TEST(one_bad_number_is_always_seen) {
    struct rg_device *device = open_execution(kinds[_i]);
    if (!device) {
        return;
    }
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    struct bench b = open_bench(device, 257, 1.0);
    const size_t places[] = {0, 1, 17, 63, 64, 65, 1000, 16383, 16384, b.arena / 2, b.arena - 2, b.arena - 1};
    struct rg_control control;
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            fill(b.gradients, b.arena, i % 2 ? 0.0f : 1e30f);
            b.gradients[places[i]] = bad[k];
            const struct rg_record record = norm_of(&b, &control);
            ck_assert_msg(record.skipped == 1 && !isfinite(rg_exact_read(record.norm)), "%g at %zu: norm %g",
                          (double)bad[k], places[i], rg_exact_read(record.norm));
            ck_assert_uint_eq(control.skip, 1);
        }
        fill(b.gradients, b.arena, 1.0f);
        for (size_t row = 0; row < b.rows; row += 13) {
            fill(b.losses, b.rows, 1.0f);
            b.losses[row] = bad[k];
            const struct rg_record record = norm_of(&b, &control);
            ck_assert_uint_eq(record.skipped, 1);
            ck_assert(!isfinite(rg_exact_read(record.loss)));
        }
        fill(b.losses, b.rows, 0.0f);
    }
    ck_assert_uint_eq(norm_of(&b, &control).skipped, 0);
    close_bench(&b);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("norm") {
    TCase *const norm = add_tests(suite, "norm");
    tcase_add_loop_test(norm, known_norms_are_clipped_as_pytorch_clips, 0, N_KINDS);
    tcase_add_loop_test(norm, small_norms_meet_the_epsilon, 0, N_KINDS);
    tcase_add_loop_test(norm, norms_of_any_magnitude_are_right, 0, N_KINDS);
    tcase_add_loop_test(norm, mixed_and_overflowing_norms, 0, N_KINDS);
    tcase_add_loop_test(norm, one_bad_number_is_always_seen, 0, N_KINDS);
}
