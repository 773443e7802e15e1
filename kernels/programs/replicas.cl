/* Many launches of one kernel as a single launch, for models that are trained side by side. Each model has its own
 * arguments, and its own slices of the buffers that all models share. Group (i, j, r) does the work of group (i, j) of
 * launch r.
 *
 * Included at the end of every program, after RG_PROGRAM(X), the program's list of kernels. */
#if RG_REPLICAS
#ifndef RG_SLICE
#include "kernels.h"

#define RG_SLICE(n) slices[n] == RG_NO_BUFFER ? 0 : (__global void *)(buffer##n + slices[n])
#define RG_SLICES_1 RG_SLICE(0)
#define RG_SLICES_2 RG_SLICES_1, RG_SLICE(1)
#define RG_SLICES_3 RG_SLICES_2, RG_SLICE(2)
#define RG_SLICES_4 RG_SLICES_3, RG_SLICE(3)
#define RG_SLICES_5 RG_SLICES_4, RG_SLICE(4)
#define RG_SLICES_6 RG_SLICES_5, RG_SLICE(5)
#define RG_SLICES_7 RG_SLICES_6, RG_SLICE(6)
#define RG_SLICES_8 RG_SLICES_7, RG_SLICE(7)
#define RG_BUFFERS_1 __global uchar *buffer0
#define RG_BUFFERS_2 RG_BUFFERS_1, __global uchar *buffer1
#define RG_BUFFERS_3 RG_BUFFERS_2, __global uchar *buffer2
#define RG_BUFFERS_4 RG_BUFFERS_3, __global uchar *buffer3
#define RG_BUFFERS_5 RG_BUFFERS_4, __global uchar *buffer4
#define RG_BUFFERS_6 RG_BUFFERS_5, __global uchar *buffer5
#define RG_BUFFERS_7 RG_BUFFERS_6, __global uchar *buffer6
#define RG_BUFFERS_8 RG_BUFFERS_7, __global uchar *buffer7
#define RG_PARAMETER_0
#define RG_PARAMETER_1 , __local ulong4 *local_memory
#define RG_ARGUMENT_0
#define RG_ARGUMENT_1 , (__local void *)local_memory

#define RG_REPLICATED(name, n, type, uses_local)                                                                   \
    RG_DEVICE_KERNEL void name##_replicas(RG_CAT(RG_BUFFERS_, n), __global const uchar *table,                     \
                                          const struct rg_replicas_args where RG_CAT(RG_PARAMETER_, uses_local)) { \
        __global const uchar *const row = table + where.first + get_group_id(2) * where.stride;                    \
        __global const rg_u64 *const slices = (__global const rg_u64 *)row;                                        \
        const struct type args = *(__global const struct type *)(row + RG_MAX_BUFFERS * sizeof(rg_u64));           \
        name(RG_CAT(RG_SLICES_, n), args RG_CAT(RG_ARGUMENT_, uses_local));                                        \
    }
#endif

RG_PROGRAM(RG_REPLICATED)
#endif
#undef RG_PROGRAM
