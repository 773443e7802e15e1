/* Models as C99 against tests/expected/c-sources.txt: the whole text of a small net, and of other nets the lines that
 * it does not have. tests/cli/export_c.sh compiles and runs such files. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "expected.h"
#include "export/formats.h"
#include "failing_memory.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "started_model.h"

enum { SEQUENCES = 2, STEPS = 3 };

static const struct net {
    const char *name, *file;
    struct rg_shape shape;
    bool words, classes, columns, normalised;
} nets[] = {
    {.name = "rnn",
     .file = "net.c",
     .shape = {.cell = RG_CELL_RNN, .inputs = 2, .hidden = 2, .outputs = 1, .layers = 1}},
    {.name = "gru, two layers, both directions, an output at every step, a skip as long as the sequences",
     .file = "3 w?\\\t.x.c",
     .shape = {.cell = RG_CELL_GRU,
               .inputs = 2,
               .hidden = 1,
               .outputs = 2,
               .layers = 2,
               .bidirectional = true,
               .target = RG_TARGET_STEPS,
               .skip = STEPS,
               .skip_kind = RG_SKIP_ADD},
     .columns = true,
     .normalised = true},
    {.name = "lstm, words, classes, a skip that reaches back",
     .file = ".c",
     .shape = {.cell = RG_CELL_LSTM,
               .inputs = 2,
               .hidden = 2,
               .outputs = 3,
               .layers = 1,
               .loss = RG_LOSS_CE,
               .skip = STEPS - 1,
               .skip_kind = RG_SKIP_ADD,
               .words = 4},
     .words = true,
     .classes = true},
    {.name = "a long name",
     .file = "a_name-of_more_than_forty-seven_characters_all_in_all.c",
     .shape = {.cell = RG_CELL_RNN, .inputs = 2, .hidden = 2, .outputs = 1, .layers = 1}},
};
enum { N_NETS = sizeof nets / sizeof *nets };

static char folder[200], path[300];
static struct rg_model *model;

static rg_status write_source(void) {
    static const int32_t lengths[SEQUENCES] = {STEPS, 2}, words[SEQUENCES * STEPS] = {0, 3, 1, 2, 2, 9};
    static float x[SEQUENCES * STEPS * 2];
    static double outputs[SEQUENCES * STEPS * 3];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = 0.25F * (float)i;
    }
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        outputs[i] = 1e10 + 2e9 * (double)i;
    }
    const bool reads_words = rg_export_reads_words(model);
    const struct rg_export_test test = {.n_sequences = SEQUENCES,
                                        .n_steps = STEPS,
                                        .lengths = lengths,
                                        .x = reads_words ? NULL : x,
                                        .words = reads_words ? words : NULL,
                                        .outputs = outputs};
    return rg_export_c(&(struct rg_export){.model = model, .path = path, .test = &test});
}

static void make_model(const struct net *net) {
    static char *const words[] = {"<unk>", "a\"b\\", "what?\?/", "\xc3\xa9\x7f\x1b"}, *const classes[] = {"x", "y",
                                                                                                          "z"};
    static char *columns[] = {"height", "w"};
    static const double mean[] = {0.5, -1.0 / 3.0}, deviation[] = {1.0, 2.5};
    const struct rg_init_options init = recurrent(RG_INIT_ORTHOGONAL, 1.0);
    model = started(&net->shape, &init, 3);
    for (size_t p = 0; p < model->n_parameters; p++) { /* numbers that are as short on every machine */
        for (size_t i = 0; i < rg_parameter_elements(&model->parameters[p]); i++) {
            model->weights[model->parameters[p].offset + i] = (float)p + 0.125F * (float)i;
        }
    }
    if (net->words) {
        ck_assert_int_eq(rg_model_set_vocabulary(model, words), RG_OK);
    }
    if (net->classes) {
        ck_assert_int_eq(rg_model_set_classes(model, classes, 3), RG_OK);
    }
    if (net->columns) {
        ck_assert_int_eq(rg_model_set_features(model, columns), RG_OK);
    }
    if (net->normalised) {
        ck_assert_int_eq(rg_model_set_normalization(model, mean, deviation), RG_OK);
    }
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/%s", folder, net->file);
}

static void end_model(void) {
    rg_model_destroy(model);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Is the line, which ends with a line break, one of the text's? */
static bool has_line(const char *text, const char *line, size_t length) {
    for (; *text; text += strcspn(text, "\n") + 1) {
        if (strncmp(text, line, length) == 0) {
            return true;
        }
    }
    return false;
}

START_TEST(sources) {
    struct text all = {NULL, 0, 0};
    char *first = NULL;
    for (size_t i = 0; i < N_NETS; i++) {
        test_case("%s", nets[i].name);
        make_model(&nets[i]);
        ck_assert_msg(write_source() == RG_OK, "%s", rg_error_message());
        char *const text = text_of_file(path);
        end_model();
        text_add(&all, "======== %s\n", nets[i].name);
        for (const char *line = text; *line;) {
            const size_t length = strcspn(line, "\n") + 1;
            if (!first || !has_line(first, line, length)) {
                text_add(&all, "%.*s", (int)length, line);
            }
            line += length;
        }
        if (first) {
            free(text);
        } else {
            first = text;
        }
    }
    check_expected("c-sources.txt", all.bytes);
    free(all.bytes);
    free(first);
}
END_TEST

/* Each allocation but one is needed: without memory the file's name stands unquoted in a comment. */
START_TEST(no_memory) {
    size_t written = 0;
    test_case("%s", nets[_i].name);
    make_model(&nets[_i]);
    n_allocations = failing = 0;
    ck_assert_int_eq(write_source(), RG_OK);
    const size_t all = n_allocations;
    for (size_t i = 1; i <= all; i++) {
        n_allocations = 0;
        failing = i;
        const rg_status status = write_source();
        ck_assert_msg(status == RG_OK || status == RG_NO_MEMORY, "allocation %zu: status %d", i, (int)status);
        written += status == RG_OK;
    }
    failing = 0;
    ck_assert_uint_eq(written, 1);
    end_model();
}
END_TEST

TEST_MAIN("c_source") {
    TCase *const tests = add_tests(suite, "c_source");
    tcase_add_test(tests, sources);
    tcase_add_loop_test(tests, no_memory, 0, N_NETS);
}
