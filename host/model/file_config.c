/* Writer and reader of the options in a model file. The reader works in place, so hostile text costs no memory beyond
 * the names. */
#include "model/file_config.h"

#include <stdio.h>
#include <string.h>

#include "files/json.h"
#include "rnn_gpu/memory.h"

enum { FORMAT = 1, LABEL_BYTES = 512, MAX_SKIP = 1000000000, MAX_WINDOW = 1000000000 };

/* The keys from PROGRAM on are optional. */
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
    READOUT,
    LAYERS,
    DIRECTIONS,
    SKIP,
    SKIP_KIND,
    WORDS,
    VOCABULARY,
    FEATURES,
    CLASSES,
    TARGETS,
    LEVEL,
    LOWERCASE,
    WINDOW,
    HORIZON,
    FORECAST,
    FILL_PREVIOUS,
    PIXELS,
    PERMUTE,
    N_KEYS
};
static const char *const key_names[N_KEYS] = {
    "format",  "cell",   "activation", "inputs", "hidden",    "outputs",  "program",       "loss",     "target",
    "readout", "layers", "directions", "skip",   "skip_kind", "words",    "vocabulary",    "features", "classes",
    "targets", "level",  "lowercase",  "window", "horizon",   "forecast", "fill_previous", "pixels",   "permute"};

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

/* Add a list of names, if there is one. */
static rg_status add_names(struct rg_text *text, enum key key, char *const *names, size_t count) {
    if (names == NULL) {
        return RG_OK;
    }
    RG_TRY(add_key(text, key));
    for (size_t i = 0; i < count; i++) {
        RG_TRY(rg_text_add_string(text, i == 0 ? "[" : ","));
        RG_TRY(rg_text_add_quoted(text, names[i]));
    }
    return rg_text_add_string(text, "]");
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
    if (s->target == RG_TARGET_LAST) {
        RG_TRY(add_name(text, READOUT, rg_readout_names[s->readout]));
    }
    RG_TRY(add_size(text, LAYERS, s->layers));
    RG_TRY(add_size(text, DIRECTIONS, rg_shape_directions(s)));
    RG_TRY(add_size(text, SKIP, s->skip));
    RG_TRY(add_name(text, SKIP_KIND, rg_skip_kind_names[s->skip_kind]));
    if (s->words > 0) {
        RG_TRY(add_size(text, WORDS, s->words));
    }
    RG_TRY(add_names(text, VOCABULARY, model->vocabulary, rg_shape_features(s)));
    RG_TRY(add_names(text, FEATURES, model->features, rg_shape_features(s)));
    RG_TRY(add_names(text, CLASSES, model->classes, model->n_classes));
    RG_TRY(add_names(text, TARGETS, model->targets, model->n_targets));
    if (model->level != RG_LEVEL_NONE) {
        RG_TRY(add_name(text, LEVEL, rg_level_names[model->level]));
        RG_TRY(add_size(text, LOWERCASE, model->lowercase));
    }
    if (model->windows.steps > 0) {
        RG_TRY(add_size(text, WINDOW, model->windows.steps));
        RG_TRY(add_size(text, HORIZON, model->windows.horizon));
        RG_TRY(add_size(text, FORECAST, model->windows.forecast));
    }
    if (model->pixels.single) {
        RG_TRY(add_size(text, PIXELS, 1));
        RG_TRY(add_size(text, PERMUTE, model->pixels.permute));
    }
    if (model->input_fill != NULL) {
        RG_TRY(add_size(text, FILL_PREVIOUS, model->fill_previous));
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

/* Index of a name in a NULL-ended list; the list's length if the name is not in it. */
static size_t find_name(const char *const *names, const char *name) {
    size_t i = 0;
    while (names[i] != NULL && strcmp(names[i], name) != 0) {
        i++;
    }
    return i;
}

static rg_status read_name(struct rg_json *json, enum key key, const char *const *names, size_t *index) {
    const char *name = NULL;
    RG_TRY(rg_json_string(json, &name, "a name in quotes"));
    *index = find_name(names, name);
    if (names[*index] == NULL) {
        return rg_fail(RG_BAD_FILE, "%s: %s '%.40s' is not known to this version of rnn-gpu", json->label,
                       key_names[key], name);
    }
    return RG_OK;
}

static rg_status read_size(struct rg_json *json, enum key key, size_t min, size_t max, size_t *value) {
    RG_TRY(rg_json_size(json, value, "a whole number"));
    if (*value < min) {
        return rg_fail(RG_BAD_FILE, "%s: %s is %zu; expected at least %zu", json->label, key_names[key], *value, min);
    }
    if (*value > max) {
        return rg_fail(RG_BAD_FILE, "%s: %s is %zu; expected at most %zu", json->label, key_names[key], *value, max);
    }
    return RG_OK;
}

/* Bytes of a list up to its ], and an upper bound of its number of strings: commas outside strings, plus one. */
static size_t measure_list(const struct rg_json *json, size_t *count) {
    bool in_string = false;
    size_t at = json->at;
    *count = 1;
    for (; at < json->length && (in_string || json->text[at] != ']'); at++) {
        if (in_string && json->text[at] == '\\') {
            at++;
        } else if (json->text[at] == '"') {
            in_string = !in_string;
        } else {
            *count += !in_string && json->text[at] == ',';
        }
    }
    return (at < json->length ? at : json->length) - json->at;
}

/* The names are read directly into the block that the model will own: first pointers, then text. In JSON a name takes
 * its length and two quotes, so a block of the list's size is large enough. */
static rg_status read_names(struct rg_json *json, enum key key, size_t max, struct rg_file_names *list) {
    size_t count = 0;
    RG_TRY(rg_json_expect(json, '[', "[ before a list of names"));
    const size_t bytes = measure_list(json, &count);
    if (count > max) {
        return rg_fail(RG_BAD_FILE, "%s: %s has more entries than the model takes, %zu", json->label, key_names[key],
                       max);
    }
    RG_TRY(rg_alloc(&list->names, count * sizeof(char *) + bytes + 1, 1, key_names[key]));
    char *to = (char *)(list->names + count);
    do {
        const char *name = NULL;
        RG_TRY(rg_json_string(json, &name, "a name in quotes"));
        if (list->count == count) {
            return rg_json_fail(json, "] after the names");
        }
        if (*name == '\0') {
            return rg_fail(RG_BAD_FILE, "%s: entry %zu of %s is empty", json->label, list->count, key_names[key]);
        }
        const size_t length = strlen(name) + 1;
        list->names[list->count++] = memcpy(to, name, length);
        to += length;
    } while (rg_json_accept(json, ','));
    return rg_json_expect(json, ']', ", or ] after a name");
}

/* Read a key whose value is one of a list of names. */
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
    case READOUT:
        RG_TRY(read_name(json, key, rg_readout_names, &value));
        shape->readout = (enum rg_readout)value;
        return RG_OK;
    default:
        RG_TRY(read_name(json, SKIP_KIND, rg_skip_kind_names, &value));
        shape->skip_kind = (enum rg_skip_kind)value;
        return RG_OK;
    }
}

/* Number of classes that a model with these outputs can tell apart: two for a single output. */
static size_t classes_of(const struct rg_shape *sizes) {
    return sizes->outputs == 1 ? 2 : sizes->outputs;
}

static rg_status read_value(struct rg_json *json, enum key key, const struct rg_shape *sizes,
                            struct rg_file_config *config) {
    struct rg_shape *shape = &config->shape;
    const char *program = NULL;
    size_t value = 0;
    switch (key) {
    case FORMAT_KEY:
        RG_TRY(rg_json_size(json, &value, "a whole number"));
        if (value != FORMAT) {
            return rg_fail(RG_BAD_FILE, "%s: format %zu; this version of rnn-gpu reads format %d", json->label, value,
                           FORMAT);
        }
        return RG_OK;
    case PROGRAM:
        return rg_json_string(json, &program, "the program's name in quotes");
    case CELL:
    case ACTIVATION:
    case LOSS:
    case TARGET:
    case READOUT:
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
        return read_names(json, key, rg_shape_features(sizes), &config->vocabulary);
    case FEATURES:
        return read_names(json, key, rg_shape_features(sizes), &config->features);
    case CLASSES:
        return read_names(json, key, classes_of(sizes), &config->classes);
    case TARGETS:
        return read_names(json, key, sizes->outputs, &config->targets);
    case LEVEL:
        RG_TRY(read_name(json, key, rg_level_names, &value));
        config->level = (enum rg_level)value;
        return RG_OK;
    case LOWERCASE:
        RG_TRY(read_size(json, key, 0, 1, &value));
        config->lowercase = value == 1;
        return RG_OK;
    case WINDOW:
        return read_size(json, key, 1, MAX_WINDOW, &config->windows.steps);
    case HORIZON:
        return read_size(json, key, 0, MAX_WINDOW, &config->windows.horizon);
    case FORECAST:
        RG_TRY(read_size(json, key, 0, 1, &value));
        config->windows.forecast = value == 1;
        return RG_OK;
    case FILL_PREVIOUS:
        RG_TRY(read_size(json, key, 0, 1, &value));
        config->fill_previous = value == 1;
        return RG_OK;
    case PIXELS:
        RG_TRY(read_size(json, key, 1, 1, &value));
        config->pixels.single = true;
        return RG_OK;
    case PERMUTE:
        return read_size(json, key, 0, SIZE_MAX, &config->pixels.permute);
    case N_KEYS:
        break;
    }
    return rg_json_fail(json, "a known key");
}

static rg_status check_skip(const struct rg_json *json, const struct rg_shape *shape) {
    if (shape->skip_kind == RG_SKIP_LEARNED && shape->skip != 1) {
        return rg_fail(RG_BAD_FILE, "%s: skip is %zu; expected 1 for skip_kind learned, which has no distance",
                       json->label, shape->skip);
    }
    return RG_OK;
}

/* Check that a list has as many names as the model needs. */
static rg_status check_names(const struct rg_json *json, enum key key, const struct rg_file_names *list, size_t wanted,
                             const char *what) {
    if (list->names != NULL && list->count != wanted) {
        return rg_fail(RG_BAD_FILE, "%s: %zu entries in %s, %zu %s; expected the same number", json->label, list->count,
                       key_names[key], wanted, what);
    }
    return RG_OK;
}

static rg_status read_object(struct rg_json *json, const struct rg_shape *sizes, struct rg_file_config *config) {
    bool seen[N_KEYS] = {false};
    RG_TRY(rg_json_expect(json, '{', "{ before the options"));
    do {
        const char *name = NULL;
        size_t key = 0;
        RG_TRY(rg_json_string(json, &name, "the name of an option in quotes"));
        while (key < N_KEYS && strcmp(key_names[key], name) != 0) {
            key++;
        }
        if (key == N_KEYS) {
            return rg_fail(RG_BAD_FILE, "%s: '%.40s' is not known to this version of rnn-gpu", json->label, name);
        }
        if (seen[key]) {
            return rg_fail(RG_BAD_FILE, "%s: '%s' occurs twice", json->label, name);
        }
        seen[key] = true;
        RG_TRY(rg_json_expect(json, ':', ": after the name of an option"));
        RG_TRY(read_value(json, (enum key)key, sizes, config));
    } while (rg_json_accept(json, ','));
    RG_TRY(rg_json_expect(json, '}', ", or } after an option"));
    (void)rg_json_accept(json, '\n');
    if (json->at < json->length) {
        return rg_json_fail(json, "nothing after the options");
    }
    for (size_t key = 0; key < PROGRAM; key++) {
        if (!seen[key]) {
            return rg_fail(RG_BAD_FILE, "%s: '%s' is missing", json->label, key_names[key]);
        }
    }
    RG_TRY(check_skip(json, &config->shape));
    if (seen[READOUT] && config->shape.target == RG_TARGET_STEPS) {
        return rg_fail(RG_BAD_FILE, "%s: readout was given with target steps; expected it only with target last",
                       json->label);
    }
    const size_t features = rg_shape_features(&config->shape);
    RG_TRY(check_names(json, VOCABULARY, &config->vocabulary, features, "inputs"));
    RG_TRY(check_names(json, FEATURES, &config->features, features, "inputs"));
    const struct rg_shape *const s = &config->shape;
    if (config->level != RG_LEVEL_NONE && (config->vocabulary.names == NULL || s->target != RG_TARGET_STEPS ||
                                           s->outputs != features || s->bidirectional)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: level was given; expected it only with a vocabulary and an output for each word",
                       json->label);
    }
    if (seen[WINDOW] != seen[HORIZON] || seen[WINDOW] != seen[FORECAST]) {
        return rg_fail(RG_BAD_FILE, "%s: expected window, horizon and forecast together", json->label);
    }
    if (seen[PIXELS] != seen[PERMUTE]) {
        return rg_fail(RG_BAD_FILE, "%s: expected pixels and permute together", json->label);
    }
    RG_TRY(check_names(json, CLASSES, &config->classes, classes_of(&config->shape), "classes"));
    if (config->targets.count > 1) {
        RG_TRY(check_names(json, TARGETS, &config->targets, s->outputs, "outputs"));
    }
    return RG_OK;
}

rg_status rg_file_config_read(const char *path, char *text, const struct rg_shape *sizes,
                              struct rg_file_config *config) {
    char label[LABEL_BYTES];
    snprintf(label, sizeof label, "%.400s: options in __metadata__.config", path);
    struct rg_json json = {.label = label, .text = text, .length = strlen(text)};
    *config = (struct rg_file_config){.shape = {.layers = 1}};
    const rg_status status = read_object(&json, sizes, config);
    if (status != RG_OK) {
        rg_file_config_release(config);
    }
    return status;
}

void rg_file_config_give(const struct rg_file_config *config, struct rg_model *model) {
    model->vocabulary = config->vocabulary.names;
    model->features = config->features.names;
    model->classes = config->classes.names;
    model->n_classes = config->classes.count;
    model->targets = config->targets.names;
    model->n_targets = config->targets.count;
    model->level = config->level;
    model->lowercase = config->lowercase;
    model->windows = config->windows;
    model->pixels = config->pixels;
    model->fill_previous = config->fill_previous;
}

void rg_file_config_release(struct rg_file_config *config) {
    rg_free(config->vocabulary.names);
    rg_free(config->features.names);
    rg_free(config->classes.names);
    rg_free(config->targets.names);
    config->vocabulary = config->features = config->classes = config->targets = (struct rg_file_names){NULL, 0};
}
