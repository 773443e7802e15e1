/* Mean and spread of losses and scores on held-out data: see fold_table.h. */
#include "cli/report/fold_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "files/json_lines.h"

/* The loss that ranks a group, and the score of the same weights. */
static const struct rg_fold_measure *ranked_loss(const struct rg_fold_group *g) {
    return g->which == RG_HELD_TEST ? &g->scores.loss : &g->scores.best;
}

static const struct rg_fold_measure *ranked_score(const struct rg_fold_group *g) {
    return g->which == RG_HELD_TEST ? &g->scores.score : &g->scores.best_score;
}

void rg_fold_score(struct rg_fold_group *groups, size_t n) {
    for (size_t i = 0; i < n; i++) {
        groups[i].scores = rg_fold_scores(groups[i].runs, groups[i].of, groups[i].which);
    }
    for (size_t i = 0; i < n; i++) {
        size_t lower = 0;
        for (size_t k = 0; k < n; k++) {
            lower += groups[k].scores.runs > 0 && ranked_loss(&groups[k])->mean < ranked_loss(&groups[i])->mean;
        }
        groups[i].rank = groups[i].scores.runs > 0 ? lower + 1 : 0;
    }
}

/* ---- On the terminal ---- */

const char *const rg_fold_titles[] = {"of what was held out", "of the test data"};

void rg_fold_columns(const struct rg_fold_group *group, struct rg_column columns[RG_FOLD_SHOWN]) {
    static const char of_validation[] = "of the lowest validation loss of each run: its mean, deviation and extremes",
                      of_test[] = "of the test data's loss, by the best weights if there are validation data, else by "
                                  "the last ones: its mean, deviation and extremes",
                      scores[] = "of the same weights: its mean and deviation";
    const bool test = group->which == RG_HELD_TEST;
    const char *const losses = test ? of_test : of_validation;
    const bool classes = group->scores.classes;
    const struct rg_column all[RG_FOLD_SHOWN] = {
        {.head = "runs"},
        {.head = test ? "loss" : "best loss", .meaning = losses},
        {.head = "loss sd", .meaning = losses},
        {.head = "least", .meaning = losses},
        {.head = "most", .meaning = losses},
        {.head = classes ? "accuracy" : "R^2", .meaning = scores},
        {.head = classes ? "acc. sd" : "R^2 sd", .meaning = scores},
        {.head = "rank", .meaning = test ? "by the mean loss" : "by the mean of the best losses"},
    };
    memcpy(columns, all, sizeof all);
}

void rg_fold_cells(const struct rg_fold_group *g, struct rg_columns *t) {
    const struct rg_fold_measure *const loss = ranked_loss(g), *const score = ranked_score(g);
    char loss_sd[32] = "-", score_sd[32] = "-"; /* a single run has no deviation */
    if (!isnan(loss->deviation)) {
        (void)snprintf(loss_sd, sizeof loss_sd, "%.2g", loss->deviation);
    }
    if (!isnan(score->deviation)) {
        (void)snprintf(score_sd, sizeof score_sd, "%.4f", score->deviation);
    }
    rg_columns_cell(t, "", "%zu", g->scores.runs);
    rg_columns_cell(t, "", "%.4g", loss->mean);
    rg_columns_cell(t, "", "%s", loss_sd);
    rg_columns_cell(t, "", "%.4g", loss->min);
    rg_columns_cell(t, "", "%.4g", loss->max);
    rg_columns_cell(t, "", "%.4f", score->mean);
    rg_columns_cell(t, "", "%s", score_sd);
    rg_columns_cell(t, "", "%zu", g->rank);
}

/* ---- In JSON ---- */

static json_t *measure_json(const struct rg_fold_measure *m) {
    return rg_json_pack("{s:o, s:o, s:o, s:o}", "mean", rg_json_real(m->mean), "sd", rg_json_real(m->deviation),
                        "least", rg_json_real(m->min), "most", rg_json_real(m->max));
}

static double score_of(const struct rg_summary *run) {
    return isnan(run->val_accuracy) ? run->val_r2 : run->val_accuracy;
}

static const char *const score_names[] = {"r2", "accuracy"}, *const best_names[] = {"best_r2", "best_accuracy"};

static json_t *run_json(const struct rg_summary *run, bool classes) {
    json_t *value = rg_json_pack("{s:o}", "seed", rg_json_seed(run->config.training.seed));
    if (run->config.data.fold > 0) {
        rg_json_set(&value, "fold", json_integer((json_int_t)run->config.data.fold));
    }
    rg_json_set(&value, "loss", rg_json_real(run->val_loss));
    rg_json_set(&value, score_names[classes], rg_json_real(score_of(run)));
    rg_json_set(&value, "best_loss", rg_json_real(run->val_best_loss));
    rg_json_set(&value, best_names[classes], rg_json_real(rg_summary_best_score(run)));
    rg_json_set(&value, "best_update", json_integer((json_int_t)run->val_best_update));
    return value;
}

void rg_fold_json(const struct rg_fold_group *g, json_t **object) {
    const bool classes = g->scores.classes;
    json_t *values = json_array();
    for (size_t i = 0; i < g->of; i++) {
        if (g->runs[i]) {
            rg_json_append(&values, run_json(g->runs[i], classes));
        }
    }
    rg_json_set(object, "rank", json_integer((json_int_t)g->rank));
    rg_json_set(object, "ranked_by", json_string("best_loss"));
    rg_json_set(object, "runs", json_integer((json_int_t)g->scores.runs));
    rg_json_set(object, "of", json_integer((json_int_t)g->of));
    rg_json_set(object, "loss", measure_json(&g->scores.loss));
    rg_json_set(object, score_names[classes], measure_json(&g->scores.score));
    rg_json_set(object, "best_loss", measure_json(&g->scores.best));
    rg_json_set(object, best_names[classes], measure_json(&g->scores.best_score));
    rg_json_set(object, "values", values);
}

/* ---- In a page ---- */

const char *const rg_fold_page_titles[] = {"What was held out", "The test data"};

/* The loss of the last weights is the last measure. The test data are scored once. */
enum { TEST_MEASURES = 6, MEASURES = 8 };

static size_t measures_of(const struct rg_fold_group *group) {
    return group->which == RG_HELD_TEST ? TEST_MEASURES : MEASURES;
}

size_t rg_fold_heads(const struct rg_fold_group *group, const char *heads[RG_FOLD_COLUMNS]) {
    const char *const names[RG_FOLD_COLUMNS] = {"rank",
                                                "runs",
                                                group->which == RG_HELD_TEST ? "test loss" : "lowest held-out loss",
                                                "its sd",
                                                "least",
                                                "most",
                                                group->scores.classes ? "accuracy" : "R^2",
                                                "sd",
                                                "held-out loss of the last weights",
                                                "sd"};
    memcpy(heads, names, sizeof names);
    return 2 + measures_of(group);
}

void rg_fold_run_heads(bool classes, const char *heads[RG_FOLD_RUN_COLUMNS]) {
    const char *const names[RG_FOLD_RUN_COLUMNS] = {"seed",     "fold",         "lowest held-out loss",
                                                    "accuracy", "after update", "held-out loss of the last weights"};
    memcpy(heads, names, sizeof names);
    heads[3] = classes ? heads[3] : "R^2";
}

void rg_fold_set(struct rg_own_table *t, size_t row, size_t first, const struct rg_fold_group *g) {
    const struct rg_fold_scores *const s = &g->scores;
    rg_table_set(t, row, first, "%zu", g->rank);
    rg_table_set(t, row, first + 1, "%zu of %zu", s->runs, g->of);
    const struct rg_fold_measure *const loss = ranked_loss(g), *const score = ranked_score(g);
    const double numbers[MEASURES] = {loss->mean,  loss->deviation,  loss->min,    loss->max,
                                      score->mean, score->deviation, s->loss.mean, s->loss.deviation};
    for (size_t i = 0; i < measures_of(g); i++) {
        rg_table_number(t, row, first + 2 + i, 4, numbers[i]);
    }
}

void rg_fold_set_run(struct rg_own_table *t, size_t row, size_t first, const struct rg_summary *run) {
    rg_table_set(t, row, first, "%llu", (unsigned long long)run->config.training.seed);
    rg_table_set(t, row, first + 1, "–");
    if (run->config.data.fold > 0) {
        rg_table_set(t, row, first + 1, "%zu", run->config.data.fold);
    }
    rg_table_number(t, row, first + 2, 4, run->val_best_loss);
    rg_table_number(t, row, first + 3, 4, rg_summary_best_score(run));
    rg_table_set(t, row, first + 4, "%llu", (unsigned long long)run->val_best_update);
    rg_table_number(t, row, first + 5, 4, run->val_loss);
}
