/* A model as a PyTorch module, from the template model.py.in, and as files of arrays. */
#include <string.h>

#include "export/formats.h"
#include "export/model_text.h"
#include "model/file_config.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

rg_status rg_export_torch(const struct rg_export *what) {
    static const char *const activations[RG_N_ACTIVATIONS] = {
        [RG_ACT_TANH] = "torch.tanh",     [RG_ACT_RELU] = "torch.relu",       [RG_ACT_LEAKY_RELU] = "F.leaky_relu",
        [RG_ACT_ELU] = "F.elu",           [RG_ACT_SIGMOID] = "torch.sigmoid", [RG_ACT_SOFTSIGN] = "F.softsign",
        [RG_ACT_SOFTPLUS] = "F.softplus", [RG_ACT_HARDTANH] = "F.hardtanh",   [RG_ACT_LINEAR] = ""};
    static const char *const classes[RG_N_CELLS] = {
        [RG_CELL_RNN] = "RNN", [RG_CELL_LSTM] = "LSTM", [RG_CELL_GRU] = "GRU"};
    const struct rg_shape *const s = &what->model->shape;
    const bool relu = s->cell == RG_CELL_RNN && s->activation == RG_ACT_RELU;
    struct rg_text out = {.bytes = NULL}, weights = {.bytes = NULL};
    struct rg_model_text text;
    rg_status status = RG_OK;
    rg_model_text(what->model, &text);
    RG_TRY_GOTO(rg_text_add_quoted(&weights, what->weights));
    RG_TRY_GOTO(rg_text_add(&weights, "", 1));
    const struct rg_template_word own[] = {{"class", classes[s->cell]},
                                           {"nonlinearity", relu ? ", nonlinearity=\"relu\"" : ""},
                                           {"bidirectional", s->bidirectional ? ", bidirectional=True" : ""},
                                           {"activation", activations[s->activation]},
                                           {"weights", weights.bytes}};
    RG_TRY_GOTO(rg_model_text_expand("model.py.in", &text, own, sizeof own / sizeof *own, &out));
    RG_TRY_GOTO(rg_file_write(what->path, out.bytes, out.length));
fail:
    rg_text_destroy(&out);
    rg_text_destroy(&weights);
    return status;
}

rg_status rg_export_npz(const struct rg_export *what) {
    const struct rg_model *const model = what->model;
    struct rg_tensor items[RG_MAX_PARAMETERS + 3];
    size_t n = model->n_parameters;
    char *config = NULL;
    RG_TRY(rg_file_config_write(model, &config));
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        items[i] = (struct rg_tensor){.name = p->name,
                                      .dtype = RG_F32,
                                      .n_dims = p->columns > 0 ? 2 : 1,
                                      .shape = {p->rows, p->columns},
                                      .data = rg_model_values(model, i),
                                      .data_bytes = rg_parameter_elements(p) * sizeof(float)};
    }
    for (size_t i = 0; model->input_mean != NULL && i < 2; i++) {
        items[n++] = (struct rg_tensor){.name = i == 0 ? "input.mean" : "input.deviation",
                                        .dtype = RG_F64,
                                        .n_dims = 1,
                                        .shape = {model->shape.inputs},
                                        .data = i == 0 ? model->input_mean : model->input_deviation,
                                        .data_bytes = model->shape.inputs * sizeof(double)};
    }
    const size_t length = strlen(config);
    items[n++] = (struct rg_tensor){
        .name = "config", .dtype = RG_U8, .n_dims = 1, .shape = {length}, .data = config, .data_bytes = length};
    const rg_status status = rg_npz_write(what->path, items, n);
    rg_free(config);
    return status;
}

rg_status rg_export_safetensors(const struct rg_export *what) {
    return rg_model_save(what->model, what->path);
}
