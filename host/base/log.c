/* Notices and their receiver. This is one of the globals of the library; docs/library.md lists them. */
#include "rnn_gpu/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { LINE_BYTES = 2048 };

static atomic_int is_quiet;

static struct {
    pthread_mutex_t mutex;
    void (*receive)(void *self, const char *line);
    void *self;
    void (*show)(void *self, const char *path, double part);
    void *show_self;
} receiver = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void rg_log_to(void (*receive)(void *self, const char *line), void *self) {
    (void)pthread_mutex_lock(&receiver.mutex);
    receiver.receive = receive;
    receiver.self = self;
    (void)pthread_mutex_unlock(&receiver.mutex);
}

void rg_log_reading_to(void (*show)(void *self, const char *path, double part), void *self) {
    (void)pthread_mutex_lock(&receiver.mutex);
    receiver.show = show;
    receiver.show_self = self;
    (void)pthread_mutex_unlock(&receiver.mutex);
}

void rg_log_reading(const char *path, double done, double total) {
    (void)pthread_mutex_lock(&receiver.mutex);
    if (receiver.show) {
        receiver.show(receiver.show_self, path, done < total ? done / total : 1.0);
    }
    (void)pthread_mutex_unlock(&receiver.mutex);
}

void rg_log_quiet(int quiet) {
    atomic_store(&is_quiet, quiet);
}

void rg_log(const char *format, ...) {
    char line[LINE_BYTES];
    if (atomic_load(&is_quiet)) {
        return;
    }
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    (void)pthread_mutex_lock(&receiver.mutex);
    if (length >= 0 && receiver.receive) {
        receiver.receive(receiver.self, line);
    }
    (void)pthread_mutex_unlock(&receiver.mutex);
}
