/* Errors of the library.
 *
 * Every function that can fail returns an rg_status and leaves a message in the calling thread's error slot. The
 * message says what failed, on which object, and what to do; it is written where the failure happens and is never
 * rewritten on the way up. Only main.c turns a status into an exit code. */
#ifndef RNN_GPU_STATUS_H
#define RNN_GPU_STATUS_H

/* The values are the exit codes of the program. */
typedef enum rg_status {
    RG_OK = 0,
    RG_ERROR = 1,         /* anything without a code of its own */
    RG_USAGE = 2,         /* options that make no sense */
    RG_NO_DEVICE = 3,     /* no usable device */
    RG_BAD_FILE = 4,      /* missing, malformed or mismatched file */
    RG_DIVERGED = 5,      /* loss, gradient or weights not finite, beyond what --nonfinite allows */
    RG_CHECK_FAILED = 6,  /* a self-test or verification failed */
    RG_NO_MEMORY = 7,     /* host or device memory does not suffice */
    RG_NOT_SAVED = 8,     /* an output could not be written */
    RG_INTERRUPTED = 130, /* stopped by Ctrl-C; the end was clean */
    RG_NO_READER = 141,   /* stdout's reader has closed it, as `head` does; the end was clean, nothing to report */
    RG_TERMINATED = 143   /* stopped by SIGTERM or SIGHUP; the end was clean */
} rg_status;

/* Record a message (printf format, without a final newline) and return `status`, so that `return rg_fail(...)` reads
 * as one act. Messages longer than 1,023 bytes are cut. */
rg_status rg_fail(rg_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The last message recorded on this thread; never NULL, "" if there was none. */
const char *rg_error_message(void);

/* Return from the calling function if `expr` is not RG_OK. */
#define RG_TRY(expr)                \
    do {                            \
        rg_status rg_try_ = (expr); \
        if (rg_try_ != RG_OK)       \
            return rg_try_;         \
    } while (0)

/* Jump to `cleanup` with `status` set if `expr` is not RG_OK; for functions that own something. */
#define RG_TRY_GOTO(expr)    \
    do {                     \
        status = (expr);     \
        if (status != RG_OK) \
            goto cleanup;    \
    } while (0)

#endif
