/* Synthetic tasks: every number against the definition written again here with Random123, targets against what the
 * inputs say, baselines and borders against many sequences. */
#include <Random123/philox.h>
#include <math.h>
#include <string.h>

#include "filled_batch.h"
#include "kernels/base/args.h"
#include "train/task_data.h"

static const uint64_t SEED = 0x123456789abcdef0u, UPDATE = 77;

/* ---- the definitions again */

static const struct known {
    const char *name;
    size_t inputs, outputs, extra_steps, min_steps;
    enum rg_loss loss;
} known[] = {
    {"adding", 2, 1, 0, 1, RG_LOSS_MSE},         {"multiplication", 2, 1, 0, 1, RG_LOSS_MSE},
    {"delayed-xor", 2, 1, 0, 1, RG_LOSS_BCE},    {"copy", 10, 9, 20, 1, RG_LOSS_CE},
    {"memorisation", 7, 6, 20, 1, RG_LOSS_CE},   {"temporal-order", 6, 4, 0, 2, RG_LOSS_CE},
    {"permutation", 100, 100, 0, 1, RG_LOSS_CE}, {"temporal-order-3bit", 6, 8, 0, 4, RG_LOSS_CE},
    {"delayed-recall", 9, 8, 0, 1, RG_LOSS_CE},
};
enum { N_KNOWN = sizeof known / sizeof *known };

static uint32_t word(size_t row, size_t index, uint32_t stream) {
    const philox4x32_ctr_t counter = {{(uint32_t)(index / 4), (uint32_t)row, (uint32_t)UPDATE, stream}};
    const philox4x32_key_t key = {{(uint32_t)SEED, (uint32_t)(SEED >> 32)}};
    return philox4x32(counter, key).v[index % 4];
}

static size_t below(uint32_t random, size_t n) {
    return (size_t)(((uint64_t)random * n) >> 32);
}

static size_t kept(size_t row, size_t k, size_t n) {
    return below(word(row, k, 2), n);
}

static float value(size_t row, size_t t, bool bit) {
    return bit ? (float)(word(row, t, 0) >> 31) : (float)(word(row, t, 0) >> 8) * 0x1p-24f;
}

/* x[0], x[1] of step t of a marked task, and the target. */
static float wanted_marked(size_t row, const char *name, size_t steps, size_t t, float x[2]) {
    const size_t half = steps / 2, two = half + below(word(row, 1, 1), steps - half);
    const size_t one = half ? below(word(row, 0, 1), half) : two;
    const bool bits = strcmp(name, "delayed-xor") == 0;
    const float a = value(row, one, bits), b = value(row, two, bits);
    x[0] = value(row, t, bits);
    x[1] = t == one || t == two ? 1.0f : 0.0f;
    if (one == two) {
        return b;
    }
    return bits ? fabsf(a - b) : name[0] == 'a' ? a + b : a * b;
}

/* The symbol and the class of step t; `steps` counts the whole sequence. */
static size_t wanted_symbol(size_t row, const char *name, size_t steps, size_t t, size_t *label) {
    if (strcmp(name, "copy") == 0) {
        *label = t + 10 >= steps ? kept(row, t + 10 - steps, 8) + 1 : 0;
        return t < 10 ? kept(row, t, 8) + 1 : t == steps - 11 ? 9 : 0;
    }
    if (strcmp(name, "memorisation") == 0) {
        *label = t + 10 >= steps ? kept(row, t + 10 - steps, 5) : 5;
        return t < 10 ? kept(row, t, 5) : t == steps - 10 ? 6 : 5;
    }
    if (strcmp(name, "permutation") == 0) {
        *label = kept(row, 0, 2);
        return t ? 2 + below(word(row, t, 0), 98) : *label;
    }
    if (strcmp(name, "delayed-recall") == 0) {
        *label = kept(row, 0, 8);
        return t == steps - 1 - steps / 2 ? *label : 8;
    }
    static const size_t starts[2][3] = {{1, 5, 0}, {1, 3, 6}};
    const size_t bits = strcmp(name, "temporal-order") == 0 ? 2 : 3, width = steps / 10 ? steps / 10 : 1;
    size_t symbol = 2 + below(word(row, t, 0), 4);
    *label = 0;
    for (size_t k = 0; k < bits; k++) {
        *label += kept(row, k, 2) << k;
        if (t == steps * starts[bits - 2][k] / 10 + below(word(row, k, 1), width)) {
            symbol = kept(row, k, 2);
        }
    }
    return symbol;
}

/* Numbers of the batch that differ from the definition, bit for bit. */
static size_t differences(const struct batch *b, size_t first) {
    const struct rg_problem *const p = &b->problem;
    size_t errors = 0;
    for (size_t row = 0; row < b->rows; row++) {
        for (size_t t = 0; t < p->data_steps; t++) {
            float x[128] = {0.0f}, y = 0.0f;
            if (p->inputs == 2) {
                y = wanted_marked(first + row, p->name, p->data_steps, t, x);
            } else {
                size_t label = 0;
                x[wanted_symbol(first + row, p->name, p->data_steps, t, &label)] = 1.0f;
                y = (float)label;
            }
            for (size_t f = 0; f < b->stride; f++) {
                errors += same(row_of(b, t, row)[f], x[f]) ? 0 : 1;
            }
            errors += same(b->y[p->target == RG_TARGET_STEPS ? t * b->rows + row : row], y) ? 0 : 1;
        }
    }
    return errors;
}

START_TEST(every_number_is_the_definitions) {
    static const size_t steps[] = {1, 2, 3, 4, 7, 9, 10, 11, 31, 44, 45, 64, 65, 128, 199};
    static const size_t rows[] = {1, 2, 33};
    struct rg_device *device = open_kind(_i);
    for (size_t k = 0; device && k < N_KNOWN; k++) {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            for (size_t r = 0; steps[i] >= known[k].min_steps && r < sizeof rows / sizeof *rows; r++) {
                struct batch b = fill_task(device, known[k].name, steps[i], SEED, UPDATE, 5, rows[r]);
                ck_assert_msg(differences(&b, 5) == 0, "%s, %zu steps, %zu rows: %zu numbers differ", known[k].name,
                              steps[i], rows[r], differences(&b, 5));
                release(&b);
            }
        }
    }
    rg_device_destroy(device);
}
END_TEST

/* B*T beyond 65,536: many short sequences, and one long one. */
START_TEST(large_batches_and_long_sequences) {
    static const size_t sizes[][2] = {{4, 70001}, {70001, 1}};
    struct rg_device *device = open_kind(_i);
    for (size_t k = 0; device && k < N_KNOWN; k++) {
        for (size_t i = 0; i < 2; i++) {
            const size_t rows = known[k].extra_steps && sizes[i][1] > 1 ? 3001 : sizes[i][1];
            struct batch b = fill_task(device, known[k].name, sizes[i][0], SEED, UPDATE, 0, rows);
            ck_assert_msg(differences(&b, 0) == 0, "%s, %zu steps", known[k].name, sizes[i][0]);
            release(&b);
        }
    }
    rg_device_destroy(device);
}
END_TEST

/* A sequence is a function of seed, update and row: not of the chunk it comes in, and of nothing less. */
START_TEST(sequences_do_not_depend_on_the_chunk) {
    enum { ROWS = 70, FIRST = 33, STEPS = 67 };
    struct rg_device *device = open_kind(_i);
    for (size_t k = 0; device && k < N_KNOWN; k++) {
        const char *const name = known[k].name;
        struct batch whole = fill_task(device, name, STEPS, SEED, UPDATE, 0, ROWS);
        struct batch part = fill_task(device, name, STEPS, SEED, UPDATE, FIRST, ROWS - FIRST);
        struct batch others[] = {fill_task(device, name, STEPS, SEED, UPDATE + 1, 0, ROWS),
                                 fill_task(device, name, STEPS, SEED + 1, UPDATE, 0, ROWS),
                                 fill_task(device, name, STEPS, SEED + (UINT64_C(1) << 32), UPDATE, 0, ROWS)};
        const size_t row_bytes = whole.stride * sizeof(float);
        for (size_t t = 0; t < whole.problem.data_steps; t++) {
            ck_assert_mem_eq(row_of(&whole, t, FIRST), row_of(&part, t, 0), (ROWS - FIRST) * row_bytes);
            if (t == 0 || whole.problem.target == RG_TARGET_STEPS) {
                ck_assert_mem_eq(whole.y + t * ROWS + FIRST, part.y + t * (ROWS - FIRST),
                                 (ROWS - FIRST) * sizeof(float));
            }
        }
        for (size_t i = 0; i < 3; i++) {
            ck_assert_int_ne(memcmp(whole.x, others[i].x, whole.problem.data_steps * ROWS * row_bytes), 0);
            release(&others[i]);
        }
        release(&whole);
        release(&part);
    }
    rg_device_destroy(device);
}
END_TEST

/* ---- what the inputs say */

static size_t marked_class(const struct batch *b, size_t row) {
    size_t label = 0, found = 0;
    for (size_t t = 0; t < b->problem.data_steps; t++) {
        const size_t symbol = symbol_of(b, t, row);
        if (symbol < 2) {
            label |= symbol << found++;
        }
    }
    ck_assert_uint_eq((size_t)1 << found, b->problem.outputs);
    return label;
}

static void check_targets(const struct batch *b, size_t row) {
    const char *const name = b->problem.name;
    const size_t steps = b->problem.data_steps;
    if (b->problem.inputs == 2) {
        float sum = 0.0f, product = 1.0f;
        size_t borders[2] = {0, 0};
        for (size_t t = 0; t < steps; t++) {
            const float *const x = row_of(b, t, row);
            ck_assert(x[0] >= 0.0f && x[0] <= 1.0f && (same(x[1], 0.0f) || same(x[1], 1.0f)));
            borders[t >= steps / 2] += same(x[1], 1.0f);
            sum += x[1] * x[0];
            product *= same(x[1], 1.0f) ? x[0] : 1.0f;
        }
        ck_assert(borders[0] == 1 && borders[1] == 1);
        ck_assert(same(b->y[row], name[0] == 'a' ? sum : name[0] == 'm' ? product : same(sum, 1.0f) ? 1.0f : 0.0f));
    } else if (b->problem.target == RG_TARGET_STEPS) {
        const bool copy = name[0] == 'c';
        for (size_t t = 0; t < steps; t++) {
            const size_t blank = copy ? 0 : 5;
            ck_assert_uint_eq((size_t)b->y[t * b->rows + row],
                              t + 10 < steps ? blank : symbol_of(b, t + 10 - steps, row));
            /* copy's delimiter comes before the first answer, memorisation's trigger with it */
            ck_assert_int_eq(symbol_of(b, t, row) == (copy ? 9 : 6), t == steps - (copy ? 11 : 10));
            ck_assert(t < 10 || symbol_of(b, t, row) == blank || symbol_of(b, t, row) == (copy ? 9 : 6));
        }
    } else if (name[0] == 't') {
        ck_assert_uint_eq((size_t)b->y[row], marked_class(b, row));
    } else {
        const size_t at = name[0] == 'p' ? 0 : steps - 1 - steps / 2;
        ck_assert_uint_eq((size_t)b->y[row], symbol_of(b, at, row));
    }
}

START_TEST(targets_follow_from_the_inputs) {
    static const size_t steps[] = {4, 5, 19, 50, 101};
    struct rg_device *device = open_kind(_i);
    for (size_t k = 0; device && k < N_KNOWN; k++) {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            struct batch b = fill_task(device, known[k].name, steps[i], 3, 1, 0, 40);
            for (size_t row = 0; row < b.rows; row++) {
                check_targets(&b, row);
            }
            release(&b);
        }
    }
    rg_device_destroy(device);
}
END_TEST

/* Chi squared of `n` counts against equal chances, in standard deviations from its mean n - 1. */
static double unevenness(const size_t *counts, size_t n) {
    double total = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        total += (double)counts[i];
        squares += (double)counts[i] * (double)counts[i];
    }
    const double chi = squares * (double)n / total - total, freedom = (double)n - 1.0;
    return (chi - freedom) / sqrt(2.0 * freedom);
}

/* The first part draws on the native device alone: every_number_is_the_definitions holds the others to the same
 * numbers. */
START_TEST(places_are_drawn_with_equal_chances) {
    enum { ROWS = 40000, STEPS = 61 };
    struct rg_device *device = case_runs(_i == 0) ? open_execution(kinds[_i]) : NULL;
    for (size_t k = 0; device && k < N_KNOWN; k++) {
        size_t counts[STEPS] = {0};
        const bool marked = known[k].inputs == 2, order = known[k].name[0] == 't';
        if (!marked && !order) {
            continue;
        }
        struct batch b = fill_task(device, known[k].name, STEPS, 11, 2, 0, ROWS);
        for (size_t i = 0; i < (size_t)ROWS * STEPS; i++) { /* the border, or either of the symbols that matter */
            const float *const x = b.x + i * b.stride;
            counts[i / ROWS] += same(x[1], 1.0f) || (order && same(x[0], 1.0f));
        }
        if (marked) {
            ck_assert_double_lt(fabs(unevenness(counts, STEPS / 2)), 5.0);
            ck_assert_double_lt(fabs(unevenness(counts + STEPS / 2, STEPS - STEPS / 2)), 5.0);
        }
        for (size_t t = 0; order && t < STEPS; t++) { /* segments 6 … 11, 18 … 23, 30 … 35, 36 … 41 */
            const bool three = known[k].outputs == 8;
            const size_t start = t >= 36 ? 36 : t >= 30 ? 30 : t >= 18 ? 18 : 6;
            const bool inside = t >= start && t < start + 6 && (start == 6 || (start == 30 ? !three : three));
            ck_assert_int_eq(counts[t] > 0, inside);
            ck_assert(!inside || fabs(unevenness(counts + start, 6)) < 5.0);
        }
        release(&b);
    }
    rg_device_destroy(device);
}
END_TEST

/* ---- baselines */

/* The loss of the best answer that knows the step only, over a batch; *spread is a bound of its error. */
static double step_loss(const struct batch *b, double *spread) {
    const size_t steps = b->problem.target == RG_TARGET_STEPS ? b->problem.data_steps : 1;
    const double n = (double)b->rows;
    double loss = 0.0;
    *spread = 0.0;
    for (size_t t = 0; t < steps; t++) {
        double counts[100] = {0.0}, sum = 0.0, squares = 0.0, classes = 0.0;
        for (size_t row = 0; row < b->rows; row++) {
            const double y = (double)b->y[t * b->rows + row];
            sum += y;
            squares += y * y;
            counts[(size_t)y] += 1.0;
        }
        if (b->problem.loss == RG_LOSS_MSE) {
            *spread = 5.0 / sqrt(n); /* the square of an error is below 1, so its deviation is too */
            return squares / n - sum / n * (sum / n);
        }
        for (size_t c = 0; c < 100; c++) {
            loss -= counts[c] > 0.0 ? counts[c] / n * log(counts[c] / n) / (double)steps : 0.0;
            classes += counts[c] > 0.0 ? 1.0 : 0.0;
        }
        /* 2 n times the missing entropy is chi squared with classes - 1 degrees of freedom */
        *spread += (classes - 1.0 + 6.0 * sqrt(2.0 * (classes - 1.0))) / (2.0 * n) / (double)steps;
    }
    return loss;
}

START_TEST(baselines_are_those_of_the_batch) {
    static const struct {
        size_t steps;
        double baseline[N_KNOWN];
    } cases[] = {
        {1,
         {1.0 / 12, 1.0 / 12, 0.6931471805599453, 0.990210257942779, 0.7663990059210002, 0, 0.6931471805599453, 0,
          2.0794415416798357}},
        {100,
         {1.0 / 6, 7.0 / 144, 0.6931471805599453, 0.17328679513998632, 0.13411982603617503, 1.3862943611198906,
          0.6931471805599453, 2.0794415416798357, 2.0794415416798357}},
    };
    struct rg_device *device = case_runs(_i == 0) ? open_execution(kinds[_i]) : NULL;
    for (size_t k = 0; device && k < N_KNOWN; k++) {
        for (size_t i = 0; i < 2; i++) {
            if (cases[i].steps < known[k].min_steps) {
                continue;
            }
            struct batch b = fill_task(device, known[k].name, cases[i].steps, 5, 9, 0, 20000);
            double spread = 0.0;
            const double loss = step_loss(&b, &spread);
            ck_assert_double_eq_tol(b.problem.baseline, cases[i].baseline[k], 1e-15);
            ck_assert_msg(fabs(loss - b.problem.baseline) < spread, "%s: %g, baseline %g", known[k].name, loss,
                          b.problem.baseline);
            release(&b);
        }
    }
    rg_device_destroy(device);
}
END_TEST

START_TEST(problems_have_their_sizes) {
    for (size_t k = 0; k < N_KNOWN; k++) {
        struct rg_problem p;
        expect_ok(rg_problem_task(known[k].name, 50, &p), known[k].name);
        ck_assert_str_eq(p.name, known[k].name);
        ck_assert_uint_eq(p.inputs, known[k].inputs);
        ck_assert_uint_eq(p.outputs, known[k].outputs);
        ck_assert_uint_eq(p.steps, 50);
        ck_assert_uint_eq(p.data_steps, 50 + known[k].extra_steps);
        ck_assert_int_eq(p.loss, known[k].loss);
        ck_assert_int_eq(p.target, known[k].extra_steps ? RG_TARGET_STEPS : RG_TARGET_LAST);
        ck_assert_uint_eq(p.n_targets, 1);
        ck_assert_ptr_null(p.data);
    }
}
END_TEST

START_TEST(wrong_names_and_sizes_are_refused) {
    struct rg_problem p;
    for (size_t k = 0; k < N_KNOWN; k++) {
        char smallest[32];
        (void)snprintf(smallest, sizeof smallest, "from %zu ", known[k].min_steps);
        ck_assert_int_eq(rg_problem_task(known[k].name, known[k].min_steps, &p), RG_OK);
        ck_assert_int_eq(rg_problem_task(known[k].name, known[k].min_steps - 1, &p), RG_USAGE);
        ck_assert_ptr_nonnull(strstr(rg_error_message(), known[k].name));
        ck_assert_ptr_nonnull(strstr(rg_error_message(), smallest));
        ck_assert_int_eq(rg_problem_task(known[k].name, SIZE_MAX, &p), RG_USAGE);
    }
    ck_assert_int_eq(rg_problem_task("addin", 5, &p), RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "addin"));
    ck_assert_int_eq(rg_problem_task("", 5, &p), RG_USAGE);
}
END_TEST

/* The sequences as a data set are the first batch that a training gets, in floats and in doubles; those that do not fit
 * into one piece too. */
START_TEST(a_data_set_has_the_first_batch) {
    const bool exact = _i % 2, many = _i / 2;
    for (size_t k = 0; k < N_KNOWN; k++) {
        const size_t rows = many ? 400 : 5, steps = many ? 999 : 12;
        struct rg_problem problem;
        struct rg_dataset *data = NULL;
        struct rg_device *device = NULL;
        if (many && strcmp(known[k].name, "copy") != 0) {
            continue; /* one task of many pieces is enough */
        }
        expect_ok(rg_problem_task(known[k].name, steps, &problem), known[k].name);
        expect_ok(rg_task_data(&(struct rg_task_sequences){&problem, SEED, rows, exact, 1}, &data), known[k].name);
        ck_assert_uint_eq(data->n_sequences, rows);
        ck_assert_uint_eq(data->n_steps, problem.data_steps);
        ck_assert((data->x_double != NULL) == exact && (data->x_float != NULL) != exact);
        expect_ok(rg_native_open(&(struct rg_device_options){.threads = 1}, &device), "device");
        struct batch b = fill_task(device, known[k].name, steps, SEED, 0, 0, rows);
        for (size_t i = 0; i < rows * problem.data_steps * problem.inputs; i++) {
            const size_t f = i % problem.inputs, t = i / problem.inputs % problem.data_steps;
            double value;
            rg_dataset_numbers(data, i, 1, &value);
            ck_assert(same((float)value, row_of(&b, t, i / problem.inputs / problem.data_steps)[f]));
        }
        for (size_t i = 0; i < rows * data->n_targets; i++) {
            const size_t t = i % data->n_targets, row = i / data->n_targets;
            ck_assert_double_eq_tol(rg_dataset_target(data, i), (double)b.y[t * rows + row], 1e-7);
        }
        release(&b);
        rg_dataset_destroy(data);
        rg_device_destroy(device);
    }
}
END_TEST

TEST_MAIN("tasks") {
    TCase *const tasks = add_tests(suite, "tasks");
    tcase_add_loop_test(tasks, every_number_is_the_definitions, 0, N_KINDS);
    tcase_add_loop_test(tasks, large_batches_and_long_sequences, 0, N_KINDS);
    tcase_add_loop_test(tasks, sequences_do_not_depend_on_the_chunk, 0, N_KINDS);
    tcase_add_loop_test(tasks, targets_follow_from_the_inputs, 0, N_KINDS);
    tcase_add_loop_test(tasks, places_are_drawn_with_equal_chances, 0, N_KINDS);
    tcase_add_loop_test(tasks, baselines_are_those_of_the_batch, 0, N_KINDS);
    tcase_add_test(tasks, problems_have_their_sizes);
    tcase_add_test(tasks, wrong_names_and_sizes_are_refused);
    tcase_add_loop_test(tasks, a_data_set_has_the_first_batch, 0, 4);
}
