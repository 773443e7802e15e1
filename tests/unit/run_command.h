/* Commands of the program, run in this process in a folder of their own: what they print is added to `told`. Numbers of
 * JSON have five digits, and what depends on the machine or on time is `-`. Include before any other header. */
#ifndef RG_TEST_RUN_COMMAND_H
#define RG_TEST_RUN_COMMAND_H

#include <dirent.h>
#include <math.h>
#include <unistd.h>

#include "cli/commands/commands.h"
#include "parsed_line.h"
#include "rnn_gpu/log.h"
#include "scratch.h"
#include "shown.h"

static struct text told; /* of all lines, in order */
static char command_folder[256];

/* ---- Numbers that every machine prints alike ---- */

/* Members whose value depends on the machine or on time. */
static inline bool is_of_machine(const char *key) {
    static const char *const keys[] = {"device",       "seconds", "version",    "memory_bytes",
                                       "weights_hash", "threads", "tensorboard"};
    const size_t length = strlen(key);
    bool is = length > 2 && strcmp(key + length - 2, "_s") == 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        is = is || strcmp(key, keys[i]) == 0;
    }
    return is;
}

static const double NOTHING = 1e-11; /* below it are the rounding errors of the machine */

static inline void round_json(json_t *value) {
    const char *key;
    json_t *item;
    void *next;
    size_t i;
    json_object_foreach_safe(value, next, key, item) {
        if (is_of_machine(key)) {
            ck_assert_msg(!json_is_number(item) || json_number_value(item) >= 0.0, "%s is below 0", key);
            (void)json_object_set_new(value, key, json_string("-"));
        } else {
            round_json(item);
        }
    }
    json_array_foreach(value, i, item) {
        round_json(item);
    }
    if (json_is_real(value) && fabs(json_real_value(value)) < NOTHING) {
        (void)json_real_set(value, 0.0);
    }
}

/* Is any item of a list or object a list or object itself? */
static inline bool is_nested(json_t *value) {
    const char *key;
    json_t *item;
    size_t i;
    bool nested = false;
    json_object_foreach(value, key, item) {
        nested = nested || json_is_object(item) || json_is_array(item);
    }
    json_array_foreach(value, i, item) {
        nested = nested || json_is_object(item);
    }
    return nested;
}

/* Add a value of JSON; a long one has a line for each item, `indent` blanks from the margin. */
static inline void tell_json(json_t *value, int indent) {
    enum { LONG = 150, DEEPER = 2 };
    const char *key;
    json_t *item;
    size_t i;
    char *const flat = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(5));
    ck_assert_ptr_nonnull(flat);
    const bool is_flat = strlen(flat) <= LONG || !is_nested(value);
    text_add(&told, "%s", is_flat ? flat : "");
    free(flat);
    json_object_foreach(is_flat ? NULL : value, key, item) {
        text_add(&told, "\n%*s%s: ", indent, "", key);
        tell_json(item, indent + DEEPER);
    }
    json_array_foreach(is_flat ? NULL : value, i, item) {
        text_add(&told, "\n%*s- ", indent, "");
        tell_json(item, indent + DEEPER);
    }
}

/* Add a line, with five digits of each number that has many. */
static inline void tell_line(const char *line, size_t length) {
    enum { MANY = 8 };
    json_t *const json = line[0] == '{' ? json_loadb(line, length, 0, NULL) : NULL;
    if (json) {
        round_json(json);
        tell_json(json, 2);
        text_add(&told, "\n");
        json_decref(json);
        return;
    }
    char name[32] = "", rest[2] = "";
    if (line[0] == ' ' && sscanf(line, " %31s %1s", name, rest) == 2 && is_of_machine(name)) {
        text_add(&told, "  %s -\n", name);
        return;
    }
    for (size_t i = 0; i < length;) {
        const size_t n = strspn(line + i, "0123456789.e+-");
        if (n > MANY && memchr(line + i, '.', n)) {
            const double number = strtod(line + i, NULL);
            text_add(&told, "%.5g", fabs(number) < NOTHING ? 0.0 : number);
        } else {
            text_add(&told, "%.*s", n ? (int)n : 1, line + i);
        }
        i += n ? n : 1;
    }
    text_add(&told, "\n");
}

/* What is left out: a table with seconds in its last column, which decide on its widths, up to the next empty line; and
 * the line of a loss and its gradient norm, whose digits decide on where it breaks, with what is indented below it. */
enum left_out { NOTHING_LEFT_OUT, TABLE_LEFT_OUT, LINE_LEFT_OUT };

static inline enum left_out left_out(const char *line, size_t length, enum left_out before) {
    static const char seconds[] = " seconds", loss[] = "loss ", norm[] = ", gradient norm ";
    const size_t tail = strlen(seconds);
    if ((before == TABLE_LEFT_OUT && length > 0) || (before == LINE_LEFT_OUT && length > 0 && line[0] == ' ')) {
        return before;
    }
    if (length > tail && strncmp(line + length - tail, seconds, tail) == 0) {
        return TABLE_LEFT_OUT;
    }
    const bool is_loss = strncmp(line, loss, strlen(loss)) == 0 && memmem(line, length, norm, strlen(norm));
    return is_loss ? LINE_LEFT_OUT : NOTHING_LEFT_OUT;
}

static inline void tell_text(const char *text) {
    enum left_out leaves_out = NOTHING_LEFT_OUT;
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        leaves_out = left_out(text, (size_t)(end - text), leaves_out);
        if (leaves_out == NOTHING_LEFT_OUT) {
            tell_line(text, (size_t)(end - text));
        }
    }
}

static inline void tell_file(const char *name) {
    char *const text = text_of_file(name);
    text_add(&told, "-- %s\n", name);
    tell_text(text);
    free(text);
}

/* ---- Commands ---- */

static inline void tell_notice(void *self, const char *line) {
    (void)self;
    text_add(&told, "note: %s\n", line);
}

/* Run a line; what it prints and its message are added. */
static inline rg_status run_command(const char *line) {
    struct text printed = {NULL, 0, 0};
    text_add(&told, "$ %s\n", line);
    text_add(&printed, "%s", "");
    rg_status status = parse(line);
    rg_log_quiet(status == RG_OK && config.output.quiet);
    struct captured out = capture_begin(stdout);
    status = status == RG_OK ? rg_command_run(command, &config) : status;
    capture_end(&out, &printed);
    tell_text(printed.bytes);
    free(printed.bytes);
    if (status != RG_OK) {
        text_add(&told, "status %d: %s\n", (int)status, rg_error_message());
    }
    return status;
}

/* What a line prints, as it is; the caller frees it. */
static inline char *printed_by(const char *line) {
    struct text printed = {NULL, 0, 0};
    text_add(&printed, "%s", "");
    ck_assert_msg(parse(line) == RG_OK, "`%s`: %s", line, rg_error_message());
    struct captured out = capture_begin(stdout);
    const rg_status status = rg_command_run(command, &config);
    capture_end(&out, &printed);
    ck_assert_msg(status == RG_OK, "`%s`: %s", line, rg_error_message());
    return printed.bytes;
}

/* Run a line whose output does not matter. */
static inline void make(const char *line) {
    const struct text before = told;
    told = (struct text){NULL, 0, 0};
    ck_assert_msg(run_command(line) == RG_OK, "`%s`: %s", line, rg_error_message());
    free(told.bytes);
    told = before;
    text_add(&told, "$ %s (made)\n", line);
}

static inline void run_ok(const char *line) {
    ck_assert_msg(run_command(line) == RG_OK, "`%s`: %s", line, rg_error_message());
}

/* ---- The folder ---- */

/* Put FOLDER in the place of the folder's name. */
static inline void hide_folder(void) {
    static const char mark[] = "FOLDER";
    const size_t length = strlen(command_folder), by = length - strlen(mark);
    for (char *at = told.bytes ? strstr(told.bytes, command_folder) : NULL; at; at = strstr(at, command_folder)) {
        memcpy(at, mark, strlen(mark));
        memmove(at + strlen(mark), at + length, strlen(at + length) + 1);
        told.length -= by;
    }
}

/* Hold `told` against tests/expected/NAME, and release it. */
static inline void check_told(const char *name) {
    hide_folder();
    check_expected(name, told.bytes);
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}

static inline void put_text(const char *name, const char *text) {
    FILE *const file = fopen(name, "wb");
    ck_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static inline void begin_commands(void) {
    make_scratch_folder(command_folder, sizeof command_folder);
    ck_assert_int_eq(chdir(command_folder), 0);
    rg_log_to(tell_notice, NULL);
}

/* Remove a folder with what is in it. */
static inline void remove_all(const char *folder) {
    DIR *const list = opendir(folder);
    ck_assert_ptr_nonnull(list);
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && remove(path) != 0) {
            remove_all(path);
        }
    }
    ck_assert_int_eq(closedir(list), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

static inline void end_commands(void) {
    hide_folder();
    rg_log_to(NULL, NULL);
    ck_assert_int_eq(chdir("/"), 0);
    remove_all(command_folder);
}

#endif
