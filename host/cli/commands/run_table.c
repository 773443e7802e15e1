/* The runs of compare and sweep as a table: see run_table.h. */
#include "cli/commands/run_table.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attempts.h"
#include "base/ending.h"
#include "files/json.h"

/* The columns that every row has, and their source in a summary's JSON, an object and its key where there is a point.
 * Settings have the names of the options. The final loss and the updates made therefore have names of their own. */
static const struct {
    const char *name, *key;
} columns[] = {{"parameters", "parameters"},
               {"frozen", "frozen"},
               {"baseline", "baseline"},
               {"val_baseline", "validation.baseline"},
               {"reason", "reason"},
               {"updates_made", "updates"},
               {"skipped", "skipped"},
               {"final_loss", "loss"},
               {"median_loss", "median_loss"},
               {"last_loss", "last_loss"},
               {"best_loss", "best_loss"},
               {"learned", "learned"},
               {"learned_update", "learned_update"},
               {"val_loss", "val_loss"},
               {"val_accuracy", "validation.accuracy"},
               {"val_r2", "validation.r2"},
               {"val_best_loss", "validation.best_loss"},
               {"val_best_accuracy", "validation.best_accuracy"},
               {"val_best_r2", "validation.best_r2"},
               {"val_best_update", "validation.best_update"},
               {"test_loss", "test.loss"},
               {"test_accuracy", "test.accuracy"},
               {"test_r2", "test.r2"},
               {"clip_rate", "clip_rate"},
               {"verdict", "verdict"},
               {"horizon", "horizon"},
               {"decay", "decay"},
               {"factor", "factor"},
               {"log10_reach", "log10_reach"},
               {"long_share", "long_share"},
               {"updates_used", "updates_used"},
               {"seconds", "seconds"},
               {"sequences_per_s", "sequences_per_s"},
               {"device", "device"},
               {"backend", "backend"},
               {"math", "math"},
               {"weights_hash", "weights_hash"}};

bool rg_run_table_is(const char *path) {
    return path && (rg_ends_in(path, ".csv") || rg_ends_in(path, ".jsonl"));
}

/* ---- Opening ---- */

rg_status rg_run_table_beside(const struct rg_config *c, size_t which, char out[RG_TABLE_PATH]) {
    static const char *const parts[RG_TABLE_BESIDE] = {"curves", "lags"};
    const int stem = (int)(strlen(c->output.out) - strlen(".csv"));
    return snprintf(out, RG_TABLE_PATH, "%.*s-%s.csv", stem, c->output.out, parts[which]) < RG_TABLE_PATH
               ? RG_OK
               : rg_fail(RG_USAGE, "--out: F-%s.csv is longer than %d bytes", parts[which], RG_TABLE_PATH - 1);
}

static rg_status refuse_file(const char *path) {
    struct stat info;
    return stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0
               ? RG_OK
               : rg_fail(RG_USAGE, "--out: %.4000s holds an earlier result: give another name, or --overwrite", path);
}

rg_status rg_run_table_refuse_earlier(const struct rg_config *config) {
    const char *const path = config->output.out;
    char beside[RG_TABLE_PATH];
    if (!rg_run_table_is(path)) {
        return RG_OK;
    }
    RG_TRY(refuse_file(path));
    for (size_t i = 0; rg_ends_in(path, ".csv") && i < RG_TABLE_BESIDE; i++) {
        RG_TRY(rg_run_table_beside(config, i, beside));
        RG_TRY(refuse_file(beside));
    }
    return RG_OK;
}

rg_status rg_run_table_open(const struct rg_config *config, struct rg_run_table *t) {
    const char *const path = config->output.out;
    *t = (struct rg_run_table){.is_open = rg_run_table_is(path)};
    if (!t->is_open) {
        return RG_OK;
    }
    t->is_csv = rg_ends_in(path, ".csv");
    t->digits = rg_config_is_double(config) ? 17 : 9;
    if (!t->is_csv) {
        RG_TRY(rg_json_lines_open(&t->lines, path));
        t->lines.digits = t->digits;
        return RG_OK;
    }
    RG_TRY(rg_run_table_beside(config, 0, t->beside[0]));
    RG_TRY(rg_run_table_beside(config, 1, t->beside[1]));
    RG_TRY(rg_growing_open(&t->rows, path));
    RG_TRY(rg_growing_open(&t->curves, t->beside[0]));
    return rg_growing_open(&t->lags, t->beside[1]);
}

/* ---- Curves ---- */

static size_t first_lag(const struct rg_summary *s, size_t column) {
    return (column * s->lag_steps + s->n_lags - 1) / s->n_lags; /* lag tau is in column tau n_lags / lag_steps */
}

static void add_curves(json_t **row, const struct rg_summary *s) {
    json_t *update = json_array(), *loss = json_array(), *lag = json_array(), *norm = json_array(),
           *share = json_array();
    for (size_t i = 0; i < s->n_parts; i++) {
        if (s->part_count[i]) {
            rg_json_append(&update, json_integer((json_int_t)rg_summary_part_end(s, i)));
            rg_json_append(&loss, rg_json_real(rg_summary_part(s, i)));
        }
    }
    for (size_t i = 0; s->measured && i < s->n_lags; i++) {
        rg_json_append(&lag, json_integer((json_int_t)first_lag(s, i)));
        rg_json_append(&norm, rg_json_real(s->lag_norm[i]));
        rg_json_append(&share, rg_json_real(s->lag_share[i]));
    }
    rg_json_set(row, "curve_update", update);
    rg_json_set(row, "curve_loss", loss);
    rg_json_set(row, "lag", lag);
    rg_json_set(row, "lag_norm", norm);
    rg_json_set(row, "lag_share", share);
}

/* ---- Rows ---- */

/* Add a setting that the command line does not name. */
static void add_missing(json_t **row, const char *key, json_t *value) {
    if (*row && json_object_get(*row, key)) {
        json_decref(value);
    } else {
        rg_json_set(row, key, value);
    }
}

static json_t *find_value(json_t *summary, const char *key) {
    char object[24];
    const char *const point = strchr(key, '.');
    if (!point) {
        return json_object_get(summary, key);
    }
    (void)snprintf(object, sizeof object, "%.*s", (int)(point - key), key);
    return json_object_get(json_object_get(summary, object), point + 1);
}

static json_t *make_row(size_t run, json_t *settings, const struct rg_summary *s, const char *model, const char *best) {
    json_t *row = rg_json_pack("{s:I}", "run", (json_int_t)run), *summary = rg_summary_json(s);
    rg_json_merge(&row, settings);
    add_missing(&row, "task", rg_json_text(s->task));
    add_missing(&row, "steps", json_integer((json_int_t)s->steps));
    add_missing(&row, "batch", json_integer((json_int_t)s->batch));
    add_missing(&row, "seed", rg_json_seed(s->config.training.seed));
    rg_json_set(&summary, "learned", json_boolean(rg_summary_learned(s)));
    rg_json_set(&summary, "learned_update",
                s->learned_update ? json_integer((json_int_t)s->learned_update) : json_null());
    for (size_t i = 0; summary && i < sizeof columns / sizeof *columns; i++) {
        json_t *const value = find_value(summary, columns[i].key);
        rg_json_set(&row, columns[i].name, value ? json_incref(value) : json_null());
    }
    if (!summary) { /* no memory: no row */
        rg_json_set(&row, "summary", NULL);
    }
    json_decref(summary);
    rg_json_set(&row, "model", model ? rg_json_text(model) : json_null());
    rg_json_set(&row, "best_model", best && s->held_out > 0 ? rg_json_text(best) : json_null());
    return row;
}

/* ---- CSV ---- */

/* Add a text, quoted if RFC 4180 requires it. */
static rg_status add_text(struct rg_text *line, const char *text) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        return rg_text_add_string(line, text);
    }
    RG_TRY(rg_text_add_string(line, "\""));
    for (; *text; text++) {
        RG_TRY(rg_text_add(line, "\"\"", *text == '"' ? 1 : 0));
        RG_TRY(rg_text_add(line, text, 1));
    }
    return rg_text_add_string(line, "\"");
}

static rg_status add_cell(struct rg_text *line, const json_t *value, int digits) {
    char number[40] = "";
    if (json_is_string(value)) {
        return add_text(line, json_string_value(value));
    }
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)snprintf(number, sizeof number, "%.*g", digits, json_real_value(value));
    } else if (json_is_boolean(value)) {
        (void)snprintf(number, sizeof number, "%s", json_is_true(value) ? "true" : "false");
    }
    return rg_text_add_string(line, number);
}

/* Write the line of names or a line of values. */
static rg_status write_line(struct rg_run_table *t, json_t *row, bool names) {
    struct rg_text line = {.bytes = NULL};
    const char *key = NULL;
    json_t *value = NULL;
    rg_status status = RG_OK;
    size_t column = 0;
    json_object_foreach(row, key, value) {
        RG_TRY_GOTO(rg_text_add_string(&line, column++ ? "," : ""));
        RG_TRY_GOTO(names ? add_text(&line, key) : add_cell(&line, value, t->digits));
    }
    RG_TRY_GOTO(rg_text_add_string(&line, "\n"));
    RG_TRY_GOTO(rg_growing_append(&t->rows, line.bytes, line.length));
cleanup:
    rg_text_destroy(&line);
    return status;
}

static rg_status write_curves(struct rg_run_table *t, size_t run, const struct rg_summary *s) {
    char line[160];
    for (size_t i = 0; i < s->n_parts; i++) {
        const int n = snprintf(line, sizeof line, "%zu,%llu,%.*g\n", run, (unsigned long long)rg_summary_part_end(s, i),
                               t->digits, rg_summary_part(s, i));
        RG_TRY(s->part_count[i] ? rg_growing_append(&t->curves, line, (size_t)n) : RG_OK);
    }
    for (size_t i = 0; s->measured && i < s->n_lags; i++) {
        const int n = snprintf(line, sizeof line, "%zu,%zu,%.*g,%.*g\n", run, first_lag(s, i), t->digits,
                               s->lag_norm[i], t->digits, s->lag_share[i]);
        RG_TRY(rg_growing_append(&t->lags, line, (size_t)n));
    }
    return RG_OK;
}

static rg_status write_csv(struct rg_run_table *t, size_t run, json_t *row, const struct rg_summary *s) {
    static const char curves[] = "run,update,loss\n", lags[] = "run,lag,norm,share\n";
    if (!row) {
        return rg_fail(RG_NO_MEMORY, "out of memory for a row of the table");
    }
    if (!t->has_header) {
        RG_TRY(write_line(t, row, true));
        RG_TRY(rg_growing_append(&t->curves, curves, sizeof curves - 1));
        RG_TRY(rg_growing_append(&t->lags, lags, sizeof lags - 1));
        t->has_header = true;
    }
    RG_TRY(write_line(t, row, false));
    return write_curves(t, run, s);
}

void rg_run_table_add(struct rg_run_table *t, size_t run, json_t *settings, const struct rg_summary *summary,
                      const char *model, const char *best) {
    json_t *row = t->is_open ? make_row(run, settings, summary, model, best) : settings;
    if (t->is_open && !t->is_csv) {
        add_curves(&row, summary);
        rg_json_lines_write(&t->lines, row);
        return;
    }
    if (t->is_open && t->status == RG_OK) {
        t->status = write_csv(t, run, row, summary);
        (void)snprintf(t->message, sizeof t->message, "%s", t->status == RG_OK ? "" : rg_error_message());
    }
    json_decref(row);
}

rg_status rg_run_table_close(struct rg_run_table *t) {
    if (!t->is_open) {
        return RG_OK;
    }
    struct rg_attempts attempts = {.status = RG_OK};
    rg_attempt(&attempts, t->status == RG_OK ? RG_OK : rg_fail(t->status, "%s", t->message));
    rg_attempt(&attempts, rg_json_lines_close(&t->lines));
    rg_attempt(&attempts, rg_growing_close(&t->rows));
    rg_attempt(&attempts, rg_growing_close(&t->curves));
    rg_attempt(&attempts, rg_growing_close(&t->lags));
    *t = (struct rg_run_table){.is_open = false};
    return rg_attempts_end(&attempts);
}
