/* The gradient of a batch from those of its shards (engine/shards.c), held against the tree of sums by its definition,
 * bit by bit. The ranks are threads of this process. Here are also what they exchange numbers with, the device, which
 * is memory of the test, and the gradient of a shard, which is numbers that are made up. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "engine/rows.h"
#include "engine/shards.h"
#include "ranks/tree.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

enum { MAX_RANKS = 7, EXTRA_ROWS = 3, UPDATE = 11 };

/* ---- Memory: each block has a guard behind it ---- */

enum { GUARD = 64, MAX_BLOCKS = 64 };

static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct block {
    unsigned char *memory;
    size_t bytes;
} blocks[MAX_BLOCKS];
static size_t n_blocks, n_allocations, failing; /* that allocation fails, from 1; 0: none */

/* In place of the C library's, through which all memory of the library comes. */
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    int error = 0;
    (void)pthread_mutex_lock(&blocks_lock);
    *memory = aligned_alloc(alignment, (bytes + GUARD + alignment - 1) / alignment * alignment);
    if (++n_allocations == failing || n_blocks == MAX_BLOCKS || !*memory) {
        free(*memory);
        error = 12; /* ENOMEM */
    } else {
        memset((char *)*memory + bytes, 0xA5, GUARD);
        blocks[n_blocks++] = (struct block){*memory, bytes};
    }
    (void)pthread_mutex_unlock(&blocks_lock);
    return error;
}

/* Has nothing written past a block? Forget the blocks, which are not released yet. */
static void expect_guards(void) {
    for (size_t i = 0; i < n_blocks; i++) {
        for (size_t k = 0; k < GUARD; k++) {
            ck_assert_msg(blocks[i].memory[blocks[i].bytes + k] == 0xA5, "block %zu of %zu bytes, byte %zu behind", i,
                          blocks[i].bytes, k);
        }
    }
    n_blocks = 0;
}

/* ---- A rank and its device ---- */

struct made_buffer {
    struct rg_buffer base;
    char *memory;
};

struct player {
    struct rg_device device;
    struct rg_ranks ranks;
    struct rg_net net;
    struct rg_shards *shards;
    struct made_buffer gradients, row_loss, weights;
    double phases[RG_N_PHASES];
    const char *fails; /* a call that fails, or NULL */
    size_t before;     /* so many of these calls go well */
    bool follows;      /* what to play */
    rg_status status;
    /* what a rank does wrong is checked after it has ended: in a thread of its own a check cannot end the test */
    size_t n_calls, n_rows, wrong_rows, wrong_uncut, wrong_bytes;
    const void *send;
    const size_t *sent, *parts;
    char *data;
};

static struct player players[MAX_RANKS];
static pthread_barrier_t all_here;

static rg_status called(struct player *p, const char *name) {
    p->n_calls++;
    return p->fails && strcmp(p->fails, name) == 0 && p->before-- == 0 ? rg_fail(RG_NO_DEVICE, "%s fails", name)
                                                                       : RG_OK;
}

static struct player *player_of(struct rg_ranks *ranks) {
    return (struct player *)(void *)((char *)ranks - offsetof(struct player, ranks));
}

static rg_status made_write(struct rg_device *device, struct rg_buffer *to, size_t at, const void *from, size_t bytes) {
    RG_TRY(called((struct player *)device, to == &((struct player *)device)->gradients.base ? "write" : "write rows"));
    memcpy(((struct made_buffer *)to)->memory + at, from, bytes);
    return RG_OK;
}

static rg_status made_read(struct rg_device *device, void *to, struct rg_buffer *from, size_t at, size_t bytes) {
    RG_TRY(called((struct player *)device, from == &((struct player *)device)->gradients.base ? "read" : "read rows"));
    memcpy(to, ((struct made_buffer *)from)->memory + at, bytes);
    return RG_OK;
}

static rg_status made_finish(struct rg_device *device) {
    return called((struct player *)device, "finish");
}

static const struct rg_device_ops made_ops = {.write = made_write, .read = made_read, .finish = made_finish};

static void wait_for_all(void) {
    (void)pthread_barrier_wait(&all_here);
}

rg_status rg_ranks_exchange(struct rg_ranks *ranks, const void *send, const size_t *sent, void *receive,
                            const size_t *received) {
    struct player *const me = player_of(ranks);
    char *to = receive;
    RG_TRY(called(me, "exchange"));
    me->send = send;
    me->sent = sent;
    wait_for_all();
    for (size_t r = 0; r < ranks->n; r++) {
        const char *from = players[r].send;
        for (size_t i = 0; i < ranks->rank; i++) {
            from += players[r].sent[i];
        }
        if (players[r].sent[ranks->rank] != received[r]) {
            me->wrong_bytes++;
            continue;
        }
        memcpy(to, from, received[r]);
        to += received[r];
    }
    wait_for_all();
    return RG_OK;
}

rg_status rg_ranks_gather(struct rg_ranks *ranks, void *data, const size_t *bytes) {
    struct player *const me = player_of(ranks);
    RG_TRY(called(me, "gather"));
    me->data = data;
    me->parts = bytes;
    wait_for_all();
    for (size_t r = 0, at = 0; r < ranks->n; at += bytes[r++]) {
        if (players[r].parts[r] != bytes[r]) {
            me->wrong_bytes++;
            break;
        }
        if (r != ranks->rank) {
            memcpy(me->data + at, players[r].data + at, bytes[r]);
        }
    }
    wait_for_all();
    return RG_OK;
}

rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes) {
    struct player *const me = player_of(ranks);
    RG_TRY(called(me, "broadcast"));
    me->data = data;
    wait_for_all();
    if (ranks->rank != from) {
        memcpy(data, players[from].data, bytes);
    }
    wait_for_all();
    return RG_OK;
}

/* ---- The gradient of a shard ---- */

/* Numbers whose sum depends on the order of the additions. */
static double number(size_t shard, size_t k) {
    uint32_t x = (uint32_t)(shard * 0x9E3779B9U + k * 0x85EBCA6BU + 1);
    x = (x ^ x >> 15) * 0x2C1B3C6DU;
    x ^= x >> 13;
    return ((double)(x % 20001) - 1e4) * (x >> 16 & 1 ? 1e-3 : 3e2);
}

static void store(char *memory, size_t k, double value, size_t real) {
    const float rounded = (float)value;
    memcpy(memory + k * real, real == sizeof rounded ? (const void *)&rounded : (const void *)&value, real);
}

/* The loss of sequence `row` and its rest are numbers 2 row and 2 row + 1 of a shard that does not exist. */
static double loss_number(size_t k) {
    return number(999, k);
}

rg_status rg_rows_gradient(struct rg_net *net, struct rg_batch_source *source, uint64_t update, struct rg_span rows) {
    struct player *const p = (struct player *)net->device;
    const struct rg_plan *const plan = &net->plan;
    const bool several = net->options.ranks && net->options.ranks->n > 1;
    size_t shard = 0;
    while (shard < plan->shards && rg_plan_shard(plan, shard).begin != rows.begin) {
        shard++;
    }
    p->n_rows += rows.end - rows.begin;
    p->wrong_rows += shard == plan->shards || rg_plan_shard(plan, shard).end != rows.end || update != UPDATE;
    p->wrong_rows += source != (struct rg_batch_source *)p;
    p->wrong_uncut += net->uncut != several;
    for (size_t k = 0; k < plan->arena; k++) {
        store(p->gradients.memory, k, number(shard, k), plan->real_bytes);
    }
    for (size_t k = 2 * rows.begin; k < 2 * rows.end; k++) {
        store(p->row_loss.memory, k, loss_number(k), plan->real_bytes);
    }
    return called(p, "rows");
}

/* Number k of the sum by its definition: a node of one shard, or the sum of its halves. */
static double sum_of(size_t first, size_t end, size_t k, size_t real) {
    if (end - first == 1) {
        return real == sizeof(float) ? (double)(float)number(first, k) : number(first, k);
    }
    const size_t middle = first + (end - first) / 2;
    const double sum = sum_of(first, middle, k, real) + sum_of(middle, end, k, real);
    return real == sizeof(float) ? (double)(float)sum : sum;
}

/* ---- Playing ---- */

static void *zeros(size_t bytes) {
    void *const memory = calloc(bytes, 1);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static void open_player(size_t rank, size_t n_ranks, size_t shards, size_t arena, size_t real) {
    struct player *const p = &players[rank];
    const size_t batch = 2 * shards + EXTRA_ROWS;
    *p = (struct player){.device.ops = &made_ops, .ranks = {.rank = rank, .n = n_ranks}};
    p->net = (struct rg_net){.device = &p->device,
                             .phases = p->phases,
                             .options.ranks = n_ranks > 0 ? &p->ranks : NULL,
                             .plan = {.batch = batch, .shards = shards, .arena = arena, .real_bytes = real}};
    p->gradients = (struct made_buffer){{arena * real}, zeros(arena * real)};
    p->row_loss = (struct made_buffer){{2 * batch * real}, zeros(2 * batch * real)};
    p->weights = (struct made_buffer){{RG_FOLLOW_BYTES + 8}, zeros(RG_FOLLOW_BYTES + 8)};
    memset(p->weights.memory, 'a' + (int)rank, p->weights.base.bytes);
    p->net.buffers.gradients = &p->gradients.base;
    p->net.buffers.row_loss = &p->row_loss.base;
    ck_assert_msg(rg_shards_create(&p->net, &p->shards) == RG_OK, "%s", rg_error_message());
}

static void *play(void *self) {
    struct player *const p = self;
    p->status = p->follows ? rg_shards_follow(p->shards, &p->net, &p->weights.base, 4, RG_FOLLOW_BYTES)
                           : rg_shards_gradient(p->shards, &p->net, (struct rg_batch_source *)p, UPDATE);
    return NULL;
}

static size_t threads_of(size_t n_ranks) {
    return n_ranks > 0 ? n_ranks : 1;
}

static void play_all(size_t n) {
    pthread_t threads[MAX_RANKS];
    ck_assert_int_eq(pthread_barrier_init(&all_here, NULL, (unsigned)n), 0);
    for (size_t r = 1; r < n; r++) {
        ck_assert_int_eq(pthread_create(&threads[r], NULL, play, &players[r]), 0);
    }
    (void)play(&players[0]);
    for (size_t r = 1; r < n; r++) {
        ck_assert_int_eq(pthread_join(threads[r], NULL), 0);
    }
    ck_assert_int_eq(pthread_barrier_destroy(&all_here), 0);
}

static void close_players(size_t n) {
    expect_guards();
    for (size_t r = 0; r < n; r++) {
        rg_shards_destroy(players[r].shards);
        free(players[r].gradients.memory);
        free(players[r].row_loss.memory);
        free(players[r].weights.memory);
    }
}

static void expect_number(const char *what, const char *memory, size_t k, double wanted, size_t real) {
    char bytes[sizeof(double)];
    store(bytes, 0, wanted, real);
    ck_assert_msg(memcmp(memory + k * real, bytes, real) == 0, "%s, number %zu is not %.9g", what, k, wanted);
}

/* Each rank has the sum of all shards, and the losses of the whole batch. n_ranks 0: `ranks` is NULL. */
static void expect_sums(size_t shards, size_t n_ranks, size_t arena, size_t real) {
    const size_t n = threads_of(n_ranks);
    for (size_t r = 0; r < n; r++) {
        open_player(r, n_ranks, shards, arena, real);
    }
    play_all(n);
    for (size_t r = 0; r < n; r++) {
        const struct player *const p = &players[r];
        const struct rg_tree_node run = rg_tree_run(shards, r, n);
        ck_assert_int_eq(p->status, RG_OK);
        ck_assert_uint_eq(p->n_rows,
                          rg_plan_shard(&p->net.plan, run.end - 1).end - rg_plan_shard(&p->net.plan, run.first).begin);
        ck_assert_uint_eq(p->wrong_rows + p->wrong_uncut + p->wrong_bytes, 0);
        ck_assert(!p->net.uncut);
        for (size_t k = 0; k < arena; k++) {
            expect_number("the gradient", p->gradients.memory, k, sum_of(0, shards, k, real), real);
        }
        for (size_t k = 0; k < 2 * p->net.plan.batch; k++) {
            expect_number("the losses", p->row_loss.memory, k, loss_number(k), real);
        }
        for (size_t i = 0; i < RG_N_PHASES; i++) {
            ck_assert_msg((p->phases[i] > 0.0) == (i == RG_PHASE_WEIGHT_GRADIENT), "phase %zu", i);
        }
    }
    close_players(n);
}

/* Some gradients have fewer numbers than there are ranks. */
START_TEST(any_number_of_shards_and_ranks) {
    static const size_t arenas[] = {1, 5, 16, 37};
    for (size_t shards = 2; shards <= 9; shards++) {
        for (size_t n_ranks = 0; n_ranks <= MAX_RANKS && n_ranks <= shards; n_ranks++) {
            for (size_t i = 0; i < sizeof arenas / sizeof *arenas; i++) {
                test_case("%zu shards, %zu ranks, %zu numbers", shards, n_ranks, arenas[i]);
                expect_sums(shards, n_ranks, arenas[i], i % 2 ? sizeof(double) : sizeof(float));
                test_cases[n_test_cases - 1][0] = '\0';
            }
        }
    }
}
END_TEST

/* 2^22 bytes are exchanged at a time, and a rest. The middle rank has two nodes, and parts of the first two ranks
 * differ by a number. */
START_TEST(a_gradient_of_two_pieces) {
    expect_sums(5, 3, ((size_t)1 << 20) + 38, sizeof(float));
    ck_assert_uint_eq(players[2].n_calls, 11); /* as below, and another exchange and gather */
    expect_sums(3, 2, ((size_t)1 << 19) + 1, sizeof(double));
    expect_sums(2, 2, (size_t)1 << 19, sizeof(double)); /* one piece, exactly */
    for (size_t r = 0; r < 2; r++) {
        ck_assert_uint_eq(players[r].n_calls, 9); /* rows, read, exchange, gather; 3 for the losses; write, finish */
    }
}
END_TEST

/* A failure is returned, nothing is done after it, and later updates can be cut off again. */
START_TEST(failures) {
    static const struct {
        const char *name;
        size_t before, calls, rows; /* of rank 1, which has shards of 3 and 2 sequences */
    } cases[] = {{"rows", 0, 1, 3},       {"read", 0, 2, 3},   {"rows", 1, 3, 5},      {"read", 1, 4, 5},
                 {"exchange", 0, 5, 5},   {"gather", 0, 6, 5}, {"read rows", 0, 7, 5}, {"gather", 1, 8, 5},
                 {"write rows", 0, 9, 5}, {"write", 0, 10, 5}, {"finish", 0, 11, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t r = 0; r < 2; r++) {
            open_player(r, 2, 4, 5, sizeof(float));
            players[r].fails = cases[i].name;
            players[r].before = cases[i].before;
        }
        play_all(2);
        for (size_t r = 0; r < 2; r++) {
            ck_assert_msg(players[r].status == RG_NO_DEVICE && !players[r].net.uncut, "case %zu", i);
        }
        ck_assert_uint_eq(players[1].n_calls, cases[i].calls);
        ck_assert_uint_eq(players[1].n_rows, cases[i].rows);
        close_players(2);
    }
}
END_TEST

/* The other ranks have what rank 0 has; the bytes around it stay. */
START_TEST(ranks_follow_the_first) {
    for (size_t r = 0; r < 3; r++) {
        open_player(r, 3, 3, 1, r % 2 ? sizeof(float) : sizeof(double));
        players[r].follows = true;
    }
    play_all(3);
    for (size_t r = 0; r < 3; r++) {
        const struct player *const p = &players[r];
        ck_assert_int_eq(p->status, RG_OK);
        ck_assert_uint_eq(p->n_calls, 2);
        for (size_t k = 0; k < p->weights.base.bytes; k++) {
            const bool own = k < 4 || k >= 4 + RG_FOLLOW_BYTES;
            ck_assert_msg(p->weights.memory[k] == 'a' + (own ? (char)r : 0), "rank %zu, byte %zu", r, k);
        }
    }
    close_players(3);
}
END_TEST

START_TEST(following_fails) {
    for (size_t r = 0; r < 2; r++) {
        open_player(r, 2, 2, 1, sizeof(float));
        players[r].follows = true;
    }
    players[0].fails = players[1].fails = "broadcast";
    play_all(2);
    ck_assert(players[0].status == RG_NO_DEVICE && players[1].status == RG_NO_DEVICE);
    ck_assert_uint_eq(players[1].n_calls, 1);
    players[0].fails = "read rows";
    players[0].before = 0;
    (void)play(&players[0]); /* it does not reach the broadcast */
    ck_assert_int_eq(players[0].status, RG_NO_DEVICE);
    players[0].fails = NULL;
    players[1].fails = "write rows";
    players[1].before = 0;
    play_all(2);
    ck_assert(players[0].status == RG_OK && players[1].status == RG_NO_DEVICE);
    close_players(2);
}
END_TEST

static void expect_bytes(size_t block, size_t wanted) {
    ck_assert_msg(blocks[block].bytes == wanted, "block %zu has %zu bytes", block, blocks[block].bytes);
}

/* Of 5 shards the middle one of 3 ranks has shards 2 and 3, which are nodes of their own. All ranks have 4 nodes. */
START_TEST(memory) {
    enum { ARENA = 100, SHARDS = 5, ROWS = 2 * SHARDS + EXTRA_ROWS };
    open_player(1, 3, SHARDS, ARENA, sizeof(float));
    ck_assert_uint_eq(n_blocks, 6);
    expect_bytes(1, 2 * ARENA * sizeof(float)); /* both nodes */
    expect_bytes(2, 2 * ROWS * sizeof(float));  /* losses */
    expect_bytes(3, 5 * 3 * sizeof(size_t));
    expect_bytes(4, 2 * ARENA * sizeof(float));
    expect_bytes(5, 4 * 34 * sizeof(float)); /* parts of 34, 33 and 33 numbers */
    players[0] = (struct player){.shards = NULL};
    close_players(2);
    open_player(0, 0, SHARDS, 2 * ARENA, sizeof(double)); /* shards 0, 1; 2, 3, 4 */
    ck_assert_uint_eq(n_blocks, 3);
    expect_bytes(1, 4 * 2 * ARENA * sizeof(double));
    close_players(1);
    open_player(0, 0, 2, 1, sizeof(double));
    expect_bytes(1, RG_FOLLOW_BYTES);
    close_players(1);
}
END_TEST

START_TEST(no_memory) {
    for (size_t n_ranks = 1; n_ranks <= 2; n_ranks++) {
        open_player(0, n_ranks, 5, 7, sizeof(float));
        const size_t all = n_blocks;
        ck_assert_uint_eq(all, n_ranks == 1 ? 3 : 6);
        close_players(1);
        for (failing = 1; failing <= all; failing++) {
            struct rg_shards *shards = players[0].shards;
            n_allocations = 0;
            ck_assert_int_eq(rg_shards_create(&players[0].net, &shards), RG_NO_MEMORY);
            ck_assert_ptr_null(shards);
            n_blocks = 0;
        }
        failing = 0;
    }
    rg_shards_destroy(NULL);
}
END_TEST

TEST_MAIN("shards") {
    TCase *const tests = add_tests(suite, "shards");
    tcase_add_test(tests, any_number_of_shards_and_ranks);
    tcase_add_test(tests, a_gradient_of_two_pieces);
    tcase_add_test(tests, failures);
    tcase_add_test(tests, ranks_follow_the_first);
    tcase_add_test(tests, following_fails);
    tcase_add_test(tests, memory);
    tcase_add_test(tests, no_memory);
}
