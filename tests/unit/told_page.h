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

/* Cut the last cell off the rows of a table whose last column is a speed. */
static inline void cut_speed(char *line, bool *is_cut) {
    static const char speed[] = "sequences/s | ", end[] = " | ";
    const size_t length = strlen(line);
    const bool is_row = length > strlen(end) && strcmp(line + length - strlen(end), end) == 0;
    *is_cut = is_row && (*is_cut || (length > strlen(speed) && strcmp(line + length - strlen(speed), speed) == 0));
    if (*is_cut) {
        line[length - strlen(end)] = '\0';
        *strrchr(line, '|') = '\0';
    }
}

static inline void tell_page(const char *name) {
    static const char *const of_machine[] = {"time: ", "device: ", "weights: ", "./rnn-gpu"};
    char *const page = text_of_file(name), *rest = NULL;
    struct text words = {NULL, 0, 0};
    bool is_cut = false;
    text_add(&words, "%s", "");
    tell_words(page, &words);
    text_add(&told, "-- %s\n", name);
    for (char *line = strtok_r(words.bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        bool is_left_out = false;
        for (size_t i = 0; i < sizeof of_machine / sizeof *of_machine; i++) {
            is_left_out = is_left_out || strncmp(line, of_machine[i], strlen(of_machine[i])) == 0;
        }
        cut_speed(line, &is_cut);
        if (!is_left_out) {
            tell_line(line, strlen(line));
        }
    }
    free(words.bytes);
    free(page);
}

#endif
