/* The layers of a model as nodes of an ONNX graph. */
#ifndef RG_EXPORT_ONNX_LAYERS_H
#define RG_EXPORT_ONNX_LAYERS_H

#include "export/onnx_graph.h"
#include "rnn_gpu/model.h"

struct rg_onnx_name {
    char text[RG_NAME_BYTES];
};

/* A name for a thing of a layer, such as y_l0, and of a direction, such as h_l0_reverse. */
struct rg_onnx_name rg_onnx_name_of(const char *what, size_t layer, size_t direction);

/* Add a parameter as a constant of its own name and shape. */
void rg_onnx_parameter(struct rg_onnx_graph *graph, const struct rg_model *model, size_t parameter);

/* Whether the layers need the operator Scan: with a skip, or an activation that the RNN operator does not have. */
bool rg_onnx_needs_scan(const struct rg_shape *shape);

/* What a layer reads and makes: names of tensors, NULL for an output that nothing reads. */
struct rg_onnx_flow {
    size_t layer;
    const char *input;   /* [time, batch, inputs of the layer] */
    const char *outputs; /* [time, batch, D*H] */
    const char *final;   /* [batch, D*H], the state with which each direction ends */
};

/* A layer as one node of RNN, LSTM or GRU, which reads `lengths`. */
void rg_onnx_cell_layer(struct rg_onnx_graph *graph, const struct rg_model *model, const struct rg_onnx_flow *flow);

/* A layer as one Scan a direction, which reads `mask` [time, batch, 1], true at the steps of a sequence, and `batch`
 * [1]. */
void rg_onnx_scan_layer(struct rg_onnx_graph *graph, const struct rg_model *model, const struct rg_onnx_flow *flow);

#endif
