/* Which device `auto`, `opencl` and `gpu` take, of several. */
#ifndef RG_RANK_H
#define RG_RANK_H

#include "device/device.h"

/* order[k] = index of the k-th best of n entries: GPUs with memory of their own, other GPUs, processors; within these
 * the vendor's platform, PoCL, then Mesa's and translators; then more memory; then the list's order. Accelerators,
 * which may be emulators, and entries with a problem are left out. Returns how many there are. */
size_t rg_device_rank(const struct rg_device_entry *entries, size_t n, size_t *order);

/* Why the first of an order of `count` goes before the others, into `text`: "a GPU with its own memory, before 0:0 …".
 */
void rg_device_reason(const struct rg_device_entry *entries, const size_t *order, size_t count, char *text,
                      size_t bytes);

#endif
