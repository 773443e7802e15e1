/* The operations of a device, with their checks. open.c chooses and opens one. */
#define _GNU_SOURCE
#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

const struct rg_kernel_signature rg_kernel_signatures[RG_N_KERNELS] = {
#define RG_SIGNATURE(kernel, n, type, uses_local) [RG_K_##kernel] = {#kernel, n, sizeof(struct type), uses_local},
    RG_KERNELS(RG_SIGNATURE) RG_LEARNED_KERNELS(RG_SIGNATURE)
#undef RG_SIGNATURE
};

bool rg_device_is_own(const struct rg_device *device) {
    return device->owner == 0 || device->owner == getpid();
}

rg_status rg_device_check_owner(const struct rg_device *device) {
    return rg_device_is_own(device) ? RG_OK
                                    : rg_fail(RG_ERROR,
                                              "%s was opened before fork(), and this is the child process; open the "
                                              "device again here",
                                              device->info.name);
}

void rg_device_destroy(struct rg_device *device) {
    if (device) {
        device->ops->destroy(device);
    }
}

rg_status rg_device_renew(struct rg_device *device) {
    RG_TRY(rg_device_check_owner(device));
    return device->ops->renew && device->used_bytes == 0 ? device->ops->renew(device) : RG_OK;
}

rg_status rg_device_try(struct rg_device *device, const struct rg_launch *launch) {
    RG_TRY(rg_device_check_owner(device));
    return device->ops->try_kernel ? device->ops->try_kernel(device, launch) : RG_OK;
}

bool rg_device_descend(struct rg_device *device) {
    return device->ops->descend && device->used_bytes == 0 && rg_device_is_own(device) && device->ops->descend(device);
}

uint64_t rg_device_budget(const struct rg_device_info *info) {
    return info->budget_bytes ? info->budget_bytes : info->memory_bytes / 10 * 9;
}

rg_status rg_device_use_library(struct rg_device *device) {
    RG_TRY(rg_device_check_owner(device));
    const char *const name = device->ops->library(device);
    if (!name) {
        const bool native = device->info.backend[0] == 'n';
        return rg_fail(RG_NO_DEVICE,
                       "no %s on this machine for products of the %s device (Debian: %s); install it or leave out "
                       "--gemm library",
                       native ? "OpenBLAS (libopenblas.so.0)" : "CLBlast (libclblast.so.1)", device->info.backend,
                       native ? "libopenblas0-pthread" : "libclblast1");
    }
    (void)snprintf(device->info.library, sizeof device->info.library, "%s", name);
    return RG_OK;
}

const char *rg_device_math(const struct rg_device_info *info) {
    return info->tf32 ? ", products in TF32" : "";
}

rg_status rg_device_check_tf32(const struct rg_device_info *info, enum rg_tf32 wanted) {
    return wanted != RG_TF32_TENSOR_CORES || info->has_tf32
               ? RG_OK
               : rg_fail(RG_NO_DEVICE,
                         "--math tf32 needs an NVIDIA GPU of compute capability 8.0 or later as OpenCL device; %s (%s) "
                         "is not one: leave --math out",
                         info->name, info->backend);
}

void rg_device_set_shape(struct rg_device_info *info, struct rg_device_shape shape) {
    info->vec = shape.vec;
    info->nv = shape.nv;
    info->cols = shape.cols;
    info->rows = shape.rows;
}

void rg_device_set_gpu(struct rg_device_info *info) {
    info->is_gpu = true;
    info->shared_step_bytes = (uint64_t)192 << 20; /* the least loss over the cards, tests/unit/test_cards.c */
    rg_device_set_shape(info, (struct rg_device_shape)RG_GPU_SHAPE);
}

size_t rg_device_panel(const struct rg_device *device) {
    return (size_t)device->info.nv * (size_t)device->info.cols * (size_t)device->info.vec;
}

bool rg_device_is_roomy(const struct rg_device_info *info) {
    return RG_IS_ROOMY(info->cols * info->rows, info->nv, (size_t)info->vec * info->real_bytes);
}

size_t rg_device_units(const struct rg_device *device, size_t n) {
    const struct rg_device_info *const info = &device->info;
    const size_t panel = rg_device_panel(device), vec = (size_t)info->vec,
                 to = rg_device_is_roomy(info) && n > panel ? vec : panel;
    return rg_round_up(n, to);
}

size_t rg_device_groups(const struct rg_device *device, size_t n, size_t per_group) {
    const size_t at_once = rg_device_items(device) * (size_t)device->info.vec; /* a vector for each item */
    const size_t each = device->info.is_gpu ? rg_min(at_once, per_group) : per_group;
    const size_t max = RG_GROUPS_A_UNIT * (size_t)device->info.units;
    return rg_min(rg_max(rg_divide_up(n, each), 1), max);
}

size_t rg_device_items(const struct rg_device *device) {
    return (size_t)device->info.cols * (size_t)device->info.rows;
}

size_t rg_launch_items(const struct rg_device *device, const struct rg_launch *launch) {
    return (size_t)device->info.cols * (size_t)(launch->item_rows ? launch->item_rows : device->info.rows);
}

rg_status rg_buffers_create(struct rg_device *device, size_t n, size_t bytes, const char *what,
                            struct rg_buffer **out) {
    size_t all = 0;
    bytes = bytes ? bytes : 1;
    memset(out, 0, n * sizeof(struct rg_buffer *));
    RG_TRY(rg_device_check_owner(device));
    if (!rg_multiply(n, bytes, &all) || all > device->info.max_buffer_bytes) {
        return rg_fail(RG_NO_MEMORY, "%s needs a buffer of %.1f MiB, %s allows %.1f MiB", what,
                       (double)n * (double)bytes / 1048576.0, device->info.name,
                       (double)device->info.max_buffer_bytes / 1048576.0);
    }
    RG_TRY(device->ops->buffers_create(device, n, bytes, out));
    for (size_t i = 0; i < n; i++) {
        out[i]->bytes = bytes;
    }
    device->used_bytes += all;
    device->peak_bytes = rg_max(device->used_bytes, device->peak_bytes);
    return RG_OK;
}

rg_status rg_buffer_create(struct rg_device *device, size_t bytes, const char *what, struct rg_buffer **out) {
    return rg_buffers_create(device, 1, bytes, what, out);
}

void rg_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer) {
    if (buffer) {
        device->used_bytes -= buffer->bytes;
        device->ops->buffer_destroy(device, buffer);
    }
}

static rg_status check_range(const struct rg_buffer *buffer, size_t offset, size_t bytes) {
    if (offset > buffer->bytes || bytes > buffer->bytes - offset) {
        return rg_fail(RG_ERROR, "bytes %zu + %zu are outside a buffer of %zu bytes", offset, bytes, buffer->bytes);
    }
    return RG_OK;
}

rg_status rg_buffer_write(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from,
                          size_t bytes) {
    RG_TRY(rg_device_check_owner(device));
    RG_TRY(check_range(to, offset, bytes));
    return bytes ? device->ops->write(device, to, offset, from, bytes) : RG_OK;
}

rg_status rg_buffer_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    RG_TRY(rg_device_check_owner(device));
    RG_TRY(check_range(from, offset, bytes));
    return bytes ? device->ops->read(device, to, from, offset, bytes) : RG_OK;
}

rg_status rg_reals_create(struct rg_device *device, size_t n, const char *what, struct rg_buffer **out) {
    return rg_buffer_create(device, n * device->info.real_bytes, what, out);
}

rg_status rg_reals_write(struct rg_device *device, struct rg_buffer *to, size_t first, const double *from, size_t n) {
    if (device->info.real_bytes == sizeof *from) {
        return rg_buffer_write(device, to, first * sizeof *from, from, n * sizeof *from);
    }
    float *rounded = NULL;
    RG_TRY(rg_alloc(&rounded, n, sizeof *rounded, "numbers for the device"));
    for (size_t i = 0; i < n; i++) {
        rounded[i] = (float)from[i];
    }
    const rg_status status = rg_buffer_write(device, to, first * sizeof *rounded, rounded, n * sizeof *rounded);
    rg_free(rounded);
    return status;
}

rg_status rg_reals_write_floats(struct rg_device *device, struct rg_buffer *to, size_t first, const float *from,
                                size_t n) {
    if (device->info.real_bytes == sizeof *from) {
        return rg_buffer_write(device, to, first * sizeof *from, from, n * sizeof *from);
    }
    double *wide = NULL;
    RG_TRY(rg_alloc(&wide, n, sizeof *wide, "numbers for the device"));
    for (size_t i = 0; i < n; i++) {
        wide[i] = (double)from[i];
    }
    const rg_status status = rg_buffer_write(device, to, first * sizeof *wide, wide, n * sizeof *wide);
    rg_free(wide);
    return status;
}

rg_status rg_reals_read(struct rg_device *device, double *to, struct rg_buffer *from, size_t first, size_t n) {
    if (device->info.real_bytes == sizeof *to) {
        return rg_buffer_read(device, to, from, first * sizeof *to, n * sizeof *to);
    }
    /* floats into the later half of `to`, from where each is widened before its bytes are written over */
    char *const floats = (char *)to + n * sizeof(float);
    RG_TRY(rg_buffer_read(device, floats, from, first * sizeof(float), n * sizeof(float)));
    for (size_t i = 0; i < n; i++) {
        float value;
        memcpy(&value, floats + i * sizeof value, sizeof value);
        to[i] = (double)value;
    }
    return RG_OK;
}

rg_status rg_buffer_zero(struct rg_device *device, struct rg_buffer *buffer) {
    RG_TRY(rg_device_check_owner(device));
    return device->ops->zero(device, buffer, buffer->bytes);
}

rg_status rg_device_launch_all(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    if (n == 0 || launches->groups[0] == 0 || launches->groups[1] == 0) {
        return RG_OK;
    }
    RG_TRY(rg_device_check_owner(device));
    device->launches++;
    return device->ops->launch(device, launches, n);
}

rg_status rg_device_launch(struct rg_device *device, const struct rg_launch *launch) {
    return rg_device_launch_all(device, launch, 1);
}

rg_status rg_device_product(struct rg_device *device, const struct rg_wide_product *product) {
    RG_TRY(rg_device_check_owner(device));
    device->launches++;
    return device->ops->product(device, product);
}

rg_status rg_device_finish(struct rg_device *device) {
    RG_TRY(rg_device_check_owner(device));
    return device->ops->finish(device);
}

rg_status rg_device_flush(struct rg_device *device) {
    RG_TRY(rg_device_check_owner(device));
    return device->ops->flush ? device->ops->flush(device) : RG_OK;
}

rg_status rg_device_sleep(struct rg_device *device, double seconds) {
    static const double MIN_SECONDS = 5e-3, MAX_SECONDS = 1.0, SHARE = 0.9;
    if (!device->info.is_gpu || device->info.launch_seconds <= 0.0 || seconds < MIN_SECONDS) {
        return RG_OK;
    }
    RG_TRY(rg_device_flush(device));
    const long nanoseconds = (long)(1e9 * SHARE * (seconds < MAX_SECONDS ? seconds : MAX_SECONDS));
    (void)nanosleep(&(struct timespec){0, nanoseconds}, NULL); /* a signal ends it */
    return RG_OK;
}
