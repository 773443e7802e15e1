/* Writing the wire format of Protocol Buffers, in which ONNX files are.
 *
 * A message is a row of fields, each a key (number of the field, kind of its value) and the value. A message inside
 * another is a field of bytes. The first failure, for want of memory, is kept in `status`; after it nothing is added,
 * so that only the end of a message has to be checked. */
#ifndef RG_EXPORT_PROTO_H
#define RG_EXPORT_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "files/json.h"
#include "rnn_gpu/status.h"

struct rg_proto {
    struct rg_text text; /* the bytes; any byte may be among them */
    rg_status status;
};

/* Kinds of values, the low three bits of a key. */
enum rg_proto_kind { RG_PROTO_VARINT = 0, RG_PROTO_FIXED64 = 1, RG_PROTO_BYTES = 2, RG_PROTO_FIXED32 = 5 };

/* Add a field. Whole numbers are written in as few bytes as they need, negative ones in ten. */
void rg_proto_int(struct rg_proto *proto, unsigned field, int64_t value);
void rg_proto_float(struct rg_proto *proto, unsigned field, float value);
void rg_proto_bytes(struct rg_proto *proto, unsigned field, const void *bytes, size_t count);
void rg_proto_string(struct rg_proto *proto, unsigned field, const char *string);
/* Only the head of a field of `count` bytes, which the caller adds by rg_proto_raw. */
void rg_proto_head(struct rg_proto *proto, unsigned field, size_t count);
void rg_proto_raw(struct rg_proto *proto, const void *bytes, size_t count);
/* Add a whole message as a field, and release it. */
void rg_proto_message(struct rg_proto *proto, unsigned field, struct rg_proto *inner);

/* Bytes that rg_proto_head adds. */
size_t rg_proto_head_bytes(unsigned field, size_t count);

#endif
