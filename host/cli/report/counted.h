/* A number with its noun, as in "1 sequence" and "8 sequences". */
#ifndef RG_REPORT_COUNTED_H
#define RG_REPORT_COUNTED_H

#include <stdint.h>
#include <stdio.h>

enum { RG_COUNTED_BYTES = 40 };

/* Writes n and `noun`, with an s unless n is 1, and returns `out`. */
static inline const char *rg_counted(uint64_t n, const char *noun, char out[RG_COUNTED_BYTES]) {
    (void)snprintf(out, RG_COUNTED_BYTES, "%llu %s%s", (unsigned long long)n, noun, n == 1 ? "" : "s");
    return out;
}

#endif
