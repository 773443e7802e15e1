/* How a long measurement tells how far it is, and learns that it must end with what it has. */
#ifndef RG_WATCH_H
#define RG_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/stop.h"

/* `go_on` is asked now and then with the part that is done, from 0 to 1; false ends the measurement, which then stands
 * for the lags that it has reached. Of a measurement that is a piece of a longer one, `before` is what was done of that
 * one when it began and `span` the share that it is. A signal ends it too; with go_on NULL that is all. */
struct rg_watch {
    bool (*go_on)(void *self, double part);
    void *self;
    double before, span;
};

static inline bool rg_watch_ends(const struct rg_watch *watch, double part) {
    return rg_stop_requested() || (watch->go_on && !watch->go_on(watch->self, watch->before + watch->span * part));
}

/* The watch over a piece of it. */
static inline struct rg_watch rg_watch_piece(const struct rg_watch *watch, double before, double span) {
    return (struct rg_watch){watch->go_on, watch->self, watch->before + watch->span * before, watch->span * span};
}

#endif
