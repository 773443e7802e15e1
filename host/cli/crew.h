/* The program as one of several that mpirun started: rank 0 speaks for all of them.
 *
 * The other ranks write nothing: not to the screen, not to files. A failure that all ranks come to know is told by
 * rank 0. A rank that fails while the others wait for it tells it itself, with its name, and ends the job. */
#ifndef RG_CREW_H
#define RG_CREW_H

#include "rnn_gpu/config.h"
#include "ranks/ranks.h"

struct rg_crew {
    struct rg_ranks *ranks; /* NULL: mpirun did not start this program, or started it alone without MPI */
    int errors;             /* where a silent rank tells its own failure: the stderr it began with */
};

/* Join the others, if mpirun started the program. RG_NO_DEVICE without MPI. */
rg_status rg_crew_join(struct rg_crew *crew);

/* The status of reading the command line; then whether all ranks have the same one, and are the same program. */
rg_status rg_crew_check(const struct rg_crew *crew, rg_status parsed, int argc, char **argv);

/* *runs: whether this rank runs the command. All of them run what can be shared out; rank 0 alone prints help. RG_USAGE
 * for a command that several ranks cannot run. */
rg_status rg_crew_command(const struct rg_crew *crew, const char *command, bool *runs);

/* Leave the others, when the work is done with that status: the one all of them end with. A failure that the others
 * cannot know ends them. */
rg_status rg_crew_end(struct rg_crew *crew, rg_status status);
/* After the last word. */
void rg_crew_leave(struct rg_crew *crew);

#endif
