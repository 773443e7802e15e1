/* Batches from a data set: inputs, starts, and targets of the last step or of every step. */
#include <math.h>
#include <string.h>

#include "filled_batch.h"

enum { N = 7, STEPS = 70, FEATURES = 5, TARGETS = 2, BATCH = 6 };
struct made_data {
    float x[N * STEPS * FEATURES], y[N * STEPS * TARGETS];
    int32_t lengths[N];
    struct rg_dataset data;
};

/* Values that tell where they stand; lengths 0 and STEPS among them. */
static void make_data(struct made_data *m, size_t n_targets, bool ragged) {
    static char path[] = "made.npz";
    static const int32_t lengths[N] = {STEPS, 0, 1, STEPS - 1, 33, 64, 65};
    for (size_t i = 0; i < N * STEPS * FEATURES; i++) {
        m->x[i] = (float)i + 1.0f;
    }
    for (size_t i = 0; i < N * STEPS * TARGETS; i++) {
        m->y[i] = (float)i + 0.5f;
    }
    memcpy(m->lengths, lengths, sizeof lengths);
    m->data = (struct rg_dataset){.path = path,
                                  .n_sequences = N,
                                  .n_steps = STEPS,
                                  .n_features = FEATURES,
                                  .kind = RG_INPUT_FLOAT,
                                  .x_float = m->x,
                                  .lengths = ragged ? m->lengths : NULL,
                                  .y = m->y,
                                  .n_targets = n_targets};
}

static void check_gathered(const struct batch *b, const struct made_data *m, const uint32_t *index) {
    const bool every_step = b->problem.target == RG_TARGET_STEPS;
    for (size_t row = 0; row < b->rows; row++) {
        const size_t n = index[row], length = m->data.lengths ? (size_t)m->lengths[n] : STEPS, start = STEPS - length;
        ck_assert_uint_eq(b->begin[row], start);
        for (size_t t = 0; t < STEPS; t++) {
            const size_t step = n * STEPS + t - start;
            for (size_t f = 0; f < b->stride; f++) {
                ck_assert(same(row_of(b, t, row)[f], t >= start && f < FEATURES ? m->x[step * FEATURES + f] : 0.0f));
            }
            for (size_t i = 0; every_step && i < b->n_targets; i++) {
                const float y = b->y[(t * b->rows + row) * b->n_targets + i];
                ck_assert(t < start ? isnan(y) : same(y, m->y[step * b->n_targets + i]));
            }
        }
        for (size_t i = 0; !every_step && i < b->n_targets; i++) {
            ck_assert(same(b->y[row * b->n_targets + i], m->y[n * b->n_targets + i]));
        }
    }
}

/* Targets of the last step and of every step, one or two of them, in chunks. */
START_TEST(data_sets_give_their_steps_and_targets) {
    struct rg_device *device = open_execution(kinds[_i]);
    for (int i = 0; device && i < 8; i++) {
        struct made_data m;
        struct rg_problem problem;
        struct rg_data_source *source = NULL;
        const enum rg_target target = i & 1 ? RG_TARGET_STEPS : RG_TARGET_LAST;
        const size_t n_targets = i & 2 ? TARGETS : 1;
        make_data(&m, target == RG_TARGET_STEPS ? n_targets * STEPS : n_targets, i & 4);
        expect_ok(
            rg_problem_data(&m.data,
                            &(struct rg_target_options){.loss = RG_LOSS_MSE, .target = target, .ignored = (double)NAN},
                            &problem),
            "problem");
        ck_assert_uint_eq(problem.n_targets, n_targets);
        expect_ok(rg_data_source_create(device, &m.data, BATCH, 9, true, &source), "source");
        for (size_t first = 0; first < BATCH; first += 4) {
            struct batch b = fill(device, &source->source, &problem, 1, first, first ? BATCH - 4 : 4);
            check_gathered(&b, &m, source->rows + first);
            release(&b);
        }
        rg_data_source_destroy(source);
    }
    rg_device_destroy(device);
}
END_TEST

/* Classes and baselines of targets of every step come from the valid steps alone. */
START_TEST(targets_of_every_step_are_counted) {
    struct made_data m;
    struct rg_problem p;
    make_data(&m, STEPS, true);
    const size_t valid = STEPS + 1 + STEPS - 1 + 33 + 64 + 65;
    size_t seen = 0;
    for (size_t n = 0; n < N; n++) {
        for (size_t t = 0; t < STEPS; t++) {
            m.y[n * STEPS + t] = t < (size_t)m.lengths[n] ? (float)(seen++ % 3) : 17.0f;
        }
    }
    ck_assert_uint_eq(seen, valid);
    m.data.label_kind = RG_LABELS_CLASSES;
    expect_ok(rg_problem_data(
                  &m.data,
                  &(struct rg_target_options){.loss = RG_LOSS_AUTO, .target = RG_TARGET_STEPS, .ignored = (double)NAN},
                  &p),
              "auto");
    ck_assert_int_eq(p.loss, RG_LOSS_CE);
    ck_assert_uint_eq(p.outputs, 3);
    ck_assert_uint_eq(p.n_targets, 1);
    double entropy = 0.0, squares = 0.0, mean = 0.0;
    for (size_t c = 0; c < 3; c++) {
        const size_t count = (valid + 2 - c) / 3;
        const double share = (double)count / (double)valid;
        entropy -= share * log(share);
        squares += share * (double)(c * c);
        mean += share * (double)c;
    }
    ck_assert_double_eq_tol(p.baseline, entropy, 1e-14);
    expect_ok(rg_problem_data(
                  &m.data,
                  &(struct rg_target_options){.loss = RG_LOSS_MSE, .target = RG_TARGET_STEPS, .ignored = (double)NAN},
                  &p),
              "mse");
    ck_assert_double_eq_tol(p.baseline, squares - mean * mean, 1e-14);
    ck_assert_int_eq(
        rg_problem_data(
            &m.data,
            &(struct rg_target_options){.loss = RG_LOSS_BCE, .target = RG_TARGET_STEPS, .ignored = (double)NAN}, &p),
        RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "label 2; with two classes"));
    m.y[1] = 0.5f;
    ck_assert_int_eq(
        rg_problem_data(
            &m.data, &(struct rg_target_options){.loss = RG_LOSS_CE, .target = RG_TARGET_STEPS, .ignored = (double)NAN},
            &p),
        RG_BAD_FILE);
    m.data.n_targets = STEPS - 1;
    ck_assert_int_eq(
        rg_problem_data(
            &m.data,
            &(struct rg_target_options){.loss = RG_LOSS_MSE, .target = RG_TARGET_STEPS, .ignored = (double)NAN}, &p),
        RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "--target steps"));
}
END_TEST

/* Data may take half of what a run may use of the device: of --memory, or without it of the device's budget, which can
 * be far less than half of its memory. With more, a batch at a time is there. */
START_TEST(data_beyond_half_of_the_limit_stay_on_the_host) {
    static struct made_data m;
    make_data(&m, TARGETS, true);
    struct rg_device device = {
        .info = {.real_bytes = sizeof(float), .memory_bytes = 1U << 30, .max_buffer_bytes = 1U << 30}};
    const size_t batch = N - 1;
    const uint64_t all = rg_data_source_bytes(&device, &m.data, N, 0) - N * sizeof(uint32_t);
    ck_assert_uint_eq(all, (N * (STEPS * FEATURES + TARGETS) + N) * sizeof(float));
    ck_assert_uint_eq(rg_data_source_sequences(&device, &m.data, batch, 0), N);
    device.info.budget_bytes = 2 * all;
    ck_assert_uint_eq(rg_data_source_sequences(&device, &m.data, batch, 0), N);
    device.info.budget_bytes = 2 * all - 1;
    ck_assert_uint_eq(rg_data_source_sequences(&device, &m.data, batch, 0), batch);
    ck_assert_uint_eq(rg_data_source_sequences(&device, &m.data, batch, 2 * all), N);
    ck_assert_uint_eq(rg_data_source_sequences(&device, &m.data, batch, 2 * all - 1), batch);
    device.info.budget_bytes = 0;
    device.info.memory_bytes = 2 * all; /* of which nine tenths are the budget */
    ck_assert_uint_eq(rg_data_source_sequences(&device, &m.data, batch, 0), batch);
}
END_TEST

TEST_MAIN("data_source") {
    TCase *const data = add_tests(suite, "data_source");
    tcase_add_loop_test(data, data_sets_give_their_steps_and_targets, 0, N_KINDS);
    tcase_add_test(data, targets_of_every_step_are_counted);
    tcase_add_test(data, data_beyond_half_of_the_limit_stay_on_the_host);
}
