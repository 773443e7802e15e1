/* Reading an ONNX file: see onnx_file.h. */
#include "export/onnx_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "files/files.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

enum { MAX_NODES = 16384, MAX_FIELDS = 1 << 18, MAX_LOOKUPS = 2048, MAX_DEPTH = 2 };

const char *rg_onnx_text(struct rg_bytes bytes, char text[RG_ONNX_TEXT_BYTES]) {
    const size_t n = bytes.length < RG_ONNX_TEXT_BYTES ? bytes.length : RG_ONNX_TEXT_BYTES - 1;
    for (size_t i = 0; i < n; i++) {
        text[i] = (char)(bytes.at[i] >= 0x20 && bytes.at[i] < 0x7F ? bytes.at[i] : '?');
    }
    text[n] = '\0';
    return text;
}

/* ---- Opening ---- */

static rg_status refuse_form(const struct rg_onnx_file *file, struct rg_bytes rest) {
    return rg_fail(RG_BAD_FILE, "%s: byte %zu is not well formed; expected an ONNX model", file->path,
                   (size_t)(rest.at - file->bytes));
}

/* Check a message; for depth > 0 also the messages in its fields `inner`. */
static rg_status check_message(const struct rg_onnx_file *file, struct rg_bytes message, unsigned inner, int depth,
                               size_t *fields) {
    struct rg_field field;
    while (rg_wire_next(&message, &field)) {
        if (++*fields > MAX_FIELDS) {
            return rg_fail(RG_BAD_FILE, "%s: the graph has more than %d parts; expected a small recurrent net",
                           file->path, MAX_FIELDS);
        }
        if (depth > 0 && field.number == inner && field.bytes.at != NULL) {
            RG_TRY(check_message(file, field.bytes, RG_ATTRIBUTE_T, depth - 1, fields));
        }
    }
    return message.length == 0 ? RG_OK : refuse_form(file, message);
}

/* Count the nodes and constants; if memory is allocated, list them. */
static rg_status list_graph(struct rg_onnx_file *file) {
    struct rg_bytes graph = file->graph;
    struct rg_field field;
    file->n_nodes = file->n_constants = 0;
    while (rg_wire_next(&graph, &field)) {
        if (field.bytes.at == NULL || (field.number != RG_GRAPH_NODE && field.number != RG_GRAPH_INITIALIZER)) {
            continue;
        }
        struct rg_bytes **const list = field.number == RG_GRAPH_NODE ? &file->nodes : &file->constants;
        size_t *const n = field.number == RG_GRAPH_NODE ? &file->n_nodes : &file->n_constants;
        if (*list != NULL) {
            (*list)[*n] = field.bytes;
        }
        if (++*n > MAX_NODES) {
            return rg_fail(RG_BAD_FILE, "%s: the graph has more than %d nodes; expected a small recurrent net",
                           file->path, MAX_NODES);
        }
    }
    return graph.length == 0 ? RG_OK : refuse_form(file, graph);
}

static rg_status check_graph(struct rg_onnx_file *file) {
    struct rg_field field;
    size_t fields = 0;
    RG_TRY(check_message(file, file->model, 0, 0, &fields));
    if (!rg_wire_find(file->model, RG_MODEL_GRAPH, &field) || field.bytes.at == NULL) {
        return rg_fail(RG_BAD_FILE, "%s: there is no graph; expected an ONNX model", file->path);
    }
    file->graph = field.bytes;
    RG_TRY(list_graph(file));
    RG_TRY(rg_alloc(&file->nodes, file->n_nodes, sizeof *file->nodes, "nodes of a graph"));
    RG_TRY(rg_alloc(&file->constants, file->n_constants, sizeof *file->constants, "constants of a graph"));
    RG_TRY(list_graph(file));
    for (size_t i = 0; i < file->n_nodes; i++) {
        RG_TRY(check_message(file, file->nodes[i], RG_NODE_ATTRIBUTE, MAX_DEPTH, &fields));
    }
    for (size_t i = 0; i < file->n_constants; i++) {
        RG_TRY(check_message(file, file->constants[i], 0, 0, &fields));
    }
    return RG_OK;
}

rg_status rg_onnx_open(const char *path, struct rg_onnx_file *file) {
    struct rg_source source;
    rg_status status = RG_OK;
    *file = (struct rg_onnx_file){.path = path};
    RG_TRY(rg_source_open(&source, path));
    RG_TRY_GOTO(rg_alloc(&file->bytes, source.bytes, 1, "an ONNX file"));
    RG_TRY_GOTO(rg_source_read(&source, file->bytes, source.bytes));
    file->model = (struct rg_bytes){file->bytes, source.bytes};
    RG_TRY_GOTO(check_graph(file));
cleanup:
    rg_source_close(&source);
    if (status != RG_OK) {
        rg_onnx_close(file);
    }
    return status;
}

void rg_onnx_close(struct rg_onnx_file *file) {
    rg_free(file->bytes);
    rg_free(file->nodes);
    rg_free(file->constants);
    *file = (struct rg_onnx_file){.path = file->path};
}

/* ---- Nodes ---- */

/* The i-th field `number` of a message. */
static struct rg_bytes nth(struct rg_bytes message, unsigned number, size_t i) {
    struct rg_field field;
    while (rg_wire_next(&message, &field)) {
        if (field.number == number && i-- == 0) {
            return field.bytes;
        }
    }
    return (struct rg_bytes){NULL, 0};
}

struct rg_bytes rg_onnx_input(struct rg_bytes node, size_t i) {
    return nth(node, RG_NODE_INPUT, i);
}

struct rg_bytes rg_onnx_output(struct rg_bytes node, size_t i) {
    return nth(node, RG_NODE_OUTPUT, i);
}

struct rg_bytes rg_onnx_op(struct rg_bytes node) {
    return nth(node, RG_NODE_OP_TYPE, 0);
}

bool rg_onnx_attribute(struct rg_bytes node, const char *name, struct rg_bytes *attribute) {
    struct rg_field field;
    while (rg_wire_next(&node, &field)) {
        if (field.number == RG_NODE_ATTRIBUTE && rg_bytes_are(nth(field.bytes, RG_ATTRIBUTE_NAME, 0), name)) {
            *attribute = field.bytes;
            return true;
        }
    }
    return false;
}

int64_t rg_onnx_int(struct rg_bytes node, const char *name, int64_t usual) {
    struct rg_bytes attribute;
    struct rg_field field;
    return rg_onnx_attribute(node, name, &attribute) && rg_wire_find(attribute, RG_ATTRIBUTE_I, &field)
               ? (int64_t)field.value
               : usual;
}

static rg_status count_lookup(struct rg_onnx_file *file) {
    return ++file->lookups <= MAX_LOOKUPS
               ? RG_OK
               : rg_fail(RG_BAD_FILE, "%s: the graph is too tangled to be read as a recurrent net", file->path);
}

rg_status rg_onnx_producer(struct rg_onnx_file *file, struct rg_bytes name, struct rg_bytes *node, size_t *output) {
    RG_TRY(count_lookup(file));
    *node = (struct rg_bytes){NULL, 0};
    for (size_t i = 0; i < file->n_nodes && name.length > 0; i++) {
        struct rg_bytes message = file->nodes[i];
        struct rg_field field;
        for (size_t k = 0; rg_wire_next(&message, &field);) {
            if (field.number == RG_NODE_OUTPUT && rg_bytes_equal(field.bytes, name)) {
                *node = file->nodes[i];
                *output = k;
                return RG_OK;
            }
            k += field.number == RG_NODE_OUTPUT;
        }
    }
    return RG_OK;
}

bool rg_onnx_is_input(const struct rg_onnx_file *file, struct rg_bytes name) {
    struct rg_bytes graph = file->graph;
    struct rg_field field;
    while (rg_wire_next(&graph, &field)) {
        if (field.number == RG_GRAPH_INPUT && rg_bytes_equal(nth(field.bytes, 1, 0), name)) {
            return true;
        }
    }
    return false;
}

struct rg_bytes rg_onnx_pair(struct rg_bytes message, unsigned number, const char *key) {
    struct rg_field field;
    while (rg_wire_next(&message, &field)) {
        if (field.number == number && rg_bytes_are(nth(field.bytes, 1, 0), key)) {
            return nth(field.bytes, 2, 0);
        }
    }
    return (struct rg_bytes){NULL, 0};
}

/* ---- Constants ---- */

/* Bytes of a number in raw_data, and the field for numbers in a list; 0: the type is not used here. */
static size_t type_bytes(enum rg_onnx_type type, unsigned *field) {
    *field = type == RG_ONNX_FLOAT    ? RG_TENSOR_FLOAT_DATA
             : type == RG_ONNX_DOUBLE ? RG_TENSOR_DOUBLE_DATA
             : type == RG_ONNX_INT64  ? RG_TENSOR_INT64_DATA
                                      : 0;
    switch (type) {
    case RG_ONNX_FLOAT:
    case RG_ONNX_INT32:
        return 4;
    case RG_ONNX_DOUBLE:
    case RG_ONNX_INT64:
        return 8;
    case RG_ONNX_FLOAT16:
    case RG_ONNX_BFLOAT16:
        return 2;
    default:
        return 0;
    }
}

static rg_status refuse_tensor(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, const char *why) {
    char text[RG_ONNX_TEXT_BYTES];
    return rg_fail(RG_BAD_FILE, "%s: constant '%s' %s", file->path, rg_onnx_text(tensor->name, text), why);
}

static rg_status add_dim(const struct rg_onnx_file *file, struct rg_onnx_tensor *tensor, uint64_t dim) {
    if (tensor->n_dims == RG_ONNX_MAX_DIMS) {
        return refuse_tensor(file, tensor, "has more than 4 dimensions");
    }
    tensor->dims[tensor->n_dims++] = (size_t)dim;
    return rg_multiply(tensor->count, (size_t)dim, &tensor->count)
               ? RG_OK
               : refuse_tensor(file, tensor, "has more numbers than can be counted");
}

/* Read the dimensions, one in each field or all in a list, and the type. */
static rg_status read_head(const struct rg_onnx_file *file, struct rg_onnx_tensor *tensor) {
    struct rg_bytes message = tensor->message;
    struct rg_field field;
    uint64_t dim = 0;
    tensor->count = 1;
    while (rg_wire_next(&message, &field)) {
        if (field.number == RG_TENSOR_DIMS && field.bytes.at == NULL) {
            RG_TRY(add_dim(file, tensor, field.value));
        }
        while (field.number == RG_TENSOR_DIMS && rg_wire_number(&field.bytes, &dim)) {
            RG_TRY(add_dim(file, tensor, dim));
        }
        if (field.number == RG_TENSOR_DATA_TYPE) {
            tensor->type = (enum rg_onnx_type)(field.value & 0xFF);
        }
    }
    return RG_OK;
}

/* Numbers of a constant in another file: that file's name beside the ONNX file, and their offset. */
struct outside {
    char path[512];
    size_t offset;
};

static bool find_outside(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, struct outside *out) {
    const struct rg_bytes name = rg_onnx_pair(tensor->message, RG_TENSOR_EXTERNAL_DATA, "location");
    const struct rg_bytes offset = rg_onnx_pair(tensor->message, RG_TENSOR_EXTERNAL_DATA, "offset");
    const char *const slash = strrchr(file->path, '/');
    const int folder = slash != NULL ? (int)(slash - file->path) + 1 : 0;
    char digits[24] = "0";
    if (name.length == 0 || name.length > 200 || (size_t)folder > 300 || name.at[0] == '.' ||
        memchr(name.at, '/', name.length) != NULL || memchr(name.at, '\0', name.length) != NULL ||
        offset.length >= sizeof digits) {
        return false;
    }
    if (offset.length > 0) {
        memcpy(digits, offset.at, offset.length);
    }
    (void)snprintf(out->path, sizeof out->path, "%.*s%.*s", folder, file->path, (int)name.length,
                   (const char *)name.at);
    out->offset = strtoull(digits, NULL, 10);
    return true;
}

/* Find the numbers: in the message, as raw bytes or in a list, or in another file. */
static rg_status check_data(const struct rg_onnx_file *file, struct rg_onnx_tensor *tensor) {
    unsigned list = 0;
    size_t bytes = 0;
    struct rg_field field;
    const size_t size = type_bytes(tensor->type, &list);
    if (size == 0 || !rg_multiply(tensor->count, size, &bytes)) {
        return RG_OK; /* a type that is not used here; reported where the numbers are needed */
    }
    if (rg_wire_find(tensor->message, RG_TENSOR_DATA_LOCATION, &field) && field.value == 1) {
        struct outside outside;
        struct rg_source source;
        if (!find_outside(file, tensor, &outside)) {
            return refuse_tensor(file, tensor, "is in another file, whose name must be one of the same folder");
        }
        RG_TRY(rg_source_open(&source, outside.path));
        const bool there = source.bytes >= bytes && outside.offset <= source.bytes - bytes;
        rg_source_close(&source);
        return there ? RG_OK : refuse_tensor(file, tensor, "is not as long in the other file as its dimensions");
    }
    if (rg_wire_find(tensor->message, RG_TENSOR_RAW_DATA, &field)) {
        return field.bytes.length == bytes ? RG_OK : refuse_tensor(file, tensor, "has other bytes than its dimensions");
    }
    if (list == RG_TENSOR_INT64_DATA || tensor->count == 0) {
        return RG_OK;
    }
    const bool fits = list > 0 && rg_wire_find(tensor->message, list, &field) && field.bytes.length == bytes;
    return fits ? RG_OK : refuse_tensor(file, tensor, "has other numbers than its dimensions");
}

rg_status rg_onnx_constant(struct rg_onnx_file *file, struct rg_bytes name, struct rg_onnx_tensor *out, bool *found) {
    struct rg_bytes node = {NULL, 0}, attribute = node;
    size_t output = 0;
    *out = (struct rg_onnx_tensor){.name = name};
    RG_TRY(count_lookup(file));
    for (size_t i = 0; i < file->n_constants && name.length > 0; i++) {
        if (rg_bytes_equal(nth(file->constants[i], RG_TENSOR_NAME, 0), name)) {
            out->message = file->constants[i];
            break;
        }
    }
    if (out->message.at == NULL) {
        RG_TRY(rg_onnx_producer(file, name, &node, &output));
        if (node.at != NULL && rg_bytes_are(rg_onnx_op(node), "Identity")) {
            return rg_onnx_constant(file, rg_onnx_input(node, 0), out, found);
        }
        if (node.at != NULL && rg_bytes_are(rg_onnx_op(node), "Constant") &&
            rg_onnx_attribute(node, "value", &attribute)) {
            out->message = nth(attribute, RG_ATTRIBUTE_T, 0);
        }
    }
    *found = out->message.at != NULL;
    if (!*found) {
        return RG_OK;
    }
    RG_TRY(read_head(file, out));
    return check_data(file, out);
}

/* The bytes of numbers [first, first + count), in the file or read into `buffer`. */
static rg_status data_at(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, size_t first,
                         size_t count, void *buffer, const void **out) {
    unsigned list = 0;
    struct rg_field field;
    const size_t size = type_bytes(tensor->type, &list);
    if (rg_wire_find(tensor->message, RG_TENSOR_DATA_LOCATION, &field) && field.value == 1) {
        struct outside outside = {.offset = 0};
        struct rg_source source;
        if (!find_outside(file, tensor, &outside)) {
            return refuse_tensor(file, tensor, "is in another file, whose name must be one of the same folder");
        }
        RG_TRY(rg_source_open(&source, outside.path));
        const rg_status status = rg_source_read_at(&source, outside.offset + first * size, buffer, count * size);
        rg_source_close(&source);
        *out = buffer;
        return status;
    }
    if (!rg_wire_find(tensor->message, RG_TENSOR_RAW_DATA, &field) && !rg_wire_find(tensor->message, list, &field)) {
        return refuse_tensor(file, tensor, "has no numbers");
    }
    *out = field.bytes.at + first * size;
    return RG_OK;
}

rg_status rg_onnx_floats_of(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, size_t first,
                            size_t count, float *out) {
    enum { PIECE = 1024 };
    unsigned char buffer[PIECE * sizeof(double)];
    const enum rg_dtype dtype = tensor->type == RG_ONNX_DOUBLE     ? RG_F64
                                : tensor->type == RG_ONNX_FLOAT16  ? RG_F16
                                : tensor->type == RG_ONNX_BFLOAT16 ? RG_BF16
                                                                   : RG_F32;
    if (dtype == RG_F32 && tensor->type != RG_ONNX_FLOAT) {
        return refuse_tensor(file, tensor, "has no floating numbers; expected float, double, float16 or bfloat16");
    }
    if (first > tensor->count || count > tensor->count - first) {
        return refuse_tensor(file, tensor, "has fewer numbers than the layer needs");
    }
    for (size_t at = 0; at < count; at += PIECE) {
        const size_t n = rg_min(count - at, PIECE);
        struct rg_tensor piece = {.dtype = dtype, .n_dims = 1, .shape = {n}, .data_bytes = n * rg_dtype_bytes(dtype)};
        RG_TRY(data_at(file, tensor, first + at, n, buffer, &piece.data));
        rg_tensor_to_float(&piece, out + at);
        for (size_t i = 0; i < n; i++) {
            if (!isfinite(out[at + i])) {
                return refuse_tensor(file, tensor, "holds a number that is not finite as a float");
            }
        }
    }
    return RG_OK;
}

bool rg_onnx_doubles_of(const struct rg_onnx_tensor *tensor, double *out) {
    struct rg_field field;
    const bool there = tensor->type == RG_ONNX_DOUBLE && rg_wire_find(tensor->message, RG_TENSOR_RAW_DATA, &field) &&
                       field.bytes.length == tensor->count * sizeof *out;
    if (there && tensor->count > 0) {
        memcpy(out, field.bytes.at, field.bytes.length);
    }
    return there;
}

bool rg_onnx_single(struct rg_bytes node, const char *name, int64_t *out) {
    struct rg_bytes attribute;
    struct rg_field field;
    uint64_t number = 0;
    size_t n = 0;
    bool whole = rg_onnx_attribute(node, name, &attribute);
    while (whole && rg_wire_next(&attribute, &field)) {
        if (field.number == RG_ATTRIBUTE_INTS && field.bytes.at == NULL) {
            number = field.value;
            n++;
        }
        while (whole && field.number == RG_ATTRIBUTE_INTS && field.bytes.at != NULL && field.bytes.length > 0) {
            whole = rg_wire_number(&field.bytes, &number);
            n++;
        }
    }
    *out = (int64_t)number;
    return whole && n == 1;
}

bool rg_onnx_whole(const struct rg_onnx_tensor *tensor, int64_t *out) {
    struct rg_field field;
    uint64_t value = 0;
    if (tensor->type != RG_ONNX_INT64 || tensor->count != 1) {
        return false;
    }
    if (rg_wire_find(tensor->message, RG_TENSOR_RAW_DATA, &field) && field.bytes.length == sizeof *out) {
        memcpy(out, field.bytes.at, sizeof *out);
        return true;
    }
    if (!rg_wire_find(tensor->message, RG_TENSOR_INT64_DATA, &field)) {
        return false;
    }
    value = field.value;
    if (field.bytes.at != NULL && !rg_wire_number(&field.bytes, &value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}
