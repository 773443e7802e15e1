/* Finds libOpenCL at run time, and names its error codes. */
#include "device/opencl/loader.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "base/stop.h"
#include "base/symbol.h"
#include "device/device.h"

static struct rg_cl functions;
static bool loaded;
static char reason[200];

static void load(void) {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        library = dlopen("libOpenCL.so", RTLD_NOW | RTLD_LOCAL);
    }
    if (!library) {
        (void)snprintf(reason, sizeof reason, "no OpenCL loader (libOpenCL.so.1) on this machine");
        return;
    }
#define RG_CL_FIND(name)                                                                            \
    if (!rg_symbol_find(library, #name, &functions.name)) {                                         \
        (void)snprintf(reason, sizeof reason, "the OpenCL loader of this machine lacks %s", #name); \
        return;                                                                                     \
    }
    RG_CL_FUNCTIONS(RG_CL_FIND)
#undef RG_CL_FIND
    loaded = true;
}

const struct rg_cl *rg_cl_load(const char **why) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    if (why) {
        *why = reason;
    }
    return loaded ? &functions : NULL;
}

/* What an error says to the one who runs the program. */
enum meaning { OTHER, MEMORY, ENDED, GROUPS };
static const struct {
    rg_status status;
    const char *text;
} advice[] = {
    [OTHER] = {RG_NO_DEVICE, "try `" RG_CALLED " selftest`, or --device cpu"},
    [MEMORY] = {RG_NO_MEMORY, "the device has no memory for it; try a smaller --batch or --memory"},
    [ENDED] = {RG_NO_DEVICE,
               "the driver ended the work, which was out of memory or past a watchdog's time limit; try a "
               "smaller --memory, RNN_GPU_LAUNCH_SECONDS=0.05, or --device cpu"},
    [GROUPS] = {RG_NO_DEVICE,
                "the driver does not run this kernel in such groups; try --shape 2,1,8,4, or --device cpu"},
};

#define ERROR(name, meaning) \
    { name, #name, meaning }
enum { NVIDIA_BAD_ADDRESS = -9999, NO_PLATFORM = -1001 };
static const struct {
    cl_int code;
    const char *name;
    enum meaning meaning;
} errors[] = {
    ERROR(CL_SUCCESS, OTHER),
    ERROR(CL_DEVICE_NOT_FOUND, OTHER),
    ERROR(CL_DEVICE_NOT_AVAILABLE, OTHER),
    ERROR(CL_COMPILER_NOT_AVAILABLE, OTHER),
    ERROR(CL_MEM_OBJECT_ALLOCATION_FAILURE, MEMORY),
    ERROR(CL_OUT_OF_RESOURCES, ENDED),
    ERROR(CL_OUT_OF_HOST_MEMORY, MEMORY),
    ERROR(CL_BUILD_PROGRAM_FAILURE, OTHER),
    ERROR(CL_MISALIGNED_SUB_BUFFER_OFFSET, OTHER),
    ERROR(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, ENDED),
    ERROR(CL_INVALID_VALUE, OTHER),
    ERROR(CL_INVALID_PLATFORM, OTHER),
    ERROR(CL_INVALID_DEVICE, OTHER),
    ERROR(CL_INVALID_CONTEXT, OTHER),
    ERROR(CL_INVALID_COMMAND_QUEUE, ENDED),
    ERROR(CL_INVALID_MEM_OBJECT, OTHER),
    ERROR(CL_INVALID_BINARY, OTHER),
    ERROR(CL_INVALID_BUILD_OPTIONS, OTHER),
    ERROR(CL_INVALID_PROGRAM_EXECUTABLE, OTHER),
    ERROR(CL_INVALID_KERNEL_NAME, OTHER),
    ERROR(CL_INVALID_KERNEL, GROUPS),
    ERROR(CL_INVALID_ARG_INDEX, OTHER),
    ERROR(CL_INVALID_ARG_VALUE, OTHER),
    ERROR(CL_INVALID_ARG_SIZE, OTHER),
    ERROR(CL_INVALID_KERNEL_ARGS, OTHER),
    ERROR(CL_INVALID_WORK_DIMENSION, OTHER),
    ERROR(CL_INVALID_WORK_GROUP_SIZE, GROUPS),
    ERROR(CL_INVALID_WORK_ITEM_SIZE, OTHER),
    ERROR(CL_INVALID_GLOBAL_OFFSET, OTHER),
    ERROR(CL_INVALID_EVENT_WAIT_LIST, OTHER),
    ERROR(CL_INVALID_EVENT, OTHER),
    ERROR(CL_INVALID_OPERATION, OTHER),
    ERROR(CL_INVALID_BUFFER_SIZE, MEMORY),
    ERROR(CL_INVALID_GLOBAL_WORK_SIZE, OTHER),
    {NVIDIA_BAD_ADDRESS, "an NVIDIA driver's code for a bad address", ENDED},
    {NO_PLATFORM, "CL_PLATFORM_NOT_FOUND_KHR", OTHER},
    {0, "an unknown code", OTHER}, /* the last */
};
#undef ERROR

static size_t find_error(cl_int code) {
    size_t i = 0;
    while (errors[i].code != code && i + 1 < sizeof errors / sizeof *errors) {
        i++;
    }
    return i;
}

const char *rg_cl_error_name(cl_int code) {
    return errors[find_error(code)].name;
}

static rg_status check(cl_int code, const char *call, const char *object, bool needs_memory) {
    if (code == CL_SUCCESS) {
        return RG_OK;
    }
    RG_TRY(rg_stop_check()); /* a compiler in the driver gives up on a signal: that is no fault of the device */
    const size_t error = find_error(code);
    const bool works =
        strncmp(call, "clEnqueue", 9) == 0 || strncmp(call, "clFinish", 8) == 0 || strncmp(call, "clFlush", 7) == 0;
    const enum meaning known = errors[error].meaning;
    const enum meaning meaning = known != ENDED ? known : needs_memory ? MEMORY : works ? ENDED : OTHER;
    return rg_fail(advice[meaning].status, "%s: %s failed with %s (%d): %s", object, call, errors[error].name, code,
                   advice[meaning].text);
}

rg_status rg_cl_check(cl_int code, const char *call, const char *object) {
    return check(code, call, object, false);
}

rg_status rg_cl_check_memory(cl_int code, const char *call, const char *object) {
    return check(code, call, object, true);
}
