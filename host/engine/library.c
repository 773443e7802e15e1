/* Wide products by a library: see library.h. */
#include "engine/library.h"

#include <math.h>

#include "engine/layer.h"
#include "engine/readout.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { CHECKED_ROWS = 4 };

/* What the head's products have in common: its weights as matrix b, and m rows. */
static struct rg_wide_product head_product(const struct rg_net *net, size_t steps, size_t rows) {
    const struct rg_plan *const p = &net->plan;
    return (struct rg_wide_product){.b = net->buffers.weights,
                                    .b_at = net->model->parameters[rg_model_head_weight(net->model)].offset,
                                    .b_stride = p->directions * p->hidden,
                                    .m = steps * rows,
                                    .step = rows,
                                    .block = p->block};
}

struct rg_wide_product rg_library_outputs(const struct rg_net *net, size_t in, size_t at, size_t steps, size_t rows) {
    const struct rg_plan *const p = &net->plan;
    struct rg_wide_product z = head_product(net, steps, rows);
    z.a = rg_readout_rows(net);
    z.a_at = in * p->out_stride;
    z.a_stride = p->out_stride;
    z.c = net->buffers.z;
    z.c_at = at * p->o_stride;
    z.c_stride = p->o_stride;
    z.n = p->outputs;
    z.k = p->directions * p->hidden;
    z.transposed = true;
    return z;
}

struct rg_wide_product rg_library_states(const struct rg_net *net, size_t at, size_t steps, size_t rows) {
    const struct rg_plan *const p = &net->plan;
    struct rg_wide_product dh = head_product(net, steps, rows);
    dh.a = net->buffers.dz;
    dh.a_at = at * p->o_stride;
    dh.a_stride = p->o_stride;
    dh.c = net->buffers.dhead;
    dh.c_at = at * p->out_stride;
    dh.c_stride = p->out_stride;
    dh.n = p->directions * p->hidden;
    dh.k = p->outputs;
    return dh;
}

/* A part of W_ih: one direction and one gate, or all gates if they lie side by side. */
struct part {
    size_t layer, direction, gate;
};

/* The product of a part of W_ih with the deltas of `rows`, of which a step has `step`. */
static struct rg_wide_product input_product(const struct rg_net *net, struct part part, struct rg_span rows,
                                            size_t step, struct rg_buffer *dx) {
    const struct rg_plan *const p = &net->plan;
    const size_t inputs = p->layer[part.layer].inputs;
    return (struct rg_wide_product){.a = rg_net_deltas(net, part.layer, part.direction),
                                    .a_at = rows.begin * p->d_stride + part.gate * p->h_stride,
                                    .a_stride = p->d_stride,
                                    .b = net->buffers.weights,
                                    .b_at = rg_layer_offset(net, part.layer, part.direction, RG_ROLE_WEIGHT_IH) +
                                            part.gate * p->hidden * inputs,
                                    .b_stride = inputs,
                                    .c = dx,
                                    .c_at = rows.begin * p->out_stride,
                                    .c_stride = p->out_stride,
                                    .m = rows.end - rows.begin,
                                    .n = inputs,
                                    .k = p->h_stride == p->hidden ? p->gates * p->hidden : p->hidden,
                                    .step = step,
                                    .block = p->block,
                                    .add = part.direction > 0 || part.gate > 0};
}

/* Number of products a direction: one if the gates' deltas lie side by side, or else one for each gate. */
static size_t products_of(const struct rg_plan *p) {
    return p->h_stride == p->hidden ? 1 : p->gates;
}

rg_status rg_library_inputs(struct rg_net *net, size_t layer, struct rg_span rows, struct rg_buffer *dx) {
    const size_t step = rg_min(rows.end - rows.begin, net->chunk.rows);
    for (size_t d = 0; d < net->plan.directions; d++) {
        for (size_t gate = 0; gate < products_of(&net->plan); gate++) {
            const struct rg_wide_product product = input_product(net, (struct part){layer, d, gate}, rows, step, dx);
            RG_TRY(rg_device_product(net->device, &product));
        }
    }
    return RG_OK;
}

/* Compare row c with `times` the sums in double. *errors and *norms grow by the squares of the differences and of the
 * sums. */
static void compare_row(const struct rg_wide_product *p, double times, const double *a, const double *b,
                        const double *c, double *errors, double *norms) {
    for (size_t j = 0; j < p->n; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < p->k; i++) {
            sum += a[i] * b[p->transposed ? j * p->b_stride + i : i * p->b_stride + j];
        }
        sum *= times;
        *errors += (c[j] - sum) * (c[j] - sum);
        *norms += sum * sum;
    }
}

/* The relative error of a product: write noise into a few rows of a, multiply, and compare the same rows of c. If the
 * product adds to c, do it once without, and then once as it is: c is then twice the product. */
static rg_status measure_error(struct rg_net *net, struct rg_wide_product p, double *error) {
    const int last = p.add ? 2 : 1;
    const size_t rows[CHECKED_ROWS] = {0, p.m / 3, p.m / 2, p.m - 1};
    const size_t n_b = (p.transposed ? p.n : p.k) * p.b_stride;
    double *a = NULL, *b = NULL, *c = NULL, errors = 0.0, norms = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&a, p.k, sizeof *a, "the check of a library"));
    RG_TRY_GOTO(rg_alloc(&b, n_b, sizeof *b, "the check of a library"));
    RG_TRY_GOTO(rg_alloc(&c, p.n, sizeof *c, "the check of a library"));
    uint32_t state = 1;
    for (size_t i = 0; i < p.k; i++) {
        state = state * 1664525u + 1013904223u;
        a[i] = (double)(state >> 8) / 8388608.0 - 1.0;
    }
    RG_TRY_GOTO(rg_reals_read(net->device, b, net->buffers.weights, p.b_at, n_b));
    for (size_t i = 0; i < CHECKED_ROWS; i++) {
        RG_TRY_GOTO(rg_reals_write(net->device, p.a, p.a_at + rows[i] * p.a_stride, a, p.k));
    }
    for (int times = 1; times <= last; times++) {
        p.add = times > 1;
        RG_TRY_GOTO(rg_device_product(net->device, &p));
        for (size_t i = 0; i < CHECKED_ROWS; i++) {
            RG_TRY_GOTO(rg_reals_read(net->device, c, p.c, p.c_at + rows[i] * p.c_stride, p.n));
            compare_row(&p, times, a, b, c, &errors, &norms);
        }
    }
    *error = norms > 0.0 ? sqrt(errors / norms) : sqrt(errors);
cleanup:
    rg_free(a);
    rg_free(b);
    rg_free(c);
    return status;
}

/* Try the product. If the library fails, or errs by more than rounding does, say so and use the kernels instead. */
static rg_status check(struct rg_net *net, const struct rg_wide_product *p) {
    const double eps = net->plan.real_bytes == sizeof(double) ? 0x1p-52 : 0x1p-23;
    double error = 0.0;
    if (!net->library) {
        return RG_OK;
    }
    const rg_status status = measure_error(net, *p, &error);
    if (status == RG_ERROR) {
        rg_log("%s; the kernels compute wide products instead", rg_error_message());
        net->library = false;
        return RG_OK;
    }
    RG_TRY(status);
    if (!(error <= 4.0 * ceil(log2((double)p->k + 1.0)) * eps)) {
        rg_log("%s is wrong by %.2g at a product of [%zu, %zu] and [%zu, %zu]; the kernels compute it instead",
               net->device->info.library, error, p->m, p->k, p->k, p->n);
        net->library = false;
    }
    return RG_OK;
}

/* Check a product, and fill its buffers with zeros again. Padding needs them, and a library does not write it. */
static rg_status check_and_clear(struct rg_net *net, struct rg_wide_product p) {
    RG_TRY(check(net, &p));
    RG_TRY(rg_buffer_zero(net->device, p.a));
    return rg_buffer_zero(net->device, p.c);
}

/* Check all parts of W_ih of a layer. */
static rg_status check_inputs(struct rg_net *net, size_t layer) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_span all = {0, p->alloc_steps * p->chunk};
    for (size_t d = 0; d < p->directions; d++) {
        for (size_t gate = 0; gate < products_of(p); gate++) {
            RG_TRY(check_and_clear(
                net, input_product(net, (struct part){layer, d, gate}, all, p->chunk, net->buffers.dout[layer % 2])));
        }
    }
    return RG_OK;
}

rg_status rg_library_check(struct rg_net *net) {
    const struct rg_plan *const p = &net->plan;
    const bool training = net->options.plan.training, stacked = training && p->layers > 1;
    net->library = net->device->info.library[0] && (p->wide_head || stacked);
    if (!net->library) {
        return RG_OK;
    }
    if (p->wide_head) {
        RG_TRY(check_and_clear(net, rg_library_outputs(net, 0, 0, p->target_alloc_steps, p->chunk)));
    }
    if (p->wide_head && training) {
        RG_TRY(check_and_clear(net, rg_library_states(net, 0, p->target_alloc_steps, p->chunk)));
    }
    for (size_t l = 1; stacked && l < p->layers; l++) {
        RG_TRY(check_inputs(net, l));
    }
    return RG_OK;
}
