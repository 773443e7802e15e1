/* Ctrl-C, SIGTERM and SIGHUP (the terminal is gone; as SIGTERM), at any moment of any command.
 *
 * The first signal is answered at once by one line on stderr, from the handler itself, so it comes even while a driver
 * or a kernel is at work. Work then ends where it next asks: whatever runs for long calls rg_stop_check between its
 * parts and returns what it says, as any other failure. The second signal leaves at once. */
#ifndef RG_STOP_H
#define RG_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "rnn_gpu/status.h"

/* Catch the signals from now on; for the program, before it does anything slow. `leave` is called from the handler of
 * the second signal: it ends the process with that status, and may use only what is safe in a handler. */
void rg_stop_catch(void (*leave)(rg_status status));

/* What the answer to the first signal says will happen now, as "finishing the update, then saving". The text must live
 * as long as the program. */
void rg_stop_answer(const char *what);

/* Stop as if SIGPIPE had come, which is ignored: nobody reads the results any more. */
void rg_stop_no_reader(void);

/* Stop as another process does that returned `status` from rg_stop_check, silently, unless this one stops already. */
void rg_stop_with(rg_status status);

/* From now on this thread's work is to stop also when *flag is set, by any thread: how one of several trainings of a
 * process is cancelled. NULL: by signals alone. Returns the flag before. */
const atomic_bool *rg_stop_watch(const atomic_bool *flag);

/* Whether to stop. */
bool rg_stop_requested(void);

/* RG_OK; or, once the work is to stop, RG_INTERRUPTED or RG_TERMINATED, to be returned at once. */
rg_status rg_stop_check(void);

/* Stop catching: a signal ends the program from now on, as one that catches none. Call it when all work is done, before
 * the last rg_stop_status, so that no signal is answered and then left out of the exit code. */
void rg_stop_release(void);

/* Whether a status is one of rg_stop_check's: the work was left undone, nothing is wrong. */
bool rg_stop_is(rg_status status);

/* What a command that was stopped returns: RG_INTERRUPTED, RG_TERMINATED, or RG_OK where the reader went away, which
 * main.c reports. */
rg_status rg_stop_status(void);

#endif
