/* A model as a PyTorch module, from the template model.py.in, and as files of arrays. */
#include <string.h>

#include "export/formats.h"
#include "export/model_text.h"
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
cleanup:
    rg_text_destroy(&out);
    rg_text_destroy(&weights);
    return status;
}

rg_status rg_export_npz(const struct rg_export *what) {
    return rg_model_save_npz(what->model, what->path);
}

rg_status rg_export_safetensors(const struct rg_export *what) {
    return rg_model_save(what->model, what->path);
}
