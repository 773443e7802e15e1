/* A line on the terminal while a large file is read. */
#ifndef RG_READING_H
#define RG_READING_H

#include "rnn_gpu/config.h"

struct rg_reading {
    char path[256];
    double begin, last; /* by rg_seconds: when this file began, and the line was last written */
};

/* Show files that take longer than half a second, where stderr is a terminal and the options allow it. `reading` must
 * outlive the readers, until rg_reading_end. */
void rg_reading_begin(struct rg_reading *reading, const struct rg_config *config);
void rg_reading_end(void);

#endif
