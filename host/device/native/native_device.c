/* The native device: the kernels as C, groups shared out over threads. Needs no OpenCL. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/subnormals.h"
#include "device/device.h"
#include "device/native/native_kernels.h"
#include "device/native/openblas.h"
#include "rnn_gpu/memory.h"

struct native_buffer {
    struct rg_buffer base;
    void *memory;
};

struct native_device {
    struct rg_device base;
    const struct rg_native_kernels *kernels;
    int threads;
    struct rg_pool *pool;
    const struct rg_openblas *library; /* NULL: not in use */
    void **scratch;                    /* [threads], local memory of a group */
    size_t scratch_bytes;
};

static const struct rg_native_kernels *choose_kernels(bool is_double, const char **isa) {
#ifdef RG_HAVE_X86_ISAS
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        *isa = "x86-64-v4 (AVX-512)";
        return is_double ? &rg_native_kernels_v4_double : &rg_native_kernels_v4;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2")) {
        *isa = "x86-64-v3 (AVX2)";
        return is_double ? &rg_native_kernels_v3_double : &rg_native_kernels_v3;
    }
#endif
    *isa = "base instructions";
    return is_double ? &rg_native_kernels_base_double : &rg_native_kernels_base;
}

/* "model name" of /proc/cpuinfo, or a plain word. */
static void processor_name(char *out, size_t bytes) {
    (void)snprintf(out, bytes, "processor");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file) {
        return;
    }
    char line[256];
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (colon && strncmp(line, "model name", 10) == 0) {
            (void)snprintf(out, bytes, "%s", colon + 2);
            out[strcspn(out, "\n")] = '\0';
            break;
        }
    }
    (void)fclose(file);
}

/* Size of the third-level cache that this processor sees, or 0. */
static uint64_t last_cache_bytes(void) {
    FILE *file = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "re");
    unsigned long kib = 0;
    if (file) {
        if (fscanf(file, "%luK", &kib) != 1) {
            kib = 0;
        }
        (void)fclose(file);
    }
    return (uint64_t)kib * 1024;
}

void rg_native_describe(const struct rg_device_options *options, struct rg_device_info *info) {
    const char *isa = "";
    const struct rg_native_kernels *kernels = choose_kernels(options->is_double, &isa);
    memset(info, 0, sizeof *info);
    processor_name(info->name, sizeof info->name);
    (void)snprintf(info->backend, sizeof info->backend, "native");
    (void)snprintf(info->version, sizeof info->version, "%s", isa);
    info->units = rg_pool_threads(options->threads);
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    info->memory_bytes = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / 4 * 3 : (uint64_t)1 << 30;
    info->max_buffer_bytes = info->memory_bytes;
    info->max_local_bytes = (size_t)1 << 20; /* about what a second-level cache holds */
    info->cache_bytes = last_cache_bytes();
    info->shared_step_bytes = (uint64_t)768 << 10;
    info->launch_seconds = RG_SHORT_LAUNCH;
    info->has_double = true;
    info->subnormals_are_zero = RG_HAS_SUBNORMALS_TO_ZERO;
    info->real_bytes = options->is_double ? sizeof(double) : sizeof(float);
    info->vec = kernels->vec;
    info->nv = kernels->nv;
    info->cols = info->rows = 1;
}

static void native_destroy(struct rg_device *device) {
    struct native_device *native = (struct native_device *)device;
    rg_pool_destroy(native->pool);
    for (int i = 0; native->scratch && i < native->threads; i++) {
        rg_free(native->scratch[i]);
    }
    rg_free(native->scratch);
    rg_free(native);
}

static void native_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer) {
    (void)device;
    rg_free(((struct native_buffer *)buffer)->memory);
    rg_free(buffer);
}

static rg_status native_buffers_create(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out) {
    for (size_t i = 0; i < n; i++) {
        struct native_buffer *buffer = NULL;
        rg_status status = rg_alloc(&buffer, 1, sizeof *buffer, "a buffer");
        if (status == RG_OK) {
            out[i] = &buffer->base;
            status = rg_alloc(&buffer->memory, bytes, 1, "a buffer");
        }
        for (size_t k = 0; status != RG_OK && k <= i; k++) {
            if (out[k]) {
                native_buffer_destroy(device, out[k]);
            }
            out[k] = NULL;
        }
        RG_TRY(status);
    }
    return RG_OK;
}

static rg_status native_write(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from,
                              size_t bytes) {
    (void)device;
    memcpy((char *)((struct native_buffer *)to)->memory + offset, from, bytes);
    return RG_OK;
}

static rg_status native_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    (void)device;
    memcpy(to, (const char *)((struct native_buffer *)from)->memory + offset, bytes);
    return RG_OK;
}

static rg_status native_zero(struct rg_device *device, struct rg_buffer *buffer, size_t bytes) {
    (void)device;
    memset(((struct native_buffer *)buffer)->memory, 0, bytes);
    return RG_OK;
}

/* Scratch memory of `bytes` for every thread. */
static rg_status grow_scratch(struct native_device *native, size_t bytes) {
    if (bytes <= native->scratch_bytes) {
        return RG_OK;
    }
    native->scratch_bytes = 0;
    for (int i = 0; i < native->threads; i++) {
        rg_free(native->scratch[i]);
        native->scratch[i] = NULL;
        RG_TRY(rg_alloc(&native->scratch[i], bytes, 1, "local memory of the native device"));
    }
    native->scratch_bytes = bytes;
    return RG_OK;
}

/* Launches as their threads see them. */
struct native_launch {
    const struct rg_launch *launches; /* [n], alike in kernel and groups */
    rg_native_entry entry;
    void *const *scratch;
    size_t groups; /* of a launch */
};

static void run_group(void *context, size_t item, int thread) {
    const struct native_launch *const l = context;
    const struct rg_launch *const launch = &l->launches[item / l->groups];
    const size_t group = item % l->groups, id[2] = {group % launch->groups[0], group / launch->groups[0]};
    void *memory[RG_MAX_BUFFERS];
    for (int i = 0; i < RG_MAX_BUFFERS; i++) {
        memory[i] = launch->buffers[i] ? ((struct native_buffer *)launch->buffers[i])->memory : NULL;
    }
    l->entry(id, launch->groups, memory, launch->args, l->scratch[thread]);
}

static rg_status native_launch(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    struct native_device *native = (struct native_device *)device;
    RG_TRY(grow_scratch(native, launches->local_bytes));
    struct native_launch l = {.launches = launches,
                              .entry = launches->kernel < RG_FIRST_LEARNED
                                           ? native->kernels->entries[launches->kernel]
                                           : native->kernels->learned[launches->kernel - RG_FIRST_LEARNED],
                              .scratch = native->scratch,
                              .groups = launches->groups[0] * launches->groups[1]};
    rg_pool_run(native->pool, n * l.groups, run_group, &l);
    return RG_OK;
}

static const char *native_library(struct rg_device *device) {
    const char *name = NULL;
    struct native_device *native = (struct native_device *)device;
    native->library = rg_openblas_load(&name);
    return native->library ? name : NULL;
}

static rg_status native_product(struct rg_device *device, const struct rg_wide_product *p) {
    const struct native_device *native = (const struct native_device *)device;
    const struct rg_openblas_operands operands = {.a = ((struct native_buffer *)p->a)->memory,
                                                  .b = ((struct native_buffer *)p->b)->memory,
                                                  .c = ((struct native_buffer *)p->c)->memory,
                                                  .is_double = device->info.real_bytes == sizeof(double)};
    rg_openblas_product(native->library, native->pool, p, &operands);
    return RG_OK;
}

static rg_status native_finish(struct rg_device *device) {
    (void)device;
    return RG_OK;
}

rg_status rg_native_open(const struct rg_device_options *options, struct rg_device **out) {
    static const struct rg_device_ops ops = {
        .destroy = native_destroy,
        .buffers_create = native_buffers_create,
        .buffer_destroy = native_buffer_destroy,
        .write = native_write,
        .read = native_read,
        .zero = native_zero,
        .launch = native_launch,
        .library = native_library,
        .product = native_product,
        .finish = native_finish,
    };
    *out = NULL;
    struct native_device *native = NULL;
    if (options->shape.vec) {
        return rg_fail(RG_NO_DEVICE, "--shape requires an OpenCL device, and this is the native one; leave it out, or "
                                     "select a device with --device");
    }
    if (options->tf32) {
        struct rg_device_info info;
        rg_native_describe(options, &info);
        return rg_device_check_tf32(&info, RG_TF32_TENSOR_CORES);
    }
    RG_TRY(rg_alloc(&native, 1, sizeof *native, "the native device"));
    native->base.ops = &ops;
    native->base.owner = getpid();
    rg_native_describe(options, &native->base.info);
    const char *isa = "";
    native->kernels = choose_kernels(options->is_double, &isa);
    native->threads = native->base.info.units;
    rg_status status = rg_alloc(&native->scratch, (size_t)native->threads, sizeof *native->scratch, "threads");
    if (status == RG_OK) {
        status = rg_pool_create(native->threads, &native->pool);
    }
    if (status != RG_OK) {
        native_destroy(&native->base);
        return status;
    }
    *out = &native->base;
    return RG_OK;
}
