/* `rnn-gpu predict`: a saved model's outputs on data. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/outputs.h"
#include "commands/setup.h"
#include "report/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/score.h"

/* Everything a prediction owns. */
struct prediction {
    struct rg_model *model;
    struct rg_dataset *data;
    struct rg_problem problem;
    struct rg_device *device;
    double *outputs; /* [N][O], or [N][T][O]; of no use once they are saved */
    bool scored;     /* the labels fit, and there are these: */
    double mean_loss, accuracy;
};

/* Probability (bce), class and its probability (ce), or the numbers themselves (mse). */
static void print_row(const struct prediction *p, size_t i, bool exact) {
    const size_t n = p->model->shape.outputs;
    const double *const z = p->outputs + i * n;
    if (p->data->texts) {
        (void)printf("%-24s", p->data->texts[i]);
    } else {
        (void)printf("%8zu", i + 1);
    }
    if (p->data->y && p->data->n_targets == 1) {
        (void)printf("  label %g", (double)p->data->y[i]);
    }
    if (p->problem.loss == RG_LOSS_CE) {
        double probability[1024];
        const size_t best = rg_largest(z, n);
        if (n <= sizeof probability / sizeof *probability) {
            rg_softmax(z, n, probability);
            (void)printf("  class %zu  probability ", best);
            (void)printf(exact ? "%.17g\n" : "%.6f\n", probability[best]);
        } else {
            (void)printf("  class %zu\n", best);
        }
        return;
    }
    (void)printf(p->problem.loss == RG_LOSS_BCE ? "  probability" : "  output");
    for (size_t o = 0; o < n; o++) {
        (void)printf(exact                            ? " %.17g"
                     : p->problem.loss == RG_LOSS_BCE ? " %.6f"
                                                      : " %.9g",
                     p->problem.loss == RG_LOSS_BCE ? rg_sigmoid(z[o]) : z[o]);
    }
    (void)putchar('\n');
}

static void print_json(const struct prediction *p, size_t i) {
    const size_t n = p->model->shape.outputs;
    json_t *const outputs = json_array();
    for (size_t o = 0; outputs && o < n; o++) {
        (void)json_array_append_new(outputs, rg_json_real(p->outputs[i * n + o]));
    }
    json_t *const row = json_pack("{s:I, s:o}", "sequence", (json_int_t)i, "output", outputs);
    if (row && p->data->texts) {
        (void)json_object_set_new(row, "text", json_string(p->data->texts[i]));
    }
    if (row && p->data->y && p->data->n_targets == 1) {
        (void)json_object_set_new(row, "label", rg_json_real((double)p->data->y[i]));
    }
    if (row && p->problem.loss == RG_LOSS_BCE && n == 1) {
        (void)json_object_set_new(row, "probability", rg_json_real(rg_sigmoid(p->outputs[i])));
    }
    if (row && p->problem.loss == RG_LOSS_CE) {
        (void)json_object_set_new(row, "class", json_integer((json_int_t)rg_largest(p->outputs + i * n, n)));
    }
    rg_json_print(row);
}

/* How well the labels are met, where there are any, for print_score. */
static void score(struct prediction *p, const struct rg_config *config) {
    const size_t n = p->data->n_sequences, outputs = p->model->shape.outputs;
    const bool fits = p->problem.loss == RG_LOSS_CE ? p->data->n_classes > 0 && p->data->n_classes <= outputs
                                                    : p->data->n_targets == outputs;
    if (!p->data->y || !fits || config->json || config->quiet || p->model->shape.target == RG_TARGET_STEPS) {
        return;
    }
    p->scored = true;
    rg_score(p->outputs, p->data->y, n, outputs, p->problem.loss, &p->mean_loss, &p->accuracy);
}

static void print_score(const struct prediction *p) {
    if (p->scored) {
        rg_log(p->problem.loss == RG_LOSS_MSE ? "%zu sequences, loss %.6g" : "%zu sequences, loss %.6g, accuracy %.4f",
               p->data->n_sequences, p->mean_loss, p->accuracy);
    }
}

/* Outputs as [N][O] in the format of the name's ending. */
static rg_status save(const struct prediction *p, const struct rg_config *config) {
    const char *const path = config->out;
    const bool steps = p->model->shape.target == RG_TARGET_STEPS;
    const size_t n = p->data->n_sequences, width = p->model->shape.outputs;
    struct rg_tensor tensor = {.name = "output",
                               .dtype = RG_F64,
                               .n_dims = steps ? 3 : 2,
                               .shape = {n, steps ? p->data->n_steps : width, width},
                               .data = p->outputs,
                               .data_bytes = n * rg_setup_output_elements(p->model, p->data) * sizeof *p->outputs};
    const char *const dot = strrchr(path, '.');
    rg_setup_round(config, &tensor);
    if (dot && strcmp(dot, ".npy") == 0) {
        return rg_npy_write(path, &tensor);
    }
    if (dot && strcmp(dot, ".npz") == 0) {
        return rg_npz_write(path, &tensor, 1);
    }
    if (dot && strcmp(dot, ".safetensors") == 0) {
        return rg_safetensors_write(path, &tensor, 1, NULL);
    }
    return rg_fail(RG_USAGE, "--out %s: the name must end in .npy, .npz or .safetensors", path);
}

static rg_status predict(const struct rg_config *config, struct prediction *p) {
    RG_TRY(rg_outputs_check(config, false));
    RG_TRY(rg_setup_model_and_data(config, false, &p->model, &p->data, &p->problem));
    RG_TRY(rg_setup_device(config, &p->device));
    const size_t n = p->data->n_sequences;
    RG_TRY(rg_alloc(&p->outputs, n * rg_setup_output_elements(p->model, p->data), sizeof *p->outputs, "the outputs"));
    RG_TRY(rg_setup_outputs(p->device, p->model, p->data, &p->problem, config->memory, p->outputs));
    score(p, config);
    if (config->out) {
        RG_TRY(save(p, config));
    } else if (p->model->shape.target == RG_TARGET_STEPS) {
        return rg_fail(RG_USAGE, "the model has an output at every step: --out FILE is needed to keep them");
    } else {
        for (size_t i = 0; i < n; i++) {
            if (config->json) {
                print_json(p, i);
            } else {
                print_row(p, i, config->precision == RG_PRECISION_DOUBLE);
            }
        }
    }
    print_score(p);
    return RG_OK;
}

rg_status rg_command_predict(const struct rg_config *config) {
    struct prediction p = {0};
    rg_log_quiet(config->quiet);
    const rg_status status = predict(config, &p);
    rg_free(p.outputs);
    rg_device_destroy(p.device);
    rg_dataset_destroy(p.data);
    rg_model_destroy(p.model);
    return status;
}
