/* A batch as a source fills it, in buffers with guards behind them. */
#ifndef RG_TEST_FILLED_BATCH_H
#define RG_TEST_FILLED_BATCH_H

#include <math.h>
#include <string.h>

#include "executions.h"
#include "train/tasks.h"

enum { GUARD = 64 }; /* elements behind a buffer's use that nothing may write */

struct batch {
    struct rg_problem problem;
    size_t rows, stride, n_targets;
    float *x, *y;    /* [T][rows][stride], [T or 1][rows][n_targets] */
    uint32_t *begin; /* [rows] */
};

/* The same bits. */
static inline bool same(float a, float b) {
    uint32_t bits[2];
    memcpy(&bits[0], &a, sizeof a);
    memcpy(&bits[1], &b, sizeof b);
    return bits[0] == bits[1];
}

/* A buffer full of NaN, with a guard behind its n elements. */
static inline struct rg_buffer *poisoned(struct rg_device *device, size_t n) {
    struct rg_buffer *buffer = NULL;
    float *values = numbers(n + GUARD, sizeof(float));
    for (size_t i = 0; i < n + GUARD; i++) {
        values[i] = NAN;
    }
    expect_ok(rg_buffer_create(device, (n + GUARD) * sizeof(float), "the test", &buffer), "buffer");
    expect_ok(rg_buffer_write(device, buffer, 0, values, (n + GUARD) * sizeof(float)), "poison");
    free(values);
    return buffer;
}

/* Let `source` fill rows [first, first + rows) of an engine that has buffers only. */
static inline struct batch fill(struct rg_device *device, const struct rg_batch_source *source,
                                const struct rg_problem *problem, uint64_t update, size_t first, size_t rows) {
    struct batch b = {.problem = *problem, .rows = rows, .n_targets = problem->n_targets};
    b.stride = (problem->inputs + 3) / 4 * 4;
    const size_t n_x = problem->data_steps * rows * b.stride;
    const size_t n_y = (problem->target == RG_TARGET_STEPS ? problem->data_steps : 1) * rows * b.n_targets;
    const struct rg_model model = {.shape = {.inputs = problem->inputs, .target = problem->target}};
    struct rg_engine engine = {.net.device = device, .net.model = &model};
    engine.net.plan.steps = engine.net.plan.alloc_steps = engine.net.segment.end = problem->data_steps;
    engine.net.plan.target_alloc_steps = problem->target == RG_TARGET_STEPS ? problem->data_steps : 1;
    engine.net.plan.inputs = problem->inputs;
    engine.net.buffers.x = poisoned(device, n_x);
    engine.net.buffers.y = poisoned(device, n_y);
    engine.net.buffers.begin = poisoned(device, rows);
    expect_ok(source->fill(source->self, &engine.net, update, first, rows), problem->name);
    b.x = numbers(n_x + GUARD, sizeof(float));
    b.y = numbers(n_y + GUARD, sizeof(float));
    b.begin = numbers(rows, sizeof(uint32_t));
    expect_ok(rg_buffer_read(device, b.x, engine.net.buffers.x, 0, (n_x + GUARD) * sizeof(float)), "x");
    expect_ok(rg_buffer_read(device, b.y, engine.net.buffers.y, 0, (n_y + GUARD) * sizeof(float)), "y");
    expect_ok(rg_buffer_read(device, b.begin, engine.net.buffers.begin, 0, rows * sizeof(uint32_t)), "begin");
    for (size_t i = 0; i < GUARD; i++) {
        ck_assert_msg(isnan(b.x[n_x + i]) && isnan(b.y[n_y + i]), "%s writes past its end", problem->name);
    }
    rg_buffer_destroy(device, engine.net.buffers.x);
    rg_buffer_destroy(device, engine.net.buffers.y);
    rg_buffer_destroy(device, engine.net.buffers.begin);
    return b;
}

static inline struct batch fill_task(struct rg_device *device, const char *name, size_t steps, uint64_t seed,
                                     uint64_t update, size_t first, size_t rows) {
    struct rg_problem problem;
    struct rg_task_source source;
    expect_ok(rg_problem_task(name, steps, &problem), name);
    rg_task_source_init(&source, &problem, seed);
    return fill(device, &source.source, &problem, update, first, rows);
}

static inline void release(struct batch *b) {
    free(b->x);
    free(b->y);
    free(b->begin);
}

static inline const float *row_of(const struct batch *b, size_t t, size_t row) {
    return b->x + (t * b->rows + row) * b->stride;
}

/* The number of the input that is 1; all others must be 0. */
static inline size_t symbol_of(const struct batch *b, size_t t, size_t row) {
    const float *const x = row_of(b, t, row);
    size_t symbol = b->stride;
    for (size_t f = 0; f < b->stride; f++) {
        ck_assert(same(x[f], 0.0f) || (same(x[f], 1.0f) && symbol == b->stride));
        symbol = same(x[f], 1.0f) ? f : symbol;
    }
    ck_assert_uint_lt(symbol, b->problem.inputs);
    return symbol;
}

#endif
