/* The program with the weight gradient alone, for groups of another shape than the program of shared.cl has. */
#include "base/base.cl"
#include "scan/weight_gradient.cl"
#define RG_PROGRAM(X) RG_GRADIENT_KERNELS(X)
#include "programs/replicas.cl"
