/* Slopes, saturation and expected decays of the causes of a gradient, in double precision, worked out from the
 * reference's states. tests/kernels/test_causes.c has the products of Jacobians. */
#include <string.h>

#include "gradient/causes.h"
#include "measured_net.h"

enum { BATCH = 5, STEPS = 8, H = 3 };

struct subject {
    struct rg_exercise *exercise;
    struct rg_all_causes *all;
};

static struct subject make(const struct rg_exercise_form *form) {
    return (struct subject){filled(form), NULL};
}

static float *weights_of(const struct subject *s, size_t direction, enum rg_role role) {
    return rg_model_values(s->exercise->model, rg_model_parameter(s->exercise->model, 0, direction, role));
}

static void measure(struct subject *s, const struct rg_cause_options *options) {
    const struct net net = net_of(s->exercise, &(struct parts){0});
    expect_ok(rg_causes_measure(net.engine, &net.source->source, 0, options, &s->all));
    rg_engine_destroy(net.engine);
    rg_data_source_destroy(net.source);
    ref_forward_backward(s->exercise->reference, &s->exercise->batch, s->exercise->result);
}

static void forget(struct subject *s) {
    rg_causes_destroy(s->all);
    rg_exercise_destroy(s->exercise);
}

/* Is |tanh| above 0.95, or a sigmoid within 0.025 of 0 or 1? */
static bool saturates(double value, bool is_tanh) {
    return is_tanh ? fabs(value) > 0.95 : value < 0.025 || value > 0.975;
}

/* The activations of one direction at one lag, from the reference. */
struct activations {
    double n, slopes, squares, saturated, forget, rows;
};

static struct activations activations_at(const struct subject *s, size_t direction, size_t lag) {
    const struct rg_exercise *const e = s->exercise;
    const struct ref_trace *const trace = &e->result->traces[direction];
    const enum rg_cell cell = e->model->shape.cell;
    const size_t gates = cell == RG_CELL_RNN ? 1 : ref_gates(e->reference);
    struct activations a = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    for (size_t row = 0; row < BATCH; row++) {
        const size_t length = e->data.lengths ? (size_t)e->data.lengths[row] : STEPS;
        const bool from_first = direction == 1 && e->model->shape.readout != RG_READOUT_LAST;
        if (lag >= length) {
            continue;
        }
        const size_t t = from_first ? 1 + lag : length - lag;
        a.rows += 1.0;
        for (size_t i = 0; i < gates * H; i++) {
            const double value = cell == RG_CELL_RNN ? trace->state[(t * BATCH + row) * H + i]
                                                     : trace->gates[((t - 1) * BATCH + row) * gates * H + i];
            const bool is_tanh = cell == RG_CELL_RNN || i / H == 2;
            const double slope = is_tanh ? 1.0 - value * value : value * (1.0 - value);
            a.n += 1.0;
            a.slopes += slope;
            a.squares += slope * slope;
            a.saturated += saturates(value, is_tanh) ? 1.0 : 0.0;
            a.forget += cell == RG_CELL_LSTM && i / H == 1 ? value / H : 0.0;
        }
    }
    return a;
}

static const struct rg_exercise_form forms[] = {
    {.sizes = {BATCH, STEPS, 2, H, 1, RG_LOSS_MSE, true}, .net = {.bidirectional = true, .readout = RG_READOUT_FINAL}},
    {.sizes = {BATCH, STEPS, 2, H, 1, RG_LOSS_MSE, true}, .net = {.cell = RG_CELL_LSTM}},
    {.sizes = {BATCH, STEPS, 2, H, 1, RG_LOSS_MSE, false},
     .net = {.cell = RG_CELL_GRU, .bidirectional = true, .readout = RG_READOUT_MEAN}},
    {.sizes = {BATCH, STEPS, 2, H, 1, RG_LOSS_MSE, false}},
};

/* Weights of six times their size, so that some units are saturated. */
START_TEST(slopes_of_the_reference) {
    struct subject s = make(&forms[_i]);
    for (size_t i = 0; i < s.exercise->model->arena; i++) {
        s.exercise->model->weights[i] *= 6.0f;
    }
    measure(&s, &(struct rg_cause_options){.rows = BATCH, .threads = 1});
    for (size_t d = 0; d < s.all->directions; d++) {
        const struct rg_causes *const c = rg_causes_of(s.all, 0, d);
        double lags = 0.0, slopes = 0.0, saturated = 0.0;
        for (size_t lag = 0; lag < STEPS; lag++) {
            const struct activations a = activations_at(&s, d, lag);
            if (a.rows == 0.0) {
                continue;
            }
            lags += 1.0;
            slopes += a.slopes / a.n;
            saturated += a.saturated / a.n;
            near(c->slope[lag], a.slopes / a.n, 1e-12, "the slope", lag);
            near(c->saturated[lag], a.saturated / a.n, 1e-12, "the share that is saturated", lag);
            near(c->forget[lag], a.forget / a.rows, 1e-12, "the forget gate", lag);
        }
        near(c->mean_slope, slopes / lags, 1e-12, "the mean slope", 0);
        near(c->mean_saturated, saturated / lags, 1e-12, "the mean of those saturated", 0);
        ck_assert(saturated > 0.5 && saturated < lags - 0.1);
    }
    forget(&s);
}
END_TEST

/* What counts as saturated of each activation, for units that are held at values on either side of the border. */
START_TEST(saturation_of_activations) {
    static const struct {
        enum rg_activation activation;
        double inside, outside; /* sums of the unit */
    } cases[] = {{RG_ACT_TANH, 1.83, 1.84},          {RG_ACT_TANH, -1.83, -1.84},   {RG_ACT_SIGMOID, 3.66, 3.67},
                 {RG_ACT_SIGMOID, -3.66, -3.67},     {RG_ACT_RELU, 0.001, -0.001},  {RG_ACT_RELU, 5.0, 0.0},
                 {RG_ACT_LEAKY_RELU, 0.001, -0.001}, {RG_ACT_ELU, -2.32, -2.34},    {RG_ACT_SOFTPLUS, -2.22, -2.23},
                 {RG_ACT_HARDTANH, 0.999, 1.001},    {RG_ACT_SOFTSIGN, 2.20, 2.21}, {RG_ACT_LINEAR, 99.0, NAN}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int side = 0; side < 2 && !(side && isnan(cases[i].outside)); side++) {
            const struct rg_exercise_form form = {.sizes = {1, 2, 1, 1, 1, RG_LOSS_MSE, false},
                                                  .net = {.activation = cases[i].activation}};
            struct subject s = make(&form);
            memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
            *weights_of(&s, 0, RG_ROLE_BIAS_IH) = (float)(side ? cases[i].outside : cases[i].inside);
            measure(&s, &(struct rg_cause_options){.rows = 1, .threads = 1});
            ck_assert_double_eq(rg_causes_of(s.all, 0, 0)->mean_saturated, side ? 1.0 : 0.0);
            forget(&s);
        }
    }
}
END_TEST

/* Forget gates that are 0 have no logarithm. */
START_TEST(logarithms_of_forget_gates) {
    const struct rg_exercise_form form = {.sizes = {2, 4, 1, 2, 1, RG_LOSS_MSE, false}, .net = {.cell = RG_CELL_LSTM}};
    for (int n = 0; n <= 2; n++) {
        struct subject s = make(&form);
        memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
        for (int j = 0; j < 2; j++) { /* gates of sigmoid(1), the first n units' of exp(-2000) */
            weights_of(&s, 0, RG_ROLE_BIAS_IH)[2 + j] = j < n ? -2000.0f : 1.0f;
        }
        measure(&s, &(struct rg_cause_options){.rows = 2, .threads = 1});
        const double found = rg_causes_of(s.all, 0, 0)->mean_log_forget;
        if (n == 2) {
            ck_assert(isnan(found));
        } else {
            near(found, -log(1.0 + exp(-1.0)), 1e-12, "the mean logarithm", 0);
        }
        forget(&s);
    }
}
END_TEST

/* ||W|| and the radius of a linear net, and of a sigmoid one whose slope is at most 1/4; with h_{t-2} in place of
 * h_{t-1} their logarithms are of two steps. */
START_TEST(expected_decays) {
    static const enum rg_activation activations[] = {RG_ACT_LINEAR, RG_ACT_SIGMOID};
    for (size_t i = 0; i < 4; i++) {
        const bool dilated = i / 2 == 1, sigmoid = i % 2 == 1;
        const struct rg_exercise_form form = {.sizes = {2, 6, 1, 2, 1, RG_LOSS_MSE, false},
                                              .net = {.activation = activations[i % 2],
                                                      .skip = dilated ? 2 : 0,
                                                      .skip_kind = dilated ? RG_SKIP_DILATED : RG_SKIP_ADD}};
        struct subject s = make(&form);
        memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
        const float w[4] = {0.5f, 0.0f, 0.0f, -0.25f};
        memcpy(weights_of(&s, 0, RG_ROLE_WEIGHT_HH), w, sizeof w);
        measure(&s, &(struct rg_cause_options){.rows = 2, .threads = 1});
        const struct rg_causes *const c = rg_causes_of(s.all, 0, 0);
        const double steps = dilated ? 2.0 : 1.0;
        double logs = 0.0, n = 0.0;
        for (size_t k = 0; k < 2 * 6 * 2; k++, n += 1.0) {
            const double h = s.exercise->result->state[2 * 2 + k];
            logs += sigmoid ? log(h * (1.0 - h)) : 0.0;
        }
        near(c->sigma_hh, 0.5, 1e-9, "the norm", i);
        near(c->bound, log(0.5 * (sigmoid ? 0.25 : 1.0)) / steps, 1e-9, "the bound", i);
        near(c->normal, (log(0.5) + logs / n) / steps, 1e-3, "for a normal matrix", i);
        ck_assert(isnan(c->mean_field)); /* two units are too few */
        forget(&s);
    }
}
END_TEST

/* Sixteen units whose weights are +-a in no order: 0.5 ln(16 a^2 mean phi'^2). With the same signs on the diagonal, or
 * with one weight that stands out, it is no draw. */
START_TEST(mean_field_of_random_weights) {
    enum { N = 16 };
    const struct rg_exercise_form form = {.sizes = {1, 3, 1, N, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    for (int kind = 0; kind < 4; kind++) {
        struct subject s = make(&form);
        uint64_t seed = 9;
        memset(s.exercise->model->weights, 0, s.exercise->model->arena * sizeof(float));
        float *const w = weights_of(&s, 0, RG_ROLE_WEIGHT_HH);
        for (size_t i = 0; i < (size_t)N * N; i++) {
            w[i] = rg_exercise_random(&seed, 1.0) > 0.0 ? 0.25f : -0.25f;
            w[i] = i % (N + 1) != 0 ? w[i] : kind == 1 ? 0.75f : kind == 2 ? -0.75f : i / N % 2 ? 0.25f : -0.25f;
        }
        w[3] = kind == 3 ? 2.0f : w[3];
        measure(&s, &(struct rg_cause_options){.rows = 1, .threads = 1});
        const double found = rg_causes_of(s.all, 0, 0)->mean_field;
        if (kind == 0) {
            near(found, 0.5 * log(N * 0.0625), 1e-9, "the mean field", 0);
        } else {
            ck_assert(isnan(found));
        }
        forget(&s);
    }
}
END_TEST

TEST_MAIN("cause_slopes") {
    TCase *const tests = add_tests(suite, "cause_slopes");
    tcase_add_unchecked_fixture(tests, open_device, close_device);
    tcase_add_loop_test(tests, slopes_of_the_reference, 0, COUNT(forms));
    tcase_add_test(tests, saturation_of_activations);
    tcase_add_test(tests, logarithms_of_forget_gates);
    tcase_add_test(tests, expected_decays);
    tcase_add_test(tests, mean_field_of_random_weights);
}
