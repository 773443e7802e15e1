/* Data of all kinds in training, with held-out data and models, and what is refused of them, against
 * tests/expected/commands-data.txt. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include "rnn_gpu/tensors.h"

#define CPU "--device cpu --threads 1 --precision double "
#define OLD CPU "--diagnose none " /* of a model */
#define NEW OLD "--hidden 2 "

/* ---- Arrays ---- */

enum { N = 3, T = 2 };

static const double inputs[N * T * 2] = {1, 2, 1, 1, 3, 5, 2, 4, 0, 1, 1, 0};
static const double hot[N * 3] = {0, 1, 0, 0, 0, 1, 1, 0, 0}, pairs[N * 2] = {0.5, 1, 0.25, 0, 1, 0.75};
static const double hot_pairs[N * 2] = {0, 1, 1, 0, 0, 1}, whole_pairs[N * 2] = {0, 1, 1, 1, 0, 0};
static const double of_steps[N * T] = {0, 1, 1, -1, 2, 0},
                                 sixes[N * T * 3] = {0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1},
                                 gaps[N * T] = {0.5, NAN, 1, 2, NAN, -1};
static const double states[N * 2] = {0.5, -0.5, 0.25, 0, -1, 1};
static const int64_t words[N * T] = {0, 1, 2, 1, 0, 3}, kinds[N] = {0, 2, 1}, marks[N * T] = {0, 1, 1, -1, 2, 0},
                               short_lengths[N] = {2, 1, 0}, empty[N];

static struct rg_tensor reals(const char *name, const double *data, size_t n, size_t columns) {
    return (struct rg_tensor){.name = name,
                              .dtype = RG_F64,
                              .n_dims = columns ? 2 : 1,
                              .shape = {n, columns},
                              .data = data,
                              .data_bytes = n * (columns ? columns : 1) * sizeof *data};
}

static struct rg_tensor wholes(const char *name, const int64_t *data, size_t n, size_t columns) {
    struct rg_tensor made = reals(name, NULL, n, columns);
    made.dtype = RG_I64;
    made.data = data;
    return made;
}

/* A tensor [before, N, after] or [N, T, after]. */
static struct rg_tensor deep(struct rg_tensor tensor, size_t first, size_t second, size_t third) {
    tensor.n_dims = 3;
    tensor.shape[0] = first;
    tensor.shape[1] = second;
    tensor.shape[2] = third;
    return tensor;
}

static void put_arrays(const char *name, struct rg_tensor x, struct rg_tensor y, struct rg_tensor other) {
    const struct rg_tensor all[] = {x, y, other};
    ck_assert_msg(rg_npz_write(name, all, other.data ? 3 : 2) == RG_OK, "%s", rg_error_message());
}

static void put_all_arrays(void) {
    struct rg_tensor x = reals("x", inputs, N * T, 2);
    const struct rg_tensor nothing = {.data = NULL}, y = reals("y", pairs, N, 2);
    x = deep(x, N, T, 2);
    put_arrays("pairs.npz", x, y, nothing);
    put_arrays("hot.npz", x, reals("y", hot, N, 3), nothing);
    put_arrays("hot-pairs.npz", x, reals("y", hot_pairs, N, 2), nothing);
    put_arrays("whole-pairs.npz", x, reals("y", whole_pairs, N, 2), nothing);
    put_arrays("kinds.npz", x, wholes("y", kinds, N, 0), nothing);
    put_arrays("steps.npz", x, reals("y", of_steps, N, T), nothing);
    put_arrays("marks.npz", x, wholes("y", marks, N, T), nothing);
    put_arrays("gaps.npz", x, reals("y", gaps, N, T), nothing);
    put_arrays("short.npz", x, wholes("y", kinds, N, 0), wholes("lengths", short_lengths, N, 0));
    put_arrays("short-steps.npz", x, reals("y", of_steps, N, T), wholes("lengths", short_lengths, N, 0));
    put_arrays("empty.npz", x, wholes("y", kinds, N, 0), wholes("lengths", empty, N, 0));
    put_arrays("words.npz", wholes("x", words, N, T), wholes("y", kinds, N, 0), nothing);
    put_arrays("states.npz", x, y, deep(reals("h_0", states, N, 2), 1, N, 2));
    put_arrays("threes.npz", x, deep(reals("y", sixes, N * T, 3), N, T, 3), nothing);
    put_arrays("long.npz", deep(reals("x", inputs, N * T, 2), 1, N * T, 2), reals("y", of_steps, 1, N * T), nothing);
    put_arrays("long-states.npz", deep(reals("x", inputs, N * T, 2), 1, N * T, 2), reals("y", of_steps, 1, N * T),
               deep(reals("h_0", states, 1, 2), 1, 1, 2));
    put_arrays("long-pairs.npz", deep(reals("x", inputs, N * T, 2), 1, N * T, 2), reals("y", hot, 1, 5), nothing);
}

/* ---- Trainings ---- */

START_TEST(trainings) {
    static const char *const lines[] = {
        "--data pairs.npz",
        "--data pairs.npz --loss bce",
        "--data hot.npz",
        "--data hot-pairs.npz",
        "--data whole-pairs.npz",
        "--data hot.npz --loss mse",
        "--data kinds.npz",
        "--data kinds.npz --loss mse",
        "--data marks.npz --target steps --ignore-label -1",
        "--data steps.npz --target steps --loss mse",
        "--data marks.npz --target steps --ignore-label -1 --class-weights 1,2,3",
        "--data gaps.npz --target steps",
        "--data short.npz",
        "--data short-steps.npz --target steps --loss mse",
        "--data words.npz --embed 2",
        "--data words.npz",
        "--data states.npz",
        "--data long.npz --target steps --loss mse --tbptt 2",
        "--data long.npz --target steps --loss mse --tbptt 2 --batch 3",
        "--data text.txt --tbptt 3",
        "--data text.txt --level word --tbptt 2 --val more.txt --val-every 1",
        "--data red.csv --val more.csv --test more.csv --val-every 1",
        "--data red.csv --val red.csv --test copy.csv",
        "--data ab.csv --class-weights 2,1",
        "--data ab.csv --loss mse",
        "--data abc.csv --class-weights balanced --freeze head.bias",
        "--data two.csv --target-column up,down --val two.csv --val-every 1",
        "--data series.csv --window 3 --horizon 0 --target-column up",
        "--data series.csv --window 2 --val-frac 0.4",
        "--data series.csv --window 2 --horizon 2 --stride 2 --target steps",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[300];
        (void)snprintf(line, sizeof line, "train --json " NEW "--updates 2 %s", lines[i]);
        (void)run_command(line);
    }
}
END_TEST

/* After which updates a run validates, which of its weights count as the best ones, and when --patience ends it. */
START_TEST(validations) {
    static const char *const lines[] = {
        "train --json " NEW "--updates 7 --data red.csv --val more.csv --val-every 2 --lr 0.3 --test copy.csv",
        "eval --json " CPU "--model best/best.safetensors --data more.csv",
        "eval --json " CPU "--model best/model.safetensors --data more.csv",
        "train --json " NEW "--updates 9 --data red.csv --val more.csv --val-every 1 --lr 0.3 --patience 1",
        "train --json " NEW "--updates 9 --data red.csv --val more.csv --val-every 1 --lr 0.3 --patience 2",
        "train --json " NEW "--epochs 2 --data red.csv --val more.csv --batch 3",
        "train --json " NEW "--epochs 3 --data red.csv --val-frac 0.25 --batch 2",
        "train --json " NEW "--updates 3 --data red.csv --val-frac 0.25 --val-every 5",
        "train --json " NEW "--updates 6 --data red.csv --fold 2 --folds 4 --val-every 3",
        "train --json " NEW
        "--updates 4 --data two.csv --target-column up --val-frac 0.4 --val-every 2 --schedule plateau:1",
        "train --json " NEW "--updates 4 --data text.txt --val more.txt --val-every 2 --level word --steps 3",
        "train --json " NEW "--updates 4 --data text.txt --val-frac 0.4 --val-every 4 --steps 3 --lowercase",
        "train --json " NEW "--updates 2 --data many-words.csv",
    };
    /* which of them are saved on the way depends on time */
    make("train --quiet " NEW "--updates 7 --data red.csv --val more.csv --val-every 2 --lr 0.3 --out best");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        (void)run_command(lines[i]);
    }
}
END_TEST

/* Models that are trained on, evaluated, and asked for predictions. */
START_TEST(models) {
    static const char *const lines[] = {
        "train --json " OLD "--updates 1 --model red/model.safetensors --data red.csv",
        "train --json --device cpu --threads 1 --diagnose none --updates 1 --model red/model.safetensors --data "
        "red.csv",
        "train --json " OLD "--updates 1 --model scaled/model.safetensors --data red.csv",
        "train --json " OLD "--updates 1 --model adding/model.safetensors --task adding --batch 2 --steps 3",
        "train --json " OLD "--updates 1 --model words/model.safetensors --data text.txt --steps 4",
        "train --json " OLD "--updates 1 --model windows/model.safetensors --data series.csv --window 3",
        "eval --json " CPU "--model scaled/model.safetensors --data more.csv",
        "eval --json " CPU "--model windows/model.safetensors --data series.csv",
        "eval --json " CPU "--model far/model.safetensors --data series.csv",
        "eval --json " CPU "--model red/model.safetensors --data more.csv --steps 1",
        "eval --json " CPU "--model words/model.safetensors --data more.txt",
        "predict --json " CPU "--model windows/model.safetensors --data series.csv",
        "predict " CPU "--model red/model.safetensors --data bare.csv",
        "predict " CPU "--model red/model.safetensors --data yellow.csv",
        "predict " CPU "--model two/model.safetensors --data two.csv",
        "predict " CPU "--model bits/model.safetensors --data ab.csv",
        "predict --json " CPU "--model bits/model.safetensors --data ab.csv",
        "predict " CPU "--model bits/model.safetensors --data ab.csv --out p.csv",
        "predict " CPU "--model pairs/model.safetensors --data pairs.npz",
        "predict " CPU "--model pairs/model.safetensors --data pairs.npz --out p.npy",
        "inspect p.npy --json",
        "predict " CPU "--model pairs/model.safetensors --data pairs.npz --out p.npz",
        "inspect p.npz --json",
        "predict --device cpu --threads 1 --model pairs/model.safetensors --data pairs.npz --out p.safetensors",
        "inspect p.safetensors --json",
        "predict " CPU "--model cat/model.safetensors --data cat.csv",
        "predict --json " CPU "--model cat/model.safetensors --data cat.csv",
        "predict " CPU "--model steps/model.safetensors --data short-steps.npz --out p.npy",
        "inspect p.npy --json",
    };
    make("train --quiet " NEW "--updates 3 --data red.csv --out red --lr 0.1");
    make("train --quiet " NEW "--updates 3 --data red.csv --out scaled --normalize");
    make("train --quiet " NEW "--updates 1 --batch 2 --steps 3 --out adding");
    make("train --quiet " NEW "--updates 1 --data text.txt --steps 4 --level word --out words");
    make("train --quiet " NEW "--updates 1 --data series.csv --window 3 --out windows");
    make("train --quiet " NEW "--updates 1 --data two.csv --target-column up,down --out two");
    make("train --quiet " NEW "--updates 1 --data ab.csv --out bits");
    make("train --quiet " NEW "--updates 1 --data pairs.npz --loss bce --out pairs");
    make("train --quiet " NEW "--updates 1 --data series.csv --window 3 --horizon 2 --out far");
    make("train --quiet " NEW "--updates 1 --data cat.csv --out cat");
    make("train --quiet " NEW "--updates 1 --data steps.npz --target steps --loss mse --out steps");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        (void)run_command(lines[i]);
    }
    static const char *const refused[] = {
        "train " OLD "--updates 1 --model red/model.safetensors --data two.csv --target-column up,down",
        "train " OLD "--updates 1 --model red/model.safetensors --data yellow.csv",
        "train " OLD "--updates 1 --model red/model.safetensors --data one.csv",
        "train " OLD "--updates 1 --model red/model.safetensors --data words.npz",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --normalize",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --loss mse",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --stride 2",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --horizon 2",
        "train " OLD "--updates 1 --model far/model.safetensors --data series.csv --horizon 3",
        "train " OLD "--updates 1 --model far/model.safetensors --data series.csv --window 3",
        "train " OLD "--updates 1 --model far/model.safetensors --data series.csv --window 4",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --window 2",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --cell lstm",
        "train " OLD "--updates 1 --model red/model.safetensors --task adding",
        "train " OLD "--updates 1 --model adding/model.safetensors --task copy --steps 12",
        "train " OLD "--updates 1 --model words/model.safetensors --data text.txt --level char",
        "train " OLD "--updates 1 --model words/model.safetensors --data text.txt --lowercase",
        "train " OLD "--updates 1 --model words/model.safetensors --data text.txt --vocab 3",
        "train " OLD "--updates 1 --model words/model.safetensors --data text.txt --min-count 2",
        "train " OLD "--updates 1 --model words/model.safetensors --data red.csv",
        "train " OLD "--updates 1 --model bits/model.safetensors --data red.csv",
        "train " OLD "--updates 1 --model pairs/model.safetensors --data hot.npz --loss bce",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --pixels",
        "train " OLD "--updates 1 --model red/model.safetensors --data red.csv --skip-budget 1",
        "eval " CPU "--model red/model.safetensors --data bare.csv",
        "eval " CPU "--model two/model.safetensors --data red.csv",
        "eval " CPU "--model pairs/model.safetensors --data red.csv",
        "eval " CPU "--model red/model.safetensors --data red.csv --stride 2",
        "predict " CPU "--model steps/model.safetensors --data steps.npz",
        "predict --json " CPU "--model steps/model.safetensors --data steps.npz",
        "predict " CPU "--model bits/model.safetensors --data red.csv",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        (void)run_command(refused[i]);
    }
}
END_TEST

/* ---- Refused ---- */

START_TEST(refused) {
    static const char *const lines[] = {
        "--epochs 2",
        "--task adding --loss ce",
        "--task temporal-order-3bit --steps 3",
        "--task adding --target steps",
        "--task copy --steps 12 --target steps",
        "--data text.txt --loss mse",
        "--data text.txt --bidirectional",
        "--data text.txt --readout mean",
        "--data empty.npz",
        "--data same.csv",
        "--data half.csv --val-frac 0.5",
        "--data ab.csv --embed 2",
        "--data bare.csv",
        "--data threes.npz --target last",
        "--data pairs.npz --loss ce",
        "--data pairs.npz --class-weights balanced",
        "--data steps.npz --target steps",
        "--data steps.npz",
        "--data gaps.npz",
        "--data gaps.npz --target steps --loss ce",
        "--data gaps.npz --target steps --loss bce",
        "--data marks.npz --target steps --ignore-label -1 --class-weights 1,0,0",
        "--data marks.npz --target steps --ignore-label -1 --class-weights 1,2",
        "--data ab.csv --class-weights 0,0",
        "--data ab.csv --class-weights 1,2,",
        "--data ab.csv --target steps",
        "--data two.csv --target-column up,down --target steps",
        "--data many.csv",
        "--data big.npz",
        "--data long.npz --target steps --loss mse --tbptt 7",
        "--data long.npz --target steps --loss mse --tbptt 3 --batch 3",
        "--data long.npz --loss mse --tbptt 2",
        "--data long-pairs.npz --target steps --loss mse --tbptt 2",
        "--data pairs.npz --target steps --loss mse --tbptt 2",
        "--data long-states.npz --target steps --loss mse --tbptt 2",
        "--data long.npz --target steps --loss mse --tbptt 2 --bidirectional",
        "--data long.npz --target steps --loss mse --tbptt 2 --skip 1",
        "--data red.csv --val bare.csv",
        "--data red.csv --val yellow.csv",
        "--data red.csv --val ab.csv",
        "--data ab.csv --val abc.csv",
        "--data abc.csv --val abcd.csv",
        "--data ab.csv --val red.csv",
        "--data red.csv --val one.csv",
        "--data red.csv --val words.npz",
        "--data words.npz --val red.csv",
        "--data pairs.npz --val states.npz",
        "--data states.npz --val pairs.npz",
        "--data pairs.npz --val threes.npz",
        "--data states.npz --hidden 3",
        "--data kinds.npz --loss mse --val pairs.npz",
        "--data marks.npz --target steps",
        "--data steps.npz --target steps --loss mse --val threes.npz",
        "--data kinds.npz --val marks.npz",
        "--data red.csv --pixels",
        "--data kinds.npz --permute 1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[300];
        (void)snprintf(line, sizeof line, "train --json " NEW "%s %s", i ? "--updates 1" : "", lines[i]);
        (void)run_command(line);
    }
    check_told("commands-data.txt");
}
END_TEST

static void begin(void) {
    static const struct {
        const char *name, *text;
    } files[] = {
        {"red.csv",
         "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n4,1,1,red\n"},
        {"copy.csv",
         "series,a,b,label\n1,1,2,red\n1,2,1,red\n2,3,5,green\n2,2,4,green\n3,0,1,blue\n3,1,0,blue\n4,1,1,red\n"},
        {"more.csv", "series,a,b,label\n1,0,2,red\n2,3,1,green\n2,2,2,green\n3,4,1,blue\n"},
        {"yellow.csv", "series,a,b,label\n1,0,2,red\n2,3,1,yellow\n"},
        {"bare.csv", "series,a,b\n1,0,2\n1,1,2\n2,3,1\n"},
        {"one.csv", "series,a,label\n1,0,red\n2,3,green\n"},
        {"same.csv", "series,a,label\n1,0,red\n2,3,red\n"},
        {"half.csv", "series,a,label\n1,0,red\n2,3,red\n3,1,green\n4,1,green\n"},
        {"ab.csv", "series,a,label\n1,0,0\n1,2,0\n2,3,1\n3,1,1\n"},
        {"abc.csv", "series,a,label\n1,0,0\n1,2,0\n2,3,1\n3,1,2\n4,0,2\n"},
        {"abcd.csv", "series,a,label\n1,0,0\n1,2,0\n2,3,3\n"},
        {"two.csv", "series,a,up,down\n1,1,0.5,1\n1,2,0.5,1\n2,5,1,-1\n2,4,1,-1\n3,1,2,0\n"},
        {"series.csv", "a,up\n1,2\n2,3\n3,5\n4,4\n5,2\n6,1\n7,0\n8,1\n9,3\n8,4\n"},
        {"many.csv", "series,a,label\n1,0,0\n2,1,19\n"},
        {"many-words.csv", "series,a,label\n1,0,k\n2,1,a\n3,1,b\n4,1,c\n5,1,d\n6,1,e\n7,1,f\n8,1,g\n9,1,h\n10,1,i\n"
                           "11,1,j\n12,2,l\n13,2,m\n"},
        {"cat.csv", "text,label\ncat mat,1\nrat,0\nmat rat cat,1\n"},
        {"text.txt", "The cat sat.\nThe rat ran.\nThe cat ran.\n"},
        {"more.txt", "The cat ran.\nThe rat sat.\n"},
    };
    static const int64_t large[N] = {0, 5000, 1};
    begin_commands();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        put_text(files[i].name, files[i].text);
    }
    put_all_arrays();
    put_arrays("big.npz", deep(reals("x", inputs, N * T, 2), N, T, 2), wholes("y", large, N, 0),
               (struct rg_tensor){.data = NULL});
}

TEST_MAIN("command_data") {
    TCase *const tests = add_tests(suite, "command_data");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, trainings);
    tcase_add_test(tests, validations);
    tcase_add_test(tests, models);
    tcase_add_test(tests, refused);
}
