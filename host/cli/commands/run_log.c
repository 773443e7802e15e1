/* The log of a run: see run_log.h. */
#define _GNU_SOURCE
#include "cli/commands/run_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands/outputs.h"
#include "rnn_gpu/memory.h"

enum {
    PATH_BYTES = 4096 + 400,
    TAIL_BYTES = 1 << 22 /* last part of a log that is read: its last events */
};

static double number_of(const json_t *event, const char *key) {
    const json_t *const value = json_object_get(event, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Take how a run ended, from its end event or from the result of a training of compare or sweep. */
static void take_end(struct rg_run_log *log, const json_t *end) {
    const char *const reason = json_string_value(json_object_get(end, "reason"));
    const char *const verdict = json_string_value(json_object_get(end, "verdict"));
    log->updates = (uint64_t)json_integer_value(json_object_get(end, "updates"));
    log->loss = number_of(end, "loss");
    log->test = number_of(json_object_get(end, "test"), "loss");
    (void)snprintf(log->reason, sizeof log->reason, "%s", reason ? reason : "ended");
    (void)snprintf(log->verdict, sizeof log->verdict, "%s", verdict ? verdict : "-");
}

static void take_event(struct rg_run_log *log, const json_t *event) {
    const char *const kind = json_string_value(json_object_get(event, "event"));
    if (kind && strcmp(kind, "validation") == 0 && json_is_true(json_object_get(event, "best"))) {
        log->validation = number_of(event, "loss");
    }
    if (kind && strcmp(kind, "update") == 0) {
        log->updates = (uint64_t)json_integer_value(json_object_get(event, "update"));
        log->loss = number_of(event, "loss");
    }
    if (kind && strcmp(kind, "end") == 0) {
        take_end(log, event);
        log->validation = number_of(event, "best_loss");
    }
}

/* Take the events of a text, but for incomplete lines. whole: its first line is the first one of the log. */
static void take_lines(struct rg_run_log *log, const char *text, size_t length, bool whole) {
    const char *at = text, *const end = text + length;
    for (const char *next = NULL; at < end; at = next) {
        const char *const newline = memchr(at, '\n', (size_t)(end - at));
        next = newline ? newline + 1 : end;
        json_t *const event = whole || at > text ? json_loadb(at, (size_t)(next - at), 0, NULL) : NULL;
        if (event) {
            take_event(log, event);
        }
        json_decref(event);
    }
}

/* Take the options of the first line, the start event, and of each event that resumed the run. */
static void take_options(struct rg_run_log *log, FILE *file) {
    static const char resume[] = "{\"event\":\"resume\"";
    char *line = NULL;
    size_t room = 0, lines = 0;
    for (ssize_t n = getline(&line, &room, file); n > 0; n = getline(&line, &room, file)) {
        if (lines++ > 0 && strncmp(line, resume, strlen(resume)) != 0) {
            continue;
        }
        json_t *const event = json_loadb(line, (size_t)n, 0, NULL), *const options = json_object_get(event, "options");
        if (options) {
            json_decref(log->options);
            log->options = json_incref(options);
        }
        json_decref(event);
    }
    free(line);
}

static rg_status read_log(struct rg_run_log *log, FILE *file) {
    char *tail = NULL;
    take_options(log, file);
    (void)fseeko(file, 0, SEEK_END);
    const off_t length = ftello(file), begin = length > TAIL_BYTES ? length - TAIL_BYTES : 0;
    RG_TRY(rg_alloc(&tail, (size_t)(length - begin), 1, "the end of a log"));
    (void)fseeko(file, begin, SEEK_SET);
    take_lines(log, tail, fread(tail, 1, (size_t)(length - begin), file), begin == 0);
    rg_free(tail);
    return RG_OK;
}

rg_status rg_run_log_read(const char *folder, struct rg_run_log *log) {
    char path[PATH_BYTES];
    *log = (struct rg_run_log){.loss = NAN, .validation = NAN, .test = NAN, .verdict = "-"};
    (void)snprintf(path, sizeof path, "%.4000s/" RG_OUT_LOG, folder);
    FILE *const file = fopen(path, "re");
    if (!file) {
        return RG_OK;
    }
    const rg_status status = read_log(log, file);
    (void)fclose(file);
    return status;
}

void rg_run_log_release(struct rg_run_log *log) {
    json_decref(log->options);
    log->options = NULL;
}

void rg_run_log_of_result(const json_t *result, struct rg_run_log *log) {
    *log = (struct rg_run_log){.options = json_incref(json_object_get(result, "options"))};
    take_end(log, result);
    log->validation = number_of(json_object_get(result, "validation"), "best_loss");
}
