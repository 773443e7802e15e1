/* Ctrl-C, SIGTERM and SIGHUP: see stop.h. */
#define _GNU_SOURCE
#include "commands/stop.h"

#include <stddef.h>

static volatile sig_atomic_t stop_signal;

/* Files are only ever replaced whole, so the second signal may end the program anywhere. */
static void on_signal(int number) {
    if (stop_signal) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    stop_signal = number;
}

const volatile sig_atomic_t *rg_stop_catch(void) {
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) { /* nohup has it ignored */
        (void)sigaction(SIGHUP, &action, NULL);
    }
    return &stop_signal;
}

void rg_stop_no_reader(void) {
    stop_signal = SIGPIPE;
}

rg_status rg_stop_status(void) {
    return stop_signal == SIGTERM || stop_signal == SIGHUP ? RG_TERMINATED
           : stop_signal == SIGINT                         ? RG_INTERRUPTED
                                                           : RG_OK;
}
