/* Orders that depend only on numbers such as a seed, so they are the same on every machine. */
#ifndef RG_PERMUTATION_H
#define RG_PERMUTATION_H

#include <stddef.h>
#include <stdint.h>

/* The purpose of an order. Different purposes of one seed give unrelated orders. */
enum { RG_ORDER_EPOCH = 0x5A1FFE2, RG_ORDER_SPLIT = 0x3B17D15, RG_ORDER_PIXELS = 0x91E15 };

/* order[0 … n) = the numbers 0 … n - 1 shuffled by Fisher and Yates, with the random numbers of Philox4x32-10 at
 * (seed, round, purpose). */
void rg_permute(uint32_t *order, size_t n, uint64_t seed, uint64_t round, uint32_t purpose);

#endif
