/* What is found of the gradient: see diagnosis.h. */
#include "train/diagnosis.h"

#include <math.h>

#include "base/sizes.h"
#include "gradient/step_rule.h"
#include "rnn_gpu/memory.h"

enum { MAX_ROWS = 256, MIN_LAGS = 64 };
/* Limits of a sample: operations of the profile and of the products, numbers between layers. */
static const double WORK = 4e9, PRODUCT_WORK = 2e9, SENT_BYTES = 256e6;
/* Limits for the singular values of large states, for a sample and for the full diagnosis. */
static const struct rg_spectrum_limits few_singular = {.whole_work = 0.0, .power_work = 2e8, .bytes = 64e6},
                                       max_singular = {.whole_work = 4e9, .power_work = 4e9, .bytes = 256e6};
/* The fixed cost of a step, counted in sequences: reading the states and adding its term to the gradient. */
static const double STEP_ROWS = 3.0;

/* Sequences and lags of a sample: as many sequences as the allowed work suffices for with every lag, at least one. If
 * it does not suffice for one, the lags nearest to the loss. */
struct sample {
    size_t rows, lags, product_lags;
};

static struct sample choose_sample(const struct rg_plan *p, const struct rg_diagnosis_options *o) {
    const double hidden = (double)p->hidden, all = (double)(o->probe ? o->probe : p->steps);
    double work = 0.0, bytes = 0.0; /* of one sequence and lag */
    for (size_t l = 0; l < p->layers; l++) {
        const double inputs = (double)p->layer[l].inputs, gates = (double)(p->gates * p->directions);
        work += gates * hidden * 4.0 * (hidden + inputs);
        bytes += l ? inputs * (double)p->directions * sizeof(double) : 0.0;
    }
    const double fit = fmin(WORK / work / all - STEP_ROWS, bytes > 0.0 ? SENT_BYTES / bytes / all : WORK);
    double lags = fmin(WORK / work / (1.0 + STEP_ROWS), bytes > 0.0 ? SENT_BYTES / bytes : all);
    lags = fmax(MIN_LAGS, lags);
    const double directions = (double)(p->layers * p->directions), width = hidden * (double)(p->gates > 3 ? 2 : 1);
    struct sample s = {.rows = fit < 1.0 ? 1 : fit < MAX_ROWS ? (size_t)fit : MAX_ROWS};
    s.rows = rg_min(s.rows, o->rows);
    s.rows = rg_min(s.rows, p->chunk); /* those that are in memory together */
    s.lags = fit < 1.0 && lags < all ? (size_t)lags : (size_t)all;
    s.product_lags = (size_t)fmax(MIN_LAGS, PRODUCT_WORK / (64.0 * width * directions));
    s.product_lags = rg_min(s.product_lags, s.lags);
    return s;
}

/* The verdict, and what it is of. */
static void find_verdict(struct rg_diagnosis *d) {
    rg_verdict_on_net(d->profiles, d->causes, &d->verdict);
    const size_t layer = d->verdict.layer, direction = d->verdict.direction;
    d->profile = rg_lag_profile_of(d->profiles, layer, direction);
    d->cause = d->causes ? rg_causes_of(d->causes, layer, direction) : NULL;
    if (d->profile->lags == 0) {
        d->profile = NULL;
        d->cause = NULL;
    }
}

/* Measure the causes, or if `brief` those that a verdict asks for. */
static rg_status measure_causes(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                                const struct rg_diagnosis_options *o, const struct sample *s, struct rg_diagnosis *d) {
    const size_t n = d->profiles->layers * d->profiles->directions;
    bool *asked = NULL;
    bool any = false;
    RG_TRY(rg_alloc(&asked, n, sizeof *asked, "causes of the gradient"));
    for (size_t i = 0; i < n; i++) {
        asked[i] = rg_verdict_asks_causes(&d->profiles->items[i]);
        any = any || asked[i];
    }
    const struct rg_cause_options options = {.rows = rg_min(s->rows, RG_CAUSE_ROWS),
                                             .probe = o->probe,
                                             .lags = s->product_lags,
                                             .limits = o->how == RG_DIAGNOSE_SAMPLE ? few_singular : max_singular,
                                             .loaded = s->rows <= RG_CAUSE_ROWS && s->rows <= engine->net.plan.chunk,
                                             .brief = o->brief ? asked : NULL,
                                             .threads = o->threads,
                                             .watch =
                                                 rg_watch_piece(&o->watch, RG_PROFILE_PART, 1.0 - RG_PROFILE_PART)};
    const rg_status status = any || !o->brief ? rg_causes_measure(engine, source, update, &options, &d->causes) : RG_OK;
    rg_free(asked);
    return status;
}

/* What was measured of states that are not finite says nothing; what the weights have stays. */
static void forget_overflows(const struct rg_diagnosis *d) {
    for (size_t i = 0; d->causes && i < d->profiles->layers * d->profiles->directions; i++) {
        struct rg_causes *const c = &d->causes->items[i];
        if (d->profiles->items[i].overflow) {
            c->last = c->n_exponents = c->times.n = 0;
            c->mean_slope = c->mean_saturated = c->mean_log_forget = NAN;
            c->spectrum.n = c->spectrum.power.iterations = 0;
            c->spectrum.log10_condition = NAN;
        }
    }
}

static rg_status measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                         const struct rg_diagnosis_options *o, struct rg_diagnosis *d) {
    const bool sampled = o->how == RG_DIAGNOSE_SAMPLE;
    const struct sample some = choose_sample(&engine->net.plan, o), all = {o->rows, 0, 0};
    const struct sample *const s = sampled ? &some : &all;
    double *factors = NULL;
    if (o->step) {
        RG_TRY(rg_step_factors(engine, &factors));
        d->optimizer = engine->optimizer->options.kind;
        d->linear = rg_step_is_linear(&engine->optimizer->options);
        d->asked_step = true;
        d->stepped = d->linear || factors;
    }
    const struct rg_lag_options lags = {.rows = s->rows,
                                        .probe = o->probe,
                                        .lags = s->lags,
                                        .factors = factors,
                                        .ranges = sampled,
                                        .brief = o->brief,
                                        .threads = o->threads,
                                        .watch = rg_watch_piece(&o->watch, 0.0, o->causes ? RG_PROFILE_PART : 1.0)};
    const rg_status status = rg_lag_measure(engine, source, update, &lags, &d->profiles);
    rg_free(factors);
    RG_TRY(status);
    d->is_double = engine->net.device->info.real_bytes == sizeof(double);
    RG_TRY(o->causes ? measure_causes(engine, source, update, o, s, d) : RG_OK);
    forget_overflows(d);
    find_verdict(d);
    return RG_OK;
}

rg_status rg_diagnosis_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                               const struct rg_diagnosis_options *options, struct rg_diagnosis *diagnosis) {
    *diagnosis = (struct rg_diagnosis){.profiles = NULL};
    const rg_status status = measure(engine, source, update, options, diagnosis);
    if (status != RG_OK) {
        rg_diagnosis_release(diagnosis);
    }
    return status;
}

void rg_diagnosis_release(struct rg_diagnosis *d) {
    rg_lag_profiles_destroy(d->profiles);
    rg_causes_destroy(d->causes);
    *d = (struct rg_diagnosis){.profiles = NULL};
}
