/* The OpenCL device: one context, one in-order queue, and kernels (kernels.h). */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/sizes.h"
#include "device/device.h"
#include "device/opencl/clblast.h"
#include "device/opencl/devices.h"
#include "device/opencl/kernels.h"
#include "device/opencl/loader.h"
#include "device/opencl/table.h"
#include "device/opencl/trial.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { FLUSHED_LAUNCHES = 64 };

struct opencl_buffer {
    struct rg_buffer base;
    cl_mem memory; /* shared by those that were made together */
    size_t offset; /* where this one begins in it */
};

struct opencl_device {
    struct rg_device base;
    const struct rg_cl *cl;
    cl_context context;
    cl_command_queue queue;
    cl_device_id id;
    bool is_part; /* of a device: `id` is to be released */
    struct rg_cl_kernels kernels;
    const struct rg_clblast *library; /* NULL: not in use */
    struct rg_cl_table table;
};

/* Release all that opening has made but the memory of buffers. */
static void close_context(struct opencl_device *device) {
    const struct rg_cl *cl = device->cl;
    rg_cl_kernels_release(&device->kernels);
    rg_cl_table_release(&device->table);
    if (device->queue) {
        (void)cl->clReleaseCommandQueue(device->queue);
        device->queue = NULL;
    }
    if (device->context) {
        (void)cl->clReleaseContext(device->context);
        device->context = NULL;
    }
}

/* A child process makes no call of the driver, which would wait for threads that only the parent has. */
static void opencl_destroy(struct rg_device *base) {
    struct opencl_device *const device = (struct opencl_device *)base;
    if (rg_device_is_own(base)) {
        rg_guard_before_release();
        close_context(device);
        if (device->is_part) {
            (void)device->cl->clReleaseDevice(device->id);
        }
        rg_guard_watch(NULL, NULL);
    } else {
        rg_cl_kernels_forget(&device->kernels);
        rg_cl_table_forget(&device->table);
    }
    rg_free(base);
}

/* Context, queue and the first kernels. */
static rg_status open_context(struct opencl_device *device) {
    const struct rg_cl *cl = device->cl;
    const char *const name = device->base.info.name;
    cl_int code = CL_SUCCESS;
    device->context = cl->clCreateContext(NULL, 1, &device->id, NULL, NULL, &code);
    RG_TRY(rg_cl_check(code, "clCreateContext", name));
    device->queue = cl->clCreateCommandQueue(device->context, device->id, 0, &code);
    RG_TRY(rg_cl_check(code, "clCreateCommandQueue", name));
    device->kernels.target.context = device->context;
    device->table = (struct rg_cl_table){.cl = cl, .context = device->context, .queue = device->queue};
    return rg_cl_kernels_open(&device->kernels);
}

static void opencl_buffer_destroy(struct rg_device *base, struct rg_buffer *buffer) {
    if (rg_device_is_own(base)) {
        (void)((struct opencl_device *)base)->cl->clReleaseMemObject(((struct opencl_buffer *)buffer)->memory);
    }
    rg_free(buffer);
}

/* Bytes from one buffer to the next where several are made in one piece of memory. Each then begins at a multiple of
 * ALIGNMENT, as a buffer of its own would. */
static size_t slice_bytes(size_t bytes) {
    enum { ALIGNMENT = 256 };
    return rg_round_up(bytes, ALIGNMENT);
}

/* How the code of a call becomes a status: rg_cl_check, or rg_cl_check_memory where memory may be lacking. */
typedef rg_status check_code(cl_int code, const char *call, const char *object);

/* Queue zeros by a kernel: see kernels/data/fill.cl. */
static rg_status fill(struct opencl_device *device, cl_mem memory, size_t at, size_t bytes, check_code *check) {
    const struct rg_launch launch = {.kernel = RG_K_rg_fill};
    const struct rg_fill_args args = {.at = at, .bytes = bytes};
    const struct rg_cl *const cl = device->cl;
    const size_t local[2] = {(size_t)device->base.info.cols, (size_t)device->base.info.rows};
    const size_t max = 2 * RG_GROUPS_A_UNIT * (size_t)device->base.info.units,
                 need = bytes / (local[0] * local[1] * sizeof(rg_u32));
    const size_t groups = need < 1 ? 1 : rg_min(need, max), global[2] = {groups * local[0], local[1]};
    cl_kernel kernel = NULL;
    RG_TRY(rg_cl_kernels_find(&device->kernels, false, &launch, &kernel));
    RG_TRY(rg_cl_check(cl->clSetKernelArg(kernel, 0, sizeof(cl_mem), &memory), "clSetKernelArg", "rg_fill"));
    RG_TRY(rg_cl_check(cl->clSetKernelArg(kernel, 1, sizeof args, &args), "clSetKernelArg", "rg_fill"));
    return check(cl->clEnqueueNDRangeKernel(device->queue, kernel, 2, NULL, global, local, 0, NULL, NULL),
                 "clEnqueueNDRangeKernel", "rg_fill");
}

/* Make a GPU's driver find the memory of a new buffer now: some do so only when a kernel first writes to it. On a
 * processor nothing could be told: the system ends a process that writes to memory which is not there. */
static rg_status touch(struct opencl_device *device, cl_mem memory, size_t bytes) {
    if (!device->base.info.is_gpu) {
        return RG_OK;
    }
    RG_TRY(fill(device, memory, 0, bytes, rg_cl_check_memory));
    return rg_cl_check_memory(device->cl->clFinish(device->queue), "clFinish", device->base.info.name);
}

/* Create a piece of memory, and make sure that the device has it. RG_NO_MEMORY. */
static rg_status create_memory(struct opencl_device *device, size_t bytes, cl_mem *memory) {
    cl_int code = CL_SUCCESS;
    *memory = device->cl->clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    rg_status status = rg_cl_check_memory(code, "clCreateBuffer", device->base.info.name);
    if (status == RG_OK) {
        status = touch(device, *memory, bytes);
        if (status != RG_OK) {
            (void)device->cl->clReleaseMemObject(*memory);
        }
    }
    device->base.is_starved = device->base.is_starved || status == RG_NO_MEMORY;
    return status;
}

static rg_status opencl_buffers_create(struct rg_device *base, size_t n, size_t bytes, struct rg_buffer **out) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct rg_cl *const cl = device->cl;
    const size_t slice = n > 1 ? slice_bytes(bytes) : bytes;
    cl_mem memory = NULL;
    RG_TRY(create_memory(device, n * slice, &memory));
    rg_status status = RG_OK;
    size_t made = 0;
    for (; made < n; made++) {
        struct opencl_buffer *buffer = NULL;
        RG_TRY_GOTO(rg_alloc(&buffer, 1, sizeof *buffer, "a buffer"));
        buffer->memory = memory;
        buffer->offset = made * slice;
        (void)cl->clRetainMemObject(memory);
        out[made] = &buffer->base;
    }
cleanup:
    while (status != RG_OK && made > 0) {
        opencl_buffer_destroy(base, out[--made]);
        out[made] = NULL;
    }
    (void)cl->clReleaseMemObject(memory); /* each buffer has its own share */
    return status;
}

static rg_status opencl_write(struct rg_device *base, struct rg_buffer *to, size_t offset, const void *from,
                              size_t bytes) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct opencl_buffer *const buffer = (const struct opencl_buffer *)to;
    return rg_cl_check(device->cl->clEnqueueWriteBuffer(device->queue, buffer->memory, CL_TRUE, buffer->offset + offset,
                                                        bytes, from, 0, NULL, NULL),
                       "clEnqueueWriteBuffer", base->info.name);
}

static rg_status opencl_read(struct rg_device *base, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct opencl_buffer *const buffer = (const struct opencl_buffer *)from;
    return rg_cl_check(device->cl->clEnqueueReadBuffer(device->queue, buffer->memory, CL_TRUE, buffer->offset + offset,
                                                       bytes, to, 0, NULL, NULL),
                       "clEnqueueReadBuffer", base->info.name);
}

static rg_status opencl_zero(struct rg_device *base, struct rg_buffer *of, size_t bytes) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct opencl_buffer *const buffer = (const struct opencl_buffer *)of;
    const unsigned char zero = 0;
    if (base->info.cols * base->info.rows > 1) {
        return fill(device, buffer->memory, buffer->offset, bytes, rg_cl_check);
    }
    return rg_cl_check(device->cl->clEnqueueFillBuffer(device->queue, buffer->memory, &zero, sizeof zero,
                                                       buffer->offset, bytes, 0, NULL, NULL),
                       "clEnqueueFillBuffer", base->info.name);
}

static rg_status set_argument(const struct opencl_device *device, cl_kernel kernel, cl_uint n, size_t bytes,
                              const void *value, const char *name) {
    return rg_cl_check(device->cl->clSetKernelArg(kernel, n, bytes, value), "clSetKernelArg", name);
}

/* The buffers of a launch, from argument 0 on; *n = the next. */
static rg_status set_buffers(const struct opencl_device *device, cl_kernel kernel, const struct rg_launch *launch,
                             cl_uint *n) {
    for (*n = 0; *n < rg_kernel_signatures[launch->kernel].buffers; (*n)++) {
        const struct opencl_buffer *buffer = (const struct opencl_buffer *)launch->buffers[*n];
        RG_TRY(set_argument(device, kernel, *n, sizeof(cl_mem), buffer ? &buffer->memory : NULL,
                            rg_kernel_signatures[launch->kernel].name));
    }
    return RG_OK;
}

/* Where the buffers of `launch` begin in those of the first. */
static rg_status find_slices(const struct rg_launch *first, const struct rg_launch *launch,
                             rg_u64 slices[RG_MAX_BUFFERS]) {
    for (size_t i = 0; i < rg_kernel_signatures[launch->kernel].buffers; i++) {
        const struct opencl_buffer *const common = (const struct opencl_buffer *)first->buffers[i];
        const struct opencl_buffer *const own = (const struct opencl_buffer *)launch->buffers[i];
        if (own ? !common || own->memory != common->memory : common != NULL) {
            return rg_fail(RG_ERROR, "%s: combined launches have separate buffers",
                           rg_kernel_signatures[launch->kernel].name);
        }
        slices[i] = own ? own->offset : RG_NO_BUFFER;
    }
    return RG_OK;
}

/* Write the rows of the launches; *where = the argument that says where they are. */
static rg_status put_rows(struct opencl_device *device, const struct rg_launch *launches, size_t n,
                          struct rg_replicas_args *where) {
    const size_t args_bytes = rg_kernel_signatures[launches->kernel].args_bytes,
                 slices_bytes = RG_MAX_BUFFERS * sizeof(rg_u64);
    unsigned char *rows = NULL;
    size_t first = 0;
    where->stride = slices_bytes + (args_bytes + sizeof(rg_u64) - 1) / sizeof(rg_u64) * sizeof(rg_u64);
    RG_TRY(rg_cl_table_room(&device->table, n * where->stride, &rows));
    for (size_t i = 0; i < n; i++) {
        rg_u64 slices[RG_MAX_BUFFERS] = {0};
        RG_TRY(find_slices(launches, &launches[i], slices));
        memcpy(rows + i * where->stride, slices, sizeof slices);
        memcpy(rows + i * where->stride + sizeof slices, launches[i].args, args_bytes);
    }
    RG_TRY(rg_cl_table_put(&device->table, n * where->stride, &first));
    where->first = first;
    return RG_OK;
}

/* A single launch takes the plain kernel if its buffers begin where their memory does. */
static bool needs_rows(const struct rg_launch *launches, size_t n) {
    bool offset = false;
    for (size_t i = 0; i < rg_kernel_signatures[launches->kernel].buffers; i++) {
        const struct opencl_buffer *const buffer = (const struct opencl_buffer *)launches->buffers[i];
        offset = offset || (buffer && buffer->offset > 0);
    }
    return n > 1 || offset;
}

static rg_status set_arguments(struct opencl_device *device, cl_kernel kernel, const struct rg_launch *launches,
                               size_t n, bool many) {
    const char *const name = rg_kernel_signatures[launches->kernel].name;
    cl_uint at = 0;
    RG_TRY(set_buffers(device, kernel, launches, &at));
    if (many) {
        struct rg_replicas_args where = {0, 0};
        RG_TRY(put_rows(device, launches, n, &where));
        RG_TRY(set_argument(device, kernel, at++, sizeof(cl_mem), &device->table.memory, name));
        RG_TRY(set_argument(device, kernel, at++, sizeof where, &where, name));
    } else {
        RG_TRY(set_argument(device, kernel, at++, rg_kernel_signatures[launches->kernel].args_bytes, launches->args,
                            name));
    }
    return rg_kernel_signatures[launches->kernel].local
               ? set_argument(device, kernel, at, launches->local_bytes, NULL, name)
               : RG_OK;
}

static rg_status opencl_flush(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    return rg_cl_check(device->cl->clFlush(device->queue), "clFlush", base->info.name);
}

static rg_status opencl_launch(struct rg_device *base, const struct rg_launch *launches, size_t n) {
    struct opencl_device *device = (struct opencl_device *)base;
    const enum rg_kernel which = launches->kernel;
    const bool many = needs_rows(launches, n);
    cl_kernel kernel = NULL;
    RG_TRY(rg_cl_kernels_find(&device->kernels, many, launches, &kernel));
    RG_TRY(set_arguments(device, kernel, launches, n, many));
    const size_t cols = (size_t)base->info.cols, local[3] = {cols, rg_launch_items(base, launches) / cols, 1};
    const size_t global[3] = {launches->groups[0] * local[0], launches->groups[1] * local[1], n};
    RG_TRY(rg_cl_check(
        device->cl->clEnqueueNDRangeKernel(device->queue, kernel, many ? 3 : 2, NULL, global, local, 0, NULL, NULL),
        "clEnqueueNDRangeKernel", rg_kernel_signatures[which].name));
    /* some drivers begin when the queue is flushed, and not before */
    return base->launches % FLUSHED_LAUNCHES == 0 ? opencl_flush(base) : RG_OK;
}

static const char *opencl_library(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    device->library = rg_clblast_load();
    return device->library ? "CLBlast" : NULL;
}

static rg_status opencl_product(struct rg_device *base, const struct rg_wide_product *product) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct opencl_buffer *const a = (const struct opencl_buffer *)product->a;
    const struct opencl_buffer *const b = (const struct opencl_buffer *)product->b;
    const struct opencl_buffer *const c = (const struct opencl_buffer *)product->c;
    const struct rg_clblast_operands operands = {a->memory, b->memory, c->memory,
                                                 base->info.real_bytes == sizeof(double)};
    struct rg_wide_product p = *product;
    p.a_at += a->offset / base->info.real_bytes; /* the library counts from the beginning of the memory object */
    p.b_at += b->offset / base->info.real_bytes;
    p.c_at += c->offset / base->info.real_bytes;
    return rg_clblast_product(device->library, device->queue, &p, &operands);
}

static rg_status opencl_finish(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    return rg_cl_check(device->cl->clFinish(device->queue), "clFinish", base->info.name);
}

static rg_status opencl_renew(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    close_context(device);
    return open_context(device);
}

static rg_status opencl_try(struct rg_device *base, const struct rg_launch *launch) {
    struct opencl_device *device = (struct opencl_device *)base;
    return rg_cl_kernels_try(&device->kernels, launch);
}

static bool opencl_descend(struct rg_device *base) {
    return rg_cl_kernels_descend(&((struct opencl_device *)base)->kernels);
}

static const struct rg_device_ops opencl_ops = {
    .destroy = opencl_destroy,
    .buffers_create = opencl_buffers_create,
    .buffer_destroy = opencl_buffer_destroy,
    .write = opencl_write,
    .read = opencl_read,
    .zero = opencl_zero,
    .launch = opencl_launch,
    .library = opencl_library,
    .product = opencl_product,
    .flush = opencl_flush,
    .finish = opencl_finish,
    .renew = opencl_renew,
    .try_kernel = opencl_try,
    .descend = opencl_descend,
};

/* Describe the device as found, after its driver was tried. RG_NO_DEVICE if it cannot do what the options ask for. */
static rg_status check_device(struct opencl_device *device, const struct rg_cl_found *found,
                              const struct rg_device_options *options) {
    struct rg_device_info *const info = &device->base.info;
    char problem[RG_DEVICE_PROBLEM], place[RG_CL_PLACE];
    rg_cl_place(found, place);
    rg_cl_describe(device->cl, found, info, problem);
    if (!problem[0]) {
        RG_TRY(rg_cl_trial_of(place, info->name, info->version));
        rg_cl_describe(device->cl, found, info, problem); /* as the trial has found it */
    }
    if (problem[0]) {
        return rg_fail(RG_NO_DEVICE, "%s: %s", info->name, problem);
    }
    if (options->is_double && !info->has_double) {
        return rg_fail(RG_NO_DEVICE, "%s has no double precision (cl_khr_fp64); use --precision float or --device cpu",
                       info->name);
    }
    return rg_device_check_tf32(info, options->tf32);
}

/* Use at most `threads` units of a processor; 0: all. A GPU always uses all of its units. */
static void limit_units(struct opencl_device *device, int threads) {
    struct rg_device_info *const info = &device->base.info;
    const cl_device_partition_property counts[] = {CL_DEVICE_PARTITION_BY_COUNTS, threads,
                                                   CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
    cl_device_id part = NULL;
    if (info->is_gpu || threads <= 0 || threads >= info->units) {
        return;
    }
    if (device->cl->clCreateSubDevices(device->id, counts, 1, &part, NULL) != CL_SUCCESS) {
        rg_log("%s cannot be limited to %d of its %d units; it uses all", info->name, threads, info->units);
        return;
    }
    device->id = part;
    device->is_part = true;
    info->units = threads;
}

/* Set what the options decide: number format, shape of work-groups. */
static void configure(struct opencl_device *device, const struct rg_device_options *options) {
    struct rg_device_info *const info = &device->base.info;
    info->tf32 = options->tf32;
    if (options->is_double) {
        info->real_bytes = sizeof(double);
        info->vec /= 2;
    }
    if (options->shape.vec) {
        rg_device_set_shape(info, options->shape);
    }
    device->kernels = (struct rg_cl_kernels){.target = {.cl = device->cl, .id = device->id},
                                             .device = &device->base,
                                             .has_ladder = info->is_gpu && !options->shape.vec && !options->tf32};
}

/* Make the context, in the largest work-groups of the ladder in which the kernels run. */
static rg_status open_shape(struct opencl_device *device, const struct rg_cl_found *found) {
    const struct rg_device_info *const info = &device->base.info;
    const size_t wanted = rg_device_items(&device->base);
    char place[RG_CL_PLACE];
    rg_cl_place(found, place);
    rg_guard_watch(place, info->name);
    RG_TRY(open_context(device));
    if (rg_device_items(&device->base) < wanted) {
        rg_log("%s: the kernels do not run in work-groups of %zu items; smaller groups of %zu are used", info->name,
               wanted, rg_device_items(&device->base));
    }
    return RG_OK;
}

rg_status rg_opencl_open(size_t index, const struct rg_device_options *options, struct rg_device **out) {
    *out = NULL;
    const char *why = "";
    const struct rg_cl *cl = rg_cl_load(&why);
    if (!cl) {
        return rg_fail(RG_NO_DEVICE, "%s", why);
    }
    struct rg_cl_found found[RG_CL_DEVICES];
    if (index >= rg_cl_find(cl, found)) {
        return rg_fail(RG_NO_DEVICE, "there is no OpenCL device number %zu", index);
    }
    struct opencl_device *device = NULL;
    RG_TRY(rg_alloc(&device, 1, sizeof *device, "the OpenCL device"));
    device->base.ops = &opencl_ops;
    device->cl = device->kernels.target.cl = cl;
    device->base.owner = getpid();
    device->id = found[index].id;
    rg_status status = check_device(device, &found[index], options);
    if (status == RG_OK) {
        limit_units(device, options->threads);
        configure(device, options);
        status = open_shape(device, &found[index]);
    }
    if (status != RG_OK) {
        opencl_destroy(&device->base);
        return status;
    }
    *out = &device->base;
    return RG_OK;
}
