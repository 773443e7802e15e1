/* What a layer's forward sweep left on the device, step by step, as doubles without padding. */
#ifndef RG_STATES_H
#define RG_STATES_H

#include "train/engine.h"

/* Sizes of one direction of one layer, and its weights in PyTorch's layout, in double. */
struct rg_cell_facts {
    enum rg_cell cell;
    enum rg_activation activation;
    size_t layer, direction;
    size_t steps;
    size_t hidden, inputs;
    size_t gates, deltas, saved; /* see kernels/cells/ */
    size_t own;                  /* steps from a state to the one before it: 1, or d of a dilated net */
    size_t skip;                 /* d where W_sh h_{t-d} is added; 0: nowhere */
    bool learned;                /* a learned skip: its budget of a step, 0 where the loss is at one of many */
    double budget;
    bool initial;               /* sequences start from given states, which stand behind step T's on the device */
    double *w_hh, *w_ih, *w_sh; /* [G*H][H], [G*H][inputs], [G*H][H] or NULL */
    double *w_uh;               /* [H] or NULL */
};

/* `weights` is the model's arena as the engine has it now. */
rg_status rg_cell_facts_create(const struct rg_engine *engine, const double *weights, size_t layer, size_t direction,
                               struct rg_cell_facts *facts);
void rg_cell_facts_release(struct rg_cell_facts *facts);

/* The column group of the deltas that belongs to gate g of W_hh: the last gate of a gru has one of its own. */
size_t rg_cell_hidden_delta(const struct rg_cell_facts *facts, size_t gate);

/* The step that comes `back` steps before step t in this direction; `steps`: the initial states; SIZE_MAX: none. */
size_t rg_cell_earlier(const struct rg_cell_facts *facts, size_t t, size_t back);

/* One step of `rows` sequences. A state before the first step is 0 unless given. */
struct rg_step_states {
    double *h;          /* [rows][H] h_t */
    double *past;       /* [rows][H] h_{t-1}, what W_hh is multiplied by */
    double *far;        /* [rows][H] h_{t-d}, what W_sh is multiplied by; NULL without skip of kind add */
    double *saved;      /* [rows][saved][H] */
    double *past_saved; /* [rows][saved][H] of the step that `past` is of */
    double *x;          /* [rows][inputs] what W_ih is multiplied by */
    double *gate;       /* [rows][RG_GATE_VALUES], or NULL */
    double *raw;        /* room for a step with its padding */
};
rg_status rg_step_states_create(const struct rg_engine *engine, const struct rg_cell_facts *facts, size_t rows,
                                struct rg_step_states *states);
void rg_step_states_release(struct rg_step_states *states);

/* Read step t of the chunk of `rows` sequences that the engine went forward through last. */
rg_status rg_step_states_read(struct rg_engine *engine, const struct rg_cell_facts *facts, size_t rows, size_t t,
                              struct rg_step_states *states);

/* Rows of a buffer whose rows are `stride` apart, `columns` of each from `first` on: out [rows][columns]. `raw` has
 * room for rows*stride numbers. */
rg_status rg_read_rows(struct rg_engine *engine, struct rg_buffer *buffer, size_t offset, size_t rows, size_t stride,
                       size_t first, size_t columns, double *raw, double *out);

#endif
