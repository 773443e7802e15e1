/* The optimisers, one row each, with the defaults of torch.optim (PyTorch 2). The host reads the rows; the formulas are
 * in update/optimizer.cl.
 *
 * X(NAME, name, kernel, states, beta1, beta2, epsilon):
 *
 *   NAME, name  RG_OPT_NAME of enum rg_optimizer; the value of --optimizer
 *   kernel      kernel of kernels.h that updates all weights
 *   states      arrays of the weights' size that it keeps; rmsprop with momentum keeps one more
 *   beta1       decay rate of the mean of gradients; 0 if there is none
 *   beta2       decay rate of the mean of their squares, rmsprop's alpha; 0 if there is none
 *   epsilon     added to the root of that mean */
#ifndef RG_OPTIMIZER_TABLE_H
#define RG_OPTIMIZER_TABLE_H

/* clang-format off */
#define RG_OPTIMIZERS(X)                                 \
    X(SGD,      sgd,      rg_sgd,      0, 0.0, 0.0,   0.0)  \
    X(MOMENTUM, momentum, rg_momentum, 1, 0.0, 0.0,   0.0)  \
    X(NESTEROV, nesterov, rg_momentum, 1, 0.0, 0.0,   0.0)  \
    X(RMSPROP,  rmsprop,  rg_rmsprop,  1, 0.0, 0.99,  1e-8) \
    X(ADAM,     adam,     rg_adam,     2, 0.9, 0.999, 1e-8) \
    X(ADAMW,    adamw,    rg_adam,     2, 0.9, 0.999, 1e-8) \
    X(ADAGRAD,  adagrad,  rg_adagrad,  1, 0.0, 0.0,   1e-10)
/* clang-format on */

#endif
