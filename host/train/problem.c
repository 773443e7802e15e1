/* What a data set asks to be learned: see problem.h. */
#include "train/problem.h"

#include <math.h>
#include <string.h>

#include "model/cells.h"

/* Choose the targets and the loss of a labelled data set. */
static rg_status take_targets(const struct rg_dataset *data, const struct rg_target_options *options,
                              struct rg_problem *problem) {
    struct rg_targets *const targets = &problem->targets;
    const rg_status status = rg_targets_decide(data, options, targets, &problem->loss);
    if (status != RG_OK && options->lenient) {
        *targets = (struct rg_targets){.data = NULL};
        return RG_OK;
    }
    RG_TRY(status);
    problem->n_targets = targets->numbers;
    if (data->level && problem->loss == RG_LOSS_CE) { /* any token may come next, also one that never does here */
        targets->n_classes = data->n_features;
    }
    problem->outputs = problem->loss == RG_LOSS_CE && targets->n_classes ? targets->n_classes : targets->numbers;
    if (!options->lenient) {
        RG_TRY(rg_targets_baseline(targets, problem->loss, &problem->baseline));
        problem->score_baseline = problem->baseline;
    }
    return RG_OK;
}

rg_status rg_problem_data(const struct rg_dataset *data, const struct rg_target_options *options,
                          struct rg_problem *problem) {
    const char *const slash = strrchr(data->path, '/');
    *problem = (struct rg_problem){.name = slash ? slash + 1 : data->path,
                                   .inputs = data->n_features,
                                   .steps = data->n_steps,
                                   .data_steps = data->n_steps,
                                   .outputs = 1,
                                   .target = options->target,
                                   .n_targets = 1,
                                   .loss = options->loss == RG_LOSS_AUTO ? RG_LOSS_MSE : options->loss,
                                   .baseline = NAN,
                                   .score_baseline = NAN,
                                   .n_sequences = data->n_sequences,
                                   .data = data};
    return rg_dataset_is_labelled(data) ? take_targets(data, options, problem) : RG_OK;
}

double rg_problem_other_baseline(const struct rg_problem *problem) {
    return problem->targets.weights ? problem->score_baseline : (double)NAN;
}

double rg_problem_target_size(const struct rg_problem *p) {
    double size = sqrt(p->baseline); /* with mse the baseline is their variance */
    if (p->loss != RG_LOSS_MSE || !p->data) {
        return 0.0;
    }
    for (size_t o = 0; o < p->outputs && !p->data->windows.forecast; o++) { /* a forecast starts from their mean */
        size = fmax(size, fabs(rg_targets_mean(&p->targets, o)));
    }
    return size;
}

rg_status rg_data_check_states(const struct rg_dataset *data, const struct rg_shape *shape) {
    const size_t places = shape->layers * rg_shape_directions(shape);
    if (data->c_0 && !rg_cell_has_c(shape->cell)) {
        return rg_fail(RG_BAD_FILE, "%s: tensor `c_0` belongs to a cell lstm; the model's is %s", data->path,
                       rg_cell_names[shape->cell]);
    }
    if (data->n_states > 0 && (data->n_states != places || data->state_width != shape->hidden)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `%s` is [%zu,%zu,%zu]; [%zu,%zu,%zu] was expected: layers times directions, "
                       "sequences, hidden units of the model",
                       data->path, data->h_0 ? "h_0" : "c_0", data->n_states, data->n_sequences, data->state_width,
                       places, data->n_sequences, shape->hidden);
    }
    return RG_OK;
}
