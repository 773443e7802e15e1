/* The cells' reverse steps: see cell_steps.h. The kernels' text is compiled here with vectors of two doubles. The order
 * of these includes has a meaning. */
/* clang-format off */
#define RG_VEC 2
#define RG_DOUBLE 1
#include "kernels/base/native.h"

#include "kernels/base/args.h"
#include "kernels/base/common.cl"
#include "kernels/base/activations.cl"
#include "kernels/cells/cells.h"
#define RG_STEPS_ONLY
#include "kernels/cells/list.cl"

#include "gradient/cell_steps.h"
/* clang-format on */

enum { MAX_VALUES = 8 }; /* saved values and deltas of a unit */

/* A vector of values [H] from unit `unit` on. Lanes past the last unit repeat the last unit. */
RG_INLINE rg_vec units(const double *values, size_t unit, size_t hidden) {
    rg_vec v = {0};
    for (size_t lane = 0; lane < RG_VEC; lane++) {
        v[lane] = values[unit + lane < hidden ? unit + lane : hidden - 1];
    }
    return v;
}

static void store(rg_vec v, double *values, size_t unit, size_t hidden) {
    for (size_t lane = 0; lane < RG_VEC && unit + lane < hidden; lane++) {
        values[unit + lane] = v[lane];
    }
}

#define REVERSE(A, name, NAME, gates, n_saved, n_deltas, states, c, ...)                               \
    _Static_assert(n_saved <= MAX_VALUES && n_deltas <= MAX_VALUES, "room for the values of " #name);  \
    static void name##_reverse(enum rg_activation activation, const struct rg_unit_step *s) {          \
        const size_t n = s->hidden;                                                                    \
        for (size_t j = 0; j < n; j += RG_VEC) {                                                       \
            rg_vec saved[MAX_VALUES] = {{0}}, delta[MAX_VALUES], carried = units(s->carry, j, n);      \
            for (int i = 0; i < (int)(n_saved); i++) {                                                 \
                saved[i] = units(s->saved + (size_t)i * n, j, n);                                      \
            }                                                                                          \
            const rg_vec past = (c) > 0 ? units(s->past_saved + (c)*n, j, n) : units(s->past, j, n);   \
            rg_##name##_cell_step_reverse(units(s->dh, j, n), carried, units(s->h, j, n), past, saved, \
                                          (rg_u32)activation, delta, &carried);                        \
            for (int i = 0; i < (int)(n_deltas); i++) {                                                \
                store(delta[i], s->delta + (size_t)i * n, j, n);                                       \
            }                                                                                          \
            store(carried, s->carry, j, n);                                                            \
        }                                                                                              \
    }
RG_CELLS(REVERSE, )

void rg_cell_reverse(enum rg_cell cell, enum rg_activation activation, const struct rg_unit_step *step) {
#define POINTER(A, name, NAME, ...) [RG_CELL_##NAME] = name##_reverse,
    static void (*const reverse[RG_N_CELLS])(enum rg_activation, const struct rg_unit_step *) = {RG_CELLS(POINTER, )};
    reverse[cell](activation, step);
}

double rg_activation_slope(enum rg_activation activation, double h) {
    return rg_activate_slope(RG_SPLAT(h), (rg_u32)activation)[0];
}

double rg_activation_largest_slope(enum rg_activation activation) {
    return activation == RG_ACT_SIGMOID ? 0.25 : 1.0;
}

bool rg_activation_is_saturated(enum rg_activation activation, double h) {
    static const double SMALL = 0.0975; /* the slope of tanh at 0.95 */
    return rg_activation_slope(activation, h) < SMALL * rg_activation_largest_slope(activation);
}
