/* Drivers that end the process: see guard.h. */
#define _GNU_SOURCE
#include "base/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"

enum { PLACE_BYTES = 16, NAME_BYTES = 128, VARIABLE_BYTES = 400, LINE_BYTES = 400 };

static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};

static struct {
    struct rg_guard_options options; /* argv NULL: this process is not the program */
    char place[PLACE_BYTES], name[NAME_BYTES];
    /* allocated before they are needed, because a signal handler must not allocate */
    char **environment;
    char variable[VARIABLE_BYTES]; /* the last variable of `environment`, to which place and signal are appended */
    atomic_bool results, finished;
    atomic_flag dying;
} guard = {.dying = ATOMIC_FLAG_INIT};

/* Append text to a string of that capacity if it fits. */
static void add(char *to, size_t bytes, const char *text) {
    const size_t used = strlen(to), length = strlen(text);
    if (used + length < bytes) {
        memcpy(to + used, text, length + 1);
    }
}

static const char *signal_name(int number) {
    return number == 0         ? "an exit"
           : number == SIGABRT ? "SIGABRT"
           : number == SIGSEGV ? "SIGSEGV"
           : number == SIGBUS  ? "SIGBUS"
           : number == SIGILL  ? "SIGILL"
                               : "SIGFPE";
}

/* Start the program again without the driver of this place. Returns only on failure. */
static void start_again(int number) {
    const char digits[] = {'=', (char)('0' + number / 10), (char)('0' + number % 10), '\0'};
    sigset_t none;
    add(guard.variable, sizeof guard.variable, guard.variable[strlen(guard.variable) - 1] == '=' ? "" : ",");
    add(guard.variable, sizeof guard.variable, guard.place);
    add(guard.variable, sizeof guard.variable, digits);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve("/proc/self/exe", guard.options.argv, guard.environment);
}

/* `number` is the signal, or 0 if the driver called exit. */
static void on_fatal(int number) {
    char line[LINE_BYTES] = "rnn-gpu: ";
    if (atomic_flag_test_and_set(&guard.dying)) {
        return; /* another thread is handling it */
    }
    if (rg_stop_requested()) { /* a signal may make compilers in drivers abort */
        guard.options.leave(rg_stop_status());
    }
    const bool again = !atomic_load(&guard.results) && strlen(guard.variable) < sizeof guard.variable - 2 * PLACE_BYTES;
    add(line, sizeof line, signal_name(number));
    add(line, sizeof line, " in the OpenCL driver of ");
    add(line, sizeof line, guard.name);
    add(line, sizeof line,
        again ? "; starting again without it\n" : "; try --device cpu, or delete the driver's cache\n");
    const ssize_t written = write(STDERR_FILENO, line, strlen(line));
    (void)written;
    if (again) {
        start_again(number);
    }
    guard.options.leave(RG_NO_DEVICE);
}

/* LLVM calls exit if it cannot write a file. */
static void on_exit_of_driver(void) {
    if (guard.place[0] && !atomic_load(&guard.finished)) {
        on_fatal(0);
    }
}

void rg_guard_program(const struct rg_guard_options *options) {
    guard.options = *options;
    (void)atexit(on_exit_of_driver);
}

const struct rg_guard_options *rg_guard_options(void) {
    return &guard.options;
}

void rg_guard_finished(void) {
    atomic_store(&guard.finished, true);
}

int rg_guard_is_program(void) {
    return guard.options.argv != NULL;
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

static void catch_fatal(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        (void)sigaction(fatal[i], &action, NULL);
    }
}

void rg_guard_rearm(void) {
    if (guard.place[0]) {
        catch_fatal(on_fatal);
    }
}

void rg_guard_watch(const char *place, const char *name) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return; /* sanitizers catch these signals themselves */
#endif
    if (!guard.options.argv || (!guard.environment && !copy_environment())) {
        return;
    }
    (void)snprintf(guard.place, sizeof guard.place, "%s", place ? place : "");
    (void)snprintf(guard.name, sizeof guard.name, "%s", name ? name : "");
    catch_fatal(place ? on_fatal : SIG_DFL);
}

void rg_guard_results(void) {
    atomic_store(&guard.results, true);
}
