/* The float64 reference of every cell, activation, skip and stack against finite differences and its own identities. */
#include "reference_problem.h"

static const char *const cell_names[REF_N_CELLS] = {"rnn", "lstm", "gru"};

/* What a model is beside its cell. */
struct stack {
    size_t layers;
    bool bidirectional;
    enum ref_target target;
    enum ref_readout readout;
};

static const struct stack stacks[] = {
    {1, false, REF_TARGET_LAST, REF_READOUT_LAST},  {1, true, REF_TARGET_STEPS, REF_READOUT_LAST},
    {2, true, REF_TARGET_LAST, REF_READOUT_LAST},   {2, true, REF_TARGET_STEPS, REF_READOUT_LAST},
    {3, false, REF_TARGET_LAST, REF_READOUT_LAST},  {3, true, REF_TARGET_STEPS, REF_READOUT_LAST},
    {1, true, REF_TARGET_LAST, REF_READOUT_FINAL},  {2, true, REF_TARGET_LAST, REF_READOUT_FINAL},
    {1, false, REF_TARGET_LAST, REF_READOUT_FINAL}, {1, false, REF_TARGET_LAST, REF_READOUT_MEAN},
    {2, true, REF_TARGET_LAST, REF_READOUT_MEAN},   {1, false, REF_TARGET_LAST, REF_READOUT_MAX},
    {2, true, REF_TARGET_LAST, REF_READOUT_MAX},
};

struct skip {
    size_t d;
    enum ref_skip_kind kind;
};

static const struct skip skips[] = {
    {0, REF_SKIP_ADD}, {2, REF_SKIP_ADD}, {2, REF_SKIP_DILATED}, {1, REF_SKIP_ADD}, {1, REF_SKIP_LEARNED}};

static struct ref_model form_of(enum ref_cell cell, enum ref_activation activation, struct skip skip,
                                struct stack stack) {
    return (struct ref_model){.cell = cell,
                              .activation = activation,
                              .inputs = 2,
                              .hidden = 3,
                              .outputs = 2,
                              .layers = stack.layers,
                              .bidirectional = stack.bidirectional,
                              .skip = skip.d,
                              .skip_kind = skip.kind,
                              .skip_budget = 0.2,
                              .target = stack.target,
                              .readout = stack.readout};
}

/* N = 3, T = 5, lengths 0, 2 and 5. */
static struct problem small_problem(const struct ref_model *form, enum ref_loss loss) {
    const struct ref_batch batch = {.n_sequences = 3, .n_steps = 5, .loss = loss};

    return problem_of(form, batch, true);
}

static const char *name_of(const struct ref_model *model) {
    static char name[160];

    snprintf(name, sizeof(name),
             "%s, activation %d, %zu layers, %zu directions, skip %zu of kind %d, target %d, readout %d",
             cell_names[model->cell], (int)model->activation, model->layers, ref_directions(model), model->skip,
             (int)model->skip_kind, (int)model->target, (int)model->readout);
    return name;
}

/* Where phi' or phi'' jumps: differences across it mean nothing. */
static bool near_kink(enum ref_activation activation, double a, double margin) {
    switch (activation) {
    case REF_ACT_RELU:
    case REF_ACT_LEAKY_RELU:
    case REF_ACT_ELU:
    case REF_ACT_SOFTSIGN:
        return fabs(a) < margin;
    case REF_ACT_HARDTANH:
        return fabs(fabs(a) - 1.0) < margin;
    default:
        return false;
    }
}

/* With the head on the last step's output, the reverse direction of the last layer is read after its first step, from h
 * = 0; but the budget of a learned skip counts all its steps. */
static bool reads_only_zeros(const struct ref_model *model, size_t parameter) {
    const size_t top = model->layers - 1;

    return model->target == REF_TARGET_LAST && model->readout == REF_READOUT_LAST && model->bidirectional &&
           !(model->skip > 0 && model->skip_kind == REF_SKIP_LEARNED) &&
           (parameter == ref_parameter_at(model, top, 1, REF_ROLE_WEIGHT_HH) ||
            (ref_has_role(model, REF_ROLE_WEIGHT_SH) &&
             parameter == ref_parameter_at(model, top, 1, REF_ROLE_WEIGHT_SH)));
}

/* Does a unit of the last layer have two largest values that a small change could exchange? Equal ones stay equal
 * unless a gate copied one from the other. */
static bool near_tie(const struct problem *problem, double margin) {
    const struct ref_model *model = problem->model;
    const size_t width = ref_directions(model) * model->hidden, n = problem->batch.n_sequences;
    const double *states = problem->result->joined[model->layers - 1];
    const bool copies = model->skip > 0 && model->skip_kind == REF_SKIP_LEARNED;

    for (size_t i = 0; i < n * width && model->readout == REF_READOUT_MAX; i++) {
        size_t n_largest = 0;

        for (size_t t = 1; t <= (size_t)problem->lengths[i / width]; t++) {
            const double below = problem->result->read[i] - states[t * n * width + i];

            n_largest += below == 0.0;
            if ((below > 0.0 && below < margin) || (copies && n_largest > 1)) {
                return true;
            }
        }
    }
    return false;
}

/* Every valid step is off the kinks, and every gradient large enough for differences to see it. */
static bool is_fit(const struct problem *problem) {
    const struct ref_model *model = problem->model;
    const size_t n = problem->batch.n_sequences;

    ref_gradient(model, &problem->batch, problem->result);
    for (size_t i = 0; i < problem->result->n_traces && model->cell == REF_CELL_RNN; i++) {
        const struct ref_trace *trace = &problem->result->traces[i];

        for (size_t j = 0; j < problem->batch.n_steps * n * model->hidden; j++) {
            if ((int32_t)(j / model->hidden / n) < problem->lengths[j / model->hidden % n] &&
                near_kink(model->activation, trace->a_ih[j] + trace->a_hh[j], 3e-3)) {
                return false;
            }
        }
    }
    if (near_tie(problem, 1e-3)) {
        return false;
    }
    for (size_t p = 0; p < model->n_parameters; p++) {
        if (!reads_only_zeros(model, p) &&
            ref_norm(problem->result->gradient[p], ref_parameter_elements(model, p)) < 2e-3) {
            return false;
        }
    }
    return true;
}

static void check_differences(const struct ref_model *form, enum ref_loss loss) {
    struct problem problem = small_problem(form, loss);
    uint64_t seed = 0;
    char what[256];

    do {
        ck_assert_msg(seed < 2000, "%s: no fit weights", name_of(problem.model));
        problem_fill(&problem, ++seed);
    } while (!is_fit(&problem));
    problem.model->keep_rounding = true; /* the network that the straight-through gradient is the gradient of */
    for (size_t p = 0; p < problem.model->n_parameters; p++) {
        const size_t count = ref_parameter_elements(problem.model, p);
        double *slope = numbers(count);

        differences(&problem, p, 1e-4, slope);
        ref_gradient(problem.model, &problem.batch, problem.result);
        snprintf(what, sizeof(what), "%s: gradient of %s", name_of(problem.model),
                 ref_parameter_name(problem.model, p));
        if (reads_only_zeros(problem.model, p)) {
            ck_assert_msg(ref_norm(slope, count) == 0.0, "%s is not zero", what);
        }
        expect_close(problem.result->gradient[p], slope, count, 1e-8, what);
        free(slope);
    }
    problem_free(&problem);
}

/* Every cell x skip x stack; the losses take turns. */
START_TEST(cells_match_finite_differences) {
    for (size_t skip = 0; skip < COUNT(skips); skip++) {
        for (size_t stack = 0; stack < COUNT(stacks); stack++) {
            const struct ref_model form = form_of((enum ref_cell)_i, REF_ACT_TANH, skips[skip], stacks[stack]);

            /* of the cells with gates the first part has every stack and every skip, if not each with each */
            if (case_runs(_i == REF_CELL_RNN || (skip + stack) % COUNT(skips) == 0)) {
                check_differences(&form, (enum ref_loss)(stack % 3));
            }
        }
    }
}
END_TEST

/* Every activation x skip; the stacks and losses take turns. */
START_TEST(activations_match_finite_differences) {
    for (size_t skip = 0; skip < COUNT(skips); skip++) {
        for (size_t stack = skip % 2; stack < 4; stack += 2) {
            const struct ref_model form = form_of(REF_CELL_RNN, (enum ref_activation)_i, skips[skip], stacks[stack]);

            check_differences(&form, (enum ref_loss)((skip + stack) % 3));
        }
    }
}
END_TEST

/* phi and phi' on both sides of every kink and at it, from the definitions. */
START_TEST(activations_have_pytorch_values) {
    static const struct {
        enum ref_activation activation;
        double a, phi, slope;
    } points[] = {
        {REF_ACT_TANH, 0.0, 0.0, 1.0},
        {REF_ACT_RELU, 2.0, 2.0, 1.0},
        {REF_ACT_RELU, 0.0, 0.0, 0.0},
        {REF_ACT_RELU, -2.0, 0.0, 0.0},
        {REF_ACT_LEAKY_RELU, 2.0, 2.0, 1.0},
        {REF_ACT_LEAKY_RELU, 0.0, 0.0, 0.01},
        {REF_ACT_LEAKY_RELU, -2.0, -0.02, 0.01},
        {REF_ACT_ELU, 2.0, 2.0, 1.0},
        {REF_ACT_ELU, 0.0, 0.0, 1.0},
        {REF_ACT_ELU, -M_LN2, -0.5, 0.5},
        {REF_ACT_SIGMOID, 0.0, 0.5, 0.25},
        {REF_ACT_SIGMOID, -800.0, 0.0, 0.0},
        {REF_ACT_SOFTSIGN, 3.0, 0.75, 0.0625},
        {REF_ACT_SOFTSIGN, -3.0, -0.75, 0.0625},
        {REF_ACT_SOFTPLUS, 0.0, M_LN2, 0.5},
        {REF_ACT_SOFTPLUS, 800.0, 800.0, 1.0},
        {REF_ACT_HARDTANH, 0.5, 0.5, 1.0},
        {REF_ACT_HARDTANH, 1.0, 1.0, 0.0},
        {REF_ACT_HARDTANH, -1.0, -1.0, 0.0},
        {REF_ACT_HARDTANH, -7.0, -1.0, 0.0},
        {REF_ACT_LINEAR, -7.0, -7.0, 1.0},
    };

    for (size_t i = 0; i < COUNT(points); i++) {
        ck_assert_double_eq_tol(ref_activate(points[i].activation, points[i].a), points[i].phi, 2e-16);
        ck_assert_double_eq_tol(ref_activation_slope(points[i].activation, points[i].a), points[i].slope, 2e-16);
    }
}
END_TEST

/* The lag terms of every weight matrix of every layer and direction. */
START_TEST(lag_terms_sum_to_the_gradient) {
    size_t n_matrices = 0;

    for (size_t skip = 0; skip < COUNT(skips); skip++) {
        for (size_t stack = 0; stack < COUNT(stacks); stack++) {
            const struct ref_model form = form_of((enum ref_cell)_i, REF_ACT_TANH, skips[skip], stacks[stack]);
            struct problem problem = small_problem(&form, REF_LOSS_MSE);
            const size_t directions = ref_directions(problem.model);

            problem_fill(&problem, 7);
            loss_at(&problem);
            for (size_t i = 0; i < problem.result->n_traces; i++) {
                for (enum ref_role role = 0; role < REF_N_ROLES; role++) {
                    if (problem.result->traces[i].lags[role].norm) {
                        const size_t p = ref_parameter_at(problem.model, i / directions, i % directions, role);

                        n_matrices += check_lags(&problem, p, &problem.result->traces[i].lags[role]) > 0.0;
                    }
                }
            }
            problem_free(&problem);
        }
    }
    ck_assert_uint_gt(n_matrices, 100);
}
END_TEST

/* What stands in the padding of x and y, even a NaN, changes no bit. */
START_TEST(padding_is_never_read) {
    for (size_t stack = 0; stack < COUNT(stacks); stack++) {
        const struct ref_model form = form_of((enum ref_cell)_i, REF_ACT_TANH, skips[1], stacks[stack]);
        struct problem problem = small_problem(&form, REF_LOSS_MSE);

        problem_fill(&problem, 3);
        const double loss = loss_at(&problem), norm = problem.result->grad_norm;
        for (size_t n = 0; n < 3; n++) {
            for (size_t i = (size_t)problem.lengths[n] * 2; i < 5 * 2; i++) {
                problem.x[n * 5 * 2 + i] = NAN;
                if (form.target == REF_TARGET_STEPS) {
                    problem.y[n * 5 * 2 + i] = NAN;
                }
            }
        }
        ck_assert_double_eq(loss_at(&problem), loss);
        ck_assert_double_eq(problem.result->grad_norm, norm);
        problem_free(&problem);
    }
}
END_TEST

/* Empty sequences alone: the head's bias with the head on the last step, no loss with the head on every step. */
START_TEST(empty_sequences_read_a_zero_state) {
    for (size_t stack = 0; stack < COUNT(stacks); stack++) {
        const struct ref_model form = form_of((enum ref_cell)_i, REF_ACT_TANH, skips[1], stacks[stack]);
        struct problem problem = small_problem(&form, REF_LOSS_BCE);
        const struct ref_model *model = problem.model;

        problem_fill(&problem, 3);
        loss_at(&problem);
        memset(problem.lengths, 0, 3 * sizeof(*problem.lengths));
        const double loss = loss_at(&problem);
        for (size_t p = 0; p < ref_head_bias(model); p++) {
            ck_assert_double_eq(ref_norm(problem.result->gradient[p], ref_parameter_elements(model, p)), 0.0);
        }
        if (form.target == REF_TARGET_LAST) {
            for (size_t i = 0; i < 3 * 2; i++) {
                ck_assert_double_eq(problem.result->output[i], model->values[ref_head_bias(model)][i % 2]);
            }
        }
        ck_assert((loss > 0.0) == (form.target == REF_TARGET_LAST));
        problem_free(&problem);
    }
}
END_TEST

/* Two models give the same loss and norm with the same data and weights; what only one has is random. */
static void expect_equal_losses(const struct ref_model *a, const struct ref_model *b) {
    struct problem one = small_problem(a, REF_LOSS_MSE), other = small_problem(b, REF_LOSS_MSE);

    problem_fill(&one, 11);
    problem_fill(&other, 12);
    memcpy(other.x, one.x, 3 * 5 * 2 * sizeof(double));
    memcpy(other.y, one.y, target_rows(one.model, &one.batch) * 2 * sizeof(double));
    for (size_t p = 0; p < one.model->n_parameters; p++) {
        for (size_t q = 0; q < other.model->n_parameters; q++) {
            if (strcmp(one.model->names[p], other.model->names[q]) == 0) {
                memcpy(other.model->values[q], one.model->values[p],
                       ref_parameter_elements(one.model, p) * sizeof(double));
            }
        }
    }
    ck_assert_double_eq(loss_at(&one), loss_at(&other));
    ck_assert_double_eq(one.result->grad_norm, other.result->grad_norm);
    problem_free(&one);
    problem_free(&other);
}

/* Dilation 1 is no dilation, and W_sh does nothing where no step has an h_{t-d}. */
START_TEST(skips_without_effect_change_nothing) {
    for (size_t stack = 0; stack < COUNT(stacks); stack++) {
        const struct skip dilated = {1, REF_SKIP_DILATED}, beyond = {5, REF_SKIP_ADD};
        const struct ref_model plain = form_of((enum ref_cell)_i, REF_ACT_TANH, skips[0], stacks[stack]);
        const struct ref_model one = form_of((enum ref_cell)_i, REF_ACT_TANH, dilated, stacks[stack]);
        const struct ref_model far = form_of((enum ref_cell)_i, REF_ACT_TANH, beyond, stacks[stack]);

        expect_equal_losses(&plain, &one);
        expect_equal_losses(&plain, &far);
    }
}
END_TEST

/* Names, positions and shapes of include/rnn_gpu/model.h's table. */
START_TEST(parameters_stand_in_the_order_of_the_table) {
    const struct ref_model form = form_of(REF_CELL_GRU, REF_ACT_TANH, skips[1], stacks[2]);
    struct ref_model *model = ref_model_create_like(&form), *plain = ref_model_create(2, 3, 4);

    ck_assert(model && plain);
    ck_assert_uint_eq(model->n_parameters, 2 * 2 * 5 + 2);
    ck_assert_str_eq(ref_parameter_name(model, 4), "rnn.weight_sh_l0");
    ck_assert_str_eq(ref_parameter_name(model, 5), "rnn.weight_ih_l0_reverse");
    ck_assert_str_eq(ref_parameter_name(model, 10), "rnn.weight_ih_l1");
    ck_assert_str_eq(ref_parameter_name(model, 18), "rnn.bias_hh_l1_reverse");
    ck_assert_uint_eq(ref_parameter_at(model, 1, 1, REF_ROLE_BIAS_HH), 18);
    ck_assert_uint_eq(ref_parameter_elements(model, 5), 9 * 2);
    ck_assert_uint_eq(ref_parameter_elements(model, 10), 9 * 6);
    ck_assert_uint_eq(ref_parameter_elements(model, 18), 9);
    ck_assert_uint_eq(ref_parameter_elements(model, 20), 2 * 6);
    ck_assert_str_eq(ref_parameter_name(model, 21), "head.bias");
    ck_assert_uint_eq(plain->n_parameters, REF_N_PARAMETERS);
    ck_assert_uint_eq(ref_head_weight(plain), REF_HEAD_WEIGHT);
    ck_assert_uint_eq(ref_parameter_at(plain, 0, 0, REF_ROLE_BIAS_HH), REF_BIAS_HH);
    ref_model_destroy(model);
    ref_model_destroy(plain);
}
END_TEST

TEST_MAIN("reference_cells") {
    TCase *const cells = add_tests(suite, "cells");
    tcase_add_loop_test(cells, cells_match_finite_differences, 0, REF_N_CELLS);
    tcase_add_loop_test(cells, activations_match_finite_differences, 0, REF_N_ACTIVATIONS);
    tcase_add_test(cells, activations_have_pytorch_values);
    tcase_add_loop_test(cells, lag_terms_sum_to_the_gradient, 0, REF_N_CELLS);
    tcase_add_loop_test(cells, padding_is_never_read, 0, REF_N_CELLS);
    tcase_add_loop_test(cells, empty_sequences_read_a_zero_state, 0, REF_N_CELLS);
    tcase_add_loop_test(cells, skips_without_effect_change_nothing, 0, REF_N_CELLS);
    tcase_add_test(cells, parameters_stand_in_the_order_of_the_table);
}
