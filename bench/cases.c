/* Which sizes a benchmark runs: see cases.h. */
#include "bench/cases.h"

#include "base/sizes.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* Seconds of timed updates of a case. */
static const double STANDARD_PATIENCE = 1.0, FULL_PATIENCE = 4.0;
static const uint64_t FULL_BYTES = (uint64_t)8 << 30;

/* Batch, steps, hidden. */
static const size_t STANDARD[][3] = {{1, 100, 128},   {1, 1000, 64},   {32, 100, 16},  {32, 100, 128},
                                     {32, 1000, 128}, {256, 100, 128}, {64, 100, 512}, {4096, 1, 128},
                                     {4096, 100, 64}, {4096, 100, 128}};
static const size_t BATCHES[] = {1, 8, 32, 256, 4096}, STEPS[] = {1, 100, 1000},
                    HIDDEN[] = {16, 64, 128, 256, 512, 1024};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A list being made. */
struct cases {
    const struct rg_config *config;
    struct rg_bench_case *items;
    size_t count;
};

struct rg_bench_case rg_bench_case_of(const struct rg_config *config) {
    return (struct rg_bench_case){.cell = config->model.cell,
                                  .activation = config->model.activation,
                                  .batch = config->data.batch,
                                  .steps = config->data.steps,
                                  .hidden = config->model.hidden,
                                  .input = config->bench.input,
                                  .outputs = config->bench.outputs,
                                  .target = config->model.target,
                                  .repeats = config->bench.repeats,
                                  .memory = config->machine.memory};
}

static struct rg_bench_case *add(struct cases *list, enum rg_cell cell, double patience) {
    struct rg_bench_case *const c = &list->items[list->count++];
    *c = rg_bench_case_of(list->config);
    c->cell = cell;
    c->patience = patience;
    return c;
}

static void add_standard(struct cases *list, enum rg_cell cell) {
    for (size_t i = 0; i < COUNT(STANDARD); i++) {
        struct rg_bench_case *const c = add(list, cell, STANDARD_PATIENCE);
        c->batch = STANDARD[i][0];
        c->steps = STANDARD[i][1];
        c->hidden = STANDARD[i][2];
    }
}

static void add_full(struct cases *list, enum rg_cell cell, const struct rg_device *device) {
    for (size_t i = 0; i < COUNT(HIDDEN) * COUNT(STEPS) * COUNT(BATCHES); i++) {
        struct rg_bench_case *const c = add(list, cell, FULL_PATIENCE);
        c->hidden = HIDDEN[i / COUNT(BATCHES) / COUNT(STEPS)];
        c->steps = STEPS[i / COUNT(BATCHES) % COUNT(STEPS)];
        c->batch = BATCHES[i % COUNT(BATCHES)];
        uint64_t bytes = 0;
        if (rg_bench_whole_bytes(device, c, &bytes) != RG_OK) {
            rg_log("left out: %s", rg_error_message());
            list->count--;
        } else if (bytes > FULL_BYTES) {
            rg_log("left out: %s B=%zu T=%zu H=%zu takes %.2f GiB, and the grid's cases at most 8 GiB",
                   rg_cell_names[cell], c->batch, c->steps, c->hidden, (double)bytes / (double)((uint64_t)1 << 30));
            list->count--;
        }
    }
}

/* The sizes of earlier results, each once. */
static void add_earlier(struct cases *list, const struct rg_bench_earlier *earlier) {
    for (size_t i = 0; i < earlier->count; i++) {
        const struct rg_bench_case *const old = &earlier->results[i].c;
        size_t same = 0;
        while (same < list->count && !rg_bench_same_sizes(old, &list->items[same])) {
            same++;
        }
        if (same == list->count && (!rg_config_gives(list->config, "cell") || old->cell == list->config->model.cell)) {
            struct rg_bench_case *const c = add(list, old->cell, STANDARD_PATIENCE);
            c->batch = old->batch;
            c->steps = old->steps;
            c->hidden = old->hidden;
            c->input = old->input;
            c->outputs = old->outputs;
            c->target = old->target;
        }
    }
}

/* Is there one case instead of a grid? */
static bool gives_size(const struct rg_config *config) {
    static const char *const sizes[] = {"batch", "steps", "hidden", "input", "outputs"};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        if (rg_config_gives(config, sizes[i])) {
            return true;
        }
    }
    return false;
}

rg_status rg_bench_cases(const struct rg_config *config, const struct rg_device *device,
                         const struct rg_bench_earlier *earlier, struct rg_bench_case **out, size_t *count) {
    struct cases list = {.config = config};
    const size_t grid = RG_N_CELLS * COUNT(HIDDEN) * COUNT(STEPS) * COUNT(BATCHES);
    const bool sizes = gives_size(config);
    if (sizes && config->bench.grid != RG_GRID_AUTO) {
        return rg_fail(RG_USAGE, "--grid and a size are both given; leave one out");
    }
    RG_TRY(rg_alloc(&list.items, rg_max(grid, earlier->count), sizeof *list.items, "the cases"));
    if (sizes) {
        (void)add(&list, config->model.cell, 0.0);
    } else if (config->bench.grid == RG_GRID_AUTO && earlier->count > 0) {
        add_earlier(&list, earlier);
    } else {
        for (enum rg_cell cell = 0; cell < RG_N_CELLS; cell++) {
            if (rg_config_gives(config, "cell") && cell != config->model.cell) {
                continue;
            }
            if (config->bench.grid == RG_GRID_FULL) {
                add_full(&list, cell, device);
            } else {
                add_standard(&list, cell);
            }
        }
    }
    *out = list.items;
    *count = list.count;
    return RG_OK;
}
