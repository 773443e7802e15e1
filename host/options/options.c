/* Every option and command: name, type, range, who takes it, and its line of help. Defaults are those of
 * rg_config_default; rg_config_of_command changes some for compare, sweep and probe. */
#include "options/options.h"

#include <math.h>
#include <string.h>

#include "kernels/data/tasks.h"
#include "kernels/update/optimizers.h"
#include "model/cells.h"
#include "rnn_gpu/model.h"

const char *const rg_activation_names[] = {"tanh",     "relu",     "leaky_relu", "elu",    "sigmoid",
                                           "softsign", "softplus", "hardtanh",   "linear", NULL};
const char *const rg_skip_kind_names[] = {"add", "dilated", "learned", NULL};
const char *const rg_loss_names[] = {"auto", "mse", "bce", "ce", NULL};
const char *const rg_target_names[] = {"last", "steps", NULL};
const char *const rg_readout_names[] = {"last", "final", "mean", "max", NULL};
const char *const rg_pad_names[] = {"right", "left", NULL};
const char *const rg_level_names[] = {"auto", "char", "word", NULL};
#define OPTIMIZER_NAME(NAME, name, ...) [RG_OPT_##NAME] = #name,
const char *const rg_optimizer_names[] = {RG_OPTIMIZERS(OPTIMIZER_NAME) NULL};
const char *const rg_schedule_names[] = {"constant", "step",      "exponential", "cosine",
                                         "linear",   "one-cycle", "plateau",     NULL};
const char *const rg_precision_names[] = {"float", "double", NULL};
const char *const rg_math_names[] = {"float", "tf32", NULL};
/* What --cell takes: the cells, and irnn, which is an rnn with other defaults (rg_config.irnn). */
#define CELL_NAME(A, name, ...) #name,
static const char *const cell_names[] = {RG_CELLS(CELL_NAME, ) "irnn", NULL};
static const char *const init_names[] = {"pytorch", "xavier", "he",     "orthogonal", "identity",
                                         "normal",  "nprnn",  "chrono", NULL};
/* Initialisers of W_ih. nprnn needs a square matrix, and chrono sets biases. A value is its position, so these are the
 * first ones of init_names, in the same order. */
static const char *const init_input_names[] = {"pytorch", "xavier", "he", "orthogonal", "identity", "normal", NULL};
static const char *const nonfinite_names[] = {"skip", "stop", NULL};
#define TASK_NAME(NAME, name, ...) name,
static const char *const task_names[] = {RG_TASKS(TASK_NAME) "fashion-mnist", NULL};
static const char *const diagnose_names[] = {"sample", "full", "none", NULL};
static const char *const theme_names[] = {"auto", "light", "dark", NULL};
static const char *const grid_names[] = {"auto", "standard", "full", NULL};
static const char *const gemm_names[] = {"auto", "own", "library", NULL};
static const char *const color_names[] = {"auto", "always", "never", NULL};

const struct rg_init_form rg_init_forms[] = {
    [RG_INIT_PYTORCH] = {NULL, 0.0, 0},      [RG_INIT_XAVIER] = {NULL, 0.0, 0},      [RG_INIT_HE] = {NULL, 0.0, 0},
    [RG_INIT_ORTHOGONAL] = {"GAIN", 1.0, 0}, [RG_INIT_IDENTITY] = {"SCALE", 1.0, 0}, [RG_INIT_NORMAL] = {"STD", NAN, 0},
    [RG_INIT_NPRNN] = {NULL, 0.0, 0},        [RG_INIT_CHRONO] = {"TMAX", NAN, 2},
};

const struct rg_schedule_form rg_schedule_forms[] = {
    [RG_SCHEDULE_CONSTANT] = {"", 0, 1.0},
    [RG_SCHEDULE_STEP] = {"[:N[:G]]", 1000, 0.5},
    [RG_SCHEDULE_EXPONENTIAL] = {"[:G]", 0, 0.999},
    [RG_SCHEDULE_COSINE] = {"", 0, 1.0},
    [RG_SCHEDULE_LINEAR] = {"", 0, 1.0},
    [RG_SCHEDULE_ONE_CYCLE] = {"", 0, 1.0},
    [RG_SCHEDULE_PLATEAU] = {"[:N[:G]]", 200, 0.5},
};

/* Rows of the table of commands. */
/* clang-format off */
enum {
    TRAIN_ROW, GRAD_ROW, PREDICT_ROW, COMPARE_ROW, SWEEP_ROW, PROBE_ROW, BENCH_ROW, DEVICES_ROW, SELFTEST_ROW,
    EXPORT_ROW, EVAL_ROW, IMPORT_ROW, INSPECT_ROW, VERIFY_ROW, RUNS_ROW, SAMPLE_ROW, COMPLETION_ROW, HELP_ROW,
    VERSION_ROW
};
/* clang-format on */

const struct rg_command rg_commands[] = {
    [TRAIN_ROW] = {"train", "train on a task or a file; the default",
                   "  ./rnn-gpu --batch 4096 --steps 100\n"
                   "  ./rnn-gpu --data data/cat-mat-rat.csv --hidden 3 --lr 0.05 --updates 300 \\\n"
                   "      --out model\n"},
    [GRAD_ROW] = {"grad", "loss, gradients and gradient by lag of a model on data",
                  "  ./rnn-gpu grad --model model/model.safetensors --data data/cat-mat-rat.csv \\\n"
                  "      --out gradient.safetensors\n"
                  "  ./rnn-gpu grad --task adding --steps 200 --batch 64 --cell lstm\n"
                  "  ./rnn-gpu grad --model model/model.safetensors --data data/cat-mat-rat.csv \\\n"
                  "      --report gradient.html\n"
                  "  ./rnn-gpu grad --model data/cat-mat-rat-weights.safetensors \\\n"
                  "      --data data/cat-mat-rat.csv --trace\n"},
    [PREDICT_ROW] = {"predict", "outputs of a saved model on data",
                     "  ./rnn-gpu predict --model model/model.safetensors \\\n"
                     "      --data data/cat-mat-rat.csv --out outputs.npy\n"},
    [COMPARE_ROW] = {"compare", "the remedies side by side on one task",
                     "  ./rnn-gpu compare                               # seven remedies, three seeds each\n"
                     "  ./rnn-gpu compare --task copy --steps 20 --remedies tanh,lstm,gru,gru+rate\n"
                     "  ./rnn-gpu compare --remedies relu,irnn,gru --rates 1e-3,3e-3 --seeds 5\n"},
    [SWEEP_ROW] = {"sweep", "a grid of lengths, seeds, rates and other options, many runs at once",
                   "  ./rnn-gpu sweep --steps 10,30,100 --cell rnn,irnn,lstm --seed 1-5\n"
                   "  ./rnn-gpu sweep --cell irnn --lr 1e-4..1e-2*5 --seed 1-8 --updates 8000\n"
                   "  ./rnn-gpu sweep --cell rnn,lstm --steps 10,30,100 --seed 1-5 --out runs.csv\n"},
    [PROBE_ROW] = {"probe", "gradient experiments with known answers",
                   "  ./rnn-gpu probe\n"
                   "  ./rnn-gpu probe all\n"
                   "  ./rnn-gpu probe power --matrix '0.9,3;0,0.8' --steps 50\n"},
    [BENCH_ROW] = {"bench", "speed of training on this machine",
                   "  ./rnn-gpu bench --batch 4096 --steps 100 --hidden 128\n"
                   "  ./rnn-gpu bench --peers --roofline --out results.jsonl\n"
                   "  ./rnn-gpu bench --compare results.jsonl\n"
                   "  ./rnn-gpu bench --plan h100 --cell lstm --batch 4096 --steps 100\n"},
    [DEVICES_ROW] = {"devices", "list the devices", "  ./rnn-gpu devices\n"},
    [SELFTEST_ROW] = {"selftest", "check every kernel against the reference on this device",
                      "  ./rnn-gpu selftest --device cpu\n"},
    [EXPORT_ROW] = {"export", "a model for other programs: ONNX, C, PyTorch, NumPy; or a task's data",
                    "  ./rnn-gpu export --model model/model.safetensors --out model.onnx\n"
                    "  ./rnn-gpu export --model model/model.safetensors --out model.c\n"
                    "  ./rnn-gpu export --model model/model.safetensors --out model.torch.py\n"
                    "  ./rnn-gpu export --task copy --sequences 1000 --steps 50 --out copy.npz\n"},
    [EVAL_ROW] = {"eval", "loss, accuracy and other measures of a model on data",
                  "  ./rnn-gpu eval --model model/best.safetensors --data test.csv\n"},
    [IMPORT_ROW] = {"import", "read a model from an ONNX file",
                    "  ./rnn-gpu import --onnx model.onnx --out model.safetensors\n"},
    [INSPECT_ROW] = {"inspect", "what is in a model, a checkpoint, or another file of tensors",
                     "  ./rnn-gpu inspect model/model.safetensors\n"
                     "  ./rnn-gpu inspect model/checkpoint-100.ckpt --json\n"},
    [VERIFY_ROW] = {"verify", "check a file, or every file in a folder of --out",
                    "  ./rnn-gpu verify model/checkpoint-100.ckpt\n"
                    "  ./rnn-gpu verify model\n"},
    [RUNS_ROW] = {"runs", "the runs in a folder: options, result, which can be resumed", "  ./rnn-gpu runs .\n"},
    [SAMPLE_ROW] = {"sample", "text from a trained language model",
                    "  ./rnn-gpu sample --model model/best.safetensors --length 300 --prompt 'The '\n"},
    [COMPLETION_ROW] = {"completion", "the script by which bash, zsh or fish complete command lines",
                        "  source <(./rnn-gpu completion bash)\n"},
    [HELP_ROW] = {"help", "this text, or the help of a command", "  ./rnn-gpu help train\n"},
    [VERSION_ROW] = {"version", "name and version; with --verbose how it was built, and licences",
                     "  ./rnn-gpu version --verbose\n"},
};
const size_t rg_n_commands = sizeof rg_commands / sizeof *rg_commands;

/* Sets of commands, for struct rg_option.commands. completion and help take no option. */
enum {
    TRAIN = 1 << TRAIN_ROW,
    GRAD = 1 << GRAD_ROW,
    PREDICT = 1 << PREDICT_ROW,
    COMPARE = 1 << COMPARE_ROW,
    SWEEP = 1 << SWEEP_ROW,
    PROBE = 1 << PROBE_ROW,
    BENCH = 1 << BENCH_ROW,
    DEVICES = 1 << DEVICES_ROW,
    SELFTEST = 1 << SELFTEST_ROW,
    EXPORT = 1 << EXPORT_ROW,
    EVAL = 1 << EVAL_ROW,
    IMPORT = 1 << IMPORT_ROW,
    INSPECT = 1 << INSPECT_ROW,
    VERIFY = 1 << VERIFY_ROW,
    RUNS = 1 << RUNS_ROW,
    SAMPLE = 1 << SAMPLE_ROW,
    VERSION = 1 << VERSION_ROW,
    TRAININGS = TRAIN | COMPARE | SWEEP,
    OF_MODEL = GRAD | PREDICT | EVAL | EXPORT, /* take a model's options too: a plain PyTorch file lacks them */
    USES_DEVICE = TRAININGS | GRAD | PREDICT | EVAL | PROBE | BENCH | SELFTEST,
    HAS_JSON = USES_DEVICE | DEVICES | INSPECT | VERIFY | RUNS | SAMPLE
};

const char *const rg_group_titles[RG_N_GROUPS] = {"Model", "Data", "Training", "Machine", "Files and screen"};

#define FIELD(name) offsetof(struct rg_config, name)
#define ONE_BILLION 1000000000
#define ONE_MILLION 1000000

/* An option: its value, the commands that take it, its help. */
/* clang-format off */
const struct rg_option rg_options[] = {
    {.name = "cell", .argument = "NAME", .kind = RG_KIND_CELL, .offset = FIELD(model.cell),
     .given_matters = true, .names = cell_names, .group = RG_GROUP_MODEL,
     .commands = TRAIN | SWEEP | OF_MODEL | BENCH,
     .in_opening = true, .help = "recurrent cell; irnn is rnn with relu and W_hh = identity"},
    {.name = "activation", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(model.activation),
     .names = rg_activation_names, .group = RG_GROUP_MODEL, .commands = TRAIN | SWEEP | OF_MODEL | BENCH,
     .effect = RG_EFFECT_VALUES, .in_opening = true, .help = "activation of the cell rnn"},
    {.name = "skip", .argument = "D", .kind = RG_KIND_COUNT, .offset = FIELD(model.skip), .max = ONE_BILLION,
     .group = RG_GROUP_MODEL, .commands = TRAININGS | OF_MODEL,
     .in_opening = true, .help = "skip connection from step t-D to step t; 0: none"},
    {.name = "skip-kind", .argument = "KIND", .kind = RG_KIND_ENUM, .offset = FIELD(model.skip_kind),
     .names = rg_skip_kind_names, .group = RG_GROUP_MODEL, .commands = TRAININGS | OF_MODEL, .in_opening = true,
     .help = "add: h_{t-D} beside h_{t-1}; dilated: instead of h_{t-1}; learned: a gate learns which steps to skip, without --skip"},
    {.name = "skip-budget", .argument = "X", .kind = RG_KIND_REAL, .offset = FIELD(model.skip_budget),
     .max = ONE_BILLION, .group = RG_GROUP_MODEL, .commands = TRAININGS | GRAD,
     .effect = RG_EFFECT_VALUES, .help = "skip-kind learned: cost added to the loss for every step that is not skipped"},
    {.name = "hidden", .argument = "H", .kind = RG_KIND_COUNT, .offset = FIELD(model.hidden),
     .given_matters = true, .min = 1, .max = 65536, .group = RG_GROUP_MODEL,
     .commands = TRAININGS | GRAD | PROBE | BENCH,
     .in_opening = true, .help = "hidden units"},
    {.name = "input", .argument = "F", .kind = RG_KIND_COUNT, .offset = FIELD(bench.input),
     .given_matters = true, .min = 1, .max = 65536, .group = RG_GROUP_MODEL, .commands = BENCH,
     .help = "features of a time step"},
    {.name = "outputs", .argument = "O", .kind = RG_KIND_COUNT, .offset = FIELD(bench.outputs),
     .given_matters = true, .min = 1, .max = 65536, .group = RG_GROUP_MODEL, .commands = BENCH,
     .help = "1: a number and its squared error; more: classes"},
    {.name = "embed", .argument = "E", .kind = RG_KIND_COUNT, .offset = FIELD(model.embed), .max = 65536,
     .group = RG_GROUP_MODEL, .commands = TRAININGS,
     .help = "size of word embeddings; 0: words are one-hot"},
    {.name = "layers", .argument = "L", .kind = RG_KIND_COUNT, .offset = FIELD(model.layers), .min = 1,
     .max = RG_MAX_LAYERS, .group = RG_GROUP_MODEL, .commands = TRAININGS | GRAD,
     .in_opening = true, .help = "stacked layers"},
    {.name = "bidirectional", .kind = RG_KIND_FLAG, .offset = FIELD(model.bidirectional), .group = RG_GROUP_MODEL,
     .commands = TRAININGS | GRAD,
     .in_opening = true, .help = "add a second direction, from the last step to the first"},
    {.name = "dropout", .argument = "P", .kind = RG_KIND_FRACTION, .offset = FIELD(model.dropout), .max = 1,
     .group = RG_GROUP_MODEL, .commands = TRAININGS,
     .help = "dropout probability between layers"},
    {.name = "init", .argument = "KIND", .kind = RG_KIND_INIT, .offset = FIELD(model.init), .max = ONE_MILLION,
     .names = init_names, .group = RG_GROUP_MODEL, .commands = TRAIN | SWEEP | GRAD,
     .effect = RG_EFFECT_VALUES, .help = "initialiser of W_hh and W_sh"},
    {.name = "init-input", .argument = "KIND", .kind = RG_KIND_INIT, .offset = FIELD(model.init_input), .max = ONE_MILLION,
     .names = init_input_names, .group = RG_GROUP_MODEL, .commands = TRAIN | SWEEP | GRAD,
     .effect = RG_EFFECT_VALUES, .help = "initialiser of W_ih"},
    {.name = "forget-bias", .argument = "X", .kind = RG_KIND_SIGNED, .offset = FIELD(model.forget_bias), .max = 1000,
     .group = RG_GROUP_MODEL, .commands = TRAININGS | GRAD,
     .effect = RG_EFFECT_VALUES, .help = "initial bias of the forget gate"},
    {.name = "loss", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(model.loss), .names = rg_loss_names,
     .group = RG_GROUP_MODEL, .commands = TRAININGS | OF_MODEL | IMPORT,
     .in_opening = true, .help = "loss function; auto chooses by the data"},
    {.name = "target", .argument = "WHERE", .kind = RG_KIND_ENUM, .offset = FIELD(model.target),
     .names = rg_target_names, .group = RG_GROUP_MODEL, .commands = TRAININGS | OF_MODEL | BENCH,
     .effect = RG_EFFECT_DATA, .help = "whether there is a target for the last step or for every step"},
    {.name = "readout", .argument = "WHAT", .kind = RG_KIND_ENUM, .offset = FIELD(model.readout),
     .names = rg_readout_names, .group = RG_GROUP_MODEL, .commands = TRAININGS | OF_MODEL, .in_opening = true,
     .help = "what the head reads with --target last: the output of the last step (last), the final state of each "
             "direction (final), the mean or the maximum (max) over all steps; default: last, or final with two "
             "directions"},
    {.name = "set", .argument = "NAME[i,j]=V", .kind = RG_KIND_TEXT, .offset = FIELD(model.set),
     .group = RG_GROUP_MODEL, .commands = TRAIN | GRAD | PREDICT,
     .help = "change a weight first: rnn.weight_hh_l0[0,1]=2; Wi, Wh, Wo: the notes' transposes; may be repeated"},
    {.name = "head", .argument = "NAME", .kind = RG_KIND_TEXT, .offset = FIELD(data.head), .group = RG_GROUP_MODEL,
     .commands = OF_MODEL,
     .help = "name of the head, the linear layer of a plain PyTorch file, if it is not clear"},
    {.name = "probe-time", .argument = "T", .kind = RG_KIND_COUNT, .offset = FIELD(training.probe_time), .min = 1,
     .max = ONE_BILLION, .group = RG_GROUP_MODEL, .commands = TRAININGS | GRAD,
     .help = "step whose loss the gradient by lag belongs to; default: the last"},
    {.name = "probe-times", .argument = "LIST", .kind = RG_KIND_TEXT, .offset = FIELD(training.probe_times),
     .group = RG_GROUP_MODEL, .commands = GRAD,
     .help = "steps such as 5,10-20 whose losses are followed back side by side: where each sends its gradient"},
    {.name = "remedies", .argument = "LIST", .kind = RG_KIND_TEXT, .offset = FIELD(compare.remedies),
     .group = RG_GROUP_MODEL, .commands = COMPARE,
     .help = "of tanh, relu, irnn, orthogonal, skip, learned, lstm, gru; gru is gru+clip, clipped; gru+plain is "
             "not clipped, gru+rate has a warm-up and a falling rate instead"},

    {.name = "seeds", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(compare.seeds), .min = 1,
     .max = 1000, .group = RG_GROUP_TRAINING, .commands = COMPARE,
     .help = "runs of each row, with the seeds from --seed on"},
    {.name = "rates", .argument = "LIST", .kind = RG_KIND_TEXT, .offset = FIELD(compare.rates),
     .group = RG_GROUP_TRAINING, .commands = COMPARE,
     .help = "a row for each remedy at each of these rates; default: each remedy's own rate, or that of --lr"},

    {.name = "weight", .argument = "W", .kind = RG_KIND_SIGNED, .offset = FIELD(probe.weight), .max = 1000,
     .group = RG_GROUP_MODEL, .commands = PROBE,
     .help = "wall: w of x = w sigmoid(x) + b"},
    {.name = "matrix", .argument = "M", .kind = RG_KIND_TEXT, .offset = FIELD(probe.matrix), .group = RG_GROUP_MODEL,
     .commands = PROBE,
     .help = "power: rows of numbers such as 0.9,3;0,0.9"},

    {.name = "task", .argument = "NAME", .kind = RG_KIND_NAME, .offset = FIELD(data.task), .names = task_names,
     .group = RG_GROUP_DATA, .commands = TRAININGS | GRAD | EXPORT, .in_opening = true,
     .help = "synthetic task, or a data set; grad takes the first batch of a training on it, export the sequences"},
    {.name = "data", .argument = "FILE", .kind = RG_KIND_TEXT, .offset = FIELD(data.file), .group = RG_GROUP_DATA,
     .commands = TRAININGS | GRAD | PREDICT | EVAL, .needed = PREDICT | EVAL, .in_opening = true,
     .file = RG_FILE_READ, .help = "sequences from a .csv, .tsv, .npz, .npy, .txt or IDX file; - reads CSV from stdin"},
    {.name = "length", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(sample.length), .max = ONE_MILLION,
     .group = RG_GROUP_DATA, .commands = SAMPLE,
     .help = "characters or words to write"},
    {.name = "temperature", .argument = "X", .kind = RG_KIND_REAL, .offset = FIELD(sample.temperature), .max = 1000,
     .group = RG_GROUP_DATA, .commands = SAMPLE,
     .help = "above 1 bolder, below 1 safer; 0: always the most probable token"},
    {.name = "prompt", .argument = "TEXT", .kind = RG_KIND_TEXT, .offset = FIELD(sample.prompt),
     .group = RG_GROUP_DATA, .commands = SAMPLE,
     .help = "what the model reads first"},
    {.name = "val", .argument = "FILE", .kind = RG_KIND_TEXT, .offset = FIELD(data.val), .group = RG_GROUP_DATA,
     .commands = TRAININGS,
     .file = RG_FILE_READ, .help = "validation data: scored after every epoch, and the best weights are kept"},
    {.name = "val-frac", .argument = "X", .kind = RG_KIND_FRACTION, .offset = FIELD(data.val_frac), .max = 1,
     .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "share of the sequences of --data that is held out for validation instead"},
    {.name = "fold", .argument = "I", .kind = RG_KIND_COUNT, .offset = FIELD(data.fold), .min = 1, .max = ONE_MILLION,
     .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "hold part I of --folds out for validation instead, from 1; sweep --fold 1-5 validates on each part in turn"},
    {.name = "folds", .argument = "K", .kind = RG_KIND_COUNT, .offset = FIELD(data.folds), .min = 2, .max = ONE_MILLION,
     .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "parts into which --fold deals the sequences, by the seed"},
    {.name = "test", .argument = "FILE", .kind = RG_KIND_TEXT, .offset = FIELD(data.test), .group = RG_GROUP_DATA,
     .commands = TRAININGS,
     .file = RG_FILE_READ, .help = "test data: scored once, at the end, with the best weights"},
    {.name = "level", .argument = "LEVEL", .kind = RG_KIND_ENUM, .offset = FIELD(data.level), .names = rg_level_names,
     .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "tokens of a .txt file; auto: characters, or those of --model"},
    {.name = "vocab", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(data.vocabulary), .max = ONE_BILLION,
     .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "largest number of tokens of a .txt file, the others become <unk>; 0: all"},
    {.name = "min-count", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(data.min_count),
     .max = ONE_BILLION, .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "tokens of a .txt file that occur fewer than N times become <unk>"},
    {.name = "lowercase", .kind = RG_KIND_FLAG, .offset = FIELD(data.lowercase), .group = RG_GROUP_DATA,
     .commands = TRAININGS,
     .help = "A to Z of a .txt file become a to z"},
    {.name = "pixels", .kind = RG_KIND_FLAG, .offset = FIELD(data.pixels.single), .group = RG_GROUP_DATA,
     .commands = TRAININGS, .effect = RG_EFFECT_DATA,
     .help = "images are sequences of single pixels, not of rows; kept in the model"},
    {.name = "permute", .argument = "SEED", .kind = RG_KIND_COUNT, .offset = FIELD(data.pixels.permute),
     .max = ONE_BILLION, .group = RG_GROUP_DATA, .commands = TRAININGS, .effect = RG_EFFECT_DATA,
     .help = "with --pixels: they come in the random order of this seed; 0: row by row"},
    {.name = "window", .argument = "W", .kind = RG_KIND_COUNT, .offset = FIELD(data.window), .min = 1,
     .max = ONE_BILLION, .group = RG_GROUP_DATA, .commands = TRAININGS, .effect = RG_EFFECT_DATA,
     .help = "cut the long series of --data into windows of W steps; a window's target is the label, or without labels "
             "the inputs, --horizon steps after its end"},
    {.name = "stride", .argument = "S", .kind = RG_KIND_COUNT, .offset = FIELD(data.stride), .min = 1,
     .max = ONE_BILLION, .group = RG_GROUP_DATA, .commands = TRAININGS | GRAD | PREDICT | EVAL,
     .effect = RG_EFFECT_DATA, .help = "steps from one window to the next"},
    {.name = "horizon", .argument = "H", .kind = RG_KIND_COUNT, .offset = FIELD(data.horizon), .max = ONE_BILLION,
     .group = RG_GROUP_DATA, .commands = TRAININGS, .effect = RG_EFFECT_DATA,
     .help = "steps from a window's last step to its target; 0: the label of the last step"},
    {.name = "target-column", .argument = "NAMES", .kind = RG_KIND_TEXT, .offset = FIELD(data.target_columns),
     .group = RG_GROUP_DATA, .commands = TRAININGS, .effect = RG_EFFECT_DATA,
     .help = "columns of a .csv that are the targets, with commas between them; several hold numbers; stored in the "
             "model; default: label"},
    {.name = "fill", .argument = "WHAT", .kind = RG_KIND_TEXT, .offset = FIELD(data.fill), .group = RG_GROUP_DATA,
     .commands = TRAININGS,
     .help = "replacement of missing inputs: mean (of the column, in the training data), previous (value of the step "
             "before), zero, or a number; stored in the model; default: a missing input is an error"},
    {.name = "normalize", .kind = RG_KIND_FLAG, .offset = FIELD(data.normalize), .group = RG_GROUP_DATA,
     .commands = TRAININGS,
     .help = "scale the inputs to mean 0 and deviation 1 of the training data; stored in the model"},
    {.name = "pad", .argument = "SIDE", .kind = RG_KIND_ENUM, .offset = FIELD(data.pad), .names = rg_pad_names,
     .group = RG_GROUP_DATA, .commands = TRAININGS | GRAD | PREDICT | EVAL,
     .help = "the side on which an .npz file pads short sequences"},
    {.name = "ignore-label", .argument = "X", .kind = RG_KIND_SIGNED, .offset = FIELD(data.ignore_label),
     .max = ONE_BILLION, .group = RG_GROUP_DATA, .commands = TRAININGS | GRAD | PREDICT | EVAL,
     .help = "label without a loss, like NaN; default: -100 where every step has a class"},
    {.name = "class-weights", .argument = "W", .kind = RG_KIND_TEXT, .offset = FIELD(data.class_weights),
     .group = RG_GROUP_DATA, .commands = TRAININGS,
     .help = "weights of the classes in the mean of the training loss: w1,w2,..., or balanced, which gives all classes "
             "of the training data the same total weight"},
    {.name = "batch", .argument = "B", .kind = RG_KIND_COUNT, .offset = FIELD(data.batch),
     .given_matters = true, .min = 1, .max = 1073741824, .group = RG_GROUP_DATA,
     .commands = TRAININGS | GRAD | BENCH,
     .effect = RG_EFFECT_SIZES, .in_opening = true,
     .help = "sequences in an update; a file has its own default: all, at most 4096; a text 32; fashion-mnist 256"},
    {.name = "sequences", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(data.sequences), .min = 1,
     .max = 1073741824, .group = RG_GROUP_DATA, .commands = EXPORT,
     .help = "sequences of --task: the first N of a training's first update"},
    {.name = "steps", .argument = "T", .kind = RG_KIND_COUNT, .offset = FIELD(data.steps),
     .given_matters = true, .min = 1, .max = ONE_BILLION, .group = RG_GROUP_DATA,
     .commands = TRAININGS | GRAD | PROBE | BENCH | EVAL | EXPORT, .in_opening = true,
     .help = "steps of a task's sequences; of a file: keep only the last T steps of each (default: all); of a text: "
             "length of a piece"},

    {.name = "tbptt", .argument = "K", .kind = RG_KIND_COUNT, .offset = FIELD(training.tbptt), .min = 1,
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAIN | SWEEP,
     .effect = RG_EFFECT_DATA, .help = "truncated BPTT along a text or one long series: windows of K steps carry the "
             "state, and the gradient stops at their borders; --batch is the number of parallel streams"},
    {.name = "updates", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(training.updates),
     .given_matters = true, .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .resuming = RG_RESUME_REPLACES,
     .in_opening = true, .help = "optimiser updates"},
    {.name = "epochs", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(training.epochs), .min = 1,
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .resuming = RG_RESUME_REPLACES,
     .help = "passes over the data, in place of --updates"},
    {.name = "accumulate", .argument = "K", .kind = RG_KIND_COUNT, .offset = FIELD(training.accumulate), .min = 1,
     .max = ONE_MILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS, .in_opening = true,
     .effect = RG_EFFECT_SIZES, .help = "average the gradients of K batches before each update, in the memory of one"},
    {.name = "val-every", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(training.val_every),
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "updates from one validation to the next; 0: an epoch"},
    {.name = "patience", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(training.patience),
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "stop after N validations without a lower loss; 0: never"},
    {.name = "max-time", .argument = "TIME", .kind = RG_KIND_DURATION, .offset = FIELD(training.max_time),
     .given_matters = true, .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .resuming = RG_RESUME_REPLACES,
     .help = "stop after that time: 30s, 5m, 1h; 0: no limit"},
    {.name = "target-loss", .argument = "L", .kind = RG_KIND_REAL, .offset = FIELD(training.target_loss),
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "stop when the mean loss of the last tenth of the updates, at least 20, reaches L; 0: off"},
    {.name = "optimizer", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(training.optimizer),
     .names = rg_optimizer_names, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .effect = RG_EFFECT_SIZES, .in_opening = true, .help = "optimiser"},
    {.name = "lr", .argument = "R|auto", .kind = RG_KIND_RATE, .offset = FIELD(training.lr),
     .given_matters = true, .max = ONE_MILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS, .in_opening = true,
     .help = "learning rate; auto (train alone): found first, by a test with growing rates"},
    {.name = "momentum", .argument = "M", .kind = RG_KIND_FRACTION, .offset = FIELD(training.momentum), .max = 1,
     .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "momentum of the optimisers momentum and nesterov, and of rmsprop if given"},
    {.name = "rmsprop-alpha", .argument = "A", .kind = RG_KIND_FRACTION, .offset = FIELD(training.rmsprop_alpha),
     .max = 1, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "rmsprop: decay rate of the mean square"},
    {.name = "beta1", .argument = "B", .kind = RG_KIND_FRACTION, .offset = FIELD(training.beta1), .max = 1,
     .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "adam and adamw: decay rate of the mean gradient"},
    {.name = "beta2", .argument = "B", .kind = RG_KIND_FRACTION, .offset = FIELD(training.beta2), .max = 1,
     .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "adam and adamw: decay rate of the mean square"},
    {.name = "epsilon", .argument = "E", .kind = RG_KIND_POSITIVE, .offset = FIELD(training.epsilon), .max = 1,
     .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "adam, adamw, rmsprop and adagrad: added to the root of the mean square"},
    {.name = "weight-decay", .argument = "W", .kind = RG_KIND_REAL, .offset = FIELD(training.weight_decay),
     .max = ONE_MILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "weight decay, added to the gradient; with adamw decoupled from it"},
    {.name = "schedule", .argument = "KIND", .kind = RG_KIND_SCHEDULE, .offset = FIELD(training.schedule), .min = 1,
     .max = ONE_BILLION, .names = rg_schedule_names, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "schedule of the learning rate; N updates, factor G"},
    {.name = "warmup", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(training.warmup), .max = ONE_BILLION,
     .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "updates over which the learning rate rises from 0"},
    {.name = "clip-norm", .argument = "C", .kind = RG_KIND_REAL, .offset = FIELD(training.clip_norm),
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .in_opening = true, .help = "clip the gradient's norm; 0: off"},
    {.name = "clip-value", .argument = "C", .kind = RG_KIND_REAL, .offset = FIELD(training.clip_value),
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "clip every element of the gradient instead; 0: off"},
    {.name = "freeze", .argument = "PATTERN", .kind = RG_KIND_TEXT, .offset = FIELD(training.freeze),
     .group = RG_GROUP_TRAINING, .commands = TRAININGS, .effect = RG_EFFECT_SIZES, .in_opening = true,
     .help = "leave parameters as they start: rnn.weight_ih_*,embed*; without gradient, momentum and weight decay, and "
             "out of the clipped norm; may be given several times"},
    {.name = "nonfinite", .argument = "WHAT", .kind = RG_KIND_ENUM, .offset = FIELD(training.nonfinite),
     .names = nonfinite_names, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "what to do when loss or gradient is not finite: skip the update, or stop the training"},
    {.name = "lag-every", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(training.lag_every),
     .max = ONE_BILLION, .group = RG_GROUP_TRAINING, .commands = TRAIN,
     .help = "sample the gradient by lag every N updates"},
    {.name = "diagnose", .argument = "HOW", .kind = RG_KIND_ENUM, .offset = FIELD(training.diagnose),
     .names = diagnose_names, .group = RG_GROUP_TRAINING, .commands = TRAININGS,
     .help = "final diagnosis: of a sample of the sequences, in 3 s or 5 % of the training time; full: of all of them; none: no "
             "diagnosis"},
    {.name = "seed", .argument = "S", .kind = RG_KIND_U64, .offset = FIELD(training.seed), .max = UINT64_MAX,
     .group = RG_GROUP_TRAINING, .commands = TRAININGS | GRAD | PROBE | BENCH | SELFTEST | SAMPLE | EXPORT,
     .in_opening = true, .help = "random seed of weights and data"},
    {.name = "repeats", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(bench.repeats), .min = 1,
     .max = ONE_MILLION, .group = RG_GROUP_TRAINING, .commands = BENCH,
     .help = "timed updates; more if they are short, and in a grid fewer if they are long"},
    {.name = "grid", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(bench.grid), .names = grid_names,
     .group = RG_GROUP_TRAINING, .commands = BENCH,
     .help = "which cases; auto: the given sizes, those of --compare, or standard; full takes an hour"},
    {.name = "peers", .kind = RG_KIND_FLAG, .offset = FIELD(bench.peers), .group = RG_GROUP_TRAINING,
     .commands = BENCH,
     .help = "also time PyTorch, and BLAS calls step by step"},
    {.name = "roofline", .kind = RG_KIND_FLAG, .offset = FIELD(bench.roofline), .group = RG_GROUP_TRAINING,
     .commands = BENCH,
     .help = "measure the device's peaks, and say which one limits each case"},
    {.name = "tune", .kind = RG_KIND_FLAG, .offset = FIELD(bench.tune), .group = RG_GROUP_TRAINING, .commands = BENCH,
     .help = "measure the best chunk and tile for this device and store them for later runs"},
    {.name = "plan", .argument = "CARD", .kind = RG_KIND_TEXT, .offset = FIELD(bench.plan),
     .group = RG_GROUP_TRAINING, .commands = BENCH,
     .help = "plan and estimated time of an absent h100, h200, rtx4090, mi300x, rx7900xtx, a770, igpu24 or m1max"},
    {.name = "compare", .argument = "FILE", .kind = RG_KIND_TEXT, .offset = FIELD(bench.earlier),
     .group = RG_GROUP_TRAINING, .commands = BENCH,
     .file = RG_FILE_READ, .help = "file of earlier results, JSON lines; shows the speedup over them"},

    {.name = "device", .argument = "SPEC", .kind = RG_KIND_TEXT, .offset = FIELD(machine.device),
     .given_matters = true, .group = RG_GROUP_MACHINE, .commands = USES_DEVICE,
     .resuming = RG_RESUME_REPLACES,
     .help = "auto, cpu, opencl, gpu, P:D, part of a name; a list such as 0:0,0:1 is for the ranks of a host"},
    {.name = "threads", .argument = "N", .kind = RG_KIND_INT, .offset = FIELD(machine.threads),
     .given_matters = true, .max = 4096, .group = RG_GROUP_MACHINE, .commands = USES_DEVICE,
     .resuming = RG_RESUME_REPLACES,
     .help = "threads on the processor, natively or by OpenCL; 0: one for each core"},
    {.name = "precision", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(machine.precision),
     .names = rg_precision_names, .group = RG_GROUP_MACHINE, .commands = USES_DEVICE,
     .help = "precision of all computations and files"},
    {.name = "math", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(machine.math), .names = rg_math_names,
     .group = RG_GROUP_MACHINE, .commands = TRAININGS | GRAD | PREDICT | EVAL | BENCH | SELFTEST,
     .help = "tf32 uses the tensor cores of an NVIDIA GPU, which round to 10 bits"},
    {.name = "shape", .argument = "NV,VEC,COLS,ROWS", .kind = RG_KIND_TEXT, .offset = FIELD(machine.shape),
     .group = RG_GROUP_MACHINE, .commands = USES_DEVICE,
     .help = "OpenCL work-groups: vectors of an item, their lanes, columns and rows of items; GPUs have 4,2,8,32"},
    {.name = "gemm", .argument = "WHOSE", .kind = RG_KIND_ENUM, .offset = FIELD(machine.gemm), .names = gemm_names,
     .group = RG_GROUP_MACHINE, .commands = USES_DEVICE,
     .help = "what computes wide products: the kernels (own), a BLAS library, or what `bench --tune` found faster (auto)"},
    {.name = "memory", .argument = "SIZE", .kind = RG_KIND_BYTES, .offset = FIELD(machine.memory),
     .max = (uint64_t)1 << 50, .group = RG_GROUP_MACHINE, .commands = TRAININGS | GRAD | PREDICT | EVAL | BENCH,
     .help = "memory limit on the device, such as 2G; data that take more than half of it stay in host memory or on the disk; "
             "0: the device's budget, see `devices --json`"},

    {.name = "shards", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(machine.shards), .max = 4096,
     .group = RG_GROUP_MACHINE, .commands = TRAIN,
     .resuming = RG_RESUME_REPLACES,
     .help = "parts of a batch, added in a fixed tree and shared by ranks; 0: 1, under mpirun by the batch"},
    {.name = "mixed", .kind = RG_KIND_FLAG, .offset = FIELD(machine.mixed), .group = RG_GROUP_MACHINE,
     .commands = TRAIN,
     .resuming = RG_RESUME_REPLACES,
     .help = "ranks of mpirun may have devices of different kinds; the bits then depend on who has which; no effect without mpirun"},

    {.name = "model", .argument = "FILE", .kind = RG_KIND_TEXT, .offset = FIELD(data.model_file),
     .group = RG_GROUP_SCREEN, .commands = TRAIN | OF_MODEL | SAMPLE, .needed = PREDICT | EVAL | SAMPLE,
     .file = RG_FILE_READ, .help = "trained weights, .safetensors; train starts from them"},
    {.name = "onnx", .argument = "FILE", .kind = RG_KIND_TEXT, .offset = FIELD(data.onnx), .group = RG_GROUP_SCREEN,
     .commands = IMPORT, .needed = IMPORT,
     .file = RG_FILE_READ, .help = "a model of RNN, LSTM or GRU nodes and a linear head"},
    {.name = "out", .argument = "PATH", .kind = RG_KIND_TEXT, .offset = FIELD(output.out), .group = RG_GROUP_SCREEN,
     .commands = TRAININGS | GRAD | PREDICT | EXPORT | IMPORT | BENCH, .needed = EXPORT | IMPORT,
     .file = RG_FILE_RESULT,
     .help = "result: of train a folder; of compare and sweep a folder, F.csv or F.jsonl: an earlier result stays, see "
             "--overwrite; of predict .csv, .npy, .npz or .safetensors; of export .onnx, .c, .py, .npz or .safetensors; "
             "of grad and import .safetensors; of bench lines of JSON: a file of that name is replaced"},
    {.name = "keep", .kind = RG_KIND_FLAG, .offset = FIELD(output.keep), .group = RG_GROUP_SCREEN,
     .commands = COMPARE | SWEEP,
     .help = "save the model of every run, in the folder of --out or in F-models beside the table F"},
    {.name = "trace", .kind = RG_KIND_FLAG, .offset = FIELD(output.trace), .group = RG_GROUP_SCREEN, .commands = GRAD,
     .help = "show every state, gradient and term of a small net; with --out also as tensors; in double by default"},
    {.name = "trace-latex", .argument = "F.tex", .kind = RG_KIND_TEXT, .offset = FIELD(output.trace_latex),
     .group = RG_GROUP_SCREEN, .commands = GRAD,
     .file = RG_FILE_WRITTEN, .help = "write the walk as LaTeX"},
    {.name = "sequence", .argument = "N", .kind = RG_KIND_COUNT, .offset = FIELD(output.sequence), .min = 1,
     .max = ONE_BILLION, .group = RG_GROUP_SCREEN, .commands = GRAD,
     .help = "show only sequence N of the walk, from 1; default: all"},
    {.name = "save-every", .argument = "N|TIME", .kind = RG_KIND_EVERY, .offset = FIELD(output.save_every),
     .max = ONE_BILLION, .group = RG_GROUP_SCREEN, .commands = TRAIN,
     .help = "checkpoint in the folder of --out every N updates, or 30s, 5m, 1h; 0: at the end, or when stopped"},
    {.name = "resume", .argument = "DIR", .kind = RG_KIND_TEXT, .offset = FIELD(output.resume),
     .group = RG_GROUP_SCREEN, .commands = TRAIN,
     .file = RG_FILE_READ,
     .resuming = RG_RESUME_BESIDE,
     .help = "resume a run; only --updates, --epochs, --max-time, --device, --threads, --shards, --mixed may change"},
    {.name = "config", .argument = "F.toml", .kind = RG_KIND_TEXT, .offset = FIELD(output.config),
     .group = RG_GROUP_SCREEN, .commands = HAS_JSON | EXPORT | IMPORT,
     .file = RG_FILE_READ,
     .help = "read options from a file, one `name = value` a line; the command line takes precedence"},
    {.name = "dump-config", .kind = RG_KIND_FLAG, .offset = FIELD(output.dump_config), .group = RG_GROUP_SCREEN,
     .commands = HAS_JSON | EXPORT | IMPORT,
     .help = "print the options as a file for --config, and end"},
    {.name = "dry-run", .kind = RG_KIND_FLAG, .offset = FIELD(output.dry_run), .group = RG_GROUP_SCREEN,
     .commands = TRAIN,
     .help = "say what would run, its memory and its time, and end"},
    {.name = "overwrite", .kind = RG_KIND_FLAG, .offset = FIELD(output.overwrite), .group = RG_GROUP_SCREEN,
     .commands = TRAININGS,
     .help = "replace the earlier result of --out; compare and sweep then train all again; no effect without --out"},
    {.name = "report", .argument = "F.html", .kind = RG_KIND_TEXT, .offset = FIELD(output.report),
     .group = RG_GROUP_SCREEN, .commands = TRAININGS | GRAD,
     .file = RG_FILE_WRITTEN, .help = "write one HTML page with all results and figures"},
    {.name = "plot", .argument = "F.svg", .kind = RG_KIND_TEXT, .offset = FIELD(output.plot),
     .group = RG_GROUP_SCREEN, .commands = TRAININGS | GRAD,
     .file = RG_FILE_WRITTEN, .help = "write the figures, .svg, .png or .pdf"},
    {.name = "figure", .argument = "NAME", .kind = RG_KIND_TEXT, .offset = FIELD(output.figure),
     .group = RG_GROUP_SCREEN, .commands = TRAININGS | GRAD,
     .help = "one figure in --plot: loss, norm, accuracy, lags, cumulative, shares, gates, jacobian, activations, "
             "norm-map, share-map, depth; grad: spectrum, inputs, probes; compare: lags, cumulative, loss; sweep: loss, "
             "learned, quartiles, updates"},
    {.name = "figure-size", .argument = "WxH", .kind = RG_KIND_TEXT, .offset = FIELD(output.figure_size),
     .group = RG_GROUP_SCREEN, .commands = TRAININGS | GRAD,
     .help = "size of each figure of --plot, such as 800x450"},
    {.name = "plot-theme", .argument = "NAME", .kind = RG_KIND_ENUM, .offset = FIELD(output.theme),
     .names = theme_names, .group = RG_GROUP_SCREEN, .commands = TRAININGS | GRAD,
     .help = "colours of --plot; auto: .svg as the reader's system, else light"},
    {.name = "log", .argument = "F.jsonl", .kind = RG_KIND_TEXT, .offset = FIELD(output.log),
     .group = RG_GROUP_SCREEN, .commands = TRAIN,
     .file = RG_FILE_WRITTEN, .help = "write the lines of --json into a file"},
    {.name = "tensorboard", .argument = "DIR", .kind = RG_KIND_TEXT, .offset = FIELD(output.tensorboard),
     .group = RG_GROUP_SCREEN, .commands = TRAIN,
     .file = RG_FILE_FOLDER, .help = "write loss, norm and lag samples for TensorBoard"},
    {.name = "json", .kind = RG_KIND_FLAG, .offset = FIELD(output.json), .group = RG_GROUP_SCREEN, .commands = HAS_JSON,
     .resuming = RG_RESUME_BESIDE,
     .help = "print results as JSON, one object a line"},
    {.name = "quiet", .letter = 'q', .kind = RG_KIND_FLAG, .offset = FIELD(output.quiet), .group = RG_GROUP_SCREEN,
     .commands = HAS_JSON | EXPORT | IMPORT,
     .resuming = RG_RESUME_BESIDE,
     .help = "print results only, no notices"},
    {.name = "verbose", .letter = 'v', .kind = RG_KIND_FLAG, .offset = FIELD(output.verbose),
     .group = RG_GROUP_SCREEN, .commands = TRAIN | GRAD | BENCH | VERSION,
     .help = "train, grad: all causes of the verdict; bench: the plan and the phases of each case; version: how it was "
             "built, and licences"},
    {.name = "color", .argument = "WHEN", .kind = RG_KIND_COLOR, .offset = FIELD(output.color), .names = color_names,
     .group = RG_GROUP_SCREEN, .commands = HAS_JSON,
     .resuming = RG_RESUME_BESIDE,
     .help = "when to use colours; --color alone means always"},
};
/* clang-format on */
const size_t rg_n_options = sizeof rg_options / sizeof *rg_options;
_Static_assert(sizeof rg_options / sizeof *rg_options <= 8 * sizeof(((struct rg_config *)NULL)->given),
               "each option has a bit");

size_t rg_command_find(const char *name) {
    size_t i = 0;
    while (i < rg_n_commands && strcmp(rg_commands[i].name, name) != 0) {
        i++;
    }
    return i;
}

struct rg_config rg_config_of_command(size_t command) {
    struct rg_config config = rg_config_default();
    if (command < rg_n_commands && ((OF_MODEL | SAMPLE) >> command & 1) != 0) {
        config.model.cell = RG_N_CELLS;
    }
    if (command < rg_n_commands && (PROBE >> command & 1) != 0) {
        config.model.hidden = config.data.steps = 0;
    }
    if (command < rg_n_commands && ((COMPARE | SWEEP) >> command & 1) != 0) {
        config.model.hidden = 64;
        config.data.batch = 32;
        config.training.updates = 4000;
    }
    if (command < rg_n_commands && (COMPARE >> command & 1) != 0) {
        config.data.steps = 40;
        config.training.updates = 2000;
    }
    return config;
}
