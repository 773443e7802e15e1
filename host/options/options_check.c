/* Options that contradict each other or need each other: see rg_options_check. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ending.h"
#include "model/cells.h"
#include "options/options.h"

static rg_status check_model(const char *command, const struct rg_config *config) {
    const bool compares = strcmp(command, "compare") == 0;
    const bool may_learn = compares || config->data.model_file != NULL; /* a remedy, or the model of the file */
    const bool gated = rg_cell_is_gated(config->model.cell);
    if (gated && rg_config_gives(config, "activation")) {
        return rg_fail(RG_USAGE,
                       "--activation requires the cell rnn; %s has its own activations, leave --activation out",
                       rg_cell_names[config->model.cell]);
    }
    if (config->model.skip_kind == RG_SKIP_LEARNED && config->model.skip != 1) {
        return rg_fail(RG_USAGE, "--skip-kind learned decides itself which steps to skip; leave --skip out");
    }
    if (rg_config_gives(config, "skip-budget") && !may_learn && config->model.skip_kind != RG_SKIP_LEARNED) {
        return rg_fail(RG_USAGE, "--skip-budget requires --skip-kind learned; add it, or leave the budget out");
    }
    if (config->model.skip == 0 && rg_config_gives(config, "skip-kind")) {
        return rg_fail(RG_USAGE, "--skip-kind needs --skip D, the steps that the connection skips");
    }
    if (rg_config_gives(config, "readout") && config->model.target == RG_TARGET_STEPS) {
        return rg_fail(RG_USAGE, "--readout requires --target last; leave one of the two out");
    }
    const bool has_lstm = rg_cell_has_c(config->model.cell) || compares;
    if (!isnan(config->model.forget_bias) && !has_lstm) {
        return rg_fail(RG_USAGE, "--forget-bias requires the cell lstm; add --cell lstm or leave it out");
    }
    if (config->model.init.kind == RG_INIT_CHRONO && !gated) {
        return rg_fail(RG_USAGE, "--init chrono requires the cell lstm or gru; add --cell lstm or --cell gru");
    }
    if (config->model.init.kind == RG_INIT_CHRONO && !isnan(config->model.forget_bias)) {
        return rg_fail(RG_USAGE, "--init chrono and --forget-bias both set the forget gate's bias; leave one out");
    }
    if (config->model.dropout > 0.0 && config->model.layers == 1) {
        return rg_fail(RG_USAGE, "--dropout acts between layers, and there is only one; add --layers 2 or more");
    }
    return RG_OK;
}

/* The constants of update rules, and the rules that have them. */
static const struct {
    const char *option, *rules;
    unsigned has; /* bits 1 << rule */
} constants[] = {
    {"momentum", "optimizers momentum, nesterov and rmsprop",
     1U << RG_OPT_MOMENTUM | 1U << RG_OPT_NESTEROV | 1U << RG_OPT_RMSPROP},
    {"rmsprop-alpha", "optimizer rmsprop", 1U << RG_OPT_RMSPROP},
    {"beta1", "optimizers adam and adamw", 1U << RG_OPT_ADAM | 1U << RG_OPT_ADAMW},
    {"beta2", "optimizers adam and adamw", 1U << RG_OPT_ADAM | 1U << RG_OPT_ADAMW},
    {"epsilon", "optimizers adam, adamw, rmsprop and adagrad",
     1U << RG_OPT_ADAM | 1U << RG_OPT_ADAMW | 1U << RG_OPT_RMSPROP | 1U << RG_OPT_ADAGRAD},
};
enum { N_CONSTANTS = sizeof constants / sizeof *constants };

bool rg_option_is_of_rule(const char *option, enum rg_optimizer rule) {
    for (size_t i = 0; i < N_CONSTANTS; i++) {
        if (strcmp(constants[i].option, option) == 0) {
            return (constants[i].has >> rule & 1) != 0;
        }
    }
    return true;
}

/* Refuse a constant of an update rule that the chosen rule does not have. */
static rg_status check_constants(const struct rg_config *config) {
    const enum rg_optimizer rule = config->training.optimizer;
    for (size_t i = 0; i < N_CONSTANTS; i++) {
        if (rg_config_gives(config, constants[i].option) && !rg_option_is_of_rule(constants[i].option, rule)) {
            return rg_fail(RG_USAGE, "--%s belongs to the %s, not to %s", constants[i].option, constants[i].rules,
                           rg_optimizer_names[rule]);
        }
    }
    return RG_OK;
}

static rg_status check_training(const char *command, const struct rg_config *config) {
    if (config->training.clip_norm > 0.0 && config->training.clip_value > 0.0) {
        return rg_fail(RG_USAGE, "--clip-norm and --clip-value are both given; leave one out, or set it to 0");
    }
    if (isnan(config->training.lr) && strcmp(command, "train") != 0) {
        return rg_fail(RG_USAGE, "--lr auto finds the rate of one training; give %s a rate, or leave --lr out",
                       command);
    }
    return check_constants(config);
}

/* What begins with a saved model has its sizes and weights. */
static rg_status check_start(const char *command, const struct rg_config *config) {
    static const char *const decided[] = {"hidden", "layers",     "bidirectional", "embed",
                                          "init",   "init-input", "forget-bias"};
    const bool begins = strcmp(command, "train") == 0 || strcmp(command, "grad") == 0;
    for (size_t i = 0; begins && config->data.model_file != NULL && i < sizeof decided / sizeof *decided; i++) {
        if (rg_config_gives(config, decided[i])) {
            return rg_fail(RG_USAGE, "--%s is determined by the model of --model; leave it out", decided[i]);
        }
    }
    return RG_OK;
}

rg_status rg_fold_check(size_t fold, size_t folds) {
    return fold <= folds
               ? RG_OK
               : rg_fail(RG_USAGE, "--fold %zu of --folds %zu: there is none; add --folds %zu", fold, folds, fold);
}

static rg_status check_fold(const struct rg_config *config) {
    const struct rg_data_options *const data = &config->data;
    if (data->fold == 0) {
        return rg_config_gives(config, "folds")
                   ? rg_fail(RG_USAGE, "--folds %zu deals the sequences for --fold I, which is missing", data->folds)
                   : RG_OK;
    }
    if (!rg_config_reads_files(config)) {
        return rg_fail(RG_USAGE, "--fold holds a part of a file out; add --data FILE or --task fashion-mnist");
    }
    RG_TRY(rg_fold_check(data->fold, data->folds));
    if (data->val != NULL || data->val_frac > 0.0) {
        return rg_fail(RG_USAGE, "--fold and --%s both give validation data; leave one out",
                       data->val != NULL ? "val" : "val-frac");
    }
    if (config->training.tbptt > 0) {
        return rg_fail(RG_USAGE, "--fold deals sequences, and --tbptt has one; leave one of the two out");
    }
    return RG_OK;
}

/* Validation and test data, which files have. */
static rg_status check_held_out(const struct rg_config *config) {
    const char *const files[] = {config->data.file, config->data.val, config->data.test};
    const bool has_validation = config->data.val != NULL || config->data.val_frac > 0.0 || config->data.fold > 0;
    size_t from_stdin = 0;
    if (config->data.file == NULL && (config->data.val != NULL || config->data.test != NULL)) {
        return rg_fail(RG_USAGE, "--%s requires --data FILE", config->data.val != NULL ? "val" : "test");
    }
    if (!rg_config_reads_files(config) && config->data.val_frac > 0.0) {
        return rg_fail(RG_USAGE, "--val-frac holds out a part of a file; add --data FILE or --task fashion-mnist");
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        from_stdin += files[i] != NULL && strcmp(files[i], "-") == 0;
    }
    if (from_stdin > 1) {
        return rg_fail(RG_USAGE, "stdin, `-`, can be used for only one of --data, --val and --test");
    }
    RG_TRY(check_fold(config));
    if (config->data.val != NULL && config->data.val_frac > 0.0) {
        return rg_fail(RG_USAGE, "--val and --val-frac both give validation data; leave one out");
    }
    if (!has_validation && (config->training.patience > 0 || config->training.val_every > 0)) {
        return rg_fail(RG_USAGE, "--%s needs validation data; add --val FILE, --val-frac X or --fold I",
                       config->training.patience > 0 ? "patience" : "val-every");
    }
    return RG_OK;
}

/* Is it the name of a CSV file, or stdin, which has CSV? */
static bool is_csv(const char *file) {
    return file != NULL && (rg_ends_in(file, ".csv") || rg_ends_in(file, ".tsv") || strcmp(file, "-") == 0);
}

/* What is done with the data: inputs are normalised, classes weighed, a text is read in windows, some number of times.
 */
static rg_status check_use(const struct rg_config *config) {
    if (config->data.normalize && !rg_config_reads_files(config)) {
        return rg_fail(RG_USAGE, "--normalize scales the inputs of a file; add --data FILE, or leave it out");
    }
    if (config->training.tbptt > 0 && config->data.file == NULL) {
        return rg_fail(RG_USAGE,
                       "--tbptt carries the state along a text or one long series, and the sequences of a task are "
                       "independent; add --data FILE, or leave it out");
    }
    if (config->training.tbptt > 0 && is_csv(config->data.file)) {
        return rg_fail(
            RG_USAGE,
            "--tbptt carries the state along a text (.txt) or one long series, an .npz file with x [1,T,F] and "
            "y for every step; a .csv has neither, --window W cuts its series into sequences");
    }
    if (config->training.tbptt > 0 && rg_config_gives(config, "steps")) {
        return rg_fail(RG_USAGE, "--tbptt and --steps both cut the data into windows; leave --steps out");
    }
    if (config->data.class_weights != NULL && !rg_config_reads_files(config)) {
        return rg_fail(RG_USAGE, "--class-weights weighs the classes of a file; add --data FILE, or leave it out");
    }
    if (config->training.epochs > 0 && rg_config_gives(config, "updates")) {
        return rg_fail(RG_USAGE, "--epochs and --updates both say how long to train; leave one out");
    }
    return RG_OK;
}

bool rg_fill_number(const char *fill, double *number) {
    static const struct rg_option value = {.name = "fill",
                                           .argument = "WHAT",
                                           .kind = RG_KIND_SIGNED,
                                           .offset = offsetof(struct rg_config, data.ignore_label),
                                           .max = 1000000000};
    struct rg_config scratch = {.data.ignore_label = 0.0};
    if (strcmp(fill, "zero") != 0 && rg_option_set(&value, fill, &scratch) != RG_OK) {
        return false;
    }
    *number = scratch.data.ignore_label;
    return true;
}

static rg_status check_pixels(const struct rg_config *config) {
    if (config->data.pixels.single && !rg_config_reads_files(config)) {
        return rg_fail(RG_USAGE, "--pixels takes images apart; add --task fashion-mnist or --data with an IDX file");
    }
    if (rg_config_gives(config, "permute") && !config->data.pixels.single) {
        return rg_fail(RG_USAGE, "--permute is the order of single pixels; add --pixels");
    }
    return RG_OK;
}

static rg_status check_fill(const struct rg_config *config) {
    const char *const fill = config->data.fill;
    double number = 0.0;
    if (fill != NULL && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "--fill is for missing values of a file; add --data FILE, or leave it out");
    }
    if (fill != NULL && strcmp(fill, "mean") != 0 && strcmp(fill, "previous") != 0 && !rg_fill_number(fill, &number)) {
        return rg_fail(RG_USAGE,
                       "--fill: '%.80s' is not mean, previous, zero or a number from -1000000000 to 1000000000", fill);
    }
    return RG_OK;
}

static rg_status check_target_columns(const struct rg_config *config) {
    const char *const file = config->data.file;
    if (config->data.target_columns == NULL || is_csv(file)) {
        return RG_OK;
    }
    return rg_fail(RG_USAGE, "--target-column names columns of a .csv or .tsv file; %s",
                   file == NULL ? "add --data FILE.csv, or leave it out"
                                : "in other files the targets are y; leave it out");
}

/* Options of the tokens of a text. */
static rg_status check_text(const struct rg_config *config) {
    static const char *const of_text[] = {"level", "vocab", "min-count", "lowercase"};
    const bool text = config->data.file != NULL && rg_ends_in(config->data.file, ".txt");
    for (size_t i = 0; !text && i < sizeof of_text / sizeof *of_text; i++) {
        if (rg_config_gives(config, of_text[i])) {
            return rg_fail(RG_USAGE, "--%s is for a text file (.txt); add --data FILE.txt, or leave it out",
                           of_text[i]);
        }
    }
    return RG_OK;
}

/* Options that only some files have a use for. */
static rg_status check_files(const struct rg_config *config) {
    const char *const file = config->data.file;
    const bool pads = file != NULL && (rg_ends_in(file, ".npz") || rg_ends_in(file, ".npy"));
    if (rg_config_gives(config, "pad") && !pads) {
        return rg_fail(RG_USAGE, "--pad is the side on which an .npz file pads short sequences; %s",
                       file == NULL ? "add --data FILE.npz, or leave it out" : "leave it out");
    }
    if (rg_config_gives(config, "ignore-label") && !rg_config_reads_files(config)) {
        return rg_fail(RG_USAGE, "--ignore-label is for the labels of a file; add --data FILE, or leave it out");
    }
    if (rg_config_gives(config, "head") && config->data.model_file == NULL) {
        return rg_fail(RG_USAGE, "--head names a layer of the file of --model; add --model FILE, or leave it out");
    }
    if (rg_config_gives(config, "save-every") && config->output.out == NULL) {
        return rg_fail(RG_USAGE,
                       "--save-every saves checkpoints in the folder of --out; add --out DIR, or leave it out");
    }
    return RG_OK;
}

/* Options of windows. */
static rg_status check_windows(const struct rg_config *config) {
    const bool cuts = config->data.window > 0 || (config->data.model_file != NULL && config->data.file != NULL);
    if (config->data.window > 0 && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "--window cuts the series of a file; add --data FILE, or leave it out");
    }
    if (config->data.window > 0 && config->training.tbptt > 0) {
        return rg_fail(
            RG_USAGE, "--window makes sequences that start from zero states, --tbptt carries the state; leave one out");
    }
    if (config->data.window > 0 && rg_config_gives(config, "steps")) {
        return rg_fail(RG_USAGE, "--window and --steps both say how long the sequences are; leave one out");
    }
    if (!cuts && (rg_config_gives(config, "stride") || rg_config_gives(config, "horizon"))) {
        return rg_fail(RG_USAGE, "--%s requires --window W, the steps of a window; add it",
                       rg_config_gives(config, "stride") ? "stride" : "horizon");
    }
    return RG_OK;
}

/* The data of a task have nothing to do with a model. */
static rg_status check_task_alone(const struct rg_config *config) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (option->group == RG_GROUP_MODEL && rg_config_gives(config, option->name)) {
            return rg_fail(RG_USAGE, "--%s is an option of a model, and export --task %s writes data; leave it out",
                           option->name, config->data.task);
        }
    }
    return RG_OK;
}

/* grad and export work on a task or on files; each has options of its own. */
static rg_status check_source(const char *command, const struct rg_config *config) {
    static const char *const of_grad[] = {"batch", "seed", NULL};
    static const char *const of_export[] = {"sequences", "steps", "seed", NULL};
    const bool grad = strcmp(command, "grad") == 0, exports = strcmp(command, "export") == 0;
    const char *const *const of_task = grad ? of_grad : of_export;
    if (exports && config->data.task != NULL && config->data.model_file == NULL) {
        return check_task_alone(config);
    }
    if ((!grad && !exports) || (grad && config->data.task != NULL)) {
        return RG_OK;
    }
    if (exports && config->data.task != NULL) {
        return rg_fail(RG_USAGE, "--task %s and --model %.200s are both given; export writes one of the two",
                       config->data.task, config->data.model_file);
    }
    if (config->data.model_file == NULL) {
        return config->data.file ? rg_fail(RG_USAGE, "%s needs --model FILE for --data", command)
                                 : rg_fail(RG_USAGE, "%s needs --model FILE, or --task NAME", command);
    }
    if (grad && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "grad needs --data FILE, or --task NAME");
    }
    for (size_t i = 0; of_task[i] != NULL; i++) {
        if (rg_config_gives(config, of_task[i])) {
            return rg_fail(RG_USAGE, "--%s requires --task NAME; %s, so leave it out", of_task[i],
                           grad ? "the whole file of --data is one batch" : "a model has none");
        }
    }
    return RG_OK;
}

/* What the walk needs. */
static rg_status check_walk(const char *command, const struct rg_config *config) {
    const struct rg_output_options *const output = &config->output;
    const bool walks = output->trace || output->trace_latex != NULL;
    if (strcmp(command, "grad") != 0) {
        return RG_OK;
    }
    if (output->sequence > 0 && !walks) {
        return rg_fail(RG_USAGE, "--sequence selects a sequence of the walk; add --trace or --trace-latex F.tex");
    }
    if (output->trace && output->json && output->out == NULL) {
        return rg_fail(RG_USAGE, "--trace with --json puts its numbers into a file; add --out FILE.safetensors");
    }
    return RG_OK;
}

rg_status rg_options_check(size_t command, const struct rg_config *config) {
    const char *const name = rg_commands[command].name;
    RG_TRY(check_model(name, config));
    RG_TRY(check_training(name, config));
    RG_TRY(check_held_out(config));
    RG_TRY(check_use(config));
    RG_TRY(check_start(name, config));
    RG_TRY(check_windows(config));
    RG_TRY(check_files(config));
    RG_TRY(check_text(config));
    RG_TRY(check_pixels(config));
    RG_TRY(check_fill(config));
    RG_TRY(check_target_columns(config));
    if (config->model.embed > 0 && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "--embed is for the words of a file; add --data FILE");
    }
    if (config->data.task != NULL && config->data.file != NULL) {
        return rg_fail(RG_USAGE, "--task %s and --data %.200s are both given; leave one out", config->data.task,
                       config->data.file);
    }
    RG_TRY(check_source(name, config));
    if (config->machine.math == RG_MATH_TF32 && rg_config_is_double(config)) {
        return rg_fail(RG_USAGE, "--math tf32 requires --precision float; leave out --math or --precision");
    }
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if ((option->needed >> command & 1) != 0 && *(const char *const *)rg_option_field(option, config) == NULL) {
            return rg_fail(RG_USAGE, "%s needs --%s %s", name, option->name, option->argument);
        }
    }
    return check_walk(name, config);
}

/* List the options that may be new in a resumed run: "--a, --b and --c". */
static void list_new(char *text, size_t bytes) {
    size_t n = 0, length = 0;
    for (size_t i = 0; i < rg_n_options; i++) {
        n += rg_options[i].resuming == RG_RESUME_REPLACES;
    }
    for (size_t i = 0, k = 0; i < rg_n_options && length < bytes; i++) {
        if (rg_options[i].resuming == RG_RESUME_REPLACES) {
            const char *const before = k == 0 ? "" : k + 1 == n ? " and " : ", ";
            length += (size_t)snprintf(text + length, bytes - length, "%s--%s", before, rg_options[i].name);
            k++;
        }
    }
}

rg_status rg_options_check_resume(const struct rg_config *config) {
    if (rg_config_gives(config, "updates") && rg_config_gives(config, "epochs")) {
        return rg_fail(RG_USAGE, "--epochs and --updates both say how long to train; leave one out");
    }
    for (size_t i = 0; i < rg_n_options; i++) {
        if (rg_options[i].resuming == RG_RESUME_NEVER && rg_config_gives(config, rg_options[i].name)) {
            char allowed[200];
            list_new(allowed, sizeof allowed);
            return rg_fail(RG_USAGE,
                           "--%s cannot be given with --resume, which uses the options of the run; leave it out "
                           "(%s may be new)",
                           rg_options[i].name, allowed);
        }
    }
    return RG_OK;
}
