/* The texts of a model for all templates: conditions and words (template.h).
 *
 *   conditions   the cell's name; the readout's, or steps; one_way; words, embed, scaled, vocabulary, columns, classes;
 *                past (a skip that reads older states), add, dilated, dilated_lstm, learned; bce, ce; plain (as in
 *                torch.nn)
 *   words        what, version, cell, features, inputs, hidden, layers, directions, gates, outputs, skip, n_words */
#ifndef RG_EXPORT_MODEL_TEXT_H
#define RG_EXPORT_MODEL_TEXT_H

#include "export/template.h"
#include "rnn_gpu/model.h"

enum { RG_MODEL_CONDITIONS = 24, RG_MODEL_SIZES = 9, RG_MODEL_WORDS = RG_MODEL_SIZES + 3, RG_SIZE_BYTES = 24 };
enum { RG_OWN_WORDS = 24 }; /* of a template beside the model's */

struct rg_model_text {
    const char *conditions[RG_MODEL_CONDITIONS];
    struct rg_template_word words[RG_MODEL_WORDS];
    char what[240];
    char sizes[RG_MODEL_SIZES][RG_SIZE_BYTES];
};

void rg_model_text(const struct rg_model *model, struct rg_model_text *text);

/* Append the expanded template with the model's texts, and with `own` words, at most RG_OWN_WORDS. */
rg_status rg_model_text_expand(const char *name, const struct rg_model_text *text, const struct rg_template_word *own,
                               size_t n_own, struct rg_text *out);

#endif
