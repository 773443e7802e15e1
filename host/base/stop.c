/* Ctrl-C, SIGTERM and SIGHUP: see stop.h. */
#define _GNU_SOURCE
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* `timeout` and terminals send a signal both to the process and to its group. Two that arrive together count as one. */
static const int64_t TOGETHER_NANOSECONDS = 20 * 1000 * 1000;

static struct {
    atomic_int signal;       /* the first signal; 0: none */
    atomic_int_least64_t at; /* when it came, in nanoseconds; 0: its handler has not yet said so */
    _Atomic(const char *) answer;
    void (*leave)(rg_status status);
    const char *before; /* what is written before the answer */
} stop = {.answer = "ending what is under way", .before = ""};

static _Thread_local const atomic_bool *watched; /* the flag of rg_stop_watch */

static rg_status status_of(int number) {
    return number == SIGTERM || number == SIGHUP ? RG_TERMINATED : number == SIGINT ? RG_INTERRUPTED : RG_OK;
}

/* Print, in one write: "rnn-gpu: interrupted: finishing the update, then saving; a second Ctrl-C leaves at once". */
static void answer(int number) {
    const char *const parts[] = {stop.before, "rnn-gpu: interrupted",
                                 number == SIGTERM  ? " (SIGTERM): "
                                 : number == SIGHUP ? " (SIGHUP): "
                                                    : ": ",
                                 atomic_load(&stop.answer),
                                 number == SIGINT ? "; a second Ctrl-C leaves at once\n"
                                                  : "; a second signal leaves at once\n"};
    char line[400];
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t length = strlen(parts[i]);
        if (length <= sizeof line - used) {
            memcpy(line + used, parts[i], length);
            used += length;
        }
    }
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; /* a failure to write cannot be reported */
}

static int64_t nanoseconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Is this the second of two that arrive together? They may be handled by two threads at once. */
static bool is_together(void) {
    const int64_t first = atomic_load(&stop.at);
    return first == 0 || nanoseconds() - first < TOGETHER_NANOSECONDS;
}

/* Files are only replaced as a whole, so the second signal may end the program at any point. */
static void on_signal(int number) {
    const int error = errno;
    int none = 0;
    const bool first = atomic_compare_exchange_strong(&stop.signal, &none, number);
    if (first) {
        atomic_store(&stop.at, nanoseconds());
        answer(number);
    } else if (none == SIGPIPE || !is_together()) {
        stop.leave(status_of(number));
    }
    errno = error;
}

void rg_stop_catch(void (*leave)(rg_status status), const char *before) {
    /* SA_RESTART: calls in drivers and libraries do not fail with EINTR */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    stop.leave = leave;
    stop.before = before;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaddset(&action.sa_mask, SIGINT);
    (void)sigaddset(&action.sa_mask, SIGTERM);
    (void)sigaddset(&action.sa_mask, SIGHUP);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) { /* nohup ignores it */
        (void)sigaction(SIGHUP, &action, NULL);
    }
}

void rg_stop_release(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == on_signal) {
            (void)signal(numbers[i], SIG_DFL);
        }
    }
}

void rg_stop_answer(const char *what) {
    atomic_store(&stop.answer, what);
}

void rg_stop_no_reader(void) {
    int none = 0;
    (void)atomic_compare_exchange_strong(&stop.signal, &none, SIGPIPE);
}

void rg_stop_with(rg_status status) {
    int none = 0;
    if (atomic_compare_exchange_strong(&stop.signal, &none, status == RG_TERMINATED ? SIGTERM : SIGINT)) {
        atomic_store(&stop.at, nanoseconds());
    }
}

const atomic_bool *rg_stop_watch(const atomic_bool *flag) {
    const atomic_bool *const before = watched;
    watched = flag;
    return before;
}

bool rg_stop_requested(void) {
    return atomic_load_explicit(&stop.signal, memory_order_relaxed) != 0 ||
           (watched && atomic_load_explicit(watched, memory_order_relaxed));
}

rg_status rg_stop_check(void) {
    return !rg_stop_requested() ? RG_OK
           : status_of(atomic_load(&stop.signal)) == RG_OK
               ? RG_INTERRUPTED /* nobody reads the results any more, or the flag is set */
               : status_of(atomic_load(&stop.signal));
}

bool rg_stop_is(rg_status status) {
    return status == RG_INTERRUPTED || status == RG_TERMINATED;
}

rg_status rg_stop_status(void) {
    return status_of(atomic_load(&stop.signal));
}
