/* The verdict on profiles that are made up, at both sides of every border. tests/kernels/test_verdict.c has nets. */
#include <math.h>
#include <string.h>

#include "gradient/verdict.h"
#include "suite.h"

enum { LAGS = 10, ITEMS = 4 };

/* Profiles of which every lag has the same delta, and the causes beside them. */
static double flat[LAGS], largest[ITEMS][LAGS], smallest[ITEMS][LAGS];
static struct rg_lag_profile items[ITEMS];
static struct rg_causes causes_of[ITEMS];
static struct rg_lag_profiles profiles;
static struct rg_all_causes causes;

static void begin(void) {
    memset(items, 0, sizeof items);
    memset(causes_of, 0, sizeof causes_of);
    memset(flat, 0, sizeof flat);
    memset(largest, 0, sizeof largest);
    memset(smallest, 0, sizeof smallest);
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (struct rg_lag_profile){.steps = LAGS,
                                           .lags = LAGS,
                                           .has_past = true,
                                           .reach = {.last = LAGS - 1, .rows = 4},
                                           .rows = 4,
                                           .layer = i / 2,
                                           .direction = i % 2,
                                           .n_matrices = 2,
                                           .matrices = {{.total = 3.0, .horizon = LAGS}, {.total = 4.0}},
                                           .delta_log10 = flat,
                                           .noise_hh = NAN,
                                           .end_log = NAN};
        causes_of[i].last = LAGS - 1;
        causes_of[i].log10_largest = largest[i];
        causes_of[i].log10_smallest = smallest[i];
    }
    profiles = (struct rg_lag_profiles){.layers = 2, .directions = 2, .items = items};
    causes = (struct rg_all_causes){.layers = 2, .directions = 2, .items = causes_of};
}

static void reach(size_t i, double p10, double median, double p90) {
    items[i].reach.p10 = p10;
    items[i].reach.median = median;
    items[i].reach.p90 = p90;
}

static enum rg_verdict_word word_of(double p10, double median, double p90) {
    struct rg_verdict v;
    reach(0, p10, median, p90);
    rg_verdict_on(&items[0], NULL, &v);
    ck_assert_int_eq(v.mixture, v.word == RG_MIXED ? RG_MIXED_SEQUENCES : RG_NOT_MIXED);
    ck_assert_int_eq(rg_verdict_asks_causes(&items[0]), v.word == RG_STABLE);
    return v.word;
}

/* Three decades are a verdict; six between sequences are none, unless all of them explode or vanish. */
START_TEST(words_of_the_reach) {
    static const struct {
        double p10, median, p90;
        enum rg_verdict_word word;
    } cases[] = {{0, 0, 0, RG_STABLE},           {2, 3, 4, RG_EXPLODING},     {2, 2.999, 4, RG_STABLE},
                 {-4, -3, -2, RG_VANISHING},     {-4, -2.999, -2, RG_STABLE}, {-3, 0, 3, RG_MIXED},
                 {-3, 0, 2.999, RG_STABLE},      {3, 6, 9, RG_EXPLODING},     {2.999, 6, 9, RG_MIXED},
                 {-9, -6, -3, RG_VANISHING},     {-9, -6, -2.999, RG_MIXED},  {3, 9, 20, RG_EXPLODING},
                 {2.999, 9, 8.998, RG_EXPLODING}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("%zu", i);
        ck_assert_int_eq(word_of(cases[i].p10, cases[i].median, cases[i].p90), cases[i].word);
    }
}
END_TEST

/* No verdict where no lag has a past, or where more than half of the sequences are dead. */
START_TEST(no_verdict) {
    items[0].reach.last = 0;
    ck_assert_int_eq(word_of(9, 9, 9), RG_NONE);
    items[0].reach.last = 1;
    items[0].reach.dead = 2;
    ck_assert_int_eq(word_of(9, 9, 9), RG_EXPLODING);
    items[0].reach.dead = 3;
    ck_assert_int_eq(word_of(9, 9, 9), RG_NONE);
    items[0].reach.dead = 0;
    items[0].overflow = true;
    ck_assert_int_eq(word_of(0, 0, 0), RG_EXPLODING);
}
END_TEST

START_TEST(numbers_of_a_verdict) {
    double falls[LAGS];
    struct rg_verdict v;
    for (size_t lag = 0; lag < LAGS; lag++) {
        falls[lag] = -0.25 * (double)lag;
    }
    items[3].delta_log10 = falls;
    items[3].reach.dead = 1;
    reach(3, -4.0, -2.25, 1.0);
    rg_verdict_on(&items[3], NULL, &v);
    ck_assert(v.layer == 1 && v.direction == 1 && v.part == 1.0 && !v.overflow);
    ck_assert(v.last == LAGS - 1 && v.sequences == 4 && v.dead == 1 && v.horizon == LAGS && v.lags == LAGS);
    ck_assert_double_eq_tol(v.decay, -0.25 * log(10.0), 1e-12);
    ck_assert_double_eq_tol(v.factor, pow(10.0, -0.25), 1e-12);
    ck_assert_double_eq_tol(v.half_life, log10(2.0) / 0.25, 1e-12);
    ck_assert_double_eq_tol(v.reach, pow(10.0, -2.25), 1e-15);
    ck_assert(v.log10_reach == -2.25 && v.spread == 5.0 && isnan(v.sensitivity));
    items[3].reach.dead = 4;
    rg_verdict_on(&items[3], NULL, &v);
    ck_assert_double_eq(v.spread, 0.0);
    for (int longer = 0; longer < 2; longer++) { /* a half-life of 100 times the lags, and one that is longer */
        for (size_t lag = 0; lag < LAGS; lag++) {
            falls[lag] = -log10(2.0) / (longer ? 1001.0 : 999.0) * (double)lag;
        }
        rg_verdict_on(&items[3], NULL, &v);
        ck_assert(longer ? isinf(v.half_life) : fabs(v.half_life - 999.0) < 1e-6);
    }
}
END_TEST

/* sum ||G_b||^2 of 4 sequences is (1 - n)/4 + n of ||G||^2; its root mean square over ||dL/dh|| ||h||, times sigma. */
START_TEST(sensitivity) {
    static const struct {
        double total, noise, end_log, sigma, wanted;
    } cases[] = {{8.0, NAN, 0.0, 0.0, 2.0}, {8.0, 0.0, 0.0, 3.0, 6.0}, {8.0, 1.0, 0.0, 0.0, 4.0},
                 {8.0, 4.0, 0.0, 0.0, 8.0}, {8.0, 0.0, 1.0, 0.0, 0.2}, {0.0, 0.0, 0.0, 1.0, NAN},
                 {8.0, 0.0, NAN, 1.0, NAN}, {8.0, 0.0, 0.0, 0.5, 1.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_verdict v;
        items[0].matrices[0].total = cases[i].total;
        items[0].noise_hh = cases[i].noise;
        items[0].end_log = cases[i].end_log;
        causes_of[0].sigma_hh = cases[i].sigma;
        rg_verdict_on(&items[0], &causes_of[0], &v);
        ck_assert_msg(isnan(cases[i].wanted) ? isnan(v.sensitivity) : fabs(v.sensitivity - cases[i].wanted) < 1e-12,
                      "case %zu: %g, expected %g", i, v.sensitivity, cases[i].wanted);
    }
}
END_TEST

/* What a stable gradient may be beside: directions that differ by three decades each way; a sensitivity of 50; a
 * horizon in the first half of the lags. */
START_TEST(words_of_stable_gradients) {
    struct rg_verdict v;
    for (int i = 0; i < 4; i++) {
        largest[0][LAGS - 1] = i & 1 ? 3.0 : 2.999;
        smallest[0][LAGS - 1] = i & 2 ? -3.0 : -2.999;
        rg_verdict_on(&items[0], &causes_of[0], &v);
        ck_assert_int_eq(v.word, i == 3 ? RG_MIXED : RG_STABLE);
        ck_assert_int_eq(v.mixture, i == 3 ? RG_MIXED_DIRECTIONS : RG_NOT_MIXED);
    }
    causes_of[0].last = 0;
    largest[0][0] = 3.0;
    smallest[0][0] = -3.0;
    rg_verdict_on(&items[0], &causes_of[0], &v);
    ck_assert_int_eq(v.word, RG_STABLE);
    items[0].end_log = 0.0;
    for (int i = 0; i < 2; i++) {
        items[0].matrices[0].total = i ? 4.0 * 50.1 : 4.0 * 49.9;
        rg_verdict_on(&items[0], NULL, &v);
        ck_assert_int_eq(v.word, i ? RG_SENSITIVE : RG_STABLE);
    }
    items[0].end_log = NAN;
    for (size_t horizon = 4; horizon <= 5; horizon++) {
        items[0].matrices[0].horizon = horizon;
        rg_verdict_on(&items[0], NULL, &v);
        ck_assert_int_eq(v.word, horizon == 4 ? RG_FADING : RG_STABLE);
    }
    items[0].matrices[0].horizon = 1;
    items[0].matrices[0].total = 0.0;
    rg_verdict_on(&items[0], NULL, &v);
    ck_assert_int_eq(v.word, RG_STABLE);
}
END_TEST

static struct rg_verdict on_net(void) {
    struct rg_verdict v;
    rg_verdict_on_net(&profiles, &causes, &v);
    return v;
}

/* The word that the largest part of the squared gradient has, by the direction that has most of it. */
START_TEST(a_net) {
    struct rg_verdict v = on_net();
    ck_assert(v.word == RG_STABLE && v.layer == 1 && v.direction == 1 && v.part == 0.25);
    items[1].matrices[0].total = 6.0;
    items[1].matrices[1].total = 8.0; /* twice the others' norms: 4 of 7 parts */
    reach(1, -4.0, -4.0, -4.0);
    v = on_net();
    ck_assert(v.word == RG_VANISHING && v.layer == 0 && v.direction == 1 && v.log10_reach == -4.0);
    ck_assert_double_eq_tol(v.part, 4.0 / 7.0, 1e-15);
    items[1].matrices[0].total = 3.0; /* norms 5, 8.54, 5, 5: 73 of 148 parts, less than the others together */
    v = on_net();
    ck_assert(v.word == RG_STABLE && v.layer == 1 && v.direction == 1);
    ck_assert_double_eq_tol(v.part, 25.0 / 148.0, 1e-15);
    items[3].has_past = false; /* it does not count */
    v = on_net();
    ck_assert(v.word == RG_VANISHING);
    ck_assert_double_eq_tol(v.part, 73.0 / 123.0, 1e-15);
    items[1].lags = 0;
    v = on_net();
    ck_assert(v.word == RG_STABLE && v.layer == 1 && v.direction == 0 && v.part == 0.5);
}
END_TEST

/* Layers of which one explodes and one vanishes: the larger part is told first. */
START_TEST(a_net_of_opposites) {
    reach(0, 5.0, 5.0, 5.0);
    reach(3, -4.0, -4.0, -4.0);
    struct rg_verdict v = on_net();
    ck_assert(v.word == RG_MIXED && v.mixture == RG_MIXED_LAYERS && v.layer == 0 && v.direction == 0);
    ck_assert(v.other_layer == 1 && v.other_direction == 1 && v.other_log10_reach == -4.0 && v.log10_reach == 5.0);
    items[3].matrices[1].total = 4.5;
    v = on_net();
    ck_assert(v.word == RG_MIXED && v.mixture == RG_MIXED_LAYERS && v.layer == 1 && v.direction == 1);
    ck_assert(v.other_layer == 0 && v.other_direction == 0 && v.other_log10_reach == 5.0 && v.log10_reach == -4.0);
}
END_TEST

START_TEST(a_net_without_a_gradient) {
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].matrices[0].total = items[i].matrices[1].total = 0.0;
    }
    struct rg_verdict v = on_net();
    ck_assert(v.word == RG_NONE && v.layer == 1 && v.direction == 0 && isnan(v.part));
    begin();
    items[1].matrices[0].total = INFINITY;
    reach(1, 5.0, 5.0, 5.0);
    v = on_net();
    ck_assert(v.word == RG_EXPLODING && v.layer == 0 && v.direction == 1 && v.part == 1.0);
    items[0].overflow = items[2].overflow = items[3].overflow = true;
    items[3].has_past = false;
    v = on_net();
    ck_assert(v.word == RG_EXPLODING && v.overflow && v.layer == 1 && v.direction == 0 && v.part == 1.0);
}
END_TEST

TEST_MAIN("verdict_words") {
    TCase *const tests = add_tests(suite, "verdict_words");
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, words_of_the_reach);
    tcase_add_test(tests, no_verdict);
    tcase_add_test(tests, numbers_of_a_verdict);
    tcase_add_test(tests, sensitivity);
    tcase_add_test(tests, words_of_stable_gradients);
    tcase_add_test(tests, a_net);
    tcase_add_test(tests, a_net_of_opposites);
    tcase_add_test(tests, a_net_without_a_gradient);
}
