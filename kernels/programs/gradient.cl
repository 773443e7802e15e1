/* The program with only the weight gradient, for groups of another shape than in shared.cl. */
#include "base/base.cl"
#include "scan/sum_order.cl"
#include "scan/weight_gradient.cl"
#define RG_PROGRAM(X) RG_GRADIENT_KERNELS(X)
#include "programs/replicas.cl"
