/* clang-format off */
/* An OpenCL layer, loaded by OPENCL_LAYERS, that makes a working driver fail (see faults.sh) or pass for NVIDIA's
 * (tf32.sh).
 *   RG_FAIL_CALL=N          the N-th of the calls below fails, and every later one if RG_FAIL_EVER is set
 *   RG_FAIL_CODE=CODE       with that code, else CL_OUT_OF_RESOURCES or CL_OUT_OF_HOST_MEMORY
 *   RG_DIE_IN=CALL:HOW      that call ends the process: HOW is abort, exit, overflow (of the stack), or threads, where
 *                           many threads abort at once; or hang: it never returns
 *   RG_DIE_WHEN=FILE        but not before that file is there
 *   RG_COUNT_CALLS=FILE     writes how many there were
 *   RG_HIDE_DOUBLES=1       no device has double precision
 *   RG_GPU=N                every device is a GPU, whose kernels run in groups of at most N items
 *   RG_KINDS=D,U,A,C        the first devices are a GPU with its own memory, one in the processor's, an accelerator, a
 *                           processor
 *   RG_PLATFORM=NAME        every platform is called so
 *   RG_SCAN_ITEMS=N         scans run in groups of at most N items
 *   RG_SPILLS_FROM=N        scans that are built for groups of N items or more spill registers
 *   RG_SHIFTS=KERNEL        that kernel gets its struct of arguments 4 bytes further, but for the first 64
 *   RG_TEXTS=FILE           writes the text of each program that is made
 *   RG_OPTIONS=TEXT         more options for each program that is built
 *   RG_BUILDS=FILE          writes the options of each program that is built
 *   RG_SAYS=KEY:VALUE,...   what every device says to clGetDeviceInfo(KEY): a number, or a text that begins with a letter
 *   RG_MEMORY=BYTES         the device has so much memory for all buffers together; a buffer beyond it is refused with
 *                           RG_MEMORY_CODE, else CL_MEM_OBJECT_ALLOCATION_FAILURE
 *   RG_LAZY=1               not when it is made, but when a kernel is launched
 *   RG_POISON=1             and then nothing works until there is another context
 *   RG_NVIDIA=N             every device is a GPU of compute capability N.0, whose tensor cores are emulated
 *   RG_NVIDIA_BY=other      under a driver that is not NVIDIA's */
/* clang-format on */
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl_layer.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct _cl_icd_dispatch layer;
static const struct _cl_icd_dispatch *driver;
static long calls;

/* Use 4 KiB of the stack for each level. */
static int use_stack(const volatile char *above, long levels) {
    volatile char block[4096];
    block[0] = *above;
    return levels > 0 ? use_stack(block, levels - 1) + block[0] : 0;
}

static void *abort_with_others(void *start) {
    (void)pthread_barrier_wait(start);
    abort();
}

/* Let many threads call abort at once. */
static void abort_in_threads(void) {
    enum { THREADS = 32 };
    static pthread_barrier_t start;
    pthread_t thread;
    (void)pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 1; i < THREADS; i++) {
        (void)pthread_create(&thread, NULL, abort_with_others, &start);
    }
    (void)abort_with_others(&start);
}

/* End the process, or never come back. */
static void die(const char *how) {
    volatile char first = 0;
    if (strcmp(how, "overflow") == 0) {
        (void)use_stack(&first, 1L << 30);
    }
    if (strcmp(how, "threads") == 0) {
        abort_in_threads();
    }
    if (strcmp(how, "exit") == 0) {
        exit(1);
    }
    while (strcmp(how, "hang") == 0) {
        (void)pause();
    }
    abort();
}

/* End the process if it is to die in this call. */
static void die_in(const char *call) {
    const char *const deadly = getenv("RG_DIE_IN");
    const char *const file = getenv("RG_DIE_WHEN");
    if (deadly && (!file || access(file, F_OK) == 0) && strncmp(deadly, call, strlen(call)) == 0 &&
        deadly[strlen(call)] == ':') {
        die(deadly + strlen(call) + 1);
    }
}

static int fails(const char *call) {
    die_in(call);
    const char *const at = getenv("RG_FAIL_CALL");
    const long n = at ? strtol(at, NULL, 10) : 0;
    calls++;
    return n > 0 && (calls == n || (calls > n && getenv("RG_FAIL_EVER")));
}

static cl_int code_of(cl_int usual) {
    const char *const code = getenv("RG_FAIL_CODE");
    return code ? (cl_int)strtol(code, NULL, 10) : usual;
}

static void write_count(void) {
    FILE *const file = fopen(getenv("RG_COUNT_CALLS"), "w");
    if (file) {
        (void)fprintf(file, "%ld\n", calls);
        (void)fclose(file);
    }
}

/* A call that returns its status, and one that returns an object and writes the status. */
#define STATUS(name, parameters, arguments)                                          \
    static cl_int CL_API_CALL fail_##name parameters {                               \
        return fails(#name) ? code_of(CL_OUT_OF_RESOURCES) : driver->name arguments; \
    }
#define OBJECT(type, name, parameters, arguments)        \
    static type CL_API_CALL fail_##name parameters {     \
        if (fails(#name)) {                              \
            if (error) {                                 \
                *error = code_of(CL_OUT_OF_HOST_MEMORY); \
            }                                            \
            return NULL;                                 \
        }                                                \
        return driver->name arguments;                   \
    }

STATUS(clGetPlatformIDs, (cl_uint n, cl_platform_id *ids, cl_uint *count), (n, ids, count))
STATUS(clGetDeviceIDs, (cl_platform_id p, cl_device_type type, cl_uint n, cl_device_id *ids, cl_uint *count),
       (p, type, n, ids, count))
/* ---- A device with little memory ---- */

static struct {
    cl_mem memory;
    size_t bytes;
    long shares; /* clRetainMemObject's, and the one it began with */
} held[1 << 14];
static size_t n_held, held_bytes;
static int is_poisoned;

static size_t find_held(cl_mem memory) {
    size_t i = 0;
    while (i < n_held && held[i].memory != memory) {
        i++;
    }
    return i;
}

static cl_int memory_code(void) {
    const char *const code = getenv("RG_MEMORY_CODE");
    return code ? (cl_int)strtol(code, NULL, 10) : CL_MEM_OBJECT_ALLOCATION_FAILURE;
}

static int lacks_memory(size_t more) {
    const char *const most = getenv("RG_MEMORY");
    return most && held_bytes + more > strtoull(most, NULL, 10);
}

/* What a command returns while there is too little, or the context is lost: CL_SUCCESS for what is not so. */
static cl_int lazy_code(int launch) {
    if (launch && getenv("RG_LAZY") && lacks_memory(0)) {
        is_poisoned = getenv("RG_POISON") != NULL;
        return memory_code();
    }
    return is_poisoned ? CL_INVALID_COMMAND_QUEUE : CL_SUCCESS;
}

static cl_mem CL_API_CALL fail_clCreateBuffer(cl_context c, cl_mem_flags flags, size_t bytes, void *host,
                                              cl_int *error) {
    const int fault = fails("clCreateBuffer"), lacks = !getenv("RG_LAZY") && lacks_memory(bytes);
    if (fault || lacks) {
        if (error) {
            *error = fault ? code_of(CL_OUT_OF_HOST_MEMORY) : memory_code();
        }
        return NULL;
    }
    const cl_mem memory = driver->clCreateBuffer(c, flags, bytes, host, error);
    const size_t at = memory ? find_held(NULL) : n_held; /* a free row */
    if (memory && at < sizeof held / sizeof *held) {
        held[at].memory = memory;
        held[at].bytes = bytes;
        held[at].shares = 1;
        n_held = at == n_held ? n_held + 1 : n_held;
        held_bytes += bytes;
    }
    return memory;
}

static cl_int CL_API_CALL fail_clRetainMemObject(cl_mem memory) {
    const size_t at = find_held(memory);
    held[at].shares += at < n_held;
    return driver->clRetainMemObject(memory);
}

static cl_int CL_API_CALL fail_clReleaseMemObject(cl_mem memory) {
    const size_t at = find_held(memory);
    if (at < n_held && --held[at].shares == 0) {
        held_bytes -= held[at].bytes;
        held[at].memory = NULL;
    }
    return driver->clReleaseMemObject(memory);
}

static cl_context CL_API_CALL
fail_clCreateContext(const cl_context_properties *properties, cl_uint n, const cl_device_id *ids,
                     void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data, cl_int *error) {
    if (fails("clCreateContext")) {
        if (error) {
            *error = code_of(CL_OUT_OF_HOST_MEMORY);
        }
        return NULL;
    }
    is_poisoned = 0;
    return driver->clCreateContext(properties, n, ids, notify, data, error);
}

/* It can end the process, but is not among the calls that fail. */
static cl_int CL_API_CALL fail_clReleaseContext(cl_context c) {
    die_in("clReleaseContext");
    return driver->clReleaseContext(c);
}

OBJECT(cl_command_queue, clCreateCommandQueue,
       (cl_context c, cl_device_id id, cl_command_queue_properties properties, cl_int *error),
       (c, id, properties, error))
static cl_program CL_API_CALL fail_clCreateProgramWithSource(cl_context c, cl_uint n, const char **texts,
                                                             const size_t *lengths, cl_int *error) {
    FILE *const file = getenv("RG_TEXTS") ? fopen(getenv("RG_TEXTS"), "a") : NULL;
    for (cl_uint i = 0; file && i < n; i++) {
        (void)fprintf(file, "%s\n", texts[i]);
    }
    if (file) {
        (void)fclose(file);
    }
    if (fails("clCreateProgramWithSource")) {
        if (error) {
            *error = code_of(CL_OUT_OF_HOST_MEMORY);
        }
        return NULL;
    }
    return driver->clCreateProgramWithSource(c, n, texts, lengths, error);
}

OBJECT(cl_kernel, clCreateKernel, (cl_program p, const char *name, cl_int *error), (p, name, error))
static cl_int CL_API_CALL fail_clSetKernelArg(cl_kernel k, cl_uint at, size_t bytes, const void *value) {
    enum { KEPT = 64, SHIFT = 4 };
    const char *const shifted = getenv("RG_SHIFTS");
    char name[64] = "", moved[1024] = {0};
    if (fails("clSetKernelArg")) {
        return code_of(CL_OUT_OF_RESOURCES);
    }
    if (shifted && value && bytes > KEPT + SHIFT && bytes <= sizeof moved) {
        (void)driver->clGetKernelInfo(k, CL_KERNEL_FUNCTION_NAME, sizeof name - 1, name, NULL);
        if (strcmp(name, shifted) == 0) {
            memcpy(moved, value, KEPT);
            memcpy(moved + KEPT + SHIFT, (const char *)value + KEPT, bytes - KEPT - SHIFT);
            return driver->clSetKernelArg(k, at, bytes, moved);
        }
    }
    return driver->clSetKernelArg(k, at, bytes, value);
}
static cl_int CL_API_CALL fail_clEnqueueNDRangeKernel(cl_command_queue q, cl_kernel k, cl_uint dims,
                                                      const size_t *offset, const size_t *global, const size_t *local,
                                                      cl_uint n, const cl_event *waits, cl_event *event) {
    const cl_int lazy = lazy_code(1);
    if (fails("clEnqueueNDRangeKernel")) {
        return code_of(CL_OUT_OF_RESOURCES);
    }
    return lazy ? lazy : driver->clEnqueueNDRangeKernel(q, k, dims, offset, global, local, n, waits, event);
}
STATUS(clEnqueueReadBuffer,
       (cl_command_queue q, cl_mem m, cl_bool wait, size_t offset, size_t bytes, void *to, cl_uint n,
        const cl_event *waits, cl_event *event),
       (q, m, wait, offset, bytes, to, n, waits, event))
STATUS(clEnqueueWriteBuffer,
       (cl_command_queue q, cl_mem m, cl_bool wait, size_t offset, size_t bytes, const void *from, cl_uint n,
        const cl_event *waits, cl_event *event),
       (q, m, wait, offset, bytes, from, n, waits, event))
STATUS(clEnqueueFillBuffer,
       (cl_command_queue q, cl_mem m, const void *pattern, size_t size, size_t offset, size_t bytes, cl_uint n,
        const cl_event *waits, cl_event *event),
       (q, m, pattern, size, offset, bytes, n, waits, event))
STATUS(clFlush, (cl_command_queue q), (q))
static cl_int CL_API_CALL fail_clFinish(cl_command_queue q) {
    const cl_int lazy = lazy_code(0);
    if (fails("clFinish")) {
        return code_of(CL_OUT_OF_RESOURCES);
    }
    return lazy ? lazy : driver->clFinish(q);
}

static cl_int CL_API_CALL fail_clBuildProgram(cl_program p, cl_uint n, const cl_device_id *ids, const char *options,
                                              void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    static const char tensor_cores[] = "-DRG_TF32=1 -cl-nv-maxrregcount=128";
    const char *const at = getenv("RG_NVIDIA") ? strstr(options, tensor_cores) : NULL;
    char emulated[512];
    if (fails("clBuildProgram")) {
        return CL_OUT_OF_RESOURCES;
    }
    FILE *const file = getenv("RG_BUILDS") ? fopen(getenv("RG_BUILDS"), "a") : NULL;
    if (file) {
        (void)fprintf(file, "%s\n", options);
        (void)fclose(file);
    }
    if (at) {
        (void)snprintf(emulated, sizeof emulated, "%.*s-DRG_TF32=2%s", (int)(at - options), options,
                       at + sizeof tensor_cores - 1);
    }
    char more[1024];
    (void)snprintf(more, sizeof more, "%s %s", at ? emulated : options,
                   getenv("RG_OPTIONS") ? getenv("RG_OPTIONS") : "");
    return driver->clBuildProgram(p, n, ids, more, notify, data);
}

/* The devices in the order in which they were first found, and what RG_KINDS makes of them. */
static char kind_of(cl_device_id id) {
    enum { MAX_DEVICES = 8 };
    static cl_device_id known[MAX_DEVICES];
    static int n;
    const char *const kinds = getenv("RG_KINDS");
    int i = 0;
    while (i < n && known[i] != id) {
        i++;
    }
    if (i == n && n < MAX_DEVICES) {
        known[n++] = id;
    }
    return kinds && (size_t)i * 2 < strlen(kinds) ? kinds[(size_t)i * 2] : '\0';
}

static void be_kind(char kind, cl_device_info what, size_t bytes, void *value) {
    if (what == CL_DEVICE_TYPE && bytes == sizeof(cl_device_type)) {
        *(cl_device_type *)value = kind == 'A'   ? CL_DEVICE_TYPE_ACCELERATOR
                                   : kind == 'C' ? CL_DEVICE_TYPE_CPU
                                                 : CL_DEVICE_TYPE_GPU;
    }
    if (what == CL_DEVICE_HOST_UNIFIED_MEMORY && bytes == sizeof(cl_bool)) {
        *(cl_bool *)value = kind != 'D';
    }
}

/* What RG_SAYS has for a question; 1 if it has something. */
static int say(cl_device_info what, size_t bytes, void *value, size_t *needed) {
    for (const char *at = getenv("RG_SAYS"); at && *at; at += *at == ',') {
        char *end = NULL;
        const unsigned long key = strtoul(at, &end, 0);
        const char *const text = end + 1;
        const size_t length = strcspn(text, ",");
        const unsigned long long number = strtoull(text, NULL, 0);
        at = text + length;
        if (key != what) {
            continue;
        }
        const int is_text = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        if (needed) {
            *needed = is_text ? length + 1 : sizeof number;
        }
        if (value) {
            memset(value, 0, bytes);
            memcpy(value, is_text ? (const void *)text : (const void *)&number,
                   is_text                 ? (length < bytes ? length : bytes)
                   : bytes < sizeof number ? bytes
                                           : sizeof number);
        }
        return 1;
    }
    return 0;
}

/* What an NVIDIA GPU would say. */
static cl_int pass_for_nvidia(const char *capability, cl_device_info what, cl_int status, size_t bytes, void *value,
                              size_t *needed) {
    enum { COMPUTE_CAPABILITY_MAJOR = 0x4000 };
    if (what == CL_DEVICE_TYPE && value && bytes == sizeof(cl_device_type)) {
        *(cl_device_type *)value = CL_DEVICE_TYPE_GPU;
    }
    if (what == CL_DEVICE_EXTENSIONS && !getenv("RG_NVIDIA_BY")) {
        static const char extensions[] = "cl_nv_device_attribute_query cl_nv_compiler_options";
        if (needed) {
            *needed = sizeof extensions;
        }
        if (value && bytes >= sizeof extensions) {
            memcpy(value, extensions, sizeof extensions);
        }
        return CL_SUCCESS;
    }
    if (what == COMPUTE_CAPABILITY_MAJOR && value && bytes == sizeof(cl_uint)) {
        *(cl_uint *)value = (cl_uint)strtoul(capability, NULL, 10);
        return CL_SUCCESS;
    }
    return status;
}

static int is_scan(cl_kernel k) {
    char name[64] = "";
    (void)driver->clGetKernelInfo(k, CL_KERNEL_FUNCTION_NAME, sizeof name - 1, name, NULL);
    return strstr(name, "_forward") != NULL || strstr(name, "_reverse") != NULL;
}

static size_t built_for(cl_kernel k, cl_device_id id) {
    size_t items[3] = {0, 0, 0};
    (void)driver->clGetKernelWorkGroupInfo(k, id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof items, items, NULL);
    return items[0] * items[1] * items[2];
}

static cl_int CL_API_CALL fail_clGetKernelWorkGroupInfo(cl_kernel k, cl_device_id id, cl_kernel_work_group_info what,
                                                        size_t bytes, void *value, size_t *needed) {
    const cl_int status = driver->clGetKernelWorkGroupInfo(k, id, what, bytes, value, needed);
    if (status == CL_SUCCESS && what == CL_KERNEL_WORK_GROUP_SIZE && value && getenv("RG_GPU")) {
        *(size_t *)value = strtoul(getenv("RG_GPU"), NULL, 10);
    }
    const char *const most = getenv("RG_SCAN_ITEMS"), *const spills = getenv("RG_SPILLS_FROM");
    if (most && what == CL_KERNEL_WORK_GROUP_SIZE && value && is_scan(k)) {
        *(size_t *)value = strtoul(most, NULL, 10);
    }
    if (spills && what == CL_KERNEL_PRIVATE_MEM_SIZE && value && is_scan(k)) {
        *(cl_ulong *)value += built_for(k, id) >= strtoul(spills, NULL, 10) ? 1000 : 0;
    }
    return status;
}

static cl_int CL_API_CALL fail_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t bytes, void *value,
                                               size_t *needed) {
    if (fails("clGetDeviceInfo")) {
        return CL_INVALID_DEVICE;
    }
    if (say(what, bytes, value, needed)) {
        return CL_SUCCESS;
    }
    const cl_int status = driver->clGetDeviceInfo(id, what, bytes, value, needed);
    if (status == CL_SUCCESS && what == CL_DEVICE_DOUBLE_FP_CONFIG && value && getenv("RG_HIDE_DOUBLES")) {
        memset(value, 0, bytes);
    }
    if (status == CL_SUCCESS && what == CL_DEVICE_TYPE && value && getenv("RG_GPU")) {
        *(cl_device_type *)value = CL_DEVICE_TYPE_GPU;
    }
    if (status == CL_SUCCESS && value && kind_of(id)) {
        be_kind(kind_of(id), what, bytes, value);
    }
    return getenv("RG_NVIDIA") ? pass_for_nvidia(getenv("RG_NVIDIA"), what, status, bytes, value, needed) : status;
}

static cl_int CL_API_CALL fail_clGetPlatformInfo(cl_platform_id id, cl_platform_info what, size_t bytes, void *value,
                                                 size_t *needed) {
    const char *const name = getenv("RG_PLATFORM");
    if (name && what == CL_PLATFORM_NAME) {
        if (value && bytes > strlen(name)) {
            memcpy(value, name, strlen(name) + 1);
        }
        if (needed) {
            *needed = strlen(name) + 1;
        }
        return CL_SUCCESS;
    }
    return driver->clGetPlatformInfo(id, what, bytes, value, needed);
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info param_name, size_t param_value_size, void *param_value,
                                               size_t *param_value_size_ret) {
    static const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    static const char name[] = "faulty";
    const void *const answer = param_name == CL_LAYER_API_VERSION ? (const void *)&version : name;
    const size_t size = param_name == CL_LAYER_API_VERSION ? sizeof version : sizeof name;
    if (param_value && param_value_size < size) {
        return CL_INVALID_VALUE;
    }
    if (param_value) {
        memcpy(param_value, answer, size);
    }
    if (param_value_size_ret) {
        *param_value_size_ret = size;
    }
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint num_entries, const cl_icd_dispatch *target_dispatch,
                                            cl_uint *num_entries_ret, const cl_icd_dispatch **layer_dispatch_ret) {
    if (num_entries < sizeof layer / sizeof layer.clGetPlatformIDs) {
        return CL_INVALID_VALUE;
    }
    driver = target_dispatch;
    layer = *target_dispatch;
    layer.clGetPlatformIDs = fail_clGetPlatformIDs;
    layer.clGetPlatformInfo = fail_clGetPlatformInfo;
    layer.clGetDeviceIDs = fail_clGetDeviceIDs;
    layer.clGetDeviceInfo = fail_clGetDeviceInfo;
    layer.clGetKernelWorkGroupInfo = fail_clGetKernelWorkGroupInfo;
    layer.clCreateContext = fail_clCreateContext;
    layer.clReleaseContext = fail_clReleaseContext;
    layer.clCreateCommandQueue = fail_clCreateCommandQueue;
    layer.clCreateProgramWithSource = fail_clCreateProgramWithSource;
    layer.clBuildProgram = fail_clBuildProgram;
    layer.clCreateKernel = fail_clCreateKernel;
    layer.clCreateBuffer = fail_clCreateBuffer;
    layer.clRetainMemObject = fail_clRetainMemObject;
    layer.clReleaseMemObject = fail_clReleaseMemObject;
    layer.clSetKernelArg = fail_clSetKernelArg;
    layer.clEnqueueNDRangeKernel = fail_clEnqueueNDRangeKernel;
    layer.clEnqueueReadBuffer = fail_clEnqueueReadBuffer;
    layer.clEnqueueWriteBuffer = fail_clEnqueueWriteBuffer;
    layer.clEnqueueFillBuffer = fail_clEnqueueFillBuffer;
    layer.clFlush = fail_clFlush;
    layer.clFinish = fail_clFinish;
    if (getenv("RG_COUNT_CALLS")) {
        (void)atexit(write_count);
    }
    *layer_dispatch_ret = &layer;
    *num_entries_ret = sizeof layer / sizeof layer.clGetPlatformIDs;
    return CL_SUCCESS;
}
