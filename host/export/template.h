/* Texts in other languages that are made from templates (templates/): lines that stand there only for some models, and
 * words that are put in.
 *
 *     @if lstm gru        the lines up to @else or @end, if one of these conditions holds
 *     @if !steps          if it does not hold
 *     @p@_step            the text of the word p
 *
 * Conditions may stand inside each other. */
#ifndef RG_EXPORT_TEMPLATE_H
#define RG_EXPORT_TEMPLATE_H

#include "files/json.h"
#include "rnn_gpu/status.h"

struct rg_template_word {
    const char *name, *text;
};

struct rg_template {
    const char *const *conditions; /* those that hold; ends with NULL */
    const struct rg_template_word *words;
    size_t n_words;
};

/* Add the text of the template of that name. RG_ERROR for a template that is not well formed. */
rg_status rg_template_expand(const char *name, const struct rg_template *with, struct rg_text *out);

#endif
