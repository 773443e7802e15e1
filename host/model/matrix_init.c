/* Initialisers of weight matrices: see matrix_init.h. They use only operations that IEEE 754 rounds correctly, in a
 * fixed order, so a seed gives the same bits on every machine. */
#include "model/matrix_init.h"

#include <math.h>
#include <stdbool.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

/* ---- Independent numbers ---- */

void rg_uniform_fill(float *values, size_t count, double bound, const struct rg_stream *stream) {
    double u[RG_BLOCK_NUMBERS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (i % RG_BLOCK_NUMBERS == 0) {
            rg_stream_uniform(stream, i / RG_BLOCK_NUMBERS, u);
        }
        values[i] = (float)(bound * (2.0 * u[i % RG_BLOCK_NUMBERS] - 1.0));
    }
}

/* N(0, deviation^2). */
static void fill_normal(float *values, size_t count, double deviation, const struct rg_stream *stream) {
    double z[RG_BLOCK_NUMBERS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (i % RG_BLOCK_NUMBERS == 0) {
            rg_stream_normal(stream, i / RG_BLOCK_NUMBERS, z);
        }
        values[i] = (float)(deviation * z[i % RG_BLOCK_NUMBERS]);
    }
}

static void fill_identity(const struct rg_gate_matrices *m, double scale) {
    for (size_t i = 0; i < m->gates * m->rows; i++) {
        for (size_t j = 0; j < m->columns; j++) {
            m->values[i * m->columns + j] = i % m->rows == j ? (float)scale : 0.0F;
        }
    }
}

/* ---- Rows of doubles ---- */

/* Partial sums of fixed order let the compiler use vectors without changing the result. */
static double dot(const double *a, const double *b, size_t n) {
    enum { LANES = 8 };
    double lanes[LANES] = {0.0}, sum = 0.0;
    for (size_t i = 0; i < n - n % LANES; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lanes[l] += a[i + l] * b[i + l];
        }
    }
    for (size_t i = n - n % LANES; i < n; i++) {
        sum += a[i] * b[i];
    }
    for (size_t l = 0; l < LANES; l++) {
        sum += lanes[l];
    }
    return sum;
}

/* Blocks of the stream that n numbers need. */
static uint64_t blocks_of(size_t n) {
    return (n + RG_BLOCK_NUMBERS - 1) / RG_BLOCK_NUMBERS;
}

/* Draw n normal numbers from that block on. */
static void draw_row(double *row, size_t n, const struct rg_stream *stream, uint64_t first_block) {
    double z[RG_BLOCK_NUMBERS] = {0};
    for (size_t i = 0; i < n; i++) {
        if (i % RG_BLOCK_NUMBERS == 0) {
            rg_stream_normal(stream, first_block + i / RG_BLOCK_NUMBERS, z);
        }
        row[i] = z[i % RG_BLOCK_NUMBERS];
    }
}

/* ---- Orthogonal ---- */

enum { TILE = 4 }; /* vectors that are reflected together, so that each reflection is read once */

/* Draw n normal numbers into v. Then turn v into the reflection I - scale v v^T that maps them to a multiple of the
 * first axis; *sign is the sign of that multiple. */
static double draw_reflection(double *v, size_t n, const struct rg_stream *stream, uint64_t first_block, double *sign) {
    draw_row(v, n, stream, first_block);
    const double norm = sqrt(dot(v, v, n));
    if (norm == 0.0) {
        v[0] = 1.0;
    }
    const double length = norm == 0.0 ? 1.0 : norm, head = fabs(v[0]);
    *sign = v[0] < 0.0 ? 1.0 : -1.0;
    v[0] -= *sign * length;
    return 1.0 / (length * (length + head));
}

/* Reflections r = 0, 1, … as draw_reflection makes them: v [n] of reflection r is row r from column r on. */
struct reflections {
    size_t n;
    double *v;            /* [count][n] */
    double *scale, *sign; /* [count] */
};

/* Compute rows first … end-1 of q: the axes, reflected by each of the reflections. w [TILE][n] is overwritten with
 * them. */
static void reflect_axes(const struct reflections *by, size_t first, size_t end, double *w) {
    const size_t n = by->n;
    for (size_t k = first; k < end; k++) {
        for (size_t i = 0; i < n; i++) {
            w[(k - first) * n + i] = i == k ? by->sign[k] : 0.0;
        }
    }
    for (size_t r = end; r-- > 0;) {
        for (size_t k = rg_max(r, first); k < end; k++) {
            const double *const axis = by->v + r * n + r;
            double *const row = w + (k - first) * n + r;
            const double along = by->scale[r] * dot(axis, row, n - r);
            for (size_t i = 0; i < n - r; i++) {
                row[i] -= along * axis[i];
            }
        }
    }
}

/* gain * Q for each gate, where Q is uniform over the matrices with orthonormal rows (or columns). The QR factor of a
 * normal matrix is such a Q if the diagonal of R is positive (Mezzadri 2007). The part of its columns that
 * Householder's reflections leave is again normal and independent of them, so the columns can be drawn one by one
 * (Stewart 1980). */
static rg_status fill_orthogonal(const struct rg_gate_matrices *m, double gain, const struct rg_stream *stream) {
    const bool wide = m->rows <= m->columns;
    const size_t count = wide ? m->rows : m->columns, n = wide ? m->columns : m->rows;
    struct reflections by = {.n = n};
    double *w = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&by.v, count * n, sizeof *by.v, "orthogonal matrix"));
    RG_TRY_GOTO(rg_alloc(&w, TILE * n, sizeof *w, "orthogonal matrix"));
    RG_TRY_GOTO(rg_alloc(&by.scale, 2 * count, sizeof *by.scale, "orthogonal matrix"));
    by.sign = by.scale + count;
    for (size_t gate = 0; gate < m->gates; gate++) {
        float *const values = m->values + gate * m->rows * m->columns;
        for (size_t r = 0; r < count; r++) {
            by.scale[r] =
                draw_reflection(by.v + r * n + r, n - r, stream, (gate * count + r) * blocks_of(n), &by.sign[r]);
        }
        for (size_t first = 0; first < count; first += TILE) {
            const size_t end = count - first < TILE ? count : first + TILE;
            reflect_axes(&by, first, end, w);
            for (size_t k = first; k < end; k++) {
                for (size_t i = 0; i < n; i++) {
                    values[wide ? k * n + i : i * count + k] = (float)(gain * w[(k - first) * n + i]);
                }
            }
        }
    }
cleanup:
    rg_free(by.v);
    rg_free(by.scale);
    rg_free(w);
    return status;
}

/* ---- Normalised positive definite ---- */

/* Largest eigenvalue of a symmetric positive definite matrix by power iteration. x^T A x for |x| = 1 only grows. When a
 * step adds less than 1e-11 of it, the remaining error is far below the last digit of a float. `x` and `y` have n
 * elements and are overwritten. */
static double largest_eigenvalue(const double *a, size_t n, double *x, double *y) {
    enum { MAX_STEPS = 20000 };
    double eigenvalue = 0.0;
    for (size_t i = 0; i < n; i++) {
        x[i] = 1.0 / sqrt((double)n);
    }
    for (int step = 0; step < MAX_STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            y[i] = dot(a + i * n, x, n);
        }
        const double before = eigenvalue, norm = sqrt(dot(y, y, n));
        eigenvalue = dot(x, y, n);
        if (eigenvalue - before <= 1e-11 * eigenvalue) {
            break;
        }
        for (size_t i = 0; i < n; i++) {
            x[i] = y[i] / norm;
        }
    }
    return eigenvalue;
}

/* a [n][n] = R R^T / n + I, where r [n][n] holds normal numbers. The paper has R^T R, which has the same distribution.
 */
static void positive_definite(const double *r, size_t n, double *a) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            a[i * n + j] = a[j * n + i] = dot(r + i * n, r + j * n, n) / (double)n + (i == j ? 1.0 : 0.0);
        }
    }
}

static rg_status fill_nprnn(const struct rg_gate_matrices *m, const struct rg_stream *stream) {
    static const char what[] = "normalised positive definite matrix";
    const size_t n = m->rows;
    double *r = NULL, *a = NULL;
    rg_status status = RG_OK;
    if (m->columns != n) {
        return rg_fail(RG_ERROR, "%s: [%zu, %zu] is not square; use another initialiser", what, n, m->columns);
    }
    RG_TRY_GOTO(rg_alloc(&r, rg_max(n, 2) * n, sizeof *r, what));
    RG_TRY_GOTO(rg_alloc(&a, n * n, sizeof *a, what));
    for (size_t gate = 0; gate < m->gates; gate++) {
        for (size_t i = 0; i < n; i++) {
            draw_row(r + i * n, n, stream, (gate * n + i) * blocks_of(n));
        }
        positive_definite(r, n, a);
        const double e = largest_eigenvalue(a, n, r, r + n);
        for (size_t i = 0; i < n * n; i++) {
            m->values[gate * n * n + i] = (float)(a[i] / e);
        }
    }
cleanup:
    rg_free(r);
    rg_free(a);
    return status;
}

/* ---- All initialisers ---- */

rg_status rg_matrices_initialise(const struct rg_gate_matrices *matrices, const struct rg_init *init, double bound,
                                 const struct rg_stream *stream) {
    const size_t count = matrices->gates * matrices->rows * matrices->columns;
    const double rows = (double)matrices->rows, columns = (double)matrices->columns;
    switch (init->kind) {
    case RG_INIT_PYTORCH:
    case RG_INIT_CHRONO:
        rg_uniform_fill(matrices->values, count, bound, stream);
        return RG_OK;
    case RG_INIT_XAVIER:
        rg_uniform_fill(matrices->values, count, sqrt(6.0 / (rows + columns)), stream);
        return RG_OK;
    case RG_INIT_HE:
        fill_normal(matrices->values, count, sqrt(2.0 / columns), stream);
        return RG_OK;
    case RG_INIT_ORTHOGONAL:
        return fill_orthogonal(matrices, init->value, stream);
    case RG_INIT_IDENTITY:
        fill_identity(matrices, init->value);
        return RG_OK;
    case RG_INIT_NORMAL:
        fill_normal(matrices->values, count, init->value, stream);
        return RG_OK;
    case RG_INIT_NPRNN:
        return fill_nprnn(matrices, stream);
    }
    return rg_fail(RG_ERROR, "model: unknown initialiser %u", (unsigned)init->kind);
}
