/* Decimal numbers in text: see decimal.h.
 *
 * A whole number up to 2^53 and a power of ten up to 10^22 are exact as doubles, so one product or quotient of them is
 * correctly rounded (Clinger 1990). That is the way of nearly all numbers of files; strtod has the others. */
#define _GNU_SOURCE
#include "data/decimal.h"

#include <stdint.h>
#include <stdlib.h>

enum { MAX_DIGITS = 19 /* fit 64 bits */, MAX_POWER = 22, MAX_PLAIN = 30 /* below 1e30 */ };

static const double powers[MAX_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static const char *read_digits(const char *at, uint64_t *number) {
    for (; *at >= '0' && *at <= '9'; at++) {
        *number = *number * 10 + (uint64_t)(*at - '0'); /* without meaning after MAX_DIGITS */
    }
    return at;
}

bool rg_decimal(const char *text, size_t bytes, locale_t locale, double *value) {
    const uint64_t exact = (uint64_t)1 << 53;
    const bool negative = *text == '-';
    const char *at = text + (negative || *text == '+');
    const char *const first = at;
    uint64_t number = 0, exponent = 0;
    long power = 0;

    at = read_digits(at, &number);
    long digits = at - first;
    if (*at == '.') {
        const char *const point = ++at;

        at = read_digits(at, &number);
        power = point - at;
        digits += at - point;
    }
    if (digits == 0) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        const bool small = at[1] == '-';
        const char *const start = at + 1 + (small || at[1] == '+');

        at = read_digits(start, &exponent);
        if (at == start) {
            return false;
        }
        exponent = at - start > 4 ? 10000 : exponent;
        power += small ? -(long)exponent : (long)exponent;
    }
    if (at != text + bytes) {
        return false;
    }
    if (digits > MAX_DIGITS || number > exact || power < -MAX_POWER || power > MAX_POWER) {
        *value = strtod_l(text, NULL, locale);
        return true;
    }
    const double magnitude = power < 0 ? (double)number / powers[-power] : (double)number * powers[power];
    *value = negative ? -magnitude : magnitude;
    return true;
}

bool rg_decimal_is_plain(const char *text, size_t bytes) {
    const size_t sign = *text == '-' || *text == '+' ? 1 : 0;
    size_t digits = 0, points = 0;

    for (size_t i = sign; i < bytes; i++) {
        digits += (unsigned char)(text[i] - '0') < 10;
        points += text[i] == '.';
    }
    return bytes <= MAX_PLAIN && digits > 0 && points <= 1 && sign + digits + points == bytes;
}
