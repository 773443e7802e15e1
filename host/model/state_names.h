/* Which tensors of a PyTorch state are the model's, by the names that people give to modules.
 *
 * The recurrent part is known by PyTorch's own names (weight_ih_l0 …), whatever stands before them. The head is a
 * linear layer that reads its states, and the embedding a table whose rows it reads; both are told from other layers by
 * their sizes and then by their names. */
#ifndef RNN_GPU_MODEL_STATE_NAMES_H
#define RNN_GPU_MODEL_STATE_NAMES_H

#include "rnn_gpu/tensors.h"

/* What stands before the name of a parameter, as `module.rnn.` in module.rnn.weight_ih_l0; borrowed. */
struct rg_prefix {
    const char *text;
    size_t length;
};

struct rg_state_names {
    struct rg_prefix recurrent, head, embed; /* text NULL: the file has none */
};

/* The prefixes that rnn-gpu writes. */
extern const struct rg_state_names rg_own_names;

/* Whether a name is PyTorch's for a parameter of a recurrent module, behind any prefix. */
bool rg_is_recurrent_name(const char *name);

/* Find the prefixes in the state that the tensors are. `head`: the module that --head names, with or without what
 * stands before it, or NULL. RG_BAD_FILE where there is a choice that the names do not make, or no such head. */
rg_status rg_state_names_find(const char *path, const struct rg_tensors *tensors, const char *head,
                              struct rg_state_names *out);

/* The tensor of the prefix and a parameter's name, or NULL. */
const struct rg_tensor *rg_state_tensor(const struct rg_tensors *tensors, const struct rg_prefix *prefix,
                                        const char *parameter);

#endif
