/* Truncated BPTT that carries the state: see stateful.h. */
#include "train/stateful.h"

#include "base/sizes.h"
#include "train/trainer.h"

enum { TEXT_STREAMS = 32 };

rg_status rg_stateful_unroll(const struct rg_config *c, struct rg_dataset *data) {
    if (data->n_sequences != 1) {
        return rg_fail(RG_USAGE,
                       "--tbptt carries the state along one text or one long series, and %s has %zu sequences, which "
                       "do not continue each other; leave it out",
                       data->path, data->n_sequences);
    }
    if (!data->level && c->model.target != RG_TARGET_STEPS) {
        return rg_fail(RG_USAGE, "--tbptt needs targets at every step of %s; add --target steps", data->path);
    }
    if (data->n_targets % data->n_steps != 0) {
        return rg_fail(RG_BAD_FILE, "%s: y has %zu numbers for %zu steps; --tbptt needs targets for every step",
                       data->path, data->n_targets, data->n_steps);
    }
    if (data->n_states > 0) {
        return rg_fail(RG_USAGE, "--tbptt sets the initial states, but %s has its own (h_0, c_0); leave one out",
                       data->path);
    }
    if (data->lengths && data->lengths[0] == 0) {
        return rg_fail(RG_BAD_FILE, "%s: its only sequence is empty", data->path);
    }
    return rg_dataset_unroll(data);
}

/* The most streams, at most `wanted`, with at least K steps each. */
static size_t fitting(const struct rg_config *c, size_t steps, size_t wanted) {
    const size_t max = steps / c->training.tbptt;
    return max < 1 ? 1 : rg_min(max, wanted);
}

rg_status rg_stateful_lay_out(const struct rg_config *c, bool held_out, struct rg_dataset *data) {
    const size_t steps = data->n_sequences, window = c->training.tbptt;
    const size_t usual = data->level ? fitting(c, steps, TEXT_STREAMS) : 1;
    struct rg_config asked = *c;
    asked.data.batch = rg_config_gives(c, "batch") ? c->data.batch : usual;
    const size_t streams = rg_update_sequences(&asked);
    if (!held_out && steps / streams < window) {
        return rg_fail(RG_USAGE,
                       "--tbptt %zu is longer than a stream: the %zu steps of %s make %zu stream%s of %zu; give a "
                       "smaller --tbptt%s",
                       window, steps, data->path, streams, streams == 1 ? "" : "s", steps / streams,
                       streams == 1 ? "" : " or --batch");
    }
    return rg_dataset_streams(data, held_out ? fitting(c, steps, streams) : streams, window);
}

rg_status rg_stateful_check_model(const struct rg_config *c) {
    if (c->model.bidirectional) {
        return rg_fail(RG_USAGE, "--tbptt carries the state forward in time, but with --bidirectional a part of it "
                                 "comes from later steps; leave one out");
    }
    if (c->model.skip > 0) {
        return rg_fail(RG_USAGE, "--tbptt carries the last state, but a skip reads older states; leave one out");
    }
    return RG_OK;
}
