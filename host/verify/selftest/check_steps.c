/* The weight gradient step by step against the reference's lag terms, and the reference against finite differences. */
#include <math.h>
#include <stdio.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

/* The reference's terms of one direction of one layer. */
struct comparison {
    struct rg_engine *engine;
    const struct rg_exercise *exercise;
    size_t layer, direction;
    double *partial; /* [slices][partial_rows][deltas*Hp] */
    double *wanted;  /* a weight matrix */
    double worst;
};

/* The device's term of a matrix against `wanted`: partial holds rows of h_{t-1}, of the inputs, of the sum that makes
 * the bias, and of h_{t-d}; its columns are units of a gate, the last gate of W_hh being the last of the deltas. */
static double term_error(const struct comparison *w, const double *term, enum rg_role role) {
    const struct rg_plan *const p = &w->engine->net.plan;
    const size_t inputs = p->layer[w->layer].inputs;
    const size_t columns = role == RG_ROLE_WEIGHT_IH ? inputs : p->hidden;
    const size_t first = role == RG_ROLE_WEIGHT_HH ? 0 : role == RG_ROLE_WEIGHT_IH ? p->hidden : p->hidden + inputs + 1;
    double squares = 0.0;
    for (size_t j = 0; j < p->gates * p->hidden; j++) {
        const size_t gate = j / p->hidden;
        const size_t group = role == RG_ROLE_WEIGHT_HH && gate + 1 == p->gates ? p->deltas - 1 : gate;
        for (size_t k = 0; k < columns; k++) {
            const double got = term[(first + k) * p->d_width + group * p->h_stride + j % p->hidden];
            const double error = got - w->wanted[j * columns + k];
            squares += error * error;
        }
    }
    const double size = ref_norm(w->wanted, p->gates * p->hidden * columns);
    return squares == 0.0 ? 0.0 : sqrt(squares) / size;
}

static void compare_step(struct comparison *w, const double *term, size_t t) {
    static const enum rg_role roles[] = {RG_ROLE_WEIGHT_IH, RG_ROLE_WEIGHT_HH, RG_ROLE_WEIGHT_SH};
    const struct rg_exercise *const e = w->exercise;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (ref_has_role(e->reference, (enum ref_role)roles[i])) {
            const size_t p = ref_parameter_at(e->reference, w->layer, w->direction, (enum ref_role)roles[i]);
            ref_lag_term(e->reference, &e->batch, e->result, p, e->sizes.steps - 1 - t, w->wanted);
            (void)rg_keep_larger(&w->worst, term_error(w, term, roles[i]));
        }
    }
}

/* Compare all steps of a layer and direction whose deltas are in memory. */
static rg_status compare_terms(struct comparison *w) {
    struct rg_engine *const engine = w->engine;
    const struct rg_plan *const plan = &engine->net.plan;
    const size_t at = plan->layer[w->layer].directions[w->direction].partial, term = rg_plan_term(plan, w->layer);
    for (size_t begin = 0; begin < plan->steps; begin += plan->slices) {
        const size_t end = rg_min(begin + plan->slices, plan->steps);
        RG_TRY(rg_engine_step_terms(engine, w->layer, w->direction, (struct rg_span){begin, end}));
        RG_TRY(rg_reals_read(engine->net.device, w->partial, engine->net.buffers.partial, at, (end - begin) * term));
        for (size_t t = begin; t < end; t++) {
            compare_step(w, w->partial + (t - begin) * term, t);
        }
    }
    return RG_OK;
}

rg_status rg_check_step_terms(struct rg_checks *checks, struct rg_device *device, const struct rg_exercise_form *form) {
    struct rg_exercise *e = NULL;
    struct rg_data_source *source = NULL;
    struct comparison w = {.engine = NULL};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_exercise_create(form, &e));
    rg_exercise_fill(e, 5);
    const struct rg_engine_options options = rg_exercise_options(e);
    RG_TRY_GOTO(rg_data_source_create(device, &e->data, form->sizes.batch, 1, false, &source));
    RG_TRY_GOTO(rg_whole_engine_create(device, e->model, &options, &w.engine));
    RG_TRY_GOTO(rg_alloc(&w.partial, w.engine->net.plan.partial, sizeof *w.partial, "the self-test"));
    RG_TRY_GOTO(rg_alloc(&w.wanted, e->model->arena, sizeof *w.wanted, "the self-test"));
    w.exercise = e;
    ref_gradient(e->reference, &e->batch, e->result);
    RG_TRY_GOTO(rg_engine_pack(w.engine));
    for (w.layer = 0; w.layer < e->model->shape.layers; w.layer++) {
        RG_TRY_GOTO(rg_engine_chunk(w.engine, (struct rg_chunk){.source = &source->source, .rows = form->sizes.batch},
                                    w.layer));
        for (w.direction = 0; w.direction < ref_directions(e->reference); w.direction++) {
            RG_TRY_GOTO(compare_terms(&w));
        }
    }
    char name[128];
    rg_exercise_name(form, name, sizeof name);
    rg_checks_add(checks, name, "gradient of every step", w.worst, rg_tolerance_backward(device, form));
cleanup:
    rg_free(w.wanted);
    rg_free(w.partial);
    rg_engine_destroy(w.engine);
    rg_data_source_destroy(source);
    rg_exercise_destroy(e);
    return status;
}

/* Largest error of a parameter's gradient against central differences of the loss; `slope` has room for it. */
static double difference_error(struct rg_exercise *e, size_t p, double *slope) {
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

static rg_status check_reference(struct rg_checks *checks, const struct rg_exercise_form *form) {
    struct rg_exercise *e = NULL;
    double *slope = NULL, worst = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_exercise_create(form, &e));
    RG_TRY_GOTO(rg_alloc(&slope, e->model->arena, sizeof *slope, "the self-test"));
    rg_exercise_fill(e, 6);
    for (size_t p = 0; p < e->reference->n_parameters; p++) {
        (void)rg_keep_larger(&worst, difference_error(e, p, slope));
    }
    char name[128], subject[160];
    rg_exercise_name(form, name, sizeof name);
    (void)snprintf(subject, sizeof subject, "reference %s", name);
    rg_checks_add(checks, subject, "gradients against finite differences", worst, 1e-7);
cleanup:
    rg_free(slope);
    rg_exercise_destroy(e);
    return status;
}

rg_status rg_check_reference(struct rg_checks *checks) {
    for (enum rg_cell cell = 0; cell < RG_N_CELLS; cell++) {
        const struct rg_exercise_form form = {
            .sizes = {5, 7, 3, 4, 3, RG_LOSS_CE, true},
            .net = {.cell = cell, .target = RG_TARGET_STEPS, .layers = 2, .bidirectional = true, .skip = 2}};
        RG_TRY(check_reference(checks, &form));
    }
    return RG_OK;
}
