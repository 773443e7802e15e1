/* The value of every option that a command line does not give, and what follows from several options. */
#include <math.h>
#include <string.h>

#include "rnn_gpu/config.h"

struct rg_config rg_config_default(void) {
    return (struct rg_config){
        .model =
            {
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
                .readout = RG_N_READOUTS,
            },
        .data =
            {
                .ignore_label = NAN,
                .stride = 1,
                .horizon = 1,
                .folds = 5,
                .pad = RG_PAD_RIGHT,
                .batch = 4096,
                .sequences = 1000,
                .steps = 100,
            },
        .training =
            {
                .updates = 100,
                .accumulate = 1,
                .optimizer = RG_OPT_ADAM,
                .lr = 1e-3,
                .momentum = 0.9,
                .rmsprop_alpha = 0.99,
                .beta1 = 0.9,
                .beta2 = 0.999,
                .epsilon = NAN,
                .schedule = {RG_SCHEDULE_CONSTANT, 0, 1.0},
                .clip_norm = 1.0,
                .nonfinite = RG_NONFINITE_SKIP,
                .seed = 1,
            },
        .machine.device = "auto",
        .output = {.save_every = {.seconds = 300.0}, .color = -1},
        .probe.weight = NAN,
        .sample = {.length = 300, .temperature = 1.0},
        .compare = {.remedies = "tanh,relu,irnn,orthogonal,skip,lstm,gru", .seeds = 3},
        .bench =
            {
                .input = 2,
                .outputs = 1,
                .repeats = 5,
            },
    };
}

bool rg_config_is_fashion_mnist(const struct rg_config *config) {
    return config->data.task != NULL && strcmp(config->data.task, "fashion-mnist") == 0;
}

bool rg_config_reads_files(const struct rg_config *config) {
    return config->data.file != NULL || rg_config_is_fashion_mnist(config);
}

bool rg_config_is_double(const struct rg_config *config) {
    return config->machine.precision == RG_PRECISION_DOUBLE;
}
