/* Rows for kernels/programs/replicas.cl: see table.h. */
#include "device/opencl/table.h"

#include <string.h>

#include "rnn_gpu/memory.h"

static const size_t MIN_BYTES = (size_t)1 << 20, PUTS = 64; /* so many of the largest have room */

static rg_status grow(const struct rg_cl *cl, cl_context context, struct rg_cl_table *t, size_t bytes) {
    cl_int code = CL_SUCCESS;
    rg_cl_table_release(cl, t);
    RG_TRY(rg_alloc(&t->host, bytes, 1, "arguments of launches"));
    t->memory = cl->clCreateBuffer(context, CL_MEM_READ_ONLY, bytes, NULL, &code);
    RG_TRY(rg_cl_check(code, "clCreateBuffer", "arguments of launches"));
    t->bytes = bytes;
    return RG_OK;
}

rg_status rg_cl_table_room(const struct rg_cl *cl, cl_context context, cl_command_queue queue, struct rg_cl_table *t,
                           size_t bytes, unsigned char **rows) {
    if (bytes > t->bytes - t->used) {
        RG_TRY(rg_cl_check(cl->clFinish(queue), "clFinish", "arguments of launches"));
        t->used = t->n_puts = 0;
        if (bytes > t->bytes / PUTS) {
            RG_TRY(grow(cl, context, t, bytes * PUTS > MIN_BYTES ? bytes * PUTS : MIN_BYTES));
        }
    }
    *rows = t->host + t->used;
    return RG_OK;
}

rg_status rg_cl_table_put(const struct rg_cl *cl, cl_command_queue queue, struct rg_cl_table *t, size_t bytes,
                          size_t *first) {
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
    return rg_cl_check(cl->clEnqueueWriteBuffer(queue, t->memory, CL_FALSE, *first, bytes, rows, 0, NULL, NULL),
                       "clEnqueueWriteBuffer", "arguments of launches");
}

void rg_cl_table_release(const struct rg_cl *cl, struct rg_cl_table *t) {
    if (t->memory) {
        (void)cl->clReleaseMemObject(t->memory);
    }
    rg_free(t->host);
    *t = (struct rg_cl_table){.bytes = 0};
}
