/* Built programs, kept in $XDG_CACHE_HOME/rnn-gpu/ or ~/.cache/rnn-gpu/, so that a driver that compiles for seconds
 * does so once. PoCL has a cache of its own, which is not doubled.
 *
 * The name of a file is a hash of all that decides the program: text, options, platform, device, driver, and this
 * format. A file holds a header (struct header in binary_cache.c) and the driver's binary. One that is damaged, or that
 * the driver refuses, is removed, and the program is built from its text. */
#ifndef RG_OPENCL_BINARY_CACHE_H
#define RG_OPENCL_BINARY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cache.h"
#include "device/opencl/loader.h"

/* The place of a program. */
struct rg_cl_binary {
    char path[RG_CACHE_PATH]; /* "": it is not kept */
    uint64_t key[2];
};

void rg_cl_binary_find(const struct rg_cl *cl, cl_device_id device, const char *text, const char *options,
                       struct rg_cl_binary *binary);

/* Whether it is there: *program is then built. */
bool rg_cl_binary_load(const struct rg_cl_target *target, const char *options, const struct rg_cl_binary *binary,
                       cl_program *program);

/* Keep a program that was built for one device. What cannot be kept is built again the next time. */
void rg_cl_binary_save(const struct rg_cl *cl, cl_program program, const struct rg_cl_binary *binary);

#endif
