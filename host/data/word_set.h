/* Words of a text, and a set of its different words. Internal to host/data. */
#ifndef RG_DATA_WORD_SET_H
#define RG_DATA_WORD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

#define RG_WORD_ENDS " \t\n\v\f\r"

/* The next word at or after *at, or NULL; *at moves past it. A word ends at any of the characters in `ends`, or at NUL.
 */
const char *rg_next_word(const char **at, const char *ends, size_t *bytes);

/* Entries are stretches of one text, stored as offsets: five bytes for each entry, whatever its length. */
struct rg_word_set {
    const char *base; /* the text, shorter than 4 GiB, with a final NUL */
    const char *ends; /* an entry ends before any of these characters, or NUL */
    uint32_t *slots;  /* [n_slots], 1 + the offset of an entry, or 0 */
    size_t n_slots;
    size_t count;
    uint64_t seed;
};

/* Create an empty set with room for `n_entries`. */
rg_status rg_word_set_create(struct rg_word_set *set, const char *base, const char *ends, size_t n_entries);
void rg_word_set_destroy(struct rg_word_set *set);

/* True if no more entries should be added. */
bool rg_word_set_full(const struct rg_word_set *set);

/* Add the entry at `offset`. Returns false if the set has an equal one. The set must not be full. */
bool rg_word_set_add(struct rg_word_set *set, size_t offset, size_t bytes);

#endif
