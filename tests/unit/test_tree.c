/* The tree along which gradients are summed: whichever rank holds which shards, the sum has the same bits. */
#include <stdlib.h>
#include <string.h>

#include "ranks/tree.h"
#include "suite.h"

enum { MAX_SHARDS = 45, MAX_RANKS = 9, N = 3 };

/* Numbers whose sum depends on the order of the additions. */
static void fill(float *shards, size_t n) {
    srand(7);
    for (size_t i = 0; i < n; i++) {
        shards[i] = ((float)(rand() % 20001) - 1e4F) * (rand() % 3 ? 1e-3F : 3e2F);
    }
}

/* The definition: a node of one shard, or the sum of its halves. */
static void define(const float *shards, struct rg_tree_node node, float *sum) {
    float right[N];
    if (node.end - node.first == 1) {
        memcpy(sum, shards + node.first * N, sizeof right);
        return;
    }
    const size_t middle = node.first + (node.end - node.first) / 2;
    define(shards, (struct rg_tree_node){node.first, middle}, sum);
    define(shards, (struct rg_tree_node){middle, node.end}, right);
    for (size_t i = 0; i < N; i++) {
        sum[i] += right[i];
    }
}

START_TEST(ranks_share_all_shards_evenly) {
    for (size_t shards = 1; shards <= MAX_SHARDS; shards++) {
        for (size_t n_ranks = 1; n_ranks <= MAX_RANKS && n_ranks <= shards; n_ranks++) {
            size_t at = 0;
            for (size_t rank = 0; rank < n_ranks; rank++) {
                const struct rg_tree_node run = rg_tree_run(shards, rank, n_ranks);
                ck_assert_uint_eq(run.first, at);
                ck_assert_uint_ge(run.end - run.first, shards / n_ranks);
                ck_assert_uint_le(run.end - run.first, shards / n_ranks + 1);
                at = run.end;
            }
            ck_assert_uint_eq(at, shards);
        }
    }
}
END_TEST

START_TEST(the_sum_does_not_depend_on_the_ranks) {
    float shards[MAX_SHARDS * N], wanted[N], pieces[MAX_SHARDS * N];
    fill(shards, MAX_SHARDS * N);
    for (size_t n = 1; n <= MAX_SHARDS; n++) {
        define(shards, (struct rg_tree_node){0, n}, wanted);
        for (size_t n_ranks = 1; n_ranks <= MAX_RANKS && n_ranks <= n; n_ranks++) {
            size_t n_pieces = 0;
            for (size_t rank = 0; rank < n_ranks; rank++) {
                struct rg_tree_node nodes[RG_TREE_NODES];
                const struct rg_tree_node run = rg_tree_run(n, rank, n_ranks);
                const size_t n_nodes = rg_tree_nodes(n, run, nodes);
                size_t at = run.first;
                for (size_t i = 0; i < n_nodes; i++, n_pieces++) {
                    ck_assert_uint_eq(nodes[i].first, at);
                    define(shards, nodes[i], pieces + n_pieces * N);
                    at = nodes[i].end;
                }
                ck_assert_uint_eq(at, run.end);
            }
            rg_tree_sum(n, n_ranks, pieces, N, false);
            for (size_t i = 0; i < N; i++) {
                ck_assert_msg(pieces[i] == wanted[i], "%zu shards, %zu ranks: another sum", n, n_ranks);
            }
        }
    }
}
END_TEST

START_TEST(doubles_and_depths) {
    double pieces[] = {1e16, 1.0, 1.0, -1e16};
    rg_tree_sum(4, 4, pieces, 1, true); /* (1e16 + 1) + (1 - 1e16), each half rounded by itself */
    ck_assert_double_eq(pieces[0], 0.0);
    ck_assert_uint_eq(rg_tree_depth((struct rg_tree_node){3, 4}), 1);
    ck_assert_uint_eq(rg_tree_depth((struct rg_tree_node){0, 2}), 2);
    ck_assert_uint_eq(rg_tree_depth((struct rg_tree_node){0, 64}), 7);
    struct rg_tree_node nodes[RG_TREE_NODES];
    ck_assert_uint_eq(rg_tree_nodes(5, (struct rg_tree_node){2, 5}, nodes), 1);
    ck_assert_uint_eq(rg_tree_nodes(5, (struct rg_tree_node){1, 4}, nodes), 3);
}
END_TEST

/* A sum changes n numbers and no other one. */
START_TEST(sums_end_where_they_should) {
    float floats[] = {1.0f, 2.0f, 3.0f}, more[] = {10.0f, 20.0f, 40.0f};
    double doubles[] = {1.0, 2.0, 3.0}, even_more[] = {10.0, 20.0, 40.0};
    rg_tree_add(floats, more, 2, false);
    rg_tree_add(doubles, even_more, 2, true);
    ck_assert(floats[0] == 11.0f && floats[1] == 22.0f && floats[2] == 3.0f);
    ck_assert(doubles[0] == 11.0 && doubles[1] == 22.0 && doubles[2] == 3.0);
}
END_TEST

TEST_MAIN("tree") {
    TCase *const sums = add_tests(suite, "sums");
    tcase_add_test(sums, ranks_share_all_shards_evenly);
    tcase_add_test(sums, the_sum_does_not_depend_on_the_ranks);
    tcase_add_test(sums, doubles_and_depths);
    tcase_add_test(sums, sums_end_where_they_should);
}
