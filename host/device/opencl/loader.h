/* The OpenCL functions in use, found at run time: the program starts on a machine without any OpenCL. */
#ifndef RG_OPENCL_LOADER_H
#define RG_OPENCL_LOADER_H

#include <CL/cl.h>

#include "rnn_gpu/status.h"

#define RG_CL_FUNCTIONS(X)       \
    X(clGetPlatformIDs)          \
    X(clGetPlatformInfo)         \
    X(clGetDeviceIDs)            \
    X(clGetDeviceInfo)           \
    X(clCreateSubDevices)        \
    X(clReleaseDevice)           \
    X(clCreateContext)           \
    X(clReleaseContext)          \
    X(clCreateCommandQueue)      \
    X(clReleaseCommandQueue)     \
    X(clCreateProgramWithSource) \
    X(clCreateProgramWithBinary) \
    X(clBuildProgram)            \
    X(clGetProgramInfo)          \
    X(clGetProgramBuildInfo)     \
    X(clReleaseProgram)          \
    X(clCreateKernel)            \
    X(clReleaseKernel)           \
    X(clSetKernelArg)            \
    X(clGetKernelWorkGroupInfo)  \
    X(clEnqueueNDRangeKernel)    \
    X(clCreateBuffer)            \
    X(clRetainMemObject)         \
    X(clReleaseMemObject)        \
    X(clEnqueueWriteBuffer)      \
    X(clEnqueueReadBuffer)       \
    X(clEnqueueFillBuffer)       \
    X(clFlush)                   \
    X(clFinish)

struct rg_cl {
#define RG_CL_MEMBER(name) __typeof__(&name) name;
    RG_CL_FUNCTIONS(RG_CL_MEMBER)
#undef RG_CL_MEMBER
};

/* A device with its context, and the functions to call. */
struct rg_cl_target {
    const struct rg_cl *cl;
    cl_context context;
    cl_device_id id;
};

/* The functions, loaded once; NULL without a loader library, and *why (may be NULL) then says so. */
const struct rg_cl *rg_cl_load(const char **why);

/* "CL_OUT_OF_RESOURCES" for -5, and so on. */
const char *rg_cl_error_name(cl_int code);

/* RG_OK, or the failed call recorded with its code's name and what to try. `call` is the function's name, `object` what
 * it was called for. */
rg_status rg_cl_check(cl_int code, const char *call, const char *object);
/* The same for a call that needs memory: codes that may mean that there is none are RG_NO_MEMORY. */
rg_status rg_cl_check_memory(cl_int code, const char *call, const char *object);

#endif
