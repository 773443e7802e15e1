/* The options in a model file: a JSON object, stored as a string in the metadata.
 *
 *     {"format":1,"program":"rnn-gpu 0.1.0","cell":"rnn","activation":"tanh","inputs":2,"hidden":128,"outputs":1,
 *      "loss":"mse","target":"last","readout":"last","layers":1,"directions":1,"skip":0,"skip_kind":"add",
 *      "vocabulary":["cat","mat"],"classes":["no","yes"]}
 *
 * Some keys appear only where they apply:
 *   readout                    target `last`
 *   words                      embedding: rows of embed.weight
 *   vocabulary                 token models
 *   level, lowercase           models of plain text
 *   window, horizon, forecast  models of windows
 *   pixels, permute            images whose pixels are steps
 *   fill_previous              inputs may be missing
 *   features                   the columns had names
 *   targets                    the target columns were named
 *   classes                    the labels were words
 *
 * `program`, `loss` and all keys after it may be absent. The defaults are one layer, one direction, no skip, and the
 * loss on the last step, whose output the head reads. */
#ifndef RNN_GPU_MODEL_FILE_CONFIG_H
#define RNN_GPU_MODEL_FILE_CONFIG_H

#include "rnn_gpu/model.h"

/* Names in order of their number, in one block of rg_alloc as in rg_model; or NULL. */
struct rg_file_names {
    char **names;
    size_t count;
};

struct rg_file_config {
    struct rg_shape shape;
    struct rg_file_names vocabulary, features, classes, targets;
    enum rg_level level;
    bool lowercase;
    struct rg_windows windows;
    struct rg_pixels pixels;
    bool fill_previous;
};

/* *text = the JSON for the model; free it with rg_free. */
rg_status rg_file_config_write(const struct rg_model *model, char **text);

/* Read the JSON; its text is destroyed. `path` is for messages. `sizes` has features and outputs according to the
 * tensors. A list with more names than the tensors allow is refused before memory is allocated. Unknown keys and values
 * are RG_BAD_FILE, because a later program may have given them a meaning. On failure there are no lists. */
rg_status rg_file_config_read(const char *path, char *text, const struct rg_shape *sizes,
                              struct rg_file_config *config);
/* Move the names, and everything else that is not part of the shape, to a model that has none yet. */
void rg_file_config_give(const struct rg_file_config *config, struct rg_model *model);
void rg_file_config_release(struct rg_file_config *config);

#endif
