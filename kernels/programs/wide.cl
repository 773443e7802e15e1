/* The program with heads of many outputs. */
#include "base/base.cl"
#include "head/loss.cl"
#include "head/wide_head.cl"
#define RG_PROGRAM(X) RG_WIDE_KERNELS(X)
#include "programs/replicas.cl"
