/* The log in the folder of a run (log.jsonl): how the run stands. */
#ifndef RG_RUN_LOG_H
#define RG_RUN_LOG_H

#include <jansson.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum { RG_RUN_LOG_TEXT = 64 };

struct rg_run_log {
    json_t *options;              /* options in the start event, or in the last one that resumed the run; or NULL */
    char reason[RG_RUN_LOG_TEXT]; /* how the run ended; "": it has not */
    char verdict[RG_RUN_LOG_TEXT];
    uint64_t updates;
    double loss;       /* final loss, or the last update's if it did not end; NAN: not known */
    double validation; /* lowest loss of the validation data; NAN: none */
    double test;       /* loss of the test data; NAN: none */
};

/* Read the log of the run in a folder; without a log nothing is known. RG_NO_MEMORY. Release it, also after a failure.
 */
rg_status rg_run_log_read(const char *folder, struct rg_run_log *log);

/* The same of the result of a training of compare or sweep (rg_trainings_json), which has ended. */
void rg_run_log_of_result(const json_t *result, struct rg_run_log *log);
void rg_run_log_release(struct rg_run_log *log);

#endif
