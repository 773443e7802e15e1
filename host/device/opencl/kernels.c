/* The kernels of an OpenCL device: see kernels.h. */
#define _GNU_SOURCE
#include "device/opencl/kernels.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "device/opencl/program.h"
#include "rnn_gpu/memory.h"

/* A kernel built for groups of another shape than the device's. */
struct rg_cl_variant {
    struct rg_cl_variant *next;
    enum rg_kernel kernel;
    bool many;
    int item_rows, block_rows;
    cl_program program;
    cl_kernel handle;
};

#define IN_SHARED(name, ...) [RG_K_##name] = RG_CL_SHARED,
#define IN_WIDE(name, ...) [RG_K_##name] = RG_CL_WIDE,
#define IN_LEARNED(name, ...) [RG_K_##name] = RG_CL_LEARNED,
#define IN_CELL(A, name, ...) \
    [RG_K_rg_##name##_forward] = RG_CL_PROGRAM_##name, [RG_K_rg_##name##_reverse] = RG_CL_PROGRAM_##name,
static const enum rg_cl_program_number program_of[RG_N_KERNELS] = {
    RG_SHARED_KERNELS(IN_SHARED) RG_WIDE_KERNELS(IN_WIDE) RG_LEARNED_KERNELS(IN_LEARNED) RG_CELLS(IN_CELL, )};

#define ROOT_OF_CELL(A, name, ...) [RG_CL_PROGRAM_##name] = "programs/" #name ".cl",
static const char *const roots[RG_CL_N_PROGRAMS] = {
    RG_CELLS(ROOT_OF_CELL, )[RG_CL_SHARED] = "programs/shared.cl", [RG_CL_WIDE] = "programs/wide.cl",
    [RG_CL_LEARNED] = "programs/learned.cl"};

static void release_one(const struct rg_cl *cl, cl_program *program, cl_kernel *kernel) {
    if (kernel && *kernel) {
        (void)cl->clReleaseKernel(*kernel);
        *kernel = NULL;
    }
    if (program && *program) {
        (void)cl->clReleaseProgram(*program);
        *program = NULL;
    }
}

/* Release a program and its kernels. */
static void release_program(struct rg_cl_kernels *k, bool many, enum rg_cl_program_number which) {
    for (int i = 0; i < RG_N_KERNELS; i++) {
        if (program_of[i] == which) {
            release_one(k->target.cl, NULL, &k->kernels[many][i]);
        }
    }
    release_one(k->target.cl, &k->programs[many][which], NULL);
}

void rg_cl_kernels_release(struct rg_cl_kernels *k) {
    for (int i = 0; i < RG_CL_N_PROGRAMS; i++) {
        release_program(k, false, (enum rg_cl_program_number)i);
        release_program(k, true, (enum rg_cl_program_number)i);
    }
    for (struct rg_cl_variant *v = k->variants; v; v = v->next) {
        release_one(k->target.cl, &v->program, &v->handle);
    }
    rg_cl_kernels_forget(k);
}

void rg_cl_kernels_forget(struct rg_cl_kernels *k) {
    while (k->variants) {
        struct rg_cl_variant *const v = k->variants;
        k->variants = v->next;
        rg_free(v);
    }
}

static rg_status create_kernel(const struct rg_cl_kernels *k, cl_program program, bool many, enum rg_kernel which,
                               size_t items, cl_kernel *kernel) {
    const struct rg_cl *cl = k->target.cl;
    const char *const name = rg_kernel_signatures[which].name;
    char full[64];
    (void)snprintf(full, sizeof full, "%s%s", name, many ? "_replicas" : "");
    cl_int code = CL_SUCCESS;
    *kernel = cl->clCreateKernel(program, full, &code);
    RG_TRY(rg_cl_check(code, "clCreateKernel", full));
    size_t max = 0;
    RG_TRY(rg_cl_check(
        cl->clGetKernelWorkGroupInfo(*kernel, k->target.id, CL_KERNEL_WORK_GROUP_SIZE, sizeof max, &max, NULL),
        "clGetKernelWorkGroupInfo", full));
    if (max < items) {
        return rg_fail(RG_NO_DEVICE, "%s: %s can run %zu items a group, %zu are needed; try --device cpu",
                       k->device->info.name, full, max, items);
    }
    return RG_OK;
}

static rg_status build_kernels(struct rg_cl_kernels *k, bool many, enum rg_cl_program_number which) {
    const struct rg_cl_program program = {.root = roots[which], .replicas = many};
    const double begin = rg_seconds();
    RG_TRY(rg_cl_program_build(&k->target, &k->device->info, &program, &k->programs[many][which]));
    for (int i = 0; i < RG_N_KERNELS; i++) {
        if (program_of[i] == which) {
            RG_TRY(create_kernel(k, k->programs[many][which], many, (enum rg_kernel)i, rg_device_items(k->device),
                                 &k->kernels[many][i]));
        }
    }
    k->device->info.build_seconds += rg_seconds() - begin;
    return RG_OK;
}

/* Create the program and all its kernels, or nothing: a kernel that exists is one that can be launched. */
static rg_status create_kernels(struct rg_cl_kernels *k, bool many, enum rg_cl_program_number which) {
    const rg_status status = build_kernels(k, many, which);
    if (status != RG_OK) {
        release_program(k, many, which);
    }
    return status;
}

/* Build the kernel of a launch for the launch's shape; a scan without the other one of its cell. */
static rg_status build_variant(struct rg_cl_kernels *k, bool many, const struct rg_launch *launch,
                               struct rg_cl_variant *v) {
    const bool scan = launch->kernel != RG_K_rg_weight_gradient;
    const bool forward = scan && strstr(rg_kernel_signatures[launch->kernel].name, "_forward") != NULL;
    const struct rg_cl_program program = {.root = scan ? roots[program_of[launch->kernel]] : "programs/gradient.cl",
                                          .replicas = many,
                                          .item_rows = launch->item_rows,
                                          .block_rows = launch->block_rows,
                                          .scan_part = forward ? RG_FORWARD_PART
                                                       : scan  ? RG_REVERSE_PART
                                                               : 0};
    const double begin = rg_seconds();
    RG_TRY(rg_cl_program_build(&k->target, &k->device->info, &program, &v->program));
    RG_TRY(create_kernel(k, v->program, many, launch->kernel, rg_launch_items(k->device, launch), &v->handle));
    k->device->info.build_seconds += rg_seconds() - begin;
    return RG_OK;
}

/* Add it to the list. A variant that cannot be built leaves nothing behind. */
static rg_status create_variant(struct rg_cl_kernels *k, bool many, const struct rg_launch *launch,
                                struct rg_cl_variant **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "a kernel"));
    struct rg_cl_variant *const v = *out;
    *v = (struct rg_cl_variant){.next = k->variants,
                                .kernel = launch->kernel,
                                .many = many,
                                .item_rows = launch->item_rows,
                                .block_rows = launch->block_rows};
    const rg_status status = build_variant(k, many, launch, v);
    if (status == RG_OK) {
        k->variants = v;
    } else {
        release_one(k->target.cl, &v->program, &v->handle);
        rg_free(v);
    }
    return status;
}

rg_status rg_cl_kernels_find(struct rg_cl_kernels *k, bool many, const struct rg_launch *launch, cl_kernel *out) {
    const enum rg_kernel which = launch->kernel;
    struct rg_cl_variant *v = k->variants;
    if (!launch->item_rows) {
        RG_TRY(k->kernels[many][which] ? RG_OK : create_kernels(k, many, program_of[which]));
        *out = k->kernels[many][which];
        return RG_OK;
    }
    while (v && !(v->kernel == which && v->many == many && v->item_rows == launch->item_rows &&
                  v->block_rows == launch->block_rows)) {
        v = v->next;
    }
    RG_TRY(v ? RG_OK : create_variant(k, many, launch, &v));
    *out = v->handle;
    return RG_OK;
}

/* ---- The ladder ---- */

/* The shape of the present rung, for the device's numbers. */
static void take_rung(struct rg_cl_kernels *k) {
    struct rg_device_shape shape = *rg_device_rung(k->rung);
    const bool is_double = k->device->info.real_bytes == sizeof(double);
    rg_cl_kernels_release(k);
    shape.vec = is_double && shape.vec > 1 ? shape.vec / 2 : shape.vec;
    rg_device_set_shape(&k->device->info, shape);
}

rg_status rg_cl_kernels_open(struct rg_cl_kernels *k) {
    if (!k->has_ladder) {
        return create_kernels(k, false, RG_CL_SHARED);
    }
    take_rung(k);
    rg_status status = create_kernels(k, false, RG_CL_SHARED);
    while (status == RG_NO_DEVICE && rg_device_rung(k->rung + 1)) {
        k->rung++;
        take_rung(k);
        status = create_kernels(k, false, RG_CL_SHARED);
    }
    return status;
}

static uint64_t kernel_size(const struct rg_cl_kernels *k, cl_kernel kernel, cl_kernel_work_group_info what) {
    cl_ulong bytes = 0;
    return k->target.cl->clGetKernelWorkGroupInfo(kernel, k->target.id, what, sizeof bytes, &bytes, NULL) == CL_SUCCESS
               ? bytes
               : 0;
}

/* All arrays of a scan become registers, so private memory means that the compiler spilled some. Some drivers report
 * private memory for every kernel; that of rg_fill, which has few variables, is subtracted. */
rg_status rg_cl_kernels_try(struct rg_cl_kernels *k, const struct rg_launch *launch) {
    enum { MAX_SPILLED = 256 };
    const char *const name = rg_kernel_signatures[launch->kernel].name;
    const struct rg_device_info *const info = &k->device->info;
    cl_kernel kernel = NULL;
    if (!k->has_ladder) {
        return RG_OK;
    }
    RG_TRY(rg_cl_kernels_find(k, false, launch, &kernel));
    if (rg_kernel_signatures[launch->kernel].local) { /* else what an earlier launch has set would count */
        const cl_uint at = (cl_uint)rg_kernel_signatures[launch->kernel].buffers + 1;
        RG_TRY(
            rg_cl_check(k->target.cl->clSetKernelArg(kernel, at, launch->local_bytes, NULL), "clSetKernelArg", name));
    }
    const uint64_t own = kernel_size(k, kernel, CL_KERNEL_PRIVATE_MEM_SIZE),
                   min = kernel_size(k, k->kernels[0][RG_K_rg_fill], CL_KERNEL_PRIVATE_MEM_SIZE);
    const uint64_t spilled = own > min ? own - min : 0, all = kernel_size(k, kernel, CL_KERNEL_LOCAL_MEM_SIZE),
                   local = all > launch->local_bytes ? all : launch->local_bytes;
    if (local > info->max_local_bytes) {
        return rg_fail(RG_NO_DEVICE, "%s: %s needs %llu bytes of local memory, there are %zu; try --device cpu",
                       info->name, name, (unsigned long long)local, info->max_local_bytes);
    }
    if (spilled <= MAX_SPILLED || k->allows_spills) {
        return RG_OK;
    }
    k->spills = true;
    return rg_fail(RG_NO_DEVICE, "%s: %s spills %llu bytes of registers an item; try --device cpu", info->name, name,
                   (unsigned long long)spilled);
}

/* Where every shape spills, the first one that runs is the fastest. */
bool rg_cl_kernels_descend(struct rg_cl_kernels *k) {
    if (!k->has_ladder) {
        return false;
    }
    if (rg_device_rung(k->rung + 1)) {
        k->rung++;
        if (rg_cl_kernels_open(k) == RG_OK) {
            return true;
        }
    }
    if (!k->spills || k->allows_spills) {
        return false;
    }
    k->allows_spills = true;
    k->rung = 0;
    return rg_cl_kernels_open(k) == RG_OK;
}
