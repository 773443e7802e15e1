/* The public interface in several threads at once: trainings on devices of their own and on a shared one, predictions,
 * notices and cancellations. `tests/run --all` runs it under the thread sanitizer. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "api_problem.h"

enum { THREADS = 4 };

static struct problem problem;
static rnn_gpu_data *data;
static rnn_gpu_device *shared;
static rnn_gpu_options *settings;
static atomic_int notices;

static const char *const small[] = {"hidden",   "5",    "cell",    "gru", "updates",  "12",   "threads", "2",
                                    "val-frac", "0.25", "threads", "2",   "val-frac", "0.25", NULL};

static void set_up(void) {
    make_problem(&problem);
    for (int n = 0; n < SEQUENCES; n++) {
        problem.x[n][0][1] = 1e4f; /* so large that a notice says so */
    }
    settings = options_with("train", small);
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    GOOD(rnn_gpu_device_open(settings, &shared));
}

static void tear_down(void) {
    rnn_gpu_set_log(NULL, NULL);
    rnn_gpu_device_close(shared);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(settings);
}

static void take_notice(void *user, const char *line) {
    (void)user;
    (void)atomic_fetch_add(&notices, line[0] != '\0');
}

/* One thread's work, and what came of it: checks of Check's belong to the first thread. */
struct worker {
    pthread_t thread;
    rnn_gpu_device *device;
    rnn_gpu_status status;
    uint64_t hash;
    double sum;
    char message[200];
};

/* Train, predict with the result, and save it. */
static void *work(void *self) {
    struct worker *const w = self;
    rnn_gpu_trainer *trainer = NULL;
    rnn_gpu_model *model = NULL;
    rnn_gpu_tensors *outputs = NULL;
    struct rnn_gpu_result result = {.weights_hash = 0};
    struct rnn_gpu_array output;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/rnn-gpu-test-%ld-%p", (long)getpid(), self);
    w->status = rnn_gpu_trainer_create(w->device, settings, NULL, data, NULL, &trainer);
    w->status = w->status == RNN_GPU_OK ? rnn_gpu_trainer_run(trainer) : w->status;
    w->status = w->status == RNN_GPU_OK ? rnn_gpu_trainer_result(trainer, &result) : w->status;
    w->status = w->status == RNN_GPU_OK ? rnn_gpu_trainer_model(trainer, 1, &model) : w->status;
    w->status = w->status == RNN_GPU_OK ? rnn_gpu_model_save(model, path) : w->status;
    w->status = w->status == RNN_GPU_OK ? rnn_gpu_predict(shared, model, data, NULL, &outputs) : w->status;
    w->status = w->status == RNN_GPU_OK ? rnn_gpu_tensors_get(outputs, "output", &output) : w->status;
    for (size_t i = 0; w->status == RNN_GPU_OK && i < SEQUENCES; i++) {
        w->sum += (double)((const float *)output.values)[i];
    }
    w->hash = result.weights_hash;
    (void)snprintf(w->message, sizeof w->message, "%s", rnn_gpu_error_message());
    (void)unlink(path);
    rnn_gpu_tensors_destroy(outputs);
    rnn_gpu_model_destroy(model);
    rnn_gpu_trainer_destroy(trainer);
    return NULL;
}

START_TEST(trainings_side_by_side) {
    struct worker workers[THREADS + 1] = {{.device = NULL}};
    atomic_store(&notices, 0);
    rnn_gpu_set_log(take_notice, NULL);
    work(&workers[THREADS]); /* alone */
    ck_assert_msg(workers[THREADS].status == RNN_GPU_OK, "%s", workers[THREADS].message);
    for (int i = 0; i < THREADS; i++) {
        workers[i].device = i % 2 ? shared : NULL;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert_msg(workers[i].status == RNN_GPU_OK, "%s", workers[i].message);
        ck_assert_uint_eq(workers[i].hash, workers[THREADS].hash);
        ck_assert_double_eq(workers[i].sum, workers[THREADS].sum);
    }
    ck_assert_int_ge(atomic_load(&notices), THREADS + 1);
}
END_TEST

/* ---- Cancelling from another thread ---- */

struct endless {
    pthread_t thread;
    rnn_gpu_trainer *trainer;
    rnn_gpu_status status;
    atomic_int updates;
};

static int count(void *user, const struct rnn_gpu_update *update) {
    struct endless *const e = user;
    (void)update;
    (void)atomic_fetch_add(&e->updates, 1);
    return 0;
}

static void *run(void *self) {
    struct endless *const e = self;
    e->status = rnn_gpu_trainer_run(e->trainer);
    return NULL;
}

static void start(struct endless *e, const char *updates) {
    GOOD(rnn_gpu_options_set(settings, "updates", updates));
    GOOD(rnn_gpu_trainer_create(NULL, settings, NULL, data, NULL, &e->trainer));
    rnn_gpu_trainer_on_update(e->trainer, count, e);
    ck_assert_int_eq(pthread_create(&e->thread, NULL, run, e), 0);
}

/* One of two trainings is cancelled; the other one comes to its end. */
START_TEST(cancelled_by_another_thread) {
    struct endless two[2] = {{.trainer = NULL}};
    struct rnn_gpu_result result;
    start(&two[0], "100000000");
    start(&two[1], "300");
    while (atomic_load(&two[0].updates) < 3) {
        usleep(1000);
    }
    ck_assert_int_eq(rnn_gpu_trainer_result(two[0].trainer, &result), RNN_GPU_USAGE);
    rnn_gpu_trainer_cancel(two[0].trainer);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(two[i].thread, NULL), 0);
        GOOD(rnn_gpu_trainer_result(two[i].trainer, &result));
        ck_assert_int_eq(two[i].status, i ? RNN_GPU_OK : RNN_GPU_INTERRUPTED);
        ck_assert_str_eq(result.reason, i ? "done" : "interrupted");
        rnn_gpu_trainer_destroy(two[i].trainer);
    }
}
END_TEST

/* ---- Errors ---- */

static void *provoke(void *text) {
    rnn_gpu_options *options = NULL;
    (void)rnn_gpu_options_create("nosuch", &options);
    (void)snprintf(text, 200, "%s", rnn_gpu_error_message());
    return NULL;
}

/* A thread's error does not reach another. */
START_TEST(errors_by_thread) {
    pthread_t thread;
    char theirs[200] = "", mine[200];
    rnn_gpu_model *model = NULL;
    ck_assert_int_eq(rnn_gpu_model_load("nosuch.safetensors", NULL, &model), RNN_GPU_BAD_DATA);
    (void)snprintf(mine, sizeof mine, "%s", rnn_gpu_error_message());
    ck_assert_int_eq(pthread_create(&thread, NULL, provoke, theirs), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ptr_nonnull(strstr(theirs, "'nosuch'"));
    ck_assert_str_eq(rnn_gpu_error_message(), mine);
    ck_assert_int_eq(rnn_gpu_last_status(), RNN_GPU_BAD_DATA);
}
END_TEST

TEST_MAIN("api_threads") {
    TCase *const tests = add_tests(suite, "api_threads");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, trainings_side_by_side);
    tcase_add_test(tests, cancelled_by_another_thread);
    tcase_add_test(tests, errors_by_thread);
}
