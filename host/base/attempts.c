/* Attempts that are made one after the other: see attempts.h. */
#include "base/attempts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "rnn_gpu/log.h"

/* Is it no failure of the attempt itself? */
static bool is_end(rg_status status) {
    return status == RG_OK || status == RG_NO_READER || rg_stop_is(status);
}

void rg_attempt(struct rg_attempts *a, rg_status status) {
    if (status == RG_OK) {
        return;
    }
    if (!is_end(a->status) && !is_end(status)) {
        if (strcmp(a->message, rg_error_message()) != 0) {
            rg_log("%s", rg_error_message());
        }
    } else if (is_end(a->status) && (a->status == RG_OK || !is_end(status))) {
        a->status = status;
        (void)snprintf(a->message, sizeof a->message, "%s", rg_error_message());
    }
}

rg_status rg_attempts_end(const struct rg_attempts *a) {
    return a->status == RG_OK ? RG_OK : rg_fail(a->status, "%s", a->message);
}
