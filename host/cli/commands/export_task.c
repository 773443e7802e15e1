/* The data of a task as an .npz file: see export_task.h. */
#include "cli/commands/export_task.h"

#include <string.h>

#include "base/counted.h"
#include "base/ending.h"
#include "cli/commands/outputs.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/task_data.h"

/* Classes become whole numbers, which readers treat as classes; values stay unchanged. The caller frees *classes. */
static rg_status make_targets(const struct rg_dataset *data, struct rg_tensor *y, int64_t **classes) {
    const size_t n = data->n_sequences * data->n_targets;
    *y = (struct rg_tensor){.name = "y",
                            .dtype = RG_F32,
                            .n_dims = data->n_targets > 1 ? 2 : 1,
                            .shape = {data->n_sequences, data->n_targets},
                            .data = data->y,
                            .data_bytes = n * sizeof *data->y};
    if (data->label_kind == RG_LABELS_VALUES) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(classes, n, sizeof **classes, "the task's targets"));
    for (size_t i = 0; i < n; i++) {
        (*classes)[i] = (int64_t)data->y[i];
    }
    y->dtype = RG_I64;
    y->data = *classes;
    y->data_bytes = n * sizeof **classes;
    return RG_OK;
}

static rg_status write_data(const struct rg_dataset *data, const char *path) {
    int64_t *classes = NULL;
    const size_t shape[] = {data->n_sequences, data->n_steps, data->n_features};
    struct rg_tensor items[2] = {{.name = "x",
                                  .dtype = RG_F32,
                                  .n_dims = 3,
                                  .shape = {shape[0], shape[1], shape[2]},
                                  .data = data->x_float,
                                  .data_bytes = shape[0] * shape[1] * shape[2] * sizeof *data->x_float}};
    rg_status status = make_targets(data, &items[1], &classes);
    status = status == RG_OK ? rg_npz_write(path, items, 2) : status;
    rg_free(classes);
    return status;
}

rg_status rg_export_task(const struct rg_config *config) {
    struct rg_problem problem;
    struct rg_dataset *data = NULL;
    if (!rg_ends_in(config->output.out, ".npz")) {
        return rg_fail(RG_USAGE, "--out %s: the data of a task are written as .npz", config->output.out);
    }
    if (rg_config_is_fashion_mnist(config)) {
        return rg_fail(RG_USAGE, "--task fashion-mnist reads files, which --data takes as they are");
    }
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    RG_TRY(rg_problem_task(config->data.task, config->data.steps, &problem));
    const struct rg_task_sequences sequences = {
        .problem = &problem, .seed = config->training.seed, .n = config->data.sequences};
    RG_TRY(rg_task_data(&sequences, &data));
    rg_outputs_tell_replaced(config);
    const rg_status status = write_data(data, config->output.out);
    if (status == RG_OK) {
        char n[3][RG_COUNTED_BYTES];
        rg_log("%s: %s, %s of %s, %s; loss %s%s, baseline %.6g", config->output.out, problem.name,
               rg_counted(data->n_sequences, "sequence", n[0]), rg_counted(data->n_steps, "step", n[1]),
               rg_counted(data->n_features, "input", n[2]), rg_loss_names[problem.loss],
               problem.target == RG_TARGET_STEPS ? " at every step (--target steps)" : "", problem.baseline);
    }
    rg_dataset_destroy(data);
    return status;
}
