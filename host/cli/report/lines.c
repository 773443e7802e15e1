/* Text in lines that fit the screen: see lines.h. */
#include "cli/report/lines.h"

#include <stdarg.h>
#include <stdbool.h>

#include "base/sizes.h"
#include "base/utf8.h"

/* Stands for a blank in the name of a file, at which no line ends. */
static const char NAME_BLANK = '\x1F';

/* Print a part of a text. */
static void put(FILE *out, const char *text, size_t bytes) {
    size_t begin = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == NAME_BLANK) {
            rg_utf8_put(out, text + begin, i - begin);
            (void)putc(' ', out);
            begin = i + 1;
        }
    }
    rg_utf8_put(out, text + begin, bytes - begin);
}

/* Bytes of the next line: as many words as `room` columns hold, at least one. "10 %" is one word. */
static size_t line_bytes(const char *text, size_t room) {
    size_t end = 0, columns = 0;
    for (size_t i = 0;; i++) {
        const bool word_ends = text[i] == '\0' || (text[i] == ' ' && text[i + 1] != '%') || text[i] == '\n';
        if (word_ends && (columns <= room || end == 0)) {
            end = i;
        }
        if (text[i] == '\0' || text[i] == '\n' || (columns > room && end > 0)) {
            return end;
        }
        columns += rg_utf8_begins(text[i]);
    }
}

void rg_lines_print(const struct rg_paragraph *p, const char *text) {
    size_t head = p->color && p->color[0] ? p->head : 0, indent = 0;
    do {
        const size_t end = line_bytes(text, p->width > indent ? p->width - indent : 1);
        const size_t colored = rg_min(head, end);
        size_t shown = end;
        while (shown > colored && text[shown - 1] == ' ') {
            shown--;
        }
        (void)fprintf(p->out, "%*s%s", (int)indent, "", colored ? p->color : "");
        put(p->out, text, colored);
        (void)fputs(colored ? "\033[0m" : "", p->out);
        put(p->out, text + colored, shown - colored);
        (void)putc('\n', p->out);
        text += end;
        do {
            text += *text == ' ' || *text == '\n';
        } while (*text == ' ');
        head = 0;
        indent = p->hang;
    } while (*text);
}

void rg_lines_format(FILE *out, size_t width, size_t hang, const char *format, ...) {
    char text[RG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rg_lines_print(&(struct rg_paragraph){.out = out, .width = width, .hang = hang}, text);
}

void rg_line_add(struct rg_line *line, const char *format, ...) {
    if (line->length + 1 < sizeof line->text) {
        va_list arguments;
        va_start(arguments, format);
        const int n = vsnprintf(line->text + line->length, sizeof line->text - line->length, format, arguments);
        va_end(arguments);
        line->length += n > 0 ? (size_t)n : 0;
    }
}

void rg_line_add_name(struct rg_line *line, const char *name) {
    const size_t begin = line->length;
    rg_line_add(line, "%s", name);
    for (size_t i = begin; i < sizeof line->text && line->text[i]; i++) {
        line->text[i] = line->text[i] == ' ' ? NAME_BLANK : line->text[i];
    }
}
