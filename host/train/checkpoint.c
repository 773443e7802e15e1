/* The state of a run as named sections: see checkpoint.h. */
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

#include "engine/state.h"
#include "rnn_gpu/memory.h"

/* ---- Gathering ---- */

static rg_status gather_engine(struct rg_engine *e, struct rg_sections *s, bool *finite) {
    struct rg_engine_part parts[RG_ENGINE_PARTS];
    const size_t n = rg_engine_parts(e, parts);
    for (size_t i = 0; i < n; i++) {
        void *bytes = NULL;
        RG_TRY(rg_sections_add(s, parts[i].name, parts[i].bytes, &bytes));
        RG_TRY(rg_engine_part_read(e, &parts[i], bytes));
        *finite = *finite && rg_engine_part_is_finite(e, &parts[i], bytes);
    }
    return RG_OK;
}

static void fill_parameters(const struct rg_model *m, struct rg_parameter_row *rows) {
    for (size_t i = 0; i < m->n_parameters; i++) {
        const struct rg_parameter *const p = &m->parameters[i];
        memcpy(rows[i].name, p->name, sizeof rows[i].name);
        rows[i].rows = p->rows;
        rows[i].columns = p->columns;
        rows[i].offset = p->offset;
    }
}

static rg_status gather_trainer(const struct rg_trainer_state *t, struct rg_sections *s) {
    const struct rg_training *const sum = &t->training;
    double *losses = NULL;
    RG_TRY(rg_sections_add(s, "losses", rg_loss_mean_window(t->mean.updates) * sizeof *losses, &losses));
    rg_loss_mean_losses(&t->mean, losses);
    rg_sections_put(s, "training.updates", sum->updates);
    rg_sections_put(s, "training.applied", sum->applied);
    rg_sections_put(s, "training.clipped", sum->clipped);
    rg_sections_put(s, "training.skipped", sum->skipped);
    rg_sections_put(s, "training.skipped_row", t->skipped_row);
    rg_sections_put_real(s, "training.last_loss", sum->last_loss);
    rg_sections_put_real(s, "training.mean_loss", rg_loss_mean_value(&t->mean));
    rg_sections_put_real(s, "training.grad_norm", sum->grad_norm);
    rg_sections_put_real(s, "training.seconds", sum->seconds);
    rg_sections_put_real(s, "plateau.lr", t->plateau.lr);
    rg_sections_put_real(s, "plateau.best", t->plateau.best);
    rg_sections_put(s, "plateau.bad", t->plateau.bad);
    rg_sections_put(s, "mean.older", t->mean.older);
    rg_sections_put_real(s, "mean.start", t->mean.start);
    rg_sections_put_real(s, "mean.highest", t->mean.highest);
    rg_sections_put(s, "training.validated", t->validated);
    return RG_OK;
}

/* Bytes of the best weights that a validation keeps, and where they are. */
static size_t best_bytes(const struct rg_validator *v) {
    return v->arena * (v->best_exact ? sizeof *v->best_exact : sizeof *v->best);
}

static void *best_weights(struct rg_validator *v) {
    return v->best_exact ? (void *)v->best_exact : (void *)v->best;
}

static rg_status gather_validator(struct rg_validator *v, struct rg_sections *s) {
    void *best = NULL;
    rg_sections_put(s, "validation.best_update", v->best_update);
    rg_sections_put(s, "validation.waited", v->waited);
    rg_sections_put(s, "validation.update", v->last.update);
    rg_sections_put(s, "validation.sequences", v->last.sequences);
    rg_sections_put_real(s, "validation.best_loss", v->best_loss);
    rg_sections_put_real(s, "validation.loss", v->last.loss);
    rg_sections_put_real(s, "validation.accuracy", v->last.accuracy);
    rg_sections_put_real(s, "validation.r2", v->last.r2);
    RG_TRY(rg_sections_add(s, "validation.best", best_bytes(v), &best));
    memcpy(best, best_weights(v), best_bytes(v));
    return RG_OK;
}

/* Clipped updates that each matrix and lag drove: bytes of run->driven. */
static size_t driven_bytes(const struct rg_run *run) {
    return run->sampler->n_sampled * run->sampler->steps * sizeof *run->driven;
}

rg_status rg_checkpoint_gather(struct rg_run *run, struct rg_sections *s, bool *finite) {
    struct rg_parameter_row *rows = NULL;
    *finite = true;
    RG_TRY(gather_engine(run->engine, s, finite));
    RG_TRY(rg_sections_add(s, "parameters", run->model->n_parameters * sizeof *rows, &rows));
    fill_parameters(run->model, rows);
    RG_TRY(gather_trainer(&run->state, s));
    rg_sections_put(s, "precision.bytes", run->engine->net.plan.real_bytes);
    if (run->sampler) {
        uint64_t *driven = NULL;
        rg_sections_put(s, "lags.sampled", run->sampled);
        RG_TRY(rg_sections_add(s, "lags.driven", driven_bytes(run), &driven));
        memcpy(driven, run->driven, driven_bytes(run));
    }
    return run->validator ? gather_validator(run->validator, s) : RG_OK;
}

/* ---- Restoring ---- */

static rg_status restore_validator(struct rg_validator *v, uint64_t updates, const struct rg_sections *s) {
    const void *best = NULL;
    uint64_t sequences = 0;
    RG_TRY(rg_sections_number(s, "validation.best_update", updates, &v->best_update));
    RG_TRY(rg_sections_number(s, "validation.waited", updates, &v->waited));
    RG_TRY(rg_sections_number(s, "validation.update", updates, &v->last.update));
    RG_TRY(rg_sections_number(s, "validation.sequences", SIZE_MAX, &sequences));
    RG_TRY(rg_sections_real(s, "validation.best_loss", &v->best_loss));
    RG_TRY(rg_sections_real(s, "validation.loss", &v->last.loss));
    RG_TRY(rg_sections_real(s, "validation.accuracy", &v->last.accuracy));
    RG_TRY(rg_sections_real(s, "validation.r2", &v->last.r2));
    RG_TRY(rg_sections_get(s, "validation.best", best_bytes(v), &best));
    v->last.sequences = (size_t)sequences;
    v->last.epoch = rg_epochs_complete(v->last.update, v->batch, v->sequences);
    v->last.best = v->last.update == v->best_update;
    memcpy(best_weights(v), best, best_bytes(v));
    return RG_OK;
}

static rg_status check_parameters(const struct rg_run *run, const struct rg_sections *s) {
    struct rg_parameter_row *wanted = NULL;
    const void *rows = NULL;
    const size_t n = run->model->n_parameters, bytes = n * sizeof *wanted;
    RG_TRY(rg_sections_get(s, "parameters", bytes, &rows));
    RG_TRY(rg_alloc(&wanted, n, sizeof *wanted, "the tensors of the model"));
    fill_parameters(run->model, wanted);
    const bool same = memcmp(wanted, rows, bytes) == 0;
    rg_free(wanted);
    return same ? RG_OK : rg_fail(RG_BAD_FILE, "%s: its tensors do not fit its options", s->path);
}

static rg_status restore_engine(struct rg_engine *e, const struct rg_sections *s) {
    struct rg_engine_part parts[RG_ENGINE_PARTS];
    const size_t n = rg_engine_parts(e, parts);
    uint64_t real_bytes = 0;
    RG_TRY(rg_sections_number(s, "precision.bytes", sizeof(double), &real_bytes));
    if (real_bytes != e->net.plan.real_bytes) {
        return rg_fail(RG_BAD_FILE, "%s: numbers of %llu bytes; this run has %zu", s->path,
                       (unsigned long long)real_bytes, e->net.plan.real_bytes);
    }
    for (size_t i = 0; i < n; i++) {
        const void *bytes = NULL;
        RG_TRY(rg_sections_get(s, parts[i].name, parts[i].bytes, &bytes));
        if (!rg_engine_part_is_finite(e, &parts[i], bytes)) {
            return rg_fail(RG_BAD_FILE, "%s: a number in '%s' is not finite", s->path, parts[i].name);
        }
        RG_TRY(rg_engine_part_write(e, &parts[i], bytes));
    }
    return rg_device_finish(e->net.device);
}

static rg_status restore_mean(struct rg_trainer_state *t, const struct rg_sections *s) {
    const uint64_t updates = t->training.updates, n = rg_loss_mean_window(updates);
    uint64_t older = 0;
    const void *losses = NULL;
    RG_TRY(rg_sections_number(s, "mean.older", n, &older));
    RG_TRY(rg_sections_real(s, "mean.start", &t->mean.start));
    RG_TRY(rg_sections_real(s, "mean.highest", &t->mean.highest));
    RG_TRY(rg_sections_get(s, "losses", (size_t)n * sizeof(double), &losses));
    return rg_loss_mean_restore(&t->mean, updates, older, losses)
               ? RG_OK
               : rg_fail(RG_BAD_FILE, "%s: it has more losses than updates", s->path);
}

static rg_status restore_trainer(const struct rg_config *c, struct rg_trainer_state *t, const struct rg_sections *s) {
    struct rg_training *const sum = &t->training;
    RG_TRY(rg_sections_number(s, "training.updates", UINT64_MAX, &sum->updates));
    if (sum->updates > c->training.updates) {
        return rg_fail(RG_USAGE, "%s has already made %llu updates, and the run is to end after %zu; give a larger %s",
                       s->path, (unsigned long long)sum->updates, c->training.updates,
                       c->training.epochs ? "--epochs" : "--updates");
    }
    RG_TRY(rg_sections_number(s, "training.applied", sum->updates, &sum->applied));
    RG_TRY(rg_sections_number(s, "training.clipped", sum->updates, &sum->clipped));
    RG_TRY(rg_sections_number(s, "training.skipped", sum->updates, &sum->skipped));
    RG_TRY(rg_sections_number(s, "training.skipped_row", sum->updates, &t->skipped_row));
    RG_TRY(rg_sections_real(s, "training.last_loss", &sum->last_loss));
    RG_TRY(rg_sections_real(s, "training.grad_norm", &sum->grad_norm));
    RG_TRY(rg_sections_real(s, "training.seconds", &sum->seconds));
    RG_TRY(rg_sections_real(s, "plateau.lr", &t->plateau.lr));
    RG_TRY(rg_sections_real(s, "plateau.best", &t->plateau.best));
    RG_TRY(rg_sections_number(s, "plateau.bad", sum->updates, &t->plateau.bad));
    RG_TRY(rg_sections_number(s, "training.validated", sum->updates, &t->validated));
    if (!isfinite(sum->seconds) || sum->seconds < 0.0 || !isfinite(t->plateau.lr)) {
        return rg_fail(RG_BAD_FILE, "%s: its time or its learning rate is not a number", s->path);
    }
    return restore_mean(t, s);
}

/* What drove the norm; every clipped update is counted once at most. */
static rg_status restore_driven(struct rg_run *run, const struct rg_sections *s) {
    const void *section = NULL;
    uint64_t left = run->state.training.clipped;
    RG_TRY(rg_sections_number(s, "lags.sampled", UINT64_MAX, &run->sampled));
    RG_TRY(rg_sections_get(s, "lags.driven", driven_bytes(run), &section));
    const uint64_t *const driven = section;
    for (size_t i = 0; i < driven_bytes(run) / sizeof *driven; i++) {
        if (driven[i] > left) {
            return rg_fail(RG_BAD_FILE, "%s: the section 'lags.driven' counts more updates than were clipped", s->path);
        }
        left -= driven[i];
    }
    memcpy(run->driven, driven, driven_bytes(run));
    return RG_OK;
}

rg_status rg_checkpoint_restore(struct rg_run *run, const struct rg_sections *s) {
    RG_TRY(check_parameters(run, s));
    RG_TRY(restore_trainer(&run->config, &run->state, s));
    RG_TRY(restore_engine(run->engine, s));
    RG_TRY(run->validator ? restore_validator(run->validator, run->state.training.updates, s) : RG_OK);
    RG_TRY(run->sampler ? restore_driven(run, s) : RG_OK);
    run->result.weights_update = run->state.training.applied;
    return rg_engine_get_weights(run->engine, run->model);
}
