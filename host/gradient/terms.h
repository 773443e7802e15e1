/* The terms G_tau of one direction of one layer, summed over the sequences, and the numbers of the profile that are
 * computed from them. */
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
    size_t offset[RG_LAG_MATRICES + 1]; /* start of each matrix in a term; the last entry is the length of a term */
    size_t group;                       /* terms in memory at the same time */
    /* [group]; with `begins` one more, in which the present lag is summed */
    struct rg_scaled *kept;
    /* Unless keeping is GROUPS: the first `alone` lags have a slot each; the lags after them share `n_ranges` slots. */
    size_t alone, n_ranges;
    /* [n_ranges + 1] first lag of each range, and the end of the last; NULL: no lags share a slot, and steps may be
     * computed twice */
    size_t *begins;
    struct rg_micro micro;        /* gradients of the micro-batches */
    struct rg_scaled total, rest; /* G; G minus the lags seen so far */
    double *pieces;               /* [micro.n][term], parts of one step's term */
    struct rg_term_piece {
        size_t slot, micro, lag, n, at;
        bool again;
        struct rg_scaled_step to_kept, to_micro;
        const struct rg_step_states *states;
    } taken[RG_MICRO_BATCHES]; /* [n_taken] */
    size_t n_taken;
    double *deltas; /* [rows][deltas*H] */
    /* For the optimiser's step (gradient/step_rule.h), NULL if it is not asked for: P of each number of a term, and
     * P^2 G once G is known. */
    double *factors, *lifted;
    double step_norm[RG_LAG_MATRICES]; /* ||P G|| of each matrix, times 2^exponent of the total */
};

/* How the terms of large lags are stored.
 *
 *   GROUPS   Every lag has its own slot. Terms that do not fit into memory are computed twice.
 *   AT_ONCE  As GROUPS, but each step is computed only once if all terms fit.
 *   RANGES   Each step is computed once. Lags beyond RG_LAGS_ALONE, or beyond the memory, share a slot with their
 *            neighbours: each has its own norm, the share is the mean of the range, and the cosine that of its sum. */
enum { RG_LAGS_ALONE = 4096 };
enum rg_keeping { RG_KEEP_GROUPS, RG_KEEP_AT_ONCE, RG_KEEP_RANGES };

struct rg_terms_sizes {
    size_t rows, lags; /* the most sequences at a time; lags */
    enum rg_keeping keeping;
    size_t bytes; /* memory for the kept terms, of which there is at least one; 0: 512 MiB */
};

rg_status rg_terms_create(const struct rg_cell_facts *facts, struct rg_lag_profile *profile,
                          const struct rg_terms_sizes *sizes, struct rg_terms *terms);
void rg_terms_release(struct rg_terms *terms);

/* A part of a step's term: some sequences of micro-batch `micro`. It has their deltas [n][deltas*H] * 2^exponent[n],
 * and their states in rows `at` … of *states, which must not change until rg_terms_add. */
struct rg_term_part {
    size_t lag, micro;
    bool again; /* the step is recomputed: add the part only to the kept term */
    const double *deltas;
    const int64_t *exponent;
    size_t n;
    const struct rg_step_states *states;
    size_t at;
};

/* Register a part for kept term `slot` and, unless `again`, for the micro-batch's gradient. */
void rg_terms_take(struct rg_terms *terms, size_t slot, const struct rg_term_part *part);

/* Add the registered parts, in order, for one of RG_TERM_PARTS parts of the hidden units. Threads may add different
 * parts at the same time. */
enum { RG_TERM_PARTS = 8 };
void rg_terms_add(struct rg_terms *terms, size_t part);

/* rg_terms_note records the norm of a finished term. rg_terms_total computes the gradient and its noise, after all
 * terms were added. rg_terms_compare computes share, cosine and error of a lag; call it in the order of the lags, from
 * 0 upwards with `rising`, else down to 0. */
void rg_terms_note(struct rg_terms *terms, size_t slot, size_t lag);
void rg_terms_total(struct rg_terms *terms, bool rising);
void rg_terms_compare(struct rg_terms *terms, size_t slot, size_t lag, bool rising);
/* Compute the horizons, after every term was compared. */
void rg_terms_finish(struct rg_terms *terms);
/* Compute the statistics of the matrices over profile->lags lags, after rg_terms_finish. RG_NO_MEMORY. */
rg_status rg_terms_statistics(const struct rg_terms *terms);

/* For steps that are computed once. rg_terms_begin returns the empty slot for a lag. rg_terms_add_lag records the lag's
 * norm and adds its term to its range. rg_terms_compare_ranges does rg_terms_compare for all lags below `lags`, after
 * all were added. */
size_t rg_terms_begin(struct rg_terms *terms, size_t lag);
void rg_terms_add_lag(struct rg_terms *terms, size_t slot, size_t lag);
void rg_terms_compare_ranges(struct rg_terms *terms, size_t lags);

#endif
