/* Conversion of elements of any type to doubles: declared in data/readers.h. */
#include <string.h>

#include "data/readers.h"

void rg_raw_numbers(const void *values, enum rg_dtype type, size_t first, size_t n, double *out) {
    const size_t size = rg_dtype_bytes(type);
    const struct rg_tensor piece = {
        .dtype = type, .n_dims = 1, .shape = {n}, .data = (const char *)values + first * size, .data_bytes = n * size};

    rg_tensor_to_double(&piece, out);
}

/* The common types of labels and tokens are read directly. */
double rg_raw_number(const void *values, enum rg_dtype type, size_t i) {
    double value = 0.0;
    int64_t wide;

    switch (type) {
    case RG_I8:
        return ((const int8_t *)values)[i];
    case RG_U8:
        return ((const uint8_t *)values)[i];
    case RG_I16:
        return ((const int16_t *)values)[i];
    case RG_I32:
        return ((const int32_t *)values)[i];
    case RG_I64:
        memcpy(&wide, (const char *)values + i * sizeof(wide), sizeof(wide));
        return (double)wide;
    default:
        rg_raw_numbers(values, type, i, 1, &value);
        return value;
    }
}
