/* What a native build of the kernels offers, one table for each instruction set and precision; made by kernels.c, but
 * the entries for learned skips by learned_kernels.c. */
#ifndef RG_NATIVE_KERNELS_H
#define RG_NATIVE_KERNELS_H

#include <stddef.h>

#include "kernels/kernels.h"

/* Run one group. `id` and `count` have two members; `local` is this thread's scratch memory. */
typedef void (*rg_native_entry)(size_t const *id, size_t const *count, void *const *buffers, const void *args,
                                void *local);

struct rg_native_kernels {
    int vec, nv; /* RG_VEC, RG_NV */
    rg_native_entry entries[RG_FIRST_LEARNED];
    const rg_native_entry *learned; /* those from RG_FIRST_LEARNED on */
};

/* Of floats, and of doubles. */
extern const struct rg_native_kernels rg_native_kernels_base; /* no instruction beyond the platform's base */
extern const struct rg_native_kernels rg_native_kernels_base_double;
#ifdef RG_HAVE_X86_ISAS
extern const struct rg_native_kernels rg_native_kernels_v3; /* AVX2, FMA */
extern const struct rg_native_kernels rg_native_kernels_v3_double;
extern const struct rg_native_kernels rg_native_kernels_v4; /* AVX-512 */
extern const struct rg_native_kernels rg_native_kernels_v4_double;
#endif

#endif
