/* A line while a large file is read: see reading.h. */
#include "cli/reading.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/live.h"
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
        rg_live_clear();
        r->path[0] = '\0';
    } else if (t - r->begin >= FIRST_SECONDS && t - r->last >= NEXT_SECONDS) {
        const size_t length = strlen(r->path);
        char line[400];
        (void)snprintf(line, sizeof line, "reading %s%s: %.0f %%", length > 50 ? "..." : "",
                       r->path + (length > 50 ? length - 50 : 0), 100.0 * part);
        rg_live_show(line);
        r->last = t;
    }
}

void rg_reading_begin(struct rg_reading *reading, const struct rg_config *config) {
    *reading = (struct rg_reading){.begin = 0.0};
    if (rg_live_is_on(config)) {
        rg_log_reading_to(show, reading);
    }
}

void rg_reading_end(void) {
    rg_log_reading_to(NULL, NULL);
    rg_live_clear();
}
