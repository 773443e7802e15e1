/* The gradient split by time lag: see profile.h. */
#include "gradient/profile.h"

#include <math.h>

#include "base/sizes.h"
#include "gradient/lag_walk.h"
#include "gradient/step_terms.h"
#include "rnn_gpu/memory.h"

enum { ASK_EVERY = 16 };

static const double FEW_PRODUCTS = 2e5; /* of a step, below which one thread is used */

/* Must the measurement end? Asks the watch once every ASK_EVERY calls. part: share of the direction that is done. */
static bool must_end(struct rg_lag_walk *w, double part) {
    w->progress.asked++;
    if (!w->progress.ended && w->progress.asked % ASK_EVERY == 0) {
        w->progress.ended = rg_watch_ends(&w->options->watch, w->progress.before + w->progress.part * part);
    }
    return w->progress.ended;
}

/* Sequences that are processed together: a chunk, or one where each sequence may need another segment of time. */
static size_t rows_at_once(const struct rg_lag_walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    return w->direction.aligned && p->n_segments > 1 ? 1 : p->chunk;
}

/* Compute the terms of orders [low, high) into slots 0, 1, …, the largest order first. */
static rg_status load_group(struct rg_lag_walk *w, size_t low, size_t high, bool note) {
    const size_t chunk = rows_at_once(w);
    for (size_t slot = 0; slot < high - low; slot++) {
        rg_scaled_clear(&w->direction.terms.kept[slot]);
    }
    for (size_t first = 0; first < w->rows; first += chunk) {
        const size_t left = w->rows - first, rows = rg_min(left, chunk);
        RG_TRY(rg_lag_load_chunk(w, first, rows));
        for (size_t order = high; order-- > low;) {
            const double done = (double)(w->lags - (order - rg_lag_first_order(w))) / (double)w->lags;
            const struct rg_lag_visit visit = {order, first, rows, high - 1 - order, note};
            RG_TRY(rg_lag_chunk_step(w, &visit));
            if (must_end(w, ((double)first + done * (double)rows) / (double)w->rows)) {
                return RG_OK;
            }
        }
    }
    return RG_OK;
}

static void note_group(struct rg_lag_walk *w, size_t low, size_t high) {
    for (size_t order = high; order-- > low;) {
        rg_terms_note(&w->direction.terms, high - 1 - order, rg_lag_of_order(w, order));
    }
}

static void compare_group(struct rg_lag_walk *w, size_t low, size_t high, bool rising) {
    for (size_t order = high; order-- > low;) {
        rg_terms_compare(&w->direction.terms, high - 1 - order, rg_lag_of_order(w, order), rising);
    }
}

/* Visit all terms twice: first for their norms and sum, then to compare each with the sum. Terms that do not all fit
 * into memory are computed twice. If the watch ends the walk early, no lag has a result. */
static rg_status walk_terms(struct rg_lag_walk *w) {
    struct rg_lag_direction *const d = &w->direction;
    const size_t begin = rg_lag_first_order(w), group = d->terms.group;
    const bool rising = !rg_lag_falls(w), at_once = group >= w->lags;
    for (size_t high = begin + w->lags; high > begin && !w->progress.ended;) {
        const size_t low = high - begin > group ? high - group : begin;
        RG_TRY(load_group(w, low, high, true));
        note_group(w, low, high);
        high = low;
    }
    rg_terms_total(&d->terms, rising);
    if (!at_once && !w->progress.ended) {
        rg_adjoint_release(&d->adjoint);
        RG_TRY(rg_adjoint_create(&d->facts, w->rows, &d->adjoint));
    }
    for (size_t high = begin + w->lags; high > begin && !w->progress.ended;) {
        const size_t low = high - begin > group ? high - group : begin;
        if (!at_once) {
            RG_TRY(load_group(w, low, high, false));
        }
        compare_group(w, low, high, rising);
        high = low;
    }
    d->profile->lags = w->progress.ended ? 0 : w->lags;
    return RG_OK;
}

/* Visit all terms once; their sequences are in memory together, and terms of large lags are stored in ranges. If the
 * watch ends the walk early, the profile covers the lags visited. A direction that starts at the largest lag then has
 * none. */
static rg_status walk_ranges(struct rg_lag_walk *w) {
    struct rg_lag_direction *const d = &w->direction;
    const size_t begin = rg_lag_first_order(w);
    size_t done = 0;
    RG_TRY(rg_lag_load_chunk(w, 0, w->rows));
    for (; done < w->lags && !w->progress.ended; done++) {
        const size_t order = begin + w->lags - 1 - done, lag = rg_lag_of_order(w, order);
        const size_t slot = rg_terms_begin(&d->terms, lag);
        const struct rg_lag_visit visit = {order, 0, w->rows, slot, true};
        const rg_status status = rg_lag_chunk_step(w, &visit);
        w->progress.ended = rg_stop_is(status); /* the stop came while a segment was recomputed */
        if (w->progress.ended) {
            break;
        }
        RG_TRY(status);
        rg_terms_add_lag(&d->terms, slot, lag);
        (void)must_end(w, (double)done / (double)w->lags);
    }
    d->profile->lags = done < w->lags && rg_lag_falls(w) ? 0 : done;
    rg_terms_total(&d->terms, true);
    rg_terms_compare_ranges(&d->terms, d->profile->lags);
    return RG_OK;
}

static rg_status create_direction(struct rg_lag_walk *w) {
    struct rg_lag_direction *const d = &w->direction;
    RG_TRY(rg_cell_facts_create(w->engine, w->weights, d->profile->layer, d->profile->direction, &d->facts));
    d->aligned = d->facts.to_first && w->source->ragged;
    const size_t chunk = rows_at_once(w), at_once = rg_min(w->rows, chunk);
    const enum rg_keeping keeping = w->rows > chunk      ? RG_KEEP_GROUPS
                                    : w->options->ranges ? RG_KEEP_RANGES
                                                         : RG_KEEP_AT_ONCE;
    RG_TRY(rg_adjoint_create(&d->facts, w->rows, &d->adjoint));
    RG_TRY(rg_step_states_create(w->engine, &d->facts, at_once, &d->states));
    const struct rg_terms_sizes sizes = {at_once, w->lags, keeping, w->options->kept_bytes};
    RG_TRY(rg_terms_create(&d->facts, d->profile, &sizes, &d->terms));
    RG_TRY(w->options->factors ? rg_step_terms_create(&d->terms, w->engine->net.model, w->options->factors) : RG_OK);
    w->record.n_live = w->record.n_used = 0;
    for (size_t lag = 0; lag < w->lags; lag++) {
        w->record.squares[lag] = (struct rg_scaled){&w->record.square[lag], 1, RG_SCALED_EMPTY};
        w->record.square[lag] = 0.0;
    }
    return RG_OK;
}

static void release_direction(struct rg_lag_walk *w) {
    struct rg_lag_direction *const d = &w->direction;
    rg_cell_facts_release(&d->facts);
    rg_adjoint_release(&d->adjoint);
    rg_step_states_release(&d->states);
    rg_terms_release(&d->terms);
}

static rg_status walk_direction(struct rg_lag_walk *w, struct rg_lag_profile *profile) {
    w->direction.profile = profile;
    RG_TRY(create_direction(w));
    RG_TRY(w->direction.terms.begins ? walk_ranges(w) : walk_terms(w));
    RG_TRY(rg_lag_summarise(w));
    release_direction(w);
    w->progress.before += w->progress.part;
    return RG_OK;
}

/* Measure the layers from the last to the first. A direction that the watch ends before its start has no lags. */
static rg_status walk_layers(struct rg_lag_walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    w->progress.part = 1.0 / (double)(p->layers * p->directions);
    for (size_t l = p->layers; l-- > 0 && !w->progress.ended;) {
        for (size_t d = 0; d < p->directions && !w->progress.ended; d++) {
            if (l > 0) {
                RG_TRY(rg_sent_create(w->lags * w->rows, rg_lag_n_states(w), &w->sent.below[d]));
            }
            RG_TRY(walk_direction(w, &w->profiles->items[l * p->directions + d]));
        }
        rg_sent_hand_down(w->sent.above, w->sent.below);
    }
    return RG_OK;
}

static rg_status create_walk(struct rg_lag_walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    size_t wide = rg_max(p->out_stride, p->hidden);
    for (size_t l = 0; l < p->layers; l++) {
        wide = rg_max(p->layer[l].inputs, wide);
    }
    w->step.wide = wide;
    RG_TRY(rg_lag_profiles_create(w->engine, w->rows, w->probe + 1, &w->profiles));
    RG_TRY(rg_alloc(&w->weights, w->engine->net.model->arena, sizeof *w->weights, "the weights"));
    RG_TRY(rg_reals_read(w->engine->net.device, w->weights, w->engine->net.buffers.weights, 0,
                         w->engine->net.model->arena));
    RG_TRY(rg_alloc(&w->chunk.begin, p->chunk, sizeof *w->chunk.begin, "starts of sequences"));
    RG_TRY(rg_arrival_create(w->engine, &w->chunk.arrival));
    RG_TRY(rg_alloc(&w->step.from_above, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->step.kept_share, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->step.raw, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->step.norm, p->chunk, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->record.has_loss, w->rows, sizeof *w->record.has_loss, "the lag profile"));
    RG_TRY(rg_alloc(&w->record.delta_log, w->lags * w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->record.term_log, w->lags * w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->record.end_log, w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->record.squares, w->lags, sizeof *w->record.squares, "the lag profile"));
    return rg_alloc(&w->record.square, w->lags, sizeof *w->record.square, "the lag profile");
}

static void release_walk(struct rg_lag_walk *w) {
    release_direction(w);
    for (size_t d = 0; d < 2; d++) {
        rg_sent_release(&w->sent.above[d]);
        rg_sent_release(&w->sent.below[d]);
    }
    rg_free(w->weights);
    rg_free(w->chunk.begin);
    rg_arrival_release(&w->chunk.arrival);
    rg_free(w->step.from_above);
    rg_free(w->step.kept_share);
    rg_free(w->step.raw);
    rg_free(w->step.norm);
    rg_free(w->record.has_loss);
    rg_pool_destroy(w->pool);
    rg_free(w->record.delta_log);
    rg_free(w->record.term_log);
    rg_free(w->record.end_log);
    rg_free(w->record.squares);
    rg_free(w->record.square);
}

/* Multiplications of a step. With few of them, threads would wait for each other longer than they compute. */
static double step_work(const struct rg_lag_walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    return (double)(w->rows * p->gates * p->hidden) * (double)(p->hidden + w->step.wide);
}

rg_status rg_lag_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                         const struct rg_lag_options *options, struct rg_lag_profiles **out) {
    const struct rg_plan *const p = &engine->net.plan;
    const size_t probe = options->probe ? options->probe : p->steps;
    /* where directions end at different ends, layers send each other gradients at every step */
    const bool all = p->readout != RG_READOUT_LAST && p->directions > 1 && p->layers > 1;
    struct rg_lag_walk w = {.engine = engine,
                            .source = source,
                            .options = options,
                            .update = update,
                            .rows = options->rows,
                            .probe = probe - 1,
                            .lags = options->lags && options->lags < probe && !all ? options->lags : probe,
                            .chunk.loaded = SIZE_MAX};
    *out = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_walk(&w));
    const int threads = step_work(&w) < FEW_PRODUCTS ? 1 : rg_pool_threads(options->threads);
    RG_TRY_GOTO(rg_pool_create_up_to(threads < RG_LAG_ROW_PARTS ? threads : RG_LAG_ROW_PARTS, &w.pool));
    RG_TRY_GOTO(rg_engine_pack(engine));
    const rg_status walked = walk_layers(&w);
    RG_TRY_GOTO(rg_stop_is(walked) ? RG_OK : walked); /* keep what was measured before the stop */
    *out = w.profiles;
    w.profiles = NULL;
cleanup:
    release_walk(&w);
    rg_lag_profiles_destroy(w.profiles);
    return status;
}
