/* Metrics against numbers of scikit-learn's documentation and of tables, and the split of a data set by sequence. */
#include <math.h>

#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "suite.h"
#include "train/metrics.h"

static char path[] = "targets";

static struct rg_targets targets_of(const struct rg_dataset *data, enum rg_loss loss) {
    const struct rg_target_options options = {.loss = loss, .target = RG_TARGET_LAST, .ignored = (double)NAN};
    struct rg_targets targets;
    ck_assert_msg(rg_targets_decide(data, &options, &targets, &loss) == RG_OK, "%s", rg_error_message());
    return targets;
}

/* The metrics of n sequences of one step; added in two parts. */
static struct rg_metrics *metrics_of(struct rg_dataset *data, double *y, const double *z, size_t outputs,
                                     enum rg_loss loss) {
    data->path = path;
    data->n_steps = data->n_features = 1;
    data->y_double = y;
    data->label_kind = loss == RG_LOSS_MSE ? RG_LABELS_VALUES : RG_LABELS_CLASSES;
    const struct rg_targets targets = targets_of(data, loss);
    struct rg_metrics *metrics = NULL;
    ck_assert_int_eq(rg_metrics_create(&targets, outputs, loss, &metrics), RG_OK);
    ck_assert_int_eq(rg_metrics_add(metrics, &targets, 0, 2, z), RG_OK);
    ck_assert_int_eq(rg_metrics_add(metrics, &targets, 2, data->n_sequences - 2, z + 2 * outputs), RG_OK);
    return metrics;
}

static void expect_near(double got, double wanted) {
    ck_assert_msg(fabs(got - wanted) <= 1e-12 * fabs(wanted), "%.17g, not %.17g", got, wanted);
}

/* The examples of sklearn.metrics.r2_score and of the mean errors, one output and two. */
START_TEST(values) {
    double y[] = {3.0, -0.5, 2.0, 7.0}, pairs[] = {0.5, 1.0, -1.0, 1.0, 7.0, -6.0};
    const double z[] = {2.5, 0.0, 2.0, 8.0}, z_pairs[] = {0.0, 2.0, -1.0, 2.0, 8.0, -5.0};
    struct rg_dataset data = {.n_sequences = 4, .n_targets = 1}, two = {.n_sequences = 3, .n_targets = 2};
    struct rg_metrics *metrics = metrics_of(&data, y, z, 1, RG_LOSS_MSE);
    expect_near(rg_metrics_r2(metrics), 0.9486081370449679);
    expect_near(rg_metrics_mse(metrics), 0.375);
    expect_near(rg_metrics_loss(metrics), 0.375);
    expect_near(rg_metrics_mae(metrics), 0.5);
    ck_assert(isnan(rg_metrics_accuracy(metrics)) && isnan(rg_metrics_auc(metrics)));
    rg_metrics_destroy(metrics);
    metrics = metrics_of(&two, pairs, z_pairs, 2, RG_LOSS_MSE);
    expect_near(rg_metrics_r2(metrics), (2.0 - 1.25 / (217.0 / 6.0) - 3.0 / (98.0 / 3.0)) / 2.0);
    expect_near(rg_metrics_mae(metrics), 0.75);
    rg_metrics_destroy(metrics);
}
END_TEST

/* The example of sklearn.metrics.roc_auc_score; then a tie between the classes, which counts half. */
START_TEST(two_classes) {
    double y[] = {0.0, 0.0, 1.0, 1.0};
    const double z[] = {0.1, 0.4, 0.35, 0.8}, tied[] = {-0.1, 0.35, 0.35, 0.8};
    struct rg_dataset data = {.n_sequences = 4, .n_targets = 1};
    struct rg_metrics *metrics = metrics_of(&data, y, z, 1, RG_LOSS_BCE);
    expect_near(rg_metrics_auc(metrics), 0.75);
    expect_near(rg_metrics_accuracy(metrics), 0.5); /* all four logits are above 0 */
    expect_near(rg_metrics_precision(metrics, 1), 0.5);
    expect_near(rg_metrics_recall(metrics, 1), 1.0);
    expect_near(rg_metrics_f1(metrics, 1), 2.0 / 3.0);
    ck_assert_double_eq(rg_metrics_precision(metrics, 0), 0.0);
    ck_assert_double_eq(rg_metrics_f1(metrics, 0), 0.0);
    rg_metrics_destroy(metrics);
    metrics = metrics_of(&data, y, tied, 1, RG_LOSS_BCE);
    expect_near(rg_metrics_auc(metrics), 0.875);
    rg_metrics_destroy(metrics);
}
END_TEST

START_TEST(table_of_classes) {
    double y[] = {0.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 0.0, 1.0, 0.0};
    static const size_t chosen[] = {0, 2, 1, 1, 2, 2, 0, 0, 1, 1}; /* eight of ten are right */
    double z[30] = {0.0}, low, high;
    for (size_t i = 0; i < 10; i++) {
        z[3 * i + chosen[i]] = 1.0;
    }
    struct rg_dataset data = {.n_sequences = 10, .n_targets = 1};
    struct rg_metrics *const metrics = metrics_of(&data, y, z, 3, RG_LOSS_CE);
    static const uint64_t confusion[] = {2, 1, 0, 0, 3, 0, 1, 0, 3};
    for (size_t i = 0; i < 9; i++) {
        ck_assert_uint_eq(metrics->confusion[i], confusion[i]);
    }
    expect_near(rg_metrics_accuracy(metrics), 0.8);
    expect_near(rg_metrics_precision(metrics, 0), 2.0 / 3.0);
    expect_near(rg_metrics_recall(metrics, 2), 0.75);
    expect_near(rg_metrics_f1(metrics, 2), 6.0 / 7.0);
    rg_metrics_interval(metrics, &low, &high);
    ck_assert(fabs(low - 0.4901624715) < 1e-9 && fabs(high - 0.9433178485) < 1e-9);
    rg_metrics_destroy(metrics);
}
END_TEST

/* ---- Splits ---- */

enum { N = 23, T = 3, F = 2 };

static struct rg_dataset *make_data(void) {
    struct rg_dataset *data = NULL;
    ck_assert_int_eq(rg_alloc(&data, 1, sizeof *data, "a data set"), RG_OK);
    ck_assert_int_eq(rg_copy_string(&data->path, "made"), RG_OK);
    data->n_sequences = N;
    data->n_steps = T;
    data->n_features = F;
    data->n_targets = 1;
    data->n_states = 2;
    data->state_width = 1;
    ck_assert_int_eq(rg_alloc(&data->x_float, N, sizeof(float[T][F]), "x"), RG_OK);
    ck_assert_int_eq(rg_alloc(&data->lengths, N, sizeof *data->lengths, "lengths"), RG_OK);
    ck_assert_int_eq(rg_alloc(&data->y_double, N, sizeof *data->y_double, "y"), RG_OK);
    ck_assert_int_eq(rg_alloc(&data->h_0, N, sizeof(double[2]), "h_0"), RG_OK);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < T * F; k++) {
            data->x_float[i * T * F + k] = (float)(100 * i + k);
        }
        data->lengths[i] = (int32_t)(1 + i % T);
        data->y_double[i] = (double)i;
        data->h_0[i] = 0.5 + (double)i;
        data->h_0[N + i] = -(double)i;
    }
    return data;
}

/* Every row of a part is that of the sequence which its target names; seen[i] counts them. */
static void check_part(const struct rg_dataset *part, int seen[N]) {
    double before = -1.0;
    for (size_t i = 0; i < part->n_sequences; i++) {
        const double y = part->y_double[i];
        ck_assert_msg(y > before, "the order of the file is lost");
        before = y;
        seen[(size_t)y]++;
        ck_assert_float_eq(part->x_float[i * T * F + 5], (float)(100.0 * y + 5.0));
        ck_assert_int_eq(part->lengths[i], 1 + (int32_t)y % T);
        ck_assert_double_eq(part->h_0[i], 0.5 + y);
        ck_assert_double_eq(part->h_0[part->n_sequences + i], -y);
    }
}

START_TEST(a_split_parts_every_row) {
    struct rg_dataset *data = make_data(), *held_out = NULL;
    const struct rg_split split = {.first = 4, .count = 1 + (size_t)_i, .seed = 7};
    int seen[N] = {0};
    ck_assert_int_eq(rg_dataset_split(data, &split, &held_out), RG_OK);
    ck_assert_uint_eq(held_out->n_sequences, split.count);
    ck_assert_uint_eq(data->n_sequences, N - split.count);
    check_part(data, seen);
    check_part(held_out, seen);
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(seen[i], 1);
    }
    rg_dataset_destroy(held_out);
    rg_dataset_destroy(data);
}
END_TEST

/* Parts of one order that do not overlap hold every sequence once: the folds of a cross-validation. */
START_TEST(folds_are_disjoint) {
    int seen[N] = {0};
    for (size_t fold = 0; fold < 5; fold++) {
        struct rg_dataset *data = make_data(), *held_out = NULL;
        const size_t first = fold * N / 5;
        const struct rg_split split = {.first = first, .count = (fold + 1) * N / 5 - first, .seed = 3};
        ck_assert_int_eq(rg_dataset_split(data, &split, &held_out), RG_OK);
        check_part(held_out, seen);
        rg_dataset_destroy(held_out);
        rg_dataset_destroy(data);
    }
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(seen[i], 1);
    }
}
END_TEST

TEST_MAIN("metrics") {
    TCase *const metrics = add_tests(suite, "metrics");
    tcase_add_test(metrics, values);
    tcase_add_test(metrics, two_classes);
    tcase_add_test(metrics, table_of_classes);
    TCase *const splits = add_tests(suite, "splits");
    tcase_add_loop_test(splits, a_split_parts_every_row, 0, 4);
    tcase_add_test(splits, folds_are_disjoint);
}
