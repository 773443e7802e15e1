/* A table on the screen: see columns.h. */
#include "cli/report/columns.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "base/utf8.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "rnn_gpu/memory.h"

enum { CELL_BYTES = 300, LEGEND = 22 /* columns before the meaning */ };

/* Do all heads differ? */
static bool are_distinct(const struct rg_column *columns, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(columns[i].head, columns[k].head) == 0) {
                return false;
            }
        }
    }
    return true;
}

rg_status rg_columns_create(const struct rg_columns_options *options, struct rg_columns *t) {
    const size_t n = options->n;
    assert(are_distinct(options->columns, n));
    *t = (struct rg_columns){.options = *options};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&t->columns, n, sizeof *t->columns, "a table"));
    RG_TRY_GOTO(rg_alloc(&t->cells, n * options->rows, sizeof *t->cells, "a table"));
    RG_TRY_GOTO(rg_alloc(&t->colors, n * options->rows, sizeof *t->colors, "a table"));
    memcpy(t->columns, options->columns, n * sizeof *t->columns);
    t->options.columns = t->columns;
    return RG_OK;
cleanup:
    rg_columns_release(t);
    return status;
}

void rg_columns_release(struct rg_columns *t) {
    for (size_t i = 0; i < t->n_cells; i++) {
        rg_free(t->cells[i]);
    }
    rg_free(t->cells);
    rg_free(t->colors);
    rg_free(t->columns);
    *t = (struct rg_columns){.cells = NULL};
}

/* ---- Parts ---- */

/* Make every column as wide as its head and as the cells that are there. */
static void set_widths(struct rg_columns *t) {
    const size_t n = t->options.n;
    for (size_t i = 0; i < n; i++) {
        struct rg_column *const column = &t->columns[i];
        const size_t head = rg_utf8_count(column->head);
        column->width = rg_max(head, column->width);
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        const size_t columns = rg_utf8_count(t->cells[i]);
        t->columns[i % n].width = rg_max(columns, t->columns[i % n].width);
    }
}

static size_t key_width(const struct rg_columns *t) {
    size_t width = 0;
    for (size_t i = 0; i < t->options.keys; i++) {
        width += t->columns[i].width + t->options.gap;
    }
    return width;
}

/* The end of the part that begins with column `first`: as many as fit behind the keys, at least one. */
static size_t end_of_part(const struct rg_columns *t, size_t first) {
    size_t width = key_width(t) + t->columns[first].width, end = first + 1;
    while (end < t->options.n && width + t->options.gap + t->columns[end].width <= t->options.width) {
        width += t->options.gap + t->columns[end].width;
        end++;
    }
    return end;
}

/* Print a cell with its colour and padding. The last cell of a line has no blanks behind it. */
static void print_cell(const struct rg_columns *t, const struct rg_column *column, const char *text, const char *color,
                       bool is_last) {
    const size_t columns = rg_utf8_count(text), pad = column->width > columns ? column->width - columns : 0;
    const bool colored = t->options.color && color[0];
    (void)printf("%*s%s%s%s%*s", column->left ? 0 : (int)pad, "", colored ? color : "", text, colored ? "\033[0m" : "",
                 column->left && !is_last ? (int)pad : 0, "");
    (void)printf("%*s", is_last ? 0 : (int)t->options.gap, "");
}

/* Print the keys and the columns from `first` to `end` of row `row`; SIZE_MAX: of the heads. */
static void print_row(const struct rg_columns *t, size_t row, size_t first, size_t end) {
    const size_t keys = t->options.keys;
    for (size_t shown = 0; shown < keys + end - first; shown++) {
        const size_t i = shown < keys ? shown : first + shown - keys, at = row * t->options.n + i;
        print_cell(t, &t->columns[i], row == SIZE_MAX ? t->columns[i].head : t->cells[at],
                   row == SIZE_MAX ? "" : t->colors[at], i + 1 == end);
    }
    (void)putchar('\n');
}

static void print_part(const struct rg_columns *t, size_t first, size_t end) {
    print_row(t, SIZE_MAX, first, end);
    for (size_t row = 0; row < t->n_cells / t->options.n; row++) {
        print_row(t, row, first, end);
    }
}

/* ---- The legend ---- */

void rg_columns_explain(const struct rg_columns *t, const char *name, const char *meaning) {
    const size_t width = t->options.width == RG_ALL_COLUMNS ? RG_MIN_COLUMNS : t->options.width;
    rg_lines_format(stdout, width, LEGEND, "%-*s  %s", LEGEND - 2, name, meaning);
}

static void print_legend(const struct rg_columns *t) {
    bool any = false;
    for (size_t i = 0, next = 0; i < t->options.n; i = next) {
        const char *const meaning = t->columns[i].meaning;
        char names[200] = "";
        for (next = i; next < t->options.n && t->columns[next].meaning == meaning; next++) {
            const size_t at = strlen(names);
            (void)snprintf(names + at, sizeof names - at, "%s%s", next > i ? ", " : "", t->columns[next].head);
        }
        if (meaning) {
            (void)fputs(any ? "" : "\n", stdout);
            any = true;
            rg_columns_explain(t, names, meaning);
        }
    }
}

/* ---- Filling ---- */

void rg_columns_begin(struct rg_columns *t) {
    if (t->options.live) {
        set_widths(t);
        t->first_end = end_of_part(t, t->options.keys);
        print_row(t, SIZE_MAX, t->options.keys, t->first_end);
    }
}

void rg_columns_cell(struct rg_columns *t, const char *color, const char *format, ...) {
    char text[CELL_BYTES];
    va_list arguments;
    if (t->status != RG_OK || t->n_cells == t->options.rows * t->options.n) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rg_utf8_make_plain(text);
    t->status = rg_copy_string(&t->cells[t->n_cells], text);
    if (t->status != RG_OK) {
        return;
    }
    t->colors[t->n_cells++] = color;
    if (t->options.live && t->n_cells % t->options.n == 0) {
        print_row(t, t->n_cells / t->options.n - 1, t->options.keys, t->first_end);
        (void)fflush(stdout);
    }
}

rg_status rg_columns_end(struct rg_columns *t) {
    size_t first = t->options.keys;
    if (t->status != RG_OK) {
        return t->status;
    }
    if (t->options.live) {
        first = t->first_end;
    } else {
        set_widths(t);
    }
    for (size_t end = 0; first < t->options.n; first = end) {
        end = end_of_part(t, first);
        (void)fputs(first > t->options.keys ? "\n" : "", stdout);
        print_part(t, first, end);
    }
    print_legend(t);
    return RG_OK;
}
