/* Missing values of the data of a run: see fill.h. */
#include "train/fill.h"

#include <string.h>

#include "rnn_gpu/memory.h"

bool rg_fill_is_asked(const struct rg_config *config, const struct rg_model *model) {
    return config->data.fill || (model && model->input_fill);
}

/* True if a missing value gets the value of the previous step. A model that was trained with --fill decides, else
 * --fill does. */
static bool takes_previous(const struct rg_config *config, const struct rg_model *model) {
    return model && model->input_fill ? model->fill_previous
                                      : config->data.fill && strcmp(config->data.fill, "previous") == 0;
}

rg_status rg_fill_begin(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *data) {
    if (model && model->input_fill && config->data.fill) {
        return rg_fail(RG_USAGE, "--fill is determined by %s, which was trained with it; leave it out",
                       config->data.model_file);
    }
    if (model && model->input_fill && data->kind != RG_INPUT_FLOAT) {
        return rg_fail(RG_BAD_FILE, "%s takes columns of numbers, and %s has words or bytes", config->data.model_file,
                       data->path);
    }
    if (config->data.fill && data->kind != RG_INPUT_FLOAT) {
        return rg_fail(RG_USAGE, "--fill is for missing numbers, and %s has words or bytes; leave it out", data->path);
    }
    if (takes_previous(config, model)) {
        return rg_dataset_fill_previous(data);
    }
    return RG_OK;
}

/* For each feature, the value that replaces a missing one: that of the model, of --fill, or the mean. */
static rg_status choose_values(const struct rg_config *config, const struct rg_model *model,
                               const struct rg_dataset *training, double *values) {
    double number = 0.0;
    if (model && model->input_fill &&
        rg_shape_features(&model->shape) == training->n_features) { /* other data are refused later */
        memcpy(values, model->input_fill, training->n_features * sizeof *values);
        return RG_OK;
    }
    if (!config->data.fill || !rg_fill_number(config->data.fill, &number)) {
        return rg_dataset_fill_means(training, values);
    }
    for (size_t f = 0; f < training->n_features; f++) {
        values[f] = number;
    }
    return RG_OK;
}

rg_status rg_fill_end(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *training,
                      struct rg_dataset *const *others, size_t n_others) {
    const bool previous = takes_previous(config, model);
    double *values = NULL;
    size_t filled = 0;
    rg_status status = RG_OK;
    if (!rg_fill_is_asked(config, model)) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&values, training->n_features, sizeof *values, "values that replace missing ones"));
    RG_TRY_GOTO(choose_values(config, model, training, values));
    RG_TRY_GOTO(rg_dataset_fill(training, values, previous, &filled));
    for (size_t i = 0; i < n_others; i++) {
        if (others[i] && others[i]->n_features == training->n_features && others[i]->kind == RG_INPUT_FLOAT) {
            RG_TRY_GOTO(rg_dataset_fill(others[i], values, previous, &filled));
        }
    }
cleanup:
    rg_free(values);
    return status;
}
