/* Checks that NaN, infinities, zeros of both signs and subnormal numbers pass through the kernels. A compiler that
 * takes all numbers to be finite removes the comparisons that they depend on. Subnormal numbers may become zero. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "gradient/cell_steps.h"
#include "kernels/base/args.h"
#include "reference/reference.h"
#include "verify/selftest/checks.h"

/* ---- Activations ---- */

enum { N_SPECIALS = 20 };

static void fill_specials(const struct rg_device *device, double x[N_SPECIALS]) {
    const bool is_double = device->info.real_bytes == sizeof(double);
    const double largest = is_double ? DBL_MAX : (double)FLT_MAX, subnormal = is_double ? 1e-310 : 1e-40;
    const double all[N_SPECIALS] = {(double)NAN,
                                    (double)INFINITY,
                                    -(double)INFINITY,
                                    0.0,
                                    -0.0,
                                    subnormal,
                                    -subnormal,
                                    largest,
                                    -largest,
                                    1e30,
                                    88.5,
                                    -88.5,
                                    104.0,
                                    -104.0,
                                    9.5,
                                    -9.5,
                                    21.0,
                                    -21.0,
                                    1.0,
                                    -1.0};
    memcpy(x, all, sizeof all);
}

/* How far a number is from the wanted one, in its last places; `smallest` is the smallest normal number. NaN where one
 * of the two is not finite and the other differs. */
static double distance(double got, double wanted, double smallest) {
    if (!isfinite(wanted) || !isfinite(got)) {
        return got == wanted || (isnan(got) && isnan(wanted)) ? 0.0 : (double)NAN;
    }
    return fmax(fabs(got - wanted) - smallest, 0.0) / fmax(fabs(wanted), smallest);
}

static double worse(double a, double b) {
    return isnan(a) || a > b ? a : b;
}

static rg_status check_activations(struct rg_checks *checks, struct rg_device *device) {
    enum { LANES = 16, N = (N_SPECIALS + LANES - 1) / LANES * LANES };
    const double smallest = device->info.real_bytes == sizeof(double) ? DBL_MIN : (double)FLT_MIN;
    double x[N] = {0.0}, values[N], slopes[N];
    struct rg_buffer *b[3] = {NULL};
    rg_status status = RG_OK;
    fill_specials(device, x);
    for (size_t i = 0; i < 3; i++) {
        RG_TRY_GOTO(rg_reals_create(device, N, "the self-test", &b[i]));
    }
    RG_TRY_GOTO(rg_reals_write(device, b[0], 0, x, N));
    for (int a = 0; a < RG_N_ACTIVATIONS; a++) {
        const struct rg_activation_args args = {.n = N, .activation = (rg_u32)a};
        double value = 0.0, slope = 0.0;
        RG_TRY_GOTO(rg_device_launch(device, &(struct rg_launch){.kernel = RG_K_rg_activation_values,
                                                                 .buffers = {b[0], b[1], b[2]},
                                                                 .args = &args,
                                                                 .groups = {1, 1}}));
        RG_TRY_GOTO(rg_reals_read(device, values, b[1], 0, N));
        RG_TRY_GOTO(rg_reals_read(device, slopes, b[2], 0, N));
        for (size_t i = 0; i < N_SPECIALS; i++) {
            value = worse(distance(values[i], ref_activate((enum ref_activation)a, x[i]), smallest), value);
            const double wanted = rg_activation_slope((enum rg_activation)a, values[i]);
            /* the slope of a zero is right too where a device takes subnormal numbers as zeros */
            const bool is_zero = device->info.subnormals_are_zero && fabs(x[i]) < smallest;
            slope = isnan(x[i]) || is_zero ? slope : worse(distance(1.0 + slopes[i], 1.0 + wanted, smallest), slope);
        }
        rg_checks_add(checks, "special numbers", rg_activation_names[a], value, 8.0 * rg_device_eps(device));
        rg_checks_add(checks, "slopes at special numbers", rg_activation_names[a], slope, 8.0 * rg_device_eps(device));
    }
cleanup:
    for (size_t i = 0; i < 3; i++) {
        rg_buffer_destroy(device, b[i]);
    }
    return status;
}

/* ---- The norm ---- */

static const struct special_norm {
    double gradient, loss;
    bool skips;
} norms[] = {
    {-0.0, 0.0, false},       {1e-40, 1e-40, false},         {3.0, 2.0, false},
    {(double)NAN, 2.0, true}, {(double)INFINITY, 2.0, true}, {-(double)INFINITY, 2.0, true},
    {3.0, (double)NAN, true}, {3.0, (double)INFINITY, true}, {3.0, -(double)INFINITY, true},
};
enum { N_NORMS = sizeof norms / sizeof *norms };

/* One number of a gradient and one loss are special: an update is skipped if one of them is not finite. One group
 * decides by itself, and several in a second stage. */
static rg_status check_norm(struct rg_checks *checks, struct rg_device *device) {
    enum { GROUPS = 2, N = 256, PLACE = 77, ROWS = 8 };
    double gradient[N] = {0.0}, losses[ROWS] = {0.0}, wrong = 0.0;
    struct rg_buffer *g = NULL, *loss = NULL, *partials = NULL, *control = NULL, *history = NULL;
    struct rg_control found;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_reals_create(device, N, "the self-test", &g));
    RG_TRY_GOTO(rg_reals_create(device, ROWS, "the self-test", &loss));
    RG_TRY_GOTO(rg_reals_create(device, (size_t)GROUPS * RG_NORM_PARTIAL, "the self-test", &partials));
    RG_TRY_GOTO(rg_buffer_create(device, sizeof(struct rg_control), "the self-test", &control));
    RG_TRY_GOTO(rg_buffer_create(device, sizeof(struct rg_record), "the self-test", &history));
    for (size_t i = 0; i < (size_t)N_NORMS * GROUPS; i++) {
        const struct special_norm *const norm = &norms[i / GROUPS];
        const size_t groups = 1 + i % GROUPS;
        const struct rg_norm_args args = {.n = N, .rows = ROWS, .n_partials = (rg_u32)groups, .max_skips = N_NORMS};
        gradient[PLACE] = norm->gradient;
        losses[ROWS - 2] = norm->loss;
        RG_TRY_GOTO(rg_buffer_zero(device, control));
        RG_TRY_GOTO(rg_reals_write(device, g, 0, gradient, N));
        RG_TRY_GOTO(rg_reals_write(device, loss, 0, losses, ROWS));
        RG_TRY_GOTO(rg_device_launch(
            device,
            &(struct rg_launch){.kernel = RG_K_rg_norm_partials,
                                .buffers = {g, loss, partials, control, history},
                                .args = &args,
                                .groups = {groups, 1},
                                .local_bytes = rg_device_items(device) * RG_NORM_PARTIAL * device->info.real_bytes}));
        if (groups > 1) {
            RG_TRY_GOTO(rg_device_launch(device, &(struct rg_launch){.kernel = RG_K_rg_norm_total,
                                                                     .buffers = {partials, control, history},
                                                                     .args = &args,
                                                                     .groups = {1, 1}}));
        }
        RG_TRY_GOTO(rg_buffer_read(device, &found, control, 0, sizeof found));
        wrong += (found.skip != 0) != norm->skips;
    }
    rg_checks_add(checks, "special numbers", "updates that are skipped", wrong, 0.0);
cleanup:
    rg_buffer_destroy(device, g);
    rg_buffer_destroy(device, loss);
    rg_buffer_destroy(device, partials);
    rg_buffer_destroy(device, control);
    rg_buffer_destroy(device, history);
    return status;
}

/* ---- The loss ---- */

/* Outputs, targets and squared errors of sequences. A target that is NaN masks its sequence. */
static const struct {
    double output, target, loss;
} rows[] = {
    {(double)NAN, 1.0, (double)NAN},
    {(double)INFINITY, 1.0, (double)INFINITY},
    {-(double)INFINITY, 1.0, (double)INFINITY},
    {1e-40, 1.0, 1.0},
    {-0.0, 0.0, 0.0},
    {0.5, (double)NAN, 0.0},
    {(double)NAN, (double)NAN, 0.0},
    {0.5, 1.0, 0.25},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* A head of one output whose weight is 1: the output is the state. */
static rg_status check_loss(struct rg_checks *checks, struct rg_device *device) {
    const size_t panel = rg_device_panel(device), wide = N_ROWS * panel;
    const struct rg_head_args args = {.rows = N_ROWS,
                                      .to = 1,
                                      .end = N_ROWS,
                                      .w_reverse = panel,
                                      .bias = 2 * panel,
                                      .terms = 1,
                                      .hidden = 1,
                                      .h_stride = (rg_u32)panel,
                                      .outputs = 1,
                                      .o_stride = (rg_u32)panel,
                                      .n_targets = 1,
                                      .loss = RG_LOSS_MSE,
                                      .tile = N_ROWS,
                                      .scale = 1.0f,
                                      .loss_scale = 1.0f};
    const size_t sizes[] = {wide, 3 * panel, N_ROWS, wide, wide, wide, 2 * (size_t)N_ROWS};
    enum { H, PACKED, Y, Z, DZ, DH, LOSS, N_BUFFERS };
    struct rg_launch launch = {.kernel = RG_K_rg_head, .args = &args, .groups = {1, 1}};
    const double one = 1.0;
    double losses[2 * N_ROWS], wrong = 0.0;
    rg_status status = RG_OK;
    for (size_t i = 0; i < N_BUFFERS; i++) {
        RG_TRY_GOTO(rg_reals_create(device, sizes[i], "the self-test", &launch.buffers[i]));
        RG_TRY_GOTO(rg_buffer_zero(device, launch.buffers[i]));
    }
    RG_TRY_GOTO(rg_reals_write(device, launch.buffers[PACKED], 0, &one, 1));
    RG_TRY_GOTO(rg_reals_write(device, launch.buffers[PACKED], panel, &one, 1));
    for (size_t i = 0; i < N_ROWS; i++) {
        RG_TRY_GOTO(rg_reals_write(device, launch.buffers[H], i * panel, &rows[i].output, 1));
        RG_TRY_GOTO(rg_reals_write(device, launch.buffers[Y], i, &rows[i].target, 1));
    }
    RG_TRY_GOTO(rg_device_launch(device, &launch));
    RG_TRY_GOTO(rg_reals_read(device, losses, launch.buffers[LOSS], 0, 2 * (size_t)N_ROWS));
    for (size_t i = 0; i < N_ROWS; i++) {
        double gradient = 0.0;
        RG_TRY_GOTO(rg_reals_read(device, &gradient, launch.buffers[DZ], i * panel, 1));
        wrong += !(distance(losses[2 * i], rows[i].loss, (double)FLT_MIN) <= 4.0 * rg_device_eps(device));
        wrong += isnan(rows[i].target) && gradient != 0.0;
        wrong += !isnan(rows[i].target) && isfinite(gradient) != isfinite(rows[i].output);
    }
    rg_checks_add(checks, "special numbers", "losses and gradients of outputs", wrong, 0.0);
cleanup:
    for (size_t i = 0; i < N_BUFFERS; i++) {
        rg_buffer_destroy(device, launch.buffers[i]);
    }
    return status;
}

rg_status rg_check_specials(struct rg_checks *checks, struct rg_device *device, bool activations, bool loss) {
    RG_TRY(activations ? check_activations(checks, device) : RG_OK);
    RG_TRY(check_norm(checks, device));
    return loss ? check_loss(checks, device) : RG_OK;
}
