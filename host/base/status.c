/* The error slot: one message for each thread.
 *
 * A message is formatted into a local buffer first, so that rg_fail may quote rg_error_message() in a new message.
 * Messages contain names from untrusted files. Control characters could steer a terminal or fake a second line, so they
 * become spaces. */
#include "rnn_gpu/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char error_slot[MESSAGE_BYTES];

rg_status rg_fail(rg_status status, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length < 0) {
        message[0] = '\0';
    }
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            *c = ' ';
        }
    }
    memcpy(error_slot, message, strlen(message) + 1);
    return status;
}

const char *rg_error_message(void) {
    return error_slot;
}
