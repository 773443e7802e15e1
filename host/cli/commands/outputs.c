/* The files that a command writes: see outputs.h. */
#define _GNU_SOURCE
#include "cli/commands/outputs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ending.h"
#include "cli/commands/checkpoints.h"
#include "cli/commands/run_table.h"
#include "cli/report/lines.h"
#include "files/shell_text.h"
#include "options/options.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

enum { MAX_FILES = 32, NAME_BYTES = 2 * PATH_MAX };

struct file {
    const char *option, *path; /* as on the command line */
    const char *part;          /* a file inside the folder `path`; NULL: `path` is the file */
    bool is_folder;            /* files of other names may be written there, too */
    char whole[NAME_BYTES];
};

struct files {
    struct file items[MAX_FILES];
    size_t n;
    char beside[RG_TABLE_BESIDE][RG_TABLE_PATH]; /* names of files beside a table */
};

/* Leave out slashes that mean nothing: repeated ones, and the last one. */
static void squeeze(char *name) {
    size_t n = 0;
    for (size_t i = 0; name[i]; i++) {
        if (name[i] != '/' || name[i + 1] != '/') {
            name[n++] = name[i];
        }
    }
    name[n > 1 && name[n - 1] == '/' ? n - 1 : n] = '\0';
}

/* The absolute name without links, as far as the path exists. The part that does not exist yet keeps its names. */
static void resolve(const char *path, char out[NAME_BYTES]) {
    char head[PATH_MAX] = ".", real[PATH_MAX] = "";
    size_t end = strlen(path);
    for (;;) {
        while (end > 1 && path[end - 1] == '/') {
            end--;
        }
        if (end > 0) {
            (void)snprintf(head, sizeof head, "%.*s", (int)end, path);
        } else {
            (void)snprintf(head, sizeof head, ".");
        }
        if (realpath(head, real) || end == 0) {
            break;
        }
        while (end > 0 && path[end - 1] != '/') {
            end--;
        }
    }
    while (path[end] == '/') {
        end++;
    }
    (void)snprintf(out, NAME_BYTES, "%s%s%s", real, path[end] ? "/" : "", path + end);
    squeeze(out);
}

static bool same_file(const struct file *a, const struct file *b) {
    struct stat of_a, of_b;
    if (stat(a->whole, &of_a) == 0 && stat(b->whole, &of_b) == 0) {
        const bool is_sink = S_ISCHR(of_a.st_mode) || S_ISFIFO(of_a.st_mode);
        return !is_sink && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
    }
    return strcmp(a->whole, b->whole) == 0;
}

/* Add a file or folder. RG_USAGE if it equals one of the first `n`. */
static rg_status add(struct files *files, size_t n, struct file added) {
    const char *const option = added.option, *const path = added.path, *const part = added.part;
    char name[NAME_BYTES];
    struct file *const file = &files->items[files->n++];
    *file = added;
    (void)snprintf(name, sizeof name, "%s%s%s", path, part ? "/" : "", part ? part : "");
    resolve(name, file->whole);
    for (size_t i = 0; i < n; i++) {
        const struct file *const other = &files->items[i];
        if (same_file(file, other) && !(file->is_folder && other->is_folder)) {
            return rg_fail(RG_USAGE, "--%s %s%s%s is the file of --%s%s%s, which it would overwrite; give another name",
                           option, path, part ? "/" : "", part ? part : "", other->option, other->part ? ": its " : "",
                           other->part ? other->part : "");
        }
    }
    return RG_OK;
}

/* ---- Whether they can be written ---- */

/* Try whether files can be written in a folder. The folder may not exist yet; then try whether it can be made. */
static rg_status try_folder(const char *option, const char *path) {
    char inside[NAME_BYTES];
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        return rg_fail(RG_NOT_SAVED, "--%s %s: this is no folder; give another name", option, path);
    }
    if (mkdir(path, 0777) == 0) {
        (void)rmdir(path);
        return RG_OK;
    }
    if (errno != EEXIST) {
        return rg_fail(RG_NOT_SAVED, "--%s %s: the folder cannot be made: %s", option, path, strerror(errno));
    }
    (void)snprintf(inside, sizeof inside, "%s/file", path);
    return rg_file_try(inside) == RG_OK
               ? RG_OK
               : rg_fail(RG_NOT_SAVED, "--%s %s: no file can be written in this folder; check its rights and the disk",
                         option, path);
}

/* Try whether a file can be written. A pipe or a device is not opened, because its reader would see an end. */
static rg_status try_file(const char *path) {
    struct stat info;
    const bool special = stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
    return special && access(path, W_OK) == 0 ? RG_OK : rg_file_try(path);
}

/* What an option names, as a command with `out` uses it. */
static enum rg_option_file file_of(const struct rg_option *option, enum rg_out out, const char *path) {
    if (option->file != RG_FILE_RESULT) {
        return option->file;
    }
    return out == RG_OUT_FILE || (out == RG_OUT_RUNS && rg_run_table_is(path)) ? RG_FILE_WRITTEN : RG_FILE_FOLDER;
}

static const char *path_of(const struct rg_option *option, const struct rg_config *c) {
    return option->file == RG_FILE_NONE ? NULL : *(const char *const *)rg_option_field(option, c);
}

/* Is it in a folder that another option names, and that is not there yet? That folder will be made before it. */
static bool is_in_new_folder(const struct files *files, const struct file *file) {
    char folder[NAME_BYTES];
    (void)snprintf(folder, sizeof folder, "%s", file->whole);
    char *const slash = strrchr(folder, '/');
    for (size_t i = 0; slash && i < files->n; i++) {
        *slash = '\0';
        if (files->items[i].is_folder && strcmp(files->items[i].whole, folder) == 0) {
            return access(folder, F_OK) != 0;
        }
    }
    return false;
}

/* Try all files and folders from the first one that is written. Those who write in the folder of --out make, lock and
 * try it. */
static rg_status try_all(const struct files *files, size_t first) {
    for (size_t i = first; i < files->n; i++) {
        const struct file *const file = &files->items[i];
        if (is_in_new_folder(files, file) || (file->is_folder && strcmp(file->option, "out") == 0)) {
            continue;
        }
        RG_TRY(file->is_folder ? try_folder(file->option, file->path) : try_file(file->path));
    }
    return RG_OK;
}

/* The files that are read. */
static rg_status add_read(struct files *files, const struct rg_config *c) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const char *const path = path_of(&rg_options[i], c);
        if (path && rg_options[i].file == RG_FILE_READ && strcmp(rg_options[i].name, "resume") != 0) {
            RG_TRY(add(files, 0, (struct file){.option = rg_options[i].name, .path = path}));
        }
    }
    return RG_OK;
}

/* The files in the folder of a training. */
static const char *const parts[] = {RG_OUT_MODEL, RG_OUT_BEST, RG_OUT_REPORT, RG_OUT_LOG};
enum { N_PARTS = sizeof parts / sizeof *parts };

static rg_status add_parts(struct files *files, const struct rg_config *c, enum rg_out out) {
    for (size_t i = 0; out == RG_OUT_TRAINING && c->output.out && i < N_PARTS; i++) {
        RG_TRY(add(files, files->n, (struct file){.option = "out", .path = c->output.out, .part = parts[i]}));
    }
    return RG_OK;
}

/* The files F-curves.csv and F-lags.csv beside the table F.csv of compare and sweep. */
static rg_status add_beside_table(struct files *files, const struct rg_config *c) {
    for (size_t i = 0; rg_ends_in(c->output.out, ".csv") && i < RG_TABLE_BESIDE; i++) {
        RG_TRY(rg_run_table_beside(c, i, files->beside[i]));
        RG_TRY(add(files, files->n, (struct file){.option = "out", .path = files->beside[i]}));
    }
    return RG_OK;
}

/* The files and folders that are written and that an option names, and those beside them. */
static rg_status add_written(struct files *files, const struct rg_config *c, enum rg_out out) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const char *const path = path_of(&rg_options[i], c);
        const enum rg_option_file file = path ? file_of(&rg_options[i], out, path) : RG_FILE_NONE;
        if (file == RG_FILE_WRITTEN || file == RG_FILE_FOLDER) {
            RG_TRY(add(files, files->n,
                       (struct file){.option = rg_options[i].name, .path = path, .is_folder = file == RG_FILE_FOLDER}));
            if (rg_options[i].file == RG_FILE_RESULT && file == RG_FILE_WRITTEN && out == RG_OUT_RUNS) {
                RG_TRY(add_beside_table(files, c));
            }
        }
    }
    return RG_OK;
}

rg_status rg_outputs_check(const struct rg_config *c, enum rg_out out) {
    struct files files = {.n = 0};
    RG_TRY(add_read(&files, c));
    RG_TRY(add_parts(&files, c, out));
    const size_t n_read = files.n;
    RG_TRY(add_written(&files, c, out));
    RG_TRY(out == RG_OUT_RUNS && !c->output.overwrite ? rg_run_table_refuse_earlier(c) : RG_OK);
    return try_all(&files, n_read);
}

void rg_outputs_tell_replaced(const struct rg_config *c) {
    struct stat info;
    if (c->output.out && stat(c->output.out, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        rg_log("%s exists and is replaced", c->output.out);
    }
}

/* ---- What was written ---- */

/* A regular file, or a folder other than the one whose files are named one by one. */
static bool is_told(const struct file *file, enum rg_out out) {
    struct stat info;
    if (stat(file->whole, &info) != 0) {
        return false;
    }
    const bool in_parts = out == RG_OUT_TRAINING && !file->part && strcmp(file->option, "out") == 0;
    return file->is_folder ? S_ISDIR(info.st_mode) && !in_parts : S_ISREG(info.st_mode);
}

/* The folder F-models of --keep beside the table F.csv or F.jsonl of compare and sweep. */
static void add_models(struct rg_line *line, const struct rg_config *c) {
    const char *const table = c->output.out, *const dot = strrchr(table, '.');
    char path[NAME_BYTES];
    (void)snprintf(path, sizeof path, "%.*s-models/", (int)(dot - table), table);
    if (c->output.keep && access(path, F_OK) == 0) {
        rg_line_add(line, ", ");
        rg_line_add_name(line, path);
    }
}

void rg_outputs_print(const struct rg_config *c, enum rg_out out, size_t width) {
    struct files files = {.n = 0};
    struct rg_line line = {.length = 0};
    if (add_parts(&files, c, out) != RG_OK || add_written(&files, c, out) != RG_OK) {
        return; /* rg_outputs_check has passed, so somebody changes the folders now */
    }
    for (size_t i = 0; i < files.n; i++) {
        const struct file *const file = &files.items[i];
        const bool slash = (file->part || file->is_folder) && file->path[strlen(file->path) - 1] != '/';
        if (is_told(file, out)) {
            rg_line_add(&line, "%s", line.length ? ", " : "wrote ");
            rg_line_add_name(&line, file->path);
            rg_line_add(&line, "%s%s", slash ? "/" : "", file->part ? file->part : "");
            const bool is_last_of_out = i + 1 == files.n || strcmp(files.items[i + 1].option, "out") != 0;
            if (out == RG_OUT_RUNS && strcmp(file->option, "out") == 0 && !file->is_folder && is_last_of_out) {
                add_models(&line, c);
            }
        }
    }
    if (line.length) {
        rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = width, .hang = 2}, line.text);
    }
}

rg_status rg_outputs_refuse_earlier(const char *folder) {
    char path[NAME_BYTES], word[RG_SHELL_WORD];
    uint64_t *updates = NULL;
    size_t n = 0;
    for (size_t i = 0; i < N_PARTS; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
        if (access(path, F_OK) == 0) {
            return rg_fail(RG_USAGE, "--out %s holds an earlier result (%s): give another folder, or --overwrite",
                           folder, parts[i]);
        }
    }
    RG_TRY(rg_checkpoints_list(folder, &updates, &n));
    const unsigned long long newest = n ? updates[0] : 0;
    rg_free(updates);
    return n == 0 ? RG_OK
                  : rg_fail(RG_USAGE,
                            "--out %s holds a run that was stopped (checkpoint-%llu.ckpt): continue with --resume %s, "
                            "give another folder, or --overwrite",
                            folder, newest, rg_shell_word(folder, word));
}
