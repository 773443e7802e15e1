/* JSON lines on stdout: one object a line; numbers that are not finite become strings ("nan", "inf", "-inf"). */
#ifndef RG_JSON_LINES_H
#define RG_JSON_LINES_H

#include <jansson.h>
#include <stdint.h>

/* A JSON number, or the string for one that is not finite. */
json_t *rg_json_real(double value);

/* A number, or the string for one beyond JSON's 63 bits. */
json_t *rg_json_seed(uint64_t seed);

/* Print the object as one line and release it. `object` may be NULL, which is reported as no memory. */
void rg_json_print(json_t *object);

#endif
