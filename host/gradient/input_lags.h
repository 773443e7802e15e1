/* What the net keeps of each input, without a loss: by lag, the Frobenius norms of dh_T/dx_t and dz_T/dx_t. h_T is what
 * the head reads of the last layer (with --readout mean the mean state, and so on), z_T is the head's output, and x_t
 * is the net's input, after an embedding if there is one.
 *
 * The norms are exact for the present weights and sequences if a vector has at most RG_EXACT_VECTORS units. Otherwise
 * ||J||^2 is the mean of ||J^T v||^2 over vectors v of random signs (Hutchinson 1990). This is right on average; the
 * norm of a single sequence has a relative error of about 1/sqrt(2 RG_RANDOM_VECTORS) at worst. */
#ifndef RG_INPUT_LAGS_H
#define RG_INPUT_LAGS_H

#include "engine/engine.h"
#include "gradient/watch.h"

enum { RG_EXACT_VECTORS = 32, RG_RANDOM_VECTORS = 16, RG_INPUT_ROWS = 64 };

/* Why norms are missing. */
enum rg_input_lack {
    RG_INPUT_NOT_ASKED,
    RG_INPUT_WHOLE,    /* nothing is missing */
    RG_INPUT_OVERFLOW, /* the states are not finite */
    RG_INPUT_LARGE,    /* the net is too large for the limits of work or memory */
    RG_INPUT_INTERRUPTED
};

struct rg_input_norms {
    size_t vectors;       /* vectors that were swept back for each sequence */
    bool exact;           /* one vector for each unit; otherwise random vectors */
    double *log10_rms;    /* [T] by lag, over the sequences that have the step; -INFINITY: 0; NAN: none has it */
    double *log10_median; /* [T] */
    double *rms, *median; /* [T] 10^log10_rms, 10^log10_median; 0 below 1e-308 */
};

enum { RG_INPUT_STATE, RG_INPUT_OUTPUT, RG_INPUT_KINDS };

struct rg_input_lags {
    enum rg_input_lack lack; /* unless it is RG_INPUT_WHOLE, the other fields mean nothing */
    size_t steps, lags;      /* T; number of lags, which is T unless a probe before the end was given */
    size_t rows;             /* sequences */
    double *sequences;       /* [T] number of sequences that have the step */
    struct rg_input_norms of[RG_INPUT_KINDS];
    double *storage;
};

struct rg_input_options {
    size_t rows, probe; /* number of sequences; step of h_T and z_T, from 1, or 0: the last */
    int threads;
    struct rg_watch watch;
};

/* Measure update `update` with the engine's present weights. RG_NO_MEMORY. */
rg_status rg_input_lags_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                                const struct rg_input_options *options, struct rg_input_lags *out);
void rg_input_lags_release(struct rg_input_lags *lags); /* zeroed allowed */

#endif
