/* FNV-1a with 64 bits, for names of kept files and for comparing weights, options and data. It does not protect against
 * somebody who searches for two inputs with the same hash. */
#ifndef RG_HASH_H
#define RG_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The hash of no bytes. */
#define RG_HASH_START UINT64_C(0xCBF29CE484222325)

/* The hash of what `hash` is of, followed by n more bytes. */
static inline uint64_t rg_hash_bytes(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *const at = bytes;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* The same for a text without its 0. */
static inline uint64_t rg_hash_text(uint64_t hash, const char *text) {
    return rg_hash_bytes(hash, text, strlen(text));
}

/* The same for an item of a list. After its text comes a byte that UTF-8 never has, so "a", "bc" and "ab", "c" differ.
 */
static inline uint64_t rg_hash_item(uint64_t hash, const char *text) {
    static const unsigned char end = 0xFF;
    return rg_hash_bytes(rg_hash_text(hash, text), &end, 1);
}

#endif
