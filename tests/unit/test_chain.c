/* The largest singular value of a product of Jacobians by power iteration, host/gradient/chain.h, against the
 * differences of a scan that this file computes, and against singular values that are known. */
#include <math.h>
#include <string.h>

#include "gradient/chain.h"
#include "model/cells.h"
#include "suite.h"
#include "verify/selftest/exercise.h"

enum { H = 3, STEPS = 6, MOST = 4, MAX_SAVED = 5, BEFORE = 3, MAX_STATE = (BEFORE + BEFORE) * H };

/* What a scan passes through: states at times -BEFORE … STEPS - 1, the first BEFORE of which are given. */
struct scan {
    struct rg_cell_facts facts;
    double w_hh[MOST * H * H], w_sh[MOST * H * H];
    double inputs[STEPS][MOST * H]; /* what the inputs and the biases add to a gate */
    double h[BEFORE + STEPS][H], saved[BEFORE + STEPS][MAX_SAVED * H];
};

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static double times(const double *row, const double *x) {
    double sum = 0.0;
    for (size_t k = 0; k < H; k++) {
        sum += row[k] * x[k];
    }
    return sum;
}

/* One unit of one step, as the heads of kernels/cells/ define it. `a` has the sums of the gates; that of a gru's last
 * gate without W_hh's part, which is `m`. */
static void unit_step(struct scan *s, size_t at, size_t j, const double a[MOST], double m) {
    double *const h = &s->h[at][j], *const saved = &s->saved[at][j];
    switch (s->facts.cell) {
    case RG_CELL_LSTM:
        saved[0] = sigmoid(a[0]);
        saved[H] = sigmoid(a[1]);
        saved[2 * H] = tanh(a[2]);
        saved[3 * H] = sigmoid(a[3]);
        saved[4 * H] = saved[H] * s->saved[at - s->facts.back][4 * H + j] + saved[0] * saved[2 * H];
        *h = saved[3 * H] * tanh(saved[4 * H]);
        break;
    case RG_CELL_GRU:
        saved[0] = sigmoid(a[0]);
        saved[H] = sigmoid(a[1]);
        saved[2 * H] = tanh(a[2] + saved[0] * m);
        saved[3 * H] = m;
        *h = (1.0 - saved[H]) * saved[2 * H] + saved[H] * s->h[at - s->facts.back][j];
        break;
    default:
        *h = tanh(a[0]);
    }
}

static void run(struct scan *s) {
    const struct rg_cell_facts *const f = &s->facts;
    for (size_t at = BEFORE; at < BEFORE + STEPS; at++) {
        for (size_t j = 0; j < H; j++) {
            double a[MOST] = {0.0}, m = 0.0;
            for (size_t g = 0; g < f->gates; g++) {
                const double product = times(s->w_hh + (g * H + j) * H, s->h[at - f->back]);
                const bool is_new = f->cell == RG_CELL_GRU && g + 1 == f->gates;
                a[g] = s->inputs[at - BEFORE][g * H + j] + (is_new ? 0.0 : product);
                a[g] += f->skip ? times(s->w_sh + (g * H + j) * H, s->h[at - f->skip]) : 0.0;
                m = product + 0.25;
            }
            unit_step(s, at, j, a, m);
        }
    }
}

static void begin(struct scan *s, enum rg_cell cell, size_t back, size_t skip) {
    const struct rg_cell_row *const row = &rg_cells[cell];
    uint64_t seed = 3;
    memset(s, 0, sizeof *s);
    s->facts = (struct rg_cell_facts){.cell = cell,
                                      .activation = RG_ACT_TANH,
                                      .steps = STEPS,
                                      .hidden = H,
                                      .gates = row->gates,
                                      .deltas = row->deltas,
                                      .saved = row->saved,
                                      .back = back,
                                      .skip = skip,
                                      .w_hh = s->w_hh,
                                      .w_sh = skip ? s->w_sh : NULL};
    for (size_t i = 0; i < MOST * H * H; i++) {
        s->w_hh[i] = rg_exercise_random(&seed, 1.5);
        s->w_sh[i] = rg_exercise_random(&seed, 1.5);
    }
    for (size_t i = 0; i < STEPS * MOST * H; i++) {
        s->inputs[i / (MOST * H)][i % (MOST * H)] = rg_exercise_random(&seed, 0.5);
    }
    for (size_t i = 0; i < BEFORE * H; i++) {
        s->h[i / H][i % H] = rg_exercise_random(&seed, 0.5);
        s->saved[i / H][4 * H + i % H] = rg_exercise_random(&seed, 0.5);
    }
}

/* The number of the earliest state that stands at place `i`: the last values of h, then those of c. */
static double *number_of(struct scan *s, size_t i, size_t in_h) {
    const size_t k = i < in_h ? i : i - in_h, at = BEFORE - 1 - k / H;
    return i < in_h ? &s->h[at][k % H] : &s->saved[at][4 * H + k % H];
}

static void last_state(const struct scan *s, double out[2 * H]) {
    memcpy(out, s->h[BEFORE + STEPS - 1], H * sizeof *out);
    memcpy(out + H, s->saved[BEFORE + STEPS - 1] + 4 * H, H * sizeof *out);
}

/* The largest singular value of the scan's Jacobian, whose columns are differences. */
static double by_differences(struct scan *s) {
    static const double D = 1e-5;
    const size_t in_h = (s->facts.back > s->facts.skip ? s->facts.back : s->facts.skip) * H;
    const size_t in_c = s->facts.cell == RG_CELL_LSTM ? s->facts.back * H : 0, n = in_h + in_c;
    const size_t m = in_c ? 2 * H : H;
    double jacobian[2 * H][MAX_STATE] = {{0.0}}, x[2 * H] = {1.0, 0.5, 0.7, 0.3, 0.9, 0.2}, up[2 * H], down[2 * H];
    for (size_t i = 0; i < n; i++) {
        double *const number = number_of(s, i, in_h), kept = *number;
        *number = kept + D;
        run(s);
        last_state(s, up);
        *number = kept - D;
        run(s);
        last_state(s, down);
        *number = kept;
        for (size_t k = 0; k < m; k++) {
            jacobian[k][i] = (up[k] - down[k]) / (2.0 * D);
        }
    }
    double size = 0.0;
    for (int iteration = 0; iteration < 2000; iteration++) {
        double back[MAX_STATE] = {0.0};
        for (size_t k = 0; k < m * n; k++) {
            back[k % n] += jacobian[k / n][k % n] * x[k / n] / (size > 0.0 ? size : 1.0);
        }
        memset(x, 0, sizeof x);
        for (size_t k = 0; k < m * n; k++) {
            x[k / n] += jacobian[k / n][k % n] * back[k % n];
        }
        size = ref_norm(x, m);
    }
    return sqrt(size);
}

/* Add the scan's steps from the last to the first; their states are in row 1 of two. */
static void add_all(const struct scan *s, struct rg_chain *chain) {
    const size_t saved = s->facts.saved * H;
    for (size_t at = BEFORE + STEPS; at-- > BEFORE;) {
        double h[2][H], past[2][H], now[2 * MAX_SAVED * H], before[2 * MAX_SAVED * H];
        for (size_t row = 0; row < 2; row++) { /* the other row has other numbers */
            const double factor = row ? 1.0 : -0.5;
            for (size_t i = 0; i < H; i++) {
                h[row][i] = factor * s->h[at][i];
                past[row][i] = factor * s->h[at - s->facts.back][i];
            }
            for (size_t i = 0; i < saved; i++) {
                now[row * saved + i] = factor * s->saved[at][i];
                before[row * saved + i] = factor * s->saved[at - s->facts.back][i];
            }
        }
        rg_chain_add(chain, &(struct rg_step_states){.h = h[0], .past = past[0], .saved = now, .past_saved = before},
                     1);
    }
}

static const struct {
    enum rg_cell cell;
    size_t back, skip;
} scans[] = {{RG_CELL_RNN, 1, 0},  {RG_CELL_RNN, 1, 2}, {RG_CELL_RNN, 2, 0}, {RG_CELL_LSTM, 1, 0}, {RG_CELL_LSTM, 1, 3},
             {RG_CELL_LSTM, 2, 0}, {RG_CELL_GRU, 1, 0}, {RG_CELL_GRU, 1, 2}, {RG_CELL_GRU, 3, 0}};

START_TEST(every_cell_against_differences) {
    struct scan s;
    struct rg_chain chain;
    struct rg_chain_result found;
    test_case("%s, back %zu, skip %zu", rg_cells[scans[_i].cell].name, scans[_i].back, scans[_i].skip);
    begin(&s, scans[_i].cell, scans[_i].back, scans[_i].skip);
    run(&s);
    ck_assert_int_eq(rg_chain_create(&s.facts, STEPS, &chain), RG_OK);
    add_all(&s, &chain);
    ck_assert(chain.steps == STEPS && chain.max == STEPS);
    ck_assert_int_eq(rg_chain_largest(&chain, INFINITY, &found), RG_OK);
    rg_chain_release(&chain);
    ck_assert(found.converged && found.iterations >= 2);
    ck_assert_double_eq_tol(found.log10_largest, log10(by_differences(&s)), 1e-7);
}
END_TEST

/* ---- A linear net with a diagonal W_hh, whose singular values are its powers ---- */

/* The chain of `steps` steps of a net with the diagonal `w`. */
static struct rg_chain_result of_diagonal(const double w[2], size_t steps, double work) {
    double w_hh[4] = {w[0], 0.0, 0.0, w[1]}, states[2] = {0.5, 0.5};
    const struct rg_cell_facts facts = {.cell = RG_CELL_RNN,
                                        .activation = RG_ACT_LINEAR,
                                        .steps = steps,
                                        .hidden = 2,
                                        .gates = 1,
                                        .deltas = 1,
                                        .back = 1,
                                        .w_hh = w_hh};
    struct rg_chain chain;
    struct rg_chain_result found;
    ck_assert_int_eq(rg_chain_create(&facts, steps, &chain), RG_OK);
    for (size_t i = 0; i < steps; i++) {
        rg_chain_add(&chain, &(struct rg_step_states){.h = states, .past = states}, 0);
    }
    ck_assert_int_eq(rg_chain_largest(&chain, work, &found), RG_OK);
    rg_chain_release(&chain);
    return found;
}

/* |J u| after `k` iterations: with v the first vector and s the singular values, |s^2k v| / |s^(2k-1) v|. */
static double after(const double s[2], size_t k) {
    const double v[2] = {1.0 + 0.5 * sin(1.0), 1.0 + 0.5 * sin(3.7)}, n = 2.0 * (double)k;
    return log10(hypot(pow(s[0], n) * v[0], pow(s[1], n) * v[1]) /
                 hypot(pow(s[0], n - 1.0) * v[0], pow(s[1], n - 1.0) * v[1]));
}

/* A multiplication for each number of W_hh, each step and each direction of the iteration: 2 x 3 x 4 = 24. */
START_TEST(the_work_limits_the_iterations) {
    static const double w[2] = {1.25, 1.0}, s[2] = {1.953125, 1.0};
    static const struct {
        double work;
        size_t iterations;
    } cases[] = {{0.0, 2}, {48.0, 2}, {71.0, 2}, {72.0, 3}, {119.0, 4}, {120.0, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rg_chain_result found = of_diagonal(w, 3, cases[i].work);
        ck_assert_uint_eq(found.iterations, cases[i].iterations);
        ck_assert(!found.converged);
        ck_assert_double_eq_tol(found.log10_largest, after(s, cases[i].iterations), 1e-13);
    }
}
END_TEST

/* It ends when an iteration adds less than a part in 1e9, or after a thousand. */
START_TEST(it_ends_where_nothing_changes) {
    static const double ends[2] = {1.25, 1.0}, goes_on[2] = {1.0, 0.999};
    const double s[2] = {1.953125, 1.0};
    size_t k = 2;
    while (after(s, k) - after(s, k - 1) > 1e-9 / log(10.0)) {
        k++;
    }
    struct rg_chain_result found = of_diagonal(ends, 3, INFINITY);
    ck_assert(found.converged && k > 5);
    ck_assert_uint_eq(found.iterations, k);
    found = of_diagonal(goes_on, 1, INFINITY);
    ck_assert(!found.converged && found.log10_largest < 0.0);
    ck_assert_uint_eq(found.iterations, 1000);
}
END_TEST

/* Far beyond the range of a double, and products that are 0. */
START_TEST(no_product_leaves_the_range) {
    static const double grows[2] = {3.0, 0.0}, shrinks[2] = {0.0, -0.0625}, nothing[2] = {0.0, 0.0};
    struct rg_chain_result found = of_diagonal(grows, 2000, INFINITY);
    ck_assert_double_eq_tol(found.log10_largest, 2000.0 * log10(3.0), 1e-9);
    found = of_diagonal(shrinks, 2000, INFINITY);
    ck_assert_double_eq_tol(found.log10_largest, 2000.0 * log10(0.0625), 1e-9);
    ck_assert(found.converged && found.iterations == 2);
    found = of_diagonal(nothing, 5, INFINITY);
    ck_assert(found.log10_largest == -INFINITY && found.converged && found.iterations == 1);
}
END_TEST

/* Two sets of factors a step, one of each delta and one of what is carried back. */
START_TEST(bytes_of_a_chain) {
    struct scan s;
    begin(&s, RG_CELL_GRU, 1, 0);
    ck_assert_double_eq(rg_chain_bytes(&s.facts, 7), 7.0 * 2.0 * 5.0 * H * 8.0);
    begin(&s, RG_CELL_RNN, 1, 0);
    ck_assert_double_eq(rg_chain_bytes(&s.facts, 1), 2.0 * 2.0 * H * 8.0);
}
END_TEST

TEST_MAIN("chain") {
    TCase *const tests = add_tests(suite, "chain");
    tcase_add_loop_test(tests, every_cell_against_differences, 0, sizeof scans / sizeof *scans);
    tcase_add_test(tests, the_work_limits_the_iterations);
    tcase_add_test(tests, it_ends_where_nothing_changes);
    tcase_add_test(tests, no_product_leaves_the_range);
    tcase_add_test(tests, bytes_of_a_chain);
}
