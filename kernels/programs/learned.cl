/* The program with all cells' scans with an update gate, which decides which steps to skip. */
#define RG_LEARNED 1
#include "base/base.cl"
#include "scan/learned_gate.cl"
#include "cells/list.cl"
#include "scan/sum_order.cl"
#include "scan/gate_gradient.cl"
#define RG_PROGRAM(X) RG_LEARNED_KERNELS(X)
#include "programs/replicas.cl"
