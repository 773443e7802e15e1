/* An optimiser's factors: see step_rule.h. */
#include "gradient/step_rule.h"

#include <math.h>

#include "rnn_gpu/memory.h"

/* The optimiser's state with the mean square or the sum of squares; NULL if it has none. */
static struct rg_buffer *squares_of(const struct rg_optimizer_state *o) {
    switch (o->options.kind) {
    case RG_OPT_ADAM:
    case RG_OPT_ADAMW:
        return o->second;
    case RG_OPT_RMSPROP:
    case RG_OPT_ADAGRAD:
        return o->first;
    default:
        return NULL;
    }
}

static bool has_squares(enum rg_optimizer kind) {
    return kind == RG_OPT_ADAM || kind == RG_OPT_ADAMW || kind == RG_OPT_RMSPROP || kind == RG_OPT_ADAGRAD;
}

bool rg_step_is_linear(const struct rg_optimizer_options *options) {
    return !has_squares(options->kind) && options->clip_value == 0.0;
}

/* Convert factors [n] from v to P. */
static void divide(const struct rg_optimizer_state *o, const struct rg_control *control, double *factors) {
    const bool adam = o->options.kind == RG_OPT_ADAM || o->options.kind == RG_OPT_ADAMW;
    const double correction = adam ? (double)control->correction2 : 1.0;
    for (size_t i = 0; i < o->n; i++) {
        factors[i] = 1.0 / (sqrt(factors[i] / correction) + o->epsilon);
    }
}

static rg_status clip(const struct rg_engine *e, double *factors, double *gradients) {
    const double max = e->optimizer->options.clip_value;
    RG_TRY(rg_reals_read(e->net.device, gradients, e->net.buffers.gradients, 0, e->optimizer->n));
    for (size_t i = 0; i < e->optimizer->n; i++) {
        factors[i] *= fabs(gradients[i]) > max ? max / fabs(gradients[i]) : 1.0;
    }
    return RG_OK;
}

rg_status rg_step_factors(const struct rg_engine *e, double **out) {
    const struct rg_optimizer_state *const o = e->optimizer;
    struct rg_control control;
    double *factors = NULL, *gradients = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_buffer_read(e->net.device, &control, e->net.buffers.control, 0, sizeof control));
    if (control.steps == 0 || rg_step_is_linear(&o->options)) {
        return RG_OK;
    }
    RG_TRY_GOTO(rg_alloc(&factors, o->n, sizeof *factors, "the optimiser's factors"));
    RG_TRY_GOTO(rg_alloc(&gradients, o->n, sizeof *gradients, "the optimiser's factors"));
    if (has_squares(o->options.kind)) {
        RG_TRY_GOTO(rg_reals_read(e->net.device, factors, squares_of(o), 0, o->n));
        divide(o, &control, factors);
    } else {
        for (size_t i = 0; i < o->n; i++) {
            factors[i] = 1.0;
        }
    }
    if (o->options.clip_value > 0.0) {
        RG_TRY_GOTO(clip(e, factors, gradients));
    }
    *out = factors;
    factors = NULL;
cleanup:
    rg_free(factors);
    rg_free(gradients);
    return status;
}
