/* Loss and accuracy of outputs on the host, in double. */
#ifndef RG_SCORE_H
#define RG_SCORE_H

#include <stddef.h>

#include "train/targets.h"

/* The loss of one row of targets, a sum over its outputs; *right grows by how many classes of it are right. */
double rg_score_row(const double *z, const double *y, size_t n_outputs, enum rg_loss loss, size_t *right);

/* outputs [N][n_outputs], or [N][T][n_outputs] with targets of every step, as the head gives them (logits for bce and
 * ce), padded as the data set is. *loss is the mean as in training, over the rows of targets that count; *accuracy the
 * share of right classes, NAN for mse. RG_NO_MEMORY. */
rg_status rg_score(const double *outputs, const struct rg_targets *targets, size_t n_outputs, enum rg_loss loss,
                   double *mean_loss, double *accuracy);

/* Whether the targets are what rg_score takes: classes below n_outputs (ce), numbers from 0 to 1 (bce), as many as
 * there are outputs. */
bool rg_score_fits(const struct rg_targets *targets, size_t n_outputs, enum rg_loss loss);

/* Logistic function. */
double rg_sigmoid(double z);

/* The class with the largest logit. */
size_t rg_largest(const double *z, size_t n);

/* softmax(z) as probabilities [n]. */
void rg_softmax(const double *z, size_t n, double *probabilities);

#endif
