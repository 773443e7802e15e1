/* What the program shows, added to the text of a test: what it prints, JSON and tables. Include before any other
 * header: captured.h needs POSIX. */
#ifndef RG_TEST_SHOWN_H
#define RG_TEST_SHOWN_H

#include <jansson.h>

#include "captured.h"
#include "cli/report/table.h"

/* Add what `act` prints on both streams. */
static inline void text_add_printed(struct text *text, const char *name, void (*act)(const void *), const void *with) {
    struct text error = {NULL, 0, 0};
    text_add(text, "======== %s\n", name);
    text_add(&error, "%s", "");
    struct captured out = capture_begin(stdout), err = capture_begin(stderr);
    act(with);
    capture_end(&err, &error);
    capture_end(&out, text);
    text_add(text, "%s%s", error.length ? "-- stderr\n" : "", error.bytes);
    free(error.bytes);
}

/* Add an object of JSON, and release it. */
static inline void text_add_json(struct text *text, const char *name, json_t *json) {
    char *const dumped = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    ck_assert_ptr_nonnull(dumped);
    text_add(text, "======== %s\n%s\n", name, dumped);
    json_free_t release = free;
    json_get_alloc_funcs(NULL, &release); /* of a test that counts blocks */
    release(dumped);
    json_decref(json);
}

/* Add a table that was made with `status`, and release it. */
static inline void text_add_table(struct text *text, const char *name, rg_status status, struct rg_own_table *own) {
    const struct rg_table *const t = &own->table;
    ck_assert_int_eq(status, RG_OK);
    text_add(text, "======== %s: %s, place %d\n", name, t->title, (int)t->place);
    for (size_t row = 0; row <= t->n_rows; row++) {
        for (size_t i = 0; i < t->n_columns; i++) {
            const char *const cell = row == 0 ? t->heads[i] : t->cells[(row - 1) * t->n_columns + i];
            text_add(text, "%s%s", i ? " | " : "", cell);
        }
        text_add(text, "\n");
    }
    rg_table_release(own);
}

#endif
