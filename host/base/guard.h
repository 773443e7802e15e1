/* OpenCL drivers are foreign code in this process, and some end it: they abort if a cache is damaged or a thread cannot
 * be created.
 *
 * This guard acts when a driver is in use and the process gets SIGABRT, SIGSEGV, SIGBUS, SIGILL or SIGFPE, or the
 * driver calls exit. It prints one line that names the driver, and starts the program again without it. A fault of our
 * own code looks the same, so the line says that the driver was loaded, and that the cause is unknown. `auto` then
 * takes the next device; a device chosen by name is refused. Where a second start would do harm (results are out, stdin
 * has been read), the program ends with RG_NO_DEVICE instead. Only the program uses the guard: in a library, signals
 * belong to the caller. */
#ifndef RG_GUARD_H
#define RG_GUARD_H

#include "rnn_gpu/status.h"

/* The environment variable that tells the restarted program which drivers to leave out: "0:0=06,1=11" lists places and
 * the two digits of the signal; 00 means exit. */
#define RG_GUARD_VARIABLE "RNN_GPU_DRIVERS_DIED"

/* The argument with which the program tries drivers in a child process: see device/opencl/trial.h. */
#define RG_TRIAL_ARGUMENT "--try-opencl-drivers"

struct rg_guard_options {
    char **argv;                     /* the arguments of main; the restarted program gets them again */
    void (*leave)(rg_status status); /* ends the process; the guard calls it in a signal handler */
    void (*flush)(void);             /* writes what has been printed but not written yet */
    const char *died;                /* value of RG_GUARD_VARIABLE in the environment, or NULL */
    long driver_seconds;             /* a driver that is tried hangs if it is silent for longer; below 1: the default */
};

/* Enable the guard. main calls it once, before other threads exist. The strings must outlive the process's work.
 * Without this call every function below does nothing. */
void rg_guard_enable(const struct rg_guard_options *options);

/* Has rg_guard_enable been called? Only then may this process start its own executable. */
int rg_guard_is_enabled(void);

/* The options of rg_guard_enable; all 0 without it. */
const struct rg_guard_options *rg_guard_options(void);

/* A device is about to be released. A driver may end the process there, so first all results are written. */
void rg_guard_before_release(void);

/* From now on the driver of `place` is in use: "*" all drivers, "P" a platform, "P:D" a device. `name` is its name for
 * people. NULL: no driver is in use. */
void rg_guard_watch(const char *place, const char *name);

/* Install the signal handlers again: a compiler in a driver replaces them by its own. */
void rg_guard_rearm(void);

/* The reason of a command that is about to print its first result. */
#define RG_GUARD_RESULTS "results are out"

/* From now on the program must not start again. The message about a driver's end says "because" and the reason, a
 * string constant. Call it before the first result goes to stdout, and before the program reads what it cannot read
 * twice. */
void rg_guard_forbid_restart(const char *reason);

/* The program itself ends now. main calls it before it returns. Any other exit is a driver's. */
void rg_guard_finished(void);

#endif
