/* Square matrices in double: see linear.h. */
#include "verify/experiments/linear.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/stop.h"
#include "model/philox.h"
#include "rnn_gpu/memory.h"

void rg_linear_multiply(double *c, const double *a, const double *b, size_t n) {
    memset(c, 0, n * n * sizeof *c);
    for (size_t i = 0; i < n && !rg_stop_requested(); i++) {
        for (size_t k = 0; k < n; k++) {
            const double x = a[i * n + k];
            for (size_t j = 0; j < n; j++) {
                c[i * n + j] += x * b[k * n + j];
            }
        }
    }
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Rotate rows p and q of u so that they are orthogonal; false if they were. */
static bool rotate(double *p, double *q, size_t n) {
    const double a = dot(p, p, n), b = dot(q, q, n), c = dot(p, q, n);
    if (fabs(c) <= 1e-16 * sqrt(a * b)) {
        return false;
    }
    const double z = (b - a) / (2.0 * c), t = copysign(1.0, z) / (fabs(z) + sqrt(1.0 + z * z));
    const double cosine = 1.0 / sqrt(1.0 + t * t), sine = cosine * t;
    for (size_t i = 0; i < n; i++) {
        const double x = p[i], y = q[i];
        p[i] = cosine * x - sine * y;
        q[i] = sine * x + cosine * y;
    }
    return true;
}

/* Largest first. */
static void sort(double *values, size_t n) {
    for (size_t i = 1; i < n; i++) {
        const double value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] < value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
    }
}

rg_status rg_linear_singular_values(const double *a, size_t n, double *sigma) {
    enum { SWEEPS = 60 };
    double *u = NULL;
    RG_TRY(rg_alloc(&u, n * n, sizeof *u, "a matrix"));
    memcpy(u, a, n * n * sizeof *u);
    bool rotated = true;
    for (int sweep = 0; sweep < SWEEPS && rotated; sweep++) {
        rotated = false;
        for (size_t p = 0; p < n && !rg_stop_requested(); p++) {
            for (size_t q = p + 1; q < n; q++) {
                rotated |= rotate(u + p * n, u + q * n, n);
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        sigma[i] = sqrt(dot(u + i * n, u + i * n, n));
    }
    sort(sigma, n);
    rg_free(u);
    return rg_stop_check();
}

rg_status rg_linear_spectral_radius(const double *a, size_t n, double *radius) {
    enum { SQUARINGS = 40 };
    double *power = NULL;
    RG_TRY(rg_alloc(&power, 2 * n * n, sizeof *power, "a matrix"));
    double *const square = power + n * n;
    double logarithm = 0.0; /* of the norm taken out of a^k, over k */
    memcpy(power, a, n * n * sizeof *power);
    for (int k = 0; k <= SQUARINGS && !rg_stop_requested(); k++) {
        const double norm = sqrt(dot(power, power, n * n));
        if (norm == 0.0) {
            *radius = 0.0;
            rg_free(power);
            return RG_OK;
        }
        logarithm += ldexp(log(norm), -k);
        for (size_t i = 0; i < n * n; i++) {
            power[i] /= norm;
        }
        rg_linear_multiply(square, power, power, n);
        memcpy(power, square, n * n * sizeof *power);
    }
    *radius = exp(logarithm);
    rg_free(power);
    return rg_stop_check();
}

void rg_linear_orthonormalise(double *q, size_t n, double *r) {
    for (size_t j = 0; j < n && !rg_stop_requested(); j++) {
        double *const row = q + j * n;
        for (size_t k = 0; k < 2 * j; k++) { /* every row before it, twice */
            const double *const other = q + k % j * n;
            const double product = dot(other, row, n);
            for (size_t i = 0; i < n; i++) {
                row[i] -= product * other[i];
            }
        }
        r[j] = sqrt(dot(row, row, n));
        for (size_t i = 0; i < n; i++) {
            row[i] /= r[j];
        }
    }
}

void rg_linear_gaussian(double *a, size_t n, double deviation, uint64_t seed, uint32_t number) {
    const struct rg_stream stream = {.seed = seed, .parameter = number};
    double z[RG_BLOCK_NUMBERS] = {0.0};
    for (size_t i = 0; i < n * n; i++) {
        if (i % RG_BLOCK_NUMBERS == 0) {
            rg_stream_normal(&stream, i / RG_BLOCK_NUMBERS, z);
        }
        a[i] = deviation * z[i % RG_BLOCK_NUMBERS];
    }
}

rg_status rg_linear_orthogonal(double *a, size_t n, double scale, uint64_t seed, uint32_t number) {
    double *r = NULL;
    RG_TRY(rg_alloc(&r, n, sizeof *r, "lengths"));
    rg_linear_gaussian(a, n, 1.0, seed, number);
    rg_linear_orthonormalise(a, n, r);
    for (size_t i = 0; i < n * n; i++) {
        a[i] *= scale;
    }
    rg_free(r);
    return rg_stop_check();
}
