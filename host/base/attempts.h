/* Attempts that are made one after the other even if an earlier one fails, such as to write each file of a result. The
 * first failure is the result of them all. A later one with another message is reported at once. */
#ifndef RG_ATTEMPTS_H
#define RG_ATTEMPTS_H

#include "rnn_gpu/status.h"

struct rg_attempts {
    rg_status status; /* of the first failure; zeroed: none so far */
    char message[1024];
};

/* Record how an attempt ended. Call this right after the attempt, while the error message is still that of the attempt.
 * If an attempt ended because of a signal, or because nobody reads stdout any more, a real failure of another one
 * counts more. */
void rg_attempt(struct rg_attempts *attempts, rg_status status);

/* The result: RG_OK, or the first failure with its message. */
rg_status rg_attempts_end(const struct rg_attempts *attempts);

#endif
