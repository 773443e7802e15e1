/* Files inside the binary. The build generates these tables: see kernels/embed.cmake. */
#ifndef RG_EMBEDDED_H
#define RG_EMBEDDED_H

#include <stddef.h>

struct rg_embedded_file {
    const char *name; /* path under its folder */
    const unsigned char *text;
    size_t bytes;
};

extern const struct rg_embedded_file rg_kernel_sources[]; /* kernels/, in builds with OpenCL */
extern const size_t rg_n_kernel_sources;
extern const struct rg_embedded_file rg_bench_scripts[]; /* bench/peers/ */
extern const size_t rg_n_bench_scripts;
extern const struct rg_embedded_file rg_export_templates[]; /* host/export/templates/ */
extern const size_t rg_n_export_templates;

#endif
