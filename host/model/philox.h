/* Random numbers for weights: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), where a number is a function of the seed
 * and its position. Normal deviates use only operations that IEEE 754 rounds correctly and no function of libm, so
 * every machine gets the same bits. */
#ifndef RNN_GPU_MODEL_PHILOX_H
#define RNN_GPU_MODEL_PHILOX_H

#include <stdint.h>

enum { RG_BLOCK_NUMBERS = 4 };

/* The stream of one parameter. */
struct rg_stream {
    uint64_t seed;
    uint32_t parameter;
};

/* The four uniform numbers of a block: multiples of 2^-24 in [0, 1). */
void rg_stream_uniform(const struct rg_stream *stream, uint64_t block, double out[RG_BLOCK_NUMBERS]);

/* ln x of a positive number, within 2^-52 of the C library's, and the same on every machine. */
double rg_natural_log(double x);

/* The four standard normal numbers of a block (Box, Muller 1958). */
void rg_stream_normal(const struct rg_stream *stream, uint64_t block, double out[RG_BLOCK_NUMBERS]);

#endif
