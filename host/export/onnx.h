/* Tables that the writer and the reader of ONNX files share (onnx.proto3): numbers of fields and types, and ONNX's
 * order of a cell's gates. */
#ifndef RG_EXPORT_ONNX_H
#define RG_EXPORT_ONNX_H

#include "rnn_gpu/model.h"

enum { RG_ONNX_IR_VERSION = 8, RG_ONNX_OPSET = 14 };

/* Numbers of fields, by message. */
enum rg_onnx_model_field {
    RG_MODEL_IR_VERSION = 1,
    RG_MODEL_PRODUCER_NAME = 2,
    RG_MODEL_PRODUCER_VERSION = 3,
    RG_MODEL_GRAPH = 7,
    RG_MODEL_OPSET_IMPORT = 8,
    RG_MODEL_METADATA = 14 /* pairs of strings: key 1, value 2 */
};
enum rg_onnx_opset_field { RG_OPSET_DOMAIN = 1, RG_OPSET_VERSION = 2 };
enum rg_onnx_graph_field {
    RG_GRAPH_NODE = 1,
    RG_GRAPH_NAME = 2,
    RG_GRAPH_INITIALIZER = 5,
    RG_GRAPH_INPUT = 11,
    RG_GRAPH_OUTPUT = 12
};
enum rg_onnx_node_field {
    RG_NODE_INPUT = 1,
    RG_NODE_OUTPUT = 2,
    RG_NODE_NAME = 3,
    RG_NODE_OP_TYPE = 4,
    RG_NODE_ATTRIBUTE = 5,
    RG_NODE_DOMAIN = 7
};
enum rg_onnx_attribute_field {
    RG_ATTRIBUTE_NAME = 1,
    RG_ATTRIBUTE_F = 2,
    RG_ATTRIBUTE_I = 3,
    RG_ATTRIBUTE_S = 4,
    RG_ATTRIBUTE_T = 5,
    RG_ATTRIBUTE_G = 6,
    RG_ATTRIBUTE_FLOATS = 7,
    RG_ATTRIBUTE_INTS = 8,
    RG_ATTRIBUTE_STRINGS = 9,
    RG_ATTRIBUTE_TYPE = 20
};
enum rg_onnx_tensor_field {
    RG_TENSOR_DIMS = 1,
    RG_TENSOR_DATA_TYPE = 2,
    RG_TENSOR_FLOAT_DATA = 4,
    RG_TENSOR_INT64_DATA = 7,
    RG_TENSOR_NAME = 8,
    RG_TENSOR_RAW_DATA = 9,
    RG_TENSOR_DOUBLE_DATA = 10,
    RG_TENSOR_EXTERNAL_DATA = 13, /* pairs of strings */
    RG_TENSOR_DATA_LOCATION = 14  /* 1: in another file */
};

/* Types of elements. */
enum rg_onnx_type {
    RG_ONNX_FLOAT = 1,
    RG_ONNX_INT32 = 6,
    RG_ONNX_INT64 = 7,
    RG_ONNX_BOOL = 9,
    RG_ONNX_FLOAT16 = 10,
    RG_ONNX_DOUBLE = 11,
    RG_ONNX_BFLOAT16 = 16
};

/* The operator of a cell; and the gate, in PyTorch's order (lstm i, f, g, o; gru r, z, n), at place `place` of ONNX's
 * order (lstm i, o, f, c; gru z, r, h). */
const char *rg_onnx_operator(enum rg_cell cell);
size_t rg_onnx_gate(enum rg_cell cell, size_t place);

/* The RNN operator's function for the activation, and its alpha (NAN: none); NULL if ONNX has no such function. */
const char *rg_onnx_activation(enum rg_activation activation, float *alpha);

#endif
