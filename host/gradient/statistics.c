/* How much of a lag profile is chance: see statistics.h. */
#include "gradient/statistics.h"

#include <assert.h>
#include <math.h>

#include "base/sort.h"
#include "model/philox.h"
#include "rnn_gpu/memory.h"

enum {
    N = RG_MICRO_BATCHES,
    MAX_FITTED = 64,
    MIN_DRAWS = RG_DRAWS - RG_DRAWS / 10 /* that gave a number; with fewer there is no interval */
};

/* Share of the draws cut off on each side of an interval, for 6, 7 and 8 micro-batches: Phi(-t sqrt(n / (n - 1))),
 * where t is the 97.5 % quantile of Student's t with n - 1 degrees of freedom. */
static const double TAILS[] = {0.0024318, 0.0041092, 0.0057375};

bool rg_is_noise(const struct rg_matrix_statistics *matrix, size_t range) {
    return matrix->chance[range] > RG_CHANCE;
}

void rg_draw_weights(size_t n, double (*weights)[N]) {
    const struct rg_stream stream = {.seed = 1};
    double uniform[RG_BLOCK_NUMBERS];
    for (size_t i = 0; i < (size_t)RG_DRAWS * n; i++) {
        const size_t draw = i / n;
        if (i % RG_BLOCK_NUMBERS == 0) {
            rg_stream_uniform(&stream, i / RG_BLOCK_NUMBERS, uniform);
        }
        for (size_t b = 0; i % n == 0 && b < N; b++) {
            weights[draw][b] = 0.0;
        }
        weights[draw][(size_t)(uniform[i % RG_BLOCK_NUMBERS] * (double)n)] += 1.0;
    }
}

struct rg_interval rg_interval_of(double *values, size_t n_micro) {
    size_t n = 0;
    for (size_t i = 0; i < RG_DRAWS; i++) {
        if (!isnan(values[i])) {
            values[n++] = values[i];
        }
    }
    if (n < MIN_DRAWS) {
        return (struct rg_interval){NAN, NAN};
    }
    rg_sort(values, n);
    const size_t out = (size_t)(TAILS[n_micro - RG_MIN_MICRO] * (double)n);
    return (struct rg_interval){values[out], values[n - 1 - out]};
}

/* Widen the interval to include `value`, which was computed from more lags than the draws were. */
static struct rg_interval holding(struct rg_interval interval, double value) {
    return isnan(interval.low) || isnan(value)
               ? (struct rg_interval){NAN, NAN}
               : (struct rg_interval){fmin(interval.low, value), fmax(interval.high, value)};
}

/* ---- Statistics of a matrix ---- */

/* Sum over b and c of w_b w_c a[b][c]. */
static double form(const double *a, const double *w) {
    double sum = 0.0;
    for (size_t b = 0; b < N; b++) {
        double row = 0.0;
        for (size_t c = 0; c < N; c++) {
            row += a[b * N + c] * w[c];
        }
        sum += w[b] * row;
    }
    return sum;
}

/* Working memory for the draws. */
struct draws {
    const struct rg_micro *micro;
    const struct rg_micro_products *products;
    double (*weights)[N]; /* [RG_DRAWS] */
    double *whole;        /* [RG_DRAWS] ||G||^2 of each draw */
    double *values;       /* [RG_DRAWS] */
};

static rg_status create_draws(const struct rg_micro *micro, const struct rg_micro_products *products, struct draws *d) {
    *d = (struct draws){.micro = micro, .products = products};
    RG_TRY(rg_alloc(&d->weights, RG_DRAWS, sizeof *d->weights, "statistics of the gradient"));
    RG_TRY(rg_alloc(&d->whole, RG_DRAWS, sizeof *d->whole, "statistics of the gradient"));
    RG_TRY(rg_alloc(&d->values, RG_DRAWS, sizeof *d->values, "statistics of the gradient"));
    rg_draw_weights(micro->n, d->weights);
    for (size_t i = 0; products && i < RG_DRAWS; i++) {
        const double square = form(products->whole, d->weights[i]);
        d->whole[i] = square > 0.0 ? square : NAN;
    }
    return RG_OK;
}

static void release_draws(struct draws *d) {
    rg_free(d->weights);
    rg_free(d->whole);
    rg_free(d->values);
}

static struct rg_interval share_interval(struct draws *d, size_t range) {
    const struct rg_micro_products *const p = d->products;
    double sum[RG_MICRO_PAIRS] = {0.0};
    for (size_t slot = p->slots[range]; slot < p->slots[range + 1]; slot++) {
        for (size_t i = 0; i < RG_MICRO_PAIRS; i++) {
            sum[i] += p->share[slot][i];
        }
    }
    for (size_t i = 0; i < RG_DRAWS; i++) {
        d->values[i] = form(sum, d->weights[i]) / d->whole[i];
    }
    return rg_interval_of(d->values, p->n);
}

/* The horizon of a draw: the first lag whose error is small enough, interpolated linearly within a slot. */
static double drawn_horizon(const struct draws *d, size_t draw) {
    const struct rg_micro_products *const p = d->products;
    const size_t *const begins = d->micro->begins;
    double before = 1.0;
    for (size_t slot = 0; slot < p->n_slots; slot++) {
        const double square = form(p->rest[slot], d->weights[draw]);
        const double after = square > 0.0 ? sqrt(square / d->whole[draw]) : 0.0;
        if (after <= RG_HORIZON_ERROR || slot + 1 == p->n_slots) {
            const double width = (double)(begins[slot + 1] - begins[slot]);
            const double part = after <= RG_HORIZON_ERROR ? (before - RG_HORIZON_ERROR) / (before - after) : 1.0;
            return (double)begins[slot] + fmax(1.0, ceil(part * width));
        }
        before = after;
    }
    return NAN;
}

static struct rg_interval horizon_interval(struct draws *d, size_t horizon) {
    for (size_t i = 0; i < RG_DRAWS; i++) {
        d->values[i] = isnan(d->whole[i]) ? NAN : drawn_horizon(d, i);
    }
    return holding(rg_interval_of(d->values, d->products->n), (double)horizon);
}

/* ||G||^2 over n / (n - 1) sum over b of ||G_b - G / n||^2. */
static double signal_to_noise(const double *own, size_t n) {
    double square = 0.0, squares = 0.0;
    for (size_t b = 0; b < n; b++) {
        squares += own[b * N + b];
        for (size_t c = 0; c < n; c++) {
            square += own[b * N + c];
        }
    }
    const double apart = squares - square / (double)n;
    if (!(squares > 0.0) || !isfinite(squares)) {
        return NAN;
    }
    return apart > 1e-14 * squares ? square * (double)(n - 1) / ((double)n * apart) : INFINITY;
}

static double chance_of(const double *own, size_t n) {
    double signs[N] = {0.0}, observed = 0.0;
    size_t as_long = 0;
    assert(n > 0 && n <= N);
    const size_t choices = (size_t)1 << (n - 1); /* a choice of signs and its opposite give the same length */
    for (size_t choice = 0; choice < choices; choice++) {
        for (size_t b = 0; b < n; b++) {
            signs[b] = choice >> b & 1 ? -1.0 : 1.0;
        }
        const double square = form(own, signs);
        observed = choice == 0 ? square : observed;
        as_long += square >= observed * (1.0 - 1e-12);
    }
    return (double)as_long / (double)choices;
}

rg_status rg_matrix_statistics_of(const struct rg_micro *micro, const struct rg_micro_products *p, size_t horizon,
                                  struct rg_matrix_statistics *out) {
    struct draws d;
    const rg_status status = create_draws(micro, p, &d);
    if (status == RG_OK) {
        for (size_t range = 0; range < p->n_ranges; range++) {
            out->share[range] = share_interval(&d, range);
            out->snr[range] = signal_to_noise(p->own[range], p->n);
            out->chance[range] = isnan(out->snr[range]) ? NAN : chance_of(p->own[range], p->n);
        }
        out->horizon = horizon_interval(&d, horizon);
    }
    release_draws(&d);
    return status;
}

/* ---- The decay ---- */

double rg_slope_of(const double *y, size_t lags, size_t stride) {
    return rg_slope_of_sum(y, NULL, lags, stride);
}

double rg_slope_of_sum(const double *y, const double *more, size_t lags, size_t stride) {
    double n = 0.0, mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0;
    for (size_t lag = 0; lag < lags; lag += stride) {
        if (isfinite(y[lag])) {
            const double x = (double)lag, v = (y[lag] + (more ? more[lag] : 0.0)) * log(10.0), dx = x - mx;
            n += 1.0;
            mx += dx / n;
            my += (v - my) / n;
            sxx += dx * (x - mx);
            sxy += dx * (v - my);
        }
    }
    return n < 2.0 ? NAN : sxy / sxx;
}

static bool some_end(const double *now, const double *next, size_t rows) {
    bool some = false;
    for (size_t r = 0; r < rows && !some; r++) {
        some = !isnan(now[r]) && isnan(next[r]);
    }
    return some;
}

double rg_ended_log10(const double *now, const double *next, size_t rows) {
    double largest = -INFINITY, all = 0.0, stay = 0.0;
    if (!some_end(now, next, rows)) {
        return 0.0;
    }
    for (size_t r = 0; r < rows; r++) {
        largest = fmax(largest, now[r]);
    }
    for (size_t r = 0; r < rows && isfinite(largest); r++) {
        const double square = isnan(now[r]) ? 0.0 : pow(10.0, 2.0 * (now[r] - largest));
        all += square;
        stay += isnan(next[r]) ? 0.0 : square;
    }
    return stay > 0.0 ? 0.5 * log10(all / stay) : 0.0;
}

/* parts [N]: sums of ||delta||^2 of each micro-batch at a lag, relative to the largest ||delta||^2 there. stay [N]:
 * those of the sequences that have a step at the lag of `next`, too. Returns log10 of that largest ||delta||. */
static double squares_of(const struct rg_micro *micro, const double *delta_log, const double *next, size_t rows,
                         double parts[N], double stay[N]) {
    double largest = -INFINITY;
    for (size_t r = 0; r < rows; r++) {
        largest = fmax(largest, delta_log[r]);
    }
    for (size_t b = 0; b < N; b++) {
        const size_t end = b < micro->n ? rg_micro_row(micro, b + 1, rows) : 0;
        parts[b] = stay[b] = 0.0;
        for (size_t r = b < micro->n ? rg_micro_row(micro, b, rows) : 0; r < end && largest > -INFINITY; r++) {
            const double square = isnan(delta_log[r]) ? 0.0 : pow(10.0, 2.0 * (delta_log[r] - largest));
            parts[b] += square;
            stay[b] += isnan(next[r]) ? 0.0 : square;
        }
    }
    return largest;
}

rg_status rg_decay_interval(const struct rg_micro *micro, const double *delta_log, size_t rows, size_t lags,
                            double decay, struct rg_interval *out) {
    const size_t stride = (lags + MAX_FITTED - 1) / MAX_FITTED;
    double(*parts)[N] = NULL, (*stay)[N] = NULL, *largest = NULL, *logs = NULL;
    struct draws d;
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_draws(micro, NULL, &d));
    RG_TRY_GOTO(rg_alloc(&parts, lags, sizeof *parts, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&stay, lags, sizeof *stay, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&largest, lags, sizeof *largest, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&logs, lags, sizeof *logs, "statistics of the gradient"));
    for (size_t lag = 0; lag < lags; lag += stride) {
        const double *const now = delta_log + lag * rows, *const next = lag + stride < lags ? now + stride * rows : now;
        largest[lag] = squares_of(micro, now, next, rows, parts[lag], stay[lag]);
    }
    for (size_t i = 0; i < RG_DRAWS; i++) {
        double ended = 0.0; /* see rg_ended_log10 */
        for (size_t lag = 0; lag < lags; lag += stride) {
            double sum = 0.0, going_on = 0.0;
            for (size_t b = 0; b < N; b++) {
                sum += d.weights[i][b] * parts[lag][b];
                going_on += d.weights[i][b] * stay[lag][b];
            }
            logs[lag] = largest[lag] + 0.5 * log10(sum) + ended;
            ended += going_on > 0.0 && going_on < sum ? 0.5 * log10(sum / going_on) : 0.0;
        }
        d.values[i] = rg_slope_of(logs, lags, stride);
    }
    *out = holding(rg_interval_of(d.values, micro->n), decay);
cleanup:
    release_draws(&d);
    rg_free(parts);
    rg_free(stay);
    rg_free(largest);
    rg_free(logs);
    return status;
}
