/* Compares the files that a command writes with each other and with those that it reads. */
#ifndef RG_OUTPUTS_H
#define RG_OUTPUTS_H

#include <stdbool.h>

#include "rnn_gpu/config.h"

/* The files that a training writes into the folder of --out. */
#define RG_OUT_MODEL "model.safetensors"
#define RG_OUT_BEST "best.safetensors"
#define RG_OUT_REPORT "report.html"
#define RG_OUT_LOG "log.jsonl"

/* Before any work: RG_USAGE if a result's file is the model, the data, or another result's file. With `folder` --out is
 * a folder with the files above, otherwise a file. */
rg_status rg_outputs_check(const struct rg_config *config, bool folder);

/* RG_USAGE if a folder of --out holds a result already. */
rg_status rg_outputs_refuse_earlier(const char *folder);

#endif
