/* The gradient by lag of tiny nets in double precision: against the reference; the same where the batch, the time or
 * the terms are in memory in parts; and where a watch ends it. tests/kernels/test_profile.c has larger nets on every
 * device.
 */
#include "gradient/profile.h"
#include "measured_net.h"

enum { BATCH = 9, STEPS = 7 };

#define SIZES(ragged) \
    { BATCH, STEPS, 2, 3, 1, RG_LOSS_MSE, ragged }

static const struct rg_exercise_form forms[] = {
    {.sizes = SIZES(true), .net = {.layers = 2}},
    {.sizes = SIZES(false), .net = {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true}},
    {.sizes = SIZES(true), .net = {.cell = RG_CELL_LSTM, .bidirectional = true, .readout = RG_READOUT_FINAL}},
    {.sizes = SIZES(true), .net = {.cell = RG_CELL_LSTM, .layers = 2, .readout = RG_READOUT_MEAN, .skip = 3}},
    {.sizes = SIZES(true), .net = {.layers = 2, .bidirectional = true, .readout = RG_READOUT_MAX}},
    {.sizes = SIZES(false), .net = {.cell = RG_CELL_GRU, .skip = 2, .skip_kind = RG_SKIP_DILATED}},
    {.sizes = SIZES(true),
     .net = {.bidirectional = true, .readout = RG_READOUT_MEAN, .skip = 1, .skip_kind = RG_SKIP_LEARNED}},
    {.sizes = SIZES(false), .net = {.activation = RG_ACT_RELU, .layers = 2, .skip = 2}, .initial = true},
    {.sizes = SIZES(true), .net = {.cell = RG_CELL_LSTM, .skip = 1, .skip_kind = RG_SKIP_LEARNED}},
    {.sizes = SIZES(false), .net = {.cell = RG_CELL_GRU, .layers = 2, .skip = 1, .skip_kind = RG_SKIP_LEARNED}},
};

struct subject {
    struct net net;
    struct rg_lag_profiles *profiles;
};

static struct subject start(const struct rg_exercise_form *form, const struct parts *parts) {
    return (struct subject){net_of(filled(form), parts), NULL};
}

static void measure(struct subject *s, const struct rg_lag_options *options) {
    rg_lag_profiles_destroy(s->profiles);
    expect_ok(rg_lag_measure(s->net.engine, &s->net.source->source, 0, options, &s->profiles));
}

static void forget(struct subject *s) {
    rg_lag_profiles_destroy(s->profiles);
    net_destroy(&s->net);
}

/* ---- Against the reference ---- */

static void expect_reference(const struct subject *s) {
    static const enum ref_role roles[] = {REF_ROLE_WEIGHT_HH, REF_ROLE_WEIGHT_IH, REF_ROLE_WEIGHT_SH};
    struct rg_exercise *const e = s->net.exercise;
    ref_forward_backward(e->reference, &e->batch, e->result);
    for (size_t i = 0; i < s->profiles->layers * s->profiles->directions; i++) {
        const struct rg_lag_profile *const p = &s->profiles->items[i];
        const struct ref_trace *const trace = &e->result->traces[i];
        const double all = ref_norm(trace->delta_norm, STEPS);
        ck_assert(p->lags == STEPS && p->steps == STEPS && p->rows == BATCH && !p->overflow);
        for (size_t m = 0; m < p->n_matrices; m++) {
            const struct ref_lags *const wanted = &trace->lags[roles[m]];
            const struct rg_lag_terms *const found = &p->matrices[m];
            const size_t parameter = ref_parameter_at(e->reference, p->layer, p->direction, roles[m]);
            const double total =
                ref_norm(e->result->gradient[parameter], ref_parameter_elements(e->reference, parameter));
            near(found->total, total, 1e-12 * total, "the whole", 0);
            for (size_t lag = 0; lag < STEPS; lag++) {
                near(found->norm[lag], wanted->norm[lag], 1e-12 * total, "a norm", lag);
                near(found->share[lag], wanted->share[lag], 1e-12, "a share", lag);
                near(found->cosine[lag] * found->norm[lag], wanted->cosine[lag] * wanted->norm[lag], 1e-12 * total,
                     "a cosine", lag);
                near(p->delta_norm[lag], trace->delta_norm[lag], 1e-12 * all, "a delta", lag);
            }
        }
    }
}

START_TEST(the_reference_agrees) {
    struct subject s = start(&forms[_i], &(struct parts){0});
    ck_assert(s.net.engine->net.plan.chunk >= BATCH && s.net.engine->net.plan.n_segments == 1);
    measure(&s, &(struct rg_lag_options){.rows = BATCH, .threads = 1});
    expect_reference(&s);
    forget(&s);
}
END_TEST

/* ---- In parts ---- */

static void same_numbers(const double *a, const double *b, double scale, const char *what) {
    for (size_t lag = 0; lag < STEPS; lag++) {
        near(b[lag], a[lag], 1e-12 * scale, what, lag);
    }
}

static void same_terms(const struct rg_lag_terms *a, const struct rg_lag_terms *b) {
    near(b->total, a->total, 1e-12 * a->total, "a whole", 0);
    same_numbers(a->norm, b->norm, a->total, "norms");
    same_numbers(a->log10_norm, b->log10_norm, 1.0, "logarithms");
    same_numbers(a->share, b->share, 1.0, "shares");
    same_numbers(a->cosine, b->cosine, 1.0, "cosines");
    same_numbers(a->error, b->error, 1.0, "errors");
    same_numbers(a->cut_cosine, b->cut_cosine, 1.0, "cosines of cut gradients");
    ck_assert_uint_eq(b->horizon, a->horizon);
}

static void same_profile(const struct rg_lag_profile *a, const struct rg_lag_profile *b) {
    ck_assert(b->lags == a->lags && b->reach.last == a->reach.last && b->reach.rows == a->reach.rows);
    near(b->reach.median, a->reach.median, 1e-12, "the reach", 0);
    near(b->noise, a->noise, 1e-11 * a->noise, "the noise", 0);
    near(b->noise_hh, a->noise_hh, 1e-11 * a->noise_hh, "the noise of weight_hh", 0);
    near(b->used, a->used, 1e-12, "the steps used", 0);
    near(b->end_log, a->end_log, 1e-12, "the end", 0);
    for (size_t m = 0; m < a->n_matrices; m++) {
        same_terms(&a->matrices[m], &b->matrices[m]);
        for (size_t g = 0; a->n_gates > 1 && g < a->n_gates; g++) {
            same_terms(&a->gates[m][g], &b->gates[m][g]);
        }
    }
    same_numbers(a->delta_norm, b->delta_norm, a->delta_norm[0] + 1.0, "deltas");
    same_numbers(a->delta_log10, b->delta_log10, 1.0, "logarithms of deltas");
    for (size_t q = 0; q < RG_N_QUANTILES; q++) {
        same_numbers(a->delta_quantiles[q], b->delta_quantiles[q], 1.0, "quantiles of deltas");
        same_numbers(a->term_quantiles[q], b->term_quantiles[q], 1.0, "quantiles of terms");
    }
    ck_assert_int_eq(b->statistics.lack, a->statistics.lack);
    near(b->statistics.decay.low, a->statistics.decay.low, 1e-10, "the decay's interval", 0);
    near(b->statistics.decay.high, a->statistics.decay.high, 1e-10, "the decay's interval", 0);
}

/* The batch in chunks; the time in segments; both, with three terms in memory, which are computed twice. */
static const struct parts ways[] = {{4, 0, 0}, {0, 2, 0}, {4, 0, 1}, {4, 2, 400}};
START_TEST(parts_change_nothing) {
    const struct rg_exercise_form *const form = &forms[_i];
    struct subject whole = start(form, &(struct parts){0});
    measure(&whole, &(struct rg_lag_options){.rows = BATCH, .threads = 1});
    for (size_t k = 0; k < COUNT(ways); k++) {
        struct subject cut = start(form, &ways[k]);
        test_case("way %zu", k);
        ck_assert((cut.net.engine->net.plan.chunk < BATCH) == (ways[k].max_rows > 0));
        ck_assert((cut.net.engine->net.plan.n_segments > 1) == (ways[k].segment > 0));
        measure(&cut, &(struct rg_lag_options){.rows = BATCH, .threads = 1, .kept_bytes = ways[k].kept_bytes});
        for (size_t i = 0; i < whole.profiles->layers * whole.profiles->directions; i++) {
            same_profile(&whole.profiles->items[i], &cut.profiles->items[i]);
        }
        forget(&cut);
    }
    forget(&whole);
}
END_TEST

/* ---- Terms that share a slot ---- */

enum { LONG = 40 };
#define LONG_SIZES \
    { BATCH, LONG, 2, 3, 1, RG_LOSS_MSE, false }

/* The norm and the product with the gradient of the terms of lags [first, end) together. */
static void sum_of(const struct subject *s, size_t parameter, size_t first, size_t end, double *norm, double *product) {
    const struct rg_exercise *const e = s->net.exercise;
    const size_t n = ref_parameter_elements(e->reference, parameter);
    double term[16], sum[16] = {0.0};
    ck_assert_uint_le(n, COUNT(term));
    for (size_t lag = first; lag < end; lag++) {
        ref_lag_term(e->reference, &e->batch, e->result, parameter, lag, term);
        for (size_t i = 0; i < n; i++) {
            sum[i] += term[i];
        }
    }
    *norm = ref_norm(sum, n);
    *product = 0.0;
    for (size_t i = 0; i < n; i++) {
        *product += sum[i] * e->result->gradient[parameter][i];
    }
}

/* Six terms of 3 x 3 and 3 x 2 numbers have room: lags 0, 1 and 2 alone, then three ranges that grow by (40/3)^(1/3).
 * A range has its mean share and the cosine of its sum; errors are right at its end, and lie on lines between. */
START_TEST(ranges_share_their_terms) {
    static const size_t begins[] = {0, 1, 2, 3, 7, 16, LONG};
    const struct rg_exercise_form form = {.sizes = LONG_SIZES, .net = {.activation = RG_ACT_SIGMOID}};
    struct subject s = start(&form, &(struct parts){0}), whole = start(&form, &(struct parts){0});
    measure(&s, &(struct rg_lag_options){
                    .rows = BATCH, .threads = 1, .ranges = true, .kept_bytes = 6 * 15 * sizeof(double)});
    measure(&whole, &(struct rg_lag_options){.rows = BATCH, .threads = 1});
    ref_forward_backward(s.net.exercise->reference, &s.net.exercise->batch, s.net.exercise->result);
    for (size_t m = 0; m < 2; m++) {
        const struct rg_lag_terms *const a = &rg_lag_profile_of(whole.profiles, 0, 0)->matrices[m];
        const struct rg_lag_terms *const b = &rg_lag_profile_of(s.profiles, 0, 0)->matrices[m];
        const size_t parameter =
            ref_parameter_at(s.net.exercise->reference, 0, 0, m == 0 ? REF_ROLE_WEIGHT_HH : REF_ROLE_WEIGHT_IH);
        for (size_t i = 0; i + 1 < COUNT(begins); i++) {
            const size_t first = begins[i], end = begins[i + 1];
            double norm, product;
            sum_of(&s, parameter, first, end, &norm, &product);
            for (size_t lag = first; lag < end; lag++) {
                const double part = (double)(lag + 1 - first) / (double)(end - first);
                const double error = first > 0 ? a->error[first - 1] : 1.0;
                const double near_one = first > 0 ? a->cut_cosine[first - 1] : 0.0;
                near(b->norm[lag], a->norm[lag], 1e-13 * a->total, "a norm", lag);
                near(b->share[lag], product / a->total / a->total / (double)(end - first), 1e-13, "a share", lag);
                near(b->cosine[lag], product / norm / a->total, 1e-9, "a cosine", lag);
                near(b->error[lag], error + part * (a->error[end - 1] - error), 1e-13, "an error", lag);
                near(b->cut_cosine[lag], near_one + part * (a->cut_cosine[end - 1] - near_one), 1e-13,
                     "a cosine of the cut gradient", lag);
            }
        }
    }
    forget(&s);
    forget(&whole);
}
END_TEST

/* ---- Measurements that end early ---- */

enum { MAX_ASKED = 40 };
struct asked {
    double parts[MAX_ASKED];
    size_t n, end; /* calls; the one that ends it, from 1 */
};

static bool ask(void *self, double part) {
    struct asked *const asked = self;
    ck_assert_uint_lt(asked->n, MAX_ASKED);
    asked->parts[asked->n++] = part;
    return asked->n != asked->end;
}

static void watch(struct subject *s, struct asked *asked, const struct rg_lag_options *options) {
    struct rg_lag_options watched = *options;
    watched.rows = BATCH;
    watched.threads = 1;
    watched.watch = (struct rg_watch){.go_on = ask, .self = asked, .before = 0.25, .span = 0.5};
    asked->n = 0;
    measure(s, &watched);
}

/* It asks at every sixteenth step of the two layers' 40 each. */
START_TEST(a_watch_ends_it_at_a_lag) {
    static const double done[] = {15.0 / LONG / 2.0, 31.0 / LONG / 2.0, 0.5 + 7.0 / LONG / 2.0, 0.5 + 23.0 / LONG / 2.0,
                                  0.5 + 39.0 / LONG / 2.0};
    const struct rg_exercise_form form = {.sizes = LONG_SIZES, .net = {.layers = 2}};
    struct subject s = start(&form, &(struct parts){0});
    for (size_t end = 0; end <= COUNT(done); end++) {
        struct asked asked = {.end = end};
        watch(&s, &asked, &(struct rg_lag_options){.ranges = end % 2 == 0});
        ck_assert_uint_eq(asked.n, end ? end : COUNT(done));
        for (size_t i = 0; i < asked.n; i++) {
            ck_assert_double_eq_tol(asked.parts[i], 0.25 + 0.5 * done[i], 1e-15);
        }
        const size_t last = end == 1   ? 16
                            : end == 2 ? 32
                                       : LONG,
                     first = end == 0  ? LONG
                             : end < 3 ? 0
                                       : end * 16 - LONG;
        const struct rg_lag_profile *const top = rg_lag_profile_of(s.profiles, 1, 0);
        ck_assert_uint_eq(top->lags, last);
        ck_assert_uint_eq(rg_lag_profile_of(s.profiles, 0, 0)->lags, first);
        ck_assert(top->matrices[1].log10_norm[last - 1] > -INFINITY);
        ck_assert(last == LONG || top->matrices[1].log10_norm[last] == -INFINITY);
    }
    forget(&s);
}
END_TEST

/* A direction that comes from the largest lag has none, nor has one whose sequences are in memory in chunks: those ask
 * after each chunk's sixteenth step, in both visits to the terms. */
START_TEST(a_watch_leaves_no_lag) {
    const struct rg_exercise_form form = {.sizes = LONG_SIZES, .net = {.bidirectional = true}};
    struct subject s = start(&form, &(struct parts){0}), chunks = start(&form, &(struct parts){.max_rows = 4});
    struct asked asked = {.end = 4};
    watch(&s, &asked, &(struct rg_lag_options){.ranges = true});
    ck_assert(rg_lag_profile_of(s.profiles, 0, 0)->lags == LONG && rg_lag_profile_of(s.profiles, 0, 1)->lags == 0);
    asked.end = 0;
    watch(&chunks, &asked, &(struct rg_lag_options){.lags = 20});
    const size_t rows = chunks.net.engine->net.plan.chunk;
    size_t n = 0;
    for (size_t call = 16; call <= 2 * 20 * ((BATCH + rows - 1) / rows); call += 16, n++) {
        const size_t each = 20 * ((BATCH + rows - 1) / rows), of = (call - 1) % each, first = of / 20 * rows;
        const double done = (double)(of % 20 + 1) / 20.0, size = (double)(first + rows > BATCH ? BATCH - first : rows);
        const double part = ((double)first + done * size) / BATCH;
        ck_assert_double_eq_tol(asked.parts[n], 0.25 + 0.5 * ((double)((call - 1) / each) + part) / 2.0, 1e-14);
    }
    ck_assert_uint_eq(asked.n, n);
    asked.end = 2;
    watch(&chunks, &asked, &(struct rg_lag_options){.lags = 20});
    ck_assert(asked.n == 2 && rg_lag_profile_of(chunks.profiles, 0, 0)->lags == 0);
    ck_assert_uint_eq(rg_lag_profile_of(chunks.profiles, 0, 1)->lags, 0);
    forget(&s);
    forget(&chunks);
}
END_TEST

/* ---- Fewer lags ---- */

/* As many as asked for; all where the directions of several layers end at different ends. */
START_TEST(lags_are_limited) {
    static const struct {
        struct rg_exercise_net net;
        size_t asked, lags;
    } cases[] = {{{.layers = 2, .readout = RG_READOUT_MEAN}, 3, 3},
                 {{.layers = 2, .readout = RG_READOUT_MEAN, .bidirectional = true}, 3, STEPS},
                 {{.readout = RG_READOUT_MEAN, .bidirectional = true}, 3, 3},
                 {{.layers = 2, .bidirectional = true}, 3, 3},
                 {{.layers = 2}, STEPS - 1, STEPS - 1},
                 {{.layers = 2}, STEPS, STEPS},
                 {{.layers = 2}, STEPS + 1, STEPS},
                 {{.layers = 1}, 1, 1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct rg_exercise_form form = {.sizes = SIZES(false), .net = cases[i].net};
        struct subject s = start(&form, &(struct parts){0});
        test_case("%zu", i);
        measure(&s, &(struct rg_lag_options){.rows = BATCH, .threads = 1, .lags = cases[i].asked});
        for (size_t k = 0; k < s.profiles->layers * s.profiles->directions; k++) {
            const struct rg_lag_profile *const p = &s.profiles->items[k];
            ck_assert_uint_eq(p->lags, cases[i].lags);
            for (size_t lag = p->lags; lag < STEPS; lag++) {
                ck_assert(p->matrices[0].log10_norm[lag] == -INFINITY && p->matrices[0].share[lag] == 0.0);
                ck_assert(p->matrices[1].norm[lag] == 0.0 && p->delta_log10[lag] == -INFINITY);
            }
        }
        forget(&s);
    }
}
END_TEST

TEST_MAIN("profile_parts") {
    TCase *const tests = add_tests(suite, "profile_parts");
    tcase_add_unchecked_fixture(tests, open_device, close_device);
    tcase_add_loop_test(tests, the_reference_agrees, 0, COUNT(forms));
    tcase_add_loop_test(tests, parts_change_nothing, 0, COUNT(forms));
    tcase_add_test(tests, ranges_share_their_terms);
    tcase_add_test(tests, a_watch_ends_it_at_a_lag);
    tcase_add_test(tests, a_watch_leaves_no_lag);
    tcase_add_test(tests, lags_are_limited);
}
