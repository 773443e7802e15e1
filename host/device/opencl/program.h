/* The OpenCL program: the embedded kernel text, put together and built for one device. */
#ifndef RG_OPENCL_PROGRAM_H
#define RG_OPENCL_PROGRAM_H

#include "device/device.h"
#include "device/opencl/loader.h"

/* What to build: the kernel file `root` with what it includes. */
struct rg_cl_program {
    const char *root;
    bool replicas;             /* the kernels of kernels/programs/replicas.cl */
    int item_rows, block_rows; /* of another shape than the device's; 0: as there */
    int scan_part;             /* RG_FORWARD_PART, RG_REVERSE_PART; 0: both */
};

/* Build it for the precision and, unless it says otherwise, the group shape in `info`. RG_NO_DEVICE with the compiler's
 * first lines if it fails.
 */
rg_status rg_cl_program_build(const struct rg_cl_target *target, const struct rg_device_info *info,
                              const struct rg_cl_program *what, cl_program *program);

#endif
