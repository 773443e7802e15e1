/* The synthetic tasks: see tasks.h; kernels/data/tasks.cl makes the sequences. */
#include "train/tasks.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernels/data/tasks.h"

enum { KEPT = 10 }; /* symbols to recall in copy and memorisation */

/* ---- Baselines, of sequences with --steps T ---- */

/* The variance of a sum of two uniform values, or of one. */
static double adding(size_t steps) {
    return steps > 1 ? 1.0 / 6.0 : 1.0 / 12.0;
}

/* The variance of a product of two uniform values, 1/9 - 1/16, or of one. */
static double multiplication(size_t steps) {
    return steps > 1 ? 7.0 / 144.0 : 1.0 / 12.0;
}

static double recall(size_t steps, double symbols) {
    return KEPT * log(symbols) / ((double)steps + 2.0 * KEPT);
}

static double copy(size_t steps) {
    return recall(steps, 8.0);
}

static double memorisation(size_t steps) {
    return recall(steps, 5.0);
}

static double one_bit(size_t steps) {
    (void)steps;
    return log(2.0);
}

static double two_bits(size_t steps) {
    (void)steps;
    return log(4.0);
}

static double three_bits(size_t steps) {
    (void)steps;
    return log(8.0);
}

#define ROW(NAME, text, n_inputs, n_outputs, maker, LOSS, extra, min, best) \
    [RG_TASK_##NAME] = {.name = text,                                       \
                        .inputs = n_inputs,                                 \
                        .outputs = n_outputs,                               \
                        .kernel = RG_K_##maker,                             \
                        .loss = RG_LOSS_##LOSS,                             \
                        .extra_steps = extra,                               \
                        .min_steps = min,                                   \
                        .baseline = best},
static const struct task {
    const char *name;
    size_t inputs, outputs;
    enum rg_kernel kernel;
    enum rg_loss loss;
    size_t extra_steps; /* of a sequence, beyond T */
    size_t min_steps;   /* smallest T */
    double (*baseline)(size_t steps);
} tasks[RG_N_TASKS] = {RG_TASKS(ROW)};

rg_status rg_problem_task(const char *name, size_t steps, struct rg_problem *problem) {
    size_t kind = 0;
    while (kind < RG_N_TASKS && strcmp(tasks[kind].name, name) != 0) {
        kind++;
    }
    if (kind == RG_N_TASKS) {
        return rg_fail(RG_USAGE, "unknown task %.60s; --help train lists the tasks", name);
    }
    const struct task *const task = &tasks[kind];
    if (steps < task->min_steps || steps > UINT32_MAX) { /* places are drawn with 32 bits */
        return rg_fail(RG_USAGE, "--task %s takes --steps from %zu to %lu, not %zu", task->name, task->min_steps,
                       (unsigned long)UINT32_MAX, steps);
    }
    *problem = (struct rg_problem){.name = task->name,
                                   .task = (uint32_t)kind,
                                   .inputs = task->inputs,
                                   .steps = steps,
                                   .data_steps = steps + task->extra_steps,
                                   .outputs = task->outputs,
                                   .n_targets = 1,
                                   .target = task->extra_steps ? RG_TARGET_STEPS : RG_TARGET_LAST,
                                   .loss = task->loss,
                                   .baseline = task->baseline(steps)};
    problem->score_baseline = problem->baseline;
    return RG_OK;
}

rg_status rg_task_make(struct rg_device *device, const struct rg_task_batch *b) {
    const struct rg_task_args args = {.rows = b->rows,
                                      .first_row = b->first_row,
                                      .steps = b->problem->data_steps,
                                      .from = b->from,
                                      .to = b->to,
                                      .base = b->base,
                                      .update = b->update,
                                      .seed_low = (rg_u32)b->seed,
                                      .seed_high = (rg_u32)(b->seed >> 32),
                                      .task = b->problem->task,
                                      .x_stride = (rg_u32)rg_input_stride(b->problem->inputs)};
    return rg_device_launch(device, &(struct rg_launch){.kernel = tasks[b->problem->task].kernel,
                                                        .buffers = {b->x, b->y},
                                                        .args = &args,
                                                        .groups = {b->groups, 1}});
}

static rg_status fill_task(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows) {
    const struct rg_task_source *const task = self;
    const struct rg_problem *const p = &task->problem;
    const size_t targets = rows * net->plan.target_alloc_steps;
    assert(net->buffers.x->bytes >= net->plan.alloc_steps * rows * rg_input_stride(p->inputs) * net->plan.real_bytes &&
           net->buffers.y->bytes >= targets * net->plan.real_bytes);
    return rg_task_make(net->device, &(struct rg_task_batch){.problem = p,
                                                             .seed = task->seed,
                                                             .update = update,
                                                             .first_row = first_row,
                                                             .rows = rows,
                                                             .from = net->segment.begin,
                                                             .to = net->segment.end,
                                                             .base = net->base,
                                                             .groups = rg_fill_groups(net, rows),
                                                             .x = net->buffers.x,
                                                             .y = net->buffers.y});
}

void rg_task_source_init(struct rg_task_source *task, const struct rg_problem *problem, uint64_t seed) {
    *task = (struct rg_task_source){
        .source = {.fill = fill_task, .self = task, .labelled = true}, .problem = *problem, .seed = seed};
}
