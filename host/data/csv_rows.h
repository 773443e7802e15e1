/* A CSV file, cell by cell, with the place of every cell for messages. Internal to host/data.
 *
 * The rules common to all CSV files of this project are kept here: UTF-8 (a byte order mark is allowed), no NUL bytes,
 * quotes as in RFC 4180, line ends LF, CRLF or CR, blank lines skipped, every row as wide as the header, no empty cell.
 */
#ifndef RG_DATA_CSV_ROWS_H
#define RG_DATA_CSV_ROWS_H

#include <csv.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_csv {
    const char *path;
    char *text; /* [bytes + 1], the whole file and a final NUL */
    size_t bytes;
    size_t first;       /* offset of the first byte behind the byte order mark */
    size_t position;    /* offset of the next byte to parse */
    size_t start;       /* offset where the next cell begins */
    size_t row, column; /* of the next cell; row 0 is the header */
    size_t n_columns;   /* of the header; 0 until it has been read */
    bool parser_ready, ended;
    bool has_cell, has_row; /* what the parser reported for the last bytes it got */
    const char *cell_text;
    size_t cell_bytes;
    struct csv_parser parser;
    locale_t locale; /* C, so that a number reads the same everywhere */
};

struct rg_csv_cell {
    const char *text; /* without quotes, with a final NUL; valid until the next call; NULL at the end of the file */
    size_t bytes;
    size_t start, end; /* offsets in the file's text: first byte, and the byte behind the last */
    size_t row, column;
    bool ends_row;
};

/* A piece of a file fit for a message: at most 40 bytes, on one line. */
struct rg_excerpt {
    char text[48];
};

/* Read and check the whole file. `path` is borrowed. rg_csv_close also after a failure. */
rg_status rg_csv_open(struct rg_csv *csv, const char *path);
void rg_csv_close(struct rg_csv *csv);

/* Go back to the header. */
rg_status rg_csv_rewind(struct rg_csv *csv);

/* The next cell, or cell->text == NULL behind the last. */
rg_status rg_csv_next(struct rg_csv *csv, struct rg_csv_cell *cell);

/* *value = the cell as a decimal number; RG_BAD_FILE if it is none, or not finite as a float. */
rg_status rg_csv_number(const struct rg_csv *csv, const struct rg_csv_cell *cell, double *value);

/* RG_BAD_FILE with "path:line:column: " before the message; lines and columns count from 1, columns in characters. */
rg_status rg_csv_fail(const struct rg_csv *csv, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct rg_excerpt rg_excerpt(const char *text, size_t bytes);

#endif
