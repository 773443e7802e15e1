/* Element types and their conversions.
 *
 * Half and bfloat16 convert to float exactly. Data may be at any address, so elements are copied before use. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rnn_gpu/tensors.h"

size_t rg_dtype_bytes(enum rg_dtype dtype) {
    static const size_t bytes[] = {
        [RG_F16] = 2, [RG_BF16] = 2, [RG_F32] = 4,  [RG_F64] = 8, [RG_U8] = 1,  [RG_I8] = 1, [RG_I16] = 2,
        [RG_I32] = 4, [RG_I64] = 8,  [RG_BOOL] = 1, [RG_U16] = 2, [RG_U32] = 4, [RG_U64] = 8};
    return bytes[dtype];
}

const char *rg_dtype_name(enum rg_dtype dtype) {
    static const char *const names[] = {
        [RG_F16] = "F16", [RG_BF16] = "BF16", [RG_F32] = "F32", [RG_F64] = "F64", [RG_U8] = "U8",
        [RG_I8] = "I8",   [RG_I16] = "I16",   [RG_I32] = "I32", [RG_I64] = "I64", [RG_BOOL] = "BOOL",
        [RG_U16] = "U16", [RG_U32] = "U32",   [RG_U64] = "U64"};
    return names[dtype];
}

size_t rg_tensor_elements(const struct rg_tensor *tensor) {
    return tensor->data_bytes / rg_dtype_bytes(tensor->dtype);
}

struct rg_shape_text rg_shape_text(const size_t *shape, size_t n_dims) {
    struct rg_shape_text out = {"["};
    size_t n = 1;
    for (size_t d = 0; d < n_dims; d++) {
        n += (size_t)snprintf(out.text + n, sizeof out.text - n, d > 0 ? ", %zu" : "%zu", shape[d]);
    }
    memcpy(out.text + n, "]", 2);
    return out;
}

/* An infinity or a NaN has an exponent of ones: adding 1 to the exponent alone then carries into the sign. Two floats
 * are looked at together. */
bool rg_floats_are_finite(const void *floats, size_t n) {
    static const uint64_t exponents = 0x7f8000007f800000U, ones = 0x0080000000800000U, carries = 0x8000000080000000U;
    enum { TOGETHER = 8 };
    const unsigned char *at = floats;
    uint64_t words[TOGETHER], all[TOGETHER] = {0}, bad = 0;
    size_t left = n * sizeof(float);
    for (; left >= sizeof words; left -= sizeof words, at += sizeof words) {
        memcpy(words, at, sizeof words);
        for (size_t i = 0; i < TOGETHER; i++) {
            all[i] |= (words[i] & exponents) + ones;
        }
    }
    memset(words, 0, sizeof words);
    memcpy(words, at, left);
    for (size_t i = 0; i < TOGETHER; i++) {
        bad |= all[i] | ((words[i] & exponents) + ones);
    }
    return (bad & carries) == 0;
}

/* IEEE 754 binary16: sign 1, exponent 5 (bias 15), fraction 10. Every value is a normal float. */
static float half_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 0x1F;
    const uint32_t fraction = half & 0x3FF;
    uint32_t bits = sign;
    if (exponent == 0x1F) {
        bits |= 0x7F800000 | fraction << 13;
    } else if (exponent > 0) {
        bits |= (exponent + 127 - 15) << 23 | fraction << 13;
    } else {
        const float magnitude = ldexpf((float)fraction, -24); /* zero or subnormal: fraction * 2^-24 */
        return sign != 0 ? -magnitude : magnitude;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* bfloat16 is the upper half of a float. */
static float bfloat_to_float(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* out[i] = expression of `item`, an element of type `element`. */
#define CONVERT(element, expression)                        \
    for (size_t i = 0; i < n; i++) {                        \
        element item;                                       \
        memcpy(&item, data + i * sizeof item, sizeof item); \
        out[i] = (expression);                              \
    }                                                       \
    break

/* The same conversion to float and double. Integers are rounded only once. */
#define CONVERT_TO_FLOATING(type)                       \
    const unsigned char *data = tensor->data;           \
    const size_t n = rg_tensor_elements(tensor);        \
    switch (tensor->dtype) {                            \
    case RG_F16:                                        \
        CONVERT(uint16_t, (type)half_to_float(item));   \
    case RG_BF16:                                       \
        CONVERT(uint16_t, (type)bfloat_to_float(item)); \
    case RG_F32:                                        \
        CONVERT(float, (type)item);                     \
    case RG_F64:                                        \
        CONVERT(double, (type)item);                    \
    case RG_U8:                                         \
        CONVERT(uint8_t, (type)item);                   \
    case RG_I8:                                         \
        CONVERT(int8_t, (type)item);                    \
    case RG_I16:                                        \
        CONVERT(int16_t, (type)item);                   \
    case RG_I32:                                        \
        CONVERT(int32_t, (type)item);                   \
    case RG_I64:                                        \
        CONVERT(int64_t, (type)item);                   \
    case RG_BOOL:                                       \
        CONVERT(uint8_t, (type)(item != 0));            \
    case RG_U16:                                        \
        CONVERT(uint16_t, (type)item);                  \
    case RG_U32:                                        \
        CONVERT(uint32_t, (type)item);                  \
    case RG_U64:                                        \
        CONVERT(uint64_t, (type)item);                  \
    }

void rg_tensor_to_double(const struct rg_tensor *tensor, double *out) {
    CONVERT_TO_FLOATING(double);
}

void rg_tensor_to_float(const struct rg_tensor *tensor, float *out) {
    CONVERT_TO_FLOATING(float);
}

rg_status rg_tensor_to_int64(const struct rg_tensor *tensor, int64_t *out) {
    const unsigned char *data = tensor->data;
    const size_t n = rg_tensor_elements(tensor);
    switch (tensor->dtype) {
    case RG_U8:
        CONVERT(uint8_t, item);
    case RG_I8:
        CONVERT(int8_t, item);
    case RG_I16:
        CONVERT(int16_t, item);
    case RG_I32:
        CONVERT(int32_t, item);
    case RG_I64:
        CONVERT(int64_t, item);
    case RG_BOOL:
        CONVERT(uint8_t, item != 0);
    case RG_U16:
        CONVERT(uint16_t, item);
    case RG_U32:
        CONVERT(uint32_t, item);
    case RG_U64:
        CONVERT(uint64_t, item < INT64_MAX ? (int64_t)item : INT64_MAX);
    case RG_F16:
    case RG_BF16:
    case RG_F32:
    case RG_F64:
        return rg_fail(RG_BAD_FILE, "tensor '%.80s': %s where whole numbers are needed", tensor->name,
                       rg_dtype_name(tensor->dtype));
    }
    return RG_OK;
}
