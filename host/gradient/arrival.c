/* What the head sends back: see arrival.h. */
#include "gradient/arrival.h"

#include "rnn_gpu/memory.h"

rg_status rg_arrival_create(const struct rg_engine *e, struct rg_arrival *a) {
    const size_t numbers = e->net.plan.chunk * e->net.plan.out_stride;
    *a = (struct rg_arrival){NULL, NULL};
    if (e->net.plan.readout == RG_READOUT_LAST) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&a->row, numbers, sizeof *a->row, "state gradients"));
    return e->net.plan.readout == RG_READOUT_MAX ? rg_alloc(&a->winner, numbers, sizeof *a->winner, "state gradients")
                                                 : RG_OK;
}

void rg_arrival_release(struct rg_arrival *a) {
    rg_free(a->row);
    rg_free(a->winner);
    *a = (struct rg_arrival){NULL, NULL};
}

rg_status rg_arrival_read(struct rg_engine *e, size_t rows, struct rg_arrival *a) {
    const size_t numbers = rows * e->net.plan.out_stride;
    if (a->row) {
        RG_TRY(rg_reals_read(e->net.device, a->row, e->net.buffers.dhead, 0, numbers));
    }
    return a->winner ? rg_buffer_read(e->net.device, a->winner, e->net.buffers.notes, 0, numbers * sizeof *a->winner)
                     : RG_OK;
}

/* The same formulas as in rg_readout_gradient of kernels/head/readout.cl. */
double rg_arrival_part(const struct rg_arrival *a, const struct rg_plan *p, size_t direction, size_t at, size_t begin,
                       size_t t) {
    const size_t end = direction == 1 ? begin : p->steps - 1;
    switch (p->readout) {
    case RG_READOUT_MEAN:
        return 1.0 / (double)(p->steps - begin);
    case RG_READOUT_MAX:
        return a->winner[at] == (uint32_t)t ? 1.0 : 0.0;
    default:
        return t == end ? 1.0 : 0.0;
    }
}

void rg_arrival_at(const struct rg_arrival *a, const struct rg_plan *p, struct rg_arrival_step step, double *out) {
    const size_t first = step.row * p->out_stride + step.direction * p->hidden;
    for (size_t j = 0; j < p->hidden; j++) {
        const double part = rg_arrival_part(a, p, step.direction, first + j, step.begin, step.t);
        out[j] = part == 0.0 ? 0.0 : part * a->row[first + j];
    }
}
