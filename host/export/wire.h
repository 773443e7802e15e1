/* Reading the wire format of Protocol Buffers from untrusted memory. Nothing is copied. */
#ifndef RG_EXPORT_WIRE_H
#define RG_EXPORT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes inside a file: a message, a string, or the numbers of a list. */
struct rg_bytes {
    const unsigned char *at; /* NULL: no bytes */
    size_t length;
};

struct rg_field {
    unsigned number;
    uint64_t value;        /* a number; for a float its bits */
    struct rg_bytes bytes; /* a string, a list or a message; else NULL */
};

/* Take the next field from the front of a message. Returns false at its end, or if it is malformed; message->length is
 * then above 0. */
bool rg_wire_next(struct rg_bytes *message, struct rg_field *field);

/* The next number of a packed list. Returns false at its end. */
bool rg_wire_number(struct rg_bytes *list, uint64_t *out);

/* The last field with that number in a message. Returns false if there is none. */
bool rg_wire_find(struct rg_bytes message, unsigned number, struct rg_field *field);

/* Do the bytes equal that text? */
bool rg_bytes_are(struct rg_bytes bytes, const char *text);
bool rg_bytes_equal(struct rg_bytes a, struct rg_bytes b);

#endif
