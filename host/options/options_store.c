/* The options of a command as text and back: see options_store.h. */
#define _GNU_SOURCE
#include "options/options_store.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files/json.h"
#include "rnn_gpu/memory.h"

static bool is_stored(const struct rg_option *option, size_t command) {
    static const char *const left_out[] = {"out", "overwrite", "resume", "config", "dump-config"};
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        if (strcmp(option->name, left_out[i]) == 0) {
            return false;
        }
    }
    return (option->commands >> command & 1) != 0;
}

/* ---- Writing ---- */

const char *rg_option_exact_text(const struct rg_option *option, const struct rg_config *config,
                                 char text[RG_OPTION_TEXT_BYTES]) {
    const void *const value = rg_option_field(option, config);
    text[0] = '\0';
    switch (option->kind) {
    case RG_KIND_FLAG:
        (void)snprintf(text, RG_OPTION_TEXT_BYTES, "%s", *(const bool *)value ? "yes" : "");
        break;
    case RG_KIND_SIGNED:
    case RG_KIND_POSITIVE:
        if (!isnan(*(const double *)value)) {
            (void)snprintf(text, RG_OPTION_TEXT_BYTES, "%.17g", *(const double *)value);
        }
        break;
    default:
        rg_option_value_text(option, config, text);
        break;
    }
    return text;
}

/* The name from the root; the caller frees it. */
static rg_status absolute(const char *path, char **out) {
    char folder[PATH_MAX] = "";
    const size_t bytes = sizeof folder + strlen(path) + 2;
    if (path[0] != '/' && !getcwd(folder, sizeof folder)) {
        return rg_fail(RG_NOT_SAVED, "the current folder has no name; change to another one");
    }
    RG_TRY(rg_alloc(out, bytes, 1, "the name of a file"));
    (void)snprintf(*out, bytes, "%s%s%s", folder, folder[0] ? "/" : "", path);
    return RG_OK;
}

static rg_status add_pair(struct rg_text *text, const char *name, const char *value) {
    RG_TRY(rg_text_add_string(text, text->length == 0 ? "{" : ","));
    RG_TRY(rg_text_add_quoted(text, name));
    RG_TRY(rg_text_add_string(text, ":"));
    return rg_text_add_quoted(text, value);
}

/* Add a text of any length. Names of results become absolute, because the current folder may be another one later. */
static rg_status add_string(struct rg_text *text, const struct rg_option *option, const char *value) {
    char *path = NULL;
    const bool is_result = option->group == RG_GROUP_SCREEN && strcmp(option->name, "model") != 0;
    if (!value) {
        return RG_OK;
    }
    if (!is_result) {
        return add_pair(text, option->name, value);
    }
    RG_TRY(absolute(value, &path));
    const rg_status status = add_pair(text, option->name, path);
    rg_free(path);
    return status;
}

static rg_status add_option(struct rg_text *text, const struct rg_option *option, const struct rg_config *config) {
    char value[RG_OPTION_TEXT_BYTES];
    if (option->kind == RG_KIND_TEXT) {
        return add_string(text, option, *(const char *const *)rg_option_field(option, config));
    }
    (void)rg_option_exact_text(option, config, value);
    return value[0] ? add_pair(text, option->name, value) : RG_OK;
}

static rg_status compose(size_t command, const struct rg_config *config, struct rg_text *text) {
    struct rg_text given = {.bytes = NULL};
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (!is_stored(option, command)) {
            continue;
        }
        status = add_option(text, option, config);
        if (status == RG_OK && option->given_matters && rg_config_gives(config, option->name)) {
            status = rg_text_add_string(&given, given.length ? " " : "");
            status = status == RG_OK ? rg_text_add_string(&given, option->name) : status;
        }
    }
    status = status == RG_OK ? rg_text_add(&given, "", 1) : status;
    status = status == RG_OK ? add_pair(text, "given", given.bytes) : status;
    rg_text_destroy(&given);
    RG_TRY(status);
    return rg_text_add(text, "}", sizeof "}");
}

rg_status rg_options_store(const char *command, const struct rg_config *config, char **text) {
    struct rg_text composed = {.bytes = NULL};
    rg_status status = compose(rg_command_find(command), config, &composed);
    status = status == RG_OK ? rg_copy_string(text, composed.bytes) : status;
    rg_text_destroy(&composed);
    return status;
}

static enum rg_option_effect effect_of(const struct rg_option *option) {
    return option->effect != RG_EFFECT_BY_GROUP ? option->effect
           : option->group == RG_GROUP_MODEL    ? RG_EFFECT_SIZES
           : option->group == RG_GROUP_DATA     ? RG_EFFECT_DATA
                                                : RG_EFFECT_VALUES;
}

rg_status rg_options_key(const char *command, const struct rg_config *config, enum rg_option_effect effect,
                         char **key) {
    const size_t at = rg_command_find(command);
    struct rg_text text = {.bytes = NULL};
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < rg_n_options; i++) {
        if ((rg_options[i].commands >> at & 1) != 0 && effect_of(&rg_options[i]) >= effect) {
            status = add_option(&text, &rg_options[i], config);
        }
    }
    status = status == RG_OK ? rg_text_add(&text, "", 1) : status;
    status = status == RG_OK ? rg_copy_string(key, text.bytes) : status;
    rg_text_destroy(&text);
    return status;
}

rg_status rg_option_take(const struct rg_option *option, const struct rg_config *from, struct rg_config *to) {
    char text[RG_OPTION_TEXT_BYTES];
    const void *const value = rg_option_field(option, from);
    rg_config_set_given(to, option->name, true);
    if (option->kind == RG_KIND_FLAG) {
        *(bool *)((char *)to + option->offset) = *(const bool *)value;
        return RG_OK;
    }
    return rg_option_set(
        option, option->kind == RG_KIND_TEXT ? *(const char *const *)value : rg_option_exact_text(option, from, text),
        to);
}

/* ---- Reading ---- */

rg_status rg_options_list(const char *label, char *text,
                          rg_status (*each)(void *self, const char *name, const char *value), void *self) {
    struct rg_json json = {.label = label, .text = text, .length = strlen(text)};
    RG_TRY(rg_json_expect(&json, '{', "{ before the options"));
    do {
        const char *name = NULL, *value = NULL;
        RG_TRY(rg_json_string(&json, &name, "the name of an option in quotes"));
        RG_TRY(rg_json_expect(&json, ':', ": after the name of an option"));
        RG_TRY(rg_json_string(&json, &value, "the value of an option in quotes"));
        RG_TRY(each(self, name, value));
    } while (rg_json_accept(&json, ','));
    RG_TRY(rg_json_expect(&json, '}', ", or } after an option"));
    return json.at == json.length ? RG_OK : rg_json_fail(&json, "nothing after the options");
}

struct reading {
    size_t command;
    const char *label;
    struct rg_config *config;
};

static const struct rg_option *find(const struct reading *r, const char *name) {
    const struct rg_option *const option = rg_option_named(name);
    return option && is_stored(option, r->command) ? option : NULL;
}

/* Note the options, with spaces between them, that were given. */
static rg_status take_given(const struct reading *r, const char *list) {
    char name[64];
    while (*list) {
        const size_t length = strcspn(list, " ");
        (void)snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), list);
        const struct rg_option *const option = find(r, name);
        if (!option || !option->given_matters) {
            return rg_fail(RG_BAD_FILE, "%s: '%s' is not known to this version of rnn-gpu", r->label, name);
        }
        rg_config_set_given(r->config, name, true);
        list += length + (list[length] == ' ');
    }
    return RG_OK;
}

static rg_status take(void *self, const char *name, const char *value) {
    const struct reading *const r = self;
    if (strcmp(name, "given") == 0) {
        return take_given(r, value);
    }
    const struct rg_option *const option = find(r, name);
    if (!option) {
        return rg_fail(RG_BAD_FILE, "%s: '%.60s' is not known to this version of rnn-gpu", r->label, name);
    }
    if (option->kind == RG_KIND_FLAG) {
        *(bool *)((char *)r->config + option->offset) = strcmp(value, "yes") == 0;
        return RG_OK;
    }
    if (rg_option_set(option, value, r->config) != RG_OK) {
        return rg_fail(RG_BAD_FILE, "%s: %.400s", r->label, rg_error_message());
    }
    return RG_OK;
}

rg_status rg_options_restore(const char *command, const char *label, char *text, struct rg_config *config) {
    struct reading r = {.command = rg_command_find(command), .label = label, .config = config};
    *config = rg_config_of_command(r.command);
    RG_TRY(rg_options_list(label, text, take, &r));
    if (rg_options_check(r.command, config) != RG_OK) {
        return rg_fail(RG_BAD_FILE, "%s: %.400s", label, rg_error_message());
    }
    return RG_OK;
}
