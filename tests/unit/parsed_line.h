/* A command line, parsed as the program does it. */
#ifndef RNN_GPU_TESTS_PARSED_LINE_H
#define RNN_GPU_TESTS_PARSED_LINE_H

#include <stdio.h>
#include <string.h>

#include "options/options.h"
#include "rnn_gpu/config.h"
#include "suite.h"

enum { MAX_WORDS = 40 };

static char line_copy[512];
static struct rg_config config;
static const char *command, *topic;

/* Parse a line of words separated by one space; '' is an empty word. */
static inline rg_status parse(const char *line) {
    static char *argv[MAX_WORDS + 1]; /* the configuration keeps it */
    int argc = 1;
    memset(argv, 0, sizeof argv);
    argv[0] = "rnn-gpu";
    snprintf(line_copy, sizeof line_copy, "%s", line);
    for (char *rest = line_copy, *word; (word = strsep(&rest, " ")) != NULL && argc < MAX_WORDS;) {
        if (*word != '\0') {
            argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
        }
    }
    return rg_options_parse(argc, argv, &config, &command, &topic);
}

static inline void accept(const char *line) {
    ck_assert_msg(parse(line) == RG_OK, "`%s`: %s", line, rg_error_message());
}

#endif
