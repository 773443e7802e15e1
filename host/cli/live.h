/* The live line: the last line of the terminal, which is written over again and again.
 *
 * The cursor stays on its first column. So a terminal that breaks the line in two when it becomes narrower keeps the
 * cursor on the first part, and everything from there on is erased before the next line is shown. */
#ifndef RG_LIVE_H
#define RG_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/config.h"

/* Is stderr a terminal that can show one, and may it be shown? */
bool rg_live_is_on(const struct rg_config *config);

/* The columns that a line may have at this moment: one less than the terminal has, 79 where that is not known. */
size_t rg_live_columns(void);

/* Show a line, cut to rg_live_columns, in place of the one before. */
void rg_live_show(const char *line);

/* What erases a line that may be shown, or ends it on a terminal that cannot erase; "" where stderr is none. */
const char *rg_live_erasing(void);

/* Erase the line, if one is shown. Call it before anything else is written on the terminal. */
void rg_live_clear(void);

#endif
