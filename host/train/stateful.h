/* Truncated BPTT that carries the state (--tbptt K): one text or one long series is laid out as parallel streams, as
 * many as an update has sequences. Update u reads the next K steps of every stream. It starts from the states, h and c,
 * in which update u - 1 ended, and no gradient goes back over that border. With a new epoch the streams begin anew, and
 * with zeros. */
#ifndef RG_STATEFUL_H
#define RG_STATEFUL_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"

/* Take the only sequence of a data set apart, so that its end can be held out. RG_USAGE for data and options that
 * cannot carry a state. */
rg_status rg_stateful_unroll(const struct rg_config *config, struct rg_dataset *data);

/* Lay the data out. The training data get the streams that --batch (by default 32 of a text, else 1) and --accumulate
 * ask for, RG_USAGE if a stream is shorter than K; held-out data at most as many, each of K steps or more where
 * possible. */
rg_status rg_stateful_lay_out(const struct rg_config *config, bool held_out, struct rg_dataset *data);

/* Can the model carry its state? RG_USAGE. */
rg_status rg_stateful_check_model(const struct rg_config *config);

#endif
