/* The little JSON that safetensors headers need, read in place and written as text.
 *
 * A general parser's tree takes up to eighty times the text; here strings are unescaped where they stand (the result
 * is never longer), so reading takes no memory beyond the text. */
#ifndef RNN_GPU_FILES_JSON_H
#define RNN_GPU_FILES_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_json {
    const char *label; /* file, for messages */
    size_t base;       /* position of the text in the file */
    char *text;        /* changed by rg_json_string */
    size_t length;
    size_t at;
};

/* RG_BAD_FILE: what was expected at the present position. */
rg_status rg_json_fail(const struct rg_json *json, const char *expected);

/* Step over white space, then over `wanted` if it comes next; false if it does not. */
bool rg_json_accept(struct rg_json *json, char wanted);
rg_status rg_json_expect(struct rg_json *json, char wanted, const char *expected);

/* *out = the string that comes next, unescaped, ended by NUL, inside the text. Refused: NUL characters, lone
 * surrogates, unescaped control characters. */
rg_status rg_json_string(struct rg_json *json, const char **out, const char *expected);

/* The number that comes next: digits only, no leading zero, below 2^64. */
rg_status rg_json_size(struct rg_json *json, size_t *out, const char *expected);

/* Position of the first byte that is not part of valid UTF-8, or `length`. */
size_t rg_utf8_check(const char *text, size_t length);

/* Copy a text into `bytes` bytes; of a longer one whole characters and "…". */
void rg_utf8_copy(char *out, size_t bytes, const char *text);

/* Text that grows. */
struct rg_text {
    char *bytes;
    size_t length;
    size_t capacity;
};
rg_status rg_text_add(struct rg_text *text, const char *bytes, size_t length);
rg_status rg_text_add_string(struct rg_text *text, const char *string);
rg_status rg_text_add_size(struct rg_text *text, size_t value);
/* Add a JSON string with its quotes; `string` is UTF-8. */
rg_status rg_text_add_quoted(struct rg_text *text, const char *string);
void rg_text_destroy(struct rg_text *text);

#endif
