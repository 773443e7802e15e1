/* `rnn-gpu grad`: one pass over a file, or over a task's first batch. It shows loss, gradient norm and lag profile.
 *
 * With --out it writes outputs, every gradient and the profile as a safetensors file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/attempts.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/guard.h"
#include "base/stop.h"
#include "cli/commands/commands.h"
#include "cli/commands/outputs.h"
#include "cli/report/chance.h"
#include "cli/report/explain.h"
#include "cli/report/grad_figures.h"
#include "cli/report/input_text.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "cli/report/measuring.h"
#include "cli/report/pages.h"
#include "cli/report/probe_text.h"
#include "cli/report/run_figures.h"
#include "cli/report/screen.h"
#include "cli/report/walk_story.h"
#include "cli/settings.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "train/device_setup.h"
#include "train/pass.h"
#include "train/run.h"
#include "train/setup.h"
#include "train/task_data.h"

enum { SIZES_BYTES = 140 };

/* One run of the command. The pointers are owned. */
struct job {
    struct rg_config ran; /* the options with the model's own values */
    struct rg_model *model;
    struct rg_dataset *data;
    struct rg_problem problem;
    struct rg_device *device;
    struct rg_pass *pass;
    struct rg_walk *walk; /* with --trace or --trace-latex, else NULL */
    struct rg_walk_tensors walk_tensors;
    bool shown;   /* the walk is small enough for the screen, the page and LaTeX */
    bool wrote;   /* the file of --out is written */
    double begin; /* rg_seconds at the start */
};

/* Measure the lag profile of every layer and direction over all sequences, and its causes. A signal ends the
 * measurement with the results so far. */
static rg_status diagnose(const struct rg_config *config, struct job *j) {
    struct rg_measuring measuring;
    const struct rg_watch watch = rg_measuring_begin(&measuring, config, 0.0);
    const rg_status status = rg_pass_diagnose(j->pass, config->machine.threads, &watch);
    rg_measuring_end();
    if (status == RG_OK && rg_stop_requested()) {
        rg_log("the diagnosis of the gradient was interrupted; the results have what was measured so far");
    }
    return status;
}

static rg_status print_json(const struct rg_config *config, const struct job *j) {
    const struct rg_diagnosis *const d = &j->pass->diagnosis;
    const struct rg_verdict *const found = &d->verdict;
    const char *const out = j->wrote ? config->output.out : NULL;
    json_t *result = rg_json_pack("{s:o, s:o, s:o}", "file", out ? rg_json_text(out) : json_null(), "loss",
                                  rg_json_real(j->pass->loss), "grad_norm", rg_json_real(j->pass->norm));
    json_t *const verdict =
        d->profile
            ? rg_json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "verdict", rg_verdict_names[found->word],
                           "decay", rg_json_real(found->decay), "factor", rg_json_real(found->factor), "reach",
                           rg_json_real(found->reach), "horizon", (json_int_t)found->horizon, "probe_time",
                           (json_int_t)d->profile->probe, "causes", rg_explain_json(d->profile, d->cause, found),
                           "layers", rg_explain_layers_json(d->profiles, d->causes), "lags",
                           rg_explain_lags_json(d->profiles, j->model))
            : rg_json_pack("{s:o}", "verdict", json_null());
    rg_json_merge(&result, verdict);
    rg_json_set(&result, "input_lags", rg_input_text_json(&j->pass->inputs));
    rg_json_set(&result, "probes", rg_probe_text_json(&j->pass->map));
    rg_json_set(&result, "options", rg_settings_json("grad", &j->ran, &j->ran));
    return rg_config_is_double(config) ? rg_json_print_exact(result) : rg_json_print(result);
}

/* "8 sequences of 50 steps". */
static const char *sizes_text(const struct rg_dataset *data, char text[SIZES_BYTES]) {
    const size_t n = data->n_sequences, steps = data->n_steps;
    char a[RG_COUNTED_BYTES], b[RG_COUNTED_BYTES];
    (void)snprintf(text, SIZES_BYTES, "%s of %s", rg_counted(n, "sequence", a), rg_counted(steps, "step", b));
    return text;
}

static rg_status print_result(const struct rg_config *config, const struct job *j) {
    if (config->output.json) {
        return print_json(config, j);
    }
    const int digits = rg_config_is_double(config) ? 17 : 9;
    const struct rg_look look = rg_look_of(config);
    if (config->output.trace && j->shown) {
        RG_TRY(rg_walk_print(j->walk, config->output.sequence, rg_look_terminal()));
        (void)printf("\n");
    }
    struct rg_line line = {.length = 0};
    char sizes[SIZES_BYTES];
    rg_line_add(&line, "loss %.*g, gradient norm %.*g over %s", digits, j->pass->loss, digits, j->pass->norm,
                sizes_text(j->data, sizes));
    if (config->output.out && j->wrote) {
        rg_line_add(&line, "; %zu tensors saved", j->pass->n_tensors + j->walk_tensors.count);
    }
    rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = rg_look_text(&look), .hang = 2}, line.text);
    rg_input_text_print(&j->pass->inputs);
    rg_probe_text_print(&j->pass->map);
    rg_screen_diagnosis(&j->pass->diagnosis, config, &look);
    return RG_OK;
}

static void list_facts(const struct job *j, struct rg_facts *facts) {
    rg_facts_add(facts, "loss", "%.9g", (double)j->pass->loss);
    rg_facts_add(facts, "gradient norm", "%.9g", (double)j->pass->norm);
    rg_facts_model(facts, j->model);
    rg_facts_device(facts, &j->device->info);
    rg_facts_add(facts, "weights", "%s", j->ran.data.model_file ? j->ran.data.model_file : "as a training begins");
    rg_facts_data(facts, &j->ran);
    if (!j->ran.data.file) {
        rg_facts_add(facts, "task", "%s", j->ran.data.task);
    }
    char sizes[SIZES_BYTES];
    rg_facts_add(facts, "batch", "%s", sizes_text(j->data, sizes));
    rg_facts_verdict(facts, &j->pass->diagnosis.verdict);
    rg_facts_time(facts, rg_seconds() - j->begin);
}

static rg_status draw_figures(const struct job *j, struct rg_plot *plots) {
    const struct rg_diagnosis *const d = &j->pass->diagnosis;
    struct rg_history *history = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_history_create(&history));
    RG_TRY_GOTO(rg_history_add_profiles(history, j->model, 0, d->profiles));
    RG_TRY_GOTO(rg_history_add_causes(history, d->cause));
    const struct rg_figure_source from = {
        .history = history, .profiles = d->profiles, .always = j->ran.output.figure != NULL, .pass = j->pass};
    RG_TRY_GOTO(rg_figures_draw(RG_FIGURES_GRAD, &from, plots));
cleanup:
    rg_history_destroy(history);
    return status;
}

static rg_status fill_pages(const struct job *j, struct rg_pages *pages) {
    const struct rg_diagnosis *const d = &j->pass->diagnosis;
    const struct rg_config *const ran = &j->ran;
    (void)snprintf(pages->title, sizeof pages->title, "The gradient, by lag");
    rg_verdict_sentence(d, pages->verdict, sizeof pages->verdict);
    list_facts(j, &pages->facts);
    pages->report.config = ran;
    pages->report.walk = j->shown ? j->walk : NULL;
    pages->report.sequence = ran->output.sequence;
    RG_TRY(draw_figures(j, pages->plots));
    RG_TRY(rg_explain_table(d->profiles, d->causes, &pages->tables[0]));
    RG_TRY(rg_chance_table(d->profile, j->model, &pages->tables[1]));
    return rg_settings_create("grad", ran, &ran, 1, &pages->settings);
}

static rg_status write_pages(const struct rg_config *config, const struct job *j) {
    struct rg_pages *pages = NULL;
    RG_TRY(rg_pages_create(config, RG_FIGURES_GRAD, &pages));
    return rg_pages_end(pages, fill_pages(j, pages));
}

/* Open --model and all of --data. */
static rg_status open_file(const struct rg_config *config, struct job *j) {
    RG_TRY(rg_setup_model_and_data(config, true, &j->model, &j->data, &j->problem));
    j->ran = rg_settings_of_model(config, &j->model->shape, j->problem.loss);
    j->ran.data.steps = j->data->n_steps;
    return RG_OK;
}

/* Open the first batch of --task, with --model or with the initial weights of a training with these options. */
static rg_status open_task(const struct rg_config *config, struct job *j) {
    struct rg_config asked = *config;
    struct rg_run_data none = {.training = NULL};
    struct rg_run_start start;
    if (rg_config_is_fashion_mnist(config)) {
        return rg_fail(RG_USAGE, "--task fashion-mnist reads files; give the images as --data FILE, with --model FILE");
    }
    asked.model.cell = config->model.cell == RG_N_CELLS ? RG_CELL_RNN : config->model.cell;
    RG_TRY(rg_setup_device(config, &j->device));
    RG_TRY(rg_run_data_read(config, &none));
    const rg_status status = rg_run_begin(&asked, &none, j->device, &start);
    rg_run_data_release(&none);
    RG_TRY(status);
    j->ran = start.config;
    j->model = start.model;
    rg_free(start.class_weights); /* the problem below is made without */
    const struct rg_task_sequences sequences = {.problem = &start.problem,
                                                .seed = config->training.seed,
                                                .n = config->data.batch,
                                                .doubles = rg_config_is_double(config),
                                                .threads = config->machine.threads};
    RG_TRY(rg_task_data(&sequences, &j->data));
    const struct rg_target_options targets = {
        .loss = start.problem.loss, .target = start.problem.target, .ignored = NAN};
    return rg_problem_data(j->data, &targets, &j->problem);
}

static bool wants_walk(const struct rg_config *config) {
    return config->output.trace || config->output.trace_latex;
}

/* Check before any work that the walk is small enough for the requested form. As tensors it may have any size. */
static rg_status check_walk(const struct rg_config *config, struct job *j) {
    if (!wants_walk(config)) {
        return RG_OK;
    }
    RG_TRY(rg_walk_check_sequence(j->data, config->output.sequence));
    const rg_status status = rg_walk_check(j->model, j->data, config->output.sequence);
    j->shown = status == RG_OK;
    if (!j->shown && (!config->output.out || config->output.trace_latex)) {
        return status;
    }
    if (!j->shown) {
        rg_log("%zu units, %zu steps, %zu sequences are too many to show; every number is in the tensors trace.* "
               "of %s",
               j->model->shape.hidden, j->data->n_steps, j->data->n_sequences, config->output.out);
    }
    return rg_walk_check_memory(j->model, j->data);
}

/* Compute the walk, and list its tensors where they are asked for. */
static rg_status make_walk(const struct rg_config *config, struct job *j) {
    if (!wants_walk(config)) {
        return RG_OK;
    }
    RG_TRY(rg_walk_create(j->model, j->data, &j->problem, config->model.skip_budget, &j->walk));
    if (config->output.out && config->output.trace) {
        RG_TRY(rg_walk_tensors_create(j->walk, &j->walk_tensors));
    }
    return RG_OK;
}

/* Write the tensors of the pass, followed by those of the walk. */
static rg_status write_tensors(const struct rg_config *config, const struct job *j) {
    const size_t n = j->pass->n_tensors, more = j->walk_tensors.count;
    struct rg_tensor *all = NULL;
    if (!config->output.out) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&all, n + more, sizeof *all, "the list of tensors"));
    memcpy(all, j->pass->tensors, n * sizeof *all);
    if (more > 0) {
        memcpy(all + n, j->walk_tensors.items, more * sizeof *all);
    }
    const rg_status status = rg_safetensors_write(config->output.out, all, n + more, NULL);
    rg_free(all);
    return status;
}

static rg_status grad(const struct rg_config *config, struct job *j) {
    RG_TRY(rg_pages_check(config, RG_FIGURES_GRAD));
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    RG_TRY(config->data.task ? open_task(config, j) : open_file(config, j));
    if (!j->data) {
        return rg_fail(RG_ERROR, "there are no data");
    }
    RG_TRY(rg_lag_check(&j->model->shape, j->data->n_steps, config->training.probe_time));
    RG_TRY(rg_grad_figure_check(config, &j->model->shape));
    RG_TRY(check_walk(config, j));
    if (!j->device) { /* open_task has opened it */
        RG_TRY(rg_setup_device(config, &j->device));
    }
    RG_TRY(rg_pass_create(config, j->device, j->model, j->data, &j->problem, &j->pass));
    j->ran.training.probe_time = j->pass->probe;
    rg_stop_answer("ending the diagnosis, then writing what there is");
    RG_TRY(diagnose(config, j));
    RG_TRY(make_walk(config, j));
    struct rg_attempts attempts = {.status = RG_OK};
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    if (config->output.trace_latex) {
        rg_attempt(&attempts, rg_walk_latex(j->walk, config->output.sequence, config->output.trace_latex));
    }
    rg_outputs_tell_replaced(config);
    const rg_status written = write_tensors(config, j);
    RG_TRY(written == RG_NOT_SAVED ? RG_OK : written);
    rg_attempt(&attempts, written);
    j->wrote = written == RG_OK;
    rg_attempt(&attempts, print_result(config, j));
    rg_attempt(&attempts, rg_pages_wanted(config) && j->pass->diagnosis.profile ? write_pages(config, j) : RG_OK);
    RG_TRY(rg_attempts_end(&attempts));
    if (!config->output.json) {
        const struct rg_look look = rg_look_of(config);
        rg_outputs_print(config, RG_OUT_FILE, rg_look_text(&look));
    }
    return RG_OK;
}

rg_status rg_command_grad(const struct rg_config *config) {
    struct job j = {.begin = rg_seconds()};
    rg_log_quiet(config->output.quiet);
    const rg_status status = grad(config, &j);
    rg_walk_tensors_release(&j.walk_tensors);
    rg_walk_destroy(j.walk);
    rg_pass_destroy(j.pass);
    rg_device_destroy(j.device);
    rg_dataset_destroy(j.data);
    rg_model_destroy(j.model);
    return status;
}
