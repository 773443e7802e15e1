/* A number with its noun, as in "1 sequence" and "8 sequences", and a part of a number. */
#ifndef RG_COUNTED_H
#define RG_COUNTED_H

#include <stdint.h>
#include <stdio.h>

enum { RG_COUNTED_BYTES = 40, RG_PART_BYTES = 80 };

/* Writes n and `noun`, with an s unless n is 1, and returns `out`. */
static inline const char *rg_counted(uint64_t n, const char *noun, char out[RG_COUNTED_BYTES]) {
    (void)snprintf(out, RG_COUNTED_BYTES, "%llu %s%s", (unsigned long long)n, noun, n == 1 ? "" : "s");
    return out;
}

/* Writes a subject and its verb: "1 of 2 labels is", "0 of 2 labels are". A sentence continues after it. Returns `out`.
 */
static inline const char *rg_counted_part(uint64_t part, uint64_t n, const char *noun, char out[RG_PART_BYTES]) {
    char all[RG_COUNTED_BYTES];
    (void)snprintf(out, RG_PART_BYTES, "%llu of %s %s", (unsigned long long)part, rg_counted(n, noun, all),
                   part == 1 || n == 1 ? "is" : "are");
    return out;
}

#endif
