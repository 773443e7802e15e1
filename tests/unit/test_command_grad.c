/* What grad, sample, probe and plans of a run print, and what is refused of models and data, against
 * tests/expected/commands-grad.txt. */
#define _GNU_SOURCE
#include "run_command.h"

#define CPU "--device cpu --threads 1 --precision double "
#define TINY CPU "--batch 2 --steps 5 --hidden 2 "

/* Every number of a pass: in tensors, on the screen, in figures. */
START_TEST(gradients) {
    static const char *const cells[] = {"rnn --skip 2", "lstm", "gru --bidirectional"};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char line[200];
        (void)snprintf(line, sizeof line,
                       "grad --task adding " CPU
                       "--batch 2 --steps 3 --hidden 2 --cell %s --trace --out g%zu.safetensors",
                       cells[i], i);
        run_ok(line);
        (void)snprintf(line, sizeof line, "inspect g%zu.safetensors --json", i);
        run_ok(line);
    }
    run_ok("grad --task copy --json " CPU "--batch 2 --steps 12 --hidden 2 --cell gru --probe-time 20");
    run_ok("grad --task adding --json " CPU "--batch 1 --steps 70 --hidden 2");
    run_ok("grad --task copy --json " CPU "--batch 2 --steps 3 --hidden 2 --probe-times 9,12,13");
    run_ok("grad --task copy " CPU "--batch 2 --steps 3 --hidden 2 --probe-times 9,12,13");
    run_ok("grad --task adding --json " TINY "--set rnn.weight_hh_l0[0,1]=2 --set Wi[1,0]=-0.5 --set head.bias[0]=1");
    run_ok("grad --task adding --quiet " TINY "--trace-latex walk.tex");
    run_ok("train --json " TINY "--updates 3 --shards 3 --batch 6");
    run_ok("train --json " TINY "--updates 3 --accumulate 2 --schedule linear --warmup 2 --lr 0.01");
    (void)run_command("train --json " CPU "--batch 64 --steps 3 --hidden 4 --updates 2 --lr auto --diagnose none");
    run_ok("train --json --dry-run " TINY "--updates 7 --cell lstm");
}
END_TEST

START_TEST(texts) {
    make("train --quiet " CPU
         "--data text.txt --hidden 3 --updates 4 --level char --lowercase --steps 6 --out letters --cell gru");
    make("train --quiet " CPU
         "--data text.txt --hidden 3 --updates 4 --level word --vocab 4 --steps 3 --out words --cell lstm "
         "--embed 2 --lr 0.1");
    run_ok("sample --model letters/model.safetensors --length 20");
    run_ok("sample --model letters/model.safetensors --length 20 --prompt CAT --temperature 0.5 --seed 3 --json");
    run_ok("sample --model letters/model.safetensors --length 5 --temperature 0 --prompt t");
    run_ok("sample --model words/model.safetensors --length 9 --prompt dog");
    run_ok("sample --model words/model.safetensors --length 4 --temperature 0");
    (void)run_command("sample --model letters/model.safetensors --prompt #");
    run_ok("eval --json --model letters/model.safetensors --data text.txt " CPU);
    run_ok("predict --model words/model.safetensors --data text.txt --out p.csv " CPU);
    tell_file("p.csv");
    make("train --quiet " CPU "--data two.csv --target-column up,down --hidden 2 --updates 2 --out two");
    run_ok("predict --model two/model.safetensors --data two.csv --out p.csv " CPU);
    tell_file("p.csv");
    run_ok("predict --model two/model.safetensors --data two.csv --json " CPU);
    run_ok("eval --model two/model.safetensors --data two.csv " CPU);
}
END_TEST

START_TEST(experiments) {
    static const char *const names[] = {"sigmoid", "lyapunov", "mean-field", "forget-bias", "alive-paths", "curse"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[200];
        (void)snprintf(line, sizeof line, "probe %s --json --hidden 16 --steps 8 " CPU, names[i]);
        (void)run_command(line);
    }
    (void)run_command("probe wall --hidden 16 " CPU);
    (void)run_command("probe wall --weight 3 " CPU);
    (void)run_command("probe power --steps 8 " CPU);
}
END_TEST

/* Data and models that do not fit each other or the options, with the whole message. */
START_TEST(refused) {
    static const struct {
        const char *data, *options;
    } cases[] = {
        {"series,a,label\n1,1,0\n1,2,0\n2,3,-1\n2,4,-1\n", "--loss ce"},
        {"series,a,label\n1,1,0.5\n2,3,1\n", "--loss ce"},
        {"series,a,label\n1,1,20000000\n2,3,1\n", "--loss ce"},
        {"series,a,label\n1,1,20000\n2,3,1\n", ""},
        {"series,a,label\n1,1,red\n2,3,blue\n3,1,green\n", "--loss mse"},
        {"series,a,label\n1,1,red\n2,3,blue\n3,1,green\n", "--loss bce"},
        {"series,a,label\n1,1,2\n2,3,1.5\n", "--loss bce"},
        {"series,a,label\n1,1,-1\n2,3,0\n", "--loss bce"},
        {"series,a,label\n1,1,1\n1,2,1\n2,3,0\n2,3,0\n", "--target steps"},
        {"series,a,label\n1,1,0\n2,3,1\n", "--ignore-label 0 --class-weights balanced"},
        {"series,a,label\n1,1,0\n2,3,1\n", "--class-weights 1,0"},
        {"series,a,label\n1,1,0\n2,3,1\n", "--class-weights 1,2,3"},
        {"series,a,label\n1,1,0\n2,3,1\n", "--class-weights 1,x"},
        {"series,a,label\n1,1,0.25\n2,3,1.5\n", "--class-weights balanced"},
        {"series,a,label\n1,1,0\n", "--val-frac 0.5"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--fold 1 --folds 3"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--embed 2"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--pixels"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--tbptt 2"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--window 2 --horizon 1"},
        {"series,a,label\n1,,0\n2,1,1\n", ""},
        {"series,a,b,label\n1,,,0\n2,1,,1\n", "--fill mean"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--target-column a,,b"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--target-column a,a"},
        {"series,a,label\n1,1,0\n2,1,1\n", "--target-column c"},
        {"text,label\na b,0\nb,1\n", "--normalize"},
        {"text,label\na b,0\nb,1\n", "--freeze nothing"},
        {"text,label\na b,0\nb,1\n", "--set nothing[0]=1"},
        {"text,label\na b,0\nb,1\n", "--set rnn.weight_hh_l0[0,9]=1"},
        {"text,label\na b,0\nb,1\n", "--set rnn.weight_hh_l0[0,1]"},
        {"text,label\na b,0\nb,1\n", "--set rnn.bias_hh_l0[0,1]=2"},
        {"text,label\na b,0\nb,1\n", "--probe-time 9"},
        {"text,label\na b,0\nb,1\n", "--figure norm-map --plot p.svg"},
        {"text,label\na b,0\nb,1\n", "--figure gates --plot p.svg"},
        {"text,label\na b,0\nb,1\n", "--figure accuracy --plot p.svg"},
        {"text,label\na b,0\nb,1\n", "--figure what --plot p.svg"},
        {"text,label\na b,0\nb,1\n", "--plot p.jpg"},
        {"text,label\na b,0\nb,1\n", "--figure-size 10x10 --plot p.svg"},
        {"text,label\na b,0\nb,1\n", "--report r.txt"},
        {"a,b\n1,2\n2,3\n3,4\n", "--window 9"},
        {"a,b\n1,2\n2,3\n3,4\n", "--window 2 --horizon 0"},
        {"a,b\n1,2\n2,3\n3,4\n4,5\n", "--window 2 --val-frac 0.1"},
        {"a,b\n1,2\n2,3\n3,4\n4,5\n", "--window 2 --stride 3 --val-frac 0.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[300];
        put_text("d.csv", cases[i].data);
        (void)snprintf(line, sizeof line, "train --json --data d.csv --hidden 2 --updates 1 --diagnose none " CPU "%s",
                       cases[i].options);
        (void)run_command(line);
    }
    check_told("commands-grad.txt");
}
END_TEST

static void begin(void) {
    begin_commands();
    put_text("text.txt", "The cat sat.\nThe rat ran.\nThe cat ran.\nA dog sat.\n");
    put_text("two.csv", "series,a,up,down\n1,1,0.5,1\n1,2,0.5,1\n2,5,1,-1\n2,4,1,-1\n3,1,2,0\n");
}

TEST_MAIN("command_grad") {
    TCase *const tests = add_tests(suite, "command_grad");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, texts);
    tcase_add_test(tests, experiments);
    tcase_add_test(tests, refused);
}
