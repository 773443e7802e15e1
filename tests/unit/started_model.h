/* Models of some shape with start weights. */
#ifndef RNN_GPU_TESTS_STARTED_MODEL_H
#define RNN_GPU_TESTS_STARTED_MODEL_H

#include <math.h>

#include "rnn_gpu/model.h"
#include "suite.h"

static inline struct rg_shape shape_of(enum rg_cell cell, size_t inputs, size_t hidden, size_t outputs) {
    return (struct rg_shape){
        .cell = cell, .inputs = inputs, .hidden = hidden, .outputs = outputs, .loss = RG_LOSS_MSE, .layers = 1};
}

static inline struct rg_model *create(const struct rg_shape *shape) {
    struct rg_model *model = NULL;
    ck_assert_msg(rg_model_create(shape, &model) == RG_OK, "%s", rg_error_message());
    return model;
}

static inline struct rg_init_options recurrent(enum rg_init_kind kind, double value) {
    return (struct rg_init_options){.hidden = {kind, value}, .forget_bias = NAN};
}

static inline struct rg_model *started(const struct rg_shape *shape, const struct rg_init_options *init,
                                       uint64_t seed) {
    struct rg_model *const model = create(shape);
    ck_assert_msg(rg_model_initialise(model, init, seed) == RG_OK, "%s", rg_error_message());
    return model;
}

/* A one-layer rnn with 7 inputs and 3 outputs. */
static inline struct rg_model *initialised(size_t hidden, enum rg_init_kind kind, double value, uint64_t seed) {
    const struct rg_shape shape = shape_of(RG_CELL_RNN, 7, hidden, 3);
    const struct rg_init_options init = recurrent(kind, value);
    return started(&shape, &init, seed);
}

/* The first values of a parameter of the first layer. */
static inline const float *values_of(const struct rg_model *model, enum rg_role role) {
    return rg_model_values(model, rg_model_parameter(model, 0, 0, role));
}

#endif
