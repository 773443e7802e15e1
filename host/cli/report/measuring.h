/* The closing measurement as a person waits for it: progress on stderr beyond two seconds, an end by the time that it
 * may take. */
#ifndef RG_MEASURING_H
#define RG_MEASURING_H

#include "gradient/watch.h"
#include "rnn_gpu/config.h"

struct rg_measuring {
    double first;       /* seconds at which it was asked for the first time; 0: not yet */
    double begin, last; /* seconds: of the measurement, of the last line */
    double most;        /* seconds that it may take; 0: no limit */
    bool silent, live;  /* no lines; stderr is a terminal, where one is rewritten */
    bool late;          /* the time was up */
};

/* It begins now. The watch that is returned points to *measuring. */
struct rg_watch rg_measuring_begin(struct rg_measuring *measuring, const struct rg_config *config, double most);
/* Leave a clean line behind. */
void rg_measuring_end(const struct rg_measuring *measuring);

#endif
