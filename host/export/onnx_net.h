/* The recurrent net in the graph of an ONNX file: where its weights are, and how they are used. */
#ifndef RG_EXPORT_ONNX_NET_H
#define RG_EXPORT_ONNX_NET_H

#include "export/onnx_file.h"

struct rg_onnx_net {
    struct rg_shape shape;
    struct rg_bytes layers[RG_MAX_LAYERS]; /* nodes RNN, LSTM or GRU, from the first on */
    struct rg_onnx_tensor head_weight, head_bias, embed;
    bool head_transposed; /* head_weight is [D*H, O] */
    bool has_bias, has_embed;
    bool given_state; /* the initial state is an input of the graph */
};

/* Find the net by walking from the graph's output to its input. RG_BAD_FILE names a node that does not belong to such a
 * net. */
rg_status rg_onnx_find_net(struct rg_onnx_file *file, struct rg_onnx_net *net);

/* The inputs W, R and B of a layer, with the dimensions of the net's shape. *has_bias: there is a B. */
rg_status rg_onnx_layer_weights(struct rg_onnx_file *file, const struct rg_onnx_net *net, size_t layer,
                                struct rg_onnx_tensor weights[3], bool *has_bias);

#endif
