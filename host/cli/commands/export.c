/* `rnn-gpu export`: a model's file in another program's format, or a task's data. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ending.h"
#include "cli/commands/commands.h"
#include "cli/commands/export_task.h"
#include "cli/commands/export_test.h"
#include "cli/commands/outputs.h"
#include "export/formats.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/setup.h"

/* A format; the ending of the file's name selects it. */
static const struct format {
    const char *ending;
    rg_status (*write)(const struct rg_export *what);
    const char *name;
    bool tested; /* contains sequences for a self-check */
    bool loads;  /* reads the weights from the model's file */
    bool fills;  /* has the numbers that --fill puts in place of missing values */
} formats[] = {{.ending = ".onnx", .write = rg_export_onnx, .name = "ONNX"},
               {.ending = ".c", .write = rg_export_c, .name = "C99", .tested = true},
               {.ending = ".py", .write = rg_export_torch, .name = "PyTorch", .loads = true},
               {.ending = ".npz", .write = rg_export_npz, .name = "NumPy", .fills = true},
               {.ending = ".safetensors", .write = rg_export_safetensors, .name = "safetensors", .fills = true}};

/* The format of a file name; NULL for an unknown ending. */
static const struct format *find_format(const char *path) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (rg_ends_in(path, formats[i].ending)) {
            return &formats[i];
        }
    }
    return NULL;
}

/* ---- Path of the weights, for a Python module ---- */

/* Check that the file has the parameters under rnn-gpu's names. */
static rg_status check_names(const char *path, const struct rg_model *model) {
    struct rg_tensors *tensors = NULL;
    const char *missing = NULL;
    RG_TRY(rg_tensors_open(path, &tensors));
    for (size_t i = 0; i < model->n_parameters && missing == NULL; i++) {
        if (rg_tensors_find(tensors, model->parameters[i].name) == NULL) {
            missing = model->parameters[i].name;
        }
    }
    rg_tensors_destroy(tensors);
    return missing == NULL
               ? RG_OK
               : rg_fail(RG_USAGE,
                         "%s has no tensor '%s', which the Python module would load; export it as .safetensors "
                         "first, and then that file as .py",
                         path, missing);
}

/* *out = the path of `file` relative to the folder that holds `from`, such as "../models/a.safetensors". Where one of
 * them cannot be found, `file` as it is. */
static rg_status find_way(const char *from, const char *file, char **out) {
    char folder[PATH_MAX], real_folder[PATH_MAX], real_file[PATH_MAX], way[2 * PATH_MAX] = "";
    const char *const slash = strrchr(from, '/');
    size_t shared = 0, at = 0;
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - from) + 1 : 1,
                   slash != NULL ? from : ".");
    if (realpath(folder, real_folder) == NULL || realpath(file, real_file) == NULL) {
        return rg_copy_string(out, file);
    }
    (void)strncat(real_folder, "/", sizeof real_folder - strlen(real_folder) - 1);
    for (size_t i = 0; real_folder[i] != '\0' && real_folder[i] == real_file[i]; i++) {
        shared = real_folder[i] == '/' ? i + 1 : shared;
    }
    for (size_t i = shared; real_folder[i] != '\0' && at + 4 < PATH_MAX; i++) {
        at += real_folder[i] == '/' ? (size_t)snprintf(way + at, sizeof way - at, "../") : 0;
    }
    (void)snprintf(way + at, sizeof way - at, "%s", real_file + shared);
    return rg_copy_string(out, way);
}

/* ---- The command ---- */

static rg_status write_file(const struct format *format, const struct rg_model *model, const struct rg_config *config) {
    struct rg_export_test test = {.n_sequences = 0};
    char *weights = NULL;
    rg_status status = RG_OK;
    if (format->tested) {
        RG_TRY_GOTO(rg_export_test_create(model, &test));
    }
    if (format->loads) {
        RG_TRY_GOTO(check_names(config->data.model_file, model));
        RG_TRY_GOTO(find_way(config->output.out, config->data.model_file, &weights));
    }
    RG_TRY_GOTO(format->write(
        &(struct rg_export){.model = model, .path = config->output.out, .test = &test, .weights = weights}));
cleanup:
    rg_export_test_release(&test);
    rg_free(weights);
    return status;
}

/* What the user of the exported model has to do with its inputs, which rnn-gpu does by itself. */
static void describe_inputs(const struct rg_model *model, const struct format *format, char *text, size_t bytes) {
    size_t n = 0;
    text[0] = '\0';
    if (model->input_fill && !format->fills) {
        n = (size_t)snprintf(text, bytes,
                             "; it does not fill missing values, as --fill did in the training: fill them before");
    }
    if (model->pixels.single) {
        n += (size_t)snprintf(text + n, bytes - n, "; a step is a pixel of an image, divided by 255");
    }
    if (model->pixels.permute > 0) {
        (void)snprintf(text + n, bytes - n, ", in the order of --permute %zu", model->pixels.permute);
    }
}

rg_status rg_command_export(const struct rg_config *config) {
    const struct format *const format = find_format(config->output.out);
    struct rg_model *model = NULL;
    rg_status status = RG_OK;
    if (config->data.task != NULL) {
        return rg_export_task(config);
    }
    if (format == NULL) {
        return rg_fail(RG_USAGE, "--out %s: the name must end in .onnx, .c, .py, .npz or .safetensors",
                       config->output.out);
    }
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    RG_TRY_GOTO(rg_setup_model(config, false, &model));
    RG_TRY_GOTO(rg_setup_check_given(config, model));
    rg_outputs_tell_replaced(config);
    RG_TRY_GOTO(write_file(format, model, config));
    char inputs[256];
    describe_inputs(model, format, inputs, sizeof inputs);
    rg_log("%s: %s, %zu parameters%s", config->output.out, format->name, rg_model_n_weights(model), inputs);
cleanup:
    rg_model_destroy(model);
    return status;
}
