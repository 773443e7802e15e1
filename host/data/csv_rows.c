/* CSV cells with their places.
 *
 * A cell without quotes that ends within a block, as nearly all do, is taken from the block. libcsv has the others. It
 * reports a cell only when it meets the separator or line end after it. So the file is passed to it in pieces that end
 * at such a byte or at the end of a block. A cell that is reported then ends there, and the next one begins after it.
 * Lines are counted only when a message needs a line number, by reading the file once more up to that place. */
#define _GNU_SOURCE
#include "data/csv_rows.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/sizes.h"
#include "base/stop.h"
#include "data/decimal.h"
#include "data/readers.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum {
    /* step by which libcsv's buffer grows; with small steps a long cell would be copied too often */
    MAX_COLUMNS = 1 << 16,
    BLOCK_BYTES = 1 << 16,
    CELL_BLOCK = 256 * 1024
};

/* Sixteen characters, and for each of them all bits or none. */
typedef unsigned char letters __attribute__((vector_size(16)));
typedef signed char flags __attribute__((vector_size(16)));

struct rg_excerpt rg_excerpt(const char *text, size_t bytes) {
    struct rg_excerpt out = {""};
    size_t n = rg_min(bytes, 40);

    while (n < bytes && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
        n--;
    }
    memcpy(out.text, text, n);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)out.text[i] < 0x20 || out.text[i] == 0x7f) {
            out.text[i] = '?';
        }
    }
    if (n < bytes) {
        memcpy(out.text + n, "...", 4);
    }
    return out;
}

/* Read up to `bytes` bytes of the file from `offset` on. *got is smaller only at the end of the file. */
static rg_status read_at(const struct rg_csv *csv, size_t offset, char *to, size_t bytes, size_t *got) {
    *got = 0;
    while (*got < bytes) {
        ssize_t n = pread(csv->fd, to + *got, bytes - *got, (off_t)(offset + *got));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", csv->path, strerror(errno));
        }
        if (n == 0) {
            break;
        }
        *got += (size_t)n;
    }
    return RG_OK;
}

/* Line and column of the byte at `offset`. A CR is a line end unless an LF follows. */
static void find_place(const struct rg_csv *csv, size_t offset, size_t *line, size_t *column) {
    char block[4096];
    size_t begin = csv->first, got = 0;
    char before = '\0';

    *line = *column = 1;
    for (size_t at = csv->first;; at++) {
        if (at == begin + got) {
            begin = at;
            if (read_at(csv, at, block, sizeof(block), &got) != RG_OK) {
                return;
            }
        }
        const char c = got > 0 ? block[at - begin] : '\0';
        if ((before == '\r' && c != '\n') || (at < offset && c == '\n')) {
            ++*line;
            *column = 1;
        }
        if (at >= offset || got == 0) {
            return;
        }
        *column += c != '\n' && c != '\r' && ((unsigned char)c & 0xc0) != 0x80;
        before = c;
    }
}

rg_status rg_csv_fail(const struct rg_csv *csv, size_t offset, const char *format, ...) {
    char message[512];
    size_t line, column;
    va_list args;

    find_place(csv, rg_min(offset, csv->bytes), &line, &column);
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return rg_fail(RG_BAD_FILE, "%s:%zu:%zu: %s", csv->path, line, column, message);
}

rg_status rg_csv_changed(const struct rg_csv *csv) {
    return rg_fail(RG_BAD_FILE, "%s: the file was replaced while it was read", csv->path);
}

/* Bytes of the UTF-8 character at s (of at most n bytes); 0 if it is invalid: overlong form, surrogate, or above
 * U+10FFFF (RFC 3629). */
static size_t utf8_bytes(const unsigned char *s, size_t n) {
    size_t k = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

    if (k == 0 || k > n) {
        return 0;
    }
    for (size_t i = 1; i < k; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return k;
}

enum { PASSES = 3 /* over the file: of the characters, and two over the cells */ };

static void tell(const struct rg_csv *csv, size_t at) {
    rg_log_reading(csv->path, (double)csv->passes * (double)csv->bytes + (double)at, PASSES * (double)csv->bytes);
}

/* Are the next eight bytes ASCII without a NUL? */
static bool is_plain(const unsigned char *text) {
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t word;

    memcpy(&word, text, sizeof(word));
    return ((word | ((word - ones) & ~word)) & high) == 0;
}

/* Check every character, and that not all of them are white space. */
static rg_status check_characters(struct rg_csv *csv) {
    size_t at = csv->first, got = 0;
    bool empty = true;

    while (at < csv->bytes) {
        const unsigned char *text = (const unsigned char *)csv->block;
        size_t i = 0;

        RG_TRY(read_at(csv, at, csv->block, BLOCK_BYTES, &got));
        if (got == 0) {
            return rg_csv_changed(csv);
        }
        tell(csv, at + got);
        while (i < got && (i + 4 <= got || at + got == csv->bytes)) {
            if (!empty && i + sizeof(uint64_t) <= got && is_plain(text + i)) {
                i += sizeof(uint64_t);
                continue;
            }
            size_t k = utf8_bytes(text + i, got - i);

            if (k == 0) {
                return rg_csv_fail(csv, at + i, "byte 0x%02x is not UTF-8; save the file as UTF-8 text", text[i]);
            }
            if (text[i] == 0) {
                return rg_csv_fail(csv, at + i, "NUL byte where UTF-8 text was expected");
            }
            empty = empty && strchr(" \t\r\n", text[i]) != NULL;
            i += k;
        }
        if (i == 0) {
            return rg_csv_changed(csv);
        }
        at += i;
    }
    return empty ? rg_csv_fail(csv, csv->bytes, "empty file; a header and at least one row were expected") : RG_OK;
}

/* The separator: the first comma, semicolon or tab outside quotes in the header; a comma if there is none. */
static char find_separator(const char *header) {
    bool quoted = false;

    header += strspn(header, "\r\n");
    for (; *header != '\0' && (quoted || (*header != '\n' && *header != '\r')); header++) {
        quoted = quoted != (*header == '"');
        if (!quoted && strchr(",;\t", *header) != NULL) {
            return *header;
        }
    }
    return ',';
}

static rg_status load(struct rg_csv *csv) {
    size_t got = 0;

    if (csv->bytes > UINT32_MAX) {
        return rg_fail(RG_BAD_FILE, "%s: CSV files may have at most 4 GiB; give larger data as .npz", csv->path);
    }
    RG_TRY(rg_alloc(&csv->block, BLOCK_BYTES + 1 + sizeof(letters), 1, csv->path));
    RG_TRY(read_at(csv, 0, csv->block, 3, &got));
    csv->first = got == 3 && memcmp(csv->block, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    RG_TRY(check_characters(csv));
    RG_TRY(read_at(csv, csv->first, csv->block, BLOCK_BYTES, &got));
    csv->block[got] = '\0';
    snprintf(csv->ends, sizeof(csv->ends), "%c\r\n", find_separator(csv->block));
    csv->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (csv->locale == (locale_t)0) {
        return rg_fail(RG_NO_MEMORY, "%s: no C locale: %s", csv->path, strerror(errno));
    }
    return rg_csv_rewind(csv);
}

rg_status rg_csv_open(struct rg_csv *csv, const char *path) {
    memset(csv, 0, sizeof(*csv));
    csv->path = rg_data_name(path);
    csv->fd = -1;
    RG_TRY(rg_data_open(path, &csv->fd, &csv->bytes));
    return load(csv);
}

void rg_csv_close(struct rg_csv *csv) {
    if (csv->parser_ready) {
        csv_free(&csv->parser);
    }
    if (csv->locale != (locale_t)0) {
        freelocale(csv->locale);
    }
    rg_free(csv->block);
    if (csv->path != NULL && csv->fd >= 0) {
        close(csv->fd);
    }
    memset(csv, 0, sizeof(*csv));
}

rg_status rg_csv_rewind(struct rg_csv *csv) {
    if (csv->parser_ready) {
        csv_free(&csv->parser);
    }
    csv->parser_ready = csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0;
    if (!csv->parser_ready) {
        return rg_fail(RG_NO_MEMORY, "%s: the CSV parser does not start", csv->path);
    }
    csv_set_delim(&csv->parser, (unsigned char)csv->ends[0]);
    csv_set_blk_size(&csv->parser, CELL_BLOCK);
    csv->position = csv->start = csv->block_start = csv->block_end = csv->first;
    csv->n_before = rg_max(csv->n_columns, csv->n_before);
    csv->row = csv->column = csv->n_columns = 0;
    csv->passes = csv->ended ? 2 : 1;
    csv->ended = csv->in_cell = false;
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

/* Make the block begin at csv->position. */
static rg_status move_block(struct rg_csv *csv) {
    size_t got = 0;

    RG_TRY(rg_stop_check());
    RG_TRY(read_at(csv, csv->position, csv->block, BLOCK_BYTES, &got));
    csv->block[got] = '\0';
    tell(csv, csv->position + got);
    csv->block_start = csv->position;
    csv->block_end = rg_min(csv->position + got, csv->bytes);
    return csv->position < csv->block_end ? RG_OK : rg_csv_changed(csv);
}

/* Make sure that the byte at csv->position is in the block. */
static rg_status fill_block(struct rg_csv *csv) {
    return csv->position < csv->block_end ? RG_OK : move_block(csv);
}

/* Begin a cell with libcsv, which knows nothing of the cells before. In the middle of a row it gets one. */
static void begin_cell(struct rg_csv *csv) {
    const char before[] = {'0', csv->ends[0]};

    (void)csv_fini(&csv->parser, NULL, NULL, NULL);
    if (csv->column > 0) {
        (void)csv_parse(&csv->parser, before, sizeof(before), on_cell, on_row, csv);
    }
    csv->in_cell = true;
}

/* Parse up to and including the next separator, line end or end of a block, or finish after the last byte. */
static rg_status parse_piece(struct rg_csv *csv) {
    const char *piece;
    size_t n, done;

    csv->has_cell = csv->has_row = false;
    if (csv->position == csv->bytes) {
        csv->ended = true;
        if (csv_fini(&csv->parser, on_cell, on_row, csv) != 0) {
            return rg_csv_fail(csv, csv->start, "a quote is opened in this cell and never closed");
        }
        return RG_OK;
    }
    RG_TRY(fill_block(csv));
    piece = csv->block + (csv->position - csv->block_start);
    n = strcspn(piece, csv->ends);
    n += piece[n] != '\0';
    if (n == 0 || n > csv->block_end - csv->position) {
        return rg_csv_changed(csv);
    }
    while (csv->start < csv->position + n && csv->start >= csv->position &&
           strchr(" \t\r\n", piece[csv->start - csv->position]) != NULL) {
        csv->start++;
    }
    done = csv_parse(&csv->parser, piece, n, on_cell, on_row, csv);
    if (done == n) {
        csv->position += n;
        return RG_OK;
    }
    if (csv_error(&csv->parser) != CSV_EPARSE) {
        return rg_fail(RG_NO_MEMORY, "%s: %s", csv->path, csv_strerror(csv_error(&csv->parser)));
    }
    return rg_csv_fail(csv, csv->position + done,
                       "misplaced quote; a cell with quotes was expected as \"...\", with \"\" for a quote in it");
}

static rg_status refuse_empty(const struct rg_csv *csv, const struct rg_csv_cell *cell) {
    return rg_csv_fail(csv, cell->start, "empty cell in column %zu; a value was expected%s", cell->column + 1,
                       csv->may_fill ? ", or --fill, which gives it one" : "");
}

/* Check the rules for cells of every format, and move on to the next cell. */
static rg_status accept_cell(struct rg_csv *csv, const struct rg_csv_cell *cell) {
    if (csv->row == 0 && csv->n_before > 0 &&
        (cell->column >= csv->n_before || (cell->ends_row && cell->column + 1 < csv->n_before))) {
        return rg_csv_changed(csv);
    }
    if (csv->row == 0 && cell->column >= MAX_COLUMNS) {
        return rg_csv_fail(csv, cell->start, "more than %d columns", MAX_COLUMNS);
    }
    if (csv->row > 0 && cell->column >= csv->n_columns) {
        return rg_csv_fail(csv, cell->start, "one cell too many; the header has %zu columns", csv->n_columns);
    }
    if (cell->bytes == 0 && csv->row == 0) {
        return rg_csv_fail(csv, cell->start, "column %zu of the header has no name; name the column, or leave it out",
                           cell->column + 1);
    }
    if (cell->bytes == 0 && !csv->may_be_empty) {
        return refuse_empty(csv, cell);
    }
    if (csv->row > 0 && cell->ends_row && cell->column + 1 < csv->n_columns) {
        return rg_csv_fail(csv, cell->end, "the row ends after %zu of the header's %zu columns", cell->column + 1,
                           csv->n_columns);
    }
    csv->column++;
    if (cell->ends_row) {
        csv->n_columns = csv->column;
        csv->column = 0;
        csv->row++;
    }
    return RG_OK;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Take the cell without quotes that begins at csv->position and ends at block[to], and remove blanks around it. Nothing
 * is taken of an empty line. */
static void take_plain(struct rg_csv *csv, size_t to, bool ends_row, struct rg_csv_cell *cell) {
    size_t from = csv->position - csv->block_start, end = to;

    while (from < end && is_blank(csv->block[from])) {
        from++;
    }
    while (end > from && is_blank(csv->block[end - 1])) {
        end--;
    }
    csv->position = csv->start = csv->block_start + to + 1;
    if (ends_row && end == from && csv->column == 0) {
        return;
    }
    csv->block[end] = '\0';
    *cell = (struct rg_csv_cell){.text = csv->block + from,
                                 .bytes = end - from,
                                 .start = csv->block_start + from,
                                 .end = csv->block_start + to,
                                 .row = csv->row,
                                 .column = csv->column,
                                 .ends_row = ends_row};
}

/* The first separator, line end, quote or NUL of the block from `at` on, or `length`. */
static size_t find_stop(const struct rg_csv *csv, size_t at, size_t length) {
    const letters none = {0}, separator = none + (unsigned char)csv->ends[0];

    for (; at < length; at += sizeof(letters)) { /* the block has room after its end */
        letters text;
        uint64_t stops[2];

        memcpy(&text, csv->block + at, sizeof(text));
        const flags found = (text == separator) | (text == none + (unsigned char)'\n') |
                            (text == none + (unsigned char)'\r') | (text == none + (unsigned char)'"') | (text == none);
        memcpy(stops, &found, sizeof(stops));
        for (size_t half = 0; half < 2; half++) {
            if (stops[half] != 0) {
                const size_t stop = at + half * sizeof(*stops) + (size_t)__builtin_ctzll(stops[half]) / 8;

                return rg_min(stop, length);
            }
        }
    }
    return length;
}

/* Take the next cell if it is plain. *plain: it is, or the file or an empty line ends here. */
static rg_status try_plain(struct rg_csv *csv, struct rg_csv_cell *cell, bool *plain) {
    size_t at = 0;

    *plain = true;
    if (csv->position < csv->bytes) {
        RG_TRY(fill_block(csv));
    }
    for (int tries = 0; tries < 2; tries++) {
        const size_t length = csv->block_end - csv->block_start;

        at = find_stop(csv, csv->position - csv->block_start, length);
        const bool is_whole = at < length || csv->block_end == csv->bytes || csv->position == csv->block_start;
        if (is_whole) {
            break;
        }
        RG_TRY(move_block(csv)); /* the cell continues after the block */
    }
    const bool at_end = csv->block_start + at == csv->bytes;
    const char stop = csv->block[at];
    if (at_end) {
        take_plain(csv, at, true, cell);
        csv->position = csv->start = csv->bytes;
        csv->ended = true;
    } else if (csv->block_start + at < csv->block_end && stop != '"' && stop != '\0') {
        take_plain(csv, at, stop != csv->ends[0], cell);
    } else {
        *plain = false;
    }
    return RG_OK;
}

rg_status rg_csv_next(struct rg_csv *csv, struct rg_csv_cell *cell) {
    *cell = (struct rg_csv_cell){.text = NULL};
    csv->has_cell = false;
    do {
        bool plain = false;

        if (csv->ended) { /* at first the file had a header: rg_csv_open refuses one without */
            return csv->row > 0 ? RG_OK : rg_csv_changed(csv);
        }
        RG_TRY(csv->in_cell ? RG_OK : try_plain(csv, cell, &plain));
        if (cell->text != NULL) {
            return accept_cell(csv, cell);
        }
        if (!plain) {
            if (!csv->in_cell) {
                begin_cell(csv);
            }
            RG_TRY(parse_piece(csv));
        }
    } while (!csv->has_cell);
    csv->in_cell = false;
    cell->text = csv->cell_text;
    cell->bytes = csv->cell_bytes;
    cell->row = csv->row;
    cell->column = csv->column;
    cell->ends_row = csv->has_row;
    cell->end = csv->ended ? csv->bytes : csv->position - 1;
    cell->start = rg_min(csv->start, cell->end);
    csv->start = csv->position;
    return accept_cell(csv, cell);
}

bool rg_csv_is_missing(const struct rg_csv_cell *cell) {
    static const char *const names[] = {"", "na", "n/a", "nan", "null", "?"};

    if (cell->bytes > 4 || strchr("0123456789+-.", cell->text[0]) != NULL) {
        return cell->bytes == 0;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcasecmp(cell->text, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool rg_csv_is_number(const struct rg_csv *csv, const struct rg_csv_cell *cell) {
    double value;

    return rg_decimal(cell->text, cell->bytes, csv->locale, &value);
}

bool rg_csv_has_decimal_comma(const struct rg_csv *csv, const struct rg_csv_cell *cell) {
    char number[64];
    double value;
    const char *const comma = strchr(cell->text, ',');

    if (comma == NULL || cell->bytes >= sizeof(number)) {
        return false;
    }
    memcpy(number, cell->text, cell->bytes + 1);
    number[comma - cell->text] = '.';
    return rg_decimal(number, cell->bytes, csv->locale, &value);
}

rg_status rg_csv_number(const struct rg_csv *csv, const struct rg_csv_cell *cell, double *value) {
    if (cell->bytes == 0) {
        return refuse_empty(csv, cell);
    }
    if (!rg_decimal(cell->text, cell->bytes, csv->locale, value)) {
        return rg_csv_fail(csv, cell->start, "`%s` is not a number; a finite decimal number was expected%s",
                           rg_excerpt(cell->text, cell->bytes).text,
                           rg_csv_has_decimal_comma(csv, cell)        ? ", with a point for the fraction"
                           : csv->may_fill && rg_csv_is_missing(cell) ? ", or --fill, which gives it one"
                                                                      : "");
    }
    if (csv->doubles ? isfinite(*value) : isfinite((float)*value)) {
        return RG_OK;
    }
    return rg_csv_fail(csv, cell->start, "`%s` is beyond the largest %s", rg_excerpt(cell->text, cell->bytes).text,
                       csv->doubles || !isfinite(*value) ? "double, 1.8e308"
                                                         : "float, 3.4e38; --precision double takes more");
}
