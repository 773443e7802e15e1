/* Dense products: see dense.h. */
#include "gradient/dense.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, QUARTER = 4, TALL = 4 };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef double quarter __attribute__((vector_size(QUARTER * sizeof(double))));

#define INLINE static inline __attribute__((always_inline))

/* Update a block of c: `tall` rows from row i, `wide` vectors from column j. */
#define BLOCK(name, vector, wide)                                                   \
    INLINE void name(const struct rg_product *p, size_t i, size_t tall, size_t j) { \
        vector sum[TALL][wide];                                                     \
        for (size_t r = 0; r < tall; r++) {                                         \
            memcpy(sum[r], p->c + (i + r) * p->c_row + j, sizeof sum[r]);           \
        }                                                                           \
        const double *const a = p->a + i * p->a_row;                                \
        for (size_t k = 0; k < p->depth; k++) {                                     \
            vector b[wide];                                                         \
            memcpy(b, p->b + k * p->b_row + j, sizeof b);                           \
            for (size_t r = 0; r < tall; r++) {                                     \
                const double value = a[r * p->a_row + k * p->a_depth];              \
                for (size_t w = 0; w < (wide); w++) {                               \
                    sum[r][w] += value * b[w];                                      \
                }                                                                   \
            }                                                                       \
        }                                                                           \
        for (size_t r = 0; r < tall; r++) {                                         \
            memcpy(p->c + (i + r) * p->c_row + j, sum[r], sizeof sum[r]);           \
        }                                                                           \
    }
BLOCK(add_two, lanes, 2)
BLOCK(add_one, lanes, 1)
BLOCK(add_quarter, quarter, 1)
BLOCK(add_single, double, 1)

/* As many blocks of so many columns as fit, from column j on. */
#define ADD_BLOCKS(block, columns_each)                             \
    for (; j + (columns_each) <= p->columns; j += (columns_each)) { \
        size_t i = 0;                                               \
        for (; i + TALL <= p->rows; i += TALL) {                    \
            block(p, i, TALL, j);                                   \
        }                                                           \
        for (; i < p->rows; i++) {                                  \
            block(p, i, 1, j);                                      \
        }                                                           \
    }

INLINE void add_product(const struct rg_product *p) {
    size_t j = 0;
    ADD_BLOCKS(add_two, 2 * LANES)
    ADD_BLOCKS(add_one, LANES)
    ADD_BLOCKS(add_quarter, QUARTER)
    ADD_BLOCKS(add_single, 1)
}

/* Eight partial sums side by side, added at the end. */
INLINE double dot(const double *a, const double *b, size_t n) {
    lanes sums = {0.0};
    double sum[LANES], all = 0.0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        sums += x * y;
    }
    memcpy(sum, &sums, sizeof sum);
    for (; i < n; i++) {
        sum[i % LANES] += a[i] * b[i];
    }
    for (size_t l = 0; l < LANES; l++) {
        all += sum[l];
    }
    return all;
}

INLINE void mix(double *to, double own, const double *from, double factor, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x, y;
        memcpy(&x, to + i, sizeof x);
        memcpy(&y, from + i, sizeof y);
        x = x * own + y * factor;
        memcpy(to + i, &x, sizeof x);
    }
    for (; i < n; i++) {
        to[i] = to[i] * own + from[i] * factor;
    }
}

/* A function for every instruction set. */
#define VERSIONS(attribute, set)                                                                           \
    attribute static void add_##set(const struct rg_product *p) {                                          \
        add_product(p);                                                                                    \
    }                                                                                                      \
    attribute static double dot_##set(const double *a, const double *b, size_t n) {                        \
        return dot(a, b, n);                                                                               \
    }                                                                                                      \
    attribute static void mix_##set(double *to, double own, const double *from, double factor, size_t n) { \
        mix(to, own, from, factor, n);                                                                     \
    }
VERSIONS(, plain)
#if defined(__x86_64__)
VERSIONS(__attribute__((target("avx2"))), avx2)
VERSIONS(__attribute__((target("avx512f"))), avx512)
/* Call the version for this processor. */
#define CALL(name, ...)                                             \
    (__builtin_cpu_supports("avx512f") ? name##_avx512(__VA_ARGS__) \
     : __builtin_cpu_supports("avx2")  ? name##_avx2(__VA_ARGS__)   \
                                       : name##_plain(__VA_ARGS__))
#else
#define CALL(name, ...) name##_plain(__VA_ARGS__)
#endif

void rg_dense_add(const struct rg_product *product) {
    CALL(add, product);
}

double rg_dense_dot(const double *a, const double *b, size_t n) {
    return CALL(dot, a, b, n);
}

void rg_dense_mix(double *to, double own, const double *from, double factor, size_t n) {
    CALL(mix, to, own, from, factor, n);
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
