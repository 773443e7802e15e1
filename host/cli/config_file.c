/* Options in a file: see config_file.h. */
#define _GNU_SOURCE
#include "cli/config_file.h"

#include <string.h>

#include "cli/toml.h"
#include "files/files.h"
#include "files/json.h"
#include "options/option_list.h"
#include "rnn_gpu/memory.h"

enum { MAX_BYTES = 1 << 20 };

struct reading {
    const char *path;
    size_t command;                 /* the command that runs */
    size_t table;                   /* the command whose table is being read; rg_n_commands before the first table */
    size_t tables[RG_MAX_COMMANDS]; /* line of each command's table; 0: not seen */
    size_t *seen;                   /* [rg_n_options] line of the option in the present table; 0: not seen */
    size_t *places;                 /* [rg_n_options] 1 + index of the option's word; 0: none */
    char **words; /* [n_words] "--name=value" in the order of the file; NULL for a flag that is false */
    size_t n_words;
};

static size_t position(const struct rg_option *option) {
    return (size_t)(option - rg_options);
}

/* ---- An option in the file ---- */

static rg_status refuse(const struct reading *r, const struct rg_toml_entry *e, const char *message) {
    return rg_fail(RG_BAD_FILE, "%s:%zu: %.400s", r->path, e->line, message);
}

/* The option of that name; the command must take it. */
static rg_status find_option(const struct reading *r, const struct rg_toml_entry *e, size_t command,
                             const struct rg_option **out) {
    static const char *const typed_only[] = {"config", "dump-config"};
    *out = rg_option_named(e->key);
    for (size_t i = 0; *out && i < sizeof typed_only / sizeof *typed_only; i++) {
        if (strcmp(e->key, typed_only[i]) == 0) {
            return rg_fail(RG_BAD_FILE, "%s:%zu: %s is only for the command line", r->path, e->line, e->key);
        }
    }
    if (!*out || ((*out)->commands >> command & 1) == 0) {
        (void)rg_option_refuse(command, e->key);
        return refuse(r, e, rg_error_message());
    }
    return RG_OK;
}

/* Join several values with commas, as on the command line. */
static rg_status compose_word(const struct rg_toml_entry *e, struct rg_text *word) {
    RG_TRY(rg_text_add_string(word, "--"));
    RG_TRY(rg_text_add_string(word, e->key));
    RG_TRY(rg_text_add_string(word, "="));
    for (size_t i = 0; i < e->n; i++) {
        RG_TRY(rg_text_add_string(word, i > 0 ? "," : ""));
        RG_TRY(rg_text_add(word, e->values[i].text, e->values[i].length));
    }
    return rg_text_add(word, "", 1);
}

/* Check a value, or for a sweep a list of values, and report an invalid one with its line. */
static rg_status check_value(const struct reading *r, const struct rg_toml_entry *e, const struct rg_option *option,
                             size_t command, const char *value) {
    const bool is_list = strcmp(rg_commands[command].name, "sweep") == 0 && rg_option_is_axis(option);
    struct rg_config scratch = rg_config_of_command(command);
    if (e->is_array && !is_list && option->kind != RG_KIND_TEXT) {
        return rg_fail(RG_BAD_FILE, "%s:%zu: %s takes one value, not a list; sweep takes lists", r->path, e->line,
                       e->key);
    }
    const rg_status status = is_list ? rg_option_list_check(option, value) : rg_option_set(option, value, &scratch);
    return status == RG_OK ? RG_OK : refuse(r, e, rg_error_message());
}

/* *word = the option in the form of the command line; NULL for a flag that is false. */
static rg_status make_word(const struct reading *r, const struct rg_toml_entry *e, const struct rg_option *option,
                           size_t command, char **word) {
    struct rg_text text = {.bytes = NULL};
    const bool is_boolean = !e->is_array && e->values[0].kind == RG_TOML_BOOLEAN;
    *word = NULL;
    for (size_t i = 0; i < e->n; i++) {
        if ((e->values[i].kind == RG_TOML_BOOLEAN) != (option->kind == RG_KIND_FLAG)) {
            return rg_fail(RG_BAD_FILE, "%s:%zu: %s takes %s", r->path, e->line, e->key,
                           option->kind == RG_KIND_FLAG ? "true or false" : "a value, not true or false");
        }
    }
    if (option->kind == RG_KIND_FLAG && !is_boolean) {
        return rg_fail(RG_BAD_FILE, "%s:%zu: %s takes true or false, not a list", r->path, e->line, e->key);
    }
    if (is_boolean && e->values[0].length == strlen("false")) {
        return RG_OK;
    }
    rg_status status = compose_word(e, &text);
    if (status == RG_OK && is_boolean) {
        *strchr(text.bytes, '=') = '\0';
    } else if (status == RG_OK) {
        status = check_value(r, e, option, command, strchr(text.bytes, '=') + 1);
    }
    status = status == RG_OK ? rg_copy_string(word, text.bytes) : status;
    rg_text_destroy(&text);
    return status;
}

static rg_status take_entry(void *self, const struct rg_toml_entry *e) {
    struct reading *const r = self;
    const size_t command = r->table < rg_n_commands ? r->table : r->command;
    const struct rg_option *option = NULL;
    char *word = NULL;
    RG_TRY(find_option(r, e, command, &option));
    size_t *const seen = &r->seen[position(option)];
    if (*seen) {
        return rg_fail(RG_BAD_FILE, "%s:%zu: %s is already in line %zu", r->path, e->line, e->key, *seen);
    }
    *seen = e->line;
    RG_TRY(make_word(r, e, option, command, &word));
    if (command != r->command) { /* of another command: checked but not used */
        rg_free(word);
        return RG_OK;
    }
    size_t *const place = &r->places[position(option)];
    *place = *place ? *place : ++r->n_words;
    rg_free(r->words[*place - 1]); /* a command's own table takes precedence over the start of the file */
    r->words[*place - 1] = word;
    return RG_OK;
}

static rg_status take_table(void *self, const char *name, size_t line) {
    struct reading *const r = self;
    r->table = rg_command_find(name);
    if (r->table == rg_n_commands) {
        (void)rg_command_refuse("command", name);
        return rg_fail(RG_BAD_FILE, "%s:%zu: [%s] is not the name of a command: %.300s", r->path, line, name,
                       rg_error_message());
    }
    if (r->tables[r->table]) {
        return rg_fail(RG_BAD_FILE, "%s:%zu: [%s] is already in line %zu", r->path, line, name, r->tables[r->table]);
    }
    r->tables[r->table] = line;
    for (size_t i = 0; i < rg_n_options; i++) {
        r->seen[i] = 0;
    }
    return RG_OK;
}

/* ---- The file ---- */

static rg_status read_text(const char *path, char **text, size_t *length) {
    struct rg_source source;
    RG_TRY(rg_source_open(&source, path));
    *length = source.bytes;
    rg_status status = source.bytes <= MAX_BYTES
                           ? rg_alloc(text, source.bytes, 1, "an option file")
                           : rg_fail(RG_BAD_FILE, "%s: %zu bytes; an option file has at most 1 MiB", path, *length);
    status = status == RG_OK ? rg_source_read(&source, *text, source.bytes) : status;
    rg_source_close(&source);
    return status;
}

static rg_status read_file(struct reading *r) {
    char *text = NULL;
    size_t length = 0;
    rg_status status = read_text(r->path, &text, &length);
    if (status == RG_OK) {
        const struct rg_toml_visitor visitor = {take_table, take_entry, r};
        status = rg_toml_read(r->path, text, length, &visitor);
    }
    rg_free(text);
    return status;
}

/* ---- The command line ---- */

/* Does the command line have the option? It is not parsed yet. */
static bool gives(int argc, char *const *argv, const char *name) {
    return argc > 1 && rg_words_give((size_t)argc - 1, argv + 1, name);
}

/* Does the command line have the option, or one that replaces it? */
static bool is_replaced(int argc, char *const *argv, const struct rg_option *option) {
    static const char *const instead[][2] = {
        {"updates", "epochs"}, {"task", "data"}, {"val", "val-frac"}, {"clip-norm", "clip-value"}};
    if (gives(argc, argv, option->name)) {
        return true;
    }
    for (size_t i = 0; i < sizeof instead / sizeof *instead; i++) {
        for (size_t side = 0; side < 2; side++) {
            if (strcmp(option->name, instead[i][side]) == 0 && gives(argc, argv, instead[i][1 - side])) {
                return true;
            }
        }
    }
    return false;
}

/* The command line as typed. The option --config takes `count` of its words (one or two), from argv[at] on. */
struct typed {
    int argc;
    char **argv;
    const char *path; /* of --config; NULL without it */
    int at, count;
};

static rg_status find_config(struct typed *t) {
    const struct rg_option *const config = rg_option_named("config");
    for (int i = 1; i < t->argc; i++) {
        const char *const word = t->argv[i];
        const size_t length = strcspn(word, "=");
        if (word[0] != '-' || rg_option_find(word, length) != config) {
            continue;
        }
        if (t->path) {
            return rg_fail(RG_USAGE, "--config is given twice; one file holds all options");
        }
        t->at = i;
        t->count = word[length] == '=' ? 1 : 2;
        t->path = t->count == 1 ? word + length + 1 : i + 1 < t->argc ? t->argv[i + 1] : NULL;
        if (!t->path || !*t->path || (t->count == 2 && t->path[0] == '-')) {
            return rg_fail(RG_USAGE, "--config needs a value; write --config F.toml");
        }
    }
    return RG_OK;
}

/* Insert the words of the file before the first option on the command line. */
static rg_status merge(const struct typed *t, const struct reading *r, struct rg_command_line *line) {
    int first = 1, n = 0;
    RG_TRY(rg_alloc(&line->merged, (size_t)t->argc + rg_n_options + 1, sizeof *line->merged, "the command line"));
    while (first < t->argc && t->argv[first][0] != '-') {
        first++;
    }
    for (int i = 0; i < first; i++) {
        line->merged[n++] = t->argv[i];
    }
    for (size_t i = 0; i < r->n_words; i++) {
        char *const word = r->words[i];
        if (word && !is_replaced(t->argc, t->argv, rg_option_find(word, strcspn(word, "=")))) {
            line->merged[n++] = word;
        }
    }
    for (int i = first; i < t->argc; i++) {
        if (i < t->at || i >= t->at + t->count) {
            line->merged[n++] = t->argv[i];
        }
    }
    line->argv = line->merged;
    line->argc = n;
    return RG_OK;
}

static rg_status expand(const struct typed *t, struct rg_command_line *line) {
    const bool named = t->argc > 1 && t->argv[1][0] != '-';
    struct reading r = {.path = t->path, .command = named ? rg_command_find(t->argv[1]) : 0, .table = rg_n_commands};
    rg_status status = RG_OK;
    if (r.command == rg_n_commands) {
        return rg_command_refuse("command", t->argv[1]);
    }
    if (gives(t->argc, t->argv, "resume")) {
        return rg_fail(RG_USAGE, "--config cannot be given with --resume, which uses the options of the run");
    }
    RG_TRY_GOTO(rg_alloc(&line->read, rg_n_options, sizeof *line->read, "the options of a file"));
    line->n_read = rg_n_options;
    r.words = line->read;
    RG_TRY_GOTO(rg_alloc(&r.seen, rg_n_options, sizeof *r.seen, "the options of a file"));
    RG_TRY_GOTO(rg_alloc(&r.places, rg_n_options, sizeof *r.places, "the options of a file"));
    RG_TRY_GOTO(read_file(&r));
    RG_TRY_GOTO(merge(t, &r, line));
cleanup:
    rg_free(r.seen);
    rg_free(r.places);
    return status;
}

/* Options that a line may repeat; their values join into one list. */
static const char *const lists[RG_N_LISTS] = {"set", "freeze"};

/* The value of such an option at word i of the line, and the number of words that it takes; NULL for other words. */
static const char *list_value(const struct rg_command_line *line, const char *name, int i, int *count) {
    const char *const word = line->argv[i];
    const size_t length = word ? strcspn(word, "=") : 0;
    if (length == 0 || word[0] != '-' || rg_option_find(word, length) != rg_option_named(name)) {
        return NULL;
    }
    *count = word[length] == '=' || i + 1 == line->argc ? 1 : 2;
    return word[length] == '=' ? word + length + 1 : *count == 2 ? line->argv[i + 1] : NULL;
}

/* Join all --set, or another list, into one word: "--set=Wh[0,1]=2,Wh[1,1]=0". */
static rg_status join_list(struct rg_command_line *line, size_t list) {
    struct rg_text text = {.bytes = NULL};
    char **words = NULL;
    int n = 0, n_given = 0, count = 0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&words, (size_t)line->argc + 1, sizeof *words, "the command line"));
    for (int i = 0; i < line->argc; i += count) {
        const char *const value = i > 0 ? list_value(line, lists[list], i, &count) : NULL;
        if (!value || !*value) {
            count = 1;
            words[n++] = line->argv[i];
            continue;
        }
        RG_TRY_GOTO(rg_text_add_string(&text, n_given > 0 ? "" : "--"));
        RG_TRY_GOTO(rg_text_add_string(&text, n_given > 0 ? "" : lists[list]));
        RG_TRY_GOTO(rg_text_add_string(&text, n_given++ > 0 ? "," : "="));
        RG_TRY_GOTO(rg_text_add_string(&text, value));
    }
    if (n_given > 1 && text.bytes) {
        RG_TRY_GOTO(rg_text_add(&text, "", 1));
        RG_TRY_GOTO(rg_copy_string(&line->lists[list], text.bytes));
        words[n++] = line->lists[list];
        rg_free(line->merged);
        line->merged = line->argv = words;
        line->argc = n;
        words = NULL;
    }
cleanup:
    rg_free(words);
    rg_text_destroy(&text);
    return status;
}

rg_status rg_command_line_create(int argc, char **argv, struct rg_command_line *line) {
    struct typed typed = {.argc = argc, .argv = argv};
    *line = (struct rg_command_line){.argc = argc, .argv = argv};
    if (rg_options_asked_for(argc, argv)) { /* help and version do nothing else */
        return RG_OK;
    }
    RG_TRY(find_config(&typed));
    RG_TRY(typed.path ? expand(&typed, line) : RG_OK);
    for (size_t list = 0; list < RG_N_LISTS; list++) {
        RG_TRY(join_list(line, list));
    }
    return RG_OK;
}

void rg_command_line_release(struct rg_command_line *line) {
    for (size_t i = 0; i < line->n_read; i++) {
        rg_free(line->read[i]);
    }
    rg_free(line->merged);
    for (size_t i = 0; i < RG_N_LISTS; i++) {
        rg_free(line->lists[i]);
    }
    rg_free(line->read);
    *line = (struct rg_command_line){.argc = 0};
}
