/* Resuming a run from a checkpoint: see checkpoints.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number_text.h"
#include "cli/commands/checkpoints.h"
#include "cli/commands/run_log.h"
#include "cli/commands/trainings.h"
#include "data/data_fingerprint.h"
#include "files/shell_text.h"
#include "options/options.h"
#include "options/options_store.h"
#include "ranks/ranks.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* ---- The newest intact checkpoint ---- */

/* Rename a checkpoint that cannot be read, so that later checkpoints can have its name. */
static void set_aside(const char *path) {
    char aside[RG_CHECKPOINT_PATH + 16];
    (void)snprintf(aside, sizeof aside, "%s.damaged", path);
    (void)rename(path, aside);
}

/* Read the first intact one of n checkpoints, newest first. */
static rg_status read_newest(const char *folder, const uint64_t *updates, size_t n, struct rg_resumed *r) {
    char reason[600] = "";
    for (size_t i = 0; i < n; i++) {
        bool foreign = false;
        rg_checkpoint_name(r->path, folder, updates[i]);
        const rg_status status = rg_sections_read(r->path, &r->sections, &foreign);
        if (status != RG_BAD_FILE || foreign) {
            return status;
        }
        (void)snprintf(reason, sizeof reason, "%s", rg_error_message());
        if (i + 1 < n) {
            rg_log("%s; going back to the checkpoint before it", reason);
        }
    }
    return rg_fail(RG_BAD_FILE, "%s; there is no other checkpoint in %s", reason, folder);
}

/* Say why a folder without a checkpoint cannot be resumed: perhaps its run ended before the first one. */
static rg_status refuse_without(const char *folder) {
    struct rg_run_log log;
    char word[RG_SHELL_WORD], ended[RG_RUN_LOG_TEXT + 64] = "";
    const rg_status read = rg_run_log_read(folder, &log);
    const bool is_run = log.options || log.updates > 0 || log.reason[0];
    if (log.reason[0]) {
        (void)snprintf(ended, sizeof ended, "ended (%s) after update %llu", log.reason,
                       (unsigned long long)log.updates);
    } else {
        (void)snprintf(ended, sizeof ended, "was stopped after update %llu", (unsigned long long)log.updates);
    }
    const char *const data = json_string_value(json_object_get(log.options, "data"));
    const bool from_stdin = data && strcmp(data, "-") == 0;
    rg_run_log_release(&log);
    RG_TRY(read);
    if (from_stdin) {
        return rg_fail(RG_BAD_FILE,
                       "%s holds a run on data from stdin, which cannot be read again, so it saved no checkpoint; save "
                       "the data as a file and start a new run, with --out %s --overwrite",
                       folder, rg_shell_word(folder, word));
    }
    return is_run ? rg_fail(RG_BAD_FILE,
                            "%s holds a run that %s, before it saved a checkpoint (checkpoint-N.ckpt), so there is "
                            "nothing to resume; start a new one, with --out %s --overwrite in its place",
                            folder, ended, rg_shell_word(folder, word))
                  : rg_fail(RG_BAD_FILE,
                            "%s holds no checkpoint (checkpoint-N.ckpt) of a run; give the folder that --out of the "
                            "run named",
                            folder);
}

static rg_status find(const char *folder, struct rg_resumed *r) {
    uint64_t *updates = NULL;
    size_t n = 0;
    char word[RG_SHELL_WORD];
    RG_TRY(rg_checkpoints_list(folder, &updates, &n));
    if (n == 0 && rg_trainings_count(folder) > 0) {
        rg_free(updates);
        return rg_fail(
            RG_BAD_FILE,
            "%s holds the results of a compare or sweep, which --resume does not take; the same command with "
            "--out %s goes on",
            folder, rg_shell_word(folder, word));
    }
    rg_status status = n > 0 ? read_newest(folder, updates, n, r) : refuse_without(folder);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        char path[RG_CHECKPOINT_PATH];
        rg_checkpoint_name(path, folder, updates[i]);
        if (strcmp(path, r->path) == 0) {
            break;
        }
        set_aside(path);
    }
    rg_free(updates);
    return status;
}

/* ---- Options ---- */

static rg_status check_program(const struct rg_resumed *r) {
    char *program = NULL;
    RG_TRY(rg_sections_get_text(r->sections, "program", &program));
    if (strcmp(program, RG_VERSION) != 0) {
        return rg_fail(RG_BAD_FILE,
                       "%s was written by rnn-gpu %.40s; this is rnn-gpu %s, which would continue with different bits: "
                       "resume it with that version",
                       r->path, program, RG_VERSION);
    }
    return RG_OK;
}

/* Take over the run's number of shards, so that any number of ranks continues with the same bits. With more ranks than
 * shards there are more shards. */
static void take_shards(const struct rg_config *asked, size_t of_run, struct rg_config *c) {
    const struct rg_ranks *const ranks = asked->machine.ranks;
    c->machine.ranks = asked->machine.ranks;
    c->machine.shards = asked->machine.shards > 0 ? asked->machine.shards : of_run;
    if (asked->machine.shards == 0 && rg_ranks_several(ranks) && of_run < ranks->n) {
        rg_log("the run has summed its batches in %zu shard%s, too few for %zu ranks; it continues with more shards, "
               "so its bits differ from those of one process",
               of_run, of_run == 1 ? "" : "s", ranks->n);
        c->machine.shards = 0;
    }
}

/* Take over the options that are given beside --resume. */
static rg_status take_anew(const struct rg_config *asked, struct rg_config *c) {
    const size_t shards = c->machine.shards;
    for (size_t i = 0; i < rg_n_options; i++) {
        if (rg_options[i].resuming == RG_RESUME_REPLACES && rg_config_gives(asked, rg_options[i].name)) {
            RG_TRY(rg_option_take(&rg_options[i], asked, c));
        }
    }
    if (rg_config_gives(asked, "updates")) {
        c->training.epochs = 0;
        rg_config_set_given(c, "epochs", false);
    } else if (rg_config_gives(asked, "epochs")) {
        rg_config_set_given(c, "updates", false);
    }
    take_shards(asked, shards, c);
    c->output.json = c->output.json || asked->output.json;
    c->output.quiet = c->output.quiet || asked->output.quiet;
    c->output.color = asked->output.color;
    c->output.out = c->output.resume = asked->output.resume;
    return RG_OK;
}

/* Find a data file of the run: under its name on the command line, else under its absolute name. Its contents must be
 * unchanged. */
static rg_status find_file(const struct rg_sections *s, struct rg_data_file *file) {
    char *whole = NULL, number[RG_SECTION_NAME];
    uint64_t bytes = 0, crc = 0;
    if (!file->path) {
        return RG_OK;
    }
    RG_TRY(rg_sections_get_text(s, file->name, &whole));
    (void)snprintf(number, sizeof number, "%s.bytes", file->name);
    RG_TRY(rg_sections_number(s, number, UINT64_MAX, &bytes));
    (void)snprintf(number, sizeof number, "%s.crc", file->name);
    RG_TRY(rg_sections_number(s, number, UINT32_MAX, &crc));
    const struct rg_fingerprint wanted = {bytes, (uint32_t)crc};
    const char *const names[] = {file->path, whole};
    bool exists = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rg_fingerprint found;
        if (access(names[i], F_OK) != 0) {
            continue;
        }
        exists = true;
        RG_TRY(rg_dataset_fingerprint(names[i], &found));
        if (rg_fingerprint_equal(&found, &wanted)) {
            file->path = names[i];
            return RG_OK;
        }
    }
    return exists
               ? rg_fail(RG_BAD_FILE,
                         "%s has changed since the run began; restore the old file of %llu bytes, or start a new run",
                         whole, (unsigned long long)bytes)
               : rg_fail(RG_BAD_FILE, "%s, the data of the run, no longer exists; restore it", whole);
}

static rg_status find_data(struct rg_resumed *r) {
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(&r->config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        RG_TRY(find_file(r->sections, &files[i]));
        rg_data_file_set(&r->config, i, files[i].path);
    }
    return RG_OK;
}

/* Report the files outside the folder that the run will write: the checkpoint may come from somebody else. */
static void tell(const struct rg_resumed *r) {
    const struct rg_config *const c = &r->config;
    const char *const files[] = {c->output.log, c->output.tensorboard, c->output.report, c->output.plot};
    rg_log("resuming from %s, after update %llu", r->path, (unsigned long long)r->update);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i]) {
            rg_log("it writes %s too", files[i]);
        }
    }
}

/* The option that a word of a command line gives, or NULL. */
static const struct rg_option *option_of(const char *word) {
    return strncmp(word, "--", 2) == 0 ? rg_option_find(word, strcspn(word, "=")) : NULL;
}

/* Read the run's command line. Only this line has the options whose being given is not kept with their values. */
static rg_status take_arguments(struct rg_resumed *r) {
    const struct rg_section *const section = rg_sections_find(r->sections, "arguments");
    char *at = section ? section->data : NULL;
    const size_t bytes = section ? section->bytes : 0;
    if (bytes == 0 || at[bytes - 1] != '\0') {
        return rg_fail(RG_BAD_FILE, "%s: the section 'arguments' is not a command line", r->path);
    }
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        n += at[i] == '\0';
    }
    RG_TRY(rg_alloc(&r->arguments, n + 1, sizeof *r->arguments, "the command line"));
    for (size_t i = 0; i < n; i++, at += strlen(at) + 1) {
        const struct rg_option *const option = i > 0 ? option_of(at) : NULL;
        r->arguments[i] = at;
        if (option && !option->given_matters) {
            rg_config_set_given(&r->config, option->name, true);
        }
    }
    r->config.arguments = r->arguments;
    r->config.n_arguments = (int)n;
    return RG_OK;
}

/* ---- The command that makes the whole run ---- */

/* Number of words of an option that begins at `words`: 2 with its value in the next word. */
static int words_of(const struct rg_option *option, char *const *words, int left) {
    return option && option->kind != RG_KIND_FLAG && !strchr(words[0], '=') && left > 1 ? 2 : 1;
}

static bool replaces(const struct rg_option *option) {
    return option && option->resuming == RG_RESUME_REPLACES;
}

/* Does `by`, given beside --resume, take the place of the run's option? --updates and --epochs say the same. */
static bool is_replaced(const struct rg_option *option, const struct rg_option *by) {
    static const char *const ends[] = {"updates", "epochs"};
    bool both = true;
    for (size_t i = 0; option && i < 2; i++) {
        both = both && (strcmp(option->name, ends[i]) == 0 || strcmp(by->name, ends[i]) == 0);
    }
    return option && (option == by || both);
}

/* Does the rate of an update depend on how many are to follow? Then no command alone makes a run that was lengthened.
 */
static bool rate_depends_on_end(const struct rg_config *c) {
    const enum rg_schedule kind = c->training.schedule.kind;
    return kind == RG_SCHEDULE_COSINE || kind == RG_SCHEDULE_LINEAR || kind == RG_SCHEDULE_ONE_CYCLE;
}

/* Is the option of the run, at word `at`, replaced by one of the command line of `asked`? */
static bool is_given_anew(const struct rg_config *asked, const struct rg_option *option) {
    for (int i = 1; i < asked->n_arguments; i++) {
        const struct rg_option *const by = option_of(asked->arguments[i]);
        if (replaces(by) && is_replaced(option, by)) {
            return true;
        }
    }
    return false;
}

/* Put the options beside --resume in place of the run's own, so that the command line makes the run as it will be. If
 * there is no such command line, add the present one as a second one, behind a word of a newline. */
static rg_status merge_arguments(const struct rg_config *asked, bool lengthened, struct rg_resumed *r) {
    const int n_old = r->config.n_arguments, n_new = asked->n_arguments;
    const bool chained = lengthened && rate_depends_on_end(&r->config);
    char **all = NULL;
    int n = 0;
    RG_TRY(rg_alloc(&all, (size_t)(n_old + n_new) + 1, sizeof *all, "the command line"));
    for (int i = 0, words = 0; i < n_old; i += words) {
        const struct rg_option *const option = i ? option_of(r->arguments[i]) : NULL;
        words = words_of(option, r->arguments + i, n_old - i);
        for (int k = 0; k < words && (chained || !option || !is_given_anew(asked, option)); k++) {
            all[n++] = r->arguments[i + k];
        }
    }
    if (chained) {
        all[n++] = r->newline;
    }
    for (int i = 1, words = 0; i < n_new; i += words) {
        const struct rg_option *const option = option_of(asked->arguments[i]);
        words = words_of(option, asked->arguments + i, n_new - i);
        for (int k = 0; k < words && (chained || replaces(option)); k++) {
            all[n++] = asked->arguments[i + k];
        }
    }
    rg_free(r->arguments);
    r->arguments = r->config.arguments = all;
    r->config.n_arguments = n;
    return RG_OK;
}

/* A limit given anew must leave time: --max-time counts the seconds of the whole run. */
static rg_status check_time(const struct rg_config *asked, const struct rg_resumed *r) {
    const double limit = asked->training.max_time;
    char spent[RG_NUMBER_BYTES], text[RG_NUMBER_BYTES];
    double seconds = 0.0;
    RG_TRY(rg_sections_real(r->sections, "training.seconds", &seconds));
    return !rg_config_gives(asked, "max-time") || !(limit > 0.0) || seconds < limit
               ? RG_OK
               : rg_fail(RG_USAGE,
                         "%s has already trained for %s, and --max-time ends the whole run after %s; give a larger "
                         "--max-time",
                         r->path, rg_seconds_text(seconds, spent), rg_seconds_text(limit, text));
}

static rg_status take_options(const struct rg_config *asked, struct rg_resumed *r) {
    char *options = NULL;
    RG_TRY(check_program(r));
    RG_TRY(rg_sections_number(r->sections, "training.updates", UINT64_MAX, &r->update));
    RG_TRY(rg_sections_get_text(r->sections, "options", &options));
    RG_TRY(rg_options_restore("train", r->path, options, &r->config));
    const struct rg_training_options before = r->config.training;
    RG_TRY(take_arguments(r));
    RG_TRY(take_anew(asked, &r->config));
    RG_TRY(check_time(asked, r));
    const bool lengthened = before.updates != r->config.training.updates || before.epochs != r->config.training.epochs;
    RG_TRY(merge_arguments(asked, lengthened, r));
    return find_data(r);
}

rg_status rg_resumed_open(const struct rg_config *asked, struct rg_resumed *r) {
    *r = (struct rg_resumed){.sections = NULL, .newline = "\n"};
    rg_status status = find(asked->output.resume, r);
    status = status == RG_OK ? take_options(asked, r) : status;
    if (status != RG_OK) {
        rg_resumed_release(r);
        return status;
    }
    rg_log_quiet(r->config.output.quiet);
    tell(r);
    return RG_OK;
}

void rg_resumed_release(struct rg_resumed *r) {
    rg_free(r->arguments);
    rg_sections_destroy(r->sections);
    r->arguments = NULL;
    r->sections = NULL;
}
