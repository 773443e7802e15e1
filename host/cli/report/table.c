/* A table that owns its text: see table.h. */
#include "cli/report/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"

static rg_status copy_heads(struct rg_own_table *t, const char *const *heads, size_t n) {
    size_t bytes = 0;
    for (size_t c = 0; c < n; c++) {
        bytes += strlen(heads[c]) + 1;
    }
    RG_TRY(rg_alloc(&t->heads, n, sizeof *t->heads, "a table"));
    RG_TRY(rg_alloc(&t->head_texts, bytes, 1, "a table"));
    char *at = t->head_texts;
    for (size_t c = 0; c < n; c++) {
        const size_t length = strlen(heads[c]) + 1;
        t->heads[c] = memcpy(at, heads[c], length);
        at += length;
    }
    return RG_OK;
}

rg_status rg_table_create(struct rg_own_table *t, const char *title, const char *const *heads, size_t n_columns,
                          size_t n_rows) {
    const size_t n = n_rows * n_columns;
    *t = (struct rg_own_table){.pointers = NULL};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&t->pointers, n, sizeof *t->pointers, "a table"));
    RG_TRY_GOTO(rg_alloc(&t->cells, n, sizeof *t->cells, "a table"));
    RG_TRY_GOTO(copy_heads(t, heads, n_columns));
    for (size_t i = 0; i < n; i++) {
        t->pointers[i] = t->cells[i];
    }
    t->table = (struct rg_table){
        .title = title, .n_rows = n_rows, .n_columns = n_columns, .heads = t->heads, .cells = t->pointers};
    return RG_OK;
cleanup:
    rg_table_release(t);
    return status;
}

void rg_table_release(struct rg_own_table *t) {
    rg_free(t->pointers);
    rg_free(t->cells);
    rg_free(t->heads);
    rg_free(t->head_texts);
    *t = (struct rg_own_table){.pointers = NULL};
}

void rg_table_set(struct rg_own_table *t, size_t row, size_t column, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(t->cells[row * t->table.n_columns + column], RG_CELL_BYTES, format, arguments);
    va_end(arguments);
}

void rg_table_number(struct rg_own_table *t, size_t row, size_t column, int digits, double value) {
    if (isnan(value)) {
        rg_table_set(t, row, column, "–");
    } else {
        rg_table_set(t, row, column, "%.*g", digits, value);
    }
}
