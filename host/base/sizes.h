/* Arithmetic of sizes. */
#ifndef RG_SIZES_H
#define RG_SIZES_H

#include <stddef.h>

static inline size_t rg_min(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t rg_max(size_t a, size_t b) {
    return a > b ? a : b;
}

/* n / by, rounded up. */
static inline size_t rg_divide_up(size_t n, size_t by) {
    return n / by + (n % by != 0);
}

/* The smallest multiple of `to` that is not below n. */
static inline size_t rg_round_up(size_t n, size_t to) {
    return rg_divide_up(n, to) * to;
}

#endif
