/* What commands print that make several trainings or experiments, against tests/expected/commands-many.txt. */
#define _GNU_SOURCE
#include "run_command.h"

#define CPU "--device cpu --threads 1 --precision double "
#define TINY CPU "--batch 2 --steps 5 --hidden 2 --updates 4 "

START_TEST(sweeps) {
    run_ok("sweep --json " TINY "--cell rnn,gru --seed 1-2");
    run_ok("sweep --json " TINY "--lr 1e-3..1e-1*3 --activation relu --diagnose none");
    make("sweep --quiet " TINY "--cell rnn,gru --seed 1-2 --out runs.csv");
    tell_file("runs-curves.csv");
    tell_file("runs-lags.csv");
    run_ok("sweep --json " TINY "--seed 1-3 --out folder");
    run_ok("sweep --json " TINY "--seed 1-3 --out folder"); /* the results that are there */
    run_ok("sweep --json " CPU "--data classes.csv --hidden 2 --updates 4 --folds 2 --fold 1,2 --seed 1-2");
    run_ok("sweep --json " CPU "--data classes.csv --hidden 2,3 --updates 4 --val-frac 0.5 --report sweep.html");
    run_ok("sweep --quiet " TINY "--steps 5,9 --cell rnn,lstm --lr 1e-3,1e-2 --plot sweep.svg");
    ck_assert(access("sweep.html", F_OK) == 0 && access("sweep.svg", F_OK) == 0);
}
END_TEST

START_TEST(comparisons) {
    run_ok("compare --json " TINY "--remedies tanh,lstm+clip,irnn --seeds 2");
    run_ok("compare --json " TINY "--remedies tanh,skip --rates 1e-3,1e-2 --seeds 1 --val-frac 0.5 --data classes.csv");
    run_ok("compare --quiet " TINY "--remedies tanh,gru --seeds 2 --report compare.html --plot compare.svg");
    ck_assert(access("compare.html", F_OK) == 0 && access("compare.svg", F_OK) == 0);
}
END_TEST

START_TEST(experiments) {
    static const char *const names[] = {"fixed-point", "power", "wall", "unknown"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[100];
        (void)snprintf(line, sizeof line, "probe %s --json --device cpu --threads 1 --precision double", names[i]);
        (void)run_command(line);
    }
    (void)run_command("probe power --matrix 0.9,3;0,0.8 --steps 9 --json --device cpu --threads 1 --precision double");
    run_ok("probe");
    run_ok("probe --json");
    run_ok("probe power --precision double --device cpu --threads 1");
    run_ok("probe fixed-point --precision double --device cpu --threads 1");
    static const char *const refused[] = {
        "probe powr",
        "probe wall --steps 7",
        "probe wall --steps 501",
        "probe wall --hidden 15",
        "probe wall --hidden 1025",
        "probe wall --matrix 0.9,3;0,0.8",
        "probe power --weight -4.6",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ck_assert_msg(run_command(refused[i]) != RG_OK, "%s", refused[i]);
    }
    static const char *const accepted[] = {
        "probe fixed-point --quiet --json --steps 8 --hidden 16",
        "probe wall --weight -4.6 --json",
        "probe power --matrix 0.9,3;0,0.8 --json",
        "probe power --steps 500 --hidden 1024",
    };
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        run_ok(accepted[i]);
    }
    check_told("commands-many.txt");
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,red\n3,1,0,red\n"
                            "4,1,1,green\n4,0,2,green\n");
}

TEST_MAIN("command_many") {
    TCase *const tests = add_tests(suite, "command_many");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, sweeps);
    tcase_add_test(tests, comparisons);
    tcase_add_test(tests, experiments);
}
