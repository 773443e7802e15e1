/* `rnn-gpu predict`: a saved model's outputs on data. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counted.h"
#include "base/guard.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "cli/commands/commands.h"
#include "cli/commands/outputs.h"
#include "cli/commands/predict_csv.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/device_setup.h"
#include "train/score.h"
#include "train/setup.h"

/* Everything that a prediction owns. */
struct prediction {
    struct rg_model *model;
    struct rg_dataset *data;
    struct rg_problem problem;
    struct rg_device *device;
    double *outputs; /* [N][O] or [N][T][O]; invalid after they were saved */
    bool scored;     /* the labels fit the model, and the metrics are: */
    double mean_loss, accuracy;
};

/* The class that outputs z select, and its probability. One output tells two classes apart. */
static size_t choose_class(const struct prediction *p, const double *z, double *probability) {
    const size_t n = p->model->shape.outputs;
    if (p->problem.loss == RG_LOSS_BCE) {
        const double one = rg_sigmoid(z[0]);
        *probability = z[0] > 0.0 ? one : rg_sigmoid(-z[0]);
        return z[0] > 0.0;
    }
    const size_t best = rg_largest(z, n);
    double sum = 0.0;
    for (size_t o = 0; o < n; o++) {
        sum += exp(z[o] - z[best]);
    }
    *probability = 1.0 / sum;
    return best;
}

/* The name of a class, or NULL if classes have no names. */
static const char *class_name(const struct prediction *p, size_t class) {
    char *const *const names = p->model->classes;
    return names && class < p->model->n_classes ? names[class] : NULL;
}

/* Are the outputs values of several columns with names? */
static bool has_columns(const struct prediction *p) {
    return p->model->n_targets > 1 && p->problem.loss == RG_LOSS_MSE;
}

static bool has_label(const struct prediction *p) {
    return rg_dataset_is_labelled(p->data) && p->data->n_targets == 1;
}

/* Add the label of a sequence in the file: a name or a number. NaN means a label that the model does not know. */
static void add_label(const struct prediction *p, size_t i, FILE *row) {
    const double label = rg_dataset_target(p->data, i);
    char *const *const names = p->data->classes;
    if (isnan(label) || (names && label < 0.0)) {
        (void)fprintf(row, "  label ?");
    } else if (names) {
        (void)fprintf(row, "  label %s", names[(size_t)label]);
    } else {
        (void)fprintf(row, "  label %g", label);
    }
}

/* Add a sequence's result: probability (bce), class and its probability (ce, and named classes), or numbers (mse). */
static void add_row(const struct prediction *p, size_t i, bool exact, FILE *row) {
    const size_t n = p->model->shape.outputs;
    const double *const z = p->outputs + i * n;
    const bool named = p->model->classes != NULL;
    if (p->data->texts) {
        (void)fprintf(row, "%-24s", p->data->texts[i]);
    } else {
        (void)fprintf(row, "%8zu", i + 1);
    }
    if (p->data->names) {
        (void)fprintf(row, "  series %s", p->data->names[i]);
    }
    if (p->data->rows) {
        (void)fprintf(row, "  row %zu", (size_t)p->data->rows[i]);
    }
    if (has_label(p)) {
        add_label(p, i, row);
    }
    if (p->problem.loss == RG_LOSS_CE || (p->problem.loss == RG_LOSS_BCE && named)) {
        double probability = 0.0;
        const size_t class = choose_class(p, z, &probability);
        (void)(named ? fprintf(row, "  class %s", class_name(p, class)) : fprintf(row, "  class %zu", class));
        (void)fprintf(row, exact ? "  probability %.17g" : "  probability %.6f", probability);
        return;
    }
    (void)fprintf(row, p->problem.loss == RG_LOSS_BCE ? "  probability" : has_columns(p) ? " " : "  output");
    for (size_t o = 0; o < n; o++) {
        (void)fprintf(row, "%s%s", has_columns(p) ? " " : "", has_columns(p) ? p->model->targets[o] : "");
        (void)fprintf(row,
                      exact                            ? " %.17g"
                      : p->problem.loss == RG_LOSS_BCE ? " %.6f"
                                                       : " %.9g",
                      p->problem.loss == RG_LOSS_BCE ? rg_sigmoid(z[o]) : z[o]);
    }
}

static rg_status print_row(const struct prediction *p, size_t i, bool exact, size_t width) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *const row = open_memstream(&text, &bytes);
    if (!row) {
        return rg_fail(RG_NO_MEMORY, "not enough memory for a row of the predictions");
    }
    add_row(p, i, exact, row);
    const bool whole = fclose(row) == 0;
    if (whole) {
        rg_utf8_make_plain(text); /* also the line ends in names */
        rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = width, .hang = 10}, text);
    }
    free(text);
    return whole ? RG_OK : rg_fail(RG_NO_MEMORY, "not enough memory for a row of the predictions");
}

/* {"saw": 0.1, ...}: the probability of every class that has a name. */
static json_t *named_probabilities(const struct prediction *p, const double *z) {
    json_t *all = json_object();
    const size_t best = rg_largest(z, p->model->shape.outputs);
    double sum = 0.0;
    for (size_t c = 0; p->problem.loss == RG_LOSS_CE && c < p->model->n_classes; c++) {
        sum += exp(z[c] - z[best]);
    }
    for (size_t c = 0; c < p->model->n_classes; c++) {
        const double probability =
            p->problem.loss == RG_LOSS_CE ? exp(z[c] - z[best]) / sum : rg_sigmoid(c ? z[0] : -z[0]);
        rg_json_set(&all, p->model->classes[c], rg_json_real(probability));
    }
    return all;
}

static void label_json(const struct prediction *p, size_t i, json_t **row) {
    const double label = rg_dataset_target(p->data, i);
    rg_json_set(row, "label", rg_json_measured(label));
    if (p->data->classes) {
        rg_json_set(row, "label_name", label >= 0.0 ? rg_json_text(p->data->classes[(size_t)label]) : json_null());
    }
}

/* Add what the outputs `z` say: values of columns, a probability, a class. */
static void prediction_json(const struct prediction *p, const double *z, json_t **row) {
    const size_t n = p->model->shape.outputs;
    if (has_columns(p)) {
        json_t *columns = json_object();
        for (size_t o = 0; o < n; o++) {
            rg_json_set(&columns, p->model->targets[o], rg_json_real(z[o]));
        }
        rg_json_set(row, "predicted", columns);
    }
    if (p->problem.loss == RG_LOSS_BCE && n == 1) {
        rg_json_set(row, "probability", rg_json_real(rg_sigmoid(z[0])));
    }
    if (p->problem.loss == RG_LOSS_CE || (p->problem.loss == RG_LOSS_BCE && p->model->classes)) {
        double probability = 0.0;
        const size_t class = choose_class(p, z, &probability);
        rg_json_set(row, "class", json_integer((json_int_t) class));
        if (p->model->classes) {
            rg_json_set(row, "class_name", rg_json_text(class_name(p, class)));
            rg_json_set(row, "probabilities", named_probabilities(p, z));
        }
    }
}

static rg_status print_json(const struct prediction *p, size_t i, bool exact) {
    const size_t n = p->model->shape.outputs;
    const double *const z = p->outputs + i * n;
    json_t *outputs = json_array();
    for (size_t o = 0; o < n; o++) {
        rg_json_append(&outputs, rg_json_real(z[o]));
    }
    json_t *row = rg_json_pack("{s:I, s:o}", "sequence", (json_int_t)i, "output", outputs);
    if (p->data->names) {
        rg_json_set(&row, "series", rg_json_text(p->data->names[i]));
    }
    if (p->data->rows) {
        rg_json_set(&row, "row", json_integer((json_int_t)p->data->rows[i]));
    }
    if (p->data->texts) {
        rg_json_set(&row, "text", rg_json_text(p->data->texts[i]));
    }
    if (has_label(p)) {
        label_json(p, i, &row);
    }
    prediction_json(p, z, &row);
    return exact ? rg_json_print_exact(row) : rg_json_print(row);
}

/* Compare outputs and labels, if there are labels, for print_score. */
static rg_status score(struct prediction *p, const struct rg_config *config) {
    const size_t outputs = p->model->shape.outputs;
    if (!rg_dataset_is_labelled(p->data) || config->output.json || config->output.quiet) {
        return RG_OK;
    }
    const char *const none = rg_targets_none(&p->problem.targets);
    if (none) {
        rg_log("%s: %s, so there is no loss", p->data->path, none);
        return RG_OK;
    }
    p->scored =
        (!p->data->classes || p->model->classes) && rg_score_fits(&p->problem.targets, outputs, p->problem.loss);
    if (!p->scored) {
        rg_log("%s: the labels are not of the kind that the model was trained on; they are not scored", p->data->path);
        return RG_OK;
    }
    return rg_score(p->outputs, &p->problem.targets, outputs, p->problem.loss, &p->mean_loss, &p->accuracy);
}

static void print_score(const struct prediction *p) {
    char left_out[RG_LEFT_OUT_BYTES];
    if (!p->scored) {
        return;
    }
    char number[RG_COUNTED_BYTES];
    (void)rg_counted(p->data->n_sequences, "sequence", number);
    rg_targets_left_out(&p->problem.targets, left_out, sizeof left_out);
    if (p->problem.loss == RG_LOSS_MSE) {
        rg_log("%s, loss %.6g%s", number, p->mean_loss, left_out);
    } else {
        rg_log("%s, loss %.6g, accuracy %.4f%s", number, p->mean_loss, p->accuracy, left_out);
    }
}

/* Save the outputs as [N][O] in the format of the name's ending. */
static rg_status save(const struct prediction *p, const struct rg_config *config) {
    const char *const path = config->output.out;
    const bool steps = p->model->shape.target == RG_TARGET_STEPS;
    const size_t n = p->data->n_sequences, width = p->model->shape.outputs;
    struct rg_tensor tensor = {.name = "output",
                               .dtype = RG_F64,
                               .n_dims = steps ? 3 : 2,
                               .shape = {n, steps ? p->data->n_steps + p->data->padding : width, width},
                               .data = p->outputs,
                               .data_bytes = n * rg_setup_outputs_in_file(p->model, p->data) * sizeof *p->outputs};
    const char *const dot = strrchr(path, '.');
    if (strcmp(dot, ".csv") == 0) {
        const struct rg_predictions predictions = {.model = p->model,
                                                   .data = p->data,
                                                   .problem = &p->problem,
                                                   .outputs = p->outputs,
                                                   .exact = rg_config_is_double(config)};
        return rg_predictions_write_csv(&predictions, path);
    }
    rg_setup_pad_outputs(p->model, p->data, p->outputs);
    rg_setup_round(config, &tensor);
    if (strcmp(dot, ".npy") == 0) {
        return rg_npy_write(path, &tensor);
    }
    if (strcmp(dot, ".npz") == 0) {
        return rg_npz_write(path, &tensor, 1);
    }
    return rg_safetensors_write(path, &tensor, 1, NULL);
}

/* Check before any work that the file's format is known. */
static rg_status check_name(const char *path) {
    static const char *const endings[] = {".csv", ".npy", ".npz", ".safetensors"};
    const char *const dot = path ? strrchr(path, '.') : NULL;
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
        if (strcmp(dot, endings[i]) == 0) {
            return RG_OK;
        }
    }
    return path ? rg_fail(RG_USAGE, "--out %s: the name must end in .csv, .npy, .npz or .safetensors", path) : RG_OK;
}

static rg_status predict(const struct rg_config *config, struct prediction *p) {
    RG_TRY(check_name(config->output.out));
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    RG_TRY(rg_setup_model_and_data(config, false, &p->model, &p->data, &p->problem));
    if (!config->output.out && p->model->shape.target == RG_TARGET_STEPS) {
        return rg_fail(RG_USAGE, "the model has an output at every step: add --out FILE to save them");
    }
    if (config->output.json && p->model->shape.target == RG_TARGET_STEPS) {
        return rg_fail(RG_USAGE, "the model has an output at every step, for which --json has no form; leave it out");
    }
    RG_TRY(rg_setup_device(config, &p->device));
    const struct rg_look look = rg_look_of(config);
    const bool exact = rg_config_is_double(config);
    const size_t n = p->data->n_sequences;
    RG_TRY(rg_alloc(&p->outputs, n * rg_setup_outputs_in_file(p->model, p->data), sizeof *p->outputs, "the outputs"));
    RG_TRY(rg_setup_outputs(p->device, p->model, p->data, &p->problem, config->machine.memory, p->outputs));
    RG_TRY(score(p, config));
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    const bool shown = !config->output.out || config->output.json;
    for (size_t i = 0; shown && i < n; i++) {
        RG_TRY(rg_stop_check());
        RG_TRY(config->output.json ? print_json(p, i, exact) : print_row(p, i, exact, rg_look_rows(&look)));
    }
    rg_outputs_tell_replaced(config);
    const rg_status saved = config->output.out ? save(p, config) : RG_OK;
    print_score(p);
    RG_TRY(saved);
    if (!config->output.json) {
        rg_outputs_print(config, RG_OUT_FILE, rg_look_text(&look));
    }
    return RG_OK;
}

rg_status rg_command_predict(const struct rg_config *config) {
    struct prediction p = {0};
    rg_log_quiet(config->output.quiet);
    const rg_status status = predict(config, &p);
    rg_free(p.outputs);
    rg_device_destroy(p.device);
    rg_dataset_destroy(p.data);
    rg_model_destroy(p.model);
    return status;
}
