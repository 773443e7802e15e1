/* A device: memory, and kernels launched over work-groups. A small table of operations has two implementations, OpenCL
 * and native. All code above is the same for both.
 *
 * A device executes its commands one after the other, in the order in which they come. A launch returns as soon as it
 * is queued. rg_device_finish and reads wait for all commands before them. After a command has failed, the device may
 * only be renewed or destroyed.
 *
 * Only the process that opened a device can use it. A child after fork() has neither the driver's threads nor those of
 * the native device: there operations fail with RG_ERROR, and destroying only frees memory. */
#ifndef RG_DEVICE_H
#define RG_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "device/product.h"
#include "kernels/kernels.h"
#include "rnn_gpu/status.h"

/* The kernels by number, as kernels.h lists them. */
struct rg_kernel_signature {
    const char *name;
    size_t buffers, args_bytes;
    bool local; /* takes local memory */
};
extern const struct rg_kernel_signature rg_kernel_signatures[RG_N_KERNELS];

/* How scans and weight gradients multiply in TF32; values of RG_TF32 in kernels/base/prelude.cl. */
enum rg_tf32 {
    RG_TF32_NONE,
    RG_TF32_TENSOR_CORES,
    RG_TF32_EMULATED /* for tests: on any OpenCL device, in the shape of a GPU */
};

struct rg_device_info {
    char name[128];    /* as the vendor calls it */
    char backend[16];  /* "opencl" or "native" */
    char version[128]; /* driver, or instruction set */
    char platform[64]; /* OpenCL: who makes the driver */
    char choice[200];  /* why `auto` took it, of several; else "" */
    bool is_gpu;
    bool is_unified;          /* it shares the processor's memory */
    bool is_accelerator;      /* neither a GPU nor a processor */
    bool has_double;          /* double precision */
    bool has_prefetch;        /* OpenCL: the kernels' compiler takes __builtin_prefetch */
    bool has_fma;             /* OpenCL: an instruction for fma() of floats */
    bool subnormals_are_zero; /* kernels may take subnormal numbers as zeros: see base/subnormals.h */
    int units;                /* compute units or threads */
    uint64_t memory_bytes;    /* that there are */
    uint64_t budget_bytes;    /* a plan may use so many, see rg_device_budget; 0: nine tenths of memory_bytes */
    uint64_t max_buffer_bytes;
    size_t max_local_bytes; /* local memory of a work-group */
    uint64_t cache_bytes;   /* last-level cache of a CPU; 0: a GPU, or unknown */
    size_t real_bytes;      /* bytes of a kernel's number: 4 (float) or 8 (double) */
    bool has_tf32;          /* an NVIDIA GPU whose tensor cores take TF32 */
    enum rg_tf32 tf32;      /* how this device multiplies */
    /* the shape of a work-group, see kernels/base/prelude.cl */
    int vec, nv, cols, rows;
    /* A step of a few sequences gets a launch of its own, whose work-groups share the units, if it reads at least so
     * many bytes of W_hh. On a GPU each tile that reads them counts. */
    uint64_t shared_step_bytes;
    /* No launch is to take longer, because a screen waits for it or a watchdog ends it; 0: there is no limit. */
    double launch_seconds;
    double build_seconds; /* time to build the kernels */
    /* measured by `bench --tune`; 0: the plan decides */
    uint64_t chunk_bytes; /* bytes of the sequences in a chunk */
    size_t tile;          /* most sequences of a work-group */
    int library_wins;     /* 1: a library is faster at wide products; -1: the kernels are */
    int native_loses; /* 1: an update takes less time than on the native device; -1: it takes more (train/contest.h) */
    char library[64]; /* that computes wide products, see rg_device_use_library; "": the kernels do */
};

struct rg_buffer; /* opaque: a cl_mem or host memory */

struct rg_launch {
    enum rg_kernel kernel;
    struct rg_buffer *buffers[RG_MAX_BUFFERS]; /* as many as the kernel takes; NULL where it allows that */
    const void *args;                          /* the kernel's argument struct */
    size_t groups[2];
    size_t local_bytes; /* local memory, for kernels that take it */
    /* 0: the kernel as the device has it. Else it is built for groups of so many item rows, and a scan's blocks have so
     * many rows. Only for scans without a learned skip and weight gradients, on devices with several item rows. */
    int item_rows, block_rows;
};

struct rg_device;

struct rg_device_ops {
    void (*destroy)(struct rg_device *device);
    rg_status (*buffers_create)(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out);
    void (*buffer_destroy)(struct rg_device *device, struct rg_buffer *buffer);
    rg_status (*write)(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from, size_t bytes);
    rg_status (*read)(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes);
    rg_status (*zero)(struct rg_device *device, struct rg_buffer *buffer, size_t bytes);
    rg_status (*launch)(struct rg_device *device, const struct rg_launch *launches, size_t n);
    const char *(*library)(struct rg_device *device); /* name of the BLAS library in use, or NULL */
    rg_status (*product)(struct rg_device *device, const struct rg_wide_product *product);
    rg_status (*flush)(struct rg_device *device); /* NULL: nothing waits to be sent */
    rg_status (*finish)(struct rg_device *device);
    /* NULL: a failed command does no lasting harm; every kernel runs; there is one shape of work-groups */
    rg_status (*renew)(struct rg_device *device);
    rg_status (*try_kernel)(struct rg_device *device, const struct rg_launch *launch);
    bool (*descend)(struct rg_device *device);
};

struct rg_device {
    const struct rg_device_ops *ops;
    pid_t owner; /* the process that may use it; 0: any, for a device that uses another one */
    struct rg_device_info info;
    size_t used_bytes; /* in all buffers now */
    size_t peak_bytes;
    size_t launches; /* so far */
    bool is_starved; /* its driver had no memory for a buffer; the engine clears it before it tries */
};

/* A work-group shape that replaces the default of the device class; zeros keep it. For tests and tuning. */
struct rg_device_shape {
    int vec, nv, cols, rows;
};

/* The shape for GPUs. bench/static_gpu.py reads this line. */
#define RG_GPU_SHAPE \
    { 2, 4, 8, 32 }

struct rg_device_options {
    int threads;    /* on a processor, natively or by OpenCL; 0: all that this process may use */
    bool is_double; /* the kernels' numbers are doubles, not floats */
    enum rg_tf32 tf32;
    struct rg_device_shape shape;
    double launch_seconds; /* longest launch; INFINITY: no limit; 0: the device's own limit */
    bool of_environment;   /* RNN_GPU_DEVICE named the device, not --device; for messages */
};

/* Longest launches, in seconds. The short one is for a GPU that shows a screen or shares the processor's memory, and
 * for a processor, which takes an interrupt only between launches. The long one is for other GPUs. */
#define RG_SHORT_LAUNCH 0.1
#define RG_LONG_LAUNCH 0.5

/* Open a device: "auto" (the best OpenCL device as rank.h ranks them, else native; a device that fails is skipped with
 * a notice), "cpu" or "native" (no OpenCL), "opencl" (the best OpenCL device), "gpu" (the best GPU), "P:D" (platform
 * and device number as listed), or part of a name. RG_NO_DEVICE says what there is and why each was skipped, or that
 * the device has no doubles or no TF32. */
rg_status rg_device_open(const char *spec, const struct rg_device_options *options, struct rg_device **out);
void rg_device_destroy(struct rg_device *device); /* NULL allowed */
/* Whether this process may use the device; RG_ERROR if it is a child of the one that opened it. */
bool rg_device_is_own(const struct rg_device *device);
rg_status rg_device_check_owner(const struct rg_device *device);
/* Make the device usable again after a command has failed, if it has no buffers; else it stays as it is. */
rg_status rg_device_renew(struct rg_device *device);
/* Build the kernel of a launch. RG_NO_DEVICE if it cannot run in groups of that size, or would run slowly because it
 * spills registers. */
rg_status rg_device_try(struct rg_device *device, const struct rg_launch *launch);
/* Whether the device has taken a smaller shape of work-groups. A plan for the shape before it is then void. False for a
 * device that has buffers, which are laid out for their shape. */
bool rg_device_descend(struct rg_device *device);
/* Bytes that a plan may use unless --memory says otherwise. */
uint64_t rg_device_budget(const struct rg_device_info *info);

enum { RG_DEVICE_PROBLEM = 440 };

/* A device that exists, usable or not. */
struct rg_device_entry {
    char id[24];                     /* "P:D", or "cpu" */
    char problem[RG_DEVICE_PROBLEM]; /* why it cannot be used, or "" */
    struct rg_device_info info;
};
/* *out = array of *count entries, the native device last; free with rg_free. */
rg_status rg_device_list(const struct rg_device_options *options, struct rg_device_entry **out, size_t *count);

/* The operations, with their checks. Bytes and offsets must lie within the buffer. */
rg_status rg_buffer_create(struct rg_device *device, size_t bytes, const char *what, struct rg_buffer **out);
/* out[n] = n buffers of the same size in one piece of memory. Destroy each by itself. */
rg_status rg_buffers_create(struct rg_device *device, size_t n, size_t bytes, const char *what, struct rg_buffer **out);
void rg_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer); /* NULL allowed */
/* When it returns, the bytes have been copied, so the caller may change them. */
rg_status rg_buffer_write(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from,
                          size_t bytes);
rg_status rg_buffer_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes);
rg_status rg_buffer_zero(struct rg_device *device, struct rg_buffer *buffer);
rg_status rg_device_launch(struct rg_device *device, const struct rg_launch *launch);
/* n launches as one, in any order. They have the same kernel, shape, groups and local memory, and none writes what
 * another one reads or writes. Their k-th buffers come from one call of rg_buffers_create, or are all NULL. */
rg_status rg_device_launch_all(struct rg_device *device, const struct rg_launch *launches, size_t n);
rg_status rg_device_finish(struct rg_device *device);
/* Send what is queued to the device. */
rg_status rg_device_flush(struct rg_device *device);
/* Flush, and sleep for most of the seconds that what is queued will take: while a GPU's driver waits, it may keep a
 * core busy. Wait then. */
rg_status rg_device_sleep(struct rg_device *device, double seconds);

/* Open a BLAS library for wide products, CLBlast or OpenBLAS; info.library names it. RG_NO_DEVICE says which is
 * missing. rg_device_product then queues a product. */
rg_status rg_device_use_library(struct rg_device *device);
rg_status rg_device_product(struct rg_device *device, const struct rg_wide_product *product);

/* Buffers of the kernels' numbers. On the host they are doubles in either precision; writing rounds them if the
 * device's are floats. `first` and n count numbers. */
rg_status rg_reals_create(struct rg_device *device, size_t n, const char *what, struct rg_buffer **out);
rg_status rg_reals_write(struct rg_device *device, struct rg_buffer *to, size_t first, const double *from, size_t n);
rg_status rg_reals_write_floats(struct rg_device *device, struct rg_buffer *to, size_t first, const float *from,
                                size_t n);
rg_status rg_reals_read(struct rg_device *device, double *to, struct rg_buffer *from, size_t first, size_t n);

/* ", products in TF32" if the device multiplies in TF32, else "". */
const char *rg_device_math(const struct rg_device_info *info);

/* RG_NO_DEVICE if TF32 is wanted and the device lacks it. For the implementations. */
rg_status rg_device_check_tf32(const struct rg_device_info *info, enum rg_tf32 wanted);

/* The shape that "NV,VEC,COLS,ROWS" names; RG_USAGE lists those that there are. */
rg_status rg_device_shape_read(const char *text, struct rg_device_shape *out);
/* The shapes that a GPU is tried with, one after the other, until its driver can run the kernels; NULL: no more. */
const struct rg_device_shape *rg_device_rung(size_t i);

/* Set the shape. Set what the planner needs to know of any GPU: the usual shape, and shared_step_bytes. */
void rg_device_set_shape(struct rg_device_info *info, struct rg_device_shape shape);
void rg_device_set_gpu(struct rg_device_info *info);

/* Units of a panel; n hidden units rounded up to what their row takes, Hp of kernels/base/args.h. */
size_t rg_device_panel(const struct rg_device *device);
size_t rg_device_units(const struct rg_device *device, size_t n);
bool rg_device_is_roomy(const struct rg_device_info *info); /* RG_IS_ROOMY of kernels/base/args.h */
/* Work-groups for each compute unit, where work may be cut into any number of them: enough that a late group has little
 * left to do. */
enum { RG_GROUPS_A_UNIT = 4 };
/* Work-groups of an elementwise kernel for n numbers or rows: enough that a group has at most `per_group` of them, as
 * far as they keep all compute units busy. */
size_t rg_device_groups(const struct rg_device *device, size_t n, size_t per_group);
/* Items of a work-group; of a launch. */
size_t rg_device_items(const struct rg_device *device);
size_t rg_launch_items(const struct rg_device *device, const struct rg_launch *launch);

/* Both implementations begin their buffer with this struct. */
struct rg_buffer {
    size_t bytes;
};

/* The implementations. `index` counts the OpenCL devices of all platforms. */
rg_status rg_native_open(const struct rg_device_options *options, struct rg_device **out);
void rg_native_describe(const struct rg_device_options *options, struct rg_device_info *info);
#ifdef RG_OPENCL
rg_status rg_opencl_open(size_t index, const struct rg_device_options *options, struct rg_device **out);
/* Try each driver in a child process, once a version (opencl/trial.h). Call it before any other OpenCL function. RG_OK,
 * or the status of rg_stop_check. */
rg_status rg_opencl_try(void);
/* In that child: try all but the places of a list such as "0,1:0", and print what is tried and what went well. */
rg_status rg_opencl_trial(const char *without);
/* Number of OpenCL devices; 0 without a loader or a driver, and *why says so. */
size_t rg_opencl_count(const char **why);
void rg_opencl_describe(size_t index, struct rg_device_entry *entry);
#endif

#endif
