/* Decimal numbers in text. Internal to host/data. */
#ifndef RG_DATA_DECIMAL_H
#define RG_DATA_DECIMAL_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

/* Is all of text[0, bytes), which a NUL follows, a decimal number such as -1.5e3? Then *value = the nearest double,
 * with the bits of strtod; `locale` is the C locale. */
bool rg_decimal(const char *text, size_t bytes, locale_t locale, double *value);

/* Is it a decimal number without an exponent, and so short that it is finite as a float? */
bool rg_decimal_is_plain(const char *text, size_t bytes);

#endif
