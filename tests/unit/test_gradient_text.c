/* What the program says of a gradient, word by word, against tests/expected/gradient-texts.txt: the sentence of every
 * verdict, the profile by lag, the causes, intervals, truncation, the optimiser's step, as text, JSON and tables. The
 * profiles are made up; tests/kernels checks that real ones are right. */
#define _GNU_SOURCE
#include <math.h>

#include "cli/report/chance.h"
#include "cli/report/cut_text.h"
#include "cli/report/explain.h"
#include "cli/report/screen.h"
#include "cli/report/step_text.h"
#include "failing_memory.h"
#include "held_json.h"
#include "shown.h"
#include "started_model.h"

enum { MAX_LAGS = 900, DIRECTIONS = 4, UNITS = 40 };

static struct text said; /* of all cases, in order */

/* ---- A made-up gradient ---- */

struct numbers {
    double norm[MAX_LAGS], log10_norm[MAX_LAGS], share[MAX_LAGS], cosine[MAX_LAGS], error[MAX_LAGS],
        cut_cosine[MAX_LAGS], step_share[MAX_LAGS], step_log10[MAX_LAGS];
};

/* One direction of each layer; `d` points into it. */
struct subject {
    struct numbers numbers[DIRECTIONS][RG_LAG_MATRICES];
    struct rg_lag_profile items[DIRECTIONS];
    struct rg_causes causes[DIRECTIONS];
    double delta[MAX_LAGS], by_lag[6][MAX_LAGS], singular[UNITS], taus[UNITS];
    struct rg_lag_profiles profiles;
    struct rg_all_causes all;
    struct rg_diagnosis d;
};
static struct subject s;

/* W_hh, W_ih and W_sh of a gradient that loses `decades` a step. */
static void fill_matrix(struct numbers *n, struct rg_lag_terms *t, size_t lags, double decades, double sign) {
    double total = 0.0, left = 1.0;
    for (size_t lag = 0; lag < lags; lag++) {
        total += pow(10.0, -decades * (double)lag);
    }
    for (size_t lag = 0; lag < lags; lag++) {
        n->log10_norm[lag] = lag == 3 ? -INFINITY : -decades * (double)lag - 0.25;
        n->norm[lag] = pow(10.0, n->log10_norm[lag]);
        n->share[lag] = pow(10.0, -decades * (double)lag) / total * (lag % 5 == 2 ? sign : 1.0);
        n->cosine[lag] = 1.0 - 0.001 * (double)lag;
        left -= n->share[lag];
        n->error[lag] = lag + 1 == lags ? 1e-13 : fabs(left);
        n->cut_cosine[lag] = 1.0 - 0.5 * fabs(left);
        n->step_share[lag] = 1.0 / (double)lags + (lag == 0 ? 1e-5 : 0.0);
        n->step_log10[lag] = n->log10_norm[lag] + 0.5;
    }
    *t = (struct rg_lag_terms){.norm = n->norm,
                               .log10_norm = n->log10_norm,
                               .share = n->share,
                               .cosine = n->cosine,
                               .error = n->error,
                               .cut_cosine = n->cut_cosine,
                               .step_share = n->step_share,
                               .step_log10 = n->step_log10,
                               .total = 2.5,
                               .horizon = 3};
}

/* Statistics: a range is noise where its place from the end is below `noise`; the second has no gradient. */
static void fill_statistics(struct rg_lag_profile *p, size_t groups, size_t noise) {
    struct rg_lag_statistics *const st = &p->statistics;
    st->lack = RG_STATISTICS_WHOLE;
    st->groups = groups;
    st->n_ranges = rg_lag_ranges(p->lags, st->ranges);
    st->decay = (struct rg_interval){-0.5, -0.25};
    for (size_t m = 0; m < RG_LAG_MATRICES; m++) {
        struct rg_matrix_statistics *const of = &p->matrix_statistics[m];
        of->horizon = (struct rg_interval){2.0, 5.0};
        for (size_t i = 0; i < st->n_ranges; i++) {
            const bool none = i == 1;
            of->chance[i] = none ? (double)NAN : i + noise >= st->n_ranges ? 0.0625 : 0.05;
            of->share[i].low = none ? (double)NAN : 0.125 / (double)(i + 1) - 0.02;
            of->share[i].high = 0.25 / (double)(i + 1);
            of->snr[i] = none ? (double)NAN : i == 0 ? INFINITY : 10.0 / (double)i;
        }
    }
}

static void fill_causes(struct rg_causes *c, size_t layer, size_t direction, size_t lags) {
    *c = (struct rg_causes){.layer = layer,
                            .direction = direction,
                            .steps = lags,
                            .rows = 8,
                            .slope = s.by_lag[0],
                            .saturated = s.by_lag[1],
                            .forget = s.by_lag[2],
                            .mean_slope = 0.875,
                            .mean_saturated = 0.0625,
                            .mean_log_forget = NAN,
                            .sigma_hh = 1.25,
                            .radius = 0.9,
                            .sigma_sh = NAN,
                            .radius_sh = NAN,
                            .state = 4,
                            .directions = 4,
                            .last = lags - 1,
                            .sequences = 3,
                            .reached = s.by_lag[3],
                            .log10_largest = s.by_lag[4],
                            .log10_smallest = s.by_lag[5],
                            .n_exponents = 4,
                            .exponents = {0.5, -0.25, -1.0, -INFINITY, -2.0, -3.0, -4.0, -5.0},
                            .bound = NAN,
                            .mean_field = -0.125,
                            .normal = NAN};
    for (size_t lag = 0; lag < lags; lag++) {
        s.by_lag[0][lag] = 0.9;
        s.by_lag[1][lag] = 0.1;
        s.by_lag[2][lag] = 0.7;
        s.by_lag[3][lag] = 3.0;
        s.by_lag[4][lag] = 0.5 * (double)lag;
        s.by_lag[5][lag] = -1.5 * (double)lag;
    }
    for (size_t i = 0; i < UNITS; i++) {
        s.singular[i] = 2.0 - 0.5 * (double)i;
        s.taus[i] = (double)i + 0.5;
    }
    c->spectrum = (struct rg_spectrum){.log10_singular = s.singular, .log10_condition = NAN, .steps = 6};
}

static void fill(size_t layers, size_t directions, size_t lags, size_t probe) {
    s.profiles = (struct rg_lag_profiles){layers, directions, s.items};
    s.all = (struct rg_all_causes){layers, directions, s.causes};
    for (size_t i = 0; i < layers * directions; i++) {
        struct rg_lag_profile *const p = &s.items[i];
        *p = (struct rg_lag_profile){.steps = probe,
                                     .lags = lags,
                                     .has_past = true,
                                     .rows = 8,
                                     .probe = probe,
                                     .layer = i / directions,
                                     .direction = i % directions,
                                     .stride = 1,
                                     .stepped = true,
                                     .n_matrices = RG_LAG_MATRICES,
                                     .n_gates = 1,
                                     .delta_log10 = s.delta,
                                     .delta_norm = s.delta,
                                     .noise = NAN,
                                     .used = NAN,
                                     .end_log = NAN,
                                     .reach = {.last = lags - 1, .rows = 8, .median = -0.25 * (double)lags}};
        p->statistics.lack = RG_STATISTICS_FEW;
        for (size_t m = 0; m < RG_LAG_MATRICES; m++) {
            fill_matrix(&s.numbers[i][m], &p->matrices[m], lags, 0.2 + 0.1 * (double)(i + m), m == 0 ? -1.0 : 1.0);
            p->matrices[m].parameter = m;
        }
        fill_causes(&s.causes[i], p->layer, p->direction, lags);
    }
    for (size_t lag = 0; lag < lags; lag++) {
        s.delta[lag] = -0.25 * (double)lag;
    }
    s.d = (struct rg_diagnosis){.profiles = &s.profiles,
                                .causes = &s.all,
                                .profile = &s.items[0],
                                .cause = &s.causes[0],
                                .optimizer = RG_OPT_ADAM,
                                .asked_step = true,
                                .stepped = true};
    s.d.verdict = (struct rg_verdict){.word = RG_VANISHING,
                                      .part = 0.75,
                                      .decay = -0.5,
                                      .factor = 0.60653,
                                      .log10_reach = -3.5,
                                      .reach = 3.16e-4,
                                      .last = lags - 1,
                                      .sequences = 8,
                                      .half_life = 1.386,
                                      .sensitivity = 60.0,
                                      .horizon = 3,
                                      .lags = lags};
}

/* ---- On the screen ---- */

static const struct rg_look ascii = {.columns = 80},
                            wide = {.color = true, .unicode = true, .verbose = true, .columns = 120},
                            verbose = {.unicode = true, .verbose = true, .columns = 100};

static void show(const char *name, const struct rg_look *look) {
    struct rg_config config = rg_config_default();
    text_add(&said, "======== %s\n", name);
    struct captured screen = capture_begin(stdout);
    rg_screen_diagnosis(&s.d, &config, look);
    capture_end(&screen, &said);
}

START_TEST(screens) {
    fill(1, 1, 1, 1);
    s.d.cause = NULL;
    s.d.verdict.word = RG_NONE;
    show("one step, few sequences", &ascii);
    s.items[0].rows = 1;
    s.items[0].statistics.lack = RG_STATISTICS_LARGE;
    s.d.stepped = false;
    show("one step, in full", &verbose);

    fill(1, 1, 7, 7);
    fill_statistics(&s.items[0], 8, 2);
    s.items[0].noise = 0.25;
    show("vanishing, on a wide screen", &wide);
    show("vanishing, in ASCII", &ascii);
    s.items[0].noise = 1.5;
    s.items[0].statistics.decay.low = NAN;
    s.d.verdict.half_life = INFINITY;
    s.causes[0].times = (struct rg_time_constants){
        .n = 1, .endless = 1, .gate = 'f', .values = s.taus, .quantiles = {0.5, 1.0, 2.0, 3.0, INFINITY}};
    s.causes[0].mean_log_forget = -0.5;
    s.causes[0].mean_field = NAN;
    s.causes[0].radius = NAN;
    s.causes[0].sigma_sh = 0.5;
    s.causes[0].reached[0] = 5.0;
    s.causes[0].dead = 1;
    s.causes[0].n_exponents = 6;
    s.causes[0].spectrum.n = 10;
    s.causes[0].spectrum.zeros = 1;
    s.causes[0].spectrum.log10_condition = INFINITY;
    s.items[0].statistics.groups = 3;
    show("vanishing, other causes", &verbose);
    s.causes[0].spectrum.n = 4;
    s.causes[0].spectrum.zeros = 4;
    s.causes[0].last = 1;
    s.causes[0].sequences = 1;
    s.causes[0].exponents[0] = -INFINITY;
    s.items[0].statistics.groups = 4;
    s.causes[0].bound = 0.25;
    s.causes[0].normal = -0.75;
    s.causes[0].radius_sh = 0.25;
    show("vanishing, one step of products", &verbose);
    s.causes[0].spectrum.zeros = 2;
    s.causes[0].spectrum.log10_condition = 3.25;
    s.causes[0].last = 0;
    s.d.verdict.decay = NAN;
    s.items[0].statistics.lack = RG_STATISTICS_NO_GRADIENT;
    show("no products", &verbose);
    s.causes[0].mean_slope = NAN;
    s.causes[0].times.n = 5;
    s.items[0].matrices[RG_LAG_HH].total = 0.0;
    s.items[0].statistics.lack = RG_STATISTICS_INTERRUPTED;
    show("no slopes", &verbose);

    fill(2, 2, 40, 41);
    s.d.profile = &s.items[3];
    s.d.cause = &s.causes[3];
    s.d.verdict.word = RG_EXPLODING;
    s.d.verdict.log10_reach = 5.0;
    s.d.verdict.decay = 0.25;
    s.d.verdict.layer = s.d.verdict.direction = 1;
    s.causes[3].directions = 3;
    s.causes[3].spectrum.power = (struct rg_chain_result){.iterations = 50, .log10_largest = 7.25};
    s.d.linear = true;
    s.d.optimizer = RG_OPT_MOMENTUM;
    show("exploding in four directions", &verbose);
    s.causes[3].spectrum.power.converged = true;
    fill_statistics(&s.items[3], 8, 0);
    for (size_t lag = 0; lag < 40; lag++) {
        s.numbers[3][0].log10_norm[lag] = -INFINITY;
        s.numbers[3][0].share[lag] = 0.0;
    }
    show("no norms", &wide);
    fill(1, 1, MAX_LAGS, 2000);
    fill_statistics(&s.items[0], 8, 3);
    show("many lags", &ascii);
    s.d.profile = NULL;
    show("nothing measured", &verbose);
}
END_TEST

/* ---- The sentence ---- */

static void tell(const char *name) {
    char text[900];
    rg_verdict_sentence(&s.d, text, sizeof text);
    text_add(&said, "%s: %s\n", name, text);
}

START_TEST(sentences) {
    for (enum rg_verdict_word word = RG_NONE; word <= RG_STABLE; word++) {
        fill(1, 1, 12, 12);
        s.d.verdict.word = word;
        text_add(&said, "======== %s\n", rg_verdict_names[word]);
        tell("as it is");
        s.d.verdict.sequences = 7;
        s.d.verdict.horizon = 6;
        tell("7 sequences, horizon 6");
        s.d.verdict.horizon = 5;
        s.d.verdict.factor = NAN;
        s.d.cut = 4;
        tell("horizon 5, no factor, cut");
        fill_statistics(&s.items[0], 8, 1);
        tell("one range of noise");
        fill_statistics(&s.items[0], 8, 6);
        tell("half noise");
        fill_statistics(&s.items[0], 8, 5);
        tell("less than half noise");
        fill_statistics(&s.items[0], 8, 12);
        tell("all noise");
        fill(2, 1, 2, 2);
        s.d.verdict.word = word;
        tell("one step, two layers");
        s.d.verdict.part = 0.0;
        s.d.verdict.direction = 1;
        tell("no part");
        fill(1, 1, 12, 12);
        s.d.verdict.word = word;
        s.items[0].one_of_losses = true;
        s.items[0].probe = 7;
        tell("one of several losses");
        s.items[0].one_of_losses = false;
        s.items[0].enters_everywhere = true;
        tell("a part of the loss at each step");
        fill_statistics(&s.items[0], 8, 5);
        tell("the same, as noise");
        s.items[0].enters_everywhere = false;
    }
    text_add(&said, "======== overflow\n");
    fill(1, 1, 12, 12);
    s.d.verdict.word = RG_EXPLODING;
    s.d.verdict.overflow = true;
    tell("float");
    s.d.is_double = true;
    tell("double");
    static const struct {
        const char *name;
        double reach, decay;
        size_t last;
    } stable[] = {{"-1", -1.0, -0.2, 11},    {"-0.99", -0.99, -0.2, 11},       {"1", 1.0, 0.2, 11},
                  {"0.99", 0.99, 0.2, 11},   {"turns up", -0.2, 0.2, 11},      {"turns down", 0.2, -0.2, 11},
                  {"hardly", 0.1, -0.2, 11}, {"hardly, too", 0.2, -0.009, 11}, {"a little", 0.11, -0.01, 11},
                  {"level", 0.2, 0.0, 11},   {"no slope", -0.2, 0.0, 11}};
    text_add(&said, "======== stable, by reach\n");
    for (size_t i = 0; i < sizeof stable / sizeof *stable; i++) {
        fill(1, 1, 12, 12);
        s.d.verdict.word = RG_STABLE;
        s.d.verdict.log10_reach = stable[i].reach;
        s.d.verdict.decay = stable[i].decay;
        s.d.verdict.last = stable[i].last;
        tell(stable[i].name);
    }
    text_add(&said, "======== mixed and none\n");
    fill(1, 1, 12, 12);
    s.d.verdict.word = RG_MIXED;
    s.d.verdict.mixture = RG_MIXED_SEQUENCES;
    s.d.verdict.spread = 7.25;
    tell("sequences");
    double least[] = {-INFINITY};
    s.items[0].delta_quantiles[RG_QUANTILE_MIN] = least;
    tell("a sequence without a gradient at lag 0");
    s.items[0].delta_quantiles[RG_QUANTILE_MIN] = NULL;
    s.d.verdict.dead = 1;
    tell("a dead sequence");
    s.d.verdict.mixture = RG_MIXED_LAYERS;
    s.d.verdict.other_layer = 2;
    s.d.verdict.other_direction = 1;
    s.d.verdict.other_log10_reach = 4.5;
    tell("layers");
    s.d.verdict.mixture = RG_MIXED_DIRECTIONS;
    tell("directions");
    s.d.cause = NULL;
    tell("directions without causes");
    s.d.verdict.word = RG_NONE;
    s.d.verdict.dead = 8;
    tell("all dead");
    s.d.verdict.decay = NAN;
    tell("all dead, no slope");
    s.delta[0] = -INFINITY;
    tell("no gradient at all");
    s.d.verdict.dead = 7;
    tell("no gradient, one lives");
    s.d.verdict.last = 0;
    tell("one step");
    s.items[0].stride = 20;
    tell("a skip as long as the sequences");
    s.items[0].probe = 90;
    tell("a skip beyond the measured lags");
    s.items[0].stride = 1;
    s.d.verdict.dead = 8;
    tell("one dead step");
    char text[40];
    rg_verdict_sentence(&s.d, text, sizeof text);
    ck_assert_uint_eq(strlen(text), sizeof text - 1);
}
END_TEST

/* ---- JSON and tables ---- */

static void write_all(const char *name, const struct rg_model *model) {
    struct rg_own_table table = {.pointers = NULL};
    text_add(&said, "======== %s\n", name);
    text_add_json(&said, "verdict and causes", rg_explain_json(s.d.profile, s.d.cause, &s.d.verdict));
    text_add_json(&said, "of each layer", rg_explain_layers_json(&s.profiles, &s.all));
    text_add_json(&said, "by lag", rg_explain_lags_json(&s.profiles, model));
    text_add_json(&said, "the step", rg_step_text_json(&s.d, model));
    text_add_table(&said, "causes", rg_explain_table(&s.profiles, &s.all, &table), &table);
    s.causes[0].sigma_sh = 0.5;
    text_add_table(&said, "causes with a skip", rg_explain_table(&s.profiles, &s.all, &table), &table);
    s.causes[0].sigma_sh = NAN;
    text_add_table(&said, "step", rg_step_table(&s.d, model, &table), &table);
    text_add_table(&said, "chance", rg_chance_table(s.d.profile, model, &table), &table);
}

static struct rg_model *model_of(void) {
    const struct rg_shape shape = {.cell = RG_CELL_RNN,
                                   .inputs = 1,
                                   .hidden = 4,
                                   .outputs = 1,
                                   .layers = 2,
                                   .loss = RG_LOSS_MSE,
                                   .skip = 2,
                                   .skip_kind = RG_SKIP_ADD};
    return create(&shape);
}

/* The terms of a matrix, as `train --json` prints them of a sample: without norm and cosine. */
static json_t *some_terms(const struct rg_lag_profile *p, bool all) {
    struct rg_lag_columns columns;
    const struct rg_lag_terms *const t = &p->matrices[0];
    const struct rg_lag_values values = {t->log10_norm, t->share, t->cosine};
    json_t *object = json_object();
    ck_assert_int_eq(rg_lag_columns_create(p->lags, &columns), RG_OK);
    rg_lag_columns_add(&object, &columns);
    rg_lag_values_add(&object, &columns, &values, all);
    rg_lag_columns_release(&columns);
    return object;
}

START_TEST(json_and_tables) {
    count_held_json();
    struct rg_model *const model = model_of();
    struct rg_own_table table = {.pointers = NULL};
    fill(1, 1, 7, 7);
    text_add_json(&said, "all terms", some_terms(&s.items[0], true));
    text_add_json(&said, "log10 and share alone", some_terms(&s.items[0], false));
    write_all("few sequences", model);
    fill(2, 2, 15, 16);
    fill_statistics(&s.items[0], 8, 3);
    s.items[0].noise = 0.25;
    s.items[1].has_past = false;
    s.items[2].lags = 0;
    s.causes[0].directions = 3;
    s.causes[0].spectrum.n = 4;
    s.causes[0].spectrum.log10_condition = 1.5;
    s.causes[1].times = (struct rg_time_constants){
        .n = 5, .endless = 1, .gate = 'z', .values = s.taus, .quantiles = {0.5, 1.0, 2.0, 3.0, INFINITY}};
    s.causes[1].n_exponents = 0;
    s.causes[2].last = 0;
    s.causes[2].spectrum.power = (struct rg_chain_result){.iterations = 3, .log10_largest = 2.0, .converged = true};
    s.items[3].matrices[RG_LAG_IH].total = 0.0;
    write_all("two layers and directions", model);
    s.d.linear = true;
    s.items[0].matrices[RG_LAG_HH].total = INFINITY;
    write_all("no gradient", model);
    s.items[0].matrices[RG_LAG_HH].total = 2.5;
    text_add_json(&said, "a linear step", rg_step_text_json(&s.d, model));
    fill(1, 1, 7, 7);
    s.numbers[0][RG_LAG_HH].step_share[0] = -4.09e-6; /* the same digits as in the table of chance */
    text_add_table(&said, "a small share", rg_step_table(&s.d, model, &table), &table);
    show("a small share", &verbose);
    s.items[0].matrices[RG_LAG_HH].frozen = true;
    write_all("W_hh is frozen", model);
    show("W_hh is frozen", &verbose);
    s.items[0].matrices[RG_LAG_SH].frozen = true;
    text_add_table(&said, "one matrix moves", rg_step_table(&s.d, model, &table), &table);
    s.items[0].matrices[RG_LAG_IH].frozen = s.items[0].matrices[RG_LAG_SH].frozen = true;
    write_all("all is frozen", model);
    fill(1, 1, 300, 300); /* more than have columns of their own */
    s.items[0].n_matrices = 1;
    fill_statistics(&s.items[0], 8, 3);
    text_add_json(&said, "300 lags", rg_explain_lags_json(&s.profiles, model));
    text_add_json(&said, "the cut", rg_cut_json(s.d.profile));
    s.items[0].lags = 0;
    text_add_json(&said, "no lags", rg_cut_json(s.d.profile));
    rg_model_destroy(model);
    ck_assert_int_eq(n_held_json, 0);
    check_expected("gradient-texts.txt", said.bytes);
    free(said.bytes);
}
END_TEST

/* ---- The history ---- */

START_TEST(causes_in_the_history) {
    struct rg_history *h = NULL;
    const struct rg_history_matrix matrix = {"rnn.weight_hh_l0", 0, 0};
    for (int some = 0; some < 2; some++) {
        ck_assert_int_eq(rg_history_create(&h), RG_OK);
        ck_assert_int_eq(rg_history_set_matrices(h, 7, &matrix, 1), RG_OK);
        fill(1, 1, 7, 7);
        s.causes[0].directions = some ? 3 : 4;
        s.causes[0].mean_log_forget = some ? -1.0 : (double)NAN;
        ck_assert_int_eq(rg_history_add_causes(h, &s.causes[0]), RG_OK);
        const enum rg_cause of[] = {RG_CAUSE_SIGMA_MAX, RG_CAUSE_SATURATED, RG_CAUSE_SLOPE, RG_CAUSE_SIGMA_MIN,
                                    RG_CAUSE_FORGET};
        const double values[] = {0.5, 0.1, 0.9, -1.5, 0.7};
        for (size_t i = 0; i < 5; i++) {
            const struct rg_history_curve *const kept = &h->causes[of[i]];
            ck_assert((kept->values != NULL) == (i < 3 || (i == 3) == !some));
            ck_assert(!kept->values || kept->values[1] == (float)values[i]);
        }
        rg_history_destroy(h);
    }
}
END_TEST

static rg_status write_everything(void) {
    static struct rg_model *model;
    struct rg_own_table tables[3] = {{.pointers = NULL}};
    const size_t was = failing;
    failing = 0;
    model = model_of();
    failing = was;
    n_allocations = 0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_explain_table(&s.profiles, &s.all, &tables[0]));
    RG_TRY_GOTO(rg_step_table(&s.d, model, &tables[1]));
    RG_TRY_GOTO(rg_chance_table(s.d.profile, model, &tables[2]));
cleanup:
    for (size_t i = 0; i < 3; i++) {
        rg_table_release(&tables[i]);
    }
    rg_model_destroy(model);
    return status;
}

START_TEST(no_memory) {
    fill(2, 2, 15, 16);
    each_fails("the tables of a gradient", write_everything, 6);
}
END_TEST

TEST_MAIN("gradient_text") {
    TCase *const tests = add_tests(suite, "gradient_text");
    tcase_add_test(tests, screens);
    tcase_add_test(tests, sentences);
    tcase_add_test(tests, json_and_tables);
    tcase_add_test(tests, causes_in_the_history);
    tcase_add_test(tests, no_memory);
}
