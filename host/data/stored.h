/* Numbers that stay in their file and are read when they are needed. Internal to host/data. */
#ifndef RG_DATA_STORED_H
#define RG_DATA_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/files.h"

/* Numbers of one type, one after the other, in an open file. Data sets that are parts of each other share it, also
 * between threads. */
struct rg_stored;

/* *out = the `n` numbers at `offset` of the file. RG_BAD_FILE if it has changed since `source` was opened. */
rg_status rg_stored_open(const struct rg_source *source, size_t offset, enum rg_dtype type, size_t n,
                         struct rg_stored **out);

/* One more owner; one less, and the last one closes the file. NULL allowed. */
struct rg_stored *rg_stored_share(struct rg_stored *stored);
void rg_stored_release(struct rg_stored *stored);

enum rg_dtype rg_stored_type(const struct rg_stored *stored);

/* True for the first caller, of all owners. */
bool rg_stored_is_new(struct rg_stored *stored);

/* Read numbers first … first + n as they are in the file. RG_BAD_FILE if they are not there any more. */
rg_status rg_stored_read(const struct rg_stored *stored, size_t first, size_t n, void *out);

/* Number `i`. Neighbours are read together; threads may ask at the same time. NaN if it is not there any more:
 * rg_stored_check then tells. */
double rg_stored_number(struct rg_stored *stored, size_t i);

/* Ask the system to read these numbers, which are needed soon, without waiting for them. */
void rg_stored_expect(const struct rg_stored *stored, size_t first, size_t n);

/* RG_BAD_FILE if the file has changed since it was opened, or if numbers could not be read. To be called after reading
 * what a result depends on. */
rg_status rg_stored_check(const struct rg_stored *stored);

#endif
