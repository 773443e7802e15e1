/* The time: see clock.h. */
#define _GNU_SOURCE
#include "base/clock.h"

#include <time.h>

double rg_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
