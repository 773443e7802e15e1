/* The line that shows a running training, as wide as the terminal. If it is too long, the least important parts are
 * dropped first. */
#ifndef RG_REPORT_LIVE_LINE_H
#define RG_REPORT_LIVE_LINE_H

#include "cli/report/history.h"
#include "train/trainer.h"

enum { RG_LIVE_LINE_BYTES = 400 };

struct rg_live_facts {
    const struct rg_update *update;
    uint64_t total;                   /* updates of the run */
    double baseline;                  /* NAN: none */
    double held_out;                  /* loss of the last validation; NAN: none */
    double clip_rate;                 /* 0 … 1 */
    const char *rate;                 /* sequences per second */
    const char *left;                 /* remaining time */
    const struct rg_history *history; /* with the newest lag profile; NULL: none */
    /* show the newest norms by lag as a heat line; draw it with block elements, not ASCII */
    bool heat, unicode;
    size_t columns; /* width of the terminal */
};

void rg_live_line(const struct rg_live_facts *facts, char line[RG_LIVE_LINE_BYTES]);

#endif
