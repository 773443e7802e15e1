/* Labelled texts: header `text,label`, one sequence a row, its words the time steps.
 *
 * The file is parsed twice, to count and to fill, so that nothing has to grow. The vocabulary is collected from the
 * stored texts, after the file's bytes are given back. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "readers.h"
#include "rnn_gpu/memory.h"
#include "word_set.h"

struct text_counts {
    size_t rows, words, longest;
    size_t bytes; /* of all texts, with their final NULs */
};

/* Where a word is found: words in byte order are words[order[0]], words[order[1]], ... */
struct word_index {
    const char *const *words;
    const int32_t *order; /* [count], or NULL if the words are in byte order */
    size_t count;
};

static size_t count_words(const char *text) {
    size_t n = 0;
    size_t bytes;

    while (rg_next_word(&text, &bytes) != NULL)
        n++;
    return n;
}

static rg_status read_header(struct rg_csv *csv) {
    struct rg_csv_cell cell;

    RG_TRY(rg_csv_rewind(csv));
    RG_TRY(rg_csv_next(csv, &cell));
    if (!cell.ends_row) {
        RG_TRY(rg_csv_next(csv, &cell));
        if (cell.ends_row && strcmp(cell.text, "label") == 0)
            return RG_OK;
    }
    return rg_csv_fail(csv, cell.start, "unknown header behind `text`; `text,label` was expected");
}

/* The number of `word`, or -1. */
static int32_t find_word(const struct word_index *index, const char *word, size_t bytes) {
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t number = index->order != NULL ? (size_t)index->order[middle] : middle;
        const char *known = index->words[number];
        int sign = strncmp(known, word, bytes);

        if (sign == 0 && known[bytes] == '\0')
            return (int32_t)number;
        if (sign < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Fill x_token, and lengths where there are any, of a sequence; returns the first word without a number, or NULL. */
static const char *number_words(const struct word_index *index, struct rg_dataset *data, size_t sequence) {
    int32_t *tokens = data->x_token + sequence * data->n_steps;
    const char *at = data->texts[sequence];
    const char *word;
    size_t bytes;
    size_t n = 0;

    while ((word = rg_next_word(&at, &bytes)) != NULL) {
        tokens[n] = find_word(index, word, bytes);
        if (tokens[n++] < 0)
            return word;
    }
    if (data->lengths != NULL)
        data->lengths[sequence] = (int32_t)n;
    return NULL;
}

static rg_status count_rows(struct rg_csv *csv, struct text_counts *counts) {
    struct rg_csv_cell cell;

    memset(counts, 0, sizeof(*counts));
    RG_TRY(read_header(csv));
    for (;;) {
        size_t words;

        RG_TRY(rg_csv_next(csv, &cell));
        if (cell.text == NULL)
            break;
        if (cell.column > 0)
            continue;
        words = count_words(cell.text);
        if (words == 0)
            return rg_csv_fail(csv, cell.start, "text without words; at least one word was expected");
        counts->rows++;
        counts->words += words;
        counts->bytes += cell.bytes + 1;
        counts->longest = words > counts->longest ? words : counts->longest;
    }
    if (counts->rows == 0)
        return rg_csv_fail(csv, csv->bytes, "no rows behind the header; at least one text was expected");
    return RG_OK;
}

/* Fill texts and y; also x_token and lengths where the vocabulary is known beforehand. */
static rg_status fill_rows(struct rg_csv *csv, const struct word_index *known, struct rg_dataset *data) {
    struct rg_csv_cell cell;
    char *store = (char *)(data->texts + data->n_sequences);
    double label;

    RG_TRY(read_header(csv));
    for (size_t i = 0; i < data->n_sequences; i++) {
        RG_TRY(rg_csv_next(csv, &cell));
        memcpy(store, cell.text, cell.bytes + 1);
        data->texts[i] = store;
        store += cell.bytes + 1;
        if (known != NULL) {
            const char *unknown = number_words(known, data, i);

            if (unknown != NULL)
                return rg_csv_fail(csv, cell.start, "the word `%s` is not in the model's vocabulary of %zu words",
                                   rg_excerpt(unknown, strcspn(unknown, RG_WORD_ENDS)).text, known->count);
        }
        RG_TRY(rg_csv_next(csv, &cell));
        RG_TRY(rg_csv_number(csv, &cell, &label));
        data->y[i] = (float)label;
        if (data->y_double != NULL)
            data->y_double[i] = label;
    }
    return RG_OK;
}

/* Collect the different words of the texts; false if the set became full before the end. */
static bool collect_words(const struct rg_dataset *data, struct rg_word_set *set) {
    for (size_t i = 0; i < data->n_sequences; i++) {
        const char *at = data->texts[i];
        const char *word;
        size_t bytes;

        while ((word = rg_next_word(&at, &bytes)) != NULL) {
            if (rg_word_set_full(set))
                return false;
            rg_word_set_add(set, (size_t)(word - set->base), bytes);
        }
    }
    return true;
}

static int compare_words(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Make the sorted vocabulary out of the set's words, and free the set. */
static rg_status sort_words(struct rg_word_set *set, struct rg_dataset *data) {
    size_t bytes = 0;
    size_t n = 0;
    char *store;

    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i] != 0)
            bytes += strcspn(set->base + (set->slots[i] - 1), set->ends) + 1;
    RG_TRY(rg_strings_create(&data->vocabulary, set->count, bytes, "vocabulary"));
    store = (char *)(data->vocabulary + set->count);
    for (size_t i = 0; i < set->n_slots; i++) {
        const char *word;

        if (set->slots[i] == 0)
            continue;
        word = set->base + (set->slots[i] - 1);
        bytes = strcspn(word, set->ends);
        memcpy(store, word, bytes);
        data->vocabulary[n++] = store;
        store += bytes + 1;
    }
    rg_word_set_destroy(set);
    qsort(data->vocabulary, n, sizeof(*data->vocabulary), compare_words);
    data->n_features = n;
    return RG_OK;
}

/* vocabulary = the words of the texts in byte order. A set that proves too small is dropped before a larger one is
 * made, and the texts are gone through again: that costs less memory than moving the words. */
static rg_status make_vocabulary(struct rg_dataset *data) {
    struct rg_word_set set;
    size_t room = 1024;
    rg_status status;

    for (;;) {
        RG_TRY(rg_word_set_create(&set, data->texts[0], RG_WORD_ENDS, room));
        if (collect_words(data, &set))
            break;
        rg_word_set_destroy(&set);
        room += room / 2;
    }
    status = sort_words(&set, data);
    rg_word_set_destroy(&set);
    return status;
}

static void number_texts(struct rg_dataset *data) {
    const struct word_index index = {(const char *const *)data->vocabulary, NULL, data->n_features};

    for (size_t i = 0; i < data->n_sequences; i++)
        (void)number_words(&index, data, i); /* every word of the texts is in their vocabulary */
}

static int compare_numbers(const void *a, const void *b, void *words) {
    const char *const *names = words;

    return strcmp(names[*(const int32_t *)a], names[*(const int32_t *)b]);
}

/* vocabulary = a copy of the words given in the options; *order as in struct word_index, freed by the caller. */
static rg_status take_vocabulary(const struct rg_dataset_options *options, struct rg_dataset *data, int32_t **order) {
    size_t n = options->n_vocabulary;
    size_t bytes = 0;
    char *store;

    for (size_t i = 0; i < n; i++)
        bytes += strlen(options->vocabulary[i]) + 1;
    if (n > INT32_MAX)
        return rg_fail(RG_BAD_FILE, "a vocabulary of %zu words; at most %d are possible", n, INT32_MAX);
    RG_TRY(rg_strings_create(&data->vocabulary, n, bytes, "vocabulary"));
    RG_TRY(rg_alloc(order, n, sizeof(**order), "order of the vocabulary"));
    store = (char *)(data->vocabulary + n);
    for (size_t i = 0; i < n; i++) {
        (*order)[i] = (int32_t)i;
        data->vocabulary[i] = store;
        store = stpcpy(store, options->vocabulary[i]) + 1;
    }
    qsort_r(*order, n, sizeof(**order), compare_numbers, data->vocabulary);
    data->n_features = n;
    for (size_t i = 1; i < n; i++)
        if (strcmp(data->vocabulary[(*order)[i - 1]], data->vocabulary[(*order)[i]]) == 0)
            return rg_fail(RG_BAD_FILE, "the given vocabulary has the word `%s` twice, as number %d and %d",
                           data->vocabulary[(*order)[i]], (*order)[i - 1], (*order)[i]);
    return RG_OK;
}

static rg_status read_words(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *data) {
    int32_t *order = NULL;
    rg_status status;

    if (options == NULL || options->vocabulary == NULL) {
        RG_TRY(fill_rows(csv, NULL, data));
        rg_csv_close(csv);
        RG_TRY(make_vocabulary(data));
        number_texts(data);
        return RG_OK;
    }
    status = take_vocabulary(options, data, &order);
    if (status == RG_OK) {
        const struct word_index index = {(const char *const *)data->vocabulary, order, data->n_features};

        status = fill_rows(csv, &index, data);
    }
    rg_free(order);
    return status;
}

rg_status rg_read_csv_text(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *data) {
    struct text_counts counts;

    RG_TRY(count_rows(csv, &counts));
    data->kind = RG_INPUT_TOKEN;
    data->n_sequences = counts.rows;
    data->n_steps = counts.longest;
    data->n_targets = 1;
    RG_TRY(rg_dataset_check_padding(data, counts.words));
    RG_TRY(rg_strings_create(&data->texts, counts.rows, counts.bytes, "texts"));
    RG_TRY(rg_dataset_create_targets(options, data));
    if (counts.words < counts.rows * counts.longest)
        RG_TRY(rg_alloc(&data->lengths, counts.rows, sizeof(*data->lengths), "lengths"));
    RG_TRY(rg_alloc(&data->x_token, counts.rows * counts.longest, sizeof(*data->x_token), "word numbers"));
    RG_TRY(read_words(csv, options, data));
    rg_dataset_count_classes(data);
    return RG_OK;
}
