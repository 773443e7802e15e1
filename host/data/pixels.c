/* Images as sequences of single pixels. */
#include <string.h>

#include "base/permutation.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"

/* Reorder the pixels of every image by the seed: pixel i of the sequence is pixel order[i] of the image. */
static rg_status permute(struct rg_dataset *data, uint64_t seed) {
    const size_t n = data->n_steps;
    uint32_t *order = NULL;
    uint8_t *image = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&order, n, sizeof *order, "the order of the pixels"));
    RG_TRY_GOTO(rg_alloc(&image, n, 1, "an image"));
    rg_permute(order, n, seed, 0, RG_ORDER_PIXELS);
    if (data->x_file.numbers) { /* they are reordered where they are read */
        data->x_order = order;
        order = NULL;
        goto cleanup;
    }
    for (size_t s = 0; s < data->n_sequences; s++) {
        uint8_t *const pixels = data->x_byte + s * n;
        memcpy(image, pixels, n);
        for (size_t i = 0; i < n; i++) {
            pixels[i] = image[order[i]];
        }
    }
cleanup:
    rg_free(order);
    rg_free(image);
    return status;
}

rg_status rg_dataset_pixels(struct rg_dataset *data, struct rg_pixels pixels) {
    if (data->kind != RG_INPUT_BYTE || data->lengths) {
        return rg_fail(RG_USAGE, "--pixels requires images: an IDX file or --task fashion-mnist; %s has none",
                       data->path);
    }
    data->n_steps *= data->n_features;
    data->n_features = 1;
    data->pixels = pixels;
    return pixels.permute > 0 ? permute(data, pixels.permute) : RG_OK;
}
