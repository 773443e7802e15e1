/* Progress of the closing measurement: see measuring.h. */
#include "cli/report/measuring.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/live.h"
#include "train/diagnosis.h"

static const double SILENT_SECONDS = 2.0, LIVE_SECONDS = 0.1, PLAIN_SECONDS = 10.0, MIN_PART = 0.5;

static void tell(struct rg_measuring *m, double now, double part) {
    const double since = now - m->begin;
    if (m->silent || since < SILENT_SECONDS || now - m->last < (m->live ? LIVE_SECONDS : PLAIN_SECONDS)) {
        return;
    }
    m->last = now;
    char line[100], left[40] = "";
    if (part > 0.05) {
        (void)snprintf(left, sizeof left, ", %.0f s left", since * (1.0 - part) / part);
    }
    (void)snprintf(line, sizeof line, "diagnosis of the gradient: %.0f %%%s", 100.0 * part, left);
    if (m->live) {
        rg_live_show(line);
    } else {
        (void)fprintf(stderr, "%s\n", line);
    }
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
    *m = (struct rg_measuring){.begin = rg_seconds(), .max = max};
    m->silent = config->output.quiet || config->output.json;
    m->live = rg_live_is_on(config);
    return (struct rg_watch){.go_on = go_on, .self = m, .before = 0.0, .span = 1.0};
}

void rg_measuring_end(void) {
    rg_live_clear();
}
