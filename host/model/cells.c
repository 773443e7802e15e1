/* The table of cells: see cells.h. */
#include "model/cells.h"

#include "rnn_gpu/model.h"

#define ROW(A, cell, CELL, n_gates, n_saved, n_deltas, n_states, c, carried, forgets, takes, gate_functions, \
            n_evaluations, gate_letters)                                                                     \
    [RG_CELL_##CELL] = {.name = #cell,                                                                       \
                        .gates = n_gates,                                                                    \
                        .saved = n_saved,                                                                    \
                        .deltas = n_deltas,                                                                  \
                        .states = n_states,                                                                  \
                        .past = c,                                                                           \
                        .carries = carried,                                                                  \
                        .forget = forgets,                                                                   \
                        .input = takes,                                                                      \
                        .functions = gate_functions,                                                         \
                        .evaluations = n_evaluations,                                                        \
                        .letters = gate_letters},
const struct rg_cell_row rg_cells[RG_N_CELLS] = {RG_CELLS(ROW, )};

#define NAME(A, cell, CELL, ...) [RG_CELL_##CELL] = #cell,
const char *const rg_cell_names[] = {RG_CELLS(NAME, )[RG_N_CELLS] = NULL};

/* Every value of the enum has a row, and every row a value. */
#define ONE(...) +1
_Static_assert(RG_N_CELLS == 0 RG_CELLS(ONE, ), "enum rg_cell and RG_CELLS have the same cells");

size_t rg_cell_gates(enum rg_cell cell) {
    return rg_cells[cell].gates;
}

bool rg_cell_has_c(enum rg_cell cell) {
    return cell < RG_N_CELLS && rg_cells[cell].states > 1;
}

bool rg_cell_is_gated(enum rg_cell cell) {
    return cell < RG_N_CELLS && rg_cells[cell].gates > 1;
}
