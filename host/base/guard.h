/* OpenCL drivers are foreign code in this process, and some end it: they abort if a cache is damaged or a thread cannot
 * be created.
 *
 * This guard acts when a driver is in use and the process gets SIGABRT, SIGSEGV, SIGBUS, SIGILL or SIGFPE, or the
 * driver calls exit. It prints one line that names the driver, and starts the program again without it. `auto` then
 * takes the next device; a device chosen by name is refused. Once results were printed the program cannot start again,
 * and ends with RG_NO_DEVICE. Only the program uses the guard: in a library, signals belong to the caller. */
#ifndef RG_GUARD_H
#define RG_GUARD_H

#include "rnn_gpu/status.h"

/* What the restarted program leaves out: places with the number of the signal, "0:0=6,1=11"; 0 means exit. */
#define RG_GUARD_VARIABLE "RNN_GPU_DRIVERS_DIED"

/* The argument with which the program tries drivers in a child process: see device/opencl/trial.h. */
#define RG_TRIAL_ARGUMENT "--try-opencl-drivers"

struct rg_guard_options {
    char **argv;                     /* with which the program was started */
    void (*leave)(rg_status status); /* ends the process from a signal handler */
    const char *died;                /* value of RG_GUARD_VARIABLE, or NULL */
    long driver_seconds;             /* for which a driver that is tried may be silent; 0: the default */
};

/* Say that this process is the program. The strings must outlive it. */
void rg_guard_program(const struct rg_guard_options *options);

/* The options of rg_guard_program. */
const struct rg_guard_options *rg_guard_options(void);

/* Is this process the program? */
int rg_guard_is_program(void);

/* From now on the driver of `place` is in use: "*" all drivers, "P" a platform, "P:D" a device. `name` is its name for
 * people. NULL: no driver is in use. */
void rg_guard_watch(const char *place, const char *name);

/* Install the signal handlers again: a compiler in a driver replaces them by its own. */
void rg_guard_rearm(void);

/* From now on results have been printed. */
void rg_guard_results(void);

/* The program itself ends now. main calls it before it returns. Any other exit is a driver's. */
void rg_guard_finished(void);

#endif
