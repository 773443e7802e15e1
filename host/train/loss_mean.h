/* The loss by which a run is judged, stopped and reported: the mean over its last updates. The loss of a single batch
 * varies too much for that. */
#ifndef RG_LOSS_MEAN_H
#define RG_LOSS_MEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum {
    RG_LOSS_MEAN_MIN = 20,      /* updates in the mean, where so many were made */
    RG_LOSS_MEAN_MAX = 1 << 20, /* the mean of longer runs is over so many */
};

/* The losses in the mean, oldest first, in two parts. Each loss of the older part has the sum from itself to the end of
 * that part; the newer part has one sum that grows. So no loss is ever subtracted from a sum: after a large loss that
 * would leave a rounding error behind. */
struct rg_loss_mean {
    struct rg_loss_sum {
        double loss; /* NAN: not finite, and no part of the mean */
        double sum;  /* of the finite losses from here to the end of the older part */
        uint64_t finite;
    } * ring; /* [capacity] */
    size_t capacity, first;
    size_t older, newer; /* losses of both parts */
    double newer_sum;
    uint64_t newer_finite;
    uint64_t updates; /* taken in */
    double start;     /* the first finite loss; NAN: none yet. A restoration leaves both as they are */
    double highest;   /* the highest value of the mean so far; NAN as `start` */
};

/* How many of n updates the mean is over: the last tenth, or 20 if that is more; all of them when there are fewer. */
uint64_t rg_loss_mean_window(uint64_t n);

/* For a run of up to `planned` updates. RG_NO_MEMORY. */
rg_status rg_loss_mean_create(struct rg_loss_mean *mean, uint64_t planned);
void rg_loss_mean_release(struct rg_loss_mean *mean);

/* Take in the next update's loss. */
void rg_loss_mean_add(struct rg_loss_mean *mean, double loss);

/* The losses that are kept, oldest first: rg_loss_mean_window(mean->updates) of them. */
void rg_loss_mean_losses(const struct rg_loss_mean *mean, double *losses);

/* Make a fresh mean one that has taken in `updates` losses, of which it keeps `losses`, the first `older` of them in
 * the older part; it then goes on with the same bits. False if there can be no such mean for this run. */
bool rg_loss_mean_restore(struct rg_loss_mean *mean, uint64_t updates, uint64_t older, const double *losses);

/* The mean of the finite ones of the last rg_loss_mean_window(updates) losses; NAN if there are none. */
double rg_loss_mean_value(const struct rg_loss_mean *mean);

/* Do these losses still fall? The mean of the newer half is lower than that of the older by more than two standard
 * errors of the difference. Never for fewer than RG_LOSS_MEAN_MIN of them. */
bool rg_loss_mean_falls(const struct rg_loss_mean *mean);

/* Was the mean at any time above the first loss by more than a tenth, which is more than the noise of batches? */
bool rg_loss_mean_rose(const struct rg_loss_mean *mean);

/* *median of the same losses, which a few outliers do not move; of an even number the mean of the middle two. NAN if
 * there are none. RG_NO_MEMORY. */
rg_status rg_loss_mean_median(const struct rg_loss_mean *mean, double *median);

#endif
