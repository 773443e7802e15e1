/* JSON lines: one object a line; numbers that are not finite become strings ("nan", "inf", "-inf"). */
#ifndef RG_JSON_LINES_H
#define RG_JSON_LINES_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* A JSON number, or the string for one that is not finite. */
json_t *rg_json_real(double value);

/* A number, or the string for one beyond JSON's 63 bits. */
json_t *rg_json_seed(uint64_t seed);

/* The text, or where it is not UTF-8, as a file's name may be, a `?` for every byte beyond ASCII. */
json_t *rg_json_text(const char *text);

/* Write the object as one line; an error stays with the stream. */
void rg_json_write(const json_t *object, FILE *stream);

/* Print the object as one line on stdout and release it. `object` may be NULL, which is reported as no memory. */
void rg_json_print(json_t *object);

#endif
