/* Host memory and the error slot: alignment, zeros, sizes that overflow, messages that are cut or cleaned. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/memory.h"
#include "rnn_gpu/status.h"
#include "suite.h"

START_TEST(blocks_are_aligned_and_zeroed) {
    static const size_t sizes[] = {0, 1, 31, 33, 63, 64, 65, 4097, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int round = 0; round < 2; round++) { /* the second may get the first one's memory */
            unsigned char *block = NULL;
            ck_assert_int_eq(rg_alloc(&block, sizes[i], 1, "block"), RG_OK);
            ck_assert_ptr_nonnull(block);
            ck_assert_uint_eq((uintptr_t)block % 64, 0);
            unsigned char any = 0;
            for (size_t b = 0; b < sizes[i]; b++) {
                any |= block[b];
            }
            ck_assert_uint_eq(any, 0);
            memset(block, 0xA5, sizes[i]);
            rg_free(block);
        }
    }
    rg_free(NULL);
}
END_TEST

START_TEST(impossible_sizes_are_refused) {
    static const size_t pairs[][2] = {{SIZE_MAX, 2},
                                      {SIZE_MAX / 2 + 1, 2},
                                      {1, SIZE_MAX},
                                      {SIZE_MAX / 2, 1},
                                      {(size_t)1 << 33, (size_t)1 << 33},
                                      {1, (size_t)1 << 61}};
    char occupied[1];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *block = occupied;
        ck_assert_int_eq(rg_alloc(&block, pairs[i][0], pairs[i][1], "gates"), RG_NO_MEMORY);
        ck_assert_ptr_null(block);
        ck_assert_ptr_nonnull(strstr(rg_error_message(), "gates"));
    }
}
END_TEST

START_TEST(arrays_grow_and_keep_their_items) {
    enum { N = 100 };
    uint64_t *items = NULL;
    size_t room = 0, made = 0;
    for (size_t n = 0; n < N; n++) {
        const size_t before = room;
        ck_assert_int_eq(rg_alloc_more(&items, n, &room, sizeof *items, "items"), RG_OK);
        ck_assert_uint_gt(room, n);
        made += room != before;
        ck_assert_uint_eq(items[n], 0);
        items[n] = n * n + 1;
    }
    for (size_t n = 0; n < N; n++) {
        ck_assert_uint_eq(items[n], n * n + 1);
    }
    ck_assert_uint_le(made, 4); /* 16, 32, 64, 128 */
    size_t full = room;
    uint64_t *const same = items;
    ck_assert_int_eq(rg_alloc_more(&items, full, &full, SIZE_MAX / 2, "items"), RG_NO_MEMORY);
    ck_assert_ptr_eq(items, same);
    ck_assert_uint_eq(full, room);
    rg_free(items);
}
END_TEST

START_TEST(products_are_checked) {
    size_t product = 0;
    ck_assert(rg_multiply(6, 7, &product));
    ck_assert_uint_eq(product, 42);
    ck_assert(rg_multiply(SIZE_MAX, 1, &product));
    ck_assert_uint_eq(product, SIZE_MAX);
    ck_assert(rg_multiply(0, SIZE_MAX, &product));
    ck_assert_uint_eq(product, 0);
    ck_assert(!rg_multiply((size_t)1 << 32, (size_t)1 << 32, &product));
}
END_TEST

START_TEST(strings_are_copied) {
    static const char *const texts[] = {"", "a", "weight_hh_l0", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *copy = NULL;
        ck_assert_int_eq(rg_copy_string(&copy, texts[i]), RG_OK);
        ck_assert_ptr_ne(copy, texts[i]);
        ck_assert_str_eq(copy, texts[i]);
        rg_free(copy);
    }
}
END_TEST

START_TEST(messages_are_kept_cut_and_cleaned) {
    ck_assert_int_eq(rg_fail(RG_BAD_FILE, "%s: line %d", "a.csv", 3), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "a.csv: line 3");
    rg_fail(RG_ERROR, "again: %s", rg_error_message());
    ck_assert_str_eq(rg_error_message(), "again: a.csv: line 3");
    rg_fail(RG_ERROR, "name '\x1b[2J\n\x7f' \xc3\xa9");
    ck_assert_str_eq(rg_error_message(), "name ' [2J  ' \xc3\xa9");
    rg_fail(RG_ERROR, "%05000d", 1);
    ck_assert_uint_eq(strlen(rg_error_message()), 1023);
}
END_TEST

static void *message_of_a_new_thread(void *out) {
    memcpy(out, rg_error_message(), 1);
    rg_fail(RG_ERROR, "theirs");
    return NULL;
}

START_TEST(threads_have_their_own_messages) {
    pthread_t thread;
    char first = 'x';
    rg_fail(RG_ERROR, "ours");
    ck_assert_int_eq(pthread_create(&thread, NULL, message_of_a_new_thread, &first), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(first, '\0');
    ck_assert_str_eq(rg_error_message(), "ours");
}
END_TEST

static rg_status tried(rg_status inner, int *reached) {
    RG_TRY(inner);
    *reached = 1;
    return RG_OK;
}

static rg_status tried_goto(rg_status inner, int *cleaned) {
    rg_status status = RG_OK;
    RG_TRY_GOTO(inner);
    return RG_OK;
cleanup:
    *cleaned = 1;
    return status;
}

START_TEST(try_returns_what_failed) {
    int reached = 0;
    int cleaned = 0;
    ck_assert_int_eq(tried(RG_NO_DEVICE, &reached), RG_NO_DEVICE);
    ck_assert_int_eq(reached, 0);
    ck_assert_int_eq(tried(RG_OK, &reached), RG_OK);
    ck_assert_int_eq(reached, 1);
    ck_assert_int_eq(tried_goto(RG_OK, &cleaned), RG_OK);
    ck_assert_int_eq(cleaned, 0);
    ck_assert_int_eq(tried_goto(RG_NOT_SAVED, &cleaned), RG_NOT_SAVED);
    ck_assert_int_eq(cleaned, 1);
}
END_TEST

TEST_MAIN("memory") {
    TCase *const tests = add_tests(suite, "memory");
    tcase_add_test(tests, blocks_are_aligned_and_zeroed);
    tcase_add_test(tests, impossible_sizes_are_refused);
    tcase_add_test(tests, arrays_grow_and_keep_their_items);
    tcase_add_test(tests, products_are_checked);
    tcase_add_test(tests, strings_are_copied);
    tcase_add_test(tests, messages_are_kept_cut_and_cleaned);
    tcase_add_test(tests, threads_have_their_own_messages);
    tcase_add_test(tests, try_returns_what_failed);
}
