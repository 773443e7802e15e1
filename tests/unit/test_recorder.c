/* The files of a resumed training: logs and TensorBoard's file go on from the checkpoint, or begin anew. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "cli/commands/recorder.h"
#include "cli/report/tensorboard.h"
#include "expected.h"
#include "export/wire.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "started_model.h"

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

/* A recorder with a TensorBoard file alone, in a folder of its own. */
static struct rg_recorder *on_board(struct rg_config *config, size_t number) {
    struct rg_recorder *r = NULL;
    (void)snprintf(board, sizeof board, "%s/board-%zu", folder, number);
    *config = rg_config_default();
    config->output.tensorboard = board;
    ck_assert_msg(rg_recorder_create(config, NULL, &r) == RG_OK, "%s", rg_error_message());
    return r;
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

/* ---- TensorBoard ---- */

enum { EVENTS = 1 << 16 };

/* TensorBoard's file of the checkpoint: *n bytes, for free(). */
static unsigned char *events_of(struct rg_recorder *r, size_t *n) {
    struct rg_sections *s = NULL;
    char path[600], *name = NULL;
    ck_assert_int_eq(rg_sections_create(&s), RG_OK);
    ck_assert_int_eq(rg_recorder_gather(r, s), RG_OK);
    ck_assert_int_eq(rg_sections_get_text(s, "tensorboard", &name), RG_OK);
    (void)snprintf(path, sizeof path, "%s/%s", board, name);
    unsigned char *const bytes = malloc(EVENTS);
    FILE *const file = fopen(path, "rb");
    ck_assert(bytes != NULL && file != NULL);
    *n = fread(bytes, 1, EVENTS, file);
    ck_assert(fclose(file) == 0 && *n < EVENTS);
    rg_sections_destroy(s);
    return bytes;
}

/* The value of that tag in the last event that has it. */
static bool find_value(const unsigned char *bytes, size_t n, const char *tag, struct rg_bytes *value) {
    bool found = false;
    for (size_t at = 0; at < n;) { /* a record: its length, a checksum, the event, a checksum */
        uint64_t length = 0;
        struct rg_field summary, item, name;
        memcpy(&length, bytes + at, sizeof length);
        const struct rg_bytes event = {bytes + at + 12, length};
        if (rg_wire_find(event, 5, &summary)) {
            while (rg_wire_next(&summary.bytes, &item)) {
                if (rg_wire_find(item.bytes, 1, &name) && rg_bytes_are(name.bytes, tag)) {
                    *value = item.bytes;
                    found = true;
                }
            }
        }
        at += 16 + length;
    }
    return found;
}

/* The norms by lag as a histogram of at most RG_BUCKETS buckets, of equal numbers of lags where they divide. */
START_TEST(norms_by_lag_as_a_histogram) {
    static const size_t steps[] = {1, 5, RG_BUCKETS, RG_BUCKETS + 1, 2 * RG_BUCKETS, 1000};
    static double norm[1000], share[1000], cosine[1000];
    struct rg_config config;
    struct rg_model *const model = initialised(2, RG_INIT_XAVIER, 1.0, 3);
    const size_t parameter = rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_HH);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (int zero = 0; zero < 2; zero++) {
            const size_t T = steps[i], buckets = T < RG_BUCKETS ? T : RG_BUCKETS;
            struct rg_recorder *const r = on_board(&config, 2 * i + (size_t)zero);
            struct rg_bytes value;
            struct rg_field histogram, limits, weights;
            double all = 0.0;
            size_t n = 0;
            for (size_t lag = 0; lag < T; lag++) {
                norm[lag] = zero ? -INFINITY : 400.0 - 0.001 * (double)lag; /* beyond a double's range */
                share[lag] = 1.0 / (double)T;
                all += pow(10.0, -0.001 * (double)lag);
            }
            struct rg_sampled sampled = {
                .parameter = parameter, .log10_norm = norm, .share = share, .cosine = cosine, .total = 2.0};
            struct rg_lag_sampler sampler = {.steps = T, .each = 1, .n_sampled = 1, .sampled = &sampled};
            ck_assert_msg(rg_recorder_sample(r, model, 7, &sampler) == RG_OK, "%s", rg_error_message());
            unsigned char *const bytes = events_of(r, &n);
            ck_assert(find_value(bytes, n, "norm/rnn.weight_hh_l0", &value));
            ck_assert(find_value(bytes, n, "long_share/rnn.weight_hh_l0", &value));
            ck_assert(find_value(bytes, n, "lags/rnn.weight_hh_l0", &value));
            ck_assert(rg_wire_find(value, 5, &histogram));
            ck_assert(rg_wire_find(histogram.bytes, 6, &limits) && rg_wire_find(histogram.bytes, 7, &weights));
            ck_assert(limits.bytes.length == buckets * sizeof(double) && weights.bytes.length == limits.bytes.length);
            size_t lag = 0;
            for (size_t b = 0; b < buckets; b++) {
                double limit = 0.0, weight = 0.0, wanted = 0.0;
                memcpy(&limit, limits.bytes.at + b * sizeof limit, sizeof limit);
                memcpy(&weight, weights.bytes.at + b * sizeof weight, sizeof weight);
                for (; (double)lag < limit; lag++) {
                    wanted += zero ? 0.0 : pow(10.0, -0.001 * (double)lag) / all;
                }
                ck_assert_double_eq(limit, (double)((b + 1) * T / buckets) - 0.5);
                ck_assert_double_eq_tol(weight, wanted, 1e-12);
            }
            ck_assert_uint_eq(lag, T);
            free(bytes);
            rg_recorder_destroy(r);
        }
    }
    rg_model_destroy(model);
}
END_TEST

/* The measure beside the loss of a validation: bits of a text, accuracy of classes, else R^2, where there is one. */
START_TEST(measures_of_a_validation) {
    static const struct {
        struct rg_validation v;
        const char *tag; /* NULL: the loss alone */
    } cases[] = {{{.level = RG_LEVEL_CHAR, .bits = 2.0, .accuracy = 0.5, .r2 = NAN}, "validation/bits"},
                 {{.accuracy = 0.5, .r2 = NAN}, "validation/accuracy"},
                 {{.accuracy = NAN, .r2 = 0.25}, "validation/r2"},
                 {{.accuracy = NAN, .r2 = NAN}, NULL}};
    static const char *const tags[] = {"validation/bits", "validation/accuracy", "validation/r2"};
    struct rg_config config;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_recorder *const r = on_board(&config, i);
        struct rg_validation v = cases[i].v;
        struct rg_bytes value;
        size_t n = 0;
        v.update = 3;
        v.loss = 0.125;
        rg_recorder_validation(r, &v);
        unsigned char *const bytes = events_of(r, &n);
        ck_assert(find_value(bytes, n, "validation/loss", &value));
        for (size_t k = 0; k < 3; k++) {
            const bool wanted = cases[i].tag && strcmp(cases[i].tag, tags[k]) == 0;
            ck_assert_msg(find_value(bytes, n, tags[k], &value) == wanted, "case %zu: %s", i, tags[k]);
        }
        free(bytes);
        rg_recorder_destroy(r);
    }
}
END_TEST

/* ---- Which updates ---- */

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
    tcase_add_test(tests, norms_by_lag_as_a_histogram);
    tcase_add_test(tests, measures_of_a_validation);
    tcase_add_test(add_tests(suite, "lines"), updates_with_a_line);
}
