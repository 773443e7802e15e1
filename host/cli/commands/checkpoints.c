/* When checkpoints are written, and which are kept: see checkpoints.h. */
#define _GNU_SOURCE
#include "cli/commands/checkpoints.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/called.h"
#include "base/clock.h"
#include "base/sizes.h"
#include "data/data_fingerprint.h"
#include "files/json_lines.h"
#include "files/shell_text.h"
#include "options/options_store.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/checkpoint.h"

enum { KEPT = 2 };
static const char first_part[] = "checkpoint-", last_part[] = ".ckpt";

/* ---- Finding ---- */

void rg_checkpoint_name(char path[RG_CHECKPOINT_PATH], const char *folder, uint64_t update) {
    (void)snprintf(path, RG_CHECKPOINT_PATH, "%.4000s/%s%llu%s", folder, first_part, (unsigned long long)update,
                   last_part);
}

/* Is it the name of a checkpoint? Leading zeros are not allowed, so each update has one name. */
static bool is_checkpoint(const char *name, uint64_t *update) {
    char again[64];
    if (strncmp(name, first_part, strlen(first_part)) != 0) {
        return false;
    }
    *update = strtoull(name + strlen(first_part), NULL, 10);
    (void)snprintf(again, sizeof again, "%s%llu%s", first_part, (unsigned long long)*update, last_part);
    return strcmp(name, again) == 0;
}

static int newest_first(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* *n = the number of checkpoints in the folder. The first `max` of them are in `updates`. */
static rg_status read_names(DIR *folder, const char *path, uint64_t *updates, size_t max, size_t *n) {
    uint64_t update = 0;
    *n = 0;
    rewinddir(folder);
    errno = 0; /* readdir changes it only on an error */
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (is_checkpoint(entry->d_name, &update)) {
            if (*n < max) {
                updates[*n] = update;
            }
            ++*n;
        }
        errno = 0;
    }
    return errno == 0 ? RG_OK : rg_fail(RG_BAD_FILE, "%s: the folder cannot be read: %s", path, strerror(errno));
}

/* In the order of the folder. */
static rg_status list_names(DIR *folder, const char *path, uint64_t **updates, size_t *n) {
    size_t max = 0, found = 0;
    RG_TRY(read_names(folder, path, NULL, 0, &max));
    RG_TRY(rg_alloc(updates, max, sizeof **updates, "the names of checkpoints"));
    const rg_status status = read_names(folder, path, *updates, max, &found);
    if (status != RG_OK) {
        rg_free(*updates);
        *updates = NULL;
        return status;
    }
    *n = rg_min(found, max); /* another process may have added one in between */
    return RG_OK;
}

rg_status rg_checkpoints_list(const char *folder, uint64_t **updates, size_t *n) {
    DIR *const list = opendir(folder);
    *updates = NULL;
    *n = 0;
    if (!list) {
        return errno == ENOENT ? RG_OK
                               : rg_fail(RG_BAD_FILE, "%s: the folder cannot be read: %s", folder, strerror(errno));
    }
    const rg_status status = list_names(list, folder, updates, n);
    if (*updates) {
        qsort(*updates, *n, sizeof **updates, newest_first);
    }
    (void)closedir(list);
    return status;
}

/* Remove the checkpoint of an update, if it is there. */
static rg_status remove_checkpoint(const char *folder, uint64_t update) {
    char path[RG_CHECKPOINT_PATH];
    rg_checkpoint_name(path, folder, update);
    return unlink(path) == 0 || errno == ENOENT
               ? RG_OK
               : rg_fail(RG_NOT_SAVED, "%s: the earlier checkpoint cannot be removed: %s", path, strerror(errno));
}

rg_status rg_checkpoints_clear(const char *folder) {
    uint64_t *updates = NULL;
    size_t n = 0;
    RG_TRY(rg_checkpoints_list(folder, &updates, &n));
    rg_status status = RG_OK;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        status = remove_checkpoint(folder, updates[i]);
    }
    rg_free(updates);
    return status;
}

/* Keep only the newest checkpoints of the `done` updates so far. A failure is only reported: the run has what it needs.
 */
static void prune(const char *folder, uint64_t done) {
    uint64_t *updates = NULL;
    size_t n = 0, kept = 0;
    rg_status status = rg_checkpoints_list(folder, &updates, &n);
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        if (updates[i] <= done && ++kept > KEPT) {
            status = remove_checkpoint(folder, updates[i]);
        }
    }
    if (status != RG_OK) {
        rg_log("%s", rg_error_message());
    }
    rg_free(updates);
}

/* ---- Writing ---- */

/* The files that a run reads, with the places of their paths in a config. */
static const struct {
    const char *name;
    size_t offset;
} places[RG_DATA_FILES] = {
    {"data", offsetof(struct rg_config, data.file)},
    {"val", offsetof(struct rg_config, data.val)},
    {"test", offsetof(struct rg_config, data.test)},
    {"model", offsetof(struct rg_config, data.model_file)},
};

void rg_data_files(const struct rg_config *config, struct rg_data_file files[RG_DATA_FILES]) {
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        const char *const *const path = (const void *)((const char *)config + places[i].offset);
        files[i] = (struct rg_data_file){places[i].name, *path};
    }
}

void rg_data_file_set(struct rg_config *config, size_t which, const char *path) {
    const char **const place = (void *)((char *)config + places[which].offset);
    *place = path;
}

/* Can the run read all its input again? */
static bool can_read_again(const struct rg_config *c) {
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(c, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        if (files[i].path && strcmp(files[i].path, "-") == 0) {
            return false;
        }
    }
    return true;
}

/* Take the fingerprints of the files that exist. */
static rg_status take_fingerprints(struct rg_checkpoints *c) {
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(c->config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        RG_TRY(files[i].path ? rg_dataset_fingerprint(files[i].path, &c->data[i]) : RG_OK);
    }
    return RG_OK;
}

static rg_status add_file(const struct rg_data_file *file, const struct rg_fingerprint *found, struct rg_sections *s) {
    char whole[PATH_MAX], section[RG_SECTION_NAME];
    if (!file->path) {
        return RG_OK;
    }
    if (!realpath(file->path, whole)) {
        return rg_fail(RG_NOT_SAVED, "%s: the absolute name of the data file, which a checkpoint needs: %s", file->path,
                       strerror(errno));
    }
    (void)snprintf(section, sizeof section, "%s.bytes", file->name);
    rg_sections_put(s, section, found->bytes);
    (void)snprintf(section, sizeof section, "%s.crc", file->name);
    rg_sections_put(s, section, found->crc);
    return rg_sections_add_text(s, file->name, whole);
}

static rg_status add_data(const struct rg_checkpoints *c, struct rg_sections *s) {
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(c->config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        RG_TRY(add_file(&files[i], &c->data[i], s));
    }
    return RG_OK;
}

static rg_status add_arguments(const struct rg_config *c, struct rg_sections *s) {
    size_t bytes = 0;
    char *to = NULL;
    for (int i = 0; i < c->n_arguments; i++) {
        bytes += strlen(c->arguments[i]) + 1;
    }
    RG_TRY(rg_sections_add(s, "arguments", bytes, &to));
    for (int i = 0; i < c->n_arguments; i++) {
        const size_t length = strlen(c->arguments[i]) + 1;
        memcpy(to, c->arguments[i], length);
        to += length;
    }
    return RG_OK;
}

/* Add every section of a checkpoint to `s`. *finite = false if the run has a weight or other number that is NaN or
 * infinite; such a run is not saved. */
static rg_status add_state(struct rg_checkpoints *c, struct rg_sections *s, bool *finite) {
    RG_TRY(rg_sections_add_text(s, "program", RG_VERSION));
    RG_TRY(rg_sections_add_text(s, "options", c->options));
    RG_TRY(rg_sections_add_text(s, "settings", c->settings));
    RG_TRY(rg_sections_add_text(s, "device", c->run->device->info.name));
    RG_TRY(add_arguments(c->config, s));
    RG_TRY(add_data(c, s));
    RG_TRY(rg_checkpoint_gather(c->run, s, finite));
    return rg_recorder_gather(c->recorder, s);
}

static rg_status write_checkpoint(struct rg_checkpoints *c, uint64_t update, bool *finite) {
    struct rg_sections *s = NULL;
    RG_TRY(rg_lock_check(c->lock));
    RG_TRY(rg_sections_create(&s));
    rg_checkpoint_name(c->path, c->config->output.out, update);
    rg_status status = add_state(c, s, finite);
    if (status == RG_OK && *finite) {
        status = rg_sections_write(s, c->path);
    }
    rg_sections_destroy(s);
    return status;
}

static void set_due_time(struct rg_checkpoints *c) {
    const double seconds = c->config->output.save_every.seconds;
    c->due_time = seconds > 0.0 ? rg_seconds() + seconds : INFINITY;
}

/* Write a checkpoint of the present state. */
static rg_status save(struct rg_checkpoints *c) {
    const uint64_t update = c->run->state.training.updates;
    bool finite = true;
    RG_TRY(write_checkpoint(c, update, &finite));
    set_due_time(c);
    if (!finite) {
        return RG_OK;
    }
    if (c->is_failing) {
        c->is_failing = false;
        rg_log("%s: saved; the earlier failure is over", c->path);
    }
    c->newest = update;
    rg_recorder_event(c->recorder, rg_json_pack("{s:s, s:o, s:I}", "event", "checkpoint", "file", rg_json_text(c->path),
                                                "update", (json_int_t)update));
    prune(c->config->output.out, update);
    return RG_OK;
}

static bool is_due(const struct rg_checkpoints *c) {
    const uint64_t update = c->run->state.training.updates, every = c->config->output.save_every.updates;
    if (c->is_failing) {
        return rg_seconds() >= c->retry_time;
    }
    return (every && update % every == 0) || rg_seconds() >= c->due_time;
}

/* Copy the run's state to the host, if a copy is due. Copies take at most 1 / COST of the time. */
static rg_status copy_state(struct rg_checkpoints *c) {
    static const double SECONDS = 0.5, COST = 100.0;
    const double begin = rg_seconds();
    struct rg_sections *s = NULL;
    bool finite = true;
    if (begin < c->copy_time) {
        return RG_OK;
    }
    rg_status status = rg_sections_create(&s);
    status = status == RG_OK ? add_state(c, s, &finite) : status;
    if (status == RG_OK && finite) {
        struct rg_sections *const old = c->copy;
        c->copy = s;
        c->copied = c->run->state.training.updates;
        s = old;
    }
    rg_sections_destroy(s);
    c->copy_time = rg_seconds() + fmax(SECONDS, COST * (rg_seconds() - begin));
    /* the same failure will be reported when a checkpoint is due */
    return status == RG_NOT_SAVED || status == RG_NO_MEMORY ? RG_OK : status;
}

/* Called between updates: save a checkpoint if one is due, else a copy. A failure is reported once; the run continues
 * and tries again after a while. */
static rg_status on_rest(void *self, struct rg_run *run) {
    static const double AGAIN_SECONDS = 1.0, COST = 20.0;
    struct rg_checkpoints *const c = self;
    if (run->state.training.updates == c->newest || !is_due(c)) {
        return copy_state(c);
    }
    const double begin = rg_seconds();
    const rg_status status = save(c);
    if (status != RG_NOT_SAVED) {
        return status;
    }
    if (!c->is_failing) {
        rg_log("%s; the run continues and tries again", rg_error_message());
    }
    c->is_failing = true;
    c->retry_time = rg_seconds() + fmax(AGAIN_SECONDS, COST * (rg_seconds() - begin));
    return RG_OK;
}

/* After the last update. A failure is reported only after the model was saved. */
static rg_status on_end(void *self, struct rg_run *run) {
    struct rg_checkpoints *const c = self;
    const struct rg_training *const t = &run->result.training;
    if (t->updates <= c->newest || t->reason == RG_REASON_DIVERGED) {
        return RG_OK;
    }
    const rg_status status = save(c);
    if (status != RG_NOT_SAVED) {
        return status;
    }
    (void)snprintf(c->message, sizeof c->message, "%s", rg_error_message());
    return RG_OK;
}

rg_status rg_checkpoints_begin(struct rg_checkpoints *c, const struct rg_config *config, struct rg_run *run,
                               struct rg_recorder *recorder, const struct rg_lock *lock, uint64_t done) {
    *c = (struct rg_checkpoints){.config = config, .run = run, .recorder = recorder, .lock = lock, .newest = done};
    if (!can_read_again(config)) {
        rg_log("data from stdin cannot be read again, so no checkpoint is made");
        return RG_OK;
    }
    struct rg_config chosen = *config;
    chosen.training.lr = run->config.training.lr; /* what --lr auto found */
    /* the number of shards determines the bits, for any number of ranks */
    chosen.machine.shards = run->config.machine.shards;
    RG_TRY(rg_options_store("train", &chosen, &c->options));
    RG_TRY(rg_options_store("train", &run->config, &c->settings));
    RG_TRY(take_fingerprints(c));
    set_due_time(c);
    run->on_rest = on_rest;
    run->on_end = on_end;
    run->rest_self = c;
    run->rest_every = config->output.save_every.updates;
    return RG_OK;
}

rg_status rg_checkpoints_end(const struct rg_checkpoints *c) {
    return c->message[0] ? rg_fail(RG_NOT_SAVED, "%s", c->message) : RG_OK;
}

/* Write the last copy of the run's state as a checkpoint, if it is newer than the existing ones. */
static rg_status save_copy(struct rg_checkpoints *c) {
    if (!c->copy || c->copied <= c->newest) {
        return RG_OK;
    }
    RG_TRY(rg_lock_check(c->lock));
    rg_checkpoint_name(c->path, c->config->output.out, c->copied);
    RG_TRY(rg_sections_write(c->copy, c->path));
    c->newest = c->copied;
    prune(c->config->output.out, c->newest);
    return RG_OK;
}

/* Append "; " and a text to a message. */
__attribute__((format(printf, 3, 4))) static void append(char *message, size_t bytes, const char *format, ...) {
    const size_t used = strlen(message);
    va_list list;
    va_start(list, format);
    if (used + 3 < bytes) {
        memcpy(message + used, "; ", 3);
        (void)vsnprintf(message + used + 2, bytes - used - 2, format, list);
    }
    va_end(list);
}

rg_status rg_checkpoints_rescue(struct rg_checkpoints *c, rg_status status, const char *model_path) {
    char message[1024], word[RG_SHELL_WORD];
    if (!c->run || c->run->result.weights_update == 0) {
        return status;
    }
    (void)snprintf(message, sizeof message, "%.400s", rg_error_message());
    if (rg_lock_check(c->lock) == RG_OK && rg_model_save(c->run->model, model_path) == RG_OK) {
        append(message, sizeof message, "saved the weights after update %llu in %.200s",
               (unsigned long long)c->run->result.weights_update, model_path);
    } else {
        append(message, sizeof message, "%.250s", rg_error_message());
    }
    if (save_copy(c) != RG_OK) {
        append(message, sizeof message, "%.250s", rg_error_message());
    }
    if (c->newest) {
        append(message, sizeof message, "resume with: " RG_CALLED " --resume %s",
               rg_shell_word(c->config->output.out, word));
    }
    return rg_fail(status, "%s", message);
}

void rg_checkpoints_release(struct rg_checkpoints *c) {
    rg_sections_destroy(c->copy);
    rg_free(c->options);
    rg_free(c->settings);
    *c = (struct rg_checkpoints){.config = NULL};
}
