/* Building the graph of an ONNX file: see onnx_graph.h. */
#include "export/onnx_graph.h"

#include <stdlib.h>
#include <string.h>

/* AttributeProto.type of the kinds of attributes, in their order. */
static const int64_t attribute_types[] = {2, 1, 3, 7, 6, 8, 5};

static void add_attribute(struct rg_proto *node, const struct rg_onnx_attribute *a) {
    struct rg_proto proto = {.status = RG_OK};
    rg_proto_string(&proto, RG_ATTRIBUTE_NAME, a->name);
    switch (a->kind) {
    case RG_IS_INT:
        rg_proto_int(&proto, RG_ATTRIBUTE_I, a->i);
        break;
    case RG_IS_FLOAT:
        rg_proto_float(&proto, RG_ATTRIBUTE_F, a->f);
        break;
    case RG_IS_STRING:
        rg_proto_string(&proto, RG_ATTRIBUTE_S, a->s);
        break;
    case RG_IS_GRAPH:
        rg_proto_message(&proto, RG_ATTRIBUTE_G, &a->graph->proto);
        break;
    default:
        for (size_t i = 0; i < a->count; i++) {
            if (a->kind == RG_IS_INTS) {
                rg_proto_int(&proto, RG_ATTRIBUTE_INTS, a->ints[i]);
            } else if (a->kind == RG_IS_FLOATS) {
                rg_proto_float(&proto, RG_ATTRIBUTE_FLOATS, a->floats[i]);
            } else {
                rg_proto_string(&proto, RG_ATTRIBUTE_STRINGS, a->strings[i]);
            }
        }
    }
    rg_proto_int(&proto, RG_ATTRIBUTE_TYPE, attribute_types[a->kind]);
    rg_proto_message(node, RG_NODE_ATTRIBUTE, &proto);
}

void rg_onnx_node(struct rg_onnx_graph *graph, const char *op, const char *const *inputs, const char *const *outputs,
                  const struct rg_onnx_attribute *attributes) {
    struct rg_proto node = {.status = RG_OK};
    for (size_t i = 0; inputs[i] != NULL; i++) {
        rg_proto_string(&node, RG_NODE_INPUT, inputs[i]);
    }
    const char *name = ""; /* the last output's name: the first output may be absent */
    for (size_t i = 0; outputs[i] != NULL; i++) {
        rg_proto_string(&node, RG_NODE_OUTPUT, outputs[i]);
        name = outputs[i];
    }
    rg_proto_string(&node, RG_NODE_NAME, name);
    rg_proto_string(&node, RG_NODE_OP_TYPE, op);
    for (size_t i = 0; attributes != NULL && attributes[i].name != NULL; i++) {
        add_attribute(&node, &attributes[i]);
    }
    rg_proto_message(&graph->proto, RG_GRAPH_NODE, &node);
}

void rg_onnx_unary(struct rg_onnx_graph *graph, const char *op, const char *input, const char *output) {
    rg_onnx_node(graph, op, RG_NAMES(input), RG_NAMES(output), NULL);
}

void rg_onnx_binary(struct rg_onnx_graph *graph, const char *op, const char *a, const char *b, const char *output) {
    rg_onnx_node(graph, op, RG_NAMES(a, b), RG_NAMES(output), NULL);
}

void rg_onnx_transpose(struct rg_onnx_graph *graph, const char *input, const char *output, size_t n_axes,
                       const int64_t *axes) {
    const struct rg_onnx_attribute attributes[] = {RG_INTS_OF("perm", n_axes, axes), RG_END_OF_ATTRIBUTES};
    rg_onnx_node(graph, "Transpose", RG_NAMES(input), RG_NAMES(output), attributes);
}

/* ---- Constants ---- */

void rg_onnx_floats(struct rg_onnx_graph *graph, const char *name, size_t n_dims, const size_t *dims,
                    const float *numbers) {
    struct rg_proto head = {.status = RG_OK};
    size_t bytes = sizeof *numbers;
    for (size_t d = 0; d < n_dims; d++) {
        rg_proto_int(&head, RG_TENSOR_DIMS, (int64_t)dims[d]);
        bytes *= dims[d];
    }
    rg_proto_int(&head, RG_TENSOR_DATA_TYPE, RG_ONNX_FLOAT);
    rg_proto_string(&head, RG_TENSOR_NAME, name);
    rg_proto_head(&head, RG_TENSOR_RAW_DATA, bytes);
    rg_proto_head(&graph->proto, RG_GRAPH_INITIALIZER, head.text.length + bytes);
    rg_proto_raw(&graph->proto, head.text.bytes, head.text.length);
    if (head.status != RG_OK && graph->proto.status == RG_OK) {
        graph->proto.status = head.status;
    }
    rg_text_destroy(&head.text);
    if (numbers != NULL) {
        rg_proto_raw(&graph->proto, numbers, bytes);
    }
}

void rg_onnx_doubles(struct rg_onnx_graph *graph, const char *name, size_t count, const double *numbers) {
    struct rg_proto tensor = {.status = RG_OK};
    rg_proto_int(&tensor, RG_TENSOR_DIMS, (int64_t)count);
    rg_proto_int(&tensor, RG_TENSOR_DATA_TYPE, RG_ONNX_DOUBLE);
    rg_proto_string(&tensor, RG_TENSOR_NAME, name);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, numbers, count * sizeof *numbers);
    rg_proto_message(&graph->proto, RG_GRAPH_INITIALIZER, &tensor);
}

void rg_onnx_ints(struct rg_onnx_graph *graph, const char *name, size_t count, const int64_t *numbers) {
    struct rg_proto tensor = {.status = RG_OK};
    if (count > 0) {
        rg_proto_int(&tensor, RG_TENSOR_DIMS, (int64_t)count);
    }
    rg_proto_int(&tensor, RG_TENSOR_DATA_TYPE, RG_ONNX_INT64);
    rg_proto_string(&tensor, RG_TENSOR_NAME, name);
    rg_proto_bytes(&tensor, RG_TENSOR_RAW_DATA, numbers, (count > 0 ? count : 1) * sizeof *numbers);
    rg_proto_message(&graph->proto, RG_GRAPH_INITIALIZER, &tensor);
}

void rg_onnx_number(struct rg_onnx_graph *graph, const char *name, float number) {
    rg_onnx_floats(graph, name, 0, NULL, &number);
}

/* ---- Inputs and outputs ---- */

/* TensorShapeProto.Dimension: dim_value 1, dim_param 2. */
static void add_dimension(struct rg_proto *shape, const char *text) {
    struct rg_proto dimension = {.status = RG_OK};
    char *end = NULL;
    const long long value = strtoll(text, &end, 10);
    if (*end == '\0') {
        rg_proto_int(&dimension, 1, value);
    } else {
        rg_proto_string(&dimension, 2, text);
    }
    rg_proto_message(shape, 1, &dimension);
}

/* ValueInfoProto {name 1, type 2}, TypeProto {tensor_type 1}, its Tensor {elem_type 1, shape 2}. */
void rg_onnx_value(struct rg_onnx_graph *graph, enum rg_onnx_graph_field field, const char *name,
                   enum rg_onnx_type type, size_t n_dims, const char *const *dims) {
    struct rg_proto value = {.status = RG_OK}, holder = value, tensor = value, shape = value;
    rg_proto_int(&tensor, 1, type);
    for (size_t d = 0; d < n_dims; d++) {
        add_dimension(&shape, dims[d]);
    }
    if (n_dims > 0) {
        rg_proto_message(&tensor, 2, &shape);
    }
    rg_proto_message(&holder, 1, &tensor);
    rg_proto_string(&value, 1, name);
    rg_proto_message(&value, 2, &holder);
    rg_proto_message(&graph->proto, field, &value);
}
