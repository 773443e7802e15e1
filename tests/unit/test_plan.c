/* The plan: of a GPU, which no test machine has, what a scan takes of a work-group's local memory; how memory cuts
 * time. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "expected.h"
#include "kernels/base/args.h"
#include "plan/plan.h"
#include "suite.h"

enum { LOCAL_BYTES = 48 << 10 }; /* what NVIDIA's OpenCL gives a group */

static struct rg_device a_gpu(void) {
    const struct rg_device_shape shape = RG_GPU_SHAPE;
    return (struct rg_device){.info = {.name = "a GPU",
                                       .is_gpu = true,
                                       .units = 132,
                                       .memory_bytes = (uint64_t)64 << 30,
                                       .max_buffer_bytes = (uint64_t)16 << 30,
                                       .max_local_bytes = LOCAL_BYTES,
                                       .real_bytes = sizeof(float),
                                       .vec = shape.vec,
                                       .nv = shape.nv,
                                       .cols = shape.cols,
                                       .rows = shape.rows}};
}

/* _i: cell, and behind the last one again with TF32. */
START_TEST(scans_fit_local_memory) {
    static const size_t hidden[] = {64, 128, 256}, batches[] = {1, 1024, 4096};
    /* a group for each of the 132 units; with TF32 one block, work for most units, as many rows as fit */
    static const size_t tiles[2][3][3] = {{{1, 4, 16}, {1, 4, 16}, {1, 4, 16}}, {{4, 8, 32}, {4, 8, 32}, {4, 8, 16}}};
    const int cell = _i % RG_N_CELLS, tf32 = _i / RG_N_CELLS;
    test_case("%s%s", rg_cell_names[cell], tf32 ? ", TF32" : "");
    struct rg_device device = a_gpu();
    device.info.tf32 = tf32 ? RG_TF32_TENSOR_CORES : RG_TF32_NONE;
    for (size_t h = 0; h < 3; h++) {
        for (size_t b = 0; b < 3; b++) {
            const struct rg_shape shape = {.cell = (enum rg_cell)cell,
                                           .inputs = 2,
                                           .hidden = hidden[h],
                                           .outputs = 1,
                                           .loss = RG_LOSS_MSE,
                                           .layers = 1};
            struct rg_model *model = NULL;
            struct rg_plan plan;
            ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
            ck_assert_msg(rg_plan_make(&device, model,
                                       &(struct rg_plan_options){
                                           .batch = batches[b], .steps = 100, .n_targets = 1, .training = true},
                                       &plan) == RG_OK,
                          "%s", rg_error_message());
            const size_t states = RG_TILE_NUMBERS((size_t)256, plan.tile, plan.h_stride, (size_t)device.info.vec);
            ck_assert_uint_eq(rg_device_items(&device), 256);
            ck_assert_uint_le(2 * states * sizeof(float), LOCAL_BYTES);
            if (plan.groups_per_tile == 1) { /* the units of a step are not shared out */
                ck_assert_uint_eq(plan.tile, tiles[tf32][h][b]);
            }
            rg_model_destroy(model);
        }
    }
}
END_TEST

enum { MIB = 1 << 20 };

static struct rg_device a_processor(void) {
    return (struct rg_device){.info = {.name = "a processor",
                                       .units = 2,
                                       .memory_bytes = (uint64_t)64 << 30,
                                       .max_buffer_bytes = (uint64_t)64 << 30,
                                       .max_local_bytes = MIB,
                                       .cache_bytes = 32 * MIB,
                                       .real_bytes = sizeof(float),
                                       .vec = 16,
                                       .nv = 2,
                                       .cols = 1,
                                       .rows = 1}};
}

static rg_status plan_with(const struct rg_device *device, const struct rg_plan_options *options,
                           struct rg_plan *plan) {
    const struct rg_shape shape = {
        .cell = RG_CELL_LSTM, .inputs = 2, .hidden = 128, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1, .skip = 3};
    struct rg_model *model = NULL;
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    const rg_status status = rg_plan_make(device, model, options, plan);
    rg_model_destroy(model);
    return status;
}

static rg_status plan_of(const struct rg_device *device, size_t batch, size_t steps, uint64_t memory,
                         struct rg_plan *plan) {
    const struct rg_plan_options options = {
        .batch = batch, .steps = steps, .n_targets = 1, .training = true, .memory = memory};
    return plan_with(device, &options, plan);
}

/* Segments are whole runs, as many as fit, follow each other, and leave out no step; so do runs, either way. */
static void check_cuts(const struct rg_plan *p) {
    size_t segments = 0;
    for (size_t end = p->steps; end > 0;) {
        const struct rg_span segment = rg_plan_segment_before(p, end);
        ck_assert_uint_eq(segment.end, end);
        ck_assert(segment.begin < end && end - segment.begin <= p->segment_steps);
        for (size_t at = end; at > segment.begin;) {
            const struct rg_span run = rg_plan_accum_before(p, at), same = rg_plan_accum_after(p, run.begin);
            const size_t slice = rg_plan_slice(p, run.begin);
            ck_assert(run.begin < at && at - run.begin <= p->accum_steps && run.begin >= segment.begin);
            ck_assert(same.begin == run.begin && same.end == run.end);
            ck_assert(p->accum_steps == p->steps || slice == rg_plan_slice(p, run.end - 1));
            ck_assert_uint_le(rg_plan_slice_span(p, slice).begin, run.begin);
            at = run.begin;
        }
        ck_assert(segment.begin == 0 || end - rg_plan_accum_before(p, segment.begin).begin > p->segment_steps);
        end = segment.begin;
        segments++;
    }
    ck_assert_uint_eq(segments, p->n_segments);
}

/* What decides the order of sums is the same for every limit that holds a block. */
START_TEST(memory_cuts_time_before_a_block) {
    static const size_t limits[] = {0, 512, 256, 128, 64, 48};
    static const size_t steps[] = {1000, 9973, 20011};
    const struct rg_device device = a_processor();
    for (size_t i = 0; i < 3; i++) {
        struct rg_plan whole, cut;
        ck_assert_int_eq(plan_of(&device, 64, steps[i], 0, &whole), RG_OK);
        ck_assert_uint_eq(whole.n_segments, 1);
        ck_assert_uint_lt(whole.accum_steps, steps[i]);
        check_cuts(&whole);
        for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
            ck_assert_int_eq(plan_of(&device, 64, steps[i], limits[k] * MIB, &cut), RG_OK);
            ck_assert(limits[k] == 0 || cut.total_bytes <= limits[k] * MIB);
            ck_assert(cut.accum_steps == whole.accum_steps && cut.block == whole.block &&
                      cut.sum_slices == whole.sum_slices);
            ck_assert_uint_eq(cut.chunk % cut.block, 0);
            check_cuts(&cut);
        }
        ck_assert(cut.n_segments > 1 && cut.halo == 3 && cut.alloc_steps == cut.segment_steps + 6);
    }
}
END_TEST

/* Whatever the lengths of runs and segments: slices end with shorter runs, and segments begin in the middle of them. */
START_TEST(segments_of_every_length) {
    const struct rg_device device = a_processor();
    const struct rg_shape shape = {
        .cell = RG_CELL_RNN, .inputs = 1, .hidden = 3, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1};
    struct rg_model *model = NULL;
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    for (size_t steps = 40; steps < 44; steps++) {
        for (size_t accum = 1; accum <= steps; accum++) {
            for (size_t segment = accum; segment <= steps; segment += accum) {
                struct rg_plan plan;
                test_case("%zu steps, runs of %zu, segments of %zu", steps, accum, segment);
                ck_assert_int_eq(rg_plan_make(&device, model,
                                              &(struct rg_plan_options){.batch = 150,
                                                                        .steps = steps,
                                                                        .n_targets = 1,
                                                                        .training = true,
                                                                        .accum_steps = accum,
                                                                        .segment_steps = segment},
                                              &plan),
                                 RG_OK);
                ck_assert_uint_gt(plan.sum_slices, 1);
                check_cuts(&plan);
            }
        }
    }
    rg_model_destroy(model);
}
END_TEST

/* A billion steps are refused in milliseconds, not after a walk along each of them for every length that is tried. */
START_TEST(a_billion_steps_are_refused_at_once) {
    const struct rg_device device = a_processor();
    const struct rg_shape shape = {
        .cell = RG_CELL_RNN, .inputs = 2, .hidden = 128, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1};
    struct rg_model *model = NULL;
    struct rg_plan plan;
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    const clock_t begin = clock();
    for (uint64_t memory = 7; memory < 17; memory++) {
        const struct rg_plan_options options = {
            .batch = 1, .steps = 1000000000, .n_targets = 1, .training = true, .memory = memory * MIB};
        ck_assert_int_eq(rg_plan_make(&device, model, &options, &plan), RG_NO_MEMORY);
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    ck_assert_msg(seconds < 0.5, "%.2f s of processor time", seconds);
    rg_model_destroy(model);
}
END_TEST

/* The message names the need of what it speaks of: here one sequence, whatever the batch. */
START_TEST(what_one_sequence_needs) {
    const struct rg_device device = a_processor();
    const struct rg_shape shape = {
        .cell = RG_CELL_RNN, .inputs = 2, .hidden = 128, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1};
    struct rg_model *model = NULL;
    struct rg_plan plan;
    char of_one[300];
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    struct rg_plan_options options = {
        .batch = 1, .steps = 1000000000, .n_targets = 1, .training = true, .memory = 12 * MIB};
    ck_assert_int_eq(rg_plan_make(&device, model, &options, &plan), RG_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "one sequence of 1000000000 steps needs "));
    (void)snprintf(of_one, sizeof of_one, "%.*s", (int)strcspn(rg_error_message(), ";"), rg_error_message());
    options.batch = 30000;
    ck_assert_int_eq(rg_plan_make(&device, model, &options, &plan), RG_NO_MEMORY);
    ck_assert_msg(strncmp(rg_error_message(), of_one, strlen(of_one)) == 0, "%s, not %s", rg_error_message(), of_one);
    rg_model_destroy(model);
}
END_TEST

START_TEST(a_short_sequence_is_one_run) {
    const struct rg_device device = a_processor();
    struct rg_plan plan;
    ck_assert_int_eq(plan_of(&device, 4096, 100, 0, &plan), RG_OK);
    ck_assert(plan.accum_steps == 100 && plan.segment_steps == 100 && plan.n_segments == 1 && !plan.accum_in_turns);
    check_cuts(&plan);
}
END_TEST

/* A refusal names steps that fit, and one more than which do not. */
START_TEST(a_refusal_names_what_fits) {
    const struct rg_device device = a_processor();
    struct rg_plan plan;
    ck_assert_int_eq(plan_of(&device, 1, 4000000, 24 * MIB, &plan), RG_NO_MEMORY);
    const char *const at = strstr(rg_error_message(), "at most --steps ");
    ck_assert_msg(at != NULL, "%s", rg_error_message());
    const size_t fits = (size_t)strtoull(at + strlen("at most --steps "), NULL, 10);
    ck_assert_msg(fits > 50000, "%s", rg_error_message());
    ck_assert_int_eq(plan_of(&device, 1, fits, 24 * MIB, &plan), RG_OK);
    ck_assert_int_eq(plan_of(&device, 1, fits + 1, 24 * MIB, &plan), RG_NO_MEMORY);
}
END_TEST

/* ---- Plans of made-up devices ---- */

static struct rg_device small_gpu(void) { /* in a processor: 24 units, 32 KiB of local memory */
    struct rg_device device = a_gpu();
    device.info.units = 24;
    device.info.memory_bytes = (uint64_t)4 << 30;
    device.info.max_buffer_bytes = (uint64_t)1 << 30;
    device.info.max_local_bytes = 32 << 10;
    device.info.shared_step_bytes = 65536;
    return device;
}

static struct rg_device double_gpu(void) {
    struct rg_device device = a_gpu();
    device.info.real_bytes = sizeof(double);
    device.info.vec = 2;
    device.info.shared_step_bytes = 65536;
    return device;
}

static struct rg_device many_cores(void) {
    struct rg_device device = a_processor();
    device.info.units = 64;
    device.info.cache_bytes = 256 * MIB;
    device.info.shared_step_bytes = 32768;
    return device;
}

static struct rg_device unknown_cache(void) {
    struct rg_device device = a_processor();
    device.info.cache_bytes = 0;
    device.info.units = 8;
    return device;
}

static struct rg_device tuned(void) {
    struct rg_device device = a_processor();
    device.info.chunk_bytes = 24 * MIB;
    device.info.tile = 24;
    return device;
}

static const struct {
    const char *name;
    struct rg_device (*make)(void);
} devices[] = {{"a GPU", a_gpu},         {"small GPU", small_gpu}, {"GPU, double", double_gpu},
               {"2 cores", a_processor}, {"64 cores", many_cores}, {"8 cores, cache unknown", unknown_cache},
               {"2 cores, tuned", tuned}};

static const struct plan_case {
    const char *name;
    struct rg_shape shape;
    struct rg_plan_options options;
} plan_cases[] = {
    {"rnn 32, B 1 T 10",
     {.cell = RG_CELL_RNN, .inputs = 2, .hidden = 32, .outputs = 1, .layers = 1},
     {.batch = 1, .steps = 10, .n_targets = 1, .training = true}},
    {"rnn 128, B 4096 T 100",
     {.cell = RG_CELL_RNN, .inputs = 2, .hidden = 128, .outputs = 1, .layers = 1},
     {.batch = 4096, .steps = 100, .n_targets = 1, .training = true}},
    {"lstm 130, B 300 T 7, outputs only",
     {.cell = RG_CELL_LSTM, .inputs = 9, .hidden = 130, .outputs = 3, .layers = 1},
     {.batch = 300, .steps = 7, .n_targets = 1}},
    {"gru 257, 3 layers, both directions, dropout, B 65 T 50",
     {.cell = RG_CELL_GRU, .inputs = 5, .hidden = 257, .outputs = 4, .layers = 3, .bidirectional = true},
     {.batch = 65, .steps = 50, .n_targets = 1, .training = true, .dropout = true}},
    {"lstm 64, words, every step, B 33 T 200",
     {.cell = RG_CELL_LSTM,
      .inputs = 16,
      .words = 500,
      .hidden = 64,
      .outputs = 500,
      .layers = 2,
      .target = RG_TARGET_STEPS,
      .loss = RG_LOSS_CE},
     {.batch = 33, .steps = 200, .n_targets = 1, .training = true}},
    {"rnn 40, skip 3, initial states, B 20 T 100",
     {.cell = RG_CELL_RNN, .inputs = 3, .hidden = 40, .outputs = 2, .layers = 1, .skip = 3},
     {.batch = 20, .steps = 100, .n_targets = 2, .training = true, .initial = true, .initial_gradient = true}},
    {"gru 48, learned skip, B 100 T 300",
     {.cell = RG_CELL_GRU,
      .inputs = 3,
      .hidden = 48,
      .outputs = 1,
      .layers = 2,
      .skip = 1,
      .skip_kind = RG_SKIP_LEARNED},
     {.batch = 100, .steps = 300, .n_targets = 1, .training = true}},
    {"lstm 128, B 64 T 10000 in 64 MiB",
     {.cell = RG_CELL_LSTM, .inputs = 2, .hidden = 128, .outputs = 1, .layers = 1},
     {.batch = 64, .steps = 10000, .n_targets = 1, .training = true, .memory = 64 * MIB}},
    {"gru 64, both directions, B 8 T 20000 in 32 MiB with data",
     {.cell = RG_CELL_GRU, .inputs = 2, .hidden = 64, .outputs = 1, .layers = 2, .bidirectional = true},
     {.batch = 8, .steps = 20000, .n_targets = 1, .training = true, .memory = 32 * MIB, .data_bytes = 3 * MIB}},
    {"rnn 1024, B 4 T 1000",
     {.cell = RG_CELL_RNN, .inputs = 30, .hidden = 1024, .outputs = 10, .layers = 1},
     {.batch = 4, .steps = 1000, .n_targets = 1, .training = true}},
    {"lstm 1024, B 1 T 30",
     {.cell = RG_CELL_LSTM, .inputs = 30, .hidden = 1024, .outputs = 10, .layers = 1},
     {.batch = 1, .steps = 30, .n_targets = 1, .training = true}},
    {"rnn 16, B 100000 T 20 in 20 MiB",
     {.cell = RG_CELL_RNN, .inputs = 1, .hidden = 16, .outputs = 1, .layers = 1},
     {.batch = 100000, .steps = 20, .n_targets = 1, .training = true, .memory = 20 * MIB}},
    {"rnn 64, runs of 10, segments of 40, B 50 T 100",
     {.cell = RG_CELL_RNN, .inputs = 1, .hidden = 64, .outputs = 1, .layers = 1, .skip = 2},
     {.batch = 50, .steps = 100, .n_targets = 1, .training = true, .accum_steps = 10, .segment_steps = 40}},
};

static void describe(struct text *text, const struct rg_plan *p) {
    text_add(text,
             "  chunk %zu block %zu tile %zu groups_per_tile %zu accum_steps %zu segment_steps %zu segments %zu%s halo "
             "%zu borders %zu\n",
             p->chunk, p->block, p->tile, p->groups_per_tile, p->accum_steps, p->segment_steps, p->n_segments,
             p->accum_in_turns ? " by runs" : "", p->halo, p->delta_borders);
    if (p->forward.item_rows) {
        text_add(text, "  item rows and rows of a block: forward %d %d, reverse %d %d\n", p->forward.item_rows,
                 p->forward.block_rows, p->reverse.item_rows, p->reverse.block_rows);
    }
    text_add(text, "  slices %zu summed %zu, norm groups %zu; room %zu targets %zu states %zu carried %zu%s%s\n",
             p->slices, p->sum_slices, p->norm_groups, p->alloc_steps, p->target_alloc_steps, p->state_steps,
             p->carried, p->keeps_saved ? ", saved values kept" : "", p->wide_head ? ", wide head" : "");
    text_add(text,
             "  strides h %zu o %zu dx %zu out %zu d %zu; deltas %zu; packed %zu head %zu %zu %zu; partial %zu at %zu "
             "of %zu\n",
             p->h_stride, p->o_stride, p->dx_stride, p->out_stride, p->d_stride, p->d_width, p->packed, p->pack_head,
             p->pack_head_reverse, p->pack_head_bias, p->head_partial, p->head_partial_at, p->partial);
    for (size_t l = 0; l < p->layers; l++) {
        text_add(text, "  layer %zu: inputs %zu stride %zu partial rows %zu", l, p->layer[l].inputs,
                 p->layer[l].x_stride, p->layer[l].partial_rows);
        for (size_t d = 0; d < p->directions; d++) {
            const struct rg_plan_direction *const at = &p->layer[l].directions[d];
            text_add(text, "; at %zu %zu %zu %zu %zu %zu %zu %zu, %zu %zu", at->ih, at->hh, at->sh, at->bias,
                     at->hh_reverse, at->sh_reverse, at->ih_reverse, at->gate, at->partial, at->gate_partial);
        }
        text_add(text, "\n");
    }
    text_add(text, "  bytes: fixed %llu, a sequence %llu, a step %llu, all %llu\n", (unsigned long long)p->fixed_bytes,
             (unsigned long long)p->row_bytes, (unsigned long long)p->step_bytes, (unsigned long long)p->total_bytes);
}

START_TEST(plans_of_made_up_devices) {
    struct text text = {NULL, 0, 0};
    for (size_t d = 0; d < sizeof devices / sizeof *devices; d++) {
        for (size_t i = 0; i < sizeof plan_cases / sizeof *plan_cases; i++) {
            const struct rg_device device = devices[d].make();
            struct rg_plan plan;
            text_add(&text, "%s: %s\n", devices[d].name, plan_cases[i].name);
            if (rg_plan_check(&device, &plan_cases[i].shape, &plan_cases[i].options, &plan) == RG_OK) {
                describe(&text, &plan);
                check_cuts(&plan);
                const uint64_t memory = plan_cases[i].options.memory;
                ck_assert(plan.total_bytes <= (memory ? memory : device.info.memory_bytes));
            } else {
                text_add(&text, "  %s\n", rg_error_message());
            }
        }
    }
    check_expected("plans.txt", text.bytes);
    free(text.bytes);
}
END_TEST

/* The number behind `words` in the last error message; 0: they are not in it. */
static size_t named(const char *words) {
    const char *const at = strstr(rg_error_message(), words);
    return at ? (size_t)strtoull(at + strlen(words), NULL, 10) : 0;
}

/* With fewer sequences a GPU has fewer partial sums, for which a refusal does not look. */
enum { FEW_SEQUENCES = 4096 };

/* Refusals of a plan of so many sequences and steps, by what they name. */
struct refusals {
    size_t of_batch, of_steps;
};

/* Check that what a refusal names fits, and that one more does not. */
static void check_refusal(const struct rg_device *device, struct rg_plan_options options, struct refusals *counts) {
    struct rg_plan plan;
    struct rg_plan_options most = options, more;
    if (plan_with(device, &options, &plan) == RG_OK) {
        return;
    }
    const size_t max_batch = named("at most --batch "), max_steps = named("at most --steps ");
    if (max_batch) {
        counts->of_batch++;
        most.batch = max_batch;
        more = most;
        more.batch += max_batch < FEW_SEQUENCES ? max_batch : 1;
    } else if (max_steps) {
        counts->of_steps++;
        most.batch = strstr(rg_error_message(), "with --batch 1") ? 1 : options.batch;
        most.steps = max_steps;
        more = most;
        more.steps++;
    } else {
        ck_assert_ptr_nonnull(strstr(rg_error_message(), "no --batch fits"));
        more = options;
        more.batch = 1;
    }
    char refusal[400];
    (void)snprintf(refusal, sizeof refusal, "%s", rg_error_message());
    ck_assert_msg(max_batch + max_steps == 0 || plan_with(device, &most, &plan) == RG_OK, "%s", rg_error_message());
    ck_assert_msg(plan_with(device, &more, &plan) == RG_NO_MEMORY, "batch %zu fits with %zu steps, kind %d %d %d: %s",
                  more.batch, more.steps, options.training, options.stateful, options.initial_gradient, refusal);
}

/* Whatever the limit, a refusal's number fits and the next one does not; also where states of the whole batch are kept,
 * or their gradients. */
START_TEST(every_refusal_is_exact) {
    static const struct { size_t batch, steps; } sizes[] = {{40000000, 30}, {1, 1000000}};
    static const struct rg_plan_options kinds[] = {
        {.n_targets = 1, .training = true},
        {.n_targets = 1, .training = true, .initial = true, .stateful = true},
        {.n_targets = 1, .training = true, .initial = true, .initial_gradient = true},
        {.n_targets = 1, .initial = true, .stateful = true},
    };
    enum { N_KINDS = sizeof kinds / sizeof *kinds };
    for (size_t d = 0; d < N_KINDS * (sizeof devices / sizeof *devices); d++) {
        const struct rg_device device = devices[d / N_KINDS].make();
        struct refusals counts = {0, 0};
        for (uint64_t memory = MIB; memory < 100 * MIB; memory += memory / 3) {
            for (size_t i = 0; i < 2; i++) {
                struct rg_plan_options options = kinds[d % N_KINDS];
                options.batch = sizes[i].batch;
                options.steps = sizes[i].steps;
                options.memory = memory;
                check_refusal(&device, options, &counts);
            }
        }
        ck_assert_msg(counts.of_batch > 0 && counts.of_steps > 0, "%s, kind %zu", device.info.name, d % N_KINDS);
    }
}
END_TEST

/* A skip whose bytes would wrap is refused: a sixteenth of all numbers would be none at all. */
START_TEST(a_skip_that_no_machine_can_address) {
    const struct rg_device device = a_processor();
    const struct rg_plan_options options = {.batch = 1, .steps = 10, .n_targets = 1, .training = true};
    const struct rg_shape shape = {.cell = RG_CELL_RNN,
                                   .inputs = 2,
                                   .hidden = 16,
                                   .outputs = 1,
                                   .loss = RG_LOSS_MSE,
                                   .layers = 1,
                                   .skip = (size_t)1 << 60};
    struct rg_plan plan;
    ck_assert_int_eq(rg_plan_check(&device, &shape, &options, &plan), RG_NO_MEMORY);
    ck_assert_str_eq(rg_error_message(), "--batch 1, --skip 1152921504606846976, --hidden 16, 2 inputs and 1 outputs "
                                         "are more than a machine can address");
}
END_TEST

/* On a GPU a chunk may hold more sequences than a shard, which are launched at once: 256, for the lag profile. The
 * shape of work-groups suits the shard. */
START_TEST(groups_suit_the_rows_of_a_launch) {
    struct rg_device device = small_gpu();
    device.info.shared_step_bytes = UINT64_MAX; /* each work-group has a tile of its own */
    struct rg_plan_options options = {.batch = 64, .steps = 10, .n_targets = 1, .training = true};
    struct rg_plan alone, shards;
    ck_assert_int_eq(plan_with(&device, &options, &alone), RG_OK);
    options.batch = 1024;
    options.shards = 16;
    ck_assert_int_eq(plan_with(&device, &options, &shards), RG_OK);
    ck_assert(shards.chunk == 256 && shards.shard == 64 && alone.chunk == 64);
    ck_assert_uint_eq(shards.tile, alone.tile);
    ck_assert_int_eq(memcmp(&shards.forward, &alone.forward, sizeof alone.forward), 0);
    ck_assert_int_eq(memcmp(&shards.reverse, &alone.reverse, sizeof alone.reverse), 0);
}
END_TEST

TEST_MAIN("plan") {
    TCase *const tests = add_tests(suite, "plan");
    tcase_add_loop_test(tests, scans_fit_local_memory, 0, 2 * RG_N_CELLS);
    tcase_add_test(tests, memory_cuts_time_before_a_block);
    tcase_add_test(tests, segments_of_every_length);
    tcase_add_test(tests, a_billion_steps_are_refused_at_once);
    tcase_add_test(tests, what_one_sequence_needs);
    tcase_add_test(tests, a_short_sequence_is_one_run);
    tcase_add_test(tests, a_refusal_names_what_fits);
    tcase_add_test(tests, plans_of_made_up_devices);
    tcase_add_test(tests, every_refusal_is_exact);
    tcase_add_test(tests, a_skip_that_no_machine_can_address);
    tcase_add_test(tests, groups_suit_the_rows_of_a_launch);
}
