/* `rnn-gpu eval`: scores of a saved model on labelled data. */
#include <stdio.h>

#include "base/counted.h"
#include "base/guard.h"
#include "cli/commands/commands.h"
#include "cli/commands/outputs.h"
#include "cli/report/lines.h"
#include "cli/report/look.h"
#include "cli/report/metrics_text.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"
#include "train/device_setup.h"
#include "train/evaluator.h"
#include "train/setup.h"

enum { BATCH = 4096 /* sequences whose outputs are in memory at once */ };

/* Everything an evaluation owns. */
struct evaluation {
    struct rg_model *model;
    struct rg_dataset *data;
    struct rg_problem problem;
    struct rg_device *device;
    struct rg_evaluator *evaluator;
    struct rg_metrics *metrics;
};

static rg_status print_result(const struct rg_config *config, struct evaluation *e) {
    const struct rg_metrics_names names = rg_metrics_names(e->model);
    char line[160];
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    if (config->output.json) {
        return rg_json_print_exact(rg_metrics_json(e->metrics, &names));
    }
    rg_metrics_line(e->metrics, line, sizeof line);
    const struct rg_look look = rg_look_of(config);
    rg_lines_format(stdout, rg_look_text(&look), 2, "%s", line);
    char number[RG_COUNTED_BYTES];
    rg_lines_format(stdout, rg_look_text(&look), 2, "on %s of %s (baseline %.6g)",
                    rg_counted(e->metrics->rows, e->problem.target == RG_TARGET_STEPS ? "step" : "sequence", number),
                    e->problem.name, e->problem.baseline);
    rg_metrics_print(e->metrics, &names);
    return RG_OK;
}

static rg_status evaluate(const struct rg_config *config, struct evaluation *e) {
    RG_TRY(rg_outputs_check(config, RG_OUT_FILE));
    RG_TRY(rg_setup_model_and_data(config, true, &e->model, &e->data, &e->problem));
    RG_TRY(rg_setup_device(config, &e->device));
    const struct rg_evaluator_options options = {
        .problem = &e->problem, .batch = BATCH, .memory = config->machine.memory};
    RG_TRY(rg_evaluator_create(e->device, e->model, &options, &e->evaluator));
    RG_TRY(rg_evaluator_run(e->evaluator, e->model, &e->metrics));
    return print_result(config, e);
}

rg_status rg_command_eval(const struct rg_config *config) {
    struct evaluation e = {.model = NULL};
    rg_log_quiet(config->output.quiet);
    const rg_status status = evaluate(config, &e);
    rg_metrics_destroy(e.metrics);
    rg_evaluator_destroy(e.evaluator);
    rg_device_destroy(e.device);
    rg_dataset_destroy(e.data);
    rg_model_destroy(e.model);
    return status;
}
