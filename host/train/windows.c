/* Long series that become the sequences of a run: see windows.h. */
#include "train/windows.h"

#include "train/fill.h"

struct rg_windows rg_windows_asked(const struct rg_config *config, const struct rg_model *model) {
    return model && model->windows.steps > 0
               ? model->windows
               : (struct rg_windows){.steps = config->data.window, .horizon = config->data.horizon};
}

rg_status rg_windows_check(const struct rg_config *config, const struct rg_model *model) {
    const size_t has = model->windows.steps, asked = config->data.window;
    if (asked > 0 && has != asked) {
        return has > 0 ? rg_fail(RG_USAGE, "--window %zu, but %s takes windows of %zu steps; leave --window out", asked,
                                 config->data.model_file, has)
                       : rg_fail(RG_USAGE, "--window %zu, but %s was not trained on windows; leave --window out", asked,
                                 config->data.model_file);
    }
    if ((asked > 0 || rg_config_gives(config, "horizon")) && model->windows.horizon != config->data.horizon) {
        return rg_fail(RG_USAGE, "--horizon %zu, but the horizon of %s is %zu; leave --window and --horizon out",
                       config->data.horizon, config->data.model_file, model->windows.horizon);
    }
    return RG_OK;
}

/* Replace *data by its windows; `options` say which. */
static rg_status replace(const struct rg_window_options *options, struct rg_dataset **data) {
    struct rg_dataset *windows = NULL;
    RG_TRY(rg_dataset_windows(*data, options, &windows));
    rg_dataset_destroy(*data);
    *data = windows;
    return RG_OK;
}

static struct rg_window_options options_of(const struct rg_config *config, const struct rg_windows *windows) {
    return (struct rg_window_options){
        .windows = *windows, .stride = config->data.stride, .every_step = config->model.target == RG_TARGET_STEPS};
}

rg_status rg_windows_of_training(const struct rg_config *config, const struct rg_model *model, struct rg_dataset **data,
                                 struct rg_dataset **held_out) {
    struct rg_windows windows = rg_windows_asked(config, model);
    windows.forecast = model && model->windows.steps > 0 ? windows.forecast : !rg_dataset_is_labelled(*data);
    if (windows.forecast && windows.horizon == 0) {
        return rg_fail(RG_USAGE,
                       "--horizon 0 would forecast a step inside the window, because %s has no labels; give 1 or more",
                       (*data)->path);
    }
    RG_TRY(windows.forecast ? rg_dataset_forecast(*data) : RG_OK);
    RG_TRY(rg_fill_begin(config, model, *data)); /* what is forecast stays missing */
    struct rg_window_options options = options_of(config, &windows);
    if (config->data.val_frac > 0.0 || config->data.fold > 0) {
        const double fold = (double)config->data.fold, folds = (double)config->data.folds;
        options.from = config->data.fold > 0 ? (fold - 1.0) / folds : 1.0 - config->data.val_frac;
        options.to = config->data.fold > 0 ? fold / folds : 1.0;
        options.part = RG_WINDOWS_WITHIN;
        RG_TRY(rg_dataset_windows(*data, &options, held_out));
        options.part = RG_WINDOWS_WITHOUT;
    }
    return replace(&options, data);
}

rg_status rg_windows_of_others(const struct rg_config *config, const struct rg_model *model,
                               const struct rg_windows *windows, bool open, struct rg_dataset **data) {
    struct rg_window_options options = options_of(config, windows);
    options.open = open;
    if (!windows->forecast && !open && !rg_dataset_is_labelled(*data)) {
        return rg_fail(RG_BAD_FILE, "%s has no labels, but the model predicts labels", (*data)->path);
    }
    RG_TRY(windows->forecast ? rg_dataset_forecast(*data) : RG_OK);
    RG_TRY(rg_fill_begin(config, model, *data)); /* what is forecast stays missing */
    return replace(&options, data);
}
