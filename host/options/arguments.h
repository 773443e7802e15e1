/* A command line while it is read, and the checks of its options against each other. For host/options alone. */
#ifndef RG_ARGUMENTS_H
#define RG_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/config.h"

struct rg_arguments {
    char **argv;
    int count;
    int at;         /* the next argument to read */
    size_t command; /* position in rg_commands */
};

/* Does the line have the option? A value cannot begin with two dashes, so an argument that looks like the option is the
 * option. */
bool rg_arguments_give(const struct rg_arguments *arguments, const char *name);

/* RG_USAGE for options that contradict each other, or lack another one that they need. The message names both. */
rg_status rg_arguments_check(const struct rg_arguments *arguments, const struct rg_config *config);

/* The same for a line with --resume. */
rg_status rg_arguments_check_resume(const struct rg_arguments *arguments);

#endif
