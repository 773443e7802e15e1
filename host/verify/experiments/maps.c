/* Experiments on a map of one number: the error wall, and the curse of memory. */
#include <math.h>

#include "model/philox.h"
#include "verify/experiments/probe.h"

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

/* ---- x_t = w sigmoid(x_{t-1}) + b, x_0 = 1/2, E = (sigmoid(x_T) - 0.7)^2 ---- */

struct wall {
    double error, dw, db; /* E, dE/dw, dE/db */
};

static struct wall wall_at(double w, double b, size_t steps) {
    double x = 0.5, xw = 0.0, xb = 0.0; /* with its derivatives by w and b */
    for (size_t t = 0; t < steps; t++) {
        const double s = sigmoid(x), slope = w * s * (1.0 - s);
        xw = s + slope * xw;
        xb = 1.0 + slope * xb;
        x = w * s + b;
    }
    const double s = sigmoid(x), miss = s - 0.7, de = 2.0 * miss * s * (1.0 - s);
    return (struct wall){miss * miss, de * xw, de * xb};
}

static double wall_norm(double w, double b, size_t steps) {
    const struct wall at = wall_at(w, b, steps);
    return hypot(at.dw, at.db);
}

/* The b of [-4, -1] with the largest gradient: a grid, made finer around its best point. */
static double wall_peak(double w, size_t steps) {
    enum { POINTS = 2000, ROUNDS = 4 };
    double from = -4.0, to = -1.0, best = from;
    for (int round = 0; round < ROUNDS; round++) {
        const double width = (to - from) / POINTS;
        double top = -1.0;
        for (int i = 0; i <= POINTS; i++) {
            const double b = from + width * i, norm = wall_norm(w, b, steps);
            if (norm > top) {
                top = norm;
                best = b;
            }
        }
        from = best - 2.0 * width;
        to = best + 2.0 * width;
    }
    return best;
}

/* A step of rate 0.1 from the wall, its gradient clipped to norm `clip` (INFINITY: not). */
static void wall_step(struct rg_probe_report *report, const double start[2], double clip, const double expected[3]) {
    const struct wall at = wall_at(start[0], start[1], 50);
    const double norm = hypot(at.dw, at.db), scale = norm > clip ? clip / norm : 1.0;
    const double w = start[0] - 0.1 * scale * at.dw, b = start[1] - 0.1 * scale * at.db;
    rg_probe_note(report, w, rg_probe_near(expected[0], 1e-4), "w after a step of 0.1, clip %g", clip);
    rg_probe_note(report, b, rg_probe_near(expected[1], 1e-4), "b after it");
    rg_probe_note(report, wall_at(w, b, 50).error, rg_probe_near(expected[2], 1e-4), "E after it");
}

/* The steepest point for another w, beside its published height where there is one. */
static void wall_of(struct rg_probe_report *report, double w, size_t steps) {
    static const double known[][2] = {{4.6, 315.72}, {4.8, 1396.28}, {5.2, 34241.6}, {5.4, 173673.8}};
    const double b = wall_peak(w, steps);
    struct rg_probe_expectation height = rg_probe_shown();
    for (size_t i = 0; steps == 50 && i < sizeof known / sizeof *known; i++) {
        height = w == known[i][0] ? rg_probe_near(known[i][1], 1e-4) : height;
    }
    rg_probe_note(report, b, rg_probe_shown(), "b of the steepest point");
    rg_probe_note(report, wall_norm(w, b, steps), height, "|grad E| there, w = %g", w);
    rg_probe_note(report, wall_at(w, b, steps).error, rg_probe_shown(), "E there");
}

rg_status rg_probe_wall(const struct rg_probe_context *options, struct rg_probe_report *report) {
    const double w = isnan(options->config->probe.weight) ? 5.0 : options->config->probe.weight;
    const size_t steps = rg_probe_size_or(options->config->data.steps, 50);
    if (w != 5.0 || steps != 50) {
        wall_of(report, w, steps);
        return RG_OK;
    }
    static const double points[][3] = {/* b, E, |grad E| */
                                       {-2.614, .34182245, .2457457},
                                       {-2.612, .00847633, 9.281034},
                                       {-2.61234136, .14960413, 6773.125}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        const double b = points[i][0];
        rg_probe_note(report, wall_at(5.0, b, 50).error, rg_probe_near(points[i][1], 1e-6), "E at b = %.9g", b);
        rg_probe_note(report, wall_norm(5.0, b, 50), rg_probe_near(points[i][2], 1e-6), "|grad E| there");
    }
    rg_probe_note(report, wall_norm(4.6, wall_peak(4.6, 50), 50), rg_probe_near(315.72, 1e-4), "peak for w = 4.6");
    rg_probe_note(report, wall_norm(5.4, wall_peak(5.4, 50), 50), rg_probe_near(173673.8, 1e-4), "peak for w = 5.4");
    const double start[2] = {5.0, -2.61234136};
    wall_step(report, start, INFINITY, (const double[]){362.77, 572.50, .09});
    wall_step(report, start, 1.0, (const double[]){5.05282231, -2.52743080, .02586525});
    return RG_OK;
}

/* ---- h_t = lambda h_{t-1} + x_t with white x of variance 1 ---- */

/* Means over `runs` of h^2 and (dh/dlambda)^2 after `steps` steps. */
static void curse_means(double lambda, size_t steps, const struct rg_stream *stream, double means[2]) {
    enum { RUNS = 10000 };
    double z[RG_BLOCK_NUMBERS], squares[2] = {0.0, 0.0};
    uint64_t block = 0;
    for (size_t r = 0; r < RUNS; r++) {
        double h = 0.0, dh = 0.0;
        for (size_t t = 0; t < steps; t++) {
            if (t % RG_BLOCK_NUMBERS == 0) {
                rg_stream_normal(stream, block++, z);
            }
            dh = h + lambda * dh;
            h = lambda * h + z[t % RG_BLOCK_NUMBERS];
        }
        squares[0] += h * h;
        squares[1] += dh * dh;
    }
    means[0] = squares[0] / RUNS;
    means[1] = squares[1] / RUNS;
}

rg_status rg_probe_curse(const struct rg_probe_context *options, struct rg_probe_report *report) {
    static const double lambdas[] = {0.9, 0.99};
    for (uint32_t i = 0; i < sizeof lambdas / sizeof *lambdas; i++) {
        const double l = lambdas[i], rest = 1.0 - l * l;
        const size_t memory = (size_t)(15.0 / (1.0 - l)); /* steps after which the start is forgotten */
        const size_t steps = rg_probe_size_or(options->config->data.steps, memory);
        const struct rg_stream stream = {.seed = options->config->training.seed, .parameter = i};
        const bool settled = steps >= memory;
        double means[2];
        curse_means(l, steps, &stream, means);
        rg_probe_note(report, means[0], settled ? rg_probe_near(1.0 / rest, 0.1) : rg_probe_shown(),
                      "mean of h^2, lambda %g", l);
        rg_probe_note(report, means[1],
                      settled ? rg_probe_near((1.0 + l * l) / (rest * rest * rest), 0.1) : rg_probe_shown(),
                      "mean of (dh/dlambda)^2");
    }
    return RG_OK;
}
