/* The lag profile drawn in the terminal, on stdout. */
#ifndef RG_LAG_PLOT_H
#define RG_LAG_PLOT_H

#include "cli/report/look.h"
#include "gradient/profile.h"

/* One row a lag or, further back, a range of lags (gradient/ranges.h): share of dL/dW_hh, with a linear bar, and of
 * dL/dW_ih, and the norm of the recurrent term, with a bar over a logarithmic axis. Bars of negative shares are paler.
 * A legend follows. `where`: " of layer 1", or "". */
void rg_lag_plot(const struct rg_lag_profile *profile, const char *where, const struct rg_look *look);

#endif
