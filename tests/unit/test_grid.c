/* The grid of a sweep: lists and ranges, the order of its runs, and the options of each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands/grid.h"
#include "suite.h"

enum { MAX_WORDS = 60, LINE_BYTES = 500 };

static char line_copy[LINE_BYTES], *words[MAX_WORDS];
static struct rg_config config;
static struct rg_grid_of_runs *grid;

/* The grid of `rnn-gpu sweep LINE`. */
static rg_status parse(const char *line) {
    static char program[] = "rnn-gpu", sweep[] = "sweep";
    const char *command = NULL, *topic = NULL;
    int n = 0;
    rg_grid_destroy(grid);
    grid = NULL;
    words[n++] = program;
    words[n++] = sweep;
    snprintf(line_copy, sizeof line_copy, "%s", line);
    for (char *rest = line_copy, *word; n < MAX_WORDS && (word = strtok_r(rest, " ", &rest)) != NULL;) {
        words[n++] = word;
    }
    RG_TRY(rg_options_parse(n, words, &config, &command, &topic));
    return rg_grid_create(&config, &grid);
}

static void close_grid(void) {
    rg_grid_destroy(grid);
    grid = NULL;
}

/* The values of the axis, separated by one space. */
static void check_values(const char *line, const char *expected) {
    char text[LINE_BYTES] = "";
    ck_assert_msg(parse(line) == RG_OK, "`%s`: %s", line, rg_error_message());
    for (size_t i = 0; i < grid->axes[0].n; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", grid->axes[0].values[i]);
    }
    ck_assert_msg(strcmp(text, expected) == 0, "`%s`: %s", line, text);
}

START_TEST(values) {
    check_values("--steps 10,30,100", "10 30 100");
    check_values("--steps=7", "7");
    check_values("--seed 3-6", "3 4 5 6");
    check_values("--seed 18446744073709551614-18446744073709551615", "18446744073709551614 18446744073709551615");
    check_values("--seed 1-2,9,4-4", "1 2 9 4");
    check_values("--lr 1e-4..1e-1*4", "0.0001 0.001 0.01 0.1");
    check_values("--lr 0.001..0.002*3,1", "0.001 0.001414 0.002 1");
    check_values("--steps 10..1000*5", "10 32 100 316 1000");
    check_values("--hidden 1..2*9", "1 2");
    check_values("--init he,orthogonal:1.1,chrono:50", "he orthogonal:1.1 chrono:50");
    check_values("--cell rnn,irnn", "rnn irnn");
    check_values("--forget-bias -1,0,1", "-1 0 1");
    check_values("--seed 1-3 --seed 8", "8");
    check_values("--steps 1e1,2k", "10 2000");
    check_values("--seed 18446744073709551614-18446744073709551615", "18446744073709551614 18446744073709551615");
}
END_TEST

START_TEST(order) {
    static const struct {
        size_t steps;
        enum rg_cell cell;
        uint64_t seed;
    } expected[] = {{5, RG_CELL_RNN, 1}, {5, RG_CELL_RNN, 2}, {9, RG_CELL_RNN, 1}, {9, RG_CELL_RNN, 2},
                    {5, RG_CELL_GRU, 1}, {5, RG_CELL_GRU, 2}, {9, RG_CELL_GRU, 1}, {9, RG_CELL_GRU, 2}};
    ck_assert(parse("--seed 1-2 --steps 5,9 --bidirectional --cell rnn,gru --device cpu --batch 3") == RG_OK);
    ck_assert(grid->n_runs == 8 && grid->n_seeds == 2 && grid->n_steps == 2 && grid->has_seeds && grid->n_folds == 1);
    for (size_t i = 0; i < 8; i++) {
        struct rg_config run;
        ck_assert(rg_grid_config(grid, i, &config, &run) == RG_OK);
        ck_assert(run.data.steps == expected[i].steps && run.model.cell == expected[i].cell &&
                  run.training.seed == expected[i].seed);
        ck_assert(run.model.bidirectional && run.data.batch == 3 && run.model.hidden == 64 &&
                  run.training.updates == 4000);
        ck_assert_str_eq(run.machine.device, "cpu");
    }
}
END_TEST

/* Seeds and folds are the last axes, in that order, wherever the line has them; each axis keeps its values. */
START_TEST(axes) {
    static const struct {
        const char *line, *axes; /* names, with the values of each */
        size_t n_runs, n_steps, n_seeds, n_folds, members, inner;
        enum rg_sweep_members kind;
    } cases[] = {
        {"--lr 1,2", "lr=1,2", 2, 1, 1, 1, 1, 0, RG_OVER_SEEDS},
        {"--seed 3", "seed=3", 1, 1, 1, 1, 1, 1, RG_OVER_SEEDS},
        {"--seed 1-2 --lr 1,2,3 --cell rnn,gru", "lr=1,2,3 cell=rnn,gru seed=1,2", 12, 1, 2, 1, 2, 1, RG_OVER_SEEDS},
        {"--data a.csv --fold 1-3 --seed 1-2 --steps 5,9,7,8 --lr 1,2", "lr=1,2 steps=5,9,7,8 seed=1,2 fold=1,2,3", 48,
         4, 2, 3, 6, 2, RG_OVER_BOTH},
        {"--data a.csv --fold 1-3 --hidden 5", "hidden=5 fold=1,2,3", 3, 1, 1, 3, 3, 1, RG_OVER_FOLDS},
        {"--data a.csv --fold 2,1 --folds 2,3", "folds=2,3 fold=2,1", 4, 1, 1, 2, 2, 1, RG_OVER_FOLDS},
        {"--data a.csv --fold 6,2 --folds 6", "folds=6 fold=6,2", 2, 1, 1, 2, 2, 1, RG_OVER_FOLDS},
        {"--lr 1,2 --hidden 3 --lr=4,5,6", "lr=4,5,6 hidden=3", 3, 1, 1, 1, 1, 0, RG_OVER_SEEDS},
        {"--seed 1-1000 --lr 1,2,3,4,5,6,7,8,9,10", NULL, 10000, 1, 1000, 1, 1000, 1, RG_OVER_SEEDS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[LINE_BYTES] = "";
        size_t used = 0;
        ck_assert_msg(parse(cases[i].line) == RG_OK, "`%s`: %s", cases[i].line, rg_error_message());
        for (size_t a = 0; a < grid->n_axes && cases[i].axes; a++) {
            for (size_t k = 0; k < grid->axes[a].n; k++) {
                used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s%s", k || !a ? "" : " ",
                                         k ? "," : grid->axes[a].option->name, k ? "" : "=", grid->axes[a].values[k]);
            }
        }
        ck_assert_str_eq(text, cases[i].axes ? cases[i].axes : "");
        ck_assert(grid->n_runs == cases[i].n_runs && grid->n_steps == cases[i].n_steps &&
                  grid->n_seeds == cases[i].n_seeds && grid->n_folds == cases[i].n_folds);
        ck_assert_uint_eq(rg_grid_members(grid), cases[i].members);
        ck_assert_uint_eq(rg_grid_inner_axes(grid), cases[i].inner);
        ck_assert_int_eq((int)rg_grid_member_kind(grid), (int)cases[i].kind);
        ck_assert(grid->has_seeds == (strstr(cases[i].line, "--seed ") != NULL));
        ck_assert(grid->has_folds == (strstr(cases[i].line, "--fold ") != NULL));
    }
}
END_TEST

#define MANY_AXES                                                                                                \
    "--hidden 5 --skip 1 --skip-kind add --cell rnn --init he --init-input he --layers 2 --dropout 0 --batch 3 " \
    "--activation relu --steps 4 --updates 5 --lr 1 --optimizer adam --weight-decay 1 --seed 1 --warmup 0 "      \
    "--clip-norm 1 --nonfinite skip --schedule constant --accumulate 1 --embed 0 --readout last --target last"

START_TEST(as_many_axes_as_there_can_be) {
    struct rg_config run;
    ck_assert_msg(parse(MANY_AXES) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(grid->n_axes, RG_MAX_AXES);
    ck_assert_msg(rg_grid_config(grid, 0, &config, &run) == RG_OK, "%s", rg_error_message());
    ck_assert(run.model.hidden == 5 && run.model.target == RG_TARGET_LAST && run.training.updates == 5);
}
END_TEST

/* Defaults of a sweep that the line does not give, words that are passed on, and flags of sweep alone, which are not.
 */
START_TEST(words_of_a_run) {
    struct rg_config run;
    ck_assert(parse("--lr 1,2 --keep --overwrite --out some.csv --task copy --updates 7 --hidden 9") == RG_OK);
    ck_assert(rg_grid_config(grid, 1, &config, &run) == RG_OK);
    ck_assert(run.training.lr == 2.0 && run.training.updates == 7 && run.model.hidden == 9 && run.data.batch == 32);
    ck_assert(!run.output.keep && run.output.overwrite);
    ck_assert_str_eq(run.data.task, "copy");
    ck_assert_str_eq(run.output.out, "some.csv");
    ck_assert(run.arguments == config.arguments && run.n_arguments == config.n_arguments);
    ck_assert(parse("--data a.csv --epochs 3,4 --batch 5") == RG_OK);
    ck_assert(rg_grid_config(grid, 1, &config, &run) == RG_OK);
    ck_assert(run.training.epochs == 4 && run.data.batch == 5 && !rg_config_gives(&run, "updates"));
}
END_TEST

/* What `train` fills in or refuses, a run does too; a file decides on its batch. */
START_TEST(runs_are_those_of_train) {
    struct rg_config run;
    ck_assert(parse("--cell irnn --clip-value 0,2") == RG_OK);
    ck_assert(rg_grid_config(grid, 1, &config, &run) == RG_OK);
    ck_assert(run.model.irnn && run.model.activation == RG_ACT_RELU && run.model.init.kind == RG_INIT_IDENTITY);
    ck_assert(run.training.clip_value == 2.0 && run.training.clip_norm == 0.0 && run.data.batch == 32);
    ck_assert(parse("--cell lstm,rnn --forget-bias 1") == RG_OK);
    ck_assert(rg_grid_config(grid, 0, &config, &run) == RG_OK);
    ck_assert(rg_grid_config(grid, 1, &config, &run) == RG_USAGE);
    ck_assert(parse("--data some.csv --lr 1,2") == RG_OK);
    ck_assert(rg_grid_config(grid, 1, &config, &run) == RG_OK);
    ck_assert(!rg_config_gives(&run, "batch") && run.training.lr == 2.0);
    ck_assert_str_eq(run.data.file, "some.csv");
}
END_TEST

static const struct {
    const char *line, *message;
} refused[] = {
    {"--lr 1..0", "--lr: '1..0' is not a value for a sweep: a range is A..B*N with 0 < A < B"},
    {"--lr 1..2", "a range is A..B*N"},
    {"--lr 0..1*3", "a range is A..B*N"},
    {"--lr 1..2*1", "N from 2"},
    {"--lr 1..2*2.5", "a range is A..B*N"},
    {"--lr 1..2*1e9", "a range is A..B*N"},
    {"--lr x..2*3", "a range is A..B*N"},
    {"--lr 1,,2", "--lr: the value is empty"},
    {"--lr 1,", "--lr: the value is empty"},
    {"--lr 1,-1", "--lr: -1 is out of range"},
    {"--lr 1..9e9*2", "--lr: 9e+09 is out of range"},
    {"--seed 8-1", "--seed: '8-1' is not a value for a sweep: a range is A-B"},
    {"--seed 18446744073709551614-99999999999999999999999",
     "--seed: 99999999999999999999999 is out of range; 0 to 18446744073709551615"},
    {"--batch 1k,1000", "--batch: 1000 is listed twice"},
    {"--init orthogonal,orthogonal:1", "--init: orthogonal:1 is listed twice"},
    {"--seed 1-", "a range is A-B"},
    {"--seed 1-2-3", "a range is A-B"},
    {"--seed 1-1001", "at most 1000 values"},
    {"--seed 1,1", "--seed: 1 is listed twice"},
    {"--seed 1-3,2", "--seed: 2 is listed twice"},
    {"--lr 0.1,1,1e-1", "--lr: 1e-1 is listed twice"},
    {"--init he,xavier,he", "--init: he is listed twice"},
    {"--seed 1-600,700-1300", "--seed: more than 1000 values"},
    {"--steps 0-3", "--steps: 0 is out of range"},
    {"--init he..she*3", "it takes no numbers"},
    {"--init he,foo", "unknown value 'foo'"},
    {"--seed 1-1000 --lr 1,2,3,4,5,6,7,8,9,10,11", "more than 10000 runs"},
    {"--lr", "--lr needs a value"},
    {"--remedies tanh", "--remedies does not belong to sweep"},
    {"--log x", "--log does not belong to sweep"},
    {"--data a.csv --fold 1,7,6", "--fold 7 of --folds 5: there is none; add --folds 7"},
    {"--data a.csv --fold 7-9", "--fold 9 of --folds 5: there is none; add --folds 9"},
    {"--data a.csv --fold 12,9", "--fold 12 of --folds 5: there is none; add --folds 12"},
    {MANY_AXES " --loss mse", "a sweep takes up to 24 options with values"},
    {"--threads 1,2", "--threads: '1,2' is not a whole number"},
};

START_TEST(refusals) {
    ck_assert_msg(parse(refused[_i].line) == RG_USAGE, "`%s` is accepted", refused[_i].line);
    ck_assert_msg(strstr(rg_error_message(), refused[_i].message) != NULL, "`%s` gives `%s`", refused[_i].line,
                  rg_error_message());
}
END_TEST

TEST_MAIN("grid") {
    TCase *const tests = add_tests(suite, "grid");
    tcase_add_checked_fixture(tests, NULL, close_grid);
    tcase_add_test(tests, values);
    tcase_add_test(tests, order);
    tcase_add_test(tests, axes);
    tcase_add_test(tests, as_many_axes_as_there_can_be);
    tcase_add_test(tests, words_of_a_run);
    tcase_add_test(tests, runs_are_those_of_train);
    tcase_add_loop_test(tests, refusals, 0, (int)(sizeof refused / sizeof *refused));
}
