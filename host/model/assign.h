/* Setting single weights of a model by name: --set. */
#ifndef RG_MODEL_ASSIGN_H
#define RG_MODEL_ASSIGN_H

#include "rnn_gpu/model.h"

/* Set the weights in `text`: NAME[i,j]=V, several separated by commas. i and j count from 0; a vector takes one index.
 * NAME is a name of the model's file ("rnn.weight_hh_l0", with or without "rnn."), or one of the notes' names: Wi, Wh
 * and Wo are the transposes of rnn.weight_ih_l0, rnn.weight_hh_l0 and head.weight. With `tell` each change is logged
 * with the previous value. RG_USAGE names the nearest weight and its shape. */
rg_status rg_model_assign(struct rg_model *model, const char *text, bool tell);

#endif
