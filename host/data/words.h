/* Vocabularies: the different words of a text in byte order, and the number of a word among them. Internal to
 * host/data.
 */
#ifndef RG_DATA_WORDS_H
#define RG_DATA_WORDS_H

#include <stdint.h>

#include "data/word_set.h"

/* An index for finding words. In byte order the words are words[order[0]], words[order[1]], ... */
struct rg_word_index {
    const char *const *words;
    const int32_t *order; /* [count], or NULL if the words are in byte order */
    size_t count;
};

/* The number of `word`, or -1. */
int32_t rg_word_find(const struct rg_word_index *index, const char *word, size_t bytes);

/* Consecutive strings, each with a final NUL, in one block. */
struct rg_strings {
    const char *first;
    size_t bytes;
    const char *ends; /* RG_WORD_ENDS if the strings are texts; "" if each is a word by itself */
};

/* *words = the different words in byte order, one block for rg_free. `what` names them in messages. */
rg_status rg_vocabulary_make(const struct rg_strings *strings, const char *what, char ***words, size_t *count);

/* *copy = the given words, and *index to find them; the caller frees index->order. RG_BAD_FILE if a word occurs twice.
 */
rg_status rg_vocabulary_copy(const char *const *given, size_t count, const char *what, char ***copy,
                             struct rg_word_index *index);

#endif
