/* The terms G_tau of one direction of one layer, summed over the sequences, and the profile's numbers made from them.
 */
#ifndef RG_TERMS_H
#define RG_TERMS_H

#include "gradient/micro.h"
#include "gradient/profile.h"
#include "gradient/scaled.h"
#include "gradient/states.h"

/* A term holds the parts of W_hh [G*H][H], W_ih [G*H][inputs] and W_sh [G*H][H], one after the other. */
struct rg_terms {
    const struct rg_cell_facts *facts; /* borrowed */
    struct rg_lag_profile *profile;    /* borrowed; receives the results */
    size_t columns[RG_LAG_MATRICES];
    size_t offset[RG_LAG_MATRICES + 1]; /* of a matrix in a term; the last one is the length of a term */
    size_t group;                       /* terms in memory at the same time */
    struct rg_scaled *kept;             /* [group]; with `begins` one more, for the lag that is being added up */
    size_t alone, n_ranges;             /* with ranges: lags with a slot of their own; ranges of lags after them */
    size_t *begins;                     /* [n_ranges + 1] first lag of each range, and the end of the last; or NULL */
    struct rg_micro micro;              /* gradients of the micro-batches */
    struct rg_scaled total, rest;       /* G; G minus the lags seen so far */
    double *pieces;                     /* [micro.n][term], parts of one step's term */
    struct rg_term_piece {
        size_t slot, micro, lag, n, at;
        bool again;
        struct rg_scaled_step to_kept, to_micro;
        const struct rg_step_states *states;
    } taken[RG_MICRO_BATCHES]; /* [n_taken] */
    size_t n_taken;
    double *deltas; /* [rows][deltas*H] */
};

/* How the terms of far lags are kept:
 *   GROUPS   every lag by itself; terms that do not fit into memory are computed twice
 *   AT_ONCE  every lag by itself if all fit, else GROUPS
 *   RANGES   lags beyond RG_LAGS_ALONE, or beyond the memory, share a slot with their neighbours: each has its own
 * norm, but the share is a mean and the cosine is of their sum AT_ONCE and RANGES compute each step once, for all
 * sequences together. */
enum { RG_LAGS_ALONE = 4096 };
enum rg_keeping { RG_KEEP_GROUPS, RG_KEEP_AT_ONCE, RG_KEEP_RANGES };

/* For at most `rows` sequences at a time, and `lags` lags. */
rg_status rg_terms_create(const struct rg_cell_facts *facts, struct rg_lag_profile *profile, size_t rows, size_t lags,
                          enum rg_keeping keeping, struct rg_terms *terms);
void rg_terms_release(struct rg_terms *terms);

/* A part of a step's term, that of some sequences of micro-batch `micro`: their deltas [n][deltas*H] * 2^exponent[n],
 * and their states in rows `at` … of *states, which must not change until rg_terms_add. */
struct rg_term_part {
    size_t lag, micro;
    bool again; /* the step is computed again: the part goes to the kept term alone */
    const double *deltas;
    const int64_t *exponent;
    size_t n;
    const struct rg_step_states *states;
    size_t at;
};

/* Take note of a part, for kept term `slot` and, unless it is made again, for the micro-batch's gradient. */
void rg_terms_take(struct rg_terms *terms, size_t slot, const struct rg_term_part *part);

/* Add what was taken, in order, for one of RG_TERM_PARTS parts of the hidden units. Threads may add different parts at
 * the same time. */
enum { RG_TERM_PARTS = 8 };
void rg_terms_add(struct rg_terms *terms, size_t part);

/* rg_terms_note: the norm of a finished term. rg_terms_total: the gradient and its noise, after all terms were added.
 * rg_terms_compare: share, cosine and error of a lag, called in the order of the lags, upwards from 0 with `rising`,
 * else downwards to 0. */
void rg_terms_note(struct rg_terms *terms, size_t slot, size_t lag);
void rg_terms_total(struct rg_terms *terms, bool rising);
void rg_terms_compare(struct rg_terms *terms, size_t slot, size_t lag, bool rising);
/* The horizons, after every term was compared. */
void rg_terms_finish(struct rg_terms *terms);
/* The statistics of the matrices over profile->lags lags, after rg_terms_finish. RG_NO_MEMORY. */
rg_status rg_terms_statistics(const struct rg_terms *terms);

/* For terms that are computed once. rg_terms_begin: the empty slot for a lag. rg_terms_add_lag: note its norm and add
 * it to its range. rg_terms_compare_ranges: rg_terms_compare for all lags below `lags`, after all were added. */
size_t rg_terms_begin(struct rg_terms *terms, size_t lag);
void rg_terms_add_lag(struct rg_terms *terms, size_t slot, size_t lag);
void rg_terms_compare_ranges(struct rg_terms *terms, size_t lags);

#endif
