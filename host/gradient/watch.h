/* How a long measurement reports its progress and is asked to end early. */
#ifndef RG_WATCH_H
#define RG_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/stop.h"

/* `go_on` is called now and then with the part that is done, from 0 to 1. If it returns false the measurement ends, and
 * its result covers the lags measured so far. A signal ends it too; with `go_on` NULL only a signal does. If the
 * measurement is a piece of a longer one, `before` is the part of the longer one that was done before it, and `span`
 * its share. */
struct rg_watch {
    bool (*go_on)(void *self, double part);
    void *self;
    double before, span;
};

static inline bool rg_watch_ends(const struct rg_watch *watch, double part) {
    return rg_stop_requested() || (watch->go_on && !watch->go_on(watch->self, watch->before + watch->span * part));
}

/* The watch for a piece of the measurement. */
static inline struct rg_watch rg_watch_piece(const struct rg_watch *watch, double before, double span) {
    return (struct rg_watch){watch->go_on, watch->self, watch->before + watch->span * before, watch->span * span};
}

#endif
