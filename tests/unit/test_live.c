/* The live line on a terminal, which is a pseudo terminal here: what is written to it, when it is on, and how it is
 * cut. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/live.h"
#include "suite.h"

static int terminal, before;
static char told[4000];

/* From now on stderr is a terminal of so many columns; 0: it does not know them. */
static void open_terminal(unsigned short columns) {
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    const int end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    struct termios plain;
    ck_assert(end >= 0 && tcgetattr(end, &plain) == 0);
    cfmakeraw(&plain); /* what is written comes out as it is */
    ck_assert(tcsetattr(end, TCSANOW, &plain) == 0 && ioctl(end, TIOCSWINSZ, &size) == 0);
    ck_assert(fcntl(terminal, F_SETFL, O_NONBLOCK) == 0);
    (void)fflush(stderr);
    before = dup(STDERR_FILENO);
    ck_assert(before >= 0 && dup2(end, STDERR_FILENO) == STDERR_FILENO && close(end) == 0);
}

/* What has been written since the last time. */
static const char *written(void) {
    (void)fflush(stderr);
    const ssize_t n = read(terminal, told, sizeof told - 1);
    told[n > 0 ? n : 0] = '\0';
    return told;
}

static void close_terminal(void) {
    (void)fflush(stderr);
    ck_assert(dup2(before, STDERR_FILENO) == STDERR_FILENO && close(before) == 0 && close(terminal) == 0);
}

START_TEST(shown_and_cleared) {
    open_terminal(11);
    rg_live_clear();
    ck_assert_str_eq(written(), "");
    rg_live_show("0123456789abc");
    ck_assert_str_eq(written(), "\r\033[J0123456789\r");
    rg_live_show("0123456789");
    ck_assert_str_eq(written(), "\r\033[J0123456789\r");
    rg_live_show("\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac"
                 "456789\xc3\xa4"); /* characters, not bytes */
    ck_assert_str_eq(written(), "\r\033[J\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac"
                                "456789\r");
    rg_live_show("");
    ck_assert_str_eq(written(), "\r\033[J\r");
    rg_live_clear();
    ck_assert_str_eq(written(), "\r\033[J");
    rg_live_clear(); /* there is none any more */
    ck_assert_str_eq(written(), "");
    rg_live_show("a\033[2Jb"); /* nothing of it reaches the terminal as a command */
    ck_assert_ptr_null(strstr(written() + 4, "\033"));
    rg_live_clear();
    close_terminal();
}
END_TEST

START_TEST(columns) {
    static const struct {
        unsigned short terminal;
        size_t line;
    } cases[] = {{80, 79}, {3, 2}, {2, 1}, {1, 1}, {0, 79}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_terminal(cases[i].terminal);
        const size_t line = rg_live_columns();
        close_terminal();
        ck_assert_uint_eq(line, cases[i].line);
    }
    FILE *const file = tmpfile(); /* no terminal */
    const int kept = dup(STDERR_FILENO);
    ck_assert(file && kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    const size_t line = rg_live_columns();
    const char *const erasing = rg_live_erasing();
    const struct rg_config config = rg_config_default();
    const bool is_on = rg_live_is_on(&config);
    ck_assert(dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0 && fclose(file) == 0);
    ck_assert_uint_eq(line, 79);
    ck_assert_str_eq(erasing, "");
    ck_assert(!is_on);
}
END_TEST

START_TEST(when_it_is_on) {
    static const struct {
        const char *term; /* NULL: not set */
        bool quiet, json, is_on;
        const char *erasing;
    } cases[] = {{"xterm", false, false, true, "\r\033[J"},
                 {"xterm", true, false, false, "\r\033[J"},
                 {"xterm", false, true, false, "\r\033[J"},
                 {"dumb", false, false, false, "\n"},
                 {NULL, false, false, false, "\n"}};
    char *const kept = getenv("TERM") ? strdup(getenv("TERM")) : NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_config config = rg_config_default();
        config.output.quiet = cases[i].quiet;
        config.output.json = cases[i].json;
        ck_assert_int_eq(cases[i].term ? setenv("TERM", cases[i].term, 1) : unsetenv("TERM"), 0);
        open_terminal(80);
        const bool is_on = rg_live_is_on(&config);
        const char *const erasing = rg_live_erasing();
        close_terminal();
        ck_assert(is_on == cases[i].is_on);
        ck_assert_str_eq(erasing, cases[i].erasing);
    }
    ck_assert_int_eq(kept ? setenv("TERM", kept, 1) : unsetenv("TERM"), 0);
    free(kept);
}
END_TEST

/* Without a terminal nothing is shown. */
START_TEST(not_in_a_file) {
    const struct rg_config config = rg_config_default();
    FILE *const file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
    (void)fflush(stderr);
    before = dup(STDERR_FILENO);
    ck_assert(before >= 0 && dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
    const bool is_on = rg_live_is_on(&config);
    rg_live_clear();
    (void)fflush(stderr);
    ck_assert(dup2(before, STDERR_FILENO) == STDERR_FILENO && close(before) == 0);
    ck_assert(!is_on && lseek(fileno(file), 0, SEEK_END) == 0);
    ck_assert_int_eq(fclose(file), 0);
}
END_TEST

TEST_MAIN("live") {
    TCase *const tests = add_tests(suite, "live");
    tcase_add_test(tests, not_in_a_file);
    if (access("/dev/pts/ptmx", F_OK) != 0) {
        printf("the rest is not run: this machine has no pseudo-terminals\n");
        return;
    }
    tcase_add_test(tests, shown_and_cleared);
    tcase_add_test(tests, columns);
    tcase_add_test(tests, when_it_is_on);
}
