/* The walk of walk/walk.h step by step, in the order of the notes: forward, loss, backward, terms, gradient. Three
 * writers put it on a screen, on a page and into LaTeX.
 *
 * The text is written once, in a small markup that each writer translates:
 *
 *     _{t-1} ^{T}                   subscript, superscript
 *     \delta \sigma \phi \tau \sum  Greek letters and signs; \times \ne \le
 *     \name{weight_hh_l0}           a name of the program
 *
 * In foreign text the byte RG_WALK_RAW precedes a backslash, _ or ^ that is meant literally. */
#ifndef RG_WALK_STORY_H
#define RG_WALK_STORY_H

#include "walk/walk.h"

enum { RG_WALK_RAW = 1 };

/* The largest net whose walk is readable. */
enum { RG_WALK_HIDDEN = 8, RG_WALK_STEPS = 12, RG_WALK_SEQUENCES = 8, RG_WALK_WIDTH = 32 };

/* Numbers in a row: a vector with its name, or a row of a matrix without a name. */
struct rg_walk_line {
    char label[32];       /* markup */
    const double *values; /* number j is values[stride * (index ? index[j] : j)] */
    const size_t *index;
    size_t n, stride;
};

struct rg_walk_block {
    char title[160]; /* markup; "" for none */
    const struct rg_walk_line *lines;
    size_t n_lines;
    bool is_matrix;           /* the lines are the rows of a matrix; otherwise each line is a vector */
    const char *const *heads; /* [n_heads] names of the first columns in plain text, or NULL */
    size_t n_heads;           /* a block of a step has names for its inputs, and lines with more numbers */
};

enum rg_walk_text { RG_WALK_SENTENCE, RG_WALK_FORMULA };

/* Receives the story. Calls come in order. Sections nest to level 2. */
struct rg_walk_writer {
    void *self;
    void (*begin)(void *self, int level, const char *title, bool open); /* a section; `open`: initially shown */
    void (*end)(void *self, int level);
    void (*text)(void *self, enum rg_walk_text kind, const char *markup);
    void (*blocks)(void *self, const struct rg_walk_block *blocks, size_t n); /* side by side */
};

/* RG_USAGE if there is no such sequence; they count from 1. */
rg_status rg_walk_check_sequence(const struct rg_dataset *data, size_t sequence);

/* RG_USAGE, with the net's sizes, for a net that is too large. `sequence` counts from 1; 0: all. */
rg_status rg_walk_check(const struct rg_model *model, const struct rg_dataset *data, size_t sequence);

/* Tell the walk to the writer, for all sequences (0) or for one, from 1. RG_NO_MEMORY. */
rg_status rg_walk_tell(const struct rg_walk *walk, size_t sequence, const struct rg_walk_writer *writer);

/* Write a number in `width` characters, 8 or 9, with as many digits as fit: "-0.168683", "1.23e-07", "0". */
void rg_walk_number(double value, int width, char text[16]);

/* Read the next piece of markup at *at, and move past it. `text` receives the text of a sign or name. Returns its kind.
 */
enum rg_walk_piece {
    RG_PIECE_END,
    RG_PIECE_TEXT,  /* one character */
    RG_PIECE_SIGN,  /* a word after a backslash */
    RG_PIECE_NAME,  /* the name in \name */
    RG_PIECE_LOWER, /* the text in _{ } */
    RG_PIECE_UPPER  /* the text in ^{ } */
};
enum { RG_PIECE_BYTES = 96 };
enum rg_walk_piece rg_walk_piece(const char **at, char text[RG_PIECE_BYTES]);

/* The three writers. */

/* Print on stdout, in lines of `columns` characters. */
rg_status rg_walk_print(const struct rg_walk *walk, size_t sequence, size_t columns);
/* Write a whole document. RG_NOT_SAVED. */
rg_status rg_walk_latex(const struct rg_walk *walk, size_t sequence, const char *path);
/* Add folding sections to a page, and their style to the page's head. */
struct rg_markup;
void rg_walk_html_style(struct rg_markup *out);
rg_status rg_walk_html(const struct rg_walk *walk, size_t sequence, struct rg_markup *out);

#endif
