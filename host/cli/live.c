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

/* Bytes of the first `columns` characters. */
static size_t bytes_of(const char *line, size_t columns) {
    size_t i = 0;
    for (size_t n = 0; line[i]; i++) {
        n += rg_utf8_begins(line[i]);
        if (n > columns) {
            break;
        }
    }
    return i;
}

void rg_live_show(const char *line) {
    atomic_store(&is_shown, true);
    (void)fputs(ERASE, stderr);
    rg_utf8_put(stderr, line, bytes_of(line, rg_live_columns()));
    (void)putc('\r', stderr);
    (void)fflush(stderr);
}

void rg_live_clear(void) {
    if (atomic_exchange(&is_shown, false)) {
        (void)fputs(ERASE, stderr);
        (void)fflush(stderr);
    }
}
