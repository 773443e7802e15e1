/* The weight gradient step by step against the reference's lag terms, and the reference against finite differences. */
#include <math.h>
#include <stdio.h>

#include "rnn_gpu/memory.h"
#include "selftest/checks.h"
#include "train/source.h"

/* Term of step t, for units j and columns k of W_hh or W_ih: partial [segment][H + Fp][Hp], rows k < H of h_{t-1}. */
static double term_error(const struct rg_exercise *e, const struct rg_plan *plan, const float *partial,
                         enum ref_parameter parameter, const double *wanted) {
    const size_t columns = ref_parameter_columns(e->reference, parameter), hidden = e->sizes.hidden;
    const size_t first = parameter == REF_WEIGHT_HH ? 0 : hidden;
    double squares = 0.0;
    for (size_t j = 0; j < hidden; j++) {
        for (size_t k = 0; k < columns; k++) {
            const double error = (double)partial[(first + k) * plan->d_stride + j] - wanted[j * columns + k];
            squares += error * error;
        }
    }
    const double error = sqrt(squares), size = ref_norm(wanted, hidden * columns);
    return error == 0.0 ? 0.0 : error / size;
}

static rg_status compare_terms(struct rg_engine *engine, const struct rg_exercise *e, float *partial, double *wanted,
                               double *worst) {
    const struct rg_plan *plan = &engine->plan;
    for (size_t begin = 0; begin < plan->steps; begin += plan->segments) {
        const size_t end = begin + plan->segments < plan->steps ? begin + plan->segments : plan->steps;
        RG_TRY(rg_engine_step_terms(engine, e->sizes.batch, begin, end, false));
        RG_TRY(rg_buffer_read(engine->device, partial, engine->partial, 0,
                              (end - begin) * plan->layer_partial * sizeof *partial));
        for (size_t t = begin; t < end; t++) {
            for (enum ref_parameter p = REF_WEIGHT_IH; p <= REF_WEIGHT_HH; p++) {
                ref_lag_term(e->reference, &e->batch, e->result, p, plan->steps - 1 - t, wanted);
                const double error = term_error(e, plan, partial + (t - begin) * plan->layer_partial, p, wanted);
                *worst = error <= *worst ? *worst : error; /* keeps a NaN */
            }
        }
    }
    return RG_OK;
}

rg_status rg_check_step_terms(struct rg_checks *checks, struct rg_device *device) {
    const struct rg_exercise_sizes sizes = {33, 35, 3, 19, 2, RG_LOSS_MSE, false}; /* more steps than segments */
    struct rg_exercise *e = NULL;
    struct rg_data_source *source = NULL;
    struct rg_engine *engine = NULL;
    float *partial = NULL;
    double *wanted = NULL, worst = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_exercise_create(&sizes, &e));
    rg_exercise_fill(e, 5);
    const struct rg_engine_options options = rg_exercise_options(e);
    RG_TRY_GOTO(rg_data_source_create(device, &e->data, sizes.batch, 1, false, &source));
    RG_TRY_GOTO(rg_engine_create(device, e->model, &options, &engine));
    RG_TRY_GOTO(rg_alloc(&partial, engine->plan.partial, sizeof *partial, "the self-test"));
    RG_TRY_GOTO(rg_alloc(&wanted, sizes.hidden * (sizes.hidden + sizes.inputs), sizeof *wanted, "the self-test"));
    ref_gradient(e->reference, &e->batch, e->result);
    RG_TRY_GOTO(rg_engine_pack(engine));
    RG_TRY_GOTO(rg_engine_chunk(engine, &source->source, 0, 0, sizes.batch));
    RG_TRY_GOTO(compare_terms(engine, e, partial, wanted, &worst));
    rg_checks_add(checks, "rnn B=33 T=35 F=3 H=19 O=2 mse", "gradient of every step", worst,
                  rg_tolerance_backward(&sizes));
fail:
    rg_free(wanted);
    rg_free(partial);
    rg_engine_destroy(engine);
    rg_data_source_destroy(source);
    rg_exercise_destroy(e);
    return status;
}

/* Largest error of a parameter's gradient against central differences of the loss; `slope` has room for it. */
static double difference_error(struct rg_exercise *e, enum ref_parameter p, double *slope) {
    const double step = 1e-5;
    const size_t n = ref_parameter_elements(e->reference, p);
    double *const values = e->reference->values[p];
    for (size_t i = 0; i < n; i++) {
        const double value = values[i];
        values[i] = value + step;
        ref_gradient(e->reference, &e->batch, e->result);
        const double above = e->result->loss;
        values[i] = value - step;
        ref_gradient(e->reference, &e->batch, e->result);
        slope[i] = (above - e->result->loss) / (2.0 * step);
        values[i] = value;
    }
    ref_gradient(e->reference, &e->batch, e->result);
    return rg_exercise_distance(slope, e->result->gradient[p], n) / ref_norm(slope, n);
}

rg_status rg_check_reference(struct rg_checks *checks) {
    const struct rg_exercise_sizes sizes = {5, 7, 3, 5, 3, RG_LOSS_CE, true};
    struct rg_exercise *e = NULL;
    double *slope = NULL, worst = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_exercise_create(&sizes, &e));
    RG_TRY_GOTO(rg_alloc(&slope, sizes.hidden * sizes.hidden, sizeof *slope, "the self-test"));
    rg_exercise_fill(e, 6);
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        const double error = difference_error(e, p, slope);
        worst = error <= worst ? worst : error;
    }
    rg_checks_add(checks, "reference B=5 T=7 F=3 H=5 O=3 ce ragged", "gradients against finite differences", worst,
                  1e-8);
fail:
    rg_free(slope);
    rg_exercise_destroy(e);
    return status;
}
