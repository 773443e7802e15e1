/* Every program but that of learned skips as one text: what the native device compiles (host/device/native/kernels.c)
 * and what the static checks read. An OpenCL device builds each of them when the first of its kernels is needed,
 * because compiling a cell's scans takes seconds. */
#include "base/base.cl"
#include "cells/list.cl"
#define RG_PROGRAM(X) RG_CELLS(RG_SCANS_OF_ROW, X)
#include "programs/replicas.cl"
#include "programs/shared.cl"
#include "programs/wide.cl"
