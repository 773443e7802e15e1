/* What the commands share: see setup.h. */
#include "commands/setup.h"

#include <string.h>

#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/engine.h"
#include "train/tuning.h"

#define FASHION "/usr/share/datasets/fashion-mnist/"

enum { OUTPUT_BATCH = 4096 };

static bool is_double(const struct rg_config *config) {
    return config->precision == RG_PRECISION_DOUBLE;
}

enum rg_tf32 rg_setup_tf32(const struct rg_config *config) {
    return config->math == RG_MATH_TF32 ? RG_TF32_TENSOR_CORES : RG_TF32_NONE;
}

rg_status rg_setup_library(const struct rg_config *config, struct rg_device *device) {
    const struct rg_device_info *const info = &device->info;
    const bool faster = info->library_wins > 0 || (info->library_wins == 0 && info->is_gpu);
    if (config->blas == RG_BLAS_OWN || (config->blas == RG_BLAS_AUTO && !faster)) {
        return RG_OK;
    }
    const rg_status status = rg_device_use_library(device);
    return config->blas == RG_BLAS_LIBRARY ? status : RG_OK;
}

rg_status rg_setup_device(const struct rg_config *config, struct rg_device **out) {
    const struct rg_device_options options = {
        .threads = config->threads, .is_double = is_double(config), .tf32 = rg_setup_tf32(config)};
    RG_TRY(rg_device_open(config->device, &options, out));
    if ((*out)->info.tf32) {
        rg_log("%s%s (--math tf32)", (*out)->info.name, rg_device_math(&(*out)->info));
    }
    rg_tuning_load(&(*out)->info);
    const rg_status status = rg_setup_library(config, *out);
    if (status != RG_OK) {
        rg_device_destroy(*out);
        *out = NULL;
    }
    return status;
}

rg_status rg_setup_data(const struct rg_config *config, char *const *words, size_t n_words, struct rg_dataset **out) {
    const struct rg_dataset_options options = {.vocabulary = (const char *const *)words,
                                               .n_vocabulary = n_words,
                                               .pad_left = config->pad == RG_PAD_LEFT,
                                               .doubles = is_double(config)};
    return rg_dataset_read(config->data, &options, out);
}

void rg_setup_round(const struct rg_config *config, struct rg_tensor *tensor) {
    const size_t n = rg_tensor_elements(tensor);
    char *const bytes = (char *)tensor->data;
    if (is_double(config)) {
        return;
    }
    for (size_t i = 0; i < n; i++) { /* a float's bytes are those of doubles that are done with */
        double value;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        const float rounded = (float)value;
        memcpy(bytes + i * sizeof rounded, &rounded, sizeof rounded);
    }
    tensor->dtype = RG_F32;
    tensor->data_bytes = n * sizeof(float);
}

rg_status rg_setup_fashion_mnist(bool held_out, struct rg_dataset **out) {
    return held_out
               ? rg_dataset_read_idx(FASHION "t10k-images-idx3-ubyte.gz", FASHION "t10k-labels-idx1-ubyte.gz", out)
               : rg_dataset_read_idx(FASHION "train-images-idx3-ubyte.gz", FASHION "train-labels-idx1-ubyte.gz", out);
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
                       data->n_features, tokens ? "words" : "features", first->name, config->model, first->rows,
                       first->columns, features, table ? " words, as whole numbers or text" : "");
    }
    return rg_data_check_states(data, &model->shape);
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

rg_status rg_setup_model_and_data(const struct rg_config *config, bool labelled, struct rg_model **model,
                                  struct rg_dataset **data, struct rg_problem *problem) {
    *model = NULL;
    *data = NULL;
    if (!config->model || !config->data) {
        return rg_fail(RG_USAGE, "--model FILE and --data FILE are both needed");
    }
    const struct rg_shape defaults = {.cell = config->cell,
                                      .activation = config->activation,
                                      .loss = config->loss,
                                      .target = config->target,
                                      .skip = config->skip,
                                      .skip_kind = config->skip_kind};
    rg_status status = RG_OK;
    RG_TRY_GOTO(is_double(config) ? rg_model_load_exact(config->model, &defaults, model)
                                  : rg_model_load(config->model, &defaults, model));
    RG_TRY_GOTO(rg_setup_data(config, (*model)->vocabulary,
                              (*model)->vocabulary ? rg_shape_features(&(*model)->shape) : 0, data));
    RG_TRY_GOTO(check_fit(config, *model, *data));
    const enum rg_loss loss = config->loss != RG_LOSS_AUTO ? config->loss : (*model)->shape.loss;
    RG_TRY_GOTO(rg_problem_data(*data, loss, (*model)->shape.target, problem));
    if (labelled && !(*data)->y) {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s has no labels (y), which the loss needs", config->data));
    }
    if (labelled) {
        RG_TRY_GOTO(check_targets(*model, *data, problem));
    }
    return RG_OK;
fail:
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

rg_status rg_setup_outputs(struct rg_device *device, const struct rg_model *model, const struct rg_dataset *data,
                           const struct rg_problem *problem, uint64_t memory, double *outputs) {
    const size_t n = data->n_sequences, batch = n < OUTPUT_BATCH ? n : OUTPUT_BATCH;
    struct rg_data_source *source = NULL;
    struct rg_engine *engine = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_data_source_create(device, data, batch, 0, false, &source));
    const struct rg_engine_options options = {.plan = {.batch = batch,
                                                       .steps = data->n_steps,
                                                       .n_targets = problem->n_targets,
                                                       .initial = data->n_states > 0,
                                                       .memory = memory,
                                                       .data_bytes = rg_data_source_bytes(device, data, batch)}};
    RG_TRY_GOTO(rg_engine_create(device, model, &options, &engine));
    for (size_t first = 0; first < n; first += batch) {
        const size_t rows = n - first < batch ? n - first : batch;
        RG_TRY_GOTO(rg_engine_forward(engine, &source->source, first / batch, rows,
                                      outputs + first * rg_setup_output_elements(model, data)));
    }
    rg_setup_align_outputs(model, data, outputs);
fail:
    rg_engine_destroy(engine);
    rg_data_source_destroy(source);
    return status;
}
