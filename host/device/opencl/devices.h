/* Finding OpenCL devices, and what they say of themselves. */
#ifndef RG_OPENCL_DEVICES_H
#define RG_OPENCL_DEVICES_H

#include "device/device.h"
#include "device/opencl/loader.h"

enum { RG_CL_PLATFORMS = 16, RG_CL_DEVICES = 64 /* of all platforms */, RG_CL_NAME = 128, RG_CL_PLACE = 24 };

struct rg_cl_found {
    cl_device_id id;
    cl_platform_id of;
    unsigned platform, device; /* as in P:D */
};

/* All devices of all platforms whose drivers can be called (trial.h); returns how many. */
size_t rg_cl_find(const struct rg_cl *cl, struct rg_cl_found found[RG_CL_DEVICES]);

/* Sizes and names; the problem that makes a device unusable, or "". A device whose driver cannot be called has its
 * platform's name and no sizes. */
void rg_cl_describe(const struct rg_cl *cl, const struct rg_cl_found *device, struct rg_device_info *info,
                    char problem[RG_DEVICE_PROBLEM]);

/* "P:D". */
void rg_cl_place(const struct rg_cl_found *device, char place[RG_CL_PLACE]);

void rg_cl_platform_name(const struct rg_cl *cl, cl_platform_id platform, char name[RG_CL_NAME]);

/* The name of a device's platform, "" where the driver does not say. */
void rg_cl_platform_of(const struct rg_cl *cl, cl_device_id device, char name[RG_CL_NAME]);

#endif
