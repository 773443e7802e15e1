/* Statistics of a lag profile against the reference's terms of each micro-batch: shares, signal to noise, chance and
 * the intervals are worked out once more, from the vectors themselves. */
#include <math.h>
#include <string.h>

#include "executions.h"
#include "gradient/profile.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

static struct rg_device *device;

struct subject {
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    struct rg_lag_profiles *profiles;
};

/* `scale`: what all weights are multiplied by; `in_chunks`: half of the sequences are in memory at once. */
static struct subject measure(const struct rg_exercise_form *form, float scale, bool in_chunks) {
    struct subject s = {0};
    test_case_form(form);
    expect_ok(rg_exercise_create(form, &s.exercise), "exercise");
    struct rg_exercise *const e = s.exercise;
    rg_exercise_fill(e, 11);
    for (size_t i = 0; i < e->model->arena; i++) {
        e->model->weights[i] *= scale;
    }
    struct rg_engine_options options = rg_exercise_options(e);
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &s.source), "source");
    expect_ok(rg_engine_create(device, e->model, &options, &s.engine), "engine");
    if (in_chunks) {
        options.plan.memory = s.engine->net.plan.fixed_bytes + e->sizes.batch / 2 * s.engine->net.plan.row_bytes;
        rg_engine_destroy(s.engine);
        expect_ok(rg_engine_create(device, e->model, &options, &s.engine), "engine");
        ck_assert_uint_lt(s.engine->net.plan.chunk, e->sizes.batch);
    }
    const struct rg_lag_options lags = {.rows = e->sizes.batch};
    expect_ok(rg_lag_measure(s.engine, &s.source->source, 0, &lags, &s.profiles), "profile");
    ref_forward_backward(e->reference, &e->batch, e->result);
    return s;
}

static void forget(struct subject *s) {
    rg_lag_profiles_destroy(s->profiles);
    rg_engine_destroy(s->engine);
    rg_data_source_destroy(s->source);
    rg_exercise_destroy(s->exercise);
}

/* The reference's terms of one matrix: of each micro-batch and lag, n numbers. */
struct vectors {
    size_t groups, lags, n;
    double *values; /* [groups][lags][n] */
};

static const double *vector_of(const struct vectors *v, size_t group, size_t lag) {
    return v->values + (group * v->lags + lag) * v->n;
}

/* With the deltas of all other sequences 0, a term is that of the micro-batch. */
static struct vectors vectors_of(const struct rg_exercise *e, size_t layer, size_t direction, enum ref_role role,
                                 size_t groups) {
    const size_t parameter = ref_parameter_at(e->reference, layer, direction, role);
    const size_t rows = e->sizes.batch, width = ref_gates(e->reference) * e->reference->hidden;
    const size_t all = e->sizes.steps * rows * width;
    struct ref_trace *const trace = &e->result->traces[layer * ref_directions(e->reference) + direction];
    struct vectors v = {groups, e->sizes.steps, ref_parameter_elements(e->reference, parameter), NULL};
    double *const deltas[] = {trace->delta, trace->delta_hh};
    double *const kept = numbers(2 * all, sizeof *kept);
    v.values = numbers(groups * v.lags * v.n, sizeof *v.values);
    memcpy(kept, deltas[0], all * sizeof *kept);
    memcpy(kept + all, deltas[1], all * sizeof *kept);
    for (size_t b = 0; b < groups; b++) {
        for (size_t i = 0; i < 2 * all; i++) {
            const size_t row = i % all / width % rows;
            const bool mine = row >= b * rows / groups && row < (b + 1) * rows / groups;
            deltas[i / all][i % all] = mine ? kept[i] : 0.0;
        }
        for (size_t lag = 0; lag < v.lags; lag++) {
            ref_lag_term(e->reference, &e->batch, e->result, parameter, lag, v.values + (b * v.lags + lag) * v.n);
        }
    }
    memcpy(deltas[0], kept, all * sizeof *kept);
    memcpy(deltas[1], kept + all, all * sizeof *kept);
    free(kept);
    return v;
}

/* out [n] = the sum over lags first … last of the micro-batches' terms, each times its weight. */
static void add_up(const struct vectors *v, const double *weights, size_t first, size_t last, double *out) {
    memset(out, 0, v->n * sizeof *out);
    for (size_t b = 0; b < v->groups; b++) {
        for (size_t lag = first; lag <= last; lag++) {
            for (size_t i = 0; i < v->n; i++) {
                out[i] += weights[b] * vector_of(v, b, lag)[i];
            }
        }
    }
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void expect_interval(const struct rg_interval *found, double *values, size_t groups, const char *what) {
    const struct rg_interval expected = rg_interval_of(values, groups);
    const double tolerance = 1e-9 * (1.0 + fabs(expected.low) + fabs(expected.high));
    ck_assert_msg(fabs(found->low - expected.low) <= tolerance && fabs(found->high - expected.high) <= tolerance,
                  "%s: %.12g to %.12g, expected %.12g to %.12g", what, found->low, found->high, expected.low,
                  expected.high);
}

/* Signal to noise from the definition, and chance from every choice of signs. */
static void expect_noise(const struct vectors *v, const struct rg_lag_range range, double snr, double chance) {
    double ones[RG_MICRO_BATCHES], one[RG_MICRO_BATCHES], variance = 0.0;
    double *const sum = numbers(v->n, sizeof *sum), *const part = numbers(v->n, sizeof *part);
    for (size_t b = 0; b < RG_MICRO_BATCHES; b++) {
        ones[b] = 1.0;
    }
    add_up(v, ones, range.first, range.last, sum);
    const double square = dot(sum, sum, v->n), n = (double)v->groups;
    for (size_t b = 0; b < v->groups; b++) {
        memset(one, 0, sizeof one);
        one[b] = 1.0;
        add_up(v, one, range.first, range.last, part);
        for (size_t i = 0; i < v->n; i++) {
            variance += (part[i] - sum[i] / n) * (part[i] - sum[i] / n) * n / (n - 1.0);
        }
    }
    size_t as_long = 0;
    for (unsigned choice = 0; choice < 1U << v->groups; choice++) {
        for (size_t b = 0; b < v->groups; b++) {
            one[b] = choice >> b & 1 ? -1.0 : 1.0;
        }
        add_up(v, one, range.first, range.last, part);
        as_long += dot(part, part, v->n) >= square * (1.0 - 1e-9);
    }
    ck_assert_msg(square == 0.0 ? isnan(snr) : fabs(snr - square / variance) <= 1e-8 * snr,
                  "lags %zu to %zu: signal to noise %.12g, expected %.12g", range.first, range.last, snr,
                  square / variance);
    ck_assert_msg(square == 0.0 ? isnan(chance) : fabs(chance - (double)as_long / (double)(1U << v->groups)) < 1e-12,
                  "lags %zu to %zu: chance %.12g, expected %.12g", range.first, range.last, chance,
                  (double)as_long / (double)(1U << v->groups));
    free(sum);
    free(part);
}

/* Shares and, with a slot for every lag, the horizon of every draw. */
static void expect_draws(const struct vectors *v, const struct rg_lag_statistics *s,
                         const struct rg_matrix_statistics *m, size_t horizon) {
    double(*const weights)[RG_MICRO_BATCHES] = calloc(RG_DRAWS, sizeof *weights);
    double *const values = numbers((s->n_ranges + 1) * (size_t)RG_DRAWS, sizeof *values);
    double *const whole = numbers(v->n, sizeof *whole), *const part = numbers(v->n, sizeof *part);
    rg_draw_weights(v->groups, weights);
    for (size_t draw = 0; draw < RG_DRAWS; draw++) {
        add_up(v, weights[draw], 0, v->lags - 1, whole);
        const double square = dot(whole, whole, v->n);
        for (size_t i = 0; i < s->n_ranges; i++) {
            add_up(v, weights[draw], s->ranges[i].first, s->ranges[i].last, part);
            values[i * RG_DRAWS + draw] = dot(part, whole, v->n) / square;
        }
        double *const drawn = &values[s->n_ranges * RG_DRAWS + draw];
        for (*drawn = 1.0; v->lags <= 12 && *drawn < (double)v->lags; *drawn += 1.0) {
            add_up(v, weights[draw], (size_t)*drawn, v->lags - 1, part);
            if (ref_norm(part, v->n) <= 0.1 * sqrt(square)) {
                break;
            }
        }
        *drawn = square > 0.0 ? *drawn : NAN;
    }
    for (size_t i = 0; i < s->n_ranges; i++) {
        expect_interval(&m->share[i], values + i * RG_DRAWS, v->groups, "share");
    }
    if (v->lags <= 12) {
        struct rg_interval expected = rg_interval_of(values + s->n_ranges * RG_DRAWS, v->groups);
        expected.low = fmin(expected.low, (double)horizon);
        expected.high = fmax(expected.high, (double)horizon);
        ck_assert_msg(m->horizon.low == expected.low && m->horizon.high == expected.high,
                      "horizon %g to %g, expected %g to %g", m->horizon.low, m->horizon.high, expected.low,
                      expected.high);
    }
    free(weights);
    free(values);
    free(whole);
    free(part);
}

static const struct rg_exercise_form forms[] = {
    {.sizes = {40, 9, 2, 17, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_RNN}},
    {.sizes = {13, 30, 3, 5, 2, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM, .layers = 2}},
    {.sizes = {6, 12, 2, 4, 1, RG_LOSS_BCE, true}, .net = {.cell = RG_CELL_GRU, .skip = 3}},
    {.sizes = {9, 20, 2, 5, 2, RG_LOSS_CE, false},
     .net = {.cell = RG_CELL_GRU, .readout = RG_READOUT_FINAL, .layers = 2, .bidirectional = true}},
    {.sizes = {16, 40, 2, 7, 1, RG_LOSS_MSE, false}, .net = {.readout = RG_READOUT_MEAN, .skip = 2, .layers = 2}},
};
enum { N_FORMS = sizeof forms / sizeof *forms };

static void expect_statistics(const struct subject *s) {
    static const enum ref_role roles[] = {REF_ROLE_WEIGHT_HH, REF_ROLE_WEIGHT_IH, REF_ROLE_WEIGHT_SH};
    for (size_t i = 0; i < s->profiles->layers * s->profiles->directions; i++) {
        const struct rg_lag_profile *const p = &s->profiles->items[i];
        const struct rg_lag_statistics *const of = &p->statistics;
        ck_assert_int_eq(of->lack, RG_STATISTICS_WHOLE);
        for (size_t m = 0; m < p->n_matrices && m < RG_LAG_MATRICES; m++) {
            struct vectors v = vectors_of(s->exercise, p->layer, p->direction, roles[m], of->groups);
            for (size_t range = 0; range < of->n_ranges; range++) {
                expect_noise(&v, of->ranges[range], p->matrix_statistics[m].snr[range],
                             p->matrix_statistics[m].chance[range]);
            }
            expect_draws(&v, of, &p->matrix_statistics[m], p->matrices[m].horizon);
            free(v.values);
        }
    }
}

START_TEST(every_matrix_from_its_vectors) {
    struct subject s = measure(&forms[_i % N_FORMS], 1.0f, _i >= N_FORMS);
    const size_t batch = s.exercise->sizes.batch;
    ck_assert_uint_eq(s.profiles->items[0].statistics.groups, batch < RG_MICRO_BATCHES ? batch : RG_MICRO_BATCHES);
    expect_statistics(&s);
    forget(&s);
}
END_TEST

/* The slope of ln ||delta|| of every draw, with an independent formula. */
START_TEST(decay_of_every_draw) {
    const struct rg_exercise_form form = {.sizes = {21, 17, 2, 6, 1, RG_LOSS_MSE, false},
                                          .net = {.cell = RG_CELL_LSTM}};
    struct subject s = measure(&form, 1.0f, false);
    const size_t rows = 21, steps = 17, width = 24;
    const double *const delta = s.exercise->result->traces[0].delta;
    double weights[RG_DRAWS][RG_MICRO_BATCHES], values[RG_DRAWS];
    rg_draw_weights(RG_MICRO_BATCHES, weights);
    for (size_t draw = 0; draw < RG_DRAWS; draw++) {
        double xy = 0.0, xx = 0.0;
        for (size_t lag = 0; lag < steps; lag++) {
            double square = 0.0;
            for (size_t i = 0; i < rows * width; i++) {
                const double one = delta[(steps - 1 - lag) * rows * width + i];
                size_t group = 0;
                while (i / width >= (group + 1) * rows / RG_MICRO_BATCHES) {
                    group++;
                }
                square += weights[draw][group] * one * one;
            }
            const double x = (double)lag - 8.0; /* the mean of 0 … 16 */
            xy += x * 0.5 * log(square);
            xx += x * x;
        }
        values[draw] = xy / xx;
    }
    expect_interval(&s.profiles->items[0].statistics.decay, values, RG_MICRO_BATCHES, "decay");
    forget(&s);
}
END_TEST

/* A factor of 1e-5 a step: the far terms' squares are far below the smallest double. */
START_TEST(far_below_a_double) {
    const struct rg_exercise_form form = {.sizes = {8, 64, 2, 3, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = measure(&form, 1e-5f, false);
    const struct rg_lag_profile *const p = &s.profiles->items[0];
    const struct rg_matrix_statistics *const m = &p->matrix_statistics[RG_LAG_HH];
    const size_t last = p->statistics.n_ranges - 1;
    ck_assert(p->matrices[RG_LAG_HH].log10_norm[40] < -180.0);
    for (size_t i = 0; i <= last; i++) {
        ck_assert_msg(m->snr[i] > 0.0 && m->chance[i] > 0.0, "range %zu: %g, %g", i, m->snr[i], m->chance[i]);
    }
    ck_assert(fabs(m->share[last].low) < 1e-150 && fabs(m->share[last].high) < 1e-150);
    ck_assert(p->statistics.decay.low <= p->statistics.decay.high && p->statistics.decay.high < -9.0);
    forget(&s);
}
END_TEST

/* Too few sequences; no gradient; sequences that are all the same, which leave nothing to chance. */
START_TEST(what_has_no_statistics) {
    struct rg_exercise_form form = {.sizes = {5, 6, 2, 3, 1, RG_LOSS_MSE, false}};
    struct subject s = measure(&form, 1.0f, false);
    ck_assert_int_eq(s.profiles->items[0].statistics.lack, RG_STATISTICS_FEW);
    forget(&s);
    form.sizes.batch = 6;
    s = measure(&form, 0.0f, false);
    const struct rg_matrix_statistics *m = &s.profiles->items[0].matrix_statistics[RG_LAG_HH];
    ck_assert_int_eq(s.profiles->items[0].statistics.lack, RG_STATISTICS_NO_GRADIENT);
    ck_assert(!rg_is_noise(m, 0));
    forget(&s);
}
END_TEST

START_TEST(equal_sequences_are_no_chance) {
    double own[RG_MICRO_PAIRS], row[4][RG_MICRO_PAIRS];
    struct rg_micro micro = {.n = 8, .n_slots = 1, .begins = (size_t[]){0, 1}};
    struct rg_micro_products p = {.n = 8,
                                  .n_slots = 1,
                                  .n_ranges = 1,
                                  .ranges = {{0, 0}},
                                  .slots = {0, 1},
                                  .share = &row[0],
                                  .rest = &row[1],
                                  .own = &row[2]};
    struct rg_matrix_statistics m;
    for (size_t i = 0; i < RG_MICRO_PAIRS; i++) {
        own[i] = p.whole[i] = row[0][i] = row[2][i] = 3.0;
        row[1][i] = 0.0;
    }
    expect_ok(rg_matrix_statistics_of(&micro, &p, 1, &m), "statistics");
    ck_assert_double_eq(m.chance[0], 1.0 / 128);
    ck_assert(isinf(m.snr[0]) && !rg_is_noise(&m, 0));
    ck_assert(m.share[0].low == 1.0 && m.share[0].high == 1.0 && m.horizon.low == 1.0 && m.horizon.high == 1.0);
    for (size_t i = 0; i < RG_MICRO_PAIRS; i++) { /* eight directions at right angles */
        row[2][i] = i / 8 == i % 8 ? own[i] : 0.0;
    }
    expect_ok(rg_matrix_statistics_of(&micro, &p, 1, &m), "statistics");
    ck_assert(fabs(m.snr[0] - 1.0) < 1e-12 && m.chance[0] == 1.0 && rg_is_noise(&m, 0));
}
END_TEST

/* Of 1,000 draws the 0.24 %, 0.41 % and 0.57 % lie outside on each side: scipy's norm.cdf(-t.ppf(.975, n - 1) *
 * sqrt(n / (n - 1))) for 6, 7 and 8 micro-batches is .0024318, .0041092, .0057375. Draws without a number do not count.
 */
START_TEST(intervals_are_wide_enough) {
    static const double outside[] = {2.0, 4.0, 5.0};
    double values[RG_DRAWS];
    const size_t n_micro = RG_MIN_MICRO + (size_t)_i;
    for (size_t i = 0; i < RG_DRAWS; i++) {
        values[i * 7 % RG_DRAWS] = (double)i; /* out of order */
    }
    struct rg_interval found = rg_interval_of(values, n_micro);
    ck_assert(found.low == outside[_i] && found.high == RG_DRAWS - 1 - outside[_i]);
    for (size_t i = 0; i < RG_DRAWS; i++) {
        values[i] = i < 100 ? NAN : 1.0;
    }
    found = rg_interval_of(values, n_micro);
    ck_assert(found.low == 1.0 && found.high == 1.0);
    for (size_t i = 0; i < RG_DRAWS; i++) {
        values[i] = i < 101 ? NAN : 1.0;
    }
    found = rg_interval_of(values, n_micro);
    ck_assert(isnan(found.low) && isnan(found.high));
}
END_TEST

static void open_device(void) {
    device = open_one(&doubles[0]);
}

static void close_device(void) {
    rg_device_destroy(device);
}

TEST_MAIN("statistics") {
    TCase *const statistics = add_tests(suite, "statistics");
    tcase_add_unchecked_fixture(statistics, open_device, close_device);
    tcase_add_loop_test(statistics, every_matrix_from_its_vectors, 0, 2 * N_FORMS);
    tcase_add_test(statistics, decay_of_every_draw);
    tcase_add_test(statistics, far_below_a_double);
    tcase_add_test(statistics, what_has_no_statistics);
    tcase_add_test(statistics, equal_sequences_are_no_chance);
    tcase_add_loop_test(statistics, intervals_are_wide_enough, 0, RG_MICRO_BATCHES - RG_MIN_MICRO + 1);
}
