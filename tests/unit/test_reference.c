/* The float64 reference against finite differences, the notes' worked example, its own identities and PyTorch.
 *
 * Everything else is measured against the reference, so nothing here uses the product but its file reader. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest/reference.h"
#include "rnn_gpu/tensors.h"

enum { N_UPDATES = 5 };

static const char *const loss_names[] = {"mse", "bce", "ce"};

/* ||a - b|| */
static double distance(const double *a, const double *b, size_t count) {
    double norm = 0.0;

    for (size_t i = 0; i < count; i++)
        norm = hypot(norm, a[i] - b[i]);
    return norm;
}

/* Fails unless ||a - b|| <= tolerance ||b||; both may be zero. */
static void expect_close(const double *a, const double *b, size_t count, double tolerance, const char *what) {
    const double error = distance(a, b, count), size = ref_norm(b, count);

    ck_assert_msg(error <= tolerance * size, "%s: off by %.3g of %.3g, allowed is %.3g of it", what, error, size,
                  tolerance);
}

static double *numbers(size_t count) {
    double *memory = calloc(count > 0 ? count : 1, sizeof(*memory));

    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* Uniform in (-scale, scale), from a linear congruential generator (Knuth's MMIX constants). */
static void fill_random(double *values, size_t count, double scale, uint64_t *seed) {
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        values[i] = scale * ((double)(*seed >> 11) * 0x1p-52 - 1.0);
    }
}

/* A model, a batch and room for its results. */
struct problem {
    struct ref_model *model;
    struct ref_result *result;
    struct ref_batch batch;
    double *x, *y;
    int32_t *lengths; /* NULL if all are T */
};

static void problem_results(struct problem *problem) {
    problem->batch.x = problem->x;
    problem->batch.y = problem->y;
    problem->batch.lengths = problem->lengths;
    problem->result = ref_result_create(problem->model, problem->batch.n_sequences, problem->batch.n_steps);
    ck_assert_ptr_nonnull(problem->result);
}

/* N = 5, F = 3, H = 7, O = 3; random weights, inputs and targets; with lengths, one is 0 and one is T. */
static struct problem random_problem(enum ref_loss loss, size_t n_steps, bool with_lengths) {
    struct problem problem = {.batch = {.n_sequences = 5, .n_steps = n_steps, .loss = loss}};
    const size_t n = problem.batch.n_sequences;
    uint64_t seed = 20 + n_steps;

    problem.model = ref_model_create(3, 7, 3);
    ck_assert_ptr_nonnull(problem.model);
    problem.x = numbers(n * n_steps * 3);
    problem.y = numbers(n * 3);
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        fill_random(problem.model->values[p], ref_parameter_elements(problem.model, p), 0.7, &seed);
    fill_random(problem.x, n * n_steps * 3, 1.5, &seed);
    fill_random(problem.y, n * 3, 1.0, &seed);
    for (size_t i = 0; i < n * 3; i++) {
        if (loss == REF_LOSS_BCE)
            problem.y[i] = problem.y[i] > 0.0 ? 1.0 : 0.0;
        if (loss == REF_LOSS_CE)
            problem.y[i] = (double)(i % 3);
    }
    if (with_lengths) {
        problem.lengths = calloc(n, sizeof(*problem.lengths));
        ck_assert_ptr_nonnull(problem.lengths);
        for (size_t i = 0; i < n; i++)
            problem.lengths[i] = (int32_t)(i * (n_steps + 1) / n);
        problem.lengths[n - 1] = (int32_t)n_steps;
    }
    problem_results(&problem);
    return problem;
}

static void problem_free(struct problem *problem) {
    ref_model_destroy(problem->model);
    ref_result_destroy(problem->result);
    free(problem->x);
    free(problem->y);
    free(problem->lengths);
}

static double loss_at(const struct problem *problem) {
    ref_forward_backward(problem->model, &problem->batch, problem->result);
    return problem->result->loss;
}

/* Central differences of the loss by every element of a parameter. */
static void differences(const struct problem *problem, enum ref_parameter parameter, double *slope) {
    const double eps = 1e-5;
    double *values = problem->model->values[parameter];

    for (size_t i = 0; i < ref_parameter_elements(problem->model, parameter); i++) {
        const double value = values[i];

        values[i] = value + eps;
        const double above = loss_at(problem);
        values[i] = value - eps;
        const double below = loss_at(problem);
        values[i] = value;
        slope[i] = (above - below) / (2.0 * eps);
    }
}

static void check_differences(enum ref_loss loss, size_t n_steps, bool with_lengths) {
    struct problem problem = random_problem(loss, n_steps, with_lengths);
    char what[128];

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        const size_t count = ref_parameter_elements(problem.model, p);
        double *slope = numbers(count);

        differences(&problem, p, slope);
        loss_at(&problem);
        snprintf(what, sizeof(what), "gradient of %s, %s, T = %zu%s", ref_parameter_name(p), loss_names[loss], n_steps,
                 with_lengths ? ", lengths" : "");
        expect_close(problem.result->gradient[p], slope, count, 1e-8, what);
        ck_assert_msg(ref_norm(slope, count) > 0.0 || (p == REF_WEIGHT_HH && n_steps == 1), "%s is zero", what);
        free(slope);
    }
    problem_free(&problem);
}

START_TEST(gradients_match_finite_differences) {
    static const size_t steps[] = {1, 2, 7};

    for (enum ref_loss loss = REF_LOSS_MSE; loss <= REF_LOSS_CE; loss++)
        for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
            check_differences(loss, steps[i], false);
            check_differences(loss, steps[i], true);
        }
}
END_TEST

/* G_tau adds up to G, and the shares to 1. */
static void check_lags(const struct problem *problem, enum ref_parameter parameter, const struct ref_lags *lags) {
    const size_t count = ref_parameter_elements(problem->model, parameter);
    double *term = numbers(count), *sum = numbers(count), shares = 0.0;

    for (size_t tau = 0; tau < problem->batch.n_steps; tau++) {
        ref_lag_term(problem->model, &problem->batch, problem->result, parameter, tau, term);
        for (size_t i = 0; i < count; i++)
            sum[i] += term[i];
        shares += lags->share[tau];
        ck_assert_double_eq_tol(ref_norm(term, count), lags->norm[tau], 1e-15);
        ck_assert_double_le(fabs(lags->cosine[tau]), 1.0 + 1e-14);
    }
    expect_close(sum, problem->result->gradient[parameter], count, 1e-14, "sum of the lag terms");
    ck_assert_double_eq_tol(shares, ref_norm(problem->result->gradient[parameter], count) > 0.0 ? 1.0 : 0.0, 1e-14);
    free(term);
    free(sum);
}

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
    for (size_t i = 0; i < problem.batch.n_sequences * 3; i++)
        ck_assert_double_eq(problem.result->output[i], problem.model->values[REF_HEAD_BIAS][i % 3]);
    for (enum ref_parameter p = 0; p < REF_HEAD_BIAS; p++)
        ck_assert_double_eq(ref_norm(problem.result->gradient[p], ref_parameter_elements(problem.model, p)), 0.0);
    ck_assert_double_gt(ref_norm(problem.result->gradient[REF_HEAD_BIAS], 3), 0.0);
    problem_free(&problem);
}
END_TEST

/* What stands in the padding, even a NaN, changes no bit. */
START_TEST(padding_is_never_read) {
    struct problem problem = random_problem(REF_LOSS_CE, 7, true);
    double before[REF_N_PARAMETERS];
    const double loss = loss_at(&problem);

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        before[p] = ref_norm(problem.result->gradient[p], ref_parameter_elements(problem.model, p));
    for (size_t n = 0; n < problem.batch.n_sequences; n++)
        for (size_t i = (size_t)problem.lengths[n] * 3; i < 7 * 3; i++)
            problem.x[n * 7 * 3 + i] = NAN;
    ck_assert_double_eq(loss_at(&problem), loss);
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        ck_assert_double_eq(ref_norm(problem.result->gradient[p], ref_parameter_elements(problem.model, p)), before[p]);
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
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            expect_printed(gradient[j * 3 + i], printed[i][j], 15, what);
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
    for (size_t n = 0; n < 3; n++)
        expect_printed(1.0 / (1.0 + exp(-problem.result->output[n])), y[n], 16, "y");
    for (size_t i = 0; i < 3; i++)
        expect_printed(problem.result->gradient[REF_HEAD_WEIGHT][i], dwo[i], 15, "dWo");
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

            for (size_t i = 0; i < 3; i++)
                dh[i] = delta[i] / (1.0 - h[i] * h[i]);
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

struct fixture_case {
    const char *file;
    enum ref_loss loss;
};

static const struct fixture_case fixture_cases[] = {
    {"rnn_mse_1x1x1x1x1", REF_LOSS_MSE},
    {"rnn_mse_7x5x3x4x2", REF_LOSS_MSE},
    {"rnn_bce_7x5x3x4x2_lengths", REF_LOSS_BCE},
    {"rnn_ce_33x31x2x65x3", REF_LOSS_CE},
    {"rnn_ce_13x11x5x9x7_lengths", REF_LOSS_CE},
    {"rnn_mse_3x100x2x17x1", REF_LOSS_MSE},
    {"rnn_bce_3x100x2x17x1_lengths", REF_LOSS_BCE},
};

enum { N_FIXTURES = sizeof(fixture_cases) / sizeof(*fixture_cases) };

static struct rg_tensors *read_fixture(const char *file) {
    struct rg_tensors *tensors = NULL;
    char path[4096];

    snprintf(path, sizeof(path), "%s/tests/fixtures/%s.safetensors", RG_SOURCE_DIR, file);
    ck_assert_msg(rg_tensors_read(path, &tensors) == RG_OK, "%s", rg_error_message());
    return tensors;
}

static const struct rg_tensor *find(const struct rg_tensors *tensors, const char *prefix, const char *name) {
    char full[128];

    snprintf(full, sizeof(full), "%s%s", prefix, name);
    const struct rg_tensor *tensor = rg_tensors_find(tensors, full);
    ck_assert_msg(tensor != NULL, "the fixture has no tensor %s", full);
    return tensor;
}

/* Fails unless `values` are the tensor prefix + name to 1e-12. */
static void expect_tensor(const struct rg_tensors *tensors, const char *prefix, const char *name, const double *values,
                          size_t count) {
    const struct rg_tensor *tensor = find(tensors, prefix, name);
    double *expected = numbers(count);
    char what[128];

    snprintf(what, sizeof(what), "%s%s", prefix, name);
    ck_assert_msg(rg_tensor_elements(tensor) == count, "%s: %zu elements, not %zu", what, rg_tensor_elements(tensor),
                  count);
    rg_tensor_to_double(tensor, expected);
    expect_close(values, expected, count, 1e-12, what);
    free(expected);
}

static double *read_numbers(const struct rg_tensors *tensors, const char *name) {
    const struct rg_tensor *tensor = find(tensors, "", name);
    double *values = numbers(rg_tensor_elements(tensor));

    rg_tensor_to_double(tensor, values);
    return values;
}

static double read_number(const struct rg_tensors *tensors, const char *name) {
    double *values = read_numbers(tensors, name);
    const double value = values[0];

    free(values);
    return value;
}

static void read_weights(const struct rg_tensors *tensors, const struct ref_model *model) {
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        const struct rg_tensor *tensor = find(tensors, "", ref_parameter_name(p));

        ck_assert_uint_eq(rg_tensor_elements(tensor), ref_parameter_elements(model, p));
        rg_tensor_to_double(tensor, model->values[p]);
    }
}

static struct problem fixture_problem(const struct rg_tensors *tensors, enum ref_loss loss) {
    const struct rg_tensor *x = find(tensors, "", "x"), *head = find(tensors, "", "head.weight");
    const struct rg_tensor *lengths = rg_tensors_find(tensors, "lengths");
    struct problem problem = {.batch = {.n_sequences = x->shape[0], .n_steps = x->shape[1], .loss = loss}};
    const size_t n = problem.batch.n_sequences;

    problem.model = ref_model_create(x->shape[2], head->shape[1], head->shape[0]);
    ck_assert_ptr_nonnull(problem.model);
    problem.x = read_numbers(tensors, "x");
    problem.y = read_numbers(tensors, "y");
    if (lengths) {
        double *values = read_numbers(tensors, "lengths");

        problem.lengths = calloc(n, sizeof(*problem.lengths));
        ck_assert_ptr_nonnull(problem.lengths);
        for (size_t i = 0; i < n; i++)
            problem.lengths[i] = (int32_t)values[i];
        free(values);
    }
    read_weights(tensors, problem.model);
    problem_results(&problem);
    return problem;
}

static void expect_lags(const struct rg_tensors *tensors, const char *name, const struct ref_lags *lags,
                        size_t n_steps) {
    expect_tensor(tensors, "lag.norm.", name, lags->norm, n_steps);
    expect_tensor(tensors, "lag.share.", name, lags->share, n_steps);
    expect_tensor(tensors, "lag.cosine.", name, lags->cosine, n_steps);
}

START_TEST(gradients_match_pytorch) {
    struct rg_tensors *tensors = read_fixture(fixture_cases[_i].file);
    struct problem problem = fixture_problem(tensors, fixture_cases[_i].loss);
    const struct ref_result *result = problem.result;
    const size_t n_steps = problem.batch.n_steps;

    loss_at(&problem);
    expect_tensor(tensors, "", "loss", &result->loss, 1);
    expect_tensor(tensors, "", "grad_norm", &result->grad_norm, 1);
    expect_tensor(tensors, "", "output", result->output, problem.batch.n_sequences * problem.model->outputs);
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        expect_tensor(tensors, "grad.", ref_parameter_name(p), result->gradient[p],
                      ref_parameter_elements(problem.model, p));
    expect_tensor(tensors, "", "delta.norm", result->delta_norm, n_steps);
    expect_lags(tensors, ref_parameter_name(REF_WEIGHT_IH), &result->lags_ih, n_steps);
    expect_lags(tensors, ref_parameter_name(REF_WEIGHT_HH), &result->lags_hh, n_steps);
    problem_free(&problem);
    rg_tensors_destroy(tensors);
}
END_TEST

/* Gradients of the present weights, clipped. Returns whether clipping changed them. */
static bool clipped_gradients(const struct problem *problem, double clip_norm) {
    loss_at(problem);
    const double coefficient = ref_clip_coefficient(problem->result->grad_norm, clip_norm);

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        for (size_t i = 0; i < ref_parameter_elements(problem->model, p); i++)
            problem->result->gradient[p][i] *= coefficient;
    return coefficient < 1.0;
}

static void expect_weights(const struct rg_tensors *tensors, const char *prefix, const struct ref_model *model) {
    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
        expect_tensor(tensors, prefix, ref_parameter_name(p), model->values[p], ref_parameter_elements(model, p));
}

START_TEST(sgd_matches_pytorch) {
    struct rg_tensors *tensors = read_fixture(fixture_cases[_i].file);
    struct problem problem = fixture_problem(tensors, fixture_cases[_i].loss);
    const double clip_norm = read_number(tensors, "clip_norm"), lr = read_number(tensors, "sgd_lr");

    for (size_t update = 0; update < N_UPDATES; update++) {
        clipped_gradients(&problem, clip_norm);
        for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++)
            ref_sgd(problem.model->values[p], problem.result->gradient[p], ref_parameter_elements(problem.model, p),
                    lr);
    }
    expect_weights(tensors, "after_sgd.", problem.model);
    problem_free(&problem);
    rg_tensors_destroy(tensors);
}
END_TEST

START_TEST(adam_matches_pytorch) {
    struct rg_tensors *tensors = read_fixture(fixture_cases[_i].file);
    struct problem problem = fixture_problem(tensors, fixture_cases[_i].loss);
    const double clip_norm = read_number(tensors, "clip_norm"), lr = read_number(tensors, "adam_lr");
    struct ref_moments moments[REF_N_PARAMETERS];

    for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
        moments[p].mean = numbers(ref_parameter_elements(problem.model, p));
        moments[p].square = numbers(ref_parameter_elements(problem.model, p));
    }
    for (size_t update = 1; update <= N_UPDATES; update++) {
        clipped_gradients(&problem, clip_norm);
        for (enum ref_parameter p = 0; p < REF_N_PARAMETERS; p++) {
            moments[p].update = update;
            ref_adam(problem.model->values[p], problem.result->gradient[p], ref_parameter_elements(problem.model, p),
                     lr, &moments[p]);
        }
    }
    expect_weights(tensors, "after.", problem.model);
    for (size_t p = 0; p < REF_N_PARAMETERS; p++) {
        free(moments[p].mean);
        free(moments[p].square);
    }
    problem_free(&problem);
    rg_tensors_destroy(tensors);
}
END_TEST

/* The cases clip, and one does not: otherwise the two tests above would miss a wrong coefficient. */
START_TEST(fixtures_cover_clipping_and_its_absence) {
    size_t n_clipped = 0;

    for (size_t i = 0; i < N_FIXTURES; i++) {
        struct rg_tensors *tensors = read_fixture(fixture_cases[i].file);
        struct problem problem = fixture_problem(tensors, fixture_cases[i].loss);

        n_clipped += clipped_gradients(&problem, read_number(tensors, "clip_norm"));
        problem_free(&problem);
        rg_tensors_destroy(tensors);
    }
    ck_assert_uint_gt(n_clipped, 0);
    ck_assert_uint_lt(n_clipped, N_FIXTURES);
    ck_assert_double_eq(ref_clip_coefficient(3.0, 1.5), 1.5 / 3.000001);
    ck_assert_double_eq(ref_clip_coefficient(1.0, 1.5), 1.0);
    ck_assert_double_eq(ref_clip_coefficient(0.0, 1.5), 1.0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference");
    TCase *own = tcase_create("identities"), *pytorch = tcase_create("pytorch");

    tcase_add_test(own, gradients_match_finite_differences);
    tcase_add_test(own, lag_terms_sum_to_the_gradient);
    tcase_add_test(own, empty_sequences_read_a_zero_state);
    tcase_add_test(own, padding_is_never_read);
    tcase_add_test(own, worked_example_gives_the_printed_gradients);
    tcase_add_test(own, worked_example_gives_the_printed_lags);
    tcase_add_test(own, lags_survive_underflow_of_squares);
    tcase_add_loop_test(pytorch, gradients_match_pytorch, 0, N_FIXTURES);
    tcase_add_loop_test(pytorch, sgd_matches_pytorch, 0, N_FIXTURES);
    tcase_add_loop_test(pytorch, adam_matches_pytorch, 0, N_FIXTURES);
    tcase_add_test(pytorch, fixtures_cover_clipping_and_its_absence);
    suite_add_tcase(suite, own);
    suite_add_tcase(suite, pytorch);

    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
