/* The base of every kernel file for OpenCL C; native.h is the same for C.
 *
 * Shape of a work-group, fixed by -D when the program is built:
 *   RG_VEC    lanes of a vector; lanes are units (columns of a matrix)
 *   RG_NV     vectors of an item side by side
 *   RG_COLS   items side by side; a panel is NR = RG_NV * RG_COLS * RG_VEC units wide
 *   RG_ROWS   items below each other, each on its own block of batch rows
 * A CPU runs one item a group (RG_COLS = RG_ROWS = 1, wide vectors, no barriers), a GPU many with short vectors.
 *
 * Variants of a program:
 *   RG_REPLICAS      1: the kernels become functions that the kernels in replicas.cl call; 0: they are kernels
 *   RG_DOUBLE        1: numbers are doubles, on a device with cl_khr_fp64; 0: floats
 *   RG_TF32          1: NVIDIA's tensor cores compute the products of scans and weight gradients in TF32; 2: the
 *                    same on any device, for tests; 0: all products are of rg_real
 *   RG_SCAN_PART     1, 2: a cell's program has only its forward or only its reverse scan; 0: both
 *   RG_HAS_FMA       0: the device says that it has no instruction for fma() of floats; 1: it has
 *   RG_HAS_PREFETCH  1: the compiler has __builtin_prefetch (on CPUs; the host knows which); 0: it may lack it
 *
 * Contraction is left on. Every product that matters is written as RG_FMA. */
#ifndef RG_VEC
#define RG_VEC 16
#endif
#ifndef RG_NV
#define RG_NV 2
#endif
#ifndef RG_COLS
#define RG_COLS 1
#endif
#ifndef RG_ROWS
#define RG_ROWS 1
#endif
#ifndef RG_DOUBLE
#define RG_DOUBLE 0
#endif
#ifndef RG_REPLICAS
#define RG_REPLICAS 0
#endif
#ifndef RG_TF32
#define RG_TF32 0
#endif
#ifndef RG_HAS_FMA
#define RG_HAS_FMA 1
#endif
#if RG_HAS_FMA != 0 && RG_HAS_FMA != 1
#error "RG_HAS_FMA must be 0 or 1"
#endif
#ifndef RG_HAS_PREFETCH
#define RG_HAS_PREFETCH 0
#endif
#if RG_HAS_PREFETCH != 0 && RG_HAS_PREFETCH != 1
#error "RG_HAS_PREFETCH must be 0 or 1"
#endif
#if RG_TF32 != 0 && RG_TF32 != 1 && RG_TF32 != 2
#error "RG_TF32 must be 0, 1 or 2"
#endif
#if RG_REPLICAS != 0 && RG_REPLICAS != 1
#error "RG_REPLICAS must be 0 or 1"
#endif
#if RG_DOUBLE != 0 && RG_DOUBLE != 1
#error "RG_DOUBLE must be 0 or 1"
#endif
#if RG_VEC != 1 && RG_VEC != 2 && RG_VEC != 4 && RG_VEC != 8 && RG_VEC != 16
#error "RG_VEC must be 1, 2, 4, 8 or 16"
#endif

#define RG_CAT_(a, b) a##b
#define RG_CAT(a, b) RG_CAT_(a, b)
#if RG_DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define RG_SCALAR double
#define RG_WHOLE long
#define RG_NUMBER(x) x
#else
#define RG_SCALAR float
#define RG_WHOLE int
#define RG_NUMBER(x) RG_CAT(x, f) /* a literal with more digits than a float holds */
#endif
typedef RG_SCALAR rg_real;
/* A number's bits, and those of infinity. */
#if RG_DOUBLE
#define RG_BITS(s) as_ulong(s)
#define RG_INFINITY 0x7ff0000000000000ul
#else
#define RG_BITS(s) as_uint(s)
#define RG_INFINITY 0x7f800000u
#endif
#if RG_VEC == 1
typedef rg_real rg_vec;
typedef RG_WHOLE rg_mask;
#define RG_AS_INT(v) as_int(v)
#define RG_AS_REAL(v) as_float(v)
#define RG_LOAD(p) (*(p))
#define RG_STORE(v, p) (*(p) = (v))
#define RG_SELECT(mask, yes, no) ((mask) ? (yes) : (no))
#else
typedef RG_CAT(RG_SCALAR, RG_VEC) rg_vec;
typedef RG_CAT(RG_WHOLE, RG_VEC) rg_mask;
#define RG_AS_INT(v) RG_CAT(as_int, RG_VEC)(v)
#define RG_AS_REAL(v) RG_CAT(as_float, RG_VEC)(v)
/* PoCL's vload16 and vstore16 may become eight loads or stores and the instructions that assemble a vector */
#ifdef __clang__
typedef rg_vec rg_unaligned __attribute__((aligned(sizeof(rg_real))));
#define RG_ACCESS_IN(space)                                                                                \
    static inline rg_vec __attribute__((always_inline, overloadable)) rg_load(space const rg_real *p) {    \
        return *(space const rg_unaligned *)p;                                                             \
    }                                                                                                      \
    static inline void __attribute__((always_inline, overloadable)) rg_store(rg_vec v, space rg_real *p) { \
        *(space rg_unaligned *)p = v;                                                                      \
    }
RG_ACCESS_IN(__global)
RG_ACCESS_IN(__local)
RG_ACCESS_IN(__private)
#define RG_LOAD(p) rg_load(p)
#define RG_STORE(v, p) rg_store(v, p)
#else
#define RG_LOAD(p) RG_CAT(vload, RG_VEC)(0, p)
#define RG_STORE(v, p) RG_CAT(vstore, RG_VEC)(v, 0, p)
#endif
#define RG_SELECT(mask, yes, no) select(no, yes, mask)
#endif
/* Load from panels, and from rows that begin at a multiple of a vector. On a GPU it is one load, where RG_LOAD would be
 * one for each lane. */
#if RG_COLS * RG_ROWS > 1 && RG_VEC > 1
#define RG_LOAD_ALIGNED(p) (*(__global const rg_vec *)(p))
#else
#define RG_LOAD_ALIGNED(p) RG_LOAD(p)
#endif
typedef RG_CAT(RG_SCALAR, 4) rg_quad; /* neighbours that a GPU reads at once; aligned to their size */
#if RG_COLS * RG_ROWS > 1 && RG_VEC > 4
#error "an item of many has vectors of at most four lanes"
#endif
/* The type of a group's local memory: quads on a GPU, which reads quads from it. */
#if RG_COLS * RG_ROWS > 1
#define RG_LOCAL_MEMORY rg_quad
#else
#define RG_LOCAL_MEMORY rg_real
#endif
/* The smaller and the larger of two; b if one of them is NaN. */
#define RG_FMIN(a, b) RG_SELECT((a) < (b), a, b)
#define RG_FMAX(a, b) RG_SELECT((a) > (b), a, b)
#define RG_SPLAT(s) ((rg_vec)((rg_real)(s)))
/* fma() is a function of many instructions where the device has none for it, and mad() one or two. Neither doubles nor
 * the emulation of tensor cores can do with less than fma(). */
#if RG_HAS_FMA || RG_DOUBLE || RG_TF32 || defined FP_FAST_FMAF
#define RG_FMA(a, b, c) fma(a, b, c)
#else
#define RG_FMA(a, b, c) mad(a, b, c)
#endif
/* 2^n, for a vector of floats that holds n in the low bits of its fractions. */
#define RG_EXPONENT(v) RG_AS_REAL((RG_AS_INT(v) << 23) + 0x3f800000)
#define RG_SQRT(v) sqrt(v)
#define RG_VECTOR_EXP(v) exp(v)
#define RG_VECTOR_TANH(v) tanh(v)
#define RG_VECTOR_EXPM1(v) expm1(v)
#define RG_SQRT1(s) sqrt(s) /* of a scalar, as are the following */
#define RG_EXP(s) exp(s)
#define RG_EXPM1(s) expm1(s)
#define RG_LOG(s) log(s)
#define RG_LOG1P(s) log1p(s)
#define RG_ABS(s) fabs(s)
#define RG_PIN(v)
/* RG_PREFETCH(p) asks for a cache line before it is needed. OpenCL C's own prefetch has no effect on CPUs, and clang's
 * __builtin_prefetch has no form in SPIR-V: Mesa's rusticl crashes on it. It changes no result. */
#if RG_HAS_PREFETCH
#define RG_PREFETCH(p) __builtin_prefetch((const void *)(size_t)(p))
#else
#define RG_PREFETCH(p)
#endif
#if RG_TF32 == 2 /* PoCL 3.1 miscompiles the emulation if these loops are unrolled with learned skips */
#define RG_UNROLL
#else
#define RG_UNROLL _Pragma("unroll")
#endif
#define RG_ROLLED _Pragma("nounroll")
/* Placed before the loop over a block's rows that follows its products. On a CPU the loop is not unrolled: copying the
 * cell's step for every row and vector of a block gains nothing, and the scans would take four times as long to
 * compile. */
#if RG_COLS * RG_ROWS == 1
#define RG_EACH_ROW RG_ROLLED
#else
#define RG_EACH_ROW RG_UNROLL
#endif
#define RG_FEW_TIMES _Pragma("unroll 4")
/* static: of an `inline` function alone C99 makes no body for a compiler that calls it. */
#define RG_INLINE static inline __attribute__((always_inline))
/* A function around a hot loop. A processor calls it: inlined, its many forms would take longer to compile, and
 * native.h says what else. */
#if RG_COLS * RG_ROWS == 1
#define RG_HOT static __attribute__((noinline))
#else
#define RG_HOT RG_INLINE
#endif
#define RG_DEVICE_KERNEL __kernel __attribute__((reqd_work_group_size(RG_COLS, RG_ROWS, 1)))
#if RG_REPLICAS
#define RG_KERNEL RG_INLINE
#else
#define RG_KERNEL RG_DEVICE_KERNEL
#endif
#if RG_COLS * RG_ROWS == 1
#define RG_BARRIER
#else
#define RG_BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#endif
