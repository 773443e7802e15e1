/* The small parts of host/base: hashes, orders, sorted numbers, near names, attempts, the folder of kept files,
 * characters for a terminal, and the threads of a pool. */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attempts.h"
#include "base/cache.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/permutation.h"
#include "base/pool.h"
#include "base/sort.h"
#include "base/subnormals.h"
#include "base/utf8.h"
#include "expected.h"
#include "failing_memory.h"
#include "rnn_gpu/log.h"
#include "scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Numbers ---- */

/* The first three are in the list of its authors. */
START_TEST(hashes) {
    const uint64_t start = RG_HASH_START;
    ck_assert_uint_eq(rg_hash_text(start, ""), 0xcbf29ce484222325U);
    ck_assert_uint_eq(rg_hash_text(start, "a"), 0xaf63dc4c8601ec8cU);
    ck_assert_uint_eq(rg_hash_text(start, "foobar"), 0x85944171f73967e8U);
    ck_assert_uint_eq(rg_hash_bytes(start, "foobar?", 6), 0x85944171f73967e8U);
    ck_assert_uint_eq(rg_hash_text(rg_hash_text(start, "foo"), "bar"), 0x85944171f73967e8U);
    ck_assert_uint_eq(rg_hash_item(rg_hash_item(start, "a"), "bc"), 0xa0a3542c19b900abU);
    ck_assert_uint_eq(rg_hash_item(start, ""), rg_hash_text(start, "\xff"));
}
END_TEST

/* What a Philox4x32-10 and a shuffle in Python give: every number decides on the order. */
START_TEST(orders) {
    static const struct {
        uint64_t seed, round;
        uint32_t purpose;
        size_t n;
        uint32_t order[12];
    } cases[] = {
        {7, 0, 1, 12, {8, 1, 11, 10, 5, 7, 2, 6, 0, 4, 9, 3}},
        {(uint64_t)7 << 32, 0, 1, 12, {6, 1, 7, 2, 11, 10, 8, 0, 9, 5, 3, 4}},
        {7, 1, 1, 12, {2, 1, 10, 5, 0, 7, 8, 4, 9, 3, 11, 6}},
        {7, (uint64_t)1 << 32, 1, 12, {5, 7, 0, 9, 11, 8, 6, 1, 2, 4, 10, 3}},
        {7, 0, 2, 12, {4, 3, 10, 0, 6, 8, 2, 5, 9, 1, 11, 7}},
        {1, 0, 1, 2, {1, 0}},
        {1, 0, 1, 1, {0}},
        {1, 0, 1, 0, {0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t order[13];
        test_case("order %zu", i);
        memset(order, 0xEE, sizeof order);
        rg_permute(order, cases[i].n, cases[i].seed, cases[i].round, cases[i].purpose);
        ck_assert(cases[i].n == 0 || memcmp(order, cases[i].order, cases[i].n * sizeof *order) == 0);
        ck_assert_uint_eq(order[cases[i].n], 0xEEEEEEEE);
    }
}
END_TEST

START_TEST(sorted_numbers) {
    static const double rising[] = {-INFINITY, -3.0, 0.0, 1e-300, 2.0, 2.0, INFINITY};
    enum { N = COUNT(rising) };
    double values[N + 1] = {2.0, INFINITY, -3.0, 2.0, -INFINITY, 1e-300, 0.0, 99.0};
    rg_sort(values, N);
    ck_assert_mem_eq(values, rising, sizeof rising);
    rg_sort_falling(values, N);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq(values[i], rising[N - 1 - i]);
    }
    ck_assert_double_eq(values[N], 99.0);
    ck_assert_double_eq(rg_sorted_median((const double[]){4.0}, 1), 4.0);
    ck_assert_double_eq(rg_sorted_median((const double[]){1.0, 4.0}, 2), 2.5);
    ck_assert_double_eq(rg_sorted_median((const double[]){1.0, 4.0, 5.0}, 3), 4.0);
    ck_assert_double_eq(rg_sorted_median((const double[]){1.0, 4.0, 6.0, 90.0}, 4), 5.0);
    ck_assert_double_eq(rg_sorted_median((const double[]){INFINITY, INFINITY}, 2), INFINITY);
    ck_assert_double_eq(rg_median((double[]){9.0, 1.0, 5.0, 4.0}, 4), 4.5);
    static const struct {
        double quantile;
        size_t n, rank;
    } ranks[] = {{0.0, 4, 0},  {0.25, 4, 0}, {0.26, 4, 1}, {0.5, 4, 1}, {0.75, 4, 2},
                 {0.76, 4, 3}, {1.0, 4, 3},  {0.5, 1, 0},  {0.0, 1, 0}, {0.5, 5, 2}};
    for (size_t i = 0; i < COUNT(ranks); i++) {
        test_case("quantile %g of %zu", ranks[i].quantile, ranks[i].n);
        ck_assert_uint_eq(rg_sorted_rank(ranks[i].quantile, ranks[i].n), ranks[i].rank);
    }
}
END_TEST

/* ---- Near names ---- */

#define TEN "0123456789"

START_TEST(costs_of_names) {
    enum { EDIT = RG_NAME_EDIT, REPLACED = RG_NAME_EDIT + 1 };
    static const struct {
        const char *a, *b;
        size_t cost;
    } cases[] = {
        {"", "", 0},
        {"batch", "batch", 0},
        {"bath", "batch", EDIT},
        {"bath", "math", REPLACED},
        {"a", "b", REPLACED},
        {"ab", "ba", EDIT},
        {"xab", "xba", EDIT},
        {"abx", "bax", EDIT},
        {"abcd", "badc", 2 * EDIT},
        {"ca", "abc", 3 * EDIT}, /* the restricted distance edits no place twice */
        {"hid", "hidden", EDIT},
        {"kitten", "sitting", 2 * REPLACED + EDIT},
        {"xyz", "abc", 3 * REPLACED},
        {TEN TEN TEN TEN, TEN TEN TEN TEN "x", 41 * EDIT}, /* more than 40 letters are not looked at */
        {TEN TEN TEN TEN, TEN TEN TEN "012345678x", REPLACED},
        {TEN TEN TEN TEN, TEN TEN TEN "01234567", EDIT},
        {"xy", TEN TEN TEN TEN, 38 * EDIT + 2 * REPLACED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_case("%s, %s", cases[i].a, cases[i].b);
        ck_assert_uint_eq(rg_name_cost(cases[i].a, cases[i].b), cases[i].cost);
        ck_assert_uint_eq(rg_name_cost(cases[i].b, cases[i].a), cases[i].cost);
        ck_assert_uint_eq(rg_name_distance(cases[i].a, cases[i].b), cases[i].cost / EDIT);
    }
    ck_assert_uint_eq(rg_name_cost("", "abc"), 3 * EDIT); /* nothing is no beginning */
}
END_TEST

START_TEST(near_names) {
    static const struct {
        const char *given;
        size_t distance;
        bool near;
    } cases[] = {{"", 0, false},        {"a", 0, true},       {"a", 1, false},       {"ab", 1, true},
                 {"ab", 2, false},      {"abcd", 1, true},    {"abcd", 2, false},    {"abcde", 2, true},
                 {"abcde", 3, false},   {"abcdefg", 2, true}, {"abcdefg", 3, false}, {"abcdefgh", 3, true},
                 {"abcdefgh", 4, false}};
    static const char *const names[] = {"math", "batch", "bath2", "steps", NULL};
    char text[RG_HINT_BYTES];
    for (size_t i = 0; i < COUNT(cases); i++) {
        test_case("%s, %zu", cases[i].given, cases[i].distance);
        ck_assert_int_eq(rg_name_is_near(cases[i].given, cases[i].distance) != 0, cases[i].near);
    }
    ck_assert_str_eq(rg_name_nearest("bathc", names), "batch");
    ck_assert_str_eq(rg_name_nearest("step", names), "steps");
    ck_assert_str_eq(rg_name_nearest("batc2", names), "batch"); /* of equally near ones the first */
    ck_assert_ptr_null(rg_name_nearest("quiet", names));
    ck_assert_ptr_null(rg_name_nearest("x", (const char *const[]){NULL}));
    ck_assert_ptr_null(rg_name_nearest_of("steps", names, 3));
    ck_assert_str_eq(rg_name_nearest_of("steps", names, 4), "steps");
    ck_assert_ptr_eq(rg_name_hint("quiet", names, text), text);
    ck_assert_str_eq(text, "");
    ck_assert_str_eq(rg_name_hint("stepts", names, text), "; did you mean steps?");
}
END_TEST

/* ---- Attempts ---- */

static char lines[4][200];
static size_t n_lines;

static void note_line(void *self, const char *line) {
    (void)self;
    ck_assert_uint_lt(n_lines, COUNT(lines));
    (void)snprintf(lines[n_lines++], sizeof lines[0], "%s", line);
}

/* A failure counts more than the end by a signal or by a reader that left; the first of a kind counts. */
START_TEST(attempts) {
    enum { MOST = 3 };
    static const struct {
        rg_status ends[MOST];
        const char *says[MOST];
        rg_status end;
        const char *message;
        const char *line; /* what is reported at once */
    } cases[] = {
        {{RG_OK}, {""}, RG_OK, "", NULL},
        {{RG_BAD_FILE}, {"a"}, RG_BAD_FILE, "a", NULL},
        {{RG_OK, RG_BAD_FILE, RG_OK}, {"", "b", ""}, RG_BAD_FILE, "b", NULL},
        {{RG_BAD_FILE, RG_NOT_SAVED}, {"a", "b"}, RG_BAD_FILE, "a", "b"},
        {{RG_BAD_FILE, RG_NOT_SAVED}, {"a", "a"}, RG_BAD_FILE, "a", NULL},
        {{RG_INTERRUPTED, RG_NOT_SAVED}, {"a", "b"}, RG_NOT_SAVED, "b", NULL},
        {{RG_NOT_SAVED, RG_INTERRUPTED}, {"a", "b"}, RG_NOT_SAVED, "a", NULL},
        {{RG_NO_READER, RG_NOT_SAVED}, {"a", "b"}, RG_NOT_SAVED, "b", NULL},
        {{RG_NOT_SAVED, RG_NO_READER}, {"a", "b"}, RG_NOT_SAVED, "a", NULL},
        {{RG_TERMINATED, RG_INTERRUPTED}, {"a", "b"}, RG_TERMINATED, "a", NULL},
        {{RG_NO_READER, RG_TERMINATED, RG_BAD_FILE}, {"a", "b", "c"}, RG_BAD_FILE, "c", NULL},
    };
    rg_log_to(note_line, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rg_attempts a = {.status = RG_OK};
        test_case("attempts %zu", i);
        n_lines = 0;
        for (size_t k = 0; k < MOST && cases[i].says[k]; k++) {
            rg_attempt(&a, cases[i].ends[k] == RG_OK ? RG_OK : rg_fail(cases[i].ends[k], "%s", cases[i].says[k]));
        }
        (void)rg_fail(RG_ERROR, "another message");
        ck_assert_int_eq(rg_attempts_end(&a), cases[i].end);
        ck_assert_str_eq(a.message, cases[i].message);
        ck_assert_str_eq(rg_error_message(), cases[i].end == RG_OK ? "another message" : cases[i].message);
        ck_assert_uint_eq(n_lines, cases[i].line ? 1 : 0);
        ck_assert(!cases[i].line || strcmp(lines[0], cases[i].line) == 0);
    }
    rg_log_to(NULL, NULL);
}
END_TEST

/* ---- Kept files ---- */

START_TEST(kept_files) {
    static char folder[RG_CACHE_PATH + 1], path[RG_CACHE_PATH], wanted[RG_CACHE_PATH + 300];
    ck_assert_int_eq(rg_cache_set_folder(NULL), RG_OK);
    path[0] = 'x';
    ck_assert_int_eq(rg_cache_path("tuning", path), RG_NOT_SAVED);
    ck_assert_str_eq(rg_error_message(), "no folder for tuning: set XDG_CACHE_HOME or HOME");
    ck_assert_str_eq(path, "");
    ck_assert_int_eq(rg_cache_set_folder("/a/b"), RG_OK);
    ck_assert_int_eq(rg_cache_path("tuning", path), RG_OK);
    ck_assert_str_eq(path, "/a/b/tuning");
    ck_assert_int_eq(rg_cache_set_folder("a/b"), RG_USAGE);
    ck_assert_str_eq(rg_error_message(),
                     "a/b: the folder of kept files takes an absolute path of less than 4096 bytes");
    ck_assert_int_eq(rg_cache_set_folder(""), RG_USAGE);
    ck_assert_int_eq(rg_cache_path("other", path), RG_OK); /* the one before stays */
    ck_assert_str_eq(path, "/a/b/other");
    memset(folder, 'f', RG_CACHE_PATH);
    folder[0] = '/';
    ck_assert_int_eq(rg_cache_set_folder(folder), RG_USAGE);
    folder[RG_CACHE_PATH - 1] = '\0';
    ck_assert_int_eq(rg_cache_set_folder(folder), RG_OK);
    ck_assert_int_eq(rg_cache_path("n", path), RG_NOT_SAVED);
    (void)snprintf(wanted, sizeof wanted, "the path of n in %.200s is too long", folder);
    ck_assert_str_eq(rg_error_message(), wanted);
    ck_assert_str_eq(path, "");
    folder[RG_CACHE_PATH - 3] = '\0'; /* with a slash and a letter, one byte too many; then none */
    ck_assert_int_eq(rg_cache_set_folder(folder), RG_OK);
    ck_assert_int_eq(rg_cache_path("nn", path), RG_NOT_SAVED);
    ck_assert_int_eq(rg_cache_path("n", path), RG_OK);
    ck_assert_uint_eq(strlen(path), RG_CACHE_PATH - 1);
    ck_assert_int_eq(rg_cache_set_folder(NULL), RG_OK);
    ck_assert_int_eq(rg_cache_path("n", path), RG_NOT_SAVED);
}
END_TEST

START_TEST(folders_above_a_path) {
    char folder[200], path[300], made[300], before[300];
    struct stat info;
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/one/two/file", folder);
    (void)snprintf(before, sizeof before, "%s", path);
    rg_cache_make_folders(path);
    ck_assert_str_eq(path, before);
    ck_assert_int_ne(stat(path, &info), 0);
    (void)snprintf(made, sizeof made, "%s/one/two", folder);
    ck_assert(stat(made, &info) == 0 && S_ISDIR(info.st_mode));
    rg_cache_make_folders(path); /* they are there */
    ck_assert_int_eq(rmdir(made), 0);
    (void)snprintf(made, sizeof made, "%s/one", folder);
    ck_assert_int_eq(rmdir(made), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---- Characters ---- */

START_TEST(plain_characters) {
    static const struct {
        const char *text, *plain;
        size_t characters;
    } cases[] = {
        {"", "", 0},
        {"abc ~", "abc ~", 5},
        {"a\tb\nc\rd", "a b c d", 7},
        {"\x01\x1b[0m\x1f\x7f", "??[0m??", 7},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 3},
        {"\xc2\x80\xc2\x9f", "????", 2},             /* U+0080 to U+009F command a terminal */
        {"\xc2\xa0\xc2\xbf", "\xc2\xa0\xc2\xbf", 2}, /* U+00A0 does not */
        {"\xc3\x80\xc1\x80", "\xc3\x80\xc1\x80", 2},
        {"\xc2", "\xc2", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[32];
        test_case("characters %zu", i);
        (void)snprintf(text, sizeof text, "%s", cases[i].text);
        ck_assert_uint_eq(rg_utf8_count(text), cases[i].characters);
        rg_utf8_make_plain(text);
        ck_assert_str_eq(text, cases[i].plain);
        FILE *const file = tmpfile();
        ck_assert_ptr_nonnull(file);
        rg_utf8_put(file, cases[i].text, strlen(cases[i].text));
        memset(text, '\0', sizeof text);
        rewind(file);
        ck_assert_uint_eq(fread(text, 1, sizeof text, file), strlen(cases[i].text));
        ck_assert_str_eq(text, cases[i].plain);
        ck_assert_int_eq(fclose(file), 0);
    }
    ck_assert_int_eq(rg_utf8_plain('\0', "\x9f"), '\x9f');
    ck_assert_int_eq(rg_utf8_plain('\xc2', "\x9f"), '?');
    ck_assert_int_eq(rg_utf8_plain('\0', ""), '\0');
    FILE *const file = tmpfile(); /* what stands before the text does not matter */
    ck_assert_ptr_nonnull(file);
    rg_utf8_put(file, &"\xc2\x9f"[1], 1);
    rewind(file);
    ck_assert_int_eq(fgetc(file), 0x9f);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert(rg_utf8_begins('a') && rg_utf8_begins('\xc2') && !rg_utf8_begins('\x80') && !rg_utf8_begins('\xbf'));
}
END_TEST

/* ---- Threads ---- */

enum { MOST_ITEMS = 300, MOST_THREADS = 3 };

static struct counts {
    atomic_int times[MOST_ITEMS + 1];
    atomic_int wrong, with_subnormals;
    int threads;
} counts;

static void count_item(void *context, size_t item, int thread) {
    static const volatile float small = 1e-40F;
    struct counts *const c = context;
    (void)atomic_fetch_add(&c->times[item < MOST_ITEMS ? item : MOST_ITEMS], 1);
    (void)atomic_fetch_add(&c->wrong, thread < 0 || thread >= c->threads);
    (void)atomic_fetch_add(&c->with_subnormals, small * 1.0F != 0.0F);
}

/* Each item is processed once, whatever the number of items and threads, and again and again. */
START_TEST(every_item_once) {
    static const size_t sizes[] = {0, 1, 2, 3, 7, MOST_ITEMS};
    static const volatile float small = 1e-40F;
    struct rg_pool *pool = NULL;
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        ck_assert_int_eq(rg_pool_create(threads, &pool), RG_OK);
        for (int run = 0; run < 60; run++) {
            const size_t n = sizes[(size_t)run % COUNT(sizes)];
            test_case("%zu items, %d threads, run %d", n, threads, run);
            memset(&counts, 0, sizeof counts);
            counts.threads = n == 1 ? 1 : threads; /* one item is for the caller */
            rg_pool_run(pool, n, count_item, &counts);
            for (size_t i = 0; i <= MOST_ITEMS; i++) {
                ck_assert_int_eq(counts.times[i], i < n ? 1 : 0);
            }
            ck_assert_int_eq(counts.wrong, 0);
            ck_assert(!RG_HAS_SUBNORMALS_TO_ZERO || counts.with_subnormals == 0);
            ck_assert(small * 1.0F != 0.0F); /* the caller is as before */
        }
        rg_pool_destroy(pool);
    }
    rg_pool_destroy(NULL);
}
END_TEST

static atomic_int at_work, blocks_signals; /* threads that wait; those that no signal reaches */

static bool is_blocked(int number) {
    sigset_t set;
    return pthread_sigmask(SIG_BLOCK, NULL, &set) == 0 && sigismember(&set, number) == 1;
}

/* Wait until each thread has one item. */
static void meet(void *context, size_t item, int thread) {
    int *const by_thread = context;
    (void)item;
    by_thread[thread]++;
    (void)atomic_fetch_add(&blocks_signals, is_blocked(SIGINT) && is_blocked(SIGTERM) && is_blocked(SIGHUP));
    (void)atomic_fetch_add(&at_work, 1);
    while (atomic_load(&at_work) < MOST_THREADS) {
        (void)sched_yield();
    }
}

/* All threads of the pool work at the same time, also when they have to be woken. They block all signals, and the
 * thread that made the pool goes on receiving them. */
START_TEST(all_threads_work) {
    enum { RUNS = 3, SLEEP = 2000 /* microseconds, after which all sleep */ };
    for (int kind = 0; kind < 2; kind++) {
        struct rg_pool *pool = NULL;
        test_case("as many as can be started: %d", kind);
        ck_assert_int_eq(kind ? rg_pool_create_up_to(MOST_THREADS, &pool) : rg_pool_create(MOST_THREADS, &pool), RG_OK);
        ck_assert(!is_blocked(SIGINT) && !is_blocked(SIGTERM));
        for (int run = 0; run < RUNS; run++) {
            int by_thread[MOST_THREADS] = {0};
            atomic_store(&at_work, 0);
            atomic_store(&blocks_signals, 0);
            (void)usleep(SLEEP);
            rg_pool_run(pool, MOST_THREADS, meet, by_thread);
            for (int i = 0; i < MOST_THREADS; i++) {
                ck_assert_int_eq(by_thread[i], 1);
            }
            ck_assert_int_eq(blocks_signals, MOST_THREADS - 1);
        }
        (void)usleep(SLEEP);
        rg_pool_destroy(pool);
    }
}
END_TEST

static rg_status make_pool(void) {
    struct rg_pool *pool = NULL;
    const rg_status status = rg_pool_create(2, &pool);
    ck_assert((pool != NULL) == (status == RG_OK) && !is_blocked(SIGINT));
    rg_pool_destroy(pool);
    return status;
}

START_TEST(threads_without_memory) {
    each_fails("a pool", make_pool, 2);
}
END_TEST

START_TEST(numbers_of_threads) {
    cpu_set_t before, one;
    ck_assert_int_eq(rg_pool_threads(5), 5);
    ck_assert_int_eq(rg_pool_threads(1), 1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    ck_assert_int_eq(rg_pool_threads(0), CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (size_t i = 0; CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
        }
    }
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    const int threads = rg_pool_threads(0);
    ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
    ck_assert_int_eq(threads, 1);
}
END_TEST

/* A stack that no memory holds lets no thread start. */
START_TEST(threads_that_do_not_start) {
    pthread_attr_t before, huge;
    struct rg_pool *pool = NULL, *small = NULL;
    ck_assert_int_eq(pthread_getattr_default_np(&before), 0);
    ck_assert_int_eq(pthread_attr_init(&huge), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&huge, (size_t)1 << 50), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
    const rg_status needed = rg_pool_create(MOST_THREADS, &pool);
    char message[200];
    (void)snprintf(message, sizeof message, "%s", rg_error_message());
    const rg_status not_needed = rg_pool_create_up_to(MOST_THREADS, &small);
    ck_assert_int_eq(pthread_setattr_default_np(&before), 0);
    (void)pthread_attr_destroy(&huge);
    (void)pthread_attr_destroy(&before);
    ck_assert_int_eq(needed, RG_NO_MEMORY);
    ck_assert_ptr_null(pool);
    ck_assert_msg(strncmp(message, "cannot start thread 2 of 3: ", 28) == 0 &&
                      strstr(message, "; try a smaller --threads"),
                  "%s", message);
    ck_assert_int_eq(not_needed, RG_OK);
    memset(&counts, 0, sizeof counts);
    counts.threads = 1;
    rg_pool_run(small, 5, count_item, &counts);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_int_eq(counts.times[i], i < 5 ? 1 : 0);
    }
    ck_assert_int_eq(counts.wrong, 0);
    rg_pool_destroy(small);
}
END_TEST

TEST_MAIN("small_base") {
    TCase *const tests = add_tests(suite, "small_base");
    tcase_add_test(tests, hashes);
    tcase_add_test(tests, orders);
    tcase_add_test(tests, sorted_numbers);
    tcase_add_test(tests, costs_of_names);
    tcase_add_test(tests, near_names);
    tcase_add_test(tests, attempts);
    tcase_add_test(tests, kept_files);
    tcase_add_test(tests, folders_above_a_path);
    tcase_add_test(tests, plain_characters);
    TCase *const threads = add_tests(suite, "threads");
    tcase_add_test(threads, every_item_once);
    tcase_add_test(threads, all_threads_work);
    tcase_add_test(threads, threads_without_memory);
    tcase_add_test(threads, numbers_of_threads);
    tcase_add_test(threads, threads_that_do_not_start);
}
