/* The OpenCL device: one context, one in-order queue, and programs, each built when the first of its kernels is
 * launched. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device/device.h"
#include "base/guard.h"
#include "device/opencl/clblast.h"
#include "device/opencl/devices.h"
#include "device/opencl/loader.h"
#include "device/opencl/program.h"
#include "device/opencl/table.h"
#include "device/opencl/trial.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* The programs, one file of kernels/programs/ each: one a cell, and three more. */
#define PROGRAM_OF_CELL(A, name, ...) PROGRAM_##name,
enum { FLUSHED_LAUNCHES = 64 };
enum program { RG_CELLS(PROGRAM_OF_CELL, ) SHARED, WIDE, LEARNED, N_PROGRAMS };

struct opencl_buffer {
    struct rg_buffer base;
    cl_mem memory; /* shared by those that were made together */
    size_t offset; /* where this one begins in it */
};

/* A kernel built for groups of another shape than the device's. */
struct variant {
    struct variant *next;
    enum rg_kernel kernel;
    bool many;
    int item_rows, block_rows;
    cl_program program;
    cl_kernel handle;
};

struct opencl_device {
    struct rg_device base;
    const struct rg_cl *cl;
    pid_t owner; /* a driver's threads do not survive fork() */
    cl_context context;
    cl_command_queue queue;
    cl_device_id id;
    /* of one launch, and of kernels/programs/replicas.cl for many at once */
    cl_program programs[2][N_PROGRAMS];
    cl_kernel kernels[2][RG_N_KERNELS];
    struct variant *variants;
    const struct rg_clblast *library; /* NULL: not in use */
    struct rg_cl_table table;
};

static rg_status check_owner(const struct opencl_device *device) {
    return device->owner == getpid() ? RG_OK
                                     : rg_fail(RG_ERROR, "an OpenCL device was used in a child process after fork()");
}

static void opencl_destroy(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct rg_cl *cl = device->cl;
    for (size_t many = 0; many < 2; many++) {
        for (int i = 0; i < RG_N_KERNELS; i++) {
            if (device->kernels[many][i]) {
                (void)cl->clReleaseKernel(device->kernels[many][i]);
            }
        }
        for (size_t i = 0; i < N_PROGRAMS; i++) {
            if (device->programs[many][i]) {
                (void)cl->clReleaseProgram(device->programs[many][i]);
            }
        }
    }
    while (device->variants) {
        struct variant *const v = device->variants;
        device->variants = v->next;
        if (v->handle) {
            (void)cl->clReleaseKernel(v->handle);
        }
        if (v->program) {
            (void)cl->clReleaseProgram(v->program);
        }
        rg_free(v);
    }
    rg_cl_table_release(cl, &device->table);
    if (device->queue) {
        (void)cl->clReleaseCommandQueue(device->queue);
    }
    if (device->context) {
        (void)cl->clReleaseContext(device->context);
    }
    rg_guard_watch(NULL, NULL);
    rg_free(device);
}

static void opencl_buffer_destroy(struct rg_device *base, struct rg_buffer *buffer) {
    (void)((struct opencl_device *)base)->cl->clReleaseMemObject(((struct opencl_buffer *)buffer)->memory);
    rg_free(buffer);
}

/* Bytes between buffers that are made together, so that each begins as a buffer of its own would. */
static size_t slice_bytes(size_t bytes) {
    enum { ALIGNMENT = 256 };
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static rg_status opencl_buffers_create(struct rg_device *base, size_t n, size_t bytes, struct rg_buffer **out) {
    struct opencl_device *device = (struct opencl_device *)base;
    const struct rg_cl *const cl = device->cl;
    const size_t slice = n > 1 ? slice_bytes(bytes) : bytes;
    cl_int code = CL_SUCCESS;
    const cl_mem memory = cl->clCreateBuffer(device->context, CL_MEM_READ_WRITE, n * slice, NULL, &code);
    RG_TRY(rg_cl_check(code, "clCreateBuffer", base->info.name));
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
fail:
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
    RG_TRY(check_owner(device));
    const struct opencl_buffer *const buffer = (const struct opencl_buffer *)to;
    return rg_cl_check(device->cl->clEnqueueWriteBuffer(device->queue, buffer->memory, CL_TRUE, buffer->offset + offset,
                                                        bytes, from, 0, NULL, NULL),
                       "clEnqueueWriteBuffer", base->info.name);
}

static rg_status opencl_read(struct rg_device *base, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    struct opencl_device *device = (struct opencl_device *)base;
    RG_TRY(check_owner(device));
    const struct opencl_buffer *const buffer = (const struct opencl_buffer *)from;
    return rg_cl_check(device->cl->clEnqueueReadBuffer(device->queue, buffer->memory, CL_TRUE, buffer->offset + offset,
                                                       bytes, to, 0, NULL, NULL),
                       "clEnqueueReadBuffer", base->info.name);
}

static rg_status opencl_zero(struct rg_device *base, struct rg_buffer *of, size_t bytes) {
    struct opencl_device *device = (struct opencl_device *)base;
    RG_TRY(check_owner(device));
    const struct opencl_buffer *const buffer = (const struct opencl_buffer *)of;
    const unsigned char zero = 0;
    return rg_cl_check(device->cl->clEnqueueFillBuffer(device->queue, buffer->memory, &zero, sizeof zero,
                                                       buffer->offset, bytes, 0, NULL, NULL),
                       "clEnqueueFillBuffer", base->info.name);
}

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define IN_SHARED(name, ...) [RG_K_##name] = SHARED,
#define IN_WIDE(name, ...) [RG_K_##name] = WIDE,
#define IN_LEARNED(name, ...) [RG_K_##name] = LEARNED,
#define IN_CELL(A, name, ...) [RG_K_rg_##name##_forward] = PROGRAM_##name, [RG_K_rg_##name##_reverse] = PROGRAM_##name,
static const enum program program_of[RG_N_KERNELS] = {RG_SHARED_KERNELS(IN_SHARED) RG_WIDE_KERNELS(IN_WIDE)
                                                          RG_LEARNED_KERNELS(IN_LEARNED) RG_CELLS(IN_CELL, )};

static rg_status create_kernel(struct opencl_device *device, cl_program program, bool many, enum rg_kernel which,
                               size_t items, cl_kernel *kernel) {
    const struct rg_cl *cl = device->cl;
    const char *const name = rg_kernel_signatures[which].name;
    char full[64];
    (void)snprintf(full, sizeof full, "%s%s", name, many ? "_replicas" : "");
    cl_int code = CL_SUCCESS;
    *kernel = cl->clCreateKernel(program, full, &code);
    RG_TRY(rg_cl_check(code, "clCreateKernel", full));
    size_t max = 0;
    RG_TRY(rg_cl_check(
        cl->clGetKernelWorkGroupInfo(*kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof max, &max, NULL),
        "clGetKernelWorkGroupInfo", full));
    if (max < items) {
        return rg_fail(RG_NO_DEVICE, "%s: %s can run %zu items a group, %zu are needed; try --device cpu",
                       device->base.info.name, full, max, items);
    }
    return RG_OK;
}

#define ROOT_OF_CELL(A, name, ...) [PROGRAM_##name] = "programs/" #name ".cl",
static const char *const roots[N_PROGRAMS] = {RG_CELLS(ROOT_OF_CELL, )[SHARED] = "programs/shared.cl",
                                              [WIDE] = "programs/wide.cl", [LEARNED] = "programs/learned.cl"};

static rg_status create_kernels(struct opencl_device *device, bool many, enum program which) {
    const struct rg_cl_program program = {.root = roots[which], .replicas = many};
    const double begin = now();
    RG_TRY(rg_cl_program_build(device->cl, device->context, device->id, &device->base.info, &program,
                               &device->programs[many][which]));
    for (int i = 0; i < RG_N_KERNELS; i++) {
        if (program_of[i] == which) {
            RG_TRY(create_kernel(device, device->programs[many][which], many, (enum rg_kernel)i,
                                 rg_device_items(&device->base), &device->kernels[many][i]));
        }
    }
    device->base.info.build_seconds += now() - begin;
    return RG_OK;
}

/* Build the kernel of a launch for the launch's shape; a scan without the other one of its cell. */
static rg_status create_variant(struct opencl_device *device, bool many, const struct rg_launch *launch,
                                struct variant *v) {
    const bool scan = launch->kernel != RG_K_rg_weight_gradient;
    const bool forward = scan && strstr(rg_kernel_signatures[launch->kernel].name, "_forward") != NULL;
    const struct rg_cl_program program = {.root = scan ? roots[program_of[launch->kernel]] : "programs/gradient.cl",
                                          .replicas = many,
                                          .item_rows = launch->item_rows,
                                          .block_rows = launch->block_rows,
                                          .scan_part = forward ? 1
                                                       : scan  ? 2
                                                               : 0};
    const double begin = now();
    RG_TRY(rg_cl_program_build(device->cl, device->context, device->id, &device->base.info, &program, &v->program));
    RG_TRY(create_kernel(device, v->program, many, launch->kernel, rg_launch_items(&device->base, launch), &v->handle));
    device->base.info.build_seconds += now() - begin;
    return RG_OK;
}

/* The kernel of a launch, built when it is first launched. */
static rg_status find_kernel(struct opencl_device *device, bool many, const struct rg_launch *launch, cl_kernel *out) {
    const enum rg_kernel which = launch->kernel;
    struct variant *v = device->variants;
    if (!launch->item_rows) {
        RG_TRY(device->kernels[many][which] ? RG_OK : create_kernels(device, many, program_of[which]));
        *out = device->kernels[many][which];
        return RG_OK;
    }
    while (v && !(v->kernel == which && v->many == many && v->item_rows == launch->item_rows &&
                  v->block_rows == launch->block_rows)) {
        v = v->next;
    }
    if (!v) {
        RG_TRY(rg_alloc(&v, 1, sizeof *v, "a kernel"));
        *v = (struct variant){.next = device->variants,
                              .kernel = which,
                              .many = many,
                              .item_rows = launch->item_rows,
                              .block_rows = launch->block_rows};
        device->variants = v;
        RG_TRY(create_variant(device, many, launch, v));
    }
    *out = v->handle;
    return RG_OK;
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
    RG_TRY(rg_cl_table_room(device->cl, device->context, device->queue, &device->table, n * where->stride, &rows));
    for (size_t i = 0; i < n; i++) {
        rg_u64 slices[RG_MAX_BUFFERS] = {0};
        RG_TRY(find_slices(launches, &launches[i], slices));
        memcpy(rows + i * where->stride, slices, sizeof slices);
        memcpy(rows + i * where->stride + sizeof slices, launches[i].args, args_bytes);
    }
    RG_TRY(rg_cl_table_put(device->cl, device->queue, &device->table, n * where->stride, &first));
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
    RG_TRY(check_owner(device));
    return rg_cl_check(device->cl->clFlush(device->queue), "clFlush", base->info.name);
}

static rg_status opencl_launch(struct rg_device *base, const struct rg_launch *launches, size_t n) {
    struct opencl_device *device = (struct opencl_device *)base;
    const enum rg_kernel which = launches->kernel;
    const bool many = needs_rows(launches, n);
    RG_TRY(check_owner(device));
    cl_kernel kernel = NULL;
    RG_TRY(find_kernel(device, many, launches, &kernel));
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
    struct rg_wide_product p = *product;
    RG_TRY(check_owner(device));
    p.a_at += a->offset / base->info.real_bytes; /* the library counts from the beginning of the memory object */
    p.b_at += b->offset / base->info.real_bytes;
    p.c_at += c->offset / base->info.real_bytes;
    return rg_clblast_product(device->library, device->queue, &p, a->memory, b->memory, c->memory,
                              base->info.real_bytes == sizeof(double));
}

static rg_status opencl_finish(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    RG_TRY(check_owner(device));
    return rg_cl_check(device->cl->clFinish(device->queue), "clFinish", base->info.name);
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
};

static void release_program(struct opencl_device *device, enum program which) {
    for (int i = 0; i < RG_N_KERNELS; i++) {
        if (program_of[i] == which && device->kernels[0][i]) {
            (void)device->cl->clReleaseKernel(device->kernels[0][i]);
            device->kernels[0][i] = NULL;
        }
    }
    if (device->programs[0][which]) {
        (void)device->cl->clReleaseProgram(device->programs[0][which]);
        device->programs[0][which] = NULL;
    }
}

/* Build the first program of a GPU for one shape after the other until its kernels can run in groups of that size. They
 * take as many registers as the scans do. */
static rg_status climb_down(struct opencl_device *device) {
    const bool is_double = device->base.info.real_bytes == sizeof(double);
    struct rg_device_info *const info = &device->base.info;
    const size_t wanted = rg_device_items(&device->base);
    rg_status status = RG_NO_DEVICE;
    for (size_t i = 0; status == RG_NO_DEVICE && rg_device_rung(i); i++) {
        struct rg_device_shape shape = *rg_device_rung(i);
        release_program(device, SHARED);
        shape.vec = is_double && shape.vec > 1 ? shape.vec / 2 : shape.vec;
        rg_device_set_shape(info, shape);
        status = create_kernels(device, false, SHARED);
    }
    if (status == RG_OK && rg_device_items(&device->base) < wanted) {
        rg_log("%s: the kernels do not run in work-groups of %zu items; smaller groups of %zu are used", info->name,
               wanted, rg_device_items(&device->base));
    }
    return status;
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
    const cl_device_id id = found[index].id;
    struct opencl_device *device = NULL;
    RG_TRY(rg_alloc(&device, 1, sizeof *device, "the OpenCL device"));
    device->base.ops = &opencl_ops;
    device->cl = cl;
    device->owner = getpid();
    struct rg_device_info *info = &device->base.info;
    char problem[RG_DEVICE_PROBLEM], place[24];
    rg_status status = RG_OK;
    cl_int code = CL_SUCCESS;
    rg_cl_place(&found[index], place);
    rg_cl_describe(cl, &found[index], info, problem);
    if (!problem[0]) {
        RG_TRY_GOTO(rg_cl_trial_of(place, info->name, info->version));
        rg_cl_describe(cl, &found[index], info, problem); /* as the trial has found it */
    }
    if (problem[0]) {
        RG_TRY_GOTO(rg_fail(RG_NO_DEVICE, "%s: %s", info->name, problem));
    }
    if (options->is_double && !info->has_double) {
        RG_TRY_GOTO(rg_fail(RG_NO_DEVICE,
                            "%s has no double precision (cl_khr_fp64); use --precision float or --device cpu",
                            info->name));
    }
    RG_TRY_GOTO(rg_device_check_tf32(info, options->tf32));
    info->tf32 = options->tf32;
    if (options->is_double) {
        info->real_bytes = sizeof(double);
        info->vec /= 2;
    }
    if (options->shape.vec) {
        rg_device_set_shape(info, options->shape);
    }
    rg_guard_watch(place, info->name);
    device->context = cl->clCreateContext(NULL, 1, &id, NULL, NULL, &code);
    RG_TRY_GOTO(rg_cl_check(code, "clCreateContext", info->name));
    device->queue = cl->clCreateCommandQueue(device->context, id, 0, &code);
    RG_TRY_GOTO(rg_cl_check(code, "clCreateCommandQueue", info->name));
    device->id = id;
    RG_TRY_GOTO(info->is_gpu && !options->shape.vec && !options->tf32 ? climb_down(device)
                                                                      : create_kernels(device, false, SHARED));
    *out = &device->base;
    return RG_OK;
fail:
    opencl_destroy(&device->base);
    return status;
}
