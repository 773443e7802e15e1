/* Threads that do not start: loaded before the program (LD_PRELOAD), it makes pthread_create fail from the N-th thread
 * of the program's own on, N in RG_FAIL_THREAD, counted from 1. Threads of libraries are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

static bool is_of_program(void *(*start)(void *)) {
    Dl_info info;
    void *address = NULL;
    memcpy(&address, &start, sizeof address);
    return dladdr(address, &info) != 0 && info.dli_fname && !strstr(info.dli_fname, ".so");
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    static atomic_int count;
    create *real = NULL;
    void *const address = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &address, sizeof real);
    const char *const first = getenv("RG_FAIL_THREAD");
    if (first && is_of_program(start) && atomic_fetch_add(&count, 1) + 1 >= atoi(first)) {
        return EAGAIN;
    }
    return real(thread, attributes, start, argument);
}
