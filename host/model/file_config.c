/* Writer and reader of the options inside a model's file. The reader works in place: hostile text costs no memory
 * beyond the vocabulary. */
#include "file_config.h"

#include <stdio.h>
#include <string.h>

#include "files/json.h"
#include "rnn_gpu/memory.h"

enum { FORMAT = 1, LABEL_BYTES = 512, MAX_SKIP = 1000000000 };

/* Files may lack the keys from PROGRAM on. */
enum key {
    FORMAT_KEY,
    CELL,
    ACTIVATION,
    INPUTS,
    HIDDEN,
    OUTPUTS,
    PROGRAM,
    LOSS,
    TARGET,
    LAYERS,
    DIRECTIONS,
    SKIP,
    SKIP_KIND,
    WORDS,
    VOCABULARY,
    N_KEYS
};
static const char *const key_names[N_KEYS] = {"format",     "cell",    "activation", "inputs", "hidden",
                                              "outputs",    "program", "loss",       "target", "layers",
                                              "directions", "skip",    "skip_kind",  "words",  "vocabulary"};

/* ---- Writing ---- */

static rg_status add_key(struct rg_text *text, enum key key) {
    RG_TRY(rg_text_add_string(text, key == FORMAT_KEY ? "{" : ","));
    RG_TRY(rg_text_add_quoted(text, key_names[key]));
    return rg_text_add_string(text, ":");
}

static rg_status add_name(struct rg_text *text, enum key key, const char *value) {
    RG_TRY(add_key(text, key));
    return rg_text_add_quoted(text, value);
}

static rg_status add_size(struct rg_text *text, enum key key, size_t value) {
    RG_TRY(add_key(text, key));
    return rg_text_add_size(text, value);
}

static rg_status compose(const struct rg_model *model, struct rg_text *text) {
    const struct rg_shape *s = &model->shape;
    RG_TRY(add_size(text, FORMAT_KEY, FORMAT));
    RG_TRY(add_name(text, PROGRAM, "rnn-gpu " RG_VERSION));
    RG_TRY(add_name(text, CELL, rg_cell_names[s->cell]));
    RG_TRY(add_name(text, ACTIVATION, rg_activation_names[s->activation]));
    RG_TRY(add_size(text, INPUTS, s->inputs));
    RG_TRY(add_size(text, HIDDEN, s->hidden));
    RG_TRY(add_size(text, OUTPUTS, s->outputs));
    RG_TRY(add_name(text, LOSS, rg_loss_names[s->loss]));
    RG_TRY(add_name(text, TARGET, rg_target_names[s->target]));
    RG_TRY(add_size(text, LAYERS, s->layers));
    RG_TRY(add_size(text, DIRECTIONS, rg_shape_directions(s)));
    RG_TRY(add_size(text, SKIP, s->skip));
    RG_TRY(add_name(text, SKIP_KIND, rg_skip_kind_names[s->skip_kind]));
    if (s->words > 0)
        RG_TRY(add_size(text, WORDS, s->words));
    if (model->vocabulary != NULL) {
        RG_TRY(add_key(text, VOCABULARY));
        for (size_t i = 0; i < rg_shape_features(s); i++) {
            RG_TRY(rg_text_add_string(text, i == 0 ? "[" : ","));
            RG_TRY(rg_text_add_quoted(text, model->vocabulary[i]));
        }
        RG_TRY(rg_text_add_string(text, "]"));
    }
    return rg_text_add(text, "}", sizeof "}");
}

rg_status rg_file_config_write(const struct rg_model *model, char **text) {
    struct rg_text composed = {0};
    const rg_status status = compose(model, &composed);
    *text = composed.bytes;
    if (status != RG_OK) {
        rg_text_destroy(&composed);
        *text = NULL;
    }
    return status;
}

/* ---- Reading ---- */

/* Index of a name in a NULL-ended list, or its length. */
static size_t find_name(const char *const *names, const char *name) {
    size_t i = 0;
    while (names[i] != NULL && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static rg_status read_name(struct rg_json *json, enum key key, const char *const *names, size_t *index) {
    const char *name = NULL;
    RG_TRY(rg_json_string(json, &name, "a name in quotes"));
    *index = find_name(names, name);
    if (names[*index] == NULL)
        return rg_fail(RG_BAD_FILE, "%s: %s '%.40s' is not known to this version of rnn-gpu", json->label,
                       key_names[key], name);
    return RG_OK;
}

static rg_status read_size(struct rg_json *json, enum key key, size_t least, size_t most, size_t *value) {
    RG_TRY(rg_json_size(json, value, "a whole number"));
    if (*value < least)
        return rg_fail(RG_BAD_FILE, "%s: %s is %zu; expected at least %zu", json->label, key_names[key], *value, least);
    if (*value > most)
        return rg_fail(RG_BAD_FILE, "%s: %s is %zu; expected at most %zu", json->label, key_names[key], *value, most);
    return RG_OK;
}

/* The words go straight into the block that the model will own: pointers first, text behind. In JSON a word takes its
 * length and two quotes, and at least four bytes with the comma; that bounds both parts. */
static rg_status read_vocabulary(struct rg_json *json, size_t max_words, struct rg_file_config *config) {
    RG_TRY(rg_json_expect(json, '[', "[ before the vocabulary"));
    const size_t rest = json->length - json->at;
    const size_t n_pointers = max_words < rest / 4 + 1 ? max_words : rest / 4 + 1;
    RG_TRY(rg_alloc(&config->vocabulary, n_pointers * sizeof(char *) + rest, 1, "vocabulary"));
    char *to = (char *)(config->vocabulary + n_pointers);
    do {
        const char *word = NULL;
        RG_TRY(rg_json_string(json, &word, "a word of the vocabulary in quotes"));
        if (config->n_words == max_words)
            return rg_fail(RG_BAD_FILE, "%s: the vocabulary has more words than the model takes, %zu", json->label,
                           max_words);
        if (*word == '\0')
            return rg_fail(RG_BAD_FILE, "%s: word %zu of the vocabulary is empty", json->label, config->n_words);
        const size_t bytes = strlen(word) + 1;
        config->vocabulary[config->n_words++] = memcpy(to, word, bytes);
        to += bytes;
    } while (rg_json_accept(json, ','));
    return rg_json_expect(json, ']', ", or ] after a word of the vocabulary");
}

/* A key whose value is one of a list of names. */
static rg_status read_choice(struct rg_json *json, enum key key, struct rg_shape *shape) {
    size_t value = 0;
    switch (key) {
    case CELL:
        RG_TRY(read_name(json, key, rg_cell_names, &value));
        shape->cell = (enum rg_cell)value;
        return RG_OK;
    case ACTIVATION:
        RG_TRY(read_name(json, key, rg_activation_names, &value));
        shape->activation = (enum rg_activation)value;
        return RG_OK;
    case LOSS:
        RG_TRY(read_name(json, key, rg_loss_names, &value));
        shape->loss = (enum rg_loss)value;
        return RG_OK;
    case TARGET:
        RG_TRY(read_name(json, key, rg_target_names, &value));
        shape->target = (enum rg_target)value;
        return RG_OK;
    default:
        RG_TRY(read_name(json, SKIP_KIND, rg_skip_kind_names, &value));
        shape->skip_kind = (enum rg_skip_kind)value;
        return RG_OK;
    }
}

static rg_status read_value(struct rg_json *json, enum key key, size_t max_words, struct rg_file_config *config) {
    struct rg_shape *shape = &config->shape;
    const char *program = NULL;
    size_t value = 0;
    switch (key) {
    case FORMAT_KEY:
        RG_TRY(rg_json_size(json, &value, "a whole number"));
        if (value != FORMAT)
            return rg_fail(RG_BAD_FILE, "%s: format %zu; this version of rnn-gpu reads format %d", json->label, value,
                           FORMAT);
        return RG_OK;
    case PROGRAM:
        return rg_json_string(json, &program, "the program's name in quotes");
    case CELL:
    case ACTIVATION:
    case LOSS:
    case TARGET:
    case SKIP_KIND:
        return read_choice(json, key, shape);
    case INPUTS:
        return read_size(json, key, 1, SIZE_MAX, &shape->inputs);
    case HIDDEN:
        return read_size(json, key, 1, SIZE_MAX, &shape->hidden);
    case OUTPUTS:
        return read_size(json, key, 1, SIZE_MAX, &shape->outputs);
    case WORDS:
        return read_size(json, key, 1, SIZE_MAX, &shape->words);
    case LAYERS:
        return read_size(json, key, 1, RG_MAX_LAYERS, &shape->layers);
    case SKIP:
        return read_size(json, key, 0, MAX_SKIP, &shape->skip);
    case DIRECTIONS:
        RG_TRY(read_size(json, key, 1, 2, &value));
        shape->bidirectional = value == 2;
        return RG_OK;
    case VOCABULARY:
        return read_vocabulary(json, max_words, config);
    case N_KEYS:
        break;
    }
    return rg_json_fail(json, "a known key");
}

static rg_status check_skip(const struct rg_json *json, const struct rg_shape *shape) {
    if (shape->skip_kind == RG_SKIP_LEARNED && shape->skip != 1)
        return rg_fail(RG_BAD_FILE, "%s: skip is %zu; expected 1 for skip_kind learned, which has no distance",
                       json->label, shape->skip);
    return RG_OK;
}

static rg_status read_object(struct rg_json *json, size_t max_words, struct rg_file_config *config) {
    bool seen[N_KEYS] = {false};
    RG_TRY(rg_json_expect(json, '{', "{ before the options"));
    do {
        const char *name = NULL;
        size_t key = 0;
        RG_TRY(rg_json_string(json, &name, "the name of an option in quotes"));
        while (key < N_KEYS && strcmp(key_names[key], name) != 0)
            key++;
        if (key == N_KEYS)
            return rg_fail(RG_BAD_FILE, "%s: '%.40s' is not known to this version of rnn-gpu", json->label, name);
        if (seen[key])
            return rg_fail(RG_BAD_FILE, "%s: '%s' stands there twice", json->label, name);
        seen[key] = true;
        RG_TRY(rg_json_expect(json, ':', ": after the name of an option"));
        RG_TRY(read_value(json, (enum key)key, max_words, config));
    } while (rg_json_accept(json, ','));
    RG_TRY(rg_json_expect(json, '}', ", or } after an option"));
    (void)rg_json_accept(json, '\n');
    if (json->at < json->length)
        return rg_json_fail(json, "nothing after the options");
    for (size_t key = 0; key < PROGRAM; key++)
        if (!seen[key])
            return rg_fail(RG_BAD_FILE, "%s: '%s' is missing", json->label, key_names[key]);
    RG_TRY(check_skip(json, &config->shape));
    if (seen[VOCABULARY] && config->n_words != rg_shape_features(&config->shape))
        return rg_fail(RG_BAD_FILE, "%s: %zu words in the vocabulary, %zu inputs; expected the same number",
                       json->label, config->n_words, rg_shape_features(&config->shape));
    return RG_OK;
}

rg_status rg_file_config_read(const char *path, char *text, size_t max_words, struct rg_file_config *config) {
    char label[LABEL_BYTES];
    snprintf(label, sizeof label, "%.400s: options in __metadata__.config", path);
    struct rg_json json = {.label = label, .text = text, .length = strlen(text)};
    *config = (struct rg_file_config){.shape = {.layers = 1}};
    const rg_status status = read_object(&json, max_words, config);
    if (status != RG_OK) {
        rg_free(config->vocabulary);
        config->vocabulary = NULL;
    }
    return status;
}
