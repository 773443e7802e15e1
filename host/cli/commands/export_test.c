/* Sequences with which an exported program checks itself: see export_test.h. */
#include "cli/commands/export_test.h"

#include <string.h>

#include "base/sizes.h"
#include "model/philox.h"
#include "rnn_gpu/memory.h"
#include "train/setup.h"

enum { N_SEQUENCES = 3, SHORT_STEPS = 4, ONE_STEP = 1 }; /* the longest has steps_for steps */
/* A test has at least MIN_STEPS. Up to USUAL_STEPS a skip reaches back twice. MAX_NUMBERS bounds the file. */
enum { MIN_STEPS = 9, USUAL_STEPS = 40, MAX_NUMBERS = 1 << 16, SEED = 7 };

/* Memory of the test that is being created. */
struct draft {
    int32_t *lengths, *words;
    float *x, *scaled; /* x as in the data; scaled as the first layer reads it */
    double *outputs;
};

/* Steps of the longest sequence: enough for the skip to reach back twice, or once if it is long. If a sequence of this
 * length had too many numbers for a source file, it is shorter, and the exported file says so. */
static size_t steps_for(const struct rg_model *model) {
    const struct rg_shape *const s = &model->shape;
    const size_t inputs = rg_export_reads_words(model) ? 1 : s->inputs;
    const size_t numbers = inputs + (s->target == RG_TARGET_STEPS ? s->outputs : 0); /* of a step */
    const size_t once = s->skip + 3, twice = 2 * s->skip + 3, max = MAX_NUMBERS / numbers;
    const size_t steps = twice <= USUAL_STEPS ? twice : rg_max(once, USUAL_STEPS);
    const size_t fitting = steps > USUAL_STEPS && steps > max ? USUAL_STEPS : steps;
    return rg_max(fitting, MIN_STEPS);
}

/* Store a number of feature `f`, drawn like the training data: `number` is from the normal distribution. */
static void put_number(const struct rg_model *model, size_t f, double number, float *x, float *scaled) {
    const double mean = model->input_mean != NULL ? model->input_mean[f] : 0.0;
    const double deviation = model->input_mean != NULL ? model->input_deviation[f] : 1.0;
    *x = (float)(mean + deviation * number);
    *scaled = (float)(((double)*x - mean) / deviation);
}

/* Draw numbers from the normal distribution, or words, with zeros in the padding. */
static void draw(const struct rg_model *model, size_t n_steps, struct draft *draft) {
    const struct rg_stream stream = {.seed = SEED};
    const size_t features = rg_shape_features(&model->shape);
    const size_t width = draft->words != NULL ? 1 : model->shape.inputs;
    const int32_t lengths[N_SEQUENCES] = {(int32_t)n_steps, SHORT_STEPS, ONE_STEP};
    uint64_t block = 0;
    memcpy(draft->lengths, lengths, sizeof lengths);
    for (size_t i = 0; i < N_SEQUENCES; i++) {
        for (size_t j = 0; j < (size_t)lengths[i] * width; j++, block++) {
            double numbers[RG_BLOCK_NUMBERS];
            if (draft->words != NULL) {
                rg_stream_uniform(&stream, block, numbers);
                draft->words[i * n_steps + j] = (int32_t)(numbers[0] * (double)features);
            } else {
                rg_stream_normal(&stream, block, numbers);
                const size_t at = i * n_steps * width + j;
                put_number(model, j % width, numbers[0], &draft->x[at], &draft->scaled[at]);
            }
        }
    }
}

static rg_status compute_outputs(const struct rg_model *model, const struct rg_dataset *data, double *outputs) {
    /* lenient: the test has no labels */
    const struct rg_target_options targets = {
        .loss = model->shape.loss, .target = model->shape.target, .lenient = true};
    const struct rg_device_options options = {.threads = 1};
    struct rg_problem problem = {.name = NULL};
    struct rg_device *device = NULL;
    RG_TRY(rg_problem_data(data, &targets, &problem));
    RG_TRY(rg_device_open("cpu", &options, &device));
    const size_t memory = 0; /* no limit */
    const rg_status status = rg_setup_outputs(device, model, data, &problem, memory, outputs);
    rg_device_destroy(device);
    return status;
}

static rg_status fill(const struct rg_model *model, size_t n_steps, struct draft *draft) {
    const struct rg_shape *const s = &model->shape;
    const bool words = rg_export_reads_words(model);
    const size_t rows = s->target == RG_TARGET_STEPS ? n_steps : 1;
    RG_TRY(rg_alloc(&draft->lengths, N_SEQUENCES, sizeof *draft->lengths, "sequences of the test"));
    RG_TRY(words ? rg_alloc(&draft->words, N_SEQUENCES * n_steps, sizeof *draft->words, "sequences of the test")
                 : rg_alloc(&draft->x, N_SEQUENCES * n_steps, s->inputs * sizeof *draft->x, "sequences of the test"));
    RG_TRY(words ? RG_OK
                 : rg_alloc(&draft->scaled, N_SEQUENCES * n_steps, s->inputs * sizeof *draft->scaled,
                            "sequences of the test"));
    RG_TRY(rg_alloc(&draft->outputs, N_SEQUENCES * rows, s->outputs * sizeof *draft->outputs, "outputs of the test"));
    draw(model, n_steps, draft);
    const struct rg_dataset data = {.path = "the test",
                                    .n_sequences = N_SEQUENCES,
                                    .n_steps = n_steps,
                                    .n_features = rg_shape_features(s),
                                    .kind = words ? RG_INPUT_TOKEN : RG_INPUT_FLOAT,
                                    .x_float = draft->scaled,
                                    .x_token = draft->words,
                                    .lengths = draft->lengths};
    return compute_outputs(model, &data, draft->outputs);
}

rg_status rg_export_test_create(const struct rg_model *model, struct rg_export_test *test) {
    const size_t n_steps = steps_for(model);
    struct draft draft = {.lengths = NULL};
    const rg_status status = fill(model, n_steps, &draft);
    rg_free(draft.scaled);
    *test = (struct rg_export_test){.n_sequences = N_SEQUENCES,
                                    .n_steps = n_steps,
                                    .lengths = draft.lengths,
                                    .x = draft.x,
                                    .words = draft.words,
                                    .outputs = draft.outputs};
    return status;
}

void rg_export_test_release(struct rg_export_test *test) {
    rg_free((void *)test->lengths);
    rg_free((void *)test->x);
    rg_free((void *)test->words);
    rg_free((void *)test->outputs);
    *test = (struct rg_export_test){.n_sequences = 0};
}
