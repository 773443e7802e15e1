/* The remedy as a command: what gives way to it, and what a shell must be told. */
#include <check.h>
#include <stdlib.h>

#include "report/remedy.h"

static void expect(enum rg_verdict verdict, struct rg_config config, int n, char **arguments, const char *wanted) {
    char got[RG_REMEDY_BYTES];
    config.n_arguments = n;
    config.arguments = arguments;
    rg_remedy_command(verdict, &config, got, sizeof got);
    ck_assert_str_eq(got, wanted);
}

START_TEST(remedies_take_the_place_of_options) {
    struct rg_config c = rg_config_default();
    char *plain[] = {"rnn-gpu", "--steps", "100", "--cell=rnn", "--activation", "tanh", "--hidden=3"};
    expect(RG_VANISHING, c, 7, plain, "./rnn-gpu --steps 100 --hidden=3 --cell irnn");
    expect(RG_STABLE, c, 7, plain, "");
    c.init.kind = RG_INIT_ORTHOGONAL;
    char *file[] = {"rnn-gpu", "train", "--data", "a b's.csv", "--init", "orthogonal"};
    expect(RG_VANISHING, c, 6, file, "./rnn-gpu train --data 'a b'\\''s.csv' --cell lstm --forget-bias 1");
    c = rg_config_default();
    c.cell = RG_CELL_LSTM;
    c.steps = 50;
    expect(RG_VANISHING, c, 1, plain, "./rnn-gpu --cell lstm --init chrono:50");
    c.init.kind = RG_INIT_CHRONO;
    expect(RG_VANISHING, c, 1, plain, "./rnn-gpu --skip 12");
    char *learned[] = {"rnn-gpu", "--skip-kind", "learned", "--skip-budget=1e-4"};
    expect(RG_VANISHING, c, 4, learned, "./rnn-gpu --skip 12");
    c = rg_config_default();
    c.skip_kind = RG_SKIP_LEARNED;
    expect(RG_VANISHING, c, 4, learned, "./rnn-gpu --cell irnn");
    c = rg_config_default();
    char *rate[] = {"rnn-gpu", "--lr", "0.5", "--json"};
    c.lr = 0.5;
    expect(RG_EXPLODING, c, 4, rate, "./rnn-gpu --json --lr 0.05");
    c.clip_norm = 0.0;
    char *unclipped[] = {"rnn-gpu", "--clip-norm", "0"};
    expect(RG_EXPLODING, c, 3, unclipped, "./rnn-gpu --clip-norm 1");
    c.init = (struct rg_init){RG_INIT_ORTHOGONAL, 1.5};
    char *large[] = {"rnn-gpu", "--init", "orthogonal:1.5"};
    expect(RG_EXPLODING, c, 3, large, "./rnn-gpu --init orthogonal");
    c.model = "m";
    expect(RG_EXPLODING, c, 3, large, "");
}
END_TEST

START_TEST(remedies_write_no_file_and_are_trained) {
    struct rg_config c = rg_config_default();
    char *files[] = {"rnn-gpu", "--out",         "m",     "--report=r.html", "--plot", "p.svg", "--log",
                     "l",       "--tensorboard", "board", "--updates",       "0",      "--json"};
    expect(RG_VANISHING, c, 13, files, "./rnn-gpu --updates 0 --json --cell irnn");
    c.updates = 0;
    expect(RG_VANISHING, c, 13, files, "./rnn-gpu --json --cell irnn");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("remedy");
    TCase *remedy = tcase_create("remedy");
    tcase_add_test(remedy, remedies_take_the_place_of_options);
    tcase_add_test(remedy, remedies_write_no_file_and_are_trained);
    suite_add_tcase(suite, remedy);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
