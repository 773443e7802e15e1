/* What remains of a training that stands beside others: plain numbers, for tables, JSON and plots. */
#ifndef RG_SUMMARY_H
#define RG_SUMMARY_H

#include <jansson.h>

#include "gradient/verdict.h"
#include "rnn_gpu/config.h"
#include "train/targets.h"
#include "train/trainer.h"

enum {
    RG_SUMMARY_PARTS = 100, /* the updates in equal parts, each with its mean loss */
    RG_SUMMARY_LAGS = 128   /* columns of the lag profile */
};

struct rg_summary {
    struct rg_config config;       /* the options as they ran */
    const char *task;              /* its name, or the file's; lives as long as the options */
    char labels[RG_LABELS_BYTES];  /* what is learned from a file (rg_targets_describe); "" for a task */
    double baseline;               /* loss of the best answer that has not seen the sequence; NAN if it has none */
    double score_baseline;         /* the same without class weights, beside losses of validation and test data */
    char device[128], backend[16]; /* of the training (device/device.h) */
    enum rg_loss loss_kind;
    size_t batch, steps, n_weights;
    size_t n_frozen; /* weights that --freeze leaves as they are */
    enum rg_reason reason;
    uint64_t updates, skipped;
    double seconds; /* of the training loop */
    double sequences_per_s;
    double loss;        /* the mean over the last updates made (train/loss_mean.h); NAN if the run diverged */
    double median_loss; /* the median over the same updates; NAN if it diverged */
    double last_loss;   /* of the last update */
    double best_loss;   /* the lowest mean over so many of them */
    double clip_rate;
    uint64_t weights_hash;
    size_t held_out;                       /* sequences of validation data; 0: there are none */
    double val_loss, val_accuracy, val_r2; /* of the weights after the last update; NAN: not known */
    double val_best_loss;                  /* the lowest of all validations; NAN: there was none */
    uint64_t val_best_update;
    double val_best_accuracy, val_best_r2; /* of the weights after val_best_update; NAN: not known */
    size_t tested;                         /* sequences of test data; 0: there are none, or they were not scored */
    bool test_of_best;                     /* scored with the best weights, else with the last ones */
    double test_loss, test_accuracy;       /* NAN: not known */
    double test_low, test_high;            /* 95 % interval of the accuracy */
    double test_r2;
    /* The first update after which the headline loss, the mean over the last updates and over at least
     * RG_LOSS_MEAN_MIN of them, was as low as `learned` asks; the last update where the run has learned by its median
     * alone. 0: none. */
    uint64_t learned_update;

    uint64_t planned;                  /* updates asked for */
    size_t n_parts;                    /* at most RG_SUMMARY_PARTS */
    double part_sum[RG_SUMMARY_PARTS]; /* of the finite losses */
    uint64_t part_count[RG_SUMMARY_PARTS];

    bool measured; /* false: what follows has no meaning, for the run did not come to its end */
    enum rg_verdict_word verdict;
    double decay, factor, log10_reach; /* see gradient/verdict.h */
    size_t horizon;                    /* of weight_hh, in steps */
    double long_share;                 /* share of weight_hh's gradient from the older half of the lags */
    double used;                       /* share of the steps that a learned skip did not skip; NAN without one */
    size_t lag_steps;                  /* lags that were measured */
    size_t n_lags;                     /* columns; lag tau is in column tau n_lags / lag_steps */
    double lag_norm[RG_SUMMARY_LAGS];  /* largest ||G_tau|| of weight_hh in a column */
    double lag_share[RG_SUMMARY_LAGS]; /* sum of its shares */
};

/* Before the first of `planned` updates; everything else is not known yet. */
void rg_summary_init(struct rg_summary *summary, uint64_t planned);
/* Take in an update, in order. */
void rg_summary_add(struct rg_summary *summary, const struct rg_update *update);
/* After each update: note it as learned_update if it is the first whose `mean`, which has its loss, is low enough. */
void rg_summary_note_learned(struct rg_summary *summary, uint64_t update, const struct rg_loss_mean *mean);
/* After the last one: the losses, rates and counts. */
void rg_summary_end(struct rg_summary *summary, const struct rg_training *training);
/* Take over a lag profile and what it amounts to; profile NULL: there is none. */
void rg_summary_lags(struct rg_summary *summary, const struct rg_lag_profile *profile,
                     const struct rg_verdict *verdict);

/* All of it but parts and columns as an object of JSON; NULL without memory. What was not measured is null. */
json_t *rg_summary_json(const struct rg_summary *summary);

/* Is the loss below what a run that has not learned cannot have: 0.06 of the baseline (for adding a mean squared error
 * of 0.01), for classes half of it? false where one of the two is NAN. Of a summary it is the loss by which runs are
 * ranked. */
double rg_loss_learned_part(enum rg_loss kind);
bool rg_loss_is_learned(enum rg_loss kind, double loss, double baseline);
bool rg_summary_learned(const struct rg_summary *summary);

/* The loss by which runs are ranked: with validation data the lowest of all validations, whose weights are the ones
 * that are kept and tested, else the median loss. INFINITY if the run diverged or the loss is not known. */
double rg_summary_ranked(const struct rg_summary *summary);
/* The baseline beside that loss: a validation has no class weights. */
double rg_summary_baseline(const struct rg_summary *summary);
/* Where that loss stands in the run's JSON. */
const char *rg_summary_ranked_by(const struct rg_summary *summary);
/* Accuracy of classes, else R^2, of the best weights of all validations. */
double rg_summary_best_score(const struct rg_summary *summary);

/* Mean loss of a part; NAN where none was finite. */
double rg_summary_part(const struct rg_summary *summary, size_t part);

/* The last update of a part, from 1. Of the part in which the run ended it is the last update that was made. */
uint64_t rg_summary_part_end(const struct rg_summary *summary, size_t part);

#endif
