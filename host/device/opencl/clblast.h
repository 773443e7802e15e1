/* CLBlast, opened at run time where it is installed: products of an OpenCL device. */
#ifndef RG_OPENCL_CLBLAST_H
#define RG_OPENCL_CLBLAST_H

#include <CL/cl.h>
#include <stdbool.h>

#include "device/product.h"

struct rg_clblast;

/* The library, loaded once and kept; NULL where there is none. */
const struct rg_clblast *rg_clblast_load(void);

/* The memory objects of a product's matrices, floats or doubles. The product's offsets count from their beginnings. */
struct rg_clblast_operands {
    cl_mem a, b, c;
    bool is_double;
};

/* Queue the product; its first call for a device compiles kernels. RG_ERROR with the library's code if it fails. */
rg_status rg_clblast_product(const struct rg_clblast *library, cl_command_queue queue,
                             const struct rg_wide_product *product, const struct rg_clblast_operands *operands);

#endif
