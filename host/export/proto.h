/* Writing the wire format of Protocol Buffers, which ONNX files use.
 *
 * A message is a sequence of fields. A field is a key (its number and the kind of its value) and the value. A message
 * inside another one is a field of bytes. `status` keeps the first failure, for lack of memory. After it nothing is
 * added, so only the end of a message must be checked. */
#ifndef RG_EXPORT_PROTO_H
#define RG_EXPORT_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "files/json.h"
#include "rnn_gpu/status.h"

struct rg_proto {
    struct rg_text text; /* the bytes, which may include NUL */
    rg_status status;
};

/* Kinds of values, the low three bits of a key. */
enum rg_proto_kind { RG_PROTO_VARINT = 0, RG_PROTO_FIXED64 = 1, RG_PROTO_BYTES = 2, RG_PROTO_FIXED32 = 5 };

/* Add a field. Whole numbers take as few bytes as possible, negative ones ten. */
void rg_proto_int(struct rg_proto *proto, unsigned field, int64_t value);
void rg_proto_float(struct rg_proto *proto, unsigned field, float value);
void rg_proto_bytes(struct rg_proto *proto, unsigned field, const void *bytes, size_t count);
void rg_proto_string(struct rg_proto *proto, unsigned field, const char *string);
/* Add only the head of a field of `count` bytes; the caller adds the bytes by rg_proto_raw. */
void rg_proto_head(struct rg_proto *proto, unsigned field, size_t count);
void rg_proto_raw(struct rg_proto *proto, const void *bytes, size_t count);
/* Add a whole message as a field, and release the message. */
void rg_proto_message(struct rg_proto *proto, unsigned field, struct rg_proto *inner);

/* Number of bytes that rg_proto_head adds. */
size_t rg_proto_head_bytes(unsigned field, size_t count);

#endif
