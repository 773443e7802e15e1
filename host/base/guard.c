/* Drivers that end the process: see guard.h. */
#define _GNU_SOURCE
#include "base/guard.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#define HAS_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define HAS_SANITIZER 0
#endif

enum { PLACE_BYTES = 16, NAME_BYTES = 128, LINE_BYTES = 500, STACK_BYTES = 1 << 16 };
enum { ENTRY_BYTES = 1 + PLACE_BYTES - 1 + 3 /* ",PLACE=NN" */, VARIABLE_BYTES = 400 };

static const struct {
    int number;
    const char *name;
} fatal[] = {
    {SIGABRT, "SIGABRT"}, {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"},
};

/* A driver that was in use. A handler may read it at any time, so it is never changed or freed. */
struct driver {
    const struct driver *next;
    char place[PLACE_BYTES], name[NAME_BYTES];
};

static struct {
    struct rg_guard_options options;                /* argv is NULL while the guard is not enabled */
    _Atomic(const struct driver *) drivers, in_use; /* a list of all; the one in use, or NULL */
    _Atomic(const char *) forbidden;                /* why there is no restart; NULL: there may be one */
    /* Memory for the handler, which must not allocate: the environment of the restarted program, and its last variable.
     * The handler appends an entry to it. */
    char **environment;
    char variable[VARIABLE_BYTES];
    char stack[STACK_BYTES]; /* the handler's stack in the main thread, whose own may have overflowed */
    atomic_bool finished;
    atomic_flag is_handled; /* a thread handles the end of the process */
} guard = {.is_handled = ATOMIC_FLAG_INIT};

/* Append text to a string of that capacity if it fits. */
static void add(char *to, size_t bytes, const char *text) {
    const size_t used = strlen(to), length = strlen(text);
    if (used + length < bytes) {
        memcpy(to + used, text, length + 1);
    }
}

/* What ended the process: a signal, or 0 for a call of exit. */
static const char *name_of(int number) {
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        if (fatal[i].number == number) {
            return fatal[i].name;
        }
    }
    return number == 0 ? "a call of exit" : "a signal";
}

/* Start the program again without this driver. Returns only on failure. */
static void start_again(const struct driver *driver, int number) {
    const char digits[] = {'=', (char)('0' + number / 10), (char)('0' + number % 10), '\0'};
    sigset_t none;
    add(guard.variable, sizeof guard.variable, guard.variable[strlen(guard.variable) - 1] == '=' ? "" : ",");
    add(guard.variable, sizeof guard.variable, driver->place);
    add(guard.variable, sizeof guard.variable, digits);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve("/proc/self/exe", guard.options.argv, guard.environment);
}

/* The process ends while the driver is in use, by that signal, or by a call of exit if `number` is 0. Does not return.
 */
static void handle_end(const struct driver *driver, int number) {
    char line[LINE_BYTES] = "rnn-gpu: ";
    while (atomic_flag_test_and_set(&guard.is_handled)) {
        (void)pause(); /* Another thread handles it. A return from here would let abort end the process at once. */
    }
    if (rg_stop_requested()) { /* Ctrl-C can make the compiler in a driver abort */
        guard.options.leave(rg_stop_status());
    }
    const char *forbidden = atomic_load(&guard.forbidden);
    if (!forbidden && strlen(guard.variable) + ENTRY_BYTES >= sizeof guard.variable) {
        forbidden = "too many drivers have ended it"; /* also if the variable was cut off at the start */
    }
    add(line, sizeof line, name_of(number));
    add(line, sizeof line, " while the OpenCL driver of ");
    add(line, sizeof line, driver->name);
    add(line, sizeof line, " was loaded, cause unknown"); /* the handler does not know whose code it interrupted */
    add(line, sizeof line,
        forbidden ? "; the program does not start again, because " : "; starting again without it\n");
    if (forbidden) {
        add(line, sizeof line, forbidden);
        add(line, sizeof line, "; try --device cpu, or delete the driver's cache\n");
    }
    const ssize_t written = write(STDERR_FILENO, line, strlen(line));
    (void)written; /* a failure to write cannot be reported */
    if (!forbidden) {
        start_again(driver, number);
    }
    guard.options.leave(RG_NO_DEVICE);
}

/* LLVM calls exit if it cannot write a file. */
static void on_exit_of_driver(void) {
    const struct driver *const driver = atomic_load(&guard.in_use);
    sigset_t all;
    if (driver && !atomic_load(&guard.finished)) {
        (void)sigfillset(&all); /* as in the handler: a signal must not come in between */
        (void)sigprocmask(SIG_SETMASK, &all, NULL);
        handle_end(driver, 0);
    }
}

void rg_guard_enable(const struct rg_guard_options *options) {
    guard.options = *options;
    (void)atexit(on_exit_of_driver);
}

int rg_guard_is_enabled(void) {
    return guard.options.argv != NULL;
}

const struct rg_guard_options *rg_guard_options(void) {
    return &guard.options;
}

void rg_guard_finished(void) {
    atomic_store(&guard.finished, true);
}

void rg_guard_before_release(void) {
    if (rg_guard_is_enabled()) {
        guard.options.flush();
    }
}

void rg_guard_forbid_restart(const char *reason) {
    atomic_store(&guard.forbidden, reason);
}

#if HAS_SANITIZER /* sanitizers catch these signals themselves */

void rg_guard_rearm(void) {
}

void rg_guard_watch(const char *place, const char *name) {
    (void)place;
    (void)name;
}

#else

static void set_handlers(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        (void)sigaction(fatal[i].number, &action, NULL);
    }
}

static void on_fatal(int number) {
    const struct driver *const driver = atomic_load(&guard.in_use);
    if (driver) {
        handle_end(driver, number);
    }
    /* no driver is in use any more: the signal has its usual effect after the return */
    set_handlers(SIG_DFL);
    (void)raise(number);
}

/* Copy the environment and append the variable. Returns false without memory. */
static bool copy_environment(void) {
    static const char start[] = RG_GUARD_VARIABLE "=";
    const char *const before = guard.options.died;
    size_t n = 0, kept = 0;
    while (environ[n]) {
        n++;
    }
    guard.environment = malloc((n + 2) * sizeof *guard.environment);
    for (size_t i = 0; guard.environment && i < n; i++) {
        if (strncmp(environ[i], start, strlen(start)) != 0) {
            guard.environment[kept++] = environ[i];
        }
    }
    if (guard.environment) {
        (void)snprintf(guard.variable, sizeof guard.variable, "%s%s", start, before ? before : "");
        guard.environment[kept] = guard.variable;
        guard.environment[kept + 1] = NULL;
    }
    return guard.environment != NULL;
}

/* The first time: prepare what the handler needs. Returns false without memory. */
static bool prepare(void) {
    const stack_t stack = {.ss_sp = guard.stack, .ss_size = sizeof guard.stack};
    if (guard.environment) {
        return true;
    }
    (void)sigaltstack(&stack, NULL); /* without it the guard answers everything but an overflow of the stack */
    return copy_environment();
}

/* The record of a driver; NULL without memory. */
static const struct driver *driver_of(const char *place, const char *name) {
    const struct driver *const first = atomic_load(&guard.drivers);
    for (const struct driver *d = first; d; d = d->next) {
        if (strncmp(d->place, place, PLACE_BYTES - 1) == 0 && strncmp(d->name, name, NAME_BYTES - 1) == 0) {
            return d;
        }
    }
    struct driver *const d = malloc(sizeof *d);
    if (d) {
        d->next = first;
        (void)snprintf(d->place, sizeof d->place, "%s", place);
        (void)snprintf(d->name, sizeof d->name, "%s", name);
        atomic_store(&guard.drivers, d);
    }
    return d;
}

void rg_guard_rearm(void) {
    if (atomic_load(&guard.in_use)) {
        set_handlers(on_fatal);
    }
}

void rg_guard_watch(const char *place, const char *name) {
    if (!rg_guard_is_enabled() || !prepare()) {
        return;
    }
    atomic_store(&guard.in_use, place ? driver_of(place, name ? name : "") : NULL);
    set_handlers(place ? on_fatal : SIG_DFL);
}

#endif
