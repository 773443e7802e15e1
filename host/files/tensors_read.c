/* Reading a file of tensors: its first bytes say which format it has. */
#include <string.h>

#include "base/called.h"
#include "base/ending.h"
#include "base/sizes.h"
#include "files/files.h"
#include "files/sections.h"
#include "rnn_gpu/memory.h"

static rg_status read_single_npy(struct rg_source *source, size_t stay, bool others, struct rg_tensors **out) {
    struct rg_tensors *list = NULL;
    RG_TRY(rg_tensors_create(&list, 1));
    list->items[0].name = "data";
    list->separate = true;
    list->stay = stay;
    rg_status status = rg_tensors_hold(list, sizeof *list->offsets, "offsets of tensors", &list->offsets);
    status = status == RG_OK && others ? rg_tensors_hold_types(list) : status;
    status = status == RG_OK ? rg_npy_read(source, list, &list->items[0]) : status;
    if (status != RG_OK) {
        rg_tensors_destroy(list);
        return status;
    }
    *out = list;
    return RG_OK;
}

static rg_status read_by_magic(struct rg_source *source, const struct rg_tensors_reading *reading,
                               enum rg_tensors_how how, struct rg_tensors **out) {
    char magic[9] = {0};
    const size_t bytes = rg_min(source->bytes, sizeof magic);
    RG_TRY(rg_source_read_at(source, 0, magic, bytes));
    if (memcmp(magic, "\x93NUMPY", 6) == 0) {
        return read_single_npy(source, reading->stay, how == RG_TENSORS_LIST, out);
    }
    if (magic[8] == '{') {
        return rg_safetensors_read(source, how, out);
    }
    if (rg_ends_in(source->label, ".pt") || rg_ends_in(source->label, ".pth")) {
        return rg_fail(RG_BAD_FILE,
                       "%s: a pickle of PyTorch, which may hold code and is not read; in Python, "
                       "safetensors.torch.save_file(model.state_dict(), 'M.safetensors') writes a file that is",
                       source->label);
    }
    if (memcmp(magic, "PK\3\4", 4) == 0 || memcmp(magic, "PK\5\6", 4) == 0) {
        return rg_npz_read(source, reading, how == RG_TENSORS_LIST, out);
    }
    if (memcmp(magic, RG_SECTIONS_MAGIC, 8) == 0) {
        return rg_fail(
            RG_BAD_FILE,
            "%s: a file of rnn-gpu's own, such as a checkpoint, which keeps the state of a training; a model is "
            "best.safetensors or model.safetensors in the folder of --out",
            source->label);
    }
    if (rg_ends_in(source->label, ".onnx")) {
        return rg_fail(RG_BAD_FILE,
                       "%s: an ONNX file; `" RG_CALLED " import --onnx FILE --out M.safetensors` makes a model of it",
                       source->label);
    }
    return rg_fail(RG_BAD_FILE,
                   "%s: not a model, nor another file of tensors: neither safetensors ({ at byte 8) nor npy "
                   "(\\x93NUMPY at byte 0) nor npz (PK at "
                   "byte 0)",
                   source->label);
}

static const struct rg_tensors_reading whole = {.names = NULL, .stay = SIZE_MAX};

static rg_status read_and_close(const char *path, enum rg_tensors_how how, struct rg_tensors **out) {
    struct rg_source source;
    *out = NULL;
    RG_TRY(rg_source_open(&source, path));
    const rg_status status = read_by_magic(&source, &whole, how, out);
    rg_source_close(&source);
    return status;
}

rg_status rg_tensors_read(const char *path, struct rg_tensors **out) {
    return read_and_close(path, RG_TENSORS_DATA, out);
}

rg_status rg_tensors_list(const char *path, struct rg_tensors **out) {
    return read_and_close(path, RG_TENSORS_LIST, out);
}

/* Open the file, which the list keeps. */
static rg_status read_and_keep(const char *path, const struct rg_tensors_reading *reading, enum rg_tensors_how how,
                               struct rg_tensors **out) {
    struct rg_source *source = NULL;
    *out = NULL;
    RG_TRY(rg_alloc(&source, 1, sizeof *source, "a file of tensors"));
    rg_status status = rg_source_open(source, path);
    if (status == RG_OK) {
        status = read_by_magic(source, reading, how, out);
    }
    if (*out != NULL) {
        (*out)->file = source;
        return RG_OK;
    }
    rg_source_close(source);
    rg_free(source);
    return status;
}

rg_status rg_tensors_read_as(const char *path, const struct rg_tensors_reading *how, struct rg_tensors **out) {
    return read_and_keep(path, how, RG_TENSORS_DATA, out);
}

rg_status rg_tensors_open(const char *path, struct rg_tensors **out) {
    return read_and_keep(path, &whole, RG_TENSORS_PLACES, out);
}
