/* Wide products by a library: see library.h. */
#include "train/library.h"

#include <math.h>

#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { CHECKED_ROWS = 4 };

static struct rg_wide_product head_product(const struct rg_engine *e, size_t steps, size_t rows) {
    const struct rg_plan *const p = &e->plan;
    return (struct rg_wide_product){.b = e->weights,
                                    .b_at = e->model->parameters[rg_model_head_weight(e->model)].offset,
                                    .b_stride = p->directions * p->hidden,
                                    .m = steps * rows,
                                    .step = rows,
                                    .block = p->block};
}

struct rg_wide_product rg_library_outputs(const struct rg_engine *e, size_t in, size_t at, size_t steps, size_t rows) {
    const struct rg_plan *const p = &e->plan;
    struct rg_wide_product z = head_product(e, steps, rows);
    z.a = e->out[p->layers - 1];
    z.a_at = in * p->out_stride;
    z.a_stride = p->out_stride;
    z.c = e->z;
    z.c_at = at * p->o_stride;
    z.c_stride = p->o_stride;
    z.n = p->outputs;
    z.k = p->directions * p->hidden;
    z.turned = true;
    return z;
}

struct rg_wide_product rg_library_states(const struct rg_engine *e, size_t at, size_t steps, size_t rows) {
    const struct rg_plan *const p = &e->plan;
    struct rg_wide_product dh = head_product(e, steps, rows);
    dh.a = e->dz;
    dh.a_at = at * p->o_stride;
    dh.a_stride = p->o_stride;
    dh.c = e->dhead;
    dh.c_at = at * p->out_stride;
    dh.c_stride = p->out_stride;
    dh.n = p->directions * p->hidden;
    dh.k = p->outputs;
    return dh;
}

/* The part of one direction and gate, of all gates where they lie side by side: `m` rows from `at` on. */
static struct rg_wide_product input_product(const struct rg_engine *e, size_t layer, size_t direction, size_t gate,
                                            size_t at, size_t m, size_t rows, struct rg_buffer *dx) {
    const struct rg_plan *const p = &e->plan;
    const size_t inputs = p->layer[layer].inputs;
    const size_t weight = rg_model_parameter(e->model, layer, direction, RG_ROLE_WEIGHT_IH);
    return (struct rg_wide_product){.a = rg_engine_deltas(e, layer, direction),
                                    .a_at = at * p->d_stride + gate * p->h_stride,
                                    .a_stride = p->d_stride,
                                    .b = e->weights,
                                    .b_at = e->model->parameters[weight].offset + gate * p->hidden * inputs,
                                    .b_stride = inputs,
                                    .c = dx,
                                    .c_at = at * p->out_stride,
                                    .c_stride = p->out_stride,
                                    .m = m,
                                    .n = inputs,
                                    .k = p->h_stride == p->hidden ? p->gates * p->hidden : p->hidden,
                                    .step = rows,
                                    .block = p->block,
                                    .add = direction > 0 || gate > 0};
}

/* Products that a direction's part takes. */
static size_t parts(const struct rg_plan *p) {
    return p->h_stride == p->hidden ? 1 : p->gates;
}

rg_status rg_library_inputs(struct rg_engine *e, size_t layer, size_t rows, struct rg_buffer *dx) {
    const size_t at = (e->window.begin - e->base) * rows, m = (e->window.end - e->window.begin) * rows;
    for (size_t d = 0; d < e->plan.directions; d++) {
        for (size_t gate = 0; gate < parts(&e->plan); gate++) {
            const struct rg_wide_product part = input_product(e, layer, d, gate, at, m, rows, dx);
            RG_TRY(rg_device_product(e->device, &part));
        }
    }
    return RG_OK;
}

/* Numbers of one row against a sum in double: squares of the differences, and of what they should be. */
static void compare_row(const struct rg_wide_product *p, const double *a, const double *b, const double *c, double *off,
                        double *all) {
    for (size_t j = 0; j < p->n; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < p->k; i++) {
            sum += a[i] * b[p->turned ? j * p->b_stride + i : i * p->b_stride + j];
        }
        *off += (c[j] - sum) * (c[j] - sum);
        *all += sum * sum;
    }
}

/* The relative error of a product: noise into a few rows of a, the product, the same rows of c. */
static rg_status measure_error(struct rg_engine *e, struct rg_wide_product p, double *error) {
    const size_t rows[CHECKED_ROWS] = {0, p.m / 3, p.m / 2, p.m - 1};
    const size_t n_b = (p.turned ? p.n : p.k) * p.b_stride;
    double *a = NULL, *b = NULL, *c = NULL, off = 0.0, all = 0.0;
    rg_status status = RG_OK;
    p.add = false;
    RG_TRY_GOTO(rg_alloc(&a, p.k, sizeof *a, "the check of a library"));
    RG_TRY_GOTO(rg_alloc(&b, n_b, sizeof *b, "the check of a library"));
    RG_TRY_GOTO(rg_alloc(&c, p.n, sizeof *c, "the check of a library"));
    uint32_t state = 1;
    for (size_t i = 0; i < p.k; i++) {
        state = state * 1664525u + 1013904223u;
        a[i] = (double)(state >> 8) / 8388608.0 - 1.0;
    }
    RG_TRY_GOTO(rg_reals_read(e->device, b, e->weights, p.b_at, n_b));
    for (size_t i = 0; i < CHECKED_ROWS; i++) {
        RG_TRY_GOTO(rg_reals_write(e->device, p.a, p.a_at + rows[i] * p.a_stride, a, p.k));
    }
    RG_TRY_GOTO(rg_device_product(e->device, &p));
    for (size_t i = 0; i < CHECKED_ROWS; i++) {
        RG_TRY_GOTO(rg_reals_read(e->device, c, p.c, p.c_at + rows[i] * p.c_stride, p.n));
        compare_row(&p, a, b, c, &off, &all);
    }
    *error = all > 0.0 ? sqrt(off / all) : sqrt(off);
fail:
    rg_free(a);
    rg_free(b);
    rg_free(c);
    return status;
}

static rg_status check(struct rg_engine *e, const struct rg_wide_product *p) {
    const double eps = e->plan.real_bytes == sizeof(double) ? 0x1p-52 : 0x1p-23;
    double error = 0.0;
    if (!e->library) {
        return RG_OK;
    }
    const rg_status status = measure_error(e, *p, &error);
    if (status == RG_ERROR) {
        rg_log("%s; own kernels compute wide products", rg_error_message());
        e->library = false;
        return RG_OK;
    }
    RG_TRY(status);
    if (!(error <= 4.0 * ceil(log2((double)p->k + 1.0)) * eps)) {
        rg_log("%s is wrong by %.2g at a product of [%zu, %zu] and [%zu, %zu]; own kernels compute it",
               e->device->info.library, error, p->m, p->k, p->k, p->n);
        e->library = false;
    }
    return RG_OK;
}

/* Zeros, for the padding that a library leaves alone. */
static rg_status clear(struct rg_engine *e, struct rg_buffer *buffer) {
    return buffer ? rg_buffer_zero(e->device, buffer) : RG_OK;
}

rg_status rg_library_check(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const bool training = e->options.plan.training, stacked = training && p->layers > 1;
    e->library = e->device->info.library[0] && (p->wide_head || stacked);
    if (!e->library) {
        return RG_OK;
    }
    if (p->wide_head) {
        const struct rg_wide_product z = rg_library_outputs(e, 0, 0, p->target_room, p->chunk);
        RG_TRY(check(e, &z));
        RG_TRY(clear(e, z.a));
        RG_TRY(clear(e, z.c));
    }
    if (p->wide_head && training) {
        const struct rg_wide_product dh = rg_library_states(e, 0, p->target_room, p->chunk);
        RG_TRY(check(e, &dh));
        RG_TRY(clear(e, dh.a));
        RG_TRY(clear(e, dh.c));
    }
    for (size_t l = 1; stacked && l < p->layers; l++) {
        const struct rg_wide_product dx = input_product(e, l, 0, 0, 0, p->room * p->chunk, p->chunk, e->dout[l % 2]);
        RG_TRY(check(e, &dx));
        RG_TRY(clear(e, dx.a));
        RG_TRY(clear(e, dx.c));
    }
    return RG_OK;
}
