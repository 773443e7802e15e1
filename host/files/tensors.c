/* Lists of named tensors: ownership, and the rules that all formats share.
 *
 * A list's storage is a chain of blocks, because the members of an archive are read one after the other and each is
 * as large as it turns out to be. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "files/files.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor data are passed on as little-endian bytes");

struct block {
    struct block *next;
    void *memory;
};

rg_status rg_tensors_create(struct rg_tensors **list, size_t count) {
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(list, 1, sizeof **list, "list of tensors"));
    RG_TRY_GOTO(rg_alloc(&(*list)->items, count, sizeof *(*list)->items, "list of tensors"));
    (*list)->count = count;
    (*list)->stay = SIZE_MAX;
    return RG_OK;
cleanup:
    rg_tensors_destroy(*list);
    *list = NULL;
    return status;
}

rg_status rg_tensors_adopt(struct rg_tensors *list, void *memory) {
    struct block *block = NULL;
    RG_TRY(rg_alloc(&block, 1, sizeof *block, "list of tensors"));
    *block = (struct block){.next = list->storage, .memory = memory};
    list->storage = block;
    return RG_OK;
}

static rg_status hold(struct rg_tensors *list, void *memory, void *out) {
    const rg_status status = rg_tensors_adopt(list, memory);
    if (status != RG_OK) {
        rg_free(memory);
        return status;
    }
    memcpy(out, &memory, sizeof memory);
    return RG_OK;
}

rg_status rg_tensors_hold(struct rg_tensors *list, size_t bytes, const char *what, void *out) {
    void *memory = NULL;
    RG_TRY(rg_alloc(&memory, bytes, 1, what));
    return hold(list, memory, out);
}

rg_status rg_tensors_hold_unset(struct rg_tensors *list, size_t bytes, const char *what, void *out) {
    void *memory = NULL;
    RG_TRY(rg_alloc_unset(&memory, bytes, 1, what));
    return hold(list, memory, out);
}

rg_status rg_tensors_hold_types(struct rg_tensors *list) {
    return rg_tensors_hold(list, list->count * sizeof *list->types, "types of tensors", &list->types);
}

void rg_tensors_destroy(struct rg_tensors *tensors) {
    if (tensors == NULL) {
        return;
    }
    struct block *block = tensors->storage;
    while (block != NULL) {
        struct block *next = block->next;
        rg_free(block->memory);
        rg_free(block);
        block = next;
    }
    if (tensors->file != NULL) {
        rg_source_close(tensors->file);
    }
    rg_free(tensors->file);
    rg_free(tensors->items);
    rg_free(tensors);
}

const struct rg_tensor *rg_tensors_find(const struct rg_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++) {
        if (strcmp(tensors->items[i].name, name) == 0) {
            return &tensors->items[i];
        }
    }
    return NULL;
}

bool rg_shape_bytes(const size_t *shape, size_t n_dims, enum rg_dtype dtype, size_t *bytes) {
    size_t product = rg_dtype_bytes(dtype);
    bool empty = false;
    for (size_t d = 0; d < n_dims; d++) {
        if (shape[d] == 0) {
            empty = true;
        } else if (!rg_multiply(product, shape[d], &product)) {
            return false;
        }
    }
    *bytes = empty ? 0 : product;
    return true;
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *rg_find_duplicate(const char **names, size_t count) {
    qsort(names, count, sizeof *names, compare_strings);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            return names[i];
        }
    }
    return NULL;
}

rg_status rg_tensors_take(struct rg_tensors *tensors, const char *name, void *out) {
    struct rg_tensor *item = tensors->items;
    while (strcmp(item->name, name) != 0) {
        item++;
    }
    void *memory = NULL;
    for (struct block *block = tensors->storage; tensors->separate && block != NULL; block = block->next) {
        if (block->memory == item->data) {
            memory = block->memory;
            block->memory = NULL;
        }
    }
    if (memory == NULL) {
        RG_TRY(rg_alloc(&memory, item->data_bytes, 1, name));
        memcpy(memory, item->data, item->data_bytes);
    }
    item->data = NULL;
    memcpy(out, &memory, sizeof memory);
    return RG_OK;
}

/* Convert the piece of an item that begins at element `first` to doubles or floats. */
static void convert(const struct rg_tensor *piece, size_t first, bool floats, void *out) {
    if (floats) {
        rg_tensor_to_float(piece, (float *)out + first);
    } else {
        rg_tensor_to_double(piece, (double *)out + first);
    }
}

static rg_status to_floating(const struct rg_tensors *list, const struct rg_tensor *item, bool floats, void *out) {
    enum { PIECE = 2048 }; /* elements */
    const size_t size = rg_dtype_bytes(item->dtype), n = rg_tensor_elements(item);
    unsigned char bytes[PIECE * sizeof(double)];
    if (item->data != NULL || n == 0) {
        convert(item, 0, floats, out);
        return RG_OK;
    }
    for (size_t first = 0; first < n; first += PIECE) {
        struct rg_tensor piece = *item;
        piece.data = bytes;
        piece.data_bytes = rg_min(n - first, PIECE) * size;
        RG_TRY(
            rg_source_read_at(list->file, list->offsets[item - list->items] + first * size, bytes, piece.data_bytes));
        convert(&piece, first, floats, out);
    }
    return RG_OK;
}

rg_status rg_tensors_to_double(const struct rg_tensors *list, const struct rg_tensor *item, double *out) {
    return to_floating(list, item, false, out);
}

rg_status rg_tensors_to_float(const struct rg_tensors *list, const struct rg_tensor *item, float *out) {
    return to_floating(list, item, true, out);
}

/* ---- Writing ---- */

rg_status rg_tensor_check_shape(const char *path, const struct rg_tensor *item) {
    size_t bytes = 0;
    if (item->n_dims > RG_MAX_DIMS || !rg_shape_bytes(item->shape, item->n_dims, item->dtype, &bytes) ||
        bytes != item->data_bytes) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: tensor '%.80s': its shape does not fit its %zu bytes", path,
                       item->name != NULL ? item->name : "data", item->data_bytes);
    }
    return RG_OK;
}

static bool is_name(const char *name) {
    return name != NULL && name[0] != '\0' && strcmp(name, "__metadata__") != 0 &&
           rg_utf8_check(name, strlen(name)) == strlen(name);
}

rg_status rg_tensors_check_output(const char *path, const struct rg_tensor *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!is_name(items[i].name)) {
            return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: '%.80s' cannot be the name of a tensor", path,
                           items[i].name != NULL ? items[i].name : "");
        }
        RG_TRY(rg_tensor_check_shape(path, &items[i]));
    }
    const char **names = NULL;
    RG_TRY(rg_alloc(&names, count, sizeof *names, "names of tensors"));
    for (size_t i = 0; i < count; i++) {
        names[i] = items[i].name;
    }
    const char *twice = rg_find_duplicate(names, count);
    rg_free(names);
    return twice == NULL ? RG_OK
                         : rg_fail(RG_NOT_SAVED, "%s: cannot be saved: two tensors are called '%.80s'", path, twice);
}
