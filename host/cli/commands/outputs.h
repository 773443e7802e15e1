/* Checks the files that a command writes: that they can be written, and that they differ from each other and from those
 * that it reads. */
#ifndef RG_OUTPUTS_H
#define RG_OUTPUTS_H

#include <stdbool.h>

#include "rnn_gpu/config.h"

/* The files that a training writes into the folder of --out. */
#define RG_OUT_MODEL "model.safetensors"
#define RG_OUT_BEST "best.safetensors"
#define RG_OUT_REPORT "report.html"
#define RG_OUT_LOG "log.jsonl"

/* What --out names. */
enum rg_out {
    RG_OUT_FILE,
    RG_OUT_TRAINING, /* a folder with the files above */
    RG_OUT_RUNS      /* a table (run_table.h), or a folder of trainings */
};

/* Before any work, of every option that names a file: RG_USAGE if a result's file is the model, the data, or another
 * result's file; RG_NOT_SAVED if it cannot be written. */
rg_status rg_outputs_check(const struct rg_config *config, enum rg_out out);

/* Just before the file of --out is written: log that there is one already, which is replaced. */
void rg_outputs_tell_replaced(const struct rg_config *config);

/* Print on stdout, in lines of `width` columns, which files and folders a command wrote. After its success: what exists
 * counts as written. Pipes and devices are left out. */
void rg_outputs_print(const struct rg_config *config, enum rg_out out, size_t width);

/* RG_USAGE if a folder of --out holds a result already. */
rg_status rg_outputs_refuse_earlier(const char *folder);

#endif
