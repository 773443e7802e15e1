/* Training problems on the device: outputs, loss, gradients and norm of three updates against the reference at the
 * device's own weights, and each update's weights against the reference's optimiser fed the device's gradients. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "rnn_gpu/memory.h"
#include "selftest/checks.h"
#include "train/source.h"

enum { N_UPDATES = 3 };
static const double LR = 0.01;

/* A case while it runs. Arenas are [arena] floats, as the engine hands them out. */
struct run {
    const struct rg_update_case *one;
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    float *before, *after, *gradient;
    double *values, *wanted; /* [arena], one parameter at a time */
    struct ref_moments moments[REF_N_PARAMETERS];
    double outputs, loss, gradients, norm, weights; /* the largest errors, each over its tolerance */
    char worst_gradient[RG_NAME_BYTES];
};

static void release(struct run *r) {
    rg_engine_destroy(r->engine);
    rg_data_source_destroy(r->source);
    rg_exercise_destroy(r->exercise);
    rg_free(r->before);
    rg_free(r->after);
    rg_free(r->gradient);
    rg_free(r->values);
    rg_free(r->wanted);
    for (size_t p = 0; p < REF_N_PARAMETERS; p++) {
        rg_free(r->moments[p].mean);
        rg_free(r->moments[p].square);
    }
}

static rg_status prepare(struct run *r, struct rg_device *device) {
    static const char what[] = "the self-test";
    RG_TRY(rg_exercise_create(&r->one->sizes, &r->exercise));
    struct rg_exercise *const e = r->exercise;
    rg_exercise_fill(e, 1 + r->one->sizes.batch + 1000 * r->one->sizes.steps);
    struct rg_engine_options options = rg_exercise_options(e);
    options.optimizer = r->one->optimizer;
    options.clip_norm = r->one->clip_norm;
    RG_TRY(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &r->source));
    RG_TRY(rg_engine_create(device, e->model, &options, &r->engine));
    const size_t arena = e->model->arena, outputs = e->sizes.batch * e->sizes.outputs;
    const size_t most = arena > outputs ? arena : outputs;
    RG_TRY(rg_alloc(&r->before, arena, sizeof(float), what));
    RG_TRY(rg_alloc(&r->after, most, sizeof(float), what));
    RG_TRY(rg_alloc(&r->gradient, arena, sizeof(float), what));
    RG_TRY(rg_alloc(&r->values, most, sizeof(double), what));
    RG_TRY(rg_alloc(&r->wanted, most, sizeof(double), what));
    for (size_t p = 0; p < REF_N_PARAMETERS; p++) {
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

/* *worst = the larger one; NaN is larger than anything. */
static bool raise(double *worst, double error) {
    if (isnan(*worst) || !(isnan(error) || error > *worst)) {
        return false;
    }
    *worst = error;
    return true;
}

/* ||z||, or what the norm would be if the terms of W_o h_T + b_o had random signs, where that is more: a sum that
 * happens to cancel has no relative accuracy. */
static double outputs_size(const struct rg_exercise *e) {
    const struct ref_model *m = e->reference;
    double squares = 0.0;
    for (size_t b = 0; b < e->sizes.batch; b++) {
        const size_t last = e->data.lengths ? (size_t)e->data.lengths[b] : e->sizes.steps;
        const double *h = e->result->state + (last * e->sizes.batch + b) * m->hidden;
        for (size_t o = 0; o < m->outputs; o++) {
            squares += m->values[REF_HEAD_BIAS][o] * m->values[REF_HEAD_BIAS][o];
            for (size_t i = 0; i < m->hidden; i++) {
                const double term = m->values[REF_HEAD_WEIGHT][o * m->hidden + i] * h[i];
                squares += term * term;
            }
        }
    }
    return fmax(sqrt(squares), ref_norm(e->result->output, e->sizes.batch * m->outputs));
}

static rg_status compare_outputs(struct run *r) {
    const struct rg_exercise *e = r->exercise;
    const size_t n = e->sizes.batch * e->sizes.outputs;
    RG_TRY(rg_engine_outputs(r->engine, e->sizes.batch, r->after));
    for (size_t i = 0; i < n; i++) {
        r->values[i] = (double)r->after[i];
    }
    (void)raise(&r->outputs, relative(rg_exercise_distance(r->values, e->result->output, n), outputs_size(e)));
    return RG_OK;
}

/* Every parameter; the gaps between them must have stayed zero. */
static void compare_gradients(struct run *r) {
    const struct rg_exercise *e = r->exercise;
    size_t end = 0;
    for (size_t p = 0; p <= REF_N_PARAMETERS; p++) {
        const struct rg_parameter *parameter = &e->model->parameters[p];
        const size_t next = p < REF_N_PARAMETERS ? parameter->offset : e->model->arena;
        for (; end < next; end++) {
            if (r->gradient[end] != 0.0f && raise(&r->gradients, INFINITY)) {
                (void)snprintf(r->worst_gradient, sizeof r->worst_gradient, "the gaps of the arena");
            }
        }
        if (p == REF_N_PARAMETERS) {
            break;
        }
        const size_t n = rg_parameter_elements(parameter);
        rg_exercise_parameter(e, r->gradient, p, r->values);
        const double error = rg_exercise_distance(r->values, e->result->gradient[p], n);
        if (raise(&r->gradients, relative(error, ref_norm(e->result->gradient[p], n)))) {
            (void)snprintf(r->worst_gradient, sizeof r->worst_gradient, "%s", parameter->name);
        }
        end = next + n;
    }
}

/* The norm that the device reports against that of its own gradient. */
static double compare_norm(struct run *r, const struct rg_record *record) {
    double norm = 0.0;
    for (size_t p = 0; p < REF_N_PARAMETERS; p++) {
        rg_exercise_parameter(r->exercise, r->gradient, p, r->values);
        norm = hypot(norm, ref_norm(r->values, rg_parameter_elements(&r->exercise->model->parameters[p])));
    }
    (void)raise(&r->norm, relative(fabs((double)record->norm - norm), norm));
    const bool clips = r->one->clip_norm > 0.0 && ref_clip_coefficient(norm, r->one->clip_norm) < 1.0;
    if (record->skipped || (record->clipped != 0) != clips) {
        (void)raise(&r->norm, INFINITY);
    }
    return norm;
}

/* What the reference's optimiser makes of the device's weights and gradient. The error is that of the change, beyond
 * half a unit in the last place of the weights. */
static void compare_weights(struct run *r, double norm, size_t update) {
    const struct rg_exercise *e = r->exercise;
    const double clip = r->one->clip_norm;
    const double coefficient = clip > 0.0 ? ref_clip_coefficient(norm, clip) : 1.0;
    for (size_t p = 0; p < REF_N_PARAMETERS; p++) {
        const size_t n = rg_parameter_elements(&e->model->parameters[p]);
        double *const gradient = e->result->gradient[p];
        rg_exercise_parameter(e, r->gradient, p, gradient);
        for (size_t i = 0; i < n; i++) {
            gradient[i] *= coefficient;
        }
        rg_exercise_parameter(e, r->before, p, r->wanted);
        if (r->one->optimizer == RG_OPT_SGD) {
            ref_sgd(r->wanted, gradient, n, LR);
        } else {
            r->moments[p].update = update + 1;
            ref_adam(r->wanted, gradient, n, LR, &r->moments[p]);
        }
        rg_exercise_parameter(e, r->after, p, r->values);
        const double error = rg_exercise_distance(r->values, r->wanted, n), size = ref_norm(r->wanted, n);
        rg_exercise_parameter(e, r->before, p, r->values);
        const double change = rg_exercise_distance(r->values, r->wanted, n), rounding = 0.5 * RG_EPS * size;
        (void)raise(&r->weights, relative(error <= rounding ? 0.0 : error - rounding, change));
    }
}

static rg_status run_update(struct run *r, size_t update) {
    struct rg_exercise *const e = r->exercise;
    struct rg_record history[RG_HISTORY];
    RG_TRY(rg_engine_get_weights(r->engine, r->before));
    RG_TRY(rg_engine_gradient(r->engine, &r->source->source, update));
    RG_TRY(rg_engine_norm(r->engine, update));
    RG_TRY(rg_engine_step(r->engine, LR));
    rg_exercise_copy_weights(e, r->before);
    ref_gradient(e->reference, &e->batch, e->result);
    RG_TRY(compare_outputs(r));
    RG_TRY(rg_engine_get_gradients(r->engine, r->gradient));
    RG_TRY(rg_engine_get_weights(r->engine, r->after));
    RG_TRY(rg_engine_history(r->engine, history));
    compare_gradients(r);
    (void)raise(&r->loss, relative(fabs((double)history[update].loss - e->result->loss), e->result->loss));
    compare_weights(r, compare_norm(r, &history[update]), update);
    return RG_OK;
}

rg_status rg_check_updates(struct rg_checks *checks, struct rg_device *device, const struct rg_update_case *one) {
    const struct rg_exercise_sizes *s = &one->sizes;
    struct run r = {.one = one};
    rg_status status = RG_OK;
    RG_TRY_GOTO(prepare(&r, device));
    for (size_t update = 0; update < N_UPDATES; update++) {
        RG_TRY_GOTO(run_update(&r, update));
    }
    char subject[96], gradient[96];
    (void)snprintf(subject, sizeof subject, "rnn B=%zu T=%zu F=%zu H=%zu O=%zu %s%s %s", s->batch, s->steps, s->inputs,
                   s->hidden, s->outputs, rg_loss_names[s->loss], s->ragged ? " ragged" : "",
                   rg_optimizer_names[one->optimizer]);
    (void)snprintf(gradient, sizeof gradient, "gradients%s%s", r.worst_gradient[0] ? ", worst " : "", r.worst_gradient);
    const double forward = rg_tolerance_forward(s);
    rg_checks_add(checks, subject, "outputs", r.outputs, forward);
    rg_checks_add(checks, subject, "loss", r.loss, 2.0 * forward);
    rg_checks_add(checks, subject, gradient, r.gradients, rg_tolerance_backward(s));
    rg_checks_add(checks, subject, "norm", r.norm, 8.0 * RG_EPS);
    rg_checks_add(checks, subject, "weights", r.weights, 16.0 * RG_EPS);
fail:
    release(&r);
    return status;
}
