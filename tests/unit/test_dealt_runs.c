/* `compare` and `sweep` under mpirun: where the trainings are dealt to ranks, rank 0 shows what a single process shows.
 * This process stands in for all ranks: it trains what every rank would, and the functions of ranks/ranks.h are here.
 */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include "cli/commands/deal.h"
#include "silent_ranks.h"

enum { MOST = 12 };

static size_t n_dealt; /* trainings of the last command */

rg_status rg_deal(const struct rg_deal *deal) {
    size_t mine[MOST];
    n_dealt = deal->n;
    ck_assert_uint_le(deal->n, MOST);
    for (size_t i = 0; i < deal->n; i++) {
        mine[i] = deal->n - 1 - i;
        ck_assert_ptr_nonnull(deal->config(deal->self, i));
        ck_assert_ptr_null(deal->summary(deal->self, i));
    }
    const rg_status status = deal->train(deal->self, mine, deal->n);
    for (size_t i = 0; status == RG_OK && i < deal->n; i++) {
        ck_assert_ptr_nonnull(deal->summary(deal->self, i));
    }
    return status;
}

rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status) {
    (void)ranks;
    return status;
}

rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes) {
    (void)ranks, (void)from, (void)data, (void)bytes;
    return RG_OK;
}

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
    (void)ranks, (void)hash, (void)difference;
    return status;
}

/* What rank `rank` of n prints; the caller frees it. With n = 0 there are no ranks. */
static char *printed_by_rank(const char *line, size_t rank, size_t n) {
    struct rg_ranks ranks = {.rank = rank, .n = n};
    struct text printed = {NULL, 0, 0};
    n_dealt = 0;
    text_add(&printed, "%s", "");
    accept(line);
    config.machine.ranks = n > 0 ? &ranks : NULL;
    struct captured out = capture_begin(stdout);
    const rg_status status = rg_command_run(command, &config);
    capture_end(&out, &printed);
    ck_assert_msg(status == RG_OK, "`%s`: %s", line, rg_error_message());
    return printed.bytes;
}

#define SMALL " --quiet --device cpu --threads 1 --batch 2 --steps 5 --hidden 2 --updates 3 --json"

static const struct {
    const char *line;
    size_t trainings;
} lines[] = {
    {"compare --remedies tanh,gru+plain,relu --seeds 2" SMALL, 6},
    {"compare --remedies tanh,gru+plain,relu --seeds 2 --out table.csv --overwrite" SMALL, 6},
    {"sweep --cell rnn,gru --lr 0.001,0.1 --seed 3-4" SMALL, 8},
    {"sweep --cell rnn,lstm --clip-norm 0,1 --layers 1,2 --out table.jsonl --overwrite" SMALL, 8},
};

/* The printed text without what depends on time; the caller frees it. */
static char *timeless(char *printed) {
    told = (struct text){NULL, 0, 0};
    text_add(&told, "%s", "");
    tell_text(printed);
    free(printed);
    char *const text = told.bytes;
    told = (struct text){NULL, 0, 0};
    return text;
}

START_TEST(ranks_show_what_one_process_shows) {
    const char *const line = lines[_i].line;
    test_case("%s", line);
    char *const alone = timeless(printed_by_rank(line, 0, 0));
    ck_assert_uint_eq(n_dealt, 0);
    char *const first = timeless(printed_by_rank(line, 0, 3));
    ck_assert_uint_eq(n_dealt, lines[_i].trainings);
    char *const other = printed_by_rank(line, 1, 3);
    ck_assert_uint_eq(n_dealt, lines[_i].trainings);
    ck_assert_msg(strcmp(alone, first) == 0, "%s\nwith ranks:\n%s", alone, first);
    ck_assert_str_eq(other, "");
    free(alone);
    free(first);
    free(other);
}
END_TEST

TEST_MAIN("dealt_runs") {
    TCase *const tests = add_tests(suite, "dealt_runs");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_loop_test(tests, ranks_show_what_one_process_shows, 0, (int)(sizeof lines / sizeof *lines));
}
