/* JSON lines: one object a line, whole or not at all.
 *
 * Whatever fails while a line is made (memory, in practice) leaves NULL, and every function here passes NULL on, so a
 * line cannot be written with a key missing: it is not written, and rg_json_lines_status says so. Nothing else of
 * jansson's that can fail is called by the program; a house test sees to that.
 *
 * Numbers that are not finite, which JSON does not have, are the strings "nan", "inf" and "-inf". Bytes that are not
 * UTF-8, as a file's name may hold, are written as U+FFFD. */
#ifndef RG_JSON_LINES_H
#define RG_JSON_LINES_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "files/growing.h"
#include "rnn_gpu/status.h"

/* An object from pairs, as jansson's json_pack: `{s:i, s:{s:b}}`. Values: s text, i int, I json_int_t, f double,
 * b int as true or false, o a json_t whose reference is taken. */
json_t *rg_json_pack(const char *format, ...);

/* A JSON number, or the string for one that is not finite. */
json_t *rg_json_real(double value);

/* A number, or the string for one beyond JSON's 63 bits. */
json_t *rg_json_seed(uint64_t seed);

/* The text, of any length. */
json_t *rg_json_text(const char *text);

/* Add to an object or array; the reference to `value` is taken. On failure, or if `value` is NULL, the object is
 * released and becomes NULL. */
void rg_json_set(json_t **object, const char *key, json_t *value);
void rg_json_append(json_t **array, json_t *value);
/* Add every pair of another object, whose reference is taken. */
void rg_json_merge(json_t **object, json_t *other);

/* Where lines go. After the first failure nothing more is written, so that the lines before it are all there. A full
 * disk is no failure of a file until it is closed: see growing.h. */
enum { RG_JSON_LINES_MESSAGE = 512 };
struct rg_json_lines {
    FILE *stream;           /* stdout, or NULL */
    struct rg_growing file; /* or a file; without both, lines are released and written nowhere */
    int digits;             /* of a number; 0: 9, those of a float */
    rg_status status;       /* of the first failure */
    char message[RG_JSON_LINES_MESSAGE];
};

/* Lines to stdout. */
struct rg_json_lines rg_json_lines_stdout(void);

/* Lines to a file that can be read while it grows. The file takes the place of one of that name, or of a link.
 * RG_NOT_SAVED. `path` is borrowed. */
rg_status rg_json_lines_open(struct rg_json_lines *lines, const char *path);

/* Go on with such a file, cut off behind `bytes` bytes. RG_NOT_SAVED if it does not begin with an event, or
 * is shorter. */
rg_status rg_json_lines_resume(struct rg_json_lines *lines, const char *path, uint64_t bytes);

/* Everything to the disk; *bytes = how long the file is then. RG_NOT_SAVED. */
rg_status rg_json_lines_sync(struct rg_json_lines *lines, uint64_t *bytes);

/* Write the object as one line and release it. NULL is a failure. */
void rg_json_lines_write(struct rg_json_lines *lines, json_t *object);

/* RG_OK; RG_NOT_SAVED, with the message of the first failure; RG_NO_READER on stdout. */
rg_status rg_json_lines_status(const struct rg_json_lines *lines);

/* The same after closing the file; nothing is left to be done for stdout. */
rg_status rg_json_lines_close(struct rg_json_lines *lines);

/* Write one object as the only line of a file, whole or not at all, and release it. RG_NOT_SAVED. */
rg_status rg_json_save(const char *path, json_t *object);

/* Print one object on stdout and release it, for commands that print from one place. */
rg_status rg_json_print(json_t *object);

/* The same with as many digits as a double has. */
rg_status rg_json_print_exact(json_t *object);

#endif
