/* JSON lines: see json_lines.h. */
#include "files/json_lines.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "files/files.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* ---- Values ---- */

json_t *rg_json_real(double value) {
    if (isfinite(value)) {
        return json_real(value);
    }
    return json_string(isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

json_t *rg_json_measured(double value) {
    return isnan(value) ? json_null() : rg_json_real(value);
}

json_t *rg_json_seed(uint64_t seed) {
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text);
}

/* Copy `text` and replace each byte that is not part of UTF-8; the result is at most three times as long. */
static size_t make_valid(const char *text, size_t length, char *out) {
    size_t to = 0;
    for (size_t at = 0; at < length;) {
        const size_t good = rg_utf8_check(text + at, length - at);
        memcpy(out + to, text + at, good);
        to += good;
        at += good;
        if (at < length) {
            memcpy(out + to, replacement, sizeof replacement - 1);
            to += sizeof replacement - 1;
            at++;
        }
    }
    return to;
}

json_t *rg_json_text(const char *text) {
    const size_t length = strlen(text);
    if (rg_utf8_check(text, length) == length) {
        return json_stringn(text, length);
    }
    char *valid = NULL;
    if (rg_alloc(&valid, length, sizeof replacement - 1, "a line of JSON") != RG_OK) {
        return NULL;
    }
    json_t *const value = json_stringn(valid, make_valid(text, length, valid));
    rg_free(valid);
    return value;
}

void rg_json_set(json_t **object, const char *key, json_t *value) {
    if (json_object_set_new(*object, key, value) != 0) { /* fails also if a value is NULL */
        json_decref(*object);
        *object = NULL;
    }
}

void rg_json_append(json_t **array, json_t *value) {
    if (json_array_append_new(*array, value) != 0) {
        json_decref(*array);
        *array = NULL;
    }
}

void rg_json_merge(json_t **object, json_t *other) {
    if (json_object_update(*object, other) != 0) {
        json_decref(*object);
        *object = NULL;
    }
    json_decref(other);
}

/* ---- Pairs ---- */

/* A format that is being read, with its values. All values are consumed, even after a failure. */
struct pairs {
    const char *at;
    va_list values;
};

static char next(struct pairs *p) {
    p->at += strspn(p->at, ":, ");
    return *p->at++;
}

static json_t *pack_pairs(struct pairs *p);

static json_t *pack_value(struct pairs *p) {
    switch (next(p)) {
    case 's':
        return rg_json_text(va_arg(p->values, const char *));
    case 'i':
        return json_integer(va_arg(p->values, int));
    case 'I':
        return json_integer(va_arg(p->values, json_int_t));
    case 'f':
        return rg_json_real(va_arg(p->values, double));
    case 'b':
        return json_boolean(va_arg(p->values, int));
    case 'o':
        return va_arg(p->values, json_t *);
    case '{':
        return pack_pairs(p);
    default:
        assert(0 && "a letter of json_lines.h");
        return NULL;
    }
}

/* Read from after the `{` up to and including the `}`. */
static json_t *pack_pairs(struct pairs *p) {
    json_t *object = json_object();
    while (next(p) == 's') {
        const char *const key = va_arg(p->values, const char *);
        rg_json_set(&object, key, pack_value(p));
    }
    assert(p->at[-1] == '}');
    return object;
}

json_t *rg_json_pack(const char *format, ...) {
    struct pairs pairs = {.at = format + 1};
    assert(format[0] == '{');
    va_start(pairs.values, format);
    json_t *const object = pack_pairs(&pairs);
    va_end(pairs.values);
    return object;
}

/* ---- Lines ---- */

struct rg_json_lines rg_json_lines_stdout(void) {
    return (struct rg_json_lines){.stream = stdout};
}

rg_status rg_json_lines_open(struct rg_json_lines *lines, const char *path) {
    *lines = (struct rg_json_lines){.stream = NULL};
    return rg_growing_open(&lines->file, path);
}

rg_status rg_json_lines_resume(struct rg_json_lines *lines, const char *path, uint64_t bytes) {
    static const char start[] = "{\"event\":\"";
    *lines = (struct rg_json_lines){.stream = NULL};
    return rg_growing_resume(&lines->file, path, bytes, start, sizeof start - 1);
}

/* Store the failure that was just recorded with rg_fail. */
static void keep(struct rg_json_lines *lines, rg_status status) {
    lines->status = status;
    (void)snprintf(lines->message, sizeof lines->message, "%s", rg_error_message());
}

static rg_status not_printed(int error) {
    if (error == EPIPE) {
        return rg_fail(RG_NO_READER, "nobody reads stdout any more");
    }
    return rg_fail(RG_NOT_SAVED, "stdout cannot be written: %s; check the folder and the space left",
                   strerror(error ? error : EIO));
}

/* A text under construction, and whether that failed: jansson does not check each of its own results. */
struct draft {
    struct rg_text text;
    rg_status status;
};

static int add_text(const char *bytes, size_t length, void *self) {
    struct draft *const draft = self;
    if (draft->status == RG_OK) {
        draft->status = rg_text_add(&draft->text, bytes, length);
    }
    return draft->status == RG_OK ? 0 : -1;
}

enum { FLOAT_DIGITS = 9, DOUBLE_DIGITS = 17 };

/* *text = the object as one line, for rg_text_destroy. */
static rg_status make_line(const json_t *object, const char *path, int digits, struct rg_text *text) {
    struct draft draft = {.status = RG_OK};
    const size_t flags = JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION((size_t)digits);
    const int result = json_dump_callback(object, add_text, &draft, flags);
    if (result == 0 && add_text("\n", 1, &draft) == 0) {
        *text = draft.text;
        return RG_OK;
    }
    rg_text_destroy(&draft.text);
    return rg_fail(RG_NOT_SAVED, "%s: a line of JSON cannot be made: no memory; free some and run it again",
                   path ? path : "stdout");
}

static rg_status print_line(FILE *stream, const struct rg_text *text) {
    errno = 0;
    const bool written = fwrite(text->bytes, 1, text->length, stream) == text->length && fflush(stream) == 0;
    return written ? RG_OK : not_printed(errno);
}

static rg_status write_line(struct rg_json_lines *lines, const json_t *object) {
    struct rg_text text = {.bytes = NULL};
    RG_TRY(make_line(object, lines->file.path, lines->digits ? lines->digits : FLOAT_DIGITS, &text));
    const rg_status status =
        lines->stream ? print_line(lines->stream, &text) : rg_growing_append(&lines->file, text.bytes, text.length);
    rg_text_destroy(&text);
    return status;
}

void rg_json_lines_write(struct rg_json_lines *lines, json_t *object) {
    if ((lines->stream || lines->file.path) && lines->status == RG_OK) {
        const rg_status status = write_line(lines, object);
        if (status != RG_OK) {
            keep(lines, status);
        }
    }
    json_decref(object);
}

rg_status rg_json_lines_status(const struct rg_json_lines *lines) {
    return lines->status == RG_OK ? RG_OK : rg_fail(lines->status, "%s", lines->message);
}

rg_status rg_json_lines_sync(struct rg_json_lines *lines, uint64_t *bytes) {
    RG_TRY(rg_json_lines_status(lines));
    return rg_growing_sync(&lines->file, bytes);
}

rg_status rg_json_lines_close(struct rg_json_lines *lines) {
    const rg_status status = rg_growing_close(&lines->file);
    lines->stream = NULL;
    if (status != RG_OK && lines->status == RG_OK) {
        keep(lines, status);
    }
    return rg_json_lines_status(lines);
}

rg_status rg_json_save(const char *path, json_t *object) {
    struct rg_text text = {.bytes = NULL};
    rg_status status = make_line(object, path, FLOAT_DIGITS, &text);
    if (status == RG_OK) {
        status = rg_file_write(path, text.bytes, text.length);
        rg_text_destroy(&text);
    }
    json_decref(object);
    return status;
}

static rg_status print_digits(json_t *object, int digits) {
    struct rg_json_lines lines = rg_json_lines_stdout();
    lines.digits = digits;
    rg_json_lines_write(&lines, object);
    return rg_json_lines_status(&lines);
}

rg_status rg_json_print(json_t *object) {
    return print_digits(object, FLOAT_DIGITS);
}

rg_status rg_json_print_exact(json_t *object) {
    return print_digits(object, DOUBLE_DIGITS);
}
