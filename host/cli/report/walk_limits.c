/* How large a walk can be that is shown: see walk_story.h. */
#include <stdio.h>
#include <string.h>

#include "cli/report/walk_story.h"

rg_status rg_walk_check_sequence(const struct rg_dataset *data, size_t sequence) {
    if (sequence > data->n_sequences) {
        return rg_fail(RG_USAGE, "--sequence %zu: %s has %zu sequence%s", sequence, data->path, data->n_sequences,
                       data->n_sequences == 1 ? "" : "s");
    }
    return RG_OK;
}

static void add_size(char *text, size_t bytes, size_t n, const char *what) {
    const size_t at = strlen(text);
    (void)snprintf(text + at, bytes - at, "%s%zu %s%s", at ? ", " : "", n, what, n == 1 ? "" : "s");
}

rg_status rg_walk_check(const struct rg_model *model, const struct rg_dataset *data, size_t sequence) {
    const struct rg_shape *const shape = &model->shape;
    const bool one_hot = data->kind == RG_INPUT_TOKEN && shape->words == 0;
    const bool wide = (!one_hot && shape->inputs > RG_WALK_WIDTH) || shape->outputs > RG_WALK_WIDTH;
    const size_t length = sequence > 0 && data->lengths ? (size_t)data->lengths[sequence - 1] : data->n_steps;
    const size_t n = sequence > 0 ? 1 : data->n_sequences;
    const bool fits = shape->hidden <= RG_WALK_HIDDEN && length <= RG_WALK_STEPS && !wide;
    char sizes[240] = "";
    if (fits && n <= RG_WALK_SEQUENCES) {
        return RG_OK;
    }
    add_size(sizes, sizeof sizes, shape->hidden, "unit");
    add_size(sizes, sizeof sizes, length, "step");
    add_size(sizes, sizeof sizes, n, "sequence");
    add_size(sizes, sizeof sizes, shape->inputs, "input");
    add_size(sizes, sizeof sizes, shape->outputs, "output");
    return rg_fail(RG_USAGE,
                   "--trace shows up to %d units, %d steps, %d sequences, %d inputs and outputs; here are %s: --out "
                   "FILE.safetensors has every number in tensors trace.*%s",
                   RG_WALK_HIDDEN, RG_WALK_STEPS, RG_WALK_SEQUENCES, RG_WALK_WIDTH, sizes,
                   fits ? ", --sequence N takes one sequence" : "");
}
