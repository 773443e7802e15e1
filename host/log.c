/* Notices on stderr. The level is one of the two globals of the library (the other is the error slot). */
#include "rnn_gpu/log.h"

#include <stdarg.h>
#include <stdio.h>

static int is_quiet;

void rg_log_quiet(int quiet) {
    is_quiet = quiet;
}

void rg_log(const char *format, ...) {
    if (is_quiet) {
        return;
    }
    va_list list;
    va_start(list, format);
    (void)fputs("rnn-gpu: ", stderr);
    (void)vfprintf(stderr, format, list);
    (void)fputc('\n', stderr);
    va_end(list);
}
