/* Lag profiles as JSON: see explain.h. */
#include <math.h>

#include "cli/report/chance.h"
#include "cli/report/explain.h"
#include "files/json_lines.h"
#include "gradient/terms.h"
#include "rnn_gpu/memory.h"

rg_status rg_lag_columns_create(size_t lags, struct rg_lag_columns *columns) {
    const bool alone = lags <= RG_LAGS_ALONE;
    *columns = (struct rg_lag_columns){0};
    RG_TRY(rg_alloc(&columns->ranges, alone ? lags + 1 : RG_MAX_RANGES, sizeof *columns->ranges, "lags"));
    if (!alone) {
        columns->n = rg_lag_ranges(lags, columns->ranges);
        return RG_OK;
    }
    for (; columns->n < lags; columns->n++) {
        columns->ranges[columns->n] = (struct rg_lag_range){columns->n, columns->n};
    }
    return RG_OK;
}

void rg_lag_columns_release(struct rg_lag_columns *columns) {
    rg_free(columns->ranges);
    *columns = (struct rg_lag_columns){0};
}

void rg_lag_columns_add(json_t **object, const struct rg_lag_columns *columns) {
    json_t *from = json_array(), *to = json_array();
    for (size_t i = 0; i < columns->n; i++) {
        rg_json_append(&from, json_integer((json_int_t)columns->ranges[i].first));
        rg_json_append(&to, json_integer((json_int_t)columns->ranges[i].last));
    }
    rg_json_set(object, "from", from);
    rg_json_set(object, "to", to);
}

void rg_lag_values_add(json_t **object, const struct rg_lag_columns *columns, const struct rg_lag_values *values,
                       bool all) {
    json_t *norm = json_array(), *logs = json_array(), *share = json_array(), *cosine = json_array();
    for (size_t i = 0; i < columns->n; i++) {
        const struct rg_range_terms terms =
            rg_range_of(values->log10_norm, values->share, values->cosine, columns->ranges[i]);
        rg_json_append(&norm, rg_json_real(pow(10.0, terms.log10_norm)));
        rg_json_append(&logs, rg_json_real(terms.log10_norm));
        rg_json_append(&share, rg_json_real(terms.share));
        rg_json_append(&cosine, rg_json_real(terms.cosine));
    }
    rg_json_set(object, "log10_norm", logs);
    rg_json_set(object, "share", share);
    if (all) {
        rg_json_set(object, "norm", norm);
        rg_json_set(object, "cosine", cosine);
    } else {
        json_decref(norm);
        json_decref(cosine);
    }
}

/* Add the matrices of one direction. Without memory *list becomes NULL. */
static void add_matrices(json_t **list, const struct rg_lag_profile *p, const struct rg_model *model) {
    struct rg_lag_columns columns;
    if (rg_lag_columns_create(p->lags, &columns) != RG_OK) {
        json_decref(*list);
        *list = NULL;
        return;
    }
    for (size_t m = 0; m < p->n_matrices; m++) {
        const struct rg_lag_terms *const t = &p->matrices[m];
        const struct rg_lag_values values = {t->log10_norm, t->share, t->cosine};
        json_t *item =
            rg_json_pack("{s:s, s:I}", "matrix", model->parameters[t->parameter].name, "layer", (json_int_t)p->layer);
        rg_lag_columns_add(&item, &columns);
        rg_lag_values_add(&item, &columns, &values, true);
        rg_json_set(&item, "ranges", rg_chance_json(p, m));
        rg_json_append(list, item);
    }
    rg_lag_columns_release(&columns);
}

json_t *rg_explain_lags_json(const struct rg_lag_profiles *profiles, const struct rg_model *model) {
    json_t *list = json_array();
    for (size_t i = 0; i < profiles->layers * profiles->directions; i++) {
        add_matrices(&list, &profiles->items[i], model);
    }
    return list;
}
