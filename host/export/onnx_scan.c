/* Layers for which ONNX has no operator: with a skip, or with the rnn cell and an activation that the RNN operator
 * lacks. Each direction of a layer is one Scan, which visits the steps and carries the states. The reverse direction
 * visits them from the last to the first.
 *
 * In the padding every carried state stays unchanged. So the reverse direction reaches a sequence's last step with its
 * initial zeros, and the forward direction keeps the state of the last step to the end.
 *
 * The names in a Scan's body have the suffix of its parameters, as in h_l0_reverse: they must differ from the names of
 * the surrounding graph, whose constants the body reads. */
#include <stdio.h>
#include <string.h>

#include "export/onnx_layers.h"
#include "model/cells.h"
#include "model/layout.h"

/* The body of a Scan under construction. */
struct body {
    struct rg_onnx_graph graph;
    const struct rg_model *model;
    size_t layer, direction;
};

/* A name in the body. */
#define N(what) (rg_onnx_name_of((what), b->layer, b->direction).text)

static const char *parameter(const struct body *b, enum rg_role role) {
    return b->model->parameters[rg_model_parameter(b->model, b->layer, b->direction, role)].name;
}

static bool has_skip(const struct body *b, enum rg_skip_kind kind) {
    return rg_shape_has_skip(&b->model->shape, kind);
}

static bool has_c(const struct body *b) {
    return rg_cell_has_c(b->model->shape.cell);
}

/* The carried states of a Scan: h; c of the lstm; for a skip of kind add or dilated the last d of h, the oldest first,
 * and for dilated also those of c; for a learned skip the state of the update gate. */
enum { MAX_CARRIED = 5 };
struct carried {
    const char *names[MAX_CARRIED];
    size_t n;
};

static struct carried carried_of(const struct body *b) {
    struct carried carried = {.n = 0};
    carried.names[carried.n++] = "h";
    if (has_c(b)) {
        carried.names[carried.n++] = "c";
    }
    if (has_skip(b, RG_SKIP_ADD) || has_skip(b, RG_SKIP_DILATED)) {
        carried.names[carried.n++] = "past_h";
    }
    if (has_skip(b, RG_SKIP_DILATED) && has_c(b)) {
        carried.names[carried.n++] = "past_c";
    }
    if (has_skip(b, RG_SKIP_LEARNED)) {
        carried.names[carried.n++] = "gate";
    }
    return carried;
}

/* ---- The body ---- */

/* output = input weights^T + bias, with the parameters of these roles; RG_N_ROLES: no bias. */
static void product(struct body *b, const char *input, enum rg_role weights, enum rg_role bias, const char *output) {
    const struct rg_onnx_attribute transposed[] = {RG_INT_OF("transB", 1), RG_END_OF_ATTRIBUTES};
    const char *const inputs[] = {input, parameter(b, weights), bias < RG_N_ROLES ? parameter(b, bias) : NULL, NULL};
    rg_onnx_node(&b->graph, "Gemm", inputs, RG_NAMES(output), transposed);
}

static void activate(struct body *b, const char *input, const char *output) {
    static const char *const operators[RG_N_ACTIVATIONS] = {
        [RG_ACT_TANH] = "Tanh",         [RG_ACT_RELU] = "Relu",       [RG_ACT_LEAKY_RELU] = "LeakyRelu",
        [RG_ACT_ELU] = "Elu",           [RG_ACT_SIGMOID] = "Sigmoid", [RG_ACT_SOFTSIGN] = "Softsign",
        [RG_ACT_SOFTPLUS] = "Softplus", [RG_ACT_HARDTANH] = "Clip",   [RG_ACT_LINEAR] = "Identity"};
    const enum rg_activation activation = b->model->shape.activation;
    const struct rg_onnx_attribute slope[] = {{.name = "alpha", .kind = RG_IS_FLOAT, .f = 0.01F}, RG_END_OF_ATTRIBUTES};
    const char *const limit = activation == RG_ACT_HARDTANH ? "minus_1" : NULL;
    const char *const inputs[] = {input, limit, "plus_1", NULL};
    rg_onnx_node(&b->graph, operators[activation], inputs, RG_NAMES(output),
                 activation == RG_ACT_LEAKY_RELU ? slope : NULL);
}

/* Split [batch, n*H] into n tensors. */
static void split(struct body *b, const char *input, const char *const *outputs) {
    const struct rg_onnx_attribute by_columns[] = {RG_INT_OF("axis", 1), RG_END_OF_ATTRIBUTES};
    rg_onnx_node(&b->graph, "Split", RG_NAMES(input), outputs, by_columns);
}

/* c = f c' + i g, h = o tanh(c); gates i, f, g, o */
static void lstm_step(struct body *b, const char *c_before) {
    struct rg_onnx_graph *const g = &b->graph;
    rg_onnx_binary(g, "Add", N("a"), N("a_hh"), N("sum"));
    split(b, N("sum"), RG_NAMES(N("a_i"), N("a_f"), N("a_g"), N("a_o")));
    rg_onnx_unary(g, "Sigmoid", N("a_i"), N("i"));
    rg_onnx_unary(g, "Sigmoid", N("a_f"), N("f"));
    rg_onnx_unary(g, "Tanh", N("a_g"), N("g"));
    rg_onnx_unary(g, "Sigmoid", N("a_o"), N("o"));
    rg_onnx_binary(g, "Mul", N("f"), c_before, N("kept"));
    rg_onnx_binary(g, "Mul", N("i"), N("g"), N("taken"));
    rg_onnx_binary(g, "Add", N("kept"), N("taken"), N("made_c"));
    rg_onnx_unary(g, "Tanh", N("made_c"), N("tanh_c"));
    rg_onnx_binary(g, "Mul", N("o"), N("tanh_c"), N("made_h"));
}

/* n = tanh(a_n + r m_n), h = (1 - z) n + z h' = n + z (h' - n); gates r, z, n */
static void gru_step(struct body *b, const char *h_before) {
    struct rg_onnx_graph *const g = &b->graph;
    split(b, N("a"), RG_NAMES(N("a_r"), N("a_z"), N("a_n")));
    split(b, N("a_hh"), RG_NAMES(N("m_r"), N("m_z"), N("m_n")));
    rg_onnx_binary(g, "Add", N("a_r"), N("m_r"), N("sum_r"));
    rg_onnx_binary(g, "Add", N("a_z"), N("m_z"), N("sum_z"));
    rg_onnx_unary(g, "Sigmoid", N("sum_r"), N("r"));
    rg_onnx_unary(g, "Sigmoid", N("sum_z"), N("z"));
    rg_onnx_binary(g, "Mul", N("r"), N("m_n"), N("reset"));
    rg_onnx_binary(g, "Add", N("a_n"), N("reset"), N("sum_n"));
    rg_onnx_unary(g, "Tanh", N("sum_n"), N("n"));
    rg_onnx_binary(g, "Sub", h_before, N("n"), N("change"));
    rg_onnx_binary(g, "Mul", N("z"), N("change"), N("part"));
    rg_onnx_binary(g, "Add", N("n"), N("part"), N("made_h"));
}

static void cell_step(struct body *b, const char *h_before, const char *c_before) {
    product(b, h_before, RG_ROLE_WEIGHT_HH, RG_ROLE_BIAS_HH, N("a_hh"));
    switch (b->model->shape.cell) {
    case RG_CELL_LSTM:
        lstm_step(b, c_before);
        break;
    case RG_CELL_GRU:
        gru_step(b, h_before);
        break;
    default:
        rg_onnx_binary(&b->graph, "Add", N("a"), N("a_hh"), N("sum"));
        activate(b, N("sum"), N("made_h"));
    }
}

/* output = condition ? yes : no */
static void choose(struct body *b, const char *condition, const char *yes, const char *no, const char *output) {
    rg_onnx_node(&b->graph, "Where", RG_NAMES(condition, yes, no), RG_NAMES(output), NULL);
}

/* The update gate of a learned skip (Campos et al. 2018). u = 1 where gate > 1/2, else 0. The states are the cell's
 * where u = 1, else the old ones. p = sigma(W_uh s + b_uh), s = c or h. The next step's gate is p where u = 1, else
 * gate + min(p, 1 - gate). */
static void update_gate(struct body *b) {
    struct rg_onnx_graph *const g = &b->graph;
    rg_onnx_binary(g, "Greater", N("gate"), "half", N("updates"));
    choose(b, N("updates"), N("made_h"), N("h"), N("next_h"));
    if (has_c(b)) {
        choose(b, N("updates"), N("made_c"), N("c"), N("next_c"));
    }
    product(b, has_c(b) ? N("next_c") : N("next_h"), RG_ROLE_WEIGHT_UH, RG_ROLE_BIAS_UH, N("logit"));
    rg_onnx_unary(g, "Sigmoid", N("logit"), N("p"));
    rg_onnx_binary(g, "Sub", "plus_1", N("gate"), N("room"));
    rg_onnx_binary(g, "Min", N("p"), N("room"), N("growth"));
    rg_onnx_binary(g, "Add", N("gate"), N("growth"), N("grown"));
    choose(b, N("updates"), N("p"), N("grown"), N("next_gate"));
}

/* next_past = past without its oldest state, followed by `state`. */
static void append(struct body *b, const char *past, const char *state, const char *prefix, const char *next) {
    const struct rg_onnx_attribute in_front[] = {RG_INT_OF("axis", 0), RG_END_OF_ATTRIBUTES};
    char younger[24], newest[24];
    (void)snprintf(younger, sizeof younger, "%s_younger", prefix);
    (void)snprintf(newest, sizeof newest, "%s_newest", prefix);
    rg_onnx_node(&b->graph, "Slice", RG_NAMES(past, "from_1", "to_end", "axis_0"), RG_NAMES(N(younger)), NULL);
    rg_onnx_binary(&b->graph, "Unsqueeze", state, "axis_0", N(newest));
    rg_onnx_node(&b->graph, "Concat", RG_NAMES(N(younger), N(newest)), RG_NAMES(next), in_front);
}

/* The inputs of the cell: a, with W_sh h_{t-d} for a skip of kind add, under the name "a"; and its h_{t-1} and c_{t-1}.
 */
static void take_inputs(struct body *b, struct rg_onnx_name *h_before, struct rg_onnx_name *c_before) {
    struct rg_onnx_graph *const g = &b->graph;
    *h_before = rg_onnx_name_of("h", b->layer, b->direction);
    *c_before = rg_onnx_name_of("c", b->layer, b->direction);
    if (has_skip(b, RG_SKIP_ADD)) {
        rg_onnx_binary(g, "Gather", N("past_h"), "zero", N("far_h"));
        product(b, N("far_h"), RG_ROLE_WEIGHT_SH, RG_N_ROLES, N("a_sh"));
        rg_onnx_binary(g, "Add", N("a_ih"), N("a_sh"), N("a"));
        return;
    }
    rg_onnx_unary(g, "Identity", N("a_ih"), N("a"));
    if (has_skip(b, RG_SKIP_DILATED)) {
        *h_before = rg_onnx_name_of("far_h", b->layer, b->direction);
        rg_onnx_binary(g, "Gather", N("past_h"), "zero", h_before->text);
        if (has_c(b)) {
            *c_before = rg_onnx_name_of("far_c", b->layer, b->direction);
            rg_onnx_binary(g, "Gather", N("past_c"), "zero", c_before->text);
        }
    }
}

/* out_NAME = next_NAME at a valid step of the sequence, else NAME. */
static void keep_in_padding(struct body *b, const char *name, const char *next) {
    char out[24];
    (void)snprintf(out, sizeof out, "out_%s", name);
    choose(b, N("is_step"), next, N(name), N(out));
}

/* The body as a graph: (carried..., a_ih, is_step) -> (out_carried..., y). */
static void build_body(struct body *b) {
    struct rg_onnx_graph *const g = &b->graph;
    const struct carried carried = carried_of(b);
    const bool learned = has_skip(b, RG_SKIP_LEARNED);
    struct rg_onnx_name h_before, c_before;
    rg_proto_string(&g->proto, RG_GRAPH_NAME, N("step"));
    for (size_t i = 0; i < carried.n; i++) {
        rg_onnx_value(g, RG_GRAPH_INPUT, N(carried.names[i]), RG_ONNX_FLOAT, 0, NULL);
    }
    rg_onnx_value(g, RG_GRAPH_INPUT, N("a_ih"), RG_ONNX_FLOAT, 0, NULL);
    rg_onnx_value(g, RG_GRAPH_INPUT, N("is_step"), RG_ONNX_BOOL, 0, NULL);
    take_inputs(b, &h_before, &c_before);
    cell_step(b, h_before.text, c_before.text);
    if (learned) {
        update_gate(b);
        keep_in_padding(b, "gate", N("next_gate"));
    }
    keep_in_padding(b, "h", learned ? N("next_h") : N("made_h"));
    if (has_c(b)) {
        keep_in_padding(b, "c", learned ? N("next_c") : N("made_c"));
    }
    if (has_skip(b, RG_SKIP_ADD) || has_skip(b, RG_SKIP_DILATED)) {
        append(b, N("past_h"), N("out_h"), "h", N("out_past_h"));
    }
    if (has_skip(b, RG_SKIP_DILATED) && has_c(b)) {
        append(b, N("past_c"), N("out_c"), "c", N("out_past_c"));
    }
    rg_onnx_unary(g, "Identity", N("out_h"), N("y_step"));
    for (size_t i = 0; i < carried.n; i++) {
        char out[24];
        (void)snprintf(out, sizeof out, "out_%s", carried.names[i]);
        rg_onnx_value(g, RG_GRAPH_OUTPUT, N(out), RG_ONNX_FLOAT, 0, NULL);
    }
    rg_onnx_value(g, RG_GRAPH_OUTPUT, N("y_step"), RG_ONNX_FLOAT, 0, NULL);
}

/* ---- Surrounding graph ---- */

/* The initial states of every Scan: zeros [batch, H], zeros [d, batch, H] and ones [batch, 1]; and the constants that
 * the bodies read. */
static void add_beginnings(struct rg_onnx_graph *g, const struct rg_shape *s) {
    const struct rg_onnx_attribute in_front[] = {RG_INT_OF("axis", 0), RG_END_OF_ATTRIBUTES};
    const int64_t hidden = (int64_t)s->hidden, skip = (int64_t)s->skip, one = 1, end = INT64_MAX;
    const bool learned = rg_shape_has_skip(s, RG_SKIP_LEARNED);
    const bool limited = s->cell == RG_CELL_RNN && s->activation == RG_ACT_HARDTANH;
    rg_onnx_number(g, "nothing_yet", 0.0F);
    rg_onnx_ints(g, "hidden", 1, &hidden);
    rg_onnx_node(g, "Concat", RG_NAMES("batch", "hidden"), RG_NAMES("state_shape"), in_front);
    rg_onnx_binary(g, "Expand", "nothing_yet", "state_shape", "begin_state");
    if (limited) {
        rg_onnx_number(g, "minus_1", -1.0F);
    }
    if (limited || learned) {
        rg_onnx_number(g, "plus_1", 1.0F);
    }
    if (s->skip > 0) {
        rg_onnx_ints(g, "from_1", 1, &one);
    }
    if (learned) {
        rg_onnx_number(g, "half", 0.5F);
        rg_onnx_node(g, "Concat", RG_NAMES("batch", "from_1"), RG_NAMES("gate_shape"), in_front);
        rg_onnx_binary(g, "Expand", "plus_1", "gate_shape", "begin_gate");
    } else if (s->skip > 0) {
        rg_onnx_ints(g, "to_end", 1, &end);
        rg_onnx_ints(g, "skip", 1, &skip);
        rg_onnx_node(g, "Concat", RG_NAMES("skip", "batch", "hidden"), RG_NAMES("past_shape"), in_front);
        rg_onnx_binary(g, "Expand", "nothing_yet", "past_shape", "begin_past");
    }
}

/* Initial value of a carried state. */
static const char *beginning_of(const char *carried) {
    return strcmp(carried, "gate") == 0       ? "begin_gate"
           : strncmp(carried, "past", 4) == 0 ? "begin_past"
                                              : "begin_state";
}

/* One direction: input [time, batch, I] -> y [time, batch, H] and its final state. */
static void add_direction(struct rg_onnx_graph *g, struct body *b, const char *input) {
    struct rg_onnx_name ends[MAX_CARRIED], y = rg_onnx_name_of("y_of", b->layer, b->direction);
    const char *inputs[MAX_CARRIED + 3] = {NULL}, *outputs[MAX_CARRIED + 2] = {NULL};
    const struct carried carried = carried_of(b);
    const int64_t forward_or_back[] = {(int64_t)b->direction, (int64_t)b->direction};
    for (enum rg_role role = 0; role < RG_N_ROLES; role++) {
        if (rg_shape_has_role(&b->model->shape, role)) {
            rg_onnx_parameter(g, b->model, rg_model_parameter(b->model, b->layer, b->direction, role));
        }
    }
    rg_onnx_transpose(g, parameter(b, RG_ROLE_WEIGHT_IH), N("columns"), 2, (const int64_t[]){1, 0});
    rg_onnx_binary(g, "MatMul", input, N("columns"), N("products"));
    rg_onnx_binary(g, "Add", N("products"), parameter(b, RG_ROLE_BIAS_IH), N("all_a_ih"));
    build_body(b);
    size_t n = 0;
    for (; n < carried.n; n++) {
        char end[24];
        (void)snprintf(end, sizeof end, "end_%s", carried.names[n]);
        ends[n] = rg_onnx_name_of(end, b->layer, b->direction);
        inputs[n] = beginning_of(carried.names[n]);
        outputs[n] = ends[n].text;
    }
    const struct rg_onnx_name a = rg_onnx_name_of("all_a_ih", b->layer, b->direction);
    inputs[n] = a.text;
    inputs[n + 1] = "mask";
    outputs[n] = y.text;
    const struct rg_onnx_attribute attributes[] = {{.name = "body", .kind = RG_IS_GRAPH, .graph = &b->graph},
                                                   RG_INT_OF("num_scan_inputs", 2),
                                                   RG_INTS_OF("scan_input_directions", 2, forward_or_back),
                                                   RG_INTS_OF("scan_output_directions", 1, forward_or_back),
                                                   RG_END_OF_ATTRIBUTES};
    rg_onnx_node(g, "Scan", inputs, outputs, attributes);
}

void rg_onnx_scan_layer(struct rg_onnx_graph *graph, const struct rg_model *model, const struct rg_onnx_flow *flow) {
    const struct rg_shape *const s = &model->shape;
    const struct {
        const char *part, *whole;
        int64_t axis;
    } joined[] = {{"y_of", flow->outputs, 2}, {"end_h", flow->final, 1}};
    if (flow->layer == 0) {
        add_beginnings(graph, s);
    }
    for (size_t direction = 0; direction < rg_shape_directions(s); direction++) {
        struct body body = {.model = model, .layer = flow->layer, .direction = direction};
        add_direction(graph, &body, flow->input);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct rg_onnx_attribute along[] = {RG_INT_OF("axis", joined[i].axis), RG_END_OF_ATTRIBUTES};
        const struct rg_onnx_name there = rg_onnx_name_of(joined[i].part, flow->layer, 0);
        const struct rg_onnx_name back = rg_onnx_name_of(joined[i].part, flow->layer, 1);
        const char *const parts[] = {there.text, s->bidirectional ? back.text : NULL, NULL};
        if (joined[i].whole != NULL) {
            rg_onnx_node(graph, "Concat", parts, RG_NAMES(joined[i].whole), along);
        }
    }
}
