/* Data and model that the options ask for: see setup.h. */
#include "train/setup.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/counted.h"
#include "base/sizes.h"
#include "engine/engine.h"
#include "model/assign.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/fill.h"
#include "train/target_columns.h"
#include "train/windows.h"

#define FASHION "/usr/share/datasets/fashion-mnist/"

enum { OUTPUT_BATCH = 4096 };

/* Turn images into sequences of pixels if requested. On failure *data is destroyed. */
static rg_status take_apart(struct rg_pixels pixels, struct rg_dataset **data) {
    const rg_status status = pixels.single ? rg_dataset_pixels(*data, pixels) : RG_OK;
    if (status != RG_OK) {
        rg_dataset_destroy(*data);
        *data = NULL;
    }
    return status;
}

/* Check the width of data that were just read; then split images into pixels. A model's data have its width. */
static rg_status finish_reading(const struct rg_config *config, const struct rg_model *model, struct rg_pixels pixels,
                                struct rg_dataset **data) {
    if (!model && (*data)->n_features >= RG_MAX_WIDTH) {
        const rg_status status =
            rg_fail(RG_NO_MEMORY, "%s: %zu different words or features of a step are too many; below %d are possible",
                    (*data)->path, (*data)->n_features, RG_MAX_WIDTH);
        rg_dataset_destroy(*data);
        *data = NULL;
        return status;
    }
    if (model && pixels.single && (*data)->kind != RG_INPUT_BYTE) {
        const rg_status status = rg_fail(RG_BAD_FILE, "%s takes images, pixel by pixel, and %s has none",
                                         config->data.model_file, (*data)->path);
        rg_dataset_destroy(*data);
        *data = NULL;
        return status;
    }
    return take_apart(pixels, data);
}

/* How a run reads images: as the model does, else as the options say. RG_USAGE if the two differ. */
static rg_status choose_pixels(const struct rg_config *config, const struct rg_model *model, struct rg_pixels *pixels) {
    const struct rg_pixels asked = config->data.pixels;
    *pixels = model ? model->pixels : asked;
    if (model && asked.single && (!pixels->single || pixels->permute != asked.permute)) {
        return rg_fail(RG_USAGE, "--pixels%s, but %s was trained on %s; leave it out",
                       asked.permute > 0 ? " and --permute" : "", config->data.model_file,
                       !pixels->single        ? "rows of images, or on other data"
                       : pixels->permute == 0 ? "pixels row by row"
                                              : "pixels in another order");
    }
    return RG_OK;
}

/* The memory of which data may take half before they stay in their file. */
static uint64_t memory_for_data(const struct rg_config *config) {
    const uint64_t given = config->machine.memory, machine = rg_machine_memory() / 4 * 3;
    return given > 0 && (given < machine || machine == 0) ? given : machine;
}

/* How all data of a run are read. */
static struct rg_dataset_options reading_of(const struct rg_config *config) {
    return (struct rg_dataset_options){.steps = config->training.tbptt ? SIZE_MAX : config->data.steps,
                                       .pad_left = config->data.pad == RG_PAD_LEFT,
                                       .memory = memory_for_data(config),
                                       .doubles = rg_config_is_double(config) || config->data.normalize};
}

/* Read words, columns and classes by the numbers that they have in the model. */
static void number_as_model(const struct rg_model *model, struct rg_dataset_options *options) {
    const size_t features = rg_shape_features(&model->shape);
    options->vocabulary = (const char *const *)model->vocabulary;
    options->n_vocabulary = model->vocabulary ? features : 0;
    options->features = (const char *const *)model->features;
    options->n_features = model->features ? features : 0;
    options->classes = (const char *const *)model->classes;
    options->n_classes = model->n_classes;
    options->level = model->level;
    options->lowercase = model->lowercase;
}

/* Read --data, with the target columns that the model or the options name. */
static rg_status read_file(const struct rg_config *config, const struct rg_model *model,
                           struct rg_dataset_options *options, struct rg_dataset **out) {
    struct rg_target_columns columns;
    RG_TRY(rg_target_columns_choose(config, model, &columns));
    options->targets = columns.names;
    options->n_targets = columns.n;
    const rg_status status = config->data.arrays
                                 ? rg_dataset_of_arrays(config->data.arrays, config->data.file, options, out)
                                 : rg_dataset_read(config->data.file, options, out);
    rg_target_columns_release(&columns);
    return status;
}

rg_status rg_setup_data(const struct rg_config *config, const struct rg_model *model, bool lenient,
                        struct rg_dataset **out) {
    struct rg_dataset_options options = reading_of(config);
    struct rg_pixels pixels;
    options.lenient = lenient;
    options.series = rg_windows_asked(config, model).steps > 0;
    options.keep_names = options.series || lenient;
    options.missing = rg_fill_is_asked(config, model);
    if (model) {
        number_as_model(model, &options);
        options.doubles = options.doubles || model->input_mean;
    } else {
        options.level = config->data.level;
        options.lowercase = config->data.lowercase;
        options.may_fill = options.may_window = true;
    }
    options.max_vocabulary = config->data.vocabulary;
    options.min_count = config->data.min_count;
    RG_TRY(choose_pixels(config, model, &pixels));
    RG_TRY(read_file(config, model, &options, out));
    return finish_reading(config, model, pixels, out);
}

rg_status rg_setup_held_out(const struct rg_config *config, const char *path, const struct rg_arrays *arrays,
                            const struct rg_model *start, const struct rg_dataset *training, struct rg_dataset **out) {
    struct rg_dataset_options options = reading_of(config);
    options.vocabulary = (const char *const *)training->vocabulary;
    options.n_vocabulary = training->vocabulary ? training->n_features : 0;
    options.features = (const char *const *)training->features;
    options.n_features = training->features ? training->n_features : 0;
    options.classes = (const char *const *)training->classes;
    options.n_classes = training->n_classes;
    options.targets = (const char *const *)training->targets;
    options.n_targets = training->n_target_names;
    options.level = training->level;
    options.lowercase = training->lowercase;
    options.series = training->windows.steps > 0;
    options.missing = rg_fill_is_asked(config, start);
    options.may_fill = training->kind == RG_INPUT_FLOAT && start == NULL;
    RG_TRY(arrays ? rg_dataset_of_arrays(arrays, path, &options, out) : rg_dataset_read(path, &options, out));
    RG_TRY(take_apart(training->pixels, out));
    RG_TRY(options.series ? rg_windows_of_others(config, start, &training->windows, false, out)
                          : rg_fill_begin(config, start, *out));
    rg_setup_tell(*out);
    return RG_OK;
}

/* The parts differ by one sequence at most. */
static rg_status split_fold(const struct rg_config *config, struct rg_dataset *training, struct rg_dataset **held_out) {
    const size_t n = training->n_sequences, folds = config->data.folds;
    if (n < folds) {
        return rg_fail(RG_BAD_FILE, "%s has %zu sequence%s, too few for --folds %zu", training->path, n,
                       n == 1 ? "" : "s", folds);
    }
    const size_t first = (config->data.fold - 1) * n / folds, end = config->data.fold * n / folds;
    const struct rg_split split = {.first = first, .count = end - first, .seed = config->training.seed};
    return rg_dataset_split(training, &split, held_out);
}

rg_status rg_setup_split(const struct rg_config *config, struct rg_dataset *training, struct rg_dataset **held_out) {
    const size_t n = training->n_sequences;
    const double wanted = config->data.val_frac * (double)n + 0.5;
    if (config->data.fold > 0) {
        return split_fold(config, training, held_out);
    }
    if (n < 2) {
        return rg_fail(RG_BAD_FILE, "%s has only one sequence, so --val-frac cannot hold out a part", training->path);
    }
    const size_t count = wanted < 1.0 ? 1 : wanted >= (double)(n - 1) ? n - 1 : (size_t)wanted;
    const bool in_order = config->training.tbptt > 0; /* the end of the text or series */
    const struct rg_split split = {
        .first = in_order ? n - count : 0, .count = count, .seed = config->training.seed, .in_order = in_order};
    return rg_dataset_split(training, &split, held_out);
}

rg_status rg_setup_normalize(const struct rg_config *config, const struct rg_model *start, struct rg_dataset *training,
                             struct rg_dataset *const *others, size_t n_others) {
    double *moments = NULL;
    rg_status status = RG_OK;
    if (training->kind == RG_INPUT_TOKEN && start) {
        return rg_fail(RG_BAD_FILE, "%s takes columns of numbers, and %s has words", config->data.model_file,
                       training->path);
    }
    if (training->kind == RG_INPUT_TOKEN) {
        return rg_fail(RG_USAGE, "--normalize is for columns of numbers, and %s has words; leave it out",
                       training->path);
    }
    const size_t n = training->n_features;
    RG_TRY(rg_alloc(&moments, 2 * n, sizeof *moments, "the inputs' means"));
    if (start && rg_shape_features(&start->shape) == n) { /* else refused later */
        memcpy(moments, start->input_mean, n * sizeof *moments);
        memcpy(moments + n, start->input_deviation, n * sizeof *moments);
    } else {
        RG_TRY_GOTO(rg_dataset_moments(training, moments, moments + n));
    }
    for (size_t f = 0; f < n; f++) {
        if (!isfinite(moments[f]) || !isfinite(moments[n + f])) {
            RG_TRY_GOTO(rg_fail(RG_BAD_FILE,
                                "%s: column %zu of the inputs has numbers whose squares are beyond the range of a "
                                "double, so --normalize cannot scale it; divide it by a power of 10",
                                training->path, f + 1));
        }
    }
    RG_TRY_GOTO(rg_dataset_normalize(training, moments, moments + n, rg_config_is_double(config)));
    for (size_t i = 0; i < n_others; i++) {
        if (others[i] && others[i]->n_features == n && others[i]->kind != RG_INPUT_TOKEN) { /* else refused later */
            RG_TRY_GOTO(rg_dataset_normalize(others[i], moments, moments + n, rg_config_is_double(config)));
        }
    }
cleanup:
    rg_free(moments);
    return status;
}

rg_status rg_setup_tell_scale(struct rg_dataset *data) {
    enum { ENOUGH = 1000 };
    struct rg_dataset part = *data;
    double *moments = NULL, largest = 0.0;
    size_t at = 0;
    const size_t n = data->n_features;
    if (data->kind != RG_INPUT_FLOAT || data->input_mean) {
        return RG_OK;
    }
    part.n_sequences = rg_min(data->n_sequences, ENOUGH);
    RG_TRY(rg_alloc(&moments, 2 * n, sizeof *moments, "the inputs' means"));
    const rg_status status = rg_dataset_moments(&part, moments, moments + n);
    for (size_t f = 0; status == RG_OK && f < n; f++) {
        const double size = hypot(moments[f], moments[n + f]);
        at = size > largest ? f : at;
        largest = fmax(largest, size);
    }
    rg_free(moments);
    largest = fmin(largest, DBL_MAX); /* their squares may be infinite */
    data->large_inputs = largest > RG_LARGE_NUMBER;
    if (largest > RG_LARGE_NUMBER && data->features) {
        rg_log("%s: the inputs are large (`%s` is about %.2g), which saturates units; --normalize scales them",
               data->path, data->features[at], largest);
    } else if (largest > RG_LARGE_NUMBER) {
        rg_log("%s: the inputs are large (feature %zu is about %.2g), which saturates units; --normalize scales them",
               data->path, at + 1, largest);
    }
    return status;
}

void rg_setup_tell(const struct rg_dataset *data) {
    char text[RG_PART_BYTES];
    if (data->unused[0] != '\0') {
        rg_log("%s: not used: %s", data->path, data->unused);
    }
    if (data->n_unknown > 0) {
        const char *const noun = data->level == RG_LEVEL_CHAR ? "character" : "word";
        rg_log("%s: %s not in the model's vocabulary and read%s as <unk>", data->path,
               rg_counted_part(data->n_unknown, data->n_words, noun, text), data->n_unknown == 1 ? "s" : "");
    }
    if (data->n_strangers > 0) {
        rg_log("%s: %s not among the model's classes and left out of the score", data->path,
               rg_counted_part(data->n_strangers, data->n_sequences, "label", text));
    }
}

struct rg_target_options rg_setup_targets(const struct rg_config *config, enum rg_loss loss, enum rg_target target) {
    return (struct rg_target_options){.loss = config->model.loss != RG_LOSS_AUTO ? config->model.loss : loss,
                                      .target = target,
                                      .ignored = config->data.ignore_label};
}

void rg_setup_round(const struct rg_config *config, struct rg_tensor *tensor) {
    const size_t n = rg_tensor_elements(tensor);
    char *const bytes = (char *)tensor->data;
    if (rg_config_is_double(config)) {
        return;
    }
    for (size_t i = 0; i < n; i++) { /* float i is written over bytes of double i or an earlier one, already read */
        double value;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        const float rounded = (float)value;
        memcpy(bytes + i * sizeof rounded, &rounded, sizeof rounded);
    }
    tensor->dtype = RG_F32;
    tensor->data_bytes = n * sizeof(float);
}

rg_status rg_setup_fashion_mnist(const struct rg_config *config, const struct rg_model *model, bool held_out,
                                 struct rg_dataset **out) {
    struct rg_pixels pixels;
    RG_TRY(choose_pixels(config, model, &pixels));
    RG_TRY(held_out
               ? rg_dataset_read_idx(FASHION "t10k-images-idx3-ubyte.gz", FASHION "t10k-labels-idx1-ubyte.gz", out)
               : rg_dataset_read_idx(FASHION "train-images-idx3-ubyte.gz", FASHION "train-labels-idx1-ubyte.gz", out));
    return finish_reading(config, model, pixels, out);
}

/* Do the data fit the model? Tokens may use fewer words than the model knows. */
static rg_status check_fit(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *data) {
    const size_t features = rg_shape_features(&model->shape);
    const bool tokens = data->kind == RG_INPUT_TOKEN, table = model->shape.words > 0;
    if (tokens && data->n_features < features) {
        data->n_features = features;
    }
    if (data->n_features != features || (table && !tokens)) {
        const struct rg_parameter *const first =
            &model->parameters[table ? rg_model_embed(model) : rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_IH)];
        return rg_fail(RG_BAD_FILE, "%s has %zu %s, but %s of %s is [%zu, %zu]: it takes %zu%s", data->path,
                       data->n_features, tokens ? "words" : "features", first->name, config->data.model_file,
                       first->rows, first->columns, features, table ? " words, as whole numbers or text" : "");
    }
    if (tokens && model->features) {
        return rg_fail(RG_BAD_FILE, "%s has words, but %s was trained on columns of numbers, `%s` to `%s`", data->path,
                       config->data.model_file, model->features[0], model->features[features - 1]);
    }
    return rg_data_check_states(data, &model->shape);
}

/* Words cannot be the labels of a model whose classes have no names. */
static rg_status check_names(const struct rg_config *config, const struct rg_model *model, bool labelled,
                             const struct rg_dataset *data) {
    if (!data->classes || model->classes) {
        return RG_OK;
    }
    const char *const trained = model->level != RG_LEVEL_NONE ? "a plain text" : "numbers";
    if (labelled) {
        return rg_fail(RG_BAD_FILE, "%s has words as labels, `%s` and others, but %s was trained on %s", data->path,
                       data->classes[0], config->data.model_file, trained);
    }
    rg_log("%s has words as labels, but the model was trained on %s: they are shown, not scored", data->path, trained);
    return RG_OK;
}

static rg_status check_targets(const struct rg_model *model, const struct rg_dataset *data,
                               const struct rg_problem *problem) {
    const size_t outputs = model->shape.outputs;
    if (problem->loss == RG_LOSS_CE ? problem->outputs > outputs : problem->outputs != outputs) {
        return rg_fail(RG_BAD_FILE, "%s has %zu %s, but head.weight is [%zu, %zu]: the model has %zu outputs",
                       data->path, problem->outputs,
                       problem->loss == RG_LOSS_CE          ? "classes"
                       : problem->target == RG_TARGET_STEPS ? "targets a step"
                                                            : "targets a sequence",
                       outputs, rg_shape_directions(&model->shape) * model->shape.hidden, outputs);
    }
    return RG_OK;
}

rg_status rg_setup_model(const struct rg_config *config, bool exact, struct rg_model **out) {
    if (config->data.model) {
        return rg_model_copy(config->data.model, exact, out);
    }
    const struct rg_shape defaults = {.cell = config->model.cell,
                                      .activation = config->model.activation,
                                      .loss = config->model.loss,
                                      .target = config->model.target,
                                      .readout = config->model.readout,
                                      .skip = config->model.skip,
                                      .skip_kind = config->model.skip_kind};
    const struct rg_model_reading how = {.defaults = &defaults,
                                         .head = config->data.head,
                                         .exact = exact,
                                         .asks_activation = rg_config_gives(config, "activation"),
                                         .asks_skip = rg_config_gives(config, "skip"),
                                         .asks_skip_kind = rg_config_gives(config, "skip-kind"),
                                         .asks_target = rg_config_gives(config, "target")};
    return rg_model_read(config->data.model_file, &how, out);
}

rg_status rg_setup_check_given(const struct rg_config *config, const struct rg_model *model) {
    const struct rg_data_options *const asked = &config->data;
    const enum rg_loss loss = config->model.loss;
    const char *const file = asked->model_file;
    const char *const of_text = asked->level != RG_LEVEL_NONE && asked->level != model->level ? "level"
                                : asked->lowercase && !model->lowercase                       ? "lowercase"
                                : asked->vocabulary > 0                                       ? "vocab"
                                : asked->min_count > 0                                        ? "min-count"
                                                                                              : NULL;
    if (loss != RG_LOSS_AUTO && loss != model->shape.loss) {
        return rg_fail(RG_USAGE, "--loss %s, but %s was trained with --loss %s; leave --loss out", rg_loss_names[loss],
                       file, rg_loss_names[model->shape.loss]);
    }
    if (of_text && model->vocabulary) {
        return rg_fail(RG_USAGE, "--%s is determined by the model of --model; leave it out", of_text);
    }
    if (model->windows.steps == 0 && (asked->stride != 1 || asked->horizon != 1)) {
        return rg_fail(RG_USAGE, "--%s, but %s was not trained on windows; leave it out",
                       asked->stride != 1 ? "stride" : "horizon", file);
    }
    return RG_OK;
}

rg_status rg_setup_check_budget(const struct rg_config *config, const struct rg_shape *shape) {
    const bool learned = shape->skip > 0 && shape->skip_kind == RG_SKIP_LEARNED;
    return learned || !rg_config_gives(config, "skip-budget")
               ? RG_OK
               : rg_fail(RG_USAGE, "--skip-budget requires --skip-kind learned, which the model does not have; leave "
                                   "the budget out");
}

rg_status rg_setup_check_fit(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *data,
                             const struct rg_problem *problem) {
    RG_TRY(check_fit(config, model, data));
    RG_TRY(check_names(config, model, true, data));
    return check_targets(model, data, problem);
}

void rg_setup_cut(const struct rg_config *config, enum rg_target target, struct rg_dataset *data) {
    rg_dataset_trim(data, target == RG_TARGET_STEPS);
    if (rg_config_gives(config, "steps")) {
        rg_dataset_cut(data, config->data.steps, target == RG_TARGET_STEPS);
    }
}

/* Bring the inputs into the form that the model takes: windows, filled gaps, the last --steps steps, normalised. */
static rg_status prepare_inputs(const struct rg_config *config, bool labelled, const struct rg_model *model,
                                struct rg_dataset **data) {
    const enum rg_target target = model->shape.target;
    if (model->windows.steps > 0) {
        struct rg_config by_model = *config;
        by_model.model.target = target;
        RG_TRY(rg_windows_of_others(&by_model, model, &model->windows, !labelled, data));
    } else if (config->data.stride != 1) {
        return rg_fail(RG_USAGE, "--stride %zu, but %s was not trained on windows; leave --stride out",
                       config->data.stride, config->data.model_file);
    } else {
        RG_TRY(rg_fill_begin(config, model, *data));
    }
    rg_setup_cut(config, target, *data);
    RG_TRY(check_fit(config, model, *data));
    RG_TRY(rg_fill_end(config, model, *data, NULL, 0));
    return model->input_mean
               ? rg_dataset_normalize(*data, model->input_mean, model->input_deviation, rg_config_is_double(config))
               : RG_OK;
}

/* What the data ask of the model; with `labelled` it must be what the model was trained for. */
static rg_status choose_problem(const struct rg_config *config, bool labelled, const struct rg_model *model,
                                struct rg_dataset *data, struct rg_problem *problem) {
    struct rg_target_options targets = rg_setup_targets(config, model->shape.loss, model->shape.target);
    targets.lenient = !labelled;
    targets.by_model = config->model.loss == RG_LOSS_AUTO;
    RG_TRY(check_names(config, model, labelled, data));
    RG_TRY(rg_problem_data(data, &targets, problem));
    if (labelled && !rg_dataset_is_labelled(data)) {
        return data->features || data->texts
                   ? rg_fail(RG_BAD_FILE, "%s has no column `%.60s`, which the loss needs", config->data.file,
                             model->targets ? model->targets[0] : "label")
                   : rg_fail(RG_BAD_FILE, "%s has no labels (y), which the loss needs", config->data.file);
    }
    return labelled ? check_targets(model, data, problem) : RG_OK;
}

rg_status rg_setup_model_and_data(const struct rg_config *config, bool labelled, struct rg_model **model,
                                  struct rg_dataset **data, struct rg_problem *problem) {
    *model = NULL;
    *data = NULL;
    if (!config->data.model_file || !config->data.file) {
        return rg_fail(RG_USAGE, "--model FILE and --data FILE are both needed");
    }
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_setup_model(config, rg_config_is_double(config), model));
    RG_TRY_GOTO(rg_setup_check_budget(config, &(*model)->shape));
    if (config->model.set) {
        RG_TRY_GOTO(rg_model_assign(*model, config->model.set, true));
    }
    RG_TRY_GOTO(rg_setup_data(config, *model, !labelled, data));
    assert(*model && *data);
    RG_TRY_GOTO(prepare_inputs(config, labelled, *model, data));
    RG_TRY_GOTO(choose_problem(config, labelled, *model, *data, problem));
    rg_setup_tell(*data);
    return RG_OK;
cleanup:
    rg_model_destroy(*model);
    rg_dataset_destroy(*data);
    *model = NULL;
    *data = NULL;
    return status;
}

size_t rg_setup_output_elements(const struct rg_model *model, const struct rg_dataset *data) {
    return model->shape.outputs * (model->shape.target == RG_TARGET_STEPS ? data->n_steps : 1);
}

void rg_setup_align_outputs(const struct rg_model *model, const struct rg_dataset *data, double *outputs) {
    if (model->shape.target != RG_TARGET_STEPS || !data->lengths) {
        return;
    }
    const size_t width = model->shape.outputs;
    for (size_t i = 0; i < data->n_sequences; i++) {
        double *const row = outputs + i * data->n_steps * width;
        const size_t length = (size_t)data->lengths[i], start = data->n_steps - length;
        if (!data->pad_left) {
            memmove(row, row + start * width, length * width * sizeof *row);
        }
        memset(data->pad_left ? row : row + length * width, 0, start * width * sizeof *row);
    }
}

size_t rg_setup_outputs_in_file(const struct rg_model *model, const struct rg_dataset *data) {
    return rg_setup_output_elements(model, data) +
           model->shape.outputs * (model->shape.target == RG_TARGET_STEPS ? data->padding : 0);
}

void rg_setup_pad_outputs(const struct rg_model *model, const struct rg_dataset *data, double *outputs) {
    const size_t each = rg_setup_output_elements(model, data), all = rg_setup_outputs_in_file(model, data);
    const size_t padding = all - each;
    for (size_t i = data->n_sequences; padding > 0 && i-- > 0;) {
        double *const row = outputs + i * all;
        memmove(data->pad_left ? row + padding : row, outputs + i * each, each * sizeof *row);
        memset(data->pad_left ? row : row + each, 0, padding * sizeof *row);
    }
}

rg_status rg_setup_outputs(struct rg_device *device, const struct rg_model *model, const struct rg_dataset *data,
                           const struct rg_problem *problem, uint64_t memory, double *outputs) {
    const size_t n = data->n_sequences, batch = rg_data_source_batch(device, data, OUTPUT_BATCH, memory);
    struct rg_data_source *source = NULL;
    struct rg_engine *engine = NULL;
    rg_status status = RG_OK;
    const struct rg_source_options batches = {.batch = batch, .memory = memory};
    RG_TRY_GOTO(rg_data_source_of(device, problem, &batches, &source));
    const struct rg_engine_options options = {
        .plan = {.batch = batch,
                 .steps = data->n_steps,
                 .n_targets = problem->n_targets,
                 .initial = data->n_states > 0,
                 .memory = memory,
                 .data_bytes = rg_data_source_bytes(device, data, batch, memory)}};
    RG_TRY_GOTO(rg_engine_create(device, model, &options, &engine));
    for (size_t first = 0; first < n; first += batch) {
        const size_t rows = rg_min(n - first, batch);
        RG_TRY_GOTO(rg_engine_forward(engine, &source->source, first / batch, rows,
                                      outputs + first * rg_setup_output_elements(model, data)));
    }
    rg_setup_align_outputs(model, data, outputs);
cleanup:
    rg_engine_destroy(engine);
    rg_data_source_destroy(source);
    return status;
}
