/* The walk as LaTeX: see walk_story.h. */
#include <string.h>

#include "cli/report/markup.h"
#include "cli/report/walk_story.h"
#include "rnn_gpu/tensors.h"

/* Add a byte of foreign text. */
static void add_byte(struct rg_markup *out, char c) {
    switch (c) {
    case '\\':
        rg_markup_add(out, "\\textbackslash{}");
        break;
    case '^':
        rg_markup_add(out, "\\textasciicircum{}");
        break;
    case '~':
        rg_markup_add(out, "\\textasciitilde{}");
        break;
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}':
        rg_markup_add(out, "\\%c", c);
        break;
    default:
        rg_markup_add(out, "%c", (unsigned char)c < 0x20 || (unsigned char)c >= 0x7F ? ' ' : c);
    }
}

static void add_escaped(struct rg_markup *out, const char *text) {
    while (*text) {
        add_byte(out, *text++);
    }
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Add a run of letters inside a formula. Three or more letters are a word. */
static const char *add_letters(struct rg_markup *out, const char *text) {
    size_t n = 0;
    while (is_letter(text[n])) {
        n++;
    }
    rg_markup_add(out, n > 2 ? "\\text{%.*s}" : "%.*s", (int)n, text);
    return text + n;
}

/* Add a character of several bytes: Latin-1 letters unchanged, others, which few fonts have, by their number. */
static void add_character(struct rg_markup *out, const char *text, bool math) {
    unsigned code = (unsigned char)text[0] & (text[2] == '\0' ? 0x1FU : text[3] == '\0' ? 0x0FU : 0x07U);
    for (size_t i = 1; text[i]; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3FU);
    }
    if (code >= 0xC0 && code <= 0xFF) {
        rg_markup_add(out, math ? "\\text{%s}" : "%s", text);
    } else {
        rg_markup_add(out, "\\texttt{U+%04X}", code);
    }
}

/* Add an index or exponent. */
static void add_script(struct rg_markup *out, char mark, const char *text) {
    rg_markup_add(out, "%c{", mark);
    if (text[0] == '\\') {
        rg_markup_add(out, "%s", text);
    } else {
        while (*text) {
            if (is_letter(*text)) {
                text = add_letters(out, text);
            } else {
                rg_markup_add(out, "%c", *text++);
            }
        }
    }
    rg_markup_add(out, "}");
}

/* Add one character of a sentence. */
static void add_to_sentence(struct rg_markup *out, const char *text) {
    if (text[1] != '\0') {
        add_character(out, text, false);
    } else if (strchr("<>|", text[0])) {
        rg_markup_add(out, "$%s$", text);
    } else {
        add_byte(out, text[0]);
    }
}

/* Add one character of a formula that is no letter. */
static void add_to_formula(struct rg_markup *out, const char *text) {
    if (text[1] != '\0') {
        add_character(out, text, true);
    } else if (text[0] == ' ') {
        rg_markup_add(out, "\\ ");
    } else if (strchr("\\{}$&#%_^~", text[0])) {
        rg_markup_add(out, "\\text{");
        add_byte(out, text[0]);
        rg_markup_add(out, "}");
    } else {
        rg_markup_add(out, "%s", text);
    }
}

/* Add markup in math mode, or in a sentence, where only the pieces that need it get dollars. */
static void add_pieces(struct rg_markup *out, const char *markup, bool math) {
    const char *const dollar = math ? "" : "$";
    char text[RG_PIECE_BYTES];
    for (;;) {
        const char *const before = markup;
        const enum rg_walk_piece piece = rg_walk_piece(&markup, text);
        switch (piece) {
        case RG_PIECE_END:
            return;
        case RG_PIECE_NAME:
            rg_markup_add(out, "\\texttt{");
            add_escaped(out, text);
            rg_markup_add(out, "}");
            break;
        case RG_PIECE_SIGN:
            rg_markup_add(out, "%s\\%s%s", dollar, text, math ? " " : "$");
            break;
        case RG_PIECE_LOWER:
        case RG_PIECE_UPPER:
            rg_markup_add(out, "%s%s", dollar, math ? "" : "{}");
            add_script(out, piece == RG_PIECE_LOWER ? '_' : '^', text);
            rg_markup_add(out, "%s", dollar);
            break;
        case RG_PIECE_TEXT:
            if (!math) {
                add_to_sentence(out, text);
            } else if (is_letter(text[0])) {
                markup = add_letters(out, before);
            } else {
                add_to_formula(out, text);
            }
        }
    }
}

/* ---- Functions that the story calls ---- */

static void begin(void *self, int level, const char *title, bool open) {
    (void)open;
    rg_markup_add(self, "\n\\%ssection*{", level == 1 ? "" : "sub");
    add_pieces(self, title, false);
    rg_markup_add(self, "}\n");
}

static void end(void *self, int level) {
    (void)self, (void)level;
}

static void text(void *self, enum rg_walk_text kind, const char *markup) {
    if (kind == RG_WALK_FORMULA) {
        rg_markup_add(self, "\\[ ");
        add_pieces(self, markup, true);
        rg_markup_add(self, " \\]\n");
    } else {
        rg_markup_add(self, "\n\\noindent ");
        add_pieces(self, markup, false);
        rg_markup_add(self, "\n");
    }
}

/* Add a number: "-0.123" or "1.2\cdot10^{-5}". */
static void add_number(struct rg_markup *out, double value) {
    char number[16];
    rg_walk_number(value, 9, number);
    char *const exponent = strchr(number, 'e');
    if (!exponent) {
        rg_markup_add(out, "%s", number);
        return;
    }
    *exponent = '\0';
    const char *digits = exponent + 1;
    const bool negative = *digits == '-';
    digits += strspn(digits, "+-0");
    rg_markup_add(out, "%s\\cdot10^{%s%s}", number, negative ? "-" : "", *digits ? digits : "0");
}

static void add_row(struct rg_markup *out, const struct rg_walk_line *line) {
    for (size_t j = 0; j < line->n; j++) {
        rg_markup_add(out, "%s", j ? " & " : "");
        add_number(out, line->values[line->stride * (line->index ? line->index[j] : j)]);
    }
}

/* Add lines first … end - 1 as one matrix. */
static void add_matrix(struct rg_markup *out, const struct rg_walk_line *lines, size_t n) {
    rg_markup_add(out, "\\begin{pmatrix} ");
    for (size_t i = 0; i < n; i++) {
        rg_markup_add(out, "%s", i ? " \\\\ " : "");
        add_row(out, &lines[i]);
    }
    rg_markup_add(out, " \\end{pmatrix}");
}

/* Add one formula: its label, and a number, a vector as a row, or a matrix. */
static void add_line(struct rg_markup *out, const struct rg_walk_line *lines, size_t n) {
    rg_markup_add(out, "\\par\\noindent\\fit{$");
    if (lines->label[0]) {
        add_pieces(out, lines->label, true);
        rg_markup_add(out, " = ");
    }
    if (lines->n == 1 && n == 1) {
        add_row(out, lines);
    } else {
        add_matrix(out, lines, n);
    }
    rg_markup_add(out, "$}\n");
}

static void blocks(void *self, const struct rg_walk_block *items, size_t n) {
    for (size_t b = 0; b < n; b++) {
        const struct rg_walk_block *const block = &items[b];
        size_t i = 0;
        rg_markup_add(self, "\n\\medskip\\noindent ");
        if (block->title[0]) {
            rg_markup_add(self, "\\textbf{");
            add_pieces(self, block->title, false);
            rg_markup_add(self, "}\n");
        }
        for (; block->is_matrix && i < block->n_lines && !block->lines[i].label[0]; i++) {
        }
        if (i > 0) {
            add_line(self, block->lines, i);
        }
        for (; i < block->n_lines; i++) {
            add_line(self, &block->lines[i], 1);
        }
    }
}

rg_status rg_walk_latex(const struct rg_walk *walk, size_t sequence, const char *path) {
    struct rg_markup out = {.status = RG_OK};
    const struct rg_walk_writer writer = {.self = &out, .begin = begin, .end = end, .text = text, .blocks = blocks};
    rg_markup_add(&out,
                  "%% Back-propagation through time, every step; made by rnn-gpu grad --trace-latex.\n"
                  "\\documentclass[10pt]{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
                  "\\usepackage{amsmath,graphicx}\n\\usepackage[margin=2cm]{geometry}\n"
                  "\\setcounter{MaxMatrixCols}{64}\n"
                  "%% What is wider than a line is made as wide as a line.\n"
                  "\\newsavebox{\\whole}\n\\newcommand{\\fit}[1]{\\sbox{\\whole}{#1}\\ifdim\\wd\\whole>\\linewidth "
                  "\\resizebox{\\linewidth}{!}{\\usebox{\\whole}}\\else\\usebox{\\whole}\\fi}\n"
                  "\\begin{document}\n");
    rg_status status = rg_walk_tell(walk, sequence, &writer);
    rg_markup_add(&out, "\n\\end{document}\n");
    status = status == RG_OK ? out.status : status;
    status = status == RG_OK ? rg_file_write(path, out.text.bytes, out.text.length) : status;
    rg_markup_destroy(&out);
    return status;
}
