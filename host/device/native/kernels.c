/* The kernels as C, compiled once for every instruction set and precision (RG_NATIVE_SUFFIX, RG_VEC, RG_DOUBLE); see
 * kernels/programs/all.cl. */
#include "device/native/entries.h"
#include "kernels/base/native.h"
#include "kernels/programs/all.cl"

RG_KERNELS(RG_ENTRY)

extern const rg_native_entry RG_CAT(rg_native_learned_, RG_NATIVE_SUFFIX)[];
const struct rg_native_kernels RG_CAT(rg_native_kernels_, RG_NATIVE_SUFFIX) = {
    .vec = RG_VEC,
    .nv = RG_NV,
    .entries = {RG_KERNELS(RG_SLOT)},
    .learned = RG_CAT(rg_native_learned_, RG_NATIVE_SUFFIX),
};
