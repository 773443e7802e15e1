/* Finding OpenCL devices: see devices.h. */
#define _GNU_SOURCE
#include "device/opencl/devices.h"

#include <stdio.h>
#include <string.h>

#include "base/guard.h"
#include "base/sizes.h"
#include "device/opencl/pocl_cache.h"
#include "device/opencl/trial.h"
#include "rnn_gpu/memory.h"

enum {
    COMPUTE_CAPABILITY_MAJOR = 0x4000,
    KERNEL_EXEC_TIMEOUT = 0x4005, /* cl_nv_device_attribute_query */
    TF32_SINCE = 8,
    GLOBAL_FREE_MEMORY = 0x4039, /* cl_amd_device_attribute_query */
    NUM_SLICES = 0x4252,         /* cl_intel_device_attribute_query */
    NUM_SUB_SLICES_PER_SLICE = 0x4253
};

void rg_cl_platform_name(const struct rg_cl *cl, cl_platform_id platform, char name[RG_CL_NAME]) {
    name[0] = '\0';
    (void)cl->clGetPlatformInfo(platform, CL_PLATFORM_NAME, RG_CL_NAME - 1, name, NULL);
    name[RG_CL_NAME - 1] = '\0';
    for (char *at = name; *at; at++) {
        *at = (unsigned char)*at < 0x20 ? ' ' : *at;
    }
}

void rg_cl_platform_of(const struct rg_cl *cl, cl_device_id device, char name[RG_CL_NAME]) {
    cl_platform_id platform = NULL;
    name[0] = '\0';
    (void)cl->clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    if (platform) {
        rg_cl_platform_name(cl, platform, name);
    }
}

/* Add a platform's devices after the `count` that are there. Leave them out if its driver cannot be called. */
static size_t find_in_platform(const struct rg_cl *cl, cl_platform_id platform, unsigned number,
                               struct rg_cl_found found[RG_CL_DEVICES], size_t count) {
    cl_device_id devices[RG_CL_DEVICES];
    cl_uint n = 0;
    char place[16], name[RG_CL_NAME];
    (void)snprintf(place, sizeof place, "%u", number);
    if (rg_cl_trial_problem(place)) {
        return count;
    }
    rg_cl_platform_name(cl, platform, name);
    rg_guard_watch(place, name);
    if (cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, RG_CL_DEVICES, devices, &n) != CL_SUCCESS) {
        return count;
    }
    for (unsigned d = 0; d < n && d < RG_CL_DEVICES && count < RG_CL_DEVICES; d++) {
        found[count++] = (struct rg_cl_found){devices[d], platform, number, d};
    }
    return count;
}

size_t rg_cl_find(const struct rg_cl *cl, struct rg_cl_found found[RG_CL_DEVICES]) {
    cl_platform_id platforms[RG_CL_PLATFORMS];
    cl_uint n_platforms = 0;
    size_t count = 0;
    if (rg_cl_trial_problem("*")) {
        return 0;
    }
    rg_guard_watch("*", "some platform");
    if (cl->clGetPlatformIDs(RG_CL_PLATFORMS, platforms, &n_platforms) != CL_SUCCESS) {
        n_platforms = 0;
    }
    for (unsigned p = 0; p < n_platforms && p < RG_CL_PLATFORMS; p++) {
        count = find_in_platform(cl, platforms[p], p, found, count);
    }
    rg_guard_watch(NULL, NULL);
    return count;
}

rg_status rg_opencl_try(void) {
    return rg_cl_load(NULL) ? rg_cl_trial() : RG_OK;
}

/* Where PoCL is there without a device: see pocl_cache.h. */
static void find_cache_problem(const struct rg_cl *cl, char problem[RG_POCL_CACHE_PROBLEM]) {
    cl_platform_id platforms[RG_CL_PLATFORMS];
    cl_uint n = 0;
    problem[0] = '\0';
    if (cl->clGetPlatformIDs(RG_CL_PLATFORMS, platforms, &n) != CL_SUCCESS) {
        return;
    }
    for (cl_uint p = 0; p < n && p < RG_CL_PLATFORMS && !problem[0]; p++) {
        char name[RG_CL_NAME];
        rg_cl_platform_name(cl, platforms[p], name);
        rg_pocl_cache_problem(name, problem);
    }
}

size_t rg_opencl_count(const char **why) {
    static char cache_problem[RG_POCL_CACHE_PROBLEM];
    const struct rg_cl *cl = rg_cl_load(why);
    if (!cl) {
        return 0;
    }
    struct rg_cl_found found[RG_CL_DEVICES];
    *why =
        "the OpenCL loader finds no device: no driver is installed, or none works; Linux: the user may have to be in "
        "the groups render and video, containers need /dev/dri and /dev/kfd, Mesa needs RUSTICL_ENABLE";
    const size_t n = rg_cl_find(cl, found);
    if (n == 0 && !rg_cl_trial_left_out()) {
        find_cache_problem(cl, cache_problem);
        *why = cache_problem[0] ? cache_problem : *why;
    }
    if (n == 0 && rg_cl_trial_left_out()) {
        *why = "no OpenCL device is left without the drivers that ended or hung";
    }
    return n;
}

/* Other drivers of an NVIDIA GPU (PoCL's) answer NVIDIA's queries, and their compilers lack its options. */
static bool has_extension(const struct rg_cl *cl, cl_device_id id, const char *name) {
    char *all = NULL;
    size_t bytes = 0;
    bool found = false;
    if (cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, 0, NULL, &bytes) == CL_SUCCESS &&
        rg_alloc(&all, bytes + 1, 1, "the names of extensions") == RG_OK) {
        found = cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, bytes, all, NULL) == CL_SUCCESS && strstr(all, name);
    }
    rg_free(all);
    return found;
}

/* True if the compiler of a CPU device takes clang's __builtin_prefetch. PoCL's does. A compiler that goes through
 * SPIR-V ends the process there (Mesa's rusticl), and of others it is not known. */
static bool takes_prefetch(const char *platform, cl_device_type type) {
    return (type & CL_DEVICE_TYPE_CPU) && strcmp(platform, RG_POCL_NAME) == 0;
}

/* True if fma() of floats is an instruction. PoCL leaves CL_FP_FMA out for every processor. */
static bool has_fma(cl_device_type type, cl_device_fp_config fp32) {
    if (!(type & CL_DEVICE_TYPE_CPU)) {
        return (fp32 & CL_FP_FMA) != 0;
    }
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

/* True for platforms where a watchdog of the kernel or of the screen ends long work, whatever the card. */
static bool is_watched(const char *platform) {
    return strcmp(platform, "rusticl") == 0 || strcmp(platform, "Apple") == 0;
}

/* Bytes of the machine's memory that programs can have without swapping; UINT64_MAX: unknown. */
static uint64_t available_memory(void) {
    FILE *const file = fopen("/proc/meminfo", "re");
    char line[128];
    unsigned long long kib = 0;
    uint64_t bytes = UINT64_MAX;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
            bytes = (uint64_t)kib * 1024;
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return bytes;
}

/* What a plan may use of a GPU's memory. Of memory of its own that is 85 % less 256 MiB, since a screen and other
 * programs have some of it. Of the processor's memory it is half of what is available. It is never more than what is
 * free; only AMD's driver says that, in KiB. */
static uint64_t gpu_budget(const struct rg_cl *cl, cl_device_id id, uint64_t memory, bool unified) {
    static const uint64_t RESERVED = (uint64_t)256 << 20;
    const uint64_t half = available_memory() / 2, share = memory / 20 * 17;
    uint64_t budget = share > 2 * RESERVED ? share - RESERVED : share / 2;
    size_t free_kib[2] = {0, 0};
    budget = unified ? (half < memory ? half : memory) : budget;
    if (cl->clGetDeviceInfo(id, GLOBAL_FREE_MEMORY, sizeof free_kib, free_kib, NULL) == CL_SUCCESS && free_kib[0] > 0 &&
        free_kib[0] < budget / 1024) {
        budget = (uint64_t)free_kib[0] * 1024;
    }
    return budget;
}

/* Places for a work-group. Intel's compute units are execution units, and a work-group runs on a sub-slice of them, of
 * eight where the driver does not say how many. */
static int places(const struct rg_cl *cl, cl_device_id id, const char *platform, cl_uint units) {
    enum { EXECUTION_UNITS = 8 };
    cl_uint slices = 0, each = 0;
    (void)cl->clGetDeviceInfo(id, NUM_SLICES, sizeof slices, &slices, NULL);
    (void)cl->clGetDeviceInfo(id, NUM_SUB_SLICES_PER_SLICE, sizeof each, &each, NULL);
    if (slices > 0 && each > 0 && has_extension(cl, id, "cl_intel_device_attribute_query")) {
        units = slices * each;
    } else if (strncmp(platform, "Intel", 5) == 0) {
        units /= EXECUTION_UNITS;
    }
    return units > 0 ? (int)units : 1;
}

/* Bytes of the longest arguments of a kernel: addresses of buffers, a struct, and local memory. */
static size_t longest_arguments(void) {
    size_t max = 0;
    for (size_t i = 0; i < RG_N_KERNELS; i++) {
        const struct rg_kernel_signature *const s = &rg_kernel_signatures[i];
        const size_t bytes = (s->buffers + s->local) * sizeof(rg_u64) + s->args_bytes;
        max = rg_max(bytes, max);
    }
    return max;
}

/* What a device lacks that the kernels cannot do without; "" if it has all. */
static void find_lack(const struct rg_cl *cl, cl_device_id id, char problem[RG_DEVICE_PROBLEM]) {
    cl_bool available = CL_FALSE, compiler = CL_FALSE, little = CL_FALSE;
    cl_uint address_bits = 64;
    cl_ulong local = 0;
    cl_device_local_mem_type local_type = CL_LOCAL;
    size_t arguments = SIZE_MAX;
    char profile[64] = "";
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_ENDIAN_LITTLE, sizeof little, &little, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_ADDRESS_BITS, sizeof address_bits, &address_bits, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_TYPE, sizeof local_type, &local_type, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_MAX_PARAMETER_SIZE, sizeof arguments, &arguments, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_PROFILE, sizeof profile - 1, profile, NULL);
    problem[0] = '\0';
    if (address_bits != 64) {
        (void)snprintf(problem, RG_DEVICE_PROBLEM, "its addresses have %u bits, 64 are needed", address_bits);
    } else if (arguments < longest_arguments()) {
        (void)snprintf(problem, RG_DEVICE_PROBLEM, "a kernel takes at most %zu bytes of arguments, %zu are needed",
                       arguments, longest_arguments());
    } else {
        (void)snprintf(problem, RG_DEVICE_PROBLEM, "%s",
                       !available  ? "the driver says it is not available"
                       : !compiler ? "it has no compiler for OpenCL C"
                       : !little   ? "it is big-endian"
                       : strcmp(profile, "EMBEDDED_PROFILE") == 0
                           ? "it has the embedded profile of OpenCL, not the full one"
                       : local == 0 || local_type == CL_NONE ? "it has no local memory"
                                                             : "");
    }
}

/* Sizes and names; the problem that makes a device unusable, or "". */
static void ask(const struct rg_cl *cl, cl_device_id id, struct rg_device_info *info, char problem[RG_DEVICE_PROBLEM]) {
    cl_device_type type = 0;
    cl_uint units = 1, width = 0, capability = 0;
    cl_ulong memory = 0, max_buffer = 0, local = 0, cache = 0;
    cl_device_fp_config fp32 = 0, fp64 = 0;
    cl_bool unified = CL_FALSE, watched = CL_FALSE;
    char name[256] = "", driver[256] = "", version[256] = "", platform[RG_CL_NAME];
    rg_cl_platform_of(cl, id, platform);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof max_buffer, &max_buffer, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof fp32, &fp32, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof fp64, &fp64, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DRIVER_VERSION, sizeof driver - 1, driver, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    (void)cl->clGetDeviceInfo(id, COMPUTE_CAPABILITY_MAJOR, sizeof capability, &capability, NULL);
    (void)cl->clGetDeviceInfo(id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL);
    (void)cl->clGetDeviceInfo(id, KERNEL_EXEC_TIMEOUT, sizeof watched, &watched, NULL);
    memset(info, 0, sizeof *info);
    (void)snprintf(info->name, sizeof info->name, "%.127s", name);
    (void)snprintf(info->backend, sizeof info->backend, "opencl");
    (void)snprintf(info->version, sizeof info->version, "driver %.40s, %.70s", driver, version);
    info->has_double = fp64 != 0;
    (void)snprintf(info->platform, sizeof info->platform, "%.63s", platform);
    info->is_unified = unified;
    info->is_accelerator = !(type & (CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_CPU));
    info->has_prefetch = takes_prefetch(platform, type);
    info->has_fma = has_fma(type, fp32);
    info->has_tf32 = capability >= TF32_SINCE && has_extension(cl, id, "cl_nv_compiler_options");
    info->real_bytes = sizeof(float);
    info->units = (int)units;
    info->memory_bytes = memory;
    info->max_buffer_bytes = max_buffer;
    info->max_local_bytes = (size_t)local;
    if (type & CL_DEVICE_TYPE_GPU) {
        rg_device_set_gpu(info);
        info->units = places(cl, id, platform, units);
        info->budget_bytes = gpu_budget(cl, id, memory, unified);
        info->launch_seconds = unified || watched || is_watched(platform) ? RG_SHORT_LAUNCH : RG_LONG_LAUNCH;
    } else {
        info->launch_seconds = RG_SHORT_LAUNCH;
        info->subnormals_are_zero = true;
        info->cache_bytes = cache;
        info->shared_step_bytes = (uint64_t)8 << 20; /* a launch costs PoCL some 20 us */
        info->vec = width >= 16 ? 16 : width >= 8 ? 8 : 4;
        info->nv = width >= 16 ? 2 : 1;
        info->cols = info->rows = 1;
    }
    find_lack(cl, id, problem);
}

void rg_cl_place(const struct rg_cl_found *device, char place[RG_CL_PLACE]) {
    (void)snprintf(place, RG_CL_PLACE, "%u:%u", device->platform, device->device);
}

void rg_cl_describe(const struct rg_cl *cl, const struct rg_cl_found *device, struct rg_device_info *info,
                    char problem[RG_DEVICE_PROBLEM]) {
    char place[RG_CL_PLACE];
    rg_cl_place(device, place);
    const char *const dead = rg_cl_trial_problem(place);
    if (dead) {
        memset(info, 0, sizeof *info);
        char cache_problem[RG_POCL_CACHE_PROBLEM];
        rg_cl_platform_name(cl, device->of, info->name);
        rg_pocl_cache_problem(info->name, cache_problem);
        (void)snprintf(info->backend, sizeof info->backend, "opencl");
        (void)snprintf(problem, RG_DEVICE_PROBLEM, "%s%s%s", dead, cache_problem[0] ? "; " : "", cache_problem);
        return;
    }
    rg_guard_watch(place, place);
    ask(cl, device->id, info, problem);
    rg_guard_watch(NULL, NULL);
}

void rg_opencl_describe(size_t index, struct rg_device_entry *entry) {
    const struct rg_cl *cl = rg_cl_load(NULL);
    struct rg_cl_found found[RG_CL_DEVICES];
    memset(entry, 0, sizeof *entry);
    if (cl && index < rg_cl_find(cl, found)) {
        rg_cl_describe(cl, &found[index], &entry->info, entry->problem);
        rg_cl_place(&found[index], entry->id);
    }
}
