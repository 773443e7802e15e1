/* Reading an ONNX file: its nodes and constants, by name. The file is not trusted: the sizes that it claims are
 * compared with the bytes that exist before they are used. */
#ifndef RG_EXPORT_ONNX_FILE_H
#define RG_EXPORT_ONNX_FILE_H

#include "export/onnx.h"
#include "export/wire.h"
#include "rnn_gpu/status.h"

enum { RG_ONNX_MAX_DIMS = 4, RG_ONNX_TEXT_BYTES = 96 };

struct rg_onnx_file {
    const char *path;
    unsigned char *bytes; /* the whole file */
    struct rg_bytes model, graph;
    struct rg_bytes *nodes, *constants; /* messages NodeProto, TensorProto */
    size_t n_nodes, n_constants;
    size_t lookups; /* look-ups so far; limited, so that no graph takes long */
};

/* Read and check a file. RG_BAD_FILE names the byte that is malformed. */
rg_status rg_onnx_open(const char *path, struct rg_onnx_file *file);
void rg_onnx_close(struct rg_onnx_file *file);

/* The bytes as text for a message: unprintable ones become '?', long texts are cut. */
const char *rg_onnx_text(struct rg_bytes bytes, char text[RG_ONNX_TEXT_BYTES]);

/* ---- Nodes ---- */

/* Name of input or output `i` of a node; empty if there is none. */
struct rg_bytes rg_onnx_input(struct rg_bytes node, size_t i);
struct rg_bytes rg_onnx_output(struct rg_bytes node, size_t i);
struct rg_bytes rg_onnx_op(struct rg_bytes node);

/* The attribute message of that name. Returns false if there is none. */
bool rg_onnx_attribute(struct rg_bytes node, const char *name, struct rg_bytes *attribute);
/* A whole number of an attribute; `usual` if it is absent. */
int64_t rg_onnx_int(struct rg_bytes node, const char *name, int64_t usual);

/* The node that computes a tensor, and the index of that output. *node is empty if there is none. RG_BAD_FILE if the
 * graph needs too many look-ups. */
rg_status rg_onnx_producer(struct rg_onnx_file *file, struct rg_bytes name, struct rg_bytes *node, size_t *output);

/* Is the name an input of the graph? */
bool rg_onnx_is_input(const struct rg_onnx_file *file, struct rg_bytes name);

/* ---- Constants ---- */

/* A constant with numbers. */
struct rg_onnx_tensor {
    struct rg_bytes name, message;
    enum rg_onnx_type type;
    size_t n_dims, dims[RG_ONNX_MAX_DIMS];
    size_t count; /* numbers, all of which exist */
};

/* The constant of that name: an initializer or the value of a node Constant. *found: there is one. RG_BAD_FILE for a
 * constant that contradicts itself. */
rg_status rg_onnx_constant(struct rg_onnx_file *file, struct rg_bytes name, struct rg_onnx_tensor *out, bool *found);

/* Numbers [first, first + count) of a floating constant. RG_BAD_FILE if one is not finite, or for another type. */
rg_status rg_onnx_floats_of(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, size_t first,
                            size_t count, float *out);

/* All numbers of a constant of doubles. Returns false for any other constant. */
bool rg_onnx_doubles_of(const struct rg_onnx_tensor *tensor, double *out);

/* Is the node's attribute of that name a list of one whole number? Writers store several in one field, or each in a
 * field of its own. */
bool rg_onnx_single(struct rg_bytes node, const char *name, int64_t *out);

/* The single number of a constant of whole numbers. Returns false for any other constant. */
bool rg_onnx_whole(const struct rg_onnx_tensor *tensor, int64_t *out);

/* The value for `key` in a list of pairs of strings, such as the metadata; empty if there is none. */
struct rg_bytes rg_onnx_pair(struct rg_bytes message, unsigned number, const char *key);

#endif
