/* CLBlast at run time: see clblast.h. */
#include "device/opencl/clblast.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* CLBlast's numbers for row-major order and its two forms of an operand. */
enum { ROWS = 101, PLAIN = 111, TURNED = 112 };

struct rg_clblast {
    int (*sgemm)(int order, int turn_a, int turn_b, size_t m, size_t n, size_t k, float alpha, cl_mem a, size_t a_at,
                 size_t lda, cl_mem b, size_t b_at, size_t ldb, float beta, cl_mem c, size_t c_at, size_t ldc,
                 cl_command_queue *queue, cl_event *event);
    int (*dgemm)(int order, int turn_a, int turn_b, size_t m, size_t n, size_t k, double alpha, cl_mem a, size_t a_at,
                 size_t lda, cl_mem b, size_t b_at, size_t ldb, double beta, cl_mem c, size_t c_at, size_t ldc,
                 cl_command_queue *queue, cl_event *event);
};

static struct rg_clblast functions;
static bool loaded;

/* memcpy, because C knows no conversion from a data pointer. */
static bool find(void *library, const char *symbol, void *function) {
    void *const address = dlsym(library, symbol);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static void load(void) {
    void *const library = dlopen("libclblast.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    loaded =
        library && find(library, "CLBlastSgemm", &functions.sgemm) && find(library, "CLBlastDgemm", &functions.dgemm);
}

const struct rg_clblast *rg_clblast_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    return loaded ? &functions : NULL;
}

rg_status rg_clblast_product(const struct rg_clblast *library, cl_command_queue queue, const struct rg_wide_product *p,
                             cl_mem a, cl_mem b, cl_mem c, bool is_double) {
    const int form = p->transposed ? TURNED : PLAIN;
    const int code =
        is_double ? library->dgemm(ROWS, PLAIN, form, p->m, p->n, p->k, 1.0, a, p->a_at, p->a_stride, b, p->b_at,
                                   p->b_stride, p->add ? 1.0 : 0.0, c, p->c_at, p->c_stride, &queue, NULL)
                  : library->sgemm(ROWS, PLAIN, form, p->m, p->n, p->k, 1.0f, a, p->a_at, p->a_stride, b, p->b_at,
                                   p->b_stride, p->add ? 1.0f : 0.0f, c, p->c_at, p->c_stride, &queue, NULL);
    return code == 0 ? RG_OK : rg_fail(RG_ERROR, "CLBlast failed with code %d; try --gemm own", code);
}
