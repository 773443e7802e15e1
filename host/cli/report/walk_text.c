/* The walk on stdout: see walk_story.h. Blocks are placed side by side as far as the line allows. */
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "cli/report/walk_story.h"
#include "files/json.h"

enum {
    GAP = 3,    /* between blocks */
    INDENT = 2, /* of a block; a row of eight numbers and its label then fill 80 columns */
    MIN_WIDTH = 40,
    MAX_WIDTH = 400,
    TEXT_WIDTH = 100 /* width of sentences, however wide the screen is */
};

struct screen {
    size_t columns;
    bool below_blocks; /* the previous line belongs to a block */
};

/* ---- Markup as plain text ---- */

/* An exponent or index needs braces if it is more than one word. */
static const char *braces(const char *text) {
    return strpbrk(text, "+- ") ? "{}" : "";
}

static void plain(const char *markup, char *out, size_t bytes) {
    char text[RG_PIECE_BYTES];
    size_t at = 0;
    for (;;) {
        const enum rg_walk_piece piece = rg_walk_piece(&markup, text);
        if (piece == RG_PIECE_SIGN && strcmp(text, "cdot") == 0) {
            (void)snprintf(text, sizeof text, "*");
        }
        const bool script = piece == RG_PIECE_LOWER || piece == RG_PIECE_UPPER;
        const char *const wrap = script ? braces(text) : "";
        if (piece == RG_PIECE_END || at >= bytes) {
            break;
        }
        at += (size_t)snprintf(out + at, bytes - at, "%s%.1s%s%s",
                               piece == RG_PIECE_LOWER   ? "_"
                               : piece == RG_PIECE_UPPER ? "^"
                                                         : "",
                               wrap, script && text[0] == '\\' ? text + 1 : text, wrap[0] ? wrap + 1 : "");
    }
    out[at < bytes ? at : bytes - 1] = '\0';
}

static void print_spaces(size_t n) {
    (void)printf("%*s", (int)n, "");
}

/* Print words in indented lines of the given width. */
static void print_wrapped(const char *text, size_t width, size_t indent) {
    size_t at = indent;
    print_spaces(indent);
    while (*text) {
        const size_t length = strcspn(text, " ");
        if (at > indent && at + 1 + length > width) {
            (void)printf("\n");
            print_spaces(indent);
            at = indent;
        } else if (at > indent) {
            (void)printf(" ");
            at++;
        }
        (void)printf("%.*s", (int)length, text);
        at += length;
        text += length + (text[length] == ' ');
    }
    (void)printf("\n");
}

/* ---- Sections and sentences ---- */

static void begin(void *self, int level, const char *title, bool open) {
    struct screen *const s = self;
    char text[400];
    (void)open;
    s->below_blocks = false;
    plain(title, text, sizeof text);
    if (level == 1) {
        const size_t length = strlen(text), rule = rg_min(s->columns, TEXT_WIDTH);
        (void)printf("\n== %s ", text);
        for (size_t i = length + 4; i < rule; i++) {
            (void)printf("=");
        }
        (void)printf("\n");
    } else {
        (void)printf("\n-- %s\n", text);
    }
}

static void end(void *self, int level) {
    (void)self, (void)level;
}

static void text(void *self, enum rg_walk_text kind, const char *markup) {
    struct screen *const s = self;
    char line[800];
    plain(markup, line, sizeof line);
    (void)printf("%s", s->below_blocks ? "\n" : "");
    s->below_blocks = false;
    print_wrapped(line, rg_min(s->columns, TEXT_WIDTH), kind == RG_WALK_FORMULA ? 4 : 0);
}

/* ---- Blocks ---- */

/* How a block is printed: width of its labels, width of a number with the space before it, and numbers in a line. */
struct layout {
    size_t label, cell, fits, columns, width;
    char title[240];
};

static struct layout layout_of(const struct rg_walk_block *b, size_t screen) {
    struct layout l = {.cell = 10};
    char label[64];
    for (size_t i = 0; i < b->n_lines; i++) {
        plain(b->lines[i].label, label, sizeof label);
        l.label = rg_max(strlen(label), l.label);
        l.columns = rg_max(b->lines[i].n, l.columns);
    }
    if (INDENT + l.label + l.columns * l.cell > screen) {
        l.cell = 9;
    }
    const size_t room = screen > INDENT + l.label + l.cell ? (screen - INDENT - l.label) / l.cell : 1;
    l.fits = rg_min(l.columns, room);
    plain(b->title, l.title, sizeof l.title);
    l.width = l.label + l.fits * l.cell;
    if (strlen(l.title) > l.width) {
        l.width = strlen(l.title);
    }
    return l;
}

static double value_at(const struct rg_walk_line *line, size_t j) {
    return line->values[line->stride * (line->index ? line->index[j] : j)];
}

/* Print the names of the columns from `first` on, or a line's label and its numbers from there on. */
static void print_line(const struct rg_walk_block *b, const struct layout *l, const struct rg_walk_line *line,
                       size_t first, char *out, size_t bytes) {
    const size_t last = first + l->fits, n = line ? line->n : l->columns;
    char label[64] = "";
    plain(line ? line->label : "", label, sizeof label);
    size_t at = (size_t)snprintf(out, bytes, "%-*s", (int)l->label, label);
    for (size_t j = first; j < last && j < n && at < bytes; j++) {
        char number[64];
        if (line) {
            rg_walk_number(value_at(line, j), (int)l->cell - 1, number);
        } else {
            rg_utf8_copy(number, l->cell, j < b->n_heads && b->heads[j] ? b->heads[j] : "");
        }
        at += (size_t)snprintf(out + at, bytes - at, "%*s", (int)l->cell, number);
    }
}

/* Print row `row` of a block. Returns false past its end. Row 0 is the title; then come the names of the columns, if
 * there are any, and the lines. Columns that do not fit follow below in the same way. */
static bool print_row(const struct rg_walk_block *b, const struct layout *l, size_t row, char *out, size_t bytes) {
    out[0] = '\0';
    if (l->title[0] && row-- == 0) {
        (void)snprintf(out, bytes, "%s", l->title);
        return true;
    }
    for (size_t first = 0; first < l->columns; first += l->fits) {
        if (b->heads && row-- == 0) {
            print_line(b, l, NULL, first, out, bytes);
            return true;
        }
        for (size_t i = 0; i < b->n_lines; i++) {
            if (b->lines[i].n > first && row-- == 0) {
                print_line(b, l, &b->lines[i], first, out, bytes);
                return true;
            }
        }
    }
    return false;
}

/* Print blocks first … end - 1 side by side. */
static void print_band(const struct rg_walk_block *blocks, const struct layout *layouts, size_t first, size_t end) {
    bool any = true;
    for (size_t row = 0; any; row++) {
        char line[MAX_WIDTH * 4 + 64] = "";
        size_t at = 0, wanted = INDENT;
        any = false;
        for (size_t i = first; i < end; i++) {
            char part[MAX_WIDTH * 4];
            const bool there = print_row(&blocks[i], &layouts[i], row, part, sizeof part);
            if (there && part[0] && at + strlen(part) + MAX_WIDTH < sizeof line) {
                at += (size_t)snprintf(line + at, sizeof line - at, "%*s%s", (int)(wanted - at), "", part);
            }
            any = any || there;
            wanted += layouts[i].width + GAP;
        }
        while (at > 0 && line[at - 1] == ' ') {
            line[--at] = '\0';
        }
        if (any) {
            (void)printf("%s\n", line);
        }
    }
}

static void print_blocks(void *self, const struct rg_walk_block *blocks, size_t n) {
    struct screen *const s = self;
    struct layout layouts[64];
    s->below_blocks = true;
    for (size_t first = 0; first < n;) {
        size_t width = INDENT, end = first;
        while (end < n && end - first < sizeof layouts / sizeof *layouts) {
            layouts[end - first] = layout_of(&blocks[end], s->columns);
            const size_t more = layouts[end - first].width + (end > first ? GAP : 0);
            if (end > first && width + more > s->columns) {
                break;
            }
            width += more;
            end++;
        }
        (void)printf("\n");
        print_band(blocks + first, layouts, 0, end - first);
        first = end;
    }
}

rg_status rg_walk_print(const struct rg_walk *walk, size_t sequence, size_t columns) {
    struct screen screen = {.columns = columns < MIN_WIDTH ? MIN_WIDTH : rg_min(columns, MAX_WIDTH)};
    const struct rg_walk_writer writer = {
        .self = &screen, .begin = begin, .end = end, .text = text, .blocks = print_blocks};
    return rg_walk_tell(walk, sequence, &writer);
}
