/* Names from files in a list with commas between them. */
#ifndef RG_LISTED_NAME_H
#define RG_LISTED_NAME_H

#include <stdio.h>
#include <string.h>

#include "files/json.h"

enum { RG_LISTED_BYTES = 128 };

/* At most `most` bytes of the name, below RG_LISTED_BYTES - 2. It stands in `quotes` if it could be taken for several
 * names or its ends could not be seen: it has a comma, or is empty, or begins or ends with a blank. Returns `out`. */
static inline const char *rg_listed_name(const char *name, size_t most, char out[RG_LISTED_BYTES]) {
    const size_t length = strlen(name);
    const char *const quote = length == 0 || strchr(name, ',') || name[0] == ' ' || name[length - 1] == ' ' ? "`" : "";
    char cut[RG_LISTED_BYTES - 2];
    rg_utf8_copy(cut, most + 1 < sizeof cut ? most + 1 : sizeof cut, name);
    (void)snprintf(out, RG_LISTED_BYTES, "%s%s%s", quote, cut, quote);
    return out;
}

#endif
