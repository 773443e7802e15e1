/* Nets made for a verdict: what their gradient by lag must say, also beyond the range of doubles. */
#include <math.h>
#include <string.h>

#include "gradient/terms.h"
#include "gradient/verdict.h"
#include "profile_subject.h"

/* Linear, W_hh = rho times a cyclic permutation: ||delta_t|| = rho^(T-t) ||delta_T||, far beyond a double's range. */
START_TEST(rotations_keep_their_rate) {
    static const float rates[] = {0.25f, 0.9f, 1.0f, 1.1f, 4.0f};
    enum { STEPS = 1000, HIDDEN = 5 };
    const double rate = (double)rates[_i];
    const struct rg_exercise_form form = {.sizes = {3, STEPS, 2, HIDDEN, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = zeros(&form);
    float *const w = weights_of(&s, RG_ROLE_WEIGHT_HH);
    for (size_t j = 0; j < HIDDEN; j++) {
        w[j * HIDDEN + (j + 1) % HIDDEN] = rates[_i];
        head_of(&s)[j] = (float)j;
    }
    measure(&s, devices[0], 3, 0, 0);
    const struct rg_lag_profile *const p = rg_lag_profile_of(s.profiles, 0, 0);
    struct rg_verdict verdict;
    rg_verdict_on(p, NULL, &verdict);
    for (size_t lag = 0; lag < STEPS; lag++) {
        const double wanted = p->delta_log10[0] + (double)lag * log10(rate);
        ck_assert_msg(fabs(p->delta_log10[lag] - wanted) < 1e-9, "lag %zu: %.12g, expected %.12g", lag,
                      p->delta_log10[lag], wanted);
    }
    ck_assert(fabs(verdict.factor - rate) < 1e-9 && fabs(verdict.decay - log(rate)) < 1e-9 &&
              fabs(verdict.log10_reach - 999.0 * log10(rate)) < 1e-8);
    ck_assert_int_eq(verdict.word, rate < 1.0 ? RG_VANISHING : rate > 1.0 ? RG_EXPLODING : RG_STABLE);
    forget(&s);
}
END_TEST

/* Half of the sequences saturate the one unit, the others never touch it. */
START_TEST(sequences_that_disagree_are_mixed) {
    const struct rg_exercise_form form = {.sizes = {10, 50, 1, 1, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_TANH}};
    struct subject s = zeros(&form);
    weights_of(&s, RG_ROLE_WEIGHT_HH)[0] = 1.0f;
    weights_of(&s, RG_ROLE_WEIGHT_IH)[0] = 1.0f;
    head_of(&s)[0] = 1.0f;
    for (size_t i = 0; i < 10 * 50; i++) {
        s.exercise->data.x_float[i] = i / 50 % 2 ? 2.0f : 0.0f;
    }
    measure(&s, devices[0], 10, 0, 0);
    struct rg_verdict verdict;
    rg_verdict_on(rg_lag_profile_of(s.profiles, 0, 0), NULL, &verdict);
    ck_assert_int_eq(verdict.word, RG_MIXED);
    ck_assert(verdict.spread > 6.0);
    forget(&s);
}
END_TEST

/* W_hh = [[.9, 20], [0, .9]] has the spectral radius .9, and what it does to a gradient first grows. */
START_TEST(growth_on_the_way_is_sensitive) {
    const struct rg_exercise_form form = {.sizes = {2, 60, 1, 2, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = zeros(&form);
    const float w[] = {0.9f, 20.0f, 0.0f, 0.9f};
    memcpy(weights_of(&s, RG_ROLE_WEIGHT_HH), w, sizeof w);
    weights_of(&s, RG_ROLE_WEIGHT_IH)[1] = 1.0f;
    head_of(&s)[0] = 1.0f;
    for (size_t i = 0; i < 2 * 60; i++) {
        s.exercise->data.x_float[i] = 1.0f;
    }
    measure(&s, devices[0], 2, 0, 0);
    struct rg_verdict verdict;
    rg_verdict_on(rg_lag_profile_of(s.profiles, 0, 0), NULL, &verdict);
    ck_assert_int_eq(verdict.word, RG_SENSITIVE);
    ck_assert(verdict.sensitivity > 50.0);
    forget(&s);
}
END_TEST

/* The verdict rests on the growth from the loss to the furthest lag, 1,000 at every length. */
START_TEST(growth_by_a_thousand_at_any_length) {
    static const size_t lengths[] = {2, 3, 5, 10, 30, 100};
    static const double growths[] = {900.0, 1100.0, 1.0 / 900.0, 1.0 / 1100.0};
    const size_t steps = lengths[_i / 4];
    const double growth = growths[_i % 4];
    const struct rg_exercise_form form = {.sizes = {3, steps, 1, 1, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = zeros(&form);
    weights_of(&s, RG_ROLE_WEIGHT_HH)[0] = (float)pow(growth, 1.0 / (double)(steps - 1));
    head_of(&s)[0] = 1.0f;
    measure(&s, devices[0], 3, 0, 0);
    struct rg_verdict j;
    rg_verdict_on(rg_lag_profile_of(s.profiles, 0, 0), NULL, &j);
    ck_assert(fabs(j.log10_reach - log10(growth)) < 1e-4 && j.last == steps - 1);
    ck_assert_int_eq(j.word, growth > 1000.0 ? RG_EXPLODING : growth < 1.0 / 1000.0 ? RG_VANISHING : RG_STABLE);
    forget(&s);
}
END_TEST

/* relu: so many of 16 sequences end up dead. */
START_TEST(dead_sequences_are_no_stability) {
    static const size_t deads[] = {1, 5, 12, 16};
    enum { STEPS = 20 };
    const struct rg_exercise_form form = {.sizes = {16, STEPS, 1, 1, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_RELU}};
    struct subject s = zeros(&form);
    weights_of(&s, RG_ROLE_WEIGHT_HH)[0] = 1.0f;
    weights_of(&s, RG_ROLE_WEIGHT_IH)[0] = 1.0f;
    head_of(&s)[0] = 1.0f;
    for (size_t i = 0; i < 16 * STEPS; i++) { /* the state is 0 before the last step, where it is alive again */
        const bool dies = i / STEPS < deads[_i];
        s.exercise->data.x_float[i] = i % STEPS + 1 == STEPS || !dies ? 1.0f : -1.0f;
    }
    measure(&s, devices[0], 16, 0, 0);
    struct rg_verdict j;
    rg_verdict_on(rg_lag_profile_of(s.profiles, 0, 0), NULL, &j);
    ck_assert_uint_eq(j.dead, deads[_i]);
    ck_assert_uint_eq(j.sequences, 16);
    ck_assert_int_eq(j.word, 2 * deads[_i] > 16 ? RG_NONE : deads[_i] == 1 ? RG_STABLE : RG_MIXED);
    rg_verdict_on_net(s.profiles, NULL, &j);
    ck_assert_int_eq(j.word, 2 * deads[_i] > 16 ? RG_NONE : deads[_i] == 1 ? RG_STABLE : RG_MIXED);
    forget(&s);
}
END_TEST

/* No gradient at all, and no step back: neither is stable. */
START_TEST(no_gradient_is_no_stability) {
    const struct rg_exercise_form form = {.sizes = {3, _i == 0 ? 12 : 1, 1, 3, 1, RG_LOSS_MSE, false}};
    struct subject s = make(&form);
    struct rg_verdict j;
    if (_i == 0) {
        memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
    }
    measure(&s, devices[0], 3, 0, 0);
    rg_verdict_on_net(s.profiles, NULL, &j);
    ck_assert_int_eq(j.word, RG_NONE);
    ck_assert(isnan(j.decay) && isinf(j.half_life));
    forget(&s);
}
END_TEST

/* Layer 0 explodes under a layer that vanishes; by its part of the gradient it is what is shown. */
START_TEST(layers_that_disagree_are_mixed) {
    enum { STEPS = 40 };
    const struct rg_exercise_form form = {.sizes = {2, STEPS, 1, 1, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR, .layers = 2}};
    struct subject s = zeros(&form);
    struct rg_model *const model = s.exercise->model;
    rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_HH))[0] = 1.4f;
    rg_model_values(model, rg_model_parameter(model, 1, 0, RG_ROLE_WEIGHT_HH))[0] = 0.5f;
    rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_IH))[0] = 1.0f;
    rg_model_values(model, rg_model_parameter(model, 1, 0, RG_ROLE_WEIGHT_IH))[0] = 1.0f;
    head_of(&s)[0] = 1.0f;
    for (size_t i = 0; i < 2 * STEPS; i++) {
        s.exercise->data.x_float[i] = 1.0f;
    }
    measure(&s, devices[0], 2, 0, 0);
    struct rg_verdict j;
    rg_verdict_on_net(s.profiles, NULL, &j);
    ck_assert_int_eq(j.word, RG_MIXED);
    ck_assert_int_eq(j.mixture, RG_MIXED_LAYERS);
    ck_assert(j.log10_reach * j.other_log10_reach < 0.0 && j.layer != j.other_layer && j.part >= 0.5);
    forget(&s);
}
END_TEST

TEST_MAIN("known_verdicts") {
    TCase *const verdicts = add_tests(suite, "known_verdicts");
    tcase_add_unchecked_fixture(verdicts, open_devices, close_devices);
    tcase_add_loop_test(verdicts, rotations_keep_their_rate, 0, 5);
    tcase_add_test(verdicts, sequences_that_disagree_are_mixed);
    tcase_add_test(verdicts, growth_on_the_way_is_sensitive);
    tcase_add_loop_test(verdicts, growth_by_a_thousand_at_any_length, 0, 24);
    tcase_add_loop_test(verdicts, dead_sequences_are_no_stability, 0, 4);
    tcase_add_loop_test(verdicts, no_gradient_is_no_stability, 0, 2);
    tcase_add_test(verdicts, layers_that_disagree_are_mixed);
}
