/* Reading the wire format of Protocol Buffers, from memory that is not trusted. Nothing is copied. */
#ifndef RG_EXPORT_WIRE_H
#define RG_EXPORT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes within a file: a message, a string, the numbers of a list. */
struct rg_bytes {
    const unsigned char *at; /* NULL: there are none */
    size_t length;
};

struct rg_field {
    unsigned number;
    uint64_t value;        /* of a number; of a float its bits */
    struct rg_bytes bytes; /* of a string, a list or a message; else NULL */
};

/* Take the next field from the front of a message; false at its end, or where it is not well formed, which leaves
 * message->length above 0. */
bool rg_wire_next(struct rg_bytes *message, struct rg_field *field);

/* The next of a list of whole numbers written together; false at its end. */
bool rg_wire_number(struct rg_bytes *list, uint64_t *out);

/* The last field of that number in a message; false if there is none. */
bool rg_wire_find(struct rg_bytes message, unsigned number, struct rg_field *field);

/* Whether the bytes are that text. */
bool rg_bytes_are(struct rg_bytes bytes, const char *text);
bool rg_bytes_equal(struct rg_bytes a, struct rg_bytes b);

#endif
