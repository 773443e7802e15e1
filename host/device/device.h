/* A device: memory, and kernels launched over groups. One small table of operations with two makers, OpenCL and
 * native; everything above it is the same code for both.
 *
 * All commands go into one in-order queue. A launch returns when it is queued; rg_device_finish waits, and so does
 * every read. After a command has failed the device must only be destroyed. Not usable in a child after fork(). */
#ifndef RG_DEVICE_H
#define RG_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/product.h"
#include "kernels.h"
#include "rnn_gpu/status.h"

/* The kernels by number, as kernels.h lists them. */
struct rg_kernel_signature {
    const char *name;
    size_t buffers, args_bytes;
    bool local; /* takes local memory */
};
extern const struct rg_kernel_signature rg_kernel_signatures[RG_N_KERNELS];

/* Products of sweeps and weight gradients in TF32, as RG_TF32 of kernels/prelude.cl. */
enum rg_tf32 {
    RG_TF32_NONE,
    RG_TF32_TENSOR_CORES,
    RG_TF32_EMULATED /* on any OpenCL device, in the shape of a GPU; for tests */
};

struct rg_device_info {
    char name[128];    /* as the vendor calls it */
    char backend[16];  /* "opencl" or "native" */
    char version[128]; /* driver, or instruction set */
    bool is_gpu;
    bool has_double;       /* double precision */
    int units;             /* compute units or threads */
    uint64_t memory_bytes; /* that a plan may use */
    uint64_t max_buffer_bytes;
    size_t max_local_bytes; /* of a group */
    uint64_t cache_bytes;   /* last-level cache of a CPU; 0: a GPU, or unknown */
    size_t real_bytes;      /* of the kernels' numbers: 4, floats, or 8, doubles */
    bool has_tf32;          /* an NVIDIA GPU whose tensor cores take TF32 */
    enum rg_tf32 tf32;      /* in use */
    /* the shape of a work-group, see kernels/prelude.cl */
    int vec, nv, cols, rows;
    /* A step that reads so many bytes of W_hh for one sequence is worth a launch of its own, whose groups share the
     * units out. */
    uint64_t shared_step_bytes;
    double build_seconds; /* making the kernels */
    /* measured by `bench --tune`; 0: the plan decides */
    uint64_t chunk_bytes; /* of the sequences that are worked on at once */
    size_t tile;          /* most sequences of a work-group */
    int library_wins;     /* 1: a library is faster at wide products; -1: the kernels are */
    char library[64];     /* that computes wide products, see rg_device_use_library; "": the kernels do */
};

struct rg_buffer; /* opaque: a cl_mem or host memory */

struct rg_launch {
    enum rg_kernel kernel;
    struct rg_buffer *buffers[RG_MAX_BUFFERS]; /* as many as the kernel takes; NULL where the kernel allows it */
    const void *args;                          /* its argument struct */
    size_t groups[2];
    size_t local_bytes; /* of kernels with local memory */
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
    const char *(*library)(struct rg_device *device); /* what it calls itself; NULL: there is none */
    rg_status (*product)(struct rg_device *device, const struct rg_wide_product *product);
    rg_status (*finish)(struct rg_device *device);
};

struct rg_device {
    const struct rg_device_ops *ops;
    struct rg_device_info info;
    size_t used_bytes; /* in buffers now */
    size_t peak_bytes;
    size_t launches; /* up to now */
};

/* The work-group shape to use instead of the device class's own; zeros for the default. For tests and tuning. */
struct rg_device_shape {
    int vec, nv, cols, rows;
};

/* The shape for GPUs. bench/static_gpu.py reads this line. */
#define RG_GPU_SHAPE \
    { 2, 4, 8, 32 }

struct rg_device_options {
    int threads;    /* of the native device; 0: all processors this process may use */
    bool is_double; /* the kernels' numbers are doubles, not floats */
    enum rg_tf32 tf32;
    struct rg_device_shape shape;
};

/* Open a device: "auto" (a GPU, else any OpenCL device, else native; a device that fails is skipped with a notice),
 * "cpu" or "native" (no OpenCL), "opencl" (any OpenCL device), "gpu", "P:D" (platform and device number as listed),
 * or part of a name. RG_NO_DEVICE says what there is and why each was skipped, or that the device has no doubles or no
 * TF32. */
rg_status rg_device_open(const char *spec, const struct rg_device_options *options, struct rg_device **out);
void rg_device_destroy(struct rg_device *device); /* NULL allowed */

/* One line a device that exists, usable or not. */
struct rg_device_entry {
    char id[24];       /* "P:D", or "cpu" */
    char problem[200]; /* why it cannot be used, or "" */
    struct rg_device_info info;
};
/* *out = array of *count entries, the native device last; free with rg_free. */
rg_status rg_device_list(const struct rg_device_options *options, struct rg_device_entry **out, size_t *count);

/* The operations, with their checks. Bytes and offsets must lie within the buffer. */
rg_status rg_buffer_create(struct rg_device *device, size_t bytes, const char *what, struct rg_buffer **out);
/* out[n]: so many of the same size in one piece of memory, each to be destroyed by itself. */
rg_status rg_buffers_create(struct rg_device *device, size_t n, size_t bytes, const char *what, struct rg_buffer **out);
void rg_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer); /* NULL allowed */
rg_status rg_buffer_write(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from,
                          size_t bytes);
rg_status rg_buffer_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes);
rg_status rg_buffer_zero(struct rg_device *device, struct rg_buffer *buffer);
rg_status rg_device_launch(struct rg_device *device, const struct rg_launch *launch);
/* n launches as one, in no order: of the same kernel, groups and local memory, none writing what another one touches.
 * Their k-th buffers are of the same rg_buffers_create, or all NULL. */
rg_status rg_device_launch_all(struct rg_device *device, const struct rg_launch *launches, size_t n);
rg_status rg_device_finish(struct rg_device *device);

/* From now on wide products are for a library, CLBlast or OpenBLAS, opened now: info.library. RG_NO_DEVICE says which
 * is missing. Then queue one. */
rg_status rg_device_use_library(struct rg_device *device);
rg_status rg_device_product(struct rg_device *device, const struct rg_wide_product *product);

/* Buffers of the kernels' numbers, whose host side is double whatever the precision: a buffer of n of them; n from
 * number `first` on, each rounded if the device's are floats. */
rg_status rg_reals_create(struct rg_device *device, size_t n, const char *what, struct rg_buffer **out);
rg_status rg_reals_write(struct rg_device *device, struct rg_buffer *to, size_t first, const double *from, size_t n);
rg_status rg_reals_write_floats(struct rg_device *device, struct rg_buffer *to, size_t first, const float *from,
                                size_t n);
rg_status rg_reals_read(struct rg_device *device, double *to, struct rg_buffer *from, size_t first, size_t n);

/* What the products are in, where that is not the kernels' numbers: ", products in TF32", or "". */
const char *rg_device_math(const struct rg_device_info *info);

/* Refuse TF32 on a device that lacks it: RG_NO_DEVICE. For the makers. */
rg_status rg_device_check_tf32(const struct rg_device_info *info, enum rg_tf32 wanted);

/* Units of a panel: what padded strides are multiples of. */
size_t rg_device_panel(const struct rg_device *device);
/* Items of a work-group. */
size_t rg_device_items(const struct rg_device *device);

/* Both makers start their buffer with this. */
struct rg_buffer {
    size_t bytes;
};

/* The makers. `index` counts the OpenCL devices over all platforms. */
rg_status rg_native_open(const struct rg_device_options *options, struct rg_device **out);
void rg_native_describe(const struct rg_device_options *options, struct rg_device_info *info);
#ifdef RG_OPENCL
rg_status rg_opencl_open(size_t index, const struct rg_device_options *options, struct rg_device **out);
/* Number of OpenCL devices (0 without a loader or a driver, and *why says so) and what they are. */
size_t rg_opencl_count(const char **why);
void rg_opencl_describe(size_t index, struct rg_device_entry *entry);
#endif

#endif
