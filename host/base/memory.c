/* Host memory with checked sizes.
 *
 * Blocks are aligned to a cache line (64 bytes), which is also the widest vector that the kernels load. Those of
 * rg_alloc are zeroed, so no result can depend on earlier contents of the memory. */
#define _GNU_SOURCE
#include "rnn_gpu/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGNMENT = 64 };

/* The address space of a process on every 64-bit machine in use: 2^47 bytes. */
static const size_t address_space = SIZE_MAX >> 17;

bool rg_multiply(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

uint64_t rg_machine_memory(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

/* Have the system make all pages of a large block at once, as huge pages where it has them: a fault for each page of 4
 * KiB would take longer than to copy data into the block. */
static void make_pages(void *block, size_t bytes) {
#ifdef MADV_POPULATE_WRITE
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), large = (size_t)64 << 20;
    if (bytes >= large) {
        char *const first = (char *)block + (page - (uintptr_t)block % page) % page;
        (void)madvise(first, bytes - page, MADV_HUGEPAGE); /* only advice, both */
        (void)madvise(first, bytes - page, MADV_POPULATE_WRITE);
    }
#else
    (void)block, (void)bytes;
#endif
}

rg_status rg_alloc(void *out, size_t count, size_t size, const char *what) {
    void *block = NULL;
    const rg_status status = rg_alloc_unset(out, count, size, what);
    memcpy(&block, out, sizeof block);
    if (status == RG_OK) {
        memset(block, 0, count * size > 0 ? count * size : 1);
    }
    return status;
}

rg_status rg_alloc_unset(void *out, size_t count, size_t size, const char *what) {
    /* `out` is the address of some typed pointer; memcpy stores into it without breaking the aliasing rules. */
    void *block = NULL;
    memcpy(out, &block, sizeof block);
    size_t bytes = 0;
    if (!rg_multiply(count, size, &bytes) || bytes > address_space) {
        return rg_fail(RG_NO_MEMORY, "%s: %zu items of %zu bytes are more than any memory; use smaller sizes", what,
                       count, size);
    }
    if (posix_memalign(&block, ALIGNMENT, bytes > 0 ? bytes : 1) != 0) {
        return rg_fail(RG_NO_MEMORY, "%s: no memory for %zu bytes; use smaller sizes or free memory", what, bytes);
    }
    make_pages(block, bytes);
    memcpy(out, &block, sizeof block);
    return RG_OK;
}

rg_status rg_alloc_more(void *array, size_t n, size_t *room, size_t size, const char *what) {
    enum { FIRST_ROOM = 16 };
    void *old = NULL, *grown = NULL;
    const size_t more = *room ? 2 * *room : FIRST_ROOM; /* no overflow: the items are in memory */
    if (n < *room) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&grown, more, size, what));
    memcpy(&old, array, sizeof old);
    if (n > 0) {
        memcpy(grown, old, n * size);
    }
    rg_free(old);
    memcpy(array, &grown, sizeof grown);
    *room = more;
    return RG_OK;
}

void rg_free(void *memory) {
    free(memory);
}

rg_status rg_copy_string(char **out, const char *text) {
    const size_t bytes = strlen(text) + 1;
    RG_TRY(rg_alloc(out, bytes, 1, "text"));
    memcpy(*out, text, bytes);
    return RG_OK;
}
