/* The live line: see live.h. */
#define _GNU_SOURCE
#include "cli/live.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

/* To the first column, and erase everything from there on: also what a narrower terminal has moved below. */
static const char ERASE[] = "\r\033[J";

enum { LINE_BYTES = 2048 };

static atomic_bool is_shown;

/* Is stderr a terminal that can erase? */
static bool erases(void) {
    const char *const term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

bool rg_live_is_on(const struct rg_config *config) {
    return !config->output.quiet && !config->output.json && erases();
}

const char *rg_live_erasing(void) {
    return erases() ? ERASE : isatty(STDERR_FILENO) ? "\n" : "";
}

size_t rg_live_columns(void) {
    struct winsize size;
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return !known ? 79 : size.ws_col > 1 ? (size_t)size.ws_col - 1 : 1;
}

/* End the text after its first `columns` characters. */
static void cut(char *text, size_t columns) {
    for (size_t n = 0; *text; text++) {
        n += rg_utf8_begins(*text);
        if (n > columns) {
            *text = '\0';
            break;
        }
    }
}

/* The line is written at once: a window that changes meanwhile cannot come between its characters. */
void rg_live_show(const char *line) {
    char text[LINE_BYTES];
    (void)snprintf(text, sizeof text, "%s", line);
    rg_utf8_make_plain(text);
    cut(text, rg_live_columns());
    atomic_store(&is_shown, true);
    (void)fprintf(stderr, "%s%s\r", ERASE, text);
    (void)fflush(stderr);
}

void rg_live_clear(void) {
    if (atomic_exchange(&is_shown, false)) {
        (void)fputs(ERASE, stderr);
        (void)fflush(stderr);
    }
}
