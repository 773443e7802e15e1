/* `rnn-gpu runs`: the runs in a folder, their differences, their results, and which can be resumed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands/checkpoints.h"
#include "cli/commands/commands.h"
#include "cli/commands/outputs.h"
#include "cli/commands/run_log.h"
#include "cli/commands/trainings.h"
#include "cli/report/columns.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "cli/settings.h"
#include "files/json_lines.h"
#include "files/lock.h"
#include "options/options.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum {
    PATH_BYTES = 4096 + 300,
    TEXT_BYTES = 64,
    VALUE_BYTES = 300, /* of an option, as long as a cell */
    MAX_RUNS = 4096
};

struct one_run {
    char *name; /* name of its folder, relative to the requested one; "." for that folder itself */
    bool is_running;
    struct rg_run_log log;   /* or what the result of a training of compare or sweep says */
    struct rg_config config; /* its options, as far as the log has them; texts belong to the log */
    uint64_t checkpoint;     /* update of the newest intact checkpoint; 0: none */
    json_t *result;          /* of a training of compare or sweep (rg_trainings_json), else NULL */
};

struct runs {
    const struct rg_config *config;
    struct one_run *items;
    size_t n;
    const struct rg_option **columns; /* [n_columns] options that differ, those of most weight first */
    size_t n_columns;
};

/* ---- A run ---- */

/* Does a process hold the folder's lock? */
static bool is_running(const char *folder) {
    char path[PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/" RG_LOCK_NAME, folder);
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        return false;
    }
    const bool locked = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(file);
    return locked;
}

/* Find the newest intact checkpoint. A folder that cannot be read, such as another user's, is reported and has none. */
static rg_status find_checkpoint(struct one_run *run, const char *folder) {
    uint64_t *updates = NULL;
    size_t n = 0;
    const rg_status listed = rg_checkpoints_list(folder, &updates, &n);
    if (listed == RG_BAD_FILE) {
        rg_log("%s", rg_error_message());
        return RG_OK;
    }
    rg_status status = listed;
    for (size_t i = 0; status == RG_OK && i < n && run->checkpoint == 0; i++) {
        struct rg_sections *sections = NULL;
        char path[RG_CHECKPOINT_PATH];
        bool foreign = false;
        rg_checkpoint_name(path, folder, updates[i]);
        status = rg_sections_read(path, &sections, &foreign);
        run->checkpoint = status == RG_OK ? updates[i] : 0;
        status = status == RG_NO_MEMORY ? status : RG_OK; /* a damaged one is no obstacle */
        rg_sections_destroy(sections);
    }
    rg_free(updates);
    return status;
}

static bool has(const char *folder, const char *name) {
    char path[PATH_BYTES + 64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static const char *number_text(const json_t *value, char text[VALUE_BYTES]) {
    if (json_is_integer(value)) {
        (void)snprintf(text, VALUE_BYTES, "%lld", (long long)json_integer_value(value));
    } else {
        (void)snprintf(text, VALUE_BYTES, "%g", json_number_value(value));
    }
    return text;
}

/* The options that a log has. Texts belong to it. */
static struct rg_config config_of(const struct rg_run_log *log) {
    struct rg_config config = rg_config_of_command(rg_command_find("train"));
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        const json_t *const value = json_object_get(log->options, option->name);
        char number[VALUE_BYTES];
        if (option->kind == RG_KIND_FLAG) {
            *(bool *)((char *)&config + option->offset) = json_is_true(value);
        } else if (value) {
            const char *const text = json_string_value(value);
            (void)rg_option_set(option, text ? text : number_text(value, number), &config); /* else the default */
        }
    }
    return config;
}

/* Add the run in a folder, if there is one. */
static rg_status add_run(struct runs *r, const char *folder, const char *name) {
    struct one_run *const run = &r->items[r->n];
    *run = (struct one_run){.name = NULL};
    RG_TRY(find_checkpoint(run, folder));
    if (!run->checkpoint && !has(folder, RG_OUT_LOG) && !has(folder, RG_OUT_MODEL)) {
        return RG_OK;
    }
    RG_TRY(rg_copy_string(&run->name, name));
    r->n++;
    RG_TRY(rg_run_log_read(folder, &run->log));
    run->config = config_of(&run->log);
    run->log.updates = run->log.updates > 0 ? run->log.updates : run->checkpoint;
    run->is_running = !run->log.reason[0] && is_running(folder);
    return RG_OK;
}

/* Add the result of a training of compare or sweep. A damaged one is reported and left out. */
static rg_status add_result(struct runs *r, const char *path, const char *name) {
    struct one_run *const run = &r->items[r->n];
    struct rg_sections *sections = NULL;
    bool foreign = false;
    *run = (struct one_run){.log = {.loss = NAN, .validation = NAN, .test = NAN}};
    rg_status status = rg_sections_read(path, &sections, &foreign);
    status = status == RG_OK ? rg_trainings_json(sections, &run->result) : status;
    rg_sections_destroy(sections);
    if (status != RG_OK) {
        rg_log("%s", rg_error_message());
        return status == RG_NO_MEMORY ? status : RG_OK;
    }
    r->n++;
    RG_TRY(rg_copy_string(&run->name, name));
    run->name[strlen(name) - strlen(".done")] = '\0';
    rg_run_log_of_result(run->result, &run->log);
    run->config = config_of(&run->log);
    return RG_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct one_run *)a)->name, ((const struct one_run *)b)->name);
}

/* Find the runs in the folder itself and in its subfolders. */
static rg_status find_runs(struct runs *r) {
    const char *const folder = r->config->subject;
    DIR *const list = opendir(folder);
    if (!list) {
        return rg_fail(RG_BAD_FILE,
                       "%s: cannot be read: %s; give the --out folder of a run, or a folder that holds some", folder,
                       strerror(errno));
    }
    rg_status status = rg_alloc(&r->items, MAX_RUNS, sizeof *r->items, "the runs of a folder");
    status = status == RG_OK ? add_run(r, folder, ".") : status;
    for (const struct dirent *entry = NULL; status == RG_OK && r->n < MAX_RUNS && (entry = readdir(list));) {
        char path[PATH_BYTES];
        struct stat info;
        (void)snprintf(path, sizeof path, "%.4000s/%s", folder, entry->d_name);
        const bool there = entry->d_name[0] != '.' && stat(path, &info) == 0;
        if (there && S_ISDIR(info.st_mode)) {
            status = add_run(r, path, entry->d_name);
        } else if (there && rg_trainings_is_name(entry->d_name)) {
            status = add_result(r, path, entry->d_name);
        }
    }
    (void)closedir(list);
    if (r->n > 0) { /* without memory there is no list */
        qsort(r->items, r->n, sizeof *r->items, by_name);
    }
    return status;
}

/* ---- Differences ---- */

/* An option's value in a run: "-" if it has no use there. */
static const char *option_text(const struct one_run *run, const struct rg_option *option, char text[VALUE_BYTES]) {
    const json_t *const value = json_object_get(run->log.options, option->name);
    if (!value || !rg_setting_has_part(option, &run->config)) {
        (void)snprintf(text, VALUE_BYTES, "-");
    } else if (json_is_string(value)) {
        (void)snprintf(text, VALUE_BYTES, "%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        (void)snprintf(text, VALUE_BYTES, "%s", json_is_true(value) ? "yes" : "no");
    } else {
        (void)number_text(value, text);
    }
    return text;
}

/* Has the option a use in the run, and another value than its default there? Some defaults depend on the run. */
static bool is_unusual(const struct one_run *run, const struct rg_option *option, const char *value) {
    struct rg_config usual = rg_config_default();
    char by_default[RG_OPTION_TEXT_BYTES];
    usual.data.task = "adding";
    if (strcmp(option->name, "epsilon") == 0) { /* its default is that of the optimiser */
        usual.training.optimizer = run->config.training.optimizer;
    }
    usual.model.readout = run->config.model.bidirectional ? RG_READOUT_FINAL : RG_READOUT_LAST;
    const char *const text = rg_setting_text(option, &usual, by_default);
    return strcmp(value, "-") != 0 && strcmp(value, option->kind == RG_KIND_FLAG && !text[0] ? "no" : text) != 0;
}

/* Do the runs differ in an option that has an effect? Without a use it counts as the option's default. */
static bool differs(const struct runs *r, const struct rg_option *option) {
    char first[VALUE_BYTES] = "", other[VALUE_BYTES];
    for (size_t i = 0; i < r->n; i++) {
        (void)option_text(&r->items[i], option, other);
        if (!is_unusual(&r->items[i], option, other)) {
            other[0] = '\0';
        }
        if (i > 0 && strcmp(first, other) != 0) {
            return true;
        }
        (void)snprintf(first, sizeof first, "%s", other);
    }
    return false;
}

static bool is_column(const struct runs *r, const struct rg_option *option) {
    for (size_t i = 0; i < r->n_columns; i++) {
        if (r->columns[i] == option) {
            return true;
        }
    }
    return false;
}

/* Choose the columns: first the options that people vary most often, then the others in the order of --help. */
static rg_status choose_columns(struct runs *r) {
    static const char *const first[] = {"data",  "task",      "cell",  "hidden",    "layers",
                                        "lr",    "optimizer", "batch", "steps",     "window",
                                        "tbptt", "epochs",    "seed",  "clip-norm", "schedule"};
    enum { N_FIRST = sizeof first / sizeof *first };
    RG_TRY(rg_alloc(&r->columns, rg_n_options, sizeof *r->columns, "the columns of a table"));
    for (size_t i = 0; i < N_FIRST + rg_n_options; i++) {
        const struct rg_option *const option = i < N_FIRST ? rg_option_named(first[i]) : &rg_options[i - N_FIRST];
        if (!is_column(r, option) && differs(r, option)) {
            r->columns[r->n_columns++] = option;
        }
    }
    return RG_OK;
}

/* ---- The table ---- */

/* Would `--resume` find a checkpoint, and is no process working on the run? */
static bool can_go_on(const struct one_run *run) {
    return run->checkpoint > 0 && !run->is_running;
}

/* How it ended, running, or stopped. */
static const char *state_of(const struct one_run *run) {
    return run->log.reason[0] ? run->log.reason : run->is_running ? "running" : "stopped";
}

static rg_status print_json(const struct one_run *run) {
    static const char *const files[] = {"model", "best_model"};
    json_t *line =
        rg_json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:s, s:b, s:o, s:o}", "run", rg_json_text(run->name), "state",
                     state_of(run), "updates", (json_int_t)run->log.updates, "loss", rg_json_real(run->log.loss),
                     "validation_loss", rg_json_measured(run->log.validation), "test_loss",
                     rg_json_measured(run->log.test), "verdict", run->log.verdict, "resumable", can_go_on(run),
                     "checkpoint", run->checkpoint ? json_integer((json_int_t)run->checkpoint) : json_null(), "options",
                     run->log.options ? json_incref(run->log.options) : json_null());
    for (size_t i = 0; run->result && i < sizeof files / sizeof *files; i++) {
        rg_json_set(&line, files[i], json_incref(json_object_get(run->result, files[i])));
    }
    return rg_json_print(line);
}

static const struct rg_column results[] = {
    {.head = "state", .left = true, .meaning = "running, stopped, or why it ended"},
    {.head = "loss", .meaning = "mean of the last updates; before the end, of the last"},
    {.head = "validation", .meaning = "lowest loss of the validation data"},
    {.head = "test", .meaning = "loss of the test data"},
    {.head = "updates", .meaning = "updates made"},
    {.head = "resume from", .left = true, .meaning = "the update that --resume DIR would go on from"},
    {.head = "gradient", .left = true, .meaning = "the verdict: how the gradient comes back in time"},
};
enum { STATE, LOSS, VALIDATION, TEST, UPDATES, FROM, GRADIENT, N_RESULTS };

static void add_loss(struct rg_columns *t, double loss) {
    char text[TEXT_BYTES] = "-";
    if (!isnan(loss)) {
        (void)snprintf(text, sizeof text, "%.4g", loss);
    }
    rg_columns_cell(t, "", "%s", text);
}

static void add_row(const struct runs *r, const struct one_run *run, const bool shown[N_RESULTS],
                    struct rg_columns *t) {
    char text[VALUE_BYTES];
    rg_columns_cell(t, "", "%s", run->name);
    rg_columns_cell(t, "", "%s", state_of(run));
    add_loss(t, run->log.loss);
    if (shown[VALIDATION]) {
        add_loss(t, run->log.validation);
    }
    if (shown[TEST]) {
        add_loss(t, run->log.test);
    }
    rg_columns_cell(t, "", "%llu", (unsigned long long)run->log.updates);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)run->checkpoint);
    rg_columns_cell(t, "", "%s", can_go_on(run) ? text : "-");
    rg_columns_cell(t, "", "%s", run->log.verdict);
    for (size_t c = 0; c < r->n_columns; c++) {
        rg_columns_cell(t, "", "%s", option_text(run, r->columns[c], text));
    }
}

/* Print the table: what became of each run, then the options. An option's head has its dashes, so it differs from that
 * of a result. Results that no run has are not shown. */
static rg_status print_rows(const struct runs *r, struct rg_column *columns, char (*heads)[TEXT_BYTES]) {
    bool shown[N_RESULTS] = {[STATE] = true, [LOSS] = true, [UPDATES] = true, [FROM] = true, [GRADIENT] = true};
    size_t n = 0;
    const struct rg_look look = rg_look_of(r->config);
    struct rg_columns t;
    columns[n++] = (struct rg_column){.head = "run", .left = true};
    for (size_t i = 0; i < r->n; i++) {
        shown[VALIDATION] = shown[VALIDATION] || !isnan(r->items[i].log.validation);
        shown[TEST] = shown[TEST] || !isnan(r->items[i].log.test);
    }
    for (size_t i = 0; i < N_RESULTS; i++) {
        if (shown[i]) {
            columns[n++] = results[i];
        }
    }
    for (size_t c = 0; c < r->n_columns; c++) {
        (void)snprintf(heads[c], sizeof heads[c], "--%s", r->columns[c]->name);
        columns[n++] = (struct rg_column){.head = heads[c]};
    }
    const struct rg_columns_options options = {
        .columns = columns, .n = n, .keys = 1, .rows = r->n, .width = rg_look_rows(&look), .gap = 2};
    RG_TRY(rg_columns_create(&options, &t));
    for (size_t i = 0; i < r->n; i++) {
        add_row(r, &r->items[i], shown, &t);
    }
    const rg_status status = rg_columns_end(&t);
    rg_columns_release(&t);
    return status;
}

static rg_status print_table(struct runs *r) {
    struct rg_column *columns = NULL;
    char(*heads)[TEXT_BYTES] = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(choose_columns(r));
    RG_TRY_GOTO(rg_alloc(&columns, 1 + r->n_columns + N_RESULTS, sizeof *columns, "the columns of a table"));
    RG_TRY_GOTO(rg_alloc(&heads, r->n_columns + 1, sizeof *heads, "the columns of a table"));
    status = print_rows(r, columns, heads);
cleanup:
    rg_free(columns);
    rg_free(heads);
    return status;
}

/* Name the models of the trainings of compare and sweep, if there are any. */
static void tell_models(const struct runs *r) {
    const struct rg_look look = rg_look_of(r->config);
    bool last = false, best = false;
    for (size_t i = 0; i < r->n; i++) {
        last = last || json_is_string(json_object_get(r->items[i].result, "model"));
        best = best || json_is_string(json_object_get(r->items[i].result, "best_model"));
    }
    if (last) {
        rg_lines_format(stdout, rg_look_text(&look), 2, "the weights of RUN are in %s/RUN.safetensors%s",
                        r->config->subject, best ? ", and the best ones in RUN-best.safetensors" : "");
    }
}

static rg_status show(struct runs *r) {
    if (r->n == 0) {
        return rg_fail(RG_BAD_FILE, "%s holds no run: neither it nor a folder in it was written by --out",
                       r->config->subject);
    }
    for (size_t i = 0; r->config->output.json && i < r->n; i++) {
        RG_TRY(print_json(&r->items[i]));
    }
    if (!r->config->output.json) {
        RG_TRY(print_table(r));
        tell_models(r);
    }
    return RG_OK;
}

rg_status rg_command_runs(const struct rg_config *config) {
    struct runs r = {.config = config};
    rg_status status = find_runs(&r);
    status = status == RG_OK ? show(&r) : status;
    for (size_t i = 0; i < r.n; i++) {
        rg_free(r.items[i].name);
        rg_run_log_release(&r.items[i].log);
        json_decref(r.items[i].result);
    }
    rg_free(r.items);
    rg_free(r.columns);
    return status;
}
