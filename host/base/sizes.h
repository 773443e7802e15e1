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

/* n things are dealt to `parts` parts, in order: the first n % parts of them have one more than the others. Part i is
 * [rg_part_begin(n, parts, i), rg_part_begin(n, parts, i + 1)). The kernels deal in the same way (rg_share). */
static inline size_t rg_part_begin(size_t n, size_t parts, size_t i) {
    return n / parts * i + rg_min(i, n % parts);
}

/* The part that thing i is in. */
static inline size_t rg_part_of(size_t n, size_t parts, size_t i) {
    const size_t each = n / parts, longer = n % parts * (each + 1);
    return i < longer ? i / (each + 1) : (i - longer) / each + n % parts;
}

#endif
