/* A model as C99: the template model.c.in with the model's sizes, weights and names, and a test. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "export/formats.h"
#include "export/model_text.h"
#include "files/shell_text.h"
#include "rnn_gpu/tensors.h"

enum { PREFIX_BYTES = 48, FILE_BYTES = 200, NUMBER_BYTES = 24 };

/* ---- Parts of C ---- */

/* A float as a C constant with the same bits: 0.25f, 1e+10f. */
static rg_status add_number(struct rg_text *text, double number) {
    char digits[NUMBER_BYTES];
    (void)snprintf(digits, sizeof digits, "%.9g", number);
    return rg_text_add_string(text, digits) != RG_OK
               ? RG_NO_MEMORY
               : rg_text_add_string(text, strpbrk(digits, ".e") != NULL ? "f," : ".0f,");
}

static rg_status add_doubles(struct rg_text *text, const double *numbers, size_t count) {
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        char digits[2 * NUMBER_BYTES];
        (void)snprintf(digits, sizeof digits, "%s%.17g", i > 0 ? ", " : "", numbers[i]);
        RG_TRY(rg_text_add_string(text, digits));
    }
    return rg_text_add(text, "", 1);
}

/* Add a space, or a line break after every 8th item. */
static rg_status add_space(struct rg_text *text, size_t i, size_t count) {
    return rg_text_add_string(text, i + 1 == count ? "\n" : i % 8 == 7 ? "\n    " : " ");
}

/* A name in quotes. '?' is escaped because C99 replaces some sequences that begin with two of them. */
static rg_status add_quoted(struct rg_text *text, const char *name) {
    RG_TRY(rg_text_add(text, "\"", 1));
    for (const char *c = name; *c != '\0'; c++) {
        char piece[8] = {*c};
        if (*c == '"' || *c == '\\' || *c == '?') {
            (void)snprintf(piece, sizeof piece, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            (void)snprintf(piece, sizeof piece, "\\%03o", (unsigned char)*c);
        }
        RG_TRY(rg_text_add_string(text, piece));
    }
    return rg_text_add(text, "\"", 1);
}

static rg_status add_names(struct rg_text *text, char *const *names, size_t count) {
    for (size_t i = 0; names != NULL && i < count; i++) {
        RG_TRY(rg_text_add_string(text, i > 0 ? ", " : ""));
        RG_TRY(add_quoted(text, names[i]));
    }
    return rg_text_add(text, "", 1);
}

/* The name of a parameter in C: rnn_weight_ih_l0. */
static void name_of(const struct rg_parameter *p, char name[RG_NAME_BYTES]) {
    (void)snprintf(name, RG_NAME_BYTES, "%s", p->name);
    for (char *c = name; *c != '\0'; c++) {
        *c = *c == '.' ? '_' : *c;
    }
}

/* static const float rnn_weight_ih_l0[15 * 3] = {...}; */
static rg_status add_parameter(struct rg_text *text, const struct rg_model *model, size_t parameter) {
    const struct rg_parameter *const p = &model->parameters[parameter];
    const size_t count = rg_parameter_elements(p);
    char name[RG_NAME_BYTES], line[RG_NAME_BYTES + 80];
    name_of(p, name);
    (void)snprintf(line, sizeof line, "static const float %s[%zu * %zu] = {\n    ", name, p->rows,
                   p->columns > 0 ? p->columns : 1);
    RG_TRY(rg_text_add_string(text, line));
    for (size_t i = 0; i < count; i++) {
        RG_TRY(add_number(text, (double)rg_model_values(model, parameter)[i]));
        RG_TRY(add_space(text, i, count));
    }
    return rg_text_add_string(text, "};\n");
}

static rg_status add_weights(struct rg_text *text, const struct rg_model *model) {
    for (size_t i = 0; i < model->n_parameters; i++) {
        RG_TRY(add_parameter(text, model, i));
    }
    return rg_text_add(text, "", 1);
}

/* The rows of the table `layers`, in the order of struct layer. */
static rg_status add_table(struct rg_text *text, const struct rg_model *model) {
    const struct rg_shape *const s = &model->shape;
    for (size_t i = 0; i < s->layers * rg_shape_directions(s); i++) {
        const size_t layer = i / rg_shape_directions(s), direction = i % rg_shape_directions(s);
        const size_t first = rg_model_parameter(model, layer, direction, RG_ROLE_WEIGHT_IH);
        const size_t end = rg_model_parameter(model, layer, direction, RG_N_ROLES);
        char line[80];
        (void)snprintf(line, sizeof line, "    {%zu", model->parameters[first].columns);
        RG_TRY(rg_text_add_string(text, line));
        for (size_t p = first; p < end; p++) {
            char name[RG_NAME_BYTES];
            name_of(&model->parameters[p], name);
            RG_TRY(rg_text_add_string(text, ", "));
            RG_TRY(rg_text_add_string(text, name));
        }
        RG_TRY(rg_text_add_string(text, "},\n"));
    }
    return rg_text_add(text, "", 1);
}

static const char *expression_of(enum rg_activation activation) {
    static const char *const expressions[RG_N_ACTIVATIONS] = {
        [RG_ACT_TANH] = "tanhf(a)",
        [RG_ACT_RELU] = "a > 0.0f ? a : 0.0f",
        [RG_ACT_LEAKY_RELU] = "a > 0.0f ? a : 0.01f * a",
        [RG_ACT_ELU] = "a > 0.0f ? a : expm1f(a)",
        [RG_ACT_SIGMOID] = "1.0f / (1.0f + expf(-a))",
        [RG_ACT_SOFTSIGN] = "a / (1.0f + fabsf(a))",
        [RG_ACT_SOFTPLUS] = "a > 20.0f ? a : log1pf(expf(a))",
        [RG_ACT_HARDTANH] = "a > 1.0f ? 1.0f : a < -1.0f ? -1.0f : a",
        [RG_ACT_LINEAR] = "a",
    };
    return expressions[activation];
}

/* ---- The test ---- */

/* The test's sequences and outputs, without padding. */
static rg_status add_test(struct rg_text *lengths, struct rg_text *x, struct rg_text *outputs,
                          const struct rg_export_test *test, const struct rg_shape *shape) {
    const bool steps = shape->target == RG_TARGET_STEPS;
    const size_t width = test->words != NULL ? 1 : shape->inputs;
    for (size_t i = 0; i < test->n_sequences; i++) {
        const size_t length = (size_t)test->lengths[i], n = length * width;
        const size_t rows = steps ? length : 1, row = steps ? i * test->n_steps : i;
        char number[NUMBER_BYTES];
        (void)snprintf(number, sizeof number, "%s%zu", i > 0 ? ", " : "", length);
        RG_TRY(rg_text_add_string(lengths, number));
        RG_TRY(rg_text_add_string(x, "    "));
        for (size_t j = 0; j < n; j++) {
            if (test->words != NULL) {
                (void)snprintf(number, sizeof number, "%d,", (int)test->words[i * test->n_steps + j]);
                RG_TRY(rg_text_add_string(x, number));
            } else {
                RG_TRY(add_number(x, (double)test->x[i * test->n_steps * width + j]));
            }
            RG_TRY(add_space(x, j, n));
        }
        RG_TRY(rg_text_add_string(outputs, "    "));
        for (size_t j = 0; j < rows * shape->outputs; j++) {
            RG_TRY(add_number(outputs, test->outputs[row * shape->outputs + j]));
            RG_TRY(add_space(outputs, j, rows * shape->outputs));
        }
    }
    RG_TRY(rg_text_add(lengths, "", 1));
    RG_TRY(rg_text_add(x, "", 1));
    return rg_text_add(outputs, "", 1);
}

/* What the test leaves out. */
static const char *note_of(const struct rg_export *what) {
    return what->model->shape.skip >= what->test->n_steps
               ? "\n * No sequence is long enough for the skip connection to reach back: the test does not cover it."
               : "";
}

/* ---- Whole file ---- */

/* The last part of a path, and the part of it that can be a name in C, without the ending. */
static void set_prefix(const char *path, char file[FILE_BYTES], char prefix[PREFIX_BYTES], char upper[PREFIX_BYTES]) {
    const char *const slash = strrchr(path, '/'), *const name = slash != NULL ? slash + 1 : path;
    const size_t length = strcspn(name, ".");
    size_t n = 0;
    (void)snprintf(file, FILE_BYTES, "%s", name);
    for (char *c = file; *c != '\0'; c++) {
        *c = isprint((unsigned char)*c) && *c != '\\' ? *c : '_';
    }
    if (length == 0 || !isalpha((unsigned char)name[0])) {
        n = (size_t)snprintf(prefix, PREFIX_BYTES, "model%s", length > 0 ? "_" : "");
    }
    for (size_t i = 0; i < length && n + 1 < PREFIX_BYTES; i++) {
        prefix[n++] = isalnum((unsigned char)name[i]) ? name[i] : '_';
    }
    prefix[n] = '\0';
    for (size_t i = 0; i <= n; i++) {
        upper[i] = (char)toupper((unsigned char)prefix[i]);
    }
}

/* The template's texts. */
struct pieces {
    struct rg_text weights, table, mean, deviation, vocabulary, columns, classes, lengths, x, outputs;
};

static rg_status make_pieces(const struct rg_export *what, struct pieces *pieces) {
    const struct rg_model *const model = what->model;
    const size_t features = rg_shape_features(&model->shape);
    RG_TRY(add_weights(&pieces->weights, model));
    RG_TRY(add_table(&pieces->table, model));
    RG_TRY(add_doubles(&pieces->mean, model->input_mean, features));
    RG_TRY(add_doubles(&pieces->deviation, model->input_deviation, features));
    RG_TRY(add_names(&pieces->vocabulary, model->vocabulary, features));
    RG_TRY(add_names(&pieces->columns, model->features, features));
    RG_TRY(add_names(&pieces->classes, model->classes, model->n_classes));
    return add_test(&pieces->lengths, &pieces->x, &pieces->outputs, what->test, &model->shape);
}

static void release_pieces(struct pieces *pieces) {
    rg_text_destroy(&pieces->weights);
    rg_text_destroy(&pieces->table);
    rg_text_destroy(&pieces->mean);
    rg_text_destroy(&pieces->deviation);
    rg_text_destroy(&pieces->vocabulary);
    rg_text_destroy(&pieces->columns);
    rg_text_destroy(&pieces->classes);
    rg_text_destroy(&pieces->lengths);
    rg_text_destroy(&pieces->x);
    rg_text_destroy(&pieces->outputs);
}

static rg_status expand(const struct rg_export *what, const struct pieces *pieces, struct rg_text *out) {
    char n_sequences[RG_SIZE_BYTES], n_steps[RG_SIZE_BYTES];
    char file[FILE_BYTES], quoted[RG_SHELL_WORD], prefix[PREFIX_BYTES], upper[PREFIX_BYTES];
    struct rg_model_text text;
    rg_model_text(what->model, &text);
    set_prefix(what->path, file, prefix, upper);
    (void)snprintf(n_sequences, sizeof n_sequences, "%zu", what->test->n_sequences);
    (void)snprintf(n_steps, sizeof n_steps, "%zu", what->test->n_steps);
    const struct rg_template_word own[] = {{"file", file},
                                           {"quoted_file", rg_shell_word(file, quoted)},
                                           {"p", prefix},
                                           {"P", upper},
                                           {"test_sequences", n_sequences},
                                           {"test_steps", n_steps},
                                           {"test_note", note_of(what)},
                                           {"activation", expression_of(what->model->shape.activation)},
                                           {"weights", pieces->weights.bytes},
                                           {"table", pieces->table.bytes},
                                           {"mean", pieces->mean.bytes},
                                           {"deviation", pieces->deviation.bytes},
                                           {"vocabulary", pieces->vocabulary.bytes},
                                           {"columns", pieces->columns.bytes},
                                           {"classes", pieces->classes.bytes},
                                           {"test_lengths", pieces->lengths.bytes},
                                           {"test_x", pieces->x.bytes},
                                           {"test_outputs", pieces->outputs.bytes}};
    return rg_model_text_expand("model.c.in", &text, own, sizeof own / sizeof *own, out);
}

rg_status rg_export_c(const struct rg_export *what) {
    struct pieces pieces = {.weights = {.bytes = NULL}};
    struct rg_text out = {.bytes = NULL};
    rg_status status = RG_OK;
    RG_TRY_GOTO(make_pieces(what, &pieces));
    RG_TRY_GOTO(expand(what, &pieces, &out));
    RG_TRY_GOTO(rg_file_write(what->path, out.bytes, out.length));
cleanup:
    release_pieces(&pieces);
    rg_text_destroy(&out);
    return status;
}
