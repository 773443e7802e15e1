/* The texts of a model for all templates: see model_text.h. */
#include "export/model_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "export/formats.h"

bool rg_export_reads_words(const struct rg_model *model) {
    return model->shape.words > 0 || model->vocabulary != NULL;
}

/* Does torch.nn have the model's layers? */
static bool is_plain(const struct rg_shape *s) {
    const bool usual = s->activation == RG_ACT_TANH || s->activation == RG_ACT_RELU;
    return s->skip == 0 && (s->cell != RG_CELL_RNN || usual);
}

static void set_conditions(const struct rg_model *model, const char **conditions) {
    const struct rg_shape *const s = &model->shape;
    const bool steps = s->target == RG_TARGET_STEPS, learned = rg_shape_has_skip(s, RG_SKIP_LEARNED);
    const bool dilated = rg_shape_has_skip(s, RG_SKIP_DILATED);
    const struct {
        const char *name;
        bool holds;
    } all[] = {{"one_way", !s->bidirectional},
               {"words", rg_export_reads_words(model)},
               {"embed", s->words > 0},
               {"scaled", model->input_mean != NULL},
               {"vocabulary", model->vocabulary != NULL},
               {"columns", model->features != NULL},
               {"classes", model->classes != NULL},
               {"past", s->skip > 0 && !learned},
               {"add", rg_shape_has_skip(s, RG_SKIP_ADD)},
               {"dilated", dilated},
               {"dilated_lstm", dilated && s->cell == RG_CELL_LSTM},
               {"learned", learned},
               {"bce", s->loss == RG_LOSS_BCE},
               {"ce", s->loss == RG_LOSS_CE},
               {"plain", is_plain(s)},
               {"steps", steps}};
    size_t n = 0;
    conditions[n++] = rg_cell_names[s->cell];
    if (!steps) {
        conditions[n++] = rg_readout_names[s->readout];
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].holds) {
            conditions[n++] = all[i].name;
        }
    }
    conditions[n] = NULL;
}

void rg_model_text(const struct rg_model *model, struct rg_model_text *text) {
    const struct rg_shape *const s = &model->shape;
    const struct {
        const char *name;
        size_t value;
    } sizes[RG_MODEL_SIZES] = {{"features", rg_export_reads_words(model) ? 1 : s->inputs},
                               {"inputs", s->inputs},
                               {"hidden", s->hidden},
                               {"layers", s->layers},
                               {"directions", rg_shape_directions(s)},
                               {"gates", rg_cell_gates(s->cell)},
                               {"outputs", s->outputs},
                               {"skip", s->skip},
                               {"n_words", rg_shape_features(s)}};
    set_conditions(model, text->conditions);
    (void)snprintf(text->what, sizeof text->what, "%s of %zu unit%s, %zu layer%s, %s; %zu -> %zu",
                   rg_cell_names[s->cell], s->hidden, s->hidden > 1 ? "s" : "", s->layers, s->layers > 1 ? "s" : "",
                   s->bidirectional ? "two directions" : "one direction", rg_shape_features(s), s->outputs);
    for (size_t i = 0; i < RG_MODEL_SIZES; i++) {
        (void)snprintf(text->sizes[i], sizeof text->sizes[i], "%zu", sizes[i].value);
        text->words[i] = (struct rg_template_word){sizes[i].name, text->sizes[i]};
    }
    text->words[RG_MODEL_SIZES] = (struct rg_template_word){"what", text->what};
    text->words[RG_MODEL_SIZES + 1] = (struct rg_template_word){"version", RG_VERSION};
    text->words[RG_MODEL_SIZES + 2] = (struct rg_template_word){"cell", rg_cell_names[s->cell]};
}

rg_status rg_model_text_expand(const char *name, const struct rg_model_text *text, const struct rg_template_word *own,
                               size_t n_own, struct rg_text *out) {
    struct rg_template_word words[RG_OWN_WORDS + RG_MODEL_WORDS];
    assert(n_own <= RG_OWN_WORDS);
    memcpy(words, own, n_own * sizeof *own);
    memcpy(words + n_own, text->words, sizeof text->words);
    const struct rg_template with = {.conditions = text->conditions, .words = words, .n_words = n_own + RG_MODEL_WORDS};
    return rg_template_expand(name, &with, out);
}
