/* Texts: header `text[,label]`, one sequence a row, its words the time steps.
 *
 * The file is read twice, first to count and then to store, so no array has to grow. The vocabulary is collected from
 * the stored texts after the file is closed. */
#include <string.h>

#include "base/sizes.h"
#include "data/csv_labels.h"
#include "data/readers.h"
#include "data/words.h"
#include "rnn_gpu/memory.h"

struct text_reader {
    struct rg_csv *csv;
    struct rg_csv_labels labels;
    size_t *places; /* [columns], the target of each column; not of the text's */
    size_t text_column;
    size_t rows, words, longest;
    size_t bytes; /* bytes of all texts, with their final NULs */
};

static size_t count_words(const char *text) {
    size_t n = 0;
    size_t bytes;

    while (rg_next_word(&text, RG_WORD_ENDS, &bytes) != NULL) {
        n++;
    }
    return n;
}

static rg_status read_header(struct text_reader *r) {
    const size_t targets = rg_csv_labels_columns(&r->labels);
    struct rg_csv_cell cell;
    bool has_text = false;

    RG_TRY(rg_csv_labels_header(&r->labels));
    if (r->places == NULL) { /* every column is the text or one of the targets */
        RG_TRY(rg_alloc(&r->places, targets + 1, sizeof(*r->places), "columns"));
    }
    RG_TRY(rg_csv_rewind(r->csv));
    do {
        size_t target = targets;

        RG_TRY(rg_csv_next(r->csv, &cell));
        const bool is_text = strcmp(cell.text, "text") == 0;
        RG_TRY(is_text ? RG_OK : rg_csv_labels_column(&r->labels, &cell, &target));
        if (!is_text && target == targets) {
            return rg_csv_fail(r->csv, cell.start, "unknown column `%s` in the header; `text,%s` was expected%s",
                               rg_excerpt(cell.text, cell.bytes).text, rg_csv_labels_name(&r->labels, 0),
                               r->labels.options->targets == NULL ? ", or --target-column with the names of targets"
                                                                  : "");
        }
        if (is_text && has_text) {
            return rg_csv_fail(r->csv, cell.start, "the column `%s` occurs twice", cell.text);
        }
        has_text = has_text || is_text;
        r->text_column = is_text ? cell.column : r->text_column;
        r->places[cell.column] = target;
    } while (!cell.ends_row);
    return has_text ? RG_OK : rg_csv_fail(r->csv, r->csv->first, "no column `text` in the header; it was expected");
}

static rg_status count_rows(struct text_reader *r, struct rg_dataset *data) {
    struct rg_csv_cell cell;

    RG_TRY(read_header(r));
    RG_TRY(rg_csv_labels_found(&r->labels, NULL, 0, data));
    for (;;) {
        size_t words;

        RG_TRY(rg_csv_next(r->csv, &cell));
        if (cell.text == NULL) {
            break;
        }
        if (cell.column != r->text_column) {
            RG_TRY(r->labels.given ? rg_csv_labels_count(&r->labels, &cell) : RG_OK);
            continue;
        }
        words = count_words(cell.text);
        if (words == 0) {
            return rg_csv_fail(r->csv, cell.start, "text without words; at least one word was expected");
        }
        r->rows++;
        r->words += words;
        r->bytes += cell.bytes + 1;
        r->longest = rg_max(words, r->longest);
    }
    if (r->rows == 0) {
        return rg_csv_fail(r->csv, r->csv->bytes, "no rows after the header; at least one text was expected");
    }
    return RG_OK;
}

/* Store texts and labels. */
static rg_status fill_rows(struct text_reader *r, struct rg_dataset *data) {
    struct rg_csv_cell cell;
    char *store = (char *)(data->texts + data->n_sequences);
    size_t left = r->bytes, n = 0;

    RG_TRY(read_header(r));
    RG_TRY(rg_csv_labels_found(&r->labels, NULL, 0, data));
    for (;;) {
        RG_TRY(rg_csv_next(r->csv, &cell));
        if (cell.text == NULL) {
            return n == data->n_sequences && left == 0 ? RG_OK : rg_csv_changed(r->csv);
        }
        if (cell.column != r->text_column) {
            RG_TRY(r->labels.given ? rg_csv_labels_take(&r->labels, &cell, cell.row - 1, r->places[cell.column], data)
                                   : RG_OK);
            continue;
        }
        if (n == data->n_sequences || cell.bytes >= left || count_words(cell.text) > data->n_steps) {
            return rg_csv_changed(r->csv);
        }
        memcpy(store, cell.text, cell.bytes + 1);
        data->texts[n++] = store;
        store += cell.bytes + 1;
        left -= cell.bytes + 1;
    }
}

/* Allocate the words' numbers, in the narrowest type that can hold them and one negative number. */
static rg_status create_tokens(struct rg_dataset *data) {
    const size_t n = data->n_sequences * data->n_steps, words = data->n_features;

    if (words > INT16_MAX) {
        return rg_alloc(&data->x_token, n, sizeof(*data->x_token), "word numbers");
    }
    data->x_type = words > INT8_MAX ? RG_I16 : RG_I8;
    return rg_alloc(&data->x_raw, n, rg_dtype_bytes(data->x_type), "word numbers");
}

static void set_token(struct rg_dataset *data, size_t at, int32_t number) {
    if (data->x_token != NULL) {
        data->x_token[at] = number;
    } else if (data->x_type == RG_I16) {
        ((int16_t *)data->x_raw)[at] = (int16_t)number;
    } else {
        ((int8_t *)data->x_raw)[at] = (int8_t)number;
    }
}

/* Set the tokens, and the lengths if there are any. A word that is not in the vocabulary becomes <unk>, if the
 * vocabulary has <unk>. */
static void number_texts(const struct rg_word_index *index, struct rg_dataset *data) {
    const int32_t unknown = rg_word_find(index, RG_UNKNOWN_WORD, strlen(RG_UNKNOWN_WORD));

    for (size_t i = 0; i < data->n_sequences; i++) {
        const char *at = data->texts[i];
        const char *word;
        size_t bytes, n = 0;

        while ((word = rg_next_word(&at, RG_WORD_ENDS, &bytes)) != NULL) {
            const int32_t number = rg_word_find(index, word, bytes);

            data->n_unknown += number < 0;
            set_token(data, i * data->n_steps + n++, number < 0 ? unknown : number);
        }
        data->n_words += n;
        if (data->lengths != NULL) {
            data->lengths[i] = (int32_t)n;
        }
    }
}

static rg_status number_words(const struct text_reader *r, const struct rg_dataset_options *options,
                              struct rg_dataset *data) {
    struct rg_word_index index = {NULL, NULL, 0};
    rg_status status = RG_OK;

    if (options->vocabulary == NULL) {
        const struct rg_strings texts = {(const char *)(data->texts + data->n_sequences), r->bytes, RG_WORD_ENDS};

        RG_TRY(rg_vocabulary_make(&texts, "vocabulary", &data->vocabulary, &data->n_features));
        index = (struct rg_word_index){(const char *const *)data->vocabulary, NULL, data->n_features};
    } else {
        data->n_features = options->n_vocabulary;
        status =
            rg_vocabulary_copy(options->vocabulary, options->n_vocabulary, "vocabulary", &data->vocabulary, &index);
    }
    if (status == RG_OK) {
        status = create_tokens(data);
    }
    if (status == RG_OK) {
        number_texts(&index, data);
    }
    rg_free((void *)index.order);
    return status;
}

static rg_status read_text(struct text_reader *r, const struct rg_dataset_options *options, struct rg_dataset *data) {
    RG_TRY(count_rows(r, data));
    data->kind = RG_INPUT_TOKEN;
    data->n_sequences = r->rows;
    data->n_steps = r->longest;
    RG_TRY(rg_dataset_check_padding(data, r->words));
    RG_TRY(rg_strings_create(&data->texts, r->rows, r->bytes, "texts"));
    RG_TRY(rg_csv_labels_begin(&r->labels, data));
    if (r->words < r->rows * r->longest) {
        RG_TRY(rg_alloc(&data->lengths, r->rows, sizeof(*data->lengths), "lengths"));
    }
    RG_TRY(fill_rows(r, data));
    rg_csv_close(r->csv);
    RG_TRY(rg_csv_labels_end(&r->labels, data));
    return number_words(r, options, data);
}

rg_status rg_read_csv_text(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *data) {
    struct text_reader reader = {.csv = csv, .labels = {.csv = csv, .options = options}};
    const rg_status status = read_text(&reader, options, data);

    rg_csv_labels_release(&reader.labels);
    rg_free(reader.places);
    return status;
}
