/* Normalisation and missing values of a model's inputs: declared in rnn_gpu/model.h. */
#include <string.h>

#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"

rg_status rg_model_set_normalization(struct rg_model *model, const double *mean, const double *deviation) {
    const size_t n = rg_shape_features(&model->shape);
    double *new_mean = NULL, *new_deviation = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&new_mean, n, sizeof *new_mean, "normalisation of the inputs"));
    RG_TRY_GOTO(rg_alloc(&new_deviation, n, sizeof *new_deviation, "normalisation of the inputs"));
    memcpy(new_mean, mean, n * sizeof *mean);
    memcpy(new_deviation, deviation, n * sizeof *deviation);
    rg_free(model->input_mean);
    rg_free(model->input_deviation);
    model->input_mean = new_mean;
    model->input_deviation = new_deviation;
    return RG_OK;
fail:
    rg_free(new_mean);
    return status;
}

rg_status rg_model_set_fill(struct rg_model *model, const double *values, bool previous) {
    const size_t n = rg_shape_features(&model->shape);
    double *copy = NULL;
    RG_TRY(rg_alloc(&copy, n, sizeof *copy, "what missing inputs are"));
    memcpy(copy, values, n * sizeof *values);
    rg_free(model->input_fill);
    model->input_fill = copy;
    model->fill_previous = previous;
    return RG_OK;
}
