/* A CSV file, cell by cell, with the place of every cell for messages. Internal to host/data.
 *
 * The rules common to all CSV files of this project are: UTF-8 (a byte order mark is allowed); no NUL bytes; cells
 * separated by commas, semicolons or tabs; quotes as in RFC 4180; line ends LF, CRLF or CR; blank lines are skipped;
 * every row is as wide as the header; no empty cell. The file is read block by block, so memory never holds more of it
 * than a block and a cell. */
#ifndef RG_DATA_CSV_ROWS_H
#define RG_DATA_CSV_ROWS_H

#include <csv.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_csv {
    const char *path;
    int fd;
    size_t bytes; /* size of the file */
    char *block;  /* part of the file: bytes block_start to block_end, and a NUL */
    size_t block_start, block_end;
    /* characters that end a cell: the separator, which follows from the header, CR, LF, and a NUL */
    char ends[4];
    int passes;         /* over the file that are done */
    size_t first;       /* offset of the first byte after the byte order mark */
    size_t position;    /* offset of the next byte to parse */
    size_t start;       /* offset of the next cell's first non-blank byte, as far as it is parsed */
    size_t row, column; /* of the next cell; row 0 is the header */
    size_t n_columns;   /* columns of the header; 0 until it was read */
    size_t n_before;    /* the same in the readings before */
    bool doubles;       /* numbers may have the range of a double */
    bool parser_ready, ended;
    bool in_cell;           /* the parser has a part of a cell */
    bool has_cell, has_row; /* the parser reported a cell, or a row, for the last bytes */
    const char *cell_text;
    size_t cell_bytes;
    struct csv_parser parser;
    bool may_be_empty; /* empty cells are passed on; else an empty cell ends the reading */
    bool may_fill;     /* the run could be given --fill; for messages */
    locale_t locale;   /* the C locale, so that a number reads the same everywhere */
};

struct rg_csv_cell {
    const char *text; /* without quotes, NUL-terminated; valid until the next call; NULL at the end of the file */
    size_t bytes;
    size_t start, end; /* offsets in the file: of the first byte, and after the last byte */
    size_t row, column;
    bool ends_row;
};

/* An excerpt of a file for a message: at most 40 bytes, on one line. */
struct rg_excerpt {
    char text[48];
};

/* Open the file and check its characters. `path` is borrowed. Call rg_csv_close also after a failure. */
rg_status rg_csv_open(struct rg_csv *csv, const char *path);
void rg_csv_close(struct rg_csv *csv);

/* Go back to the header. It has as many columns as before, or the file changed. */
rg_status rg_csv_rewind(struct rg_csv *csv);

/* The next cell, or cell->text == NULL after the last. */
rg_status rg_csv_next(struct rg_csv *csv, struct rg_csv_cell *cell);

/* Would the cell be a number with a point instead of its comma? */
bool rg_csv_has_decimal_comma(const struct rg_csv *csv, const struct rg_csv_cell *cell);

/* Does the cell mean a missing value? It does if it is empty, NA, N/A, NaN, null or ?. */
bool rg_csv_is_missing(const struct rg_csv_cell *cell);

/* Is the cell a decimal number? */
bool rg_csv_is_number(const struct rg_csv *csv, const struct rg_csv_cell *cell);

/* *value = the cell as a decimal number. RG_BAD_FILE if it is not one, or not finite in the run's precision. */
rg_status rg_csv_number(const struct rg_csv *csv, const struct rg_csv_cell *cell, double *value);

/* RG_BAD_FILE with "path:line:column: " before the message; lines and columns count from 1, columns in characters. */
rg_status rg_csv_fail(const struct rg_csv *csv, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* RG_BAD_FILE: the file changed between the first and the second reading. */
rg_status rg_csv_changed(const struct rg_csv *csv);

struct rg_excerpt rg_excerpt(const char *text, size_t bytes);

#endif
