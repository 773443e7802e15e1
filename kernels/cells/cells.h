/* The table of cells, one row each. Kernels and host (model/cells.h) read everything that depends on a cell from its
 * row. docs/adding.md says what else a new cell needs.
 *
 * X(A, name, NAME, gates, saved, deltas, states, past, carries, forget, input, functions, evaluations, letters); A is
 * passed through from RG_CELLS.
 *
 *   name, NAME   the option --cell name, the file cells/name.cl, the kernels rg_name_forward and rg_name_reverse;
 *                RG_CELL_NAME of enum rg_cell
 *   gates        rows of W_ih and W_hh, divided by H
 *   saved        values that a unit saves for the reverse scan; 0 where h is enough
 *   deltas       gradients of a unit's pre-activations: one for each gate, and one more where the recurrent product of
 *                the last gate has a gradient of its own (gru)
 *   states       1: h; 2: h and c
 *   past         index of the saved value that is c; 0 without c
 *   carries      what the reverse scan carries beside dh, RG_CARRIES_...
 *   forget       the gate that multiplies the previous state, or RG_NO_SUCH_GATE
 *   input        the gate that multiplies the new value, or RG_NO_SUCH_GATE
 *   functions    activation of each gate, in order: s sigmoid, t tanh, a the one that --activation names
 *   evaluations  number of activations evaluated for one unit and step in an update, forward and reverse
 *   letters      name of each gate, in order
 *
 * A cell's file defines gates, saved and deltas once more for its own text. scan/scan.cl does not compile if they
 * differ from the row. */
#ifndef RG_CELLS_H
#define RG_CELLS_H

#define RG_CARRIES_NOTHING 0
#define RG_CARRIES_STATE 1 /* carries a part of dL/dh of the step before */
#define RG_CARRIES_CELL 2  /* carries dL/dc of the step before */
#define RG_NO_SUCH_GATE 99

/* clang-format off */
/*      name  NAME  gates saved deltas states past carries             forget           input            functions evaluations letters */
#define RG_CELLS(X, A)                                                                                                         \
    X(A, rnn,  RNN,  1,    0,    1,     1,     0,   RG_CARRIES_NOTHING, RG_NO_SUCH_GATE, RG_NO_SUCH_GATE, "a",    1,          "h")    \
    X(A, lstm, LSTM, 4,    5,    4,     2,     4,   RG_CARRIES_CELL,    1,               0,               "ssts", 6,          "ifgo") \
    X(A, gru,  GRU,  3,    4,    4,     1,     0,   RG_CARRIES_STATE,   1,               RG_NO_SUCH_GATE, "sst",  3,          "rzn")
/* clang-format on */

/* Numbers of a row as constants, such as rg_lstm_gates, for scan/scan.cl. */
#define RG_CELL_NUMBERS(A, name, NAME, gates, saved, deltas, states, past, carries, forget, input, functions, \
                        evaluations, letters)                                                                 \
    rg_##name##_gates = gates, rg_##name##_saved = saved, rg_##name##_deltas = deltas,
enum { RG_CELLS(RG_CELL_NUMBERS, 0) RG_CELL_NUMBERS_END };

#endif
