/* The public interface: data sets from the caller's arrays, and arrays that the library returns. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/nearest.h"
#include "base/sizes.h"
#include "rnn_gpu/memory.h"

#define SAME(type) _Static_assert((int)RNN_GPU_##type == (int)RG_##type, "one type has one number")
SAME(F16);
SAME(BF16);
SAME(F32);
SAME(F64);
SAME(U8);
SAME(I8);
SAME(I16);
SAME(I32);
SAME(I64);
SAME(BOOL);
SAME(U16);
SAME(U32);
SAME(U64);

enum { MAX_DIMS = sizeof((struct rnn_gpu_array *)NULL)->shape / sizeof(size_t) };

/* ---- Data ---- */

static rg_status add_array(const struct rnn_gpu_array *from, const char *name, struct rg_arrays *arrays) {
    if (!from->values) {
        return RG_OK;
    }
    if ((unsigned)from->type > RNN_GPU_U64 || from->n_dims == 0 || from->n_dims > MAX_DIMS) {
        return rg_fail(RG_USAGE,
                       "the data: tensor `%s` has type %d and %zu dimensions; a type from 0 to %d and 1 to %d "
                       "dimensions were expected",
                       name, (int)from->type, from->n_dims, (int)RNN_GPU_U64, MAX_DIMS);
    }
    struct rg_tensor *const to = &arrays->items[arrays->count];
    *to = (struct rg_tensor){
        .name = name, .dtype = (enum rg_dtype)from->type, .n_dims = from->n_dims, .data = from->values};
    memcpy(to->shape, from->shape, from->n_dims * sizeof *to->shape);
    to->data_bytes = rg_dtype_bytes(to->dtype);
    for (size_t i = 0; i < to->n_dims; i++) {
        if (to->shape[i] == 0) {
            return rg_fail(RG_BAD_FILE, "the data: tensor `%s` is empty; sizes of at least 1 were expected", name);
        }
        if (!rg_multiply(to->data_bytes, to->shape[i], &to->data_bytes)) {
            return rg_fail(RG_BAD_FILE, "the data: tensor `%s` has more elements than can be counted", name);
        }
    }
    arrays->count++;
    return RG_OK;
}

/* Check that the first sizes agree. Those who use the data check the rest. */
static rg_status check_sizes(const struct rg_arrays *arrays) {
    const struct rg_tensor *const x = &arrays->items[0];
    if (x->n_dims < 2) {
        return rg_fail(RG_BAD_FILE, "the data: tensor `x` has one dimension; [sequences,steps] or "
                                    "[sequences,steps,features] was expected");
    }
    for (size_t i = 1; i < arrays->count; i++) {
        const struct rg_tensor *const a = &arrays->items[i];
        const bool is_state = strcmp(a->name, "h_0") == 0 || strcmp(a->name, "c_0") == 0;
        if (!is_state && a->shape[0] != x->shape[0]) {
            return rg_fail(RG_BAD_FILE, "the data: tensor `%s` has %zu rows, and `x` has %zu sequences", a->name,
                           a->shape[0], x->shape[0]);
        }
    }
    return RG_OK;
}

static rg_status take_arrays(const struct rnn_gpu_arrays *from, struct rg_arrays *arrays) {
    if (!from->x.values) {
        return rg_fail(RG_USAGE, "the data: there is no tensor `x`, the inputs of the sequences");
    }
    RG_TRY(add_array(&from->x, "x", arrays));
    RG_TRY(add_array(&from->y, "y", arrays));
    RG_TRY(add_array(&from->lengths, "lengths", arrays));
    RG_TRY(add_array(&from->h_0, "h_0", arrays));
    RG_TRY(add_array(&from->c_0, "c_0", arrays));
    return check_sizes(arrays);
}

rnn_gpu_status rnn_gpu_data_create(const struct rnn_gpu_arrays *arrays, rnn_gpu_data **data) {
    RG_API_NEED(arrays);
    RG_API_NEED(data);
    rg_status status = rg_alloc(data, 1, sizeof **data, "the data set");
    status = status == RG_OK ? take_arrays(arrays, &(*data)->arrays) : status;
    if (status != RG_OK) {
        rnn_gpu_data_destroy(*data);
        *data = NULL;
    }
    return rg_api_end(status);
}

static rg_status open_file(const char *path, rnn_gpu_data **data) {
    if (access(path, R_OK) != 0) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be opened: %s", path, strerror(errno));
    }
    RG_TRY(rg_alloc(data, 1, sizeof **data, "the data set"));
    return rg_copy_string(&(*data)->path, path);
}

rnn_gpu_status rnn_gpu_data_open(const char *path, rnn_gpu_data **data) {
    RG_API_NEED(path);
    RG_API_NEED(data);
    *data = NULL;
    const rg_status status = open_file(path, data);
    if (status != RG_OK) {
        rnn_gpu_data_destroy(*data);
        *data = NULL;
    }
    return rg_api_end(status);
}

void rnn_gpu_data_destroy(rnn_gpu_data *data) {
    if (data) {
        rg_free(data->path);
        rg_free(data);
    }
}

/* ---- Arrays that the library returns ---- */

/* Bytes rounded up to the alignment of any number. */
static size_t aligned(size_t bytes) {
    return (bytes + 15) / 16 * 16;
}

rg_status rg_api_give_tensors(const struct rg_tensor *items, size_t count, rnn_gpu_tensors **out) {
    rg_status status = RG_OK;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += aligned(items[i].data_bytes) + aligned(strlen(items[i].name) + 1);
    }
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the results"));
    rnn_gpu_tensors *const t = *out;
    RG_TRY_GOTO(rg_alloc(&t->items, count, sizeof *t->items, "the results"));
    RG_TRY_GOTO(rg_alloc(&t->storage, bytes, 1, "the results"));
    char *at = t->storage;
    for (size_t i = 0; i < count; i++) {
        t->items[i] = items[i];
        t->items[i].data = memcpy(at, items[i].data, items[i].data_bytes);
        at += aligned(items[i].data_bytes);
        t->items[i].name = memcpy(at, items[i].name, strlen(items[i].name) + 1);
        at += aligned(strlen(items[i].name) + 1);
    }
    t->count = count;
    return RG_OK;
cleanup:
    rnn_gpu_tensors_destroy(t);
    *out = NULL;
    return status;
}

void rnn_gpu_tensors_destroy(rnn_gpu_tensors *tensors) {
    if (tensors) {
        rg_free(tensors->items);
        rg_free(tensors->storage);
        rg_free(tensors);
    }
}

size_t rnn_gpu_tensors_count(const rnn_gpu_tensors *tensors) {
    return tensors ? tensors->count : 0;
}

const char *rnn_gpu_tensors_name(const rnn_gpu_tensors *tensors, size_t index) {
    return tensors && index < tensors->count ? tensors->items[index].name : NULL;
}

static rg_status refuse_name(const rnn_gpu_tensors *tensors, const char *name) {
    const char *nearest = NULL;
    size_t best = 0;
    for (size_t i = 0; i < tensors->count; i++) {
        const size_t cost = rg_name_cost(name, tensors->items[i].name);
        if (!nearest || cost < best) {
            nearest = tensors->items[i].name;
            best = cost;
        }
    }
    return nearest && rg_name_is_near(name, best / RG_NAME_EDIT)
               ? rg_fail(RG_USAGE, "there is no tensor '%.80s'; did you mean %s?", name, nearest)
               : rg_fail(RG_USAGE, "there is no tensor '%.80s'", name);
}

rnn_gpu_status rnn_gpu_tensors_get(const rnn_gpu_tensors *tensors, const char *name, struct rnn_gpu_array *array) {
    RG_API_NEED(tensors);
    RG_API_NEED(name);
    RG_API_NEED(array);
    for (size_t i = 0; i < tensors->count; i++) {
        const struct rg_tensor *const t = &tensors->items[i];
        if (strcmp(t->name, name) == 0) {
            *array = (struct rnn_gpu_array){.values = t->data, .type = (rnn_gpu_type)t->dtype, .n_dims = t->n_dims};
            memcpy(array->shape, t->shape, rg_min(t->n_dims, MAX_DIMS) * sizeof *array->shape);
            return rg_api_end(RG_OK);
        }
    }
    return rg_api_end(refuse_name(tensors, name));
}

rnn_gpu_status rnn_gpu_tensors_save(const rnn_gpu_tensors *tensors, const char *path) {
    RG_API_NEED(tensors);
    RG_API_NEED(path);
    rg_api_lock();
    const rg_status status = rg_safetensors_write(path, tensors->items, tensors->count, NULL);
    rg_api_unlock();
    return rg_api_end(status);
}
