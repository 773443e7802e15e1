/* Finds libOpenCL at run time, and names its error codes. */
#include "device/opencl/loader.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/stop.h"

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
    *(void **)&functions.name = dlsym(library, #name);                                              \
    if (!functions.name) {                                                                          \
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

const char *rg_cl_error_name(cl_int code) {
    switch (code) {
#define RG_CL_NAME(name) \
    case name:           \
        return #name;
        RG_CL_NAME(CL_SUCCESS)
        RG_CL_NAME(CL_DEVICE_NOT_FOUND)
        RG_CL_NAME(CL_DEVICE_NOT_AVAILABLE)
        RG_CL_NAME(CL_COMPILER_NOT_AVAILABLE)
        RG_CL_NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE)
        RG_CL_NAME(CL_OUT_OF_RESOURCES)
        RG_CL_NAME(CL_OUT_OF_HOST_MEMORY)
        RG_CL_NAME(CL_BUILD_PROGRAM_FAILURE)
        RG_CL_NAME(CL_INVALID_VALUE)
        RG_CL_NAME(CL_INVALID_PLATFORM)
        RG_CL_NAME(CL_INVALID_DEVICE)
        RG_CL_NAME(CL_INVALID_CONTEXT)
        RG_CL_NAME(CL_INVALID_COMMAND_QUEUE)
        RG_CL_NAME(CL_INVALID_MEM_OBJECT)
        RG_CL_NAME(CL_INVALID_BINARY)
        RG_CL_NAME(CL_INVALID_BUILD_OPTIONS)
        RG_CL_NAME(CL_INVALID_PROGRAM_EXECUTABLE)
        RG_CL_NAME(CL_INVALID_KERNEL_NAME)
        RG_CL_NAME(CL_INVALID_KERNEL)
        RG_CL_NAME(CL_INVALID_ARG_INDEX)
        RG_CL_NAME(CL_INVALID_ARG_VALUE)
        RG_CL_NAME(CL_INVALID_ARG_SIZE)
        RG_CL_NAME(CL_INVALID_KERNEL_ARGS)
        RG_CL_NAME(CL_INVALID_WORK_DIMENSION)
        RG_CL_NAME(CL_INVALID_WORK_GROUP_SIZE)
        RG_CL_NAME(CL_INVALID_WORK_ITEM_SIZE)
        RG_CL_NAME(CL_INVALID_GLOBAL_OFFSET)
        RG_CL_NAME(CL_INVALID_EVENT)
        RG_CL_NAME(CL_INVALID_OPERATION)
        RG_CL_NAME(CL_INVALID_BUFFER_SIZE)
        RG_CL_NAME(CL_INVALID_GLOBAL_WORK_SIZE)
#undef RG_CL_NAME
    case -1001:
        return "CL_PLATFORM_NOT_FOUND_KHR";
    default:
        return "an unknown code";
    }
}

rg_status rg_cl_check(cl_int code, const char *call, const char *object) {
    if (code != CL_SUCCESS) {
        RG_TRY(rg_stop_check()); /* a compiler in the driver gives up on a signal: that is no fault of the device */
    }
    switch (code) {
    case CL_SUCCESS:
        return RG_OK;
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_HOST_MEMORY:
    case CL_INVALID_BUFFER_SIZE:
        return rg_fail(RG_NO_MEMORY,
                       "%s: %s failed with %s (%d): the device has no memory for it; try a smaller --batch or --memory",
                       object, call, rg_cl_error_name(code), code);
    default:
        return rg_fail(RG_NO_DEVICE, "%s: %s failed with %s (%d); try `rnn-gpu selftest`, or --device cpu", object,
                       call, rg_cl_error_name(code), code);
    }
}
