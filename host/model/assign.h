/* Single weights of a model given by name: --set. */
#ifndef RG_MODEL_ASSIGN_H
#define RG_MODEL_ASSIGN_H

#include "rnn_gpu/model.h"

/* Set weights as `text` says: NAME[i,j]=V, several with commas between them; i and j count from 0, a vector takes one.
 * NAME is as in the model's file ("rnn.weight_hh_l0", also without "rnn."), or one of the notes': Wi, Wh and Wo are the
 * transposes of rnn.weight_ih_l0, rnn.weight_hh_l0 and head.weight. `tell`: log each with the value before. RG_USAGE
 * names the nearest weight and its shape. */
rg_status rg_model_assign(struct rg_model *model, const char *text, bool tell);

#endif
