/* The walk's story against a stored one, tests/expected/walks.txt: every formula, title, label and number of small nets
 * with each cell, skip, readout, target, loss and activation; then what the three writers make of one of them. The
 * numbers are those of the float64 reference, which tests/cli/trace.sh and walk_formulas.sh check. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "captured.h"
#include "cli/report/markup.h"
#include "cli/report/walk_story.h"
#include "failing_memory.h"
#include "started_model.h"
#include "verify/selftest/exercise.h"

enum { SEQUENCES = 2, STEPS = 3, WORDS = 12 };

static struct text told; /* of all cases, in order */

struct net {
    const char *name;
    struct rg_shape shape; /* layers and outputs 0: one */
    double budget;
    size_t sequence; /* the one that is shown; 0: all */
    bool lengths, pad_left, start, tokens, texts, features, bare /* no biases */, some_targets;
};

static const struct net nets[] = {
    {.name = "rnn without biases, as the notes have it",
     .shape = {.cell = RG_CELL_RNN, .loss = RG_LOSS_BCE},
     .bare = true},
    {.name = "the same with states to start from",
     .shape = {.cell = RG_CELL_RNN, .loss = RG_LOSS_MSE},
     .bare = true,
     .start = true},
    {.name = "rnn, add, two outputs",
     .shape = {.cell = RG_CELL_RNN, .skip = 2, .skip_kind = RG_SKIP_ADD, .outputs = 2},
     .features = true},
    {.name = "rnn, dilated, mean, one sequence",
     .shape = {.cell = RG_CELL_RNN, .skip = 2, .skip_kind = RG_SKIP_DILATED, .readout = RG_READOUT_MEAN},
     .sequence = 2,
     .lengths = true},
    {.name = "rnn, learned, every step, some targets",
     .shape = {.cell = RG_CELL_RNN, .skip = 1, .skip_kind = RG_SKIP_LEARNED, .target = RG_TARGET_STEPS, .outputs = 2},
     .budget = 0.5,
     .some_targets = true},
    {.name = "rnn, both directions, max",
     .shape = {.cell = RG_CELL_RNN, .bidirectional = true, .readout = RG_READOUT_MAX}},
    {.name = "rnn, two layers, max, lengths",
     .shape = {.cell = RG_CELL_RNN, .layers = 2, .readout = RG_READOUT_MAX, .loss = RG_LOSS_BCE},
     .lengths = true,
     .pad_left = true},
    {.name = "rnn, both directions, final, add",
     .shape =
         {.cell = RG_CELL_RNN, .bidirectional = true, .skip = 2, .skip_kind = RG_SKIP_ADD, .readout = RG_READOUT_FINAL},
     .sequence = 1},
    {.name = "lstm", .shape = {.cell = RG_CELL_LSTM, .loss = RG_LOSS_CE, .outputs = 3}, .start = true, .sequence = 1},
    {.name = "lstm, dilated, two layers, both directions",
     .shape = {.cell = RG_CELL_LSTM,
               .layers = 2,
               .bidirectional = true,
               .skip = 2,
               .skip_kind = RG_SKIP_DILATED,
               .readout = RG_READOUT_MEAN,
               .loss = RG_LOSS_BCE,
               .outputs = 2},
     .sequence = 1},
    {.name = "lstm, learned", .shape = {.cell = RG_CELL_LSTM, .skip = 1, .skip_kind = RG_SKIP_LEARNED}, .budget = 0.25},
    {.name = "gru, every step, classes",
     .shape = {.cell = RG_CELL_GRU, .target = RG_TARGET_STEPS, .loss = RG_LOSS_CE, .outputs = 3},
     .lengths = true,
     .pad_left = true,
     .tokens = true,
     .texts = true},
    {.name = "gru, add",
     .shape = {.cell = RG_CELL_GRU, .skip = 2, .skip_kind = RG_SKIP_ADD},
     .bare = true,
     .sequence = 1},
    {.name = "gru, learned", .shape = {.cell = RG_CELL_GRU, .skip = 1, .skip_kind = RG_SKIP_LEARNED}, .sequence = 2},
    {.name = "gru, dilated, final",
     .shape = {.cell = RG_CELL_GRU, .skip = 2, .skip_kind = RG_SKIP_DILATED, .readout = RG_READOUT_FINAL},
     .sequence = 1},
    {.name = "rnn, one-hot words", .shape = {.cell = RG_CELL_RNN, .loss = RG_LOSS_BCE}, .tokens = true, .texts = true},
    {.name = "rnn, embedded words",
     .shape = {.cell = RG_CELL_RNN, .words = WORDS, .loss = RG_LOSS_BCE},
     .tokens = true,
     .lengths = true},
    {.name = "an empty sequence", .shape = {.cell = RG_CELL_RNN, .loss = RG_LOSS_MSE}, .lengths = true, .sequence = 1},
};
enum { N_NETS = sizeof nets / sizeof *nets, EMPTY = N_NETS - 1 };

/* ---- The story as it is ---- */

static void story_begin(void *self, int level, const char *title, bool open) {
    (void)self;
    text_add(&told, "%.*s %s%s\n", level, "##", title, open ? "" : " (folded)");
}

static void story_end(void *self, int level) {
    (void)self;
    text_add(&told, "%.*s end\n", level, "##");
}

static void story_text(void *self, enum rg_walk_text kind, const char *markup) {
    (void)self;
    text_add(&told, "%s%s\n", kind == RG_WALK_FORMULA ? "    " : "", markup);
}

static void story_blocks(void *self, const struct rg_walk_block *blocks, size_t n) {
    (void)self;
    for (size_t b = 0; b < n; b++) {
        text_add(&told, "[%s]%s ", blocks[b].title, blocks[b].is_matrix ? " matrix:" : "");
        for (size_t j = 0; blocks[b].heads && j < blocks[b].n_heads; j++) {
            text_add(&told, "%s, ", blocks[b].heads[j] ? blocks[b].heads[j] : "-");
        }
        for (size_t i = 0; i < blocks[b].n_lines; i++) {
            const struct rg_walk_line *const line = &blocks[b].lines[i];
            text_add(&told, "%s%s", i == 0 ? "" : " | ", line->label);
            for (size_t j = 0; j < line->n; j++) {
                text_add(&told, " %.5g", line->values[line->stride * (line->index ? line->index[j] : j)] + 0.0);
            }
        }
        text_add(&told, "\n");
    }
    text_add(&told, "--\n");
}

/* ---- A case ---- */

struct subject {
    struct rg_dataset data;
    struct rg_problem problem;
    struct rg_model *model;
    struct rg_walk *walk;
};

static char *vocabulary[WORDS] = {"<unk>", "cat", "m\\a_t", "rat", "e", "f", "g", "h", "i", "j", "k", "l"};
static char *texts[SEQUENCES] = {"cat m\\a_t \xc3\xa9\xe2\x89\xa4\xf0\x9d\x84\x9e {#} <~$&%>|", "rat cat ^"},
            *features[2] = {"height", "weight"};
static int32_t lengths[SEQUENCES] = {3, 2}, no_length[SEQUENCES] = {0, 2};
static int32_t tokens[SEQUENCES * STEPS] = {1, 2, 10, 3, -1, 1};
static float inputs[SEQUENCES * STEPS * 2], targets[SEQUENCES * STEPS * 3];
static double h_0[SEQUENCES * 2] = {0.25, -0.5, 0.75, 0.125}, c_0[SEQUENCES * 2] = {-0.25, 0.5, 0.0, 1.5};

static void make(const struct net *net, struct subject *s) {
    uint64_t seed = 7;
    struct rg_shape shape = net->shape;
    shape.hidden = 2;
    shape.layers = shape.layers ? shape.layers : 1;
    shape.outputs = shape.outputs ? shape.outputs : 1;
    shape.loss = shape.loss ? shape.loss : RG_LOSS_MSE;
    shape.inputs = net->tokens && !shape.words ? WORDS : 2;
    shape.activation = (enum rg_activation)((net - nets) % RG_N_ACTIVATIONS);
    if (shape.cell != RG_CELL_RNN || net->bare) {
        shape.activation = RG_ACT_TANH;
    }
    const bool every = shape.target == RG_TARGET_STEPS, classes = shape.loss == RG_LOSS_CE;
    const size_t width = (classes ? 1 : shape.outputs) * (every ? STEPS : 1);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        inputs[i] = (float)rg_exercise_random(&seed, 1.0);
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        targets[i] = classes                     ? (float)(i % shape.outputs)
                     : shape.loss == RG_LOSS_BCE ? (float)(i % 2)
                                                 : 0.5F * (float)i;
        targets[i] = net->some_targets && i / shape.outputs % 3 == 1 ? NAN : targets[i];
    }
    *s = (struct subject){.data = {.path = "walk.npz",
                                   .n_sequences = SEQUENCES,
                                   .n_steps = STEPS,
                                   .n_features = net->tokens ? WORDS : 2,
                                   .kind = net->tokens ? RG_INPUT_TOKEN : RG_INPUT_FLOAT,
                                   .x_float = net->tokens ? NULL : inputs,
                                   .x_token = net->tokens ? tokens : NULL,
                                   .vocabulary = net->tokens ? vocabulary : NULL,
                                   .texts = net->texts ? texts : NULL,
                                   .features = net->features ? features : NULL,
                                   .lengths = net - nets == EMPTY ? no_length
                                              : net->lengths      ? lengths
                                                                  : NULL,
                                   .pad_left = net->pad_left,
                                   .h_0 = net->start ? h_0 : NULL,
                                   .c_0 = net->start && shape.cell == RG_CELL_LSTM ? c_0 : NULL,
                                   .n_states = net->start ? 1 : 0,
                                   .state_width = net->start ? 2 : 0,
                                   .y = targets,
                                   .n_targets = width,
                                   .label_kind = classes ? RG_LABELS_CLASSES : RG_LABELS_VALUES}};
    const struct rg_target_options asked = {.loss = shape.loss, .target = shape.target, .ignored = NAN};
    ck_assert_msg(rg_problem_data(&s->data, &asked, &s->problem) == RG_OK, "%s", rg_error_message());
    ck_assert_int_eq(rg_model_create_exact(&shape, &s->model), RG_OK);
    for (size_t p = 0; p < s->model->n_parameters; p++) {
        struct rg_parameter *const parameter = &s->model->parameters[p];
        parameter->absent = net->bare && parameter->columns == 0;
        for (size_t i = 0; i < parameter->rows * (parameter->columns ? parameter->columns : 1); i++) {
            const double value = rg_exercise_random(&seed, 1.0);
            s->model->exact[parameter->offset + i] = parameter->absent ? 0.0 : value;
        }
    }
    ck_assert_msg(rg_walk_create(s->model, &s->data, &s->problem, net->budget, &s->walk) == RG_OK, "%s",
                  rg_error_message());
}

static void destroy(struct subject *s) {
    rg_walk_destroy(s->walk);
    rg_model_destroy(s->model);
}

START_TEST(stories) {
    const struct rg_walk_writer writer = {
        .begin = story_begin, .end = story_end, .text = story_text, .blocks = story_blocks};
    for (size_t i = 0; i < N_NETS; i++) {
        struct subject s;
        make(&nets[i], &s);
        text_add(&told, "======== %s\n", nets[i].name);
        ck_assert_int_eq(rg_walk_tell(s.walk, nets[i].sequence, &writer), RG_OK);
        destroy(&s);
    }
}
END_TEST

/* The numbers of a net one by one, in the notes' order: whatever writes them, their widths are the same. */
static void write_all(const struct net *net, size_t columns) {
    struct subject s;
    struct rg_markup page = {.status = RG_OK};
    make(net, &s);
    text_add(&told, "======== %s on a screen of %zu columns\n", net->name, columns);
    struct captured screen = capture_begin(stdout);
    ck_assert_int_eq(rg_walk_print(s.walk, 1, columns), RG_OK);
    capture_end(&screen, &told);
    text_add(&told, "======== %s as LaTeX\n", net->name);
    ck_assert_int_eq(rg_walk_latex(s.walk, 1, "test_walk.tex"), RG_OK);
    char *const latex = text_of_file("test_walk.tex");
    text_add(&told, "%s", latex);
    free(latex);
    (void)unlink("test_walk.tex");
    text_add(&told, "======== %s on a page\n", net->name);
    ck_assert_int_eq(rg_walk_html(s.walk, 1, &page), RG_OK);
    text_add(&told, "%s\n", page.text.bytes);
    rg_markup_destroy(&page);
    destroy(&s);
}

START_TEST(writers) {
    write_all(&nets[0], 80);
    write_all(&nets[2], 20); /* at least 40 */
    write_all(&nets[15], 72);
    check_expected("walks.txt", told.bytes);
    free(told.bytes);
}
END_TEST

/* ---- Numbers ---- */

START_TEST(numbers) {
    static const struct {
        double value;
        const char *nine, *eight;
    } cases[] = {{0.0, "0", "0"},
                 {-3.0, "-3", "-3"},
                 {999999.0, "999999", "999999"},
                 {1e6, "1.00e+06", "1.0e+06"},
                 {0.1, "0.100000", "0.10000"},
                 {-9.99, "-9.990000", "-9.99000"},
                 {10.5, "10.50000", "10.5000"},
                 {-100.25, "-100.2500", "-100.250"},
                 {1000.5, "1000.500", "1000.50"},
                 {9999.5, "9999.500", "9999.50"},
                 {10000.5, "1.00e+04", "1.0e+04"},
                 {0.001, "0.001000", "0.00100"},
                 {0.00099, "9.90e-04", "9.9e-04"},
                 {1.28e-100, "1.3e-100", "1e-100"},
                 {1e-99, "1.00e-99", "1.0e-99"},
                 {-1.6e100, "-1.6e+100", "-2e+100"},
                 {INFINITY, "inf", "inf"},
                 {NAN, "nan", "nan"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        rg_walk_number(cases[i].value, 9, text);
        ck_assert_str_eq(text, cases[i].nine);
        rg_walk_number(cases[i].value, 8, text);
        ck_assert_str_eq(text, cases[i].eight);
    }
}
END_TEST

/* ---- Sizes ---- */

START_TEST(sizes) {
    struct subject s;
    make(&nets[0], &s);
    struct rg_model model = *s.model;
    struct rg_dataset data = s.data;
    ck_assert_int_eq(rg_walk_check_sequence(&data, 2), RG_OK);
    ck_assert_int_eq(rg_walk_check_sequence(&data, 3), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "--sequence 3: walk.npz has 2 sequences");
    data.n_sequences = 1;
    ck_assert_int_eq(rg_walk_check_sequence(&data, 2), RG_USAGE);
    ck_assert_str_eq(rg_error_message(), "--sequence 2: walk.npz has 1 sequence");
    static const struct {
        size_t hidden, steps, sequences, inputs, outputs, sequence;
        bool fits;
    } cases[] = {{8, 12, 8, 32, 32, 0, true},  {9, 12, 8, 32, 32, 0, false}, {8, 13, 8, 32, 32, 0, false},
                 {8, 12, 9, 32, 32, 0, false}, {8, 12, 9, 32, 32, 1, true},  {8, 12, 8, 33, 32, 0, false},
                 {8, 12, 8, 32, 33, 0, false}, {8, 13, 2, 32, 32, 2, false}, {1, 13, 1, 1, 1, 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("case %zu", i);
        model.shape.hidden = cases[i].hidden;
        model.shape.inputs = cases[i].inputs;
        model.shape.outputs = cases[i].outputs;
        data.n_steps = cases[i].steps;
        data.n_sequences = cases[i].sequences;
        ck_assert_int_eq(rg_walk_check(&model, &data, cases[i].sequence), cases[i].fits ? RG_OK : RG_USAGE);
        if (!cases[i].fits) {
            text_add(&told, "%s\n", rg_error_message());
        }
    }
    data.lengths = lengths; /* the sequence that is shown is short, the longest one is not */
    ck_assert_int_eq(rg_walk_check(&model, &data, 1), RG_OK);
    data.kind = RG_INPUT_TOKEN; /* of one-hot words only those that occur have columns */
    data.lengths = NULL;
    data.n_steps = 12;
    model.shape.inputs = 33;
    ck_assert_int_eq(rg_walk_check(&model, &data, 1), RG_OK);
    model.shape.words = 1;
    ck_assert_int_eq(rg_walk_check(&model, &data, 1), RG_USAGE);
    destroy(&s);
}
END_TEST

/* ---- Memory ---- */

static rg_status tell_all(void) {
    struct subject s;
    struct rg_walk *walk = NULL;
    rg_status status = RG_OK;
    const size_t was = failing;
    failing = 0;
    make(&nets[15], &s);
    failing = was;
    n_allocations = 0;
    RG_TRY_GOTO(rg_walk_create(s.model, &s.data, &s.problem, 0.0, &walk));
    RG_TRY_GOTO(rg_walk_latex(walk, 0, "test_walk.tex"));
cleanup:
    rg_walk_destroy(walk);
    destroy(&s);
    return status;
}

START_TEST(no_memory) {
    each_fails("a walk", tell_all, 10);
    (void)unlink("test_walk.tex");
}
END_TEST

TEST_MAIN("walk") {
    TCase *const tests = add_tests(suite, "walk");
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, stories);
    tcase_add_test(tests, writers);
    tcase_add_test(tests, no_memory);
}
