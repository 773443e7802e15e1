/* The sentence of the verdict, for every verdict beside every lag from which on the gradient is noise: no two parts of
 * it contradict each other. */
#include <math.h>
#include <stdint.h>

#include "cli/report/screen.h"
#include "suite.h"

enum { LAGS = 12, RANGES = 4, N_WORDS = RG_STABLE + 1, N_FROM = RANGES + 1, N_REACH = 3 };
static const double reaches[N_REACH] = {-2.0, 0.0, 2.0};

/* A profile whose gradient is noise from range `from` on; RANGES: nowhere. */
static void make_profile(size_t from, struct rg_lag_profile *p) {
    *p = (struct rg_lag_profile){.steps = LAGS, .lags = LAGS, .has_past = true, .rows = 8, .probe = LAGS};
    p->statistics.lack = RG_STATISTICS_WHOLE;
    p->statistics.n_ranges = RANGES;
    for (size_t i = 0; i < RANGES; i++) {
        const size_t first = i * LAGS / RANGES;
        p->statistics.ranges[i] = (struct rg_lag_range){first, first + LAGS / RANGES - 1};
        p->matrix_statistics[RG_LAG_HH].chance[i] = i < from ? 0.0 : 1.0;
    }
}

START_TEST(parts_agree) {
    const enum rg_verdict_word word = (enum rg_verdict_word)(_i % N_WORDS);
    const size_t from = (size_t)(_i / N_WORDS % N_FROM);
    static double log10_norms[LAGS];
    struct rg_lag_profile profile;
    struct rg_lag_profiles profiles = {.layers = 1, .directions = 1, .items = &profile};
    struct rg_diagnosis d = {.profiles = &profiles, .profile = &profile};
    char text[900];
    make_profile(from, &profile);
    profile.delta_log10 = log10_norms;
    d.verdict = (struct rg_verdict){.word = word,
                                    .part = 1.0,
                                    .log10_reach = reaches[_i / N_WORDS / N_FROM],
                                    .last = LAGS - 1,
                                    .sequences = 8,
                                    .decay = 0.0,
                                    .factor = 1.0,
                                    .horizon = LAGS,
                                    .lags = LAGS};
    rg_verdict_sentence(&d, text, sizeof text);
    test_case("%s", text);
    const char *const noise = strstr(text, "told from noise"), *const far = strstr(text, "comes far back");
    ck_assert(strncmp(text, rg_verdict_names[word], strlen(rg_verdict_names[word])) == 0);
    ck_assert_msg((noise != NULL) == (from < RANGES && word != RG_NONE), "noise and sentence differ");
    ck_assert_msg(!noise || !strstr(noise + 1, "told from noise"), "it says so twice");
    if (far && from <= RANGES / 2) { /* its older half is noise */
        ck_assert_msg(strstr(text, "in each sequence the gradient comes far back") != NULL,
                      "it comes far, and does not");
        ck_assert_msg(noise < strstr(text, ". "), "the first sentence leaves out that it is noise");
    }
    if (word == RG_STABLE) {
        ck_assert((strstr(text, "it becomes weaker") != NULL) == (d.verdict.log10_reach < -1.0));
        ck_assert((strstr(text, "it becomes stronger") != NULL) == (d.verdict.log10_reach > 1.0));
    }
}
END_TEST

/* What the sentence names for each set of ranges that the table marks as noise. Range i holds lags 3 i to 3 i + 2. Bit
 * i of the index says that range i is marked. */
static const char *const named[1 << RANGES] = {
    [1] = "What comes from lags 0 to 2 cannot",
    [2] = "What comes from lags 3 to 5 cannot",
    [3] = "What comes from lags 0 to 5 cannot",
    [4] = "What comes from lags 6 to 8 cannot",
    [5] = "What comes from lags 0 to 2 and 6 to 8 cannot",
    [6] = "What comes from lags 3 to 8 cannot",
    [7] = "What comes from lags 0 to 8 cannot",
    [8] = "What comes from lags 9 and more cannot",
    [9] = "What comes from lags 0 to 2, and 9 and more cannot",
    [10] = "What comes from lags 3 to 5, and 9 and more cannot",
    [11] = "What comes from lags 0 to 5, and 9 and more cannot",
    [12] = "What comes from lags 6 and more cannot",
    [13] = "What comes from lags 0 to 2, and 6 and more cannot",
    [14] = "What comes from lags 3 and more cannot",
    [15] = "At no lag can the gradient of weight_hh be told",
};

START_TEST(all_noise_is_named) {
    static double log10_norms[LAGS];
    const size_t mask = (size_t)_i;
    struct rg_lag_profile profile;
    struct rg_lag_profiles profiles = {.layers = 1, .directions = 1, .items = &profile};
    struct rg_diagnosis d = {.profiles = &profiles, .profile = &profile};
    char text[900];
    make_profile(RANGES, &profile);
    for (size_t i = 0; i < RANGES; i++) {
        profile.matrix_statistics[RG_LAG_HH].chance[i] = mask >> i & 1 ? 1.0 : 0.0;
    }
    profile.delta_log10 = log10_norms;
    d.verdict = (struct rg_verdict){
        .word = RG_VANISHING, .last = LAGS - 1, .sequences = 8, .factor = 1.0, .horizon = 5, .lags = LAGS};
    rg_verdict_sentence(&d, text, sizeof text);
    test_case("%s", text);
    ck_assert(named[mask] ? strstr(text, named[mask]) != NULL : !strstr(text, "noise"));
    profile.matrix_statistics[RG_LAG_HH].chance[RANGES - 1] = NAN; /* no gradient: neither noise nor signal */
    rg_verdict_sentence(&d, text, sizeof text);
    ck_assert(!strstr(text, " to 11"));
    ck_assert((strstr(text, "noise") != NULL) == ((mask & 7) != 0));
    ck_assert((strstr(text, "and more") != NULL) == ((mask & 4) != 0 && (mask & 7) != 7));
}
END_TEST

/* A sentence of its own says "because the gradient both falls and grows" where the gradient does both, so that the
 * fitted factor does not show how much arrives. Elsewhere it does not say so. */
START_TEST(factor_is_explained) {
    static const struct {
        double norms[LAGS];
        double decay, reach;
        bool explained;
    } cases[] = {
        {{0, -1, -1, -1, -0.5, 0, 0, 0.5, 0.5, 0.5, 0, -3}, 0.001, -3.0, true},
        {{0, -0.1, -0.2, -0.3, -0.4, -0.5, -0.6, -0.7, -0.8, -0.9, -1, -3}, -0.3, -3.0, false}, /* falls alone */
        {{0, -1, -1, -1, -0.5, 0, 0, 0.5, 0.5, 0.5, 0, -3}, -0.5, -3.0, false},                 /* the factor says it */
        {{0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, -1}, 0.2, -1.0, true},
    };
    static double log10_norms[LAGS];
    struct rg_lag_profile profile;
    struct rg_lag_profiles profiles = {.layers = 1, .directions = 1, .items = &profile};
    struct rg_diagnosis d = {.profiles = &profiles, .profile = &profile};
    char text[900];
    make_profile(RANGES, &profile);
    for (size_t i = 0; i < LAGS; i++) {
        log10_norms[i] = cases[_i].norms[i];
    }
    profile.delta_log10 = log10_norms;
    d.verdict = (struct rg_verdict){.word = RG_VANISHING,
                                    .last = LAGS - 1,
                                    .sequences = 8,
                                    .decay = cases[_i].decay,
                                    .factor = exp(cases[_i].decay),
                                    .log10_reach = cases[_i].reach,
                                    .horizon = 5,
                                    .lags = LAGS};
    rg_verdict_sentence(&d, text, sizeof text);
    test_case("%s", text);
    ck_assert((strstr(text, "give the gradient of weight_hh within 10 %. The factor does not say how much arrives, "
                            "because the gradient both falls and grows on the way.") != NULL) == cases[_i].explained);
    d.verdict.factor = d.verdict.decay = NAN; /* there is no factor to explain */
    rg_verdict_sentence(&d, text, sizeof text);
    ck_assert(!strstr(text, "falls and grows"));
}
END_TEST

/* A gradient that has only a few steps to go back does not come from far. */
START_TEST(a_few_steps_are_not_far) {
    static const struct {
        enum rg_verdict_word word;
        size_t last, steps, measured, stride;
        const char *begin;
    } cases[] = {
        {RG_STABLE, 1, 2, 2, 1, "STABLE: the gradient comes all the way back in time. The gradient 1 step back is "},
        {RG_STABLE, 3, 4, 4, 1, "STABLE: the gradient comes all the way back in time. The gradient 3 steps back is "},
        {RG_STABLE, 4, 5, 5, 1, "STABLE: the gradient comes far back in time. The gradient 4 steps back is "},
        {RG_FADING, 2, 3, 3, 1,
         "FADING: the gradient comes all the way back in time, but distant steps count for little. "},
        {RG_SENSITIVE, 2, 3, 3, 1,
         "SENSITIVE: the gradient comes all the way back in time, but a small change of the weights changes the "
         "state a lot. "},
        {RG_STABLE, 3, 9, 4, 1, "STABLE: the gradient comes 3 steps back in time. "}, /* of 8 that there are */
        {RG_STABLE, 1, 9, 2, 1, "STABLE: the gradient comes 1 step back in time. "},
        {RG_STABLE, 2, 4, 4, 2, "STABLE: the gradient comes 2 steps back in time. "}, /* a skip passes by the first */
        {RG_VANISHING, 2, 3, 3, 1, "VANISHING: on its way back in time the gradient all but disappears"},
    };
    static double log10_norms[LAGS];
    struct rg_lag_profile profile;
    struct rg_lag_profiles profiles = {.layers = 1, .directions = 1, .items = &profile};
    struct rg_diagnosis d = {.profiles = &profiles, .profile = &profile};
    char text[900];
    make_profile(RANGES, &profile);
    profile.steps = profile.probe = cases[_i].steps;
    profile.lags = cases[_i].measured;
    profile.stride = cases[_i].stride;
    profile.delta_log10 = log10_norms;
    d.verdict = (struct rg_verdict){.word = cases[_i].word,
                                    .last = cases[_i].last,
                                    .sequences = 8,
                                    .decay = NAN,
                                    .factor = NAN,
                                    .horizon = 1,
                                    .lags = cases[_i].measured};
    rg_verdict_sentence(&d, text, sizeof text);
    test_case("%s", text);
    ck_assert(strncmp(text, cases[_i].begin, strlen(cases[_i].begin)) == 0);
}
END_TEST

/* Where a skip passes by every lag that was measured, the sentence says whether longer ones were left out. */
START_TEST(skips_that_reach_no_lag) {
    static const struct {
        size_t probe, lags, stride;
        const char *what;
    } cases[] = {
        {9, 4, 4, "the first lag that the skip of 4 steps reaches is not among the 4 that were measured"},
        {9, 4, 5, "the first lag that the skip of 5 steps reaches is not among the 4 that were measured"},
        {4, 4, 4, "no sequence is longer than the skip of 4 steps"},
        {9, 4, 3, "no sequence is longer than the skip of 3 steps"},
    };
    static double log10_norms[LAGS];
    struct rg_lag_profile profile;
    struct rg_lag_profiles profiles = {.layers = 1, .directions = 1, .items = &profile};
    struct rg_diagnosis d = {.profiles = &profiles, .profile = &profile};
    char text[900];
    make_profile(RANGES, &profile);
    profile.probe = cases[_i].probe;
    profile.lags = cases[_i].lags;
    profile.stride = cases[_i].stride;
    profile.delta_log10 = log10_norms;
    d.verdict = (struct rg_verdict){.word = RG_NONE, .sequences = 8, .decay = NAN, .factor = NAN, .horizon = 1};
    rg_verdict_sentence(&d, text, sizeof text);
    ck_assert_msg(strstr(text, cases[_i].what) != NULL, "%s", text);
}
END_TEST

TEST_MAIN("sentence") {
    TCase *tests = add_tests(suite, "sentence");
    tcase_add_loop_test(tests, parts_agree, 0, N_WORDS * N_FROM * N_REACH);
    tcase_add_loop_test(tests, all_noise_is_named, 0, 1 << RANGES);
    tcase_add_loop_test(tests, a_few_steps_are_not_far, 0, 9);
    tcase_add_loop_test(tests, factor_is_explained, 0, 4);
    tcase_add_loop_test(tests, skips_that_reach_no_lag, 0, 4);
}
