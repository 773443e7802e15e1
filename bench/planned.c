/* Launches counted instead of computed: see planned.h. */
#include "bench/planned.h"

#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"

static struct rg_planned *planned_of(struct rg_device *device) {
    return (struct rg_planned *)device;
}

static void nothing_to_destroy(struct rg_device *device) {
    (void)device;
}

static void planned_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer) {
    (void)device;
    rg_free(buffer);
}

static rg_status planned_buffers_create(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out) {
    (void)bytes;
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        status = rg_alloc(&out[i], 1, sizeof *out[i], "a buffer");
    }
    for (size_t i = 0; status != RG_OK && i < n; i++) {
        planned_buffer_destroy(device, out[i]);
        out[i] = NULL;
    }
    return status;
}

static rg_status planned_write(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from,
                               size_t bytes) {
    (void)device, (void)to, (void)offset, (void)from, (void)bytes;
    return RG_OK;
}

static rg_status planned_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    (void)device, (void)from, (void)offset;
    memset(to, 0, bytes);
    return RG_OK;
}

static rg_status planned_zero(struct rg_device *device, struct rg_buffer *buffer, size_t bytes) {
    (void)device, (void)buffer, (void)bytes;
    return RG_OK;
}

/* Add a launch to what its kernel took before. */
static rg_status planned_launch(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    struct rg_planned *const p = planned_of(device);
    struct rg_planned_kernel *const k = &p->kernels[launches->kernel];
    const size_t groups = n * launches->groups[0] * launches->groups[1];
    struct rg_plan_cost cost;
    rg_plan_cost(p->card, device, launches, &cost);
    if (k->launches == 0) {
        p->order[p->n_kernels++] = launches->kernel;
    }
    if (groups >= k->groups) {
        k->groups = groups;
        k->items = rg_launch_items(device, launches);
        k->local_bytes = launches->local_bytes;
    }
    k->busy_rows = (k->busy_rows * k->estimated + cost.busy_rows * cost.estimated) / (k->estimated + cost.estimated);
    k->launches++;
    k->registers = cost.registers;
    k->flops += cost.flops;
    k->bytes += cost.bytes;
    k->estimated += cost.estimated;
    for (size_t i = 0; i < RG_N_PLAN_BOUNDS; i++) {
        k->seconds[i] += cost.seconds[i];
    }
    return RG_OK;
}

static const char *no_library(struct rg_device *device) {
    (void)device;
    return NULL;
}

static rg_status no_product(struct rg_device *device, const struct rg_wide_product *product) {
    (void)device, (void)product;
    return RG_OK;
}

static rg_status planned_finish(struct rg_device *device) {
    (void)device;
    return RG_OK;
}

void rg_planned_open(const struct rg_card *card, struct rg_planned *planned) {
    static const struct rg_device_ops ops = {
        .destroy = nothing_to_destroy,
        .buffers_create = planned_buffers_create,
        .buffer_destroy = planned_buffer_destroy,
        .write = planned_write,
        .read = planned_read,
        .zero = planned_zero,
        .launch = planned_launch,
        .library = no_library,
        .product = no_product,
        .finish = planned_finish,
    };
    *planned = (struct rg_planned){.base.ops = &ops, .card = card};
    struct rg_device_info *const info = &planned->base.info;
    (void)snprintf(info->name, sizeof info->name, "%s", card->title);
    (void)snprintf(info->backend, sizeof info->backend, "planned");
    info->real_bytes = sizeof(float);
    info->units = card->units;
    info->memory_bytes = card->memory;
    info->max_buffer_bytes = card->memory / 4; /* the least that OpenCL promises */
    info->max_local_bytes = card->local_bytes;
    rg_device_set_gpu(info);
}

double rg_planned_seconds(const struct rg_planned *planned) {
    double seconds = 0.0;
    for (size_t i = 0; i < planned->n_kernels; i++) {
        seconds += planned->kernels[planned->order[i]].estimated;
    }
    return seconds;
}

enum rg_plan_bound rg_planned_bound(const struct rg_planned_kernel *kernel) {
    enum rg_plan_bound bound = 0;
    for (enum rg_plan_bound i = 0; i < RG_N_PLAN_BOUNDS; i++) {
        bound = kernel->seconds[i] > kernel->seconds[bound] ? i : bound;
    }
    return bound;
}
