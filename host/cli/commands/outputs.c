/* The files that a command writes: see outputs.h. */
#define _GNU_SOURCE
#include "cli/commands/outputs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands/checkpoints.h"
#include "rnn_gpu/memory.h"

enum { MAX_FILES = 16, NAME_BYTES = 2 * PATH_MAX };

struct file {
    const char *option, *path; /* as on the command line */
    const char *part;          /* a file inside the folder `path`; NULL: `path` is the file */
    char whole[NAME_BYTES];
};

struct files {
    struct file items[MAX_FILES];
    size_t n;
};

/* The absolute name without links, as far as the path exists. The part that does not exist yet stays unchanged. */
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
}

static bool same_file(const struct file *a, const struct file *b) {
    struct stat of_a, of_b;
    if (stat(a->whole, &of_a) == 0 && stat(b->whole, &of_b) == 0) {
        const bool is_sink = S_ISCHR(of_a.st_mode) || S_ISFIFO(of_a.st_mode);
        return !is_sink && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
    }
    return strcmp(a->whole, b->whole) == 0;
}

/* Add a file. RG_USAGE if it equals one of the first `n` files. */
static rg_status add(struct files *files, size_t n, const char *option, const char *path, const char *part) {
    char name[NAME_BYTES];
    if (!path) {
        return RG_OK;
    }
    struct file *const file = &files->items[files->n++];
    *file = (struct file){.option = option, .path = path, .part = part};
    (void)snprintf(name, sizeof name, "%s%s%s", path, part ? "/" : "", part ? part : "");
    resolve(name, file->whole);
    for (size_t i = 0; i < n; i++) {
        const struct file *const other = &files->items[i];
        if (same_file(file, other)) {
            return rg_fail(RG_USAGE, "--%s %s%s%s is the file of --%s%s%s, which it would overwrite; give another name",
                           option, path, part ? "/" : "", part ? part : "", other->option, other->part ? ": its " : "",
                           other->part ? other->part : "");
        }
    }
    return RG_OK;
}

rg_status rg_outputs_check(const struct rg_config *c, bool folder) {
    static const char *const parts[] = {RG_OUT_MODEL, RG_OUT_BEST, RG_OUT_REPORT, RG_OUT_LOG};
    struct files files = {.n = 0};
    RG_TRY(add(&files, 0, "model", c->data.model_file, NULL));
    RG_TRY(add(&files, 0, "data", c->data.file, NULL));
    RG_TRY(add(&files, 0, "onnx", c->data.onnx, NULL));
    RG_TRY(add(&files, 0, "val", c->data.val, NULL));
    RG_TRY(add(&files, 0, "test", c->data.test, NULL));
    for (size_t i = 0; folder && i < sizeof parts / sizeof *parts; i++) {
        RG_TRY(add(&files, files.n, "out", c->output.out, parts[i]));
    }
    const struct {
        const char *option, *path;
    } results[] = {{"out", c->output.out},   {"report", c->output.report},
                   {"plot", c->output.plot}, {"trace-latex", c->output.trace_latex},
                   {"log", c->output.log},   {"tensorboard", folder ? c->output.tensorboard : NULL}};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        /* --out and --tensorboard may be the same folder: their files have different names */
        const bool shared = i > 0 && folder && c->output.out && results[i].path == c->output.tensorboard;
        RG_TRY(shared ? RG_OK : add(&files, files.n, results[i].option, results[i].path, NULL));
    }
    return RG_OK;
}

rg_status rg_outputs_refuse_earlier(const char *folder) {
    static const char *const names[] = {RG_OUT_MODEL, RG_OUT_BEST, RG_OUT_REPORT, RG_OUT_LOG};
    char path[NAME_BYTES];
    uint64_t *updates = NULL;
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (access(path, F_OK) == 0) {
            return rg_fail(RG_USAGE, "--out %s holds an earlier result (%s): give another folder, or --overwrite",
                           folder, names[i]);
        }
    }
    RG_TRY(rg_checkpoints_list(folder, &updates, &n));
    const unsigned long long newest = n ? updates[0] : 0;
    rg_free(updates);
    return n == 0 ? RG_OK
                  : rg_fail(RG_USAGE,
                            "--out %s holds a run that was stopped (checkpoint-%llu.ckpt): continue with --resume %s, "
                            "give another folder, or --overwrite",
                            folder, newest, folder);
}
