/* Results of an earlier benchmark: see earlier.h. */
#include "bench/earlier.h"

#include <jansson.h>
#include <string.h>

#include "files/files.h"
#include "rnn_gpu/memory.h"

/* jansson's tree takes many times the memory of the text. The limits on lines keep it small. */
enum { MAX_RESULTS = 4096, LINE_BYTES = 8192, FILE_BYTES = 16 << 20 };

bool rg_bench_same_sizes(const struct rg_bench_case *a, const struct rg_bench_case *b) {
    return a->cell == b->cell && a->batch == b->batch && a->steps == b->steps && a->hidden == b->hidden &&
           a->input == b->input && a->outputs == b->outputs && a->target == b->target;
}

double rg_bench_earlier_update(const struct rg_bench_earlier *earlier, const struct rg_bench_case *c, bool native) {
    for (size_t i = 0; i < earlier->count; i++) {
        const struct rg_bench_earlier_result *const old = &earlier->results[i];
        if (old->native == native && rg_bench_same_sizes(&old->c, c)) {
            return old->update;
        }
    }
    return 0.0;
}

void rg_bench_earlier_free(struct rg_bench_earlier *earlier) {
    rg_free(earlier->results);
    *earlier = (struct rg_bench_earlier){0};
}

static bool read_size(const json_t *object, const char *key, size_t max, size_t *out) {
    const json_int_t value = json_integer_value(json_object_get(object, key));
    *out = value > 0 ? (size_t)value : 0;
    return value > 0 && *out <= max;
}

/* Read a result from an object; false if a member is missing or out of range. The limits are those of the options. */
static bool read_result(const json_t *object, struct rg_bench_earlier_result *out) {
    const char *const cell = json_string_value(json_object_get(object, "cell"));
    const char *const backend = json_string_value(json_object_get(object, "backend"));
    *out = (struct rg_bench_earlier_result){.c = {.cell = RG_N_CELLS}};
    for (enum rg_cell i = 0; cell && i < RG_N_CELLS; i++) {
        out->c.cell = strcmp(cell, rg_cell_names[i]) == 0 ? i : out->c.cell;
    }
    out->native = backend && strcmp(backend, "native") == 0;
    out->update = json_number_value(json_object_get(object, "update_s"));
    out->c.outputs = 1;
    if (json_object_get(object, "outputs") && !read_size(object, "outputs", 65536, &out->c.outputs)) {
        return false;
    }
    const char *const target = json_string_value(json_object_get(object, "target"));
    out->c.target = target && strcmp(target, rg_target_names[RG_TARGET_STEPS]) == 0 ? RG_TARGET_STEPS : RG_TARGET_LAST;
    return out->c.cell != RG_N_CELLS && backend && out->update > 0.0 && out->update < 1e9 &&
           read_size(object, "batch", (size_t)1 << 30, &out->c.batch) &&
           read_size(object, "steps", 1000000000, &out->c.steps) &&
           read_size(object, "hidden", 65536, &out->c.hidden) && read_size(object, "input", 65536, &out->c.input);
}

/* Whether the key has that value. A line without the key is from a program that knew only floats. */
static bool is_named(const json_t *object, const char *key, const char *value) {
    const char *const name = json_string_value(json_object_get(object, key));
    return strcmp(name ? name : "float", value) == 0;
}

/* Results in the other precision, or with the other math, are not compared. */
static bool is_like(const json_t *object, const struct rg_bench_earlier *earlier) {
    return is_named(object, "precision", rg_precision_names[earlier->precision]) &&
           is_named(object, "math", rg_math_names[earlier->math]);
}

static rg_status read_line(const char *path, size_t number, const char *line, size_t length,
                           struct rg_bench_earlier *out) {
    json_t *const object = length > LINE_BYTES ? NULL : json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    rg_status status = RG_OK;
    if (!json_is_object(object)) {
        status = rg_fail(RG_BAD_FILE, "%s: line %zu is not a JSON object of at most %d bytes, as bench --out writes",
                         path, number, LINE_BYTES);
    } else if (json_object_get(object, "update_s") && !json_object_get(object, "peer") && is_like(object, out)) {
        if (out->count == MAX_RESULTS) {
            status = rg_fail(RG_BAD_FILE, "%s: line %zu: more than %d results", path, number, MAX_RESULTS);
        } else if (!read_result(object, &out->results[out->count])) {
            status = rg_fail(RG_BAD_FILE,
                             "%s: line %zu: cell, backend, batch, steps, hidden, input or update_s is missing or out "
                             "of range",
                             path, number);
        } else {
            out->count++;
        }
    }
    json_decref(object);
    return status;
}

static rg_status read_lines(const char *path, const char *text, size_t bytes, struct rg_bench_earlier *out) {
    size_t number = 0;
    for (size_t at = 0; at < bytes;) {
        const char *const newline = memchr(text + at, '\n', bytes - at);
        const size_t length = newline ? (size_t)(newline - text) - at : bytes - at;
        number++;
        if (length > 0) {
            RG_TRY(read_line(path, number, text + at, length, out));
        }
        at += length + 1;
    }
    return out->count > 0 ? RG_OK : rg_fail(RG_BAD_FILE, "%s holds no result of bench", path);
}

rg_status rg_bench_earlier_read(const char *path, enum rg_precision precision, enum rg_math math,
                                struct rg_bench_earlier *out) {
    struct rg_source source;
    char *text = NULL;
    rg_status status = RG_OK;
    *out = (struct rg_bench_earlier){.precision = precision, .math = math};
    RG_TRY(rg_source_open(&source, path));
    if (source.bytes > FILE_BYTES) {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: %zu bytes are more than results of bench take (%d)", path, source.bytes,
                            FILE_BYTES));
    }
    RG_TRY_GOTO(rg_alloc(&text, source.bytes, 1, path));
    RG_TRY_GOTO(rg_source_read(&source, text, source.bytes));
    RG_TRY_GOTO(rg_alloc(&out->results, MAX_RESULTS, sizeof *out->results, "earlier results"));
    RG_TRY_GOTO(read_lines(path, text, source.bytes, out));
cleanup:
    rg_source_close(&source);
    rg_free(text);
    if (status != RG_OK) {
        rg_bench_earlier_free(out);
    }
    return status;
}
