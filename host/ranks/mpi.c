/* Ranks by Open MPI: see ranks.h. Open MPI's constants are addresses of objects in its library; they are looked up like
 * its functions. */
#define _GNU_SOURCE
#include <limits.h>
#include <mpi.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/sizes.h"
#include "base/symbol.h"
#include "ranks/ranks.h"
#include "rnn_gpu/memory.h"

#define FUNCTIONS(X)       \
    X(Init_thread)         \
    X(Finalize)            \
    X(Abort)               \
    X(Error_string)        \
    X(Comm_rank)           \
    X(Comm_size)           \
    X(Comm_split_type)     \
    X(Comm_free)           \
    X(Comm_set_errhandler) \
    X(Iallgather)          \
    X(Allgather)           \
    X(Iallgatherv)         \
    X(Ialltoallv)          \
    X(Iallreduce)          \
    X(Ibcast)              \
    X(Test)

struct library {
    void *handle;
#define MEMBER(name) __typeof__(&MPI_##name) name;
    FUNCTIONS(MEMBER)
    MPI_Comm world, null_comm;
    MPI_Datatype byte, integer;
    MPI_Op max;
    MPI_Errhandler errors_return;
    MPI_Info info_null;
    int *counts, *places, *counts2, *places2; /* [n] */
};

static struct library *of(const struct rg_ranks *ranks) {
    return ranks->library;
}

bool rg_ranks_built(void) {
    return true;
}

static rg_status check(const struct library *m, int code, const char *call) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (code == MPI_SUCCESS) {
        return RG_OK;
    }
    (void)m->Error_string(code, text, &length);
    return rg_fail(RG_ERROR, "MPI_%s: %.200s", call, text);
}

/* Call a function of the library from a function that returns a status. */
#define TRY(name, ...) RG_TRY(check(m, m->name(__VA_ARGS__), #name))

static rg_status find(const struct library *m, const char *name, void *out) {
    if (!rg_symbol_find(m->handle, name, out)) {
        return rg_fail(RG_NO_DEVICE, "libmpi.so.40 has no %s: it is not the Open MPI that this program was built for",
                       name);
    }
    return RG_OK;
}

static rg_status load(struct library *m) {
    /* RTLD_GLOBAL: MPI's own plug-ins look for its symbols */
    m->handle = dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
    if (!m->handle) {
        return rg_fail(RG_NO_DEVICE,
                       "mpirun started this program, but Open MPI's library is missing (%s): install "
                       "openmpi-bin on every host",
                       dlerror());
    }
#define FIND(name) RG_TRY(find(m, "MPI_" #name, &m->name));
    FUNCTIONS(FIND)
    RG_TRY(find(m, "ompi_mpi_comm_world", &m->world));
    RG_TRY(find(m, "ompi_mpi_comm_null", &m->null_comm));
    RG_TRY(find(m, "ompi_mpi_byte", &m->byte));
    RG_TRY(find(m, "ompi_mpi_int", &m->integer));
    RG_TRY(find(m, "ompi_mpi_op_max", &m->max));
    RG_TRY(find(m, "ompi_mpi_errors_return", &m->errors_return));
    return find(m, "ompi_mpi_info_null", &m->info_null);
}

/* Find this rank's number in the job and on its host. */
static rg_status find_place(struct rg_ranks *r) {
    struct library *const m = of(r);
    MPI_Comm host = m->null_comm;
    int rank = 0, n = 1, local = 0, n_local = 1;
    TRY(Comm_rank, m->world, &rank);
    TRY(Comm_size, m->world, &n);
    TRY(Comm_split_type, m->world, MPI_COMM_TYPE_SHARED, 0, m->info_null, &host);
    TRY(Comm_rank, host, &local);
    TRY(Comm_size, host, &n_local);
    TRY(Comm_free, &host);
    r->rank = (size_t)rank;
    r->n = (size_t)n;
    r->local_rank = (size_t)local;
    r->local_n = (size_t)n_local;
    (void)gethostname(r->host, sizeof r->host - 1);
    int *firsts = NULL;
    const int is_first = local == 0;
    RG_TRY(rg_alloc(&firsts, r->n, sizeof *firsts, "the ranks"));
    const rg_status status =
        check(m, m->Allgather(&is_first, 1, m->integer, firsts, 1, m->integer, m->world), "Allgather");
    for (size_t i = 0; i < r->n; i++) {
        r->n_hosts += firsts[i] != 0;
    }
    rg_free(firsts);
    return status;
}

/* MPI's own threads block all signals, like those of a pool. So the thread that called this function handles them. */
static rg_status initialise(const struct library *m) {
    sigset_t all, before;
    int level = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    const int code = m->Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return check(m, code, "Init_thread");
}

static rg_status start(struct rg_ranks *r) {
    struct library *const m = of(r);
    RG_TRY(load(m));
    RG_TRY(initialise(m));
    TRY(Comm_set_errhandler, m->world, m->errors_return);
    RG_TRY(find_place(r));
    RG_TRY(rg_alloc(&m->counts, 4 * r->n, sizeof *m->counts, "the ranks"));
    m->places = m->counts + r->n;
    m->counts2 = m->places + r->n;
    m->places2 = m->counts2 + r->n;
    return RG_OK;
}

static void release(struct rg_ranks *ranks) {
    if (ranks->library) {
        rg_free(of(ranks)->counts);
    }
    rg_free(ranks->library);
    rg_free(ranks);
}

rg_status rg_ranks_open(struct rg_ranks **out) {
    struct rg_ranks *r = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&r, 1, sizeof *r, "the ranks"));
    RG_TRY_GOTO(rg_alloc(&r->library, 1, sizeof(struct library), "the ranks"));
    RG_TRY_GOTO(start(r));
    *out = r;
    return RG_OK;
cleanup:
    release(r);
    return status;
}

void rg_ranks_close(struct rg_ranks *ranks) {
    if (ranks) {
        (void)of(ranks)->Finalize();
        release(ranks);
    }
}

void rg_ranks_abort(struct rg_ranks *ranks, rg_status status) {
    (void)of(ranks)->Abort(of(ranks)->world, (int)status);
}

/* ---- Communication ---- */

/* Wait until the other ranks are here too. MPI's own wait would occupy a processor, which is expensive where other
 * programs run. This one yields it. */
static rg_status finish(const struct library *m, MPI_Request *request) {
    int done = 0;
    while (!done) {
        TRY(Test, request, &done, MPI_STATUS_IGNORE);
        if (!done) {
            (void)sched_yield();
        }
    }
    return RG_OK;
}

enum { MESSAGE_BYTES = 900 };

/* A rank's contribution to an agreement. */
struct vote {
    int status;
    char host[RG_RANKS_HOST];
    char message[MESSAGE_BYTES];
};

/* Collect everybody's votes and sleep while waiting: MPI's own wait would take a whole processor from ranks that still
 * compute. */
static rg_status collect(struct rg_ranks *ranks, const void *mine, size_t bytes, void *all) {
    const struct library *const m = of(ranks);
    static const struct timespec pause = {.tv_nsec = 500 * 1000};
    MPI_Request request;
    int done = 0;
    TRY(Iallgather, mine, (int)bytes, m->byte, all, (int)bytes, m->byte, m->world, &request);
    for (size_t turns = 0; !done; turns++) {
        TRY(Test, &request, &done, MPI_STATUS_IGNORE);
        if (!done && turns > 100) {
            (void)nanosleep(&pause, NULL);
        }
    }
    return RG_OK;
}

rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status) {
    struct vote mine = {.status = (int)status}, *all = NULL;
    if (!rg_ranks_several(ranks)) {
        return status;
    }
    (void)snprintf(mine.host, sizeof mine.host, "%s", ranks->host);
    (void)snprintf(mine.message, sizeof mine.message, "%s", status == RG_OK ? "" : rg_error_message());
    RG_TRY(rg_alloc(&all, ranks->n, sizeof *all, "the ranks"));
    const rg_status collected = collect(ranks, &mine, sizeof mine, all);
    size_t failed = 0;
    while (collected == RG_OK && failed < ranks->n && all[failed].status == RG_OK) {
        failed++;
    }
    rg_status result = collected;
    if (collected == RG_OK && failed < ranks->n) {
        result = (rg_status)all[failed].status;
        ranks->agreed = true;
        (void)(failed == 0 ? rg_fail(result, "%s", all[0].message)
                           : rg_fail(result, "rank %zu on %s: %s", failed, all[failed].host, all[failed].message));
    }
    rg_free(all);
    return result;
}

rg_status rg_ranks_same(struct rg_ranks *ranks, uint64_t hash, rg_status status, const char *difference) {
    uint64_t first = hash;
    if (!rg_ranks_several(ranks)) {
        return RG_OK;
    }
    RG_TRY(rg_ranks_broadcast(ranks, 0, &first, sizeof first));
    return rg_ranks_agree(ranks, first == hash ? RG_OK : rg_fail(status, "%s", difference));
}

rg_status rg_ranks_max(struct rg_ranks *ranks, int *values, size_t n) {
    const struct library *const m = of(ranks);
    MPI_Request request;
    TRY(Iallreduce, MPI_IN_PLACE, values, (int)n, m->integer, m->max, m->world, &request);
    return finish(m, &request);
}

rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes) {
    enum { PIECE = 1 << 30 };
    const struct library *const m = of(ranks);
    for (size_t done = 0; done < bytes; done += PIECE) {
        const size_t n = rg_min(bytes - done, PIECE);
        MPI_Request request;
        TRY(Ibcast, (char *)data + done, (int)n, m->byte, (int)from, m->world, &request);
        RG_TRY(finish(m, &request));
    }
    return RG_OK;
}

/* Counts in MPI's type, and the start of each rank's part. */
static rg_status lay_out(const size_t *bytes, size_t n, int *counts, int *places) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        counts[i] = (int)bytes[i];
        places[i] = (int)at;
        at += bytes[i];
    }
    return at <= INT_MAX ? RG_OK : rg_fail(RG_NO_MEMORY, "more than 2 GiB in one message between ranks");
}

rg_status rg_ranks_gather(struct rg_ranks *ranks, void *data, const size_t *bytes) {
    const struct library *const m = of(ranks);
    RG_TRY(lay_out(bytes, ranks->n, m->counts, m->places));
    MPI_Request request;
    TRY(Iallgatherv, MPI_IN_PLACE, 0, m->byte, data, m->counts, m->places, m->byte, m->world, &request);
    return finish(m, &request);
}

rg_status rg_ranks_exchange(struct rg_ranks *ranks, const void *send, const size_t *sent, void *receive,
                            const size_t *received) {
    const struct library *const m = of(ranks);
    RG_TRY(lay_out(sent, ranks->n, m->counts, m->places));
    RG_TRY(lay_out(received, ranks->n, m->counts2, m->places2));
    MPI_Request request;
    TRY(Ialltoallv, send, m->counts, m->places, m->byte, receive, m->counts2, m->places2, m->byte, m->world, &request);
    return finish(m, &request);
}
