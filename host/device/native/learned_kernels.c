/* The kernels of learned skips as C, like kernels.c; see kernels/programs/learned.cl. */
#include "device/native/entries.h"
#include "kernels/base/native.h"
#include "kernels/programs/learned.cl"

RG_LEARNED_KERNELS(RG_ENTRY)

extern const rg_native_entry RG_CAT(rg_native_learned_, RG_NATIVE_SUFFIX)[];
const rg_native_entry RG_CAT(rg_native_learned_, RG_NATIVE_SUFFIX)[] = {RG_LEARNED_KERNELS(RG_SLOT)};
