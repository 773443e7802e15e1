/* Gradients between layers: see sent.h. */
#include "gradient/sent.h"

#include <math.h>

#include "gradient/dense.h"
#include "rnn_gpu/memory.h"

rg_status rg_sent_create(size_t rows, size_t n, struct rg_sent *sent) {
    RG_TRY(rg_alloc(&sent->values, rows, n * sizeof *sent->values, "gradients between layers"));
    return rg_alloc(&sent->exponent, rows, sizeof *sent->exponent, "gradients between layers");
}

void rg_sent_release(struct rg_sent *sent) {
    rg_free(sent->values);
    rg_free(sent->exponent);
    *sent = (struct rg_sent){NULL, NULL};
}

void rg_sent_put(const struct rg_sent *sent, size_t row, size_t n, const double *values, int64_t exponent) {
    const double largest = rg_dense_largest(values, n);
    const int size = largest > 0.0 && isfinite(largest) ? ilogb(largest) : 0;
    double *const to = sent->values + row * n;
    for (size_t j = 0; j < n; j++) {
        to[j] = ldexp(values[j], -size);
    }
    sent->exponent[row] = exponent + size;
}

void rg_sent_hand_down(struct rg_sent received[2], struct rg_sent sent[2]) {
    for (size_t d = 0; d < 2; d++) {
        rg_sent_release(&received[d]);
        received[d] = sent[d];
        sent[d] = (struct rg_sent){NULL, NULL};
    }
}
