/* The grid of a sweep: see grid.h. */
#include "cli/commands/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

enum { WORD_BYTES = 256 };

/* ---- The command line ---- */

/* Add an axis. An option that is given again replaces its earlier axis. */
static rg_status add_axis(struct rg_grid_of_runs *grid, const struct rg_option *option, const char *list) {
    size_t at = 0;
    while (at < grid->n_axes && grid->axes[at].option != option) {
        at++;
    }
    if (at == RG_MAX_AXES) {
        return rg_fail(RG_USAGE, "a sweep takes up to %d options with values", RG_MAX_AXES);
    }
    rg_option_list_release(&grid->axes[at]);
    grid->n_axes += at == grid->n_axes;
    return rg_option_list_read(option, list, &grid->axes[at]);
}

/* Is it a flag that train does not have? The words of a run are parsed as those of train. */
static bool is_of_sweep_alone(const struct rg_option *option) {
    return option->kind == RG_KIND_FLAG && (option->commands >> rg_command_find("train") & 1) == 0;
}

static rg_status read_line(struct rg_grid_of_runs *grid, const struct rg_config *config) {
    RG_TRY(rg_alloc(&grid->words, (size_t)config->n_arguments + 1, sizeof *grid->words, "words of a sweep"));
    for (int i = 2; i < config->n_arguments; i++) {
        char *const word = config->arguments[i];
        const size_t length = strcspn(word, "=");
        const struct rg_option *const option = word[0] == '-' ? rg_option_find(word, length) : NULL;
        if (option && rg_option_is_axis(option)) {
            RG_TRY(add_axis(grid, option, word[length] == '=' ? word + length + 1 : config->arguments[++i]));
        } else if (!option || !is_of_sweep_alone(option)) {
            grid->words[grid->n_words++] = word; /* also a value of an option that is not an axis */
        }
    }
    return RG_OK;
}

/* Move the axis of that option to the end. Returns its number of values, 1 if there is no such axis. */
static size_t move_last(struct rg_grid_of_runs *grid, const char *name) {
    for (size_t i = 0; i < grid->n_axes; i++) {
        if (strcmp(grid->axes[i].option->name, name) == 0) {
            const struct rg_option_list axis = grid->axes[i];
            memmove(&grid->axes[i], &grid->axes[i + 1], (grid->n_axes - i - 1) * sizeof axis);
            grid->axes[grid->n_axes - 1] = axis;
            return axis.n;
        }
    }
    return 1;
}

static bool ends_with(const struct rg_grid_of_runs *grid, const char *name) {
    return grid->n_axes > 0 && strcmp(grid->axes[grid->n_axes - 1].option->name, name) == 0;
}

static bool has_axis(const struct rg_grid_of_runs *grid, const char *name) {
    bool has = false;
    for (size_t i = 0; i < grid->n_axes; i++) {
        has = has || strcmp(grid->axes[i].option->name, name) == 0;
    }
    return has;
}

/* Refuse the largest fold before any other, so that the message names enough --folds for all. */
static rg_status check_folds(const struct rg_grid_of_runs *grid, const struct rg_config *config) {
    size_t largest = 0;
    if (!grid->has_folds || has_axis(grid, "folds")) {
        return RG_OK;
    }
    const struct rg_option_list *const axis = &grid->axes[grid->n_axes - 1];
    for (size_t i = 0; i < axis->n; i++) {
        largest = rg_max(largest, (size_t)strtoull(axis->values[i], NULL, 10));
    }
    return rg_fold_check(largest, config->data.folds);
}

static rg_status fill(struct rg_grid_of_runs *grid, const struct rg_config *config) {
    grid->config = config;
    RG_TRY(read_line(grid, config));
    grid->n_steps = move_last(grid, "steps");
    grid->n_seeds = move_last(grid, "seed");
    grid->has_seeds = ends_with(grid, "seed");
    grid->n_folds = move_last(grid, "fold");
    grid->has_folds = ends_with(grid, "fold");
    RG_TRY(check_folds(grid, config));
    grid->n_runs = 1;
    for (size_t i = 0; i < grid->n_axes; i++) {
        grid->n_runs *= grid->axes[i].n;
        if (grid->n_runs > RG_MAX_RUNS) {
            return rg_fail(RG_USAGE, "the sweep has more than %d runs; shorten a list", RG_MAX_RUNS);
        }
    }
    return RG_OK;
}

rg_status rg_grid_create(const struct rg_config *config, struct rg_grid_of_runs **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the grid of a sweep"));
    const rg_status status = fill(*out, config);
    if (status != RG_OK) {
        rg_grid_destroy(*out);
        *out = NULL;
    }
    return status;
}

void rg_grid_destroy(struct rg_grid_of_runs *grid) {
    if (grid) {
        for (size_t i = 0; i < RG_MAX_AXES; i++) {
            rg_option_list_release(&grid->axes[i]);
        }
        rg_free(grid->words);
        rg_free(grid);
    }
}

size_t rg_grid_index(const struct rg_grid_of_runs *grid, size_t run, size_t axis) {
    for (size_t i = grid->n_axes - 1; i > axis; i--) {
        run /= grid->axes[i].n;
    }
    return run % grid->axes[axis].n;
}

size_t rg_grid_members(const struct rg_grid_of_runs *grid) {
    return grid->n_seeds * grid->n_folds;
}

enum rg_sweep_members rg_grid_member_kind(const struct rg_grid_of_runs *grid) {
    return grid->n_folds == 1 ? RG_OVER_SEEDS : grid->n_seeds > 1 ? RG_OVER_BOTH : RG_OVER_FOLDS;
}

size_t rg_grid_inner_axes(const struct rg_grid_of_runs *grid) {
    return (grid->has_seeds ? 1U : 0U) + (grid->has_folds ? 1U : 0U);
}

/* Give option `name` its default value unless the line gives it; then it is an axis, be it of one value. */
static void add_default(const struct rg_grid_of_runs *grid, const char *name, size_t value, char word[WORD_BYTES],
                        char **argv, int *argc) {
    if (!has_axis(grid, name)) {
        (void)snprintf(word, WORD_BYTES, "--%s=%zu", name, value);
        argv[(*argc)++] = word;
    }
}

rg_status rg_grid_config(const struct rg_grid_of_runs *grid, size_t run, const struct rg_config *defaults,
                         struct rg_config *config) {
    enum { N_DEFAULTS = 3, N_NAMES = 2 };
    char words[RG_MAX_AXES + N_DEFAULTS][WORD_BYTES], program[] = "rnn-gpu", train[] = "train", **argv = NULL;
    const char *command = NULL, *topic = NULL;
    int argc = 0;
    RG_TRY(rg_alloc(&argv, N_NAMES + grid->n_words + grid->n_axes + N_DEFAULTS + 1, sizeof *argv, "a command line"));
    argv[argc++] = program;
    argv[argc++] = train;
    for (size_t i = 0; i < grid->n_words; i++) {
        argv[argc++] = grid->words[i];
    }
    for (size_t i = 0; i < grid->n_axes; i++) {
        const struct rg_option_list *const axis = &grid->axes[i];
        (void)snprintf(words[i], WORD_BYTES, "--%s=%s", axis->option->name, axis->values[rg_grid_index(grid, run, i)]);
        argv[argc++] = words[i];
    }
    add_default(grid, "hidden", defaults->model.hidden, words[RG_MAX_AXES], argv, &argc);
    if (!defaults->data.file) { /* a file determines its own steps */
        add_default(grid, "batch", defaults->data.batch, words[RG_MAX_AXES + 1], argv, &argc);
    }
    if (!has_axis(grid, "epochs")) { /* they give the number of updates */
        add_default(grid, "updates", defaults->training.updates, words[RG_MAX_AXES + 2], argv, &argc);
    }
    const rg_status status = rg_options_parse(argc, argv, config, &command, &topic);
    config->arguments = defaults->arguments;
    config->n_arguments = defaults->n_arguments;
    rg_free(argv);
    return status;
}
