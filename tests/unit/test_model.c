/* The table of a model's parameters for every cell, and shapes that are refused. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "started_model.h"

struct entry {
    const char *name;
    size_t rows, columns;
};

static void check_table(const struct rg_model *model, const struct entry *wanted, size_t count) {
    size_t end = 0, total = 0;
    ck_assert_uint_eq(model->n_parameters, count);
    for (size_t i = 0; i < count; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        ck_assert_str_eq(p->name, wanted[i].name);
        ck_assert_msg(p->rows == wanted[i].rows && p->columns == wanted[i].columns, "%s [%zu, %zu]", p->name, p->rows,
                      p->columns);
        ck_assert(p->offset % RG_ARENA_ALIGN == 0 && p->offset >= end && p->offset < end + RG_ARENA_ALIGN);
        ck_assert_ptr_eq(rg_model_values(model, i), model->weights + p->offset);
        end = p->offset + rg_parameter_elements(p);
        total += rg_parameter_elements(p);
    }
    ck_assert(model->n_weights == total && model->arena >= end);
    for (size_t i = 0; i < model->arena; i++) {
        ck_assert(model->weights[i] == 0.0F);
    }
    ck_assert_str_eq(model->parameters[rg_model_head_weight(model)].name, "head.weight");
    ck_assert_str_eq(model->parameters[rg_model_head_bias(model)].name, "head.bias");
}

START_TEST(table) {
    static const struct entry wanted[] = {{"rnn.weight_ih_l0", 5, 3}, {"rnn.weight_hh_l0", 5, 5},
                                          {"rnn.bias_ih_l0", 5, 0},   {"rnn.bias_hh_l0", 5, 0},
                                          {"head.weight", 2, 5},      {"head.bias", 2, 0}};
    struct rg_shape shape = shape_of(RG_CELL_RNN, 3, 5, 2);
    struct rg_model *model = create(&shape);
    check_table(model, wanted, 6);
    ck_assert_uint_eq(model->n_weights, 62);
    rg_model_destroy(model);
    shape.skip = 3;
    shape.skip_kind = RG_SKIP_DILATED;
    model = create(&shape);
    check_table(model, wanted, 6);
    rg_model_destroy(model);
    rg_model_destroy(NULL);
}
END_TEST

/* Two layers, both directions, and the skip's matrix. */
START_TEST(table_of_layers) {
    static const struct entry wanted[] = {{"rnn.weight_ih_l0", 20, 3},
                                          {"rnn.weight_hh_l0", 20, 5},
                                          {"rnn.bias_ih_l0", 20, 0},
                                          {"rnn.bias_hh_l0", 20, 0},
                                          {"rnn.weight_sh_l0", 20, 5},
                                          {"rnn.weight_ih_l0_reverse", 20, 3},
                                          {"rnn.weight_hh_l0_reverse", 20, 5},
                                          {"rnn.bias_ih_l0_reverse", 20, 0},
                                          {"rnn.bias_hh_l0_reverse", 20, 0},
                                          {"rnn.weight_sh_l0_reverse", 20, 5},
                                          {"rnn.weight_ih_l1", 20, 10},
                                          {"rnn.weight_hh_l1", 20, 5},
                                          {"rnn.bias_ih_l1", 20, 0},
                                          {"rnn.bias_hh_l1", 20, 0},
                                          {"rnn.weight_sh_l1", 20, 5},
                                          {"rnn.weight_ih_l1_reverse", 20, 10},
                                          {"rnn.weight_hh_l1_reverse", 20, 5},
                                          {"rnn.bias_ih_l1_reverse", 20, 0},
                                          {"rnn.bias_hh_l1_reverse", 20, 0},
                                          {"rnn.weight_sh_l1_reverse", 20, 5},
                                          {"head.weight", 2, 10},
                                          {"head.bias", 2, 0}};
    static const char *const roles[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_sh"};
    struct rg_shape shape = shape_of(RG_CELL_LSTM, 3, 5, 2);
    shape.layers = 2;
    shape.bidirectional = true;
    shape.skip = 4;
    struct rg_model *const model = create(&shape);
    ck_assert_uint_eq(rg_shape_directions(&shape), 2);
    check_table(model, wanted, sizeof wanted / sizeof *wanted);
    for (size_t layer = 0; layer < 2; layer++) {
        for (size_t direction = 0; direction < 2; direction++) {
            for (unsigned role = 0; role <= RG_ROLE_WEIGHT_SH; role++) {
                char name[RG_NAME_BYTES];
                const size_t at = rg_model_parameter(model, layer, direction, (enum rg_role)role);
                snprintf(name, sizeof name, "rnn.%s_l%zu%s", roles[role], layer, direction > 0 ? "_reverse" : "");
                ck_assert_str_eq(model->parameters[at].name, name);
            }
        }
    }
    rg_model_destroy(model);
}
END_TEST

/* The largest table, and the rows of every cell. */
START_TEST(table_of_cells) {
    static const size_t gates[RG_N_CELLS] = {[RG_CELL_RNN] = 1, [RG_CELL_LSTM] = 4, [RG_CELL_GRU] = 3};
    for (unsigned cell = 0; cell < RG_N_CELLS; cell++) {
        struct rg_shape shape = shape_of((enum rg_cell)cell, 2, 3, 1);
        shape.layers = RG_MAX_LAYERS;
        shape.bidirectional = true;
        shape.skip = 1;
        shape.words = 5;
        shape.skip_kind = RG_SKIP_LEARNED;
        struct rg_model *const model = create(&shape);
        ck_assert_uint_eq(rg_cell_gates((enum rg_cell)cell), gates[cell]);
        ck_assert_uint_eq(model->n_parameters, RG_MAX_PARAMETERS);
        ck_assert_uint_eq(model->parameters[rg_model_parameter(model, 15, 1, RG_ROLE_BIAS_HH)].rows, 3 * gates[cell]);
        const struct rg_parameter *const gate = &model->parameters[rg_model_parameter(model, 15, 1, RG_ROLE_WEIGHT_UH)];
        ck_assert_str_eq(gate->name, "rnn.weight_uh_l15_reverse");
        ck_assert(gate->rows == 1 && gate->columns == 3);
        ck_assert_str_eq(gate[1].name, "rnn.bias_uh_l15_reverse");
        ck_assert(gate[1].rows == 1 && gate[1].columns == 0);
        ck_assert_ptr_eq(gate + 1, &model->parameters[RG_MAX_PARAMETERS - 4]);
        rg_model_destroy(model);
    }
}
END_TEST

START_TEST(bad_shapes) {
    const size_t huge = (size_t)1 << 33, half = SIZE_MAX / 2;
    const struct {
        struct rg_shape shape;
        rg_status status;
    } cases[] = {
        {{.inputs = 0, .hidden = 1, .outputs = 1, .layers = 1}, RG_ERROR},
        {{.inputs = 1, .hidden = 0, .outputs = 1, .layers = 1}, RG_ERROR},
        {{.inputs = 1, .hidden = 1, .outputs = 0, .layers = 1}, RG_ERROR},
        {{.inputs = 1, .hidden = 1, .outputs = 1, .layers = 0}, RG_ERROR},
        {{.inputs = 1, .hidden = 1, .outputs = 1, .layers = 1, .skip = 2, .skip_kind = RG_SKIP_LEARNED}, RG_ERROR},
        {{.inputs = 1, .hidden = 1, .outputs = 1, .layers = RG_MAX_LAYERS + 1}, RG_ERROR},
        {{.inputs = 1, .hidden = 1, .outputs = 1, .layers = 1, .cell = RG_N_CELLS}, RG_ERROR},
        {{.inputs = 1, .hidden = 1, .outputs = 1, .layers = 1, .activation = RG_N_ACTIVATIONS}, RG_ERROR},
        {{.inputs = 1, .hidden = huge, .outputs = 1, .layers = 1}, RG_NO_MEMORY},
        {{.inputs = SIZE_MAX, .hidden = 1, .outputs = 1, .layers = 1}, RG_NO_MEMORY},
        {{.inputs = half, .hidden = 1, .outputs = half, .layers = 1}, RG_NO_MEMORY},
        {{.inputs = 1, .hidden = 1, .outputs = half, .layers = 1, .bidirectional = true}, RG_NO_MEMORY},
        {{.inputs = 1, .hidden = half, .outputs = 1, .layers = 1, .cell = RG_CELL_GRU}, RG_NO_MEMORY},
        {{.inputs = 1, .hidden = (size_t)1 << 31, .outputs = 1, .layers = 1}, RG_NO_MEMORY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_model *model = (struct rg_model *)(void *)&model;
        ck_assert_int_eq(rg_model_create(&cases[i].shape, &model), cases[i].status);
        ck_assert_ptr_null(model);
    }
}
END_TEST

TEST_MAIN("model") {
    TCase *const weights = add_tests(suite, "weights");
    tcase_add_test(weights, table);
    tcase_add_test(weights, table_of_layers);
    tcase_add_test(weights, table_of_cells);
    tcase_add_test(weights, bad_shapes);
}
