/* The target columns of a CSV file: see target_columns.h. */
#include "train/target_columns.h"

#include <string.h>

#include "rnn_gpu/memory.h"

/* Cut the list at its commas. */
static rg_status split(const char *list, struct rg_target_columns *columns) {
    size_t n = 1;
    for (const char *at = list; *at != '\0'; at++) {
        n += *at == ',';
    }
    const size_t bytes = strlen(list) + 1;
    char **names = NULL;
    RG_TRY(rg_alloc(&names, n * sizeof *names + bytes, 1, "names of targets"));
    columns->block = names;
    columns->names = (const char *const *)names;
    char *at = memcpy((char *)(names + n), list, bytes);
    for (columns->n = 0; columns->n < n; columns->n++) {
        const size_t length = strcspn(at, ",");
        at[length] = '\0';
        if (length == 0) {
            return rg_fail(RG_USAGE, "--target-column %.80s: an empty name; give names with commas between them", list);
        }
        for (size_t i = 0; i < columns->n; i++) {
            if (strcmp(names[i], at) == 0) {
                return rg_fail(RG_USAGE, "--target-column %.80s: `%.40s` twice; give each column once", list, at);
            }
        }
        names[columns->n] = at;
        at += length + 1;
    }
    return RG_OK;
}

static bool are_equal(const struct rg_target_columns *columns, const struct rg_model *model) {
    bool equal = columns->n == model->n_targets;
    for (size_t i = 0; equal && i < columns->n; i++) {
        equal = strcmp(columns->names[i], model->targets[i]) == 0;
    }
    return equal;
}

rg_status rg_target_columns_choose(const struct rg_config *config, const struct rg_model *model,
                                   struct rg_target_columns *columns) {
    const char *const list = config->data.target_columns;
    *columns = (struct rg_target_columns){.names = NULL};
    const rg_status status = list ? split(list, columns) : RG_OK;
    const bool named = model && model->targets;
    if (status != RG_OK) {
        rg_target_columns_release(columns);
        return status;
    }
    if (list && named && !are_equal(columns, model)) {
        rg_target_columns_release(columns);
        return rg_fail(RG_USAGE, "--target-column %.80s, but %s was trained on `%s`%s; leave it out", list,
                       config->data.model_file, model->targets[0], model->n_targets > 1 ? " and others" : "");
    }
    if (!named) {
        return RG_OK;
    }
    rg_target_columns_release(columns);
    columns->names = (const char *const *)model->targets;
    columns->n = model->n_targets;
    return RG_OK;
}

void rg_target_columns_release(struct rg_target_columns *columns) {
    rg_free(columns->block);
    *columns = (struct rg_target_columns){.names = NULL};
}
