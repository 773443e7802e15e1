/* What the host still has of a run when its device is lost, and a checkpoint that cannot be written: what is saved,
 * tried again, and told. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/commands/checkpoints.h"
#include "rnn_gpu/model.h"
#include "train/run_open.h"

#define TRAIN "train --device cpu --threads 1 --batch 2 --steps 3 --hidden 2 --diagnose none --quiet --out run "

static struct rg_run_data data;
static struct rg_run *run;
static struct rg_recorder *recorder;
static struct rg_checkpoints checkpoints;
static const struct rg_lock lock = {.file = -1, .folder = -1};

static void open_run(const char *line) {
    accept(line);
    ck_assert(mkdir("run", 0777) == 0 || access("run", W_OK) == 0);
    ck_assert_msg(rg_run_data_read(&config, &data) == RG_OK && rg_run_open(&config, &data, &run) == RG_OK, "%s",
                  rg_error_message());
    ck_assert_int_eq(rg_recorder_create(&config, NULL, &recorder), RG_OK);
    ck_assert_int_eq(rg_checkpoints_begin(&checkpoints, &config, run, recorder, &lock, 0), RG_OK);
}

static void close_run(void) {
    rg_checkpoints_release(&checkpoints);
    ck_assert_ptr_null(checkpoints.copy);
    ck_assert_ptr_null(checkpoints.config);
    rg_recorder_destroy(recorder);
    rg_run_destroy(run);
    rg_run_data_release(&data);
}

static void train(void) {
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    ck_assert_msg(rg_run_train(run, &hooks) == RG_OK, "%s", rg_error_message());
}

static void expect_rescue(rg_status lost, const char *model, const char *message) {
    (void)rg_fail(lost, "the device is lost");
    ck_assert_int_eq(rg_checkpoints_rescue(&checkpoints, lost, model), lost);
    ck_assert_str_eq(rg_error_message(), message);
}

static bool is_there(const char *name) {
    return access(name, F_OK) == 0;
}

/* ---- A device that is lost ---- */

START_TEST(nothing_to_rescue) {
    checkpoints = (struct rg_checkpoints){.config = NULL};
    expect_rescue(RG_NO_DEVICE, "m.safetensors", "the device is lost");
    open_run(TRAIN "--updates 3");
    expect_rescue(RG_NO_MEMORY, "m.safetensors", "the device is lost");
    ck_assert(!is_there("m.safetensors"));
    close_run();
}
END_TEST

/* The copy that was made at the first rest, and the weights after the last update. */
START_TEST(a_copy_is_saved) {
    open_run(TRAIN "--updates 3");
    run->on_end = NULL; /* it does not come to that */
    train();
    ck_assert_ptr_nonnull(checkpoints.copy);
    ck_assert_uint_gt(checkpoints.copied, 0);
    ck_assert_uint_le(checkpoints.copied, 3);
    const uint64_t copied = checkpoints.copied;
    char path[RG_CHECKPOINT_PATH];
    rg_checkpoint_name(path, "run", copied);
    put_text("run/checkpoint-9.ckpt", ""); /* of a later update: prune leaves it alone */
    expect_rescue(RG_NO_DEVICE, "run/m.safetensors",
                  "the device is lost; saved the weights after update 3 in run/m.safetensors; resume with: ./rnn-gpu "
                  "--resume run");
    ck_assert(is_there("run/m.safetensors") && is_there(path) && is_there("run/checkpoint-9.ckpt"));
    ck_assert_uint_eq(checkpoints.newest, copied);
    /* it is not written again */
    ck_assert_int_eq(unlink(path), 0);
    expect_rescue(RG_BAD_FILE, "run/m.safetensors",
                  "the device is lost; saved the weights after update 3 in run/m.safetensors; resume with: ./rnn-gpu "
                  "--resume run");
    ck_assert(!is_there(path));
    /* what is newer takes the place of the third newest */
    put_text("run/checkpoint-0.ckpt", "");
    checkpoints.copied = 5;
    put_text("run/checkpoint-4.ckpt", "");
    expect_rescue(RG_BAD_FILE, "run/m.safetensors",
                  "the device is lost; saved the weights after update 3 in run/m.safetensors; resume with: ./rnn-gpu "
                  "--resume run");
    ck_assert(is_there("run/checkpoint-5.ckpt") && is_there("run/checkpoint-4.ckpt") &&
              !is_there("run/checkpoint-0.ckpt"));
    close_run();
}
END_TEST

/* Neither can be written: both are tried, and the message has both. */
START_TEST(what_cannot_be_rescued) {
    open_run(TRAIN "--updates 2");
    run->on_end = NULL;
    train();
    char path[RG_CHECKPOINT_PATH], message[600];
    rg_checkpoint_name(path, "run", checkpoints.copied);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    (void)snprintf(message, sizeof message,
                   "the device is lost; nowhere/m.safetensors: cannot be saved: No such file or directory; check that "
                   "the folder exists; %.40s: cannot be saved: Is a directory; give the name of a file",
                   path);
    expect_rescue(RG_NO_DEVICE, "nowhere/m.safetensors", message);
    ck_assert_uint_eq(checkpoints.newest, 0);
    /* without a copy the weights remain */
    rg_sections_destroy(checkpoints.copy);
    checkpoints.copy = NULL;
    expect_rescue(RG_NO_DEVICE, "m.safetensors",
                  "the device is lost; saved the weights after update 2 in m.safetensors");
    close_run();
}
END_TEST

/* ---- Checkpoints that cannot be written ---- */

/* Said once; the run goes on, tries again after a second, and says that the failure is over. */
START_TEST(a_failure_that_passes) {
    open_run(TRAIN "--updates 2 --save-every 1");
    rg_log_quiet(false);
    ck_assert_int_eq(mkdir("run/checkpoint-1.ckpt", 0777), 0);
    const double begin = rg_seconds();
    train();
    ck_assert_str_eq(told.bytes,
                     "note: run/checkpoint-1.ckpt: cannot be saved: Is a directory; give the name of a file; "
                     "the run continues and tries again\n"
                     "note: run/checkpoint-2.ckpt: saved; the earlier failure is over\n");
    ck_assert(!checkpoints.is_failing && is_there("run/checkpoint-2.ckpt"));
    ck_assert_uint_eq(checkpoints.newest, 2);
    ck_assert_double_ge(checkpoints.retry_time, begin + 1.0);
    ck_assert_double_le(checkpoints.retry_time, rg_seconds() + 21.0);
    ck_assert_int_eq(rg_checkpoints_end(&checkpoints), RG_OK);
    /* while it fails, nothing is due before the retry */
    checkpoints.is_failing = true;
    checkpoints.newest = 0;
    checkpoints.retry_time = INFINITY;
    ck_assert_int_eq(unlink("run/checkpoint-2.ckpt"), 0);
    ck_assert_int_eq(run->on_rest(run->rest_self, run), RG_OK);
    ck_assert(!is_there("run/checkpoint-2.ckpt"));
    checkpoints.retry_time = rg_seconds();
    ck_assert_int_eq(run->on_rest(run->rest_self, run), RG_OK);
    ck_assert(is_there("run/checkpoint-2.ckpt") && !checkpoints.is_failing);
    close_run();
}
END_TEST

/* The one after the last update: the run's end tells it, after the model was saved. */
START_TEST(a_failure_at_the_end) {
    static const char message[] = "run/checkpoint-2.ckpt: cannot be saved: Is a directory; give the name of a file";
    open_run(TRAIN "--updates 2");
    ck_assert_int_eq(mkdir("run/checkpoint-2.ckpt", 0777), 0);
    train();
    ck_assert_uint_eq(checkpoints.newest, 0);
    (void)rg_fail(RG_OK, "-");
    ck_assert_int_eq(rg_checkpoints_end(&checkpoints), RG_NOT_SAVED);
    ck_assert_str_eq(rg_error_message(), message);
    close_run();
}
END_TEST

/* By time: due when its seconds have passed since the last one. */
START_TEST(checkpoints_by_time) {
    open_run(TRAIN "--updates 2 --save-every 100s");
    run->on_end = NULL;
    ck_assert_double_eq_tol(checkpoints.due_time, rg_seconds() + 100.0, 20.0);
    train();
    ck_assert(!is_there("run/checkpoint-2.ckpt"));
    checkpoints.due_time = rg_seconds();
    ck_assert_int_eq(run->on_rest(run->rest_self, run), RG_OK);
    ck_assert(is_there("run/checkpoint-2.ckpt"));
    ck_assert_double_eq_tol(checkpoints.due_time, rg_seconds() + 100.0, 20.0);
    /* no second one of the same update */
    ck_assert_int_eq(unlink("run/checkpoint-2.ckpt"), 0);
    checkpoints.due_time = 0.0;
    ck_assert_int_eq(run->on_rest(run->rest_self, run), RG_OK);
    ck_assert(!is_there("run/checkpoint-2.ckpt"));
    close_run();
}
END_TEST

static void begin(void) {
    begin_commands();
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
    text_add(&told, "%s", "");
}

static void end(void) {
    end_commands();
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}

TEST_MAIN("checkpoints_rescue") {
    TCase *const tests = add_tests(suite, "checkpoints_rescue");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, nothing_to_rescue);
    tcase_add_test(tests, a_copy_is_saved);
    tcase_add_test(tests, what_cannot_be_rescued);
    tcase_add_test(tests, a_failure_that_passes);
    tcase_add_test(tests, a_failure_at_the_end);
    tcase_add_test(tests, checkpoints_by_time);
}
