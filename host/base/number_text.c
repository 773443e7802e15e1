/* Numbers as people read them: see number_text.h. */
#include "base/number_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Write the value with the fewest digits that give the same number, from 6 to `most`. NaN takes 6 too. */
static const char *shortest(double value, int most, bool is_float, char text[RG_NUMBER_BYTES]) {
    for (int digits = 6; digits <= most; digits++) {
        (void)snprintf(text, RG_NUMBER_BYTES, "%.*g", digits, value);
        const double back = strtod(text, NULL);
        if (is_float ? (float)back == (float)value : !(back < value || back > value)) {
            break;
        }
    }
    return text;
}

const char *rg_double_text(double value, char text[RG_NUMBER_BYTES]) {
    return shortest(value, 17, false, text);
}

const char *rg_float_text(double value, char text[RG_NUMBER_BYTES]) {
    return shortest(value, 9, true, text);
}

const char *rg_duration_text(double seconds, char text[RG_NUMBER_BYTES]) {
    const double unit = seconds < 120.0 ? 1.0 : seconds < 7200.0 ? 60.0 : 3600.0;
    (void)snprintf(text, RG_NUMBER_BYTES, "%.0f %s", seconds / unit,
                   seconds < 120.0    ? "s"
                   : seconds < 7200.0 ? "min"
                                      : "h");
    return text;
}

const char *rg_seconds_text(double seconds, char text[RG_NUMBER_BYTES]) {
    const bool is_short = seconds < 0.9995;
    const int decimals = seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0;
    if (is_short) {
        (void)snprintf(text, RG_NUMBER_BYTES, "%.3g ms", 1e3 * seconds);
    } else {
        (void)snprintf(text, RG_NUMBER_BYTES, "%.*f s", decimals, seconds);
    }
    return text;
}

const char *rg_size_text(uint64_t bytes, char text[RG_NUMBER_BYTES]) {
    const char *const units[] = {bytes == 1 ? "byte" : "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024.0) {
        size /= 1024.0;
        unit++;
    }
    (void)snprintf(text, RG_NUMBER_BYTES, "%.*f %s", unit > 0, size, units[unit]);
    return text;
}

const char *rg_size_over_text(uint64_t bytes, uint64_t limit, char text[RG_NUMBER_BYTES]) {
    char other[RG_NUMBER_BYTES];
    if (strcmp(rg_size_text(bytes, text), rg_size_text(limit, other)) == 0) {
        (void)snprintf(text, RG_NUMBER_BYTES, "%llu bytes", (unsigned long long)bytes);
    }
    return text;
}
