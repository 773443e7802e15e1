/* Reader of option files: the part of TOML 1.0 that options need.
 *
 *     # a comment
 *     hidden = 64
 *     lr = 1e-3
 *     normalize = true
 *     [sweep]
 *     cell = ["rnn", "lstm"]
 *
 * It reads keys, tables of one level, strings ("..." with escapes, '...' without), decimal numbers, true and false, and
 * arrays of these. Other parts of TOML (dotted keys, inline tables, strings of several lines, dates, numbers in other
 * bases, inf and nan) are refused by name. */
#ifndef RG_TOML_H
#define RG_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

enum rg_toml_kind { RG_TOML_STRING, RG_TOML_NUMBER, RG_TOML_BOOLEAN };

/* A value. A number is stored as the text of its digits. */
struct rg_toml_value {
    enum rg_toml_kind kind;
    const char *text; /* not NUL-terminated */
    size_t length;
};

/* `key = value`, or `key = [value, ...]`. */
struct rg_toml_entry {
    const char *table; /* "" before the first table */
    const char *key;
    size_t line; /* line of the key, from 1 */
    bool is_array;
    size_t n;
    const struct rg_toml_value *values; /* [n] */
};

enum { RG_TOML_NAME_BYTES = 64, RG_TOML_MAX_VALUES = 1000 };

/* Receives the name of each table as soon as it is read, and every entry, in the order of the file. */
struct rg_toml_visitor {
    rg_status (*table)(void *self, const char *name, size_t line);
    rg_status (*entry)(void *self, const struct rg_toml_entry *entry);
    void *self;
};

/* Read the `length` bytes of `text`; escapes are replaced in place. RG_BAD_FILE with `path` and line. */
rg_status rg_toml_read(const char *path, char *text, size_t length, const struct rg_toml_visitor *visitor);

#endif
