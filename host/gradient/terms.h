/* The terms G_tau of one direction of one layer: their sums over the sequences, and what a profile says of them. */
#ifndef RG_TERMS_H
#define RG_TERMS_H

#include "gradient/profile.h"
#include "gradient/scaled.h"
#include "gradient/states.h"

enum { RG_MICRO_BATCHES = 8 };

/* A term is [G*H][H] of W_hh, [G*H][inputs] of W_ih, [G*H][H] of W_sh, one after the other. */
struct rg_terms {
    const struct rg_cell_facts *facts; /* borrowed */
    struct rg_lag_profile *profile;    /* borrowed; what is found goes there */
    size_t columns[RG_LAG_MATRICES];
    size_t offset[RG_LAG_MATRICES + 1]; /* of a matrix in a term; the last: elements of a term */
    size_t group;                       /* terms that are kept at once */
    struct rg_scaled *kept;             /* [group] */
    size_t n_micro;
    struct rg_scaled micro[RG_MICRO_BATCHES]; /* gradients of the micro-batches */
    struct rg_scaled total, rest;             /* G; and G less the lags seen */
    double *pieces;                           /* [n_micro][term] of one step */
    struct rg_term_piece {
        size_t slot, micro, n, at;
        bool again;
        struct rg_scaled_step to_kept, to_micro;
        const struct rg_step_states *states;
    } taken[RG_MICRO_BATCHES]; /* [n_taken] */
    size_t n_taken;
    double *deltas; /* [rows][deltas*H] */
};

/* For up to `rows` sequences at a time. */
rg_status rg_terms_create(const struct rg_cell_facts *facts, struct rg_lag_profile *profile, size_t rows,
                          struct rg_terms *terms);
void rg_terms_release(struct rg_terms *terms);

/* Take up what micro-batch `micro` gives to the term of a step: `n` sequences, their deltas [n][deltas*H] times
 * 2^exponent[n], and the states of the step in rows from `at` on, which stay where they are until it is added. It goes
 * to kept term `slot`, and to the micro-batch's gradient unless this is the second time round, `again`. */
void rg_terms_take(struct rg_terms *terms, size_t slot, size_t micro, bool again, const double *deltas,
                   const int64_t *exponent, size_t n, const struct rg_step_states *states, size_t at);

/* Add what was taken, in that order: the part-th of RG_TERM_PARTS parts of the hidden units; several threads at once,
 * each for another. */
enum { RG_TERM_PARTS = 8 };
void rg_terms_add(struct rg_terms *terms, size_t part);

/* The norm of a finished term; the gradient and its noise, once every term has been added; then, in order of the lags
 * (`rising`: from lag 0 on, else down to it), shares, cosines and errors. */
void rg_terms_note(struct rg_terms *terms, size_t slot, size_t lag);
void rg_terms_total(struct rg_terms *terms, bool rising);
void rg_terms_compare(struct rg_terms *terms, size_t slot, size_t lag, bool rising);
/* The horizons, when every term has been compared. */
void rg_terms_finish(struct rg_terms *terms);

#endif
