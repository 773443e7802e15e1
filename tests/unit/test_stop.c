/* Signals that ask a program to stop: answered while it works, not after. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"
#include "suite.h"

static void leave(rg_status status) {
    _exit((int)status);
}

/* What waitpid says of a process that catches signals and gets one: before or after rg_stop_release. */
static int ending(int number, bool released) {
    const pid_t process = fork();
    if (process == 0) {
        (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* the answer goes there */
        rg_stop_catch(leave, "");
        if (released) {
            rg_stop_release();
        }
        (void)raise(number);
        _exit((int)rg_stop_status());
    }
    int ended = 0;
    ck_assert_int_eq(waitpid(process, &ended, 0), process);
    return ended;
}

START_TEST(signals_are_exit_codes_until_the_work_is_done) {
    static const struct {
        int number;
        rg_status status;
    } cases[] = {{SIGINT, RG_INTERRUPTED}, {SIGTERM, RG_TERMINATED}, {SIGHUP, RG_TERMINATED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int working = ending(cases[i].number, false), done = ending(cases[i].number, true);
        ck_assert(WIFEXITED(working));
        ck_assert_int_eq(WEXITSTATUS(working), cases[i].status);
        ck_assert(WIFSIGNALED(done));
        ck_assert_int_eq(WTERMSIG(done), cases[i].number);
    }
}
END_TEST

TEST_MAIN("stop") {
    tcase_add_test(add_tests(suite, "stop"), signals_are_exit_codes_until_the_work_is_done);
}
