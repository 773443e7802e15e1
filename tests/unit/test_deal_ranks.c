/* Trainings that are dealt to two ranks. The ranks are threads of this process, which stand in for those of MPI: the
 * functions of ranks/ranks.h are here. */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "run_command.h"
/* after it, which has to be first */
#include "cli/commands/deal.h"
#include "silent_ranks.h"

enum { N_RANKS = 2, N = 5 };

/* ---- The ranks ---- */

static pthread_barrier_t all_here;
static const void *sent;
static rg_status statuses[N_RANKS];
static char messages[N_RANKS][200];

static void wait_for_all(void) {
    const int status = pthread_barrier_wait(&all_here);
    ck_assert(status == 0 || status == PTHREAD_BARRIER_SERIAL_THREAD);
}

rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status) {
    statuses[ranks->rank] = status;
    (void)snprintf(messages[ranks->rank], sizeof messages[0], "%s", rg_error_message());
    wait_for_all();
    const size_t failed = statuses[0] != RG_OK ? 0 : 1;
    const rg_status agreed = statuses[failed];
    wait_for_all();
    return agreed == RG_OK ? RG_OK : rg_fail(agreed, "%s", messages[failed]);
}

rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes) {
    if (ranks->rank == from) {
        sent = data;
    }
    wait_for_all();
    if (ranks->rank != from) {
        memcpy(data, sent, bytes);
    }
    wait_for_all();
    return RG_OK;
}

/* What dealing has no use for. */
bool rg_ranks_built(void) {
    return false;
}

rg_status rg_ranks_open(struct rg_ranks **out) {
    *out = NULL;
    return rg_fail(RG_NO_DEVICE, "these ranks are there already");
}

void rg_ranks_close(struct rg_ranks *ranks) {
    (void)ranks;
}

void rg_ranks_abort(struct rg_ranks *ranks, rg_status status) {
    (void)ranks, (void)status;
}

rg_status rg_ranks_same(struct rg_ranks *ranks, uint64_t hash, rg_status status, const char *difference) {
    (void)ranks, (void)hash, (void)status, (void)difference;
    return RG_OK;
}

/* ---- The trainings ---- */

static struct rg_config asked[N];

struct player {
    struct rg_ranks ranks;
    struct rg_trainings trainings;
    size_t mine[N], n_mine, interrupted; /* that one has no result; N: none */
    struct rg_summary results[N];
    bool trained[N];
    rg_status fails, status; /* what training ends with; what dealing returned */
    char message[200];
};

static const struct rg_config *config_of(const void *self, size_t i) {
    (void)self;
    return &asked[i];
}

static rg_status train(void *self, const size_t *mine, size_t n_mine) {
    struct player *const p = self;
    p->n_mine = n_mine;
    for (size_t i = 0; i < n_mine; i++) {
        p->mine[i] = mine[i];
        rg_summary_init(&p->results[mine[i]], 1);
        p->results[mine[i]].config = asked[mine[i]];
        p->results[mine[i]].task = "adding";
        p->results[mine[i]].loss = 0.5 + (double)mine[i];
        p->trained[mine[i]] = mine[i] != p->interrupted;
    }
    return p->fails == RG_OK ? RG_OK : rg_fail(p->fails, "rank %zu fails", p->ranks.rank);
}

static const struct rg_summary *summary_of(const void *self, size_t i) {
    const struct player *const p = self;
    return p->trained[i] ? &p->results[i] : NULL;
}

static void *play(void *self) {
    struct player *const p = self;
    const struct rg_deal deal = {.ranks = &p->ranks,
                                 .trainings = &p->trainings,
                                 .n = N,
                                 .config = config_of,
                                 .train = train,
                                 .summary = summary_of,
                                 .self = p};
    p->status = rg_deal(&deal);
    (void)snprintf(p->message, sizeof p->message, "%s", p->status == RG_OK ? "" : rg_error_message());
    return NULL;
}

static struct player players[N_RANKS];

/* Deal trainings of these hidden units; they all have their results in `folder`. */
static void deal(const char *folder, const size_t hidden[N], size_t interrupted, rg_status fails) {
    pthread_t thread;
    ck_assert_int_eq(pthread_barrier_init(&all_here, NULL, N_RANKS), 0);
    for (size_t i = 0; i < N; i++) {
        accept("compare");
        asked[i] = config;
        asked[i].model.hidden = hidden[i];
        asked[i].output.out = folder;
    }
    for (size_t r = 0; r < N_RANKS; r++) {
        players[r] = (struct player){.ranks = {.rank = r, .n = N_RANKS}, .interrupted = interrupted};
        struct rg_config own = asked[0];
        own.machine.ranks = &players[r].ranks;
        ck_assert_msg(rg_trainings_open(&own, &players[r].trainings) == RG_OK, "%s", rg_error_message());
    }
    players[1].fails = fails;
    ck_assert_int_eq(pthread_create(&thread, NULL, play, &players[1]), 0);
    (void)play(&players[0]);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(pthread_barrier_destroy(&all_here), 0);
}

static void expect_mine(size_t rank, const size_t *wanted, size_t n) {
    ck_assert_uint_eq(players[rank].n_mine, n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(players[rank].mine[i], wanted[i]);
    }
}

/* Does rank 0 find the results of all trainings but one? */
static void expect_found(size_t missing) {
    for (size_t i = 0; i < N; i++) {
        struct rg_summary summary;
        bool found = false;
        ck_assert_int_eq(rg_trainings_find(&players[0].trainings, &asked[i], &summary, &found), RG_OK);
        ck_assert_msg(found == (i != missing), "training %zu", i);
        ck_assert(!found || summary.loss == 0.5 + (double)i);
    }
    ck_assert_uint_eq(players[1].trainings.n_taken, 0);
}

static void end(void) {
    for (size_t r = 0; r < N_RANKS; r++) {
        rg_trainings_close(&players[r].trainings);
    }
}

/* 40 units go to rank 0, 30 to rank 1, 20 to it too, and then to who has the least. */
START_TEST(rank_0_has_all_results) {
    static const size_t hidden[N] = {10, 40, 20, 30, 11};
    for (size_t interrupted = 0; interrupted <= N; interrupted++) {
        deal(NULL, hidden, interrupted, RG_OK);
        ck_assert_msg(players[0].status == RG_OK && players[1].status == RG_OK, "%s", rg_error_message());
        expect_mine(0, (const size_t[]){1}, 1);
        expect_mine(1, (const size_t[]){3, 2, 4, 0}, 4);
        ck_assert(!players[0].ranks.in_step && !players[1].ranks.in_step);
        expect_found(interrupted);
        end();
    }
}
END_TEST

/* A result that the folder holds already is trained by nobody. */
START_TEST(results_of_the_folder) {
    static const size_t hidden[N] = {10, 40, 20, 30, 11};
    struct rg_summary made;
    struct rg_trainings earlier;
    deal(NULL, hidden, N, RG_OK); /* for the options */
    end();
    rg_summary_init(&made, 1);
    made.task = "adding";
    for (size_t done = 0; done < 2; done++) {
        asked[done].output.out = "folder";
        ck_assert_int_eq(rg_trainings_open(&asked[done], &earlier), RG_OK);
        made.config = asked[done];
        made.loss = 0.5 + (double)done;
        ck_assert_int_eq(rg_trainings_keep(&earlier, &asked[done], &made), RG_OK);
        rg_trainings_close(&earlier);
        asked[done].output.out = NULL;
    }
    deal("folder", hidden, N, RG_OK);
    ck_assert(players[0].status == RG_OK && players[1].status == RG_OK);
    expect_mine(0, (const size_t[]){3}, 1);
    expect_mine(1, (const size_t[]){2, 4}, 2);
    expect_found(N);
    ck_assert_uint_eq(players[0].trainings.n_taken, 3);
    ck_assert_uint_eq(players[0].trainings.n_found, 2);
    end();
}
END_TEST

/* A rank without a training waits for the others. */
START_TEST(nothing_to_do) {
    static const size_t hidden[N] = {10, 400, 10, 10, 10};
    deal(NULL, hidden, N, RG_OK);
    expect_mine(0, (const size_t[]){1}, 1);
    expect_mine(1, (const size_t[]){0, 2, 3, 4}, 4);
    end();
}
END_TEST

START_TEST(a_failure_of_one_rank_ends_all) {
    static const size_t hidden[N] = {10, 40, 20, 30, 11};
    deal(NULL, hidden, N, RG_NO_DEVICE);
    for (size_t r = 0; r < N_RANKS; r++) {
        ck_assert_int_eq(players[r].status, RG_NO_DEVICE);
        ck_assert_str_eq(players[r].message, "rank 1 fails");
        ck_assert(!players[r].ranks.in_step);
    }
    ck_assert_uint_eq(players[0].trainings.n_taken, 0);
    end();
}
END_TEST

TEST_MAIN("deal_ranks") {
    TCase *const tests = add_tests(suite, "deal_ranks");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, rank_0_has_all_results);
    tcase_add_test(tests, results_of_the_folder);
    tcase_add_test(tests, nothing_to_do);
    tcase_add_test(tests, a_failure_of_one_rank_ends_all);
}
