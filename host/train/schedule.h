/* How the learning rate goes over a run, in double, as torch.optim.lr_scheduler (PyTorch 2) defines it. */
#ifndef RG_SCHEDULE_H
#define RG_SCHEDULE_H

#include "rnn_gpu/config.h"

/* The learning rate of update u = 0 … n_updates - 1, from the base rate lr; a pure function. Times min(1, (u+1)/warmup)
 * if warmup > 0, and with g = gamma, N = n_updates:
 *   constant, plateau  lr
 *   step               lr g^floor(u/every)             StepLR; every 0 counts as 1
 *   exponential        lr g^u                          ExponentialLR
 *   cosine             lr (1 + cos(pi u/N)) / 2        CosineAnnealingLR(T_max=N): 0 would be reached at u = N
 *   linear             lr (1 - u/N)                    LinearLR(start_factor=1, end_factor=0, total_iters=N)
 *   one-cycle          by half cosines from lr/25 at u = 0 up to lr at u = 0.3 N - 1, down to lr/250,000 at u = N - 1:
 *                      OneCycleLR(max_lr=lr, total_steps=N) (Smith, Topin 2017); momentum stays as it is
 * Updates from N on, which only a resumed run has, get the rate of u = N, for one-cycle of N - 1. */
double rg_schedule_lr(const struct rg_schedule_options *options, size_t warmup, uint64_t update, uint64_t n_updates,
                      double lr);

/* The plateau schedule's state: ReduceLROnPlateau(mode='min', factor=gamma, patience=every) with threshold 1e-4,
 * relative, and no cooldown. It lives on the host and is fed every update's loss, so a run with it reads the device's
 * records after every update; the other schedules need nothing back. With validation data it is fed their loss instead,
 * and `every` still counts updates. */
struct rg_plateau {
    double lr;    /* the base rate of rg_schedule_lr */
    double best;  /* loss */
    uint64_t bad; /* updates in a row, up to now, whose loss was not below best (1 - 1e-4) */
};

struct rg_plateau rg_plateau_start(double lr);

/* Take in the loss of the next `updates` updates: 1, or as many as a validation comes after. More than `every` updates
 * in a row without an improvement multiply lr by gamma, unless that changes it by no more than 1e-8, and the count
 * begins anew. NaN is no improvement. */
void rg_plateau_observe(struct rg_plateau *plateau, const struct rg_schedule_options *options, double loss,
                        uint64_t updates);

#endif
