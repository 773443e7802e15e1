/* The lag profile drawn in the terminal, 80 columns wide, on stdout. */
#ifndef RG_LAG_PLOT_H
#define RG_LAG_PLOT_H

#include "gradient/profile.h"

/* Print one row for each lag or, further back, each range of lags (gradient/ranges.h): shares of dL/dW_hh and dL/dW_ih,
 * and the norm of the recurrent term as a bar on a logarithmic axis. `where`: " of layer 1", or "". ASCII unless
 * `unicode`. */
void rg_lag_plot(const struct rg_lag_profile *profile, const char *where, bool color, bool unicode);

#endif
