/* What the tests of the float64 reference share: a model with a batch, filled at random, and how numbers are compared.
 */
#ifndef RNN_GPU_TESTS_REFERENCE_PROBLEM_H
#define RNN_GPU_TESTS_REFERENCE_PROBLEM_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/reference.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A model, a batch and room for its results. */
struct problem {
    struct ref_model *model;
    struct ref_result *result;
    struct ref_batch batch;
    double *x, *y;
    int32_t *lengths; /* NULL if all are T */
};

/* ||a - b|| */
static inline double distance(const double *a, const double *b, size_t count) {
    double norm = 0.0;

    for (size_t i = 0; i < count; i++) {
        norm = hypot(norm, a[i] - b[i]);
    }
    return norm;
}

/* Fails unless ||a - b|| <= tolerance ||b||; both may be zero. */
static inline void expect_close(const double *a, const double *b, size_t count, double tolerance, const char *what) {
    const double error = distance(a, b, count), size = ref_norm(b, count);

    ck_assert_msg(error <= tolerance * size, "%s: off by %.3g of %.3g, allowed is %.3g of it", what, error, size,
                  tolerance);
}

static inline double *numbers(size_t count) {
    double *memory = calloc(count > 0 ? count : 1, sizeof(*memory));

    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* Uniform in (-scale, scale), from a linear congruential generator (Knuth's MMIX constants). */
static inline void fill_random(double *values, size_t count, double scale, uint64_t *seed) {
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        values[i] = scale * ((double)(*seed >> 11) * 0x1p-52 - 1.0);
    }
}

static inline void problem_results(struct problem *problem) {
    problem->batch.x = problem->x;
    problem->batch.y = problem->y;
    problem->batch.lengths = problem->lengths;
    problem->result = ref_result_create(problem->model, problem->batch.n_sequences, problem->batch.n_steps);
    ck_assert_ptr_nonnull(problem->result);
}

static inline size_t target_rows(const struct ref_model *model, const struct ref_batch *batch) {
    return batch->n_sequences * (model->target == REF_TARGET_STEPS ? batch->n_steps : 1);
}

/* Random weights, inputs and targets, for the same seed the same. */
static inline void problem_fill(struct problem *problem, uint64_t seed) {
    const struct ref_model *model = problem->model;
    const size_t n_targets = target_rows(model, &problem->batch) * model->outputs;

    for (size_t p = 0; p < model->n_parameters; p++) {
        fill_random(model->values[p], ref_parameter_elements(model, p), 0.7, &seed);
    }
    fill_random(problem->x, problem->batch.n_sequences * problem->batch.n_steps * model->inputs, 1.5, &seed);
    fill_random(problem->y, n_targets, 1.0, &seed);
    for (size_t i = 0; i < n_targets; i++) {
        if (problem->batch.loss == REF_LOSS_BCE) {
            problem->y[i] = problem->y[i] > 0.0 ? 1.0 : 0.0;
        }
        if (problem->batch.loss == REF_LOSS_CE) {
            problem->y[i] = (double)(i % model->outputs);
        }
    }
}

/* A problem of the form's model on a batch of N sequences and T steps; with lengths, one is 0 and one is T. */
static inline struct problem problem_of(const struct ref_model *form, struct ref_batch batch, bool with_lengths) {
    struct problem problem = {.model = ref_model_create_like(form), .batch = batch};
    const size_t n = batch.n_sequences;

    ck_assert_ptr_nonnull(problem.model);
    problem.x = numbers(n * batch.n_steps * form->inputs);
    problem.y = numbers(target_rows(form, &batch) * form->outputs);
    if (with_lengths) {
        problem.lengths = calloc(n, sizeof(*problem.lengths));
        ck_assert_ptr_nonnull(problem.lengths);
        for (size_t i = 0; i < n; i++) {
            problem.lengths[i] = (int32_t)(i * (batch.n_steps + 1) / n);
        }
        problem.lengths[n - 1] = (int32_t)batch.n_steps;
    }
    problem_results(&problem);
    return problem;
}

static inline void problem_free(struct problem *problem) {
    ref_model_destroy(problem->model);
    ref_result_destroy(problem->result);
    free(problem->x);
    free(problem->y);
    free(problem->lengths);
}

static inline double loss_at(const struct problem *problem) {
    ref_forward_backward(problem->model, &problem->batch, problem->result);
    return problem->result->loss;
}

/* *value + shift gives this loss. */
static inline double loss_beside(const struct problem *problem, double *value, double shift) {
    const double kept = *value;

    *value += shift;
    ref_gradient(problem->model, &problem->batch, problem->result);
    *value = kept;
    return problem->result->loss + problem->result->budget;
}

/* Slopes of the loss by every element of a parameter: five points, wrong by eps^4 / 30 of the fifth derivative. */
static inline void differences(const struct problem *problem, size_t parameter, double eps, double *slope) {
    double *values = problem->model->values[parameter];

    for (size_t i = 0; i < ref_parameter_elements(problem->model, parameter); i++) {
        const double near = loss_beside(problem, &values[i], eps) - loss_beside(problem, &values[i], -eps);
        const double far = loss_beside(problem, &values[i], 2.0 * eps) - loss_beside(problem, &values[i], -2.0 * eps);

        slope[i] = (8.0 * near - far) / (12.0 * eps);
    }
}

/* G_tau adds up to G, and the shares to 1; returns the norm of G. */
static inline double check_lags(const struct problem *problem, size_t parameter, const struct ref_lags *lags) {
    const size_t count = ref_parameter_elements(problem->model, parameter);
    const double whole = ref_norm(problem->result->gradient[parameter], count);
    double *term = numbers(count), *sum = numbers(count), shares = 0.0;

    for (size_t tau = 0; tau < problem->batch.n_steps; tau++) {
        ref_lag_term(problem->model, &problem->batch, problem->result, parameter, tau, term);
        for (size_t i = 0; i < count; i++) {
            sum[i] += term[i];
        }
        shares += lags->share[tau];
        ck_assert_double_eq_tol(ref_norm(term, count), lags->norm[tau], 1e-15);
        ck_assert_double_le(fabs(lags->cosine[tau]), 1.0 + 1e-14);
    }
    expect_close(sum, problem->result->gradient[parameter], count, 1e-14, "sum of the lag terms");
    ck_assert_double_eq_tol(shares, whole > 0.0 ? 1.0 : 0.0, 1e-13);
    free(term);
    free(sum);
    return whole;
}

#endif
