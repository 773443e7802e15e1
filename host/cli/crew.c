/* The program as one of several ranks: see crew.h. */
#define _GNU_SOURCE
#include "cli/crew.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/hash.h"
#include "files/fingerprint.h"

/* Variables by which mpirun and other launchers of MPI programs tell each process the number of processes and its rank.
 */
static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
static const char *const places[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};

/* The first variable that is set, as a number; -1: none is. */
static long number_of(const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *const text = getenv(names[i]);
        if (text && text[0] != '\0') {
            return strtol(text, NULL, 10);
        }
    }
    return -1;
}

/* From now on print nothing but this rank's own failure. */
static void be_silent(struct rg_crew *crew) {
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    crew->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (nothing >= 0) {
        (void)dup2(nothing, STDOUT_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        (void)close(nothing);
    }
}

rg_status rg_crew_join(struct rg_crew *crew) {
    *crew = (struct rg_crew){.ranks = NULL, .errors = STDERR_FILENO};
    const long place = number_of(places, sizeof places / sizeof *places);
    const long n = number_of(sizes, sizeof sizes / sizeof *sizes);
    /* a single process runs the same program without MPI */
    if ((place < 0 && n < 0) || (!rg_ranks_built() && n <= 1)) {
        return RG_OK;
    }
    if (place > 0) {
        be_silent(crew);
    }
    rg_guard_forbid_restart("a rank of mpirun cannot start again by itself");
    return rg_ranks_open(&crew->ranks);
}

rg_status rg_crew_check(const struct rg_crew *crew, rg_status parsed, int argc, char **argv) {
    struct rg_fingerprint program = {0, 0};
    uint64_t options = RG_HASH_START;
    if (!rg_ranks_several(crew->ranks)) {
        return parsed;
    }
    for (int i = 1; i < argc; i++) {
        options = rg_hash_item(options, argv[i]);
    }
    const char *const device = getenv("RNN_GPU_DEVICE");
    options = rg_hash_item(options, device ? device : "");
    const rg_status taken = rg_fingerprint_take("/proc/self/exe", &program);
    RG_TRY(rg_ranks_agree(crew->ranks, parsed == RG_OK ? taken : parsed));
    RG_TRY(rg_ranks_same(crew->ranks, rg_hash_item((uint64_t)program.crc << 32 ^ program.bytes, RG_VERSION), RG_USAGE,
                         "its program is another build than rank 0's; install the same one on every host"));
    return rg_ranks_same(crew->ranks, options, RG_USAGE,
                         "its options (or RNN_GPU_DEVICE) differ from those of rank 0; give all ranks the same");
}

rg_status rg_crew_command(const struct rg_crew *crew, const char *command, bool *runs) {
    static const char *const shared[] = {"train", "compare", "sweep"}, *const told[] = {"help", "version",
                                                                                        "completion"};
    *runs = true;
    if (!rg_ranks_several(crew->ranks)) {
        return RG_OK;
    }
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        if (strcmp(command, shared[i]) == 0) {
            return RG_OK;
        }
    }
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (strcmp(command, told[i]) == 0) {
            *runs = crew->ranks->rank == 0;
            return RG_OK;
        }
    }
    return rg_fail(RG_USAGE, "mpirun runs train, compare and sweep; start %s without it", command);
}

/* Print one line that names the rank, in one write. */
static void tell(const struct rg_crew *crew) {
    char line[1300];
    const int length = snprintf(line, sizeof line, "rnn-gpu: rank %zu on %s: %s\n", crew->ranks->rank,
                                crew->ranks->host, rg_error_message());
    const ssize_t written = write(crew->errors, line, length > 0 ? (size_t)length : 0);
    (void)written; /* a failure to write cannot be reported */
}

rg_status rg_crew_end(struct rg_crew *crew, rg_status status) {
    struct rg_ranks *const ranks = crew->ranks;
    if (!rg_ranks_several(ranks)) {
        return status;
    }
    /* mpirun ends the other ranks when one ends with a code other than 0; this lets each of them print its failure */
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    if (ranks->agreed) {
        return status;
    }
    if (ranks->in_step && status != RG_OK) {
        tell(crew);
        rg_guard_finished();
        rg_ranks_abort(ranks, status);
    }
    return rg_ranks_agree(ranks, status);
}

void rg_crew_leave(struct rg_crew *crew) {
    rg_ranks_close(crew->ranks);
    crew->ranks = NULL;
}
