/* Texts in other languages from templates (templates/). Some lines appear only for some models, and words are replaced.
 *
 *     @if lstm gru        the lines up to @else or @end appear if one of these conditions holds
 *     @if !steps          they appear if the condition does not hold
 *     @p@_step            is replaced by the text of the word p
 *
 * Conditions can be nested. */
#ifndef RG_EXPORT_TEMPLATE_H
#define RG_EXPORT_TEMPLATE_H

#include "files/json.h"
#include "rnn_gpu/status.h"

struct rg_template_word {
    const char *name, *text;
};

struct rg_template {
    const char *const *conditions; /* the conditions that hold; NULL-ended */
    const struct rg_template_word *words;
    size_t n_words;
};

/* Append the expanded template of that name. RG_ERROR for a malformed template. */
rg_status rg_template_expand(const char *name, const struct rg_template *with, struct rg_text *out);

#endif
