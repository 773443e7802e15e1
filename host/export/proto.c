/* The wire format of Protocol Buffers: see proto.h. */
#include "export/proto.h"

#include <string.h>

enum { VARINT_BYTES = 10 };

/* Seven bits in each byte, the low ones first. The top bit says that more bytes follow. */
static size_t encode(uint64_t value, unsigned char out[VARINT_BYTES]) {
    size_t n = 0;
    do {
        out[n++] = (unsigned char)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
    return n;
}

void rg_proto_raw(struct rg_proto *proto, const void *bytes, size_t count) {
    if (proto->status == RG_OK && count > 0) {
        proto->status = rg_text_add(&proto->text, bytes, count);
    }
}

static void add_varint(struct rg_proto *proto, uint64_t value) {
    unsigned char bytes[VARINT_BYTES];
    rg_proto_raw(proto, bytes, encode(value, bytes));
}

static void add_key(struct rg_proto *proto, unsigned field, enum rg_proto_kind kind) {
    add_varint(proto, (uint64_t)field << 3 | (uint64_t)kind);
}

void rg_proto_int(struct rg_proto *proto, unsigned field, int64_t value) {
    add_key(proto, field, RG_PROTO_VARINT);
    add_varint(proto, (uint64_t)value);
}

void rg_proto_float(struct rg_proto *proto, unsigned field, float value) {
    add_key(proto, field, RG_PROTO_FIXED32);
    rg_proto_raw(proto, &value, sizeof value);
}

void rg_proto_head(struct rg_proto *proto, unsigned field, size_t count) {
    add_key(proto, field, RG_PROTO_BYTES);
    add_varint(proto, count);
}

size_t rg_proto_head_bytes(unsigned field, size_t count) {
    unsigned char bytes[VARINT_BYTES];
    return encode((uint64_t)field << 3, bytes) + encode(count, bytes);
}

void rg_proto_bytes(struct rg_proto *proto, unsigned field, const void *bytes, size_t count) {
    rg_proto_head(proto, field, count);
    rg_proto_raw(proto, bytes, count);
}

void rg_proto_string(struct rg_proto *proto, unsigned field, const char *string) {
    rg_proto_bytes(proto, field, string, strlen(string));
}

void rg_proto_message(struct rg_proto *proto, unsigned field, struct rg_proto *inner) {
    if (proto->status == RG_OK) {
        proto->status = inner->status;
    }
    rg_proto_bytes(proto, field, inner->text.bytes, inner->text.length);
    rg_text_destroy(&inner->text);
    *inner = (struct rg_proto){.status = RG_OK};
}
