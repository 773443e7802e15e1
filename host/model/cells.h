/* The table of cells for the host, one row each, from kernels/cells/cells.h. */
#ifndef RG_MODEL_CELLS_H
#define RG_MODEL_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cells/cells.h"
#include "rnn_gpu/config.h"

struct rg_cell_row {
    const char *name;
    size_t gates;  /* rows of W_ih and W_hh, divided by H */
    size_t saved;  /* values that a unit saves for the reverse scan; 0 where h is enough */
    size_t deltas; /* gradients of pre-activations of a unit */
    size_t states; /* 1: h; 2: h and c */
    size_t past;   /* index of the saved value that is c; 0 without c */
    unsigned carries;
    size_t forget, input;  /* gates that multiply the previous state and the new value, or RG_NO_SUCH_GATE */
    const char *functions; /* activation of each gate: s sigmoid, t tanh, a the one that --activation names */
    size_t evaluations;    /* number of activations evaluated for one unit and step in an update */
    const char *letters;   /* names of the gates */
};

extern const struct rg_cell_row rg_cells[RG_N_CELLS];

/* Does the cell have a second state c? False for RG_N_CELLS, a cell that is not known yet. */
bool rg_cell_has_c(enum rg_cell cell);
/* Does the cell have gates, and so activations of its own instead of --activation? False for RG_N_CELLS. */
bool rg_cell_is_gated(enum rg_cell cell);

#endif
