/* A set of words by open addressing, at most four fifths full.
 *
 * Its hash is seeded from the system, because the words come from untrusted files: a file made to collide would
 * otherwise make the look-ups quadratic. Results do not depend on the seed. */
#define _GNU_SOURCE
#include "data/word_set.h"

#include <string.h>
#include <sys/random.h>

#include "rnn_gpu/memory.h"

const char *rg_next_word(const char **at, const char *ends, size_t *bytes) {
    const char *word = *at + strspn(*at, ends);

    *bytes = strcspn(word, ends);
    *at = word + *bytes;
    return *bytes > 0 ? word : NULL;
}

rg_status rg_word_set_create(struct rg_word_set *set, const char *base, const char *ends, size_t n_entries) {
    memset(set, 0, sizeof(*set));
    set->base = base;
    set->ends = ends;
    set->n_slots = n_entries + n_entries / 4 + 2;
    if (getrandom(&set->seed, sizeof(set->seed), GRND_NONBLOCK) < 0) {
        set->seed = 0x9e3779b97f4a7c15u;
    }
    return rg_alloc(&set->slots, set->n_slots, sizeof(*set->slots), "the set of words");
}

void rg_word_set_destroy(struct rg_word_set *set) {
    rg_free(set->slots);
    memset(set, 0, sizeof(*set));
}

bool rg_word_set_full(const struct rg_word_set *set) {
    return set->count + 1 >= set->n_slots - set->n_slots / 5;
}

static uint64_t hash(uint64_t h, const char *word, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        h = (h ^ (unsigned char)word[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 29;
    }
    return h;
}

bool rg_word_set_add(struct rg_word_set *set, size_t offset, size_t bytes) {
    const char *word = set->base + offset;
    size_t slot = (size_t)(hash(set->seed, word, bytes) % set->n_slots);

    while (set->slots[slot] != 0) {
        const char *known = set->base + (set->slots[slot] - 1);

        /* strchr also finds the final NUL */
        if (strncmp(known, word, bytes) == 0 && strchr(set->ends, known[bytes]) != NULL) {
            return false;
        }
        slot = slot + 1 < set->n_slots ? slot + 1 : 0;
    }
    set->slots[slot] = (uint32_t)(offset + 1);
    set->count++;
    return true;
}
