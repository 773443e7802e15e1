/* The kernels of an OpenCL device: programs, each built when the first of its kernels is launched, and the shape of
 * work-groups that they are built for. */
#ifndef RG_OPENCL_KERNELS_H
#define RG_OPENCL_KERNELS_H

#include "device/device.h"
#include "device/opencl/loader.h"

/* The programs, one file of kernels/programs/ each: one a cell, and three more. */
#define RG_CL_PROGRAM_OF_CELL(A, name, ...) RG_CL_PROGRAM_##name,
enum rg_cl_program_number {
    RG_CELLS(RG_CL_PROGRAM_OF_CELL, ) RG_CL_SHARED,
    RG_CL_WIDE,
    RG_CL_LEARNED,
    RG_CL_N_PROGRAMS
};

struct rg_cl_variant;

struct rg_cl_kernels {
    struct rg_cl_target target;
    struct rg_device *device; /* the shape in its info is the one that kernels are built for */
    bool has_ladder;          /* a GPU's shape, which may become a smaller one of the ladder (rg_device_rung) */
    bool spills;              /* some shape has a scan that spills registers */
    bool allows_spills;       /* every shape has: such a scan is taken */
    size_t rung;              /* of the present shape */
    /* of one launch, and of kernels/programs/replicas.cl for many at once */
    cl_program programs[2][RG_CL_N_PROGRAMS];
    cl_kernel kernels[2][RG_N_KERNELS];
    struct rg_cl_variant *variants;
};

/* Build the first program. With a ladder: for one shape after the other, from `rung` on, until the driver can run its
 * kernels in groups of that size. They take as many registers as the scans do. RG_NO_DEVICE if there is no such shape.
 */
rg_status rg_cl_kernels_open(struct rg_cl_kernels *k);
void rg_cl_kernels_release(struct rg_cl_kernels *k);
/* Free their memory without a call of the driver. */
void rg_cl_kernels_forget(struct rg_cl_kernels *k);

/* The kernel of a launch, or of many as one, built when it is first asked for. */
rg_status rg_cl_kernels_find(struct rg_cl_kernels *k, bool many, const struct rg_launch *launch, cl_kernel *out);

/* See struct rg_device_ops. */
rg_status rg_cl_kernels_try(struct rg_cl_kernels *k, const struct rg_launch *launch);
bool rg_cl_kernels_descend(struct rg_cl_kernels *k);

#endif
