/* The gradient of a batch, shard by shard: see shards.h.
 *
 * Several ranks exchange the gradient piece by piece. Each rank adds up its own part of a piece: the others send it
 * that part of all their nodes, it adds them along the tree, and then all ranks collect the sums. So a rank that has k
 * nodes sends about k + 1 times the gradient, and receives about (mean k of all ranks) + 1 times the gradient. k is 1
 * where a rank's shards are one node of the tree, as with powers of two. 31 shards on 4 ranks are 2, 4, 4 and 3 nodes.
 */
#include "engine/shards.h"

#include <string.h>

#include "base/clock.h"
#include "base/sizes.h"
#include "engine/rows.h"
#include "ranks/tree.h"
#include "rnn_gpu/memory.h"

enum { PIECE_BYTES = 1 << 22 }; /* of the gradient, exchanged at a time */

struct rg_shards {
    struct rg_tree_node run;                  /* the shards of this rank */
    struct rg_tree_node nodes[RG_TREE_NODES]; /* the largest nodes inside the run */
    size_t n_nodes;
    char *sums; /* [depth][arena] sums on their way up the tree; at the end the first n_nodes are those of the nodes */
    char *losses; /* [batch] pairs: the loss of each sequence of the batch and its rest */
    /* What follows is for several ranks, n in all. A piece is the part of the gradient that is exchanged at a time. */
    size_t piece;       /* numbers of a piece */
    size_t all_nodes;   /* nodes of all ranks together */
    char *out;          /* [n_nodes][piece] what this rank sends of a piece */
    char *in;           /* [all_nodes][part] what this rank receives: its part of the piece, of every node */
    size_t *sent;       /* [n] bytes that this rank sends to each rank */
    size_t *received;   /* [n] bytes that it receives from each rank */
    size_t *rank_nodes; /* [n] the number of nodes of each rank */
    size_t *parts;      /* [n] bytes of the part of a piece that each rank adds up */
    size_t *rows;       /* [n] bytes of the losses of each rank's sequences */
};

static size_t ranks_of(const struct rg_net *net) {
    return rg_ranks_several(net->options.ranks) ? net->options.ranks->n : 1;
}

/* The nodes in memory at once: those that are complete, and those on the way to the next. */
static size_t depth_of(const struct rg_shards *s) {
    size_t max = 0;
    for (size_t i = 0; i < s->n_nodes; i++) {
        const size_t depth = i + rg_tree_depth(s->nodes[i]);
        max = rg_max(depth, max);
    }
    return max;
}

static rg_status create_exchange(const struct rg_net *net, struct rg_shards *s) {
    const size_t n = ranks_of(net), real = net->plan.real_bytes, losses = 2 * real;
    struct rg_tree_node nodes[RG_TREE_NODES];
    s->piece = rg_min(net->plan.arena, PIECE_BYTES / real);
    RG_TRY(rg_alloc(&s->sent, 5 * n, sizeof *s->sent, "the exchange between ranks"));
    s->received = s->sent + n;
    s->rank_nodes = s->received + n;
    s->parts = s->rank_nodes + n;
    s->rows = s->parts + n;
    for (size_t r = 0; r < n; r++) {
        const struct rg_tree_node run = rg_tree_run(net->plan.shards, r, n);
        s->rank_nodes[r] = rg_tree_nodes(net->plan.shards, run, nodes);
        s->all_nodes += s->rank_nodes[r];
        s->rows[r] = (rg_plan_shard(&net->plan, run.end - 1).end - rg_plan_shard(&net->plan, run.first).begin) * losses;
    }
    RG_TRY(rg_alloc(&s->out, s->n_nodes * s->piece, real, "the exchange between ranks"));
    return rg_alloc(&s->in, s->all_nodes * (s->piece / n + 1), real, "the exchange between ranks");
}

static rg_status create(const struct rg_net *net, struct rg_shards *s) {
    const size_t n = ranks_of(net), rank = n > 1 ? net->options.ranks->rank : 0, real = net->plan.real_bytes;
    s->run = rg_tree_run(net->plan.shards, rank, n);
    s->n_nodes = rg_tree_nodes(net->plan.shards, s->run, s->nodes);
    const size_t sums = depth_of(s) * net->plan.arena;
    RG_TRY(rg_alloc(&s->sums, rg_max(sums, RG_FOLLOW_BYTES / real), real, "sums of the shards' gradients"));
    RG_TRY(rg_alloc(&s->losses, 2 * net->plan.batch, real, "the losses"));
    return n > 1 ? create_exchange(net, s) : RG_OK;
}

rg_status rg_shards_create(struct rg_net *net, struct rg_shards **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the shards of a batch"));
    const rg_status status = create(net, *out);
    if (status != RG_OK) {
        rg_shards_destroy(*out);
        *out = NULL;
    }
    return status;
}

void rg_shards_destroy(struct rg_shards *s) {
    if (s) {
        rg_free(s->sums);
        rg_free(s->losses);
        rg_free(s->out);
        rg_free(s->in);
        rg_free(s->sent);
        rg_free(s);
    }
}

/* One update on its way through the shards. */
struct walk {
    struct rg_shards *shards;
    struct rg_net *net;
    struct rg_batch_source *source;
    uint64_t update;
};

/* The sum of a node's gradients into sums[at]; those behind it are overwritten. */
static rg_status sum_node(const struct walk *w, struct rg_tree_node node, size_t at) {
    struct rg_net *const net = w->net;
    const size_t bytes = net->plan.arena * net->plan.real_bytes;
    char *const to = w->shards->sums + at * bytes;
    if (node.end - node.first == 1) {
        RG_TRY(rg_rows_gradient(net, w->source, w->update, rg_plan_shard(&net->plan, node.first)));
        return rg_buffer_read(net->device, to, net->buffers.gradients, 0, bytes);
    }
    const size_t middle = rg_tree_middle(node);
    RG_TRY(sum_node(w, (struct rg_tree_node){node.first, middle}, at));
    RG_TRY(sum_node(w, (struct rg_tree_node){middle, node.end}, at + 1));
    rg_tree_add(to, to + bytes, net->plan.arena, net->plan.real_bytes == sizeof(double));
    return RG_OK;
}

/* Numbers in the part of a piece of n numbers that a rank adds up. */
static size_t part_of(size_t n, size_t rank, size_t n_ranks) {
    return rg_part_begin(n, n_ranks, rank + 1) - rg_part_begin(n, n_ranks, rank);
}

/* Numbers [at, at + n) of the sums: the tree's sum of them, on every rank, into the first node's place. */
static rg_status exchange_piece(struct rg_shards *s, struct rg_net *net, size_t at, size_t n) {
    struct rg_ranks *const ranks = net->options.ranks;
    const size_t real = net->plan.real_bytes, mine = part_of(n, ranks->rank, ranks->n);
    char *to = s->out, *const root = s->sums + at * real;
    size_t begin = at, before = 0;
    for (size_t r = 0; r < ranks->n; r++) {
        const size_t length = part_of(n, r, ranks->n);
        for (size_t i = 0; i < s->n_nodes; i++, to += length * real) {
            memcpy(to, s->sums + (i * net->plan.arena + begin) * real, length * real);
        }
        begin += length;
        before += r < ranks->rank ? length : 0;
        s->sent[r] = s->n_nodes * length * real;
        s->received[r] = s->rank_nodes[r] * mine * real;
        s->parts[r] = length * real;
    }
    RG_TRY(rg_ranks_exchange(ranks, s->out, s->sent, s->in, s->received));
    rg_tree_sum(net->plan.shards, ranks->n, s->in, mine, real == sizeof(double));
    memcpy(root + before * real, s->in, mine * real);
    return rg_ranks_gather(ranks, root, s->parts);
}

/* The losses of all sequences, of which each rank has those of its rows. */
static rg_status exchange_losses(struct rg_shards *s, struct rg_net *net) {
    const size_t each = 2 * net->plan.real_bytes, first = rg_plan_shard(&net->plan, s->run.first).begin * each;
    RG_TRY(rg_buffer_read(net->device, s->losses + first, net->buffers.row_loss, first,
                          s->rows[net->options.ranks->rank]));
    RG_TRY(rg_ranks_gather(net->options.ranks, s->losses, s->rows));
    return rg_buffer_write(net->device, net->buffers.row_loss, 0, s->losses, net->plan.batch * each);
}

rg_status rg_shards_gradient(struct rg_shards *s, struct rg_net *net, struct rg_batch_source *source, uint64_t update) {
    const bool several = rg_ranks_several(net->options.ranks);
    const struct walk walk = {s, net, source, update};
    rg_status status = RG_OK;
    net->uncut = several;
    for (size_t i = 0; status == RG_OK && i < s->n_nodes; i++) {
        status = sum_node(&walk, s->nodes[i], i);
    }
    net->uncut = false;
    RG_TRY(status);
    double since = rg_seconds();
    for (size_t at = 0; several && at < net->plan.arena; at += s->piece) {
        const size_t left = net->plan.arena - at;
        RG_TRY(exchange_piece(s, net, at, rg_min(left, s->piece)));
    }
    RG_TRY(several ? exchange_losses(s, net) : RG_OK);
    RG_TRY(rg_buffer_write(net->device, net->buffers.gradients, 0, s->sums, net->plan.arena * net->plan.real_bytes));
    return rg_net_lap(net, &since, RG_PHASE_WEIGHT_GRADIENT);
}

rg_status rg_shards_follow(struct rg_shards *s, struct rg_net *net, struct rg_buffer *buffer, size_t at, size_t bytes) {
    struct rg_ranks *const ranks = net->options.ranks;
    RG_TRY(ranks->rank == 0 ? rg_buffer_read(net->device, s->sums, buffer, at, bytes) : RG_OK);
    RG_TRY(rg_ranks_broadcast(ranks, 0, s->sums, bytes));
    return ranks->rank == 0 ? RG_OK : rg_buffer_write(net->device, buffer, at, s->sums, bytes);
}
