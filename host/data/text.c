/* Plain text for language models: every character or word is a time step, and its target is the next one.
 *
 * The text is cut into consecutive sequences of `steps` steps. Sequence n reads tokens n T … n T + T - 1, and its
 * targets are tokens n T + 1 … n T + T. The last sequence may be shorter. Tokens are stored in the narrowest type. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "data/words.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

enum {
    NO_TARGET = -100,       /* PyTorch's ignore_index: the target of unknown tokens and of padding */
    CHARACTERS = 0x110000,  /* number of characters of Unicode */
    PAGE = 1024,            /* characters that are counted in one block */
    CHARACTER_BYTES = 4 + 1 /* bytes of a character in UTF-8, and a NUL */
};

struct text_reader {
    const struct rg_dataset_options *options;
    struct rg_dataset *data;
    char *text; /* the file, with a final NUL */
    size_t bytes;
    size_t n_tokens;
    struct rg_word_index index; /* index of the vocabulary */
    int32_t unknown;            /* number of <unk>, or -1 */
    int32_t ascii[128];         /* numbers of characters of one byte, or -1 */
};

/* A token and how often it occurs. */
struct counted {
    const char *token;
    uint64_t count;
};

/* ---- The file ---- */

static rg_status read_all(struct text_reader *r, const char *path) {
    int fd;
    size_t bytes, done = 0;

    RG_TRY(rg_data_open(path, &fd, &bytes));
    rg_status status = rg_alloc(&r->text, bytes + 1, 1, path);
    while (status == RG_OK && done < bytes) {
        ssize_t n = pread(fd, r->text + done, bytes - done, (off_t)done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            status =
                rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", path, n < 0 ? strerror(errno) : "it became shorter");
        } else {
            done += (size_t)n;
        }
    }
    r->bytes = bytes;
    close(fd);
    return status;
}

/* Refuse text that is not UTF-8, with line and column. */
static rg_status check_text(const struct text_reader *r) {
    const size_t good = rg_utf8_check(r->text, r->bytes), nul = strlen(r->text);
    const size_t bad = rg_min(nul, good);
    size_t line = 1, column = 1;

    if (bad == r->bytes) {
        return RG_OK;
    }
    for (size_t i = 0; i < bad; i++) {
        column = r->text[i] == '\n' ? 1 : column + (((unsigned char)r->text[i] & 0xc0) != 0x80);
        line += r->text[i] == '\n';
    }
    return rg_fail(RG_BAD_FILE, "%s:%zu:%zu: byte 0x%02x is not UTF-8 text; save the file as UTF-8", r->data->path,
                   line, column, (unsigned char)r->text[bad]);
}

/* Change CRLF and CR to LF, so that a line end is one character; with lowercase A … Z to a … z. Drop a byte order mark.
 */
static void tidy(struct text_reader *r) {
    size_t from = r->bytes >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, to = 0;

    for (; from < r->bytes; from++) {
        char c = r->text[from];

        if (c == '\r') {
            from += r->text[from + 1] == '\n';
            c = '\n';
        }
        r->text[to++] = r->options->lowercase && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    r->text[to] = '\0';
    r->bytes = to;
}

/* ---- Tokens ---- */

/* The next token at *at, or NULL after the last. *at moves past it. */
static const char *next_token(const struct text_reader *r, const char **at, size_t *bytes) {
    const char *const token = *at;

    if (r->options->level == RG_LEVEL_WORD) {
        return rg_next_word(at, RG_WORD_ENDS, bytes);
    }
    if (*token == '\0') {
        return NULL;
    }
    *bytes = 1;
    while (((unsigned char)token[*bytes] & 0xc0) == 0x80) {
        ++*bytes;
    }
    *at = token + *bytes;
    return token;
}

static void count_tokens(struct text_reader *r) {
    const char *at = r->text;
    size_t bytes;

    for (r->n_tokens = 0; next_token(r, &at, &bytes) != NULL;) {
        r->n_tokens++;
    }
}

/* ---- The vocabulary ---- */

/* The code point of a character in valid UTF-8. */
static uint32_t code_of(const char *token, size_t bytes) {
    const unsigned char *const s = (const unsigned char *)token;
    uint32_t code = bytes == 1 ? s[0] : s[0] & (0xffu >> (bytes + 1));

    for (size_t i = 1; i < bytes; i++) {
        code = code << 6 | (s[i] & 0x3fu);
    }
    return code;
}

/* *words = the different characters of the text in byte order, as one block. They are marked in a table of pages; a
 * text needs only few pages. */
static rg_status list_characters(const struct text_reader *r, char ***words, size_t *count) {
    const char **pages[CHARACTERS / PAGE] = {NULL}, *at = r->text, *token;
    rg_status status = RG_OK;
    size_t bytes;

    *count = 0;
    while ((token = next_token(r, &at, &bytes)) != NULL) {
        const uint32_t code = code_of(token, bytes);
        const char ***const page = &pages[code / PAGE];

        if (*page == NULL) {
            RG_TRY_GOTO(rg_alloc(page, PAGE, sizeof(**page), "the characters of a text"));
        }
        *count += (*page)[code % PAGE] == NULL;
        (*page)[code % PAGE] = token;
    }
    RG_TRY_GOTO(rg_strings_create(words, *count, *count * CHARACTER_BYTES, "vocabulary"));
    char *store = (char *)(*words + *count);
    size_t n = 0;
    for (size_t code = 0; code < CHARACTERS; code++) { /* UTF-8 sorts like the code points */
        token = pages[code / PAGE] != NULL ? pages[code / PAGE][code % PAGE] : NULL;
        if (token == NULL) {
            continue;
        }
        for (bytes = 1; ((unsigned char)token[bytes] & 0xc0) == 0x80;) {
            bytes++;
        }
        (*words)[n++] = memcpy(store, token, bytes);
        store += bytes + 1;
    }
cleanup:
    for (size_t i = 0; i < CHARACTERS / PAGE; i++) {
        rg_free(pages[i]);
    }
    return status;
}

static rg_status list_words(const struct text_reader *r, char ***words, size_t *count) {
    const struct rg_strings strings = {r->text, r->bytes + 1, RG_WORD_ENDS};

    return rg_vocabulary_make(&strings, "vocabulary", words, count);
}

static int compare_counts(const void *a, const void *b) {
    const struct counted *const x = a, *const y = b;

    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->token, y->token);
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Number of tokens to keep, the most frequent first: at most --vocab including <unk>, and none below --min-count. */
static size_t count_kept(const struct rg_dataset_options *o, const struct counted *tokens, size_t n) {
    const size_t max = o->max_vocabulary > 0 ? o->max_vocabulary : n;
    size_t kept = 0;

    while (kept < n && tokens[kept].count >= o->min_count) {
        kept++;
    }
    return kept == n && n <= max ? n : kept < max ? kept : max - 1;
}

/* Replace the rare tokens by <unk>. */
static rg_status cut_vocabulary(const struct text_reader *r, char ***words, size_t *count) {
    const struct rg_word_index index = {(const char *const *)*words, NULL, *count};
    struct counted *tokens = NULL;
    char **kept_words = NULL;
    const char *at = r->text, *token;
    size_t bytes, total = sizeof RG_UNKNOWN_WORD;
    rg_status status = RG_OK;

    RG_TRY(rg_alloc(&tokens, *count, sizeof(*tokens), "counts of tokens"));
    for (size_t i = 0; i < *count; i++) {
        tokens[i].token = (*words)[i];
    }
    while ((token = next_token(r, &at, &bytes)) != NULL) {
        tokens[rg_word_find(&index, token, bytes)].count++;
    }
    qsort(tokens, *count, sizeof(*tokens), compare_counts);
    const size_t kept = count_kept(r->options, tokens, *count);
    if (kept < *count) {
        for (size_t i = 0; i < kept; i++) {
            total += strlen(tokens[i].token) + 1;
        }
        RG_TRY_GOTO(rg_strings_create(&kept_words, kept + 1, total, "vocabulary"));
        char *store = (char *)(kept_words + kept + 1);
        for (size_t i = 0; i <= kept; i++) {
            kept_words[i] = store;
            store = stpcpy(store, i < kept ? tokens[i].token : RG_UNKNOWN_WORD) + 1;
        }
        qsort(kept_words, kept + 1, sizeof(*kept_words), compare_strings);
        rg_free(*words);
        *words = kept_words;
        *count = kept + 1;
    }
cleanup:
    rg_free(tokens);
    return status;
}

static rg_status make_vocabulary(struct text_reader *r) {
    const struct rg_dataset_options *const o = r->options;
    struct rg_dataset *const data = r->data;

    if (o->vocabulary != NULL) {
        RG_TRY(rg_vocabulary_copy(o->vocabulary, o->n_vocabulary, "vocabulary", &data->vocabulary, &r->index));
        data->n_features = o->n_vocabulary;
    } else {
        RG_TRY(o->level == RG_LEVEL_WORD ? list_words(r, &data->vocabulary, &data->n_features)
                                         : list_characters(r, &data->vocabulary, &data->n_features));
        if (o->max_vocabulary > 0 || o->min_count > 1) {
            RG_TRY(cut_vocabulary(r, &data->vocabulary, &data->n_features));
        }
        r->index = (struct rg_word_index){(const char *const *)data->vocabulary, NULL, data->n_features};
    }
    r->unknown = rg_word_find(&r->index, RG_UNKNOWN_WORD, sizeof RG_UNKNOWN_WORD - 1);
    for (int c = 0; c < 128; c++) {
        const char character = (char)c;

        r->ascii[c] = rg_word_find(&r->index, &character, 1);
    }
    if (data->n_features < 2) {
        return rg_fail(RG_BAD_FILE, "%s: every %s is the same, so there is nothing to predict", data->path,
                       o->level == RG_LEVEL_WORD ? "word" : "character");
    }
    return RG_OK;
}

/* ---- Sequences ---- */

/* Allocate n token numbers in the narrowest type that can hold all of them and the negative numbers. */
static rg_status create_numbers(size_t vocabulary, size_t n, enum rg_dtype *type, void **out) {
    *type = vocabulary > INT16_MAX ? RG_I32 : vocabulary > INT8_MAX ? RG_I16 : RG_I8;
    return rg_alloc(out, n, rg_dtype_bytes(*type), "the tokens of a text");
}

static void put_number(void *numbers, enum rg_dtype type, size_t at, int32_t value) {
    if (type == RG_I32) {
        ((int32_t *)numbers)[at] = value;
    } else if (type == RG_I16) {
        ((int16_t *)numbers)[at] = (int16_t)value;
    } else {
        ((int8_t *)numbers)[at] = (int8_t)value;
    }
}

static void fill(struct text_reader *r) {
    struct rg_dataset *const d = r->data;
    const char *at = r->text, *token;
    size_t bytes, i = 0;

    while ((token = next_token(r, &at, &bytes)) != NULL) {
        const bool is_ascii = bytes == 1 && r->options->level == RG_LEVEL_CHAR;
        const int32_t known = is_ascii ? r->ascii[(unsigned char)*token] : rg_word_find(&r->index, token, bytes);
        const int32_t number = known < 0 ? r->unknown : known;

        d->n_unknown += known < 0;
        if (i + 1 < r->n_tokens) {
            put_number(d->x_raw, d->x_type, i, number);
        }
        if (i > 0) {
            put_number(d->y_raw, d->y_type, i - 1, number < 0 ? NO_TARGET : number);
        }
        i++;
    }
    for (; i - 1 < d->n_sequences * d->n_steps; i++) { /* after the end of the last sequence */
        put_number(d->y_raw, d->y_type, i - 1, NO_TARGET);
    }
}

static rg_status create_sequences(struct text_reader *r) {
    struct rg_dataset *const d = r->data;
    const size_t pairs = r->n_tokens - 1, steps = rg_min(r->options->steps, pairs);

    d->kind = RG_INPUT_TOKEN;
    d->n_steps = d->n_targets = steps;
    d->n_sequences = (pairs + steps - 1) / steps;
    d->label_kind = RG_LABELS_CLASSES;
    d->level = r->options->level;
    d->lowercase = r->options->lowercase;
    d->n_words = r->n_tokens;
    for (size_t i = 0; r->options->level == RG_LEVEL_WORD && i < r->bytes; i++) {
        d->n_characters += ((unsigned char)r->text[i] & 0xc0) != 0x80;
    }
    if (steps > INT32_MAX) {
        return rg_fail(RG_BAD_FILE, "%s: a sequence has %zu time steps; at most %d are possible", d->path, steps,
                       INT32_MAX);
    }
    RG_TRY(create_numbers(d->n_features, d->n_sequences * steps, &d->x_type, &d->x_raw));
    RG_TRY(create_numbers(d->n_features, d->n_sequences * steps, &d->y_type, &d->y_raw));
    if (pairs % steps != 0) {
        RG_TRY(rg_alloc(&d->lengths, d->n_sequences, sizeof(*d->lengths), "lengths"));
        for (size_t i = 0; i < d->n_sequences; i++) {
            d->lengths[i] = (int32_t)(i + 1 < d->n_sequences ? steps : pairs % steps);
        }
    }
    fill(r);
    return RG_OK;
}

static rg_status read_text(struct text_reader *r, const char *path) {
    RG_TRY(read_all(r, path));
    RG_TRY(check_text(r));
    tidy(r);
    count_tokens(r);
    if (r->n_tokens < 2) {
        return rg_fail(RG_BAD_FILE, "%s: %s; at least two %s are needed, one to predict from the other", r->data->path,
                       r->n_tokens == 0 ? "empty text" : "a text of one token",
                       r->options->level == RG_LEVEL_WORD ? "words" : "characters");
    }
    RG_TRY(make_vocabulary(r));
    return create_sequences(r);
}

rg_status rg_read_text(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset) {
    struct rg_dataset_options own = *options;
    own.level = own.level == RG_LEVEL_NONE ? RG_LEVEL_CHAR : own.level;
    struct text_reader reader = {.options = &own, .data = dataset};
    const rg_status status = own.steps > 0 ? read_text(&reader, path)
                                           : rg_fail(RG_BAD_FILE, "%s: text is cut into sequences of --steps T", path);

    rg_free((void *)reader.index.order);
    rg_free(reader.text);
    return status;
}
