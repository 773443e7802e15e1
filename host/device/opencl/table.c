/* Rows for kernels/programs/replicas.cl: see table.h. */
#include "device/opencl/table.h"

#include <string.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

static const size_t MIN_BYTES = (size_t)1 << 20, PUTS = 64; /* so many of the largest have room */

static rg_status grow(struct rg_cl_table *t, size_t bytes) {
    cl_int code = CL_SUCCESS;
    rg_cl_table_release(t);
    RG_TRY(rg_alloc(&t->host, bytes, 1, "arguments of launches"));
    t->memory = t->cl->clCreateBuffer(t->context, CL_MEM_READ_ONLY, bytes, NULL, &code);
    RG_TRY(rg_cl_check(code, "clCreateBuffer", "arguments of launches"));
    t->bytes = bytes;
    return RG_OK;
}

rg_status rg_cl_table_room(struct rg_cl_table *t, size_t bytes, unsigned char **rows) {
    if (bytes > t->bytes - t->used) {
        RG_TRY(rg_cl_check(t->cl->clFinish(t->queue), "clFinish", "arguments of launches"));
        t->used = t->n_puts = 0;
        RG_TRY(bytes > t->bytes / PUTS ? grow(t, rg_max(bytes * PUTS, MIN_BYTES)) : RG_OK);
    }
    *rows = t->host + t->used;
    return RG_OK;
}

rg_status rg_cl_table_put(struct rg_cl_table *t, size_t bytes, size_t *first) {
    const unsigned char *const rows = t->host + t->used;
    for (size_t i = 0; i < t->n_puts && i < RG_CL_TABLE_KEPT; i++) {
        *first = t->kept[i].first;
        if (t->kept[i].bytes == bytes && memcmp(t->host + *first, rows, bytes) == 0) {
            return RG_OK;
        }
    }
    *first = t->used;
    t->kept[t->n_puts % RG_CL_TABLE_KEPT].first = *first;
    t->kept[t->n_puts % RG_CL_TABLE_KEPT].bytes = bytes;
    t->n_puts++;
    t->used += bytes;
    return rg_cl_check(t->cl->clEnqueueWriteBuffer(t->queue, t->memory, CL_FALSE, *first, bytes, rows, 0, NULL, NULL),
                       "clEnqueueWriteBuffer", "arguments of launches");
}

void rg_cl_table_release(struct rg_cl_table *t) {
    if (t->memory) {
        (void)t->cl->clFinish(t->queue); /* a write may still read `host`, if work failed after it was queued */
        (void)t->cl->clReleaseMemObject(t->memory);
    }
    rg_cl_table_forget(t);
}

void rg_cl_table_forget(struct rg_cl_table *t) {
    rg_free(t->host);
    *t = (struct rg_cl_table){.cl = t->cl, .context = t->context, .queue = t->queue};
}
