/* Dense products: see dense.h. */
#include "gradient/dense.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, WIDE = 2, TALL = 4 };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

#define INLINE static inline __attribute__((always_inline))

/* Update a block of c: `tall` rows from row i, WIDE vectors from column j. */
INLINE void add_block(const struct rg_product *p, size_t i, size_t tall, size_t j) {
    lanes sum[TALL][WIDE];
    for (size_t r = 0; r < tall; r++) {
        memcpy(sum[r], p->c + (i + r) * p->c_row + j, sizeof sum[r]);
    }
    const double *const a = p->a + i * p->a_row;
    for (size_t k = 0; k < p->depth; k++) {
        lanes b[WIDE];
        memcpy(b, p->b + k * p->b_row + j, sizeof b);
        for (size_t r = 0; r < tall; r++) {
            const double value = a[r * p->a_row + k * p->a_depth];
            for (size_t w = 0; w < WIDE; w++) {
                sum[r][w] += value * b[w];
            }
        }
    }
    for (size_t r = 0; r < tall; r++) {
        memcpy(p->c + (i + r) * p->c_row + j, sum[r], sizeof sum[r]);
    }
}

INLINE void add_product(const struct rg_product *p) {
    const size_t wide = p->columns - p->columns % (WIDE * LANES);
    for (size_t j = 0; j < wide; j += WIDE * LANES) {
        size_t i = 0;
        for (; i + TALL <= p->rows; i += TALL) {
            add_block(p, i, TALL, j);
        }
        for (; i < p->rows; i++) {
            add_block(p, i, 1, j);
        }
    }
    for (size_t i = 0; wide < p->columns && i < p->rows; i++) {
        double *const c = p->c + i * p->c_row;
        for (size_t k = 0; k < p->depth; k++) {
            const double value = p->a[i * p->a_row + k * p->a_depth];
            const double *const b = p->b + k * p->b_row;
            for (size_t j = wide; j < p->columns; j++) {
                c[j] += value * b[j];
            }
        }
    }
}

static void add_plain(const struct rg_product *p) {
    add_product(p);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void add_avx2(const struct rg_product *p) {
    add_product(p);
}

__attribute__((target("avx512f"))) static void add_avx512(const struct rg_product *p) {
    add_product(p);
}

void rg_dense_add(const struct rg_product *p) {
    if (__builtin_cpu_supports("avx512f")) {
        add_avx512(p);
    } else if (__builtin_cpu_supports("avx2")) {
        add_avx2(p);
    } else {
        add_plain(p);
    }
}
#else
void rg_dense_add(const struct rg_product *p) {
    add_plain(p);
}
#endif

/* Eight partial sums side by side, added at the end. */
double rg_dense_dot(const double *a, const double *b, size_t n) {
    double sum[LANES] = {0.0}, all = 0.0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            sum[l] += a[i + l] * b[i + l];
        }
    }
    for (; i < n; i++) {
        sum[i % LANES] += a[i] * b[i];
    }
    for (size_t l = 0; l < LANES; l++) {
        all += sum[l];
    }
    return all;
}

double rg_dense_largest(const double *a, size_t n) {
    double largest = 0.0;
    bool valid = true;
    for (size_t i = 0; i < n; i++) {
        const double size = fabs(a[i]);
        valid = valid && size == size;
        largest = size > largest ? size : largest;
    }
    return valid ? largest : NAN;
}

double rg_dense_norm(const double *a, size_t n) {
    const double largest = rg_dense_largest(a, n);
    if (!(largest > 0.0) || isinf(largest)) {
        return largest;
    }
    const int exponent = ilogb(largest);
    if (abs(exponent) < 400) { /* no square overflows, and one that underflows is negligible beside the largest */
        return sqrt(rg_dense_dot(a, a, n));
    }
    const double factor = ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * factor * (a[i] * factor);
    }
    return sqrt(sum) / factor;
}
