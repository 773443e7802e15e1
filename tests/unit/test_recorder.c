/* The files of a resumed training: logs and TensorBoard's file go on from the checkpoint, or begin anew. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "cli/commands/recorder.h"
#include "expected.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "suite.h"

static char folder[200], log_path[300], folder_log[300], board[300], told[2000];

static void note(void *self, const char *line) {
    (void)self;
    const size_t used = strlen(told);
    (void)snprintf(told + used, sizeof told - used, "%s\n", line);
}

static struct rg_config config_of(void) {
    struct rg_config config = rg_config_default();
    config.output.out = folder;
    config.output.log = log_path;
    config.output.tensorboard = board;
    return config;
}

static void set_up(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(log_path, sizeof log_path, "%s/own.jsonl", folder);
    (void)snprintf(folder_log, sizeof folder_log, "%s/log.jsonl", folder);
    (void)snprintf(board, sizeof board, "%s/board", folder);
    told[0] = '\0';
    rg_log_to(note, NULL);
}

static void tear_down(void) {
    char command[300];
    rg_log_to(NULL, NULL);
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_update(struct rg_recorder *r, uint64_t update) {
    static const struct rg_live live = {.baseline = NAN, .held_out = NAN};
    rg_recorder_update(r, &(struct rg_update){.update = update, .loss = 0.5, .grad_norm = 1.0, .lr = 0.1}, &live);
    rg_recorder_event(r, json_pack("{s:s, s:I}", "event", "update", "update", (json_int_t)update));
}

/* Updates 1 to 3, a checkpoint, and one more update, whose lines the checkpoint does not know. */
static struct rg_sections *interrupted(const struct rg_config *config) {
    struct rg_recorder *r = NULL;
    struct rg_sections *s = NULL;
    ck_assert_msg(rg_recorder_create(config, NULL, &r) == RG_OK, "%s", rg_error_message());
    for (uint64_t update = 1; update <= 4; update++) {
        write_update(r, update);
        if (update == 3) {
            ck_assert_int_eq(rg_sections_create(&s), RG_OK);
            s->path = "checkpoint";
            ck_assert_msg(rg_recorder_gather(r, s) == RG_OK, "%s", rg_error_message());
        }
    }
    rg_recorder_destroy(r);
    return s;
}

static void expect_updates(const char *path, const char *const *wanted) {
    char *const text = text_of_file(path);
    size_t n = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char update[40];
        ck_assert_msg(wanted[n] != NULL, "%s: one line too many: %s", path, line);
        (void)snprintf(update, sizeof update, "\"update\":%s}", wanted[n++]);
        ck_assert_msg(strstr(line, update) != NULL, "%s: %s, not %s", path, line, update);
    }
    ck_assert_msg(wanted[n] == NULL, "%s ends before update %s", path, wanted[n]);
    free(text);
}

static void go_on(const struct rg_config *config, const struct rg_sections *s, uint64_t update) {
    struct rg_recorder *r = NULL;
    ck_assert_msg(rg_recorder_create(config, s, &r) == RG_OK, "%s", rg_error_message());
    write_update(r, update);
    rg_recorder_destroy(r);
}

START_TEST(logs_go_on_from_the_checkpoint) {
    const struct rg_config config = config_of();
    struct rg_sections *const s = interrupted(&config);
    expect_updates(log_path, (const char *const[]){"1", "2", "3", "4", NULL});
    go_on(&config, s, 9);
    expect_updates(log_path, (const char *const[]){"1", "2", "3", "9", NULL});
    expect_updates(folder_log, (const char *const[]){"1", "2", "3", "9", NULL});
    ck_assert_str_eq(told, "");
    rg_sections_destroy(s);
}
END_TEST

/* A log that is gone, and one that is shorter than the checkpoint says. */
START_TEST(logs_that_begin_anew) {
    const struct rg_config config = config_of();
    struct rg_sections *const s = interrupted(&config);
    ck_assert(unlink(log_path) == 0 && truncate(folder_log, 30) == 0);
    go_on(&config, s, 9);
    expect_updates(log_path, (const char *const[]){"9", NULL});
    expect_updates(folder_log, (const char *const[]){"9", NULL});
    char *const second = strchr(told, '\n');
    ck_assert(second && strstr(told, "own.jsonl") && strstr(second, "log.jsonl"));
    ck_assert(strstr(told, "; a new one is started\n") && strstr(second, "; a new one is started\n"));
    rg_sections_destroy(s);
}
END_TEST

/* A checkpoint that lacks what the recorder needs is refused by the name. */
START_TEST(a_checkpoint_that_lacks_a_length) {
    const struct rg_config config = config_of();
    struct rg_sections *const s = interrupted(&config);
    static const char *const names[] = {"tensorboard", "tensorboard.bytes", "log.bytes", "folder_log.bytes"};
    for (size_t i = 0; i < 4; i++) {
        struct rg_recorder *r = NULL;
        size_t found = 0;
        for (size_t k = 0; k < s->n + s->n_numbers; k++) {
            char *const name = k < s->n ? s->items[k].name : s->numbers[k - s->n].name;
            if (strcmp(name, names[i]) == 0) {
                name[0] = 'x';
                ck_assert_int_eq(rg_recorder_create(&config, s, &r), RG_BAD_FILE);
                ck_assert_msg(strstr(rg_error_message(), names[i]) != NULL, "%s: %s", names[i], rg_error_message());
                ck_assert_ptr_null(r);
                name[0] = names[i][0];
                found++;
            }
        }
        ck_assert_uint_eq(found, 1);
    }
    go_on(&config, s, 9);
    rg_sections_destroy(s);
}
END_TEST

/* All updates have a line up to 65,536; then half as many with each doubling. */
START_TEST(updates_with_a_line) {
    static const uint64_t with[] = {1, 65535, 65536, 65538, 131072, 131076, 262144, 262152},
                          without[] = {65537, 131071, 131073, 131074, 262148, 262145};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        ck_assert_msg(rg_recorder_logs(with[i]), "%llu", (unsigned long long)with[i]);
    }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        ck_assert_msg(!rg_recorder_logs(without[i]), "%llu", (unsigned long long)without[i]);
    }
}
END_TEST

TEST_MAIN("recorder") {
    TCase *const tests = add_tests(suite, "recorder");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, logs_go_on_from_the_checkpoint);
    tcase_add_test(tests, logs_that_begin_anew);
    tcase_add_test(tests, a_checkpoint_that_lacks_a_length);
    tcase_add_test(add_tests(suite, "lines"), updates_with_a_line);
}
