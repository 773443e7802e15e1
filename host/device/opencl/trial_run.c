/* The child process that tries drivers: see trial.h and rg_opencl_trial. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "device/device.h"
#include "device/opencl/devices.h"

enum { ITEMS = 64 };

static const char text[] = "__kernel void try_it(__global int *a) { a[get_global_id(0)] += 1; }";

/* Is the place in the list? */
static bool is_left_out(const char *without, const char *place) {
    const size_t n = strlen(place);
    for (const char *at = without; *at; at += strcspn(at, ",")) {
        at += *at == ',';
        if (strncmp(at, place, n) == 0 && (at[n] == ',' || at[n] == '\0')) {
            return true;
        }
    }
    return false;
}

/* One kernel, built and run. Only that the driver comes back matters: its errors the parent sees for itself. */
static void try_queue(const struct rg_cl *cl, cl_device_id id, cl_context context, cl_command_queue queue) {
    int numbers[ITEMS] = {0};
    const size_t items = ITEMS;
    cl_int code = CL_SUCCESS;
    const cl_program program = cl->clCreateProgramWithSource(context, 1, (const char *[]){text}, NULL, &code);
    const cl_mem memory = cl->clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof numbers, NULL, &code);
    if (program && memory && cl->clBuildProgram(program, 1, &id, "-cl-std=CL1.2", NULL, NULL) == CL_SUCCESS) {
        const cl_kernel kernel = cl->clCreateKernel(program, "try_it", &code);
        if (kernel && cl->clSetKernelArg(kernel, 0, sizeof memory, &memory) == CL_SUCCESS) {
            (void)cl->clEnqueueWriteBuffer(queue, memory, CL_TRUE, 0, sizeof numbers, numbers, 0, NULL, NULL);
            (void)cl->clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
            (void)cl->clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, sizeof numbers, numbers, 0, NULL, NULL);
        }
        if (kernel) {
            (void)cl->clReleaseKernel(kernel);
        }
    }
    (void)cl->clFinish(queue);
    if (memory) {
        (void)cl->clReleaseMemObject(memory);
    }
    if (program) {
        (void)cl->clReleaseProgram(program);
    }
}

static void try_device(const struct rg_cl *cl, cl_device_id id) {
    cl_int code = CL_SUCCESS;
    const cl_context context = cl->clCreateContext(NULL, 1, &id, NULL, NULL, &code);
    const cl_command_queue queue = context ? cl->clCreateCommandQueue(context, id, 0, &code) : NULL;
    if (queue) {
        try_queue(cl, id, context, queue);
        (void)cl->clReleaseCommandQueue(queue);
    }
    if (context) {
        (void)cl->clReleaseContext(context);
    }
}

static void try_platform(const struct rg_cl *cl, cl_platform_id platform, unsigned number, const char *without) {
    cl_device_id devices[RG_CL_DEVICES];
    cl_uint n = 0;
    char place[RG_CL_PLACE], name[RG_CL_NAME];
    rg_cl_platform_name(cl, platform, name);
    (void)printf("try %u %s\n", number, name);
    if (cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, RG_CL_DEVICES, devices, &n) != CL_SUCCESS) {
        return;
    }
    for (unsigned d = 0; d < n && d < RG_CL_DEVICES; d++) {
        struct rg_device_info info;
        char problem[RG_DEVICE_PROBLEM];
        (void)snprintf(place, sizeof place, "%u:%u", number, d);
        if (!is_left_out(without, place)) {
            (void)printf("try %s %s\n", place, name);
            rg_cl_describe(cl, &(struct rg_cl_found){devices[d], platform, number, d}, &info, problem);
            if (!problem[0]) {
                try_device(cl, devices[d]);
            }
            (void)printf("good %s %s|%s\n", place, info.name, info.version);
        }
    }
}

rg_status rg_opencl_trial(const char *without) {
    const struct rg_cl *const cl = rg_cl_load(NULL);
    cl_platform_id platforms[RG_CL_PLATFORMS];
    cl_uint n = 0;
    char place[RG_CL_PLACE];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (cl && cl->clGetPlatformIDs(RG_CL_PLATFORMS, platforms, &n) == CL_SUCCESS) {
        for (unsigned p = 0; p < n && p < RG_CL_PLATFORMS; p++) {
            (void)snprintf(place, sizeof place, "%u", p);
            if (!is_left_out(without, place)) {
                try_platform(cl, platforms[p], p, without);
            }
        }
    }
    (void)puts("done");
    return RG_OK;
}
