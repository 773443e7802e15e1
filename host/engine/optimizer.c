/* The optimiser: see optimizer.h. */
#include "engine/optimizer.h"

#include <float.h>
#include <math.h>

#include "base/sizes.h"
#include "kernels/update/optimizers.h"
#include "rnn_gpu/memory.h"

#define ROW(NAME, text, update, states, b1, b2, eps) \
    [RG_OPT_##NAME] = {.kernel = RG_K_##update, .beta1 = b1, .beta2 = b2, .epsilon = eps, .n_states = states},
static const struct method {
    enum rg_kernel kernel;
    double beta1, beta2, epsilon;
    size_t n_states;
} methods[RG_N_OPTIMIZERS] = {RG_OPTIMIZERS(ROW)};

#define ONE(...) +1
_Static_assert(RG_N_OPTIMIZERS == 0 RG_OPTIMIZERS(ONE), "enum rg_optimizer and RG_OPTIMIZERS have the same optimisers");

size_t rg_optimizer_n_states(enum rg_optimizer kind, double momentum) {
    return methods[kind].n_states + (kind == RG_OPT_RMSPROP && momentum > 0.0 ? 1 : 0);
}

static rg_status create_state(const struct rg_optimizer_state *o, const char *what, struct rg_buffer **out) {
    RG_TRY(rg_reals_create(o->device, o->n, what, out));
    return rg_buffer_zero(o->device, *out);
}

/* The constant that was given, or the method's own; 0 if the method has none. */
static double constant(const struct rg_optimizer_options *options, double usual, double given) {
    return options->has_constants && usual > 0.0 ? given : usual;
}

/* ln beta, from which the kernel computes 1 - beta^n. For beta = 0 it is a number whose power is 0. */
static float log_beta(double beta) {
    return beta > 0.0 ? (float)log(beta) : -1e30F;
}

rg_status rg_optimizer_create(struct rg_device *device, const struct rg_optimizer_options *options, size_t n,
                              struct rg_optimizer_state **out) {
    *out = NULL;
    if (options->clip_norm > 0.0 && options->clip_value > 0.0) {
        return rg_fail(RG_USAGE, "gradients are clipped by norm (%g) or by value (%g), not both: set one of them to 0",
                       options->clip_norm, options->clip_value);
    }
    struct rg_optimizer_state *o = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&o, 1, sizeof *o, "the optimiser"));
    const struct method *const method = &methods[options->kind];
    const size_t n_states = rg_optimizer_n_states(options->kind, options->momentum);
    o->device = device;
    o->options = *options;
    o->beta1 = constant(options, method->beta1, options->beta1);
    o->beta2 = constant(options, method->beta2, options->beta2);
    o->epsilon = isnan(options->epsilon) ? method->epsilon : constant(options, method->epsilon, options->epsilon);
    o->n = n;
    if (n_states > 0) {
        RG_TRY_GOTO(create_state(o, "the optimiser's first state", &o->first));
    }
    if (n_states > 1) {
        RG_TRY_GOTO(create_state(o, "the optimiser's second state", &o->second));
    }
    *out = o;
    return RG_OK;
cleanup:
    rg_optimizer_destroy(o);
    return status;
}

void rg_optimizer_destroy(struct rg_optimizer_state *o) {
    if (!o) {
        return;
    }
    rg_buffer_destroy(o->device, o->first);
    rg_buffer_destroy(o->device, o->second);
    rg_free(o);
}

rg_status rg_optimizer_norm(const struct rg_optimizer_state *o, const struct rg_norm_buffers *b, size_t slot) {
    const struct rg_norm_args args = {
        .n = o->n,
        .rows = b->n_losses,
        .n_partials = (rg_u32)b->n_groups,
        .clip_norm = (float)o->options.clip_norm,
        .clip_value = (float)o->options.clip_value,
        .log_beta1 = log_beta(o->beta1),
        .log_beta2 = log_beta(o->beta2),
        .slot = (rg_u32)slot,
        .max_skips = o->options.max_skips,
    };
    const size_t items = rg_device_items(o->device);
    RG_TRY(rg_device_launch(
        o->device, &(struct rg_launch){.kernel = RG_K_rg_norm_partials,
                                       .buffers = {b->gradients, b->row_loss, b->norms, b->control, b->history},
                                       .args = &args,
                                       .groups = {b->n_groups, 1},
                                       .local_bytes = items * RG_NORM_PARTIAL * o->device->info.real_bytes}));
    return b->n_groups == 1
               ? RG_OK
               : rg_device_launch(o->device, &(struct rg_launch){.kernel = RG_K_rg_norm_total,
                                                                 .buffers = {b->norms, b->control, b->history},
                                                                 .args = &args,
                                                                 .groups = {1, 1}});
}

rg_status rg_optimizer_step(const struct rg_optimizer_state *o, const struct rg_optimizer_range *range, double lr) {
    enum {
        PER_GROUP = 16384,
        MAX_LAUNCH =
            1 << 26 /* numbers: 1.9 GB of traffic, below the limit of a launch (pieces.h) where memory is slow */
    };
    const struct rg_optimizer_options *const options = &o->options;
    const bool decoupled = options->kind == RG_OPT_ADAMW;
    struct rg_optimizer_args args = {
        .lr = (float)lr,
        .momentum = (float)options->momentum,
        .beta1 = (float)o->beta1,
        .rest1 = (float)(1.0 - o->beta1),
        .beta2 = (float)o->beta2,
        .rest2 = (float)(1.0 - o->beta2),
        .epsilon = (float)o->epsilon,
        .decay = decoupled ? 0.0f : (float)options->weight_decay,
        .shrink = decoupled ? (float)(lr * options->weight_decay) : 0.0f,
        .clip = options->clip_value > 0.0 ? (float)options->clip_value : FLT_MAX,
        .nesterov = options->kind == RG_OPT_NESTEROV,
    };
    for (size_t first = range->begin; first < range->end; first += MAX_LAUNCH) {
        args.first = first;
        args.n = rg_min(range->end - first, MAX_LAUNCH);
        RG_TRY(rg_device_launch(
            o->device,
            &(struct rg_launch){.kernel = methods[options->kind].kernel,
                                .buffers = {range->weights, range->gradients, range->control, o->first, o->second},
                                .args = &args,
                                .groups = {rg_device_groups(o->device, (size_t)args.n, PER_GROUP), 1}}));
    }
    return RG_OK;
}
