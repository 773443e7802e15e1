/* Numbers as people read them. Each function returns `text`. */
#ifndef RG_NUMBER_TEXT_H
#define RG_NUMBER_TEXT_H

#include <stdint.h>

enum { RG_NUMBER_BYTES = 32 };

/* The number with the fewest digits, but at least 6, from which the same double is read back; or the same float. */
const char *rg_double_text(double value, char text[RG_NUMBER_BYTES]);
const char *rg_float_text(double value, char text[RG_NUMBER_BYTES]);

/* A time: 5400 s as "90 min". */
const char *rg_duration_text(double seconds, char text[RG_NUMBER_BYTES]);

/* A measured time with three digits: 0.0045 s as "4.5 ms", 10.12 s as "10.1 s". */
const char *rg_seconds_text(double seconds, char text[RG_NUMBER_BYTES]);

/* A number of bytes: 3145728 as "3.0 MiB". */
const char *rg_size_text(uint64_t bytes, char text[RG_NUMBER_BYTES]);

/* The same of a number of bytes above a limit: exact, as "1048580 bytes", where both would have the same text. */
const char *rg_size_over_text(uint64_t bytes, uint64_t limit, char text[RG_NUMBER_BYTES]);

#endif
