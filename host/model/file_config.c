/* Writer and reader of the options in a model file. The reader works in place, so hostile text costs no memory beyond
 * the names. */
#include "model/file_config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

enum { FORMAT = 1, LABEL_BYTES = 512, MAX_SKIP = 1000000000, MAX_WINDOW = 1000000000 };

/* The keys, in the order in which they are written. */
enum key {
    FORMAT_KEY,
    PROGRAM,
    CELL,
    ACTIVATION,
    INPUTS,
    HIDDEN,
    OUTPUTS,
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
    PIXELS,
    PERMUTE,
    FILL_PREVIOUS,
    N_KEYS
};

enum kind {
    FORMAT_NUMBER,
    PROGRAM_NAME, /* for people; it is not read */
    SIZE,         /* size_t, from min to max */
    FLAG,         /* bool: min for false, max for true */
    CHOICE,       /* enum: one of a list of names */
    NAMES         /* struct rg_file_names */
};

/* Number of classes that a model with these outputs can tell apart: two for a single output. */
static size_t classes_of(const struct rg_shape *shape) {
    return shape->outputs == 1 ? 2 : shape->outputs;
}

static size_t outputs_of(const struct rg_shape *shape) {
    return shape->outputs;
}

static const struct row {
    const char *name;
    enum kind kind;
    size_t offset; /* of its value in struct rg_file_config */
    size_t min, max;
    const char *const *choices;                 /* NULL-ended */
    size_t (*n_names)(const struct rg_shape *); /* for a model of this shape, */
    const char *named;                          /* which has so many of these */
} rows[N_KEYS] = {
#define OF(field) offsetof(struct rg_file_config, field)
    [FORMAT_KEY] = {.name = "format", .kind = FORMAT_NUMBER},
    [PROGRAM] = {.name = "program", .kind = PROGRAM_NAME},
    [CELL] = {"cell", CHOICE, OF(shape.cell), .choices = rg_cell_names},
    [ACTIVATION] = {"activation", CHOICE, OF(shape.activation), .choices = rg_activation_names},
    [INPUTS] = {"inputs", SIZE, OF(shape.inputs), .min = 1, .max = SIZE_MAX},
    [HIDDEN] = {"hidden", SIZE, OF(shape.hidden), .min = 1, .max = SIZE_MAX},
    [OUTPUTS] = {"outputs", SIZE, OF(shape.outputs), .min = 1, .max = SIZE_MAX},
    [LOSS] = {"loss", CHOICE, OF(shape.loss), .choices = rg_loss_names},
    [TARGET] = {"target", CHOICE, OF(shape.target), .choices = rg_target_names},
    [READOUT] = {"readout", CHOICE, OF(shape.readout), .choices = rg_readout_names},
    [LAYERS] = {"layers", SIZE, OF(shape.layers), .min = 1, .max = RG_MAX_LAYERS},
    [DIRECTIONS] = {"directions", FLAG, OF(shape.bidirectional), .min = 1, .max = 2},
    [SKIP] = {"skip", SIZE, OF(shape.skip), .min = 0, .max = MAX_SKIP},
    [SKIP_KIND] = {"skip_kind", CHOICE, OF(shape.skip_kind), .choices = rg_skip_kind_names},
    [WORDS] = {"words", SIZE, OF(shape.words), .min = 1, .max = SIZE_MAX},
    [VOCABULARY] = {"vocabulary", NAMES, OF(vocabulary), .n_names = rg_shape_features, .named = "inputs"},
    [FEATURES] = {"features", NAMES, OF(features), .n_names = rg_shape_features, .named = "inputs"},
    [CLASSES] = {"classes", NAMES, OF(classes), .n_names = classes_of, .named = "classes"},
    [TARGETS] = {"targets", NAMES, OF(targets), .n_names = outputs_of, .named = "outputs"},
    [LEVEL] = {"level", CHOICE, OF(level), .choices = rg_level_names},
    [LOWERCASE] = {"lowercase", FLAG, OF(lowercase), .min = 0, .max = 1},
    [WINDOW] = {"window", SIZE, OF(windows.steps), .min = 1, .max = MAX_WINDOW},
    [HORIZON] = {"horizon", SIZE, OF(windows.horizon), .min = 0, .max = MAX_WINDOW},
    [FORECAST] = {"forecast", FLAG, OF(windows.forecast), .min = 0, .max = 1},
    [PIXELS] = {"pixels", FLAG, OF(pixels.single), .min = 1, .max = 1},
    [PERMUTE] = {"permute", SIZE, OF(pixels.permute), .min = 0, .max = SIZE_MAX},
    [FILL_PREVIOUS] = {"fill_previous", FLAG, OF(fill_previous), .min = 0, .max = 1},
#undef OF
};

/* The keys that every file has. */
static const enum key required[] = {FORMAT_KEY, CELL, ACTIVATION, INPUTS, HIDDEN, OUTPUTS};

/* ---- Writing ---- */

/* The values of a model. Its names are borrowed. */
static struct rg_file_config config_of(const struct rg_model *m) {
    const size_t features = rg_shape_features(&m->shape);
    return (struct rg_file_config){.shape = m->shape,
                                   .vocabulary = {m->vocabulary, features},
                                   .features = {m->features, features},
                                   .classes = {m->classes, m->n_classes},
                                   .targets = {m->targets, m->n_targets},
                                   .level = m->level,
                                   .lowercase = m->lowercase,
                                   .windows = m->windows,
                                   .pixels = m->pixels,
                                   .fill_previous = m->fill_previous};
}

/* Does the key apply to the model? */
static bool applies(const struct rg_model *model, enum key key, const void *value) {
    switch (key) {
    case READOUT:
        return model->shape.target == RG_TARGET_LAST;
    case WORDS:
        return model->shape.words > 0;
    case LEVEL:
    case LOWERCASE:
        return model->level != RG_LEVEL_NONE;
    case WINDOW:
    case HORIZON:
    case FORECAST:
        return model->windows.steps > 0;
    case PIXELS:
    case PERMUTE:
        return model->pixels.single;
    case FILL_PREVIOUS:
        return model->input_fill != NULL;
    default:
        return rows[key].kind != NAMES || ((const struct rg_file_names *)value)->names != NULL;
    }
}

static rg_status add_names(struct rg_text *text, const struct rg_file_names *list) {
    for (size_t i = 0; i < list->count; i++) {
        RG_TRY(rg_text_add_string(text, i == 0 ? "[" : ","));
        RG_TRY(rg_text_add_quoted(text, list->names[i]));
    }
    return rg_text_add_string(text, "]");
}

static rg_status add_value(struct rg_text *text, const struct row *row, const void *value) {
    int choice = 0;
    switch (row->kind) {
    case FORMAT_NUMBER:
        return rg_text_add_size(text, FORMAT);
    case PROGRAM_NAME:
        return rg_text_add_quoted(text, "rnn-gpu " RG_VERSION);
    case SIZE:
        return rg_text_add_size(text, *(const size_t *)value);
    case FLAG:
        return rg_text_add_size(text, *(const bool *)value ? row->max : row->min);
    case CHOICE:
        memcpy(&choice, value, sizeof choice);
        return rg_text_add_quoted(text, row->choices[choice]);
    case NAMES:
        break;
    }
    return add_names(text, value);
}

static rg_status compose(const struct rg_model *model, struct rg_text *text) {
    const struct rg_file_config config = config_of(model);
    for (enum key key = 0; key < N_KEYS; key++) {
        const void *const value = (const char *)&config + rows[key].offset;
        if (applies(model, key, value)) {
            RG_TRY(rg_text_add_string(text, key == FORMAT_KEY ? "{" : ","));
            RG_TRY(rg_text_add_quoted(text, rows[key].name));
            RG_TRY(rg_text_add_string(text, ":"));
            RG_TRY(add_value(text, &rows[key], value));
        }
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

static rg_status read_choice(struct rg_json *json, const struct row *row, void *value) {
    const char *name = NULL;
    RG_TRY(rg_json_string(json, &name, "a name in quotes"));
    const int choice = (int)find_name(row->choices, name);
    if (row->choices[choice] == NULL) {
        return rg_fail(RG_BAD_FILE, "%s: %s '%.40s' is not known to this version of rnn-gpu", json->label, row->name,
                       name);
    }
    memcpy(value, &choice, sizeof choice);
    return RG_OK;
}

static rg_status read_size(struct rg_json *json, const struct row *row, size_t *value) {
    RG_TRY(rg_json_size(json, value, "a whole number"));
    if (*value < row->min) {
        return rg_fail(RG_BAD_FILE, "%s: %s is %zu; expected at least %zu", json->label, row->name, *value, row->min);
    }
    if (*value > row->max) {
        return rg_fail(RG_BAD_FILE, "%s: %s is %zu; expected at most %zu", json->label, row->name, *value, row->max);
    }
    return RG_OK;
}

static rg_status read_flag(struct rg_json *json, const struct row *row, bool *value) {
    size_t number = 0;
    RG_TRY(read_size(json, row, &number));
    *value = number == row->max;
    return RG_OK;
}

static rg_status read_format(struct rg_json *json) {
    size_t format = 0;
    RG_TRY(rg_json_size(json, &format, "a whole number"));
    return format == FORMAT ? RG_OK
                            : rg_fail(RG_BAD_FILE, "%s: format %zu; this version of rnn-gpu reads format %d",
                                      json->label, format, FORMAT);
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
    return rg_min(at, json->length) - json->at;
}

/* The names are read directly into the block that the model will own: first pointers, then text. In JSON a name takes
 * its length and two quotes, so a block of the list's size is large enough. */
static rg_status read_names(struct rg_json *json, const struct row *row, size_t max, struct rg_file_names *list) {
    size_t count = 0;
    RG_TRY(rg_json_expect(json, '[', "[ before a list of names"));
    const size_t bytes = measure_list(json, &count);
    if (count > max) {
        return rg_fail(RG_BAD_FILE, "%s: %s has more entries than the model takes, %zu", json->label, row->name, max);
    }
    RG_TRY(rg_alloc(&list->names, count * sizeof(char *) + bytes + 1, 1, row->name));
    char *to = (char *)(list->names + count);
    do {
        const char *name = NULL;
        RG_TRY(rg_json_string(json, &name, "a name in quotes"));
        if (list->count == count) {
            return rg_json_fail(json, "] after the names");
        }
        if (*name == '\0') {
            return rg_fail(RG_BAD_FILE, "%s: entry %zu of %s is empty", json->label, list->count, row->name);
        }
        const size_t length = strlen(name) + 1;
        list->names[list->count++] = memcpy(to, name, length);
        to += length;
    } while (rg_json_accept(json, ','));
    return rg_json_expect(json, ']', ", or ] after a name");
}

static rg_status read_value(struct rg_json *json, const struct row *row, const struct rg_shape *sizes, void *value) {
    const char *program = NULL;
    switch (row->kind) {
    case FORMAT_NUMBER:
        return read_format(json);
    case PROGRAM_NAME:
        return rg_json_string(json, &program, "the program's name in quotes");
    case SIZE:
        return read_size(json, row, value);
    case FLAG:
        return read_flag(json, row, value);
    case CHOICE:
        return read_choice(json, row, value);
    case NAMES:
        break;
    }
    return read_names(json, row, row->n_names(sizes), value);
}

/* Read all keys, and set seen[key] for each. */
static rg_status read_keys(struct rg_json *json, const struct rg_shape *sizes, struct rg_file_config *config,
                           bool seen[N_KEYS]) {
    RG_TRY(rg_json_expect(json, '{', "{ before the options"));
    do {
        const char *name = NULL;
        size_t key = 0;
        RG_TRY(rg_json_string(json, &name, "the name of an option in quotes"));
        while (key < N_KEYS && strcmp(rows[key].name, name) != 0) {
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
        RG_TRY(read_value(json, &rows[key], sizes, (char *)config + rows[key].offset));
    } while (rg_json_accept(json, ','));
    RG_TRY(rg_json_expect(json, '}', ", or } after an option"));
    (void)rg_json_accept(json, '\n');
    return json->at < json->length ? rg_json_fail(json, "nothing after the options") : RG_OK;
}

/* Check that keys occur where they belong. */
static rg_status check_keys(const struct rg_json *json, const struct rg_shape *shape, const bool seen[N_KEYS]) {
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (!seen[required[i]]) {
            return rg_fail(RG_BAD_FILE, "%s: '%s' is missing", json->label, rows[required[i]].name);
        }
    }
    if (seen[READOUT] && shape->target == RG_TARGET_STEPS) {
        return rg_fail(RG_BAD_FILE, "%s: readout was given with target steps; expected it only with target last",
                       json->label);
    }
    if (seen[WINDOW] != seen[HORIZON] || seen[WINDOW] != seen[FORECAST]) {
        return rg_fail(RG_BAD_FILE, "%s: expected window, horizon and forecast together", json->label);
    }
    if (seen[PIXELS] != seen[PERMUTE]) {
        return rg_fail(RG_BAD_FILE, "%s: expected pixels and permute together", json->label);
    }
    return RG_OK;
}

/* Check that a list has as many names as the model needs. */
static rg_status check_names(const struct rg_json *json, enum key key, const struct rg_file_config *config) {
    const struct rg_file_names *const list = (const void *)((const char *)config + rows[key].offset);
    const size_t wanted = rows[key].n_names(&config->shape);
    if (list->names != NULL && list->count != wanted) {
        return rg_fail(RG_BAD_FILE, "%s: %zu entries in %s, %zu %s; expected the same number", json->label, list->count,
                       rows[key].name, wanted, rows[key].named);
    }
    return RG_OK;
}

/* Check that the values fit each other. */
static rg_status check_values(const struct rg_json *json, const struct rg_file_config *config) {
    const struct rg_shape *const s = &config->shape;
    if (s->skip_kind == RG_SKIP_LEARNED && s->skip != 1) {
        return rg_fail(RG_BAD_FILE, "%s: skip is %zu; expected 1 for skip_kind learned, which has no distance",
                       json->label, s->skip);
    }
    RG_TRY(check_names(json, VOCABULARY, config));
    RG_TRY(check_names(json, FEATURES, config));
    RG_TRY(check_names(json, CLASSES, config));
    if (config->targets.count > 1) {
        RG_TRY(check_names(json, TARGETS, config));
    }
    if (config->level != RG_LEVEL_NONE && (config->vocabulary.names == NULL || s->target != RG_TARGET_STEPS ||
                                           s->outputs != rg_shape_features(s) || s->bidirectional)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: level was given; expected it only with a vocabulary and an output for each word",
                       json->label);
    }
    return RG_OK;
}

static rg_status read_object(struct rg_json *json, const struct rg_shape *sizes, struct rg_file_config *config) {
    bool seen[N_KEYS] = {false};
    RG_TRY(read_keys(json, sizes, config, seen));
    RG_TRY(check_keys(json, &config->shape, seen));
    return check_values(json, config);
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
