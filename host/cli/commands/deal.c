/* Distributing trainings to ranks: see deal.h. */
#include "cli/commands/deal.h"

#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/memory.h"

/* ---- Assignment ---- */

double rg_deal_work(const struct rg_config *c) {
    const double hidden = (double)c->model.hidden, gates = (double)rg_cell_gates(c->model.cell);
    const double layers = (double)(c->model.layers * (c->model.bidirectional ? 2 : 1));
    /* With --epochs the number of updates is not known before the data are read. It does not matter: a training then
     * reads the whole file so many times, whatever its batch is. */
    const double sequences = c->training.epochs > 0 ? (double)c->training.epochs
                                                    : (double)c->data.batch * (double)c->training.accumulate *
                                                          (double)(c->training.updates + 1);
    return gates * hidden * (hidden + 8.0) * layers * (double)c->data.steps * sequences;
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

/* Give each training, in that order, to the rank with the least work. */
static rg_status assign(const struct entry *entries, size_t n, size_t n_ranks, size_t *owners) {
    double *load = NULL;
    RG_TRY(rg_alloc(&load, n_ranks, sizeof *load, "trainings of the ranks"));
    for (size_t i = 0; i < n; i++) {
        size_t min = 0;
        for (size_t r = 1; r < n_ranks; r++) {
            min = load[r] < load[min] ? r : min;
        }
        owners[entries[i].training] = entries[i].work > 0.0 ? min : n_ranks;
        load[min] += entries[i].work;
    }
    rg_free(load);
    return RG_OK;
}

rg_status rg_deal_owners(const double *work, size_t n, size_t n_ranks, size_t *owners) {
    struct entry *entries = NULL;
    RG_TRY(sort(work, n, &entries));
    const rg_status status = assign(entries, n, n_ranks, owners);
    rg_free(entries);
    return status;
}

/* The work of every training; 0 for those that rank 0 finds in the folder of --out. */
static rg_status find_work(const struct rg_deal *d, double *work) {
    for (size_t i = 0; i < d->n && d->ranks->rank == 0; i++) {
        const struct rg_config *const config = d->config(d->self, i);
        bool done = false;
        RG_TRY(rg_trainings_is_done(d->trainings, config, &done));
        work[i] = done ? 0.0 : rg_deal_work(config);
    }
    return RG_OK;
}

/* ---- Sending results ---- */

/* The head of a result as bytes. After it come the `n_numbers` numbers, then the name, size and data of each of the `n`
 * sections. */
struct packed {
    uint64_t n, n_numbers;
};

size_t rg_deal_packed_bytes(const struct rg_sections *s) {
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

void rg_deal_pack(const struct rg_sections *s, char *packed) {
    const struct packed head = {s->n, s->n_numbers};
    char *at = put(packed, &head, sizeof head);
    at = put(at, s->numbers, s->n_numbers * sizeof *s->numbers);
    for (size_t i = 0; i < s->n; i++) {
        const uint64_t bytes = s->items[i].bytes;
        at = put(at, s->items[i].name, sizeof s->items[i].name);
        at = put(at, &bytes, sizeof bytes);
        at = put(at, s->items[i].data, s->items[i].bytes);
    }
}

/* Bytes of a packed result that are still to be read. */
struct rest {
    const char *at;
    size_t bytes;
};

/* The next bytes, or NULL if there are fewer. */
static const char *take(struct rest *rest, uint64_t bytes) {
    const char *const at = rest->at;
    if (bytes > rest->bytes) {
        return NULL;
    }
    rest->at += bytes;
    rest->bytes -= (size_t)bytes;
    return at;
}

static rg_status refuse(void) {
    return rg_fail(RG_BAD_FILE, "the result of another rank is damaged");
}

static rg_status unpack_section(struct rest *rest, struct rg_sections *s) {
    const char *const name = take(rest, sizeof s->items->name), *const size = take(rest, sizeof(uint64_t));
    uint64_t bytes = 0;
    void *data = NULL;
    if (!name || !size || !memchr(name, '\0', sizeof s->items->name)) {
        return refuse();
    }
    memcpy(&bytes, size, sizeof bytes);
    const char *const from = take(rest, bytes);
    if (!from) {
        return refuse();
    }
    RG_TRY(rg_sections_add(s, name, (size_t)bytes, &data));
    (void)put(data, from, (size_t)bytes);
    return RG_OK;
}

rg_status rg_deal_unpack(const char *packed, size_t bytes, struct rg_sections *s) {
    struct rest rest = {packed, bytes};
    struct packed head = {0, 0};
    const char *const start = take(&rest, sizeof head);
    if (start) {
        memcpy(&head, start, sizeof head);
    }
    if (!start || head.n > RG_SECTIONS_MAX || head.n_numbers > RG_NUMBERS_MAX) {
        return refuse();
    }
    const char *const numbers = take(&rest, head.n_numbers * sizeof *s->numbers);
    if (!numbers) {
        return refuse();
    }
    s->path = "the result of another rank";
    s->n_numbers = (size_t)head.n_numbers;
    (void)put((char *)s->numbers, numbers, s->n_numbers * sizeof *s->numbers);
    for (size_t i = 0; i < head.n; i++) {
        RG_TRY(unpack_section(&rest, s));
    }
    return rest.bytes == 0 ? RG_OK : refuse();
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
    *bytes = rg_deal_packed_bytes(s);
    const rg_status status = rg_alloc(out, (size_t)*bytes, 1, "a result");
    if (status == RG_OK) {
        rg_deal_pack(s, *out);
    }
    rg_sections_destroy(s);
    return status;
}

/* Bring one result from its rank to rank 0. It is a broadcast: all ranks call it for every training. */
static rg_status bring_result(const struct rg_deal *d, size_t training, size_t owner) {
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
        RG_TRY_GOTO(rg_deal_unpack(data, (size_t)bytes, s));
        RG_TRY_GOTO(rg_trainings_take(d->trainings, s));
        s = NULL;
    }
cleanup:
    rg_sections_destroy(s);
    rg_free(data);
    return status;
}

/* What every rank knows of all trainings. */
struct hand {
    double *work;          /* [n] */
    struct entry *entries; /* [n], the longest first */
    size_t *owners;        /* [n] */
    size_t *mine, n_mine;  /* [n] with room for all: this rank's, the longest first */
};

static rg_status create_hand(size_t n, struct hand *hand) {
    RG_TRY(rg_alloc(&hand->work, n, sizeof *hand->work, "trainings of the ranks"));
    RG_TRY(rg_alloc(&hand->owners, n, sizeof *hand->owners, "trainings of the ranks"));
    return rg_alloc(&hand->mine, n, sizeof *hand->mine, "trainings of the ranks");
}

/* Assign the trainings, and list this rank's. */
static rg_status choose(const struct rg_deal *d, struct hand *hand) {
    RG_TRY(sort(hand->work, d->n, &hand->entries));
    RG_TRY(assign(hand->entries, d->n, d->ranks->n, hand->owners));
    for (size_t i = 0; i < d->n; i++) {
        const size_t training = hand->entries[i].training;
        if (hand->owners[training] == d->ranks->rank) {
            hand->mine[hand->n_mine++] = training;
        }
    }
    return RG_OK;
}

static rg_status train_mine(const struct rg_deal *d, struct hand *hand) {
    RG_TRY(choose(d, hand));
    return hand->n_mine > 0 ? d->train(d->self, hand->mine, hand->n_mine) : RG_OK;
}

/* A failure of one rank cannot leave the others waiting. Up to the end of the trainings each step that can fail on one
 * rank alone ends in rg_ranks_agree, so all ranks return together. While results are brought, the ranks are in step: a
 * rank that fails there ends the others (rg_crew_end). */
static rg_status deal(const struct rg_deal *d, struct hand *hand) {
    RG_TRY(rg_ranks_agree(d->ranks, create_hand(d->n, hand)));
    RG_TRY(rg_ranks_agree(d->ranks, find_work(d, hand->work)));
    RG_TRY(rg_ranks_broadcast(d->ranks, 0, hand->work, d->n * sizeof *hand->work));
    RG_TRY(rg_ranks_agree(d->ranks, train_mine(d, hand)));
    d->ranks->in_step = true;
    for (size_t i = 0; i < d->n; i++) {
        RG_TRY(hand->owners[i] < d->ranks->n ? bring_result(d, i, hand->owners[i]) : RG_OK);
    }
    d->ranks->in_step = false;
    return RG_OK;
}

rg_status rg_deal(const struct rg_deal *d) {
    struct hand hand = {.work = NULL};
    const rg_status status = deal(d, &hand);
    rg_free(hand.work);
    rg_free(hand.entries);
    rg_free(hand.owners);
    rg_free(hand.mine);
    return status;
}
