/* What the net keeps of each input, without a loss: by lag, the Frobenius norms of dh_T/dx_t and dz_T/dx_t. h_T is what
 * the head reads of the last layer (with --readout mean the mean state, and so on), z_T the head's output, x_t the
 * net's input, embedded if need be. They are exact for the net at these weights and sequences; where a vector has more
 * than RG_EXACT_VECTORS units, ||J||^2 is the mean of ||J^T v||^2 over random v of signs (Hutchinson 1990), which is
 * right on average, and in the norm of a single sequence to about 1/sqrt(2 RG_RANDOM_VECTORS) at worst. */
#ifndef RG_INPUT_LAGS_H
#define RG_INPUT_LAGS_H

#include "engine/engine.h"
#include "gradient/watch.h"

enum { RG_EXACT_VECTORS = 32, RG_RANDOM_VECTORS = 16, RG_INPUT_ROWS = 64 };

/* Why there are none. */
enum rg_input_lack {
    RG_INPUT_NOT_ASKED,
    RG_INPUT_WHOLE, /* there are */
    RG_INPUT_LARGE, /* the net is too large for the work or the memory that they may take */
    RG_INPUT_INTERRUPTED
};

struct rg_input_norms {
    size_t vectors;       /* that were swept back for each sequence */
    bool exact;           /* one for each unit; else random ones */
    double *log10_rms;    /* [T] by lag, over the sequences that have the step; -INFINITY: 0, or none has */
    double *log10_median; /* [T] */
    double *rms, *median; /* [T] the same as numbers, 0 below 1e-308 */
};

enum { RG_INPUT_STATE, RG_INPUT_OUTPUT, RG_INPUT_KINDS };

struct rg_input_lags {
    enum rg_input_lack lack; /* unless it is RG_INPUT_WHOLE, the rest says nothing */
    size_t steps, lags;      /* T; lags that there are, T but with a probe before the end */
    size_t rows;             /* sequences */
    double *sequences;       /* [T] how many have the step */
    struct rg_input_norms of[RG_INPUT_KINDS];
    double *storage;
};

struct rg_input_options {
    size_t rows, probe; /* sequences that there are; step of h_T and z_T, from 1, or 0 */
    int threads;
    struct rg_watch watch;
};

/* Of update `update`, with the engine's present weights. RG_NO_MEMORY. */
rg_status rg_input_lags_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                                const struct rg_input_options *options, struct rg_input_lags *out);
void rg_input_lags_release(struct rg_input_lags *lags); /* zeroed allowed */

#endif
