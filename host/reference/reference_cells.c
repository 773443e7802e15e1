/* Cells of the float64 reference: the computation of each unit between the matrix products, forward and backward. */
#include <math.h>

#include "reference/reference_parts.h"

/* The forms below keep their digits over the whole range of a double. No power overflows before its quotient leaves the
 * range, and no small number is the difference of two large ones. */
static double sigmoid(double a) {
    return a < 0.0 ? exp(a) / (1.0 + exp(a)) : 1.0 / (1.0 + exp(-a));
}

static double sigmoid_slope(double a) {
    const double e = exp(-fabs(a));
    return e / ((1.0 + e) * (1.0 + e));
}

/* 1 - tanh(a)^2 = 4 e^(-2|a|) / (1 + e^(-2|a|))^2 */
static double tanh_slope(double a) {
    return 4.0 * sigmoid_slope(2.0 * a);
}

double ref_activate(enum ref_activation activation, double a) {
    switch (activation) {
    case REF_ACT_TANH:
        return tanh(a);
    case REF_ACT_RELU:
        return a < 0.0 ? 0.0 : a;
    case REF_ACT_LEAKY_RELU:
        return a > 0.0 ? a : 0.01 * a;
    case REF_ACT_ELU:
        return a > 0.0 ? a : expm1(a);
    case REF_ACT_SIGMOID:
        return sigmoid(a);
    case REF_ACT_SOFTSIGN:
        return isinf(a) ? copysign(1.0, a) : a / (1.0 + fabs(a));
    case REF_ACT_SOFTPLUS:
        return a > 20.0 ? a : log1p(exp(a));
    case REF_ACT_HARDTANH:
        return a > 1.0 ? 1.0 : a < -1.0 ? -1.0 : a;
    default:
        return a;
    }
}

double ref_activation_slope(enum ref_activation activation, double a) {
    switch (activation) {
    case REF_ACT_TANH:
        return tanh_slope(a);
    case REF_ACT_RELU:
        return a > 0.0 ? 1.0 : 0.0;
    case REF_ACT_LEAKY_RELU:
        return a > 0.0 ? 1.0 : 0.01;
    case REF_ACT_ELU:
        return a > 0.0 ? 1.0 : exp(a);
    case REF_ACT_SIGMOID:
        return sigmoid_slope(a);
    case REF_ACT_SOFTSIGN:
        return 1.0 / (1.0 + fabs(a)) / (1.0 + fabs(a));
    case REF_ACT_SOFTPLUS:
        return a > 20.0 ? 1.0 : sigmoid(a);
    case REF_ACT_HARDTANH:
        return fabs(a) < 1.0 ? 1.0 : 0.0;
    default:
        return 1.0;
    }
}

/* h = phi(a), a = a_ih + a_hh */
static void rnn_forward(const struct ref_step *step) {
    for (size_t j = 0; j < step->hidden; j++) {
        step->h[j] = step->gate[j] = ref_activate(step->activation, step->a_ih[j] + step->a_hh[j]);
    }
}

/* delta = phi'(a) dh */
static void rnn_backward(const struct ref_step *step) {
    for (size_t j = 0; j < step->hidden; j++) {
        step->delta[j] = ref_activation_slope(step->activation, step->a_ih[j] + step->a_hh[j]) * step->dh[j];
        step->delta_hh[j] = step->delta[j];
    }
}

struct lstm_unit {
    double i, f, g, o;
};

static struct lstm_unit lstm_gates(const struct ref_step *step, size_t j) {
    const size_t hidden = step->hidden;
    const double *a = step->a_ih + j, *b = step->a_hh + j;

    return (struct lstm_unit){.i = sigmoid(a[0] + b[0]),
                              .f = sigmoid(a[hidden] + b[hidden]),
                              .g = tanh(a[2 * hidden] + b[2 * hidden]),
                              .o = sigmoid(a[3 * hidden] + b[3 * hidden])};
}

/* c = f c' + i g, h = o tanh(c) */
static void lstm_forward(const struct ref_step *step) {
    for (size_t j = 0; j < step->hidden; j++) {
        const struct lstm_unit unit = lstm_gates(step, j);
        const double values[] = {unit.i, unit.f, unit.g, unit.o};

        for (size_t g = 0; g < 4; g++) {
            step->gate[g * step->hidden + j] = values[g];
        }
        step->c[j] = unit.f * step->c_before[j] + unit.i * unit.g;
        step->h[j] = unit.o * tanh(step->c[j]);
    }
}

/* The whole dc = dc + o (1 - tanh(c)^2) dh; then the product rule on c = f c' + i g and h = o tanh(c). */
static void lstm_backward(const struct ref_step *step) {
    const size_t hidden = step->hidden;

    for (size_t j = 0; j < hidden; j++) {
        const struct lstm_unit unit = lstm_gates(step, j);
        const double squashed = tanh(step->c[j]);
        const double dc = step->dc[j] + unit.o * (1.0 - squashed * squashed) * step->dh[j];

        step->delta[j] = dc * unit.g * unit.i * (1.0 - unit.i);
        step->delta[hidden + j] = dc * step->c_before[j] * unit.f * (1.0 - unit.f);
        step->delta[2 * hidden + j] = dc * unit.i * (1.0 - unit.g * unit.g);
        step->delta[3 * hidden + j] = step->dh[j] * squashed * unit.o * (1.0 - unit.o);
        step->dc_whole[j] = dc;
        step->dc_before[j] += dc * unit.f;
    }
    for (size_t row = 0; row < 4 * hidden; row++) {
        step->delta_hh[row] = step->delta[row];
    }
}

struct gru_unit {
    double r, z, n;
};

static struct gru_unit gru_gates(const struct ref_step *step, size_t j) {
    const size_t hidden = step->hidden;
    const double *a = step->a_ih + j, *b = step->a_hh + j;
    const double r = sigmoid(a[0] + b[0]);

    return (struct gru_unit){.r = r, .z = sigmoid(a[hidden] + b[hidden]), .n = tanh(a[2 * hidden] + r * b[2 * hidden])};
}

/* h = (1 - z) n + z h'; the argument of n is W_in x + b_in + r (W_hn h' + b_hn). */
static void gru_forward(const struct ref_step *step) {
    const size_t n = 2 * step->hidden;

    for (size_t j = 0; j < step->hidden; j++) {
        const struct gru_unit unit = gru_gates(step, j);

        step->a[n + j] = step->a_ih[n + j] + unit.r * step->a_hh[n + j];
        step->gate[j] = unit.r;
        step->gate[step->hidden + j] = unit.z;
        step->gate[n + j] = unit.n;
        step->h[j] = (1.0 - unit.z) * unit.n + unit.z * step->h_before[j];
    }
}

/* The input side of n gets delta_n. Its recurrent side b_n = W_hn h' + b_hn gets r delta_n, and r gets b_n delta_n. */
static void gru_backward(const struct ref_step *step) {
    const size_t hidden = step->hidden;

    for (size_t j = 0; j < hidden; j++) {
        const struct gru_unit unit = gru_gates(step, j);
        const double delta_n = step->dh[j] * (1.0 - unit.z) * (1.0 - unit.n * unit.n);

        step->delta[j] = delta_n * step->a_hh[2 * hidden + j] * unit.r * (1.0 - unit.r);
        step->delta[hidden + j] = step->dh[j] * (step->h_before[j] - unit.n) * unit.z * (1.0 - unit.z);
        step->delta[2 * hidden + j] = delta_n;
        step->delta_hh[j] = step->delta[j];
        step->delta_hh[hidden + j] = step->delta[hidden + j];
        step->delta_hh[2 * hidden + j] = delta_n * unit.r;
        step->dh_before[j] += step->dh[j] * unit.z;
    }
}

const struct ref_cell_functions ref_cells[REF_N_CELLS] = {
    [REF_CELL_RNN] = {1, rnn_forward, rnn_backward},
    [REF_CELL_LSTM] = {4, lstm_forward, lstm_backward},
    [REF_CELL_GRU] = {3, gru_forward, gru_backward},
};
