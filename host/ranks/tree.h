/* The fixed tree in which the gradients of a batch's shards are added.
 *
 * A node is a range of shards [first, end). A node of one shard is that shard's gradient. Any other node is the sum of
 * its two halves: shards [first, middle) plus shards [middle, end), middle = first + (end - first) / 2. The root is the
 * gradient of the batch. The tree depends only on the number of shards, so the sum has the same bits whichever rank
 * holds which shard.
 *
 *             [0, 5)
 *            /      \
 *        [0, 2)    [2, 5)
 *        /    \    /    \
 *       0      1  2    [3, 5)
 *                      /    \
 *                     3      4
 *
 * Ranks hold runs of neighbouring shards. A rank adds up what its shards allow: the largest nodes inside its run. A
 * rank with shards 2 to 4 has the node [2, 5); a rank with shards 1 to 3 has the nodes 1, 2 and 3. */
#ifndef RG_TREE_H
#define RG_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct rg_tree_node {
    size_t first, end; /* shards [first, end) */
};

/* The shard at which a node is cut in two. A node of one shard is not cut. */
size_t rg_tree_middle(struct rg_tree_node node);

/* The shards of rank `rank` of n_ranks: runs in the order of the ranks, whose lengths differ by at most one. */
struct rg_tree_node rg_tree_run(size_t shards, size_t rank, size_t n_ranks);

/* The largest nodes inside `run` of a tree over `shards` shards, from the first shard to the last. Returns their
 * number, at most RG_TREE_NODES. */
enum { RG_TREE_NODES = 128 };
size_t rg_tree_nodes(size_t shards, struct rg_tree_node run, struct rg_tree_node nodes[RG_TREE_NODES]);

/* Number of gradients in memory at once while a node is summed from left to right. */
size_t rg_tree_depth(struct rg_tree_node node);

/* to[i] += from[i] for i < n, floats or doubles. */
void rg_tree_add(void *to, const void *from, size_t n, bool is_double);

/* The sum of all shards from all ranks' pieces, one for each of their nodes, n numbers each, rank by rank and from the
 * first shard to the last. The sum replaces the first piece; the other pieces are destroyed. */
void rg_tree_sum(size_t shards, size_t n_ranks, void *pieces, size_t n, bool is_double);

#endif
