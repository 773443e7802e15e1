/* Pages and tables of grad, sweep and compare, word by word, against tests/expected/commands-pages.txt. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include "told_page.h"

#define CPU "--device cpu --threads 1 --precision double "
#define TINY CPU "--batch 2 --steps 4 --hidden 2 "

START_TEST(gradients) {
    make("train --quiet " CPU "--data classes.csv --hidden 2 --updates 2 --out run --diagnose none --cell gru");
    make("grad --quiet " TINY "--task adding --report adding.html --out g.safetensors");
    tell_page("adding.html");
    make("grad --quiet " CPU
         "--model run/model.safetensors --data classes.csv --report classes.html --trace --sequence "
         "3 --out t.safetensors");
    tell_page("classes.html");
    (void)run_command("grad " CPU
                      "--batch 2 --steps 30 --hidden 20 --task adding --trace --out big.safetensors --quiet");
    (void)run_command("grad " CPU "--model run/model.safetensors --data classes.csv --trace --sequence 5");
    (void)run_command("grad " CPU "--model run/model.safetensors --data classes.csv --trace --sequence 4 --quiet");
    (void)run_command("grad " CPU "--model run/model.safetensors --data bare.csv");
    (void)run_command("grad " CPU "--model run/model.safetensors --data empty.csv");
}
END_TEST

START_TEST(trainings) {
    make("train --quiet " CPU "--data classes.csv --hidden 2 --updates 4 --val-frac 0.5 --test test.csv --val-every 2 "
         "--lr 0.1 --out train --report train.html");
    tell_page("train.html");
    make("train --quiet " CPU
         "--data values.csv --hidden 2 --updates 3 --test values.csv --report values.html --lag-every "
         "2 --tensorboard board");
    tell_page("values.html");
    make("train --quiet " CPU
         "--batch 64 --steps 3 --hidden 4 --updates 2 --lr auto --diagnose none --report auto.html");
    tell_page("auto.html");
    make("train --quiet " TINY "--task temporal-order --updates 1 --cell irnn --report one.html --diagnose none");
    tell_page("one.html");
    make("train --quiet " CPU "--batch 1 --steps 1 --hidden 1 --updates 1 --report unit.html --diagnose none");
    tell_page("unit.html");
}
END_TEST

START_TEST(sweeps) {
    run_ok("sweep " TINY "--updates 4 --cell rnn,gru --seed 1-3 --quiet --report seeds.html");
    tell_page("seeds.html");
    run_ok("sweep " TINY "--updates 4 --cell rnn,gru --seed 1-2 --steps 2,4 --quiet");
    run_ok("sweep --json --diagnose none " TINY "--updates 2 --steps 2,4 --seed 1-2");
    run_ok("sweep " CPU
           "--data classes.csv --hidden 2,3 --updates 4 --folds 2 --fold 1,2 --seed 1-2 --test test.csv --quiet "
           "--report folds.html");
    tell_page("folds.html");
    run_ok("sweep " CPU
           "--data classes.csv --hidden 2 --updates 4 --val-frac 0.5 --seed 1-2 --quiet --report drawn.html");
    tell_page("drawn.html");
    run_ok("sweep " CPU
           "--data classes.csv --hidden 2 --updates 4 --test test.csv --lr 0.1,0.01 --quiet --diagnose none");
    run_ok("sweep " TINY "--updates 1 --init-input pytorch,xavier --activation tanh,softplus --weight-decay 0,0.125 "
           "--optimizer sgd,adagrad --quiet --diagnose none");
    run_ok("sweep " TINY "--updates 1 --init-input pytorch,xavier --clip-value 0.1234,1 --batch 3,1000 --quiet "
           "--diagnose none");
    run_ok("sweep " CPU
           "--data classes.csv --hidden 2 --updates 2 --seed 1-2 --out kept.csv --keep --val-frac 0.5 --quiet "
           "--diagnose none");
    make("sweep --quiet " CPU "--data classes.csv --hidden 2 --updates 2 --seed 1-2 --out kept.jsonl --keep "
         "--val-frac 0.5 --diagnose none");
    tell_file("kept.jsonl");
    run_ok("sweep " CPU "--data huge.csv --loss mse --hidden 2 --updates 9 --seed 1-2 --activation tanh,linear --quiet "
           "--json");
    run_ok("sweep " CPU "--data huge.csv --loss mse --hidden 2 --updates 9 --seed 1-2 --quiet");
}
END_TEST

START_TEST(comparisons) {
    run_ok("compare " TINY "--updates 4 --remedies tanh,lstm+clip,irnn --seeds 3 --quiet --report compare.html");
    tell_page("compare.html");
    run_ok("compare " CPU
           "--data classes.csv --hidden 2 --updates 3 --remedies tanh,gru --seeds 2 --val-frac 0.5 --test "
           "test.csv --quiet --report held.html");
    tell_page("held.html");
    run_ok("compare --json " CPU "--data classes.csv --hidden 2 --updates 3 --remedies tanh --seeds 2 --test test.csv "
           "--diagnose none");
    run_ok("compare " CPU "--data huge.csv --loss mse --hidden 2 --updates 9 --remedies relu+plain --seeds 2");
    run_ok("compare --json " CPU
           "--data classes.csv --hidden 2 --updates 2 --remedies tanh,skip --seeds 2 --out folder "
           "--diagnose none");
    run_ok("compare --json " CPU "--data classes.csv --hidden 2 --updates 2 --remedies tanh,gru --seeds 2 --out folder "
           "--diagnose none");
    run_ok("compare --json " CPU "--data classes.csv --hidden 2 --updates 2 --remedies gru --seeds 1 --out folder "
           "--diagnose none");
    run_ok("compare " CPU
           "--data classes.csv --hidden 2 --updates 2 --remedies tanh,learned --seeds 1 --out table.csv --keep "
           "--diagnose none --quiet --skip-budget 0.1");
    make("compare --quiet " CPU "--data classes.csv --hidden 2 --updates 2 --remedies tanh,gru --seeds 2 --out "
         "table.jsonl --keep --val-frac 0.5 --diagnose none");
    tell_file("table.jsonl");
    static const char *const refused[] = {
        "sweep " TINY "--updates 1 --lr 1,2 --figure loss --plot p.svg",
        "sweep " TINY "--updates 1 --lr 1,2 --figure what --plot p.svg",
        "sweep " TINY "--updates 1 --lr 1,2 --plot p.gif",
        "sweep " TINY "--updates 1 --lr 1,2 --out nowhere/x.csv",
        "sweep " TINY "--updates 1 --lr 1",
        "sweep " CPU "--data - --hidden 2 --updates 1 --seed 1,2 --val-frac 0.5",
        "sweep " CPU "--data bare.csv --hidden 2 --updates 1 --lr 1,2",
        "compare " TINY "--updates 1 --remedies tanh --figure what --plot p.svg",
        "compare " TINY "--updates 1 --remedies tanh --plot p.gif",
        "compare " TINY "--updates 1 --remedies tanh --out nowhere/x.csv",
        "compare " TINY "--updates 1 --remedies what",
        "compare " CPU "--data - --hidden 2 --updates 1 --remedies tanh --seeds 2 --val-frac 0.5",
        "compare " CPU "--data bare.csv --hidden 2 --updates 1 --remedies tanh --seeds 2",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        (void)run_command(refused[i]);
    }
    check_told("commands-pages.txt");
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,red\n3,1,0,red\n"
                            "4,1,1,green\n4,0,2,green\n");
    put_text("test.csv", "series,a,b,label\n1,1,1,red\n1,2,2,red\n2,3,4,green\n2,2,4,green\n3,0,0,red\n");
    put_text("bare.csv", "series,a,b\n1,1,2\n1,2,1\n");
    put_text("empty.csv", "series,a,b,label\n");
    put_text("values.csv", "series,a,label\n1,1,0.5\n1,2,0.5\n2,3,-1\n3,0,0.25\n");
    put_text("huge.csv", "series,a,label\n1,1,1e200\n1,2,1e200\n2,3,-1e200\n3,0,2e200\n");
}

TEST_MAIN("command_pages") {
    TCase *const tests = add_tests(suite, "command_pages");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, trainings);
    tcase_add_test(tests, sweeps);
    tcase_add_test(tests, comparisons);
}
