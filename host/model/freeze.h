/* Parameters that a training leaves as they are: --freeze. */
#ifndef RG_MODEL_FREEZE_H
#define RG_MODEL_FREEZE_H

#include "rnn_gpu/model.h"

/* Mark as frozen the parameters whose names match one of the shell patterns in `list`, which has commas between them:
 * "rnn.weight_ih_*,embed*". A name matches without its "rnn." too. RG_USAGE for a pattern that matches no parameter,
 * which names the nearest one, and where nothing is left to train. */
rg_status rg_model_freeze(struct rg_model *model, const char *list);

#endif
