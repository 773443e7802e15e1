/* The command line: what is understood, what is refused and with which message, and that help agrees with the table. */
#define _GNU_SOURCE
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/help.h"
#include "rnn_gpu/config.h"
#include "suite.h"

enum { MAX_WORDS = 16, TEXT_BYTES = 16384 };

static char line_copy[512];
static struct rg_config config;
static const char *command, *topic;

/* Parse a line of words separated by one space; '' is an empty word. */
static rg_status parse(const char *line) {
    char *argv[MAX_WORDS + 1] = {"rnn-gpu"};
    int argc = 1;
    snprintf(line_copy, sizeof line_copy, "%s", line);
    for (char *rest = line_copy, *word; (word = strsep(&rest, " ")) != NULL && argc < MAX_WORDS;) {
        if (*word != '\0') {
            argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
        }
    }
    return rg_options_parse(argc, argv, &config, &command, &topic);
}

static void accept(const char *line) {
    ck_assert_msg(parse(line) == RG_OK, "`%s`: %s", line, rg_error_message());
}

START_TEST(defaults) {
    accept("");
    ck_assert_str_eq(command, "train");
    ck_assert_ptr_null(topic);
    ck_assert(config.model.cell == RG_CELL_RNN && config.model.activation == RG_ACT_TANH && config.model.hidden == 128);
    ck_assert(config.model.init.kind == RG_INIT_PYTORCH && config.model.loss == RG_LOSS_AUTO);
    ck_assert(config.model.init_input.kind == RG_INIT_PYTORCH && isnan(config.model.forget_bias) && !config.model.irnn);
    ck_assert(config.model.skip == 0 && config.model.skip_kind == RG_SKIP_ADD && config.model.layers == 1 &&
              !config.model.bidirectional);
    ck_assert(config.model.dropout == 0.0 && config.model.target == RG_TARGET_LAST && config.training.probe_time == 0);
    ck_assert(config.training.momentum == 0.9 && config.training.weight_decay == 0.0 && config.training.warmup == 0 &&
              config.training.clip_value == 0.0);
    ck_assert(config.training.schedule.kind == RG_SCHEDULE_CONSTANT);
    ck_assert(config.data.task == NULL && config.data.file == NULL && config.data.model_file == NULL &&
              config.output.out == NULL);
    ck_assert(config.data.batch == 4096 && !config.data.batch_given && config.data.steps == 100);
    ck_assert(config.training.updates == 100 && !config.training.updates_given && config.training.max_time == 0.0 &&
              config.training.target_loss == 0.0);
    ck_assert(config.training.optimizer == RG_OPT_ADAM && config.training.lr == 1e-3 &&
              config.training.clip_norm == 1.0);
    ck_assert(config.training.nonfinite == RG_NONFINITE_SKIP && config.training.seed == 1 &&
              config.training.lag_every == 0);
    ck_assert(config.machine.precision == RG_PRECISION_FLOAT);
    ck_assert_str_eq(config.machine.device, "auto");
    ck_assert(config.machine.threads == 0 && config.machine.memory == 0 && !config.output.json &&
              !config.output.quiet && config.output.color == -1);
    ck_assert(config.bench.input == 2 && config.bench.outputs == 1 && config.bench.repeats == 5 &&
              !config.bench.sizes_given);
}
END_TEST

START_TEST(every_option) {
    accept("--cell rnn --activation=tanh --hidden 65536 --init normal:0.01 --loss bce --task fashion-mnist");
    ck_assert(config.model.hidden == 65536 && config.model.init.kind == RG_INIT_NORMAL &&
              config.model.init.value == 0.01);
    ck_assert(config.model.loss == RG_LOSS_BCE);
    ck_assert_str_eq(config.data.task, "fashion-mnist");
    accept("--batch=1 --steps 1000000000 --updates 0 --max-time 1.5m --target-loss .25 --optimizer sgd --lr 1e-2");
    ck_assert(config.data.batch == 1 && config.data.batch_given && config.data.steps == 1000000000);
    ck_assert(config.training.updates == 0 && config.training.updates_given && config.training.max_time == 90.0 &&
              config.training.target_loss == 0.25);
    ck_assert(config.training.optimizer == RG_OPT_SGD && config.training.lr == 0.01);
    accept("--clip-norm 0 --nonfinite stop --seed 18446744073709551615 --device pocl --threads 3 --memory 2G");
    ck_assert(config.training.clip_norm == 0.0 && config.training.nonfinite == RG_NONFINITE_STOP &&
              config.training.seed == UINT64_MAX);
    ck_assert_str_eq(config.machine.device, "pocl");
    ck_assert(config.machine.threads == 3 && config.machine.memory == (uint64_t)2 << 30);
    accept("train --out=-model --json -q --color");
    ck_assert_str_eq(config.output.out, "-model");
    ck_assert(config.output.json && config.output.quiet && config.output.color == 1);
    accept("--report r.html --plot p.svg --log l.jsonl --tensorboard t");
    ck_assert_str_eq(config.output.report, "r.html");
    ck_assert_str_eq(config.output.plot, "p.svg");
    ck_assert_str_eq(config.output.log, "l.jsonl");
    ck_assert_str_eq(config.output.tensorboard, "t");
    ck_assert_int_eq(config.n_arguments, 9);
    accept("--gemm library");
    ck_assert(config.machine.blas == RG_BLAS_LIBRARY);
    accept("bench --input 3 --outputs 4 --repeats 7");
    ck_assert(config.bench.input == 3 && config.bench.outputs == 4 && config.bench.repeats == 7 &&
              config.bench.sizes_given && !config.data.batch_given);
    ck_assert(!config.bench.cell_given && config.bench.grid == RG_GRID_AUTO && !config.bench.peers &&
              !config.bench.roofline);
    ck_assert(!config.output.verbose && !config.bench.tune && config.bench.earlier == NULL);
    accept("bench --tune");
    ck_assert(config.bench.tune);
    accept("bench --grid full --cell gru --peers --roofline -v --compare old.jsonl --out new.jsonl");
    ck_assert(config.bench.grid == RG_GRID_FULL && config.bench.cell_given && config.bench.peers &&
              config.bench.roofline && config.output.verbose);
    ck_assert_str_eq(config.bench.earlier, "old.jsonl");
    ck_assert_str_eq(config.output.out, "new.jsonl");
    accept("selftest --precision double");
    ck_assert_int_eq(config.machine.precision, RG_PRECISION_DOUBLE);
    accept("grad --model m --data d --out o --precision double --precision float");
    accept("grad --task copy --out o --batch 3 --seed 4 --steps 5 --cell lstm --hidden 6 --forget-bias 1");
    accept("grad --task copy --model m --out o --batch 3 --seed 4");
    accept("export --task copy --out o.npz --sequences 3 --seed 4 --steps 5");
    ck_assert_int_eq(config.machine.precision, RG_PRECISION_FLOAT);
    accept("sweep --math tf32");
    ck_assert(config.machine.math == RG_MATH_TF32 && rg_config_default().machine.math == RG_MATH_FLOAT);
    accept("bench --math float --precision double");
    ck_assert(config.machine.math == RG_MATH_FLOAT);
    accept("predict --model m --data d --out o");
    ck_assert_str_eq(command, "predict");
    ck_assert_str_eq(config.data.model_file, "m");
    ck_assert_str_eq(config.data.file, "d");
}
END_TEST

START_TEST(every_model_option) {
    accept("--cell gru --layers 16 --bidirectional --dropout 0.5 --skip 7 --skip-kind dilated --target steps");
    ck_assert(config.model.cell == RG_CELL_GRU && config.model.layers == 16 && config.model.bidirectional &&
              config.model.dropout == 0.5);
    ck_assert(config.model.skip == 7 && config.model.skip_kind == RG_SKIP_DILATED &&
              config.model.target == RG_TARGET_STEPS);
    ck_assert(config.model.readout == RG_N_READOUTS);
    accept("--readout max --target last");
    ck_assert(config.model.readout == RG_READOUT_MAX);
    accept("grad --model m --data d --out o --readout final");
    ck_assert(config.model.readout == RG_READOUT_FINAL);
    accept("--plot p.png --plot-theme dark");
    ck_assert(config.output.theme == RG_THEME_DARK && rg_config_default().output.theme == RG_THEME_AUTO);
    accept("compare --plot-theme light");
    ck_assert(config.output.theme == RG_THEME_LIGHT);
    accept("--lag-every 25");
    ck_assert_uint_eq(config.training.lag_every, 25);
    accept("grad --model m --data d --trace --sequence 3");
    ck_assert(config.output.trace && config.output.sequence == 3 && config.machine.precision == RG_PRECISION_DOUBLE);
    accept("grad --model m --data d --trace-latex w.tex --precision float --json --out o");
    ck_assert(config.output.trace_latex && config.machine.precision == RG_PRECISION_FLOAT);
    accept("grad --model m --data d --out o --target steps --probe-time 12");
    ck_assert_uint_eq(config.training.probe_time, 12);
    accept("--embed 16 --data d.npz");
    ck_assert(config.model.embed == 16 && rg_config_default().model.embed == 0);
    accept("--skip-kind learned --skip-budget 1e-4");
    ck_assert(config.model.skip == 1 && config.model.skip_kind == RG_SKIP_LEARNED && config.model.skip_budget == 1e-4);
    accept("--skip-kind learned --skip 1");
    ck_assert(config.model.skip == 1 && config.model.skip_kind == RG_SKIP_LEARNED && config.model.skip_budget == 0.0);
    accept("grad --model m --data d --out o --skip-budget 0.5");
    ck_assert(config.model.skip == 0 && config.model.skip_budget == 0.5);
    accept("--cell lstm --init identity --init-input orthogonal:2 --forget-bias -1.5");
    ck_assert(config.model.cell == RG_CELL_LSTM && config.model.forget_bias == -1.5);
    ck_assert(config.model.init.kind == RG_INIT_IDENTITY && config.model.init.value == 1.0);
    ck_assert(config.model.init_input.kind == RG_INIT_ORTHOGONAL && config.model.init_input.value == 2.0);
    accept("--cell lstm --init chrono:200");
    ck_assert(config.model.init.kind == RG_INIT_CHRONO && config.model.init.value == 200.0);
    accept("--init nprnn --activation relu");
    ck_assert(config.model.init.kind == RG_INIT_NPRNN && config.model.activation == RG_ACT_RELU);
    accept("--dropout 0");
    accept("bench --cell lstm");
    ck_assert_int_eq(config.model.cell, RG_CELL_LSTM);
}
END_TEST

START_TEST(every_training_option) {
    accept("--optimizer nesterov --momentum 0.5 --weight-decay 1e-4 --warmup 10 --schedule cosine");
    ck_assert(config.training.optimizer == RG_OPT_NESTEROV && config.training.momentum == 0.5 &&
              config.training.weight_decay == 1e-4);
    ck_assert(config.training.warmup == 10 && config.training.schedule.kind == RG_SCHEDULE_COSINE);
    accept("--optimizer rmsprop");
    ck_assert(config.training.optimizer == RG_OPT_RMSPROP && config.training.momentum == 0.0);
    accept("--momentum 0.3 --optimizer rmsprop");
    ck_assert(config.training.momentum == 0.3);
    accept("--optimizer rmsprop --rmsprop-alpha 0.9 --epsilon 1e-6");
    ck_assert(config.training.rmsprop_alpha == 0.9 && config.training.epsilon == 1e-6);
    accept("--beta1 0 --beta2 0.95 --optimizer adamw");
    ck_assert(config.training.beta1 == 0.0 && config.training.beta2 == 0.95 && isnan(config.training.epsilon));
    accept("--optimizer adagrad");
    ck_assert(isnan(config.training.epsilon) && config.training.beta1 == 0.9 && config.training.beta2 == 0.999 &&
              config.training.rmsprop_alpha == 0.99);
    accept("--clip-value 0.5");
    ck_assert(config.training.clip_value == 0.5 && config.training.clip_norm == 0.0);
    accept("--clip-value 0");
    ck_assert(config.training.clip_value == 0.0 && config.training.clip_norm == 1.0);
    accept("--clip-value 2 --clip-norm 0");
    ck_assert(config.training.clip_value == 2.0 && config.training.clip_norm == 0.0);
    accept("--clip-norm 3 --clip-value 0");
    ck_assert(config.training.clip_value == 0.0 && config.training.clip_norm == 3.0);
}
END_TEST

/* Each list of names has the length and order of its enumeration. */
START_TEST(names) {
    static const struct {
        const char *option, *name;
        size_t offset;
        int value;
    } cases[] = {{"cell", "rnn", offsetof(struct rg_config, model.cell), RG_CELL_RNN},
                 {"cell", "lstm", offsetof(struct rg_config, model.cell), RG_CELL_LSTM},
                 {"cell", "gru", offsetof(struct rg_config, model.cell), RG_CELL_GRU},
                 {"activation", "tanh", offsetof(struct rg_config, model.activation), RG_ACT_TANH},
                 {"activation", "relu", offsetof(struct rg_config, model.activation), RG_ACT_RELU},
                 {"activation", "leaky_relu", offsetof(struct rg_config, model.activation), RG_ACT_LEAKY_RELU},
                 {"activation", "elu", offsetof(struct rg_config, model.activation), RG_ACT_ELU},
                 {"activation", "sigmoid", offsetof(struct rg_config, model.activation), RG_ACT_SIGMOID},
                 {"activation", "softsign", offsetof(struct rg_config, model.activation), RG_ACT_SOFTSIGN},
                 {"activation", "softplus", offsetof(struct rg_config, model.activation), RG_ACT_SOFTPLUS},
                 {"activation", "hardtanh", offsetof(struct rg_config, model.activation), RG_ACT_HARDTANH},
                 {"activation", "linear", offsetof(struct rg_config, model.activation), RG_ACT_LINEAR},
                 {"optimizer", "sgd", offsetof(struct rg_config, training.optimizer), RG_OPT_SGD},
                 {"optimizer", "momentum", offsetof(struct rg_config, training.optimizer), RG_OPT_MOMENTUM},
                 {"optimizer", "nesterov", offsetof(struct rg_config, training.optimizer), RG_OPT_NESTEROV},
                 {"optimizer", "rmsprop", offsetof(struct rg_config, training.optimizer), RG_OPT_RMSPROP},
                 {"optimizer", "adam", offsetof(struct rg_config, training.optimizer), RG_OPT_ADAM},
                 {"optimizer", "adamw", offsetof(struct rg_config, training.optimizer), RG_OPT_ADAMW},
                 {"optimizer", "adagrad", offsetof(struct rg_config, training.optimizer), RG_OPT_ADAGRAD},
                 {"init", "pytorch", offsetof(struct rg_config, model.init), RG_INIT_PYTORCH},
                 {"init", "xavier", offsetof(struct rg_config, model.init), RG_INIT_XAVIER},
                 {"init", "he", offsetof(struct rg_config, model.init), RG_INIT_HE},
                 {"init-input", "he", offsetof(struct rg_config, model.init_input), RG_INIT_HE},
                 {"init-input", "normal:1", offsetof(struct rg_config, model.init_input), RG_INIT_NORMAL},
                 {"loss", "ce", offsetof(struct rg_config, model.loss), RG_LOSS_CE},
                 {"target", "last", offsetof(struct rg_config, model.target), RG_TARGET_LAST},
                 {"pad", "left", offsetof(struct rg_config, data.pad), RG_PAD_LEFT},
                 {"pad", "right", offsetof(struct rg_config, data.pad), RG_PAD_RIGHT}};
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
        ck_assert_str_eq(config.data.task, tasks[i]);
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
        ck_assert_msg(config.training.schedule.kind == cases[i].schedule.kind, "%s", cases[i].line);
        ck_assert_msg(config.training.schedule.every == cases[i].schedule.every, "%s", cases[i].line);
        ck_assert_msg(config.training.schedule.gamma == cases[i].schedule.gamma, "%s", cases[i].line);
    }
}
END_TEST

/* The preset, which gives way to what is given beside it, and to a later --cell. */
START_TEST(irnn) {
    static const char *const lines[] = {"--cell irnn", "--cell irnn --init he", "--init he --cell irnn",
                                        "--cell=irnn --init-input=pytorch", "--activation tanh --cell irnn"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        accept(lines[i]);
        ck_assert(config.model.irnn && config.model.cell == RG_CELL_RNN);
        ck_assert(config.model.activation == (i == 4 ? RG_ACT_TANH : RG_ACT_RELU));
        ck_assert(config.model.init.kind == (i == 1 || i == 2 ? RG_INIT_HE : RG_INIT_IDENTITY));
        ck_assert(i == 1 || i == 2 || config.model.init.value == 1.0);
        ck_assert(config.model.init_input.kind == (i == 3 ? RG_INIT_PYTORCH : RG_INIT_XAVIER));
    }
    accept("--cell irnn --init-input normal:0.001"); /* as in the paper */
    ck_assert(config.model.init_input.kind == RG_INIT_NORMAL && config.model.init_input.value == 0.001);
    accept("--cell irnn --cell lstm");
    ck_assert(!config.model.irnn && config.model.cell == RG_CELL_LSTM && config.model.init.kind == RG_INIT_PYTORCH);
}
END_TEST

/* grad and predict know the cell from the file unless they are told. */
START_TEST(cell_of_file) {
    accept("grad --model m --data d --out o");
    ck_assert_int_eq(config.model.cell, RG_N_CELLS);
    accept("predict --model m --data d --activation relu --skip 2 --skip-kind add --target steps");
    ck_assert(config.model.cell == RG_N_CELLS && config.model.activation == RG_ACT_RELU && config.model.skip == 2);
    ck_assert_int_eq(config.model.target, RG_TARGET_STEPS);
    accept("grad --model m --data d --out o --cell rnn");
    ck_assert_int_eq(config.model.cell, RG_CELL_RNN);
    accept("grad --model m --data d --out o --cell irnn");
    ck_assert(config.model.cell == RG_CELL_RNN && config.model.activation == RG_ACT_RELU);
}
END_TEST

/* compare and sweep train many small models, and have defaults for that. */
START_TEST(many_runs) {
    accept("compare");
    ck_assert_str_eq(command, "compare");
    ck_assert_str_eq(config.compare.remedies, "tanh,relu,irnn,orthogonal,skip,lstm,gru");
    ck_assert(config.model.hidden == 64 && config.data.batch == 32 && config.training.updates == 2000 &&
              !config.data.batch_given);
    ck_assert(config.data.steps == 40 && config.compare.seeds == 3 && !config.compare.rates &&
              !config.training.lr_given);
    accept("sweep --steps 10,30 --lr 1e-4..1e-1*10 --device cpu --threads 3 --json");
    ck_assert_str_eq(command, "sweep");
    ck_assert(config.machine.threads == 3 && config.output.json && config.model.hidden == 64 &&
              config.data.steps == 100 && config.training.updates == 4000);
    accept("compare --remedies lstm+clip,gru --forget-bias 2 --skip 5 --hidden 7 --schedule step");
    ck_assert_str_eq(config.compare.remedies, "lstm+clip,gru");
    ck_assert(config.model.forget_bias == 2.0 && config.model.skip == 5 && config.model.hidden == 7);
}
END_TEST

START_TEST(probes) {
    accept("probe");
    ck_assert_str_eq(command, "probe");
    ck_assert_ptr_null(config.probe.name);
    ck_assert(config.data.steps == 0 && config.model.hidden == 0 && isnan(config.probe.weight) &&
              config.probe.matrix == NULL);
    accept("probe wall --weight -4.6 --steps 50");
    ck_assert_str_eq(config.probe.name, "wall");
    ck_assert(config.probe.weight == -4.6 && config.data.steps == 50);
    accept("probe power --matrix 0.9,3;0,0.9");
    ck_assert_str_eq(config.probe.matrix, "0.9,3;0,0.9");
}
END_TEST

START_TEST(forms) {
    static const struct {
        const char *line;
        uint64_t memory;
    } sizes[] = {{"--memory 0", 0},           {"--memory 512B", 512},       {"--memory 3K", 3072},
                 {"--memory 3kb", 3072},      {"--memory 5MiB", 5 << 20},   {"--memory 1024T", (uint64_t)1 << 50},
                 {"--memory 7g", 7ULL << 30}, {"--memory 1 --memory 2", 2}, {"--memory 1.5G", 3ULL << 29},
                 {"--memory 1e3", 1000}};
    static const struct {
        const char *line;
        double seconds;
    } times[] = {{"--max-time 30", 30},   {"--max-time 30s", 30},  {"--max-time 5m", 300},
                 {"--max-time 1h", 3600}, {"--max-time 1e2", 100}, {"--max-time 2 --max-time 0.5", 0.5}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        accept(sizes[i].line);
        ck_assert_msg(config.machine.memory == sizes[i].memory, "%s", sizes[i].line);
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        accept(times[i].line);
        ck_assert_msg(config.training.max_time == times[i].seconds, "%s", times[i].line);
    }
    accept("--init orthogonal");
    ck_assert(config.model.init.kind == RG_INIT_ORTHOGONAL && config.model.init.value == 1.0);
    accept("--init orthogonal:1.1");
    ck_assert(config.model.init.value == 1.1);
    accept("--init identity:0.5");
    ck_assert(config.model.init.kind == RG_INIT_IDENTITY && config.model.init.value == 0.5);
    accept("--color auto --json");
    ck_assert(config.output.color == -1 && config.output.json);
    accept("--color never");
    ck_assert_int_eq(config.output.color, 0);
    accept("--color=always");
    ck_assert_int_eq(config.output.color, 1);
    accept("--color --json");
    ck_assert(config.output.color == 1 && config.output.json);
}
END_TEST

START_TEST(counts) {
    static const struct {
        const char *line;
        size_t batch;
    } wholes[] = {{"--batch 1e3", 1000},      {"--batch 4k", 4000},   {"--batch 4K", 4000},   {"--batch 2M", 2000000},
                  {"--batch 1G", 1000000000}, {"--batch 2.5k", 2500}, {"--batch 1.5e1", 15},  {"--batch 1E+2", 100},
                  {"--batch 1000e-2", 10},    {"--batch 0.5k", 500},  {"--batch 12.000", 12}, {"--batch 1e1k", 10000}};
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        accept(wholes[i].line);
        ck_assert_msg(config.data.batch == wholes[i].batch, "%s gives %zu", wholes[i].line, config.data.batch);
    }
    accept("--seed 18446744073709551615 --schedule step:2k:0.5 --threads 1e1");
    ck_assert(config.training.seed == UINT64_MAX && config.training.schedule.every == 2000 &&
              config.machine.threads == 10);
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
    {"--batch 1e-1", "--batch: '1e-1' is not a whole number, such as 4096, 1e3 or 4k; 1 to 1073741824"},
    {"--batch 1.5", "'1.5' is not a whole number"},
    {"--batch 1.0005k", "'1.0005k' is not a whole number"},
    {"--batch 1.2.3M", "'1.2.3M' is not a whole number"},
    {"--batch 4ki", "'4ki' is not a whole number"},
    {"--batch 4kb", "'4kb' is not a whole number"},
    {"--batch 1e", "'1e' is not a whole number"},
    {"--batch 2G", "--batch: 2G is out of range; 1 to 1073741824"},
    {"--batch 1e99999999999", "--batch: 1e99999999999 is out of range"},
    {"--seed 20000000T", "--seed: 20000000T is out of range"},
    {"--schedule step:1.5", "is not step"},
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
    {"--precision double --math tf32", "--math tf32 requires --precision float; leave out"},
    {"probe --math tf32", "--math does not belong to probe"},
    {"--lr nan", "--lr: 'nan' is not a number or auto; 0 to 1000000"},
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
    {"--memory 1.3K", "'1.3K' is not a size"},
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
    {"--cell ltsm", "--cell: unknown value 'ltsm'; expected one of rnn, lstm, gru, irnn; did you mean lstm"},
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
    {"-s 5", "unknown option '-s'; did you mean --set?"},
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
    {"devices --batch 5", "--batch does not belong to devices; it is an option of train, grad, compare, sweep, bench"},
    {"version --json", "--json does not belong to version"},
    {"grad --data d --out o", "grad needs --model FILE"},
    {"grad --model m --data d", "grad needs --out FILE.safetensors, or --trace or --trace-latex F.tex"},
    {"grad --model m --data d --out o --sequence 2", "--sequence selects a sequence of the walk; add --trace"},
    {"grad --model m --data d --trace --json", "add --out FILE.safetensors"},
    {"--trace", "--trace does not belong to train; it is an option of grad"},
    {"grad --model m --out o", "grad needs --data FILE"},
    {"grad --model m --out o --data d --batch 3",
     "--batch requires --task NAME; the whole file of --data is one batch"},
    {"grad --model m --out o --data d --seed=3", "--seed requires --task NAME"},
    {"grad --model m --out o --task copy --layers 2", "--layers is determined by the model of --model"},
    {"grad --task copy --data d --out o", "--task copy and --data d are both given; leave one out"},
    {"export --out o.npz", "export needs --model FILE, or --task NAME"},
    {"export --task copy --model m --out o.npz", "--task copy and --model m are both given; export writes one"},
    {"export --model m --out o.npz --sequences 3", "--sequences requires --task NAME; a model has none"},
    {"export --task copy --out o.npz --sequences 0", "--sequences: 0 is out of range"},
    {"predict --model m", "predict needs --data FILE"},
    {"--cell gru --activation relu", "--activation requires the cell rnn; gru has its own"},
    {"bench --activation=tanh --cell lstm", "--activation requires the cell rnn; lstm has its own"},
    {"--skip-kind add", "--skip-kind needs --skip D"},
    {"--skip 0 --skip-kind dilated", "--skip-kind needs --skip D"},
    {"--skip -1", "--skip: -1 is out of range; 0 to 1000000000"},
    {"--skip 2 --skip-kind leaped", "expected one of add, dilated, learned"},
    {"--skip 2 --skip-kind learned", "--skip-kind learned decides itself which steps to skip; leave --skip out"},
    {"--skip-kind learned --skip 0", "leave --skip out"},
    {"--skip-budget 1e-4", "--skip-budget requires --skip-kind learned"},
    {"--skip 2 --skip-budget 1e-4", "--skip-budget requires --skip-kind learned"},
    {"--skip-kind learned --skip-budget -1", "--skip-budget: -1 is out of range"},
    {"--layers 0", "--layers: 0 is out of range; 1 to 16"},
    {"--layers 17", "--layers: 17 is out of range; 1 to 16"},
    {"--bidirectional=yes", "--bidirectional takes no value"},
    {"--layers 2 --dropout 1", "--dropout: 1 is out of range; 0 to below 1"},
    {"--layers 2 --dropout -0.1", "--dropout: -0.1 is out of range"},
    {"--dropout 0.1", "--dropout acts between layers, and there is only one; add --layers 2 or more"},
    {"--forget-bias 1", "--forget-bias requires the cell lstm"},
    {"--cell gru --forget-bias 1", "--forget-bias requires the cell lstm"},
    {"--cell lstm --forget-bias -1001", "--forget-bias: -1001 is out of range; -1000 to 1000"},
    {"--cell lstm --forget-bias nan", "--forget-bias: 'nan' is not a number"},
    {"--init chrono:10", "--init chrono requires the cell lstm or gru"},
    {"--cell irnn --init chrono:10", "--init chrono requires the cell lstm or gru"},
    {"--cell lstm --init chrono", "--init: chrono needs a number; write --init chrono:TMAX"},
    {"--cell lstm --init chrono:1.9", "--init: 1.9 is out of range; 2 to 1000000"},
    {"--cell lstm --init chrono:9 --forget-bias 1", "both set the forget gate's bias"},
    {"--init nprnn:2", "--init: nprnn takes no number; write --init nprnn"},
    {"--init-input nprnn", "--init-input: unknown value 'nprnn'; expected one of pytorch"},
    {"--init-input normal", "--init-input: normal needs a number; write --init-input normal:STD"},
    {"--init-input he:2", "--init-input: he takes no number; write --init-input he"},
    {"--embed 8", "--embed is for the words of a file; add --data FILE"},
    {"--pad both", "--pad: unknown value 'both'; expected one of right, left"},
    {"--readout sum", "--readout: unknown value 'sum'; expected one of last, final, mean, max"},
    {"--readout mean --target steps", "--readout requires --target last; leave one of the two out"},
    {"bench --readout mean", "--readout does not belong to bench"},
    {"--target first", "--target: unknown value 'first'; expected one of last, steps"},
    {"--momentum 0.5", "--momentum belongs to the optimizers momentum, nesterov and rmsprop, not to adam"},
    {"--optimizer sgd --momentum=0.9", "not to sgd"},
    {"--rmsprop-alpha 0.9", "--rmsprop-alpha belongs to the optimizer rmsprop, not to adam"},
    {"--optimizer rmsprop --beta2 0.9", "--beta2 belongs to the optimizers adam and adamw, not to rmsprop"},
    {"--optimizer sgd --beta1 0.9", "--beta1 belongs to the optimizers adam and adamw, not to sgd"},
    {"--optimizer nesterov --epsilon 1e-8",
     "--epsilon belongs to the optimizers adam, adamw, rmsprop and adagrad, not to nesterov"},
    {"--beta1 1", "--beta1: 1 is out of range; 0 to below 1"},
    {"--beta2 -0.1", "--beta2: -0.1 is out of range; 0 to below 1"},
    {"--optimizer rmsprop --rmsprop-alpha nan", "--rmsprop-alpha: 'nan'"},
    {"--epsilon 0", "--epsilon: 0 is out of range; 1e-30 to 1"},
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

START_TEST(distances) {
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"batch", "batch", 0}, {"bacth", "batch", 1}, {"batsch", "batch", 1}, {"bath", "batch", 1},
                 {"latch", "batch", 1}, {"hid", "hidden", 1},  {"tpas", "steps", 3},   {"x", "lr", 2},
                 {"lr-rate", "lr", 1},  {"", "lr", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(rg_name_distance(cases[i].a, cases[i].b) == cases[i].distance, "%s %s", cases[i].a, cases[i].b);
    }
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
                                        "plateau[:N[:G]]; alone: step:1000:0.5,",
                                        "step:1000:0.5,",
                                        "exponential:0.999, plateau:200:0.5 [constant]",
                                        "[4096; 1 to 1073741824]",
                                        "adagrad [adam]",
                                        "[0.001; 0 to 1000000]",
                                        "0 to 1024T",
                                        "[auto]",
                                        "fashion-mnist [adding]",
                                        "Exit codes",
                                        "RNN_GPU_DEVICE"};
    char text[TEXT_BYTES];
    capture_help(NULL, text);
    check_columns(text);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ck_assert_msg(strstr(text, parts[i]) != NULL, "no `%s`", parts[i]);
    }
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
    ck_assert_ptr_nonnull(strstr(text, "lstm, gru, irnn [the file's]"));
    ck_assert_int_eq(rg_options_help("tarin"), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "unknown help topic 'tarin'; did you mean train?");
}
END_TEST

TEST_MAIN("options") {
    TCase *const tests = add_tests(suite, "options");
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, every_option);
    tcase_add_test(tests, every_model_option);
    tcase_add_test(tests, every_training_option);
    tcase_add_test(tests, names);
    tcase_add_test(tests, schedules);
    tcase_add_test(tests, irnn);
    tcase_add_test(tests, cell_of_file);
    tcase_add_test(tests, forms);
    tcase_add_test(tests, counts);
    tcase_add_test(tests, many_runs);
    tcase_add_test(tests, probes);
    tcase_add_test(tests, commands);
    tcase_add_loop_test(tests, refusals, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(tests, distances);
    tcase_add_test(tests, help_text);
}
