/* Print text in lines that are no wider than the screen. A character takes one column. */
#ifndef RG_REPORT_LINES_H
#define RG_REPORT_LINES_H

#include <stddef.h>
#include <stdio.h>

/* How a paragraph is printed. */
struct rg_paragraph {
    FILE *out;
    size_t width; /* columns of a line */
    size_t hang;  /* blanks before every line but the first */
    size_t head;  /* the first bytes of the text, which are coloured and on the first line */
    const char *color;
};

/* Print a text in lines that end at a blank where they would be wider than `width`. A word that is wider, such as a
 * path, has a line of its own and stays whole. */
void rg_lines_print(const struct rg_paragraph *paragraph, const char *text);

/* The same for the text of a printf format, of at most 2,000 bytes, without colour. */
void rg_lines_format(FILE *out, size_t width, size_t hang, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A line that is put together in parts. */
enum { RG_LINE_BYTES = 2000 };
struct rg_line {
    char text[RG_LINE_BYTES];
    size_t length;
};
void rg_line_add(struct rg_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Append the name of a file. If the line is too long for the screen, it is not broken at a space in the name. */
void rg_line_add_name(struct rg_line *line, const char *name);

#endif
