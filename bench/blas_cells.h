/* The passes over the gates of the BLAS peer, and its optimiser: plain loops that the compiler vectorises. Compiled
 * with -O3 -ffast-math, as such code is. Rows of `gates` hold G*H numbers, gate after gate as in PyTorch. */
#ifndef RG_BENCH_BLAS_CELLS_H
#define RG_BENCH_BLAS_CELLS_H

#include <stddef.h>

/* One row of one step. Before the forward pass `gates` holds W_ih x + b_ih (+ W_hh h' + b_hh but for the gru), after it
 * what the reverse pass needs, after that dL/d of the pre-activations. */
struct rg_blas_row {
    size_t hidden;
    float *gates;
    float *h;            /* [H] of this step */
    const float *h_past; /* [H] of the step before, zeros before the first */
    float *c;            /* lstm: [H] of this step */
    const float *c_past;
    float *own; /* gru: [3*H], W_hh h' + b_hh, then dL/d of it */
    float *dh;  /* [H]: dL/dh of this step; after the reverse pass of the gru what goes on to h' beside W_hh */
    float *dc;  /* lstm: [H], likewise for c */
};

typedef void rg_blas_pass(const struct rg_blas_row *row);
rg_blas_pass rg_blas_rnn_forward, rg_blas_rnn_reverse, rg_blas_lstm_forward, rg_blas_lstm_reverse, rg_blas_gru_forward,
    rg_blas_gru_reverse;

double rg_blas_squares(const float *g, size_t n);

/* Weights and what Adam keeps of them, [n] each; correction1 and correction2 are 1 - beta^step. */
struct rg_blas_moments {
    float *weights, *mean, *square;
    const float *gradients;
    float correction1, correction2;
};

/* Adam (Kingma, Ba 2015) with rate 1e-3, betas 0.9 and 0.999, epsilon 1e-8. The gradients are multiplied by `clip`. */
void rg_blas_adam(const struct rg_blas_moments *moments, size_t n, float clip);

#endif
