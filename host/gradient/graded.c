/* Graded products of triangles: see graded.h. */
#include "gradient/graded.h"

#include <math.h>
#include <string.h>

#include "base/sort.h"
#include "gradient/dense.h"
#include "gradient/scaled.h"
#include "rnn_gpu/memory.h"

enum {
    MAX_SWEEPS = 60,
    FAR = 1000 /* FAR: distance in powers of two beyond which the smaller of two rows is negligible */
};
static const double ORTHOGONAL = 1e-13;

rg_status rg_graded_create(size_t k, struct rg_graded *g) {
    *g = (struct rg_graded){.k = k};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&g->rows, k, k * sizeof *g->rows, "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&g->exponent, k, sizeof *g->exponent, "Jacobian products"));
    RG_TRY_GOTO(rg_alloc(&g->room, k, sizeof *g->room, "Jacobian products"));
    for (size_t i = 0; i < k; i++) {
        g->rows[i * k + i] = 1.0;
    }
    return RG_OK;
cleanup:
    rg_graded_release(g);
    return status;
}

void rg_graded_release(struct rg_graded *g) {
    rg_free(g->rows);
    rg_free(g->exponent);
    rg_free(g->room);
    *g = (struct rg_graded){.k = 0};
}

/* 2^by; 0 if it is negligible beside 1. */
static double power(int64_t by) {
    return by < -FAR ? 0.0 : ldexp(1.0, by > FAR ? FAR : (int)by);
}

/* Multiply a row by the power of two that brings its largest number near 1. */
static void normalise(double *row, size_t n, int64_t *exponent) {
    const double largest = rg_dense_largest(row, n);
    if (largest == 0.0) {
        *exponent = RG_SCALED_EMPTY;
    } else if (isfinite(largest)) {
        const int by = ilogb(largest);
        for (size_t i = 0; i < n; i++) {
            row[i] = ldexp(row[i], -by);
        }
        *exponent += by;
    }
}

void rg_graded_multiply(struct rg_graded *g, const double *r) {
    const size_t k = g->k;
    double *const sum = g->room;
    for (size_t i = 0; i < k; i++) { /* row i needs itself and the rows below, which are still unchanged */
        int64_t max = RG_SCALED_EMPTY;
        int size = 0;
        for (size_t j = i; j < k; j++) {
            if (r[i * k + j] != 0.0 && g->exponent[j] != RG_SCALED_EMPTY) {
                (void)frexp(r[i * k + j], &size);
                max = g->exponent[j] + size > max ? g->exponent[j] + size : max;
            }
        }
        memset(sum, 0, k * sizeof *sum);
        for (size_t j = i; max != RG_SCALED_EMPTY && j < k; j++) {
            if (g->exponent[j] == RG_SCALED_EMPTY) {
                continue;
            }
            const double mantissa = frexp(r[i * k + j], &size), factor = mantissa * power(g->exponent[j] + size - max);
            const double *const row = g->rows + j * k;
            for (size_t m = j; factor != 0.0 && m < k; m++) {
                sum[m] += factor * row[m];
            }
        }
        memcpy(g->rows + i * k, sum, k * sizeof *sum);
        g->exponent[i] = max;
        normalise(g->rows + i * k, k, &g->exponent[i]);
    }
    g->steps++;
}

/* Rotate rows A = a 2^ea, the longer one, and B = b 2^eb until they are orthogonal. With s = 2^(eb-ea) the tangent of
 * the angle is t = s u, where u has an ordinary size however far apart the rows are: A' = c (A + t B), B' = c (B - t
 * A). Returns the cosine of the angle between the rows before. */
static double rotate(double *a, double *b, size_t n, int64_t ea, int64_t *eb) {
    const double aa = rg_dense_dot(a, a, n), bb = rg_dense_dot(b, b, n), ab = rg_dense_dot(a, b, n);
    const double cosine = fabs(ab) / sqrt(aa * bb);
    if (!(cosine > ORTHOGONAL)) {
        return 0.0;
    }
    /* s times the cotangent of twice the angle */
    const double s = power(*eb - ea), zeta = (aa - s * s * bb) / (2.0 * ab);
    const double u = (zeta < 0.0 ? -1.0 : 1.0) / (fabs(zeta) + sqrt(s * s + zeta * zeta)), t = s * u;
    const double c = 1.0 / sqrt(1.0 + t * t);
    for (size_t m = 0; m < n; m++) {
        const double x = a[m], y = b[m];
        a[m] = c * (x + t * s * y);
        b[m] = c * (y - u * x);
    }
    normalise(b, n, eb);
    return cosine;
}

/* log10 of a row's norm. */
static double length_of(const struct rg_graded *g, size_t i) {
    return g->exponent[i] == RG_SCALED_EMPTY ? -INFINITY
                                             : rg_scaled_log10(rg_dense_norm(g->rows + i * g->k, g->k), g->exponent[i]);
}

/* Rotate every pair of rows once. Returns the largest cosine that was found. */
static double sweep(struct rg_graded *g) {
    const size_t k = g->k;
    double worst = 0.0;
    for (size_t i = 0; i < k; i++) {
        for (size_t j = i + 1; j < k; j++) {
            double *const a = g->rows + i * k, *const b = g->rows + j * k;
            if (g->exponent[i] == RG_SCALED_EMPTY || g->exponent[j] == RG_SCALED_EMPTY) {
                continue;
            }
            const double turned = length_of(g, i) >= length_of(g, j) ? rotate(a, b, k, g->exponent[i], &g->exponent[j])
                                                                     : rotate(b, a, k, g->exponent[j], &g->exponent[i]);
            worst = fmax(worst, turned);
        }
    }
    return worst;
}

void rg_graded_singular(struct rg_graded *g, double *out) {
    int sweeps = 0;
    while (sweeps < MAX_SWEEPS && sweep(g) > 0.0) {
        sweeps++;
    }
    for (size_t i = 0; i < g->k; i++) {
        out[i] = length_of(g, i);
    }
    rg_sort_falling(out, g->k);
}
