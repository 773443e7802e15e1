/* A run that is brought to a state of another one goes on with its bits: every optimiser, schedule, kind of model and
 * data, in both precisions, from an early and from a late update, by another number of threads. */
#include <math.h>
#include <unistd.h>

#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "suite.h"
#include "train/checkpoint.h"
#include "train/run_open.h"

enum { UPDATES = 24 };

static struct rg_config base(void) {
    struct rg_config c = rg_config_default();
    c.machine.device = "cpu";
    c.data.batch = 5;
    c.data.steps = 7;
    c.model.hidden = 9;
    c.training.updates = UPDATES;
    c.training.lr = 0.02;
    c.training.diagnose = RG_DIAGNOSE_NONE;
    return c;
}

static void momentum(struct rg_config *c) {
    c->training.optimizer = RG_OPT_MOMENTUM;
}
static void nesterov(struct rg_config *c) {
    c->training.optimizer = RG_OPT_NESTEROV;
    c->training.weight_decay = 0.01;
}
static void sgd(struct rg_config *c) {
    c->training.optimizer = RG_OPT_SGD;
    c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_ONE_CYCLE, 0, 1.0};
}
static void rmsprop(struct rg_config *c) {
    c->training.optimizer = RG_OPT_RMSPROP;
    c->training.momentum = 0.0;
    c->model.cell = RG_CELL_GRU;
}
static void rmsprop_with_momentum(struct rg_config *c) {
    c->training.optimizer = RG_OPT_RMSPROP;
}
static void adam(struct rg_config *c) {
    c->model.cell = RG_CELL_LSTM;
    c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_COSINE, 0, 1.0};
    c->training.warmup = 6;
}
static void adamw(struct rg_config *c) {
    c->training.optimizer = RG_OPT_ADAMW;
    c->training.weight_decay = 0.1;
    c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_STEP, 5, 0.5};
}
static void adagrad(struct rg_config *c) {
    c->training.optimizer = RG_OPT_ADAGRAD;
    c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_LINEAR, 0, 1.0};
}
static void plateau(struct rg_config *c) {
    c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_PLATEAU, 2, 0.5};
    c->training.lr = 0.1;
}
static void dropout(struct rg_config *c) {
    c->model.layers = 3;
    c->model.dropout = 0.4;
    c->model.bidirectional = true;
}
static void learned_skip(struct rg_config *c) {
    c->model.skip = 1;
    c->model.skip_kind = RG_SKIP_LEARNED;
    c->model.skip_budget = 0.01;
}
static void samples(struct rg_config *c) {
    c->training.lag_every = 2;
    c->training.clip_norm = 0.01;
}
static void skipped_updates(struct rg_config *c) { /* losses beyond a float, now and then */
    c->training.lr = 1e15;
    c->training.optimizer = RG_OPT_SGD;
    c->training.clip_norm = 0.0;
    c->model.activation = RG_ACT_RELU;
    c->training.nonfinite = RG_NONFINITE_SKIP;
}
static void stop_at_a_loss(struct rg_config *c) {
    c->training.target_loss = 10.0;
    c->training.updates = 40;
}
static void copy_task(struct rg_config *c) {
    c->data.task = "copy";
}
static void csv(struct rg_config *c) { /* an update ends within an epoch */
    c->data.file = RG_SOURCE_DIR "/data/cat-mat-rat.csv";
    c->data.batch = 2;
    rg_config_set_given(c, "batch", true);
}

static void validation(struct rg_config *c) { /* one of the moments is that of a validation, and the rate falls by it */
    csv(c);
    c->data.val = c->data.file;
    c->training.val_every = 5;
    c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_PLATEAU, 7, 0.5};
    c->training.optimizer = RG_OPT_MOMENTUM;
    c->training.lr = 3.0;
}
static void patience(struct rg_config *c) {
    validation(c);
    c->training.patience = 3;
}

static const struct {
    const char *name;
    void (*set)(struct rg_config *c);
} cases[] = {{"momentum", momentum},
             {"nesterov", nesterov},
             {"sgd, one-cycle", sgd},
             {"rmsprop, gru", rmsprop},
             {"rmsprop with momentum", rmsprop_with_momentum},
             {"adam, lstm, cosine", adam},
             {"adamw, step", adamw},
             {"adagrad, linear", adagrad},
             {"plateau", plateau},
             {"dropout", dropout},
             {"learned skip", learned_skip},
             {"samples", samples},
             {"skipped updates", skipped_updates},
             {"a target", stop_at_a_loss},
             {"copy", copy_task},
             {"csv", csv},
             {"validation", validation},
             {"patience", patience}};
enum { N_CASES = sizeof cases / sizeof *cases };

/* A run, and the state that it had after update `at`. */
struct kept {
    uint64_t at;
    struct rg_sections *sections;
};

static rg_status keep(void *self, struct rg_run *run) {
    struct kept *const kept = self;
    bool finite = true;
    if (run->state.training.updates == kept->at && !kept->sections) {
        RG_TRY(rg_sections_create(&kept->sections));
        kept->sections->path = "state";
        RG_TRY(rg_checkpoint_gather(run, kept->sections, &finite));
        ck_assert(finite);
    }
    return RG_OK;
}

static struct rg_run *train(const struct rg_config *c, const struct rg_run_data *data, struct kept *kept,
                            const struct rg_sections *from) {
    struct rg_run *run = NULL;
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    ck_assert_msg(rg_run_open(c, data, &run) == RG_OK, "%s", rg_error_message());
    if (kept) {
        run->on_rest = keep;
        run->rest_self = kept;
        run->rest_every = 1;
    }
    if (from) {
        ck_assert_msg(rg_checkpoint_restore(run, from) == RG_OK, "%s", rg_error_message());
    }
    ck_assert_msg(rg_run_train(run, &hooks) == RG_OK, "%s", rg_error_message());
    return run;
}

static uint64_t bits(double value) {
    uint64_t number = 0;
    memcpy(&number, &value, sizeof number);
    return number;
}

static void expect_equal(const struct rg_run_result *a, const struct rg_run_result *b) {
    const struct rg_training *const x = &a->training, *const y = &b->training;
    ck_assert_msg(a->weights_hash == b->weights_hash, "the weights differ: %016llx, %016llx",
                  (unsigned long long)a->weights_hash, (unsigned long long)b->weights_hash);
    ck_assert_int_eq(x->reason, y->reason);
    ck_assert_uint_eq(x->updates, y->updates);
    ck_assert_uint_eq(x->applied, y->applied);
    ck_assert_uint_eq(x->clipped, y->clipped);
    ck_assert_uint_eq(x->skipped, y->skipped);
    ck_assert_uint_eq(x->loss_updates, y->loss_updates);
    ck_assert_uint_eq(bits(x->loss), bits(y->loss));
    ck_assert_uint_eq(bits(x->last_loss), bits(y->last_loss));
    ck_assert_uint_eq(bits(x->grad_norm), bits(y->grad_norm));
    ck_assert_uint_eq(a->best_update, b->best_update);
    ck_assert_uint_eq(bits(a->best_loss), bits(b->best_loss));
    ck_assert_uint_eq(a->validation.update, b->validation.update);
    ck_assert_uint_eq(bits(a->validation.loss), bits(b->validation.loss));
    ck_assert_uint_eq(bits(a->validation.accuracy), bits(b->validation.accuracy));
    ck_assert_uint_eq(a->driver.updates, b->driver.updates);
    ck_assert_uint_eq(a->driver.count, b->driver.count);
    ck_assert_uint_eq(a->driver.lag, b->driver.lag);
    ck_assert_uint_eq(a->driver.parameter, b->driver.parameter);
}

START_TEST(it_goes_on_as_if_it_had_never_stopped) {
    static const uint64_t moments[] = {1, 10, 23};
    struct rg_config c = base();
    struct rg_run_data data;
    c.machine.precision = _i % 2 ? RG_PRECISION_DOUBLE : RG_PRECISION_FLOAT;
    test_case("%s, %s", cases[_i / 2].name, rg_precision_names[c.machine.precision]);
    cases[_i / 2].set(&c);
    ck_assert_int_eq(rg_run_data_read(&c, &data), RG_OK);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct kept kept = {.at = moments[i]};
        c.machine.threads = 2;
        struct rg_run *const whole = train(&c, &data, &kept, NULL);
        if (!kept.sections) { /* it ended before */
            ck_assert(i > 0 && whole->result.training.updates <= moments[i]);
            rg_run_destroy(whole);
            continue;
        }
        c.machine.threads = 1;
        struct rg_run *const resumed = train(&c, &data, NULL, kept.sections);
        expect_equal(&whole->result, &resumed->result);
        rg_sections_destroy(kept.sections);
        rg_run_destroy(whole);
        rg_run_destroy(resumed);
    }
    rg_run_data_release(&data);
}
END_TEST

/* The cases are what they are called. */
START_TEST(updates_are_skipped_and_clipped) {
    struct rg_config c = base();
    const struct rg_run_data none = {.training = NULL};
    skipped_updates(&c);
    struct rg_run *run = train(&c, &none, NULL, NULL);
    ck_assert_uint_gt(run->result.training.skipped, 0);
    ck_assert_uint_gt(run->result.training.applied, 0);
    rg_run_destroy(run);
    c = base();
    samples(&c);
    run = train(&c, &none, NULL, NULL);
    ck_assert_uint_gt(run->result.driver.updates, 1);
    rg_run_destroy(run);
}
END_TEST

/* More updates than were planned at first: as planned from the start, where the schedule does not look at the end. */
START_TEST(it_can_go_on_for_longer) {
    struct rg_config c = base();
    const struct rg_run_data none = {.training = NULL};
    struct kept kept = {.at = 20};
    rg_run_destroy(train(&c, &none, &kept, NULL));
    c.training.updates = 400;
    struct rg_run *const whole = train(&c, &none, NULL, NULL), *const resumed = train(&c, &none, NULL, kept.sections);
    expect_equal(&whole->result, &resumed->result);
    rg_run_destroy(whole);
    rg_run_destroy(resumed);
    rg_sections_destroy(kept.sections);
}
END_TEST

/* States that do not fit, with what the message says. */
START_TEST(another_run_is_refused) {
    const struct rg_run_data none = {.training = NULL};
    struct rg_config c = base();
    struct kept kept = {.at = 20};
    rg_run_destroy(train(&c, &none, &kept, NULL));
    struct rg_config others[] = {c, c, c, c};
    static const char *const messages[] = {"its tensors do not fit", "numbers of 4 bytes", "already", "'lags.sampled'"};
    others[0].model.hidden = 10;
    others[1].machine.precision = RG_PRECISION_DOUBLE;
    others[2].training.updates = 10;
    others[3].training.lag_every = 2;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct rg_run *run = NULL;
        ck_assert_int_eq(rg_run_open(&others[i], &none, &run), RG_OK);
        ck_assert_int_eq(rg_checkpoint_restore(run, kept.sections), i == 2 ? RG_USAGE : RG_BAD_FILE);
        ck_assert_msg(strstr(rg_error_message(), messages[i]) != NULL, "%s", rg_error_message());
        rg_run_destroy(run);
    }
    float *const weights = rg_sections_find(kept.sections, "weights")->data;
    weights[3] = NAN;
    struct rg_run *run = NULL;
    ck_assert_int_eq(rg_run_open(&c, &none, &run), RG_OK);
    ck_assert_int_eq(rg_checkpoint_restore(run, kept.sections), RG_BAD_FILE);
    rg_run_destroy(run);
    rg_sections_destroy(kept.sections);
}
END_TEST

TEST_MAIN("checkpoint") {
    TCase *const tests = add_tests(suite, "checkpoint");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, it_goes_on_as_if_it_had_never_stopped, 0, 2 * N_CASES);
    tcase_add_test(tests, updates_are_skipped_and_clipped);
    tcase_add_test(tests, it_can_go_on_for_longer);
    tcase_add_test(tests, another_run_is_refused);
}
