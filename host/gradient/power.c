/* Power iteration: see power.h. */
#include "gradient/power.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "gradient/dense.h"
#include "rnn_gpu/memory.h"

enum { MAX_ITERATIONS = 2000 };
static const double ITERATION_WORK = 1e9;

/* Start of a power iteration: a direction that is unlikely to be an eigenvector. */
static void start_vector(double *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        v[i] = 1.0 + 0.5 * sin(1.0 + 2.7 * (double)i);
    }
}

/* y = a x, or with `transposed` a^T x. */
static void multiply(const double *a, size_t rows, size_t columns, bool transposed, const double *x, double *y) {
    memset(y, 0, (transposed ? columns : rows) * sizeof *y);
    for (size_t i = 0; i < rows; i++) {
        if (transposed) {
            for (size_t j = 0; j < columns; j++) {
                y[j] += a[i * columns + j] * x[i];
            }
        } else {
            y[i] = rg_dense_dot(a + i * columns, x, columns);
        }
    }
}

/* Divide v by its norm and return the norm. A zero vector stays zero. */
static double unit(double *v, size_t n) {
    const double size = rg_dense_norm(v, n);
    for (size_t i = 0; size > 0.0 && i < n; i++) {
        v[i] /= size;
    }
    return size;
}

static size_t iterations(size_t elements) {
    const double fit = ITERATION_WORK / (2.0 * (double)elements);
    return fit < 100.0 ? 100 : fit > MAX_ITERATIONS ? MAX_ITERATIONS : (size_t)fit;
}

rg_status rg_largest_singular(const double *a, size_t rows, size_t columns, double *sigma) {
    double *v = NULL, size = 0.0;
    *sigma = NAN;
    RG_TRY(rg_alloc(&v, rows + columns, sizeof *v, "power iteration"));
    double *const w = v + columns;
    start_vector(v, columns);
    (void)unit(v, columns);
    for (size_t i = 0, max = iterations(rows * columns); i < max; i++) {
        const double before = size;
        multiply(a, rows, columns, false, v, w);
        size = rg_dense_norm(w, rows);
        multiply(a, rows, columns, true, w, v);
        if (unit(v, columns) == 0.0 || fabs(size - before) <= 1e-14 * size) {
            break;
        }
    }
    rg_free(v);
    *sigma = size;
    return RG_OK;
}

rg_status rg_spectral_radius(const double *a, size_t n, double *radius) {
    double *v = NULL, logs = 0.0;
    *radius = NAN;
    RG_TRY(rg_alloc(&v, 2 * n, sizeof *v, "power iteration"));
    const size_t max = iterations(n * n), from = max / 2;
    double *x = v, *y = v + n;
    start_vector(x, n);
    (void)unit(x, n);
    for (size_t i = 0; i < max && logs > -INFINITY; i++) {
        multiply(a, n, n, false, x, y);
        const double growth = log(unit(y, n));
        logs += i >= from || growth == -INFINITY ? growth : 0.0;
        double *const swap = x;
        x = y;
        y = swap;
    }
    rg_free(v);
    *radius = exp(logs / (double)(max - from));
    return RG_OK;
}
