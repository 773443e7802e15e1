/* Declarations that the files of the walk's story share. */
#ifndef RG_WALK_PARTS_H
#define RG_WALK_PARTS_H

#include "cli/report/walk_story.h"

enum { RG_STORY_BLOCKS = 64, RG_STORY_LINES = 1024, RG_STORY_NUMBERS = 4096 };

struct rg_story {
    const struct rg_walk *walk;
    const struct rg_walk_writer *to;
    size_t first, end;  /* the sequences that are shown */
    bool alone;         /* they are one of several; `terms` is that sequence's part */
    size_t n_inputs;    /* columns of layer 0's inputs that are shown */
    size_t *index;      /* [n_inputs] indexes of these columns; NULL: all */
    const char **heads; /* [n_inputs] names of these columns, or NULL */
    struct rg_walk_block blocks[RG_STORY_BLOCKS];
    size_t n_blocks;
    struct rg_walk_line lines[RG_STORY_LINES];
    size_t n_lines;
    /* storage for lines whose values are nowhere else, until the blocks are written */
    double numbers[RG_STORY_NUMBERS];
    size_t n_numbers;
};

/* One direction of one layer. */
struct rg_story_run {
    size_t layer, direction;
};

/* A matrix, or some of its rows and columns. */
struct rg_story_matrix {
    const double *values;
    size_t rows, columns, row_step, column_step;
    const size_t *index; /* indexes of the columns, or NULL */
    const char *const *heads;
};

/* Write a sentence or a formula, in printf format. */
void rg_story_text(const struct rg_story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rg_story_formula(const struct rg_story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rg_story_begin(const struct rg_story *story, int level, bool open, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void rg_story_end(const struct rg_story *story, int level);

/* rg_story_block starts a block, to which the following lines belong. rg_story_blocks passes all blocks to the writer.
 */
void rg_story_block(struct rg_story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rg_story_line(struct rg_story *story, const double *values, size_t n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void rg_story_number(struct rg_story *story, double value, const char *label);
void rg_story_matrix(struct rg_story *story, const struct rg_story_matrix *matrix);
void rg_story_flush(struct rg_story *story);

/* Escape foreign text as markup. Text that does not fit is cut. */
enum { RG_STORY_RAW = 120 };
const char *rg_story_raw(const char *text, char out[RG_STORY_RAW]);

/* The shown columns of a matrix of that role, with `rows` rows. */
struct rg_story_matrix rg_story_of_role(const struct rg_story *story, struct rg_story_run run, enum ref_role role,
                                        const double *values, size_t rows);

bool rg_story_has(const struct rg_story *story, size_t parameter); /* false for a bias that the file lacks */
/* "" for rnn; otherwise the letter of gate g. */
const char *rg_story_gate(const struct rg_story *story, size_t g, char letter[2]);

/* Write the formulas of the cell, forward and backward. */
void rg_story_forward_formulas(const struct rg_story *story, struct rg_story_run run);
void rg_story_backward_formulas(const struct rg_story *story, struct rg_story_run run);
void rg_story_head_formulas(const struct rg_story *story);
void rg_story_loss_formulas(const struct rg_story *story);

/* Write the last parts: the terms by lag, and the gradient. RG_NO_MEMORY. */
rg_status rg_story_terms(struct rg_story *story);
void rg_story_gradient(struct rg_story *story);
/* Write the weights, at the beginning. */
void rg_story_weights(struct rg_story *story);

#endif
