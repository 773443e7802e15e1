/* The OpenCL device: one context, one in-order queue, and programs, each built when the first of its kernels is
 * launched. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device/device.h"
#include "device/opencl/clblast.h"
#include "device/opencl/loader.h"
#include "device/opencl/program.h"
#include "device/opencl/table.h"
#include "rnn_gpu/memory.h"

enum { MAX_DEVICES = 64 };
enum { COMPUTE_CAPABILITY_MAJOR = 0x4000, TF32_SINCE = 8 }; /* cl_nv_device_attribute_query */

/* See kernels/all.cl for the parts. */
enum program { SHARED, RNN, LSTM, GRU, WIDE, LEARNED, N_PROGRAMS };

struct opencl_buffer {
    struct rg_buffer base;
    cl_mem memory; /* shared by those that were made together */
    size_t offset; /* where this one begins in it */
};

struct opencl_device {
    struct rg_device base;
    const struct rg_cl *cl;
    pid_t owner; /* a driver's threads do not survive fork() */
    cl_context context;
    cl_command_queue queue;
    cl_device_id id;
    /* of one launch, and of kernels/replicas.cl for many at once */
    cl_program programs[2][N_PROGRAMS];
    cl_kernel kernels[2][RG_N_KERNELS];
    const struct rg_clblast *library; /* NULL: not in use */
    struct rg_cl_table table;
};

struct found_device {
    cl_device_id id;
    unsigned platform, device; /* as in P:D */
};

static size_t find_devices(const struct rg_cl *cl, struct found_device found[MAX_DEVICES]) {
    cl_platform_id platforms[16];
    cl_uint n_platforms = 0;
    size_t count = 0;
    if (cl->clGetPlatformIDs(16, platforms, &n_platforms) != CL_SUCCESS) {
        return 0;
    }
    for (unsigned p = 0; p < n_platforms && p < 16; p++) {
        cl_device_id devices[16];
        cl_uint n = 0;
        if (cl->clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 16, devices, &n) != CL_SUCCESS) {
            continue;
        }
        for (unsigned d = 0; d < n && d < 16 && count < MAX_DEVICES; d++) {
            found[count++] = (struct found_device){devices[d], p, d};
        }
    }
    return count;
}

size_t rg_opencl_count(const char **why) {
    const struct rg_cl *cl = rg_cl_load(why);
    if (!cl) {
        return 0;
    }
    struct found_device found[MAX_DEVICES];
    *why = "the OpenCL loader finds no device: no driver is installed, or it cannot write its cache (XDG_CACHE_HOME)";
    return find_devices(cl, found);
}

static void set_shape(struct rg_device_info *info, struct rg_device_shape shape) {
    info->vec = shape.vec;
    info->nv = shape.nv;
    info->cols = shape.cols;
    info->rows = shape.rows;
}

/* Sizes and names; the problem that makes a device unusable, or "". */
static void describe(const struct rg_cl *cl, cl_device_id id, struct rg_device_info *info, char problem[200]) {
    cl_device_type type = 0;
    cl_uint units = 1, width = 0, capability = 0;
    cl_ulong memory = 0, max_buffer = 0, local = 0, cache = 0;
    cl_device_fp_config fp64 = 0;
    cl_bool available = CL_FALSE, compiler = CL_FALSE, little = CL_FALSE;
    char name[256] = "", driver[256] = "", version[256] = "";
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof max_buffer, &max_buffer, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof fp64, &fp64, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_ENDIAN_LITTLE, sizeof little, &little, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DRIVER_VERSION, sizeof driver - 1, driver, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    (void)cl->clGetDeviceInfo(id, COMPUTE_CAPABILITY_MAJOR, sizeof capability, &capability, NULL);
    memset(info, 0, sizeof *info);
    (void)snprintf(info->name, sizeof info->name, "%.127s", name);
    (void)snprintf(info->backend, sizeof info->backend, "opencl");
    (void)snprintf(info->version, sizeof info->version, "driver %.40s, %.70s", driver, version);
    info->is_gpu = (type & CL_DEVICE_TYPE_GPU) != 0;
    info->has_double = fp64 != 0;
    info->has_tf32 = capability >= TF32_SINCE;
    info->real_bytes = sizeof(float);
    info->units = (int)units;
    info->memory_bytes = memory;
    info->max_buffer_bytes = max_buffer;
    info->max_local_bytes = (size_t)local;
    info->cache_bytes = info->is_gpu ? 0 : cache;
    info->shared_step_bytes = (uint64_t)(info->is_gpu ? 1 : 8) << 20; /* a launch costs PoCL some 20 us */
    if (info->is_gpu) {
        set_shape(info, (struct rg_device_shape)RG_GPU_SHAPE);
    } else {
        info->vec = width >= 16 ? 16 : width >= 8 ? 8 : 4;
        info->nv = width >= 16 ? 2 : 1;
        info->cols = info->rows = 1;
    }
    (void)snprintf(problem, 200, "%s",
                   !available  ? "the driver says it is not available"
                   : !compiler ? "it has no compiler for OpenCL C"
                   : !little   ? "it is big-endian"
                               : "");
}

void rg_opencl_describe(size_t index, struct rg_device_entry *entry) {
    const struct rg_cl *cl = rg_cl_load(NULL);
    struct found_device found[MAX_DEVICES];
    memset(entry, 0, sizeof *entry);
    if (cl && index < find_devices(cl, found)) {
        describe(cl, found[index].id, &entry->info, entry->problem);
        (void)snprintf(entry->id, sizeof entry->id, "%u:%u", found[index].platform, found[index].device);
    }
}

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
    rg_cl_table_release(cl, &device->table);
    if (device->queue) {
        (void)cl->clReleaseCommandQueue(device->queue);
    }
    if (device->context) {
        (void)cl->clReleaseContext(device->context);
    }
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

static enum program program_of(enum rg_kernel kernel) {
    switch (kernel) {
    case RG_K_rg_rnn_forward:
    case RG_K_rg_rnn_reverse:
        return RNN;
    case RG_K_rg_lstm_forward:
    case RG_K_rg_lstm_reverse:
        return LSTM;
    case RG_K_rg_gru_forward:
    case RG_K_rg_gru_reverse:
        return GRU;
    case RG_K_rg_product:
    case RG_K_rg_wide_loss:
        return WIDE;
    default:
        return kernel < RG_FIRST_LEARNED ? SHARED : LEARNED;
    }
}

static rg_status create_kernel(struct opencl_device *device, bool many, enum rg_kernel which) {
    const struct rg_cl *cl = device->cl;
    const char *const name = rg_kernel_signatures[which].name;
    cl_kernel *const kernel = &device->kernels[many][which];
    const size_t items = rg_device_items(&device->base);
    char full[64];
    (void)snprintf(full, sizeof full, "%s%s", name, many ? "_replicas" : "");
    cl_int code = CL_SUCCESS;
    *kernel = cl->clCreateKernel(device->programs[many][program_of(which)], full, &code);
    RG_TRY(rg_cl_check(code, "clCreateKernel", full));
    size_t most = 0;
    RG_TRY(rg_cl_check(
        cl->clGetKernelWorkGroupInfo(*kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof most, &most, NULL),
        "clGetKernelWorkGroupInfo", full));
    if (most < items) {
        return rg_fail(RG_NO_DEVICE, "%s: %s can run %zu items a group, %zu are needed; try --device cpu",
                       device->base.info.name, full, most, items);
    }
    return RG_OK;
}

static rg_status create_kernels(struct opencl_device *device, bool many, enum program which) {
    static const struct {
        const char *root;
        int part;
    } programs[] = {
        [SHARED] = {"all.cl", 1}, [RNN] = {"all.cl", 2},  [LSTM] = {"all.cl", 3},
        [GRU] = {"all.cl", 4},    [WIDE] = {"all.cl", 5}, [LEARNED] = {"learned.cl", 0},
    };
    const struct rg_cl_program program = {programs[which].root, programs[which].part, many};
    const double begin = now();
    RG_TRY(rg_cl_program_build(device->cl, device->context, device->id, &device->base.info, &program,
                               &device->programs[many][which]));
    for (int i = 0; i < RG_N_KERNELS; i++) {
        if (program_of((enum rg_kernel)i) == which) {
            RG_TRY(create_kernel(device, many, (enum rg_kernel)i));
        }
    }
    device->base.info.build_seconds += now() - begin;
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
            return rg_fail(RG_ERROR, "%s: launches made one have buffers that were made apart",
                           rg_kernel_signatures[launch->kernel].name);
        }
        slices[i] = own ? own->offset : RG_NO_BUFFER;
    }
    return RG_OK;
}

/* The launches' rows; *where = the argument that says where they are. */
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

/* One launch whose buffers begin where their memory does takes the plain kernel. */
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

static rg_status opencl_launch(struct rg_device *base, const struct rg_launch *launches, size_t n) {
    struct opencl_device *device = (struct opencl_device *)base;
    const enum rg_kernel which = launches->kernel;
    const bool many = needs_rows(launches, n);
    RG_TRY(check_owner(device));
    if (!device->kernels[many][which]) {
        RG_TRY(create_kernels(device, many, program_of(which)));
    }
    const cl_kernel kernel = device->kernels[many][which];
    RG_TRY(set_arguments(device, kernel, launches, n, many));
    const size_t local[3] = {(size_t)base->info.cols, (size_t)base->info.rows, 1};
    const size_t global[3] = {launches->groups[0] * local[0], launches->groups[1] * local[1], n};
    return rg_cl_check(
        device->cl->clEnqueueNDRangeKernel(device->queue, kernel, many ? 3 : 2, NULL, global, local, 0, NULL, NULL),
        "clEnqueueNDRangeKernel", rg_kernel_signatures[which].name);
}

static const char *opencl_library(struct rg_device *base) {
    struct opencl_device *device = (struct opencl_device *)base;
    device->library = rg_clblast_load();
    return device->library ? "CLBlast" : NULL;
}

static rg_status opencl_product(struct rg_device *base, const struct rg_wide_product *p) {
    struct opencl_device *device = (struct opencl_device *)base;
    RG_TRY(check_owner(device));
    return rg_clblast_product(device->library, device->queue, p, ((struct opencl_buffer *)p->a)->memory,
                              ((struct opencl_buffer *)p->b)->memory, ((struct opencl_buffer *)p->c)->memory,
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
    .finish = opencl_finish,
};

rg_status rg_opencl_open(size_t index, const struct rg_device_options *options, struct rg_device **out) {
    *out = NULL;
    const char *why = "";
    const struct rg_cl *cl = rg_cl_load(&why);
    if (!cl) {
        return rg_fail(RG_NO_DEVICE, "%s", why);
    }
    struct found_device found[MAX_DEVICES];
    if (index >= find_devices(cl, found)) {
        return rg_fail(RG_NO_DEVICE, "there is no OpenCL device number %zu", index);
    }
    const cl_device_id id = found[index].id;
    struct opencl_device *device = NULL;
    RG_TRY(rg_alloc(&device, 1, sizeof *device, "the OpenCL device"));
    device->base.ops = &opencl_ops;
    device->cl = cl;
    device->owner = getpid();
    struct rg_device_info *info = &device->base.info;
    char problem[200];
    rg_status status = RG_OK;
    cl_int code = CL_SUCCESS;
    describe(cl, id, info, problem);
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
        set_shape(info, options->shape);
    }
    device->context = cl->clCreateContext(NULL, 1, &id, NULL, NULL, &code);
    RG_TRY_GOTO(rg_cl_check(code, "clCreateContext", info->name));
    device->queue = cl->clCreateCommandQueue(device->context, id, 0, &code);
    RG_TRY_GOTO(rg_cl_check(code, "clCreateCommandQueue", info->name));
    device->id = id;
    RG_TRY_GOTO(create_kernels(device, false, SHARED));
    *out = &device->base;
    return RG_OK;
fail:
    opencl_destroy(&device->base);
    return status;
}
