/* A line while a large file is read: see reading.h. */
#include "cli/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "rnn_gpu/log.h"

static const double FIRST_SECONDS = 0.5, NEXT_SECONDS = 0.1;

static void show(void *self, const char *path, double part) {
    struct rg_reading *const r = self;
    const double t = rg_seconds();
    if (strncmp(r->path, path, sizeof r->path - 1) != 0) {
        (void)snprintf(r->path, sizeof r->path, "%s", path);
        r->begin = r->last = t;
    }
    if (part >= 1.0) {
        (void)fputs(r->shown ? "\r\033[K" : "", stderr);
        r->shown = false;
        r->path[0] = '\0';
    } else if (t - r->begin >= FIRST_SECONDS && t - r->last >= NEXT_SECONDS) {
        const size_t length = strlen(r->path);
        (void)fprintf(stderr, "\r\033[Kreading %s%s: %.0f %%", length > 50 ? "..." : "",
                      r->path + (length > 50 ? length - 50 : 0), 100.0 * part);
        r->last = t;
        r->shown = true;
    }
    (void)fflush(stderr);
}

void rg_reading_begin(struct rg_reading *reading, const struct rg_config *config) {
    const char *const term = getenv("TERM");
    *reading = (struct rg_reading){.shown = false};
    if (!config->output.quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0) {
        rg_log_reading_to(show, reading);
    }
}

void rg_reading_end(struct rg_reading *reading) {
    rg_log_reading_to(NULL, NULL);
    if (reading->shown) {
        (void)fputs("\r\033[K", stderr);
    }
}
