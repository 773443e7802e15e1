/* Rows for kernels/programs/replicas.cl on the device. What was put lately is kept, so that launches which come again
 * and again, as those of an update do, are written once. */
#ifndef RG_OPENCL_TABLE_H
#define RG_OPENCL_TABLE_H

#include "device/opencl/loader.h"

enum { RG_CL_TABLE_KEPT = 32 };

struct rg_cl_table {
    const struct rg_cl *cl; /* set by the owner, with context and queue, before the first call */
    cl_context context;
    cl_command_queue queue;
    cl_mem memory;
    unsigned char *host; /* [bytes], the same on the host */
    size_t bytes, used;
    struct {
        size_t first, bytes;
    } kept[RG_CL_TABLE_KEPT]; /* the latest; n_puts counts all since the table was last emptied */
    size_t n_puts;
};

/* *rows = room for `bytes` bytes, a multiple of 8, which hold until the next call. Waits for the queue where the table
 * is full. */
rg_status rg_cl_table_room(struct rg_cl_table *table, size_t bytes, unsigned char **rows);
/* Queue the writing of that room, unless the same is on the device already; *first = where it begins. */
rg_status rg_cl_table_put(struct rg_cl_table *table, size_t bytes, size_t *first);
void rg_cl_table_release(struct rg_cl_table *table);
/* Free its memory without a call of the driver. */
void rg_cl_table_forget(struct rg_cl_table *table);

#endif
