/* Many small trainings at once: see replicas.h. */
#define _GNU_SOURCE
#include "train/replicas.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/sizes.h"
#include "base/stop.h"
#include "device/team.h"
#include "options/options_store.h"
#include "rnn_gpu/memory.h"
#include "train/device_setup.h"
#include "train/trial.h"

enum { MAX_WORKERS = 256, MESSAGE_BYTES = 1024 };

/* What the workers share; `lock` guards all but the items, each of which one worker has. */
struct crew {
    struct rg_replicas *replicas;
    const struct rg_run_data *data; /* of runs that read the same */
    char *data_key;                 /* rg_options_key of the first run */
    struct rg_device *device;       /* of a team; NULL: each worker opens its own */
    size_t n_workers;
    pthread_mutex_t lock;
    size_t next;            /* item to start */
    size_t finished, shown; /* items that have ended; the first one that on_run has not reported */
    rg_status status;       /* the first failure */
    char message[MESSAGE_BYTES];
};

static void note_failure(struct crew *c, rg_status status) {
    (void)pthread_mutex_lock(&c->lock);
    if (c->status == RG_OK) {
        c->status = status;
        (void)snprintf(c->message, sizeof c->message, "%s", rg_error_message());
    }
    (void)pthread_mutex_unlock(&c->lock);
}

/* The next item, or n: nothing is left, or the crew is to stop. */
static size_t take(struct crew *c) {
    (void)pthread_mutex_lock(&c->lock);
    const bool stop = c->status != RG_OK || rg_stop_requested();
    while (c->next < c->replicas->n && c->replicas->items[c->next].done) {
        c->next++;
    }
    const size_t item = stop || c->next == c->replicas->n ? c->replicas->n : c->next++;
    (void)pthread_mutex_unlock(&c->lock);
    return item;
}

/* Tell of all that are now at the front; the lock is held. */
static void show_front(struct crew *c) {
    struct rg_replicas *const r = c->replicas;
    while (c->shown < r->n && r->items[c->shown].done) {
        r->on_run(r->self, c->shown++, c->finished);
    }
}

/* An item has ended. */
static void finish(struct crew *c, size_t item) {
    struct rg_replicas *const r = c->replicas;
    rg_status status = RG_OK;
    (void)pthread_mutex_lock(&c->lock);
    r->items[item].done = r->items[item].summary.reason != RG_REASON_INTERRUPTED;
    c->finished += r->items[item].done;
    if (r->on_trained && r->items[item].done) {
        status = r->on_trained(r->self, item);
    }
    show_front(c);
    (void)pthread_mutex_unlock(&c->lock);
    if (status != RG_OK) {
        note_failure(c, status);
    }
}

/* *shared: whether rg_run_data_read gives a run the same as the first one. Carried states cut a series into as many
 * streams as an update has sequences. */
static rg_status shares_data(const struct crew *c, const struct rg_config *config, bool *shared) {
    char *key = NULL;
    RG_TRY(rg_options_key("train", config, RG_EFFECT_DATA, &key));
    const struct rg_config *const first = &c->replicas->items[0].config;
    *shared = strcmp(key, c->data_key) == 0 &&
              (!rg_run_data_is_drawn(config) || config->training.seed == first->training.seed) &&
              (config->training.tbptt == 0 || rg_update_sequences(config) == rg_update_sequences(first));
    rg_free(key);
    return RG_OK;
}

static rg_status run_item(struct crew *c, struct rg_device *device, struct rg_replica *item) {
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    struct rg_run_data own = {.training = NULL};
    bool shared = false;
    RG_TRY(shares_data(c, &item->config, &shared));
    if (!shared) {
        RG_TRY(rg_run_data_read(&item->config, &own));
    }
    item->config.machine.memory = c->replicas->config->machine.memory / c->n_workers;
    item->config.machine.threads = c->device ? item->config.machine.threads : 1;
    const struct rg_trial_options options = {.config = &item->config,
                                             .data = shared ? c->data : &own,
                                             .device = device,
                                             .hooks = &hooks,
                                             .model = item->model,
                                             .best = item->best};
    const rg_status status = rg_trial(&options, &item->summary);
    rg_run_data_release(&own);
    return status;
}

static void *work(void *argument) {
    struct crew *const c = argument;
    struct rg_device *device = NULL;
    const struct rg_device_options single = {.threads = 1,
                                             .is_double = rg_config_is_double(c->replicas->config),
                                             .tf32 = rg_setup_tf32(c->replicas->config)};
    rg_status status = rg_native_open(&single, &device);
    status = status == RG_OK ? rg_setup_library(c->replicas->config, device) : status;
    while (status == RG_OK) {
        const size_t item = take(c);
        if (item == c->replicas->n) {
            break;
        }
        status = run_item(c, device, &c->replicas->items[item]);
        if (status == RG_OK) {
            finish(c, item);
        }
    }
    if (status != RG_OK) {
        note_failure(c, status);
    }
    rg_device_destroy(device);
    return NULL;
}

/* ---- Teams: on a device that all share, runs of the same sizes go in step ---- */

struct team_worker {
    struct crew *crew;
    size_t item;
    struct rg_device *device;
    pthread_t thread;
    bool started;
};

static void *work_in_team(void *argument) {
    struct team_worker *const w = argument;
    const rg_status status = run_item(w->crew, w->device, &w->crew->replicas->items[w->item]);
    if (status == RG_OK) {
        finish(w->crew, w->item);
    } else {
        note_failure(w->crew, status);
    }
    rg_team_leave(w->device);
    return NULL;
}

/* How many runs like this one go in step: as many as memory holds; on a processor, as half its cache holds. */
static rg_status team_size(struct crew *c, const struct rg_config *config, size_t *size) {
    const struct rg_device_info *const info = &c->device->info;
    struct rg_config whole = *config;
    struct rg_plan plan;
    struct rg_run_data own = {.training = NULL};
    bool shared = false;
    RG_TRY(shares_data(c, config, &shared));
    whole.machine.memory = c->replicas->config->machine.memory;
    RG_TRY(shared ? RG_OK : rg_run_data_read(config, &own));
    const rg_status status = rg_run_plan(&whole, shared ? c->data : &own, c->device, &plan);
    rg_run_data_release(&own);
    RG_TRY(status);
    const uint64_t budget = rg_device_budget(info),
                   max = budget < info->max_buffer_bytes ? budget : info->max_buffer_bytes;
    const uint64_t memory = whole.machine.memory && whole.machine.memory < max ? whole.machine.memory : max;
    const uint64_t room = info->cache_bytes && info->cache_bytes / 2 < memory ? info->cache_bytes / 2 : memory;
    const uint64_t fit = room / plan.total_bytes;
    *size = fit < 1 ? 1 : fit < MAX_WORKERS ? (size_t)fit : MAX_WORKERS;
    return RG_OK;
}

/* Train the runs of workers [0, n), whose items are set. */
static rg_status run_team(struct crew *c, struct team_worker *workers, size_t n) {
    struct rg_team *team = NULL;
    RG_TRY(rg_team_create(c->device, n, &team));
    c->n_workers = n;
    for (size_t i = 0; i < n; i++) {
        struct team_worker *const w = &workers[i];
        w->crew = c;
        w->device = rg_team_member(team, i);
        w->started = pthread_create(&w->thread, NULL, work_in_team, w) == 0;
        if (!w->started) {
            note_failure(c, rg_fail(RG_NO_MEMORY, "cannot start thread %zu of %zu; try a smaller --memory", i + 1, n));
            rg_team_leave(w->device);
        }
    }
    (void)rg_team_drive(team); /* what fails there fails in a worker too */
    for (size_t i = 0; i < n; i++) {
        if (workers[i].started) {
            (void)pthread_join(workers[i].thread, NULL);
        }
    }
    rg_team_destroy(team);
    return RG_OK;
}

/* Train all runs in teams. A team is the first run that is left and, as far as there is room, later runs of the same
 * sizes. */
static rg_status run_teams(struct crew *c) {
    struct rg_replicas *const r = c->replicas;
    struct team_worker *workers = NULL;
    bool *taken = NULL;
    char **sizes = NULL; /* [n] what shapes each run's launches */
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&workers, MAX_WORKERS, sizeof *workers, "a team"));
    RG_TRY_GOTO(rg_alloc(&taken, r->n, sizeof *taken, "a team"));
    RG_TRY_GOTO(rg_alloc(&sizes, r->n, sizeof *sizes, "a team"));
    for (size_t i = 0; i < r->n; i++) {
        RG_TRY_GOTO(rg_options_key("train", &r->items[i].config, RG_EFFECT_SIZES, &sizes[i]));
    }
    for (size_t first = 0; first < r->n && c->status == RG_OK && !rg_stop_requested(); first++) {
        size_t size = 0, n = 0;
        if (taken[first] || r->items[first].done) {
            continue;
        }
        RG_TRY_GOTO(team_size(c, &r->items[first].config, &size));
        for (size_t i = first; i < r->n && n < size; i++) {
            if (!taken[i] && !r->items[i].done && strcmp(sizes[first], sizes[i]) == 0) {
                taken[i] = true;
                workers[n++].item = i;
            }
        }
        RG_TRY_GOTO(run_team(c, workers, n));
    }
cleanup:
    for (size_t i = 0; sizes && i < r->n; i++) {
        rg_free(sizes[i]);
    }
    rg_free(sizes);
    rg_free(workers);
    rg_free(taken);
    return status;
}

/* Whether the runs belong on the processor: it is named, or nothing is and there is no GPU. `choice` says why `auto`
 * takes it although there is an OpenCL device, which `train` then takes. */
static rg_status wants_processor(const struct rg_config *config, bool *processor, char *choice, size_t bytes) {
    struct rg_device_entry *entries = NULL;
    size_t n = 0;
    *processor = strcasecmp(config->machine.device, "cpu") == 0 || strcasecmp(config->machine.device, "native") == 0;
    if (strcasecmp(config->machine.device, "auto") != 0) {
        return RG_OK;
    }
    *processor = true;
    RG_TRY(rg_device_list(&(struct rg_device_options){.threads = rg_setup_threads(config)}, &entries, &n));
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        *processor = *processor && !(entries[i].info.is_gpu && entries[i].problem[0] == '\0');
        any = any || (strcmp(entries[i].info.backend, "opencl") == 0 && entries[i].problem[0] == '\0');
    }
    if (any) {
        (void)snprintf(choice, bytes, "each run has a thread natively, as there is no GPU; `train` takes OpenCL");
    }
    rg_free(entries);
    return RG_OK;
}

/* The device of the teams, or how many workers there are. */
static void tell_device(const struct crew *c, const struct rg_device_info *info) {
    if (c->replicas->on_device) {
        c->replicas->on_device(c->replicas->self, info);
    }
}

static rg_status choose_workers(struct crew *c) {
    const struct rg_config *const config = c->replicas->config;
    struct rg_device_info info;
    bool processor = false;
    char choice[sizeof info.choice] = "";
    RG_TRY(wants_processor(config, &processor, choice, sizeof choice));
    if (!processor && config->machine.gemm == RG_GEMM_LIBRARY) {
        return rg_fail(RG_USAGE,
                       "--gemm library computes the products of one run, and on an OpenCL device one launch of "
                       "a sweep serves many runs; leave it out, or take --device cpu");
    }
    if (!processor) {
        RG_TRY(rg_setup_device(config, &c->device));
        tell_device(c, &c->device->info);
        return c->replicas->test_device(c->device, config->model.skip_kind == RG_SKIP_LEARNED);
    }
    c->replicas->on_processor = true;
    rg_native_describe(
        &(struct rg_device_options){.threads = rg_setup_threads(config), .is_double = rg_config_is_double(config)},
        &info);
    if (config->machine.shape) {
        return rg_fail(RG_NO_DEVICE, "--shape requires an OpenCL device, and the runs go to the processor; leave it "
                                     "out, or select a device with --device");
    }
    c->n_workers = info.units < 1 ? 1 : (size_t)info.units;
    c->n_workers = rg_min(c->n_workers, MAX_WORKERS);
    c->n_workers = rg_min(c->n_workers, c->replicas->n);
    (void)snprintf(info.choice, sizeof info.choice, "%s", choice);
    tell_device(c, &info);
    return RG_OK;
}

/* A worker that cannot be started leaves its work to the others. */
static void run_crew(struct crew *c) {
    pthread_t threads[MAX_WORKERS];
    size_t started = 0;
    while (started + 1 < c->n_workers && pthread_create(&threads[started], NULL, work, c) == 0) {
        started++;
    }
    (void)work(c);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

rg_status rg_replicas_run(struct rg_replicas *replicas) {
    struct crew c = {.replicas = replicas, .status = RG_OK};
    struct rg_run_data data = {.training = NULL};
    rg_status status = RG_OK;
    RG_TRY(rg_run_data_read(&replicas->items[0].config, &data));
    c.data = &data;
    RG_TRY_GOTO(rg_options_key("train", &replicas->items[0].config, RG_EFFECT_DATA, &c.data_key));
    RG_TRY_GOTO(choose_workers(&c));
    (void)pthread_mutex_init(&c.lock, NULL);
    for (size_t i = 0; i < replicas->n; i++) {
        c.finished += replicas->items[i].done;
    }
    show_front(&c);
    if (c.device) {
        status = run_teams(&c);
    } else {
        run_crew(&c);
    }
    (void)pthread_mutex_destroy(&c.lock);
    status = c.status == RG_OK ? status : rg_fail(c.status, "%s", c.message);
cleanup:
    rg_device_destroy(c.device);
    rg_run_data_release(&data);
    rg_free(c.data_key);
    return status;
}
