/* Reader of option files: see toml.h. */
#include "cli/toml.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

struct reader {
    const char *path;
    char *at, *end;
    size_t line;
    char table[RG_TOML_NAME_BYTES];
    struct rg_toml_value *values; /* [RG_TOML_MAX_VALUES] */
    const struct rg_toml_visitor *visitor;
};

/* ---- Characters ---- */

static rg_status refuse(const struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static rg_status refuse(const struct reader *r, const char *format, ...) {
    char message[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return rg_fail(RG_BAD_FILE, "%s:%zu: %s", r->path, r->line, message);
}

/* The next character; 0 at the end of the file. The file itself has no NUL. */
static char peek(const struct reader *r) {
    return r->at < r->end ? *r->at : '\0';
}

static bool accept(struct reader *r, char c) {
    const bool there = r->at < r->end && *r->at == c;
    r->at += there;
    return there;
}

static void skip_blanks(struct reader *r) {
    while (peek(r) == ' ' || peek(r) == '\t') {
        r->at++;
    }
}

/* Skip a comment, if there is one. */
static void skip_comment(struct reader *r) {
    if (peek(r) == '#') {
        while (r->at < r->end && *r->at != '\n') {
            r->at++;
        }
    }
}

/* Skip LF or CRLF. Returns false if there is no line end. */
static bool accept_line_end(struct reader *r) {
    if (r->end - r->at >= 2 && r->at[0] == '\r' && r->at[1] == '\n') {
        r->at++;
    }
    const bool there = accept(r, '\n');
    r->line += there;
    return there;
}

/* Skip blanks, comments and line ends. */
static void skip_lines(struct reader *r) {
    do {
        skip_blanks(r);
        skip_comment(r);
    } while (accept_line_end(r));
}

static rg_status expect_line_end(struct reader *r, const char *behind) {
    skip_blanks(r);
    skip_comment(r);
    if (r->at == r->end || accept_line_end(r)) {
        return RG_OK;
    }
    return refuse(r, "'%c' follows %s; expected the end of the line", peek(r), behind);
}

/* ---- Strings ---- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Read \uXXXX or \UXXXXXXXX from the letter on, and write it as UTF-8 at *to. It takes no more bytes than the escape.
 */
static rg_status read_code(struct reader *r, char **to) {
    const size_t digits = *r->at++ == 'u' ? 4 : 8;
    uint32_t code = 0;
    for (size_t i = 0; i < digits; i++, r->at++) {
        const int digit = hex_digit(peek(r));
        if (digit < 0) {
            return refuse(r, "the escape \\%c needs %zu hexadecimal digits", digits == 4 ? 'u' : 'U', digits);
        }
        code = code * 16 + (uint32_t)digit;
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return refuse(r, "U+%04X is not allowed in an option", (unsigned)code);
    }
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    *(*to)++ = (char)(leads[more] | code >> (6 * more));
    for (int i = more - 1; i >= 0; i--) {
        *(*to)++ = (char)(0x80 | (code >> (6 * i) & 0x3f));
    }
    return RG_OK;
}

/* Read an escape after the backslash. */
static rg_status read_escape(struct reader *r, char **to) {
    static const char names[] = "btnfre\"\\", means[] = "\b\t\n\f\r\033\"\\";
    const char c = peek(r);
    const char *const known = c != '\0' ? strchr(names, c) : NULL;
    if (c == 'u' || c == 'U') {
        return read_code(r, to);
    }
    if (!known) {
        return refuse(r, "unknown escape in a string; a backslash itself is written \\\\, or in '...'");
    }
    r->at++;
    *(*to)++ = means[known - names];
    return RG_OK;
}

/* Read a string, from its quote on. */
static rg_status read_string(struct reader *r, struct rg_toml_value *value) {
    const char quote = *r->at++;
    char *to = r->at;
    *value = (struct rg_toml_value){.kind = RG_TOML_STRING, .text = r->at};
    if (r->end - r->at >= 2 && r->at[0] == quote && r->at[1] == quote) {
        return refuse(r, "strings of several lines are not supported; write it in one line");
    }
    while (peek(r) != quote) {
        if (r->at == r->end || *r->at == '\n' || *r->at == '\r') {
            return refuse(r, "the string has no closing %c", quote);
        }
        if ((unsigned char)*r->at < ' ' && *r->at != '\t') {
            return refuse(r, "a string holds the control character U+%04X; write it as an escape", (unsigned)*r->at);
        }
        if (quote == '"' && accept(r, '\\')) {
            RG_TRY(read_escape(r, &to));
        } else {
            *to++ = *r->at++;
        }
    }
    r->at++;
    value->length = (size_t)(to - value->text);
    return RG_OK;
}

/* ---- Values ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* Copy digits without the single underscores that may be between them. Returns false if there are no digits. */
static bool read_digits(const char **at, const char *end, char **to) {
    bool any = false;
    while (*at < end && (is_digit(**at) || (**at == '_' && any && *at + 1 < end && is_digit((*at)[1])))) {
        if (**at != '_') {
            *(*to)++ = **at;
            any = true;
        }
        ++*at;
    }
    return any;
}

/* Is the word a decimal number of TOML? If it is, [word, *to) holds it without a leading plus and without underscores.
 */
static bool read_number(char *word, const char *end, char **to) {
    const char *at = word;
    *to = word;
    if (at < end && *at == '-') {
        *(*to)++ = *at++;
    } else if (at < end && *at == '+') {
        at++;
    }
    if (end - at >= 2 && at[0] == '0' && is_digit(at[1])) {
        return false;
    }
    bool good = read_digits(&at, end, to);
    if (good && at < end && *at == '.') {
        *(*to)++ = *at++;
        good = read_digits(&at, end, to);
    }
    if (good && at < end && (*at == 'e' || *at == 'E')) {
        *(*to)++ = *at++;
        if (at < end && (*at == '+' || *at == '-')) {
            *(*to)++ = *at++;
        }
        good = read_digits(&at, end, to);
    }
    return good && at == end;
}

/* Read true, false or a number. */
static rg_status read_bare(struct reader *r, struct rg_toml_value *value) {
    char *const word = r->at, *to = NULL;
    while (r->at < r->end && (is_word(*r->at) || strchr("+.:", *r->at))) {
        r->at++;
    }
    const size_t length = (size_t)(r->at - word);
    *value = (struct rg_toml_value){.kind = RG_TOML_BOOLEAN, .text = word, .length = length};
    if ((length == 4 && memcmp(word, "true", 4) == 0) || (length == 5 && memcmp(word, "false", 5) == 0)) {
        return RG_OK;
    }
    if (length == 0) {
        return peek(r) == '{' ? refuse(r, "inline tables are not supported; write [TABLE] in a line of its own")
                              : refuse(r, "a value is missing after =: a number, \"text\", true, false or [list]");
    }
    char shown[40];
    (void)snprintf(shown, sizeof shown, "%.*s", (int)rg_min(length, sizeof shown - 1), word);
    if (!read_number(word, r->at, &to)) {
        return refuse(r, "'%s' is not a decimal number, true or false; write text in quotes: \"%s\"", shown, shown);
    }
    value->kind = RG_TOML_NUMBER;
    value->length = (size_t)(to - word);
    return RG_OK;
}

static rg_status read_single(struct reader *r, struct rg_toml_value *value) {
    return peek(r) == '"' || peek(r) == '\'' ? read_string(r, value) : read_bare(r, value);
}

/* Read an array from after its bracket; it may span lines. */
static rg_status read_array(struct reader *r, struct rg_toml_entry *entry) {
    entry->is_array = true;
    for (skip_lines(r); !accept(r, ']'); skip_lines(r)) {
        if (entry->n == RG_TOML_MAX_VALUES) {
            return refuse(r, "the list of `%s` has more than %d values", entry->key, RG_TOML_MAX_VALUES);
        }
        if (r->at == r->end) {
            return refuse(r, "the list of `%s` has no closing ]", entry->key);
        }
        if (peek(r) == '[') {
            return refuse(r, "a list within the list of `%s`; expected values", entry->key);
        }
        RG_TRY(read_single(r, &r->values[entry->n++]));
        skip_lines(r);
        if (!accept(r, ',') && peek(r) != ']') {
            return refuse(r, "the list of `%s` has no , or ] after its value %zu", entry->key, entry->n);
        }
    }
    return RG_OK;
}

/* ---- Lines ---- */

/* Read a key or the name of a table: a bare word or a string. */
static rg_status read_name(struct reader *r, const char *what, char name[RG_TOML_NAME_BYTES]) {
    struct rg_toml_value value = {.text = r->at};
    if (peek(r) == '"' || peek(r) == '\'') {
        RG_TRY(read_string(r, &value));
    } else {
        while (is_word(peek(r))) {
            r->at++;
        }
        value.length = (size_t)(r->at - value.text);
        if (value.length == 0) {
            return refuse(r, "expected %s, or a comment after #", what);
        }
    }
    if (value.length == 0 || value.length >= RG_TOML_NAME_BYTES || memchr(value.text, '\0', value.length)) {
        return refuse(r, "expected %s of 1 to %d characters", what, RG_TOML_NAME_BYTES - 1);
    }
    memcpy(name, value.text, value.length);
    name[value.length] = '\0';
    skip_blanks(r);
    return peek(r) == '.' ? refuse(r, "dotted keys are not supported; write [TABLE] in a line of its own") : RG_OK;
}

static rg_status read_table(struct reader *r) {
    if (peek(r) == '[') {
        return refuse(r, "arrays of tables, [[...]], are not supported; write [TABLE]");
    }
    skip_blanks(r);
    RG_TRY(read_name(r, "the name of a table", r->table));
    if (!accept(r, ']')) {
        return refuse(r, "the table's name has no closing ]");
    }
    RG_TRY(r->visitor->table(r->visitor->self, r->table, r->line));
    return expect_line_end(r, "the name of a table");
}

static rg_status read_entry(struct reader *r) {
    char key[RG_TOML_NAME_BYTES];
    struct rg_toml_entry entry = {.table = r->table, .key = key, .line = r->line, .values = r->values};
    RG_TRY(read_name(r, "a key", key));
    if (!accept(r, '=')) {
        return refuse(r, "`%s` is not followed by =; expected KEY = VALUE", key);
    }
    skip_blanks(r);
    if (accept(r, '[')) {
        RG_TRY(read_array(r, &entry));
    } else {
        RG_TRY(read_single(r, &r->values[entry.n++]));
    }
    RG_TRY(r->visitor->entry(r->visitor->self, &entry));
    return expect_line_end(r, "the value");
}

rg_status rg_toml_read(const char *path, char *text, size_t length, const struct rg_toml_visitor *visitor) {
    struct reader r = {.path = path, .at = text, .end = text + length, .line = 1, .visitor = visitor};
    rg_status status = RG_OK;
    const char *const nul = length ? memchr(text, '\0', length) : NULL;
    if (nul) {
        return rg_fail(RG_BAD_FILE, "%s: byte %zu is 0; this is not a text", path, (size_t)(nul - text));
    }
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        r.at += 3; /* skip a byte order mark */
    }
    RG_TRY(rg_alloc(&r.values, RG_TOML_MAX_VALUES, sizeof *r.values, "values of an option file"));
    for (skip_lines(&r); status == RG_OK && r.at < r.end; skip_lines(&r)) {
        status = accept(&r, '[') ? read_table(&r) : read_entry(&r);
    }
    rg_free(r.values);
    return status;
}
