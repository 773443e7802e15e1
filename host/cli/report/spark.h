/* A run in a few lines of text: sparklines over the updates, a heat line over the lags. */
#ifndef RG_REPORT_SPARK_H
#define RG_REPORT_SPARK_H

#include "cli/report/history.h"
#include "cli/report/look.h"
#include "gradient/profile.h"

/* Loss, norm, and where there are any clipped updates and the share of the long lags, over the updates; the newest lag
 * profile as a heat line. On stdout, nothing for fewer than two updates. The lags are those of weight_hh in the layer
 * and direction of `shown`, the profile of the table below (NULL: there is none), or of the main matrix where the
 * samples do not have it; with several places a line names it. */
void rg_spark_print(const struct rg_history *history, const struct rg_lag_profile *shown, const struct rg_look *look);

enum { RG_SPARK_COLUMNS = 124 };

/* `n` values as `columns` characters of UTF-8 or ASCII; the smallest value is the lowest character. With more values
 * than columns, a column shows the mean or the largest of its values; with fewer, a value spans several columns. Values
 * that are not finite are ignored; a column without values is a blank. `out` needs 3 * columns + 1 bytes; 1 <= columns
 * <= RG_SPARK_COLUMNS. */
struct rg_spark {
    const double *values;
    size_t n, columns;
    bool largest, unicode;
    bool heat;       /* shades instead of heights */
    bool blank_zero; /* show a column of 0 as a blank */
};
void rg_spark_line(const struct rg_spark *spark, char *out);

#endif
