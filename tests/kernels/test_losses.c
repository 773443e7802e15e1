/* Losses and their gradients over the whole range of logits, by both kinds of head, on every kind of device, against
 * long doubles; and their sums over many steps and sequences.
 *
 * A loss is right to 4 ulp. A gradient is a probability less a target: the probability is right to 4 ulp (and to the
 * rounding of the sum over many classes), the difference to eps of the larger of the two beside that. A device that
 * takes subnormal numbers as zeros may be wrong by twice the smallest normal number besides. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "executions.h"
#include "kernels/kernels.h"
#include "verify/selftest/exercise.h"

enum { PARTS = 6, MAX_POINTS = 80000, CLASSES = 3, WIDE = 300 };

struct format {
    bool is_double;
    int digits, min, max;
};
static const struct format formats[] = {{false, FLT_MANT_DIG, FLT_MIN_EXP - FLT_MANT_DIG, FLT_MAX_EXP - 2},
                                        {true, DBL_MANT_DIG, DBL_MIN_EXP - DBL_MANT_DIG, DBL_MAX_EXP - 2}};

static long double ulp(const struct format *f, long double x) {
    const int at = x == 0.0L ? f->min : ilogbl(x) - f->digits + 1;
    return ldexpl(1.0L, at > f->min ? at : f->min);
}

/* One sweep: `rows` rows of logits and targets, what the device makes of them, and what is right. */
struct sweep {
    const char *where;
    const struct format *format;
    enum rg_loss loss;
    size_t rows, outputs;
    double *z, *y;           /* [rows][outputs], [rows][targets] */
    double *losses, *slopes; /* [rows], [rows][outputs] */
    long double zeros_below; /* twice the smallest normal number where smaller ones may be zeros; else 0 */
};

static size_t targets_of(const struct sweep *s) {
    return s->loss == RG_LOSS_CE ? 1 : s->outputs;
}

/* ---- What is right ---- */

/* e^(z_o - top) over their sum. */
static long double share(const double *z, size_t n, size_t o) {
    long double top = z[0], sum = 0.0L;
    for (size_t i = 1; i < n; i++) {
        top = fmaxl(top, (long double)z[i]);
    }
    for (size_t i = 0; i < n; i++) {
        sum += expl((long double)z[i] - top);
    }
    return expl((long double)z[o] - top) / sum;
}

static long double class_loss(const double *z, size_t n, size_t label) {
    size_t top = 0;
    long double others = 0.0L;
    for (size_t i = 1; i < n; i++) {
        top = z[i] > z[top] ? i : top;
    }
    for (size_t i = 0; i < n; i++) {
        others += i == top ? 0.0L : expl((long double)z[i] - (long double)z[top]);
    }
    return log1pl(others) + ((long double)z[top] - (long double)z[label]);
}

static long double one_loss(enum rg_loss loss, long double z, long double y) {
    if (loss == RG_LOSS_MSE) {
        return (z - y) * (z - y);
    }
    return (z > 0.0L ? z * (1.0L - y) : -z * y) + log1pl(expl(-fabsl(z)));
}

static long double right_loss(const struct sweep *s, size_t row) {
    const double *const z = s->z + row * s->outputs, *const y = s->y + row * targets_of(s);
    return s->loss == RG_LOSS_CE ? class_loss(z, s->outputs, (size_t)y[0])
                                 : one_loss(s->loss, (long double)z[0], (long double)y[0]);
}

/* What a sum over many classes is off by: it is made in four lanes or more, with half an eps a term. */
static long double summed(const struct sweep *s, long double value) {
    return ldexpl(value, 1 - s->format->digits) * (long double)(s->outputs / 8);
}

/* The gradient at output o, and how far off it may be. */
static long double right_slope(const struct sweep *s, size_t row, size_t o, long double *bound) {
    const double *const z = s->z + row * s->outputs, *const y = s->y + row * targets_of(s);
    const long double eps = ldexpl(1.0L, 1 - s->format->digits);
    if (s->loss == RG_LOSS_MSE) {
        const long double slope = 2.0L * ((long double)z[o] - (long double)y[o]);
        *bound = 4.0L * ulp(s->format, slope);
        *bound += s->zeros_below;
        return slope;
    }
    const long double p = s->loss == RG_LOSS_CE ? share(z, s->outputs, o)
                          : z[o] < 0.0          ? expl((long double)z[o]) / (1.0L + expl((long double)z[o]))
                                                : 1.0L / (1.0L + expl(-(long double)z[o]));
    const long double target = s->loss == RG_LOSS_CE ? (o == (size_t)y[0] ? 1.0L : 0.0L) : (long double)y[o];
    *bound = s->zeros_below + 4.0L * ulp(s->format, p) + summed(s, p) + (target > 0.0L ? eps * fmaxl(p, target) : 0.0L);
    return p - target;
}

static void compare(const struct sweep *s) {
    long double worst = 0.0L, worst_slope = 0.0L;
    const long double max = s->format->is_double ? (long double)DBL_MAX : (long double)FLT_MAX;
    for (size_t row = 0; row < s->rows; row++) {
        const double z = s->z[row * s->outputs + s->outputs - 1], y = s->y[row * targets_of(s)];
        const long double loss = right_loss(s, row);
        if (loss > max) {
            ck_assert_msg(isinf(s->losses[row]), "%s: loss %s of %g, %g is %g", s->where, rg_loss_names[s->loss], z, y,
                          s->losses[row]);
        } else {
            const long double off = fabsl((long double)s->losses[row] - loss) - s->zeros_below;
            const long double error = fmaxl(0.0L, off - summed(s, loss)) / ulp(s->format, loss);
            worst = fmaxl(worst, error);
            ck_assert_msg(error <= 4.0L, "%s: loss %s of %.17g, %g is %.17g, not %.17Lg: %.3Lg ulp", s->where,
                          rg_loss_names[s->loss], z, y, s->losses[row], loss, error);
        }
        for (size_t o = 0; o<s->outputs; o += o> 1 && o + 1 < s->outputs ? s->outputs - 1 - o : 1) {
            long double bound = 0.0L;
            const long double slope = right_slope(s, row, o, &bound);
            const long double ratio = fabsl((long double)s->slopes[row * s->outputs + o] - slope) / bound;
            worst_slope = fmaxl(worst_slope, ratio);
            ck_assert_msg(ratio <= 1.0L, "%s: slope %zu of %s of %.17g, %g is %.17g, not %.17Lg: %.3Lg of the bound",
                          s->where, o, rg_loss_names[s->loss], z, y, s->slopes[row * s->outputs + o], slope, ratio);
        }
    }
    (void)printf("%-40s %-4s %3zu outputs: losses to %.2Lf ulp, slopes to %.2Lf of the bound\n", s->where,
                 rg_loss_names[s->loss], s->outputs, worst, worst_slope);
}

/* ---- On the device ---- */

static struct rg_buffer *reals(struct rg_device *device, size_t n, const double *values) {
    struct rg_buffer *buffer = NULL;
    expect_ok(rg_reals_create(device, n, "the test", &buffer), "a buffer");
    expect_ok(values ? rg_reals_write(device, buffer, 0, values, n) : rg_buffer_zero(device, buffer), "numbers");
    return buffer;
}

/* Rows of `width` numbers as rows of `stride`, the rest 0. */
static struct rg_buffer *padded(struct rg_device *device, const double *values, size_t rows, size_t width,
                                size_t stride) {
    double *const all = numbers(rows * stride, sizeof *all);
    for (size_t i = 0; i < rows * width; i++) {
        all[i / width * stride + i % width] = values[i];
    }
    struct rg_buffer *const buffer = reals(device, rows * stride, all);
    free(all);
    return buffer;
}

static void read_back(struct rg_device *device, struct sweep *s, struct rg_buffer *dz, struct rg_buffer *row_loss,
                      size_t stride) {
    double *const all = numbers(s->rows * stride, sizeof *all), *const kept = numbers(2 * s->rows, sizeof *kept);
    expect_ok(rg_reals_read(device, all, dz, 0, s->rows * stride), "slopes");
    expect_ok(rg_reals_read(device, kept, row_loss, 0, 2 * s->rows), "losses");
    for (size_t i = 0; i < s->rows * s->outputs; i++) {
        s->slopes[i] = all[i / s->outputs * stride + i % s->outputs];
    }
    for (size_t row = 0; row < s->rows; row++) {
        s->losses[row] = kept[2 * row] + kept[2 * row + 1];
    }
    free(all);
    free(kept);
}

/* The loss kernel of wide heads takes logits as they are; the other makes them of one state: z = state times weight,
 * with the weights of `factors`. */
static void run_on(struct rg_device *device, struct sweep *s, const double *factors) {
    const size_t panel = rg_device_panel(device), stride = (s->outputs + panel - 1) / panel * panel;
    const size_t states = panel;
    double *const h = numbers(s->rows * states, sizeof *h);
    for (size_t row = 0; factors && row < s->rows; row++) {
        h[row * states] = s->z[row * s->outputs + s->outputs - 1];
    }
    double *const packed = numbers(2 * stride + s->outputs * panel, sizeof *packed);
    for (size_t o = 0; factors && o < s->outputs; o++) {
        packed[o] = factors[o];
    }
    struct rg_buffer *b[] = {reals(device, s->rows * states, h),
                             reals(device, 2 * stride + s->outputs * panel, packed),
                             reals(device, s->rows * targets_of(s), s->y),
                             padded(device, s->z, s->rows, s->outputs, stride),
                             reals(device, s->rows * stride, NULL),
                             reals(device, s->rows * states, NULL),
                             reals(device, 2 * s->rows, NULL)};
    const struct rg_head_args args = {.rows = s->rows,
                                      .to = 1,
                                      .end = s->rows,
                                      .w_reverse = 2 * stride,
                                      .bias = stride,
                                      .terms = 1,
                                      .hidden = 1,
                                      .h_stride = (rg_u32)states,
                                      .outputs = (rg_u32)s->outputs,
                                      .o_stride = (rg_u32)stride,
                                      .n_targets = (rg_u32)targets_of(s),
                                      .loss = (rg_u32)s->loss,
                                      .tile = 16,
                                      .scale = 1.0f,
                                      .loss_scale = 1.0f};
    const struct rg_launch head = {.kernel = RG_K_rg_head,
                                   .buffers = {b[0], b[1], b[2], b[3], b[4], b[5], b[6]},
                                   .args = &args,
                                   .groups = {(s->rows + 15) / 16, 1}};
    const struct rg_launch wide = {.kernel = RG_K_rg_wide_loss,
                                   .buffers = {b[1], b[2], b[3], b[4], b[6]},
                                   .args = &args,
                                   .groups = {5, 1},
                                   .local_bytes = rg_device_items(device) * device->info.real_bytes};
    expect_ok(rg_device_launch(device, factors ? &head : &wide), "the kernel");
    read_back(device, s, b[4], b[6], stride);
    for (size_t i = 0; i < sizeof b / sizeof *b; i++) {
        rg_buffer_destroy(device, b[i]);
    }
    free(h);
    free(packed);
}

/* ---- The numbers tried ---- */

/* Some numbers of every binade and both signs, and 0. */
static size_t fill(const struct format *f, int parts, double *x) {
    size_t n = 0;
    for (int e = f->min; e <= f->max; e++) {
        for (int i = 0; i < parts; i++) {
            const volatile float narrow = (float)ldexp(1.0 + (double)i * i / 37.0, e);
            x[n] = f->is_double ? ldexp(1.0 + (double)i * i / 37.0, e) : (double)narrow;
            x[n + 1] = -x[n];
            n += 2;
        }
    }
    x[n++] = 0.0;
    ck_assert_uint_le(n * 3, MAX_POINTS);
    return n;
}

/* Every logit with every target: factors[o] times it is output o. */
static void try(struct rg_device *device, struct sweep *s, const double *factors, const double *targets,
                size_t n_targets, bool wide) {
    double *const x = numbers(MAX_POINTS, sizeof *x);
    const size_t n = fill(s->format, s->outputs > CLASSES ? 1 : PARTS, x);
    s->rows = n * n_targets;
    s->z = numbers(s->rows * s->outputs, sizeof(double));
    s->y = numbers(s->rows * targets_of(s), sizeof(double));
    s->losses = numbers(s->rows, sizeof(double));
    s->slopes = numbers(s->rows * s->outputs, sizeof(double));
    for (size_t row = 0; row < s->rows; row++) {
        for (size_t o = 0; o < s->outputs; o++) {
            const double z = factors[o] * x[row / n_targets];
            const volatile float narrow = (float)z;
            s->z[row * s->outputs + o] = s->format->is_double ? z : (double)narrow;
        }
        s->y[row * targets_of(s)] = targets[row % n_targets];
    }
    run_on(device, s, wide ? NULL : factors);
    compare(s);
    free(x);
    free(s->z);
    free(s->y);
    free(s->losses);
    free(s->slopes);
}

static void sweep(const struct execution *e, const struct format *f) {
    static const double chances[] = {0.0, 1.0, 0.25, 0.9990234375}, values[] = {0.0, 1.0, -3.0e5};
    static const double labels[] = {0.0, 1.0, 2.0}, thirds[CLASSES] = {0.0, 0.5, 1.0};
    static double many[WIDE];
    struct rg_device *const device = open_one(e);
    if (!device) {
        return;
    }
    const long double zeros_below = device->info.subnormals_are_zero ? ldexpl(1.0L, f->min + f->digits) : 0.0L;
    many[1] = 0.5;
    many[WIDE - 1] = 1.0;
    for (int wide = 0; wide < 2; wide++) {
        struct sweep s = {.where = e->name, .format = f, .outputs = 1, .zeros_below = zeros_below};
        s.loss = RG_LOSS_BCE;
        try(device, &s, thirds + 2, chances, sizeof chances / sizeof *chances, wide);
        s.loss = RG_LOSS_MSE;
        try(device, &s, thirds + 2, values, sizeof values / sizeof *values, wide);
        s.loss = RG_LOSS_CE;
        s.outputs = CLASSES;
        try(device, &s, thirds, labels, sizeof labels / sizeof *labels, wide);
    }
    static const double some[] = {0.0, 1.0, WIDE - 1.0};
    struct sweep s = {.where = e->name, .format = f, .loss = RG_LOSS_CE, .outputs = WIDE, .zeros_below = zeros_below};
    try(device, &s, many, some, sizeof some / sizeof *some, true);
    rg_device_destroy(device);
}

START_TEST(losses_of_floats_are_right_over_their_range) {
    test_case("%s", executions[kinds[_i]].name);
    if (case_runs(!kind_is_gpu(_i))) {
        sweep(&executions[kinds[_i]], &formats[0]);
    }
}
END_TEST

START_TEST(losses_of_doubles_are_right_over_their_range) {
    test_case("%s", doubles[_i].name);
    if (case_runs(doubles[_i].spec[0] == 'c')) {
        sweep(&doubles[_i], &formats[1]);
    }
}
END_TEST

/* ---- Sums ---- */

/* The mean of the same squared error over 100,000 steps of three sequences: with zero weights and targets 0.3 it is the
 * square of that, however many terms it is summed from. The norm's kernel sums the sequences. */
START_TEST(a_mean_over_many_steps_keeps_its_digits) {
    enum { BATCH = 3, STEPS = 100000, WINDOW = 10000 };
    test_case("%s", executions[kinds[_i]].name);
    struct rg_device *const device = open_kind(_i);
    if (!device) {
        return;
    }
    const size_t panel = rg_device_panel(device), rows = (size_t)BATCH * WINDOW;
    double *const targets = numbers(rows, sizeof *targets), kept[2 * BATCH], sum = 0.0;
    for (size_t i = 0; i < rows; i++) {
        targets[i] = (double)0.3f;
    }
    struct rg_buffer *b[] = {reals(device, 2 * panel, NULL),    reals(device, rows, targets),
                             reals(device, rows * panel, NULL), reals(device, rows * panel, NULL),
                             reals(device, 2 * BATCH, NULL),    reals(device, panel, NULL)};
    for (size_t t = 0; t < STEPS; t += WINDOW) {
        const struct rg_head_args args = {.rows = BATCH,
                                          .from = t,
                                          .to = t + WINDOW,
                                          .end = BATCH,
                                          .base = t,
                                          .target_base = t,
                                          .terms = (rg_u64)BATCH * STEPS,
                                          .h_stride = (rg_u32)panel,
                                          .outputs = 1,
                                          .o_stride = (rg_u32)panel,
                                          .n_targets = 1,
                                          .loss = RG_LOSS_MSE,
                                          .tile = 4,
                                          .scale = 1.0f / (BATCH * STEPS),
                                          .loss_scale = 1.0f};
        expect_ok(rg_device_launch(device, &(struct rg_launch){.kernel = RG_K_rg_head,
                                                               .buffers = {b[5], b[0], b[1], b[2], b[3], b[5], b[4]},
                                                               .args = &args,
                                                               .groups = {1, 1}}),
                  "the kernel");
    }
    expect_ok(rg_reals_read(device, kept, b[4], 0, (size_t)2 * BATCH), "losses");
    for (size_t i = 0; i < (size_t)2 * BATCH; i++) {
        sum += kept[i];
    }
    const double right = (double)0.3f * (double)0.3f;
    ck_assert_msg(fabs(sum - right) <= 3.0 * (double)FLT_EPSILON * right, "%s: %.9g, not %.9g",
                  executions[kinds[_i]].name, sum, right);
    for (size_t i = 0; i < sizeof b / sizeof *b; i++) {
        rg_buffer_destroy(device, b[i]);
    }
    free(targets);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("losses") {
    TCase *const losses = add_tests(suite, "losses");
    tcase_set_timeout(losses, 300);
    tcase_add_loop_test(losses, losses_of_floats_are_right_over_their_range, 0, N_KINDS);
    tcase_add_loop_test(losses, losses_of_doubles_are_right_over_their_range, 0, N_DOUBLES);
    tcase_add_loop_test(losses, a_mean_over_many_steps_keeps_its_digits, 0, N_KINDS);
}
