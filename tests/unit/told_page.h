/* The words of a page in HTML, a line for each fact, row and paragraph: what a reader sees, without figures, options,
 * and what depends on the machine. Include it after run_command.h. */
#ifndef RG_TEST_TOLD_PAGE_H
#define RG_TEST_TOLD_PAGE_H

#include "run_command.h"

/* What stands for a tag in the text: the end of a line, or what separates cells. */
static inline const char *sign_of_tag(const char *tag) {
    static const char *const ends[] = {"/p>", "/h1>", "/h2>", "/tr>", "/pre>", "/summary>", "/title>", "/dd>"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strncmp(tag, ends[i], strlen(ends[i])) == 0) {
            return "\n";
        }
    }
    return strncmp(tag, "/td>", 4) == 0 || strncmp(tag, "/th>", 4) == 0 ? " | "
           : strncmp(tag, "/dt>", 4) == 0                               ? ": "
                                                                        : "";
}

/* The text of a page up to its options, or of a part that begins with `from`. */
static inline void tell_words(const char *at, struct text *words) {
    while (*at && strncmp(at, "<h2>Options", strlen("<h2>Options")) != 0) {
        const char *const hidden = strncmp(at, "<svg", 4) == 0     ? "</svg>"
                                   : strncmp(at, "<style", 6) == 0 ? "</style>"
                                                                   : NULL;
        const char *const end = hidden ? strstr(at, hidden) : NULL;
        if (hidden) {
            const char *const label = strstr(at, "aria-label=\"");
            const int length = label && label < end ? (int)strcspn(label + 12, "\"") : 0;
            text_add(words, length ? "figure: %.*s\n" : "%.*s", length, length ? label + 12 : "");
            at = end + strlen(hidden);
        } else if (*at == '<') {
            text_add(words, "%s", sign_of_tag(at + 1));
            at = strchr(at, '>') + 1;
        } else {
            text_add(words, "%.*s", *at == '\n' ? 0 : 1, at);
            at++;
        }
    }
}

/* The line of a table without its last cell, which has sequences a second below the head that says so. */
static inline size_t without_rate(const char *line, bool *has_rate) {
    static const char head[] = " | sequences/s | ";
    size_t length = strlen(line);
    const bool is_row = strchr(line, '|') != NULL;
    *has_rate = is_row && (*has_rate || strstr(line, head));
    if (*has_rate && !strstr(line, head)) {
        for (int bars = 0; length > 0 && bars < 2; length--) {
            bars += line[length - 1] == '|';
        }
    }
    return length;
}

static inline void tell_page(const char *name) {
    static const char *const of_machine[] = {"time: ", "device: ", "weights: ", "./rnn-gpu"};
    char *const page = text_of_file(name), *rest = NULL;
    struct text words = {NULL, 0, 0};
    bool has_rate = false; /* do lines of the table end with a rate? */
    text_add(&words, "%s", "");
    tell_words(page, &words);
    text_add(&told, "-- %s\n", name);
    for (char *line = strtok_r(words.bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const size_t length = without_rate(line, &has_rate);
        bool is_left_out = false;
        for (size_t i = 0; i < sizeof of_machine / sizeof *of_machine; i++) {
            is_left_out = is_left_out || strncmp(line, of_machine[i], strlen(of_machine[i])) == 0;
        }
        if (!is_left_out) {
            tell_line(line, length);
        }
    }
    free(words.bytes);
    free(page);
}

#endif
