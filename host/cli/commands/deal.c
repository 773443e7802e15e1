/* Distributing trainings to ranks: see deal.h. */
#include "cli/commands/deal.h"

#include <stdlib.h>
#include <string.h>

#include "model/cells.h"
#include "rnn_gpu/memory.h"

/* ---- Assignment ---- */

/* The cost of a training, up to a common factor. */
static double work_of(const struct rg_config *c) {
    const double hidden = (double)c->model.hidden, gates = (double)rg_cell_gates(c->model.cell);
    const double layers = (double)(c->model.layers * (c->model.bidirectional ? 2 : 1));
    const double rows = (double)c->data.batch * (double)c->training.accumulate * (double)c->data.steps;
    return gates * hidden * (hidden + 8.0) * layers * rows * (double)(c->training.updates + 1);
}

struct entry {
    double work;
    size_t training;
};

/* Of trainings that take as long, the earlier one goes first. */
static int longest_first(const void *a, const void *b) {
    const struct entry *const x = a, *const y = b;
    return x->work != y->work ? (x->work < y->work) - (x->work > y->work)
                              : (x->training > y->training) - (x->training < y->training);
}

/* List the trainings, the longest first. */
static rg_status sort(const double *work, size_t n, struct entry **out) {
    RG_TRY(rg_alloc(out, n, sizeof **out, "trainings of the ranks"));
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = (struct entry){work[i], i};
    }
    qsort(*out, n, sizeof **out, longest_first);
    return RG_OK;
}

rg_status rg_deal_owners(const double *work, size_t n, size_t n_ranks, size_t *owners) {
    struct entry *entries = NULL;
    double *load = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(sort(work, n, &entries));
    RG_TRY_GOTO(rg_alloc(&load, n_ranks, sizeof *load, "trainings of the ranks"));
    for (size_t i = 0; i < n; i++) {
        size_t min = 0;
        for (size_t r = 1; r < n_ranks; r++) {
            min = load[r] < load[min] ? r : min;
        }
        owners[entries[i].training] = entries[i].work > 0.0 ? min : n_ranks;
        load[min] += entries[i].work;
    }
fail:
    rg_free(entries);
    rg_free(load);
    return status;
}

/* The work of every training; 0 for those that rank 0 finds in the folder of --out. */
static rg_status find_work(const struct rg_deal *d, double *work) {
    const size_t found_before = d->trainings->n_found;
    for (size_t i = 0; i < d->n && d->ranks->rank == 0; i++) {
        struct rg_summary summary;
        bool found = false;
        RG_TRY(rg_trainings_find(d->trainings, d->config(d->self, i), &summary, &found));
        work[i] = found ? 0.0 : work_of(d->config(d->self, i));
    }
    d->trainings->n_found = found_before;
    return RG_OK;
}

/* ---- Sending results ---- */

/* The head of a result as bytes. After it come the `n_numbers` numbers, then the name, size and data of each of the `n`
 * sections. */
struct packed {
    uint64_t n, n_numbers;
};

static size_t packed_bytes(const struct rg_sections *s) {
    size_t bytes = sizeof(struct packed) + s->n_numbers * sizeof *s->numbers;
    for (size_t i = 0; i < s->n; i++) {
        bytes += sizeof s->items[i].name + sizeof(uint64_t) + s->items[i].bytes;
    }
    return bytes;
}

static char *put(char *at, const void *from, size_t bytes) {
    if (bytes > 0) {
        memcpy(at, from, bytes);
    }
    return at + bytes;
}

static void pack(const struct rg_sections *s, char *at) {
    const struct packed head = {s->n, s->n_numbers};
    at = put(at, &head, sizeof head);
    at = put(at, s->numbers, s->n_numbers * sizeof *s->numbers);
    for (size_t i = 0; i < s->n; i++) {
        const uint64_t bytes = s->items[i].bytes;
        at = put(at, s->items[i].name, sizeof s->items[i].name);
        at = put(at, &bytes, sizeof bytes);
        at = put(at, s->items[i].data, s->items[i].bytes);
    }
}

static rg_status unpack(const char *at, struct rg_sections *s) {
    struct packed head;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    s->path = "the result of another rank";
    s->n_numbers = (size_t)head.n_numbers;
    memcpy(s->numbers, at, s->n_numbers * sizeof *s->numbers);
    at += s->n_numbers * sizeof *s->numbers;
    for (size_t i = 0; i < head.n; i++) {
        const char *const name = at;
        uint64_t bytes = 0;
        void *data = NULL;
        at += sizeof s->items[i].name;
        memcpy(&bytes, at, sizeof bytes);
        at += sizeof bytes;
        RG_TRY(rg_sections_add(s, name, (size_t)bytes, &data));
        (void)put(data, at, (size_t)bytes);
        at += bytes;
    }
    return RG_OK;
}

/* The result of a training as bytes; no bytes if it was interrupted. */
static rg_status gather(const struct rg_deal *d, size_t training, char **out, uint64_t *bytes) {
    const struct rg_summary *const summary = d->summary(d->self, training);
    struct rg_sections *s = NULL;
    *bytes = 0;
    if (!summary) {
        return RG_OK;
    }
    RG_TRY(rg_trainings_gather(d->trainings, d->config(d->self, training), summary, &s));
    *bytes = packed_bytes(s);
    const rg_status status = rg_alloc(out, (size_t)*bytes, 1, "a result");
    if (status == RG_OK) {
        pack(s, *out);
    }
    rg_sections_destroy(s);
    return status;
}

/* Send one result from its rank to rank 0. */
static rg_status send(const struct rg_deal *d, size_t training, size_t owner) {
    const size_t rank = d->ranks->rank;
    struct rg_sections *s = NULL;
    char *data = NULL;
    uint64_t bytes = 0;
    rg_status status = rank == owner ? gather(d, training, &data, &bytes) : RG_OK;
    RG_TRY_GOTO(status);
    RG_TRY_GOTO(rg_ranks_broadcast(d->ranks, owner, &bytes, sizeof bytes));
    RG_TRY_GOTO(rank == owner || bytes == 0 ? RG_OK : rg_alloc(&data, (size_t)bytes, 1, "a result"));
    RG_TRY_GOTO(bytes > 0 ? rg_ranks_broadcast(d->ranks, owner, data, (size_t)bytes) : RG_OK);
    if (rank == 0 && data) {
        RG_TRY_GOTO(rg_sections_create(&s));
        RG_TRY_GOTO(unpack(data, s));
        RG_TRY_GOTO(rg_trainings_take(d->trainings, s));
        s = NULL;
    }
fail:
    rg_sections_destroy(s);
    rg_free(data);
    return status;
}

/* This rank's trainings, the longest first. */
static rg_status choose(const double *work, size_t n, const size_t *owners, size_t rank, size_t *mine, size_t *n_mine) {
    struct entry *entries = NULL;
    RG_TRY(sort(work, n, &entries));
    *n_mine = 0;
    for (size_t i = 0; i < n; i++) {
        if (owners[entries[i].training] == rank) {
            mine[(*n_mine)++] = entries[i].training;
        }
    }
    rg_free(entries);
    return RG_OK;
}

static rg_status deal(const struct rg_deal *d, double *work, size_t *owners, size_t *mine) {
    size_t n_mine = 0;
    RG_TRY(rg_ranks_agree(d->ranks, find_work(d, work)));
    RG_TRY(rg_ranks_broadcast(d->ranks, 0, work, d->n * sizeof *work));
    RG_TRY(rg_deal_owners(work, d->n, d->ranks->n, owners));
    RG_TRY(choose(work, d->n, owners, d->ranks->rank, mine, &n_mine));
    RG_TRY(rg_ranks_agree(d->ranks, n_mine > 0 ? d->train(d->self, mine, n_mine) : RG_OK));
    d->ranks->in_step = true;
    for (size_t i = 0; i < d->n; i++) {
        RG_TRY(owners[i] < d->ranks->n ? send(d, i, owners[i]) : RG_OK);
    }
    d->ranks->in_step = false;
    return RG_OK;
}

rg_status rg_deal(const struct rg_deal *d) {
    double *work = NULL;
    size_t *owners = NULL;
    rg_status status = rg_alloc(&work, d->n, sizeof *work, "trainings of the ranks");
    status = status == RG_OK ? rg_alloc(&owners, 2 * d->n, sizeof *owners, "trainings of the ranks") : status;
    status = rg_ranks_agree(d->ranks, status);
    if (status == RG_OK && work && owners) {
        status = deal(d, work, owners, owners + d->n);
    }
    rg_free(work);
    rg_free(owners);
    return status;
}
