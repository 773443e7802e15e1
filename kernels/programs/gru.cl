/* The program with the scans of the gru cell. */
#include "base/base.cl"
#include "cells/gru.cl"
#include "cells/end.cl"
#define RG_PROGRAM(X) RG_SCAN_KERNELS(X, gru)
#include "programs/replicas.cl"
