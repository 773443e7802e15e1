/* What the guard makes of a driver that ends the process: by each signal, by an overflow of the stack, by a call of
 * exit; with and without a second start of the program. Each case is a child process. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/stop.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define LOADED " while the OpenCL driver of Maker 7 was loaded, cause unknown; "
#define AGAIN LOADED "starting again without it\n"
#define NOT_AGAIN LOADED "the program does not start again, because "
#define TRY "; try --device cpu, or delete the driver's cache\n"

enum { STARTED_AGAIN = 42, ORDINARY = 5 };

/* The longest value of the variable to which an entry is still added: 400 bytes, less 1 for the end, the variable's
 * name and =, and an entry of the longest place, ",PLACE=NN". */
enum { LONGEST = 400 - 1 - (int)sizeof RG_GUARD_VARIABLE - (1 + 15 + 3) };

/* The program that the guard started again says what it was given. */
__attribute__((constructor)) static void begin_again(void) {
    const char *const died = getenv(RG_GUARD_VARIABLE), *const other = getenv("RG_GUARD_TEST");
    if (died && other) {
        (void)fprintf(stderr, "[%s] %s\n", died, other);
        _exit(STARTED_AGAIN);
    }
}

static void leave(rg_status status) {
    _exit((int)status);
}

static void flush(void) {
    (void)fprintf(stderr, "flushed\n");
}

/* How a process ends. */
enum end { ABORT, SEGV, BUS, ILL, FPE, OVERFLOW, EXIT };

/* What comes before that. */
enum {
    NOT_ENABLED = 1 << 0,
    NOT_WATCHED = 1 << 1, /* no driver yet */
    RELEASED = 1 << 2,    /* no driver any more */
    FORBIDDEN = 1 << 3,
    FINISHED = 1 << 4,
    REPLACED = 1 << 5, /* the driver's compiler has its own handlers */
    REARMED = 1 << 6,
    STOPPED = 1 << 7,  /* Ctrl-C came before */
    SECOND = 1 << 8,   /* another driver was in use before */
    STALE = 1 << 9,    /* the variable is in the environment, but main did not read it */
    FULL = 1 << 10,    /* the variable has no room */
    FLUSHED = 1 << 12, /* a device is released */
    ROOM = 1 << 11,    /* the longest that has room */
    BEFORE = 1 << 13   /* another driver died before */
};

static const struct {
    const char *name;
    enum end end;
    unsigned before;
    int code, signal; /* how the child ended */
    const char *said;
} cases[] = {
    {"abort", ABORT, 0, STARTED_AGAIN, 0, "rnn-gpu: SIGABRT" AGAIN "[0:1=06] kept\n"},
    {"a bad address", SEGV, 0, STARTED_AGAIN, 0, "rnn-gpu: SIGSEGV" AGAIN "[0:1=11] kept\n"},
    {"a bus error", BUS, 0, STARTED_AGAIN, 0, "rnn-gpu: SIGBUS" AGAIN "[0:1=07] kept\n"},
    {"a bad instruction", ILL, 0, STARTED_AGAIN, 0, "rnn-gpu: SIGILL" AGAIN "[0:1=04] kept\n"},
    {"a division", FPE, 0, STARTED_AGAIN, 0, "rnn-gpu: SIGFPE" AGAIN "[0:1=08] kept\n"},
    {"an overflow of the stack", OVERFLOW, 0, STARTED_AGAIN, 0, "rnn-gpu: SIGSEGV" AGAIN "[0:1=11] kept\n"},
    {"exit", EXIT, 0, STARTED_AGAIN, 0, "rnn-gpu: a call of exit" AGAIN "[0:1=00] kept\n"},
    {"after another", ABORT, BEFORE, STARTED_AGAIN, 0, "rnn-gpu: SIGABRT" AGAIN "[1=11,0:1=06] kept\n"},
    {"a stale variable", ABORT, STALE, STARTED_AGAIN, 0, "rnn-gpu: SIGABRT" AGAIN "[0:1=06] kept\n"},
    {"after another was in use", ABORT, SECOND, STARTED_AGAIN, 0, "rnn-gpu: SIGABRT" AGAIN "[0:1=06] kept\n"},
    {"abort, with results out", ABORT, FORBIDDEN, RG_NO_DEVICE, 0, "rnn-gpu: SIGABRT" NOT_AGAIN RG_GUARD_RESULTS TRY},
    {"an overflow, with results out", OVERFLOW, FORBIDDEN, RG_NO_DEVICE, 0,
     "rnn-gpu: SIGSEGV" NOT_AGAIN RG_GUARD_RESULTS TRY},
    {"exit, with results out", EXIT, FORBIDDEN, RG_NO_DEVICE, 0,
     "rnn-gpu: a call of exit" NOT_AGAIN RG_GUARD_RESULTS TRY},
    {"many died before", ABORT, FULL, RG_NO_DEVICE, 0,
     "rnn-gpu: SIGABRT" NOT_AGAIN "too many drivers have ended it" TRY},
    {"as many died before as there is room for", ABORT, ROOM, STARTED_AGAIN, 0, ""},
    {"Ctrl-C came first", ABORT, STOPPED, RG_TERMINATED, 0, ""},
    {"the program's own end", EXIT, FINISHED, ORDINARY, 0, ""},
    {"no driver yet", ABORT, NOT_WATCHED, 0, SIGABRT, ""},
    {"exit, no driver yet", EXIT, NOT_WATCHED, ORDINARY, 0, ""},
    {"no driver any more", SEGV, RELEASED, 0, SIGSEGV, ""},
    {"exit, no driver any more", EXIT, RELEASED, ORDINARY, 0, ""},
    {"not enabled", ABORT, NOT_ENABLED, 0, SIGABRT, ""},
    {"handlers replaced", SEGV, REPLACED, 0, SIGSEGV, ""},
    {"handlers installed again", SEGV, REPLACED | REARMED | FORBIDDEN, RG_NO_DEVICE, 0,
     "rnn-gpu: SIGSEGV" NOT_AGAIN RG_GUARD_RESULTS TRY},
    {"not installed again without a driver", SEGV, RELEASED | REARMED, 0, SIGSEGV, ""},
    {"a device is released", EXIT, FLUSHED | FINISHED, ORDINARY, 0, "flushed\n"},
    {"a device is released, not enabled", EXIT, FLUSHED | NOT_ENABLED, ORDINARY, 0, ""},
};

static size_t overflow(volatile const char *before, size_t depth) { /* NOLINT(misc-no-recursion) */
    volatile char part[4096];
    part[0] = before[0];
    return depth == 0 ? 0 : overflow(part, depth - 1) + (size_t)part[0];
}

static void end_by(enum end end) {
    static const int signals[] = {[SEGV] = SIGSEGV, [BUS] = SIGBUS, [ILL] = SIGILL, [FPE] = SIGFPE};
    switch (end) {
    case ABORT:
        abort();
    case OVERFLOW:
        (void)overflow("", SIZE_MAX / 4096);
        break;
    case EXIT:
        exit(ORDINARY);
    default:
        (void)raise(signals[end]);
    }
}

/* The child's life. */
static void live(enum end end, unsigned before) {
    static char *argv[] = {"test_guard", NULL};
    char full[LONGEST + 2] = "";
    memset(full, '1', before & ROOM ? LONGEST : LONGEST + 1);
    const struct rg_guard_options options = {.argv = argv,
                                             .leave = leave,
                                             .flush = flush,
                                             .died = before & (FULL | ROOM) ? full
                                                     : before & BEFORE      ? "1=11"
                                                                            : NULL};
    (void)setenv("RG_GUARD_TEST", "kept", 1);
    if (before & STALE) {
        (void)setenv(RG_GUARD_VARIABLE, "9=09", 1);
    }
    if (!(before & NOT_ENABLED)) {
        rg_guard_enable(&options);
    }
    ck_assert(rg_guard_is_enabled() == !(before & NOT_ENABLED));
    if (before & SECOND) {
        rg_guard_watch("*", NULL);
        rg_guard_watch("0:1", "Maker 6");
        rg_guard_watch("0:0", "Maker 7");
    }
    if (!(before & NOT_WATCHED)) {
        rg_guard_watch("0:1", "Maker 7");
    }
    if (before & RELEASED) {
        rg_guard_watch(NULL, NULL);
    }
    if (before & FORBIDDEN) {
        rg_guard_forbid_restart(RG_GUARD_RESULTS);
    }
    if (before & FINISHED) {
        rg_guard_finished();
    }
    if (before & REPLACED) {
        (void)signal(SIGSEGV, SIG_DFL);
    }
    if (before & REARMED) {
        rg_guard_rearm();
    }
    if (before & STOPPED) {
        rg_stop_with(RG_TERMINATED);
    }
    if (before & FLUSHED) {
        rg_guard_before_release();
    }
    end_by(end);
}

START_TEST(the_end_of_a_process) {
    char said[1000] = "";
    size_t n = 0;
    int ends[2], status = 0;
    test_case("%s", cases[_i].name);
    (void)fflush(NULL);
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        live(cases[_i].end, cases[_i].before);
        _exit(99);
    }
    ck_assert_int_gt(child, 0);
    (void)close(ends[1]);
    for (ssize_t got = 1; got > 0; n += (size_t)(got > 0 ? got : 0)) {
        got = read(ends[0], said + n, sizeof said - 1 - n);
    }
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (cases[_i].before & ROOM) {
        char ones[LONGEST + 1] = "", wanted[1000];
        memset(ones, '1', LONGEST);
        (void)snprintf(wanted, sizeof wanted, "rnn-gpu: SIGABRT" AGAIN "[%s,0:1=06] kept\n", ones);
        ck_assert_str_eq(said, wanted);
    } else {
        ck_assert_str_eq(said, cases[_i].said);
    }
    ck_assert_int_eq(WIFSIGNALED(status) ? WTERMSIG(status) : 0, cases[_i].signal);
    ck_assert_int_eq(WIFEXITED(status) ? WEXITSTATUS(status) : 0, cases[_i].code);
}
END_TEST

TEST_MAIN("guard") {
    TCase *const tests = add_tests(suite, "guard");
    tcase_add_loop_test(tests, the_end_of_a_process, 0, COUNT(cases));
}
