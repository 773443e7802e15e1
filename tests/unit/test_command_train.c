/* The commands train, grad, eval, predict and sample, on nets so small that a training takes milliseconds. The tests
 * compare what they print with tests/expected/commands-train.txt. The tests of kernels check the numbers. */
#define _GNU_SOURCE
#include "run_command.h"

#define TINY "--device cpu --threads 1 --precision double "

/* Trainings with --json: each kind of data, target and loss, and what the options add to the events. */
START_TEST(trainings) {
    static const char *const lines[] = {
        "train --json " TINY "--batch 4 --steps 6 --hidden 3 --updates 4",
        "train --json " TINY "--batch 3 --steps 5 --hidden 3 --updates 6 --cell lstm --layers 2 --bidirectional "
        "--optimizer momentum --clip-norm 0.01 --lag-every 2",
        "train --json " TINY "--task copy --batch 2 --steps 24 --hidden 3 --updates 2 --cell gru --diagnose full",
        "train --json " TINY "--data words.csv --hidden 2 --updates 3 --embed 2 --val-frac 0.4 --val-every 1",
        "train --json " TINY "--data numbers.csv --hidden 2 --epochs 2 --batch 2 --fill mean --normalize "
        "--target-column up,down --val numbers.csv --test numbers.csv",
        "train --json " TINY
        "--data classes.csv --hidden 2 --updates 3 --class-weights balanced --freeze rnn.weight_hh_l0",
        "train --json " TINY "--data text.txt --hidden 2 --updates 3 --tbptt 4 --level char --lowercase --batch 2",
        "train --json " TINY "--data series.csv --window 3 --horizon 1 --hidden 2 --updates 2 --val-frac 0.3",
        "train --json " TINY "--batch 2 --steps 5 --hidden 2 --updates 30 --lr 1e9 --optimizer sgd --clip-norm 0 "
        "--activation relu",
        "train --json " TINY "--batch 2 --steps 5 --hidden 2 --updates 0 --diagnose none",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        (void)run_command(lines[i]);
    }
}
END_TEST

/* A run that is saved, resumed, and used. */
START_TEST(a_saved_model) {
    make("train --quiet " TINY "--data classes.csv --hidden 2 --updates 3 --out run --save-every 2");
    tell_file("run/log.jsonl");
    run_ok("train --json --resume run --updates 5");
    run_ok("eval --json --model run/model.safetensors --data classes.csv " TINY);
    run_ok("eval --model run/model.safetensors --data classes.csv " TINY);
    run_ok("predict --json --model run/model.safetensors --data classes.csv " TINY);
    run_ok("predict --model run/model.safetensors --data classes.csv " TINY);
    run_ok("predict --model run/model.safetensors --data classes.csv --out p.csv " TINY);
    tell_file("p.csv");
    run_ok("grad --json --model run/model.safetensors --data classes.csv --out g.safetensors " TINY);
    run_ok("inspect g.safetensors --json");
    check_told("commands-train.txt");
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("words.csv", "text,label\ncat mat rat,1\nrat rat mat,1\nmat mat cat,0\ncat,0\nrat mat,1\n");
    put_text("numbers.csv",
             "series,a,b,up,down\n1,1,2,0.5,1\n1,2,,0.5,1\n2,3,5,1,-1\n2,,4,1,-1\n3,0,1,2,0\n3,1,0,2,0\n");
    put_text("classes.csv", "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n"
                            "4,1,1,red\n4,0,2,red\n");
    put_text("series.csv", "a,b\n1,2\n2,3\n3,5\n4,4\n5,2\n6,1\n7,0\n8,1\n9,3\n8,4\n7,5\n6,2\n");
    put_text("text.txt", "The cat sat.\nThe rat ran.\nThe cat ran.\n");
}

static void end(void) {
    end_commands();
}

TEST_MAIN("command_train") {
    TCase *const tests = add_tests(suite, "command_train");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, trainings);
    tcase_add_test(tests, a_saved_model);
}
