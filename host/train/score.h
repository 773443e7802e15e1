/* Loss and accuracy of outputs on the host, in double. */
#ifndef RG_SCORE_H
#define RG_SCORE_H

#include <stddef.h>

#include "rnn_gpu/config.h"

/* Held-out loss and, where the outputs are classes, accuracy (NAN if not). */
struct rg_validation {
    size_t sequences;
    double loss, accuracy;
};

/* outputs [n][n_outputs] as the head gives them (logits for bce and ce); targets [n][n_outputs], or the class [n] for
 * ce. *loss is the mean as in training; *accuracy the share of right classes, NAN for mse. */
void rg_score(const double *outputs, const float *targets, size_t n, size_t n_outputs, enum rg_loss loss,
              double *mean_loss, double *accuracy);

/* Logistic function. */
double rg_sigmoid(double z);

/* The class with the largest logit. */
size_t rg_largest(const double *z, size_t n);

/* softmax(z) as probabilities [n]. */
void rg_softmax(const double *z, size_t n, double *probabilities);

#endif
