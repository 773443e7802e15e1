/* An OpenCL made up for tests. It stands where the loader library does: this file defines dlopen and dlsym, so the
 * OpenCL device of this process gets its functions from here. It has one platform and some devices. A test decides all
 * their answers and can let any call fail. Calls are listed; objects are counted until they are released. */
#ifndef RG_TEST_MADE_UP_OPENCL_H
#define RG_TEST_MADE_UP_OPENCL_H

#include <CL/cl.h>
#include <string.h>

#include "expected.h"

enum { MADE_UP_DEVICES = 3, MADE_UP_BYTES = 1 << 20, MADE_UP_CALLS = 512 };

/* What a device answers. */
struct made_up_device {
    cl_device_type type;
    cl_uint units, width, capability, slices, sub_slices, address_bits;
    cl_ulong memory, max_buffer, local, cache;
    cl_device_fp_config fp32, fp64;
    cl_bool unified, watched, available, compiler, little;
    cl_device_local_mem_type local_type;
    size_t arguments, free_kib;
    const char *name, *version, *driver, *profile, *extensions;
};

#define GIB ((cl_ulong)1 << 30)

/* A processor that lacks nothing; a test changes what it is about. */
static const struct made_up_device processor = {.type = CL_DEVICE_TYPE_CPU,
                                                .units = 8,
                                                .width = 8,
                                                .address_bits = 64,
                                                .memory = 16 * GIB,
                                                .max_buffer = 4 * GIB,
                                                .local = 1 << 18,
                                                .cache = 1 << 24,
                                                .fp32 = CL_FP_DENORM,
                                                .fp64 = CL_FP_FMA,
                                                .unified = CL_TRUE,
                                                .available = CL_TRUE,
                                                .compiler = CL_TRUE,
                                                .little = CL_TRUE,
                                                .local_type = CL_GLOBAL,
                                                .arguments = 4096,
                                                .name = "A processor",
                                                .version = "OpenCL 3.0",
                                                .driver = "7.1",
                                                .profile = "FULL_PROFILE",
                                                .extensions = ""};

static struct made_up {
    struct made_up_device devices[MADE_UP_DEVICES];
    cl_uint n_devices;
    const char *platform;
    size_t max_items;                                          /* of a work-group of any kernel */
    cl_ulong private_bytes, private_of_fill, local_of_kernels; /* what a kernel is said to use */
    cl_int build_code;                                         /* of clBuildProgram */
    const char *build_log;
    bool is_whole;                       /* no device can be partitioned */
    size_t kernels_of_program;           /* how many it is said to have */
    size_t kernels;                      /* made of the last program */
    size_t n_calls, failing;             /* calls so far; which one fails, from 1; 0: none */
    bool alike[MADE_UP_CALLS];           /* like calls of the program's second kernel: a test can skip them */
    bool closing;                        /* the device is being released or made anew */
    bool unheard[MADE_UP_CALLS];         /* clFinish while closing: its failure changes nothing */
    cl_int failure;                      /* the code of the call that fails */
    long alive;                          /* objects created and not released */
    struct text *calls;                  /* where they are listed; NULL: nowhere */
    unsigned char memory[MADE_UP_BYTES]; /* of all buffers together */
    size_t used;
} made_up;

static inline bool made_up_fails(void) {
    return ++made_up.n_calls == made_up.failing;
}

#define MADE_UP_CALL(...)                         \
    do {                                          \
        if (made_up.calls) {                      \
            text_add(made_up.calls, __VA_ARGS__); \
        }                                         \
    } while (0)

/* An answer of `bytes` bytes, as every clGet…Info gives it. */
static inline cl_int made_up_answer(const void *from, size_t bytes, size_t room, void *to, size_t *length) {
    if (length) {
        *length = bytes;
    }
    if (to && room < bytes) {
        return CL_INVALID_VALUE;
    }
    if (to) {
        memcpy(to, from, bytes);
    }
    return CL_SUCCESS;
}

static cl_int CL_API_CALL get_platforms(cl_uint n, cl_platform_id *platforms, cl_uint *count) {
    if (made_up_fails()) {
        return made_up.failure;
    }
    if (platforms && n > 0) {
        platforms[0] = (cl_platform_id)&made_up;
    }
    *count = 1;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL get_platform(cl_platform_id platform, cl_platform_info what, size_t room, void *to,
                                       size_t *length) {
    (void)platform;
    return what == CL_PLATFORM_NAME ? made_up_answer(made_up.platform, strlen(made_up.platform) + 1, room, to, length)
                                    : CL_INVALID_VALUE;
}

static cl_int CL_API_CALL get_devices(cl_platform_id platform, cl_device_type type, cl_uint n, cl_device_id *devices,
                                      cl_uint *count) {
    (void)platform, (void)type;
    if (made_up_fails()) {
        return made_up.failure;
    }
    for (cl_uint i = 0; i < made_up.n_devices && i < n; i++) {
        devices[i] = (cl_device_id)&made_up.devices[i];
    }
    *count = made_up.n_devices;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL get_device(cl_device_id device, cl_device_info what, size_t room, void *to, size_t *length) {
    const struct made_up_device *const d = (const struct made_up_device *)device;
    const cl_platform_id platform = (cl_platform_id)&made_up;
    switch (what) {
#define ANSWER(name, value) \
    case name:              \
        return made_up_answer(&(value), sizeof(value), room, to, length);
#define ANSWER_TEXT(name, value) \
    case name:                   \
        return made_up_answer(value, strlen(value) + 1, room, to, length);
        ANSWER(CL_DEVICE_PLATFORM, platform)
        ANSWER(CL_DEVICE_TYPE, d->type)
        ANSWER(CL_DEVICE_MAX_COMPUTE_UNITS, d->units)
        ANSWER(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, d->width)
        ANSWER(CL_DEVICE_GLOBAL_MEM_SIZE, d->memory)
        ANSWER(CL_DEVICE_MAX_MEM_ALLOC_SIZE, d->max_buffer)
        ANSWER(CL_DEVICE_LOCAL_MEM_SIZE, d->local)
        ANSWER(CL_DEVICE_LOCAL_MEM_TYPE, d->local_type)
        ANSWER(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, d->cache)
        ANSWER(CL_DEVICE_SINGLE_FP_CONFIG, d->fp32)
        ANSWER(CL_DEVICE_DOUBLE_FP_CONFIG, d->fp64)
        ANSWER(CL_DEVICE_HOST_UNIFIED_MEMORY, d->unified)
        ANSWER(CL_DEVICE_AVAILABLE, d->available)
        ANSWER(CL_DEVICE_COMPILER_AVAILABLE, d->compiler)
        ANSWER(CL_DEVICE_ENDIAN_LITTLE, d->little)
        ANSWER(CL_DEVICE_ADDRESS_BITS, d->address_bits)
        ANSWER(CL_DEVICE_MAX_PARAMETER_SIZE, d->arguments)
        ANSWER_TEXT(CL_DEVICE_NAME, d->name)
        ANSWER_TEXT(CL_DEVICE_VENDOR, "a vendor")
        ANSWER_TEXT(CL_DEVICE_VERSION, d->version)
        ANSWER_TEXT(CL_DRIVER_VERSION, d->driver)
        ANSWER_TEXT(CL_DEVICE_PROFILE, d->profile)
        ANSWER_TEXT(CL_DEVICE_EXTENSIONS, d->extensions)
    case 0x4000: /* CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV */
        return d->capability ? made_up_answer(&d->capability, sizeof d->capability, room, to, length)
                             : CL_INVALID_VALUE;
    case 0x4005: /* CL_DEVICE_KERNEL_EXEC_TIMEOUT_NV */
        return made_up_answer(&d->watched, sizeof d->watched, room, to, length);
    case 0x4039: { /* CL_DEVICE_GLOBAL_FREE_MEMORY_AMD */
        const size_t free_kib[2] = {d->free_kib, 1};
        return d->free_kib ? made_up_answer(free_kib, sizeof free_kib, room, to, length) : CL_INVALID_VALUE;
    }
    case 0x4252: /* CL_DEVICE_NUM_SLICES_INTEL */
        return d->slices ? made_up_answer(&d->slices, sizeof d->slices, room, to, length) : CL_INVALID_VALUE;
    case 0x4253: /* CL_DEVICE_NUM_SUB_SLICES_PER_SLICE_INTEL */
        return d->sub_slices ? made_up_answer(&d->sub_slices, sizeof d->sub_slices, room, to, length)
                             : CL_INVALID_VALUE;
    default:
        return CL_INVALID_VALUE;
    }
}

/* A new object, or NULL with the code of the failure. */
static inline void *made_up_create(cl_int *code) {
    *code = made_up_fails() ? made_up.failure : CL_SUCCESS;
    made_up.alive += *code == CL_SUCCESS;
    return *code == CL_SUCCESS ? &made_up : NULL;
}

#define MADE_UP_RELEASE(name, type)               \
    static cl_int CL_API_CALL name(type object) { \
        (void)object;                             \
        made_up.alive--;                          \
        return CL_SUCCESS;                        \
    }
MADE_UP_RELEASE(release_device, cl_device_id)
MADE_UP_RELEASE(release_context, cl_context)
MADE_UP_RELEASE(release_queue, cl_command_queue)
MADE_UP_RELEASE(release_program, cl_program)
MADE_UP_RELEASE(release_kernel, cl_kernel)
MADE_UP_RELEASE(release_memory, cl_mem)

/* clCreateSubDevices: the part is the device itself, so each query has the same answer for both. */
static cl_int CL_API_CALL create_parts(cl_device_id device, const cl_device_partition_property *counts, cl_uint n,
                                       cl_device_id *parts, cl_uint *count) {
    (void)count;
    ck_assert(counts[0] == CL_DEVICE_PARTITION_BY_COUNTS && counts[2] == 0 && counts[3] == 0 && n == 1);
    MADE_UP_CALL("part of %ld units\n", (long)counts[1]);
    if (made_up.is_whole) {
        return CL_DEVICE_PARTITION_FAILED;
    }
    made_up.alive++;
    parts[0] = device;
    return CL_SUCCESS;
}

static cl_context CL_API_CALL create_context(const cl_context_properties *properties, cl_uint n,
                                             const cl_device_id *device,
                                             void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
                                             void *data, cl_int *code) {
    (void)properties, (void)n, (void)device, (void)notify, (void)data;
    MADE_UP_CALL("context\n");
    return made_up_create(code);
}

static cl_command_queue CL_API_CALL create_queue(cl_context context, cl_device_id device,
                                                 cl_command_queue_properties properties, cl_int *code) {
    (void)context, (void)device, (void)properties;
    MADE_UP_CALL("queue\n");
    return made_up_create(code);
}

static cl_program CL_API_CALL create_program(cl_context context, cl_uint n, const char **texts, const size_t *lengths,
                                             cl_int *code) {
    (void)context, (void)n, (void)lengths;
    const char *const begin = "#line 1 \"base/prelude.cl\"\n";
    const bool is_trial = strstr(texts[0], "try_it") != NULL; /* of device/opencl/trial_run.c */
    ck_assert(is_trial || strncmp(texts[0], begin, strlen(begin)) == 0);
    ck_assert_ptr_null(strstr(texts[0], "/*"));
    return made_up_create(code);
}

static cl_program CL_API_CALL create_from_binary(cl_context context, cl_uint n, const cl_device_id *devices,
                                                 const size_t *lengths, const unsigned char **binaries,
                                                 cl_int *statuses, cl_int *code) {
    (void)context, (void)n, (void)devices, (void)statuses;
    MADE_UP_CALL("binary of %zu bytes, %.*s\n", lengths[0], (int)lengths[0], (const char *)binaries[0]);
    return made_up_create(code);
}

static cl_int CL_API_CALL build_program(cl_program program, cl_uint n, const cl_device_id *devices, const char *options,
                                        void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    (void)program, (void)n, (void)notify, (void)data;
    /* a processor's fma is the real one's: do not list it */
    const bool fma = ((const struct made_up_device *)devices[0])->type == CL_DEVICE_TYPE_CPU;
    const char *const no_fma = fma ? strstr(options, " -DRG_HAS_FMA=0") : NULL;
    MADE_UP_CALL("build %.*s%s\n", no_fma ? (int)(no_fma - options) : 1000, options,
                 no_fma ? no_fma + strlen(" -DRG_HAS_FMA=0") : "");
    made_up.kernels = 0;
    return made_up_fails() ? made_up.failure : made_up.build_code;
}

static const char made_up_binary[] = "the binary";

static cl_int CL_API_CALL get_program(cl_program program, cl_program_info what, size_t room, void *to, size_t *length) {
    (void)program;
    const size_t bytes = sizeof made_up_binary - 1;
    switch (what) {
        ANSWER(CL_PROGRAM_NUM_KERNELS, made_up.kernels_of_program)
        ANSWER(CL_PROGRAM_BINARY_SIZES, bytes)
    case CL_PROGRAM_BINARIES:
        memcpy(*(unsigned char **)to, made_up_binary, bytes);
        return CL_SUCCESS;
    default:
        return CL_INVALID_VALUE;
    }
}

static cl_int CL_API_CALL get_build(cl_program program, cl_device_id device, cl_program_build_info what, size_t room,
                                    void *to, size_t *length) {
    (void)program, (void)device;
    return what == CL_PROGRAM_BUILD_LOG
               ? made_up_answer(made_up.build_log, strlen(made_up.build_log) + 1, room, to, length)
               : CL_INVALID_VALUE;
}

static char made_up_names[256][48]; /* a kernel is the place of its name */
static size_t n_made_up_names;

static cl_kernel CL_API_CALL create_kernel(cl_program program, const char *name, cl_int *code) {
    (void)program;
    if (++made_up.kernels == 1) {
        MADE_UP_CALL("kernel %s, and those after it\n", name);
    }
    made_up.alike[made_up.n_calls % MADE_UP_CALLS] = made_up.kernels > 2;
    size_t i = 0;
    while (i < n_made_up_names && strcmp(made_up_names[i], name) != 0) {
        i++;
    }
    ck_assert_uint_lt(i, sizeof made_up_names / sizeof *made_up_names);
    if (i == n_made_up_names) {
        (void)snprintf(made_up_names[n_made_up_names++], sizeof *made_up_names, "%s", name);
    }
    return made_up_create(code) ? (cl_kernel)made_up_names[i] : NULL;
}

static cl_int CL_API_CALL set_argument(cl_kernel kernel, cl_uint n, size_t bytes, const void *value) {
    const bool is_memory = bytes == sizeof(cl_mem) && value;
    MADE_UP_CALL("argument %u of %s: %zu bytes%s\n", n, (const char *)kernel, bytes,
                 !value      ? ", none"
                 : is_memory ? " or memory"
                             : "");
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

static cl_int CL_API_CALL get_work_group(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what,
                                         size_t room, void *to, size_t *length) {
    (void)device;
    const cl_ulong private_bytes =
        strcmp((const char *)kernel, "rg_fill") == 0 ? made_up.private_of_fill : made_up.private_bytes;
    made_up.alike[made_up.n_calls % MADE_UP_CALLS] = what == CL_KERNEL_WORK_GROUP_SIZE && made_up.kernels > 2;
    if (made_up_fails()) {
        return made_up.failure;
    }
    switch (what) {
        ANSWER(CL_KERNEL_WORK_GROUP_SIZE, made_up.max_items)
        ANSWER(CL_KERNEL_PRIVATE_MEM_SIZE, private_bytes)
        ANSWER(CL_KERNEL_LOCAL_MEM_SIZE, made_up.local_of_kernels)
    default:
        return CL_INVALID_VALUE;
    }
}

static cl_int CL_API_CALL launch(cl_command_queue queue, cl_kernel kernel, cl_uint n, const size_t *offset,
                                 const size_t *global, const size_t *local, cl_uint n_events, const cl_event *events,
                                 cl_event *event) {
    (void)queue, (void)offset, (void)n_events, (void)events, (void)event;
    if (n == 1) { /* of a trial */
        MADE_UP_CALL("launch %s: %zu\n", (const char *)kernel, global[0]);
        return made_up_fails() ? made_up.failure : CL_SUCCESS;
    }
    MADE_UP_CALL("launch %s: %zu x %zu", (const char *)kernel, global[0], global[1]);
    if (n == 3) {
        MADE_UP_CALL(" x %zu", global[2]);
    }
    MADE_UP_CALL(" in groups of %zu x %zu\n", local[0], local[1]);
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

/* A memory object is a place in made_up.memory. */
static cl_mem CL_API_CALL create_memory(cl_context context, cl_mem_flags flags, size_t bytes, void *host,
                                        cl_int *code) {
    (void)context, (void)host;
    MADE_UP_CALL("memory of %zu bytes%s\n", bytes, flags & CL_MEM_READ_ONLY ? ", read only" : "");
    void *const place = made_up.memory + made_up.used % (MADE_UP_BYTES / 2);
    if (!made_up_create(code)) {
        return NULL;
    }
    made_up.used += bytes < MADE_UP_BYTES / 8 ? bytes : 0;
    return (cl_mem)place;
}

static cl_int CL_API_CALL retain_memory(cl_mem memory) {
    (void)memory;
    made_up.alive++;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL write_memory(cl_command_queue queue, cl_mem memory, cl_bool blocks, size_t at, size_t bytes,
                                       const void *from, cl_uint n_events, const cl_event *events, cl_event *event) {
    (void)queue, (void)n_events, (void)events, (void)event;
    MADE_UP_CALL("write %zu bytes at %zu%s\n", bytes, at, blocks ? "" : ", later");
    if (blocks) {
        memcpy((unsigned char *)memory + at, from, bytes);
    }
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

static cl_int CL_API_CALL read_memory(cl_command_queue queue, cl_mem memory, cl_bool blocks, size_t at, size_t bytes,
                                      void *to, cl_uint n_events, const cl_event *events, cl_event *event) {
    (void)queue, (void)n_events, (void)events, (void)event;
    MADE_UP_CALL("read %zu bytes at %zu%s\n", bytes, at, blocks ? "" : ", later");
    memcpy(to, (unsigned char *)memory + at, bytes);
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

static cl_int CL_API_CALL fill_memory(cl_command_queue queue, cl_mem memory, const void *pattern, size_t length,
                                      size_t at, size_t bytes, cl_uint n_events, const cl_event *events,
                                      cl_event *event) {
    (void)queue, (void)n_events, (void)events, (void)event;
    MADE_UP_CALL("fill %zu bytes at %zu with %zu of %d\n", bytes, at, length, *(const unsigned char *)pattern);
    memset((unsigned char *)memory + at, *(const unsigned char *)pattern, bytes);
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

static cl_int CL_API_CALL flush(cl_command_queue queue) {
    (void)queue;
    MADE_UP_CALL("flush\n");
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

static cl_int CL_API_CALL finish(cl_command_queue queue) {
    made_up.unheard[made_up.n_calls % MADE_UP_CALLS] = made_up.closing;
    (void)queue;
    MADE_UP_CALL("finish\n");
    return made_up_fails() ? made_up.failure : CL_SUCCESS;
}

/* ---- The loader ---- */

void *dlopen(const char *name, int flags) {
    (void)flags;
    return name && strcmp(name, "libOpenCL.so.1") == 0 ? &made_up : NULL;
}

void *dlsym(void *restrict library, const char *restrict name) {
    static const struct {
        const char *name;
        void (*function)(void);
    } functions[] = {
#define FUNCTION(name, own) {#name, (void (*)(void))(own)}
        FUNCTION(clGetPlatformIDs, get_platforms),
        FUNCTION(clGetPlatformInfo, get_platform),
        FUNCTION(clGetDeviceIDs, get_devices),
        FUNCTION(clGetDeviceInfo, get_device),
        FUNCTION(clCreateSubDevices, create_parts),
        FUNCTION(clReleaseDevice, release_device),
        FUNCTION(clCreateContext, create_context),
        FUNCTION(clReleaseContext, release_context),
        FUNCTION(clCreateCommandQueue, create_queue),
        FUNCTION(clReleaseCommandQueue, release_queue),
        FUNCTION(clCreateProgramWithSource, create_program),
        FUNCTION(clCreateProgramWithBinary, create_from_binary),
        FUNCTION(clBuildProgram, build_program),
        FUNCTION(clGetProgramInfo, get_program),
        FUNCTION(clGetProgramBuildInfo, get_build),
        FUNCTION(clReleaseProgram, release_program),
        FUNCTION(clCreateKernel, create_kernel),
        FUNCTION(clReleaseKernel, release_kernel),
        FUNCTION(clSetKernelArg, set_argument),
        FUNCTION(clGetKernelWorkGroupInfo, get_work_group),
        FUNCTION(clEnqueueNDRangeKernel, launch),
        FUNCTION(clCreateBuffer, create_memory),
        FUNCTION(clRetainMemObject, retain_memory),
        FUNCTION(clReleaseMemObject, release_memory),
        FUNCTION(clEnqueueWriteBuffer, write_memory),
        FUNCTION(clEnqueueReadBuffer, read_memory),
        FUNCTION(clEnqueueFillBuffer, fill_memory),
        FUNCTION(clFlush, flush),
        FUNCTION(clFinish, finish),
    };
    void *found = NULL;
    for (size_t i = 0; library && i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            memcpy(&found, &functions[i].function, sizeof found);
        }
    }
    return found;
}

/* Bytes of a list of devices up to the native one, whose name is the machine's. */
static inline int length_to_native(const char *list) {
    static const char native[] = ", cpu";
    const char *const at = strstr(list, native);
    ck_assert_msg(at, "no native device in: %s", list);
    return (int)(at - list) + (int)strlen(native);
}

#endif
