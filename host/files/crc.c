/* CRC-32: see crc.h.
 *
 * With PCLMULQDQ four registers of 16 bytes are folded over the data, then into one, and Barrett's reduction gives the
 * remainder (Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ, Intel 2009; the constants are
 * those of its table for this polynomial, with bits reflected). Other processors, and the bytes that do not fill a
 * register, take zlib's tables. */
#include "files/crc.h"

#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>

enum { LANE = 16, LANES = 4 };

#define FOLDS __attribute__((target("pclmul,sse4.1")))

/* a x^(64+n) + b x^n, where `by` holds the powers of x modulo the polynomial: moves a register past what follows. */
FOLDS static inline __m128i fold(__m128i a, __m128i by, __m128i next) {
    const __m128i low = _mm_clmulepi64_si128(a, by, 0x00), high = _mm_clmulepi64_si128(a, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

static inline __m128i load(const unsigned char *at) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* The remainder of 128 bits. */
FOLDS static inline uint32_t reduce(__m128i x) {
    const __m128i low = _mm_setr_epi32(-1, 0, -1, 0);
    const __m128i by_96 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0), by_64 = _mm_set_epi64x(0, 0x0163cd6124);
    const __m128i barrett = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, by_96, 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4), _mm_clmulepi64_si128(_mm_and_si128(x, low), by_64, 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(x, low), barrett, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low), barrett, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, quotient), 1);
}

/* `bytes` is a multiple of LANE, at least LANES of them; `crc` is inverted on both sides. */
FOLDS static uint32_t fold_all(uint32_t crc, const unsigned char *data, size_t bytes) {
    const __m128i by_512 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
    const __m128i by_128 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    __m128i x[LANES];
    for (size_t i = 0; i < LANES; i++) {
        x[i] = load(data + i * LANE);
    }
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)crc));
    size_t at = (size_t)LANES * LANE;
    for (; bytes - at >= (size_t)LANES * LANE; at += (size_t)LANES * LANE) {
        for (size_t i = 0; i < LANES; i++) {
            x[i] = fold(x[i], by_512, load(data + at + i * LANE));
        }
    }
    __m128i one = x[0];
    for (size_t i = 1; i < LANES; i++) {
        one = fold(one, by_128, x[i]);
    }
    for (; at < bytes; at += LANE) {
        one = fold(one, by_128, load(data + at));
    }
    return reduce(one);
}

static size_t foldable(size_t bytes) {
    return bytes >= (size_t)LANES * LANE && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")
               ? bytes / LANE * LANE
               : 0;
}
#else
static size_t foldable(size_t bytes) {
    (void)bytes;
    return 0;
}

static uint32_t fold_all(uint32_t crc, const unsigned char *data, size_t bytes) {
    (void)data, (void)bytes;
    return crc;
}
#endif

uint32_t rg_crc32(uint32_t crc, const void *data, size_t bytes) {
    const unsigned char *const all = data;
    const size_t folded = foldable(bytes);
    const uint32_t first = folded > 0 ? ~fold_all(~crc, all, folded) : crc;
    return (uint32_t)crc32_z(first, all + folded, bytes - folded);
}
