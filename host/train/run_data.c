/* The data sets of a run: declared in run.h. */
#include <string.h>
#include <sys/stat.h>

#include "base/sizes.h"
#include "data/data_fingerprint.h"
#include "rnn_gpu/log.h"
#include "train/fill.h"
#include "train/run.h"
#include "train/setup.h"
#include "train/stateful.h"
#include "train/windows.h"

enum { FILE_BATCH = 4096, FASHION_BATCH = 256, TEXT_BATCH = 32, FASHION_UPDATES = 2000 };

/* Without the padding of all sequences, and of each only the last --steps steps if that is given. */
static void cut(const struct rg_config *config, struct rg_dataset *data) {
    if (data) {
        rg_setup_cut(config, config->model.target, data);
    }
}

/* With --tbptt the data are steps of one sequence first, and streams in the end. */
static rg_status unroll(const struct rg_config *config, const struct rg_run_data *data) {
    struct rg_dataset *const all[] = {data->training, data->validation, data->test};
    for (size_t i = 0; config->training.tbptt > 0 && i < sizeof all / sizeof *all; i++) {
        RG_TRY(all[i] ? rg_stateful_unroll(config, all[i]) : RG_OK);
    }
    return RG_OK;
}

static rg_status lay_out(const struct rg_config *config, const struct rg_run_data *data) {
    struct rg_dataset *const all[] = {data->training, data->validation, data->test};
    for (size_t i = 0; config->training.tbptt > 0 && i < sizeof all / sizeof *all; i++) {
        RG_TRY(all[i] ? rg_stateful_lay_out(config, i > 0, all[i]) : RG_OK);
    }
    return RG_OK;
}

/* The model of --model, of any cell unless --cell is given. */
static rg_status read_start(const struct rg_config *config, struct rg_run_data *data) {
    struct rg_config any = *config;
    if (!config->data.model_file) {
        return RG_OK;
    }
    any.model.cell = rg_config_gives(config, "cell") ? config->model.cell : RG_N_CELLS;
    RG_TRY(rg_setup_model(&any, rg_config_is_double(config), &data->start));
    return rg_setup_check_given(config, data->start);
}

/* The training data, and the test data of --task fashion-mnist. */
static rg_status read_training(const struct rg_config *config, bool windows, struct rg_run_data *data) {
    if (rg_config_is_fashion_mnist(config)) {
        RG_TRY(rg_setup_fashion_mnist(config, data->start, false, &data->training));
        return rg_setup_fashion_mnist(config, data->start, true, &data->test);
    }
    if (!config->data.file) {
        return RG_OK;
    }
    RG_TRY(rg_setup_data(config, data->start, false, &data->training));
    if (!rg_dataset_is_labelled(data->training) && !windows) {
        return rg_fail(RG_BAD_FILE, "%s has no labels to train on%s", data->training->path,
                       data->training->features ? "; --target-column NAME says which column is the target" : "");
    }
    rg_setup_tell(data->training);
    return windows ? RG_OK : rg_fill_begin(config, data->start, data->training);
}

/* Cut the series into windows, with the target of the model where there is one. */
static rg_status cut_windows(struct rg_config *config, struct rg_run_data *data) {
    if (data->start) {
        RG_TRY(rg_windows_check(config, data->start));
        config->model.target = data->start->shape.target;
    }
    return rg_windows_of_training(config, data->start, &data->training, &data->validation);
}

/* Say it where held-out data are the training data again: such a score says nothing about new data. */
static rg_status tell_same(const struct rg_config *config, const char *path, const char *option) {
    struct stat training, held_out;
    struct rg_fingerprint a, b;
    const char *const file = config->data.file;
    if (!path || strcmp(file, "-") == 0 || strcmp(path, "-") == 0 || stat(file, &training) != 0 ||
        stat(path, &held_out) != 0 || training.st_size != held_out.st_size) {
        return RG_OK;
    }
    bool same = training.st_dev == held_out.st_dev && training.st_ino == held_out.st_ino;
    if (!same) {
        RG_TRY(rg_dataset_fingerprint(file, &a));
        RG_TRY(rg_dataset_fingerprint(path, &b));
        same = rg_fingerprint_equal(&a, &b);
    }
    if (same) {
        rg_log("--%s %s is the training data again; its loss says nothing about new data", option, path);
    }
    return RG_OK;
}

static rg_status read_held_out(const struct rg_config *config, struct rg_run_data *data) {
    if (config->data.file && !config->data.arrays && !config->data.val_arrays) {
        RG_TRY(tell_same(config, config->data.val, "val"));
        RG_TRY(tell_same(config, config->data.test, "test"));
    }
    if (config->data.val) {
        RG_TRY(rg_setup_held_out(config, config->data.val, config->data.val_arrays, data->start, data->training,
                                 &data->validation));
    }
    return config->data.test
               ? rg_setup_held_out(config, config->data.test, NULL, data->start, data->training, &data->test)
               : RG_OK;
}

/* Normalise the inputs as the model does, or by the training data with --normalize. */
static rg_status normalize(const struct rg_config *config, const struct rg_run_data *data) {
    struct rg_dataset *const others[] = {data->validation, data->test};
    const bool scaled = data->start && data->start->input_mean;
    if (config->data.normalize && data->start) {
        return scaled ? rg_fail(RG_USAGE, "--normalize is determined by %s, which was trained with it; leave it out",
                                config->data.model_file)
                      : rg_fail(RG_USAGE, "--model %s takes inputs as they are; leave --normalize out",
                                config->data.model_file);
    }
    if (!data->training) {
        return RG_OK;
    }
    if (config->data.normalize || scaled) {
        RG_TRY(rg_setup_normalize(config, scaled ? data->start : NULL, data->training, others,
                                  sizeof others / sizeof *others));
    }
    return rg_setup_tell_scale(data->training);
}

static rg_status read_data(struct rg_config *config, struct rg_run_data *data) {
    RG_TRY(read_start(config, data));
    const bool windows = config->data.file && rg_windows_asked(config, data->start).steps > 0;
    RG_TRY(read_training(config, windows, data));
    RG_TRY(windows ? cut_windows(config, data) : RG_OK);
    RG_TRY(read_held_out(config, data));
    RG_TRY(unroll(config, data));
    cut(config, data->training);
    cut(config, data->validation);
    cut(config, data->test);
    if (rg_run_data_is_drawn(config) && !windows) {
        RG_TRY(rg_setup_split(config, data->training, &data->validation));
    }
    if (config->data.file) {
        struct rg_dataset *const others[] = {data->validation, data->test};
        RG_TRY(rg_fill_end(config, data->start, data->training, others, sizeof others / sizeof *others));
    }
    RG_TRY(normalize(config, data));
    return lay_out(config, data);
}

rg_status rg_run_data_read(const struct rg_config *config, struct rg_run_data *data) {
    struct rg_config used = *config; /* with the target of a model that says it */
    *data = (struct rg_run_data){.training = NULL};
    const rg_status status = read_data(&used, data);
    if (status != RG_OK) {
        rg_run_data_release(data);
    }
    return status;
}

void rg_run_data_length(const struct rg_dataset *data, struct rg_config *c) {
    const size_t n = data->n_sequences, most = data->level                     ? TEXT_BATCH
                                               : rg_config_is_fashion_mnist(c) ? FASHION_BATCH
                                                                               : FILE_BATCH;
    c->data.batch = data->streams                 ? data->streams / c->training.accumulate
                    : rg_config_gives(c, "batch") ? c->data.batch
                                                  : rg_min(n, most);
    c->training.updates = c->training.epochs > 0 ? rg_epochs_updates(c->training.epochs, rg_update_sequences(c), n)
                          : rg_config_is_fashion_mnist(c) && !rg_config_gives(c, "updates") ? FASHION_UPDATES
                                                                                            : c->training.updates;
}

bool rg_run_validates(const struct rg_config *config) {
    return config->data.val != NULL || rg_run_data_is_drawn(config);
}

rg_status rg_run_data_check_again(const struct rg_config *config, bool several) {
    const char *const paths[] = {config->data.file, config->data.val, config->data.test};
    for (size_t i = 0; several && rg_run_data_is_drawn(config) && i < sizeof paths / sizeof *paths; i++) {
        if (paths[i] && strcmp(paths[i], "-") == 0) {
            return rg_fail(RG_USAGE,
                           "each seed or fold reads the data again to hold out its own part, and stdin, `-`, is read "
                           "once; save it as a file");
        }
    }
    return RG_OK;
}

bool rg_run_data_is_drawn(const struct rg_config *config) {
    return config->data.val_frac > 0.0 || config->data.fold > 0;
}

void rg_run_data_release(struct rg_run_data *data) {
    rg_dataset_destroy(data->training);
    rg_dataset_destroy(data->validation);
    rg_dataset_destroy(data->test);
    rg_model_destroy(data->start);
    *data = (struct rg_run_data){.training = NULL};
}

struct rg_batch_source *rg_run_source(struct rg_run *run) {
    return run->source ? &run->source->source : &run->task.source;
}
