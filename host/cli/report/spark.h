/* A run in a few lines of text, 80 columns wide: sparklines over the updates, a heat line over the lags. */
#ifndef RG_REPORT_SPARK_H
#define RG_REPORT_SPARK_H

#include "cli/report/history.h"

/* Loss, norm, and where there are any clipped updates and the share of the long lags, over the updates; the newest lag
 * profile as a heat line. On stdout, nothing for fewer than two updates. `unicode`: block elements, else ASCII. */
void rg_spark_print(const struct rg_history *history, bool color, bool unicode);

enum { RG_SPARK_COLUMNS = 44 };

/* `n` values as `columns` characters of UTF-8 or ASCII, the least as the lowest. More values than columns: the mean, or
 * the largest, of those of a column; fewer: each over several. What is not finite is left out, a blank where a column
 * has nothing else. `out` has room for 3 * columns + 1 bytes; 1 <= columns <= RG_SPARK_COLUMNS. */
struct rg_spark {
    const double *values;
    size_t n, columns;
    bool largest, unicode;
    bool heat;       /* shades instead of heights */
    bool blank_zero; /* a column of 0 is a blank */
};
void rg_spark_line(const struct rg_spark *spark, char *out);

#endif
