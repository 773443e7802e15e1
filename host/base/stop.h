/* Ctrl-C, SIGTERM and SIGHUP (the terminal is gone; treated as SIGTERM), at any moment of any command.
 *
 * The handler itself answers the first signal with one line on stderr, so the answer appears even while a driver or a
 * kernel is running. Work then ends where it next asks: code that runs for long calls rg_stop_check between its parts
 * and returns its result, like any other failure. The second signal leaves at once. */
#ifndef RG_STOP_H
#define RG_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "rnn_gpu/status.h"

/* Catch the signals from now on. The program calls it before it does anything slow. The handler of the second signal
 * calls `leave`, which ends the process with that status and may use only what is safe in a handler. `before` is
 * written before the answer; it must live as long as the program. */
void rg_stop_catch(void (*leave)(rg_status status), const char *before);

/* The text that the answer to the first signal contains, such as "finishing the update, then saving". It must live as
 * long as the program. */
void rg_stop_answer(const char *what);

/* Stop as if SIGPIPE, which is ignored, had come: nobody reads the results any more. */
void rg_stop_no_reader(void);

/* Stop, silently, because another process returned `status` from rg_stop_check. No effect if this process is stopping
 * already. */
void rg_stop_with(rg_status status);

/* From now on this thread's work also stops when any thread sets *flag. This cancels one of several trainings in a
 * process. NULL: only signals stop it. Returns the previous flag. */
const atomic_bool *rg_stop_watch(const atomic_bool *flag);

/* Must the work stop? */
bool rg_stop_requested(void);

/* RG_OK, or, once the work must stop, RG_INTERRUPTED or RG_TERMINATED, which the caller returns at once. */
rg_status rg_stop_check(void);

/* Stop catching: from now on a signal ends the program at once. Call it when all work is done, before the last
 * rg_stop_status. Otherwise a signal that comes in between would be answered, and the exit code would not tell of it.
 */
void rg_stop_release(void);

/* Is the status one of rg_stop_check's? The work is then incomplete, but nothing is wrong. */
bool rg_stop_is(rg_status status);

/* The status of a command that was stopped: RG_INTERRUPTED, RG_TERMINATED, or RG_OK if nobody reads the results, which
 * main.c reports. */
rg_status rg_stop_status(void);

#endif
