/* The layers of a model as nodes of an ONNX graph. */
#ifndef RG_EXPORT_ONNX_LAYERS_H
#define RG_EXPORT_ONNX_LAYERS_H

#include "export/onnx_graph.h"
#include "rnn_gpu/model.h"

struct rg_onnx_name {
    char text[RG_NAME_BYTES];
};

/* A name for a tensor of a layer, such as y_l0, or of a direction, such as h_l0_reverse. */
struct rg_onnx_name rg_onnx_name_of(const char *what, size_t layer, size_t direction);

/* Add a parameter as a constant with its own name and shape. */
void rg_onnx_parameter(struct rg_onnx_graph *graph, const struct rg_model *model, size_t parameter);

/* Do the layers need the operator Scan? They do with a skip, or with an activation that the RNN operator lacks. */
bool rg_onnx_needs_scan(const struct rg_shape *shape);

/* Inputs and outputs of a layer: names of tensors; NULL for an output that is not needed. */
struct rg_onnx_flow {
    size_t layer;
    const char *input;   /* [time, batch, inputs of the layer] */
    const char *outputs; /* [time, batch, D*H] */
    const char *final;   /* [batch, D*H], the final state of each direction */
};

/* A layer as one RNN, LSTM or GRU node, which reads `lengths`. */
void rg_onnx_cell_layer(struct rg_onnx_graph *graph, const struct rg_model *model, const struct rg_onnx_flow *flow);

/* A layer as one Scan for each direction. It reads `mask` [time, batch, 1], true at the valid steps of a sequence, and
 * `batch` [1]. */
void rg_onnx_scan_layer(struct rg_onnx_graph *graph, const struct rg_model *model, const struct rg_onnx_flow *flow);

#endif
