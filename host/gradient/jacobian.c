/* Products of Jacobians: see jacobian.h. */
#include "gradient/jacobian.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "gradient/dense.h"
#include "gradient/scaled.h"
#include "rnn_gpu/memory.h"

enum { HALVINGS = 56 /* bisection steps; the interval is at most three times as wide as its lower end */ };

rg_status rg_triangles_create(size_t k, struct rg_triangles *t) {
    *t = (struct rg_triangles){.k = k};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&t->product, k, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&t->inverse, k, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&t->scratch, k + RG_SINGULAR_ROWS, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&t->sums, k, sizeof(double), "Jacobian products"));
    for (size_t i = 0; i < k; i++) {
        t->product[i * k + i] = t->inverse[i * k + i] = 1.0;
    }
    return RG_OK;
cleanup:
    rg_triangles_release(t);
    return status;
}

void rg_triangles_release(struct rg_triangles *t) {
    rg_free(t->product);
    rg_free(t->inverse);
    rg_free(t->scratch);
    rg_free(t->sums);
    *t = (struct rg_triangles){0};
}

void rg_orthonormalise(double *vectors, size_t k, size_t n, double *r) {
    memset(r, 0, k * k * sizeof *r);
    for (size_t j = 0; j < k; j++) {
        double *const v = vectors + j * n;
        const double before = rg_dense_norm(v, n);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t i = 0; i < j; i++) {
                const double along = rg_dense_dot(vectors + i * n, v, n);
                r[i * k + j] += along;
                rg_dense_mix(v, 1.0, vectors + i * n, -along, n);
            }
        }
        const double size = rg_dense_norm(v, n);
        const double inverse = size > 1e-15 * before ? 1.0 / size : 0.0;
        r[j * k + j] = inverse > 0.0 ? size : 0.0;
        for (size_t m = 0; m < n; m++) {
            v[m] *= inverse;
        }
    }
}

/* Multiply a by the power of two that brings its largest element near 1. */
static void normalise(double *a, size_t n, int64_t *exponent) {
    const double largest = rg_dense_largest(a, n);
    if (largest > 0.0 && isfinite(largest)) {
        const int by = ilogb(largest);
        for (size_t i = 0; i < n; i++) {
            a[i] = ldexp(a[i], -by);
        }
        *exponent += by;
    }
}

void rg_triangles_multiply(struct rg_triangles *t, const double *r) {
    const size_t k = t->k, bytes = k * k * sizeof(double);
    double *const next = t->scratch;
    memset(next, 0, bytes);
    rg_dense_add(&(struct rg_product){.c = next,
                                      .a = r,
                                      .b = t->product,
                                      .rows = k,
                                      .columns = k,
                                      .depth = k,
                                      .c_row = k,
                                      .a_row = k,
                                      .a_depth = 1,
                                      .b_row = k});
    memcpy(t->product, next, bytes);
    normalise(t->product, k * k, &t->product_exponent);
    t->steps++;
    for (size_t i = 0; i < k; i++) {
        t->singular |= r[i * k + i] == 0.0;
        t->sums[i] += log(fabs(r[i * k + i]));
    }
    /* solve x r = inverse row by row, from the first column on */
    for (size_t row = 0; !t->singular && row < k; row++) {
        double *const x = t->inverse + row * k;
        for (size_t j = 0; j < k; j++) {
            double rest = x[j];
            for (size_t i = 0; i < j; i++) {
                rest -= x[i] * r[i * k + j];
            }
            x[j] = rest / r[j * k + j];
        }
    }
    normalise(t->inverse, k * k, &t->inverse_exponent);
}

/* Reduce the symmetric g [k][k] to a tridiagonal matrix with the same eigenvalues, by Householder reflections (Golub,
 * Van Loan, 8.3.1). Results: diagonal d [k], off-diagonal e [k-1]. Destroys g; v and w are scratch [k]. */
static void tridiagonalise(double *g, size_t k, double *d, double *e, double *v, double *w) {
    for (size_t j = 0; j < k; j++) {
        double *const x = g + j * k + j + 1;
        const size_t n = k - j - 1;
        const double size = rg_dense_norm(x, n), beside = n && x[0] > 0.0 ? -size : size;
        d[j] = g[j * k + j];
        if (n == 0 || size == 0.0) {
            e[j] = 0.0;
            continue;
        }
        e[j] = beside;
        for (size_t i = 0; i < n; i++) {
            v[i] = (x[i] - (i == 0 ? beside : 0.0)) / size;
        }
        const double factor = 2.0 / rg_dense_dot(v, v, n);
        for (size_t i = 0; i < n; i++) {
            w[i] = factor * rg_dense_dot(g + (j + 1 + i) * k + j + 1, v, n);
        }
        const double along = factor / 2.0 * rg_dense_dot(v, w, n);
        for (size_t i = 0; i < n; i++) {
            w[i] -= along * v[i];
        }
        for (size_t i = 0; i < n; i++) {
            double *const row = g + (j + 1 + i) * k + j + 1;
            for (size_t m = 0; m < n; m++) {
                row[m] -= v[i] * w[m] + w[i] * v[m];
            }
        }
    }
}

/* Is x above every eigenvalue of the tridiagonal matrix T? It is if all pivots of T - x are negative (Sturm). */
static bool is_above(const double *d, const double *e, size_t k, double x) {
    double pivot = 0.0;
    for (size_t i = 0; i < k; i++) {
        pivot = d[i] - x - (i > 0 ? e[i - 1] * e[i - 1] / pivot : 0.0);
        if (!(pivot < 0.0)) {
            return false;
        }
    }
    return true;
}

double rg_singular_largest(const double *a, size_t k, double *scratch) {
    double *const g = scratch, *const d = g + k * k, *const e = d + k, *const v = e + k, *const w = v + k;
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j <= i; j++) {
            g[i * k + j] = g[j * k + i] = rg_dense_dot(a + i * k, a + j * k, k);
        }
    }
    tridiagonalise(g, k, d, e, v, w);
    double low = 0.0, high = 0.0;
    for (size_t i = 0; i < k; i++) {
        low = fmax(low, d[i]);
        high = fmax(high, d[i] + (i > 0 ? fabs(e[i - 1]) : 0.0) + (i + 1 < k ? fabs(e[i]) : 0.0));
    }
    for (int halvings = 0; halvings < HALVINGS; halvings++) {
        const double middle = low + (high - low) / 2.0;
        if (is_above(d, e, k, middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return sqrt(low + (high - low) / 2.0);
}

void rg_triangles_singular(struct rg_triangles *t, double *largest, double *smallest) {
    *largest = rg_scaled_log10(rg_singular_largest(t->product, t->k, t->scratch), t->product_exponent);
    *smallest = t->singular ? -INFINITY
                            : -rg_scaled_log10(rg_singular_largest(t->inverse, t->k, t->scratch), t->inverse_exponent);
}
