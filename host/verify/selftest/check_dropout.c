/* Dropout between two layers: the masks against Random123 on the host, their share of zeros, and the gradient through
 * them against a reference made of two nets. The reference knows no dropout, so each layer is a net of its own: the
 * upper one reads the masked states; the lower one has the identity for a head, and targets whose squared error has the
 * slope that the upper one sends back through the mask. */
#include <Random123/philox.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

enum { BATCH = 9, STEPS = 6, INPUTS = 3, HIDDEN = 19, OUTPUTS = 2, STATES = STEPS * BATCH * HIDDEN };
static const double PROBABILITY = 0.3125; /* a float, as the kernel has it */
static const uint64_t SEED = 0xfedcba9876543210u, UPDATE = 5;

struct pair {
    struct rg_exercise *whole, *lower, *upper;
    struct rg_engine *engine;
    struct rg_data_source *source;
    double mask[STATES]; /* [B][T][H], 0 or 1/(1-p) */
    double *states;      /* [2][T][B][Hp], before and after dropout */
    double *gradient;    /* [arena] */
    double *values;      /* [arena] */
};

static void release(struct pair *p) {
    if (p) {
        rg_engine_destroy(p->engine);
        rg_data_source_destroy(p->source);
        rg_exercise_destroy(p->whole);
        rg_exercise_destroy(p->lower);
        rg_exercise_destroy(p->upper);
        rg_free(p->states);
        rg_free(p->gradient);
        rg_free(p->values);
        rg_free(p);
    }
}

static struct rg_exercise_form form_of(enum rg_cell cell, size_t inputs, size_t outputs, size_t layers) {
    return (struct rg_exercise_form){.sizes = {BATCH, STEPS, inputs, HIDDEN, outputs, RG_LOSS_MSE, false},
                                     .net = {.cell = cell, .target = RG_TARGET_STEPS, .layers = layers}};
}

static rg_status prepare(struct pair *p, struct rg_device *device, enum rg_cell cell) {
    static const char what[] = "the self-test";
    const struct rg_exercise_form whole = form_of(cell, INPUTS, OUTPUTS, 2);
    const struct rg_exercise_form lower = form_of(cell, INPUTS, HIDDEN, 1), upper = form_of(cell, HIDDEN, OUTPUTS, 1);
    RG_TRY(rg_exercise_create(&whole, &p->whole));
    RG_TRY(rg_exercise_create(&lower, &p->lower));
    RG_TRY(rg_exercise_create(&upper, &p->upper));
    rg_exercise_fill(p->whole, 21);
    struct rg_engine_options options = rg_exercise_options(p->whole);
    options.dropout = PROBABILITY;
    options.seed = SEED;
    RG_TRY(rg_data_source_create(device, &p->whole->data, BATCH, 1, false, &p->source));
    RG_TRY(rg_engine_create(device, p->whole->model, &options, &p->engine));
    const size_t arena = p->whole->model->arena;
    RG_TRY(rg_alloc(&p->states, (size_t)2 * STEPS * BATCH * p->engine->net.plan.out_stride, sizeof(double), what));
    RG_TRY(rg_alloc(&p->gradient, arena, sizeof(double), what));
    return rg_alloc(&p->values, arena, sizeof(double), what);
}

static void make_mask(struct pair *p) {
    for (size_t i = 0; i < STATES; i++) {
        const uint32_t at = (uint32_t)i, u = at % HIDDEN, t = at / HIDDEN % STEPS, b = at / HIDDEN / STEPS;
        const philox4x32_ctr_t counter = {{u / 4, t, b, (uint32_t)UPDATE ^ 0x80000000u}}; /* layer 0 */
        const philox4x32_key_t key = {{(uint32_t)SEED, (uint32_t)(SEED >> 32)}};
        const double uniform = (double)(philox4x32(counter, key).v[u % 4] >> 8) / 16777216.0;
        p->mask[i] = uniform < PROBABILITY ? 0.0 : 1.0 / (1.0 - PROBABILITY);
    }
}

/* Copy a layer's parameters from the reference to one of the two nets; with `back`, copy its gradients the other way.
 */
static void for_parameters(const struct pair *p, const struct rg_exercise *part, bool back) {
    const size_t layer = part == p->upper ? 1 : 0;
    for (size_t i = 0; i < part->reference->n_parameters; i++) {
        const bool head = i >= ref_head_weight(part->reference);
        if (head && layer == 0) {
            continue;
        }
        const size_t j = head ? ref_head_weight(p->whole->reference) + i - ref_head_weight(part->reference)
                              : ref_parameter_at(p->whole->reference, layer, 0, (enum ref_role)i);
        const double *const from = back ? part->result->gradient[i] : p->whole->reference->values[j];
        double *const to = back ? p->whole->result->gradient[j] : part->reference->values[i];
        memcpy(to, from, ref_parameter_elements(part->reference, i) * sizeof *to);
    }
}

/* The gradient of the whole through the mask, into its result. */
static void reference_gradient(struct pair *p) {
    struct rg_exercise *const lower = p->lower, *const upper = p->upper;
    const size_t rows = ref_gates(upper->reference) * HIDDEN;
    for_parameters(p, lower, false);
    for_parameters(p, upper, false);
    for (size_t i = 0; i < HIDDEN; i++) {
        lower->reference->values[ref_head_weight(lower->reference)][i * HIDDEN + i] = 1.0;
    }
    memcpy(lower->x, p->whole->x, (size_t)BATCH * STEPS * INPUTS * sizeof *lower->x);
    memcpy(upper->y, p->whole->y, (size_t)BATCH * STEPS * OUTPUTS * sizeof *upper->y);
    ref_gradient(lower->reference, &lower->batch, lower->result);
    for (size_t i = 0; i < STATES; i++) {
        upper->x[i] = lower->result->output[i] * p->mask[i];
    }
    ref_gradient(upper->reference, &upper->batch, upper->result);
    const double *const w = upper->reference->values[REF_ROLE_WEIGHT_IH];
    for (size_t i = 0; i < STATES; i++) {
        const size_t k = i % HIDDEN, t = i / HIDDEN % STEPS, b = i / HIDDEN / STEPS;
        const double *const delta = upper->result->traces[0].delta + (t * BATCH + b) * rows;
        double slope = 0.0;
        for (size_t j = 0; j < rows; j++) {
            slope += delta[j] * w[j * HIDDEN + k];
        }
        /* the mean squared error's slope is 2 (z - y) / STATES */
        lower->y[i] = lower->result->output[i] - slope * p->mask[i] * STATES / 2.0;
    }
    ref_gradient(lower->reference, &lower->batch, lower->result);
    for_parameters(p, lower, true);
    for_parameters(p, upper, true);
}

/* The largest difference between a state after dropout and the masked state before it. */
static rg_status masked_error(struct pair *p, double *worst) {
    const struct rg_engine *const e = p->engine;
    const size_t stride = e->net.plan.out_stride, n = STEPS * BATCH * stride;
    RG_TRY(rg_reals_read(e->net.device, p->states, e->net.buffers.out[0], 0, n));
    RG_TRY(rg_reals_read(e->net.device, p->states + n, e->net.buffers.dropped[0], 0, n));
    for (size_t i = 0; i < STATES; i++) {
        const size_t k = i % HIDDEN, t = i / HIDDEN % STEPS, b = i / HIDDEN / STEPS;
        const size_t at = (t * BATCH + b) * stride + k;
        const double wanted = p->states[at] * p->mask[i], got = p->states[n + at];
        (void)rg_keep_larger(worst, got == wanted ? 0.0 : fabs(got - wanted) / fabs(wanted));
    }
    return RG_OK;
}

static rg_status gradient_error(struct pair *p, double *worst) {
    RG_TRY(rg_engine_get_gradients(p->engine, p->gradient));
    for (size_t i = 0; i < p->whole->model->n_parameters; i++) {
        const size_t n = rg_parameter_elements(&p->whole->model->parameters[i]);
        const double *const wanted = p->whole->result->gradient[i];
        rg_exercise_parameter(p->whole, p->gradient, i, p->values);
        (void)rg_keep_larger(worst, rg_exercise_distance(p->values, wanted, n) / ref_norm(wanted, n));
    }
    return RG_OK;
}

rg_status rg_check_dropout(struct rg_checks *checks, struct rg_device *device, enum rg_cell cell) {
    const struct rg_exercise_form form = form_of(cell, INPUTS, OUTPUTS, 2);
    struct pair *p = NULL;
    double masks = 0.0, gradients = 0.0, zeros = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&p, 1, sizeof *p, "the self-test"));
    RG_TRY_GOTO(prepare(p, device, cell));
    make_mask(p);
    for (size_t i = 0; i < STATES; i++) {
        zeros += p->mask[i] == 0.0 ? 1.0 / STATES : 0.0;
    }
    reference_gradient(p);
    RG_TRY_GOTO(rg_engine_gradient(p->engine, &p->source->source, UPDATE));
    RG_TRY_GOTO(masked_error(p, &masks));
    RG_TRY_GOTO(gradient_error(p, &gradients));
    char name[128], subject[160];
    rg_exercise_name(&form, name, sizeof name);
    (void)snprintf(subject, sizeof subject, "%s dropout %g", name, PROBABILITY);
    rg_checks_add(checks, subject, "masks", masks, 4.0 * rg_device_eps(device));
    rg_checks_add(checks, subject, "share of zeros", fabs(zeros - PROBABILITY),
                  4.0 * sqrt(PROBABILITY * (1.0 - PROBABILITY) / STATES));
    rg_checks_add(checks, subject, "gradients", gradients, rg_tolerance_backward(device, &form));
cleanup:
    release(p);
    return status;
}
