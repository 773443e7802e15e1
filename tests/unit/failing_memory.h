/* Memory that ends: an allocation of the library that fails, and blocks with NaN behind them. */
#ifndef RG_TEST_FAILING_MEMORY_H
#define RG_TEST_FAILING_MEMORY_H

#include <check.h>
#include <errno.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/status.h"

#ifdef __SANITIZE_ADDRESS__
enum { BEHIND = 0 }; /* the sanitizer sees what is read there */
#else
enum { BEHIND = 64 }; /* bytes behind a block: numbers that are read there are NaN */
#endif

static size_t n_allocations, failing; /* up to now; the one that fails, 0: none */

/* The places that allocate, each with the functions that called it: a hash of the stack. Noted while `notes_places`. */
enum { MAX_PLACES = 4096, STACK_DEPTH = 6 };
static bool notes_places;
static uint64_t places[MAX_PLACES];
static size_t n_places, first_at[MAX_PLACES]; /* the number of the place's first allocation */

static inline void note_place(void) {
    void *stack[STACK_DEPTH];
    const int depth = backtrace(stack, STACK_DEPTH);
    uint64_t hash = 0xcbf29ce484222325U;
    for (int i = 0; i < depth; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)stack[i]) * 0x100000001b3U;
    }
    for (size_t i = 0; i < n_places; i++) {
        if (places[i] == hash) {
            return;
        }
    }
    ck_assert_uint_lt(n_places, MAX_PLACES);
    first_at[n_places] = n_allocations;
    places[n_places++] = hash;
}

/* In place of the C library's, through which all memory of the library comes. */
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    if (++n_allocations == failing) {
        return ENOMEM;
    }
    if (notes_places) {
        note_place();
    }
    *memory = aligned_alloc(alignment, (bytes + BEHIND + alignment - 1) / alignment * alignment);
    if (*memory) {
        memset((char *)*memory + bytes, 0xFF, BEHIND);
    }
    return *memory ? 0 : ENOMEM;
}

/* `act` with its first, its second … allocation failing, until there are no more. */
static inline void each_fails(const char *name, rg_status (*act)(void), size_t min) {
    n_allocations = failing = 0;
    rg_status status = act();
    ck_assert_msg(status == RG_OK, "%s: %s", name, rg_error_message());
    const size_t all = n_allocations;
    ck_assert_msg(all >= min, "%s makes %zu allocations", name, all);
    for (size_t i = 1; i <= all; i++) {
        n_allocations = 0;
        failing = i;
        status = act();
        ck_assert_msg(status == RG_NO_MEMORY, "%s, allocation %zu of %zu: status %d, %s", name, i, all, (int)status,
                      rg_error_message());
    }
    failing = 0;
}

#endif
