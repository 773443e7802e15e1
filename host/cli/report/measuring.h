/* The closing measurement as seen by the user: progress on stderr after two seconds, and an end when its time is up. */
#ifndef RG_MEASURING_H
#define RG_MEASURING_H

#include "gradient/watch.h"
#include "rnn_gpu/config.h"

struct rg_measuring {
    double first;       /* time of the first call; 0: not yet */
    double begin, last; /* times: start of the measurement; last line */
    double max;         /* time limit in seconds; 0: none */
    bool silent, live;  /* silent: no lines; live: stderr is a terminal, on which one line is rewritten */
    bool late;          /* the time limit ended it */
};

/* Start now. The returned watch points to *measuring. */
struct rg_watch rg_measuring_begin(struct rg_measuring *measuring, const struct rg_config *config, double max);
/* Clear the line. */
void rg_measuring_end(void);

#endif
