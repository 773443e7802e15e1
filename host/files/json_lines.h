/* JSON lines: one object a line, written whole or not at all.
 *
 * If anything fails while a line is built (in practice, memory), the result is NULL, and every function here passes
 * NULL on. So a line with a missing key is never written: it is left out, and rg_json_lines_status reports it. The
 * program calls no other function of jansson that can fail; a house test checks that.
 *
 * JSON has no infinite numbers and no NaN: they are written as the strings "nan", "inf" and "-inf". Bytes that are not
 * UTF-8, which a file's name may contain, are written as U+FFFD. */
#ifndef RG_JSON_LINES_H
#define RG_JSON_LINES_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "files/growing.h"
#include "rnn_gpu/status.h"

/* An object from pairs, with a format like that of jansson's json_pack: `{s:i, s:{s:b}}`. Values: s text, i int, I
 * json_int_t, f double, b int as true or false, o a json_t whose reference is taken. */
json_t *rg_json_pack(const char *format, ...);

/* A JSON number, or a string for a number that is not finite. */
json_t *rg_json_real(double value);

/* The same; null for a NaN, which stands for what was not measured. */
json_t *rg_json_measured(double value);

/* A JSON number, or a string for a number beyond JSON's 63 bits. */
json_t *rg_json_seed(uint64_t seed);

/* A JSON string of any length. */
json_t *rg_json_text(const char *text);

/* Add `value` to an object or array, and take its reference. On failure, or if `value` is NULL, the object is released
 * and becomes NULL. */
void rg_json_set(json_t **object, const char *key, json_t *value);
void rg_json_append(json_t **array, json_t *value);
/* Add every pair of another object, and take its reference. */
void rg_json_merge(json_t **object, json_t *other);

/* The destination of lines. After the first failure nothing more is written, so all lines before it are complete. A
 * full disk is not a failure of a file until the file is closed: see growing.h. */
enum { RG_JSON_LINES_MESSAGE = 512 };
struct rg_json_lines {
    FILE *stream;           /* stdout, or NULL */
    struct rg_growing file; /* or a file; without both, lines are dropped */
    int digits;             /* digits of a number; 0 means 9, those of a float */
    rg_status status;       /* status of the first failure */
    char message[RG_JSON_LINES_MESSAGE];
};

/* Write to stdout. */
struct rg_json_lines rg_json_lines_stdout(void);

/* Write to a file that others can read while it grows. It replaces a file or link of that name. RG_NOT_SAVED. `path` is
 * borrowed. */
rg_status rg_json_lines_open(struct rg_json_lines *lines, const char *path);

/* Continue such a file, truncated to `bytes` bytes. RG_NOT_SAVED if it does not begin with an event or is shorter. */
rg_status rg_json_lines_resume(struct rg_json_lines *lines, const char *path, uint64_t bytes);

/* Sync everything to the disk. *bytes = the file's length then. RG_NOT_SAVED. */
rg_status rg_json_lines_sync(struct rg_json_lines *lines, uint64_t *bytes);

/* Write the object as one line and release it. NULL counts as a failure. */
void rg_json_lines_write(struct rg_json_lines *lines, json_t *object);

/* RG_OK; RG_NOT_SAVED, with the message of the first failure; RG_NO_READER on stdout. */
rg_status rg_json_lines_status(const struct rg_json_lines *lines);

/* Close the file, then return the same as rg_json_lines_status. stdout stays open. */
rg_status rg_json_lines_close(struct rg_json_lines *lines);

/* Write one object as the only line of a file, whole or not at all, and release it. RG_NOT_SAVED. */
rg_status rg_json_save(const char *path, json_t *object);

/* Print one object on stdout and release it, for commands that print from one place. */
rg_status rg_json_print(json_t *object);

/* As rg_json_print, with all digits of a double. */
rg_status rg_json_print_exact(json_t *object);

#endif
