/* Drivers are code of others that runs in this process, and some end it: they abort where a cache is damaged or no
 * thread can be made.
 *
 * When the process is about to die of SIGABRT, SIGSEGV, SIGBUS, SIGILL or SIGFPE while a driver is in use, or a driver
 * calls exit, one line says which, and the program starts again without it: `auto` then takes the next device, a named
 * one is refused. Once results are out it cannot begin again, and ends with RG_NO_DEVICE. For the program alone: in a
 * library that it is part of, signals are the caller's. */
#ifndef RG_GUARD_H
#define RG_GUARD_H

#include "rnn_gpu/status.h"

/* What is left out when the program has started again: places with the number of the signal, "0:0=6,1=11"; 0: exit. */
#define RG_GUARD_VARIABLE "RNN_GPU_DRIVERS_DIED"

/* The argument with which the program tries drivers, for its parent: see device/opencl/trial.h. */
#define RG_TRIAL_ARGUMENT "--try-opencl-drivers"

/* This is the program, started with `argv`. `leave` ends the process from a signal handler. */
void rg_guard_program(char **argv, void (*leave)(rg_status status));

/* Whether it is. */
int rg_guard_is_program(void);

/* From now on the driver of `place` is in use: "*", all of them; "P", a platform; "P:D", a device. `name` is what
 * people call it. NULL: none is. */
void rg_guard_watch(const char *place, const char *name);

/* Catch the signals again: a compiler in a driver takes them for itself. */
void rg_guard_rearm(void);

/* Results are out from now on. */
void rg_guard_results(void);

/* The program itself ends now: main calls it before it returns. Any other exit is a driver's. */
void rg_guard_finished(void);

#endif
