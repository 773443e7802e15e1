/* Tensors that a test makes of an array. */
#ifndef RG_TEST_MADE_TENSOR_H
#define RG_TEST_MADE_TENSOR_H

#include "rnn_gpu/tensors.h"

/* The dimensions of a tensor as the two arguments n_dims and shape of `tensor`. */
#define SHAPE(...)                                                         \
    (sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)), (const size_t[]) { \
        __VA_ARGS__                                                        \
    }

static inline struct rg_tensor tensor(const char *name, enum rg_dtype dtype, size_t n_dims, const size_t *shape,
                                      const void *data) {
    struct rg_tensor t = {.name = name, .dtype = dtype, .n_dims = n_dims, .data = data};
    t.data_bytes = rg_dtype_bytes(dtype);
    for (size_t i = 0; i < n_dims; i++) {
        t.shape[i] = shape[i];
        t.data_bytes *= shape[i];
    }
    return t;
}

#endif
