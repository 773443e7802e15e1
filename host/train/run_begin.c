/* How a training begins: its problem, its plan and its model. See run_begin.h. */
#include "train/run_begin.h"

#include <string.h>

#include "engine/rungs.h"
#include "model/assign.h"
#include "model/freeze.h"
#include "rnn_gpu/memory.h"
#include "train/class_weights.h"
#include "train/setup.h"
#include "train/stateful.h"

static rg_status choose_task(struct rg_run *r) {
    struct rg_config *const c = &r->config;
    if (c->training.epochs > 0) {
        return rg_fail(RG_USAGE, "--epochs are passes over a file, but a task has no last sequence; give --updates");
    }
    RG_TRY(rg_problem_task(c->data.task ? c->data.task : "adding", c->data.steps, &r->problem));
    if (c->model.loss != RG_LOSS_AUTO && c->model.loss != r->problem.loss) {
        return rg_fail(RG_USAGE, "--loss %s does not fit --task %s; its loss is %s", rg_loss_names[c->model.loss],
                       r->problem.name, rg_loss_names[r->problem.loss]);
    }
    if (c->model.target != RG_TARGET_LAST && c->model.target != r->problem.target) {
        return rg_fail(RG_USAGE, "--target steps does not fit --task %s, which has one target a sequence",
                       r->problem.name);
    }
    c->data.task = r->problem.name;
    c->model.loss = r->problem.loss;
    c->model.target = r->problem.target;
    return RG_OK;
}

static const char *base_name(const char *path) {
    const char *const slash = strrchr(path, '/');
    if (strcmp(path, "-") == 0) {
        return "stdin";
    }
    return slash ? slash + 1 : path;
}

/* A text's tokens are predicted at every step. */
static rg_status choose_text(struct rg_config *c, const struct rg_dataset *data) {
    if (c->model.loss != RG_LOSS_AUTO && c->model.loss != RG_LOSS_CE) {
        return rg_fail(RG_USAGE, "%s: the next token of a text is a class; leave --loss %s out", data->path,
                       rg_loss_names[c->model.loss]);
    }
    if (c->model.bidirectional) {
        return rg_fail(RG_USAGE, "%s: with --bidirectional the model would read the token that it is to predict",
                       data->path);
    }
    c->model.loss = RG_LOSS_CE;
    c->model.target = RG_TARGET_STEPS;
    c->data.level = data->level;
    return RG_OK;
}

static bool has_steps(const struct rg_dataset *data) {
    size_t n = 0;
    while (data->lengths && n < data->n_sequences && data->lengths[n] == 0) {
        n++;
    }
    return n < data->n_sequences;
}

/* Settle batch, steps and updates, where the data decide them. */
static rg_status choose_problem_of_data(struct rg_run *r) {
    struct rg_config *const c = &r->config;
    const struct rg_dataset *const data = r->data.training;
    if (c->model.embed > 0 && data->kind != RG_INPUT_TOKEN) {
        return rg_fail(RG_USAGE, "--embed is for words or whole numbers, and %s has %zu features; leave --embed out",
                       data->path, data->n_features);
    }
    RG_TRY(data->level ? choose_text(c, data) : RG_OK);
    RG_TRY(data->streams ? rg_stateful_check_model(c) : RG_OK);
    const struct rg_target_options targets = rg_setup_targets(c, RG_LOSS_AUTO, c->model.target);
    RG_TRY(rg_problem_data(data, &targets, &r->problem));
    const char *const part = c->data.val_frac > 0.0 || c->data.fold > 0 ? " of the part that is trained on" : "";
    if (!has_steps(data)) {
        return rg_fail(RG_BAD_FILE, "%s: every sequence%s is empty, so there is no step to learn from", data->path,
                       part);
    }
    if (r->problem.targets.n_classes > 0 && r->problem.baseline == 0.0) {
        return rg_fail(RG_BAD_FILE, "%s: every label%s is the same class; two classes or more are needed", data->path,
                       part);
    }
    if (c->data.class_weights) {
        RG_TRY(rg_class_weights_give(c->data.class_weights, &r->problem, &r->class_weights));
    }
    r->problem.name = c->data.task ? c->data.task : base_name(c->data.file); /* lives longer than the data set */
    rg_run_data_length(data, c);
    c->data.steps = r->problem.steps;
    c->data.pixels = data->pixels;
    c->data.window = data->windows.steps;
    c->data.horizon = data->windows.steps > 0 ? data->windows.horizon : c->data.horizon;
    c->model.loss = r->problem.loss;
    c->model.target = r->problem.target;
    if (!c->training.probe_time && !c->model.bidirectional) {
        c->training.probe_time = rg_targets_probe(&r->problem.targets);
    }
    return RG_OK;
}

/* Data or a task that the model can be trained on; a file may have fewer words or classes than the model. */
static rg_status check_start(struct rg_run *r) {
    const struct rg_model *const start = r->data.start;
    if (r->data.training) {
        RG_TRY(rg_setup_check_fit(&r->config, start, r->data.training, &r->problem));
    } else if (r->problem.inputs != rg_shape_features(&start->shape) || r->problem.outputs != start->shape.outputs ||
               r->problem.target != start->shape.target) {
        return rg_fail(RG_BAD_FILE, "%s has %zu inputs and %zu outputs, target %s; the task %s has %zu and %zu, %s",
                       r->config.data.model_file, rg_shape_features(&start->shape), start->shape.outputs,
                       rg_target_names[start->shape.target], r->problem.name, r->problem.inputs, r->problem.outputs,
                       rg_target_names[r->problem.target]);
    }
    r->problem.inputs = rg_shape_features(&start->shape);
    r->problem.outputs = start->shape.outputs;
    return RG_OK;
}

rg_status rg_run_choose_problem(struct rg_run *r) {
    struct rg_config *const c = &r->config;
    if (r->data.start) {
        rg_shape_options(&r->data.start->shape, &c->model);
        c->model.loss = r->data.training ? c->model.loss : RG_LOSS_AUTO; /* the task has its own */
        c->model.target = r->data.training ? c->model.target : RG_TARGET_LAST;
    }
    RG_TRY(r->data.training ? choose_problem_of_data(r) : choose_task(r));
    RG_TRY(r->data.start ? check_start(r) : RG_OK);
    if (r->problem.target == RG_TARGET_STEPS && c->model.readout != RG_N_READOUTS) {
        return rg_fail(RG_USAGE, "--readout %s is for --target last, and %s has a target at every step; leave it out",
                       rg_readout_names[c->model.readout], r->problem.name);
    }
    struct rg_shape shape = {.target = r->problem.target, .bidirectional = c->model.bidirectional};
    RG_TRY(rg_shape_set_readout(&shape, c->model.readout));
    c->model.readout = r->problem.target == RG_TARGET_LAST ? shape.readout : RG_N_READOUTS;
    return RG_OK;
}

/* Bytes of the training data on the device. */
static uint64_t source_bytes(const struct rg_run *r) {
    const struct rg_dataset *const data = r->data.training;
    if (!data) {
        return 0;
    }
    const size_t batch = rg_update_sequences(&r->config);
    const uint64_t memory = r->config.machine.memory;
    const size_t rows = rg_data_source_sequences(r->device, data, batch, memory) *
                        (r->problem.target == RG_TARGET_STEPS ? data->n_steps : 1);
    return rg_data_source_bytes(r->device, data, batch, memory) +
           (r->class_weights ? rows * r->device->info.real_bytes : 0);
}

struct rg_plan_options rg_run_plan_options(const struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    return (struct rg_plan_options){
        .batch = rg_update_sequences(c),
        .max_rows = c->training.accumulate > 1 ? c->data.batch : 0,
        .shards = c->machine.shards,
        .steps = r->problem.data_steps,
        .n_targets = r->problem.n_targets,
        .training = true,
        .dropout = c->model.dropout > 0.0 && c->model.layers > 1,
        .initial = r->data.training && (r->data.training->n_states > 0 || r->data.training->streams > 0),
        .stateful = r->data.training && r->data.training->streams > 0,
        .memory = c->machine.memory,
        .data_bytes = source_bytes(r) + (r->validator ? rg_evaluator_bytes(r->validator->evaluator) : 0)};
}

static struct rg_shape shape_of(const struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    return (struct rg_shape){.cell = c->model.cell,
                             .activation = c->model.activation,
                             .inputs = c->model.embed > 0 ? c->model.embed : r->problem.inputs,
                             .words = c->model.embed > 0 ? r->problem.inputs : 0,
                             .hidden = c->model.hidden,
                             .outputs = r->problem.outputs,
                             .loss = r->problem.loss,
                             .target = r->problem.target,
                             .readout = r->problem.target == RG_TARGET_STEPS ? RG_READOUT_LAST : c->model.readout,
                             .layers = c->model.layers,
                             .bidirectional = c->model.bidirectional,
                             .skip = c->model.skip,
                             .skip_kind = c->model.skip_kind};
}

rg_status rg_run_plan(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                      struct rg_plan *plan) {
    struct rg_run r = {.config = *config, .data = *data, .device = device};
    rg_status status = rg_run_choose_problem(&r);
    status = status == RG_OK ? rg_setup_shards(&r.config) : status;
    if (status == RG_OK) {
        const struct rg_shape shape = shape_of(&r);
        const struct rg_plan_options options = rg_run_plan_options(&r);
        status = rg_plan_check(device, &shape, &options, plan);
    }
    rg_free(r.class_weights);
    return status;
}

/* The weights and names of the file that the training starts from. */
static rg_status copy_start(struct rg_run *r) {
    const struct rg_model *const start = r->data.start;
    struct rg_model *const m = r->model;
    if (start->exact) {
        RG_TRY(rg_model_widen(m));
        memcpy(m->exact, start->exact, m->arena * sizeof *m->exact);
    } else {
        memcpy(m->weights, start->weights, m->arena * sizeof *m->weights);
    }
    return rg_model_copy_names(start, m);
}

/* A forecast starts from the mean of what it forecasts: a level of 1,000 would take a thousand steps of the rate. */
static void start_from_mean(struct rg_run *r) {
    if (r->problem.loss != RG_LOSS_MSE || !r->data.training || !r->data.training->windows.forecast) {
        return;
    }
    float *const bias = rg_model_values(r->model, rg_model_head_bias(r->model));
    for (size_t o = 0; o < r->problem.outputs; o++) {
        bias[o] = (float)rg_targets_mean(&r->problem.targets, o);
    }
}

/* Give the model what it has to know about its data: names of words, columns and classes, and what is done to inputs
 * before the model sees them. */
static rg_status describe_data(const struct rg_run *r) {
    const struct rg_dataset *const data = r->data.training;
    struct rg_model *const m = r->model;
    m->windows = data->windows;
    m->pixels = data->pixels;
    if (data->vocabulary) {
        RG_TRY(rg_model_set_vocabulary(m, data->vocabulary));
        m->level = data->level;
        m->lowercase = data->lowercase;
    }
    if (data->input_mean) {
        RG_TRY(rg_model_set_normalization(m, data->input_mean, data->input_deviation));
    }
    if (data->input_fill) {
        RG_TRY(rg_model_set_fill(m, data->input_fill, data->fill_previous));
    }
    if (data->features) {
        RG_TRY(rg_model_set_features(m, data->features));
    }
    if (data->targets) {
        RG_TRY(rg_model_set_targets(m, data->targets, data->n_target_names));
    }
    return data->classes && r->problem.targets.n_classes > 0 ? rg_model_set_classes(m, data->classes, data->n_classes)
                                                             : RG_OK;
}

/* Set the weights: those of --model, or drawn. */
static rg_status set_weights(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_init_options init = {.hidden = c->model.init,
                                         .input = c->model.init_input,
                                         .zero_biases = c->model.irnn,
                                         .forget_bias = c->model.forget_bias};
    if (r->data.start) {
        return copy_start(r);
    }
    RG_TRY(rg_model_initialise(r->model, &init, c->training.seed));
    start_from_mean(r);
    return RG_OK;
}

rg_status rg_run_create_model(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_shape shape = shape_of(r);
    const struct rg_plan_options options = rg_run_plan_options(r);
    struct rg_plan plan;
    RG_TRY(r->data.start ? rg_setup_check_budget(c, &shape) : RG_OK);
    if (r->data.training) {
        RG_TRY(rg_data_check_states(r->data.training, &shape));
    }
    RG_TRY(rg_lag_check(&shape, r->problem.data_steps, c->training.probe_time));
    RG_TRY(rg_rungs_check(r->device, &shape, &options, &plan));
    RG_TRY(rg_model_create(&shape, &r->model));
    RG_TRY(r->data.training ? describe_data(r) : RG_OK);
    RG_TRY(set_weights(r));
    RG_TRY(r->device->info.real_bytes == sizeof *r->model->exact ? rg_model_widen(r->model) : RG_OK);
    RG_TRY(c->training.freeze ? rg_model_freeze(r->model, c->training.freeze) : RG_OK);
    return c->model.set ? rg_model_assign(r->model, c->model.set, !c->output.resume) : RG_OK;
}

rg_status rg_run_begin(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                       struct rg_run_start *start) {
    struct rg_run r = {.config = *config, .data = *data, .device = device};
    rg_status status = rg_run_choose_problem(&r);
    status = status == RG_OK ? rg_run_create_model(&r) : status;
    if (status != RG_OK) {
        rg_model_destroy(r.model);
        rg_free(r.class_weights);
        return status;
    }
    *start = (struct rg_run_start){
        .config = r.config, .problem = r.problem, .class_weights = r.class_weights, .model = r.model};
    return RG_OK;
}
