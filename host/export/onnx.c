/* Tables that the writer and the reader of ONNX files share: see onnx.h. */
#include "export/onnx.h"

#include <math.h>

const char *rg_onnx_operator(enum rg_cell cell) {
    static const char *const names[RG_N_CELLS] = {
        [RG_CELL_RNN] = "RNN", [RG_CELL_LSTM] = "LSTM", [RG_CELL_GRU] = "GRU"};
    return names[cell];
}

size_t rg_onnx_gate(enum rg_cell cell, size_t place) {
    static const size_t lstm[] = {0, 3, 1, 2}, gru[] = {1, 0, 2};
    return cell == RG_CELL_LSTM ? lstm[place] : cell == RG_CELL_GRU ? gru[place] : place;
}

const char *rg_onnx_activation(enum rg_activation activation, float *alpha) {
    static const struct {
        const char *name;
        float alpha;
    } functions[RG_N_ACTIVATIONS] = {
        [RG_ACT_TANH] = {"Tanh", NAN},
        [RG_ACT_RELU] = {"Relu", NAN},
        [RG_ACT_LEAKY_RELU] = {"LeakyRelu", 0.01F},
        [RG_ACT_ELU] = {"Elu", 1.0F},
        [RG_ACT_SIGMOID] = {"Sigmoid", NAN},
        [RG_ACT_SOFTSIGN] = {"Softsign", NAN},
        [RG_ACT_SOFTPLUS] = {"Softplus", NAN},
        [RG_ACT_HARDTANH] = {NULL, NAN},
        [RG_ACT_LINEAR] = {"Affine", 1.0F}, /* alpha a + beta */
    };
    *alpha = functions[activation].alpha;
    return functions[activation].name;
}
