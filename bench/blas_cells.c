/* The passes over the gates of the BLAS peer: see blas_cells.h. */
#include "bench/blas_cells.h"

#include <math.h>

/* The widest vectors the processor has, as the BLAS library uses them. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif

/* The rows do not overlap. */
#if defined(__GNUC__) && !defined(__clang__)
#define APART _Pragma("GCC ivdep")
#else
#define APART
#endif

static inline float logistic(float x) {
    return 1.0f / (1.0f + expf(-x));
}

WIDE void rg_blas_rnn_forward(const struct rg_blas_row *row) {
    const float *restrict const a = row->gates;
    float *restrict const h = row->h;
    APART
    for (size_t j = 0; j < row->hidden; j++) {
        h[j] = tanhf(a[j]);
    }
}

WIDE void rg_blas_rnn_reverse(const struct rg_blas_row *row) {
    float *restrict const a = row->gates;
    const float *restrict const h = row->h, *restrict const dh = row->dh;
    APART
    for (size_t j = 0; j < row->hidden; j++) {
        a[j] = dh[j] * (1.0f - h[j] * h[j]);
    }
}

WIDE void rg_blas_lstm_forward(const struct rg_blas_row *row) {
    const size_t n = row->hidden;
    float *restrict const i = row->gates, *restrict const f = i + n, *restrict const g = f + n,
                          *restrict const o = g + n, *restrict const c = row->c, *restrict const h = row->h;
    const float *restrict const past = row->c_past;
    APART
    for (size_t j = 0; j < n; j++) {
        i[j] = logistic(i[j]);
        f[j] = logistic(f[j]);
        g[j] = tanhf(g[j]);
        o[j] = logistic(o[j]);
        c[j] = f[j] * past[j] + i[j] * g[j];
        h[j] = o[j] * tanhf(c[j]);
    }
}

WIDE void rg_blas_lstm_reverse(const struct rg_blas_row *row) {
    const size_t n = row->hidden;
    float *restrict const gi = row->gates, *restrict const gf = gi + n, *restrict const gg = gf + n,
                          *restrict const go = gg + n, *restrict const dc = row->dc;
    const float *restrict const c = row->c, *restrict const past = row->c_past, *restrict const dh = row->dh;
    APART
    for (size_t j = 0; j < n; j++) {
        const float i = gi[j], f = gf[j], g = gg[j], o = go[j], t = tanhf(c[j]);
        const float d = dc[j] + dh[j] * o * (1.0f - t * t);
        gi[j] = d * g * i * (1.0f - i);
        gf[j] = d * past[j] * f * (1.0f - f);
        gg[j] = d * i * (1.0f - g * g);
        go[j] = dh[j] * t * o * (1.0f - o);
        dc[j] = d * f;
    }
}

WIDE void rg_blas_gru_forward(const struct rg_blas_row *row) {
    const size_t n = row->hidden;
    float *restrict const r = row->gates, *restrict const z = r + n, *restrict const c = z + n,
                          *restrict const h = row->h;
    const float *restrict const own = row->own, *restrict const past = row->h_past;
    APART
    for (size_t j = 0; j < n; j++) {
        r[j] = logistic(r[j] + own[j]);
        z[j] = logistic(z[j] + own[n + j]);
        c[j] = tanhf(c[j] + r[j] * own[2 * n + j]);
        h[j] = (1.0f - z[j]) * c[j] + z[j] * past[j];
    }
}

WIDE void rg_blas_gru_reverse(const struct rg_blas_row *row) {
    const size_t n = row->hidden;
    float *restrict const gr = row->gates, *restrict const gz = gr + n, *restrict const gc = gz + n,
                          *restrict const own = row->own, *restrict const dh = row->dh;
    const float *restrict const past = row->h_past;
    APART
    for (size_t j = 0; j < n; j++) {
        const float r = gr[j], z = gz[j], c = gc[j];
        const float d = dh[j] * (1.0f - z) * (1.0f - c * c);
        gr[j] = d * own[2 * n + j] * r * (1.0f - r);
        gz[j] = dh[j] * (past[j] - c) * z * (1.0f - z);
        gc[j] = d;
        own[j] = gr[j];
        own[n + j] = gz[j];
        own[2 * n + j] = d * r;
        dh[j] *= z;
    }
}

WIDE double rg_blas_squares(const float *g, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)g[i] * (double)g[i];
    }
    return sum;
}

WIDE void rg_blas_adam(const struct rg_blas_moments *moments, size_t n, float clip) {
    float *const w = moments->weights, *const m = moments->mean, *const v = moments->square;
    const float *const g = moments->gradients;
    const float correction1 = moments->correction1, correction2 = moments->correction2;
    APART
    for (size_t i = 0; i < n; i++) {
        const float gradient = clip * g[i];
        m[i] = 0.9f * m[i] + 0.1f * gradient;
        v[i] = 0.999f * v[i] + 0.001f * gradient * gradient;
        w[i] -= 1e-3f * (m[i] / correction1) / (sqrtf(v[i] / correction2) + 1e-8f);
    }
}
