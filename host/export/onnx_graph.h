/* Building the graph of an ONNX file: nodes, constant tensors, inputs and outputs, by name.
 *
 * The functions return no status. The graph's `proto.status` keeps the first failure, and later calls do nothing, as in
 * proto.h. The graph copies names. */
#ifndef RG_EXPORT_ONNX_GRAPH_H
#define RG_EXPORT_ONNX_GRAPH_H

#include <stdint.h>

#include "export/onnx.h"
#include "export/proto.h"

struct rg_onnx_graph {
    struct rg_proto proto;
};

/* A list of names that ends with NULL. "" stands for an optional input that is absent. */
#define RG_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* An attribute of a node; exactly one value is set. A list of attributes ends with one without a name. */
struct rg_onnx_attribute {
    const char *name;
    enum { RG_IS_INT, RG_IS_FLOAT, RG_IS_STRING, RG_IS_INTS, RG_IS_FLOATS, RG_IS_STRINGS, RG_IS_GRAPH } kind;
    int64_t i;
    float f;
    const char *s;
    size_t count; /* number of elements of the list */
    const int64_t *ints;
    const float *floats;
    const char *const *strings;
    struct rg_onnx_graph *graph; /* consumed by rg_onnx_node */
};
#define RG_INT_OF(key, value) \
    { .name = (key), .kind = RG_IS_INT, .i = (value) }
#define RG_INTS_OF(key, n, values) \
    { .name = (key), .kind = RG_IS_INTS, .count = (n), .ints = (values) }
#define RG_END_OF_ATTRIBUTES \
    { .name = NULL }

/* Add the node op(inputs) -> outputs. attributes NULL: none. */
void rg_onnx_node(struct rg_onnx_graph *graph, const char *op, const char *const *inputs, const char *const *outputs,
                  const struct rg_onnx_attribute *attributes);
/* Add a node with one or two inputs, one output and no attribute. */
void rg_onnx_unary(struct rg_onnx_graph *graph, const char *op, const char *input, const char *output);
void rg_onnx_binary(struct rg_onnx_graph *graph, const char *op, const char *a, const char *b, const char *output);
/* output = input with its axes in the order of `axes`. */
void rg_onnx_transpose(struct rg_onnx_graph *graph, const char *input, const char *output, size_t n_axes,
                       const int64_t *axes);

/* Add a constant. `numbers` NULL: only the head; the caller then adds the floats by rg_proto_raw. */
void rg_onnx_floats(struct rg_onnx_graph *graph, const char *name, size_t n_dims, const size_t *dims,
                    const float *numbers);
/* A constant list [count] of doubles. */
void rg_onnx_doubles(struct rg_onnx_graph *graph, const char *name, size_t count, const double *numbers);
/* A constant list [count]; count 0: the single number *numbers. */
void rg_onnx_ints(struct rg_onnx_graph *graph, const char *name, size_t count, const int64_t *numbers);
/* A constant number. */
void rg_onnx_number(struct rg_onnx_graph *graph, const char *name, float number);

/* Add an input or output, as `field` says. A dimension is a number or a name; `n_dims` 0: any shape. */
void rg_onnx_value(struct rg_onnx_graph *graph, enum rg_onnx_graph_field field, const char *name,
                   enum rg_onnx_type type, size_t n_dims, const char *const *dims);

#endif
