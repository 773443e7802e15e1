/* Memory that ends: an allocation of the library that fails, and blocks with NaN behind them. */
#ifndef RG_TEST_FAILING_MEMORY_H
#define RG_TEST_FAILING_MEMORY_H

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/status.h"
#include "stack_places.h"

#ifdef __SANITIZE_ADDRESS__
enum { BEHIND = 0 }; /* the sanitizer sees what is read there */
#else
enum { BEHIND = 64 }; /* bytes behind a block: numbers that are read there are NaN */
#endif

static size_t n_allocations, failing; /* up to now; the one that fails, 0: none */
static bool notes_places;             /* the places that allocate are noted */

/* In place of the C library's, through which all memory of the library comes. */
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    if (++n_allocations == failing) {
        return ENOMEM;
    }
    if (notes_places) {
        note_place(n_allocations);
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
