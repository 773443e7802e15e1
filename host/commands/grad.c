/* `rnn-gpu grad`: loss, outputs, every gradient and the lag profile of one pass over a file, as a safetensors file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/lag_tensors.h"
#include "commands/outputs.h"
#include "commands/setup.h"
#include "gradient/verdict.h"
#include "report/explain.h"
#include "report/json_lines.h"
#include "report/pages.h"
#include "report/run_figures.h"
#include "report/screen.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

enum {
    MAX_OWN = RG_MAX_PARAMETERS + 5, /* loss, output, norm, gradients */
    MAX_TENSORS = MAX_OWN + RG_MAX_LAYERS * 2 * 86,
    LONG_NAME = RG_NAME_BYTES + 16
};

/* Everything a pass owns. */
struct pass {
    struct rg_model *model;
    struct rg_dataset *data;
    struct rg_problem problem;
    struct rg_device *device;
    struct rg_data_source *source;
    struct rg_engine *engine;
    struct rg_lag_profiles *profiles;
    const struct rg_lag_profile *profile; /* of the last layer, forward */
    struct rg_all_causes *causes;
    struct rg_lag_tensors lags;
    double *gradients, *outputs; /* [arena], [N][O] */
    double *dh_0, *dc_0;         /* [L*D][N][H], or NULL if the data give no initial states */
    double loss, norm;
    double totals[2]; /* the same, as the file gets them */
    struct rg_judgement judgement;
    struct rg_tensor tensors[MAX_TENSORS];
    char names[MAX_OWN][LONG_NAME];
    size_t n_tensors;
};

/* One more tensor of the file: prefix and parameter make the name. */
static void add_tensor(struct pass *p, const char *prefix, const char *parameter, size_t rows, size_t columns,
                       const double *values) {
    char *const name = p->names[p->n_tensors];
    (void)snprintf(name, LONG_NAME, "%s%s", prefix, parameter);
    const size_t elements = rows * (columns ? columns : 1);
    p->tensors[p->n_tensors++] = (struct rg_tensor){.name = name,
                                                    .dtype = RG_F64,
                                                    .n_dims = columns ? 2 : 1,
                                                    .shape = {rows, columns},
                                                    .data = values,
                                                    .data_bytes = elements * sizeof *values};
}

/* Outputs as [N][O] or [N][T][O]. */
static void add_output(struct pass *p) {
    const bool steps = p->model->shape.target == RG_TARGET_STEPS;
    const size_t n = p->data->n_sequences, width = p->model->shape.outputs;
    add_tensor(p, "output", "", n, rg_setup_output_elements(p->model, p->data), p->outputs);
    if (steps) {
        struct rg_tensor *const output = &p->tensors[p->n_tensors - 1];
        output->n_dims = 3;
        output->shape[1] = p->data->n_steps;
        output->shape[2] = width;
    }
}

static const struct rg_causes *last_causes(const struct pass *p) {
    return rg_causes_of(p->causes, p->causes->layers - 1, 0);
}

/* The lag profile of every layer and direction, over all sequences; and the causes. */
static rg_status collect_lags(const struct rg_config *config, struct pass *p) {
    const struct rg_lag_options options = {
        .rows = p->data->n_sequences, .probe = config->probe_time, .threads = config->threads};
    RG_TRY(rg_lag_measure(p->engine, &p->source->source, 0, &options, &p->profiles));
    p->profile = rg_lag_profile_of(p->profiles, p->profiles->layers - 1, 0);
    rg_lag_judge(p->profile, &p->judgement);
    const size_t n = p->data->n_sequences;
    const struct rg_cause_options causes = {
        .rows = n < RG_CAUSE_ROWS ? n : RG_CAUSE_ROWS, .probe = config->probe_time, .threads = config->threads};
    RG_TRY(rg_causes_measure(p->engine, &p->source->source, 0, &causes, &p->causes));
    rg_judge_products(last_causes(p), &p->judgement);
    RG_TRY(rg_lag_tensors_create(p->profiles, p->causes, p->model, &p->lags));
    for (size_t i = 0; i < p->lags.count; i++) {
        p->tensors[p->n_tensors++] = p->lags.items[i];
    }
    return RG_OK;
}

/* grad.h_0 or grad.c_0 in the shape that the file gives the states. */
static void add_states(struct pass *p, const char *name, const double *values) {
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

static rg_status collect(const struct rg_config *config, struct pass *p) {
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
        if (p->model->shape.cell == RG_CELL_LSTM) {
            add_states(p, "c_0", p->dc_0);
        }
    }
    for (size_t i = 0; i < p->n_tensors; i++) { /* the lags are doubles in any case */
        rg_setup_round(config, &p->tensors[i]);
    }
    return collect_lags(config, p);
}

static rg_status measure(const struct rg_config *config, struct pass *p) {
    const size_t n = p->data->n_sequences;
    RG_TRY(rg_data_source_create(p->device, p->data, n, 0, false, &p->source));
    const struct rg_engine_options options = {.plan = {.batch = n,
                                                       .steps = p->data->n_steps,
                                                       .n_targets = p->problem.n_targets,
                                                       .training = true,
                                                       .initial = p->data->n_states > 0,
                                                       .initial_gradient = p->data->n_states > 0,
                                                       .memory = config->memory,
                                                       .data_bytes = rg_data_source_bytes(p->device, p->data, n)},
                                              .skip_budget = config->skip_budget,
                                              .loss = p->problem.loss,
                                              .optimizer = {.kind = RG_OPT_SGD, .max_skips = 1}};
    RG_TRY(rg_engine_create(p->device, p->model, &options, &p->engine));
    RG_TRY(rg_alloc(&p->gradients, p->model->arena, sizeof *p->gradients, "the gradients"));
    RG_TRY(rg_alloc(&p->outputs, n * rg_setup_output_elements(p->model, p->data), sizeof *p->outputs, "the outputs"));
    RG_TRY(rg_engine_gradient(p->engine, &p->source->source, 0));
    RG_TRY(rg_engine_totals(p->engine, &p->loss, &p->norm));
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

static void print_result(const struct rg_config *config, const struct pass *p) {
    const struct rg_judgement j = p->judgement;
    if (config->json) {
        rg_json_print(json_pack(
            "{s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:o, s:o}", "file", rg_json_text(config->out), "loss",
            rg_json_real(p->loss), "grad_norm", rg_json_real(p->norm), "verdict", rg_verdict_names[j.verdict], "decay",
            rg_json_real(j.decay), "horizon", (json_int_t)p->profile->matrices[RG_LAG_HH].horizon, "probe_time",
            (json_int_t)p->profile->probe, "causes", rg_explain_json(p->profile, last_causes(p), &p->judgement),
            "layers", rg_explain_layers_json(p->profiles, p->causes)));
    } else {
        const int digits = config->precision == RG_PRECISION_DOUBLE ? 17 : 9;
        (void)printf("loss %.*g, gradient norm %.*g over %zu sequences of %zu steps; wrote %zu tensors to %s\n", digits,
                     p->loss, digits, p->norm, p->data->n_sequences, p->data->n_steps, p->n_tensors, config->out);
        const struct rg_finding finding = {p->profiles, p->causes, &p->judgement};
        rg_screen_finding(&finding, config, false, rg_screen_is_unicode());
    }
}

static rg_status write_pages(const struct rg_config *config, const struct pass *p) {
    struct rg_history *history = NULL;
    struct rg_plot plots[RG_RUN_FIGURES] = {{.n_series = 0}};
    struct rg_facts facts = {.n = 0};
    struct rg_own_table causes = {.pointers = NULL};
    char verdict[600];
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_history_create(&history));
    RG_TRY_GOTO(rg_history_add_profiles(history, p->model, 0, p->profiles));
    RG_TRY_GOTO(rg_history_add_causes(history, last_causes(p)));
    RG_TRY_GOTO(rg_run_figures(history, NAN, 0.0, plots));
    RG_TRY_GOTO(rg_explain_table(p->profiles, p->causes, &causes));
    rg_verdict_sentence(p->profile, &p->judgement, verdict, sizeof verdict);
    rg_facts_add(&facts, "loss", "%.9g", (double)p->loss);
    rg_facts_add(&facts, "gradient norm", "%.9g", (double)p->norm);
    rg_facts_add(&facts, "data", "%zu sequences of %zu steps", p->data->n_sequences, p->data->n_steps);
    rg_facts_add(&facts, "verdict", "%s", rg_verdict_names[p->judgement.verdict]);
    rg_facts_number(&facts, "factor a step back", p->judgement.decay);
    rg_facts_add(&facts, "horizon in steps", "%zu", p->profile->matrices[RG_LAG_HH].horizon);
    const struct rg_report report = {.title = "The gradient, by lag",
                                     .verdict = verdict,
                                     .config = config,
                                     .command = "grad",
                                     .facts = facts.items,
                                     .n_facts = facts.n,
                                     .tables = &causes.table,
                                     .n_tables = 1,
                                     .plots = plots,
                                     .n_plots = RG_RUN_FIGURES};
    RG_TRY_GOTO(rg_pages_write(config, &report));
fail:
    rg_table_release(&causes);
    rg_run_figures_clear(plots);
    rg_history_destroy(history);
    return status;
}

static rg_status grad(const struct rg_config *config, struct pass *p) {
    if (!config->out) {
        return rg_fail(RG_USAGE, "grad writes its result to a file: --out FILE.safetensors is needed");
    }
    RG_TRY(rg_pages_check(config));
    RG_TRY(rg_outputs_check(config, false));
    RG_TRY(rg_setup_model_and_data(config, true, &p->model, &p->data, &p->problem));
    RG_TRY(rg_lag_check(&p->model->shape, p->data->n_steps, config->probe_time));
    RG_TRY(rg_setup_device(config, &p->device));
    RG_TRY(rg_pages_try(config));
    RG_TRY(measure(config, p));
    RG_TRY(collect(config, p));
    RG_TRY(rg_safetensors_write(config->out, p->tensors, p->n_tensors, NULL));
    print_result(config, p);
    return rg_pages_wanted(config) ? write_pages(config, p) : RG_OK;
}

rg_status rg_command_grad(const struct rg_config *config) {
    struct pass *p = NULL;
    RG_TRY(rg_alloc(&p, 1, sizeof *p, "the pass"));
    rg_log_quiet(config->quiet);
    const rg_status status = grad(config, p);
    rg_lag_tensors_release(&p->lags);
    rg_lag_profiles_destroy(p->profiles);
    rg_causes_destroy(p->causes);
    rg_engine_destroy(p->engine);
    rg_data_source_destroy(p->source);
    rg_device_destroy(p->device);
    rg_dataset_destroy(p->data);
    rg_model_destroy(p->model);
    rg_free(p->gradients);
    rg_free(p->outputs);
    rg_free(p->dh_0);
    rg_free(p->dc_0);
    rg_free(p);
    return status;
}
