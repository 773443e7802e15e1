/* The tree of sums: see tree.h. */
#include "ranks/tree.h"

#include "base/sizes.h"

size_t rg_tree_middle(struct rg_tree_node node) {
    return node.first + (node.end - node.first) / 2;
}

struct rg_tree_node rg_tree_run(size_t shards, size_t rank, size_t n_ranks) {
    return (struct rg_tree_node){rg_part_begin(shards, n_ranks, rank), rg_part_begin(shards, n_ranks, rank + 1)};
}

static size_t collect(struct rg_tree_node node, struct rg_tree_node run, struct rg_tree_node *nodes, size_t n) {
    if (node.end <= run.first || node.first >= run.end) {
        return n;
    }
    if (node.first >= run.first && node.end <= run.end) {
        nodes[n] = node;
        return n + 1;
    }
    const size_t middle = rg_tree_middle(node);
    n = collect((struct rg_tree_node){node.first, middle}, run, nodes, n);
    return collect((struct rg_tree_node){middle, node.end}, run, nodes, n);
}

size_t rg_tree_nodes(size_t shards, struct rg_tree_node run, struct rg_tree_node nodes[RG_TREE_NODES]) {
    return collect((struct rg_tree_node){0, shards}, run, nodes, 0);
}

size_t rg_tree_depth(struct rg_tree_node node) {
    if (node.end - node.first == 1) {
        return 1;
    }
    const size_t middle = rg_tree_middle(node);
    const size_t left = rg_tree_depth((struct rg_tree_node){node.first, middle});
    return rg_max(left, rg_tree_depth((struct rg_tree_node){middle, node.end}) + 1);
}

static void add_floats(float *restrict to, const float *restrict from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] += from[i];
    }
}

static void add_doubles(double *restrict to, const double *restrict from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] += from[i];
    }
}

void rg_tree_add(void *to, const void *from, size_t n, bool is_double) {
    if (is_double) {
        add_doubles(to, from, n);
    } else {
        add_floats(to, from, n);
    }
}

/* The pieces that are not yet added, from the next one on. */
struct waiting {
    size_t shards, n_ranks;
    char *next;
    size_t n, bytes; /* numbers and bytes of a piece */
    bool is_double;
};

/* Does one rank hold the whole node? */
static bool is_whole(const struct waiting *w, struct rg_tree_node node) {
    const size_t rank = rg_part_of(w->shards, w->n_ranks, node.first);
    return node.end <= rg_tree_run(w->shards, rank, w->n_ranks).end;
}

/* Compute the sum of a node. It replaces the first of the node's pieces. */
static char *sum(struct waiting *w, struct rg_tree_node node) {
    if (is_whole(w, node)) {
        char *const piece = w->next;
        w->next += w->bytes;
        return piece;
    }
    const size_t middle = rg_tree_middle(node);
    char *const left = sum(w, (struct rg_tree_node){node.first, middle});
    const char *const right = sum(w, (struct rg_tree_node){middle, node.end});
    rg_tree_add(left, right, w->n, w->is_double);
    return left;
}

void rg_tree_sum(size_t shards, size_t n_ranks, void *pieces, size_t n, bool is_double) {
    struct waiting w = {.shards = shards,
                        .n_ranks = n_ranks,
                        .next = pieces,
                        .n = n,
                        .bytes = n * (is_double ? sizeof(double) : sizeof(float)),
                        .is_double = is_double};
    (void)sum(&w, (struct rg_tree_node){0, shards});
}
