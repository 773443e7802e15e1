/* The finished trainings of compare and sweep: see trainings.h. */
#define _GNU_SOURCE
#include "cli/commands/trainings.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/called.h"
#include "base/counted.h"
#include "base/ending.h"
#include "base/hash.h"
#include "base/number_text.h"
#include "cli/commands/run_table.h"
#include "cli/report/lines.h"
#include "cli/report/pages.h"
#include "cli/settings.h"
#include "data/data_fingerprint.h"
#include "files/json_lines.h"
#include "files/shell_text.h"
#include "options/options_store.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* ---- The folder ---- */

static rg_status make_folder(const char *folder, const char *option) {
    struct stat info;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot make the folder of %s: %s", folder, option, strerror(errno));
    }
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return rg_fail(RG_NOT_SAVED, "%s: %s is not a folder", folder, option);
    }
    return RG_OK;
}

/* Open the folder F-models for the table F.csv. */
static rg_status open_models(const char *table, struct rg_trainings *t) {
    const char *const dot = strrchr(table, '.');
    const int stem = dot ? (int)(dot - table) : (int)strlen(table);
    (void)snprintf(t->models, sizeof t->models, "%.*s-models", stem, table);
    return make_folder(t->models, "--keep");
}

static rg_status take_fingerprints(const struct rg_config *config, struct rg_trainings *t) {
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        if (files[i].path && strcmp(files[i].path, "-") == 0) {
            return rg_fail(
                RG_USAGE,
                "--out %s keeps results by the contents of the data, and stdin, `-`, is read once; save it as "
                "a file, or write a table, --out F.csv",
                t->folder);
        }
        RG_TRY(files[i].path ? rg_dataset_fingerprint(files[i].path, &t->files[i]) : RG_OK);
    }
    return RG_OK;
}

rg_status rg_trainings_open(const struct rg_config *config, struct rg_trainings *t) {
    const char *const out = config->output.out;
    const bool is_table = rg_run_table_is(out);
    *t = (struct rg_trainings){.folder = is_table ? NULL : out,
                               .table = is_table ? out : NULL,
                               .keeps_models = config->output.keep,
                               .is_first = !config->machine.ranks || config->machine.ranks->rank == 0,
                               .starts_anew = config->output.overwrite,
                               .lock = RG_LOCK_NONE};
    if (!out) {
        return config->output.keep ? rg_fail(RG_USAGE, "--keep needs --out: a folder, or the name of a table") : RG_OK;
    }
    if (strlen(out) > 4000) {
        return rg_fail(RG_USAGE, "--out: the path is longer than 4000 bytes");
    }
    if (is_table) {
        return config->output.keep ? open_models(out, t) : RG_OK;
    }
    RG_TRY(make_folder(t->folder, "--out"));
    RG_TRY(take_fingerprints(config, t));
    return t->is_first ? rg_lock_take(&t->lock, t->folder) : RG_OK;
}

bool rg_trainings_is_name(const char *name) {
    return strncmp(name, "training-", strlen("training-")) == 0 && rg_ends_in(name, ".done");
}

void rg_trainings_facts(const struct rg_trainings *t, size_t n, double seconds, struct rg_facts *facts) {
    char number[RG_COUNTED_BYTES], time[RG_NUMBER_BYTES];
    if (t->n_found == 0) {
        rg_facts_time(facts, seconds);
        return;
    }
    rg_facts_add(facts, "trained before", "%zu of %s; %s from %s", t->n_found, rg_counted(n, "training", number),
                 t->n_found == 1 ? "its result is" : "their results are", t->folder);
    rg_facts_add(facts, "time", "%s, %s", rg_seconds_text(seconds, time),
                 t->n_found < n ? "without what was trained before" : "in which nothing was trained");
}

size_t rg_trainings_count(const char *folder) {
    DIR *const list = opendir(folder);
    size_t n = 0;
    for (const struct dirent *entry = NULL; list && (entry = readdir(list));) {
        n += rg_trainings_is_name(entry->d_name);
    }
    if (list) {
        (void)closedir(list);
    }
    return n;
}

bool rg_trainings_is(const struct rg_sections *sections) {
    return rg_sections_find(sections, "key") && !rg_sections_find(sections, "program");
}

/* ---- Keys ---- */

/* The options that determine a result. Those for files, screen, threads and memory do not. */
static rg_status key_text(const struct rg_trainings *t, const struct rg_config *config, char **text) {
    struct rg_config c = *config;
    const struct rg_config usual = rg_config_default();
    struct rg_data_file files[RG_DATA_FILES];
    char *options = NULL, others[RG_DATA_FILES * 48] = "";
    c.output = usual.output;
    c.machine.threads = usual.machine.threads;
    c.machine.memory = usual.machine.memory;
    rg_data_files(&c, files);
    for (size_t i = 1, length = 0; i < RG_DATA_FILES; i++) { /* those beside --data */
        if (files[i].path) {
            length +=
                (size_t)snprintf(others + length, sizeof others - length, "%s of %" PRIu64 " bytes, %08" PRIx32 ", ",
                                 files[i].name, t->files[i].bytes, t->files[i].crc);
        }
    }
    RG_TRY(rg_options_store("train", &c, &options));
    const size_t bytes = strlen(options) + strlen(others) + 120;
    const rg_status status = rg_alloc(text, bytes, 1, "the options of a training");
    if (status == RG_OK) {
        (void)snprintf(*text, bytes, "rnn-gpu %s, data of %" PRIu64 " bytes, %08" PRIx32 ", %soptions %s", RG_VERSION,
                       t->files[0].bytes, t->files[0].crc, others, options);
    }
    rg_free(options);
    return status;
}

static void name_file(const struct rg_trainings *t, const char *key, const char *ending, char path[RG_TRAINING_PATH]) {
    (void)snprintf(path, RG_TRAINING_PATH, "%s/training-%016" PRIx64 "%s", t->folder, rg_hash_text(RG_HASH_START, key),
                   ending);
}

rg_status rg_trainings_model(struct rg_trainings *t, const struct rg_config *config, size_t run,
                             char path[RG_TRAINING_PATH]) {
    char *key = NULL;
    path[0] = '\0';
    if (t->keeps_models && !t->folder) {
        (void)snprintf(path, RG_TRAINING_PATH, "%.4100s/run-%zu.safetensors", t->models, run);
    } else if (t->keeps_models) {
        RG_TRY(key_text(t, config, &key));
        name_file(t, key, ".safetensors", path);
        rg_free(key);
    }
    return RG_OK;
}

void rg_trainings_best(const char *model, char path[RG_TRAINING_PATH]) {
    const char *const dot = strrchr(model, '.');
    (void)snprintf(path, RG_TRAINING_PATH, "%.*s-best%s", dot ? (int)(dot - model) : 0, model, dot ? dot : "");
    path[0] = dot ? path[0] : '\0';
}

/* ---- A summary as numbers ---- */

/* The numbers of a summary by name, in one list, so that writing and reading agree. */
/* clang-format off */
#define WHOLE(X)                                                                              \
    X(loss_kind) X(batch) X(steps) X(n_weights) X(reason) X(updates) X(skipped) X(planned)    \
    X(weights_hash) X(learned_update) X(n_parts) X(measured) X(verdict) X(horizon) X(lag_steps) X(n_lags) \
    X(held_out) X(val_best_update) X(n_frozen) X(tested) X(test_of_best)
#define REAL(X)                                                                               \
    X(baseline) X(seconds) X(sequences_per_s) X(loss) X(median_loss) X(last_loss)             \
    X(best_loss) X(clip_rate) X(decay) X(factor) X(log10_reach) X(long_share) X(used) \
    X(val_loss) X(val_accuracy) X(val_r2) X(val_best_loss) X(val_best_accuracy) X(val_best_r2) \
    X(test_loss) X(test_accuracy) X(test_low) X(test_high) X(test_r2)
#define ARRAY(X) X(labels) X(part_sum) X(part_count) X(lag_norm) X(lag_share)
/* clang-format on */

static rg_status gather(const struct rg_summary *s, const char *key, struct rg_sections *to) {
    char *options = NULL;
    void *bytes = NULL;
    RG_TRY(rg_sections_add_text(to, "key", key));
    RG_TRY(rg_sections_add_text(to, "task", s->task));
    RG_TRY(rg_options_store("train", &s->config, &options));
    const rg_status status = rg_sections_add_text(to, "options", options);
    rg_free(options);
    RG_TRY(status);
    RG_TRY(rg_sections_add_text(to, "device", s->device));
    RG_TRY(rg_sections_add_text(to, "backend", s->backend));
    rg_sections_put_real(to, "score_baseline", s->score_baseline);
#define PUT(name) rg_sections_put(to, #name, (uint64_t)s->name);
    WHOLE(PUT)
#define PUT_REAL(name) rg_sections_put_real(to, #name, s->name);
    REAL(PUT_REAL)
#define PUT_ARRAY(name)                                         \
    RG_TRY(rg_sections_add(to, #name, sizeof s->name, &bytes)); \
    memcpy(bytes, s->name, sizeof s->name);
    ARRAY(PUT_ARRAY)
    return RG_OK;
}

/* Check that names and array indexes fit. */
static rg_status check(const struct rg_summary *s, const struct rg_sections *from) {
    const bool good = s->loss_kind <= RG_LOSS_CE && s->reason <= RG_REASON_PATIENCE && s->n_parts <= RG_SUMMARY_PARTS &&
                      s->n_lags <= RG_SUMMARY_LAGS && s->n_lags <= s->lag_steps && s->verdict <= RG_STABLE &&
                      memchr(s->labels, 0, sizeof s->labels) != NULL;
    return good ? RG_OK : rg_fail(RG_BAD_FILE, "%s: it is not the result of a training", from->path);
}

/* What results of version 0.1.0 do not have. */
static rg_status restore_later(const struct rg_sections *from, struct rg_summary *s) {
    char *device = NULL, *backend = NULL;
    s->score_baseline = s->baseline;
    if (!rg_sections_find(from, "device")) {
        return RG_OK;
    }
    RG_TRY(rg_sections_get_text(from, "device", &device));
    RG_TRY(rg_sections_get_text(from, "backend", &backend));
    rg_utf8_copy(s->device, sizeof s->device, device);
    rg_utf8_copy(s->backend, sizeof s->backend, backend);
    return rg_sections_real(from, "score_baseline", &s->score_baseline);
}

static rg_status restore(const struct rg_sections *from, const struct rg_config *asked, struct rg_summary *s) {
    char *options = NULL, *task = NULL;
    uint64_t whole = 0;
    const void *bytes = NULL;
    *s = (struct rg_summary){.task = NULL};
    RG_TRY(rg_sections_get_text(from, "task", &task));
    RG_TRY(rg_sections_get_text(from, "options", &options));
    RG_TRY(rg_options_restore("train", from->path, options, &s->config));
    s->task = task;
    s->config.output = asked->output;
    s->config.compare = asked->compare;
    s->config.probe = asked->probe;
    s->config.bench = asked->bench;
    memcpy(s->config.given, asked->given, sizeof s->config.given);
    s->config.arguments = asked->arguments;
    s->config.n_arguments = asked->n_arguments;
#define GET(name)                                                \
    RG_TRY(rg_sections_number(from, #name, UINT64_MAX, &whole)); \
    s->name = (__typeof__(s->name))whole;
    WHOLE(GET)
#define GET_REAL(name) RG_TRY(rg_sections_real(from, #name, &s->name));
    REAL(GET_REAL)
#define GET_ARRAY(name)                                           \
    RG_TRY(rg_sections_get(from, #name, sizeof s->name, &bytes)); \
    memcpy(s->name, bytes, sizeof s->name);
    ARRAY(GET_ARRAY)
    RG_TRY(restore_later(from, s));
    return check(s, from);
}

/* ---- As JSON ---- */

void rg_trainings_add_models(json_t **object, const struct rg_summary *summary, const char *model) {
    char best[RG_TRAINING_PATH];
    if (model[0]) {
        rg_trainings_best(model, best);
        rg_json_set(object, "model", rg_json_text(model));
        rg_json_set(object, "best_model", summary->held_out > 0 ? rg_json_text(best) : json_null());
    }
}

/* The name of a file beside the result DIR/training-KEY.done, if that file exists. */
static json_t *find_beside(const char *done, const char *ending) {
    char path[RG_TRAINING_PATH];
    const int stem = (int)(strlen(done) - strlen(".done"));
    const int n = snprintf(path, sizeof path, "%.*s%s", stem, done, ending);
    return n < (int)sizeof path && access(path, F_OK) == 0 ? rg_json_text(path) : json_null();
}

rg_status rg_trainings_json(struct rg_sections *s, json_t **out) {
    const struct rg_config usual = rg_config_default();
    const bool named = rg_ends_in(s->path, ".done");
    struct rg_summary summary;
    RG_TRY(restore(s, &usual, &summary));
    json_t *object = rg_json_pack("{s:o, s:s, s:o, s:o}", "file", rg_json_text(s->path), "format", "training", "model",
                                  named ? find_beside(s->path, ".safetensors") : json_null(), "best_model",
                                  named ? find_beside(s->path, "-best.safetensors") : json_null());
    rg_json_merge(&object, rg_summary_json(&summary));
    rg_json_set(&object, "learned", json_boolean(rg_summary_learned(&summary)));
    rg_json_set(&object, "options", rg_settings_json("train", &summary.config, &summary.config));
    *out = object;
    return object ? RG_OK : rg_fail(RG_NO_MEMORY, "out of memory for the result of a training");
}

/* ---- Finding and storing ---- */

static rg_status append(struct rg_sections ***list, size_t *n, size_t *room, struct rg_sections *sections) {
    RG_TRY(rg_alloc_more(list, *n, room, sizeof **list, "finished trainings"));
    (*list)[(*n)++] = sections;
    return RG_OK;
}

static rg_status hold(struct rg_trainings *t, struct rg_sections *sections) {
    return append(&t->held, &t->n_held, &t->room, sections);
}

rg_status rg_trainings_take(struct rg_trainings *t, struct rg_sections *sections) {
    return append(&t->taken, &t->n_taken, &t->room_taken, sections);
}

/* Does the file hold the result of exactly this training? A damaged file does not: the training is repeated. */
static bool matches(const struct rg_sections *sections, const char *key, const struct rg_config *config,
                    struct rg_summary *summary) {
    char *text = NULL;
    const bool same = rg_sections_get_text(sections, "key", &text) == RG_OK && strcmp(text, key) == 0;
    return same && restore(sections, config, summary) == RG_OK;
}

/* Read the stored result of the training with that key. *sections = NULL if there is none, or not of this training. */
static void read_stored(const struct rg_trainings *t, const char *key, const struct rg_config *config,
                        struct rg_summary *summary, struct rg_sections **sections) {
    char path[RG_TRAINING_PATH];
    bool foreign = false;
    *sections = NULL;
    if (!t->folder || t->starts_anew) {
        return;
    }
    name_file(t, key, ".safetensors", path);
    const bool has_model = !t->keeps_models || access(path, R_OK) == 0;
    name_file(t, key, ".done", path);
    if (!has_model || rg_sections_read(path, sections, &foreign) != RG_OK) {
        *sections = NULL;
        return;
    }
    (*sections)->path = "a finished training";
    if (!matches(*sections, key, config, summary)) {
        rg_sections_destroy(*sections);
        *sections = NULL;
    }
}

rg_status rg_trainings_is_done(const struct rg_trainings *t, const struct rg_config *config, bool *done) {
    char *key = NULL;
    struct rg_sections *sections = NULL;
    struct rg_summary summary;
    *done = false;
    if (!t->folder) {
        return RG_OK;
    }
    RG_TRY(key_text(t, config, &key));
    read_stored(t, key, config, &summary, &sections);
    *done = sections != NULL;
    rg_sections_destroy(sections);
    rg_free(key);
    return RG_OK;
}

/* Save a result. RG_NOT_SAVED. */
static rg_status save(const struct rg_trainings *t, const struct rg_sections *sections) {
    char path[RG_TRAINING_PATH], *key = NULL;
    RG_TRY(rg_lock_check(&t->lock));
    RG_TRY(rg_sections_get_text(sections, "key", &key));
    name_file(t, key, ".done", path);
    return rg_sections_write(sections, path);
}

/* Has the result of the same training been listed? */
static bool is_listed(const struct rg_trainings *t, const struct rg_sections *sections) {
    char *key = NULL, *listed = NULL;
    bool found = rg_sections_get_text(sections, "key", &key) != RG_OK;
    for (size_t i = 0; !found && i < t->n_unsaved; i++) {
        found = rg_sections_get_text(t->unsaved[i], "key", &listed) == RG_OK && strcmp(key, listed) == 0;
    }
    return found;
}

/* Save a result, or list it for rg_trainings_close. */
static rg_status save_or_list(struct rg_trainings *t, struct rg_sections *sections) {
    const rg_status status = save(t, sections);
    if (status != RG_NOT_SAVED) {
        return status;
    }
    if (t->n_unsaved == 0) {
        rg_log("%s; the trainings continue", rg_error_message());
    }
    return is_listed(t, sections) ? RG_OK : append(&t->unsaved, &t->n_unsaved, &t->room_unsaved, sections);
}

/* Try once more to save what could not be saved. */
static rg_status save_rest(struct rg_trainings *t) {
    char last[1024] = "";
    size_t n = 0;
    for (size_t i = 0; i < t->n_unsaved; i++) {
        if (save(t, t->unsaved[i]) != RG_OK) {
            (void)snprintf(last, sizeof last, "%s", rg_error_message());
            n++;
        }
    }
    if (n == 0) {
        return RG_OK;
    }
    char number[RG_COUNTED_BYTES];
    return rg_fail(RG_NOT_SAVED, "%s; %s without a stored result, which the same command trains again", last,
                   rg_counted(n, "training", number));
}

rg_status rg_trainings_close(struct rg_trainings *t) {
    const rg_status status = t->is_first ? save_rest(t) : RG_OK;
    for (size_t i = 0; i < t->n_held; i++) {
        rg_sections_destroy(t->held[i]);
    }
    for (size_t i = 0; i < t->n_taken; i++) {
        rg_sections_destroy(t->taken[i]);
    }
    rg_free(t->held);
    rg_free(t->taken);
    rg_free(t->unsaved);
    rg_lock_release(&t->lock);
    *t = (struct rg_trainings){.lock = RG_LOCK_NONE};
    return status;
}

/* Save the result of another rank, unless that rank has saved it. */
static rg_status keep_taken(struct rg_trainings *t, struct rg_sections *sections) {
    char path[RG_TRAINING_PATH], *key = NULL;
    RG_TRY(rg_sections_get_text(sections, "key", &key));
    name_file(t, key, ".done", path);
    return t->folder && access(path, F_OK) != 0 ? save_or_list(t, sections) : RG_OK;
}

rg_status rg_trainings_find(struct rg_trainings *t, const struct rg_config *config, struct rg_summary *summary,
                            bool *found) {
    char *key = NULL;
    struct rg_sections *sections = NULL;
    rg_status status = RG_OK;
    *found = false;
    if (!t->folder && t->n_taken == 0) {
        return RG_OK;
    }
    RG_TRY(key_text(t, config, &key));
    for (size_t i = 0; !*found && i < t->n_taken; i++) {
        *found = matches(t->taken[i], key, config, summary);
        status = *found ? keep_taken(t, t->taken[i]) : RG_OK;
    }
    if (!*found) {
        read_stored(t, key, config, summary, &sections);
        if (sections) {
            status = hold(t, sections);
            *found = status == RG_OK;
            t->n_found += *found ? 1 : 0;
        }
        if (status != RG_OK) {
            rg_sections_destroy(sections);
        }
    }
    rg_free(key);
    return status;
}

rg_status rg_trainings_gather(const struct rg_trainings *t, const struct rg_config *config,
                              const struct rg_summary *summary, struct rg_sections **out) {
    char *key = NULL;
    *out = NULL;
    RG_TRY(key_text(t, config, &key));
    rg_status status = rg_sections_create(out);
    status = status == RG_OK ? gather(summary, key, *out) : status;
    rg_free(key);
    if (status != RG_OK) {
        rg_sections_destroy(*out);
        *out = NULL;
    }
    return status;
}

rg_status rg_trainings_keep(struct rg_trainings *t, const struct rg_config *config, const struct rg_summary *summary) {
    struct rg_sections *sections = NULL;
    if (!t->folder) {
        return RG_OK;
    }
    RG_TRY(rg_trainings_gather(t, config, summary, &sections));
    const size_t before = t->n_unsaved;
    rg_status status = save_or_list(t, sections);
    if (status == RG_OK && t->n_unsaved > before) {
        status = hold(t, sections);
        sections = status == RG_OK ? NULL : sections;
        t->n_unsaved = status == RG_OK ? t->n_unsaved : before;
    }
    rg_sections_destroy(sections);
    return status;
}

void rg_trainings_tell_models(const struct rg_trainings *t, size_t width) {
    char word[RG_SHELL_WORD];
    if (t->keeps_models && t->folder) {
        rg_lines_format(stdout, width, 2, RG_CALLED " runs %s names the files of each run",
                        rg_shell_word(t->folder, word));
    }
}

void rg_trainings_tell_rest(const struct rg_trainings *t, size_t done, size_t n, const char *what) {
    char rest[RG_TRAINING_PATH + 200] = "", word[RG_SHELL_WORD];
    if (t->folder) {
        (void)snprintf(rest, sizeof rest, "; the same command with --out %s trains the others",
                       rg_shell_word(t->folder, word));
    } else if (t->table) {
        (void)snprintf(rest, sizeof rest,
                       "; %s has these and cannot be continued: the same command trains all again, and only --out DIR "
                       "goes on where it was stopped",
                       t->table);
    }
    char part[RG_PART_BYTES];
    rg_log("interrupted; %s done%s", rg_counted_part(done, n, what, part), rest);
}
