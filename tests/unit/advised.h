/* Command lines as main gets them, and the advice to runs that they made up. */
#ifndef RNN_GPU_TESTS_ADVISED_H
#define RNN_GPU_TESTS_ADVISED_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/advice.h"
#include "options/options.h"
#include "suite.h"

enum { MAX_WORDS = 60, LINE_BYTES = 1000 };

/* A command line as main gets it. */
struct line {
    char text[2 * LINE_BYTES];
    char *words[MAX_WORDS];
    int n;
};

static inline void split(struct line *line, const char *text) {
    (void)snprintf(line->text, sizeof line->text, "rnn-gpu %s", text);
    line->n = 0;
    for (char *at = strtok(line->text, " "); at; at = strtok(NULL, " ")) {
        ck_assert_int_lt(line->n, MAX_WORDS);
        line->words[line->n++] = at;
    }
}

static inline struct rg_config parse(struct line *line, const char *text) {
    struct rg_config config;
    const char *command = NULL, *topic = NULL;
    split(line, text);
    ck_assert_msg(rg_options_parse(line->n, line->words, &config, &command, &topic) == RG_OK, "%s: %s", text,
                  rg_error_message());
    config.arguments = line->words;
    config.n_arguments = line->n;
    return config;
}

/* A run at the baseline of `adding`. */
static inline struct rg_outcome outcome_of(const struct rg_config *config, enum rg_verdict_word verdict) {
    return (struct rg_outcome){.config = config,
                               .ended = true,
                               .has_verdict = true,
                               .verdict = verdict,
                               .last = 9,
                               .loss_kind = RG_LOSS_MSE,
                               .loss = 0.166,
                               .baseline = 1.0 / 6.0,
                               .updates = config->training.updates,
                               .steps = config->data.steps,
                               .dead = 0.1};
}

static inline struct rg_advice advise(const char *text, enum rg_verdict_word verdict) {
    struct line line;
    struct rg_advice advice;
    const struct rg_config config = parse(&line, text);
    const struct rg_outcome outcome = outcome_of(&config, verdict);
    rg_advise(&outcome, &advice);
    return advice;
}

static inline void expect(const char *text, enum rg_verdict_word verdict, const char *wanted) {
    const struct rg_advice advice = advise(text, verdict);
    ck_assert_str_eq(advice.command, wanted);
}

#endif
