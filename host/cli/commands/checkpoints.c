/* When checkpoints are written, and which are kept: see checkpoints.h. */
#define _GNU_SOURCE
#include "cli/commands/checkpoints.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/data_fingerprint.h"
#include "options/options_store.h"
#include "files/json_lines.h"
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
    char *end = NULL, again[64];
    if (strncmp(name, first_part, strlen(first_part)) != 0) {
        return false;
    }
    *update = strtoull(name + strlen(first_part), &end, 10);
    (void)snprintf(again, sizeof again, "%s%llu%s", first_part, (unsigned long long)*update, last_part);
    return strcmp(name, again) == 0;
}

static int newest_first(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t scan(DIR *folder, uint64_t *updates, size_t max) {
    size_t n = 0;
    uint64_t update = 0;
    rewinddir(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (is_checkpoint(entry->d_name, &update)) {
            if (n < max) {
                updates[n] = update;
            }
            n++;
        }
    }
    return n;
}

rg_status rg_checkpoints_list(const char *folder, uint64_t **updates, size_t *n) {
    DIR *const list = opendir(folder);
    *updates = NULL;
    *n = 0;
    if (!list) {
        return RG_OK;
    }
    const size_t max = scan(list, NULL, 0);
    const rg_status status = rg_alloc(updates, max, sizeof **updates, "the names of checkpoints");
    if (status == RG_OK) {
        const size_t found = scan(list, *updates, max);
        *n = found < max ? found : max;
        qsort(*updates, *n, sizeof **updates, newest_first);
    }
    (void)closedir(list);
    return status;
}

rg_status rg_checkpoints_clear(const char *folder) {
    uint64_t *updates = NULL;
    size_t n = 0;
    char path[RG_CHECKPOINT_PATH];
    RG_TRY(rg_checkpoints_list(folder, &updates, &n));
    for (size_t i = 0; i < n; i++) {
        rg_checkpoint_name(path, folder, updates[i]);
        (void)unlink(path);
    }
    rg_free(updates);
    return RG_OK;
}

/* Keep only the newest checkpoints among those up to update `newest`. */
static rg_status prune(const char *folder, uint64_t newest) {
    uint64_t *updates = NULL;
    size_t n = 0, kept = 0;
    char path[RG_CHECKPOINT_PATH];
    RG_TRY(rg_checkpoints_list(folder, &updates, &n));
    for (size_t i = 0; i < n; i++) {
        if (updates[i] <= newest && ++kept > KEPT) {
            rg_checkpoint_name(path, folder, updates[i]);
            (void)unlink(path);
        }
    }
    rg_free(updates);
    return RG_OK;
}

/* ---- Writing ---- */

void rg_data_files(struct rg_config *c, struct rg_data_file files[RG_DATA_FILES]) {
    files[0] = (struct rg_data_file){"data", &c->data.file};
    files[1] = (struct rg_data_file){"val", &c->data.val};
    files[2] = (struct rg_data_file){"test", &c->data.test};
    files[3] = (struct rg_data_file){"model", &c->data.model_file};
}

/* Can the run read all its input again? */
static bool can_read_again(const struct rg_config *c) {
    struct rg_config config = *c;
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(&config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        if (*files[i].path && strcmp(*files[i].path, "-") == 0) {
            return false;
        }
    }
    return true;
}

/* Take the fingerprints of the files that exist. */
static rg_status take_fingerprints(struct rg_checkpoints *c) {
    struct rg_config config = *c->config;
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(&config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        RG_TRY(*files[i].path ? rg_dataset_fingerprint(*files[i].path, &c->data[i]) : RG_OK);
    }
    return RG_OK;
}

static rg_status gather_file(const struct rg_data_file *file, const struct rg_fingerprint *found,
                             struct rg_sections *s) {
    char whole[PATH_MAX], number[RG_SECTION_NAME];
    if (!*file->path) {
        return RG_OK;
    }
    if (!realpath(*file->path, whole)) {
        return rg_fail(RG_NOT_SAVED, "%s: the data file no longer exists: %s", *file->path, strerror(errno));
    }
    (void)snprintf(number, sizeof number, "%s.bytes", file->name);
    rg_sections_put(s, number, found->bytes);
    (void)snprintf(number, sizeof number, "%s.crc", file->name);
    rg_sections_put(s, number, found->crc);
    return rg_sections_add_text(s, file->name, whole);
}

static rg_status gather_data(const struct rg_checkpoints *c, struct rg_sections *s) {
    struct rg_config config = *c->config;
    struct rg_data_file files[RG_DATA_FILES];
    rg_data_files(&config, files);
    for (size_t i = 0; i < RG_DATA_FILES; i++) {
        RG_TRY(gather_file(&files[i], &c->data[i], s));
    }
    return RG_OK;
}

static rg_status gather_arguments(const struct rg_config *c, struct rg_sections *s) {
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

static rg_status gather(struct rg_checkpoints *c, struct rg_sections *s, bool *finite) {
    RG_TRY(rg_sections_add_text(s, "program", RG_VERSION));
    RG_TRY(rg_sections_add_text(s, "options", c->options));
    RG_TRY(rg_sections_add_text(s, "device", c->run->device->info.name));
    RG_TRY(gather_arguments(c->config, s));
    RG_TRY(gather_data(c, s));
    RG_TRY(rg_checkpoint_gather(c->run, s, finite));
    return rg_recorder_gather(c->recorder, s);
}

static rg_status write_checkpoint(struct rg_checkpoints *c, uint64_t update, bool *finite) {
    struct rg_sections *s = NULL;
    RG_TRY(rg_sections_create(&s));
    rg_checkpoint_name(c->path, c->config->output.out, update);
    rg_status status = gather(c, s, finite);
    if (status == RG_OK && *finite) {
        status = rg_sections_write(s, c->path);
    }
    rg_sections_destroy(s);
    return status;
}

static void set_next(struct rg_checkpoints *c) {
    const double seconds = c->config->output.save_every.seconds;
    c->due = seconds > 0.0 ? rg_seconds() + seconds : INFINITY;
}

/* Write a checkpoint of the present state. */
static rg_status save(struct rg_checkpoints *c) {
    const uint64_t update = c->run->state.training.updates;
    bool finite = true;
    RG_TRY(write_checkpoint(c, update, &finite));
    set_next(c);
    if (!finite) {
        return RG_OK;
    }
    if (c->is_failing) {
        c->is_failing = false;
        rg_log("%s: saved; there is room again", c->path);
    }
    c->newest = update;
    rg_recorder_event(c->recorder, rg_json_pack("{s:s, s:o, s:I}", "event", "checkpoint", "file", rg_json_text(c->path),
                                                "update", (json_int_t)update));
    return prune(c->config->output.out, update);
}

static bool is_due(const struct rg_checkpoints *c) {
    const uint64_t update = c->run->state.training.updates, every = c->config->output.save_every.updates;
    if (c->is_failing) {
        return rg_seconds() >= c->next;
    }
    return (every && update % every == 0) || rg_seconds() >= c->due;
}

/* Copy the run's state to the host. */
static rg_status copy_state(struct rg_checkpoints *c) {
    static const double SECONDS = 0.5, COST = 100.0;
    const double begin = rg_seconds();
    struct rg_sections *s = NULL;
    bool finite = true;
    if (begin < c->next_copy) {
        return RG_OK;
    }
    RG_TRY(rg_sections_create(&s));
    const rg_status status = gather(c, s, &finite);
    if (status == RG_OK && finite) {
        struct rg_sections *const old = c->copy;
        c->copy = s;
        c->copied = c->run->state.training.updates;
        s = old;
    }
    rg_sections_destroy(s);
    c->next_copy = rg_seconds() + fmax(SECONDS, COST * (rg_seconds() - begin));
    return status == RG_NOT_SAVED || status == RG_NO_MEMORY ? RG_OK : status; /* it is told when a checkpoint is due */
}

/* A failure is reported once. The run continues and tries again after a while. */
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
    c->next = rg_seconds() + fmax(AGAIN_SECONDS, COST * (rg_seconds() - begin));
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
                               struct rg_recorder *recorder, uint64_t newest) {
    *c = (struct rg_checkpoints){.config = config, .run = run, .recorder = recorder, .newest = newest};
    if (!can_read_again(config)) {
        rg_log("data from stdin cannot be read again, so no checkpoint is made");
        return RG_OK;
    }
    struct rg_config chosen = *config;
    chosen.training.lr = run->config.training.lr; /* what --lr auto found */
    /* the number of shards determines the bits, for any number of ranks */
    chosen.machine.shards = run->config.machine.shards;
    RG_TRY(rg_options_store("train", &chosen, &c->options));
    RG_TRY(take_fingerprints(c));
    set_next(c);
    run->on_rest = on_rest;
    run->on_end = on_end;
    run->rest_self = c;
    run->rest_every = config->output.save_every.updates;
    return RG_OK;
}

rg_status rg_checkpoints_end(const struct rg_checkpoints *c) {
    return c->message[0] ? rg_fail(RG_NOT_SAVED, "%s", c->message) : RG_OK;
}

static rg_status save_copy(struct rg_checkpoints *c) {
    if (!c->copy || c->copied <= c->newest) {
        return RG_OK;
    }
    rg_checkpoint_name(c->path, c->config->output.out, c->copied);
    RG_TRY(rg_sections_write(c->copy, c->path));
    c->newest = c->copied;
    return prune(c->config->output.out, c->newest);
}

rg_status rg_checkpoints_rescue(struct rg_checkpoints *c, rg_status status, const char *model_path) {
    char what[600];
    if (!c->run || c->run->result.weights_update == 0) {
        return status;
    }
    (void)snprintf(what, sizeof what, "%s", rg_error_message());
    RG_TRY(save_copy(c));
    RG_TRY(rg_model_save(c->run->model, model_path));
    return rg_fail(status, "%s; saved the weights after update %llu in %.500s%s%.500s", what,
                   (unsigned long long)c->run->result.weights_update, model_path,
                   c->newest ? "; resume with: rnn-gpu --resume " : "", c->newest ? c->config->output.out : "");
}

void rg_checkpoints_release(struct rg_checkpoints *c) {
    rg_sections_destroy(c->copy);
    rg_free(c->options);
    *c = (struct rg_checkpoints){.config = NULL};
}
