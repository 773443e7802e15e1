/* The gradient by lag: gates, sums, a probed loss, segments, samples and ranges of lags. That every matrix of every
 * cell matches PyTorch is in test_fixtures.c. */
#include <math.h>
#include <string.h>

#include "gradient/ranges.h"
#include "gradient/sample.h"
#include "gradient/terms.h"
#include "profile_subject.h"
#include "verify/selftest/checks.h"

static const struct rg_exercise_form forms[] = {
    {.sizes = {9, 7, 3, 5, 2, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM, .layers = 2}},
    {.sizes = {9, 6, 2, 33, 2, RG_LOSS_CE, false}, .net = {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true}},
    {.sizes = {9, 9, 2, 4, 1, RG_LOSS_BCE, true}, .net = {.cell = RG_CELL_GRU, .skip = 3}},
    {.sizes = {40, 9, 2, 17, 1, RG_LOSS_MSE, false},
     .net = {.activation = RG_ACT_SOFTPLUS, .skip = 2, .skip_kind = RG_SKIP_DILATED}},
    {.sizes = {9, 9, 2, 4, 1, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM, .skip = 3}, .initial = true},
    {.sizes = {1, 5, 1, 1, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_LSTM}},
    {.sizes = {9, 9, 2, 5, 2, RG_LOSS_MSE, true},
     .net = {.cell = RG_CELL_GRU, .readout = RG_READOUT_FINAL, .layers = 2, .bidirectional = true},
     .initial = true},
    {.sizes = {9, 6, 2, 33, 2, RG_LOSS_CE, false},
     .net = {.readout = RG_READOUT_FINAL, .bidirectional = true, .skip = 2}},
    {.sizes = {9, 9, 2, 5, 1, RG_LOSS_BCE, true}, .net = {.cell = RG_CELL_LSTM, .readout = RG_READOUT_MEAN}},
    {.sizes = {7, 11, 2, 4, 1, RG_LOSS_MSE, true},
     .net = {.cell = RG_CELL_LSTM,
             .readout = RG_READOUT_MEAN,
             .layers = 2,
             .bidirectional = true,
             .skip = 3,
             .skip_kind = RG_SKIP_DILATED}},
    {.sizes = {40, 9, 2, 17, 1, RG_LOSS_MSE, false}, .net = {.readout = RG_READOUT_MAX, .bidirectional = true}},
    {.sizes = {9, 9, 3, 5, 2, RG_LOSS_CE, true},
     .net = {.cell = RG_CELL_GRU,
             .readout = RG_READOUT_MAX,
             .layers = 2,
             .bidirectional = true,
             .skip = 1,
             .skip_kind = RG_SKIP_LEARNED}},
};
enum { N_FORMS = sizeof forms / sizeof *forms };

/* One gate of a matrix, or the whole of it, against the reference's terms; and what holds whatever the numbers. */
static void expect_part(const struct subject *s, const struct rg_lag_terms *terms, size_t parameter, size_t first,
                        size_t n, double tolerance) {
    const struct rg_exercise *const e = s->exercise;
    const size_t steps = e->sizes.steps;
    double *const term = numbers(e->model->arena, sizeof *term);
    const double *const gradient = e->result->gradient[parameter] + first, whole = ref_norm(gradient, n);
    double *const sum = numbers(n, sizeof *sum);
    double shares = 0.0, along = 0.0;
    for (size_t lag = 0; lag < steps; lag++) {
        double product = 0.0;
        ref_lag_term(e->reference, &e->batch, e->result, parameter, lag, term);
        const double norm = ref_norm(term + first, n);
        ck_assert_msg(fabs(terms->norm[lag] - norm) <= tolerance * whole, "lag %zu: norm %.9g, expected %.9g", lag,
                      terms->norm[lag], norm);
        ck_assert(norm == 0.0 || fabs(terms->log10_norm[lag] - log10(terms->norm[lag])) < 1e-12);
        shares += terms->share[lag];
        along += terms->norm[lag] * terms->cosine[lag];
        for (size_t i = 0; i < n; i++) { /* the gradient that is cut after this lag */
            sum[i] += term[first + i];
            product += sum[i] * gradient[i];
        }
        const double cut = ref_norm(sum, n);
        ck_assert_msg(cut < 1e-3 * whole ||
                          fabs(terms->cut_cosine[lag] * cut * whole - product) <= 4.0 * tolerance * cut * whole,
                      "lag %zu: cosine of the cut gradient %.9g, expected %.9g", lag, terms->cut_cosine[lag],
                      product / cut / whole);
    }
    ck_assert_msg(whole == 0.0 || fabs(shares - 1.0) < 1e-12, "the shares sum to %.17g", shares);
    ck_assert_msg(fabs(terms->total - whole) <= tolerance * whole, "norm %.9g, expected %.9g", terms->total, whole);
    ck_assert(fabs(along - terms->total) <= 1e-12 * whole);
    ck_assert(terms->error[steps - 1] < 1e-14);
    free(term);
    free(sum);
}

static void expect_profile(const struct subject *s, size_t layer, size_t direction) {
    static const enum ref_role roles[] = {REF_ROLE_WEIGHT_HH, REF_ROLE_WEIGHT_IH, REF_ROLE_WEIGHT_SH};
    const struct rg_exercise *const e = s->exercise;
    const struct rg_lag_profile *const p = rg_lag_profile_of(s->profiles, layer, direction);
    const struct rg_exercise_form form = {.sizes = e->sizes, .net = {.layers = e->model->shape.layers}};
    const double tolerance = 2.0 * rg_tolerance_backward(s->engine->net.device, &form);
    const size_t n_roles = sizeof roles / sizeof *roles;
    double *const delta_norm = e->result->traces[layer * s->profiles->directions + direction].delta_norm;
    const double all = ref_norm(delta_norm, p->steps);
    ck_assert_msg(rg_exercise_distance(p->delta_norm, delta_norm, p->steps) <= tolerance * all, "norms of the deltas");
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
        const double max = p->delta_quantiles[RG_QUANTILE_MAX][lag];
        ck_assert(!(max > p->delta_log10[lag] + 1e-12));
        ck_assert(e->sizes.batch > 1 || fabs(max - p->delta_log10[lag]) < 1e-12);
    }
}

/* The device of a kind in the part of the test that the case belongs to. Of the nets in a GPU's shape the first has
 * those with the fewest kernels. */
static struct rg_device *device_in_part(int kind, const struct rg_exercise_form *form) {
    const bool few = form->net.cell == RG_CELL_RNN && form->net.skip_kind != RG_SKIP_LEARNED;
    return case_runs(!kind_is_gpu(kind) || few) ? device_of(kind) : NULL;
}

START_TEST(gates_and_sums) {
    struct rg_device *const device = device_in_part(_i / N_FORMS, &forms[_i % N_FORMS]);
    if (!device) {
        return;
    }
    struct subject s = make(&forms[_i % N_FORMS]);
    measure(&s, device, s.exercise->sizes.batch, 0, 0);
    ref_forward_backward(s.exercise->reference, &s.exercise->batch, s.exercise->result);
    for (size_t l = 0; l < s.profiles->layers; l++) {
        for (size_t d = 0; d < s.profiles->directions; d++) {
            expect_profile(&s, l, d);
        }
    }
    forget(&s);
}
END_TEST

/* What dropout let through above a layer is in that layer's terms: they sum to the gradient of the same update. */
START_TEST(dropout_is_in_the_terms) {
    static const struct rg_exercise_form dropped[] = {
        {.sizes = {9, 7, 3, 19, 2, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM, .layers = 2}},
        {.sizes = {5, 6, 2, 11, 2, RG_LOSS_CE, false},
         .net = {.cell = RG_CELL_GRU, .layers = 3, .bidirectional = true}},
        {.sizes = {40, 5, 2, 9, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_RNN, .layers = 2}},
    };
    enum { N_DROPPED = sizeof dropped / sizeof *dropped };
    struct rg_device *const device = device_in_part(_i / N_DROPPED, &dropped[_i % N_DROPPED]);
    if (!device) {
        return;
    }
    struct subject s = make(&dropped[_i % N_DROPPED]);
    struct rg_engine_options options = rg_exercise_options(s.exercise);
    struct rg_lag_options lags = {.rows = s.exercise->sizes.batch};
    options.dropout = 0.4375;
    options.seed = 0x123456789abcdefu;
    rg_exercise_copy_data(s.exercise);
    rg_exercise_copy_model(s.exercise);
    expect_ok(rg_data_source_create(device, &s.exercise->data, s.exercise->sizes.batch, 1, false, &s.source), "source");
    expect_ok(rg_engine_create(device, s.exercise->model, &options, &s.engine), "engine");
    double *const gradient = numbers(s.exercise->model->arena, sizeof *gradient);
    const double tolerance = 4.0 * rg_tolerance_backward(device, &dropped[_i % N_DROPPED]);
    double first = 0.0;
    for (uint64_t update = 2; update < 4; update++) { /* another mask each time */
        expect_ok(rg_lag_measure(s.engine, &s.source->source, update, &lags, &s.profiles), "profile");
        expect_ok(rg_engine_gradient(s.engine, &s.source->source, update), "gradient");
        expect_ok(rg_engine_get_gradients(s.engine, gradient), "gradient");
        for (size_t i = 0; i < s.profiles->layers * s.profiles->directions; i++) {
            const struct rg_lag_profile *const p = &s.profiles->items[i];
            for (size_t m = 0; m < p->n_matrices; m++) {
                const struct rg_parameter *const w = &s.exercise->model->parameters[p->matrices[m].parameter];
                const double norm = ref_norm(gradient + w->offset, rg_parameter_elements(w));
                ck_assert_msg(fabs(p->matrices[m].total - norm) <= tolerance * norm, "%s: %.9g, expected %.9g", w->name,
                              p->matrices[m].total, norm);
            }
        }
        ck_assert(fabs(s.profiles->items[0].matrices[0].total - first) > 1e-3 * first);
        first = s.profiles->items[0].matrices[0].total;
        rg_lag_profiles_destroy(s.profiles);
        s.profiles = NULL;
    }
    free(gradient);
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
            ck_assert(rg_sampled_has_lags(sampled) == !(sampled->to_first && s->source->source.ragged));
            if (!rg_sampled_has_lags(sampled)) {
                continue;
            }
            expect_sampled(s, sampled, &p->matrices[i % sampler->each], p->steps);
        }
    }
    rg_lag_sampler_destroy(sampler);
}

START_TEST(samples_are_the_profile) {
    struct rg_device *const device = device_in_part(_i / N_FORMS, &forms[_i % N_FORMS]);
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
    const struct rg_plan *const p = &whole.engine->net.plan;
    measure(&cut, devices[0], 40, 0, p->fixed_bytes + 20 * p->row_bytes);
    ck_assert_uint_lt(cut.engine->net.plan.chunk, 40);
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

/* A chunk that is in memory in segments of time gives the same profile. */
START_TEST(segments_change_nothing) {
    struct subject whole = make(&forms[_i]), cut = make(&forms[_i]);
    const size_t rows = whole.exercise->sizes.batch, steps = whole.exercise->sizes.steps;
    measure(&whole, devices[0], rows, 0, 0);
    measure_in(&cut, devices[0], rows, 0, 0, 4);
    ck_assert_uint_gt(cut.engine->net.plan.n_segments, 1);
    for (size_t i = 0; i < whole.profiles->layers * whole.profiles->directions; i++) {
        const struct rg_lag_profile *const a = &whole.profiles->items[i], *const b = &cut.profiles->items[i];
        for (size_t lag = 0; lag < steps; lag++) {
            for (size_t m = 0; m < a->n_matrices; m++) {
                ck_assert(fabs(a->matrices[m].norm[lag] - b->matrices[m].norm[lag]) <= 1e-13 * a->matrices[m].total);
                ck_assert(fabs(a->matrices[m].share[lag] - b->matrices[m].share[lag]) <= 1e-12);
            }
            ck_assert(fabs(a->delta_norm[lag] - b->delta_norm[lag]) <= 1e-13 * ref_norm(a->delta_norm, steps));
            for (size_t q = 0; q < RG_N_QUANTILES; q++) {
                const double x = a->term_quantiles[q][lag], y = b->term_quantiles[q][lag];
                ck_assert(x == y || (isnan(x) && isnan(y)) || fabs(x - y) < 1e-12);
            }
        }
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

/* Of 64 sequences with a fifth of noise; noise as large as the gradient has no scale, nor has what was not measured. */
START_TEST(noise_scales) {
    struct rg_lag_profile p = {.rows = 64, .noise = 0.2};
    ck_assert(fabs(rg_lag_noise_scale(&p) - 16.0) < 1e-12);
    p.noise = 1.0;
    ck_assert(isnan(rg_lag_noise_scale(&p)));
    p.noise = NAN;
    ck_assert(isnan(rg_lag_noise_scale(&p)));
}
END_TEST

/* Behind the probe, and behind what was measured, a gradient is 0 and not 10^0. */
START_TEST(what_is_not_measured_is_no_norm) {
    enum { STEPS = 20, PROBE = 12, LAGS = 5 };
    const struct rg_exercise_form form = {.sizes = {3, STEPS, 2, 4, 1, RG_LOSS_MSE, false},
                                          .net = {.target = RG_TARGET_STEPS}};
    struct subject s = make(&form);
    measure(&s, devices[0], 3, PROBE, 0);
    const struct rg_lag_profile *p = rg_lag_profile_of(s.profiles, 0, 0);
    double shares = 0.0;
    ck_assert_uint_eq(p->lags, PROBE);
    for (size_t lag = PROBE; lag < STEPS; lag++) {
        ck_assert(p->delta_norm[lag] == 0.0 && p->delta_log10[lag] == -INFINITY);
        ck_assert(isnan(p->delta_quantiles[RG_MEDIAN][lag]) && p->matrices[0].log10_norm[lag] == -INFINITY);
    }
    rg_lag_profiles_destroy(s.profiles);
    const struct rg_lag_options options = {.rows = 3, .probe = PROBE, .lags = LAGS};
    expect_ok(rg_lag_measure(s.engine, &s.source->source, 0, &options, &s.profiles), "profile");
    p = rg_lag_profile_of(s.profiles, 0, 0);
    for (size_t lag = 0; lag < STEPS; lag++) {
        shares += p->matrices[0].share[lag];
        ck_assert(lag < LAGS || p->matrices[0].log10_norm[lag] == -INFINITY);
    }
    ck_assert(p->lags == LAGS && p->reach.last == LAGS - 1 && fabs(shares - 1.0) < 1e-12);
    forget(&s);
}
END_TEST

/* Beyond RG_LAGS_ALONE lags share their terms: the same norms of every lag, the same sum of the shares of a range. */
START_TEST(far_lags_share_their_terms) {
    enum { STEPS = 4500 };
    const struct rg_exercise_form form = {.sizes = {2, STEPS, 1, 3, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_RELU}};
    struct subject s = zeros(&form);
    for (size_t i = 0; i < 3; i++) {
        weights_of(&s, RG_ROLE_WEIGHT_HH)[i * 4] = 1.0f;
        weights_of(&s, RG_ROLE_WEIGHT_IH)[i] = 0.001f;
        head_of(&s)[i] = 1.0f + (float)i;
    }
    for (size_t i = 0; i < 2 * STEPS; i++) {
        s.exercise->data.x_float[i] = 1.0f;
    }
    measure(&s, devices[0], 2, 0, 0);
    struct rg_lag_profiles *ranged = NULL;
    const struct rg_lag_options options = {.rows = 2, .ranges = true};
    expect_ok(rg_lag_measure(s.engine, &s.source->source, 0, &options, &ranged), "profile");
    for (size_t m = 0; m < 2; m++) {
        const struct rg_lag_terms *const a = &rg_lag_profile_of(s.profiles, 0, 0)->matrices[m];
        const struct rg_lag_terms *const b = &rg_lag_profile_of(ranged, 0, 0)->matrices[m];
        double far[2] = {0.0, 0.0};
        for (size_t lag = 0; lag < STEPS; lag++) {
            ck_assert(a->log10_norm[lag] == b->log10_norm[lag] ||
                      fabs(a->log10_norm[lag] - b->log10_norm[lag]) < 1e-12);
            ck_assert(lag >= RG_LAGS_ALONE || fabs(a->share[lag] - b->share[lag]) < 1e-12);
            far[0] += lag >= RG_LAGS_ALONE ? a->share[lag] : 0.0;
            far[1] += lag >= RG_LAGS_ALONE ? b->share[lag] : 0.0;
        }
        ck_assert_msg(fabs(far[0] - far[1]) < 1e-10 && far[0] > 0.0, "%g, not %g", far[1], far[0]);
        ck_assert_uint_eq(a->horizon, b->horizon);
    }
    rg_lag_profiles_destroy(ranged);
    forget(&s);
}
END_TEST

static bool ask(void *self, double part) {
    int *const left = self;
    ck_assert(part >= 0.0 && part <= 1.0);
    return (*left)-- > 0;
}

/* A watch that ends it: a sample stands for the lags up to there. */
START_TEST(a_watch_ends_the_profile) {
    enum { STEPS = 4200 };
    const struct rg_exercise_form form = {.sizes = {1, STEPS, 1, 2, 1, RG_LOSS_MSE, false}};
    struct subject s = make(&form);
    measure(&s, devices[0], 1, 0, 0);
    rg_lag_profiles_destroy(s.profiles);
    int questions = 10;
    const struct rg_lag_options options = {
        .rows = 1, .ranges = true, .watch = {.go_on = ask, .self = &questions, .span = 1.0}};
    expect_ok(rg_lag_measure(s.engine, &s.source->source, 0, &options, &s.profiles), "profile");
    const struct rg_lag_profile *const p = rg_lag_profile_of(s.profiles, 0, 0);
    double shares = 0.0;
    for (size_t lag = 0; lag < STEPS; lag++) {
        shares += p->matrices[0].share[lag];
    }
    ck_assert(p->lags > 100 && p->lags < 400 && fabs(shares - 1.0) < 1e-12);
    ck_assert_uint_eq(p->reach.last, p->lags - 1);
    forget(&s);
}
END_TEST

/* 0, 1, 2, 3, then twice as many each time, to the last lag. */
START_TEST(ranges_cover_all_lags) {
    for (size_t lags = 1; lags < 3000; lags++) {
        struct rg_lag_range ranges[RG_MAX_RANGES];
        const size_t n = rg_lag_ranges(lags, ranges);
        ck_assert(n > 0 && ranges[0].first == 0 && ranges[0].last == 0 && ranges[n - 1].last == lags - 1);
        for (size_t i = 1; i < n; i++) {
            ck_assert_uint_eq(ranges[i].first, ranges[i - 1].last + 1);
            ck_assert(ranges[i].last >= ranges[i].first && (i > 3 || ranges[i].first == ranges[i].last));
        }
    }
    struct rg_lag_range ranges[RG_MAX_RANGES];
    ck_assert_uint_eq(rg_lag_ranges(100, ranges), 9);
    ck_assert(ranges[4].last == 7 && ranges[7].last == 63 && ranges[8].last == 99);
    ck_assert(rg_lag_ranges(SIZE_MAX / 2, ranges) < RG_MAX_RANGES);
}
END_TEST

TEST_MAIN("profile") {
    TCase *const profile = add_tests(suite, "profile");
    tcase_add_unchecked_fixture(profile, open_devices, close_devices);
    tcase_add_loop_test(profile, gates_and_sums, 0, N_KINDS * N_FORMS);
    tcase_add_loop_test(profile, dropout_is_in_the_terms, 0, N_KINDS * 3);
    tcase_add_loop_test(profile, samples_are_the_profile, 0, N_KINDS * N_FORMS);
    if (!case_runs(true)) {
        return;
    }
    tcase_add_loop_test(profile, samples_keep_to_the_range, 0, 3);
    tcase_add_test(profile, chunks_change_nothing);
    tcase_add_loop_test(profile, segments_change_nothing, 0, N_FORMS);
    tcase_add_loop_test(profile, probe_takes_one_step_of_the_loss, 0, RG_N_CELLS);
    tcase_add_loop_test(profile, rescaling_is_exact, 0, 4);
    tcase_add_test(profile, noise_scales);
    tcase_add_test(profile, what_is_not_measured_is_no_norm);
    tcase_add_test(profile, far_lags_share_their_terms);
    tcase_add_test(profile, a_watch_ends_the_profile);
    tcase_add_test(profile, ranges_cover_all_lags);
}
