/* One forward and backward pass: see pass.h. */
#include "train/pass.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"
#include "train/setup.h"

/* One more tensor of the file: prefix and parameter make the name. */
static void add_tensor(struct rg_pass *p, const char *prefix, const char *parameter, size_t rows, size_t columns,
                       const double *values) {
    char *const name = p->names[p->n_names++];
    (void)snprintf(name, RG_PASS_NAME, "%s%s", prefix, parameter);
    const size_t elements = rows * (columns ? columns : 1);
    p->tensors[p->n_tensors++] = (struct rg_tensor){.name = name,
                                                    .dtype = RG_F64,
                                                    .n_dims = columns ? 2 : 1,
                                                    .shape = {rows, columns},
                                                    .data = values,
                                                    .data_bytes = elements * sizeof *values};
}

/* Outputs as [N][O] or [N][T][O]. */
static void add_output(struct rg_pass *p) {
    const bool steps = p->model->shape.target == RG_TARGET_STEPS;
    const size_t n = p->data->n_sequences, width = p->model->shape.outputs;
    rg_setup_pad_outputs(p->model, p->data, p->outputs);
    add_tensor(p, "output", "", n, rg_setup_outputs_in_file(p->model, p->data), p->outputs);
    if (steps) {
        struct rg_tensor *const output = &p->tensors[p->n_tensors - 1];
        output->n_dims = 3;
        output->shape[1] = p->data->n_steps + p->data->padding;
        output->shape[2] = width;
    }
}

/* grad.h_0 or grad.c_0 in the shape that the file gives the states. */
static void add_states(struct rg_pass *p, const char *name, const double *values) {
    const struct rg_dataset *const data = p->data;
    add_tensor(p, "grad.", name, data->n_states * data->n_sequences, data->state_width, values);
    if (!data->flat_states) {
        struct rg_tensor *const states = &p->tensors[p->n_tensors - 1];
        *states = (struct rg_tensor){.name = states->name,
                                     .dtype = RG_F64,
                                     .n_dims = 3,
                                     .shape = {data->n_states, data->n_sequences, data->state_width},
                                     .data = values,
                                     .data_bytes = states->data_bytes};
    }
}

static void collect(const struct rg_config *config, struct rg_pass *p) {
    p->totals[0] = p->loss;
    p->totals[1] = p->norm;
    add_tensor(p, "loss", "", 1, 0, &p->totals[0]);
    add_output(p);
    for (size_t i = 0; i < p->model->n_parameters; i++) {
        const struct rg_parameter *const w = &p->model->parameters[i];
        if (!w->absent) {
            add_tensor(p, "grad.", w->name, w->rows, w->columns, p->gradients + w->offset);
        }
    }
    add_tensor(p, "grad_norm", "", 1, 0, &p->totals[1]);
    if (p->dh_0) {
        add_states(p, "h_0", p->dh_0);
        if (rg_cell_has_c(p->model->shape.cell)) {
            add_states(p, "c_0", p->dc_0);
        }
    }
    for (size_t i = 0; i < p->n_tensors; i++) { /* the lags are doubles in any case */
        rg_setup_round(config, &p->tensors[i]);
    }
}

static rg_status measure(const struct rg_config *config, struct rg_pass *p) {
    const size_t n = p->data->n_sequences;
    const struct rg_source_options whole = {.batch = n, .memory = config->machine.memory};
    RG_TRY(rg_data_source_of(p->device, p->problem, &whole, &p->source));
    const struct rg_engine_options options = {
        .plan = {.batch = n,
                 .steps = p->data->n_steps,
                 .n_targets = p->problem->n_targets,
                 .training = true,
                 .initial = p->data->n_states > 0,
                 .initial_gradient = p->data->n_states > 0,
                 .memory = config->machine.memory,
                 .data_bytes = rg_data_source_bytes(p->device, p->data, n, whole.memory)},
        .skip_budget = config->model.skip_budget,
        .loss = p->problem->loss,
        .optimizer = {.kind = RG_OPT_SGD, .max_skips = 1}};
    RG_TRY(rg_engine_create(p->device, p->model, &options, &p->engine));
    RG_TRY(rg_alloc(&p->gradients, p->model->arena, sizeof *p->gradients, "the gradients"));
    RG_TRY(rg_alloc(&p->outputs, n * rg_setup_outputs_in_file(p->model, p->data), sizeof *p->outputs, "the outputs"));
    RG_TRY(rg_engine_gradient(p->engine, &p->source->source, 0));
    RG_TRY(rg_engine_totals(p->engine, &p->loss, &p->norm));
    p->loss = isnan(p->loss) ? fabs(p->loss) : p->loss; /* printf shows the sign of a NaN */
    p->norm = fabs(p->norm);
    RG_TRY(rg_engine_get_gradients(p->engine, p->gradients));
    if (p->data->n_states > 0) {
        const size_t states = p->data->n_states * n * p->data->state_width;
        RG_TRY(rg_alloc(&p->dh_0, states, sizeof *p->dh_0, "the gradients of h_0"));
        RG_TRY(rg_alloc(&p->dc_0, states, sizeof *p->dc_0, "the gradients of c_0"));
        RG_TRY(rg_engine_get_initial_gradients(p->engine, p->dh_0, p->dc_0));
    }
    RG_TRY(rg_engine_forward(p->engine, &p->source->source, 0, n, p->outputs));
    rg_setup_align_outputs(p->model, p->data, p->outputs);
    return RG_OK;
}

static rg_status run(const struct rg_config *config, struct rg_pass *p) {
    p->probe = config->training.probe_time || p->model->shape.bidirectional ? config->training.probe_time
                                                                            : rg_targets_probe(&p->problem->targets);
    RG_TRY(rg_lag_check(&p->model->shape, p->data->n_steps, p->probe));
    if (config->training.probe_times) {
        RG_TRY(rg_probe_list_read(config->training.probe_times, &p->model->shape, p->data->n_steps, &p->probes));
    }
    RG_TRY(measure(config, p));
    collect(config, p);
    return RG_OK;
}

rg_status rg_pass_create(const struct rg_config *config, struct rg_device *device, const struct rg_model *model,
                         const struct rg_dataset *data, const struct rg_problem *problem, struct rg_pass **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the pass"));
    struct rg_pass *const p = *out;
    *p = (struct rg_pass){.device = device,
                          .model = model,
                          .data = data,
                          .problem = problem,
                          .mixes = !config->data.task,
                          .seed = config->training.seed};
    const rg_status status = run(config, p);
    if (status != RG_OK) {
        rg_pass_destroy(p);
        *out = NULL;
    }
    return status;
}

/* Add the tensors of what the net keeps of each input. */
static void add_inputs(struct rg_pass *p) {
    static const char *const names[RG_INPUT_KINDS] = {"h", "z"};
    const struct rg_input_lags *const inputs = &p->inputs;
    for (size_t kind = 0; inputs->lack == RG_INPUT_WHOLE && kind < RG_INPUT_KINDS; kind++) {
        const struct rg_input_norms *const of = &inputs->of[kind];
        const struct {
            const char *name;
            const double *values;
        } items[] = {{".rms", of->rms},
                     {".median", of->median},
                     {".log10_rms", of->log10_rms},
                     {".log10_median", of->log10_median}};
        for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
            char name[32];
            (void)snprintf(name, sizeof name, "%s%s", names[kind], items[i].name);
            add_tensor(p, "input.", name, inputs->steps, 0, items[i].values);
        }
    }
    if (inputs->lack == RG_INPUT_WHOLE) {
        add_tensor(p, "input.", "sequences", inputs->steps, 0, inputs->sequences);
    }
}

static void add_map(struct rg_pass *p) {
    const struct rg_probe_map *const map = &p->map;
    const size_t n = map->probes.n;
    for (size_t i = 0; i < n; i++) {
        p->probe_steps[i] = (double)map->probes.steps[i];
    }
    if (n > 0) {
        add_tensor(p, "probe.", "steps", n, 0, p->probe_steps);
    }
    for (size_t l = 0; n > 0 && l < map->layers; l++) { /* the net has one direction */
        char suffix[32] = "";
        if (l > 0) {
            (void)snprintf(suffix, sizeof suffix, ".l%zu", l);
        }
        add_tensor(p, "probe.log10_norm", suffix, n, map->steps, map->log10_norm + l * n * map->steps);
    }
}

/* Measure what is not part of the diagnosis: derivatives without the loss, and losses of several steps. */
static rg_status measure_more(struct rg_pass *p, int threads, const struct rg_watch *watch) {
    const struct rg_watch first = rg_watch_piece(watch, 0.0, p->probes.n > 0 ? 0.5 : 1.0);
    const struct rg_input_options inputs = {
        .rows = p->data->n_sequences, .probe = p->probe, .threads = threads, .watch = first};
    if (p->diagnosis.verdict.overflow) {
        p->inputs.lack = RG_INPUT_OVERFLOW;
    } else {
        RG_TRY(rg_input_lags_measure(p->engine, &p->source->source, 0, &inputs, &p->inputs));
    }
    add_inputs(p);
    if (p->probes.n > 0 && !rg_stop_requested()) {
        RG_TRY(rg_probe_map_measure(p->engine, &p->source->source, 0, &p->probes,
                                    &(struct rg_probe_map_options){.rows = p->data->n_sequences,
                                                                   .threads = threads,
                                                                   .watch = rg_watch_piece(watch, 0.5, 0.5)},
                                    &p->map));
        add_map(p);
    }
    return RG_OK;
}

rg_status rg_pass_diagnose(struct rg_pass *p, int threads, const struct rg_watch *watch) {
    static const double DIAGNOSIS = 0.8; /* its approximate share of the time */
    const struct rg_diagnosis_options options = {.how = RG_DIAGNOSE_FULL,
                                                 .rows = p->data->n_sequences,
                                                 .probe = p->probe,
                                                 .causes = true,
                                                 .threads = threads,
                                                 .watch = rg_watch_piece(watch, 0.0, DIAGNOSIS)};
    if (p->mixes) {
        rg_data_source_shuffle(p->source, p->seed);
    }
    RG_TRY(rg_diagnosis_measure(p->engine, &p->source->source, 0, &options, &p->diagnosis));
    RG_TRY(rg_lag_tensors_create(p->diagnosis.profiles, p->diagnosis.causes, p->model, &p->lags));
    for (size_t i = 0; i < p->lags.count; i++) {
        p->tensors[p->n_tensors++] = p->lags.items[i];
    }
    const struct rg_watch more = rg_watch_piece(watch, DIAGNOSIS, 1.0 - DIAGNOSIS);
    return p->diagnosis.profile && !rg_stop_requested() ? measure_more(p, threads, &more) : RG_OK;
}

void rg_pass_destroy(struct rg_pass *p) {
    if (p) {
        rg_lag_tensors_release(&p->lags);
        rg_input_lags_release(&p->inputs);
        rg_probe_map_release(&p->map);
        rg_diagnosis_release(&p->diagnosis);
        rg_engine_destroy(p->engine);
        rg_data_source_destroy(p->source);
        rg_free(p->gradients);
        rg_free(p->outputs);
        rg_free(p->dh_0);
        rg_free(p->dc_0);
        rg_free(p);
    }
}
