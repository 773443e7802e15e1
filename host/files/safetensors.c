/* Reader and writer of safetensors files.
 *
 *     8 bytes   length of the header, little-endian, at most 100,000,000
 *     header    JSON, {"__metadata__": {text: text}, name: {"dtype": text, "shape": [...], "data_offsets": [begin,
 *               end]}, ...}, padded with spaces
 *     data      the tensors, row-major; together they cover it exactly, without holes or overlaps
 *
 * The header is checked in full before memory for the data is taken. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "files/files.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

enum { HEADER_MAX = 100000000, LENGTH_BYTES = 8, METADATA_MAX = 4096 };

/* Range of a tensor's data in the data section; kept only while the rules are checked. */
struct span {
    size_t begin;
    struct rg_tensor *item;
};

struct reader {
    struct rg_json json;
    size_t data_bytes; /* size of the data section */
    struct rg_tensors *list;
    struct span *spans;
    const char *config; /* inside the header's text */
    bool has_metadata;
};

/* ---- Reading ---- */

static rg_status parse_dtype(struct reader *reader, struct rg_tensor *item) {
    const char *name = NULL;
    RG_TRY(rg_json_string(&reader->json, &name, "the name of a dtype"));
    for (int dtype = RG_F16; dtype <= RG_BOOL; dtype++) {
        if (strcmp(name, rg_dtype_name((enum rg_dtype)dtype)) == 0) {
            item->dtype = (enum rg_dtype)dtype;
            return RG_OK;
        }
    }
    if (reader->list->types != NULL) {
        item->dtype = RG_U8;
        reader->list->types[item - reader->list->items] = name;
        return RG_OK;
    }
    return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': dtype '%.20s' is not supported; convert it to F32",
                   reader->json.label, item->name, name);
}

static rg_status parse_shape(struct reader *reader, struct rg_tensor *item) {
    struct rg_json *json = &reader->json;
    RG_TRY(rg_json_expect(json, '[', "[ before a shape"));
    if (rg_json_accept(json, ']')) {
        return RG_OK;
    }
    do {
        if (item->n_dims == RG_MAX_DIMS) {
            return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': more than %d dimensions", json->label, item->name,
                           RG_MAX_DIMS);
        }
        RG_TRY(rg_json_size(json, &item->shape[item->n_dims], "a dimension, a whole number below 2^64"));
        item->n_dims++;
    } while (rg_json_accept(json, ','));
    return rg_json_expect(json, ']', ", or ] after a dimension");
}

static rg_status parse_offsets(struct reader *reader, struct span *span) {
    struct rg_json *json = &reader->json;
    size_t end = 0;
    RG_TRY(rg_json_expect(json, '[', "[ before data_offsets"));
    RG_TRY(rg_json_size(json, &span->begin, "an offset, a whole number below 2^64"));
    RG_TRY(rg_json_expect(json, ',', ", between two data_offsets"));
    RG_TRY(rg_json_size(json, &end, "an offset, a whole number below 2^64"));
    RG_TRY(rg_json_expect(json, ']', "] after two data_offsets"));
    if (span->begin > end || end > reader->data_bytes) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': data_offsets [%zu, %zu] are not within the %zu bytes of data",
                       json->label, span->item->name, span->begin, end, reader->data_bytes);
    }
    span->item->data_bytes = end - span->begin;
    return RG_OK;
}

/* Is the tensor of a type that is not read? */
static bool is_other(const struct rg_tensors *list, const struct rg_tensor *item) {
    return list->types != NULL && list->types[item - list->items] != NULL;
}

/* The object of one tensor: three keys in any order, each exactly once. */
static rg_status parse_tensor(struct reader *reader, struct span *span) {
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    struct rg_json *json = &reader->json;
    struct rg_tensor *item = span->item;
    bool seen[3] = {false, false, false};
    RG_TRY(rg_json_expect(json, '{', "{ before the description of a tensor"));
    do {
        const char *key = NULL;
        RG_TRY(rg_json_string(json, &key, "a key of a tensor's description"));
        size_t k = 0;
        while (k < 3 && strcmp(key, keys[k]) != 0) {
            k++;
        }
        if (k == 3 || seen[k]) {
            return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': %s key '%.40s'", json->label, item->name,
                           k == 3 ? "unknown" : "duplicate", key);
        }
        seen[k] = true;
        RG_TRY(rg_json_expect(json, ':', ": after a key"));
        RG_TRY(k == 0 ? parse_dtype(reader, item) : k == 1 ? parse_shape(reader, item) : parse_offsets(reader, span));
    } while (rg_json_accept(json, ','));
    RG_TRY(rg_json_expect(json, '}', ", or } in the description of a tensor"));
    for (size_t k = 0; k < 3; k++) {
        if (!seen[k]) {
            return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': key '%s' is missing", json->label, item->name, keys[k]);
        }
    }
    size_t bytes = 0;
    if (!rg_shape_bytes(item->shape, item->n_dims, item->dtype, &bytes)) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': its shape has more than 2^64 bytes", json->label, item->name);
    }
    if (bytes != item->data_bytes && !is_other(reader->list, item)) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': its shape needs %zu bytes, its data_offsets hold %zu",
                       json->label, item->name, bytes, item->data_bytes);
    }
    return RG_OK;
}

static rg_status parse_metadata_pairs(struct reader *reader, const char **keys, size_t *count) {
    struct rg_json *json = &reader->json;
    do {
        if (*count == METADATA_MAX) {
            return rg_fail(RG_BAD_FILE, "%s: more than %d keys in __metadata__", json->label, METADATA_MAX);
        }
        const char *value = NULL;
        RG_TRY(rg_json_string(json, &keys[*count], "a key of __metadata__"));
        RG_TRY(rg_json_expect(json, ':', ": after a key"));
        RG_TRY(rg_json_string(json, &value, "a string (__metadata__ holds nothing else)"));
        if (strcmp(keys[*count], "config") == 0) {
            reader->config = value;
        }
        ++*count;
    } while (rg_json_accept(json, ','));
    return rg_json_expect(json, '}', ", or } in __metadata__");
}

static rg_status parse_metadata(struct reader *reader) {
    if (reader->has_metadata) {
        return rg_fail(RG_BAD_FILE, "%s: duplicate key '__metadata__'", reader->json.label);
    }
    reader->has_metadata = true;
    RG_TRY(rg_json_expect(&reader->json, '{', "{ after __metadata__"));
    if (rg_json_accept(&reader->json, '}')) {
        return RG_OK;
    }
    const char **keys = NULL;
    size_t count = 0;
    RG_TRY(rg_alloc(&keys, METADATA_MAX, sizeof *keys, "keys of __metadata__"));
    rg_status status = parse_metadata_pairs(reader, keys, &count);
    const char *twice = status == RG_OK ? rg_find_duplicate(keys, count) : NULL;
    if (twice != NULL) {
        status = rg_fail(RG_BAD_FILE, "%s: duplicate key '%.80s' in __metadata__", reader->json.label, twice);
    }
    rg_free(keys);
    return status;
}

static rg_status parse_members(struct reader *reader) {
    struct rg_json *json = &reader->json;
    RG_TRY(rg_json_expect(json, '{', "{ at the start of the header"));
    if (rg_json_accept(json, '}')) {
        return RG_OK;
    }
    do {
        const char *name = NULL;
        RG_TRY(rg_json_string(json, &name, "the name of a tensor"));
        RG_TRY(rg_json_expect(json, ':', ": after a name"));
        if (strcmp(name, "__metadata__") == 0) {
            RG_TRY(parse_metadata(reader));
            continue;
        }
        struct span *span = &reader->spans[reader->list->count];
        span->item = &reader->list->items[reader->list->count++];
        span->item->name = name;
        RG_TRY(parse_tensor(reader, span));
    } while (rg_json_accept(json, ','));
    return rg_json_expect(json, '}', ", or } after a tensor");
}

/* An upper bound of the number of members: colons at the first level, outside strings. */
static size_t count_members(const char *text, size_t length) {
    size_t count = 0;
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            depth++;
        } else if (!in_string && (c == '}' || c == ']')) {
            depth -= depth > 0;
        } else if (!in_string && c == ':' && depth == 1) {
            count++;
        }
    }
    return count;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct span *)a)->item->name, ((const struct span *)b)->item->name);
}

/* Order by begin, then by end, so that an empty tensor precedes a tensor that begins at the same place. */
static int compare_spans(const void *a, const void *b) {
    const struct span *x = a;
    const struct span *y = b;
    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    return (x->item->data_bytes > y->item->data_bytes) - (x->item->data_bytes < y->item->data_bytes);
}

/* Rules over all tensors: names differ; data follow each other to the end, without holes or overlaps. */
static rg_status check_list(const struct reader *reader) {
    const char *path = reader->json.label;
    struct span *spans = reader->spans;
    const size_t count = reader->list->count;
    qsort(spans, count, sizeof *spans, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(spans[i - 1].item->name, spans[i].item->name) == 0) {
            return rg_fail(RG_BAD_FILE, "%s: duplicate tensor '%.80s'", path, spans[i].item->name);
        }
    }
    qsort(spans, count, sizeof *spans, compare_spans);
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (spans[i].begin != end) {
            return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s': its data begin at %zu, %s; the tensor before ends at %zu",
                           path, spans[i].item->name, spans[i].begin,
                           spans[i].begin > end ? "after a hole" : "overlapping", end);
        }
        end += spans[i].item->data_bytes;
    }
    if (end != reader->data_bytes) {
        return rg_fail(RG_BAD_FILE, "%s: the data end at %zu, the file holds %zu bytes of data", path, end,
                       reader->data_bytes);
    }
    return RG_OK;
}

/* The header's length, checked against the file. */
static rg_status read_length(struct rg_source *source, size_t *length) {
    unsigned char bytes[LENGTH_BYTES];
    uint64_t value = 0;
    RG_TRY(rg_source_read(source, bytes, sizeof bytes));
    for (size_t i = LENGTH_BYTES; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    if (value > HEADER_MAX) {
        return rg_fail(RG_BAD_FILE, "%s: byte 0: header length %" PRIu64 " is above the format's limit of %d",
                       source->label, value, HEADER_MAX);
    }
    if (value > source->bytes - source->position) {
        return rg_fail(RG_BAD_FILE, "%s: byte 0: header length %" PRIu64 " is more than the file's %zu bytes",
                       source->label, value, source->bytes);
    }
    *length = (size_t)value;
    return RG_OK;
}

/* Read the header's text. Names will point into it, so the list created here owns it. */
static rg_status read_header(struct rg_source *source, bool others, struct reader *reader) {
    size_t length = 0;
    char *text = NULL;
    rg_status status = RG_OK;
    RG_TRY(read_length(source, &length));
    RG_TRY(rg_alloc(&text, length, 1, "header of a safetensors file"));
    RG_TRY_GOTO(rg_source_read(source, text, length));
    if (length == 0 || text[0] != '{') {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: byte 8: the header does not begin with {", source->label));
    }
    const size_t good = rg_utf8_check(text, length);
    if (good < length) {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: byte %zu: not UTF-8", source->label, LENGTH_BYTES + good));
    }

    /* Header, data, items and the sort's copy together stay below twice the file plus 1 MiB. */
    const size_t type_bytes = others ? sizeof *reader->list->types : 0;
    const size_t item_bytes = sizeof *reader->list->items + 2 * sizeof *reader->spans + type_bytes;
    const size_t count = count_members(text, length);
    if (count > (source->bytes + (15u << 16)) / item_bytes) {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: %zu tensors are too many for a file of %zu bytes", source->label, count,
                            source->bytes));
    }
    RG_TRY_GOTO(rg_tensors_create(&reader->list, count));
    RG_TRY_GOTO(others ? rg_tensors_hold_types(reader->list) : RG_OK);
    reader->list->count = 0;
    RG_TRY_GOTO(rg_tensors_adopt(reader->list, text));
    reader->json = (struct rg_json){.label = source->label, .base = LENGTH_BYTES, .text = text, .length = length};
    reader->data_bytes = source->bytes - source->position;
    return rg_alloc(&reader->spans, count, sizeof *reader->spans, "tensors of a safetensors file");
cleanup:
    rg_free(text);
    return status;
}

static rg_status read_data(struct rg_source *source, struct reader *reader) {
    char *data = NULL;
    RG_TRY(rg_tensors_hold(reader->list, reader->data_bytes, "data of a safetensors file", &data));
    RG_TRY(rg_source_read(source, data, reader->data_bytes));
    for (size_t i = 0; i < reader->list->count; i++) {
        struct rg_tensor *const item = reader->spans[i].item;
        item->data = is_other(reader->list, item) ? NULL : data + reader->spans[i].begin;
    }
    return RG_OK;
}

/* Record the offsets of the data, which stay in the file. */
static rg_status note_places(struct rg_source *source, struct reader *reader) {
    struct rg_tensors *const list = reader->list;
    RG_TRY(rg_tensors_hold(list, list->count * sizeof *list->offsets, "tensors of a safetensors file", &list->offsets));
    for (size_t i = 0; i < list->count; i++) {
        list->offsets[reader->spans[i].item - list->items] = source->position + reader->spans[i].begin;
    }
    return RG_OK;
}

rg_status rg_safetensors_read(struct rg_source *source, enum rg_tensors_how how, struct rg_tensors **out) {
    struct reader reader = {.list = NULL};
    rg_status status = RG_OK;
    RG_TRY_GOTO(read_header(source, how == RG_TENSORS_LIST, &reader));
    RG_TRY_GOTO(parse_members(&reader));
    (void)rg_json_accept(&reader.json, '\n');
    if (reader.json.at < reader.json.length) {
        RG_TRY_GOTO(rg_json_fail(&reader.json, "nothing but spaces after the header"));
    }
    RG_TRY_GOTO(check_list(&reader));
    if (reader.config != NULL) {
        reader.list->config = reader.json.text + (reader.config - reader.json.text);
    }
    RG_TRY_GOTO(how == RG_TENSORS_PLACES ? note_places(source, &reader) : read_data(source, &reader));
    rg_free(reader.spans);
    *out = reader.list;
    return RG_OK;
cleanup:
    rg_free(reader.spans);
    rg_tensors_destroy(reader.list);
    return status;
}

/* ---- Writing ---- */

static rg_status describe(struct rg_text *header, const struct rg_tensor *item, size_t *offset) {
    RG_TRY(rg_text_add_quoted(header, item->name));
    RG_TRY(rg_text_add_string(header, ":{\"dtype\":"));
    RG_TRY(rg_text_add_quoted(header, rg_dtype_name(item->dtype)));
    RG_TRY(rg_text_add_string(header, ",\"shape\":["));
    for (size_t d = 0; d < item->n_dims; d++) {
        RG_TRY(rg_text_add_string(header, d > 0 ? "," : ""));
        RG_TRY(rg_text_add_size(header, item->shape[d]));
    }
    RG_TRY(rg_text_add_string(header, "],\"data_offsets\":["));
    RG_TRY(rg_text_add_size(header, *offset));
    RG_TRY(rg_text_add_string(header, ","));
    *offset += item->data_bytes;
    RG_TRY(rg_text_add_size(header, *offset));
    return rg_text_add_string(header, "]}");
}

/* Build the header with its length before it, padded with spaces so that the data begin at a multiple of 8. */
static rg_status compose(struct rg_text *header, const char *path, const struct rg_tensor *items, size_t count,
                         const char *config) {
    size_t offset = 0;
    RG_TRY(rg_text_add(header, "\0\0\0\0\0\0\0\0", LENGTH_BYTES));
    RG_TRY(rg_text_add_string(header, "{\"__metadata__\":{\"format\":\"pt\""));
    if (config != NULL) {
        RG_TRY(rg_text_add_string(header, ",\"config\":"));
        RG_TRY(rg_text_add_quoted(header, config));
    }
    RG_TRY(rg_text_add_string(header, "}"));
    for (size_t i = 0; i < count; i++) {
        RG_TRY(rg_text_add_string(header, ","));
        RG_TRY(describe(header, &items[i], &offset));
    }
    RG_TRY(rg_text_add_string(header, "}"));
    RG_TRY(rg_text_add(header, "       ", (8 - header->length % 8) % 8));
    const size_t length = header->length - LENGTH_BYTES;
    if (length > HEADER_MAX) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: the header has %zu bytes, the format allows %d", path,
                       length, HEADER_MAX);
    }
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        header->bytes[i] = (char)(unsigned char)(length >> 8 * i & 0xFF);
    }
    return RG_OK;
}

rg_status rg_safetensors_write(const char *path, const struct rg_tensor *items, size_t count, const char *config) {
    struct rg_text header = {0};
    struct rg_writer writer = {.fd = -1, .folder = -1};
    rg_status status = RG_OK;
    RG_TRY(rg_tensors_check_output(path, items, count));
    if (config != NULL && rg_utf8_check(config, strlen(config)) < strlen(config)) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: the options are not UTF-8", path);
    }
    RG_TRY_GOTO(compose(&header, path, items, count, config));
    RG_TRY_GOTO(rg_writer_open(&writer, path));
    RG_TRY_GOTO(rg_writer_append(&writer, header.bytes, header.length));
    for (size_t i = 0; i < count; i++) {
        RG_TRY_GOTO(rg_writer_append(&writer, items[i].data, items[i].data_bytes));
    }
    RG_TRY_GOTO(rg_writer_commit(&writer));
    rg_text_destroy(&header);
    return RG_OK;
cleanup:
    rg_writer_abandon(&writer);
    rg_text_destroy(&header);
    return status;
}
