/* The float64 reference: the whole update of a model, written like the equations.
 *
 * These are plain loops in double that share no code with the product. Finite differences, the worked example,
 * PyTorch's gradients and ONNX's node tests check the reference (tests/unit/test_reference*.c). Everything faster is
 * then checked against it.
 *
 * Letters: N sequences, T steps, F inputs, H hidden units, O outputs, L layers, D directions, G gates. t counts from 1
 * to a sequence's length. h_0 is 0 or given. a_t are the pre-activations of step t, delta_t = dL/da_t. Lag tau of a
 * sequence of length n is its step t = n - tau: the distance to the last valid step, without the padding.
 *
 * The reverse direction of a layer runs over the valid steps only, from t = n down to 1. For it, t - d below means
 * t + d. Its h_0 is the state before its first step, h_{n+1}. It ends at step 1. So if the head reads more than the
 * last step's output, lag tau of the reverse direction is the step t = 1 + tau. States before h_0, which only a skip
 * reads, are 0. */
#ifndef RG_REFERENCE_H
#define RG_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REF_MAX_LAYERS = 16, REF_MAX_PARAMETERS = REF_MAX_LAYERS * 2 * 6 + 3, REF_NAME_BYTES = 48 };

/* The step of a cell. W_ih x means W_ih x_t + b_ih, and W_hh h means W_hh h_{t-1} + b_hh. Gates are in the order given.
 * With a skip d > 0 of kind add, W_ih x also includes W_sh h_{t-d}. With kind dilated, h_{t-d} and c_{t-d} replace
 * h_{t-1} and c_{t-1} (Chang et al. 2017). Both are 0 for t < d. For kind learned see reference_gate.c. */
enum ref_cell {
    REF_CELL_RNN,  /* h_t = phi(W_ih x + W_hh h) */
    REF_CELL_LSTM, /* i, f, g, o: c_t = f c_{t-1} + i g, h_t = o tanh(c_t) (Gers et al. 2000) */
    REF_CELL_GRU,  /* r, z, n = tanh(W_in x + r (W_hn h)), h_t = (1 - z) n + z h_{t-1} (Cho et al. 2014, v1) */
    REF_N_CELLS
};

/* phi(a) of the rnn cell, as in torch.nn.functional. The derivative at a kink is also PyTorch's. */
enum ref_activation {
    REF_ACT_TANH,
    REF_ACT_RELU,       /* max(a, 0); derivative 0 at 0 */
    REF_ACT_LEAKY_RELU, /* a, or 0.01 a where a <= 0 */
    REF_ACT_ELU,        /* a, or e^a - 1 where a <= 0 */
    REF_ACT_SIGMOID,    /* 1 / (1 + e^-a) */
    REF_ACT_SOFTSIGN,   /* a / (1 + |a|) */
    REF_ACT_SOFTPLUS,   /* log(1 + e^a), or a where a > 20 */
    REF_ACT_HARDTANH,   /* a limited to [-1, 1]; derivative 0 at the limits */
    REF_ACT_LINEAR,     /* a */
    REF_N_ACTIVATIONS
};

enum ref_skip_kind { REF_SKIP_ADD, REF_SKIP_DILATED, REF_SKIP_LEARNED };

/* The rows that the head z = W_o h + b_o reads: the N last valid steps (h_0 if there is none), or all valid steps. */
enum ref_target { REF_TARGET_LAST, REF_TARGET_STEPS };

/* The content of such a row for a head on the last step; n is the sequence's length. */
enum ref_readout {
    REF_READOUT_LAST,  /* [forward h_n, reverse h_n]; h_0 where n = 0 */
    REF_READOUT_FINAL, /* [forward h_n, reverse h_1], where each direction ends: PyTorch's h_n; h_0 where n = 0 */
    REF_READOUT_MEAN,  /* mean of h_1 ... h_n, unit by unit; 0 where n = 0 */
    /* largest of h_1 ... h_n, unit by unit; the first of equal ones receives the gradient; 0 where n = 0 */
    REF_READOUT_MAX
};

/* z are the outputs, y the targets, and R is the number of rows of the batch, as above. Without rows the loss is 0. */
enum ref_loss {
    REF_LOSS_MSE, /* sum (z - y)^2 / (R O) */
    REF_LOSS_BCE, /* sum log(1 + e^z) - y z, over R O; z are logits, y in [0, 1] */
    REF_LOSS_CE   /* sum log(sum_o e^z_o) - z_y, over R; y is the number of a class, 0 to O - 1 */
};

/* Parameters of a layer and direction, in the order of the table. I is F in layer 0 and D H above. */
enum ref_role {
    REF_ROLE_WEIGHT_IH, /* [G H][I] */
    REF_ROLE_WEIGHT_HH, /* [G H][H] */
    REF_ROLE_BIAS_IH,   /* [G H] */
    REF_ROLE_BIAS_HH,   /* [G H] */
    REF_ROLE_WEIGHT_SH, /* [G H][H], with skip of kind add */
    REF_ROLE_WEIGHT_UH, /* [1][H], with skip of kind learned */
    REF_ROLE_BIAS_UH,   /* [1], with skip of kind learned */
    REF_N_ROLES
};

/* Indexes in the table of a model of one layer and direction without WEIGHT_SH. ref_parameter_at knows all indexes. */
enum ref_parameter {
    REF_WEIGHT_IH,
    REF_WEIGHT_HH,
    REF_BIAS_IH,
    REF_BIAS_HH,
    REF_HEAD_WEIGHT, /* [O][D H] */
    REF_HEAD_BIAS,   /* [O] */
    REF_N_PARAMETERS
};

struct ref_model {
    enum ref_cell cell;
    enum ref_activation activation;
    size_t inputs, hidden, outputs;
    size_t layers;
    bool bidirectional; /* layers give [forward h, reverse h] */
    size_t skip;        /* d; 0: none; 1 with a learned skip */
    enum ref_skip_kind skip_kind;
    double skip_budget; /* lambda of a learned skip */
    bool keep_rounding; /* see reference_gate.c */
    enum ref_target target;
    enum ref_readout readout;           /* with REF_TARGET_LAST */
    size_t words;                       /* V: x_t is a row of embed.weight [V][F]; 0: x_t is given */
    size_t n_parameters;                /* by layer, direction and role, then head.weight, head.bias, embed.weight */
    double *values[REF_MAX_PARAMETERS]; /* row-major, shapes above; a missing bias is zeros */
    char names[REF_MAX_PARAMETERS][REF_NAME_BYTES];
};

struct ref_batch {
    size_t n_sequences, n_steps;
    const double *x;        /* [N][T][F], right padded; the padding is never read */
    const int32_t *words;   /* [N][T], 0 to V - 1, instead of x in a model with words; negative: x_t is 0 */
    const int32_t *lengths; /* [N], each 0 to T, or NULL if all are T */
    /* LAST: [N][O], STEPS: [N][T][O], without [O] for REF_LOSS_CE. The padding is never read. A row that begins with
     * NaN has no loss, and the mean does not count it. */
    const double *y;
    enum ref_loss loss;
    const double *h_0, *c_0; /* [L D][N][H], or NULL for zeros; c_0 for lstm */
};

/* The gradient G of one weight matrix by lag. G_tau is the part of G from the steps of lag tau, summed over the batch;
 * sum over tau of G_tau = G. */
struct ref_lags {
    double *norm;   /* [T], ||G_tau|| (Frobenius) */
    double *share;  /* [T], <G_tau, G> / ||G||^2; adds to 1; all 0 if G = 0 */
    double *cosine; /* [T], <G_tau, G> / (||G_tau|| ||G||); 0 if either is 0 */
};

/* The values of one direction of one layer. In arrays of states, index t holds t, index 0 holds h_0, and index T + 1
 * holds zeros for states before h_0. In arrays of steps, index t - 1 holds step t. Past a sequence's end there are
 * zeros. */
struct ref_trace {
    double *state, *cell; /* [T+2][N][H], h_t, and c_t of lstm */
    double *a_ih, *a_hh;  /* [T][N][G H], W_ih x_t + b_ih + W_sh h_{t-d}, and W_hh h_{t-1} + b_hh */
    /* [T][N][G H], arguments of the gates (a_ih + a_hh, except for n of gru), and values of the gates */
    double *a, *gates;
    /* [T+2][N][H], dL/dh_t, and the part of dL/dc_t through c_{t+1}; meaningless at T + 1 */
    double *d_state, *d_cell;
    double *d_cell_whole;              /* [T+2][N][H], for lstm: the whole dL/dc_t, at the c that the cell computes */
    double *delta, *delta_hh;          /* [T][N][G H], dL/da_ih, and dL/da_hh, which differ in the n of gru */
    double *made, *made_cell;          /* [T+1][N][H], for a learned skip: h and c as the cell computes them */
    double *d_made, *d_made_cell;      /* [T+1][N][H], the gradients at them */
    double *gate, *chance;             /* [T+2][N], u~_t, and p_t */
    double *rounding;                  /* [T+2][N], u_t - u~_t */
    double *d_gate;                    /* [T+2][N], dL/du~_t */
    double *delta_norm;                /* [T], index tau: norm over the batch of the delta at lag tau */
    struct ref_lags lags[REF_N_ROLES]; /* of the weight matrices that exist; the others are NULL */
};

struct ref_result {
    double loss;
    double count;       /* divisor of the mean: rows with a loss, times outputs for bce and mse */
    double budget;      /* lambda times the number of state updates, mean over the batch; not part of `loss` */
    double gate_margin; /* the smallest |u~_t - 1/2| of all gates; 1/2 without gates */
    double grad_norm;   /* over all parameters together */
    double *output;     /* LAST: [N][O], STEPS: [N][T][O], zeros past the end; logits for bce, ce */
    double *gradient[REF_MAX_PARAMETERS]; /* shapes of the parameters */
    size_t n_traces;                      /* L D */
    struct ref_trace *traces;             /* [L][D] */
    double *joined[REF_MAX_LAYERS];       /* [T+1][N][D H], outputs of each layer at index t; h_0 at index 0 */
    double *d_joined[REF_MAX_LAYERS];     /* [T+1][N][D H], gradient from the layer above or from the head */
    double *read, *d_read;                /* [N][D H], the head's input with REF_TARGET_LAST, and the gradient there */
    double *blank;                        /* [F] zeros: the input of an unknown word */
    double *scratch;                      /* working memory */
    /* Pointers into the trace of layer 0, forward: */
    double *state, *delta, *delta_norm;
    struct ref_lags lags_ih, lags_hh;
};

/* A model of one layer, one direction, tanh, head on the last step, with zero weights, or NULL without memory. */
struct ref_model *ref_model_create(size_t inputs, size_t hidden, size_t outputs);

/* A model with the cell, activation, sizes, skip, target, readout and words of *form, and zero weights; layers 0 means
 * 1. NULL without memory or with more than REF_MAX_LAYERS layers. Other fields of *form are not read. */
struct ref_model *ref_model_create_like(const struct ref_model *form);
void ref_model_destroy(struct ref_model *model); /* NULL allowed */

size_t ref_directions(const struct ref_model *model);
size_t ref_gates(const struct ref_model *model);
bool ref_has_role(const struct ref_model *model, enum ref_role role);

/* Index in the table of a parameter of a layer and direction, and of the head's two parameters. */
size_t ref_parameter_at(const struct ref_model *model, size_t layer, size_t direction, enum ref_role role);
size_t ref_head_weight(const struct ref_model *model);
size_t ref_head_bias(const struct ref_model *model);
size_t ref_embed(const struct ref_model *model);

/* A parameter's name in model files ("rnn.weight_ih_l0"), its rows, its columns (0 for a bias) and its elements. */
const char *ref_parameter_name(const struct ref_model *model, size_t parameter);
size_t ref_parameter_rows(const struct ref_model *model, size_t parameter);
size_t ref_parameter_columns(const struct ref_model *model, size_t parameter);
size_t ref_parameter_elements(const struct ref_model *model, size_t parameter);

/* Memory for the results of batches of N sequences and T steps, or NULL without memory. */
struct ref_result *ref_result_create(const struct ref_model *model, size_t n_sequences, size_t n_steps);
void ref_result_destroy(struct ref_result *result); /* NULL allowed */

/* Forward and backward pass: outputs, loss, gradients, states and deltas, without the lag profile. */
void ref_gradient(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result);

/* Forward and backward pass. Fills every field of *result, which must have been created for the batch's sizes. */
void ref_forward_backward(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result);

/* *term = G_tau of a weight matrix of a layer, in its shape, from the states and deltas of a result. */
void ref_lag_term(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                  size_t parameter, size_t tau, double *term);

/* The lag of step t of a sequence in a direction. */
size_t ref_lag_of(const struct ref_model *model, const struct ref_batch *batch, size_t direction, size_t sequence,
                  size_t t);

/* The same of one sequence. */
struct ref_term {
    const struct ref_model *model;
    const struct ref_batch *batch;
    const struct ref_result *result;
    size_t parameter, tau, sequence;
};
void ref_sequence_term(const struct ref_term *which, double *term);

/* phi(a), and dphi/da. */
double ref_activate(enum ref_activation activation, double a);
double ref_activation_slope(enum ref_activation activation, double a);

/* sqrt(sum v_i^2), without intermediate overflow or underflow. */
double ref_norm(const double *values, size_t count);

/* The factor of the gradients under clipping by global norm, as in torch.nn.utils.clip_grad_norm_: min(1, C / (norm +
 * 1e-6)). */
double ref_clip_coefficient(double norm, double clip_norm);

/* w = w - lr g */
void ref_sgd(double *weights, const double *gradient, size_t count, double lr);

struct ref_moments {
    double *mean;   /* [count], zeros before the first update */
    double *square; /* [count], zeros before the first update */
    size_t update;  /* number of this update, from 1 */
};

/* Adam (Kingma and Ba 2015) as torch.optim.Adam: betas 0.9 and 0.999,
 * w = w - lr m^ / (sqrt(v^) + 1e-8), m^ = m / (1 - 0.9^update), v^ = v / (1 - 0.999^update). */
void ref_adam(double *weights, const double *gradient, size_t count, double lr, const struct ref_moments *moments);

#endif
