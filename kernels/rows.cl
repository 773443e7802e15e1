/* Everything that is instanced per block height RG_R. */
#include "head_rows.cl"
#include "sweep_rows.cl"
#include "weight_gradient_rows.cl"
