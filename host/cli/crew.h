/* The program as one of several ranks that mpirun started. Rank 0 prints for all of them.
 *
 * The other ranks write nothing, neither to the screen nor to files. If all ranks learn of a failure, rank 0 reports
 * it. A rank that fails while the others wait for it reports the failure itself, with its name, and ends the job. */
#ifndef RG_CREW_H
#define RG_CREW_H

#include "ranks/ranks.h"
#include "rnn_gpu/config.h"

struct rg_crew {
    /* NULL: mpirun did not start this program, or it is the only process and was built without MPI */
    struct rg_ranks *ranks;
    int errors; /* descriptor for a silent rank's own failure: its original stderr */
};

/* Join the other ranks if mpirun started the program. RG_NO_DEVICE without MPI. */
rg_status rg_crew_join(struct rg_crew *crew);

/* Check that all ranks run the same program with the same command line. `parsed` is the status of parsing it; the first
 * failure of any rank is the result of all. */
rg_status rg_crew_check(const struct rg_crew *crew, rg_status parsed, int argc, char **argv);

/* *runs: this rank runs the command. All ranks run work that can be shared; only rank 0 prints help. RG_USAGE for a
 * command that several ranks cannot run. */
rg_status rg_crew_command(const struct rg_crew *crew, const char *command, bool *runs);

/* Agree on the status with which all ranks end, after this one's work ended with `status`. A failure that the others
 * cannot learn of ends them. */
rg_status rg_crew_end(struct rg_crew *crew, rg_status status);
/* Leave the other ranks, after the last line was printed. */
void rg_crew_leave(struct rg_crew *crew);

#endif
