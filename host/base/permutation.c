/* Orders that are pure functions of numbers: see permutation.h. */
#include "base/permutation.h"

#include <Random123/philox.h>

void rg_permute(uint32_t *order, size_t n, uint64_t seed, uint64_t round, uint32_t purpose) {
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = n; i-- > 1;) {
        const philox4x32_ctr_t counter = {{(uint32_t)i, (uint32_t)round, (uint32_t)(round >> 32), purpose}};
        const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
        const philox4x32_ctr_t r = philox4x32(counter, key);
        const size_t j = (size_t)(((uint64_t)r.v[0] * (i + 1)) >> 32);
        const uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}
