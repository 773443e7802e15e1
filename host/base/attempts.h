/* Things that are tried one after the other, whatever becomes of those before: such as the files of a result. The first
 * failure is what they come to; later ones that differ from it are reported at once. */
#ifndef RG_ATTEMPTS_H
#define RG_ATTEMPTS_H

#include "rnn_gpu/status.h"

struct rg_attempts {
    rg_status status; /* of the first failure; zeroed: none so far */
    char message[1024];
};

/* Take in what one of them returned, right after it. A signal, or a reader of stdout that is gone,
 * counts only where nothing else failed. */
void rg_attempt(struct rg_attempts *attempts, rg_status status);

/* What they come to, with the message of that failure. */
rg_status rg_attempts_end(const struct rg_attempts *attempts);

#endif
