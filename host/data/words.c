/* Vocabularies: see words.h. */
#define _GNU_SOURCE
#include "data/words.h"

#include <stdlib.h>
#include <string.h>

#include "data/readers.h"
#include "rnn_gpu/memory.h"

int32_t rg_word_find(const struct rg_word_index *index, const char *word, size_t bytes) {
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t number = index->order != NULL ? (size_t)index->order[middle] : middle;
        const char *known = index->words[number];
        int sign = strncmp(known, word, bytes);

        if (sign == 0 && known[bytes] == '\0') {
            return (int32_t)number;
        }
        if (sign < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

/* Collect the different words. Returns false if the set became full before the end. */
static bool collect_words(const struct rg_strings *strings, struct rg_word_set *set) {
    for (const char *text = strings->first; text < strings->first + strings->bytes; text += strlen(text) + 1) {
        const char *at = text;
        const char *word;
        size_t bytes;

        while ((word = rg_next_word(&at, strings->ends, &bytes)) != NULL) {
            if (rg_word_set_full(set)) {
                return false;
            }
            rg_word_set_add(set, (size_t)(word - set->base), bytes);
        }
    }
    return true;
}

static int compare_words(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Create the sorted vocabulary from the set's words, and free the set. */
static rg_status sort_words(struct rg_word_set *set, const char *what, char ***words, size_t *count) {
    size_t bytes = 0;
    size_t n = 0;
    char *store;

    for (size_t i = 0; i < set->n_slots; i++) {
        if (set->slots[i] != 0) {
            bytes += strcspn(set->base + (set->slots[i] - 1), set->ends) + 1;
        }
    }
    RG_TRY(rg_strings_create(words, set->count, bytes, what));
    store = (char *)(*words + set->count);
    for (size_t i = 0; i < set->n_slots; i++) {
        const char *word;

        if (set->slots[i] == 0) {
            continue;
        }
        word = set->base + (set->slots[i] - 1);
        bytes = strcspn(word, set->ends);
        memcpy(store, word, bytes);
        (*words)[n++] = store;
        store += bytes + 1;
    }
    rg_word_set_destroy(set);
    qsort(*words, n, sizeof(**words), compare_words);
    *count = n;
    return RG_OK;
}

/* A set that is too small is freed before a larger one is created, and the texts are read again: that takes less memory
 * than moving the words. */
rg_status rg_vocabulary_make(const struct rg_strings *strings, const char *what, char ***words, size_t *count) {
    struct rg_word_set set;
    size_t room = 1024;
    rg_status status;

    for (;;) {
        RG_TRY(rg_word_set_create(&set, strings->first, strings->ends, room));
        if (collect_words(strings, &set)) {
            break;
        }
        rg_word_set_destroy(&set);
        room += room / 2;
    }
    status = sort_words(&set, what, words, count);
    rg_word_set_destroy(&set);
    return status;
}

static int compare_numbers(const void *a, const void *b, void *words) {
    const char *const *names = words;

    return strcmp(names[*(const int32_t *)a], names[*(const int32_t *)b]);
}

rg_status rg_vocabulary_copy(const char *const *given, size_t count, const char *what, char ***copy,
                             struct rg_word_index *index) {
    int32_t *order = NULL;
    size_t bytes = 0;
    char *store;

    if (count > INT32_MAX) {
        return rg_fail(RG_BAD_FILE, "%s of %zu words; at most %d are possible", what, count, INT32_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(given[i]) + 1;
    }
    RG_TRY(rg_strings_create(copy, count, bytes, what));
    RG_TRY(rg_alloc(&order, count, sizeof(*order), what));
    store = (char *)(*copy + count);
    for (size_t i = 0; i < count; i++) {
        order[i] = (int32_t)i;
        (*copy)[i] = store;
        store = stpcpy(store, given[i]) + 1;
    }
    qsort_r(order, count, sizeof(*order), compare_numbers, *copy);
    *index = (struct rg_word_index){(const char *const *)*copy, order, count};
    for (size_t i = 1; i < count; i++) {
        if (strcmp((*copy)[order[i - 1]], (*copy)[order[i]]) == 0) {
            return rg_fail(RG_BAD_FILE, "the given %s has the word `%s` twice, as number %d and %d", what,
                           (*copy)[order[i]], order[i - 1], order[i]);
        }
    }
    return RG_OK;
}
