/* Values and ranges of options as text, as help and pages show them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number_text.h"
#include "options/options.h"

static const char suffixes[] = RG_SUFFIXES;

static void bytes_text(uint64_t value, char *text) {
    size_t power = 0;
    while (value > 0 && value % 1024 == 0 && power < sizeof suffixes - 1) {
        value /= 1024;
        power++;
    }
    snprintf(text, RG_OPTION_TEXT_BYTES, "%" PRIu64 "%.1s", value, power > 0 ? &suffixes[power - 1] : "");
}

/* clang-format off */
const struct rg_option_words rg_option_words[] = {
    {"batch", "grad bench", "sequences in the batch"},
    {"steps", "probe bench export", "time steps of a sequence"},
    {"steps", "eval", "keep only the last T steps of each sequence (default: all); of a text: length of a piece"},
    {"memory", "bench", "memory limit on the device, such as 2G; 0: its budget, see `devices --json`"},
    {"level", "compare sweep", "tokens of a .txt file; auto: characters"},
    {"seed", "sweep", "random seed of weights and data; a list or range makes a run of each seed"},
    {"seed", "compare", "random seed of weights and data of the first of the --seeds runs; the next runs have the next seeds"},
    {"seed", "grad", "random seed of the sequences of --task, and of the weights without --model"},
    {"seed", "probe", "random seed of the matrices, weights and sequences of an experiment"},
    {"seed", "sample", "random seed of the draws of tokens"},
    {"seed", "export", "random seed of the sequences of --task"},
    {"seed", "bench selftest", "no effect: the numbers that are computed with are always the same"},
    {"model", "grad", "the model, .safetensors; without it the model options draw fresh weights for --task"},
    {"model", "predict eval", "the model, .safetensors"},
    {"model", "export", "the model to write in another form, .safetensors; not with --task"},
    {"model", "sample", "the language model that writes, .safetensors"},
};
/* clang-format on */
const size_t rg_n_option_words = sizeof rg_option_words / sizeof *rg_option_words;

unsigned rg_option_words_commands(const struct rg_option *option, const struct rg_option_words *words) {
    unsigned commands = 0;
    if (strcmp(words->option, option->name) != 0) {
        return 0;
    }
    for (const char *at = words->commands; *at; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        for (size_t i = 0; i < rg_n_commands; i++) {
            const bool same = strlen(rg_commands[i].name) == length && strncmp(rg_commands[i].name, at, length) == 0;
            commands |= same ? 1U << i : 0;
        }
        at += length;
    }
    return commands;
}

const char *rg_option_help(const struct rg_option *option, size_t command) {
    const char *help = option->help;
    for (size_t i = 0; i < rg_n_option_words; i++) {
        const unsigned commands = rg_option_words_commands(option, &rg_option_words[i]);
        help = (commands >> command & 1) != 0 ? rg_option_words[i].help : help;
    }
    return help;
}

void rg_option_range_text(const struct rg_option *option, char *text) {
    char max[RG_OPTION_TEXT_BYTES];
    text[0] = '\0';
    if (option->kind == RG_KIND_BYTES) {
        bytes_text(option->max, max);
        snprintf(text, RG_OPTION_TEXT_BYTES, "%" PRIu64 " to %.40s", option->min, max);
    } else if (option->kind == RG_KIND_SIGNED) {
        snprintf(text, RG_OPTION_TEXT_BYTES, "-%" PRIu64 " to %" PRIu64, option->max, option->max);
    } else if (option->kind == RG_KIND_FRACTION) {
        snprintf(text, RG_OPTION_TEXT_BYTES, "%" PRIu64 " to below %" PRIu64, option->min, option->max);
    } else if (option->kind == RG_KIND_POSITIVE) {
        snprintf(text, RG_OPTION_TEXT_BYTES, "%g to %" PRIu64, RG_SMALLEST_POSITIVE, option->max);
    } else if (option->max > 0) {
        snprintf(text, RG_OPTION_TEXT_BYTES, "%" PRIu64 " to %" PRIu64, option->min, option->max);
    }
}

static void init_text(const struct rg_option *option, const struct rg_init *init, char *text) {
    char number[RG_OPTION_TEXT_BYTES];
    rg_double_text(init->value, number);
    const bool has_number = rg_init_forms[init->kind].number != NULL;
    snprintf(text, RG_OPTION_TEXT_BYTES, "%s%s%.40s", option->names[init->kind], has_number ? ":" : "",
             has_number ? number : "");
}

/* 100, 30s, 5m, 1h */
static void every_text(const struct rg_every *every, char *text) {
    char number[RG_OPTION_TEXT_BYTES];
    const double units[] = {3600.0, 60.0, 1.0};
    size_t unit = 0;
    while (unit < 2 && fmod(every->seconds, units[unit]) != 0.0) {
        unit++;
    }
    rg_double_text(every->seconds > 0.0 ? every->seconds / units[unit] : (double)every->updates, number);
    snprintf(text, RG_OPTION_TEXT_BYTES, "%.60s%.1s", number, every->seconds > 0.0 ? &"hms"[unit] : "");
}

static void schedule_text(const struct rg_option *option, const struct rg_schedule_options *schedule, char *text) {
    char every[32] = "", gamma[RG_OPTION_TEXT_BYTES] = "";
    const struct rg_schedule_form *const form = &rg_schedule_forms[schedule->kind];
    if (form->every > 0) {
        snprintf(every, sizeof every, ":%zu", schedule->every);
    }
    if (*form->numbers != '\0') {
        rg_double_text(schedule->gamma, gamma);
    }
    snprintf(text, RG_OPTION_TEXT_BYTES, "%s%s%s%.40s", option->names[schedule->kind], every,
             gamma[0] != '\0' ? ":" : "", gamma);
}

/* What stands for a number that is not given. */
static const char *absent_number(const struct rg_option *option) {
    switch (option->kind) {
    case RG_KIND_SIGNED:
        return strcmp(option->name, "forget-bias") == 0 ? "as drawn" : "";
    case RG_KIND_POSITIVE:
        return "1e-8, adagrad 1e-10";
    default:
        return "auto"; /* a rate */
    }
}

static void number_text(const struct rg_option *option, double value, char *text) {
    if (isnan(value)) {
        snprintf(text, RG_OPTION_TEXT_BYTES, "%s", absent_number(option));
    } else if (option->kind == RG_KIND_SIGNED) {
        snprintf(text, RG_OPTION_TEXT_BYTES, "%g", value);
    } else {
        rg_double_text(value, text);
    }
}

/* The value as a name; NULL: there is none. */
static const char *value_name(const struct rg_option *option, const struct rg_config *config) {
    const void *const value = rg_option_field(option, config);
    int number = 0;
    switch (option->kind) {
    case RG_KIND_ENUM:
        memcpy(&number, value, sizeof number);
        return option->names[number];
    case RG_KIND_COLOR:
        number = *(const int *)value;
        return option->names[number < 0 ? 0 : 2 - number];
    case RG_KIND_CELL:
        return config->model.cell == RG_N_CELLS ? "the file's"
               : config->model.irnn             ? "irnn"
                                                : rg_cell_names[config->model.cell];
    default:
        return *(const char *const *)value;
    }
}

void rg_option_value_text(const struct rg_option *option, const struct rg_config *config, char *text) {
    const void *const value = rg_option_field(option, config);
    const char *name = NULL;
    text[0] = '\0';
    switch (option->kind) {
    case RG_KIND_FLAG:
        return;
    case RG_KIND_COUNT: /* below its range: what takes it has its own */
        if (*(const size_t *)value >= option->min) {
            snprintf(text, RG_OPTION_TEXT_BYTES, "%zu", *(const size_t *)value);
        }
        return;
    case RG_KIND_U64:
        snprintf(text, RG_OPTION_TEXT_BYTES, "%" PRIu64, *(const uint64_t *)value);
        return;
    case RG_KIND_INT:
        snprintf(text, RG_OPTION_TEXT_BYTES, "%d", *(const int *)value);
        return;
    case RG_KIND_BYTES:
        bytes_text(*(const uint64_t *)value, text);
        return;
    case RG_KIND_SIGNED:
    case RG_KIND_POSITIVE:
    case RG_KIND_RATE:
    case RG_KIND_REAL:
    case RG_KIND_FRACTION:
    case RG_KIND_DURATION:
        number_text(option, *(const double *)value, text);
        return;
    case RG_KIND_INIT:
        init_text(option, value, text);
        return;
    case RG_KIND_EVERY:
        every_text(value, text);
        return;
    case RG_KIND_SCHEDULE:
        schedule_text(option, value, text);
        return;
    case RG_KIND_TEXT:
    case RG_KIND_NAME:
    case RG_KIND_ENUM:
    case RG_KIND_COLOR:
    case RG_KIND_CELL:
        name = value_name(option, config);
        break;
    }
    snprintf(text, RG_OPTION_TEXT_BYTES, "%s", name != NULL ? name : "");
}
