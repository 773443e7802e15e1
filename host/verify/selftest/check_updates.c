/* Three updates of a training problem on the device, compared with the reference. The reference computes outputs, loss,
 * gradients and norm from the device's weights before each update. Its optimiser computes the new weights from the
 * device's gradients. So errors do not add up over the updates. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/base/args.h"
#include "rnn_gpu/memory.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

enum { N_UPDATES = 3 };
enum { OUTPUTS, LOSS, GRADIENTS, HOST_NORM, RECORD, NORM, WEIGHTS, GATES, N_QUANTITIES };
static const double LR = 0.01, MOMENTUM = 0.9;
/* In float a gate nearer to 1/2 than this may round either way. A case with such a gate needs other numbers. */
static const double GATE_MARGIN = 1e-5;

/* A case while it runs. Arenas are [arena], as the engine hands them out. */
struct run {
    const struct rg_update_case *one;
    bool initial;
    size_t words;
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    double *before, *after, *gradient;
    double *outputs;         /* [B][T'][O], as the device has them */
    double *aligned;         /* the same, as the reference has them */
    double *values, *wanted; /* [arena], one parameter at a time */
    double *dh_0, *dc_0;     /* [L*D][B][H] */
    struct ref_moments moments[REF_MAX_PARAMETERS];
    double error[N_QUANTITIES]; /* the largest ones */
    char worst_gradient[RG_NAME_BYTES];
};

static void release(struct run *r) {
    rg_engine_destroy(r->engine);
    rg_data_source_destroy(r->source);
    rg_exercise_destroy(r->exercise);
    rg_free(r->before);
    rg_free(r->after);
    rg_free(r->gradient);
    rg_free(r->outputs);
    rg_free(r->aligned);
    rg_free(r->values);
    rg_free(r->wanted);
    rg_free(r->dh_0);
    rg_free(r->dc_0);
    for (size_t p = 0; p < REF_MAX_PARAMETERS; p++) {
        rg_free(r->moments[p].mean);
        rg_free(r->moments[p].square);
    }
}

static rg_status prepare(struct run *r, struct rg_device *device) {
    static const char what[] = "the self-test";
    RG_TRY(
        rg_exercise_create(&(struct rg_exercise_form){r->one->sizes, r->one->net, r->initial, r->words}, &r->exercise));
    struct rg_exercise *const e = r->exercise;
    rg_exercise_fill(e, 1 + r->one->sizes.batch + 1000 * r->one->sizes.steps);
    struct rg_engine_options options = rg_exercise_options(e);
    options.optimizer.kind = r->one->optimizer;
    options.optimizer.momentum = r->one->optimizer == RG_OPT_MOMENTUM ? MOMENTUM : 0.0;
    options.optimizer.clip_norm = r->one->clip_norm;
    RG_TRY(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &r->source));
    RG_TRY(rg_engine_create(device, e->model, &options, &r->engine));
    const size_t arena = e->model->arena;
    RG_TRY(rg_alloc(&r->before, arena, sizeof(double), what));
    RG_TRY(rg_alloc(&r->after, arena, sizeof(double), what));
    RG_TRY(rg_alloc(&r->gradient, arena, sizeof(double), what));
    const size_t outputs = e->sizes.batch * e->target_steps * e->sizes.outputs;
    RG_TRY(rg_alloc(&r->outputs, outputs, sizeof(double), what));
    RG_TRY(rg_alloc(&r->aligned, outputs, sizeof(double), what));
    RG_TRY(rg_alloc(&r->values, arena, sizeof(double), what));
    RG_TRY(rg_alloc(&r->wanted, arena, sizeof(double), what));
    const size_t states = r->initial ? e->data.n_states * e->sizes.batch * e->sizes.hidden : 0;
    RG_TRY(rg_alloc(&r->dh_0, states, sizeof(double), what));
    RG_TRY(rg_alloc(&r->dc_0, states, sizeof(double), what));
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        const size_t n = rg_parameter_elements(&e->model->parameters[p]);
        RG_TRY(rg_alloc(&r->moments[p].mean, n, sizeof(double), what));
        RG_TRY(rg_alloc(&r->moments[p].square, n, sizeof(double), what));
    }
    return RG_OK;
}

/* error / size, and 0 for no error, even of nothing. */
static double relative(double error, double size) {
    return error == 0.0 ? 0.0 : error / size;
}

/* The number by which the error of the outputs z = W_o h + b_o is divided: ||z||, or the root of the sum of the squares
 * of all terms of these sums, whichever is larger. If terms cancel, z is small, but its rounding error is not. */
static double outputs_size(const struct rg_exercise *e) {
    const struct ref_model *m = e->reference;
    const size_t states = ref_directions(m) * m->hidden;
    double squares = 0.0;
    for (size_t b = 0; b < e->sizes.batch; b++) {
        const size_t length = rg_exercise_length(e, b);
        const bool steps = m->target == REF_TARGET_STEPS;
        for (size_t t = 1; t <= (steps ? length : 1); t++) {
            const double *const h = steps ? e->result->joined[m->layers - 1] + (t * e->sizes.batch + b) * states
                                          : e->result->read + b * states;
            for (size_t o = 0; o < m->outputs; o++) {
                const double bias = m->values[ref_head_bias(m)][o];
                squares += bias * bias;
                for (size_t i = 0; i < states; i++) {
                    const double term = m->values[ref_head_weight(m)][o * states + i] * h[i];
                    squares += term * term;
                }
            }
        }
    }
    return fmax(sqrt(squares), ref_norm(e->result->output, e->sizes.batch * e->target_steps * m->outputs));
}

static void compare_outputs(struct run *r) {
    const struct rg_exercise *e = r->exercise;
    const size_t n = e->sizes.batch * e->target_steps * e->sizes.outputs;
    rg_exercise_outputs(e, r->outputs, r->aligned);
    (void)rg_keep_larger(&r->error[OUTPUTS],
                         relative(rg_exercise_distance(r->aligned, e->result->output, n), outputs_size(e)));
}

/* Compare every parameter, and check that the gaps before, between and behind the parameters are still zero. */
static void compare_gradients(struct run *r) {
    const struct rg_exercise *e = r->exercise;
    const size_t n_parameters = e->model->n_parameters;
    size_t end = 0;
    for (size_t p = 0; p <= n_parameters; p++) {
        const struct rg_parameter *parameter = &e->model->parameters[p];
        const size_t next = p < n_parameters ? parameter->offset : e->model->arena;
        for (; end < next; end++) {
            if (r->gradient[end] != 0.0 && rg_keep_larger(&r->error[GRADIENTS], INFINITY)) {
                (void)snprintf(r->worst_gradient, sizeof r->worst_gradient, "the gaps of the arena");
            }
        }
        if (p == n_parameters) {
            break;
        }
        const size_t n = rg_parameter_elements(parameter);
        rg_exercise_parameter(e, r->gradient, p, r->values);
        const double error = rg_exercise_distance(r->values, e->result->gradient[p], n);
        if (rg_keep_larger(&r->error[GRADIENTS], relative(error, ref_norm(e->result->gradient[p], n)))) {
            (void)snprintf(r->worst_gradient, sizeof r->worst_gradient, "%s", parameter->name);
        }
        end = next + n;
    }
}

/* Compare dL/dh_0 or dL/dc_0 of one layer and direction. The reference has it at index 0. */
static void compare_states(struct run *r, const char *name, const double *got, const double *wanted) {
    const size_t n = r->exercise->sizes.batch * r->exercise->sizes.hidden;
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        squares += (got[i] - wanted[i]) * (got[i] - wanted[i]);
    }
    if (rg_keep_larger(&r->error[GRADIENTS], relative(sqrt(squares), ref_norm(wanted, n)))) {
        (void)snprintf(r->worst_gradient, sizeof r->worst_gradient, "%s", name);
    }
}

static rg_status compare_initial_gradients(struct run *r) {
    const struct rg_exercise *e = r->exercise;
    const size_t n = e->sizes.batch * e->sizes.hidden;
    RG_TRY(rg_engine_get_initial_gradients(r->engine, r->dh_0, r->dc_0));
    for (size_t i = 0; i < e->result->n_traces; i++) {
        compare_states(r, "h_0", r->dh_0 + i * n, e->result->traces[i].d_state);
        if (e->c_0) {
            compare_states(r, "c_0", r->dc_0 + i * n, e->result->traces[i].d_cell);
        }
    }
    return RG_OK;
}

/* Compare the loss with the reference's, and the norm that the device reports with the norm of the device's own
 * gradient, *norm. Compare the sums that `grad` makes on the host too. */
static rg_status compare_totals(struct run *r, const struct rg_record *record, double *norm) {
    const double wanted = r->exercise->result->loss;
    double loss = 0.0, host_norm = 0.0;
    RG_TRY(rg_engine_totals(r->engine, &loss, &host_norm));
    (void)rg_keep_larger(&r->error[LOSS], relative(fabs(loss - wanted), wanted));
    (void)rg_keep_larger(&r->error[RECORD], relative(fabs(rg_exact_read(record->loss) - wanted), wanted));
    *norm = 0.0;
    for (size_t p = 0; p < r->exercise->model->n_parameters; p++) {
        rg_exercise_parameter(r->exercise, r->gradient, p, r->values);
        *norm = hypot(*norm, ref_norm(r->values, rg_parameter_elements(&r->exercise->model->parameters[p])));
    }
    (void)rg_keep_larger(&r->error[HOST_NORM], relative(fabs(host_norm - *norm), *norm));
    (void)rg_keep_larger(&r->error[NORM], relative(fabs(rg_exact_read(record->norm) - *norm), *norm));
    const bool clips = r->one->clip_norm > 0.0 && ref_clip_coefficient(*norm, r->one->clip_norm) < 1.0;
    if (record->skipped || (record->clipped != 0) != clips) {
        (void)rg_keep_larger(&r->error[NORM], INFINITY);
    }
    return RG_OK;
}

/* An update as torch.optim has it; the formulas are in kernels/update/optimizer.cl. */
static void apply(enum rg_optimizer kind, double *w, const double *g, size_t n, const struct ref_moments *m) {
    if (kind == RG_OPT_SGD) {
        ref_sgd(w, g, n, LR);
        return;
    }
    if (kind == RG_OPT_ADAM) {
        ref_adam(w, g, n, LR, m);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        m->mean[i] = MOMENTUM * m->mean[i] + g[i];
        m->square[i] = kind == RG_OPT_RMSPROP ? 0.99 * m->square[i] + 0.01 * g[i] * g[i] : m->square[i] + g[i] * g[i];
        const double epsilon = kind == RG_OPT_RMSPROP ? 1e-8 : 1e-10;
        w[i] -= LR * (kind == RG_OPT_MOMENTUM ? m->mean[i] : g[i] / (sqrt(m->square[i]) + epsilon));
    }
}

/* Compare the new weights with what the reference's optimiser makes of the device's old weights and gradient. The error
 * is relative to the change. Half a unit in the last place of a float is allowed in double precision too, because
 * learning rates are floats in both. Overwrites the reference's gradients with the device's. */
static void compare_weights(struct run *r, double norm, size_t update) {
    const struct rg_exercise *e = r->exercise;
    const size_t n_parameters = e->model->n_parameters;
    const double clip = r->one->clip_norm;
    const double coefficient = clip > 0.0 ? ref_clip_coefficient(norm, clip) : 1.0;
    for (size_t p = 0; p < n_parameters; p++) {
        const size_t n = rg_parameter_elements(&e->model->parameters[p]);
        double *const gradient = e->result->gradient[p];
        rg_exercise_parameter(e, r->gradient, p, gradient);
        for (size_t i = 0; i < n; i++) {
            gradient[i] *= coefficient;
        }
        rg_exercise_parameter(e, r->before, p, r->wanted);
        r->moments[p].update = update + 1;
        apply(r->one->optimizer, r->wanted, gradient, n, &r->moments[p]);
        rg_exercise_parameter(e, r->after, p, r->values);
        const double error = rg_exercise_distance(r->values, r->wanted, n), size = ref_norm(r->wanted, n);
        rg_exercise_parameter(e, r->before, p, r->values);
        const double change = rg_exercise_distance(r->values, r->wanted, n), rounding = 0.5 * RG_FLOAT_EPS * size;
        (void)rg_keep_larger(&r->error[WEIGHTS], relative(error <= rounding ? 0.0 : error - rounding, change));
    }
}

static rg_status run_update(struct run *r, size_t update) {
    struct rg_exercise *const e = r->exercise;
    struct rg_record history[RG_HISTORY];
    double norm = 0.0;
    RG_TRY(rg_reals_read(r->engine->net.device, r->before, r->engine->net.buffers.weights, 0, e->model->arena));
    RG_TRY(rg_engine_forward(r->engine, &r->source->source, update, e->sizes.batch, r->outputs));
    RG_TRY(rg_engine_gradient(r->engine, &r->source->source, update));
    RG_TRY(rg_engine_norm(r->engine, update));
    RG_TRY(rg_engine_step(r->engine, LR));
    rg_exercise_copy_weights(e, r->before);
    ref_gradient(e->reference, &e->batch, e->result);
    compare_outputs(r);
    RG_TRY(rg_engine_get_gradients(r->engine, r->gradient));
    RG_TRY(rg_reals_read(r->engine->net.device, r->after, r->engine->net.buffers.weights, 0, e->model->arena));
    RG_TRY(rg_engine_history(r->engine, history));
    compare_gradients(r);
    if (r->initial) {
        RG_TRY(compare_initial_gradients(r));
    }
    (void)rg_keep_larger(&r->error[GATES], e->result->gate_margin < GATE_MARGIN ? INFINITY : 0.0);
    RG_TRY(compare_totals(r, &history[update], &norm));
    compare_weights(r, norm, update);
    return RG_OK;
}

rg_status rg_check_updates(struct rg_checks *checks, struct rg_device *device, const struct rg_update_case *one,
                           bool initial, size_t words) {
    const struct rg_exercise_form form = {one->sizes, one->net, initial, words};
    struct run r = {.one = one, .initial = initial, .words = words};
    rg_status status = RG_OK;
    RG_TRY_GOTO(prepare(&r, device));
    for (size_t update = 0; update < (checks->updates ? checks->updates : N_UPDATES); update++) {
        RG_TRY_GOTO(run_update(&r, update));
    }
    char name[128], subject[160], gradient[96];
    rg_exercise_name(&form, name, sizeof name);
    (void)snprintf(subject, sizeof subject, "%s %s", name, rg_optimizer_names[one->optimizer]);
    (void)snprintf(gradient, sizeof gradient, "gradients%s%s", r.worst_gradient[0] ? ", worst " : "", r.worst_gradient);
    const char *const quantities[N_QUANTITIES] = {
        "outputs", "loss", gradient, "norm on the host", "loss of the record", "norm", "weights", "gates clear of 1/2"};
    const double forward = rg_tolerance_forward(device, &form), eps = rg_device_eps(device);
    const double host_norm = 8.0 * eps * sqrt((double)r.exercise->model->arena);
    /* rates and moments' decays are floats in either precision */
    const double tolerances[N_QUANTITIES] = {[OUTPUTS] = forward,
                                             [LOSS] = 2.0 * forward,
                                             [GRADIENTS] = rg_tolerance_backward(device, &form),
                                             [HOST_NORM] = host_norm,
                                             [RECORD] = 2.0 * forward + 8.0 * eps,
                                             [NORM] = fmin(8.0 * RG_FLOAT_EPS, host_norm),
                                             [WEIGHTS] = 16.0 * RG_FLOAT_EPS,
                                             [GATES] = 0.0};
    const size_t n = rg_plan_learned(&r.engine->net.plan) ? N_QUANTITIES : GATES;
    for (size_t i = 0; i < n; i++) {
        rg_checks_add(checks, subject, quantities[i], r.error[i], tolerances[i]);
    }
cleanup:
    release(&r);
    return status;
}
