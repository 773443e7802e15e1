/* The kernels as C, compiled once for every instruction set and precision (RG_NATIVE_SUFFIX, RG_VEC,
 * RG_DOUBLE); see kernels/all.cl. */
#include "device/native/native.h"

#include "all.cl"
#include "device/native/native_kernels.h"
#include "kernels.h"

#define RG_BUFFERS_2 buffers[0], buffers[1]
#define RG_BUFFERS_1 buffers[0]
#define RG_BUFFERS_3 RG_BUFFERS_2, buffers[2]
#define RG_BUFFERS_4 RG_BUFFERS_3, buffers[3]
#define RG_BUFFERS_5 RG_BUFFERS_4, buffers[4]
#define RG_BUFFERS_6 RG_BUFFERS_5, buffers[5]
#define RG_BUFFERS_7 RG_BUFFERS_6, buffers[6]
#define RG_CALL_0(name, n, type) name(RG_CAT(RG_BUFFERS_, n), *(const struct type *)args)
#define RG_CALL_1(name, n, type) name(RG_CAT(RG_BUFFERS_, n), *(const struct type *)args, local)

#define RG_ENTRY(name, n, type, uses_local)                                                                 \
    static void name##_entry(size_t const *id, size_t const *count, void *const *buffers, const void *args, \
                             void *local) {                                                                 \
        (void)local;                                                                                        \
        rg_native_group.id[0] = id[0];                                                                      \
        rg_native_group.id[1] = id[1];                                                                      \
        rg_native_group.count[0] = count[0];                                                                \
        rg_native_group.count[1] = count[1];                                                                \
        RG_CALL_##uses_local(name, n, type);                                                                \
    }
RG_KERNELS(RG_ENTRY)

#define RG_SLOT(name, n, type, uses_local) name##_entry,
const struct rg_native_kernels RG_CAT(rg_native_kernels_, RG_NATIVE_SUFFIX) = {
    .vec = RG_VEC,
    .nv = RG_NV,
    .entries = {RG_KERNELS(RG_SLOT)},
};
