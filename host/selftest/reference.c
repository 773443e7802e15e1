/* The float64 reference: forward, loss, backward through time, lag terms and optimisers as plain loops.
 *
 * Sequences are independent, so each goes forward and backward alone. A cell is a pair of functions for one step of one
 * sequence; all else does not know which cell it is. */
#include "selftest/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct cell {
    /* *h = the state after a step: x [F], before [H] -> h [H]. */
    void (*forward)(const struct ref_model *model, const double *x, const double *before, double *h);
    /* From dL/dh [H]: *delta = dL/da [H] and *d_before = dL/dh_{t-1} [H] through this step. */
    void (*backward)(const struct ref_model *model, const double *h, const double *dh, double *delta, double *d_before);
};

/* h = tanh(W_ih x + b_ih + W_hh h' + b_hh) */
static void rnn_forward(const struct ref_model *model, const double *x, const double *before, double *h) {
    for (size_t i = 0; i < model->hidden; i++) {
        double a = model->values[REF_BIAS_IH][i] + model->values[REF_BIAS_HH][i];

        for (size_t f = 0; f < model->inputs; f++)
            a += model->values[REF_WEIGHT_IH][i * model->inputs + f] * x[f];
        for (size_t j = 0; j < model->hidden; j++)
            a += model->values[REF_WEIGHT_HH][i * model->hidden + j] * before[j];
        h[i] = tanh(a);
    }
}

/* delta = (1 - h^2) dh, dh' = W_hh^T delta */
static void rnn_backward(const struct ref_model *model, const double *h, const double *dh, double *delta,
                         double *d_before) {
    for (size_t i = 0; i < model->hidden; i++)
        delta[i] = (1.0 - h[i] * h[i]) * dh[i];
    for (size_t j = 0; j < model->hidden; j++) {
        d_before[j] = 0.0;
        for (size_t i = 0; i < model->hidden; i++)
            d_before[j] += model->values[REF_WEIGHT_HH][i * model->hidden + j] * delta[i];
    }
}

static const struct cell cells[REF_N_CELLS] = {
    [REF_CELL_RNN] = {rnn_forward, rnn_backward},
};

static double *zeros(size_t count) {
    return calloc(count > 0 ? count : 1, sizeof(double));
}

const char *ref_parameter_name(enum ref_parameter parameter) {
    static const char *const names[REF_N_PARAMETERS] = {
        [REF_WEIGHT_IH] = "rnn.weight_ih_l0", [REF_WEIGHT_HH] = "rnn.weight_hh_l0", [REF_BIAS_IH] = "rnn.bias_ih_l0",
        [REF_BIAS_HH] = "rnn.bias_hh_l0",     [REF_HEAD_WEIGHT] = "head.weight",    [REF_HEAD_BIAS] = "head.bias",
    };

    return names[parameter];
}

size_t ref_parameter_columns(const struct ref_model *model, enum ref_parameter parameter) {
    switch (parameter) {
    case REF_WEIGHT_IH:
        return model->inputs;
    case REF_WEIGHT_HH:
    case REF_HEAD_WEIGHT:
        return model->hidden;
    default:
        return 0;
    }
}

size_t ref_parameter_elements(const struct ref_model *model, enum ref_parameter parameter) {
    const bool head = parameter == REF_HEAD_WEIGHT || parameter == REF_HEAD_BIAS;
    const bool bias = parameter == REF_BIAS_IH || parameter == REF_BIAS_HH || parameter == REF_HEAD_BIAS;

    return (head ? model->outputs : model->hidden) * (bias ? 1 : ref_parameter_columns(model, parameter));
}

struct ref_model *ref_model_create(size_t inputs, size_t hidden, size_t outputs) {
    struct ref_model *model = calloc(1, sizeof(*model));

    if (!model)
        return NULL;
    model->cell = REF_CELL_RNN;
    model->inputs = inputs;
    model->hidden = hidden;
    model->outputs = outputs;
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        model->values[p] = zeros(ref_parameter_elements(model, p));
        if (!model->values[p]) {
            ref_model_destroy(model);
            return NULL;
        }
    }
    return model;
}

void ref_model_destroy(struct ref_model *model) {
    if (!model)
        return;
    for (size_t p = 0; p < REF_N_PARAMETERS; p++)
        free(model->values[p]);
    free(model);
}

static bool lags_create(struct ref_lags *lags, size_t n_steps) {
    lags->norm = zeros(n_steps);
    lags->share = zeros(n_steps);
    lags->cosine = zeros(n_steps);
    return lags->norm && lags->share && lags->cosine;
}

static void lags_destroy(struct ref_lags *lags) {
    free(lags->norm);
    free(lags->share);
    free(lags->cosine);
}

/* Scratch: one matrix [H][max(F, H)] for a lag term, or a sequence's dh, dh' and dz. */
static size_t scratch_elements(const struct ref_model *model) {
    const size_t columns = model->inputs > model->hidden ? model->inputs : model->hidden;

    return model->hidden * columns + 2 * model->hidden + model->outputs;
}

struct ref_result *ref_result_create(const struct ref_model *model, size_t n_sequences, size_t n_steps) {
    struct ref_result *result = calloc(1, sizeof(*result));
    bool whole = true;

    if (!result)
        return NULL;
    result->output = zeros(n_sequences * model->outputs);
    result->state = zeros((n_steps + 1) * n_sequences * model->hidden);
    result->delta = zeros(n_steps * n_sequences * model->hidden);
    result->delta_norm = zeros(n_steps);
    result->scratch = zeros(scratch_elements(model));
    whole = result->output && result->state && result->delta && result->delta_norm && result->scratch;
    whole = lags_create(&result->lags_ih, n_steps) && whole;
    whole = lags_create(&result->lags_hh, n_steps) && whole;
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        result->gradient[p] = zeros(ref_parameter_elements(model, p));
        whole = result->gradient[p] && whole;
    }
    if (!whole) {
        ref_result_destroy(result);
        return NULL;
    }
    return result;
}

void ref_result_destroy(struct ref_result *result) {
    if (!result)
        return;
    for (size_t p = 0; p < REF_N_PARAMETERS; p++)
        free(result->gradient[p]);
    lags_destroy(&result->lags_ih);
    lags_destroy(&result->lags_hh);
    free(result->output);
    free(result->state);
    free(result->delta);
    free(result->delta_norm);
    free(result->scratch);
    free(result);
}

static size_t length_of(const struct ref_batch *batch, size_t n) {
    return batch->lengths ? (size_t)batch->lengths[n] : batch->n_steps;
}

/* x_t of sequence n, t from 1 on. */
static const double *input_at(const struct ref_model *model, const struct ref_batch *batch, size_t t, size_t n) {
    return batch->x + (n * batch->n_steps + (t - 1)) * model->inputs;
}

/* h_t of sequence n, t from 0 on. */
static double *state_at(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                        size_t t, size_t n) {
    return result->state + (t * batch->n_sequences + n) * model->hidden;
}

/* delta_t of sequence n, t from 1 on. */
static double *delta_at(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                        size_t t, size_t n) {
    return result->delta + ((t - 1) * batch->n_sequences + n) * model->hidden;
}

/* matrix [rows][columns] += column row^T */
static void add_outer(double *matrix, const double *column, size_t rows, const double *row, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            matrix[i * columns + j] += column[i] * row[j];
}

/* The sum over one sequence's outputs of squared error or binary cross entropy; *dz [O] is its derivative. */
static double elementwise_loss(enum ref_loss loss, const double *z, const double *y, size_t outputs, double *dz) {
    double sum = 0.0;

    for (size_t o = 0; o < outputs; o++) {
        if (loss == REF_LOSS_MSE) {
            sum += (z[o] - y[o]) * (z[o] - y[o]);
            dz[o] = 2.0 * (z[o] - y[o]);
        } else {
            /* log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) does not overflow. */
            sum += fmax(z[o], 0.0) + log1p(exp(-fabs(z[o]))) - y[o] * z[o];
            dz[o] = 1.0 / (1.0 + exp(-z[o])) - y[o];
        }
    }
    return sum;
}

/* log(sum_o e^z_o) - z_class; *dz [O] = softmax(z) - onehot(class). */
static double class_loss(const double *z, size_t class, size_t outputs, double *dz) {
    double largest = z[0], sum = 0.0;

    for (size_t o = 1; o < outputs; o++)
        largest = fmax(largest, z[o]);
    for (size_t o = 0; o < outputs; o++)
        sum += exp(z[o] - largest);
    for (size_t o = 0; o < outputs; o++)
        dz[o] = exp(z[o] - largest) / sum - (o == class ? 1.0 : 0.0);
    return largest + log(sum) - z[class];
}

/* Sequence n's part of the mean loss, and *dz [O] = dL/dz. */
static double loss_of(const struct ref_model *model, const struct ref_batch *batch, const double *z, size_t n,
                      double *dz) {
    const bool classes = batch->loss == REF_LOSS_CE;
    const double count = (double)(classes ? batch->n_sequences : batch->n_sequences * model->outputs);
    const double sum = classes ? class_loss(z, (size_t)batch->y[n], model->outputs, dz)
                               : elementwise_loss(batch->loss, z, batch->y + n * model->outputs, model->outputs, dz);

    for (size_t o = 0; o < model->outputs; o++)
        dz[o] /= count;
    return sum / count;
}

/* h_1 … h_T of sequence n, and its outputs z = W_o h_T + b_o. */
static void sequence_forward(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result,
                             size_t n) {
    const size_t length = length_of(batch, n);
    const double *last = state_at(model, batch, result, length, n);

    for (size_t t = 1; t <= length; t++)
        cells[model->cell].forward(model, input_at(model, batch, t, n), state_at(model, batch, result, t - 1, n),
                                   state_at(model, batch, result, t, n));
    for (size_t o = 0; o < model->outputs; o++) {
        double z = model->values[REF_HEAD_BIAS][o];

        for (size_t i = 0; i < model->hidden; i++)
            z += model->values[REF_HEAD_WEIGHT][o * model->hidden + i] * last[i];
        result->output[n * model->outputs + o] = z;
    }
}

/* Back through the head and through time: adds sequence n's part to every gradient. dz [O] is dL/dz. */
static void sequence_backward(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result,
                              size_t n, const double *dz) {
    const size_t hidden = model->hidden, length = length_of(batch, n);
    double *dh = result->scratch, *d_before = result->scratch + hidden;

    add_outer(result->gradient[REF_HEAD_WEIGHT], dz, model->outputs, state_at(model, batch, result, length, n), hidden);
    for (size_t o = 0; o < model->outputs; o++)
        result->gradient[REF_HEAD_BIAS][o] += dz[o];
    for (size_t i = 0; i < hidden; i++) {
        dh[i] = 0.0;
        for (size_t o = 0; o < model->outputs; o++)
            dh[i] += model->values[REF_HEAD_WEIGHT][o * hidden + i] * dz[o];
    }
    for (size_t t = length; t >= 1; t--) {
        double *delta = delta_at(model, batch, result, t, n);

        cells[model->cell].backward(model, state_at(model, batch, result, t, n), dh, delta, d_before);
        add_outer(result->gradient[REF_WEIGHT_IH], delta, hidden, input_at(model, batch, t, n), model->inputs);
        add_outer(result->gradient[REF_WEIGHT_HH], delta, hidden, state_at(model, batch, result, t - 1, n), hidden);
        for (size_t i = 0; i < hidden; i++) {
            result->gradient[REF_BIAS_IH][i] += delta[i];
            result->gradient[REF_BIAS_HH][i] += delta[i];
            dh[i] = d_before[i];
        }
    }
}

void ref_lag_term(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                  enum ref_parameter parameter, size_t tau, double *term) {
    const size_t columns = ref_parameter_columns(model, parameter);

    memset(term, 0, model->hidden * columns * sizeof(*term));
    for (size_t n = 0; n < batch->n_sequences; n++) {
        const size_t length = length_of(batch, n);

        if (tau >= length)
            continue;
        const size_t t = length - tau;
        const double *factor =
            parameter == REF_WEIGHT_HH ? state_at(model, batch, result, t - 1, n) : input_at(model, batch, t, n);

        add_outer(term, delta_at(model, batch, result, t, n), model->hidden, factor, columns);
    }
}

/* <a, b> / (||a|| ||b||), or 0 if a norm is 0; scaled first, because products of tiny numbers would underflow. */
static double cosine(const double *a, double norm_a, const double *b, double norm_b, size_t count) {
    double sum = 0.0;

    if (norm_a == 0.0 || norm_b == 0.0)
        return 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (a[i] / norm_a) * (b[i] / norm_b);
    return sum;
}

static void fill_lags(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                      enum ref_parameter parameter, const struct ref_lags *lags) {
    const size_t count = ref_parameter_elements(model, parameter);
    const double *gradient = result->gradient[parameter];
    const double whole = ref_norm(gradient, count);
    double *term = result->scratch;

    for (size_t tau = 0; tau < batch->n_steps; tau++) {
        ref_lag_term(model, batch, result, parameter, tau, term);
        lags->norm[tau] = ref_norm(term, count);
        lags->cosine[tau] = cosine(term, lags->norm[tau], gradient, whole, count);
        lags->share[tau] = whole == 0.0 ? 0.0 : lags->cosine[tau] * (lags->norm[tau] / whole);
    }
}

static void fill_delta_norm(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    for (size_t tau = 0; tau < batch->n_steps; tau++) {
        double norm = 0.0;

        for (size_t n = 0; n < batch->n_sequences; n++) {
            const size_t length = length_of(batch, n);

            if (tau < length)
                norm = hypot(norm, ref_norm(delta_at(model, batch, result, length - tau, n), model->hidden));
        }
        result->delta_norm[tau] = norm;
    }
}

static void clear(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    const size_t step = batch->n_sequences * model->hidden;

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        memset(result->gradient[p], 0, ref_parameter_elements(model, p) * sizeof(double));
    memset(result->state, 0, (batch->n_steps + 1) * step * sizeof(double));
    memset(result->delta, 0, batch->n_steps * step * sizeof(double));
    result->loss = 0.0;
    result->grad_norm = 0.0;
}

void ref_gradient(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    double *dz = result->scratch + 2 * model->hidden;

    clear(model, batch, result);
    for (size_t n = 0; n < batch->n_sequences; n++) {
        sequence_forward(model, batch, result, n);
        result->loss += loss_of(model, batch, result->output + n * model->outputs, n, dz);
        sequence_backward(model, batch, result, n, dz);
    }
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        result->grad_norm = hypot(result->grad_norm, ref_norm(result->gradient[p], ref_parameter_elements(model, p)));
}

void ref_forward_backward(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    ref_gradient(model, batch, result);
    fill_lags(model, batch, result, REF_WEIGHT_IH, &result->lags_ih);
    fill_lags(model, batch, result, REF_WEIGHT_HH, &result->lags_hh);
    fill_delta_norm(model, batch, result);
}

double ref_norm(const double *values, size_t count) {
    double norm = 0.0;

    for (size_t i = 0; i < count; i++)
        norm = hypot(norm, values[i]);
    return norm;
}

double ref_clip_coefficient(double norm, double clip_norm) {
    return fmin(1.0, clip_norm / (norm + 1e-6));
}

void ref_sgd(double *weights, const double *gradient, size_t count, double lr) {
    for (size_t i = 0; i < count; i++)
        weights[i] -= lr * gradient[i];
}

void ref_adam(double *weights, const double *gradient, size_t count, double lr, const struct ref_moments *moments) {
    const double mean_weight = 1.0 - pow(0.9, (double)moments->update);
    const double square_weight = 1.0 - pow(0.999, (double)moments->update);

    for (size_t i = 0; i < count; i++) {
        const double g = gradient[i];

        moments->mean[i] = 0.9 * moments->mean[i] + (1.0 - 0.9) * g;
        moments->square[i] = 0.999 * moments->square[i] + (1.0 - 0.999) * g * g;
        weights[i] -= lr * (moments->mean[i] / mean_weight) / (sqrt(moments->square[i] / square_weight) + 1e-8);
    }
}
