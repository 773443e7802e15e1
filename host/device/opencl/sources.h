/* The kernel files in the binary; the build makes the table from kernels/. */
#ifndef RG_KERNEL_SOURCES_H
#define RG_KERNEL_SOURCES_H

#include <stddef.h>

struct rg_kernel_source {
    const char *name; /* path under kernels/ */
    const unsigned char *text;
    size_t bytes;
};

extern const struct rg_kernel_source rg_kernel_sources[];
extern const size_t rg_n_kernel_sources;

#endif
