/* The public interface: options by their long names. They are stored as arguments of a command line and read by the
 * same function, so names, ranges and contradictions are the same for both. */
#define _GNU_SOURCE
#include "options/options.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/nearest.h"
#include "rnn_gpu/memory.h"

static const char *const commands[] = {"train", "predict", "grad", NULL};

/* Names of data and models in memory, for messages. */
static const char DATA[] = "the data", VALIDATION[] = "the validation data", MODEL[] = "the model";

/* The library has no options for files and screens, nor for names of data and models. `test` is always a file. */
static bool is_offered(const struct rg_option *option, size_t command) {
    static const char *const arguments[] = {"data", "val", "model", NULL};
    for (size_t i = 0; arguments[i]; i++) {
        if (strcmp(arguments[i], option->name) == 0) {
            return false;
        }
    }
    return (option->commands >> command & 1) != 0 && option->group != RG_GROUP_SCREEN;
}

static bool is_command(const char *command) {
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i], command) == 0) {
            return true;
        }
    }
    return false;
}

const char *rnn_gpu_option_name(const char *command, size_t index) {
    const bool known = command && is_command(command);
    const size_t position = known ? rg_command_find(command) : 0;
    for (size_t i = 0; known && i < rg_n_options; i++) {
        if (is_offered(&rg_options[i], position) && index-- == 0) {
            return rg_options[i].name;
        }
    }
    return NULL;
}

const char *rnn_gpu_option_help(const char *name) {
    const struct rg_option *const option = name ? rg_option_named(name) : NULL;
    return option ? option->help : NULL;
}

rnn_gpu_status rnn_gpu_options_create(const char *command, rnn_gpu_options **options) {
    RG_API_NEED(command);
    RG_API_NEED(options);
    *options = NULL;
    if (!is_command(command)) {
        return rg_api_end(
            rg_fail(RG_USAGE, "there are no options of '%.80s'; train, predict or grad was expected", command));
    }
    const rg_status status = rg_alloc(options, 1, sizeof **options, "the options");
    if (status == RG_OK) {
        (*options)->command = rg_command_find(command);
    }
    return rg_api_end(status);
}

void rnn_gpu_options_destroy(rnn_gpu_options *options) {
    if (options) {
        for (size_t i = 0; i < options->n; i++) {
            rg_free(options->arguments[i]);
        }
        rg_free(options->arguments);
        rg_free(options);
    }
}

/* The option of that name among the command's options; NULL, with a message, if there is none. */
static const struct rg_option *find_option(size_t command, const char *name) {
    const char *names[256] = {NULL};
    char hint[RG_HINT_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (!is_offered(option, command)) {
            continue;
        }
        if (strcmp(option->name, name) == 0) {
            return option;
        }
        if (n + 1 < sizeof names / sizeof *names) {
            names[n++] = option->name;
        }
    }
    (void)rg_fail(RG_USAGE, "%s has no option '%.80s'%s", rg_commands[command].name, name,
                  rg_name_hint(name, names, hint));
    return NULL;
}

static rg_status read_flag(const struct rg_option *option, const char *value, bool *on) {
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "False", "True", NULL};
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0) {
            *on = i % 2 == 1;
            return RG_OK;
        }
    }
    return rg_fail(RG_USAGE, "--%s: '%.80s' is neither true nor false", option->name, value);
}

/* Does the argument set the option? */
static bool sets(const char *argument, const struct rg_option *option) {
    return rg_option_find(argument, strcspn(argument, "=")) == option;
}

static void remove_option(struct rnn_gpu_options *o, const struct rg_option *option) {
    size_t kept = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (sets(o->arguments[i], option)) {
            rg_free(o->arguments[i]);
        } else {
            o->arguments[kept++] = o->arguments[i];
        }
    }
    o->n = kept;
}

/* *out = "--name=value", or "--name" where `value` is NULL. */
static rg_status make_argument(const char *name, const char *value, char **out) {
    const size_t bytes = strlen(name) + (value ? strlen(value) : 0) + sizeof "--=";
    RG_TRY(rg_alloc(out, bytes, 1, "the options"));
    (void)snprintf(*out, bytes, "--%s%s%s", name, value ? "=" : "", value ? value : "");
    return RG_OK;
}

/* Replace what the options say of this one. Without memory they stay as they are. */
static rg_status replace_argument(struct rnn_gpu_options *o, const struct rg_option *option, const char *value) {
    char *argument = NULL;
    RG_TRY(rg_alloc_more(&o->arguments, o->n, &o->room, sizeof *o->arguments, "the options"));
    RG_TRY(make_argument(option->name, option->kind == RG_KIND_FLAG ? NULL : value, &argument));
    remove_option(o, option);
    o->arguments[o->n++] = argument;
    return RG_OK;
}

static rg_status set(struct rnn_gpu_options *o, const char *name, const char *value) {
    const struct rg_option *const option = find_option(o->command, name);
    struct rg_config scratch = rg_config_of_command(o->command);
    bool on = true;
    if (!option) {
        return RG_USAGE;
    }
    RG_TRY(option->kind == RG_KIND_FLAG ? read_flag(option, value, &on) : rg_option_set(option, value, &scratch));
    if (on) {
        return replace_argument(o, option, value);
    }
    remove_option(o, option);
    return RG_OK;
}

rnn_gpu_status rnn_gpu_options_set(rnn_gpu_options *options, const char *name, const char *value) {
    RG_API_NEED(options);
    RG_API_NEED(name);
    RG_API_NEED(value);
    return rg_api_end(set(options, name, value));
}

static rg_status get(const struct rnn_gpu_options *o, const char *name, char *text, size_t bytes) {
    const struct rg_option *const option = find_option(o->command, name);
    const char *given = NULL;
    const struct rg_config defaults = rg_config_of_command(o->command);
    char value[RG_OPTION_TEXT_BYTES];
    if (!option) {
        return RG_USAGE;
    }
    rg_option_value_text(option, &defaults, value);
    for (size_t i = 0; i < o->n; i++) {
        given = sets(o->arguments[i], option) ? o->arguments[i] : given;
    }
    if (option->kind == RG_KIND_FLAG) {
        given = given ? "true" : "false";
    } else if (given) {
        given = strchr(given, '=') + 1;
    }
    (void)snprintf(text, bytes, "%s", given ? given : value);
    return RG_OK;
}

rnn_gpu_status rnn_gpu_options_get(const rnn_gpu_options *options, const char *name, char *text, size_t bytes) {
    RG_API_NEED(options);
    RG_API_NEED(name);
    RG_API_NEED(text);
    return rg_api_end(get(options, name, text, bytes));
}

/* ---- From options to a configuration ---- */

enum { MAX_INPUTS = 4 };

/* Add --name=value for an input of the call. */
static rg_status add_input(struct rg_api_config *out, int *n, const char *name, const char *value) {
    return value[0] ? make_argument(name, value, &out->arguments[(*n)++]) : RG_OK;
}

static const char *name_of(const rnn_gpu_data *data, const char *label) {
    return !data ? "" : data->path ? data->path : label;
}

/* Build the command line: a program's name, the command, the options, the inputs. */
static rg_status compose(const rnn_gpu_options *options, const char *command, const struct rg_api_inputs *in,
                         struct rg_api_config *out, int *n) {
    const size_t given = options ? options->n : 0;
    RG_TRY(rg_alloc(&out->arguments, given + MAX_INPUTS + 3, sizeof *out->arguments, "the options"));
    RG_TRY(rg_copy_string(&out->arguments[(*n)++], "rnn-gpu"));
    RG_TRY(rg_copy_string(&out->arguments[(*n)++], command));
    for (size_t i = 0; i < given; i++) {
        RG_TRY(rg_copy_string(&out->arguments[(*n)++], options->arguments[i]));
    }
    RG_TRY(add_input(out, n, "model", in->model_path ? in->model_path : in->model ? MODEL : ""));
    RG_TRY(add_input(out, n, "data", name_of(in->data, DATA)));
    RG_TRY(add_input(out, n, "val", name_of(in->validation, VALIDATION)));
    /* the grad command requires it */
    return add_input(out, n, "out", strcmp(command, "grad") == 0 ? "the result" : "");
}

static rg_status configure(const rnn_gpu_options *options, const char *command, const struct rg_api_inputs *in,
                           struct rg_api_config *out) {
    const char *parsed = NULL, *topic = NULL;
    int n = 0;
    if (options && strcmp(rg_commands[options->command].name, command) != 0) {
        return rg_fail(RG_USAGE, "these are options for %s; options for %s were expected (rnn_gpu_options_create)",
                       rg_commands[options->command].name, command);
    }
    RG_TRY(compose(options, command, in, out, &n));
    RG_TRY(rg_options_parse(n, out->arguments, &out->config, &parsed, &topic));
    struct rg_config *const c = &out->config;
    c->arguments = NULL;
    c->n_arguments = 0;
    c->data.arrays = in->data && !in->data->path ? &in->data->arrays : NULL;
    c->data.val_arrays = in->validation && !in->validation->path ? &in->validation->arrays : NULL;
    c->data.model = in->model ? in->model->model : NULL;
    if (in->device) {
        const struct rg_machine_options own = c->machine;
        c->machine = in->device->machine;
        c->machine.memory = own.memory;
    }
    return RG_OK;
}

rg_status rg_api_configure(const rnn_gpu_options *options, const char *command, const struct rg_api_inputs *inputs,
                           struct rg_api_config *out) {
    *out = (struct rg_api_config){.arguments = NULL};
    const rg_status status = configure(options, command, inputs, out);
    if (status != RG_OK) {
        rg_api_config_release(out);
    }
    return status;
}

rg_status rg_api_machine(const rnn_gpu_options *options, struct rg_config *config) {
    for (size_t i = 0; i < options->n; i++) {
        const char *const argument = options->arguments[i], *const equals = strchr(argument, '=');
        const struct rg_option *const option = rg_option_find(argument, strcspn(argument, "="));
        if (option && option->group == RG_GROUP_MACHINE && equals) {
            RG_TRY(rg_option_set(option, equals + 1, config));
        }
    }
    return config->machine.math == RG_MATH_TF32 && rg_config_is_double(config)
               ? rg_fail(RG_USAGE, "--math tf32 requires --precision float; leave out --math or --precision")
               : RG_OK;
}

void rg_api_config_release(struct rg_api_config *config) {
    for (size_t i = 0; config->arguments && config->arguments[i]; i++) {
        rg_free(config->arguments[i]);
    }
    rg_free(config->arguments);
    config->arguments = NULL;
}
