/* The subset of JSON that safetensors headers need, read in place and written as text.
 *
 * The tree of a general parser takes up to eighty times the memory of the text. Here strings are unescaped in place
 * (the result is never longer), so reading takes no memory beyond the text. */
#ifndef RNN_GPU_FILES_JSON_H
#define RNN_GPU_FILES_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_json {
    const char *label; /* file, for messages */
    size_t base;       /* offset of the text in the file */
    char *text;        /* modified by rg_json_string */
    size_t length;
    size_t at;
};

/* RG_BAD_FILE with the expected item and the present position. */
rg_status rg_json_fail(const struct rg_json *json, const char *expected);

/* Skip white space, then `wanted` if it comes next. Returns false if it does not. */
bool rg_json_accept(struct rg_json *json, char wanted);
rg_status rg_json_expect(struct rg_json *json, char wanted, const char *expected);

/* *out = the next string, unescaped, NUL-terminated, inside the text. Refuses NUL characters, lone surrogates and
 * unescaped control characters. */
rg_status rg_json_string(struct rg_json *json, const char **out, const char *expected);

/* The next number: only digits, no leading zero, below 2^64. */
rg_status rg_json_size(struct rg_json *json, size_t *out, const char *expected);

/* Position of the first byte that is not valid UTF-8, or `length`. */
size_t rg_utf8_check(const char *text, size_t length);

/* Copy a text into `bytes` bytes. A longer text is cut after a whole character, followed by "…".
 * Control characters become '?', as in rg_utf8_plain. */
void rg_utf8_copy(char *out, size_t bytes, const char *text);

/* A text that grows. */
struct rg_text {
    char *bytes;
    size_t length;
    size_t capacity;
};
rg_status rg_text_add(struct rg_text *text, const char *bytes, size_t length);
rg_status rg_text_add_string(struct rg_text *text, const char *string);
rg_status rg_text_add_size(struct rg_text *text, size_t value);
/* Append a JSON string with its quotes. `string` is UTF-8. */
rg_status rg_text_add_quoted(struct rg_text *text, const char *string);
void rg_text_destroy(struct rg_text *text);

#endif
