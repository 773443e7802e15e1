/* Endings of file names. */
#ifndef RG_ENDING_H
#define RG_ENDING_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Has the name more than this ending, in letters of either case? */
static inline bool rg_ends_in(const char *name, const char *ending) {
    const size_t length = strlen(name), n = strlen(ending);
    return length > n && strcasecmp(name + length - n, ending) == 0;
}

#endif
