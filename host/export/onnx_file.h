/* An ONNX file that is read: its nodes and constants, by name. The file is not trusted; what it says of sizes is
 * compared with the bytes that are there before anything is made of it. */
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
    size_t lookups; /* so far; bounded, so that no graph takes long */
};

/* Read and check a file. RG_BAD_FILE names the byte that is not well formed. */
rg_status rg_onnx_open(const char *path, struct rg_onnx_file *file);
void rg_onnx_close(struct rg_onnx_file *file);

/* The bytes as text for a message: what is not printable becomes '?', a longer text is cut. */
const char *rg_onnx_text(struct rg_bytes bytes, char text[RG_ONNX_TEXT_BYTES]);

/* ---- Nodes ---- */

/* The name of input or output `i` of a node; no bytes if there is none. */
struct rg_bytes rg_onnx_input(struct rg_bytes node, size_t i);
struct rg_bytes rg_onnx_output(struct rg_bytes node, size_t i);
struct rg_bytes rg_onnx_op(struct rg_bytes node);

/* The attribute of that name, a message; false if there is none. */
bool rg_onnx_attribute(struct rg_bytes node, const char *name, struct rg_bytes *attribute);
/* A whole number of an attribute, or `usual` without it. */
int64_t rg_onnx_int(struct rg_bytes node, const char *name, int64_t usual);

/* The node that makes a tensor, and which of its outputs it is. RG_BAD_FILE if the graph is too tangled; *node has no
 * bytes if none does. */
rg_status rg_onnx_producer(struct rg_onnx_file *file, struct rg_bytes name, struct rg_bytes *node, size_t *output);

/* Whether the name is an input of the graph. */
bool rg_onnx_is_input(const struct rg_onnx_file *file, struct rg_bytes name);

/* ---- Constants ---- */

/* A constant with numbers. */
struct rg_onnx_tensor {
    struct rg_bytes name, message;
    enum rg_onnx_type type;
    size_t n_dims, dims[RG_ONNX_MAX_DIMS];
    size_t count; /* of numbers, which are all there */
};

/* The constant of that name, an initializer or the value of a node Constant; *found says whether there is one.
 * RG_BAD_FILE for one that is not what it says. */
rg_status rg_onnx_constant(struct rg_onnx_file *file, struct rg_bytes name, struct rg_onnx_tensor *out, bool *found);

/* Numbers [first, first + count) of a floating constant. RG_BAD_FILE for one that is not finite, or of another type. */
rg_status rg_onnx_floats_of(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, size_t first,
                            size_t count, float *out);

/* All numbers of a constant of doubles; false if it is no such constant. */
bool rg_onnx_doubles_of(const struct rg_onnx_tensor *tensor, double *out);

/* The only number of a constant of whole numbers; false if it is no such constant. */
bool rg_onnx_whole(const struct rg_onnx_tensor *tensor, int64_t *out);

/* The value of a pair in a list of pairs of strings, such as the metadata; no bytes if there is none. */
struct rg_bytes rg_onnx_pair(struct rg_bytes message, unsigned number, const char *key);

#endif
