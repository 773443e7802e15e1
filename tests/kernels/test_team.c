/* A team's members get the bits that they would get alone, whoever else is in the team, and what they launch alike is
 * launched once. */
#include <pthread.h>
#include <string.h>

#include "device/team.h"
#include "executions.h"
#include "train/tasks.h"
#include "verify/selftest/exercise.h"

enum { MAX_TRAININGS = 5 };

/* What one member trains, and what came out. */
struct training {
    struct rg_exercise_net net;
    size_t hidden, updates;
    uint64_t seed;
    double lr, clip_norm, dropout;
    struct rg_device *device;
    double *weights; /* [arena] */
    size_t arena;
    rg_status status;
};

static rg_status train(struct training *t) {
    const struct rg_exercise_form form = {{13, 9, 2, t->hidden, 1, RG_LOSS_MSE, false}, t->net, false, 0};
    struct rg_exercise *e = NULL;
    struct rg_engine *engine = NULL;
    struct rg_problem problem;
    struct rg_task_source task;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_exercise_create(&form, &e));
    rg_exercise_fill(e, t->seed);
    struct rg_engine_options options = rg_exercise_options(e);
    options.optimizer = (struct rg_optimizer_options){.kind = RG_OPT_ADAM, .clip_norm = t->clip_norm, .max_skips = 1};
    options.dropout = t->dropout;
    options.seed = t->seed;
    RG_TRY_GOTO(rg_problem_task("adding", form.sizes.steps, &problem));
    rg_task_source_init(&task, &problem, t->seed);
    RG_TRY_GOTO(rg_engine_create(t->device, e->model, &options, &engine));
    for (size_t i = 0; i < t->updates; i++) {
        struct rg_control control;
        RG_TRY_GOTO(rg_engine_gradient(engine, &task.source, i));
        RG_TRY_GOTO(rg_engine_norm(engine, i));
        RG_TRY_GOTO(rg_engine_step(engine, t->lr));
        if (i % 3 == t->seed % 3) { /* members read at different times */
            RG_TRY_GOTO(rg_engine_control(engine, &control));
        }
    }
    RG_TRY_GOTO(rg_device_finish(t->device));
    t->arena = e->model->arena;
    t->weights = numbers(t->arena, sizeof *t->weights);
    RG_TRY_GOTO(rg_reals_read(t->device, t->weights, engine->net.buffers.weights, 0, t->arena));
cleanup:
    rg_engine_destroy(engine);
    rg_exercise_destroy(e);
    return status;
}

static void *train_in_team(void *argument) {
    struct training *const t = argument;
    t->status = train(t);
    rg_team_leave(t->device);
    return NULL;
}

/* Train all together. */
static rg_status train_team(struct rg_device *device, struct training *trainings, size_t n) {
    pthread_t threads[MAX_TRAININGS];
    struct rg_team *team = NULL;
    expect_ok(rg_team_create(device, n, &team), "team");
    for (size_t i = 0; i < n; i++) {
        trainings[i].device = rg_team_member(team, i);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, train_in_team, &trainings[i]), 0);
    }
    const rg_status status = rg_team_drive(team);
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    rg_team_destroy(team);
    return status;
}

/* Each alone gives the weights that it gave in the team; returns the launches of the first alone. */
static size_t expect_as_alone(struct rg_device *device, struct training *trainings, size_t n, const char *where) {
    size_t launches = 0;
    for (size_t i = 0; i < n; i++) {
        struct training alone = trainings[i];
        const size_t before = device->launches;
        ck_assert_msg(trainings[i].status == RG_OK, "%s: member %zu failed", where, i);
        alone.device = device;
        expect_ok(train(&alone), where);
        launches = i == 0 ? device->launches - before : launches;
        ck_assert_msg(memcmp(alone.weights, trainings[i].weights, alone.arena * sizeof *alone.weights) == 0,
                      "%s: member %zu is not the training alone", where, i);
        free(alone.weights);
        free(trainings[i].weights);
    }
    return launches;
}

static const struct rg_exercise_net nets[] = {
    {.cell = RG_CELL_RNN, .activation = RG_ACT_RELU},
    {.cell = RG_CELL_LSTM, .layers = 2, .bidirectional = true, .skip = 2},
    {.cell = RG_CELL_GRU, .layers = 2},
    {.cell = RG_CELL_LSTM, .skip = 1, .skip_kind = RG_SKIP_LEARNED},
};
enum { N_NETS = sizeof nets / sizeof *nets };

START_TEST(members_of_one_shape_go_in_step) {
    for (int k = 0; k < N_KINDS + 1; k++) {
        const struct execution *const execution = k < N_KINDS ? &executions[kinds[k]] : &in_tf32;
        struct rg_device *const device = open_one(execution);
        if (device) {
            device->info.launch_seconds = 0.0; /* alone, launches that are timed are more */
        }
        for (int i = 0; device && i < N_NETS; i++) {
            if (!case_runs(k == 0 || (k == 1 && i < 2))) {
                continue;
            }
            const bool layers = nets[i].layers > 1;
            struct training t[] = {
                {.net = nets[i], .hidden = 35, .updates = 7, .seed = 1, .lr = 1e-3, .clip_norm = 0.5},
                {.net = nets[i], .hidden = 35, .updates = 7, .seed = 2, .lr = 1e-2, .dropout = layers ? 0.3 : 0.0},
                {.net = nets[i], .hidden = 35, .updates = 7, .seed = 3, .lr = 3e-3, .clip_norm = 1e-3},
            };
            const size_t before = device->launches;
            t[0].dropout = t[2].dropout = layers ? 0.1 : 0.0;
            expect_ok(train_team(device, t, 3), "team");
            const size_t together = device->launches - before;
            ck_assert_uint_eq(together, expect_as_alone(device, t, 3, execution->name));
        }
        rg_device_destroy(device);
    }
}
END_TEST

START_TEST(members_may_differ_and_end_early) {
    for (int k = 0; k < N_KINDS; k++) {
        struct rg_device *const device = case_runs(k == 0) ? open_execution(kinds[k]) : NULL;
        if (!device) {
            continue;
        }
        struct training t[MAX_TRAININGS] = {
            {.net = nets[0], .hidden = 35, .updates = 2, .seed = 4, .lr = 1e-3},
            {.net = nets[0], .hidden = 35, .updates = 9, .seed = 5, .lr = 1e-3},
            {.net = nets[2], .hidden = 7, .updates = 5, .seed = 6, .lr = 1e-3},
            {.net = nets[0], .hidden = 70, .updates = 5, .seed = 7, .lr = 1e-3},
            {.net = nets[0], .hidden = 35, .updates = 9, .seed = 8, .lr = 1e-3},
        };
        expect_ok(train_team(device, t, MAX_TRAININGS), "team");
        (void)expect_as_alone(device, t, MAX_TRAININGS, executions[kinds[k]].name);
        rg_device_destroy(device);
    }
}
END_TEST

START_TEST(doubles_go_in_step) {
    for (int k = 0; k < N_DOUBLES; k++) {
        struct rg_device *const device = case_runs(k == 0) ? open_one(&doubles[k]) : NULL;
        if (!device) {
            continue;
        }
        struct training t[] = {{.net = nets[1], .hidden = 35, .updates = 3, .seed = 1, .lr = 1e-3},
                               {.net = nets[1], .hidden = 35, .updates = 3, .seed = 2, .lr = 1e-2}};
        expect_ok(train_team(device, t, 2), "team");
        (void)expect_as_alone(device, t, 2, doubles[k].name);
        rg_device_destroy(device);
    }
}
END_TEST

/* Two bytes too many for the device: everybody's buffers fail, nobody waits for anybody. */
START_TEST(what_does_not_fit_fails_for_all) {
    struct rg_device *const device = open_execution(0);
    struct training t[] = {{.net = nets[0], .hidden = 35, .updates = 3, .seed = 1, .lr = 1e-3},
                           {.net = nets[0], .hidden = 35, .updates = 3, .seed = 2, .lr = 1e-3}};
    const uint64_t max = device->info.max_buffer_bytes;
    device->info.max_buffer_bytes = 4096;
    expect_ok(train_team(device, t, 2), "team");
    ck_assert_int_eq(t[0].status, RG_NO_MEMORY);
    ck_assert_int_eq(t[1].status, RG_NO_MEMORY);
    device->info.max_buffer_bytes = max;
    ck_assert_uint_eq(device->used_bytes, 0);
    rg_device_destroy(device);
}
END_TEST

static void *drive(void *team) {
    (void)rg_team_drive(team);
    return NULL;
}

/* A command that fails ends all that is queued, with its message. */
START_TEST(a_failed_command_fails_the_team) {
    struct rg_device *const device = open_execution(0);
    struct rg_team *team = NULL;
    struct rg_buffer *buffer = NULL;
    const float number = 1.0f;
    float back = 0.0f;
    expect_ok(rg_team_create(device, 1, &team), "team");
    struct rg_device *const member = rg_team_member(team, 0);
    expect_ok(rg_buffer_create(member, sizeof number, "a buffer", &buffer), "buffer");
    buffer->bytes *= 2; /* more than is behind it */
    expect_ok(rg_buffer_write(member, buffer, sizeof number, &number, sizeof number), "queued");
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, drive, team), 0);
    ck_assert_int_eq(rg_buffer_read(member, &back, buffer, 0, sizeof back), RG_ERROR);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "outside a buffer"));
    ck_assert_int_eq(rg_buffer_write(member, buffer, 0, &number, sizeof number), RG_ERROR);
    buffer->bytes /= 2;
    rg_buffer_destroy(member, buffer);
    rg_team_leave(member);
    (void)pthread_join(thread, NULL);
    rg_team_destroy(team);
    rg_device_destroy(device);
}
END_TEST

TEST_MAIN("team") {
    TCase *const tests = add_tests(suite, "team");
    tcase_add_test(tests, members_of_one_shape_go_in_step);
    tcase_add_test(tests, members_may_differ_and_end_early);
    tcase_add_test(tests, doubles_go_in_step);
    tcase_add_test(tests, what_does_not_fit_fails_for_all);
    tcase_add_test(tests, a_failed_command_fails_the_team);
}
