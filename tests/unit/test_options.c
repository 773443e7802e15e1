/* The command line: what is understood, what is refused and with which message, and that help agrees with the table. */
#define _GNU_SOURCE
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "rnn_gpu/config.h"

enum { MAX_WORDS = 16, TEXT_BYTES = 16384 };

static char line_copy[512];
static struct rg_config config;
static const char *command, *topic;

/* Parse a line of words separated by one space; '' is an empty word. */
static rg_status parse(const char *line) {
    char *argv[MAX_WORDS + 1] = {"rnn-gpu"};
    int argc = 1;
    snprintf(line_copy, sizeof line_copy, "%s", line);
    for (char *rest = line_copy, *word; (word = strsep(&rest, " ")) != NULL && argc < MAX_WORDS;)
        if (*word != '\0')
            argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
    return rg_options_parse(argc, argv, &config, &command, &topic);
}

static void accept(const char *line) {
    ck_assert_msg(parse(line) == RG_OK, "`%s`: %s", line, rg_error_message());
}

START_TEST(defaults) {
    accept("");
    ck_assert_str_eq(command, "train");
    ck_assert_ptr_null(topic);
    ck_assert(config.cell == RG_CELL_RNN && config.activation == RG_ACT_TANH && config.hidden == 128);
    ck_assert(config.init.kind == RG_INIT_PYTORCH && config.loss == RG_LOSS_AUTO);
    ck_assert(config.init_input.kind == RG_INIT_PYTORCH && isnan(config.forget_bias) && !config.irnn);
    ck_assert(config.skip == 0 && config.skip_kind == RG_SKIP_ADD && config.layers == 1 && !config.bidirectional);
    ck_assert(config.dropout == 0.0 && config.target == RG_TARGET_LAST && config.probe_time == 0);
    ck_assert(config.momentum == 0.9 && config.weight_decay == 0.0 && config.warmup == 0 && config.clip_value == 0.0);
    ck_assert(config.schedule.kind == RG_SCHEDULE_CONSTANT);
    ck_assert(config.task == NULL && config.data == NULL && config.model == NULL && config.out == NULL);
    ck_assert(config.batch == 4096 && !config.batch_given && config.steps == 100);
    ck_assert(config.updates == 100 && !config.updates_given && config.max_time == 0.0 && config.target_loss == 0.0);
    ck_assert(config.optimizer == RG_OPT_ADAM && config.lr == 1e-3 && config.clip_norm == 1.0);
    ck_assert(config.nonfinite == RG_NONFINITE_SKIP && config.seed == 1 && config.lag_every == 0);
    ck_assert(config.precision == RG_PRECISION_FLOAT);
    ck_assert_str_eq(config.device, "auto");
    ck_assert(config.threads == 0 && config.memory == 0 && !config.json && !config.quiet && config.color == -1);
    ck_assert(config.input == 2 && config.outputs == 1 && config.repeats == 5 && !config.sizes_given);
}
END_TEST

START_TEST(every_option) {
    accept("--cell rnn --activation=tanh --hidden 65536 --init normal:0.01 --loss bce --task fashion-mnist");
    ck_assert(config.hidden == 65536 && config.init.kind == RG_INIT_NORMAL && config.init.value == 0.01);
    ck_assert(config.loss == RG_LOSS_BCE);
    ck_assert_str_eq(config.task, "fashion-mnist");
    accept("--batch=1 --steps 1000000000 --updates 0 --max-time 1.5m --target-loss .25 --optimizer sgd --lr 1e-2");
    ck_assert(config.batch == 1 && config.batch_given && config.steps == 1000000000);
    ck_assert(config.updates == 0 && config.updates_given && config.max_time == 90.0 && config.target_loss == 0.25);
    ck_assert(config.optimizer == RG_OPT_SGD && config.lr == 0.01);
    accept("--clip-norm 0 --nonfinite stop --seed 18446744073709551615 --device pocl --threads 3 --memory 2G");
    ck_assert(config.clip_norm == 0.0 && config.nonfinite == RG_NONFINITE_STOP && config.seed == UINT64_MAX);
    ck_assert_str_eq(config.device, "pocl");
    ck_assert(config.threads == 3 && config.memory == (uint64_t)2 << 30);
    accept("train --out=-model --json -q --color");
    ck_assert_str_eq(config.out, "-model");
    ck_assert(config.json && config.quiet && config.color == 1);
    accept("--report r.html --plot p.svg --log l.jsonl --tensorboard t");
    ck_assert_str_eq(config.report, "r.html");
    ck_assert_str_eq(config.plot, "p.svg");
    ck_assert_str_eq(config.log, "l.jsonl");
    ck_assert_str_eq(config.tensorboard, "t");
    ck_assert_int_eq(config.n_arguments, 9);
    accept("--gemm library");
    ck_assert(config.blas == RG_BLAS_LIBRARY);
    accept("bench --input 3 --outputs 4 --repeats 7");
    ck_assert(config.input == 3 && config.outputs == 4 && config.repeats == 7 && config.sizes_given &&
              !config.batch_given);
    ck_assert(!config.cell_given && config.grid == RG_GRID_AUTO && !config.peers && !config.roofline);
    ck_assert(!config.verbose && !config.tune && config.compare == NULL);
    accept("bench --tune");
    ck_assert(config.tune);
    accept("bench --grid full --cell gru --peers --roofline -v --compare old.jsonl --out new.jsonl");
    ck_assert(config.grid == RG_GRID_FULL && config.cell_given && config.peers && config.roofline && config.verbose);
    ck_assert_str_eq(config.compare, "old.jsonl");
    ck_assert_str_eq(config.out, "new.jsonl");
    accept("selftest --precision double");
    ck_assert_int_eq(config.precision, RG_PRECISION_DOUBLE);
    accept("grad --model m --data d --out o --precision double --precision float");
    ck_assert_int_eq(config.precision, RG_PRECISION_FLOAT);
    accept("sweep --math tf32");
    ck_assert(config.math == RG_MATH_TF32 && rg_config_default().math == RG_MATH_FLOAT);
    accept("bench --math float --precision double");
    ck_assert(config.math == RG_MATH_FLOAT);
    accept("predict --model m --data d --out o");
    ck_assert_str_eq(command, "predict");
    ck_assert_str_eq(config.model, "m");
    ck_assert_str_eq(config.data, "d");
}
END_TEST

START_TEST(every_model_option) {
    accept("--cell gru --layers 16 --bidirectional --dropout 0.5 --skip 7 --skip-kind dilated --target steps");
    ck_assert(config.cell == RG_CELL_GRU && config.layers == 16 && config.bidirectional && config.dropout == 0.5);
    ck_assert(config.skip == 7 && config.skip_kind == RG_SKIP_DILATED && config.target == RG_TARGET_STEPS);
    accept("--plot p.png --plot-theme dark");
    ck_assert(config.theme == RG_THEME_DARK && rg_config_default().theme == RG_THEME_AUTO);
    accept("compare --plot-theme light");
    ck_assert(config.theme == RG_THEME_LIGHT);
    accept("--lag-every 25");
    ck_assert_uint_eq(config.lag_every, 25);
    accept("grad --model m --data d --out o --target steps --probe-time 12");
    ck_assert_uint_eq(config.probe_time, 12);
    accept("--embed 16 --data d.npz");
    ck_assert(config.embed == 16 && rg_config_default().embed == 0);
    accept("--skip-kind learned --skip-budget 1e-4");
    ck_assert(config.skip == 1 && config.skip_kind == RG_SKIP_LEARNED && config.skip_budget == 1e-4);
    accept("--skip-kind learned --skip 1");
    ck_assert(config.skip == 1 && config.skip_kind == RG_SKIP_LEARNED && config.skip_budget == 0.0);
    accept("grad --model m --data d --out o --skip-budget 0.5");
    ck_assert(config.skip == 0 && config.skip_budget == 0.5);
    accept("--cell lstm --init identity --init-input orthogonal:2 --forget-bias -1.5");
    ck_assert(config.cell == RG_CELL_LSTM && config.forget_bias == -1.5);
    ck_assert(config.init.kind == RG_INIT_IDENTITY && config.init.value == 1.0);
    ck_assert(config.init_input.kind == RG_INIT_ORTHOGONAL && config.init_input.value == 2.0);
    accept("--cell lstm --init chrono:200");
    ck_assert(config.init.kind == RG_INIT_CHRONO && config.init.value == 200.0);
    accept("--init nprnn --activation relu");
    ck_assert(config.init.kind == RG_INIT_NPRNN && config.activation == RG_ACT_RELU);
    accept("--dropout 0");
    accept("bench --cell lstm");
    ck_assert_int_eq(config.cell, RG_CELL_LSTM);
}
END_TEST

START_TEST(every_training_option) {
    accept("--optimizer nesterov --momentum 0.5 --weight-decay 1e-4 --warmup 10 --schedule cosine");
    ck_assert(config.optimizer == RG_OPT_NESTEROV && config.momentum == 0.5 && config.weight_decay == 1e-4);
    ck_assert(config.warmup == 10 && config.schedule.kind == RG_SCHEDULE_COSINE);
    accept("--optimizer rmsprop");
    ck_assert(config.optimizer == RG_OPT_RMSPROP && config.momentum == 0.0);
    accept("--momentum 0.3 --optimizer rmsprop");
    ck_assert(config.momentum == 0.3);
    accept("--clip-value 0.5");
    ck_assert(config.clip_value == 0.5 && config.clip_norm == 0.0);
    accept("--clip-value 0");
    ck_assert(config.clip_value == 0.0 && config.clip_norm == 1.0);
    accept("--clip-value 2 --clip-norm 0");
    ck_assert(config.clip_value == 2.0 && config.clip_norm == 0.0);
    accept("--clip-norm 3 --clip-value 0");
    ck_assert(config.clip_value == 0.0 && config.clip_norm == 3.0);
}
END_TEST

/* Each list of names has the length and order of its enumeration. */
START_TEST(names) {
    static const struct {
        const char *option, *name;
        size_t offset;
        int value;
    } cases[] = {{"cell", "rnn", offsetof(struct rg_config, cell), RG_CELL_RNN},
                 {"cell", "lstm", offsetof(struct rg_config, cell), RG_CELL_LSTM},
                 {"cell", "gru", offsetof(struct rg_config, cell), RG_CELL_GRU},
                 {"activation", "tanh", offsetof(struct rg_config, activation), RG_ACT_TANH},
                 {"activation", "relu", offsetof(struct rg_config, activation), RG_ACT_RELU},
                 {"activation", "leaky_relu", offsetof(struct rg_config, activation), RG_ACT_LEAKY_RELU},
                 {"activation", "elu", offsetof(struct rg_config, activation), RG_ACT_ELU},
                 {"activation", "sigmoid", offsetof(struct rg_config, activation), RG_ACT_SIGMOID},
                 {"activation", "softsign", offsetof(struct rg_config, activation), RG_ACT_SOFTSIGN},
                 {"activation", "softplus", offsetof(struct rg_config, activation), RG_ACT_SOFTPLUS},
                 {"activation", "hardtanh", offsetof(struct rg_config, activation), RG_ACT_HARDTANH},
                 {"activation", "linear", offsetof(struct rg_config, activation), RG_ACT_LINEAR},
                 {"optimizer", "sgd", offsetof(struct rg_config, optimizer), RG_OPT_SGD},
                 {"optimizer", "momentum", offsetof(struct rg_config, optimizer), RG_OPT_MOMENTUM},
                 {"optimizer", "nesterov", offsetof(struct rg_config, optimizer), RG_OPT_NESTEROV},
                 {"optimizer", "rmsprop", offsetof(struct rg_config, optimizer), RG_OPT_RMSPROP},
                 {"optimizer", "adam", offsetof(struct rg_config, optimizer), RG_OPT_ADAM},
                 {"optimizer", "adamw", offsetof(struct rg_config, optimizer), RG_OPT_ADAMW},
                 {"optimizer", "adagrad", offsetof(struct rg_config, optimizer), RG_OPT_ADAGRAD},
                 {"init", "pytorch", offsetof(struct rg_config, init), RG_INIT_PYTORCH},
                 {"init", "xavier", offsetof(struct rg_config, init), RG_INIT_XAVIER},
                 {"init", "he", offsetof(struct rg_config, init), RG_INIT_HE},
                 {"init-input", "he", offsetof(struct rg_config, init_input), RG_INIT_HE},
                 {"init-input", "normal:1", offsetof(struct rg_config, init_input), RG_INIT_NORMAL},
                 {"loss", "ce", offsetof(struct rg_config, loss), RG_LOSS_CE},
                 {"target", "last", offsetof(struct rg_config, target), RG_TARGET_LAST},
                 {"pad", "left", offsetof(struct rg_config, pad), RG_PAD_LEFT},
                 {"pad", "right", offsetof(struct rg_config, pad), RG_PAD_RIGHT}};
    static const char *const tasks[] = {
        "adding",      "multiplication", "copy",         "temporal-order", "temporal-order-3bit",
        "delayed-xor", "permutation",    "memorisation", "delayed-recall", "fashion-mnist"};
    char line[80];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int value = -1;
        snprintf(line, sizeof line, "--%s %s", cases[i].option, cases[i].name);
        accept(line);
        memcpy(&value, (const char *)&config + cases[i].offset, sizeof value);
        ck_assert_msg(value == cases[i].value, "%s is %d", line, value);
    }
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        snprintf(line, sizeof line, "--task %s", tasks[i]);
        accept(line);
        ck_assert_str_eq(config.task, tasks[i]);
    }
    ck_assert_ptr_null(rg_cell_names[RG_N_CELLS]);
    ck_assert_ptr_null(rg_activation_names[RG_N_ACTIVATIONS]);
    ck_assert_ptr_null(rg_optimizer_names[RG_N_OPTIMIZERS]);
    ck_assert_str_eq(rg_skip_kind_names[RG_SKIP_DILATED], "dilated");
    ck_assert_str_eq(rg_target_names[RG_TARGET_STEPS], "steps");
    ck_assert_str_eq(rg_schedule_names[RG_SCHEDULE_PLATEAU], "plateau");
}
END_TEST

START_TEST(schedules) {
    static const struct {
        const char *line;
        struct rg_schedule_options schedule;
    } cases[] = {{"--schedule constant", {RG_SCHEDULE_CONSTANT, 0, 1.0}},
                 {"--schedule step", {RG_SCHEDULE_STEP, 1000, 0.5}},
                 {"--schedule step:1", {RG_SCHEDULE_STEP, 1, 0.5}},
                 {"--schedule step:1000000000:1e-1", {RG_SCHEDULE_STEP, 1000000000, 0.1}},
                 {"--schedule exponential", {RG_SCHEDULE_EXPONENTIAL, 0, 0.999}},
                 {"--schedule exponential:0", {RG_SCHEDULE_EXPONENTIAL, 0, 0.0}},
                 {"--schedule cosine", {RG_SCHEDULE_COSINE, 0, 1.0}},
                 {"--schedule linear", {RG_SCHEDULE_LINEAR, 0, 1.0}},
                 {"--schedule one-cycle", {RG_SCHEDULE_ONE_CYCLE, 0, 1.0}},
                 {"--schedule plateau", {RG_SCHEDULE_PLATEAU, 200, 0.5}},
                 {"--schedule=plateau:7:1", {RG_SCHEDULE_PLATEAU, 7, 1.0}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(cases[i].line);
        ck_assert_msg(config.schedule.kind == cases[i].schedule.kind, "%s", cases[i].line);
        ck_assert_msg(config.schedule.every == cases[i].schedule.every, "%s", cases[i].line);
        ck_assert_msg(config.schedule.gamma == cases[i].schedule.gamma, "%s", cases[i].line);
    }
}
END_TEST

/* The preset, which gives way to what is given beside it, and to a later --cell. */
START_TEST(irnn) {
    static const char *const lines[] = {"--cell irnn", "--cell irnn --init he", "--init he --cell irnn",
                                        "--cell=irnn --init-input=pytorch", "--activation tanh --cell irnn"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        accept(lines[i]);
        ck_assert(config.irnn && config.cell == RG_CELL_RNN);
        ck_assert(config.activation == (i == 4 ? RG_ACT_TANH : RG_ACT_RELU));
        ck_assert(config.init.kind == (i == 1 || i == 2 ? RG_INIT_HE : RG_INIT_IDENTITY));
        ck_assert(i == 1 || i == 2 || config.init.value == 1.0);
        ck_assert(config.init_input.kind == (i == 3 ? RG_INIT_PYTORCH : RG_INIT_NORMAL));
        ck_assert(i == 3 || config.init_input.value == 0.001);
    }
    accept("--cell irnn --cell lstm");
    ck_assert(!config.irnn && config.cell == RG_CELL_LSTM && config.init.kind == RG_INIT_PYTORCH);
}
END_TEST

/* grad and predict know the cell from the file unless they are told. */
START_TEST(cell_of_file) {
    accept("grad --model m --data d --out o");
    ck_assert_int_eq(config.cell, RG_N_CELLS);
    accept("predict --model m --data d --activation relu --skip 2 --skip-kind add --target steps");
    ck_assert(config.cell == RG_N_CELLS && config.activation == RG_ACT_RELU && config.skip == 2);
    ck_assert_int_eq(config.target, RG_TARGET_STEPS);
    accept("grad --model m --data d --out o --cell rnn");
    ck_assert_int_eq(config.cell, RG_CELL_RNN);
    accept("grad --model m --data d --out o --cell irnn");
    ck_assert(config.cell == RG_CELL_RNN && config.activation == RG_ACT_RELU);
}
END_TEST

/* compare and sweep train many small models, and have defaults for that. */
START_TEST(many_runs) {
    accept("compare");
    ck_assert_str_eq(command, "compare");
    ck_assert_str_eq(config.remedies, "tanh,relu,irnn,orthogonal,skip,lstm,gru");
    ck_assert(config.hidden == 64 && config.batch == 32 && config.updates == 4000 && !config.batch_given);
    accept("sweep --steps 10,30 --lr 1e-4..1e-1*10 --device cpu --threads 3 --json");
    ck_assert_str_eq(command, "sweep");
    ck_assert(config.threads == 3 && config.json && config.hidden == 64 && config.steps == 100);
    accept("compare --remedies lstm+clip,gru --forget-bias 2 --skip 5 --hidden 7 --schedule step");
    ck_assert_str_eq(config.remedies, "lstm+clip,gru");
    ck_assert(config.forget_bias == 2.0 && config.skip == 5 && config.hidden == 7);
}
END_TEST

START_TEST(probes) {
    accept("probe");
    ck_assert_str_eq(command, "probe");
    ck_assert_ptr_null(config.probe);
    ck_assert(config.steps == 0 && config.hidden == 0 && isnan(config.weight) && config.matrix == NULL);
    accept("probe wall --weight -4.6 --steps 50");
    ck_assert_str_eq(config.probe, "wall");
    ck_assert(config.weight == -4.6 && config.steps == 50);
    accept("probe power --matrix 0.9,3;0,0.9");
    ck_assert_str_eq(config.matrix, "0.9,3;0,0.9");
}
END_TEST

START_TEST(forms) {
    static const struct {
        const char *line;
        uint64_t memory;
    } sizes[] = {{"--memory 0", 0},           {"--memory 512B", 512},      {"--memory 3K", 3072},
                 {"--memory 3kb", 3072},      {"--memory 5MiB", 5 << 20},  {"--memory 1024T", (uint64_t)1 << 50},
                 {"--memory 7g", 7ULL << 30}, {"--memory 1 --memory 2", 2}};
    static const struct {
        const char *line;
        double seconds;
    } times[] = {{"--max-time 30", 30},   {"--max-time 30s", 30},  {"--max-time 5m", 300},
                 {"--max-time 1h", 3600}, {"--max-time 1e2", 100}, {"--max-time 2 --max-time 0.5", 0.5}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        accept(sizes[i].line);
        ck_assert_msg(config.memory == sizes[i].memory, "%s", sizes[i].line);
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        accept(times[i].line);
        ck_assert_msg(config.max_time == times[i].seconds, "%s", times[i].line);
    }
    accept("--init orthogonal");
    ck_assert(config.init.kind == RG_INIT_ORTHOGONAL && config.init.value == 1.0);
    accept("--init orthogonal:1.1");
    ck_assert(config.init.value == 1.1);
    accept("--init identity:0.5");
    ck_assert(config.init.kind == RG_INIT_IDENTITY && config.init.value == 0.5);
    accept("--color auto --json");
    ck_assert(config.color == -1 && config.json);
    accept("--color never");
    ck_assert_int_eq(config.color, 0);
    accept("--color=always");
    ck_assert_int_eq(config.color, 1);
    accept("--color --json");
    ck_assert(config.color == 1 && config.json);
}
END_TEST

START_TEST(commands) {
    static const struct {
        const char *line, *command, *topic;
    } cases[] = {{"--help", "help", NULL},
                 {"-h", "help", NULL},
                 {"help", "help", NULL},
                 {"help grad", "help", "grad"},
                 {"bench --help", "help", "bench"},
                 {"train --batch 0 -h", "help", "train"},
                 {"--batch 0 --help", "help", NULL},
                 {"help nothing", "help", "nothing"},
                 {"--version", "version", NULL},
                 {"version", "version", NULL},
                 {"grad --version", "version", NULL},
                 {"devices --json", "devices", NULL},
                 {"selftest --device cpu", "selftest", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(cases[i].line);
        ck_assert_str_eq(command, cases[i].command);
        ck_assert_pstr_eq(topic, cases[i].topic);
    }
}
END_TEST

static const struct {
    const char *line;
    const char *message; /* whole, or a fragment */
} refused[] = {
    {"--batch 0", "--batch: 0 is out of range; 1 to 1073741824"},
    {"--batch 1073741825", "--batch: 1073741825 is out of range; 1 to 1073741824"},
    {"--batch -5", "--batch: -5 is out of range; 1 to 1073741824"},
    {"--batch 99999999999999999999999999", "is out of range; 1 to 1073741824"},
    {"--batch 1e6", "--batch: '1e6' is not a whole number; 1 to 1073741824"},
    {"--batch 12x", "'12x' is not a whole number"},
    {"--batch +1", "'+1' is not a whole number"},
    {"--batch --steps 100", "--batch needs a value; write --batch B"},
    {"--batch", "--batch needs a value"},
    {"--batch=", "--batch: the value is empty; expected B"},
    {"--data ''", "--data: the value is empty"},
    {"--out -q", "--out needs a value"},
    {"--remedies tanh", "--remedies does not belong to train; it is an option of compare"},
    {"probe wall power", "'power' is not an option"},
    {"probe --batch 5", "--batch does not belong to probe"},
    {"compare --cell lstm", "--cell does not belong to compare; it is an option of train"},
    {"compare --remedies ''", "--remedies: the value is empty"},
    {"--hidden 65537", "--hidden: 65537 is out of range; 1 to 65536"},
    {"--steps 1000000001", "1 to 1000000000"},
    {"--seed 18446744073709551616", "0 to 18446744073709551615"},
    {"--seed -1", "--seed: -1 is out of range"},
    {"--threads 5000", "--threads: 5000 is out of range; 0 to 4096"},
    {"--precision half", "--precision: unknown value 'half'; expected one of float, double"},
    {"devices --precision double", "--precision"},
    {"--math half", "--math: unknown value 'half'; expected one of float, tf32"},
    {"--precision double --math tf32", "--math tf32 is of --precision float; leave one of"},
    {"probe --math tf32", "--math does not belong to probe"},
    {"--lr nan", "--lr: 'nan' is not a number; 0 to 1000000"},
    {"--lr inf", "'inf' is not a number"},
    {"--lr 1e999", "--lr: 1e999 is out of range; 0 to 1000000"},
    {"--lr -1", "--lr: -1 is out of range"},
    {"--lr 0x10", "'0x10' is not a number"},
    {"--lr 1,5", "'1,5' is not a number"},
    {"--lr 1e", "'1e' is not a number"},
    {"--lr .", "'.' is not a number"},
    {"--lr 0.1abc", "'0.1abc' is not a number"},
    {"--max-time 5d", "--max-time: '5d' is not a time such as 90, 30s, 5m or 1h"},
    {"--max-time 5mm", "'5mm' is not a time"},
    {"--max-time 1000000h", "is out of range; 0 to 1000000000"},
    {"--memory 2X", "--memory: '2X' is not a size such as 800M or 2G; 0 to 1024T"},
    {"--memory 1025T", "--memory: 1025T is out of range; 0 to 1024T"},
    {"--memory 99999999999999999T", "is out of range"},
    {"--memory 1.5G", "'1.5G' is not a size"},
    {"--memory G", "'G' is not a size"},
    {"--memory 2GiBB", "'2GiBB' is not a size"},
    {"--init orthogonl", "--init: unknown value 'orthogonl'"},
    {"--init orthogonl:2", "did you mean orthogonal"},
    {"--init normal", "--init: normal needs a number; write --init normal:STD"},
    {"--init normal:", "'' is not a number"},
    {"--init normal:1x", "'1x' is not a number"},
    {"--init normal:-1", "-1 is out of range"},
    {"--init he:2", "--init: he takes no number; write --init he"},
    {"--optimizer adma", "one of sgd, momentum, nesterov, rmsprop, adam, adamw, adagrad; did you mean adam"},
    {"--cell ltsm", "--cell: unknown value 'ltsm'; expected one of rnn, irnn, lstm, gru; did you mean lstm"},
    {"--activation gelu", "--activation: unknown value 'gelu'; expected one of tanh, relu, leaky_relu, elu, sigmoid"},
    {"--task ading", "delayed-recall, fashion-mnist; did you mean adding"},
    {"--task mnist", "fashion-mnist"},
    {"--color nevr", "did you mean never"},
    {"--json=1", "--json takes no value; write --json alone"},
    {"--json=", "--json takes no value"},
    {"--bacth 5", "unknown option '--bacth'; did you mean --batch?"},
    {"--hid 5", "did you mean --hidden?"},
    {"--lrate=5", "unknown option '--lrate'; did you mean --lr?"},
    {"-b 5", "unknown option '-b'; did you mean --batch?"},
    {"-s 5", "unknown option '-s'; did you mean --skip?"},
    {"-batch 5", "unknown option '-batch'; did you mean --batch?"},
    {"--zzzzzzzzzzzzzzzz 5", "unknown option '--zzzzzzzzzzzzzzzz'"},
    {"--", "unknown option '--'"},
    {"-", "unknown option '-'"},
    {"--=", "unknown option '--'"},
    {"trian --batch 5", "unknown command 'trian'; did you mean train?"},
    {"'' --batch 5", "unknown command ''"},
    {"--batch 5 train", "'train' is not an option; options begin with --"},
    {"train data.csv", "'data.csv' is not an option"},
    {"help train grad", "'grad' is not an option"},
    {"--task adding --data x.csv", "--task adding and --data x.csv are both given; leave one out"},
    {"--input 3", "--input does not belong to train; it is an option of bench"},
    {"bench --grid half", "expected one of auto, standard, full"},
    {"--peers", "--peers does not belong to train; it is an option of bench"},
    {"devices --batch 5", "--batch does not belong to devices; it is an option of train, compare, sweep, bench"},
    {"version --json", "--json does not belong to version"},
    {"grad --data d --out o", "grad needs --model FILE"},
    {"grad --model m --out o", "grad needs --data FILE"},
    {"predict --model m", "predict needs --data FILE"},
    {"--cell gru --activation relu", "--activation is of the cell rnn; gru has its own"},
    {"bench --activation=tanh --cell lstm", "--activation is of the cell rnn; lstm has its own"},
    {"--skip-kind add", "--skip-kind needs --skip D"},
    {"--skip 0 --skip-kind dilated", "--skip-kind needs --skip D"},
    {"--skip -1", "--skip: -1 is out of range; 0 to 1000000000"},
    {"--skip 2 --skip-kind leaped", "expected one of add, dilated, learned"},
    {"--skip 2 --skip-kind learned", "--skip-kind learned finds out by itself which steps to skip; leave --skip out"},
    {"--skip-kind learned --skip 0", "leave --skip out"},
    {"--skip-budget 1e-4", "--skip-budget is of --skip-kind learned"},
    {"--skip 2 --skip-budget 1e-4", "--skip-budget is of --skip-kind learned"},
    {"--skip-kind learned --skip-budget -1", "--skip-budget: -1 is out of range"},
    {"--layers 0", "--layers: 0 is out of range; 1 to 16"},
    {"--layers 17", "--layers: 17 is out of range; 1 to 16"},
    {"--bidirectional=yes", "--bidirectional takes no value"},
    {"--layers 2 --dropout 1", "--dropout: 1 is out of range; 0 to below 1"},
    {"--layers 2 --dropout -0.1", "--dropout: -0.1 is out of range"},
    {"--dropout 0.1", "--dropout is between layers, and there is one; add --layers 2 or more"},
    {"--forget-bias 1", "--forget-bias is of the cell lstm"},
    {"--cell gru --forget-bias 1", "--forget-bias is of the cell lstm"},
    {"--cell lstm --forget-bias -1001", "--forget-bias: -1001 is out of range; -1000 to 1000"},
    {"--cell lstm --forget-bias nan", "--forget-bias: 'nan' is not a number"},
    {"--init chrono:10", "--init chrono is of the cells lstm and gru"},
    {"--cell irnn --init chrono:10", "--init chrono is of the cells lstm and gru"},
    {"--cell lstm --init chrono", "--init: chrono needs a number; write --init chrono:TMAX"},
    {"--cell lstm --init chrono:1.9", "--init: 1.9 is out of range; 2 to 1000000"},
    {"--cell lstm --init chrono:9 --forget-bias 1", "both set the forget gate's bias"},
    {"--init nprnn:2", "--init: nprnn takes no number; write --init nprnn"},
    {"--init-input nprnn", "--init-input: unknown value 'nprnn'; expected one of pytorch"},
    {"--init-input normal", "--init-input: normal needs a number; write --init-input normal:STD"},
    {"--init-input he:2", "--init-input: he takes no number; write --init-input he"},
    {"--embed 8", "--embed is for the words of a file; --data FILE is needed"},
    {"--pad both", "--pad: unknown value 'both'; expected one of right, left"},
    {"--target first", "--target: unknown value 'first'; expected one of last, steps"},
    {"--momentum 0.5", "--momentum is of the optimizers momentum, nesterov and rmsprop, not of adam"},
    {"--optimizer sgd --momentum=0.9", "not of sgd"},
    {"--optimizer momentum --momentum 1", "--momentum: 1 is out of range; 0 to below 1"},
    {"--clip-norm 1 --clip-value 1", "--clip-norm and --clip-value are both given; leave one out"},
    {"--clip-value 1 --clip-norm=2", "--clip-norm and --clip-value are both given"},
    {"--clip-value -1", "--clip-value: -1 is out of range"},
    {"--weight-decay -1", "--weight-decay: -1 is out of range"},
    {"--warmup -1", "--warmup: -1 is out of range"},
    {"--schedule stp", "--schedule: unknown value 'stp'"},
    {"--schedule cosine:3", "--schedule: cosine takes no number; write --schedule cosine"},
    {"--schedule step:", "--schedule: 'step:' is not step[:N[:G]] with N from 1 to 1000000000 and G from 0 to 1"},
    {"--schedule step::0.5", "'step::0.5' is not step[:N[:G]]"},
    {"--schedule step:0", "'step:0' is not step[:N[:G]]"},
    {"--schedule step:1000000001", "is not step[:N[:G]]"},
    {"--schedule step:99999999999999999999", "is not step[:N[:G]]"},
    {"--schedule step:5x", "is not step[:N[:G]]"},
    {"--schedule step:5:1.1", "is not step[:N[:G]]"},
    {"--schedule step:5:0.1:3", "is not step[:N[:G]]"},
    {"--schedule step:5:x", "--schedule: 'x' is not a number; 0 to 1"},
    {"--schedule exponential:-0.1", "'exponential:-0.1' is not exponential[:G] with G from 0 to 1"},
    {"predict --model m --data d --layers 2", "--layers does not belong to predict"},
};

START_TEST(refusals) {
    const char *const line = refused[_i].line;
    ck_assert_msg(parse(line) == RG_USAGE, "`%s` is accepted", line);
    ck_assert_msg(strstr(rg_error_message(), refused[_i].message) != NULL, "`%s` gives `%s`, expected `%s`", line,
                  rg_error_message(), refused[_i].message);
    ck_assert_ptr_null(strchr(rg_error_message(), '\n'));
}
END_TEST

START_TEST(device_from_environment) {
    ck_assert_int_eq(setenv("RNN_GPU_DEVICE", "0:1", 1), 0);
    accept("");
    ck_assert_str_eq(config.device, "0:1");
    accept("--device cpu");
    ck_assert_str_eq(config.device, "cpu");
    ck_assert_int_eq(setenv("RNN_GPU_DEVICE", "", 1), 0);
    accept("");
    ck_assert_str_eq(config.device, "auto");
    unsetenv("RNN_GPU_DEVICE");
}
END_TEST

START_TEST(distances) {
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"batch", "batch", 0}, {"bacth", "batch", 1}, {"batsch", "batch", 1}, {"bath", "batch", 1},
                 {"latch", "batch", 1}, {"hid", "hidden", 1},  {"tpas", "steps", 3},   {"x", "lr", 2},
                 {"lr-rate", "lr", 1},  {"", "lr", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(rg_name_distance(cases[i].a, cases[i].b) == cases[i].distance, "%s %s", cases[i].a, cases[i].b);
}
END_TEST

/* What help prints, through a file in place of stdout. */
static void capture_help(const char *about, char text[TEXT_BYTES]) {
    FILE *const file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    const rg_status status = rg_options_help(about);
    fflush(stdout);
    ck_assert_int_ge(dup2(kept, STDOUT_FILENO), 0);
    close(kept);
    ck_assert_int_eq(status, RG_OK);
    rewind(file);
    const size_t length = fread(text, 1, TEXT_BYTES - 1, file);
    ck_assert_uint_lt(length, TEXT_BYTES - 1);
    text[length] = '\0';
    fclose(file);
}

static void check_columns(const char *text) {
    for (const char *line = text; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        ck_assert_msg(length <= 80, "more than 80 columns: %.*s", (int)length, line);
        ck_assert_msg(length == 0 || line[length - 1] != ' ', "space at the end: %.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

START_TEST(help_text) {
    static const char *const topics[] = {"train", "grad", "predict", "bench", "devices", "selftest", "help", "version"};
    static const char *const parts[] = {"./rnn-gpu --batch 4096 --steps 100\n",
                                        "--hidden H",
                                        "[128; 1 to 65536]",
                                        "--init KIND",
                                        "chrono:TMAX [pytorch]",
                                        "normal:STD [pytorch]",
                                        "[as drawn; -1000 to 1000]",
                                        "[0; 0 to below 1]",
                                        "plateau[:N[:G]]; alone:",
                                        "step:1000:0.5, exponential:0.999,",
                                        "plateau:200:0.5 [constant]",
                                        "[4096; 1 to 1073741824]",
                                        "adagrad [adam]",
                                        "[0.001; 0 to 1000000]",
                                        "0 to 1024T",
                                        "[auto]",
                                        "memorisation, delayed-recall, fashion-mnist\n",
                                        "Exit codes",
                                        "RNN_GPU_DEVICE"};
    char text[TEXT_BYTES];
    capture_help(NULL, text);
    check_columns(text);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "no `%s`", parts[i]);
    ck_assert(strstr(text, "Examples:") < strstr(text, "Options of train"));
    ck_assert_ptr_null(strstr(text, "--repeats"));
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        capture_help(topics[i], text);
        check_columns(text);
        ck_assert_ptr_nonnull(strstr(text, topics[i]));
        ck_assert_ptr_nonnull(strstr(text, "Example:\n  ./rnn-gpu "));
    }
    capture_help("bench", text);
    ck_assert_ptr_nonnull(strstr(text, "--repeats N"));
    ck_assert_ptr_null(strstr(text, "--updates"));
    capture_help("grad", text);
    ck_assert_ptr_nonnull(strstr(text, "irnn, lstm, gru [the file's]"));
    ck_assert_int_eq(rg_options_help("tarin"), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "unknown help topic 'tarin'; did you mean train?");
}
END_TEST

int main(void) {
    Suite *const suite = suite_create("options");
    TCase *const tests = tcase_create("options");
    SRunner *const runner = srunner_create(suite);
    unsetenv("RNN_GPU_DEVICE");
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, every_option);
    tcase_add_test(tests, every_model_option);
    tcase_add_test(tests, every_training_option);
    tcase_add_test(tests, names);
    tcase_add_test(tests, schedules);
    tcase_add_test(tests, irnn);
    tcase_add_test(tests, cell_of_file);
    tcase_add_test(tests, forms);
    tcase_add_test(tests, many_runs);
    tcase_add_test(tests, probes);
    tcase_add_test(tests, commands);
    tcase_add_loop_test(tests, refusals, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tests, device_from_environment);
    tcase_add_test(tests, distances);
    tcase_add_test(tests, help_text);
    suite_add_tcase(suite, tests);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
