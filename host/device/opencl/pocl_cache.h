/* PoCL keeps what it compiles in files, and cannot compile where it cannot write them: it then reports a failed build,
 * finds no device, or ends the process. This says so in its place. */
#ifndef RG_OPENCL_POCL_CACHE_H
#define RG_OPENCL_POCL_CACHE_H

#define RG_POCL_NAME "Portable Computing Language" /* of its platform */

enum { RG_POCL_CACHE_PROBLEM = 360 };

/* Why PoCL cannot write to its cache, with the folder and what to do; "" if it can, or if the platform is not PoCL's.
 * Writes a file of a few MiB for a moment, so it is for when something has failed. */
void rg_pocl_cache_problem(const char *platform, char text[RG_POCL_CACHE_PROBLEM]);

#endif
