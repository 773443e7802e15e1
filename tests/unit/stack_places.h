/* The places that call something, each with the functions that called it: a hash of the stack. */
#ifndef RG_TEST_STACK_PLACES_H
#define RG_TEST_STACK_PLACES_H

#include <check.h>
#include <execinfo.h>
#include <stdint.h>

enum { MAX_PLACES = 4096, STACK_DEPTH = 6 };
static uint64_t places[MAX_PLACES];
static size_t n_places, first_at[MAX_PLACES]; /* the number of the place's first call */

/* Note where the call with that number comes from. */
static inline void note_place(size_t number) {
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
    first_at[n_places] = number;
    places[n_places++] = hash;
}

#endif
