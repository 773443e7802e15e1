/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011). The same counter and key give the
 * same numbers on every device. */
struct rg_random {
    rg_u32 v[4];
};

/* Four random words for the counter (c0, c1, c2, c3) and the key (k0, k1). */
RG_INLINE struct rg_random rg_philox(rg_u32 c0, rg_u32 c1, rg_u32 c2, rg_u32 c3, rg_u32 k0, rg_u32 k1) {
    for (int round = 0; round < 10; round++) {
        const rg_u64 a = (rg_u64)0xD2511F53u * c0, b = (rg_u64)0xCD9E8D57u * c2;
        c0 = (rg_u32)(b >> 32) ^ c1 ^ k0;
        c2 = (rg_u32)(a >> 32) ^ c3 ^ k1;
        c1 = (rg_u32)b;
        c3 = (rg_u32)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    const struct rg_random r = {{c0, c1, c2, c3}};
    return r;
}

/* A number in [0, 1), a multiple of 2^-24, from a random word. */
RG_INLINE rg_real rg_uniform(rg_u32 r) {
    return (rg_real)(r >> 8) * 5.9604644775390625e-8f;
}

/* A whole number in 0 … n-1 from a random word; n <= 2^32. */
RG_INLINE rg_u32 rg_below(rg_u32 r, rg_u64 n) {
    return (rg_u32)((r * n) >> 32);
}
