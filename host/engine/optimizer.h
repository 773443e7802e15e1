/* The optimiser on a device: its options, and its states in the layout of the parameter arena. Each update has one or
 * two launches that compute the gradient's norm and the factor by which it is clipped, and that decide whether the
 * update counts. Then each range of trained weights has a launch that changes them.
 *
 * The formulas are those of torch.optim (PyTorch 2) with its defaults: SGD (dampening 0), RMSprop (alpha 0.99, epsilon
 * 1e-8, not centred), Adam and AdamW (betas 0.9 and 0.999, epsilon 1e-8), Adagrad (epsilon 1e-10, initial value 0, no
 * decay of the rate); kernels/update/optimizer.cl holds them. An update that is skipped changes neither weights nor
 * states, and does not count as one of Adam's steps. */
#ifndef RG_OPTIMIZER_H
#define RG_OPTIMIZER_H

#include "device/device.h"
#include "rnn_gpu/config.h"

struct rg_optimizer_options {
    enum rg_optimizer kind;
    double momentum;     /* of momentum, nesterov and rmsprop */
    bool has_constants;  /* false: beta1, beta2 and epsilon are PyTorch's defaults */
    double beta1, beta2; /* of adam and adamw; beta2 is also rmsprop's alpha */
    double epsilon;      /* of adam, adamw, rmsprop and adagrad; NAN: PyTorch's */
    double
        weight_decay; /* the weights times this are added to the clipped gradient; adamw shrinks the weights instead */
    /* Limits as those of torch.nn.utils.clip_grad_norm_ and clip_grad_value_. 0: no limit. At most one is above 0. */
    double clip_norm;
    double clip_value;
    unsigned max_skips; /* updates with a loss or gradient that is not finite, in a row, that stop the run */
};

struct rg_optimizer_state {
    struct rg_device *device; /* borrowed */
    struct rg_optimizer_options options;
    double beta1, beta2, epsilon; /* beta2 is rmsprop's alpha; 0 where the kind has none */
    size_t n;                     /* elements of the arena */
    /* [n], NULL where the kind has none; all states start as zeros:
     *   momentum, nesterov  first = running sum of gradients
     *   rmsprop             first = mean square, second = running sum if momentum > 0
     *   adam, adamw         first = mean, second = mean square
     *   adagrad             first = sum of squares */
    struct rg_buffer *first, *second;
};

/* What the norm reads and writes. */
struct rg_norm_buffers {
    struct rg_buffer *gradients; /* [n] */
    struct rg_buffer *row_loss;  /* [n_losses], which add to the loss */
    struct rg_buffer *norms;     /* [n_groups * RG_NORM_PARTIAL], scratch of the norm */
    struct rg_buffer *control;   /* struct rg_control, zeros before the first update */
    struct rg_buffer *history;   /* struct rg_record at [slot] */
    size_t n_losses;
    size_t n_groups; /* work-groups that share the gradients; the same number gives the same bits */
};

/* Arrays of n numbers that an optimiser keeps on the device: 0, 1 or 2. */
size_t rg_optimizer_n_states(enum rg_optimizer kind, double momentum);

/* An optimiser of n weights, n a multiple of RG_ARENA_ALIGN. RG_USAGE if both kinds of clipping are asked for. */
rg_status rg_optimizer_create(struct rg_device *device, const struct rg_optimizer_options *options, size_t n,
                              struct rg_optimizer_state **out);
void rg_optimizer_destroy(struct rg_optimizer_state *optimizer); /* NULL allowed */

/* Queue the norm: loss, norm before clipping and whether it clips go to the record history[slot]; the control block
 * gets what rg_optimizer_step needs. */
rg_status rg_optimizer_norm(const struct rg_optimizer_state *optimizer, const struct rg_norm_buffers *buffers,
                            size_t slot);

/* What a step reads and writes: elements [begin, end) of weights, gradients and states, both multiples of
 * RG_ARENA_ALIGN. */
struct rg_optimizer_range {
    struct rg_buffer *weights, *gradients; /* [n] */
    struct rg_buffer *control;
    size_t begin, end;
};

/* Queue the update of a range with learning rate lr. An update is one step for each range of weights that are trained.
 */
rg_status rg_optimizer_step(const struct rg_optimizer_state *optimizer, const struct rg_optimizer_range *range,
                            double lr);

#endif
