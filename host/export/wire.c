/* Reading the wire format of Protocol Buffers: see wire.h. */
#include "export/wire.h"

#include <string.h>

#include "export/proto.h"

/* Take `count` bytes from the front. */
static bool take(struct rg_bytes *from, size_t count, struct rg_bytes *out) {
    if (count > from->length) {
        return false;
    }
    *out = (struct rg_bytes){from->at, count};
    from->at += count;
    from->length -= count;
    return true;
}

bool rg_wire_number(struct rg_bytes *list, uint64_t *out) {
    struct rg_bytes rest = *list;
    *out = 0;
    for (unsigned shift = 0; shift < 64 && rest.length > 0; shift += 7) {
        const unsigned char byte = *rest.at;
        rest.at++;
        rest.length--;
        *out |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *list = rest;
            return true;
        }
    }
    return false;
}

/* Take the value after a key. */
static bool take_value(struct rg_bytes *message, unsigned kind, struct rg_field *field) {
    struct rg_bytes bytes;
    uint64_t count = 0;
    switch (kind) {
    case RG_PROTO_VARINT:
        return rg_wire_number(message, &field->value);
    case RG_PROTO_BYTES:
        return rg_wire_number(message, &count) && count <= message->length &&
               take(message, (size_t)count, &field->bytes);
    case RG_PROTO_FIXED32:
    case RG_PROTO_FIXED64:
        if (!take(message, kind == RG_PROTO_FIXED32 ? 4 : 8, &bytes)) {
            return false;
        }
        memcpy(&field->value, bytes.at, bytes.length);
        return true;
    default:
        return false;
    }
}

bool rg_wire_next(struct rg_bytes *message, struct rg_field *field) {
    struct rg_bytes rest = *message;
    uint64_t key = 0;
    *field = (struct rg_field){.number = 0};
    if (message->length == 0 || !rg_wire_number(&rest, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3 ||
        !take_value(&rest, (unsigned)(key & 7), field)) {
        return false;
    }
    field->number = (unsigned)(key >> 3);
    *message = rest;
    return true;
}

bool rg_wire_find(struct rg_bytes message, unsigned number, struct rg_field *field) {
    struct rg_field each;
    bool found = false;
    while (rg_wire_next(&message, &each)) {
        if (each.number == number) {
            *field = each;
            found = true;
        }
    }
    return found;
}

bool rg_bytes_are(struct rg_bytes bytes, const char *text) {
    return bytes.length == strlen(text) && (bytes.length == 0 || memcmp(bytes.at, text, bytes.length) == 0);
}

bool rg_bytes_equal(struct rg_bytes a, struct rg_bytes b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}
