/* Ctrl-C, SIGTERM and SIGHUP (the terminal is gone; as SIGTERM): the first lets the update under way come to its end,
 * the second ends the program at once. */
#ifndef RG_STOP_H
#define RG_STOP_H

#include <signal.h>

#include "rnn_gpu/status.h"

/* Catch them from now on. The number of the signal that came, 0 until then, is where the result points to. */
const volatile sig_atomic_t *rg_stop_catch(void);

/* Stop as if SIGPIPE had come, which is ignored: nobody reads the results any more. */
void rg_stop_no_reader(void);

/* What a command that was stopped returns: RG_INTERRUPTED, RG_TERMINATED, or RG_OK where the reader went away, which
 * main.c reports. */
rg_status rg_stop_status(void);

#endif
