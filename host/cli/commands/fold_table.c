/* The folds of a sweep: see fold_table.h. */
#include "cli/commands/fold_table.h"

#include <stdio.h>

#include "files/json_lines.h"

void rg_fold_rank(struct rg_fold_group *groups, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t lower = 0;
        for (size_t k = 0; k < n; k++) {
            lower += groups[k].scores.runs > 0 && groups[k].scores.loss.mean < groups[i].scores.loss.mean;
        }
        groups[i].rank = groups[i].scores.runs > 0 ? lower + 1 : 0;
    }
}

void rg_fold_print_heads(bool classes) {
    (void)printf("%5s %8s %8s %8s %8s %8s %7s %5s\n", "runs", "loss", "sd", "least", "most",
                 classes ? "accuracy" : "R^2", "sd", "rank");
}

void rg_fold_print(const struct rg_fold_group *g) {
    const struct rg_fold_measure *const loss = &g->scores.loss, *const score = &g->scores.score;
    (void)printf("%5zu %8.4g %8.2g %8.4g %8.4g %8.4f %7.4f %5zu\n", g->scores.runs, loss->mean, loss->deviation,
                 loss->min, loss->max, score->mean, score->deviation, g->rank);
}

static json_t *measure_json(const struct rg_fold_measure *m) {
    return rg_json_pack("{s:o, s:o, s:o, s:o}", "mean", rg_json_real(m->mean), "sd", rg_json_real(m->deviation),
                        "least", rg_json_real(m->min), "most", rg_json_real(m->max));
}

void rg_fold_json(const struct rg_fold_group *g, json_t **line) {
    rg_json_set(line, "rank", json_integer((json_int_t)g->rank));
    rg_json_set(line, "runs", json_integer((json_int_t)g->scores.runs));
    rg_json_set(line, "of", json_integer((json_int_t)g->of));
    rg_json_set(line, "loss", measure_json(&g->scores.loss));
    rg_json_set(line, g->scores.classes ? "accuracy" : "r2", measure_json(&g->scores.score));
}
