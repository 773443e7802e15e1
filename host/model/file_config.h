/* The options inside a model's file: a JSON object, kept as a string in the metadata.
 *
 *     {"format":1,"program":"rnn-gpu 0.1.0","cell":"rnn","activation":"tanh","inputs":2,"hidden":128,"outputs":1,
 *      "loss":"mse","target":"last","layers":1,"directions":1,"skip":0,"skip_kind":"add","vocabulary":["cat","mat"]}
 *
 * `words`, the rows of embed.weight, only with an embedding, `vocabulary` only for token models. `program`, `loss` and
 * what stands behind it may be missing: one layer, one direction, no skip, the loss on the last step. */
#ifndef RNN_GPU_MODEL_FILE_CONFIG_H
#define RNN_GPU_MODEL_FILE_CONFIG_H

#include "rnn_gpu/model.h"

struct rg_file_config {
    struct rg_shape shape;
    char **vocabulary; /* one block of rg_alloc, as in rg_model, or NULL */
    size_t n_words;
};

/* *text = the JSON for the model; free with rg_free. */
rg_status rg_file_config_write(const struct rg_model *model, char **text);

/* Read the JSON, whose text is used up. `path` is for messages; a vocabulary of more than `max_words` is refused before
 * memory is taken. Anything unknown is RG_BAD_FILE, for a later program may have given it a meaning. On failure
 * config->vocabulary is NULL. */
rg_status rg_file_config_read(const char *path, char *text, size_t max_words, struct rg_file_config *config);

#endif
