/* Experiments on products of matrices: powers, a fixed point, Lyapunov exponents, the mean field. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/stop.h"
#include "model/philox.h"
#include "rnn_gpu/memory.h"
#include "verify/experiments/linear.h"
#include "verify/experiments/probe.h"

enum { MAX_SIDE = 16, START = 1 << 20, WEIGHTS = 2 << 20 };

/* ---- Matrices from the command line ---- */

/* Numbers separated by commas, at most `max`, from *text on, which is left at what follows. 0: there is none. */
static size_t read_numbers(const char **text, double *out, size_t max) {
    for (size_t n = 0; n < max;) {
        const size_t length = strspn(*text, "+-.0123456789eE");
        char *end = NULL;
        out[n++] = strtod(*text, &end);
        if (length == 0 || end != *text + length || !isfinite(out[n - 1])) {
            return 0;
        }
        *text = end;
        if (**text != ',') {
            return n;
        }
        (*text)++;
    }
    return 0;
}

/* --matrix "a,b;c,d" into [side][side]. */
static rg_status read_matrix(const char *text, double *matrix, size_t *side) {
    const char *at = text;
    size_t rows = 0;
    *side = 1;
    do {
        const size_t n = rows < *side ? read_numbers(&at, matrix + rows * *side, MAX_SIDE) : 0;
        *side = rows == 0 ? n : *side;
        rows++;
        if (n == 0 || n != *side) {
            return rg_fail(RG_USAGE, "--matrix: '%.80s' is not a square matrix of at most %d rows such as 0.9,3;0,0.9",
                           text, MAX_SIDE);
        }
    } while (*at == ';' && at++);
    if (*at != '\0' || rows != *side) {
        return rg_fail(RG_USAGE, "--matrix: '%.80s' is not a square matrix of at most %d rows such as 0.9,3;0,0.9",
                       text, MAX_SIDE);
    }
    return RG_OK;
}

/* ---- Powers ---- */

struct growth {
    double peak;      /* largest sigma_max of a power */
    size_t peak_at;   /* its exponent */
    size_t below_one; /* the first exponent whose power has sigma_max < 1; 0: none */
    double last;      /* sigma_max of the last power */
};

static rg_status grow(const double *matrix, size_t side, size_t steps, struct growth *g) {
    double power[MAX_SIDE * MAX_SIDE], next[MAX_SIDE * MAX_SIDE], sigma[MAX_SIDE];
    memcpy(power, matrix, side * side * sizeof *power);
    *g = (struct growth){.peak = -1.0};
    for (size_t l = 1; l <= steps; l++) {
        RG_TRY(rg_linear_singular_values(power, side, sigma));
        if (sigma[0] > g->peak) {
            g->peak = sigma[0];
            g->peak_at = l;
        }
        g->below_one = g->below_one == 0 && sigma[0] < 1.0 ? l : g->below_one;
        g->last = sigma[0];
        rg_linear_multiply(next, power, matrix, side);
        memcpy(power, next, side * side * sizeof *power);
    }
    return RG_OK;
}

rg_status rg_probe_power(const struct rg_probe_context *options, struct rg_probe_report *report) {
    const struct rg_config *const c = options->config;
    const size_t steps = rg_probe_size_or(c->data.steps, 100);
    double matrix[MAX_SIDE * MAX_SIDE] = {0.9, 3.0, 0.0, 0.9}, sigma[MAX_SIDE], radius = 0.0;
    size_t side = 2;
    struct growth g;
    if (c->probe.matrix) {
        RG_TRY(read_matrix(c->probe.matrix, matrix, &side));
    }
    const bool known = !c->probe.matrix && steps == 100;
    const struct rg_probe_expectation shown = rg_probe_shown();
    RG_TRY(rg_linear_singular_values(matrix, side, sigma));
    RG_TRY(rg_linear_spectral_radius(matrix, side, &radius));
    RG_TRY(grow(matrix, side, steps, &g));
    rg_probe_note(report, radius, known ? rg_probe_near(0.9, 1e-6) : shown, "spectral radius of W");
    rg_probe_note(report, sigma[0], known ? rg_probe_near(3.249286, 1e-6) : shown, "sigma_max of W");
    rg_probe_note(report, g.peak, known ? rg_probe_near(11.635514, 1e-6) : shown, "largest sigma_max of W^l");
    rg_probe_note(report, (double)g.peak_at, known ? rg_probe_within(9.0, 0.0) : shown, "at l");
    rg_probe_note(report, (double)g.below_one, known ? rg_probe_within(49.0, 0.0) : shown,
                  "first l with sigma_max below 1");
    rg_probe_note(report, g.last, known ? rg_probe_near(8.853879e-3, 1e-6) : shown, "sigma_max of W^%zu", steps);
    return RG_OK;
}

/* ---- x_t = W tanh(x_{t-1}) + b held at its fixed point x* = (0, artanh 1/2) ---- */

rg_status rg_probe_fixed_point(const struct rg_probe_context *options, struct rg_probe_report *report) {
    static const double w[4] = {8.0, 8.0, -8.0, -8.0};
    const double slopes[2] = {1.0, 1.0 - 0.25}; /* tanh' at x* */
    const size_t steps = rg_probe_size_or(options->config->data.steps, 40);
    double jacobian[4], power[4], next[4], sigma[2], radius = 0.0;
    for (size_t i = 0; i < 4; i++) {
        power[i] = jacobian[i] = w[i] * slopes[i % 2];
    }
    RG_TRY(rg_linear_singular_values(w, 2, sigma));
    RG_TRY(rg_linear_spectral_radius(w, 2, &radius));
    rg_probe_note(report, radius, rg_probe_within(0.0, 0.0), "spectral radius of W");
    rg_probe_note(report, sigma[0], rg_probe_near(16.0, 1e-12), "sigma_max of W");
    RG_TRY(rg_linear_spectral_radius(jacobian, 2, &radius));
    rg_probe_note(report, radius, rg_probe_near(2.0, 1e-9), "spectral radius of the Jacobian J");
    for (size_t l = 1; l <= steps; l++) {
        RG_TRY(rg_linear_singular_values(power, 2, sigma));
        if (l == 1 || l == 10 || l == steps) {
            rg_probe_note(report, sigma[0], rg_probe_near(ldexp(sqrt(200.0), (int)l - 1), 1e-12), "sigma_max of J^%zu",
                          l);
        }
        rg_linear_multiply(next, power, jacobian, 2);
        memcpy(power, next, sizeof power);
    }
    return RG_OK;
}

/* ---- Lyapunov exponents of products of independent Ginibre matrices, elements N(0, 1/n) ---- */

/* psi(x) and psi'(x) for x > 0: recurrence up to 10, then the asymptotic series (Abramowitz, Stegun 6.3.18, 6.4.12). */
static double digamma(double x) {
    double sum = 0.0;
    while (x < 10.0) {
        sum -= 1.0 / x;
        x += 1.0;
    }
    const double y = 1.0 / (x * x);
    return sum + log(x) - 0.5 / x - y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y / 240)));
}

static double trigamma(double x) {
    double sum = 0.0;
    while (x < 10.0) {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    const double y = 1.0 / (x * x);
    return sum + 1.0 / x + 0.5 * y + y / x * (1.0 / 6 - y * (1.0 / 30 - y * (1.0 / 42 - y / 30)));
}

static rg_status lyapunov(size_t n, size_t steps, uint64_t seed, double *exponents) {
    double *q = NULL;
    RG_TRY(rg_alloc(&q, 3 * n * n + n, sizeof *q, "matrices"));
    double *const a = q + n * n, *const product = a + n * n, *const r = product + n * n;
    for (size_t i = 0; i < n; i++) {
        q[i * n + i] = 1.0;
        exponents[i] = 0.0;
    }
    for (size_t t = 0; t < steps && !rg_stop_requested(); t++) {
        rg_linear_gaussian(a, n, 1.0 / sqrt((double)n), seed, (uint32_t)t);
        rg_linear_multiply(product, q, a, n);
        memcpy(q, product, n * n * sizeof *q);
        rg_linear_orthonormalise(q, n, r);
        for (size_t i = 0; i < n; i++) {
            exponents[i] += log(r[i]) / (double)steps;
        }
    }
    rg_free(q);
    return rg_stop_check();
}

rg_status rg_probe_lyapunov(const struct rg_probe_context *options, struct rg_probe_report *report) {
    static const size_t sides[] = {16, 64};
    const size_t steps = rg_probe_size_or(options->config->data.steps, 3000), asked = options->config->model.hidden;
    for (size_t s = 0; s < (asked > 0 ? 1 : sizeof sides / sizeof *sides); s++) {
        const size_t n = asked > 0 ? asked : sides[s], shown[] = {1, 2, n / 2, n};
        double *exponents = NULL;
        RG_TRY(rg_alloc(&exponents, n, sizeof *exponents, "exponents"));
        const rg_status status = lyapunov(n, steps, options->config->training.seed, exponents);
        for (size_t i = 0; status == RG_OK && i < sizeof shown / sizeof *shown; i++) {
            const size_t k = shown[i];
            if (k >= 1 && k <= n && (i == 0 || k > shown[i - 1])) {
                /* Newman 1986: ln of a chi variable with n - k + 1 degrees of freedom, over sqrt n */
                const double half = 0.5 * (double)(n - k + 1);
                const double expected = 0.5 * (digamma(half) + log(2.0) - log((double)n));
                const double error = 0.5 * sqrt(trigamma(half) / (double)steps);
                rg_probe_note(report, exponents[k - 1], rg_probe_within(expected, fmax(0.02, 3.0 * error)),
                              "exponent %zu of %zu", k, n);
            }
        }
        rg_free(exponents);
        RG_TRY(status);
    }
    return RG_OK;
}

/* ---- The mean field of h_t = tanh(W h_{t-1} + u_t), W ~ N(0, s^2/H), u_t ~ N(0, v^2) ---- */

/* E f(sqrt(q) z) for z ~ N(0, 1): the trapezoidal rule, which converges exponentially here. */
static double gaussian_mean(double (*f)(double), double q) {
    double sum = 0.0, weights = 0.0;
    for (int i = -400; i <= 400; i++) {
        const double z = i * 0.025, weight = exp(-0.5 * z * z);
        sum += weight * f(sqrt(q) * z);
        weights += weight;
    }
    return sum / weights;
}

static double tanh_square(double x) {
    return tanh(x) * tanh(x);
}

static double slope_square(double x) {
    const double slope = 1.0 - tanh(x) * tanh(x);
    return slope * slope;
}

/* ln of the factor of the gradient a step: 1/2 ln chi, chi = s^2 E tanh'(sqrt(q*) z)^2, q* = s^2 E tanh^2 + v^2. */
static double mean_field_rate(double s, double v) {
    double q = 1.0;
    for (int i = 0; i < 2000; i++) {
        q = s * s * gaussian_mean(tanh_square, q) + v * v;
    }
    return 0.5 * log(s * s * gaussian_mean(slope_square, q));
}

/* A net and one sequence of it. */
struct field {
    size_t hidden, steps;
    double v;
    uint64_t seed;
    uint32_t number; /* of the sequence */
    double *w;       /* [H][H] */
    double *h;       /* [T][H] */
    double *delta;   /* [2][H] */
};

static void draw_states(const struct field *f) {
    const size_t n = f->hidden;
    const struct rg_stream stream = {.seed = f->seed, .parameter = f->number};
    double z[RG_BLOCK_NUMBERS] = {0.0};
    for (size_t at = 0; at < f->steps * n; at++) {
        const size_t t = at / n, i = at % n;
        double a = 0.0;
        for (size_t k = 0; t > 0 && k < n; k++) {
            a += f->w[i * n + k] * f->h[(t - 1) * n + k];
        }
        if (at % RG_BLOCK_NUMBERS == 0) {
            rg_stream_normal(&stream, at / RG_BLOCK_NUMBERS, z);
        }
        f->h[at] = tanh(a + f->v * z[at % RG_BLOCK_NUMBERS]);
    }
}

/* to = W^T (tanh' from) at step t; returns ||to||^2. */
static double step_back(const struct field *f, size_t t, const double *from, double *to) {
    const size_t n = f->hidden;
    double square = 0.0;
    memset(to, 0, n * sizeof *to);
    for (size_t i = 0; i < n; i++) {
        const double h = f->h[t * n + i], delta = from[i] * (1.0 - h * h);
        for (size_t k = 0; k < n; k++) {
            to[k] += f->w[i * n + k] * delta;
        }
    }
    for (size_t k = 0; k < n; k++) {
        square += to[k] * to[k];
    }
    return square;
}

/* ln of the factor a step, a mean over windows of WINDOW steps that each begin with a random direction; the first
 * quarter of the steps, where the states have not their size yet, is left out. Over l steps the powers of the one W
 * exceed the mean field's by a factor of about 1 + l^2/H, so windows are short. */
static double measured_rate(const struct field *f) {
    enum { WINDOW = 4 };
    const size_t n = f->hidden;
    const struct rg_stream start = {.seed = f->seed, .parameter = f->number + START};
    double logarithm = 0.0;
    uint64_t block = 0;
    size_t count = 0;
    for (size_t t = f->steps; t >= f->steps / 4 + WINDOW; t -= WINDOW) {
        double *now = f->delta, *next = f->delta + n, z[RG_BLOCK_NUMBERS] = {0.0}, first = 0.0, last = 0.0;
        for (size_t i = 0; i < n; i++) {
            if (i % RG_BLOCK_NUMBERS == 0) {
                rg_stream_normal(&start, block++, z);
            }
            now[i] = z[i % RG_BLOCK_NUMBERS];
            first += now[i] * now[i];
        }
        for (size_t k = 1; k <= WINDOW; k++) {
            last = step_back(f, t - k, now, next);
            double *const swap = now;
            now = next;
            next = swap;
        }
        logarithm += 0.5 * log(last / first);
        count += WINDOW;
    }
    return logarithm / (double)count;
}

rg_status rg_probe_mean_field(const struct rg_probe_context *options, struct rg_probe_report *report) {
    static const double cases[][2] = {{0.5, 0.1}, {0.9, 0.1}, {1.0, 0.1}, {1.1, 0.1}, {1.5, 0.3}, {2.0, 0.1}};
    enum { SEQUENCES = 8 };
    struct field f = {.hidden = rg_probe_size_or(options->config->model.hidden, 256),
                      .steps = rg_probe_size_or(options->config->data.steps, 100),
                      .seed = options->config->training.seed};
    const size_t n = f.hidden;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&f.w, n * n + f.steps * n + 2 * n, sizeof *f.w, "the net"));
    f.h = f.w + n * n;
    f.delta = f.h + f.steps * n;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double s = cases[i][0];
        double rate = 0.0;
        f.v = cases[i][1];
        for (uint32_t k = 0; k < SEQUENCES && !rg_stop_requested(); k++) {
            f.number = SEQUENCES * (uint32_t)i + k;
            rg_linear_gaussian(f.w, n, s / sqrt((double)n), f.seed, f.number + WEIGHTS);
            draw_states(&f);
            rate += measured_rate(&f) / SEQUENCES;
        }
        RG_TRY_GOTO(rg_stop_check());
        rg_probe_note(report, rate, rg_probe_within(mean_field_rate(s, f.v), 0.02), "ln factor, s = %g, input %g", s,
                      f.v);
    }
cleanup:
    rg_free(f.w);
    return status;
}
