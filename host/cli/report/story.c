/* The pieces that the walk's story is told in: numbers, markup, text, blocks and matrices. See walk_parts.h. */
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/report/walk_parts.h"
#include "model/cells.h"
#include "reference/reference_parts.h"

/* ---- Numbers and markup ---- */

void rg_walk_number(double value, int width, char text[16]) {
    const int digits = width - 3; /* digits after the point of a signed number below 10 */
    const double size = fabs(value);
    if (value == 0.0) {
        (void)snprintf(text, 16, "0");
    } else if (!isfinite(value) || (size < 1e6 && value == nearbyint(value))) {
        (void)snprintf(text, 16, "%.0f", value);
    } else if (size >= 1e-3 && size < 1e4) {
        const int before = size < 10.0 ? 0 : size < 100.0 ? 1 : size < 1000.0 ? 2 : 3;
        (void)snprintf(text, 16, "%.*f", digits - before, value);
    } else { /* the sign, the exponent's sign and the e take four characters, a long exponent one more */
        const int long_exponent = size < 1e-99 || size >= 1e100;
        (void)snprintf(text, 16, "%.*e", width - 7 - long_exponent, value);
    }
}

enum rg_walk_piece rg_walk_piece(const char **at, char text[RG_PIECE_BYTES]) {
    const char *p = *at;
    size_t length = 0;
    enum rg_walk_piece piece = RG_PIECE_TEXT;
    if (*p == '\0') {
        return RG_PIECE_END;
    }
    if (*p == '\\') {
        piece = RG_PIECE_SIGN;
        p++;
        while ((p[length] >= 'a' && p[length] <= 'z') && length < RG_PIECE_BYTES - 1) {
            text[length] = p[length];
            length++;
        }
        p += length;
        text[length] = '\0';
        if (strcmp(text, "name") != 0 || *p != '{') {
            *at = p;
            return piece;
        }
        piece = RG_PIECE_NAME;
    } else if ((*p == '_' || *p == '^') && p[1] == '{') {
        piece = *p == '_' ? RG_PIECE_LOWER : RG_PIECE_UPPER;
        p++;
    } else {
        p += *p == RG_WALK_RAW && p[1] != '\0';
        do {
            text[length++] = *p++;
        } while (((unsigned char)*p & 0xC0) == 0x80 && length < 4);
        text[length] = '\0';
        *at = p;
        return piece;
    }
    p++; /* after the brace */
    for (length = 0; *p != '\0' && *p != '}' && length < RG_PIECE_BYTES - 1; p++) {
        text[length++] = *p;
    }
    text[length] = '\0';
    *at = p + (*p == '}');
    return piece;
}

const char *rg_story_raw(const char *text, char out[RG_STORY_RAW]) {
    size_t n = 0;
    for (; *text && n + 2 < RG_STORY_RAW; text++) {
        if (strchr("\\_^", *text)) {
            out[n++] = RG_WALK_RAW;
        }
        out[n++] = (unsigned char)*text < 0x20 ? ' ' : *text;
    }
    while (*text && n > 0 && ((unsigned char)*text & 0xC0) == 0x80) { /* do not cut inside a character */
        text--;
        n--;
    }
    out[n] = '\0';
    return out;
}

/* ---- Output to the writer ---- */

void rg_story_text(const struct rg_story *s, const char *format, ...) {
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    s->to->text(s->to->self, RG_WALK_SENTENCE, text);
}

void rg_story_formula(const struct rg_story *s, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    s->to->text(s->to->self, RG_WALK_FORMULA, text);
}

void rg_story_begin(const struct rg_story *s, int level, bool open, const char *format, ...) {
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    s->to->begin(s->to->self, level, text, open);
}

void rg_story_end(const struct rg_story *s, int level) {
    s->to->end(s->to->self, level);
}

void rg_story_flush(struct rg_story *s) {
    if (s->n_blocks > 0) {
        s->to->blocks(s->to->self, s->blocks, s->n_blocks);
    }
    s->n_blocks = s->n_lines = s->n_numbers = 0;
}

void rg_story_block(struct rg_story *s, const char *format, ...) {
    enum { LARGEST_BLOCK = 128 }; /* lines */
    va_list arguments;
    if (s->n_blocks == RG_STORY_BLOCKS || s->n_lines + LARGEST_BLOCK > RG_STORY_LINES ||
        s->n_numbers + LARGEST_BLOCK > RG_STORY_NUMBERS) {
        rg_story_flush(s);
    }
    struct rg_walk_block *const block = &s->blocks[s->n_blocks++];
    *block = (struct rg_walk_block){.lines = &s->lines[s->n_lines]};
    va_start(arguments, format);
    (void)vsnprintf(block->title, sizeof block->title, format, arguments);
    va_end(arguments);
}

static struct rg_walk_line *add_line(struct rg_story *s, const double *values, size_t n) {
    assert(s->n_blocks > 0 && s->n_lines < RG_STORY_LINES);
    struct rg_walk_line *const line = &s->lines[s->n_lines++];
    *line = (struct rg_walk_line){.values = values, .n = n, .stride = 1};
    s->blocks[s->n_blocks - 1].n_lines++;
    return line;
}

void rg_story_line(struct rg_story *s, const double *values, size_t n, const char *format, ...) {
    struct rg_walk_line *const line = add_line(s, values, n);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line->label, sizeof line->label, format, arguments);
    va_end(arguments);
}

void rg_story_number(struct rg_story *s, double value, const char *label) {
    assert(s->n_numbers < RG_STORY_NUMBERS);
    s->numbers[s->n_numbers] = value;
    rg_story_line(s, &s->numbers[s->n_numbers++], 1, "%s", label);
}

void rg_story_matrix(struct rg_story *s, const struct rg_story_matrix *m) {
    struct rg_walk_block *const block = &s->blocks[s->n_blocks - 1];
    block->is_matrix = true;
    block->heads = m->heads;
    block->n_heads = m->columns;
    for (size_t r = 0; r < m->rows; r++) {
        struct rg_walk_line *const line = add_line(s, m->values + r * m->row_step, m->columns);
        line->stride = m->column_step;
        line->index = m->index;
    }
}

bool rg_story_has(const struct rg_story *s, size_t parameter) {
    return !s->walk->model->parameters[parameter].absent;
}

const char *rg_story_gate(const struct rg_story *s, size_t g, char letter[2]) {
    letter[0] = ref_gates(s->walk->net) > 1 ? rg_cells[s->walk->model->shape.cell].letters[g] : '\0';
    letter[1] = '\0';
    return letter;
}

struct rg_story_matrix rg_story_of_role(const struct rg_story *s, struct rg_story_run run, enum ref_role role,
                                        const double *values, size_t rows) {
    const size_t columns = ref_columns(s->walk->net, run.layer, role);
    const bool of_inputs = role == REF_ROLE_WEIGHT_IH && run.layer == 0;
    return (struct rg_story_matrix){.values = values,
                                    .rows = rows,
                                    .columns = of_inputs ? s->n_inputs : columns,
                                    .row_step = columns,
                                    .column_step = 1,
                                    .index = of_inputs ? s->index : NULL,
                                    .heads = of_inputs ? s->heads : NULL};
}
