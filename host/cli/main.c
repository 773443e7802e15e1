/* The program: parses the command line, runs the command, reports on stderr, and checks that all results on stdout were
 * written before it reports success. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/called.h"
#include "base/guard.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "cli/commands/commands.h"
#include "cli/config_file.h"
#include "cli/crew.h"
#include "cli/environment.h"
#include "cli/help.h"
#include "cli/live.h"
#include "cli/reading.h"
#include "files/temporary.h"
#include "options/options.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/status.h"

static void print_line(const char *line, const char *end) {
    (void)fputs("rnn-gpu: ", stderr);
    rg_utf8_put(stderr, line, strlen(line));
    (void)fprintf(stderr, "%s\n", end);
}

/* Notices go to stderr. One that repeats the last is left out: a log that could not be written says so while it is
 * written, and when it is closed. */
static void print_notice(void *self, const char *line) {
    static char last[2048]; /* notices come one at a time */
    (void)self;
    if (strcmp(last, line) == 0) {
        return;
    }
    (void)snprintf(last, sizeof last, "%s", line);
    rg_live_clear();
    print_line(line, "");
}

static rg_status run_line(int argc, char **argv, const struct rg_crew *crew) {
    struct rg_config config;
    const char *command = NULL, *topic = NULL;
    bool runs = true;
    RG_TRY(rg_crew_check(crew, rg_options_parse(argc, argv, &config, &command, &topic), argc, argv));
    RG_TRY(rg_crew_command(crew, command, &runs));
    if (!runs) {
        return RG_OK;
    }
    if (strcmp(command, "help") == 0) {
        return rg_options_help(topic);
    }
    if (strcmp(command, "completion") == 0) {
        return rg_completion_print(topic);
    }
    if (strcmp(command, "version") == 0) {
        rg_version_print(config.output.verbose);
        return RG_OK;
    }
    RG_TRY(rg_environment_options(&config));
    config.machine.ranks = crew->ranks;
    rg_log_quiet(config.output.quiet);
    if (config.output.dump_config) {
        return rg_config_dump(command, &config);
    }
    struct rg_reading reading;
    rg_reading_begin(&reading, &config);
    const rg_status status = rg_command_run(command, &config);
    rg_reading_end();
    return status;
}

static rg_status run(int argc, char **argv, const struct rg_crew *crew) {
    struct rg_command_line line;
    rg_status status = rg_command_line_create(argc, argv, &line);
    if (status == RG_OK) {
        status = run_line(line.argc, line.argv, crew);
    }
    rg_command_line_release(&line);
    return status;
}

/* If stdin, stdout or stderr is closed, the next file that is opened would get its number, and results or messages
 * would be mixed into it. So such a descriptor is opened in the wrong direction: every use then fails as if it were
 * still closed. */
static void hold_standard_files(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

/* Is stdout a pipe or socket whose other end is closed? `head` closes its end once it has its lines. */
static bool reader_is_gone(void) {
    struct pollfd end = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&end, 1, 0) == 1 && (end.revents & (POLLERR | POLLHUP)) != 0;
}

/* RG_NOT_SAVED or RG_NO_READER if output for stdout was lost and nothing worse happened before. */
static rg_status finish_output(rg_status status) {
    errno = 0;
    const bool failed = fflush(stdout) != 0 || ferror(stdout);
    const int error = errno;
    const bool is_gone = failed && reader_is_gone();
    if (fclose(stdout) == 0 && !failed) {
        return status;
    }
    if (status != RG_OK) {
        return status;
    }
    if (is_gone) {
        return RG_NO_READER;
    }
    return rg_fail(RG_NOT_SAVED, "stdout cannot be written: %s",
                   error != 0 ? strerror(error) : "the output was cut off");
}

static void report(int argc, char **argv, rg_status status) {
    char hint[80] = "";
    if (status == RG_OK || status == RG_INTERRUPTED || status == RG_TERMINATED || status == RG_NO_READER) {
        return;
    }
    rg_live_clear();
    if (status == RG_USAGE) {
        const size_t command = argc > 1 ? rg_command_find(argv[1]) : rg_n_commands;
        const bool own = command > 0 && command < rg_n_commands && strcmp(rg_commands[command].name, "help") != 0;
        (void)snprintf(hint, sizeof hint, " (see " RG_CALLED " %s%s)", own ? "help " : "--help",
                       own ? rg_commands[command].name : "");
    }
    print_line(rg_error_message(), hint);
}

/* Called by the second signal. */
static void leave(rg_status status) {
    rg_temporaries_remove();
    _exit((int)status);
}

/* Write what is printed. A failure stays in stdout, and finish_output reports it. */
static void flush(void) {
    (void)fflush(stdout);
}

int main(int argc, char **argv) {
    hold_standard_files();
    rg_log_to(print_notice, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* both are then errors of the write */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], RG_TRIAL_ARGUMENT) == 0) {
        return (int)rg_command_try_drivers(argv[2]);
    }
    rg_stop_catch(leave, rg_live_erasing());
    struct rg_guard_options guard = {.argv = argv, .leave = leave, .flush = flush};
    rg_environment_guard(&guard);
    rg_guard_enable(&guard);
    rg_environment_cache();
    struct rg_crew crew;
    const rg_status joined = rg_crew_join(&crew);
    const rg_status ran = joined == RG_OK ? run(argc, argv, &crew) : joined;
    rg_status status = finish_output(rg_stop_is(ran) ? rg_stop_status() : ran);
    rg_stop_release();
    if (status == RG_OK || rg_stop_is(status)) {
        status = rg_stop_status();
    }
    status = rg_crew_end(&crew, status);
    report(argc, argv, status);
    rg_guard_finished();
    rg_crew_leave(&crew);
    return (int)status;
}
