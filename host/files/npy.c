/* Reader and writer of NumPy's npy format, versions 1.0, 2.0 and 3.0.
 *
 *     6 bytes \x93NUMPY, 2 bytes version, 2 (version 1) or 4 bytes length of the header, little-endian
 *     header  a Python dictionary with exactly the keys descr, fortran_order and shape
 *     data    exactly as many bytes as the shape says
 *
 * A tokenizer reads the header; the header is never evaluated. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "base/utf8.h"
#include "files/files.h"
#include "rnn_gpu/memory.h"

enum { HEADER_MAX = 1 << 20, MAGIC_BYTES = 8, DESCR_MAX = 15 };

struct header {
    const char *label;
    const char *text;
    size_t length;
    size_t at;
    size_t base; /* offset of the text in the source */
    enum rg_dtype dtype;
    bool big_endian;
    bool fortran_order;
    bool others;      /* take every type */
    const char *type; /* of a type that is not read its text, `type_length` bytes; else NULL */
    size_t type_length;
};

static const struct {
    enum rg_dtype dtype;
    const char *descr;
} dtypes[] = {{RG_F16, "f2"}, {RG_F32, "f4"}, {RG_F64, "f8"},  {RG_U8, "u1"},  {RG_I8, "i1"},  {RG_I16, "i2"},
              {RG_I32, "i4"}, {RG_I64, "i8"}, {RG_BOOL, "b1"}, {RG_U16, "u2"}, {RG_U32, "u4"}, {RG_U64, "u8"}};
enum { N_DTYPES = sizeof dtypes / sizeof dtypes[0] };

/* ---- The header's dictionary ---- */

static rg_status expected(const struct header *header, const char *what) {
    return rg_fail(RG_BAD_FILE, "%s: byte %zu: expected %s in the npy header", header->label, header->base + header->at,
                   what);
}

static bool accept(struct header *header, const char *word) {
    const size_t length = strlen(word);
    while (header->at < header->length && strchr(" \t\r\n\f", header->text[header->at]) != NULL &&
           header->text[header->at] != '\0') {
        header->at++;
    }
    if (header->length - header->at < length || memcmp(header->text + header->at, word, length) != 0) {
        return false;
    }
    header->at += length;
    return true;
}

/* Read a quoted string without escapes. */
static rg_status parse_string(struct header *header, char out[DESCR_MAX + 1]) {
    const char quote = accept(header, "'") ? '\'' : accept(header, "\"") ? '"' : '\0';
    if (quote == '\0') {
        return expected(header, "a string (structured types are not supported)");
    }
    size_t length = 0;
    while (header->at < header->length && header->text[header->at] != quote) {
        const char c = header->text[header->at];
        if (length == DESCR_MAX || c < ' ' || c == '\\') {
            return expected(header, "a short plain string");
        }
        out[length++] = c;
        header->at++;
    }
    out[length] = '\0';
    return accept(header, quote == '"' ? "\"" : "'") ? RG_OK : expected(header, "the end of a string");
}

/* A description of a dtype, for readers of a message who do not know it. */
static const char *kind_of(const char *descr) {
    static const struct {
        char letter;
        const char *text;
    } kinds[] = {{'U', " (text)"},  {'S', " (text)"},      {'O', " (Python objects)"},
                 {'M', " (dates)"}, {'m', " (durations)"}, {'c', " (complex numbers)"}};
    for (size_t i = 0; descr[0] != '\0' && i < sizeof kinds / sizeof *kinds; i++) {
        if (descr[1] == kinds[i].letter) {
            return kinds[i].text;
        }
    }
    return "";
}

/* Take a type that is read. */
static bool take_dtype(struct header *header, const char *descr) {
    for (size_t i = 0; i < N_DTYPES; i++) {
        if (descr[0] == '\0' || strcmp(descr + 1, dtypes[i].descr) != 0) {
            continue;
        }
        const bool one_byte = rg_dtype_bytes(dtypes[i].dtype) == 1;
        if (strchr(one_byte ? "<>=|" : "<>=", descr[0]) == NULL) {
            break;
        }
        header->dtype = dtypes[i].dtype;
        header->big_endian = !one_byte && descr[0] == '>';
        return true;
    }
    return false;
}

/* Go on behind a value of any type: a quoted string, or a list of such values in brackets. */
static bool skip_value(struct header *header) {
    size_t depth = 0;
    char quote = '\0';
    for (; header->at < header->length; header->at++) {
        const char c = header->text[header->at];
        const bool opens = c == '[' || c == '(', closes = c == ']' || c == ')';
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (depth == 0 && !opens) {
            return false;
        } else {
            depth += opens;
            depth -= closes;
        }
        if (quote == '\0' && depth == 0) {
            header->at++;
            return true;
        }
    }
    return false;
}

/* Take a type of any kind, and note the text of one that is not read. */
static rg_status parse_any_descr(struct header *header) {
    char descr[DESCR_MAX + 1];
    (void)accept(header, ""); /* skip spaces */
    const size_t start = header->at;
    if (!skip_value(header)) {
        return expected(header, "the name of a type");
    }
    const size_t end = header->at;
    header->at = start;
    if (parse_string(header, descr) == RG_OK && header->at == end && take_dtype(header, descr)) {
        return RG_OK;
    }
    const size_t quotes = header->text[start] != '[' && header->text[start] != '(';
    header->at = end;
    header->dtype = RG_U8;
    header->type = header->text + start + quotes;
    header->type_length = end - start - 2 * quotes;
    return RG_OK;
}

static rg_status parse_descr(struct header *header) {
    char descr[DESCR_MAX + 1];
    if (header->others) {
        return parse_any_descr(header);
    }
    RG_TRY(parse_string(header, descr));
    return take_dtype(header, descr)
               ? RG_OK
               : rg_fail(RG_BAD_FILE, "%s: byte %zu: dtype '%s'%s is not supported; save it as float32 or int64",
                         header->label, header->base + header->at, descr, kind_of(descr));
}

static rg_status parse_fortran_order(struct header *header) {
    header->fortran_order = accept(header, "True");
    return header->fortran_order || accept(header, "False") ? RG_OK : expected(header, "True or False");
}

/* Read digits, optionally followed by the L of Python 2. */
static rg_status parse_dimension(struct header *header, size_t *out) {
    (void)accept(header, ""); /* skip spaces */
    const size_t start = header->at;
    size_t value = 0;
    while (header->at < header->length && header->text[header->at] >= '0' && header->text[header->at] <= '9') {
        const size_t digit = (size_t)(header->text[header->at] - '0');
        if (value > (SIZE_MAX - digit) / 10) {
            return expected(header, "a dimension below 2^64");
        }
        value = value * 10 + digit;
        header->at++;
    }
    if (header->at == start) {
        return expected(header, "a dimension, a whole number not below 0");
    }
    if (header->at < header->length && header->text[header->at] == 'L') {
        header->at++;
    }
    *out = value;
    return RG_OK;
}

/* Read a tuple: (), (3,), (3, 4) or (3, 4,). */
static rg_status parse_shape(struct header *header, struct rg_tensor *item) {
    if (!accept(header, "(")) {
        return expected(header, "( before a shape");
    }
    item->n_dims = 0;
    bool comma = true;
    while (!accept(header, ")")) {
        if (!comma) {
            return expected(header, ", or ) after a dimension");
        }
        if (item->n_dims == RG_MAX_DIMS) {
            return rg_fail(RG_BAD_FILE, "%s: byte %zu: more than %d dimensions", header->label,
                           header->base + header->at, RG_MAX_DIMS);
        }
        RG_TRY(parse_dimension(header, &item->shape[item->n_dims]));
        item->n_dims++;
        comma = accept(header, ",");
    }
    if (item->n_dims == 1 && !comma) {
        return expected(header, "a comma in a shape of one dimension");
    }
    return RG_OK;
}

static rg_status parse_header(struct header *header, struct rg_tensor *item) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    bool seen[3] = {false, false, false};
    if (!accept(header, "{")) {
        return expected(header, "{");
    }
    bool comma = true;
    while (!accept(header, "}")) {
        char key[DESCR_MAX + 1];
        if (!comma) {
            return expected(header, ", or } after a value");
        }
        RG_TRY(parse_string(header, key));
        size_t k = 0;
        while (k < 3 && strcmp(key, keys[k]) != 0) {
            k++;
        }
        if (k == 3 || seen[k]) {
            return expected(header, "the keys descr, fortran_order and shape, each once,");
        }
        seen[k] = true;
        if (!accept(header, ":")) {
            return expected(header, ": after a key");
        }
        RG_TRY(k == 0 ? parse_descr(header) : k == 1 ? parse_fortran_order(header) : parse_shape(header, item));
        comma = accept(header, ",");
    }
    for (size_t k = 0; k < 3; k++) {
        if (!seen[k]) {
            return rg_fail(RG_BAD_FILE, "%s: the npy header has no key '%s'", header->label, keys[k]);
        }
    }
    (void)accept(header, ""); /* skip spaces */
    return header->at == header->length ? RG_OK : expected(header, "nothing but spaces after }");
}

/* ---- Reading ---- */

/* Length of the header's text, from the bytes before it. */
static rg_status read_length(struct rg_source *source, size_t *length) {
    unsigned char magic[MAGIC_BYTES];
    unsigned char bytes[4] = {0};
    RG_TRY(rg_source_read(source, magic, sizeof magic));
    if (memcmp(magic, "\x93NUMPY", 6) != 0) {
        return rg_fail(RG_BAD_FILE, "%s: byte 0: not npy: \\x93NUMPY is missing", source->label);
    }
    if (magic[6] < 1 || magic[6] > 3 || magic[7] != 0) {
        return rg_fail(RG_BAD_FILE, "%s: byte 6: npy version %d.%d is not 1.0, 2.0 or 3.0", source->label, magic[6],
                       magic[7]);
    }
    RG_TRY(rg_source_read(source, bytes, magic[6] == 1 ? 2 : 4));
    *length = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    if (*length > HEADER_MAX || *length > source->bytes - source->position) {
        return rg_fail(RG_BAD_FILE, "%s: byte 8: npy header length %zu is more than %s", source->label, *length,
                       *length > HEADER_MAX ? "the limit of 1 MiB" : "the file holds");
    }
    return RG_OK;
}

/* Bytes of an element of a type that is not read: "<U5" has 5 characters of 4 bytes, "<c8" 8 bytes. 0: a type of
 * Python objects, or one with fields, whose text does not say it. */
static size_t other_bytes(const struct header *header) {
    static const char letters[] = "USVcfiumM";
    const char *const type = header->type;
    size_t at = 0, bytes = 0;
    at += at < header->type_length && strchr("<>=|", type[at]) != NULL;
    if (at == header->type_length || memchr(letters, type[at], sizeof letters - 1) == NULL) {
        return 0;
    }
    const size_t unit = type[at] == 'U' ? 4 : 1;
    for (at++; at < header->type_length && type[at] >= '0' && type[at] <= '9' && bytes < SIZE_MAX / 100; at++) {
        bytes = bytes * 10 + (size_t)(type[at] - '0');
    }
    return bytes * unit;
}

/* Compare the data's bytes with the shape. */
static bool shape_fits(const struct header *header, const struct rg_tensor *item, size_t found) {
    size_t bytes = 0;
    if (!rg_shape_bytes(item->shape, item->n_dims, header->dtype, &bytes)) {
        return false;
    }
    if (header->type == NULL) {
        return bytes == found;
    }
    const size_t each = other_bytes(header);
    return each == 0 || (rg_multiply(bytes, each, &bytes) && bytes == found);
}

/* Note the name of a type that is not read, for the screen. */
static rg_status keep_type(const struct header *header, struct rg_tensors *list, const struct rg_tensor *item) {
    char *type = NULL;
    RG_TRY(rg_tensors_hold(list, header->type_length + 1, "the name of a type", &type));
    memcpy(type, header->type, header->type_length);
    rg_utf8_make_plain(type);
    list->types[item - list->items] = type;
    return RG_OK;
}

static rg_status read_header(struct rg_source *source, struct rg_tensors *list, struct header *header,
                             struct rg_tensor *item) {
    size_t length = 0;
    char *text = NULL;
    rg_status status = RG_OK;
    RG_TRY(read_length(source, &length));
    RG_TRY(rg_alloc(&text, length, 1, "npy header"));
    *header = (struct header){.label = source->label,
                              .text = text,
                              .length = length,
                              .base = source->position,
                              .others = list->types != NULL};
    RG_TRY_GOTO(rg_source_read(source, text, length));
    RG_TRY_GOTO(parse_header(header, item));
    const size_t bytes = source->bytes - source->position;
    if (!shape_fits(header, item, bytes)) {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: the shape does not need the %zu bytes that follow the header",
                            source->label, bytes));
    }
    RG_TRY_GOTO(header->type != NULL ? keep_type(header, list, item) : RG_OK);
    item->dtype = header->dtype;
    item->data_bytes = bytes;
cleanup:
    rg_free(text);
    header->text = NULL;
    return status;
}

static void swap_bytes(unsigned char *data, size_t bytes, size_t item_bytes) {
    for (unsigned char *item = data; item < data + bytes; item += item_bytes) {
        for (size_t i = 0; i < item_bytes / 2; i++) {
            const unsigned char byte = item[i];
            item[i] = item[item_bytes - 1 - i];
            item[item_bytes - 1 - i] = byte;
        }
    }
}

/* Copy `in`, whose first index varies fastest, to `out`, whose last index does. It steps through `out` in order and
 * updates the index of `in`. */
static void to_row_major(unsigned char *out, const unsigned char *in, const struct rg_tensor *item) {
    const size_t item_bytes = rg_dtype_bytes(item->dtype);
    size_t stride[RG_MAX_DIMS]; /* strides of `in`, in bytes */
    size_t index[RG_MAX_DIMS] = {0};
    size_t from = 0;
    for (size_t d = 0; d < item->n_dims; d++) {
        stride[d] = d == 0 ? item_bytes : stride[d - 1] * item->shape[d - 1];
    }
    for (size_t to = 0; to < item->data_bytes; to += item_bytes) {
        memcpy(out + to, in + from, item_bytes);
        for (size_t d = item->n_dims; d-- > 0;) {
            from += stride[d];
            if (++index[d] < item->shape[d]) {
                break;
            }
            from -= stride[d] * item->shape[d];
            index[d] = 0;
        }
    }
}

/* Note if the source has looked at the data, and found only finite numbers. */
static void note_finite(const struct rg_source *source, const struct rg_tensors *list, const struct rg_tensor *item) {
    if (source->looks && source->look && !source->found) {
        list->finite[item - list->items] = true;
    }
}

rg_status rg_npy_read(struct rg_source *source, struct rg_tensors *list, struct rg_tensor *item) {
    struct header header;
    unsigned char *data = NULL;
    RG_TRY(read_header(source, list, &header, item));
    if (header.type != NULL) { /* of a type that is not read, only the checksum is compared */
        return rg_source_pass(source, item->data_bytes);
    }
    const bool in_order = !(header.fortran_order && item->n_dims > 1) && !header.big_endian;
    source->look = in_order && item->dtype == RG_F32;
    if (in_order && source->fd >= 0 && item->data_bytes > list->stay) {
        list->offsets[item - list->items] = source->base + source->position;
        RG_TRY(rg_source_pass(source, item->data_bytes));
        note_finite(source, list, item);
        return RG_OK;
    }
    RG_TRY(rg_tensors_hold_unset(list, item->data_bytes, "npy data", &data));
    if (header.fortran_order && item->n_dims > 1) {
        unsigned char *columns = NULL;
        RG_TRY(rg_alloc(&columns, item->data_bytes, 1, "npy data in Fortran order"));
        const rg_status status = rg_source_read(source, columns, item->data_bytes);
        if (status == RG_OK) {
            to_row_major(data, columns, item);
        }
        rg_free(columns);
        RG_TRY(status);
    } else {
        RG_TRY(rg_source_read(source, data, item->data_bytes));
    }
    if (header.big_endian) {
        swap_bytes(data, item->data_bytes, rg_dtype_bytes(item->dtype));
    }
    item->data = data;
    note_finite(source, list, item);
    return RG_OK;
}

/* ---- Writing ---- */

rg_status rg_npy_header(const char *path, const struct rg_tensor *item, char header[RG_NPY_HEADER_MAX], size_t *bytes) {
    size_t i = 0;
    while (i < N_DTYPES && dtypes[i].dtype != item->dtype) {
        i++;
    }
    if (i == N_DTYPES) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: tensor '%.80s': npy has no %s; choose safetensors", path,
                       item->name != NULL ? item->name : "data", rg_dtype_name(item->dtype));
    }
    enum { PREFIX = MAGIC_BYTES + 2, UNIT = 64 };
    char *text = header + PREFIX;
    const size_t room = RG_NPY_HEADER_MAX - PREFIX;
    size_t n = (size_t)snprintf(text, room, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                                rg_dtype_bytes(item->dtype) == 1 ? '|' : '<', dtypes[i].descr);
    for (size_t d = 0; d < item->n_dims; d++) {
        n += (size_t)snprintf(text + n, room - n, d == 0 ? "%zu," : " %zu,", item->shape[d]);
    }
    if (item->n_dims > 1) {
        n--; /* only a tuple of one element ends in a comma */
    }
    n += (size_t)snprintf(text + n, room - n, "), }");
    *bytes = rg_round_up(PREFIX + n + 1, UNIT);
    memset(text + n, ' ', *bytes - PREFIX - n);
    header[*bytes - 1] = '\n';
    memcpy(header, "\x93NUMPY\1\0", MAGIC_BYTES);
    header[MAGIC_BYTES] = (char)((*bytes - PREFIX) & 0xFF);
    header[MAGIC_BYTES + 1] = (char)((*bytes - PREFIX) >> 8);
    return RG_OK;
}

rg_status rg_npy_write(const char *path, const struct rg_tensor *item) {
    char header[RG_NPY_HEADER_MAX];
    size_t header_bytes = 0;
    struct rg_writer writer = {.fd = -1, .folder = -1};
    rg_status status = RG_OK;
    RG_TRY(rg_tensor_check_shape(path, item));
    RG_TRY(rg_npy_header(path, item, header, &header_bytes));
    RG_TRY_GOTO(rg_writer_open(&writer, path));
    RG_TRY_GOTO(rg_writer_append(&writer, header, header_bytes));
    RG_TRY_GOTO(rg_writer_append(&writer, item->data, item->data_bytes));
    RG_TRY_GOTO(rg_writer_commit(&writer));
    return RG_OK;
cleanup:
    rg_writer_abandon(&writer);
    return status;
}
