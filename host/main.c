/* The program: parses the command line, runs the command, reports on stderr, and makes sure that results on stdout
 * were written before it says that they were. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/status.h"

static const struct {
    const char *name;
    rg_status (*run)(const struct rg_config *config);
} commands[] = {
    {"train", rg_command_train},     {"grad", rg_command_grad},       {"predict", rg_command_predict},
    {"compare", rg_command_compare}, {"sweep", rg_command_sweep},     {"probe", rg_command_probe},
    {"bench", rg_command_bench},     {"devices", rg_command_devices}, {"selftest", rg_command_selftest},
};

static rg_status run(int argc, char **argv) {
    struct rg_config config;
    const char *command = NULL, *topic = NULL;
    RG_TRY(rg_options_parse(argc, argv, &config, &command, &topic));
    rg_log_quiet(config.quiet);
    if (strcmp(command, "help") == 0)
        return rg_options_help(topic);
    if (strcmp(command, "version") == 0) {
        (void)puts("rnn-gpu " RG_VERSION);
        return RG_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(command, commands[i].name) == 0)
            return commands[i].run(&config);
    return rg_fail(RG_ERROR, "command %s is not part of this program", command);
}

/* A file opened while stdin, stdout or stderr is closed would take its number and then get results or messages mixed
 * in. The wrong direction makes every use fail as if it were still closed. */
static void hold_standard_files(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* RG_NOT_SAVED if anything meant for stdout did not get there and nothing worse happened before. */
static rg_status finish_output(rg_status status) {
    const int failed_before = ferror(stdout);
    errno = 0;
    if (fclose(stdout) == 0 && !failed_before)
        return status;
    const char *const reason = errno != 0 ? strerror(errno) : "the output was cut off";
    return status == RG_OK ? rg_fail(RG_NOT_SAVED, "stdout cannot be written: %s", reason) : status;
}

static void report(rg_status status) {
    if (status == RG_OK || status == RG_INTERRUPTED || status == RG_TERMINATED)
        return;
    (void)fprintf(stderr, "rnn-gpu: %s%s\n", rg_error_message(), status == RG_USAGE ? " (see rnn-gpu --help)" : "");
}

int main(int argc, char **argv) {
    hold_standard_files();
    (void)signal(SIGPIPE, SIG_IGN); /* both are then errors of the write */
    (void)signal(SIGXFSZ, SIG_IGN);
    const rg_status status = finish_output(run(argc, argv));
    report(status);
    return (int)status;
}
