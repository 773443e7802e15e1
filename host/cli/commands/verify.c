/* `rnn-gpu verify`: is a file intact, or are the files of a run's folder? */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/counted.h"
#include "base/ending.h"
#include "cli/commands/commands.h"
#include "cli/commands/file_kind.h"
#include "cli/commands/recorder.h"
#include "cli/commands/trainings.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "files/json_lines.h"
#include "files/sections.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"

enum { PATH_BYTES = 4096 + 300, WHAT_BYTES = 700, UNREAD_BYTES = 500 };

/* ---- One file ---- */

static rg_status check_checkpoint(const char *path, char what[WHAT_BYTES]) {
    struct rg_sections *s = NULL;
    bool foreign = false;
    uint64_t update = 0;
    RG_TRY(rg_sections_read(path, &s, &foreign));
    if (rg_trainings_is(s)) {
        (void)snprintf(what, WHAT_BYTES,
                       "the result of a training of compare or sweep; the checksums of %zu sections are right",
                       s->n + 1);
        rg_sections_destroy(s);
        return RG_OK;
    }
    const rg_status status = rg_sections_number(s, "training.updates", UINT64_MAX, &update);
    (void)snprintf(what, WHAT_BYTES, "a checkpoint after update %llu; the checksums of %zu sections are right",
                   (unsigned long long)update, s->n + 1);
    rg_sections_destroy(s);
    return status;
}

/* "; of types that rnn-gpu does not read: names (<U1)", or "" where there are none. */
static const char *list_unread(const struct rg_tensors *tensors, char text[UNREAD_BYTES]) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < tensors->count; i++) {
        const char *const name = tensors->items[i].name, *const type = tensors->types[i];
        if (!type) {
            continue;
        }
        length += (size_t)snprintf(text + length, UNREAD_BYTES - length, "%s%.80s (%.40s)",
                                   length ? ", " : "; of types that rnn-gpu does not read: ", name, type);
        if (length + 150 > UNREAD_BYTES) { /* the next one, and this */
            (void)snprintf(text + length, UNREAD_BYTES - length, ", ...");
            break;
        }
    }
    return text;
}

/* A model of rnn-gpu is checked like one that is loaded, other tensors by the rules of their format. */
static rg_status check_tensors(const char *path, enum rg_file_kind kind, char what[WHAT_BYTES]) {
    const struct rg_shape defaults = {.cell = RG_N_CELLS, .readout = RG_N_READOUTS, .loss = RG_LOSS_AUTO};
    const struct rg_model_reading how = {.defaults = &defaults};
    struct rg_tensors *tensors = NULL;
    struct rg_model *model = NULL;
    RG_TRY(rg_tensors_list(path, &tensors));
    const bool own = tensors->config != NULL;
    char number[RG_COUNTED_BYTES], unread[UNREAD_BYTES];
    (void)snprintf(what, WHAT_BYTES, "%s of %s%s%s", own ? "a model" : "a file",
                   rg_counted(tensors->count, "tensor", number),
                   kind == RG_FILE_NPZ ? "; their checksums are right" : "; the format has no checksums",
                   list_unread(tensors, unread));
    rg_tensors_destroy(tensors);
    RG_TRY(own ? rg_model_read(path, &how, &model) : RG_OK);
    rg_model_destroy(model);
    return RG_OK;
}

/* The update after `update` that a log has. */
static uint64_t next_logged(uint64_t update) {
    do {
        update++;
    } while (!rg_recorder_logs(update));
    return update;
}

/* Check one line of a log: complete JSON, and the update that follows the previous one. */
static rg_status check_line(const char *path, size_t number, const char *line, size_t length, uint64_t *update) {
    json_t *const event = json_loadb(line, length, 0, NULL);
    const char *const kind = json_string_value(json_object_get(event, "event"));
    const bool is_update = kind && strcmp(kind, "update") == 0;
    const uint64_t this = is_update ? (uint64_t)json_integer_value(json_object_get(event, "update")) : 0;
    const bool known = kind != NULL;
    json_decref(event);
    if (!known) {
        return rg_fail(RG_BAD_FILE, "%s: line %zu is not an event", path, number);
    }
    if (is_update && *update > 0 && this != next_logged(*update)) {
        return rg_fail(RG_BAD_FILE, "%s: line %zu has update %llu; the line before has %llu", path, number,
                       (unsigned long long)this, (unsigned long long)*update);
    }
    *update = is_update ? this : *update;
    return RG_OK;
}

static rg_status check_log(const char *path, char what[WHAT_BYTES]) {
    FILE *const file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0, number = 0;
    uint64_t update = 0;
    rg_status status = RG_OK;
    if (!file) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", path, strerror(errno));
    }
    for (ssize_t n = 0; status == RG_OK && (n = getline(&line, &room, file)) > 0;) {
        status = check_line(path, ++number, line, (size_t)n, &update);
    }
    (void)fclose(file);
    free(line);
    char events[RG_COUNTED_BYTES];
    (void)snprintf(what, WHAT_BYTES, "a log of %s, up to update %llu", rg_counted(number, "event", events),
                   (unsigned long long)update);
    return status;
}

static const char *const endings[] = {".ckpt", ".done", ".safetensors", ".npz", ".npy", ".jsonl"};

static bool is_known(const char *name) {
    bool known = false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        known = known || rg_ends_in(name, endings[i]);
    }
    return known;
}

static bool is_empty(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0;
}

/* RG_CHECK_FAILED for a damaged file of a known kind. RG_BAD_FILE for a file that cannot be read or is of an unknown
 * kind. */
static rg_status check_file(const char *path, char what[WHAT_BYTES]) {
    enum rg_file_kind kind = RG_FILE_OTHER;
    rg_status status = RG_OK;
    const bool is_log = rg_ends_in(path, ".jsonl"),
               is_checkpoint = rg_ends_in(path, ".ckpt") || rg_ends_in(path, ".done");
    if (is_known(path) && is_empty(path)) {
        return rg_fail(RG_CHECK_FAILED, "%s: the file is empty", path);
    }
    RG_TRY(rg_file_kind_of(path, &kind));
    if (is_log) {
        status = check_log(path, what);
    } else if (kind == RG_FILE_CHECKPOINT || is_checkpoint) {
        status = check_checkpoint(path, what);
    } else if (kind != RG_FILE_OTHER || rg_ends_in(path, ".safetensors") || rg_ends_in(path, ".npz") ||
               rg_ends_in(path, ".npy")) {
        status = check_tensors(path, kind, what);
    } else {
        return rg_fail(RG_BAD_FILE,
                       "%s: not a kind of file that verify knows (.ckpt, .done, .safetensors, .npz, .npy, .jsonl)",
                       path);
    }
    return status == RG_BAD_FILE ? rg_fail(RG_CHECK_FAILED, "%s", rg_error_message()) : status;
}

static rg_status tell(const struct rg_config *config, const char *path, rg_status status, const char *what) {
    if (config->output.json) {
        return rg_json_print(rg_json_pack("{s:o, s:b, s:o}", "file", rg_json_text(path), "whole", status == RG_OK,
                                          "what", rg_json_text(status == RG_OK ? what : rg_error_message())));
    }
    const struct rg_look look = rg_look_of(config);
    rg_lines_format(stdout, rg_look_rows(&look), 9, "%-7s  %s%s%s", status == RG_OK ? "whole" : "DAMAGED",
                    status == RG_OK ? path : "", status == RG_OK ? ": " : "",
                    status == RG_OK ? what : rg_error_message());
    return RG_OK;
}

/* ---- A folder ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* List the files in the folder that verify knows. The caller frees the names after a failure too. */
static rg_status list_files(const char *folder, char ***names, size_t *n) {
    DIR *const list = opendir(folder);
    rg_status status = RG_OK;
    size_t room = 0;
    *n = 0;
    if (!list) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", folder, strerror(errno));
    }
    for (const struct dirent *entry = NULL; status == RG_OK && (entry = readdir(list));) {
        if (entry->d_name[0] == '.' || !is_known(entry->d_name)) {
            continue;
        }
        status = rg_alloc_more(names, *n, &room, sizeof **names, "the names of files");
        status = status == RG_OK ? rg_copy_string(&(*names)[*n], entry->d_name) : status;
        *n += status == RG_OK;
    }
    (void)closedir(list);
    if (*n > 0) {
        qsort(*names, *n, sizeof **names, by_name);
    }
    return status;
}

static rg_status check_files(const struct rg_config *config, char *const *names, size_t n) {
    size_t damaged = 0;
    char first[WHAT_BYTES] = "";
    for (size_t i = 0; i < n; i++) {
        char path[PATH_BYTES], what[WHAT_BYTES] = "";
        (void)snprintf(path, sizeof path, "%.4000s/%s", config->subject, names[i]);
        const rg_status status = check_file(path, what);
        if (status != RG_OK && status != RG_CHECK_FAILED && status != RG_BAD_FILE) {
            return status;
        }
        if (status != RG_OK && damaged++ == 0) {
            (void)snprintf(first, sizeof first, "%s", rg_error_message());
        }
        RG_TRY(tell(config, path, status, what));
    }
    if (n == 0) {
        return rg_fail(RG_BAD_FILE, "%s: no file that verify knows (.ckpt, .done, .safetensors, .npz, .npy, .jsonl)",
                       config->subject);
    }
    char part[RG_PART_BYTES];
    return damaged == 0 ? RG_OK
                        : rg_fail(RG_CHECK_FAILED, "%s damaged; the first: %s",
                                  rg_counted_part(damaged, n, "file", part), first);
}

static rg_status check_folder(const struct rg_config *config) {
    char **names = NULL;
    size_t n = 0;
    rg_status status = list_files(config->subject, &names, &n);
    status = status == RG_OK ? check_files(config, names, n) : status;
    for (size_t i = 0; i < n; i++) {
        rg_free(names[i]);
    }
    rg_free(names);
    return status;
}

rg_status rg_command_verify(const struct rg_config *config) {
    struct stat info;
    char what[WHAT_BYTES] = "";
    if (stat(config->subject, &info) == 0 && S_ISDIR(info.st_mode)) {
        return check_folder(config);
    }
    const rg_status status = check_file(config->subject, what);
    RG_TRY(status == RG_OK || (status == RG_CHECK_FAILED && config->output.json)
               ? tell(config, config->subject, status, what)
               : RG_OK);
    return status;
}
