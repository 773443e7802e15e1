/* Which tensors of a PyTorch state belong to the model, according to the names of modules.
 *
 * The recurrent part has PyTorch's own names (weight_ih_l0 …) after any prefix. The head is a linear layer that reads
 * its states, and the embedding is a table whose rows it reads. Both are distinguished from other layers by their
 * sizes, and then by their names. */
#ifndef RNN_GPU_MODEL_STATE_NAMES_H
#define RNN_GPU_MODEL_STATE_NAMES_H

#include "rnn_gpu/tensors.h"

/* The prefix of a parameter's name, such as `module.rnn.` in module.rnn.weight_ih_l0; borrowed. */
struct rg_prefix {
    const char *text;
    size_t length;
};

struct rg_state_names {
    struct rg_prefix recurrent, head, embed; /* text NULL: the file has no such part */
};

/* The prefixes that rnn-gpu writes. */
extern const struct rg_state_names rg_own_names;

/* Is it PyTorch's name of a parameter of a recurrent module, after any prefix? */
bool rg_is_recurrent_name(const char *name);

/* Find the prefixes among the tensors of a state. `head` is the module that --head names, with or without its prefix,
 * or NULL. RG_BAD_FILE if the names do not decide between several layers, or if there is no such head. */
rg_status rg_state_names_find(const char *path, const struct rg_tensors *tensors, const char *head,
                              struct rg_state_names *out);

/* The tensor with that prefix and parameter name, or NULL. */
const struct rg_tensor *rg_state_tensor(const struct rg_tensors *tensors, const struct rg_prefix *prefix,
                                        const char *parameter);

#endif
