/* Progress of the closing measurement: see measuring.h. */
#include "cli/report/measuring.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "train/diagnosis.h"

static const double SILENT_SECONDS = 2.0, LIVE_SECONDS = 0.1, PLAIN_SECONDS = 10.0, MIN_PART = 0.5;

static void tell(struct rg_measuring *m, double now, double part) {
    const double since = now - m->begin;
    if (m->silent || since < SILENT_SECONDS || now - m->last < (m->live ? LIVE_SECONDS : PLAIN_SECONDS)) {
        return;
    }
    m->last = now;
    (void)fprintf(stderr, "%sdiagnosis of the gradient: %.0f %%", m->live ? "\r\033[K" : "", 100.0 * part);
    if (part > 0.05) {
        (void)fprintf(stderr, ", %.0f s left", since * (1.0 - part) / part);
    }
    (void)fputs(m->live ? "" : "\n", stderr);
    (void)fflush(stderr);
}

static bool go_on(void *self, double part) {
    struct rg_measuring *const m = self;
    const double now = rg_seconds(), share = part < RG_PROFILE_PART ? RG_PROFILE_PART : 1.0;
    m->first = m->first > 0.0 ? m->first : now;
    /* the forward pass precedes the first call and may use most of the time */
    const double until = fmax(m->begin + share * m->max, m->first + MIN_PART * share * m->max);
    if (m->max > 0.0 && now > until) {
        m->late = true;
        return false;
    }
    tell(m, now, part);
    return true;
}

struct rg_watch rg_measuring_begin(struct rg_measuring *m, const struct rg_config *config, double max) {
    const char *const term = getenv("TERM");
    *m = (struct rg_measuring){.begin = rg_seconds(), .max = max};
    m->silent = config->output.quiet || config->output.json;
    m->live = !m->silent && isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
    return (struct rg_watch){.go_on = go_on, .self = m, .before = 0.0, .span = 1.0};
}

void rg_measuring_end(const struct rg_measuring *m) {
    if (m->live && m->last > 0.0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}
