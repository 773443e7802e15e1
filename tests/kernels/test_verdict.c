/* Verdicts of random nets of every kind, held to their definition (gradient/verdict.h) and to numbers worked out
 * otherwise, and their sentences, held to the numbers that they name. RG_VERDICT_NETS: how many nets. */
#include <math.h>
#include <string.h>

#include "cli/report/screen.h"
#include "executions.h"
#include "train/source.h"

enum { USUAL_NETS = 400, SENTENCE = 800 };

static struct rg_device *device;

enum kind { SCALED, JORDAN, SPIRAL, DIAGONAL, RELU, RAGGED, TWO_LAYERS, ANY_CELL, N_KINDS_OF_NETS };

struct subject {
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    struct rg_diagnosis diagnosis;
};

static struct subject make(const struct rg_exercise_form *form, uint64_t seed) {
    struct subject s = {0};
    expect_ok(rg_exercise_create(form, &s.exercise), "exercise");
    rg_exercise_fill(s.exercise, seed);
    return s;
}

static void same_number(double a, double b, const char *what) {
    ck_assert_msg(a == b || (isnan(a) && isnan(b)), "%s is %g, and %g in a whole diagnosis", what, a, b);
}

/* A brief diagnosis has the verdict of the whole one, bit for bit. */
static void check_brief(const struct subject *s, const struct rg_diagnosis_options *whole) {
    const struct rg_verdict *const all = &s->diagnosis.verdict;
    struct rg_diagnosis_options how = *whole;
    struct rg_diagnosis brief;
    how.brief = true;
    expect_ok(rg_diagnosis_measure(s->engine, &s->source->source, 0, &how, &brief), "a brief diagnosis");
    const struct rg_verdict *const v = &brief.verdict;
    const struct rg_lag_terms *const terms = &brief.profile->matrices[RG_LAG_HH], *const all_terms =
                                                                                      &s->diagnosis.profile
                                                                                           ->matrices[RG_LAG_HH];
    ck_assert_msg(v->word == all->word && v->mixture == all->mixture, "%s, and %s in a whole diagnosis",
                  rg_verdict_names[v->word], rg_verdict_names[all->word]);
    ck_assert(v->layer == all->layer && v->direction == all->direction && v->horizon == all->horizon);
    same_number(v->decay, all->decay, "the decay");
    same_number(v->log10_reach, all->log10_reach, "the reach");
    for (size_t lag = 0; lag < brief.profile->lags; lag++) {
        same_number(terms->share[lag], all_terms->share[lag], "a share");
    }
    ck_assert(brief.profile->statistics.lack == RG_STATISTICS_INTERRUPTED);
    rg_diagnosis_release(&brief);
}

static void measure(struct subject *s) {
    struct rg_exercise *const e = s->exercise;
    const struct rg_engine_options options = rg_exercise_options(e);
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &s->source), "source");
    expect_ok(rg_engine_create(device, e->model, &options, &s->engine), "engine");
    const struct rg_diagnosis_options how = {
        .how = RG_DIAGNOSE_FULL, .rows = e->sizes.batch, .causes = true, .threads = 1};
    expect_ok(rg_diagnosis_measure(s->engine, &s->source->source, 0, &how, &s->diagnosis), "diagnosis");
    check_brief(s, &how);
}

static void forget(struct subject *s) {
    rg_diagnosis_release(&s->diagnosis);
    rg_engine_destroy(s->engine);
    rg_data_source_destroy(s->source);
    rg_exercise_destroy(s->exercise);
}

static float *weights_of(const struct subject *s, size_t layer, enum rg_role role) {
    struct rg_model *const model = s->exercise->model;
    return rg_model_values(model, rg_model_parameter(model, layer, 0, role));
}

/* ---- Matrices ---- */

/* w [n][n] = g Q, Q a product of rotations in random planes. */
static void rotation(float *w, size_t n, double g, uint64_t *seed) {
    double q[64];
    for (size_t i = 0; i < n * n; i++) {
        q[i] = i / n == i % n ? g : 0.0;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            const double angle = rg_exercise_random(seed, 3.14), c = cos(angle), s = sin(angle);
            for (size_t m = 0; m < n; m++) {
                const double a = q[i * n + m], b = q[j * n + m];
                q[i * n + m] = c * a - s * b;
                q[j * n + m] = s * a + c * b;
            }
        }
    }
    for (size_t i = 0; i < n * n; i++) {
        w[i] = (float)q[i];
    }
}

/* What multiplies the gradient in `lags` steps back of a linear net: log10 of ||(W^T)^lags v|| over ||v||. */
static double growth_of(const float *w, const float *head, size_t n, size_t lags) {
    double v[8], next[8], log = 0.0, first = 0.0, norm;
    for (size_t j = 0; j < n; j++) {
        v[j] = (double)head[j];
    }
    first = ref_norm(v, n);
    for (size_t lag = 0; lag < lags; lag++) {
        memset(next, 0, sizeof next);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                next[j] += (double)w[i * n + j] * v[i];
            }
        }
        norm = ref_norm(next, n);
        if (norm == 0.0) {
            return -INFINITY;
        }
        for (size_t j = 0; j < n; j++) {
            v[j] = next[j] / norm;
        }
        log += log10(norm);
    }
    return lags ? log - log10(first) : 0.0;
}

/* ---- The definition, in other words than in verdict.c ---- */

static bool is_mixed_by_sequences(const struct rg_lag_reach *r) {
    const bool all_explode = r->p10 >= 3.0, all_vanish = r->p90 <= -3.0;
    return r->p90 - r->p10 >= 6.0 && !all_explode && !all_vanish;
}

static enum rg_verdict_word defined(const struct rg_lag_profile *p, const struct rg_causes *c) {
    const struct rg_lag_reach *const r = &p->reach;
    struct rg_verdict j;
    if (r->last == 0 || r->dead > r->rows - r->dead) {
        return RG_NONE;
    }
    if (is_mixed_by_sequences(r)) {
        return RG_MIXED;
    }
    if (r->median >= 3.0 || r->median <= -3.0) {
        return r->median > 0.0 ? RG_EXPLODING : RG_VANISHING;
    }
    if (c->last > 0 && c->log10_largest[c->last] >= 3.0 && c->log10_smallest[c->last] <= -3.0) {
        return RG_MIXED;
    }
    rg_verdict_on(p, c, &j);
    if (j.sensitivity >= 50.0) {
        return RG_SENSITIVE;
    }
    return p->matrices[RG_LAG_HH].total > 0.0 && p->matrices[RG_LAG_HH].horizon < (p->lags + 1) / 2 ? RG_FADING
                                                                                                    : RG_STABLE;
}

/* ---- The sentence ---- */

/* log10 of a number such as 2.5e-60, which a double may not hold. */
static double log_of(const char *text) {
    char lead[16];
    const size_t n = strcspn(text, "e ");
    (void)snprintf(lead, sizeof lead, "%.*s", (int)n, text);
    return log10(strtod(lead, NULL)) + (text[n] == 'e' ? strtod(text + n + 1, NULL) : 0.0);
}

/* Does ||delta|| fall by half a decade from some lag to a later one, and grow as much from another to a later one? */
static bool falls_and_grows(const struct rg_diagnosis *d) {
    const double *const y = d->profile->delta_log10; /* infinite or NAN where there is no gradient */
    bool falls = false, grows = false;
    for (size_t a = 0; a <= d->verdict.last; a++) {
        for (size_t b = a + 1; isfinite(y[a]) && b <= d->verdict.last; b++) {
            falls = falls || (isfinite(y[b]) && y[a] - y[b] >= 0.5);
            grows = grows || (isfinite(y[b]) && y[b] - y[a] >= 0.5);
        }
    }
    return falls && grows;
}

static void check_sentence(const struct rg_diagnosis *d) {
    const struct rg_verdict *const j = &d->verdict;
    char text[SENTENCE], name[32];
    rg_verdict_sentence(d, text, sizeof text);
    test_case("%s", text);
    (void)snprintf(name, sizeof name, "%s: ", rg_verdict_names[j->word]);
    ck_assert(strncmp(text, name, strlen(name)) == 0 && text[strlen(text) - 1] == '.');
    ck_assert(!strstr(text, "nan") && !strstr(text, "inf") && strlen(text) + 1 < sizeof text);
    const char *const reach = strstr(text, " back is "), *const factor = strstr(text, "its factor is ");
    if (j->word == RG_NONE) {
        ck_assert(!reach && !factor);
        return;
    }
    ck_assert_ptr_nonnull(reach);
    ck_assert_msg(j->log10_reach == -INFINITY || fabs(log_of(reach + 9) - j->log10_reach) < 0.05, "reach");
    ck_assert(!factor || fabs(strtod(factor + 14, NULL) - j->factor) <= 1e-3 * j->factor);
    ck_assert(j->word != RG_EXPLODING || j->log10_reach >= 3.0);
    ck_assert(j->word != RG_VANISHING || j->log10_reach <= -3.0);
    const bool arrives = j->word == RG_STABLE || j->word == RG_FADING || j->word == RG_SENSITIVE;
    ck_assert(!arrives || fabs(j->log10_reach) < 3.0);
    ck_assert(!strstr(text, "falls and grows") || j->decay * j->log10_reach < 0.0 || falls_and_grows(d));
    ck_assert((strstr(text, "disagree") != NULL) == (j->mixture == RG_MIXED_SEQUENCES));
    ck_assert((strstr(text, "distant steps count for little") != NULL) == (j->word == RG_FADING));
    ck_assert((strstr(text, "small change of weight_hh") != NULL) == (j->word == RG_SENSITIVE));
}

/* ---- All of a net ---- */

static void check_net(const struct subject *s) {
    const struct rg_diagnosis *const d = &s->diagnosis;
    bool explodes = false, vanishes = false, is_one = false;
    double parts = 0.0;
    ck_assert_ptr_nonnull(d->profile);
    for (size_t i = 0; i < d->profiles->layers * d->profiles->directions; i++) {
        const struct rg_lag_profile *const p = &d->profiles->items[i];
        struct rg_verdict j;
        rg_verdict_on(p, &d->causes->items[i], &j);
        ck_assert_msg(j.word == defined(p, &d->causes->items[i]), "layer %zu: %s", i, rg_verdict_names[j.word]);
        ck_assert(!isnan(j.log10_reach) && !isnan(j.reach) && !isnan(j.spread) && !isnan(j.half_life));
        ck_assert(j.horizon <= j.lags && j.dead <= j.sequences);
        explodes = explodes || (j.word == RG_EXPLODING && p->matrices[RG_LAG_HH].total > 0.0);
        vanishes = vanishes || (j.word == RG_VANISHING && p->matrices[RG_LAG_HH].total > 0.0);
        is_one = is_one || j.word == d->verdict.word;
        parts += 1.0;
    }
    if (explodes && vanishes) {
        ck_assert(d->verdict.word == RG_MIXED && d->verdict.mixture == RG_MIXED_LAYERS);
    } else {
        ck_assert_msg(is_one || d->verdict.word == RG_NONE, "the net is %s, and no layer is",
                      rg_verdict_names[d->verdict.word]);
    }
    ck_assert(parts > 1.0 || d->verdict.part == 1.0 || d->verdict.word == RG_NONE);
    check_sentence(d);
}

/* A linear net's gradient is known without the program. */
static void check_growth(const struct subject *s) {
    const struct rg_verdict *const j = &s->diagnosis.verdict;
    const size_t n = s->exercise->sizes.hidden;
    const float *const head = rg_model_values(s->exercise->model, rg_model_head_weight(s->exercise->model));
    const double wanted = growth_of(weights_of(s, 0, RG_ROLE_WEIGHT_HH), head, n, j->last);
    ck_assert_msg(j->word == RG_NONE || wanted == j->log10_reach || fabs(wanted - j->log10_reach) < 1e-6,
                  "reach 10^%.9g, expected 10^%.9g", j->log10_reach, wanted);
    if (j->mixture == RG_NOT_MIXED && j->word != RG_NONE && fabs(fabs(wanted) - 3.0) > 1e-6) {
        ck_assert((j->word == RG_EXPLODING) == (wanted >= 3.0) && (j->word == RG_VANISHING) == (wanted <= -3.0));
    }
}

/* The recurrent matrix of a kind, so that what comes to the furthest lag is some decades up or down. */
static void fill_matrix(float *w, size_t n, size_t steps, enum kind kind, uint64_t *seed) {
    const double decades = rg_exercise_random(seed, 6.0);
    const double g = pow(10.0, decades / (steps > 1 ? (double)(steps - 1) : 1.0));
    rotation(w, n, g, seed);
    for (size_t i = 0; i < n * n && kind != SCALED && kind != RAGGED && kind != SPIRAL; i++) {
        const size_t row = i / n, column = i % n;
        const double on = kind == DIAGONAL && row % 2 ? 1.0 / g : g;
        w[i] = row == column ? (float)on : kind == JORDAN && column == row + 1 ? 3.0f : 0.0f;
    }
    for (size_t i = 0; kind == SPIRAL && i < n; i++) { /* rows of different length: no normal matrix */
        const float by = (float)(1.0 + rg_exercise_random(seed, 0.5));
        for (size_t j = 0; j < n; j++) {
            w[i * n + j] *= by;
        }
    }
}

static struct rg_exercise_form form_of(enum kind kind, uint64_t *seed) {
    const size_t steps = 2 + (size_t)(49.0 + rg_exercise_random(seed, 49.0)),
                 batch = 1 + (size_t)(4.0 + rg_exercise_random(seed, 4.0));
    struct rg_exercise_form form = {
        .sizes = {batch, steps, 2, 1 + (size_t)(3.0 + rg_exercise_random(seed, 3.0)), 1, RG_LOSS_MSE, kind == RAGGED},
        .net = {.activation = kind == RELU ? RG_ACT_RELU : RG_ACT_LINEAR, .layers = kind == TWO_LAYERS ? 2 : 1}};
    if (kind == ANY_CELL) {
        const size_t which = (size_t)(2.0 + rg_exercise_random(seed, 2.0));
        form.net = (struct rg_exercise_net){.cell = (enum rg_cell)(which % RG_N_CELLS),
                                            .layers = 1 + which % 2,
                                            .bidirectional = which == 3,
                                            .readout = which == 3 ? RG_READOUT_FINAL : RG_READOUT_LAST};
    }
    return form;
}

static void check_random(size_t i) {
    uint64_t seed = 1000 + i;
    const enum kind kind = (enum kind)(i % N_KINDS_OF_NETS);
    const struct rg_exercise_form form = form_of(kind, &seed);
    struct subject s = make(&form, seed);
    const size_t n = form.sizes.hidden;
    for (size_t layer = 0; layer < s.exercise->model->shape.layers && kind != ANY_CELL; layer++) {
        fill_matrix(weights_of(&s, layer, RG_ROLE_WEIGHT_HH), n, form.sizes.steps, kind, &seed);
    }
    measure(&s);
    test_case("net %zu, kind %d: ", i, (int)kind);
    test_case_form(&form);
    check_net(&s);
    if (kind <= DIAGONAL || kind == RAGGED) {
        check_growth(&s);
    }
    forget(&s);
}

START_TEST(random_nets) {
    const char *const text = getenv("RG_VERDICT_NETS");
    const size_t n = text ? strtoul(text, NULL, 10) : USUAL_NETS, each = (n + 19) / 20;
    for (size_t i = (size_t)_i * each; i < ((size_t)_i + 1) * each; i++) {
        check_random(i);
    }
}
END_TEST

/* ---- Nets made for a verdict ---- */

static struct subject linear(size_t steps, size_t hidden, enum rg_activation activation) {
    const struct rg_exercise_form form = {.sizes = {16, steps, 1, hidden, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = activation}};
    test_case_form(&form);
    return make(&form, 5);
}

static void expect_verdict(struct subject *s, enum rg_verdict_word wanted) {
    measure(s);
    check_net(s);
    const enum rg_verdict_word got = s->diagnosis.verdict.word;
    ck_assert_msg(got == wanted, "%s, not %s", rg_verdict_names[got], rg_verdict_names[wanted]);
}

/* h_t = lambda h_{t-1} + x_t: the curse of memory is seen where lambda is near 1, and only there. */
START_TEST(the_curse_of_memory_is_sensitive) {
    static const struct {
        float lambda;
        size_t steps;
        enum rg_verdict_word wanted;
    } cases[] = {{0.99f, 400, RG_SENSITIVE}, {0.999f, 1000, RG_SENSITIVE}, {1.0f, 1000, RG_SENSITIVE},
                 {1.0f, 60, RG_STABLE},      {0.95f, 100, RG_FADING},      {0.9f, 400, RG_VANISHING}};
    struct subject s = linear(cases[_i].steps, 1, RG_ACT_LINEAR);
    weights_of(&s, 0, RG_ROLE_WEIGHT_HH)[0] = cases[_i].lambda;
    weights_of(&s, 0, RG_ROLE_WEIGHT_IH)[0] = 1.0f;
    weights_of(&s, 0, RG_ROLE_BIAS_HH)[0] = weights_of(&s, 0, RG_ROLE_BIAS_IH)[0] = 0.0f;
    for (size_t i = 0; i < 16 * cases[_i].steps; i++) { /* as the numbers of `adding`, of a mean above 0 */
        s.exercise->data.x_float[i] = fabsf(s.exercise->data.x_float[i]);
    }
    expect_verdict(&s, cases[_i].wanted);
    forget(&s);
}
END_TEST

/* 0.9 I with 3 on the superdiagonal: all eigenvalues below 1, and the gradient grows by 10^7. */
START_TEST(a_matrix_that_is_not_normal_explodes) {
    enum { HIDDEN = 8 };
    struct subject s = linear(60, HIDDEN, RG_ACT_LINEAR);
    float *const w = weights_of(&s, 0, RG_ROLE_WEIGHT_HH);
    for (size_t i = 0; i < HIDDEN * HIDDEN; i++) {
        w[i] = i / HIDDEN == i % HIDDEN ? 0.9f : i / HIDDEN + 1 == i % HIDDEN ? 3.0f : 0.0f;
    }
    expect_verdict(&s, RG_EXPLODING);
    check_growth(&s);
    ck_assert_double_gt(s.diagnosis.verdict.log10_reach, 6.0);
    forget(&s);
}
END_TEST

/* tanh, W = 1.12 Q: the gradient dies in the last steps, whose inputs saturate the units, and grows before them. */
START_TEST(growth_behind_a_wall_is_no_explosion) {
    enum { STEPS = 80, HIDDEN = 4, WALL = 20 };
    struct subject s = linear(STEPS, HIDDEN, RG_ACT_TANH);
    uint64_t seed = 9;
    memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
    rotation(weights_of(&s, 0, RG_ROLE_WEIGHT_HH), HIDDEN, 1.12, &seed);
    for (size_t j = 0; j < HIDDEN; j++) {
        weights_of(&s, 0, RG_ROLE_WEIGHT_IH)[j] = 1.0f;
        rg_model_values(s.exercise->model, rg_model_head_weight(s.exercise->model))[j] = 1.0f;
    }
    for (size_t i = 0; i < 16 * STEPS; i++) {
        s.exercise->data.x_float[i] = i % STEPS + WALL >= STEPS ? 3.0f : 0.0f;
    }
    expect_verdict(&s, RG_VANISHING);
    forget(&s);
}
END_TEST

/* 0.7 Q over 18 steps: 10^-2.6 comes to the first step, and the older half of the lags hardly counts. */
START_TEST(a_horizon_of_few_lags_is_fading) {
    struct subject s = linear(18, 4, RG_ACT_LINEAR);
    uint64_t seed = 2;
    rotation(weights_of(&s, 0, RG_ROLE_WEIGHT_HH), 4, 0.7, &seed);
    expect_verdict(&s, RG_FADING);
    check_growth(&s);
    forget(&s);
}
END_TEST

START_TEST(ten_thousand_steps) {
    struct subject s = linear(10000, 2, RG_ACT_LINEAR);
    uint64_t seed = 4;
    rotation(weights_of(&s, 0, RG_ROLE_WEIGHT_HH), 2, 0.9, &seed);
    expect_verdict(&s, RG_VANISHING);
    check_growth(&s);
    ck_assert_double_lt(s.diagnosis.verdict.log10_reach, -457.0);
    forget(&s);
}
END_TEST

static void open_device(void) {
    device = open_execution(0);
}

static void close_device(void) {
    rg_device_destroy(device);
}

TEST_MAIN("verdict") {
    TCase *const verdicts = add_tests(suite, "verdict");
    tcase_add_unchecked_fixture(verdicts, open_device, close_device);
    tcase_add_loop_test(verdicts, random_nets, 0, 20);
    tcase_add_loop_test(verdicts, the_curse_of_memory_is_sensitive, 0, 6);
    tcase_add_test(verdicts, a_matrix_that_is_not_normal_explodes);
    tcase_add_test(verdicts, growth_behind_a_wall_is_no_explosion);
    tcase_add_test(verdicts, a_horizon_of_few_lags_is_fading);
    tcase_add_test(verdicts, ten_thousand_steps);
}
