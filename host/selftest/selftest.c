/* The self-test's table of cases, and the account of its checks. */
#include "selftest/selftest.h"

#include <math.h>
#include <stdio.h>

#include "selftest/checks.h"

#define MSE RG_LOSS_MSE
#define BCE RG_LOSS_BCE
#define CE RG_LOSS_CE
#define ADAM RG_OPT_ADAM
#define SGD RG_OPT_SGD
#define MOMENTUM RG_OPT_MOMENTUM
#define RMSPROP RG_OPT_RMSPROP
#define ADAGRAD RG_OPT_ADAGRAD

#define RNN RG_CELL_RNN
#define LSTM RG_CELL_LSTM
#define GRU RG_CELL_GRU
#define PLAIN \
    { .cell = RNN }
#define ACT(phi) \
    { .activation = RG_ACT_##phi }
#define LAST RG_TARGET_LAST
#define STEPS RG_TARGET_STEPS
#define ADD RG_SKIP_ADD
#define DILATED RG_SKIP_DILATED
#define LEARNED RG_SKIP_LEARNED
#define TANH RG_ACT_TANH

/* Sizes on and beside the widths of vectors, panels, blocks and tiles, and primes; every such B, T and H meets several
 * of the others. Clipping bites in some cases and not in others. */
static const struct rg_update_case cases[] = {
    /* B, T, F, H, O, loss, ragged; cell, activation, target, L, bidirectional, d, kind of skip; optimiser, clipping,
     * quick */
    {{1, 1, 1, 1, 1, MSE, false}, PLAIN, ADAM, 1.0, false},
    {{1, 2, 2, 31, 1, MSE, false}, PLAIN, SGD, 0.0, false},
    {{7, 1, 3, 33, 2, BCE, false}, PLAIN, ADAM, 0.0, false},
    {{31, 33, 2, 7, 3, CE, true}, PLAIN, ADAM, 0.1, false},
    {{32, 7, 1, 63, 1, MSE, false}, PLAIN, SGD, 1.0, false},
    {{33, 31, 5, 32, 2, BCE, true}, PLAIN, SGD, 0.0, false},
    {{63, 2, 2, 65, 1, MSE, false}, PLAIN, ADAM, 1.0, false},
    {{64, 65, 3, 31, 4, CE, true}, PLAIN, SGD, 1e-3, false},
    {{65, 63, 1, 1, 1, BCE, false}, PLAIN, ADAM, 0.0, false},
    {{97, 32, 2, 33, 1, MSE, true}, PLAIN, ADAM, 100.0, false},
    {{127, 7, 4, 64, 17, CE, false}, PLAIN, ADAM, 0.0, false},
    {{257, 31, 2, 31, 1, MSE, false}, PLAIN, SGD, 0.5, false},
    {{129, 97, 1, 7, 1, MSE, true}, PLAIN, ADAM, 0.0, false},
    {{2, 257, 2, 63, 1, BCE, false}, PLAIN, ADAM, 0.01, false},
    {{1, 127, 2, 97, 1, MSE, false}, PLAIN, ADAM, 1.0, false},
    {{31, 64, 7, 127, 1, BCE, false}, PLAIN, ADAM, 0.0, false},
    {{7, 97, 2, 257, 33, MSE, true}, PLAIN, ADAM, 1.0, false},
    {{257, 1, 33, 63, 65, CE, false}, PLAIN, SGD, 0.0, false},
    {{33, 7, 3, 31, 513, CE, true}, PLAIN, ADAM, 0.1, false},
    {{5, 3, 2, 9, 259, BCE, false}, PLAIN, SGD, 0.0, false},
    {{140, 2, 2, 17, 300, MSE, false}, {LSTM, TANH, STEPS, 1, true, 0, ADD}, SGD, 0.0, false},
    {{3, 9, 2, 33, 1031, CE, true}, {GRU, TANH, STEPS, 2, true, 0, ADD}, ADAM, 0.1, false},
    {{33, 127, 1, 65, 1, MSE, false}, PLAIN, ADAM, 0.0, false},
    {{3, 7, 63, 32, 31, MSE, false}, PLAIN, SGD, 0.0, false},
    {{13, 9, 3, 33, 2, MSE, true}, ACT(RELU), ADAM, 0.0, false},
    {{9, 5, 3, 17, 2, BCE, false}, ACT(LEAKY_RELU), SGD, 0.0, false},
    {{17, 11, 3, 31, 2, CE, true}, ACT(ELU), ADAM, 0.0, false},
    {{8, 17, 3, 40, 2, MSE, false}, ACT(SIGMOID), SGD, 0.0, false},
    {{13, 9, 3, 33, 2, BCE, true}, ACT(SOFTSIGN), ADAM, 0.0, false},
    {{9, 5, 3, 17, 2, CE, false}, ACT(SOFTPLUS), SGD, 0.0, false},
    {{17, 11, 3, 31, 2, MSE, true}, ACT(HARDTANH), ADAM, 0.0, false},
    {{8, 17, 3, 40, 2, BCE, false}, ACT(LINEAR), SGD, 0.0, false},
    {{1, 1, 1, 1, 1, MSE, false}, {LSTM, TANH, LAST, 1, false, 0, ADD}, ADAM, 1.0, false},
    {{33, 31, 5, 32, 2, BCE, true}, {LSTM, TANH, LAST, 1, false, 0, ADD}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {LSTM, TANH, LAST, 1, false, 0, ADD}, ADAM, 0.1, false},
    {{65, 7, 3, 31, 4, CE, false}, {LSTM, TANH, LAST, 1, false, 0, ADD}, ADAM, 0.0, false},
    {{130, 3, 1, 7, 1, MSE, true}, {LSTM, TANH, LAST, 1, false, 0, ADD}, RMSPROP, 0.0, false},
    {{2, 97, 2, 17, 1, BCE, false}, {LSTM, TANH, LAST, 1, false, 0, ADD}, ADAGRAD, 0.01, false},
    {{1, 1, 1, 1, 1, MSE, false}, {GRU, TANH, LAST, 1, false, 0, ADD}, ADAM, 1.0, false},
    {{33, 31, 5, 32, 2, BCE, true}, {GRU, TANH, LAST, 1, false, 0, ADD}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {GRU, TANH, LAST, 1, false, 0, ADD}, ADAM, 0.1, false},
    {{65, 7, 3, 31, 4, CE, false}, {GRU, TANH, LAST, 1, false, 0, ADD}, ADAM, 0.0, false},
    {{130, 3, 1, 7, 1, MSE, true}, {GRU, TANH, LAST, 1, false, 0, ADD}, RMSPROP, 0.0, false},
    {{2, 97, 2, 17, 1, BCE, false}, {GRU, TANH, LAST, 1, false, 0, ADD}, ADAGRAD, 0.01, false},
    {{5, 9, 1, 17, 2, MSE, false}, {RNN, TANH, LAST, 1, false, 1, ADD}, SGD, 0.0, false},
    {{9, 9, 2, 33, 2, BCE, false}, {RNN, TANH, STEPS, 1, false, 2, ADD}, ADAM, 0.1, false},
    {{13, 9, 3, 8, 2, CE, true}, {RNN, TANH, LAST, 1, false, 3, ADD}, MOMENTUM, 0.0, false},
    {{3, 9, 4, 35, 2, MSE, true}, {RNN, TANH, STEPS, 1, false, 11, ADD}, SGD, 0.1, false},
    {{5, 9, 1, 17, 2, BCE, false}, {RNN, TANH, LAST, 1, true, 1, DILATED}, ADAM, 0.0, false},
    {{9, 9, 2, 33, 2, CE, false}, {RNN, TANH, STEPS, 1, true, 2, DILATED}, MOMENTUM, 0.1, false},
    {{13, 9, 3, 8, 2, MSE, true}, {RNN, TANH, LAST, 1, true, 3, DILATED}, SGD, 0.0, false},
    {{3, 9, 4, 35, 2, BCE, true}, {RNN, TANH, STEPS, 1, true, 11, DILATED}, ADAM, 0.1, false},
    {{5, 9, 1, 17, 2, CE, false}, {LSTM, TANH, LAST, 1, false, 1, ADD}, MOMENTUM, 0.0, false},
    {{9, 9, 2, 33, 2, MSE, false}, {LSTM, TANH, STEPS, 1, false, 2, ADD}, SGD, 0.1, false},
    {{13, 9, 3, 8, 2, BCE, true}, {LSTM, TANH, LAST, 1, false, 3, ADD}, ADAM, 0.0, false},
    {{3, 9, 4, 35, 2, CE, true}, {LSTM, TANH, STEPS, 1, false, 11, ADD}, MOMENTUM, 0.1, false},
    {{5, 9, 1, 17, 2, MSE, false}, {LSTM, TANH, LAST, 1, true, 1, DILATED}, SGD, 0.0, false},
    {{9, 9, 2, 33, 2, BCE, false}, {LSTM, TANH, STEPS, 1, true, 2, DILATED}, ADAM, 0.1, false},
    {{13, 9, 3, 8, 2, CE, true}, {LSTM, TANH, LAST, 1, true, 3, DILATED}, MOMENTUM, 0.0, false},
    {{3, 9, 4, 35, 2, MSE, true}, {LSTM, TANH, STEPS, 1, true, 11, DILATED}, SGD, 0.1, false},
    {{5, 9, 1, 17, 2, BCE, false}, {GRU, TANH, LAST, 1, false, 1, ADD}, ADAM, 0.0, false},
    {{9, 9, 2, 33, 2, CE, false}, {GRU, TANH, STEPS, 1, false, 2, ADD}, MOMENTUM, 0.1, false},
    {{13, 9, 3, 8, 2, MSE, true}, {GRU, TANH, LAST, 1, false, 3, ADD}, SGD, 0.0, false},
    {{3, 9, 4, 35, 2, BCE, true}, {GRU, TANH, STEPS, 1, false, 11, ADD}, ADAM, 0.1, false},
    {{5, 9, 1, 17, 2, CE, false}, {GRU, TANH, LAST, 1, true, 1, DILATED}, MOMENTUM, 0.0, false},
    {{9, 9, 2, 33, 2, MSE, false}, {GRU, TANH, STEPS, 1, true, 2, DILATED}, SGD, 0.1, false},
    {{13, 9, 3, 8, 2, BCE, true}, {GRU, TANH, LAST, 1, true, 3, DILATED}, ADAM, 0.0, false},
    {{3, 9, 4, 35, 2, CE, true}, {GRU, TANH, STEPS, 1, true, 11, DILATED}, MOMENTUM, 0.1, false},
    {{9, 7, 3, 33, 2, MSE, false}, {RNN, TANH, LAST, 2, false, 0, ADD}, ADAM, 0.0, false},
    {{5, 11, 2, 17, 3, CE, true}, {RNN, TANH, STEPS, 3, false, 0, ADD}, SGD, 0.5, false},
    {{7, 8, 3, 35, 1, BCE, true}, {RNN, TANH, LAST, 1, true, 0, ADD}, ADAM, 0.0, false},
    {{13, 6, 2, 31, 4, CE, true}, {RNN, TANH, STEPS, 2, true, 0, ADD}, SGD, 0.5, false},
    {{3, 9, 2, 33, 2, MSE, true}, {RNN, TANH, STEPS, 3, true, 2, DILATED}, ADAM, 0.0, false},
    {{4, 7, 1, 9, 1, BCE, false}, {RNN, TANH, LAST, 3, true, 3, ADD}, SGD, 0.5, false},
    {{140, 5, 2, 13, 2, MSE, true}, {RNN, TANH, STEPS, 2, true, 2, ADD}, ADAM, 0.0, false},
    {{9, 7, 3, 33, 2, MSE, false}, {LSTM, TANH, LAST, 2, false, 0, ADD}, SGD, 0.5, false},
    {{5, 11, 2, 17, 3, CE, true}, {LSTM, TANH, STEPS, 3, false, 0, ADD}, ADAM, 0.0, false},
    {{7, 8, 3, 35, 1, BCE, true}, {LSTM, TANH, LAST, 1, true, 0, ADD}, SGD, 0.5, false},
    {{13, 6, 2, 31, 4, CE, true}, {LSTM, TANH, STEPS, 2, true, 0, ADD}, ADAM, 0.0, false},
    {{3, 9, 2, 33, 2, MSE, true}, {LSTM, TANH, STEPS, 3, true, 2, DILATED}, SGD, 0.5, false},
    {{4, 7, 1, 9, 1, BCE, false}, {LSTM, TANH, LAST, 3, true, 3, ADD}, ADAM, 0.0, false},
    {{140, 5, 2, 13, 2, MSE, true}, {LSTM, TANH, STEPS, 2, true, 2, ADD}, SGD, 0.5, false},
    {{9, 7, 3, 33, 2, MSE, false}, {GRU, TANH, LAST, 2, false, 0, ADD}, ADAM, 0.0, false},
    {{5, 11, 2, 17, 3, CE, true}, {GRU, TANH, STEPS, 3, false, 0, ADD}, SGD, 0.5, false},
    {{7, 8, 3, 35, 1, BCE, true}, {GRU, TANH, LAST, 1, true, 0, ADD}, ADAM, 0.0, false},
    {{13, 6, 2, 31, 4, CE, true}, {GRU, TANH, STEPS, 2, true, 0, ADD}, SGD, 0.5, false},
    {{3, 9, 2, 33, 2, MSE, true}, {GRU, TANH, STEPS, 3, true, 2, DILATED}, ADAM, 0.0, false},
    {{4, 7, 1, 9, 1, BCE, false}, {GRU, TANH, LAST, 3, true, 3, ADD}, SGD, 0.5, false},
    {{140, 5, 2, 13, 2, MSE, true}, {GRU, TANH, STEPS, 2, true, 2, ADD}, ADAM, 0.0, false},
    {{1, 1, 1, 1, 1, MSE, false}, {RNN, TANH, LAST, 1, false, 1, LEARNED}, ADAM, 0.0, false},
    {{33, 31, 5, 32, 2, BCE, true}, {RNN, TANH, LAST, 1, false, 1, LEARNED}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {RNN, RG_ACT_SIGMOID, LAST, 1, false, 1, LEARNED}, ADAM, 0.1, false},
    {{130, 3, 1, 7, 1, MSE, true}, {RNN, TANH, STEPS, 2, true, 1, LEARNED}, RMSPROP, 0.0, false},
    {{33, 11, 5, 32, 2, BCE, true}, {LSTM, TANH, LAST, 1, false, 1, LEARNED}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {LSTM, TANH, LAST, 1, false, 1, LEARNED}, ADAM, 0.1, false},
    {{13, 6, 2, 31, 4, CE, true}, {LSTM, TANH, STEPS, 2, true, 1, LEARNED}, ADAM, 0.0, false},
    {{33, 11, 5, 32, 2, BCE, true}, {GRU, TANH, LAST, 1, false, 1, LEARNED}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {GRU, TANH, LAST, 1, false, 1, LEARNED}, SGD, 0.1, false},
    {{13, 6, 2, 31, 4, CE, true}, {GRU, TANH, STEPS, 2, true, 1, LEARNED}, ADAM, 0.0, false},
    {{13, 5, 3, 17, 3, CE, true}, PLAIN, ADAM, 0.1, true},
    {{9, 3, 2, 33, 1, MSE, false}, PLAIN, SGD, 1.0, true},
    {{9, 3, 2, 17, 261, CE, true}, {RNN, TANH, STEPS, 1, false, 0, ADD}, SGD, 0.0, true},
    {{9, 3, 2, 17, 261, CE, true}, {LSTM, TANH, STEPS, 1, false, 0, ADD}, SGD, 0.0, true},
    {{9, 3, 2, 17, 261, CE, true}, {GRU, TANH, STEPS, 1, false, 0, ADD}, SGD, 0.0, true},
    {{5, 4, 1, 5, 2, BCE, false}, PLAIN, MOMENTUM, 0.0, true},
    {{9, 4, 3, 17, 2, MSE, true}, {RNN, TANH, STEPS, 2, true, 2, ADD}, RMSPROP, 0.0, true},
    {{5, 4, 2, 9, 3, CE, false}, {RNN, TANH, LAST, 2, false, 2, DILATED}, ADAGRAD, 0.0, true},
    {{9, 4, 3, 17, 2, MSE, true}, {LSTM, TANH, STEPS, 2, true, 2, ADD}, RMSPROP, 0.0, true},
    {{13, 5, 3, 17, 3, CE, true}, {LSTM, TANH, LAST, 1, false, 0, ADD}, ADAM, 0.1, true},
    {{13, 5, 3, 17, 3, CE, true}, {GRU, TANH, LAST, 1, false, 0, ADD}, ADAM, 0.1, true},
    {{5, 4, 2, 9, 3, CE, false}, {GRU, TANH, LAST, 2, false, 2, DILATED}, ADAGRAD, 0.0, true},
    {{9, 5, 3, 17, 2, MSE, true}, {RNN, TANH, STEPS, 1, true, 1, LEARNED}, SGD, 0.0, true},
    {{5, 6, 2, 9, 3, CE, false}, {LSTM, TANH, LAST, 1, true, 1, LEARNED}, SGD, 0.0, true},
    {{9, 5, 3, 17, 2, MSE, true}, {GRU, TANH, LAST, 1, true, 1, LEARNED}, SGD, 0.0, true},
};

/* Sequences that start from given states. */
static const struct rg_update_case initial_cases[] = {
    {{1, 1, 1, 1, 1, MSE, false}, PLAIN, ADAM, 1.0, false},
    {{33, 31, 5, 32, 2, BCE, true}, PLAIN, SGD, 0.0, false},
    {{140, 5, 2, 33, 2, MSE, false}, PLAIN, ADAM, 0.0, false},
    {{9, 9, 2, 33, 2, BCE, true}, {RNN, TANH, STEPS, 2, true, 1, ADD}, ADAM, 0.1, false},
    {{13, 9, 3, 8, 2, CE, true}, {RNN, RG_ACT_SOFTSIGN, LAST, 1, true, 3, ADD}, SGD, 0.0, false},
    {{13, 9, 3, 35, 2, MSE, true}, {RNN, TANH, LAST, 2, true, 3, DILATED}, SGD, 0.0, false},
    {{3, 9, 4, 35, 2, MSE, true}, {RNN, TANH, STEPS, 1, false, 11, ADD}, SGD, 0.1, false},
    {{33, 31, 5, 32, 2, BCE, true}, {LSTM, TANH, LAST, 1, false, 0, ADD}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {LSTM, TANH, LAST, 2, true, 0, ADD}, ADAM, 0.1, false},
    {{13, 9, 3, 8, 2, BCE, true}, {LSTM, TANH, STEPS, 1, true, 3, ADD}, ADAM, 0.0, false},
    {{13, 9, 3, 33, 2, CE, true}, {LSTM, TANH, LAST, 2, true, 3, DILATED}, SGD, 0.0, false},
    {{3, 9, 4, 35, 2, MSE, true}, {LSTM, TANH, LAST, 1, true, 11, DILATED}, SGD, 0.1, false},
    {{33, 31, 5, 32, 2, BCE, true}, {GRU, TANH, LAST, 1, false, 0, ADD}, SGD, 0.0, false},
    {{7, 33, 2, 65, 1, MSE, false}, {GRU, TANH, LAST, 2, true, 0, ADD}, ADAM, 0.1, false},
    {{13, 9, 3, 8, 2, MSE, true}, {GRU, TANH, STEPS, 1, true, 3, ADD}, SGD, 0.0, false},
    {{13, 9, 3, 33, 2, BCE, true}, {GRU, TANH, LAST, 2, true, 3, DILATED}, ADAM, 0.0, false},
    {{3, 9, 4, 35, 2, CE, true}, {GRU, TANH, LAST, 1, true, 11, DILATED}, SGD, 0.1, false},
    {{33, 11, 5, 32, 2, BCE, true}, {RNN, TANH, LAST, 1, true, 1, LEARNED}, SGD, 0.0, false},
    {{13, 6, 2, 31, 4, CE, true}, {LSTM, TANH, STEPS, 2, true, 1, LEARNED}, SGD, 0.0, false},
    {{33, 11, 5, 32, 2, MSE, true}, {GRU, TANH, LAST, 1, true, 1, LEARNED}, SGD, 0.0, false},
    {{5, 4, 2, 9, 2, MSE, true}, {RNN, TANH, LAST, 1, true, 2, ADD}, SGD, 0.0, true},
    {{5, 4, 2, 9, 2, MSE, true}, {LSTM, TANH, LAST, 1, true, 2, ADD}, SGD, 0.0, true},
    {{5, 4, 2, 9, 2, MSE, true}, {LSTM, TANH, LAST, 2, true, 2, ADD}, SGD, 0.0, true},
    {{5, 4, 2, 9, 3, CE, true}, {GRU, TANH, LAST, 1, true, 2, DILATED}, SGD, 0.0, true},
};

/* Embedded words, as many as steps. */
static const struct rg_update_case embedded_cases[] = {
    {{1, 1, 1, 1, 1, MSE, false}, PLAIN, ADAM, 1.0, false},
    {{33, 31, 5, 32, 2, BCE, true}, PLAIN, SGD, 0.0, false},
    {{140, 5, 37, 33, 2, MSE, false}, {RNN, TANH, LAST, 2, true, 0, ADD}, ADAM, 0.1, false},
    {{7, 33, 2, 65, 1, MSE, true}, {LSTM, TANH, STEPS, 1, true, 0, ADD}, ADAM, 0.1, false},
    {{13, 9, 3, 8, 3, CE, true}, {GRU, TANH, LAST, 1, true, 3, ADD}, SGD, 0.0, false},
    {{5, 4, 3, 9, 2, MSE, true}, {GRU, TANH, STEPS, 1, true, 2, DILATED}, SGD, 0.0, true},
};

/* More steps than segments of the weight gradient, among others; the first of a cell is part of its quick self-test. */
static const struct rg_exercise_form step_terms[] = {
    {{5, 6, 3, 9, 2, MSE, true}, {GRU, TANH, LAST, 2, true, 2, ADD}, false, 0},
    {{7, 12, 2, 19, 2, BCE, true}, PLAIN, false, 0},
    {{33, 35, 3, 19, 2, MSE, false}, PLAIN, true, 0},
    {{7, 35, 2, 19, 2, BCE, true}, {LSTM, TANH, LAST, 2, true, 3, ADD}, true, 0},
    {{7, 12, 2, 19, 2, BCE, true}, {LSTM, TANH, LAST, 1, false, 0, ADD}, false, 0},
    {{7, 12, 2, 19, 2, BCE, true}, {GRU, TANH, LAST, 1, false, 0, ADD}, false, 0},
    {{9, 12, 2, 33, 3, CE, true}, {GRU, TANH, LAST, 1, false, 3, DILATED}, true, 0},
    {{9, 12, 2, 17, 3, CE, true}, {RNN, RG_ACT_SOFTSIGN, LAST, 3, true, 1, ADD}, false, 0},
    {{7, 35, 2, 19, 2, BCE, true}, {LSTM, TANH, LAST, 2, true, 1, LEARNED}, true, 0},
};

double rg_device_eps(const struct rg_device *device) {
    return device->info.real_bytes == sizeof(double) ? 0x1p-52 : RG_FLOAT_EPS;
}

/* TF32 rounds what is multiplied to 2^-11, so a product is off by up to 2 of these, however many are added up. Outputs
 * have a product of each layer behind them, gradients those of both passes and the last one; twice that, for steps. */
static const double TF32_ROUNDING = 0x1p-11;

double rg_tolerance_forward(const struct rg_device *device, const struct rg_exercise_form *f) {
    const double gates = (double)rg_cell_gates(f->net.cell), layers = f->net.layers ? (double)f->net.layers : 1.0;
    return device->info.tf32
               ? 2.0 * layers * TF32_ROUNDING
               : 4.0 * ceil(log2((2.0 * gates + 1.0) * (double)f->sizes.steps * layers)) * rg_device_eps(device);
}

double rg_tolerance_backward(const struct rg_device *device, const struct rg_exercise_form *f) {
    const double gates = (double)rg_cell_gates(f->net.cell), layers = f->net.layers ? (double)f->net.layers : 1.0;
    const double across = fmax(gates * (double)f->sizes.hidden, (double)f->sizes.batch);
    return device->info.tf32 ? 2.0 * 2.0 * (2.0 * layers + 1.0) * TF32_ROUNDING
                             : 8.0 * ceil(log2((2.0 * gates + 1.0) * across * (double)f->sizes.steps * layers)) *
                                   rg_device_eps(device);
}

void rg_checks_add(struct rg_checks *checks, const char *subject, const char *quantity, double error,
                   double tolerance) {
    char name[256];
    (void)snprintf(name, sizeof name, "%s: %s", subject, quantity);
    const struct rg_selftest_check check = {subject, quantity, name, error, tolerance, error <= tolerance};
    checks->count++;
    if (!check.passed) {
        const double ratio = isnan(error) || tolerance == 0.0 ? INFINITY : error / tolerance;
        if (checks->failed == 0 || ratio > checks->worst_ratio) {
            (void)snprintf(checks->worst, sizeof checks->worst, "%s", name);
            checks->worst_ratio = ratio;
            checks->worst_error = error;
            checks->worst_tolerance = tolerance;
        }
        checks->failed++;
    }
    if (checks->report) {
        checks->report(checks->context, &check);
    }
}

/* Every kernel, be it with all checks or a few. */
static bool takes_all(const struct rg_selftest_scope *scope) {
    return scope->full || scope->cell == RG_N_CELLS;
}

static bool in_scope(const struct rg_selftest_scope *scope, const struct rg_exercise_net *net) {
    const bool learned = net->skip > 0 && net->skip_kind == LEARNED;
    const bool stacked = net->layers > 1;
    return scope->full || ((takes_all(scope) || (net->cell == scope->cell && (!stacked || scope->stacked))) &&
                           (!learned || scope->learned));
}

static rg_status check_updates(struct rg_checks *checks, struct rg_device *device,
                               const struct rg_selftest_scope *scope, const struct rg_update_case *one, bool initial,
                               size_t words) {
    struct rg_update_case mine = *one;
    if (!scope->full && (!one->quick || !in_scope(scope, &one->net))) {
        return RG_OK;
    }
    if (!takes_all(scope) && ((one->sizes.outputs >= RG_WIDE_OUTPUTS && !scope->wide) || (words && !scope->embedded))) {
        return RG_OK;
    }
    if (!takes_all(scope)) {
        mine.optimizer = scope->optimizer == RG_OPT_ADAMW      ? RG_OPT_ADAM
                         : scope->optimizer == RG_OPT_NESTEROV ? RG_OPT_MOMENTUM
                                                               : scope->optimizer;
    }
    return rg_check_updates(checks, device, &mine, initial, words);
}

rg_status rg_selftest_run(struct rg_device *device, const struct rg_selftest_scope *scope, rg_selftest_report *report,
                          void *context) {
    const enum rg_cell dropped = scope->cell == RG_N_CELLS ? RG_CELL_GRU : scope->cell;
    struct rg_checks checks = {.report = report, .context = context};
    if (scope->full) {
        RG_TRY(rg_check_reference(&checks));
    }
    if (takes_all(scope)) {
        RG_TRY(rg_check_peak(&checks, device));
    }
    if (takes_all(scope) || scope->marks) {
        RG_TRY(rg_check_marks(&checks, device));
    }
    if (takes_all(scope) || scope->symbols) {
        RG_TRY(rg_check_symbols(&checks, device));
    }
    RG_TRY(rg_check_gather(&checks, device));
    bool terms = false; /* one is enough for the few */
    for (size_t i = 0; i < sizeof step_terms / sizeof *step_terms; i++) {
        if (scope->full || (!terms && in_scope(scope, &step_terms[i].net))) {
            RG_TRY(rg_check_step_terms(&checks, device, &step_terms[i]));
            terms = true;
        }
    }
    for (enum rg_cell cell = 0; cell < RG_N_CELLS; cell++) {
        if (scope->full || (cell == dropped && (takes_all(scope) || scope->stacked))) {
            RG_TRY(rg_check_dropout(&checks, device, cell));
        }
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RG_TRY(check_updates(&checks, device, scope, &cases[i], false, 0));
    }
    for (size_t i = 0; (takes_all(scope) || scope->initial) && i < sizeof initial_cases / sizeof *initial_cases; i++) {
        RG_TRY(check_updates(&checks, device, scope, &initial_cases[i], true, 0));
    }
    for (size_t i = 0; i < sizeof embedded_cases / sizeof *embedded_cases; i++) {
        RG_TRY(check_updates(&checks, device, scope, &embedded_cases[i], false, embedded_cases[i].sizes.steps));
    }
    if (checks.failed == 0) {
        return RG_OK;
    }
    return rg_fail(RG_CHECK_FAILED,
                   "self-test of %s: %zu of %zu checks failed, the worst %s (error %.3g, at most %.3g allowed); "
                   "use --device cpu and report the device and its driver, %s",
                   device->info.name, checks.failed, checks.count, checks.worst, checks.worst_error,
                   checks.worst_tolerance, device->info.version);
}

rg_status rg_selftest_quick(struct rg_device *device, const struct rg_selftest_scope *scope) {
    return rg_selftest_run(device, scope, NULL, NULL);
}
