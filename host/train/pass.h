/* One forward and backward pass of a model over a whole data set as one batch: loss, outputs, every gradient, and the
 * gradient by lag, as named tensors. `rnn-gpu grad` and the library's rnn_gpu_gradient_create are made of it. */
#ifndef RG_PASS_H
#define RG_PASS_H

#include "gradient/input_lags.h"
#include "gradient/lag_tensors.h"
#include "gradient/probe_map.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/model.h"
#include "train/diagnosis.h"
#include "train/source.h"

enum {
    RG_PASS_OWN = RG_MAX_PARAMETERS + 5,      /* loss, output, norm, gradients */
    RG_PASS_MORE = 9 + RG_MAX_LAYERS * 2 + 1, /* input norms without the loss; norms of several losses */
    RG_PASS_TENSORS = RG_PASS_OWN + RG_PASS_MORE + RG_MAX_LAYERS * 2 * RG_LAG_TENSORS,
    RG_PASS_NAME = RG_NAME_BYTES + 16
};

struct rg_pass {
    struct rg_device *device; /* these four are borrowed */
    const struct rg_model *model;
    const struct rg_dataset *data;
    const struct rg_problem *problem;
    struct rg_data_source *source;
    bool mixes; /* the diagnosis takes the sequences in an order of its own, by `seed` */
    uint64_t seed;
    struct rg_engine *engine;
    struct rg_diagnosis diagnosis; /* after rg_pass_diagnose */
    struct rg_lag_tensors lags;
    struct rg_input_lags inputs; /* what the net keeps of each input */
    struct rg_probe_list probes; /* steps of --probe-times; n = 0: none */
    struct rg_probe_map map;
    double probe_steps[RG_MAX_PROBES];
    double *gradients, *outputs; /* [arena], [N][O] */
    double *dh_0, *dc_0;         /* [L*D][N][H], or NULL if the data give no initial states */
    double loss, norm;
    double totals[2]; /* loss and norm as the tensors have them */
    size_t probe;     /* the step whose loss is measured, from 1; 0: the last */
    struct rg_tensor tensors[RG_PASS_TENSORS];
    char names[RG_PASS_OWN + RG_PASS_MORE][RG_PASS_NAME];
    size_t n_names;
    size_t n_tensors;
};

/* Run the pass: tensors `loss`, `output`, `grad.P` of each parameter P, `grad_norm` and, if the data have initial
 * states, `grad.h_0` and `grad.c_0`; F32, or F64 in double precision. `data` are labelled, and fit the model
 * (rg_setup_model_and_data). RG_USAGE for a --probe-time that has no loss. */
rg_status rg_pass_create(const struct rg_config *config, struct rg_device *device, const struct rg_model *model,
                         const struct rg_dataset *data, const struct rg_problem *problem, struct rg_pass **out);
void rg_pass_destroy(struct rg_pass *pass); /* NULL allowed */

/* Add the gradient by lag, its causes and the verdict, over all sequences (gradient/lag_tensors.h). The noise is that
 * of groups of sequences, so those of a data set, which may be sorted by class, are first put into a random order of
 * the run's seed. If a signal comes, the tensors have what was measured before. Also add, for some sequences, tensors
 * of the net without the loss, [T] by lag (gradient/input_lags.h):
 *
 *   input.h.rms, .median, .log10_rms, .log10_median   Frobenius norms of dh_T/dx_t over the sequences
 *   input.z.rms, ...                                   of dz_T/dx_t; input.sequences: number that have the step
 *
 * and with --probe-times (gradient/probe_map.h) probe.steps [P] and probe.log10_norm [P][T], named like delta.norm. */
rg_status rg_pass_diagnose(struct rg_pass *pass, int threads, const struct rg_watch *watch);

#endif
