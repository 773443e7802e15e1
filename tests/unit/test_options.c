/* The command line: what is understood. */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/nearest.h"
#include "parsed_line.h"

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
    ck_assert(config.data.batch == 4096 && !rg_config_gives(&config, "batch") && config.data.steps == 100);
    ck_assert(config.training.updates == 100 && !rg_config_gives(&config, "updates") &&
              config.training.max_time == 0.0 && config.training.target_loss == 0.0);
    ck_assert(config.training.optimizer == RG_OPT_ADAM && config.training.lr == 1e-3 &&
              config.training.clip_norm == 1.0);
    ck_assert(config.training.nonfinite == RG_NONFINITE_SKIP && config.training.seed == 1 &&
              config.training.lag_every == 0);
    ck_assert(config.machine.precision == RG_PRECISION_FLOAT);
    ck_assert_str_eq(config.machine.device, "auto");
    ck_assert(config.machine.threads == 0 && config.machine.memory == 0 && !config.output.json &&
              !config.output.quiet && config.output.color == -1);
    ck_assert(config.bench.input == 2 && config.bench.outputs == 1 && config.bench.repeats == 5 &&
              !rg_config_gives(&config, "hidden"));
}
END_TEST

START_TEST(every_option) {
    accept("--cell rnn --activation=tanh --hidden 65536 --init normal:0.01 --loss bce --task fashion-mnist");
    ck_assert(config.model.hidden == 65536 && config.model.init.kind == RG_INIT_NORMAL &&
              config.model.init.value == 0.01);
    ck_assert(config.model.loss == RG_LOSS_BCE);
    ck_assert_str_eq(config.data.task, "fashion-mnist");
    accept("--batch=1 --steps 1000000000 --updates 0 --max-time 1.5m --target-loss .25 --optimizer sgd --lr 1e-2");
    ck_assert(config.data.batch == 1 && rg_config_gives(&config, "batch") && config.data.steps == 1000000000);
    ck_assert(config.training.updates == 0 && rg_config_gives(&config, "updates") && config.training.max_time == 90.0 &&
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
    ck_assert(config.machine.gemm == RG_GEMM_LIBRARY);
    accept("bench --input 3 --outputs 4 --repeats 7");
    ck_assert(config.bench.input == 3 && config.bench.outputs == 4 && config.bench.repeats == 7 &&
              rg_config_gives(&config, "input") && rg_config_gives(&config, "outputs") &&
              !rg_config_gives(&config, "batch"));
    ck_assert(!rg_config_gives(&config, "cell") && config.bench.grid == RG_GRID_AUTO && !config.bench.peers &&
              !config.bench.roofline);
    ck_assert(!config.output.verbose && !config.bench.tune && config.bench.earlier == NULL);
    accept("bench --tune");
    ck_assert(config.bench.tune);
    accept("bench --grid full --cell gru --peers --roofline -v --compare old.jsonl --out new.jsonl");
    ck_assert(config.bench.grid == RG_GRID_FULL && rg_config_gives(&config, "cell") && config.bench.peers &&
              config.bench.roofline && config.output.verbose);
    ck_assert_str_eq(config.bench.earlier, "old.jsonl");
    ck_assert_str_eq(config.output.out, "new.jsonl");
    accept("selftest --precision double");
    ck_assert_int_eq(config.machine.precision, RG_PRECISION_DOUBLE);
    accept("grad --model m --data d --out o --precision double --precision float");
    accept("grad --task copy --out o --batch 3 --seed 4 --steps 5 --cell lstm --hidden 6 --forget-bias 1");
    accept("grad --task copy --model m --out o --batch 3 --seed 4");
    accept("grad --model m --data d --json");
    accept("grad --model m --data d --report r.html");
    accept("grad --task copy --plot p.svg");
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
                 {"data d.npz --pad", "left", offsetof(struct rg_config, data.pad), RG_PAD_LEFT},
                 {"data d.npz --pad", "right", offsetof(struct rg_config, data.pad), RG_PAD_RIGHT}};
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
              !rg_config_gives(&config, "batch"));
    ck_assert(config.data.steps == 40 && config.compare.seeds == 3 && !config.compare.rates &&
              !rg_config_gives(&config, "lr"));
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
    /* a letter that is missing, or exchanged with its neighbour, costs less than a wrong one, and a wrong one less than
     * two edits */
    ck_assert_uint_eq(rg_name_cost("bath", "batch"), RG_NAME_EDIT);
    ck_assert_uint_eq(rg_name_cost("bacth", "batch"), RG_NAME_EDIT);
    ck_assert_uint_eq(rg_name_cost("bath", "math"), RG_NAME_EDIT + 1);
    static const char *const two[] = {"math", "batch", NULL};
    ck_assert_str_eq(rg_name_nearest("bath", two), "batch");
}
END_TEST

/* Exactly the options of the line are given; a setter changes one of them. */
/* Words for some commands belong to an option that these take, and to no command twice. Only a training starts from a
 * model, and only a training has weights and data of a seed. */
START_TEST(words_for_commands) {
    for (size_t i = 0; i < rg_n_option_words; i++) {
        const struct rg_option_words *const words = &rg_option_words[i];
        const struct rg_option *const option = rg_option_named(words->option);
        size_t named = 1, found = 0;
        for (const char *c = words->commands; *c; c++) {
            named += *c == ' ';
        }
        for (size_t c = 0; c < rg_n_commands; c++) {
            const bool is_for = rg_option_words_commands(option, words) >> c & 1;
            found += is_for;
            ck_assert_msg(!is_for || (option->commands >> c & 1), "%s: %s", rg_commands[c].name, words->option);
            ck_assert_msg(!is_for || rg_option_help(option, c) == words->help, "%s: %s twice", rg_commands[c].name,
                          words->option);
        }
        ck_assert_msg(named == found, "%s: %s", words->option, words->commands);
    }
    const struct rg_option *const of_training[] = {rg_option_named("seed"), rg_option_named("model")};
    const size_t train = rg_command_find("train");
    for (size_t i = 0; i < 2; i++) {
        for (size_t c = 0; c < rg_n_commands; c++) {
            ck_assert_msg(c == train || !(of_training[i]->commands >> c & 1) ||
                              rg_option_help(of_training[i], c) != of_training[i]->help,
                          "%s: --%s", rg_commands[c].name, of_training[i]->name);
        }
    }
}
END_TEST

START_TEST(given) {
    static const char *const on_line[] = {"batch", "quiet", "lr", "json"};
    accept("--lr 0.001 -q --batch=7 --json");
    for (size_t i = 0; i < rg_n_options; i++) {
        bool is = false;
        for (size_t k = 0; k < sizeof on_line / sizeof *on_line; k++) {
            is = is || strcmp(rg_options[i].name, on_line[k]) == 0;
        }
        ck_assert_msg(rg_config_gives(&config, rg_options[i].name) == is, "--%s", rg_options[i].name);
    }
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_config before = config;
        const char *const name = rg_options[i].name;
        rg_config_set_given(&config, name, !rg_config_gives(&before, name));
        ck_assert(rg_config_gives(&config, name) != rg_config_gives(&before, name));
        rg_config_set_given(&config, name, rg_config_gives(&before, name));
        ck_assert_mem_eq(config.given, before.given, sizeof config.given);
    }
}
END_TEST

/* rg_words_give searches a line that is not parsed yet. It does not take a value, such as `seed`, for an option. */
START_TEST(given_by_words) {
    static char *words[] = {"--device", "cpu", "--batch=7", "-q", "seed", "--lr"};
    const size_t n = sizeof words / sizeof *words;
    ck_assert(rg_words_give(n, words, "device") && rg_words_give(n, words, "batch") &&
              rg_words_give(n, words, "quiet") && rg_words_give(n, words, "lr"));
    ck_assert(!rg_words_give(n, words, "seed") && !rg_words_give(n - 1, words, "lr") &&
              !rg_words_give(n, words, "rates") && !rg_words_give(0, NULL, "lr"));
}
END_TEST

/* Does the process end by an assertion when it asks for that name? */
static bool is_asserted(const char *name, bool of_words) {
    const pid_t child = fork();
    int status = 0;
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        (void)close(STDERR_FILENO);
        _exit(of_words ? rg_words_give(0, NULL, name) : rg_config_gives(&config, name));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

START_TEST(a_mistyped_name) {
    accept("");
    for (int of_words = 0; of_words < 2; of_words++) {
        ck_assert(is_asserted("bacth", of_words) && is_asserted("", of_words) && is_asserted("--batch", of_words));
        ck_assert(!is_asserted("batch", of_words));
    }
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
    tcase_add_test(tests, distances);
    tcase_add_test(tests, words_for_commands);
    tcase_add_test(tests, given);
    tcase_add_test(tests, given_by_words);
    tcase_add_test(tests, a_mistyped_name);
}
