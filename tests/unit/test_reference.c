/* The float64 reference of the plain net (one layer, tanh, many to one) against finite differences, the notes' worked
 * example and its own identities.
 *
 * Everything else is measured against the reference, so nothing here uses the product. */
#include "reference_problem.h"

static const char *const loss_names[] = {"mse", "bce", "ce"};

/* N = 5, F = 3, H = 7, O = 3. */
static struct problem random_problem(enum ref_loss loss, size_t n_steps, bool with_lengths) {
    const struct ref_model form = {.inputs = 3, .hidden = 7, .outputs = 3};
    const struct ref_batch batch = {.n_sequences = 5, .n_steps = n_steps, .loss = loss};
    struct problem problem = problem_of(&form, batch, with_lengths);

    problem_fill(&problem, 20 + n_steps);
    return problem;
}

static void check_differences(enum ref_loss loss, size_t n_steps, bool with_lengths) {
    struct problem problem = random_problem(loss, n_steps, with_lengths);
    char what[128];

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        const size_t count = ref_parameter_elements(problem.model, p);
        double *slope = numbers(count);

        differences(&problem, p, 1e-4, slope);
        loss_at(&problem);
        snprintf(what, sizeof(what), "gradient of %s, %s, T = %zu%s", ref_parameter_name(problem.model, p),
                 loss_names[loss], n_steps, with_lengths ? ", lengths" : "");
        expect_close(problem.result->gradient[p], slope, count, 1e-8, what);
        ck_assert_msg(ref_norm(slope, count) > 0.0 || (p == REF_WEIGHT_HH && n_steps == 1), "%s is zero", what);
        free(slope);
    }
    problem_free(&problem);
}

START_TEST(gradients_match_finite_differences) {
    static const size_t steps[] = {1, 2, 7};

    for (enum ref_loss loss = REF_LOSS_MSE; loss <= REF_LOSS_CE; loss++) {
        for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
            check_differences(loss, steps[i], false);
            check_differences(loss, steps[i], true);
        }
    }
}
END_TEST

START_TEST(lag_terms_sum_to_the_gradient) {
    static const size_t steps[] = {1, 2, 7, 31};

    for (size_t i = 0; i < 2 * sizeof(steps) / sizeof(*steps); i++) {
        struct problem problem = random_problem(REF_LOSS_MSE, steps[i / 2], i % 2 == 1);

        loss_at(&problem);
        check_lags(&problem, REF_WEIGHT_IH, &problem.result->lags_ih);
        check_lags(&problem, REF_WEIGHT_HH, &problem.result->lags_hh);
        problem_free(&problem);
    }
}
END_TEST

/* A sequence of length 0 gives the head's bias, and touches no gradient but the head bias's; nothing of the results
 * before it stays behind. */
START_TEST(empty_sequences_read_a_zero_state) {
    struct problem problem = random_problem(REF_LOSS_BCE, 4, true);

    loss_at(&problem);
    memset(problem.lengths, 0, problem.batch.n_sequences * sizeof(*problem.lengths));
    loss_at(&problem);
    ck_assert_double_eq(ref_norm(problem.result->state, 5 * 5 * 7), 0.0);
    ck_assert_double_eq(ref_norm(problem.result->delta, 4 * 5 * 7), 0.0);
    for (size_t i = 0; i < problem.batch.n_sequences * 3; i++) {
        ck_assert_double_eq(problem.result->output[i], problem.model->values[REF_HEAD_BIAS][i % 3]);
    }
    for (enum ref_parameter p = 0; p < REF_HEAD_BIAS; p++) {
        ck_assert_double_eq(ref_norm(problem.result->gradient[p], ref_parameter_elements(problem.model, p)), 0.0);
    }
    ck_assert_double_gt(ref_norm(problem.result->gradient[REF_HEAD_BIAS], 3), 0.0);
    problem_free(&problem);
}
END_TEST

/* What stands in the padding, even a NaN, changes no bit. */
START_TEST(padding_is_never_read) {
    struct problem problem = random_problem(REF_LOSS_CE, 7, true);
    double before[REF_N_PARAMETERS];
    const double loss = loss_at(&problem);

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        before[p] = ref_norm(problem.result->gradient[p], ref_parameter_elements(problem.model, p));
    }
    for (size_t n = 0; n < problem.batch.n_sequences; n++) {
        for (size_t i = (size_t)problem.lengths[n] * 3; i < 7 * 3; i++) {
            problem.x[n * 7 * 3 + i] = NAN;
        }
    }
    ck_assert_double_eq(loss_at(&problem), loss);
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        ck_assert_double_eq(ref_norm(problem.result->gradient[p], ref_parameter_elements(problem.model, p)), before[p]);
    }
    problem_free(&problem);
}
END_TEST

/* "cat mat rat" -> 1, "rat rat mat" -> 1, "mat mat cat" -> 0, with the notes' weights and no biases. */
static struct problem worked_example(void) {
    static const double wi[3][3] = {{.5, -.3, .1}, {-.2, .4, .2}, {.3, .1, -.5}};
    static const double wh[3][3] = {{.6, -.1, .2}, {.1, .5, -.3}, {-.2, .3, .4}};
    static const double wo[3] = {.7, -.4, .5};
    static const size_t words[3][3] = {{0, 1, 2}, {2, 2, 1}, {1, 1, 0}};
    struct problem problem = {.batch = {.n_sequences = 3, .n_steps = 3, .loss = REF_LOSS_BCE}};

    problem.model = ref_model_create(3, 3, 1);
    ck_assert_ptr_nonnull(problem.model);
    problem.x = numbers(3 * 3 * 3);
    problem.y = numbers(3);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            problem.model->values[REF_WEIGHT_IH][j * 3 + i] = wi[i][j];
            problem.model->values[REF_WEIGHT_HH][j * 3 + i] = wh[i][j];
            problem.x[(i * 3 + j) * 3 + words[i][j]] = 1.0;
        }
        problem.model->values[REF_HEAD_WEIGHT][i] = wo[i];
        problem.y[i] = i < 2 ? 1.0 : 0.0;
    }
    problem_results(&problem);
    return problem;
}

/* Equal to a number printed with `digits` decimals: half a unit of the last, and one rounding of sums of order 1. */
static void expect_printed(double value, double printed, int digits, const char *what) {
    ck_assert_msg(fabs(value - printed) <= 0.5 * pow(10.0, -digits) + 0x1p-52, "%s: %.17g, printed is %.*f", what,
                  value, digits, printed);
}

/* gradient [3][3] in PyTorch's layout against the notes' row-vector layout, its transpose. */
static void expect_transposed(const double *gradient, const double (*printed)[3], const char *what) {
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            expect_printed(gradient[j * 3 + i], printed[i][j], 15, what);
        }
    }
}

START_TEST(worked_example_gives_the_printed_gradients) {
    /* Each agrees with differences of the loss in 60-digit arithmetic, which settle it where a copy differs. */
    static const double y[3] = {.4644847825782729, .5322090745326683, .5415075290154517};
    static const double dwo[3] = {-.019805478318941, -.072100377396661, .040691374601883};
    static const double dwh[3][3] = {{-.168683479161232, .093798346606005, -.062315399151182},
                                     {.092496411455907, -.048652454905444, .030436677515558},
                                     {.063050652707578, -.041138412820089, .022620739228316}};
    static const double dwi[3][3] = {{.067388372313556, -.064471544656356, .123885193464073},
                                     {-.061892943770487, .062154304442154, -.104272106094428},
                                     {-.214454285992343, .120979456885259, -.049230493252967}};
    struct problem problem = worked_example();

    expect_printed(loss_at(&problem), .7257855867078536, 16, "loss");
    for (size_t n = 0; n < 3; n++) {
        expect_printed(1.0 / (1.0 + exp(-problem.result->output[n])), y[n], 16, "y");
    }
    for (size_t i = 0; i < 3; i++) {
        expect_printed(problem.result->gradient[REF_HEAD_WEIGHT][i], dwo[i], 15, "dWo");
    }
    expect_transposed(problem.result->gradient[REF_WEIGHT_HH], dwh, "dWh");
    expect_transposed(problem.result->gradient[REF_WEIGHT_IH], dwi, "dWi");
    problem_free(&problem);
}
END_TEST

START_TEST(worked_example_gives_the_printed_lags) {
    static const double norm[3] = {.148148636987, .111224906223, 0.0};
    static const double share[3] = {.580936, .419064, 0.0};
    static const double cosine[3] = {.953805, .916445, 0.0};
    /* ||dL/dh_t|| [sequence][lag]; delta_t = (1 - h_t^2) dL/dh_t */
    static const double dh_norm[3][3] = {
        {.169345, .102070, .067213}, {.147928, .094643, .050321}, {.171240, .106191, .060374}};
    struct problem problem = worked_example();

    loss_at(&problem);
    for (size_t tau = 0; tau < 3; tau++) {
        expect_printed(problem.result->lags_hh.norm[tau], norm[tau], 12, "lag norm");
        expect_printed(problem.result->lags_hh.share[tau], share[tau], 6, "lag share");
        expect_printed(problem.result->lags_hh.cosine[tau], cosine[tau], 6, "lag cosine");
        for (size_t n = 0; n < 3; n++) {
            const double *delta = problem.result->delta + ((2 - tau) * 3 + n) * 3;
            const double *h = problem.result->state + ((3 - tau) * 3 + n) * 3;
            double dh[3];

            for (size_t i = 0; i < 3; i++) {
                dh[i] = delta[i] / (1.0 - h[i] * h[i]);
            }
            expect_printed(ref_norm(dh, 3), dh_norm[n][tau], 6, "norm of dL/dh");
        }
    }
    ck_assert_double_gt(problem.result->lags_ih.norm[2], 0.0);
    problem_free(&problem);
}
END_TEST

/* Norms, shares and cosines hold where squares underflow: W_hh = I / 4, lag 300 is 4^-300 = 2.4e-181. */
START_TEST(lags_survive_underflow_of_squares) {
    const size_t n_steps = 301;
    struct problem problem = {.batch = {.n_sequences = 1, .n_steps = n_steps, .loss = REF_LOSS_MSE}};

    problem.model = ref_model_create(1, 1, 1);
    ck_assert_ptr_nonnull(problem.model);
    problem.x = numbers(n_steps);
    problem.y = numbers(1);
    problem.x[0] = 1.0;
    problem.y[0] = -0.5;
    problem.model->values[REF_WEIGHT_HH][0] = 0.25;
    problem.model->values[REF_HEAD_WEIGHT][0] = 1.0;
    problem_results(&problem);
    loss_at(&problem);
    /* All states are 0, so dL/dz = 2 * 0.5 = 1 and delta at lag tau is 4^-tau exactly; only x_1 is not 0. */
    ck_assert_double_eq(problem.result->delta_norm[300], ldexp(1.0, -600));
    ck_assert_double_eq(problem.result->lags_ih.norm[300], ldexp(1.0, -600));
    ck_assert_double_eq(problem.result->lags_ih.share[300], 1.0);
    ck_assert_double_eq(problem.result->lags_ih.cosine[300], 1.0);
    problem_free(&problem);
}
END_TEST

TEST_MAIN("reference") {
    TCase *const plain = add_tests(suite, "plain");
    tcase_add_test(plain, gradients_match_finite_differences);
    tcase_add_test(plain, lag_terms_sum_to_the_gradient);
    tcase_add_test(plain, empty_sequences_read_a_zero_state);
    tcase_add_test(plain, padding_is_never_read);
    tcase_add_test(plain, worked_example_gives_the_printed_gradients);
    tcase_add_test(plain, worked_example_gives_the_printed_lags);
    tcase_add_test(plain, lags_survive_underflow_of_squares);
}
