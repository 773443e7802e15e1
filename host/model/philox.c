/* Philox by Random123, and the Box-Muller transform with its own logarithm, sine and cosine: those of libm differ in
 * the last bit between versions and processors. */
#include "model/philox.h"

#include <Random123/philox.h>
#include <math.h>

/* Last word of the counter. The tasks' streams, which share the seed, use smaller numbers. */
enum { STREAM_WEIGHTS = 16 };

static philox4x32_ctr_t words(const struct rg_stream *stream, uint64_t block) {
    const philox4x32_ctr_t counter = {{(uint32_t)block, (uint32_t)(block >> 32), stream->parameter, STREAM_WEIGHTS}};
    const philox4x32_key_t key = {{(uint32_t)stream->seed, (uint32_t)(stream->seed >> 32)}};
    return philox4x32(counter, key);
}

void rg_stream_uniform(const struct rg_stream *stream, uint64_t block, double out[RG_BLOCK_NUMBERS]) {
    const philox4x32_ctr_t r = words(stream, block);
    for (int i = 0; i < RG_BLOCK_NUMBERS; i++) {
        out[i] = (double)(r.v[i] >> 8) * 0x1p-24;
    }
}

/* x = 2^e m with m in [sqrt(1/2), sqrt 2), ln m = 2 artanh((m - 1) / (m + 1)). */
double rg_natural_log(double x) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    int e = 0;
    double m = frexp(x, &e), sum = 0.0;
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2.0;
        e--;
    }
    const double s = (m - 1.0) / (m + 1.0), square = s * s;
    for (int k = 23; k >= 1; k -= 2) {
        sum = sum * square + 1.0 / k;
    }
    return e * ln2 + 2.0 * s * sum;
}

/* Cosine and sine of 2 pi u for u in [0, 1): Taylor series within pi/4 of a multiple of pi/2. */
static void unit_circle(double u, double *cosine, double *sine) {
    const double two_pi = 0x1.921fb54442d18p+2;
    const int quarter = (int)(4.0 * u + 0.5);
    const double a = two_pi * (u - 0.25 * quarter), square = a * a;
    double c = 1.0, s = 1.0;
    for (int k = 18; k >= 2; k -= 2) {
        c = 1.0 - c * square / (k * (k - 1));
        s = 1.0 - s * square / (k * (k + 1));
    }
    s *= a;
    *cosine = quarter % 4 == 0 ? c : quarter % 4 == 1 ? -s : quarter % 4 == 2 ? -c : s;
    *sine = quarter % 4 == 0 ? s : quarter % 4 == 1 ? c : quarter % 4 == 2 ? -s : -c;
}

void rg_stream_normal(const struct rg_stream *stream, uint64_t block, double out[RG_BLOCK_NUMBERS]) {
    double u[RG_BLOCK_NUMBERS];
    rg_stream_uniform(stream, block, u);
    for (int i = 0; i < RG_BLOCK_NUMBERS; i += 2) {
        double cosine = 0.0, sine = 0.0;
        const double radius = sqrt(-2.0 * rg_natural_log(u[i] + 0x1p-24));
        unit_circle(u[i + 1], &cosine, &sine);
        out[i] = radius * cosine;
        out[i + 1] = radius * sine;
    }
}
