/* The nearest name to a misspelt one. */
#include "base/nearest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"

enum { NAME_MAX_LENGTH = 40 };

size_t rg_name_cost(const char *a, const char *b) {
    /* Restricted Damerau-Levenshtein: d[i][j] = cost from the first i letters of a to the first j of b. */
    size_t d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1] = {{0}};
    const size_t n = strlen(a), m = strlen(b);
    if (n > NAME_MAX_LENGTH || m > NAME_MAX_LENGTH) {
        return rg_max(n, m) * RG_NAME_EDIT;
    }
    if (n > 0 && n != m && strncmp(a, b, rg_min(n, m)) == 0) {
        return RG_NAME_EDIT;
    }
    for (size_t i = 0; i <= n; i++) {
        d[i][0] = i * RG_NAME_EDIT;
    }
    for (size_t j = 0; j <= m; j++) {
        d[0][j] = j * RG_NAME_EDIT;
    }
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            const size_t replace = d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? RG_NAME_EDIT + 1 : 0);
            d[i][j] = rg_min(replace, rg_min(d[i - 1][j], d[i][j - 1]) + RG_NAME_EDIT);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = rg_min(d[i][j], d[i - 2][j - 2] + RG_NAME_EDIT);
            }
        }
    }
    return d[n][m];
}

size_t rg_name_distance(const char *a, const char *b) {
    return rg_name_cost(a, b) / RG_NAME_EDIT;
}

int rg_name_is_near(const char *given, size_t distance) {
    const size_t length = strlen(given);
    return distance < length && distance <= (length < 5 ? 1 : (length + 1) / 3);
}

const char *rg_name_nearest_of(const char *given, const char *const *names, size_t n) {
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const size_t cost = rg_name_cost(given, names[i]);
        if (cost < best) {
            best = cost;
            nearest = names[i];
        }
    }
    return nearest != NULL && rg_name_is_near(given, best / RG_NAME_EDIT) ? nearest : NULL;
}

const char *rg_name_nearest(const char *given, const char *const *names) {
    size_t n = 0;
    while (names[n] != NULL) {
        n++;
    }
    return rg_name_nearest_of(given, names, n);
}

const char *rg_name_hint(const char *given, const char *const *names, char text[RG_HINT_BYTES]) {
    const char *const nearest = rg_name_nearest(given, names);
    text[0] = '\0';
    if (nearest != NULL) {
        (void)snprintf(text, RG_HINT_BYTES, "; did you mean %.120s?", nearest);
    }
    return text;
}
