/* Every program except that of learned skips as one text. The native device compiles it (host/device/native/kernels.c),
 * and the static checks read it. An OpenCL device builds each program when the first of its kernels is needed, because
 * compiling a cell's scans takes seconds. */
#include "base/base.cl"
#include "cells/list.cl"
#define RG_PROGRAM(X) RG_CELLS(RG_SCANS_OF_ROW, X)
#include "programs/replicas.cl"
#include "programs/shared.cl"
#include "programs/wide.cl"
