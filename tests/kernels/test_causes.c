/* Causes of a gradient: singular values of Jacobian products, Lyapunov exponents, slopes, against numbers worked out
 * otherwise; and verdicts that rest on them. */
#include <math.h>
#include <string.h>

#include "executions.h"
#include "gradient/jacobian.h"
#include "gradient/power.h"
#include "gradient/verdict.h"
#include "train/source.h"
#include "verify/selftest/checks.h"

static struct rg_device *device;

struct subject {
    struct rg_exercise *exercise;
    struct rg_data_source *source;
    struct rg_engine *engine;
    struct rg_all_causes *all;
    const struct rg_causes *causes; /* of the first layer, forward */
    struct rg_verdict verdict;
    struct rg_spectrum_limits limits;
};

static struct subject make(const struct rg_exercise_form *form) {
    test_case_form(form);
    struct subject s = {0};
    expect_ok(rg_exercise_create(form, &s.exercise), "exercise");
    rg_exercise_fill(s.exercise, 3);
    return s;
}

/* Zero weights but for W_hh and the head's. */
static struct subject recurrent(const struct rg_exercise_form *form, const float *w_hh, const float *head) {
    struct subject s = make(form);
    struct rg_model *const model = s.exercise->model;
    const size_t hidden = form->sizes.hidden;
    memset(model->weights, 0, model->arena * sizeof(float));
    memcpy(rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_HH)), w_hh,
           hidden * hidden * sizeof *w_hh);
    memcpy(rg_model_values(model, rg_model_head_weight(model)), head, hidden * sizeof *head);
    return s;
}

static void measure(struct subject *s) {
    struct rg_exercise *const e = s->exercise;
    const struct rg_engine_options options = rg_exercise_options(e);
    struct rg_lag_profiles *profiles = NULL;
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
    expect_ok(rg_data_source_create(device, &e->data, e->sizes.batch, 1, false, &s->source), "source");
    expect_ok(rg_engine_create(device, e->model, &options, &s->engine), "engine");
    expect_ok(rg_causes_measure(s->engine, &s->source->source, 0,
                                &(struct rg_cause_options){.rows = e->sizes.batch, .threads = 2, .limits = s->limits},
                                &s->all),
              "causes");
    s->causes = rg_causes_of(s->all, 0, 0);
    expect_ok(
        rg_lag_measure(s->engine, &s->source->source, 0, &(struct rg_lag_options){.rows = e->sizes.batch}, &profiles),
        "profile");
    rg_verdict_on(rg_lag_profile_of(profiles, 0, 0), s->causes, &s->verdict);
    rg_lag_profiles_destroy(profiles);
}

static void forget(struct subject *s) {
    rg_causes_destroy(s->all);
    rg_engine_destroy(s->engine);
    rg_data_source_destroy(s->source);
    rg_exercise_destroy(s->exercise);
}

static void expect_near(double got, double wanted, double tolerance) {
    ck_assert_msg(fabs(got - wanted) <= tolerance, "%.9g, expected %.9g", got, wanted);
}

/* Rotate rows i and j of w [n][n] until they are orthogonal; returns how far they were from it. */
static double rotate(double *w, size_t n, size_t i, size_t j) {
    double *const a = w + i * n, *const b = w + j * n;
    double aa = 0.0, bb = 0.0, ab = 0.0;
    for (size_t m = 0; m < n; m++) {
        aa += a[m] * a[m];
        bb += b[m] * b[m];
        ab += a[m] * b[m];
    }
    if (fabs(ab) <= 1e-15 * sqrt(aa * bb)) {
        return 0.0;
    }
    const double zeta = (bb - aa) / (2.0 * ab);
    const double tangent = (zeta >= 0.0 ? 1.0 : -1.0) / (fabs(zeta) + sqrt(1.0 + zeta * zeta));
    const double c = 1.0 / sqrt(1.0 + tangent * tangent), s = c * tangent;
    for (size_t m = 0; m < n; m++) {
        const double x = a[m], y = b[m];
        a[m] = c * x - s * y;
        b[m] = s * x + c * y;
    }
    return fabs(ab) / sqrt(aa * bb);
}

/* The largest singular value of a [n][n] by Jacobi rotations; all of them are the norms of the rows of `room` [n][n].
 */
static double jacobi_largest(const double *a, size_t n, double *room) {
    double worst = 1.0, largest = 0.0;
    memcpy(room, a, n * n * sizeof *room);
    for (int sweep = 0; sweep < 30 && worst > 1e-9; sweep++) { /* rows of rounding errors never end */
        worst = 0.0;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = i + 1; j < n; j++) {
                worst = fmax(worst, rotate(room, n, i, j));
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, ref_norm(room + i * n, n));
    }
    return largest;
}

START_TEST(largest_singular_values) {
    enum { MAX_SIZE = 65 };
    static const size_t sizes[] = {1, 2, 3, 31, 32, MAX_SIZE};
    static double a[MAX_SIZE * MAX_SIZE], room[(MAX_SIZE + RG_SINGULAR_ROWS) * MAX_SIZE];
    uint64_t seed = 3;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t n = sizes[k];
        for (int kind = 0; kind < 4; kind++) { /* random, of falling rows, of rank one, zero */
            for (size_t i = 0; i < n * n; i++) {
                const size_t row = i / n, column = i % n;
                const double x = rg_exercise_random(&seed, 1.0);
                a[i] = kind == 0   ? x
                       : kind == 1 ? x * pow(0.1, (double)row)
                       : kind == 2 ? (double)(row + 1) * (double)(column + 1)
                                   : 0.0;
            }
            const double wanted = jacobi_largest(a, n, room), found = rg_singular_largest(a, n, room);
            ck_assert_msg(fabs(found - wanted) <= 1e-13 * wanted, "n %zu kind %d: %.17g, not %.17g", n, kind, found,
                          wanted);
        }
    }
}
END_TEST

/* Powers of [[.9, 3], [0, .9]]: of spectral radius .9, they grow to 11.6355 before they shrink. */
START_TEST(powers_of_a_non_normal_matrix) {
    const struct rg_exercise_form form = {.sizes = {2, 101, 1, 2, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = recurrent(&form, (const float[]){0.9f, 3.0f, 0.0f, 0.9f}, (const float[]){1.0f, 0.5f});
    measure(&s);
    const struct rg_causes *const c = s.causes;
    expect_near(c->sigma_hh, 3.249286, 1e-6);
    expect_near(c->radius, 0.9, 1e-3);
    expect_near(c->log10_largest[1], log10(3.249286), 1e-6);
    expect_near(c->log10_largest[9], log10(11.635514), 1e-6);
    ck_assert(c->log10_largest[48] > 0.0 && c->log10_largest[49] < 0.0);
    expect_near(c->log10_largest[100], log10(8.853879e-3), 1e-5);
    /* the determinant: singular values multiply to .81^n */
    expect_near(c->log10_largest[100] + c->log10_smallest[100], 100.0 * log10(0.81), 1e-5);
    expect_near(c->exponents[0] + c->exponents[1], log(0.81), 1e-6);
    forget(&s);
}
END_TEST

/* tanh: the product of diag(1 - h_t^2) W over the reference's states, worked out in full. */
START_TEST(products_of_a_tanh_net) {
    enum { H = 5, STEPS = 8 };
    const struct rg_exercise_form form = {.sizes = {1, STEPS, 2, H, 1, RG_LOSS_MSE, false}};
    struct subject s = make(&form);
    measure(&s);
    struct rg_exercise *const e = s.exercise;
    ref_forward_backward(e->reference, &e->batch, e->result);
    const double *const w = e->reference->values[REF_WEIGHT_HH];
    double product[H * H] = {0.0}, next[H * H], room[H * H], slopes = 0.0;
    for (size_t i = 0; i < H; i++) {
        product[i * H + i] = 1.0;
    }
    for (size_t lag = 1; lag < STEPS; lag++) {
        const double *const h = e->result->state + (STEPS + 1 - lag) * H; /* h_t, t = T + 1 - lag */
        for (size_t i = 0; i < H; i++) {                                  /* product * diag(1 - h^2) * W */
            for (size_t j = 0; j < H; j++) {
                next[i * H + j] = 0.0;
                for (size_t m = 0; m < H; m++) {
                    next[i * H + j] += product[i * H + m] * (1.0 - h[m] * h[m]) * w[m * H + j];
                }
            }
        }
        memcpy(product, next, sizeof product);
        const double largest = jacobi_largest(product, H, room);
        double smallest = largest;
        for (size_t i = 0; i < H; i++) {
            smallest = fmin(smallest, ref_norm(room + i * H, H));
        }
        expect_near(s.causes->log10_largest[lag], log10(largest), 1e-5);
        expect_near(s.causes->log10_smallest[lag], log10(smallest), 1e-5);
    }
    for (size_t i = 0; i < H; i++) {
        const double h = e->result->state[STEPS * H + i];
        slopes += (1.0 - h * h) / H;
    }
    expect_near(s.causes->slope[0], slopes, 1e-6);
    forget(&s);
}
END_TEST

/* d(h_T)/d(state) [H][d H] of the reference's tanh net: M_0' = M_1 + M_0 D W_hh, M_{d-1}' += M_0 D W_sh, or with
 * h_{t-d} in place of h_{t-1} M_{d-1}' = M_0 D W_hh alone; the others move up. */
START_TEST(products_with_a_skip) {
    enum { H = 5, STEPS = 9, D = 3 };
    const bool dilated = _i != 0;
    const struct rg_exercise_form form = {.sizes = {1, STEPS, 2, H, 1, RG_LOSS_MSE, false},
                                          .net = {.skip = D, .skip_kind = dilated ? RG_SKIP_DILATED : RG_SKIP_ADD}};
    struct subject s = make(&form);
    measure(&s);
    struct rg_exercise *const e = s.exercise;
    ref_forward_backward(e->reference, &e->batch, e->result);
    const double *const w = e->reference->values[REF_WEIGHT_HH];
    const double *const far =
        dilated ? w : e->reference->values[ref_parameter_at(e->reference, 0, 0, REF_ROLE_WEIGHT_SH)];
    double m[H][D * H] = {{0.0}}, next[H][D * H], gram[H * H], room[H * H];
    for (size_t i = 0; i < H; i++) {
        m[i][i] = 1.0;
    }
    for (size_t lag = 1; lag < STEPS; lag++) {
        const double *const h = e->result->state + (STEPS + 1 - lag) * H;
        for (size_t i = 0; i < H; i++) {
            for (size_t j = 0; j < D * H; j++) {
                next[i][j] = j < (D - 1) * H ? m[i][j + H] : 0.0;
            }
            for (size_t j = 0; j < H; j++) {
                for (size_t k = 0; k < H; k++) {
                    const double d = m[i][k] * (1.0 - h[k] * h[k]);
                    next[i][(size_t)(dilated ? D - 1 : 0) * H + j] += d * w[k * H + j];
                    next[i][(D - 1) * H + j] += dilated ? 0.0 : d * far[k * H + j];
                }
            }
        }
        memcpy(m, next, sizeof m);
        for (size_t i = 0; i < H * H; i++) {
            gram[i] = 0.0;
            for (size_t j = 0; j < D * H; j++) {
                gram[i] += m[i / H][j] * m[i % H][j];
            }
        }
        const double largest = jacobi_largest(gram, H, room);
        double smallest = largest;
        for (size_t i = 0; i < H; i++) {
            smallest = fmin(smallest, ref_norm(room + i * H, H));
        }
        expect_near(s.causes->log10_largest[lag], 0.5 * log10(largest), 1e-5);
        expect_near(s.causes->log10_smallest[lag], 0.5 * log10(smallest), 1e-5);
    }
    ck_assert_uint_eq(s.causes->state, H);
    ck_assert(isnan(s.causes->bound) == !dilated && isnan(s.causes->normal) == !dilated);
    double radius = NAN; /* W_sh has the causes of a matrix, and a dilated skip has no W_sh */
    ck_assert(isnan(s.causes->sigma_sh) == dilated && isnan(s.causes->radius_sh) == dilated);
    if (!dilated) {
        expect_near(s.causes->sigma_sh, jacobi_largest(far, H, room), 1e-6);
        ck_assert_int_eq(rg_spectral_radius(far, H, &radius), RG_OK);
        expect_near(s.causes->radius_sh, radius, 1e-6);
        ck_assert(fabs(s.causes->sigma_sh - s.causes->sigma_hh) > 1e-3);
        ck_assert(fabs(s.causes->radius_sh - s.causes->radius) > 1e-3);
    }
    forget(&s);
}
END_TEST

/* Every layer and direction: powers of a matrix that is not normal, of its own in each. */
START_TEST(every_direction_has_its_own) {
    const struct rg_exercise_form form = {.sizes = {3, 41, 1, 2, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR, .layers = 2, .bidirectional = true}};
    const float weights[4][4] = {
        {0.9f, 3.0f, 0.0f, 0.9f}, {0.5f, 0.0f, 0.0f, 0.25f}, {1.1f, 0.0f, 0.0f, 1.0f}, {0.0f, 2.0f, -2.0f, 0.0f}};
    struct subject s = make(&form);
    struct rg_model *const model = s.exercise->model;
    for (size_t i = 0; i < 4; i++) {
        memcpy(rg_model_values(model, rg_model_parameter(model, i / 2, i % 2, RG_ROLE_WEIGHT_HH)), weights[i],
               sizeof weights[i]);
    }
    measure(&s);
    expect_near(rg_causes_of(s.all, 0, 0)->log10_largest[9], log10(11.635514), 1e-6);
    for (size_t lag = 0; lag <= 40; lag++) {
        expect_near(rg_causes_of(s.all, 0, 1)->log10_largest[lag], (double)lag * log10(0.5), 1e-6);
        expect_near(rg_causes_of(s.all, 0, 1)->log10_smallest[lag], (double)lag * log10(0.25), 1e-6);
        expect_near(rg_causes_of(s.all, 1, 0)->log10_largest[lag], (double)lag * log10(1.1), 1e-6);
        expect_near(rg_causes_of(s.all, 1, 1)->log10_smallest[lag], (double)lag * log10(2.0), 1e-6);
    }
    expect_near(rg_causes_of(s.all, 1, 1)->sigma_hh, 2.0, 1e-9);
    expect_near(rg_causes_of(s.all, 1, 1)->exponents[1], log(2.0), 1e-6);
    forget(&s);
}
END_TEST

/* Every cell: what the products do to one direction cannot be more than they do to any. */
START_TEST(products_bound_the_gradient) {
    enum { STEPS = 30 };
    const enum rg_cell cell = (enum rg_cell)(_i % RG_N_CELLS);
    const size_t skip = (size_t)_i / RG_N_CELLS; /* 0: none; then add, dilated, learned */
    const struct rg_exercise_form form = {.sizes = {1, STEPS, 2, 6, 1, RG_LOSS_MSE, false},
                                          .net = {.cell = cell,
                                                  .skip = skip == 3 ? 1
                                                          : skip    ? 2
                                                                    : 0,
                                                  .skip_kind = (enum rg_skip_kind)(skip ? skip - 1 : 0)}};
    struct subject s = make(&form);
    s.exercise->skip_budget = s.exercise->reference->skip_budget = 0.0; /* another loss, at every step */
    measure(&s);
    ref_forward_backward(s.exercise->reference, &s.exercise->batch, s.exercise->result);
    const struct ref_result *const r = s.exercise->result;
    const double start = log10(ref_norm(r->traces[0].d_state + STEPS * 6, 6));
    for (size_t lag = 1; lag < STEPS; lag++) {
        const double got = log10(ref_norm(r->traces[0].d_state + (STEPS - lag) * 6, 6)) - start;
        ck_assert(got <= s.causes->log10_largest[lag] + 1e-5);
        ck_assert(s.causes->log10_smallest[lag] <= s.causes->log10_largest[lag]);
    }
    ck_assert_uint_eq(s.causes->directions, cell == RG_CELL_LSTM ? 12 : 6);
    ck_assert(isnan(s.causes->mean_log_forget) == (cell != RG_CELL_LSTM));
    forget(&s);
}
END_TEST

/* Learned skips: no factor to expect; slopes of the steps alone that are not skipped. */
START_TEST(skipped_steps_have_no_slope) {
    enum { STEPS = 12, H = 6 };
    const struct rg_exercise_form form = {.sizes = {1, STEPS, 2, H, 1, RG_LOSS_MSE, false},
                                          .net = {.skip = 1, .skip_kind = RG_SKIP_LEARNED}};
    struct subject s = make(&form);
    measure(&s);
    ref_forward_backward(s.exercise->reference, &s.exercise->batch, s.exercise->result);
    const struct ref_trace *const trace = s.exercise->result->traces;
    size_t skipped = 0;
    for (size_t t = 1; t <= STEPS; t++) {
        double slopes = 0.0;
        for (size_t i = 0; i < H && trace->gate[t] > 0.5; i++) {
            slopes += (1.0 - trace->state[t * H + i] * trace->state[t * H + i]) / H;
        }
        if (trace->gate[t] > 0.5) {
            expect_near(s.causes->slope[STEPS - t], slopes, 1e-6);
        } else {
            ck_assert(isnan(s.causes->slope[STEPS - t]));
        }
        skipped += trace->gate[t] > 0.5 ? 0 : 1;
    }
    ck_assert(skipped > 0 && skipped < STEPS - 1);
    ck_assert(isnan(s.causes->bound) && isnan(s.causes->mean_field) && isnan(s.causes->normal));
    ck_assert(isfinite(s.causes->radius));
    forget(&s);
}
END_TEST

/* The gradient keeps its length, and another direction would not. */
START_TEST(directions_that_differ_are_mixed) {
    const struct rg_exercise_form form = {.sizes = {2, 40, 1, 3, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    const float w[] = {1.3f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.7f};
    struct subject s = recurrent(&form, w, (const float[]){0.0f, 1.0f, 0.0f});
    measure(&s);
    ck_assert_int_eq(s.verdict.word, RG_MIXED);
    expect_near(s.causes->log10_largest[39], 39.0 * log10(1.3), 1e-5);
    expect_near(s.causes->log10_smallest[39], 39.0 * log10(0.7), 1e-5);
    forget(&s);
}
END_TEST

/* h_{t-3} in place of h_{t-1}: a gradient reaches lags 0, 3, 6 and 9 of 11, and there keeps its length. */
START_TEST(lags_out_of_reach_are_no_verdict) {
    const struct rg_exercise_form form = {
        .sizes = {2, 12, 1, 2, 1, RG_LOSS_MSE, false},
        .net = {.activation = RG_ACT_LINEAR, .skip = 3, .skip_kind = RG_SKIP_DILATED}};
    struct subject s = recurrent(&form, (const float[]){1.0f, 0.0f, 0.0f, 1.0f}, (const float[]){1.0f, 0.5f});
    measure(&s);
    ck_assert_int_eq(s.verdict.word, RG_STABLE);
    ck_assert_uint_eq(s.verdict.last, 9);
    expect_near(s.verdict.log10_reach, 0.0, 1e-9);
    expect_near(s.verdict.factor, 1.0, 1e-9);
    forget(&s);
}
END_TEST

/* One sequence of 60 steps among short ones, the last of the batch: the product at lag 59 is its own, that at lag 9 the
 * median of the sequences that reach it; none is mixed with sequences that end before. */
START_TEST(products_are_of_sequences_that_reach_the_lag) {
    enum { BATCH = 9, STEPS = 60 };
    const struct rg_exercise_form form = {.sizes = {BATCH, STEPS, 1, 2, 1, RG_LOSS_MSE, true},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = recurrent(&form, (const float[]){0.25f, 0.0f, 0.0f, 0.125f}, (const float[]){1.0f, 0.5f});
    for (size_t i = 0; i < BATCH; i++) {
        s.exercise->data.lengths[i] = i == BATCH - 1 ? STEPS : i == 0 ? 10 : (int32_t)(1 + i % 3);
    }
    measure(&s);
    ck_assert_uint_eq(s.causes->last, STEPS - 1);
    ck_assert_uint_eq(s.causes->sequences, 1);
    ck_assert(s.causes->reached[59] == 1.0 && s.causes->reached[9] == 2.0 && s.causes->reached[0] == 4.0);
    expect_near(s.causes->log10_largest[59], 59.0 * log10(0.25), 1e-9);
    expect_near(s.causes->log10_smallest[59], 59.0 * log10(0.125), 1e-9);
    expect_near(s.causes->log10_largest[9], 9.0 * log10(0.25), 1e-9);
    expect_near(s.causes->exponents[0], log(0.25), 1e-9);
    expect_near(s.causes->exponents[1], log(0.125), 1e-9);
    ck_assert_uint_eq(s.verdict.sequences, 1);
    ck_assert_int_eq(s.verdict.word, RG_VANISHING);
    forget(&s);
}
END_TEST

/* Units of relu that one sequence of four never switches on: its product is 0, and it is counted, not averaged. */
START_TEST(a_dead_sequence_is_counted) {
    enum { STEPS = 20 };
    const struct rg_exercise_form form = {.sizes = {4, STEPS, 1, 2, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_RELU}};
    struct subject s = recurrent(&form, (const float[]){1.0f, 0.0f, 0.0f, 1.0f}, (const float[]){1.0f, 0.5f});
    float *const w_ih =
        rg_model_values(s.exercise->model, rg_model_parameter(s.exercise->model, 0, 0, RG_ROLE_WEIGHT_IH));
    w_ih[0] = w_ih[1] = 1.0f;
    for (size_t i = 0; i < 4 * STEPS; i++) {
        s.exercise->data.x_float[i] = i / STEPS == 1 ? -1.0f : 1.0f;
    }
    measure(&s);
    ck_assert_uint_eq(s.causes->sequences, 4);
    ck_assert_uint_eq(s.causes->dead, 1);
    expect_near(s.causes->log10_largest[STEPS - 1], 0.0, 1e-12);
    expect_near(s.causes->exponents[0], 0.0, 1e-12);
    ck_assert(s.causes->log10_largest[STEPS - 1] <= 0.0 && isnan(s.causes->normal)); /* slopes of 0 */
    forget(&s);
}
END_TEST

/* Theory beside the decay where its assumptions hold alone: not below another layer, not for an identity. */
START_TEST(expectations_have_their_conditions) {
    const struct rg_exercise_form form = {.sizes = {2, 9, 1, 32, 1, RG_LOSS_MSE, false}, .net = {.layers = 2}};
    struct subject s = make(&form);
    struct rg_model *const model = s.exercise->model;
    const bool identity = _i == 1;
    float *const top = rg_model_values(model, rg_model_parameter(model, 1, 0, RG_ROLE_WEIGHT_HH));
    for (size_t i = 0; identity && i < 32 * 32; i++) {
        top[i] = i % 33 == 0 ? 1.0f : 0.0f;
    }
    measure(&s);
    const struct rg_causes *const low = rg_causes_of(s.all, 0, 0), *const high = rg_causes_of(s.all, 1, 0);
    ck_assert(isnan(low->bound) && isnan(low->mean_field) && isnan(low->normal));
    ck_assert(isfinite(high->bound) && isfinite(high->normal) && isnan(high->mean_field) == identity);
    forget(&s);
}
END_TEST

/* Larger states: one sequence in all directions, or the largest singular value alone by power iteration, which must be
 * the same number; of every cell, with every skip that has a chain. */
START_TEST(the_largest_by_power_iteration) {
    const enum rg_cell cell = (enum rg_cell)(_i % RG_N_CELLS);
    const size_t skip = (size_t)_i / RG_N_CELLS; /* 0: none; then add, dilated, learned */
    const struct rg_exercise_form form = {.sizes = {1, 14, 2, cell == RG_CELL_LSTM ? 17 : 33, 1, RG_LOSS_MSE, false},
                                          .net = {.cell = cell,
                                                  .skip = skip == 3 ? 1
                                                          : skip    ? 2
                                                                    : 0,
                                                  .skip_kind = (enum rg_skip_kind)(skip ? skip - 1 : 0)}};
    struct subject s = make(&form);
    s.limits = (struct rg_spectrum_limits){.whole_work = 1e9};
    measure(&s);
    const struct rg_spectrum *const whole = &s.causes->spectrum;
    ck_assert_uint_eq(whole->n, s.causes->state);
    ck_assert_uint_eq(whole->steps, 13);
    ck_assert(whole->n > RG_DIRECTIONS && whole->log10_singular[0] >= s.causes->log10_largest[13] - 1e-9);
    for (size_t i = 1; i < whole->n; i++) {
        ck_assert(whole->log10_singular[i] <= whole->log10_singular[i - 1]);
    }
    const double largest = whole->log10_singular[0];
    rg_causes_destroy(s.all);
    const struct rg_cause_options options = {.rows = 1, .limits = {.power_work = 1e9, .bytes = 1e9}};
    expect_ok(rg_causes_measure(s.engine, &s.source->source, 0, &options, &s.all), "causes");
    const struct rg_spectrum *const powered = &rg_causes_of(s.all, 0, 0)->spectrum;
    ck_assert_uint_eq(powered->n, 0);
    if (skip == 3) {
        ck_assert_uint_eq(powered->power.iterations, 0);
    } else {
        ck_assert(powered->power.converged && powered->power.iterations >= 2);
        expect_near(powered->power.log10_largest, largest, 1e-7);
    }
    forget(&s);
}
END_TEST

/* All singular values, over a thousand decades: powers of a symmetric matrix. */
START_TEST(a_whole_spectrum) {
    enum { H = 4, STEPS = 400 };
    static const double eigenvalues[H] = {1.25, 1.0, 0.0625, 0.001953125};
    const struct rg_exercise_form form = {.sizes = {3, STEPS, 1, H, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    float w[H * H] = {0.0f};
    for (size_t i = 0; i < H * H; i++) { /* in the basis of Walsh's functions, exactly */
        for (size_t k = 0; k < H; k++) {
            const int odd = __builtin_popcount((unsigned)(i / H & k)) + __builtin_popcount((unsigned)(i % H & k));
            w[i] += (float)(0.25 * eigenvalues[k] * (odd % 2 ? -1.0 : 1.0));
        }
    }
    struct subject s = recurrent(&form, w, (const float[]){1.0f, 0.5f, 0.25f, 0.0f});
    measure(&s);
    const struct rg_spectrum *const found = &s.causes->spectrum;
    ck_assert_uint_eq(found->n, H);
    ck_assert_uint_eq(found->sequences, 3);
    for (size_t i = 0; i < H; i++) {
        expect_near(found->log10_singular[i], (STEPS - 1) * log10(eigenvalues[i]), 1e-9);
    }
    expect_near(found->log10_condition, (STEPS - 1) * log10(1.25 / 0.001953125), 1e-9);
    forget(&s);
}
END_TEST

/* Of a matrix that is 0 in one direction, and in all. */
START_TEST(singular_values_of_zero) {
    const struct rg_exercise_form form = {.sizes = {2, 6, 1, 2, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    const bool all = _i == 1;
    struct subject s =
        recurrent(&form, (const float[]){all ? 0.0f : 0.5f, 0.0f, 0.0f, 0.0f}, (const float[]){1.0f, 1.0f});
    measure(&s);
    const struct rg_spectrum *const found = &s.causes->spectrum;
    ck_assert_uint_eq(found->zeros, all ? 2 : 1);
    ck_assert(all ? isnan(found->log10_condition) : found->log10_condition == INFINITY);
    ck_assert(found->log10_singular[1] == -INFINITY);
    if (!all) {
        expect_near(found->log10_singular[0], 5.0 * log10(0.5), 1e-12);
    }
    forget(&s);
}
END_TEST

/* An end of the watch after so many questions. */
static bool ask(void *self, double part) {
    int *const left = self;
    ck_assert(part >= 0.0 && part <= 1.0);
    return (*left)-- > 0;
}

START_TEST(a_watch_ends_the_products) {
    enum { STEPS = 300 };
    const struct rg_exercise_form form = {.sizes = {2, STEPS, 1, 2, 1, RG_LOSS_MSE, false},
                                          .net = {.activation = RG_ACT_LINEAR}};
    struct subject s = recurrent(&form, (const float[]){0.5f, 0.0f, 0.0f, 0.25f}, (const float[]){1.0f, 0.5f});
    measure(&s);
    rg_causes_destroy(s.all);
    int questions = _i;
    const struct rg_cause_options options = {.rows = 2, .watch = {.go_on = ask, .self = &questions, .span = 1.0}};
    expect_ok(rg_causes_measure(s.engine, &s.source->source, 0, &options, &s.all), "causes");
    s.causes = rg_causes_of(s.all, 0, 0);
    ck_assert(_i == 0 ? s.causes->last == 0 : s.causes->last < STEPS - 1);
    for (size_t lag = 0; lag < STEPS; lag++) {
        const double wanted = lag <= s.causes->last ? (double)lag * log10(0.5) : (double)NAN;
        ck_assert_msg((isnan(wanted) && isnan(s.causes->log10_largest[lag])) ||
                          fabs(s.causes->log10_largest[lag] - wanted) < 1e-9 || (_i == 0 && lag == 0),
                      "lag %zu: %g, expected %g", lag, s.causes->log10_largest[lag], wanted);
    }
    forget(&s);
}
END_TEST

static void open_device(void) {
    device = open_execution(0);
}

static void close_device(void) {
    rg_device_destroy(device);
}

TEST_MAIN("causes") {
    TCase *const causes = add_tests(suite, "causes");
    tcase_add_unchecked_fixture(causes, open_device, close_device);
    tcase_add_test(causes, largest_singular_values);
    tcase_add_test(causes, powers_of_a_non_normal_matrix);
    tcase_add_test(causes, products_of_a_tanh_net);
    tcase_add_loop_test(causes, products_bound_the_gradient, 0, 4 * RG_N_CELLS);
    tcase_add_loop_test(causes, products_with_a_skip, 0, 2);
    tcase_add_test(causes, every_direction_has_its_own);
    tcase_add_test(causes, skipped_steps_have_no_slope);
    tcase_add_test(causes, directions_that_differ_are_mixed);
    tcase_add_test(causes, lags_out_of_reach_are_no_verdict);
    tcase_add_test(causes, products_are_of_sequences_that_reach_the_lag);
    tcase_add_test(causes, a_dead_sequence_is_counted);
    tcase_add_loop_test(causes, expectations_have_their_conditions, 0, 2);
    tcase_add_loop_test(causes, the_largest_by_power_iteration, 0, 4 * RG_N_CELLS);
    tcase_add_test(causes, a_whole_spectrum);
    tcase_add_loop_test(causes, singular_values_of_zero, 0, 2);
    tcase_add_loop_test(causes, a_watch_ends_the_products, 0, 4);
}
