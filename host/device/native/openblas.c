/* OpenBLAS at run time: see openblas.h. */
#include "device/native/openblas.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "base/symbol.h"

static struct rg_openblas functions;
static bool loaded;
static char version[64];

static void load(void) {
    void *const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    char *(*config)(void) = NULL;
    loaded = library && rg_symbol_find(library, "cblas_sgemm", &functions.sgemm) &&
             rg_symbol_find(library, "cblas_dgemm", &functions.dgemm) &&
             rg_symbol_find(library, "openblas_get_num_threads", &functions.get_threads) &&
             rg_symbol_find(library, "openblas_set_num_threads", &functions.set_threads) &&
             rg_symbol_find(library, "openblas_get_config", &config);
    if (loaded) { /* "OpenBLAS 0.3.21 …", of which the first two words tell the version */
        const char *const text = config();
        const size_t first = strcspn(text, " ");
        const size_t length = text[first] ? first + 1 + strcspn(text + first + 1, " ") : first;
        (void)snprintf(version, sizeof version, "%.*s", (int)length, text);
    }
}

const struct rg_openblas *rg_openblas_load(const char **name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    if (name) {
        *name = version;
    }
    return loaded ? &functions : NULL;
}

/* A product as the threads see it. */
struct shares {
    const struct rg_openblas *library;
    const struct rg_wide_product *product;
    const struct rg_openblas_operands *operands;
    size_t blocks; /* of a step */
};

static void one_block(void *context, size_t item, int thread) {
    const struct shares *const s = context;
    const struct rg_wide_product *const p = s->product;
    const struct rg_openblas_operands *const o = s->operands;
    const size_t in_step = item % s->blocks * p->block, first = item / s->blocks * p->step + in_step;
    const size_t rows = rg_min(p->step - in_step, p->block);
    const size_t a = p->a_at + first * p->a_stride, c = p->c_at + first * p->c_stride;
    const int order = RG_CBLAS_ROW_MAJOR, plain = RG_CBLAS_NO_TRANS, form = p->transposed ? RG_CBLAS_TRANS : plain;
    const int m = (int)rows, n = (int)p->n, k = (int)p->k;
    const int lda = (int)p->a_stride, ldb = (int)p->b_stride, ldc = (int)p->c_stride;
    (void)thread;
    if (o->is_double) {
        s->library->dgemm(order, plain, form, m, n, k, 1.0, (const double *)o->a + a, lda,
                          (const double *)o->b + p->b_at, ldb, p->add ? 1.0 : 0.0, (double *)o->c + c, ldc);
    } else {
        s->library->sgemm(order, plain, form, m, n, k, 1.0f, (const float *)o->a + a, lda,
                          (const float *)o->b + p->b_at, ldb, p->add ? 1.0f : 0.0f, (float *)o->c + c, ldc);
    }
}

/* The library's number of threads is one for the whole process, and others in it may have set another. It is 1 from the
 * first of several products at the same time to the last one. */
static pthread_mutex_t threads_mutex = PTHREAD_MUTEX_INITIALIZER;
static size_t n_products;  /* at present */
static int others_threads; /* before the first of them */

static void take_one_thread(const struct rg_openblas *library) {
    (void)pthread_mutex_lock(&threads_mutex);
    if (n_products++ == 0) {
        others_threads = library->get_threads();
        if (others_threads != 1) {
            library->set_threads(1);
        }
    }
    (void)pthread_mutex_unlock(&threads_mutex);
}

static void give_back_threads(const struct rg_openblas *library) {
    (void)pthread_mutex_lock(&threads_mutex);
    if (--n_products == 0 && others_threads != 1) {
        library->set_threads(others_threads);
    }
    (void)pthread_mutex_unlock(&threads_mutex);
}

void rg_openblas_product(const struct rg_openblas *library, struct rg_pool *pool, const struct rg_wide_product *product,
                         const struct rg_openblas_operands *operands) {
    struct shares s = {library, product, operands, rg_divide_up(product->step, product->block)};
    take_one_thread(library);
    rg_pool_run(pool, s.blocks * (product->m / product->step), one_block, &s);
    give_back_threads(library);
}
