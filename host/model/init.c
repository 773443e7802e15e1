/* Weights at the start.
 *
 * weight_ih, the biases and the head as torch.nn.RNN and torch.nn.Linear: U(-1/sqrt H, 1/sqrt H), the head's inputs
 * being the H hidden units. weight_hh, gate by gate, as asked: xavier (Glorot, Bengio 2010), he (He and others 2015),
 * orthogonal (Saxe, McClelland, Ganguli 2014), identity (Le, Jaitly, Hinton 2015). */
#include "rnn_gpu/model.h"

#include <math.h>

#include "philox.h"
#include "rnn_gpu/memory.h"

/* U(-bound, bound). */
static void fill_uniform(float *values, size_t count, double bound, const struct rg_stream *stream) {
    double u[RG_BLOCK_NUMBERS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (i % RG_BLOCK_NUMBERS == 0)
            rg_stream_uniform(stream, i / RG_BLOCK_NUMBERS, u);
        values[i] = (float)(bound * (2.0 * u[i % RG_BLOCK_NUMBERS] - 1.0));
    }
}

/* N(0, deviation^2). */
static void fill_normal(float *values, size_t count, double deviation, const struct rg_stream *stream) {
    double z[RG_BLOCK_NUMBERS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (i % RG_BLOCK_NUMBERS == 0)
            rg_stream_normal(stream, i / RG_BLOCK_NUMBERS, z);
        values[i] = (float)(deviation * z[i % RG_BLOCK_NUMBERS]);
    }
}

/* scale * I in each gate's square. */
static void fill_identity(float *values, size_t gates, size_t n, double scale) {
    for (size_t i = 0; i < gates * n; i++)
        for (size_t j = 0; j < n; j++)
            values[i * n + j] = i % n == j ? (float)scale : 0.0F;
}

/* Partial sums of fixed order let the compiler use vectors without changing the result. */
static double dot(const double *a, const double *b, size_t n) {
    enum { LANES = 8 };
    double lanes[LANES] = {0.0}, sum = 0.0;
    for (size_t i = 0; i < n - n % LANES; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += a[i + l] * b[i + l];
    for (size_t i = n - n % LANES; i < n; i++)
        sum += a[i] * b[i];
    for (size_t l = 0; l < LANES; l++)
        sum += lanes[l];
    return sum;
}

/* Row k of q [n][n] from normal numbers, made orthonormal to the rows before it by modified Gram-Schmidt, run twice
 * because once loses orthogonality in proportion to the condition. False if nothing was left of the row. */
static bool orthonormal_row(double *q, size_t n, size_t k, const struct rg_stream *stream, uint64_t first_block) {
    double *row = q + k * n, z[RG_BLOCK_NUMBERS] = {0};
    for (size_t i = 0; i < n; i++) {
        if (i % RG_BLOCK_NUMBERS == 0)
            rg_stream_normal(stream, first_block + i / RG_BLOCK_NUMBERS, z);
        row[i] = z[i % RG_BLOCK_NUMBERS];
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < k; j++) {
            const double along = dot(row, q + j * n, n);
            for (size_t i = 0; i < n; i++)
                row[i] -= along * q[j * n + i];
        }
        const double norm = sqrt(dot(row, row, n));
        if (norm < 1e-7)
            return false;
        for (size_t i = 0; i < n; i++)
            row[i] /= norm;
    }
    return true;
}

/* gain * Q for each gate, Q uniform over the orthogonal matrices: the QR factor of a normal matrix is that once the
 * diagonal of R is positive (Mezzadri 2007), and here that diagonal holds the norms. */
static rg_status fill_orthogonal(float *values, size_t gates, size_t n, double gain, const struct rg_stream *stream) {
    double *q = NULL;
    size_t elements = 0;
    uint64_t block = 0;
    if (!rg_multiply(n, n, &elements))
        return rg_fail(RG_NO_MEMORY, "orthogonal matrix: %zu rows are more than can be counted; use fewer", n);
    RG_TRY(rg_alloc(&q, elements, sizeof *q, "orthogonal matrix"));
    for (size_t gate = 0; gate < gates; gate++) {
        for (size_t k = 0; k < n;) {
            k += orthonormal_row(q, n, k, stream, block) ? 1 : 0;
            block += (n + RG_BLOCK_NUMBERS - 1) / RG_BLOCK_NUMBERS;
        }
        for (size_t i = 0; i < elements; i++)
            values[gate * elements + i] = (float)(gain * q[i]);
    }
    rg_free(q);
    return RG_OK;
}

static rg_status fill_recurrent(const struct rg_model *model, const struct rg_init *init,
                                const struct rg_stream *stream) {
    const struct rg_parameter *p = &model->parameters[RG_P_WEIGHT_HH];
    const size_t n = p->columns, gates = p->rows / n, count = rg_parameter_elements(p);
    const double h = (double)n;
    float *values = rg_model_values(model, RG_P_WEIGHT_HH);
    switch (init->kind) {
    case RG_INIT_PYTORCH:
        fill_uniform(values, count, 1.0 / sqrt(h), stream);
        return RG_OK;
    case RG_INIT_XAVIER:
        fill_uniform(values, count, sqrt(6.0 / (h + h)), stream);
        return RG_OK;
    case RG_INIT_HE:
        fill_normal(values, count, sqrt(2.0 / h), stream);
        return RG_OK;
    case RG_INIT_ORTHOGONAL:
        return fill_orthogonal(values, gates, n, init->value, stream);
    case RG_INIT_IDENTITY:
        fill_identity(values, gates, n, init->value);
        return RG_OK;
    case RG_INIT_NORMAL:
        fill_normal(values, count, init->value, stream);
        return RG_OK;
    }
    return rg_fail(RG_ERROR, "model: unknown initialiser %u", (unsigned)init->kind);
}

rg_status rg_model_initialise(struct rg_model *model, const struct rg_init *init, uint64_t seed) {
    const double bound = 1.0 / sqrt((double)model->shape.hidden);
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_stream stream = {.seed = seed, .parameter = (uint32_t)i};
        if (i == RG_P_WEIGHT_HH)
            RG_TRY(fill_recurrent(model, init, &stream));
        else
            fill_uniform(rg_model_values(model, i), rg_parameter_elements(&model->parameters[i]), bound, &stream);
    }
    return RG_OK;
}
