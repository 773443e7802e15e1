/* A BLAS library at run time: see blas.h. */
#include "bench/blas.h"

#include <stdio.h>
#include <string.h>

#include "base/symbol.h"

rg_status rg_blas_open(int threads, struct rg_blas *out) {
    static const char *const names[] = {"libopenblas.so.0", "libblas.so.3"};
    void *library = NULL;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        (void)snprintf(out->name, sizeof out->name, "%s", names[i]);
    }
    if (library) {
        (void)rg_symbol_find(library, "cblas_sgemm", &out->sgemm);
        (void)rg_symbol_find(library, "cblas_sgemv", &out->sgemv);
    }
    if (!out->sgemm || !out->sgemv) {
        return rg_fail(RG_ERROR, "no BLAS library to compare with (Debian: libopenblas0-pthread)");
    }
    char *(*config)(void) = NULL;
    void (*set_threads)(int) = NULL;
    (void)rg_symbol_find(library, "openblas_get_config", &config);
    (void)rg_symbol_find(library, "openblas_set_num_threads", &set_threads);
    if (config) { /* "OpenBLAS 0.3.21 …", of which the first two words tell the version */
        const char *const text = config();
        const size_t first = strcspn(text, " ");
        const size_t length = text[first] ? first + 1 + strcspn(text + first + 1, " ") : first;
        (void)snprintf(out->name, sizeof out->name, "%.*s", (int)length, text);
    }
    if (set_threads) {
        set_threads(threads);
    }
    return RG_OK;
}
