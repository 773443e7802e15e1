/* CSV cells with their places, on top of libcsv.
 *
 * libcsv reports a cell only when it meets the comma or line end behind it. So the file is handed over in pieces that
 * end at such a byte: whatever is reported then ends there, and the next cell begins behind it. Lines are counted only
 * when a message needs one. */
#define _GNU_SOURCE
#include "csv_rows.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers.h"
#include "rnn_gpu/memory.h"

enum {
    MAX_COLUMNS = 1 << 20,
    CELL_BLOCK = 256 * 1024 /* libcsv's buffer grows by this; small steps would copy a long cell too often */
};

struct rg_excerpt rg_excerpt(const char *text, size_t bytes) {
    struct rg_excerpt out = {""};
    size_t n = bytes < 40 ? bytes : 40;

    while (n < bytes && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    memcpy(out.text, text, n);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)out.text[i] < 0x20 || out.text[i] == 0x7f)
            out.text[i] = '?';
    if (n < bytes)
        memcpy(out.text + n, "...", 4);
    return out;
}

rg_status rg_csv_fail(const struct rg_csv *csv, size_t offset, const char *format, ...) {
    char message[512];
    size_t line = 1;
    size_t column = 1;
    va_list args;

    for (size_t i = csv->first; i < offset && i < csv->bytes; i++) {
        char c = csv->text[i];

        if (c == '\n' || (c == '\r' && csv->text[i + 1] != '\n')) {
            line++;
            column = 1;
        } else if (c != '\r' && ((unsigned char)c & 0xc0) != 0x80) {
            column++;
        }
    }
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return rg_fail(RG_BAD_FILE, "%s:%zu:%zu: %s", csv->path, line, column, message);
}

/* Bytes of the UTF-8 character at s (of at most n bytes), 0 if it is none: no overlong form, no surrogate, at most
 * U+10FFFF (RFC 3629). */
static size_t utf8_bytes(const unsigned char *s, size_t n) {
    size_t k = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

    if (k == 0 || k > n)
        return 0;
    for (size_t i = 1; i < k; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return k;
}

static rg_status check_characters(struct rg_csv *csv) {
    const unsigned char *text = (const unsigned char *)csv->text;

    for (size_t i = csv->first; i < csv->bytes;) {
        size_t k = utf8_bytes(text + i, csv->bytes - i);

        if (k == 0)
            return rg_csv_fail(csv, i, "byte 0x%02x is not UTF-8; save the file as UTF-8 text", text[i]);
        if (text[i] == 0)
            return rg_csv_fail(csv, i, "NUL byte where UTF-8 text was expected");
        i += k;
    }
    return RG_OK;
}

static rg_status read_all(struct rg_csv *csv, int fd) {
    size_t done = 0;

    while (done < csv->bytes) {
        ssize_t n = read(fd, csv->text + done, csv->bytes - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", csv->path, strerror(errno));
        if (n == 0)
            return rg_fail(RG_BAD_FILE, "%s: became shorter while it was read", csv->path);
        done += (size_t)n;
    }
    return RG_OK;
}

static rg_status load(struct rg_csv *csv, int fd) {
    if (csv->bytes > UINT32_MAX)
        return rg_fail(RG_BAD_FILE, "%s: CSV files may have at most 4 GiB; give larger data as .npz", csv->path);
    RG_TRY(rg_alloc(&csv->text, csv->bytes + 1, 1, csv->path));
    RG_TRY(read_all(csv, fd));
    csv->first = csv->bytes >= 3 && memcmp(csv->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    RG_TRY(check_characters(csv));
    if (strspn(csv->text + csv->first, " \t\r\n") == csv->bytes - csv->first)
        return rg_csv_fail(csv, csv->bytes, "empty file; a header and at least one row were expected");
    csv->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (csv->locale == (locale_t)0)
        return rg_fail(RG_NO_MEMORY, "%s: no C locale: %s", csv->path, strerror(errno));
    return rg_csv_rewind(csv);
}

rg_status rg_csv_open(struct rg_csv *csv, const char *path) {
    int fd = -1;
    rg_status status;

    memset(csv, 0, sizeof(*csv));
    csv->path = path;
    RG_TRY(rg_data_open(path, &fd, &csv->bytes));
    status = load(csv, fd);
    close(fd);
    return status;
}

void rg_csv_close(struct rg_csv *csv) {
    if (csv->parser_ready)
        csv_free(&csv->parser);
    if (csv->locale != (locale_t)0)
        freelocale(csv->locale);
    rg_free(csv->text);
    memset(csv, 0, sizeof(*csv));
}

rg_status rg_csv_rewind(struct rg_csv *csv) {
    if (csv->parser_ready)
        csv_free(&csv->parser);
    csv->parser_ready = csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0;
    if (!csv->parser_ready)
        return rg_fail(RG_NO_MEMORY, "%s: the CSV parser does not start", csv->path);
    csv_set_blk_size(&csv->parser, CELL_BLOCK);
    csv->position = csv->start = csv->first;
    csv->row = csv->column = csv->n_columns = 0;
    csv->ended = false;
    return RG_OK;
}

static void on_cell(void *text, size_t bytes, void *user) {
    struct rg_csv *csv = user;

    csv->cell_text = text;
    csv->cell_bytes = bytes;
    csv->has_cell = true;
}

static void on_row(int line_end, void *user) {
    (void)line_end;
    ((struct rg_csv *)user)->has_row = true;
}

/* The first byte from csv->start on that is no blank, `end` at most; line ends can only be those of blank lines. */
static size_t skip_blanks(const struct rg_csv *csv, size_t end) {
    size_t at = csv->start;

    while (at < end && strchr(" \t\r\n", csv->text[at]) != NULL)
        at++;
    return at;
}

/* Parse up to and with the next comma or line end, or finish behind the last byte. */
static rg_status parse_piece(struct rg_csv *csv) {
    const char *piece = csv->text + csv->position;
    size_t n = strcspn(piece, ",\r\n");
    size_t done;

    csv->has_cell = csv->has_row = false;
    if (csv->position == csv->bytes) {
        csv->ended = true;
        if (csv_fini(&csv->parser, on_cell, on_row, csv) != 0)
            return rg_csv_fail(csv, skip_blanks(csv, csv->bytes), "a quote is opened in this cell and never closed");
        return RG_OK;
    }
    n += piece[n] != '\0';
    done = csv_parse(&csv->parser, piece, n, on_cell, on_row, csv);
    if (done == n) {
        csv->position += n;
        return RG_OK;
    }
    if (csv_error(&csv->parser) != CSV_EPARSE)
        return rg_fail(RG_NO_MEMORY, "%s: %s", csv->path, csv_strerror(csv_error(&csv->parser)));
    return rg_csv_fail(csv, csv->position + done,
                       "misplaced quote; a cell with quotes was expected as \"...\", with \"\" for a quote in it");
}

/* What every cell must be, whatever the format; also moves on to the next cell. */
static rg_status accept_cell(struct rg_csv *csv, const struct rg_csv_cell *cell) {
    if (csv->row == 0 && cell->column >= MAX_COLUMNS)
        return rg_csv_fail(csv, cell->start, "more than %d columns", MAX_COLUMNS);
    if (csv->row > 0 && cell->column >= csv->n_columns)
        return rg_csv_fail(csv, cell->start, "a cell too many; the header has %zu columns", csv->n_columns);
    if (cell->bytes == 0)
        return rg_csv_fail(csv, cell->start, "empty cell in column %zu; a value was expected", cell->column + 1);
    if (csv->row > 0 && cell->ends_row && cell->column + 1 < csv->n_columns)
        return rg_csv_fail(csv, cell->end, "the row ends after %zu of the header's %zu columns", cell->column + 1,
                           csv->n_columns);
    csv->column++;
    if (cell->ends_row) {
        csv->n_columns = csv->column;
        csv->column = 0;
        csv->row++;
    }
    return RG_OK;
}

rg_status rg_csv_next(struct rg_csv *csv, struct rg_csv_cell *cell) {
    memset(cell, 0, sizeof(*cell));
    do {
        if (csv->ended)
            return RG_OK;
        RG_TRY(parse_piece(csv));
    } while (!csv->has_cell);
    cell->text = csv->cell_text;
    cell->bytes = csv->cell_bytes;
    cell->row = csv->row;
    cell->column = csv->column;
    cell->ends_row = csv->has_row;
    cell->end = csv->ended ? csv->bytes : csv->position - 1;
    cell->start = skip_blanks(csv, cell->end);
    csv->start = csv->position;
    return accept_cell(csv, cell);
}

rg_status rg_csv_number(const struct rg_csv *csv, const struct rg_csv_cell *cell, double *value) {
    char *end = NULL;

    /* strtod alone would take "inf", "nan", "0x1p3" and leading white space too. */
    if (strspn(cell->text, "0123456789+-.eE") == cell->bytes) {
        *value = strtod_l(cell->text, &end, csv->locale);
        if (end == cell->text + cell->bytes) {
            if (isfinite((float)*value))
                return RG_OK;
            return rg_csv_fail(csv, cell->start, "`%s` is beyond the largest float, 3.4e38",
                               rg_excerpt(cell->text, cell->bytes).text);
        }
    }
    return rg_csv_fail(csv, cell->start, "`%s` is not a number; a finite decimal number was expected",
                       rg_excerpt(cell->text, cell->bytes).text);
}
