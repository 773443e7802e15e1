/* OpenCL C as C: what prelude.cl defines for OpenCL, defined with the vector extensions of GCC and clang, so that
 * kernels/programs/all.cl compiles unchanged. A group has one item. The build sets RG_VEC, one value for each
 * instruction set. */
#ifndef RG_NATIVE_H
#define RG_NATIVE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#ifndef RG_VEC
#error "RG_VEC: lanes of a vector; set by the build for each instruction set"
#endif
#ifndef RG_DOUBLE
#define RG_DOUBLE 0
#endif
#if RG_VEC * (1 + RG_DOUBLE) == 16
#define RG_NV 2 /* a block of 8 rows has 8 * 2 accumulators; the processor has 32 registers */
#else
#define RG_NV 1 /* a block of 8 rows has 8 * 1 accumulators; the processor has 16 registers */
#endif
#define RG_COLS 1
#define RG_ROWS 1
#define RG_TF32 0

#define RG_CAT_(a, b) a##b
#define RG_CAT(a, b) RG_CAT_(a, b)
#if RG_DOUBLE
typedef double rg_real;
typedef int64_t rg_whole;
#define RG_NUMBER(x) x
#define RG_LIBM(name) name
#else
typedef float rg_real;
typedef int32_t rg_whole;
#define RG_NUMBER(x) RG_CAT(x, f)
#define RG_LIBM(name) RG_CAT(name, f)
#endif
typedef unsigned char uchar;
typedef rg_real rg_vec __attribute__((vector_size(RG_VEC * sizeof(rg_real))));
typedef rg_whole rg_mask __attribute__((vector_size(RG_VEC * sizeof(rg_whole))));
typedef rg_real rg_unaligned
    __attribute__((vector_size(RG_VEC * sizeof(rg_real)), aligned(sizeof(rg_real)), may_alias));

#define RG_LOAD(p) ((rg_vec)(*(const rg_unaligned *)(p)))
#define RG_LOAD_ALIGNED(p) RG_LOAD(p)
#define RG_STORE(v, p) (*(rg_unaligned *)(p) = (v))
#define RG_SELECT(mask, yes, no) ((rg_vec)(((mask) & (rg_mask)(yes)) | (~(mask) & (rg_mask)(no))))
/* The smaller and the larger of two; b if one of them is NaN. GCC does not see that each is one instruction. */
#if defined(__AVX512F__) && RG_VEC == 16
#define RG_FMIN(a, b) ((rg_vec)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define RG_FMAX(a, b) ((rg_vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#else
#define RG_FMIN(a, b) RG_SELECT((a) < (b), a, b)
#define RG_FMAX(a, b) RG_SELECT((a) > (b), a, b)
#endif
#define RG_SPLAT(s) rg_native_splat(s)
#define RG_FMA(a, b, c) ((a) * (b) + (c)) /* compiled to one instruction if the machine has it */
#define RG_PREFETCH(p) __builtin_prefetch(p)
#define RG_EXPONENT(v) ((rg_vec)((((rg_mask)(v)) << 23) + 0x3f800000))
#define RG_UNROLL _Pragma("GCC unroll 16")
#define RG_EACH_ROW _Pragma("GCC unroll 1")
#define RG_INLINE static inline __attribute__((always_inline))
/* A function that has a hot loop and must not be inlined. If it were, the addresses of the loops around it would take
 * registers too, and GCC would keep some accumulators in memory. */
#define RG_HOT static __attribute__((noinline, unused))
#define RG_KERNEL static
#define RG_BARRIER
#define RG_LOCAL_MEMORY rg_real
#define RG_ROLLED _Pragma("GCC unroll 1")
/* Keep the vector v, all of whose lanes are one number, in a register. Otherwise GCC would load the number again for
 * every product. */
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
#define RG_PIN(v) __asm__("" : "+v"(v))
#else
#define RG_PIN(v)
#endif

#define RG_EXP(x) RG_LIBM(exp)(x)
#define RG_EXPM1(x) RG_LIBM(expm1)(x)
#define RG_LOG(x) RG_LIBM(log)(x)
#define RG_LOG1P(x) RG_LIBM(log1p)(x)
#define RG_ABS(x) RG_LIBM(fabs)(x)
#define RG_SQRT1(x) RG_LIBM(sqrt)(x)

#define __kernel
#define __global
#define __local

/* The group that this thread is running. */
struct rg_native_group {
    size_t id[2], count[2];
};
static _Thread_local struct rg_native_group rg_native_group;
#define get_group_id(d) (rg_native_group.id[d])
#define get_num_groups(d) (rg_native_group.count[d])
#define get_local_id(d) ((size_t)0)

#if RG_DOUBLE
typedef uint64_t rg_bits;
#define RG_INFINITY 0x7ff0000000000000u
#else
typedef uint32_t rg_bits;
#define RG_INFINITY 0x7f800000u
#endif
RG_INLINE rg_bits rg_native_bits(rg_real s) {
    rg_bits bits;
    __builtin_memcpy(&bits, &s, sizeof bits);
    return bits;
}
#define RG_BITS(s) rg_native_bits(s)

/* Every lane is written out: adding s to a zero vector would change -0, and costs an instruction. */
RG_INLINE rg_vec rg_native_splat(rg_real s) {
#if RG_VEC == 16
    return (rg_vec){s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s};
#elif RG_VEC == 8
    return (rg_vec){s, s, s, s, s, s, s, s};
#elif RG_VEC == 4
    return (rg_vec){s, s, s, s};
#else
    return (rg_vec){s, s};
#endif
}

RG_INLINE rg_vec rg_native_sqrt(rg_vec v) {
    for (int i = 0; i < RG_VEC; i++) {
        v[i] = RG_SQRT1(v[i]);
    }
    return v;
}
#define RG_SQRT(v) rg_native_sqrt(v)

#if RG_DOUBLE
RG_INLINE rg_vec rg_native_exp(rg_vec v) {
    for (int i = 0; i < RG_VEC; i++) {
        v[i] = exp(v[i]);
    }
    return v;
}

RG_INLINE rg_vec rg_native_expm1(rg_vec v) {
    for (int i = 0; i < RG_VEC; i++) {
        v[i] = expm1(v[i]);
    }
    return v;
}

RG_INLINE rg_vec rg_native_tanh(rg_vec v) {
    for (int i = 0; i < RG_VEC; i++) {
        v[i] = tanh(v[i]);
    }
    return v;
}
#define RG_VECTOR_EXP(v) rg_native_exp(v)
#define RG_VECTOR_TANH(v) rg_native_tanh(v)
#define RG_VECTOR_EXPM1(v) rg_native_expm1(v)
#endif

#endif
