/* Every option and command: name, type, range, who takes it, and its line of help. Defaults are those of
 * rg_config_default. */
#include "options.h"

#include <math.h>
#include <string.h>

#include "rnn_gpu/model.h"

const char *const rg_cell_names[] = {"rnn", "lstm", "gru", NULL};
const char *const rg_activation_names[] = {"tanh",     "relu",     "leaky_relu", "elu",    "sigmoid",
                                           "softsign", "softplus", "hardtanh",   "linear", NULL};
const char *const rg_skip_kind_names[] = {"add", "dilated", "learned", NULL};
const char *const rg_loss_names[] = {"auto", "mse", "bce", "ce", NULL};
const char *const rg_target_names[] = {"last", "steps", NULL};
const char *const rg_pad_names[] = {"right", "left", NULL};
const char *const rg_optimizer_names[] = {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "adagrad", NULL};
const char *const rg_schedule_names[] = {"constant", "step",      "exponential", "cosine",
                                         "linear",   "one-cycle", "plateau",     NULL};
const char *const rg_precision_names[] = {"float", "double", NULL};
const char *const rg_math_names[] = {"float", "tf32", NULL};
static const char *const cell_names[] = {"rnn", "irnn", "lstm", "gru", NULL};
static const char *const init_names[] = {"pytorch", "xavier", "he",     "orthogonal", "identity",
                                         "normal",  "nprnn",  "chrono", NULL};
/* Of any matrix: nprnn needs a square one, and chrono is about biases. */
static const char *const init_input_names[] = {"pytorch", "xavier", "he", "orthogonal", "identity", "normal", NULL};
static const char *const nonfinite_names[] = {"skip", "stop", NULL};
static const char *const task_names[] = {
    "adding",      "multiplication", "copy",         "temporal-order", "temporal-order-3bit",
    "delayed-xor", "permutation",    "memorisation", "delayed-recall", "fashion-mnist",
    NULL};
static const char *const theme_names[] = {"auto", "light", "dark", NULL};
static const char *const grid_names[] = {"auto", "standard", "full", NULL};
static const char *const blas_names[] = {"auto", "own", "library", NULL};
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

const struct rg_command rg_commands[] = {
    {"train", "train on a task or a file; the default",
     "  ./rnn-gpu --batch 4096 --steps 100\n"
     "  ./rnn-gpu --data data/cat-mat-rat.csv --hidden 3 --lr 0.05 --updates 300 \\\n"
     "      --out model\n"},
    {"grad", "loss, gradients and lag profile of a model on data",
     "  ./rnn-gpu grad --model model/model.safetensors --data data/cat-mat-rat.csv \\\n"
     "      --out gradient.safetensors\n"},
    {"predict", "outputs of a trained model on data",
     "  ./rnn-gpu predict --model model/model.safetensors \\\n"
     "      --data data/cat-mat-rat.csv --out outputs.npy\n"},
    {"compare", "the remedies side by side on one task",
     "  ./rnn-gpu compare\n"
     "  ./rnn-gpu compare --task copy --remedies tanh+clip,lstm,gru --updates 2000\n"},
    {"sweep", "a grid of lengths, seeds, rates and other options, many at once",
     "  ./rnn-gpu sweep --steps 10,30,100 --cell rnn,irnn,lstm --seed 1-5\n"
     "  ./rnn-gpu sweep --cell irnn --lr 1e-4..1e-2*5 --seed 1-8 --updates 8000\n"},
    {"probe", "gradient experiments with known answers",
     "  ./rnn-gpu probe\n"
     "  ./rnn-gpu probe all\n"
     "  ./rnn-gpu probe power --matrix '0.9,3;0,0.8' --steps 50\n"},
    {"bench", "time of an update and of its parts on this machine",
     "  ./rnn-gpu bench --batch 4096 --steps 100 --hidden 128\n"
     "  ./rnn-gpu bench --peers --roofline --out results.jsonl\n"
     "  ./rnn-gpu bench --compare results.jsonl\n"},
    {"devices", "devices that can be used", "  ./rnn-gpu devices\n"},
    {"selftest", "every kernel against the reference, on this device", "  ./rnn-gpu selftest --device cpu\n"},
    {"help", "this text, or that of a command", "  ./rnn-gpu help train\n"},
    {"version", "name and version", "  ./rnn-gpu version\n"},
};
const size_t rg_n_commands = sizeof rg_commands / sizeof *rg_commands;

/* TRAIN: all that trains; ONE_RUN: where that is a single run, of which everything can be chosen. */
enum {
    ONE_RUN = 1,
    GRAD = 2,
    PREDICT = 4,
    COMPARE = 8,
    SWEEP = 16,
    PROBE = 32,
    BENCH = 64,
    DEVICES = 128,
    SELFTEST = 256
};
enum { TRAIN = ONE_RUN | COMPARE | SWEEP };
enum { COMPUTES = TRAIN | GRAD | PREDICT | PROBE | BENCH | SELFTEST, SPEAKS = COMPUTES | DEVICES };

const char *const rg_group_titles[RG_N_GROUPS] = {"Model", "Data", "Training", "Machine", "Files and screen"};

#define FIELD(name) offsetof(struct rg_config, name)
#define NO_RANGE 0, 0
#define ONE_BILLION 1000000000
#define LARGE 1000000

const struct rg_option rg_options[] = {
    {"cell", 0, "NAME", RG_KIND_CELL, FIELD(cell), FIELD(cell_given), NO_RANGE, cell_names, RG_GROUP_MODEL,
     ONE_RUN | SWEEP | GRAD | PREDICT | BENCH, 0, "recurrent cell (irnn: rnn with relu and identity)"},
    {"activation", 0, "NAME", RG_KIND_ENUM, FIELD(activation), RG_NOT_KEPT, NO_RANGE, rg_activation_names,
     RG_GROUP_MODEL, ONE_RUN | SWEEP | GRAD | PREDICT | BENCH, 0, "of the rnn cell"},
    {"skip", 0, "D", RG_KIND_COUNT, FIELD(skip), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_MODEL,
     TRAIN | GRAD | PREDICT, 0, "connect step t to t-D; 0: not"},
    {"skip-kind", 0, "KIND", RG_KIND_ENUM, FIELD(skip_kind), RG_NOT_KEPT, NO_RANGE, rg_skip_kind_names, RG_GROUP_MODEL,
     TRAIN | GRAD | PREDICT, 0,
     "beside step t-1, in its place, or a gate that learns which steps to skip (without --skip)"},
    {"skip-budget", 0, "X", RG_KIND_REAL, FIELD(skip_budget), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_MODEL,
     TRAIN | GRAD, 0, "of skip-kind learned: loss of every step that is not skipped"},
    {"hidden", 0, "H", RG_KIND_COUNT, FIELD(hidden), FIELD(sizes_given), 1, 65536, NULL, RG_GROUP_MODEL,
     TRAIN | PROBE | BENCH, 0, "hidden units"},
    {"input", 0, "F", RG_KIND_COUNT, FIELD(input), FIELD(sizes_given), 1, 65536, NULL, RG_GROUP_MODEL, BENCH, 0,
     "features of a time step"},
    {"outputs", 0, "O", RG_KIND_COUNT, FIELD(outputs), FIELD(sizes_given), 1, 65536, NULL, RG_GROUP_MODEL, BENCH, 0,
     "1: a number and its squared error; more: classes"},
    {"embed", 0, "E", RG_KIND_COUNT, FIELD(embed), RG_NOT_KEPT, 0, 65536, NULL, RG_GROUP_MODEL, TRAIN, 0,
     "numbers a word becomes, by a table; 0: one-hot"},
    {"layers", 0, "L", RG_KIND_COUNT, FIELD(layers), RG_NOT_KEPT, 1, RG_MAX_LAYERS, NULL, RG_GROUP_MODEL, TRAIN, 0,
     "stacked layers"},
    {"bidirectional", 0, NULL, RG_KIND_FLAG, FIELD(bidirectional), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_MODEL, TRAIN,
     0, "a second direction, from the end to the beginning"},
    {"dropout", 0, "P", RG_KIND_FRACTION, FIELD(dropout), RG_NOT_KEPT, 0, 1, NULL, RG_GROUP_MODEL, TRAIN, 0,
     "share dropped between layers"},
    {"init", 0, "KIND", RG_KIND_INIT, FIELD(init), RG_NOT_KEPT, 0, LARGE, init_names, RG_GROUP_MODEL, ONE_RUN | SWEEP,
     0, "start of W_hh and W_sh"},
    {"init-input", 0, "KIND", RG_KIND_INIT, FIELD(init_input), RG_NOT_KEPT, 0, LARGE, init_input_names, RG_GROUP_MODEL,
     ONE_RUN | SWEEP, 0, "start of W_ih"},
    {"forget-bias", 0, "X", RG_KIND_SIGNED, FIELD(forget_bias), RG_NOT_KEPT, 0, 1000, NULL, RG_GROUP_MODEL, TRAIN, 0,
     "start of lstm's forget gate"},
    {"loss", 0, "NAME", RG_KIND_ENUM, FIELD(loss), RG_NOT_KEPT, NO_RANGE, rg_loss_names, RG_GROUP_MODEL, TRAIN | GRAD,
     0, "auto: by the data"},
    {"target", 0, "WHERE", RG_KIND_ENUM, FIELD(target), RG_NOT_KEPT, NO_RANGE, rg_target_names, RG_GROUP_MODEL,
     TRAIN | GRAD | PREDICT | BENCH, 0, "output after the last step, or after each"},
    {"probe-time", 0, "T", RG_KIND_COUNT, FIELD(probe_time), RG_NOT_KEPT, 1, ONE_BILLION, NULL, RG_GROUP_MODEL,
     TRAIN | GRAD, 0, "step whose loss the lag profile is of"},

    {"remedies", 0, "LIST", RG_KIND_TEXT, FIELD(remedies), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_MODEL, COMPARE, 0,
     "of tanh, relu, irnn, orthogonal, skip, learned, lstm, gru; each plain, with clipping and with a controlled rate, "
     "or one "
     "of these alone: gru+plain, gru+clip, gru+rate"},
    {"weight", 0, "W", RG_KIND_SIGNED, FIELD(weight), RG_NOT_KEPT, 0, 1000, NULL, RG_GROUP_MODEL, PROBE, 0,
     "wall: w of x = w sigmoid(x) + b"},
    {"matrix", 0, "M", RG_KIND_TEXT, FIELD(matrix), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_MODEL, PROBE, 0,
     "power: rows of numbers such as 0.9,3;0,0.9"},

    {"task", 0, "NAME", RG_KIND_NAME, FIELD(task), RG_NOT_KEPT, NO_RANGE, task_names, RG_GROUP_DATA, TRAIN, 0,
     "what to learn"},
    {"data", 0, "FILE", RG_KIND_TEXT, FIELD(data), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_DATA, TRAIN | GRAD | PREDICT,
     GRAD | PREDICT, "sequences from a .csv, .npz or .npy file"},
    {"pad", 0, "SIDE", RG_KIND_ENUM, FIELD(pad), RG_NOT_KEPT, NO_RANGE, rg_pad_names, RG_GROUP_DATA,
     TRAIN | GRAD | PREDICT, 0, "where an .npz file pads short sequences"},
    {"batch", 0, "B", RG_KIND_COUNT, FIELD(batch), FIELD(batch_given), 1, 1073741824, NULL, RG_GROUP_DATA,
     TRAIN | BENCH, 0, "sequences of an update"},
    {"steps", 0, "T", RG_KIND_COUNT, FIELD(steps), FIELD(steps_given), 1, ONE_BILLION, NULL, RG_GROUP_DATA,
     TRAIN | PROBE | BENCH, 0, "time steps, O_1 to O_T; of a file at most the last T"},

    {"updates", 0, "N", RG_KIND_COUNT, FIELD(updates), FIELD(updates_given), 0, ONE_BILLION, NULL, RG_GROUP_TRAINING,
     TRAIN, 0, "optimiser updates"},
    {"max-time", 0, "TIME", RG_KIND_DURATION, FIELD(max_time), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_TRAINING,
     TRAIN, 0, "stop after 30s, 5m, 1h; 0: no limit"},
    {"target-loss", 0, "L", RG_KIND_REAL, FIELD(target_loss), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_TRAINING,
     TRAIN, 0, "stop at this loss; 0: off"},
    {"optimizer", 0, "NAME", RG_KIND_ENUM, FIELD(optimizer), RG_NOT_KEPT, NO_RANGE, rg_optimizer_names,
     RG_GROUP_TRAINING, TRAIN, 0, "update rule"},
    {"lr", 0, "R", RG_KIND_REAL, FIELD(lr), RG_NOT_KEPT, 0, LARGE, NULL, RG_GROUP_TRAINING, TRAIN, 0, "learning rate"},
    {"momentum", 0, "M", RG_KIND_FRACTION, FIELD(momentum), RG_NOT_KEPT, 0, 1, NULL, RG_GROUP_TRAINING, TRAIN, 0,
     "of momentum and nesterov; of rmsprop if given"},
    {"weight-decay", 0, "W", RG_KIND_REAL, FIELD(weight_decay), RG_NOT_KEPT, 0, LARGE, NULL, RG_GROUP_TRAINING, TRAIN,
     0, "in the gradient; adamw: beside it"},
    {"schedule", 0, "KIND", RG_KIND_SCHEDULE, FIELD(schedule), RG_NOT_KEPT, 1, ONE_BILLION, rg_schedule_names,
     RG_GROUP_TRAINING, TRAIN, 0, "the rate times G every N updates, and others"},
    {"warmup", 0, "N", RG_KIND_COUNT, FIELD(warmup), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_TRAINING, TRAIN, 0,
     "updates over which the rate rises"},
    {"clip-norm", 0, "C", RG_KIND_REAL, FIELD(clip_norm), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_TRAINING, TRAIN,
     0, "clip the gradient's norm; 0: off"},
    {"clip-value", 0, "C", RG_KIND_REAL, FIELD(clip_value), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_TRAINING, TRAIN,
     0, "clip each number instead; 0: off"},
    {"nonfinite", 0, "WHAT", RG_KIND_ENUM, FIELD(nonfinite), RG_NOT_KEPT, NO_RANGE, nonfinite_names, RG_GROUP_TRAINING,
     TRAIN, 0, "at a gradient that is not finite"},
    {"lag-every", 0, "N", RG_KIND_COUNT, FIELD(lag_every), RG_NOT_KEPT, 0, ONE_BILLION, NULL, RG_GROUP_TRAINING, TRAIN,
     0, "sample the gradient by lag every N updates"},
    {"seed", 0, "S", RG_KIND_U64, FIELD(seed), RG_NOT_KEPT, 0, UINT64_MAX, NULL, RG_GROUP_TRAINING,
     TRAIN | PROBE | BENCH | SELFTEST, 0, "of weights and data"},
    {"repeats", 0, "N", RG_KIND_COUNT, FIELD(repeats), RG_NOT_KEPT, 1, LARGE, NULL, RG_GROUP_TRAINING, BENCH, 0,
     "timed updates; more where they are short, in a grid fewer where they are long"},
    {"grid", 0, "NAME", RG_KIND_ENUM, FIELD(grid), RG_NOT_KEPT, NO_RANGE, grid_names, RG_GROUP_TRAINING, BENCH, 0,
     "cases; auto: the sizes given, those of --compare, or standard; full takes an hour"},
    {"peers", 0, NULL, RG_KIND_FLAG, FIELD(peers), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_TRAINING, BENCH, 0,
     "time PyTorch, and BLAS calls step by step, beside it"},
    {"roofline", 0, NULL, RG_KIND_FLAG, FIELD(roofline), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_TRAINING, BENCH, 0,
     "measure the device's ceilings; which one binds each case"},
    {"tune", 0, NULL, RG_KIND_FLAG, FIELD(tune), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_TRAINING, BENCH, 0,
     "measure what suits the device, for every later run on it; no cases"},
    {"compare", 0, "FILE", RG_KIND_TEXT, FIELD(compare), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_TRAINING, BENCH, 0,
     "earlier results, JSON lines: times faster than those"},

    {"device", 0, "SPEC", RG_KIND_TEXT, FIELD(device), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_MACHINE, COMPUTES, 0,
     "auto, cpu, opencl, gpu, P:D, part of a name"},
    {"threads", 0, "N", RG_KIND_INT, FIELD(threads), RG_NOT_KEPT, 0, 4096, NULL, RG_GROUP_MACHINE, COMPUTES, 0,
     "of the processor; 0: all"},
    {"precision", 0, "NAME", RG_KIND_ENUM, FIELD(precision), RG_NOT_KEPT, NO_RANGE, rg_precision_names,
     RG_GROUP_MACHINE, COMPUTES, 0, "of the device's numbers and of files"},
    {"math", 0, "NAME", RG_KIND_ENUM, FIELD(math), RG_NOT_KEPT, NO_RANGE, rg_math_names, RG_GROUP_MACHINE,
     TRAIN | GRAD | PREDICT | BENCH | SELFTEST, 0,
     "tf32: products by an NVIDIA GPU's tensor cores, which round to 10 bits"},
    {"gemm", 0, "WHOSE", RG_KIND_ENUM, FIELD(blas), RG_NOT_KEPT, NO_RANGE, blas_names, RG_GROUP_MACHINE, COMPUTES, 0,
     "wide products: own kernels, a library, or the faster"},
    {"memory", 0, "SIZE", RG_KIND_BYTES, FIELD(memory), RG_NOT_KEPT, 0, (uint64_t)1 << 50, NULL, RG_GROUP_MACHINE,
     TRAIN | GRAD | PREDICT | BENCH, 0, "limit, such as 2G; 0: what is there"},

    {"model", 0, "FILE", RG_KIND_TEXT, FIELD(model), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, GRAD | PREDICT,
     GRAD | PREDICT, "trained weights, .safetensors"},
    {"out", 0, "PATH", RG_KIND_TEXT, FIELD(out), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN,
     ONE_RUN | GRAD | PREDICT | BENCH, GRAD, "result: train a folder, else a file"},
    {"report", 0, "F.html", RG_KIND_TEXT, FIELD(report), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, TRAIN | GRAD, 0,
     "all of it on one page, with figures"},
    {"plot", 0, "F.svg", RG_KIND_TEXT, FIELD(plot), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, TRAIN | GRAD, 0,
     "the figures alone, .svg or .png"},
    {"plot-theme", 0, "NAME", RG_KIND_ENUM, FIELD(theme), RG_NOT_KEPT, NO_RANGE, theme_names, RG_GROUP_SCREEN,
     TRAIN | GRAD, 0, "of --plot; auto: .svg as the reader's system, .png light"},
    {"log", 0, "F.jsonl", RG_KIND_TEXT, FIELD(log), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, ONE_RUN, 0,
     "the lines of --json, into a file"},
    {"tensorboard", 0, "DIR", RG_KIND_TEXT, FIELD(tensorboard), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, ONE_RUN,
     0, "loss, norm and lag samples for TensorBoard"},
    {"json", 0, NULL, RG_KIND_FLAG, FIELD(json), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, SPEAKS, 0,
     "results as JSON, one object a line"},
    {"quiet", 'q', NULL, RG_KIND_FLAG, FIELD(quiet), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, SPEAKS, 0,
     "results only, no notices"},
    {"verbose", 'v', NULL, RG_KIND_FLAG, FIELD(verbose), RG_NOT_KEPT, NO_RANGE, NULL, RG_GROUP_SCREEN, BENCH, 0,
     "the plan and the phases of each case"},
    {"color", 0, "WHEN", RG_KIND_COLOR, FIELD(color), RG_NOT_KEPT, NO_RANGE, color_names, RG_GROUP_SCREEN, SPEAKS, 0,
     "colours; alone, always"},
};
const size_t rg_n_options = sizeof rg_options / sizeof *rg_options;

size_t rg_command_find(const char *name) {
    size_t i = 0;
    while (i < rg_n_commands && strcmp(rg_commands[i].name, name) != 0)
        i++;
    return i;
}

struct rg_config rg_config_of_command(size_t command) {
    struct rg_config config = rg_config_default();
    if (command < rg_n_commands && ((GRAD | PREDICT) >> command & 1) != 0)
        config.cell = RG_N_CELLS;
    if (command < rg_n_commands && (PROBE >> command & 1) != 0)
        config.hidden = config.steps = 0;
    if (command < rg_n_commands && ((COMPARE | SWEEP) >> command & 1) != 0) {
        config.hidden = 64;
        config.batch = 32;
        config.updates = 4000;
    }
    return config;
}

struct rg_config rg_config_default(void) {
    return (struct rg_config){
        .cell = RG_CELL_RNN,
        .activation = RG_ACT_TANH,
        .skip_kind = RG_SKIP_ADD,
        .hidden = 128,
        .layers = 1,
        .init = {RG_INIT_PYTORCH, 0.0},
        .init_input = {RG_INIT_PYTORCH, 0.0},
        .forget_bias = NAN,
        .loss = RG_LOSS_AUTO,
        .target = RG_TARGET_LAST,
        .pad = RG_PAD_RIGHT,
        .batch = 4096,
        .steps = 100,
        .updates = 100,
        .optimizer = RG_OPT_ADAM,
        .lr = 1e-3,
        .momentum = 0.9,
        .schedule = {RG_SCHEDULE_CONSTANT, 0, 1.0},
        .clip_norm = 1.0,
        .nonfinite = RG_NONFINITE_SKIP,
        .seed = 1,
        .device = "auto",
        .color = -1,
        .weight = NAN,
        .remedies = "tanh,relu,irnn,orthogonal,skip,lstm,gru",
        .input = 2,
        .outputs = 1,
        .repeats = 5,
    };
}
