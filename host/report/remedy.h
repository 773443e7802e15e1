/* One remedy for what a verdict finds, as the command that the user gave with it put in. */
#ifndef RG_REMEDY_H
#define RG_REMEDY_H

#include "gradient/verdict.h"
#include "rnn_gpu/config.h"

enum { RG_REMEDY_BYTES = 1000 }; /* a longer command is left out */

/* "./rnn-gpu …", or "" where nothing is to be mended or `config` is not of a training. The notes' order: for a
 * vanishing gradient an initialisation that keeps lengths, then gates, then gates that remember longer, then a skip;
 * for an exploding one clipping, a recurrent matrix that keeps lengths, a smaller rate. */
void rg_remedy_command(enum rg_verdict verdict, const struct rg_config *config, char *out, size_t bytes);

#endif
