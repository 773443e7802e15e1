/* `rnn-gpu import`: convert a model of another program to a model file. */
#include <string.h>

#include "base/ending.h"
#include "cli/commands/commands.h"
#include "cli/commands/outputs.h"
#include "export/formats.h"
#include "rnn_gpu/log.h"

/* Print the model that was found as a line. */
static void tell(const struct rg_config *config, const struct rg_model *model) {
    const struct rg_shape *const s = &model->shape;
    rg_log("%s: %s%s%s, %zu layer%s of %zu%s, %s; %zu -> %zu", config->output.out, rg_cell_names[s->cell],
           s->cell == RG_CELL_RNN ? " " : "", s->cell == RG_CELL_RNN ? rg_activation_names[s->activation] : "",
           s->layers, s->layers > 1 ? "s" : "", s->hidden, s->bidirectional ? ", bidirectional" : "",
           s->target == RG_TARGET_STEPS     ? "an output at every step"
           : s->readout == RG_READOUT_LAST  ? "readout last"
           : s->readout == RG_READOUT_FINAL ? "readout final"
           : s->readout == RG_READOUT_MEAN  ? "readout mean"
                                            : "readout max",
           rg_shape_features(s), s->outputs);
}

/* The result is a model file, whatever its name. So a name that promises another format is refused. */
static rg_status check_name(const char *out) {
    return rg_ends_in(out, ".safetensors") || strncmp(out, "/dev/", 5) == 0
               ? RG_OK
               : rg_fail(RG_USAGE, "--out %s: the name must end in .safetensors", out);
}

/* A file that rnn-gpu wrote says its own loss. */
static rg_status check_loss(const struct rg_config *config, const struct rg_model *model) {
    const enum rg_loss asked = config->model.loss;
    return asked == RG_LOSS_AUTO || asked == model->shape.loss
               ? RG_OK
               : rg_fail(RG_USAGE, "--loss %s: %s says its own loss, %s; leave --loss out", rg_loss_names[asked],
                         config->data.onnx, rg_loss_names[model->shape.loss]);
}

rg_status rg_command_import(const struct rg_config *config) {
    struct rg_model *model = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    RG_TRY(check_name(config->output.out));
    RG_TRY_GOTO(rg_import_onnx(config->data.onnx, config->model.loss, &model));
    RG_TRY_GOTO(check_loss(config, model));
    rg_outputs_tell_replaced(config);
    RG_TRY_GOTO(rg_model_save(model, config->output.out));
    tell(config, model);
cleanup:
    rg_model_destroy(model);
    return status;
}
