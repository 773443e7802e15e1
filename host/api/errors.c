/* The public interface: versions, errors and notices. */
#include "api/api.h"
#include "base/cache.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/status.h"

static _Thread_local rnn_gpu_status last_status = RNN_GPU_OK;

static pthread_mutex_t once_at_a_time = PTHREAD_MUTEX_INITIALIZER;

#define SAME(theirs, ours) _Static_assert((int)RNN_GPU_##theirs == (int)RG_##ours, "one code has one number")
SAME(OK, OK);
SAME(ERROR, ERROR);
SAME(USAGE, USAGE);
SAME(NO_DEVICE, NO_DEVICE);
SAME(BAD_DATA, BAD_FILE);
SAME(DIVERGED, DIVERGED);
SAME(NO_MEMORY, NO_MEMORY);
SAME(NOT_SAVED, NOT_SAVED);
SAME(INTERRUPTED, INTERRUPTED);

rnn_gpu_status rg_api_end(rg_status status) {
    last_status = status == RG_TERMINATED || status == RG_INTERRUPTED ? RNN_GPU_INTERRUPTED
                  : status == RG_CHECK_FAILED                         ? RNN_GPU_ERROR
                                                                      : (rnn_gpu_status)status;
    return last_status;
}

rg_status rg_api_null(const char *function, const char *argument) {
    return rg_fail(RG_USAGE, "%s: %s is NULL", function, argument);
}

void rg_api_lock(void) {
    (void)pthread_mutex_lock(&once_at_a_time);
}

void rg_api_unlock(void) {
    (void)pthread_mutex_unlock(&once_at_a_time);
}

const char *rnn_gpu_version(void) {
    return RG_VERSION;
}

rnn_gpu_status rnn_gpu_last_status(void) {
    return last_status;
}

const char *rnn_gpu_error_message(void) {
    return rg_error_message();
}

const char *rnn_gpu_status_name(rnn_gpu_status status) {
    switch (status) {
    case RNN_GPU_OK:
        return "done";
    case RNN_GPU_USAGE:
        return "wrong usage";
    case RNN_GPU_NO_DEVICE:
        return "no device";
    case RNN_GPU_BAD_DATA:
        return "bad data";
    case RNN_GPU_DIVERGED:
        return "diverged";
    case RNN_GPU_NO_MEMORY:
        return "no memory";
    case RNN_GPU_NOT_SAVED:
        return "not saved";
    case RNN_GPU_INTERRUPTED:
        return "interrupted";
    case RNN_GPU_ERROR:
        break;
    }
    return "error";
}

rnn_gpu_status rnn_gpu_set_cache(const char *folder) {
    rg_api_lock();
    const rg_status status = rg_cache_set_folder(folder);
    rg_api_unlock();
    return rg_api_end(status);
}

void rnn_gpu_set_log(rnn_gpu_log_function *log, void *user) {
    rg_log_to(log, user);
}
