/* `export --task`: the sequences of a synthetic task, for other programs. */
#ifndef RG_EXPORT_TASK_H
#define RG_EXPORT_TASK_H

#include "rnn_gpu/config.h"

/* Write --out, an .npz file of `x` and `y` for --data: the first --sequences sequences of a training's first update. */
rg_status rg_export_task(const struct rg_config *config);

#endif
