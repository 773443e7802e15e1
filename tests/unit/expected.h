/* Texts held against stored ones, tests/expected/NAME. A change that is meant is stored by RENEW. */
#ifndef RG_TEST_EXPECTED_H
#define RG_TEST_EXPECTED_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENEW "RG_RENEW=1 ctest --test-dir build -R 'unit|cli/screens'"

/* A text that grows. */
struct text {
    char *bytes;
    size_t length, room;
};

__attribute__((format(printf, 2, 3))) static inline void text_add(struct text *text, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    ck_assert_int_ge(length, 0);
    if (text->length + (size_t)length + 1 > text->room) {
        text->room = 2 * (text->length + (size_t)length + 1);
        ck_assert_ptr_nonnull(text->bytes = realloc(text->bytes, text->room));
    }
    va_start(list, format);
    (void)vsnprintf(text->bytes + text->length, text->room - text->length, format, list);
    va_end(list);
    text->length += (size_t)length;
}

/* The whole file; "" if there is none. The caller frees it. */
static inline char *text_of_file(const char *path) {
    struct text text = {NULL, 0, 0};
    FILE *const file = fopen(path, "rb");
    char part[4096];
    text_add(&text, "%s", "");
    for (size_t n = 1; file && n > 0;) {
        n = fread(part, 1, sizeof part - 1, file);
        part[n] = '\0';
        text_add(&text, "%s", part);
    }
    if (file) {
        fclose(file);
    }
    return text.bytes;
}

/* `text` is what tests/expected/NAME holds; the first line that differs is shown. */
static inline void check_expected(const char *name, const char *text) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/expected/%s", RG_SOURCE_DIR, name);
    if (getenv("RG_RENEW")) {
        FILE *const file = fopen(path, "wb");
        ck_assert_msg(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s cannot be written", path);
        return;
    }
    char *const stored = text_of_file(path);
    size_t line = 1, start = 0, at = 0;
    while (text[at] && text[at] == stored[at]) {
        if (text[at++] == '\n') {
            line++;
            start = at;
        }
    }
    ck_assert_msg(text[at] == stored[at],
                  "tests/expected/%s, line %zu:\n  stored %.*s\n  now    %.*s\nIf it is meant: %s", name, line,
                  (int)strcspn(stored + start, "\n"), stored + start, (int)strcspn(text + start, "\n"), text + start,
                  RENEW);
    free(stored);
}

#endif
