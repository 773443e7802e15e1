/* The gradient of micro-batches. A micro-batch is a group of sequences; it keeps the sum of its terms for each range of
 * lags. The statistics over sequences (gradient/statistics.h) need only inner products of these sums. */
#ifndef RG_MICRO_H
#define RG_MICRO_H

#include "gradient/ranges.h"
#include "gradient/scaled.h"
#include "rnn_gpu/status.h"

enum { RG_MICRO_BATCHES = 8, RG_MICRO_PAIRS = RG_MICRO_BATCHES * RG_MICRO_BATCHES };

/* Why statistics are missing. */
enum rg_statistics_lack {
    RG_STATISTICS_WHOLE,       /* nothing is missing */
    RG_STATISTICS_FEW,         /* there are fewer sequences than the micro-batches that are needed */
    RG_STATISTICS_LARGE,       /* the sums would take too much memory */
    RG_STATISTICS_INTERRUPTED, /* the measurement ended before it had measured every range */
    RG_STATISTICS_NO_GRADIENT  /* the gradient is 0 or not finite */
};

/* Statistics need at least this many micro-batches: with fewer, every difference could be chance. */
enum { RG_MIN_MICRO = 6 };

struct rg_micro {
    size_t n;                                 /* micro-batches */
    size_t length;                            /* numbers of a term */
    size_t n_slots;                           /* ranges of lags with a sum of their own; 1: all lags together */
    size_t *begins;                           /* [n_slots + 1] first lag of each, and the end of the last */
    enum rg_statistics_lack lack;             /* why the slots are missing */
    struct rg_scaled *sums;                   /* [n_slots][n] */
    struct rg_scaled whole[RG_MICRO_BATCHES]; /* [n] over all slots, by rg_micro_total; with one slot, that slot's */
};

/* Create zeroed sums for `rows` sequences, `lags` lags and terms of `length` numbers. */
rg_status rg_micro_create(size_t rows, size_t lags, size_t length, struct rg_micro *micro);
void rg_micro_release(struct rg_micro *micro); /* zeroed allowed */

/* First of the `rows` sequences that belongs to a micro-batch. micro->n as `batch` gives `rows`. */
size_t rg_micro_row(const struct rg_micro *micro, size_t batch, size_t rows);

/* The sum that collects a micro-batch's term of this lag. */
struct rg_scaled *rg_micro_sum(struct rg_micro *micro, size_t lag, size_t batch);

/* Fill `whole`, after all terms were added. */
void rg_micro_total(struct rg_micro *micro);

/* Inner products of the micro-batches' vectors, restricted to numbers [first, last) of a term. Each is
 * [RG_MICRO_BATCHES][RG_MICRO_BATCHES], with zeros for micro-batches that do not exist. G_R is the term of slot R, G
 * the whole gradient, Q_R the sum of the slots at larger lags than R. */
struct rg_micro_products {
    size_t n, n_slots, n_ranges;
    struct rg_lag_range ranges[RG_MAX_RANGES]; /* as rg_lag_ranges gives them; each consists of whole slots */
    size_t slots[RG_MAX_RANGES + 1];           /* [n_ranges + 1] first slot of each range */
    double (*share)[RG_MICRO_PAIRS];           /* [n_slots] <G_R,b , G_c> 4^-e, e the exponent of the whole */
    double (*rest)[RG_MICRO_PAIRS];            /* [n_slots] <Q_R,b , Q_R,c> 4^-e */
    double (*own)[RG_MICRO_PAIRS];             /* [n_ranges] <G_S,b , G_S,c> of a range S, times a power of 4 */
    double whole[RG_MICRO_PAIRS];              /* <G_b , G_c> 4^-e */
};

/* Compute the products for the first `lags` lags, which must have been measured. `products->n_slots` is 0 if the ranges
 * of that many lags do not consist of whole slots. */
rg_status rg_micro_products_create(const struct rg_micro *micro, size_t first, size_t last, size_t lags,
                                   struct rg_micro_products *products);
void rg_micro_products_release(struct rg_micro_products *products);

#endif
