/* Gradients at the inputs of a layer, which a direction of it sends to the layer below. Each row has its own exponent,
 * so that none leaves the range of a double. */
#ifndef RG_SENT_H
#define RG_SENT_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

struct rg_sent {
    double *values;    /* [rows][n], row r times 2^exponent[r] */
    int64_t *exponent; /* [rows] */
};

/* Create zeros. Release with rg_sent_release, after a failure too. RG_NO_MEMORY. */
rg_status rg_sent_create(size_t rows, size_t n, struct rg_sent *sent);
void rg_sent_release(struct rg_sent *sent); /* zeroed allowed; leaves it zeroed */

/* Row `row` = values [n] * 2^exponent. `values` may be the row itself. */
void rg_sent_put(const struct rg_sent *sent, size_t row, size_t n, const double *values, int64_t exponent);

/* The walk goes on to the layer below: release what this layer received, and hand over what it sent. */
void rg_sent_hand_down(struct rg_sent received[2], struct rg_sent sent[2]);

#endif
