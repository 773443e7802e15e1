/* Memory of the host. All code of the library allocates with these functions, which check sizes and make the message.
 */
#ifndef RNN_GPU_MEMORY_H
#define RNN_GPU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

/* Set the pointer that `out` points to (of any type, hence void *) to zeroed memory for `count` items of `size` bytes,
 * aligned to 64 bytes; free it with rg_free. `what` names the object in the message. With `count` 0 the pointer is
 * valid too. RG_NO_MEMORY if the product overflows or memory does not suffice; the pointer is then NULL. */
rg_status rg_alloc(void *out, size_t count, size_t size, const char *what);

/* The same, but not zeroed: for the bytes of a file, all of which the caller fills before any is read. */
rg_status rg_alloc_unset(void *out, size_t count, size_t size, const char *what);

/* Make room for one more item in *array, which has n items of `size` bytes and room for *room: nothing if n < *room,
 * else another array of twice the room with the same items, and zeros behind them. NULL with room 0 is an empty array.
 * RG_NO_MEMORY: the array is unchanged. */
rg_status rg_alloc_more(void *array, size_t n, size_t *room, size_t size, const char *what);

/* Release memory of rg_alloc; NULL is allowed. */
void rg_free(void *memory);

/* *out = a copy of the string; free with rg_free. */
rg_status rg_copy_string(char **out, const char *text);

/* Bytes of the machine's memory; 0 if the system does not say. */
uint64_t rg_machine_memory(void);

/* *out = a * b; false if that overflows. */
bool rg_multiply(size_t a, size_t b, size_t *out);

#endif
