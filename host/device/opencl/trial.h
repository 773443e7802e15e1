/* Each OpenCL driver is tried in a process of its own before this one calls it: it finds the platforms and devices, and
 * on each device builds a kernel, runs it and reads its result. A driver that aborts, hangs or ends the process is then
 * left out, with its reason. A driver hangs when it says nothing for a minute, or what the guard's options say.
 *
 * What went well is kept in $XDG_CACHE_HOME/rnn-gpu/ (or ~/.cache/rnn-gpu/), in a file whose name is made from all that
 * can change the outcome and can be known without a call of OpenCL: this program's version, the drivers' .icd files,
 * the libraries' index, variables that drivers read, and limits of the process. The file lists what was tried; a device
 * that is not in it is tried when it is opened. */
#ifndef RG_OPENCL_TRIAL_H
#define RG_OPENCL_TRIAL_H

#include "rnn_gpu/status.h"

/* Try once, unless that is known to go well. Only the program does (base/guard.h): its child is the program again. What
 * is left out is said in a line each. RG_OK, or rg_stop_check's status. */
rg_status rg_cl_trial(void);

/* Why the driver of a place ("*", "P" or "P:D", see base/guard.h) cannot be called: "its driver ended with SIGABRT when
 * it was tried"; NULL if it can. */
const char *rg_cl_trial_problem(const char *place);

/* Whether any driver is left out. */
int rg_cl_trial_left_out(void);

/* Whether a device was among those that went well, by its name and versions; else try all again, now. */
rg_status rg_cl_trial_of(const char *place, const char *name, const char *version);

#endif
