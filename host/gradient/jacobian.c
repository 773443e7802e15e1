/* Products of Jacobians: see jacobian.h. */
#include "gradient/jacobian.h"

#include <math.h>
#include <string.h>

#include "gradient/dense.h"
#include "gradient/scaled.h"
#include "rnn_gpu/memory.h"

enum { SWEEPS = 30 };

rg_status rg_triangles_create(size_t k, struct rg_triangles *t) {
    *t = (struct rg_triangles){.k = k};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&t->product, k, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&t->inverse, k, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&t->room, 2 * k, k * sizeof(double), "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&t->sums, k, sizeof(double), "Jacobian products"));
    for (size_t i = 0; i < k; i++) {
        t->product[i * k + i] = t->inverse[i * k + i] = 1.0;
    }
    return RG_OK;
fail:
    rg_triangles_release(t);
    return status;
}

void rg_triangles_release(struct rg_triangles *t) {
    rg_free(t->product);
    rg_free(t->inverse);
    rg_free(t->room);
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
                for (size_t m = 0; m < n; m++) {
                    v[m] -= along * vectors[i * n + m];
                }
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

/* a times a power of two that brings its largest element near 1. */
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
    double *const next = t->room;
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
    /* x r = inverse, row by row, from the first column on */
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

/* Rotate rows i and j of w [k][k] until they are orthogonal; returns how far they were from it. */
static double rotate(double *w, size_t k, size_t i, size_t j) {
    double *const a = w + i * k, *const b = w + j * k;
    const double aa = rg_dense_dot(a, a, k), bb = rg_dense_dot(b, b, k), ab = rg_dense_dot(a, b, k);
    if (ab == 0.0 || fabs(ab) <= 1e-15 * sqrt(aa * bb)) {
        return 0.0;
    }
    const double zeta = (bb - aa) / (2.0 * ab);
    const double tangent = (zeta >= 0.0 ? 1.0 : -1.0) / (fabs(zeta) + sqrt(1.0 + zeta * zeta));
    const double c = 1.0 / sqrt(1.0 + tangent * tangent), s = c * tangent;
    for (size_t m = 0; m < k; m++) {
        const double x = a[m], y = b[m];
        a[m] = c * x - s * y;
        b[m] = s * x + c * y;
    }
    return fabs(ab) / sqrt(aa * bb);
}

double rg_jacobi_largest(const double *a, size_t k, double *room) {
    memcpy(room, a, k * k * sizeof *room);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double worst = 0.0;
        for (size_t i = 0; i < k; i++) {
            for (size_t j = i + 1; j < k; j++) {
                worst = fmax(worst, rotate(room, k, i, j));
            }
        }
        if (worst < 1e-9) { /* the error of a norm is its square */
            break;
        }
    }
    double largest = 0.0;
    for (size_t i = 0; i < k; i++) {
        largest = fmax(largest, rg_dense_norm(room + i * k, k));
    }
    return largest;
}

void rg_triangles_singular(struct rg_triangles *t, double *largest, double *smallest) {
    *largest = rg_scaled_log10(rg_jacobi_largest(t->product, t->k, t->room), t->product_exponent);
    *smallest =
        t->singular ? -INFINITY : -rg_scaled_log10(rg_jacobi_largest(t->inverse, t->k, t->room), t->inverse_exponent);
}
