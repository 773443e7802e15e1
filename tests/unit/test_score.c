/* Losses and probabilities of outputs on the host, over the whole range of logits, and baselines, against long doubles;
 * what is said of targets. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "rnn_gpu/dataset.h"
#include "suite.h"
#include "train/class_weights.h"
#include "train/score.h"
#include "train/targets.h"

enum { CLASSES = 3 };

static long double ulp(long double x) {
    const int min = DBL_MIN_EXP - DBL_MANT_DIG, at = x == 0.0L ? min : ilogbl(x) - DBL_MANT_DIG + 1;
    return ldexpl(1.0L, at > min ? at : min);
}

static void expect(const char *what, double got, long double wanted, double z) {
    const long double error = fabsl((long double)got - wanted) / ulp(wanted);
    ck_assert_msg(error <= 4.0L, "%s of logit %.17g is %.17g, not %.17Lg: %.3Lg ulp", what, z, got, wanted, error);
}

/* A data set of n sequences of one step, with one target each. */
static struct rg_dataset data_of(double *y, size_t n, enum rg_label_kind kind) {
    static char path[] = "targets";
    return (struct rg_dataset){.path = path,
                               .n_sequences = n,
                               .n_steps = 1,
                               .n_features = 1,
                               .y_double = y,
                               .n_targets = 1,
                               .label_kind = kind};
}

static struct rg_targets targets_of(const struct rg_dataset *data, enum rg_loss loss) {
    const struct rg_target_options options = {.loss = loss, .target = RG_TARGET_LAST, .ignored = (double)NAN};
    struct rg_targets targets;
    ck_assert_msg(rg_targets_decide(data, &options, &targets, &loss) == RG_OK, "%s", rg_error_message());
    return targets;
}

static double loss_of(const double *z, size_t n_outputs, double y, enum rg_loss loss) {
    const struct rg_dataset data = data_of(&y, 1, loss == RG_LOSS_CE ? RG_LABELS_CLASSES : RG_LABELS_VALUES);
    const struct rg_targets targets = targets_of(&data, loss);
    double mean = 0.0, accuracy = 0.0;
    ck_assert_int_eq(rg_score(z, &targets, n_outputs, loss, &mean, &accuracy), RG_OK);
    return mean;
}

/* The loss of the logits 0, z/2 and z, which are exact, for each class, and their softmax. */
static void try_classes(double x) {
    const double z[CLASSES] = {0.0, 0.5 * x, x};
    const long double top = fmaxl(0.0L, (long double)x);
    const long double e[CLASSES] = {expl(-top), expl(0.5L * (long double)x - top), expl((long double)x - top)};
    const long double others = x > 0.0 ? e[0] + e[1] : e[1] + e[2], whole = 1.0L + others;
    double probability[CLASSES];
    rg_softmax(z, CLASSES, probability);
    for (size_t c = 0; c < CLASSES && fabs(x) > 1e-300; c++) {
        expect("ce", loss_of(z, CLASSES, (double)c, RG_LOSS_CE), log1pl(others) + (top - (long double)z[c]), x);
        expect("softmax", probability[c], e[c] / whole, x);
    }
}

static void try_logit(double x) {
    static const double chances[] = {0.0, 1.0, 0.25, 0.9990234375};
    const long double z = x, decay = expl(-fabsl(z));
    expect("sigmoid", rg_sigmoid(x), (x < 0.0 ? decay : 1.0L) / (1.0L + decay), x);
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++) {
        const long double y = chances[i], wanted = (z > 0.0L ? z * (1.0L - y) : -z * y) + log1pl(decay);
        expect("bce", loss_of(&x, 1, chances[i], RG_LOSS_BCE), wanted, x);
    }
    if (fabs(x) < 1e150) {
        expect("mse", loss_of(&x, 1, -3.0, RG_LOSS_MSE), (z + 3.0L) * (z + 3.0L), x);
    }
    try_classes(x);
}

START_TEST(losses_are_right_over_the_range) {
    try_logit(0.0);
    for (int e = -1074; e < 1023; e++) {
        for (int i = 0; i < 4; i++) {
            const double x = ldexp(1.0 + 0.27 * i, e);
            try_logit(x);
            try_logit(-x);
        }
    }
    for (int i = -8000; i <= 8000; i++) {
        try_logit(0.1 * i);
    }
}
END_TEST

/* Baselines by the deviations from the mean: no difference of large squares, and no sum beyond the range. */
START_TEST(baselines_keep_their_digits) {
    enum { N = 1000 };
    static const struct {
        double even, odd, variance;
    } cases[] = {{1e8 + 8.0, 1e8, 16.0}, {1.2345678e8, 1.2345678e8, 0.0}, {1e308, 1e308, 0.0},
                 {1e150, -1e150, 1e300}, {1e-160, 3e-160, 1e-320},        {1e15, 1e15 + 1.0, 0.25}};
    static double y[N];
    double baseline = 0.0;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (size_t i = 0; i < N; i++) {
            y[i] = i % 2 ? cases[c].odd : cases[c].even;
        }
        const struct rg_dataset data = data_of(y, N, RG_LABELS_VALUES);
        const struct rg_targets targets = targets_of(&data, RG_LOSS_MSE);
        ck_assert_int_eq(rg_targets_baseline(&targets, RG_LOSS_MSE, &baseline), RG_OK);
        ck_assert_msg(baseline >= 0.0 && fabs(baseline - cases[c].variance) <= 1e-9 * cases[c].variance + 1e-322 * N,
                      "case %zu: %.17g, not %.17g", c, baseline, cases[c].variance);
    }
    for (size_t i = 0; i < N; i++) {
        y[i] = (double)(i % 4 == 0);
    }
    const struct rg_dataset data = data_of(y, N, RG_LABELS_VALUES);
    const struct rg_targets chances = targets_of(&data, RG_LOSS_BCE);
    ck_assert_int_eq(rg_targets_baseline(&chances, RG_LOSS_BCE, &baseline), RG_OK);
    ck_assert_double_eq_tol(baseline, -0.25 * log(0.25) - 0.75 * log(0.75), 1e-14);
    const struct rg_targets classes = targets_of(&data, RG_LOSS_CE);
    ck_assert_int_eq(rg_targets_baseline(&classes, RG_LOSS_CE, &baseline), RG_OK);
    ck_assert_double_eq_tol(baseline, -0.25 * log(0.25) - 0.75 * log(0.75), 1e-14);
}
END_TEST

/* ---- What is said ---- */

START_TEST(what_is_said_of_targets) {
    static const char weighted[] = "cat 0.5, a class with a name o\xE2\x80\xA6 1, rat 2.25";
    static char *names[] = {"cat", "a class with a name of many letters", "rat", "bat", "hat", "mat", "vat"};
    static const double weights[] = {0.5, 1.0, 2.25, 3.0, 4.0, 5.0, 6.0};
    struct rg_dataset data = {.path = "d", .n_sequences = 9};
    struct rg_targets t = {.data = &data, .target = RG_TARGET_STEPS, .ignored = NAN, .n_rows = 7, .weights = weights};
    char text[400];
    static const struct {
        enum rg_target target;
        double ignored;
        size_t rows, left_out;
        const char *said, *none;
    } cases[] = {{RG_TARGET_STEPS, NAN, 7, 0, "", NULL},
                 {RG_TARGET_STEPS, NAN, 7, 1, "; 1 of 7 steps has no target (NaN) and is not in the loss", NULL},
                 {RG_TARGET_LAST, -100.0, 9, 3,
                  "; 3 of 9 sequences have no target (label -100 or NaN) and are not in the loss", NULL},
                 {RG_TARGET_LAST, NAN, 2, 2, "; 2 of 2 sequences have no target (NaN) and are not in the loss",
                  "no sequence has a target"},
                 {RG_TARGET_STEPS, NAN, 1, 1, "; 1 of 1 steps has no target (NaN) and is not in the loss",
                  "no step has a target"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        t.target = cases[i].target;
        t.ignored = cases[i].ignored;
        t.n_rows = cases[i].rows;
        t.n_left_out = cases[i].left_out;
        rg_targets_left_out(&t, text, sizeof text);
        ck_assert_str_eq(text, cases[i].said);
        const char *const none = rg_targets_none(&t);
        ck_assert_msg(cases[i].none ? none && strcmp(none, cases[i].none) == 0 : !none, "case %zu: %s", i, none);
    }
    data.windows.steps = 3;
    ck_assert_str_eq(rg_targets_none(&t), "no window has its target yet");
    for (size_t n = 3; n <= 7; n++) { /* six are shown */
        t.n_classes = n;
        data.classes = NULL;
        rg_class_weights_describe(&t, text, sizeof text);
        ck_assert_int_eq(strncmp(text, "0: 0.5, 1: 1, 2: 2.25", 21), 0);
        ck_assert_str_eq(text + 21, n == 3   ? ""
                                    : n == 4 ? ", 3: 3"
                                    : n == 5 ? ", 3: 3, 4: 4"
                                    : n == 6 ? ", 3: 3, 4: 4, 5: 5"
                                             : ", 3: 3, 4: 4, 5: 5, ...");
        data.classes = names;
        rg_class_weights_describe(&t, text, sizeof text);
        ck_assert_msg(strncmp(text, weighted, strlen(weighted)) == 0, "%s", text);
        ck_assert((strstr(text, "mat 5") != NULL) == (n >= 6) && (strstr(text, ", ...") != NULL) == (n == 7));
    }
}
END_TEST

TEST_MAIN("score") {
    TCase *const score = add_tests(suite, "score");
    tcase_add_test(score, losses_are_right_over_the_range);
    tcase_add_test(score, baselines_keep_their_digits);
    tcase_add_test(score, what_is_said_of_targets);
}
