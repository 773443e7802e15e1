/* The weights of classes in the mean of the training loss, as those of torch.nn.CrossEntropyLoss(weight): the sum of
 * w_y loss over the sum of w_y, of the rows that count. */
#ifndef RG_CLASS_WEIGHTS_H
#define RG_CLASS_WEIGHTS_H

#include "train/source.h"

/* Read --class-weights for the classes of a training's data: `balanced`, which is N / (K n_k) for the N rows of the K
 * classes that occur, or as many numbers as there are classes, from 0 on. *weights [n_classes] goes to
 * problem->targets, whose baseline then is that of the weighted mean; free it with rg_free, also after a failure.
 * RG_USAGE for targets that are no classes, for a wrong number of weights, and where fewer than two classes keep a part
 * in the loss. */
rg_status rg_class_weights_give(const char *text, struct rg_problem *problem, double **weights);

enum { RG_WEIGHTS_BYTES = 300 };

/* "down 0.75, up 1.5", of the first classes where there are many. */
void rg_class_weights_describe(const struct rg_targets *targets, char *text, size_t bytes);

#endif
