/* CLBlast at run time: see clblast.h. */
#include "device/opencl/clblast.h"

#include <pthread.h>

#include "base/symbol.h"

struct rg_clblast {
    int (*sgemm)(int order, int trans_a, int trans_b, size_t m, size_t n, size_t k, float alpha, cl_mem a, size_t a_at,
                 size_t lda, cl_mem b, size_t b_at, size_t ldb, float beta, cl_mem c, size_t c_at, size_t ldc,
                 cl_command_queue *queue, cl_event *event);
    int (*dgemm)(int order, int trans_a, int trans_b, size_t m, size_t n, size_t k, double alpha, cl_mem a, size_t a_at,
                 size_t lda, cl_mem b, size_t b_at, size_t ldb, double beta, cl_mem c, size_t c_at, size_t ldc,
                 cl_command_queue *queue, cl_event *event);
};

static struct rg_clblast functions;
static bool loaded;

static void load(void) {
    void *const library = dlopen("libclblast.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    loaded = library && rg_symbol_find(library, "CLBlastSgemm", &functions.sgemm) &&
             rg_symbol_find(library, "CLBlastDgemm", &functions.dgemm);
}

const struct rg_clblast *rg_clblast_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    return loaded ? &functions : NULL;
}

rg_status rg_clblast_product(const struct rg_clblast *library, cl_command_queue queue, const struct rg_wide_product *p,
                             const struct rg_clblast_operands *o) {
    const int order = RG_CBLAS_ROW_MAJOR, plain = RG_CBLAS_NO_TRANS, form = p->transposed ? RG_CBLAS_TRANS : plain;
    const int code =
        o->is_double
            ? library->dgemm(order, plain, form, p->m, p->n, p->k, 1.0, o->a, p->a_at, p->a_stride, o->b, p->b_at,
                             p->b_stride, p->add ? 1.0 : 0.0, o->c, p->c_at, p->c_stride, &queue, NULL)
            : library->sgemm(order, plain, form, p->m, p->n, p->k, 1.0f, o->a, p->a_at, p->a_stride, o->b, p->b_at,
                             p->b_stride, p->add ? 1.0f : 0.0f, o->c, p->c_at, p->c_stride, &queue, NULL);
    return code == 0 ? RG_OK : rg_fail(RG_ERROR, "CLBlast failed with code %d; try --gemm own", code);
}
