/* Layers of the cells that ONNX has, as nodes of RNN, LSTM and GRU. */
#include "export/onnx_layers.h"

#include <math.h>
#include <stdio.h>

struct rg_onnx_name rg_onnx_name_of(const char *what, size_t layer, size_t direction) {
    struct rg_onnx_name name;
    (void)snprintf(name.text, sizeof name.text, "%s_l%zu%s", what, layer, direction > 0 ? "_reverse" : "");
    return name;
}

void rg_onnx_parameter(struct rg_onnx_graph *graph, const struct rg_model *model, size_t parameter) {
    const struct rg_parameter *const p = &model->parameters[parameter];
    rg_onnx_floats(graph, p->name, p->columns > 0 ? 2 : 1, (const size_t[]){p->rows, p->columns},
                   rg_model_values(model, parameter));
}

bool rg_onnx_needs_scan(const struct rg_shape *shape) {
    float alpha = 0.0F;
    return shape->skip > 0 || (shape->cell == RG_CELL_RNN && rg_onnx_activation(shape->activation, &alpha) == NULL);
}

/* Add the bytes of a parameter of [G*H][columns] numbers, gate by gate in ONNX's order. */
static void add_gates(struct rg_onnx_graph *g, const struct rg_model *model, size_t parameter) {
    const struct rg_parameter *const p = &model->parameters[parameter];
    const size_t gates = rg_cell_gates(model->shape.cell), count = rg_parameter_elements(p) / gates;
    for (size_t place = 0; place < gates; place++) {
        const size_t gate = rg_onnx_gate(model->shape.cell, place);
        rg_proto_raw(&g->proto, rg_model_values(model, parameter) + gate * count, count * sizeof(float));
    }
}

/* W [D, G*H, inputs], R [D, G*H, H] and B [D, 2*G*H], where each direction has b_ih and then b_hh. */
static void add_weights(struct rg_onnx_graph *g, const struct rg_model *model, size_t layer,
                        const char *const names[3]) {
    static const enum rg_role roles[] = {RG_ROLE_WEIGHT_IH, RG_ROLE_WEIGHT_HH};
    const size_t directions = rg_shape_directions(&model->shape);
    for (size_t i = 0; i < 2; i++) {
        const struct rg_parameter *const p = &model->parameters[rg_model_parameter(model, layer, 0, roles[i])];
        rg_onnx_floats(g, names[i], 3, (const size_t[]){directions, p->rows, p->columns}, NULL);
        for (size_t d = 0; d < directions; d++) {
            add_gates(g, model, rg_model_parameter(model, layer, d, roles[i]));
        }
    }
    const size_t rows = rg_cell_gates(model->shape.cell) * model->shape.hidden;
    rg_onnx_floats(g, names[2], 2, (const size_t[]){directions, 2 * rows}, NULL);
    for (size_t d = 0; d < directions; d++) {
        add_gates(g, model, rg_model_parameter(model, layer, d, RG_ROLE_BIAS_IH));
        add_gates(g, model, rg_model_parameter(model, layer, d, RG_ROLE_BIAS_HH));
    }
}

/* y [time, D, batch, H] -> [time, batch, D*H] */
static void join_outputs(struct rg_onnx_graph *g, const struct rg_model *model, const char *y, size_t layer,
                         const char *output) {
    const struct rg_onnx_name axis = rg_onnx_name_of("direction_axis", layer, 0);
    const struct rg_onnx_name swapped = rg_onnx_name_of("swapped", layer, 0);
    const int64_t one = 1, joined[] = {0, 0, (int64_t)(2 * model->shape.hidden)};
    if (!model->shape.bidirectional) {
        rg_onnx_ints(g, axis.text, 1, &one);
        rg_onnx_binary(g, "Squeeze", y, axis.text, output);
        return;
    }
    rg_onnx_ints(g, axis.text, 3, joined);
    rg_onnx_transpose(g, y, swapped.text, 4, (const int64_t[]){0, 2, 1, 3});
    rg_onnx_binary(g, "Reshape", swapped.text, axis.text, output);
}

/* h [D, batch, H] -> [batch, D*H] */
static void join_final(struct rg_onnx_graph *g, const struct rg_model *model, const char *h, const char *output) {
    const int64_t zero = 0, joined[] = {0, (int64_t)(2 * model->shape.hidden)};
    if (!model->shape.bidirectional) {
        rg_onnx_ints(g, "final_axis", 1, &zero);
        rg_onnx_binary(g, "Squeeze", h, "final_axis", output);
        return;
    }
    rg_onnx_ints(g, "final_shape", 2, joined);
    rg_onnx_transpose(g, h, "final_swapped", 3, (const int64_t[]){1, 0, 2});
    rg_onnx_binary(g, "Reshape", "final_swapped", "final_shape", output);
}

void rg_onnx_cell_layer(struct rg_onnx_graph *graph, const struct rg_model *model, const struct rg_onnx_flow *flow) {
    const struct rg_shape *const s = &model->shape;
    const size_t layer = flow->layer, directions = rg_shape_directions(s);
    const struct rg_onnx_name w = rg_onnx_name_of("W", layer, 0), r = rg_onnx_name_of("R", layer, 0);
    const struct rg_onnx_name b = rg_onnx_name_of("B", layer, 0);
    const struct rg_onnx_name y = rg_onnx_name_of("states", layer, 0), h = rg_onnx_name_of("final", layer, 0);
    struct rg_onnx_attribute attributes[6] = {RG_INT_OF("hidden_size", (int64_t)s->hidden)};
    size_t n = 1;
    attributes[n++] = (struct rg_onnx_attribute){
        .name = "direction", .kind = RG_IS_STRING, .s = s->bidirectional ? "bidirectional" : "forward"};
    attributes[n++] = (struct rg_onnx_attribute)RG_INT_OF("layout", 0);
    float alpha = NAN;
    const char *const function = s->cell == RG_CELL_RNN ? rg_onnx_activation(s->activation, &alpha) : NULL;
    const char *const functions[] = {function, function};
    if (function != NULL) {
        attributes[n++] = (struct rg_onnx_attribute){
            .name = "activations", .kind = RG_IS_STRINGS, .count = directions, .strings = functions};
    }
    const float alphas[] = {alpha, alpha};
    if (!isnan(alpha)) {
        attributes[n++] = (struct rg_onnx_attribute){
            .name = "activation_alpha", .kind = RG_IS_FLOATS, .count = directions, .floats = alphas};
    }
    if (s->cell == RG_CELL_GRU) {
        attributes[n++] = (struct rg_onnx_attribute)RG_INT_OF("linear_before_reset", 1);
    }
    attributes[n] = (struct rg_onnx_attribute)RG_END_OF_ATTRIBUTES;
    add_weights(graph, model, layer, RG_NAMES(w.text, r.text, b.text));
    const char *const outputs[] = {flow->outputs != NULL ? y.text : "", flow->final != NULL ? h.text : NULL, NULL};
    rg_onnx_node(graph, rg_onnx_operator(s->cell), RG_NAMES(flow->input, w.text, r.text, b.text, "lengths"), outputs,
                 attributes);
    if (flow->outputs != NULL) {
        join_outputs(graph, model, y.text, layer, flow->outputs);
    }
    if (flow->final != NULL) {
        join_final(graph, model, h.text, flow->final);
    }
}
