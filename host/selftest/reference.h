/* The float64 reference: the whole update of a model, written as the equations stand.
 *
 * Plain loops in double that share no code with the product. Finite differences, the worked example and PyTorch's
 * gradients check it (tests/unit/test_reference.c); everything faster is then checked against it.
 *
 * Letters: N sequences, T steps, F inputs, H hidden units, O outputs. t counts from 1 to a sequence's length, h_0 = 0,
 * a_t is the pre-activation of step t, delta_t = dL/da_t. Lag tau of a sequence of length n is its step t = n - tau:
 * the distance to the step that the head reads, whatever the padding. */
#ifndef RG_REFERENCE_H
#define RG_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ref_cell {
    REF_CELL_RNN, /* h_t = tanh(a_t), a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh */
    REF_N_CELLS
};

/* z: outputs, y: targets, N: sequences of the batch. */
enum ref_loss {
    REF_LOSS_MSE, /* sum (z - y)^2 / (N O) */
    REF_LOSS_BCE, /* sum log(1 + e^z) - y z, over N O; z are logits, y in [0, 1] */
    REF_LOSS_CE   /* sum log(sum_o e^z_o) - z_y, over N; y is the number of a class, 0 to O - 1 */
};

enum ref_parameter {
    REF_WEIGHT_IH,   /* [H][F] */
    REF_WEIGHT_HH,   /* [H][H] */
    REF_BIAS_IH,     /* [H] */
    REF_BIAS_HH,     /* [H] */
    REF_HEAD_WEIGHT, /* [O][H] */
    REF_HEAD_BIAS,   /* [O] */
    REF_N_PARAMETERS
};

struct ref_model {
    enum ref_cell cell;
    size_t inputs, hidden, outputs;
    double *values[REF_N_PARAMETERS]; /* row-major, shapes above; never NULL, a missing bias is zeros */
};

struct ref_batch {
    size_t n_sequences, n_steps;
    const double *x;        /* [N][T][F], right padded; what stands in the padding is never read */
    const int32_t *lengths; /* [N], each 0 to T, or NULL if all are T; length 0 means that the head reads h_0 = 0 */
    const double *y;        /* [N][O]; for REF_LOSS_CE [N] */
    enum ref_loss loss;
};

/* What happens to one recurrent or input matrix, lag by lag: G_tau is the part of the gradient G that the steps of lag
 * tau give, summed over the batch; sum over tau of G_tau = G. */
struct ref_lags {
    double *norm;   /* [T], ||G_tau|| (Frobenius) */
    double *share;  /* [T], <G_tau, G> / ||G||^2; adds to 1; all 0 if G = 0 */
    double *cosine; /* [T], <G_tau, G> / (||G_tau|| ||G||); 0 if either is 0 */
};

struct ref_result {
    double loss;
    double grad_norm;                   /* over all parameters together */
    double *output;                     /* [N][O], before any sigmoid or softmax */
    double *gradient[REF_N_PARAMETERS]; /* shapes of the parameters */
    double *state;                      /* [T+1][N][H], h_t; state[0] is h_0; zeros past a sequence's end */
    double *delta;                      /* [T][N][H], delta_t at index t - 1; zeros past a sequence's end */
    double *delta_norm;                 /* [T], index tau: norm over the batch of the deltas of that lag */
    struct ref_lags lags_ih, lags_hh;   /* of weight_ih and weight_hh */
    double *scratch;                    /* room for the computation */
};

/* A model of the given sizes with zero weights, or NULL without memory. */
struct ref_model *ref_model_create(size_t inputs, size_t hidden, size_t outputs);
void ref_model_destroy(struct ref_model *model); /* NULL allowed */

/* A parameter's name in model files ("rnn.weight_ih_l0"), its columns (0 for a bias) and its elements. */
const char *ref_parameter_name(enum ref_parameter parameter);
size_t ref_parameter_columns(const struct ref_model *model, enum ref_parameter parameter);
size_t ref_parameter_elements(const struct ref_model *model, enum ref_parameter parameter);

/* Room for the results of batches of N sequences and T steps, or NULL without memory. */
struct ref_result *ref_result_create(const struct ref_model *model, size_t n_sequences, size_t n_steps);
void ref_result_destroy(struct ref_result *result); /* NULL allowed */

/* Forward and backward pass: outputs, loss, gradients, states and deltas, without the lag profile. */
void ref_gradient(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result);

/* Forward and backward pass: fills every field of *result, which was created for the batch's sizes. */
void ref_forward_backward(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result);

/* *term = G_tau of REF_WEIGHT_IH ([H][F]) or REF_WEIGHT_HH ([H][H]), from the states and deltas of a result. */
void ref_lag_term(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                  enum ref_parameter parameter, size_t tau, double *term);

/* sqrt(sum v_i^2), without overflow or underflow on the way. */
double ref_norm(const double *values, size_t count);

/* What gradients are multiplied by under clipping by global norm, as torch.nn.utils.clip_grad_norm_ does:
 * min(1, C / (norm + 1e-6)). */
double ref_clip_coefficient(double norm, double clip_norm);

/* w = w - lr g */
void ref_sgd(double *weights, const double *gradient, size_t count, double lr);

struct ref_moments {
    double *mean;   /* [count], zeros before the first update */
    double *square; /* [count], zeros before the first update */
    size_t update;  /* the number of this update, from 1 on */
};

/* Adam (Kingma and Ba 2015) as torch.optim.Adam: betas 0.9 and 0.999,
 * w = w - lr m^ / (sqrt(v^) + 1e-8), m^ = m / (1 - 0.9^update), v^ = v / (1 - 0.999^update). */
void ref_adam(double *weights, const double *gradient, size_t count, double lr, const struct ref_moments *moments);

#endif
