/* What the library notes on the way, and its message when it fails. */
#ifndef RG_TEST_NOTED_H
#define RG_TEST_NOTED_H

#include <check.h>
#include <stdio.h>

#include "rnn_gpu/log.h"

static char notes[8][300];
static size_t n_notes;

/* For rg_log_to. */
static inline void take_note(void *self, const char *line) {
    (void)self;
    ck_assert_uint_lt(n_notes, sizeof notes / sizeof *notes);
    (void)snprintf(notes[n_notes++], sizeof notes[0], "%s", line);
}

/* The message of the last failure is NAME followed by TEXT. */
static inline void expect_message(const char *name, const char *text) {
    char wanted[1200];
    (void)snprintf(wanted, sizeof wanted, "%s%s", name, text);
    ck_assert_str_eq(rg_error_message(), wanted);
}

#endif
