/* Launches of several threads put together: see team.h. */
#include "device/team.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/memory.h"

enum { MESSAGE_BYTES = 1024 };

/* A member's buffer. Buffers that are made together have the same number. */
struct team_buffer {
    struct rg_buffer base;
    struct rg_buffer *real;
    size_t number;
};

enum command_kind { LAUNCH, WRITE, ZERO };

struct command {
    struct command *next;
    enum command_kind kind;
    struct rg_launch launch;        /* on real buffers, with its arguments in `bytes` */
    size_t numbers[RG_MAX_BUFFERS]; /* of those buffers; 0: none */
    struct rg_buffer *to;           /* of a write or a zero */
    size_t offset, n_bytes;
    uint64_t bytes[]; /* arguments, or what is written */
};

struct member {
    struct rg_device base;
    struct rg_team *team;
    size_t place;                 /* in the team */
    struct command *first, *last; /* queued */
    size_t pending;               /* commands that are queued or being done */
    size_t done;                  /* commands, by which members are in step */
    size_t n_buffers;             /* made up to now */
    bool in_step;
};

/* The i-th buffers of all members: one piece of memory if they have the same size. */
struct shared_buffers {
    size_t bytes;
    struct rg_buffer **real; /* [n]; NULL once it is the member's */
};

struct rg_team {
    struct rg_device *device;
    pthread_mutex_t device_mutex; /* whoever holds it may use the device; no other mutex is taken while it is held */
    size_t n;
    struct member *members;        /* [n] */
    struct shared_buffers *shared; /* [n_shared], guarded by device_mutex */
    size_t n_shared, n_alone;
    /* `mutex` guards what follows, and the members' queues */
    pthread_mutex_t mutex;
    pthread_cond_t work, drained; /* something is queued or a member is out of step; a queue is empty */
    size_t n_left;
    rg_status status; /* the first failure of a command */
    char message[MESSAGE_BYTES];
    /* used by the driver's thread alone */
    struct rg_launch *launches; /* [n] */
    struct command **taken;     /* [n] */
    size_t *takers;             /* [n], places of members */
};

static struct member *member_of(struct rg_device *device) {
    return (struct member *)device;
}

static struct rg_buffer *real_of(struct rg_buffer *buffer) {
    return buffer ? ((struct team_buffer *)buffer)->real : NULL;
}

/* ---- Commands ---- */

static rg_status do_one(struct rg_team *team, const struct command *c) {
    switch (c->kind) {
    case WRITE:
        return rg_buffer_write(team->device, c->to, c->offset, c->bytes, c->n_bytes);
    case ZERO:
        return rg_buffer_zero(team->device, c->to);
    default:
        return rg_device_launch(team->device, &c->launch);
    }
}

static rg_status failure(const struct rg_team *team) {
    return rg_fail(team->status, "%s", team->message);
}

/* Keep the first failure, and wake the members that wait for their commands; `mutex` is held. */
static void keep_failure(struct rg_team *team, rg_status status) {
    if (status != RG_OK && team->status == RG_OK) {
        team->status = status;
        (void)snprintf(team->message, sizeof team->message, "%s", rg_error_message());
        (void)pthread_cond_broadcast(&team->drained);
    }
}

/* The status of what a member did by itself; a failure becomes the team's. */
static rg_status noted(struct rg_team *team, rg_status status) {
    if (status != RG_OK) {
        (void)pthread_mutex_lock(&team->mutex);
        keep_failure(team, status);
        (void)pthread_mutex_unlock(&team->mutex);
    }
    return status;
}

/* Queue a command, or execute it if its member is out of step. The team owns it from here on. */
static rg_status submit(struct member *m, struct command *c) {
    struct rg_team *const team = m->team;
    (void)pthread_mutex_lock(&team->mutex);
    const bool queued = m->in_step && team->status == RG_OK;
    rg_status status = team->status == RG_OK ? RG_OK : failure(team);
    if (queued) {
        m->pending++;
        if (m->first) {
            m->last->next = c;
        } else {
            m->first = c;
            (void)pthread_cond_signal(&team->work);
        }
        m->last = c;
    }
    (void)pthread_mutex_unlock(&team->mutex);
    if (!queued) {
        if (status == RG_OK) {
            (void)pthread_mutex_lock(&team->device_mutex);
            status = do_one(team, c);
            (void)pthread_mutex_unlock(&team->device_mutex);
            status = noted(team, status);
        }
        rg_free(c);
    }
    return status;
}

/* Wait until all that a member has queued is done. */
static rg_status drain(struct member *m) {
    struct rg_team *const team = m->team;
    (void)pthread_mutex_lock(&team->mutex);
    while (m->pending > 0 && team->status == RG_OK) {
        (void)pthread_cond_wait(&team->drained, &team->mutex);
    }
    const rg_status status = team->status == RG_OK ? RG_OK : failure(team);
    (void)pthread_mutex_unlock(&team->mutex);
    return status;
}

static rg_status make_command(enum command_kind kind, const void *bytes, size_t n_bytes, struct command **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out + n_bytes, "a command"));
    (*out)->kind = kind;
    (*out)->n_bytes = n_bytes;
    memcpy((*out)->bytes, bytes, n_bytes);
    return RG_OK;
}

/* ---- A member's operations ---- */

/* The member's next buffer. If all members make one of that size at this place, the buffers share one piece of memory.
 */
static rg_status next_buffer(struct member *m, size_t bytes, struct team_buffer *buffer) {
    struct rg_team *const team = m->team;
    const size_t at = m->n_buffers;
    if (at == team->n_shared) {
        struct shared_buffers *grown = NULL, *const old = team->shared;
        RG_TRY(rg_alloc(&grown, at + 1, sizeof *grown, "a team's buffers"));
        memcpy(grown, old ? old : grown, at * sizeof *grown);
        team->shared = grown;
        rg_free(old);
        grown[at].bytes = bytes;
        RG_TRY(rg_alloc(&grown[at].real, team->n, sizeof *grown[at].real, "a team's buffers"));
        team->n_shared++;
        RG_TRY(rg_buffers_create(team->device, team->n, bytes, "a team's buffer", grown[at].real));
    }
    m->n_buffers++;
    struct shared_buffers *const shared = &team->shared[at];
    if (shared->bytes == bytes && shared->real[m->place]) {
        buffer->real = shared->real[m->place];
        shared->real[m->place] = NULL;
        buffer->number = 2 * at + 1;
        return RG_OK;
    }
    buffer->number = 2 * ++team->n_alone;
    return rg_buffer_create(team->device, bytes, "a buffer", &buffer->real);
}

static rg_status member_buffers_create(struct rg_device *device, size_t n, size_t bytes, struct rg_buffer **out) {
    struct member *const m = member_of(device);
    rg_status status = RG_OK;
    (void)pthread_mutex_lock(&m->team->device_mutex);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        struct team_buffer *buffer = NULL;
        status = rg_alloc(&buffer, 1, sizeof *buffer, "a buffer");
        if (status == RG_OK) {
            status = next_buffer(m, bytes, buffer);
        }
        if (status == RG_OK) {
            out[i] = &buffer->base;
        } else {
            rg_free(buffer);
        }
    }
    for (size_t i = 0; status != RG_OK && i < n && out[i]; i++) {
        rg_buffer_destroy(m->team->device, real_of(out[i]));
        rg_free(out[i]);
        out[i] = NULL;
    }
    (void)pthread_mutex_unlock(&m->team->device_mutex);
    return status;
}

static void member_buffer_destroy(struct rg_device *device, struct rg_buffer *buffer) {
    struct member *const m = member_of(device);
    (void)drain(m);
    (void)pthread_mutex_lock(&m->team->device_mutex);
    rg_buffer_destroy(m->team->device, real_of(buffer));
    (void)pthread_mutex_unlock(&m->team->device_mutex);
    rg_free(buffer);
}

static rg_status member_write(struct rg_device *device, struct rg_buffer *to, size_t offset, const void *from,
                              size_t bytes) {
    struct command *c = NULL;
    RG_TRY(make_command(WRITE, from, bytes, &c));
    c->to = real_of(to);
    c->offset = offset;
    return submit(member_of(device), c);
}

static rg_status member_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    struct member *const m = member_of(device);
    RG_TRY(drain(m));
    (void)pthread_mutex_lock(&m->team->device_mutex);
    const rg_status status = rg_buffer_read(m->team->device, to, real_of(from), offset, bytes);
    (void)pthread_mutex_unlock(&m->team->device_mutex);
    return noted(m->team, status);
}

static rg_status member_zero(struct rg_device *device, struct rg_buffer *buffer, size_t bytes) {
    (void)bytes; /* the whole buffer */
    struct command *c = NULL;
    RG_TRY(make_command(ZERO, "", 0, &c));
    c->to = real_of(buffer);
    return submit(member_of(device), c);
}

static rg_status member_launch(struct rg_device *device, const struct rg_launch *launches, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct command *c = NULL;
        RG_TRY(make_command(LAUNCH, launches[i].args, rg_kernel_signatures[launches->kernel].args_bytes, &c));
        c->launch = launches[i];
        c->launch.args = c->bytes;
        for (size_t b = 0; b < RG_MAX_BUFFERS; b++) {
            c->launch.buffers[b] = real_of(launches[i].buffers[b]);
            c->numbers[b] = launches[i].buffers[b] ? ((struct team_buffer *)launches[i].buffers[b])->number : 0;
        }
        RG_TRY(submit(member_of(device), c));
    }
    return RG_OK;
}

static rg_status member_finish(struct rg_device *device) {
    struct member *const m = member_of(device);
    struct rg_team *const team = m->team;
    RG_TRY(drain(m));
    (void)pthread_mutex_lock(&team->mutex);
    m->in_step = false;
    (void)pthread_cond_signal(&team->work);
    (void)pthread_mutex_unlock(&team->mutex);
    (void)pthread_mutex_lock(&team->device_mutex);
    const rg_status status = rg_device_finish(team->device);
    (void)pthread_mutex_unlock(&team->device_mutex);
    return noted(team, status);
}

/* A member's device is the team's. */
static void member_destroy(struct rg_device *device) {
    (void)device;
}

void rg_team_leave(struct rg_device *member) {
    struct member *const m = member_of(member);
    struct rg_team *const team = m->team;
    (void)drain(m);
    (void)pthread_mutex_lock(&team->mutex);
    m->in_step = false;
    team->n_left++;
    (void)pthread_cond_signal(&team->work);
    (void)pthread_mutex_unlock(&team->mutex);
}

/* ---- The driver ---- */

/* Every member that goes in step has something to do. */
static bool is_ready(const struct rg_team *team) {
    bool any = false;
    for (size_t i = 0; i < team->n; i++) {
        if (team->members[i].in_step && !team->members[i].first) {
            return false;
        }
        any = any || team->members[i].in_step;
    }
    return any && team->status == RG_OK;
}

static bool same_launch(const struct command *a, const struct command *b) {
    return a->kind == LAUNCH && b->kind == LAUNCH && a->launch.kernel == b->launch.kernel &&
           memcmp(a->launch.groups, b->launch.groups, sizeof a->launch.groups) == 0 &&
           a->launch.local_bytes == b->launch.local_bytes && a->launch.item_rows == b->launch.item_rows &&
           a->launch.block_rows == b->launch.block_rows && memcmp(a->numbers, b->numbers, sizeof a->numbers) == 0;
}

/* Take the next command of the member that has done least, and the same launch of every member that has come as far.
 * *count commands leave their queues. */
static void take_next(struct rg_team *team, size_t *count) {
    const struct command *next = NULL;
    size_t done = SIZE_MAX;
    *count = 0;
    for (size_t i = 0; i < team->n; i++) {
        const struct member *const m = &team->members[i];
        if (m->in_step && m->done < done) {
            done = m->done;
            next = m->first;
        }
    }
    for (size_t i = 0; next && i < team->n; i++) {
        struct member *const m = &team->members[i];
        if (!m->in_step || m->done != done || (m->first != next && !same_launch(m->first, next))) {
            continue;
        }
        team->taken[*count] = m->first;
        team->takers[*count] = i;
        team->launches[(*count)++] = m->first->launch;
        m->first = m->first->next;
        m->done++;
    }
}

static rg_status do_taken(struct rg_team *team, size_t count) {
    (void)pthread_mutex_lock(&team->device_mutex);
    const rg_status status =
        count > 1 ? rg_device_launch_all(team->device, team->launches, count) : do_one(team, team->taken[0]);
    (void)pthread_mutex_unlock(&team->device_mutex);
    return status;
}

rg_status rg_team_drive(struct rg_team *team) {
    (void)pthread_mutex_lock(&team->mutex);
    while (team->n_left < team->n) {
        if (!is_ready(team)) {
            (void)pthread_cond_wait(&team->work, &team->mutex);
            continue;
        }
        size_t count = 0;
        take_next(team, &count);
        (void)pthread_mutex_unlock(&team->mutex);
        const rg_status status = do_taken(team, count);
        (void)pthread_mutex_lock(&team->mutex);
        keep_failure(team, status);
        bool empty = false;
        for (size_t i = 0; i < count; i++) {
            empty = --team->members[team->takers[i]].pending == 0 || empty;
            rg_free(team->taken[i]);
        }
        if (empty) {
            (void)pthread_cond_broadcast(&team->drained);
        }
    }
    const rg_status status = team->status == RG_OK ? RG_OK : failure(team);
    (void)pthread_mutex_unlock(&team->mutex);
    return status;
}

/* ---- Making ---- */

static const struct rg_device_ops member_ops = {
    .destroy = member_destroy,
    .buffers_create = member_buffers_create,
    .buffer_destroy = member_buffer_destroy,
    .write = member_write,
    .read = member_read,
    .zero = member_zero,
    .launch = member_launch,
    .finish = member_finish,
};

rg_status rg_team_create(struct rg_device *device, size_t n, struct rg_team **out) {
    struct rg_team *team = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&team, 1, sizeof *team, "a team"));
    team->device = device;
    team->n = n;
    (void)pthread_mutex_init(&team->device_mutex, NULL);
    (void)pthread_mutex_init(&team->mutex, NULL);
    (void)pthread_cond_init(&team->work, NULL);
    (void)pthread_cond_init(&team->drained, NULL);
    RG_TRY_GOTO(rg_alloc(&team->members, n, sizeof *team->members, "a team"));
    RG_TRY_GOTO(rg_alloc(&team->launches, n, sizeof *team->launches, "a team"));
    RG_TRY_GOTO(rg_alloc(&team->taken, n, sizeof *team->taken, "a team"));
    RG_TRY_GOTO(rg_alloc(&team->takers, n, sizeof *team->takers, "a team"));
    for (size_t i = 0; i < n; i++) {
        team->members[i] = (struct member){
            .base = {.ops = &member_ops, .info = device->info}, .team = team, .place = i, .in_step = true};
        team->members[i].base.info.library[0] = '\0';    /* the kernels go in step, a library does not */
        team->members[i].base.info.launch_seconds = 0.0; /* nor launches that a clock has cut */
    }
    *out = team;
    return RG_OK;
cleanup:
    rg_team_destroy(team);
    return status;
}

struct rg_device *rg_team_member(struct rg_team *team, size_t i) {
    return &team->members[i].base;
}

void rg_team_destroy(struct rg_team *team) {
    if (!team) {
        return;
    }
    for (size_t i = 0; team->members && i < team->n; i++) {
        for (struct command *c = team->members[i].first; c;) { /* what a failure left */
            struct command *const next = c->next;
            rg_free(c);
            c = next;
        }
    }
    for (size_t i = 0; i < team->n_shared; i++) {
        for (size_t k = 0; team->shared[i].real && k < team->n; k++) {
            rg_buffer_destroy(team->device, team->shared[i].real[k]);
        }
        rg_free(team->shared[i].real);
    }
    rg_free(team->shared);
    rg_free(team->members);
    rg_free(team->launches);
    rg_free(team->taken);
    rg_free(team->takers);
    (void)pthread_mutex_destroy(&team->device_mutex);
    (void)pthread_mutex_destroy(&team->mutex);
    (void)pthread_cond_destroy(&team->work);
    (void)pthread_cond_destroy(&team->drained);
    rg_free(team);
}
