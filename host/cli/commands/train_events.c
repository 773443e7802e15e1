/* Lines of --json for a training: see train_events.h. */
#include "cli/commands/train_events.h"

#include <math.h>

#include "cli/report/advice.h"
#include "cli/report/explain.h"
#include "cli/report/metrics_text.h"
#include "cli/report/rate_chart.h"
#include "cli/report/step_text.h"
#include "cli/settings.h"

enum { SHOWN_CLASSES = 1000 };

/* The names of the classes, or their numbers as text; at most SHOWN_CLASSES. */
static json_t *class_list(const struct rg_targets *targets) {
    json_t *list = json_array();
    char number[24];
    for (size_t c = 0; c < targets->n_classes && c < SHOWN_CLASSES; c++) {
        (void)snprintf(number, sizeof number, "%zu", c);
        rg_json_append(&list, rg_json_text(targets->data->classes ? targets->data->classes[c] : number));
    }
    return list;
}

void rg_event_add_trained(json_t **object, const struct rg_model *model) {
    const size_t trained = rg_model_n_trained(model);
    rg_json_set(object, "trained", json_integer((json_int_t)trained));
    rg_json_set(object, "frozen", json_integer((json_int_t)(rg_model_n_weights(model) - trained)));
}

/* Add what is learned from a file to the start event. */
static void add_targets(json_t **start, const struct rg_problem *problem) {
    const struct rg_targets *const t = &problem->targets;
    char text[RG_LABELS_BYTES];
    if (!t->data) {
        return;
    }
    rg_targets_describe(t, problem->loss, text, sizeof text);
    rg_json_set(start, "labels", rg_json_text(text));
    if (t->data->targets) {
        json_t *names = json_array();
        for (size_t i = 0; i < t->data->n_target_names; i++) {
            rg_json_append(&names, rg_json_text(t->data->targets[i]));
        }
        rg_json_set(start, "target_columns", names);
    }
    rg_json_set(start, "n_classes", json_integer((json_int_t)t->n_classes));
    rg_json_set(start, "classes", class_list(t));
    rg_json_set(start, "left_out", json_integer((json_int_t)t->n_left_out));
    if (t->weights) {
        json_t *weights = json_array();
        for (size_t c = 0; c < t->n_classes && c < SHOWN_CLASSES; c++) {
            rg_json_append(&weights, rg_json_real(t->weights[c]));
        }
        rg_json_set(start, "class_weights", weights);
        rg_json_set(start, "score_baseline", rg_json_real(problem->score_baseline));
    }
}

json_t *rg_event_start(const struct rg_run *r) {
    json_t *start = rg_json_pack(
        "{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:s, s:I, s:I, s:I, s:I}", "event", "start", "schema", 1,
        "version", RG_VERSION, "device", r->device->info.name, "backend", r->device->info.backend, "precision",
        rg_precision_names[r->config.machine.precision], "math", rg_math_names[r->config.machine.math], "seed",
        rg_json_seed(r->config.training.seed), "parameters", (json_int_t)rg_model_n_weights(r->model), "baseline",
        rg_json_real(r->problem.baseline), "task", r->problem.name, "batch", (json_int_t)r->config.data.batch, "steps",
        (json_int_t)r->problem.steps, "hidden", (json_int_t)r->config.model.hidden, "memory_bytes",
        (json_int_t)r->engine->net.plan.total_bytes);
    rg_event_add_trained(&start, r->model);
    if (r->rate_test) {
        rg_json_set(&start, "lr_test", rg_rate_test_json(r->rate_test));
    }
    if (r->model->shape.target == RG_TARGET_LAST) {
        rg_json_set(&start, "readout", rg_json_text(rg_readout_names[r->model->shape.readout]));
    }
    if (r->config.data.model_file) {
        rg_json_set(&start, "model", rg_json_text(r->config.data.model_file));
    }
    if (r->config.machine.ranks) {
        rg_json_set(&start, "ranks", json_integer((json_int_t)r->config.machine.ranks->n));
        rg_json_set(&start, "hosts", json_integer((json_int_t)r->config.machine.ranks->n_hosts));
    }
    rg_json_set(&start, "shards", json_integer((json_int_t)r->engine->net.plan.shards));
    add_targets(&start, &r->problem);
    rg_json_set(&start, "options", rg_settings_json("train", &r->config, &r->config));
    return start;
}

json_t *rg_event_update(const struct rg_update *u) {
    return rg_json_pack("{s:s, s:I, s:o, s:o, s:b, s:b, s:f, s:o}", "event", "update", "update", (json_int_t)u->update,
                        "loss", rg_json_real(u->loss), "grad_norm", rg_json_real(u->grad_norm), "clipped", u->clipped,
                        "skipped", u->skipped, "lr", u->lr, "sequences_per_s", rg_json_real(u->sequences_per_s));
}

rg_status rg_event_lags(const struct rg_model *model, uint64_t update, const struct rg_lag_sampler *s, json_t **event) {
    struct rg_lag_columns columns;
    RG_TRY(rg_lag_columns_create(s->probe + 1, &columns));
    json_t *matrices = json_array();
    for (size_t i = 0; i < s->n_sampled; i++) {
        const struct rg_sampled *const m = &s->sampled[i];
        const struct rg_lag_values values = {m->log10_norm, m->share, m->cosine};
        json_t *matrix =
            rg_json_pack("{s:s, s:o, s:o}", "name", model->parameters[m->parameter].name, "norm",
                         rg_json_real(m->total), "long_share", rg_json_real(rg_sampled_long_share(m, s->steps)));
        rg_lag_values_add(&matrix, &columns, &values, false);
        rg_json_append(&matrices, matrix);
    }
    *event = rg_json_pack("{s:s, s:I, s:I, s:o}", "event", "lags", "update", (json_int_t)update, "sequences",
                          (json_int_t)s->rows, "matrices", matrices);
    rg_lag_columns_add(event, &columns);
    rg_lag_columns_release(&columns);
    return RG_OK;
}

json_t *rg_event_validation(const struct rg_validation *v) {
    json_t *event = rg_json_pack("{s:s, s:I, s:I, s:o}", "event", "validation", "update", (json_int_t)v->update,
                                 "epoch", (json_int_t)v->epoch, "loss", rg_json_real(v->loss));
    if (v->level) {
        rg_json_set(&event, "perplexity", rg_json_real(v->perplexity));
        rg_json_set(&event, "bits_per_character", rg_json_real(v->bits / v->word_length));
        if (v->level == RG_LEVEL_WORD) {
            rg_json_set(&event, "bits_per_word", rg_json_real(v->bits));
        }
    }
    if (!isnan(v->accuracy)) {
        rg_json_set(&event, "accuracy", rg_json_real(v->accuracy));
    } else {
        rg_json_set(&event, "r2", rg_json_real(v->r2));
    }
    rg_json_set(&event, "best", json_boolean(v->best));
    rg_json_set(&event, "sequences", json_integer((json_int_t)v->sequences));
    return event;
}

/* Add the diagnosis of the gradient; null if it was not measured, because the run was ended early or has --diagnose
 * none. */
static void add_diagnosis(const struct rg_run *r, json_t **end) {
    const struct rg_diagnosis *const d = &r->result.diagnosis;
    const struct rg_verdict *const g = &d->verdict;
    const bool known = d->profile != NULL;
    rg_json_set(end, "verdict", known ? json_string(rg_verdict_names[g->word]) : json_null());
    rg_json_set(end, "horizon", known ? json_integer((json_int_t)g->horizon) : json_null());
    rg_json_set(end, "decay", known ? rg_json_real(g->decay) : json_null());
    rg_json_set(end, "factor", known ? rg_json_real(g->factor) : json_null());
    rg_json_set(end, "reach", known ? rg_json_real(g->reach) : json_null());
    if (known && d->cut > 0) {
        rg_json_set(end, "cut_at_lag", json_integer((json_int_t)d->cut));
    }
    if (known) {
        rg_json_set(end, "causes", rg_explain_json(d->profile, d->cause, g));
        rg_json_set(end, "layers", rg_explain_layers_json(d->profiles, d->causes));
        rg_json_set(end, "lags", rg_explain_lags_json(d->profiles, r->model));
        rg_json_set(end, "step_lags", rg_step_text_json(d, r->model));
    }
    if (known && r->model->shape.skip && r->model->shape.skip_kind == RG_SKIP_LEARNED) {
        rg_json_set(end, "updates_used", rg_json_real(rg_lag_used(d->profiles)));
    }
}

/* Add the scores of the test data, with the weights that were tested. */
static void add_test(const struct rg_run *r, json_t **end) {
    const struct rg_run_result *const result = &r->result;
    if (!result->test) {
        return;
    }
    const struct rg_metrics_names names = rg_metrics_names(r->model);
    json_t *test = rg_metrics_json(result->test, &names);
    rg_json_set(&test, "weights", json_string(result->test_of_best ? "best" : "last"));
    rg_json_set(end, "test", test);
}

/* "remedy" has only the command. */
static void add_advice(const struct rg_run *r, json_t **end) {
    const struct rg_outcome outcome = rg_outcome_of_run(r);
    struct rg_advice advice;
    rg_advise(&outcome, &advice);
    rg_json_set(end, "remedy", advice.row ? rg_json_text(advice.command) : json_null());
    rg_json_set(end, "advice", rg_advice_json(&advice));
}

json_t *rg_event_test(const struct rg_run *r) {
    const struct rg_run_result *const result = &r->result;
    const uint64_t updates = result->training.updates;
    const uint64_t epochs = rg_epochs_complete(updates, rg_update_sequences(&r->config), r->problem.n_sequences);
    return rg_json_pack("{s:s, s:I, s:I, s:o, s:o, s:b, s:I}", "event", "validation", "update", (json_int_t)updates,
                        "epoch", (json_int_t)epochs, "loss", rg_json_real(rg_metrics_loss(result->test)), "accuracy",
                        rg_json_real(rg_metrics_accuracy(result->test)), "best", false, "sequences",
                        (json_int_t)result->test->sequences);
}

json_t *rg_event_end(const struct rg_run *r, const char *saved) {
    const struct rg_run_result *const result = &r->result;
    const struct rg_training *const t = &result->training;
    char hash[24];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)result->weights_hash);
    json_t *end = rg_json_pack(
        "{s:s, s:s, s:I, s:o, s:o, s:I, s:o, s:o, s:I, s:s, s:o, s:o}", "event", "end", "reason",
        rg_reason_names[t->reason], "updates", (json_int_t)t->updates, "loss", rg_json_real(t->loss), "last_loss",
        rg_json_real(t->last_loss), "loss_updates", (json_int_t)t->loss_updates, "grad_norm",
        rg_json_real(t->grad_norm), "clip_rate", rg_json_real(rg_clip_rate(t)), "skipped", (json_int_t)t->skipped,
        "weights_hash", hash, "seconds", rg_json_real(t->seconds), "sequences_per_s", rg_json_real(t->sequences_per_s));
    if (saved) {
        rg_json_set(
            &end, "saved",
            rg_json_pack("{s:o, s:I}", "file", rg_json_text(saved), "update", (json_int_t)result->weights_update));
    }
    if (result->best_update) {
        rg_json_set(&end, "best_update", json_integer((json_int_t)result->best_update));
        rg_json_set(&end, "best_loss", rg_json_real(result->best_loss));
    }
    add_test(r, &end);
    add_diagnosis(r, &end);
    add_advice(r, &end);
    if (result->driver.updates) {
        rg_json_set(&end, "clip_driver",
                    rg_json_pack("{s:s, s:I, s:I, s:I}", "parameter",
                                 r->model->parameters[result->driver.parameter].name, "lag",
                                 (json_int_t)result->driver.lag, "count", (json_int_t)result->driver.count, "of",
                                 (json_int_t)result->driver.updates));
    }
    return end;
}
