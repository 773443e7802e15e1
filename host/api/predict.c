/* The public interface: a model's outputs, and its gradient over time. */
#include <string.h>

#include "api/api.h"
#include "rnn_gpu/memory.h"
#include "train/pass.h"
#include "train/setup.h"

/* What a call needs and owns. */
struct job {
    struct rg_api_config options;
    struct rg_model *model; /* a copy in the precision of the device */
    struct rg_dataset *data;
    struct rg_problem problem;
    rnn_gpu_device *device; /* the caller's device, or `opened` */
    rnn_gpu_device *opened;
};

static rg_status begin(struct job *j, const char *command, const rnn_gpu_options *options,
                       const struct rg_api_inputs *inputs) {
    RG_TRY(rg_api_configure(options, command, inputs, &j->options));
    const struct rg_config *const c = &j->options.config;
    RG_TRY(rg_setup_model_and_data(c, strcmp(command, "grad") == 0, &j->model, &j->data, &j->problem));
    if (!j->device) {
        RG_TRY(rg_api_open(c, &j->opened));
        j->device = j->opened;
    }
    return RG_OK;
}

static void end(struct job *j) {
    rnn_gpu_device_close(j->opened);
    rg_dataset_destroy(j->data);
    rg_model_destroy(j->model);
    rg_api_config_release(&j->options);
}

static rg_status predict(struct job *j, rnn_gpu_tensors **outputs) {
    const size_t n = j->data->n_sequences, width = j->model->shape.outputs;
    const size_t elements = n * rg_setup_outputs_in_file(j->model, j->data);
    const bool steps = j->model->shape.target == RG_TARGET_STEPS;
    double *values = NULL;
    RG_TRY(rg_alloc(&values, elements, sizeof *values, "the outputs"));
    rg_status status = rg_api_hold(j->device);
    if (status == RG_OK) {
        status = rg_setup_outputs(j->device->device, j->model, j->data, &j->problem, j->options.config.machine.memory,
                                  values);
        rg_api_release(j->device);
    }
    if (status == RG_OK) {
        rg_setup_pad_outputs(j->model, j->data, values);
        struct rg_tensor output = {.name = "output",
                                   .dtype = RG_F64,
                                   .n_dims = steps ? 3 : 2,
                                   .shape = {n, steps ? j->data->n_steps + j->data->padding : width, width},
                                   .data = values,
                                   .data_bytes = elements * sizeof *values};
        rg_setup_round(&j->options.config, &output);
        status = rg_api_give_tensors(&output, 1, outputs);
    }
    rg_free(values);
    return status;
}

rnn_gpu_status rnn_gpu_predict(rnn_gpu_device *device, const rnn_gpu_model *model, const rnn_gpu_data *data,
                               const rnn_gpu_options *options, rnn_gpu_tensors **outputs) {
    const struct rg_api_inputs inputs = {.device = device, .model = model, .data = data};
    struct job j = {.device = device};
    RG_API_NEED(model);
    RG_API_NEED(data);
    RG_API_NEED(outputs);
    *outputs = NULL;
    rg_status status = begin(&j, "predict", options, &inputs);
    status = status == RG_OK ? predict(&j, outputs) : status;
    end(&j);
    return rg_api_end(status);
}

static rg_status gradient(struct job *j, rnn_gpu_tensors **tensors, struct rnn_gpu_verdict *verdict) {
    const struct rg_config *const c = &j->options.config;
    const struct rg_watch watch = {.go_on = NULL, .span = 1.0};
    struct rg_pass *pass = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_api_hold(j->device));
    RG_TRY_GOTO(rg_pass_create(c, j->device->device, j->model, j->data, &j->problem, &pass));
    RG_TRY_GOTO(rg_pass_diagnose(pass, c->machine.threads, &watch));
    RG_TRY_GOTO(rg_api_give_tensors(pass->tensors, pass->n_tensors, tensors));
    if (verdict) {
        *verdict = rg_api_verdict(&pass->diagnosis);
    }
cleanup:
    rg_pass_destroy(pass);
    rg_api_release(j->device);
    return status;
}

rnn_gpu_status rnn_gpu_gradient(rnn_gpu_device *device, const rnn_gpu_model *model, const rnn_gpu_data *data,
                                const rnn_gpu_options *options, rnn_gpu_tensors **tensors,
                                struct rnn_gpu_verdict *verdict) {
    const struct rg_api_inputs inputs = {.device = device, .model = model, .data = data};
    struct job j = {.device = device};
    RG_API_NEED(model);
    RG_API_NEED(data);
    RG_API_NEED(tensors);
    *tensors = NULL;
    rg_status status = begin(&j, "grad", options, &inputs);
    status = status == RG_OK ? gradient(&j, tensors, verdict) : status;
    end(&j);
    return rg_api_end(status);
}
