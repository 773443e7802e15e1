/* What the program prints on stdout and stderr, as text. Include before any other header: dup and fileno are POSIX. */
#ifndef RG_TEST_CAPTURED_H
#define RG_TEST_CAPTURED_H

#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "expected.h"

struct captured {
    FILE *file, *stream;
    int before;
};

/* From now on what is written to `stream` goes into a temporary file. */
static inline struct captured capture_begin(FILE *stream) {
    struct captured c = {tmpfile(), stream, -1};
    ck_assert_ptr_nonnull(c.file);
    (void)fflush(stream);
    ck_assert_int_ge(c.before = dup(fileno(stream)), 0);
    ck_assert_int_ge(dup2(fileno(c.file), fileno(stream)), 0);
    return c;
}

/* Add what was written since capture_begin to `text`, and let the stream go where it went before. */
static inline void capture_end(struct captured *c, struct text *text) {
    char part[4096];
    (void)fflush(c->stream);
    ck_assert_int_ge(dup2(c->before, fileno(c->stream)), 0);
    ck_assert_int_eq(close(c->before), 0);
    rewind(c->file);
    for (size_t n = 1; n > 0;) {
        n = fread(part, 1, sizeof part - 1, c->file);
        part[n] = '\0';
        text_add(text, "%s", part);
    }
    ck_assert_int_eq(fclose(c->file), 0);
}

#endif
