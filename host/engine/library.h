/* Wide products that a library computes instead of the kernels: their descriptions, and the check that it is right. */
#ifndef RG_LIBRARY_H
#define RG_LIBRARY_H

#include "engine/net.h"

/* Products of a wide head for `steps` steps of `rows` sequences: z without the bias, from row `in` of the states and
 * `at` of the outputs on; and dL/dout of the last layer from dz. */
struct rg_wide_product rg_library_outputs(const struct rg_net *net, size_t in, size_t at, size_t steps, size_t rows);
struct rg_wide_product rg_library_states(const struct rg_net *net, size_t at, size_t steps, size_t rows);

/* Queue the gradient at the inputs of a layer above the first, for rows (t, b) of the buffers: whole steps, or some
 * rows of one step from a multiple of the plan's block on. */
rg_status rg_library_inputs(struct rg_net *net, size_t layer, struct rg_span rows, struct rg_buffer *dx);

/* Decide net->library: does the device use one, has the model products for it, and are its results, of a few rows
 * of each product at the sizes of the run, those of a sum in double? If not, one line says so, and the kernels compute
 * them. CLBlast before 1.6.3 is wrong on some devices. */
rg_status rg_library_check(struct rg_net *net);

#endif
