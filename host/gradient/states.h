/* The results of a layer's forward scan, read from the device step by step, as doubles without padding. */
#ifndef RG_STATES_H
#define RG_STATES_H

#include "engine/engine.h"

/* Sizes of one direction of one layer, and its weights in PyTorch's layout, in double. */
struct rg_cell_facts {
    enum rg_cell cell;
    enum rg_activation activation;
    size_t layer, direction;
    size_t steps;
    size_t hidden, inputs;
    size_t gates, deltas, saved; /* see kernels/cells/cells.h */
    size_t back;                 /* steps from a state to the one that W_hh multiplies: 1, or d with a dilated skip */
    size_t skip;                 /* d if W_sh h_{t-d} is added; else 0 */
    /* `learned`: the skip is learned. `budget`: its budget for a step; 0 if only one step of many has a loss. */
    bool learned;
    double budget;
    bool initial; /* sequences start from given states, which are after step T on the device */
    /* this direction ends at each sequence's first step, and its lags count from that step */
    bool to_first;
    double *w_hh, *w_ih, *w_sh; /* [G*H][H], [G*H][inputs], [G*H][H] or NULL */
    double *w_uh;               /* [H] or NULL */
};

/* `weights` is the arena with the engine's present weights. */
rg_status rg_cell_facts_create(const struct rg_engine *engine, const double *weights, size_t layer, size_t direction,
                               struct rg_cell_facts *facts);
void rg_cell_facts_release(struct rg_cell_facts *facts);

/* Index of the delta that multiplies gate g's rows of W_hh. The last gate of a gru has a delta of its own. */
size_t rg_cell_hidden_delta(const struct rg_cell_facts *facts, size_t gate);

/* The step that this direction processes `back` steps before step t; `steps` for the initial states, SIZE_MAX for none.
 */
size_t rg_cell_earlier(const struct rg_cell_facts *facts, size_t t, size_t back);

/* A block of consecutive steps of one buffer. Several steps are read at once because on most devices the cost of a read
 * hardly depends on its size. */
struct rg_step_block {
    double *values;  /* [n][each], steps first … first + n - 1 of the buffer */
    size_t first, n; /* n = 0: nothing was read yet */
};

/* One step of `rows` sequences. A state before the first step is 0 unless it is given. */
enum { RG_BLOCK_H, RG_BLOCK_PAST, RG_BLOCK_FAR, RG_BLOCK_SAVED, RG_BLOCK_PAST_SAVED, RG_BLOCK_X, RG_N_STEP_BLOCKS };
struct rg_step_states {
    double *h;          /* [rows][H] h_t */
    double *past;       /* [rows][H] h_{t-1}, which W_hh multiplies */
    double *far;        /* [rows][H] h_{t-d}, which W_sh multiplies; NULL without a skip of kind add */
    double *saved;      /* [rows][saved][H] */
    double *past_saved; /* [rows][saved][H] of the step of `past` */
    double *x;          /* [rows][inputs], which W_ih multiplies */
    double *gate;       /* [rows][RG_GATE_VALUES], or NULL */
    double *raw;        /* memory for a step with its padding */
    struct rg_step_block blocks[RG_N_STEP_BLOCKS];
    size_t max;                /* largest number of steps in a block */
    uint64_t update;           /* the update whose scan filled the blocks */
    size_t segment;            /* on the device */
    size_t first_row, n_rows;  /* of the chunk */
    struct rg_device *device;  /* borrowed */
    struct rg_buffer *aligned; /* memory for a step on the device if facts.to_first, else NULL */
};
rg_status rg_step_states_create(const struct rg_engine *engine, const struct rg_cell_facts *facts, size_t rows,
                                struct rg_step_states *states);
void rg_step_states_release(struct rg_step_states *states);

/* The step to read for each of `rows` sequences. Without `begin` it is step t of the chunk. With `begin` [rows], the
 * sequences' first steps, it is the step t steps after the first one, or zeros if the sequence is shorter. */
struct rg_step_at {
    size_t t, rows;
    const uint32_t *begin;
};

/* Read a step of the chunk that the engine's last forward pass computed. `begin` requires facts.to_first. With `begin`
 * a chunk that is cut into segments may have only one sequence. */
rg_status rg_step_states_read(struct rg_engine *engine, const struct rg_cell_facts *facts, struct rg_step_at at,
                              struct rg_step_states *states);

/* Columns [first, first + n) of a buffer [R][rows][plan.out_stride]. */
struct rg_step_columns {
    struct rg_buffer *buffer;
    size_t first, n;
};

/* Read these columns in every row of a step: out [rows][n]. */
rg_status rg_step_rows_read(struct rg_engine *engine, struct rg_step_states *states, struct rg_step_at at,
                            struct rg_step_columns columns, double *out);

#endif
