/* Finding the net in an ONNX graph: see onnx_net.h.
 *
 * Such a graph is a chain: output, head (Gemm, or MatMul and Add), readout, layers, embedding, input. Between these are
 * nodes that only move numbers (Transpose, Reshape …). The search goes back along the chain. Each node must be one of
 * these, and its meaning for the net is recorded. */
#include "export/onnx_net.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "rnn_gpu/config.h"

enum { MAX_CHAIN = 400, N_LAST_STATES = 2, MAX_START_NODES = 16, MAX_START_NUMBERS = 1 << 16 };
enum { INITIAL_H = 5, INITIAL_C = 6, PEEPHOLES = 7 }; /* inputs of a recurrent node */

/* The search back from the output: the present tensor, and what was found so far. */
struct search {
    struct rg_onnx_file *file;
    struct rg_onnx_net *net;
    struct rg_bytes name;
    enum rg_readout readout;
    bool reads_states; /* the final states of a layer are read */
    bool reduced;      /* the steps were reduced to one, along `axis` */
    int64_t axis;
    bool swapped; /* batch and time are exchanged before the reduction */
};

static rg_status refuse_node(const struct search *search, struct rg_bytes node, const char *why) {
    char op[RG_ONNX_TEXT_BYTES], name[RG_ONNX_TEXT_BYTES];
    return rg_fail(RG_BAD_FILE, "%s: node '%s' (%s) %s", search->file->path,
                   rg_onnx_text(rg_onnx_output(node, 0), name), rg_onnx_text(rg_onnx_op(node), op), why);
}

static bool is_op(struct rg_bytes node, const char *const *names) {
    const struct rg_bytes op = rg_onnx_op(node);
    for (size_t i = 0; names[i] != NULL; i++) {
        if (rg_bytes_are(op, names[i])) {
            return true;
        }
    }
    return false;
}
#define IS_OP(node, ...) is_op((node), (const char *const[]){__VA_ARGS__, NULL})

static rg_status refuse_length(const struct search *search) {
    return rg_fail(RG_BAD_FILE, "%s: the graph is too tangled to be read as a recurrent net", search->file->path);
}

/* Has the node an attribute `direction` with this value? */
static bool has_direction(struct rg_bytes node, const char *direction) {
    struct rg_bytes attribute;
    struct rg_field field;
    return rg_onnx_attribute(node, "direction", &attribute) && rg_wire_find(attribute, RG_ATTRIBUTE_S, &field) &&
           rg_bytes_are(field.bytes, direction);
}

/* Set *number to the first of the numbers in an attribute, if there is one. */
static void read_first(struct rg_bytes node, const char *name, float *number) {
    struct rg_bytes attribute;
    struct rg_field field;
    if (rg_onnx_attribute(node, name, &attribute) && rg_wire_find(attribute, RG_ATTRIBUTE_FLOATS, &field)) {
        const bool is_packed = field.bytes.length >= sizeof *number;
        memcpy(number, is_packed ? (const void *)field.bytes.at : &field.value, sizeof *number);
    }
}

/* The node that computes the present tensor. */
static rg_status producer(const struct search *search, struct rg_bytes *node, size_t *output) {
    char text[RG_ONNX_TEXT_BYTES];
    RG_TRY(rg_onnx_producer(search->file, search->name, node, output));
    return node->at != NULL
               ? RG_OK
               : rg_fail(RG_BAD_FILE,
                         "%s: '%s' does not come from a recurrent node; expected RNN, LSTM or GRU and a linear head",
                         search->file->path, rg_onnx_text(search->name, text));
}

/* ---- The head ---- */

/* Find which of a node's two inputs is a constant. *other is the name of the other input. */
static rg_status split_inputs(const struct search *search, struct rg_bytes node, struct rg_onnx_tensor *constant,
                              struct rg_bytes *other) {
    for (size_t i = 0; i < 2; i++) {
        bool found = false;
        RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(node, i), constant, &found));
        if (found) {
            *other = rg_onnx_input(node, 1 - i);
            return RG_OK;
        }
    }
    return refuse_node(search, node, "has no constant weights; expected those of a linear head");
}

/* Take the second input of a product as the head's weights. The search goes on with the first one. */
static rg_status take_head_weight(struct search *search, struct rg_bytes node) {
    bool found = false;
    RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(node, 1), &search->net->head_weight, &found));
    search->name = rg_onnx_input(node, 0);
    return found && search->net->head_weight.n_dims == 2 && rg_onnx_int(node, "transA", 0) == 0
               ? RG_OK
               : refuse_node(search, node, "is not a linear head: its weights are not a constant matrix");
}

static rg_status take_gemm(struct search *search, struct rg_bytes node) {
    struct rg_onnx_net *const net = search->net;
    RG_TRY(take_head_weight(search, node));
    RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(node, 2), &net->head_bias, &net->has_bias));
    static const char *const factors[] = {"alpha", "beta"};
    for (size_t i = 0; i < 2; i++) {
        struct rg_bytes attribute;
        struct rg_field field;
        float factor = 1.0F;
        if (rg_onnx_attribute(node, factors[i], &attribute) && rg_wire_find(attribute, RG_ATTRIBUTE_F, &field)) {
            memcpy(&factor, &field.value, sizeof factor);
        }
        if (!(factor >= 1.0F && factor <= 1.0F)) {
            return refuse_node(search, node, "multiplies its product; expected alpha and beta of 1");
        }
    }
    net->head_transposed = rg_onnx_int(node, "transB", 0) == 0;
    return RG_OK;
}

/* MatMul, optionally followed by Add. */
static rg_status take_product(struct search *search, struct rg_bytes node) {
    struct rg_onnx_net *const net = search->net;
    size_t output = 0;
    if (IS_OP(node, "Add")) {
        RG_TRY(split_inputs(search, node, &net->head_bias, &search->name));
        net->has_bias = true;
        RG_TRY(producer(search, &node, &output));
    }
    if (!IS_OP(node, "MatMul")) {
        return refuse_node(search, node, "is in the place of the linear head");
    }
    net->head_transposed = true;
    return take_head_weight(search, node);
}

/* Does the node only move numbers? */
static bool only_moves(struct rg_bytes node) {
    return IS_OP(node, "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Dropout", "Cast");
}

static rg_status find_head(struct search *search) {
    for (size_t i = 0; i < MAX_CHAIN; i++) {
        struct rg_bytes node;
        size_t output = 0;
        RG_TRY(producer(search, &node, &output));
        if (IS_OP(node, "Gemm")) {
            return take_gemm(search, node);
        }
        if (!only_moves(node)) {
            return take_product(search, node);
        }
        search->name = rg_onnx_input(node, 0);
    }
    return refuse_length(search);
}

/* ---- The readout ---- */

/* The constant index of a Gather. */
static rg_status index_of(const struct search *search, struct rg_bytes node, int64_t *index) {
    struct rg_onnx_tensor constant;
    bool found = false;
    RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(node, 1), &constant, &found));
    return found && rg_onnx_whole(&constant, index)
               ? RG_OK
               : refuse_node(search, node, "selects by an index that is not a constant number");
}

/* Find the rows [n*D, batch, H] of states in a tensor, and the name of the last layer's states: output 1 of its node,
 * or the last input of a Concat of such outputs. */
static rg_status find_states(struct search *search, int64_t *rows) {
    struct rg_bytes node;
    size_t output = 0;
    *rows = 0;
    RG_TRY(producer(search, &node, &output));
    if (IS_OP(node, "Concat")) {
        size_t n = 0;
        while (rg_onnx_input(node, n).length > 0) {
            n++;
        }
        search->name = rg_onnx_input(node, n - 1);
        *rows = (int64_t)n;
        RG_TRY(producer(search, &node, &output));
    } else {
        *rows = 1;
    }
    if (!IS_OP(node, "RNN", "LSTM", "GRU") || output != 1) {
        return refuse_node(search, node, "is read as a final state; expected output Y_h of a recurrent node");
    }
    *rows *= has_direction(node, "bidirectional") ? 2 : 1;
    search->reads_states = true;
    return RG_OK;
}

/* A Gather of states must choose row `wanted`, counted from the end: -1 or -2. */
static rg_status check_row(const struct search *search, struct rg_bytes gather, int64_t rows, int64_t wanted) {
    int64_t index = 0;
    RG_TRY(index_of(search, gather, &index));
    if (rg_onnx_int(gather, "axis", 0) != 0 || (index != wanted && index != rows + wanted)) {
        return refuse_node(search, gather, "selects a state of a layer other than the last");
    }
    return RG_OK;
}

/* Concat of the last two states, of the forward and of the reverse direction. */
static rg_status take_both_states(struct search *search, struct rg_bytes concat) {
    struct rg_bytes gather[N_LAST_STATES];
    int64_t rows = 0;
    size_t output = 0;
    for (size_t i = 0; i < N_LAST_STATES; i++) {
        search->name = rg_onnx_input(concat, i);
        RG_TRY(producer(search, &gather[i], &output));
        if (!IS_OP(gather[i], "Gather")) {
            return refuse_node(search, concat, "joins tensors that are not a pair of final states");
        }
    }
    if (rg_onnx_input(concat, N_LAST_STATES).length > 0 ||
        !rg_bytes_equal(rg_onnx_input(gather[0], 0), rg_onnx_input(gather[1], 0))) {
        return refuse_node(search, concat, "joins tensors that are not a pair of final states");
    }
    search->name = rg_onnx_input(gather[0], 0);
    RG_TRY(find_states(search, &rows));
    RG_TRY(check_row(search, gather[0], rows, -2));
    RG_TRY(check_row(search, gather[1], rows, -1));
    search->readout = RG_READOUT_FINAL;
    return RG_OK;
}

/* Record the axis by which steps are reduced to one, in a tensor of 3 dimensions. */
static void set_axis(struct search *search, int64_t axis) {
    search->axis = axis < 0 ? axis + 3 : axis;
    search->reduced = true;
}

/* The single axis of a ReduceMean or ReduceMax: an attribute, or since opset 18 an input. */
static rg_status take_reduction(struct search *search, struct rg_bytes node) {
    struct rg_onnx_tensor constant;
    bool found = false;
    int64_t axis = 0;
    RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(node, 1), &constant, &found));
    const bool single = found ? rg_onnx_whole(&constant, &axis) : rg_onnx_single(node, "axes", &axis);
    if (!single) {
        return refuse_node(search, node, "has no single constant axis");
    }
    if (search->reduced) {
        return refuse_node(search, node, "reads steps that were read into one");
    }
    search->readout = IS_OP(node, "ReduceMean") ? RG_READOUT_MEAN : RG_READOUT_MAX;
    set_axis(search, axis);
    return RG_OK;
}

/* Does a Transpose exchange the first two axes? */
static bool swaps(struct rg_bytes node) {
    struct rg_bytes attribute;
    struct rg_field field;
    uint64_t first = 0;
    if (!IS_OP(node, "Transpose") || !rg_onnx_attribute(node, "perm", &attribute)) {
        return false;
    }
    while (rg_wire_next(&attribute, &field)) {
        if (field.number == RG_ATTRIBUTE_INTS) {
            return field.bytes.at != NULL ? rg_wire_number(&field.bytes, &first) && first == 1 : field.value == 1;
        }
    }
    return false;
}

/* A Gather of the last step's output, or of the last row of states. */
static rg_status take_gather(struct search *search, struct rg_bytes node) {
    struct rg_bytes before;
    size_t output = 0;
    int64_t index = 0, rows = 0;
    search->name = rg_onnx_input(node, 0);
    RG_TRY(producer(search, &before, &output));
    if (IS_OP(before, "Concat") || (IS_OP(before, "RNN", "LSTM", "GRU") && output == 1)) {
        RG_TRY(find_states(search, &rows));
        RG_TRY(check_row(search, node, rows, -1));
        search->readout = RG_READOUT_FINAL;
        return RG_OK;
    }
    RG_TRY(index_of(search, node, &index));
    if (index != -1 || search->reduced) {
        return refuse_node(search, node, "selects a step other than the last");
    }
    search->readout = RG_READOUT_LAST;
    set_axis(search, rg_onnx_int(node, "axis", 0));
    return RG_OK;
}

/* Go one node back before the head. *done: it is the last layer, whose node is then *node. */
static rg_status step_to_layer(struct search *search, struct rg_bytes *node, bool *done) {
    size_t output = 0;
    RG_TRY(producer(search, node, &output));
    if (IS_OP(*node, "RNN", "LSTM", "GRU")) {
        const bool states = output == 1;
        if (states && !search->reads_states) {
            search->readout = RG_READOUT_FINAL;
            search->reads_states = true;
        }
        *done = true;
        const int64_t time_axis = search->swapped ? 1 : 0;
        if (search->reduced && search->axis != time_axis) {
            return refuse_node(search, *node, "is read over another axis than that of the steps");
        }
        return output <= 1 ? RG_OK : refuse_node(search, *node, "is read at its cell state");
    }
    if (IS_OP(*node, "Concat")) {
        return take_both_states(search, *node);
    }
    if (IS_OP(*node, "Gather")) {
        return take_gather(search, *node);
    }
    if (IS_OP(*node, "ReduceMean", "ReduceMax")) {
        RG_TRY(take_reduction(search, *node));
    } else if (only_moves(*node)) {
        search->swapped = search->swapped != swaps(*node);
    } else {
        return refuse_node(search, *node, "is between the recurrent part and the head, where rnn-gpu has no node");
    }
    search->name = rg_onnx_input(*node, 0);
    return RG_OK;
}

/* ---- The layers ---- */

/* An initial state must be zeros or given by the caller. `depth`: nodes that may be between it and what computes it. */
static rg_status check_start(struct search *search, struct rg_bytes name, struct rg_bytes layer, int depth) {
    struct rg_onnx_tensor constant;
    struct rg_bytes node = {NULL, 0}, attribute = node;
    struct rg_field field;
    size_t output = 0;
    bool found = false;
    if (name.length == 0) {
        return RG_OK;
    }
    if (rg_onnx_is_input(search->file, name)) {
        search->net->given_state = true;
        return RG_OK;
    }
    RG_TRY(rg_onnx_constant(search->file, name, &constant, &found));
    for (size_t i = 0; found && i < constant.count; i++) {
        float number = 0.0F;
        RG_TRY(rg_onnx_floats_of(search->file, &constant, i, 1, &number));
        if (fabsf(number) > 0.0F || i > MAX_START_NUMBERS) {
            return refuse_node(search, layer, "starts from a state that is not zero");
        }
    }
    if (found) {
        return RG_OK;
    }
    RG_TRY(rg_onnx_producer(search->file, name, &node, &output));
    if (node.at != NULL && IS_OP(node, "ConstantOfShape")) {
        float number = 0.0F;
        if (rg_onnx_attribute(node, "value", &attribute) && rg_wire_find(attribute, RG_ATTRIBUTE_T, &field)) {
            constant = (struct rg_onnx_tensor){.name = name, .message = field.bytes, .type = RG_ONNX_FLOAT, .count = 1};
            RG_TRY(rg_onnx_floats_of(search->file, &constant, 0, 1, &number));
        }
        return fabsf(number) > 0.0F ? refuse_node(search, layer, "starts from a state that is not zero") : RG_OK;
    }
    if (node.at != NULL && depth > 0 &&
        IS_OP(node, "Expand", "Slice", "Squeeze", "Unsqueeze", "Identity", "Reshape", "Transpose", "Cast", "Gather")) {
        return check_start(search, rg_onnx_input(node, 0), layer, depth - 1);
    }
    return refuse_node(search, layer, "starts from a state that the graph computes");
}

/* The activation of an RNN node from the names and numbers in its attributes, which must be equal in both directions.
 */
static rg_status find_activation(const struct search *search, struct rg_bytes node, enum rg_activation *out) {
    struct rg_bytes attribute;
    struct rg_field field;
    *out = RG_ACT_TANH;
    if (!rg_onnx_attribute(node, "activations", &attribute)) {
        return RG_OK;
    }
    for (unsigned a = 0; a < RG_N_ACTIVATIONS; a++) {
        float alpha = NAN, given_alpha = NAN, given_beta = 0.0F;
        const char *const name = rg_onnx_activation((enum rg_activation)a, &alpha);
        struct rg_bytes names = attribute;
        bool all = name != NULL;
        while (rg_wire_next(&names, &field)) {
            all = all && (field.number != RG_ATTRIBUTE_STRINGS || rg_bytes_are(field.bytes, name));
        }
        if (!all) {
            continue;
        }
        read_first(node, "activation_alpha", &given_alpha);
        read_first(node, "activation_beta", &given_beta);
        if ((!isnan(alpha) && !isnan(given_alpha) && fabsf(alpha - given_alpha) > 1e-7F) || fabsf(given_beta) > 0.0F) {
            return refuse_node(search, node, "has an activation with other numbers than rnn-gpu's");
        }
        *out = (enum rg_activation)a;
        return RG_OK;
    }
    return refuse_node(search, node, "has an activation that rnn-gpu does not have");
}

/* Refuse features that a layer here cannot have. */
static rg_status check_layer(const struct search *search, struct rg_bytes node, enum rg_cell cell, bool both) {
    static const char *const usual[RG_N_CELLS][3] = {
        [RG_CELL_LSTM] = {"Sigmoid", "Tanh", "Tanh"}, [RG_CELL_GRU] = {"Sigmoid", "Tanh", NULL}};
    struct rg_bytes attribute;
    struct rg_field field;
    const size_t n = cell == RG_CELL_LSTM ? 3 : 2;
    if (rg_onnx_attribute(node, "clip", &attribute)) {
        return refuse_node(search, node, "clips its sums, which rnn-gpu does not");
    }
    if (rg_onnx_int(node, "input_forget", 0) != 0 || rg_onnx_input(node, PEEPHOLES).length > 0) {
        return refuse_node(search, node, "has coupled gates or peepholes, which rnn-gpu does not have");
    }
    if (cell == RG_CELL_GRU && rg_onnx_int(node, "linear_before_reset", 0) != 1) {
        return refuse_node(search, node,
                           "resets before the product (linear_before_reset=0), and rnn-gpu's gru after it; their "
                           "weights cannot be exchanged");
    }
    if (!both && rg_onnx_attribute(node, "direction", &attribute) && rg_wire_find(attribute, RG_ATTRIBUTE_S, &field) &&
        !rg_bytes_are(field.bytes, "forward")) {
        return refuse_node(search, node, "has only the reverse direction");
    }
    if (cell != RG_CELL_RNN && rg_onnx_attribute(node, "activations", &attribute)) {
        for (size_t i = 0; rg_wire_next(&attribute, &field);) {
            if (field.number == RG_ATTRIBUTE_STRINGS && !rg_bytes_are(field.bytes, usual[cell][i++ % n])) {
                return refuse_node(search, node, "has other activations than PyTorch's");
            }
        }
    }
    return RG_OK;
}

/* Record the cell of a layer. All layers must have the same cell. */
static rg_status take_layer(struct search *search, struct rg_bytes node) {
    struct rg_shape *const s = &search->net->shape;
    enum rg_cell cell = RG_CELL_RNN;
    enum rg_activation activation = RG_ACT_TANH;
    while (cell < RG_N_CELLS && !rg_bytes_are(rg_onnx_op(node), rg_onnx_operator(cell))) {
        cell++;
    }
    assert(cell < RG_N_CELLS); /* the caller found a recurrent node */
    const bool both = has_direction(node, "bidirectional");
    RG_TRY(check_layer(search, node, cell, both));
    if (cell == RG_CELL_RNN) {
        RG_TRY(find_activation(search, node, &activation));
    }
    RG_TRY(check_start(search, rg_onnx_input(node, INITIAL_H), node, MAX_START_NODES));
    RG_TRY(check_start(search, rg_onnx_input(node, INITIAL_C), node, MAX_START_NODES));
    if (s->layers == RG_MAX_LAYERS) {
        _Static_assert(RG_MAX_LAYERS == 16, "the message has the number");
        return refuse_node(search, node, "is one layer more than the 16 possible");
    }
    if (s->layers > 0 && (cell != s->cell || both != s->bidirectional || activation != s->activation)) {
        return refuse_node(search, node, "has another kind than the layer above it");
    }
    s->cell = cell;
    s->bidirectional = both;
    s->activation = activation;
    search->net->layers[s->layers++] = node;
    search->name = rg_onnx_input(node, 0);
    return RG_OK;
}

/* From the last layer to the graph's input. */
static rg_status find_layers(struct search *search, struct rg_bytes node) {
    RG_TRY(take_layer(search, node));
    for (size_t i = 0; i < MAX_CHAIN; i++) {
        size_t output = 0;
        bool found = false;
        if (rg_onnx_is_input(search->file, search->name)) {
            return RG_OK;
        }
        RG_TRY(producer(search, &node, &output));
        if (IS_OP(node, "RNN", "LSTM", "GRU")) {
            if (output != 0) {
                return refuse_node(search, node, "gives its final state to a layer");
            }
            RG_TRY(take_layer(search, node));
        } else if (IS_OP(node, "Gather") && !search->net->has_embed) {
            RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(node, 0), &search->net->embed, &found));
            if (!found || search->net->embed.n_dims != 2) {
                return refuse_node(search, node, "is not an embedding: its table is not a constant matrix");
            }
            search->net->has_embed = true;
            search->name = rg_onnx_input(node, 1);
        } else if (only_moves(node)) {
            search->name = rg_onnx_input(node, 0);
        } else {
            return refuse_node(search, node, "is before or between the layers, where rnn-gpu has no node");
        }
    }
    return refuse_length(search);
}

static void reverse_layers(struct rg_onnx_net *net) {
    for (size_t i = 0; i < net->shape.layers / 2; i++) {
        const struct rg_bytes kept = net->layers[i];
        net->layers[i] = net->layers[net->shape.layers - 1 - i];
        net->layers[net->shape.layers - 1 - i] = kept;
    }
}

/* ---- Sizes ---- */

rg_status rg_onnx_layer_weights(struct rg_onnx_file *file, const struct rg_onnx_net *net, size_t layer,
                                struct rg_onnx_tensor weights[3], bool *has_bias) {
    const struct rg_shape *const s = &net->shape;
    const size_t directions = rg_shape_directions(s), rows = rg_cell_gates(s->cell) * s->hidden;
    const size_t wanted[3][3] = {{directions, rows, layer == 0 ? s->inputs : directions * s->hidden},
                                 {directions, rows, s->hidden},
                                 {directions, 2 * rows, 0}};
    const struct search search = {.file = file};
    for (size_t i = 0; i < 3; i++) {
        bool found = false;
        const size_t n_dims = i < 2 ? 3 : 2;
        RG_TRY(rg_onnx_constant(file, rg_onnx_input(net->layers[layer], i + 1), &weights[i], &found));
        if (i == 2) {
            *has_bias = found;
        }
        if (i == 2 && !found) {
            return RG_OK;
        }
        if (!found || weights[i].n_dims != n_dims || memcmp(weights[i].dims, wanted[i], n_dims * sizeof(size_t)) != 0) {
            return refuse_node(&search, net->layers[layer], "has weights that are not constants of fitting sizes");
        }
    }
    return RG_OK;
}

/* Sizes from the weights of the first layer, of the head and of the table. */
static rg_status find_sizes(struct search *search) {
    struct rg_onnx_net *const net = search->net;
    struct rg_shape *const s = &net->shape;
    struct rg_onnx_tensor w, r;
    bool has_w = false, has_r = false;
    RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(net->layers[0], 1), &w, &has_w));
    RG_TRY(rg_onnx_constant(search->file, rg_onnx_input(net->layers[0], 2), &r, &has_r));
    if (!has_w || !has_r || w.n_dims != 3 || r.n_dims != 3 || w.count == 0 || r.count == 0) {
        return refuse_node(search, net->layers[0], "has weights that are not constants of three dimensions");
    }
    s->inputs = w.dims[2];
    s->hidden = r.dims[2];
    s->outputs = net->head_weight.dims[net->head_transposed ? 1 : 0];
    const size_t read = net->head_weight.dims[net->head_transposed ? 0 : 1];
    if (s->hidden > SIZE_MAX / 16 || read != rg_shape_directions(s) * s->hidden || s->outputs == 0 ||
        (net->has_bias && net->head_bias.count != s->outputs)) {
        return rg_fail(RG_BAD_FILE, "%s: the head has sizes that do not fit the %zu states of the last layer",
                       search->file->path, s->hidden);
    }
    s->words = net->has_embed ? net->embed.dims[0] : 0;
    if (net->has_embed && (s->words == 0 || net->embed.dims[1] != s->inputs)) {
        return rg_fail(RG_BAD_FILE, "%s: the embedding has %zu columns, and the first layer reads %zu numbers",
                       search->file->path, net->embed.dims[1], s->inputs);
    }
    return RG_OK;
}

static rg_status check_any_layer(const struct rg_onnx_file *file) {
    for (size_t i = 0; i < file->n_nodes; i++) {
        if (IS_OP(file->nodes[i], "RNN", "LSTM", "GRU")) {
            return RG_OK;
        }
    }
    return rg_fail(
        RG_BAD_FILE,
        "%s: the graph has no node RNN, LSTM or GRU; for torch.nn.RNN torch.onnx.export writes one with dynamo=False",
        file->path);
}

rg_status rg_onnx_find_net(struct rg_onnx_file *file, struct rg_onnx_net *net) {
    struct search search = {.file = file, .net = net, .readout = RG_N_READOUTS};
    struct rg_field output, name;
    struct rg_bytes node;
    bool done = false;
    *net = (struct rg_onnx_net){.has_bias = false};
    if (!rg_wire_find(file->graph, RG_GRAPH_OUTPUT, &output) || !rg_wire_find(output.bytes, 1, &name)) {
        return rg_fail(RG_BAD_FILE, "%s: the graph has no output", file->path);
    }
    search.name = name.bytes;
    RG_TRY(check_any_layer(file));
    RG_TRY(find_head(&search));
    for (size_t i = 0; i < MAX_CHAIN && !done; i++) {
        RG_TRY(step_to_layer(&search, &node, &done));
    }
    if (!done) {
        return refuse_length(&search);
    }
    RG_TRY(find_layers(&search, node));
    reverse_layers(net);
    net->shape.target = search.readout == RG_N_READOUTS ? RG_TARGET_STEPS : RG_TARGET_LAST;
    net->shape.readout = search.readout == RG_N_READOUTS ? RG_READOUT_LAST : search.readout;
    return find_sizes(&search);
}
