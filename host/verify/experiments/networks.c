/* Experiments on the gradient of networks, with the kernels of the device: a network at its start, the gradient of one
 * batch of the adding problem, the norm of delta_t by lag. */
#include <math.h>
#include <string.h>

#include "base/stop.h"
#include "model/philox.h"
#include "rnn_gpu/memory.h"
#include "train/run.h"
#include "verify/experiments/linear.h"
#include "verify/experiments/probe.h"

enum { SEQUENCES = 64 };

/* The options of a run that only measures. The caller adds those of its net. */
static struct rg_config still(const struct rg_probe_context *options, size_t hidden, size_t steps) {
    struct rg_config c = *options->config;
    c.model.hidden = rg_probe_size_or(c.model.hidden, hidden);
    c.data.steps = rg_probe_size_or(c.data.steps, steps);
    c.data.batch = SEQUENCES;
    c.training.updates = 0;
    return c;
}

/* Norms of delta_t by lag [T] of the net at its start, and the fitted factor a step. */
static rg_status measure(const struct rg_probe_context *options, const struct rg_config *config, double *norms,
                         double *factor) {
    const struct rg_run_data none = {.training = NULL};
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    struct rg_run *run = NULL;
    RG_TRY(rg_run_create(config, &none, options->device, &run));
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_run_train(run, &hooks));
    RG_TRY_GOTO(rg_run_measure(run, RG_FIND_LAGS, NULL));
    *factor = run->result.diagnosis.verdict.factor;
    if (norms) {
        memcpy(norms, run->result.diagnosis.profile->delta_norm, config->data.steps * sizeof *norms);
    }
cleanup:
    rg_run_destroy(run);
    return status;
}

/* ln of the fitted factor, a mean over NETS nets. */
static rg_status measure_rate(const struct rg_probe_context *options, const struct rg_config *config, double *rate) {
    enum { NETS = 8 };
    struct rg_config c = *config;
    *rate = 0.0;
    for (size_t i = 0; i < NETS; i++, c.training.seed++) {
        double factor = 0.0;
        RG_TRY(measure(options, &c, NULL, &factor));
        *rate += log(factor) / NETS;
    }
    return RG_OK;
}

/* ---- Orthogonal matrices ---- */

/* sigma_max and sigma_min of (rho Q)^lags over rho^lags, in double. */
static rg_status orthogonal_powers(struct rg_probe_report *report, double rho, size_t n, size_t lags, uint64_t seed) {
    double *w = NULL;
    RG_TRY(rg_alloc(&w, 3 * n * n + n, sizeof *w, "matrices"));
    double *power = w + n * n, *next = power + n * n, *const sigma = next + n * n;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_linear_orthogonal(w, n, rho, seed, 0));
    memcpy(power, w, n * n * sizeof *w);
    for (size_t l = 1; l < lags; l++) {
        RG_TRY_GOTO(rg_stop_check());
        rg_linear_multiply(next, power, w, n);
        double *const swap = power;
        power = next;
        next = swap;
    }
    RG_TRY_GOTO(rg_linear_singular_values(power, n, sigma));
    const double expected = pow(rho, (double)lags);
    rg_probe_note(report, sigma[0], rg_probe_near(expected, 1e-5), "sigma_max of (%g Q)^%zu", rho, lags);
    rg_probe_note(report, sigma[n - 1], rg_probe_near(expected, 1e-5), "sigma_min of it");
cleanup:
    rg_free(w);
    return status;
}

/* Slope of y over x = 1 … n by least squares. */
static double slope(const double *y, size_t n) {
    const double centre = 0.5 * (double)(n + 1);
    double products = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)(i + 1) - centre;
        products += x * y[i];
        squares += x * x;
    }
    return products / squares;
}

/* h_t = tanh(g Q h_{t-1}) without input, from h_0 ~ N(0, 0.1^2): the factor a step of sigma_max of the Jacobian
 * product, fitted over 100 steps. */
static rg_status orthogonal_tanh(struct rg_probe_report *report, double g, double expected, double tolerance,
                                 uint64_t seed) {
    enum { N = 64, POINTS = 10, BETWEEN = 10 };
    double h[N], a[N], sigma[N], logarithms[POINTS], *w = NULL;
    const struct rg_stream stream = {.seed = seed, .parameter = 1};
    RG_TRY(rg_alloc(&w, 3 * N * N, sizeof *w, "matrices"));
    double *power = w + N * N, *next = power + N * N;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_linear_orthogonal(w, N, g, seed, 0));
    for (size_t i = 0; i < N; i += RG_BLOCK_NUMBERS) {
        rg_stream_normal(&stream, i / RG_BLOCK_NUMBERS, h + i);
    }
    for (size_t i = 0; i < N; i++) {
        h[i] *= 0.1;
        power[i * N + i] = 1.0;
    }
    for (size_t t = 1; t <= (size_t)POINTS * BETWEEN; t++) {
        rg_linear_multiply(next, w, power, N);
        for (size_t i = 0; i < N; i++) {
            a[i] = 0.0;
            for (size_t k = 0; k < N; k++) {
                a[i] += w[i * N + k] * h[k];
            }
        }
        for (size_t i = 0; i < N; i++) {
            h[i] = tanh(a[i]);
            for (size_t k = 0; k < N; k++) {
                power[i * N + k] = (1.0 - h[i] * h[i]) * next[i * N + k];
            }
        }
        if (t % BETWEEN == 0) {
            RG_TRY_GOTO(rg_linear_singular_values(power, N, sigma));
            logarithms[t / BETWEEN - 1] = log(sigma[0]);
        }
    }
    rg_probe_note(report, exp(slope(logarithms, POINTS) / BETWEEN), rg_probe_within(expected, tolerance),
                  "factor, tanh, %g Q, no input", g);
cleanup:
    rg_free(w);
    return status;
}

/* The linear net on the device: ||delta|| at the largest lag over that at lag 0. */
static rg_status orthogonal_net(const struct rg_probe_context *options, struct rg_probe_report *report, double rho) {
    struct rg_config c = still(options, 64, 100);
    double *norms = NULL, factor = 0.0;
    c.model.activation = RG_ACT_LINEAR;
    c.model.init = (struct rg_init){RG_INIT_ORTHOGONAL, rho};
    RG_TRY(rg_alloc(&norms, c.data.steps, sizeof *norms, "norms"));
    const rg_status status = measure(options, &c, norms, &factor);
    if (status == RG_OK) {
        rg_probe_note(report, norms[c.data.steps - 1] / norms[0],
                      rg_probe_near(pow(rho, (double)(c.data.steps - 1)), 1e-5 * (double)c.data.steps / 100.0),
                      "|delta_1/delta_%zu|, linear, %g Q", c.data.steps, rho);
    }
    rg_free(norms);
    return status;
}

rg_status rg_probe_orthogonal(const struct rg_probe_context *options, struct rg_probe_report *report) {
    static const double rhos[] = {0.9, 1.0, 1.1};
    const size_t n = rg_probe_size_or(options->config->model.hidden, 64);
    for (size_t i = 0; i < sizeof rhos / sizeof *rhos; i++) {
        RG_TRY(orthogonal_powers(report, rhos[i], n, 1000, options->config->training.seed));
        RG_TRY(orthogonal_net(options, report, rhos[i]));
    }
    /* 1.0 Q and 1.2 Q: one run of another program, which depends on its start */
    static const double tanhs[][3] = {{.5, .5, .01}, {.9, .9, .01}, {1.0, .9961, .02}, {1.2, 1.0244, .02}};
    for (size_t i = 0; i < sizeof tanhs / sizeof *tanhs; i++) {
        RG_TRY(orthogonal_tanh(report, tanhs[i][0], tanhs[i][1], tanhs[i][2], options->config->training.seed));
    }
    struct rg_config c = still(options, 64, 100);
    double factor = 0.0;
    c.model.init = (struct rg_init){RG_INIT_ORTHOGONAL, 0.9};
    RG_TRY(measure(options, &c, NULL, &factor));
    rg_probe_note(report, factor, rg_probe_at_most(0.9), "factor, tanh, 0.9 Q");
    return RG_OK;
}

/* ---- Sigmoid units: max sigma' = 1/4 ---- */

rg_status rg_probe_sigmoid(const struct rg_probe_context *options, struct rg_probe_report *report) {
    static const double gains[] = {1.0, 2.0, 4.0};
    struct rg_config c = still(options, 64, 30);
    c.model.activation = RG_ACT_SIGMOID;
    for (size_t i = 0; i < sizeof gains / sizeof *gains; i++) {
        double factor = 0.0;
        c.model.init = (struct rg_init){RG_INIT_ORTHOGONAL, gains[i]};
        RG_TRY(measure(options, &c, NULL, &factor));
        rg_probe_note(report, factor, rg_probe_at_most(0.25 * gains[i]), "factor, sigma_max(W) = %g", gains[i]);
    }
    return RG_OK;
}

/* ---- LSTM ---- */

rg_status rg_probe_forget_bias(const struct rg_probe_context *options, struct rg_probe_report *report) {
    /* H = 64, Glorot's weights, T = 100; chrono with PyTorch's. The rates are own measurements, of dL/dc_t, which this
     * one of delta_t follows within the tolerance; that a larger bias gives a larger rate, and that 0 and 5 lie on the
     * two sides of 0, holds for others too. */
    struct rg_config c = still(options, 64, 100);
    const bool known = c.model.hidden == 64 && c.data.steps == 100;
    const struct rg_probe_expectation expected[] = {rg_probe_within(-0.343, 0.1), rg_probe_within(-0.053, 0.05)};
    double last = -INFINITY, rate = 0.0;
    c.model.cell = RG_CELL_LSTM;
    c.model.init.kind = c.model.init_input.kind = RG_INIT_XAVIER;
    for (size_t i = 0; i < 4; i++, last = rate) {
        static const double biases[] = {0.0, 1.0, 2.0, 5.0};
        c.model.forget_bias = biases[i];
        RG_TRY(measure_rate(options, &c, &rate));
        rg_probe_note(report, rate,
                      known && i < 2 ? expected[i]
                      : i == 0       ? rg_probe_at_most(0.0)
                                     : rg_probe_at_least(i == 3 ? fmax(last, 0.0) : last),
                      "ln factor, forget bias %g", biases[i]);
    }
    c.model.init = (struct rg_init){RG_INIT_CHRONO, (double)c.data.steps};
    c.model.init_input.kind = RG_INIT_PYTORCH;
    c.model.forget_bias = NAN;
    RG_TRY(measure_rate(options, &c, &rate));
    rg_probe_note(report, rate, known ? rg_probe_within(-0.014, 0.03) : rg_probe_shown(), "ln factor, chrono:%zu",
                  c.data.steps);
    return RG_OK;
}

/* ---- IRNN: h_t = relu(h_{t-1} + u x_t) ---- */

/* Each unit is a random walk from h_0 = 0, and the scale of u does not matter. Count the (sequence, unit) pairs that
 * ReLU has not cut in steps 1 … t, and those that it passes at step t. */
struct random_walk {
    size_t hidden, steps;
    bool normal; /* two N(0, 1) inputs instead of the adding problem's value and mark */
    uint64_t seed;
    size_t *alive, *active; /* [steps] */
};

static void walk_sequence(const struct random_walk *w, uint32_t sequence, const double u[RG_BLOCK_NUMBERS]) {
    const struct rg_stream values = {.seed = w->seed, .parameter = 2 * sequence + 1};
    const struct rg_stream places = {.seed = w->seed, .parameter = 2 * sequence + 2};
    const size_t half = w->steps / 2;
    double z[RG_BLOCK_NUMBERS], place[RG_BLOCK_NUMBERS], h = 0.0;
    bool alive = true;
    rg_stream_uniform(&places, 0, place);
    const size_t first = (size_t)(place[0] * (double)half);
    const size_t second = half + (size_t)(place[1] * (double)(w->steps - half));
    for (size_t t = 0; t < w->steps; t++) {
        if (w->normal) {
            rg_stream_normal(&values, t, z);
        } else {
            rg_stream_uniform(&values, t, z);
            z[1] = t == first || t == second ? 1.0 : 0.0;
        }
        h = fmax(0.0, h + u[0] * z[0] + u[1] * z[1]);
        alive = alive && h > 0.0;
        w->alive[t] += alive;
        w->active[t] += h > 0.0;
    }
}

/* alive and active [steps] as shares. */
static rg_status walk(struct random_walk *w, double *alive, double *active) {
    const struct rg_stream units = {.seed = w->seed, .parameter = 0};
    RG_TRY(rg_alloc(&w->alive, 2 * w->steps, sizeof *w->alive, "counts"));
    w->active = w->alive + w->steps;
    for (size_t j = 0; j < w->hidden && !rg_stop_requested(); j++) {
        double u[RG_BLOCK_NUMBERS];
        rg_stream_normal(&units, j, u);
        for (uint32_t b = 0; b < SEQUENCES; b++) {
            walk_sequence(w, b, u);
        }
    }
    for (size_t t = 0; t < w->steps; t++) {
        alive[t] = (double)w->alive[t] / (double)(w->hidden * SEQUENCES);
        active[t] = (double)w->active[t] / (double)(w->hidden * SEQUENCES);
    }
    rg_free(w->alive);
    return rg_stop_check();
}

/* The probability that a walk of n independent symmetric steps stays positive: C(2 n, n) / 4^n for every distribution
 * of the steps (Sparre Andersen 1954). */
static double symmetric_share(size_t n) {
    double share = 1.0;
    for (size_t k = 1; k <= n; k++) {
        share *= 1.0 - 0.5 / (double)k;
    }
    return share;
}

/* The walk against the law for noise, and for the adding problem's inputs against shares that were measured here. */
static rg_status alive_walks(struct rg_probe_report *report, const struct rg_config *c) {
    enum { STEPS = 200 };
    static const size_t lags[] = {1, 10, 50, 200};
    static const double adding[] = {.49, .48, .47, .47};
    double alive[STEPS] = {0.0}, active[STEPS] = {0.0};
    for (int normal = 0; normal < 2; normal++) {
        struct random_walk w = {.hidden = c->model.hidden, .steps = STEPS, .normal = normal, .seed = c->training.seed};
        RG_TRY(walk(&w, alive, active));
        for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
            rg_probe_note(report, alive[lags[i] - 1],
                          rg_probe_within(normal ? symmetric_share(lags[i]) : adding[i], .05),
                          "alive for %zu steps, %s", lags[i], normal ? "noise" : "adding");
        }
    }
    return RG_OK;
}

/* ||delta_1||^2 / ||delta_T||^2 of the net on the device is the share of alive paths over that of active units. */
static rg_status alive_net(const struct rg_probe_context *options, struct rg_probe_report *report,
                           const struct rg_config *c) {
    double *norms = NULL, factor = 0.0;
    RG_TRY(rg_alloc(&norms, 3 * c->data.steps, sizeof *norms, "norms"));
    double *const alive = norms + c->data.steps, *const active = alive + c->data.steps;
    struct random_walk w = {.hidden = c->model.hidden, .steps = c->data.steps, .seed = c->training.seed};
    rg_status status = RG_OK;
    RG_TRY_GOTO(measure(options, c, norms, &factor));
    RG_TRY_GOTO(walk(&w, alive, active));
    rg_probe_note(report, pow(norms[c->data.steps - 1] / norms[0], 2.0),
                  rg_probe_within(alive[c->data.steps - 1] / active[c->data.steps - 1], 0.1),
                  "|delta_1/delta_%zu|^2, adding", c->data.steps);
cleanup:
    rg_free(norms);
    return status;
}

rg_status rg_probe_alive_paths(const struct rg_probe_context *options, struct rg_probe_report *report) {
    struct rg_config c = still(options, 400, 100);
    RG_TRY(alive_walks(report, &c));
    c.model.irnn = true;
    c.model.activation = RG_ACT_RELU;
    c.model.init = (struct rg_init){RG_INIT_IDENTITY, 1.0};
    c.model.init_input = (struct rg_init){RG_INIT_NORMAL, 0.001};
    return alive_net(options, report, &c);
}
