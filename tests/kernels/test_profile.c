/* The lag profile: gates, sums, a probed loss, numbers beyond a double's range, verdicts of nets made for them. That
 * every matrix of every cell matches PyTorch is in test_fixtures.c. */
#include <math.h>
#include <string.h>

#include "executions.h"
#include "gradient/sample.h"
#include "gradient/verdict.h"
#include "selftest/checks.h"
#include "train/source.h"

static struct rg_device *devices[N_KINDS];

/* An exercise and its profile. */
struct subject {
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    struct rg_lag_profiles *profiles;
};

static struct subject make(const struct rg_exercise_form *form) {
    struct subject s = {0};
    expect_ok(rg_exercise_create(form, &s.exercise), "exercise");
    rg_exercise_fill(s.exercise, 11);
    return s;
}

/* The first `rows` sequences, with the exercise's numbers as they stand; `memory`: of the plan. */
static void measure(struct subject *s, struct rg_device *device, size_t rows, size_t probe, uint64_t memory) {
    struct rg_exercise *const e = s->exercise;
    struct rg_engine_options options = rg_exercise_options(e);
    options.plan.memory = memory;
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &s->source), "source");
    expect_ok(rg_engine_create(device, e->model, &options, &s->engine), "engine");
    const struct rg_lag_options lags = {.rows = rows, .probe = probe};
    expect_ok(rg_lag_measure(s->engine, &s->source->source, 0, &lags, &s->profiles), "profile");
}

static void forget(struct subject *s) {
    rg_lag_profiles_destroy(s->profiles);
    rg_engine_destroy(s->engine);
    rg_data_source_destroy(s->source);
    rg_exercise_destroy(s->exercise);
}

static const struct rg_exercise_form forms[] = {
    {.sizes = {9, 7, 3, 5, 2, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM, .layers = 2}},
    {.sizes = {9, 6, 2, 33, 2, RG_LOSS_CE, false}, .net = {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true}},
    {.sizes = {9, 9, 2, 4, 1, RG_LOSS_BCE, true}, .net = {.cell = RG_CELL_GRU, .skip = 3}},
    {.sizes = {40, 9, 2, 17, 1, RG_LOSS_MSE, false},
     .net = {.activation = RG_ACT_SOFTPLUS, .skip = 2, .skip_kind = RG_SKIP_DILATED}},
    {.sizes = {9, 9, 2, 4, 1, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM, .skip = 3}, .initial = true},
    {.sizes = {1, 5, 1, 1, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_LSTM}},
};
enum { N_FORMS = sizeof forms / sizeof *forms };

/* One gate of a matrix, or the whole of it, against the reference's terms; and what holds whatever the numbers. */
static void expect_part(const struct subject *s, const struct rg_lag_terms *terms, size_t parameter, size_t first,
                        size_t n, double tolerance) {
    const struct rg_exercise *const e = s->exercise;
    const size_t steps = e->sizes.steps;
    double *const term = numbers(e->model->arena, sizeof *term);
    const double *const gradient = e->result->gradient[parameter] + first, whole = ref_norm(gradient, n);
    double shares = 0.0, along = 0.0;
    for (size_t lag = 0; lag < steps; lag++) {
        ref_lag_term(e->reference, &e->batch, e->result, parameter, lag, term);
        const double norm = ref_norm(term + first, n);
        ck_assert_msg(fabs(terms->norm[lag] - norm) <= tolerance * whole, "lag %zu: norm %.9g, expected %.9g", lag,
                      terms->norm[lag], norm);
        ck_assert(norm == 0.0 || fabs(terms->log10_norm[lag] - log10(terms->norm[lag])) < 1e-12);
        shares += terms->share[lag];
        along += terms->norm[lag] * terms->cosine[lag];
    }
    ck_assert_msg(whole == 0.0 || fabs(shares - 1.0) < 1e-12, "the shares sum to %.17g", shares);
    ck_assert_msg(fabs(terms->total - whole) <= tolerance * whole, "norm %.9g, expected %.9g", terms->total, whole);
    ck_assert(fabs(along - terms->total) <= 1e-12 * whole);
    ck_assert(terms->error[steps - 1] < 1e-14);
    free(term);
}

static void expect_profile(const struct subject *s, size_t layer, size_t direction) {
    static const enum ref_role roles[] = {REF_ROLE_WEIGHT_HH, REF_ROLE_WEIGHT_IH, REF_ROLE_WEIGHT_SH};
    const struct rg_exercise *const e = s->exercise;
    const struct rg_lag_profile *const p = rg_lag_profile_of(s->profiles, layer, direction);
    const struct rg_exercise_form form = {.sizes = e->sizes, .net = {.layers = e->model->shape.layers}};
    const double tolerance = 2.0 * rg_tolerance_backward(s->engine->device, &form);
    const size_t n_roles = sizeof roles / sizeof *roles;
    ck_assert_uint_le(p->n_matrices, n_roles);
    for (size_t m = 0; m < p->n_matrices && m < n_roles; m++) {
        const size_t parameter = ref_parameter_at(e->reference, layer, direction, roles[m]);
        const size_t n = ref_parameter_elements(e->reference, parameter);
        expect_part(s, &p->matrices[m], parameter, 0, n, tolerance);
        for (size_t g = 0; p->n_gates > 1 && g < p->n_gates; g++) {
            expect_part(s, &p->gates[m][g], parameter, g * n / p->n_gates, n / p->n_gates, tolerance);
        }
    }
    for (size_t lag = 0; lag < p->steps; lag++) {
        for (size_t q = 0; q + 1 < RG_N_QUANTILES; q++) {
            ck_assert(!(p->delta_quantiles[q][lag] > p->delta_quantiles[q + 1][lag]));
        }
        const double most = p->delta_quantiles[RG_MAX][lag];
        ck_assert(!(most > p->delta_log10[lag] + 1e-12));
        ck_assert(e->sizes.batch > 1 || fabs(most - p->delta_log10[lag]) < 1e-12);
    }
}

START_TEST(gates_and_sums) {
    struct rg_device *const device = devices[_i / N_FORMS];
    if (!device) {
        return;
    }
    struct subject s = make(&forms[_i % N_FORMS]);
    measure(&s, device, s.exercise->sizes.batch, 0, 0);
    ref_gradient(s.exercise->reference, &s.exercise->batch, s.exercise->result);
    for (size_t l = 0; l < s.profiles->layers; l++) {
        for (size_t d = 0; d < s.profiles->directions; d++) {
            expect_profile(&s, l, d);
        }
    }
    forget(&s);
}
END_TEST

/* A sample of all sequences is the profile, to a float's precision. */
static void expect_sampled(const struct subject *s, const struct rg_sampled *sampled, const struct rg_lag_terms *terms,
                           size_t steps) {
    double shares = 0.0;
    ck_assert_uint_eq(sampled->parameter, terms->parameter);
    ck_assert(fabs(sampled->total - terms->total) <= 1e-5 * terms->total);
    for (size_t lag = 0; lag < steps; lag++) {
        const double norm = pow(10.0, sampled->log10_norm[lag]);
        shares += sampled->share[lag];
        ck_assert_msg(fabs(norm - terms->norm[lag]) <= 1e-5 * terms->total, "lag %zu: norm %.9g, expected %.9g", lag,
                      norm, terms->norm[lag]);
        ck_assert_msg(terms->norm[lag] == 0.0 || s->exercise->data.lengths ||
                          fabs(sampled->log10_norm[lag] - terms->log10_norm[lag]) < 1e-3,
                      "lag %zu: %.9g, expected %.9g", lag, sampled->log10_norm[lag], terms->log10_norm[lag]);
        ck_assert(fabs(sampled->share[lag] - terms->share[lag]) <= 1e-5);
        ck_assert(fabs(sampled->cosine[lag] - terms->cosine[lag]) * terms->norm[lag] <= 1e-5 * terms->total);
    }
    ck_assert(terms->total == 0.0 || fabs(shares - 1.0) < 1e-12);
}

static void sample(struct subject *s, size_t probe) {
    struct rg_lag_sampler *sampler = NULL;
    expect_ok(rg_lag_sampler_create(s->engine, &s->source->source, probe, &sampler), "sampler");
    ck_assert_uint_eq(sampler->rows, s->exercise->sizes.batch);
    for (int again = 0; again < 2; again++) {
        expect_ok(rg_lag_sampler_measure(sampler, 0), "sample");
        for (size_t i = 0; i < sampler->n_sampled; i++) {
            const struct rg_sampled *const sampled = &sampler->sampled[i];
            const struct rg_lag_profile *const p = rg_lag_profile_of(s->profiles, sampled->layer, sampled->direction);
            expect_sampled(s, sampled, &p->matrices[i % sampler->each], p->steps);
        }
    }
    rg_lag_sampler_destroy(sampler);
}

START_TEST(samples_are_the_profile) {
    struct rg_device *const device = devices[_i / N_FORMS];
    if (!device) {
        return;
    }
    struct subject s = make(&forms[_i % N_FORMS]);
    measure(&s, device, s.exercise->sizes.batch, 0, 0);
    sample(&s, 0);
    forget(&s);
}
END_TEST

/* Rates whose far end a float could not hold as it stands; and a probed step. */
START_TEST(samples_keep_to_the_range) {
    static const struct rg_exercise_form far[] = {
        {.sizes = {3, 66, 2, 4, 1, RG_LOSS_MSE, false}, .net = {.activation = RG_ACT_SIGMOID}},
        {.sizes = {3, 60, 2, 4, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_GRU, .layers = 2}},
        {.sizes = {3, 20, 2, 4, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_LSTM, .target = RG_TARGET_STEPS}}};
    struct subject s = make(&far[_i]);
    const size_t probe = _i == 2 ? 11 : 0;
    measure(&s, devices[0], 3, probe, 0);
    sample(&s, probe);
    ck_assert(_i != 0 || rg_lag_profile_of(s.profiles, 0, 0)->delta_norm[65] < 1e-45);
    forget(&s);
}
END_TEST

/* A batch in chunks gives the same bits; fewer sequences give their own profile, which is scaled as the batch's. */
START_TEST(chunks_change_nothing) {
    const struct rg_exercise_form form = {.sizes = {40, 30, 2, 17, 1, RG_LOSS_MSE, false},
                                          .net = {.cell = RG_CELL_LSTM, .layers = 2}};
    struct subject whole = make(&form), cut = make(&form);
    measure(&whole, devices[0], 40, 0, 0);
    const struct rg_plan *const p = &whole.engine->plan;
    measure(&cut, devices[0], 40, 0, p->fixed_bytes + 20 * p->row_bytes);
    ck_assert_uint_lt(cut.engine->plan.chunk, 40);
    for (size_t l = 0; l < 2; l++) {
        const struct rg_lag_profile *const a = rg_lag_profile_of(whole.profiles, l, 0);
        const struct rg_lag_profile *const b = rg_lag_profile_of(cut.profiles, l, 0);
        for (size_t lag = 0; lag < 30; lag++) {
            ck_assert(fabs(a->matrices[0].norm[lag] - b->matrices[0].norm[lag]) <= 1e-14 * a->matrices[0].total);
            ck_assert(fabs(a->matrices[0].share[lag] - b->matrices[0].share[lag]) <= 1e-14);
            ck_assert(fabs(a->delta_norm[lag] - b->delta_norm[lag]) <= 1e-14 * a->delta_norm[0]);
            ck_assert_double_eq(a->delta_quantiles[RG_MEDIAN][lag], b->delta_quantiles[RG_MEDIAN][lag]);
        }
        ck_assert(fabs(a->noise - b->noise) <= 1e-12 * a->noise);
    }
    forget(&whole);
    forget(&cut);
}
END_TEST

/* A loss at every step whose errors are zero but at one: the reference's gradient is then that of the probe. */
START_TEST(probe_takes_one_step_of_the_loss) {
    enum { STEPS = 11, PROBE = 7, BATCH = 5 };
    const struct rg_exercise_form form = {.sizes = {BATCH, STEPS, 2, 6, 1, RG_LOSS_MSE, false},
                                          .net = {.cell = (enum rg_cell)_i, .target = RG_TARGET_STEPS, .layers = 2}};
    struct subject s = make(&form);
    struct rg_exercise *const e = s.exercise;
    measure(&s, devices[0], BATCH, PROBE, 0);
    ref_gradient(e->reference, &e->batch, e->result);
    for (size_t i = 0; i < BATCH * STEPS; i++) {
        e->y[i] = i % STEPS + 1 == PROBE ? e->y[i] : e->result->output[i];
    }
    ref_forward_backward(e->reference, &e->batch, e->result);
    for (size_t l = 0; l < 2; l++) {
        const struct rg_lag_profile *const p = rg_lag_profile_of(s.profiles, l, 0);
        const struct ref_lags *const wanted = &e->result->traces[l].lags[REF_ROLE_WEIGHT_HH];
        ck_assert_uint_eq(p->probe, PROBE);
        for (size_t lag = 0; lag < STEPS; lag++) {
            const size_t tau = lag + STEPS - PROBE;
            const double norm = tau < STEPS ? wanted->norm[tau] : 0.0, share = tau < STEPS ? wanted->share[tau] : 0.0;
            ck_assert_msg(fabs(p->matrices[0].norm[lag] - norm) <= 1e-5 * p->matrices[0].total, "lag %zu", lag);
            ck_assert(fabs(p->matrices[0].share[lag] - share) <= 1e-5);
        }
    }
    forget(&s);
}
END_TEST

/* A net of one layer whose weights are all zero. */
static struct subject zeros(const struct rg_exercise_form *form) {
    struct subject s = make(form);
    memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
    return s;
}

static float *weights_of(const struct subject *s, enum rg_role role) {
    return rg_model_values(s->exercise->model, rg_model_parameter(s->exercise->model, 0, 0, role));
}

static float *head_of(const struct subject *s) {
    return rg_model_values(s->exercise->model, rg_model_head_weight(s->exercise->model));
}

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
    struct rg_judgement judgement;
    rg_lag_judge(p, &judgement);
    for (size_t lag = 0; lag < STEPS; lag++) {
        const double wanted = p->delta_log10[0] + (double)lag * log10(rate);
        ck_assert_msg(fabs(p->delta_log10[lag] - wanted) < 1e-9, "lag %zu: %.12g, expected %.12g", lag,
                      p->delta_log10[lag], wanted);
    }
    ck_assert(fabs(judgement.decay - rate) < 1e-9 && fabs(judgement.log10_reach - 999.0 * log10(rate)) < 1e-8);
    ck_assert_int_eq(judgement.verdict, rate < 1.0 ? RG_VANISHING : rate > 1.0 ? RG_EXPLODING : RG_STABLE);
    forget(&s);
}
END_TEST

/* Cells and skips whose deltas need many rescalings, against the reference in plain double. */
START_TEST(rescaling_is_exact) {
    static const struct rg_exercise_net nets[] = {
        {.activation = RG_ACT_SIGMOID, .skip = 2},
        {.cell = RG_CELL_LSTM, .skip = 3, .skip_kind = RG_SKIP_DILATED},
        {.cell = RG_CELL_GRU, .layers = 2},
        {.cell = RG_CELL_LSTM, .layers = 2, .skip = 2},
    };
    enum { STEPS = 300 };
    const struct rg_exercise_form form = {.sizes = {3, STEPS, 2, 4, 1, RG_LOSS_MSE, false}, .net = nets[_i]};
    struct subject s = make(&form);
    measure(&s, devices[0], 3, 0, 0);
    ref_forward_backward(s.exercise->reference, &s.exercise->batch, s.exercise->result);
    const size_t layers = s.profiles->layers;
    for (size_t l = 0; l < layers; l++) {
        const struct rg_lag_profile *const p = rg_lag_profile_of(s.profiles, l, 0);
        for (size_t lag = 0; lag < STEPS; lag++) {
            const double wanted = s.exercise->result->traces[l].delta_norm[lag];
            ck_assert_msg(wanted < 1e-290 || fabs(log(p->delta_norm[lag] / wanted)) < 1e-3,
                          "layer %zu lag %zu: %.9g, expected %.9g", l, lag, p->delta_norm[lag], wanted);
        }
    }
    ck_assert(s.exercise->result->traces[layers - 1].delta_norm[STEPS - 1] < 1e-30);
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
    struct rg_judgement judgement;
    rg_lag_judge(rg_lag_profile_of(s.profiles, 0, 0), &judgement);
    ck_assert_int_eq(judgement.verdict, RG_MIXED);
    ck_assert(judgement.spread > 6.0);
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
    struct rg_judgement judgement;
    rg_lag_judge(rg_lag_profile_of(s.profiles, 0, 0), &judgement);
    ck_assert_int_eq(judgement.verdict, RG_SENSITIVE);
    ck_assert(judgement.sensitivity > pow(60.0, 1.5));
    forget(&s);
}
END_TEST

static void open_devices(void) {
    for (int kind = 0; kind < N_KINDS; kind++) {
        devices[kind] = open_execution(kinds[kind]);
    }
}

static void close_devices(void) {
    for (int kind = 0; kind < N_KINDS; kind++) {
        rg_device_destroy(devices[kind]);
    }
}

int main(void) {
    Suite *suite = suite_create("profile");
    TCase *profile = tcase_create("profile");
    tcase_set_timeout(profile, 60);
    tcase_add_unchecked_fixture(profile, open_devices, close_devices);
    tcase_add_loop_test(profile, gates_and_sums, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(profile, samples_are_the_profile, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(profile, samples_keep_to_the_range, 0, 3);
    tcase_add_test(profile, chunks_change_nothing);
    tcase_add_loop_test(profile, probe_takes_one_step_of_the_loss, 0, RG_N_CELLS);
    tcase_add_loop_test(profile, rotations_keep_their_rate, 0, 5);
    tcase_add_loop_test(profile, rescaling_is_exact, 0, 4);
    tcase_add_test(profile, sequences_that_disagree_are_mixed);
    tcase_add_test(profile, growth_on_the_way_is_sensitive);
    suite_add_tcase(suite, profile);
    return run_suite(suite);
}
