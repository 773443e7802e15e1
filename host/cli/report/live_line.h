/* The line that shows a running training, as wide as the terminal. If it is too long, the least important parts are
 * dropped first. */
#ifndef RG_REPORT_LIVE_LINE_H
#define RG_REPORT_LIVE_LINE_H

#include "cli/report/history.h"
#include "train/trainer.h"

enum { RG_LIVE_LINE_BYTES = 400 };

/* What a training is like at an update, beside the update itself. */
struct rg_live {
    double baseline;      /* NAN: none */
    double held_out;      /* loss of the last validation; NAN: none */
    double held_baseline; /* its baseline where it is another one; 0 or NAN: it is not */
    double clip_rate;     /* 0 … 1, of the updates of this process */
    double seconds_left;  /* at most what --max-time leaves */
};

struct rg_live_facts {
    const struct rg_update *update;
    const struct rg_live *live;
    uint64_t total;                   /* updates of the run */
    const char *rate;                 /* sequences a second */
    const char *left;                 /* time */
    const struct rg_history *history; /* for the newest lag profile; NULL: none */
    bool heat, unicode;               /* the newest norms by lag as a heat line, of block elements or ASCII */
    size_t columns;                   /* that there are */
};

void rg_live_line(const struct rg_live_facts *facts, char line[RG_LIVE_LINE_BYTES]);

#endif
