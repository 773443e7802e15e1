/* The synthetic tasks: see tasks.h; kernels/tasks.cl makes the sequences. */
#include "train/tasks.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEPT = 10 }; /* symbols to recall in copy and memorisation */

struct task {
    const char *name;
    size_t inputs, outputs;
    size_t extra_steps; /* of a sequence, beyond T */
    size_t least_steps; /* smallest T */
    enum rg_loss loss;
};

static const struct task tasks[] = {
    [RG_TASK_ADDING] = {"adding", 2, 1, 0, 1, RG_LOSS_MSE},
    [RG_TASK_MULTIPLICATION] = {"multiplication", 2, 1, 0, 1, RG_LOSS_MSE},
    [RG_TASK_DELAYED_XOR] = {"delayed-xor", 2, 1, 0, 1, RG_LOSS_BCE},
    [RG_TASK_COPY] = {"copy", 10, 9, 2 * (size_t)KEPT, 1, RG_LOSS_CE},
    [RG_TASK_MEMORISATION] = {"memorisation", 7, 6, 2 * (size_t)KEPT, 1, RG_LOSS_CE},
    [RG_TASK_TEMPORAL_ORDER] = {"temporal-order", 6, 4, 0, 2, RG_LOSS_CE},
    [RG_TASK_TEMPORAL_ORDER_3BIT] = {"temporal-order-3bit", 6, 8, 0, 4, RG_LOSS_CE},
    [RG_TASK_PERMUTATION] = {"permutation", 100, 100, 0, 1, RG_LOSS_CE},
    [RG_TASK_DELAYED_RECALL] = {"delayed-recall", 9, 8, 0, 1, RG_LOSS_CE},
};
enum { N_TASKS = sizeof tasks / sizeof *tasks };

static double baseline(size_t kind, size_t steps) {
    const double length = (double)steps + 2.0 * KEPT;
    switch (kind) {
    case RG_TASK_ADDING: /* the variance of a sum of two uniform values, or of one */
        return steps > 1 ? 1.0 / 6.0 : 1.0 / 12.0;
    case RG_TASK_MULTIPLICATION: /* of a product: 1/9 - 1/16 */
        return steps > 1 ? 7.0 / 144.0 : 1.0 / 12.0;
    case RG_TASK_COPY:
        return KEPT * log(8.0) / length;
    case RG_TASK_MEMORISATION:
        return KEPT * log(5.0) / length;
    case RG_TASK_TEMPORAL_ORDER:
        return log(4.0);
    case RG_TASK_TEMPORAL_ORDER_3BIT:
    case RG_TASK_DELAYED_RECALL:
        return log(8.0);
    default: /* delayed-xor and permutation: a bit */
        return log(2.0);
    }
}

rg_status rg_problem_task(const char *name, size_t steps, struct rg_problem *problem) {
    size_t kind = 0;
    while (kind < N_TASKS && strcmp(tasks[kind].name, name) != 0) {
        kind++;
    }
    if (kind == N_TASKS) {
        return rg_fail(RG_USAGE, "there is no task %.60s; --help train lists the tasks", name);
    }
    const struct task *const task = &tasks[kind];
    if (steps < task->least_steps || steps > UINT32_MAX) { /* places are drawn with 32 bits */
        return rg_fail(RG_USAGE, "--task %s takes --steps from %zu to %lu, not %zu", task->name, task->least_steps,
                       (unsigned long)UINT32_MAX, steps);
    }
    *problem = (struct rg_problem){.task = (uint32_t)kind,
                                   .inputs = task->inputs,
                                   .steps = steps,
                                   .data_steps = steps + task->extra_steps,
                                   .outputs = task->outputs,
                                   .n_targets = 1,
                                   .target = task->extra_steps ? RG_TARGET_STEPS : RG_TARGET_LAST,
                                   .loss = task->loss,
                                   .baseline = baseline(kind, steps)};
    (void)snprintf(problem->name, sizeof problem->name, "%s", task->name);
    return RG_OK;
}

static rg_status fill_task(void *self, struct rg_engine *e, uint64_t update, size_t first_row, size_t rows) {
    const struct rg_task_source *const task = self;
    const struct rg_problem *const p = &task->problem;
    const size_t x_stride = rg_input_stride(p->inputs);
    const size_t targets = rows * e->plan.target_room;
    assert(e->x->bytes >= e->plan.room * rows * x_stride * e->plan.real_bytes &&
           e->y->bytes >= targets * e->plan.real_bytes);
    const struct rg_task_args args = {.rows = rows,
                                      .first_row = first_row,
                                      .steps = p->data_steps,
                                      .from = e->window.begin,
                                      .to = e->window.end,
                                      .base = e->base,
                                      .update = update,
                                      .seed_low = (rg_u32)task->seed,
                                      .seed_high = (rg_u32)(task->seed >> 32),
                                      .task = p->task,
                                      .x_stride = (rg_u32)x_stride};
    const bool marked = p->inputs == 2;
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = marked ? RG_K_rg_task_marked : RG_K_rg_task_symbols,
                                                .buffers = {e->x, e->y},
                                                .args = &args,
                                                .groups = {rg_fill_groups(e, rows), 1}});
}

void rg_task_source_init(struct rg_task_source *task, const struct rg_problem *problem, uint64_t seed) {
    *task = (struct rg_task_source){
        .source = {.fill = fill_task, .self = task, .labelled = true}, .problem = *problem, .seed = seed};
}
