/* The options inside a model's file: a JSON object, kept as a string in the metadata.
 *
 *     {"format":1,"program":"rnn-gpu 0.1.0","cell":"rnn","activation":"tanh","inputs":2,"hidden":128,"outputs":1,
 *      "loss":"mse","target":"last","readout":"last","layers":1,"directions":1,"skip":0,"skip_kind":"add",
 *      "vocabulary":["cat","mat"],"classes":["no","yes"]}
 *
 * `readout` only with the target `last`, `words`, the rows of embed.weight, only with an embedding, `vocabulary` only
 * for token models, `level` and `lowercase` only for models of plain text, `window`, `horizon` and `forecast` only for
 * those of windows, `fill_previous` only where inputs may be missing, `features` only where the columns had names,
 * `classes` only where the labels were words. `program`, `loss` and what stands behind it may be missing: one layer,
 * one direction, no skip, the loss on the last step, whose output the head reads. */
#ifndef RNN_GPU_MODEL_FILE_CONFIG_H
#define RNN_GPU_MODEL_FILE_CONFIG_H

#include "rnn_gpu/model.h"

/* Names in order of their number; one block of rg_alloc, as in rg_model, or NULL. */
struct rg_file_names {
    char **names;
    size_t count;
};

struct rg_file_config {
    struct rg_shape shape;
    struct rg_file_names vocabulary, features, classes;
    enum rg_level level;
    bool lowercase;
    struct rg_windows windows;
    bool fill_previous;
};

/* *text = the JSON for the model; free with rg_free. */
rg_status rg_file_config_write(const struct rg_model *model, char **text);

/* Read the JSON, whose text is used up. `path` is for messages; a list of more names than the model's tensors
 * have places for is refused before memory is taken. Anything unknown is RG_BAD_FILE, for a later program may have
 * given it a meaning. `sizes`: features and outputs by the tensors. On failure there are no lists. */
rg_status rg_file_config_read(const char *path, char *text, const struct rg_shape *sizes,
                              struct rg_file_config *config);
/* Give the names, and what else is no part of the shape, to a model that has none yet. */
void rg_file_config_give(const struct rg_file_config *config, struct rg_model *model);
void rg_file_config_release(struct rg_file_config *config);

#endif
