/* The command line of one training: see run_command.h. */
#include "cli/commands/run_command.h"

#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "cli/report/lines.h"
#include "cli/settings.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "files/shell_text.h"
#include "options/options_store.h"
#include "rnn_gpu/memory.h"

enum { MAX_WORDS = 200, WORD_BYTES = RG_OPTION_TEXT_BYTES + 4 };

/* A command line as words, and the texts of those that are its own. */
struct line {
    char *words[MAX_WORDS];
    int n;
    char own[MAX_WORDS][WORD_BYTES];
};

static bool is(const struct rg_option *option, const char *name) {
    return strcmp(option->name, name) == 0;
}

/* Do the data, or --epochs, determine the value of an option that was not given? */
static bool is_decided(const struct rg_option *option, const struct rg_config *run) {
    const bool decided = is(option, "updates")
                             ? run->training.epochs > 0
                             : (is(option, "batch") || is(option, "steps")) && rg_config_reads_files(run);
    return decided && !rg_config_gives(run, option->name);
}

/* Does the option determine the weights? Those of files, screen, threads and memory do not. */
static bool is_of_weights(const struct rg_option *option, const struct rg_config *run) {
    const bool is_set = (option->commands >> rg_command_find("train") & 1) != 0 && rg_setting_has_part(option, run) &&
                        !is_decided(option, run);
    return is_set &&
           (is(option, "model") || (option->group != RG_GROUP_SCREEN && !is(option, "threads") &&
                                    !is(option, "memory") && !is(option, "shards") && !is(option, "diagnose")));
}

/* The option's value as text, exactly, or "" if there is none. */
static const char *exact_text(const struct rg_option *option, const struct rg_config *run,
                              char buffer[RG_OPTION_TEXT_BYTES]) {
    if (option->kind == RG_KIND_TEXT) {
        const char *const text = *(const char *const *)rg_option_field(option, run);
        return text ? text : "";
    }
    return rg_option_exact_text(option, run, buffer);
}

/* The shortest text that gives the option this value. */
static const char *short_text(const struct rg_option *option, const struct rg_config *run, const char *exact,
                              char buffer[RG_OPTION_TEXT_BYTES]) {
    struct rg_config parsed = *run;
    char again[RG_OPTION_TEXT_BYTES];
    if (option->kind == RG_KIND_TEXT) {
        return exact;
    }
    rg_option_value_text(option, run, buffer);
    return rg_option_set(option, buffer, &parsed) == RG_OK && strcmp(exact_text(option, &parsed, again), exact) == 0
               ? buffer
               : exact;
}

static char *own_word(struct line *line, const char *lead, const char *text) {
    char *const word = line->own[line->n];
    (void)snprintf(word, WORD_BYTES, "%s%s", lead, text);
    return word;
}

/* Add the option, and its value if it is no flag. */
static void add_option(struct line *line, const struct rg_option *option, const struct rg_config *run,
                       const char *exact) {
    char buffer[RG_OPTION_TEXT_BYTES];
    line->words[line->n] = own_word(line, "--", option->name);
    line->n++;
    if (option->kind == RG_KIND_TEXT) {
        line->words[line->n++] = *(char *const *)rg_option_field(option, run);
    } else if (option->kind != RG_KIND_FLAG) {
        line->words[line->n] = own_word(line, "", short_text(option, run, exact, buffer));
        line->n++;
    }
}

/* Do both have the same values of all options that determine the weights? */
static bool are_equal(const struct rg_config *a, const struct rg_config *b) {
    char of_a[RG_OPTION_TEXT_BYTES], of_b[RG_OPTION_TEXT_BYTES];
    bool equal = true;
    for (size_t i = 0; equal && i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        equal = !is_of_weights(option, a) ||
                (strcmp(exact_text(option, a, of_a), exact_text(option, b, of_b)) == 0 &&
                 (!option->given_matters || rg_config_gives(a, option->name) <= rg_config_gives(b, option->name)));
    }
    return equal;
}

static void fill(struct line *line, const struct rg_config *run) {
    static char program[] = RG_CALLED;
    const struct rg_config usual = rg_config_of_command(rg_command_find("train"));
    char of_run[RG_OPTION_TEXT_BYTES], of_train[RG_OPTION_TEXT_BYTES];
    line->words[line->n++] = program;
    for (size_t i = 0; i < rg_n_options && line->n + 2 < MAX_WORDS; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (!is_of_weights(option, run)) {
            continue;
        }
        const char *const exact = exact_text(option, run, of_run);
        const bool named = is(option, "cell") || is(option, "lr") || is(option, "updates") || is(option, "seed") ||
                           (option->given_matters && rg_config_gives(run, option->name)) ||
                           strcmp(exact, exact_text(option, &usual, of_train)) != 0;
        if (named && exact[0]) {
            add_option(line, option, run, exact);
        }
    }
}

rg_status rg_run_command(const struct rg_config *run, char **text) {
    struct rg_text all = {.bytes = NULL};
    struct line *line = NULL;
    struct rg_config parsed;
    const char *command = NULL, *topic = NULL;
    rg_status status = RG_OK;
    *text = NULL;
    if (run->data.file && strcmp(run->data.file, "-") == 0) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&line, 1, sizeof *line, "a command line"));
    fill(line, run);
    if (rg_options_parse(line->n, line->words, &parsed, &command, &topic) == RG_OK && are_equal(run, &parsed)) {
        RG_TRY_GOTO(rg_text_add_string(&all, RG_CALLED));
        RG_TRY_GOTO(rg_shell_text_add(&all, line->n, line->words));
        RG_TRY_GOTO(rg_text_add(&all, "", 1));
        RG_TRY_GOTO(rg_copy_string(text, all.bytes));
    }
cleanup:
    rg_text_destroy(&all);
    rg_free(line);
    return status;
}

json_t *rg_run_command_json(const struct rg_config *run) {
    char *text = NULL;
    const rg_status status = rg_run_command(run, &text);
    json_t *const command = status != RG_OK ? NULL : text ? rg_json_text(text) : json_null();
    rg_free(text);
    return command;
}

rg_status rg_run_command_print(const struct rg_config *run, const char *which, size_t width) {
    char *text = NULL;
    RG_TRY(rg_run_command(run, &text));
    if (text) {
        (void)putchar('\n');
        rg_lines_format(stdout, width, 0, "%s alone, with the same weights (--out DIR keeps the model):", which);
        (void)printf("  %s\n", text);
    }
    rg_free(text);
    return RG_OK;
}
