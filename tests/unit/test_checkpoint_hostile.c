/* A checkpoint whose checksums are right and whose contents are not: it is refused, or taken as it is, and does no
 * harm. Every number takes hostile values, and every section loses bytes, gains some, and has random ones changed. */
#include <math.h>

#include "cli/report/history_state.h"
#include "options/options_store.h"
#include "rnn_gpu/memory.h"
#include "suite.h"
#include "train/checkpoint.h"
#include "train/run_open.h"

static const struct rg_run_data no_data = {.training = NULL};

static struct rg_config options(void) {
    struct rg_config c = rg_config_default();
    c.machine.device = "cpu";
    c.machine.threads = 1;
    c.data.batch = 4;
    c.data.steps = 6;
    c.model.hidden = 5;
    c.training.updates = 30;
    c.training.lag_every = 3;
    c.training.clip_norm = 0.01;
    c.training.diagnose = RG_DIAGNOSE_NONE;
    return c;
}

/* A history like that of a run with lag profiles. */
static struct rg_history *a_history(void) {
    static const double norm[6] = {0.0, -1.0, -2.0, -3.0, -4.0, -5.0}, share[6] = {0.5, 0.5, 0.0, 0.0, 0.0, 0.0};
    const struct rg_history_matrix matrices[2] = {{"rnn.weight_ih_l0", 0, 0}, {"rnn.weight_hh_l0", 0, 0}};
    const struct rg_lag_values values = {norm, share, share};
    struct rg_history *h = NULL;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_history_set_matrices(h, 6, matrices, 2), RG_OK);
    for (uint64_t u = 1; u <= 9; u++) {
        rg_history_add_update(
            h, &(struct rg_update){
                   .update = u, .loss = 1.0, .grad_norm = 1.0, .clipped = true, .skipped = false, .lr = 0.1});
        ck_assert_int_eq(rg_history_add_lags(h, u, (const struct rg_lag_values[]){values, values}), RG_OK);
    }
    return h;
}

static rg_status train_with(struct rg_run *run) {
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    return rg_run_train(run, &hooks);
}

/* The whole state of a run after some updates. */
static struct rg_sections *whole_state(void) {
    struct rg_config c = options();
    struct rg_run *run = NULL;
    struct rg_sections *s = NULL;
    struct rg_history *const h = a_history();
    bool finite = false;
    char *text = NULL;
    c.training.updates = 9;
    ck_assert_int_eq(rg_run_open(&c, &no_data, &run), RG_OK);
    ck_assert_int_eq(train_with(run), RG_OK);
    ck_assert_int_eq(rg_sections_create(&s), RG_OK);
    s->path = "state";
    ck_assert_int_eq(rg_checkpoint_gather(run, s, &finite), RG_OK);
    ck_assert_int_eq(rg_history_gather(h, s), RG_OK);
    c = options();
    ck_assert_int_eq(rg_options_store("train", &c, &text), RG_OK);
    ck_assert_int_eq(rg_sections_add_text(s, "options", text), RG_OK);
    rg_free(text);
    rg_history_destroy(h);
    rg_run_destroy(run);
    return s;
}

static char message[1000]; /* of the first failure of go_on */

/* The first failure of several; its message is kept. */
static rg_status first(rg_status before, rg_status now) {
    if (before == RG_OK && now != RG_OK) {
        (void)snprintf(message, sizeof message, "%s", rg_error_message());
    }
    return before != RG_OK ? before : now;
}

/* Go on from the sections as --resume does. */
static rg_status go_on(const struct rg_sections *s) {
    const struct rg_config c = options();
    struct rg_config read;
    struct rg_run *run = NULL;
    struct rg_history *h = NULL;
    char *text = NULL, *copy = NULL;
    rg_status status = first(RG_OK, rg_sections_get_text(s, "options", &text));
    if (status == RG_OK) {
        ck_assert_int_eq(rg_copy_string(&copy, text), RG_OK);
        status = first(status, rg_options_restore("train", "options", copy, &read));
    }
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    status = first(status, rg_history_restore(h, s));
    ck_assert_int_eq(rg_run_open(&c, &no_data, &run), RG_OK);
    const rg_status of_run = rg_checkpoint_restore(run, s);
    status = first(status, of_run);
    status = first(status, of_run == RG_OK ? train_with(run) : RG_OK);
    rg_run_destroy(run);
    rg_history_destroy(h);
    rg_free(copy);
    return status;
}

static void expect_mild(rg_status status, const char *what) {
    ck_assert_msg(status == RG_OK || status == RG_BAD_FILE || status == RG_USAGE, "%s: status %d, %s", what,
                  (int)status, message);
}

/* What is not there is missed by its name. */
static void expect_missed(rg_status status, const char *name) {
    if (strcmp(name, "training.mean_loss") == 0) { /* only inspect reads it */
        return;
    }
    ck_assert_msg(status == RG_BAD_FILE && strstr(message, name) != NULL, "%s is not missed: status %d, %s", name,
                  (int)status, message);
}

START_TEST(a_whole_one_goes_on) {
    struct rg_sections *const s = whole_state();
    ck_assert_msg(go_on(s) == RG_OK, "%s", rg_error_message());
    rg_sections_destroy(s);
}
END_TEST

/* Numbers that only count what was seen; any is harmless. */
static bool may_be_any(const char *name) {
    static const char *const names[] = {"lags.sampled", "history.validations_seen", "history.validations_stride",
                                        "history.samples_seen", "history.samples_stride"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        found = found || strcmp(names[i], name) == 0;
    }
    return found;
}

START_TEST(hostile_numbers) {
    static const uint64_t values[] = {0, 1, 9, 10, 1u << 31, UINT32_MAX, (uint64_t)1 << 40, INT64_MAX, UINT64_MAX};
    struct rg_sections *const s = whole_state();
    for (size_t i = 0; i < s->n_numbers; i++) {
        const struct rg_number kept = s->numbers[i];
        test_case("%s", kept.name);
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            s->numbers[i].bits = values[v];
            const rg_status status = go_on(s);
            expect_mild(status, kept.name);
            if (kept.kind == 'u' && values[v] == UINT64_MAX && !may_be_any(kept.name)) {
                ck_assert_msg(status != RG_OK, "%s may be %llu", kept.name, (unsigned long long)values[v]);
            }
        }
        s->numbers[i].name[0] ^= 1;
        expect_missed(go_on(s), kept.name);
        s->numbers[i] = kept;
        s->numbers[i].kind ^= 'u' ^ 'd';
        expect_missed(go_on(s), kept.name);
        s->numbers[i] = kept;
    }
    rg_sections_destroy(s);
}
END_TEST

START_TEST(hostile_sections) {
    struct rg_sections *const s = whole_state();
    uint32_t random = 7;
    for (size_t i = 0; i < s->n; i++) {
        struct rg_section *const item = &s->items[i];
        const struct rg_section kept = *item;
        unsigned char *bytes = NULL;
        ck_assert_int_eq(rg_alloc(&bytes, kept.bytes + 64, 1, "a copy"), RG_OK);
        item->data = bytes;
        for (int attempt = 0; attempt < 40; attempt++) {
            memset(bytes, 0, kept.bytes + 64);
            memcpy(bytes, kept.data, kept.bytes);
            for (int change = 0; kept.bytes > 0 && change < attempt % 9; change++) {
                random = random * 1664525u + 1013904223u;
                bytes[(random >> 4) % kept.bytes] = (unsigned char)(random >> 24);
            }
            item->bytes = attempt % 5 == 4 ? (random >> 8) % (kept.bytes + 64) : kept.bytes;
            expect_mild(go_on(s), kept.name);
        }
        item->name[0] ^= 1;
        expect_missed(go_on(s), kept.name);
        *item = kept;
        rg_free(bytes);
    }
    rg_sections_destroy(s);
}
END_TEST

TEST_MAIN("checkpoint_hostile") {
    TCase *const tests = add_tests(suite, "hostile");
    tcase_add_test(tests, a_whole_one_goes_on);
    tcase_add_test(tests, hostile_numbers);
    tcase_add_test(tests, hostile_sections);
}
