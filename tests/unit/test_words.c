/* Words of a text and the set of them: separators, sets that are just full, vocabularies in byte order, and finding. */
#include <stdint.h>

#include "data/readers.h"
#include "data/words.h"
#include "failing_memory.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(next_words) {
    static const struct {
        const char *text, *ends, *words[4];
    } cases[] = {{"", RG_WORD_ENDS, {NULL}},
                 {" \t\n\v\f\r", RG_WORD_ENDS, {NULL}},
                 {"one", RG_WORD_ENDS, {"one"}},
                 {"  a\tbb\n", RG_WORD_ENDS, {"a", "bb"}},
                 {"a\xc2\xa0z b", RG_WORD_ENDS, {"a\xc2\xa0z", "b"}},
                 {"a b", "", {"a b"}},
                 {"a,b;;c", ",;", {"a", "b", "c"}}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *at = cases[i].text;
        test_case("words %zu", i);
        for (size_t k = 0; k < 4; k++) {
            size_t bytes = 99;
            const char *const wanted = cases[i].words[k], *const word = rg_next_word(&at, cases[i].ends, &bytes);
            if (!wanted) {
                ck_assert(word == NULL && bytes == 0 && *at == '\0');
                break;
            }
            ck_assert(word && bytes == strlen(wanted) && memcmp(word, wanted, bytes) == 0 && at == word + bytes);
        }
    }
}
END_TEST

/* Whatever seed the hash has: each word once, up to as many as the set was made for. */
START_TEST(sets) {
    static const char text[] = "a ab abc b ab a abcd abc\0c";
    static const struct {
        size_t offset, bytes;
        bool is_new;
    } adds[] = {{0, 1, true},   {2, 2, true},  {5, 3, true},   {9, 1, true}, {11, 2, false},
                {14, 1, false}, {16, 4, true}, {21, 3, false}, {25, 1, true}};
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct rg_word_set set;
        ck_assert_int_eq(rg_word_set_create(&set, text, RG_WORD_ENDS, 6), RG_OK);
        set.seed = seed * 0x9e3779b97f4a7c15U;
        ck_assert_uint_ge(set.n_slots, 8);
        for (size_t i = 0; i < COUNT(adds); i++) {
            ck_assert(!rg_word_set_full(&set));
            ck_assert_int_eq(rg_word_set_add(&set, adds[i].offset, adds[i].bytes), adds[i].is_new);
        }
        ck_assert_uint_eq(set.count, 6);
        size_t used = 0;
        for (size_t i = 0; i < set.n_slots; i++) {
            used += set.slots[i] != 0;
        }
        ck_assert_uint_eq(used, 6);
        rg_word_set_destroy(&set);
        ck_assert(set.slots == NULL && set.count == 0 && set.n_slots == 0);
    }
}
END_TEST

/* A set has room for all that it was made for, and one place stays free however many they are. */
START_TEST(room_of_sets) {
    char text[3 * 100 + 1];
    for (size_t i = 0; i < 100; i++) {
        (void)sprintf(text + 3 * i, "%02zu ", i);
    }
    for (size_t n = 0; n <= 100; n++) {
        struct rg_word_set set;
        size_t added = 0;
        test_case("room for %zu", n);
        ck_assert_int_eq(rg_word_set_create(&set, text, " ", n), RG_OK);
        ck_assert_uint_eq(set.n_slots, n + n / 4 + 2);
        for (; added < 100 && !rg_word_set_full(&set); added++) {
            ck_assert(rg_word_set_add(&set, 3 * added, 2));
        }
        ck_assert_uint_ge(added, n);
        ck_assert_uint_lt(added, set.n_slots);
        for (size_t i = 0; i < added; i++) { /* none is there twice */
            ck_assert(!rg_word_set_add(&set, 3 * i, 2));
        }
        ck_assert_uint_eq(set.count, added);
        rg_word_set_destroy(&set);
    }
}
END_TEST

static void expect_words(char **words, size_t n, const char *const *wanted) {
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_eq(words[i], wanted[i]);
    }
}

START_TEST(vocabularies) {
    static const char texts[] = "rat \xc3\xa9 Rat\0\0cat rats\0cat\n~ ra";
    static const char *const words[] = {"Rat", "cat", "ra", "rat", "rats", "~", "\xc3\xa9"};
    static const char *const whole[] = {"", "cat\n~ ra", "cat rats", "rat \xc3\xa9 Rat"};
    char **found = NULL;
    size_t n = 0;
    ck_assert_int_eq(rg_vocabulary_make(&(struct rg_strings){texts, sizeof texts, RG_WORD_ENDS}, "words", &found, &n),
                     RG_OK);
    ck_assert_uint_eq(n, COUNT(words));
    expect_words(found, n, words);
    rg_free(found);
    /* strings that are a word each; an empty one is none */
    ck_assert_int_eq(rg_vocabulary_make(&(struct rg_strings){texts, sizeof texts, ""}, "strings", &found, &n), RG_OK);
    ck_assert_uint_eq(n, COUNT(whole) - 1);
    expect_words(found, n, whole + 1);
    rg_free(found);
    /* the bytes end before the last string */
    ck_assert_int_eq(rg_vocabulary_make(&(struct rg_strings){texts, 12, RG_WORD_ENDS}, "words", &found, &n), RG_OK);
    ck_assert_uint_eq(n, 3);
    rg_free(found);
}
END_TEST

START_TEST(found_words) {
    static const char *const given[] = {"rat", "ca", "cat", "zebra", "ra", "b"};
    struct rg_word_index index;
    char **copy = NULL;
    ck_assert_int_eq(rg_vocabulary_copy(given, COUNT(given), "vocabulary", &copy, &index), RG_OK);
    ck_assert_uint_eq(index.count, COUNT(given));
    expect_words(copy, COUNT(given), given);
    for (size_t i = 0; i < COUNT(given); i++) {
        ck_assert(copy[i] != given[i]);
        ck_assert_int_eq(rg_word_find(&index, given[i], strlen(given[i])), (int)i);
    }
    ck_assert_int_eq(rg_word_find(&index, "rats", 3), 0);
    ck_assert_int_eq(rg_word_find(&index, "rats", 4), -1);
    ck_assert_int_eq(rg_word_find(&index, "r", 1), -1);
    ck_assert_int_eq(rg_word_find(&index, "a", 1), -1);
    ck_assert_int_eq(rg_word_find(&index, "zz", 2), -1);
    ck_assert_int_eq(rg_word_find(&index, "", 0), -1);
    rg_free((void *)index.order);
    rg_free(copy);
    static const char *const sorted[] = {"", "a", "aa", "b", "c"};
    for (size_t n = 0; n <= COUNT(sorted); n++) { /* in byte order, without an index of their order */
        const struct rg_word_index plain = {sorted, NULL, n};
        for (size_t i = 0; i < COUNT(sorted); i++) {
            ck_assert_int_eq(rg_word_find(&plain, sorted[i], strlen(sorted[i])), i < n ? (int)i : -1);
        }
    }
}
END_TEST

START_TEST(words_that_occur_twice) {
    static const char *const twice[] = {"b", "a", "c", "a"};
    struct rg_word_index index;
    char **copy = NULL;
    ck_assert_int_eq(rg_vocabulary_copy(twice, 4, "list of things", &copy, &index), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "the given list of things has the word `a` twice, as number 1 and 3");
    rg_free((void *)index.order);
    rg_free(copy);
    ck_assert_int_eq(rg_vocabulary_copy(twice, 3, "list of things", &copy, &index), RG_OK);
    rg_free((void *)index.order);
    rg_free(copy);
    ck_assert_int_eq(rg_vocabulary_copy(twice, 0, "list of things", &copy, &index), RG_OK);
    ck_assert_int_eq(rg_word_find(&index, "a", 1), -1);
    rg_free((void *)index.order);
    rg_free(copy);
}
END_TEST

static rg_status make_vocabulary(void) {
    char **found = NULL;
    size_t n = 0;
    const rg_status status = rg_vocabulary_make(&(struct rg_strings){"a b", 4, RG_WORD_ENDS}, "words", &found, &n);
    rg_free(found);
    return status;
}

START_TEST(words_without_memory) {
    each_fails("a vocabulary", make_vocabulary, 2);
}
END_TEST

/* Pointers and characters are one block of zeros, of just that size. */
START_TEST(blocks_of_strings) {
    static const size_t sizes[][2] = {{3, 5}, {1, 0}, {0, 7}};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char **list = NULL;
        const size_t bytes = sizes[i][0] * sizeof *list + sizes[i][1];
        ck_assert_int_eq(rg_strings_create(&list, sizes[i][0], sizes[i][1], "strings"), RG_OK);
        const unsigned char *const block = (const unsigned char *)list;
        for (size_t k = 0; k < bytes + BEHIND; k++) {
            ck_assert_uint_eq(block[k], k < bytes ? 0 : 0xFF);
        }
        rg_free(list);
    }
}
END_TEST

/* A count of which the pointers, or the whole, are more than a size_t tells; and the most that it tells. */
START_TEST(too_many_strings) {
    static const size_t most = SIZE_MAX;
    const struct {
        size_t count, bytes;
        const char *message;
    } cases[] = {
        {most / 4, 0, "names: 4611686018427387903 strings of 0 bytes together do not fit in memory"},
        {most / 4, 9, "names: 4611686018427387903 strings of 9 bytes together do not fit in memory"},
        {1, most - 7, "names: 1 strings of 18446744073709551608 bytes together do not fit in memory"},
        {1, most - 8, "names: 18446744073709551615 items of 1 bytes are more than any memory; use smaller sizes"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = NULL, **list = &text;
        ck_assert_int_eq(rg_strings_create(&list, cases[i].count, cases[i].bytes, "names"), RG_NO_MEMORY);
        ck_assert_ptr_null(list);
        ck_assert_str_eq(rg_error_message(), cases[i].message);
    }
}
END_TEST

TEST_MAIN("words") {
    TCase *const tests = add_tests(suite, "words");
    tcase_add_test(tests, next_words);
    tcase_add_test(tests, sets);
    tcase_add_test(tests, room_of_sets);
    tcase_add_test(tests, vocabularies);
    tcase_add_test(tests, found_words);
    tcase_add_test(tests, words_that_occur_twice);
    tcase_add_test(tests, words_without_memory);
    tcase_add_test(tests, blocks_of_strings);
    tcase_add_test(tests, too_many_strings);
}
