/* Every activation and its slope over the whole range of its numbers, on every kind of device, in the float64 reference
 * and in the diagnostics, against long doubles.
 *
 * A value is right to 4 ulp (tanh of a float to 5). A slope is made from the value y that was stored, whose error it
 * takes over: it is right to 4 ulp and |d slope / dy| times the error of y, of which the last digit of y is a part in
 * any case. A device that takes subnormal numbers as zeros may be wrong by twice the smallest normal number
 * besides. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "executions.h"
#include "gradient/cell_steps.h"
#include "kernels/kernels.h"
#include "reference/reference.h"

enum { MAX_POINTS = 400000, PARTS = 24, NEAR_STEPS = 60000, MAX_PLACES = 4 };

/* Numbers of a format: float or double. */
struct format {
    bool is_double;
    int digits, min, max; /* of the fraction; exponents of the smallest and of the largest number */
};
static const struct format formats[] = {{false, FLT_MANT_DIG, FLT_MIN_EXP - FLT_MANT_DIG, FLT_MAX_EXP - 1},
                                        {true, DBL_MANT_DIG, DBL_MIN_EXP - DBL_MANT_DIG, DBL_MAX_EXP - 1}};

/* The number of the format nearest x. (Volatile: GCC 12 leaves the rounding out where it puts two of these in a
 * vector.) */
static double rounded(const struct format *f, double x) {
    const volatile float narrow = (float)x;
    return f->is_double ? x : (double)narrow;
}

static long double ulp(const struct format *f, long double x) {
    const int min = f->min, at = x == 0.0L ? min : ilogbl(x) - f->digits + 1;
    return ldexpl(1.0L, at > min ? at : min);
}

/* ---- What is right ---- */

static long double sigmoid(long double x) {
    return x < 0.0L ? expl(x) / (1.0L + expl(x)) : 1.0L / (1.0L + expl(-x));
}

static long double sigmoid_slope(long double x) {
    const long double e = expl(-fabsl(x));
    return e / ((1.0L + e) * (1.0L + e));
}

/* The factor of leaky_relu is a number of the format. */
static long double value_of(enum rg_activation activation, double a, const struct format *f) {
    const long double x = a;
    switch (activation) {
    case RG_ACT_RELU:
        return x > 0.0L ? x : 0.0L;
    case RG_ACT_LEAKY_RELU:
        return x > 0.0L ? x : x * rounded(f, 0.01);
    case RG_ACT_ELU:
        return x > 0.0L ? x : expm1l(x);
    case RG_ACT_SIGMOID:
        return sigmoid(x);
    case RG_ACT_SOFTSIGN:
        return isinf(x) ? copysignl(1.0L, x) : x / (1.0L + fabsl(x));
    case RG_ACT_SOFTPLUS:
        return x > 20.0L ? x : log1pl(expl(x));
    case RG_ACT_HARDTANH:
        return fmaxl(-1.0L, fminl(x, 1.0L));
    case RG_ACT_LINEAR:
        return x;
    default:
        return tanhl(x);
    }
}

static long double slope_of(enum rg_activation activation, double a, const struct format *f) {
    const long double x = a;
    switch (activation) {
    case RG_ACT_RELU:
        return x > 0.0L ? 1.0L : 0.0L;
    case RG_ACT_LEAKY_RELU:
        return x > 0.0L ? 1.0L : rounded(f, 0.01);
    case RG_ACT_ELU:
        return x > 0.0L ? 1.0L : expl(x);
    case RG_ACT_SIGMOID:
        return sigmoid_slope(x);
    case RG_ACT_SOFTSIGN:
        return 1.0L / (1.0L + fabsl(x)) / (1.0L + fabsl(x));
    case RG_ACT_SOFTPLUS:
        return x > 20.0L ? 1.0L : sigmoid(x);
    case RG_ACT_HARDTANH:
        return fabsl(x) < 1.0L ? 1.0L : 0.0L;
    case RG_ACT_LINEAR:
        return 1.0L;
    default:
        return 4.0L * sigmoid_slope(2.0L * x);
    }
}

/* |d slope / dy| at the value y. */
static long double steepness(enum rg_activation activation, long double y) {
    switch (activation) {
    case RG_ACT_ELU:
        return y < 0.0L ? 1.0L : 0.0L;
    case RG_ACT_SIGMOID:
        return fabsl(1.0L - 2.0L * y);
    case RG_ACT_SOFTSIGN:
        return 2.0L * (1.0L - fabsl(y)) + LDBL_EPSILON;
    case RG_ACT_SOFTPLUS:
        return expl(-y);
    case RG_ACT_TANH:
        return 2.0L * fabsl(y);
    default:
        return 0.0L;
    }
}

/* ---- The numbers tried ---- */

/* PARTS numbers of every binade of both signs, the powers of 2 and their neighbours among them; a close grid where the
 * functions bend; zeros, infinities, NaN, and the places where a formula changes. The count is a multiple of 16. */
static size_t fill(const struct format *f, double *x) {
    static const double places[] = {0.0,   -0.0, 1.0,   -1.0, 9.0,   -9.0,  20.0,
                                    -20.0, 64.0, -64.0, 88.0, -87.0, 640.0, -640.0};
    size_t n = 0;
    for (int e = f->min; e <= f->max; e++) {
        for (int i = 0; i < PARTS; i++) {
            const double bend = i == 0           ? 0.0
                                : i == PARTS - 1 ? 1.0 - ldexp(1.0, 1 - f->digits)
                                                 : (i + fmod(0.618 * i + 0.1 * e * e, 1.0)) / PARTS;
            x[n] = rounded(f, ldexp(1.0 + bend, e));
            x[n + 1] = -x[n];
            n += isfinite(x[n]) ? 2 : 0;
        }
    }
    const double reach = f->is_double ? 760.0 : 110.0;
    for (int i = 0; i <= NEAR_STEPS; i++) {
        x[n++] = rounded(f, reach * (2.0 * i / NEAR_STEPS - 1.0));
        x[n++] = rounded(f, 12.0 * (2.0 * i / NEAR_STEPS - 1.0));
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        x[n++] = places[i];
        x[n++] = f->is_double ? nextafter(places[i], 1e9) : (double)nextafterf((float)places[i], 1e9F);
        x[n++] = f->is_double ? nextafter(places[i], -1e9) : (double)nextafterf((float)places[i], -1e9F);
    }
    x[n++] = (double)INFINITY;
    x[n++] = -(double)INFINITY;
    while (n % 16 != 0) {
        x[n++] = (double)NAN;
    }
    ck_assert_uint_le(n, MAX_POINTS);
    return n;
}

/* ---- The comparison ---- */

/* What is right at one number, and what its bounds are made of. */
struct right {
    long double value, slope, value_ulp, slope_ulp, steepness;
};

struct found {
    const char *where;
    enum rg_activation activation;
    const struct format *format;
    size_t n;
    const double *x, *values, *slopes;
    const struct right *right; /* [n] */
    bool from_value;           /* slopes were made from the values */
    bool subnormals_are_zero;
};

/* Twice the smallest normal number where smaller ones may be zeros; else 0. */
static long double zeros_below(const struct found *r) {
    return r->subnormals_are_zero ? ldexpl(1.0L, r->format->min + r->format->digits) : 0.0L;
}

/* The quotient of polynomials that is tanh for floats is beyond 4 ulp for one number of 100,000. */
static long double value_bound(const struct found *r) {
    return r->activation == RG_ACT_TANH && !r->format->is_double ? 5.0L : 4.0L;
}

/* In doubles softplus(x) may be softplus(20) for a sum up to 20 and for one beyond, whose slopes are 2e-9 apart. */
static long double slack(const struct found *r, size_t i) {
    const bool ambiguous =
        r->from_value && r->activation == RG_ACT_SOFTPLUS && fabs(r->x[i] - 20.0) < 4.2e-9 && r->format->is_double;
    return ambiguous ? expl(-20.0L) : 0.0L;
}

static long double slope_bound(const struct found *r, size_t i) {
    const struct right *const right = &r->right[i];
    const long double own = 4.0L * right->slope_ulp;
    const long double error = fabsl((long double)r->values[i] - right->value) + right->value_ulp;
    const bool made_from_value = r->from_value && isfinite(right->value) && right->steepness > 0.0L;
    return own + slack(r, i) + zeros_below(r) + (made_from_value ? (right->steepness + error) * error : 0.0L);
}

static void compare(const struct found *r) {
    const char *const name = rg_activation_names[r->activation];
    long double worst_value = 0.0L, worst_slope = 0.0L;
    for (size_t i = 0; i < r->n; i++) {
        if (isnan(r->x[i])) {
            ck_assert_msg(isnan(r->values[i]), "%s: %s(NaN) is %g", r->where, name, r->values[i]);
            continue;
        }
        const long double value = r->right[i].value, slope = r->right[i].slope;
        if (isinf(value)) {
            ck_assert_msg((long double)r->values[i] == value, "%s: %s(%g) is %g", r->where, name, r->x[i],
                          r->values[i]);
        } else {
            const long double off = fabsl((long double)r->values[i] - value) - zeros_below(r);
            const long double error = fmaxl(off, 0.0L) / r->right[i].value_ulp;
            worst_value = fmaxl(worst_value, error);
            ck_assert_msg(error <= value_bound(r), "%s: %s(%.17g) is %.17g, not %.17Lg: %.3Lg ulp", r->where, name,
                          r->x[i], r->values[i], value, error);
        }
        const bool zeroed =
            fabsl(r->x[i]) < zeros_below(r) && (long double)r->slopes[i] == slope_of(r->activation, 0.0, r->format);
        const long double ratio = zeroed ? 0.0L : fabsl((long double)r->slopes[i] - slope) / slope_bound(r, i);
        worst_slope = fmaxl(worst_slope, ratio);
        ck_assert_msg(ratio <= 1.0L, "%s: %s'(%.17g) is %.17g, not %.17Lg: %.3Lg of the bound", r->where, name, r->x[i],
                      r->slopes[i], slope, ratio);
    }
    (void)printf("%-40s %-10s values to %.2Lf ulp, slopes to %.2Lf of the bound\n", r->where, name, worst_value,
                 worst_slope);
}

static void run_on(struct rg_device *device, struct found *r, struct rg_buffer **b, double *values, double *slopes) {
    const struct rg_activation_args args = {.n = r->n, .activation = (rg_u32)r->activation};
    expect_ok(rg_device_launch(device, &(struct rg_launch){.kernel = RG_K_rg_activation_values,
                                                           .buffers = {b[0], b[1], b[2]},
                                                           .args = &args,
                                                           .groups = {7, 1}}),
              "the kernel");
    expect_ok(rg_reals_read(device, values, b[1], 0, r->n), "values");
    expect_ok(rg_reals_read(device, slopes, b[2], 0, r->n), "slopes");
}

static struct right right_at(enum rg_activation activation, double x, const struct format *f) {
    const long double value = value_of(activation, x, f), slope = slope_of(activation, x, f);
    return (struct right){value, slope, ulp(f, value), ulp(f, slope), steepness(activation, value)};
}

/* A device and its buffers of numbers, values and slopes; NULL where the device is not there. */
struct place {
    const char *name;
    struct rg_device *device;
    struct rg_buffer *buffers[3];
};

static struct place open_place(const struct execution *e, const double *x, size_t n) {
    struct place p = {.name = e->name, .device = open_one(e)};
    for (size_t i = 0; p.device && i < 3; i++) {
        expect_ok(rg_reals_create(p.device, n, "the test", &p.buffers[i]), "a buffer");
    }
    expect_ok(p.device ? rg_reals_write(p.device, p.buffers[0], 0, x, n) : RG_OK, "numbers");
    return p;
}

static void close_place(struct place *p) {
    for (size_t i = 0; p->device && i < 3; i++) {
        rg_buffer_destroy(p->device, p->buffers[i]);
    }
    rg_device_destroy(p->device);
}

/* The reference has the pre-activation, so its slopes are right to 4 ulp everywhere; the diagnostics have y. */
static void compare_host(struct found *r, double *values, double *slopes) {
    r->where = "float64 reference";
    r->from_value = r->subnormals_are_zero = false;
    for (size_t i = 0; i < r->n; i++) {
        values[i] = ref_activate((enum ref_activation)r->activation, r->x[i]);
        slopes[i] = ref_activation_slope((enum ref_activation)r->activation, r->x[i]);
    }
    compare(r);
    r->where = "diagnostics";
    r->from_value = true;
    for (size_t i = 0; i < r->n; i++) {
        slopes[i] = rg_activation_slope(r->activation, values[i]);
    }
    compare(r);
}

/* Every activation in all these places, and of doubles in the host's own code. What is right is computed once for all.
 */
static void sweep(const struct format *f, const struct execution *const *executions_of, size_t n_places) {
    double *const x = numbers(3 * MAX_POINTS, sizeof(double)), *const values = x + MAX_POINTS,
                  *const slopes = values + MAX_POINTS;
    struct right *const right = numbers(MAX_POINTS, sizeof *right);
    struct found r = {.format = f, .x = x, .values = values, .slopes = slopes, .right = right};
    struct place places[MAX_PLACES];
    r.n = fill(f, x);
    ck_assert_uint_le(n_places, MAX_PLACES);
    for (size_t p = 0; p < n_places; p++) {
        places[p] = open_place(executions_of[p], x, r.n);
    }
    for (int a = 0; a < RG_N_ACTIVATIONS; a++) {
        r.activation = (enum rg_activation)a;
        for (size_t i = 0; i < r.n; i++) {
            if (!isnan(x[i])) {
                right[i] = right_at(r.activation, x[i], f);
            }
        }
        for (size_t p = 0; p < n_places; p++) {
            if (places[p].device) {
                r.where = places[p].name;
                r.from_value = true;
                r.subnormals_are_zero = places[p].device->info.subnormals_are_zero;
                run_on(places[p].device, &r, places[p].buffers, values, slopes);
                compare(&r);
            }
        }
        if (f->is_double) {
            compare_host(&r, values, slopes);
        }
    }
    for (size_t p = 0; p < n_places; p++) {
        close_place(&places[p]);
    }
    free(x);
    free(right);
}

START_TEST(floats_are_right_over_their_range) {
    const struct execution *list[N_KINDS];
    for (size_t i = 0; i < N_KINDS; i++) {
        list[i] = &executions[kinds[i]];
    }
    sweep(&formats[0], list, N_KINDS);
}
END_TEST

START_TEST(doubles_are_right_over_their_range) {
    const struct execution *list[N_DOUBLES];
    for (size_t i = 0; i < N_DOUBLES; i++) {
        list[i] = &doubles[i];
    }
    sweep(&formats[1], list, N_DOUBLES);
}
END_TEST

/* ---- Subnormal numbers ---- */

/* Processors take a hundred times as long for subnormal numbers, so their kernels take them as zeros. leaky_relu makes
 * a hundredth of a negative number. The result is zero if it is subnormal, or if the number is. The calling thread
 * still computes with subnormal numbers afterwards. */
START_TEST(subnormal_numbers_are_zeros_on_processors) {
    enum { N = 16 };
    const struct execution *const e = _i < N_KINDS ? &executions[kinds[_i]] : &doubles[_i - N_KINDS];
    const double smallest = e->options.is_double ? DBL_MIN : (double)FLT_MIN;
    const double x[N] = {-smallest, -smallest / 4.0, -smallest * 128.0};
    struct found r = {.activation = RG_ACT_LEAKY_RELU, .n = N};
    double values[N], slopes[N];
    struct place p = open_place(e, x, N);
    if (!p.device) {
        return;
    }
#if defined(__SSE2__)
    ck_assert_msg(p.device->info.subnormals_are_zero, "%s", e->name);
#endif
    run_on(p.device, &r, p.buffers, values, slopes);
    if (p.device->info.subnormals_are_zero) {
        ck_assert_msg(values[0] == 0.0, "%s: %g of a normal number", e->name, values[0]);
        ck_assert_msg(values[1] == 0.0, "%s: %g of a subnormal number", e->name, values[1]);
    }
    ck_assert_msg(values[2] <= -smallest * 1.27, "%s: %g", e->name, values[2]);
    volatile double half = DBL_MIN;
    half *= 0.5;
    ck_assert_msg(half > 0.0, "%s", e->name);
    close_place(&p);
}
END_TEST

/* The borders between few and many changes of the activation, by its value. */
START_TEST(saturated_is_what_hardly_changes) {
    static const struct {
        enum rg_activation activation;
        double h;
        bool saturated;
    } cases[] = {
        {RG_ACT_TANH, 0.949, false},      {RG_ACT_TANH, 0.951, true},      {RG_ACT_TANH, -0.949, false},
        {RG_ACT_TANH, -0.951, true},      {RG_ACT_SIGMOID, 0.026, false},  {RG_ACT_SIGMOID, 0.024, true},
        {RG_ACT_SIGMOID, 0.974, false},   {RG_ACT_SIGMOID, 0.976, true},   {RG_ACT_SIGMOID, 0.5, false},
        {RG_ACT_RELU, 1e-9, false},       {RG_ACT_RELU, 0.0, true},        {RG_ACT_LEAKY_RELU, 1e-9, false},
        {RG_ACT_LEAKY_RELU, -1e-9, true}, {RG_ACT_ELU, -0.1, false},       {RG_ACT_ELU, 0.0, false},
        {RG_ACT_ELU, 3.0, false},         {RG_ACT_ELU, -0.902, false},     {RG_ACT_ELU, -0.903, true},
        {RG_ACT_HARDTANH, 0.96, false},   {RG_ACT_HARDTANH, 0.999, false}, {RG_ACT_HARDTANH, 1.0, true},
        {RG_ACT_HARDTANH, -0.999, false}, {RG_ACT_HARDTANH, -1.0, true},   {RG_ACT_SOFTSIGN, 0.68, false},
        {RG_ACT_SOFTSIGN, 0.69, true},    {RG_ACT_SOFTSIGN, -0.69, true},  {RG_ACT_SOFTPLUS, 0.103, false},
        {RG_ACT_SOFTPLUS, 0.102, true},   {RG_ACT_LINEAR, 1e9, false},     {RG_ACT_LINEAR, 0.0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(rg_activation_is_saturated(cases[i].activation, cases[i].h) == cases[i].saturated,
                      "activation %d at %g", (int)cases[i].activation, cases[i].h);
    }
}
END_TEST

TEST_MAIN("activations") {
    TCase *const sweeps = add_tests(suite, "sweeps");
    TCase *const subnormals = add_tests(suite, "subnormals");
    tcase_add_loop_test(subnormals, subnormal_numbers_are_zeros_on_processors, 0, N_KINDS + N_DOUBLES);
    tcase_set_timeout(sweeps, 300);
    tcase_add_test(add_tests(suite, "saturated"), saturated_is_what_hardly_changes);
    tcase_add_test(sweeps, floats_are_right_over_their_range);
    tcase_add_test(sweeps, doubles_are_right_over_their_range);
}
